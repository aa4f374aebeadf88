"""Exports of the margin screens (Borrowing, Repayment, Interest, Liquidation), whose headers nobody has published.

They are read only where every column is one that we understand, each thing stands in one column, and header, preamble
or file name say which screen it was; else the file stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from importers.binance.cells import clock
from importers.binance.futures_trades import SIDES
from importers.binance.margin_records import BORROW, REPAYMENT
from importers.binance.pairs import SEPARATED, name_pair
from importers.binance.pots import CROSS, ISOLATED, POTS, with_product
from importers.binance.transfers import DONE, UNDONE
from importers.cells import exact_decimals, money, text, word
from importers.contract import Cell, Context, Emit, Format, Identity
from importers.declared import claimed, ignored_states
from importers.detect import fold
from schemas.types import MONEY

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "time": (
        "time", "date", "date time", "datetime", "timestamp", "created time", "create time", "update time",
        "updated time", "borrow time", "borrowing time", "borrowed time", "repay time", "repayment time",
        "interest time", "interest accrued time", "accrued time", "accrual time", "liquidation time"),
    "asset": ("coin", "asset", "borrowed coin", "borrowed asset", "repaid coin", "repaid asset"),
    "amount": (
        "amount", "total", "total amount", "borrow amount", "borrowed amount", "borrowing amount", "repay amount",
        "repaid amount", "repayment amount"),
    "principal": ("principal", "principal amount", "borrowed principal", "repaid principal"),
    "interest": ("interest", "interest amount", "accrued interest", "interest paid", "repaid interest"),
    "rate_hour": ("hourly interest rate", "hourly rate", "interest rate (hourly)"),
    "rate_day": ("daily interest rate", "daily rate", "interest rate (daily)"),
    "rate": ("interest rate", "rate"),
    "status": ("status", "state"),
    "pair": ("pair", "symbol", "market", "trading pair", "margin pair", "isolated symbol", "isolated pair",
             "isolated margin pair"),
    "account": ("account", "account type", "margin type", "margin mode"),
    "type": ("type", "borrow type", "repay type", "repayment type", "interest type"),
    "side": ("side", "direction"),
    "ordered": ("quantity", "qty", "order quantity", "order amount"),
    "executed": ("executed", "executed quantity", "executed qty", "executed amount", "filled", "filled quantity",
                 "filled amount", "liquidated quantity", "liquidated amount"),
    "average_price": ("average price", "avg price", "avg. price", "executed price", "average executed price"),
    "price": ("price", "order price"),
    "order_no": ("order no", "order no.", "orderno", "order id", "orderid"),
    "reference": ("txid", "tx id", "transaction id", "id"),
}  # fmt: skip
ROLES = {name: role for role, names in SYNONYMS.items() for name in names}
ELSEWHERE = re.compile(
    r"bybit|kucoin|okx|okex|gate\.?io|bitget|kraken|mexc|htx|huobi|bitfinex|deribit|coinbase|poloniex|nexo|"
    r"earn|saving|staking|launchpool|(crypto|flexible|fixed|vip|p2p)[-_ ]?(rate[-_ ]?)?loan",
    re.IGNORECASE,
)
"""Words of other venues and of other products: interest there is income, and a loan there is no margin."""
BORROW_WORD, REPAY_WORD = re.compile("borrow", re.IGNORECASE), re.compile("repa(y|id)", re.IGNORECASE)

Recognizer = Callable[[Sequence[Sequence[str]], str], "tuple[int, Mapping[int, str]] | None"]


def roles_of(header: Sequence[str]) -> dict[int, str] | None:
    """Return what each column is; None where one is unknown, or two are the same."""
    names = {place: re.sub(r"\s*\(utc\)", "", fold(cell)).strip() for place, cell in enumerate(header) if cell.strip()}
    if len(names) < 4 or not all(name in ROLES for name in names.values()):
        return None
    roles = {place: ROLES[name] for place, name in names.items()}
    return roles if len(set(roles.values())) == len(roles) else None


def screen(
    needed: set[str], allowed: set[str], is_said: Callable[[str, str, set[str]], object], one_of: set[str] | None = None
) -> Recognizer:
    """Return what recognizes one screen by its columns, and by its words: of header and preamble, and of the name."""

    def recognize(head: Sequence[Sequence[str]], file_name: str) -> tuple[int, Mapping[int, str]] | None:
        for index, header in enumerate(head):
            if (roles := roles_of(header)) is None:
                continue
            found = set(roles.values())
            words = " ".join(cell for row in head[: index + 1] for cell in row)
            fits = needed <= found <= needed | allowed | (one_of or set())
            fits = fits and (one_of is None or bool(one_of & found))
            fits = fits and not ELSEWHERE.search(f"{words} {file_name}")
            return (index, roles) if fits and is_said(words, file_name, found) else None
        return None

    return recognize


def _is_borrowing(words: str, name: str, roles: set[str]) -> bool:
    everything = f"{words} {name}"
    return bool(BORROW_WORD.search(everything)) and not REPAY_WORD.search(everything)


def _is_repayment(words: str, name: str, roles: set[str]) -> bool:
    """A split into principal and interest is a repayment's, too."""
    if REPAY_WORD.search(words):
        return True
    is_named = REPAY_WORD.search(name) or {"amount", "principal", "interest"} <= roles
    return bool(is_named) and not BORROW_WORD.search(f"{words} {name}")


