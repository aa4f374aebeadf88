-- name: moves
-- One row is a change of a wallet until $to, with what tells which others it belongs to.  `swapped`: of a loan that was drawn
-- or paid in another asset than it is owed in, the asset and amount of the debt; `is_loan`: of a loan with a life of its own;
-- `settles`: whether the wallet books results or
-- funding of its symbol.
WITH debts AS (
  SELECT row_key - row_key % 256 AS base, any_value(asset) AS asset, CAST(sum(amount) AS DECIMAL(38,18)) AS amount FROM movements
  WHERE pool = 'debt' AND cause IN ('borrow', 'repay', 'repay_principal', 'repay_interest') GROUP BY ALL HAVING count(DISTINCT asset) = 1
), products AS (
  SELECT account, venue, wallet, symbol, min(product) AS product FROM fills GROUP BY ALL HAVING count(DISTINCT product) = 1
), lent AS (
  SELECT account, venue, wallet, asset FROM loans_stored GROUP BY ALL HAVING bool_and(kind = 'loan')
), settled AS (
  SELECT DISTINCT account, venue, wallet, symbol FROM movements WHERE cause IN ('realized_pnl', 'session_result', 'funding') AND symbol IS NOT NULL
)
SELECT m.row_key::DECIMAL(38,0)::VARCHAR AS row, (m.row_key - m.row_key % 256)::DECIMAL(38,0)::VARCHAR AS base, m.account, m.venue, m.wallet, m.pair,
  m.asset, m.amount, m.cause, m.moved_at AS happened_at, m.format, m.sequence, m.symbol, m.trade_ref, m.order_ref, m.transaction_ref, m.basis,
  coalesce(f.product, p.product) AS product, coalesce(f.execution IN ('liquidation', 'adl'), FALSE) AS forced,
  s.match_id IS NOT NULL AS is_sent, r.match_id IS NOT NULL AS is_received, coalesce(s.match_id, r.match_id, c.match_id) AS match_id,
  t.symbol IS NOT NULL AS settles, c.match_id IS NOT NULL AS is_transfer_fee, e.status, j.kind AS booked_as,
  n.asset IS NOT NULL AS is_loan, CASE WHEN d.asset <> m.asset THEN d.asset END AS swapped_asset, CASE WHEN d.asset <> m.asset THEN d.amount END AS swapped
FROM movements m
LEFT JOIN (SELECT row_key - row_key % 256 AS base, any_value(product) AS product, any_value(execution) AS execution FROM fills GROUP BY ALL) f
  ON f.base = m.row_key - m.row_key % 256
LEFT JOIN products p ON p.account = m.account AND p.venue = m.venue AND p.wallet = m.wallet AND p.symbol = m.symbol
LEFT JOIN settled t ON t.account = m.account AND t.venue = m.venue AND t.wallet = m.wallet AND t.symbol = m.symbol
LEFT JOIN transfer_matches s ON s.sent_key = m.row_key
LEFT JOIN transfer_matches r ON r.received_key = m.row_key
LEFT JOIN transfer_matches c ON c.fee_key = m.row_key
LEFT JOIN transfer_ends e ON e.row_key = m.row_key
LEFT JOIN (SELECT row_key - row_key % 256 AS base, any_value(kind) AS kind FROM adjustments GROUP BY ALL) j ON j.base = m.row_key - m.row_key % 256
LEFT JOIN debts d ON d.base = m.row_key - m.row_key % 256 AND m.cause IN ('borrow', 'repay', 'repay_principal', 'repay_interest')
LEFT JOIN lent n ON n.account = m.account AND n.venue = m.venue AND n.wallet = m.wallet AND n.asset = coalesce(d.asset, m.asset)
WHERE m.pool = 'asset' AND m.amount <> 0 AND m.moved_at < $to
ORDER BY m.moved_at, m.sequence, m.row_key;

