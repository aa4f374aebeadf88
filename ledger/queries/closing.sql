-- name: closes_of
SELECT * FROM closes WHERE account = $account AND reopened_at IS NULL ORDER BY starts_at;

-- name: files_of
-- One row is a file that was imported for an account.
SELECT DISTINCT name, file_id, format, rows_read, stored, duplicate, ignored, rejected, first_at, last_at, import_no FROM files
WHERE account = $account ORDER BY import_no, name;

-- name: daily
-- One row is a day of an asset: funding, or interest that moved cash.
SELECT date_trunc('day', moved_at)::DATE AS day, asset, CAST(sum(amount) AS DECIMAL(38,18)) AS amount FROM movements
WHERE account = $account AND pool = 'asset' AND cause = $cause AND moved_at >= $from AND moved_at < $to
GROUP BY ALL ORDER BY ALL;

-- name: imports_since
-- One row is an import or an entry of an account after a decision.
SELECT DISTINCT import_no FROM files WHERE account = $account AND import_no > $seq ORDER BY import_no;

-- name: stage
CREATE OR REPLACE TEMP TABLE {table} AS FROM incoming;

-- name: frozen_figures
FROM frozen_figures;

-- name: closed
SELECT account, period, zone FROM closes WHERE reopened_at IS NULL ORDER BY account, starts_at;

-- name: months_known
-- One row is a month of an account in which anything moved or was traded.
SELECT DISTINCT account, strftime(moment, '%Y-%m') AS period FROM (
  SELECT account, moved_at AS moment FROM movements UNION ALL SELECT account, filled_at FROM fills) ORDER BY ALL;

-- name: last_known
-- The last instant of which a file or a statement of the account tells.
SELECT max(moment) FROM (
  SELECT max(moved_at) AS moment FROM movements WHERE account = $account
  UNION ALL SELECT max(filled_at) FROM fills WHERE account = $account
  UNION ALL SELECT max(stated_at) FROM stated_balances WHERE account = $account
  UNION ALL SELECT max(coalesce(stated_to, last_at)) FROM files WHERE account = $account);

-- name: months_before
SELECT DISTINCT strftime(moved_at, '%Y-%m') AS period FROM movements WHERE account = $account AND moved_at < $from ORDER BY ALL;

-- name: covered_until
-- One row is a wallet that holds something and of which nothing is told in the last day of the month, or after it.
WITH told AS (
  SELECT venue, wallet, max(moment) AS until FROM (
    SELECT venue, wallet, moved_at AS moment FROM movements WHERE account = $account
    UNION ALL SELECT venue, wallet, stated_at FROM stated_balances WHERE account = $account
    UNION ALL SELECT venue, wallet, to_at FROM coverage WHERE account = $account AND fact = 'ledger') GROUP BY ALL
)
SELECT venue, wallet, until FROM told WHERE until < $to - INTERVAL 1 DAY AND until >= $from ORDER BY ALL;
