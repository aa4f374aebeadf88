-- name: stage_lines
-- One row is a line of an exported journal up to $to: a posting, a half of an unexplained difference (a break, posted where
-- the chain of stated balances parts), or a balance that is stated beside the rows (amount 0).  `running` is what the wallet
-- holds after the line, `stated` what a venue says that it holds there; `unasserted` is what it says otherwise.
CREATE OR REPLACE TEMP TABLE export_lines AS
WITH every AS (
  SELECT posted_at, CASE cause WHEN 'opening' THEN 0 ELSE 3 END AS rank, sequence,
    CASE WHEN cause <> 'opening' THEN row_key - row_key % 256 END AS base, entry_id, row_key, account, venue, wallet, posting_account,
    starts_with(posting_account, 'wallet:') AS is_wallet, asset, amount, cause, symbol, file_id, source_row
  FROM postings
  WHERE posted_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($account::VARCHAR IS NULL OR account = $account)
  UNION ALL BY NAME
  SELECT b.broken_at AS posted_at, 1 AS rank, b.break_id AS entry_id, b.row_key, b.account, b.venue, b.wallet,
    unnest(['wallet:', 'unexplained:']) || place_of(b.account, b.venue, b.wallet) AS posting_account, unnest([TRUE, FALSE]) AS is_wallet,
    b.asset, unnest([b.difference, -b.difference]) AS amount, 'unexplained' AS cause, s.file_id, s.source_row
  FROM breaks_stored b LEFT JOIN (
    SELECT row_key, file_id, source_row FROM movements UNION ALL SELECT row_key, file_id, source_row FROM stated_balances) s
    ON s.row_key = b.row_key
  WHERE b.broken_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($account::VARCHAR IS NULL OR b.account = $account)
), placed AS (
  SELECT *, row_number() OVER (ORDER BY posted_at, rank, sequence, base, entry_id, row_key, amount < 0, posting_account, asset) AS place
  FROM every
), wallets AS (
  SELECT place, posted_at, rank, base, row_key, account, venue, wallet, asset, amount,
    sum(amount) OVER (PARTITION BY account, venue, wallet, asset ORDER BY place) AS running
  FROM placed WHERE is_wallet
), instants AS (  -- what a wallet holds after an instant, and before what moves in it
  SELECT account, venue, wallet, asset, posted_at, max(place) AS last_place, arg_max(running, place) AS ended,
    arg_max(running, place) - coalesce(sum(amount) FILTER (WHERE rank = 3), 0) AS started
  FROM wallets GROUP BY ALL
), spoken AS (  -- the balance after a row of a file, at the last line that it makes in that wallet and asset
  SELECT w.account, w.venue, w.wallet, w.asset, w.posted_at, w.base, max(w.place) AS place, arg_max(w.running, w.place) AS running,
    max_by(m.balance_after, m.row_key) AS stated
  FROM wallets w JOIN movements m ON m.row_key = w.row_key
  WHERE w.rank = 3 AND m.balance_after IS NOT NULL AND m.pool = 'asset' GROUP BY ALL
), found AS (  -- at its own line; where the venue lists the rows of an instant in another order, at the instant's last
  SELECT s.place AS own_place, s.stated, CASE WHEN s.running = s.stated THEN s.place WHEN i.ended = s.stated THEN i.last_place END AS place
  FROM spoken s JOIN instants i USING (account, venue, wallet, asset, posted_at)
), asserted AS (
  SELECT place, any_value(stated) AS stated FROM found WHERE place IS NOT NULL GROUP BY place
), beside AS (
  SELECT s.stated_at AS posted_at, s.account, s.venue, s.wallet, s.asset, s.balance AS stated, s.row_key, s.file_id, s.source_row,
    coalesce(i.ended, 0) AS ended, CASE WHEN i.posted_at = s.stated_at THEN i.started ELSE coalesce(i.ended, 0) END AS started
  FROM stated_balances s ASOF LEFT JOIN instants i
    ON i.account = s.account AND i.venue = s.venue AND i.wallet = s.wallet AND i.asset = s.asset AND s.stated_at >= i.posted_at
  WHERE s.kind = 'wallet' AND ($account::VARCHAR IS NULL OR s.account = $account)
    AND s.stated_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
), lines AS (
  SELECT p.*, w.running, a.stated, f.stated AS unasserted
  FROM placed p LEFT JOIN wallets w USING (place) LEFT JOIN asserted a USING (place)
  LEFT JOIN (SELECT own_place AS place, stated FROM found WHERE place IS NULL) f USING (place)
  UNION ALL BY NAME
  SELECT posted_at, CASE WHEN ended <> stated AND started = stated THEN 2 ELSE 4 END AS rank, 'stated:' || row_key AS entry_id, row_key,
    account, venue, wallet, 'wallet:' || place_of(account, venue, wallet) AS posting_account, TRUE AS is_wallet, asset,
    0::DECIMAL(38,18) AS amount, 'stated' AS cause, file_id, source_row, CASE WHEN stated IN (ended, started) THEN stated END AS stated,
    CASE WHEN stated NOT IN (ended, started) THEN stated END AS unasserted,
    CASE WHEN ended <> stated AND started = stated THEN started ELSE ended END AS running
  FROM beside
)
SELECT row_number() OVER ordered AS line_no,
  dense_rank() OVER (ORDER BY posted_at, rank, sequence, base, entry_id) AS event_no,
  posted_at, entry_id, row_key, account, venue, wallet, posting_account, is_wallet, asset, amount, cause, symbol, file_id, source_row,
  running, stated, unasserted
