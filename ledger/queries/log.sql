-- name: next_seq
SELECT coalesce(max(seq), 0) + 1 FROM log;

-- name: append
INSERT INTO log VALUES ($seq, $entry);

-- name: entries
SELECT entry FROM log ORDER BY seq;

-- name: after
SELECT entry FROM log WHERE seq > $known ORDER BY seq;
