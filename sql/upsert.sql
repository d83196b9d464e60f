-- What does write_mode 'upsert' replace, and in which order?
CREATE SERVER ups FOREIGN DATA WRAPPER test_fdw;
CREATE SCHEMA ups;
SET search_path = ups;
CREATE FOREIGN TABLE docs (id bigint OPTIONS (key 'true'), txt text, n int) SERVER ups
	OPTIONS (collection 'docs', schema 'id i64 key, txt text null, n i32 null', write_mode 'upsert', check_keys 'true', batch_size '3', delay_ms '1');
INSERT INTO docs VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3);
INSERT INTO docs VALUES (2, 'B', NULL), (4, 'd', 4) RETURNING *;
INSERT INTO docs (id, n) VALUES (3, 33);
COPY docs FROM stdin;
4	copied	44
5	copied	55
4	again	444
\.
SELECT * FROM docs ORDER BY id;

-- the last of several wins, in one batch or in two that are in flight
INSERT INTO docs VALUES (1, 'first', 1), (1, 'second', 2), (1, 'third', 3);
INSERT INTO docs SELECT 1 + i % 7, 'row ' || i, i FROM generate_series(1, 500) i;
SELECT * FROM docs ORDER BY id;
INSERT INTO docs SELECT 1 + i / 3 % 100, 'row ' || i, i FROM generate_series(1, 900) i;
SELECT count(*), count(DISTINCT id), min(n), max(n) FROM docs;
INSERT INTO docs SELECT i, 'row ' || i, i FROM generate_series(1, 900) i;
SELECT count(*), count(DISTINCT id), min(n), max(n), bool_and(n = id) FROM docs;
TRUNCATE docs;
-- text
CREATE FOREIGN TABLE texts (k varchar(20), n int) SERVER ups OPTIONS (collection 'texts', schema 'k text key, n i32', check_keys 'true', batch_size '4', max_in_flight '3', delay_ms '1');
ALTER SERVER ups OPTIONS (ADD write_mode 'upsert');
INSERT INTO texts SELECT 'key ' || i % 5, i FROM generate_series(1, 100) i;
INSERT INTO texts SELECT 'key ' || i, i FROM generate_series(1, 100) i;
INSERT INTO texts SELECT upper(k), n + 1 FROM texts;
INSERT INTO texts SELECT k, n + 1 FROM texts;
SELECT count(*), sum(n) FROM texts;
-- the table's option is nearer
ALTER FOREIGN TABLE texts OPTIONS (ADD write_mode 'insert');
INSERT INTO texts VALUES ('key 1', 0);
SELECT * FROM texts WHERE k = 'key 1' ORDER BY n;
ALTER SERVER ups OPTIONS (DROP write_mode);
ALTER FOREIGN TABLE texts OPTIONS (SET write_mode 'both');

-- triggers, routing, a row that moves
CREATE TABLE parent (id bigint, txt text) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE part_a PARTITION OF parent FOR VALUES FROM (1) TO (100) SERVER ups
	OPTIONS (collection 'a', schema 'id i64 key, txt text null', write_mode 'upsert', check_keys 'true');
CREATE TABLE part_b PARTITION OF parent FOR VALUES FROM (100) TO (200);
INSERT INTO parent VALUES (1, 'a'), (2, 'b'), (101, 'c'), (2, 'B'), (1, 'A'), (102, 'd');
UPDATE parent SET id = 2, txt = 'moved' WHERE id = 101;
SELECT tableoid::regclass, * FROM parent ORDER BY id;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% %: %', tg_when, tg_op, new;
	RETURN new;
END $$;
CREATE TRIGGER before BEFORE INSERT ON part_a FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER after AFTER INSERT ON part_a FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO parent VALUES (1, 'again'), (1, 'and again');
SELECT * FROM part_a ORDER BY id;

-- ON CONFLICT is something else
INSERT INTO docs VALUES (1) ON CONFLICT DO NOTHING;
-- no key, no column for it, a NULL one, one that the remote makes
CREATE FOREIGN TABLE nokey (a bigint) SERVER ups OPTIONS (collection 'nokey', schema 'a i64', write_mode 'upsert');
INSERT INTO nokey VALUES (1);
CREATE FOREIGN TABLE keyless (txt text) SERVER ups OPTIONS (collection 'docs', write_mode 'upsert');
INSERT INTO keyless VALUES ('x');
INSERT INTO docs VALUES (NULL, 'x');
CREATE FOREIGN TABLE auto (id bigint, txt text) SERVER ups OPTIONS (collection 'auto', schema 'id i64 key auto, txt text', write_mode 'upsert');
INSERT INTO auto VALUES (7, 'seven');
INSERT INTO auto VALUES (7, 'SEVEN');
INSERT INTO auto (txt) VALUES ('x');
SELECT * FROM auto;

-- EXPLAIN ANALYZE counts
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) INSERT INTO docs SELECT 1, 'x', i FROM generate_series(1, 4) i;

RESET search_path;
SET client_min_messages = warning;
DROP SERVER ups CASCADE;
DROP SCHEMA ups CASCADE;
