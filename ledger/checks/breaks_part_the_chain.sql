-- [A1d] Assets whose breaks are not what parts the stretches of their chain of stated balances.
WITH ordered AS (  -- of several stretches of the last instant any may be the last
  SELECT *, rank() OVER (PARTITION BY account, venue, wallet, asset ORDER BY from_at DESC, to_at DESC) = 1 AS is_last FROM anchors
), spans AS (
  SELECT account, venue, wallet, asset, count(*) AS stretches, list(deviation) FILTER (WHERE is_last) AS last,
    any_value(deviation) FILTER (WHERE is_last) AS deviation, any_value(first_key) FILTER (WHERE is_last) AS row_key
  FROM ordered GROUP BY ALL
), parted AS (
  SELECT account, venue, wallet, asset, count(*) AS breaks, CAST(sum(difference) AS DECIMAL(38,18)) AS differences,
    bool_and(stated - expected = difference) AS adds_up
  FROM breaks_stored GROUP BY ALL
)
SELECT account, venue, wallet, asset, s.stretches, p.breaks, s.deviation, p.differences, s.row_key
FROM spans s FULL JOIN parted p USING (account, venue, wallet, asset)
WHERE coalesce(s.stretches, 0) <> coalesce(p.breaks, 0) + 1 OR NOT p.adds_up
  OR NOT list_contains(coalesce(s.last, [0::DECIMAL(38,18)]), coalesce(p.differences, 0))
ORDER BY ALL
