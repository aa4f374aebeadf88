-- name: unattributed
SELECT cause, asset, CAST(sum(amount) AS DECIMAL(38,18)) AS amount, min(booked_at) AS first_at, count(*) AS n,
  CAST(max(abs(amount)) AS DECIMAL(38,18)) AS largest, CAST(sum(abs(amount)) AS DECIMAL(38,18)) AS weight,
  list(row_key::DECIMAL(38,0)::VARCHAR ORDER BY booked_at, row_key) FILTER (WHERE row_key IS NOT NULL) AS keys
FROM costs_stored WHERE account = $account AND venue = $venue AND wallet = $wallet AND how = 'unattributed' GROUP BY ALL ORDER BY ALL;

-- name: new_columns
SELECT name, warnings FROM files WHERE account = $account AND venue = $venue AND warnings LIKE '%new_column%' ORDER BY file_no;

-- name: open_positions
-- One row is a position that the venue states as open (its lots together) and that is of another size here.
WITH asked AS (
  SELECT symbol, stated_at, position_side, CAST(sum(quantity) AS DECIMAL(38,18)) AS quantity, min(row_key) AS row_key
  FROM stated_positions
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND quantity IS NOT NULL AND closed_at IS NULL
  GROUP BY ALL
), held AS (
  SELECT a.row_key, CAST(coalesce(sum(l.quantity_after), 0) AS DECIMAL(38,18)) AS quantity
  FROM asked a LEFT JOIN (
    SELECT p.symbol, p.side, p.position_side, p.position_id, l.filled_at, l.quantity_after,
      coalesce(lead(l.filled_at) OVER (PARTITION BY p.position_id ORDER BY l.leg_no), 'infinity'::TIMESTAMPTZ) AS next_at
    FROM legs l JOIN positions p USING (position_id)
    WHERE p.account = $account AND p.venue = $venue AND p.wallet = $wallet) l
  ON l.symbol = a.symbol AND l.filled_at <= a.stated_at AND a.stated_at < l.next_at
    AND (a.position_side IS NULL OR a.position_side = 'both' OR a.position_side = l.position_side)
  GROUP BY a.row_key
)
SELECT a.symbol, a.stated_at, a.quantity AS stated, h.quantity AS held, a.row_key::DECIMAL(38,0)::VARCHAR AS key
FROM asked a JOIN held h USING (row_key) WHERE h.quantity <> a.quantity ORDER BY ALL;

-- name: closed_results
-- One row is a stated result of a closed position beside one of ours that ended at the same time.
WITH ours AS (
  SELECT p.position_id, p.symbol, p.side, p.closed_at, p.opened_at, l.gross_after AS gross, l.exit_quantity
  FROM positions p JOIN legs l USING (position_id)
  WHERE p.account = $account AND p.venue = $venue AND p.wallet = $wallet AND p.ended <> 'open'
  QUALIFY row_number() OVER (PARTITION BY p.position_id ORDER BY l.leg_no DESC) = 1
)
SELECT o.position_id, o.symbol, o.closed_at, r.amount AS stated, o.gross, r.row_key::DECIMAL(38,0)::VARCHAR AS key,
  o.exit_quantity
FROM stated_results r JOIN ours o ON o.symbol = r.symbol AND o.closed_at BETWEEN r.booked_at - INTERVAL 2 SECOND AND r.booked_at + INTERVAL 2 SECOND
WHERE r.account = $account AND r.venue = $venue AND r.wallet = $wallet AND r.grain = 'position' AND r.basis = 'gross'
  AND o.gross IS NOT NULL
ORDER BY ALL;

-- name: funding_rows
SELECT f.row_key::DECIMAL(38,0)::VARCHAR AS key, f.symbol, f.paid_at, f.amount, f.rate, f.mark_price, f.position_quantity, p.side,
  p.style, p.multiplier
FROM funding f JOIN costs_stored c ON c.row_key = f.row_key AND c.cause = 'funding' JOIN positions p USING (position_id)
WHERE f.account = $account AND f.venue = $venue AND f.wallet = $wallet AND f.rate IS NOT NULL AND f.mark_price IS NOT NULL
  AND f.position_quantity IS NOT NULL AND p.multiplier IS NOT NULL AND p.style IS NOT NULL ORDER BY f.paid_at, f.row_key;

