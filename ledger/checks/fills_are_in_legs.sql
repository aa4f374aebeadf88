-- [D2.7c] Fills whose legs do not add up to their size; of spot pairs on margin, with what was no stake and the fee in base.
WITH held AS (
  SELECT row_key, sum(quantity) AS quantity FROM (
    SELECT row_key, abs(delta) AS quantity FROM legs WHERE row_key IS NOT NULL
    UNION ALL
    SELECT row_key, abs(quantity) FROM inventory WHERE kind <> 'dust') GROUP BY row_key
), sized AS (
  SELECT f.row_key, f.symbol, f.product, f.instrument, f.quantity, h.quantity AS held,
    CASE WHEN f.fee_asset = split_part(f.instrument, '/', 1) AND f.product IN ('spot', 'margin') AND f.position_ref IS NULL
      THEN CASE f.side WHEN 'buy' THEN -f.fee ELSE f.fee END ELSE 0 END AS fee_in_base
  FROM fills f LEFT JOIN held h USING (row_key)
)
SELECT row_key, symbol, quantity, CAST(held AS DECIMAL(38,18)) AS held FROM sized
WHERE CASE WHEN product IN ('perpetual', 'future', 'option') THEN held IS DISTINCT FROM quantity
  WHEN product = 'margin' THEN instrument IS NOT NULL AND held IS DISTINCT FROM quantity + fee_in_base
  ELSE held IS NOT NULL AND held <> quantity + fee_in_base END
