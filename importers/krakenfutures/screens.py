"""Exports of the screens of Kraken Pro: known by their names, and not read.

Their headers are in the language of the user, and nobody has published them; ledger and closed positions end at 100 and
50 rows.  The account log has all that they have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import polars as pl

from importers.cells import epoch, text
from importers.contract import Format, Identity

NAMES = re.compile(r"(futuresLedger|historyFuturesClosedPositions|futuresTrades|futuresOrders)_.*\.csv", re.IGNORECASE)


def _recognize(head: Sequence[Sequence[str]], file_name: str) -> tuple[int, Mapping[int, str]] | None:
    return (0, {0: "first"}) if head and NAMES.search(file_name) else None


SCREENS = Format(
    name="krakenfutures.screens",
    family="krakenfutures.screens",
    venue="krakenfutures",
    title="Kraken Futures: exports of the screens (recognized by their names, nothing stored)",
    confidence="inferred",
    how="the download button of a table in Kraken Pro; import the account log instead",
    headers=(),
    cells={"time": epoch("time", required=False), "first": text("first")},
    event=pl.lit("screen"),
    cases={},
    ignores={"screen": "a screen's export, cut off and in the user's language: the account log has it all"},
    wallet="unified",
    identity=Identity(kind="content", cells=("first",)),
    recognize_named=_recognize,
)

FORMATS = (SCREENS,)
