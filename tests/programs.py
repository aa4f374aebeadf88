"""The real command line in processes of their own that a test may kill, stop and starve.

A server loads the program once and forks a child for every command: what a child does is what `marginbook` does, only
its start is not paid for again.  The children are real processes, with pids, locks and signals of their own.  The server
computes nothing itself: threads of its engines would not survive a fork.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SERVER = """
import json, os, sys
import duckdb, polars
import ledger.book, ledger.commands.talk, reports.registry, reports.terminal, tests.journey
from ledger.commands import cli
for line in sys.stdin:
    asked = json.loads(line)
    if "wait" in asked:
        _, status = os.waitpid(asked["wait"], os.WUNTRACED)
        answer = {"stopped": os.WIFSTOPPED(status), "code": os.waitstatus_to_exitcode(status) if not os.WIFSTOPPED(status) else 0}
    else:
        pid = os.fork()
        if not pid:
            code = 70
            try:
                os.chdir(asked["folder"])
                os.environ.update(asked["environment"])
                for number, name in ((1, "out"), (2, "err")):
                    os.dup2(os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
                sys.argv = ["marginbook", *asked["words"]]
                exec(asked["before"])
                cli.main()
            except SystemExit as done:
                code = done.code or 0
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        answer = {"pid": pid}
    print(json.dumps(answer), flush=True)
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status (negative: the signal that killed it) and what it had printed."""

    code: int
    out: str
    err: str


class Programs:
    """Runs commands in a folder; `close` ends the server.  `first` is Python that the server runs before all else."""

    def __init__(self, folder: Path, first: str = "") -> None:
        self.folder = folder
        self._count = 0
        self._server = subprocess.Popen(
            [sys.executable, "-c", first + SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "1", "COLUMNS": "160"},
        )  # fmt: skip

    def close(self) -> None:
        """End the server."""
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()

    def _ask(self, **words: Any) -> Any:
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.write(json.dumps(words) + "\n")
        self._server.stdin.flush()
        return json.loads(self._server.stdout.readline())

    def start(
        self, *words: object, folder: Path, environment: Mapping[str, str] | None = None, before: str = ""
    ) -> Program:
        """Start a command in a folder.  `before` is Python that its process runs first (limits, mounts)."""
        self._count += 1
        out, err = (self.folder / f"{self._count}.{name}" for name in ("out", "err"))
        started = self._ask(
            words=[str(word) for word in words], folder=str(folder), environment=dict(environment or {}), before=before,
            out=str(out), err=str(err),
        )  # fmt: skip
        return Program(self, started["pid"], out, err)

    def run(
        self, *words: object, folder: Path, environment: Mapping[str, str] | None = None, before: str = ""
    ) -> Ended:
        """Run a command in a folder to its end."""
        return self.start(*words, folder=folder, environment=environment, before=before).ended()

    def inside(self, path: Path) -> Path:
        """Return where a path that the commands see is seen from here, whatever is mounted there for them alone."""
        return Path(f"/proc/{self._server.pid}/root{path}")

    def waited(self, pid: int) -> Any:
        """Wait until a child stops or ends."""
        return self._ask(wait=pid)


@dataclass(frozen=True)
class Program:
    """A command that runs."""

    programs: Programs
    pid: int
    out: Path
    err: Path

    def stopped(self) -> None:
        """Wait until it has stopped itself."""
        answer = self.programs.waited(self.pid)
        assert answer["stopped"], f"it ended with {answer['code']}: {self.err.read_text()}"

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def ended(self) -> Ended:
        """Wait for its end."""
        answer = self.programs.waited(self.pid)
        assert not answer["stopped"]
        return Ended(answer["code"], self.out.read_text(), self.err.read_text())
