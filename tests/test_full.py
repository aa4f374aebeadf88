"""A disk that is full, cannot be written or may not be read: the exit status says which, and nothing is half stored."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deeds import STILL, Places, state_of
from tests.examples import IS_USUAL
from tests.mounts import APART, PLAIN, disk, may_mount, taken_off
from tests.programs import Ended, Programs

mounted = pytest.mark.skipif("not may_mount()", reason="the system lets no program mount anything")
NO_ESTIMATE = "\nimport ledger.storage.room as room; room.require_room = lambda *_: None\n"
"""What a program runs first, so that it does not foresee that the disk is too small."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    started = Programs(tmp_path_factory.mktemp("programs"), APART if may_mount() else "")
    yield started
    started.close()


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, programs: Programs) -> Places:
    return Places(tmp_path_factory.mktemp("deeds"), programs)


FULL = [
    ("import into no book", "read.ahead", "nothing was stored", 0),
    ("import into no book", "book.made", "full", 0),
    ("import into no book", "archive.written:2", "stored all the same: 1-income.csv; nothing else", 1),
    ("import into no book", "import.part:2", "stored all the same: 1-income.csv; nothing else", 1),
    ("import into a book", "log.synchronizing", "stored all the same: 3-ledger.csv; nothing else", 1),
    ("import into a book", "settle.derived", "stored all the same: 3-ledger.csv; nothing else", 1),
    ("forget", "forget.gone", "nothing was stored", 0),
    ("close", "close.kept", "nothing was stored", 0),
    ("rebuild", "rebuild.stored", "nothing was stored", 0),
]


@pytest.mark.parametrize(("name", "point", "said", "state"), FULL)
def test_a_disk_that_is_full_at_a_step_is_exit_6_and_says_what_is_stored(
    name: str, point: str, said: str, state: int, places: Places
) -> None:
    folder = places.of(name)
    ended = places.run(name, folder, at=f"{point}=full")
    assert (6, "") == (ended.code, ended.out)
    assert said in ended.err
    assert "make room and do it again" in ended.err
    assert state_of(places, name, folder) == state
    assert places.run(name, folder).code == 0


SIZES = (0, 1024, 65536) if IS_USUAL else (*range(0, 8192, 256), 65536)
"""Kilobytes that are free."""


@mounted
@pytest.mark.parametrize("name", ["import into a book", "rename"])
def test_a_small_disk_is_full_at_one_place_or_another_and_never_holds_half(
    name: str, places: Places, programs: Programs, tmp_path: Path
) -> None:
    codes = []
    for kilobytes in SIZES:
        place = tmp_path / f"{kilobytes}"
        disk(programs, places.of(name), place, free=kilobytes << 10)
        ended = places.run(name, place, before=STILL + NO_ESTIMATE)
        codes.append(ended.code)
        assert ended.code == 0 or ("full" in ended.err and "make room" in ended.err), ended
        assert state_of(places, name, taken_off(programs, place)) >= (ended.code == 0)
    assert (codes[0], codes[-1], set(codes)) == (6, 0, {0, 6})


@mounted
def test_an_import_that_the_disk_cannot_hold_is_refused_before_it_begins(
    places: Places, programs: Programs, tmp_path: Path
) -> None:
    disk(programs, places.of("import into a book"), tmp_path / "small", free=8 << 20)
    ended = places.run("import into a book", tmp_path / "small")
    assert ended.code == 6
    assert re.search(
        r"the import needs about 16 MiB of room here, and [78] MiB are free\n  nothing was stored; make room", ended.err
    )
    assert state_of(places, "import into a book", taken_off(programs, tmp_path / "small")) == 0


@mounted
def test_on_a_medium_that_cannot_be_written_reports_work_and_changes_are_refused(
    places: Places, programs: Programs, tmp_path: Path
) -> None:
    place = tmp_path / "medium"
    disk(programs, places.of("rename"), place, read_only=True)
    assert programs.run("report", "balances", folder=place).code == 0
    assert programs.run("verify", folder=place).code == 0
    for words in (("forget", "1-income.csv"), ("rebuild",), ("import", "exports")):
        ended = programs.run(*words, folder=place)
        assert ended.code == 4, words
        assert "cannot be written" in ended.err
        assert "copy book and archive" in ended.err


@mounted
def test_on_a_medium_that_cannot_be_written_a_book_without_what_follows_from_its_rows_is_not_read(
    places: Places, programs: Programs, tmp_path: Path
) -> None:
    folder = places.of("import into a book")
    assert places.run("import into a book", folder, at="settle.begun").code == -9
    disk(programs, folder, tmp_path / "medium", read_only=True)
    ended = programs.run("report", "balances", folder=tmp_path / "medium")
    assert (ended.code, ended.out) == (4, "")
    assert "ended here before it had derived what follows from an import" in ended.err
    assert "copy book and archive to where they can be written" in ended.err


