-- name: computed
-- One row: what was computed of an asset of a wallet at an instant, without and with what moved in it; how many rows moved
-- it, and whether a stated balance fixes its opening.
SELECT CAST(coalesce(o.opening, 0) + coalesce(m.before, 0) AS DECIMAL(38,18)) AS before,
  CAST(coalesce(o.opening, 0) + coalesce(m.after_, 0) AS DECIMAL(38,18)) AS after_, coalesce(m.rows_, 0) AS rows_,
  coalesce(o.anchored, FALSE) AS anchored
FROM (
  SELECT sum(amount) FILTER (WHERE moved_at < $at) AS before, sum(amount) FILTER (WHERE moved_at <= $at) AS after_, count(*) AS rows_
  FROM movements WHERE account = $account AND venue = $venue AND wallet = $wallet AND asset = $asset AND pool = 'asset'
    AND basis <> 'unbooked') m
LEFT JOIN openings o ON o.account = $account AND o.venue = $venue AND o.wallet = $wallet AND o.asset = $asset;

-- name: breaks
-- One row is a break of the asset's chain, with what would explain it.
SELECT b.break_id, b.broken_at, b.difference, h.sentence AS hint FROM breaks_stored b LEFT JOIN hints h USING (break_id)
WHERE account = $account AND venue = $venue AND wallet = $wallet AND asset = $asset ORDER BY broken_at;

-- name: assets
-- One row is an asset that the wallet is known to have moved.
SELECT DISTINCT asset FROM openings WHERE account = $account AND venue = $venue AND wallet = $wallet ORDER BY asset;
