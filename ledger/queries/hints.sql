-- name: delete
DELETE FROM hints;

-- name: any_break
SELECT 1 FROM breaks_stored LIMIT 1;

-- name: keep_breaks
-- One row is a break, numbered, with the row that states the last balance that held; of many the first of each balance.
CREATE OR REPLACE TEMP TABLE hint_breaks AS
WITH first AS (
  FROM breaks_stored
  QUALIFY row_number() OVER (PARTITION BY account, venue, wallet, asset ORDER BY broken_at, break_id) <= $of_one
), numbered AS (
  SELECT row_number() OVER (ORDER BY account, venue, wallet, asset, broken_at, break_id) AS no, * FROM first
  QUALIFY row_number() OVER (ORDER BY broken_at, break_id) <= $most
), of_rows AS (
  SELECT b.no, max_by(m.row_key, (m.sequence, m.row_key)) AS row_key
  FROM numbered b JOIN movements m ON m.account = b.account AND m.venue = b.venue AND m.wallet = b.wallet AND m.asset = b.asset
    AND m.moved_at = b.since_at
  WHERE m.balance_after IS NOT NULL AND m.pool = 'asset' GROUP BY b.no
), of_statements AS (
  SELECT b.no, min(s.row_key) AS row_key
  FROM numbered b JOIN stated_balances s ON s.account = b.account AND s.venue = b.venue AND s.wallet = b.wallet
    AND s.asset = b.asset AND s.stated_at = b.since_at
  WHERE s.kind = 'wallet' GROUP BY b.no
)
SELECT b.*, coalesce(r.row_key, s.row_key) AS since_key, s.row_key IS NOT NULL AS since_statement,
  b.row_key IN (SELECT row_key FROM stated_balances WHERE kind = 'wallet') AS by_statement
FROM numbered b LEFT JOIN of_rows r USING (no) LEFT JOIN of_statements s USING (no);

-- name: keep_counts
-- One row is a break, with how many movements lie between its ends and whether they are looked at one by one.
CREATE OR REPLACE TEMP TABLE hint_counts AS
WITH near AS (
  SELECT account, venue, wallet, asset, moved_at FROM movements
  SEMI JOIN hint_breaks USING (account, venue, wallet, asset)
  WHERE pool = 'asset' AND basis <> 'unbooked'
), counted AS (
  SELECT b.no, count(*) AS rows, count(*) FILTER (WHERE m.moved_at < b.broken_at) AS earlier FROM near m
  ASOF JOIN hint_breaks b ON m.account = b.account AND m.venue = b.venue AND m.wallet = b.wallet AND m.asset = b.asset
    AND m.moved_at > b.since_at
  WHERE m.moved_at <= b.broken_at GROUP BY b.no
)
SELECT no, coalesce(rows, 0) AS rows, coalesce(earlier, 0) AS earlier,
  coalesce(rows, 0) <= $each AND sum(coalesce(rows, 0)) OVER (ORDER BY rows NULLS FIRST, no) <= $all AS looked_at
FROM hint_breaks LEFT JOIN counted USING (no);

-- name: keep_rows
-- One row is a movement between the ends of a break; in the instant of a statement it may be from before or after it.
CREATE OR REPLACE TEMP TABLE hint_rows AS
WITH breaks AS (
  SELECT b.* FROM hint_breaks b JOIN hint_counts c USING (no) WHERE c.looked_at
), near AS (
  SELECT * FROM movements SEMI JOIN breaks USING (account, venue, wallet, asset)
  WHERE pool = 'asset' AND basis <> 'unbooked'
), inside AS (
  SELECT b.no, b.difference, m.* FROM near m
  ASOF JOIN breaks b ON m.account = b.account AND m.venue = b.venue AND m.wallet = b.wallet AND m.asset = b.asset
    AND m.moved_at > b.since_at
  WHERE m.moved_at <= b.broken_at
  UNION ALL
  SELECT b.no, b.difference, m.* FROM near m JOIN breaks b ON m.account = b.account AND m.venue = b.venue AND m.wallet = b.wallet
    AND m.asset = b.asset AND m.moved_at = b.since_at
  WHERE b.since_statement
)
SELECT no, difference, row_key, row_key - row_key % 256 AS base, moved_at, sequence, amount, cause, symbol, balance_after, format, file_id,
  coalesce(trade_ref, '') || '|' || coalesce(order_ref, '') || '|' || coalesce(transaction_ref, '') || '|' || coalesce(pair, '') AS refs
FROM inside;

-- name: keep_events
-- One row is what one source row moved of the asset, all its parts together.
CREATE OR REPLACE TEMP TABLE hint_events AS
SELECT no, base, any_value(difference) AS difference, min(row_key) AS row_key, min(moved_at) AS moved_at,
  min(sequence) AS sequence, CAST(sum(amount) AS DECIMAL(38,18)) AS amount, string_agg(DISTINCT cause, '+' ORDER BY cause) AS cause, min(symbol) AS symbol,
  min(format) AS format, min(file_id) AS file_id, min(refs) AS refs, max(balance_after) AS balance_after, count(*) AS parts
FROM hint_rows GROUP BY no, base;

-- name: drop_tables
DROP TABLE IF EXISTS hint_breaks; DROP TABLE IF EXISTS hint_counts; DROP TABLE IF EXISTS hint_rows;
DROP TABLE IF EXISTS hint_events;

