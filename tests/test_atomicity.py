"""Killed at any step, the book holds all of a file or nothing of it, and doing it again completes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ledger.book import Book, archive_of
from schemas.errors import BookError, BookTooNew
from tests.books import INCOME, imported, logged, new_book, write

ROWS = [f"2026-02-{day:02d} {hour:02d}:00:01,FUNDING_FEE,-0.{day}{hour},USDT,ETHUSDT,{day * 100 + hour}"
        for day in range(1, 29) for hour in (0, 8, 16)]  # fmt: skip
PROGRAM = Path(__file__).with_name("dying_import.py")


def dying(book: Path, step: int, path: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(PROGRAM.parent.parent), "PATH": ""}
    return subprocess.run(
        [sys.executable, PROGRAM, book, str(step), path], capture_output=True, text=True, check=False, env=environment
    )


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many steps a whole import takes."""
    folder = tmp_path_factory.mktemp("whole")
    ended = dying(folder / "book.duckdb", 10**9, write(folder, "income.csv", INCOME, ROWS))
    assert ended.returncode == 0, ended.stderr
    return int(ended.stdout)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99])
def test_a_killed_import_leaves_all_or_nothing(share: float, steps: int, tmp_path: Path) -> None:
    path = write(tmp_path, "income.csv", INCOME, ROWS)
    killed = dying(tmp_path / "book.duckdb", max(1, int(steps * share)), path)
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
    program = "import sys; from ledger.cli import main; sys.argv[1:] = ['--book', sys.argv[1], 'files']; main()"
    with new_book(tmp_path):
        ended = subprocess.run(
            [sys.executable, "-c", program, tmp_path / "book.duckdb"], capture_output=True, text=True, check=False,
            env={"PYTHONPATH": str(PROGRAM.parent.parent), "PATH": ""},
        )  # fmt: skip
    assert ended.returncode == 4
    assert "in use by another program (process " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_book_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with new_book(tmp_path) as book:
        book.store.execute("UPDATE meta SET value = '99'")
    with pytest.raises(BookTooNew, match="schema version 99"):
        Book.open(tmp_path / "book.duckdb")
