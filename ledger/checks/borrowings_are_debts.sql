-- [A2b] Borrowings and repayments of one row by which a wallet gets or pays another amount than its debt changes by.
WITH debts AS (
  SELECT account, venue, wallet, asset, moved_at, row_key - row_key % 256 AS base, amount, cause = 'borrow' AS is_drawn
  FROM movements WHERE pool = 'debt' AND cause IN ('borrow', 'repay', 'repay_principal', 'repay_interest')
  UNION ALL  -- a debt that was there before the first row stands with that row, and moved no cash with it
  SELECT l.account, l.venue, l.wallet, e.asset, e.happened_at, e.row_key - e.row_key % 256, -e.amount, TRUE
  FROM loan_events e JOIN loans_stored l USING (loan_id) WHERE e.kind = 'drawn' AND e.how = 'implied'
), moved AS (
  SELECT account, venue, wallet, asset, moved_at, row_key - row_key % 256 AS base, row_key, amount, cause = 'borrow' AS is_drawn
  FROM movements WHERE pool = 'asset' AND cause IN ('borrow', 'repay', 'repay_principal', 'repay_interest')
), instants AS (  -- principal and interest of one repayment may have rows of their own
  SELECT DISTINCT m.account, m.venue, m.wallet, m.asset, m.moved_at, m.is_drawn FROM moved m
  JOIN debts d USING (account, venue, wallet, asset, moved_at, is_drawn, base)
), in_wallet AS (
  SELECT account, venue, wallet, asset, moved_at, is_drawn, CAST(sum(amount) AS DECIMAL(38,18)) AS amount, min(row_key) AS row_key
  FROM moved SEMI JOIN instants USING (account, venue, wallet, asset, moved_at, is_drawn) GROUP BY ALL
), in_debt AS (
  SELECT account, venue, wallet, asset, moved_at, is_drawn, CAST(sum(amount) AS DECIMAL(38,18)) AS amount
  FROM debts SEMI JOIN instants USING (account, venue, wallet, asset, moved_at, is_drawn) GROUP BY ALL
)
SELECT account, venue, wallet, asset, moved_at, CASE WHEN is_drawn THEN 'borrowed' ELSE 'repaid' END AS what,
  w.amount AS of_wallet, d.amount AS of_debt, w.row_key
FROM in_wallet w JOIN in_debt d USING (account, venue, wallet, asset, moved_at, is_drawn) WHERE w.amount <> d.amount
ORDER BY ALL
