-- One row is a place where the chain of stated balances does not hold.
WITH stating AS (
  SELECT row_key, file_id, source_row FROM movements WHERE row_key IN (SELECT row_key FROM breaks_stored)
  UNION ALL SELECT row_key, file_id, source_row FROM stated_balances WHERE row_key IN (SELECT row_key FROM breaks_stored)
), named AS (SELECT file_id, min(name) AS name FROM files GROUP BY file_id)
SELECT b.break_id, b.account, b.venue, b.wallet, b.asset, b.broken_at, b.expected, b.stated, b.difference,
  n.name AS file, s.source_row AS row, h.sentence AS hint, h.kind AS hint_kind, b.since_at,
  date_diff('day', b.broken_at, coalesce($as_of::TIMESTAMPTZ, b.broken_at)) AS age_days,
  CASE WHEN e.break_id IS NULL THEN 'open' ELSE 'explained' END AS status, e.reason, e.explained_by, e.explained_at,
  h.rows AS hint_rows, b.row_key::DECIMAL(38,0) AS row_key
FROM breaks_stored b LEFT JOIN stating s ON s.row_key = b.row_key LEFT JOIN named n ON n.file_id = s.file_id
LEFT JOIN hints h ON h.break_id = b.break_id LEFT JOIN explained e ON e.break_id = b.break_id AND e.amount = b.difference
WHERE b.broken_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR b.broken_at >= $from)
  AND ($account::VARCHAR IS NULL OR b.account = $account) AND ($venue::VARCHAR IS NULL OR b.venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR b.asset = $symbol)
ORDER BY b.broken_at, b.break_id
