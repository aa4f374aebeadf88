-- name: next_seq
SELECT coalesce(max(seq), 0) + 1 FROM log;

-- name: append
INSERT INTO log VALUES ($seq, $entry);

-- name: entries
SELECT entry FROM log ORDER BY seq;

-- name: after
SELECT entry FROM log WHERE seq > $known ORDER BY seq;

-- name: descriptions
-- Those that may tell of a described format: cheap to ask for with every import.
SELECT entry FROM log WHERE contains(entry, '"kind": "description"') ORDER BY seq;