-- name: breaks
SELECT b.no, b.break_id, b.account, b.venue, b.wallet, b.asset, b.since_at, b.broken_at, b.stated, b.difference,
  b.row_key::DECIMAL(38,0) AS key, b.since_key::DECIMAL(38,0) AS since_key, b.by_statement, b.since_statement, c.rows, c.earlier, c.looked_at
FROM hint_breaks b JOIN hint_counts c USING (no) ORDER BY b.no;

-- name: formats
-- One row is a wallet's asset with the formats that its rows are from.
SELECT account, venue, wallet, asset, string_agg(DISTINCT format, ', ' ORDER BY format) FILTER (WHERE NOT by_hand(format)) AS formats
FROM movements SEMI JOIN hint_breaks USING (account, venue, wallet, asset) WHERE pool = 'asset' GROUP BY ALL;

-- name: say_of_others
-- The breaks that are too many to be looked at one by one.
INSERT INTO hints BY NAME
SELECT break_id, 'unknown' AS kind, 'one of very many breaks, which were not looked at one by one: ' || $sentence AS sentence,
  [row_key::VARCHAR] AS rows
FROM breaks_stored WHERE break_id NOT IN (SELECT break_id FROM hint_breaks);

-- name: places
-- One row is a source row with the file and line that show it; of several files the first by name, whatever was imported first.
WITH wanted AS (SELECT row_key::HUGEINT AS row_key FROM incoming), bases AS (
  SELECT row_key, row_key - row_key % 256 AS base FROM wanted
), seen AS (
  SELECT b.row_key, min((f.name, s.source_row)) AS place
  FROM sightings_stored s JOIN bases b ON s.key + s.nth * 256 = b.base JOIN files f USING (file_no) GROUP BY b.row_key
)
SELECT row_key::DECIMAL(38,0) AS row_key, place[1] AS name, place[2] AS line FROM seen;

-- name: twins
-- One row is a source row that takes the difference and is there twice.
SELECT e.no, e.row_key::DECIMAL(38,0) AS row_key, t.row_key::DECIMAL(38,0) AS twin_key, e.moved_at, e.amount, e.cause, e.symbol,
  t.moved_at AS twin_at
FROM hint_events e JOIN hint_events t ON t.no = e.no AND t.amount = e.amount AND t.base > e.base
WHERE e.amount + e.difference = 0 AND (
  e.moved_at = t.moved_at AND e.cause = t.cause AND e.symbol IS NOT DISTINCT FROM t.symbol AND e.refs = t.refs
  OR e.format <> t.format AND t.moved_at BETWEEN e.moved_at - INTERVAL 5 SECOND AND e.moved_at + INTERVAL 5 SECOND)
ORDER BY ALL;

-- name: negated
-- One row is a source row, or a part of one, that would explain the difference with the other sign.
SELECT no, row_key::DECIMAL(38,0) AS row_key, moved_at, amount, cause, symbol FROM hint_events
WHERE amount + amount + difference = 0
UNION
SELECT no, row_key::DECIMAL(38,0), moved_at, amount, cause, symbol FROM hint_rows WHERE amount + amount + difference = 0
ORDER BY ALL;

-- name: too_much
-- One row is a source row, or a part of one, without which the balance would hold.
SELECT no, row_key::DECIMAL(38,0) AS row_key, moved_at, amount, cause, symbol FROM hint_events WHERE amount + difference = 0
UNION
SELECT no, row_key::DECIMAL(38,0), moved_at, amount, cause, symbol FROM hint_rows WHERE amount + difference = 0
ORDER BY ALL;

-- name: sums
-- One row is all that several rows of one cause moved between the ends of a break, where it is the difference or half of it.
SELECT no, cause, count(*) AS rows, CAST(sum(amount) AS DECIMAL(38,18)) AS amount, min(moved_at) AS first_at, max(moved_at) AS last_at,
  list(row_key::DECIMAL(38,0)::VARCHAR ORDER BY moved_at, row_key)[:20] AS keys
FROM hint_rows GROUP BY no, cause, difference
HAVING count(*) > 1 AND (sum(amount) + difference = 0 OR sum(amount) + sum(amount) + difference = 0) ORDER BY ALL;

-- name: decimals
-- One row is a file between the ends of a break: how many decimals its amounts of the asset have at most.
WITH finest AS (
  SELECT account, venue, wallet, asset, file_id, max(length(rtrim(split_part(amount::VARCHAR, '.', 2), '0'))) AS decimals
  FROM movements SEMI JOIN hint_breaks USING (account, venue, wallet, asset) WHERE pool = 'asset' GROUP BY ALL
)
SELECT r.no, min(f.decimals) AS decimals
FROM (SELECT DISTINCT no, file_id FROM hint_rows) r JOIN hint_breaks b USING (no)
JOIN finest f ON f.account = b.account AND f.venue = b.venue AND f.wallet = b.wallet AND f.asset = b.asset AND f.file_id = r.file_id
GROUP BY r.no ORDER BY r.no;

-- name: displaced
-- One row is a row that is too much after one break and lacks before another of the same wallet, some hours away.
SELECT i.no, j.no AS other, e.row_key::DECIMAL(38,0) AS row_key, e.moved_at, e.amount, e.cause, e.symbol, i.since_at, i.broken_at,
  i.since_statement
