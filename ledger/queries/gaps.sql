-- name: spans
SELECT account, venue, wallet, fact, format, rank, from_at, to_at, own_from, own_to FROM covered ORDER BY ALL;

-- name: funding_lives
-- One row is a stretch in which a perpetual was open, on either side.  An open one lasts as long as anything is known of
-- its wallet; that it did is certain up to the last fill or payment.  What no full hour fell into owes nothing.
WITH ends AS (
  SELECT account, venue, wallet, max(to_at) AS ends_at, max(to_at) FILTER (WHERE fact = 'fills' AND rank < 9) AS fills_end
  FROM coverage GROUP BY ALL
), paid AS (
  SELECT account, venue, wallet, symbol, max(paid_at) AS paid_at FROM funding_stated WHERE symbol IS NOT NULL GROUP BY ALL
), lives AS (
  SELECT p.account, p.venue, p.wallet, p.symbol, p.settle_asset AS asset, p.opened_at AS "start",
    coalesce(p.closed_at, greatest(p.opened_at, e.ends_at)) AS "end",
    coalesce(p.closed_at, greatest(p.opened_at, e.fills_end, f.paid_at)) AS sure
  FROM positions p LEFT JOIN ends e USING (account, venue, wallet) LEFT JOIN paid f USING (account, venue, wallet, symbol)
  WHERE p.product = 'perpetual' AND (p.closed_at IS NULL OR date_trunc('hour', p.closed_at) > p.opened_at)
), islands AS (
  SELECT *, "start" > max("end") OVER (PARTITION BY account, venue, wallet, symbol ORDER BY "start", "end"
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS begins
  FROM lives
), numbered AS (
  SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY account, venue, wallet, symbol ORDER BY "start", "end"
    ROWS UNBOUNDED PRECEDING) AS island
  FROM islands
)
SELECT account, venue, wallet, symbol, any_value(asset) AS asset, min("start") AS "start", max("end") AS "end",
  max(least(sure, "end")) AS sure
FROM numbered GROUP BY account, venue, wallet, symbol, island ORDER BY account, venue, wallet, symbol, "start";

-- name: funding_rows
-- One row is an instant at which any export shows funding of an instrument.
SELECT account, venue, wallet, symbol, paid_at AS at, min(row_key)::DECIMAL(38,0) AS row_key
FROM funding_stated WHERE symbol IS NOT NULL GROUP BY ALL ORDER BY ALL;

-- name: nameless_funding
-- One row is an hour at which an export shows more payments than all exports that name instruments do.
WITH hours AS (
  SELECT account, venue, wallet, format, date_trunc('hour', paid_at + INTERVAL 20 MINUTE) AS slot_at,
    count(*) FILTER (WHERE symbol IS NULL) AS nameless, count(symbol) AS named
  FROM funding_stated WHERE (account, venue, wallet) IN (
    SELECT DISTINCT (account, venue, wallet) FROM funding_stated WHERE symbol IS NULL)
  GROUP BY ALL
)
SELECT account, venue, wallet, slot_at, max(nameless) - max(named) AS more FROM hours
GROUP BY account, venue, wallet, slot_at HAVING more > 0 ORDER BY ALL;

-- name: interest_lives
-- One row is a stretch in which something was owed on which interest runs.
WITH steps AS (
  SELECT loan_id, principal_after, happened_at,
    lead(happened_at) OVER (PARTITION BY loan_id ORDER BY event_no) AS until
  FROM loan_events
), ends AS (SELECT account, venue, wallet, max(to_at) AS ends_at FROM coverage GROUP BY ALL),
lives AS (
  SELECT l.account, l.venue, l.wallet, coalesce(l.pair, '') AS pair, l.asset, l.kind, s.happened_at AS "start",
    coalesce(s.until, greatest(e.ends_at, s.happened_at)) AS "end"
  FROM steps s JOIN loans_stored l USING (loan_id) LEFT JOIN ends e USING (account, venue, wallet)
  WHERE s.principal_after > 0 AND coalesce(s.until, e.ends_at) > s.happened_at
), islands AS (
  SELECT *, "start" > max("end") OVER (PARTITION BY account, venue, wallet, pair, asset ORDER BY "start", "end"
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS begins
  FROM lives
), numbered AS (
  SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY account, venue, wallet, pair, asset ORDER BY "start", "end"
    ROWS UNBOUNDED PRECEDING) AS island
  FROM islands
)
SELECT account, venue, wallet, pair, asset, min(kind) AS kind, min("start") AS "start", max("end") AS "end"
FROM numbered GROUP BY account, venue, wallet, pair, asset, island ORDER BY account, venue, wallet, pair, asset, "start";

-- name: interest_rows
-- One row is an instant at which any export shows interest of an asset that is owed.
SELECT account, venue, wallet, coalesce(pair, '') AS pair, coalesce(debt_asset, asset) AS asset, accrued_at AS at,
  min(row_key)::DECIMAL(38,0) AS row_key
FROM interest_stated WHERE kind <> 'rollover' GROUP BY ALL ORDER BY ALL;

-- name: rollover_lives
-- One row is a position that is kept by its opening trade and is charged from that on.
WITH ends AS (SELECT account, venue, wallet, max(to_at) AS ends_at FROM coverage GROUP BY ALL)
SELECT p.account, p.venue, p.wallet, p.symbol, p.position_ref, p.settle_asset AS asset, min(p.opened_at) AS "start",
  max(coalesce(p.closed_at, greatest(p.opened_at, e.ends_at))) AS "end"
