-- [A4d] Positions whose running totals differ from the sums of their legs.
WITH summed AS (
  SELECT l.position_id, arg_max(l.row_key, l.leg_no) AS row_key, count(l.realized) = count(*) AS is_known,
    CAST(sum(l.delta) AS DECIMAL(38,18)) AS quantity, arg_max(l.quantity_after, l.leg_no) AS quantity_after,
    CAST(sum(CASE p.side WHEN 'long' THEN greatest(l.delta, 0) ELSE greatest(-l.delta, 0) END) AS DECIMAL(38,18)) AS opened,
    arg_max(l.entry_quantity, l.leg_no) AS entry_quantity,
    CAST(sum(CASE p.side WHEN 'long' THEN greatest(-l.delta, 0) ELSE greatest(l.delta, 0) END) AS DECIMAL(38,18)) AS closed,
    arg_max(l.exit_quantity, l.leg_no) AS exit_quantity,
    CAST(sum(l.realized) AS DECIMAL(38,18)) AS realized, arg_max(l.gross_after, l.leg_no) AS gross,
    CAST(sum(coalesce(l.fee_value, 0)) AS DECIMAL(38,18)) AS paid, arg_max(l.fees_after, l.leg_no) AS fees
  FROM legs l JOIN positions p USING (position_id) GROUP BY l.position_id
)
SELECT position_id, quantity, quantity_after, opened, entry_quantity, closed, exit_quantity, realized, gross, paid, fees, row_key
FROM summed
WHERE quantity <> quantity_after OR opened <> entry_quantity OR closed <> exit_quantity OR paid <> fees
  OR (is_known AND realized IS DISTINCT FROM gross)
ORDER BY position_id
