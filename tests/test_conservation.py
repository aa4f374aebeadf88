"""Whole lives of accounts, printed as exports and imported, give back the exact truth, however they are cut and mixed.

`MARGINBOOK_EXAMPLES=10` runs ten times as many examples as usual.
"""

from __future__ import annotations

import hashlib
import random
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.book import Book
from ledger.trace import trace
from tests.examples import examples
from tests.lives import binance, bitmex
from tests.lives.books import (
    assert_positions,
    offenders,
    said_balances,
    said_carry,
    said_months,
    said_positions,
    said_remainder,
    said_totals,
    true_months,
    true_positions,
    true_remainder,
    true_totals,
)  # fmt: skip
from tests.lives.files import Export, Line, scattered, write_all
from tests.lives.model import Desk, Fill, Stake, digits, rounded
from tests.lives.strategies import Plan, any_binance, bitmex_daily, hedged, live, one_way
from tests.lives.strategies import bitmex as bitmex_plans

COSTS = ("funding", "liquidation_fee", "trading_fee")
CAUSES = (*COSTS, "realized_pnl")
BY_SYMBOL = ("funding", "liquidation_fee")
"""What belongs to a position only where an export of the ledger names symbols."""
seeds = st.integers(0, 2**32 - 1).map(random.Random)


BITMEX_LIVES = st.one_of(bitmex_plans.map(lambda plan: (plan, False)), bitmex_daily.map(lambda plan: (plan, True)))
"""Plans, and whether the venue booked results by the day."""


@contextmanager
def imported(exports: Collection[Export], zone: int = 0) -> Iterator[Book]:
    """Give a book in memory of the exports, whole and at once."""
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        take(book, write_all(list(exports), Path(folder), zone))
        yield book


def take(book: Book, paths: Sequence[Path]) -> None:
    """Import files, of which no row may be rejected."""
    report = book.import_paths(paths)
    assert not report.errors
    assert not [part.reject_lines for part in report.parts if part.rejected]
    assert not report.unrecognized


def digest_of(exports: Collection[Export]) -> str:
    """Return the digest of a book of the exports."""
    with imported(exports) as book:
        return book.digest()


def without(exports: Mapping[str, Export], *names: str) -> list[Export]:
    """Return the exports but those."""
    return [export for name, export in exports.items() if name not in names]


def assert_sound(book: Book) -> None:
    """Fail where an invariant of the book is broken."""
    assert offenders(book) == {}


# ---------------------------------------------------------------------------------- 1: all of the exports


def assert_whole_truth(book: Book, desk: Desk, plan: Plan, flags: Collection[str] = ()) -> None:
    """Fail where a book of all of Binance's exports differs from the life."""
    assert_sound(book)
    assert desk.balances() == said_balances(book)
    assert_positions(true_positions(desk, priced=plan.priced), said_positions(book), flags)
    assert true_totals(desk, CAUSES) == said_totals(book)
    assert true_months(desk) == said_months(book)
    assert true_remainder(desk, BY_SYMBOL) == said_remainder(book, COSTS)


@examples(10)
@given(plan=one_way)
def test_all_exports_of_a_one_way_life_give_its_whole_truth(plan: Plan) -> None:
    desk = live(plan)
    with imported(binance.exports(desk, plan).values(), plan.zone) as book:
        assert_whole_truth(book, desk, plan)


@examples(5)
@given(plan=hedged)
def test_all_exports_of_a_hedged_life_give_its_whole_truth_where_sides_are_printed(plan: Plan) -> None:
    desk = live(plan)
    with imported(binance.exports(desk, plan, position_sides=True).values(), plan.zone) as book:
        assert_whole_truth(book, desk, plan)


@examples(5)
@given(plan=hedged)
def test_hedge_mode_is_found_by_stated_results_where_no_side_is_printed(plan: Plan) -> None:
    desk = live(plan)
    with imported(binance.exports(desk, plan).values(), plan.zone) as book:
        assert_whole_truth(book, desk, plan, flags=("hedge_inferred",))


