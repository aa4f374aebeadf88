-- name: ledger_fees
-- One row is the fee that a ledger books for an execution; `wins`: it speaks for fees there, also over the fill's own.
WITH voiced AS (
  SELECT v.from_at, v.to_at, f.format FROM voices v JOIN (SELECT DISTINCT series, format FROM files) f USING (series)
  WHERE v.account = $account AND v.venue = $venue AND v.wallet = $wallet AND v.fact = 'fees'
)
SELECT symbol, trade_ref, asset AS ledger_fee_asset, CAST(-sum(amount) AS DECIMAL(38,18)) AS ledger_fee,
  min(moved_at) AS moved_at,
  bool_or(EXISTS (FROM voiced v WHERE v.format = m.format AND m.moved_at >= v.from_at AND m.moved_at < v.to_at)) AS wins
FROM movements m WHERE account = $account AND venue = $venue AND wallet = $wallet AND cause = 'trading_fee' AND pool = 'asset'
  AND trade_ref IS NOT NULL AND basis = 'stated' GROUP BY ALL;

-- name: sizes
SELECT symbol, paid_at, position_side, position_quantity FROM funding
WHERE account = $account AND venue = $venue AND wallet = $wallet AND position_quantity IS NOT NULL
  AND list_contains($symbols::VARCHAR[], symbol) AND paid_at >= $after
ORDER BY paid_at;

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
-- One row is an instrument that was traded, with the number of its fills that are folded; $stakes: spot pairs of the wallet
-- are stakes, too.
SELECT symbol, coalesce(min(split_part(instrument, '/', 1)) FILTER (WHERE product IN ('spot', 'margin')), symbol) AS base,
  count(*) FILTER (WHERE r.read_after IS NULL OR filled_at > r.read_after) AS fills
FROM fills LEFT JOIN incoming r USING (symbol)
WHERE account = $account AND venue = $venue AND wallet = $wallet
  AND (product IN ('perpetual', 'future', 'option', 'margin') OR $stakes)
GROUP BY symbol ORDER BY base, symbol;

-- name: fees_beside
-- One row is the fee of a spot fill, or of its part, that is no stake: it belongs to no position, but where the part was
-- bought to pay a position's interest.
SELECT NULL::VARCHAR AS position_id, symbol, 'trading_fee' AS cause, fee_asset AS asset, -fee AS amount,
  NULL::DECIMAL(38,18) AS value, filled_at AS booked_at, row_key::DECIMAL(38,0) AS row_key, 'inventory' AS how
FROM fills WHERE account = $account AND venue = $venue AND wallet = $wallet AND product = 'spot' AND NOT $stakes
  AND fee <> 0 AND fee_asset IS NOT NULL
UNION ALL
SELECT CASE kind WHEN 'interest' THEN position_id END, symbol, 'trading_fee', fee_asset, -fee,
  CASE kind WHEN 'interest' THEN -fee_value END, booked_at, row_key::DECIMAL(38,0),
  CASE kind WHEN 'interest' THEN 'fill' ELSE 'inventory' END
FROM inventory WHERE account = $account AND venue = $venue AND wallet = $wallet AND fee <> 0 AND fee_asset IS NOT NULL
UNION ALL
SELECT NULL, symbol, 'trading_fee', asset, amount, NULL, moved_at, row_key::DECIMAL(38,0), 'inventory'
FROM movements_stated
WHERE account = $account AND venue = $venue AND wallet = $wallet AND speaks AND cause = 'trading_fee' AND by_hand(format);

-- name: stated_by_trade
-- One row is the gross result that the venue states for an execution, in one asset.
SELECT trade_ref, asset AS settle_asset, CAST(sum(amount) AS DECIMAL(38,18)) AS result FROM stated_results
WHERE account = $account AND venue = $venue AND wallet = $wallet AND grain = 'fill' AND basis = 'gross'
  AND trade_ref IS NOT NULL GROUP BY trade_ref, asset;
