"""What the wallets show: movements derived where no ledger speaks, openings, and the chain of stated balances."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import polars as pl

from ledger.accounting.pairing import pair
from ledger.accounting.regimes import books_results, logs_by_currency, regime_of
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from schemas.ddl import column_types
from schemas.derived import AnchorSpan, Balance, Break
from schemas.types import KEY


def derive_movements(store: Store, scope: Scope) -> None:
    """Write the movements that spoken facts imply where no ledger covers the wallet (facts, rule 3 of cash)."""
    store.execute(statement("cash", "delete_derived"), scope.parameters())
    spot = store.query(statement("cash", "spot_fills"), scope.parameters())
    value = pl.coalesce("notional_stated", pl.col("quantity") * pl.col("price"))
    spot = spot.select("row_key", value.alias("notional"))
    with store.registered(incoming=spot):
        store.execute(statement("cash", "keep_spot_notional"))
    words = scope.parameters() | {"lots": books_results(scope), "by_currency": logs_by_currency(scope)}
    store.execute(statement("cash", "derive"), words)
    store.execute(statement("cash", "derive_debts"), scope.parameters())
    store.execute("DROP TABLE spot_notional")
    _count_edges_once(store, scope)


def _count_edges_once(store: Store, scope: Scope) -> None:
    """Take back what was derived just outside the ledger's range and is booked just inside it, a second off."""
    distance = timedelta(seconds=2 * int(store.scalar(statement("cash", "distance"), scope.parameters()) or 1))
    edges = store.query(statement("cash", "edges"), scope.parameters() | {"reach": 2 * distance})
    if not edges.height or edges["stated"].all():
        return
    pairs, _ = pair(edges, distance, "stated")
    doubled = pl.DataFrame({"row_key": [derived["row_key"] for _, derived in pairs]}, schema={"row_key": KEY})
    if doubled.height:
        with store.registered(incoming=doubled):
            store.execute(statement("cash", "delete_doubled"))


# ---------------------------------------------------------------------------------------------- the chain

GROUPS = statement("cash", "groups")


@dataclass(frozen=True, kw_only=True)
class Point:
    """An instant at which the venue (or a person) states a balance; `gaps` are what it says less what moved until then.

    Several gaps where the balances of an instant are listed in any order, or a statement may be from before or after
    what moved in its very instant: the chain holds where one of them is the gap before.
    """

    at: datetime
    running: Decimal
    gaps: tuple[Decimal, ...]
    key: int
    is_beside: bool = False
    """Whether it is a statement beside the rows."""

    @property
    def gap(self) -> Decimal:
        """The gap that counts where none of them is the one before."""
        return self.gaps[-1]


def chain(store: Store, scope: Scope) -> None:
    """Write of every asset of the wallet its opening, the spans of stated balances that agree, the breaks between."""
    for table in ("openings", "anchors", "breaks_stored"):
        store.execute(statement("cash", "delete_chain").format(table=table), scope.parameters())
    openings: list[dict[str, object]] = []
    spans: list[dict[str, object]] = []
    breaks: list[dict[str, object]] = []
    for row in store.rows(statement("cash", "chains"), scope.parameters()):
        asset, first_at, *of_running, snapshots = row
        of_asset = scope.parameters() | {"asset": asset}
        opening, stretches = _stretches(store, of_asset, of_running, snapshots)
        openings.append(
            {
                **of_asset,
                "opening": opening or Decimal(0),
                "anchored": opening is not None,
                "first_at": first_at,
                "owes_below_zero": regime_of(scope) == "negative_balance",
            }
        )
        spans += [{**of_asset, **stretch} for stretch in stretches]
        for before, after in pairwise(stretches):
            stated = after["stated"]
            difference = after["deviation"] - before["deviation"]
            breaks.append({
                "break_id": break_id_of(scope.account, scope.venue, scope.wallet, asset, after["from_at"]), **of_asset,
                "since_at": before["to_at"], "broken_at": after["from_at"],
                "expected": stated - difference, "stated": stated, "difference": difference,
                "row_key": after["first_key"],
            })  # fmt: skip
    for table, rows, model in (
        ("openings", openings, Balance), ("anchors", spans, AnchorSpan), ("breaks_stored", breaks, Break)
    ):  # fmt: skip
        if rows:
            names = list(column_types(model))
            store.insert(table, pl.DataFrame([{name: row[name] for name in names} for row in rows],
                                             schema=column_types(model)))  # fmt: skip


