-- Positions that ended without being flat, or are open without a size.
SELECT position_id, ended, quantity_after FROM positions JOIN (
  SELECT position_id, arg_max(quantity_after, leg_no) AS quantity_after FROM legs GROUP BY position_id) USING (position_id)
WHERE (ended = 'open') <> (quantity_after <> 0)
