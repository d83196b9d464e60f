/*
 * bulk_sign.c - Are requests to stores signed as their owners document, and are places and answers read right?
 *
 * The signatures are those of "Signature Calculations for the Authorization
 * Header: Transferring Payload in a Single Chunk" in Amazon's S3 API reference.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../../src/bulk/store/internal.h"
#include "drive.h"

static MfMem mem;

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define BODY "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
#define HOST "host:examplebucket.s3.amazonaws.com\n"
#define TIME "x-amz-date:20130524T000000Z\n"

static const struct
{
	const char *name;
	S3Signing	s;
	const char *signature;
}			examples[] = {
	{"GET Object", {.method = "GET",.path = "/test.txt",.query = "",
		.headers = HOST "range:bytes=0-9\nx-amz-content-sha256:" EMPTY "\n" TIME,
		.signed_headers = "host;range;x-amz-content-sha256;x-amz-date",.payload_sha256 = EMPTY},
	"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
	{"PUT Object", {.method = "PUT",.path = "/test%24file.text",.query = "",
		.headers = "date:Fri, 24 May 2013 00:00:00 GMT\n" HOST "x-amz-content-sha256:" BODY "\n" TIME "x-amz-storage-class:REDUCED_REDUNDANCY\n",
		.signed_headers = "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",.payload_sha256 = BODY},
	"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
	{"GET Bucket Lifecycle", {.method = "GET",.path = "/",.query = "lifecycle=",
		.headers = HOST "x-amz-content-sha256:" EMPTY "\n" TIME,
		.signed_headers = "host;x-amz-content-sha256;x-amz-date",.payload_sha256 = EMPTY},
	"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
	{"Get Bucket (List Objects)", {.method = "GET",.path = "/",.query = "max-keys=2&prefix=J",
		.headers = HOST "x-amz-content-sha256:" EMPTY "\n" TIME,
		.signed_headers = "host;x-amz-content-sha256;x-amz-date",.payload_sha256 = EMPTY},
	"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

static void
signatures(void)
{
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
	{
		MfArena		arena = {.mem = &mem};
		S3Signing	s = examples[i].s;
		char		hex[SHA256_HEX];

		s.access_key = "AKIAIOSFODNN7EXAMPLE";
		s.secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
		s.region = "us-east-1";
		s.service = "s3";
		s.time = "20130524T000000Z";
		ok(store_s3_signature(&s, &arena, hex), "%s is signed", examples[i].name);
		ok(strcmp(hex, examples[i].signature) == 0, "as documented: %s", hex);
		mf_arena_free(&arena);
	}
	{
		char		hex[SHA256_HEX];

		store_sha256("", 0, hex);
		ok(strcmp(hex, EMPTY) == 0, "the hash of nothing");
	}
}

static void
places(void)
{
	static const char *const bad[] = {
		"", "s3:", "s3://", "s3:///x", "s3://a b", "s3://b/../c", "s3://b/./c", "s3://b/a\nb", "azure://account", "azure://account/",
		"file://host/x", "file:///", "file:///a/../b", "http://x", "gs://bucket",
	};
	StorePlace	place;
	const char *why;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!store_place(bad[i], &place, &why), "no place: %s", bad[i][0] == 's' && strchr(bad[i], '\n') ? "a line break" : bad[i]);
	ok(store_place("s3://bucket", &place, &why) && strcmp(place.bucket, "bucket") == 0 && place.prefix[0] == '\0', "a bucket");
	ok(store_place("s3://bucket/a/b/", &place, &why) && strcmp(place.prefix, "a/b") == 0, "a prefix");
	ok(store_place("azure://acct/box/p", &place, &why) && place.kind == STORE_AZURE && strcmp(place.account, "acct") == 0 &&
	   strcmp(place.bucket, "box") == 0 && strcmp(place.prefix, "p") == 0, "a container");
	ok(store_place("file:///srv/x/", &place, &why) && place.kind == STORE_DIRECTORY && strcmp(place.prefix, "/srv/x") == 0, "a directory");
}

/* What a store answers is hostile: every cut of it is read within its bytes. */
static void
answers(void)
{
	static const char xml[] = "<R><Contents><Key>a&amp;b&#x26;c&#38;&lt;</Key></Contents><Contents><Key>2</Key></Contents>"
		"<IsTruncated>true</IsTruncated><Empty></Empty></R>";
	MfArena		arena = {.mem = &mem};
	const char *at = xml;
	const char *end = xml + sizeof(xml) - 1;
	char	   *text = store_xml_next(&arena, &at, end, "Key");

	ok(text != NULL && strcmp(text, "a&b&c&<") == 0, "an escaped name: %s", text);
	text = store_xml_next(&arena, &at, end, "Key");
	ok(text != NULL && strcmp(text, "2") == 0, "the next");
	ok(store_xml_next(&arena, &at, end, "Key") == NULL, "and no more");
	text = store_xml_text(&arena, xml, sizeof(xml) - 1, "Empty");
	ok(text != NULL && text[0] == '\0', "an empty one");
	for (size_t n = 0; n < sizeof(xml); n++)
	{
		char	   *cut = malloc(n + 1);
		const char *p = cut;

		memcpy(cut, xml, n);
		cut = realloc(cut, n > 0 ? n : 1);
		p = cut;
		while (store_xml_next(&arena, &p, cut + n, "Key") != NULL)
			;
		free(cut);
	}
	ok(true, "cut anywhere");
	mf_arena_free(&arena);
}

static void
roles(void)
{
	char		at[100];

	ok(store_role_address("instance", "us-east-1", NULL, "http://x/full", "/rel", at, sizeof(at)) && strcmp(at, "http://169.254.169.254") == 0, "an instance asks %s", at);
	ok(store_role_address("container", "us-east-1", NULL, NULL, "/v2/credentials/id", at, sizeof(at)) && strcmp(at, "http://169.254.170.2/v2/credentials/id") == 0, "a container of ECS %s", at);
	ok(store_role_address("container", "us-east-1", NULL, "http://169.254.170.23/v1/credentials", NULL, at, sizeof(at)) && strcmp(at, "http://169.254.170.23/v1/credentials") == 0, "one of EKS %s", at);
	ok(store_role_address("container", "us-east-1", "http://here/x", "http://full", "/rel", at, sizeof(at)) && strcmp(at, "http://here/x") == 0, "an option comes first");
	ok(store_role_address("web_identity", "eu-west-3", NULL, "http://full", "/rel", at, sizeof(at)) && strcmp(at, "https://sts.eu-west-3.amazonaws.com") == 0, "a web identity %s", at);
	ok(store_role_address("web_identity", "eu-west-3", "http://here", NULL, NULL, at, sizeof(at)) && strcmp(at, "http://here") == 0, "or whom the option names");
	ok(!store_role_address("container", "us-east-1", NULL, NULL, NULL, at, sizeof(at)), "elsewhere there is nobody to ask");
	ok(!store_role_address("container", "us-east-1", NULL, NULL, "@evil", at, sizeof(at)), "a path begins with a slash");
}

int
main(void)
{
	mf_mem_init(&mem, (size_t) 64 << 20);
	signatures();
	places();
	roles();
	answers();
	ok(mem.used == 0, "no memory is left behind");
	return tap_done();
}
