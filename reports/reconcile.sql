-- One row is a period of an asset of a wallet: what it opened with, each cause of change, what it closed with, and what the
-- venue says.  Months that were closed stand as they were frozen; what has come since is `late` in the first open month.
WITH grain AS (SELECT CASE WHEN $by = 'day' THEN 'day' ELSE 'month' END AS step),
moves AS (
  SELECT account, venue, wallet, asset, starting(moved_at, g.step, $to) AS starts_at, moved_at, amount, balance_after, basis,
    CASE WHEN cause = 'deposit' THEN 'deposits' WHEN cause IN ('withdrawal', 'network_fee') THEN 'withdrawals'
      WHEN cause IN ('transfer', 'margin_move', 'pledge') THEN 'transfers' WHEN cause IN ('trade', 'conversion') THEN 'trading'
      WHEN cause IN ('realized_pnl', 'session_result') THEN 'realized_pnl' WHEN cause = 'trading_fee' THEN 'trading_fees'
      WHEN cause IN ('funding', 'interest') THEN cause WHEN cause = 'borrow' THEN 'borrowed'
      WHEN starts_with(cause, 'repay') THEN 'repaid' WHEN cause IN ('liquidation_fee', 'insurance') THEN 'liquidation'
      ELSE 'other' END AS heading
  FROM movements, grain g WHERE pool = 'asset'
), stated_beside AS (
  SELECT account, venue, wallet, asset, starting(stated_at, g.step, $to) AS starts_at, stated_at FROM stated_balances, grain g
  WHERE kind = 'wallet'
), active AS (
  SELECT account, venue, wallet, asset, starts_at,
    max(moved_at) FILTER (WHERE basis <> 'unbooked') AS last_moved, bool_or(basis = 'unbooked') AS unbooked, bool_or(basis = 'derived') AS derived,
    min(moved_at) FILTER (WHERE balance_after IS NOT NULL) AS first_stated, max(moved_at) FILTER (WHERE balance_after IS NOT NULL) AS last_stated,
    CAST(sum(amount) AS DECIMAL(38,18)) AS moved,
    CAST(coalesce(sum(amount) FILTER (WHERE heading = 'deposits'), 0) AS DECIMAL(38,18)) AS deposits,
    CAST(coalesce(sum(amount) FILTER (WHERE heading = 'withdrawals'), 0) AS DECIMAL(38,18)) AS withdrawals,
    CAST(coalesce(sum(amount) FILTER (WHERE heading = 'transfers'), 0) AS DECIMAL(38,18)) AS transfers,
    CAST(coalesce(sum(amount) FILTER (WHERE heading = 'trading'), 0) AS DECIMAL(38,18)) AS trading,
    CAST(coalesce(sum(amount) FILTER (WHERE heading = 'realized_pnl'), 0) AS DECIMAL(38,18)) AS realized_pnl,
    CAST(coalesce(sum(amount) FILTER (WHERE heading = 'trading_fees'), 0) AS DECIMAL(38,18)) AS trading_fees,
    CAST(coalesce(sum(amount) FILTER (WHERE heading = 'funding'), 0) AS DECIMAL(38,18)) AS funding,
    CAST(coalesce(sum(amount) FILTER (WHERE heading = 'interest'), 0) AS DECIMAL(38,18)) AS interest,
    CAST(coalesce(sum(amount) FILTER (WHERE heading = 'borrowed'), 0) AS DECIMAL(38,18)) AS borrowed,
    CAST(coalesce(sum(amount) FILTER (WHERE heading = 'repaid'), 0) AS DECIMAL(38,18)) AS repaid,
    CAST(coalesce(sum(amount) FILTER (WHERE heading = 'liquidation'), 0) AS DECIMAL(38,18)) AS liquidation,
    CAST(coalesce(sum(amount) FILTER (WHERE heading = 'other'), 0) AS DECIMAL(38,18)) AS other
  FROM moves GROUP BY ALL
), beside AS (
  SELECT account, venue, wallet, asset, starts_at, min(stated_at) AS first_beside, max(stated_at) AS last_beside
  FROM stated_beside GROUP BY ALL
), frozen AS (  -- closed months, in the zone in which they were closed
  SELECT * FROM frozen_balances WHERE zone = current_setting('TimeZone') AND $by <> 'day'
    AND NOT coalesce(starts_at >= $live_from::TIMESTAMPTZ, FALSE) AND ends_at <= coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
), closed_to AS (
  SELECT account, max(starts_at) AS last_closed, max(ends_at) AS open_from FROM frozen GROUP BY account
), seen AS (
  SELECT account, venue, wallet, asset, starts_at FROM active UNION SELECT account, venue, wallet, asset, starts_at FROM beside
  UNION SELECT account, venue, wallet, asset, starts_at FROM frozen
), range_ AS (
  SELECT max(starts_at) AS last_start FROM seen
), afterwards AS (  -- the month after the closed ones, where what comes late is shown
  SELECT DISTINCT account, venue, wallet, asset, open_from AS starts_at FROM seen JOIN closed_to USING (account)
), steps AS (
  SELECT account, venue, wallet, asset,
    unnest(generate_series(min(starts_at), any_value(last_start), CASE (SELECT step FROM grain) WHEN 'day' THEN INTERVAL 1 DAY ELSE INTERVAL 1 MONTH END)) AS starts_at
  FROM seen, range_ GROUP BY account, venue, wallet, asset
), bounded AS (
  SELECT account, venue, wallet, asset, starts_at, starts_at + CASE (SELECT step FROM grain) WHEN 'day' THEN INTERVAL 1 DAY ELSE INTERVAL 1 MONTH END AS ends_at
  FROM (FROM steps UNION FROM seen UNION FROM afterwards)
), filled AS (
  SELECT b.account, b.venue, b.wallet, b.asset, b.starts_at, least(b.ends_at, coalesce($to::TIMESTAMPTZ, b.ends_at)) AS ends_at,
    a.* EXCLUDE (account, venue, wallet, asset, starts_at), e.first_beside, e.last_beside,
    coalesce(o.opening, 0) AS start_balance, coalesce(o.anchored, FALSE) AS anchored
  FROM bounded b LEFT JOIN active a USING (account, venue, wallet, asset, starts_at)
  LEFT JOIN beside e USING (account, venue, wallet, asset, starts_at)
  LEFT JOIN openings o USING (account, venue, wallet, asset)
), rolled AS (
  SELECT *,
    CAST(start_balance + sum(coalesce(moved, 0)) OVER upto AS DECIMAL(38,18)) AS live_closing,
    max(last_moved) OVER upto AS moved_until,
    max(greatest(last_stated, last_beside)) OVER upto AS stated_until,
    min(least(first_stated, first_beside)) OVER after_ AS stated_next, min(first_beside) OVER after_ AS beside_next
  FROM filled
  WINDOW upto AS (PARTITION BY account, venue, wallet, asset ORDER BY starts_at ROWS UNBOUNDED PRECEDING),
    after_ AS (PARTITION BY account, venue, wallet, asset ORDER BY starts_at ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
), anchored_at AS (  -- the stated balance that tells the closing: one for the very end, the last one if nothing moved since, else the next
  SELECT *, CASE WHEN beside_next = ends_at THEN ends_at
    WHEN stated_until IS NOT NULL AND (moved_until IS NULL OR moved_until <= stated_until) THEN stated_until
    WHEN stated_until IS NOT NULL AND stated_next IS NOT NULL THEN stated_next END AS told_at,
    CASE WHEN beside_next = ends_at OR (stated_until IS NOT NULL AND (moved_until IS NULL OR moved_until <= stated_until)) THEN 'stated'
      ELSE 'rolled_back' END AS told_by
  FROM rolled
), judged AS (
  SELECT t.*, n.deviation, l.deviation AS last_deviation
  FROM anchored_at t
  ASOF LEFT JOIN anchors n ON t.account = n.account AND t.venue = n.venue AND t.wallet = n.wallet AND t.asset = n.asset AND t.told_at >= n.from_at
  ASOF LEFT JOIN anchors l ON t.account = l.account AND t.venue = l.venue AND t.wallet = l.wallet AND t.asset = l.asset AND t.stated_until >= l.from_at
), live AS (
  SELECT account, venue, wallet, asset, starts_at, ends_at,
    CAST(live_closing - coalesce(moved, 0) AS DECIMAL(38,18)) AS opening,
    coalesce(deposits, 0) AS deposits, coalesce(withdrawals, 0) AS withdrawals, coalesce(transfers, 0) AS transfers,
    coalesce(trading, 0) AS trading, coalesce(realized_pnl, 0) AS realized_pnl, coalesce(trading_fees, 0) AS trading_fees,
    coalesce(funding, 0) AS funding, coalesce(interest, 0) AS interest, coalesce(borrowed, 0) AS borrowed, coalesce(repaid, 0) AS repaid,
    coalesce(liquidation, 0) AS liquidation, coalesce(other, 0) AS other, CAST(0 AS DECIMAL(38,18)) AS late, live_closing AS closing,
    CASE WHEN told_at IS NOT NULL THEN CAST(live_closing + deviation AS DECIMAL(38,18)) END AS stated_closing,
    CASE WHEN told_at IS NOT NULL THEN deviation WHEN last_deviation <> 0 THEN last_deviation END AS difference,
    told_at AS stated_at, CASE WHEN told_at IS NOT NULL THEN told_by WHEN derived THEN 'derived' ELSE 'no_anchor' END AS basis,
    moved IS NOT NULL OR first_beside IS NOT NULL AS is_active
  FROM judged
), lines AS (
  SELECT l.* EXCLUDE (opening, late, is_active),
    CASE WHEN period_of(l.starts_at, 'month') = period_of(c.open_from, 'month') THEN coalesce(f.closing, 0) ELSE l.opening END AS opening,
    CASE WHEN period_of(l.starts_at, 'month') = period_of(c.open_from, 'month') THEN CAST(l.opening - coalesce(f.closing, 0) AS DECIMAL(38,18)) ELSE l.late END AS late,
    is_active, NULL::VARCHAR AS closed, NULL::VARCHAR AS status
  FROM live l LEFT JOIN closed_to c USING (account)
  LEFT JOIN frozen f ON f.account = l.account AND f.venue = l.venue AND f.wallet = l.wallet AND f.asset = l.asset AND f.starts_at = c.last_closed
  WHERE NOT EXISTS (FROM frozen z WHERE z.account = l.account AND period_of(z.starts_at, 'month') = period_of(l.starts_at, 'month'))
  UNION ALL BY NAME
  SELECT * EXCLUDE (zone), TRUE AS is_active FROM frozen
), asked AS (
  SELECT *, period_of(starts_at, $by) AS period,
    row_number() OVER (PARTITION BY account, venue, wallet, asset, period_of(starts_at, $by) ORDER BY starts_at) AS first_no,
    row_number() OVER (PARTITION BY account, venue, wallet, asset, period_of(starts_at, $by) ORDER BY starts_at DESC) AS last_no
  FROM lines
  WHERE ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
    AND ($symbol::VARCHAR IS NULL OR asset = $symbol)
    AND ($from::TIMESTAMPTZ IS NULL OR ends_at > $from) AND starts_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
), summed AS (
  SELECT period, account, venue, wallet, asset, any_value(opening) FILTER (WHERE first_no = 1) AS opening,
    CAST(sum(deposits) AS DECIMAL(38,18)) AS deposits, CAST(sum(withdrawals) AS DECIMAL(38,18)) AS withdrawals,
    CAST(sum(transfers) AS DECIMAL(38,18)) AS transfers, CAST(sum(trading) AS DECIMAL(38,18)) AS trading,
    CAST(sum(realized_pnl) AS DECIMAL(38,18)) AS realized_pnl, CAST(sum(trading_fees) AS DECIMAL(38,18)) AS trading_fees,
    CAST(sum(funding) AS DECIMAL(38,18)) AS funding, CAST(sum(interest) AS DECIMAL(38,18)) AS interest,
    CAST(sum(borrowed) AS DECIMAL(38,18)) AS borrowed, CAST(sum(repaid) AS DECIMAL(38,18)) AS repaid,
    CAST(sum(liquidation) AS DECIMAL(38,18)) AS liquidation, CAST(sum(other) AS DECIMAL(38,18)) AS other,
    CAST(sum(late) AS DECIMAL(38,18)) AS late, any_value(closing) FILTER (WHERE last_no = 1) AS closing,
    any_value(stated_closing) FILTER (WHERE last_no = 1) AS stated_closing, any_value(difference) FILTER (WHERE last_no = 1) AS difference,
    any_value(stated_at) FILTER (WHERE last_no = 1) AS stated_at, any_value(basis) FILTER (WHERE last_no = 1) AS basis,
    any_value(closed) FILTER (WHERE last_no = 1) AS closed, any_value(status) FILTER (WHERE last_no = 1) AS frozen_status, min(starts_at) AS starts_at, max(ends_at) AS ends_at, bool_or(is_active) AS is_active
  FROM asked GROUP BY ALL
), accounted AS (  -- the breaks behind a difference: all since the last stated balance that was tied
  SELECT s.*, coalesce(b.broken, 0) AS breaks_open, coalesce(b.explained, 0) AS breaks_explained
  FROM summed s LEFT JOIN (
    SELECT s.period, s.account, s.venue, s.wallet, s.asset, count(*) FILTER (WHERE e.break_id IS NULL) AS broken,
      count(*) FILTER (WHERE e.break_id IS NOT NULL) AS explained
    FROM summed s JOIN breaks_stored b ON b.account = s.account AND b.venue = s.venue AND b.wallet = s.wallet AND b.asset = s.asset
      AND b.broken_at <= greatest(s.stated_at, s.ends_at)
    LEFT JOIN explained e ON e.break_id = b.break_id AND e.amount = b.difference GROUP BY ALL) b USING (period, account, venue, wallet, asset)
), keyed AS (
  SELECT *, concat_ws('|', 'reconcile', period, owner(account, venue), wallet,
    replace(replace(asset, '%', '%25'), '|', '%7C')) AS line FROM accounted
)
SELECT period, account, venue, wallet, asset, opening, deposits, withdrawals, transfers, trading, realized_pnl, trading_fees, funding,
  interest, borrowed, repaid, liquidation, other, late, closing, stated_closing, difference,
  CASE WHEN frozen_status IS NOT NULL THEN frozen_status
    WHEN difference IS NULL THEN CASE WHEN (line, closing) IN (SELECT break_id, amount FROM explained) THEN 'explained' ELSE 'no_anchor' END WHEN difference = 0 THEN 'tied'
    WHEN breaks_open = 0 AND breaks_explained > 0 THEN 'explained' ELSE 'broken' END AS status,
  basis, stated_at, starts_at, ends_at, closed, line
FROM keyed, range_
WHERE is_active OR late <> 0 OR ((opening <> 0 OR closing <> 0) AND starts_at <= last_start)
ORDER BY period, account, venue, wallet, asset
