/* milvus_fdw--0.1.0.sql - What does the extension add to SQL? */

\echo Use "CREATE EXTENSION milvus_fdw" to load this file. \quit

-- A schema that someone else made beforehand could hold traps for us.
DO $$
BEGIN
	IF (SELECT n.nspowner OPERATOR(pg_catalog.<>) r.oid
		FROM pg_catalog.pg_namespace n, pg_catalog.pg_roles r
		WHERE n.nspname OPERATOR(pg_catalog.=) 'milvus_fdw'
		AND r.rolname OPERATOR(pg_catalog.=) current_user)
	THEN
		RAISE insufficient_privilege USING
			MESSAGE = 'schema "milvus_fdw" belongs to another role',
			HINT = 'Drop the schema, or change its owner.';
	END IF;
END
$$;

GRANT USAGE ON SCHEMA milvus_fdw TO PUBLIC;

-- ------------------------------------------------------------------ wrappers

CREATE FUNCTION milvus_fdw_handler() RETURNS fdw_handler
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION milvus_fdw_validator(text[], oid) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FOREIGN DATA WRAPPER milvus_fdw
	HANDLER milvus_fdw_handler VALIDATOR milvus_fdw_validator;
COMMENT ON FOREIGN DATA WRAPPER milvus_fdw IS 'Milvus 2.x collections';

CREATE FUNCTION elasticsearch_fdw_handler() RETURNS fdw_handler
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION elasticsearch_fdw_validator(text[], oid) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FOREIGN DATA WRAPPER elasticsearch_fdw
	HANDLER elasticsearch_fdw_handler VALIDATOR elasticsearch_fdw_validator;
COMMENT ON FOREIGN DATA WRAPPER elasticsearch_fdw IS 'Elasticsearch and OpenSearch indexes';

-- These two are modules of their own, loaded when they are first used.
CREATE FUNCTION faiss_fdw_handler() RETURNS fdw_handler
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION faiss_fdw_validator(text[], oid) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FOREIGN DATA WRAPPER faiss_fdw
	HANDLER faiss_fdw_handler VALIDATOR faiss_fdw_validator;
COMMENT ON FOREIGN DATA WRAPPER faiss_fdw IS 'Faiss index files of the server';

CREATE FUNCTION hdf5_fdw_handler() RETURNS fdw_handler
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION hdf5_fdw_validator(text[], oid) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FOREIGN DATA WRAPPER hdf5_fdw
	HANDLER hdf5_fdw_handler VALIDATOR hdf5_fdw_validator;
COMMENT ON FOREIGN DATA WRAPPER hdf5_fdw IS 'HDF5 files of the server';

CREATE FUNCTION milvus1_fdw_handler() RETURNS fdw_handler
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION milvus1_fdw_validator(text[], oid) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FOREIGN DATA WRAPPER milvus1_fdw
	HANDLER milvus1_fdw_handler VALIDATOR milvus1_fdw_validator;
COMMENT ON FOREIGN DATA WRAPPER milvus1_fdw IS 'collections of Milvus 1.x, in its data directory or its server';

CREATE FUNCTION object_store_fdw_handler() RETURNS fdw_handler
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FUNCTION object_store_fdw_validator(text[], oid) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
CREATE FOREIGN DATA WRAPPER object_store_fdw
	HANDLER object_store_fdw_handler VALIDATOR object_store_fdw_validator;
COMMENT ON FOREIGN DATA WRAPPER object_store_fdw IS 'places for staged files: a directory, S3 and all that speaks it, Azure Blob';

-- ------------------------------------------------------- remote collections
--
-- Servers are named, tables are regclass.  All need USAGE on the server; those
-- that change a collection through a foreign table need to own the table.
-- None is granted to PUBLIC, because they reach the network.  All that is not
-- immutable pins search_path.
--
-- Errors of all: 42704 no such server, 42501 no privilege, 25006 read-only
-- transaction, 08001/08006 the server cannot be reached, 28P01/42501 it refuses
-- the user, HV00R no such collection, 0A000 the remote cannot do this.

