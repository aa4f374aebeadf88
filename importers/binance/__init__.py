"""Binance: futures files, the statement of all wallets, deposits and withdrawals, and flat API answers as CSV or JSON.

What Binance calls things is data beside the code: `income_types.csv`, `operations.csv`.
"""

from importers.binance import futures_events, futures_income, futures_trades, statement, transfers
from importers.binance.symbols import name_instrument as name_instrument

FORMATS = (
    *futures_trades.FORMATS,
    *futures_income.FORMATS,
    *futures_events.FORMATS,
    *statement.FORMATS,
    *transfers.FORMATS,
)