FROM hint_breaks i JOIN hint_breaks j ON j.account = i.account AND j.venue = i.venue AND j.wallet = i.wallet AND j.asset = i.asset
  AND j.difference + i.difference = 0 AND j.no <> i.no
JOIN hint_events e ON e.no = j.no AND e.amount = i.difference
WHERE e.moved_at BETWEEN i.since_at - INTERVAL 14 HOUR AND i.broken_at + INTERVAL 14 HOUR AND NOT (e.balance_after IS NOT NULL AND j.row_key - j.row_key % 256 = e.base)
ORDER BY ALL;

-- name: displaced_stating
-- The same of a row that states its own balance: it breaks the chain where it lacks, where it stands, and after it.
WITH following AS (
  SELECT *, lead(no) OVER chain AS next_no, coalesce(lead(difference) OVER chain, 0) AS next_difference FROM hint_breaks
  WINDOW chain AS (PARTITION BY account, venue, wallet, asset ORDER BY broken_at)
)
SELECT i.no, j.no AS other, j.next_no, e.row_key::DECIMAL(38,0) AS row_key, e.moved_at, e.amount, e.cause, e.symbol, i.since_at,
  i.broken_at, i.since_statement
FROM following j JOIN hint_events e ON e.no = j.no AND e.balance_after IS NOT NULL
JOIN hint_breaks i ON i.account = j.account AND i.venue = j.venue AND i.wallet = j.wallet AND i.asset = j.asset
  AND i.difference = e.amount AND i.no <> j.no
WHERE e.moved_at BETWEEN i.since_at - INTERVAL 14 HOUR AND i.broken_at + INTERVAL 14 HOUR
  AND (j.difference + j.next_difference + i.difference = 0 OR j.next_no IS NULL)
ORDER BY ALL;

-- name: clocks
-- One row is a time of day at which a charge that returns has come several times.
SELECT account, venue, wallet, asset, cause, strftime(moved_at, '%H:%M') AS clock
FROM movements SEMI JOIN hint_breaks USING (account, venue, wallet, asset)
WHERE pool = 'asset' AND cause IN ('funding', 'interest') GROUP BY ALL HAVING count(*) > 2 ORDER BY ALL;

-- name: partners
-- One row is a row in the time of a break that stands without what rows of its kind nearly always have beside them.
WITH parts AS (
  SELECT account, venue, wallet, asset, coalesce(trade_ref, order_ref, transaction_ref) AS ref, cause, min(moved_at) AS moved_at,
    min(row_key) AS row_key
  FROM movements SEMI JOIN hint_breaks USING (account, venue, wallet, asset)
  WHERE pool = 'asset' AND coalesce(trade_ref, order_ref, transaction_ref) IS NOT NULL GROUP BY ALL
), events AS (
  SELECT account, venue, wallet, asset, ref, list(cause ORDER BY cause) AS causes, min(moved_at) AS moved_at, min(row_key) AS row_key
  FROM parts GROUP BY ALL
), patterns AS (
  SELECT account, venue, wallet, asset, causes, count(*) AS times FROM events GROUP BY ALL
), rare AS (
  SELECT p.*, q.causes AS usual, q.times AS usually FROM patterns p JOIN patterns q USING (account, venue, wallet, asset)
  WHERE len(q.causes) = len(p.causes) + 1 AND list_has_all(q.causes, p.causes) AND q.times >= 3 AND p.times <= 2
), alone AS (
  SELECT e.*, r.usual, r.usually FROM events e JOIN rare r USING (account, venue, wallet, asset, causes)
), near AS (
  SELECT b.no, a.* FROM alone a ASOF JOIN hint_breaks b ON a.account = b.account AND a.venue = b.venue AND a.wallet = b.wallet
    AND a.asset = b.asset AND a.moved_at >= b.since_at
  WHERE a.moved_at <= b.broken_at
  UNION
  SELECT b.no, a.* FROM alone a ASOF JOIN hint_breaks b ON a.account = b.account AND a.venue = b.venue AND a.wallet = b.wallet
    AND a.asset = b.asset AND a.moved_at > b.since_at
  WHERE a.moved_at <= b.broken_at
)
SELECT no, row_key::DECIMAL(38,0) AS row_key, moved_at, ref, causes[1] AS cause, list_filter(usual, lambda word: NOT list_contains(causes, word))[1] AS lacks, usually
FROM near ORDER BY ALL;

-- name: kinds
-- One row is a cause of the rows of a wallet's asset, with its smallest and largest amounts by sign.
SELECT account, venue, wallet, asset, cause, amount > 0 AS gains, count(*) AS rows, min(amount) AS low, max(amount) AS high
FROM movements SEMI JOIN hint_breaks USING (account, venue, wallet, asset)
WHERE pool = 'asset' AND amount <> 0 GROUP BY ALL ORDER BY ALL;

-- name: equals
-- One row is a break whose difference is exactly what other rows of the wallet moved.
SELECT b.no, m.cause, count(*) AS rows FROM hint_breaks b JOIN movements m ON m.account = b.account AND m.venue = b.venue
  AND m.wallet = b.wallet AND m.asset = b.asset AND m.amount = b.difference
WHERE m.pool = 'asset' GROUP BY ALL ORDER BY ALL;

