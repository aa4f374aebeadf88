-- [D2.11] Positions that were open before the first row known and are given a cost all the same.
SELECT p.position_id, p.opening_quantity, l.leg_no, l.cost_after, l.row_key FROM positions p JOIN legs l USING (position_id)
WHERE p.opening_quantity <> 0 AND l.cost_after IS NOT NULL AND l.quantity_after <> 0
ORDER BY p.position_id, l.leg_no
