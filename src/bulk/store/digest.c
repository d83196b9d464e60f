/*
 * digest.c - How are hashes made, and shown?
 */
#include "internal.h"

#include <openssl/hmac.h>
#include <string.h>

void
store_hex(const unsigned char *digest, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 32; i++)
	{
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[64] = '\0';
}

void
store_sha256(const char *data, size_t len, char *hex)
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	EVP_Digest(data != NULL ? data : "", len, digest, NULL, EVP_sha256(), NULL);
	store_hex(digest, hex);
}

void
store_hmac(const void *key, size_t key_len, const char *text, unsigned char out[32])
{
	unsigned int len;

	HMAC(EVP_sha256(), key, (int) key_len, (const unsigned char *) text, strlen(text), out, &len);
}
