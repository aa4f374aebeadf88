-- name: chains
-- One row is an asset: the range of stated balance less running sum.  Where it is one value, it is the opening and the
-- chain holds; else the asset is followed instant by instant.
WITH grouped AS (
  SELECT asset, moved_at, sum(amount) AS amount, min(balance_after) AS low, max(balance_after) AS high FROM movements
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND pool = 'asset' AND basis <> 'unbooked'
  GROUP BY asset, moved_at
), running AS (
  SELECT asset, moved_at, low, high, sum(amount) OVER (PARTITION BY asset ORDER BY moved_at) AS running FROM grouped
)
SELECT asset, min(moved_at) AS first_at, CAST(min(low - running) AS DECIMAL(38,18)) AS low_gap,
  CAST(max(high - running) AS DECIMAL(38,18)) AS high_gap
FROM running GROUP BY asset ORDER BY asset;

-- name: row_chain
-- The same for one asset row by row, in the venue's order: a running balance that every row carries on.
WITH rows_ AS (
  SELECT moved_at, sequence, row_key - row_key % 256 AS base, sum(amount) AS amount, any_value(balance_after) AS balance
  FROM movements
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND asset = $asset AND pool = 'asset'
    AND basis <> 'unbooked'
  GROUP BY moved_at, sequence, base
), running AS (
  SELECT balance, sum(amount) OVER (ORDER BY moved_at, sequence, base ROWS UNBOUNDED PRECEDING) AS running FROM rows_
)
SELECT CAST(min(balance - running) AS DECIMAL(38,18)) AS low_gap, CAST(max(balance - running) AS DECIMAL(38,18)) AS high_gap
FROM running;

-- name: groups
-- One row is an instant of an asset, with the balances that the venue lists there.
SELECT moved_at AS moment, CAST(sum(amount) AS DECIMAL(38,18)) AS amount,
  list(DISTINCT balance_after) FILTER (WHERE balance_after IS NOT NULL) AS stated,
  max_by(balance_after, (sequence, row_key)) FILTER (WHERE balance_after IS NOT NULL) AS last_stated,
  max_by(row_key, (sequence, row_key)) FILTER (WHERE balance_after IS NOT NULL)::DECIMAL(38,0) AS row_key
FROM movements
WHERE account = $account AND venue = $venue AND wallet = $wallet AND asset = $asset AND pool = 'asset'
  AND basis <> 'unbooked'
GROUP BY moved_at ORDER BY moment;

-- name: spot_fills
SELECT row_key, quantity, price FROM fills
WHERE product IN ('spot', 'margin') AND account = $account AND venue = $venue AND wallet = $wallet;

-- name: keep_spot_notional
CREATE OR REPLACE TEMP TABLE spot_notional AS SELECT row_key::HUGEINT AS row_key, notional FROM incoming;

