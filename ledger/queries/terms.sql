-- name: fills
-- One row is a fill of one of the instruments; $stakes: spot pairs of the wallet are stakes, too.
SELECT row_key, filled_at, sequence, symbol, instrument, product, margin_mode, pair, position_side, side, quantity, price, fee,
  fee_asset, execution, trade_ref, order_ref, realized_stated, notional_stated,
  CASE WHEN product IN ('spot', 'margin') THEN coalesce(settle_asset, split_part(instrument, '/', 2)) ELSE settle_asset END AS settle_asset,
  style, effect, position_ref
FROM fills
WHERE account = $account AND venue = $venue AND wallet = $wallet AND (product IN ('perpetual', 'future', 'option', 'margin') OR $stakes)
  AND list_contains($symbols::VARCHAR[], symbol) AND filled_at > $after;

-- name: instruments
-- One row is the terms of a contract from an instant on; the venue's own win over a plain file's.
SELECT symbol, coalesce(valid_from, TIMESTAMPTZ '1970-01-01') AS valid_from, multiplier AS listed_multiplier,
  style AS listed_style, settle AS listed_settle, lot_size, instrument AS listed_instrument
FROM instruments WHERE venue IN ($venue, 'plain')
QUALIFY row_number() OVER (PARTITION BY symbol, valid_from ORDER BY venue = 'plain', row_key) = 1
ORDER BY valid_from;
