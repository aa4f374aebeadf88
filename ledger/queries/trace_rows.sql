-- name: of_table
-- One row is a row of one table, in words.
SELECT t.row_key, '{name}' AS "table", t.{time} AS moment, concat_ws(' ', {words}) AS what, t.file_id, t.source_row
FROM {table} t WHERE t.row_key IN (SELECT row_key::HUGEINT FROM incoming);

-- name: located
-- One row is a traced row with the file it stands in.
SELECT r.row_key::DECIMAL(38,0)::VARCHAR AS row_key, r."table", r.moment, r.what, r.file_id, r.source_row, f.name AS file
FROM ({selects}) r LEFT JOIN (SELECT file_id, min(name) AS name FROM files GROUP BY file_id) f ON f.file_id = r.file_id
ORDER BY r.moment, (SELECT i.ordinal FROM incoming i WHERE i.row_key::HUGEINT = r.row_key), r.row_key;

-- name: bundle_of
SELECT bundle_id, name, options FROM files WHERE file_id = $file_id LIMIT 1;

-- name: of_finding
SELECT rows FROM findings WHERE finding_id = $id;

-- name: sentence
SELECT sentence FROM findings WHERE finding_id = $id;
