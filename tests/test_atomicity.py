"""Killed at any step, the book holds all of a file or nothing of it, and doing it again completes it."""

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
PROGRAM = Path(__file__).with_name("dying_import.py")


def dying(book: Path, step: int, deed: str, *words: object) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(PROGRAM.parent.parent), "PATH": ""}
    arguments = [sys.executable, str(PROGRAM), str(book), str(step), deed, *map(str, words)]
    return subprocess.run(arguments, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many steps a whole import takes."""
    folder = tmp_path_factory.mktemp("whole")
    ended = dying(folder / "book.duckdb", 10**9, "import", write(folder, "income.csv", INCOME, ROWS))
    assert ended.returncode == 0, ended.stderr
    return int(ended.stdout)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99])
def test_a_killed_import_leaves_all_or_nothing(share: float, steps: int, tmp_path: Path) -> None:
    path = write(tmp_path, "income.csv", INCOME, ROWS)
    killed = dying(tmp_path / "book.duckdb", max(1, int(steps * share)), "import", path)
    assert killed.returncode == 9, killed.stderr
    with new_book(tmp_path) as book:
        stored = book.store.scalar("SELECT count(*) FROM movements_stated")
        assert stored in (0, len(ROWS))
        assert book.store.scalar("SELECT count(*) FROM files") == (1 if stored else 0)
        imported(book, path)
        assert book.report("balances").height == 1
        assert {name: frame.height for name, frame in book.check().items() if frame.height} == {}
        digest = book.digest()
    whole = tmp_path / "whole"
    with new_book(whole_folder(whole)) as truth:
        imported(truth, path)
        assert truth.digest() == digest


def whole_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


DEEDS = {"rename": ("binance", "main"), "enter": ("-12.5",)}


@pytest.fixture(scope="module")
def before_and_after(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str, int]]:
    """The digests of a book before and after each deed, and the steps it takes."""
    found = {}
    for deed, words in DEEDS.items():
        folder = tmp_path_factory.mktemp(deed)
        with new_book(folder) as book:
            imported(book, write(folder, "income.csv", INCOME, ROWS))
            before = book.digest()
        ended = dying(folder / "book.duckdb", 10**9, deed, *words)
        assert ended.returncode == 0, ended.stderr
        with new_book(folder) as book:
            found[deed] = (before, book.digest(), int(ended.stdout))
    return found


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("share", [0.01, 0.2, 0.4, 0.6, 0.8, 0.95, 0.99])
def test_a_killed_decision_is_done_or_not_done(
    share: float, deed: str, before_and_after: dict[str, tuple[str, str, int]], tmp_path: Path
) -> None:
    before, after, steps = before_and_after[deed]
    with new_book(tmp_path) as book:
        imported(book, write(tmp_path, "income.csv", INCOME, ROWS))
    killed = dying(tmp_path / "book.duckdb", max(1, int(steps * share)), deed, *DEEDS[deed])
    assert killed.returncode == 9, killed.stderr
    with new_book(tmp_path) as book:
        digest, entries = book.digest(), logged(book)
        assert digest in (before, after)
        assert len(entries) == (1 if digest == before else 2)
        assert book.archive is not None
        assert book.archive.entries() == entries
        assert {name: frame.height for name, frame in book.check().items() if frame.height} == {}
        assert book.rebuild() == (digest, digest)


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
            env={"PYTHONPATH": str(PROGRAM.parent.parent), "PATH": ""},
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
