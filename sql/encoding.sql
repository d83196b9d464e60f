-- How do texts and names pass in a database that is not in UTF-8?
SET client_min_messages = warning;
DROP DATABASE IF EXISTS milvus_fdw_enc_latin1;
DROP DATABASE IF EXISTS milvus_fdw_enc_ascii;
CREATE DATABASE milvus_fdw_enc_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc TEMPLATE template0;
CREATE DATABASE milvus_fdw_enc_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc TEMPLATE template0;

\connect milvus_fdw_enc_latin1
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
CREATE EXTENSION milvus_fdw_test CASCADE;
RESET client_min_messages;
CREATE SERVER enc FOREIGN DATA WRAPPER test_fdw;
CREATE FOREIGN TABLE gen (id bigint, bad text, accent text, snow text) SERVER enc OPTIONS (collection 'generated', rows '2');
SELECT accent, convert_to(accent, 'LATIN1'), length(accent) FROM gen;
SELECT snow FROM gen;
SELECT bad FROM gen;
-- fields count bytes of UTF-8
CREATE FOREIGN TABLE docs (id bigint, "größe" text, j jsonb) SERVER enc OPTIONS (collection 'dócs', schema 'id i64 key, größe text null bytes=5, j json null');
INSERT INTO docs VALUES (1, 'éé', '{"é": "è"}'), (2, 'abcde', NULL);
INSERT INTO docs VALUES (3, 'ééé', NULL);
SELECT *, length("größe"), octet_length("größe") FROM docs;
SELECT milvus_fdw.flush('docs');
SELECT name, rows FROM milvus_fdw.collections('enc');
SELECT name FROM milvus_fdw.fields('enc', 'dócs');
CREATE SCHEMA enc;
IMPORT FOREIGN SCHEMA "default" LIMIT TO ("dócs") FROM SERVER enc INTO enc;
\d enc.*
SELECT gr__e FROM enc."dócs";
SELECT * FROM milvus_fdw.fields('enc', 'nöpe');
ALTER FOREIGN TABLE docs OPTIONS (SET collection 'nöpe', DROP schema);
SELECT * FROM docs;
SELECT milvus_fdw.create_collection('enc', 'cöpy', 'enc.dócs');
SELECT name, rows FROM milvus_fdw.collections('enc');
SELECT milvus_fdw.drop_collection('enc', 'cöpy');
BEGIN;
CREATE FOREIGN TABLE plain (id bigint) SERVER enc OPTIONS (collection 'plain', schema 'id i64 key');
INSERT INTO plain VALUES (1);
ALTER FOREIGN TABLE docs OPTIONS (SET collection 'dócs');
INSERT INTO docs (id) VALUES (9);
ROLLBACK;

\connect milvus_fdw_enc_ascii
SET client_min_messages = warning;
CREATE EXTENSION milvus_fdw_test CASCADE;
RESET client_min_messages;
CREATE SERVER enc FOREIGN DATA WRAPPER test_fdw;
CREATE FOREIGN TABLE gen (id bigint, bad text, accent text) SERVER enc OPTIONS (collection 'generated', rows '1');
SELECT convert_to(accent, 'SQL_ASCII') FROM gen;
SELECT bad FROM gen;
CREATE FOREIGN TABLE docs (id bigint, t text) SERVER enc OPTIONS (collection 'docs', schema 'id i64 key, t text null');
INSERT INTO docs VALUES (1, convert_from('\xc3a9', 'SQL_ASCII'));
INSERT INTO docs VALUES (2, convert_from('\xe9', 'SQL_ASCII'));
SELECT id, convert_to(t, 'SQL_ASCII') FROM docs;

\connect postgres
SET client_min_messages = warning;
DROP DATABASE milvus_fdw_enc_latin1;
DROP DATABASE milvus_fdw_enc_ascii;