-- name: pinned
-- One row is the very row at which the running balance fails, with the row before it, where every row between the ends of a
-- break states one and carries it on, but for one.
WITH ordered AS (
  SELECT e.*, b.since_key, b.since_at, coalesce(lag(e.balance_after) OVER steps, b.expected - t.total) AS before,
    coalesce(lag(e.row_key) OVER steps, b.since_key) AS prior_key, coalesce(lag(e.moved_at) OVER steps, b.since_at) AS prior_at
  FROM hint_events e JOIN hint_breaks b USING (no)
  JOIN (SELECT no, sum(amount) AS total FROM hint_events GROUP BY no) t USING (no)
  WHERE NOT b.since_statement AND NOT b.by_statement
  WINDOW steps AS (PARTITION BY e.no ORDER BY e.moved_at, e.sequence, e.base)
)
SELECT no, min(row_key) FILTER (WHERE balance_after - before <> amount)::DECIMAL(38,0) AS key,
  min(moved_at) FILTER (WHERE balance_after - before <> amount) AS broken_at,
  min(prior_key) FILTER (WHERE balance_after - before <> amount)::DECIMAL(38,0) AS prior_key,
  min(prior_at) FILTER (WHERE balance_after - before <> amount) AS prior_at
FROM ordered GROUP BY no
HAVING bool_and(balance_after IS NOT NULL) AND count(*) FILTER (WHERE balance_after - before <> amount) = 1 ORDER BY no;

-- name: numbering
-- One row is the place and number of the two rows that state the ends of a break.
WITH numbers AS (
  SELECT DISTINCT file_id, sequence FROM movements SEMI JOIN hint_breaks USING (account, venue) WHERE sequence IS NOT NULL
), ranked AS (
  SELECT file_id, sequence, row_number() OVER (PARTITION BY file_id ORDER BY sequence) AS place FROM numbers
), of_file AS (
  SELECT file_id, min(sequence) AS low, max(sequence) AS high, count(*) AS rows FROM numbers GROUP BY file_id
)
SELECT b.no, s.sequence AS since_no, m.sequence AS broken_no, s.file_id = m.file_id AS same_file, s.source_row AS since_row,
  m.source_row AS broken_row, f.low, f.high, f.rows, p.place AS since_place, q.place AS broken_place
FROM (SELECT no, key::HUGEINT AS row_key, since_key::HUGEINT AS since_key FROM incoming) i JOIN hint_breaks b USING (no)
JOIN movements m ON m.row_key = i.row_key JOIN movements s ON s.row_key = i.since_key
LEFT JOIN of_file f ON f.file_id = m.file_id LEFT JOIN ranked p ON p.file_id = s.file_id AND p.sequence = s.sequence
LEFT JOIN ranked q ON q.file_id = m.file_id AND q.sequence = m.sequence ORDER BY b.no;

-- name: jumps
-- One row is a place between statements where the numbers of a file's rows leave some out, in a file that leaves out few.
WITH ids AS (
  SELECT account, venue, wallet, file_id, sequence, min(moved_at) AS moved_at, min(row_key) AS row_key
  FROM movements SEMI JOIN hint_breaks USING (account, venue) WHERE sequence IS NOT NULL AND NOT by_hand(format) GROUP BY ALL
), steps AS (
  SELECT *, sequence - lag(sequence) OVER of_file AS step, lag(sequence) OVER of_file AS last_id, lag(moved_at) OVER of_file AS last_at,
    lag(row_key) OVER of_file AS last_key
  FROM ids WINDOW of_file AS (PARTITION BY file_id ORDER BY sequence)
), dense AS (
  SELECT file_id FROM steps GROUP BY file_id HAVING count(*) > 4 AND count(*) FILTER (WHERE step > 1) < count(*) FILTER (WHERE step = 1)
    AND count(*) FILTER (WHERE step > 1) <= 20
), wide AS (
  SELECT s.*, greatest(moved_at, last_at) AS upper, b.asset FROM steps s SEMI JOIN dense USING (file_id)
  JOIN (SELECT DISTINCT account, venue, wallet, asset FROM hint_breaks) b USING (account, venue, wallet) WHERE step > 1
)
SELECT b.no, w.last_id, w.last_at, w.last_key::DECIMAL(38,0) AS last_key, w.sequence AS id, w.moved_at, w.row_key::DECIMAL(38,0) AS row_key
FROM wide w ASOF JOIN hint_breaks b ON w.account = b.account AND w.venue = b.venue AND w.wallet = b.wallet AND w.asset = b.asset
  AND w.upper > b.since_at
WHERE least(w.moved_at, w.last_at) <= b.broken_at ORDER BY ALL;

-- name: cadence_rows
-- One row is a charge that returns every so many hours, of a wallet's asset with breaks.
SELECT account, venue, wallet, asset, cause, coalesce(symbol, '') AS symbol, coalesce(pair, '') AS pair, moved_at,
  CAST(sum(amount) AS DECIMAL(38,18)) AS amount, min(row_key)::DECIMAL(38,0) AS row_key
FROM movements SEMI JOIN hint_breaks USING (account, venue, wallet, asset)
WHERE pool = 'asset' AND cause IN ('funding', 'interest') GROUP BY ALL ORDER BY ALL LIMIT $most;

-- name: open_positions
-- One row is the time in which a position of a wallet with breaks was open.
SELECT account, venue, wallet, symbol, opened_at, closed_at FROM positions SEMI JOIN hint_breaks USING (account, venue, wallet)
WHERE product = 'perpetual' ORDER BY ALL;

