-- What do the functions do to remote collections, and who may call them?
CREATE SERVER fn FOREIGN DATA WRAPPER test_fdw OPTIONS (rows '3', dimensions '2', must_load 'true');
CREATE SCHEMA fn;
SET search_path = fn;

-- a collection like a foreign table: its key, dimensions and metric
CREATE FOREIGN TABLE gen (id bigint, n int, txt text, v real[], price float8, flag boolean, js jsonb, ts timestamptz) SERVER fn OPTIONS (collection 'generated');
SELECT milvus_fdw.create_collection('fn', 'copy', "like" => 'gen', index => 'auto');
SELECT name, type, sql_type, dim, primary_key, auto_id, nullable, index, metric_type, description, note FROM milvus_fdw.fields('fn', 'copy');
SELECT * FROM milvus_fdw.collections('fn');
SELECT milvus_fdw.create_collection('fn', 'copy', 'gen');

-- like a local table; names become portable by one rule
CREATE DOMAIN code AS varchar(10);
CREATE TABLE local ("The id" int, "a.b-c" text, "1st" smallint, "ünï" boolean, code code, wide varchar(20000), c char(5),
	num numeric(10, 2), r real, d float8, u uuid, net inet, j json, v real[], vd float8[], vn numeric[], day date, b bytea, tags text[], bits bit(8), gone int);
ALTER TABLE local DROP COLUMN gone;
SELECT milvus_fdw.create_collection('fn', 'local', 'local', primary_key => 'The id');
INSERT INTO local ("The id", v, vd, vn) VALUES (1, NULL, NULL, NULL), (2, '{1,2,3}', '{1,2}', '{1}');
SELECT milvus_fdw.create_collection('fn', 'local', 'local', primary_key => 'The id', index => 'HNSW', metric_type => 'L2', load => false);
SELECT name, type, sql_type, dim, primary_key, index, metric_type FROM milvus_fdw.fields('fn', 'local');
IMPORT FOREIGN SCHEMA "default" LIMIT TO (local) FROM SERVER fn INTO public;
DROP FOREIGN TABLE public.local;
-- like a view
CREATE VIEW converted AS SELECT "The id" AS id, milvus_fdw.timestamptz_to_epoch_ms(now()) AS at, to_jsonb(tags) AS tags FROM local;
SELECT milvus_fdw.create_collection('fn', 'from view', 'converted', primary_key => 'id', index => 'none');
SELECT name, sql_type, primary_key FROM milvus_fdw.fields('fn', 'from view');

-- what is refused
SELECT milvus_fdw.create_collection('fn', 'x', 'local');
SELECT milvus_fdw.create_collection('fn', 'x', 'local', primary_key => 'nope');
SELECT milvus_fdw.create_collection('fn', 'x', 'local', primary_key => 'r');
SELECT milvus_fdw.create_collection('fn', 'x', 'local', primary_key => 'bits');
SELECT milvus_fdw.create_collection('fn', 'x', 'local', primary_key => 'The id', index => 'none', load => true);
SELECT milvus_fdw.create_collection('fn', NULL, 'local');
SELECT milvus_fdw.create_collection('nope', 'x', 'local');
CREATE TABLE colliding (id bigint, "a b" int, "a-b" int);
SELECT milvus_fdw.create_collection('fn', 'x', 'colliding', 'id');
CREATE TABLE no_rows (id bigint, v real[]);
SELECT milvus_fdw.create_collection('fn', 'x', 'no_rows', 'id');
-- a step that fails once the collection is there says so
SELECT milvus_fdw.create_collection('fn', 'half', 'gen', index => 'bogus');
SELECT name, rows, state FROM milvus_fdw.collections('fn');
SELECT milvus_fdw.drop_collection('fn', 'half');
SELECT milvus_fdw.drop_collection('fn', 'half');

