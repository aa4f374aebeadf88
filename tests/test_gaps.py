"""What the book lacks: charges that were due, holes between files, ids that jump, and what to download next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.book import Book
from ledger.tying.cadence import missing
from schemas.types import INSTANT, KEY
from tests.books import INCOME, STATEMENT, TRADES, at, facts, imported, new_book, stamp, write

INTEREST = "txId,interestAccuredTime,asset,rawAsset,principal,interest,interestRate,type,isolatedSymbol"
BORROWED = "2026-02-03 10:30:00"
SECOND = timedelta(seconds=1)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def trade(when: str, side: str, symbol: str = "ETHUSDT", quantity: str = "1", profit: str = "0") -> str:
    return f"{stamp(at(when))},{symbol},{side},2000,{quantity},2000,0.8,USDT,{profit},USDT"


def opened(symbol: str = "ETHUSDT", end: str = "10 05:00:00") -> list[str]:
    """A position from the 2nd, 05:00, to the 10th."""
    return [trade("02 05:00:00", "BUY", symbol), trade(end, "SELL", symbol)]


def booked(moment: datetime, kind: str, amount: str, number: int, symbol: str = "ETHUSDT") -> str:
    return f"{stamp(moment)},{kind},{amount},USDT,{symbol},{number}"


def paid(
    hours: int = 8, symbol: str = "ETHUSDT", first: str = "02 08:00:00", end: str = "10 05:00:00"
) -> list[datetime]:
    """The instants at which a position of that life pays."""
    moment, moments = at(first), []
    while moment < at(end):
        moments.append(moment)
        moment += timedelta(hours=hours)
    return moments


def income(moments: list[datetime], symbol: str = "ETHUSDT", start: int = 100) -> list[str]:
    return [booked(moment + SECOND, "FUNDING_FEE", "-0.5", start + no, symbol) for no, moment in enumerate(moments)]


def told(book: Book, *columns: str, **words: Any) -> list[tuple[Any, ...]]:
    return facts(book, "gaps", *columns, **words)


# ------------------------------------------------------------------------------------------------ rhythms


def slots(lives: list[tuple[datetime, datetime]], rows: list[datetime], usual: int | None = None) -> list[datetime]:
    """Return the slots of one symbol that have no row."""
    of_lives = pl.DataFrame(
        [
            {"life": no, "series": "a", "learn": "a", "start": start, "end": end, "sure": end, "based": False,
             "usual": usual, "phase": 0}
            for no, (start, end) in enumerate(lives)
        ],
        schema={"life": pl.UInt32, "series": pl.String, "learn": pl.String, "start": INSTANT, "end": INSTANT,
                "sure": INSTANT, "based": pl.Boolean, "usual": pl.Int64, "phase": pl.Int64},
    )  # fmt: skip
    of_rows = pl.DataFrame({"series": ["a"] * len(rows), "at": rows, "row_key": list(range(len(rows)))},
                           schema={"series": pl.String, "at": INSTANT, "row_key": KEY})  # fmt: skip
    return missing(of_lives, of_rows)["slot_at"].to_list()


EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def charged(draw: st.DrawFn) -> tuple[list[tuple[datetime, datetime]], list[datetime]]:
    """Lives of a symbol and every instant at which it was charged, late by seconds."""
    hours = draw(st.sampled_from([1, 2, 4, 8]))
    phase = draw(st.integers(0, hours - 1))
    lives, rows, moment = [], [], EPOCH
    for _ in range(draw(st.integers(1, 3))):
        start = moment + timedelta(minutes=draw(st.integers(1, 3000)))
        end = start + timedelta(hours=hours * draw(st.integers(0, 9)), minutes=draw(st.integers(2, 400)))
        slot = EPOCH + timedelta(hours=phase)
        while slot <= end:
            if start + timedelta(minutes=1) <= slot <= end - timedelta(minutes=1, seconds=30):
                rows.append(slot + timedelta(seconds=draw(st.integers(0, 30))))
            slot += timedelta(hours=hours)
        lives.append((start, end))
        moment = end
    return lives, rows


@settings(max_examples=150, deadline=None)
@given(charged(), st.data())
def test_of_all_charges_none_is_missing_and_any_single_one_that_is_taken_away_is_found(
    life: tuple[list[tuple[datetime, datetime]], list[datetime]], data: st.DataObject
) -> None:
    lives, rows = life
    assert slots(lives, rows) == []
    spacings = [later - earlier for start, end in lives
                for earlier, later in _neighbours([row for row in rows if start < row < end])]  # fmt: skip
    if len(spacings) >= 4:  # a rhythm that is told by less may be another one
        gone = data.draw(st.integers(0, len(rows) - 1))
        slot = (rows[gone] + timedelta(minutes=30)).replace(minute=0, second=0)
        left = rows[:gone] + rows[gone + 1 :]
        assert slots(lives, left) == [slot]


def _neighbours(rows: list[datetime]) -> list[tuple[datetime, datetime]]:
    return list(pairwise(rows))


def test_a_rhythm_may_change() -> None:
    hours = [-16, -8, 0, 8, 16, 24, 32, 36, 40, 44, 48, 52, 60, 68, 76]
    rows = [EPOCH + timedelta(hours=hour) for hour in hours]
    life = [(EPOCH - timedelta(hours=17), EPOCH + timedelta(hours=77))]
    assert slots(life, rows) == []
    assert slots(life, [row for row in rows if row != rows[9]]) == [rows[9]]
    assert slots(life, [row for row in rows if row != rows[4]]) == [rows[4]]


def test_too_few_rows_tell_no_rhythm_unless_the_venue_has_a_usual_one() -> None:
    life = [(EPOCH, EPOCH + timedelta(hours=17))]
    assert slots(life, []) == []
    assert slots(life, [], usual=8) == [EPOCH + timedelta(hours=8), EPOCH + timedelta(hours=16)]


def test_what_opened_and_ended_between_two_charges_owes_nothing() -> None:
    rows = [EPOCH + timedelta(hours=hour) for hour in (8, 16, 24)]
    lives = [(EPOCH + timedelta(hours=1), EPOCH + timedelta(hours=25)),
             (EPOCH + timedelta(hours=33), EPOCH + timedelta(hours=39, minutes=59))]  # fmt: skip
    assert slots(lives, rows) == []


# ------------------------------------------------------------------------------------------------ funding


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hours=st.sampled_from([1, 4, 8]), data=st.data())
def test_any_funding_row_that_is_taken_out_of_an_export_is_named_with_symbol_and_instant(
    tmp_path_factory: pytest.TempPathFactory, hours: int, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("book")
    moments = paid(hours, first="02 08:00:00", end="05 05:00:00")
    gone = data.draw(st.sampled_from(moments))
    first = [
        booked(at("02 05:00:00"), "COMMISSION", "-0.8", 1),
        booked(at("02 05:00:00"), "COMMISSION", "-0.8", 2, "SOLUSDT"),
    ]
    rows = [*first, *income([moment for moment in moments if moment != gone]), *income(moments, "SOLUSDT", 900),
            booked(at("05 05:00:00"), "COMMISSION", "-0.8", 3), booked(at("05 05:00:00"), "COMMISSION", "-0.8", 4, "SOLUSDT")]  # fmt: skip
    opening = moments[0] - timedelta(minutes=30)
    trades = [f"{stamp(opening)},{symbol},BUY,2000,1,2000,0.8,USDT,0,USDT" for symbol in ("ETHUSDT", "SOLUSDT")]
    trades += [trade("05 05:00:00", "SELL", symbol) for symbol in ("ETHUSDT", "SOLUSDT")]
    with new_book(folder) as book:
        imported(book, write(folder, "trades.csv", TRADES, trades), write(folder, "income.csv", INCOME, rows))
        assert told(book, "kind", "fact", "symbol", "from_at", "to_at", "missing", "severity") == [
            ("cadence", "funding", "ETHUSDT", gone, gone, 1, "warning")
        ]
        ((sentence,),) = told(book, "sentence")
        assert f"ETHUSDT: no funding row at {gone:%Y-%m-%d %H:%M}Z, though a position was open" in sentence
        found = facts(book, "findings", "kind", "symbol", "found_at")
        assert [row for row in found if row[0] == "missing_funding"] == [("missing_funding", "ETHUSDT", gone)]


def test_nothing_is_missing_of_a_complete_account(book: Book, tmp_path: Path) -> None:
    rows = [
        booked(at("02 05:00:00"), "COMMISSION", "-0.8", 1),
        *income(paid()),
        booked(at("10 05:00:00"), "COMMISSION", "-0.8", 2),
    ]
    imported(book, write(tmp_path, "t.csv", TRADES, opened()), write(tmp_path, "i.csv", INCOME, rows))
    assert told(book, "sentence") == []
    assert facts(book, "downloads", "export") == []
    assert [kind for (kind,) in facts(book, "findings", "kind") if kind.startswith("missing")] == []


def test_neighbouring_charges_are_one_gap_and_the_finding_goes_when_they_come(book: Book, tmp_path: Path) -> None:
    moments = paid()
    some = [moment for moment in moments if moment.day != 6]
    ends = [booked(at("02 05:00:00"), "COMMISSION", "-0.8", 1), booked(at("10 05:00:00"), "COMMISSION", "-0.8", 2)]
    imported(book, write(tmp_path, "t.csv", TRADES, opened()), write(tmp_path, "i.csv", INCOME, [*ends, *income(some)]))
    assert told(book, "symbol", "from_at", "to_at", "missing") == [("ETHUSDT", at("06 00:00:00"), at("06 16:00:00"), 3)]
    ((name, sentence),) = [row for row in facts(book, "findings", "kind", "sentence") if row[0] == "missing_funding"]
    assert (name, sentence.split(";")[0]) == (
        "missing_funding", "ETHUSDT: 3 funding rows are missing, the first at 2026-02-06 00:00Z"
    )  # fmt: skip
    missing_rows = [moment for moment in moments if moment.day == 6]
    imported(book, write(tmp_path, "more.csv", INCOME, income(missing_rows, start=500)))
    assert told(book, "symbol") == []
    assert [row for row in facts(book, "findings", "kind") if row[0] == "missing_funding"] == []


def test_a_position_that_is_open_after_the_last_fill_is_only_perhaps_charged(book: Book, tmp_path: Path) -> None:
    rows = [*income(paid(end="05 05:00:00")), booked(at("08 05:00:00"), "TRANSFER", "10", 7, "")]
    imported(book, write(tmp_path, "t.csv", TRADES, opened()[:1]), write(tmp_path, "i.csv", INCOME, rows))
    assert told(book, "severity", "from_at", "to_at", "missing") == [("info", at("05 08:00:00"), at("08 00:00:00"), 9)]
    assert "if a position was still open" in told(book, "sentence")[0][0]


def test_funding_that_a_nameless_export_states_for_all_open_positions_is_not_missing(
    book: Book, tmp_path: Path
) -> None:
    rows = [f"7,{stamp(moment + SECOND)},USDT-Futures,Funding Fee,USDT,-0.5," for moment in paid()]
    rows += [f"7,{stamp(at(when))},USDT-Futures,Fee,USDT,-0.8," for when in ("02 05:00:00", "10 05:00:00")]
    imported(
        book, write(tmp_path, "t.csv", TRADES, opened()), write(tmp_path, "statement.csv", STATEMENT, sorted(rows))
    )
    assert told(book, "fact") == []


def test_positions_without_any_export_of_funding_ask_for_one(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path, "t.csv", TRADES, opened()))
    assert told(book, "kind", "fact", "symbol", "missing", "severity") == [
        ("files", "funding", "ETHUSDT", 24, "warning"), ("files", "ledger", None, None, "info"),
    ]  # fmt: skip
    first = book.report("downloads").row(0, named=True)
    assert (str(first["from_on"]), str(first["to_on"]), first["because"], first["priority"]) == (
        "2026-02-02", "2026-02-10", "funding of ETHUSDT; no movements of this wallet", 1,
    )  # fmt: skip
    assert first["export"].startswith("Binance futures")


# ------------------------------------------------------------------------------------------------ interest


def accrued(moment: datetime, number: int) -> str:
    millis = int(moment.timestamp() * 1000)
    return f"{number},{millis},USDT,USDT,1000,0.01,0.0002,PERIODIC,"


def borrowed(folder: Path, book: Book, gone: datetime | None) -> None:
    """A cross margin debt from the 3rd, 10:30, to the 4th, 09:30, charged at each full hour."""
    rows = [
        f"7,{BORROWED},Cross Margin,Margin Loan,USDT,1000,",
        "7,2026-02-04 09:30:00,Cross Margin,Margin Repayment,USDT,-1000.22,",
    ]
    hours = [at("03 11:00:00") + timedelta(hours=hour) for hour in range(23)]
    lines = [accrued(moment, no) for no, moment in enumerate(hours) if moment != gone]
    imported(book, write(folder, "statement.csv", STATEMENT, rows), write(folder, "interest.csv", INTEREST, lines))


@pytest.mark.parametrize("gone", ["03 11:00:00", "03 12:00:00", "03 20:00:00", "04 08:00:00", "04 09:00:00"])
def test_an_hour_of_interest_that_is_missing_is_named(book: Book, tmp_path: Path, gone: str) -> None:
    borrowed(tmp_path, book, at(gone))
    found = told(book, "fact", "symbol", "from_at", "missing", "severity")
    assert found == [("interest", "USDT", at(gone), 1, "warning")]


def test_interest_that_is_complete_is_not_missing(book: Book, tmp_path: Path) -> None:
    borrowed(tmp_path, book, None)
    assert told(book, "sentence") == []


# --------------------------------------------------------------------------------- files, ids and balances


def february(first: int, last: int, number: int) -> list[str]:
    """A commission at noon of each day."""
    return [booked(at(f"{day:02d} 12:00:00"), "COMMISSION", "-0.1", number + day) for day in range(first, last + 1)]


def test_a_hole_between_two_files_is_a_gap_of_all_that_the_export_states(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path, "a.csv", INCOME, february(1, 8, 100)),
             write(tmp_path, "b.csv", INCOME, february(15, 20, 200)))  # fmt: skip
    assert told(book, "kind", "fact", "format", "from_at", "to_at", "severity") == [
        ("files", "ledger", "binance.futures_income", at("08 12:00:01"), at("15 12:00:00"), "info")
    ]
    assert "the longest silence is 1 days" in told(book, "sentence")[0][0]
    wanted = book.report("downloads").select("export", "from_on", "to_on", "priority").row(0)
    assert [str(cell) for cell in wanted] == ["Binance futures: transaction history", "2026-02-08", "2026-02-15", "2"]
    gaps = dict(facts(book, "coverage", "fact", "gaps"))
    assert (gaps["ledger"], gaps["fees"]) == (1, 0)
    imported(book, write(tmp_path, "c.csv", INCOME, february(9, 14, 300)))
    assert told(book, "kind") == []


def test_a_quiet_night_between_two_files_is_no_gap(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path, "a.csv", INCOME, february(1, 8, 100)),
             write(tmp_path, "b.csv", INCOME, february(9, 20, 200)))  # fmt: skip
    assert told(book, "kind") == []


def test_a_hole_in_which_positions_ended_lacks_movements_for_certain(book: Book, tmp_path: Path) -> None:
    trades = [trade("01 09:00:00", "BUY"), trade("10 09:00:00", "SELL"), trade("18 09:00:00", "BUY", "SOLUSDT"),
              trade("18 09:20:00", "SELL", "SOLUSDT")]  # fmt: skip
    imported(book, write(tmp_path, "a.csv", INCOME, february(1, 8, 100)),
             write(tmp_path, "b.csv", INCOME, february(15, 20, 200)), write(tmp_path, "t.csv", TRADES, trades))  # fmt: skip
    (row,) = told(book, "severity", "sentence", symbol=None)[:1]
    assert row[0] == "warning"
    assert "though positions opened or ended once in it" in row[1]


def test_results_that_no_fill_explains_ask_for_the_fills(book: Book, tmp_path: Path) -> None:
    rows = [booked(at("02 05:00:00"), "COMMISSION", "-0.8", 1), booked(at("12 05:00:00"), "REALIZED_PNL", "77", 2),
            booked(at("20 05:00:00"), "COMMISSION", "-0.8", 3)]  # fmt: skip
    imported(book, write(tmp_path, "i.csv", INCOME, rows), write(tmp_path, "t.csv", TRADES, [
        trade("02 05:00:00", "BUY"), trade("02 05:10:00", "SELL")]))  # fmt: skip
    (gap,) = told(book, "fact", "severity", "because", "sentence")
    assert gap[:3] == ("fills", "warning", "results without their fills")
    assert "books results of 2026-02-12 that no fill explains" in gap[3]


MOVED = "moved_at,wallet,pool,asset,amount,cause,balance_after,sequence"


def moved(number: int, day: int, amount: str, balance: str) -> str:
    return f"2026-02-{day:02d} 12:00:00,spot,asset,USDT,{amount},income,{balance},{number}"


def test_ids_that_follow_one_another_are_learned_and_a_jump_is_a_gap(book: Book, tmp_path: Path) -> None:
    rows = [moved(500 + day, day, "1", "") for day in range(1, 27) if day not in (11, 12)]
    imported(book, write(tmp_path, "m.csv", MOVED, rows), timezone="UTC")
    (gap,) = [row for row in told(book, "kind", "missing", "from_at", "to_at", "sentence") if row[0] == "sequence"]
    assert gap[1:4] == (2, at("10 12:00:00"), at("13 12:00:00"))
    assert "the ids of this export leave out 511 to 512" in gap[4]


def test_ids_with_many_jumps_say_nothing(book: Book, tmp_path: Path) -> None:
    rows = [moved(500 + 7 * day, day, "1", "") for day in range(1, 27)]
    imported(book, write(tmp_path, "m.csv", MOVED, rows), timezone="UTC")
    assert [row for row in told(book, "kind") if row[0] == "sequence"] == []


def test_a_break_is_a_gap_that_leads_to_the_report_of_breaks(book: Book, tmp_path: Path) -> None:
    rows = [moved(day, day, "1", str(day if day < 6 else day + 3)) for day in range(1, 9)]
    imported(book, write(tmp_path, "m.csv", MOVED, rows), timezone="UTC")
    (gap,) = told(book, "gap_id", "kind", "symbol", "from_at", "to_at", "sentence")
    assert gap[1:5] == ("balance", "USDT", at("05 12:00:00"), at("06 12:00:00"))
    assert gap[5] == ("the USDT that the venue states at 2026-02-06 12:00Z is 3 more than the rows since 2026-02-05 12:00Z "
                      "lead to; `marginbook report breaks` says what would explain it")  # fmt: skip
    assert [name.replace("break-", "gap-") for (name,) in facts(book, "breaks", "break_id")] == [gap[0]]
