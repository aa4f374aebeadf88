-- Stored rows that no file shows any more.
SELECT 'fills' AS table_name, row_key FROM fills_stated ANTI JOIN (SELECT DISTINCT key + nth * 256 AS base FROM sightings_stored) s
  ON s.base = row_key - row_key % 256
UNION ALL
SELECT 'movements', row_key FROM movements_stated ANTI JOIN (SELECT DISTINCT key + nth * 256 AS base FROM sightings_stored) s
  ON s.base = row_key - row_key % 256
