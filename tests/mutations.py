"""Exports changed at random, and what reading one may come to: rows that add up, or an error that is foreseen."""

from __future__ import annotations

import gzip
import io
import json
import re
import signal
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from importers.registry import formats
from schemas.errors import MarginbookError
from tests.conftest import DATA

LARGEST = 40_000
SECONDS = 60
"""After so long an example hangs; most take a hundredth of one."""
SIDECARS = (".expected.json", ".options.json", ".md", ".message.txt")
CELLS = (
    "", "-", "0", "-0.0", "1e400", "1E100", "1E-30", "NaN", "Infinity", "sNaN", "1,234", "1.234,56", "(5)", "5-", "1_000",
    "\u0661\u0662", "\uff11", "\u22125", "1.5\u00a0", "\u200f5", "9" * 40, "0." + "1" * 25, "0x1F", "=1+1", "@x", "'", '"', '""', "a\nb",
    "1970-01-01 00:00:00", "2262-04-12T00:00:00Z", "9999-12-31", "0001-01-01T00:00:00Z", "2026-02-30 10:00:00",
    "2026-03-29 02:30:00", "24:00", "1e18", "253402300800000", "99999999999999999999", "45000.5", "null", "None", "true", "[]", "{}",
    "\x00", "\x1b[31m", "\u202e", "\ud800", "x" * 70_000, "BTCUSDT", "BTC/USDT:USDT", "|", "\\", "%7C", "\ufeff", "UTC+99:99", "(UTC+25)",
)  # fmt: skip
"""Texts that a cell may be changed to."""
Change = tuple[str, float, float, str]
KINDS = (
    *["cell"] * 10, "flip", "cut", "drop", "repeat", "insert", "swap", "twice", "without", "blank", "recode", "wrap",
)  # fmt: skip
"""Most often a cell: what ruins the whole is soon seen, and says little of the rest."""


def seeds() -> list[Path]:
    """Return the golden exports that are small."""
    found = (path for venue in sorted(DATA.iterdir()) if venue.is_dir() for path in sorted(venue.glob("*")))
    return [path for path in found
            if path.is_file() and not path.name.endswith(SIDECARS) and path.stat().st_size < LARGEST]  # fmt: skip


def changes() -> st.SearchStrategy[list[Change]]:
    """Return a strategy of a few changes: what, where, how far, and with which text."""
    share = st.floats(0, 1, exclude_max=True)
    return st.lists(st.tuples(st.sampled_from(KINDS), share, share, st.sampled_from(CELLS)), min_size=1, max_size=3)


def options_of(seed: Path) -> Options:
    """Return the options that a golden export is read with, and UTC where they say no zone."""
    beside = seed.with_name(f"{seed.name}.options.json")
    said = Options(**json.loads(beside.read_text(encoding="utf-8"))) if beside.exists() else Options()
    return replace(said, zone=said.zone or "UTC")


def changed(content: bytes, wanted: Sequence[Change]) -> bytes:
    """Return the content after some changes."""
    for kind, place, extent, text in wanted:
        content = CHANGES[kind](content, place, extent, text.encode(errors="surrogatepass"))
    return content


def _lines(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True) or [b""]


def _flip(content: bytes, place: float, extent: float, text: bytes) -> bytes:
    at = int(place * len(content))
    return content[:at] + bytes([int(extent * 256)]) + content[at + 1 :]


def _cut(content: bytes, place: float, extent: float, text: bytes) -> bytes:
    return content[: int(place * len(content))]


def _drop(content: bytes, place: float, extent: float, text: bytes) -> bytes:
    at = int(place * len(content))
    return content[:at] + content[at + 1 + int(extent * extent * 200) :]


def _repeat(content: bytes, place: float, extent: float, text: bytes) -> bytes:
    at, end = int(place * len(content)), int(place * len(content)) + 1 + int(extent * 200)
    return content[:end] + content[at:end] * (1 + int(extent * 3)) + content[end:]


