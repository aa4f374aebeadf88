-- One row is a liquidation or an auto-deleveraging: its forced fills with the venue's own rows, fees and insurance.
SELECT * EXCLUDE (names) FROM liquidations_listed
WHERE started_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR started_at >= $from)
  AND ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR list_contains(names, $symbol))
ORDER BY started_at, liquidation_id
