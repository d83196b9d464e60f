-- What of this session's connections, of prepared transactions, of ANALYZE?
\set SHOW_CONTEXT never
CREATE SCHEMA session;
SET search_path = session;
CREATE SERVER one FOREIGN DATA WRAPPER test_fdw;
CREATE SERVER two FOREIGN DATA WRAPPER test_fdw;
SELECT milvus_fdw.disconnect_all() IS NOT NULL AS done;
SELECT * FROM milvus_fdw.connections();

CREATE FOREIGN TABLE a (id bigint, txt text) SERVER one OPTIONS (collection 'gen', rows '30000');
CREATE FOREIGN TABLE b (id bigint) SERVER two OPTIONS (collection 'gen', rows '10');
SELECT count(*) FROM a;
CREATE USER MAPPING FOR PUBLIC SERVER two;
SELECT count(id) FROM b;
SELECT * FROM milvus_fdw.connections() ORDER BY server;

-- one that is in use is not closed
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM b;
FETCH 1 FROM c;
SELECT server, in_use FROM milvus_fdw.connections() ORDER BY server;
SELECT milvus_fdw.disconnect('two');
COMMIT;
SELECT milvus_fdw.disconnect('two');
SELECT milvus_fdw.disconnect('two');
SELECT milvus_fdw.disconnect('three');
ALTER SERVER one OPTIONS (ADD fetch_size '10');
SELECT * FROM milvus_fdw.connections();
SELECT milvus_fdw.disconnect_all();
SELECT milvus_fdw.disconnect_all();

-- ANALYZE samples, and the planner believes it
ANALYZE a;
SELECT reltuples FROM pg_class WHERE oid = 'a'::regclass;
SELECT attname, null_frac, n_distinct FROM pg_stats WHERE schemaname = 'session' AND attname = 'id';

-- what a remote stored cannot be prepared
CREATE FOREIGN TABLE sink (id bigint) SERVER one OPTIONS (collection 'session_sink', schema 'id int64 key');
SELECT milvus_fdw.create_collection('one', 'session_sink', like => 'b', primary_key => 'id', index => 'none', load => false);
SET client_min_messages = error;
BEGIN;
INSERT INTO sink SELECT generate_series(1, 3);
PREPARE TRANSACTION 'p';
RESET client_min_messages;

DROP SCHEMA session CASCADE;
DROP SERVER one CASCADE;
DROP SERVER two CASCADE;
