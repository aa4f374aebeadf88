-- name: forced_legs
-- One row is a leg that was forced, as far as its fill, an order, a fee or a repayment tells.
SELECT l.position_id, l.leg_no, l.row_key::DECIMAL(38,0)::VARCHAR AS row_key, (l.row_key - l.row_key % 256)::DECIMAL(38,0)::VARCHAR AS base,
  l.filled_at AS moment, l.execution, l.price, l.realized,
  l.quantity_after = 0 OR coalesce(p.closed_at = l.filled_at, FALSE) AS closes, p.account, p.venue, p.wallet, p.pair, p.symbol, p.product,
  coalesce(f.margin_mode, p.margin_mode) AS margin_mode, p.side, p.style, p.settle_asset, f.order_ref, f.execution AS stated, f.format,
  p.opening_quantity <> 0 AS is_older
FROM legs l JOIN positions p USING (position_id) LEFT JOIN fills f ON f.row_key = l.row_key
WHERE l.execution IN ('liquidation', 'adl')
ORDER BY moment, l.position_id, l.leg_no;

-- name: forced_fills
-- One row is a fill that its own row calls forced, of which no part reduces a position that the book has: a sale of what
-- was held beside positions, or fills that contradict it.
SELECT f.row_key::DECIMAL(38,0)::VARCHAR AS row_key, (f.row_key - f.row_key % 256)::DECIMAL(38,0)::VARCHAR AS base, f.filled_at AS moment,
  f.account, f.venue, f.wallet, f.symbol, f.instrument, f.product, f.margin_mode, f.pair,
  CASE f.side WHEN 'sell' THEN 'long' WHEN 'buy' THEN 'short' END AS side, f.quantity, f.price,
  NULL::DECIMAL(38,18) AS mark_price, NULL::DECIMAL(38,18) AS bankruptcy_price, CASE f.execution WHEN 'adl' THEN 'adl' END AS stage,
  f.order_ref, NULL::VARCHAR AS loan_ref, f.settle_asset AS debt_asset, f.fee_asset, f.format, f.execution AS stated
FROM fills f
WHERE f.execution IN ('liquidation', 'adl')
  AND f.row_key NOT IN (SELECT row_key FROM legs WHERE execution IN ('liquidation', 'adl') AND row_key IS NOT NULL)
ORDER BY moment, f.row_key;

-- name: stated_modes
-- One row is a position of which no fill says how it was margined, but statements of it in its life (or at its end) do.
SELECT p.position_id, min(s.margin_mode) AS margin_mode FROM incoming i JOIN positions p USING (position_id)
JOIN stated_positions s ON s.account = p.account AND s.venue = p.venue AND s.wallet = p.wallet AND s.symbol = p.symbol
  AND s.margin_mode IS NOT NULL AND (coalesce(s.position_side, 'both') IN ('both', p.side))
  AND s.stated_at >= p.opened_at AND s.stated_at <= coalesce(p.closed_at, 'infinity'::TIMESTAMPTZ) + INTERVAL 1 MINUTE
GROUP BY p.position_id HAVING count(DISTINCT s.margin_mode) = 1 ORDER BY p.position_id;

-- name: orders
-- One row is a liquidation as a venue lists it; margin calls are none.
SELECT row_key::DECIMAL(38,0)::VARCHAR AS row_key, (row_key - row_key % 256)::DECIMAL(38,0)::VARCHAR AS base, liquidated_at AS moment, account, venue, wallet, symbol, instrument, product, margin_mode, pair,
  CASE side WHEN 'sell' THEN 'long' WHEN 'buy' THEN 'short' END AS side, quantity, price, mark_price, bankruptcy_price, stage, order_ref,
  loan_ref, debt_asset, fee_asset, format
FROM liquidations WHERE stage IS DISTINCT FROM 'margin_call'
ORDER BY moment, row_key;

