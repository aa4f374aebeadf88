"""The transaction log of the unified account: every change of its balances, with the balance after it.

The screen's export and the API show the same rows with ids, and are one series; the Data Export has none.  All print
UTC as far as is known; where the header does not say so it is assumed, with a warning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from importers.bybit.log_cells import UNIFIED, UNIFIED_API, api_cells, cells_of, fits, refs
from importers.bybit.log_rows import CASES, IS_DERIVATIVE_NAME, event_of, with_refs, without_refs
from importers.bybit.symbols import name_instrument
from importers.contract import Claim, Format, Header, Identity
from importers.declared import claimed

ALIASES = {
    "Uid": "uid", "Currency": "currency", "Contract": "contract", "Type": "type", "Direction": "direction",
    "Quantity": "quantity", "Position": "position", "Filled Price": "price", "Funding": "funding", "Fee Paid": "fee",
    "Cash Flow": "cash_flow", "Change": "change", "Wallet Balance": "balance", "Action": "action",
    "OrderId": "order_id", "TradeId": "trade_id", "Time": "time", "Time(UTC)": "time",
}  # fmt: skip
SCREEN = (
    "Currency", "Contract", "Type", "Direction", "Quantity", "Position", "Filled Price", "Funding", "Fee Paid",
    "Cash Flow", "Change", "Wallet Balance", "Action", "OrderId", "TradeId",
)  # fmt: skip
EXPORT = (
    "Uid", "Currency", "Contract", "Type", "Direction", "Quantity", "Position", "Filled Price", "Funding", "Fee Paid",
    "Cash Flow", "Change", "Wallet Balance", "Action",
)  # fmt: skip
SHORT = tuple(column for column in EXPORT if column not in ("Position", "Funding"))

API_ALIASES = {
    "symbol": "contract", "category": "category", "side": "direction", "transactionTime": "time", "type": "type",
    "qty": "quantity", "size": "position", "currency": "currency", "tradePrice": "price", "funding": "funding",
    "fee": "fee", "cashFlow": "cash_flow", "change": "change", "cashBalance": "balance", "feeRate": "fee_rate",
    "tradeId": "trade_id", "orderId": "order_id", "orderLinkId": "order_link_id", "bonusChange": "bonus_change",
    "transSubType": "sub_type", "extraFees": "extra_fees",
}  # fmt: skip
API = tuple(name for name in API_ALIASES if name not in ("bonusChange", "transSubType", "extraFees"))
API_UNREAD = {
    "id": "the venue's own examples repeat it",
    "order_link_id": "the user's own id",
    "bonus_change": "a bonus is no part of the wallet balance",
    "sub_type": "says that a position was moved between accounts",
    "extra_fees": "taxes, as JSON: a row whose change they are part of does not add up, and is rejected",
}


def claims(rank: int) -> tuple[Claim, ...]:
    """Return that a log states everything of its wallet, and how well."""
    return claimed(
        ledger=rank, fills=rank, fees=rank, funding=rank, interest=rank, liquidations=rank, borrow_repay=rank
    )


TRANSACTION_LOG = Format(
    name="bybit.transaction_log",
    family="bybit.transaction_log",
    venue="bybit",
    title="Bybit: transaction log of the unified account, with ids",
    confidence="parser seen",
    how="Unified Trading, Orders, Transaction Log, Export (Bybit-UM-TransactionLog-<from>-<to>.csv)",
    headers=(
        Header(name="screen", columns=(*SCREEN, "Time")),
        Header(name="screen", columns=(*SCREEN, "Time(UTC)")),
    ),
    aliases=ALIASES,
    cells=cells_of(UNIFIED) | refs(),
    event=event_of(pl.col("action").is_null() & ~IS_DERIVATIVE_NAME),
    event_columns=("type", "currency", "contract", "direction", "quantity", "action"),
    cases=CASES,
    newest_first=True,
    wallet="unified",
    identity=Identity(kind="content", cells=("second", "type", "asset", "symbol", "side", "trade_ref", "change")),
    claims=claims(1),
    account_number="uid",
    name_instrument=name_instrument,
    prepare=with_refs,
    assumed_zone="UTC",
)
"""Interest and transfers have no id, and the legs of a spot fill share one: rows are compared as content and counted,
to the second and without the balance, since the API may print fewer digits of either."""


def _is_unified(rows: Sequence[Mapping[str, str]]) -> bool:
    return fits(UNIFIED_API, rows)


TRANSACTION_LOG_API = replace(
    TRANSACTION_LOG,
    name="bybit.transaction_log_api",
    title="Bybit: transaction log of the unified account from the API, as JSON or CSV",
    confidence="API documentation",
    how="/v5/account/transaction-log",
    headers=(
        Header(name="API", columns=(*API, "transSubType"), optional=("id", "bonusChange", "extraFees")),
        Header(name="API to about 2024", columns=API, optional=("id", "bonusChange")),
    ),
    aliases=API_ALIASES,
    cells=api_cells(UNIFIED_API),
    event=event_of(pl.col("category") == "spot"),
    event_columns=("type", "category", "currency", "contract", "direction", "quantity"),
    account_number=None,
    unread=API_UNREAD,
    assumed_zone=None,
    fits=_is_unified,
)

TRANSACTION_LOG_EXPORT = replace(
    TRANSACTION_LOG,
    name="bybit.transaction_log_export",
    family="bybit.transaction_log_export",
    title="Bybit: transaction log of the unified account, without ids",
    confidence="real file seen",
    how="Account, Data Export, Transaction Log, Account Change Details (AssetChangeDetails_uta_*.csv)",
    headers=(
        Header(name="Data Export", columns=(*EXPORT, "Time(UTC)")),
        Header(name="Data Export, short", confidence="parser seen", columns=(*SHORT, "Time(UTC)")),
    ),
    cells=cells_of(UNIFIED),
    identity=Identity(
        kind="content", cells=("time", "type", "asset", "symbol", "side", "quantity", "change", "balance")
    ),
    claims=claims(2),
    prepare=without_refs,
)
"""Two equal fills in one second are both real; the balance after each tells them apart."""

FORMATS = (TRANSACTION_LOG, TRANSACTION_LOG_API, TRANSACTION_LOG_EXPORT)
