-- [D2.4] Twins whose ordinals have a hole: one of two equal rows was lost.
SELECT min(key + nth * 256) AS row_key, count(DISTINCT nth) AS kept, max(nth) AS seen, min(f.name) AS file, min(s.source_row) AS source_row
FROM sightings_stored s LEFT JOIN files f USING (file_no) GROUP BY key HAVING count(DISTINCT nth) <> max(nth)
