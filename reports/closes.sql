-- One row is a month that is closed, with what has come for it since.
SELECT c.period, c.account, c.zone, CASE WHEN c.reviewed_by IS NULL THEN 'closed' ELSE 'reviewed' END AS status,
  c.closed_by, c.closed_at, c.reviewed_by, c.reviewed_at, c.version, c.figures, c.starts_at, c.ends_at, c.seq
FROM closes c
WHERE ($account::VARCHAR IS NULL OR c.account = $account) AND ($from::TIMESTAMPTZ IS NULL OR c.ends_at > $from)
  AND c.starts_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
ORDER BY c.account, c.starts_at
