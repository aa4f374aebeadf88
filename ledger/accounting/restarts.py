"""What of a wallet stays as it is: positions that began and ended before anything new, found again from what is stored.

A contract is taken up again at the last instant before the news at which nothing of it was open.  From flat the fold
needs nothing of what came before, so what it makes of the rest is what it would make of all; where the rest alone
cannot tell (an entry that no fill shows, a hedge that only results give away, results that differ), all is made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import polars as pl

from ledger.accounting.positions import Reconstructed
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from schemas.types import INSTANT

NEWS_MARGIN = timedelta(days=3)
"""A fee or a forced order may be booked a while after the fills it is of; what is so near to the news is made anew."""
CONTEXT = timedelta(hours=25)
"""Costs of a session (a day at most) are of positions that were closed in it: so much of what stays is looked at."""
COSTS_BEFORE = timedelta(hours=2)
HARMLESS = ("partly_liquidated", "unvalued_cost")
"""Flags of positions whose history leaves nothing open."""
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
COLUMNS: dict[str, pl.DataType] = {"symbol": pl.String(), "made_from": INSTANT, "read_after": INSTANT}


@dataclass(frozen=True, kw_only=True)
class Restarts:
    """Per contract from when on it is made anew: `frame` is symbol, made_from, read_after (null: all fills)."""

    frame: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=COLUMNS))

    def read_after(self, symbols: Iterable[str]) -> datetime:
        """Return the instant after which the fills of all the symbols are wanted."""
        return self._earliest("read_after", symbols)

    def costs_from(self, symbols: Iterable[str]) -> datetime:
        """Return the instant from which on costs of all the symbols are wanted; earlier ones are found to be known."""
        first = self._earliest("made_from", symbols)
        return first if first == BEGINNING else first - COSTS_BEFORE

    def _earliest(self, name: str, symbols: Iterable[str]) -> datetime:
        known: dict[str, datetime | None] = dict(self.frame.select("symbol", name).iter_rows())
        return min((known.get(symbol) or BEGINNING for symbol in symbols), default=BEGINNING)

    def wanted(self, fills: pl.DataFrame) -> pl.DataFrame:
        """Return the fills that are folded."""
        return self._after(fills, "read_after", pl.col("filled_at") > pl.col("read_after"))

    def new(self, rows: pl.DataFrame, at: str) -> pl.DataFrame:
        """Return the rows, each of a `symbol` and an instant `at`, that do not stay as they are."""
        return self._after(rows, "made_from", pl.col(at) >= pl.col("made_from"))

    def _after(self, rows: pl.DataFrame, name: str, later: pl.Expr) -> pl.DataFrame:
        if not self.frame.height:
            return rows
        joined = rows.join(self.frame.select("symbol", name), on="symbol", how="left", maintain_order="left")
        return joined.filter(pl.col(name).is_null() | later).drop(name)

    def without(self, symbols: Sequence[str]) -> Restarts:
        """Return the restarts of the other contracts."""
        return Restarts(frame=self.frame.filter(~pl.col("symbol").is_in(symbols)))


def restarts_of(store: Store, scope: Scope, since: datetime | None) -> Restarts:
    """Return what stays of a wallet that has nothing new before `since` (None: nothing stays)."""
    if since is None or not scope.may_have("fills"):
        return Restarts()
    words = {"since": since, "margin": NEWS_MARGIN, "context": CONTEXT, "harmless": list(HARMLESS)}
    return Restarts(frame=store.query(statement("restarts", "restarts"), scope.parameters() | words))


def leave(store: Store, scope: Scope, restarts: Restarts) -> None:
    """Delete the legs, positions and costs of a wallet that do not stay as they are."""
    first: object = BEGINNING
    if restarts.frame.height:
        traded = store.rows(statement("restarts", "symbols"), scope.parameters())
        every = all(symbol in set(restarts.frame["symbol"]) for (symbol,) in traded)
        first = restarts.frame["made_from"].min() if every else BEGINNING
    with store.registered(incoming=restarts.frame):
        for name in ("leave_legs", "leave_positions", "leave_costs"):
            store.execute(statement("restarts", name), scope.parameters() | {"first": first})


def forget_symbols(store: Store, scope: Scope, symbols: Sequence[str]) -> None:
    """Delete all that was made of some symbols of a wallet."""
    for name in ("forget_legs", "forget_positions", "forget_costs"):
        store.execute(statement("restarts", name), scope.parameters() | {"symbols": list(symbols)})


def doubtful(made: Reconstructed, fills: pl.DataFrame, restarts: Restarts, sizes: Mapping[str, object]) -> list[str]:
    """Return the contracts taken up again of which the rest alone cannot tell what the whole tells."""
    of = set(restarts.frame["symbol"]) & set(fills["symbol"])
    if not of:
        return []
    flagged = made.positions.filter(pl.col("flags").list.set_difference(list(HARMLESS)).list.len() > 0)
    one_way = pl.col("position_side").is_in(["long", "short"]).fill_null(value=False)
    told = fills.filter(pl.col("symbol").is_in(of)).group_by("symbol").agg(
        lacks_fee=pl.col("fee").is_null().any(), states=pl.col("realized_stated").is_not_null().any(),
        sided=one_way.all(), unsided=(~one_way).all(),
    )  # fmt: skip
    guessed = ~pl.col("states") & ~pl.col("sided") & pl.col("symbol").is_in(list(sizes))
    unclear = told.filter(pl.col("lacks_fee") | guessed | ~(pl.col("sided") | pl.col("unsided")))
    return sorted(of & {*flagged["symbol"], *unclear["symbol"]})


def silent_days(store: Store, scope: Scope, tables: Mapping[str, str]) -> pl.DataFrame:
    """Return of every table (with its time) the days of which some row does not count, and which rows those are."""
    nothing = {"day": pl.Date, "rows": pl.Int64, "mark": pl.UInt64, "of": pl.String}
    frames = [pl.DataFrame(schema=nothing)]
    for table, time in tables.items():
        if not scope.may_have(table):
            continue
        sql = statement("restarts", "silent_days").format(table=table, time=time)
        frames.append(store.query(sql, scope.parameters()).with_columns(of=pl.lit(table)))
    return pl.concat(frames)


def first_change(before: pl.DataFrame, after: pl.DataFrame) -> datetime | None:
    """Return the first instant of a day on which other rows count than before, None where none do."""
    names = before.columns
    changed = pl.concat([before.join(after, on=names, how="anti"), after.join(before, on=names, how="anti")])
    day = changed["day"].min()
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)  # type: ignore[union-attr]
