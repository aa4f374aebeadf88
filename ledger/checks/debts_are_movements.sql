-- [A5b] Debt pools whose movements differ from their events.
SELECT account, venue, wallet, asset, e.amount AS events, m.amount AS movements FROM (
  SELECT account, venue, wallet, e.asset, CAST(sum(CASE WHEN e.kind IN ('drawn', 'accrued') THEN amount ELSE -amount END) AS DECIMAL(38,18)) AS amount
  FROM loan_events e JOIN loans_stored l USING (loan_id)
  WHERE l.kind IN ('loan', 'margin') AND e.kind IN ('drawn', 'accrued', 'repaid_principal', 'repaid_interest', 'written_off')
  GROUP BY ALL) e
FULL JOIN (
  SELECT account, venue, wallet, asset, CAST(sum(amount) AS DECIMAL(38,18)) AS amount FROM movements WHERE pool = 'debt' GROUP BY ALL) m
USING (account, venue, wallet, asset)
WHERE coalesce(e.amount, 0) <> coalesce(m.amount, 0)
