-- [A5c] Events of loans and debt pools after which another debt is owed than before them and their amount make.
WITH steps AS (
  SELECT e.*, e.principal_after + e.interest_after AS owed,
    lag(e.principal_after + e.interest_after, 1, 0) OVER (PARTITION BY e.loan_id ORDER BY e.event_no) AS owed_before
  FROM loan_events e JOIN loans_stored l USING (loan_id) WHERE l.kind IN ('loan', 'margin')
)
SELECT loan_id, event_no, kind, asset, amount, CAST(owed_before AS DECIMAL(38,18)) AS owed_before, CAST(owed AS DECIMAL(38,18)) AS owed, row_key
FROM steps
WHERE owed <> owed_before + CASE WHEN kind IN ('drawn', 'accrued') THEN amount
  WHEN kind IN ('repaid_principal', 'repaid_interest', 'written_off') THEN -amount ELSE 0 END
ORDER BY loan_id, event_no
