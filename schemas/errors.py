"""What can go wrong, one class per kind: they carry data and build their sentence; the command line maps the codes."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_SHOWN = 160
"""Characters of a text from a file in a message."""


def shortened(text: str) -> str:
    """Return a text for a message: in one line, and of a long one its beginning."""
    line = text.replace("\r", "\\r").replace("\n", "\\n")
    return line if len(line) <= LONGEST_SHOWN else f"{line[:LONGEST_SHOWN]}..."


class MarginbookError(Exception):
    """Base of all errors a user may see; `exit_code` is the command's exit status."""

    exit_code = 1


class UnknownFormat(MarginbookError):
    """No format has this header."""

    exit_code = 3

    def __init__(
        self, name: str, head: Sequence[Sequence[str]], nearest: str | None, missing: Sequence[str],
        unknown: Sequence[str],
    ) -> None:  # fmt: skip
        super().__init__(name, nearest)
        self.name, self.head, self.nearest, self.missing, self.unknown = name, head, nearest, missing, unknown

    def in_a_line(self) -> str:
        """Return what is near, and how it differs."""
        lacks, has = ", ".join(self.missing) or "nothing", shortened(", ".join(self.unknown)) or "nothing"
        return f"{self.name}: near {self.nearest}, but it lacks {lacks}; unknown: {has}"

    def __str__(self) -> str:
        lines = [f"{self.name}: no known format has this header"]
        if not self.nearest and (cells := [cell for cell in (self.head or [()])[0] if cell.strip()]):
            lines.append(f"  it begins with: {shortened(', '.join(cells))}")
        if not self.nearest and len(self.head) >= 40:
            lines.append("  the header is looked for in its first 40 lines")
        if self.nearest:
            lines.append(f"  nearest is {self.nearest}")
            if self.missing:
                lines.append(f"  columns it has that the file lacks: {', '.join(self.missing)}")
            if self.unknown:
                lines.append(f"  columns of the file that it lacks: {shortened(', '.join(self.unknown))}")
        lines.append("  describe it: `marginbook formats new FILE`; or fill a template: `marginbook templates -o DIR`")
        return "\n".join(lines)


class AmbiguousFormat(MarginbookError):
    """Several formats have this header."""

    exit_code = 3

    def __init__(self, name: str, names: Sequence[str]) -> None:
        super().__init__(name, names)
        self.name, self.names = name, names

    def __str__(self) -> str:
        choices = "\n".join(f"  --format {choice}" for choice in self.names)
        return f"{self.name}: several formats have this header; say which one it is:\n{choices}"


class DuplicateHeader(MarginbookError):
    """A header names a column twice, or one thing in two columns (`one_thing`)."""

    exit_code = 3

    def __init__(self, name: str, row: int, columns: Sequence[str], *, one_thing: bool = False) -> None:
        super().__init__(name, row, columns)
        self.name, self.row, self.columns, self.one_thing = name, row, columns, one_thing

    def __str__(self) -> str:
        named = shortened(", ".join(self.columns)) + (", which are one thing" if self.one_thing else " twice")
        return (
            f"{self.name}:{self.row}: the header names {named}; which is which cannot be known\n"
            "  take one of them out of a copy of the file, and import that"
        )


class MissingTimeZone(MarginbookError):
    """A wall clock without a zone."""

    exit_code = 3

    def __init__(self, name: str, format_name: str, hint: str | None = None) -> None:
        super().__init__(name, format_name, hint)
        self.name, self.format_name, self.hint = name, format_name, hint

    def __str__(self) -> str:
        lines = [
            f"{self.name}: {self.format_name} prints local times and the file does not say in which zone",
            "  expected (UTC...) in the file name or the header, as the venue writes it",
            "  say it with --timezone, as UTC, +02:00 or Europe/Berlin",
        ]
        return "\n".join([*lines, f"  {self.hint}"] if self.hint else lines)


