-- Conversion functions: what they answer and what they refuse.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS milvus_fdw;
RESET client_min_messages;
SET search_path = milvus_fdw, public;

-- SQLSTATE, message, detail and hint of the error that a query raises.
CREATE FUNCTION public.convert_error(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;

-- All are immutable, strict and parallel safe, and described.
SELECT p.oid::regprocedure AS function, pg_get_function_result(p.oid) AS result,
	   p.provolatile = 'i' AND p.proisstrict AND p.proparallel = 's' AS attributes,
	   obj_description(p.oid, 'pg_proc') IS NOT NULL AS described
FROM pg_proc p
WHERE p.pronamespace = 'milvus_fdw'::regnamespace
  AND p.proname IN ('to_vector', 'vector_to_jsonb', 'vector_to_text', 'vector_to_numeric',
					'vector_to_bytea', 'l2_normalize', 'id_from_text', 'text_truncate_bytes',
					'timestamptz_to_epoch_ms', 'epoch_ms_to_timestamptz')
ORDER BY p.proname COLLATE "C", p.oid::regprocedure::text COLLATE "C";

-- One form each.  A literal of unknown type is text.
SELECT to_vector('[1, -2.5, 3e2]');
SELECT to_vector('[1, -2.5, 3e2]'::text);
SELECT to_vector('[1, -2.5, 3e2]'::jsonb);
SELECT to_vector('\x0000803f000020c000009643'::bytea);
SELECT to_vector(ARRAY[1, -2.5, 3e2]);
SELECT to_vector(ARRAY[1, -2.5, 3e2]::double precision[]);
SELECT to_vector(ARRAY[1, -2.5, 3e2]::real[]);
SELECT to_vector(ARRAY[1, -2, 300]), to_vector(ARRAY[1, -2, 300]::smallint[]),
	   to_vector(ARRAY[1, -2, 300]::bigint[]);
SELECT to_vector('{"v": [0.1, 0.2]}'::jsonb -> 'v'), to_vector('{"v": [0.1, 0.2]}'::jsonb ->> 'v');
PREPARE untyped AS SELECT to_vector($1);
EXECUTE untyped('[1,2]');
DEALLOCATE untyped;

-- Texts that are vectors.
SELECT t AS "text", to_vector(t)
FROM (VALUES
	('{1,2}'), ('[]'), ('{ }'), (E' \t\n[ 1 ,\r 2\x0b]\f '), ('[+1,-0,.5,5.,1E+2,1e-2]'),
	('[NaN,nan,+inf,-INF,Infinity,-infinity]'), ('[00012]'), ('[1e-46,1e-45,1e-400]')) AS v(t);

-- Texts that are not.
SELECT t AS "text", convert_error(format('SELECT to_vector(%L)', t))
FROM (VALUES
	(''), (' '), ('1,2'), ('['), ('[1'), ('[1,'), ('[1,]'), ('[,1]'), ('[],'), ('[],1'), ('[1}'), ('{1]'),
	('[1 2]'), ('[1]2'), ('[1][2]'), ('[[1,2]]'), ('[1,NULL]'), ('[1,null,2]'), ('["1"]'), ('[0x10]'),
	('[1,2e]'), ('[.]'), ('[-]'), ('[--1]'), ('[1_000]'), ('[nan(1)]'), ('[info]'), ('[1,5;2]'), ('null'),
	('\x0000803f'), ('[1,1e39]'), ('[-4' || repeat('0', 38) || '.]'),
	('[1,' || repeat('x', 100) || ']')) AS v(t);

-- JSON values that are not vectors; null is.
SELECT to_vector('null'::jsonb) IS NULL AS null_is_null;
SELECT j AS "jsonb", convert_error(format('SELECT to_vector(%L::jsonb)', j))
FROM (VALUES
	('1'), ('"[1]"'), ('true'), ('{}'), ('{"a": [1]}'), ('[1, null]'), ('["1"]'), ('[1, 2, true]'),
	('[[1, 2]]'), ('[1, {"a": 2}]'), ('[1e39]'), ('[0, -1e400]')) AS v(j);
SELECT convert_error(format('SELECT to_vector(%L::jsonb)', to_jsonb(ARRAY[repeat('y', 100)])));

-- Arrays and bytes that are not vectors.
SELECT q AS query, convert_error('SELECT ' || q)
FROM (VALUES
	('to_vector(ARRAY[1, NULL, 3]::real[])'), ('to_vector(ARRAY[1, NULL]::double precision[])'),
	('to_vector(ARRAY[NULL]::numeric[])'), ('to_vector(ARRAY[1, 2, NULL]::int[])'),
	('to_vector(ARRAY[[1, 2], [3, 4]]::real[])'), ('to_vector(ARRAY[[1]]::numeric[])'),
	('to_vector(ARRAY[1, 3.5e38]::double precision[])'), ('to_vector(ARRAY[-3.5e38]::numeric[])'),
	('to_vector(''\x000080''::bytea)'), ('to_vector(''\x0000803f00''::bytea)'),
	('vector_to_text(ARRAY[[1]]::real[])'), ('vector_to_text(ARRAY[1, NULL]::real[])'),
	('vector_to_jsonb(ARRAY[1, NULL]::real[])'), ('vector_to_jsonb(''{1,NaN}'')'), ('vector_to_jsonb(''{-Infinity}'')'),
	('vector_to_numeric(ARRAY[NULL]::real[])'), ('vector_to_bytea(ARRAY[NULL]::real[])'),
	('l2_normalize(ARRAY[3, NULL]::real[])'), ('l2_normalize(''{3,NaN}'')'), ('l2_normalize(''{Infinity}'')')) AS v(q);

-- Dimensions.
SELECT to_vector('[1,2]', 2), to_vector('[1,2]'::jsonb, dim => 2), to_vector('[1,2]', 0),
	   to_vector(ARRAY[1, 2], 2), to_vector('\x0000803f'::bytea, 1);
SELECT to_vector('[1,2]', NULL) IS NULL AS strict;
SELECT q AS query, convert_error('SELECT ' || q)
FROM (VALUES
	('to_vector(''[1,2]'', 3)'), ('to_vector(''[]'', 1)'), ('to_vector(''[1,2]''::jsonb, 3)'), ('to_vector(ARRAY[1.5], 3)'),
	('to_vector(ARRAY[1], 3)'), ('to_vector(ARRAY[1]::real[], 3)'), ('to_vector(ARRAY[1]::double precision[], 3)'),
	('to_vector(''\x0000803f''::bytea, 3)'), ('to_vector(''[1]'', -1)')) AS v(q);

-- Rounding: each decimal once.  The first number lies just above the middle
-- between 1 and the next float32; in float64 it is the middle, which goes to 1.
SELECT to_vector('[1.0000000596046447753906250000001]') AS "text",
	   to_vector('[1.0000000596046447753906250000001]'::jsonb) AS "jsonb",
	   to_vector(ARRAY[1.0000000596046447753906250000001]) AS "numeric",
	   to_vector(ARRAY[1.0000000596046447753906250000001]::double precision[]) AS float8;
-- The middles themselves go to the even neighbour, the last finite number
-- reaches up to the middle between it and 2^128, and subnormals are kept.
SELECT to_vector('[1.000000059604644775390625, 1.000000178813934326171875]');
SELECT to_vector('[340282356779733661637539395458142568447.99]'::jsonb);
SELECT convert_error('SELECT to_vector(''[340282356779733661637539395458142568448]''::jsonb)');
SELECT convert_error('SELECT to_vector(ARRAY[340282356779733661637539395458142568448])');
SELECT to_vector('[7.006492321624085354e-46, 7.006492321624085355e-46, 1.1754942e-38]');
SELECT to_vector(ARRAY[16777217, 16777219]), to_vector(ARRAY[9223372036854775807, -9007199791611905]);
SELECT to_vector(ARRAY['NaN', 'Infinity', '-Infinity']::numeric[]), to_vector(ARRAY['NaN', 'Infinity', '-Infinity', '-0']::float8[]);
-- Settings change nothing.
SET extra_float_digits = -10;
SELECT vector_to_text('{0.1,16777216,1e-45,3.4028235e38}'), vector_to_jsonb('{0.1}'), vector_to_numeric('{0.1}');
RESET extra_float_digits;

-- Back.
SELECT vector_to_text(v), vector_to_jsonb(v), vector_to_numeric(v), vector_to_bytea(v)
FROM (VALUES ('{1,-2.5,300}'::real[]), ('{}'), ('[5:6]={0.1,-0}'), ('{1e-45,3.4028235e38}')) AS t(v);
SELECT vector_to_text(v), vector_to_numeric(v), vector_to_bytea(v)
FROM (VALUES ('{NaN,Infinity,-Infinity}'::real[])) AS t(v);

-- There and back: 1000 float32 of every size, subnormals included, bit by bit.
CREATE TEMP TABLE vectors AS
SELECT v, vector_to_bytea(v) AS bits
FROM (SELECT to_vector(string_agg(substr(sha256(i::text::bytea), 1, 3) ||
								  -- a last byte with all exponents but that of infinity and NaN
								  set_byte('\x00', 0, get_byte(sha256(i::text::bytea), 3) & 254 -
										   CASE WHEN get_byte(sha256(i::text::bytea), 3) & 126 = 126 THEN 2 ELSE 0 END),
								  ''::bytea ORDER BY i)) AS v
	  FROM generate_series(1, 1000) AS i) AS s;
SELECT cardinality(v) AS n, bits = vector_to_bytea(to_vector(bits)) AS bytea,
	   bits = vector_to_bytea(to_vector(vector_to_text(v))) AS "text",
	   bits = vector_to_bytea(to_vector(vector_to_jsonb(v))) AS "jsonb",
	   bits = vector_to_bytea(to_vector(vector_to_numeric(v))) AS "numeric",
	   bits = vector_to_bytea(to_vector(v::double precision[])) AS float8,
	   bits = vector_to_bytea(to_vector(v, 1000)) AS float4,
	   bits = vector_to_bytea(v::text::real[]) AS array_out
FROM vectors;
-- A NaN keeps its bits as bytes; what comes back has a lower bound of 1.
SELECT vector_to_bytea(to_vector('\x010080ff000080ff'::bytea)), array_lower(to_vector('[7:8]={1,2}'::real[]), 1);

-- Bytes that are stored out of line and compressed.
CREATE TEMP TABLE stored (t text, j jsonb, b bytea, n numeric[]);
INSERT INTO stored
SELECT vector_to_text(v), vector_to_jsonb(v), vector_to_bytea(v), vector_to_numeric(v)
FROM (SELECT array_agg(i % 10 / 4.0)::real[] AS v FROM generate_series(1, 20000) AS i) AS s;
SELECT to_vector(t) = to_vector(j) AND to_vector(j) = to_vector(b) AND to_vector(b) = to_vector(n) AS same,
	   cardinality(to_vector(t, 20000)) FROM stored;

-- l2_normalize
SELECT l2_normalize('{3,4}'), l2_normalize('{0,0,-0}'), l2_normalize('{}'), l2_normalize('[0:0]={-7}');
-- squares that float32 could not hold
SELECT l2_normalize('{3e38,-3e38}'), l2_normalize('{3e-45,4e-45}'), l2_normalize('{1e-45}');
SELECT abs(1 - (SELECT sum(x::double precision ^ 2) FROM unnest(l2_normalize(v)) AS x)) < 1e-6 AS unit
FROM (SELECT array_agg(sin(i))::real[] AS v FROM generate_series(1, 1000) AS i) AS s;

-- id_from_text: test vectors; the definition by PostgreSQL's sha256().
SELECT t AS "text", id_from_text(t),
	   id_from_text(t) = ('x' || encode(substr(sha256(convert_to(t, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint
						 & 9223372036854775807 AS as_defined
FROM (VALUES (''), ('a'), ('abc'), ('doc-1'), ('doc-1 '), ('AVx0c3JkZ1dGhpcw')) AS v(t);
SELECT bool_and(id_from_text('doc-' || i) = ('x' || encode(substr(sha256(convert_to('doc-' || i, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint
				& 9223372036854775807) AS as_defined,
	   count(DISTINCT id_from_text('doc-' || i)) AS ids, min(id_from_text('doc-' || i)) >= 0 AS positive
FROM generate_series(1, 10000) AS i;
SELECT id_from_text(NULL) IS NULL AS strict;

-- text_truncate_bytes: ASCII here, the rest in convert_encoding
SELECT n, text_truncate_bytes('abc', n) FROM (VALUES (0), (1), (3), (4), (2147483647)) AS v(n);
SELECT text_truncate_bytes('', 0) = '' AS empty, text_truncate_bytes(NULL, 1) IS NULL AS strict;
SELECT convert_error('SELECT text_truncate_bytes(''abc'', -1)');
SELECT length(text_truncate_bytes(t, 1000)), length(text_truncate_bytes(t, 1000000)), text_truncate_bytes(t, 3) FROM stored;

-- Times: rounded down on both sides of 1970 and of 2000.
SET timezone = 'UTC';
SELECT t, timestamptz_to_epoch_ms(t), epoch_ms_to_timestamptz(timestamptz_to_epoch_ms(t))
FROM (VALUES
	('1970-01-01 00:00:00+00'::timestamptz), ('1970-01-01 00:00:00.000999+00'), ('1969-12-31 23:59:59.999999+00'),
	('1969-12-31 23:59:59.999+00'), ('1969-12-31 23:59:59.998999+00'), ('2000-01-01 00:00:00.0015+00'),
	('1999-12-31 23:59:59.9995+00'), ('2024-02-29 12:34:56.789012+01'),
	('4714-11-24 00:00:00+00 BC'), ('294276-12-31 23:59:59.999999+00')) AS v(t);
-- the same moment in another time zone has the same number
SET timezone = 'America/New_York';
SELECT timestamptz_to_epoch_ms('2024-02-29 12:34:56.789012+01'), epoch_ms_to_timestamptz(1709206496789);
SET timezone = 'UTC';
SELECT epoch_ms_to_timestamptz(-210866803200000), epoch_ms_to_timestamptz(9224318015999999);
SELECT q AS query, convert_error('SELECT ' || q)
FROM (VALUES
	('timestamptz_to_epoch_ms(''infinity'')'), ('timestamptz_to_epoch_ms(''-infinity'')'),
	('epoch_ms_to_timestamptz(-210866803200001)'), ('epoch_ms_to_timestamptz(9224318016000000)'),
	('epoch_ms_to_timestamptz(9223372036854775807)'), ('epoch_ms_to_timestamptz(-9223372036854775808)')) AS v(q);
SELECT bool_and(timestamptz_to_epoch_ms(t) = floor(extract(epoch FROM t) * 1000)) AS as_extract,
	   bool_and(epoch_ms_to_timestamptz(timestamptz_to_epoch_ms(t)) = date_trunc('milliseconds', t)) AS back
FROM (SELECT '1900-01-01 00:00:00.000001'::timestamptz + i * interval '91 days 07:13:11.987654' AS t
	  FROM generate_series(0, 1000) AS i) AS s;

RESET timezone;
RESET search_path;
DROP FUNCTION public.convert_error(text);
