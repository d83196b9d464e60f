-- How does UPDATE change rows?
CREATE SERVER upd FOREIGN DATA WRAPPER test_filter_fdw;
CREATE SCHEMA upd;
SET search_path = upd;
CREATE FOREIGN TABLE changed (what text) SERVER upd OPTIONS (collection 'changed', schema 'what text');
CREATE FOREIGN TABLE counters (name text, value bigint) SERVER upd;
CREATE FOREIGN TABLE docs (id bigint OPTIONS (key 'true'), dropped int, txt text, n int, v real[] OPTIONS (dim '2')) SERVER upd
	OPTIONS (collection 'docs', schema 'id i64 key, txt text null bytes=20, n i32 null, v vec_f32 null dim=2', batch_rows '3', batch_size '2', check_keys 'true');
ALTER FOREIGN TABLE docs DROP COLUMN dropped;
INSERT INTO docs SELECT i, 'row ' || i, i * 10, ARRAY[i, i] FROM generate_series(1, 8) i;
SELECT what FROM changed;

UPDATE docs SET txt = 'one' WHERE id = 1;
UPDATE docs SET txt = NULL, v = NULL WHERE id IN (2, 3);
UPDATE docs SET n = n + 1;
UPDATE docs SET n = 0 WHERE id = 1000;
UPDATE docs SET (txt, n) = (SELECT 'sub', 5) WHERE id = 4;
UPDATE docs SET txt = DEFAULT WHERE id = 4;
UPDATE docs SET id = id, txt = 'same key' WHERE id = 5;
SELECT * FROM docs ORDER BY id;
SELECT what FROM changed;

-- a row that was changed is not seen again, in batches of any size
UPDATE docs SET n = n + 1000 WHERE n < 100000;
SELECT count(*), min(n), max(n) FROM docs;

-- the key stays
UPDATE docs SET id = id + 100 WHERE id = 6;
UPDATE docs SET id = NULL WHERE id = 6;
UPDATE docs SET id = 9 - id;

-- RETURNING, whole rows, tableoid, system columns
UPDATE docs SET txt = upper(txt) WHERE id = 1 RETURNING *, tableoid::regclass, docs, n - 1 AS less;
WITH u AS (UPDATE docs SET n = -n WHERE id < 4 RETURNING id, n) SELECT count(*), sum(n) FROM u;
UPDATE docs d SET txt = (d).id::text || ' ' || (d.*)::text WHERE id = 2;
UPDATE docs SET txt = left(docs::text, 20) WHERE id = 2 RETURNING id, txt;

-- joins: the first match counts, as with PostgreSQL's own tables
CREATE TABLE source (k bigint, t text);
INSERT INTO source VALUES (1, 'a'), (2, 'b'), (2, 'b'), (2, 'b'), (99, 'z');
ANALYZE source;
UPDATE docs SET txt = source.t FROM source WHERE k = id RETURNING id, txt;
UPDATE docs SET txt = 'joined' FROM docs other WHERE other.id = docs.id + 1 AND docs.id <= 3 RETURNING docs.id, other.id;
UPDATE docs SET n = (SELECT count(*) FROM docs d WHERE d.id <= docs.id) WHERE id > 5;
ALTER FOREIGN TABLE docs OPTIONS (ADD max_in_flight '1');
UPDATE docs SET n = (SELECT count(*) FROM docs d WHERE d.n >= docs.n);
SELECT array_agg(n ORDER BY n) FROM docs;
UPDATE docs SET n = -1 WHERE id IN (SELECT k FROM source);
UPDATE docs SET n = -2 WHERE id = (SELECT max(id) FROM docs);
SELECT id, txt, n FROM docs ORDER BY id;
-- looked up by a join, one by one
SET enable_memoize = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
ALTER SERVER upd OPTIONS (ADD fdw_startup_cost '0', ADD fdw_tuple_cost '100');
EXPLAIN (VERBOSE, COSTS OFF) UPDATE docs SET txt = 'looked up' FROM source WHERE k = id;
UPDATE docs SET txt = 'looked up', n = n + 1 FROM source WHERE k = id;
SELECT id, txt, n FROM docs WHERE id < 4 ORDER BY id;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
RESET enable_memoize;
ALTER SERVER upd OPTIONS (DROP fdw_startup_cost, DROP fdw_tuple_cost);

