-- Every position as of an instant (exclusive; null: now): one row is a position that was opened before it.
CREATE OR REPLACE MACRO positions_until(until) AS TABLE
WITH reached AS (
  SELECT position_id, max(leg_no) AS leg_no FROM legs WHERE filled_at < coalesce(until, 'infinity'::TIMESTAMPTZ) GROUP BY position_id
), paid AS (
  SELECT position_id,
    sum(value) FILTER (WHERE cause = 'funding') AS funding,
    -sum(value) FILTER (WHERE cause = 'interest') AS interest,
    -sum(value) FILTER (WHERE cause = 'liquidation_fee') AS liquidation_fees,
    sum(value) FILTER (WHERE cause = 'insurance') AS insurance,
    -sum(value) FILTER (WHERE cause = 'trading_fee') AS fees_beside,
    count(*) FILTER (WHERE value IS NULL) AS unvalued
  FROM costs_stored WHERE position_id IS NOT NULL AND booked_at < coalesce(until, 'infinity'::TIMESTAMPTZ) GROUP BY position_id
), forced AS (
  SELECT position_id, bool_or(execution IN ('liquidation', 'adl')) AS forced FROM legs
  WHERE filled_at < coalesce(until, 'infinity'::TIMESTAMPTZ) GROUP BY position_id
)
SELECT p.* EXCLUDE (ended, closed_at, flags),
  CASE WHEN l.quantity_after = 0 THEN p.ended ELSE 'open' END AS status,
  CASE WHEN l.quantity_after = 0 THEN l.filled_at END AS closed_at,
  l.filled_at AS last_fill_at,
  l.leg_no - (p.opening_quantity <> 0)::INT - (l.leg_no > 1 AND l.row_key IS NULL)::INT AS fills,  -- dust is no fill
  l.max_after AS max_quantity, abs(l.quantity_after) AS quantity, l.cost_after AS open_cost,
  l.entry_quantity, l.entry_weight, l.exit_quantity, l.exit_weight, l.entry_value, l.exposure,
  l.gross_after AS gross_pnl, CAST(l.fees_after + coalesce(c.fees_beside, 0) AS DECIMAL(38,18)) AS trading_fees,
  CAST(coalesce(c.funding, 0) AS DECIMAL(38,18)) AS funding,
  CAST(coalesce(c.interest, 0) AS DECIMAL(38,18)) AS interest,
  CAST(coalesce(c.liquidation_fees, 0) AS DECIMAL(38,18)) AS liquidation_fees,
  CAST(coalesce(c.insurance, 0) AS DECIMAL(38,18)) AS insurance,
  list_concat(
    list_filter(p.flags, lambda flag: flag NOT IN ('unvalued_cost', 'partly_liquidated')),
    CASE WHEN l.fees_unvalued > 0 OR coalesce(c.unvalued, 0) > 0 THEN ['unvalued_cost'] ELSE []::VARCHAR[] END,
    CASE WHEN f.forced AND NOT (l.quantity_after = 0 AND p.ended IN ('liquidated', 'adl')) THEN ['partly_liquidated']
      ELSE []::VARCHAR[] END) AS flags
FROM positions p JOIN reached r USING (position_id)
JOIN legs l ON l.position_id = r.position_id AND l.leg_no = r.leg_no
JOIN forced f ON f.position_id = p.position_id
LEFT JOIN paid c ON c.position_id = p.position_id;

-- Costs of positions that no price valued, in their own assets: one row is a position.
CREATE OR REPLACE MACRO unvalued_until(until) AS TABLE
SELECT position_id,
  string_agg(rtrim(rtrim((-amount)::VARCHAR, '0'), '.') || ' ' || asset || ' ' || cause, ', ' ORDER BY asset, cause) AS unvalued_costs
FROM (SELECT position_id, asset, cause, CAST(sum(amount) AS DECIMAL(38,18)) AS amount FROM costs
      WHERE value IS NULL AND position_id IS NOT NULL AND booked_at < coalesce(until, 'infinity'::TIMESTAMPTZ) GROUP BY ALL)
GROUP BY position_id;