class UnreadableFile(MarginbookError):
    """A file that is no table, or cannot be read as one; `named` if the user asked for this very file."""

    exit_code = 3

    def __init__(self, name: str, reason: str, hint: str = "", named: bool = True) -> None:
        super().__init__(name, reason, hint, named)
        self.name = name
        self.reason = reason
        self.hint = hint
        self.named = named

    def __str__(self) -> str:
        sentence = f"{self.name} {self.reason}"
        return f"{sentence}\n  {self.hint}" if self.hint else sentence


class UnknownEncoding(MarginbookError):
    """An encoding was asked for that does not exist."""

    exit_code = 2

    def __init__(self, encoding: str) -> None:
        super().__init__(encoding)
        self.encoding = encoding

    def __str__(self) -> str:
        return f"unknown encoding {self.encoding!r}\n  known ones are, for example, utf-8, cp1252, gb18030, utf-16-le"


class UndecodableFile(UnreadableFile):
    """A text file in an encoding that nobody named; `samples` show how its text would look in some."""

    def __init__(self, name: str, reason: str, samples: Sequence[tuple[str, str]], named: bool = True) -> None:
        lines = [f"--encoding {codec:<10} would read {sample!r}" for codec, sample in samples]
        to_do = "name its encoding:" if lines else "name another encoding, or none: most exports are UTF-8"
        super().__init__(name, reason, "\n  ".join([to_do, *lines]), named)
        self.samples = tuple(samples)


class Inaccessible(UnreadableFile):
    """A file that the system did not let us read to its end: it may be an export, so it is never passed over."""


