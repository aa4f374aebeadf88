"""hledger and ledger, where they are installed: they prove an exported journal, and hold the balances of the book."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import Book
from ledger.commands.demo import write_exports
from reports.exports.names import quoted_commodity
from tests.books import imported, new_book
from tests.journals import Held, explained_away, hostile, trial_balance

pytestmark = pytest.mark.external
PROGRAMS = {
    "hledger": ("hledger", "-f", "{}", "check", "--strict", "ordereddates"),
    "ledger": ("ledger", "-f", "{}", "--strict", "--pedantic", "balance"),
}
SUMS = ("hledger", "-f", "{}", "bal", "-O", "csv", "--layout=bare", "-N", "-E", "--flat")


@pytest.fixture(scope="module", params=["demo", "hostile"])
def book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Return the book of the demo, and one of everything that breaks an export."""
    folder = tmp_path_factory.mktemp(request.param)
    with new_book(folder) as book:
        if request.param == "demo":
            imported(book, write_exports(folder / "exports"))
        else:
            hostile(book, folder)
        yield book


def installed(name: str) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"NOT RUN: no {name} is installed (apt-get install {name})")


def said(words: tuple[str, ...], path: Path) -> str:
    """Run a program on a journal and return what it prints; it must be content."""
    command = [word.format(path) if word == "{}" else word for word in words]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def held_in(book: Book, path: Path) -> Held:
    """Return the balances of an hledger journal under the names of the book, by the tags of its directives."""
    places: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("account "):
            place = places.setdefault(line.removeprefix("account "), [])
        elif (tag := re.fullmatch(r"    ; (account|venue|posting_account): (.*)", line)) and len(place) < 3:
            place.append(tag[2].replace("%2C", ",").replace("%5B", "[").replace("%25", "%"))
    assets = {
        quoted_commodity(asset).strip('"'): asset for (asset,) in book.store.rows("SELECT DISTINCT asset FROM postings")
    }
    found: dict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
    header, *rows = csv.reader(io.StringIO(said(SUMS, path)))
    assert header == ["account", "commodity", "balance"]
    for name, commodity, balance in rows:
        if Decimal(balance):
            account, venue, posting_account = places[name]
            found[account, venue, posting_account, assets[commodity.strip('"')]] += Decimal(balance)
    return found


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_program_proves_the_journal(book: Book, tmp_path: Path, program: str) -> None:
    installed(program)
    done = book.export(program, tmp_path / f"book.{program}")
    assert done.journal is not None
    assert done.journal.asserted > 0
    said(PROGRAMS[program], done.path)
    text = done.path.read_text(encoding="utf-8")
    asserted = re.search(r"  (-?[0-9.]+) (\S+) = (-?[0-9.]+) \2$", text, re.MULTILINE)
    assert asserted is not None
    wrong = tmp_path / f"wrong.{program}"
    wrong.write_text(
        text.replace(asserted[0], asserted[0].replace(f"= {asserted[3]}", f"= {asserted[3]}1"), 1), encoding="utf-8"
    )
    with pytest.raises(AssertionError, match=r"(?i)assert"):
        said(PROGRAMS[program], wrong)


def test_hledger_holds_the_balances_of_the_book(book: Book, tmp_path: Path) -> None:
    installed("hledger")
    path = book.export("hledger", tmp_path / "book.hledger").path
    assert explained_away(held_in(book, path)) == trial_balance(book)