-- name: ranges
-- One row is what a file covers of a wallet with breaks.
SELECT c.account, c.venue, c.wallet, c.asset, c.fact, c.format, c.from_at, c.to_at, c.rows, c.basis, f.name
FROM coverage c JOIN files f USING (file_no)
WHERE (c.account, c.venue, c.wallet) IN (SELECT (account, venue, wallet) FROM hint_breaks) AND c.rank < 9
  AND c.fact IN ('ledger', 'fills', 'funding', 'interest') AND NOT by_hand(c.format) ORDER BY ALL;

-- name: rejected
-- One row is a source row that was not understood, between the accepted rows of its file, in the time of a break.
WITH refused AS (
  SELECT r.file_no, r.source_row, r."column", r.text, r.reason, f.file_id, f.name, f.account, f.venue, f.wallets
  FROM rejects_stored r JOIN files f USING (file_no)
  WHERE (f.account, f.venue) IN (SELECT (account, venue) FROM hint_breaks) ORDER BY r.file_no, r.source_row LIMIT $most
), told AS (
  SELECT file_id, source_row, moved_at AS moment FROM movements_stated SEMI JOIN refused USING (file_id)
  UNION SELECT file_id, source_row, filled_at FROM fills_stated SEMI JOIN refused USING (file_id)
  UNION SELECT file_id, source_row, paid_at FROM funding_stated SEMI JOIN refused USING (file_id)
  UNION SELECT file_id, source_row, accrued_at FROM interest_stated SEMI JOIN refused USING (file_id)
  UNION SELECT file_id, source_row, moved_at FROM transfers_stated SEMI JOIN refused USING (file_id)
), placed AS (
  SELECT r.*, b.moment AS before_it, a.moment AS after_it FROM refused r
  ASOF LEFT JOIN told b ON r.file_id = b.file_id AND r.source_row > b.source_row
  ASOF LEFT JOIN told a ON r.file_id = a.file_id AND r.source_row < a.source_row
)
SELECT b.no, p.name, p.source_row, p."column", p.text, p.reason FROM placed p JOIN hint_breaks b USING (account, venue)
WHERE (p.wallets IS NULL OR len(p.wallets) = 0 OR list_contains(p.wallets, b.wallet))
  AND least(coalesce(p.before_it, p.after_it), coalesce(p.after_it, p.before_it)) <= b.broken_at
  AND greatest(coalesce(p.before_it, p.after_it), coalesce(p.after_it, p.before_it)) >= b.since_at
ORDER BY ALL;

-- name: file_rows
-- One row is a movement of a wallet's asset in which several statements do not fit, with its file.
WITH several AS (
  SELECT account, venue, wallet, asset, min(since_at) AS first_at, max(broken_at) AS last_at FROM hint_breaks
  WHERE by_statement OR since_statement GROUP BY ALL HAVING count(*) > 1
)
SELECT m.account, m.venue, m.wallet, m.asset, m.file_id, m.moved_at, m.amount FROM movements m JOIN several s USING (account, venue, wallet, asset)
WHERE m.pool = 'asset' AND m.basis <> 'unbooked'
  AND m.moved_at BETWEEN s.first_at - INTERVAL 15 HOUR AND s.last_at + INTERVAL 15 HOUR
ORDER BY ALL LIMIT $most;

-- name: file_names
SELECT file_id, min(name) AS name, min(json_extract_string(options, '$.timezone')) AS zone FROM files GROUP BY file_id;

-- name: file_ends
-- One row is a file with running balances: what it begins and ends with, and the times of day of its regular charges.
WITH stating AS (
  SELECT m.*, min(f.name) OVER (PARTITION BY m.file_id) AS name FROM movements m JOIN files f ON f.file_id = m.file_id
  SEMI JOIN hint_breaks b ON b.account = m.account AND b.venue = m.venue AND b.wallet = m.wallet AND b.asset = m.asset
  WHERE m.pool = 'asset' AND m.balance_after IS NOT NULL
), events AS (
  SELECT account, venue, wallet, asset, file_id, name, row_key - row_key % 256 AS base, min(row_key) AS row_key, min(moved_at) AS moved_at,
    min(sequence) AS sequence, CAST(sum(amount) AS DECIMAL(38,18)) AS amount, any_value(balance_after) AS balance, min(cause) AS cause
  FROM stating GROUP BY ALL
)
SELECT account, venue, wallet, asset, file_id, name, min(moved_at) AS first_at, max(moved_at) AS last_at,
  min_by(balance, (moved_at, sequence, base)) AS first_balance, min_by(amount, (moved_at, sequence, base)) AS first_amount,
  max_by(balance, (moved_at, sequence, base)) AS last_balance,
  min_by(row_key, (moved_at, sequence, base))::DECIMAL(38,0) AS first_key, max_by(row_key, (moved_at, sequence, base))::DECIMAL(38,0) AS last_key,
  list(DISTINCT strftime(moved_at, '%H:%M')) FILTER (WHERE cause IN ('funding', 'interest')) AS clocks
FROM events GROUP BY ALL ORDER BY ALL;