# ------------------------------------------------------------------------------------------------- no permission


def as_nobody(programs: Programs, folder: Path, *words: str) -> Ended:
    """Run a command as somebody whom the modes of files bind."""
    return programs.run(*words, folder=folder, before=PLAIN)


@pytest.fixture
def barred() -> Iterator[list[Path]]:
    """Return a list of what a test takes the rights from, which it gets back."""
    paths: list[Path] = []
    yield paths
    for path in paths:
        path.chmod(0o755)


def test_a_file_that_may_not_be_read_is_exit_3_and_the_others_are_stored(
    places: Places, programs: Programs, barred: list[Path]
) -> None:
    folder = places.of("import into no book")
    barred += [folder / "exports" / "1-income.csv", folder / "exports" / "below"]
    barred[1].mkdir()
    for path in barred:
        path.chmod(0)
    for words in (
        ("exports",),
        ("exports/1-income.csv", "exports/3-ledger.csv"),
        ("exports/below", "exports/3-ledger.csv"),
    ):
        ended = as_nobody(programs, folder, "import", *words)
        assert ended.code == 3, ended
        assert "3-ledger.csv" in ended.err
        assert ("could not be opened: permission denied" in ended.err) == (words[0] != "exports/below")
        assert ("below is a folder without access" in ended.err) == (words[0] != "exports/1-income.csv")
    listed = programs.run("files", "--output-format", "csv", folder=folder).out
    assert [name in listed for name in ("1-income", "2-more", "3-ledger")] == [False, True, True]


def test_a_book_that_may_not_be_read_or_written_is_exit_4(
    places: Places, programs: Programs, barred: list[Path]
) -> None:
    folder = places.of("rename")
    barred += [folder / "book.duckdb", folder / "book.archive" / "objects", folder / "book.archive", folder]
    said = {}
    for path, mode in zip(barred, (0o444, 0o555, 0o000, 0o555), strict=True):
        path.chmod(mode)
        for words in (("import", "exports"), ("enter", "loss", "--asset", "EUR", "--amount", "5", "--account", "acme",
                       "--wallet", "spot", "--at", "2025-02-10", "--reason", "lost")):  # fmt: skip
            ended = as_nobody(programs, folder, *words)
            said[path.name, words[0]] = ended.code
            assert ended.code in (0, 4), (path, words, ended)
            assert ended.code == 0 or "permission" in ended.err.lower(), (path, words, ended)
        assert as_nobody(programs, folder, "report", "balances").code == 0
        path.chmod(0o755)
    (folder / "book.duckdb").chmod(0)
    ended = as_nobody(programs, folder, "report", "balances")
    assert (4, "no permission to open it for this") == (ended.code, ended.err.split(": ", 1)[1].split("\n")[0])


def test_a_folder_that_may_not_be_entered_is_exit_4_for_its_book_and_exit_3_for_its_files(
    places: Places, programs: Programs, barred: list[Path], tmp_path: Path
) -> None:
    folder = places.of("rename")
    barred.append(folder)
    folder.chmod(0)
    for words in (("report", "balances"), ("forget", "1-income.csv"), ("import", str(folder / "exports"))):
        ended = as_nobody(programs, tmp_path, "--book", str(folder / "book.duckdb"), *words)
        assert ended.code == 4, ended
        assert "permission denied" in ended.err
    ended = as_nobody(programs, tmp_path, "import", str(folder / "exports" / "1-income.csv"))
    assert (3, True) == (ended.code, "permission denied" in ended.err), ended
    assert {path.name for path in tmp_path.iterdir()} <= {"book.duckdb"}


def test_a_folder_that_is_not_there_is_made_by_an_import_and_told_by_a_report(
    places: Places, programs: Programs
) -> None:
    folder = places.of("import into no book")
    missing = ("--book", "not/there/book.duckdb")
    ended = programs.run(*missing, "report", "balances", folder=folder)
    assert (4, True) == (ended.code, "there is no book here" in ended.err)
    ended = programs.run("import", "nowhere", folder=folder)
    assert (2, True) == (ended.code, "no such file or folder: nowhere" in ended.err)
    assert not (folder / "book.duckdb").exists()
    assert programs.run(*missing, "import", "exports/3-ledger.csv", folder=folder).code == 0
    assert programs.run(*missing, "verify", folder=folder).code == 0
    shutil.rmtree(folder / "not")
