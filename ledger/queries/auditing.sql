-- name: movements
-- One row is a change of the bucket's balances from $from to $to (inclusive); one asset, or (null) all.
SELECT row_key::DECIMAL(38,0)::VARCHAR AS row_key, (row_key - row_key % 256)::DECIMAL(38,0)::VARCHAR AS base, moved_at, pool, asset,
  amount, cause, symbol, instrument, position_side, trade_ref, order_ref, pair
FROM movements
WHERE account = $account AND venue = $venue AND wallet = $wallet
  AND ($asset::VARCHAR IS NULL OR asset = $asset) AND moved_at >= $from AND moved_at <= $to
ORDER BY moved_at, sequence, row_key;

-- name: pairs_stated
-- One row is a transfer, borrowing or repayment for which another export than the ledger names the isolated pair.
SELECT asset, amount, moved_at, pair FROM transfers_stated
WHERE account = $account AND venue = $venue AND wallet = $wallet AND pair IS NOT NULL
UNION
SELECT asset, amount, borrowed_at, pair FROM borrows_stated
WHERE account = $account AND venue = $venue AND wallet = $wallet AND pair IS NOT NULL
UNION
SELECT asset, -amount, repaid_at, pair FROM repayments_stated
WHERE account = $account AND venue = $venue AND wallet = $wallet AND pair IS NOT NULL
ORDER BY ALL;

-- name: pairs
-- One row is an isolated pair of the wallet.
SELECT DISTINCT pair FROM (
  SELECT pair FROM positions WHERE account = $account AND venue = $venue AND wallet = $wallet
  UNION SELECT pair FROM movements WHERE account = $account AND venue = $venue AND wallet = $wallet)
WHERE pair IS NOT NULL ORDER BY pair;

-- name: levels
-- One row is what an asset of the bucket came to just before an instant: by the rows, and by how far the venue says otherwise.
WITH summed AS (
  SELECT asset, CAST(coalesce(sum(amount) FILTER (WHERE pool = 'asset'), 0) AS DECIMAL(38,18)) AS owned,
    CAST(coalesce(sum(amount) FILTER (WHERE pool = 'debt'), 0) AS DECIMAL(38,18)) AS owed
  FROM movements
  WHERE account = $account AND venue = $venue AND wallet = $wallet
    AND ($asset::VARCHAR IS NULL OR asset = $asset) AND moved_at < $at
  GROUP BY asset
), opened AS (
  SELECT asset, opening FROM openings
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND ($asset::VARCHAR IS NULL OR asset = $asset)
)
SELECT asset, CAST(coalesce(s.owned, 0) + coalesce(o.opening, 0) AS DECIMAL(38,18)) AS owned,
  CAST(coalesce(s.owed, 0) AS DECIMAL(38,18)) AS owed
FROM summed s FULL JOIN opened o USING (asset) ORDER BY asset;

-- name: spans
-- One row is a stretch of stated balances of the bucket.
SELECT asset, from_at, to_at, deviation, first_key::DECIMAL(38,0)::VARCHAR AS row_key FROM anchors
WHERE account = $account AND venue = $venue AND wallet = $wallet AND ($asset::VARCHAR IS NULL OR asset = $asset)
ORDER BY asset, from_at, to_at;

-- name: moved_next
-- One row is when an asset of the bucket moved next after an instant.
SELECT asset, min(moved_at) AS moved_at FROM movements
WHERE account = $account AND venue = $venue AND wallet = $wallet AND ($asset::VARCHAR IS NULL OR asset = $asset)
  AND pool = 'asset' AND moved_at > $at
GROUP BY asset;

-- name: positions
-- One row is a position of the bucket that was open at some time from $from to $to.
SELECT position_id, symbol, instrument, product, margin_mode, position_side, side, style, multiplier, settle_asset, opened_at,
  closed_at, opening_quantity
FROM positions
WHERE account = $account AND venue = $venue AND wallet = $wallet AND ($pair::VARCHAR IS NULL OR pair = $pair)
  AND ($asset::VARCHAR IS NULL OR settle_asset = $asset OR position_id IN (SELECT unnest($own::VARCHAR[])))
  AND opened_at <= $to AND (closed_at IS NULL OR closed_at >= $from)
