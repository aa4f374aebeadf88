"""Values in a reporting currency: the latest known price, exact, with its source and age, and unknown where none is."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.storage.store import Store
from ledger.tying.quotations import pair_of
from ledger.tying.valuation import period_end, priced, value_of
from reports.contract import AS_OF, PERIOD_END
from reports.reading import read
from reports.registry import REPORTS
from reports.valued import VALUE_COLUMNS, value_name, valued
from schemas.errors import UnknownThing
from schemas.types import INSTANT, KEY, MONEY
from tests.books import imported, new_book, plain, write
from tests.conftest import Run
from tests.examples import examples

START = datetime(2026, 1, 30, 12, tzinfo=UTC)
STEP = Decimal(1).scaleb(-18)
Known = tuple[float, str, str]
"""Hours after the start, symbol, price; a fourth item is the kind, a fifth the quote."""


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    opened = Store.open(None)
    yield opened
    opened.close()


def after(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def knows(store: Store, prices: Sequence[tuple[Any, ...]]) -> None:
    """Let the book know these prices and no others."""
    store.execute("DELETE FROM prices")
    rows = [(*line, *("last", None)[len(line) - 3 :]) for line in prices]
    store.insert("prices", pl.DataFrame({
        "row_key": pl.Series([Decimal(256 * number) for number in range(len(rows))], dtype=KEY),
        "priced_at": pl.Series([after(row[0]) for row in rows], dtype=INSTANT),
        "symbol": pl.Series([row[1] for row in rows], dtype=pl.String),
        "kind": pl.Series([row[3] for row in rows], dtype=pl.String),
        "price": pl.Series([Decimal(row[2]) for row in rows], dtype=MONEY),
        "quote": pl.Series([row[4] for row in rows], dtype=pl.String),
        "source_row": pl.Series(range(len(rows)), dtype=pl.UInt32),
    }), {"account": "plain", "venue": "plain", "wallet": "unified", "format": "plain.prices", "file_id": "f"})  # fmt: skip


def ask(store: Store, currency: str, *questions: tuple[str, float], **words: Any) -> list[dict[str, Any]]:
    """Return what one of each asset was worth at an hour."""
    rows = pl.DataFrame({
        "asset": pl.Series([asset for asset, _ in questions], dtype=pl.String),
        "at": pl.Series([after(hours) for _, hours in questions], dtype=INSTANT),
    })  # fmt: skip
    return priced(store, rows, currency, **words).drop("price_rows").to_dicts()


def price(store: Store, currency: str, asset: str, hours: float = 0, **words: Any) -> str | None:
    found: str | None = plain(ask(store, currency, (asset, hours), **words)[0]["price"])
    return found


# --------------------------------------------------------------------------------------------------- price


def test_a_price_says_which_it_is_how_old_and_over_what(store: Store) -> None:
    knows(store, [(-2, "BTC/USDT", "78000.5", "index"), (-1, "USDT/EUR", "0.92")])
    (found,) = ask(store, "EUR", ("BTC", 0))
    assert plain(found.pop("price")) == "71760.46"
    assert found == {
        "asset": "BTC", "at": START, "priced_at": after(-2), "price_age": "2h 00m", "price_path": "BTC -> USDT -> EUR",
        "price_source": "imported index price BTC/USDT (plain.prices); imported last price USDT/EUR (plain.prices)",
    }  # fmt: skip


def test_a_price_names_the_rows_of_all_its_way(store: Store) -> None:
    knows(store, [(-3, "BTC/USDT", "1"), (-2, "BTC/USDT", "78000.5", "index"), (-1, "USDT/EUR", "0.92")])
    asked = pl.DataFrame({"asset": ["BTC", "EUR", "SOL"], "at": pl.Series([after(0)] * 3, dtype=INSTANT)})
    assert priced(store, asked, "EUR")["price_rows"].to_list() == ["256 512", None, None]


def test_a_price_turned_round_is_exact_to_18_places_half_even(store: Store) -> None:
    knows(store, [(0, "EUR/USD", "1.0875")])
    assert price(store, "EUR", "USD") == "0.919540229885057471"
    assert price(store, "USD", "EUR") == "1.0875"


def test_each_product_of_prices_is_rounded_to_18_places(store: Store) -> None:
    knows(store, [(0, "SHIB/BTC", "0.000000000123456789"), (0, "BTC/USD", "77777.777777777777777777"),
                  (0, "EUR/USD", "1.1")])  # fmt: skip
    exact = Context(prec=80, rounding=ROUND_HALF_EVEN)
    in_usd = exact.multiply(Decimal("0.000000000123456789"), Decimal("77777.777777777777777777")).quantize(STEP)
    per_usd = exact.divide(Decimal(1), Decimal("1.1")).quantize(STEP)
    assert price(store, "EUR", "SHIB") == plain(exact.multiply(in_usd, per_usd).quantize(STEP))


def test_two_bridges_are_crossed_and_three_are_not(store: Store) -> None:
    knows(store, [(0, "SOL/USDT", "100"), (0, "USDT/USD", "0.999"), (0, "EUR/USD", "1.25")])
    assert ask(store, "EUR", ("SOL", 0))[0]["price_path"] == "SOL -> USDT -> USD -> EUR"
    assert price(store, "EUR", "SOL") == "79.92"
    knows(store, [(0, "SOL/BTC", "0.001"), (0, "BTC/USDT", "78000"), (0, "USDT/USD", "1"), (0, "EUR/USD", "1.25")])
    assert price(store, "EUR", "SOL") is None


def test_a_direct_price_comes_before_a_younger_way_over_others(store: Store) -> None:
    knows(store, [(-20, "BTC/EUR", "70000"), (0, "BTC/USDT", "78000"), (0, "USDT/EUR", "0.9")])
    assert price(store, "EUR", "BTC") == "70000"


def test_of_ways_of_equal_length_the_one_with_the_youngest_oldest_price_is_taken(store: Store) -> None:
    knows(store, [(-3, "BTC/USDT", "78000"), (0, "USDT/EUR", "0.9"), (-2, "BTC/USDC", "77000"), (-1, "USDC/EUR", "1")])
    assert ask(store, "EUR", ("BTC", 0))[0]["price_path"] == "BTC -> USDC -> EUR"


def test_one_usdt_is_not_taken_for_one_dollar(store: Store) -> None:
    knows(store, [(0, "BTC/USDT", "78000"), (0, "EUR/USD", "1.0875")])
    found = ask(store, "USD", ("BTC", 0), ("USDT", 0), ("EUR", 0))
    assert [plain(row["price"]) for row in found] == [None, None, "1.0875"]
    assert found[0]["price_source"] == "no price of BTC in USD in the 24 h before 2026-01-30 12:00:00"
    assert [found[0][name] for name in ("priced_at", "price_age", "price_path")] == [None, None, None]


def test_a_price_that_is_too_old_is_told_with_its_age(store: Store) -> None:
    knows(store, [(-31, "BTC/USDT", "78000"), (-30, "USDT/EUR", "0.9"), (-200, "EUR/USD", "1")])
    said = [row["price_source"] for row in ask(store, "EUR", ("BTC", 0), ("USD", 0), ("SOL", 0))]
    assert said == [
        "no price of BTC in EUR in the 24 h before 2026-01-30 12:00:00; the last one is 1d 07h older",
        "no price of USD in EUR in the 7 days before 2026-01-30 12:00:00",
        "no price of SOL in EUR in the 24 h before 2026-01-30 12:00:00",
    ]


def test_the_currency_itself_is_worth_one(store: Store) -> None:
    knows(store, [])
    assert [(plain(row["price"]), row["price_source"], row["price_age"]) for row in ask(store, "EUR", ("EUR", 0))] == [
        ("1", "it is EUR itself", "0s")
    ]


def test_the_latest_price_counts_whatever_its_kind_and_at_one_instant_the_index(store: Store) -> None:
    knows(store, [(-1, "BTC/EUR", "1", "index"), (0, "BTC/EUR", "4", "last"), (0, "BTC/EUR", "3", "mark"),
                  (1, "BTC/EUR", "6", "mark"), (1, "BTC/EUR", "5", "index"), (2, "BTC/EUR", "7", "last")])  # fmt: skip
    found = ask(store, "EUR", ("BTC", -0.5), ("BTC", 0), ("BTC", 1), ("BTC", 2.5))
    assert [plain(row["price"]) for row in found] == ["1", "3", "5", "7"]


def test_a_price_older_than_a_day_is_none_unless_it_is_asked_for(store: Store) -> None:
    knows(store, [(0, "BTC/EUR", "70000")])
    moment = 1 / 3_600_000_000
    assert [price(store, "EUR", "BTC", hours) for hours in (-moment, 0, 24, 24 + moment)] == [
        None, "70000", "70000", None,
    ]  # fmt: skip
    assert price(store, "EUR", "BTC", 36, max_age=timedelta(hours=36)) == "70000"
    assert price(store, "EUR", "BTC", 2, max_age=timedelta(hours=1)) is None


def test_a_rate_of_friday_holds_over_the_week_end_and_a_coin_s_price_does_not(store: Store) -> None:
    knows(store, [(3, "EUR/USD", "1.0875"), (3, "BTC/USD", "78000")])
    sunday, monday_in_a_week = 59, 24 * 10
    found = ask(store, "EUR", ("USD", sunday), ("BTC", sunday), ("USD", monday_in_a_week))
    assert [plain(row["price"]) for row in found] == ["0.919540229885057471", None, None]
    assert found[0]["price_age"] == "2d 08h"
    knows(store, [(3, "EUR/USD", "1.25"), (sunday, "BTC/USD", "80000")])
    assert price(store, "EUR", "BTC", sunday) == "64000"


def test_ages_are_told_in_their_two_largest_units(store: Store) -> None:
    knows(store, [(0, "EUR/USD", "1")])
    seconds = (0, 59, 61, 3_600, 86_399, 86_400, 600_000)
    found = ask(store, "EUR", *(("USD", second / 3_600) for second in seconds))
    assert [row["price_age"] for row in found] == ["0s", "59s", "1m 01s", "1h 00m", "23h 59m", "1d 00h", "6d 22h"]


@pytest.mark.parametrize(
    ("symbol", "quote", "expected"),
    [
        ("BTC/USDT", None, ("BTC", "USDT")),
        ("BTC/USDT:USDT", None, ("BTC", "USDT")),
        ("BTC/USDT:USDT-260327", None, None),
        ("BTCUSDT", None, ("BTC", "USDT")),
        ("BTCUSDT", "USDT", ("BTC", "USDT")),
        ("btc-usdt", None, ("BTC", "USDT")),
        ("BTC-USDT-SWAP", None, ("BTC", "USDT")),
        ("BTCUSD_PERP", None, ("BTC", "USD")),
        ("EURUSD", None, ("EUR", "USD")),
        ("EURUSD", "USD", ("EUR", "USD")),
        ("BTC", None, ("BTC", "USDT")),
        ("BTC", "EUR", ("BTC", "EUR")),
        ("WBTC", "BTC", ("WBTC", "BTC")),
        ("STETH", "ETH", ("STETH", "ETH")),
        ("WBTC", None, ("WBTC", "USDT")),
        ("XBTUSD", None, ("BTC", "USD")),
        ("BTCUSDT_260327", None, ("BTCUSDT", "260327")),
    ],
)
def test_the_symbol_of_a_price_file_is_a_pair_or_an_asset(
    symbol: str, quote: str | None, expected: tuple[str, str] | None
) -> None:
    assert expected == pair_of(symbol, quote, {"XBTUSD": "BTC/USD:BTC"}, {"BTC", "USDT", "WBTC"})


def test_wrapped_coins_are_not_taken_for_pairs_of_a_coin_with_one_letter(store: Store) -> None:
    knows(store, [(0, "WBTC", "0.999", "last", "BTC"), (0, "BTC", "70000", "last", "EUR")])
    assert price(store, "EUR", "W") is None
    assert price(store, "EUR", "WBTC") == "69930"


# --------------------------------------------------------------------------------------------------- value


def test_nothing_is_worth_nothing_whatever_its_price_and_what_does_not_fit_is_unknown() -> None:
    amounts = pl.Series([Decimal("-2.5"), Decimal(0), Decimal(1), Decimal("1e19")], dtype=MONEY)
    prices = pl.Series([Decimal("4"), None, None, Decimal(1000)], dtype=MONEY)
    assert [plain(value) for value in value_of(amounts, prices)] == ["-10", "0", None, None]


@pytest.mark.parametrize(
    ("period", "zone", "expected"),
    [
        ("2026", "UTC", "2027-01-01T00:00:00Z"),
        ("2026-Q4", "UTC", "2027-01-01T00:00:00Z"),
        ("2026-Q1", "Europe/Berlin", "2026-03-31T22:00:00Z"),
        ("2026-02", "Europe/Berlin", "2026-02-28T23:00:00Z"),
        ("2026-12", "UTC", "2027-01-01T00:00:00Z"),
        ("2026-03-29", "Europe/Berlin", "2026-03-29T22:00:00Z"),
    ],
)
def test_a_period_ends_where_its_zone_says(period: str, zone: str, expected: str) -> None:
    assert datetime.fromisoformat(expected) == period_end(period, zone)


# ---------------------------------------------------------------------------------------------------- laws

ASSETS = ("BTC", "USDT", "USD", "EUR", "SOL")
hours = st.integers(-40, 40)
some_prices = st.lists(
    st.tuples(
        hours,
        st.permutations(ASSETS).map(lambda names: f"{names[0]}/{names[1]}"),
        st.decimals("0.000001", "100000", places=6).map(str),
        st.sampled_from(["index", "mark", "last"]),
    ),
    max_size=12,
)
some_questions = st.lists(st.tuples(st.sampled_from(ASSETS), hours), min_size=1, max_size=6)


@examples(60)
@given(prices=some_prices, questions=some_questions, now=hours)
def test_a_later_price_never_changes_an_earlier_value(
    store: Store, prices: list[Known], questions: list[tuple[str, int]], now: int
) -> None:
    asked = [(asset, min(at, now)) for asset, at in questions]
    knows(store, prices)
    with_all = ask(store, "EUR", *asked)
    knows(store, [line for line in prices if line[0] <= now])
    assert ask(store, "EUR", *asked) == with_all


@examples(60)
@given(prices=some_prices, questions=some_questions, turn=st.randoms(use_true_random=False))
def test_the_order_in_which_prices_were_imported_does_not_matter(
    store: Store, prices: list[Known], questions: list[tuple[str, int]], turn: Any
) -> None:
    knows(store, prices)
    expected = ask(store, "EUR", *questions)
    turn.shuffle(prices)
    knows(store, prices)
    assert ask(store, "EUR", *questions) == expected


@examples(60)
@given(prices=some_prices, asset=st.sampled_from(ASSETS[:-2]), at=hours)
def test_every_value_is_the_product_of_the_youngest_prices_on_the_way_it_names(
    store: Store, prices: list[Known], asset: str, at: int
) -> None:
    knows(store, prices)
    (found,) = ask(store, "EUR", (asset, at))
    if found["price"] is None:
        assert _youngest(prices, asset, "EUR", at) is None
        return
    stops = found["price_path"].split(" -> ")
    assert (stops[0], stops[-1], len(stops) <= 4) == (asset, "EUR", True)
    product, oldest = Decimal(1), at
    with localcontext(Context(prec=80, rounding=ROUND_HALF_EVEN)):
        for sold, bought in pairwise(stops):
            known = _youngest(prices, sold, bought, at)
            assert known is not None
            product, oldest = (product * known[1]).quantize(STEP), min(oldest, known[0])
    assert (product, after(oldest)) == (found["price"], found["priced_at"])
    if _youngest(prices, asset, "EUR", at) is not None:
        assert len(stops) == 2


def _youngest(prices: Sequence[tuple[Any, ...]], sold: str, bought: str, at: int) -> tuple[int, Decimal] | None:
    """Return when and what of the price that counts, found the slow way."""
    bound = 168 if {sold, bought} <= {"USD", "EUR"} else 24
    fitting = []
    for hour, symbol, text, kind in prices:
        if 0 <= at - hour <= bound and symbol in (f"{sold}/{bought}", f"{bought}/{sold}"):
            turned = symbol.startswith(bought)
            with localcontext(Context(prec=80, rounding=ROUND_HALF_EVEN)):
                unit = (1 / Decimal(text)).quantize(STEP) if turned else Decimal(text)
            rank = ("index", "mark", "last").index(kind)
            pair = "/".join((bought, sold) if turned else (sold, bought))
            fitting.append((-hour, rank, turned, f"imported {kind} price {pair}", -Decimal(text), unit))
    return (-min(fitting)[0], min(fitting)[-1]) if fitting else None


# ------------------------------------------------------------------------------------------------- reports

FUNDING = "paid_at,symbol,instrument,asset,amount,mark_price,wallet"
FILLS = "filled_at,symbol,instrument,product,side,quantity,price,fee,fee_asset,execution,wallet,settle_asset,style"
PRICES = "time,symbol,price,quote"


def traded(folder: Path) -> Any:
    """Return a book with spot and perpetual fills, funding and rates."""
    book = new_book(folder)
    fills = write(folder, "fills.csv", FILLS, [
        "2026-01-30T10:00:00Z,SOLUSDT,SOL/USDT,spot,buy,10,100,0,,trade,spot,USDT,linear",
        "2026-01-31T08:00:00Z,ETHUSDT,ETH/USDT:USDT,perpetual,buy,2,2500,1,USDT,trade,usdm,USDT,linear",
        "2026-01-31T20:00:00Z,ETHUSDT,ETH/USDT:USDT,perpetual,sell,2,2600,1,USDT,trade,usdm,USDT,linear",
        "2026-01-31T20:30:00Z,ETHUSDT,ETH/USDT:USDT,perpetual,sell,1,9999,0,,liquidation,usdm,USDT,linear",
        "2026-01-31T21:00:00Z,ETHUSDT_260327,ETH/USDT:USDT-260327,future,buy,1,2700,0,,trade,usdm,USDT,linear",
    ])  # fmt: skip
    funding = write(folder, "funding.csv", FUNDING, [
        "2026-01-31T16:00:00Z,BTCUSDT,BTC/USDT:USDT,USDT,-4.5,78000.25,usdm",
    ])  # fmt: skip
    rates = write(folder, "rates.csv", PRICES, [
        "2026-01-30T15:00:00Z,EUR/USD,1.25,", "2026-01-31T12:00:00Z,USDT/USD,0.999,", "2026-02-01T00:00:00Z,USDT/USD,2,",
    ])  # fmt: skip
    imported(book, fills, funding, rates, account="main")
    return book


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with traded(tmp_path_factory.mktemp("traded")) as opened:
        yield opened


FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)


def test_funding_rows_and_fills_of_a_pair_or_its_perpetual_are_prices(book: Any) -> None:
    rows = pl.DataFrame({"asset": ["BTC", "ETH", "SOL", "SOL"], "at": [
        datetime(2026, 1, 31, 23, tzinfo=UTC), datetime(2026, 1, 31, 23, tzinfo=UTC),
        datetime(2026, 1, 31, 9, tzinfo=UTC), datetime(2026, 1, 31, 11, tzinfo=UTC),
    ]})  # fmt: skip
    found = priced(book.store, rows, "USDT")
    assert [(plain(price), source) for price, source in found.select("price", "price_source").iter_rows()] == [
        ("78000.25", "funding row of BTCUSDT at plain"),
        ("2600", "fill of ETHUSDT at plain"),
        ("100", "fill of SOLUSDT at plain"),
        (None, "no price of SOL in USDT in the 24 h before 2026-01-31 11:00:00; the last one is 1d 01h older"),
    ]


def test_balances_are_valued_just_before_their_end_which_is_exclusive(book: Any) -> None:
    frame = book.report("balances", to=FEBRUARY, currency="eur").filter(pl.col("asset") == "USDT", wallet="usdm")
    (row,) = frame.to_dicts()
    assert plain(row["price"]) == plain((Decimal("0.999") / Decimal("1.25")).quantize(STEP))
    assert (row["currency"], row["price_path"], row["price_age"]) == ("EUR", "USDT -> USD -> EUR", "1d 08h")
    assert row["valued_at"] == FEBRUARY - timedelta(microseconds=1)
    assert plain(row["computed_value"]) == plain(row["computed"] * row["price"])


def test_a_period_is_valued_at_its_end_and_an_unfinished_one_at_the_book_s(book: Any) -> None:
    january = book.report("funding", to=FEBRUARY, currency="USDT")
    assert january["valued_at"].to_list() == [FEBRUARY - timedelta(microseconds=1)]
    unfinished = book.report("funding", currency="USDT")
    assert unfinished["valued_at"].to_list() == [datetime(2026, 1, 31, 21, tzinfo=UTC)]
    assert [plain(value) for value in unfinished["net_value"]] == ["-4.5"]


def test_a_closed_position_is_valued_when_it_was_closed_an_open_one_as_of_the_end(book: Any) -> None:
    frame = book.report("positions", to=FEBRUARY, currency="USD").filter(pl.col("product") != "spot")
    lines = frame.select("symbol", "status", "valued_at").rows()
    assert ("ETHUSDT", "closed", datetime(2026, 1, 31, 20, tzinfo=UTC)) in lines
    assert ("ETHUSDT_260327", "open", FEBRUARY - timedelta(microseconds=1)) in lines


def test_every_declared_amount_and_instant_is_a_column_of_its_report(book: Any) -> None:
    wanted = {"balances", "reconcile", "positions", "carry", "realized", "funding", "interest", "loans"}
    declared = {name: report for name, report in REPORTS.items() if report.valuation is not None}
    assert wanted - declared.keys() == set()
    for name, report in declared.items():
        valuation = report.valuation
        assert valuation is not None and report.asset_column is not None
        bare, frame = book.report(name), book.report(name, currency="EUR")
        assert set(valuation.amounts) <= set(bare.columns)
        assert valuation.at in (*bare.columns, AS_OF, PERIOD_END)
        assert frame.columns == [*bare.columns, *map(value_name, valuation.amounts), *VALUE_COLUMNS]
        assert frame.select(bare.columns).equals(bare)
        assert {dtype for column, dtype in frame.schema.items() if column.endswith("_value")} <= {MONEY}


def test_a_report_without_amounts_says_what_can_be_valued(book: Any, run: Run) -> None:
    with pytest.raises(UnknownThing, match="the report coverage has no amounts to value"):
        book.report("coverage", currency="EUR")


def test_values_have_one_total_in_the_currency_with_what_is_unknown(book: Any) -> None:
    frame = book.report("balances", to=FEBRUARY, currency="USDT")
    shape = valued(REPORTS["balances"], "USDT", frame)
    reading = read(frame, shape)
    assert reading.total_labels == ("total in USDT",)
    (totals,) = [field.totals for field in reading.fields if field.column.name == "computed_value"]
    known = frame["computed_value"].drop_nulls().sum()
    assert frame["computed_value"].null_count() == 1  # SOL: its price is too old
    assert totals == [f"{known:,.2f} + ?"]


def test_totals_per_asset_stay_beside_the_one_in_the_currency(book: Any) -> None:
    frame = book.report("realized", to=FEBRUARY, currency="EUR")
    reading = read(frame, valued(REPORTS["realized"], "EUR", frame))
    assert reading.total_labels == ("total USDT", "total in EUR")
    totals = {field.column.name: field.totals for field in reading.fields if field.totals}
    assert totals["net_pnl_value"][0] == "" and totals["net_pnl_value"][1] != ""
    assert totals["net_pnl"][0] != "" and totals["net_pnl"][1] == ""


def test_closings_of_several_periods_are_never_summed(book: Any) -> None:
    both = book.report("reconcile", by="day", to=FEBRUARY, currency="USDT")
    assert both["period"].n_unique() > 1
    reading = read(both, valued(REPORTS["reconcile"], "USDT", both))
    assert [field.totals for field in reading.fields if field.column.name == "closing_value"] == [[]]
    one = both.filter(pl.col("period") == "2026-01-31")
    reading = read(one, valued(REPORTS["reconcile"], "USDT", one))
    assert [len([text for text in field.totals if text]) for field in reading.fields
            if field.column.name == "closing_value"] == [1]  # fmt: skip


def test_every_output_format_holds_the_values(run: Run, tmp_path: Path) -> None:
    with traded(tmp_path) as opened:
        path = opened.store.path
    words = ("report", "balances", "--to", "2026-01", "--currency", "EUR")
    table = run(*words, book=path)
    assert "total in EUR" in table.out
    assert "no price of SOL in EUR in the 24 h before 2026-01-31 23:59:59" in " ".join(
        run(*words, "--wide", book=path).out.split()
    )
    rows = run(*words, "--output-format", "json", book=path).rows
    assert {row["currency"] for row in rows} == {"EUR"}
    csv = pl.read_csv(io.StringIO(run(*words, "--output-format", "csv", book=path).out), infer_schema=False)
    assert [row["computed_value"] for row in rows] == csv["computed_value"].to_list()
    for suffix in ("xlsx", "html", "parquet"):
        assert run(*words, "-o", tmp_path / f"x.{suffix}", book=path).code == 0
    kept = pl.read_parquet(tmp_path / "x.parquet")["computed_value"]
    assert [plain(value) for value in kept] == [row["computed_value"] for row in rows]
    assert "total in EUR" in (tmp_path / "x.html").read_text()


def test_the_command_line_refuses_what_is_no_currency_span_or_report(run: Run, tmp_path: Path) -> None:
    with traded(tmp_path) as opened:
        path = opened.store.path
    refused = {
        ("balances", "--currency", "E/R"): "'E/R' is no currency; write EUR, USD or USDT",
        ("balances", "--currency", "EUR", "--max-age", "soon"): "'soon' is no span; write 90m, 36h or 7d",
        ("balances", "--max-age", "7d"): "--max-age goes with --currency",
        ("coverage", "--currency", "EUR"): "the report coverage has no amounts to value",
    }
    for words, sentence in refused.items():
        answer = run("report", *words, book=path)
        assert (answer.code, sentence in answer.err) == (2, True)
    older = run("report", "balances", "--to", "2026-01", "--currency", "USDT", "--max-age", "7d", "--output-format",
                "json", book=path)  # fmt: skip
    (sol,) = [row for row in json.loads(older.out) if row["asset"] == "SOL"]
    assert (sol["computed_value"], sol["price_age"]) == ("1000", "1d 13h")


def test_the_prices_that_the_book_knows_are_listed_with_their_source_and_time(book: Any) -> None:
    lines = book.report("prices").select("symbol", "kind", "source", "rows", "last_price").rows()
    assert [(*line[:-1], plain(line[-1])) for line in lines] == [
        ("BTCUSDT", "funding", "plain", 1, "78000.25"),
        ("ETHUSDT", "fill", "plain", 2, "2600"),
        ("EUR/USD", "last", "plain.prices", 1, "1.25"),
        ("SOLUSDT", "fill", "plain", 1, "100"),
        ("USDT/USD", "last", "plain.prices", 2, "2"),
    ]
