"""Bybit: transaction logs of the unified and the classic account, logs of the funding and the spot account; trades,
closed P&L, interest, loans, deposits and withdrawals from pages and API; what the venue publishes of its contracts.

What Bybit calls things is data beside the code: `transaction_types.csv`, `account_types.csv`.
"""

from importers.bybit import (
    account_logs,
    borrowing,
    closed_pnl,
    contract_log,
    deposit_history,
    executions,
    loans,
    reference,
    spot_trades,
    trade_history,
    transaction_log,
    transfers,
)
from importers.bybit.symbols import name_instrument as name_instrument
from importers.contract import Format

FORMATS: tuple[Format, ...] = (
    *transaction_log.FORMATS,
    *contract_log.FORMATS,
    *account_logs.FORMATS,
    *trade_history.FORMATS,
    *spot_trades.FORMATS,
    *closed_pnl.FORMATS,
    *executions.FORMATS,
    *borrowing.FORMATS,
    *loans.FORMATS,
    *transfers.FORMATS,
    *deposit_history.FORMATS,
    *reference.FORMATS,
)
