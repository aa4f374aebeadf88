"""What holds for every format of every venue: each column explained, one naming of instruments, assets by their names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers import naming
from importers.cells import split_glued
from importers.contract import Format
from importers.detect import fold
from importers.registry import formats
from tests.conftest import DATA

NAME = re.compile(
    r"(?P<base>[^/:\s]+)/(?P<quote>[^/:\s]+?)(?::(?P<settle>[^/:\s-]+)(?:-(?P<day>\d{6})(?:-[0-9.]+-[CP])?)?)?"
)
"""Pair, perpetual, future, option."""
CODES = {"XBT", "XXBT", "XETH", "ZUSD", "ZEUR", "XDG", "XXDG", "XBt", "USDt"}
"""What some venues call assets otherwise; the book never does."""
FACT_OF = {"fills": "fills", "funding": "funding", "interest": "interest", "movements": "ledger"}
SPEAKS_UNASKED = ("plain.", "manual.")
CHECKED_ELSEWHERE = ("order", "position", "day")


@pytest.mark.parametrize("form", formats(), ids=lambda form: form.name)
def test_every_column_of_a_header_is_read_or_left_out_for_a_reason(form: Format) -> None:
    aliases = {fold(text): canonical for text, canonical in form.aliases.items()}
    read = {column for cell in form.cells.values() for column in cell.columns} | {fold(text) for text in form.unread}
    read |= {column for column in (form.account_number, form.venue_column, form.reason_column) if column}
    unread = {fold(text) for text in form.unread}
    for header in form.headers:
        for text in (*header.columns, *header.optional):
            assert aliases.get(fold(text), fold(text)) in read or fold(text) in unread, f"{header.name}: {text}"
    assert all(form.unread.values()), "a column is left out for a reason"
    assert all(form.ignores.values()), "a row is ignored for a reason"


@pytest.mark.parametrize("form", formats(), ids=lambda form: form.name)
def test_a_format_claims_the_facts_that_it_states(form: Format) -> None:
    """Or none of them: then its rows are checks, or entries that always speak."""
    assert form.identity.cells
    claimed = {claim.fact for claim in form.claims}
    stated = {FACT_OF[emit.table] for emits in form.cases.values() for emit in emits if emit.table in FACT_OF}
    if not form.name.startswith(SPEAKS_UNASKED) and stated:
        assert claimed, f"states {stated} and claims nothing"


# ------------------------------------------------------------------------------------------------- golden rows


@cache
def golden_rows() -> tuple[tuple[Path, dict[str, Any]], ...]:
    return tuple(_read())


def _read() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(DATA.glob("*/*.expected.json")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield path, json.loads(line)


def test_instruments_have_one_naming_at_all_venues() -> None:
    seen: dict[str, set[str]] = {}
    for path, row in golden_rows():
        if (name := row.get("instrument")) is None:
            continue
        found = NAME.fullmatch(name)
        assert found, f"{path}: {name}"
        assert not {found["base"], found["quote"], found["settle"]} & CODES, f"{path}: {name}"
        if row.get("product") in ("spot", "margin"):
            assert found["settle"] is None, f"{path}: {name} of a pair"
        elif row.get("product") in ("perpetual", "future", "option"):
            assert found["settle"] is not None, f"{path}: {name} of a contract"
            assert (found["day"] is not None) == (row["product"] != "perpetual"), f"{path}: {name}"
        seen.setdefault(name, set()).add(path.parent.name)
    assert len(seen["BTC/USDT:USDT"]) >= 8, "the same contract at many venues has one name"
    assert len(seen["BTC/USDT"]) >= 4


def test_assets_are_called_by_their_names_and_never_by_a_venues_code() -> None:
    for path, row in golden_rows():
        if path.parent.name == "manual":
            continue
        assets = {row.get(name) for name in ("asset", "fee_asset", "settle_asset", "debt_asset")} - {None}
        assert not assets & CODES, f"{path}: {row}"


# ------------------------------------------------------------------------------------------------------ naming

DAY = datetime(2026, 3, 27, 8, tzinfo=UTC)


def test_a_name_says_what_is_traded_in_what_it_is_settled_and_when_it_ends() -> None:
    assert naming.pair("BTC", "USDT").instrument == "BTC/USDT"
    assert naming.contract("BTC", "USDT", "USDT").instrument == "BTC/USDT:USDT"
    inverse = naming.contract("BTC", "USD", "BTC", DAY)
    assert (inverse.instrument, inverse.product, inverse.style) == ("BTC/USD:BTC-260327", "future", "inverse")
    call = naming.option("BTC", "USD", "BTC", DAY, "60000", "C")
    assert (call.instrument, call.product, call.style) == ("BTC/USD:BTC-260327-60000-C", "option", "linear")
    assert naming.contract("ETH", "USD", "BTC").style == "quanto"


@pytest.mark.parametrize(
    ("symbol", "parts"),
    [
        ("BTC/USDT", ("BTC", "USDT")), ("BTC-USDT", ("BTC", "USDT")), ("BTC_USDT", ("BTC", "USDT")),
        ("BTCUSDT", ("BTC", "USDT")), ("1INCHUSDT", ("1INCH", "USDT")), ("USDCUSDT", ("USDC", "USDT")),
        ("ETHBTC", ("ETH", "BTC")), ("FDUSDUSDT", ("FDUSD", "USDT")), ("BTCFDUSD", ("BTC", "FDUSD")),
        ("USDT", None), ("A-B-C", None), ("XYZ", None), ("/USDT", None),
    ],
)  # fmt: skip
def test_a_pair_is_split_at_its_separator_or_before_the_longest_known_quote(
    symbol: str, parts: tuple[str, str] | None
) -> None:
    assert naming.split_pair(symbol) == parts


def test_days_of_expiry_are_read_in_digits_and_words_and_a_day_that_is_none_is_none() -> None:
    assert naming.compact_expiry("260327") == naming.compact_expiry("20260327") == DAY
    assert naming.expiry("26", "MAR", "27") == naming.expiry(2026, 3, 27) == naming.expiry("26", "mar", "27") == DAY
    assert naming.compact_expiry("261327") is None
    assert naming.expiry(26, 2, 30) is None
    assert naming.last_friday(2026, 3) == DAY
    assert naming.last_friday(2026, 12) == datetime(2026, 12, 25, 8, tzinfo=UTC)


@given(st.integers(2015, 2090), st.integers(1, 12))
def test_the_last_friday_is_a_friday_in_the_last_week_of_its_month(year: int, month: int) -> None:
    day = naming.last_friday(year, month)
    assert (day.year, day.month, day.weekday()) == (year, month, 4)
    assert (day.day + 7) > 28


# -------------------------------------------------------------------------------------------- glued to a number


@pytest.mark.parametrize(
    ("text", "pair", "number", "unit"),
    [
        ("0.0012BNB", None, "0.0012", "BNB"),
        ("0.29528919 USDC", None, "0.29528919", "USDC"),
        ("12.5", None, "12.5", ""),
        ("0.011INCH", "1INCHUSDT", "0.01", "1INCH"),
        ("0.011INCH", "1INCH-USDT", "0.01", "1INCH"),
        ("0.01 1INCH", None, "0.01", "1INCH"),
        ("0.011INCH", None, None, None),
        ("0.011INCH", "BTCUSDT", None, None),
        ("0.5USDT", "1INCHUSDT", "0.5", "USDT"),
    ],
)
def test_an_asset_that_begins_with_a_digit_is_told_from_its_number_by_the_pair_or_not_at_all(
    text: str, pair: str | None, number: str | None, unit: str | None
) -> None:
    pairs = [naming.split_pair(pair) or ()] if pair else None
    split = split_glued(pl.Series([text]), pairs)
    assert split.struct.field("number").to_list() == [number]
    assert split.struct.field("unit").to_list() == [unit]
