-- name: chains
-- One row is an asset: the range of stated balance less running sum.  Where it is one value, it is the opening and the
-- chain holds; else, and where there are statements beside the rows, the asset is followed instant by instant.  From an
-- instant on, where what moved before it is known.
WITH grouped AS (
  SELECT asset, moved_at, sum(amount) AS amount, min(balance_after) AS low, max(balance_after) AS high,
    min(row_key) FILTER (WHERE balance_after IS NOT NULL) AS row_key
  FROM movements
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND pool = 'asset' AND basis <> 'unbooked'
    AND moved_at >= $horizon AND ($assets IS NULL OR list_contains($assets::VARCHAR[], asset))
  GROUP BY asset, moved_at
), running AS (
  SELECT asset, moved_at, low, high, row_key,
    coalesce(moved, 0) + sum(amount) OVER (PARTITION BY asset ORDER BY moved_at) AS running
  FROM grouped LEFT JOIN incoming USING (asset)
), chained AS (
  SELECT asset, min(moved_at) AS first_at, min(moved_at) FILTER (WHERE low IS NOT NULL) AS stated_from,
    max(moved_at) FILTER (WHERE low IS NOT NULL) AS stated_to, CAST(min(low - running) AS DECIMAL(38,18)) AS low_gap,
    CAST(max(high - running) AS DECIMAL(38,18)) AS high_gap, min_by(row_key, moved_at) FILTER (WHERE low IS NOT NULL) AS first_key
  FROM running GROUP BY asset
), snapped AS (
  SELECT asset, count(*) AS snapshots FROM stated_balances
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND kind = 'wallet'
    AND stated_at >= $horizon AND ($assets IS NULL OR list_contains($assets::VARCHAR[], asset)) GROUP BY asset
)
SELECT asset, c.first_at, c.stated_from, c.stated_to, c.low_gap, c.high_gap, c.first_key::DECIMAL(38,0) AS first_key,
  coalesce(s.snapshots, 0) AS snapshots
FROM chained c FULL JOIN snapped s USING (asset) ORDER BY asset;

-- name: assets
SELECT DISTINCT asset FROM movements
WHERE account = $account AND venue = $venue AND wallet = $wallet AND pool = 'asset' AND basis <> 'unbooked'
UNION
SELECT asset FROM stated_balances WHERE account = $account AND venue = $venue AND wallet = $wallet AND kind = 'wallet';

-- name: held
-- One row is an asset whose chain held whole and began before an instant, and of which nothing was derived until then: what
-- the next look need not look at again.
WITH whole AS (
  SELECT asset, min(from_at) AS from_at, min(to_at) AS to_at, min(first_key) AS first_key FROM anchors
  WHERE account = $account AND venue = $venue AND wallet = $wallet GROUP BY asset HAVING count(*) = 1
), before AS (
  SELECT asset, CAST(sum(amount) AS DECIMAL(38,18)) AS moved, bool_and(basis = 'stated') AS is_stated FROM movements
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND pool = 'asset' AND moved_at < $horizon
  GROUP BY asset
)
SELECT asset, o.opening, o.first_at, w.from_at, w.to_at, w.first_key::DECIMAL(38,0) AS first_key, b.moved
FROM openings o JOIN whole w USING (asset) JOIN before b USING (asset)
WHERE account = $account AND venue = $venue AND wallet = $wallet AND o.anchored AND b.is_stated
  AND o.first_at < $horizon AND w.from_at < $horizon ORDER BY asset;

-- name: snapshots
-- One row is a balance that was stated beside the rows (a snapshot, a statement, an assertion), what had moved until then,
-- and what of it in its very instant.
WITH grouped AS (
  SELECT moved_at, sum(amount) AS amount FROM movements
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND asset = $asset AND pool = 'asset' AND basis <> 'unbooked'
    AND moved_at >= $horizon
  GROUP BY moved_at
), running AS (
  SELECT moved_at, amount, $moved + sum(amount) OVER (ORDER BY moved_at) AS running FROM grouped
), snapped AS (
  -- of several statements of one instant a person's counts, and of several persons' the last
  SELECT stated_at, balance, row_key FROM stated_balances b
  LEFT JOIN (SELECT file_id, max(import_no) AS import_no FROM files GROUP BY file_id) f USING (file_id)
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND asset = $asset AND kind = 'wallet'
    AND stated_at >= $horizon
  QUALIFY row_number() OVER (PARTITION BY stated_at ORDER BY by_hand(format) DESC, CASE WHEN by_hand(format) THEN import_no END DESC, row_key) = 1
)
SELECT s.stated_at AS moment, s.balance, s.row_key::DECIMAL(38,0) AS row_key,
  CAST(coalesce(r.running, $moved) AS DECIMAL(38,18)) AS running,
  CAST(CASE WHEN r.moved_at = s.stated_at THEN r.amount ELSE 0 END AS DECIMAL(38,18)) AS in_the_instant
