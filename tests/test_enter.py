"""Entries by hand: kept like an export, led back to their reason, taken back exactly; always heard, never asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.book import Book
from ledger.commands import decisions as cli_decisions
from ledger.storage.entries import Entered
from ledger.storage.importing import PartResult
from ledger.trace import trace
from schemas import tables
from schemas.errors import UnknownThing
from tests.books import INCOME, STATEMENT, TRADES, facts, imported, logged, new_book, plain, write
from tests.conftest import Run

AT = datetime(2026, 2, 4, 12, tzinfo=UTC)
COMMON = ("--account", "binance", "--wallet", "usdm", "--at", "2026-02-04T12:00:00Z", "--reason", "mail of the venue")
FUNDING = [f"2026-02-{day:02d} 16:00:01,FUNDING_FEE,-0.{day}1,USDT,BTCUSDT,{day}" for day in range(1, 11)]
BALANCE = "SELECT sum(amount) FROM movements WHERE wallet = 'usdm' AND asset = 'USDT'"


def enter(book: Book, kind: str, **values: Any) -> PartResult:
    """Enter something of binance's usdm wallet."""
    common: dict[str, Any] = {"account": "binance", "wallet": "usdm", "at": AT, "reason": "mail of the venue"}
    common |= {name: values.pop(name) for name in ("account", "venue", "wallet", "at") if name in values}
    return book.enter(Entered(kind=kind, values=values, **common))


@pytest.fixture
def book(tmp_path: Path) -> Book:
    book = new_book(tmp_path)
    imported(book, write(tmp_path, "income.csv", INCOME, FUNDING))
    return book


def balance(book: Book) -> str:
    return str(plain(book.store.scalar(BALANCE)))


def rebuilt(book: Book) -> None:
    """Insist that the book made anew from its archive says the same."""
    digest = book.digest()
    assert book.rebuild() == (digest, digest)
    assert {name: frame.height for name, frame in book.check().items() if frame.height} == {}


# ------------------------------------------------------------------------------------------------- what is stored


def test_a_correction_moves_the_wallet_and_stays(book: Book) -> None:
    before = Decimal(balance(book))
    part = enter(book, "correction", asset="USDT", amount=Decimal("-12.5"))
    assert (part.name, part.format, part.venue, part.stored) == (
        "manual-0002-correction.csv",
        "manual.correction",
        "binance",
        1,
    )
    assert Decimal(balance(book)) == before - Decimal("12.5")
    assert facts(book, "balances", "asset", "basis") == [("USDT", "no_anchor")]
    assert [entry["kind"] for entry in logged(book)] == ["import", "import"]
    rebuilt(book)


def test_two_equal_entries_are_two(book: Book) -> None:
    before = Decimal(balance(book))
    for _ in range(2):
        enter(book, "correction", asset="USDT", amount=Decimal("-12.5"))
    assert Decimal(balance(book)) == before - 25
    rebuilt(book)
    assert Decimal(balance(book)) == before - 25


def test_an_entry_is_taken_back_exactly_and_its_number_is_not_given_again(book: Book) -> None:
    before = book.digest()
    part = enter(book, "correction", asset="USDT", amount=Decimal("-12.5"))
    assert book.forget(part.name) == part.name
    assert book.digest() == before
    assert enter(book, "correction", asset="USDT", amount=Decimal("-12.5")).name == "manual-0004-correction.csv"
    rebuilt(book)


def test_an_otc_trade_is_two_legs_and_a_fee(book: Book) -> None:
    given = {"gave": Decimal(90000), "gave_asset": "USDT", "got": Decimal("1.5"), "got_asset": "BTC"}
    enter(book, "otc", **given, fee=Decimal(45), fee_asset="USDT")
    enter(book, "otc", **given, fee=None, fee_asset=None)
    legs = book.store.rows("SELECT group_ref, asset, amount, kind FROM conversions ORDER BY ALL")
    assert [tuple(map(plain, leg)) for leg in legs] == [
        ("manual-0002", "BTC", "1.5", "otc"),
        ("manual-0002", "USDT", "-90000", "otc"),
        ("manual-0003", "BTC", "1.5", "otc"),
        ("manual-0003", "USDT", "-90000", "otc"),
    ]
    moved = book.store.rows(
        "SELECT cause, asset, sum(amount) FROM movements WHERE format = 'manual.otc' GROUP BY ALL ORDER BY ALL"
    )
    assert [tuple(map(plain, row)) for row in moved] == [
        ("conversion", "BTC", "3"),
        ("conversion", "USDT", "-180000"),
        ("trading_fee", "USDT", "-45"),
    ]
    rebuilt(book)


