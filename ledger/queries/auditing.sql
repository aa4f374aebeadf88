-- name: movements
-- One row is a change of the bucket's balances from $from to $to (inclusive); one asset, or (null) all.  What moved between two
-- wallets of one portfolio changes nothing.
SELECT row_key::DECIMAL(38,0)::VARCHAR AS row_key, (row_key - row_key % 256)::DECIMAL(38,0)::VARCHAR AS base, moved_at, pool, asset,
  amount, cause, symbol, instrument, position_side, trade_ref, order_ref, pair, wallet
FROM movements
WHERE account = $account AND venue = $venue AND list_contains(string_split($wallet, '+'), wallet)
  AND ($asset::VARCHAR IS NULL OR asset = $asset) AND moved_at >= $from AND moved_at <= $to
  AND (NOT contains($wallet, '+') OR row_key NOT IN (
    SELECT unnest([sent_key, received_key]) FROM transfer_matches
    WHERE from_account = $account AND to_account = $account AND from_venue = $venue AND to_venue = $venue
      AND list_contains(string_split($wallet, '+'), from_wallet) AND list_contains(string_split($wallet, '+'), to_wallet)))
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
  WHERE account = $account AND venue = $venue AND list_contains(string_split($wallet, '+'), wallet)
    AND ($asset::VARCHAR IS NULL OR asset = $asset) AND moved_at < $at
  GROUP BY asset
), opened AS (
  SELECT asset, CAST(sum(opening) AS DECIMAL(38,18)) AS opening FROM openings
  WHERE account = $account AND venue = $venue AND list_contains(string_split($wallet, '+'), wallet) AND ($asset::VARCHAR IS NULL OR asset = $asset) GROUP BY asset
)
SELECT asset, CAST(coalesce(s.owned, 0) + coalesce(o.opening, 0) AS DECIMAL(38,18)) AS owned,
  CAST(coalesce(s.owed, 0) AS DECIMAL(38,18)) AS owed
FROM summed s FULL JOIN opened o USING (asset) ORDER BY asset;

-- name: levels_at
-- One row is what an asset of a wallet came to, by its rows, after those of one of the instants that are asked for.
WITH moved AS (
  SELECT asset, moved_at AS moment, pool, amount FROM movements
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND ($asset::VARCHAR IS NULL OR asset = $asset) AND moved_at <= $to
), opened AS (
  SELECT asset, opening FROM openings
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND ($asset::VARCHAR IS NULL OR asset = $asset)
), steps AS (
  SELECT asset, moment, coalesce(sum(amount) FILTER (WHERE pool = 'asset'), 0) AS owned, coalesce(sum(amount) FILTER (WHERE pool = 'debt'), 0) AS owed,
    FALSE AS is_asked
  FROM moved GROUP BY asset, moment
  UNION ALL
  SELECT a.asset, i.moment, 0, 0, TRUE FROM incoming i CROSS JOIN (SELECT asset FROM moved UNION SELECT asset FROM opened) a
), running AS (
  SELECT asset, moment, is_asked, sum(owned) OVER reached AS owned, sum(owed) OVER reached AS owed, bool_or(NOT is_asked) OVER reached AS has_moved
  FROM steps WINDOW reached AS (PARTITION BY asset ORDER BY moment)
)
SELECT r.moment, r.asset, CAST(r.owned + coalesce(o.opening, 0) AS DECIMAL(38,18)) AS owned, CAST(r.owed AS DECIMAL(38,18)) AS owed
FROM running r LEFT JOIN opened o USING (asset) WHERE r.is_asked AND (r.has_moved OR o.asset IS NOT NULL) ORDER BY r.moment, r.asset;

-- name: next_at
-- One row is when an asset of a wallet moved next after one of the instants that are asked for.
WITH moved AS (
  SELECT DISTINCT asset, moved_at FROM movements
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND ($asset::VARCHAR IS NULL OR asset = $asset) AND pool = 'asset'
), steps AS (
  SELECT asset, moved_at AS moment, moved_at FROM moved
  UNION ALL
  SELECT a.asset, i.moment, NULL FROM incoming i CROSS JOIN (SELECT DISTINCT asset FROM moved) a
), following AS (
  SELECT asset, moment, moved_at IS NULL AS is_asked,
    lead(moved_at IGNORE NULLS) OVER (PARTITION BY asset ORDER BY moment, moved_at NULLS LAST) AS moved_next
  FROM steps
)
SELECT moment, asset, moved_next FROM following WHERE is_asked AND moved_next IS NOT NULL ORDER BY moment, asset;

