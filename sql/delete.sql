-- How does DELETE remove rows, by key and by condition?
CREATE SERVER del FOREIGN DATA WRAPPER test_filter_fdw;
CREATE SERVER plain FOREIGN DATA WRAPPER test_fdw;
CREATE SCHEMA del;
SET search_path = del;
CREATE FOREIGN TABLE counters (name text, value bigint) SERVER del;
CREATE FOREIGN TABLE docs (id bigint OPTIONS (key 'true'), txt text, n int) SERVER del
	OPTIONS (collection 'docs', schema 'id i64 key, txt text null, n i32 null', batch_rows '3', batch_size '2');
CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS $$
	TRUNCATE del.docs;
	INSERT INTO del.docs SELECT i, CASE WHEN i % 5 > 0 THEN 'row ' || i END, i * 10 FROM generate_series(1, 20) i;
$$;
SELECT fill();

-- by condition
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM docs WHERE id = 1;
EXPLAIN (COSTS OFF) DELETE FROM docs;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) DELETE FROM docs WHERE id = 1;
\set QUIET off
DELETE FROM docs WHERE id = 2;
DELETE FROM docs WHERE id = 2;
DELETE FROM docs WHERE id BETWEEN 3 AND 5 AND n <> 40;
DELETE FROM docs WHERE (txt IS NULL AND n < 120) OR id IN (6, 8);
DELETE FROM docs WHERE NOT (n < 200);
SELECT array_agg(id ORDER BY id) FROM docs;
DELETE FROM docs;
SELECT fill();
-- a remote that does not say how many
ALTER FOREIGN TABLE docs OPTIONS (ADD tells_deleted 'false');
DELETE FROM docs WHERE n > 170;
DELETE FROM docs WHERE n > 170;
WITH d AS (DELETE FROM docs WHERE n > 160) SELECT 1;
SELECT max(n) FROM docs;
DELETE FROM docs;
ALTER FOREIGN TABLE docs OPTIONS (DROP tells_deleted);
SELECT fill();

-- the remote does not check it exactly: the keys are read, and rows checked here
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) DELETE FROM docs WHERE txt LIKE 'row 1%' AND id > 10;
SELECT array_agg(id ORDER BY id) FROM docs;
DELETE FROM docs WHERE txt LIKE '%2' OR n = 30;
-- or it says so only then
ALTER FOREIGN TABLE docs OPTIONS (ADD delete_refuses 'true');
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) DELETE FROM docs WHERE id = 4;
DELETE FROM docs;
ALTER FOREIGN TABLE docs OPTIONS (DROP delete_refuses);
SELECT fill();

-- conditions that no remote can check, joins, RETURNING, triggers: by key
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM docs WHERE id % 7 = 0;
DELETE FROM docs WHERE id % 7 = 0;
DELETE FROM docs WHERE id = 1 RETURNING *, tableoid::regclass, docs;
DELETE FROM docs WHERE id = 3 OR (n < 50 AND id % 2 = 0) RETURNING txt;
WITH d AS (DELETE FROM docs WHERE id > 18 RETURNING *) SELECT sum(id), count(*) FROM d;
CREATE TABLE source (k bigint, t text);
INSERT INTO source VALUES (8, 'a'), (9, 'b'), (9, 'c'), (99, 'z');
ANALYZE source;
DELETE FROM docs USING source WHERE k = id RETURNING id, t IS NOT NULL;
DELETE FROM docs USING docs other WHERE other.id = docs.id + 1 AND docs.id < 12;
DELETE FROM docs WHERE id = (SELECT max(id) FROM docs);
DELETE FROM docs WHERE EXISTS (SELECT FROM docs other WHERE other.n = docs.n + 10);
SELECT array_agg(id ORDER BY id) FROM docs;
SELECT fill();
SELECT count(*) FROM docs;
SET enable_memoize = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
ALTER SERVER del OPTIONS (ADD fdw_startup_cost '0', ADD fdw_tuple_cost '100');
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM docs USING source WHERE k = id;
DELETE FROM docs USING source WHERE k = id;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
RESET enable_memoize;
ALTER SERVER del OPTIONS (DROP fdw_startup_cost, DROP fdw_tuple_cost);
WITH old AS (SELECT max(id) AS m FROM docs) DELETE FROM docs USING old WHERE id > m - 3;
DELETE FROM docs WHERE id < 3 AND random() >= 0;
DELETE FROM docs WHERE false;
DELETE FROM docs WHERE NULL;
DELETE FROM docs WHERE id = NULL;
DELETE FROM docs WHERE now() < '2000-01-01';
DELETE FROM docs WHERE now() > '2000-01-01' AND id < 5;
SELECT array_agg(id ORDER BY id) FROM docs;

