-- One row is a kind of income or expense in a period: of an account, in an asset; interest and fees of
-- liquidations by the loan or debt pool that took them.  Amounts have cash signs before they are summed: + = the account gains.  What a position realized without a known
-- entry has a row of its own, whose amounts are unknown.
WITH debts AS (
  SELECT row_key - row_key % 256 AS base, CASE kind WHEN 'accrued' THEN 'interest' ELSE kind END AS cause, min(loan_id) AS loan_id
  FROM loan_events WHERE kind IN ('accrued', 'liquidation_fee') GROUP BY ALL
), lines AS (
  SELECT l.filled_at AS booked_at, p.account, p.venue, p.symbol, p.instrument,
    CASE WHEN p.product IN ('spot', 'margin') THEN p.product ELSE 'derivative' END AS "group",
    'result' AS part, p.settle_asset AS asset, NULL AS loan_id, l.realized AS amount, l.realized IS NULL AS is_unknown
  FROM legs l JOIN positions p USING (position_id) WHERE l.realized IS NULL OR l.realized <> 0
  UNION ALL BY NAME
  SELECT c.booked_at, c.account, c.venue, coalesce(p.symbol, c.symbol) AS symbol, p.instrument,
    CASE WHEN c.how = 'loan' THEN 'loan' WHEN c.cause = 'interest' THEN 'margin'
      WHEN c.cause IN ('funding', 'insurance', 'realized_pnl', 'session_result') THEN 'derivative'
      WHEN p.product IN ('spot', 'margin') THEN p.product WHEN p.product IS NOT NULL OR c.wallet IN ('usdm', 'coinm') THEN 'derivative'
      WHEN c.cause = 'trading_fee' THEN 'spot' ELSE 'margin' END AS "group",
    CASE WHEN c.cause IN ('realized_pnl', 'session_result') THEN 'result' ELSE c.cause END AS part,
    c.asset, CASE WHEN c.cause = 'interest' OR c.how = 'loan' THEN d.loan_id END AS loan_id, c.amount, FALSE AS is_unknown
  FROM costs c LEFT JOIN positions p USING (position_id) LEFT JOIN debts d ON d.base = c.row_key - c.row_key % 256 AND d.cause = c.cause
  WHERE c.amount <> 0
  UNION ALL BY NAME
  SELECT m.moved_at AS booked_at, m.account, m.venue, m.symbol, NULL AS instrument, 'other' AS "group",
    CASE WHEN m.cause IN ('correction', 'unknown') THEN 'other' ELSE m.cause END AS part, m.asset, NULL AS loan_id, m.amount, FALSE AS is_unknown
  FROM movements m
  WHERE m.pool = 'asset' AND m.cause IN ('income', 'rebate', 'network_fee', 'correction', 'unknown') AND m.amount <> 0
  UNION ALL BY NAME  -- what networks took of transfers, where no row books it
  SELECT t.sent_at AS booked_at, t.from_account AS account, t.from_venue AS venue, NULL AS symbol, NULL AS instrument, 'other' AS "group",
    'network_fee' AS part, t.asset, NULL AS loan_id, t.booked_fee - t.fee AS amount, FALSE AS is_unknown
  FROM transfer_matches t WHERE t.fee > t.booked_fee
  UNION ALL BY NAME
  SELECT e.happened_at AS booked_at, l.account, l.venue, NULL AS symbol, NULL AS instrument, 'loan' AS "group", 'written_off' AS part, e.asset,
    l.loan_id, e.amount, FALSE AS is_unknown
  FROM loan_events e JOIN loans_stored l USING (loan_id) WHERE e.kind = 'written_off'
)
SELECT period_of(booked_at, $by) AS period, account, venue, "group", part, asset, loan_id,
  CASE WHEN NOT is_unknown THEN CAST(coalesce(-sum(amount) FILTER (WHERE amount < 0), 0) AS DECIMAL(38,18)) END AS paid,
  CASE WHEN NOT is_unknown THEN CAST(coalesce(sum(amount) FILTER (WHERE amount > 0), 0) AS DECIMAL(38,18)) END AS received,
  CASE WHEN NOT is_unknown THEN CAST(coalesce(sum(amount), 0) AS DECIMAL(38,18)) END AS net, count(*) AS rows,
  concat_ws('|', 'income', period_of(booked_at, $by), owner(account, venue), "group", part,
    replace(replace(asset, '%', '%25'), '|', '%7C'), replace(replace(coalesce(loan_id, ''), '%', '%25'), '|', '%7C'),
    CASE WHEN is_unknown THEN 'unknown' END) AS line
FROM lines
WHERE booked_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR booked_at >= $from)
  AND ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR symbol = $symbol OR instrument = $symbol)
GROUP BY period, account, venue, "group", part, asset, loan_id, is_unknown
ORDER BY period, account, "group", part, asset, loan_id NULLS LAST, is_unknown
