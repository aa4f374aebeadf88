"""One fact, one voice: segments, seams, filtered exports and witnesses, by the model's worked example."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.accounting.voices import quiet_instant
from ledger.book import Book
from tests.books import INCOME, STATEMENT, at, facts, imported, new_book, seconds, stamp, write

NEVER = timedelta(0)


def income_row(moment: datetime, kind: str, amount: str, ref: int, symbol: str = "ETHUSDT") -> str:
    return f"{stamp(moment)},{kind},{amount},USDT,{symbol},{ref}"


def statement_row(moment: datetime, operation: str, amount: str) -> str:
    return f"7,{stamp(moment)},USDT-Futures,{operation},USDT,{amount},"


def life() -> list[tuple[datetime, str, str]]:
    """Funding every eight hours of February, and a result and a fee a day."""
    rows = []
    for day in range(1, 29):
        for hour in (0, 8, 16):
            rows.append((at(f"{day:02d} {hour:02d}:00:01"), "funding", f"-0.{day:02d}{hour + 10}"))
        rows.append((at(f"{day:02d} 15:59:55"), "result", f"{day}.5"))
        rows.append((at(f"{day:02d} 15:59:55"), "fee", f"-0.{day:02d}"))
    return rows


WORDS = {
    "funding": ("FUNDING_FEE", "Funding Fee"),
    "result": ("REALIZED_PNL", "Realize profit and loss"),
    "fee": ("COMMISSION", "Fee"),
}


def income(rows: list[tuple[datetime, str, str]]) -> list[str]:
    return [
        income_row(moment, WORDS[kind][0], amount, 1000 + index) for index, (moment, kind, amount) in enumerate(rows)
    ]


def statement(rows: list[tuple[datetime, str, str]]) -> list[str]:
    """The same life in the statement's words, funding booked a second later."""
    late = {"funding": seconds(1)}
    return [statement_row(moment + late.get(kind, NEVER), WORDS[kind][1], amount) for moment, kind, amount in rows]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def balance(book: Book) -> str:
    return str(facts(book, "balances", "computed")[0][0])


def test_every_combination_of_exports_gives_one_balance(book: Book, tmp_path: Path) -> None:
    rows = life()
    whole = write(tmp_path, "statement.csv", STATEMENT, statement(rows))
    imported(book, whole)
    truth = balance(book)
    early = [row for row in rows if row[0] <= at("20 16:00:01")]
    late = [row for row in rows if at("25 00:00:00") < row[0] < at("27 00:00:00")]
    imported(book, write(tmp_path, "income-1.csv", INCOME, income(early)))
    imported(book, write(tmp_path, "income-2.csv", INCOME, income(late)))
    assert balance(book) == truth
    voices = book.store.rows(
        "SELECT split_part(series, '.', 2) FROM voices WHERE fact = 'ledger' AND cause IS NULL ORDER BY from_at"
    )
    assert [name for (name,) in voices] == ["futures_income", "statement", "futures_income", "statement"]
    second = write(
        tmp_path, "statement-2.csv", STATEMENT, statement([row for row in rows if row[0] < at("22 00:00:00")])
    )
    imported(book, second)
    assert balance(book) == truth
    for name in ("income-1.csv", "income-2.csv"):
        book.forget(name)
    assert balance(book) == truth
    assert {name for _, name in facts(book, "funding", "net", "symbol")} == {None}


def test_a_row_that_both_exports_state_at_a_seam_counts_once_and_keeps_its_symbol(book: Book, tmp_path: Path) -> None:
    rows = life()
    early = [row for row in rows if row[0] <= at("20 16:00:01")]
    imported(book, write(tmp_path, "statement.csv", STATEMENT, statement(rows)))
    imported(book, write(tmp_path, "income.csv", INCOME, income(early)))
    funding = book.store.rows(
        "SELECT count(*), count(symbol) FROM funding WHERE CAST(paid_at AS DATE) = DATE '2026-02-20'"
    )
    assert funding == [(3, 3)]
    assert not book.report("findings").filter(kind="seam").height  # each row has its twin: nothing is doubtful


