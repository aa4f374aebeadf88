-- One row is a crypto-backed loan with the thresholds of its terms at its opening: imported ones first, else built-in ones
-- of venues that have one kind of loan only (which of several products a loan is, no row says).
CREATE OR REPLACE VIEW loan_limits AS
WITH fitting AS (
  SELECT l.loan_id, t.margin_call_ltv, t.liquidation_ltv, t.source,
    row_number() OVER (PARTITION BY l.loan_id ORDER BY t.basis <> 'imported', t.asset IS NULL, t.collateral_asset IS NULL,
      t.valid_from DESC NULLS LAST, t.liquidation_ltv) AS choice
  FROM loans_stored l JOIN known_loan_terms t ON (t.venue = l.venue OR (t.venue = 'plain' AND t.basis = 'imported'))
    AND (t.asset IS NULL OR t.asset = l.asset) AND (t.collateral_asset IS NULL OR t.collateral_asset = l.collateral_asset)
    AND (t.valid_from IS NULL OR t.valid_from <= l.opened_at) AND (t.valid_to IS NULL OR t.valid_to > l.opened_at)
    AND (t.basis = 'imported' OR t.product IN ('crypto_loan', 'credit_line'))
  WHERE l.kind = 'loan'
)
SELECT * EXCLUDE (choice) FROM fitting WHERE choice = 1;