ORDER BY opened_at, position_id;

-- name: legs
-- One row is a leg of one of the positions, with the names that other rows know its fill by.
SELECT l.position_id, l.leg_no, l.row_key::DECIMAL(38,0)::VARCHAR AS row_key, (l.row_key - l.row_key % 256)::DECIMAL(38,0)::VARCHAR AS base,
  l.filled_at, l.side, l.execution, l.delta, l.price, l.notional, l.realized, l.fee_value, l.quantity_after, l.cost_after,
  f.quantity, f.trade_ref, f.order_ref, f.initial_margin, f.margin_mode
FROM legs l LEFT JOIN fills f ON f.row_key = l.row_key
WHERE l.position_id IN (SELECT unnest($positions::VARCHAR[])) ORDER BY l.position_id, l.leg_no;

-- name: costs
-- One row is a share of a cash flow that was given to one of the positions.
SELECT (row_key - row_key % 256)::DECIMAL(38,0)::VARCHAR AS base, cause, position_id, CAST(sum(amount) AS DECIMAL(38,18)) AS amount
FROM costs_stored
WHERE account = $account AND venue = $venue AND wallet = $wallet AND booked_at >= $from AND booked_at <= $to
  AND position_id IS NOT NULL AND row_key IS NOT NULL
GROUP BY ALL ORDER BY ALL;

-- name: marks
-- One row is a price of an instrument that the book knows.
SELECT priced_at AS moment, price, kind, format AS place, row_key::DECIMAL(38,0)::VARCHAR AS row_key FROM prices
WHERE (upper(symbol) IN (SELECT unnest($names::VARCHAR[])) AND (quote IS NULL OR quote = $quote)
    OR upper(symbol) = $base AND coalesce(quote, 'USDT') = $quote)
  AND priced_at >= $from AND priced_at <= $to AND price > 0
UNION ALL
SELECT paid_at, mark_price, 'funding', venue, row_key::DECIMAL(38,0)::VARCHAR FROM funding
WHERE symbol = $symbol AND instrument IS NOT DISTINCT FROM $instrument AND venue = $venue AND mark_price > 0 AND paid_at >= $from AND paid_at <= $to
UNION ALL
SELECT liquidated_at, mark_price, 'liquidation', venue, row_key::DECIMAL(38,0)::VARCHAR FROM liquidations
WHERE symbol = $symbol AND venue = $venue AND mark_price > 0 AND liquidated_at >= $from AND liquidated_at <= $to
UNION ALL
SELECT stated_at, mark_price, 'snapshot', venue, row_key::DECIMAL(38,0)::VARCHAR FROM stated_positions
WHERE symbol = $symbol AND venue = $venue AND mark_price > 0 AND stated_at >= $from AND stated_at <= $to
UNION ALL
SELECT filled_at, price, 'fill', venue, row_key::DECIMAL(38,0)::VARCHAR FROM fills
WHERE symbol = $symbol AND instrument IS NOT DISTINCT FROM $instrument AND venue = $venue AND price > 0 AND filled_at >= $from
  AND filled_at <= $to AND execution <> 'opening'
ORDER BY ALL;

-- name: stated_modes
-- One row is how the venue says that a position was margined, or that rows of isolated margin show.
SELECT DISTINCT margin_mode FROM (
  SELECT margin_mode FROM stated_positions
  WHERE account = $account AND venue = $venue AND symbol = $symbol AND margin_mode IS NOT NULL
    AND coalesce(opened_at, stated_at) <= $to AND coalesce(closed_at, stated_at) >= $from
  UNION ALL
  SELECT 'isolated' FROM transfers_stated
  WHERE account = $account AND venue = $venue AND pair = $symbol AND kind IN ('margin_added', 'margin_released')
    AND moved_at >= $from AND moved_at <= $to);

-- name: loan
SELECT asset, collateral_asset, kind, opened_at, closed_at FROM loans_stored WHERE loan_id = $loan_id;

