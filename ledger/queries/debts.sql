-- name: has_debts
-- Whether anything was borrowed, repaid, charged or pledged in the wallet.
SELECT 1 WHERE EXISTS (FROM borrows WHERE account = $account AND venue = $venue AND wallet = $wallet)
  OR EXISTS (FROM repayments WHERE account = $account AND venue = $venue AND wallet = $wallet)
  OR EXISTS (FROM interest WHERE account = $account AND venue = $venue AND wallet = $wallet AND kind IN ('margin', 'loan'))
  OR EXISTS (FROM liquidations WHERE account = $account AND venue = $venue AND wallet = $wallet
    AND stage IN ('collateral_sale', 'margin_call') AND debt_asset IS NOT NULL);

-- name: borrows
SELECT borrowed_at AS moment, asset, amount, pair, loan_ref, kind, row_key::DECIMAL(38,0) AS row_key FROM borrows
WHERE account = $account AND venue = $venue AND wallet = $wallet ORDER BY moment, row_key;

-- name: repayments
-- One row is a repayment; one that states no split takes it from a silent row of the same asset and total, close by.
WITH spoken AS (
  SELECT * FROM repayments WHERE account = $account AND venue = $venue AND wallet = $wallet
), splits AS (
  SELECT s.row_key, arg_min({'principal': w.principal, 'interest': w.interest, 'pair': w.pair, 'loan_ref': w.loan_ref},
    (abs(epoch_us(w.repaid_at) - epoch_us(s.repaid_at)), w.row_key)) AS split
  FROM spoken s JOIN repayments_stated w ON w.account = s.account AND w.venue = s.venue AND w.wallet = s.wallet
    AND NOT w.speaks AND w.asset = s.asset AND w.amount = s.amount AND w.interest IS NOT NULL
    AND w.repaid_at BETWEEN s.repaid_at - $reach AND s.repaid_at + $reach
  WHERE s.interest IS NULL GROUP BY s.row_key
)
SELECT s.repaid_at AS moment, s.asset, s.amount, coalesce(s.principal, p.split.principal) AS principal,
  coalesce(s.interest, p.split.interest) AS interest, coalesce(s.pair, p.split.pair) AS pair,
  coalesce(s.loan_ref, p.split.loan_ref) AS loan_ref, s.kind, s.row_key::DECIMAL(38,0) AS row_key, c.asset AS sold_asset,
  -c.amount AS sold
FROM spoken s LEFT JOIN splits p USING (row_key)
LEFT JOIN conversions_stated c ON c.row_key - c.row_key % 256 = s.row_key - s.row_key % 256 AND c.kind = 'collateral_sale'
  AND c.amount < 0 AND s.kind = 'collateral_sale' AND s.loan_ref IS NOT NULL  -- the row says what was sold
ORDER BY moment, row_key;

-- name: accruals
SELECT accrued_at AS moment, asset, amount, pair, loan_ref, kind, row_key::DECIMAL(38,0) AS row_key FROM interest
WHERE account = $account AND venue = $venue AND wallet = $wallet AND kind IN ('margin', 'loan') ORDER BY moment, row_key;

-- name: collateral
-- One row is collateral that was pledged or released, as the export states it that speaks for the debts; else the ledger.
WITH moves AS (
  SELECT t.*, EXISTS (
    SELECT 1 FROM voices v JOIN files f ON f.series = v.series
    WHERE v.account = t.account AND v.venue = t.venue AND v.wallet = t.wallet AND v.fact = 'borrow_repay'
      AND t.moved_at >= v.from_at AND t.moved_at < v.to_at AND f.format = t.format) AS of_lender
  FROM transfers_stated t
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND kind IN ('pledged', 'released')
)
SELECT moved_at AS moment, asset, amount, pair, loan_ref, ltv_after, row_key::DECIMAL(38,0) AS row_key FROM moves
WHERE CASE WHEN (SELECT bool_or(of_lender) FROM moves) THEN of_lender ELSE speaks END
  AND NOT EXISTS (  -- what a sale of collateral gives back is told by the sale
    FROM liquidations q WHERE q.account = $account AND q.venue = $venue AND q.wallet = $wallet AND kind = 'released'
      AND q.symbol = moves.asset AND q.returned = moves.amount
      AND moves.moved_at BETWEEN q.liquidated_at AND q.liquidated_at + INTERVAL 1 DAY)
ORDER BY moment, row_key;

-- name: sales
SELECT liquidated_at AS moment, symbol, quantity, fee, fee_asset, stage, loan_ref, pair, debt_asset, debt_repaid, returned,
  row_key::DECIMAL(38,0) AS row_key
