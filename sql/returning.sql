-- What does RETURNING show, and what does it cost?
CREATE SERVER ret FOREIGN DATA WRAPPER test_fdw;
CREATE SCHEMA ret;
SET search_path = ret;
CREATE FOREIGN TABLE docs (id bigint, dropped int, txt text, n int DEFAULT 7) SERVER ret OPTIONS (collection 'docs', schema 'id i64 key, txt text null, n i32 null');
ALTER FOREIGN TABLE docs DROP COLUMN dropped;
CREATE FOREIGN TABLE auto (dropped int, txt text, id bigint, n int) SERVER ret OPTIONS (collection 'auto', schema 'id i64 key auto, txt text, n i32 null');
ALTER FOREIGN TABLE auto DROP COLUMN dropped;

INSERT INTO docs VALUES (1, 'a', DEFAULT), (2, 'b', 3) RETURNING *, docs, tableoid::regclass, n + 1 AS more;
INSERT INTO docs (id) VALUES (3) RETURNING txt IS NULL, n;
-- keys that the remote makes
INSERT INTO auto (txt) VALUES ('a'), ('b') RETURNING id;
INSERT INTO auto (txt) VALUES ('c'), ('d') RETURNING *, auto, id * 2 AS twice, tableoid::regclass;
INSERT INTO auto (txt) VALUES ('e') RETURNING auto;
WITH new AS (INSERT INTO auto (txt) SELECT 'many' FROM generate_series(1, 20) RETURNING id) SELECT count(DISTINCT id), max(id) FROM new;
SELECT count(*), max(id) FROM auto;
INSERT INTO auto VALUES ('x', 5, 1) RETURNING id;

-- only what the remote makes costs a request each
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) INSERT INTO auto (txt) SELECT 'x' FROM generate_series(1, 10);
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) INSERT INTO auto (txt) SELECT 'x' FROM generate_series(1, 10) RETURNING txt, n;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) INSERT INTO auto (txt) SELECT 'x' FROM generate_series(1, 10) RETURNING id;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) INSERT INTO docs SELECT i, 'x' FROM generate_series(11, 20) i RETURNING *;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) UPDATE docs SET n = n + 1 RETURNING *;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) DELETE FROM docs WHERE id > 10 RETURNING *;

-- triggers see it
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% %: %', tg_when, tg_op, new;
	RETURN new;
END $$;
CREATE TRIGGER before BEFORE INSERT ON auto FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER after AFTER INSERT ON auto FOR EACH ROW EXECUTE FUNCTION note();
TRUNCATE auto;
INSERT INTO auto (txt) VALUES ('t');
INSERT INTO auto (txt) VALUES ('u') RETURNING *;
COPY auto (txt) FROM stdin;
copied
\.
DROP TRIGGER before ON auto;
DROP TRIGGER after ON auto;

-- routed rows, views, cursors of PL/pgSQL
CREATE TABLE parent (txt text, n int, id bigint) PARTITION BY LIST (n);
ALTER TABLE parent ATTACH PARTITION auto FOR VALUES IN (1);
CREATE TABLE part_b PARTITION OF parent FOR VALUES IN (2);
INSERT INTO parent (txt, n) VALUES ('in', 1), ('out', 2) RETURNING tableoid::regclass, id > 0, txt, parent.n;
CREATE VIEW shown AS SELECT id AS key, txt FROM auto WHERE id > 0 WITH CHECK OPTION;
INSERT INTO shown (txt) VALUES ('by view') RETURNING key > 0 AS has_key, txt;
DO $$
DECLARE
	made bigint;
	other text;
BEGIN
	INSERT INTO ret.auto (txt) VALUES ('plpgsql') RETURNING id, txt INTO made, other;
	RAISE NOTICE '% %', other, made = (SELECT max(id) FROM ret.auto);
	DELETE FROM ret.auto WHERE id = made RETURNING txt INTO other;
	RAISE NOTICE 'deleted %', other;
	UPDATE ret.docs SET n = 1000 WHERE id = 1 RETURNING txt INTO other;
	RAISE NOTICE 'updated %', other;
END $$;

RESET search_path;
SET client_min_messages = warning;
DROP SERVER ret CASCADE;
DROP SCHEMA ret CASCADE;
