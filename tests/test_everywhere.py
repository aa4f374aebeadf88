"""One invented life in many venues' formats: every venue's exports give the same positions, carry and balances.

What an export cannot say is declared by its printer (`Venue.unstated`), and the comparison goes as far as it states.
`MARGINBOOK_EXAMPLES=10` runs ten times as many examples as usual.
"""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.book import Book
from ledger.storage.importing import Asked
from tests.examples import IS_USUAL, examples
from tests.lives.books import (
    assert_positions,
    offenders,
    said_balances,
    said_carry,
    said_positions,
    said_remainder,
    true_totals,
)
from tests.lives.everywhere import Life, Sheet, Venue, lives, rows_of
from tests.lives.model import ZERO, Desk, Stake
from tests.lives.printers import VENUES

COSTS = ("funding", "liquidation_fee", "trading_fee", "realized_pnl", "session_result")
HALF_UNIT = Fraction(1, 2 * 10**8)
"""Results are printed with 8 decimals."""
seeds = st.integers(0, 2**32 - 1).map(random.Random)
PAIRS = tuple((venue, site) for site in VENUES for venue in VENUES if site.name.startswith(f"{venue.name}, "))
"""Exports of one venue that say the same, the better one first."""
SHARE = slice(None, None, 2 if IS_USUAL else 1)
everywhere = pytest.mark.parametrize("venue", VENUES[SHARE], ids=lambda venue: venue.name)


def take(book: Book, venue: Venue, paths: Sequence[Path]) -> None:
    """Import files, all of whose rows must be understood; nothing may be left to look at."""
    book.described = dict(venue.described)
    report = book.import_paths(paths, Asked(timezone=venue.timezone))
    assert not report.errors
    assert not [part.reject_lines for part in report.parts if part.rejected]
    assert not report.unrecognized
    assert report.exit_code == 0


# ------------------------------------------------------------------------------------- what it must say


def expected_positions(venue: Venue, desk: Desk) -> list[dict[str, Any]]:
    """Return the positions as far as the exports state them, sizes in the base asset."""
    return sorted((_expected(venue, desk, stake) for stake in desk.stakes), key=_order)


def _expected(venue: Venue, desk: Desk, stake: Stake) -> dict[str, Any]:
    forced = [fill.fee for fill in desk.fills if fill.forced and fill.number in stake.numbers]
    forced_fees = sum(forced, ZERO) if "clearance" in venue.unstated else ZERO
    fees = sum(stake.fees.values(), ZERO) - forced_fees
    funding = ZERO if venue.unstated & {"sessions", "funding"} else stake.funding
    status = "closed" if stake.status == "liquidated" and "forced" in venue.unstated else stake.status
    return {
        "symbol": stake.contract.symbol, "wallet": stake.contract.wallet, "settle_asset": stake.contract.settle,
        "side": "long" if stake.long else "short", "status": status, "opened_at": venue.seen(stake.opened_at),
        "closed_at": venue.seen(stake.closed_at), "max_quantity": stake.largest * stake.contract.multiplier,
        "quantity": stake.quantity * stake.contract.multiplier,
        "entry_price": stake.average(stake.entered, stake.entry_weight),
        "exit_price": stake.average(stake.exited, stake.exit_weight), "gross_pnl": stake.gross, "trading_fees": fees,
        "liquidation_fees": forced_fees, "funding": funding, "net_pnl": stake.gross - fees - forced_fees + funding,
        "fills": stake.fills,
    }  # fmt: skip


def said_of(venue: Venue, book: Book) -> list[dict[str, Any]]:
    """Return the positions of the book, sizes in the base asset."""
    sizes = {contract.symbol: contract.multiplier for contract in venue.contracts.values()}
    rows = []
    for row in said_positions(book):
        row |= {name: row[name] * sizes[row["symbol"]] for name in ("max_quantity", "quantity")}
        if "sessions" in venue.unstated:
            row |= {"net_pnl": row["net_pnl"] - row["funding"], "funding": ZERO}
        rows.append(row)
    return sorted(rows, key=_order)


def _order(row: dict[str, Any]) -> tuple[Any, ...]:
    end = (row["closed_at"] is None, row["closed_at"] or row["opened_at"])
    return (row["symbol"], row["opened_at"], *end, row["side"], row["max_quantity"], row["fills"])


