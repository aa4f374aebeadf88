-- name: fill_terms
SELECT f.*, i.multiplier AS listed_multiplier, i.style AS listed_style, i.settle AS listed_settle, i.lot_size,
  i.instrument AS listed_instrument
FROM fills f
ASOF LEFT JOIN (
  SELECT venue, symbol, coalesce(valid_from, TIMESTAMPTZ '1970-01-01') AS valid_from, any_value(multiplier) AS multiplier,
    any_value(style) AS style, any_value(settle) AS settle, any_value(lot_size) AS lot_size,
    any_value(instrument) AS instrument
  FROM (FROM instruments ORDER BY row_key) GROUP BY ALL
) i ON f.symbol = i.symbol AND (i.venue = f.venue OR i.venue = 'plain') AND f.filled_at >= i.valid_from
WHERE f.account = $account AND f.venue = $venue AND f.wallet = $wallet
  AND f.product IN ('perpetual', 'future', 'option');
