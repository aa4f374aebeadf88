-- One row is the borrow interest of an asset (of an isolated pair: of the pair) in a period, with what only its repayment
-- shows.
WITH owed AS (
  -- what was owed just before an accrual, by its source row
  SELECT row_key - row_key % 256 AS base, max(principal_after + interest_after - amount) AS owed_before FROM loan_events
  WHERE kind = 'accrued' AND how <> 'implied' GROUP BY base
), charged AS (
  SELECT account, venue, wallet, pair AS symbol, asset, accrued_at AS moment, amount, kind,
    CASE WHEN coalesce(debt_asset, asset) = asset THEN coalesce(principal, owed_before) END AS principal
  FROM interest i LEFT JOIN owed o ON o.base = i.row_key - i.row_key % 256
  UNION ALL BY NAME
  SELECT l.account, l.venue, l.wallet, l.pair AS symbol, e.asset, e.happened_at AS moment, e.amount, 'implied' AS kind
  FROM loan_events e JOIN loans_stored l USING (loan_id) WHERE e.kind = 'accrued' AND e.how = 'implied'
), intervals AS (
  SELECT account, venue, wallet, symbol, asset, kind, quantile_disc(gap, 0.5) AS interval_us FROM (
    SELECT account, venue, wallet, symbol, asset, kind, epoch_us(moment)
      - lag(epoch_us(moment)) OVER (PARTITION BY account, venue, wallet, symbol, asset, kind ORDER BY moment) AS gap
    FROM (SELECT DISTINCT account, venue, wallet, symbol, asset, kind, date_trunc('hour', moment) AS moment FROM charged))
  WHERE gap > 0 GROUP BY ALL
), longest AS (
  SELECT account, venue, symbol, asset, max(interval_us) AS interval_us FROM intervals GROUP BY ALL
)
SELECT period_of(c.moment, $by) AS period, c.account, c.venue, c.symbol, c.asset,
  CAST(coalesce(sum(c.amount) FILTER (WHERE c.amount > 0), 0) AS DECIMAL(38,18)) AS paid,
  CAST(coalesce(-sum(c.amount) FILTER (WHERE c.amount < 0), 0) AS DECIMAL(38,18)) AS received,
  CAST(-sum(c.amount) AS DECIMAL(38,18)) AS net, count(*) AS rows,
  CAST(sum(c.amount) FILTER (WHERE c.principal > 0) AS DECIMAL(38,18)) AS charged_on,
  CAST(sum(c.principal) FILTER (WHERE c.principal > 0) AS DECIMAL(38,18)) AS principal_sum,
  any_value(i.interval_us) AS interval_us,
  count(*) FILTER (WHERE c.kind = 'implied') AS implied_rows,
  concat_ws('|', 'interest', period_of(c.moment, $by), owner(c.account, c.venue),
    replace(replace(coalesce(c.symbol, ''), '%', '%25'), '|', '%7C'), replace(replace(c.asset, '%', '%25'), '|', '%7C')) AS line
FROM charged c LEFT JOIN longest i ON i.account = c.account AND i.venue = c.venue AND i.symbol IS NOT DISTINCT FROM c.symbol
  AND i.asset = c.asset
WHERE c.moment < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR c.moment >= $from)
  AND ($account::VARCHAR IS NULL OR c.account = $account) AND ($venue::VARCHAR IS NULL OR c.venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR c.symbol = $symbol OR c.asset = $symbol)
GROUP BY ALL ORDER BY period, c.account, c.symbol NULLS LAST, c.asset
