-- One row is an event of a loan or a debt pool, with what is owed after it.
SELECT e.happened_at, e.loan_id, e.kind, e.amount, e.asset, e.principal_after, e.interest_after, e.ltv, e.ltv_stated, e.value,
  e.how, e.event_no, e.forced, l.account, l.venue, l.wallet, l.asset AS debt_asset, e.row_key::VARCHAR AS line
FROM loan_events e JOIN loans_stored l USING (loan_id)
WHERE e.happened_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
  AND ($from::TIMESTAMPTZ IS NULL OR e.happened_at >= $from)
  AND ($account::VARCHAR IS NULL OR l.account = $account) AND ($venue::VARCHAR IS NULL OR l.venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR l.asset = $symbol OR e.asset = $symbol OR l.pair = $symbol OR l.loan_id = $symbol)
ORDER BY e.loan_id, e.event_no
