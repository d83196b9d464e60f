/*
 * digest.c - How are hashes made, and shown?
 *
 * A file's checksum is CRC-32 unless the server's option says SHA-256: that one
 * takes longer than writing the file, and it has to be read once more if its
 * beginning is known last.
 */
#include "internal.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "../format/crc.h"

bool
store_digest_begin(StoreDigest *digest, bool sha256)
{
	*digest = (StoreDigest) {NULL};
	if (!sha256)
		return true;
	digest->sha256 = EVP_MD_CTX_new();
	return digest->sha256 != NULL && EVP_DigestInit_ex(digest->sha256, EVP_sha256(), NULL) == 1;
}

void
store_digest_add(StoreDigest *digest, const void *data, size_t len)
{
	if (digest->sha256 != NULL)
		EVP_DigestUpdate(digest->sha256, data, len);
	else
		digest->crc = mf_crc32(digest->crc, data, len);
	digest->bytes += len;
}

bool
store_digest_patch(StoreDigest *digest, const void *before, const void *after, size_t len)
{
	if (digest->sha256 != NULL)
	{
		EVP_DigestInit_ex(digest->sha256, EVP_sha256(), NULL);
		digest->bytes = 0;
		return false;
	}
	digest->crc = mf_crc32_patch(digest->crc, digest->bytes, before, after, len);
	return true;
}

const char *
store_digest_text(StoreDigest *digest)
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	char		hex[SHA256_HEX];

	if (digest->text[0] != '\0')
		return digest->text;
	if (digest->sha256 == NULL)
	{
		snprintf(digest->text, sizeof(digest->text), "crc32:%08x", digest->crc);
		return digest->text;
	}
	EVP_DigestFinal_ex(digest->sha256, raw, NULL);
	store_hex(raw, hex);
	snprintf(digest->text, sizeof(digest->text), "sha256:%s", hex);
	return digest->text;
}

void
store_digest_end(StoreDigest *digest)
{
	EVP_MD_CTX_free(digest->sha256);
	digest->sha256 = NULL;
}

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

/* Its bytes from the last on, as x-ms-content-crc64 wants them. */
void
store_crc64(const char *data, size_t len, char base64[16])
{
	uint64_t	crc = mf_crc64(data, len);
	unsigned char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char) (crc >> (8 * i));
	EVP_EncodeBlock((unsigned char *) base64, bytes, sizeof(bytes));
}

void
store_hmac(const void *key, size_t key_len, const char *text, unsigned char out[32])
{
	unsigned int len;

	HMAC(EVP_sha256(), key, (int) key_len, (const unsigned char *) text, strlen(text), out, &len);
}
