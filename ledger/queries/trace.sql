-- name: of_position
-- One row is a source row behind a position: its fills in order of execution, what it paid, the orders that forced it.
SELECT row_key FROM (
  SELECT row_key, filled_at AS moment, leg_no FROM legs WHERE position_id = $id AND row_key IS NOT NULL
  UNION SELECT row_key, booked_at, 0 FROM costs_stored WHERE position_id = $id AND row_key IS NOT NULL
  UNION SELECT q.row_key, q.liquidated_at, 0 FROM liquidations q JOIN fills f
    ON f.account = q.account AND f.venue = q.venue AND f.order_ref = q.order_ref
  WHERE f.row_key IN (SELECT row_key FROM legs WHERE position_id = $id))
ORDER BY moment, leg_no, row_key;

-- name: of_break
-- One row is a source row of the instant of a break: what moved there, what states the balance, what its hint names.
SELECT m.row_key FROM movements m JOIN breaks_stored b ON m.account = b.account AND m.venue = b.venue AND m.wallet = b.wallet
  AND m.asset = b.asset AND m.moved_at = b.broken_at WHERE b.break_id = $id
UNION SELECT row_key FROM breaks_stored WHERE break_id = $id AND row_key IS NOT NULL
UNION SELECT unnest(rows)::HUGEINT FROM hints WHERE break_id = $id ORDER BY row_key;

-- name: of_funding
SELECT row_key FROM funding WHERE period_of(paid_at, $by) = $a AND owner(account, venue) = $b AND coalesce(symbol, '') = $c AND asset = $d
ORDER BY paid_at, row_key;

-- name: of_interest
-- One row is a charge of interest, or a repayment that alone shows it.
SELECT row_key FROM (
  SELECT row_key, accrued_at AS moment FROM interest
  WHERE period_of(accrued_at, $by) = $a AND owner(account, venue) = $b AND coalesce(pair, '') = $c AND asset = $d
  UNION ALL
  SELECT e.row_key, e.happened_at FROM loan_events e JOIN loans_stored l USING (loan_id)
  WHERE e.kind = 'accrued' AND e.how = 'implied' AND period_of(e.happened_at, $by) = $a AND owner(l.account, l.venue) = $b
    AND coalesce(l.pair, '') = $c AND e.asset = $d)
GROUP BY row_key ORDER BY min(moment), row_key;

-- name: of_income
-- One row is a source row behind a line of income or expenses, as `reports/income.sql` groups them.
WITH lines AS (
  SELECT l.row_key, l.filled_at AS booked_at, p.account, p.venue,
    CASE WHEN p.product IN ('spot', 'margin') THEN p.product ELSE 'derivative' END AS "group", 'result' AS part, p.settle_asset AS asset, '' AS loan_id
  FROM legs l JOIN positions p USING (position_id) WHERE l.realized IS NULL OR l.realized <> 0
  UNION ALL BY NAME
  SELECT c.row_key, c.booked_at, c.account, c.venue,
    CASE WHEN c.how = 'loan' THEN 'loan' WHEN c.cause = 'interest' THEN 'margin'
      WHEN c.cause IN ('funding', 'insurance', 'realized_pnl', 'session_result') THEN 'derivative'
      WHEN p.product IN ('spot', 'margin') THEN p.product WHEN p.product IS NOT NULL OR c.wallet IN ('usdm', 'coinm') THEN 'derivative'
      WHEN c.cause = 'trading_fee' THEN 'spot' ELSE 'margin' END AS "group",
    CASE WHEN c.cause IN ('realized_pnl', 'session_result') THEN 'result' ELSE c.cause END AS part, c.asset,
    CASE WHEN c.cause = 'interest' OR c.how = 'loan' THEN coalesce(d.loan_id, '') ELSE '' END AS loan_id
  FROM costs c LEFT JOIN positions p USING (position_id)
  LEFT JOIN (
    SELECT row_key - row_key % 256 AS base, CASE kind WHEN 'accrued' THEN 'interest' ELSE kind END AS cause, min(loan_id) AS loan_id
    FROM loan_events WHERE kind IN ('accrued', 'liquidation_fee') GROUP BY ALL) d
    ON d.base = c.row_key - c.row_key % 256 AND d.cause = c.cause
  WHERE c.amount <> 0
  UNION ALL BY NAME
  SELECT row_key, moved_at AS booked_at, account, venue, 'other' AS "group",
    CASE WHEN cause IN ('correction', 'unknown') THEN 'other' ELSE cause END AS part, asset, '' AS loan_id
  FROM movements WHERE pool = 'asset' AND cause IN ('income', 'rebate', 'network_fee', 'correction', 'unknown')
  UNION ALL BY NAME
  SELECT unnest([sent_key, received_key]) AS row_key, sent_at AS booked_at, from_account AS account, from_venue AS venue, 'other' AS "group",
    'network_fee' AS part, asset, '' AS loan_id FROM transfer_matches WHERE fee > booked_fee
  UNION ALL BY NAME
  SELECT e.row_key, e.happened_at AS booked_at, l.account, l.venue, 'loan' AS "group", 'written_off' AS part, e.asset, l.loan_id
  FROM loan_events e JOIN loans_stored l USING (loan_id) WHERE e.kind = 'written_off'
)
SELECT row_key FROM lines
WHERE period_of(booked_at, $by) = $a AND owner(account, venue) = $b AND "group" = $c AND part = $d AND asset = $e AND loan_id = $f
  AND row_key IS NOT NULL