-- The collection has a field for each column of the table; but where the table
-- is foreign and its server of the same kind, it is a copy of that table's
-- collection as it is there, with all fields, keys, defaults, lengths,
-- descriptions, settings, partitions and indexes.  If that collection is gone,
-- the options of the foreign table and its columns say all of this, as IMPORT
-- FOREIGN SCHEMA wrote them.  Each argument that is given wins.
--
-- index: 'auto', 'none' or a type for the vectors of floats; without it the
-- source's own, else auto.  load: without it, if all vectors have an index.
-- Fields too many for a collection become keys of the dynamic field, with a
-- NOTICE that names them, unless dynamic => false.
CREATE FUNCTION create_collection(
	server name,
	name text,
	"like" regclass,
	primary_key text DEFAULT NULL,
	index text DEFAULT NULL,
	metric_type text DEFAULT NULL,
	load boolean DEFAULT NULL,
	shards integer DEFAULT NULL,
	consistency_level text DEFAULT NULL,
	partition_key text DEFAULT NULL,
	num_partitions integer DEFAULT NULL,
	dynamic boolean DEFAULT NULL,
	auto_id boolean DEFAULT NULL,
	description text DEFAULT NULL,
	properties jsonb DEFAULT NULL,
	partitions text[] DEFAULT NULL,
	clustering_key text DEFAULT NULL,
	index_params jsonb DEFAULT NULL,
	database text DEFAULT NULL)
	RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_create_collection'
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION create_collection(name, text, regclass, text, text, text, boolean, integer, text, text, integer,
	boolean, boolean, text, jsonb, text[], text, jsonb, text) IS
	'create a remote collection like a table or like another collection, with its partitions and indexes, and load it';

