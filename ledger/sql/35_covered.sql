-- One row is what one file covers of a fact of a wallet: by its rows of that wallet (own_from, own_to) and, where a file of
-- its series holds several wallets, by all of its rows, since it is silent of the others.  Entries by hand cover nothing.
CREATE OR REPLACE VIEW covered AS
WITH several AS (
  SELECT DISTINCT series FROM (SELECT series, file_no FROM coverage GROUP BY ALL HAVING count(DISTINCT wallet) > 1)
), told AS (
  SELECT DISTINCT series, format, account, venue, wallet, fact, rank FROM coverage WHERE NOT by_hand(format)
)
SELECT t.account, t.venue, t.wallet, t.fact, t.format, t.series, t.rank,
  CASE WHEN s.series IS NULL THEN c.from_at ELSE least(c.from_at, f.first_at) END AS from_at,
  CASE WHEN s.series IS NULL THEN c.to_at ELSE greatest(c.to_at, f.last_at) END AS to_at,
  c.from_at AS own_from, c.to_at AS own_to
FROM told t JOIN files f ON f.series = t.series AND f.format = t.format AND f.first_at IS NOT NULL
LEFT JOIN several s ON s.series = t.series
LEFT JOIN coverage c ON c.file_no = f.file_no AND c.series = t.series AND c.wallet = t.wallet AND c.fact = t.fact
  AND c.account = t.account AND c.venue = t.venue
WHERE c.file_no IS NOT NULL OR s.series IS NOT NULL;
