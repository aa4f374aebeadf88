"""Specific identification: a file in which a person says which lots a disposal takes.

A CSV (`,`, `;` or tab) with the header `disposal,lot,quantity`, or with `account,asset,disposed_at` instead of the
disposal; a column `note` may follow.  A disposal is named as a listing of this program names it (by its line or its
event), or by account, asset and time in one cell, quoted; a lot by its name, or by when it was acquired.  A time is as
exact as it is written (a day, a minute, a second and its parts) and must fit one disposal, one lot; without an offset
it is of the zone.  An empty quantity is all of the lot that the disposal can take.  What no line chooses follows the
method.

    disposal,lot,quantity
    D-201-1,L-101,0.5
    "main,BTC,2025-05-02 17:30:12",2023-01-10,
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from ledger.lots.choice_lines import PARTS, BadChoices, Choice, Fault, parsed, said
from reports.tax.value import Policy
from schemas.types import INSTANT, MONEY, SCALE, UNIT

DISPOSED: dict[str, pl.DataType] = {
    "event": pl.String(), "account": pl.String(), "asset": pl.String(), "disposed_at": INSTANT, "quantity": MONEY,
}  # fmt: skip
"""What may be named as a disposal; `quantity` is all that the event disposes of, of that asset."""
ACQUIRED: dict[str, pl.DataType] = {
    "lot": pl.String(), "account": pl.String(), "asset": pl.String(), "acquired_at": INSTANT, "quantity": MONEY,
}  # fmt: skip
"""What may be named as a lot, as it was acquired."""

LINE = re.compile(r"D-(.+)-[0-9]+")
LOT = "L-"
"""How the lines of a tax year name a disposal and a lot."""
AMOUNT = re.compile(r"[0-9]{1,20}(\.[0-9]{1,18})?")
TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<minute>\d\d:\d\d)(?::(?P<second>\d\d)(?:\.(?P<parts>\d{1,6}))?)?"
    r"(?P<offset>Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
EXAMPLE = "write it as 2025-05-02, 2025-05-02T17:30, 2025-05-02T17:30:12Z or 2025-05-02T17:30:12.345+02:00"
SHOWN = 5


def chosen(text: str | None, policy: Policy, steps: pl.DataFrame) -> dict[str, list[tuple[str, int]]]:
    """Return the choices of a file (None: there is none) by event, for the steps of a tax year; see `read_choices`.

    A lot is what was acquired, or what a move brought that had never been there (`<event>:missing`).
    """
    if text is None:
        return {}
    disposals = steps.filter(pl.col("op") == "dispose").select(
        "event", "account", "asset", "quantity", disposed_at="at"
    )
    bought = steps.filter(pl.col("op") == "acquire").select(
        "account", "asset", "quantity", lot="event", acquired_at="at"
    )
    moved = steps.filter(pl.col("op") == "move").select(
        "account", "asset", "quantity", lot=pl.format("{}:missing", "event"), acquired_at=pl.lit(None, INSTANT)
    )
    return read_choices(
        text, policy.choices or "choices", disposals, pl.concat([bought, moved.select(bought.columns)]), policy.zone
    )


def read_choices(
    text: str, name: str, disposals: pl.DataFrame, lots: pl.DataFrame, zone: str
) -> dict[str, list[tuple[str, int]]]:
    """Return the choices of a file by the event of the disposal: lots and how much of each, in units of 1e-18.

    `disposals` has the columns DISPOSED, `lots` ACQUIRED; `name` is that of the file.  Raises BadChoices.
    """
    choices, faults = parsed(text, name)
    known = _Known(disposals, lots, ZoneInfo(zone))
    chosen: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for choice in choices:
        misspelt = _misspelt(choice.quantity)
        if misspelt is not None:
            faults.append(said(name, choice.line, misspelt))
        try:
            disposal, lot = known.pair(choice)
            if misspelt is None:
                chosen[disposal.event].append((lot.name, known.take(choice, disposal, lot)))
        except Fault as fault:
            faults.append(said(name, choice.line, fault))
    if faults:
        raise BadChoices(faults)
    return dict(chosen)


@dataclass(frozen=True, kw_only=True)
class _Disposal:
    event: str
    account: str
    asset: str
    at: datetime
    quantity: int


@dataclass(frozen=True, kw_only=True)
class _Lot:
    name: str
    account: str
    at: datetime | None
    quantity: int


class _Known:
    """The disposals and lots there are, and what of them is chosen already."""

    def __init__(self, disposals: pl.DataFrame, lots: pl.DataFrame, zone: ZoneInfo) -> None:
        self.zone = zone
        self.named: dict[str, list[_Disposal]] = defaultdict(list)
        self.disposals: dict[tuple[str, str], list[_Disposal]] = defaultdict(list)
        for event, account, asset, at, quantity in _units(disposals.select(*DISPOSED)):
            disposal = _Disposal(event=event, account=account, asset=asset, at=at, quantity=quantity)
            self.named[event].append(disposal)
            self.disposals[account, asset].append(disposal)
        self.lots: dict[str, list[_Lot]] = defaultdict(list)
        for name, account, asset, at, quantity in _units(lots.select(*ACQUIRED)):
            self.lots[asset].append(_Lot(name=name, account=account, at=at, quantity=quantity))
        self.taken: dict[tuple[str, str], int] = defaultdict(int)
        """Of a lot by all disposals, by asset and lot."""
        self.given: dict[_Disposal, int] = defaultdict(int)
        """Of a disposal, from all lots."""

    def pair(self, choice: Choice) -> tuple[_Disposal, _Lot]:
        """Return the disposal and the lot of a line.  Raises Fault."""
        disposals = self._disposals(choice.disposal)
        pairs = [(disposal, lot) for disposal in disposals for lot in self._lots(choice.lot, disposal)]
        if not pairs:
            where = " or ".join(sorted({f"{each.asset} of {each.account}" for each in disposals}))
            near = [lot.name for each in disposals for lot in self.lots[each.asset] if lot.account == each.account]
            raise Fault(f"no lot {choice.lot!r} of {where}", _some("lots there", near) or "no lot is known there")
        if len(pairs) > 1:
            names = [f"{lot.name} ({_written(lot.at)}, {_plain(lot.quantity)})" for _, lot in pairs]
            raise Fault(f"{choice.lot!r} is the time of several lots: {', '.join(names[:SHOWN])}", "name one of them")
        disposal, lot = pairs[0]
        if lot.at is not None and lot.at > disposal.at:
            raise Fault(
                f"lot {lot.name} was acquired at {_written(lot.at)}, after the disposal at {_written(disposal.at)}",
                "choose a lot that was held then",
            )
        return disposal, lot

    def take(self, choice: Choice, disposal: _Disposal, lot: _Lot) -> int:
        """Return how much of the lot the line gives to the disposal, and take it.  Raises Fault."""
        quantity = self._quantity(choice, disposal, lot)
        self.given[disposal] += quantity
        self.taken[disposal.asset, lot.name] += quantity
        return quantity

    def _disposals(self, named: tuple[str, ...]) -> list[_Disposal]:
        text = ",".join(named)
        line = LINE.fullmatch(text)
        if found := self.named.get(text) or (line and self.named.get(line[1])):
            return found
        parts = named if len(named) == len(PARTS) else tuple(part.strip() for part in named[0].rsplit(",", 2))
        if len(parts) != len(PARTS):
            raise Fault(
                f"no disposal {text!r}",
                "name it by its line or event as listed, or by account,asset,time in quotes",
            )
        account, asset, time = parts
        there = self.disposals.get((account, asset), [])
        start, stop = self._span(time, "disposed_at")
        fitting = [each for each in there if start <= each.at < stop]
        if not fitting:
            near = sorted(there, key=lambda each: abs(each.at - start))
            times = [_written(each.at) for each in near]
            raise Fault(
                f"no disposal of {asset} by {account} at {time}",
                _some("the nearest are of", times) or "none of that asset is known there; see the listing of disposals",
            )
        if len(fitting) > 1:
            names = [f"{each.event} ({_written(each.at)}, {_plain(each.quantity)})" for each in fitting]
            raise Fault(f"{text!r} is several disposals: {', '.join(names[:SHOWN])}", "name one by its event")
        return fitting

    def _lots(self, text: str, disposal: _Disposal) -> list[_Lot]:
        named = [lot for lot in self.lots[disposal.asset] if lot.name in (text, text.removeprefix(LOT))]
        if named or not TIME.fullmatch(text):
            return named
        start, stop = self._span(text, "lot")
        there = [lot for lot in self.lots[disposal.asset] if lot.at is not None and start <= lot.at < stop]
        return [lot for lot in there if lot.account == disposal.account] or there

    def _quantity(self, choice: Choice, disposal: _Disposal, lot: _Lot) -> int:
        of_lot = lot.quantity - self.taken[disposal.asset, lot.name]
        of_disposal = disposal.quantity - self.given[disposal]
        if not choice.quantity:
            quantity = min(of_lot, of_disposal)
            if not quantity:
                raise Fault("nothing is left to choose: lines above take it all", "take the line away")
            return quantity
        whole, _, places = choice.quantity.partition(".")
        quantity = int(whole + places.ljust(SCALE, "0"))
        for limit, what in ((of_disposal, f"disposal {disposal.event} has"), (of_lot, f"lot {lot.name} has")):
            if quantity > limit:
                raise Fault(
                    f"{choice.quantity} is more than the {what} left for this line: {_plain(limit)}",
                    "lines of one disposal, or of one lot, add up to no more than it has",
                )
        if not quantity:
            raise Fault("the quantity is 0", "take the line away, or leave the cell empty for all")
        return quantity

    def _span(self, text: str, column: str) -> tuple[datetime, datetime]:
        """Return the instants that a time, as exactly as it is written, stands for: start, and end (exclusive)."""
        found = TIME.fullmatch(text)
        if not found:
            raise Fault(f"{text!r} under {column} is no time", EXAMPLE)
        try:
            at = datetime.fromisoformat(text.replace(" ", "T"))
        except ValueError as error:
            raise Fault(f"{text!r} under {column} is no time: {error}", EXAMPLE) from None
        if at.tzinfo is None:
            at = at.replace(tzinfo=self.zone)
        if found["parts"]:
            return at, at + timedelta(microseconds=10 ** (6 - len(found["parts"])))
        if found["second"]:
            return at, at + timedelta(seconds=1)
        return at, at + (timedelta(minutes=1) if found["minute"] else timedelta(days=1))


def _misspelt(quantity: str) -> Fault | None:
    """Return what is wrong with a quantity as it is written."""
    if not quantity or AMOUNT.fullmatch(quantity):
        return None
    return Fault(f"{quantity!r} is no quantity", "write digits and a decimal point, as 0.5; at most 18 places")


def _units(frame: pl.DataFrame) -> Iterator[tuple]:  # type: ignore[type-arg]
    """Yield the rows, with the quantity in units of 1e-18."""
    return frame.with_columns(pl.col("quantity").to_physical()).iter_rows()


def _some(what: str, names: Sequence[str]) -> str:
    further = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{what}: {', '.join(names[:SHOWN])}{further}" if names else ""


def _written(at: datetime | None) -> str:
    return "unknown time" if at is None else at.isoformat().replace("+00:00", "Z")


def _plain(units: int) -> str:
    whole, places = divmod(units, UNIT)
    return f"{whole}.{places:018}".rstrip("0").rstrip(".")
