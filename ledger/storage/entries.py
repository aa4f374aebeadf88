"""Entries by hand: what a person states becomes a file of one line, kept and read like any export."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from importers.manual import columns_of
from ledger.storage.store import Store, statement
from schemas.errors import UnknownThing

TERMS = ("product", "instrument", "settle_asset", "style", "position_side", "margin_mode", "pair")
"""What an opening position may leave to the fills of its instrument."""


@dataclass(frozen=True, kw_only=True)
class Entered:
    """What a person states of one account; `values` are the cells of its kind, None where nothing is stated."""

    kind: str
    """correction, otc, loss, opening_position, opening_lot or assertion."""
    account: str
    venue: str | None = None
    """Needed where the account is new or at several venues."""
    wallet: str
    at: datetime
    reason: str
    values: Mapping[str, str | Decimal | None]


def file_name(entered: Entered, number: int) -> str:
    """Return the name under which an entry is filed."""
    return f"manual-{number:04d}-{entered.kind.replace('_', '-')}.csv"


def is_entry(name: str) -> bool:
    """Say whether a file is called as entries are."""
    return re.match(r"manual-\d{4,}-", name) is not None


def restated_by(name: str) -> str:
    """Return the command that states again what a file of an entry says."""
    return "marginbook assert" if name.endswith("-assertion.csv") else "marginbook enter"


def file_text(entered: Entered, number: int, venue: str) -> str:
    """Return the entry as a CSV of one line; its number makes it another than an equal entry."""
    cells = {
        **entered.values,
        "entry": str(number),
        "at": entered.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "venue": venue,
        "wallet": entered.wallet,
        "reason": " ".join(entered.reason.split()),
    }
    columns = columns_of(entered.kind)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerow([_plain(cells.get(column)) for column in columns])
    return text.getvalue()


def _plain(cell: str | Decimal | None) -> str:
    if cell is None:
        return ""
    return f"{cell:f}" if isinstance(cell, Decimal) else cell


def with_terms(store: Store, entered: Entered, venue: str) -> dict[str, str | Decimal | None]:
    """Return the values of an opening position; what it leaves open is as the instrument's fills say, if all agree.

    So the opening stands in one stream with them.  Raises UnknownThing where not even the product is known.
    """
    words = {"account": entered.account, "venue": venue, "wallet": entered.wallet}
    words |= {name: str(entered.values[name]) for name in ("symbol", "side")}
    given = {name: entered.values.get(name) for name in TERMS}
    ways = store.query(statement("accounts", "traded_as"), words).to_dicts()
    fitting = [way for way in ways if all(value is None or way[name] == value for name, value in given.items())]
    agreed = {name: {way[name] for way in fitting} for name in TERMS}
    known = {name: next(iter(values)) for name, values in agreed.items() if len(values) == 1}
    terms = {name: given[name] if given[name] is not None else known.get(name) for name in TERMS}
    if terms["product"] is None:
        seen = "has fills of it as several products" if ways else f"has no fill of it in {entered.wallet}"
        raise UnknownThing(f"what {words['symbol']!r} is cannot be told: the book {seen}", "say it with --product")
    return {**entered.values, **terms}
