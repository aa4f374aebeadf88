-- One row is a posting, in the order of events; the postings of an event sum to zero per asset.
SELECT posted_at, account, venue, posting_account, asset, greatest(amount, 0) AS debit, greatest(-amount, 0) AS credit,
  cause, symbol, p.entry_id, p.row_key::DECIMAL(38,0)::VARCHAR AS row_key, n.name AS file, p.source_row AS row, p.amount, p.wallet,
  p.instrument, p.file_id
FROM postings p LEFT JOIN (SELECT file_id, min(name) AS name FROM files GROUP BY file_id) n USING (file_id)
WHERE posted_at < coalesce($to::TIMESTAMPTZ, 'infinity'::TIMESTAMPTZ) AND ($from::TIMESTAMPTZ IS NULL OR posted_at >= $from)
  AND ($account::VARCHAR IS NULL OR account = $account) AND ($venue::VARCHAR IS NULL OR venue = $venue)
  AND ($symbol::VARCHAR IS NULL OR symbol = $symbol OR instrument = $symbol OR asset = $symbol)
ORDER BY posted_at, cause <> 'opening', sequence, entry_id, p.row_key, amount < 0, posting_account
