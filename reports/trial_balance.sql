-- One row is a posting account and asset of an account, what was debited and credited to it up to $to; then what they sum to,
-- which is zero; and, where no account is asked for, the same over the whole book by the kinds of posting accounts.
WITH lines AS (
  SELECT account, venue, any_value(wallet) AS wallet, posting_account, asset,
    CAST(coalesce(sum(amount) FILTER (WHERE posted_at < $from::TIMESTAMPTZ), 0) AS DECIMAL(38,18)) AS opening,
    CAST(coalesce(sum(amount) FILTER (WHERE amount > 0 AND coalesce(posted_at >= $from::TIMESTAMPTZ, TRUE)), 0) AS DECIMAL(38,18)) AS debit,
    CAST(coalesce(-sum(amount) FILTER (WHERE amount < 0 AND coalesce(posted_at >= $from::TIMESTAMPTZ, TRUE)), 0) AS DECIMAL(38,18)) AS credit,
    CAST(sum(amount) AS DECIMAL(38,18)) AS balance
  FROM postings
  WHERE posted_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
    AND ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
    AND ($symbol::VARCHAR IS NULL OR asset = $symbol)
  GROUP BY account, venue, posting_account, asset
), shown AS (
  SELECT 'account' AS scope, account, venue, posting_account, asset, opening, debit, credit, balance,
    CASE WHEN starts_with(posting_account, 'wallet:')
        THEN concat_ws('|', 'balances', owner(account, venue), wallet, replace(replace(asset, '%', '%25'), '|', '%7C'))
      ELSE concat_ws('|', 'postings', owner(account, venue),
        replace(replace(posting_account, '%', '%25'), '|', '%7C'), replace(replace(asset, '%', '%25'), '|', '%7C')) END AS line, 0 AS rank
  FROM lines
  UNION ALL
  SELECT 'account', account, venue, 'total', asset, CAST(sum(opening) AS DECIMAL(38,18)), CAST(sum(debit) AS DECIMAL(38,18)),
    CAST(sum(credit) AS DECIMAL(38,18)), CAST(sum(balance) AS DECIMAL(38,18)), NULL, 1
  FROM lines GROUP BY account, venue, asset
  UNION ALL
  SELECT 'book', 'whole book', NULL, split_part(posting_account, ':', 1), asset, CAST(sum(opening) AS DECIMAL(38,18)),
    CAST(sum(debit) AS DECIMAL(38,18)), CAST(sum(credit) AS DECIMAL(38,18)), CAST(sum(balance) AS DECIMAL(38,18)), NULL, 2
  FROM lines WHERE $account::VARCHAR IS NULL GROUP BY split_part(posting_account, ':', 1), asset
  UNION ALL
  SELECT 'book', 'whole book', NULL, 'total', asset, CAST(sum(opening) AS DECIMAL(38,18)), CAST(sum(debit) AS DECIMAL(38,18)),
    CAST(sum(credit) AS DECIMAL(38,18)), CAST(sum(balance) AS DECIMAL(38,18)), NULL, 3
  FROM lines WHERE $account::VARCHAR IS NULL GROUP BY asset
)
SELECT account, venue, posting_account, asset, opening, debit, credit, balance, scope, $as_of::TIMESTAMPTZ AS until, line
FROM shown
ORDER BY scope, account, venue, rank, asset, posting_account
