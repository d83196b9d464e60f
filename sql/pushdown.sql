-- ORDER BY, LIMIT, count(*), min and max by the remote: what is planned, and the same rows whatever it does of it
CREATE SERVER psh FOREIGN DATA WRAPPER test_pushing_fdw;
CREATE SERVER psh_plain FOREIGN DATA WRAPPER test_fdw;
CREATE SCHEMA psh;
SET search_path = psh;
-- n is NULL in each tenth row, and else 10 * id
CREATE FOREIGN TABLE r (id bigint, n integer, txt text, flag boolean) SERVER psh OPTIONS (collection 'generated', rows '60', batch_rows '7');
CREATE TABLE l AS SELECT * FROM r;
PREPARE few(bigint, bigint) AS SELECT id FROM r WHERE n > $2 ORDER BY n LIMIT $1;
SET plan_cache_mode = force_generic_plan;

-- what is planned
EXPLAIN (COSTS OFF) SELECT id FROM r ORDER BY n DESC, id LIMIT 3;
EXPLAIN (COSTS OFF) SELECT id FROM r WHERE n > 5 ORDER BY n LIMIT 3 OFFSET 2;
EXPLAIN (COSTS OFF) SELECT id FROM r WHERE n > 5 ORDER BY txt LIMIT 3;
EXPLAIN (COSTS OFF) SELECT id FROM r WHERE n * 2 > 5 ORDER BY n LIMIT 3;
EXPLAIN (COSTS OFF) SELECT id FROM r WHERE n > 5 OR (n < 3 AND n * 2 > 5) LIMIT 3;
EXPLAIN (COSTS OFF) SELECT id FROM r ORDER BY n FETCH FIRST 3 ROWS WITH TIES;
EXPLAIN (COSTS OFF) SELECT id, n + 1 FROM r ORDER BY n + 1 LIMIT 3;
EXPLAIN (COSTS OFF) SELECT DISTINCT n FROM r ORDER BY n LIMIT 3;
EXPLAIN (COSTS OFF) SELECT id, generate_series(1, 2) FROM r LIMIT 3;
EXPLAIN (COSTS OFF) SELECT id FROM r LIMIT (random() * 10)::bigint;
EXPLAIN (COSTS OFF) SELECT a.id FROM r a, r b WHERE a.id = b.id LIMIT 3;
EXPLAIN (COSTS OFF) EXECUTE few(3, 100);
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM r WHERE n > 5 AND id IN (1, 2, 3);
EXPLAIN (COSTS OFF) SELECT count(n) FILTER (WHERE id > 3) FROM r WHERE n > 5;
EXPLAIN (COSTS OFF) SELECT count(*) FROM r WHERE n * 2 > 5;
EXPLAIN (COSTS OFF) SELECT count(*) FROM r WHERE n > 5 OR (n < 3 AND n * 2 > 5);
EXPLAIN (COSTS OFF) SELECT count(*) FROM r WHERE current_user = 'nobody';
EXPLAIN (COSTS OFF) SELECT count(DISTINCT n) FROM r;
EXPLAIN (COSTS OFF) SELECT n, count(*) FROM r GROUP BY n;
EXPLAIN (COSTS OFF) SELECT count(*) FROM r HAVING count(*) > 3;
EXPLAIN (COSTS OFF) SELECT count(*) FROM r WHERE n > 5 LIMIT 1;
EXPLAIN (COSTS OFF) SELECT min(n), max(id) FROM r;
CREATE FOREIGN TABLE plain (id bigint, n integer) SERVER psh_plain OPTIONS (collection 'generated', rows '60');
EXPLAIN (COSTS OFF) SELECT id FROM plain WHERE n > 3 ORDER BY n LIMIT 3;

