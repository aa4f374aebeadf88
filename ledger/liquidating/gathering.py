"""Every sign of a liquidation that a book holds, and which belong together because a row says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import polars as pl

from ledger.liquidating.nearby import Nearby, untold, with_fills
from ledger.liquidating.portfolios import MODE, Portfolios
from ledger.liquidating.pots import margin_mode_of, pot_of, product_of
from ledger.liquidating.sales import sales_of
from ledger.liquidating.signs import WORDS, Record, Sign, fraction, leg_sign, order_sign, place_of, remargined
from ledger.storage.store import Store, statement
from schemas.types import INSTANT

JUST_BEFORE, JUST_AFTER = timedelta(seconds=10), timedelta(seconds=2)
"""A fill is told by a fee or an insurance that follows it so soon; clocks differ by a little."""
TEXT = pl.String()
PLACE = {"account": TEXT, "venue": TEXT, "wallet": TEXT}
LEG = {"position_id": TEXT, "leg_no": pl.UInt32()}


@dataclass(frozen=True, kw_only=True)
class Signs:
    """The signs of a book."""

    forced: Sequence[Sign]
    """Fills, and rows that tell of a liquidation by themselves; what makes events."""
    sales: Sequence[Sequence[Sign]]
    """Of loans: the rows of one sale."""
    beside: Sequence[tuple[Sign, Sign]]
    """The venue's row, fee, insurance or repayment, and the forced row that it goes with."""
    newly_forced: Sequence[tuple[str, int]]
    """Legs (position_id, leg_no) that were forced though the book counts them as ordinary trades."""


def asked(store: Store, name: str, words: dict[str, Any] | None = None, **frames: pl.DataFrame) -> list[Record]:
    """Return the rows of a statement over the frames that it names."""
    with store.registered(**frames):
        return list(store.query(statement("liquidation_events", name), words).iter_rows(named=True))


def frame_of(rows: Iterable[Record], columns: dict[str, Any]) -> pl.DataFrame:
    """Return some columns of rows as a frame."""
    return pl.DataFrame([[row[name] for name in columns] for row in rows], schema=columns, orient="row")


def gather(store: Store) -> Signs:
    """Return every sign of the book."""
    legs = _margined(store, [leg_sign(row) for row in asked(store, "forced_legs")])
    sales = sales_of(asked(store, "loan_events"))
    told = {sign.base for sale in sales for sign in sale}
    listed = asked(store, "orders")
    unheld = untold(asked(store, "forced_fills"), listed)
    orders = list(with_fills([row for row in (*listed, *unheld) if row["base"] not in told], legs))
    modes = {fill: row["margin_mode"] for row, fill in orders if fill is not None}
    marked = {leg: remargined(leg, modes.get(leg)) for leg in legs}
    alone = [row for row, fill in orders if fill is None]
    known = _places(store, alone)
    forced = [*marked.values(), *(order_sign(row, known[row["row_key"]]) for row in alone)]
    beside = [(order_sign(row, _of_fill(fill)), marked[fill]) for row, fill in orders if fill is not None]
    lent = [sign for sale in sales for sign in sale]
    clearances = asked(store, "clearances")
    newly = _newly_forced(store, clearances, Nearby([*forced, *lent]))
    forced += newly
    forced += _lone_fees(clearances, Nearby([*forced, *lent]))
    named = asked(store, "named")
    around = Nearby([*forced, *lent])
    forced += [_lone(row) for row in named if around.of_named(row) is None]
    around = Nearby([*forced, *lent])
    besides = [(_named(row, sign), sign) for row in named if (sign := around.of_named(row)) is not None]
    repayments = asked(store, "repayments", incoming=_instants(forced))
    around = Nearby(forced)
    forced += [_repayment(row) for row in repayments if row["is_forced"] and around.of_repayment(row) is None]
    around = Nearby([*forced, *lent])
    beside += [(_clearance(row, sign), sign) for row in clearances if (sign := around.of_clearance(row)) is not None]
    beside += besides
    beside += [(_repayment(row, sign), sign) for row in repayments if (sign := around.of_repayment(row)) is not None]
    beside = [(row, sign) for row, sign in beside if row.row_key != sign.row_key]
    joint = _joint(Portfolios.load(store), [*forced, *(row for row, _ in beside)])
    return Signs(
        forced=[joint.get(sign, sign) for sign in forced], sales=sales,
        beside=[(joint.get(row, row), joint.get(sign, sign)) for row, sign in beside],
        newly_forced=[(sign.position_id or "", sign.leg_no or 0) for sign in newly],
    )  # fmt: skip


