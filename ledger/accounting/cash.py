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

from ledger.accounting.debts import DEBTS
from ledger.accounting.pairing import pair
from ledger.accounting.regimes import books_results, logs_by_currency, regime_of
from ledger.accounting.restarts import BEGINNING, NEWS_MARGIN
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from schemas.ddl import column_types
from schemas.derived import AnchorSpan, Balance, Break
from schemas.types import KEY, MONEY

IMPLYING = (
    "fills", "funding", "transfers", "conversions", "liquidations", "adjustments", "borrows", "repayments", "interest",
)  # fmt: skip
"""Tables whose rows imply movements."""


def derive_movements(store: Store, scope: Scope) -> None:
    """Write the movements that spoken facts imply where no ledger covers the wallet (facts, rule 3 of cash)."""
    store.execute(statement("cash", "delete_derived"), scope.parameters())
    told = [table for table in IMPLYING if scope.may_have(table)]
    if told:
        if "fills" in told:
            _keep_spot_notional(store, scope)
        words = scope.parameters() | {"lots": books_results(scope), "by_currency": logs_by_currency(scope)}
        parts = [f"({statement('cash', f'of_{table}').format(moved=statement('cash', 'moved'))})" for table in told]
        store.execute(statement("cash", "derive").format(rows="\nUNION ALL BY NAME\n".join(parts)), words)
    if scope.may_have(*DEBTS):
        store.execute(statement("cash", "derive_debts"), scope.parameters())
    if told and scope.may_have("movements"):
        _count_edges_once(store, scope)


def _keep_spot_notional(store: Store, scope: Scope) -> None:
    """Keep what each fill of a pair was worth, for SQL, which does no arithmetic with money."""
    spot = store.query(statement("cash", "spot_fills"), scope.parameters())
    value = pl.coalesce("notional_stated", pl.col("quantity") * pl.col("price"))
    with store.registered(incoming=spot.select("row_key", value.alias("notional"))):
        store.execute(statement("cash", "keep_spot_notional"))


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


