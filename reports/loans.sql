-- One row is a loan or a debt pool as of $to; --from leaves out those closed before it.
-- remaining_debt = drawn + interest - repaid_principal - repaid_interest; liquidated is the part of both that collateral
-- was sold for.
WITH until AS (
  SELECT e.*, l.asset AS debt_asset FROM loan_events e JOIN loans_stored l USING (loan_id)
  WHERE e.happened_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ)
), summed AS (
  SELECT loan_id,
    CAST(coalesce(sum(amount) FILTER (WHERE kind = 'drawn'), 0) AS DECIMAL(38,18)) AS drawn,
    CAST(coalesce(sum(amount) FILTER (WHERE kind = 'accrued'), 0) AS DECIMAL(38,18)) AS interest,
    CAST(coalesce(sum(amount) FILTER (WHERE kind = 'repaid_principal'), 0) AS DECIMAL(38,18)) AS repaid_principal,
    CAST(coalesce(sum(amount) FILTER (WHERE kind = 'repaid_interest'), 0) AS DECIMAL(38,18)) AS repaid_interest,
    CAST(coalesce(sum(amount) FILTER (WHERE kind IN ('repaid_principal', 'repaid_interest') AND forced), 0) AS DECIMAL(38,18)) AS liquidated,
    CAST(coalesce(sum(value) FILTER (WHERE kind = 'liquidation_fee'), 0) AS DECIMAL(38,18)) AS fees_valued,
    count(*) FILTER (WHERE kind = 'liquidation_fee' AND value IS NULL) AS fees_unvalued,
    string_agg(rtrim(rtrim(amount::VARCHAR, '0'), '.') || ' ' || asset, ', ' ORDER BY event_no)
      FILTER (WHERE kind = 'liquidation_fee') AS liquidation_fees,
    string_agg(rtrim(rtrim(amount::VARCHAR, '0'), '.') || ' ' || asset, ', ' ORDER BY event_no)
      FILTER (WHERE kind = 'collateral_sold') AS collateral_sold,
    count(*) FILTER (WHERE kind = 'margin_call') AS margin_calls,
    max(coalesce(ltv_stated, ltv)) AS highest_ltv,
    arg_max(coalesce(ltv_stated, ltv), event_no) FILTER (WHERE coalesce(ltv_stated, ltv) IS NOT NULL) AS last_ltv,
    arg_max(principal_after, event_no) AS principal_after, arg_max(interest_after, event_no) AS interest_after,
    max(happened_at) AS last_at
  FROM until GROUP BY loan_id
), held AS (
  SELECT loan_id, string_agg(rtrim(rtrim(amount::VARCHAR, '0'), '.') || ' ' || asset, ' + ' ORDER BY asset) AS collateral FROM (
    SELECT loan_id, asset, CAST(sum(CASE kind WHEN 'pledged' THEN amount ELSE -amount END) AS DECIMAL(38,18)) AS amount
    FROM until WHERE kind IN ('pledged', 'released', 'collateral_sold', 'returned') GROUP BY ALL)
  WHERE amount > 0 GROUP BY loan_id
)
SELECT l.loan_id, l.account, l.venue, l.wallet, l.asset, l.collateral_asset, l.opened_at,
  CASE WHEN s.last_at >= l.closed_at THEN l.closed_at END AS closed_at, s.drawn, s.interest, s.repaid_principal,
  s.repaid_interest, s.liquidated, CAST(s.principal_after + s.interest_after AS DECIMAL(38,18)) AS remaining_debt,
  CASE WHEN s.last_at >= l.closed_at THEN l.ended ELSE 'open' END AS status, l.kind, l.pair, l.loan_ref, h.collateral,
  s.collateral_sold, s.liquidation_fees, s.margin_calls, s.last_ltv, s.highest_ltv, m.margin_call_ltv, m.liquidation_ltv, l.flags,
  CASE WHEN s.fees_unvalued = 0 THEN s.fees_valued END AS fees_valued, l.loan_id AS line
FROM loans_stored l JOIN summed s USING (loan_id) LEFT JOIN held h USING (loan_id)
LEFT JOIN loan_limits m USING (loan_id)
WHERE ($from::TIMESTAMPTZ IS NULL OR l.closed_at IS NULL OR l.closed_at >= $from)
  AND ($account::VARCHAR IS NULL OR l.account = $account) AND ($venue::VARCHAR IS NULL OR l.venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR l.asset = $symbol OR l.pair = $symbol OR l.collateral_asset = $symbol)
ORDER BY l.opened_at, l.loan_id
