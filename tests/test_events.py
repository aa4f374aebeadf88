"""Liquidations that a book shows: what tells them, what belongs together, and what their lines in reports say."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ledger.book import Book
from ledger.liquidating import listing
from ledger.liquidating.event import Event
from ledger.liquidating.events import find_events
from ledger.liquidating.listing import Judged
from ledger.liquidating.pots import Pot, pot_of
from reports.contract import Params, run
from reports.registry import REPORTS
from tests.books import facts, imported, new_book, plain, write

D = Decimal
FILLS = "filled_at,symbol,instrument,product,side,quantity,price,execution,order_ref,margin_mode,settle_asset,style,fee,fee_asset,trade_ref"
ORDERS = "liquidated_at,symbol,side,quantity,price,mark_price,bankruptcy_price,stage,order_ref,margin_mode"
MOVES = "moved_at,pool,asset,amount,cause,symbol,transaction_ref"
REPAID = "repaid_at,asset,amount,kind"
SNAPSHOTS = "stated_at,symbol,quantity,bankruptcy_price,margin_mode"
FUNDING = "paid_at,symbol,asset,amount"
SALES = "liquidated_at,symbol,side,quantity,price,stage,loan_ref,debt_asset,debt_repaid,fee,fee_asset"
TERMS = "symbol,product,settle,multiplier,style"
SETTLED = {"BTCUSDT": "BTC/USDT:USDT", "ETHUSDT": "ETH/USDT:USDT", "SOLUSDC": "SOL/USDC:USDC", "XBTUSD": "BTC/USD:BTC"}


@pytest.fixture
def book(tmp_path: Path) -> Any:
    with new_book(tmp_path) as opened:
        yield opened


class Desk:
    """An account whose rows are written as plain files, one wallet a book."""

    def __init__(self, folder: Path, wallet: str = "usdm") -> None:
        self.folder, self.wallet = folder, wallet
        self.rows: dict[str, list[str]] = {}
        self.headers = {
            "fills": FILLS,
            "orders": ORDERS,
            "moves": MOVES,
            "repaid": REPAID,
            "snapshots": SNAPSHOTS,
            "funding": FUNDING,
        }
        self.number = 0

    def add(self, table: str, *cells: object) -> None:
        self.rows.setdefault(table, []).append(",".join("" if cell is None else str(cell) for cell in cells))

    def fill(
        self, clock: str, symbol: str, side: str, quantity: str, price: str, execution: str = "trade", *,
        order: str | None = None, mode: str | None = None, product: str = "perpetual", fee: str = "0",
    ) -> None:  # fmt: skip
        self.number += 1
        named = SETTLED.get(symbol, "")
        settle = named.rpartition(":")[2] or "USDT"
        self.add("fills", at(clock), symbol, named, product, side, quantity, price, execution, order, mode, settle,
                 "inverse" if settle == "BTC" else "linear", fee, settle, f"t{self.number}")  # fmt: skip

    def order(self, clock: str, symbol: str, side: str, **cells: str) -> None:
        names = ORDERS.split(",")[3:]
        self.add("orders", at(clock), symbol, side, *(cells.get(name) for name in names))

    def move(self, clock: str, amount: str, cause: str, symbol: str | None = None, asset: str = "USDT") -> None:
        self.number += 1
        self.add("moves", at(clock), "asset", asset, amount, cause, symbol, f"m{self.number}")

    def files(self) -> list[Path]:
        terms = write(self.folder, "terms.csv", TERMS, [
            f"{symbol},perpetual,{named.rpartition(':')[2]},1,{'inverse' if named.endswith('BTC') else 'linear'}"
            for symbol, named in SETTLED.items()])  # fmt: skip
        return [
            terms,
            *(write(self.folder, f"{name}.csv", self.headers[name], rows) for name, rows in self.rows.items()),
        ]

    def events(self, book: Book) -> list[Event]:
        imported(book, *self.files(), wallet=self.wallet)
        found = find_events(book.store)
        forced = book.store.rows("SELECT position_id, leg_no FROM legs WHERE execution IN ('liquidation', 'adl')")
        held = [key for event in found for key in event.leg_keys]
        assert len(held) == len(set(held)) and set(forced) <= set(held)
        assert len(found) == len(set(named(found))) and all(event.started_at <= event.ended_at for event in found)
        return found


def at(clock: str) -> str:
    return f"2026-02-{clock.replace(' ', 'T')}Z"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "exports")


def named(events: Sequence[Event]) -> list[str]:
    return [event.liquidation_id for event in events]


def symbols(events: Sequence[Event]) -> list[list[str]]:
    """Return the symbols of the positions of each event, the largest loss first."""
    return [[name.split(":")[1] for name in event.position_ids] for event in events]


def lines(
    book: Book, *columns: str, judged: dict[str, Judged] | None = None, name: str = "liquidations", **words: Any
) -> list[tuple[Any, ...]]:
    """Return some columns of a report with what audits would have judged, without auditing anything."""
    listing.stage(book.store, find_events(book.store), judged or {})
    frame = run(REPORTS[name], book.store.query, Params(by="year", **words)).select(columns)
    return [tuple(plain(cell) for cell in row) for row in frame.iter_rows()]


def by_day(events: Sequence[Event]) -> dict[int, list[Event]]:
    found: dict[int, list[Event]] = {}
    for event in events:
        found.setdefault(event.started_at.day, []).append(event)
    return found


# --------------------------------------------------------------------------------------- what belongs together


def losers(desk: Desk, day: str = "01", mode: str | None = None) -> None:
    """Hold three losers, which are liquidated within a minute; one of them settles in another currency."""
    desk.fill(f"{day} 10:00:00", "BTCUSDT", "buy", "1", "40000", mode=mode)
    desk.fill(f"{day} 10:00:00", "ETHUSDT", "sell", "100", "2000", mode=mode)
    desk.fill(f"{day} 10:00:00", "SOLUSDC", "buy", "5", "100", mode=mode)
    desk.fill(f"{day} 12:00:00", "ETHUSDT", "buy", "100", "2100", "liquidation", mode=mode)
    desk.fill(f"{day} 12:00:30", "BTCUSDT", "sell", "1", "36000", "liquidation", mode=mode)
    desk.fill(f"{day} 12:00:40", "SOLUSDC", "sell", "5", "90", "liquidation", mode=mode)


def test_a_cross_wallet_is_liquidated_as_one_and_isolated_positions_one_by_one(book: Book, desk: Desk) -> None:
    losers(desk)
    losers(desk, "02", "isolated")
    dollars, other, *isolated = desk.events(book)
    assert "liq:plain:ETHUSDT:short:20260201T1200:1" == dollars.liquidation_id
    assert [["ETHUSDT", "BTCUSDT"], ["SOLUSDC"]] == symbols([dollars, other])
    assert ("contract", "USDT", "full", False) == (dollars.kind, dollars.settle_asset, dollars.stage, dollars.is_adl)
    assert ("USDC", "long") == (other.settle_asset, other.side)
    assert (2, 2) == (len(dollars.leg_keys), len(dollars.rows))
    assert ["liq:plain:ETHUSDT:short:20260201T1200:1"] == [
        name for name, in lines(book,  "liquidation_id", symbol="BTC/USDT:USDT", to=dollars.ended_at)]  # fmt: skip
    assert ["2 times: fill that plain.fills states as liquidation"] == list(dollars.found_by)
    assert [["ETHUSDT"], ["BTCUSDT"], ["SOLUSDC"]] == symbols(isolated)
    assert [None, None, *["isolated"] * 3] == [event.margin_mode for event in (dollars, other, *isolated)]


def test_an_account_of_all_is_one_pot_and_statements_tell_which_positions_were_isolated(
    book: Book, tmp_path: Path
) -> None:
    desk = Desk(tmp_path / "exports", "unified")
    losers(desk)
    losers(desk, "02")
    desk.add("snapshots", at("02 12:00:30"), "BTCUSDT", "0", None, "isolated")
    desk.add("snapshots", at("02 09:00:00"), "ETHUSDT", "0", None, "isolated")  # before it was opened
    whole, rest, isolated = desk.events(book)
    assert ("unified", ["ETHUSDT", "BTCUSDT", "SOLUSDC"]) == (whole.kind, symbols([whole])[0])
    assert [["ETHUSDT", "SOLUSDC"], ["BTCUSDT"]] == symbols([rest, isolated])
    assert [("unified", None), ("contract", "isolated")] == [
        (event.kind, event.margin_mode) for event in (rest, isolated)
    ]


@pytest.mark.parametrize(("place", "product", "mode", "expected"), [
    (("a", "bybit", "unified"), "perpetual", None, Pot("unified", "a", "bybit", "unified")),
    (("a", "deribit", "unified"), "future", None, Pot("contract", "a", "deribit", "unified", settle_asset="BTC")),
    (("a", "binance", "coinm"), "perpetual", "cross", Pot("contract", "a", "binance", "coinm", settle_asset="BTC")),
    (("a", "binance", "coinm"), "perpetual", "isolated", Pot("contract", "a", "binance", "coinm", position_id="p")),
    (("a", "binance", "cross_margin"), "margin", None, Pot("margin", "a", "binance", "cross_margin")),
    (("a", "binance", "isolated_margin"), "margin", None, Pot("margin", "a", "binance", "isolated_margin", pair="X")),
    (("a", "kraken", "spot"), "margin", "cross", Pot("margin", "a", "kraken", "spot")),
])  # fmt: skip
def test_what_a_venue_takes_at_once(place: tuple[str, str, str], product: str, mode: str | None, expected: Pot) -> None:
    found = pot_of(place, product=product, margin_mode=mode, pair=None, symbol="X", position="p", settle_asset="BTC")
    assert expected == found


STAGES = (
    # what else was traded, when the second stage was, the stage of each event
    ((), "12:40:00", ["full"]),
    ((), "13:00:00", ["full"]),
    ((), "13:00:01", ["partial", "full"]),
    ((("12:10:00", "ETHUSDT", "sell", "1", "1900"),), "12:40:00", ["partial", "full"]),
    ((("12:10:00", "SOLUSDC", "sell", "1", "90"),), "12:40:00", ["full"]),
    ((("12:00:00", "ETHUSDT", "sell", "1", "1900"),), "12:40:00", ["full"]),
    ((("12:10:00", "BTCUSDT", "buy", "0.5", "36100"),), "12:40:00", ["partial", "partial"]),
)
MOVED = (("deposit", "USDT", 2), ("transfer", "USDT", 2), ("funding", "USDT", 1), ("deposit", "USDC", 1))
"""What moved between two stages, and how many events they are."""


def stages(desk: Desk, day: str, *between: tuple[str, ...], second: str = "12:40:00") -> None:
    """Liquidate a long in two stages, with other fills between them."""
    desk.fill(f"{day} 10:00:00", "BTCUSDT", "buy", "2", "40000")
    desk.fill(f"{day} 10:00:01", "ETHUSDT", "buy", "4", "2000")
    desk.fill(f"{day} 10:00:02", "SOLUSDC", "buy", "4", "100")
    desk.fill(f"{day} 12:00:00", "BTCUSDT", "sell", "1", "36000", "liquidation")
    for clock, symbol, side, quantity, price in between:
        desk.fill(f"{day} {clock}", symbol, side, quantity, price)
    desk.fill(f"{day} {second}", "BTCUSDT", "sell", "1", "35000", "liquidation")


def test_stages_within_an_hour_are_one_unless_the_owner_traded_in_that_pot_between(book: Book, desk: Desk) -> None:
    for day, (between, second, _) in enumerate(STAGES, start=1):
        stages(desk, f"{day:02d}", *between, second=second)
    found = by_day(desk.events(book))
    assert [expected for *_, expected in STAGES] == [[event.stage for event in found[day]] for day in sorted(found)]


def test_money_that_comes_between_two_stages_parts_them(book: Book, desk: Desk) -> None:
    for day, (cause, asset, _) in enumerate(MOVED, start=1):
        stages(desk, f"{day:02d}")
        desk.move(f"{day:02d} 12:20:00", "500", cause, asset=asset)
    found = by_day(desk.events(book))
    assert [count for *_, count in MOVED] == [len(found[day]) for day in sorted(found)]


def test_a_winner_that_is_deleveraged_is_told_apart_and_what_is_left_of_a_loser_is_not(book: Book, desk: Desk) -> None:
    desk.fill("01 10:00:00", "BTCUSDT", "buy", "1", "40000")
    desk.fill("01 10:00:00", "ETHUSDT", "sell", "4", "2000")
    desk.fill("01 12:00:00", "BTCUSDT", "sell", "1", "36000", "liquidation")
    desk.fill("01 12:00:05", "ETHUSDT", "buy", "4", "1800", "adl")
    desk.fill("02 10:00:00", "BTCUSDT", "buy", "2", "40000")
    desk.fill("02 12:00:00", "BTCUSDT", "sell", "1", "36000", "liquidation")
    desk.fill("02 12:00:05", "BTCUSDT", "sell", "1", "35900", "adl")
    found = desk.events(book)
    assert [(False, "full"), (True, "adl"), (False, "full")] == [(event.is_adl, event.stage) for event in found]
    assert [["BTCUSDT"], ["ETHUSDT"], ["BTCUSDT"]] == symbols(found) and 2 == len(found[2].leg_keys)
    assert ["4000", "-800", "8100"] == [loss for (loss,) in lines(book, "loss")]


# ------------------------------------------------------------------------------------------- what tells them


INSURED = (
    # when the insurance came, of what, the price of the close, whether the close was forced
    ("12:00:03", "BTCUSDT", "36000", "insurance row within 3 s"),
    ("12:00:03", None, "36000", "insurance row within 3 s"),
    ("11:59:59", "BTCUSDT", "36000", "insurance row within 1 s"),
    ("12:00:11", "BTCUSDT", "36000", None),
    ("12:00:03", "ETHUSDT", "36000", None),
    ("12:00:03", "BTCUSDT", "41000", None),
)


def closed_by_trade(desk: Desk, day: str = "01", price: str = "36000") -> None:
    desk.fill(f"{day} 10:00:00", "BTCUSDT", "buy", "1", "40000")
    desk.fill(f"{day} 12:00:00", "BTCUSDT", "sell", "1", price)


def test_insurance_within_seconds_of_a_losing_close_tells_a_liquidation(book: Book, desk: Desk) -> None:
    for day, (clock, symbol, price, _) in enumerate(INSURED, start=1):
        closed_by_trade(desk, f"{day:02d}", price)
        desk.move(f"{day:02d} {clock}", "12.5", "insurance", symbol)
    desk.fill("09 12:00:00", "BTCUSDT", "buy", "1", "36000")
    desk.move("09 12:00:03", "12.5", "insurance", "BTCUSDT")
    found = by_day(desk.events(book))
    expected = {day: [told] for day, (*_, told) in enumerate(INSURED, start=1) if told is not None}
    assert expected == {day: list(event.found_by) for day, (event,) in found.items()}
    columns = ("stage", "quantity", "insurance", "loss")
    assert [("full", "1", "12.5", "3987.5")] * 3 == lines(book, *columns)


def test_a_fee_of_which_no_fill_can_be_told_is_a_liquidation_of_unknown_size(book: Book, desk: Desk) -> None:
    closed_by_trade(desk)
    desk.fill("01 10:00:00", "ETHUSDT", "buy", "1", "2000")
    desk.fill("01 12:00:01", "ETHUSDT", "sell", "1", "1900")
    desk.move("01 12:00:03", "-40", "liquidation_fee")  # of either
    desk.move("02 12:00:00", "-30", "liquidation_fee", "SOLUSDC", asset="USDC")  # of fills that are not there
    desk.move("02 12:00:01", "5", "insurance", "SOLUSDC", asset="USDC")
    either, alone = desk.events(book)
    assert ("USDT", "?", "unknown", ()) == (either.symbol, either.side, either.stage, tuple(either.leg_keys))
    assert "liq:plain:SOLUSDC:?:20260202T1200:1" == alone.liquidation_id
    assert ["liquidation fee row of which the book has no fill", "insurance row within 1 s"] == list(alone.found_by)
    assert lines(book, "side", "quantity", "liquidation_fee", "insurance", "loss", "fee") == [
        (None, None, "40", None, None, None), (None, None, "30", "5", None, None),
    ]  # fmt: skip


def test_the_last_bankruptcy_price_that_was_stated_tells_and_an_older_one_does_not(book: Book, desk: Desk) -> None:
    closed_by_trade(desk)
    desk.fill("02 10:00:00", "ETHUSDT", "buy", "1", "2000")
    desk.fill("02 12:00:00", "ETHUSDT", "sell", "1", "1800")
    for clock, symbol, price in (("01 10:30:00", "BTCUSDT", "36500"), ("01 11:30:00", "BTCUSDT", "36000"),
                                 ("02 10:30:00", "ETHUSDT", "1800"), ("02 11:30:00", "ETHUSDT", "1790")):  # fmt: skip
        desk.add("snapshots", at(clock), symbol, "1", price, None)
    (event,) = desk.events(book)
    assert ("BTCUSDT", Fraction(36000)) == (event.symbol, event.bankruptcy_price)
    assert ["fill at the bankruptcy price that the venue stated"] == list(event.found_by)


def test_rows_of_the_venue_tell_without_fills_and_say_of_fills_how_they_were_margined(book: Book, desk: Desk) -> None:
    desk.order("01 11:00:00", "BTCUSDT", "sell", stage="margin_call")
    desk.fill("01 10:00:00", "BTCUSDT", "buy", "2", "40000")
    desk.fill("01 10:00:00", "ETHUSDT", "buy", "1", "2000")
    desk.fill("01 12:00:00", "BTCUSDT", "sell", "2", "36000", order="o1")
    desk.fill("01 12:00:01", "ETHUSDT", "sell", "1", "1800", order="o2")
    desk.order(
        "01 12:00:00", "BTCUSDT", "sell", order_ref="o1", margin_mode="isolated", mark_price="36100", stage="full"
    )
    desk.order("01 12:00:01", "ETHUSDT", "sell", order_ref="o2", stage="full")
    desk.fill("02 10:00:00", "BTCUSDT", "buy", "2", "40000")
    unfilled_order = {"quantity": "2", "price": "36000", "mark_price": "36100", "order_ref": "o3"}
    desk.order("02 12:00:00", "BTCUSDT", "sell", **unfilled_order, stage="takeover")
    desk.order("02 12:00:01", "BTCUSDT", "sell", **unfilled_order, stage="full")  # the same order in another list
    first, second, unfilled = desk.events(book)
    assert ["isolated", None] == [first.margin_mode, second.margin_mode]
    assert (Fraction(36100), "order o1 that the venue lists as liquidation") == (first.mark_price, first.found_by[0])
    assert (["plain/usdm:BTCUSDT:long:20260202T1000:1"], "takeover", "USDT") == (
        list(unfilled.position_ids), unfilled.stage, unfilled.settle_asset)  # fmt: skip
    assert ["order o3 that the venue lists as liquidation"] == list(unfilled.found_by)
    columns = ("quantity", "trigger_price", "average_price", "loss", "slippage")
    assert lines(book, *columns) == [
        ("2", "36100", "36000", "8000", "-200"), ("1", None, "1800", "200", None), ("2", "36100", "36000", None, None),
    ]  # fmt: skip


def test_a_forced_repayment_alone_is_a_liquidation_and_with_fills_a_part_of_one(book: Book, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "exports", "cross_margin")
    desk.add("repaid", at("01 12:00:00"), "USDT", "1000", "forced")
    desk.add("repaid", at("02 12:00:00"), "USDT", "1000", "manual")
    desk.add("repaid", at("03 12:00:04"), "USDT", "900", "forced")
    desk.add("repaid", at("03 12:00:05"), "USDT", "1", "auto")
    desk.fill("03 10:00:00", "BTCUSDT", "buy", "1", "40000", product="margin")
    desk.fill("03 12:00:00", "BTCUSDT", "sell", "1", "36000", "liquidation", product="margin")
    imported(book, write(desk.folder, "borrowed.csv", "borrowed_at,asset,amount,kind", [
        f"{at('01 08:00:00')},USDT,50000,manual"]), wallet="cross_margin")  # fmt: skip
    alone, filled = desk.events(book)
    assert ("USDT", "margin", "cross", ["forced repayment"]) == (
        alone.symbol, alone.kind, alone.margin_mode, list(alone.found_by))  # fmt: skip
    assert ("BTCUSDT", 3) == (filled.symbol, len(filled.rows))
    assert "forced repayment within 4 s" in filled.found_by
    assert "12:00:05" == f"{filled.ended_at:%H:%M:%S}"


# ------------------------------------------------------------------------------------------------- loans


def test_sales_of_collateral_within_the_hour_are_one_event_unless_something_was_repaid_between(
    book: Book, tmp_path: Path
) -> None:
    sales = (("L1", "05 12:00:00", "0.5"), ("L1", "05 12:30:00", "0.25"), ("L1", "05 14:00:00", "0.1"),
             ("L2", "07 12:00:00", "0.5"), ("L2", "07 12:30:00", "0.5"))  # fmt: skip
    folder = tmp_path / "exports"
    imported(
        book,
        write(
            folder,
            "pledged.csv",
            "moved_at,asset,amount,kind,loan_ref",
            [f"{at('01 08:00:00')},BTC,-2,pledged,{loan}" for loan in ("L1", "L2")],
        ),
        write(
            folder,
            "borrowed.csv",
            "borrowed_at,asset,amount,kind,loan_ref",
            [f"{at('01 09:00:00')},USDT,60000,loan,{loan}" for loan in ("L1", "L2")],
        ),
        write(
            folder,
            "sales.csv",
            SALES,
            [
                f"{at(clock)},BTC,sell,{size},36000,collateral_sale,{loan},USDT,{D(size) * 36000},10,USDT"
                for loan, clock, size in sales
            ],
        ),
        write(folder, "repaid.csv", f"{REPAID},loan_ref", [f"{at('07 12:10:00')},USDT,500,manual,L2"]),
        wallet="loan",
    )
    found = find_events(book.store)
    first = found[0]
    assert ("loan", "borrower", "collateral_sale", "USDT", "BTC") == (
        first.kind, first.side, first.stage, first.settle_asset, first.symbol)  # fmt: skip
    assert [True, False, False] == [event.loan_id == first.loan_id for event in found[1:]]
    assert lines(book, "quantity", "liquidation_fee", "loss") == [
        ("0.75", "20", None), ("0.1", "10", None), ("0.5", "10", None), ("0.5", "10", None),
    ]  # fmt: skip
    assert [2, 1, 1, 1] == [len(book_rows(book, event)) for event in found]


# -------------------------------------------------------------------------------------------------- lines


def book_rows(book: Book, event: Event) -> list[str]:
    """Return the rows that a trace of the event shows."""
    from ledger.trace import trace

    return [row.row_key for row in trace(book.store, book.archive, event.liquidation_id)]


def test_a_line_has_its_costs_and_its_trace_every_row_of_the_event_and_no_other(book: Book, desk: Desk) -> None:
    desk.fill("01 10:00:00", "BTCUSDT", "buy", "5", "40000")
    for number in range(5):
        desk.fill(f"01 12:00:0{number}", "BTCUSDT", "sell", "1", "36000", order=f"o{number}", fee="7")
        desk.order(f"01 12:00:0{number}", "BTCUSDT", "sell", order_ref=f"o{number}", stage="full")
    desk.move("01 12:00:05", "-72", "liquidation_fee", "BTCUSDT")
    desk.move("01 12:00:06", "2", "insurance", "BTCUSDT")
    desk.move("01 12:30:00", "-1", "funding", "ETHUSDT")
    for clock, amount in (("01 11:00:00", "-30"), ("01 11:30:00", "10"), ("01 16:00:00", "-99")):
        desk.add("funding", at(clock), "BTCUSDT", "USDT", amount)
    (event,) = desk.events(book)
    assert set(event.rows) == set(book_rows(book, event)) and 12 == len(event.rows)
    assert ["liquidation fee row within 1 s", "insurance row within 2 s"] == list(event.found_by)[4:]
    assert ("order o0 that the venue lists as liquidation", "2 more like these") == (
        event.found_by[0],
        event.found_by[3],
    )
    columns = ("fee", "liquidation_fee", "insurance", "loss", "carry", "average_price")
    assert [("35", "72", "2", "20105", "20", "36000")] == facts(book, "liquidations", *columns)


def test_slippage_is_exact_and_signed_for_longs_shorts_and_inverse_contracts(book: Book, desk: Desk) -> None:
    for clock, symbol, side, price, mark in (("01", "BTCUSDT", "buy", "36000", "36010"), ("02", "ETHUSDT", "sell", "2110", "2100"),
                                             ("03", "XBTUSD", "buy", "32000", "40000")):  # fmt: skip
        other = {"buy": "sell", "sell": "buy"}[side]
        desk.fill(f"{clock} 10:00:00", symbol, side, "100", "40000" if side == "buy" else "2000", mode="isolated")
        desk.fill(f"{clock} 12:00:00", symbol, other, "100", price, order=f"o{clock}", mode="isolated")
        desk.order(f"{clock} 12:00:00", symbol, other, order_ref=f"o{clock}", mark_price=mark, stage="full")
    desk.events(book)
    assert lines(book, "symbol", "slippage", "average_price") == [
        ("BTCUSDT", "-1000", "36000"), ("ETHUSDT", "-1000", "2110"), ("XBTUSD", "-0.000625", "32000"),
    ]  # fmt: skip


def test_events_do_not_depend_on_the_order_of_files_and_survive_a_rebuild_and_later_history(
    tmp_path: Path, desk: Desk
) -> None:
    losers(desk)
    desk.order("01 12:00:30", "BTCUSDT", "sell", stage="full", mark_price="36050")
    desk.move("01 12:00:31", "-360", "liquidation_fee", "BTCUSDT")
    paths = desk.files()
    with new_book(tmp_path) as book:
        imported(book, *paths, wallet="usdm")
        first = find_events(book.store)
        book.rebuild()
        assert 2 == len(first) and first == find_events(book.store)
    (tmp_path / "other").mkdir()
    with new_book(tmp_path / "other") as book:
        for path in reversed(paths):
            imported(book, path, wallet="usdm")
        later = Desk(tmp_path / "later")
        later.fill("20 12:00:00", "BTCUSDT", "buy", "1", "30000")
        imported(book, *later.files(), wallet="usdm")
        assert first == find_events(book.store)


# ---------------------------------------------------------------------------------------------- summaries


def summary(book: Book, judged: dict[str, Judged], *columns: str) -> list[tuple[Any, ...]]:
    """Return the summary of a year as it is once audits have judged."""
    return lines(book, *columns, judged=judged, name="liquidation_summary")


def test_a_year_says_what_keeps_liquidating(book: Book, desk: Desk) -> None:
    for day, symbol, price in (("01", "BTCUSDT", "36000"), ("02", "BTCUSDT", "38000"), ("03", "ETHUSDT", "1900")):
        desk.fill(f"{day} 10:00:00", symbol, "buy", "1", "40000" if symbol == "BTCUSDT" else "2000")
        desk.fill(f"{day} 12:00:00", symbol, "sell", "1", price, "liquidation")
    desk.fill("04 10:00:00", "ETHUSDT", "sell", "1", "2000")
    desk.fill("04 12:00:00", "ETHUSDT", "buy", "1", "1800", "adl")
    first, second, third, _ = named(desk.events(book))
    judged = {
        first: Judged(primary_cause="over_leverage", leverage_at_open=D(25), carry=D(60), slippage=D("-1.5")),
        second: Judged(primary_cause="over_leverage", leverage_at_open=D("9.99"), carry=D(0)),
        third: Judged(loss=D(120)),
    }
    assert [
        ("all", "liquidated", 3, "6120", "60", "0.980392156862745098"),
        ("all", "auto-deleveraged", 1, "-200", "0", None),
        ("cause", "over_leverage", 2, "6000", "60", "1"), ("cause", "unknown", 1, "120", "0", "0"),
        ("symbol", "BTCUSDT", 2, "6000", "60", "1"), ("symbol", "ETHUSDT", 1, "120", "0", "0"),
        ("leverage", "25-50x", 1, "4000", "60", "1.5"), ("leverage", "5-10x", 1, "2000", "0", "0"),
        ("leverage", "unknown", 1, "120", "0", "0"),
    ] == summary(book, judged, "dimension", "value", "count", "loss", "carry", "carry_share")  # fmt: skip
    assert {("2026", "USDT")} == set(summary(book, judged, "period", "settle_asset"))
    assert ["-1.5", None] == [slippage for (slippage,) in summary(book, judged, "slippage")[:2]]


def test_leverage_is_told_in_classes(book: Book, desk: Desk) -> None:
    classes = {
        "2.9": "< 3x",
        "3": "3-5x",
        "5": "5-10x",
        "10": "10-25x",
        "25": "25-50x",
        "50": "25-50x",
        "50.1": "> 50x",
    }
    for day in range(1, len(classes) + 1):
        closed_by_trade(desk, f"{day:02d}")
        desk.order(f"{day:02d} 12:00:00", "BTCUSDT", "sell", stage="full")
    judged = {
        name: Judged(leverage_at_open=D(leverage))
        for name, leverage in zip(named(desk.events(book)), classes, strict=True)
    }
    found = summary(book, judged, "dimension", "value", "count")
    assert [("10-25x", 1), ("25-50x", 2), ("3-5x", 1), ("5-10x", 1), ("< 3x", 1), ("> 50x", 1)] == sorted(
        (value, count) for dimension, value, count in found if dimension == "leverage")  # fmt: skip
