-- What counts: one row is a fact in the words of the export that speaks for it.
-- Fills that only the legs of a ledger show are derived from it.
CREATE OR REPLACE VIEW fills AS
SELECT * EXCLUDE (speaks) FROM fills_stated WHERE speaks
UNION ALL BY NAME
SELECT * FROM fills_assembled;
CREATE OR REPLACE VIEW funding AS SELECT * EXCLUDE (speaks) FROM funding_stated WHERE speaks;
CREATE OR REPLACE VIEW interest AS SELECT * EXCLUDE (speaks) FROM interest_stated WHERE speaks;
CREATE OR REPLACE VIEW liquidations AS SELECT * EXCLUDE (speaks) FROM liquidations_stated WHERE speaks;
CREATE OR REPLACE VIEW repayments AS SELECT * EXCLUDE (speaks) FROM repayments_stated WHERE speaks;
CREATE OR REPLACE VIEW borrows AS SELECT * EXCLUDE (speaks) FROM borrows_stated WHERE speaks;
CREATE OR REPLACE VIEW transfers AS SELECT * EXCLUDE (speaks) FROM transfers_stated WHERE speaks;
CREATE OR REPLACE VIEW conversions AS SELECT * EXCLUDE (speaks) FROM conversions_stated WHERE speaks;
CREATE OR REPLACE VIEW adjustments AS SELECT * EXCLUDE (speaks) FROM adjustments_stated WHERE speaks;
-- One row is a borrowing or a repayment, of all witnesses.
CREATE OR REPLACE VIEW borrow_repay_stated AS
SELECT row_key, account, venue, wallet, format, speaks, borrowed_at AS happened_at, asset, 'borrow' AS cause, amount FROM borrows_stated
UNION ALL
SELECT row_key, account, venue, wallet, format, speaks, repaid_at, asset, 'repay', amount FROM repayments_stated;
