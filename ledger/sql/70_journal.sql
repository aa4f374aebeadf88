-- A wallet in the name of a posting account: main/binance/usdm.
CREATE OR REPLACE MACRO place_of(account_, venue_, wallet_) AS
  account_ || CASE WHEN venue_ = account_ THEN '' ELSE '/' || venue_ END || '/' || wallet_;

-- One row is an asset that spot or margin trades of one pair moved in a wallet at an instant: a statement may not name it.
CREATE OR REPLACE VIEW traded_pairs AS
SELECT account, venue, wallet, filled_at, asset, any_value(instrument) AS instrument FROM (
  SELECT account, venue, wallet, filled_at, instrument,
    unnest([split_part(instrument, '/', 1), split_part(split_part(instrument, '/', 2), ':', 1), fee_asset]) AS asset
  FROM fills WHERE product IN ('spot', 'margin') AND instrument IS NOT NULL)
WHERE asset IS NOT NULL GROUP BY ALL HAVING count(DISTINCT instrument) = 1;

-- Against what a change of a wallet or a debt is posted; `is_swap`: of a loan, what came in or paid was another asset than
-- the one that is owed.
CREATE OR REPLACE MACRO counter_account(cause_, symbol_, is_matched, is_swap) AS CASE
  WHEN is_matched THEN 'transit'
  WHEN cause_ IN ('trade', 'conversion') THEN 'exchange'
  WHEN cause_ IN ('realized_pnl', 'session_result') THEN 'results:' || coalesce(symbol_, 'unnamed')
  WHEN cause_ = 'trading_fee' THEN 'fees:trading' WHEN cause_ = 'network_fee' THEN 'fees:network'
  WHEN cause_ = 'liquidation_fee' THEN 'fees:liquidation'
  WHEN cause_ IN ('funding', 'interest', 'insurance') THEN cause_
  WHEN cause_ IN ('deposit', 'withdrawal') THEN 'outside' WHEN cause_ = 'transfer' THEN 'transit'
  WHEN cause_ = 'margin_move' THEN 'margin' WHEN cause_ = 'pledge' THEN 'collateral'
  WHEN cause_ IN ('borrow', 'repay', 'repay_principal', 'repay_interest') THEN CASE WHEN is_swap THEN 'exchange' ELSE 'borrowing' END
  WHEN cause_ = 'rebate' THEN 'income:rebates' WHEN cause_ = 'income' THEN 'income:other'
  WHEN cause_ = 'correction' THEN 'corrections' ELSE 'unknown' END;

