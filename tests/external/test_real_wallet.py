"""A real wallet history, where there is one: every month of every currency ties to the venue's own balances.

`MARGINBOOK_BITMEX_WALLET` names the file (GET /user/walletHistory?currency=all as CSV); it is read, and never kept.
"""

from __future__ import annotations

import csv
import os
import random
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import Book
from reports.monthly import HEADINGS

pytestmark = pytest.mark.external

UNITS = {"XBt": ("BTC", 8), "USDt": ("USDT", 6), "BMEx": ("BMEX", 6)}


@pytest.fixture
def history() -> Path:
    name = os.environ.get("MARGINBOOK_BITMEX_WALLET")
    if not name:
        pytest.skip("NOT RUN: MARGINBOOK_BITMEX_WALLET names no wallet history")
    return Path(name)


def moved(history: Path) -> dict[tuple[str, str], Decimal]:
    """Return what the completed rows moved, by month and asset."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    with history.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["transactStatus"] == "Completed" and row["transactType"] != "UnrealisedPNL":
                asset, places = UNITS[row["currency"]]
                sums[row["timestamp"][:7], asset] += Decimal(row["amount"]).scaleb(-places)
    return sums


def test_every_month_of_every_currency_of_a_real_wallet_ties(history: Path) -> None:
    sums = moved(history)
    with Book.in_memory() as book:
        report = book.import_paths([history])
        assert (report.exit_code, report.breaks) == (0, 0)
        lines = list(book.report("reconcile").iter_rows(named=True))
    assert {("tied", 0)} == {(line["status"], line["difference"]) for line in lines}
    assert {key for key, amount in sums.items() if amount} <= {(line["period"], line["asset"]) for line in lines}
    for line in lines:
        change = sum((line[heading] for heading in HEADINGS), Decimal(0))
        assert sums[line["period"], line["asset"]] == change == line["closing"] - line["opening"], line


def test_rows_removed_from_a_real_wallet_are_breaks_of_their_amount(history: Path, tmp_path: Path) -> None:
    header, *rows = history.read_text(encoding="utf-8").splitlines()
    names = header.split(",")
    completed = [place for place, row in enumerate(rows) if _cell(row, names, "transactStatus") == "Completed"
                 and _cell(row, names, "currency") == "XBt" and 40 < place < len(rows) - 40]  # fmt: skip
    gone = completed[random.Random(1).randrange(60) :: 120]
    path = tmp_path / "holes.csv"
    path.write_text(
        "\n".join([header, *(row for place, row in enumerate(rows) if place not in gone)]) + "\n", encoding="utf-8"
    )
    with Book.in_memory() as book:
        book.import_paths([path])
        found = sum((row["difference"] for row in book.report("breaks").iter_rows(named=True)), Decimal(0))
        assert len(gone) == book.report("breaks").height
    assert sum(Decimal(_cell(rows[place], names, "amount")).scaleb(-8) for place in gone) == found


def _cell(row: str, names: list[str], name: str) -> str:
    return row.split(",")[names.index(name)]
