-- What counts: one row is a fact in the words of the export that speaks for it.
CREATE OR REPLACE VIEW fills AS SELECT * EXCLUDE (speaks) FROM fills_stated WHERE speaks;
CREATE OR REPLACE VIEW funding AS SELECT * EXCLUDE (speaks) FROM funding_stated WHERE speaks;
CREATE OR REPLACE VIEW interest AS SELECT * EXCLUDE (speaks) FROM interest_stated WHERE speaks;
CREATE OR REPLACE VIEW liquidations AS SELECT * EXCLUDE (speaks) FROM liquidations_stated WHERE speaks;
CREATE OR REPLACE VIEW repayments AS SELECT * EXCLUDE (speaks) FROM repayments_stated WHERE speaks;
CREATE OR REPLACE VIEW borrows AS SELECT * EXCLUDE (speaks) FROM borrows_stated WHERE speaks;
CREATE OR REPLACE VIEW transfers AS SELECT * EXCLUDE (speaks) FROM transfers_stated WHERE speaks;
CREATE OR REPLACE VIEW conversions AS SELECT * EXCLUDE (speaks) FROM conversions_stated WHERE speaks;
CREATE OR REPLACE VIEW adjustments AS SELECT * EXCLUDE (speaks) FROM adjustments_stated WHERE speaks;
