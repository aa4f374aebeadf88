"""Hyperliquid: net and gross results, fee tokens, dates of any browser, whose liquidation it was, and lives end to end."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from importers import hyperliquid
from importers.contract import Normalized
from importers.files import open_bundle
from importers.hyperliquid.symbols import name_instrument
from importers.read import Options, chunks, recognize
from ledger.book import Book
from schemas.errors import MissingTimeZone
from tests.books import facts, imported, new_book, write
from tests.conftest import DATA

D = Decimal
SAMPLES = DATA / "hyperliquid"
FILLS = "time,coin,dir,px,sz,ntl,fee,closedPnl"
FUNDING = "time,coin,sz,side,payment,rate"
ME = "0xa11ce00000000000000000000000000000000001"
OTHER = "0xb0b0000000000000000000000000000000000002"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def read(path: Path, zone: str | None = "UTC") -> Normalized:
    (part,) = open_bundle(path).parts()
    ((normalized, _),) = chunks(recognize(part, hyperliquid.FORMATS, Options(zone=zone)))
    return normalized


def history(folder: Path, *rows: str, name: str = "trade_history.csv") -> Path:
    return write(folder, name, FILLS, rows)


def dumped(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / name
    path.write_text(json.dumps(rows))
    return path


def times(normalized: Normalized, table: str = "fills") -> list[str]:
    return [f"{at:%Y-%m-%d %H:%M:%S}" for at in normalized.rows.sort("source_row")["at"]]


# ------------------------------------------------------------------------------------------------ dates


@pytest.mark.parametrize(
    ("clocks", "expected"),
    [
        (("06/01/2025 - 17:38:42", "13/01/2025 - 00:00:01"), ("2025-01-06 17:38:42", "2025-01-13 00:00:01")),
        (("1/6/2025 - 5:38:42 PM", "1/13/2025 - 12:00:01 AM"), ("2025-01-06 17:38:42", "2025-01-13 00:00:01")),
        (("20.05.2025 02:00:00", "01.06.2025 03:00:00"), ("2025-05-20 02:00:00", "2025-06-01 03:00:00")),
        (("01-06-2025 02:00:00", "30-05-2025 02:00:00"), ("2025-06-01 02:00:00", "2025-05-30 02:00:00")),
        (
            ("02/05/2025 - 10:00:00", "01/06/2025 - 10:00:00", "03/06/2025 - 10:00:00"),
            ("2025-05-02 10:00:00", "2025-06-01 10:00:00", "2025-06-03 10:00:00"),
        ),
    ],
)
def test_the_column_proves_the_order_of_day_and_month(
    tmp_path: Path, clocks: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    rows = [f"{clock},ETH,Open Long,2500,0.4,1000,0.45,-0.45" for clock in clocks]
    assert list(expected) == times(read(history(tmp_path, *rows)))


def test_dates_that_fit_both_orders_are_rejected_unless_the_name_of_the_file_tells(tmp_path: Path) -> None:
    row = "05/06/2025 - 14:00:00,ETH,Open Long,2500,0.4,1000,0.45,-0.45"
    rejected = read(history(tmp_path, row)).rejected
    assert rejected.rows() == [
        (2, "time", "05/06/2025 - 14:00:00",
         "expected a date and a time; the dates of the file have to fit just one of DMY, MDY, or its name to say which: "
         "`export (DMY).csv`"),
    ]  # fmt: skip
    assert ["2025-05-06 14:00:00"] == times(read(history(tmp_path, row, name="trade_history (MDY).csv")))


def test_dates_that_fit_no_common_order_are_rejected_where_they_do_not_fit(tmp_path: Path) -> None:
    rows = [f"{clock},ETH,Open Long,2500,0.4,1000,0.45,-0.45" for clock in
            ("13/06/2025 - 14:00:00", "06/13/2025 - 14:00:00", "14/06/2025 - 14:00:00")]  # fmt: skip
    normalized = read(history(tmp_path, *rows))
    assert [3] == normalized.rejected["source_row"].to_list()
    assert 2 == len(normalized.rows)


def test_the_browsers_zone_is_never_assumed(tmp_path: Path) -> None:
    path = history(tmp_path, "13/06/2025 - 14:00:00,ETH,Open Long,2500,0.4,1000,0.45,-0.45")
    with pytest.raises(MissingTimeZone):
        read(path, zone=None)
    assert ["2025-06-13 18:00:00"] == times(read(path, zone="America/New_York"))


# ------------------------------------------------------------------------------------------------ fills


def test_the_app_states_results_after_the_fee_and_the_api_before_it() -> None:
    def results(name: str) -> dict[tuple[str, Decimal, str], Decimal]:
        rows = read(SAMPLES / name).tables["fills"].filter(pl.col("product") == "perpetual")
        return {(symbol, price, side): result for symbol, price, side, result
                in rows.select("symbol", "price", "side", "realized_stated").iter_rows()}  # fmt: skip

    app, api = results("trade_history.csv"), results("userFills.json")
    assert app == {key: api[key] for key in app}
    assert D("14.75") == app["ETH", D(2180), "sell"] and D("-45") == app["BTC", D(94000), "buy"]


def test_an_opening_fill_realizes_nothing_though_the_app_prints_its_fee(tmp_path: Path) -> None:
    row = "13/06/2025 - 14:00:00,ETH,Open Long,2500,0.4,1000,0.45009,-0.45009000000000005"
    (fill,) = read(history(tmp_path, row)).tables["fills"].to_dicts()
    assert (D(0), "open", "both") == (fill["realized_stated"], fill["effect"], fill["position_side"])


@pytest.mark.parametrize(
    ("direction", "side", "effect", "execution", "mode"),
    [
        ("Open Long", "buy", "open", "trade", None), ("Close Long", "sell", "close", "trade", None),
        ("Open Short", "sell", "open", "trade", None), ("Close Short", "buy", "close", "trade", None),
        ("Long > Short", "sell", None, "trade", None), ("Short > Long", "buy", None, "trade", None),
        ("Liquidated Isolated Long", "sell", "close", "liquidation", "isolated"),
        ("Liquidated Isolated Short", "buy", "close", "liquidation", "isolated"),
        ("Liquidated Cross Long", "sell", "close", "liquidation", "cross"),
        ("Liquidated Cross Short", "buy", "close", "liquidation", "cross"),
        ("Liquidated Some Day Short", "buy", "close", "liquidation", None),
    ],
)  # fmt: skip
def test_a_direction_says_side_effect_and_force(
    tmp_path: Path, direction: str, side: str, effect: str | None, execution: str, mode: str | None
) -> None:
    row = f"13/06/2025 - 14:00:00,ETH,{direction},2500,0.4,1000,0.45,-0.45"
    (fill,) = read(history(tmp_path, row)).tables["fills"].to_dicts()
    assert (side, effect, execution, mode) == (fill["side"], fill["effect"], fill["execution"], fill["margin_mode"])


@pytest.mark.parametrize("direction", ["Auto-Deleveraging", "Settlement", "Something New"])
def test_what_names_no_side_in_the_app_is_rejected(tmp_path: Path, direction: str) -> None:
    row = f"13/06/2025 - 14:00:00,ETH,{direction},2500,0.4,1000,0,12"
    assert read(history(tmp_path, row)).rejected.rows() == [
        (2, "dir", direction,
         "unmapped: expected a direction as Open Long, Long > Short, Buy, Liquidated Cross Long; Auto-Deleveraging and "
         "Settlement name no side here: import the API's userFills"),
    ]  # fmt: skip


def test_a_spot_buy_pays_its_fee_in_what_it_buys() -> None:
    fills = read(SAMPLES / "trade_history.csv").tables["fills"].filter(pl.col("product") == "spot")
    assert [("buy", D("0.007"), "HYPE"), ("sell", D("0.0623"), "USDC"), ("sell", D(0), "USDC")] == fills.sort(
        "source_row"
    ).select("side", "fee", "fee_asset").rows()


def api_fill(**cells: Any) -> dict[str, Any]:
    return {
        "coin": "SOL", "px": "150.0", "sz": "2.0", "side": "A", "time": 1741944600000, "startPosition": "2.0",
        "dir": "Close Long", "closedPnl": "-9.0", "hash": "0x0", "oid": 1, "crossed": True, "fee": "0.135", "tid": 5,
        "feeToken": "USDC", "twapId": None,
    } | cells  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "execution", "stage"),
    [
        ({"dir": "Liquidated Cross Long"}, "liquidation", None),
        ({"dir": "Liquidated Cross Long", "liquidation": {"liquidatedUser": ME, "markPx": "149", "method": "backstop"}},
         "liquidation", "takeover"),
        ({"liquidation": {"liquidatedUser": ME, "markPx": "149", "method": "market"}}, "liquidation", None),
        ({"crossed": False, "liquidation": {"liquidatedUser": OTHER, "markPx": "149", "method": "market"}}, "trade", None),
        ({"dir": "Open Short", "crossed": False, "liquidation": {"liquidatedUser": OTHER, "markPx": "1", "method": "market"}},
         "trade", None),
        ({"dir": "Auto-Deleveraging", "crossed": False}, "adl", "adl"),
        ({"dir": "Settlement"}, "settlement", None),
    ],
)  # fmt: skip
def test_who_rests_in_the_book_was_not_liquidated(
    tmp_path: Path, cells: dict[str, Any], execution: str, stage: str | None
) -> None:
    normalized = read(dumped(tmp_path, "fills.json", [api_fill(**cells)]))
    (fill,) = normalized.tables["fills"].to_dicts()
    forced = normalized.tables.get("liquidations")
    assert execution == fill["execution"]
    assert stage == (None if forced is None else forced["stage"][0])
    assert (forced is not None) == (execution in ("liquidation", "adl"))


def test_both_sides_of_a_trade_with_oneself_are_kept(book: Book, tmp_path: Path) -> None:
    mine = [api_fill(dir="Open Long", side="B", closedPnl="0.0"), api_fill(closedPnl="0.0", crossed=False)]
    imported(book, dumped(tmp_path, "fills.json", mine))
    assert facts(book, "positions", "status", "max_quantity", "trading_fees") == [("closed", "2", "0.27")]


@pytest.mark.parametrize(
    ("coin", "instrument", "product"),
    [
        ("BTC", "BTC/USDC:USDC", "perpetual"), ("kPEPE", "kPEPE/USDC:USDC", "perpetual"),
        ("xyz:SNDK", "XYZ-SNDK/USDC:USDC", "perpetual"), ("HYPE/USDC", "HYPE/USDC", "spot"),
        ("@107", "HYPE/USDC", "spot"), ("@9999", None, "spot"),
    ],
)  # fmt: skip
def test_a_coin_says(coin: str, instrument: str | None, product: str) -> None:
    named = name_instrument(coin, None)
    assert named is not None
    assert (instrument, product) == (named.instrument, named.product)


def test_a_perpetual_of_another_dex_is_settled_in_the_token_that_pays_its_fees() -> None:
    named = name_instrument("abc:GOLD", "USDH")
    assert named is not None and ("ABC-GOLD/USDH:USDH", "linear") == (named.instrument, named.style)


# ---------------------------------------------------------------------------------------------- funding


def test_two_rows_of_a_coin_and_hour_are_two_sub_accounts(book: Book, tmp_path: Path) -> None:
    rows = ["20/05/2025 02:00:00,ETH,1.2,Short,0.037512,0.0000125", "20/05/2025 02:00:00,ETH,0.4,Short,0.0125,0.0000125",
            "20/05/2025 03:00:00,ETH,1.2,Short,-0.004501,-0.0000015"]  # fmt: skip
    report = imported(book, write(tmp_path, "funding_history.csv", FUNDING, rows), timezone="UTC", max_rejects=0.5)
    (line,) = report.parts[0].reject_lines
    assert "changed: the same id stands with other content at funding_history.csv:2" in line


def test_a_record_of_several_hours_states_no_rate() -> None:
    funding = read(SAMPLES / "userFunding.json").tables["funding"].sort("source_row")
    assert [True] * 5 + [False] == funding["rate"].is_not_null().to_list()
    assert ["long", "long", "long", "short", "short", "long"] == funding["position_side"].to_list()


# ------------------------------------------------------------------------------------------ the ledger


def update(at: int, **delta: Any) -> dict[str, Any]:
    return {"time": 1741000000000 + at * 1000, "hash": f"0x{at:064x}", "delta": delta}


def test_the_address_that_all_payments_share_is_the_accounts(tmp_path: Path) -> None:
    third = "0xc0c0000000000000000000000000000000000003"
    rows = [update(1, type="internalTransfer", usdc="5", user=ME, destination=OTHER, fee="1"),
            update(2, type="internalTransfer", usdc="7", user=third, destination=ME, fee="1")]  # fmt: skip
    moved = read(dumped(tmp_path, "updates.json", rows)).tables["transfers"].sort("source_row")
    assert [(D(-5), "withdrawal", D(1)), (D(7), "deposit", D(0))] == moved.select("amount", "kind", "fee").rows()


def test_a_lone_payment_needs_the_address_in_the_name_of_the_file(tmp_path: Path) -> None:
    rows = [update(1, type="internalTransfer", usdc="5", user=ME, destination=OTHER, fee="1")]
    assert read(dumped(tmp_path, "updates.json", rows)).rejected.rows() == [
        (1, "delta.user", ME,
         "expected the account's address: name the file after it (0x....json), or import payments that have just one "
         "address in common"),
    ]  # fmt: skip
    for owner, amount in ((ME, D(-5)), (OTHER.upper().replace("0X", "0x"), D(5))):
        assert amount == read(dumped(tmp_path, f"{owner}.json", rows)).tables["transfers"]["amount"][0]


def test_a_type_that_nobody_has_described_is_rejected() -> None:
    assert read(next(SAMPLES.glob("userNon*.json"))).rejected.select("text", "reason").rows() == [
        ("activateDexAbstraction", "unmapped: expected a type as deposit, send, borrowLend"),
    ]


# ------------------------------------------------------------------------------------------------- lives


def life(folder: Path, *, app: bool, api: bool) -> list[Path]:
    """Write a life as the app or the API states it, or both; the deposits are the API's only."""
    folder.mkdir(parents=True, exist_ok=True)
    app_rows = ["13/06/2025 - 09:30:00,ETH,Open Short,2600,2,5200,2.34,-2.34",
                "13/06/2025 - 11:15:10,ETH,Short > Long,2550,3,7650,3.4425,96.5575",
                "14/06/2025 - 08:00:05,ETH,Liquidated Cross Long,2400,1,2400,0,-150"]  # fmt: skip
    paid = ["13/06/2025 10:00:00,ETH,2,Short,0.0652,0.0000125", "13/06/2025 12:00:00,ETH,1,Long,-0.0319,0.0000125"]
    paths = [dumped(folder, f"updates-{ME}.json", [
        {"time": 1749800000000, "hash": "0x1", "delta": {"type": "deposit", "usdc": "1000.0"}},
        {"time": 1749900000000, "hash": "0x2", "delta": {"type": "withdraw", "usdc": "200.0", "nonce": 1, "fee": "1.0"}},
    ])]  # fmt: skip
    if app:
        paths += [history(folder, *app_rows), write(folder, "funding_history.csv", FUNDING, paid)]
    if api:
        paths.append(dumped(folder, "fills.json", [
            api_fill(coin="ETH", px="2400", sz="1", time=1749888005123, dir="Liquidated Cross Long", closedPnl="-150",
                     fee="0", tid=3, oid=3),
            api_fill(coin="ETH", px="2550", sz="3", side="B", time=1749813310050, dir="Short > Long", closedPnl="100",
                     fee="3.4425", tid=2, oid=2),
            api_fill(coin="ETH", px="2600", sz="2", time=1749807000999, dir="Open Short", closedPnl="0.0", fee="2.34", tid=1),
        ]))  # fmt: skip
        paths.append(dumped(folder, "funding.json", [
            {"time": at, "hash": "0x0", "delta": {"type": "funding", "coin": "ETH", "usdc": usdc, "szi": szi,
                                                  "fundingRate": "0.0000125", "nSamples": None}}
            for at, usdc, szi in ((1749808800044, "0.0652", "-2"), (1749816000012, "-0.0319", "1"))
        ]))  # fmt: skip
    return paths


