"""Identities that take more than one query: what the ledger booked, nets, average cost against FIFO, provenance."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import polars as pl

from ledger.accounting.positions import to_money
from ledger.accounting.regimes import books_results
from ledger.accounting.remainder import DAY_CAUSES
from ledger.accounting.sharing import half_even
from ledger.accounting.voices import Scope
from ledger.storage import log
from ledger.storage.archive import Archive
from ledger.storage.store import Store, statement
from reports.contract import Params, run
from reports.registry import POSITIONS
from schemas.tables import CHECKS, STATED, TIME_OF_TABLE
from schemas.types import KEY, MONEY

A_DAY = timedelta(days=1)
REFERENCE = ("instruments", "margin_tiers", "collateral_ratios", "loan_terms")
"""Tables whose instants are from when terms hold: they may lie ahead, and before there was any coin."""
NOTHING = pl.lit(0).cast(MONEY)


# ------------------------------------------------------------------------------------------- provenance, time


def unsighted_rows(store: Store, _archive: Archive | None) -> pl.DataFrame:
    """Return the stored rows that no file shows any more."""
    return store.query(statement("identities", "sighted").format(rows=_rows(store)))


def rows_without_a_file(store: Store, _archive: Archive | None) -> pl.DataFrame:
    """Return the stored rows whose file the book does not know."""
    return store.query(statement("identities", "filed").format(rows=_rows(store)))


def files_without_bytes(store: Store, archive: Archive | None) -> pl.DataFrame:
    """Return the bundles whose bytes the archive lacks; a book without an archive keeps none."""
    bundles = store.query(statement("identities", "bundles"))
    lost = [archive is not None and not archive.has(bundle) for bundle in bundles["bundle_id"]]
    return bundles.filter(pl.Series(lost, dtype=pl.Boolean))


def impossible_instants(store: Store, _archive: Archive | None) -> pl.DataFrame:
    """Return the stored rows from before there was any coin, or from later than a day after the last import."""
    written = [datetime.fromisoformat(entry["at"]) for entry in log.entries(store)]
    if not written:
        return pl.DataFrame(schema={"table_name": pl.String, "moment": pl.Datetime("us", "UTC"), "row_key": KEY})
    rows = _rows(store, leaving_out=REFERENCE)
    return store.query(statement("identities", "instants").format(rows=rows), {"until": max(written) + A_DAY})


def _rows(store: Store, leaving_out: Sequence[str] = ()) -> str:
    """Return the SQL of every stored row of the tables that hold any."""
    tables = {name: f"{name}_stated" for name in STATED} | {name: name for name in CHECKS}
    held = [name for name, table in tables.items() if store.scalar(f"SELECT 1 FROM {table} LIMIT 1")]
    asked = [name for name in held if name not in leaving_out] or ["movements"]
    of_table = statement("identities", "of_table")
    return " UNION ALL ".join(
        of_table.format(name=name, time=TIME_OF_TABLE[name], table=tables[name]) for name in asked
    )


# ------------------------------------------------------------------------------------------- sums and parts


def unattributed_results(store: Store, _archive: Archive | None) -> pl.DataFrame:
    """Return the wallets' assets of which positions and unattributed lines do not make what the ledger booked.

    Per cause; where the venue books one result a session, over all causes together.
    """
    found = [
        _unattributed(store, Scope(account, venue, wallet), by_session=by_session)
        for account, venue, wallet, by_session in store.rows(statement("identities", "with_ledger"))
    ]
    none = pl.DataFrame(schema=dict.fromkeys(("account", "venue", "wallet", "cause", "asset"), pl.String)
                        | {"booked": MONEY, "attributed": MONEY})  # fmt: skip
    return pl.concat([none, *found])


def _unattributed(store: Store, scope: Scope, *, by_session: bool) -> pl.DataFrame:
    words: dict[str, Any] = scope.parameters() | {"lots": books_results(scope)}
    causes = [*DAY_CAUSES, "session_result"]
    booked = store.query(statement("remainder", "booked_by_day"), words | {"causes": causes})
    by_day = statement("remainder", "by_day").format(taken=statement("remainder", "taken"))
    taken = store.query(by_day, words).filter(pl.col("cause").is_in(causes))
    named = pl.lit("all causes") if by_session else pl.col("cause")
    left = booked.group_by(named.alias("cause"), "asset").agg(booked=pl.col("amount").sum())
    right = taken.group_by(named.alias("cause"), "asset").agg(attributed=pl.col("amount").sum())
    both = left.join(right, on=["cause", "asset"], how="full", coalesce=True).with_columns(
        pl.col("booked", "attributed").fill_null(NOTHING).cast(MONEY)
    )
    constants = {name: pl.lit(text) for name, text in scope.parameters().items()}
    return both.filter(pl.col("booked") != pl.col("attributed")).select(
        *(value.alias(name) for name, value in constants.items()), "cause", "asset", "booked", "attributed"
    ).sort("cause", "asset")  # fmt: skip


def wrong_nets(store: Store, _archive: Archive | None) -> pl.DataFrame:
    """Return the positions of which the report's net is not gross - trading fees - carry + insurance."""
    shown = run(POSITIONS, store.query, Params())
    carry = pl.col("interest") - pl.col("funding") + pl.col("liquidation_fees")
    net = (pl.col("gross_pnl") - pl.col("trading_fees") - carry + pl.col("insurance")).cast(MONEY)
    wrong = shown.with_columns(made_of_parts=net).filter(pl.col("net_pnl").ne_missing(pl.col("made_of_parts")))
    return wrong.select("position_id", "net_pnl", "made_of_parts")


