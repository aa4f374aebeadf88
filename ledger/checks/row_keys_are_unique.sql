-- [D2.3] Facts that stand twice under one identity.
SELECT 'fills' AS table_name, row_key FROM fills_stated GROUP BY row_key HAVING count(*) > 1
UNION ALL SELECT 'movements', row_key FROM movements_stated GROUP BY row_key HAVING count(*) > 1
UNION ALL SELECT 'funding', row_key FROM funding_stated GROUP BY row_key HAVING count(*) > 1
UNION ALL SELECT 'liquidations', row_key FROM liquidations_stated GROUP BY row_key HAVING count(*) > 1
UNION ALL SELECT 'transfers', row_key FROM transfers_stated GROUP BY row_key HAVING count(*) > 1
UNION ALL SELECT 'stated_results', row_key FROM stated_results GROUP BY row_key HAVING count(*) > 1
UNION ALL SELECT 'stated_balances', row_key FROM stated_balances GROUP BY row_key HAVING count(*) > 1
