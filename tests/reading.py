"""Workbooks parsed in this process, for tests of the readers themselves: what surprises them is then seen here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from importers.files import child, containers
from importers.files.sources import Budget, Source
from importers.files.workbook import Sheets


def here(name: str, kind: str, source: Source, budget: Budget, is_whole: bool) -> Sheets:
    """Return the workbook, its reader not kept apart."""
    sheets: Sheets = child.OPENERS[kind](source, budget)
    return sheets


@contextmanager
def no_child() -> Iterator[pytest.MonkeyPatch]:
    """Let workbooks be parsed in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(containers, "Apart", here)
        yield patch
