-- name: gone
CREATE OR REPLACE TEMP TABLE gone AS
SELECT DISTINCT key, nth, day FROM sightings_stored
WHERE file_no IN (SELECT file_no FROM files WHERE bundle_id = $bundle_id);

-- name: delete_sightings
DELETE FROM sightings_stored WHERE file_no IN (SELECT file_no FROM files WHERE bundle_id = $bundle_id);

-- name: next_sightings
-- One row is a fact of the forgotten files, with the first sighting left (null: nobody shows it any more).
CREATE OR REPLACE TEMP TABLE next_sighting AS
SELECT g.key + g.nth * 256 AS base, arg_min(f.file_id, (s.file_no, s.source_row)) AS file_id,
  arg_min(s.source_row, (s.file_no, s.source_row)) AS source_row
FROM gone g LEFT JOIN sightings_stored s USING (key, nth) LEFT JOIN files f USING (file_no) GROUP BY 1;

-- name: delete_rows
DELETE FROM {table} WHERE row_key - row_key % 256 IN (SELECT base FROM next_sighting WHERE file_id IS NULL);

-- name: lead_back
UPDATE {table} SET file_id = n.file_id, source_row = n.source_row FROM next_sighting n
WHERE {table}.row_key - {table}.row_key % 256 = n.base AND n.file_id IS NOT NULL;

-- name: mark_stale
-- The wallets of the files; of prices and terms every wallet, since any may depend on them.
INSERT INTO stale BY NAME
SELECT account, venue, unnest(wallets) AS wallet FROM files WHERE bundle_id = $bundle_id
UNION
SELECT account, venue, unnest(wallets) FROM files WHERE EXISTS (
  FROM (
    SELECT file_id FROM prices UNION ALL SELECT file_id FROM instruments UNION ALL SELECT file_id FROM margin_tiers
    UNION ALL SELECT file_id FROM collateral_ratios UNION ALL SELECT file_id FROM loan_terms
  ) r WHERE r.file_id IN (SELECT file_id FROM files WHERE bundle_id = $bundle_id));

-- name: delete_of_files
DELETE FROM {table} WHERE file_no IN (SELECT file_no FROM files WHERE bundle_id = $bundle_id);

-- name: delete_files
DELETE FROM files WHERE bundle_id = $bundle_id;

-- name: delete_accounts
DELETE FROM accounts WHERE (account, venue) NOT IN (SELECT DISTINCT account, venue FROM files);

-- name: entangled
-- One row is another bundle, in order of import, that shares facts with this one, or of which rows were rejected because
-- the book held their ids with other content.
SELECT bundle_id, min(import_no) AS import_no FROM files
WHERE bundle_id <> $bundle_id AND (
  file_no IN (
    SELECT s.file_no FROM sightings_stored s
    SEMI JOIN (SELECT key FROM sightings_stored WHERE file_no IN (SELECT file_no FROM files WHERE bundle_id = $bundle_id)) mine
    USING (key))
  OR file_no IN (SELECT file_no FROM rejects_stored WHERE reason LIKE 'changed:%'))
GROUP BY bundle_id ORDER BY import_no;
