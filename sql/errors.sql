-- What happens when the remote fails, is slow, or never answers?
CREATE SERVER err FOREIGN DATA WRAPPER test_fdw;
CREATE SCHEMA err;
SET search_path = err;
CREATE FOREIGN TABLE counters (name text, value bigint) SERVER err;

-- The warning of what stays comes before or after an error of the same
-- statement, as the client happens to read; this makes it come before.
CREATE FUNCTION tries(query text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	context text;
BEGIN
	EXECUTE query;
	RAISE NOTICE 'it worked';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = pg_exception_detail, context = pg_exception_context;
	RAISE NOTICE '% %', sqlstate, sqlerrm USING DETAIL = detail || E'\n' || split_part(context, E'\n', 1);
END $$;

-- while reading
CREATE FOREIGN TABLE gen (id bigint, txt text) SERVER err OPTIONS (rows '30', batch_rows '10', fail_at '15');
SELECT id FROM gen LIMIT 14;
SELECT count(*) FROM gen;
\echo :LAST_ERROR_SQLSTATE
ALTER FOREIGN TABLE gen OPTIONS (ADD fail_state '53400');
SELECT count(*) FROM gen;
\echo :LAST_ERROR_SQLSTATE
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM gen;
FETCH 1 FROM c;
SAVEPOINT a;
MOVE ALL FROM c;
ROLLBACK TO a;
FETCH 1 FROM c;
ROLLBACK TO a;
SELECT * FROM counters WHERE name = 'connections';
ROLLBACK;
DO $$
BEGIN
	PERFORM count(*) FROM err.gen;
EXCEPTION WHEN configuration_limit_exceeded THEN
	RAISE NOTICE 'caught: %', sqlerrm;
END $$;
-- a field that is not there
CREATE FOREIGN TABLE lost (id bigint, lost text) SERVER err OPTIONS (rows '3');
SELECT * FROM lost;
\echo :LAST_ERROR_SQLSTATE
SELECT id FROM lost;
CREATE FOREIGN TABLE gone (id bigint) SERVER err OPTIONS (collection 'gone');
SELECT * FROM gone;
\echo :LAST_ERROR_SQLSTATE

-- what may be repeated is repeated, for as long as retry_timeout says
CREATE FOREIGN TABLE again (id bigint) SERVER err OPTIONS (rows '30', batch_rows '10', retry_at '15', retries '3');
SELECT count(*), sum(id) FROM again;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM again;
ALTER SERVER err OPTIONS (ADD retry_timeout '0');
SELECT count(*) FROM again;
ALTER SERVER err OPTIONS (SET retry_timeout '60');

-- while writing
CREATE FOREIGN TABLE docs (id bigint, txt text) SERVER err OPTIONS (collection 'docs', schema 'id i64 key, txt text null', batch_size '10', retry_at '15', retries '3');
INSERT INTO docs SELECT i, 'x' FROM generate_series(1, 30) i;
SELECT count(*), count(DISTINCT id) FROM docs;
ALTER SERVER err OPTIONS (SET retry_timeout '0');
SELECT tries('INSERT INTO docs SELECT i, ''x'' FROM generate_series(101, 130) i');
ALTER SERVER err OPTIONS (DROP retry_timeout);
CREATE FOREIGN TABLE reject (id bigint, txt text) SERVER err OPTIONS (collection 'docs', batch_size '10', fail_at '25', max_in_flight '2');
SELECT tries('INSERT INTO reject SELECT i, ''x'' FROM generate_series(201, 270) i');
SELECT tries('INSERT INTO reject SELECT i, ''x'' FROM generate_series(301, 325) i');
INSERT INTO reject SELECT i, 'x' FROM generate_series(401, 424) i;
ALTER FOREIGN TABLE reject OPTIONS (DROP fail_at, ADD unknown_at '15');
SELECT tries('INSERT INTO reject SELECT i, ''x'' FROM generate_series(501, 570) i');
-- in a savepoint, without anybody to catch it
SET client_min_messages = error;
BEGIN;
SAVEPOINT a;
INSERT INTO reject SELECT i, 'x' FROM generate_series(601, 670) i;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO a;
SELECT count(*) FROM docs WHERE id > 600;
COMMIT;
INSERT INTO reject SELECT i, 'x' FROM generate_series(701, 770) i;
RESET client_min_messages;
-- a row of ours fails while batches are in flight: they are waited for
CREATE FOREIGN TABLE slow (id bigint, txt text) SERVER err OPTIONS (collection 'slow', schema 'id i64 key, txt text null bytes=3', batch_size '10', delay_ms '20');
SELECT tries('INSERT INTO slow SELECT i, CASE i WHEN 35 THEN ''long'' END FROM generate_series(1, 50) i');
SELECT count(*) FROM slow;
-- both sides fail
SELECT tries('INSERT INTO reject SELECT * FROM gen');

-- a server that never answers: PostgreSQL's own error, soon, and the next query works
CREATE FUNCTION gives_up(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	start timestamptz := clock_timestamp();
BEGIN
	EXECUTE query;
	RETURN 'it answered';
EXCEPTION WHEN query_canceled THEN
	RETURN sqlerrm || CASE WHEN clock_timestamp() - start < interval '2 s' THEN ' in time' ELSE ' too late' END;
END $$;
CREATE FOREIGN TABLE hang (id bigint) SERVER err OPTIONS (collection 'hang', schema 'id i64 key', batch_size '1', hang 'scan', hang_on_descriptor 'false');
SET statement_timeout = '200ms';
SELECT gives_up('SELECT * FROM hang');
SELECT gives_up('SELECT milvus_fdw.flush(''hang'')');
ALTER FOREIGN TABLE hang OPTIONS (SET hang 'describe');
SELECT gives_up('INSERT INTO hang VALUES (1)');
ALTER FOREIGN TABLE hang OPTIONS (SET hang 'write');
SELECT gives_up('INSERT INTO hang VALUES (1), (2), (3)');
ALTER FOREIGN TABLE hang OPTIONS (SET hang 'flush');
SELECT gives_up('INSERT INTO hang VALUES (1), (2), (3)');
SELECT gives_up('SELECT milvus_fdw.flush(''hang'')');
ALTER FOREIGN TABLE hang OPTIONS (SET hang 'scan', SET hang_on_descriptor 'true');
SELECT gives_up('SELECT * FROM hang');
ALTER FOREIGN TABLE hang OPTIONS (SET hang 'describe');
SELECT gives_up('INSERT INTO hang VALUES (1)');
ALTER FOREIGN TABLE hang OPTIONS (SET hang 'write');
SELECT gives_up('INSERT INTO hang VALUES (1), (2), (3)');
ALTER FOREIGN TABLE hang OPTIONS (SET hang 'flush');
SELECT gives_up('INSERT INTO hang VALUES (1), (2), (3)');
ALTER FOREIGN TABLE hang OPTIONS (SET hang 'list');
SELECT * FROM hang;
-- the same without anybody to catch it
SET client_min_messages = error;
ALTER FOREIGN TABLE hang OPTIONS (SET hang 'scan');
SELECT * FROM hang;
\echo :LAST_ERROR_SQLSTATE
ALTER FOREIGN TABLE hang OPTIONS (SET hang 'flush');
INSERT INTO hang VALUES (1), (2);
\echo :LAST_ERROR_SQLSTATE
COPY hang FROM stdin;
1
2
\.
\echo :LAST_ERROR_SQLSTATE
RESET client_min_messages;
ALTER SERVER err OPTIONS (ADD hang 'list');
IMPORT FOREIGN SCHEMA "default" FROM SERVER err INTO err;
SELECT * FROM milvus_fdw.collections('err');
\echo :LAST_ERROR_SQLSTATE
ALTER SERVER err OPTIONS (SET hang 'describe', ADD use_remote_estimate 'true');
SELECT count(*) FROM docs;
\echo :LAST_ERROR_SQLSTATE
ALTER SERVER err OPTIONS (DROP hang, DROP use_remote_estimate);
-- while it backs off between retries
ALTER FOREIGN TABLE again OPTIONS (SET retries '1000000');
SELECT count(*) FROM again;
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
SELECT count(*) FROM docs;

-- more memory than the connection may use
CREATE FOREIGN TABLE large (id bigint, txt text) SERVER err OPTIONS (collection 'large', schema 'id i64 key, txt text');
ALTER SERVER err OPTIONS (ADD memory_limit '16');
INSERT INTO large SELECT i, repeat('x', 5000000) FROM generate_series(1, 5) i;
\echo :LAST_ERROR_SQLSTATE
ALTER FOREIGN TABLE large OPTIONS (ADD batch_size '1', ADD max_in_flight '1');
INSERT INTO large SELECT i, repeat('x', 5000000) FROM generate_series(1, 5) i;
SELECT count(*) FROM large;
SELECT sum(length(txt)) FROM large;
\echo :LAST_ERROR_SQLSTATE
ALTER FOREIGN TABLE large OPTIONS (ADD batch_rows '1');
SELECT sum(length(txt)) FROM large;
ALTER SERVER err OPTIONS (DROP memory_limit);

-- nothing is left open
SELECT * FROM counters WHERE name <> 'opened';
RESET search_path;
SET client_min_messages = warning;
DROP SERVER err CASCADE;
DROP SCHEMA err CASCADE;
