-- name: delete
DELETE FROM fills_assembled WHERE account = $account AND venue = $venue AND wallet = $wallet;

-- name: legs
-- One row is what a ledger booked of an asset for one trade, or (without a reference) in one second, where no export states
-- the fills themselves.  A ledger may book a fill seconds beyond the end of the export that states it: seen there already.
WITH voiced AS (
  SELECT from_at, to_at FROM voices
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = 'fills'
), stated AS (
  SELECT DISTINCT symbol FROM fills_stated WHERE account = $account AND venue = $venue AND wallet = $wallet
), unstated AS (
  SELECT *, date_trunc('second', moved_at) AS second FROM movements_stated m
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND speaks AND cause IN ('trade', 'trading_fee')
    AND (symbol IS NULL OR symbol NOT IN (FROM stated)) AND NOT by_hand(format)
    AND NOT EXISTS (FROM voiced v WHERE m.moved_at >= v.from_at AND m.moved_at < v.to_at)
), seen AS (
  SELECT DISTINCT u.second FROM unstated u JOIN fills_stated f ON f.account = u.account AND f.venue = u.venue
    AND f.wallet = u.wallet AND split_part(f.instrument, '/', 1) = u.asset AND f.quantity = abs(u.amount)
    AND f.filled_at BETWEEN u.moved_at - INTERVAL 3 SECOND AND u.moved_at + INTERVAL 3 SECOND
  WHERE u.cause = 'trade'
)
SELECT trade_ref, symbol, second, asset, cause = 'trading_fee' AS is_fee, any_value(pair) AS pair,
  CAST(sum(amount) AS DECIMAL(38,18)) AS amount, max(moved_at) AS moment, min(sequence) AS sequence,
  min(row_key)::DECIMAL(38,0) AS row_key, arg_min(format, row_key) AS format, arg_min(file_id, row_key) AS file_id,
  arg_min(source_row, row_key) AS source_row
FROM unstated WHERE second NOT IN (FROM seen)
GROUP BY trade_ref, symbol, second, asset, is_fee ORDER BY second, trade_ref, symbol, row_key;

-- name: unassembled
-- One row is a second of a margin wallet whose legs of trades could not be told apart.
SELECT date_trunc('second', moved_at) AS second, count(*) AS n, list(row_key::DECIMAL(38,0)::VARCHAR ORDER BY row_key) AS keys
FROM movements m
WHERE account = $account AND venue = $venue AND wallet = $wallet AND basis = 'stated' AND cause = 'trade' AND symbol IS NULL
  AND NOT EXISTS (FROM fills_assembled f WHERE f.account = $account AND f.venue = $venue AND f.wallet = $wallet
    AND f.filled_at BETWEEN m.moved_at - INTERVAL 2 SECOND AND m.moved_at + INTERVAL 2 SECOND)
  AND NOT EXISTS (FROM fills_stated f WHERE f.account = $account AND f.venue = $venue AND f.wallet = $wallet)
GROUP BY second ORDER BY second;
