"""Rows that are there and wrong: counted twice, with the other sign, in the wrong wallet, or rounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ledger.storage.store import Store, statement
from ledger.tying.guesses import (
    DUPLICATE,
    ROUNDING,
    SIGN,
    TOO_MUCH,
    Broken,
    Guess,
    counted,
    plain,
    signed,
    when,
)

SMALL = 3
"""Breaks of the size of a last decimal place, of one wallet and asset, that make rounding likely."""


def damaged_rows(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    """Yield the guesses that a row between the two stated balances is wrong."""
    yield from _twins(store, breaks)
    for row in store.query(statement("hints", "negated")).iter_rows(named=True):
        yield _negated(breaks[row["no"]], row)
    for row in store.query(statement("hints", "too_much")).iter_rows(named=True):
        yield _too_much(breaks[row["no"]], row)
    for row in store.query(statement("hints", "sums")).iter_rows(named=True):
        yield _sum(breaks[row["no"]], row)
    yield from _rounded(store, breaks)


def described(row: Mapping[str, Any], asset: str) -> str:
    """Return a movement in words, with a place to be filled in."""
    what = row["cause"].replace("_", " ").replace("+", " and ") + (f" of {row['symbol']}" if row["symbol"] else "")
    return f"{what}, {signed(row['amount'])} {asset} at {when(row['moved_at'])} ({{{int(row['row_key'])}}})"


def _twins(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    for row in store.query(statement("hints", "twins")).iter_rows(named=True):
        text = (
            f"a row is counted twice: {described(row, breaks[row['no']].asset)} has an equal twin at "
            f"{{{int(row['twin_key'])}}}; take the copy out of the export, or `marginbook forget` the file that "
            "repeats it"
        )
        keys = (int(row["row_key"]), int(row["twin_key"]))
        yield Guess(no=row["no"], kind="duplicate", score=DUPLICATE, sentence=text, rows=keys)


def _negated(broken: Broken, row: Mapping[str, Any]) -> Guess:
    text = (
        f"the sign of a row is wrong: {described(row, broken.asset)} would explain it as {signed(-row['amount'])}; "
        "compare the row with the venue's own page and import the corrected export"
    )
    return Guess(no=broken.no, kind="sign", score=SIGN, sentence=text, rows=(int(row["row_key"]),))


def _too_much(broken: Broken, row: Mapping[str, Any]) -> Guess:
    if row["cause"] == "trading_fee":
        text = (
            f"a fee was not paid in {broken.asset}: without the {described(row, broken.asset)} the balance would hold; "
            "look whether the venue took it in another asset, and import the export that says in which"
        )
        return Guess(no=broken.no, kind="other_fee", score=TOO_MUCH, sentence=text, rows=(int(row["row_key"]),))
    text = (
        f"a row is too much here: without {described(row, broken.asset)} the balance would hold; it may belong to "
        "another wallet or account, or never have been carried out"
    )
    return Guess(no=broken.no, kind="unknown", score=TOO_MUCH, sentence=text, rows=(int(row["row_key"]),))


def _sum(broken: Broken, row: Mapping[str, Any]) -> Guess:
    cause = row["cause"].replace("_", " ")
    span = f"{counted(row['rows'], 'row')} of {cause} from {when(row['first_at'])} to {when(row['last_at'])}"
    keys = tuple(int(key) for key in row["keys"])
    if row["amount"] + broken.difference != 0:
        text = (
            f"the sign of all {span} is wrong: together {signed(row['amount'])} {broken.asset}, they would explain it "
            "with the other one; look which sign the export means and import the corrected one"
        )
        return Guess(no=broken.no, kind="sign", score=SIGN, sentence=text, rows=keys)
    kind = "other_fee" if row["cause"] == "trading_fee" else "unknown"
    text = (
        f"all {span}, together {signed(row['amount'])} {broken.asset}, are too much: without them the balance would "
        "hold; look whether they were booked in another asset or wallet"
    )
    return Guess(no=broken.no, kind=kind, score=TOO_MUCH, sentence=text, rows=keys)


def _rounded(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    """Yield the guess of rounding where a difference is below the last decimal places of the rows between."""
    decimals: dict[int, int] = dict(store.rows(statement("hints", "decimals")))
    units = {no: Decimal(1).scaleb(-places) for no, places in decimals.items()}
    small = [no for no, unit in units.items() if abs(breaks[no].difference) <= breaks[no].rows * unit]
    held = Counter(breaks[no].chain for no in small)
    every = Counter(broken.chain for broken in breaks.values())
    for no in small:
        broken, unit = breaks[no], units[no]
        finer = _decimals(broken.difference) > decimals[no]
        usual = held[broken.chain] >= SMALL and 2 * held[broken.chain] >= every[broken.chain]
        if finer or usual:
            text = (
                f"rounding: the file prints {broken.asset} in units of {plain(unit)}, and "
                f"{signed(broken.difference)} {broken.asset} is no more than {counted(broken.rows, 'row')} can lose by "
                "that. Export again with all decimals, or explain it with `marginbook breaks explain`"
            )
            yield Guess(no=no, kind="rounding", score=ROUNDING, sentence=text, rows=(broken.key,))


def _decimals(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
