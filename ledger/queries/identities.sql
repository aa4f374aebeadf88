-- name: sighted
-- One row is a stored row, of the tables {rows}, that no file shows any more.
WITH bases AS (SELECT DISTINCT key + nth * 256 AS base FROM sightings_stored)
SELECT r.* FROM ({rows}) r ANTI JOIN bases s ON s.base = r.row_key - r.row_key % 256 ORDER BY ALL;

-- name: filed
-- One row is a stored row whose file the book does not know.
SELECT r.* FROM ({rows}) r ANTI JOIN files f USING (file_id) ORDER BY ALL;

-- name: of_table
SELECT '{name}' AS table_name, row_key, {time} AS moment, file_id, source_row FROM {table};

-- name: instants
-- One row is a stored row of an instant at which nothing of it can have happened.
SELECT table_name, moment, row_key FROM ({rows})
WHERE moment < TIMESTAMPTZ '2009-01-01' OR moment > $until ORDER BY ALL;

-- name: bundles
-- One row is a bundle that the book holds files of.
SELECT bundle_id, min(name) AS file, count(*) AS parts FROM files GROUP BY bundle_id ORDER BY file;

-- name: with_ledger
-- One row is a wallet of which a ledger speaks, and whether it books one result a session.
SELECT DISTINCT v.account, v.venue, v.wallet, EXISTS (FROM movements m WHERE m.account = v.account AND m.venue = v.venue
  AND m.wallet = v.wallet AND m.cause = 'session_result') AS by_session
FROM voices v WHERE v.fact = 'ledger' AND v.cause IS NULL ORDER BY ALL;

-- name: open_legs
-- One row is a leg of an open position of which every value is known from its opening on.
WITH known AS (
  SELECT position_id FROM legs JOIN positions USING (position_id) WHERE ended = 'open' AND opening_quantity = 0
  GROUP BY position_id HAVING count(*) = count(notional) AND count(*) = count(realized) AND count(*) = count(cost_after)
)
SELECT l.position_id, p.style = 'inverse' AS is_inverse, l.delta, l.notional, l.realized, l.cost_after,
  l.row_key::DECIMAL(38,0) AS row_key
FROM legs l JOIN positions p USING (position_id) WHERE l.position_id IN (FROM known) ORDER BY l.position_id, l.leg_no;
