-- One row is a forced reduction: the forced fills of a position that lie less than an hour apart, with the venue's own
-- liquidation rows, fees and insurance; a venue's row without fills stands alone.
WITH forced AS (
  SELECT l.*, p.account, p.venue, p.wallet, p.symbol, p.instrument, p.product, p.margin_mode, p.side AS position_direction,
    p.settle_asset, p.style, p.ended, p.closed_at, f.order_ref,
    l.filled_at - lag(l.filled_at) OVER (PARTITION BY l.position_id ORDER BY l.leg_no) > INTERVAL 1 HOUR AS apart
  FROM legs l JOIN positions p USING (position_id) LEFT JOIN fills f ON f.row_key = l.row_key
  WHERE l.execution IN ('liquidation', 'adl')
), numbered AS (
  SELECT *, coalesce(sum(apart::INT) OVER (PARTITION BY position_id ORDER BY leg_no), 0) AS event_no FROM forced
), orders AS (
  SELECT account, venue, order_ref, symbol, max(mark_price) AS mark_price, any_value(bankruptcy_price) AS bankruptcy_price,
    any_value(stage) AS stage
  FROM liquidations WHERE order_ref IS NOT NULL GROUP BY ALL
), events AS (
  SELECT n.position_id, n.event_no, n.account, n.venue, n.wallet, n.symbol, n.instrument, n.product, n.margin_mode,
    n.position_direction AS side, min(n.filled_at) AS started_at, max(n.filled_at) AS ended_at,
    CASE WHEN bool_and(n.execution = 'adl') THEN 'adl'
      WHEN bool_or(o.stage = 'takeover') THEN 'takeover'
      WHEN any_value(n.ended) IN ('liquidated', 'adl') AND max(n.filled_at) = any_value(n.closed_at) THEN 'full' ELSE 'partial' END AS stage,
    CAST(sum(abs(n.delta)) AS DECIMAL(38,18)) AS quantity, any_value(o.mark_price) AS trigger_price,
    any_value(o.bankruptcy_price) AS bankruptcy_price, any_value(n.settle_asset) AS settle_asset, any_value(n.style) AS style,
    CASE WHEN bool_or(n.realized IS NULL) THEN NULL ELSE CAST(sum(n.realized) AS DECIMAL(38,18)) END AS realized,
    CAST(sum(coalesce(n.fee_value, 0)) AS DECIMAL(38,18)) AS trading_fees,
    sum(CASE WHEN n.style = 'inverse' THEN NULL ELSE n.notional END) AS linear_value,
    CAST(sum(n.notional) AS DECIMAL(38,18)) AS notional, max(n.exit_weight) - min(n.exit_weight - coalesce(w.weight, 0)) AS weight
  FROM numbered n LEFT JOIN orders o ON o.account = n.account AND o.venue = n.venue AND o.order_ref = n.order_ref AND o.symbol = n.symbol
  LEFT JOIN (SELECT position_id, leg_no, exit_weight - lag(exit_weight, 1, 0) OVER (PARTITION BY position_id ORDER BY leg_no) AS weight
             FROM legs) w ON w.position_id = n.position_id AND w.leg_no = n.leg_no
  GROUP BY ALL
), charged AS (
  SELECT e.position_id, e.event_no,
    CAST(-coalesce(sum(c.amount) FILTER (WHERE c.cause = 'liquidation_fee'), 0) AS DECIMAL(38,18)) AS liquidation_fee,
    CAST(coalesce(sum(c.amount) FILTER (WHERE c.cause = 'insurance'), 0) AS DECIMAL(38,18)) AS insurance
  FROM events e LEFT JOIN costs_stored c ON c.position_id = e.position_id AND c.cause IN ('liquidation_fee', 'insurance')
    AND c.booked_at BETWEEN e.started_at - INTERVAL 1 MINUTE AND e.ended_at + INTERVAL 1 HOUR
  GROUP BY ALL
), alone AS (
  SELECT q.account, q.venue, q.wallet, q.symbol, q.instrument, q.product, q.margin_mode,
    CASE q.side WHEN 'sell' THEN 'long' WHEN 'buy' THEN 'short' END AS side, q.liquidated_at AS started_at, q.liquidated_at AS ended_at,
    q.stage, q.quantity, q.mark_price AS trigger_price, q.price AS average_price, q.bankruptcy_price, q.fee AS liquidation_fee,
    coalesce(q.fee_asset, q.debt_asset) AS settle_asset
  FROM liquidations q ANTI JOIN numbered n ON n.account = q.account AND n.venue = q.venue AND n.symbol = q.symbol
    AND (n.order_ref = q.order_ref OR ((n.order_ref IS NULL OR q.order_ref IS NULL) AND n.wallet = q.wallet
      AND n.filled_at BETWEEN q.liquidated_at - INTERVAL 1 MINUTE AND q.liquidated_at + INTERVAL 1 MINUTE))
), every AS (
  SELECT e.* EXCLUDE (realized, trading_fees, linear_value, event_no), c.liquidation_fee, c.insurance, NULL::DECIMAL(38,18) AS stated_average,
    CAST(-(e.realized - e.trading_fees - c.liquidation_fee + c.insurance) AS DECIMAL(38,18)) AS loss
  FROM events e JOIN charged c ON c.position_id = e.position_id AND c.event_no = e.event_no
  UNION ALL BY NAME
  SELECT * EXCLUDE (average_price), average_price AS stated_average FROM alone
), ordered AS (
  SELECT *, row_number() OVER (PARTITION BY account, symbol, side, strftime(started_at, '%Y%m%dT%H%M')
    ORDER BY started_at, venue, wallet, position_id) AS ordinal
  FROM every
)
SELECT concat_ws(':', 'liq', owner(account, venue), symbol, coalesce(side, '?'), strftime(started_at, '%Y%m%dT%H%M'), ordinal) AS liquidation_id,
  account, venue, wallet, product, margin_mode, symbol, side, started_at, ended_at, stage, quantity, trigger_price,
  bankruptcy_price, liquidation_fee, insurance, loss, settle_asset, position_id, NULL::VARCHAR AS primary_cause, instrument,
  style, weight, stated_average
FROM ordered
WHERE started_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR started_at >= $from)
  AND ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR symbol = $symbol OR instrument = $symbol)
ORDER BY started_at, liquidation_id
