-- name: stale
-- One row is a wallet with something new, and the first instant of it (null: everything may have changed).
SELECT account, venue, wallet, CASE WHEN count(since) = count(*) THEN min(since) END AS since FROM stale
GROUP BY ALL ORDER BY ALL;

-- name: every_wallet
SELECT DISTINCT account, venue, unnest(wallets) AS wallet FROM files ORDER BY ALL;

-- name: contents
-- One row is a wallet with the tables of which files hold rows of it.
SELECT account, venue, wallet, list(DISTINCT holds) AS holds FROM contents GROUP BY ALL;

-- name: silent_days
-- One row is a day of which some row does not count, with what tells its rows from others.
SELECT CAST({time} AS DATE) AS day, count(*) AS rows, bit_xor(hash(row_key)) AS mark FROM {table}_stated
WHERE account = $account AND venue = $venue AND wallet = $wallet AND NOT speaks GROUP BY day;

-- name: restarts
-- One row is a contract whose positions may be taken up again: what began before `made_from` stays as it is, and what comes
-- after `read_after` is folded (null: all).  Both are instants at which nothing of the contract was open, on either side.
-- Not of contracts of which only the whole history tells what was open at first, or which side a fill was of.
WITH own AS (
  SELECT symbol, product, position_side, opened_at, coalesce(closed_at, 'infinity'::TIMESTAMPTZ) AS closed_at, flags
  FROM positions WHERE account = $account AND venue = $venue AND wallet = $wallet
), settled AS (
  SELECT symbol FROM own GROUP BY symbol
  HAVING bool_and(product IN ('perpetual', 'future')) AND bool_and(list_has_all($harmless::VARCHAR[], flags))
    AND count(DISTINCT position_side = 'both') = 1
    AND symbol NOT IN (SELECT symbol FROM fills_assembled
      WHERE account = $account AND venue = $venue AND wallet = $wallet)
), beginnings AS (
  SELECT symbol, opened_at, closed_at FROM own SEMI JOIN settled USING (symbol) WHERE opened_at < $since
  UNION ALL SELECT symbol, $since, NULL FROM settled
), before AS (
  SELECT symbol, opened_at, max(closed_at) OVER earlier AS closed_before, max(opened_at) OVER earlier AS opened_before
  FROM beginnings
  WINDOW earlier AS (PARTITION BY symbol ORDER BY opened_at, closed_at NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), flat AS (  -- ids of positions name the minute: those of one minute are made together
  SELECT symbol, opened_at, closed_before FROM before
  WHERE closed_before < opened_at AND date_trunc('minute', opened_before) < date_trunc('minute', opened_at)
), made AS (
  SELECT symbol, max(opened_at) AS made_from FROM flat WHERE closed_before <= $since - $margin GROUP BY symbol
)
SELECT symbol, made_from, max(closed_before) FILTER (WHERE closed_before <= made_from - $context) AS read_after
FROM made JOIN flat USING (symbol) GROUP BY symbol, made_from ORDER BY symbol;

-- name: leave_legs
-- Of positions that are made anew the legs go.
DELETE FROM legs WHERE filled_at >= $first AND position_id IN (
  SELECT position_id FROM positions LEFT JOIN incoming r USING (symbol)
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND (r.made_from IS NULL OR opened_at >= r.made_from));

-- name: leave_positions
DELETE FROM positions WHERE account = $account AND venue = $venue AND wallet = $wallet
  AND NOT EXISTS (FROM incoming r WHERE r.symbol = positions.symbol AND opened_at < r.made_from);

-- name: leave_costs
-- What a position that stays was charged stays; every other cost line is found anew.
DELETE FROM costs_stored WHERE account = $account AND venue = $venue AND wallet = $wallet
  AND NOT (row_key IS NOT NULL AND cause IN ('funding', 'liquidation_fee', 'insurance')
    AND EXISTS (FROM incoming r WHERE r.symbol = costs_stored.symbol AND booked_at < r.made_from));

-- name: symbols
SELECT DISTINCT symbol FROM positions WHERE account = $account AND venue = $venue AND wallet = $wallet;

-- name: forget_legs
DELETE FROM legs WHERE position_id IN (
  SELECT position_id FROM positions
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND list_contains($symbols::VARCHAR[], symbol));

-- name: forget_positions
DELETE FROM positions
WHERE account = $account AND venue = $venue AND wallet = $wallet AND list_contains($symbols::VARCHAR[], symbol);

-- name: forget_costs
DELETE FROM costs_stored
WHERE account = $account AND venue = $venue AND wallet = $wallet AND list_contains($symbols::VARCHAR[], symbol);
