/* milvus_fdw_test--1.sql - How does SQL reach the test remotes? */

CREATE FUNCTION test_fdw_handler() RETURNS fdw_handler
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION test_fdw_validator(text[], oid) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FOREIGN DATA WRAPPER test_fdw
	HANDLER test_fdw_handler VALIDATOR test_fdw_validator;

CREATE FUNCTION test_pushing_fdw_handler() RETURNS fdw_handler
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION test_pushing_fdw_validator(text[], oid) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FOREIGN DATA WRAPPER test_pushing_fdw
	HANDLER test_pushing_fdw_handler VALIDATOR test_pushing_fdw_validator;

CREATE FUNCTION test_filter_fdw_handler() RETURNS fdw_handler
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION test_filter_fdw_validator(text[], oid) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FOREIGN DATA WRAPPER test_filter_fdw
	HANDLER test_filter_fdw_handler VALIDATOR test_filter_fdw_validator;

CREATE FUNCTION test_split_fdw_handler() RETURNS fdw_handler
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION test_split_fdw_validator(text[], oid) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FOREIGN DATA WRAPPER test_split_fdw
	HANDLER test_split_fdw_handler VALIDATOR test_split_fdw_validator;

CREATE FUNCTION test_archive_fdw_handler() RETURNS fdw_handler
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION test_archive_fdw_validator(text[], oid) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FOREIGN DATA WRAPPER test_archive_fdw
	HANDLER test_archive_fdw_handler VALIDATOR test_archive_fdw_validator;
