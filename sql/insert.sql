-- How do INSERT, COPY FROM and tuple routing write?
CREATE SERVER ins FOREIGN DATA WRAPPER test_fdw;
CREATE SCHEMA ins;
SET search_path = ins;
CREATE FOREIGN TABLE docs (id bigint, txt text, v real[] OPTIONS (dim '2')) SERVER ins
	OPTIONS (collection 'docs', schema 'id i64 key, txt text null bytes=20, v vec_f32 null dim=2');
CREATE FOREIGN TABLE counters (name text, value bigint) SERVER ins;

INSERT INTO docs VALUES (1, 'one', '{1,2}'), (2, NULL, '{3,4}'), (3, '', NULL);
INSERT INTO docs (v, id) VALUES ('{5,6}', 4);
INSERT INTO docs (id) VALUES (5);
INSERT INTO docs SELECT i, 'row ' || i, ARRAY[i, i] FROM generate_series(6, 8) i;
INSERT INTO docs SELECT 0 WHERE false;
SELECT * FROM docs;
INSERT INTO docs DEFAULT VALUES;
INSERT INTO docs (id, nothing) VALUES (1, 2);

-- no conflict resolution
INSERT INTO docs (id) VALUES (9) ON CONFLICT DO NOTHING;
INSERT INTO docs (id) VALUES (9) ON CONFLICT (id) DO UPDATE SET txt = 'x';

-- RETURNING, CTEs
INSERT INTO docs VALUES (9, 'nine', '{9,9}'), (10, 'ten', NULL) RETURNING *, id * 2 AS twice;
WITH new AS (INSERT INTO docs VALUES (11, 'eleven') RETURNING id) SELECT count(*), max(id) FROM new;
SELECT count(*) FROM docs;

-- the table that is being read
INSERT INTO docs SELECT id + 100, 'again', v FROM docs;
SELECT count(*), sum(id) FROM docs;
CREATE FOREIGN TABLE docs_slow (id bigint, txt text, v real[] OPTIONS (dim '2')) SERVER ins OPTIONS (collection 'docs', batch_rows '3', batch_size '2');
INSERT INTO docs_slow SELECT id + 1000, 'again', v FROM docs_slow;
SELECT count(*), sum(id) FROM docs;

-- batches of every size around their border, all in flight or one at a time
CREATE FOREIGN TABLE sink (id bigint, v real[] OPTIONS (dim '2')) SERVER ins
	OPTIONS (collection 'sink', schema 'id i64 key, v vec_f32 dim=2', batch_size '7', max_in_flight '1');
DO $$
DECLARE
	total bigint := 0;
	found bigint;
BEGIN
	FOR flight IN 1..3 LOOP
		EXECUTE format('ALTER FOREIGN TABLE sink OPTIONS (SET max_in_flight %L)', flight);
		FOR size IN 0..30 LOOP
			INSERT INTO sink SELECT i, ARRAY[i, size] FROM generate_series(1, size) i;
			total := total + size;
		END LOOP;
	END LOOP;
	SELECT count(*) INTO found FROM sink WHERE v[1] = id;
	RAISE NOTICE 'inserted %, found %', total, found;
END $$;
-- and by bytes
ALTER FOREIGN TABLE sink OPTIONS (SET batch_size '1000', ADD batch_bytes '1024', ADD delay_ms '1');
INSERT INTO sink SELECT i, ARRAY[i, -1] FROM generate_series(1, 500) i;
SELECT count(*), sum(id), bool_and(v[1] = id) FROM sink WHERE v[2] = -1;

-- columns the table lacks, that the remote makes, that were dropped
CREATE FOREIGN TABLE auto (id bigint, dropped int, txt text) SERVER ins OPTIONS (collection 'auto', schema 'id i64 key auto, txt text, more i32 default');
ALTER FOREIGN TABLE auto DROP COLUMN dropped;
INSERT INTO auto (txt) VALUES ('a'), ('b');
INSERT INTO auto VALUES (7, 'c');
SELECT * FROM auto;
-- a collection that takes more fields than it has
CREATE FOREIGN TABLE dyn (id bigint, "any thing" jsonb, list int[], name text) SERVER ins OPTIONS (collection 'dyn', schema 'id i64 key | dynamic');
INSERT INTO dyn VALUES (1, '{"a": [1, 2]}', '{1,2}', 'x'), (2, NULL, NULL, NULL);
SELECT * FROM dyn;
-- a column that no field has
CREATE FOREIGN TABLE unknown (id bigint, txt text, nope text OPTIONS (field 'nope.x')) SERVER ins OPTIONS (collection 'docs');
INSERT INTO unknown VALUES (1);
CREATE FOREIGN TABLE missing (id bigint) SERVER ins OPTIONS (collection 'gone');
INSERT INTO missing VALUES (1);

