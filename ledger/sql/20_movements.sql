-- One row is a change of a balance: stated by the ledger that speaks, or derived from facts where no ledger does.
CREATE OR REPLACE VIEW movements AS
SELECT * EXCLUDE (speaks), 'stated' AS basis FROM movements_stated WHERE speaks
UNION ALL BY NAME
SELECT *, 'derived' AS basis FROM movements_derived;