-- name: portfolios
-- One row is an account of portfolio margin over several wallets, with the first row that says so.
WITH told AS (
  SELECT account, venue, filled_at AS moment FROM fills_stated WHERE margin_mode = $mode OR format IN (SELECT unnest($formats::VARCHAR[]))
  UNION ALL SELECT account, venue, stated_at FROM stated_balances WHERE format IN (SELECT unnest($formats::VARCHAR[]))
  UNION ALL SELECT account, venue, accrued_at FROM interest_stated WHERE format IN (SELECT unnest($formats::VARCHAR[]))
  UNION ALL SELECT account, venue, booked_at FROM conversions_stated WHERE format IN (SELECT unnest($formats::VARCHAR[]))
  UNION ALL SELECT account, venue, repaid_at FROM repayments_stated WHERE format IN (SELECT unnest($formats::VARCHAR[]))
)
SELECT account, venue, min(moment) AS since FROM told WHERE venue IN (SELECT unnest($venues::VARCHAR[])) GROUP BY ALL ORDER BY ALL;

-- name: places
-- One row is a liquidation that no forced fill tells, with the position that was open then, and the currency of its results.
WITH alive AS (
  SELECT i.row_key, p.position_id, p.margin_mode, p.pair, p.product, p.side, p.settle_asset, p.wallet,
    row_number() OVER (PARTITION BY i.row_key ORDER BY p.wallet <> i.wallet, p.closed_at IS NULL, p.closed_at, p.position_id) AS choice
  FROM incoming i JOIN positions p ON p.account = i.account AND p.venue = i.venue AND p.symbol = i.symbol
    AND (i.side IS NULL OR i.side = p.side) AND p.opened_at <= i.moment
    AND (p.closed_at IS NULL OR p.closed_at >= i.moment - INTERVAL 1 MINUTE)
), traded AS (
  SELECT venue, symbol, min(settle_asset) AS settle_asset, min(product) AS product FROM positions
  WHERE symbol IN (SELECT symbol FROM incoming) GROUP BY venue, symbol
), known AS (
  SELECT venue, symbol, min(settle) AS settle_asset, min(product) AS product FROM instruments
  WHERE symbol IN (SELECT symbol FROM incoming) GROUP BY venue, symbol
), booked AS (
  SELECT account, venue, wallet, symbol, min(asset) AS asset FROM movements
  WHERE cause IN ('realized_pnl', 'funding') AND symbol IN (SELECT symbol FROM incoming) GROUP BY ALL HAVING count(DISTINCT asset) = 1
)
SELECT i.row_key, a.position_id, a.margin_mode, a.pair, a.side, a.wallet, coalesce(a.product, t.product, k.product) AS product,
  coalesce(a.settle_asset, t.settle_asset, k.settle_asset, b.asset) AS settle_asset
FROM incoming i LEFT JOIN alive a ON a.row_key = i.row_key AND a.choice = 1
LEFT JOIN traded t ON t.venue = i.venue AND t.symbol = i.symbol
LEFT JOIN known k ON k.venue = i.venue AND k.symbol = i.symbol
LEFT JOIN booked b ON b.account = i.account AND b.venue = i.venue AND b.wallet = i.wallet AND b.symbol = i.symbol
ORDER BY i.row_key;

-- name: named
-- One row is a booking that its venue calls a liquidation or an auto-deleveraging, and nothing more: neither size nor price.
SELECT row_key::DECIMAL(38,0)::VARCHAR AS row_key, (row_key - row_key % 256)::DECIMAL(38,0)::VARCHAR AS base, booked_at AS moment,
  account, venue, wallet, NULL::VARCHAR AS pair, symbol, asset, amount, kind AS cause, []::VARCHAR[] AS position_ids, format
FROM adjustments WHERE kind IN ('liquidation', 'adl')
UNION ALL
SELECT row_key::DECIMAL(38,0)::VARCHAR, (row_key - row_key % 256)::DECIMAL(38,0)::VARCHAR, booked_at, account, venue, wallet, NULL, symbol,
  asset, amount, 'liquidation', [], format
FROM conversions WHERE kind = 'liquidation_takeover' AND amount < 0
ORDER BY moment, row_key;