@examples(4)
@given(plan=any_binance)
def test_the_carry_of_positions_and_of_none_is_what_the_ledger_booked(plan: Plan) -> None:
    desk = live(plan)
    funding, fees = true_totals(desk, ("funding",)), true_totals(desk, ("liquidation_fee",))
    assets = {asset for _, asset in (*funding, *fees)}
    carry = {asset: -funding.get(("funding", asset), 0) - fees.get(("liquidation_fee", asset), 0) for asset in assets}
    with imported(binance.exports(desk, plan, position_sides=plan.hedge).values(), plan.zone) as book:
        own, every = said_carry(book)
        left = said_remainder(book, BY_SYMBOL)
    assert {("carry", asset): amount for asset, amount in carry.items() if amount} == {
        key: amount for key, amount in every.items() if key[0] == "carry"}  # fmt: skip
    for (cause, asset), amount in funding.items():
        assert amount == own.get(("funding", asset), 0) + left.get((cause, asset), 0)


@examples(6)
@given(plan=bitmex_plans)
def test_all_exports_of_bitmex_give_the_whole_truth(plan: Plan) -> None:
    desk = live(plan, "bitmex")
    with imported(bitmex.exports(desk).values()) as book:
        assert_sound(book)
        assert book.report("breaks").height == 0
        assert desk.balances() == said_balances(book)
        assert_positions(true_positions(desk, venue="bitmex"), said_positions(book))
        assert true_totals(desk, CAUSES) == said_totals(book)
        assert true_months(desk) == said_months(book)
        assert said_remainder(book, COSTS) == {}


@examples(6)
@given(plan=bitmex_daily)
def test_daily_results_of_bitmex_are_taken_apart_exactly(plan: Plan) -> None:
    desk = live(plan, "bitmex", daily=True)
    with imported(bitmex.exports(desk, daily=True).values()) as book:
        assert_sound(book)
        assert book.report("breaks").height == 0
        assert desk.balances() == said_balances(book)
        assert_positions(true_positions(desk, venue="bitmex"), said_positions(book))
        left = said_remainder(book, (*CAUSES, "session_result"))
        unit = Fraction(len(desk.fills), 10**8)
        assert all(abs(amount) <= unit for amount in left.values()), left  # results are printed in whole units
        expected = sum(true_totals(desk, CAUSES).values(), Fraction(0))
        assert expected == sum(said_totals(book).values(), Fraction(0))


@examples(3)
@given(plan=bitmex_daily)
def test_what_follows_the_last_daily_result_counts_as_its_fills_state_it(plan: Plan) -> None:
    desk = live(plan, "bitmex")
    with imported(bitmex.exports(desk, daily=True).values()) as book:
        assert_sound(book)
        assert_positions(true_positions(desk, venue="bitmex"), said_positions(book))
        if any(row.contract is not None and row.at <= bitmex.last_noon(desk) for row in desk.bookings):
            assert desk.balances() == said_balances(book)  # without any result the file does not show how it books


# ---------------------------------------------------------------------- 2: cut, mixed, renamed, again


def assert_cuts_change_nothing(exports: Mapping[str, Export], draw: random.Random, zone: int) -> None:
    expected = digest_of(exports.values())
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        paths = scattered(exports, Path(folder), draw, zone)
        middle = draw.randint(0, len(paths))
        take(book, paths[:middle])
        take(book, paths[middle:])
        take(book, draw.sample(paths, k=2))
        assert expected == book.digest(), [path.name for path in paths]
        assert_sound(book)


@examples(4)
@given(plan=any_binance, draw=seeds)
def test_overlapping_pieces_copies_and_order_of_files_change_nothing(plan: Plan, draw: random.Random) -> None:
    desk = live(plan)
    assert_cuts_change_nothing(binance.exports(desk, plan, position_sides=plan.hedge), draw, plan.zone)


@examples(3)
@given(plan=bitmex_plans, draw=seeds)
def test_overlapping_pieces_of_bitmex_change_nothing(plan: Plan, draw: random.Random) -> None:
    assert_cuts_change_nothing(bitmex.exports(live(plan, "bitmex")), draw, 0)


@examples(3)
@given(plan=bitmex_daily, draw=seeds)
def test_overlapping_pieces_of_daily_results_change_nothing(plan: Plan, draw: random.Random) -> None:
    assert_cuts_change_nothing(bitmex.exports(live(plan, "bitmex", daily=True), daily=True), draw, 0)


