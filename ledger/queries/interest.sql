-- name: has_interest
SELECT 1 WHERE EXISTS (FROM interest WHERE account = $account AND venue = $venue AND wallet = $wallet)
  OR EXISTS (FROM loan_events e JOIN loans_stored l USING (loan_id)
    WHERE l.account = $account AND l.venue = $venue AND l.wallet = $wallet AND e.kind = 'accrued' AND e.how = 'implied');

-- name: accruals
-- One row is an accrual of interest, stated or (implied) shown by its repayment only.
SELECT row_key::DECIMAL(38,0) AS row_key, accrued_at AS moment, asset, coalesce(debt_asset, asset) AS debt_asset, amount, pair,
  position_ref, kind, FALSE AS implied
FROM interest WHERE account = $account AND venue = $venue AND wallet = $wallet
UNION ALL
SELECT e.row_key::DECIMAL(38,0), e.happened_at, e.asset, e.asset, e.amount, l.pair, NULL, l.kind, TRUE
FROM loan_events e JOIN loans_stored l USING (loan_id)
WHERE l.account = $account AND l.venue = $venue AND l.wallet = $wallet AND e.kind = 'accrued' AND e.how = 'implied'
ORDER BY moment, row_key;

-- name: borrowers
-- One row is a position that may have borrowed what an accrual charges: a long borrows the quote, by its cost, a short the
-- base, by its size.  nearness 0: open at the instant; 1: opened first, up to a minute later; 2: closed up to a minute
-- before; 3: of margin, which is charged by the hour in advance, opened first, up to an hour later; 4: of implied interest,
-- which is seen when it is repaid, closed last, up to an hour before.
WITH spans AS (
  SELECT p.position_id, p.pair, p.symbol,
    CASE p.side WHEN 'long' THEN p.settle_asset ELSE split_part(p.instrument, '/', 1) END AS asset,
    CASE p.side WHEN 'long' THEN l.cost_after ELSE abs(l.quantity_after) END AS weight,
    l.quantity_after, l.leg_no, l.filled_at AS from_at,
    coalesce(lead(l.filled_at) OVER (PARTITION BY l.position_id ORDER BY l.leg_no), 'infinity'::TIMESTAMPTZ) AS to_at
  FROM legs l JOIN positions p USING (position_id)
  WHERE p.account = $account AND p.venue = $venue AND p.wallet = $wallet AND p.product IN ('spot', 'margin')
    AND p.position_ref IS NULL
), near AS (
  SELECT i.row_key, i.moment, s.*,
    CASE WHEN s.from_at = i.moment OR (s.from_at < i.moment AND i.moment < s.to_at) THEN 0
      WHEN s.from_at > i.moment THEN CASE WHEN s.from_at <= i.moment + INTERVAL 1 MINUTE THEN 1 ELSE 3 END
      WHEN s.to_at > i.moment - INTERVAL 1 MINUTE THEN 2 ELSE 4 END AS nearness
  FROM incoming i JOIN spans s ON s.asset = i.debt_asset AND s.from_at <= i.until AND s.to_at > i.since
  WHERE s.quantity_after <> 0 AND s.weight > 0 AND (i.pair IS NULL OR s.pair = i.pair)
), nearest AS (
  SELECT * FROM near QUALIFY nearness = min(nearness) OVER (PARTITION BY row_key)
    AND CASE WHEN nearness IN (1, 3) THEN from_at = min(from_at) OVER (PARTITION BY row_key, nearness)
      WHEN nearness = 4 THEN to_at = max(to_at) OVER (PARTITION BY row_key, nearness) ELSE TRUE END
    AND row_number() OVER (PARTITION BY row_key, position_id
      ORDER BY nearness, CASE WHEN nearness IN (1, 3) THEN epoch_us(from_at) ELSE -epoch_us(from_at) END, leg_no DESC) = 1
)
SELECT row_key, position_id, symbol, weight FROM nearest ORDER BY row_key, position_id;

-- name: lots
-- One row is a position that the venue names by its opening trade.
SELECT position_ref, position_id, symbol FROM positions
WHERE account = $account AND venue = $venue AND wallet = $wallet AND position_ref IS NOT NULL;

-- name: settled
-- One row is a position with what values its costs, and of an open short the asset whose interest waits to be bought.
SELECT position_id, settle_asset, CASE WHEN ended = 'open' AND side = 'short' THEN split_part(instrument, '/', 1) END AS in_kind
FROM positions WHERE account = $account AND venue = $venue AND wallet = $wallet;

-- name: purchases
-- One row is interest in kind that a buy paid, in order.
SELECT position_id, quantity, value FROM inventory
WHERE account = $account AND venue = $venue AND wallet = $wallet AND kind = 'interest' AND position_id IS NOT NULL
ORDER BY booked_at, row_key;

-- name: nameless_fees
-- One row is a liquidation fee or insurance that names no instrument.
SELECT row_key::DECIMAL(38,0) AS row_key, asset, amount, cause, moved_at AS moment FROM movements
WHERE account = $account AND venue = $venue AND wallet = $wallet AND cause IN ('liquidation_fee', 'insurance')
  AND basis = 'stated' AND symbol IS NULL ORDER BY moment, row_key;

-- name: forced_near
-- One row is a position forced within a minute of a fee that names no instrument, with the value that was forced.
SELECT i.row_key, p.position_id, p.symbol, CAST(sum(coalesce(l.notional, 0)) AS DECIMAL(38,18)) AS weight
FROM incoming i JOIN legs l ON l.filled_at BETWEEN i.moment - INTERVAL 1 MINUTE AND i.moment + INTERVAL 5 SECOND
  AND l.execution = 'liquidation'
JOIN positions p USING (position_id)
WHERE p.account = $account AND p.venue = $venue AND p.wallet = $wallet GROUP BY ALL HAVING sum(l.notional) > 0
ORDER BY i.row_key, p.position_id;
