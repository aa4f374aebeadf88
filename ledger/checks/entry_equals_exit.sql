-- [A4b] Closed positions whose opened and closed sizes differ.
SELECT position_id, entry_quantity, exit_quantity, row_key FROM positions JOIN (
  SELECT position_id, arg_max(entry_quantity, leg_no) AS entry_quantity, arg_max(exit_quantity, leg_no) AS exit_quantity,
    arg_max(row_key, leg_no) AS row_key
  FROM legs GROUP BY position_id) USING (position_id)
WHERE ended <> 'open' AND entry_quantity <> exit_quantity