-- name: debts
-- One row is a change of what is owed until $to.
SELECT row_key::DECIMAL(38,0)::VARCHAR AS row, (row_key - row_key % 256)::DECIMAL(38,0)::VARCHAR AS base, account, venue, wallet, pair, asset, amount, cause, moved_at AS happened_at
FROM movements WHERE pool = 'debt' AND amount <> 0 AND moved_at < $to
ORDER BY moved_at, sequence, row_key;

-- name: debts_begun
-- One row is what was owed before the first row.
SELECT row_key::DECIMAL(38,0)::VARCHAR AS row, account, venue, wallet, asset, amount, happened_at FROM debts_begun WHERE happened_at < $to
ORDER BY happened_at, row_key;

-- name: openings
-- One row is what a wallet held before its first row.
SELECT o.account, o.venue, o.wallet, o.asset, o.opening AS amount, least(o.first_at, a.from_at) AS happened_at, a.first_key::DECIMAL(38,0)::VARCHAR AS row
FROM openings o LEFT JOIN (
  SELECT account, venue, wallet, asset, min(from_at) AS from_at, arg_min(first_key, from_at) AS first_key FROM anchors GROUP BY ALL
) a USING (account, venue, wallet, asset)
WHERE o.opening <> 0 AND least(o.first_at, a.from_at) < $to;

-- name: owing
-- One row is a wallet whose balance below zero is a debt.
SELECT DISTINCT account, venue, wallet, asset FROM openings WHERE owes_below_zero AND anchored;

-- name: matches
-- One row is a transfer between own wallets, by when it left.
SELECT match_id, sent_key::DECIMAL(38,0)::VARCHAR AS sent_row, received_key::DECIMAL(38,0)::VARCHAR AS received_row, fee_key::DECIMAL(38,0)::VARCHAR AS fee_row, asset,
  sent, received, fee, booked_fee, sent_at AS happened_at, received_at, from_account, from_venue, from_wallet, to_account, to_venue, to_wallet
FROM transfer_matches WHERE sent_at < $to
ORDER BY happened_at, sent_row;

-- name: sales
-- One row is collateral that a lender sold and that the journal posts: what was sold, the debt that it paid as far as rows tell,
-- and what its own row says of a fee.
WITH booked AS (
  SELECT row_key - row_key % 256 AS base, asset FROM movements WHERE pool = 'asset' AND cause <> 'pledge'
  UNION SELECT row_key - row_key % 256, asset FROM postings WHERE cause = 'collateral_sale'
)
SELECT e.row_key::DECIMAL(38,0)::VARCHAR AS row, (e.row_key - e.row_key % 256)::DECIMAL(38,0)::VARCHAR AS base, l.loan_id, l.account, l.venue, l.wallet, l.asset AS debt_asset, e.asset,
  e.amount, e.happened_at, e.value, q.debt_repaid, f.asset AS fee_asset, coalesce(f.amount, 0) AS fee
FROM loan_events e JOIN loans_stored l USING (loan_id) LEFT JOIN liquidations q ON q.row_key - q.row_key % 256 = e.row_key - e.row_key % 256
LEFT JOIN loan_fees f ON f.loan_id = e.loan_id AND f.row_key = e.row_key
WHERE e.kind = 'collateral_sold' AND e.happened_at < $to
  AND EXISTS (FROM booked b WHERE b.base = e.row_key - e.row_key % 256 AND b.asset = e.asset)
ORDER BY e.happened_at, e.row_key;

-- name: surpluses
-- One row is what a lender gave back of what a sale brought beyond the debt, as the wallet has it.
SELECT m.row_key::DECIMAL(38,0)::VARCHAR AS row, s.sale_key::DECIMAL(38,0)::VARCHAR AS sale, m.account, m.venue, m.wallet, m.asset, m.amount,
  m.moved_at AS happened_at
FROM loan_surpluses s JOIN movements m ON m.row_key = s.moved_key WHERE m.moved_at < $to
ORDER BY m.moved_at, m.row_key;

