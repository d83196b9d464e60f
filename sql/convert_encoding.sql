-- The conversions of text give the same answer in every database encoding.
-- Each database is made with the C locale, which takes any of them, and all
-- results are shown in ASCII.
SET client_min_messages = warning;
DROP DATABASE IF EXISTS milvus_fdw_utf8;
DROP DATABASE IF EXISTS milvus_fdw_latin1;
DROP DATABASE IF EXISTS milvus_fdw_euc;
DROP DATABASE IF EXISTS milvus_fdw_ascii;
RESET client_min_messages;
CREATE DATABASE milvus_fdw_utf8 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc TEMPLATE template0;
CREATE DATABASE milvus_fdw_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc TEMPLATE template0;
CREATE DATABASE milvus_fdw_euc ENCODING 'EUC_JIS_2004' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc TEMPLATE template0;
CREATE DATABASE milvus_fdw_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc TEMPLATE template0;

-- 1, 2, 3 and 4 bytes a character
\connect milvus_fdw_utf8
CREATE EXTENSION milvus_fdw;
SELECT n, convert_to(milvus_fdw.text_truncate_bytes(U&'a\00e9\20ac\+01f600z', n), 'UTF8')
FROM generate_series(0, 11) AS n;
-- longer than one page, out of line
CREATE TABLE long_text AS SELECT repeat(U&'\20ac', 100000) AS t;
ALTER TABLE long_text ALTER t SET STORAGE EXTERNAL;
INSERT INTO long_text SELECT t FROM long_text;
SELECT octet_length(milvus_fdw.text_truncate_bytes(t, 65535)), octet_length(milvus_fdw.text_truncate_bytes(t, 65536)),
	   octet_length(milvus_fdw.text_truncate_bytes(t, 299999)), milvus_fdw.text_truncate_bytes(t, 300000) = t AS whole
FROM long_text;
SELECT milvus_fdw.id_from_text(U&'caf\00e9'), milvus_fdw.id_from_text(U&'\304b\309a');

-- 1 byte a character here, 1 or 2 in UTF-8
\connect milvus_fdw_latin1
CREATE EXTENSION milvus_fdw;
SELECT milvus_fdw.id_from_text(convert_from('\x636166e9', 'LATIN1'));
SELECT n, convert_to(milvus_fdw.text_truncate_bytes(convert_from('\x61e962e9e9', 'LATIN1'), n), 'LATIN1')
FROM generate_series(0, 8) AS n;
SELECT length(milvus_fdw.text_truncate_bytes(t, 65535)), length(milvus_fdw.text_truncate_bytes(t, 10000)),
	   length(milvus_fdw.text_truncate_bytes(t, 150000))
FROM (SELECT repeat(convert_from('\x61e9', 'LATIN1'), 50000) AS t) AS s;

-- a character that is two in Unicode (U+304B U+309A), 6 bytes of UTF-8, and one of 3
\connect milvus_fdw_euc
CREATE EXTENSION milvus_fdw;
SELECT milvus_fdw.id_from_text(convert_from('\xa4f7', 'EUC_JIS_2004'));
SELECT n, convert_to(milvus_fdw.text_truncate_bytes(convert_from('\x61a4f7a4a2', 'EUC_JIS_2004'), n), 'EUC_JIS_2004')
FROM generate_series(0, 10) AS n;

-- no known encoding: it has to be UTF-8
\connect milvus_fdw_ascii
SET lc_messages = 'C';
CREATE EXTENSION milvus_fdw;
SELECT milvus_fdw.id_from_text(convert_from('\x636166c3a9', 'SQL_ASCII'));
SELECT n, convert_to(milvus_fdw.text_truncate_bytes(convert_from('\x61c3a9', 'SQL_ASCII'), n), 'SQL_ASCII')
FROM generate_series(0, 3) AS n;
SELECT milvus_fdw.id_from_text(convert_from('\x636166e9', 'SQL_ASCII'));
SELECT milvus_fdw.text_truncate_bytes(convert_from('\x61e962', 'SQL_ASCII'), 1);

\connect postgres
DROP DATABASE milvus_fdw_utf8;
DROP DATABASE milvus_fdw_latin1;
DROP DATABASE milvus_fdw_euc;
DROP DATABASE milvus_fdw_ascii;