def test_a_loss_takes_units_away(book: Book) -> None:
    enter(book, "loss", asset="ETH", lost=Decimal(3))
    assert [tuple(map(plain, row)) for row in book.store.rows("SELECT kind, asset, amount FROM adjustments")] == [
        ("loss", "ETH", "-3")
    ]
    rebuilt(book)


def test_an_opening_position_gives_the_first_closes_their_entry_and_moves_no_cash(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    closing = "2026-02-05 04:00:05,BTCUSDT,SELL,17010.0,0.05,850.5,0.1,USDT,50.5,USDT"
    imported(book, write(tmp_path, "trades.csv", TRADES, [closing]))
    assert facts(book, "positions", "gross_pnl", "flags")[0] != ("50.5", [])
    cash = balance(book)
    enter(book, "opening_position", symbol="BTCUSDT", side="long", quantity=Decimal("0.05"), price=Decimal(16000))
    found = facts(book, "positions", "side", "status", "opened_at", "entry_price", "exit_price", "gross_pnl", "flags")
    assert found == [("long", "closed", AT, "16000", "17010", "50.5", [])]
    assert balance(book) == cash
    (fill,) = book.store.rows("SELECT product, instrument, settle_asset, style FROM fills WHERE execution = 'opening'")
    assert fill == ("perpetual", "BTC/USDT:USDT", "USDT", "linear")
    rebuilt(book)


def test_an_opening_position_of_an_unknown_instrument_says_what_it_is(book: Book) -> None:
    position = {"symbol": "SOLUSDT", "side": "short", "quantity": Decimal(4), "price": Decimal(95)}
    with pytest.raises(UnknownThing, match="has no fill of it in usdm"):
        enter(book, "opening_position", **position)
    enter(book, "opening_position", **position, product="perpetual", settle_asset="USDT")
    assert facts(book, "positions", "symbol", "side", "status", "quantity", "entry_price") == [
        ("SOLUSDT", "short", "open", "4", "95")
    ]
    rebuilt(book)


def test_an_opening_lot_keeps_its_cost_and_evidence(book: Book) -> None:
    lot = {"asset": "BTC", "quantity": Decimal("0.8"), "evidence": "invoice 2021-118"}
    enter(book, "opening_lot", **lot, cost=Decimal(18250), cost_asset="EUR", wallet="spot")
    enter(book, "opening_lot", **lot, cost=None, cost_asset=None, wallet="spot")
    rows = book.store.rows("SELECT asset, quantity, cost, cost_asset, evidence FROM opening_lots ORDER BY cost")
    assert [tuple(map(plain, row)) for row in rows] == [
        ("BTC", "0.8", "18250", "EUR", "invoice 2021-118"),
        ("BTC", "0.8", None, None, "invoice 2021-118"),
    ]
    assert book.store.scalar("SELECT count(*) FROM movements WHERE asset = 'BTC'") == 0
    rebuilt(book)


def test_a_correction_mends_a_break_of_the_chain(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    header = "moved_at,asset,amount,cause,pool,balance_after,wallet"
    rows = [
        "2026-02-01T00:00:00Z,USDT,100,deposit,asset,100,spot",
        "2026-02-03T00:00:00Z,USDT,5,deposit,asset,107,spot",
    ]
    imported(book, write(tmp_path, "ledger.csv", header, rows))
    assert facts(book, "breaks", "difference") == [("2",)]
    enter(book, "correction", account="plain", wallet="spot", asset="USDT", amount=Decimal(2),
          at=datetime(2026, 2, 2, tzinfo=UTC))  # fmt: skip
    assert facts(book, "breaks", "difference") == []
    assert facts(book, "balances", "computed", "difference") == [("107", "0")]


# ------------------------------------------------------------------------------------------------ always heard


def test_an_entry_speaks_beside_every_voice_and_is_no_witness(tmp_path: Path) -> None:
    def story(name: str, *, entered: bool) -> Book:
        (tmp_path / name).mkdir()
        book = new_book(tmp_path / name)
        imported(book, write(tmp_path / name, "income.csv", INCOME, FUNDING))
        rows = [f"7,2026-02-{day:02d} 16:00:02,USDT-Futures,Funding Fee,USDT,-0.{day}1," for day in range(1, 15)]
        imported(book, write(tmp_path / name, "statement.csv", STATEMENT, rows), timezone="UTC")
        if entered:
            for at in (AT, datetime(2026, 2, 10, 16, 0, 1, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC)):
                enter(book, "correction", asset="USDT", amount=Decimal("-0.101"), at=at)
        return book

    without, book = story("without", entered=False), story("with", entered=True)
    assert book.store.scalar("SELECT bool_and(speaks) FROM movements_stated WHERE by_hand(format)")
    for name in ("coverage", "witnesses", "findings"):
        assert without.report(name).rows() == book.report(name).rows(), name
    assert without.store.rows("FROM voices ORDER BY ALL") == book.store.rows("FROM voices ORDER BY ALL")
    assert Decimal(balance(book)) == Decimal(balance(without)) - Decimal("0.303")
    heard = "SELECT row_key FROM movements WHERE NOT by_hand(format) ORDER BY ALL"
    assert without.store.rows(heard) == book.store.rows(heard)
    rebuilt(book)
    book.forget("income.csv")
    assert book.store.scalar("SELECT bool_and(speaks) FROM movements_stated WHERE by_hand(format)")


# --------------------------------------------------------------------------------------------------- shown, traced


def test_an_entry_leads_back_to_its_line_and_reason(book: Book) -> None:
    part = enter(book, "correction", asset="USDT", amount=Decimal("-12.5"))
    found = trace(book.store, book.archive, part.name)
    assert {(row.table, row.what, row.file, row.row) for row in found} == {
        ("movements", "-12.5 USDT correction", part.name, 2),
        ("adjustments", "-12.5 USDT", part.name, 2),
    }
    assert {row.raw for row in found} == {
        "2,2026-02-04T12:00:00Z,binance,usdm,USDT,-12.5,mail of the venue"
    }  # fmt: skip
    (line,) = book.report("balances")["line"]
    assert part.name in {row.file for row in trace(book.store, book.archive, line)}


def test_the_files_tell_the_reason(run: Run, tmp_path: Path) -> None:
    run("import", write(tmp_path, "income.csv", INCOME, FUNDING))
    done = run("enter", "correction", "--asset", "USDT", "--amount", "-12.5", *COMMON)
    assert (done.code, done.out) == (0, "")
    assert "entered for binance at binance as manual-0002-correction.csv" in done.err
    export, entry = run("files", "--output-format", "json").rows
    assert (export["reason"], entry["reason"]) == (None, "mail of the venue")
    assert [entry[name] for name in ("name", "format", "account", "rows_read", "stored", "rejected")] == [
        "manual-0002-correction.csv", "manual.correction", "binance", 1, 1, 0]  # fmt: skip
    assert "mail of the venue" in run("files").out
    traced = run("trace", "manual-0002-correction.csv", "--output-format", "json").rows
    assert {row["place"] for row in traced} == {"manual-0002-correction.csv:2"}
    assert all(row["raw"].endswith("mail of the venue") for row in traced)
    forgotten = run("forget", "manual-0002-correction.csv")
    assert "`marginbook enter` states it again" in forgotten.err
    assert run("verify").code == 0


def test_every_kind_can_be_typed(run: Run, tmp_path: Path) -> None:
    run("import", write(tmp_path, "income.csv", INCOME, FUNDING))
    for words in (
        "correction --asset USDT --amount 3",
        "otc --gave 90000 USDT --got 1.5 BTC --fee 45 USDT",
        "otc --gave 90000 USDT --got 1.5 BTC",
        "loss --asset BTC --amount 0.5",
        "opening-position --symbol SOLUSDT --side long --quantity 2 --price 95.5 --product perpetual",
        "opening-lot --asset BTC --quantity 0.8 --cost 18250 EUR --evidence invoice",
        "opening-lot --asset BTC --quantity 0.8 --evidence invoice",
    ):
        answer = run("enter", *words.split(), *COMMON)
        assert (answer.code, answer.out) == (0, ""), (words, answer.err)
    names = [row["name"] for row in run("files", "--output-format", "json").rows]
    assert names[1:3] == ["manual-0002-correction.csv", "manual-0003-otc.csv"]
    assert names[-1] == "manual-0008-opening-lot.csv"
    assert run("check").code == 0
    assert "to the last digit" in run("rebuild").err


# ---------------------------------------------------------------------------------------------------- whose it is


def test_a_new_account_needs_its_venue_and_an_account_at_two_venues_too(book: Book) -> None:
    with pytest.raises(UnknownThing, match="there is no account 'cold'") as unknown:
        enter(book, "loss", account="cold", asset="BTC", lost=Decimal(1))
    assert "the book has binance" in str(unknown.value)
    part = enter(book, "loss", account="cold", venue="hardware", wallet="spot", asset="BTC", lost=Decimal(1))
    assert (part.account, part.venue) == ("cold", "hardware")
    assert enter(book, "loss", account="cold", wallet="spot", asset="BTC", lost=Decimal(1)).venue == "hardware"
    enter(book, "loss", account="binance", venue="Kraken", wallet="spot", asset="BTC", lost=Decimal(1))
    with pytest.raises(UnknownThing, match="the account 'binance' is at binance, kraken"):
        enter(book, "loss", asset="BTC", lost=Decimal(1))
    assert enter(book, "loss", venue="kraken", wallet="spot", asset="BTC", lost=Decimal(1)).venue == "kraken"
    rebuilt(book)


def test_entries_can_begin_a_book(run: Run, tmp_path: Path) -> None:
    words = ("enter", "loss", "--asset", "BTC", "--amount", "1", *COMMON)
    assert run(*words).code == 4
    assert not (tmp_path / "book.duckdb").exists()
    assert run(*words, "--venue", "binance").code == 0
    assert run("accounts", "--output-format", "json").rows[0]["account"] == "binance"


# ---------------------------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("correction --asset USDT --amount twelve", "'twelve' is no amount"),
        ("correction --asset USDT --amount 1,5", "'1,5' is no amount"),
        ("correction --asset USDT --amount 0", "0 is not above or below 0"),
        ("correction --asset USDT --amount 0.0000000000000000001", "is no amount"),
        ("correction --amount 1", "--asset"),
        ("loss --asset USDT --amount -1", "-1 is not above 0"),
        ("otc --gave 1 BTC --got 1 BTC", "BTC for BTC is no trade"),
        ("otc --gave 1 --got 1 BTC", "--got"),
        ("opening-position --symbol X --side up --quantity 1 --price 1", "--side"),
        ("opening-position --symbol X --side long --quantity 1 --price 1", "--product"),
        ("opening-lot --asset BTC --quantity 0 --evidence x", "0 is not above 0"),
        ("opening-lot --asset BTC --quantity 1", "--evidence"),
        ("correction --asset USDT --amount 1 --at yesterday", "'yesterday' is no date"),
        ("correction --asset USDT --amount 1 --wallet pocket", "'pocket' is none of"),
        ("correction --asset USDT --amount 1 --account nobody", "there is no account 'nobody'"),
        ("correction --asset USDT --amount 1 --reason \u00a0", "say why"),
        ("gift --asset USDT", "gift"),
    ],
)
def test_a_wrong_entry_is_exit_2_with_a_sentence(run: Run, tmp_path: Path, words: str, message: str) -> None:
    run("import", write(tmp_path, "income.csv", INCOME, FUNDING))
    before = run("files", "--output-format", "json").out
    kind, *options = words.split(" ")
    answer = run("enter", kind, *COMMON, *options)
    assert (answer.code, answer.out) == (2, ""), answer.err
    assert message in answer.err
    assert run("files", "--output-format", "json").out == before
    assert len(list((tmp_path / "book.archive" / "objects").iterdir())) == 1


