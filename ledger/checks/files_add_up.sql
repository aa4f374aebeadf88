-- [D2.1a] Files whose five numbers do not add up: read = stored + duplicate + ignored + rejected.
SELECT name AS file, rows_read, stored, duplicate, ignored, rejected FROM files
WHERE rows_read <> stored + duplicate + ignored + rejected