-- name: stated_elsewhere
-- One row is a row that states the balance of a statement that does not fit, some hours before or after it.
SELECT b.no, min_by(m.row_key, m.moved_at)::DECIMAL(38,0) AS row_key, min(m.moved_at) AS moved_at
FROM hint_breaks b JOIN movements m ON m.account = b.account AND m.venue = b.venue AND m.wallet = b.wallet AND m.asset = b.asset
  AND m.balance_after = b.stated
WHERE b.by_statement AND m.pool = 'asset' AND m.moved_at BETWEEN b.broken_at - INTERVAL 14 HOUR AND b.broken_at + INTERVAL 14 HOUR
GROUP BY b.no ORDER BY b.no;

-- name: keep_facts
-- One row is what a fact, of whatever export, would move of the asset of a break, in its time or a minute off.
CREATE OR REPLACE TEMP TABLE hint_facts AS
WITH said AS (
  SELECT row_key, account, venue, wallet, format, paid_at AS moment, asset, amount, 'funding' AS what, symbol FROM funding_stated
  UNION ALL SELECT row_key, account, venue, wallet, format, accrued_at, asset, -amount, 'interest', pair FROM interest_stated
    WHERE kind IN ('rollover', 'negative_balance')
  UNION ALL SELECT row_key, account, venue, wallet, format, moved_at, asset, amount, kind, NULL FROM transfers_stated
  UNION ALL SELECT row_key, account, venue, wallet, format, moved_at, asset, -fee, 'network fee', NULL FROM transfers_stated
  UNION ALL SELECT row_key, account, venue, wallet, format, moved_at, asset, amount - fee, kind || ' with its fee', NULL FROM transfers_stated
  UNION ALL SELECT row_key, account, venue, wallet, format, booked_at, asset, amount, 'conversion', symbol FROM conversions_stated
  UNION ALL SELECT row_key, account, venue, wallet, format, booked_at, asset, amount, kind, symbol FROM adjustments_stated
  UNION ALL SELECT row_key, account, venue, wallet, format, liquidated_at, fee_asset, -fee, 'liquidation fee', symbol FROM liquidations_stated
  UNION ALL SELECT row_key, account, venue, wallet, format, borrowed_at, asset, amount, 'borrowing', pair FROM borrows_stated
  UNION ALL SELECT row_key, account, venue, wallet, format, repaid_at, asset, -amount, 'repayment', pair FROM repayments_stated
  UNION ALL SELECT row_key, account, venue, wallet, format, moved_at, asset, amount, cause, symbol FROM movements_stated
    WHERE NOT speaks AND pool = 'asset'
), near AS (
  SELECT b.no, b.difference, b.since_at, b.broken_at, b.since_statement, s.* EXCLUDE (account, venue, wallet) FROM said s
  ASOF JOIN hint_breaks b ON s.account = b.account AND s.venue = b.venue AND s.wallet = b.wallet AND s.asset = b.asset
    AND s.moment > b.since_at
  WHERE s.moment <= b.broken_at AND s.amount <> 0
  UNION
  SELECT b.no, b.difference, b.since_at, b.broken_at, b.since_statement, s.* EXCLUDE (account, venue, wallet) FROM said s
  JOIN hint_breaks b ON s.account = b.account AND s.venue = b.venue AND s.wallet = b.wallet AND s.asset = b.asset
    AND s.amount = b.difference AND s.moment BETWEEN b.since_at - INTERVAL 1 MINUTE AND b.broken_at + INTERVAL 1 MINUTE
)
SELECT no, difference, row_key, row_key - row_key % 256 AS base, format, moment, asset, amount, replace(what, '_', ' ') AS what, symbol
FROM near QUALIFY row_number() OVER (ORDER BY no, row_key, amount) <= $most;

-- name: keep_silent
-- The facts for which no row of the wallet stands: more of one amount in an export, around an instant, than there are rows.
CREATE OR REPLACE TEMP TABLE hint_silent AS
WITH rows_ AS (
  SELECT b.no, m.amount, m.moved_at, m.row_key - m.row_key % 256 AS base FROM hint_breaks b JOIN movements m ON m.account = b.account
    AND m.venue = b.venue AND m.wallet = b.wallet AND m.asset = b.asset
    AND m.moved_at BETWEEN b.since_at - INTERVAL 2 MINUTE AND b.broken_at + INTERVAL 2 MINUTE
  WHERE m.pool = 'asset' AND b.no IN (SELECT no FROM hint_facts)
), wholes AS (
  SELECT * FROM rows_ UNION
  SELECT no, CAST(sum(amount) AS DECIMAL(38,18)), min(moved_at), base FROM rows_ GROUP BY no, base
), standing AS (
  SELECT f.no, f.row_key, f.amount, count(DISTINCT w.base) AS rows, coalesce(bool_or(w.base = f.base), false) AS own
  FROM hint_facts f LEFT JOIN wholes w ON w.no = f.no AND w.amount = f.amount
    AND w.moved_at BETWEEN f.moment - INTERVAL 1 MINUTE AND f.moment + INTERVAL 1 MINUTE
  GROUP BY ALL
), equal AS (
  SELECT f.no, f.row_key, f.amount, count(DISTINCT o.base) AS facts
  FROM hint_facts f JOIN hint_facts o ON o.no = f.no AND o.amount = f.amount AND o.format = f.format
    AND o.moment BETWEEN f.moment - INTERVAL 1 MINUTE AND f.moment + INTERVAL 1 MINUTE
  GROUP BY ALL
), booked AS (SELECT DISTINCT no, base FROM rows_)
SELECT f.* FROM hint_facts f JOIN standing s USING (no, row_key, amount) JOIN equal e USING (no, row_key, amount)
ANTI JOIN booked k ON k.no = f.no AND k.base = f.base
WHERE e.facts > s.rows AND NOT s.own;

