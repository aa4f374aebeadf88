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

-- One row is the fee of a lender's sale of collateral, by the row that lists the sale; `of_sale`: that row says what was
-- sold, too.  What a wallet books as a liquidation fee of its own is not in it.
CREATE OR REPLACE VIEW loan_fees AS
SELECT e.loan_id, l.account, l.venue, l.wallet, l.asset AS debt_asset, e.asset, e.amount, e.happened_at, e.row_key,
  EXISTS (FROM loan_events s WHERE s.loan_id = e.loan_id AND s.row_key = e.row_key AND s.kind = 'collateral_sold') AS of_sale
FROM loan_events e JOIN loans_stored l USING (loan_id)
WHERE e.kind = 'liquidation_fee' AND e.amount <> 0 AND NOT EXISTS (
  FROM movements_stated m WHERE m.speaks AND m.account = l.account AND m.venue = l.venue AND m.wallet = l.wallet AND m.asset = e.asset
    AND m.cause = 'liquidation_fee' AND m.amount = -e.amount
    AND m.moved_at BETWEEN e.happened_at - INTERVAL 1 DAY AND e.happened_at + INTERVAL 1 DAY);

-- One row is money that a lender gave back of what its sales of collateral brought beyond the debt: the row of the sale before
-- it, and the movement by which a wallet shows it (its own row, else one of that amount within a day; null: none does).
CREATE OR REPLACE VIEW loan_surpluses AS
WITH given AS (
  SELECT e.loan_id, l.account, l.venue, l.wallet, e.asset, e.amount, e.happened_at, e.row_key,
    arg_max(s.row_key, s.event_no) AS sale_key
  FROM loan_events e JOIN loans_stored l USING (loan_id)
  JOIN loan_events s ON s.loan_id = e.loan_id AND s.kind = 'collateral_sold' AND s.event_no < e.event_no
  WHERE e.kind = 'surplus' AND e.amount <> 0 GROUP BY ALL
), shown AS (
  SELECT g.*, m.row_key AS moved_key, row_number() OVER (PARTITION BY g.row_key ORDER BY
    m.row_key - m.row_key % 256 <> g.row_key - g.row_key % 256, abs(epoch_us(m.moved_at) - epoch_us(g.happened_at)), m.row_key) AS choice
  FROM given g LEFT JOIN movements m ON m.account = g.account AND m.venue = g.venue AND m.wallet = g.wallet AND m.pool = 'asset'
    AND m.asset = g.asset AND m.amount = g.amount AND m.cause IN ('pledge', 'transfer', 'deposit')
    AND m.moved_at BETWEEN g.happened_at - INTERVAL 1 DAY AND g.happened_at + INTERVAL 1 DAY
    AND m.row_key NOT IN (SELECT received_key FROM transfer_matches)
)
SELECT * EXCLUDE (choice, moved_key),
  CASE WHEN row_number() OVER (PARTITION BY moved_key ORDER BY happened_at, row_key) = 1 THEN moved_key END AS moved_key
FROM shown WHERE choice = 1;

-- One row is what a wallet owed before its first row: what was repaid beyond what was drawn until then, without interest.
CREATE OR REPLACE VIEW debts_begun AS
WITH changed AS (
  SELECT account, venue, wallet, asset, moved_at, sum(amount) AS amount, min(row_key) AS row_key FROM movements
  WHERE pool = 'debt' AND cause NOT IN ('interest', 'repay_interest') GROUP BY ALL
), running AS (
  SELECT *, sum(amount) OVER (PARTITION BY account, venue, wallet, asset ORDER BY moved_at) AS owed FROM changed
)
SELECT account, venue, wallet, asset, CAST(-min(owed) AS DECIMAL(38,18)) AS amount, min(moved_at) AS happened_at,
  arg_min(row_key, moved_at) AS row_key
FROM running GROUP BY account, venue, wallet, asset HAVING min(owed) < 0;