FROM snapped s ASOF LEFT JOIN running r ON s.stated_at >= r.moved_at ORDER BY s.stated_at, s.row_key;

-- name: row_chain
-- The same for one asset row by row, in the venue's order: a running balance that every row carries on.
WITH rows_ AS (
  SELECT moved_at, sequence, row_key - row_key % 256 AS base, sum(amount) AS amount, any_value(balance_after) AS balance
  FROM movements
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND asset = $asset AND pool = 'asset'
    AND basis <> 'unbooked' AND moved_at >= $horizon
  GROUP BY moved_at, sequence, base
), running AS (
  SELECT balance, $moved + sum(amount) OVER (ORDER BY moved_at, sequence, base ROWS UNBOUNDED PRECEDING) AS running FROM rows_
)
SELECT CAST(min(balance - running) AS DECIMAL(38,18)) AS low_gap, CAST(max(balance - running) AS DECIMAL(38,18)) AS high_gap
FROM running;

-- name: groups
-- One row is an instant of an asset, with the balances that the venue lists there, and those before each of its rows.
WITH rows_ AS (
  SELECT moved_at, row_key - row_key % 256 AS base, sum(amount) AS amount, max(sequence) AS sequence,
    max(row_key) FILTER (WHERE balance_after IS NOT NULL) AS row_key, max_by(balance_after, row_key) AS balance
  FROM movements
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND asset = $asset AND pool = 'asset'
    AND basis <> 'unbooked'
  GROUP BY moved_at, base
)
SELECT moved_at AS moment, CAST(sum(amount) AS DECIMAL(38,18)) AS amount,
  list(balance) FILTER (WHERE balance IS NOT NULL) AS stated,
  list(CAST(balance - amount AS DECIMAL(38,18))) FILTER (WHERE balance IS NOT NULL) AS before,
  max_by(balance, (sequence, row_key)) FILTER (WHERE balance IS NOT NULL) AS last_stated,
  max_by(row_key, (sequence, row_key)) FILTER (WHERE balance IS NOT NULL)::DECIMAL(38,0) AS row_key
FROM rows_ GROUP BY moved_at ORDER BY moment;

-- name: spot_fills
SELECT row_key, quantity, price, notional_stated FROM fills
WHERE product IN ('spot', 'margin') AND account = $account AND venue = $venue AND wallet = $wallet;

-- name: keep_spot_notional
CREATE OR REPLACE TEMP TABLE spot_notional AS SELECT row_key::HUGEINT AS row_key, notional FROM incoming;

-- name: derive
-- One row is a change of a balance that a spoken fact implies, where no ledger covers the wallet.
INSERT INTO movements_derived BY NAME
WITH covered AS (
  SELECT from_at, to_at FROM voices
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = 'ledger' AND cause IS NULL
), booked AS (
  SELECT from_at, to_at FROM ledger_spans($account, $venue, $wallet)
), unmentioned AS (  -- a log of one currency (Deribit) says nothing of the others
  SELECT asset FROM (SELECT fee_asset AS asset FROM fills UNION SELECT settle_asset FROM fills UNION SELECT asset FROM funding)
  WHERE $by_currency AND asset IS NOT NULL AND asset NOT IN (
    SELECT asset FROM movements_stated
    WHERE account = $account AND venue = $venue AND wallet = $wallet AND speaks AND NOT by_hand(format))
), every AS (
  SELECT *, 0 AS leg FROM movements_derived WHERE FALSE
  UNION ALL BY NAME
  {rows}
)
SELECT row_key - row_key % 256 + 128 + leg AS row_key, account, venue, wallet, format, file_id, source_row, moved_at, sequence,
  'asset' AS pool, asset, CAST(amount AS DECIMAL(38,18)) AS amount, cause, symbol, instrument, position_side, pair,
  trade_ref, order_ref, transaction_ref,
  CASE WHEN asset NOT IN (FROM unmentioned) AND EXISTS (FROM covered c WHERE e.moved_at >= c.from_at AND e.moved_at < c.to_at)
    THEN 'unbooked' ELSE 'derived' END AS basis