def _is_interest(words: str, name: str, roles: set[str]) -> bool:
    """Only margin has a rate by the hour."""
    return "rate_hour" in roles or bool(re.search("margin|borrow", f"{words} {name}", re.IGNORECASE))


def _is_liquidation(words: str, name: str, roles: set[str]) -> bool:
    return bool(re.search("liquidat", f"{words} {name}", re.IGNORECASE))


# ------------------------------------------------------------------------------------------------ cells


def share(column: str) -> Cell:
    """Return a rate as a share: 0.00013 of `0.013%`."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        texts = columns[0].str.strip_chars()
        number = exact_decimals(texts.str.strip_suffix("%").str.strip_chars())
        frame = pl.DataFrame({"number": number, "is_percent": texts.str.ends_with("%")})
        hundredth = pl.lit("0.01").cast(MONEY)
        return frame.select(
            pl.when("is_percent").then(pl.col("number") * hundredth).otherwise("number").cast(MONEY).alias("rate")
        )["rate"]

    return Cell(columns=(column,), read=read, expected="a rate as 0.00013 or 0.013%")


def named_pot(context: Context) -> str | None:
    """Return cross or isolated as the file's name or the user says."""
    for word_, pot in (("isolated", ISOLATED), ("cross", CROSS)):
        if word_ in context.file_name.casefold():
            return pot
    return context.wallet


def told_pot(pair: str, account: str) -> Cell:
    """Return the pot of a forced order: its pair alone does not tell it."""
    said = word(account, ACCOUNTS)

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        pots = said.read([columns[1]], context)
        return pots if (named := named_pot(context)) is None else pots.fill_null(named)

    return Cell(columns=(pair, account), read=read, unmapped=True,
                expected="Cross or Isolated in a column or in the file's name, or --wallet")  # fmt: skip


