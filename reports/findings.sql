-- One row is a thing to look at.
SELECT finding_id, kind, severity, account, wallet, symbol, found_at, sentence, rows, venue
FROM findings
WHERE ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue) AND ($symbol::VARCHAR IS NULL OR symbol = $symbol)
  AND (found_at IS NULL OR found_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ))
  AND ($from::TIMESTAMPTZ IS NULL OR found_at IS NULL OR found_at >= $from)
ORDER BY CASE severity WHEN 'error' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, found_at NULLS FIRST, finding_id
