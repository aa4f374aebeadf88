"""Atheris feeds the readers and the cells with bytes that reach lines which none did before.

`python -m tests.fuzz.readers TARGET CORPUS [libFuzzer options]`; TARGET is files, numbers or times.  What breaks one is
written to `crash-...` in the folder of the command: read it with `tests.mutations.read_all`, then make it a case of
`tests/hostile.py`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["importers", "schemas"]):
    from importers.cells import epoch_instants, exact_decimals, zoned_instants
    from importers.doubts import doubt
    from tests.mutations import LARGEST, read_all, seeds, soon
    from tests.reading import no_child

import polars as pl

from schemas.types import INSTANT, MONEY

CASES = 400
"""Golden exports, the smallest, that a new corpus begins with."""


def files(content: bytes) -> None:
    """Read any bytes as an export."""
    path = FOLDER / "any.csv"
    path.write_bytes(content)
    with soon(), no_child():
        read_all(path)


def numbers(content: bytes) -> None:
    """Take any text for a number: it is exactly that, or none."""
    text = content.decode(errors="ignore")
    (value,) = exact_decimals(pl.Series([text]))
    assert value is None or (text.isascii() and value == Decimal(text.strip(" \t")))
    doubt(text, MONEY)


def times(content: bytes) -> None:
    """Take any text for an instant: it is one of this era, or none."""
    text = content.decode(errors="ignore")
    for read in (zoned_instants, epoch_instants):
        (at,) = read(pl.Series([text]))
        assert at is None or 2009 <= at.year <= 2100
    doubt(text, INSTANT, "Europe/Berlin")


TARGETS: dict[str, Callable[[bytes], None]] = {"files": files, "numbers": numbers, "times": times}
FOLDER = Path(tempfile.mkdtemp(prefix="marginbook-fuzz-"))


def begin(corpus: Path) -> None:
    """Fill an empty corpus with golden exports."""
    corpus.mkdir(parents=True, exist_ok=True)
    if not any(corpus.iterdir()):
        for number, path in enumerate(sorted(seeds(), key=lambda path: path.stat().st_size)[:CASES]):
            (corpus / f"{number:03d}").write_bytes(path.read_bytes())


def main() -> None:
    """Fuzz until the options say that it is enough."""
    target, corpus, *options = sys.argv[1:]
    if target == "files":
        begin(Path(corpus))
    Path(corpus).mkdir(parents=True, exist_ok=True)
    atheris.Setup([sys.argv[0], corpus, f"-max_len={LARGEST}", *options], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
