"""Every kind of command once, over the demo's book: `python tests/journey.py FOLDER`, outputs beside each other there.

The clock stands still and sockets are out of reach: the system itself ends a process that asks for one (Linux), in
whichever language it asks.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import platform
import struct
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path

NUMBERS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""By machine: how the kernel calls it, and the number of its system call `socket`."""
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2
KILLS, ALLOWS = 0x80000000, 0x7FFF0000
FORMATS = ("csv", "json", "parquet", "xlsx", "html")
COMMANDS = """
files
rejects
formats list
schema
schema positions
check
verify
accounts
margin {position}
report positions --wide
report carry --by month
trace {position}
audit --latest --html audit.html
pack 2026-01 --account binance -o pack
templates -o templates
tax --year 2026 --jurisdiction us
tax --year 2026 --jurisdiction de --target csv --target xlsx -o tax-de
tax --year 2026 --jurisdiction us --target form-8949 --target txf --target koinly -o tax-us
report income
export beancount -o book.beancount
export hledger -o book.journal
export csv -o tables
export parquet -o parquet
export xlsx -o tables.xlsx
forget {file}
rebuild
sql SELECT\tcount(*)\tFROM\tfills
"""


class Still(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Still:
        """Return the only instant there is."""
        return cls(2026, 11, 1, tzinfo=UTC).astimezone(tz)


def unplug() -> bool:
    """Let the system end this process when it asks for a socket; return whether it can."""
    if platform.system() != "Linux" or platform.machine() not in NUMBERS:
        return False
    machine, number = NUMBERS[platform.machine()]
    load, equal, answer = 0x20, 0x15, 0x06
    steps = [
        (load, 0, 0, 4), (equal, 1, 0, machine), (answer, 0, 0, ALLOWS),  # another machine's calls are none of ours
        (load, 0, 0, 0), (equal, 0, 1, number), (answer, 0, 0, KILLS), (answer, 0, 0, ALLOWS),
    ]  # fmt: skip
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    header = ctypes.create_string_buffer(struct.pack("HP", len(steps), ctypes.addressof(program)))
    library = ctypes.CDLL(None, use_errno=True)
    return not library.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) and not library.prctl(SECCOMP, FILTER, header)


def commands() -> Iterator[list[str]]:
    """Yield the words of every command, a name of the book's own where one is wanted."""
    from ledger.book import Book
    from reports.registry import REPORTS

    with Book.open("demo/book.duckdb", read_only=True) as book:
        position = book.report("positions")["position_id"][0]
    names = {"position": position, "file": min(path.name for path in Path("demo/exports").iterdir())}
    for name in REPORTS:
        yield ["report", name, "--output-format", "csv"]
    for kind in FORMATS:
        yield ["report", "positions", "--output-format", kind, "-o", f"positions.{kind}"]
    for line in COMMANDS.format(**names).split("\n"):
        if line:
            yield [word.replace("\t", " ") for word in line.split(" ")]


def said(words: list[str]) -> str:
    """Return what a command prints, and its exit status."""
    from ledger.commands import cli

    out, code = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n"), 0
    sys.argv = ["marginbook", "--book", "demo/book.duckdb", *words]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            cli.main()
        except SystemExit as done:
            code = done.code if isinstance(done.code, int) else 1
    out.flush()
    return f"$ {' '.join(words)}\n{out.buffer.getvalue().decode()}= {code}\n"


def main() -> None:
    """Go through the commands; what they print goes into `said.txt`."""
    os.chdir(sys.argv[1])
    unplugged = unplug()
    import ledger.book

    ledger.book.datetime = Still  # type: ignore[attr-defined]
    with Path("said.txt").open("w", encoding="utf-8", newline="\n") as told:
        told.write(f"unplugged: {unplugged}\n")
        told.write(said(["demo", "demo"]))
        for words in commands():
            told.write(said(words))
    os._exit(0)


if __name__ == "__main__":
    main()
