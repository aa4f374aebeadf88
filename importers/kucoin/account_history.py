"""The history of one account (Funding, Trading, Cross Margin, Isolated Margin): every change of its balances.

Without ids and without balances: equal rows are counted.  The file's name says which account it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from importers.cells import money, text, word
from importers.contract import Cell, Context, Format, Identity
from importers.declared import claimed, header, unread
from importers.kucoin import ledger_rows
from importers.kucoin.cells import MASKED, NOTHING_FOUND, POTS, SINGAPORE, clock, place_of, pot
from importers.kucoin.ledger_rows import AIRDROP, CASES, DIRECTIONS, EVENT, SYMBOL, WORDS
from importers.kucoin.symbols import name_any


def type_of(column: str, remark: str) -> Cell:
    """Return the type of a row; the older files have none, and there the remark may say it: a pair, an account, a word.

    Empty (not null) where neither does.
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        texts, remarks = columns
        known = {item: WORDS.get(item.strip().casefold()) for item in texts.unique().drop_nulls().to_list()}
        guessed = {item: _by_remark(item.strip()) for item in remarks.unique().drop_nulls().to_list()}
        printed = texts.replace_strict(known, default=None, return_dtype=pl.String)
        by_remark = remarks.replace_strict(guessed, default=None, return_dtype=pl.String).fill_null("")
        return printed.zip_with(texts.is_not_null(), by_remark)

    return Cell(columns=(column, remark), read=read, unmapped=True,
                expected="a type as Spot, Transfer, Withdraw, KCS Fee Deduction")  # fmt: skip


def _by_remark(remark: str) -> str:
    if re.fullmatch(SYMBOL, remark):
        return "spot"
    if AIRDROP in remark:
        return AIRDROP.casefold()
    return WORDS.get(remark.casefold()) or ("transfer" if place_of(remark) else "")


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    nothing = pl.lit(None, dtype=pl.String)
    symbol = pl.when(pl.col("remark").str.contains(SYMBOL)).then("remark")
    return ledger_rows.prepare(
        rows.with_columns(symbol=symbol, trade_ref=nothing, order_ref=nothing, balance=pl.lit(None)), context
    )


CELLS: dict[str, Cell] = {
    "time": clock("time"),
    "pot": pot("currency"),
    "sub_account": text("account type"),
    "asset": text("currency", required=True),
    "way": word("side", DIRECTIONS, required=True),
    "amount": money("amount", required=True),
    "fee": money("fee"),
    "type": type_of("type", "remark"),
    "remark": text("remark"),
}

ACCOUNT_HISTORY = Format(
    name="kucoin.account_history",
    family="kucoin.account_history",
    venue="kucoin",
    title="KuCoin: history of the funding, trading, cross or isolated margin account",
    confidence="real file seen",
    how="Orders, Financial history, Export: `Account History_...` in the zip; its name says the account, else --wallet",
    headers=(
        header("with type", "UID,Account Type,Currency,Side,Amount,Fee,Time(UTC),Remark,Type"),
        header("without type", "UID,Account Type,Currency,Side,Amount,Fee,Time(UTC),Remark", confidence="parser seen"),
    ),
    aliases={"Time(UTC)": "time"},
    cells=CELLS,
    event=EVENT,
    event_columns=("side", "type", "remark"),
    cases=CASES,
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=(
        "pot", "sub_account", "asset", "signed", "fee", "time", "type", "remark")),
    claims=(*claimed(60, ledger=2), *claimed(2, wallets=POTS, borrow_repay=3)),
    name_instrument=name_any,
    prepare=_prepare,
    unread=unread({"uid": MASKED}),
    sentinels=NOTHING_FOUND,
    assumed_zone=SINGAPORE,
)  # fmt: skip
"""A transfer between two accounts stands in both files.  A sub-account's rows stand beside those of the main account;
they are in a pot of their own."""

FORMATS = (ACCOUNT_HISTORY,)