-- name: clearances
-- One row is a liquidation fee or insurance, with the positions that it is given to.
WITH given AS (
  SELECT row_key, list_sort(list(DISTINCT position_id)) AS position_ids FROM costs_stored
  WHERE cause IN ('liquidation_fee', 'insurance') AND position_id IS NOT NULL AND row_key IS NOT NULL GROUP BY row_key
)
SELECT m.row_key::DECIMAL(38,0)::VARCHAR AS row_key, (m.row_key - m.row_key % 256)::DECIMAL(38,0)::VARCHAR AS base, m.moved_at AS moment,
  m.account, m.venue, m.wallet, m.pair, m.symbol, m.asset, m.amount, m.cause, coalesce(g.position_ids, []) AS position_ids
FROM movements m LEFT JOIN given g ON g.row_key = m.row_key
WHERE m.cause IN ('liquidation_fee', 'insurance') AND m.pool = 'asset' AND m.amount <> 0
ORDER BY moment, row_key;

-- name: beside_clearances
-- One row is a voluntary reduction in the seconds before a liquidation fee or an insurance that nothing else explains.
-- What names no instrument is of the reductions in its own asset, unless two instruments come into question.
WITH asked AS (
  SELECT *, unnest(list_distinct([date_trunc('hour', moment - $before), date_trunc('hour', moment + $after)])) AS hour FROM incoming
), beside AS (
  SELECT l.position_id, l.leg_no, p.symbol, a.row_key AS told_by, a.cause, a.moment AS told_at, a.symbol IS NULL AS is_nameless
  FROM asked a JOIN legs l ON date_trunc('hour', l.filled_at) = a.hour AND l.filled_at BETWEEN a.moment - $before AND a.moment + $after
  JOIN positions p ON p.position_id = l.position_id AND p.account = a.account AND p.venue = a.venue AND p.wallet = a.wallet
    AND (p.symbol = a.symbol OR (a.symbol IS NULL AND p.settle_asset = a.asset))
  WHERE l.execution = 'trade' AND (l.delta < 0) = (p.side = 'long')
    AND (a.cause = 'liquidation_fee' OR l.realized IS NULL OR l.realized < 0)
), ambiguous AS (
  SELECT told_by FROM beside WHERE is_nameless GROUP BY told_by HAVING count(DISTINCT symbol) > 1
)
SELECT DISTINCT ON (position_id, leg_no) position_id, leg_no, cause, told_at FROM beside WHERE told_by NOT IN (FROM ambiguous)
ORDER BY position_id, leg_no, told_at;

-- name: at_bankruptcy
-- One row is a voluntary reduction at the very price at which the venue stated that the position is bankrupt: by the last
-- snapshot of it, or by a row of a liquidation within the hour.
WITH reductions AS (
  SELECT l.position_id, l.leg_no, l.filled_at, l.price, p.account, p.venue, p.wallet, p.symbol, p.side, p.opened_at
  FROM legs l JOIN positions p USING (position_id)
  WHERE l.execution = 'trade' AND (l.delta < 0) = (p.side = 'long') AND p.symbol IN (
    SELECT symbol FROM stated_positions WHERE bankruptcy_price IS NOT NULL
    UNION SELECT symbol FROM liquidations WHERE bankruptcy_price IS NOT NULL)
), snapshots AS (
  SELECT r.position_id, r.leg_no, arg_max(s.bankruptcy_price, (s.stated_at, s.row_key)) AS stated
  FROM reductions r JOIN stated_positions s ON s.account = r.account AND s.venue = r.venue AND s.wallet = r.wallet AND s.symbol = r.symbol
    AND s.stated_at >= r.opened_at AND s.stated_at <= r.filled_at AND (coalesce(s.position_side, 'both') IN ('both', r.side))
  WHERE s.bankruptcy_price IS NOT NULL GROUP BY ALL
)
SELECT r.position_id, r.leg_no, r.price AS bankruptcy_price FROM reductions r JOIN snapshots s USING (position_id, leg_no)
WHERE s.stated = r.price
UNION
SELECT r.position_id, r.leg_no, r.price FROM reductions r JOIN liquidations q ON q.account = r.account AND q.venue = r.venue
  AND q.symbol = r.symbol AND q.bankruptcy_price = r.price
  AND r.filled_at BETWEEN q.liquidated_at - INTERVAL 1 HOUR AND q.liquidated_at + INTERVAL 1 HOUR