-- name: clearances_at
-- One row is an instant at which a wallet was charged for a liquidation, or insured.
SELECT DISTINCT moved_at FROM movements
WHERE account = $account AND venue = $venue AND wallet = $wallet AND ($asset::VARCHAR IS NULL OR asset = $asset)
  AND cause IN (SELECT unnest($causes::VARCHAR[])) ORDER BY moved_at;

-- name: spans
-- One row is a stretch of stated balances of the bucket.
SELECT asset, from_at, to_at, deviation, first_key::DECIMAL(38,0)::VARCHAR AS row_key, wallet FROM anchors
WHERE account = $account AND venue = $venue AND list_contains(string_split($wallet, '+'), wallet) AND ($asset::VARCHAR IS NULL OR asset = $asset)
ORDER BY asset, wallet, from_at, to_at;

-- name: moved_next
-- One row is when an asset of a wallet of the bucket moved next after an instant.
SELECT asset, wallet, min(moved_at) AS moved_at FROM movements
WHERE account = $account AND venue = $venue AND list_contains(string_split($wallet, '+'), wallet) AND ($asset::VARCHAR IS NULL OR asset = $asset)
  AND pool = 'asset' AND moved_at > $at
GROUP BY asset, wallet;

-- name: positions
-- One row is a position of the bucket that was open at some time from $from to $to.
SELECT position_id, symbol, instrument, product, margin_mode, position_side, side, style, multiplier, settle_asset, opened_at,
  closed_at, opening_quantity, wallet
FROM positions
WHERE account = $account AND venue = $venue AND list_contains(string_split($wallet, '+'), wallet) AND ($pair::VARCHAR IS NULL OR pair = $pair)
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
WHERE account = $account AND venue = $venue AND list_contains(string_split($wallet, '+'), wallet) AND booked_at >= $from AND booked_at <= $to
  AND position_id IS NOT NULL AND row_key IS NOT NULL
GROUP BY ALL ORDER BY ALL;

-- name: marks
-- One row is a price that the book knows of one of the instruments that are asked for, from $from to $to and in its own time.
WITH listed AS (
  SELECT p.symbol, p.quote, i.symbol AS wanted, i.from_at, i.to_at FROM (SELECT DISTINCT symbol, quote FROM prices) p JOIN incoming i
    ON list_contains(i.names, upper(p.symbol)) AND (p.quote IS NULL OR p.quote = i.quote)
    OR upper(p.symbol) = i.base AND coalesce(p.quote, 'USDT') = i.quote
)
SELECT i.wanted AS symbol, p.priced_at AS moment, p.price, p.kind, p.format AS place, p.row_key::DECIMAL(38,0)::VARCHAR AS row_key
FROM prices p JOIN listed i ON p.symbol = i.symbol AND p.quote IS NOT DISTINCT FROM i.quote
WHERE p.priced_at >= $from AND p.priced_at <= $to AND p.priced_at >= i.from_at AND p.priced_at <= i.to_at AND p.price > 0
UNION ALL
SELECT i.symbol, f.paid_at, f.mark_price, 'funding', f.venue, f.row_key::DECIMAL(38,0)::VARCHAR
FROM funding f JOIN incoming i ON f.symbol = i.symbol AND f.instrument IS NOT DISTINCT FROM i.instrument
WHERE f.venue = $venue AND f.paid_at >= $from AND f.paid_at <= $to AND f.paid_at <= i.to_at AND f.mark_price > 0
UNION ALL
SELECT i.symbol, q.liquidated_at, q.mark_price, 'liquidation', q.venue, q.row_key::DECIMAL(38,0)::VARCHAR
FROM liquidations q JOIN incoming i ON q.symbol = i.symbol
WHERE q.venue = $venue AND q.liquidated_at >= $from AND q.liquidated_at <= $to AND q.liquidated_at <= i.to_at AND q.mark_price > 0
UNION ALL
SELECT i.symbol, s.stated_at, s.mark_price, 'snapshot', s.venue, s.row_key::DECIMAL(38,0)::VARCHAR
FROM stated_positions s JOIN incoming i ON s.symbol = i.symbol
WHERE s.venue = $venue AND s.stated_at >= $from AND s.stated_at <= $to AND s.stated_at <= i.to_at AND s.mark_price > 0
UNION ALL
SELECT i.symbol, f.filled_at, f.price, 'fill', f.venue, f.row_key::DECIMAL(38,0)::VARCHAR
FROM fills f JOIN incoming i ON f.symbol = i.symbol AND f.instrument IS NOT DISTINCT FROM i.instrument
WHERE f.venue = $venue AND f.filled_at >= $from AND f.filled_at <= $to AND f.filled_at <= i.to_at AND f.price > 0
  AND f.execution <> 'opening'
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
WHERE account = $account AND venue = $venue AND list_contains(string_split($wallet, '+'), wallet) AND cause = 'trade' AND moved_at >= $from AND moved_at <= $to;

