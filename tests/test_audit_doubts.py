"""What an audit must not say: books with something missing, odd or hostile, each by plain files of a few rows.

Every expected figure here is computed by hand in the comment beside it.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ledger.auditing import asking, proof
from ledger.auditing.audit import audit
from ledger.auditing.marks import Marks
from ledger.book import Book
from ledger.liquidating.event import Event
from ledger.storage.store import Store
from reports.audit import Audit
from reports.audit_json import as_json
from reports.audit_text import lines
from reports.audit_words import figures
from tests.books import imported, new_book, write
from tests.conftest import Run

D = Decimal
START = datetime(2025, 10, 1, tzinfo=UTC)
PERPETUAL = {"product": "perpetual"}


def moment(minutes: int) -> str:
    return (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


class Told:
    """Plain files of one wallet, row by row; minutes count from the opening."""

    def __init__(self, folder: Path, venue: str = "binance", wallet: str = "usdm", asset: str = "USDT") -> None:
        self.folder, self.place, self.asset = folder, {"venue": venue, "wallet": wallet}, asset
        self.tables: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def fill(self, at: int, symbol: str, side: str, quantity: str, price: str, **more: Any) -> None:
        row = {"filled_at": moment(at), "symbol": symbol, "side": side, "quantity": quantity, "price": price,
               "execution": "trade", "settle_asset": self.asset, **PERPETUAL, **self.place, **more}  # fmt: skip
        self.tables["fills"].append(row)

    def moved(self, at: int, amount: str, cause: str, symbol: str = "", asset: str | None = None) -> None:
        row = {"moved_at": moment(at), "pool": "asset", "asset": asset or self.asset, "amount": amount, "cause": cause,
               "symbol": symbol, **self.place}  # fmt: skip
        self.tables["movements"].append(row)

    def marked(self, symbol: str, prices: dict[int, str]) -> None:
        rows = [{"time": moment(at), "symbol": symbol, "mark": price} for at, price in prices.items()]
        self.tables["prices"].extend(rows)

    def tier(self, symbol: str, rate: str) -> None:
        row = {"symbol": symbol, "tier": 1, "floor": 0, "maintenance_rate": rate, "maintenance_amount": 0}
        self.tables["margin_tiers"].append({**row, "venue": self.place["venue"]})

    def book(self) -> Book:
        folder = self.folder / "exports"
        folder.mkdir()
        for name, rows in self.tables.items():
            columns = list(dict.fromkeys(column for row in rows for column in row))
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
        book = Book.open(self.folder / "book.duckdb")
        report = book.import_paths([folder])
        assert (report.errors, report.unrecognized, sum(part.rejected for part in report.parts)) == ([], [], 0)
        return book

    def audit(self, **words: Any) -> Audit:
        with self.book() as book:
            return book.audit("latest", **words)


def long_of(told: Told, deposit: str | None = "1000") -> Told:
    """A long of 0.4 at 40,000, liquidated an hour later at 37,640 with the mark at 37,650."""
    if deposit is not None:
        told.moved(-20, deposit, "deposit")
    told.tier("BTCUSDT", "0.004")
    told.fill(0, "BTCUSDT", "buy", "0.4", "40000")
    told.fill(60, "BTCUSDT", "sell", "0.4", "37640", execution="liquidation")
    told.moved(60, "-944", "realized_pnl", "BTCUSDT")
    told.marked("BTCUSDT", {-5: "40000", 0: "40000", 59: "37650", 90: "36000"})
    return told


# ------------------------------------------------------------------------------------------- what is not known


def test_a_wallet_whose_deposit_is_before_the_export_has_no_cause(tmp_path: Path) -> None:
    found = long_of(Told(tmp_path), deposit=None).audit()
    assert (found.primary_cause, found.confidence, found.start_label) == (None, "low", "assumed")
    assert "beyond its liquidation from its first fill on" in found.verdict
    assert any("held no USDT before the position" in text for text in found.missing)


def test_a_row_of_the_venue_without_fills_has_no_cause(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.moved(-10, "1000", "deposit")
    told.tables["liquidations"].append({"liquidated_at": moment(60), "symbol": "<b>\"x'</b>", **told.place})
    found = told.audit()
    assert found.primary_cause is None
    assert "no fills of what was liquidated are in the book" in found.verdict


def test_a_price_of_nothing_is_no_price_and_stops_no_report(run: Run, tmp_path: Path) -> None:
    told = Told(tmp_path, wallet="coinm", asset="BTC")
    told.moved(-10, "0.1", "deposit")
    told.tier("BTCUSD_PERP", "0.004")
    told.fill(0, "BTCUSD_PERP", "buy", "40", "40000", style="inverse")
    told.fill(60, "BTCUSD_PERP", "sell", "40", "30000", style="inverse", execution="liquidation")
    told.marked("BTCUSD_PERP", {0: "40000", 30: "0", 59: "0"})
    told.tables["liquidations"].append({
        "liquidated_at": moment(60), "symbol": "BTCUSD_PERP", "side": "sell", "quantity": "40", "price": "30000",
        "mark_price": "0", **told.place,
    })  # fmt: skip
    told.book().close()
    for words in (("audit", "--latest"), ("audit", "--list"), ("report", "liquidation_summary"), ("check",)):
        assert run(*words, book=tmp_path / "book.duckdb").code == 0, words


def test_an_isolated_margin_that_no_row_tells_is_unknown(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.moved(-20, "5000", "deposit")
    told.tier("BTCUSDT", "0.004")
    told.fill(0, "BTCUSDT", "buy", "0.4", "40000", margin_mode="isolated")
    told.fill(60, "BTCUSDT", "sell", "0.2", "37640", margin_mode="isolated", execution="liquidation")
    told.marked("BTCUSDT", {0: "40000", 59: "37650"})
    found = told.audit()
    assert (found.primary_cause, found.trigger_equity, found.liquidation_price) == (None, None, None)
    assert any("isolated margin of the position is not known" in text for text in found.missing)


def test_a_forced_fill_of_what_no_row_opened_is_a_liquidation_of_unknown_entry(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.moved(-20, "1000", "deposit")
    told.fill(0, "BTCUSDT", "buy", "0.4", "40000")
    told.fill(10, "BTCUSDT", "sell", "0.4", "41000")  # this life is whole, and stays so
    told.fill(60, "BTCUSDT", "sell", "0.4", "37640", execution="liquidation")
    told.moved(60, "-944", "realized_pnl", "BTCUSDT")
    told.fill(60, "ETHUSDT", "buy", "2", "2700", execution="liquidation")  # it opens a long in a book without more
    with told.book() as book:
        first, eth, late = book.report("positions").sort("opened_at", "symbol").to_dicts()[0:1] + [
            book.report("positions", symbol=symbol).to_dicts()[-1] for symbol in ("ETHUSDT", "BTCUSDT")]  # fmt: skip
        (line,) = book.report("liquidations").to_dicts()
        found = book.audit("latest")
    assert (first["status"], first["gross_pnl"], first["flags"]) == ("closed", D(400), [])
    assert [(row["side"], row["status"], row["entry_price"], row["gross_pnl"]) for row in (eth, late)] == [
        ("short", "liquidated", None, None), ("long", "liquidated", None, None)]  # fmt: skip
    assert set(late["flags"]) == {"opening_inferred", "unknown_entry", "unknown_result"}
    assert line["legs"] == ["BTCUSDT long 0.4 at 37640", "ETHUSDT short 2 at 2700"]
    assert (line["symbol"], line["side"], line["quantity"], line["average_price"]) == ("BTCUSDT +1", None, None, None)
    assert (line["loss"], line["leverage_at_open"], line["primary_cause"]) == (None, None, None)
    assert all("of a position opened before its first row" in text for text in line["found_by"])
    assert (found.start_equity, found.opening_leverage, found.trigger_equity, found.loss) == (None, None, None, None)
    assert found.end_equity == found.start_level + sum(term.amount for term in found.terms) + found.unexplained
    assert any(text.startswith("BTCUSDT was opened before its first row") for text in found.missing)
    assert as_json(found)["start_equity"] is None
    assert "start, without unknown results" in "\n".join(lines(found, 120))


def test_a_forced_sale_of_what_no_position_holds_is_one_and_opens_no_short(tmp_path: Path) -> None:
    told = Told(tmp_path, wallet="cross_margin")
    told.fill(60, "BTCUSDT", "sell", "0.4", "37640", execution="liquidation", product="margin", instrument="BTC/USDT")
    told.fill(61, "BTCUSDT", "sell", "0.2", "37600", execution="liquidation", product="margin", instrument="BTC/USDT")
    with told.book() as book:
        assert book.report("positions").height == 0
        (line,) = book.report("liquidations").to_dicts()
    assert (line["quantity"], line["position_id"], line["loss"]) == (D("0.6"), None, None)
    assert "of what no position in the book holds" in line["found_by"][0]


def test_a_row_that_only_says_liquidation_is_one_without_a_cause(tmp_path: Path) -> None:
    told = Told(tmp_path, venue="htx", wallet="cross_margin")
    row = {"booked_at": moment(60), "asset": "USDT", "amount": "-3", "kind": "liquidation", **told.place}
    told.tables["adjustments"].append(row)
    found = told.audit()
    assert found.found_by == ["a row of plain.adjustments that the venue calls liquidation"]
    assert found.primary_cause is None
    assert "no fills of what was liquidated are in the book" in found.verdict


# ---------------------------------------------------------------------------------------- computed by hand


LOAN = "date,lender,loan_id,event,asset,amount,debt_asset,debt_amount,fee,fee_asset,returned,surplus"
LENT = ("2025-01-01T00:00:00Z,ledn,L,collateral_in,BTC,1,,,,,,", "2025-01-01T00:10:00Z,ledn,L,borrow,USD,49000,,,,,,",
        "2025-02-01T00:00:00Z,ledn,L,interest_accrued,USD,1000,,,,,,")  # fmt: skip
AT_SALE = "2025-03-01T12:00:00Z,ledn,L"
SALES = (
    # rows of the sale; slippage, fee, what left: at the mark of 61,000 the 0.9 BTC were worth 54,900 and brought
    # 50,000 + 1,000 + 2,100, and 0.1 BTC (6,100) came back; the whole bitcoin brought 50,000 + 1,000 + 9,000
    ((f"{AT_SALE},liquidation,BTC,0.9,USD,50000,1000,,0.1,2100",), "-1800", "-1000", "-8200"),
    ((f"{AT_SALE},liquidation,BTC,1,USD,50000,,,,", f"{AT_SALE},liquidation_fee,USD,1000,,,,,,",
      "2025-03-01T13:00:00Z,ledn,L,surplus,USD,9000,,,,,,"), "-1000", "-1000", "-9000"),
    ((f"{AT_SALE},liquidation,BTC,1,USD,50000,0.01,BTC,,9000",), "-1390", "-610", "-9000"),
)  # fmt: skip


@pytest.mark.parametrize(("rows", "slippage", "fee", "left"), SALES)
def test_the_fee_and_the_surplus_of_a_forced_sale_have_their_own_lines(
    tmp_path: Path, rows: tuple[str, ...], slippage: str, fee: str, left: str
) -> None:
    folder = tmp_path / "exports"
    files = [write(folder, "loan.csv", LOAN, [*LENT, *rows]), write(folder, "marks.csv", "time,symbol,mark", [
        "2025-01-01T00:00:00Z,BTCUSD,100000", "2025-03-01T11:59:00Z,BTCUSD,61000"])]  # fmt: skip
    with new_book(tmp_path) as book:
        imported(book, *files)
        found = book.audit("latest")
        assert {name for name, offenders in book.check().items() if offenders.height} == set()
    assert {term.name: term.amount for term in found.terms if term.amount} == {
        "transfers_in": D(100000), "transfers_out": D(left), "drawn": D(-49000), "interest": D(-1000),
        "collateral_price": D(-39000), "slippage": D(slippage), "liquidation_fee": D(fee),
    }  # fmt: skip
    assert (found.start_equity, found.end_equity, found.unexplained) == (D(0), D(0), D(0))


def test_the_leverage_at_open_is_that_of_the_size_that_was_liquidated(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.moved(-20, "2000", "deposit")
    told.tier("BTCUSDT", "0.004")
    told.fill(0, "BTCUSDT", "buy", "0.2", "40000")  # 8,000 / 2,000
    told.fill(10, "BTCUSDT", "buy", "0.4", "40000")  # 24,000 / 2,000
    told.fill(20, "BTCUSDT", "sell", "0.1", "40000")
    told.fill(60, "BTCUSDT", "sell", "0.5", "36100", execution="liquidation")
    told.moved(60, "-1950", "realized_pnl", "BTCUSDT")
    told.marked("BTCUSDT", {-5: "40000", 20: "40000", 59: "36110"})
    with told.book() as book:
        found = book.audit("latest")
        (line,) = book.report("liquidations").to_dicts()
    assert found.opening_leverage == line["leverage_at_open"] == 12
    titles = [one.title for one in found.counterfactuals if one.name == "leverage"]
    assert titles and all(title.endswith("instead of 12x") for title in titles)
    assert "12x of it" in found.verdict
    assert any(figure.text == "12.00 times the equity" for figure in figures(found))


def test_the_margins_that_a_venue_states_of_an_isolated_position_are_all_of_it(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.moved(-20, "5000", "deposit")
    told.tier("BTCUSDT", "0.004")
    isolated: dict[str, Any] = {"margin_mode": "isolated"}
    told.fill(0, "BTCUSDT", "buy", "0.4", "40000", initial_margin="800", **isolated)
    told.fill(20, "BTCUSDT", "buy", "0.4", "39000", initial_margin="780", **isolated)
    told.fill(60, "BTCUSDT", "sell", "0.8", "37600", execution="liquidation", **isolated)
    told.moved(60, "-1520", "realized_pnl", "BTCUSDT")
    told.moved(60, "-60", "liquidation_fee", "BTCUSDT")
    told.marked("BTCUSDT", {0: "40000", 20: "39000", 59: "37670"})
    found = told.audit()
    assert (found.start_equity, found.start_label, found.end_equity) == (D(800), "measured", D(0))
    assert found.term("transfers_in") == 780
    assert found.trigger_equity == 116  # 1,580 - 0.8 x (39,500 - 37,670)
    assert found.liquidation_price is not None
    price = (Fraction(8, 10) * 39500 - 1580) / (Fraction(8, 10) * Fraction("0.996"))
    assert abs(Fraction(found.liquidation_price) - price) < Fraction(1, 10**15)


def test_an_inverse_contract_beside_its_own_coin_loses_twice(tmp_path: Path) -> None:
    told = Told(tmp_path, venue="bybit", wallet="unified", asset="BTC")
    told.moved(-20, "0.5", "deposit")
    told.moved(-20, "1000", "deposit", asset="USDT")
    told.tier("BTCUSD", "0.005")
    told.tables["collateral_ratios"].append({"asset": "BTC", "floor": 0, "ratio": "0.95", "venue": "bybit"})
    told.tables["instruments"].append({
        "symbol": "BTCUSD", "instrument": "BTC/USD:BTC", "product": "perpetual", "multiplier": 1, "style": "inverse",
        "settle": "BTC", "base": "BTC", "quote": "USD", "venue": "bybit",
    })  # fmt: skip
    told.fill(0, "BTCUSD", "buy", "60000", "40000", style="inverse")
    told.fill(60, "BTCUSD", "sell", "60000", "30500", style="inverse", execution="liquidation")
    told.moved(60, "-0.46721311", "realized_pnl", "BTCUSD")
    prices = {-30: "40000", 0: "40000", 59: "30600", 90: "25000"}
    told.marked("BTCUSD", prices)
    told.marked("BTCUSDT", prices)
    found = told.audit()
    assert (found.asset, found.trigger_equity, found.maintenance_margin) == ("USDT", D(1435), D(300))
    price = Fraction(59_300) / Fraction("1.975")  # 1,000 + 0.475 P + 1.5 P - 60,000 = 300
    assert abs(Fraction(found.liquidation_price or 0) - price) < Fraction(1, 10**15)
    # of the way from the mark of 30,600 to the fill at 30,500: 60,000 / 30,600 - 60,000 / 30,500 BTC, at 30,600
    slipped = Fraction(60000) * (Fraction(1, 30600) - Fraction(1, 30500)) * 30600
    assert abs(Fraction(found.term("slippage")) - slipped) < Fraction(1, 10**15)


def test_a_premium_that_was_paid_counts_once(tmp_path: Path) -> None:
    told = Told(tmp_path, venue="bybit", wallet="unified")
    told.moved(-20, "3000", "deposit")
    told.tier("BTCUSDT", "0.004")
    option = "BTC-26DEC25-100000-C"
    told.fill(-5, option, "buy", "1", "500", product="option")
    told.moved(-5, "-500", "trade", option)
    told.fill(0, "BTCUSDT", "buy", "0.6", "40000")
    told.fill(60, "BTCUSDT", "sell", "0.6", "35900", execution="liquidation")
    told.moved(60, "-2460", "realized_pnl", "BTCUSDT")
    told.marked("BTCUSDT", {-6: "40000", 0: "40000", 59: "35900"})
    told.marked(option, {-5: "500", 59: "100"})
    found = told.audit()
    assert found.start_equity == 3000  # 2,500 in cash, and what was bought for 500
    assert found.trigger_equity == 140  # 2,500 - 2,460 + 100
    assert found.term("other_unrealized_pnl") == -400


def test_the_fee_of_a_flip_is_of_both_positions(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.moved(-10, "1000", "deposit")
    told.tier("BTCUSDT", "0.004")
    told.fill(0, "BTCUSDT", "buy", "0.1", "40000")
    told.fill(10, "BTCUSDT", "sell", "0.2", "41000")
    told.fill(60, "BTCUSDT", "buy", "0.1", "51750", execution="liquidation")
    for at, fee in ((0, "-2"), (10, "-4"), (60, "-2")):
        told.moved(at, fee, "trading_fee", "BTCUSDT")
    told.moved(10, "100", "realized_pnl", "BTCUSDT")
    told.moved(60, "-1075", "realized_pnl", "BTCUSDT")
    told.marked("BTCUSDT", {0: "40000", 10: "41000", 59: "51720"})
    found = told.audit()
    assert (found.term("own_fees"), found.term("other_fees")) == (D(-4), D(-2))


def test_another_window_changes_the_bridge_and_not_who_is_to_blame(tmp_path: Path) -> None:
    told = long_of(Told(tmp_path))
    with told.book() as book:
        whole, later = book.audit("latest"), book.audit("latest", START + timedelta(minutes=30))
    assert later.start_equity != whole.end_equity
    assert (later.primary_cause, later.verdict) == (whole.primary_cause, whole.verdict)
    assert later.opening_leverage == whole.opening_leverage == 16
    assert [finding.code for finding in later.findings] == [finding.code for finding in whole.findings]


# --------------------------------------------------------------------------------------------- prices, rows


def test_what_a_row_stated_an_hour_ago_does_not_beat_a_file_of_marks() -> None:
    file = [(START + timedelta(minutes=minute), Fraction(100 - minute), "plain.prices", "1") for minute in range(60)]
    marks = Marks({"liquidation": [(START, Fraction(200), "binance", "2")], "mark": file})
    found = [marks.at(START + timedelta(minutes=minute)) for minute in (0, 1, 2, 59)]
    assert [quote and int(quote.price) for quote in found] == [200, 200, 98, 41]


def test_of_many_rows_those_that_matter_are_the_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(tmp_path)
    told.moved(-30, "1000", "deposit")
    for minute in range(30):
        told.fill(minute + 1, "ETHUSDT", "buy", "0.001", "2500")
        told.moved(minute + 1, "-0.01", "trading_fee", "ETHUSDT")
    long_of(told, deposit=None)
    monkeypatch.setattr(proof, "MOST_ROWS", 5)
    found = told.audit()
    assert set(found.event_rows) <= set(found.evidence)
    assert len(found.evidence) <= 5
    assert "rows that are not shown" in found.quality


@pytest.mark.parametrize(
    "change", ["withdraw=1e400", "price=1e99999999", "price=1/3", "price=1_0", "deposit=٣", "size=+50%"]
)
def test_a_change_that_is_no_plain_number_is_refused_at_once(run: Run, tmp_path: Path, change: str) -> None:
    with long_of(Told(tmp_path)).book() as book:
        (position,) = book.report("positions")["position_id"].to_list()
    answer = run("margin", position, "--at", "2025-10-01T00:30:00Z", "--if", change, book=tmp_path / "book.duckdb")
    assert (answer.code, answer.out) == (2, "")


def test_no_name_is_no_liquidation(run: Run, tmp_path: Path) -> None:
    long_of(Told(tmp_path)).book().close()
    answer = run("audit", "", book=tmp_path / "book.duckdb")
    assert answer.code == 2
    assert "no name of a liquidation was given" in answer.err


def test_a_filter_asks_for_the_audits_of_its_liquidations_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(store: Store, event: Event, **words: Any) -> Audit:
        asked.append(event.symbol)
        return audit(store, event, **words)

    monkeypatch.setattr(asking, "audit", counted)
    with long_of(Told(tmp_path)).book() as book:
        assert book.report("liquidations", to=START).height == 0
        assert asked == []
        assert book.report("liquidations").height == 1
        assert asked == ["BTCUSDT"]
