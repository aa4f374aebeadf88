-- One row is a share of a cash flow that belongs to a position, or (position_id null) to none.
CREATE OR REPLACE VIEW costs AS
SELECT * FROM costs_stored
UNION ALL BY NAME
SELECT l.position_id, p.account, p.venue, p.wallet, p.symbol, 'trading_fee' AS cause, l.fee_asset AS asset,
  -l.fee AS amount, -l.fee_value AS value, l.filled_at AS booked_at, l.row_key, 'fill' AS how
FROM legs l JOIN positions p USING (position_id)
WHERE l.fee IS NOT NULL AND l.fee <> 0;