GROUP BY row_key ORDER BY min(booked_at), row_key;

-- name: of_loan
SELECT row_key FROM loan_events WHERE loan_id = $id AND row_key IS NOT NULL GROUP BY row_key
ORDER BY min(event_no);

-- name: of_position_period
SELECT row_key FROM (
  SELECT row_key, filled_at AS moment FROM legs WHERE position_id = $b AND row_key IS NOT NULL
  UNION ALL SELECT row_key, booked_at FROM costs_stored WHERE position_id = $b AND row_key IS NOT NULL)
WHERE period_of(moment, $by) = $a GROUP BY row_key ORDER BY min(moment), row_key;

-- name: of_remainder
SELECT row_key FROM (
SELECT row_key, booked_at AS moment FROM costs_stored WHERE position_id IS NULL AND row_key IS NOT NULL AND owner(account, venue) = $b
  AND ($a IS NULL OR period_of(booked_at, $by) = $a) AND coalesce(symbol, '') = $c AND asset = $d
UNION ALL
SELECT m.row_key, m.moved_at FROM movements m JOIN costs_stored c ON c.position_id IS NULL AND c.row_key IS NULL
  AND c.account = m.account AND c.venue = m.venue AND c.wallet = m.wallet AND c.asset = m.asset AND c.cause = m.cause
  AND CAST(c.booked_at AS DATE) = CAST(m.moved_at AS DATE) AND coalesce(c.symbol, m.symbol, '') = coalesce(m.symbol, '')
WHERE owner(c.account, c.venue) = $b AND ($a IS NULL OR period_of(c.booked_at, $by) = $a) AND coalesce(c.symbol, '') = $c AND c.asset = $d)
GROUP BY row_key ORDER BY min(moment), row_key;

-- name: of_balance
SELECT row_key FROM movements WHERE owner(account, venue) = $a AND wallet = $b AND asset = $c ORDER BY moved_at, row_key;

-- name: of_entry
-- One row is a leg that an entry by hand may have.
SELECT s.key + s.nth * 256 + leg AS row_key FROM sightings_stored s JOIN files f USING (file_no), range(8) AS legs(leg)
WHERE f.name = $id AND by_hand(f.format);

-- name: of_postings
SELECT row_key FROM postings WHERE owner(account, venue) = $a AND posting_account = $b AND asset = $c AND row_key IS NOT NULL
ORDER BY row_key;

-- name: of_reconcile
SELECT row_key FROM (
  SELECT row_key, moved_at AS moment FROM movements
  WHERE pool = 'asset' AND period_of(moved_at, $by) = $a AND owner(account, venue) = $b AND wallet = $c AND asset = $d
  UNION ALL  -- what came late for the months closed before it
  SELECT m.row_key, m.moved_at FROM movements m JOIN files f ON f.file_id = m.file_id
  JOIN closes c ON c.account = m.account AND c.reopened_at IS NULL AND period_of(c.ends_at, $by) = $a AND m.moved_at < c.ends_at
    AND f.import_no > c.seq
  WHERE m.pool = 'asset' AND owner(m.account, m.venue) = $b AND m.wallet = $c AND m.asset = $d
  UNION ALL
  SELECT row_key, stated_at FROM stated_balances
  WHERE kind = 'wallet' AND period_of(stated_at, $by) = $a AND owner(account, venue) = $b AND wallet = $c AND asset = $d)
GROUP BY row_key ORDER BY min(moment), row_key;

-- name: scope_of
SELECT DISTINCT account, venue, wallet FROM coverage WHERE owner(account, venue) = $a AND wallet = $b ORDER BY ALL;

-- name: of_gap
SELECT unnest(rows)::DECIMAL(38,0) AS row_key FROM gaps WHERE gap_id = $id;
