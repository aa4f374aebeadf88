"""Shared pieces of the tests: `--accept`, which rewrites goldens and generated blocks, and a way to type commands."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.storage.store import Store, is_there
from tests.programs import Programs

ONE_THREAD = "SET threads = 1"
"""The tests share the cores among themselves; a small book is read faster by one."""
DATA = Path(__file__).parent / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite golden files and generated blocks")


@pytest.fixture
def accept(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--accept"))


@pytest.fixture(scope="session", autouse=True)
def copied_empty_books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let a new book of a test be a copy of one empty book: making its tables takes longer than most tests."""
    empty = tmp_path_factory.mktemp("empty") / "book.duckdb"
    Store.open(empty).close()
    opened = Store.open.__func__  # type: ignore[attr-defined]  # a class method is called through its function

    def copied(cls: type[Store], /, path: Path | None, **words: bool) -> Store:
        if path is None:
            return in_memory(cls)
        if not words.get("read_only") and not is_there(path) and path.parent.is_dir():
            shutil.copyfile(empty, path)
        store: Store = opened(cls, path, **words)
        store.execute(ONE_THREAD)
        return store

    def in_memory(cls: type[Store]) -> Store:
        folder = Path(tempfile.mkdtemp())
        shutil.copyfile(empty, folder / "book.duckdb")
        store: Store = opened(cls, folder / "book.duckdb")
        store.execute(ONE_THREAD)
        store.path = None
        weakref.finalize(store, shutil.rmtree, folder, ignore_errors=True)
        return store

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "open", classmethod(copied))
        yield


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """Commands in processes of their own."""
    started = Programs(tmp_path_factory.mktemp("programs"))
    yield started
    started.close()


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit status."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.out)
        return rows


Run = Callable[..., Answer]


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command line in this process, in an empty folder; a traceback anywhere fails the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MARGINBOOK", raising=False)
    monkeypatch.setenv("COLUMNS", "160")

    from ledger.commands import cli

    def command(*arguments: object, book: Path | None = None) -> Answer:
        words = ["marginbook", *(["--book", str(book)] if book else []), *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", words)
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as done:
            cli.main()
        out, err = capfdbinary.readouterr()
        answer = Answer(int(done.value.code or 0), out.decode(), err.decode())
        assert "Traceback" not in answer.out + answer.err
        assert "should have foreseen" not in answer.err
        return answer

    return command