# ------------------------------------------------------------------------------ 3: exports that are missing


@examples(5)
@given(plan=any_binance, data=st.data())
def test_a_missing_witness_changes_no_position_and_no_balance(plan: Plan, data: st.DataObject) -> None:
    desk = live(plan)
    exports = binance.exports(desk, plan, position_sides=plan.hedge)
    name = data.draw(
        st.sampled_from(sorted({"statement", "positions", "prices", "force_usdm", "force_coinm"} & set(exports)))
    )
    balances = desk.balances()
    if name == "statement":
        balances = {key: amount for key, amount in balances.items() if key[0] != "spot"}
    with imported(without(exports, name), plan.zone) as book:
        assert_sound(book)
        assert balances == said_balances(book)
        priced = plan.priced and name != "prices"
        assert_positions(true_positions(desk, priced=priced), said_positions(book))
        assert true_totals(desk, CAUSES) == said_totals(book)
        assert true_remainder(desk, BY_SYMBOL) == said_remainder(book, COSTS)


@examples(5)
@given(plan=any_binance)
def test_without_income_the_statement_keeps_balances_and_totals(plan: Plan) -> None:
    desk = live(plan)
    exports = binance.exports(desk, plan, position_sides=plan.hedge)
    with imported(without(exports, "income_usdm", "income_coinm"), plan.zone) as book:
        assert_sound(book)
        assert desk.balances() == said_balances(book)
        assert_positions(true_positions(desk, priced=plan.priced, symbols_known=False), said_positions(book))
        assert true_totals(desk, CAUSES) == said_totals(book)
        assert months_of(exports["statement"]) == said_months(book)
        assert true_remainder(desk, BY_SYMBOL, symbols_known=False) == said_remainder(book, COSTS)


def months_of(statement: Export) -> dict[tuple[str, str], Fraction]:
    """Return the results that a statement books in each month; it may book one a second before the month ends."""
    sums: dict[tuple[str, str], Fraction] = {}
    for line in statement.lines:
        if line.kind == "realized_pnl":
            key = f"{line.at:%Y-%m}", str(line.cells[4])
            sums[key] = sums.get(key, Fraction(0)) + Fraction(str(line.cells[5]))
    return {key: amount for key, amount in sums.items() if amount}


@examples(3)
@given(plan=any_binance)
def test_without_trades_everything_is_kept_and_belongs_to_no_position(plan: Plan) -> None:
    desk = live(plan)
    exports = binance.exports(desk, plan)
    with imported(without(exports, "trades_usdm", "trades_coinm"), plan.zone) as book:
        assert_sound(book)
        assert said_positions(book) == []
        assert desk.balances() == said_balances(book)
        assert true_totals(desk, CAUSES) == said_totals(book) == said_remainder(book, CAUSES)
        assert true_months(desk) == said_months(book)


@examples(3)
@given(plan=any_binance)
def test_trades_alone_state_positions_and_their_cash(plan: Plan) -> None:
    desk = live(plan)
    exports = binance.exports(desk, plan, position_sides=plan.hedge)
    with imported(
        [export for name, export in exports.items() if name.startswith(("trades", "prices"))], plan.zone
    ) as book:
        assert_sound(book)
        expected = true_positions(desk, priced=plan.priced, symbols_known=False, forced_known=False)
        assert_positions(expected, said_positions(book))
        cash: dict[tuple[str, str], Fraction] = {}
        for row in desk.bookings:
            if row.fill is not None:
                cash[row.wallet, row.asset] = cash.get((row.wallet, row.asset), Fraction(0)) + row.amount
        assert cash == said_balances(book)


@examples(5)
@given(plan=BITMEX_LIVES,
       name=st.sampled_from(("executions", "wallet", "instruments")))  # fmt: skip
def test_each_export_of_bitmex_may_be_missing(plan: tuple[Plan, bool], name: str) -> None:
    drawn, daily = plan
    desk = live(drawn, "bitmex", daily=daily)
    exports = bitmex.exports(desk, daily=daily)
    balances = desk.balances()
    with imported(without(exports, name)) as book:
        assert_sound(book)
        if name == "executions":
            assert said_positions(book) == []
        else:
            assert_positions(true_positions(desk, venue="bitmex"), said_positions(book))
        if name == "wallet":
            balances = {key: amount - deposits_of(desk).get(key, 0) for key, amount in balances.items()}
            assert balances == {key: said_balances(book).get(key, 0) for key in balances}
        else:
            assert balances == said_balances(book)


