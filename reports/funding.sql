-- One row is the funding of an instrument in a period.
WITH rates AS (
  SELECT c.row_key, CASE p.side WHEN 'long' THEN -c.amount ELSE c.amount END AS longs_paid, l.cost_after AS held_value
  FROM costs_stored c JOIN positions p USING (position_id)
  ASOF LEFT JOIN legs l ON l.position_id = c.position_id AND l.filled_at <= c.booked_at
  WHERE c.cause = 'funding'
), intervals AS (
  SELECT account, venue, symbol, quantile_disc(gap, 0.5) AS interval_us FROM (
    SELECT account, venue, symbol, epoch_us(moment) - lag(epoch_us(moment)) OVER (PARTITION BY account, venue, symbol ORDER BY moment) AS gap
    FROM (SELECT DISTINCT account, venue, symbol, date_trunc('hour', paid_at) AS moment FROM funding))
  WHERE gap > 0 GROUP BY ALL
)
SELECT period_of(f.paid_at, $by) AS period, f.account, f.venue, f.symbol, f.asset,
  CAST(coalesce(-sum(f.amount) FILTER (WHERE f.amount < 0), 0) AS DECIMAL(38,18)) AS paid,
  CAST(coalesce(sum(f.amount) FILTER (WHERE f.amount > 0), 0) AS DECIMAL(38,18)) AS received,
  CAST(sum(f.amount) AS DECIMAL(38,18)) AS net, count(*) AS rows,
  CAST(sum(r.longs_paid) FILTER (WHERE r.held_value > 0) AS DECIMAL(38,18)) AS longs_paid,
  CAST(sum(r.held_value) FILTER (WHERE r.held_value > 0) AS DECIMAL(38,18)) AS held_value,
  any_value(i.interval_us) AS interval_us,
  count(*) FILTER (WHERE r.row_key IS NULL) AS unattributed_rows,
  concat_ws('|', 'funding', period_of(f.paid_at, $by), owner(f.account, f.venue),
    replace(replace(coalesce(f.symbol, ''), '%', '%25'), '|', '%7C'), replace(replace(f.asset, '%', '%25'), '|', '%7C')) AS line
FROM funding f LEFT JOIN rates r ON r.row_key = f.row_key
LEFT JOIN intervals i ON i.account = f.account AND i.venue = f.venue AND i.symbol = f.symbol
WHERE f.paid_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR f.paid_at >= $from)
  AND ($account::VARCHAR IS NULL OR f.account = $account) AND ($venue::VARCHAR IS NULL OR f.venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR f.symbol = $symbol OR f.instrument = $symbol)
GROUP BY ALL ORDER BY period, f.account, f.symbol NULLS LAST, f.asset
