-- name: booked
SELECT cause, asset, symbol, moved_at AS moment, amount, row_key::DECIMAL(38,0) AS row_key FROM movements
WHERE account = $account AND venue = $venue AND wallet = $wallet AND pool = 'asset' AND basis = 'stated';

-- name: has_ledger
SELECT 1 FROM voices
WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = 'ledger' AND cause IS NULL LIMIT 1;

-- name: has_derived
SELECT 1 FROM movements_derived WHERE account = $account AND venue = $venue AND wallet = $wallet LIMIT 1;

-- name: not_derived
-- One row is a share of a cost that no derived movement stands for.
WITH taken AS (SELECT * REPLACE (row_key::HUGEINT AS row_key) FROM incoming)
SELECT t.* FROM taken t ANTI JOIN (
  SELECT row_key - row_key % 256 AS base, cause FROM movements_derived
  WHERE account = $account AND venue = $venue AND wallet = $wallet
) d ON d.base = t.row_key - t.row_key % 256 AND d.cause = t.cause;