def assert_told(venue: Venue, desk: Desk, book: Book) -> None:
    """Fail where the book differs from the life."""
    contract = next(iter(venue.contracts.values()))
    rows = rows_of(desk, contract.wallet)
    assert offenders(book) == {}
    assert book.report("breaks").height == 0
    positions = [] if "fills" in venue.unstated else expected_positions(venue, desk)
    assert_positions(positions, said_of(venue, book))
    slack = HALF_UNIT * len(desk.fills) if "results" in venue.unstated else ZERO
    said = said_balances(book).get((contract.wallet, contract.settle), ZERO)
    assert abs(venue.balance(desk, rows) - said) <= slack, (float(venue.balance(desk, rows)), float(said))
    left = said_remainder(book, COSTS)
    if "fills" in venue.unstated:
        assert left == true_totals(desk, COSTS)
        return
    funding = sum((row.change for row in rows if row.is_funding), ZERO)
    own = said_carry(book)[0].get(("funding", contract.settle), ZERO)
    result = sum((left.pop((cause, contract.settle), ZERO) for cause in ("realized_pnl", "session_result")), ZERO)
    waits = venue.balance(desk, rows) - rows[-1].balance if "sessions" in venue.unstated else ZERO
    if "sessions" in venue.unstated:
        own += left.pop(("funding", contract.settle), ZERO)
    assert own == (ZERO if "funding" in venue.unstated else funding)
    assert abs(result - waits) <= HALF_UNIT * len(desk.fills)
    assert left == {}


# ------------------------------------------------------------------------------------------ cut and mixed


def pieces(venue: Venue, sheet: Sheet, draw: random.Random) -> list[Sheet]:
    """Return overlapping pieces of a file, cut between instants where rows of one instant need each other.

    They overlap, for what lies between two files no export covers: there fills speak for the ledger.
    """
    ends = list(range(len(sheet.lines) + 1))
    if venue.unstated & {"order", "legs"}:
        times = [at for at, _ in sheet.lines]
        ends = [end for end in ends if end in (0, len(times)) or venue.seen(times[end - 1]) != venue.seen(times[end])]
    cut = draw.choice(ends[1:])
    begin = draw.choice([end for end in ends if end < cut])
    return [replace(sheet, lines=sheet.lines[:cut]), replace(sheet, lines=sheet.lines[begin:])]


def differing(one: str, other: str) -> list[str]:
    """Return the tables in which two digests differ."""
    return sorted({part.split("=")[0] for part in set(one.split()) ^ set(other.split())})


@everywhere
@examples(1)
@given(life=lives(), draw=seeds)
def test_a_life_is_told_alike_everywhere_however_its_files_are_cut(
    venue: Venue, life: Life, draw: random.Random
) -> None:
    desk = venue.live(life)
    sheets = venue.sheets(desk)
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        paths = [sheet.write(Path(folder)) for sheet in sheets]
        take(book, venue, paths)
        assert_told(venue, desk, book)
        digest = book.digest()
        take(book, venue, paths)
        assert differing(book.digest(), digest) == []
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        parts = [piece for sheet in sheets for piece in pieces(venue, sheet, draw)]
        paths = [part.write(Path(folder), place) for place, part in enumerate(parts)]
        draw.shuffle(paths)
        middle = draw.randint(0, len(paths))
        for some in (paths[:middle], paths[middle:]):
            take(book, venue, some)
        assert differing(book.digest(), digest) == [], [part.text() for part in parts]
        assert offenders(book) == {}


@pytest.mark.parametrize(("best", "other"), PAIRS[SHARE], ids=str)
@examples(1)
@given(life=lives(), draw=seeds)
def test_two_exports_of_one_account_count_once(best: Venue, other: Venue, life: Life, draw: random.Random) -> None:
    desk = best.live(life)
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        files = [(venue, sheet) for venue in (best, other) for sheet in venue.sheets(desk)]
        draw.shuffle(files)
        for place, (venue, sheet) in enumerate(files):
            take(book, venue, [sheet.write(Path(folder), place)])
        assert_told(best, desk, book)


@examples(4)
@given(life=lives())
def test_a_life_is_the_same_at_every_venue_before_it_is_printed(life: Life) -> None:
    told = defaultdict(list)
    for venue in VENUES:
        desk = venue.live(life)
        for stake in desk.stakes:
            told[venue.name].append((stake.contract.multiplier * stake.largest, stake.gross, stake.opened_at, stake.closed_at,
                                     sum(stake.fees.values(), ZERO), stake.status, stake.fills))  # fmt: skip
    assert all(stakes == told["binance"] for stakes in told.values())