WHERE q.stage IS DISTINCT FROM 'margin_call' AND q.stage IS DISTINCT FROM 'adl'
ORDER BY ALL;

-- name: legs
-- One row is one of the legs that are asked for.
SELECT l.position_id, l.leg_no, l.row_key::DECIMAL(38,0)::VARCHAR AS row_key, (l.row_key - l.row_key % 256)::DECIMAL(38,0)::VARCHAR AS base,
  l.filled_at AS moment, 'liquidation' AS execution, l.price, l.realized, l.quantity_after = 0 OR coalesce(p.closed_at = l.filled_at, FALSE) AS closes, p.account, p.venue, p.wallet,
  p.pair, p.symbol, p.product, coalesce(f.margin_mode, p.margin_mode) AS margin_mode, p.side, p.style, p.settle_asset,
  NULL::VARCHAR AS order_ref, 'trade' AS stated, NULL::VARCHAR AS format, p.opening_quantity <> 0 AS is_older
FROM legs l JOIN incoming i ON i.position_id = l.position_id AND i.leg_no = l.leg_no JOIN positions p ON p.position_id = l.position_id
LEFT JOIN fills f ON f.row_key = l.row_key
ORDER BY moment, l.position_id, l.leg_no;

-- name: repayments
-- One row is a repayment of a margin debt that no person ordered; those that were forced tell of a liquidation.
SELECT row_key::DECIMAL(38,0)::VARCHAR AS row_key, (row_key - row_key % 256)::DECIMAL(38,0)::VARCHAR AS base, repaid_at AS moment, account, venue, wallet, pair, asset, amount, kind = 'forced' AS is_forced
FROM repayments
WHERE (kind = 'forced' OR (kind = 'auto' AND EXISTS (
    FROM incoming i WHERE i.account = repayments.account AND i.venue = repayments.venue AND i.wallet = repayments.wallet
      AND repaid_at BETWEEN i.started_at - INTERVAL 1 MINUTE AND i.ended_at + INTERVAL 1 MINUTE)))
  AND row_key NOT IN (SELECT e.row_key FROM loan_events e JOIN loans_stored l USING (loan_id)
                      WHERE l.kind = 'loan' AND e.row_key IS NOT NULL)
ORDER BY moment, row_key;

-- name: loan_events
-- One row is an event of a loan of which the venue ever sold collateral.
WITH sold AS (
  SELECT DISTINCT e.loan_id FROM loan_events e JOIN loans_stored l USING (loan_id) WHERE l.kind = 'loan' AND e.forced
)
SELECT e.loan_id, e.event_no, e.happened_at AS moment, e.kind, e.asset, e.amount, e.forced, l.account, l.venue, l.wallet, l.pair,
  l.asset AS debt_asset, e.row_key::DECIMAL(38,0)::VARCHAR AS row_key, (e.row_key - e.row_key % 256)::DECIMAL(38,0)::VARCHAR AS base
FROM loan_events e JOIN sold USING (loan_id) JOIN loans_stored l USING (loan_id)
ORDER BY e.loan_id, e.event_no;

-- name: voluntary
-- One row is a stretch between two forced rows of a pot in which its owner acted: traded, or moved money.
WITH asked AS (
  SELECT *, unnest(list_distinct([date_trunc('hour', from_at), date_trunc('hour', to_at)])) AS hour FROM incoming
)
SELECT DISTINCT a.stretch FROM asked a
JOIN legs l ON date_trunc('hour', l.filled_at) = a.hour AND l.filled_at > a.from_at AND l.filled_at < a.to_at AND l.execution = 'trade'
JOIN positions p ON p.position_id = l.position_id AND p.account = a.account AND p.venue = a.venue
  AND list_contains(string_split(a.wallet, '+'), p.wallet) AND (a.position_id IS NULL OR p.position_id = a.position_id)
  AND (a.pair IS NULL OR coalesce(p.pair, p.symbol) = a.pair)
  AND (a.settle_asset IS NULL OR p.settle_asset = a.settle_asset)