FROM lines
WINDOW ordered AS (ORDER BY posted_at, rank, sequence, base, entry_id, row_key, amount < 0, posting_account, asset)
ORDER BY line_no;

-- name: extent
-- One row: the first and the last event from $from on, how many lines there are, and what they state.
SELECT min(event_no) AS first, max(event_no) AS last, count(DISTINCT event_no) AS events,
  count(*) FILTER (WHERE cause <> 'stated') AS postings, count(stated) AS asserted, count(unasserted) AS unasserted,
  count(*) FILTER (WHERE cause = 'unexplained' AND is_wallet) AS breaks, min(posted_at) AS first_at, max(posted_at) AS last_at
FROM export_lines WHERE posted_at >= coalesce($from::TIMESTAMPTZ, '-infinity'::TIMESTAMPTZ);

-- name: part
-- One row is a line of some events, in their order.
SELECT l.line_no, l.event_no, l.posted_at, l.entry_id, l.row_key::DECIMAL(38,0)::VARCHAR AS row_key, l.account, l.venue, l.wallet,
  l.posting_account, l.asset, l.amount, l.cause, l.symbol, n.name AS file, l.source_row AS row, CAST(l.running AS DECIMAL(38,18)) AS running,
  l.stated, l.unasserted
FROM export_lines l LEFT JOIN (SELECT file_id, min(name) AS name FROM files GROUP BY file_id) n USING (file_id)
WHERE l.event_no BETWEEN $first AND $last ORDER BY l.line_no;

-- name: forward
-- One row is what a posting account holds of an asset when $from begins: the book before it, brought forward.
SELECT account, venue, any_value(wallet) AS wallet, posting_account, asset, CAST(sum(amount) AS DECIMAL(38,18)) AS amount
FROM export_lines WHERE posted_at < $from::TIMESTAMPTZ GROUP BY account, venue, posting_account, asset
HAVING sum(amount) <> 0 ORDER BY account, venue, posting_account, asset;

-- name: accounts
-- One row is a posting account, its first day from $from on (what was posted before is brought forward) and its assets.
SELECT account, venue, posting_account, max(wallet) AS wallet,
  greatest(min(posted_at), coalesce($from::TIMESTAMPTZ, '-infinity'::TIMESTAMPTZ)) AS first_at, list_sort(list(DISTINCT asset)) AS assets
FROM export_lines GROUP BY account, venue, posting_account ORDER BY account, venue, posting_account;

-- name: assets
-- One row is an asset with the most decimals that any of its figures has.
SELECT asset, max(greatest(length(rtrim(split_part(amount::VARCHAR, '.', 2), '0')),
    coalesce(length(rtrim(split_part(coalesce(stated, unasserted)::VARCHAR, '.', 2), '0')), 0))) AS decimals,
  max(length(ltrim(replace(replace(greatest(abs(amount), abs(coalesce(running, 0)))::VARCHAR, '.', ''), '-', ''), '0'))) AS digits
