-- name: ledger_fees
SELECT symbol, trade_ref, asset AS ledger_fee_asset, CAST(-sum(amount) AS DECIMAL(38,18)) AS ledger_fee
FROM movements WHERE account = $account AND venue = $venue AND wallet = $wallet AND cause = 'trading_fee'
  AND trade_ref IS NOT NULL GROUP BY ALL;

-- name: sizes
SELECT symbol, paid_at, position_side, position_quantity FROM funding
WHERE account = $account AND venue = $venue AND wallet = $wallet AND position_quantity IS NOT NULL
  AND list_contains($symbols::VARCHAR[], symbol)
ORDER BY paid_at;

-- name: stale
SELECT DISTINCT account, venue, wallet FROM stale ORDER BY ALL;

-- name: every_wallet
SELECT DISTINCT account, venue, wallet FROM coverage ORDER BY ALL;

-- name: has_rows
SELECT 1 FROM {table} WHERE account = $account AND venue = $venue AND wallet = $wallet LIMIT 1;

-- name: delete_legs
DELETE FROM legs WHERE position_id IN (
  SELECT position_id FROM positions WHERE account = $account AND venue = $venue AND wallet = $wallet);

-- name: delete_derived
DELETE FROM {table} WHERE account = $account AND venue = $venue AND wallet = $wallet;

-- name: fills_covered_from
SELECT min(from_at) FROM coverage
WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = 'fills';

-- name: flag_unvalued
UPDATE positions SET flags = list_append(flags, 'unvalued_cost')
WHERE NOT list_contains(flags, 'unvalued_cost') AND account = $account AND venue = $venue AND wallet = $wallet
  AND position_id IN (
    SELECT position_id FROM costs_stored
    WHERE account = $account AND venue = $venue AND wallet = $wallet AND value IS NULL);

-- name: traded_symbols
-- One row is a derivative that was traded, with its number of fills.
SELECT symbol, count(*) AS fills FROM fills
WHERE account = $account AND venue = $venue AND wallet = $wallet AND product IN ('perpetual', 'future', 'option')
GROUP BY symbol ORDER BY symbol;