class ChangedWhileRead(Inaccessible):
    """A file whose size or time stamp moved between its first byte and its last."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "changed while it was read", "wait until the download is finished, then import it again")


class RefusedFile(MarginbookError):
    """A file that was not read to its end, for safety: it goes beyond a limit."""

    exit_code = 5

    def __init__(self, name: str, reason: str, hint: str = "") -> None:
        super().__init__(name, reason, hint)
        self.name = name
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        sentence = f"{self.name} refused: {self.reason}"
        return f"{sentence}\n  {self.hint}" if self.hint else sentence


class BookError(MarginbookError):
    """The book file itself cannot be used."""

    exit_code = 4

    def __init__(self, path: object, what: str, to_do: str = "") -> None:
        super().__init__(path, what, to_do)
        self.path, self.what, self.to_do = path, what, to_do

    def __str__(self) -> str:
        return f"{self.path}: {self.what}" + (f"\n  {self.to_do}" if self.to_do else "")


class BookLocked(BookError):
    """Another process holds the book; `pid` is its number where the system tells it, `holder` how it is called."""

    def __init__(self, path: object, pid: int | None, holder: str | None = None, waited: float = 0) -> None:
        by = holder or ("another program" if pid is None else f"another program (process {pid})")
        after = f"; waited {waited:g} s for it" if waited else ""
        super().__init__(
            path, f"the book is in use by {by}{after}", "try again when it has ended; `marginbook --wait 600` waits"
        )
        self.pid = pid


class DamagedObject(BookError):
    """An object of the archive whose bytes are no longer those that its name says."""

    def __init__(self, folder: object, object_id: str) -> None:
        what = f"the archive object {object_id[:12]} is damaged"
        super().__init__(folder, what, "restore it from a copy; `marginbook verify` lists what is damaged")


class BookReplaced(BookError):
    """Another file took the name of the book while it was opened."""

    def __init__(self, path: object) -> None:
        super().__init__(path, "another program replaced the book just now", "do it again")


class NoRoom(MarginbookError):
    """The disk is full, or would be: what cannot be written where, whether anything was stored, what to do."""

    exit_code = 6

    def __init__(self, path: object, what: str, outcome: str) -> None:
        super().__init__(path, what, outcome)
        self.path, self.what, self.outcome = path, what, outcome

    def __str__(self) -> str:
        return f"{self.path}: {self.what}\n  {self.outcome}"


class BookTooNew(BookError):
    """The book was written by a newer version."""

    def __init__(self, path: object, found: str, known: str) -> None:
        super().__init__(
            path, f"the book has schema version {found}; this marginbook knows up to {known}", "update marginbook"
        )


class BookTooOld(BookError):
    """The book was made by an older version, in tables of another shape."""

    def __init__(self, path: object, found: str, known: str) -> None:
        super().__init__(
            path,
            f"an older version of marginbook made this book (its tables are of version {found}, now {known})",
            "`marginbook rebuild` makes it again from its archive; nothing is lost",
        )


class TooManyRejects(MarginbookError):
    """A bundle had more rejected rows than allowed: nothing of it is stored."""

    exit_code = 3

    def __init__(self, name: str, rejected: int, read: int, limit: float, lines: Sequence[str]) -> None:
        super().__init__(name, rejected, read)
        self.name, self.rejected, self.read, self.limit, self.lines = name, rejected, read, limit, lines

    def __str__(self) -> str:
        shown = "\n".join(f"  {line}" for line in self.lines)
        more = self.rejected - len(self.lines)
        further = f"\n  ... and {more:,} more" if more > 0 else ""
        allowed = f"more than {self.limit:.0%} allows" if self.limit else "and none may be left out"
        return (
            f"{self.name}: {self.rejected:,} of {self.read:,} rows were not understood, {allowed}; "
            f"nothing of it was stored\n{shown}{further}\n  {self._to_do()}"
        )

    def _to_do(self) -> str:
        if self.rejected >= self.read:
            return "--format NAME reads it as something else"
        share, others = -(-100 * self.rejected // self.read), self.read - self.rejected
        return f"--max-rejects {share}% stores the other {others:,}; --format NAME reads it as something else"


class OtherOptions(MarginbookError):
    """The same bytes under another account or zone."""

    exit_code = 3

    def __init__(self, name: str, import_no: int, was: str, now: str) -> None:
        super().__init__(name, import_no, was, now)
        self.name, self.import_no, self.was, self.now = name, import_no, was, now

    def __str__(self) -> str:
        return (
            f"{self.name}: these bytes are stored already, by import {self.import_no} ({self.was}), "
            f"now asked: {self.now}\n  `marginbook forget` takes that import back; then import it again"
        )


class AccountConflict(MarginbookError):
    """An account name and a venue's account number do not go together."""

    exit_code = 3

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(name, sentence)
        self.name, self.sentence = name, sentence

    def __str__(self) -> str:
        return f"{self.name}: {self.sentence}\n  name the account with --account NAME"


class UnknownThing(MarginbookError):
    """A name, id or option that is not in the book."""

    exit_code = 2

    def __init__(self, sentence: str, to_do: str = "") -> None:
        super().__init__(sentence, to_do)
        self.sentence, self.to_do = sentence, to_do

    def __str__(self) -> str:
        return self.sentence + (f"\n  {self.to_do}" if self.to_do else "")


class BadDescription(MarginbookError):
    """A description of a format that says something that cannot be: where, what was seen, what would do."""

    exit_code = 2

    def __init__(self, name: str, where: str, what: str, hint: str = "") -> None:
        super().__init__(name, where, what, hint)
        self.name, self.where, self.what, self.hint = name, where, what, hint

    def __str__(self) -> str:
        place = f"{self.name}: {self.where}: " if self.where else f"{self.name}: "
        return f"{place}{self.what}\n  {self.hint}" if self.hint else f"{place}{self.what}"


class NotClosable(MarginbookError):
    """A month that cannot be closed yet."""

    exit_code = 1

    def __init__(self, account: str, period: str, reasons: Sequence[str]) -> None:
        super().__init__(account, period, reasons)
        self.account, self.period, self.reasons = account, period, reasons

    def __str__(self) -> str:
        lines = "\n".join(f"  {reason}" for reason in self.reasons)
        return f"{self.period} of {self.account} cannot be closed yet:\n{lines}"