-- generated columns and defaults; NOT NULL and CHECK of a foreign table are promises that PostgreSQL does not check
CREATE FOREIGN TABLE strict (id bigint NOT NULL DEFAULT 42, txt text CHECK (txt <> 'bad'), v real[], len int GENERATED ALWAYS AS (length(txt)) STORED)
	SERVER ins OPTIONS (collection 'strict', schema 'id i64 key, txt text null, v vec_f32 null dim=2, len i32 null');
INSERT INTO strict (txt) VALUES ('good');
INSERT INTO strict VALUES (NULL, 'x');
INSERT INTO strict VALUES (1, 'bad');
SELECT * FROM strict;

-- COPY
COPY docs (id, txt) FROM stdin;
21	copied
22	\N
\.
COPY docs FROM stdin WITH (FORMAT csv);
23,"a, b","{1,2}"
24,,
\.
SELECT * FROM docs WHERE id BETWEEN 21 AND 24;
COPY docs FROM stdin WITH (FORMAT csv);
25,ok,
26,far too long for this field,
\.
COPY docs FROM stdin WITH (FORMAT csv) WHERE id > 100;
27,not this one,
\.
COPY (SELECT id FROM docs WHERE id < 3) TO stdout;

-- partitions: by INSERT, COPY and a row that moves
CREATE TABLE parent (id bigint, txt text, v real[]) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE part_a PARTITION OF parent FOR VALUES FROM (1) TO (100) SERVER ins OPTIONS (collection 'a', schema 'id i64 key, txt text null, v vec_f32 null dim=2');
CREATE FOREIGN TABLE part_b (v real[], txt text, id bigint) SERVER ins OPTIONS (collection 'b', schema 'id i64 key, txt text null, v vec_f32 null dim=2', batch_size '2');
ALTER TABLE parent ATTACH PARTITION part_b FOR VALUES FROM (100) TO (200);
CREATE TABLE part_c PARTITION OF parent FOR VALUES FROM (200) TO (300);
INSERT INTO parent SELECT i, 'row ' || i, ARRAY[i, i] FROM generate_series(50, 249, 50) i;
COPY parent FROM stdin;
60	copied	{6,6}
160	copied	\N
161	copied	\N
162	copied	\N
260	copied	\N
\.
SELECT tableoid::regclass, * FROM parent ORDER BY id;
INSERT INTO parent VALUES (99, 'x') ON CONFLICT DO NOTHING;
INSERT INTO parent VALUES (400, 'x');
INSERT INTO parent VALUES (51, 'x', '{1,2,3}');
INSERT INTO part_b VALUES (NULL, 'not checked here', 300);
UPDATE part_c SET txt = 'still here';
UPDATE parent SET id = 70 WHERE id = 260;
UPDATE parent SET txt = 'x' WHERE id = 70;
SELECT tableoid::regclass, * FROM parent WHERE id = 70;
CREATE TABLE parent2 (LIKE parent) PARTITION BY RANGE (id);
CREATE TABLE part_d PARTITION OF parent2 FOR VALUES FROM (200) TO (300);
INSERT INTO parent2 VALUES (201, 'moves', '{7,7}'), (202, 'stays', NULL);
CREATE FOREIGN TABLE part_e PARTITION OF parent2 FOR VALUES FROM (1) TO (100) SERVER ins OPTIONS (collection 'e', schema 'id i64 key, txt text null, v vec_f32 null dim=2');
UPDATE parent2 SET id = 20 WHERE id = 201;
WITH d AS (SELECT 1) UPDATE part_d SET txt = 'local' FROM d;
SELECT tableoid::regclass, * FROM parent2 ORDER BY id;

-- triggers: BEFORE changes the row, AFTER runs once the remote has all of them
CREATE FOREIGN TABLE triggered (id bigint, txt text) SERVER ins OPTIONS (collection 'triggered', schema 'id i64 key, txt text null');
CREATE FOREIGN TABLE look (id bigint, txt text) SERVER ins OPTIONS (collection 'triggered');
CREATE FUNCTION before_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.id < 0 THEN RETURN NULL; END IF;
	new.txt := upper(new.txt);
	RETURN new;
END $$;
CREATE FUNCTION after_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% % of %: the remote has % rows', tg_when, new, tg_table_name, (SELECT count(*) FROM ins.look);
	RETURN new;
END $$;
CREATE FUNCTION after_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% %: the remote has % rows', tg_when, tg_level, (SELECT count(*) FROM ins.look);
	RETURN NULL;
