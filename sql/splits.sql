-- A scan in parts: side by side in one backend, by several backends, or one part alone.
\pset footer off
\set VERBOSITY terse
CREATE SERVER splits FOREIGN DATA WRAPPER test_split_fdw OPTIONS (url 'test://splits');
CREATE SERVER whole FOREIGN DATA WRAPPER test_fdw OPTIONS (url 'test://whole');
CREATE FOREIGN TABLE sp (id bigint, n int, txt text) SERVER splits OPTIONS (collection 'generated', rows '1000', splits '4');
CREATE FOREIGN TABLE counters (name text, value bigint) SERVER splits OPTIONS (parallel_workers '0');
CREATE VIEW open AS SELECT name, value FROM counters WHERE name IN ('requests', 'scans') AND value <> (name = 'scans')::int;

-- what the parts are
SELECT * FROM milvus_fdw.splits('sp', 3);
SELECT count(*), sum(rows) FROM milvus_fdw.splits('sp');
SELECT milvus_fdw.splits('sp', -1);
SELECT milvus_fdw.splits('sp', 1025);
CREATE FOREIGN TABLE uncut (id bigint) SERVER whole OPTIONS (collection 'generated', rows '10');
SELECT milvus_fdw.splits('uncut', 2);
ALTER FOREIGN TABLE uncut OPTIONS (ADD splits '2');
ALTER FOREIGN TABLE uncut OPTIONS (ADD split 'rows 1-2');
ALTER FOREIGN TABLE sp OPTIONS (SET splits '65');
SELECT * FROM open;

