-- [D2.1b] Files whose accepted or rejected rows are not listed one by one.
WITH accepted AS (SELECT file_no, count(*) AS listed FROM sightings_stored GROUP BY file_no),
refused AS (SELECT file_no, count(DISTINCT source_row) AS refused FROM rejects_stored GROUP BY file_no)
SELECT f.name AS file, f.stored + f.duplicate AS accepted, coalesce(a.listed, 0) AS listed, f.rejected, coalesce(r.refused, 0) AS refused
FROM files f LEFT JOIN accepted a USING (file_no) LEFT JOIN refused r USING (file_no)
WHERE f.stored + f.duplicate <> coalesce(a.listed, 0) OR f.rejected <> coalesce(r.refused, 0)
ORDER BY ALL
