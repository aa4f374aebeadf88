-- [A1b] Statements of a balance that differ from opening + movements + the deviation of their stretch of the chain.
WITH statements AS (
  SELECT account, venue, wallet, asset, stated_at, balance, row_key FROM stated_balances WHERE kind = 'wallet'
), grouped AS (
  SELECT m.account, m.venue, m.wallet, m.asset, m.moved_at, sum(m.amount) AS amount FROM movements m
  SEMI JOIN statements s ON s.account = m.account AND s.venue = m.venue AND s.wallet = m.wallet AND s.asset = m.asset
  WHERE m.pool = 'asset' AND m.basis <> 'unbooked' GROUP BY ALL
), running AS (
  SELECT *, sum(amount) OVER (PARTITION BY account, venue, wallet, asset ORDER BY moved_at) AS running FROM grouped
), computed AS (
  SELECT s.*, coalesce(o.opening, 0) + coalesce(r.running, 0) AS after_, CASE WHEN r.moved_at = s.stated_at THEN r.amount ELSE 0 END AS then_
  FROM statements s LEFT JOIN openings o USING (account, venue, wallet, asset)
  ASOF LEFT JOIN running r ON r.account = s.account AND r.venue = s.venue AND r.wallet = s.wallet AND r.asset = s.asset
    AND s.stated_at >= r.moved_at
)
SELECT account, venue, wallet, asset, stated_at, CAST(after_ AS DECIMAL(38,18)) AS computed, balance AS stated, row_key
FROM computed c
WHERE NOT EXISTS (FROM anchors a WHERE a.account = c.account AND a.venue = c.venue AND a.wallet = c.wallet AND a.asset = c.asset
  AND c.stated_at BETWEEN a.from_at AND a.to_at AND c.balance IN (c.after_ + a.deviation, c.after_ - c.then_ + a.deviation))
ORDER BY ALL