ANTI JOIN forced_now f ON f.position_id = l.position_id AND f.leg_no = l.leg_no
UNION
SELECT a.stretch FROM asked a
JOIN movements m ON date_trunc('hour', m.moved_at) = a.hour AND m.moved_at > a.from_at AND m.moved_at < a.to_at AND m.account = a.account
  AND m.venue = a.venue AND list_contains(string_split(a.wallet, '+'), m.wallet)
  AND (a.pair IS NULL OR m.pair IS NULL OR m.pair = a.pair)
  AND (a.settle_asset IS NULL OR m.asset = a.settle_asset) AND ((m.cause IN ('deposit', 'withdrawal', 'transfer')
    AND a.position_id IS NULL) OR (m.cause = 'margin_move' AND m.amount < 0));


-- name: listed_legs
-- One row is a forced leg of an event, with what its figures are made of.
SELECT i.event_no, l.position_id, l.delta, l.price, l.realized, l.fee_value, l.fee IS NOT NULL AND l.fee <> 0 AND l.fee_value IS NULL AS is_unvalued,
  p.symbol, p.instrument, p.product, p.side, p.style, p.multiplier, p.settle_asset
FROM legs l JOIN incoming i ON i.position_id = l.position_id AND i.leg_no = l.leg_no JOIN positions p ON p.position_id = l.position_id
ORDER BY i.event_no, l.filled_at, l.position_id, l.leg_no;

-- name: listed_orders
-- One row is a row of the venue that is part of an event, or a forced fill of it that is of no position.
FROM (
  SELECT i.event_no, q.symbol, q.instrument, q.product, q.order_ref, q.quantity, q.price, q.mark_price, q.fee, q.fee_asset,
    q.liquidated_at AS moment, q.row_key
  FROM liquidations q JOIN incoming i ON i.row_key = q.row_key
  UNION ALL
  SELECT i.event_no, f.symbol, f.instrument, f.product, NULL, f.quantity, f.price, NULL, NULL, NULL, f.filled_at, f.row_key
  FROM fills f JOIN incoming i ON i.row_key = f.row_key
  WHERE f.execution IN ('liquidation', 'adl')
    AND f.row_key NOT IN (SELECT row_key FROM legs WHERE execution IN ('liquidation', 'adl') AND row_key IS NOT NULL)
) ORDER BY event_no, moment, row_key;

-- name: listed_clearances
-- One row is a fee or an insurance that is part of an event, + = the account gains; value: in the settle asset, as far as
-- it was given to positions and valued.
WITH given AS (
  SELECT row_key, CAST(sum(value) AS DECIMAL(38,18)) AS value, bool_or(value IS NULL) AS is_unvalued FROM costs_stored
  WHERE cause IN ('liquidation_fee', 'insurance') AND position_id IS NOT NULL AND row_key IN (SELECT row_key FROM incoming) GROUP BY row_key
)
SELECT i.event_no, m.cause, m.asset, m.amount, CASE WHEN NOT g.is_unvalued THEN g.value END AS value
FROM movements m JOIN incoming i ON i.row_key = m.row_key LEFT JOIN given g ON g.row_key = m.row_key
WHERE m.cause IN ('liquidation_fee', 'insurance') AND m.pool = 'asset' ORDER BY i.event_no, m.moved_at, m.row_key;

-- name: listed_loans
-- One row is an event of a loan that is part of a liquidation.
SELECT i.event_no, e.kind, e.asset, e.amount, e.value FROM loan_events e JOIN incoming i ON i.row_key = e.row_key AND i.loan_id = e.loan_id
WHERE e.kind IN ('collateral_sold', 'liquidation_fee') ORDER BY i.event_no, e.event_no;

-- name: listed_carry
-- One row is what the positions of an event had cost in interest, less what funding had brought, until its end; null where
-- some of it is unvalued.
SELECT i.event_no, CASE WHEN bool_or(c.value IS NULL) THEN NULL ELSE CAST(-sum(c.value) AS DECIMAL(38,18)) END AS carry
FROM costs_stored c JOIN incoming i ON i.position_id = c.position_id AND c.booked_at <= i.ended_at
WHERE c.cause IN ('funding', 'interest') GROUP BY i.event_no ORDER BY i.event_no;

-- name: stage
CREATE OR REPLACE TEMP TABLE liquidations_listed AS FROM incoming;
