-- name: booked_by_day
-- One row is what the ledger booked of a cause, an asset and a day, and the last instant at which it did.  A trade that is a contract's fill is its result: some
-- ledgers (ccxt's) have one word for both.
WITH results AS (
  SELECT DISTINCT trade_ref FROM fills
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND product IN ('perpetual', 'future') AND trade_ref IS NOT NULL
), named AS (
  SELECT CASE WHEN cause = 'trade' AND trade_ref IN (FROM results) THEN 'realized_pnl' ELSE cause END AS cause, asset, moved_at, amount
  FROM movements
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND pool = 'asset' AND basis = 'stated'
    AND (cause = 'trade' OR list_contains($causes, cause))
)
SELECT cause, asset, NULL::VARCHAR AS symbol, date_trunc('day', moved_at) AS moment, max(moved_at) AS last_at,
  CAST(sum(amount) AS DECIMAL(38,18)) AS amount
FROM named WHERE list_contains($causes, cause) GROUP BY ALL;

-- name: sessions
-- One row is a result that the venue booked for a session.
SELECT cause, asset, symbol, moved_at AS moment, amount, row_key::DECIMAL(38,0) AS row_key FROM movements
WHERE account = $account AND venue = $venue AND wallet = $wallet AND pool = 'asset' AND basis = 'stated'
  AND cause = 'session_result';

-- name: taken
-- One row is a share of a cost or a result that a ledger booked, too: all but what had to be derived.
WITH shares AS (
  SELECT cause, asset, symbol, booked_at AS moment, amount, row_key FROM costs_stored c
  WHERE account = $account AND venue = $venue AND wallet = $wallet
    AND NOT EXISTS (FROM interest i WHERE i.row_key = c.row_key AND c.cause = 'interest' AND i.kind IN ('margin', 'loan'))
    AND NOT (cause = 'liquidation_fee' AND how = 'loan')
  UNION ALL
  SELECT 'trading_fee', l.fee_asset, p.symbol, l.filled_at, -l.fee, l.row_key FROM legs l JOIN positions p USING (position_id)
  WHERE p.account = $account AND p.venue = $venue AND p.wallet = $wallet AND l.fee IS NOT NULL
  UNION ALL
  SELECT 'realized_pnl', p.settle_asset, p.symbol, l.filled_at, l.realized, l.row_key FROM legs l JOIN positions p USING (position_id)
  WHERE p.account = $account AND p.venue = $venue AND p.wallet = $wallet AND l.realized IS NOT NULL
    AND p.product <> 'option'  -- booked by premium and pay-off, as pairs of assets are by their legs
    AND (p.product NOT IN ('spot', 'margin') OR p.position_ref IS NOT NULL OR ($lots AND p.product = 'margin'))
), derived AS (
  SELECT row_key - row_key % 256 AS base, cause FROM movements_derived
  WHERE account = $account AND venue = $venue AND wallet = $wallet
)
SELECT t.cause, t.asset, t.symbol, t.moment, t.amount FROM shares t
ANTI JOIN derived d ON d.base = t.row_key - t.row_key % 256 AND d.cause = t.cause;

-- name: by_day
-- The same by cause, asset and day.
SELECT cause, asset, NULL::VARCHAR AS symbol, date_trunc('day', moment) AS moment, max(moment) AS last_at,
  CAST(sum(amount) AS DECIMAL(38,18)) AS amount
FROM ({taken}) GROUP BY ALL;

-- name: has_ledger
SELECT 1 FROM voices
WHERE account = $account AND venue = $venue AND wallet = $wallet AND fact = 'ledger' AND cause IS NULL LIMIT 1;
