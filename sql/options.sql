-- Which options may stand where, and what may they say?

-- unknown names: what was meant, or what there is
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (nots 'x');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (zzzzzzzzzz 'x');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS ("NOTE" 'x');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (note 'x', note 'y');
ALTER FOREIGN DATA WRAPPER test_fdw OPTIONS (ADD note 'x');

-- the right name in the wrong place
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (collection 'x');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (field 'x');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (password 'secret');

-- values of each type
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (note '');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (must_load 'perhaps');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (load_ms '60001');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (load_ms '-1');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (load_ms '1s');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (load_ms '');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (rows '9223372036854775808');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (ratio '-0.5');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (ratio 'NaN');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (ratio 'inf');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (sslmode 'disable');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (sslmode 'verify');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (url 'http://host');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (url 'http://user:secret@host');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (cafile 'relative/path');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (fetch_size '0');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (batch_size '1000001');
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (fdw_tuple_cost '-1');

-- all of them right
CREATE SERVER opt FOREIGN DATA WRAPPER test_fdw OPTIONS (
	url 'test://host', note 'x', cafile '/nowhere/ca.pem', danger 'on', sslmode 'require', must_load 'off',
	load_ms '0', ratio '0.5', fetch_size '1', batch_size '1000000', batch_bytes '1024', max_in_flight '64',
	updatable 'true', use_remote_estimate 'f', fdw_startup_cost '0', fdw_tuple_cost '1e-3',
	keep_connections 'yes', retry_timeout '0', memory_limit '16');
ALTER SERVER opt OPTIONS (SET sslmode 'verify-full', DROP note, DROP danger);
ALTER SERVER opt OPTIONS (SET retry_timeout 'x');

-- user mappings: a secret is never shown
CREATE USER MAPPING FOR CURRENT_USER SERVER opt OPTIONS (user 'u', passwort 'secret');
CREATE USER MAPPING FOR CURRENT_USER SERVER opt OPTIONS (user 'u', pin '12345');
CREATE USER MAPPING FOR CURRENT_USER SERVER opt OPTIONS (user 'u', password 'secret', pin '1234');
ALTER USER MAPPING FOR CURRENT_USER SERVER opt OPTIONS (SET password '');
ALTER USER MAPPING FOR CURRENT_USER SERVER opt OPTIONS (ADD note 'x');

-- tables and columns
CREATE FOREIGN TABLE opt_table (a int) SERVER opt OPTIONS (colection 'x');
CREATE FOREIGN TABLE opt_table (a int) SERVER opt OPTIONS (dim '4');
CREATE FOREIGN TABLE opt_table (a int OPTIONS (filed 'x')) SERVER opt;
CREATE FOREIGN TABLE opt_table (a int OPTIONS (note 'x')) SERVER opt;
CREATE FOREIGN TABLE opt_table (a int OPTIONS (dim '0')) SERVER opt;
CREATE FOREIGN TABLE opt_table (a int OPTIONS (field 'x', dim '4')) SERVER opt OPTIONS (collection 'x', hang 'scan');
ALTER FOREIGN TABLE opt_table OPTIONS (SET hang 'never');
ALTER FOREIGN TABLE opt_table ALTER a OPTIONS (SET dim 'x');

-- what is required, where it is required
CREATE SERVER opt_archive FOREIGN DATA WRAPPER test_archive_fdw;
CREATE SERVER opt_archive FOREIGN DATA WRAPPER test_archive_fdw OPTIONS (directory '/nowhere', retry_timeout '5');
CREATE SERVER opt_archive FOREIGN DATA WRAPPER test_archive_fdw OPTIONS (directory '/nowhere');
CREATE USER MAPPING FOR CURRENT_USER SERVER opt_archive;
CREATE USER MAPPING FOR CURRENT_USER SERVER opt_archive OPTIONS (password 'secret');
ALTER SERVER opt_archive OPTIONS (DROP directory);

-- a role with few privileges
CREATE ROLE regress_opt;
CREATE SCHEMA opt AUTHORIZATION regress_opt;
GRANT USAGE ON FOREIGN DATA WRAPPER test_fdw TO regress_opt;
SET ROLE regress_opt;
CREATE SERVER opt_own FOREIGN DATA WRAPPER test_fdw OPTIONS (danger 'off');
CREATE SERVER opt_own FOREIGN DATA WRAPPER test_fdw OPTIONS (cafile '/nowhere/ca.pem');
CREATE SERVER opt_own FOREIGN DATA WRAPPER test_fdw OPTIONS (sslmode 'require');
CREATE SERVER opt_own FOREIGN DATA WRAPPER test_fdw OPTIONS (sslmode 'verify-ca');
CREATE SERVER opt_own FOREIGN DATA WRAPPER test_fdw OPTIONS (sslmode 'verify-full');
RESET ROLE;
GRANT pg_read_server_files TO regress_opt;
SET ROLE regress_opt;
ALTER SERVER opt_own OPTIONS (ADD cafile '/nowhere/ca.pem');
CREATE USER MAPPING FOR CURRENT_USER SERVER opt_own OPTIONS (password 'secret');
CREATE FOREIGN TABLE opt.generated (id bigint) SERVER opt_own OPTIONS (rows '3');
SELECT count(*) FROM opt.generated;
-- the privilege to name a file is looked at when the file is used, too
RESET ROLE;
REVOKE pg_read_server_files FROM regress_opt;
SELECT count(*) FROM opt.generated;
ALTER SERVER opt_own OPTIONS (ADD note 'a new connection');
SELECT count(*) FROM opt.generated;
ALTER SERVER opt_own OWNER TO CURRENT_USER;
SELECT count(*) FROM opt.generated;

DROP SERVER opt, opt_archive, opt_own CASCADE;
DROP SCHEMA opt;
DROP OWNED BY regress_opt;
DROP ROLE regress_opt;
