-- One row is a place where the chain of stated balances does not hold.
SELECT b.break_id, b.account, b.venue, b.wallet, b.asset, b.broken_at, b.expected, b.stated, b.difference,
  f.name AS file, m.source_row AS row, NULL::VARCHAR AS hint, b.row_key::DECIMAL(38,0) AS row_key
FROM breaks_stored b LEFT JOIN movements m ON m.row_key = b.row_key
LEFT JOIN (SELECT file_id, min(name) AS name FROM files GROUP BY file_id) f ON f.file_id = m.file_id
WHERE b.broken_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR b.broken_at >= $from)
  AND ($account::VARCHAR IS NULL OR b.account = $account) AND ($venue::VARCHAR IS NULL OR b.venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR b.asset = $symbol)
ORDER BY b.broken_at, b.break_id
