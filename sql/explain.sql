-- What does EXPLAIN say, and does it leave the network alone?
CREATE SERVER exp FOREIGN DATA WRAPPER test_fdw OPTIONS (hang 'scan');
CREATE USER MAPPING FOR CURRENT_USER SERVER exp OPTIONS (user 'me', password 'secret');
CREATE SCHEMA exp;
SET search_path = exp;
CREATE FOREIGN TABLE gen (id bigint, "The text" text OPTIONS (field 'txt'), v real[] OPTIONS (dim '4'), w real[] OPTIONS (field 'v'), price numeric, at date OPTIONS (field 'ts'), tags text[])
	SERVER exp OPTIONS (collection 'generated', rows '30', fetch_size '10');
CREATE FOREIGN TABLE docs (id bigint, txt text) SERVER exp OPTIONS (collection 'The "docs"', hang 'describe');

-- the remote would hang if it were asked
SET statement_timeout = '10s';
EXPLAIN SELECT * FROM gen;
EXPLAIN (COSTS OFF) SELECT * FROM gen WHERE id = 1;
EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM gen WHERE id = 1;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, price FROM gen WHERE "The text" LIKE 'a%' AND v[1] > 2;
EXPLAIN (VERBOSE, COSTS OFF, FORMAT json) SELECT at FROM gen;
EXPLAIN (VERBOSE, COSTS OFF) SELECT a.id FROM gen a JOIN gen b ON a.v = b.w;
EXPLAIN (COSTS OFF) INSERT INTO docs SELECT id, "The text" FROM gen;
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO docs VALUES (1, 'x') RETURNING id;
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM docs;
PREPARE p(bigint) AS SELECT id FROM gen WHERE id > $1;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE p(5);
RESET statement_timeout;

-- ANALYZE runs it
ALTER SERVER exp OPTIONS (DROP hang);
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT id FROM gen;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT id FROM gen LIMIT 15;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT id FROM gen LIMIT 0;

-- estimates: a guess, then what was seen, or what the remote says
CREATE FOREIGN TABLE unseen (id bigint) SERVER exp OPTIONS (collection 'unseen', rows '123', dimensions '2');
EXPLAIN SELECT * FROM unseen;
SELECT count(*) FROM unseen;
EXPLAIN SELECT * FROM unseen;
CREATE FOREIGN TABLE asked (id bigint) SERVER exp OPTIONS (collection 'asked', rows '456', use_remote_estimate 'true');
EXPLAIN SELECT * FROM asked;
ALTER SERVER exp OPTIONS (ADD fdw_startup_cost '7', ADD fdw_tuple_cost '1');
EXPLAIN SELECT * FROM asked WHERE id > 3;
-- a scan that was cut short says nothing of the size
CREATE FOREIGN TABLE cut (id bigint) SERVER exp OPTIONS (collection 'cut', rows '10000000');
SELECT count(*) FROM (SELECT id FROM cut LIMIT 5) s;
EXPLAIN SELECT * FROM cut;

RESET search_path;
SET client_min_messages = warning;
DROP SERVER exp CASCADE;
DROP SCHEMA exp CASCADE;
