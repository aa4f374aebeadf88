-- [U2] Names of loans, breaks, matches, gaps and findings that name several things.
SELECT 'loan' AS thing, loan_id AS id, count(*) AS things FROM loans_stored GROUP BY ALL HAVING count(*) > 1
UNION ALL SELECT 'break', break_id, count(*) FROM breaks_stored GROUP BY ALL HAVING count(*) > 1
UNION ALL SELECT 'match', match_id, count(*) FROM transfer_matches GROUP BY ALL HAVING count(*) > 1
UNION ALL SELECT 'gap', gap_id, count(*) FROM gaps GROUP BY ALL HAVING count(*) > 1
UNION ALL SELECT 'finding', finding_id, count(*) FROM findings_stored GROUP BY ALL HAVING count(*) > 1
