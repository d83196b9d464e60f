/*
 * format.h - How do batches of columns become files that others read?
 *
 * Batches in, bytes out, a piece at a time: nothing is kept but what the end
 * of a file needs.  Plain C, no PostgreSQL header.  A format that has a file
 * for each column writes several streams side by side; the others have one.
 */
#ifndef MF_FORMAT_H
#define MF_FORMAT_H

#include "batch.h"
#include "json.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the formats are little-endian, and values are copied as they are"
#endif

/* A piece of a file, of any bytes; grows, and remembers that it could not. */
typedef MfJsonBuf MfBytes;

typedef struct MfFormatColumn
{
	const char *name;			/* UTF-8 */
	MfKind		kind;
	MfKind		elem;			/* of a LIST */
	int32_t		dim;			/* vectors */
	bool		local_time;		/* TIMESTAMP: of no zone */

	/* What a reader asks for, such as a version of Milvus that imports the file. */
	bool		not_null;		/* a NULL is an error, which names its row */
	bool		time_text;		/* TIMESTAMP: as ISO 8601 text in any format */
	bool		raw_json;		/* JSON: as it is in JSON files, not only objects */
} MfFormatColumn;

/* How the pages of a Parquet file are compressed. */
typedef enum MfCodec
{
	MF_CODEC_NONE = 0,
	MF_CODEC_ZSTD,
	MF_CODEC_SNAPPY
} MfCodec;

typedef struct MfEncodeSpec
{
	int			ncolumns;
	const MfFormatColumn *columns;
	MfCodec		codec;			/* where the format has compression */
	MfMem	   *mem;
} MfEncodeSpec;

/* Where in a batch the encoder is, and what it has just made. */
typedef struct MfPiece
{
	int			column;			/* to be begun with zeros */
	int32_t		row;
	int			stream;			/* of these bytes */
	const char *data;			/* valid until the next call, as `tail` is */
	size_t		len;
	const char *tail;			/* bytes that follow, kept where they were */
	size_t		tail_len;
} MfPiece;

typedef struct MfFormat MfFormat;

/* Each format's own begins with this. */
typedef struct MfEncoder
{
	const MfFormat *format;
	const MfEncodeSpec *spec;
	MfBytes		out;
	int64_t		rows;			/* of this file (or set) so far */
} MfEncoder;

struct MfFormat
{
	const char *name;
	const char *suffix;			/* ".parquet" */
	const char *content_type;
	bool		file_per_column;
	size_t		batch_bytes;	/* worth collecting before `next` is called */
	bool		compresses;

	/* Why it cannot carry the column (static text, a sentence), or NULL. */
	const char *(*refuse) (const MfFormatColumn *column);

	/* spec must live as long; NULL = no memory. */
	MfEncoder  *(*begin) (const MfEncodeSpec *spec);
	void		(*end) (MfEncoder *encoder);

	/* A new file: forget the last one; the bytes that it begins with. */
	MfStatus	(*file_begin) (MfEncoder *encoder, MfPiece *piece, MfError *err);

	/*
	 * The batch's next piece, or MF_END.  An error names column and row; then
	 * the file is spoilt.
	 */
	MfStatus	(*next) (MfEncoder *encoder, const MfBatch *batch, MfPiece *piece, MfError *err);

	/* The bytes that it ends with. */
	MfStatus	(*file_end) (MfEncoder *encoder, MfPiece *piece, MfError *err);

	/*
	 * Only where file_per_column.  What a stream begins with is known at its
	 * end: always as many bytes as file_begin made.  And some streams have to
	 * be read once more then, because their cells are as wide as the longest:
	 * expand takes what `next` made, all of it that is complete.
	 */
	MfStatus	(*head) (MfEncoder *encoder, int stream, MfPiece *piece, MfError *err);
	bool		(*expands) (const MfEncoder *encoder, int stream);
	MfStatus	(*expand) (MfEncoder *encoder, int stream, const char *data, size_t len,
						   size_t *used, MfPiece *piece, MfError *err);

	/* Bytes that the streams will have in all, of which `written` are out already.  NULL: just these. */
	int64_t		(*size) (const MfEncoder *encoder, int64_t written);
};

extern const MfFormat mf_format_parquet;
extern const MfFormat mf_format_numpy;
extern const MfFormat mf_format_json;

/* By its name, or NULL. */
extern const MfFormat *mf_format_by_name(const char *name);

/* "none", "zstd", "snappy"; false = no such codec of this format. */
extern const char *mf_codec_name(MfCodec codec);
extern bool mf_codec_by_name(const MfFormat *format, const char *name, MfCodec *codec);

/* ------------------------------------------------- shared by the formats */

/* "2024-02-29T12:34:56.5Z", without Z if local; longest 40 bytes with NUL. */
#define MF_ISO_TIME_BYTES 40
extern size_t mf_iso_time(char *buf, int64_t us, bool local);

/* {"1":0.5,...}: a sparse vector's pairs; false = a weight is not finite. */
extern bool mf_sparse_json(MfBytes *out, const char *pairs, size_t len);

/* A number as JSON has it, exact; false = NaN or infinite. */
extern bool mf_json_f32_text(MfBytes *out, float value);
extern bool mf_json_f64_text(MfBytes *out, double value);

/* The piece is what `out` holds, without a tail; MF_ERROR if it could not grow. */
extern MfStatus mf_piece_of(MfEncoder *encoder, MfPiece *piece, MfError *err);

/* An error at a value; row counts from the batch's first. */
extern MfStatus mf_format_error(MfError *err, const char *sqlstate, const MfFormatColumn *column,
								const MfBatch *batch, int32_t row, const char *message);

extern MfStatus mf_format_null_error(MfError *err, const MfFormatColumn *column, const MfBatch *batch, int32_t row);

#endif							/* MF_FORMAT_H */