-- parameters
SELECT fill();
PREPARE p(bigint, text) AS DELETE FROM docs WHERE id > $1 OR txt LIKE $2;
EXECUTE p(18, 'row 1');
SET plan_cache_mode = force_generic_plan;
EXECUTE p(17, 'row 2');
PREPARE q(bigint) AS DELETE FROM docs WHERE id = $1;
EXPLAIN (COSTS OFF) EXECUTE q(3);
EXECUTE q(3);
EXECUTE q(3);
EXECUTE q(NULL);
RESET plan_cache_mode;
DO $$
DECLARE
	n bigint;
BEGIN
	FOR i IN 4..7 LOOP
		DELETE FROM del.docs WHERE id = i;
		GET DIAGNOSTICS n = ROW_COUNT;
		RAISE NOTICE '% deleted', n;
	END LOOP;
END $$;
SELECT array_agg(id ORDER BY id) FROM docs;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM docs ORDER BY id;
FETCH c;
DELETE FROM docs WHERE CURRENT OF c;
ROLLBACK;
BEGIN READ ONLY;
DELETE FROM docs;
ROLLBACK;

-- a wrapper that takes no conditions
CREATE FOREIGN TABLE plain_docs (txt text, n int, id bigint) SERVER plain OPTIONS (collection 'docs', batch_size '2', max_in_flight '1');
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM plain_docs WHERE id = 8;
DELETE FROM plain_docs WHERE id = 8;
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM plain_docs;
DELETE FROM plain_docs;
-- keys: unmarked, wrong, missing, of text
SELECT fill();
CREATE FOREIGN TABLE wrong (id bigint, n int OPTIONS (key 'true')) SERVER del OPTIONS (collection 'docs');
DELETE FROM wrong WHERE id % 2 = 0;
CREATE FOREIGN TABLE keyless (txt text, n int) SERVER del OPTIONS (collection 'docs');
DELETE FROM keyless WHERE n % 2 = 0;
DELETE FROM keyless WHERE n = 20;
DELETE FROM keyless WHERE txt LIKE 'row 3%';
CREATE FOREIGN TABLE uuids (id uuid, n int) SERVER del OPTIONS (collection 'uuids', schema 'id text key, n i32');
INSERT INTO uuids VALUES ('00000000-0000-0000-0000-000000000001', 1), ('00000000-0000-0000-0000-000000000002', 2);
DELETE FROM uuids WHERE n % 2 = 0;
ALTER FOREIGN TABLE uuids OPTIONS (ADD delete_refuses 'true');
DELETE FROM uuids WHERE n = 1;
ALTER FOREIGN TABLE uuids ALTER id OPTIONS (ADD key 'true');
DELETE FROM uuids WHERE n = 1;
CREATE FOREIGN TABLE renamed (the_key bigint OPTIONS (field 'id')) SERVER del OPTIONS (collection 'docs');
DELETE FROM renamed WHERE the_key % 5 = 0;
CREATE FOREIGN TABLE texts (k text OPTIONS (key 'true'), n int) SERVER del OPTIONS (collection 'texts', schema 'k text key, n i32');
INSERT INTO texts VALUES ('a', 1), ('b', 2), ('ä', 3), (repeat('long', 1000), 4);
DELETE FROM texts USING generate_series(1, 3) WHERE k <> 'b';
SELECT * FROM texts;

-- a table that holds only some of the rows
SELECT fill();
CREATE FOREIGN TABLE above (id bigint OPTIONS (key 'true'), n int) SERVER del OPTIONS (collection 'docs', above '15');
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) DELETE FROM above WHERE n < 170;
DELETE FROM above;
TRUNCATE above;
SELECT count(*), max(id) FROM docs;

-- triggers
CREATE FUNCTION before_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN old.id = 3 THEN NULL ELSE old END;
END $$;
CREATE FUNCTION after_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% %: %, and the remote has % such', tg_when, tg_op, old, (SELECT count(*) FROM del.renamed WHERE the_key = old.id);
	RETURN NULL;
END $$;
SELECT fill();
CREATE TRIGGER first BEFORE DELETE ON docs FOR EACH ROW EXECUTE FUNCTION before_row();
EXPLAIN (COSTS OFF) DELETE FROM docs WHERE id < 4;
DELETE FROM docs WHERE id < 4;
CREATE TRIGGER last AFTER DELETE ON docs FOR EACH ROW EXECUTE FUNCTION after_row();
DELETE FROM docs WHERE id < 5;
DELETE FROM docs WHERE id = 5 RETURNING *;
DROP TRIGGER first ON docs;
DROP TRIGGER last ON docs;