FROM liquidations
WHERE account = $account AND venue = $venue AND wallet = $wallet AND stage IN ('collateral_sale', 'margin_call')
  AND debt_asset IS NOT NULL
ORDER BY moment, row_key;

-- name: reach
SELECT max(skew_s + resolution_s) FROM coverage
WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = 'borrow_repay';

-- name: says_owed
-- Whether any export says what was borrowed and repaid.
SELECT 1 FROM coverage WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = 'borrow_repay' LIMIT 1;

-- name: below_zero
-- One row is an instant at which an asset of a unified account is, or just was, below zero.
WITH moved AS (
  SELECT asset, moved_at AS moment, sum(amount) AS amount, sum(amount) FILTER (WHERE cause = 'interest') AS interest,
    max(row_key) AS row_key, bool_or(cause = 'conversion') AS converted
  FROM movements WHERE account = $account AND venue = $venue AND wallet = $wallet AND pool = 'asset' AND basis <> 'unbooked'
  GROUP BY asset, moved_at
), running AS (
  SELECT m.*, o.opening + sum(m.amount) OVER (PARTITION BY m.asset ORDER BY m.moment) AS balance
  FROM moved m JOIN openings o ON o.account = $account AND o.venue = $venue AND o.wallet = $wallet AND o.asset = m.asset
    AND o.anchored
)
SELECT asset, moment, CAST(coalesce(interest, 0) AS DECIMAL(38,18)) AS interest,
  CAST(greatest(-balance, 0) AS DECIMAL(38,18)) AS owed, CAST(greatest(amount - balance, 0) AS DECIMAL(38,18)) AS owed_before,
  row_key::DECIMAL(38,0) AS row_key, converted
FROM running WHERE balance < 0 OR balance - amount < 0 ORDER BY asset, moment;

-- name: stated_balances
-- One row is a balance of an asset that the ledger states, in its order, with the interest charged in it up to then.
SELECT asset, at_us, balance, accrued FROM (
  SELECT asset, epoch_us(moved_at) AS at_us,
    max_by(balance_after, (sequence, row_key)) FILTER (WHERE balance_after IS NOT NULL) AS balance,
    CAST(sum(coalesce(-sum(amount) FILTER (WHERE cause = 'interest'), 0)) OVER (PARTITION BY asset ORDER BY moved_at)
      AS DECIMAL(38,18)) AS accrued
  FROM movements WHERE account = $account AND venue = $venue AND wallet = $wallet AND pool = 'asset'
  GROUP BY asset, moved_at)
WHERE balance IS NOT NULL ORDER BY asset, at_us;

-- name: delete_events
DELETE FROM loan_events WHERE loan_id IN (
  SELECT loan_id FROM loans_stored WHERE account = $account AND venue = $venue AND wallet = $wallet);

-- name: delete_loans
DELETE FROM loans_stored WHERE account = $account AND venue = $venue AND wallet = $wallet;

-- name: ratios
-- One row is a tier of an asset's collateral ratio for loans: as imported, else as built in and not ended.
WITH fitting AS (
  SELECT * FROM known_collateral_ratios
  WHERE venue IN ($venue, 'plain') AND (product IS NULL OR product LIKE '%loan%') AND (basis = 'imported' OR valid_to IS NULL)
)
SELECT asset, coalesce(valid_from, TIMESTAMPTZ '1970-01-01') AS valid_from, floor, cap, ratio, coalesce(quote, 'USD') AS quote
FROM fitting f
WHERE basis = 'imported' OR NOT EXISTS (FROM fitting o WHERE o.asset = f.asset AND o.basis = 'imported')
ORDER BY asset, valid_from, floor;

-- name: implied_interest
-- One row is interest that only its repayment shows.
SELECT e.row_key::DECIMAL(38,0) AS row_key, l.pair, e.asset, e.amount, e.happened_at AS moment, l.kind
FROM loan_events e JOIN loans_stored l USING (loan_id)
WHERE l.account = $account AND l.venue = $venue AND l.wallet = $wallet AND e.kind = 'accrued' AND e.how = 'implied'
ORDER BY moment, row_key;

-- name: charge_fees
-- One row is the fee of a sale of collateral: no position's cost, but the loan's.
INSERT INTO costs_stored BY NAME
SELECT account, venue, wallet, 'liquidation_fee' AS cause, asset, CAST(-amount AS DECIMAL(38,18)) AS amount, happened_at AS booked_at,
  row_key, 'loan' AS how
FROM loan_fees WHERE account = $account AND venue = $venue AND wallet = $wallet;
