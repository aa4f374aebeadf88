-- [A1d] Assets whose breaks are not what parts the stretches of their chain of stated balances.
WITH spans AS (
  SELECT account, venue, wallet, asset, count(*) AS stretches, arg_max(deviation, (from_at, to_at)) AS deviation,
    arg_max(first_key, (from_at, to_at)) AS row_key
  FROM anchors GROUP BY ALL
), parted AS (
  SELECT account, venue, wallet, asset, count(*) AS breaks, CAST(sum(difference) AS DECIMAL(38,18)) AS differences,
    bool_and(stated - expected = difference) AS adds_up
  FROM breaks_stored GROUP BY ALL
)
SELECT account, venue, wallet, asset, s.stretches, p.breaks, s.deviation, p.differences, s.row_key
FROM spans s FULL JOIN parted p USING (account, venue, wallet, asset)
WHERE coalesce(s.stretches, 0) <> coalesce(p.breaks, 0) + 1 OR coalesce(s.deviation, 0) <> coalesce(p.differences, 0) OR NOT p.adds_up
ORDER BY ALL
