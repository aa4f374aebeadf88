-- One row is a position at the end of a day, or just before it was flat.
SELECT position_id, account, symbol, day, equity, initial_margin, maintenance_margin, health, effective_leverage, liquidation_price,
  distance AS distance_percent, basis, settle_asset, mark, bankruptcy_price, ratio, ratio_name, liquidated, margin_mode, mark_source,
  requirement_source, as_of_at
FROM margin_lines ORDER BY day, account, position_id
