-- [A3a] Wallets where positions plus unattributed lines differ from what the ledger booked (per asset and cause).
WITH booked AS (
  SELECT account, venue, wallet, asset, cause, CAST(sum(amount) AS DECIMAL(38,18)) AS amount FROM movements
  WHERE basis = 'stated' AND cause IN ('funding', 'liquidation_fee', 'insurance') GROUP BY ALL
), lined AS (
  SELECT account, venue, wallet, asset, cause, CAST(sum(amount) AS DECIMAL(38,18)) AS amount FROM costs_stored c
  WHERE cause IN ('funding', 'liquidation_fee', 'insurance') AND how <> 'loan' AND (how = 'unattributed' OR EXISTS (
    FROM voices v WHERE v.account = c.account AND v.venue = c.venue AND v.wallet = c.wallet AND v.fact = 'ledger' AND v.cause IS NULL
      AND c.booked_at >= v.from_at AND c.booked_at < v.to_at)
    OR cause = 'funding' AND c.row_key - c.row_key % 256 NOT IN (  -- paid a moment before the ledger begins, which books it
      SELECT row_key - row_key % 256 FROM movements_derived WHERE cause = 'funding')) GROUP BY ALL
), sessions AS (SELECT DISTINCT account, venue, wallet, asset FROM movements WHERE cause = 'session_result')
SELECT b.*, l.amount AS lines FROM booked b LEFT JOIN lined l USING (account, venue, wallet, asset, cause)
ANTI JOIN sessions s ON s.account = b.account AND s.venue = b.venue AND s.wallet = b.wallet AND s.asset = b.asset
WHERE b.amount IS DISTINCT FROM l.amount AND b.amount <> 0
