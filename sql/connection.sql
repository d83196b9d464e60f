-- Which connection serves a query, and when does it change?
CREATE SERVER con FOREIGN DATA WRAPPER test_fdw OPTIONS (note 'first');
CREATE SCHEMA con;
SET search_path = con;
CREATE FOREIGN TABLE gen (id bigint) SERVER con OPTIONS (rows '250', batch_rows '100');
CREATE FOREIGN TABLE counters (name text, value bigint) SERVER con;

-- one connection, however many statements
SELECT count(*) FROM gen;
SELECT count(*) FROM gen a, gen b WHERE a.id = b.id;
SELECT milvus_fdw.version('con');
SELECT * FROM counters WHERE name IN ('connections', 'opened');

-- ALTER SERVER: what comes next has a new one, also in a prepared statement
PREPARE version AS SELECT milvus_fdw.version('con');
PREPARE counting AS SELECT count(*) FROM gen;
EXECUTE version;
EXECUTE counting;
ALTER SERVER con OPTIONS (SET note 'second');
EXECUTE version;
EXECUTE counting;
ALTER FOREIGN TABLE gen OPTIONS (SET rows '2');
EXECUTE counting;
ALTER FOREIGN TABLE gen OPTIONS (SET rows '250');
SELECT * FROM counters WHERE name IN ('connections', 'opened');

-- a user mapping that comes, changes and goes
CREATE USER MAPPING FOR PUBLIC SERVER con OPTIONS (user 'everybody');
EXECUTE version;
CREATE USER MAPPING FOR CURRENT_USER SERVER con OPTIONS (user 'me', password 'secret');
EXECUTE version;
ALTER USER MAPPING FOR CURRENT_USER SERVER con OPTIONS (SET user 'myself');
EXECUTE version;
DROP USER MAPPING FOR CURRENT_USER SERVER con;
EXECUTE version;
DROP USER MAPPING FOR PUBLIC SERVER con;
EXECUTE version;
ALTER SERVER con RENAME TO con_renamed;
EXECUTE version;
SELECT milvus_fdw.version('con_renamed');
ALTER SERVER con_renamed RENAME TO con;

-- a connection that is in use when its server changes: kept to the end of that use
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM gen;
FETCH 1 FROM c;
ALTER SERVER con OPTIONS (SET note 'third');
EXECUTE version;
MOVE 150 FROM c;
FETCH 1 FROM c;
EXECUTE version;
SELECT * FROM counters WHERE name IN ('connections', 'scans');
CLOSE c;
SELECT * FROM counters WHERE name IN ('connections', 'scans');
COMMIT;
SELECT * FROM counters WHERE name IN ('connections', 'scans');
-- again, and the old one is not asked for again
DO $$
DECLARE
	r record;
BEGIN
	FOR r IN SELECT id FROM con.gen LOOP
		IF r.id = 1 THEN
			ALTER SERVER con OPTIONS (SET note 'fourth');
		END IF;
	END LOOP;
	RAISE NOTICE 'saw % rows; %', r.id, regexp_replace(milvus_fdw.version('con'), '\d+ of', '? of');
END $$;
SELECT * FROM counters WHERE name IN ('connections', 'scans');
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM gen;
FETCH 1 FROM c;
ALTER SERVER con OPTIONS (SET note 'fifth');
ROLLBACK;
SELECT count(*) FROM gen;
SELECT * FROM counters WHERE name IN ('connections', 'scans');
-- when it is in use and the transaction fails
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM gen;
FETCH 1 FROM c;
ALTER SERVER con OPTIONS (SET note 'sixth');
SELECT 1 / 0;
ROLLBACK;
SELECT count(*) FROM gen;
SELECT * FROM counters WHERE name IN ('connections', 'scans');
-- WITH HOLD, and a cursor dropped with its server
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM gen;
FETCH 1 FROM c;
ALTER SERVER con OPTIONS (SET note 'seventh');
COMMIT;
FETCH 1 FROM c;
CLOSE c;
SELECT * FROM counters WHERE name IN ('connections', 'scans');

