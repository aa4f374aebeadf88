"""Files of prices: candles of Binance and ccxt, euro reference rates; told apart even where nothing in them says what."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from importers import candles, rates
from importers.contract import Normalized
from importers.detect import detect
from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from importers.registry import formats
from schemas.errors import UnknownFormat
from tests.books import new_book, plain
from tests.conftest import DATA

CANDLE = [1769904000000, 100, 103, 98, 101, 5]


def read(path: Path, **options: Any) -> Normalized:
    (part,) = open_bundle(path).parts()
    ((normalized, _),) = chunks(recognize(part, formats(), Options(**options)))
    return normalized


def prices(normalized: Normalized, *columns: str) -> list[tuple[Any, ...]]:
    table = normalized.tables["prices"].sort("source_row", "part").select(columns)
    return [tuple(plain(cell) for cell in row) for row in table.iter_rows()]


def dumped(folder: Path, name: str, document: Any) -> Path:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


# ------------------------------------------------------------------------------------------------ Binance


def test_candles_without_a_header_are_known_by_their_rows_and_their_name() -> None:
    normalized = read(DATA / "plain" / "BTCUSDT-1m-2025-12.csv")
    assert {("BTCUSDT", "last")} == set(prices(normalized, "symbol", "kind"))
    assert prices(normalized, "source_row") == [(1,), (1,), (2,), (2,)]


def test_the_folder_of_a_candle_says_which_price_it_is() -> None:
    mark, premium = open_bundle(DATA / "plain" / "candles.zip").parts()
    ((normalized, _),) = chunks(recognize(mark, candles.FORMATS, Options()))
    assert normalized.tables["prices"]["kind"].to_list() == ["mark", "mark"]
    ((normalized, _),) = chunks(recognize(premium, candles.FORMATS, Options()))
    assert normalized.rejected["reason"].to_list() == ["expected prices; a premium index is none"]


def test_candles_without_trades_and_folder_are_refused_until_the_user_says_what_they_are(tmp_path: Path) -> None:
    path = dumped(tmp_path, "BTCUSDT-1h-2026-02.csv", "1769904000000,1,3,1,2,0,1769907599999,0,3600,0,0,0\n")
    (reason,) = read(path).rejected["reason"].to_list()
    assert "--format binance_public.mark_klines or .index_klines" in reason
    for kind in ("mark", "index"):
        named = read(path, format=f"binance_public.{kind}_klines")
        assert prices(named, "kind", "price") == [(kind, "1"), (kind, "2")]


def test_an_hour_in_which_nobody_traded_is_no_mark_price(tmp_path: Path) -> None:
    path = dumped(tmp_path, "BTCUSDT-1h-2026-02.csv", "1769904000000,2,2,2,2,0,1769907599999,0,0,0,0,0\n")
    assert prices(read(path), "kind") == [("last",), ("last",)]


# --------------------------------------------------------------------------------------------------- ccxt


@pytest.mark.parametrize(
    ("name", "symbol", "kind", "end"),
    [
        ("BTC_USDT-1h.json", "BTC/USDT", "last", "2026-02-01T00:59:59.999Z"),
        ("btc-usdt-15m.json", "BTC/USDT", "last", "2026-02-01T00:14:59.999Z"),
        ("BTC_USDT_USDT-4h-futures.json", "BTC/USDT:USDT", "last", "2026-02-01T03:59:59.999Z"),
        ("BTC_USDT_USDT-8h-mark.json", "BTC/USDT:USDT", "mark", "2026-02-01T07:59:59.999Z"),
        ("BTC_USD-1w-index.json", "BTC/USD", "index", "2026-02-07T23:59:59.999Z"),
        ("BTC_USDT-1M.json", "BTC/USDT", "last", "2026-02-28T23:59:59.999Z"),
    ],
)
def test_the_name_of_a_file_says_pair_price_and_length(
    tmp_path: Path, name: str, symbol: str, kind: str, end: str
) -> None:
    normalized = read(dumped(tmp_path, name, [CANDLE]))
    expected = (symbol, kind, "101", datetime.fromisoformat(end))
    assert prices(normalized, "symbol", "kind", "price", "priced_at") == [expected]


def test_an_object_says_pair_and_length_itself(tmp_path: Path) -> None:
    path = dumped(tmp_path, "x.json", {"symbol": "ETH/BTC", "timeframe": "1d", "ohlcv": [CANDLE]})
    assert prices(read(path), "symbol", "priced_at") == [
        ("ETH/BTC", datetime(2026, 2, 1, 23, 59, 59, 999_000, tzinfo=UTC))
    ]


@pytest.mark.parametrize("name", ["candles.json", "BTC_USDT-8h-funding_rate.json", "BTC_USDT-1y.json"])
def test_candles_of_which_nothing_says_the_pair_are_refused(tmp_path: Path, name: str) -> None:
    rejected = read(dumped(tmp_path, name, [CANDLE])).rejected
    assert [candles.NAMED in reason for reason in rejected["reason"]] == [True]


def test_arrays_in_another_order_are_no_candles_of_ccxt(tmp_path: Path) -> None:
    open_close_high_low = [1769904000000, 100, 101, 103, 98, 5]
    path = dumped(tmp_path, "BTC_USD-1h.json", [open_close_high_low])
    with pytest.raises(UnknownFormat):
        read(path)


# --------------------------------------------------------------------------------------------------- rates


def test_a_rate_is_known_from_16_00_in_frankfurt_in_winter_and_in_summer() -> None:
    normalized = read(DATA / "prices" / "eurofxref-hist.csv")
    dollars = [row for row in prices(normalized, "symbol", "price", "priced_at") if row[0] == "EUR/USD"]
    assert dollars == [
        ("EUR/USD", "1.0875", datetime(2026, 1, 30, 15, tzinfo=UTC)),
        ("EUR/USD", "1.085", datetime(2026, 1, 29, 15, tzinfo=UTC)),
        ("EUR/USD", "1.1775", datetime(2025, 7, 1, 14, tzinfo=UTC)),
    ]


def test_a_currency_without_a_rate_has_no_price_and_days_before_2009_are_ignored() -> None:
    normalized = read(DATA / "prices" / "eurofxref-hist.csv")
    bulgarian = [row for row in prices(normalized, "symbol", "priced_at") if row[0] == "EUR/BGN"]
    assert bulgarian == [("EUR/BGN", datetime(2025, 7, 1, 14, tzinfo=UTC))]
    assert normalized.ignored.rows() == [(5, "a day before 2009, when there was nothing to value")]
    assert normalized.rejected.height == 0


def test_a_currency_that_is_new_is_told_and_not_read(tmp_path: Path) -> None:
    header = ("Date", "USD", "JPY", "GBP", "CHF", "XYZ")
    assert detect([(1, header)], rates.FORMATS, "x.csv", "x.csv").new_columns == ("XYZ",)


def test_a_day_that_is_none_is_refused(tmp_path: Path) -> None:
    path = dumped(tmp_path, "x.csv", "Date,USD,JPY,GBP,CHF\n2026-02-30,1,2,3,4\n30.01.2026,1,2,3,4\n")
    assert read(path).rejected["reason"].to_list() == [
        "expected a day as 2026-01-30; there is no such day", "expected a day as 2026-01-30"
    ]  # fmt: skip


# ---------------------------------------------------------------------------------------------------- book


def test_an_overlapping_download_of_prices_adds_only_what_is_new(tmp_path: Path) -> None:
    history = "Date,USD,JPY,GBP,CHF,\n2026-01-30,1.0875,168.4,0.84,0.94,\n2026-01-29,1.085,168.1,0.84,0.94,\n"
    with new_book(tmp_path) as book:
        first = book.import_paths([dumped(tmp_path, "a.csv", history)])
        later = history.replace("CHF,\n", "CHF,\n2026-02-02,1.09,168,0.84,0.94,\n")
        second = book.import_paths([dumped(tmp_path, "b.csv", later)])
        assert [(part.stored, part.duplicate) for part in (*first.parts, *second.parts)] == [(2, 0), (1, 2)]
        assert book.store.scalar("SELECT count(*) FROM prices") == 12
