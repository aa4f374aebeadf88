-- name: pairs
-- One row is a conversion of one asset into another inside a wallet whose spot pairs are stakes: what was sold, what was
-- bought, the fee of both legs, and whether the asset bought was owed just before (then the venue converted by force).
WITH legs_ AS (
  SELECT coalesce(group_ref, booked_at::VARCHAR) AS group_ref, asset, CAST(sum(amount) AS DECIMAL(38,18)) AS amount,
    max(booked_at) AS moment, min(row_key) AS row_key, min(row_key - row_key % 256) AS base
  FROM conversions WHERE account = $account AND venue = $venue AND wallet = $wallet GROUP BY ALL
), fees AS (
  SELECT row_key - row_key % 256 AS base, any_value(asset) AS fee_asset, CAST(-sum(amount) AS DECIMAL(38,18)) AS fee FROM movements
  WHERE account = $account AND venue = $venue AND wallet = $wallet AND cause = 'trading_fee' GROUP BY 1
), grouped AS (
  SELECT group_ref, count(*) AS n, max(moment) AS moment,
    any_value(l) FILTER (WHERE amount < 0) AS sold, any_value(l) FILTER (WHERE amount > 0) AS bought
  FROM legs_ l GROUP BY group_ref HAVING n = 2 AND sold IS NOT NULL AND bought IS NOT NULL
), before AS (
  SELECT g.group_ref, arg_max(m.balance_after, (m.moved_at, m.sequence, m.row_key)) AS balance
  FROM grouped g JOIN movements m ON m.account = $account AND m.venue = $venue AND m.wallet = $wallet
    AND m.asset = g.bought.asset AND m.moved_at < g.moment AND m.balance_after IS NOT NULL AND m.row_key <> g.bought.row_key
  GROUP BY g.group_ref
)
SELECT g.sold.asset AS sold_asset, -g.sold.amount AS sold, g.bought.asset AS bought_asset, g.bought.amount AS bought,
  g.moment, g.sold.row_key::DECIMAL(38,0) AS sold_key, g.bought.row_key::DECIMAL(38,0) AS bought_key,
  s.fee AS sold_fee, s.fee_asset AS sold_fee_asset, b.fee AS bought_fee, b.fee_asset AS bought_fee_asset,
  coalesce(p.balance < 0, FALSE) AS forced
FROM grouped g LEFT JOIN before p USING (group_ref) LEFT JOIN fees s ON s.base = g.sold.base LEFT JOIN fees b ON b.base = g.bought.base
ORDER BY g.moment, g.group_ref;

-- name: instruments
-- One row is a spot pair that was traded in the wallet.
SELECT DISTINCT instrument, symbol, product, margin_mode FROM fills
WHERE account = $account AND venue = $venue AND wallet = $wallet AND product IN ('spot', 'margin') AND instrument IS NOT NULL;