-- name: silent
-- One row is a fact that moves exactly what is missing.
SELECT no, row_key::DECIMAL(38,0) AS row_key, format, moment, amount, what, symbol FROM hint_silent WHERE amount = difference
ORDER BY ALL;

-- name: silent_together
-- One row is an export whose facts that no row stands for move together what is missing.
SELECT no, format, what, count(*) AS rows, min(moment) AS first_at, max(moment) AS last_at,
  list(row_key::DECIMAL(38,0)::VARCHAR ORDER BY moment, row_key)[:20] AS keys
FROM (FROM hint_silent QUALIFY row_number() OVER (PARTITION BY no, base, what ORDER BY row_key) = 1)
GROUP BY no, format, what, difference HAVING count(*) > 1 AND sum(amount) = difference ORDER BY ALL;

-- name: drop_facts
DROP TABLE IF EXISTS hint_facts; DROP TABLE IF EXISTS hint_silent;

-- name: fills
-- One row is a fill of any export in the time of a break, and what it says of the asset.
WITH every AS (
  SELECT row_key, account, venue, wallet, format, filled_at, symbol, product, side, quantity, price, notional_stated, fee, fee_asset,
    realized_stated, settle_asset, split_part(instrument, '/', 1) AS base_asset,
    split_part(split_part(instrument, '/', 2), ':', 1) AS quote_asset FROM fills_stated
), touching AS (
  SELECT *, base_asset AS asset FROM every WHERE product IN ('spot', 'margin')
  UNION SELECT *, quote_asset FROM every WHERE product IN ('spot', 'margin')
  UNION SELECT *, fee_asset FROM every WHERE fee <> 0
  UNION SELECT *, settle_asset FROM every WHERE product NOT IN ('spot', 'margin')
), results AS (
  SELECT row_key, CAST(sum(realized) AS DECIMAL(38,18)) AS realized FROM legs WHERE row_key IS NOT NULL GROUP BY row_key
), near AS (
  SELECT b.no, b.difference, b.asset AS of_asset, t.* FROM touching t
  ASOF JOIN hint_breaks b ON t.account = b.account AND t.venue = b.venue AND t.wallet = b.wallet AND t.asset = b.asset
    AND t.filled_at >= b.since_at
  WHERE t.filled_at <= b.broken_at + INTERVAL 1 MINUTE
  UNION  -- a fill of the very instant may lack in the stretch that ends there
  SELECT b.no, b.difference, b.asset, t.* FROM touching t
  ASOF JOIN hint_breaks b ON t.account = b.account AND t.venue = b.venue AND t.wallet = b.wallet AND t.asset = b.asset
    AND t.filled_at > b.since_at
  WHERE t.filled_at <= b.broken_at
)
SELECT t.no, t.difference, t.asset, t.row_key::DECIMAL(38,0) AS row_key, t.format, t.filled_at, t.symbol, t.product, t.side, t.quantity,
  t.price, t.notional_stated, coalesce(CASE WHEN t.fee_asset = t.asset THEN t.fee END, 0) AS fee, t.base_asset, t.quote_asset,
  CASE WHEN coalesce(t.settle_asset, t.quote_asset) = t.asset AND t.product <> 'spot'
    THEN coalesce(t.realized_stated, r.realized) END AS realized
FROM near t LEFT JOIN results r ON r.row_key = t.row_key
QUALIFY row_number() OVER (ORDER BY t.no, t.row_key) <= $most;

-- name: unbooked
-- One row is an effect of a fill on a wallet that no row around it books.
WITH effects AS (SELECT no, row_key::HUGEINT AS row_key, effect, amount, filled_at FROM incoming), booked AS (
  SELECT e.no, e.row_key, e.effect, count(DISTINCT m.row_key) AS rows, coalesce(bool_or(m.row_key - m.row_key % 256 = e.row_key - e.row_key % 256), false) AS own
  FROM effects e JOIN hint_breaks b USING (no) JOIN movements m ON m.account = b.account AND m.venue = b.venue AND m.wallet = b.wallet
    AND m.asset = b.asset AND m.amount = e.amount AND m.moved_at BETWEEN e.filled_at - INTERVAL 1 MINUTE AND e.filled_at + INTERVAL 1 MINUTE
  GROUP BY ALL
), equal AS (
  SELECT e.no, e.row_key, e.effect, count(*) AS facts FROM effects e JOIN effects o ON o.no = e.no AND o.effect = e.effect
    AND o.amount = e.amount AND o.filled_at BETWEEN e.filled_at - INTERVAL 1 MINUTE AND e.filled_at + INTERVAL 1 MINUTE
  GROUP BY ALL
)
SELECT e.no, e.row_key::DECIMAL(38,0) AS row_key, e.effect FROM effects e JOIN equal q USING (no, row_key, effect)
LEFT JOIN booked k USING (no, row_key, effect)
WHERE coalesce(k.rows, 0) < q.facts AND NOT coalesce(k.own, false) ORDER BY ALL;

