"""Built-in terms are dated, sourced and true to the schema; what was imported stands before them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from itertools import groupby, pairwise
from pathlib import Path

import polars as pl
import pytest

from importers.normalize import emitted_types, validate
from ledger.book import Book
from ledger.storage.reference import FURTHER, TABLES, builtin
from schemas.types import INSTANT, MONEY
from tests.books import imported, new_book, plain, write


def typed(table: str) -> pl.DataFrame:
    """Return the built-in rows as an importer would give them."""
    rows = [{name: text or None for name, text in row.items()} for row in builtin(table)]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String()))
    columns = []
    for name, kind in emitted_types(table).items():
        if name == "source_row":
            columns.append(pl.int_range(pl.len(), dtype=pl.UInt32).alias(name))
        elif name == "wallet":
            columns.append(pl.lit("unified").alias(name))
        elif kind == INSTANT:
            columns.append(pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%#z", time_unit="us", time_zone="UTC"))
        else:
            columns.append(pl.col(name).cast(kind))
    return frame.select(*columns, part=pl.lit(0, dtype=pl.UInt32))


@pytest.mark.parametrize("table", TABLES)
def test_every_built_in_row_is_true_to_the_schema_and_says_its_date_and_source(table: str) -> None:
    assert validate(table, typed(table)).height == 0
    for row in builtin(table):
        assert set(row) <= {"venue", *FURTHER, *emitted_types(table)}
        assert row["venue"]
        assert row["source"]
        since = datetime.fromisoformat(row["valid_from"])
        assert since.tzinfo is not None
        assert not row["valid_to"] or since < datetime.fromisoformat(row["valid_to"])


def tier_lists() -> list[list[Mapping[str, str]]]:
    def of(row: Mapping[str, str]) -> tuple[str, ...]:
        return row["venue"], row["symbol"], row["valid_from"]

    return [list(rows) for _, rows in groupby(sorted(builtin("margin_tiers"), key=of), key=of)]


def test_tiers_follow_each_other_without_a_hole() -> None:
    for tiers in tier_lists():
        assert [str(number) for number in range(1, len(tiers) + 1)] == [tier["tier"] for tier in tiers]
        assert tiers[0]["floor"] == "0"
        for lower, upper in pairwise(tiers):
            assert lower["cap"] == upper["floor"]
            assert Decimal(lower["maintenance_rate"]) < Decimal(upper["maintenance_rate"])


def test_the_amounts_make_the_requirement_continuous() -> None:
    """Published: cum of a tier = floor x (its rate - the rate below) + cum of the tier below."""
    for tiers in tier_lists():
        for lower, upper in pairwise(tiers):
            if upper["maintenance_amount"]:
                step = Decimal(upper["maintenance_rate"]) - Decimal(lower["maintenance_rate"])
                expected = Decimal(upper["floor"]) * step + Decimal(lower["maintenance_amount"])
                assert expected == Decimal(upper["maintenance_amount"])


def test_published_tiers_are_among_them() -> None:
    found = {
        (tier["symbol"], tier["valid_from"][:10], tier["floor"]): (tier["maintenance_rate"], tier["maintenance_amount"])
        for tier in builtin("margin_tiers")
    }
    assert ("0.025", "16300") == found["BTCUSDT", "2021-03-18", "1000000"]
    assert ("0.01", "1300") == found["BTCUSDT", "2021-03-18", "250000"]
    assert ("0.01", "") == found["XBTUSD", "2026-09-11", "200"]
    assert ("0.0056", "1200") == found["BTCUSDT", "2024-03-12", "2000000"]
    assert ("0.0065", "30") == found["SOLUSDT", "2024-09-30", "20000"]
    assert ("0.0063", "3020") == found["BTCUSDT", "2024-12-25", "2600000"]
    assert ("0.5", "66399135") == found["SOLUSDT", "2025-12-29", "250000000"]
    assert ("0.004", "") == found["BTC-USDT-SWAP", "2025-07-23", "0"]
    assert ("0.02", "") == found["ETH-USDT-SWAP", "2021-06-11", "24000"]
    assert ("0.1425", "") == found["ETH-USDT-SWAP", "2025-07-23", "675000"]


def test_what_two_dates_both_tell_of_bybit_is_the_same() -> None:
    """The help page of 2024-03 has the first twenty tiers that the API gave in 2024-12."""
    ladders: dict[str, list[tuple[str, ...]]] = {}
    for tier in builtin("margin_tiers"):
        if (tier["venue"], tier["symbol"]) == ("bybit", "BTCUSDT"):
            shown = tuple(tier[name] for name in ("floor", "cap", "maintenance_rate"))
            ladders.setdefault(tier["valid_from"][:10], []).append(shown)
    assert ["2024-03-12", "2024-12-25"] == sorted(ladders)
    assert (20, 35) == (len(ladders["2024-03-12"]), len(ladders["2024-12-25"]))
    assert ladders["2024-03-12"] == ladders["2024-12-25"][:20]


def test_what_tiers_and_ratios_count_is_said_where_it_is_no_value() -> None:
    assert {"", "contracts"} == {row["unit"] for row in builtin("margin_tiers")}
    assert {"contracts"} == {row["unit"] for row in builtin("margin_tiers") if row["venue"] == "okx"}
    by_size = {row["asset"] for row in builtin("collateral_ratios") if row["quote"] == row["asset"]}
    assert {"BTC"} == by_size


def test_ratios_follow_each_other_without_a_hole_and_fall() -> None:
    def of(row: Mapping[str, str]) -> tuple[str, ...]:
        return row["venue"], row["product"], row["asset"], row["valid_from"]

    for _, rows in groupby(sorted(builtin("collateral_ratios"), key=of), key=of):
        ratios = sorted(rows, key=lambda row: Decimal(row["floor"]))
        assert ratios[0]["floor"] == "0"
        for lower, upper in pairwise(ratios):
            assert lower["cap"] == upper["floor"]
            assert Decimal(lower["ratio"]) > Decimal(upper["ratio"])


def test_sql_shows_them_exactly(tmp_path: Path) -> None:
    with new_book(tmp_path) as book:
        for table in TABLES:
            answer = book.sql(f"FROM known_{table}")
            assert answer.height == len(builtin(table))
            assert set(answer["basis"]) == {"built-in"}
            assert answer["valid_from"].dtype == INSTANT
        (row,) = book.store.rows(
            "SELECT liquidation_ltv, initial_ltv, valid_from FROM known_loan_terms WHERE venue = 'nexo'"
        )
        assert (plain(row[0]), row[1], row[2].year) == ("0.833", None, 2021)
        assert book.sql("SELECT ratio FROM known_collateral_ratios").schema["ratio"] == MONEY


def test_what_was_imported_stands_first_and_a_rebuild_keeps_it(tmp_path: Path) -> None:
    header = "collateral_asset,margin_call_ltv,liquidation_ltv,valid_from"
    path = write(tmp_path, "terms.csv", header, ["BTC,0.7,0.8,2025-01-01T00:00:00Z"])
    with new_book(tmp_path) as book:
        imported(book, path, account="main")
        first = book.sql("FROM known_loan_terms").row(0, named=True)
        assert (first["venue"], first["account"], first["basis"]) == ("plain", "main", "imported")
        assert plain(first["liquidation_ltv"]) == "0.8"
        digest = book.digest()
        assert "loan_terms=1:" in digest
        assert book.rebuild() == (digest, digest)
        book.forget("terms.csv")
        assert "loan_terms=0:" in book.digest()


def test_forgetting_terms_makes_every_wallet_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ratios = write(tmp_path, "ratios.csv", "asset,floor,ratio", ["ETH,0,0.9"])
    fills = write(tmp_path, "funding.csv", "paid_at,asset,amount,wallet", ["2026-01-02T08:00:00Z,USDT,1,usdm"])
    with new_book(tmp_path) as book:
        imported(book, ratios)
        imported(book, fills, account="main")
        stale: list[tuple[str, str]] = []

        def noted(self: Book) -> None:
            stale.extend(self.store.rows("SELECT DISTINCT account, wallet FROM stale"))

        monkeypatch.setattr(Book, "_settle", noted)
        book.forget("ratios.csv")
    assert {("plain", "unified"), ("main", "usdm")} == set(stale)
