-- name: booked
SELECT cause, asset, symbol, moved_at AS moment, amount, row_key::DECIMAL(38,0) AS row_key FROM movements
WHERE account = $account AND venue = $venue AND wallet = $wallet AND pool = 'asset' AND basis = 'stated';

-- name: spans
SELECT from_at, to_at FROM ledger_spans($account, $venue, $wallet) ORDER BY from_at;
