-- [A7a] Funding rows that stand in no cost line, or in several.
SELECT f.row_key, f.amount, c.lines FROM funding f
LEFT JOIN (SELECT row_key, count(*) AS lines, sum(amount) AS amount FROM costs_stored WHERE cause = 'funding' GROUP BY row_key) c
  ON c.row_key = f.row_key
WHERE c.lines IS DISTINCT FROM 1 OR c.amount IS DISTINCT FROM f.amount
