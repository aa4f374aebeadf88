-- One row is a stretch of time whose results, fees and funding a ledger has booked.  Where it books one result per
-- session, what follows the last session is not booked yet, though the ledger's own rows go on (a deposit, say).
CREATE OR REPLACE MACRO ledger_spans(of_account, of_venue, of_wallet) AS TABLE
WITH spans AS (
  SELECT from_at, to_at FROM voices
  WHERE account = of_account AND venue = of_venue AND wallet = of_wallet AND fact = 'ledger' AND cause IS NULL
), booked AS (
  SELECT s.from_at, s.to_at, max(m.moved_at) FILTER (WHERE m.cause = 'session_result') AS last_session,
    max(m.moved_at) FILTER (WHERE m.cause <> 'session_result') AS last_booking
  FROM spans s LEFT JOIN movements_stated m ON m.account = of_account AND m.venue = of_venue AND m.wallet = of_wallet
    AND m.speaks AND m.cause IN ('session_result', 'realized_pnl', 'trading_fee', 'funding')
    AND m.moved_at >= s.from_at AND m.moved_at < s.to_at
  GROUP BY s.from_at, s.to_at
)
SELECT from_at, CASE WHEN last_session > coalesce(last_booking, from_at - INTERVAL 1 DAY) THEN last_session + INTERVAL 1 MICROSECOND
  ELSE to_at END AS to_at
FROM booked;
