-- [A4c] Closed positions whose realized result differs from what their fills paid and received, to the last digit.
SELECT position_id, realized, cash_flow, row_key FROM (
  SELECT l.position_id, CAST(sum(l.realized) AS DECIMAL(38,18)) AS realized,
    CAST(sum(CASE WHEN (l.delta > 0) = (p.style = 'inverse') THEN l.notional ELSE -l.notional END) AS DECIMAL(38,18)) AS cash_flow,
    arg_max(l.row_key, l.leg_no) AS row_key
  FROM legs l JOIN positions p USING (position_id)
  WHERE p.ended <> 'open' AND p.opening_quantity = 0 GROUP BY l.position_id
  HAVING count(*) = count(l.realized) AND count(*) = count(l.notional))
WHERE realized <> cash_flow
