-- [A5a] Loans and debt pools whose events do not add up to what is owed after the last of them.
SELECT loan_id, moved, owed, row_key FROM (
  SELECT loan_id,
    CAST(coalesce(sum(CASE WHEN kind IN ('drawn', 'accrued') THEN amount
      WHEN kind IN ('repaid_principal', 'repaid_interest', 'written_off') THEN -amount END), 0) AS DECIMAL(38,18)) AS moved,
    CAST(arg_max(principal_after + interest_after, event_no) AS DECIMAL(38,18)) AS owed, arg_max(row_key, event_no) AS row_key
  FROM loan_events GROUP BY loan_id)
WHERE moved <> owed
