-- One row is a crossing of the venue's warning level by the bucket of a position.
SELECT * FROM margin_call_lines ORDER BY called_at, account, position_id