def deposits_of(desk: Desk) -> dict[tuple[str, str], Fraction]:
    """Return what was deposited and withdrawn."""
    sums: dict[tuple[str, str], Fraction] = {}
    for row in desk.bookings:
        if row.contract is None:
            sums[row.wallet, row.asset] = sums.get((row.wallet, row.asset), Fraction(0)) + row.amount
    return sums


# ------------------------------------------------------------------------- an export that begins in mid-life


def explains(opening: Fraction, fills: Sequence[Fill]) -> bool:
    """Return whether the stated results of one symbol's fills agree with that signed size before the first of them."""
    first = fills[0]
    desk = Desk(first.at, funding_offset=timedelta(0))
    if opening:
        unknown = Stake(contract=first.contract, position_side="both", long=opening > 0, opened_at=first.at,
                        quantity=abs(opening))  # fmt: skip
        desk.open[first.contract.symbol, "both"] = unknown
    for fill in fills:
        held = desk.open.get((fill.contract.symbol, "both"))
        result = desk.apply(replace(fill))
        if opening and held is unknown:
            if bool(fill.stated) != (held.long != fill.buys):
                return False
        elif rounded(result, fill.contract.places) != fill.stated:
            return False
    return True


def only_opening(fills: Sequence[Fill]) -> Fraction | None:
    """Return the one signed size that explains the fills of a symbol, None where several do or none."""
    step = fills[0].contract.step
    reach = int(sum(fill.quantity for fill in fills) / step)
    found = [size * step for size in range(-reach, reach + 1) if explains(size * step, fills)]
    return found[0] if len(found) == 1 else None


@examples(8)
@given(plan=one_way, where=st.integers(0, 30))
def test_a_trade_history_that_begins_in_mid_life_invents_no_entry_and_loses_no_cent(plan: Plan, where: int) -> None:
    desk = live(plan)
    exports = binance.exports(desk, plan)
    instants = sorted({fill.at for fill in desk.fills})
    start = instants[where % len(instants)] if instants else plan.start
    for name in ("trades_usdm", "trades_coinm"):
        if name in exports:
            exports[name] = exports[name].keeping(lambda line: line.at >= start)
    with imported([export for export in exports.values() if export.lines], plan.zone) as book:
        assert_sound(book)
        assert desk.balances() == said_balances(book)
        assert true_totals(desk, CAUSES) == said_totals(book)
        said = said_positions(book)
    for row in said:
        if "opening_inferred" in row["flags"]:
            assert row["entry_price"] is None
    true = true_positions(desk, priced=plan.priced)
    for contract in plan.contracts:
        fills = [fill for fill in desk.fills if fill.contract == contract and fill.at >= start]
        held = sum((fill.quantity if fill.buys else -fill.quantity for fill in desk.fills
                    if fill.contract == contract and fill.at < start), Fraction(0))  # fmt: skip
        own = [row for row in said if row["symbol"] == contract.symbol]
        if fills and (not held or only_opening(fills) == held):
            later = [row for row in true if row["symbol"] == contract.symbol and row["opened_at"] >= start]
            assert_positions(later, [row for row in own if "opening_inferred" not in row["flags"]])
            assert bool(held) == any("opening_inferred" in row["flags"] for row in own)