-- The journal: one row is a posting, + = debit.  Every event's postings sum to zero per asset.  A movement of a wallet is
-- posted against its cause; both ends of a matched transfer meet in `transit`, which holds what is on the way; what a wallet
-- borrows or repays and what its debt shows meet in `borrowing`, which holds what only one of them knows.
CREATE OR REPLACE VIEW postings AS
WITH debts AS (
  SELECT *, row_key - row_key % 256 AS base FROM movements WHERE pool = 'debt'
), borrowed AS (
  SELECT row_key - row_key % 256 AS base, asset FROM movements
  WHERE pool = 'asset' AND cause IN ('borrow', 'repay', 'repay_principal', 'repay_interest')
), swapped AS (  -- what was borrowed or paid in another asset than it is owed in, and debts that a sale of collateral paid
  SELECT b.base FROM borrowed b JOIN debts d USING (base) WHERE b.asset <> d.asset
  UNION SELECT row_key - row_key % 256 FROM repayments WHERE kind = 'collateral_sale'
  UNION SELECT row_key - row_key % 256 FROM liquidations WHERE stage = 'collateral_sale'
), surpluses AS (  -- no collateral that comes back, but what a sale of it brought
  SELECT DISTINCT moved_key FROM loan_surpluses WHERE moved_key IS NOT NULL
), moves AS (
  SELECT m.account, m.venue, m.wallet, m.pool, m.asset, m.amount, m.cause, m.moved_at, m.sequence, m.symbol, m.instrument,
    m.row_key, m.file_id, m.source_row, s.received AS arrives, s.sent_key IS NOT NULL OR r.received_key IS NOT NULL AS is_matched,
    w.base IS NOT NULL AS is_swap, u.moved_key IS NOT NULL AS is_surplus
  FROM movements m
  LEFT JOIN transfer_matches s ON s.sent_key = m.row_key
  LEFT JOIN (SELECT received_key FROM transfer_matches) r ON r.received_key = m.row_key
  LEFT JOIN swapped w ON w.base = m.row_key - m.row_key % 256
  LEFT JOIN surpluses u ON u.moved_key = m.row_key
), pledged AS (
  SELECT DISTINCT account, venue, wallet, asset FROM movements
  WHERE pool = 'asset' AND cause = 'pledge' AND row_key NOT IN (SELECT sent_key FROM transfer_matches)
), sold AS (  -- collateral that was sold where it lay: it had left its wallet when it was pledged, or no ledger shows it
  SELECT l.account, l.venue, l.wallet, e.asset, e.amount, e.happened_at, coalesce(q.row_key, y.row_key) AS row_key,
    coalesce(q.file_id, y.file_id) AS file_id, coalesce(q.source_row, y.source_row) AS source_row
  FROM loan_events e JOIN loans_stored l USING (loan_id)
  LEFT JOIN pledged p ON p.account = l.account AND p.venue = l.venue AND p.wallet = l.wallet AND p.asset = e.asset
  LEFT JOIN liquidations_stated q ON q.row_key = e.row_key LEFT JOIN repayments_stated y ON y.row_key = e.row_key
  WHERE e.kind = 'collateral_sold' AND (p.asset IS NOT NULL OR NOT EXISTS (
      FROM voices v WHERE v.account = l.account AND v.venue = l.venue AND v.wallet = l.wallet AND v.fact = 'ledger' AND v.cause IS NULL
        AND e.happened_at >= v.from_at AND e.happened_at < v.to_at))
    AND NOT EXISTS (FROM movements m WHERE m.row_key - m.row_key % 256 = e.row_key - e.row_key % 256
    AND m.asset = e.asset AND m.pool = 'asset' AND m.cause <> 'pledge')
), charged AS (  -- what the lender kept of a sale, or of the collateral itself
  SELECT f.*, coalesce(q.file_id, y.file_id) AS file_id, coalesce(q.source_row, y.source_row) AS source_row FROM loan_fees f
  LEFT JOIN liquidations_stated q ON q.row_key = f.row_key LEFT JOIN repayments_stated y ON y.row_key = f.row_key
), opened AS (
  SELECT o.account, o.venue, o.wallet, o.asset, o.opening, least(o.first_at, a.from_at) AS opened_at, a.first_key
  FROM openings o LEFT JOIN (
    SELECT account, venue, wallet, asset, min(from_at) AS from_at, arg_min(first_key, from_at) AS first_key
    FROM anchors GROUP BY account, venue, wallet, asset) a USING (account, venue, wallet, asset)
  WHERE o.opening <> 0
)
SELECT (row_key - row_key % 256)::VARCHAR AS entry_id, moved_at AS posted_at, account, venue, wallet,
  CASE pool WHEN 'debt' THEN 'debt:' ELSE 'wallet:' END || place_of(account, venue, wallet) AS posting_account, asset,
  CASE pool WHEN 'debt' THEN -amount ELSE amount END AS amount, cause, symbol, instrument, row_key, file_id, source_row, sequence
FROM movements
UNION ALL
SELECT (row_key - row_key % 256)::VARCHAR, moved_at, account, venue, wallet, CASE WHEN is_surplus THEN 'exchange' ELSE counter_account(cause, symbol, is_matched, is_swap) END, asset,
  CASE WHEN pool = 'debt' THEN amount WHEN arrives IS NOT NULL THEN arrives ELSE -amount END, cause, symbol, instrument, row_key,
  file_id, source_row, sequence
FROM moves
UNION ALL  -- what the network took on the way
SELECT (row_key - row_key % 256)::VARCHAR, moved_at, account, venue, wallet, 'fees:network', asset,
  CAST(-amount - arrives AS DECIMAL(38,18)), cause, symbol, instrument, row_key, file_id, source_row, sequence
FROM moves WHERE arrives IS NOT NULL AND -amount <> arrives
UNION ALL
SELECT coalesce((row_key - row_key % 256)::VARCHAR, 'sale:' || place_of(account, venue, wallet)), happened_at, account, venue, wallet,
  unnest(['collateral', 'exchange']), asset, unnest([-amount, amount]), 'collateral_sale', NULL, NULL, row_key, file_id, source_row, NULL
FROM sold
UNION ALL
SELECT (row_key - row_key % 256)::VARCHAR, happened_at, account, venue, wallet,
  unnest([CASE WHEN of_sale OR asset = debt_asset THEN 'exchange' ELSE 'collateral' END, 'fees:liquidation']), asset,
  unnest([-amount, amount]), 'liquidation_fee', NULL, NULL, row_key, file_id, source_row, NULL
FROM charged
UNION ALL
SELECT 'opening:debt:' || place_of(account, venue, wallet) || ':' || asset, happened_at, account, venue, wallet,
  unnest(['debt:' || place_of(account, venue, wallet), 'equity:opening balances']), asset, unnest([-amount, amount]), 'opening',
  NULL, NULL, row_key, NULL, NULL, NULL
FROM debts_begun
UNION ALL
SELECT 'opening:' || place_of(account, venue, wallet) || ':' || asset, opened_at, account, venue, wallet,
  unnest(['wallet:' || place_of(account, venue, wallet), 'equity:opening balances']), asset, unnest([opening, -opening]), 'opening',
  NULL, NULL, first_key, NULL, NULL, NULL
FROM opened;
