-- [A4a] Positions that ended without being flat, or are open without a size.
SELECT position_id, ended, quantity_after, row_key FROM positions JOIN (
  SELECT position_id, arg_max(quantity_after, leg_no) AS quantity_after, arg_max(row_key, leg_no) AS row_key FROM legs
  GROUP BY position_id) USING (position_id)
WHERE (ended = 'open') <> (quantity_after <> 0)