FROM every e WHERE asset IS NOT NULL AND amount IS NOT NULL AND amount <> 0;

-- name: of_fills
-- One row is what a fill, or a share of it, changes.
WITH traded AS (
  SELECT *, product IN ('spot', 'margin') AND position_ref IS NULL AND NOT ($lots AND product = 'margin') AS by_legs,
    NOT by_legs AND product = 'margin' AND execution = 'settlement' AS is_settled,
    EXISTS (FROM booked s WHERE t.filled_at >= s.from_at AND t.filled_at < s.to_at) AS in_ledger
  FROM fills t WHERE account = $account AND venue = $venue AND wallet = $wallet AND execution <> 'opening'
), results AS (
  SELECT l.row_key, min(p.settle_asset) AS settle_asset, sum(l.realized_stated) AS stated, sum(l.realized) AS folded,
    sum(CASE l.side WHEN 'buy' THEN -l.notional ELSE l.notional END) AS paid
  FROM legs l JOIN positions p USING (position_id)
  WHERE p.account = $account AND p.venue = $venue AND p.wallet = $wallet GROUP BY l.row_key
), implied AS (
  SELECT t.*, unnest([
    -- an option's premium is paid when it is traded, its pay-off when it expires
    CASE WHEN product = 'option' THEN struct_pack(leg := 0, asset := r.settle_asset, amount := r.paid, cause := 'trade')
      WHEN NOT by_legs THEN struct_pack(leg := 0, asset := r.settle_asset, amount := coalesce(r.stated, r.folded), cause := 'realized_pnl') END,
    struct_pack(leg := 1, asset := fee_asset, amount := -fee, cause := 'trading_fee'),
    -- who settles a lot pays what was borrowed and keeps what was bought: against the side that closes
    CASE WHEN by_legs OR is_settled THEN struct_pack(leg := 2, asset := split_part(instrument, '/', 1),
      amount := CASE WHEN (side = 'buy') = by_legs THEN quantity ELSE -quantity END, cause := 'trade') END,
    CASE WHEN by_legs OR is_settled THEN struct_pack(leg := 3, asset := split_part(split_part(instrument, '/', 2), ':', 1),
      amount := CASE WHEN (side = 'buy') = by_legs THEN -n.notional ELSE n.notional END, cause := 'trade') END
  ], recursive := TRUE)
  FROM traded t LEFT JOIN results r USING (row_key) LEFT JOIN spot_notional n USING (row_key)
)
SELECT row_key, account, venue, wallet, format, file_id, source_row, leg, filled_at AS moved_at, sequence, asset, amount,
  cause, symbol, instrument, position_side, pair, trade_ref, order_ref
FROM implied WHERE NOT in_ledger OR asset IN (FROM unmentioned);

-- name: of_funding
-- One row is a payment of funding.
SELECT row_key, account, venue, wallet, format, file_id, source_row, 4 AS leg, paid_at AS moved_at, asset, amount,
  'funding' AS cause, symbol, instrument, position_side
FROM funding t WHERE account = $account AND venue = $venue AND wallet = $wallet
  AND (asset IN (FROM unmentioned) OR NOT EXISTS (FROM booked s WHERE t.paid_at >= s.from_at AND t.paid_at < s.to_at));

-- name: moved
-- Transfers that no ledger books, as a common table expression.
lenders AS (  -- whoever speaks for the debts speaks for the collateral, where he states any
  SELECT DISTINCT v.from_at, v.to_at, f.format FROM voices v JOIN files f ON f.series = v.series
  WHERE v.account = $account AND v.venue = $venue AND v.wallet = $wallet AND v.fact = 'borrow_repay'
    AND EXISTS (FROM transfers p WHERE p.account = $account AND p.venue = $venue AND p.wallet = $wallet
      AND p.kind IN ('pledged', 'released') AND p.format = f.format)
), moved AS (
  SELECT * FROM transfers t WHERE account = $account AND venue = $venue AND wallet = $wallet
    AND kind IN ('deposit', 'withdrawal', 'internal', 'pledged', 'released')
    AND NOT EXISTS (FROM covered s WHERE t.moved_at >= s.from_at AND t.moved_at < s.to_at)
    AND (kind NOT IN ('pledged', 'released')
      OR NOT EXISTS (FROM lenders l WHERE t.moved_at >= l.from_at AND t.moved_at < l.to_at)
      OR EXISTS (FROM lenders l WHERE t.moved_at >= l.from_at AND t.moved_at < l.to_at AND l.format = t.format))
);

