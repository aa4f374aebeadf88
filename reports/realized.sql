-- One row is a position in a period; what no position took (and instruments of which only wallet rows exist) has
-- lines of its own, so that the sum over all rows is what the ledger booked.
WITH results AS (
  SELECT period_of(l.filled_at, $by) AS period, l.position_id, p.account, p.venue, p.symbol, p.instrument, p.settle_asset,
    'position' AS grain, l.realized AS gross, l.realized IS NULL AS unknown, coalesce(l.fee_value, 0) AS fee, 0 AS funding,
    0 AS interest, 0 AS liquidation_fee, 0 AS insurance, 0 AS session
  FROM legs l JOIN positions p USING (position_id)
  WHERE l.filled_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
    AND ($from::TIMESTAMPTZ IS NULL OR l.filled_at >= $from)
  UNION ALL BY NAME  -- fees in an asset that no price values stay native, on a line of that asset
  SELECT period_of(l.filled_at, $by) AS period, l.position_id, p.account, p.venue, p.symbol, p.instrument, l.fee_asset AS settle_asset,
    'position' AS grain, 0 AS gross, FALSE AS unknown, l.fee, 0 AS funding, 0 AS interest, 0 AS liquidation_fee, 0 AS insurance,
    0 AS session
  FROM legs l JOIN positions p USING (position_id)
  WHERE l.fee_value IS NULL AND l.fee IS NOT NULL AND l.fee <> 0
    AND l.filled_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
    AND ($from::TIMESTAMPTZ IS NULL OR l.filled_at >= $from)
  UNION ALL BY NAME
  SELECT period_of(c.booked_at, $by) AS period, c.position_id, c.account, c.venue,
    coalesce(p.symbol, c.symbol) AS symbol, p.instrument,
    CASE WHEN c.value IS NULL THEN c.asset ELSE coalesce(p.settle_asset, c.asset) END AS settle_asset,
    CASE WHEN c.position_id IS NOT NULL THEN 'position' WHEN c.cause = 'session_result' THEN 'session'
      WHEN c.how IN ('idle', 'loan', 'inventory') THEN c.how ELSE 'unattributed' END AS grain,
    CASE WHEN c.cause = 'realized_pnl' THEN c.amount ELSE 0 END AS gross,
    FALSE AS unknown,
    CASE WHEN c.cause = 'trading_fee' THEN -coalesce(c.value, c.amount) ELSE 0 END AS fee,
    CASE WHEN c.cause = 'funding' THEN coalesce(c.value, c.amount) ELSE 0 END AS funding,
    CASE WHEN c.cause = 'interest' THEN -coalesce(c.value, c.amount) ELSE 0 END AS interest,
    CASE WHEN c.cause = 'liquidation_fee' THEN -coalesce(c.value, c.amount) ELSE 0 END AS liquidation_fee,
    CASE WHEN c.cause = 'insurance' THEN coalesce(c.value, c.amount) ELSE 0 END AS insurance,
    CASE WHEN c.cause = 'session_result' THEN c.amount ELSE 0 END AS session
  FROM costs_stored c LEFT JOIN positions p USING (position_id)
  WHERE c.booked_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
    AND ($from::TIMESTAMPTZ IS NULL OR c.booked_at >= $from)
), summed AS (
  SELECT period, position_id, account, venue, symbol, any_value(instrument) AS instrument, settle_asset, grain,
    CASE WHEN bool_or(unknown) THEN NULL ELSE CAST(sum(gross) AS DECIMAL(38,18)) END AS gross_pnl,
    CAST(sum(fee) AS DECIMAL(38,18)) AS trading_fees, CAST(sum(funding) AS DECIMAL(38,18)) AS funding,
    CAST(sum(interest) AS DECIMAL(38,18)) AS interest, CAST(sum(liquidation_fee) AS DECIMAL(38,18)) AS liquidation_fees,
    CAST(sum(insurance) AS DECIMAL(38,18)) AS insurance, CAST(sum(session) AS DECIMAL(38,18)) AS session
  FROM results
  WHERE ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
    AND ($symbol::VARCHAR IS NULL OR symbol = $symbol OR instrument = $symbol)
  GROUP BY period, position_id, account, venue, symbol, settle_asset, grain
)
SELECT period, position_id, account, venue, symbol, settle_asset,
  CASE WHEN grain <> 'session' THEN gross_pnl END AS gross_pnl,
  CASE WHEN grain <> 'session' THEN trading_fees END AS trading_fees,
  CASE WHEN grain <> 'session' THEN funding END AS funding,
  CASE WHEN grain <> 'session' THEN interest END AS interest,
  CASE WHEN grain <> 'session' THEN liquidation_fees END AS liquidation_fees,
  CASE WHEN grain <> 'session' THEN insurance END AS insurance,
  CASE WHEN grain = 'session' THEN session
    ELSE CAST(gross_pnl - trading_fees - (interest - funding + liquidation_fees) + insurance AS DECIMAL(38,18)) END AS net_pnl,
  grain, concat_ws('|', 'realized', period, replace(replace(coalesce(position_id, ''), '%', '%25'), '|', '%7C'), owner(account, venue),
    replace(replace(coalesce(symbol, ''), '%', '%25'), '|', '%7C'), replace(replace(settle_asset, '%', '%25'), '|', '%7C'), grain) AS line
FROM summed
ORDER BY period, account, symbol NULLS LAST, position_id NULLS LAST, settle_asset, grain