-- index, load, release, flush through a foreign table
CREATE FOREIGN TABLE copy (id bigint, n int, txt text, v real[] OPTIONS (dim '2')) SERVER fn OPTIONS (collection 'copy');
SELECT milvus_fdw.release('copy');
SELECT * FROM copy;
\echo :LAST_ERROR_SQLSTATE
SELECT milvus_fdw.load('fn.copy');
SELECT * FROM copy;
SELECT milvus_fdw.drop_index('copy', 'v');
SELECT milvus_fdw.create_index('copy', 'v', 'IVF_FLAT', 'COSINE', '{"nlist": 128}');
SELECT name, index, metric_type, description FROM milvus_fdw.fields('fn', 'copy') WHERE name = 'v';
SELECT milvus_fdw.create_index('copy', 'nope');
SELECT milvus_fdw.create_index('copy', NULL);
SELECT milvus_fdw.flush('copy');
SELECT milvus_fdw.load(NULL);
SELECT milvus_fdw.load('local');
SELECT milvus_fdw.load('nope');
SELECT milvus_fdw.load(1::oid::regclass);
CREATE FOREIGN TABLE gone (id bigint) SERVER fn OPTIONS (collection 'gone');
SELECT milvus_fdw.load('gone');
-- progress
ALTER SERVER fn OPTIONS (ADD load_ms '2500');
SELECT milvus_fdw.load('copy');
ALTER SERVER fn OPTIONS (DROP load_ms);

-- within functions and loops
DO $$
BEGIN
	FOR i IN 1..3 LOOP
		PERFORM milvus_fdw.create_collection('fn', 'loop ' || i, 'fn.gen', index => 'none');
	END LOOP;
END $$;
SELECT count(*) FROM (SELECT milvus_fdw.drop_collection('fn', 'loop ' || i) FROM generate_series(1, 3) i) s;
SELECT c.name, f.name FROM milvus_fdw.collections('fn') c, LATERAL milvus_fdw.fields('fn', c.name) f WHERE f.primary_key ORDER BY 1;
SELECT milvus_fdw.version('fn');
SELECT milvus_fdw.version() LIKE 'milvus_fdw 0.1.0, PostgreSQL %' AS ours;

-- read-only transactions
BEGIN READ ONLY;
SAVEPOINT a;
SELECT milvus_fdw.create_collection('fn', 'x', 'gen');
ROLLBACK TO a;
SELECT milvus_fdw.drop_collection('fn', 'copy');
ROLLBACK TO a;
SELECT milvus_fdw.create_index('copy', 'v');
ROLLBACK TO a;
SELECT milvus_fdw.drop_index('copy', 'v');
ROLLBACK TO a;
SELECT milvus_fdw.release('copy');
ROLLBACK TO a;
SELECT milvus_fdw.flush('copy');
ROLLBACK TO a;
SELECT name FROM milvus_fdw.collections('fn') WHERE name = 'copy';
SELECT id FROM gen;
COMMIT;

-- servers of others, and remotes that cannot
CREATE FOREIGN DATA WRAPPER fn_other;
CREATE SERVER fn_other FOREIGN DATA WRAPPER fn_other;
CREATE FOREIGN TABLE other (id bigint, txt text) SERVER fn_other;
SELECT milvus_fdw.version('fn_other');
SELECT milvus_fdw.load('other');
SELECT milvus_fdw.create_collection('fn', 'like other', 'other', 'id');
CREATE SERVER fn_archive FOREIGN DATA WRAPPER test_archive_fdw OPTIONS (directory '/nowhere', rows '3');
SELECT milvus_fdw.create_collection('fn_archive', 'x', 'gen');
SELECT name FROM milvus_fdw.collections('fn_archive');

-- who may: nobody at first, then who has USAGE on the server, then who owns the table
CREATE ROLE regress_fn;
GRANT USAGE ON SCHEMA fn TO regress_fn;
SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'milvus_fdw'::regnamespace AND NOT has_function_privilege('regress_fn', p.oid, 'execute') ORDER BY 1;
SET ROLE regress_fn;
SELECT milvus_fdw.collections('fn');
RESET ROLE;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA milvus_fdw TO regress_fn;
SET ROLE regress_fn;
SELECT milvus_fdw.collections('fn');
SELECT milvus_fdw.create_collection('fn', 'x', 'fn.gen');
SELECT milvus_fdw.load('fn.copy');
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER fn TO regress_fn;
SET ROLE regress_fn;
SELECT name FROM milvus_fdw.collections('fn') WHERE name = 'copy';
SELECT milvus_fdw.load('fn.copy');
SELECT milvus_fdw.create_index('fn.copy', 'v');
-- without SELECT no row is looked at
SELECT milvus_fdw.create_collection('fn', 'x', 'fn.no_rows', 'id');
SELECT milvus_fdw.drop_collection('fn', 'copy');
RESET ROLE;

RESET search_path;
SET client_min_messages = warning;
DROP OWNED BY regress_fn;
DROP ROLE regress_fn;
DROP SERVER fn, fn_other, fn_archive CASCADE;
DROP FOREIGN DATA WRAPPER fn_other;
DROP SCHEMA fn CASCADE;
