"""Month by month into one book gives the same book as all at once, though what ended before the news is left alone."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from ledger.accounting import cash, derive, restarts
from ledger.accounting.voices import Scope
from ledger.book import Book
from ledger.storage.store import Store
from tests.books import FILLS, facts, imported, new_book, write
from tests.examples import examples
from tests.lives import binance, bitmex
from tests.lives.books import offenders
from tests.lives.files import Export, write_all
from tests.lives.strategies import Plan, any_binance, live
from tests.lives.strategies import bitmex as bitmex_plans

HOUR = timedelta(hours=1)
kept: list[int] = []
"""Of each wallet made anew, how many contracts were taken up again."""


@contextmanager
def short_memory() -> Iterator[None]:
    """Let hours do for what are days: the lives here are short."""
    found = restarts.restarts_of

    def counted(store: Store, scope: Scope, since: datetime | None) -> restarts.Restarts:
        made = found(store, scope, since)
        kept.append(made.frame.height)
        return made

    with (
        mock.patch.object(restarts, "NEWS_MARGIN", HOUR), mock.patch.object(cash, "NEWS_MARGIN", HOUR),
        mock.patch.object(restarts, "CONTEXT", 2 * HOUR), mock.patch.object(restarts, "COSTS_BEFORE", HOUR),
        mock.patch.object(derive, "restarts_of", counted),
    ):  # fmt: skip
        yield


def pieces(exports: Collection[Export], number: int) -> Iterator[list[Export]]:
    """Yield the exports of one stretch of time after the other."""
    instants = sorted({at for export in exports for at in export.instants()})
    size = max(1, -(-len(instants) // number))
    for start in range(0, len(instants), size):
        part = instants[start : start + size]
        cut = (export.between(part[0], part[-1]) for export in exports)
        yield [replace(export, name=f"{start}-{export.name}") for export in cut if export.lines]


def take(book: Book, paths: Sequence[Path]) -> None:
    report = book.import_paths(paths)
    assert not report.errors
    assert not [part.reject_lines for part in report.parts if part.rejected]


def assert_one_after_the_other_is_all_at_once(exports: Collection[Export], number: int, zone: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as whole, Book.in_memory() as grown:
        take(whole, write_all(list(exports), Path(folder), zone))
        with short_memory():
            for index, part in enumerate(pieces(exports, number)):
                (piece := Path(folder) / str(index)).mkdir()
                take(grown, write_all(part, piece, zone))
        assert dict(line.split("=") for line in whole.digest().split()) == dict(
            line.split("=") for line in grown.digest().split()
        )
        assert offenders(grown) == {}


@examples(8)
@given(plan=any_binance, number=st.integers(2, 5))
def test_pieces_of_binance_one_after_the_other(plan: Plan, number: int) -> None:
    exports = binance.exports(live(plan), plan, position_sides=plan.hedge)
    assert_one_after_the_other_is_all_at_once(exports.values(), number, plan.zone)


@examples(4)
@given(plan=bitmex_plans, number=st.integers(2, 5))
def test_pieces_of_bitmex_one_after_the_other(plan: Plan, number: int) -> None:
    assert_one_after_the_other_is_all_at_once(bitmex.exports(live(plan, "bitmex")).values(), number, 0)


# ------------------------------------------------------------------------------------------ what is left alone


def month(folder: Path, number: int) -> Path:
    """Two round trips of a month in two contracts; one that is open at its beginning until the second day."""
    rows = [
        f"2026-{number:02d}-{day}T10:00:00Z,{symbol},{symbol},perpetual,{side},2,{price},0.5,USDT,trade,usdm,USDT,linear"
        for day, symbol, side, price in (
            ("02", "ETHUSDT", "sell", 3100), ("09", "BTCUSDT", "buy", 60000), ("11", "BTCUSDT", "sell", 61000),
            ("20", "SOLUSDT", "sell", 150), ("21", "SOLUSDT", "buy", 140), ("28", "ETHUSDT", "buy", 3000),
        )
    ]  # fmt: skip
    return write(folder, f"{number}.csv", f"venue,{FILLS}", [f"binance,{row}" for row in rows[number == 1 :]])


def test_what_ended_before_the_news_is_not_made_again(tmp_path: Path) -> None:
    january, february, march = (month(tmp_path, number) for number in (1, 2, 3))
    with new_book(tmp_path) as book, short_memory():
        imported(book, january, february, account="main")
        book.store.execute("UPDATE positions SET style = 'left alone'")
        kept.clear()
        imported(book, march, account="main")
        assert kept == [3]
        found = book.store.rows(
            "SELECT style = 'left alone', list(symbol || strftime(opened_at, ' %m-%d') ORDER BY symbol, opened_at) "
            "FROM positions GROUP BY 1"
        )
    assert sorted(found) == [
        (False, ["BTCUSDT 03-09", "ETHUSDT 02-28", "ETHUSDT 03-28", "SOLUSDT 03-20"]),
        (True, ["BTCUSDT 01-09", "BTCUSDT 02-09", "ETHUSDT 01-28", "SOLUSDT 01-20", "SOLUSDT 02-20"]),
    ]


def test_what_is_older_than_what_is_there_is_taken_in_all_the_same(tmp_path: Path) -> None:
    months = [month(tmp_path, number) for number in (1, 2, 3)]
    (tmp_path / "other").mkdir()
    with new_book(tmp_path) as book, new_book(tmp_path / "other") as other, short_memory():
        for path in months[::-1]:
            imported(book, path, account="main")
        imported(other, *months, account="main")
        assert facts(book, "positions", "position_id", "net_pnl") == facts(other, "positions", "position_id", "net_pnl")
        assert offenders(book) == {}


# ------------------------------------------------------------------------------------------ the chain of balances

MOVED = "moved_at,venue,wallet,asset,amount,cause,balance_after,sequence,pool"
STATED = "stated_at,venue,wallet,asset,balance,kind"


@dataclass(frozen=True)
class Moment:
    """An hour of a wallet: what moves, and what is said of its balance then, with an error that goes on or does not."""

    amount: int
    is_running: bool
    is_stated: bool
    error: int
    lasting: int


MOMENTS = st.lists(
    st.builds(
        Moment, amount=st.integers(-3, 9), is_running=st.sampled_from([True, False, False]), is_stated=st.sampled_from([True, False, False]),
        error=st.sampled_from([0] * 5 + [1]), lasting=st.sampled_from([0] * 7 + [5]),
    ),
    min_size=6, max_size=16,
)  # fmt: skip


def told(moments: Sequence[Moment], is_sequenced: bool) -> list[tuple[str, str | None]]:
    """Return per hour the line of the ledger and, where there is one, that of the statement."""
    found, balance = [], 100
    for number, moment in enumerate(moments):
        balance += moment.amount + moment.lasting
        at = f"2026-02-{number // 24 + 1:02d}T{number % 24:02d}:00:00Z"
        running = str(balance + moment.error) if moment.is_running else ""
        sequence = str(number) if is_sequenced else ""
        line = f"{at},acme,spot,EUR,{moment.amount},funding,{running},{sequence},asset"
        stated = f"{at},acme,spot,EUR,{balance + moment.error},wallet" if moment.is_stated else None
        found.append((line, stated))
    return found


@examples(10)
@given(moments=MOMENTS, number=st.integers(2, 3), is_sequenced=st.booleans())
def test_a_chain_that_is_carried_on_is_the_chain_that_is_looked_at_whole(
    moments: list[Moment], number: int, is_sequenced: bool
) -> None:
    hours = told(moments, is_sequenced)
    size = max(1, -(-len(hours) // number))
    with tempfile.TemporaryDirectory() as name, Book.in_memory() as whole, Book.in_memory() as grown, short_memory():
        folder = Path(name)
        for start in range(0, len(hours), size):
            part = hours[start : start + size]
            stated = [line for _, line in part if line]
            files = [write(folder, f"{start}.csv", MOVED, [line for line, _ in part])]
            files += [write(folder, f"{start}-stated.csv", STATED, stated)] if stated else []
            imported(grown, *files, account="main")
        imported(whole, *sorted(folder.iterdir()), account="main")
        assert whole.digest() == grown.digest()
