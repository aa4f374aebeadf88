-- [A3c] Fills whose parts carry another fee than the fill (where positions are lots the ledger's own fee counts instead).
SELECT f.row_key, f.fee, l.fee AS shared FROM fills f
JOIN (SELECT row_key, CAST(sum(fee) AS DECIMAL(38,18)) AS fee FROM (
  SELECT row_key, fee FROM legs UNION ALL SELECT row_key, fee FROM inventory WHERE kind <> 'dust') GROUP BY row_key) l
  ON l.row_key = f.row_key
WHERE f.fee IS NOT NULL AND f.fee IS DISTINCT FROM l.fee AND f.position_ref IS NULL
  AND NOT (f.product = 'margin' AND f.effect IS NOT NULL)