FROM export_lines GROUP BY asset ORDER BY asset;

-- name: dawns
-- One row is a balance that is stated for the start of a day: by the last line of the day before, or at that very midnight.
WITH days AS (
  SELECT account, venue, wallet, asset, posting_account, CAST(posted_at AS DATE) + 1 AS day, arg_max(stated IS NOT NULL, line_no) AS is_asserted,
    arg_max(stated, line_no) AS stated, arg_max(file_id, line_no) AS file_id, arg_max(source_row, line_no) AS source_row,
    arg_max(row_key, line_no) AS row_key
  FROM export_lines WHERE is_wallet GROUP BY ALL
), dusks AS (
  SELECT account, venue, wallet, asset, day, arg_max(running, line_no) AS running FROM (
    SELECT account, venue, wallet, asset, CAST(posted_at AS DATE) + 1 AS day, running, line_no FROM export_lines WHERE is_wallet)
  GROUP BY ALL
), midnights AS (
  SELECT s.account, s.venue, s.wallet, s.asset, 'wallet:' || place_of(s.account, s.venue, s.wallet) AS posting_account,
    CAST(s.stated_at AS DATE) AS day, s.balance AS stated, s.file_id, s.source_row, s.row_key
  FROM stated_balances s ASOF JOIN dusks d ON d.account = s.account AND d.venue = s.venue AND d.wallet = s.wallet
    AND d.asset = s.asset AND CAST(s.stated_at AS DATE) >= d.day
  WHERE s.kind = 'wallet' AND s.stated_at = date_trunc('day', s.stated_at) AND d.running = s.balance
    AND ($account::VARCHAR IS NULL OR s.account = $account)
), both_ AS (
  SELECT * EXCLUDE (is_asserted) FROM days WHERE is_asserted UNION ALL BY NAME SELECT * FROM midnights
), once AS (
  SELECT *, row_number() OVER (PARTITION BY account, venue, wallet, asset, day ORDER BY row_key) AS choice FROM both_
)
SELECT o.account, o.venue, o.posting_account, o.asset, o.day, o.stated, n.name AS file, o.source_row AS row
FROM once o LEFT JOIN (SELECT file_id, min(name) AS name FROM files GROUP BY file_id) n USING (file_id)
WHERE choice = 1 AND day::TIMESTAMPTZ > coalesce($from::TIMESTAMPTZ, '-infinity'::TIMESTAMPTZ)
  AND day::TIMESTAMPTZ <= coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
ORDER BY o.day, o.account, o.venue, o.posting_account, o.asset;

-- name: breaks
-- One row is a name of a break (of several of one instant: of all) with what a person said of it, or what would explain it.
SELECT b.break_id, min(e.reason) AS reason, min(h.sentence) AS hint FROM breaks_stored b
LEFT JOIN explained e ON e.break_id = b.break_id AND e.amount = b.difference LEFT JOIN hints h ON h.break_id = b.break_id
GROUP BY b.break_id ORDER BY b.break_id;

-- name: stage_traded
-- One row is a row of a table of changes; of one that a spot trade made, which no row names, the instrument is that of its fill.
CREATE OR REPLACE TEMP TABLE export_table AS SELECT {columns} FROM (
  SELECT m.* REPLACE (coalesce(m.instrument, t.instrument) AS instrument) FROM {table} m
  LEFT JOIN traded_pairs t ON t.account = m.account AND t.venue = m.venue AND t.wallet = m.wallet AND t.filled_at = m.{time} AND t.asset = m.asset
    AND m.cause IN ('trade', 'trading_fee')) {order};

-- name: stage_table
CREATE OR REPLACE TEMP TABLE export_table AS SELECT {columns} FROM {table} {order};

-- name: count_table
SELECT count(*) FROM export_table;

-- name: table_part
SELECT * EXCLUDE (rowid) FROM (SELECT rowid, * FROM export_table WHERE rowid >= $first AND rowid < $end) ORDER BY rowid;

-- name: drop_table
DROP TABLE export_table;

-- name: drop_lines
DROP TABLE export_lines;
