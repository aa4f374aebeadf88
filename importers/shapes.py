"""Shapes that exports of venues share: what a row of an account log, a fill, a closed position becomes.

Typed cells go by one name each, whatever their columns are called; `complete` adds those that an export does not
print, as null, so that one emit serves every venue.  A row of a log is one change of one wallet, and a vocabulary
(`Words`) says what each of its words is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import polars as pl

from importers.cells import mapped, translate
from importers.contract import Cell, Context, Emit, Named
from importers.emits import AMOUNT, ASSET, AT, PLEDGED, adding, booking, movement, transfer
from importers.naming import Namer, asset_of, compact_expiry, contract, terms_of
from importers.vocabulary import Lines
from schemas.types import INSTANT, MONEY

TEXTS = (
    "asset", "symbol", "position_side", "side", "effect", "liquidity", "margin_mode", "pair", "kind", "other_wallet",
    "fee_asset", "settle", "trade_ref", "order_ref", "transaction_ref", "loan_ref", "group_ref",
)  # fmt: skip
NUMBERS = (
    "amount", "balance", "quantity", "max_quantity", "price", "value", "fee", "realized", "rate", "mark_price",
    "bankruptcy_price", "entry", "exit", "gross", "net",
)  # fmt: skip
"""Signs are those of the tables: `amount`, `realized`, `gross` and `net` + = the account gains, `fee` + = cost."""
TIMES = ("opened_at",)

SYMBOL, KIND, POSITION_SIDE = pl.col("symbol"), pl.col("kind"), pl.col("position_side")
CLOSING_SIDE = POSITION_SIDE.replace_strict({"long": "sell", "short": "buy"}, default=None, return_dtype=pl.String)
"""The side of what closes a position."""

STABLE = ("USDT", "USDC", "USD", "BUSD", "HUSD", "DAI", "USDE")
"""Settle assets of linear contracts, where no symbol tells which wallet of contracts a row is of."""

Prepare = Callable[[pl.DataFrame, Context], pl.DataFrame]


def complete(rows: pl.DataFrame, context: Context | None = None) -> pl.DataFrame:
    """Return the rows with every cell that the emits of this module read, null where the export has none."""
    kinds = {
        **dict.fromkeys(TEXTS, pl.String()), **dict.fromkeys(NUMBERS, MONEY), **dict.fromkeys(TIMES, INSTANT),
    }  # fmt: skip
    missing = (pl.lit(None, dtype=kind).alias(name) for name, kind in kinds.items() if name not in rows.columns)
    return rows.with_columns(*missing)


# --------------------------------------------------------------------------------------------- contracts

DASHED = re.compile(r"(?P<base>[A-Z0-9]+)[-_](?P<quote>[A-Z]+)(?:[-_](?P<day>(?:20)?\d{6}))?")


@cache
def name_dashed(symbol: str, settle: str | None = None) -> Named | None:
    """Return the terms of `BTC_USDT` or `BTC-USD` (inverse), perpetual, or with a day of expiry behind it."""
    found = DASHED.fullmatch(symbol)
    expires_at = compact_expiry(found["day"]) if found and found["day"] else None
    if not found or (found["day"] and expires_at is None):
        return None
    base, quote = asset_of(found["base"]), found["quote"]
    return contract(base, quote, base if quote == "USD" else quote, expires_at)


def named_symbol(column: str, namer: Namer = name_dashed, *, required: bool = True) -> Cell:
    """Return the symbol of a contract whose terms its name gives away."""
    return mapped(column, lambda text: text if namer(text, None) else None, "a symbol that names a contract's terms",
                  required=required, unmapped=True)  # fmt: skip


def of_contracts(namer: Namer = name_dashed, words: Words | None = None) -> Prepare:
    """Return what completes rows of contracts: `settle` and `pot` by symbol, else by asset; `asset` if none is."""

    def prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        full = complete(rows if words is None else words.looked_up(rows))
        settle = terms_of(full["symbol"], namer, "settle")
        is_inverse = terms_of(full["symbol"], namer, "style") == "inverse"
        by_asset = pl.when(pl.coalesce("asset", "settle").is_in(STABLE)).then(pl.lit("usdm")).otherwise(pl.lit("coinm"))
        by_symbol = pl.when(is_inverse).then(pl.lit("coinm")).when(~is_inverse).then(pl.lit("usdm"))
        named = full.with_columns(settle.alias("settle"))
        return named.with_columns(
            pl.coalesce("asset", "settle").alias("asset"),
            pl.coalesce(by_symbol, pl.lit(context.wallet), by_asset).alias("pot"),
        )

    return prepare


# ------------------------------------------------------------------------------------------ account logs


@dataclass(frozen=True)
class Words:
    """A log's vocabulary: by spelling (folded) the event, what kind of it, and the wallet at a transfer's other end."""

    lines: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, lines: Lines) -> Words:
        """Return the vocabulary of a table with columns `words` (spellings, `|` between them), `event` and more."""
        return cls({
            spelling.strip().casefold(): line for line in lines for spelling in line["words"].split("|")
        })  # fmt: skip

    def cell(self, what: str, *columns: str) -> Cell:
        """Return the folded spelling of a word that is in the vocabulary, of the first column that has one."""

        def read(texts: Sequence[pl.Series], context: Context) -> pl.Series:
            known = {name: name for name in self.lines}
            frame = pl.DataFrame([translate(text, known).alias(str(place)) for place, text in enumerate(texts)])
            return frame.select(pl.coalesce(pl.all()).alias("word"))["word"]

        return Cell(columns=columns, read=read, expected=what, required=len(columns) == 1, unmapped=True)

    def says(self, term: str) -> pl.Expr:
        """Return what the vocabulary says of the cell `word`, null where it says nothing."""
        known = {name: line.get(term) or None for name, line in self.lines.items()}
        return pl.col("word").replace_strict(known, default=None, return_dtype=pl.String)

    def looked_up(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with what the vocabulary says of their kind, other wallet and position side."""
        terms = [term for term in ("kind", "other_wallet", "position_side") if term not in rows.columns]
        return rows.with_columns(self.says(term).alias(term) for term in terms)

    def prepare(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Return the rows of a log, complete."""
        return complete(self.looked_up(rows))


moved = adding(
    movement,
    "symbol",
    "position_side",
    "pair",
    "trade_ref",
    "order_ref",
    "transaction_ref",
    balance_after=pl.col("balance"),
)
"""The movement of a log's row."""
booked = adding(booking, "symbol", "group_ref")
"""A leg of a conversion, or another booking."""


def of_asset(emit: Emit, asset: pl.Expr, amount: pl.Expr, where: pl.Expr | None = None) -> Emit:
    """Return a movement or booking of one of several assets, where a row states more than one."""
    return replace(emit, where=where, columns={**emit.columns, "asset": asset, "amount": amount})


def transferred(kind: str | pl.Expr, amount: pl.Expr = AMOUNT, status: str | None = None) -> Emit:
    """Return funds that come, go or move between wallets."""
    told = adding(transfer, "other_wallet", "fee", "transaction_ref", "pair", "loan_ref")
    return told(kind, amount, status=pl.lit(status))


def stated(grain: str, amount: pl.Expr = AMOUNT, basis: str = "gross") -> Emit:
    """Return a result that the venue states, if it states one."""
    return Emit(table="stated_results", where=amount.is_not_null(), columns={
        "booked_at": AT, "symbol": SYMBOL, "asset": pl.coalesce("settle", "asset"), "amount": amount,
        "basis": pl.lit(basis), "grain": pl.lit(grain), "trade_ref": pl.col("trade_ref"),
        "order_ref": pl.col("order_ref"),
    })  # fmt: skip


def forced(stage: str | None, side: pl.Expr | None = None) -> Emit:
    """Return the event of a forced reduction; `stage` None where the row does not say how far it went."""
    return Emit(table="liquidations", columns={
        "liquidated_at": AT, "symbol": SYMBOL, "margin_mode": pl.col("margin_mode"),
        "side": pl.col("side") if side is None else side, "quantity": pl.col("quantity"), "price": pl.col("price"),
        "mark_price": pl.col("mark_price"), "bankruptcy_price": pl.col("bankruptcy_price"), "stage": pl.lit(stage),
        "order_ref": pl.col("order_ref"),
    })  # fmt: skip


def borrowed() -> Emit:
    """Return a draw; `kind` says what caused it."""
    return Emit(table="borrows", columns={
        "borrowed_at": AT, "asset": ASSET, "amount": AMOUNT.abs(), "kind": KIND, "pair": pl.col("pair"),
        "loan_ref": pl.col("loan_ref"),
    })  # fmt: skip


def repaid(part: str | None, kind: pl.Expr, where: pl.Expr | None = None) -> Emit:
    """Return a repayment, of principal or interest only where the row says so."""
    parts = {} if part is None else {part: AMOUNT.abs()}
    return Emit(table="repayments", where=where, columns={
        "repaid_at": AT, "asset": ASSET, "amount": AMOUNT.abs(), "kind": kind, "pair": pl.col("pair"),
        "loan_ref": pl.col("loan_ref"), **parts,
    })  # fmt: skip


FUNDED = Emit(table="funding", columns={
    "paid_at": AT, "symbol": SYMBOL, "position_side": POSITION_SIDE, "asset": ASSET, "amount": AMOUNT,
    "rate": pl.col("rate"), "position_quantity": pl.col("quantity"), "mark_price": pl.col("mark_price"),
})  # fmt: skip
CHARGED = Emit(table="interest", where=AMOUNT < 0, columns={
    "accrued_at": AT, "asset": ASSET, "amount": -AMOUNT, "kind": KIND, "pair": pl.col("pair"),
    "loan_ref": pl.col("loan_ref"),
})  # fmt: skip
REPAID_KIND = pl.when(KIND.is_in(["manual", "auto", "forced"])).then(KIND)


def _adjusted(cause: str) -> tuple[Emit, ...]:
    return moved(cause), booked("adjustments", pl.coalesce("kind", pl.lit(cause)))


def _result(grain: str, *more: Emit) -> tuple[Emit, ...]:
    return moved("realized_pnl"), stated(grain), *more


LOG: Mapping[str, tuple[Emit, ...]] = {
    "trade": (moved("trade"),),
    "trading_fee": (moved("trading_fee"),),
    "realized": _result("fill"),
    "settled": _result("day"),
    "liquidated": _result("fill", forced(None, CLOSING_SIDE)),
    "deleveraged": _result("fill", forced("adl", CLOSING_SIDE)),
    "funding": (moved("funding"), FUNDED),
    "transfer": (moved("transfer"), transferred("internal")),
    "deposit": (moved("deposit"), transferred("deposit")),
    "withdrawal": (moved("withdrawal"), transferred("withdrawal")),
    "pledge": (moved("pledge"), transferred(PLEDGED)),
    "conversion": (moved("conversion"), booked("conversions", pl.coalesce("kind", pl.lit("conversion")))),
    **{cause: _adjusted(cause)
       for cause in ("rebate", "income", "insurance", "liquidation_fee", "correction", "unknown")},
    "borrow": (moved("borrow"), borrowed()),
    "repay": (moved("repay"), repaid(None, REPAID_KIND)),
    "repay_principal": (moved("repay_principal"), repaid("principal", REPAID_KIND)),
    "repay_interest": (moved("repay_interest"), repaid("interest", REPAID_KIND)),
    "interest": (moved("repay_interest"), CHARGED, repaid("interest", pl.lit(None), where=AMOUNT < 0)),
}  # fmt: skip
"""What each event of a log becomes.  `settled`: a session's result, which is cash like any other, and the close states
what is left of it.  `interest`: charged and paid at once, in cash.  `repay_interest`: paid only, having accrued.
Interest that comes back moves cash only."""


def log_cases(lines: Words, **more: tuple[Emit, ...]) -> dict[str, tuple[Emit, ...]]:
    """Return the cases of the events that a vocabulary names, `more` before the common ones."""
    known = {**LOG, **more}
    return {event: known[event] for event in sorted({line["event"] for line in lines.lines.values()}) if event in known}


def without_movements(cases: Mapping[str, tuple[Emit, ...]]) -> dict[str, tuple[Emit, ...]]:
    """Return the cases of an export that has only some changes of a wallet: its facts, and no movements."""
    return {event: tuple(emit for emit in emits if emit.table != "movements") for event, emits in cases.items()}


# -------------------------------------------------------------------------------------- fills, positions


def fill(execution: str = "trade", **more: pl.Expr) -> Emit:
    """Return the fill of an execution."""
    return Emit(table="fills", columns={
        "filled_at": AT, "symbol": SYMBOL, "side": pl.col("side"), "quantity": pl.col("quantity"),
        "price": pl.col("price"), "fee": pl.col("fee"),
        "fee_asset": pl.when(pl.col("fee").is_not_null()).then("fee_asset"), "liquidity": pl.col("liquidity"),
        "execution": pl.lit(execution), "trade_ref": pl.col("trade_ref"), "order_ref": pl.col("order_ref"),
        "position_side": POSITION_SIDE, "effect": pl.col("effect"), "realized_stated": pl.col("realized"),
        "notional_stated": pl.col("value"), "margin_mode": pl.col("margin_mode"), **more,
    })  # fmt: skip


CLOSED = (
    Emit(table="stated_positions", columns={
        "stated_at": AT, "symbol": SYMBOL, "position_side": POSITION_SIDE, "margin_mode": pl.col("margin_mode"),
        "max_quantity": pl.col("max_quantity"), "closed_quantity": pl.col("quantity"), "entry_price": pl.col("entry"),
        "exit_price": pl.col("exit"), "opened_at": pl.col("opened_at"), "closed_at": AT,
    }),
    stated("position", pl.col("gross")),
    stated("position", pl.col("net"), "net"),
)  # fmt: skip
"""A closed position with its results before and after costs, as far as they are stated."""
