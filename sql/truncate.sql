-- What does TRUNCATE empty?
CREATE SERVER tru FOREIGN DATA WRAPPER test_fdw;
CREATE SERVER tru_two FOREIGN DATA WRAPPER test_fdw;
CREATE SERVER tru_archive FOREIGN DATA WRAPPER test_archive_fdw OPTIONS (directory '/nowhere', rows '2');
CREATE SCHEMA tru;
SET search_path = tru;
CREATE FOREIGN TABLE a (id bigint, txt text) SERVER tru OPTIONS (collection 'a', schema 'id i64 key auto, txt text');
CREATE FOREIGN TABLE b (id bigint) SERVER tru OPTIONS (collection 'b', schema 'id i64 key');
CREATE FOREIGN TABLE c (id bigint) SERVER tru_two OPTIONS (collection 'c', schema 'id i64 key');
CREATE TABLE local (id int);
CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS $$
	INSERT INTO tru.a (txt) VALUES ('x'), ('y');
	INSERT INTO tru.b VALUES (1), (2), (3);
	INSERT INTO tru.c VALUES (1);
	INSERT INTO tru.local VALUES (1);
$$;
CREATE VIEW counts AS SELECT (SELECT count(*) FROM a) AS a, (SELECT count(*) FROM b) AS b, (SELECT count(*) FROM c) AS c, (SELECT count(*) FROM local) AS local;

SELECT fill();
TRUNCATE a;
SELECT * FROM counts;
INSERT INTO a (txt) VALUES ('again');
SELECT txt FROM a;
TRUNCATE a, b, c, local RESTART IDENTITY CASCADE;
SELECT * FROM counts;
TRUNCATE a;

-- partitions
CREATE TABLE parent (id bigint) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE part_a PARTITION OF parent FOR VALUES FROM (1) TO (100) SERVER tru OPTIONS (collection 'pa', schema 'id i64 key');
CREATE TABLE part_b PARTITION OF parent FOR VALUES FROM (100) TO (200);
INSERT INTO parent VALUES (1), (2), (101);
TRUNCATE parent;
SELECT count(*) FROM parent;

-- who may not, and then nothing is emptied
SELECT fill();
SELECT * FROM counts;
ALTER FOREIGN TABLE b OPTIONS (ADD truncatable 'false');
TRUNCATE a, b;
ALTER SERVER tru OPTIONS (ADD truncatable 'false');
TRUNCATE a;
ALTER FOREIGN TABLE b OPTIONS (SET truncatable 'true');
TRUNCATE b;
SELECT * FROM counts;
ALTER FOREIGN TABLE b OPTIONS (ADD updatable 'false');
TRUNCATE b;
ALTER SERVER tru OPTIONS (DROP truncatable);
ALTER FOREIGN TABLE b OPTIONS (DROP updatable, DROP truncatable);
CREATE USER MAPPING FOR CURRENT_USER SERVER tru_archive OPTIONS (password 'x');
CREATE FOREIGN TABLE archived (id bigint) SERVER tru_archive OPTIONS (file 'generated');
TRUNCATE archived;
CREATE FOREIGN TABLE missing (id bigint) SERVER tru OPTIONS (collection 'gone');
TRUNCATE missing;
CREATE ROLE regress_tru;
GRANT USAGE ON SCHEMA tru TO regress_tru;
GRANT SELECT, DELETE ON a TO regress_tru;
SET ROLE regress_tru;
TRUNCATE a;
RESET ROLE;
GRANT TRUNCATE ON a TO regress_tru;
GRANT USAGE ON FOREIGN SERVER tru TO regress_tru;
SET ROLE regress_tru;
TRUNCATE a;
RESET ROLE;
SELECT * FROM counts;
BEGIN READ ONLY;
TRUNCATE a;
ROLLBACK;

-- what a rollback cannot take back
SELECT fill();
BEGIN;
TRUNCATE a;
SAVEPOINT s;
TRUNCATE b, local;
ROLLBACK TO s;
ROLLBACK;
SELECT * FROM counts;
CREATE FOREIGN TABLE lost (id bigint) SERVER tru OPTIONS (collection 'c', unknown_at '1');
CREATE FOREIGN TABLE refused (id bigint) SERVER tru OPTIONS (collection 'c', fail_at '1');
DO $$
BEGIN
	TRUNCATE tru.lost;
EXCEPTION WHEN connection_failure THEN
	RAISE NOTICE '%', sqlerrm;
END $$;
DO $$
BEGIN
	TRUNCATE tru.refused;
EXCEPTION WHEN fdw_error THEN
	RAISE NOTICE '%', sqlerrm;
END $$;

RESET search_path;
SET client_min_messages = warning;
DROP SERVER tru, tru_two, tru_archive CASCADE;
DROP SCHEMA tru CASCADE;
DROP OWNED BY regress_tru;
DROP ROLE regress_tru;
