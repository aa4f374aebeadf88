-- name: prices
SELECT symbol, quote, kind, priced_at, price FROM prices ORDER BY priced_at, row_key;