-- writers keep theirs, too
CREATE FOREIGN TABLE docs (id bigint) SERVER con OPTIONS (collection 'docs', schema 'id i64 key', batch_size '1');
CREATE FUNCTION alters(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	IF n = 3 THEN
		ALTER SERVER con OPTIONS (SET note 'eighth');
	END IF;
	RETURN n;
END $$;
INSERT INTO docs SELECT alters(i) FROM generate_series(1, 5) i;
SELECT count(*) FROM docs;
SELECT * FROM counters WHERE name IN ('connections', 'writers');

-- keep_connections
ALTER SERVER con OPTIONS (ADD keep_connections 'false');
SELECT count(*) FROM gen;
BEGIN;
SELECT milvus_fdw.version('con') = milvus_fdw.version('con') AS same_in_a_statement;
SELECT milvus_fdw.version('con') AS before \gset
SELECT milvus_fdw.version('con') = :'before' AS same_in_a_transaction;
COMMIT;
SELECT milvus_fdw.version('con') = :'before' AS same_after_it;
SELECT * FROM counters WHERE name = 'connections';
SELECT 1 / (id - 1) FROM gen;
CREATE SERVER con_look FOREIGN DATA WRAPPER test_fdw;
CREATE FOREIGN TABLE look (name text, value bigint) SERVER con_look OPTIONS (collection 'counters');
SELECT * FROM look WHERE name = 'connections';
ALTER SERVER con OPTIONS (DROP keep_connections);

-- DROP SERVER closes its connection
SELECT count(*) FROM gen;
SELECT * FROM look WHERE name = 'connections';
DROP SERVER con CASCADE;
SELECT * FROM look WHERE name = 'connections';
EXECUTE version;
EXECUTE counting;
BEGIN;
DROP SERVER con_look CASCADE;
ROLLBACK;
SELECT * FROM look WHERE name = 'connections';

-- each role has its own, a view its owner's
CREATE ROLE regress_con_owner;
CREATE ROLE regress_con_user;
GRANT USAGE, CREATE ON SCHEMA con TO regress_con_owner, regress_con_user;
GRANT USAGE ON FOREIGN SERVER con_look TO regress_con_owner;
GRANT EXECUTE ON FUNCTION milvus_fdw.version(name) TO regress_con_owner, regress_con_user;
CREATE USER MAPPING FOR regress_con_owner SERVER con_look OPTIONS (user 'the owner');
CREATE USER MAPPING FOR regress_con_user SERVER con_look OPTIONS (user 'the user');
SET ROLE regress_con_owner;
CREATE FOREIGN TABLE owned (name text, value bigint) SERVER con_look OPTIONS (collection 'counters');
CREATE FOREIGN TABLE owned_docs (id bigint) SERVER con_look OPTIONS (collection 'owned', schema 'id i64 key');
CREATE VIEW owned_view AS SELECT * FROM owned;
CREATE VIEW owned_docs_view AS SELECT * FROM owned_docs;
GRANT SELECT ON owned_view, owned TO regress_con_user;
GRANT SELECT, INSERT ON owned_docs_view TO regress_con_user;
SELECT * FROM owned WHERE name = 'connections';
SELECT milvus_fdw.version('con_look') LIKE '%the owner' AS mine;
SET ROLE regress_con_user;
-- the owner's connection, which is there already
SELECT * FROM owned_view WHERE name = 'connections';
INSERT INTO owned_docs_view VALUES (1);
SELECT * FROM owned_docs_view;
SELECT * FROM owned_view WHERE name = 'connections';
-- the user's own
SELECT * FROM owned WHERE name = 'connections';
SELECT milvus_fdw.version('con_look');
RESET ROLE;

RESET search_path;
SET client_min_messages = warning;
DROP SERVER con_look CASCADE;
DROP SCHEMA con CASCADE;
DROP OWNED BY regress_con_owner, regress_con_user;
DROP ROLE regress_con_owner, regress_con_user;
