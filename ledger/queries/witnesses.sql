-- name: days
WITH heard AS (
  SELECT v.series AS voice_series, v.fact, v.from_at, v.to_at, v.asset AS only_what, v.cause AS only_cause FROM voices v
  WHERE v.account = $account AND v.venue = $venue AND v.wallet = $wallet AND v.fact = $fact
), ours AS (SELECT DISTINCT series, format FROM files WHERE account = $account),
every AS (
  SELECT t.row_key, t.speaks, t.format, {time} AS moment, CAST({time} AS DATE) AS day, {what} AS what, {cause} AS cause, {amount} AS amount
  FROM {table}_stated t WHERE account = $account AND venue = $venue AND wallet = $wallet AND NOT by_hand(format)
    AND ({amount}) IS NOT NULL  -- what states no size cannot be compared
), silent_formats AS (SELECT DISTINCT format FROM every WHERE NOT speaks),
silent_days AS (SELECT DISTINCT format, day FROM every WHERE NOT speaks)
SELECT e.day, e.what, s.format AS witness,
  count(*) FILTER (WHERE e.speaks AND e.format <> s.format) AS voice_rows,
  count(*) FILTER (WHERE NOT e.speaks AND e.format = s.format) AS witness_rows,
  CAST(coalesce(sum(e.amount) FILTER (WHERE e.speaks AND e.format <> s.format), 0) AS DECIMAL(38,18)) AS voice_sum,
  CAST(coalesce(sum(e.amount) FILTER (WHERE NOT e.speaks AND e.format = s.format), 0) AS DECIMAL(38,18)) AS witness_sum,
  coalesce(any_value(e.format) FILTER (WHERE e.speaks AND e.format <> s.format), '') AS voice
FROM every e JOIN silent_days s ON e.day = s.day
GROUP BY ALL HAVING witness_rows > 0 OR voice_rows > 0 ORDER BY ALL;

-- name: near
-- One row is a row that counts, of another export than the witness, or a silent one of the witness.
SELECT row_key::DECIMAL(38,0) AS row_key, speaks, format, {time} AS moment, {what} AS what, {cause} AS cause, {amount} AS amount
FROM {table}_stated WHERE account = $account AND venue = $venue AND wallet = $wallet AND speaks <> (format = $witness) AND NOT by_hand(format) AND {time} >= $start AND {time} < $end
  AND ({amount}) IS NOT NULL
ORDER BY {time}, row_key;

-- name: has_silent
SELECT 1 FROM {table}_stated WHERE account = $account AND venue = $venue AND wallet = $wallet AND NOT speaks LIMIT 1;

-- name: distance
SELECT max(skew_s + resolution_s) FROM coverage
WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = $fact;
