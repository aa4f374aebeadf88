"""Kraken, spot and spot margin: ledger, trades and open positions, as CSV of the site or JSON of the API.

A margin position is its opening trade.  What the venue calls things is data beside the code: `assets.csv`,
`ledger_types.csv`.
"""

from importers.kraken import ledgers, positions, trades

FORMATS = (*ledgers.FORMATS, *trades.FORMATS, *positions.FORMATS)
