-- One row is a figure that is not what it was: as it was frozen when its month was closed (or in an earlier state of the
-- book), and as the book has it now.
SELECT coalesce(n.period, b.period) AS period, coalesce(n.account, b.account) AS account, coalesce(n.report, b.report) AS report,
  coalesce(n.line, b.line) AS line, coalesce(n.name, b.name) AS name, coalesce(n.asset, b.asset) AS asset,
  TRY_CAST(b.value AS DECIMAL(38,18)) AS before, TRY_CAST(n.value AS DECIMAL(38,18)) AS now,
  CAST(TRY_CAST(n.value AS DECIMAL(38,18)) - TRY_CAST(b.value AS DECIMAL(38,18)) AS DECIMAL(38,18)) AS difference,
  CASE WHEN b.line IS NULL THEN 'new' WHEN n.line IS NULL THEN 'gone' ELSE 'changed' END AS change
FROM figures_before b FULL JOIN figures_now n
  ON b.account = n.account AND b.period = n.period AND b.report = n.report AND b.line = n.line AND b.name = n.name
    AND b.asset IS NOT DISTINCT FROM n.asset
WHERE b.value IS DISTINCT FROM n.value
  AND NOT (coalesce(b.value, n.value) = '0' AND (b.line IS NULL OR n.line IS NULL))
  AND ($account::VARCHAR IS NULL OR coalesce(n.account, b.account) = $account)
ORDER BY period, account, report, line, name
