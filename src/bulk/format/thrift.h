/*
 * thrift.h - How is Parquet's metadata written?
 *
 * By Thrift's compact protocol (thrift/doc/specs/thrift-compact-protocol.md):
 * a field is a byte of id difference and type, numbers are zigzag varints.
 */
#ifndef MF_THRIFT_H
#define MF_THRIFT_H

#include "format.h"

#define THRIFT_DEPTH 12

typedef struct MfThrift
{
	MfBytes    *out;
	int			depth;
	int			last[THRIFT_DEPTH]; /* field id last written, of each open struct */
} MfThrift;

extern void mf_thrift_i32(MfThrift *t, int field, int32_t value);
extern void mf_thrift_i64(MfThrift *t, int field, int64_t value);
extern void mf_thrift_i8(MfThrift *t, int field, int8_t value);
extern void mf_thrift_bool(MfThrift *t, int field, bool value);
extern void mf_thrift_text(MfThrift *t, int field, const char *text);
extern void mf_thrift_bytes(MfThrift *t, int field, const char *bytes, size_t len);

/* A struct as a field, or (field 0) as a list's element or the whole message. */
extern void mf_thrift_open(MfThrift *t, int field);
extern void mf_thrift_close(MfThrift *t);

/* A list's head; n elements follow. */
extern void mf_thrift_structs(MfThrift *t, int field, int n);
extern void mf_thrift_i32_list(MfThrift *t, int field, int n, const int32_t *values);
extern void mf_thrift_text_list(MfThrift *t, int field, int n, const char *const *texts);

/* Unsigned varint, which Parquet's own encodings use as well. */
extern void mf_put_varint(MfBytes *out, uint64_t value);

#endif							/* MF_THRIFT_H */
