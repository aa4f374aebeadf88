-- Derivative fills that no position holds, or whose legs do not add up to their size.
SELECT f.row_key, f.symbol, f.quantity, l.held FROM fills f
LEFT JOIN (SELECT row_key, CAST(sum(abs(delta)) AS DECIMAL(38,18)) AS held FROM legs GROUP BY row_key) l ON l.row_key = f.row_key
WHERE f.product IN ('perpetual', 'future', 'option') AND l.held IS DISTINCT FROM f.quantity
