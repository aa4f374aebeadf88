-- name: margin_tiers
-- One row is an imported tier of an instrument's margin requirement.
SELECT venue, account, symbol, valid_from, floor, cap, initial_rate, maintenance_rate, maintenance_amount, max_leverage, source
FROM margin_tiers ORDER BY venue, account, symbol, valid_from NULLS FIRST, floor, row_key;

-- name: collateral_ratios
-- One row is an imported tier of the share of an asset's value that counts as collateral.
SELECT venue, account, asset, valid_from, floor, cap, ratio, quote, source
FROM collateral_ratios ORDER BY venue, account, asset, valid_from NULLS FIRST, floor, row_key;

-- name: loan_terms
-- One row is the imported thresholds of a loan.
SELECT venue, account, asset, collateral_asset, valid_from, initial_ltv, margin_call_ltv, liquidation_ltv, liquidation_fee, source
FROM loan_terms ORDER BY venue, account, asset, collateral_asset, valid_from NULLS FIRST, liquidation_ltv, row_key;