def break_id_of(account: str, venue: str, wallet: str, asset: str, broken_at: datetime) -> str:
    """Return the stable name of a break."""
    name = f"{account}/{venue}/{wallet}/{asset}/{broken_at:%Y-%m-%dT%H:%M:%S.%f}"
    return f"break-{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def _stretches(
    store: Store, of_asset: Mapping[str, Any], running: Sequence[Any], snapshots: int
) -> tuple[Decimal | None, list[dict[str, Any]]]:
    """Return the opening of one asset and its spans, by the cheapest look that proves the chain."""
    from_at, to_at, low, high, key = running
    if from_at is not None and low != high:
        low, high = store.rows(statement("cash", "row_chain"), of_asset)[0]
    beside = _statements(store, of_asset) if snapshots else []
    if from_at is None:
        return follow(beside)
    if low == high and all(low in point.gaps for point in beside):
        first = min(beside, key=lambda point: point.at, default=None)
        if first is not None and first.at < from_at:
            from_at, key = first.at, first.key
        to_at = max([to_at, *(point.at for point in beside)])
        whole = {"from_at": from_at, "to_at": to_at, "deviation": Decimal(0), "stated": None, "first_key": key}
        return low, [whole]
    listed = _listed(store.query(GROUPS, of_asset))
    return follow(sorted([*listed, *beside], key=lambda point: point.at))


def _listed(groups: pl.DataFrame) -> list[Point]:
    """Return the running balances, as stated after the rows of each instant."""
    found = []
    summed = groups.with_columns(running=pl.col("amount").cum_sum())
    for row in summed.filter(pl.col("last_stated").is_not_null()).iter_rows(named=True):
        last = _end(row["before"], row["stated"])
        ends = [last] if last is not None else [*(set(row["stated"]) - {row["last_stated"]}), row["last_stated"]]
        gaps = tuple(balance - row["running"] for balance in ends)
        found.append(Point(at=row["moment"], running=row["running"], gaps=gaps, key=row["row_key"]))
    return found


def _end(before: Sequence[Decimal], after: Sequence[Decimal]) -> Decimal | None:
    """Return the balance with which an instant ends, where its rows follow each other in one order only."""
    ends, starts = Counter(after) - Counter(before), Counter(before) - Counter(after)
    return next(iter(ends)) if ends.total() == starts.total() == 1 else None


def _statements(store: Store, of_asset: Mapping[str, Any]) -> list[Point]:
    """Return what is stated beside the rows: before or after what moved in the very instant, nobody says."""
    found = []
    for at, balance, key, running, then in store.rows(statement("cash", "snapshots"), of_asset):
        before = [balance - (running - then)] if then else []
        found.append(Point(at=at, running=running, gaps=(*before, balance - running), key=key, is_beside=True))
    return found


def follow(stated: Sequence[Point]) -> tuple[Decimal | None, list[dict[str, Any]]]:
    """Return the opening that the first stated balance fixes (None: none is stated) and the spans that agree.

    After a place where the chain does not hold it goes on from the stated balance: that is where a span begins.
    """
    if not stated:
        return None, []
    opening = gap = _opening(stated)
    spans = [_span(stated[0], opening, opening)]
    for index, point in enumerate(stated[1:], 1):
        if gap not in point.gaps:
            gap = _likeliest(stated, index, gap)
            spans.append(_span(point, gap, opening))
        spans[-1]["to_at"] = point.at
    return opening, spans


def _span(point: Point, gap: Decimal, opening: Decimal) -> dict[str, Any]:
    return {"from_at": point.at, "to_at": point.at, "deviation": gap - opening, "stated": point.running + gap,
            "first_key": point.key}  # fmt: skip


def _opening(stated: Sequence[Point]) -> Decimal:
    """Return the opening by the first point: of several gaps the one that fits what follows, else nothing at all."""
    return _likeliest(stated, 0, Decimal(0))


def _likeliest(stated: Sequence[Point], index: int, expected: Decimal) -> Decimal:
    """Return the gap of a point that the next one continues; else the expected one, else the one nearest to it."""
    point = stated[index]
    if len(point.gaps) == 1:
        return point.gap
    following = stated[index + 1].gaps if index + 1 < len(stated) else ()
    agreeing = [gap for gap in point.gaps if gap in following]
    if agreeing or not point.is_beside:
        return agreeing[0] if agreeing else point.gap
    return min(point.gaps, key=lambda gap: abs(gap - expected))
