-- What does the README's example look like when it runs?  (psql -e; the servers and the index es.docs are there already)
\set ON_ERROR_STOP 1
\timing on

CREATE EXTENSION milvus_fdw;
CREATE SERVER es FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url 'http://localhost:9200');
CREATE SERVER milvus FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '19530');
CREATE SCHEMA es;
CREATE SCHEMA milvus2;
IMPORT FOREIGN SCHEMA "default" LIMIT TO (docs) FROM SERVER es INTO es;
SELECT milvus_fdw.create_collection('milvus', 'docs', like => 'es.docs', primary_key => 'id');
IMPORT FOREIGN SCHEMA "default" LIMIT TO (docs) FROM SERVER milvus INTO milvus2;

INSERT INTO milvus2.docs (id, title, price, embedding) SELECT id, title, price, embedding FROM es.docs;

SELECT count(*) FROM milvus2.docs;

-- Are the vectors the same, bit for bit?
SELECT count(*) AS rows,
       count(*) FILTER (WHERE array_send(s.embedding) = array_send(t.embedding)) AS same_vectors,
       count(*) FILTER (WHERE s.title = t.title AND s.price = t.price) AS same_scalars
FROM es.docs s JOIN milvus2.docs t USING (id);

SELECT id, title, round(price::numeric, 3) AS price, embedding[1:8] AS first_row_of_pixels FROM milvus2.docs ORDER BY id LIMIT 3;