-- name: of_transfers
-- One row is a transfer, or its network fee.
WITH {moved}
SELECT row_key, account, venue, wallet, format, file_id, source_row, 5 AS leg, moved_at, asset, amount,
  CASE WHEN kind = 'internal' THEN 'transfer' WHEN kind IN ('pledged', 'released') THEN 'pledge' ELSE kind END AS cause,
  transaction_ref
FROM moved
UNION ALL BY NAME
SELECT row_key, account, venue, wallet, format, file_id, source_row, 6 AS leg, moved_at, asset, -fee AS amount,
  'network_fee' AS cause, transaction_ref
FROM moved;

-- name: of_conversions
-- One row is a leg of a conversion.
SELECT row_key, account, venue, wallet, format, file_id, source_row, 12 AS leg, booked_at AS moved_at, asset, amount,
  'conversion' AS cause, symbol
FROM conversions t WHERE account = $account AND venue = $venue AND wallet = $wallet AND NOT by_hand(format)
  AND kind IS DISTINCT FROM 'collateral_sale'  -- what was pledged has left the wallet; what it brings pays the debt
  AND NOT EXISTS (FROM covered s WHERE t.booked_at >= s.from_at AND t.booked_at < s.to_at);

-- name: of_liquidations
-- What a sale of collateral leaves comes back, unless a row of its own says so.
WITH {moved}
SELECT row_key, account, venue, wallet, format, file_id, source_row, 14 AS leg, liquidated_at AS moved_at, symbol AS asset,
  returned AS amount, 'pledge' AS cause, pair
FROM liquidations t WHERE account = $account AND venue = $venue AND wallet = $wallet AND stage = 'collateral_sale'
  AND NOT EXISTS (FROM covered s WHERE t.liquidated_at >= s.from_at AND t.liquidated_at < s.to_at)
  AND NOT EXISTS (FROM moved m WHERE m.kind = 'released' AND m.asset = t.symbol AND m.amount = t.returned
    AND m.moved_at BETWEEN t.liquidated_at AND t.liquidated_at + INTERVAL 1 DAY);

-- name: of_adjustments
-- One row is an adjustment, by its cause.
SELECT row_key, account, venue, wallet, format, file_id, source_row, 13 AS leg, booked_at AS moved_at, asset, amount,
  CASE WHEN kind IN ('rebate', 'insurance', 'liquidation_fee', 'correction', 'trading_fee') THEN kind WHEN amount > 0 THEN 'income'
    ELSE 'correction' END AS cause, symbol
FROM adjustments t WHERE account = $account AND venue = $venue AND wallet = $wallet AND NOT by_hand(format)
  AND NOT EXISTS (FROM covered s WHERE t.booked_at >= s.from_at AND t.booked_at < s.to_at);

-- name: of_borrows
-- One row is what was borrowed.
SELECT row_key, account, venue, wallet, format, file_id, source_row, 8 AS leg, borrowed_at AS moved_at, asset, amount,
  'borrow' AS cause, pair
FROM borrows t WHERE account = $account AND venue = $venue AND wallet = $wallet AND NOT $lots
  AND NOT EXISTS (FROM booked s WHERE t.borrowed_at >= s.from_at AND t.borrowed_at < s.to_at);

-- name: of_repayments
-- One row is the principal, or the interest, of a repayment.
WITH paid_back AS (
  SELECT row_key,
    CAST(coalesce(sum(amount) FILTER (WHERE e.kind = 'repaid_interest'), 0) AS DECIMAL(38,18)) AS interest
  FROM loan_events e JOIN loans_stored l USING (loan_id)
  WHERE l.account = $account AND l.venue = $venue AND l.wallet = $wallet AND e.kind IN ('repaid_principal', 'repaid_interest')
  GROUP BY row_key
), repaid AS (
  SELECT r.*, coalesce(p.interest, 0) AS interest_part FROM repayments r LEFT JOIN paid_back p USING (row_key)
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND kind IS DISTINCT FROM 'collateral_sale' AND NOT $lots
    AND NOT EXISTS (FROM booked s WHERE r.repaid_at >= s.from_at AND r.repaid_at < s.to_at)
)
SELECT row_key, account, venue, wallet, format, file_id, source_row, 9 AS leg, repaid_at AS moved_at, asset,
  interest_part - amount AS amount, 'repay_principal' AS cause, pair
FROM repaid
UNION ALL BY NAME
SELECT row_key, account, venue, wallet, format, file_id, source_row, 10 AS leg, repaid_at AS moved_at, asset,
  -interest_part AS amount, 'repay_interest' AS cause, pair