-- EXPLAIN, prepared statements, cursors
EXPLAIN (VERBOSE, COSTS OFF) UPDATE docs SET txt = 'x' WHERE id = 1;
EXPLAIN (COSTS OFF) UPDATE docs SET txt = 'x' WHERE id = (SELECT max(k) FROM source) AND txt LIKE 'a%';
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) UPDATE docs SET txt = 'analyzed' WHERE id = 1;
PREPARE p(bigint, text) AS UPDATE docs SET txt = $2 WHERE id = $1;
EXECUTE p(1, 'prepared');
EXECUTE p(2, 'prepared');
SET plan_cache_mode = force_generic_plan;
EXECUTE p(3, 'generic');
EXPLAIN (COSTS OFF) EXECUTE p(3, 'generic');
RESET plan_cache_mode;
SELECT id, txt FROM docs WHERE id < 4 ORDER BY id;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM docs ORDER BY id;
FETCH c;
UPDATE docs SET txt = 'x' WHERE CURRENT OF c;
ROLLBACK;
BEGIN;
SELECT id FROM docs WHERE id < 3 ORDER BY id FOR UPDATE;
COMMIT;
MERGE INTO docs USING source ON k = id WHEN MATCHED THEN UPDATE SET txt = t;
BEGIN READ ONLY;
UPDATE docs SET txt = 'x';
ROLLBACK;

-- without a mark every column that could be the key goes along
CREATE FOREIGN TABLE unmarked (txt text, n int, id bigint, v real[] OPTIONS (dim '2')) SERVER upd OPTIONS (collection 'docs');
EXPLAIN (VERBOSE, COSTS OFF) UPDATE unmarked SET n = 1 WHERE id = 1;
UPDATE unmarked SET n = 77 WHERE id = 1 RETURNING *;
-- a wrong mark, none that could be, no column, no key
CREATE FOREIGN TABLE wrong (id bigint, txt text OPTIONS (key 'true'), n int, v real[]) SERVER upd OPTIONS (collection 'docs');
UPDATE wrong SET n = 1;
CREATE FOREIGN TABLE two (id bigint OPTIONS (key 'true'), txt text OPTIONS (key 'true'), n int, v real[]) SERVER upd OPTIONS (collection 'docs');
UPDATE two SET n = 1;
CREATE FOREIGN TABLE uuids (id uuid, n int) SERVER upd OPTIONS (collection 'uuids', schema 'id text key, n i32');
INSERT INTO uuids VALUES ('00000000-0000-0000-0000-000000000001', 1), ('00000000-0000-0000-0000-000000000002', 2);
UPDATE uuids SET n = 3;
ALTER FOREIGN TABLE uuids ALTER COLUMN id OPTIONS (ADD key 'true');
UPDATE uuids SET n = n + 1 FROM generate_series(1, 2) RETURNING *;
CREATE FOREIGN TABLE keyless (txt text, n int) SERVER upd OPTIONS (collection 'docs');
UPDATE keyless SET n = 1;
CREATE FOREIGN TABLE nokey (a bigint, b text) SERVER upd OPTIONS (collection 'nokey', schema 'a i64, b text');
UPDATE nokey SET b = 'x';
ALTER FOREIGN TABLE nokey ALTER COLUMN a OPTIONS (ADD key 'true');
UPDATE nokey SET b = 'x';
CREATE FOREIGN TABLE missing (id bigint) SERVER upd OPTIONS (collection 'gone');
UPDATE missing SET id = 1;
-- a field that no column holds would be lost
CREATE FOREIGN TABLE part (id bigint OPTIONS (key 'true'), n int) SERVER upd OPTIONS (collection 'docs');
UPDATE part SET n = 1;
-- a key of text; a key that the remote made
CREATE FOREIGN TABLE texts (k text OPTIONS (key 'true'), n int) SERVER upd OPTIONS (collection 'texts', schema 'k text key, n i32', check_keys 'true');
INSERT INTO texts VALUES ('a', 1), ('b', 2), ('ä', 3), (repeat('long', 1000), 4);
UPDATE texts SET n = n * 10 FROM generate_series(1, 3) WHERE k <> 'b';
SELECT left(k, 5), n FROM texts ORDER BY n;
CREATE FOREIGN TABLE auto (id bigint OPTIONS (key 'true'), txt text) SERVER upd OPTIONS (collection 'auto', schema 'id i64 key auto, txt text');
INSERT INTO auto (txt) VALUES ('a'), ('b');
UPDATE auto SET txt = txt || '!' RETURNING *;