-- the same rows, however well the remote does it
CREATE FUNCTION differ(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE far text; near text;
BEGIN
	EXECUTE format('SELECT string_agg(x::text, %L) FROM (%s) x', ' ', replace(query, 'TABLE', 'r')) INTO far;
	EXECUTE format('SELECT string_agg(x::text, %L) FROM (%s) x', ' ', replace(query, 'TABLE', 'l')) INTO near;
	RETURN CASE WHEN far IS DISTINCT FROM near THEN format('%s: %s instead of %s', query, far, near) END;
END $$;
CREATE TABLE queries (q text);
INSERT INTO queries VALUES
	('SELECT id, n FROM TABLE ORDER BY n, id'), ('SELECT n FROM TABLE ORDER BY n DESC'), ('SELECT id FROM TABLE ORDER BY n NULLS FIRST, id DESC'),
	('SELECT id FROM TABLE ORDER BY n DESC NULLS LAST, id LIMIT 55'), ('SELECT id, txt FROM TABLE WHERE n > 100 ORDER BY id DESC LIMIT 7 OFFSET 3'),
	('SELECT id FROM TABLE WHERE n > 100 AND n * 2 < 400 ORDER BY id DESC LIMIT 7'), ('SELECT count(*) FROM (SELECT id FROM TABLE WHERE n > 100 LIMIT 7) x'),
	('SELECT id FROM TABLE ORDER BY id LIMIT 0'), ('SELECT id FROM TABLE ORDER BY id LIMIT NULL OFFSET 58'), ('SELECT id FROM TABLE ORDER BY id LIMIT ALL'),
	('SELECT id FROM TABLE WHERE flag ORDER BY id LIMIT 4'), ('SELECT count(*) FROM TABLE'), ('SELECT count(*) FROM TABLE WHERE n > 100'),
	('SELECT count(*) FROM TABLE WHERE flag'), ('SELECT count(*) FROM TABLE WHERE n > 100 AND flag'), ('SELECT count(n) FROM TABLE'),
	('SELECT count(flag) FROM TABLE WHERE n IS NULL'), ('SELECT count(*) FILTER (WHERE n < 300 OR n IS NULL) FROM TABLE WHERE id > 3'),
	('SELECT count(*) FROM TABLE WHERE NOT (n > 100)'), ('SELECT count(*) FROM TABLE WHERE NOT (n > 100 OR flag)'), ('SELECT count(*) FROM TABLE WHERE n = NULL'),
	('SELECT count(*) FROM TABLE WHERE n > 1000'), ('SELECT min(n), max(n), min(id), max(id) FROM TABLE WHERE n < 400'), ('SELECT max(n) FROM TABLE WHERE id < 0'),
	('SELECT min(n) FROM TABLE WHERE flag'), ('SELECT (SELECT count(*) FROM TABLE b WHERE b.n > a.n) FROM l a ORDER BY a.id LIMIT 20'),
	('SELECT (SELECT b.id FROM TABLE b WHERE b.n > a.n ORDER BY b.n LIMIT 1) FROM l a ORDER BY a.id'),
	('SELECT b.id FROM l a, LATERAL (SELECT id FROM TABLE ORDER BY id DESC LIMIT a.id) b WHERE a.id < 5 ORDER BY a.id, b.id'),
	('SELECT count(*) OVER (ORDER BY id) FROM TABLE ORDER BY id LIMIT 5'), ('SELECT id FROM TABLE UNION ALL SELECT id FROM TABLE ORDER BY id LIMIT 5');
SELECT differ(q) FROM queries WHERE differ(q) IS NOT NULL;
ALTER FOREIGN TABLE r OPTIONS (ADD checks 'loosely');
SELECT differ(q) FROM queries WHERE differ(q) IS NOT NULL;
ALTER FOREIGN TABLE r OPTIONS (ADD orders 'not');
SELECT differ(q) FROM queries WHERE differ(q) IS NOT NULL;
ALTER FOREIGN TABLE r OPTIONS (SET checks 'exactly');
SELECT differ(q) FROM queries WHERE differ(q) IS NOT NULL;

-- who did it
CREATE FUNCTION run(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		IF line ~ '^ *(Remote (Order|Limit|Rows|Filter|Aggregate)|Sorted|Counted)' THEN RETURN NEXT trim(line); END IF;
	END LOOP;
END $$;
SELECT run('SELECT id FROM r WHERE n > 100 ORDER BY n DESC LIMIT 4');
SELECT run('SELECT count(*) FROM r WHERE n > 100');
ALTER FOREIGN TABLE r OPTIONS (SET orders 'rightly');
SELECT run('SELECT id FROM r WHERE n > 100 ORDER BY n DESC LIMIT 4');
SELECT run('SELECT min(n) FROM r');
ALTER FOREIGN TABLE r OPTIONS (SET checks 'loosely');
SELECT run('SELECT id FROM r WHERE n > 100 ORDER BY n DESC LIMIT 4');
SELECT run('SELECT count(*) FROM r WHERE n > 100');
ALTER FOREIGN TABLE r OPTIONS (SET checks 'exactly');

-- an order that is claimed and not given is an error, not an answer
ALTER FOREIGN TABLE r OPTIONS (SET orders 'wrongly');
SELECT id FROM r ORDER BY n DESC;
SELECT id FROM r ORDER BY id LIMIT 2;

-- more than work_mem holds
CREATE FOREIGN TABLE big (id bigint, n integer) SERVER psh OPTIONS (collection 'generated', rows '20000', orders 'not');
SET work_mem = '64kB';
SELECT count(*), count(*) FILTER (WHERE id > before) AS in_order
  FROM (SELECT id, lag(id, 1, 30000) OVER () AS before FROM (SELECT id FROM big ORDER BY id DESC OFFSET 0) x) y WHERE id < before;
RESET work_mem;

-- parameters, and rows read once more
ALTER FOREIGN TABLE r OPTIONS (SET orders 'not');
EXECUTE few(2, 100);
EXECUTE few(NULL, 560);
EXECUTE few(0, 100);
EXECUTE few(-1, 100);
ALTER FOREIGN TABLE r OPTIONS (SET orders 'rightly');
EXECUTE few(2, 100);

-- cursors
BEGIN;
DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT id FROM r WHERE n > 500 ORDER BY n DESC;
FETCH 3 FROM c;
FETCH BACKWARD 2 FROM c;
COMMIT;
FETCH LAST FROM c;
FETCH ABSOLUTE 2 FROM c;
CLOSE c;

-- a statement that reads where it writes
CREATE FOREIGN TABLE grows (id bigint) SERVER psh OPTIONS (collection 'grows', schema 'id i64 key', batch_rows '3');
INSERT INTO grows SELECT generate_series(1, 10);
INSERT INTO grows SELECT id + 100 FROM grows WHERE id > 3 ORDER BY id DESC LIMIT 4;
INSERT INTO grows SELECT count(*) + 1000 FROM grows WHERE id > 3;
SELECT id FROM grows ORDER BY id DESC LIMIT 7;

-- conditions with times that never come
CREATE FOREIGN TABLE t (id bigint, ts timestamptz) SERVER psh OPTIONS (collection 'generated', rows '5');
SELECT count(*) FROM t WHERE ts < 'infinity';
SELECT count(*) FROM t WHERE ts > '-infinity' AND ts <> 'infinity';
SELECT count(*) FROM t WHERE ts >= 'infinity' OR ts IN ('infinity', '-infinity');
SELECT count(*) FROM t WHERE ts NOT IN ('infinity');

-- what reading rounds, or PostgreSQL compares by another rule than bytes, is not the remote's to check or to sort
CREATE DOMAIN cents AS numeric(9, 2);
CREATE DOMAIN moment AS timestamptz;
CREATE FOREIGN TABLE odd (id bigint, price numeric(9, 2), whole numeric, c cents, prices numeric(9, 2)[], at timestamptz(0), exact timestamptz(6), days date[], padded char(5)[],
	words text[], name varchar(3)) SERVER psh OPTIONS (collection 'generated', rows '5');
CREATE FUNCTION planned(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line ~ '^ *Remote Filter' THEN RETURN trim(line); END IF;
	END LOOP;
	RETURN 'nothing';
END $$;
SELECT c, planned('SELECT id FROM odd WHERE ' || c) FROM unnest(ARRAY['price = 1.24 AND whole = 1.24', 'price IN (1.24)', 'price IS NULL', 'c < 1', '1.24 = ANY(prices)', 'prices @> ''{1.24}''',
	'at < now()', 'exact < ''2024-01-01Z''', 'days @> ''{2024-01-01}''', 'padded && ''{a}''', 'words && ''{a}''', 'name = ''a''']) c;
EXPLAIN (COSTS OFF) SELECT id FROM odd ORDER BY price;
CREATE FOREIGN TABLE moments (id bigint, ts moment) SERVER psh OPTIONS (collection 'generated', rows '5');
SELECT count(*) FROM moments WHERE ts < 'infinity'::moment AND ts <> ALL('{infinity,-infinity}'::moment[]);
-- no value is in an empty list, not even NULL
SELECT differ(q) FROM unnest(ARRAY['SELECT id FROM TABLE WHERE n <> ALL(''{}'') ORDER BY id', 'SELECT count(*) FROM TABLE WHERE NOT n = ANY(''{}'')',
	'SELECT count(*) FROM TABLE WHERE n = ANY(''{}'')', 'SELECT count(*) FROM TABLE WHERE n <> ALL(''{NULL}'')']) q WHERE differ(q) IS NOT NULL;

-- what a writer did
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) INSERT INTO grows SELECT generate_series(2001, 2010);
SELECT count(*) FROM grows WHERE id > 2000;

RESET search_path;
SET client_min_messages = warning;
DROP SERVER psh CASCADE;
DROP SERVER psh_plain CASCADE;
DROP SCHEMA psh CASCADE;
