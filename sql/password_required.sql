-- Who needs a credential of his own?
\set SHOW_CONTEXT never
CREATE ROLE regress_pw_owner;
CREATE ROLE regress_pw_user;
CREATE ROLE regress_pw_super SUPERUSER;
GRANT USAGE ON FOREIGN DATA WRAPPER test_fdw TO regress_pw_owner;
CREATE SCHEMA pw;
GRANT ALL ON SCHEMA pw TO PUBLIC;
SET search_path = pw;

-- a superuser's server: nobody needs one
CREATE SERVER pw_super FOREIGN DATA WRAPPER test_fdw OPTIONS (rows '3');
CREATE FOREIGN TABLE of_super (id bigint) SERVER pw_super OPTIONS (collection 'generated');
GRANT ALL ON of_super TO PUBLIC;
GRANT USAGE ON FOREIGN SERVER pw_super TO regress_pw_user;
SET ROLE regress_pw_user;
SELECT count(*) FROM of_super;

-- another's server: all but superusers do
SET ROLE regress_pw_owner;
CREATE SERVER pw_own FOREIGN DATA WRAPPER test_fdw OPTIONS (rows '3');
GRANT USAGE ON FOREIGN SERVER pw_own TO regress_pw_user;
CREATE FOREIGN TABLE of_owner (id bigint) SERVER pw_own OPTIONS (collection 'generated');
GRANT ALL ON of_owner TO PUBLIC;
SELECT count(*) FROM of_owner;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO of_owner VALUES (1);
IMPORT FOREIGN SCHEMA "default" FROM SERVER pw_own INTO pw;
ANALYZE of_owner;
-- a name alone is none
CREATE USER MAPPING FOR CURRENT_USER SERVER pw_own OPTIONS (user 'me');
SELECT count(*) FROM of_owner;
ALTER USER MAPPING FOR CURRENT_USER SERVER pw_own OPTIONS (ADD password 'secret');
SELECT count(*) FROM of_owner;
-- a connection that is open does not help
ALTER USER MAPPING FOR CURRENT_USER SERVER pw_own OPTIONS (DROP password);
SELECT count(*) FROM of_owner;
DROP USER MAPPING FOR CURRENT_USER SERVER pw_own;
RESET ROLE;
SELECT count(*) FROM of_owner;
SELECT server, user_name, valid FROM milvus_fdw.connections() WHERE server = 'pw_own';
SET ROLE regress_pw_owner;
SELECT count(*) FROM of_owner;
-- everybody's counts
CREATE USER MAPPING FOR PUBLIC SERVER pw_own OPTIONS (pin '1234');
SELECT count(*) FROM of_owner;
SET ROLE regress_pw_user;
SELECT count(*) FROM of_owner;
SET ROLE regress_pw_owner;
DROP USER MAPPING FOR PUBLIC SERVER pw_own;

-- who may go without one: a superuser says
CREATE USER MAPPING FOR CURRENT_USER SERVER pw_own OPTIONS (password_required 'false');
\echo :LAST_ERROR_SQLSTATE
CREATE USER MAPPING FOR CURRENT_USER SERVER pw_own OPTIONS (password_required 'true');
SELECT count(*) FROM of_owner;
ALTER USER MAPPING FOR CURRENT_USER SERVER pw_own OPTIONS (SET password_required 'off');
RESET ROLE;
ALTER USER MAPPING FOR regress_pw_owner SERVER pw_own OPTIONS (SET password_required 'off');
SET ROLE regress_pw_owner;
SELECT count(*) FROM of_owner;
ALTER USER MAPPING FOR CURRENT_USER SERVER pw_own OPTIONS (ADD user 'somebody');
ALTER USER MAPPING FOR CURRENT_USER SERVER pw_own OPTIONS (SET password_required 'true');
SELECT count(*) FROM of_owner;
CREATE SERVER pw_wrong FOREIGN DATA WRAPPER test_fdw OPTIONS (password_required 'true');
RESET ROLE;
ALTER USER MAPPING FOR regress_pw_owner SERVER pw_own OPTIONS (SET password_required 'perhaps');

-- the role whose mapping counts: a view's owner, a function's owner
CREATE VIEW super_view AS SELECT * FROM of_owner;
GRANT SELECT ON super_view TO PUBLIC;
SET ROLE regress_pw_owner;
CREATE VIEW owner_view AS SELECT * FROM of_owner;
GRANT SELECT ON owner_view TO PUBLIC;
RESET ROLE;
GRANT EXECUTE ON FUNCTION milvus_fdw.version(name) TO regress_pw_owner, regress_pw_user;
SET ROLE regress_pw_owner;
CREATE FUNCTION owner_version() RETURNS text LANGUAGE SQL SECURITY DEFINER RETURN milvus_fdw.version('pw_own');
SELECT count(*) FROM super_view;
SELECT count(*) FROM owner_view;
SELECT owner_version();
SET ROLE regress_pw_user;
SELECT count(*) FROM super_view;
SELECT count(*) FROM owner_view;
SELECT count(*) FROM of_owner;
RESET ROLE;
SELECT count(*) FROM super_view;
SELECT count(*) FROM owner_view;
SELECT owner_version();
-- a plan made by one role and run by another
PREPARE counting AS SELECT count(*) FROM of_owner;
EXECUTE counting;
SET ROLE regress_pw_user;
EXECUTE counting;
RESET ROLE;
EXECUTE counting;

-- what the machine can prove, its users cannot
SET ROLE regress_pw_user;
CREATE USER MAPPING FOR CURRENT_USER SERVER pw_super OPTIONS (keyfile '/nowhere/key');
CREATE USER MAPPING FOR CURRENT_USER SERVER pw_super OPTIONS (password 'secret');
SELECT count(*) FROM of_super;
RESET ROLE;
ALTER USER MAPPING FOR regress_pw_user SERVER pw_super OPTIONS (ADD keyfile '/nowhere/key');
SET ROLE regress_pw_user;
SELECT count(*) FROM of_super;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
ALTER USER MAPPING FOR regress_pw_user SERVER pw_super OPTIONS (ADD password_required 'false');
SET ROLE regress_pw_user;
SELECT count(*) FROM of_super;
RESET ROLE;
ALTER USER MAPPING FOR regress_pw_user SERVER pw_super OPTIONS (DROP keyfile, DROP password_required);
ALTER SERVER pw_super OPTIONS (ADD keyfile '/nowhere/key');
SELECT count(*) FROM of_super;
SET ROLE regress_pw_user;
SELECT count(*) FROM of_super;
RESET ROLE;

-- a superuser no longer
SET ROLE regress_pw_super;
SELECT count(*) FROM of_owner;
RESET ROLE;
ALTER ROLE regress_pw_super NOSUPERUSER;
GRANT USAGE ON FOREIGN SERVER pw_own TO regress_pw_super;
SET ROLE regress_pw_super;
SELECT count(*) FROM of_owner;
RESET ROLE;
-- another owner
ALTER SERVER pw_own OWNER TO CURRENT_USER;
SET ROLE regress_pw_user;
SELECT count(*) FROM of_owner;
RESET ROLE;

RESET search_path;
SET client_min_messages = warning;
DROP SERVER pw_super, pw_own CASCADE;
DROP SCHEMA pw CASCADE;
DROP OWNED BY regress_pw_owner, regress_pw_user, regress_pw_super;
DROP ROLE regress_pw_owner, regress_pw_user, regress_pw_super;
