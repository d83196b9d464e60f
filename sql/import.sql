-- Which foreign tables describe a server's collections?
CREATE SERVER imp FOREIGN DATA WRAPPER test_fdw OPTIONS (rows '3', dimensions '2');
CREATE SCHEMA imp;

-- a table with a schema makes its collection at first sight
CREATE FOREIGN TABLE imp.make_plain (id bigint) SERVER imp OPTIONS (collection 'plain',
	schema 'id i64 key, small i8, tiny_null i16 null, n i32, big u64, f f32, d f64, num decimal, t text, s text bytes=20,
	huge text bytes=20000000, b bytes, j json, at timestamp, u uuid, net inet, v vec_f32 dim=3 metric=L2, h vec_f16 dim=2,
	w vec_i8 dim=4, bits vec_bit dim=16, tags list of=text items=5, sp sparse, flag bool, _id text pseudo, made i64 auto');
CREATE FOREIGN TABLE imp.make_odd (id bigint) SERVER imp OPTIONS (collection 'Odd "name"; DROP TABLE x; --',
	schema '"select" i64 key, "A b" i32, "a-b.c" i32, "1st" i32, "it''s" i32, Upper i32, "\" i32,
	"日本" i32, quite_a_long_name_that_is_longer_than_the_sixty_three_bytes_of_a_name_in_sql i32 | it''s odd');
CREATE FOREIGN TABLE imp.make_skipping (id bigint) SERVER imp OPTIONS (collection 'skipping',
	schema 'id i64 key, shape none skip, what i32 skip, lists list of=list, v vec_f32 dim=2');
CREATE FOREIGN TABLE imp.make_colliding (id bigint) SERVER imp OPTIONS (collection 'colliding',
	schema 'id i64 key, "a-b" i32, "a.b" i32');
CREATE FOREIGN TABLE imp.make_empty (id bigint) SERVER imp OPTIONS (collection 'a_collection_with_a_name_that_is_longer_than_sixty_three_bytes_altogether',
	schema 'id i64 key');
SELECT count(*) FROM imp.make_plain;
SELECT count(*) FROM imp.make_odd;
SELECT count(*) FROM imp.make_skipping;
SELECT count(*) FROM imp.make_colliding;
SELECT count(*) FROM imp.make_empty;

IMPORT FOREIGN SCHEMA nothing FROM SERVER imp INTO imp;
IMPORT FOREIGN SCHEMA "default" FROM SERVER imp INTO imp OPTIONS (anything 'x');
IMPORT FOREIGN SCHEMA "default" FROM SERVER imp INTO imp;
SET timezone = 'UTC';
IMPORT FOREIGN SCHEMA "default" EXCEPT (colliding) FROM SERVER imp INTO imp;
DROP FOREIGN TABLE imp.make_plain, imp.make_odd, imp.make_skipping, imp.make_colliding, imp.make_empty;
\d imp.*

-- what was imported can be read and written
SELECT * FROM imp.generated;
INSERT INTO imp."Odd ""name""; DROP TABLE x; --" VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9);
SELECT * FROM imp."Odd ""name""; DROP TABLE x; --";
SELECT quite_a_long_name_that_is_longer_than_the_sixty_three_bytes_of_a_name_in_sql FROM imp."Odd ""name""; DROP TABLE x; --";
INSERT INTO imp.a_collection_with_a_name_that_is_longer_than_sixty_three_bytes_altogether VALUES (1);

-- LIMIT TO
CREATE SCHEMA imp2;
IMPORT FOREIGN SCHEMA "default" LIMIT TO (skipping, "Skipping", missing) FROM SERVER imp INTO imp2;
IMPORT FOREIGN SCHEMA "default" LIMIT TO (a_collection_with_a_name_that_is_longer_than_sixty_three_bytes_altogether) FROM SERVER imp INTO imp2;
IMPORT FOREIGN SCHEMA "default" LIMIT TO ("Odd ""name""; DROP TABLE x; --") FROM SERVER imp INTO imp2;
IMPORT FOREIGN SCHEMA "default" LIMIT TO (skipping) FROM SERVER imp INTO imp2;
SELECT foreign_table_name FROM information_schema.foreign_tables WHERE foreign_table_schema = 'imp2' ORDER BY 1;

-- a remote with databases
CREATE SERVER imp_archive FOREIGN DATA WRAPPER test_archive_fdw OPTIONS (directory '/nowhere', rows '2');
CREATE SCHEMA imp3;
IMPORT FOREIGN SCHEMA "The ""db""" LIMIT TO (generated) FROM SERVER imp_archive INTO imp3;
\d imp3.generated
DROP FOREIGN TABLE imp3.generated;
IMPORT FOREIGN SCHEMA "default" LIMIT TO (generated) FROM SERVER imp_archive INTO imp3;
\d imp3.generated
SELECT id, txt FROM imp3.generated;
INSERT INTO imp3.generated (id) VALUES (1);
SELECT milvus_fdw.load('imp3.generated');

-- who may: USAGE on the server, as PostgreSQL asks
CREATE ROLE regress_imp;
GRANT CREATE, USAGE ON SCHEMA imp3 TO regress_imp;
SET ROLE regress_imp;
IMPORT FOREIGN SCHEMA "default" LIMIT TO (generated) FROM SERVER imp INTO imp3;
RESET ROLE;

DROP SERVER imp, imp_archive CASCADE;
DROP SCHEMA imp, imp2, imp3;
DROP OWNED BY regress_imp;
DROP ROLE regress_imp;
