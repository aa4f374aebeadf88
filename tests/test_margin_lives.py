"""Lives with borrowing, printed as exports and imported, give back the exact truth, however they are cut and mixed.

`MARGINBOOK_EXAMPLES=10` runs ten times as many examples as usual.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from ledger.book import Book
from ledger.storage.importing import Asked
from tests.examples import examples
from tests.lives import binance as futures
from tests.lives import margin_binance as binance
from tests.lives.books import assert_positions, offenders, said_balances, said_positions, true_positions
from tests.lives.files import Export, scattered, write_all
from tests.lives.margin import MarginDesk
from tests.lives.margin_books import (
    assert_same,
    assert_stakes,
    assert_sums,
    by_asset,
    said_beside,
    said_costs,
    said_owed,
    said_pools,
    said_stakes,
    true_balances,
    true_beside,
    true_costs,
    true_owed,
    true_pools,
    true_stakes,
)  # fmt: skip
from tests.lives.margin_lives import (
    AT_ONCE,
    ENDS_ON_A_REPAYMENT,
    THREE_EXPORTS_MEET,
    MarginPlan,
    any_margin,
    lived,
    round_trips,
    unhurried_margin,
)  # fmt: skip
from tests.lives.strategies import Plan, live, one_way

seeds = st.integers(0, 2**32 - 1).map(random.Random)


@contextmanager
def imported(exports: Collection[Export], zone: int = 0, screens: Mapping[str, Export] | None = None) -> Iterator[Book]:
    """Give a book in memory of the exports; `screens` by the wallet that the user names for them."""
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        take(book, write_all(list(exports), Path(folder), zone))
        for wallet, export in (screens or {}).items():
            take(book, [export.write(Path(folder), "0", zone)], wallet=wallet)
        yield book


def take(book: Book, paths: Sequence[Path], wallet: str | None = None) -> None:
    """Import files, of which no row may be rejected."""
    report = book.import_paths(paths, Asked(wallet=wallet))
    assert not [str(error) for error in report.errors]
    assert not [part.reject_lines for part in report.parts if part.rejected]
    assert not report.unrecognized


def without(exports: Mapping[str, Export], *names: str) -> list[Export]:
    """Return the exports but those."""
    return [export for name, export in exports.items() if name not in names]


def assert_sound(book: Book) -> None:
    """Fail where an invariant of the book is broken."""
    assert offenders(book) == {}


# --------------------------------------------------------------------------------------- Binance: margin


MARGIN = ("cross_margin", "isolated_margin")


def assert_whole_truth(
    book: Book, desk: MarginDesk, plan: MarginPlan, *, wallets: Collection[str] | None = None, seconds: bool = False,
    but: Collection[str] = (),
) -> None:  # fmt: skip
    """Fail where a book differs from a life on margin: positions, what is held and owed, every cost and where it went.

    `wallets`: those of which a ledger speaks; `seconds`: fills are printed to the second.
    """
    assert_sound(book)
    assert_stakes(true_stakes(desk, priced=plan.priced, seconds=seconds), said_stakes(book), but=but)
    held = {key: amount for key, amount in true_balances(desk).items() if wallets is None or key[0] in wallets}
    assert_same(held, said_balances(book))
    assert_same(true_owed(desk), said_owed(book))
    assert_same(true_pools(desk), said_pools(book))
    assert_sums(true_beside(desk), said_beside(book))
    for cause in ("interest", "trading_fee", "liquidation_fee"):
        said = said_costs(book, cause)
        assert "unattributed" not in {how for how, _ in said}, said
        assert_same(true_costs(desk, cause), by_asset(said))


@examples(5)
@given(plan=any_margin)
@example(plan=THREE_EXPORTS_MEET)
@example(plan=AT_ONCE)
def test_all_exports_of_a_life_on_margin_give_its_whole_truth(plan: MarginPlan) -> None:
    desk = lived(plan)
    with imported(binance.exports(desk, plan).values(), plan.zone) as book:
        assert_whole_truth(book, desk, plan)


BEST = ("trades", "records", "interest", "forced", "statement", "prices")
"""The best export per fact."""
SPARE: dict[str, tuple[str, ...]] = {
    "all but the best": ("flow", "flow_isolated", "transfers"),
    "the statement": ("statement",),
    "the capital flow": ("flow", "flow_isolated"),
    "the forced orders": ("forced",),
    "the transfers": ("transfers",),
    "statement and transfers": ("statement", "transfers"),
}
"""What others state, too: the ledger of margin is the statement, else the capital flow."""


@examples(4)
@given(plan=any_margin, spare=st.sampled_from(sorted(SPARE)))
@example(plan=ENDS_ON_A_REPAYMENT, spare="the capital flow")
def test_the_best_export_per_fact_gives_the_same_as_all_of_them(plan: MarginPlan, spare: str) -> None:
    desk = lived(plan)
    with imported(without(binance.exports(desk, plan), *SPARE[spare]), plan.zone) as book:
        assert_whole_truth(book, desk, plan, wallets=MARGIN if "statement" in SPARE[spare] else None)


@examples(2)
@given(plan=unhurried_margin)
def test_without_records_of_loans_the_statement_says_what_is_owed(plan: MarginPlan) -> None:
    desk = lived(plan)
    with imported(without(binance.exports(desk, plan), "records", "flow"), plan.zone) as book:
        assert_whole_truth(book, desk, plan)


@examples(2)
@given(plan=round_trips)
def test_interest_that_no_export_shows_is_seen_where_it_is_repaid(plan: MarginPlan) -> None:
    desk = lived(plan)
    with imported(without(binance.exports(desk, plan), "interest"), plan.zone) as book:
        assert_whole_truth(book, desk, plan)


@examples(2)
@given(plan=any_margin)
@example(plan=AT_ONCE)
def test_the_trade_history_of_the_screens_gives_the_same_positions_to_the_second(plan: MarginPlan) -> None:
    desk = lived(plan)
    exports = without(binance.exports(desk, plan), "trades")
    with imported(exports, plan.zone, screens=binance.screens(desk)) as book:
        assert_whole_truth(book, desk, plan, seconds=True)


@examples(3)
@given(plan=any_margin, draw=seeds)
def test_overlapping_pieces_copies_and_order_of_files_change_nothing(plan: MarginPlan, draw: random.Random) -> None:
    exports = binance.exports(lived(plan), plan)
    with imported(exports.values(), plan.zone) as book:
        expected = book.digest()
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        paths = scattered(exports, Path(folder), draw, plan.zone, whole=("flow", "flow_isolated"))
        middle = draw.randint(0, len(paths))
        take(book, paths[:middle])
        take(book, paths[middle:])
        take(book, draw.sample(paths, k=2))
        assert expected == book.digest(), [path.name for path in paths]
        assert_sound(book)


@examples(3)
@given(plan=any_margin)
def test_fills_in_two_halves_at_one_price_are_the_same_positions(plan: MarginPlan) -> None:
    desk = lived(plan)
    with imported(binance.exports(desk.in_halves(), plan).values(), plan.zone) as book:
        assert_whole_truth(book, desk, plan, but=("fills",))


# ------------------------------------------------------------------------- Binance: a whole account at once


def together(*statements: Export) -> Export:
    """Return one statement of what several say."""
    lines = sorted((line for export in statements for line in export.lines), key=lambda line: line.at)
    return replace(statements[0], lines=tuple(lines))


@examples(2)
@given(margin=any_margin, future=one_way, best=st.booleans())
def test_margin_and_futures_of_a_month_together_are_each_what_they_are_alone(
    margin: MarginPlan, future: Plan, best: bool
) -> None:
    future = replace(future, priced=margin.priced, zone=margin.zone)
    desk, other = lived(margin), live(future)
    exports, others = binance.exports(desk, margin), futures.exports(other, future)
    statement = together(exports.pop("statement"), others.pop("statement"))
    spared = ("flow", "flow_isolated", "transfers", "positions") if best else ()
    every = [statement, *without(exports, *spared), *without(others, *spared)]
    held = true_balances(desk)
    for key, amount in other.balances().items():
        held[key] = held.get(key, Fraction(0)) + amount
    with imported(every, margin.zone) as book:
        assert_sound(book)
        assert_stakes(
            true_stakes(desk, priced=margin.priced), [row for row in said_stakes(book) if row["wallet"] in MARGIN]
        )
        said = [row for row in said_positions(book) if row["wallet"] not in MARGIN]
        assert_positions(true_positions(other, priced=future.priced), said)
        assert_same(held, said_balances(book))
        assert_same(true_owed(desk), said_owed(book))
        assert_same(true_pools(desk), said_pools(book))
