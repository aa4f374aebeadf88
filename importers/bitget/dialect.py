"""The dialects of Bitget's files and answers: clocks without a zone, glued units, lists of fees, zones by funding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from importers.bitget.symbols import bare, name_contract
from importers.cells import exact_decimals, local_time
from importers.contract import Cell, Context, Match
from importers.naming import terms_of

SECONDS = "%Y-%m-%d %H:%M:%S%.f"
NOTHING = ("", "-", "--")


def clock(column: str) -> Cell:
    """Return the instant of a wall clock; no file says its zone."""
    return replace(local_time(column, SECONDS), expected="a time as 2026-01-31 08:00:00")


def glued(column: str, symbol: str, *, required: bool = False) -> Cell:
    """Return the number of `1.6ETH` or `-412.9USDT`; a base such as 1INCH, which starts with digits, is taken whole.

    The text of `symbol` names the contract (in its first word), and with it the base that may be glued to the number.
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        symbols = columns[1].str.strip_chars().str.split(" ").list.first()
        bases = terms_of(symbols, lambda name, settle: name_contract(bare(name), settle), "base")
        frame = pl.DataFrame({"text": columns[0].str.strip_chars(), "base": bases})
        number = pl.col("text").str.strip_suffix(pl.col("base").fill_null("")).str.strip_chars()
        bare_number = number.str.extract(r"^([+-]?[\d.,]+(?:[eE][+-]?\d+)?)\s*[A-Za-z]*$")
        return exact_decimals(frame.select(bare_number.alias("number"))["number"], thousands=True)

    return Cell(columns=(column, symbol), read=read, expected="a number, maybe with its unit, as 1.6ETH",
                required=required, empty_words=NOTHING)  # fmt: skip


def first_fees(column: str, key: str, place: int) -> Cell:
    """Return one key of one of the fees in `[{"feeCoin":"BGB","totalFee":"-0.2"}]` (or of a lone object), as text.

    Where the list has no such fee it is the empty text, not null.
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        texts = columns[0].str.strip_chars()
        lists = texts.str.replace(r"^(\{.*\})$", "[$1]")
        is_list = lists.str.contains(r"^\[.*\]$").fill_null(False)
        empty = pl.Series(["[]", None], dtype=pl.String)
        found = lists.zip_with(is_list, empty.new_from_index(0, len(lists))).str.json_path_match(f"$[{place}].{key}")
        return found.fill_null("").zip_with(is_list, empty.new_from_index(1, len(found)))

    return Cell(columns=(column,), read=read, expected='fees as [{"feeCoin":"USDT","totalFee":"-0.5"}]')


# ------------------------------------------------------------------------------------------------- zones

FUNDING_WORDS = ("contract_main_settle_fee", "contract_settle_fee")
PERIOD = 8
"""Hours between the payments of most contracts, from midnight UTC on."""


def zone_by_funding(match: Match, rows: Sequence[Sequence[str]]) -> str | None:
    """Return which zones would fit: most contracts pay funding at 00, 08 and 16 o'clock UTC."""
    names = [column or "" for column in match.columns]
    records = (dict(zip(names, cells, strict=False)) for cells in rows)
    times = [record.get("date", "").strip() for record in records if record.get("type", "").strip() in FUNDING_WORDS]
    hours = Counter(found.hour % PERIOD for time in times if (found := _whole_hour(time)) is not None)
    if not hours:
        return None
    shift, count = hours.most_common(1)[0]
    if count < len(times):
        return None
    fitting = [f"{offset:+03d}:00" for offset in range(-12, 15) if offset % PERIOD == shift]
    return f"funding was paid at 00, 08 and 16 o'clock UTC; the rows here fit {', '.join(fitting)}"


def _whole_hour(time: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(time)
    except ValueError:
        return None
    return found if found.minute == 0 else None