-- name: lone_fees
-- One row is the fee of a lender's sale in a row that does not say what was sold; the journal takes it out of the collateral.
SELECT row_key::DECIMAL(38,0)::VARCHAR AS row, account, venue, wallet, asset, amount, happened_at FROM loan_fees
WHERE NOT of_sale AND asset <> debt_asset AND happened_at < $to ORDER BY happened_at, row_key;

-- name: forced_payments
-- One row is what a forced sale paid of a loan.
SELECT l.loan_id, e.happened_at, CAST(sum(e.amount) AS DECIMAL(38,18)) AS paid FROM loan_events e JOIN loans_stored l USING (loan_id)
WHERE e.forced AND e.kind IN ('repaid_principal', 'repaid_interest') AND e.happened_at < $to
GROUP BY ALL ORDER BY ALL;

-- name: opening_lots
-- One row is a lot that was owned before the first row known.
SELECT row_key::DECIMAL(38,0)::VARCHAR AS row, account, venue, wallet, asset, acquired_at AS happened_at, quantity, cost, cost_asset, evidence FROM opening_lots
WHERE acquired_at < $to
ORDER BY acquired_at, row_key;

-- name: results
-- One row is what a fill realized.
SELECT l.row_key::DECIMAL(38,0)::VARCHAR AS row, l.filled_at AS booked_at, p.account, p.venue, p.wallet, p.symbol, p.position_id, p.side, p.product,
  p.settle_asset AS asset, l.realized AS amount, l.execution IN ('liquidation', 'adl') AS forced
FROM legs l JOIN positions p USING (position_id)
WHERE l.filled_at >= $from AND l.filled_at < $to AND (l.realized IS NULL OR l.realized <> 0)
ORDER BY l.filled_at, l.position_id, l.leg_no;

-- name: costs
-- One row is a share of a cash flow that a position, a loan or nothing takes.
SELECT c.row_key::DECIMAL(38,0)::VARCHAR AS row, c.booked_at, c.account, c.venue, c.wallet, coalesce(p.symbol, c.symbol) AS symbol, c.position_id, p.side, p.product,
  c.cause, c.how, c.asset, c.amount, c.value AS settle_value, p.settle_asset, CASE WHEN c.cause = 'interest' OR c.how = 'loan' THEN d.loan_id END AS loan_id,
  c.how = 'loan' AND c.cause = 'liquidation_fee' AS forced
FROM costs c LEFT JOIN positions p USING (position_id)
LEFT JOIN (
  SELECT row_key - row_key % 256 AS base, CASE kind WHEN 'accrued' THEN 'interest' ELSE kind END AS cause, min(loan_id) AS loan_id
  FROM loan_events WHERE kind IN ('accrued', 'liquidation_fee') GROUP BY ALL) d
  ON d.base = c.row_key - c.row_key % 256 AND d.cause = c.cause
WHERE c.booked_at >= $from AND c.booked_at < $to AND c.amount <> 0
ORDER BY c.booked_at, c.row_key, c.position_id;

-- name: written_off
SELECT e.row_key::DECIMAL(38,0)::VARCHAR AS row, e.happened_at AS booked_at, l.account, l.venue, l.wallet, l.loan_id, e.asset, e.amount
FROM loan_events e JOIN loans_stored l USING (loan_id)
WHERE e.kind = 'written_off' AND e.happened_at >= $from AND e.happened_at < $to;

-- name: holdings
-- One row is what is owned of an asset by the journal: in wallets, on the way (once), pledged or set aside as margin, less what is
-- owed without its interest.
WITH owned AS (
  SELECT asset, amount FROM postings
  WHERE posted_at < $to AND (posting_account LIKE 'wallet:%' OR posting_account IN ('collateral', 'margin')
    OR (posting_account LIKE 'debt:%' AND cause NOT IN ('interest', 'repay_interest')))
  UNION ALL
  SELECT asset, received FROM transfer_matches WHERE sent_at < $to AND received_at >= $to
  UNION ALL
  SELECT asset, -received FROM transfer_matches WHERE received_at < $to AND sent_at >= $to
)
SELECT asset, CAST(sum(amount) AS DECIMAL(38,18)) AS amount FROM owned GROUP BY asset;

