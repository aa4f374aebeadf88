"""The site's history of the trading account: every bill with the balance after it, to the second and to 8 decimals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from importers.cells import text, word
from importers.contract import Cell, Claim, Format, Identity
from importers.declared import claimed, header, spelled, unread
from importers.detect import fold
from importers.okx import bill_rows
from importers.okx.bill_rows import WORDS
from importers.okx.cells import all_unmarked, clock, cost, money, number_id, reference, said
from importers.okx.symbols import name_instrument

SECTIONS: Mapping[str, str] = {
    "Spot": "spot", "Margin": "margin", "Transfer": "transfer", "Convert": "convert",
    **dict.fromkeys(("Swap", "Perpetual", "Futures", "Options", "Option"), "contract"),
    **dict.fromkeys(
        ("Trade", "Delivery", "Forced repayment", "Auto token conversion", "Liquidation", "Margin transfer",
         "Interest deduction", "Funding fee", "ADL", "Clawback", "System token conversion", "Strategy transfer", "DDH",
         "Block trade", "Quick Margin", "Borrowing", "Profit sharing", "Repay", "Spread trading",
         "Structured products", "Easy convert", "One-click repay", "Simple trade", "Move position", "Loans",
         "Settlement", "Auto earn"), "other"),
}  # fmt: skip
"""`Trade Type`: markets as files have shown them, and what the API calls the types of bills."""


def claims(rank: int) -> tuple[Claim, ...]:
    """Return that bills state everything of their wallets but fills; what isolated margin owes only in part."""
    whole = claimed(ledger=rank, fees=rank, funding=rank, interest=rank, liquidations=rank)
    return (*whole, *claimed(wallets=("unified",), borrow_repay=rank))


CELLS: dict[str, Cell] = all_unmarked({
    "time": clock("time"),
    "bill": number_id("id"),
    "word": said(WORDS, "action", "an action as Buy, Open long, Funding fee income", required=False),
    "section": word("trade_type", SECTIONS, required=True),
    "asset": text("balance_unit", required=True),
    "symbol": reference("symbol"),
    **{name: cell_of("symbol") for name, cell_of in bill_rows.TERMS.items()},
    "size": money("amount"),
    "price": money("price"),
    "pnl": money("pnl"),
    "cost": cost("fee"),
    "fee_coin": text("fee_unit"),
    "change": money("balance_change", required=True),
    "balance": money("balance"),
    "position_change": money("position_change"),
    "mode": text("no_mode"),
    "interest": money("no_interest"),
    "order": reference("order_id"),
    "trade": text("no_trade"),
    "liquidity": text("no_liquidity"),
})  # fmt: skip

NAMELESS_TRANSFER = (pl.col("section") == "transfer") & pl.col("word").is_null()
"""Between the account and its strategies: no action is printed."""

ACCOUNT_HISTORY = spelled(Format(
    name="okx.account_history",
    family="okx.account_history",
    venue="okx",
    title="OKX: history of the trading account",
    confidence="parser seen",
    how="Assets, Order center (or Account statement), Trading account, Download (`OKX Trading History ...csv`)",
    headers=(
        header("2025 to 2026", (
            "id,Order id,Time,Trade Type,Symbol,Action,Amount,Trading Unit,Filled Price,PnL,Fee,Fee Unit,"
            "Position Change,Position Balance,Balance Change,Balance,Balance Unit"), confidence="real file seen"),
        header("2023", (
            "id,Order id,Time,Trade Type,Symbol,Action,Amount,Trading Unit,Filled Price,Filled Price Unit,PnL,Fee,"
            "Fee Unit,Position Change,Position Balance,Position Unit,Balance Change,Balance,Balance Unit"),
            confidence="real file seen"),
    ),
    aliases={
        "Order id": "order_id", "Trade Type": "trade_type", "Action": "action", "Filled Price": "price",
        "Fee Unit": "fee_unit", "Position Change": "position_change", "Balance Change": "balance_change",
        "Balance Unit": "balance_unit",
    },
    cells=CELLS,
    event=pl.when(NAMELESS_TRANSFER).then(pl.lit("transfer")).otherwise(bill_rows.event_of()),
    event_columns=("trade_type", "symbol", "action", "pnl", "position_change"),
    cases=bill_rows.CASES,
    ignores=bill_rows.IGNORES,
    sequence="sequence",
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("bill", "asset"), content=("change", "balance")),
    claims=(*claims(2), *claimed(fills=2)),
    name_instrument=name_instrument,
    prepare=bill_rows.prepare,
    unread=unread({
        "Trading Unit": "what the screen showed: on rows of spot it is not the amount's coin",
        "Filled Price Unit,Position Unit": "the instrument's name says it",
        "Position Balance": "the fills add up to it",
    }),
))  # fmt: skip
"""The legs of a fill have ids of their own, in the oldest files one together: the coin is part of the key."""

OLD_COLUMNS = (
    "id", "order_id", "time", "trade_type", "symbol", "action", "amount", "trading_unit", "pnl", "fee",
    "position_change", "position_balance", "balance_change", "balance", "balance_unit",
)  # fmt: skip
OLD_HEADER = (
    "id", "order id", "time", "trade type", "instrument", "type", "amount", "unit", "pl", "fee", "position change",
    "position balance", "balance change", "balance", "unit",
)  # fmt: skip


def _with_two_units(records: Sequence[Sequence[str]]) -> tuple[int, Mapping[int, str]] | None:
    """Return where the header of 2021 stands, whose `Unit` occurs twice: of the amount, and of the balance."""
    found = (index for index, cells in enumerate(records)
             if tuple(fold(cell.lstrip("\ufeff")) for cell in cells if cell.strip()) == OLD_HEADER)  # fmt: skip
    index = next(found, None)
    return None if index is None else (index, dict(enumerate(OLD_COLUMNS)))


WITHOUT_PRICES = replace(
    ACCOUNT_HISTORY,
    name="okx.account_history_2021",
    family="okx.account_history_2021",
    title="OKX: history of the trading account to 2022, without prices",
    headers=(),
    cells={**CELLS, "price": money("no_price")},
    event=pl.when(NAMELESS_TRANSFER).then(pl.lit("transfer")).otherwise(bill_rows.event_of(prices=False)),
    cases=bill_rows.without_fills(bill_rows.CASES),
    claims=claims(3),
    unread={"trading_unit": "what the screen showed", "position_balance": "the fills add up to it"},
    identity=Identity(kind="content", cells=("bill", "asset", "change", "balance")),
    recognize=_with_two_units,
)
"""No price is printed: fills of pairs are put together from their legs, fills of contracts are another export's."""

FORMATS = (ACCOUNT_HISTORY, WITHOUT_PRICES)
