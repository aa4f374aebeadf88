"""From files to normalized rows without the book: what can be done before its lock is asked for.

Files are found and hashed, their formats recognized, their structure checked, their bytes kept in the archive and
their rows read and normalized before the book is opened to be written, up to `READ_AHEAD` rows in all: for most
imports that is everything, and the lock is held for numbering, inserting and deriving alone.  What is larger is read
further beside the inserting of its earlier rows (reading takes about a tenth of the time that storing does), so the
lock is never held for reading, memory does not grow with the file, and nothing is written twice to be read again.

Nothing of this is believed blindly: bytes are known by their sha-256, and where the descriptions of formats that the
book remembers are no longer those of the reading, it is read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from importers.contract import Format, Normalized
from importers.described.description import text_of
from importers.files import Bundle, Part, Unread, collect
from importers.files.containers import UnreadablePart
from importers.read import Options, Recognized, chunks, recognize
from importers.registry import formats as builtin_formats
from ledger.storage.archive import Archive, archive_of
from ledger.storage.descriptions import format_of, formats_at, texts_at
from ledger.storage.failpoints import reached
from ledger.storage.room import full
from ledger.storage.store import is_full
from schemas.errors import BookError, MarginbookError, UnknownFormat, UnreadableFile

READ_AHEAD = 200_000
"""Rows that are held in memory before the book is locked, of all bundles together."""

Read = tuple[Normalized, int]
"""A chunk normalized, and how many source rows it was."""


@dataclass
class Reading:
    """A bundle whose parts are recognized, and read as far as that was asked for."""

    recognized: list[Recognized]
    others: list[tuple[Part, str]]
    """Parts that are no export, each with why."""
    encoding: str | None
    _whole: dict[int, list[Read]] = field(default_factory=dict)
    _begun: dict[int, tuple[list[Read], Iterator[Read]]] = field(default_factory=dict)

    def read_ahead(self, rows: int) -> int:
        """Read until `rows` rows are held, or everything is; return how many are."""
        held = 0
        for item in self.recognized:
            if held >= rows:
                break
            reading, read = chunks(item, self.encoding), []
            for normalized, count in reading:
                read.append((normalized, count))
                held += count
                if held >= rows:
                    break
            else:
                self._whole[item.part.part_no] = read
                continue
            self._begun[item.part.part_no] = (read, reading)
        return held

    def chunks(self, item: Recognized) -> Iterator[Read]:
        """Yield the chunks of a part, from what is held and then from its file; as often as wanted."""
        number = item.part.part_no
        if (whole := self._whole.get(number)) is not None:
            return iter(whole)
        read, rest = self._begun.pop(number, ([], None))
        return chain(read, rest) if rest is not None else chunks(item, self.encoding)


def recognized(bundle: Bundle, formats: Sequence[Format], options: Options) -> Reading:
    """Return the bundle's parts, each with its format.  Raises where there is none that can be stored."""
    found, others = [], []
    parts = bundle.parts(options.encoding)
    for part in parts:
        try:
            found.append(recognize(part, formats, options))
        except (UnknownFormat, UnreadableFile) as error:
            if len(parts) == 1 or (isinstance(error, UnreadableFile) and not isinstance(part, UnreadablePart)):
                raise
            others.append((part, str(error).split("\n", 1)[0]))
    if parts and not found:
        raise UnknownFormat(bundle.name, [], None, [], [])
    return Reading(found, others, options.encoding)


@dataclass
class Ahead:
    """What was found, hashed, recognized and read before the book was opened."""

    found: list[Bundle | Unread]
    texts: Mapping[str, str] = field(default_factory=dict)
    """By name, the descriptions that the reading went by."""
    readings: dict[str, Reading] = field(default_factory=dict)
    """By the bundle's id; one that is not here is read when it is its turn."""

    def take(self, bundle: Bundle, texts: Mapping[str, str]) -> Reading | None:
        """Hand out what is known of a bundle (once), if the descriptions are still the same."""
        reading = self.readings.pop(bundle.file_id, None)
        return reading if texts == self.texts else None


def read_ahead(
    places: Sequence[Path], options: Options, formats: Sequence[Format], texts: Mapping[str, str], archive: Archive
) -> Ahead:  # fmt: skip
    """Return what can be known of files without their book, whose archive this is."""
    ahead = Ahead(list(collect(places)), texts)
    stored = _stored(archive)
    left = READ_AHEAD
    for bundle in ahead.found:
        if not isinstance(bundle, Bundle) or bundle.file_id in stored or bundle.file_id in ahead.readings:
            continue
        try:
            reading = recognized(bundle, formats, options)
            if archive.folder.exists():  # else nothing says that there is a book
                archive.create()
                archive.keep(bundle.path, bundle.file_id)
            left -= reading.read_ahead(left)
            reached("read.ahead")
        except BookError:
            raise
        except MarginbookError:
            continue  # it is told when it is this bundle's turn
        ahead.readings[bundle.file_id] = reading
        if left <= 0:
            break
    return ahead


def ahead_of(book: Path, paths: Sequence[Path], options: Options, asked: str | None) -> Ahead:
    """Return what can be known of files before `book` is opened.

    `asked` is the name of the format, or the TOML file that describes it.  Raises BadDescription, and NoRoom where the
    disk is full.
    """
    archive = Archive(archive_of(book))
    entries = archive.entries()
    formats = {form.name: form for form in formats_at(builtin_formats(), entries)}
    if asked is not None and asked.endswith(".toml"):
        form = format_of(text_of(Path(asked)), Path(asked).name)
        formats.pop(form.name, None)  # the new one comes last, as in the book
        formats[form.name], asked = form, form.name
    if asked is not None and asked not in formats:
        return Ahead(list(collect(paths)))
    wanted = replace(options, format=asked)
    try:
        return read_ahead(paths, wanted, list(formats.values()), texts_at(entries), archive)
    except OSError as error:
        if is_full(error):
            raise full(book, "nothing was stored; make room and do it again") from None
        raise


def _stored(archive: Archive) -> set[str]:
    """Return the bundles that the log of the archive calls stored; the book itself is asked later."""
    stored: set[str] = set()
    for entry in archive.entries():
        if entry["kind"] == "import":
            stored.add(entry["bundle"])
        elif entry["kind"] == "forget":
            stored.discard(entry["bundle"])
    return stored
