-- Fills whose legs carry another fee than the fill.
SELECT f.row_key, f.fee, l.fee AS shared FROM fills f
JOIN (SELECT row_key, CAST(sum(fee) AS DECIMAL(38,18)) AS fee FROM legs GROUP BY row_key) l ON l.row_key = f.row_key
WHERE f.fee IS NOT NULL AND f.fee IS DISTINCT FROM l.fee
