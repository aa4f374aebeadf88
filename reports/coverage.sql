-- One row is what one format covers of a fact of a wallet, with what is missing of it and the ranges it speaks for; where a
-- fact is missing that no file covers, a row without a file says so.
WITH lacking AS (
  SELECT account, venue, wallet, unnest(facts) AS fact, format, kind, severity, sentence, from_at, priority FROM gaps
), summed AS (
  SELECT account, venue, wallet, fact, format, min(from_at) AS first_at, max(to_at - to_seconds(resolution_s)) AS last_at,
    CAST(sum(rows) AS BIGINT) AS rows, bool_or(rank >= 9) AS partial FROM coverage GROUP BY ALL
), told AS (
  SELECT account, venue, wallet, fact, format, count(*) AS gaps, count(*) FILTER (WHERE severity = 'warning') AS warnings,
    arg_min(sentence, (severity <> 'warning', from_at)) AS first_told
  FROM lacking GROUP BY ALL
), heard AS (
  SELECT DISTINCT v.account, v.venue, v.wallet, v.fact, c.format, v.from_at, v.to_at FROM voices v
  JOIN (SELECT DISTINCT account, venue, wallet, fact, series, format FROM coverage) c USING (account, venue, wallet, fact, series)
  WHERE v.cause IS NULL
), speaking AS (
  SELECT account, venue, wallet, fact, format, list(strftime(from_at, '%Y-%m-%d %H:%M') || ' to ' || strftime(to_at, '%Y-%m-%d %H:%M') ORDER BY from_at) AS ranges
  FROM heard GROUP BY ALL
)
SELECT account, venue, wallet, fact, format, s.first_at, s.last_at, coalesce(s.rows, 0) AS rows, coalesce(t.gaps, 0) AS gaps,
  CASE WHEN t.gaps IS NOT NULL THEN t.first_told || CASE WHEN t.gaps > 1 THEN ' (and ' || (t.gaps - 1) || ' more: `marginbook report gaps`)' ELSE '' END
    WHEN s.partial THEN 'states only some movements of the wallet; a ledger export states all' END AS hint,
  array_to_string(g.ranges[:3], '; ') || CASE WHEN len(g.ranges) > 3 THEN ' and ' || (len(g.ranges) - 3) || ' more' ELSE '' END AS speaks,
  coalesce(t.warnings, 0) AS warnings
FROM summed s FULL JOIN told t USING (account, venue, wallet, fact, format)
LEFT JOIN speaking g USING (account, venue, wallet, fact, format)
WHERE ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
  AND (s.first_at IS NULL OR (s.first_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR s.last_at >= $from)))
ORDER BY account, venue, wallet, fact, format
