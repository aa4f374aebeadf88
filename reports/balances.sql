-- One row is an asset of a wallet at $to, beside the last balance that the venue stated before it.  What is owed is a
-- debt pool, and of a unified account what its balance is below zero.
WITH moves AS (
  SELECT account, venue, wallet, asset, pool, moved_at, amount, balance_after, basis, sequence, row_key FROM movements
  WHERE moved_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
), summed AS (
  SELECT account, venue, wallet, asset,
    CAST(coalesce(sum(amount) FILTER (WHERE pool = 'asset'), 0) AS DECIMAL(38,18)) AS moved,
    CAST(coalesce(sum(amount) FILTER (WHERE pool = 'debt'), 0) AS DECIMAL(38,18)) AS owed,
    coalesce(bool_or(basis <> 'stated') FILTER (WHERE pool = 'asset'), FALSE) AS derived,
    max(moved_at) FILTER (WHERE pool = 'asset') AS last_at
  FROM moves GROUP BY ALL
), running AS (
  SELECT account, venue, wallet, asset, moved_at AS stated_at, list(balance_after) FILTER (WHERE balance_after IS NOT NULL) AS balances,
    max_by(balance_after, (sequence, row_key)) FILTER (WHERE balance_after IS NOT NULL) AS last_balance
  FROM moves WHERE pool = 'asset' GROUP BY ALL HAVING last_balance IS NOT NULL
), latest_running AS (
  SELECT * FROM running QUALIFY row_number() OVER (PARTITION BY account, venue, wallet, asset ORDER BY stated_at DESC) = 1
), latest_stated AS (
  SELECT account, venue, wallet, asset, stated_at, balance FROM stated_balances
  WHERE kind = 'wallet' AND stated_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
  QUALIFY row_number() OVER (PARTITION BY account, venue, wallet, asset ORDER BY stated_at DESC, row_key) = 1
), wallets AS (
  SELECT account, venue, wallet, asset FROM summed UNION SELECT account, venue, wallet, asset FROM latest_stated
), points AS (
  SELECT w.*, s.moved, s.owed, s.derived, s.last_at, coalesce(o.opening, 0) AS opening, coalesce(o.anchored, FALSE) AS anchored,
    coalesce(o.owes_below_zero, FALSE) AND coalesce(o.anchored, FALSE) AS owes_below_zero,
    CASE WHEN r.stated_at IS NULL OR t.stated_at > r.stated_at THEN t.stated_at ELSE r.stated_at END AS stated_at,
    CASE WHEN r.stated_at IS NULL OR t.stated_at > r.stated_at THEN [t.balance] ELSE r.balances END AS balances,
    CASE WHEN r.stated_at IS NULL OR t.stated_at > r.stated_at THEN t.balance ELSE r.last_balance END AS last_balance
  FROM wallets w LEFT JOIN summed s USING (account, venue, wallet, asset)
  LEFT JOIN openings o USING (account, venue, wallet, asset)
  LEFT JOIN latest_running r USING (account, venue, wallet, asset)
  LEFT JOIN latest_stated t USING (account, venue, wallet, asset)
), then_moved AS (
  SELECT p.account, p.venue, p.wallet, p.asset, CAST(coalesce(sum(m.amount), 0) AS DECIMAL(38,18)) AS moved_then
  FROM points p JOIN moves m ON m.account = p.account AND m.venue = p.venue AND m.wallet = p.wallet AND m.asset = p.asset
    AND m.pool = 'asset' AND m.basis <> 'unbooked' AND m.moved_at <= p.stated_at
  GROUP BY ALL
), compared AS (
  SELECT p.*, CAST(p.opening + coalesce(p.moved, 0) AS DECIMAL(38,18)) AS computed,
    CAST(p.opening + coalesce(t.moved_then, 0) AS DECIMAL(38,18)) AS computed_then
  FROM points p LEFT JOIN then_moved t USING (account, venue, wallet, asset)
)
SELECT account, venue, wallet, asset, computed,
  CAST(coalesce(owed, 0) + CASE WHEN owes_below_zero AND computed < 0 THEN -computed ELSE 0 END AS DECIMAL(38,18)) AS owed,
  CASE WHEN list_contains(balances, computed_then) THEN computed_then ELSE last_balance END AS stated,
  CAST(CASE WHEN list_contains(balances, computed_then) THEN computed_then ELSE last_balance END - computed_then AS DECIMAL(38,18)) AS difference,
  stated_at,
  CASE WHEN stated_at IS NULL THEN CASE WHEN derived THEN 'derived' ELSE 'no_anchor' END
    WHEN stated_at >= last_at OR last_at IS NULL THEN 'stated' WHEN derived THEN 'derived' ELSE 'anchored' END AS basis,
  last_at AS last_movement_at, concat_ws('|', 'balances', owner(account, venue), wallet, asset) AS line
FROM compared
WHERE ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR asset = $symbol)
ORDER BY account, venue, wallet, asset
