"""Forty invented spot trades, matched as other tools match them.

`rp2-1.7.2.csv` is what rp2 1.7.2 (PyPI; country us, methods fifo, lifo and hifo) computed of `trades.csv`, a line a match;
`bittytax-0.6.0.csv` what BittyTax 0.6.0 (PyPI; UK individual) did, a line a day and rule, in pence.  Trades are against the
reporting currency, so that no price is asked for; fees are of purchases and part of their cost; times are UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ledger.book import Book
from ledger.lots.holding import term_of
from ledger.lots.match import Method, Rule, match
from ledger.taxing.policies import policy_of
from tests.tapes import at, buy, frame, sell, shown
from tests.test_taxing import Told

DATA = Path(__file__).parent / "data" / "tax" / "spot_trades"
ROUNDED = Decimal("0.015")
"""BittyTax rounds proceeds, cost and fee of a match to pence each."""


def recorded(name: str) -> list[dict[str, Any]]:
    return pl.read_csv(DATA / name, infer_schema=False).to_dicts()


@pytest.fixture(scope="module")
def changes() -> pl.DataFrame:
    rows = []
    for trade in recorded("trades.csv"):
        fee, value, named = (
            Decimal(trade["fee"]),
            Decimal(trade["value"]),
            {"event": trade["event"], "asset": trade["asset"]},
        )
        if trade["kind"] == "buy":
            rows.append(buy(trade["at"], trade["quantity"], value + fee, fee=fee, **named))
        else:
            rows.append(sell(trade["at"], trade["quantity"], value - fee, fee=fee, **named))
    return frame(rows)


@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo"])
def test_lots_are_those_of_rp2(changes: pl.DataFrame, method: Method) -> None:
    theirs = [row for row in recorded("rp2-1.7.2.csv") if row["method"] == method]
    assert len(theirs) > 30
    found = match(changes, Rule(method, "UTC")).matches
    ours = found.with_columns(
        gain=pl.col("proceeds") - pl.col("basis"),
        term=term_of(pl.col("acquired_at"), pl.col("disposed_at"), "us", "UTC"),
    )
    columns = ("asset", "event", "lot", "quantity")
    by_asset = sorted(shown(ours, *columns, "term"), key=lambda row: row[0])
    same = [
        (*(row[name] for name in columns[:3]), f"{Decimal(row['quantity']).normalize():f}", row["term"])
        for row in theirs
    ]
    assert sorted(same) == sorted(by_asset)
    gains = {(row["event"], row["lot"]): Decimal(row["gain"]) for row in theirs}
    for event, lot, gain in ours.select("event", "lot", "gain").iter_rows():
        assert abs(gains[event, lot] - gain) < Decimal("1e-9")


def test_shares_are_those_of_bittytax(changes: pl.DataFrame) -> None:
    theirs = {(row["day"], row["asset"], row["rule"]): row for row in recorded("bittytax-0.6.0.csv")}
    found = match(changes, Rule("uk", "Europe/London"), [at("2024-01-01")]).matches
    day = pl.col("disposed_at").dt.convert_time_zone("Europe/London").dt.date().cast(pl.String).alias("day")
    ours = found.group_by(day, "asset", "rule").agg(pl.col("quantity", "proceeds", "basis").sum())
    assert set(theirs) == set(ours.select("day", "asset", "rule").iter_rows())
    for row in ours.iter_rows(named=True):
        other = theirs[row["day"], row["asset"], row["rule"]]
        assert Decimal(other["quantity"]) == row["quantity"]
        assert abs(Decimal(other["gain"]) - (row["proceeds"] - row["basis"])) <= ROUNDED
        assert abs(Decimal(other["proceeds"]) - row["proceeds"]) <= ROUNDED
    total = found.select(pl.col("proceeds").sum() - pl.col("basis").sum()).item()
    assert Decimal("6950.72") + Decimal("26538.09") == pytest.approx(total, abs=Decimal("0.1"))  # its two years


# ------------------------------------------------------------------------- the same trades as a file that is imported


def book_of(folder: Path, currency: str) -> Book:
    """Return a book of the trades, all of them in one account."""
    told = Told(folder)
    for trade in recorded("trades.csv"):
        moment, value, quantity = f"{trade['at'].replace(' ', 'T')}:00", trade["value"], trade["quantity"]
        bought, sold = (
            ((currency, f"-{value}"), (trade["asset"], quantity)),
            ((trade["asset"], f"-{quantity}"), (currency, value)),
        )
        fee = (currency, f"-{trade['fee']}") if Decimal(trade["fee"]) else None
        told.traded(moment, *(bought if trade["kind"] == "buy" else sold), fee=fee)
    return told.book()


@pytest.fixture(scope="module")
def in_dollars(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    with book_of(tmp_path_factory.mktemp("dollars"), "USD") as book:
        yield book


def disposed(book: Book, jurisdiction: str, years: Sequence[int], **chosen: str) -> pl.DataFrame:
    """Return the disposals of some years."""
    made = [book.tax(policy_of(jurisdiction, year, **chosen)) for year in years]
    assert {kind for year in made for kind in year.blocks["kind"]} <= {"ends_early"}
    assert not any(year.controls.filter(pl.col("difference") != 0).height for year in made)
    return pl.concat([year.disposals for year in made])


@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo"])
def test_a_book_of_the_trades_has_the_gains_of_rp2(in_dollars: Book, method: Method) -> None:
    times = {trade["event"]: at(trade["at"]) for trade in recorded("trades.csv")}
    theirs = {
        (row["asset"], times[row["event"]], times[row["lot"]]): row
        for row in recorded("rp2-1.7.2.csv") if row["method"] == method
    }  # fmt: skip
    ours = disposed(in_dollars, "us", (2021, 2022, 2023, 2024), method=method, zone="UTC")
    assert set(theirs) == set(ours.select("asset", "disposed_at", "acquired_at").iter_rows())
    for row in ours.iter_rows(named=True):
        other = theirs[row["asset"], row["disposed_at"], row["acquired_at"]]
        assert (Decimal(other["quantity"]), other["term"]) == (row["quantity"], row["term"])
        assert abs(Decimal(other["gain"]) - row["gain"]) < Decimal("1e-9")
    gains = sum((Decimal(row["gain"]) for row in theirs.values()), Decimal(0))
    assert abs(gains - sum(ours["gain"].to_list(), Decimal(0))) < Decimal("1e-7")


def test_a_book_of_the_trades_has_the_gains_of_bittytax(tmp_path: Path) -> None:
    theirs = {(row["day"], row["asset"], row["rule"]): row for row in recorded("bittytax-0.6.0.csv")}
    with book_of(tmp_path, "GBP") as book:
        lines = disposed(book, "uk", (2021, 2022, 2023))
    day = pl.col("disposed_at").dt.convert_time_zone("Europe/London").dt.date().cast(pl.String).alias("day")
    ours = lines.group_by(day, "asset", "rule").agg(pl.col("quantity", "gain").sum())
    assert set(theirs) == set(ours.select("day", "asset", "rule").iter_rows())
    for row in ours.iter_rows(named=True):
        other = theirs[row["day"], row["asset"], row["rule"]]
        assert Decimal(other["quantity"]) == row["quantity"]
        assert abs(Decimal(other["gain"]) - row["gain"]) <= ROUNDED
    years = {2021: Decimal("6950.72"), 2022: Decimal("26538.09")}
    assert sum(years.values()) == pytest.approx(lines["gain"].sum(), abs=Decimal("0.1"))
