"""The four CSV files of the v4 app: trades, transfers, vault transfers, funding payments.

The app writes what it shows: headers and sides in its language, and, to 2025 and for transfers still, the browser's
date without seconds and dollars rounded to cents.  What is printed in full is one format, what is not another: rounded
prices make other rows of the same fills, so each is a family of its own, and the best one speaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from importers.cells import money, text, word, zoned_time
from importers.contract import Cell, Claim, Emit, Format, Header, Identity
from importers.dateorder import ordered_time
from importers.declared import claimed, listed, unread
from importers.dydx.cells import (
    LEDGER_PART,
    LIQUIDITY,
    POSITION_SIDES,
    SAME_TRANSFER,
    TYPES,
    between,
    claims_of_fills,
    fills,
    funding,
    moved,
    name_instrument,
    printed_amount,
    side,
)  # fmt: skip
from importers.emits import AMOUNT

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
MARKET = re.compile(r"[A-Z0-9.,:_-]+-USD")
LOCAL_ORDERS = ("mdy", "dmy", "ymd")
Rows = Sequence[Mapping[str, str]]
Records = Sequence[Sequence[str]]

TRADES = listed("Time,Market,Side,Amount,Price,Total,Fee,Type,Liquidity")
TRANSFERS = listed("Time,Action,Sender,Recipient,Amount,Transaction")
VAULT = listed("Time,Action,Amount,Transaction")
FUNDING = listed("Time,Market,Side,Oracle Price,Size,Payment,Rate")


def _is_iso(rows: Rows) -> bool:
    return all(ISO.fullmatch(row.get("time", "")) for row in rows)


def _is_local(rows: Rows) -> bool:
    return bool(rows) and not _is_iso(rows)


def _has_dollars(rows: Rows) -> bool:
    return any("$" in row.get("price", "") for row in rows)


def _recognized(
    columns: Sequence[str], fits: Callable[[Rows], bool], known: Mapping[int, Sequence[str] | re.Pattern[str]]
) -> Callable[[Records], tuple[int, Mapping[int, str]] | None]:
    """Return what recognizes a file in another language: its number of columns, and cells that are not translated."""
    names = [name.casefold() for name in columns]

    def recognize(records: Records) -> tuple[int, Mapping[int, str]] | None:
        rows = [dict(zip(names, record, strict=False)) for record in records[1:]]
        if not rows or any(len(record) != len(columns) for record in records):
            return None
        untranslated = all(
            cell.fullmatch(record[place]) if isinstance(cell, re.Pattern) else record[place] in cell
            for record in records[1:] for place, cell in known.items()
        )  # fmt: skip
        return (0, dict(enumerate(names))) if untranslated and fits(rows) else None

    return recognize


# -------------------------------------------------------------------------------------------------- trades

TRADE_CELLS: dict[str, Cell] = {
    "time": zoned_time("time"),
    "symbol": text("market", required=True),
    "side": side("side"),
    "quantity": money("amount", required=True),
    "price": printed_amount("price"),
    "fee": printed_amount("fee"),
    "type": word("type", TYPES, required=True),
    "liquidity": word("liquidity", LIQUIDITY),
}


def _trades(name: str, title: str, fits: Callable[[Rows], bool], rank: int, time: Cell, resolution_s: int) -> Format:
    return Format(
        name=f"dydx.{name}",
        family=f"dydx.{name}",
        venue="dydx",
        title=title,
        confidence="parser seen",
        how="Portfolio, Export, Trades (trades.csv)",
        headers=(Header(name="English", columns=TRADES, exact=True),),
        cells=TRADE_CELLS | {"time": time},
        event=pl.col("type"),
        event_columns=("type",),
        cases=fills({}),
        newest_first=True,
        identity=Identity(kind="content", cells=(
            "time", "symbol", "side", "quantity", "price", "fee", "type", "liquidity")),
        claims=claims_of_fills(rank, resolution_s),
        name_instrument=name_instrument,
        fits=fits,
        recognize=_recognized(TRADES, fits, {1: MARKET, 7: tuple(TYPES), 8: tuple(LIQUIDITY)}),
        unread=unread({"Total": "amount by price"}),
    )  # fmt: skip


V4_TRADES = _trades(
    "v4_trades", "dYdX v4: trades of the app, in full", lambda rows: _is_iso(rows) and not _has_dollars(rows), 2,
    zoned_time("time"), 1,
)  # fmt: skip
V4_TRADES_ROUNDED = _trades(
    "v4_trades_rounded", "dYdX v4: trades of the app of early 2025, prices and fees in cents",
    lambda rows: bool(rows) and _is_iso(rows) and _has_dollars(rows), 3, zoned_time("time"), 1,
)  # fmt: skip
V4_TRADES_LOCAL = _trades(
    "v4_trades_local", "dYdX v4: trades of the app to early 2025, times of the browser to the minute",
    _is_local, 4, ordered_time("time", *LOCAL_ORDERS), 60,
)  # fmt: skip

# ------------------------------------------------------------------------------------ transfers and funding

ACTIONS = {name: name.casefold() for name in ("DEPOSIT", "WITHDRAWAL", "TRANSFER_IN", "TRANSFER_OUT")}


def _local(form: Format, family: bool, claims: tuple[Claim, ...]) -> Format:
    """Return the same export with times of the browser; its own family where the time is part of the key."""
    columns = tuple(name.casefold() for name in form.headers[0].columns)
    return replace(
        form,
        name=f"{form.name}_local",
        family=f"{form.name}_local" if family else form.family,
        title=f"{form.title}, times of the browser to the minute",
        cells={**form.cells, "time": ordered_time("time", *LOCAL_ORDERS)},
        claims=claims,
        fits=_is_local,
        recognize=_recognized(columns, _is_local, UNTRANSLATED[columns]),
    )  # fmt: skip


UNTRANSLATED: dict[tuple[str, ...], dict[int, Sequence[str] | re.Pattern[str]]] = {
    tuple(name.casefold() for name in TRANSFERS): {1: tuple(ACTIONS), 2: re.compile(r"\w+"), 3: re.compile(r"\w+")},
    tuple(name.casefold() for name in VAULT): {1: ("DEPOSIT", "WITHDRAWAL"), 3: re.compile(r"\w+")},
    tuple(name.casefold() for name in FUNDING): {1: MARKET, 2: tuple(POSITION_SIDES)},
}
"""Of each export, the cells that no language changes."""


def _export(
    name: str, title: str, columns: tuple[str, ...], cells: Mapping[str, Cell], event: pl.Expr,
    cases: Mapping[str, tuple[Emit, ...]], identity: Identity, claims: tuple[Claim, ...],
) -> Format:  # fmt: skip
    return Format(
        name=f"dydx.{name}",
        family=f"dydx.{name}",
        venue="dydx",
        title=title,
        confidence="parser seen",
        how=f"Portfolio, Export ({name.removeprefix('v4_').replace('_', '-')}.csv)",
        headers=(Header(name="English", columns=columns, exact=True),),
        cells={"time": zoned_time("time"), **cells},
        event=event,
        event_columns=("action",),
        cases=cases,
        newest_first=True,
        identity=identity,
        claims=claims,
        name_instrument=name_instrument,
        fits=_is_iso,
        recognize=_recognized(columns, _is_iso, UNTRANSLATED[tuple(name.casefold() for name in columns)]),
    )  # fmt: skip


V4_TRANSFERS = _export(
    "v4_transfers", "dYdX v4: deposits, withdrawals and transfers of the app, in cents", TRANSFERS,
    {
        "action": word("action", ACTIONS, required=True),
        "sender": text("sender"), "recipient": text("recipient"),
        "amount": printed_amount("amount"), "transaction": text("transaction", required=True),
    },
    pl.col("action"),
    {
        "deposit": (moved("deposit", AMOUNT),),
        "withdrawal": (moved("withdrawal", -AMOUNT),),
        "transfer_in": (moved(between("sender", "recipient", "deposit"), AMOUNT),),
        "transfer_out": (moved(between("sender", "recipient", "withdrawal"), -AMOUNT),),
    },
    Identity(kind="content", cells=SAME_TRANSFER),
    LEDGER_PART,
)  # fmt: skip

V4_VAULT_TRANSFERS = _export(
    "v4_vault_transfers", "dYdX v4: moves to and from the MegaVault of the app, in cents", VAULT,
    {
        "action": word("action", {"DEPOSIT": "deposit", "WITHDRAWAL": "withdrawal"}, required=True),
        "amount": printed_amount("amount"), "transaction": text("transaction", required=True),
    },
    pl.col("action"),
    {
        "deposit": (moved("internal", -AMOUNT, other_wallet=pl.lit("strategy")),),
        "withdrawal": (moved("internal", AMOUNT, other_wallet=pl.lit("strategy")),),
    },
    Identity(kind="content", cells=("transaction", "action", "amount")),
    LEDGER_PART,
)  # fmt: skip
"""A deposit is one into the vault: the account pays it."""

V4_FUNDING = _export(
    "v4_funding_payments", "dYdX v4: funding payments of the app", FUNDING,
    {
        "symbol": text("market", required=True),
        "position_side": word("side", POSITION_SIDES, required=True),
        "price": printed_amount("oracle price", required=False),
        "size": printed_amount("size"), "amount": printed_amount("payment"), "rate": money("rate"),
    },
    pl.lit("row"),
    {"row": (funding(pl.col("position_side")),)},
    Identity(kind="id", cells=("time", "symbol"), content=("amount",)),
    claimed(funding=2),
)  # fmt: skip

FORMATS = (
    V4_TRADES, V4_TRADES_ROUNDED, V4_TRADES_LOCAL,
    V4_TRANSFERS, _local(V4_TRANSFERS, family=False, claims=LEDGER_PART),
    V4_VAULT_TRANSFERS, _local(V4_VAULT_TRANSFERS, family=False, claims=LEDGER_PART),
    V4_FUNDING, _local(V4_FUNDING, family=True, claims=claimed(resolution_s=60, funding=3)),
)  # fmt: skip