-- name: seam_twins
WITH edges AS (
  SELECT f.file_no, f.series, f.bundle_id, f.pool, f.name, f.first_at, f.last_at FROM files f
  JOIN (SELECT DISTINCT file_no FROM coverage WHERE account = $account AND venue = $venue AND wallet = $wallet) USING (file_no)
)
SELECT a.name AS first, b.name AS second, a.last_at, a.file_no AS first_no, b.file_no AS second_no FROM edges a JOIN edges b
  ON a.series = b.series AND a.last_at = b.first_at AND (a.bundle_id, a.pool) <> (b.bundle_id, b.pool)
  AND a.first_at < a.last_at AND b.first_at < b.last_at ORDER BY ALL;

-- name: shared
SELECT a.key::DECIMAL(38,0)::VARCHAR AS key, a.day FROM sightings_stored a JOIN sightings_stored b USING (key, nth)
WHERE a.file_no = $first AND b.file_no = $second AND a.content = 0;

-- name: flags
SELECT position_id, symbol, opened_at, unnest(flags) AS flag FROM positions
WHERE account = $account AND venue = $venue AND wallet = $wallet ORDER BY ALL;

-- name: rejected
-- One row is a file of the wallet with rows that were not understood.
SELECT name, rejected, rows_read FROM files WHERE rejected > 0 AND file_no IN (
  SELECT file_no FROM coverage WHERE account = $account AND venue = $venue AND wallet = $wallet)
  AND list_min(wallets) = $wallet ORDER BY file_no;

-- name: movement_count
SELECT count(*) FROM movements WHERE account = $account AND venue = $venue AND wallet = $wallet;

-- name: has_positions
SELECT 1 FROM positions WHERE account = $account AND venue = $venue AND wallet = $wallet LIMIT 1;

-- name: unvalued_assets
-- One row is an asset in which positions of a symbol paid costs that no price values.
SELECT DISTINCT asset FROM costs
WHERE account = $account AND venue = $venue AND wallet = $wallet AND symbol = $symbol AND position_id IS NOT NULL
  AND value IS NULL ORDER BY asset;

-- name: expired_open
-- One row is a dated position that the fills leave open although the book knows of days after its expiry.
WITH dated AS (
  SELECT position_id, symbol, product, strptime(regexp_extract(instrument, '-(\d{6})(-|$)', 1), '%y%m%d')::DATE AS expires_on
  FROM positions WHERE account = $account AND venue = $venue AND wallet = $wallet AND closed_at IS NULL
    AND product IN ('future', 'option') AND regexp_matches(instrument, '-\d{6}(-|$)')
), known AS (
  SELECT max(to_at) AS last_at FROM coverage WHERE account = $account AND venue = $venue AND wallet = $wallet
)
SELECT position_id, symbol, product, expires_on FROM dated, known
WHERE last_at > (expires_on + INTERVAL 1 DAY)::TIMESTAMPTZ ORDER BY position_id;

-- name: missing_fills
-- One row is an instrument of which the ledger books trades that no fill tells, while an export of fills covers their time
-- and shares its references with the ledger elsewhere (an export of orders, or of a venue that numbers trades otherwise, does
-- not, and proves nothing).  A ledger may cut the second of a trade, so the last second before another export speaks is left out.
WITH covered AS (
  SELECT from_at, to_at, series FROM voices
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = 'fills' AND cause IS NULL AND series <> 'derived'
), told AS (
  SELECT DISTINCT trade_ref FROM fills WHERE account = $account AND venue = $venue AND trade_ref IS NOT NULL
), booked AS (
  SELECT m.symbol, m.asset, m.trade_ref, m.moved_at, m.row_key, m.trade_ref IN (FROM told) AS is_told, c.series
  FROM movements m JOIN covered c ON m.moved_at >= c.from_at AND m.moved_at + INTERVAL 1 SECOND <= c.to_at
  WHERE m.account = $account AND m.venue = $venue AND m.wallet = $wallet AND m.basis = 'stated' AND m.pool = 'asset'
    AND m.trade_ref IS NOT NULL AND m.cause IN ('trade', 'realized_pnl', 'trading_fee')
    AND m.format NOT IN (SELECT format FROM files f WHERE f.series = c.series)
), sharing AS (
  SELECT series FROM booked GROUP BY series HAVING bool_or(is_told)
)
SELECT symbol, string_agg(DISTINCT asset, '/' ORDER BY asset) AS assets, count(DISTINCT trade_ref) AS trades,
  min(moved_at) AS first_at, max(moved_at) AS last_at, list_sort(list(DISTINCT trade_ref)) AS refs,
  list(row_key::DECIMAL(38,0)::VARCHAR ORDER BY moved_at, row_key) AS keys
FROM booked WHERE NOT is_told AND series IN (FROM sharing)
GROUP BY symbol ORDER BY first_at, symbol;
