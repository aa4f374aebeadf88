-- [D2.7a] Events whose postings do not sum to zero in some asset.
SELECT any_value(entry_id) AS entry_id, asset, CAST(sum(amount) AS DECIMAL(38,18)) AS sum_, count(*) AS postings,
  any_value(account) AS account, any_value(posted_at) AS posted_at, row_key
FROM postings GROUP BY row_key, asset HAVING sum(amount) <> 0
ORDER BY posted_at, row_key, asset
