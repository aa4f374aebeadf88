"""How a command ends that was told to, or that met what nobody foresaw."""

from __future__ import annotations

import contextlib
import signal

from ledger.commands.common import BOOK, EXHAUSTED


class Ended(BaseException):
    """The system asked the program to end; what is open is rolled back and removed on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def take_signals() -> None:
    """Let the program end in good order when it is asked to (the terminal is closed, the system goes down)."""

    def end(number: int, _frame: object) -> None:
        raise Ended(number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores: let it
            with contextlib.suppress(ValueError):  # not the main thread of a program that embeds this one
                signal.signal(number, end)


def engine_error(error: Exception) -> tuple[int, str]:
    """Return the exit status and the sentence for what the database, or a fault of ours, raised."""
    text = str(error).split("\n", 1)[0]
    if any(word in text for word in ("No space left", "Out of Memory", "could not allocate")):
        return EXHAUSTED, f"out of disk or memory: {text}\n  nothing half-done was stored; make room and do it again"
    if type(error).__module__.split(".")[0] in ("duckdb", "_duckdb"):
        return (
            BOOK,
            f"the book: {text}\n  `marginbook verify` checks it, `marginbook rebuild` makes it again from its archive",
        )
    return BOOK, (
        f"marginbook met something it should have foreseen: {type(error).__name__}: {text}\n"
        "  nothing half-done was stored; MARGINBOOK_DEBUG=1 shows where"
    )