@examples(3)
@given(plan=hedged, where=st.integers(0, 30))
def test_a_side_that_was_open_before_the_trade_history_begins_has_no_entry(plan: Plan, where: int) -> None:
    desk = live(plan)
    exports = binance.exports(desk, plan, position_sides=True)
    instants = sorted({fill.at for fill in desk.fills})
    start = instants[where % len(instants)]
    for name in ("trades_usdm", "trades_coinm"):
        if name in exports:
            exports[name] = exports[name].keeping(lambda line: line.at >= start)
    with imported([export for export in exports.values() if export.lines], plan.zone) as book:
        assert_sound(book)
        assert desk.balances() == said_balances(book)
        assert true_totals(desk, CAUSES) == said_totals(book)
        said = said_positions(book)
    assert all(row["entry_price"] is None for row in said if "opening_inferred" in row["flags"])
    streams = {(stake.contract.symbol, stake.position_side) for stake in desk.stakes}
    for symbol, side in sorted(streams):
        own = [stake for stake in desk.stakes if (stake.contract.symbol, stake.position_side) == (symbol, side)]
        if all(stake.opened_at >= start or (stake.closed_at or start) < start for stake in own):
            true = [row for row in uncarried(true_positions(desk, priced=plan.priced)) if row["opened_at"] >= start]
            assert_positions(
                [row for row in true if (row["symbol"], row["position_side"]) == (symbol, side)],
                [row for row in said if (row["symbol"], row["position_side"]) == (symbol, side)],
            )


@examples(5)
@given(plan=BITMEX_LIVES, where=st.integers(0, 40))
def test_a_wallet_history_that_begins_in_mid_life_anchors_its_balances(plan: tuple[Plan, bool], where: int) -> None:
    drawn, daily = plan
    desk = live(drawn, "bitmex", daily=daily)
    exports = bitmex.exports(desk, daily=daily)
    instants = exports["wallet"].instants()
    start = instants[where % len(instants)]
    cut_off = {
        name: export if name == "instruments" else export.keeping(lambda line: line.at >= start)
        for name, export in exports.items()
    }
    held = {"XBt": "BTC", "USDt": "USDT"}
    shown = {held[str(line.cells[4])] for line in cut_off["wallet"].lines}
    with imported([export for export in cut_off.values() if export.lines]) as book:
        assert_sound(book)
        assert book.report("breaks").height == 0
        said = said_balances(book)
    for (wallet, asset), amount in desk.balances().items():
        if asset in shown:
            assert said[wallet, asset] == amount


# ------------------------------------------------------------------------------- 4: exports that are filtered


FILTERS = ("income, only funding", "income, only fees", "income, only one symbol", "trades, only one symbol")


def yearly(months: Mapping[tuple[str, str], Fraction]) -> dict[str, Fraction]:
    """Return results per asset: the statement may book one a second before the month in which it was made."""
    sums: dict[str, Fraction] = {}
    for (_, asset), amount in months.items():
        sums[asset] = sums.get(asset, Fraction(0)) + amount
    return {asset: amount for asset, amount in sums.items() if amount}


def uncarried(rows: Sequence[dict[str, Any]], *, funding: bool = False) -> list[dict[str, Any]]:
    """Return positions without what a ledger that says too little cannot give them."""
    carried = ("liquidation_fees", "net_pnl") if funding else ("funding", "liquidation_fees", "net_pnl")
    return [{name: value for name, value in row.items() if name not in carried} for row in rows]


def filters(plan: Plan) -> dict[str, tuple[str, Callable[[Line], bool]]]:
    """Return ways to filter an export: which, and what is kept."""
    symbol = plan.contracts[0].symbol
    wallet = plan.contracts[0].wallet
    ways: tuple[tuple[str, Callable[[Line], bool]], ...] = (
        (f"income_{wallet}", lambda line: line.kind == "funding"),
        (f"income_{wallet}", lambda line: line.kind == "trading_fee"),
        (f"income_{wallet}", lambda line: line.symbol == symbol),
        (f"trades_{wallet}", lambda line: line.symbol == symbol),
    )
    return dict(zip(FILTERS, ways, strict=True))


@examples(8)
@given(plan=any_binance, name=st.sampled_from(FILTERS))
def test_a_filtered_export_costs_no_cent_and_invents_no_position(plan: Plan, name: str) -> None:
    desk = live(plan)
    exports = binance.exports(desk, plan, position_sides=plan.hedge)
    which, keeps = filters(plan)[name]
    if which in exports:
        exports[which] = exports[which].keeping(keeps)
    kept = None
    if name.startswith("trades"):
        gone = {contract.symbol for contract in plan.contracts[1:] if contract.wallet == plan.contracts[0].wallet}
        kept = {contract.symbol for contract in plan.contracts} - gone
    with imported([export for export in exports.values() if export.lines], plan.zone) as book:
        assert_sound(book)
        assert desk.balances() == said_balances(book)
        assert true_totals(desk, CAUSES) == said_totals(book)
        assert yearly(true_months(desk)) == yearly(said_months(book))
        said, true = said_positions(book), true_positions(desk, priced=plan.priced, only=kept)
        if name.startswith("trades"):
            assert_positions(true, said)
        else:
            assert_positions(uncarried(true, funding=name == "income, only funding"), said)


