-- One row is a transfer as of $to: both ends of a matched one, or the one end that the book has.  What left one wallet
-- before $to and arrived at the other later (or the other way round, by two clocks) is in transit.
WITH until AS (
  SELECT coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AS until
), matched AS (
  SELECT match_id AS transfer_id, asset, from_account, from_venue, from_wallet, from_pair, to_account, to_venue, to_wallet, to_pair,
    sent_at, received_at, sent, received, fee, how, sent_at < until AS is_sent, received_at < until AS is_received, 'matched' AS status,
    NULL AS hint, sent_key, received_key, NULL AS cause
  FROM transfer_matches, until
), lonely AS (
  SELECT concat('transfer|', row_key) AS transfer_id, asset, fee, how, status, hint, cause, amount < 0 AS is_sent, amount >= 0 AS is_received,
    CASE WHEN amount < 0 THEN moved_at END AS sent_at, CASE WHEN amount >= 0 THEN moved_at END AS received_at,
    CASE WHEN amount < 0 THEN -amount END AS sent, CASE WHEN amount >= 0 THEN amount END AS received,
    CASE WHEN amount < 0 THEN row_key END AS sent_key, CASE WHEN amount >= 0 THEN row_key END AS received_key,
    CASE WHEN amount < 0 OR other_wallet IS NOT NULL THEN account END AS from_account,
    CASE WHEN amount < 0 OR other_wallet IS NOT NULL THEN venue END AS from_venue,
    CASE WHEN amount < 0 THEN wallet ELSE other_wallet END AS from_wallet, CASE WHEN amount < 0 THEN pair END AS from_pair,
    CASE WHEN amount >= 0 OR other_wallet IS NOT NULL THEN account END AS to_account,
    CASE WHEN amount >= 0 OR other_wallet IS NOT NULL THEN venue END AS to_venue,
    CASE WHEN amount >= 0 THEN wallet ELSE other_wallet END AS to_wallet, CASE WHEN amount >= 0 THEN pair END AS to_pair
  FROM transfer_ends, until WHERE moved_at < until
), listed AS (
  SELECT * FROM matched WHERE is_sent OR is_received
  UNION ALL BY NAME SELECT * FROM lonely
), told AS (
  SELECT *, status = 'matched' AND NOT (is_sent AND is_received) AS is_under_way,
    rtrim(rtrim(received::VARCHAR, '0'), '.') || ' ' || asset AS arriving, rtrim(rtrim(sent::VARCHAR, '0'), '.') || ' ' || asset AS leaving
  FROM listed
)
SELECT transfer_id, asset, from_account, from_venue, from_wallet, sent_at, CASE WHEN is_sent THEN sent END AS sent,
  to_account, to_venue, to_wallet, received_at, CASE WHEN is_received THEN received END AS received,
  CASE WHEN NOT is_under_way THEN fee END AS fee, CASE WHEN is_under_way THEN 'in_transit' ELSE status END AS status, how,
  CASE WHEN is_under_way AND is_sent THEN concat('arrives as ', arriving, ' at ', strftime(received_at, '%Y-%m-%d %H:%M:%S'))
    WHEN is_under_way THEN concat('booked as sent, ', leaving, ', at ', strftime(sent_at, '%Y-%m-%d %H:%M:%S'), ' only') ELSE hint END AS hint,
  cause, from_pair, to_pair, sent_key::VARCHAR AS sent_row, received_key::VARCHAR AS received_row
FROM told
WHERE ($account::VARCHAR IS NULL OR from_account = $account OR to_account = $account)
  AND ($venue::VARCHAR IS NULL OR from_venue = $venue OR to_venue = $venue) AND ($symbol::VARCHAR IS NULL OR asset = $symbol)
  AND ($from::TIMESTAMPTZ IS NULL OR sent_at >= $from OR received_at >= $from OR status = 'in_transit')
ORDER BY least(sent_at, received_at), transfer_id
