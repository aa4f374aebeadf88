-- One row is a close of a month; one that was opened again says so, with the reason.
SELECT c.period, c.account, c.zone, CASE WHEN c.reopened_at IS NOT NULL THEN 'reopened' WHEN c.reviewed_by IS NULL THEN 'closed' ELSE 'reviewed' END AS status,
  c.closed_by, c.closed_at, c.reviewed_by, c.reviewed_at, c.version, c.figures, c.reopened_at, c.reopened_by, c.reason, c.starts_at, c.ends_at, c.seq
FROM closes c
WHERE ($account::VARCHAR IS NULL OR c.account = $account) AND ($from::TIMESTAMPTZ IS NULL OR c.ends_at > $from)
  AND c.starts_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
ORDER BY c.account, c.starts_at, c.seq
