-- [A7b] Interest rows whose cost lines do not add up to them.
SELECT i.row_key, i.asset, i.amount, c.amount AS lined FROM interest i
LEFT JOIN (SELECT row_key, CAST(-sum(amount) AS DECIMAL(38,18)) AS amount FROM costs_stored
  WHERE cause = 'interest' AND row_key IS NOT NULL GROUP BY row_key) c USING (row_key)
WHERE c.amount IS DISTINCT FROM i.amount