# ------------------------------------------------------------------------------------- 5 and 6: forget, rebuild


@examples(3)
@given(plan=any_binance, draw=seeds)
def test_forgetting_a_file_is_never_having_had_it_and_importing_it_again_heals(plan: Plan, draw: random.Random) -> None:
    desk = live(plan)
    exports = binance.exports(desk, plan, position_sides=plan.hedge)
    assert_forgettable(exports, draw)


@examples(3)
@given(plan=BITMEX_LIVES, draw=seeds)
def test_forgetting_a_file_of_bitmex_is_never_having_had_it(plan: tuple[Plan, bool], draw: random.Random) -> None:
    assert_forgettable(bitmex.exports(live(plan[0], "bitmex", daily=plan[1]), daily=plan[1]), draw)


def assert_forgettable(exports: Mapping[str, Export], draw: random.Random) -> None:
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        paths = scattered(exports, Path(folder), draw, 0)
        take(book, paths)
        whole = book.digest()
        one = draw.choice(paths)
        contents = one.read_bytes()
        book.forget(one.name if one.name in known_names(book) else sha256(contents))
        with Book.in_memory() as other:
            take(other, [path for path in paths if path.read_bytes() != contents])
            assert other.digest() == book.digest(), one.name
        assert_sound(book)
        take(book, [one])
        assert whole == book.digest(), one.name
        assert_sound(book)


def known_names(book: Book) -> set[str]:
    """Return the names of the files that the book holds."""
    return {name for (name,) in book.store.rows("SELECT name FROM files")}


def sha256(contents: bytes) -> str:
    """Return the name that a file has by its contents."""
    return hashlib.sha256(contents).hexdigest()


@examples(3)
@given(plan=any_binance, draw=seeds)
def test_a_rebuilt_book_is_the_same_book(plan: Plan, draw: random.Random) -> None:
    desk = live(plan)
    exports = binance.exports(desk, plan, position_sides=plan.hedge)
    with tempfile.TemporaryDirectory() as folder:
        paths = scattered(exports, Path(folder), draw, 0)
        with Book.open(Path(folder) / "book.duckdb") as book:
            take(book, paths)
            if draw.random() < 0.5:
                book.forget(draw.choice(sorted(known_names(book))))
            before = book.digest()
            assert (before, before) == book.rebuild()
            assert before == book.digest()
            assert book.verify() == []


# ------------------------------------------------------------------------------------------------ 7: trace


@examples(3)
@given(plan=any_binance)
def test_every_position_leads_back_to_lines_that_hold_its_quantities(plan: Plan) -> None:
    desk = live(plan)
    exports = binance.exports(desk, plan, position_sides=plan.hedge)
    with tempfile.TemporaryDirectory() as folder:
        paths = write_all(list(exports.values()), Path(folder), plan.zone)
        lines = {path.name: path.read_bytes().decode("utf-8-sig").splitlines() for path in paths}
        fills = {(fill.contract.symbol, str(fill.number)): fill for fill in desk.fills}
        with Book.open(Path(folder) / "book.duckdb") as book:
            take(book, paths)
            seen = set()
            for name, symbol, count in book.report("positions").select("position_id", "symbol", "fills").iter_rows():
                traced = trace(book.store, book.archive, name)
                of_fills = [row for row in traced if row.table == "fills"]
                assert count == len(of_fills)
                for row in traced:
                    assert row.raw is not None
                    assert lines[row.file][row.row - 1] == row.raw.strip("\r\n").removeprefix("\ufeff")
                for row in of_fills:
                    cells = (row.raw or "").strip().split(",")
                    fill = fills[symbol, cells[-2]]
                    assert digits(fill.quantity, 3) in cells
                    seen.add((symbol, cells[-2]))
            assert set(fills) == seen
