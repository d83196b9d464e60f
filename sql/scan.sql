-- How do remote rows become rows?
CREATE SERVER scan FOREIGN DATA WRAPPER test_fdw OPTIONS (dimensions '4');
CREATE SCHEMA scan;
SET search_path = scan;
SET timezone = 'UTC';
CREATE FOREIGN TABLE gen (id bigint NOT NULL, n int, txt text, v real[] OPTIONS (dim '4'),
	price float8, flag boolean, js jsonb, ts timestamptz) SERVER scan OPTIONS (rows '25', batch_rows '10');
CREATE FOREIGN TABLE counters (name text, value bigint) SERVER scan;

SELECT * FROM gen WHERE id IN (1, 10, 11, 20, 25);
SELECT count(*), sum(id), count(n), sum(v[1]), sum(v[4]), sum(price), count(*) FILTER (WHERE flag), max(ts) FROM gen;

-- projections: only what is needed is asked for
SELECT count(*) FROM gen;
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM gen;
EXPLAIN (VERBOSE, COSTS OFF) SELECT txt FROM gen WHERE id > 3 ORDER BY price;
SELECT txt FROM gen WHERE id > 22 ORDER BY price DESC;
SELECT g FROM gen g WHERE id = 2;
SELECT to_jsonb(g) FROM gen g WHERE id = 2;
SELECT tableoid::regclass, id FROM gen WHERE id = 3;
SELECT tableoid::regclass, count(*) FROM gen GROUP BY 1;
SELECT ctid FROM gen WHERE id = 3;
SELECT 1 FROM gen WHERE false;
SELECT id FROM gen WHERE id = 4 FOR UPDATE;

-- LIMIT stops reading
SELECT id FROM gen LIMIT 3;
SELECT id FROM gen LIMIT 0;
SELECT id FROM gen OFFSET 24;
CREATE FOREIGN TABLE endless (id bigint, n int) SERVER scan OPTIONS (rows '9223372036854775807');
SELECT id FROM endless WHERE n IS NULL LIMIT 2;

-- batches of all lengths
CREATE FOREIGN TABLE short (id bigint, v real[] OPTIONS (dim '4'), txt text) SERVER scan OPTIONS (collection 'generated', rows '20', short_batches 'true');
SELECT * FROM short;
CREATE FOREIGN TABLE single (id bigint) SERVER scan OPTIONS (rows '7', fetch_size '1');
SELECT array_agg(id) FROM single;
CREATE FOREIGN TABLE empty (id bigint, v real[] OPTIONS (dim '4')) SERVER scan OPTIONS (rows '0');
SELECT * FROM empty;
SELECT count(*), max(id) FROM empty;

-- the same rows again: nested loops, within a batch and over many
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SELECT count(*), sum(a.id * b.id) FROM gen a, gen b WHERE a.id <= 12;
SELECT count(*), sum(a.id * b.id) FROM gen a, single b;
SELECT count(*), sum(a.id * b.id) FROM (SELECT id FROM gen WHERE id < 4) a, LATERAL (SELECT id FROM gen WHERE gen.id > a.id LIMIT 3) b;
SELECT a.id, (SELECT sum(b.id) FROM gen b WHERE b.id < a.id) FROM short a WHERE a.id < 4;
SELECT a.id, (SELECT b.v FROM short b WHERE b.id = a.id) = a.v FROM gen a WHERE a.id < 4;
SELECT a.id FROM single a WHERE NOT EXISTS (SELECT FROM empty b WHERE b.id > a.id) AND a.id < 3;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
SELECT count(*) FROM gen a JOIN gen b USING (id) WHERE a.v = b.v;

-- vectors stay good for as long as PostgreSQL looks at them
SELECT array_agg(v ORDER BY id DESC) = (SELECT array_agg(ARRAY[i, i + 0.25, i + 0.5, i + 0.75]::real[] ORDER BY i DESC) FROM generate_series(1, 25) i) FROM gen;
SELECT DISTINCT ON (v) id FROM short ORDER BY v, id LIMIT 3;
SELECT id, lag(v) OVER (ORDER BY id) FROM gen WHERE id BETWEEN 9 AND 12;
CREATE TEMP TABLE copied AS SELECT * FROM gen;
SELECT count(*) FROM copied JOIN gen USING (id) WHERE copied.* = gen.*;

