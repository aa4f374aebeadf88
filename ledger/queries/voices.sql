-- name: spans
-- One row is a stretch that one file of a series covers.
SELECT fact, series, rank, from_at AS start, to_at AS "end", filterable, resolution_s, skew_s FROM coverage
WHERE account = $account AND venue = $venue AND wallet = $wallet ORDER BY ALL;

-- name: near_seam
-- One row is a row of either export near a seam.
SELECT row_key::DECIMAL(38,0) AS row_key, format IN ({ours}) AS better, {time} AS moment, {what} AS what,
  {cause} AS cause, {amount} AS amount
FROM {table}_stated
WHERE account = $account AND venue = $venue AND wallet = $wallet AND format IN ({ours}, {theirs})
  AND {time} BETWEEN $start AND $end;

-- name: times
-- One row is an instant at which either export has rows.
SELECT DISTINCT {time} AS moment FROM {table}_stated
WHERE account = $account AND venue = $venue AND wallet = $wallet AND format IN ({formats})
  AND {time} BETWEEN $start AND $end;

-- name: left_out
-- One row is an (asset, cause) that the speaker has no row of though the rival has; with $whole also one of which the
-- rival has every row of the speaker and more.
WITH speaker AS (
  SELECT {what} AS what, {cause} AS cause, {amount} AS amount, {time} AS moment FROM {table}_stated
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND format IN ({speaker})
    AND {time} BETWEEN $file_start AND $file_end
), rival AS (
  SELECT {what} AS what, {cause} AS cause, {amount} AS amount, {time} AS moment FROM {table}_stated
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND format IN ({rival})
    AND {time} >= $start AND {time} < $end
), spoken AS (
  SELECT what, cause, count(*) AS n FROM speaker GROUP BY ALL
), inside AS (
  SELECT what, cause, amount, count(*) AS n,
    count(*) FILTER (WHERE moment >= $start + $distance AND moment < $end - $distance) AS inner_n
  FROM speaker WHERE moment >= $start - $distance AND moment < $end + $distance GROUP BY ALL
), heard AS (
  SELECT what, cause, amount, count(*) AS n,
    count(*) FILTER (WHERE moment >= $start + $distance AND moment < $end - $distance) AS inner_n
  FROM rival GROUP BY ALL
), compared AS (
  SELECT what, cause, bool_and(coalesce(h.n, 0) >= coalesce(i.inner_n, 0)) AS has_all,
    bool_or(coalesce(h.inner_n, 0) > coalesce(i.n, 0)) AS has_more
  FROM heard h FULL JOIN inside i USING (what, cause, amount) GROUP BY ALL
)
SELECT DISTINCT r.what, r.cause FROM rival r LEFT JOIN spoken s USING (what, cause)
LEFT JOIN compared c USING (what, cause)
WHERE s.n IS NULL OR ($whole AND c.has_all AND c.has_more) ORDER BY ALL;

-- name: formats
SELECT count(DISTINCT format) FROM {table}_stated WHERE account = $account AND venue = $venue AND wallet = $wallet;

-- name: speak_alone
UPDATE {table}_stated SET speaks = TRUE
WHERE NOT speaks AND account = $account AND venue = $venue AND wallet = $wallet;

-- name: speak_by_voice
-- A row speaks where its series is the voice: of its (asset, cause) if there is such a voice, else of all; where
-- nobody is elected, every row does.  Entries by hand always speak.
UPDATE {table}_stated SET speaks = NOT speaks
WHERE account = $account AND venue = $venue AND wallet = $wallet AND row_key IN (
  WITH ours AS (
    SELECT DISTINCT series, format FROM files WHERE account = $account
  ), rows_ AS (
    SELECT row_key, speaks, format, {time} AS moment, {what} AS what, {cause} AS cause FROM {table}_stated
    WHERE account = $account AND venue = $venue AND wallet = $wallet AND NOT by_hand(format)
  ), elected AS (
    SELECT * FROM voices WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = $fact
  ), heard AS (
    SELECT t.row_key, t.speaks, bool_or(v.series = o.series) FILTER (WHERE v.cause IS NULL) AS general,
      count(v.series) FILTER (WHERE v.cause IS NULL) AS generals,
      bool_or(v.series = o.series) FILTER (WHERE v.cause IS NOT NULL) AS special
    FROM rows_ t JOIN ours o USING (format)
    LEFT JOIN elected v ON t.moment >= v.from_at AND t.moment < v.to_at
      AND (v.cause IS NULL OR (v.asset = t.what AND v.cause = t.cause))
    GROUP BY t.row_key, t.speaks
  )
  SELECT row_key FROM heard WHERE speaks <> coalesce(special, general, generals = 0));

-- name: count_once
UPDATE {table}_stated SET speaks = i.counts FROM incoming i WHERE {table}_stated.row_key = i.row_key::HUGEINT;

-- name: speak_with_ledger
-- Transfers, conversions and adjustments speak with the movement of their source row, else where no ledger covers.
UPDATE {table}_stated SET speaks = NOT speaks
WHERE account = $account AND venue = $venue AND wallet = $wallet AND row_key IN (
  SELECT t.row_key FROM {table}_stated t
  LEFT JOIN (
    SELECT row_key - row_key % 256 AS base, bool_or(speaks) AS heard FROM movements_stated
    WHERE account = $account AND venue = $venue AND wallet = $wallet GROUP BY 1
  ) m ON m.base = t.row_key - t.row_key % 256
  WHERE t.account = $account AND t.venue = $venue AND t.wallet = $wallet AND NOT by_hand(t.format)
    AND t.speaks <> coalesce(m.heard, NOT EXISTS (
      FROM voices v WHERE v.account = $account AND v.venue = $venue AND v.wallet = $wallet AND v.fact = 'ledger'
        AND v.cause IS NULL AND t.{time} >= v.from_at AND t.{time} < v.to_at)));

-- name: withdraw
DELETE FROM voices WHERE account = $account AND venue = $venue AND wallet = $wallet;

-- name: formats_of_series
SELECT DISTINCT series, format FROM files;

-- name: has_silent
-- Whether the table has rows of the wallet, and any of them or any movement is, or may have to be, silent.
SELECT 1 FROM {table}_stated t
WHERE account = $account AND venue = $venue AND wallet = $wallet AND (NOT speaks
  OR EXISTS (FROM movements_stated WHERE account = $account AND venue = $venue AND wallet = $wallet AND NOT speaks)
  OR (SELECT count(DISTINCT series) > 1 FROM coverage
      WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = 'ledger')) LIMIT 1;

-- name: handed_funding
-- One row is a stretch in which a witness speaks for the funding in an asset's ledger, since the speaker was filtered.
SELECT cause, asset, from_at, to_at, series FROM voices
WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = 'ledger' AND cause = 'funding' ORDER BY ALL;
