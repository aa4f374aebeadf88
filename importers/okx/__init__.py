"""OKX: bills of the trading account from site and API, the funding account, fills, orders, positions, deposits and
withdrawals, interest, borrowing, flexible loans; and the spot account of OKEx.

What OKX calls things is data beside the code: `bill_words.csv`, `funding_words.csv`.
"""

from importers.contract import Format
from importers.okx import (
    account_history,
    bills,
    borrowing,
    funding_history,
    loans,
    old_bills,
    orders,
    positions,
    trades,
    transfers,
)
from importers.okx.symbols import name_instrument as name_instrument

FORMATS: tuple[Format, ...] = (
    *account_history.FORMATS,
    *bills.FORMATS,
    *funding_history.FORMATS,
    *trades.FORMATS,
    *orders.FORMATS,
    *positions.FORMATS,
    *transfers.FORMATS,
    *borrowing.FORMATS,
    *loans.FORMATS,
    *old_bills.FORMATS,
)
