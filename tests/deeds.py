"""Deeds that change a book, each with the points that it passes: what a test lets die, starve or wait in the middle.

The deeds start from books that are made once and copied.  Their clock stands still, so that a deed done late says the
same as one done at once.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ledger.book import Book
from ledger.storage.failpoints import VARIABLE
from schemas.errors import BookError
from tests.books import INCOME, NOW, logged, write
from tests.programs import Ended, Program, Programs

STILL = "import ledger.book; from tests.journey import Still; ledger.book.datetime = Still"
"""What a program runs first, so that its clock stands still."""
LEDGER = "moved_at,venue,wallet,asset,amount,cause,balance_after,transaction_ref,pool"
HELD = [
    "2025-01-02T10:00:00Z,acme,spot,EUR,1000,deposit,1000,d1,asset",
    "2025-01-05T10:00:00Z,acme,spot,EUR,-1.5,trading_fee,998.5,f1,asset",
    "2025-02-03T10:00:00Z,acme,spot,EUR,-98.5,withdrawal,900,w1,asset",
    "2025-02-03T10:09:00Z,acme,funding,EUR,98.5,deposit,98.5,w1,asset",
]


def funding(days: range) -> list[str]:
    """Return rows of an income export, each with its id."""
    return [
        f"2026-02-{day:02d} {hour:02d}:00:01,FUNDING_FEE,-0.{day}{hour},USDT,ETHUSDT,{day * 100 + hour}"
        for day in days for hour in (0, 8, 16)
    ]  # fmt: skip


def exports(folder: Path) -> Path:
    """Write a folder of three bundles: a file, a zip of two parts that shares rows with it, another venue's ledger."""
    write(folder, "1-income.csv", INCOME, funding(range(1, 12)))
    with zipfile.ZipFile(folder / "2-more.zip", "w") as packed:
        for number, days in enumerate((range(8, 20), range(20, 29))):
            packed.writestr(f"part-{number}.csv", "\n".join([INCOME, *funding(days)]) + "\n")
    write(folder, "3-ledger.csv", LEDGER, HELD)
    return folder


def opened(folder: Path) -> Book:
    """Return the book of a folder, with the clock of the deeds."""
    return Book.open(folder / "book.duckdb", clock=lambda: NOW)


@dataclass(frozen=True)
class Deed:
    """A command, the book that it needs, and points at which it can be ended."""

    words: tuple[str, ...]
    needs: str
    points: tuple[str, ...]
    """In the order of a life that goes on after each; `NAME:N` is the N-th time that a point is passed."""
    named: Callable[[Book], tuple[str, ...]] = lambda book: ()
    """Further words, of the book's own."""


DEEDS: dict[str, Deed] = {
    "import into no book": Deed(
        ("import", "exports"), "exports",
        ("read.ahead:2", "book.made", "book.named", "archive.written", "archive.kept", "import.begun",
         "import.registered", "import.chunk", "import.flushed", "import.part", "import.logged", "import.committed",
         "import.part:2", "import.committed:2"),
    ),
    "import into a book": Deed(
        ("import", "exports/3-ledger.csv"), "first",
        ("log.synchronizing", "log.synchronized", "settle.begun", "settle.derived", "settle.tied", "settle.committed"),
    ),
    "forget": Deed(
        ("forget", "1-income.csv"), "stored",
        ("forget.logged", "forget.gone", "import.part", "forget.again", "forget.committed"),
    ),
    "rename": Deed(
        ("accounts", "rename", "binance", "main"), "stored",
        ("rename.forgotten", "rename.again", "rename.again:2", "rename.committed", "log.synchronizing"),
    ),
    "close": Deed(
        ("close", "2025-01", "--account", "acme", "--by", "Anna", "-o", "pack"), "stored",
        ("close.kept", "decide.logged", "decide.restored", "decide.committed"),
    ),
    "unmatch": Deed(
        ("unmatch",), "stored", ("decide.logged", "decide.restored", "decide.committed", "log.synchronizing"),
        lambda book: (str(book.store.scalar("SELECT match_id FROM transfer_matches")),),
    ),
    "enter": Deed(
        ("enter", "loss", "--asset", "EUR", "--amount", "5", "--account", "acme", "--wallet", "spot", "--at",
         "2025-02-10", "--reason", "lost"), "stored", ("archive.written", "import.logged", "import.committed"),
    ),
    "rebuild": Deed(
        ("rebuild",), "closed",
        ("rebuild.begun", "rebuild.stored", "import.part:2", "rebuild.decided", "rebuild.whole", "rebuild.replaced"),
    ),
    "rebuild of a lost book": Deed(("rebuild",), "lost", ("book.made", "book.named:2", "rebuild.stored")),
}  # fmt: skip
"""By name, every kind of command that changes a book."""


def _imported(folder: Path, *names: str) -> None:
    paths = [exports(folder / "exports") / name for name in names]
    with opened(folder) as book:
        report = book.import_paths(paths)
        assert [str(error) for error in report.errors] == []