-- name: derive
-- One row is a change of a balance that a spoken fact implies, where no ledger covers the wallet.
INSERT INTO movements_derived BY NAME
WITH covered AS (
  SELECT from_at, to_at FROM voices
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = 'ledger' AND cause IS NULL
), booked AS (
  SELECT from_at, to_at FROM ledger_spans($account, $venue, $wallet)
), traded AS (
  SELECT * FROM fills t WHERE account = $account AND venue = $venue AND wallet = $wallet
    AND NOT EXISTS (FROM booked s WHERE t.filled_at >= s.from_at AND t.filled_at < s.to_at)
), results AS (
  SELECT l.row_key, p.settle_asset, sum(l.realized_stated) AS stated, sum(l.realized) AS folded
  FROM legs l JOIN positions p USING (position_id)
  WHERE p.account = $account AND p.venue = $venue AND p.wallet = $wallet GROUP BY ALL
), moved AS (
  SELECT * FROM transfers t WHERE account = $account AND venue = $venue AND wallet = $wallet
    AND kind IN ('deposit', 'withdrawal', 'internal')
    AND NOT EXISTS (FROM covered s WHERE t.moved_at >= s.from_at AND t.moved_at < s.to_at)
), implied AS (
  SELECT t.*, 0 AS leg, r.settle_asset AS asset, coalesce(r.stated, r.folded) AS amount, 'realized_pnl' AS cause
  FROM traded t JOIN results r USING (row_key)
  UNION ALL
  SELECT t.*, 1, fee_asset, -fee, 'trading_fee' FROM traded t
  UNION ALL
  SELECT t.*, 2, split_part(instrument, '/', 1), CASE side WHEN 'buy' THEN quantity ELSE -quantity END, 'trade'
  FROM traded t WHERE product IN ('spot', 'margin')
  UNION ALL
  SELECT t.*, 3, split_part(split_part(instrument, '/', 2), ':', 1),
    CASE side WHEN 'buy' THEN -n.notional ELSE n.notional END, 'trade'
  FROM traded t JOIN spot_notional n USING (row_key)
), every AS (
  SELECT row_key, account, venue, wallet, format, file_id, source_row, leg, filled_at AS moved_at, sequence, asset, amount,
    cause, symbol, instrument, position_side, pair, trade_ref, order_ref
  FROM implied
  UNION ALL BY NAME
  SELECT row_key, account, venue, wallet, format, file_id, source_row, 4 AS leg, paid_at AS moved_at, asset, amount,
    'funding' AS cause, symbol, instrument, position_side
  FROM funding t WHERE account = $account AND venue = $venue AND wallet = $wallet
    AND NOT EXISTS (FROM booked s WHERE t.paid_at >= s.from_at AND t.paid_at < s.to_at)
  UNION ALL BY NAME
  SELECT row_key, account, venue, wallet, format, file_id, source_row, 5 AS leg, moved_at, asset, amount,
    CASE kind WHEN 'internal' THEN 'transfer' ELSE kind END AS cause, transaction_ref
  FROM moved
  UNION ALL BY NAME
  SELECT row_key, account, venue, wallet, format, file_id, source_row, 6 AS leg, moved_at, asset, -fee AS amount,
    'network_fee' AS cause, transaction_ref
  FROM moved
)
SELECT row_key - row_key % 256 + 128 + leg AS row_key, account, venue, wallet, format, file_id, source_row, moved_at, sequence,
  'asset' AS pool, asset, CAST(amount AS DECIMAL(38,18)) AS amount, cause, symbol, instrument, position_side, pair,
  trade_ref, order_ref, transaction_ref,
  CASE WHEN EXISTS (FROM covered c WHERE e.moved_at >= c.from_at AND e.moved_at < c.to_at) THEN 'unbooked' ELSE 'derived' END AS basis
FROM every e WHERE asset IS NOT NULL AND amount IS NOT NULL AND amount <> 0;

-- name: edges
-- One row is a derived movement, or a spoken one of the ledger, close to an end of what the ledger covers.
WITH covered AS (
  SELECT from_at, to_at FROM voices
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = 'ledger' AND cause IS NULL
)
SELECT row_key::DECIMAL(38,0) AS row_key, basis = 'stated' AS stated, moved_at AS moment, asset AS what, cause, amount
FROM movements m
WHERE account = $account AND venue = $venue AND wallet = $wallet AND pool = 'asset' AND EXISTS (
  FROM covered c WHERE m.moved_at BETWEEN c.from_at - $reach AND c.from_at + $reach
    OR m.moved_at BETWEEN c.to_at - $reach AND c.to_at + $reach);

-- name: distance
-- How far the clock of a ledger may be off that of the facts that movements are derived from.
SELECT max(skew_s + resolution_s) FROM coverage WHERE account = $account AND venue = $venue AND wallet = $wallet;

-- name: delete_doubled
DELETE FROM movements_derived WHERE row_key IN (SELECT row_key::HUGEINT FROM incoming);

-- name: delete_derived
DELETE FROM movements_derived WHERE account = $account AND venue = $venue AND wallet = $wallet;

-- name: delete_chain
DELETE FROM {table} WHERE account = $account AND venue = $venue AND wallet = $wallet;
