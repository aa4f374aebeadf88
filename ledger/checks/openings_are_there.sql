-- [A1c] Wallets' assets that moved without an opening, or whose opening is not before their first movement.
WITH moved AS (
  SELECT account, venue, wallet, asset, min(moved_at) AS moved_from, arg_min(row_key, moved_at) AS row_key FROM movements
  WHERE pool = 'asset' AND basis <> 'unbooked' GROUP BY ALL
)
SELECT account, venue, wallet, asset, m.moved_from, o.first_at, count(o.opening) AS openings, any_value(m.row_key) AS row_key
FROM moved m LEFT JOIN openings o USING (account, venue, wallet, asset)
GROUP BY account, venue, wallet, asset, m.moved_from, o.first_at HAVING count(o.opening) <> 1 OR m.moved_from IS DISTINCT FROM o.first_at
ORDER BY ALL
