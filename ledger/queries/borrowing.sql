-- name: idle
-- One row is an asset whose interest fell due while no position borrowed it.
SELECT asset, CAST(-sum(amount) AS DECIMAL(38,18)) AS amount, count(*) AS n, min(booked_at) AS first_at, max(booked_at) AS last_at,
  list(row_key::DECIMAL(38,0)::VARCHAR ORDER BY booked_at, row_key) AS keys
FROM costs_stored WHERE account = $account AND venue = $venue AND wallet = $wallet AND cause = 'interest' AND how = 'idle'
GROUP BY asset HAVING sum(amount) <> 0 ORDER BY asset;

-- name: rates
-- One row is a charge of interest that states what it was charged on and at which rate, in the asset borrowed.
SELECT row_key::DECIMAL(38,0)::VARCHAR AS key, accrued_at, asset, pair, amount, principal, rate, rate_period, kind FROM interest
WHERE account = $account AND venue = $venue AND wallet = $wallet AND principal IS NOT NULL AND rate IS NOT NULL
  AND rate_period IS NOT NULL AND coalesce(debt_asset, asset) = asset ORDER BY accrued_at, row_key;

-- name: unordered
-- One row is an instrument with fills of both sides at one instant of an export that knows minutes only.
WITH coarse AS (
  SELECT DISTINCT f.format FROM coverage c JOIN files f USING (file_no)
  WHERE c.account = $account AND c.venue = $venue AND c.wallet = $wallet AND c.fact = 'fills' AND c.resolution_s >= 60
), mixed AS (
  SELECT symbol, filled_at, list(row_key::DECIMAL(38,0)::VARCHAR ORDER BY row_key) AS keys FROM fills
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND format IN (FROM coarse)
  GROUP BY symbol, filled_at HAVING count(DISTINCT side) = 2
)
SELECT symbol, min(filled_at) AS first_at, count(*) AS n, flatten(list(keys ORDER BY filled_at)) AS keys FROM mixed
GROUP BY symbol ORDER BY symbol;

-- name: nameless_pairs
-- One row is a pair of assets whose name nobody could take apart, with its number of fills.
SELECT symbol, count(*) AS n, min(filled_at) AS first_at, list(row_key::DECIMAL(38,0)::VARCHAR ORDER BY row_key) AS keys FROM fills
WHERE account = $account AND venue = $venue AND wallet = $wallet AND product IN ('spot', 'margin') AND instrument IS NULL
GROUP BY symbol ORDER BY symbol;

-- name: twice
-- One row is another wallet that holds trades equal to this one's, of an export that does not name its wallet.
SELECT o.wallet, count(*) AS n, min(f.filled_at) AS first_at, list(f.row_key::DECIMAL(38,0)::VARCHAR ORDER BY f.filled_at, f.row_key) AS keys
FROM fills f JOIN fills o ON o.account = f.account AND o.venue = f.venue AND o.symbol = f.symbol AND o.filled_at = f.filled_at
  AND o.side = f.side AND o.quantity = f.quantity AND o.price = f.price AND o.wallet <> f.wallet AND o.format = f.format
WHERE f.account = $account AND f.venue = $venue AND f.wallet = $wallet AND f.product IN ('spot', 'margin')
GROUP BY o.wallet ORDER BY o.wallet;

-- name: dust
-- One row is an asset of which positions left dust.
SELECT asset, CAST(sum(quantity) AS DECIMAL(38,18)) AS quantity, count(*) AS n, min(booked_at) AS first_at,
  list(position_id ORDER BY booked_at, position_id) AS names
FROM inventory WHERE account = $account AND venue = $venue AND wallet = $wallet AND kind = 'dust' GROUP BY asset ORDER BY asset;

-- name: loans
-- One row is a loan or debt pool with flags, or whose loan to value reached a threshold.
SELECT l.loan_id, l.asset,
  coalesce(max(e.happened_at) FILTER (WHERE e.kind = 'collateral_sold'), l.opened_at) AS opened_at, l.flags, l.kind, CAST(arg_max(e.principal_after + e.interest_after, e.event_no) AS DECIMAL(38,18)) AS owed,
  l.collateral_asset, arg_max(coalesce(e.ltv_stated, e.ltv), e.event_no) FILTER (WHERE coalesce(e.ltv_stated, e.ltv) IS NOT NULL) AS ltv
FROM loans_stored l JOIN loan_events e USING (loan_id)
WHERE l.account = $account AND l.venue = $venue AND l.wallet = $wallet
GROUP BY l.loan_id, l.asset, l.opened_at, l.flags, l.kind, l.collateral_asset ORDER BY l.opened_at, l.loan_id;