def test_where_two_exports_round_differently_the_seam_moves_to_an_instant_without_rows(
    book: Book, tmp_path: Path
) -> None:
    rows = life()
    early = [(moment, kind, f"{amount}001") for moment, kind, amount in rows if moment <= at("20 16:00:01")]
    imported(book, write(tmp_path, "statement.csv", STATEMENT, statement(rows)))
    imported(book, write(tmp_path, "income.csv", INCOME, income(early)))
    funding = book.store.rows(
        "SELECT count(*), count(symbol) FROM funding WHERE CAST(paid_at AS DATE) = DATE '2026-02-20'"
    )
    assert funding == [(3, 2)]
    seam = book.store.scalar("SELECT max(to_at) FROM voices WHERE fact = 'funding' AND series LIKE '%income'")
    assert at("20 08:00:01") < seam < at("20 16:00:01")


def test_an_export_filtered_to_funding_lets_the_statement_speak_for_the_rest(book: Book, tmp_path: Path) -> None:
    rows = life()
    imported(book, write(tmp_path, "statement.csv", STATEMENT, statement(rows)))
    truth = balance(book)
    only = [row for row in rows if row[1] == "funding"]
    imported(book, write(tmp_path, "income.csv", INCOME, income(only)))
    assert balance(book) == truth
    assert book.report("findings").filter(kind="filtered_export").height >= 1
    assert {symbol for (symbol,) in facts(book, "funding", "symbol")} == {"ETHUSDT"}


def test_a_witness_is_compared_day_by_day_and_never_added(book: Book, tmp_path: Path) -> None:
    rows = life()
    imported(book, write(tmp_path, "income.csv", INCOME, income(rows)))
    imported(book, write(tmp_path, "statement.csv", STATEMENT, statement(rows)))
    days = facts(book, "witnesses", "fact", "difference", "voice_rows", "witness_rows")
    assert {(fact, difference) for fact, difference, *_ in days} == {("ledger", "0"), ("funding", "0")}
    assert all(ours == theirs for *_, ours, theirs in days)


def test_rows_that_only_one_of_two_exports_has_are_findings(book: Book, tmp_path: Path) -> None:
    rows = life()
    imported(book, write(tmp_path, "income.csv", INCOME, income(rows)))
    extra = [*rows, (at("14 12:34:56"), "funding", "-0.77")]
    imported(book, write(tmp_path, "statement.csv", STATEMENT, statement(sorted(extra))))
    assert book.report("findings").filter(kind="unpaired_rows").height >= 1


def test_the_nearest_quiet_instant_is_found_in_both_directions() -> None:
    rows = [at("20 15:59:58"), at("20 16:00:01"), at("20 16:00:02"), at("20 15:30:00")]
    gap = seconds(4)
    assert quiet_instant(rows, at("20 16:00:02"), at("20 00:00:00"), gap) == at("20 15:59:54")
    assert quiet_instant(rows, at("20 16:00:02"), at("20 15:59:59"), gap) is None
    assert quiet_instant(rows, at("20 16:00:01"), at("21 00:00:00"), gap) == at("20 16:00:06")


def test_a_filtered_export_and_one_of_two_days_lose_nothing_together(book: Book, tmp_path: Path) -> None:
    rows = life()
    imported(book, write(tmp_path, "statement.csv", STATEMENT, statement(rows)))
    truth = balance(book)
    imported(book, write(tmp_path, "income.csv", INCOME, income([row for row in rows if row[1] == "funding"])))
    archive = "symbol,incomeType,income,asset,info,time,tranId,tradeId"
    two_days = [row for row in rows if at("10 00:00:00") < row[0] < at("12 00:00:00")]
    api = [
        f"ETHUSDT,{WORDS[kind][0]},{amount},USDT,,{int(moment.timestamp() * 1000)},{9000 + index},"
        for index, (moment, kind, amount) in enumerate(two_days)
    ]
    imported(book, write(tmp_path, "api.csv", archive, api))
    assert balance(book) == truth


def test_funding_filtered_by_symbol_keeps_the_rest_in_the_report(book: Book, tmp_path: Path) -> None:
    rows = [(moment, "funding", amount) for moment, kind, amount in life() if kind == "funding"]
    imported(book, write(tmp_path, "statement.csv", STATEMENT, statement(rows)))
    (truth,) = facts(book, "funding", "net")
    filtered = [
        income_row(moment, "FUNDING_FEE", amount, 5000 + n) for n, (moment, _, amount) in enumerate(rows) if n % 2
    ]
    imported(book, write(tmp_path, "income.csv", INCOME, filtered))
    assert sum(Decimal(net) for (net,) in facts(book, "funding", "net")) == Decimal(truth[0])
    assert book.report("balances")["computed"].sum() == Decimal(truth[0])
