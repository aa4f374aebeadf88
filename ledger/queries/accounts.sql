-- name: known
-- One row is an account at a venue.
SELECT DISTINCT account, venue FROM accounts ORDER BY ALL;

-- name: numbers
-- One row is a venue's account number that is bound to the account.
SELECT venue, number_hash FROM accounts
WHERE account = $account AND list_contains($venues::VARCHAR[], venue) AND number_hash <> '' ORDER BY ALL;

-- name: bundles
-- One row is a bundle that holds files of the account, in order of import.
SELECT bundle_id, min(import_no) AS import_no FROM files
WHERE account = $account AND list_contains($venues::VARCHAR[], venue) GROUP BY bundle_id ORDER BY import_no;

-- name: traded_as
-- One row is a way in which fills of an instrument name its terms.
SELECT DISTINCT product, instrument, settle_asset, style, position_side, margin_mode, pair FROM fills
WHERE account = $account AND venue = $venue AND wallet = $wallet AND symbol = $symbol
  AND coalesce(position_side, 'both') IN ('both', $side) ORDER BY ALL;

-- name: exists
SELECT 1 FROM (SELECT account FROM files UNION ALL SELECT account FROM closes) WHERE account = $account LIMIT 1;