-- name: unresolved_lots
-- One row is an opening trade whose rollovers are known and which no trade history shows.
SELECT position_ref, CAST(sum(amount) AS DECIMAL(38,18)) AS amount, any_value(asset) AS asset, min(accrued_at) AS first_at,
  list(row_key::DECIMAL(38,0)::VARCHAR ORDER BY accrued_at, row_key) AS keys
FROM interest WHERE account = $account AND venue = $venue AND wallet = $wallet AND kind = 'rollover'
  AND position_ref NOT IN (SELECT position_ref FROM positions WHERE position_ref IS NOT NULL AND account = $account AND venue = $venue)
GROUP BY position_ref ORDER BY first_at;

-- name: called
-- One row is a loan whose loan to value reached its margin call, at the event of the highest.
SELECT l.loan_id, l.asset, m.margin_call_ltv, m.liquidation_ltv, max(coalesce(e.ltv_stated, e.ltv)) AS highest,
  arg_max(e.happened_at, coalesce(e.ltv_stated, e.ltv)) AS at_, arg_max(e.row_key, coalesce(e.ltv_stated, e.ltv))::DECIMAL(38,0)::VARCHAR AS key
FROM loans_stored l JOIN loan_limits m USING (loan_id) JOIN loan_events e USING (loan_id)
WHERE l.account = $account AND l.venue = $venue AND l.wallet = $wallet AND m.margin_call_ltv IS NOT NULL
GROUP BY ALL HAVING max(coalesce(e.ltv_stated, e.ltv)) >= m.margin_call_ltv ORDER BY at_, l.loan_id;

-- name: held_less
-- One row is an asset of which open longs hold more than the wallet does.
WITH longs AS (
  SELECT split_part(p.instrument, '/', 1) AS asset, min(p.opened_at) AS first_at,
    CAST(sum((SELECT arg_max(l.quantity_after, l.leg_no) FROM legs l WHERE l.position_id = p.position_id)) AS DECIMAL(38,18)) AS held,
    list(p.position_id ORDER BY p.opened_at, p.position_id) AS names
  FROM positions p
  WHERE p.account = $account AND p.venue = $venue AND p.wallet = $wallet AND p.ended = 'open' AND p.side = 'long'
    AND p.product IN ('spot', 'margin') AND p.position_ref IS NULL AND p.instrument IS NOT NULL
  GROUP BY 1
), owned AS (
  SELECT m.asset, sum(m.amount) + coalesce(any_value(o.opening), 0) AS balance FROM movements m
  LEFT JOIN openings o ON o.account = m.account AND o.venue = m.venue AND o.wallet = m.wallet AND o.asset = m.asset
  WHERE m.account = $account AND m.venue = $venue AND m.wallet = $wallet AND m.pool = 'asset' GROUP BY m.asset
)
SELECT s.asset, s.held, CAST(coalesce(o.balance, 0) AS DECIMAL(38,18)) AS balance, s.first_at, s.names
FROM longs s LEFT JOIN owned o USING (asset) WHERE s.held > coalesce(o.balance, 0) + 0.00000001 ORDER BY s.asset;

-- name: cut_events
-- One row is an end of a lender's export near which a loan's event stands: its other rows may be in the next file.
WITH parts AS (
  SELECT file_no, name, first_at, last_at FROM files
  WHERE account = $account AND venue = 'nexo' AND $venue = 'nexo' AND first_at IS NOT NULL
), edges AS (
  SELECT p.name, p.last_at AS edge FROM parts p
  WHERE EXISTS (FROM parts q WHERE q.last_at > p.last_at) AND NOT EXISTS (
    FROM parts q WHERE q.file_no <> p.file_no AND q.first_at <= p.last_at - INTERVAL 6 HOUR AND q.last_at >= p.last_at + INTERVAL 6 HOUR)
  UNION ALL
  SELECT p.name, p.first_at FROM parts p
  WHERE EXISTS (FROM parts q WHERE q.first_at < p.first_at) AND NOT EXISTS (
    FROM parts q WHERE q.file_no <> p.file_no AND q.first_at <= p.first_at - INTERVAL 6 HOUR AND q.last_at >= p.first_at + INTERVAL 6 HOUR)
), events AS (
  SELECT happened_at AS moment, row_key FROM borrow_repay_stated WHERE account = $account AND venue = 'nexo'
  UNION ALL SELECT liquidated_at, row_key FROM liquidations_stated WHERE account = $account AND venue = 'nexo'
)
SELECT e.name, e.edge, list(v.row_key::DECIMAL(38,0)::VARCHAR ORDER BY v.moment, v.row_key) AS keys
FROM edges e JOIN events v ON v.moment BETWEEN e.edge - INTERVAL 6 HOUR AND e.edge + INTERVAL 6 HOUR
GROUP BY e.name, e.edge ORDER BY e.edge, e.name;