# ------------------------------------------------------------------------------------------ average and FIFO


def fifo_differs(store: Store, _archive: Archive | None) -> pl.DataFrame:
    """Return the open positions whose realized result less open cost by average differs from that by FIFO.

    Both value what is open at the same price, so where these agree, realized + unrealized agrees at any price.  The
    lots are taken here from the legs alone; of inverse contracts a unit of 1e-18 a fill is lost to division.
    """
    legs = store.query(statement("identities", "open_legs"))
    units = [legs[name].cast(MONEY).to_physical().to_list() for name in ("delta", "notional", "realized", "cost_after")]
    rows = zip(legs["position_id"], legs["is_inverse"], *units, legs["row_key"], strict=True)
    found = []
    for name, group in groupby(rows, key=lambda row: row[0]):
        every = list(group)
        is_inverse = bool(every[0][1])
        by_fifo = _by_fifo([(delta, value) for _, _, delta, value, *_ in every], is_inverse=is_inverse)
        open_, cost = sum(row[2] for row in every), every[-1][5]
        signed = cost if (open_ > 0) != is_inverse else -cost
        by_average = sum(row[4] for row in every) - signed
        if abs(by_average - by_fifo) > (len(every) if is_inverse else 0):
            found.append((name, by_average, by_fifo, every[-1][6]))
    schema: dict[str, pl.DataType] = {
        "position_id": pl.String(), "by_average": pl.Int128(), "by_fifo": pl.Int128(), "row_key": KEY,
    }  # fmt: skip
    frame = pl.DataFrame(found, schema=schema, orient="row")
    return frame.with_columns(to_money(frame[name].to_list()).alias(name) for name in ("by_average", "by_fifo"))


def _by_fifo(legs: Sequence[tuple[int, int]], *, is_inverse: bool) -> int:
    """Return realized result less cost of what is open, lots taken in the order in which they were opened."""
    lots: deque[list[int]] = deque()
    realized = 0
    for delta, notional in legs:
        value = notional if (delta > 0) != is_inverse else -notional
        if not lots or (lots[0][0] > 0) == (delta > 0):
            lots.append([delta, value])
            continue
        left, released = -delta, 0
        while left and lots:
            size, cost = lots[0]
            if abs(size) <= abs(left):
                left -= size
                released += cost
                lots.popleft()
            else:
                part = half_even(cost * left, size)
                lots[0] = [size - left, cost - part]
                released += part
                left = 0
        realized += -value - released
    return realized - sum(cost for _, cost in lots)
