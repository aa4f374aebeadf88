-- name: names
-- One row is a name under which the book knows prices, and where.
SELECT 'imported' AS origin, symbol, NULL::VARCHAR AS instrument, quote, format AS place FROM prices GROUP BY ALL
UNION ALL
SELECT 'funding', symbol, instrument, NULL, venue FROM funding WHERE mark_price > 0 GROUP BY ALL
UNION ALL
SELECT 'fill', symbol, instrument, NULL, venue FROM fills
WHERE execution = 'trade' AND product IN ('spot', 'margin', 'perpetual') GROUP BY ALL;

-- name: quotations
-- One row is the last price of a series before a moment that is asked for, and after the one asked for before it.
WITH names AS MATERIALIZED (FROM named), known AS (
  SELECT n.pair_no, n.about, p.priced_at AS moment, p.price, p.kind, (p.priced_at, NULL::BIGINT, p.price, p.row_key) AS place, p.row_key FROM prices p
  JOIN names n ON n.origin = 'imported' AND n.symbol = p.symbol AND n.quote IS NOT DISTINCT FROM p.quote AND n.place = p.format
  WHERE p.priced_at BETWEEN $first AND $last AND p.price > 0
  UNION ALL
  SELECT n.pair_no, n.about, f.paid_at, f.mark_price, 'funding', (f.paid_at, NULL, f.mark_price, f.row_key), f.row_key FROM funding f
  JOIN names n ON n.origin = 'funding' AND n.symbol IS NOT DISTINCT FROM f.symbol
    AND n.instrument IS NOT DISTINCT FROM f.instrument AND n.place = f.venue
  WHERE f.paid_at BETWEEN $first AND $last AND f.mark_price > 0
  UNION ALL
  SELECT n.pair_no, n.about, f.filled_at, f.price, 'fill', (f.filled_at, f.sequence, f.price, f.row_key), f.row_key FROM fills f
  JOIN names n ON n.origin = 'fill' AND n.symbol = f.symbol AND n.instrument IS NOT DISTINCT FROM f.instrument
    AND n.place = f.venue
  WHERE f.filled_at BETWEEN $first AND $last AND f.price > 0 AND f.execution = 'trade'
    AND f.product IN ('spot', 'margin', 'perpetual')
)
SELECT k.pair_no, k.kind, max(k.moment) AS moment, max_by(k.price, k.place) AS price,
  max_by(k.row_key, k.place)::DECIMAL(38,0)::VARCHAR AS row_key
FROM known k ASOF JOIN asked a ON a.about = k.about AND a.asked_at >= k.moment
GROUP BY k.pair_no, k.kind, a.asked_at;