-- name: loan_events
-- One row is a change of a loan.
SELECT event_no, happened_at, kind, asset, amount, value, forced, ltv_stated, row_key::DECIMAL(38,0)::VARCHAR AS row_key,
  principal_after + interest_after AS owed
FROM loan_events WHERE loan_id = $loan_id ORDER BY event_no;

-- name: traded
-- One row is an asset that trades of the bucket moved from $from to $to.
SELECT DISTINCT asset FROM movements
WHERE account = $account AND venue = $venue AND wallet = $wallet AND cause = 'trade' AND moved_at >= $from AND moved_at <= $to;

-- name: files_behind
-- One row is a file of which rows are behind an audit.
SELECT DISTINCT name, file_id AS sha256, format, import_no FROM files
WHERE file_id IN (SELECT unnest($files::VARCHAR[])) ORDER BY import_no, name;

-- name: gaps_beside
-- One row is something that the book lacks in a wallet while the audited position lived.
SELECT sentence FROM gaps
WHERE account = $account AND venue = $venue AND wallet = $wallet AND to_at >= $from AND from_at <= $to
  AND (symbol IS NULL OR symbol IN (SELECT unnest($symbols::VARCHAR[]))) AND severity = 'warning'
ORDER BY from_at, sentence LIMIT 20;

-- name: breaks_beside
-- One row is a place where the chain of stated balances of the wallet does not hold.
SELECT break_id, asset, broken_at, difference FROM breaks_stored
WHERE account = $account AND venue = $venue AND wallet = $wallet AND broken_at >= $from AND broken_at <= $to
ORDER BY broken_at LIMIT 20;

-- name: rejects_beside
-- One row is a file with rejected rows of the account.
SELECT name, rejected FROM files WHERE account = $account AND rejected > 0 ORDER BY name LIMIT 20;

-- name: duplicates_beside
SELECT CAST(coalesce(sum(duplicate), 0) AS BIGINT) AS duplicates FROM files WHERE account = $account AND venue = $venue;

-- name: position
-- One row is a position by its id.
SELECT position_id, account, venue, wallet, pair, symbol, instrument, product, margin_mode, position_side, side, settle_asset, opened_at,
  closed_at, ended
FROM positions WHERE position_id = $position_id;

-- name: positions_asked
-- One row is a position that lived at some time from $from to $to, of what a report is narrowed to.
SELECT position_id, opened_at, closed_at FROM positions
WHERE opened_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR coalesce(closed_at, 'infinity') >= $from)
  AND ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR symbol = $symbol OR instrument = $symbol) AND product IS DISTINCT FROM 'option'
ORDER BY opened_at, position_id;

-- name: bucket_moved_last
-- One row is the last instant of which the book knows anything of a wallet.
SELECT max(moved_at) FROM movements WHERE account = $account AND venue = $venue AND wallet = $wallet;

-- name: stage_margin
CREATE OR REPLACE TEMP TABLE margin_lines AS FROM incoming;

-- name: stage_calls
CREATE OR REPLACE TEMP TABLE margin_call_lines AS FROM incoming;

-- name: margins_moved
-- One row is margin that was added to an isolated position of the symbol, or (negative) released.
SELECT min(row_key)::DECIMAL(38,0)::VARCHAR AS row_key, moved_at, asset,
  CASE kind WHEN 'margin_added' THEN abs(amount) ELSE -abs(amount) END AS amount
FROM transfers_stated
WHERE account = $account AND venue = $venue AND wallet = $wallet AND kind IN ('margin_added', 'margin_released')
  AND (pair IS NULL OR pair = $symbol) AND moved_at >= $from AND moved_at <= $to
GROUP BY moved_at, asset, kind, amount, row_key - row_key % 256 ORDER BY moved_at, row_key;

-- name: forced_legs
-- One row is a forced leg of a position.
SELECT leg_no FROM legs WHERE position_id = $position_id AND execution IN ('liquidation', 'adl') AND filled_at <= $to ORDER BY leg_no;
