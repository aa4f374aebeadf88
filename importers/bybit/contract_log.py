"""The log of the classic derivatives account (about 2021 to 2024), whose fees and funding are printed as costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from importers.bybit.log_cells import CLASSIC, CLASSIC_API, api_cells, cells_of, fits, refs
from importers.bybit.log_rows import event_of, with_refs
from importers.bybit.transaction_log import ALIASES, API, TRANSACTION_LOG, TRANSACTION_LOG_API, claims
from importers.contract import Header, Identity

TYPES = frozenset((
    "TRANSFER_IN", "TRANSFER_OUT", "TRADE", "SETTLEMENT", "DELIVERY", "LIQUIDATION", "ADL", "AIRDROP", "BONUS",
    "BONUS_RECOLLECT", "FEE_REFUND", "CURRENCY_BUY", "CURRENCY_SELL", "AUTO_DEDUCTION", "Others",
))  # fmt: skip
"""Types that the API lists for this log: a file with any other is the unified account's."""


def _is_classic(rows: Sequence[Mapping[str, str]]) -> bool:
    """Return whether no row is one of spot or options, of a type of the unified account, or adds up otherwise."""
    foreign = (row.get("category") in ("spot", "option") or row.get("type", "") not in TYPES for row in rows)
    return not any(foreign) and fits(CLASSIC_API, rows)


CONTRACT_LOG = replace(
    TRANSACTION_LOG,
    name="bybit.contract_log",
    family="bybit.contract_log",
    title="Bybit: transaction log of the classic derivatives account",
    how="Derivatives, Orders, Transaction Log, Export (classic account)",
    headers=(
        Header(name="classic", columns=(
            "Time", "Currency", "Contract", "Type", "Direction", "Quantity", "Position", "Filled Price", "Funding",
            "Fee Paid", "Cash Flow", "Change", "Wallet Balance", "Fee Rate", "Trade ID", "Order ID")),
    ),
    aliases=ALIASES | {"Fee Rate": "fee_rate", "Trade ID": "trade_id", "Order ID": "order_id"},
    cells=cells_of(CLASSIC) | refs(),
    event=event_of(pl.lit(False)),
    event_columns=("type", "currency", "contract", "direction", "quantity"),
    wallet="usdm",
    identity=Identity(
        kind="content", cells=("time", "type", "asset", "symbol", "side", "trade_ref", "change", "balance")
    ),
    claims=claims(1),
    prepare=with_refs,
)  # fmt: skip
"""One pot for all derivatives, whatever coin they are settled in."""

CONTRACT_LOG_API = replace(
    TRANSACTION_LOG_API,
    name="bybit.contract_log_api",
    family="bybit.contract_log_api",
    title="Bybit: transaction log of the classic derivatives account from the API, as JSON or CSV",
    how="/v5/account/contract-transaction-log",
    headers=(Header(name="API", columns=API, optional=("id", "bonusChange")),),
    cells=api_cells(CLASSIC_API),
    event=event_of(pl.lit(False)),
    wallet="usdm",
    claims=claims(2),
    fits=_is_classic,
)
"""Whether its ids are those of the screen's export is not known: a family of its own, which meets it by voice."""

FORMATS = (CONTRACT_LOG, CONTRACT_LOG_API)
