-- [A2a] Matched transfers whose ends are not there, are ends of another one too, or do not say: sent = received + fee.
WITH ends AS (
  SELECT sent_key AS row_key FROM transfer_matches UNION ALL SELECT received_key FROM transfer_matches
), twice AS (
  SELECT row_key FROM ends GROUP BY row_key HAVING count(*) > 1
)
SELECT t.match_id, t.asset, t.sent, s.amount AS left_, t.booked_fee, f.amount AS fee_row, t.received, r.amount AS arrived, t.fee,
  t.sent_key AS row_key
FROM transfer_matches t LEFT JOIN movements s ON s.row_key = t.sent_key LEFT JOIN movements r ON r.row_key = t.received_key
LEFT JOIN movements f ON f.row_key = t.fee_key
WHERE coalesce(s.asset <> t.asset OR r.asset <> t.asset OR s.pool <> 'asset' OR r.pool <> 'asset' OR s.amount >= 0 OR r.amount <= 0
  OR t.sent <> t.booked_fee - s.amount OR t.booked_fee <> -coalesce(f.amount, 0) OR t.received <> r.amount
  OR t.sent <> t.received + t.fee, TRUE)
  OR t.sent_key IN (FROM twice) OR t.received_key IN (FROM twice)
ORDER BY t.match_id