EXPECTED = [
    ("short", "closed", "2600", "2", "100", "4.635", "0.0652", "95.4302"),
    ("long", "liquidated", "2550", "1", "-150", "1.1475", "-0.0319", "-151.1794"),
]
CASH = D(1000) - 201 + 100 - 150 - D("2.34") - D("3.4425") + D("0.0652") - D("0.0319")


@pytest.mark.parametrize(("app", "api"), [(True, False), (False, True), (True, True)])
def test_a_life_ends_alike_by_the_app_the_api_or_both(book: Book, tmp_path: Path, app: bool, api: bool) -> None:
    paths = life(tmp_path / "exports", app=app, api=api)
    for path in reversed(paths):
        imported(book, path, timezone="UTC")
    columns = ("side", "status", "entry_price", "max_quantity", "gross_pnl", "trading_fees", "funding", "net_pnl")
    assert EXPECTED == facts(book, "positions", *columns)
    assert [("ETH", "long", "full", "1", "150")] == facts(
        book, "liquidations", "symbol", "side", "stage", "quantity", "loss"
    )
    assert [("USDC", f"{CASH.normalize():f}")] == facts(book, "balances", "asset", "computed")
    again = book.import_paths(paths)
    assert 0 == sum(part.stored for part in again.parts)
    assert [] == [name for name, frame in book.check().items() if frame.height]


def test_a_stated_position_is_compared_with_the_fills(book: Book, tmp_path: Path) -> None:
    imported(book, SAMPLES / "userFills.json", SAMPLES / "clearinghouseState.json")
    sentences = [
        sentence for kind, sentence in facts(book, "findings", "kind", "sentence") if kind == "stated_position"
    ]
    assert sentences == [
        "the venue states a position of -0.4 ETH at 2025-03-14 12:34:56Z, the fills make 0; fills may be missing"
    ]