CREATE FUNCTION drop_collection(server name, name text, database text DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_drop_collection'
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION drop_collection(name, text, text) IS
	'drop a remote collection with all its rows';

-- Foreign tables keep the old name in their options.
CREATE FUNCTION rename_collection(server name, name text, new_name text, database text DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_rename_collection'
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION rename_collection(name, text, text, text) IS
	'give a remote collection another name';

-- {"collection.ttl.seconds": 3600}; null resets a property (Milvus 2.4.18).
CREATE FUNCTION alter_collection("table" regclass, properties jsonb) RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_alter_collection'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION alter_collection(regclass, jsonb) IS
	'set properties of a foreign table''s collection, by the remote''s names; null resets one';

CREATE FUNCTION collection_statistics(
	"table" regclass,
	OUT name text,
	OUT value text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_collection_statistics'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION collection_statistics(regclass) IS
	'what the remote counts of a foreign table''s collection; row_count is what is stored, without unflushed rows and with deleted ones';

CREATE FUNCTION segments(
	"table" regclass,
	OUT id bigint,
	OUT partition text,
	OUT rows bigint,
	OUT state text,
	OUT level text,
	OUT loaded_rows bigint,
	OUT memory bigint,
	OUT index text,
	OUT nodes bigint[])
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_segments'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION segments(regclass) IS
	'the pieces in which the remote stores a foreign table''s collection, and those in its memory';

-- Waits until it is done, unless wait => false.
CREATE FUNCTION compact("table" regclass, wait boolean DEFAULT true) RETURNS bigint
	AS 'MODULE_PATHNAME', 'milvus_fdw_compact'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION compact(regclass, boolean) IS
	'have the remote merge the segments of a foreign table''s collection and drop deleted rows; returns the id of that work';

CREATE FUNCTION compaction_state(
	"table" regclass,
	compaction bigint,
	OUT state text,
	OUT executing bigint,
	OUT completed bigint,
	OUT timed_out bigint,
	OUT failed bigint)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_compaction_state'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION compaction_state(regclass, bigint) IS
	'how far the work that compact(..., wait => false) began has come';

-- ----------------------------------------------------- partitions and aliases

CREATE FUNCTION create_partition("table" regclass, partition text) RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_create_partition'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION create_partition(regclass, text) IS
	'create a partition of a foreign table''s collection';

CREATE FUNCTION drop_partition("table" regclass, partition text) RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_drop_partition'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION drop_partition(regclass, text) IS
	'drop a partition of a foreign table''s collection with all its rows';

CREATE FUNCTION partitions(
	"table" regclass,
	OUT name text,
	OUT id bigint,
	OUT created timestamptz,
	OUT rows bigint,
	OUT state text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_partitions'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION partitions(regclass) IS
	'the partitions of a foreign table''s collection, with the rows stored in each and whether it is loaded';

CREATE FUNCTION splits(
	foreign_table regclass,
	wanted integer DEFAULT 0,
	OUT token text,
	OUT rows bigint,
	OUT durable boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_splits'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION splits(regclass, integer) IS
	'parts that a foreign table can be read in, each a value for its option split; about as many as wanted, 0 = as many as there are';

CREATE FUNCTION create_alias("table" regclass, alias text) RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_create_alias'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION create_alias(regclass, text) IS
	'give a foreign table''s collection another name besides its own';

CREATE FUNCTION alter_alias("table" regclass, alias text) RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_alter_alias'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION alter_alias(regclass, text) IS
	'let an alias stand for a foreign table''s collection from now on';

CREATE FUNCTION drop_alias("table" regclass, alias text) RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_drop_alias'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION drop_alias(regclass, text) IS
	'drop an alias of a foreign table''s collection';

CREATE FUNCTION aliases(
	server name,
	collection text DEFAULT NULL,
	database text DEFAULT NULL,
	OUT alias text,
	OUT collection_name text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_aliases'
	LANGUAGE C VOLATILE PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION aliases(name, text, text) IS
	'the aliases of one collection, or of all of a server''s database, and what they stand for';

-- ------------------------------------------------------------------ databases

CREATE FUNCTION create_database(server name, name text, properties jsonb DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_create_database'
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION create_database(name, text, jsonb) IS
	'create a database on a server';

CREATE FUNCTION drop_database(server name, name text) RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_drop_database'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION drop_database(name, text) IS
	'drop an empty database of a server';

CREATE FUNCTION databases(
	server name,
	OUT name text,
	OUT created timestamptz)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_databases'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION databases(name) IS
	'the databases of a server; created is null where the remote does not say';

-- -------------------------------------------------------- indexes and loading

CREATE FUNCTION create_index(
	"table" regclass,
	field text,
	index_type text DEFAULT 'auto',
	metric_type text DEFAULT NULL,
	params jsonb DEFAULT NULL,
	index_name text DEFAULT NULL)
	RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_create_index'
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION create_index(regclass, text, text, text, jsonb, text) IS
	'create the index of a field of a foreign table''s collection and wait until it is built';

CREATE FUNCTION drop_index("table" regclass, field text) RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_drop_index'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION drop_index(regclass, text) IS
	'drop the index of a field of a foreign table''s collection';

CREATE FUNCTION load(
	"table" regclass,
	partitions text[] DEFAULT NULL,
	replica_number integer DEFAULT NULL)
	RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_load'
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION load(regclass, text[], integer) IS
	'load a foreign table''s collection, or some partitions, so that it can be queried, and wait until it is';

CREATE FUNCTION release("table" regclass, partitions text[] DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_release'
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION release(regclass, text[]) IS
	'release a foreign table''s collection, or some partitions, from the remote''s memory';

CREATE FUNCTION load_state(
	"table" regclass,
	partitions text[] DEFAULT NULL,
	OUT state text,
	OUT progress integer)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_load_state'
	LANGUAGE C VOLATILE PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION load_state(regclass, text[]) IS
	'whether a foreign table''s collection, or some partitions, is loaded, and how many per cent of it';

CREATE FUNCTION flush("table" regclass) RETURNS void
	AS 'MODULE_PATHNAME', 'milvus_fdw_flush'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION flush(regclass) IS
	'have the remote put all rows written so far into storage, and wait until it has';

CREATE FUNCTION collections(
	server name,
	OUT name text,
	OUT rows bigint,
	OUT state text,
	OUT description text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_collections'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION collections(name) IS
	'the collections of a server; rows is null where the remote does not say';

CREATE FUNCTION fields(
	server name,
	collection text,
	OUT name text,
	OUT type text,
	OUT sql_type text,
	OUT dim integer,
	OUT primary_key boolean,
	OUT auto_id boolean,
	OUT nullable boolean,
	OUT index text,
	OUT metric_type text,
	OUT description text,
	OUT note text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_fields'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fields(name, text) IS
	'the fields of a collection; note says why a field cannot be a column';

-- Connections of this session; no remote is reached.
CREATE FUNCTION connections(
	OUT server name,
	OUT user_name text,
	OUT valid boolean,
	OUT in_use boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_connections'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION connections() IS
	'the connections this session keeps; valid is false where options have changed since';

CREATE FUNCTION disconnect(server name) RETURNS boolean
	AS 'MODULE_PATHNAME', 'milvus_fdw_disconnect'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION disconnect(name) IS
	'close this session''s connections to a server that nothing uses; true if there was one';

CREATE FUNCTION disconnect_all() RETURNS boolean
	AS 'MODULE_PATHNAME', 'milvus_fdw_disconnect_all'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION disconnect_all() IS
	'close all connections of this session that nothing uses; true if there was one';

CREATE FUNCTION version(server name) RETURNS text
	AS 'MODULE_PATHNAME', 'milvus_fdw_remote_version'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION version(name) IS 'the version of the server''s remote';

CREATE FUNCTION export_metadata(server name) RETURNS text
	AS 'MODULE_PATHNAME', 'milvus_fdw_export_metadata'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION export_metadata(name) IS 'what Milvus 1.x keeps of its collections beside the rows, as JSON that option meta takes (json:/path)';

CREATE FUNCTION version() RETURNS text
	AS 'MODULE_PATHNAME', 'milvus_fdw_version'
	LANGUAGE C STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION version() IS 'the version of milvus_fdw and of the libraries it uses';

-- The rows nearest to each of the query vectors, best first.  queries is whatever
-- the vector column can be assigned from, or an array of that; the query is its
-- number, from 1.  distance is what the remote calls it: squared for L2, and the
-- larger the better for IP and COSINE.  SELECT on the table is needed.
-- Errors: 42501 no privilege, 0A000 the remote has no search, HV00R no such
-- collection, 42703 no such column, 42809 it holds no vectors, 22023 a bad
-- argument, 42804 the queries or the id do not fit, 22000 wrong dimensions.
CREATE FUNCTION search(
	"table" regclass,
	queries "any",
	k integer DEFAULT 10,
	params jsonb DEFAULT '{}',
	column_name name DEFAULT NULL,
	partitions text[] DEFAULT NULL,
	filter text DEFAULT NULL,
	metric_type text DEFAULT NULL,
	OUT query integer,
	OUT id bigint,
	OUT distance real)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_search'
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION search(regclass, "any", integer, jsonb, name, text[], text, text) IS
	'the keys of the rows of a foreign table''s collection that are nearest to one or more vectors, found by the remote''s index';

CREATE FUNCTION search_text(
	"table" regclass,
	queries "any",
	k integer DEFAULT 10,
	params jsonb DEFAULT '{}',
	column_name name DEFAULT NULL,
	partitions text[] DEFAULT NULL,
	filter text DEFAULT NULL,
	metric_type text DEFAULT NULL,
	OUT query integer,
	OUT id text,
	OUT distance real)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_search'
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION search_text(regclass, "any", integer, jsonb, name, text[], text, text) IS
	'search() for collections whose keys are text';

-- Compares what is described, not the rows.  error: no row can go; warning: some
-- rows may not; notice: something is different.
CREATE FUNCTION check_schema(
	source regclass,
	target regclass,
	OUT field text,
	OUT severity text,
	OUT problem text,
	OUT hint text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_check_schema'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION check_schema(regclass, regclass) IS
	'what stands in the way of INSERT INTO target SELECT ... FROM source, field by field, before a row moves';

REVOKE ALL ON FUNCTION
	create_collection(name, text, regclass, text, text, text, boolean, integer, text, text, integer,
		boolean, boolean, text, jsonb, text[], text, jsonb, text),
	drop_collection(name, text, text), rename_collection(name, text, text, text),
	alter_collection(regclass, jsonb), collection_statistics(regclass), segments(regclass),
	compact(regclass, boolean), compaction_state(regclass, bigint),
	create_partition(regclass, text), drop_partition(regclass, text), partitions(regclass),
	splits(regclass, integer),
	create_alias(regclass, text), alter_alias(regclass, text), drop_alias(regclass, text), aliases(name, text, text),
	create_database(name, text, jsonb), drop_database(name, text), databases(name),
	create_index(regclass, text, text, text, jsonb, text),
	drop_index(regclass, text),
	load(regclass, text[], integer), release(regclass, text[]), load_state(regclass, text[]), flush(regclass),
	check_schema(regclass, regclass),
	search(regclass, "any", integer, jsonb, name, text[], text, text),
	search_text(regclass, "any", integer, jsonb, name, text[], text, text),
	collections(name), fields(name, text), version(name), export_metadata(name)
	FROM PUBLIC;

-- ------------------------------------------------------------------- staging
--
-- Files in a store (a server of object_store_fdw), which needs USAGE on it and,
-- for a directory, an owner of it with pg_write_server_files.  A rollback does
-- not take them away; what an error or a cancel left is removed by the next
-- command on that store in the session.
--
-- Errors of all: 42704 no such server, 42501 no privilege or the store denies
-- access, 42809 not a store, 25006 read-only transaction, 08001/08006 it cannot
-- be reached, 28P01 it refuses the credentials, HV00R no such bucket, 58P01 no
-- such directory, 53100 disk full, 53000 the store stays too busy.

-- The query runs as the caller and sees what he sees: this is the one function
-- that keeps his search_path, and it looks up nothing else by name.  Errors:
-- 22023 not one query, unknown format or compression, 0A000 the format cannot
-- carry a column, 23502 NULL in a NumPy file, 42701 two columns of one name.
CREATE FUNCTION stage(
	query text,
	store name,
	format text DEFAULT 'parquet',
	compression text DEFAULT NULL,
	file_bytes bigint DEFAULT NULL,
	OUT manifest text,
	OUT name text,
	OUT rows bigint,
	OUT bytes bigint,
	OUT checksum text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_stage'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION stage(text, name, text, text, bigint) IS
	'write the rows of a query into files of a store, with a manifest; a row a file';

CREATE FUNCTION stage(
	"table" regclass,
	store name,
	format text DEFAULT 'parquet',
	compression text DEFAULT NULL,
	file_bytes bigint DEFAULT NULL,
	OUT manifest text,
	OUT name text,
	OUT rows bigint,
	OUT bytes bigint,
	OUT checksum text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_stage_table'
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION stage(regclass, name, text, text, bigint) IS
	'write the rows of a table into files of a store, with a manifest; a row a file';

-- A state of damaged: the manifest cannot be read, or its checksum does not fit;
-- missing: a folder with a name of ours has files and no manifest (yet).
CREATE FUNCTION staged(
	store name,
	OUT manifest text,
	OUT state text,
	OUT format text,
	OUT files integer,
	OUT rows bigint,
	OUT bytes bigint,
	OUT created timestamptz)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_staged'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION staged(name) IS
	'the manifests of a store; state is staging, complete, damaged or missing';

-- Error: 42704 no such manifest, and no folder with a name of ours.
CREATE FUNCTION unstage(store name, manifest text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'milvus_fdw_unstage'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION unstage(name, text) IS
	'remove a manifest from a store with all its files and unfinished uploads; how many files';

-- ----------------------------------------------------------------- importing
--
-- Milvus reads staged files itself.  Needs INSERT on the table and USAGE on its
-- server and the store's; imports() needs USAGE on the table's only.  A rollback does not take rows away.  What the remote's own list of
-- jobs says it has heard of is not asked for again, unless it failed: all of
-- these can be run twice.
--
-- Errors of all, beside those above: HV000 imports failed (their reasons in the
-- detail), 57014 they did not end in time, or made no progress for
-- bulk_timeout, 0A000 the server cannot import such files.

-- Removes the files at the end, unless the table's option keep_staged is true.
-- Errors: 42704 no such manifest, XX001 it is damaged, or a file is missing or
-- longer or shorter than it was, 55000 it is not complete, 42804 its columns do
-- not fit the collection.
CREATE FUNCTION import_files(
	"table" regclass,
	store name,
	manifest text,
	wait boolean DEFAULT true,
	OUT id text,
	OUT state text,
	OUT percent integer,
	OUT rows bigint,
	OUT files text[],
	OUT asked boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_import_manifest'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION import_files(regclass, name, text, boolean) IS
	'have the files of a manifest imported, those that are not yet; a row a job, asked = by this call';

-- Files of a NumPy set stand side by side.
CREATE FUNCTION import_files(
	"table" regclass,
	names text[],
	wait boolean DEFAULT true,
	OUT id text,
	OUT state text,
	OUT percent integer,
	OUT rows bigint,
	OUT files text[],
	OUT asked boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_import_files'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION import_files(regclass, text[], boolean) IS
	'have files imported, by the names that the remote knows them by; a row a job';

CREATE FUNCTION imports(
	"table" regclass,
	OUT id text,
	OUT collection text,
	OUT partition text,
	OUT state text,
	OUT percent integer,
	OUT rows bigint,
	OUT files text[],
	OUT reason text,
	OUT started timestamptz)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_imports'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION imports(regclass) IS
	'the imports into a table''s collection that the remote remembers';

-- Error: 42704 no such job.
CREATE FUNCTION wait_for_import(
	"table" regclass,
	jobs text[] DEFAULT NULL,
	timeout double precision DEFAULT NULL,
	OUT id text,
	OUT state text,
	OUT percent integer,
	OUT rows bigint,
	OUT files text[],
	OUT asked boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_wait_for_import'
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION wait_for_import(regclass, text[], double precision) IS
	'wait for imports (NULL: all that run) for so many seconds at most';

CREATE FUNCTION wait_for_import(
	"table" regclass,
	store name,
	manifest text,
	timeout double precision DEFAULT NULL,
	OUT id text,
	OUT state text,
	OUT percent integer,
	OUT rows bigint,
	OUT files text[],
	OUT asked boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_wait_for_manifest'
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION wait_for_import(regclass, name, text, double precision) IS
	'wait for the imports of a manifest for so many seconds at most, and remove its files';
-- The first row is the manifest; the last are files that it does not list.
-- Errors: 42704 no such manifest, XX001 it cannot be read.
CREATE FUNCTION verify(
	store name,
	manifest text,
	OUT name text,
	OUT bytes bigint,
	OUT ok boolean,
	OUT reason text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'milvus_fdw_verify'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION verify(name, text) IS
	'read the files of a manifest back and compare sizes and checksums; a row a file';

REVOKE ALL ON FUNCTION
	verify(name, text),
	stage(text, name, text, text, bigint),
	stage(regclass, name, text, text, bigint),
	staged(name), unstage(name, text),
	import_files(regclass, name, text, boolean), import_files(regclass, text[], boolean),
	imports(regclass), wait_for_import(regclass, text[], double precision),
	wait_for_import(regclass, name, text, double precision)
	FROM PUBLIC;

-- --------------------------------------------------------------- conversions

-- Conversions (src/sqlfn/convert*.c).
--
-- A vector is a real[] of one dimension without NULLs; its lower bound does
-- not matter, and the ones made here start at 1.  Elements are float32.  All
-- functions are strict: a NULL argument gives NULL.  Elements are counted from
-- 1 in messages.  None depends on a setting, a locale or a time zone.
--
-- Errors of every function that takes an array:
--   2202E  more than one dimension
--   22004  an element is NULL (its position is named)

-- To vectors.  The second argument is the number of dimensions that the vector
-- must have; 0, the default, takes any number.  Errors of all of them:
--   22000  another number of dimensions
--   22003  a finite number whose nearest float32 would be infinite, that is,
--          of 3.4028235677973366e38 or more (IEEE 754, round to nearest even);
--          numbers too small become subnormal or zero
--   22023  dim is negative
--   54000  more elements than a PostgreSQL array can have
-- A literal of unknown type is taken as text.

-- Each number is rounded once, from the decimal digits that jsonb keeps.
-- JSON's null as a whole gives NULL.  Errors: 22039 not an array, 22036 an
-- element is not a number, 22004 an element is null.
CREATE FUNCTION to_vector(value jsonb, dim integer DEFAULT 0) RETURNS real[]
	AS 'MODULE_PATHNAME', 'milvus_fdw_to_vector_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION to_vector(jsonb, integer) IS
	'vector from a JSON array of numbers, each correctly rounded to float32';

-- '[1,2,3]' (JSON, pgvector) or '{1,2,3}' (PostgreSQL array), blanks anywhere
-- between; NaN, Infinity and -Infinity are elements too.  Errors: 22P02 other
-- text (where and what is in the detail), 22004 an element is null.
CREATE FUNCTION to_vector(value text, dim integer DEFAULT 0) RETURNS real[]
	AS 'MODULE_PATHNAME', 'milvus_fdw_to_vector_text'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION to_vector(text, integer) IS
	'vector from text such as [1,2,3] or {1,2,3}, each number correctly rounded to float32';

-- IEEE 754 binary32, least significant byte first.  Error: 22P03 the length
-- is not a multiple of 4 bytes.
CREATE FUNCTION to_vector(value bytea, dim integer DEFAULT 0) RETURNS real[]
	AS 'MODULE_PATHNAME', 'milvus_fdw_to_vector_bytea'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION to_vector(bytea, integer) IS
	'vector from little-endian float32 bytes';

-- Rounded once, from the decimal digits; NaN and infinities stay what they are.
CREATE FUNCTION to_vector(value numeric[], dim integer DEFAULT 0) RETURNS real[]
	AS 'MODULE_PATHNAME', 'milvus_fdw_to_vector_numeric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION to_vector(numeric[], integer) IS
	'vector from an array of numeric, each correctly rounded to float32';

CREATE FUNCTION to_vector(value double precision[], dim integer DEFAULT 0) RETURNS real[]
	AS 'MODULE_PATHNAME', 'milvus_fdw_to_vector_float8'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION to_vector(double precision[], integer) IS
	'vector from an array of double precision, each rounded to float32';

-- Every bit stays; for the checks.
CREATE FUNCTION to_vector(value real[], dim integer DEFAULT 0) RETURNS real[]
	AS 'MODULE_PATHNAME', 'milvus_fdw_to_vector_float4'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION to_vector(real[], integer) IS
	'the same vector, checked to have one dimension, no NULLs and dim elements';

-- Integers beyond 2^24 are rounded to the nearest float32.  They have functions
-- of their own because ARRAY[1,2] would fit numeric[] and double precision[]
-- equally well.
CREATE FUNCTION to_vector(value smallint[], dim integer DEFAULT 0) RETURNS real[]
	AS 'MODULE_PATHNAME', 'milvus_fdw_to_vector_int2'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION to_vector(smallint[], integer) IS
	'vector from an array of smallint';

CREATE FUNCTION to_vector(value integer[], dim integer DEFAULT 0) RETURNS real[]
	AS 'MODULE_PATHNAME', 'milvus_fdw_to_vector_int4'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION to_vector(integer[], integer) IS
	'vector from an array of integer, each rounded to float32';

CREATE FUNCTION to_vector(value bigint[], dim integer DEFAULT 0) RETURNS real[]
	AS 'MODULE_PATHNAME', 'milvus_fdw_to_vector_int8'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION to_vector(bigint[], integer) IS
	'vector from an array of bigint, each rounded to float32';

-- From vectors.  Decimal forms have the shortest digits that read back as the
-- same float32, so to_vector() undoes each of these functions; only the sign
-- of a zero is lost in jsonb and numeric, which have one zero.

-- Error: 22003 an element is NaN or infinite, which JSON cannot write.
CREATE FUNCTION vector_to_jsonb(vector real[]) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'milvus_fdw_vector_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_to_jsonb(real[]) IS
	'vector as a JSON array of numbers';

-- '[1,2,3]'; also NaN, Infinity and -Infinity, which most readers refuse.
CREATE FUNCTION vector_to_text(vector real[]) RETURNS text
	AS 'MODULE_PATHNAME', 'milvus_fdw_vector_to_text'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_to_text(real[]) IS
	'vector as text, such as [1,2,3]';

CREATE FUNCTION vector_to_numeric(vector real[]) RETURNS numeric[]
	AS 'MODULE_PATHNAME', 'milvus_fdw_vector_to_numeric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_to_numeric(real[]) IS
	'vector as an array of numeric';

-- 4 bytes an element, least significant first.
CREATE FUNCTION vector_to_bytea(vector real[]) RETURNS bytea
	AS 'MODULE_PATHNAME', 'milvus_fdw_vector_to_bytea'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_to_bytea(real[]) IS
	'vector as little-endian float32 bytes';

-- v / sqrt(sum of v[i]^2), computed in double precision, whose range holds the
-- square of every float32.  A vector of zeros (and an empty one) is returned
-- as it is, as pgvector does.  Error: 22003 an element is NaN or infinite.
CREATE FUNCTION l2_normalize(vector real[]) RETURNS real[]
	AS 'MODULE_PATHNAME', 'milvus_fdw_l2_normalize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION l2_normalize(real[]) IS
	'vector scaled to Euclidean length 1; a vector of zeros stays as it is';

-- The first 8 bytes of SHA-256 (FIPS 180-4) over the bytes of the text in
-- UTF-8, most significant byte first, with the top bit cleared: 0 to 2^63 - 1.
-- The same for ever, on every machine and in every database encoding.  Nothing
-- is trimmed, folded or normalized first.  Chance that n different texts give
-- two equal ids (birthday bound): about n^2 / 2^64, which is 5.4e-8 for 10^6
-- and 5.3 % for 10^9.  Error: 22P05 or 22021 the text has no form in UTF-8.
CREATE FUNCTION id_from_text(id text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'milvus_fdw_id_from_text'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION id_from_text(text) IS
	'stable non-negative bigint id of a text: the first 8 bytes of its SHA-256, top bit cleared';

-- The longest prefix, in whole characters (Unicode code points where the
-- database is UTF-8), whose UTF-8 form has at most max_bytes bytes: what a
-- Milvus VarChar(max_bytes) holds.  Errors: 22023 max_bytes is negative; 22P05
-- or 22021 the text has no form in UTF-8.
CREATE FUNCTION text_truncate_bytes(value text, max_bytes integer) RETURNS text
	AS 'MODULE_PATHNAME', 'milvus_fdw_text_truncate_bytes'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION text_truncate_bytes(text, integer) IS
	'text cut at the end of a character to at most so many bytes of UTF-8';

-- Milliseconds since 1970-01-01 00:00 UTC without leap seconds; parts of a
-- millisecond are rounded down (towards the past), before 1970 too.  Error:
-- 22008 infinity.
CREATE FUNCTION timestamptz_to_epoch_ms(value timestamptz) RETURNS bigint
	AS 'MODULE_PATHNAME', 'milvus_fdw_timestamptz_to_epoch_ms'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION timestamptz_to_epoch_ms(timestamptz) IS
	'milliseconds since 1970-01-01 00:00 UTC, rounded down';

-- Exact.  Error: 22008 outside the range of timestamptz (4713 BC to 294276 AD).
CREATE FUNCTION epoch_ms_to_timestamptz(ms bigint) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'milvus_fdw_epoch_ms_to_timestamptz'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION epoch_ms_to_timestamptz(bigint) IS
	'timestamptz from milliseconds since 1970-01-01 00:00 UTC';