def _closed(folder: Path) -> None:
    _imported(folder, "1-income.csv", "3-ledger.csv")
    with opened(folder) as book:
        book.close_month("2025-01", "acme", by="Anna")


def _lost(folder: Path) -> None:
    _closed(folder)
    (folder / "book.duckdb").unlink()


NEEDS: Mapping[str, Callable[[Path], None]] = {
    "exports": lambda folder: exports(folder / "exports").touch(),
    "first": lambda folder: _imported(folder, "1-income.csv"),
    "stored": lambda folder: _imported(folder, "1-income.csv", "2-more.zip", "3-ledger.csv"),
    "closed": _closed,
    "lost": _lost,
}  # fmt: skip


@dataclass
class Places:
    """Folders for deeds, each a copy of one that was made once, and what the book of each may say."""

    folder: Path
    programs: Programs
    _count: int = 0
    _states: dict[str, list[str]] = field(default_factory=dict)
    _words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _entries: dict[str, int] = field(default_factory=dict)

    def of(self, name: str) -> Path:
        """Return a new folder in which the deed can begin."""
        self._count += 1
        copy = self.folder / f"place-{self._count}"
        shutil.copytree(self._made(DEEDS[name].needs), copy)
        return copy

    def _made(self, needed: str) -> Path:
        made = self.folder / needed
        if not made.exists():
            made.mkdir()
            NEEDS[needed](made)
        return made

    def words(self, name: str) -> tuple[str, ...]:
        """Return the words of the command."""
        deed = DEEDS[name]
        if name not in self._words:
            with Book.in_memory() if deed.needs in ("exports", "lost") else opened(self._made(deed.needs)) as book:
                self._words[name] = deed.words + deed.named(book)
        return self._words[name]

    def entries(self, name: str) -> int:
        """Return how many entries the log has before the deed."""
        needed = DEEDS[name].needs
        if needed not in self._entries:
            log = self._made(needed) / "book.archive" / "log.jsonl"
            self._entries[needed] = len(log.read_bytes().splitlines()) if log.exists() else 0
        return self._entries[needed]

    def start(self, name: str, folder: Path, *, at: str = "", before: str = STILL) -> Program:
        """Start the deed, which fails as `at` says (`POINT[:N][=ACTION]`)."""
        environment = {VARIABLE: at} if at else {}
        return self.programs.start(*self.words(name), folder=folder, environment=environment, before=before)

    def run(self, name: str, folder: Path, *, at: str = "", before: str = STILL) -> Ended:
        """Run the deed to its end."""
        return self.start(name, folder, at=at, before=before).ended()

    def states(self, name: str) -> list[str]:
        """Return the digests of the book before the deed, after each transaction that is whole, and after it."""
        if name not in self._states:
            folder = self.of(name)
            verb, *paths = DEEDS[name].words
            self._states[name] = _by_bundle(folder, *paths) if verb == "import" else self._by_deed(name, folder)
        return self._states[name]

    def _by_deed(self, name: str, folder: Path) -> list[str]:
        found = [digest_in(folder)]
        ended = self.run(name, folder)
        assert ended.code == 0, ended
        after = digest_in(folder)
        return found if found == [after] else [*found, after]


def _by_bundle(folder: Path, path: str) -> list[str]:
    place = folder / path
    with opened(folder) as book:
        found = [book.digest()]
        for bundle in sorted(place.iterdir()) if place.is_dir() else [place]:
            book.import_paths([bundle])
            found.append(book.digest())
    return found


def digest_in(folder: Path) -> str:
    """Return the digest of the book in a folder; of none, nothing."""
    if not (folder / "book.duckdb").exists():
        return ""
    with opened(folder) as book:
        return book.digest()


def found_in(folder: Path) -> tuple[int, str]:
    """Return how many entries the book logged and its digest, having found it sound and nothing left beside it."""
    with opened(folder) as book:
        assert book.archive is not None
        assert not (damage := book.verify()), damage
        entries, digest = logged(book), book.digest()
        assert book.archive.entries() == entries
    kept = {path.name for path in folder.iterdir()} - {"exports", "pack"}
    assert not (left := kept - {"book.duckdb", "book.archive"}), left
    assert {path.suffix for path in (folder / "book.archive").rglob("*") if path.is_file()} <= {".zst", ".jsonl"}
    return len(entries), digest


def state_of(places: Places, name: str, folder: Path) -> int:
    """Return how many of the deed's transactions are in the book, having found nothing that is between two of them."""
    states = places.states(name)
    if name == "rebuild of a lost book" and (lost := refused(folder)):
        assert "`marginbook rebuild`" in lost
        return 0
    if not (folder / "book.duckdb").exists():
        return 0
    entries, digest = found_in(folder)
    more = entries - places.entries(name)
    state = more if name.startswith("import") else states.index(digest) if name.startswith("rebuild") else min(1, more)
    assert states[state] == digest
    return state


def refused(folder: Path) -> str:
    """Return why a report is refused."""
    try:
        Book.open(folder / "book.duckdb", read_only=True).close()
    except BookError as error:
        return str(error)
    return ""