-- name: files_behind
-- One row is a file of which rows are behind an audit.
SELECT DISTINCT name, file_id AS sha256, format, import_no FROM files
WHERE file_id IN (SELECT unnest($files::VARCHAR[])) ORDER BY import_no, name;

-- name: gaps_beside
-- One row is something that the book lacks in a wallet while the audited position lived.
SELECT sentence FROM gaps
WHERE account = $account AND venue = $venue AND list_contains(string_split($wallet, '+'), wallet) AND to_at >= $from AND from_at <= $to
  AND (symbol IS NULL OR symbol IN (SELECT unnest($symbols::VARCHAR[]))) AND severity = 'warning'
ORDER BY from_at, sentence LIMIT 20;

-- name: breaks_beside
-- One row is a place where the chain of stated balances of the wallet does not hold.
SELECT break_id, asset, broken_at, difference FROM breaks_stored
WHERE account = $account AND venue = $venue AND list_contains(string_split($wallet, '+'), wallet) AND broken_at >= $from AND broken_at <= $to
ORDER BY broken_at LIMIT 20;

-- name: stated_beside
-- One row is an asset of which balances are stated from $from to $to: by rows of a ledger, by snapshots and assertions, and
-- how many of the wallet's breaks are there.
WITH stated AS (
  SELECT asset, moved_at AS stated_at, 1 AS of_row, 0 AS of_other FROM movements
  WHERE account = $account AND venue = $venue AND list_contains(string_split($wallet, '+'), wallet) AND moved_at >= $from AND moved_at <= $to AND balance_after IS NOT NULL AND pool = 'asset'
  UNION ALL
  SELECT asset, stated_at, 0, 1 FROM stated_balances WHERE account = $account AND venue = $venue AND list_contains(string_split($wallet, '+'), wallet)
), broken AS (
  SELECT asset, count(*) AS breaks FROM breaks_stored
  WHERE account = $account AND venue = $venue AND list_contains(string_split($wallet, '+'), wallet) AND broken_at >= $from AND broken_at <= $to GROUP BY asset
)
SELECT asset, CAST(sum(of_row) AS BIGINT) AS by_rows, CAST(sum(of_other) AS BIGINT) AS by_statements, coalesce(any_value(breaks), 0) AS breaks
FROM stated LEFT JOIN broken USING (asset) WHERE stated_at >= $from AND stated_at <= $to GROUP BY asset ORDER BY asset;

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
SELECT position_id, account, venue, wallet, pair, symbol, instrument, product, margin_mode, position_side, side, settle_asset, opened_at,
  closed_at, ended, position_id IN (SELECT position_id FROM legs WHERE execution IN ('liquidation', 'adl')) AS is_forced,
  symbol IN (SELECT symbol FROM stated_positions WHERE margin_mode IS NOT NULL
             UNION SELECT pair FROM transfers_stated WHERE pair IS NOT NULL AND kind IN ('margin_added', 'margin_released')) AS is_stated
FROM positions
WHERE opened_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR coalesce(closed_at, 'infinity') >= $from)
  AND ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR symbol = $symbol OR instrument = $symbol) AND product IS DISTINCT FROM 'option'
ORDER BY opened_at, position_id;

-- name: bucket_moved_last
-- One row is the last instant of which the book knows anything of a wallet.
SELECT max(moved_at) FROM movements WHERE account = $account AND venue = $venue AND list_contains(string_split($wallet, '+'), wallet);

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
