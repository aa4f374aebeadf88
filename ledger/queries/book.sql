-- name: has_stale
SELECT 1 FROM stale LIMIT 1;

-- name: knows_bundle
SELECT 1 FROM files WHERE bundle_id = $bundle_id LIMIT 1;

-- name: files_of_bundle
SELECT * FROM files WHERE bundle_id = $bundle_id ORDER BY part_no;

-- name: called
-- One row is a bundle that a person may mean by a name, a number or (the start of) a sha-256.
SELECT DISTINCT bundle_id, min(name) OVER (PARTITION BY bundle_id) AS name FROM files
WHERE name = $name OR file_id LIKE $start OR bundle_id LIKE $start OR import_no::VARCHAR = $name
  OR split_part(name, '/', 1) = $name;

-- name: with_rejects
SELECT bundle_id, min(import_no) AS import_no, any_value(options) AS options FROM files
GROUP BY bundle_id HAVING sum(rejected) > 0 ORDER BY import_no;

-- name: last_instant
-- The natural end of a report: the last instant of which the book knows anything.
SELECT max(moment) FROM (
  SELECT max(moved_at) AS moment FROM movements
  UNION ALL SELECT max(filled_at) FROM fills
  UNION ALL SELECT max(paid_at) FROM funding);

-- name: files
SELECT * FROM files ORDER BY file_no;

-- name: accounts
-- One row is an account at a venue.
WITH filed AS (
  SELECT account, venue, count(*) AS files, CAST(sum(stored) AS BIGINT) AS rows, min(first_at) AS first_at,
    max(last_at) AS last_at, list_sort(list_distinct(flatten(list(wallets)))) AS wallets
  FROM files GROUP BY account, venue
), bound AS (
  SELECT account, venue, max(nullif(number_hash, '')) AS number_hash FROM accounts GROUP BY account, venue
)
SELECT account, venue, left(b.number_hash, 8) AS number_hash, f.files, f.wallets, f.rows, f.first_at, f.last_at
FROM filed f LEFT JOIN bound b USING (account, venue) ORDER BY account, venue;

-- name: rejects
SELECT * FROM rejects ORDER BY file, source_row;

-- name: read_whole
SELECT count(*) FROM (SELECT DISTINCT hash(t) FROM {table} t);

-- name: digest
SELECT count(*) AS rows, coalesce(sum(md5_number_lower(concat_ws('|', {texts}))::HUGEINT), 0)::VARCHAR AS total FROM {table};
