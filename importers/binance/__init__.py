"""Binance: spot, margin and futures, the statement of all wallets, deposits and withdrawals, as files or API answers.

What Binance calls things is data beside the code: `income_types.csv`, `operations.csv`.
"""

from importers.binance import (
    capital_flow,
    futures_events,
    futures_income,
    futures_trades,
    loan_reference,
    loans,
    margin_records,
    margin_screens,
    margin_transfers,
    portfolio,
    spot_records,
    spot_trades,
    statement,
    transfers,
    vip_loans,
)
from importers.binance.symbols import name_instrument as name_instrument

FORMATS = (
    *futures_trades.FORMATS,
    *futures_income.FORMATS,
    *futures_events.FORMATS,
    *statement.FORMATS,
    *transfers.FORMATS,
    *spot_trades.FORMATS,
    *spot_records.FORMATS,
    *margin_records.FORMATS,
    *capital_flow.FORMATS,
    *margin_transfers.FORMATS,
    *margin_screens.FORMATS,
    *loans.FORMATS,
    *vip_loans.FORMATS,
    *loan_reference.FORMATS,
    *portfolio.FORMATS,
)
