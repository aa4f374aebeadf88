"""The benchmark's input: always the same, consistent in itself, and imported without a word of complaint."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from ledger.book import Book
from tests.bench.form import FORMATS
from tests.bench.generate import COINS, HEADER, PERPETUALS, lines, write, write_consecutive, write_instruments

ROWS = 2_000


def logged(rows: int = ROWS) -> list[dict[str, str]]:
    return list(csv.DictReader([HEADER, *lines(rows)]))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.csv", ROWS).read_bytes(), write(tmp_path / "b.csv", ROWS).read_bytes()
    assert first == second
    assert first != write(tmp_path / "c.csv", ROWS, seed=2).read_bytes()
    assert first.count(b"\n") == ROWS + 1


def test_a_log_cut_into_files_is_the_same_log(tmp_path: Path) -> None:
    cut = [(tmp_path / "1.csv", 700), (tmp_path / "2.csv", 1_300)]
    write_consecutive(cut)
    rows = [line for path, _ in cut for line in path.read_text().splitlines()[1:]]
    assert rows == list(lines(ROWS))


def test_change_is_cash_flow_and_funding_less_fee_and_balances_chain() -> None:
    balances: dict[str, Decimal] = defaultdict(Decimal)
    for row in logged():
        amount = {name: Decimal(row[name]) for name in ("Cash Flow", "Funding", "Fee Paid", "Change", "Wallet Balance")}
        assert amount["Change"] == amount["Cash Flow"] + amount["Funding"] - amount["Fee Paid"]
        balances[row["Currency"]] += amount["Change"]
        assert amount["Wallet Balance"] == balances[row["Currency"]] >= 0


def test_positions_follow_from_the_trades_and_do_everything_a_position_can() -> None:
    held: dict[str, Decimal] = defaultdict(Decimal)
    seen: set[str] = set()
    for row in logged(20_000):
        if row["Contract"] in PERPETUALS and row["Type"] == "TRADE":
            before = held[row["Contract"]]
            after = before + Decimal(row["Quantity"]) * (1 if row["Direction"] == "BUY" else -1)
            held[row["Contract"]] = after
            closes = before * (after - before) < 0
            seen.add("flip" if before * after < 0 else "close" if not after else "reduce" if closes else "grow")
            assert closes or not Decimal(row["Cash Flow"])
        if row["Position"]:
            assert Decimal(row["Position"]) == held[row["Contract"]]
    assert seen == {"grow", "reduce", "close", "flip"}
    assert len(held) > 40


def test_the_log_has_the_declared_shape() -> None:
    rows = logged(20_000)
    assert len(HEADER.split(",")) == 16
    assert {row["Type"] for row in rows} == {"TRADE", "SETTLEMENT", "TRANSFER_IN", "TRANSFER_OUT"}
    assert {row["Currency"] for row in rows} == {"USDT", *COINS}
    assert all(len(cell.split(".")[1]) == 8 for row in rows for cell in (row["Change"], row["Wallet Balance"]))
    assert len({row["Trade ID"] for row in rows}) == len(rows)
    assert [row["Time"] for row in rows] == sorted(row["Time"] for row in rows)


def test_the_log_is_imported_whole_and_nothing_is_broken(tmp_path: Path) -> None:
    path, terms = write(tmp_path / "log.csv", ROWS), write_instruments(tmp_path / "instruments.csv")
    with Book.open(tmp_path / "book.duckdb", formats=FORMATS, clock=lambda: datetime(2026, 11, 1, tzinfo=UTC)) as book:
        report = book.import_paths([terms, path])
        assert [str(error) for error in report.errors] == []
        part = next(part for part in report.parts if part.venue == "bench")
        assert (part.read, part.stored, part.ignored, part.rejected) == (ROWS, ROWS, 0, 0)
        assert [name for name, found in book.check().items() if found.height] == []
        assert book.report("breaks").height == 0
        positions = book.report("positions")
        assert positions.height > 100
        assert positions["flags"].list.len().sum() == 0
        assert [row for row in book.report("balances").iter_rows(named=True) if row["difference"]] == []
