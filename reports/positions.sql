-- One row is a position, as of $to; --from leaves out those closed before it.
SELECT p.position_id, p.account, p.venue, p.wallet, p.symbol, p.product, p.margin_mode, p.position_side, p.side,
  p.status, p.opened_at, p.closed_at, p.max_quantity, p.quantity, p.settle_asset, p.gross_pnl, p.trading_fees,
  p.funding, p.interest, p.liquidation_fees, p.insurance,
  CAST(p.gross_pnl - p.trading_fees - (p.interest - p.funding + p.liquidation_fees) + p.insurance AS DECIMAL(38,18)) AS net_pnl,
  p.fills, p.flags, p.instrument, p.pair, p.style, p.multiplier, p.open_cost, u.unvalued_costs,
  p.entry_quantity, p.entry_weight, p.exit_quantity, p.exit_weight
FROM positions_until($to::TIMESTAMPTZ) p LEFT JOIN unvalued_until($to::TIMESTAMPTZ) u USING (position_id)
WHERE ($from::TIMESTAMPTZ IS NULL OR p.closed_at IS NULL OR p.closed_at >= $from)
  AND ($account::VARCHAR IS NULL OR p.account = $account) AND ($venue::VARCHAR IS NULL OR p.venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR p.symbol = $symbol OR p.instrument = $symbol)
ORDER BY p.opened_at, p.position_id
