"""Germany: private sales by holding period, and Termingeschäfte by position.

A sale is taxable where not more than a year lies between purchase and sale (§ 23 Abs. 1 Satz 1 Nr. 2 EStG); the lines
of the tax year say which it is.  Amounts are in cents; gain or loss is the difference of the printed cents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from reports.tax.amounts import added, cents, counted, day, less, quantity, total
from reports.tax.derivatives import Derived, by_position
from reports.tax.listing import Cell, Head, Listing
from reports.tax.value import TaxYear

DATES = "%d.%m.%Y"


@dataclass(frozen=True, kw_only=True)
class Sale:
    """One lot that was sold; amounts in cents, None: unknown."""

    number: str
    term: str
    """short: within a year; long: later; unknown."""
    row: Mapping[str, Any]
    proceeds: Decimal | None
    costs: Decimal | None
    acquired_on: date | None
    sold_on: date

    @property
    def gain(self) -> Decimal | None:
        return None if self.proceeds is None or self.costs is None else less(self.proceeds, self.costs)

    @property
    def note(self) -> str:
        lacks = [name for name, known in (("Veräußerungspreis", self.proceeds), ("Anschaffungskosten", self.costs),
                                          ("Anschaffungsdatum", self.acquired_on)) if known is None]  # fmt: skip
        kind = "" if self.row["kind"] == "sale" else self.row["kind"].replace("_", " ")
        unknown = f"unknown: {', '.join(lacks)}" if lacks else ""
        return "; ".join(text for text in (unknown, kind, self.row["note"] or "") if text)


def sales(year: TaxYear, *, state_money: bool) -> list[Sale]:
    """Return the lots that were sold, in the order of time."""
    zone = ZoneInfo(year.policy.zone)
    made: list[Sale] = []
    for row in year.disposals.iter_rows(named=True):
        if row["state_money"] != state_money:
            continue
        made.append(
            Sale(
                number=str(len(made) + 1), term=row["term"] or "unknown", row=row, proceeds=cents(row["proceeds"]),
                costs=cents(row["basis"]), sold_on=day(row["disposed_at"], zone),
                acquired_on=None if row["acquired_at"] is None else day(row["acquired_at"], zone),
            )
        )  # fmt: skip
    return made


@dataclass(frozen=True)
class Sums:
    """Of the sales of which proceeds and costs are known."""

    proceeds: Decimal
    costs: Decimal
    gain: Decimal
    left: int
    """Sales that are left out, since proceeds or costs are unknown."""


def sums(found: Sequence[Sale]) -> Sums:
    known = [one for one in found if one.gain is not None]
    return Sums(
        proceeds=total(one.proceeds for one in known).known,
        costs=total(one.costs for one in known).known,
        gain=total(one.gain for one in known).known,
        left=len(found) - len(known),
    )


SALE_HEADS = (
    Head("Nr."), Head("Wirtschaftsgut"), Head("Anschaffung"), Head("Veräußerung"), Head("Veräußerungspreis", "money"),
    Head("Anschaffungskosten", "money"), Head("Gewinn / Verlust", "money"), Head("Art", on_page=False),
    Head("note", "words"),
)  # fmt: skip
KINDS = {
    "short": "steuerbar: innerhalb eines Jahres",
    "long": "nicht steuerbar: nach mehr als einem Jahr",
    "unknown": "Haltedauer unbekannt",
}


def sales_listing(name: str, heading: str, found: Sequence[Sale], about: Sequence[str] = ()) -> Listing:
    """Return sales as a table with its total."""
    lines: list[Sequence[Cell]] = [
        (one.number, f"{quantity(one.row['quantity'])} {one.row['asset']}",
         one.acquired_on.strftime(DATES) if one.acquired_on else "", one.sold_on.strftime(DATES), one.proceeds,
         one.costs, one.gain, "" if one.row["state_money"] else KINDS[one.term], one.note)
        for one in found
    ]  # fmt: skip
    made = sums(found)
    left = f"{made.left} of {counted(len(found), 'line')} unknown and left out" if made.left else ""
    is_told = made.left < len(found)
    sums_told: Sequence[Cell] = (made.proceeds, made.costs, made.gain) if is_told else (None,) * 3
    totals: list[Sequence[Cell]] = [("Summe", counted(len(found), "line"), "", "", *sums_told, "", left)]
    return Listing(name=name, heading=heading, heads=SALE_HEADS, lines=lines, totals=totals if lines else (),
                   about=about, empty="Keine.")  # fmt: skip


@dataclass(frozen=True)
class Forwards:
    """Gains and losses of Termingeschäfte, one result a position, with its costs (§ 20 Abs. 4 Satz 5 EStG)."""

    gains: Decimal | None
    """None: there are positions, and none of them is valued."""
    losses: Decimal | None
    """As a positive amount."""
    left: int
    """Positions that are left out, since a value is unknown."""

    @property
    def net(self) -> Decimal | None:
        return None if self.gains is None or self.losses is None else less(self.gains, self.losses)


def forwards(found: Sequence[Derived]) -> Forwards:
    nets = [cents(one.net) for one in found]
    known = [net for net in nets if net is not None]
    if found and not known:
        return Forwards(None, None, len(found))
    return Forwards(
        added(*(net for net in known if net > 0)), added(*(-net for net in known if net < 0)), len(found) - len(known)
    )


FORWARD_HEADS = (
    Head("Nr."), Head("Kontrakt"), Head("Konto"), Head("zuletzt"), Head("Ergebnis", "money"), Head("Gebühren", "money"),
    Head("Funding", "money"), Head("übrige", "money"), Head("Gewinn / Verlust", "money"), Head("note", "words"),
)  # fmt: skip


def forwards_listing(year: TaxYear) -> Listing:
    """Return Termingeschäfte, a line a position, with the sums of gains and of losses."""
    zone, found = ZoneInfo(year.policy.zone), by_position(year)
    lines: list[Sequence[Cell]] = []
    for number, one in enumerate(found, 1):
        cells = {name: None if made.unknown else cents(made.known) for name, made in one.sums.items()}
        rest = [cells["liquidation fees"], cells["other"]]
        lines.append((str(number), f"{one.product} {one.symbol}", one.place, day(one.last_at, zone).strftime(DATES),
                      cells["results"], cells["trading fees"], cells["funding"],
                      None if None in rest else added(*(cell for cell in rest if cell is not None)), cents(one.net),
                      one.note))  # fmt: skip
    made = forwards(found)
    left = f"{made.left} of {counted(len(found), 'position')} unknown and left out" if made.left else ""
    losses = None if made.losses is None else -made.losses
    totals: list[Sequence[Cell]] = [
        (name, "", "", "", "", "", "", "", amount, left)
        for name, amount in (("Gewinne", made.gains), ("Verluste", losses), ("Saldo", made.net))
    ]
    funding = " and funding" if year.policy.funding == "gain" else "; funding is beside it"
    about = [f"One result a position, with fees{funding}. Gains +, losses -. Perpetuals and futures settled in cash "
             "are taken for Termingeschäfte."]  # fmt: skip
    return Listing(
        name="termingeschäfte", heading="Termingeschäfte, § 20 Abs. 2 Satz 1 Nr. 3 EStG", heads=FORWARD_HEADS,
        lines=lines, totals=totals if lines else (), about=about, empty="Keine.",
    )  # fmt: skip
