-- Twins whose ordinals have a hole: one of two equal rows was lost.
SELECT key, count(DISTINCT nth) AS kept, max(nth) AS seen FROM sightings_stored GROUP BY key HAVING count(DISTINCT nth) <> max(nth)