END $$;
CREATE TRIGGER first BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION before_row();
INSERT INTO triggered VALUES (1, 'a'), (-1, 'b'), (2, 'c') RETURNING *;
CREATE TRIGGER last AFTER INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION after_row();
INSERT INTO triggered VALUES (3, 'd'), (4, 'e');
COPY triggered FROM stdin;
5	f
6	g
\.
DROP TRIGGER last ON triggered;
CREATE TRIGGER whole AFTER INSERT ON triggered FOR EACH STATEMENT EXECUTE FUNCTION after_statement();
INSERT INTO triggered VALUES (7, 'h'), (8, 'i');
SELECT * FROM triggered;

-- views: a row that its view refuses is not sent
CREATE FOREIGN TABLE checked (id bigint, txt text) SERVER ins OPTIONS (collection 'checked', schema 'id i64 key, txt text null', batch_size '1');
CREATE VIEW small AS SELECT * FROM checked WHERE id < 10 WITH CHECK OPTION;
INSERT INTO small VALUES (1, 'a'), (2, 'b');
INSERT INTO small VALUES (10, 'x');
SET client_min_messages = error;
INSERT INTO small VALUES (3, 'c'), (11, 'x'), (4, 'd');
RESET client_min_messages;
SELECT * FROM checked;

-- what a rollback cannot take back
BEGIN;
INSERT INTO docs (id) VALUES (31), (32);
ROLLBACK;
BEGIN;
INSERT INTO docs (id) VALUES (33);
SAVEPOINT a;
INSERT INTO docs (id) VALUES (34), (35);
INSERT INTO triggered VALUES (9, 'j');
ROLLBACK TO a;
SAVEPOINT b;
INSERT INTO docs (id) VALUES (36);
RELEASE b;
COMMIT;
BEGIN;
INSERT INTO docs (id) VALUES (37);
SAVEPOINT a;
SAVEPOINT b;
INSERT INTO docs (id) VALUES (38);
RELEASE b;
RELEASE a;
ROLLBACK;
-- one warning, however many statements
BEGIN;
DO $$ BEGIN FOR i IN 1..4 LOOP INSERT INTO ins.docs (id) VALUES (i + 900); END LOOP; END $$;
SAVEPOINT a;
DO $$ BEGIN FOR i IN 1..3 LOOP INSERT INTO ins.docs (id) VALUES (i + 910); END LOOP; END $$;
ROLLBACK TO a;
ROLLBACK;
DO $$
BEGIN
	BEGIN
		INSERT INTO ins.docs (id) VALUES (39);
		RAISE 'no';
	EXCEPTION WHEN raise_exception THEN
		RAISE NOTICE 'caught';
	END;
	BEGIN
		INSERT INTO ins.docs_slow SELECT i, CASE WHEN i < 45 THEN 'x' ELSE 'far too long for this field' END FROM generate_series(40, 49) i;
	EXCEPTION WHEN string_data_right_truncation THEN
		RAISE NOTICE 'caught %', sqlerrm;
	END;
	BEGIN
		INSERT INTO ins.docs_slow SELECT i, 'x', ARRAY[1, 2 / (i - 57)] FROM generate_series(50, 59) i;
	EXCEPTION WHEN division_by_zero THEN
		RAISE NOTICE 'caught %', sqlerrm;
	END;
END $$;
SELECT array_agg(id ORDER BY id) FROM docs WHERE id BETWEEN 31 AND 99;
BEGIN READ ONLY;
INSERT INTO docs (id) VALUES (60);
ROLLBACK;

-- large rows, and many
CREATE FOREIGN TABLE large (id bigint, txt text) SERVER ins OPTIONS (collection 'large', schema 'id i64 key, txt text', batch_bytes '1048576');
INSERT INTO large SELECT i, repeat(chr(64 + i), 1000000) FROM generate_series(1, 10) i;
SELECT id, length(txt), txt = repeat(chr(64 + id::int), 1000000) AS same FROM large;
INSERT INTO sink SELECT i, ARRAY[i, -2] FROM generate_series(1, 20000) i;
SELECT count(*), count(DISTINCT id), bool_and(v[1] = id) FROM sink WHERE v[2] = -2;

-- not writable
ALTER SERVER ins OPTIONS (ADD updatable 'false');
INSERT INTO docs (id) VALUES (61);
INSERT INTO parent VALUES (61);
SELECT table_name, is_insertable_into FROM information_schema.tables WHERE table_schema = 'ins' AND table_name IN ('docs', 'small');
ALTER FOREIGN TABLE docs OPTIONS (ADD updatable 'true');
INSERT INTO docs (id) VALUES (61);

SELECT * FROM counters WHERE name <> 'opened';
RESET search_path;
SET client_min_messages = warning;
DROP SERVER ins CASCADE;
DROP SCHEMA ins CASCADE;