FROM positions p LEFT JOIN ends e USING (account, venue, wallet)
WHERE p.position_ref IS NOT NULL AND p.product = 'margin' AND p.opening_quantity = 0 GROUP BY ALL ORDER BY ALL;

-- name: rollover_rows
SELECT account, venue, wallet, position_ref, accrued_at AS at, min(row_key)::DECIMAL(38,0) AS row_key
FROM interest_stated WHERE position_ref IS NOT NULL GROUP BY ALL ORDER BY ALL;

-- name: proven
-- One row is a stretch in which the venue's own balances leave room for no further row: every one agrees.  A ledger that
-- books one result a session proves sums only.
SELECT account, venue, wallet, asset, from_at, to_at FROM anchors
WHERE to_at > from_at AND (account, venue, wallet) NOT IN (
  SELECT DISTINCT (account, venue, wallet) FROM movements_stated WHERE cause = 'session_result')
ORDER BY ALL;

-- name: turns
-- How often a position of a wallet opened or ended in a range.
SELECT count(*) FILTER (WHERE opening_quantity = 0 AND opened_at > $start AND opened_at < $end)
  + count(*) FILTER (WHERE closed_at > $start AND closed_at < $end)
FROM positions WHERE account = $account AND venue = $venue AND wallet = $wallet;

-- name: unexplained_results
-- One row is a day, by its first instant, on which a ledger booked results that no fill realized; days that cancel out
-- are of a venue that books them on other days than positions realize them.
WITH daily AS (
  SELECT account, venue, wallet, asset, date_trunc('day', booked_at) AS day, amount FROM costs_stored
  WHERE position_id IS NULL AND cause = 'realized_pnl' AND how = 'unattributed' AND abs(amount) > 0.000001
), owing AS (
  SELECT account, venue, wallet, asset FROM daily GROUP BY ALL HAVING abs(sum(amount)) > 0.00001
)
SELECT DISTINCT account, venue, wallet, day FROM daily JOIN owing USING (account, venue, wallet, asset) ORDER BY ALL;

-- name: open_at_end
-- One row is a wallet that ends with an open position or a debt.
SELECT account, venue, wallet, string_agg(name, ', ' ORDER BY name) AS names, count(*) AS n FROM (
  SELECT account, venue, wallet, symbol AS name FROM positions WHERE closed_at IS NULL
  UNION SELECT account, venue, wallet, asset FROM loans_stored WHERE closed_at IS NULL) GROUP BY ALL ORDER BY ALL;

-- name: silences
-- One row is a series with the most days that one of its files is silent between two rows.
WITH days AS (SELECT DISTINCT file_no, day FROM sightings_stored),
steps AS (SELECT file_no, day - lag(day) OVER (PARTITION BY file_no ORDER BY day) AS quiet FROM days)
SELECT f.account, f.format, max(s.quiet) AS quiet FROM steps s JOIN files f USING (file_no)
WHERE f.format IS NOT NULL GROUP BY ALL ORDER BY ALL;

-- name: breaks
SELECT break_id, account, venue, wallet, asset, since_at, broken_at, difference, row_key::DECIMAL(38,0)::VARCHAR AS row_key
FROM breaks_stored ORDER BY account, venue, wallet, asset, broken_at;

-- name: dense
-- One row is a series whose files may number their rows without a hole.
WITH by_file AS (
  SELECT account, venue, format, {what} AS what, file_id, count(DISTINCT sequence) AS n, max(sequence) - min(sequence) + 1 AS room
  FROM {table}_stated WHERE format IN (SELECT unnest($formats)) AND sequence IS NOT NULL GROUP BY ALL
)
SELECT account, venue, format, what, CAST(sum(n) AS BIGINT) AS n FROM by_file GROUP BY ALL
HAVING sum(n) >= 20 AND sum(n) + sum(n) >= sum(room) ORDER BY ALL;

-- name: jumps
-- One row is a step of a series that leaves ids out, where at most one of twenty does.
WITH ids AS (
  SELECT sequence, min({time}) AS seen_at, min(wallet) AS wallet, min(row_key) AS row_key FROM {table}_stated
  WHERE account = $account AND venue = $venue AND format = $format AND ($what IS NULL OR {what} = $what) AND sequence IS NOT NULL
  GROUP BY sequence
), steps AS (
  SELECT *, sequence - lag(sequence) OVER ordered AS step, lag(sequence) OVER ordered AS last_id, lag(seen_at) OVER ordered AS last_at,
    lag(row_key) OVER ordered AS last_key
  FROM ids WINDOW ordered AS (ORDER BY sequence)
), counted AS (
  SELECT *, count(*) FILTER (WHERE step = 1) OVER () AS even, count(step) OVER () AS steps FROM steps
)
SELECT wallet, last_id, sequence AS next_id, step - 1 AS missing, least(last_at, seen_at) AS from_at, greatest(last_at, seen_at) AS to_at,
  last_key::DECIMAL(38,0)::VARCHAR AS last_key, row_key::DECIMAL(38,0)::VARCHAR AS next_key
FROM counted WHERE step > 1 AND steps - even <= divide(steps, 20) ORDER BY sequence;

-- name: unread
-- How many rows of a format's files were left out or not understood.
SELECT CAST(coalesce(sum(ignored + rejected), 0) AS BIGINT) FROM files WHERE account = $account AND format = $format;

-- name: forget
DELETE FROM gaps; DELETE FROM findings_stored WHERE kind IN ('missing_funding', 'missing_interest');
