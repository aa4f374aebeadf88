-- name: register
INSERT INTO files BY NAME
SELECT $file_no::UINTEGER AS file_no, $file_id AS file_id, $bundle_id AS bundle_id, $import_no AS import_no,
  $part_no AS part_no, $sheet AS sheet, $name AS name, '' AS account, $venue AS venue, $format AS format,
  $variant AS variant, $options AS options, $pool::UINTEGER AS pool, $importer_version AS importer_version,
  $reason AS reason,
  0 AS rows_read, 0 AS stored, 0 AS duplicate, 0 AS ignored, 0 AS rejected;

-- name: finish
UPDATE files SET account = $account, series = $series, rows_read = $rows_read, stored = $stored, duplicate = $duplicate,
  ignored = $ignored, rejected = $rejected, ignored_reasons = $ignored_reasons, warnings = $warnings,
  first_at = $first_at, last_at = $last_at, wallets = $wallets
WHERE file_no = $file_no;

-- name: next_file
SELECT coalesce(max(file_no), 0) + 1 FROM files;

-- name: account_numbers
-- One row is a venue's account number that is bound to an account.
SELECT number_hash, account FROM accounts WHERE venue = $venue AND number_hash <> '';

-- name: account_names
SELECT DISTINCT account FROM accounts WHERE venue = $venue ORDER BY 1;

-- name: unbind
DELETE FROM accounts WHERE account = $account AND venue = $venue AND number_hash = '';

-- name: bind
INSERT INTO accounts VALUES ($account, $venue, $number_hash);

-- name: held_at
-- One row is an instant at which the format's rows stand already, with their number.
SELECT {time} AS moment, count(DISTINCT row_key - row_key % 256) AS held FROM {table}_stated
WHERE format = $format AND {time} IN (FROM incoming) GROUP BY 1;

-- name: settle_order
UPDATE {table}_stated SET sequence = i."order" FROM incoming i WHERE row_key - row_key % 256 = i.first_leg::HUGEINT;

-- name: series_number
SELECT series FROM series_names WHERE name = $name;

-- name: next_series
SELECT coalesce(max(series), 0) + 1 FROM series_names;

-- name: mark_stale
INSERT INTO stale VALUES ($account, $venue, $wallet, $since);

-- name: file_names
SELECT file_no, name FROM files;

-- name: left
-- One row is a row that leaves a wallet for another, since the incoming one is right.
SELECT t.wallet, t.{time} FROM {table} t JOIN incoming i ON t.row_key = i.row_key::HUGEINT
WHERE t.wallet <> i.wallet AND {wins};

-- name: enrich
-- Cells that an export left empty are filled by another of the same id; of two that contradict each other the one with the
-- first format, then the first cells is right; of two times the one with more digits stays.  One row is a row that changed.
UPDATE {table} AS t SET {cells}, {taken}, {time} = greatest(t.{time}, w.{time}),
  format = least(t.format, $format), file_id = CASE WHEN w.wins THEN $file_id ELSE t.file_id END
FROM (
  SELECT i.*, {wins} AS wins
  FROM {table} t JOIN incoming i ON t.row_key = i.row_key::HUGEINT
  WHERE t.{time} < i.{time} OR {wins} OR {empty}
) w
WHERE t.row_key = w.row_key::HUGEINT
RETURNING t.wallet, t.{time};