-- together they are the whole, however many
CREATE TABLE seen (parts int, rows bigint, ids bigint, sum numeric, texts bigint);
CREATE FUNCTION read_in(parts int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER FOREIGN TABLE sp OPTIONS (SET splits %L)', parts);
	INSERT INTO seen SELECT parts, count(*), count(DISTINCT id), sum(id), count(DISTINCT txt) FROM sp;
END $$;
SELECT count(read_in(n)) FROM generate_series(1, 64) n;
SELECT rows, ids, sum, texts, count(*) FROM seen GROUP BY 1, 2, 3, 4;
TRUNCATE seen;

-- parts without rows, and a table without
ALTER FOREIGN TABLE sp OPTIONS (ADD half_empty 'true', ADD batch_rows '7');
SELECT rows, count(*) FROM milvus_fdw.splits('sp', 8) GROUP BY 1 ORDER BY 1;
SELECT count(read_in(n)) FROM generate_series(1, 9) n;
SELECT rows, ids, sum, texts, count(*) FROM seen GROUP BY 1, 2, 3, 4;
ALTER FOREIGN TABLE sp OPTIONS (SET rows '0');
SELECT count(*), count(upper(txt)) FROM sp;
SELECT * FROM sp;
ALTER FOREIGN TABLE sp OPTIONS (SET rows '1000', DROP half_empty, SET splits '4');
SELECT * FROM open;

-- each in turn: the first rows come from different parts
CREATE TEMP TABLE taken (n serial, id bigint);
INSERT INTO taken (id) SELECT id FROM sp;
SELECT n, id FROM taken WHERE n IN (1, 8, 15, 22) ORDER BY n;

-- waited for together: on times, and on a descriptor of each
CREATE FUNCTION ms(command text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE start timestamptz := clock_timestamp();
BEGIN
	EXECUTE command;
	RETURN extract(epoch FROM clock_timestamp() - start) * 1000;
END $$;
ALTER FOREIGN TABLE sp OPTIONS (SET batch_rows '100', ADD delay_ms '40');
CREATE TEMP TABLE took (what text, ms numeric);
INSERT INTO took SELECT 'times', ms('SELECT id FROM sp');
ALTER FOREIGN TABLE sp OPTIONS (ADD delay_on_descriptor 'true');
INSERT INTO took SELECT 'descriptors', ms('SELECT id FROM sp');
ALTER FOREIGN TABLE sp OPTIONS (SET splits '1');
INSERT INTO took SELECT 'one after the other', ms('SELECT id FROM sp');
SELECT what, ms >= 100 AS waited, ms < 0.7 * max(ms) OVER () AS together FROM took ORDER BY 1;
ALTER FOREIGN TABLE sp OPTIONS (SET splits '4', DROP delay_on_descriptor, DROP delay_ms);

-- what is not cut: an order, a count, a small LIMIT, what changes from row to row
CREATE FUNCTION parts_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; found text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		IF line ~ 'Remote Splits' THEN found := coalesce(found || ' ', '') || trim(line); END IF;
	END LOOP;
	RETURN found;
END $$;
SELECT parts_of('SELECT id FROM sp');
SELECT parts_of('SELECT id FROM sp WHERE id > 500');
SELECT parts_of('SELECT id FROM sp LIMIT 200000');
SELECT parts_of('SELECT id FROM sp LIMIT 10');
SELECT parts_of('SELECT id FROM sp ORDER BY id');
SELECT parts_of('SELECT count(*) FROM sp');
SELECT parts_of('SELECT g, (SELECT txt FROM sp WHERE id = g) FROM generate_series(1, 2) g');
EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT id FROM sp WHERE id > 500;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM sp;

-- a snapshot is one only if all parts are of it
ALTER FOREIGN TABLE sp OPTIONS (ADD bound 'true');
SELECT regexp_replace(token, '/tmp.*', '/tmp'), rows, durable FROM milvus_fdw.splits('sp', 2);
SELECT count(*), sum(id) FROM (SELECT id FROM sp OFFSET 0) x;
EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT id FROM sp;
SELECT * FROM open;

-- again from the start
SET enable_material = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT count(*), sum(b.id) FROM (VALUES (1), (2), (3)) a (x) JOIN sp b ON b.id % 3 = a.x % 3;
RESET enable_material;
RESET enable_hashjoin;
RESET enable_mergejoin;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM sp;
FETCH 3 FROM c;
MOVE FORWARD 400 FROM c;
FETCH BACKWARD 2 FROM c;
SELECT name, value > 0 AS held FROM counters WHERE name IN ('requests', 'scans') ORDER BY 1;
CLOSE c;
COMMIT;
SELECT * FROM open;
ALTER FOREIGN TABLE sp OPTIONS (DROP bound);

-- errors: one part, all, the cut itself, and what may be tried again
\set VERBOSITY default
ALTER FOREIGN TABLE sp OPTIONS (ADD fail_at '600');
SELECT count(upper(txt)) FROM sp;
ALTER FOREIGN TABLE sp OPTIONS (DROP fail_at);
CREATE FOREIGN TABLE bad (id bigint, nul int) SERVER splits OPTIONS (collection 'generated', rows '10', splits '2');
SELECT * FROM bad;
\set VERBOSITY terse
ALTER FOREIGN TABLE sp OPTIONS (ADD split_fails 'true');
SELECT count(upper(txt)) FROM sp;
ALTER FOREIGN TABLE sp OPTIONS (DROP split_fails, ADD retry_at '600', ADD retries '3');
SELECT count(upper(txt)) FROM sp;
ALTER FOREIGN TABLE sp OPTIONS (DROP retry_at, DROP retries, ADD hang 'scan', ADD hang_on_descriptor 'true');
SET statement_timeout = 100;
SELECT count(upper(txt)) FROM sp;
ALTER FOREIGN TABLE sp OPTIONS (SET hang 'describe');
SELECT count(upper(txt)) FROM sp;
RESET statement_timeout;
ALTER FOREIGN TABLE sp OPTIONS (DROP hang, DROP hang_on_descriptor);
SELECT * FROM open;

-- one part is a table
CREATE FOREIGN TABLE part (id bigint, n int, txt text) SERVER splits OPTIONS (collection 'generated', rows '1000', splits '4', split 'rows 11-15');
SELECT id, txt FROM part;
SELECT count(*) FROM part;
SELECT * FROM milvus_fdw.splits('part', 5);
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT id FROM part;
TRUNCATE part;
ALTER FOREIGN TABLE part OPTIONS (SET split 'rows 11-15 or so');
SELECT id FROM part;
ALTER FOREIGN TABLE part OPTIONS (SET split 'part 1-2 of /tmp/milvus_fdw_test.none');
SELECT id FROM part;
ALTER FOREIGN TABLE part OPTIONS (SET split '');

-- the rows that a statement itself writes are not read, in parts neither
CREATE FOREIGN TABLE stored (id bigint OPTIONS (key 'true'), txt text) SERVER splits
	OPTIONS (collection 'stored', schema 'id i64 key, txt text', splits '3', parallel_workers '0', batch_rows '5');
INSERT INTO stored SELECT n, 'text ' || n FROM generate_series(1, 100) n;
INSERT INTO stored SELECT id + 100, txt FROM stored;
SELECT count(*), sum(id) FROM (SELECT id FROM stored OFFSET 0) x;
ANALYZE stored;
SELECT reltuples FROM pg_class WHERE relname = 'stored';
-- DELETE stays within the part
ALTER FOREIGN TABLE stored OPTIONS (ADD split 'rows 1-20');
DELETE FROM stored WHERE id > 15;
ALTER FOREIGN TABLE stored OPTIONS (DROP split);
SELECT count(*), sum(id) FROM (SELECT id FROM stored OFFSET 0) x;
SELECT * FROM open;

-- parallel plans
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
ALTER FOREIGN TABLE sp OPTIONS (SET rows '20000', ADD parallel_workers '2', SET splits '1', SET batch_rows '50');
EXPLAIN (COSTS OFF) SELECT count(upper(txt)), sum(id) FROM sp;
SELECT count(upper(txt)), count(DISTINCT id), sum(id) FROM sp;
SELECT count(upper(txt)), sum(id) FROM sp WHERE id > 19990;
CREATE TABLE copied AS SELECT * FROM sp;
SELECT count(*), count(DISTINCT id), sum(id), min(txt), max(txt) FROM copied;
-- all backends' work is summed: each of the parts once, each row once
CREATE FUNCTION analyzed(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		IF line ~ 'Workers|Splits|Remote Rows|Parallel Foreign|Remote Filter' THEN
			RETURN NEXT trim(regexp_replace(line, ' \(actual.*', ''));
		END IF;
	END LOOP;
END $$;
SELECT * FROM analyzed('SELECT count(upper(txt)) FROM sp');
-- several parts side by side in each of them
ALTER FOREIGN TABLE sp OPTIONS (SET splits '3');
SELECT * FROM analyzed('SELECT count(upper(txt)) FROM sp');
-- parameters, of the statement and of a subquery
PREPARE above (bigint) AS SELECT count(upper(txt)), sum(id) FROM sp WHERE id > $1;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE above(19995);
EXECUTE above(19995);
EXECUTE above(0);
RESET plan_cache_mode;
SELECT count(upper(txt)), sum(id) FROM sp WHERE id > (SELECT max(x) FROM (VALUES (19000), (19998)) v (x));
EXPLAIN (COSTS OFF) SELECT count(upper(txt)), sum(id) FROM sp WHERE id > (SELECT max(x) FROM (VALUES (19000), (19998)) v (x));
-- again from the start
SET enable_material = off;
SELECT a.x, b.rows, b.sum FROM (VALUES (1), (2), (3)) a (x) LEFT JOIN (SELECT count(upper(txt)) AS rows, sum(id) FROM sp OFFSET 0) b ON b.rows > a.x;
EXPLAIN (COSTS OFF) SELECT a.x, b.rows, b.sum FROM (VALUES (1), (2), (3)) a (x) LEFT JOIN (SELECT count(upper(txt)) AS rows, sum(id) FROM sp OFFSET 0) b ON b.rows > a.x;
RESET enable_material;
SELECT g, (SELECT count(upper(txt)) FROM sp WHERE id % 2 = 0) AS same, (SELECT sum(id) FROM sp WHERE id > g * 10000) AS other FROM generate_series(0, 2) g;
-- the leader keeps the snapshot for as long as anybody reads
ALTER FOREIGN TABLE sp OPTIONS (ADD bound 'true');
SELECT count(upper(txt)), sum(id) FROM sp;
SET parallel_leader_participation = off;
SELECT * FROM analyzed('SELECT count(upper(txt)) FROM sp');
SELECT count(upper(txt)), sum(id) FROM sp;
RESET parallel_leader_participation;
SELECT count(*) FROM (SELECT id FROM sp WHERE txt LIKE '%7%' LIMIT 5) x;
ALTER FOREIGN TABLE sp OPTIONS (DROP bound);
SELECT * FROM open;
-- an error in a worker
ALTER FOREIGN TABLE sp OPTIONS (ADD fail_at '12345');
DO $$ BEGIN PERFORM count(upper(txt)) FROM sp; EXCEPTION WHEN fdw_error THEN RAISE NOTICE '%', SQLERRM; END $$;
ALTER FOREIGN TABLE sp OPTIONS (DROP fail_at);
SELECT * FROM open;
-- a cancel reaches them all
ALTER FOREIGN TABLE sp OPTIONS (ADD hang 'scan', ADD hang_on_descriptor 'true');
SET statement_timeout = 500;
DO $$
DECLARE start timestamptz := clock_timestamp();
BEGIN
	PERFORM count(upper(txt)) FROM sp;
EXCEPTION WHEN query_canceled THEN RAISE NOTICE '%, after %', SQLERRM, CASE WHEN clock_timestamp() < start + interval '3 s' THEN 'a moment' ELSE 'too long' END;
END $$;
RESET statement_timeout;
ALTER FOREIGN TABLE sp OPTIONS (DROP hang, DROP hang_on_descriptor);
SELECT * FROM open;
-- joined with a local table that is read in parallel too
EXPLAIN (COSTS OFF) SELECT count(*) FROM copied c JOIN sp ON sp.id = c.id WHERE sp.txt <> '';
SELECT count(*), sum(sp.id) FROM copied c JOIN sp ON sp.id = c.id WHERE sp.txt <> '';
-- switched off, and not offered
ALTER FOREIGN TABLE sp OPTIONS (SET parallel_workers '0');
EXPLAIN (COSTS OFF) SELECT count(upper(txt)), sum(id) FROM sp;
ALTER FOREIGN TABLE sp OPTIONS (DROP parallel_workers, ADD split 'rows 1-10');
EXPLAIN (COSTS OFF) SELECT count(upper(txt)), sum(id) FROM sp;
ALTER FOREIGN TABLE sp OPTIONS (DROP split);
EXPLAIN (COSTS OFF) SELECT count(upper(txt)), sum(id) FROM sp;
ALTER FOREIGN TABLE uncut OPTIONS (SET rows '100000');
EXPLAIN (COSTS OFF) SELECT count(id), sum(id) FROM uncut WHERE id % 2 = 0;
DROP SERVER splits CASCADE;
DROP SERVER whole CASCADE;
DROP TABLE copied, seen;
DROP FUNCTION read_in, ms, parts_of, analyzed;