def _insert(content: bytes, place: float, extent: float, text: bytes) -> bytes:
    at = int(place * len(content))
    return content[:at] + text + content[at:]


def _cell(content: bytes, place: float, extent: float, text: bytes) -> bytes:
    """Put a text in place of what stands between two signs that end a cell."""
    bounds = [found.start() for found in re.finditer(rb'[,;\t\n":]', content)]
    if len(bounds) < 2:
        return content + text
    at = int(place * (len(bounds) - 1))
    return content[: bounds[at] + 1] + text + content[bounds[at + 1] :]


def _swap(content: bytes, place: float, extent: float, text: bytes) -> bytes:
    lines = _lines(content)
    one, other = int(place * len(lines)), int(extent * len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _twice(content: bytes, place: float, extent: float, text: bytes) -> bytes:
    """Repeat a column at the end of every line: its header is there twice."""
    at = int(place * 12)
    told = []
    for line in _lines(content):
        cells = line.rstrip(b"\r\n").split(b",")
        told.append(b",".join([*cells, cells[at % len(cells)]]) + b"\n")
    return b"".join(told)


def _without(content: bytes, place: float, extent: float, text: bytes) -> bytes:
    at = int(place * 12)
    told = []
    for line in _lines(content):
        cells = line.rstrip(b"\r\n").split(b",")
        told.append(b",".join(cell for number, cell in enumerate(cells) if number != at % len(cells)) + b"\n")
    return b"".join(told)


def _blank(content: bytes, place: float, extent: float, text: bytes) -> bytes:
    lines = _lines(content)
    lines.insert(int(place * len(lines)), b" \r\n" if extent < 0.5 else b",,,,\n")
    return b"".join(lines)


def _recode(content: bytes, place: float, extent: float, text: bytes) -> bytes:
    codec = ("utf-16", "utf-16-le", "utf-8-sig", "latin-1", "gb18030", "utf-32")[int(place * 6)]
    return content.decode("utf-8", errors="replace").encode(codec, errors="replace")


def _wrap(content: bytes, place: float, extent: float, text: bytes) -> bytes:
    if place < 0.5:
        return gzip.compress(content, mtime=0)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("a.csv"), content)
        if extent < 0.5:
            archive.writestr(zipfile.ZipInfo("b.csv"), content[: len(content) // 2])
    return packed.getvalue()


CHANGES: Mapping[str, Callable[[bytes, float, float, bytes], bytes]] = {
    "flip": _flip, "cut": _cut, "drop": _drop, "repeat": _repeat, "insert": _insert, "cell": _cell, "swap": _swap,
    "twice": _twice, "without": _without, "blank": _blank, "recode": _recode, "wrap": _wrap,
}  # fmt: skip


@contextmanager
def soon(seconds: int = SECONDS) -> Iterator[None]:
    """Fail what does not come to an end."""

    def hangs(*_: object) -> None:
        raise AssertionError(f"it takes more than {seconds} seconds")

    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def read_all(path: Path, options: Options | None = None) -> int:
    """Read a file to its end; return how many rows were understood.

    Errors that are foreseen are none: nothing of the file is then stored.  Every row that was read has to be told of,
    once, as accepted, ignored or rejected.
    """
    understood = 0
    try:
        for part in open_bundle(path).parts():
            try:
                seen = recognize(part, formats(), options or Options(zone="UTC"))
                for normalized, read in chunks(seen):
                    told = [normalized.rows.height, normalized.ignored.height, normalized.rejected.height]
                    assert sum(told) == read, (told, read)
                    accepted = set(normalized.rows["source_row"])
                    assert len(accepted) == told[0]
                    for name, table in normalized.tables.items():
                        assert set(table["source_row"]) <= accepted, name
                    understood += told[0]
            except MarginbookError as error:
                assert str(error).strip()
    except MarginbookError as error:
        assert str(error).strip()
    return understood