-- name: lonely
-- One row is a trade or conversion of a wallet with one leg only, in the time of a break of another asset.
WITH bounds AS (
  SELECT account, venue, wallet, min(since_at) AS first_at, max(broken_at) AS last_at FROM hint_breaks GROUP BY ALL
), legs_ AS (
  SELECT m.account, m.venue, m.wallet, coalesce(m.trade_ref, m.transaction_ref, m.order_ref, m.moved_at::VARCHAR) AS ref, m.asset,
    CAST(sum(m.amount) AS DECIMAL(38,18)) AS amount, min(m.moved_at) AS moved_at, min(m.row_key) AS row_key
  FROM movements m JOIN bounds b USING (account, venue, wallet)
  WHERE m.cause IN ('trade', 'conversion') AND m.pool = 'asset' AND m.moved_at BETWEEN b.first_at - INTERVAL 30 DAY AND b.last_at + INTERVAL 30 DAY GROUP BY ALL
), alone AS (
  SELECT account, venue, wallet, ref, min(asset) AS leg_asset, min(amount) AS amount, min(moved_at) AS moved_at, min(row_key) AS row_key
  FROM legs_ GROUP BY ALL HAVING count(*) = 1
), against AS (
  SELECT a.*, o.asset FROM alone a JOIN (SELECT DISTINCT account, venue, wallet, asset FROM hint_breaks) o USING (account, venue, wallet)
  WHERE o.asset <> a.leg_asset
), whole AS (
  SELECT x.account, x.venue, x.wallet, x.asset AS leg_asset, y.asset, x.amount AS leg_amount, y.amount, x.moved_at
  FROM legs_ x JOIN legs_ y USING (account, venue, wallet, ref) WHERE x.asset <> y.asset
), found AS (
  SELECT b.no, b.difference, a.* FROM against a
  ASOF JOIN hint_breaks b ON a.account = b.account AND a.venue = b.venue AND a.wallet = b.wallet AND a.asset = b.asset
    AND a.moved_at >= b.since_at
  WHERE a.moved_at <= b.broken_at AND (a.amount > 0) <> (b.difference > 0)
)
SELECT f.no, f.row_key::DECIMAL(38,0) AS row_key, f.leg_asset, f.amount, f.moved_at, abs(f.difference) AS missing,
  coalesce(w.leg_amount, v.leg_amount) AS like_leg, coalesce(w.amount, v.amount) AS like_amount
FROM found f ASOF LEFT JOIN whole w ON w.account = f.account AND w.venue = f.venue AND w.wallet = f.wallet AND w.asset = f.asset
  AND w.leg_asset = f.leg_asset AND f.moved_at >= w.moved_at
ASOF LEFT JOIN whole v ON v.account = f.account AND v.venue = f.venue AND v.wallet = f.wallet AND v.asset = f.asset
  AND v.leg_asset = f.leg_asset AND f.moved_at <= v.moved_at
QUALIFY row_number() OVER (PARTITION BY f.no ORDER BY f.moved_at, f.row_key) <= 6 ORDER BY ALL;

-- name: far_ends
-- One row is the end of a transfer in another wallet, of which this wallet may lack the other end.
WITH limits AS (SELECT no, most FROM incoming), moves AS (
  SELECT row_key, account, venue, wallet, asset, amount, moved_at, cause FROM movements
  WHERE pool = 'asset' AND cause IN ('transfer', 'deposit', 'withdrawal', 'margin_move')
    AND asset IN (SELECT asset FROM hint_breaks)
    AND row_key NOT IN (SELECT sent_key FROM transfer_matches UNION SELECT received_key FROM transfer_matches)
), exact AS (
  SELECT b.no, m.*, true AS is_exact, b.since_at, b.broken_at FROM hint_breaks b JOIN moves m ON m.asset = b.asset AND m.amount = -b.difference
    AND (m.account, m.venue, m.wallet) <> (b.account, b.venue, b.wallet)
    AND m.moved_at BETWEEN b.since_at - INTERVAL 1 DAY AND b.broken_at + INTERVAL 1 DAY
), nearly AS (
  SELECT b.no, m.*, false, b.since_at, b.broken_at FROM hint_breaks b JOIN limits l USING (no) JOIN moves m ON m.asset = b.asset
    AND m.amount < -b.difference AND m.amount >= -l.most
    AND (m.account, m.venue, m.wallet) <> (b.account, b.venue, b.wallet)
    AND m.moved_at BETWEEN b.since_at - INTERVAL 1 DAY AND b.broken_at + INTERVAL 1 HOUR
  WHERE b.difference > 0
), either AS (FROM exact UNION ALL FROM nearly)
SELECT e.no, e.row_key::DECIMAL(38,0) AS row_key, e.account, e.venue, e.wallet, e.amount, e.moved_at, e.cause, e.is_exact FROM either e
WHERE NOT EXISTS (FROM moves o WHERE o.asset = e.asset AND o.amount = -e.amount AND o.row_key <> e.row_key
  AND (o.account, o.venue, o.wallet) <> (e.account, e.venue, e.wallet)
  AND o.moved_at BETWEEN e.moved_at - INTERVAL 1 HOUR AND e.moved_at + INTERVAL 1 HOUR)
QUALIFY row_number() OVER (PARTITION BY e.no ORDER BY NOT e.is_exact, e.row_key) <= 6 ORDER BY ALL;