-- views, partitions
CREATE VIEW small AS SELECT id FROM docs WHERE id < 10;
DELETE FROM small WHERE id > 8;
DELETE FROM small WHERE id % 8 = 0;
CREATE TABLE parent (id bigint, txt text, n int) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE part_a PARTITION OF parent FOR VALUES FROM (1) TO (100) SERVER del
	OPTIONS (collection 'a', schema 'id i64 key, txt text null, n i32 null');
ALTER FOREIGN TABLE part_a ALTER id OPTIONS (ADD key 'true');
CREATE FOREIGN TABLE part_b (n int, txt text, id bigint) SERVER del OPTIONS (collection 'b', schema 'id i64 key, txt text null, n i32 null');
ALTER TABLE parent ATTACH PARTITION part_b FOR VALUES FROM (100) TO (200);
CREATE TABLE part_c PARTITION OF parent FOR VALUES FROM (200) TO (300);
INSERT INTO parent SELECT i, 'row ' || i, i FROM generate_series(10, 290, 20) i;
EXPLAIN (COSTS OFF) DELETE FROM parent WHERE n IN (10, 110, 210);
DELETE FROM parent WHERE n IN (10, 110, 210);
DELETE FROM parent WHERE n IN (30, 130, 230) RETURNING tableoid::regclass, *;
DELETE FROM parent USING source WHERE id = k * 10 - 30;
DELETE FROM parent;
SELECT count(*) FROM parent;

-- what an error says, and what its rollback warns of
CREATE FUNCTION try(statement text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	EXECUTE statement;
	RAISE NOTICE 'no error';
EXCEPTION WHEN query_canceled OR OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RAISE NOTICE '% (%) %', sqlerrm, sqlstate, detail;
END $$;
SELECT fill();
CREATE FOREIGN TABLE lost (id bigint OPTIONS (key 'true'), txt text, n int) SERVER plain
	OPTIONS (collection 'docs', batch_size '3', batch_rows '100', unknown_at '5');
CREATE FOREIGN TABLE lost_at_once (id bigint OPTIONS (key 'true'), txt text, n int) SERVER del
	OPTIONS (collection 'docs', unknown_at '1');
CREATE FOREIGN TABLE refused (id bigint OPTIONS (key 'true'), txt text, n int) SERVER del OPTIONS (collection 'docs', fail_at '1000');
SELECT try('DELETE FROM lost WHERE id % 1 = 0 AND id < 10');
SELECT try('DELETE FROM lost_at_once WHERE id = 10');
SELECT try('DELETE FROM refused WHERE id = 11');
SELECT try('DELETE FROM docs WHERE id % 1 = 0 AND 1 / (id - 19) < 1');
BEGIN;
DELETE FROM docs WHERE id = 17;
DELETE FROM docs WHERE id = 1000;
SAVEPOINT a;
DELETE FROM docs WHERE id = 18 RETURNING id;
ROLLBACK TO a;
SAVEPOINT b;
DELETE FROM docs WHERE id > 18 AND id % 1 = 0;
RELEASE b;
ROLLBACK;
SET client_min_messages = error;
BEGIN;
DELETE FROM docs WHERE id = 16;
PREPARE TRANSACTION 'x';
RESET client_min_messages;
ALTER FOREIGN TABLE docs OPTIONS (ADD hang 'delete');
SET statement_timeout = '200ms';
SELECT try('DELETE FROM docs WHERE id = 15');
RESET statement_timeout;
ALTER FOREIGN TABLE docs OPTIONS (DROP hang);
SELECT array_agg(id ORDER BY id) FROM docs;

-- many
CREATE FOREIGN TABLE sink (id bigint OPTIONS (key 'true'), n int) SERVER del OPTIONS (collection 'sink', schema 'id i64 key, n i32');
INSERT INTO sink SELECT i, i % 10 FROM generate_series(1, 3000) i;
DELETE FROM sink WHERE n = 3;
DELETE FROM sink WHERE id % 4 = 0;
SELECT count(*) FROM sink;

-- not writable
ALTER FOREIGN TABLE docs OPTIONS (ADD updatable 'false');
DELETE FROM docs;
DELETE FROM small;

SELECT * FROM counters WHERE name <> 'opened';
\set QUIET on
RESET search_path;
SET client_min_messages = warning;
DROP SERVER del, plain CASCADE;
DROP SCHEMA del CASCADE;
