"""Whatever is done to an export, reading it comes to rows that add up or to an error that was foreseen, and soon.

The few examples of every day are the same on every run; MARGINBOOK_EXAMPLES=10 tries ten times as many others, and
`make fuzz` lets atheris look for ways that nobody thought of.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.cells import comma_decimals, epoch_instants, exact_decimals, zoned_instants
from importers.described.guess import description_of
from importers.detect import detect
from importers.doubts import doubt
from importers.files import open_bundle
from importers.registry import formats
from ledger.storage.descriptions import format_of
from schemas.errors import MarginbookError
from schemas.types import INSTANT, MONEY
from tests.examples import examples
from tests.hostile import GOOD, HEADER
from tests.hostile_boxes import BOXES
from tests.mutations import CELLS, Change, changed, changes, options_of, read_all, seeds, soon
from tests.reading import no_child

SEEDS = seeds()
ARCHIVES = [made for case in BOXES for made in case.files.values() if isinstance(made, bytes)]
HEADERS = sorted({column for form in formats() for header in form.headers for column in header.columns})
ALPHABET = "0123456789.,-+eE_ '()%$\u0661\uff11\u2212\u00a0:/TZnaif"
NUMBERS = st.one_of(st.sampled_from(CELLS), st.text(st.sampled_from(ALPHABET), max_size=24), st.decimals().map(str),
                    st.decimals(-(10**19), 10**19, allow_nan=False, places=18).map(str))  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@examples(480)
@given(seed=st.sampled_from(SEEDS), wanted=changes())
def test_an_export_that_was_changed_is_read_or_refused(place: Path, seed: Path, wanted: list[Change]) -> None:
    path = place / seed.name
    path.write_bytes(changed(seed.read_bytes(), wanted))
    with soon(), no_child():
        read_all(path, options_of(seed))
    path.unlink()


@examples(400)
@given(seed=st.sampled_from(ARCHIVES), wanted=changes())
def test_an_archive_that_was_changed_is_read_or_refused(place: Path, seed: bytes, wanted: list[Change]) -> None:
    path = place / "a.zip"
    path.write_bytes(changed(seed, wanted))
    with soon(), no_child():
        read_all(path)


@examples(300)
@given(
    body=st.binary(max_size=300),
    start=st.sampled_from([b"", b"PK\3\4", b"\x1f\x8b", b"[{", b'{"a":', b"\xff\xfe", HEADER.encode() + b"\n"]),
)
def test_any_bytes_are_read_or_refused(place: Path, body: bytes, start: bytes) -> None:
    path = place / "any.csv"
    path.write_bytes(start + body)
    with soon(), no_child():
        read_all(path)


@examples(200)
@given(texts=st.lists(NUMBERS, min_size=1, max_size=60))
def test_a_number_is_exactly_its_text_or_none(texts: list[str]) -> None:
    texts = [text for text in texts if "\ud800" not in text]
    series = pl.Series("n", texts, dtype=pl.String)
    for text, value in zip(texts, exact_decimals(series), strict=True):
        assert value is None or (text.isascii() and value == Decimal(text.strip(" \t")))
        if value is None:
            assert isinstance(doubt(text, MONEY), str)
    for value, text in zip(comma_decimals(series), texts, strict=True):
        assert value is None or value == Decimal(text.strip().replace(".", "").replace(",", "."))


@examples(200)
@given(
    texts=st.lists(
        st.one_of(NUMBERS, st.datetimes().map(str), st.datetimes().map(lambda at: f"{at.isoformat()}Z")),
        min_size=1,
        max_size=60,
    )
)
def test_an_instant_is_of_this_era_and_what_its_text_says_or_none(texts: list[str]) -> None:
    texts = [text for text in texts if "\ud800" not in text]
    series = pl.Series("t", texts, dtype=pl.String)
    for read in (zoned_instants, epoch_instants):
        for text, at in zip(texts, read(series), strict=True):
            assert at is None or 2009 <= at.year < 2101
            if at is not None and read is zoned_instants:
                with contextlib.suppress(ValueError):
                    assert datetime.fromisoformat(text.strip()) == at
            if at is None:
                assert isinstance(doubt(text, INSTANT, "Europe/Berlin"), str)


@examples(60)
@given(
    header=st.lists(st.one_of(st.sampled_from(HEADERS), st.sampled_from(CELLS)), max_size=30),
    rows=st.lists(st.lists(NUMBERS, max_size=6), max_size=3),
)
def test_any_header_is_one_format_or_an_error_that_says_so(header: list[str], rows: list[list[str]]) -> None:
    with contextlib.suppress(MarginbookError):
        match = detect([(1, header), *((number, row) for number, row in enumerate(rows, 2))], formats(), "x", "x.csv")
        known = [column for column in match.columns if column is not None]
        assert match.format.headers and (
            len(set(known)) == len(known) or any(one.contains for one in match.format.headers)
        )


@examples(60)
@given(
    cells=st.lists(st.lists(NUMBERS, min_size=4, max_size=4), min_size=1, max_size=4),
    header=st.permutations(["when", "what", "how much", "side"]),
)
def test_what_is_guessed_of_any_table_is_a_description_or_refused_in_words(
    place: Path, cells: list[list[str]], header: list[str]
) -> None:
    path = place / "any.csv"
    lines = [",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in [header, *cells]]
    path.write_bytes("\n".join(lines).encode(errors="surrogatepass"))
    with soon(), contextlib.suppress(MarginbookError):
        text = description_of(open_bundle(path).parts()[0], "x.y")
        format_of(text, "guessed.toml")


def test_what_is_changed_is_still_read_now_and_then(place: Path) -> None:
    path = place / "good.csv"
    path.write_bytes(changed(f"{HEADER}\n{GOOD}\n".encode(), [("blank", 0.0, 0.0, "")]))
    assert read_all(path) == 1
