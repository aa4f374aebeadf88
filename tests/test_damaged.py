"""Damage is found by `verify`, refused by what would trust it, and told with what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from ledger.book import Book
from ledger.storage.store import SCHEMA_VERSION, Store
from tests.books import NOW
from tests.conftest import Answer, Run
from tests.deeds import NEEDS, Places, digest_in
from tests.programs import Programs

Told = Callable[..., Answer]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, programs: Programs) -> Places:
    return Places(tmp_path_factory.mktemp("deeds"), programs)


@pytest.fixture
def folder(places: Places) -> Path:
    """A folder with a book of two imports and a closed month, and its archive."""
    return places.of("rebuild")


@pytest.fixture
def told(run: Run, folder: Path) -> Told:
    """Run a command on that book."""
    return lambda *words: run(*words, book=folder / "book.duckdb")


def flipped(path: Path, at: float) -> None:
    """Flip a bit of the byte at this share of a file."""
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 0x10
    path.write_bytes(content)


def log_of(folder: Path) -> Path:
    return folder / "book.archive" / "log.jsonl"


def test_a_byte_that_flips_in_the_book_is_found_and_the_book_is_made_again_from_its_archive(
    folder: Path, told: Told
) -> None:
    digest, path = digest_in(folder), folder / "book.duckdb"
    whole, found = path.read_bytes(), []
    for at in (0.001, 0.1, 0.3, 0.5, 0.7, 0.9):
        path.write_bytes(whole)
        flipped(path, at)
        checked = told("verify")
        found.append(checked.code)
        if checked.code:
            assert "rebuild" in checked.err
            assert "Traceback" not in checked.err
        else:  # a byte that no table uses
            path.chmod(0o644)
            assert digest_in(folder) == digest
    assert 4 in found
    path.unlink()
    refused = told("report", "balances")
    assert (4, "") == (refused.code, refused.out)
    assert "there is no book here; its archive is\n  `marginbook rebuild` makes the book from it" in refused.err
    assert told("rebuild").code == 0
    assert digest_in(folder) == digest


@pytest.mark.parametrize("share", [0.0, 0.00001, 0.3, 0.9])
def test_a_book_that_is_cut_off_is_refused(folder: Path, told: Told, share: float) -> None:
    path = folder / "book.duckdb"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    for words in (("verify",), ("import", folder / "exports")):
        refused = told(*words)
        assert refused.code == 4, (words, refused)
        assert "rebuild" in refused.err + refused.out or "this file is no book of marginbook" in refused.err, refused


def test_a_byte_that_flips_in_the_archive_is_found_and_nothing_is_made_of_it(folder: Path, told: Told) -> None:
    before = (folder / "book.duckdb").read_bytes()
    for kept in sorted((folder / "book.archive" / "objects").iterdir()):
        flipped(kept, 0.5)
        found = told("verify")
        assert found.code == 4
        assert f"archive object {kept.name[:12]}" in found.out
        assert "restore the archive from a copy" in found.err
        refused = told("rebuild")
        assert refused.code == 4, refused
        assert "from a copy" in refused.err
        assert (folder / "book.duckdb").read_bytes() == before
        flipped(kept, 0.5)
    assert told("verify").code == 0


def test_a_byte_that_flips_in_the_log_is_found_and_nothing_is_written_before_it_is_mended(
    folder: Path, told: Told
) -> None:
    whole = log_of(folder).read_bytes()
    digest = digest_in(folder)
    for at in (0.02, 0.5, 0.98):
        flipped(log_of(folder), at)
        found = told("verify")
        assert (4, True) == (found.code, "log.jsonl" in found.out)
        assert told("report", "balances").code == 0, "the book itself is whole"
        for words in (("rebuild",), ("forget", "1-income.csv"), ("import", folder / "exports")):
            refused = told(*words)
            assert refused.code == 4, (words, refused)
            assert "log.jsonl" in refused.err
            assert "copy" in refused.err
        log_of(folder).write_bytes(whole)
    log_of(folder).unlink()  # as the message says, where the book is whole
    assert told("retry").code == 0
    assert (log_of(folder).read_bytes(), digest_in(folder)) == (whole, digest)


def test_a_log_of_another_book_is_refused_by_rebuild_with_what_to_do(folder: Path, told: Told) -> None:
    entries = [json.loads(line) for line in log_of(folder).read_text().splitlines()]
    entries[0]["options"] = {"account": "other"}
    log_of(folder).write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    before = (folder / "book.duckdb").read_bytes()
    refused = told("rebuild")
    assert refused.code == 4
    assert "entry 1 is not what the book's own copy says" in refused.err
    assert "move the book away, and `marginbook rebuild` makes what the archive says" in refused.err
    assert (folder / "book.duckdb").read_bytes() == before
    (folder / "book.duckdb").rename(folder / "away")
    assert told("rebuild").code == 0
    assert "other" in told("files", "--output-format", "json").out


def test_a_log_with_a_hole_makes_no_book(folder: Path, told: Told) -> None:
    lines = log_of(folder).read_bytes().splitlines(keepends=True)
    log_of(folder).write_bytes(b"".join(lines[:1] + lines[2:]))
    (folder / "book.duckdb").unlink()
    refused = told("rebuild")
    assert (4, True) == (refused.code, "entry 3 stands where entry 2 belongs" in refused.err)


def test_a_book_that_is_older_than_its_archive_is_read_by_nobody(folder: Path, told: Told) -> None:
    older = (folder / "book.duckdb").read_bytes()
    with Book.open(folder / "book.duckdb", clock=lambda: NOW) as book:
        book.forget("1-income.csv")
        digest = book.digest()
    (folder / "book.duckdb").write_bytes(older)
    for words in (("report", "balances"), ("files",), ("sql", "SELECT 1"), ("forget", "3-ledger.csv"), ("check",)):
        refused = told(*words)
        assert (4, "") == (refused.code, refused.out), words
        assert "its archive knows 4 imports and decisions, the book only 3" in refused.err
        assert "`marginbook rebuild` makes the book from the archive" in refused.err
    found = told("verify")
    assert (4, True) == (found.code, "has 4 entries, the book's own copy 3" in found.out)
    assert told("rebuild").code == 0
    assert digest_in(folder) == digest


def test_a_reader_writes_what_a_killed_program_left_unwritten_and_asks_read_only_all_the_same(
    places: Places, run: Run
) -> None:
    folder = places.of("import into a book")
    assert places.run("import into a book", folder, at="log.synchronizing").code == -9
    book = folder / "book.duckdb"
    refused = run("sql", "DELETE FROM files", book=book)
    assert (2, True) == (refused.code, "read-only" in refused.err)
    assert len(log_of(folder).read_bytes().splitlines()) == 2
    assert run("verify", book=book).code == 0


# ------------------------------------------------------------------------------------------- write-ahead log


@pytest.fixture
def ended(places: Places) -> Path:
    """A folder in which a program was killed whose last commit lies in the write-ahead log alone."""
    folder = places.of("import into a book")
    assert places.run("import into a book", folder, at="log.synchronized").code == -9
    assert (folder / "book.duckdb.wal").stat().st_size > 0
    return folder


def test_a_write_ahead_log_without_its_book_is_refused(ended: Path, run: Run) -> None:
    book = ended / "book.duckdb"
    aside = book.rename(ended / "aside")
    for words in (("report", "balances"), ("import", ended / "exports"), ("rebuild",)):
        refused = run(*words, book=book)
        assert refused.code == 4, words
        assert "the book is gone, and book.duckdb.wal, which holds its last rows, lies here without it" in refused.err
        assert "put the book back beside it; else move that file away and `marginbook rebuild`" in refused.err
    assert not book.exists()
    aside.rename(book)
    assert run("report", "balances", book=book).code == 0


def test_a_lost_write_ahead_log_makes_a_book_older_than_its_archive(ended: Path, run: Run, places: Places) -> None:
    (ended / "book.duckdb.wal").unlink()
    refused = run("report", "balances", book=ended / "book.duckdb")
    assert (4, True) == (refused.code, "its archive knows 2 imports and decisions, the book only 1" in refused.err)
    assert run("rebuild", book=ended / "book.duckdb").code == 0
    assert digest_in(ended) == places.states("import into a book")[-1]


@pytest.mark.parametrize("harm", [0.01, 0.5, 0.95, "cut"])
def test_a_damaged_write_ahead_log_is_no_silent_loss(ended: Path, run: Run, places: Places, harm: float | str) -> None:
    wal, book = ended / "book.duckdb.wal", ended / "book.duckdb"
    if isinstance(harm, float):
        flipped(wal, harm)
    else:
        wal.write_bytes(wal.read_bytes()[:-100])
    answer = run("report", "balances", book=book)
    assert answer.code == 4, answer
    assert "rebuild" in answer.err
    if book.exists():
        book.unlink()
    wal.unlink(missing_ok=True)
    assert run("rebuild", book=book).code == 0
    assert digest_in(ended) == places.states("import into a book")[-1]


# ------------------------------------------------------------------------------------------ versions and clocks


def test_a_book_that_a_newer_version_wrote_is_neither_read_nor_written(folder: Path, told: Told) -> None:
    store = Store.open(folder / "book.duckdb")
    store.execute("UPDATE meta SET value = ? WHERE name = 'schema_version'", [str(SCHEMA_VERSION + 1)])
    store.close()
    before = (folder / "book.duckdb").read_bytes()
    for words in (("report", "balances"), ("verify",), ("import", folder / "exports"), ("rebuild",)):
        refused = told(*words)
        assert (4, "") == (refused.code, refused.out), words
        assert (
            f"the book has schema version {SCHEMA_VERSION + 1}; this marginbook knows up to {SCHEMA_VERSION}"
            in refused.err
        )
        assert "update marginbook" in refused.err
    assert (folder / "book.duckdb").read_bytes() == before


def same(moment: datetime) -> datetime:
    return moment


def test_a_clock_that_is_set_back_changes_no_figure_and_no_order(tmp_path: Path) -> None:
    moments = [NOW, NOW - timedelta(days=4000), datetime(1970, 1, 1, tzinfo=NOW.tzinfo)]
    NEEDS["exports"](tmp_path)
    digests = []
    for name, clocks in (("still", [NOW] * 3), ("back", moments)):
        (tmp_path / name).mkdir()
        for moment, path in zip(clocks, sorted((tmp_path / "exports").iterdir()), strict=True):
            with Book.open(tmp_path / name / "book.duckdb", clock=partial(same, moment)) as book:
                assert not book.import_paths([path]).errors
        with Book.open(tmp_path / name / "book.duckdb", clock=lambda: moments[-1]) as book:
            book.forget("1-income.csv")
            assert book.verify() == []
            assert [entry["seq"] for entry in book.archive.entries()] == [1, 2, 3, 4] if book.archive else False
            digests.append(book.digest())
            assert book.rebuild() == (digests[-1], digests[-1])
    assert digests[0] == digests[1]
