-- One row is a change of a balance: stated by the ledger that speaks, derived from facts where no ledger does, or
-- unbooked (a ledger of sessions covers the instant and will book it with its next session).
CREATE OR REPLACE VIEW movements AS
SELECT * EXCLUDE (speaks), 'stated' AS basis FROM movements_stated WHERE speaks
UNION ALL BY NAME
SELECT * FROM movements_derived;
