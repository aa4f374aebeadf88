-- One row is a position and what holding it cost, as of $to; costs that belong to no position follow, a line per
-- wallet, instrument and asset.
WITH known AS (
  -- the natural end of an open position: the last instant of which its account knows anything
  SELECT account, max(moment) AS last_at FROM (
    SELECT account, max(moved_at) AS moment FROM movements GROUP BY account
    UNION ALL SELECT account, max(filled_at) FROM fills GROUP BY account
    UNION ALL SELECT account, max(paid_at) FROM funding GROUP BY account) GROUP BY account
), held AS (
  SELECT p.*, CAST(p.interest - p.funding + p.liquidation_fees AS DECIMAL(38,18)) AS carry,
    epoch_us(coalesce(p.closed_at, $to::TIMESTAMPTZ, k.last_at, p.last_fill_at)) - epoch_us(p.opened_at) AS held_us,
    greatest(epoch_us(coalesce(p.closed_at, $to::TIMESTAMPTZ, k.last_at, p.last_fill_at)) - epoch_us(p.last_fill_at), 0) AS since_us
  FROM positions_until($to::TIMESTAMPTZ) p LEFT JOIN known k USING (account)
), lines AS (
  SELECT position_id, account, venue, symbol, instrument, side, status, opened_at, closed_at, settle_asset, trading_fees,
    funding, interest, liquidation_fees, carry, CAST(trading_fees + carry AS DECIMAL(38,18)) AS cost_of_carry, gross_pnl,
    CAST(gross_pnl - trading_fees - carry + insurance AS DECIMAL(38,18)) AS net_pnl, insurance, held_us, since_us,
    exposure, open_cost, quantity, entry_quantity, entry_weight, entry_value, style
  FROM held
  UNION ALL BY NAME
  SELECT NULL AS position_id, account, venue, symbol, NULL AS instrument,
    CASE WHEN how IN ('idle', 'loan', 'inventory') THEN how ELSE 'unattributed' END AS status, asset AS settle_asset,
    CAST(-coalesce(sum(amount) FILTER (WHERE cause = 'trading_fee'), 0) AS DECIMAL(38,18)) AS trading_fees,
    CAST(coalesce(sum(amount) FILTER (WHERE cause = 'funding'), 0) AS DECIMAL(38,18)) AS funding,
    CAST(-coalesce(sum(amount) FILTER (WHERE cause = 'interest'), 0) AS DECIMAL(38,18)) AS interest,
    CAST(-coalesce(sum(amount) FILTER (WHERE cause = 'liquidation_fee'), 0) AS DECIMAL(38,18)) AS liquidation_fees,
    CAST(-coalesce(sum(amount) FILTER (WHERE cause IN ('funding', 'interest', 'liquidation_fee')), 0) AS DECIMAL(38,18)) AS carry,
    CAST(-coalesce(sum(amount) FILTER (WHERE cause IN ('trading_fee', 'funding', 'interest', 'liquidation_fee')), 0)
      AS DECIMAL(38,18)) AS cost_of_carry,
    CAST(sum(amount) AS DECIMAL(38,18)) AS net_pnl
  FROM costs_stored
  WHERE position_id IS NULL AND cause IN ('trading_fee', 'funding', 'interest', 'liquidation_fee')
    AND booked_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
    AND ($from::TIMESTAMPTZ IS NULL OR booked_at >= $from)
  GROUP BY account, venue, symbol, asset, CASE WHEN how IN ('idle', 'loan', 'inventory') THEN how ELSE 'unattributed' END
)
SELECT *, gross_pnl > 0 AND net_pnl < 0 AS turned_to_loss,
  coalesce(position_id, concat_ws('|', 'carry', owner(account, venue),
    replace(replace(coalesce(symbol, ''), '%', '%25'), '|', '%7C'), replace(replace(settle_asset, '%', '%25'), '|', '%7C'), status)) AS line
FROM lines
WHERE ($from::TIMESTAMPTZ IS NULL OR closed_at IS NULL OR closed_at >= $from)
  AND ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR symbol = $symbol OR instrument = $symbol)
ORDER BY opened_at NULLS LAST, position_id NULLS LAST, account, symbol, settle_asset