def _joint(portfolios: Portfolios, signs: Iterable[Sign]) -> dict[Sign, Sign]:
    """Return the signs of portfolio margin with the pot of all its wallets, by the sign that they were."""
    pots = {sign: portfolios.joined(sign.pot, sign.at) for sign in signs}
    return {sign: replace(sign, pot=pot, margin_mode=MODE) for sign, pot in pots.items() if pot != sign.pot}


def _margined(store: Store, legs: Sequence[Sign]) -> list[Sign]:
    """Return fills, those that do not say how they were margined with what statements of their position say."""
    names = sorted({leg.position_id for leg in legs if leg.margin_mode is None and leg.position_id is not None})
    if not names:
        return list(legs)
    rows = asked(store, "stated_modes", incoming=pl.DataFrame({"position_id": names}, schema={"position_id": TEXT}))
    modes = {row["position_id"]: row["margin_mode"] for row in rows}
    return [remargined(leg, modes.get(leg.position_id)) for leg in legs]


def _places(store: Store, rows: Sequence[Record]) -> dict[str, Record]:
    """Return, by row key, what the book knows of rows that no forced fill tells: position, product, settle asset."""
    if not rows:
        return {}
    columns = {"row_key": TEXT, **PLACE, "symbol": TEXT, "side": TEXT, "moment": INSTANT}
    return {row["row_key"]: row for row in asked(store, "places", incoming=frame_of(rows, columns))}


def _of_fill(fill: Sign) -> Record:
    """Return of a row's fill what `places` would say."""
    return {"position_id": fill.position_id, "margin_mode": fill.margin_mode, "pair": fill.pot.pair, "side": fill.side,
            "wallet": fill.pot.wallet, "product": fill.product, "settle_asset": fill.settle_asset}  # fmt: skip


# --------------------------------------------------------------------------------- fees, insurance, prices


def _newly_forced(store: Store, clearances: Sequence[Record], around: Nearby) -> list[Sign]:
    """Return the fills that a fee or an insurance just after them, or a stated bankruptcy price, gives away."""
    told: dict[tuple[str, int], tuple[str, Any]] = {}
    unexplained = [row for row in clearances if around.of_clearance(row) is None]
    if unexplained:
        columns = {"row_key": TEXT, **PLACE, "symbol": TEXT, "asset": TEXT, "cause": TEXT, "moment": INSTANT}
        words = {"before": JUST_BEFORE, "after": JUST_AFTER}
        for row in asked(store, "beside_clearances", words, incoming=frame_of(unexplained, columns)):
            told[row["position_id"], row["leg_no"]] = ("", None)
    for row in asked(store, "at_bankruptcy"):
        said = "fill at the bankruptcy price that the venue stated"
        told[row["position_id"], row["leg_no"]] = (said, fraction(row["bankruptcy_price"]))
    if not told:
        return []
    legs = asked(store, "legs", incoming=pl.DataFrame(list(told), schema=LEG, orient="row"))
    found = []
    for row in legs:
        said, price = told[row["position_id"], row["leg_no"]]
        found.append(leg_sign(row, told=said, bankruptcy_price=price))
    return _margined(store, found)