-- two cursors that take turns, and one that outlives its transaction
BEGIN;
DECLARE one CURSOR FOR SELECT id, v FROM gen;
DECLARE two CURSOR FOR SELECT id, txt FROM gen WHERE id > 8;
DECLARE kept CURSOR WITH HOLD FOR SELECT id, v FROM gen;
FETCH 2 FROM one;
FETCH 2 FROM two;
FETCH 9 FROM one;
FETCH 2 FROM two;
FETCH 1 FROM kept;
MOVE 20 FROM one;
FETCH 2 FROM one;
FETCH 1 FROM two;
CLOSE one;
FETCH 1 FROM two;
COMMIT;
FETCH 2 FROM kept;
CLOSE kept;
BEGIN;
DECLARE back SCROLL CURSOR FOR SELECT id, v FROM gen;
FETCH 12 FROM back;
FETCH BACKWARD 3 FROM back;
ROLLBACK;

-- in functions, prepared, and in loops that are left early
CREATE FUNCTION first_above(start bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
	FOR r IN SELECT id, v FROM gen LOOP
		IF r.id > start THEN RETURN r.id; END IF;
	END LOOP;
	RETURN NULL;
END $$;
SELECT first_above(5), first_above(11), first_above(100);
PREPARE above(bigint) AS SELECT count(*), min(v) FROM gen WHERE id > $1;
EXECUTE above(5);
EXECUTE above(24);
EXECUTE above(100);
DEALLOCATE above;

-- columns that come and go
ALTER FOREIGN TABLE gen DROP COLUMN txt, DROP COLUMN v;
SELECT * FROM gen WHERE id = 2;
ALTER FOREIGN TABLE gen ADD COLUMN words text OPTIONS (field 'txt'), ADD COLUMN u real[] OPTIONS (field 'v');
SELECT * FROM gen WHERE id = 2;
SELECT g FROM gen g WHERE id = 2;
ALTER FOREIGN TABLE gen RENAME COLUMN flag TO flagged;
SELECT flagged FROM gen;
ALTER FOREIGN TABLE gen ALTER flagged OPTIONS (ADD field 'flag');
SELECT flagged FROM gen WHERE id < 3;

-- the root of a partitioned table and of inheritance
CREATE TABLE parent (id bigint, txt text) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE part_generated PARTITION OF parent FOR VALUES FROM (1) TO (100) SERVER scan OPTIONS (rows '3');
CREATE TABLE part_local PARTITION OF parent FOR VALUES FROM (100) TO (200);
INSERT INTO part_local VALUES (100, 'local');
SELECT tableoid::regclass, * FROM parent ORDER BY id;

-- a column of a type that its field cannot become
CREATE FOREIGN TABLE wrong (id boolean, v int OPTIONS (field 'v'), txt text[] OPTIONS (field 'txt'), flag real, js int) SERVER scan OPTIONS (rows '3');
SELECT id FROM wrong;
SELECT v FROM wrong;
SELECT txt FROM wrong;
SELECT flag FROM wrong;
SELECT js FROM wrong;

-- rights of a view's owner
CREATE ROLE regress_scan;
GRANT USAGE ON SCHEMA scan TO regress_scan;
CREATE VIEW seen AS SELECT id FROM gen WHERE id < 3;
GRANT SELECT ON seen TO regress_scan;
SET ROLE regress_scan;
SELECT * FROM seen;
SELECT * FROM gen;
RESET ROLE;

-- everything that was opened is closed
SELECT * FROM counters WHERE name <> 'opened';
RESET search_path;
DROP SERVER scan CASCADE;
DROP SCHEMA scan CASCADE;
DROP OWNED BY regress_scan;
DROP ROLE regress_scan;
