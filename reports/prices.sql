-- One row is a series of prices that values are made of: of which symbol, which price, from where.
WITH known AS (
  SELECT symbol, NULL AS instrument, quote, kind, format AS source, priced_at AS moment, price, account, venue, row_key FROM prices
  UNION ALL BY NAME
  SELECT coalesce(symbol, instrument) AS symbol, instrument, 'funding' AS kind, venue AS source, paid_at AS moment, mark_price AS price,
    account, venue, row_key
  FROM funding WHERE mark_price > 0
  UNION ALL BY NAME
  SELECT symbol, instrument, 'fill' AS kind, venue AS source, filled_at AS moment, price, account, venue, row_key FROM fills
  WHERE execution = 'trade' AND product IN ('spot', 'margin', 'perpetual') AND price > 0
)
SELECT symbol, quote, kind, source, min(moment) AS first_at, max(moment) AS last_at, count(*) AS rows,
  max_by(price, (moment, row_key)) AS last_price, instrument
FROM known
WHERE moment < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR moment >= $from)
  AND ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR symbol = $symbol OR instrument = $symbol)
GROUP BY symbol, instrument, quote, kind, source
ORDER BY symbol, quote NULLS LAST, kind, source, instrument
