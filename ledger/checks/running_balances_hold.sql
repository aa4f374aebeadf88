-- [A1a] Running balances that differ from opening + movements + the deviation of their stretch of the chain.
WITH grouped AS (
  SELECT account, venue, wallet, asset, moved_at, sum(amount) AS amount, min(balance_after) AS low, max(balance_after) AS high
  FROM movements WHERE pool = 'asset' AND basis <> 'unbooked' GROUP BY ALL
), running AS (
  SELECT *, sum(amount) OVER (PARTITION BY account, venue, wallet, asset ORDER BY moved_at) AS running FROM grouped
), stated AS (
  SELECT r.*, coalesce(o.opening, 0) + r.running AS computed, a.deviation, a.to_at
  FROM (FROM running WHERE low IS NOT NULL) r LEFT JOIN openings o USING (account, venue, wallet, asset)
  ASOF LEFT JOIN anchors a ON a.account = r.account AND a.venue = r.venue AND a.wallet = r.wallet AND a.asset = r.asset
    AND r.moved_at >= a.from_at
), doubtful AS (
  SELECT * FROM stated WHERE deviation IS NULL OR moved_at > to_at OR (low <> computed + deviation AND high <> computed + deviation)
), listed AS (  -- several rows of an instant in any order, or in the venue's: one of them must fit a stretch
  SELECT d.account, d.venue, d.wallet, d.asset, d.moved_at, d.computed, m.balance_after, m.row_key,
    d.computed - d.amount + sum(m.amount) OVER (PARTITION BY d.account, d.venue, d.wallet, d.asset, d.moved_at
      ORDER BY m.sequence, m.row_key ROWS UNBOUNDED PRECEDING) AS computed_so_far
  FROM doubtful d JOIN movements m ON m.account = d.account AND m.venue = d.venue AND m.wallet = d.wallet AND m.asset = d.asset
    AND m.moved_at = d.moved_at AND m.pool = 'asset' AND m.basis <> 'unbooked'
), fitting AS (
  SELECT DISTINCT l.account, l.venue, l.wallet, l.asset, l.moved_at FROM listed l
  JOIN anchors a ON a.account = l.account AND a.venue = l.venue AND a.wallet = l.wallet AND a.asset = l.asset
    AND l.moved_at BETWEEN a.from_at AND a.to_at AND l.balance_after IN (l.computed + a.deviation, l.computed_so_far + a.deviation)
)
SELECT account, venue, wallet, asset, moved_at, CAST(computed AS DECIMAL(38,18)) AS computed, balance_after AS stated, row_key
FROM listed ANTI JOIN fitting USING (account, venue, wallet, asset, moved_at)
WHERE balance_after IS NOT NULL ORDER BY ALL
