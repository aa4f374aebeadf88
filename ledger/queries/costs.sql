-- name: funding
-- One row is a funding row of one of the symbols ($traded), or of none of them.
SELECT row_key, wallet, symbol, position_side, asset, amount, paid_at AS booked_at, rate, mark_price, position_quantity
FROM funding
WHERE account = $account AND venue = $venue AND wallet = $wallet
  AND coalesce(list_contains($symbols::VARCHAR[], symbol), FALSE) = $traded AND paid_at >= $after
ORDER BY paid_at, row_key;

-- name: liquidation_costs
-- One row is a liquidation fee or insurance of one of the symbols ($traded), or of none of them.
SELECT row_key, wallet, symbol, position_side, asset, amount, cause, moved_at AS booked_at FROM movements
WHERE account = $account AND venue = $venue AND wallet = $wallet AND cause IN ('liquidation_fee', 'insurance')
  AND basis = 'stated' AND coalesce(list_contains($symbols::VARCHAR[], symbol), FALSE) = $traded
  AND symbol IS NOT NULL AND moved_at >= $after
ORDER BY moved_at, row_key;

-- name: forced_orders
-- One row is an order that the venue lists as a liquidation or an ADL.
SELECT order_ref, symbol, any_value(CASE stage WHEN 'adl' THEN 'adl' ELSE 'liquidation' END) AS forced
FROM liquidations
WHERE account = $account AND venue = $venue AND order_ref IS NOT NULL AND stage IS DISTINCT FROM 'margin_call'
GROUP BY order_ref, symbol;

-- name: clearance_fees
-- One row is an instant of a symbol at which a liquidation fee was booked.
SELECT DISTINCT symbol, moved_at AS moment FROM movements
WHERE account = $account AND venue = $venue AND wallet = $wallet AND cause = 'liquidation_fee' AND symbol IS NOT NULL
ORDER BY moment;

-- name: forced_reductions
-- One row is a forced order of an export that holds no fills (of one that has a row a fill, all of an instant): symbol,
-- side, instant, size.  any_order: it names no order, so that it may be any.
SELECT symbol, side, liquidated_at AS moment, CASE stage WHEN 'adl' THEN 'adl' ELSE 'liquidation' END AS forced_as,
  CASE WHEN count(quantity) = count(*) THEN CAST(sum(quantity) AS DECIMAL(38,18)) END AS forced_quantity,
  min(row_key)::DECIMAL(38,0) AS forced_key, bool_and(order_ref IS NULL) AS any_order
FROM liquidations q
WHERE account = $account AND venue = $venue AND wallet = $wallet AND side IS NOT NULL
  AND stage IS DISTINCT FROM 'margin_call' AND stage IS DISTINCT FROM 'collateral_sale'
  AND NOT EXISTS (FROM fills f WHERE f.row_key - f.row_key % 256 = q.row_key - q.row_key % 256)
GROUP BY symbol, side, liquidated_at, forced_as ORDER BY moment, forced_key;

-- name: nameless_clearances
-- One row is an instant at which a liquidation fee was charged, or a repayment forced, without an instrument's name.
SELECT DISTINCT moment FROM (
  SELECT moved_at AS moment FROM movements
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND cause = 'liquidation_fee' AND symbol IS NULL
  UNION ALL
  SELECT repaid_at FROM repayments WHERE account = $account AND venue = $venue AND wallet = $wallet AND kind = 'forced'
) ORDER BY moment;
