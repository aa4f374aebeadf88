-- One row is a margin tier of an instrument from a date on, imported or built in: all that the book would use.  Imported
-- ones stand before built-in ones of the same symbol; of each the latest that is in force counts.
SELECT venue, symbol, valid_from, tier, floor, cap, initial_rate, maintenance_rate, maintenance_amount, max_leverage, unit, basis,
  valid_to, account, source
FROM known_margin_tiers
WHERE ($venue::VARCHAR IS NULL OR venue = $venue) AND ($symbol::VARCHAR IS NULL OR symbol = $symbol)
  AND ($account::VARCHAR IS NULL OR account IS NULL OR account = $account)
  AND (valid_from IS NULL OR valid_from < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ))
  AND ($from::TIMESTAMPTZ IS NULL OR valid_to IS NULL OR valid_to > $from)
ORDER BY venue, symbol, basis DESC, account NULLS LAST, valid_from NULLS FIRST, floor, tier