-- generated and identity columns
CREATE FOREIGN TABLE made (id bigint OPTIONS (key 'true') GENERATED BY DEFAULT AS IDENTITY, txt text, len int GENERATED ALWAYS AS (length(txt)) STORED)
	SERVER upd OPTIONS (collection 'made', schema 'id i64 key, txt text null, len i32 null');
INSERT INTO made (txt) VALUES ('a'), ('bb');
UPDATE made SET txt = txt || txt RETURNING *;
UPDATE made SET len = 3;
UPDATE made SET len = DEFAULT, txt = 'four' WHERE id = 1;
SELECT * FROM made ORDER BY id;
SELECT what FROM changed WHERE what LIKE '%len%';

-- row triggers
CREATE FOREIGN TABLE triggered (id bigint OPTIONS (key 'true'), txt text, n int) SERVER upd OPTIONS (collection 'triggered', schema 'id i64 key, txt text null, n i32 null');
CREATE FOREIGN TABLE look (id bigint, txt text, n int) SERVER upd OPTIONS (collection 'triggered');
INSERT INTO triggered VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3);
CREATE FUNCTION before_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.id = 2 THEN RETURN NULL; END IF;
	new.n := old.n + 100;
	RETURN new;
END $$;
CREATE FUNCTION after_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% %: % became %, and the remote has %', tg_when, tg_op, old, new,
		(SELECT look FROM upd.look WHERE id = old.id);
	RETURN NULL;
END $$;
CREATE TRIGGER first BEFORE UPDATE ON triggered FOR EACH ROW EXECUTE FUNCTION before_row();
UPDATE triggered SET txt = upper(txt) RETURNING *;
SELECT what FROM changed WHERE what = 'id txt n';
CREATE TRIGGER last AFTER UPDATE ON triggered FOR EACH ROW EXECUTE FUNCTION after_row();
UPDATE triggered SET txt = lower(txt);
SELECT * FROM triggered ORDER BY id;
DROP TRIGGER last ON triggered;
CREATE FUNCTION after_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% %: the remote has %', tg_when, tg_op, (SELECT array_agg(n ORDER BY id) FROM upd.look);
	RETURN NULL;
END $$;
CREATE TRIGGER whole AFTER UPDATE OR DELETE ON triggered FOR EACH STATEMENT EXECUTE FUNCTION after_statement();
UPDATE triggered SET n = 0;
WITH u AS (UPDATE triggered SET n = 0 RETURNING n) SELECT sum(n) FROM u;
DELETE FROM triggered WHERE id = 3;
DELETE FROM triggered WHERE id % 3 = 2;
WITH d AS (DELETE FROM triggered RETURNING n) SELECT sum(n) FROM d;

-- views
CREATE VIEW small AS SELECT id, n, txt FROM docs WHERE id < 4 WITH CHECK OPTION;
UPDATE small SET n = 0 WHERE id > 1 RETURNING *;
CREATE VIEW few AS SELECT id, n, txt FROM docs WHERE n < 100 WITH CHECK OPTION;
UPDATE few SET n = 1000 WHERE id = 1;
SELECT id, n FROM docs WHERE id < 4 ORDER BY id;
SELECT table_name, is_updatable, is_insertable_into FROM information_schema.views WHERE table_schema = 'upd' ORDER BY 1;

-- partitions, of which some are foreign
CREATE TABLE parent (id bigint, txt text, n int) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE part_a PARTITION OF parent FOR VALUES FROM (1) TO (100) SERVER upd
	OPTIONS (collection 'a', schema 'id i64 key, txt text null, n i32 null', batch_size '2', check_keys 'true');
