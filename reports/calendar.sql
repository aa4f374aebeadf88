-- One row is a month of a fact of a wallet, with a mark for each day: broken, missing, with rows, quiet, not covered.
WITH quarters AS (  -- of an hour: days of every zone are made of them, and a day costs much more to tell
  SELECT account, venue, wallet, 'ledger' AS fact, time_bucket(INTERVAL 15 MINUTE, moved_at) AS quarter FROM movements_stated WHERE speaks GROUP BY ALL
  UNION ALL SELECT account, venue, wallet, 'fills' AS fact, time_bucket(INTERVAL 15 MINUTE, filled_at) AS quarter FROM fills_stated WHERE speaks GROUP BY ALL
  UNION ALL SELECT account, venue, wallet, 'funding' AS fact, time_bucket(INTERVAL 15 MINUTE, paid_at) AS quarter FROM funding_stated WHERE speaks GROUP BY ALL
  UNION ALL SELECT account, venue, wallet, 'interest' AS fact, time_bucket(INTERVAL 15 MINUTE, accrued_at) AS quarter FROM interest_stated WHERE speaks GROUP BY ALL
  UNION ALL SELECT account, venue, wallet, 'borrow_repay' AS fact, time_bucket(INTERVAL 15 MINUTE, happened_at) AS quarter FROM borrow_repay_stated WHERE speaks GROUP BY ALL
), rows_on AS (
  SELECT DISTINCT account, venue, wallet, fact, CAST(quarter AS DATE) AS day FROM quarters
), lacking AS (
  SELECT account, venue, wallet, unnest(facts) AS fact, kind, CAST(from_at AS DATE) AS first_day, CAST(to_at AS DATE) AS last_day FROM gaps
), asked AS (
  SELECT account, venue, wallet, fact FROM rows_on UNION SELECT account, venue, wallet, fact FROM lacking
), covered_days AS (
  SELECT DISTINCT account, venue, wallet, fact, CAST(unnest(generate_series(CAST(from_at AS DATE)::TIMESTAMP, CAST(to_at AS DATE)::TIMESTAMP, INTERVAL 1 DAY)) AS DATE) AS day
  FROM covered WHERE rank < 9
), broken_days AS (
  SELECT DISTINCT account, venue, wallet, fact, last_day AS day FROM lacking WHERE kind = 'balance'
), missing_days AS (
  SELECT DISTINCT account, venue, wallet, fact, kind = 'files' AS is_hole,
    CAST(unnest(generate_series(first_day::TIMESTAMP, last_day::TIMESTAMP, INTERVAL 1 DAY)) AS DATE) AS day
  FROM lacking WHERE kind <> 'balance'
), known AS (
  SELECT account, venue, wallet, min(day) AS first_day, max(day) AS last_day FROM (
    SELECT account, venue, wallet, day FROM covered_days UNION ALL SELECT account, venue, wallet, day FROM rows_on) GROUP BY ALL
), months AS (
  SELECT a.*, CAST(unnest(generate_series(date_trunc('month', k.first_day)::TIMESTAMP, date_trunc('month', k.last_day)::TIMESTAMP, INTERVAL 1 MONTH)) AS DATE) AS first_of
  FROM asked a JOIN known k USING (account, venue, wallet)
  WHERE ($account::VARCHAR IS NULL OR a.account = $account) AND ($venue::VARCHAR IS NULL OR a.venue = $venue)
), days AS (
  SELECT *, CAST(unnest(generate_series(first_of::TIMESTAMP, last_day(first_of)::TIMESTAMP, INTERVAL 1 DAY)) AS DATE) AS day FROM months
  WHERE first_of < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)::DATE
    AND ($from::TIMESTAMPTZ IS NULL OR last_day(first_of) >= $from::TIMESTAMPTZ::DATE)
), marked AS (
  SELECT d.account, d.venue, d.wallet, d.fact, d.first_of, d.day,
    CASE WHEN b.day IS NOT NULL THEN '▚' WHEN m.day IS NOT NULL THEN '░' WHEN r.day IS NOT NULL THEN '█' WHEN h.day IS NOT NULL THEN '░'
      WHEN c.day IS NOT NULL THEN '▄' ELSE '▁' END AS mark
  FROM days d LEFT JOIN broken_days b USING (account, venue, wallet, fact, day)
  LEFT JOIN (FROM missing_days WHERE NOT is_hole) m USING (account, venue, wallet, fact, day)
  LEFT JOIN rows_on r USING (account, venue, wallet, fact, day)
  LEFT JOIN (FROM missing_days WHERE is_hole) h USING (account, venue, wallet, fact, day)
  LEFT JOIN covered_days c USING (account, venue, wallet, fact, day)
)
SELECT account, venue, wallet, fact, strftime(first_of, '%Y-%m') AS month,
  string_agg(CASE WHEN day(day) IN (11, 21) THEN '│' || mark ELSE mark END, '' ORDER BY day) AS days
FROM marked GROUP BY account, venue, wallet, fact, first_of
ORDER BY account, venue, wallet, list_position(['ledger', 'fills', 'funding', 'interest', 'borrow_repay'], fact), month