@dataclass(frozen=True, kw_only=True)
class Look:
    """From when on the chain of an asset is looked at, and what had moved before."""

    horizon: datetime = BEGINNING
    moved: Decimal = Decimal(0)

    def of(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return it as SQL parameters, beside others."""
        return {**parameters, "horizon": self.horizon, "moved": self.moved}


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The chain of one asset: its opening (None: nothing states one), when it begins, and the spans that agree."""

    opening: Decimal | None
    first_at: datetime | None
    spans: Sequence[Mapping[str, Any]]


def chain(store: Store, scope: Scope, since: datetime | None = None) -> None:
    """Write of every asset of the wallet its opening, the spans of stated balances that agree, the breaks between.

    Where nothing is new before `since` and the chain held until then, only the rest is looked at.
    """
    chains = _continued(store, scope, since - NEWS_MARGIN) if since is not None else {}
    chains |= _whole(store, scope, chains)
    for table in ("openings", "anchors", "breaks_stored"):
        store.execute(statement("cash", "delete_chain").format(table=table), scope.parameters())
    openings: list[dict[str, object]] = []
    spans: list[dict[str, object]] = []
    breaks: list[dict[str, object]] = []
    for asset, found in sorted(chains.items()):
        of_asset = scope.parameters() | {"asset": asset}
        openings.append(
            {
                **of_asset,
                "opening": found.opening or Decimal(0),
                "anchored": found.opening is not None,
                "first_at": found.first_at,
                "owes_below_zero": regime_of(scope) == "negative_balance",
            }
        )
        spans += [{**of_asset, **span} for span in found.spans]
        of_instant: Counter[datetime] = Counter()
        for before, after in pairwise(found.spans):
            of_instant[after["from_at"]] += 1
            stated = after["stated"]
            difference = after["deviation"] - before["deviation"]
            breaks.append({
                "break_id": break_id_of(scope.account, scope.venue, scope.wallet, asset, after["from_at"],
                                        of_instant[after["from_at"]]), **of_asset,
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


def _whole(store: Store, scope: Scope, known: Mapping[str, Chain]) -> dict[str, Chain]:
    """Return the chains of the assets that are not known, looked at from their beginning."""
    found = {}
    wanted = None
    if known:
        assets = store.rows(statement("cash", "assets"), scope.parameters())
        wanted = [asset for (asset,) in assets if asset not in known]
        if not wanted:
            return {}
    look = Look()
    for asset, first_at, *of_running, snapshots in _chains(store, scope, look, wanted, NOTHING_MOVED):
        of_asset = look.of(scope.parameters() | {"asset": asset})
        opening, spans = _stretches(store, of_asset, of_running, snapshots)
        found[asset] = Chain(opening=opening, first_at=first_at, spans=spans)
    return found


def _continued(store: Store, scope: Scope, horizon: datetime) -> dict[str, Chain]:
    """Return the chains that held until the horizon and hold after it."""
    held = store.query(statement("cash", "held"), scope.parameters() | {"horizon": horizon})
    if not held.height:
        return {}
    assets = held["asset"].to_list()
    news = {
        asset: news
        for asset, _, *news in _chains(store, scope, Look(horizon=horizon), assets, held.select("asset", "moved"))
    }
    found = {}
    for row in held.iter_rows(named=True):
        look = Look(horizon=horizon, moved=row["moved"])
        of_asset = look.of(scope.parameters() | {"asset": row["asset"]})
        known = (row["opening"], row["to_at"] if row["to_at"] < horizon else None)
        to_at = _holds_until(store, of_asset, *known, *news.get(row["asset"], NOTHING_NEW))
        if to_at is not None:
            span = _whole_span(row["from_at"], to_at, row["first_key"])
            found[row["asset"]] = Chain(opening=row["opening"], first_at=row["first_at"], spans=[span])
    return found


NOTHING_MOVED = pl.DataFrame(schema={"asset": pl.String(), "moved": MONEY})
NOTHING_NEW = (None, None, None, None, None, 0)


def _chains(
    store: Store, scope: Scope, look: Look, assets: Sequence[str] | None, moved: pl.DataFrame
) -> list[tuple[Any, ...]]:
    with store.registered(incoming=moved):
        return store.rows(statement("cash", "chains"), look.of(scope.parameters() | {"assets": assets}))


def _holds_until(
    store: Store, of_asset: Mapping[str, Any], opening: Decimal, stated_at: datetime | None, from_at: datetime | None,
    to_at: datetime | None, low: Decimal | None, high: Decimal | None, _: int | None, snapshots: int,
) -> datetime | None:  # fmt: skip
    """Return the last instant that states a balance, where all after the horizon agree with the opening; else None.

    `stated_at` is the last instant that stated one, where that is before the horizon.
    """
    if from_at is not None and low != high:
        low, high = store.rows(statement("cash", "row_chain"), of_asset)[0]
    beside = _statements(store, of_asset) if snapshots else []
    agree = (from_at is None or low == high == opening) and all(opening in point.gaps for point in beside)
    stated = [at for at in (stated_at, to_at, *(point.at for point in beside)) if at is not None]
    return max(stated) if agree and stated else None


def _whole_span(from_at: datetime, to_at: datetime, first_key: int) -> dict[str, Any]:
    return {"from_at": from_at, "to_at": to_at, "deviation": Decimal(0), "stated": None, "first_key": first_key}


def break_id_of(account: str, venue: str, wallet: str, asset: str, broken_at: datetime, ordinal: int = 1) -> str:
    """Return the stable name of a break; `ordinal` counts those of one instant from 1."""
    name = f"{account}/{venue}/{wallet}/{asset}/{broken_at:%Y-%m-%dT%H:%M:%S.%f}"
    name += f"/{ordinal}" if ordinal > 1 else ""
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
        return low, [_whole_span(from_at, to_at, key)]
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