def _clearance(row: Record, sign: Sign) -> Sign:
    """Return a fee or an insurance as part of what another sign tells."""
    what = "insurance row" if row["cause"] == "insurance" else "liquidation fee row"
    return _beside(row, sign, f"{what} {_apart(row, sign)}")


def _beside(row: Record, sign: Sign, told: str) -> Sign:
    """Return a row as part of what another sign tells."""
    return replace(
        sign, at=row["moment"], row_key=row["row_key"], base=row["base"], leg_no=None, order_ref=None, stage=None,
        worth=None, mark_price=None, bankruptcy_price=None, told=told,
    )  # fmt: skip


def _apart(row: Record, sign: Sign) -> str:
    seconds = abs(row["moment"] - sign.at).total_seconds()
    return "at the same instant" if not seconds else f"within {int(-(-seconds // 1))} s"


def _lone_fees(clearances: Sequence[Record], around: Nearby) -> list[Sign]:
    """Return the liquidation fees of which nothing else tells: a liquidation whose fills are not in the book."""
    found = []
    for row in clearances:
        if row["cause"] == "liquidation_fee" and row["amount"] < 0 and around.of_clearance(row) is None:
            found.append(_without_fills(row, "liquidation fee row of which the book has no fill"))
    return found


def _without_fills(row: Record, told: str) -> Sign:
    """Return a booking that tells of a liquidation by itself; of it neither side, size nor price is known."""
    product = product_of(row["wallet"], None)
    mode, symbol = margin_mode_of(row["wallet"], None), row["symbol"] or row["pair"] or row["asset"]
    pot = pot_of(place_of(row), product=product, margin_mode=mode, pair=row["pair"], symbol=symbol, position="",
                 settle_asset=row["asset"])  # fmt: skip
    return Sign(
        at=row["moment"], pot=pot, symbol=symbol, product=product if row["symbol"] else None, side=None,
        settle_asset=row["asset"], margin_mode=mode, row_key=row["row_key"], base=row["base"], told=told,
    )  # fmt: skip


def _lone(row: Record) -> Sign:
    """Return a booking that its venue calls a liquidation, with nothing else that tells of it."""
    told = f"a row of {row['format']} that the venue calls {WORDS[row['cause']]}"
    return replace(_without_fills(row, told), is_adl=row["cause"] == "adl")


def _named(row: Record, sign: Sign) -> Sign:
    """Return such a booking as part of what another sign tells, or as itself."""
    return _beside(row, sign, f"a row that the venue calls {WORDS[row['cause']]} {_apart(row, sign)}")


# ---------------------------------------------------------------------------------------------- repayments


def _instants(signs: Iterable[Sign]) -> pl.DataFrame:
    """Return where and when something was forced on borrowed money."""
    rows = {(*sign.pot[1:4], sign.at, sign.at) for sign in signs if sign.pot.kind in ("margin", "unified")}
    columns = {**PLACE, "started_at": INSTANT, "ended_at": INSTANT}
    return pl.DataFrame(sorted(rows), schema=columns, orient="row")


def _repayment(row: Record, sign: Sign | None = None) -> Sign:
    """Return a repayment, as part of what another sign tells or by itself."""
    told = "" if not row["is_forced"] else "forced repayment" + (f" {_apart(row, sign)}" if sign else "")
    pot = sign.pot if sign else pot_of(
        place_of(row), product=product_of(row["wallet"], "margin"), margin_mode=None, pair=row["pair"],
        symbol=row["pair"] or row["asset"], position="", settle_asset=row["asset"],
    )  # fmt: skip
    return Sign(
        at=row["moment"], pot=pot, symbol=row["pair"] or row["asset"], product="margin", side=None,
        settle_asset=row["asset"], margin_mode=margin_mode_of(row["wallet"], None), row_key=row["row_key"],
        base=row["base"], worth=None, told=told,
    )  # fmt: skip
