"""Shared pieces of the tests: `--accept`, which rewrites goldens and generated blocks, and a way to type commands."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parent / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite golden files and generated blocks")


@pytest.fixture
def accept(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--accept"))


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
