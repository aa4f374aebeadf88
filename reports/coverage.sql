-- One row is what one format covers of a fact of a wallet; gaps are ranges inside it that no file covers.
WITH spans AS (
  SELECT account, venue, wallet, fact, format, from_at, to_at, rows FROM coverage
), islands AS (
  SELECT *, max(to_at) OVER (PARTITION BY account, venue, wallet, fact, format ORDER BY from_at, to_at
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
  FROM spans
), holes AS (
  SELECT account, venue, wallet, fact, format, reached AS hole_from, from_at AS hole_to FROM islands WHERE from_at > reached
), listed AS (
  SELECT account, venue, wallet, fact, format, count(*) AS gaps,
    string_agg(strftime(hole_from, '%Y-%m-%d %H:%M') || ' to ' || strftime(hole_to, '%Y-%m-%d %H:%M'), '; ' ORDER BY hole_from) AS ranges
  FROM holes GROUP BY ALL
), summed AS (
  SELECT account, venue, wallet, fact, format, min(from_at) AS first_at, max(to_at - to_seconds(resolution_s)) AS last_at,
    CAST(sum(rows) AS BIGINT) AS rows, bool_or(rank >= 9) AS partial FROM coverage GROUP BY ALL
)
SELECT s.account, s.venue, s.wallet, s.fact, s.format, s.first_at, s.last_at, s.rows, coalesce(l.gaps, 0) AS gaps,
  CASE WHEN l.gaps IS NOT NULL THEN 'no file covers ' || l.ranges || '; nothing may have happened, or an export is missing'
    WHEN s.partial THEN 'states only some movements of the wallet; a ledger export states all' END AS hint
FROM summed s LEFT JOIN listed l USING (account, venue, wallet, fact, format)
WHERE ($account::VARCHAR IS NULL OR s.account = $account) AND ($venue::VARCHAR IS NULL OR s.venue = $venue)
  AND s.first_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR s.last_at >= $from)
ORDER BY s.account, s.venue, s.wallet, s.fact, s.format
