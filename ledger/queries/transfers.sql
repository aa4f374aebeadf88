-- name: ends
-- One row is a movement that may be an end of a transfer, with what the same source row says of it beside.
WITH moved AS (
  SELECT row_key, row_key - row_key % 256 AS base, account, venue, wallet, pair, asset, amount, cause, moved_at,
    nullif(lower(trim(transaction_ref)), '') AS ref
  FROM movements
  WHERE pool = 'asset' AND amount <> 0 AND cause IN ('deposit', 'withdrawal', 'transfer', 'margin_move', 'pledge')
), told AS (
  SELECT row_key - row_key % 256 AS base, wallet, asset, amount > 0 AS arrives, min(other_wallet) AS other_wallet,
    max(fee) FILTER (WHERE fee > 0) AS fee
  FROM transfers_stated GROUP BY ALL
)
SELECT m.row_key::DECIMAL(38,0) AS key, m.account, m.venue, m.wallet, m.pair, m.asset, m.amount, m.cause, m.moved_at,
  t.other_wallet, CASE WHEN starts_with(m.ref, '0x') THEN substr(m.ref, 3) ELSE m.ref END AS ref,
  CASE WHEN m.amount < 0 THEN t.fee END AS stated_fee
FROM moved m LEFT JOIN told t ON t.base = m.base AND t.wallet = m.wallet AND t.asset = m.asset AND t.arrives = (m.amount > 0)
ORDER BY m.moved_at, m.row_key;

-- name: fees
-- One row is a network fee that a ledger books apart.
SELECT row_key::DECIMAL(38,0) AS key, account, venue, wallet, asset, -amount AS fee, moved_at,
  CASE WHEN starts_with(lower(trim(transaction_ref)), '0x') THEN substr(lower(trim(transaction_ref)), 3)
    ELSE nullif(lower(trim(transaction_ref)), '') END AS ref
FROM movements WHERE pool = 'asset' AND cause = 'network_fee' AND amount < 0 ORDER BY moved_at, row_key;

-- name: decided
-- One row is what a person decided, each row by the key that it has now.
WITH named AS (
  SELECT decided_at, sent_key, sent_file, sent_row, sent_leg, received_key, received_file, received_row, received_leg FROM decided_matches
), placed AS (
  SELECT f.file_id, s.source_row, min(s.key + s.nth * 256) AS base FROM sightings_stored s JOIN files f USING (file_no)
  WHERE f.file_id IN (SELECT sent_file FROM named UNION SELECT received_file FROM named) GROUP BY ALL
), held AS (
  SELECT row_key FROM movements WHERE pool = 'asset' AND row_key IN (SELECT sent_key FROM named UNION SELECT received_key FROM named)
)
SELECT coalesce(hs.row_key, ps.base + n.sent_leg, n.sent_key)::DECIMAL(38,0) AS sent_key,
  coalesce(hr.row_key, pr.base + n.received_leg, n.received_key)::DECIMAL(38,0) AS received_key
FROM named n LEFT JOIN held hs ON hs.row_key = n.sent_key LEFT JOIN held hr ON hr.row_key = n.received_key
LEFT JOIN placed ps ON ps.file_id = n.sent_file AND ps.source_row = n.sent_row
LEFT JOIN placed pr ON pr.file_id = n.received_file AND pr.source_row = n.received_row
ORDER BY n.decided_at, n.sent_key, n.received_key;

-- name: ledgers
-- One row is a range of time for which a whole ledger of a wallet is in the book.
SELECT account, venue, wallet, asset, from_at, to_at, format FROM coverage WHERE fact = 'ledger' AND rank < 9 ORDER BY ALL;

-- name: wallets
-- One row is a wallet of which the book has anything.
SELECT DISTINCT account, venue, unnest(wallets) AS wallet FROM files ORDER BY ALL;

-- name: delete_findings
DELETE FROM findings_stored WHERE kind = 'unmatched_transfer';


-- name: of_match
-- One row is a row behind a match: what left, the network fee beside it, what arrived.
SELECT unnest(list_filter([sent_key, fee_key, received_key], lambda key: key IS NOT NULL))::DECIMAL(38,0) AS row_key
FROM transfer_matches WHERE match_id = $id;

-- name: of_transfer
-- One row is an end without another, by its transfer_id, the middle of which a narrow terminal may have left out.
SELECT row_key::DECIMAL(38,0) AS row_key FROM transfer_ends WHERE concat('transfer|', row_key) LIKE $pattern;

-- name: bases_at
-- One row is the source row that stands at a line of a file, by its name.
SELECT DISTINCT (s.key + s.nth * 256)::VARCHAR AS base FROM sightings_stored s JOIN files f USING (file_no)
WHERE (f.name = $name OR ends_with(f.name, '/' || $name)) AND s.source_row = $row ORDER BY ALL;

-- name: what_it_is
-- One row is what a source row is to the book, where it is no end of a transfer that counts.
SELECT cause, speaks FROM movements_stated WHERE row_key - row_key % 256 = $base::VARCHAR::HUGEINT
UNION ALL SELECT 'transfer', speaks FROM transfers_stated WHERE row_key - row_key % 256 = $base::VARCHAR::HUGEINT
UNION ALL SELECT cause, TRUE FROM movements_derived WHERE row_key - row_key % 256 = $base::VARCHAR::HUGEINT;

-- name: place_of
-- One row is where a movement stands.
SELECT file_id, source_row, row_key % 256 AS leg FROM movements WHERE row_key = $key::VARCHAR::HUGEINT AND pool = 'asset';

-- name: match_called
SELECT match_id, sent_key::VARCHAR AS sent_key, received_key::VARCHAR AS received_key FROM transfer_matches
WHERE match_id = $name OR $name IN (sent_key::VARCHAR, received_key::VARCHAR);
