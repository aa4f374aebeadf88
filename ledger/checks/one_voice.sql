-- [F2] Instants of a wallet for which two series speak for all of one fact.
SELECT a.account, a.wallet, a.fact, a.series, b.series AS other, greatest(a.from_at, b.from_at) AS since
FROM voices a JOIN voices b ON a.account = b.account AND a.venue = b.venue AND a.wallet = b.wallet AND a.fact = b.fact
  AND a.cause IS NULL AND b.cause IS NULL AND a.series < b.series AND a.from_at < b.to_at AND b.from_at < a.to_at