FROM repaid;

-- name: of_interest
-- One row is interest that is paid when it accrues.
SELECT row_key, account, venue, wallet, format, file_id, source_row, 11 AS leg, accrued_at AS moved_at, asset,
  -amount AS amount, 'interest' AS cause, pair
FROM interest t WHERE account = $account AND venue = $venue AND wallet = $wallet AND kind IN ('rollover', 'negative_balance')
  AND NOT EXISTS (FROM booked s WHERE t.accrued_at >= s.from_at AND t.accrued_at < s.to_at);

-- name: derive_debts
-- One row is a change of what is owed, by the rows that say so.
INSERT INTO movements_derived BY NAME
WITH changed AS (
  SELECT e.* EXCLUDE (kind), e.kind AS change, l.account, l.venue, l.wallet, l.pair,
    row_number() OVER (PARTITION BY e.row_key - e.row_key % 256 ORDER BY e.loan_id, e.event_no) AS leg
  FROM loan_events e JOIN loans_stored l USING (loan_id)
  WHERE l.account = $account AND l.venue = $venue AND l.wallet = $wallet AND l.kind IN ('loan', 'margin')
    AND e.kind IN ('drawn', 'accrued', 'repaid_principal', 'repaid_interest', 'written_off')
), origin AS (
  SELECT row_key, format, file_id, source_row FROM borrows_stated
  UNION ALL SELECT row_key, format, file_id, source_row FROM repayments_stated
  UNION ALL SELECT row_key, format, file_id, source_row FROM interest_stated
  UNION ALL SELECT row_key, format, file_id, source_row FROM liquidations_stated
  UNION ALL SELECT row_key, format, file_id, source_row FROM transfers_stated
)
SELECT c.row_key - c.row_key % 256 + 144 + c.leg AS row_key, account, venue, wallet, format, file_id, source_row,
  c.happened_at AS moved_at, 'debt' AS pool, c.asset,
  CASE WHEN c.change IN ('drawn', 'accrued') THEN c.amount ELSE -c.amount END AS amount,
  CASE c.change WHEN 'drawn' THEN 'borrow' WHEN 'accrued' THEN 'interest' WHEN 'repaid_principal' THEN 'repay_principal'
    WHEN 'repaid_interest' THEN 'repay_interest' ELSE 'correction' END AS cause,
  pair, 'derived' AS basis
FROM changed c JOIN origin o USING (row_key);

-- name: edges
-- One row is a derived movement, or a spoken one of the ledger, close to an end of what the ledger covers; both parts of a
-- repayment are one, since the ledger may not split it.
WITH covered AS (
  SELECT from_at, to_at FROM voices
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = 'ledger' AND cause IS NULL
), near AS (
  SELECT row_key, basis = 'stated' AS stated, moved_at AS moment, asset AS what, amount,
    CASE WHEN cause IN ('repay_principal', 'repay_interest') THEN 'repay' ELSE cause END AS cause,
    CASE WHEN cause IN ('repay_principal', 'repay_interest') THEN row_key - row_key % 256 ELSE row_key END AS whole
  FROM movements m
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND pool = 'asset' AND NOT by_hand(format) AND EXISTS (
    FROM covered c WHERE m.moved_at BETWEEN c.from_at - $reach AND c.from_at + $reach
      OR m.moved_at BETWEEN c.to_at - $reach AND c.to_at + $reach)
)
SELECT min(row_key)::DECIMAL(38,0) AS row_key, stated, moment, what, cause, CAST(sum(amount) AS DECIMAL(38,18)) AS amount
FROM near GROUP BY stated, moment, what, cause, whole;

-- name: distance
-- How far the clock of a ledger may be off that of the facts that movements are derived from.
SELECT max(skew_s + resolution_s) FROM coverage WHERE account = $account AND venue = $venue AND wallet = $wallet;

-- name: delete_doubled
DELETE FROM movements_derived WHERE row_key IN (SELECT row_key::HUGEINT FROM incoming)
  OR pool = 'asset' AND cause IN ('repay_principal', 'repay_interest')
    AND row_key - row_key % 256 IN (
      SELECT k.row_key - k.row_key % 256 FROM (SELECT row_key::HUGEINT AS row_key FROM incoming) k);

-- name: delete_derived
DELETE FROM movements_derived WHERE account = $account AND venue = $venue AND wallet = $wallet;

-- name: delete_chain
DELETE FROM {table} WHERE account = $account AND venue = $venue AND wallet = $wallet;