def test_an_unsound_entry_of_a_script_is_refused_and_not_stored(book: Book) -> None:
    from schemas.errors import TooManyRejects

    before = book.digest()
    with pytest.raises(TooManyRejects, match=r"manual-0002-loss\.csv"):
        enter(book, "loss", asset="BTC", lost=Decimal(-1))
    assert book.digest() == before


def test_the_words_of_the_options_are_those_of_the_schema() -> None:
    assert cli_decisions.PRODUCTS == tables.PRODUCTS
    assert cli_decisions.POSITION_SIDES == tables.POSITION_SIDES
    assert cli_decisions.MARGIN_MODES == tables.MARGIN_MODES


def test_an_entry_is_a_file_that_can_be_imported_into_another_book(book: Book, tmp_path: Path) -> None:
    part = enter(book, "correction", asset="USDT", amount=Decimal("-12.5"))
    assert book.archive is not None
    kept = book.archive.restore(part.file_id, tmp_path / part.name)
    (tmp_path / "other").mkdir()
    with new_book(tmp_path / "other") as other:
        report = imported(other, kept)
        assert (report.parts[0].venue, report.parts[0].account) == ("binance", "binance")
        assert json.loads(other.store.scalar("SELECT options FROM files")) == {}
        assert other.store.scalar("SELECT reason FROM files") == "mail of the venue"