NOTHING = ("-", "--", "n/a")
ACCOUNTS = {"Cross": CROSS, "Cross Margin": CROSS, "Isolated": ISOLATED, "Isolated Margin": ISOLATED}
CELLS: dict[str, Cell] = {
    "time": clock("time"),
    "asset": text("asset", required=True),
    "amount": money("amount", thousands=True),
    "principal": money("principal", thousands=True),
    "interest": money("interest", thousands=True),
    "status": word("status", DONE | UNDONE | {"Success": "done", "Confirmed": "done"}, required=True),
    "pair_text": replace(text("pair"), empty_words=NOTHING),
    "account": word("account", ACCOUNTS),
}
STATUS = pl.col("status")
UNREAD = {
    "type": "nobody has described its words",
    "rate": "a rate of an unknown period",
    "reference": "not in every export",
}
PAIR = pl.col("pair_text").str.replace(SEPARATED.pattern.replace("?P<", "?<"), "${base}${quote}")


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with pot, pair and what moved; a pair means isolated where nothing says otherwise."""
    isolated = pl.when(PAIR.is_not_null()).then(pl.lit(ISOLATED))
    pot = pl.coalesce("account", isolated, pl.lit(named_pot(context) or CROSS))
    named = rows.with_columns(pot.alias("pot"), PAIR.alias("symbol"))
    moved = pl.coalesce("amount", "principal") if "principal" in rows.columns else pl.lit(None)
    return with_product(named, pl.col("symbol")).with_columns(
        moved.alias("moved"), pl.lit(None, dtype=pl.String).alias("kind")
    )


# ------------------------------------------------------------------------------------------------ screens

WHERE = {"pair", "account"}
IS_STATED = pl.coalesce("amount", "principal").is_not_null()
IGNORES = ignored_states(UNDONE.values())

BORROWING = Format(
    name="binance.margin_borrowing_screen",
    family="binance.margin_screens",
    venue="binance",
    title="Binance margin: Borrowing screen (headers unpublished, read by synonyms)",
    confidence="inferred",
    how="Orders, Margin Orders, Borrowing, Export",
    headers=(),
    cells={name: cell for name, cell in CELLS.items() if name != "interest"},
    event=pl.when(STATUS != "done").then(STATUS).when(IS_STATED).then(pl.lit("borrow")),
    event_columns=("amount", "principal"),
    cases={"borrow": (BORROW,)},
    ignores=IGNORES,
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("event", "time", "pot", "pair", "asset", "moved")),
    claims=claimed(2, wallets=POTS, borrow_repay=1),
    prepare=_prepare,
    unread=UNREAD | {"rate_hour": "of the hour in which it was borrowed", "rate_day": "of the day"},
    recognize_named=screen(
        {"time", "asset", "status"}, WHERE | {"rate_hour", "rate_day", "rate", "type", "reference"}, _is_borrowing,
        one_of={"amount", "principal"}),
)  # fmt: skip

REPAYING = replace(
    BORROWING,
    name="binance.margin_repayment_screen",
    title="Binance margin: Repayment screen (headers unpublished, read by synonyms)",
    how="Orders, Margin Orders, Repayment, Export",
    cells=CELLS,
    event=pl.when(STATUS != "done").then(STATUS).when(IS_STATED).then(pl.lit("repay")),
    cases={"repay": (REPAYMENT,)},
    unread=UNREAD,
    recognize_named=screen(
        {"time", "asset", "status", "amount"}, WHERE | {"principal", "interest", "type", "reference"}, _is_repayment),
)  # fmt: skip

CHARGED = replace(
    BORROWING,
    name="binance.margin_interest_screen",
    family="binance.margin_interest_screen",
    title="Binance margin: Interest screen (headers unpublished, read by synonyms)",
    how="Orders, Margin Orders, Interest, Export (up to a year back)",
    cells={
        **{name: CELLS[name] for name in ("time", "asset", "amount", "principal", "pair_text", "account")},
        "interest": money("interest", thousands=True, required=True),
        "by_hour": share("rate_hour"),
        "by_day": share("rate_day"),
    },
    event=pl.lit("charge"),
    cases={"charge": (Emit(table="interest", columns={
        "accrued_at": pl.col("time"), "asset": pl.col("asset"), "amount": pl.col("interest"),
        "principal": pl.coalesce("principal", "amount"), "rate": pl.coalesce("by_hour", "by_day"),
        "rate_period": pl.when(pl.col("by_hour").is_not_null()).then(pl.lit("hour"))
        .when(pl.col("by_day").is_not_null()).then(pl.lit("day")),
        "pair": pl.col("pair"), "kind": pl.lit("margin"),
    }),)},
    ignores={},
    identity=Identity(kind="content", cells=("time", "pot", "pair", "asset", "moved", "interest")),
    claims=claimed(2, wallets=POTS, interest=1),
    unread=UNREAD,
    recognize_named=screen(
        {"time", "asset", "interest"}, WHERE | {"amount", "principal", "type", "reference"}, _is_interest,
        one_of={"rate_hour", "rate_day", "rate"}),
)  # fmt: skip
"""Where it shows the amount it was charged on, that is the principal."""

LIQUIDATIONS = replace(
    BORROWING,
    name="binance.margin_liquidation_screen",
    family="binance.margin_liquidation_screen",
    title="Binance margin: Liquidation screen (headers unpublished, read by synonyms)",
    how="Orders, Margin Orders, Liquidation, Export",
    cells={
        "time": CELLS["time"],
        "pair_text": text("pair", required=True),
        "account": told_pot("pair", "account"),
        "side": word("side", SIDES, required=True),
        "executed": money("executed", thousands=True, required=True),
        "average_price": money("average_price", thousands=True),
        "order_ref": text("order_no"),
    },
    event=pl.when(pl.col("executed") != 0).then(pl.lit("liquidation")).otherwise(pl.lit("unexecuted")),
    cases={"liquidation": (Emit(table="liquidations", columns={
        "liquidated_at": pl.col("time"), "symbol": pl.col("symbol"), "product": pl.col("product"),
        "margin_mode": pl.col("margin_mode"), "pair": pl.col("pair"), "side": pl.col("side"),
        "quantity": pl.col("executed"), "price": pl.col("average_price"), "order_ref": pl.col("order_ref"),
    }),)},
    ignores={"unexecuted": "a forced order that executed nothing"},
    identity=Identity(kind="content", cells=("time", "pot", "symbol", "side", "executed", "average_price")),
    claims=claimed(2, wallets=POTS, liquidations=1),
    name_instrument=name_pair,
    unread=UNREAD | {
        "price": "the limit of the forced order", "ordered": "the size of the forced order", "status": "of the order"},
    recognize_named=screen(
        {"time", "pair", "side", "executed"},
        {"account", "average_price", "price", "ordered", "order_no", "status", "type"}, _is_liquidation),
)  # fmt: skip

FORMATS = (BORROWING, REPAYING, CHARGED, LIQUIDATIONS)
