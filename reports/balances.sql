-- One row is an asset of a wallet at $to, beside the last balance that was stated until then: by a ledger's own running
-- balance, a snapshot, a statement or a person.  It differs from what was computed for that instant by the deviation of its
-- stretch of the chain.  What is owed is a debt pool, and of a unified account what its balance is below zero.
WITH moves AS (
  SELECT account, venue, wallet, asset, pool, moved_at, amount, balance_after, basis FROM movements
  WHERE moved_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
), summed AS (
  SELECT account, venue, wallet, asset,
    CAST(coalesce(sum(amount) FILTER (WHERE pool = 'asset'), 0) AS DECIMAL(38,18)) AS moved,
    CAST(coalesce(sum(amount) FILTER (WHERE pool = 'asset' AND basis <> 'unbooked'), 0) AS DECIMAL(38,18)) AS booked,
    CAST(coalesce(sum(amount) FILTER (WHERE pool = 'debt'), 0) AS DECIMAL(38,18)) AS owed,
    coalesce(bool_or(basis <> 'stated') FILTER (WHERE pool = 'asset'), FALSE) AS derived,
    max(moved_at) FILTER (WHERE pool = 'asset') AS last_at,
    max(moved_at) FILTER (WHERE pool = 'asset' AND basis <> 'unbooked') AS booked_at,
    max(moved_at) FILTER (WHERE pool = 'asset' AND balance_after IS NOT NULL) AS running_at
  FROM moves GROUP BY ALL
), beside AS (  -- what is stated for the very end that is asked for tells how things stood then
  SELECT account, venue, wallet, asset, max(stated_at) AS stated_at, arg_max(balance, (stated_at, row_key)) AS balance
  FROM stated_balances WHERE kind = 'wallet' AND stated_at <= coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) GROUP BY ALL
), spans AS (
  SELECT account, venue, wallet, asset, from_at, arg_max(deviation, (to_at, first_key)) AS deviation FROM anchors GROUP BY ALL
), points AS (
  SELECT account, venue, wallet, asset, s.moved, s.booked, s.owed, s.derived, s.last_at, s.booked_at,
    CASE WHEN b.stated_at > s.running_at OR s.running_at IS NULL THEN b.balance END AS balance_beside,
    greatest(b.stated_at, s.running_at) AS stated_at
  FROM summed s FULL JOIN beside b USING (account, venue, wallet, asset)
), moved_later AS (
  SELECT p.account, p.venue, p.wallet, p.asset, sum(m.amount) AS moved_later
  FROM (FROM points WHERE booked_at > stated_at) p
  JOIN moves m ON m.account = p.account AND m.venue = p.venue AND m.wallet = p.wallet AND m.asset = p.asset
  WHERE m.pool = 'asset' AND m.basis <> 'unbooked' AND m.moved_at > p.stated_at GROUP BY ALL
), compared AS (
  SELECT p.*, coalesce(o.owes_below_zero AND o.anchored, FALSE) AS owes_below_zero, d.deviation,
    CAST(coalesce(o.opening, 0) + coalesce(p.moved, 0) AS DECIMAL(38,18)) AS computed,
    CAST(coalesce(o.opening, 0) + coalesce(p.booked, 0) - coalesce(l.moved_later, 0) AS DECIMAL(38,18)) AS computed_then
  FROM points p LEFT JOIN openings o USING (account, venue, wallet, asset) LEFT JOIN moved_later l USING (account, venue, wallet, asset)
  ASOF LEFT JOIN spans d ON d.account = p.account AND d.venue = p.venue AND d.wallet = p.wallet AND d.asset = p.asset
    AND p.stated_at >= d.from_at
)
SELECT account, venue, wallet, asset, computed,
  CAST(coalesce(owed, 0) + CASE WHEN owes_below_zero AND computed < 0 THEN -computed ELSE 0 END AS DECIMAL(38,18)) AS owed,
  CASE WHEN stated_at IS NOT NULL THEN coalesce(balance_beside, CAST(computed_then + deviation AS DECIMAL(38,18))) END AS stated,
  deviation AS difference, stated_at,
  CASE WHEN stated_at IS NULL THEN CASE WHEN derived THEN 'derived' ELSE 'no_anchor' END
    WHEN stated_at >= last_at OR last_at IS NULL THEN 'stated' WHEN derived THEN 'derived' ELSE 'anchored' END AS basis,
  last_at AS last_movement_at, concat_ws('|', 'balances', owner(account, venue), wallet,
    replace(replace(asset, '%', '%25'), '|', '%7C')) AS line
FROM compared
WHERE ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR asset = $symbol)
ORDER BY account, venue, wallet, asset
