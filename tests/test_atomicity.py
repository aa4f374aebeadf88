"""A book and its archive agree, and each makes the other good; older and newer books are told from each other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.book import Book
from ledger.storage.archive import archive_of
from ledger.storage.store import Store
from schemas.errors import BookError, BookTooNew
from tests.books import INCOME, imported, logged, new_book, write
from tests.conftest import Run

ROWS = [f"2026-02-{day:02d} {hour:02d}:00:01,FUNDING_FEE,-0.{day}{hour},USDT,ETHUSDT,{day * 100 + hour}"
        for day in range(1, 29) for hour in (0, 8, 16)]  # fmt: skip


def test_a_log_that_lacks_the_last_entry_gets_it_when_the_book_is_opened(tmp_path: Path) -> None:
    path = write(tmp_path, "income.csv", INCOME, ROWS)
    with new_book(tmp_path) as book:
        imported(book, path)
        entries = logged(book)
    log = archive_of(tmp_path / "book.duckdb") / "log.jsonl"
    for torn in (b"", log.read_bytes()[:20]):
        log.write_bytes(torn)
        with new_book(tmp_path) as book:
            assert book.archive is not None
            assert book.archive.entries() == entries


def test_the_book_is_made_again_from_its_archive_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "income.csv", INCOME, ROWS)
    with new_book(tmp_path) as book:
        imported(book, path)
        imported(book, write(tmp_path, "more.csv", INCOME, ["2026-03-01 00:00:01,TRANSFER,5,USDT,,1"]))
        book.forget("more.csv")
        digest = book.digest()
        assert book.rebuild() == (digest, digest)
    (tmp_path / "book.duckdb").unlink()
    path.unlink()
    with new_book(tmp_path) as empty:
        with pytest.raises(BookError, match="rebuild"):
            empty.import_paths([tmp_path])
        assert empty.rebuild()[1] == digest


def test_damage_of_the_archive_is_found(tmp_path: Path) -> None:
    with new_book(tmp_path) as book:
        imported(book, write(tmp_path, "income.csv", INCOME, ROWS))
        assert book.verify() == []
        (kept,) = (archive_of(tmp_path / "book.duckdb") / "objects").iterdir()
        content = bytearray(kept.read_bytes())
        content[len(content) // 2] ^= 1
        kept.write_bytes(bytes(content))
        assert len(book.verify()) == 1


def test_a_second_writer_is_told_who_holds_the_book(tmp_path: Path) -> None:
    program = "import sys; from ledger.commands.cli import main; sys.argv[1:] = ['--book', sys.argv[1], '--wait', '0', 'files']; main()"
    with new_book(tmp_path):
        ended = subprocess.run(
            [sys.executable, "-c", program, tmp_path / "book.duckdb"], capture_output=True, text=True, check=False,
            env={"PYTHONPATH": str(Path(__file__).parent.parent), "PATH": ""},
        )  # fmt: skip
    assert ended.returncode == 4
    assert f"in use by `marginbook` (process {os.getpid()}, since 2026-11-01 00:00:00Z)" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_book_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with new_book(tmp_path) as book:
        book.store.execute("UPDATE meta SET value = '99'")
    with pytest.raises(BookTooNew, match="schema version 99"):
        Book.open(tmp_path / "book.duckdb")


# ------------------------------------------------------------------------------------------------- older books

NEW_TABLES = ("margin_tiers", "collateral_ratios", "loan_terms", "opening_lots", "loans_stored", "loan_events")
NEW_COLUMNS = (("fills_stated", "effect"), ("interest_stated", "debt_asset"), ("files", "reason"))


def aged(path: Path) -> None:
    """Make a book one that version 1 had made: its number, and none of the tables and columns that came later."""
    store = Store.open(path)
    store.execute("UPDATE meta SET value = '1' WHERE name = 'schema_version'")
    (views,) = zip(*store.rows("SELECT view_name FROM duckdb_views() WHERE NOT internal"), strict=True)
    for view in views:
        store.execute(f"DROP VIEW {view}")
    for table in NEW_TABLES:
        store.execute(f"DROP TABLE {table}")
    for table, column in NEW_COLUMNS:
        store.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    store.close()


@pytest.fixture
def old(tmp_path: Path) -> tuple[Path, str]:
    """Return the path of a book of version 1, and the digest of it as this version makes it."""
    with new_book(tmp_path) as book:
        imported(book, write(tmp_path, "income.csv", INCOME, ROWS))
        imported(book, write(tmp_path, "more.csv", INCOME, ["2026-03-01 00:00:01,TRANSFER,5,USDT,,1"]))
        digest = book.digest()
    aged(tmp_path / "book.duckdb")
    return tmp_path / "book.duckdb", digest


def test_a_book_of_an_older_version_says_how_it_is_made_anew(run: Run, old: tuple[Path, str], tmp_path: Path) -> None:
    file = write(tmp_path, "new.csv", INCOME, ["2026-04-01 00:00:01,TRANSFER,5,USDT,,9"])
    before = old[0].read_bytes()
    for arguments in (
        ("files",),
        ("rejects",),
        ("retry",),
        ("verify",),
        ("check",),
        ("accounts",),
        ("accounts", "rename", "binance", "main"),
        ("report", "positions"),
        ("trace", "nothing"),
        ("sql", "SELECT 1"),
        ("forget", "income.csv"),
        ("import", file),
        ("import", file, "--dry-run"),
        ("enter", "loss", "--asset", "BTC", "--amount", "1", "--account", "binance", "--wallet", "spot",
         "--at", "2026-02-01", "--reason", "lost"),
    ):  # fmt: skip
        answer = run(*arguments)
        assert (answer.code, answer.out) == (4, ""), arguments
        assert "an older version of marginbook made this book" in answer.err
        assert "`marginbook rebuild` makes it again from its archive" in answer.err
    assert old[0].read_bytes() == before


def test_an_older_book_is_made_again_from_its_archive(run: Run, old: tuple[Path, str]) -> None:
    answer = run("rebuild")
    assert answer.code == 0, answer.err
    assert "made anew from its archive" in answer.err
    assert run("files").code == 0
    with Book.open(old[0]) as book:
        assert book.digest() == old[1]
    again = run("rebuild")
    assert "to the last digit" in again.err


def test_what_only_an_older_book_knows_reaches_the_archive_first(old: tuple[Path, str]) -> None:
    log = archive_of(old[0]) / "log.jsonl"
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[0])
    with Book.open(old[0], any_version=True) as book:
        assert book.rebuild() == ("", old[1])


def test_an_older_book_whose_archive_is_gone_is_left_alone(run: Run, old: tuple[Path, str]) -> None:
    shutil.rmtree(archive_of(old[0]))
    before = old[0].read_bytes()
    answer = run("rebuild")
    assert answer.code == 4
    assert "lacks the object" in answer.err
    assert old[0].read_bytes() == before
    assert not old[0].with_name("book.duckdb.rebuilding").exists()