ALTER FOREIGN TABLE part_a ALTER id OPTIONS (ADD key 'true');
CREATE FOREIGN TABLE part_b (n int, txt text, id bigint) SERVER upd OPTIONS (collection 'b', schema 'id i64 key, txt text null, n i32 null');
ALTER TABLE parent ATTACH PARTITION part_b FOR VALUES FROM (100) TO (200);
CREATE TABLE part_0 PARTITION OF parent FOR VALUES FROM (-100) TO (1);
CREATE TABLE part_c PARTITION OF parent FOR VALUES FROM (200) TO (300);
INSERT INTO parent SELECT i, 'row ' || i, i FROM generate_series(-70, 250, 20) i;
UPDATE parent SET n = n + 1;
UPDATE parent SET txt = 'x' WHERE id IN (10, 110, 210) RETURNING tableoid::regclass, *;
UPDATE parent SET txt = t FROM source WHERE k = id - 9;
-- rows that move into a foreign partition are not updated again there; rows of it stay
ALTER FOREIGN TABLE part_a OPTIONS (SET batch_size '1', ADD max_in_flight '1');
UPDATE parent SET id = abs(id) / 10, n = n + 1000 WHERE id < 10;
UPDATE parent SET id = id - 175, n = n + 10000 WHERE id > 200 RETURNING tableoid::regclass, *;
SELECT tableoid::regclass, * FROM parent ORDER BY id;
UPDATE parent SET id = id - 300 WHERE n > 10000;
UPDATE part_a SET id = 105 WHERE id = 30;
EXPLAIN (COSTS OFF) UPDATE parent SET n = 1 WHERE id IN (10, 110);
-- values, not keys, that decide on the partition
CREATE TABLE kinds (id bigint, kind int) PARTITION BY LIST (kind);
CREATE FOREIGN TABLE kind_1 PARTITION OF kinds FOR VALUES IN (1) SERVER upd OPTIONS (collection 'k1', schema 'id i64 key, kind i32');
ALTER FOREIGN TABLE kind_1 ALTER id OPTIONS (ADD key 'true');
CREATE FOREIGN TABLE kind_2 PARTITION OF kinds FOR VALUES IN (2) SERVER upd OPTIONS (collection 'k2', schema 'id i64 key, kind i32');
ALTER FOREIGN TABLE kind_2 ALTER id OPTIONS (ADD key 'true');
CREATE TABLE kind_0 PARTITION OF kinds FOR VALUES IN (0);
INSERT INTO kinds VALUES (1, 1), (2, 2), (3, 0), (4, 0);
UPDATE kinds SET kind = 2 WHERE id = 1;
UPDATE kinds SET kind = kind + 1 WHERE kind <> 1 AND id <> 2 RETURNING tableoid::regclass, *;
SELECT tableoid::regclass, * FROM kinds ORDER BY id;

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
CREATE FOREIGN TABLE lost (id bigint OPTIONS (key 'true'), txt text, n int, v real[]) SERVER upd
	OPTIONS (collection 'docs', batch_size '3', batch_rows '100', unknown_at '5');
SELECT try($$UPDATE docs SET txt = CASE WHEN id = 6 THEN 'far too long for this field' ELSE 'ok' END$$);
SELECT try('UPDATE docs SET id = CASE WHEN id = 8 THEN 9 ELSE id END');
SELECT try('UPDATE lost SET n = 0');
BEGIN;
UPDATE docs SET n = 1 WHERE id = 1;
SAVEPOINT a;
UPDATE docs SET n = 2 WHERE id IN (1, 2);
ROLLBACK TO a;
ROLLBACK;
SELECT id, n FROM docs WHERE id < 3 ORDER BY id;

-- not writable
ALTER FOREIGN TABLE docs OPTIONS (ADD updatable 'false');
UPDATE docs SET n = 1;
UPDATE small SET n = 1;
ALTER SERVER upd OPTIONS (ADD updatable 'false');
UPDATE texts SET n = 1;
ALTER FOREIGN TABLE docs OPTIONS (SET updatable 'true');
UPDATE docs SET n = 3 WHERE id = 1;

SELECT * FROM counters WHERE name <> 'opened';
RESET search_path;
SET client_min_messages = warning;
DROP SERVER upd CASCADE;
DROP SCHEMA upd CASCADE;
