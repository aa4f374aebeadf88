-- One row is a range of time for which the book lacks something; breaks that a person explained are for information.
SELECT g.gap_id, CASE WHEN e.break_id IS NULL THEN g.severity ELSE 'info' END AS severity, g.kind, g.account, g.venue, g.wallet,
  g.fact, g.symbol, g.from_at, g.to_at, g.missing,
  g.sentence || CASE WHEN e.break_id IS NULL THEN '' ELSE ' (explained: ' || e.reason || ')' END AS sentence,
  g.facts, g.format, g.because, g.priority, g.rows, g.gap_id AS line
FROM gaps g LEFT JOIN explained e ON g.kind = 'balance' AND e.break_id = replace(g.gap_id, 'gap-', 'break-')
WHERE ($account::VARCHAR IS NULL OR g.account = $account) AND ($venue::VARCHAR IS NULL OR g.venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR g.symbol = $symbol OR g.symbol IN (SELECT symbol FROM positions WHERE instrument = $symbol))
  AND g.from_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR g.to_at >= $from)
ORDER BY severity DESC, g.account, g.venue, g.wallet, g.from_at, g.fact, g.symbol, g.gap_id
