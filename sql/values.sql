-- How do values pass both ways, and which are refused?
CREATE SERVER val FOREIGN DATA WRAPPER test_fdw;
CREATE SCHEMA val;
SET search_path = val;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET extra_float_digits = 1;
SET bytea_output = 'hex';

-- numbers
CREATE FOREIGN TABLE num (id bigint, b boolean, i8 smallint, i16 smallint, i32 integer, i64 bigint, f32 real, f64 float8, dec numeric) SERVER val
	OPTIONS (collection 'num', schema 'id i64 key, b bool null, i8 i8 null, i16 i16 null, i32 i32 null, i64 i64 null, f32 f32 null, f64 f64 null, dec decimal null');
INSERT INTO num VALUES
	(1, true, 127, 32767, 2147483647, 9223372036854775807, 3.4028235e38, 1.7976931348623157e308, 12345678901234567890.123456789),
	(2, false, -128, -32768, -2147483648, -9223372036854775808, -1.4e-45, 5e-324, -0.0001),
	(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(4, true, 0, 0, 0, 0, 'NaN', 'Infinity', 'NaN'),
	(5, false, 1, 1, 1, 1, '-0', '-Infinity', 0.000);
SELECT * FROM num;
SELECT float4send(f32), float8send(f64) FROM num;
-- the same as other types
CREATE FOREIGN TABLE num_as_text (id text, b text, i8 text, i16 varchar, i32 varchar(11), i64 text, f32 text, f64 text, dec text) SERVER val OPTIONS (collection 'num');
SELECT * FROM num_as_text;
CREATE FOREIGN TABLE num_as_wide (id numeric, i8 bigint, i16 int, i32 float8, i64 numeric(20), f32 float8, f64 numeric, dec numeric(30, 4)) SERVER val OPTIONS (collection 'num');
SELECT * FROM num_as_wide WHERE id IN (1, 2, 3);
CREATE FOREIGN TABLE num_as_narrow (id bigint, i16 smallint OPTIONS (field 'i32'), i32 int OPTIONS (field 'i64'), f32 real OPTIONS (field 'f64'), small numeric(3, 1) OPTIONS (field 'i64')) SERVER val OPTIONS (collection 'num');
SELECT i16 FROM num_as_narrow WHERE id = 1;
SELECT i32 FROM num_as_narrow WHERE id = 2;
SELECT f32 FROM num_as_narrow WHERE id = 1;
SELECT small FROM num_as_narrow WHERE id = 1;
-- into fields that are too narrow
CREATE FOREIGN TABLE num_wide (id int, i8 bigint, i16 bigint, i32 bigint, i64 smallint, f32 float8, f64 numeric, dec float8) SERVER val OPTIONS (collection 'num');
INSERT INTO num_wide VALUES (10, 1, 2, 3, 4, 0.1, 0.1, 0.1);
INSERT INTO num_wide (id, f32, f64) VALUES (11, 16777217, 1), (12, 1, 1e308);
INSERT INTO num_wide (id, f32) VALUES (13, 1e-46);
SELECT id, i8, i16, i32, i64, f32, f64, dec FROM num WHERE id >= 10;
INSERT INTO num_wide (id, i8) VALUES (13, 128);
INSERT INTO num_wide (id, i8) VALUES (13, -129);
INSERT INTO num_wide (id, i16) VALUES (13, 32768);
INSERT INTO num_wide (id, i32) VALUES (13, -2147483649);
INSERT INTO num_wide (id, f32) VALUES (13, 1e39);
INSERT INTO num_wide (id, f64) VALUES (13, 1e309);
INSERT INTO num_wide (id) VALUES (NULL);
-- never
CREATE FOREIGN TABLE num_never (id bigint, i32 text) SERVER val OPTIONS (collection 'num');
INSERT INTO num_never VALUES (1, '1');
CREATE FOREIGN TABLE num_never2 (id bigint, i32 float8) SERVER val OPTIONS (collection 'num');
INSERT INTO num_never2 VALUES (1, 1);
CREATE FOREIGN TABLE num_never3 (id bigint, b int) SERVER val OPTIONS (collection 'num');
INSERT INTO num_never3 VALUES (1, 1);

-- texts, in bytes and in characters
CREATE DOMAIN short AS varchar(4) CHECK (value <> 'bad');
CREATE FOREIGN TABLE txt (id bigint, t text, five text) SERVER val OPTIONS (collection 'txt', schema 'id i64 key, t text null, five text null bytes=5');
INSERT INTO txt VALUES (1, 'ascii', '12345'), (2, 'ümläut €', 'ü€'), (3, '', ''), (4, NULL, NULL), (5, 'bad', 'a'), (6, '   ', 'b ');
SELECT id, t, octet_length(t), five, octet_length(five) FROM txt;
INSERT INTO txt VALUES (7, '', '123456');
INSERT INTO txt VALUES (7, '', '€€');
CREATE FOREIGN TABLE txt_as_other (id bigint, v varchar(3) OPTIONS (field 'five'), c char(6) OPTIONS (field 'five'), n name OPTIONS (field 't'), b bytea OPTIONS (field 't'), x xml OPTIONS (field 'five'), w text[] OPTIONS (field 'five')) SERVER val OPTIONS (collection 'txt');
SELECT id, c || '|' AS c, n FROM txt_as_other;
SELECT b, x FROM txt_as_other WHERE id IN (1, 3);
SELECT v FROM txt_as_other;
SELECT w FROM txt_as_other;
-- 3 characters, 7 bytes; and a domain
CREATE FOREIGN TABLE few (id bigint, v varchar(3), s short OPTIONS (field 'v')) SERVER val OPTIONS (collection 'few', schema 'id i64 key, v text null');
SELECT * FROM few;
CREATE FOREIGN TABLE few_write (id bigint, v text) SERVER val OPTIONS (collection 'few');
INSERT INTO few_write VALUES (1, '€ü€'), (2, ''), (3, NULL), (4, 'a  ');
SELECT * FROM few;
INSERT INTO few_write VALUES (5, 'bad');
SELECT v FROM few;
SELECT s FROM few;
INSERT INTO few_write VALUES (6, 'four');
SELECT v FROM few;
-- blanks that do not fit are not cut off
TRUNCATE few_write;
INSERT INTO few_write VALUES (7, 'abc ');
SELECT v FROM few;
-- what has no kind of its own travels as text
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TYPE pair AS (a int, b text);
CREATE FOREIGN TABLE txt_from_other (id bigint, t mood, five char(3)) SERVER val OPTIONS (collection 'other', schema 'id i64 key, t text null, five text null bytes=5');
INSERT INTO txt_from_other VALUES (20, 'glad', 'x');
SELECT * FROM txt_from_other WHERE id = 20;
CREATE FOREIGN TABLE txt_from_more (id bigint, t pair, five date) SERVER val OPTIONS (collection 'more', schema 'id i64 key, t text null, five text null bytes=5');
INSERT INTO txt_from_more (id, t) VALUES (21, (1, 'a "b"'));
SELECT id, t FROM txt_from_more WHERE id = 21;
INSERT INTO txt_from_more (id, five) VALUES (21, '2020-01-01');
CREATE FOREIGN TABLE txt_never (id bigint, t bytea) SERVER val OPTIONS (collection 'txt');
INSERT INTO txt_never VALUES (1, '\x00');
CREATE FOREIGN TABLE txt_never2 (id bigint, t text[]) SERVER val OPTIONS (collection 'txt');
INSERT INTO txt_never2 VALUES (1, '{a}');
-- what no PostgreSQL text can be
CREATE FOREIGN TABLE hostile (id bigint, bad text, nul text, nul_json json OPTIONS (field 'nul'), broken jsonb, never timestamptz) SERVER val OPTIONS (collection 'generated', rows '3');
SELECT bad FROM hostile;
SELECT nul FROM hostile;
SELECT nul_json FROM hostile;
SELECT broken FROM hostile;
SELECT never FROM hostile;

-- as ISO and in full, whatever the session likes to see
CREATE FOREIGN TABLE iso (id bigint, d date, i interval, at timestamptz, f float8, n float8) SERVER val OPTIONS (collection 'iso', schema 'id i64 key, d text, i text, at text, f text, n decimal');
CREATE FOREIGN TABLE iso_text (id bigint, d text, i text, at text, f text, n text) SERVER val OPTIONS (collection 'iso');
SET datestyle = 'SQL, DMY';
SET intervalstyle = 'sql_standard';
SET extra_float_digits = 0;
INSERT INTO iso VALUES (1, '2020-02-01', '1 year -2 days', '2020-02-01 12:00+00', 0.1::float8 + 0.2, 0.1::float8 + 0.2);
SELECT * FROM iso_text;
SELECT * FROM iso;
SELECT f = 0.1::float8 + 0.2 AS f, n = 0.1::float8 + 0.2 AS n FROM iso;
CREATE FOREIGN TABLE num_digits (id bigint, f64 numeric) SERVER val OPTIONS (collection 'digits', schema 'id i64 key, f64 f64');
INSERT INTO num_digits VALUES (1, 0.30000000000000004);
SELECT * FROM num_digits;
SET datestyle = 'ISO';
RESET intervalstyle;
SET extra_float_digits = 1;

-- bytes, json, times, uuid, inet, bits
CREATE FOREIGN TABLE misc (id bigint, b bytea, j jsonb, at timestamptz, u uuid, net inet, bits bit(12)) SERVER val
	OPTIONS (collection 'misc', schema 'id i64 key, b bytes null, j json null bytes=100, at timestamp null, u uuid null, net inet null, bits vec_bit null dim=12');
INSERT INTO misc VALUES
	(1, '\x00ff10', '{"b": [1, {"c": null}], "a": 1.10}', '2020-02-29 12:34:56.789012+02', '123e4567-e89b-12d3-a456-426614174000', '192.0.2.1/24', B'101010101011'),
	(2, '', '"text"', '0001-01-01 00:00:00+00', '00000000-0000-0000-0000-000000000000', '2001:db8::1', B'000000000000'),
	(3, NULL, NULL, NULL, NULL, NULL, NULL),
	(4, '\xdeadbeef', 'null', '294246-01-01 00:00:00+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '10.0.0.0/8', B'111111111111'),
	(5, NULL, '[]', '4714-11-24 00:00:00+00 BC', NULL, NULL, NULL);
INSERT INTO misc (id, at) VALUES (6, '294276-12-31 23:59:59.999999+00');
SELECT * FROM misc;
CREATE FOREIGN TABLE misc_as_other (id bigint, b text, j json, at timestamp, u text, net cidr, bits varbit) SERVER val OPTIONS (collection 'misc');
SELECT id, b, j, at, u, bits FROM misc_as_other;
SELECT net FROM misc_as_other;
CREATE FOREIGN TABLE misc_as_more (id bigint, j text, day date OPTIONS (field 'at'), at text, net text, at0 timestamptz(0) OPTIONS (field 'at')) SERVER val OPTIONS (collection 'misc');
SELECT * FROM misc_as_more;
SET timezone = 'Asia/Tokyo';
SELECT a.at, b.at, b.day, b.at0, a.at = b.at::timestamptz AS same, date_trunc('second', a.at + '0.5 s') = b.at0 AS same0 FROM misc a JOIN misc_as_more b USING (id) WHERE id < 3;
SET timezone = 'UTC';
INSERT INTO misc_as_other (id, at) VALUES (7, '2020-01-01');
CREATE FOREIGN TABLE misc_write (id bigint, j json, at timestamp, net cidr, bits varbit) SERVER val OPTIONS (collection 'misc');
INSERT INTO misc_write VALUES (6, '{"a":  1, "a": 2}', '2020-01-01 00:00:00', '10.1.0.0/16', B'010101010101');
SELECT id, j, at, net, bits FROM misc WHERE id = 6;
SELECT j FROM misc_as_other WHERE id = 6;
INSERT INTO misc_write (id, at) VALUES (7, 'infinity');
INSERT INTO misc_write (id, bits) VALUES (7, B'01');
INSERT INTO misc_write (id, j) VALUES (7, to_json(repeat('x', 99)));
CREATE FOREIGN TABLE misc_bits (id bigint, bits bit(8)) SERVER val OPTIONS (collection 'misc');
SELECT bits FROM misc_bits WHERE id = 1;
CREATE FOREIGN TABLE misc_varbits (id bigint, bits varbit(11)) SERVER val OPTIONS (collection 'misc');
SELECT bits FROM misc_varbits WHERE id = 1;

-- vectors
CREATE FOREIGN TABLE vec (id bigint, v real[] OPTIONS (dim '3'), w smallint[] OPTIONS (dim '2')) SERVER val
	OPTIONS (collection 'vec', schema 'id i64 key, v vec_f32 null dim=3, w vec_i8 null dim=2');
INSERT INTO vec VALUES (1, '{1.1,-0,3e38}', '{127,-128}'), (2, NULL, NULL), (3, '{NaN,Infinity,-Infinity}', '{0,0}'), (4, '[0:2]={1,2,3}', '[-1:0]={1,2}'), (5, '{1.1754942e-38,1.4e-45,0.1}', NULL);
SELECT *, array_send(v) = array_send(CASE id WHEN 4 THEN '{1,2,3}' ELSE v END) AS lower_bound_1 FROM vec;
SELECT array_send(v) FROM vec WHERE id IN (1, 5);
INSERT INTO vec VALUES (6, '{1,2}');
INSERT INTO vec VALUES (6, '{}');
INSERT INTO vec VALUES (6, '{1,2,3,4}');
INSERT INTO vec VALUES (6, '{1,NULL,3}');
INSERT INTO vec VALUES (6, '{{1,2,3}}');
INSERT INTO vec VALUES (6, NULL, '{128,0}');
INSERT INTO vec VALUES (6, NULL, '{1,2,3}');
-- elements that were NULL once
INSERT INTO vec SELECT 7, array_remove('{1,NULL,2,3}'::real[], NULL);
INSERT INTO vec SELECT 8, a FROM (SELECT ARRAY[1, 2, NULL]::real[] AS a) s;
-- from and to other arrays
CREATE DOMAIN unit AS real[] CHECK (value[1] <= 1);
CREATE FOREIGN TABLE vec_f8 (id bigint, v float8[]) SERVER val OPTIONS (collection 'vec');
CREATE FOREIGN TABLE vec_num (id bigint, v numeric[]) SERVER val OPTIONS (collection 'vec');
CREATE FOREIGN TABLE vec_int (id bigint, v int[]) SERVER val OPTIONS (collection 'vec');
CREATE FOREIGN TABLE vec_unit (id bigint, v unit) SERVER val OPTIONS (collection 'vec');
CREATE FOREIGN TABLE vec_text (id bigint, v text[], w int[]) SERVER val OPTIONS (collection 'vec');
INSERT INTO vec_f8 VALUES (10, '{0.1,16777217,1e-30}');
INSERT INTO vec_f8 VALUES (10, '{0.1,16777217,1e-46}');
INSERT INTO vec_num VALUES (11, '{0.1,16777217,12345678901234567890}');
INSERT INTO vec_int VALUES (12, '{1,2,16777217}');
INSERT INTO vec_unit VALUES (13, '{1,2,3}');
INSERT INTO vec_f8 VALUES (14, '{1e39,1,1}');
INSERT INTO vec_text VALUES (14, '{1,2,3}');
SELECT * FROM vec WHERE id > 9;
SELECT * FROM vec_f8 WHERE id IN (10, 13);
SELECT * FROM vec_num WHERE id IN (10, 13);
SELECT * FROM vec_text WHERE id IN (1, 13);
SELECT * FROM vec_int;
SELECT * FROM vec_unit;

-- a real[] without dim, and of other lengths than the column says
CREATE FOREIGN TABLE vec_nodim (id bigint, v real[]) SERVER val OPTIONS (collection 'vec');
SELECT v FROM vec_nodim WHERE id = 13;
CREATE FOREIGN TABLE vec_other (id bigint, v real[] OPTIONS (dim '5')) SERVER val OPTIONS (collection 'vec');
SELECT v FROM vec_other WHERE id = 13;
CREATE FOREIGN TABLE vec_whole (id bigint, v int[]) SERVER val OPTIONS (collection 'whole', schema 'id i64 key, v vec_f32 dim=2');
INSERT INTO vec_whole VALUES (1, '{1,-2}');
SELECT * FROM vec_whole;

-- lists
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE FOREIGN TABLE list (id bigint, i int[], t text[], f real[], at timestamptz[]) SERVER val
	OPTIONS (collection 'list', schema 'id i64 key, i list of=i16 null items=3, t list of=text null bytes=4, f list of=f32 null, at list of=timestamp null');
INSERT INTO list VALUES (1, '{1,2,3}', '{a,"b c","",€}', '{1.5,-0}', '{2020-01-01}'), (2, '{}', '{}', '{}', '{}'), (3, NULL, NULL, NULL, NULL), (4, '[5:6]={1,2}', '{"NULL"}', NULL, NULL);
SELECT * FROM list;
INSERT INTO list (id, i) VALUES (5, '{1,NULL}');
INSERT INTO list (id, i) VALUES (5, '{1,2,3,4}');
INSERT INTO list (id, i) VALUES (5, '{1,32768}');
INSERT INTO list (id, i) VALUES (5, '{{1},{2}}');
INSERT INTO list (id, t) VALUES (5, '{ok,12345}');
CREATE FOREIGN TABLE list_never (id bigint, i text[]) SERVER val OPTIONS (collection 'list');
INSERT INTO list_never VALUES (1, '{a}');
CREATE FOREIGN TABLE list_as_other (id bigint, i positive[], t varchar(2)[], f numeric[]) SERVER val OPTIONS (collection 'list');
SELECT i, f FROM list_as_other;
INSERT INTO list_as_other (id, i) VALUES (6, '{7,8}');
SELECT i FROM list WHERE id = 6;
SELECT t FROM list_as_other;
INSERT INTO list (id, i) VALUES (7, '{0}');
SELECT i FROM list_as_other;

-- a NULL that a field cannot hold; a domain that cannot be NULL
CREATE FOREIGN TABLE must (id bigint, v real[], t text) SERVER val OPTIONS (collection 'must', schema 'id i64 key, v vec_f32 dim=2, t text null');
INSERT INTO must VALUES (1, NULL, 'x');
INSERT INTO must VALUES (1, '{1,2}', NULL);
CREATE DOMAIN there AS text CHECK (value IS NOT NULL);
CREATE FOREIGN TABLE must_read (id bigint, t there) SERVER val OPTIONS (collection 'must');
SELECT id FROM must_read;
SELECT t FROM must_read;

RESET search_path;
SET client_min_messages = warning;
DROP SERVER val CASCADE;
DROP SCHEMA val CASCADE;
