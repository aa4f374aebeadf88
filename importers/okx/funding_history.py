"""The funding account: every change of its balances, as the site and as the API list them.

`funding_words.csv` says what each type is.  Deposits and withdrawals stand here only; the trading account shows what
came over from here, a second off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from importers.cells import epoch, exact_decimals, text
from importers.contract import Cell, Claim, Context, Emit, Format, Identity
from importers.declared import claimed, header, spelled, unread
from importers.okx.cells import MARKS, all_unmarked, clock, money, number_id, said
from importers.shapes import Words, log_cases, moved
from importers.vocabulary import table
from schemas.types import MONEY

WORDS = Words.of(table(__file__, "funding_words.csv"))
NETWORK_FEE = Emit(table="movements", where=pl.col("fee") != 0, columns={
    **moved("network_fee").columns, "amount": -pl.col("fee")})  # fmt: skip
CASES = {
    event: emits if event not in ("deposit", "withdrawal") else (*emits, NETWORK_FEE)
    for event, emits in log_cases(WORDS, network_fee=(moved("network_fee"),)).items()
}


def _claims(rank: int) -> tuple[Claim, ...]:
    return claimed(wallets=("funding",), ledger=rank, borrow_repay=rank + 1)


def _numbers(columns: Sequence[pl.Series]) -> pl.DataFrame:
    names = ("amount", "before", "after", "fee")
    values = (exact_decimals(column.str.strip_chars(MARKS)).alias(name)
              for name, column in zip(names, columns, strict=True))  # fmt: skip
    return pl.DataFrame(list(values)).with_columns(pl.col("fee").fill_null(pl.lit(0).cast(MONEY)).abs())


CHANGED = pl.col("after") - pl.col("before")
IS_INSIDE, IS_ON_TOP = pl.col("amount") == CHANGED, pl.col("amount") - pl.col("fee") == CHANGED


def _balanced() -> Cell:
    """Return the change of the balance, where amount (and fee) account for it."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return _numbers(columns).select(pl.when(IS_INSIDE | IS_ON_TOP).then(CHANGED).alias("changed"))["changed"]

    return Cell(columns=("amount", "before", "after", "fee"), read=read, required=True,
                expected="After Balance = Before Balance + Amount, the Fee inside of it or on top")  # fmt: skip


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows complete; `amount` is without the fee, so that both together are the change."""
    fee = pl.col("fee").fill_null(pl.lit(0).cast(MONEY)).abs()
    named = WORDS.prepare(rows, context)
    return named.with_columns(
        fee.alias("fee"),
        (pl.col("changed") + fee).alias("amount"),
        pl.col("bill").cast(pl.Int64, strict=False).alias("sequence"),
    )


def _prepare_answer(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return _prepare(rows.with_columns(pl.lit(0).cast(MONEY).alias("fee")), context)


CELLS: dict[str, Cell] = all_unmarked({
    "time": clock("time"),
    "bill": number_id("id"),
    "word": said(WORDS, "type", "a type as Deposit, Withdrawal, From unified trading account"),
    "asset": text("symbol", required=True),
    "changed": _balanced(),
    "fee": money("fee"),
    "balance": money("after", required=True),
})  # fmt: skip
ALIASES = {"Before Balance": "before", "After Balance": "after", "Symbol": "symbol"}

FUNDING_HISTORY = spelled(Format(
    name="okx.funding_history",
    family="okx.funding_history",
    venue="okx",
    title="OKX: history of the funding account",
    confidence="real file seen",
    how="Assets, Order center (or Account statement), Funding account, Download",
    headers=(
        header("2025 to 2026", "id,Time,Type,Amount,Before Balance,After Balance,Symbol"),
        header("2021 to 2024, with fee", (
            "id,Time,Type,Amount,Before Balance,After Balance,Fee,Symbol"), confidence="parser seen"),
    ),
    aliases=ALIASES,
    cells=CELLS,
    event=WORDS.says("event"),
    event_columns=("type",),
    cases=CASES,
    sequence="sequence",
    newest_first=True,
    wallet="funding",
    identity=Identity(kind="id", cells=("bill",), content=("asset", "changed", "balance")),
    claims=_claims(1),
    prepare=_prepare,
))  # fmt: skip
"""On which side of the amount a fee is, the row's own balances say.  In some files a column without a name, and without
cells, stands behind the id."""

ASSET_BILLS = spelled(replace(
    FUNDING_HISTORY,
    name="okx.asset_bills",
    family="okx.asset_bills",
    title="OKX: bills of the funding account from the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v5/asset/bills, bills-history",
    headers=(header("API", "billId,ccy,balChg,bal,type,clientId,ts", "notes"),),
    aliases={},
    cells=all_unmarked({
        "time": epoch("ts"),
        "bill": number_id("billid"),
        "word": said(WORDS, "type", "a type as 1 (deposit), 2 (withdrawal), 130 (from the trading account)"),
        "asset": text("ccy", required=True),
        "changed": money("balchg", required=True),
        "balance": money("bal"),
    }),
    claims=_claims(2),
    prepare=_prepare_answer,
    unread=unread({"clientId,notes": "the user's own words, or those of the type"}),
))  # fmt: skip

FORMATS = (FUNDING_HISTORY, ASSET_BILLS)
