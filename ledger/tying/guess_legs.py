"""One end of something that has two: a leg of a trade without the other, a transfer that left and did not arrive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from ledger.storage.store import Store, statement
from ledger.tying.guess_facts import again
from ledger.tying.guesses import ARRIVAL, LEG, LIKELY, PARTNER, TOO_MUCH, Broken, Guess, plain, seen, signed

MOST_FEE = Decimal("1.02")
"""Of what was sent to what arrived: a network fee may be up to 2 % of it."""
FACTOR = 2
"""How far a price may be from the price of the trade before."""


def legs_that_lack(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    """Yield the guesses that the other leg of a trade or of a transfer is missing."""
    for row in store.query(statement("hints", "lonely")).iter_rows(named=True):
        yield from _leg(breaks[row["no"]], row)
    for row in store.query(statement("hints", "partners")).iter_rows(named=True):
        yield from _partner(breaks[row["no"]], row)
    limits = [(broken.no, abs(broken.difference) * MOST_FEE) for broken in breaks.values()]
    frame = pl.DataFrame(
        {"no": [no for no, _ in limits], "most": [str(most.quantize(Decimal("1e-18"))) for _, most in limits]}
    )
    with store.registered(incoming=frame.with_columns(pl.col("most").cast(pl.Decimal(38, 18)))):
        ends = store.query(statement("hints", "far_ends"))
    for row in ends.iter_rows(named=True):
        yield _transfer(breaks[row["no"]], row)


def _leg(broken: Broken, row: Mapping[str, Any]) -> Iterator[Guess]:
    """Yield the guess where the price it implies is like the one before (none before: less likely)."""
    price = row["missing"] / abs(row["amount"])
    score, like = LIKELY, ""
    if row["like_amount"] is not None and row["like_leg"]:
        before = abs(row["like_amount"] / row["like_leg"])
        if not before / FACTOR <= price <= before * FACTOR:
            return
        score, like = LEG, f" (before it was {_rounded(before)})"
    text = (
        f"a leg of a trade is missing: {signed(row['amount'])} {row['leg_asset']} at "
        f"{seen(row['moved_at'], row['row_key'])} has no leg in {broken.asset}; {signed(broken.difference)} "
        f"{broken.asset} "
        f"would be a price of {_rounded(price)} {broken.asset} per {row['leg_asset']}{like}; {again(broken)}"
    )
    yield Guess(no=broken.no, kind="missing_leg", score=score, sentence=text, rows=(int(row["row_key"]),))


def _partner(broken: Broken, row: Mapping[str, Any]) -> Iterator[Guess]:
    """Yield the guess that the fee of a result, or the result of a fee, is missing."""
    lacks, cause = row["lacks"].replace("_", " "), row["cause"].replace("_", " ")
    if lacks == "trading fee" and broken.difference > 0 and cause != "rebate":
        return
    text = (
        f"the {lacks} of {row['ref']} is missing: its {cause} at {seen(row['moved_at'], row['row_key'])} "
        f"stands without one, where {row['usually']} others have one; by the balance it is {signed(broken.difference)} "
        f"{broken.asset}; {again(broken)}"
    )
    kind = "missing_leg" if row["lacks"] in ("trade", "conversion") else "missing_row"
    yield Guess(no=broken.no, kind=kind, score=PARTNER, sentence=text, rows=(int(row["row_key"]),))


def _rounded(price: Decimal) -> str:
    """Return a price with as many digits as one compares; it is no amount of the book."""
    return plain(Decimal(f"{price:.6g}"))


def _transfer(broken: Broken, row: Mapping[str, Any]) -> Guess:
    wallet = f"{row['wallet']} wallet of {row['account']}"
    moved = f"{signed(row['amount'])} {broken.asset} at {seen(row['moved_at'], row['row_key'])}"
    way = "left it and did not arrive here" if row["amount"] < 0 else "arrived there and did not leave here"
    text = f"one end of a transfer is missing: the {wallet} has {moved}, which {way}; "
    if not row["is_exact"]:
        fee = abs(row["amount"]) - abs(broken.difference)
        text += f"{plain(fee)} {broken.asset} less arrived, perhaps the network's fee; "
    text += again(broken)
    score = ARRIVAL if row["is_exact"] else TOO_MUCH
    return Guess(no=broken.no, kind="missing_leg", score=score, sentence=text, rows=(int(row["row_key"]),))
