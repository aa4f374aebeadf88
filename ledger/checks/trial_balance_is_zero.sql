-- [D2.7b] Assets of an account that its trial balance does not balance.
SELECT account, venue, asset, CAST(sum(amount) AS DECIMAL(38,18)) AS sum_ FROM postings GROUP BY ALL HAVING sum(amount) <> 0 ORDER BY ALL
