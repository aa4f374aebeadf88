-- name: keys
SELECT source_row,
  ((md5_number($series || chr(31) || key_text) >> 40)::HUGEINT * 4294967296)::DECIMAL(38,0) AS key,
  CASE WHEN content_text = '' THEN 0 ELSE (md5_number_lower(content_text) >> 1)::BIGINT END AS content
FROM incoming;

-- name: earlier
SELECT s.key::DECIMAL(38,0) AS key, s.nth, s.content, s.file_no, s.source_row, f.pool, f.bundle_id
FROM sightings_stored s JOIN files f USING (file_no)
WHERE s.day BETWEEN $first AND $last AND s.key IN (SELECT key::HUGEINT FROM incoming);
