-- Texts that PostgreSQL calls equal though their bytes differ: not the remote's to compare.
SELECT count(*) = 0 AS without_icu FROM pg_collation WHERE collprovider = 'i' \gset
\if :without_icu
\quit
\endif
CREATE SCHEMA icu;
SET search_path = icu;
CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE SERVER icu FOREIGN DATA WRAPPER test_pushing_fdw;
CREATE FOREIGN TABLE odd (id bigint, words text[], ci text[] COLLATE caseless) SERVER icu OPTIONS (collection 'generated', rows '5');
EXPLAIN (COSTS OFF) SELECT id FROM odd WHERE words && '{a}' AND ci && '{a}';
EXPLAIN (COSTS OFF) SELECT id FROM odd WHERE ci @> '{a}';
EXPLAIN (COSTS OFF) SELECT id FROM odd WHERE 'a' = ANY(ci);
RESET search_path;
DROP SERVER icu CASCADE;
DROP SCHEMA icu CASCADE;