-- name: doubts
-- One row is a break of a balance or a gap in coverage before the end of the year, or of the days after it that are matched with
-- it, of which only what wallets got counts.
SELECT 'break' AS kind, break_id AS block_id, account, wallet, asset, broken_at AS happened_at, difference AS amount, row_key::DECIMAL(38,0)::VARCHAR AS row,
  NULL::VARCHAR AS sentence FROM breaks_stored
WHERE broken_at < $to AND break_id NOT IN (SELECT break_id FROM explained)
UNION ALL
SELECT 'gap', gap_id, account, wallet, NULL, from_at, NULL, NULL, sentence FROM gaps
WHERE severity = 'warning' AND from_at < $to AND (to_at >= $from AND from_at < $year_ends OR fact NOT IN ('funding', 'interest'))
UNION ALL
SELECT 'not_understood', finding_id, account, wallet, NULL, found_at, NULL, NULL, sentence FROM findings
WHERE kind = 'unknown_pair' AND (found_at IS NULL OR found_at < $to)
UNION ALL
SELECT 'rejected_rows', f.file_id, any_value(f.account), NULL, NULL, min(f.first_at), NULL, NULL,
  CAST(count(*) AS VARCHAR) || ' rows of ' || min(f.name) || ' were not understood, and nothing of them is in any figure'
FROM rejects r JOIN files f USING (file_id) WHERE f.first_at IS NULL OR f.first_at < $to GROUP BY f.file_id
UNION ALL  -- the book ends before the year does
SELECT 'ends_early', 'book', NULL, NULL, NULL, max(to_at), NULL, NULL,
  'the last row of the book is of ' || strftime(max(to_at), '%Y-%m-%d') || ': of what came after, until the end of the year, nothing is known'
FROM coverage HAVING max(to_at) < $year_ends - INTERVAL 1 DAY;

-- name: known_until
-- One row is an account with the end of what its exports tell.
SELECT account, max(to_at) AS until FROM coverage GROUP BY account ORDER BY account;

-- name: remainders
-- One row is what a venue booked on one of its days beside what fills tell of results or costs, where a tax year begins or ends
-- within that day and rows on both sides of it, or none, tell of them.  A session is a day from noon to noon.
WITH days AS (
  SELECT account, venue, wallet, asset, cause, amount, booked_at AS happened_at,
    CASE WHEN cause = 'session_result' THEN booked_at - INTERVAL 1 DAY ELSE date_trunc('day', booked_at) END AS begins_at
  FROM costs_stored WHERE row_key IS NULL AND position_id IS NULL AND how = 'unattributed' AND amount <> 0
), straddling AS (
  SELECT d.*, y.ends_at FROM days d JOIN (SELECT unnest([$from::TIMESTAMPTZ, $to::TIMESTAMPTZ]) AS ends_at) y
    ON y.ends_at > d.begins_at AND y.ends_at < d.begins_at + INTERVAL 1 DAY
), sided AS (
  SELECT s.*, count(m.row_key) AS many, count(m.row_key) FILTER (WHERE m.moved_at < s.ends_at) AS earlier
  FROM straddling s LEFT JOIN movements m ON m.account = s.account AND m.venue = s.venue AND m.wallet = s.wallet AND m.asset = s.asset
    AND m.moved_at >= s.begins_at AND m.moved_at < s.begins_at + INTERVAL 1 DAY AND m.pool = 'asset' AND m.amount <> 0
    AND (m.cause = s.cause OR m.cause = 'trade' AND s.cause = 'realized_pnl')
  GROUP BY ALL
)
SELECT account, venue, wallet, asset, cause, amount, happened_at FROM sided
WHERE many = 0 OR earlier BETWEEN 1 AND many - 1 OR cause = 'session_result'
ORDER BY ALL;
