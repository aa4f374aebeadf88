-- One row is an export to download, for days that touch or nearly do; the most needed first.
WITH wanted AS (
  SELECT g.account, g.venue, g.wallet, g.fact, g.format, coalesce(g.title, 'any export that states ' || g.fact) AS export, g.how,
    CAST(g.from_at AS DATE) AS from_on, CAST(g.to_at AS DATE) AS to_on, g.because, g.priority
  FROM gaps g LEFT JOIN explained e ON g.kind = 'balance' AND e.break_id = replace(g.gap_id, 'gap-', 'break-')
  WHERE g.priority IS NOT NULL AND e.break_id IS NULL
    AND ($account::VARCHAR IS NULL OR g.account = $account) AND ($venue::VARCHAR IS NULL OR g.venue = $venue)
    AND ($symbol::VARCHAR IS NULL OR g.symbol = $symbol OR g.symbol IN (SELECT symbol FROM positions WHERE instrument = $symbol))
    AND g.from_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR g.to_at >= $from)
), islands AS (
  SELECT *, from_on > max(to_on) OVER (PARTITION BY account, venue, wallet, export ORDER BY from_on, to_on, fact, because
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + 3 AS begins
  FROM wanted
), numbered AS (
  SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY account, venue, wallet, export ORDER BY from_on, to_on, fact, because
    ROWS UNBOUNDED PRECEDING) AS island
  FROM islands
), reasons AS (
  SELECT account, venue, wallet, export, island, because, min(priority) AS priority, count(*) AS n FROM numbered GROUP BY ALL
), listed AS (
  SELECT account, venue, wallet, export, island, count(*) AS reasons,
    list(because ORDER BY priority, n DESC, because) AS every
  FROM reasons GROUP BY ALL
)
SELECT n.account, n.venue, n.wallet, n.export, min(n.from_on) AS from_on, max(n.to_on) AS to_on,
  array_to_string(any_value(l.every)[:3], '; ') || CASE WHEN any_value(l.reasons) > 3 THEN ' and ' || (any_value(l.reasons) - 3) || ' more' ELSE '' END AS because,
  min(n.priority) AS priority, any_value(n.how) AS "where", any_value(n.format) AS format,
  concat_ws('|', 'downloads', n.account, n.venue, n.wallet, coalesce(any_value(n.format), n.export), min(n.from_on)) AS line
FROM numbered n JOIN listed l USING (account, venue, wallet, export, island)
GROUP BY n.account, n.venue, n.wallet, n.export, n.island
ORDER BY priority, n.account, n.venue, n.wallet, n.export, from_on
