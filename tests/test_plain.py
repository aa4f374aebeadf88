"""Plain formats: told apart by their headers, exact, and strict about times and words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from importers import plain
from importers.contract import Match, Normalized
from importers.detect import detect
from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from schemas.errors import UnknownFormat
from schemas.tables import EMITTED
from tests.conftest import DATA


def read(path: Path, options: Options | None = None) -> Normalized:
    (part,) = open_bundle(path).parts()
    ((normalized, _),) = chunks(recognize(part, plain.FORMATS, options or Options()))
    return normalized


def recognized(*columns: str) -> Match:
    return detect([(1, columns)], plain.FORMATS, "x.csv", "x.csv")


def test_every_table_has_a_format_whose_shortest_and_longest_headers_mean_only_it() -> None:
    seen = set()
    for form in plain.FORMATS:
        if not form.name.startswith("plain.") or form.name in ("plain.prices", "plain.help"):
            continue
        shortest = form.headers[0].columns
        longest = (*shortest, *form.headers[0].optional, "wallet")
        for columns in (shortest, longest):
            assert form.name == recognized(*columns).format.name
        seen.add(form.name.removeprefix("plain."))
    assert EMITTED.keys() - {"prices"} == seen


def test_a_list_of_trades_is_not_taken_for_prices() -> None:
    assert recognized("time", "symbol", "price", "quote").format.name == "plain.prices"
    with pytest.raises(UnknownFormat):
        recognized("time", "symbol", "side", "price", "quantity")


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-01-31T08:00:00Z", None, datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31 08:00:00.5+05:30", None, datetime(2026, 1, 31, 2, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-01-31T08:00-0500", None, datetime(2026, 1, 31, 13, tzinfo=UTC)),
        ("2026-01-31T08:00:00Z", "Europe/Berlin", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T08:00:00", "Europe/Berlin", datetime(2026, 1, 31, 7, tzinfo=UTC)),
        ("2026-01-31", "+02:00", datetime(2026, 1, 30, 22, tzinfo=UTC)),
        ("2026-01-31T08:00:00", None, None),
        ("2026-01-31", None, None),
        ("31.01.2026", "UTC", None),
        ("2026-03-29T02:30:00", "Europe/Berlin", None),
    ],
)
def test_a_time_is_exact_or_refused(tmp_path: Path, text: str, zone: str | None, expected: datetime | None) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(f"time,symbol,price\n{text},BTC,1\n")
    normalized = read(path, Options(zone=zone))
    assert [expected] * (expected is not None) == [
        at for table in normalized.tables.values() for at in table["priced_at"]
    ]
    assert (expected is None) == bool(len(normalized.rejected))


def test_a_wallet_comes_from_the_row_then_the_user_then_is_unified(tmp_path: Path) -> None:
    path = tmp_path / "funding.csv"
    path.write_text("paid_at,asset,amount,wallet\n2026-01-02T08:00:00Z,USDT,1,usdm\n2026-01-02T08:00:00Z,USDT,1,\n")
    assert read(path).tables["funding"]["wallet"].to_list() == ["usdm", "unified"]
    assert read(path, Options(wallet="coinm")).tables["funding"]["wallet"].to_list() == ["usdm", "coinm"]


def test_terms_that_hold_always_stand_at_the_earliest_instant() -> None:
    rows = read(DATA / "plain" / "instruments.csv").rows.sort("source_row")
    assert [datetime(2009, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)] == rows["at"].to_list()


def test_a_fee_of_no_asset_is_refused_and_not_dropped(tmp_path: Path) -> None:
    path = tmp_path / "fills.csv"
    path.write_text(
        "filled_at,symbol,product,side,quantity,price,execution,fee,fee_asset\n"
        "2026-01-05T08:00:00Z,BTC/USD,spot,buy,1,100,trade,0.5,\n"
        "2026-01-05T08:00:01Z,BTC/USD,spot,buy,1,100,trade,0,\n"
    )
    result = read(path)
    assert result.rejected.select("source_row", "column", "text", "reason").rows() == [
        (2, "fee", "0.5", "a fee, and nothing says of which asset: expected fee_asset")
    ]
    assert result.tables["fills"].height == 1


def test_a_withdrawal_above_zero_is_refused_since_it_would_raise_the_balance(tmp_path: Path) -> None:
    path = tmp_path / "transfers.csv"
    path.write_text(
        "moved_at,asset,amount,kind\n2026-01-05T08:00:00Z,USDT,500,withdrawal\n2026-01-05T08:00:00Z,USDT,-5,withdrawal\n"
    )
    result = read(path)
    assert result.rejected["reason"].to_list() == [
        "expected a number, below zero for a withdrawal: + is what this wallet gains"
    ]
    assert result.tables["transfers"].height == 1
