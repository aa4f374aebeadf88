"""When a venue liquidates, in its own words: its ratio by its own name, direction and formula, and the same as health.

The rules are dated lines of `rules.csv`, each with its source; no venue is named here.  Health is equity / maintenance
margin everywhere (liquidated at 1 and below); the venue's own figure rises or falls towards its own level.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from functools import cache
from importlib import resources

from ledger.margining.requirement import ONE, ZERO
from ledger.margining.sheet import Rule, Sheet

MEASURES = ("required/equity", "equity/required", "assets/owed", "owed/assets", "equity/used")
"""What a venue's figure divides by what; the first and the fourth rise towards the liquidation, the others fall."""
RISING = ("required/equity", "owed/assets")
PLACES = ("venue", "kind", "wallet", "margin_mode")


@dataclass(frozen=True, kw_only=True)
class VenueRule:
    """How one venue measures a bucket, and at which figure it acts."""

    venue: str
    name: str
    """Of the venue's figure: `margin ratio`, `margin level`, `uniMMR`, `LTV`."""
    formula: str
    """`maintenance margin / margin balance`."""
    measure: str
    """One of `MEASURES`."""
    liquidation: Fraction
    """The venue's figure at which it liquidates."""
    warned_at: Fraction | None
    """The venue's figure at which it warns; None: it does not, or no source says."""
    rule: Rule
    """The same for a `Sheet`."""
    source: str
    is_known: bool = True
    """Whether it is a rule of this venue; else what most venues do is taken."""

    @property
    def rises(self) -> bool:
        """Whether the venue's figure rises as things get worse."""
        return self.measure in RISING

    @property
    def level(self) -> str:
        """When it liquidates, in the venue's words: `>= 100 %`."""
        return f"{'>=' if self.rises else '<='} {self.shown(self.liquidation)}"

    @property
    def warning(self) -> Fraction | None:
        """Health at which the venue warns; None: it does not, or no source says."""
        return None if self.warned_at is None else self.health_at(self.warned_at)

    @property
    def warning_name(self) -> str:
        """The warning level in the venue's words: `margin level 1.3`, `LTV 75 %`; empty where there is none."""
        return "" if self.warned_at is None else f"{self.name} {self.shown(self.warned_at)}"

    def shown(self, figure: Fraction) -> str:
        """Return a figure as the venue prints it, to two decimals: a level plain, everything else in percent."""
        if self.measure == "assets/owed":
            return _plain(figure)
        return f"{_plain(figure * 100)} %"

    def health_at(self, figure: Fraction) -> Fraction | None:
        """Return the health that the venue's own figure means; None where it means none."""
        if self.measure == "required/equity":
            return self.liquidation / figure if figure > 0 else None
        if self.measure == "assets/owed":
            return (figure - ONE) / (self.liquidation - ONE)
        if self.measure == "owed/assets":
            return (ONE - figure) / (ONE - self.liquidation)
        return figure / self.liquidation


@dataclass(frozen=True, kw_only=True)
class MarginStanding:
    """What a sheet is worth under a rule; None is unknown."""

    equity: Fraction
    required: Fraction | None
    initial: Fraction | None
    health: Fraction | None
    ratio: Fraction | None
    """The venue's own figure."""
    leverage: Fraction | None
    """Sum of notionals / equity."""


def rule_of(
    kind: str, venue: str, wallet: str, margin_mode: str | None = None, at: datetime | None = None
) -> VenueRule:
    """Return the rule of a venue for a kind of bucket (contract, margin, unified, loan) at an instant.

    The most specific line that was in force wins, of several the latest.  Where only lines of other times are known,
    the nearest in time is taken and the source says so; where the venue has none, what most venues do.  A loan is ruled
    by lines of loans only.  Raises ValueError for another kind.
    """
    place = {"venue": venue, "kind": kind, "wallet": wallet, "margin_mode": margin_mode or ""}
    fitting = [line for line in _lines() if all(line[name] in ("*", place[name]) for name in PLACES)]
    if kind == "loan":
        fitting = [line for line in fitting if line["kind"] == "loan"]
    if not fitting:
        raise ValueError(f"kind of bucket: {kind!r}; expected contract, margin, unified or loan")
    best = max(_rank(line) for line in fitting)
    same = [line for line in fitting if _rank(line) == best]
    in_force = [line for line in same if at is None or _holds(line, at)]
    if in_force:
        return _rule(max(in_force, key=lambda line: line["valid_from"]), venue)
    assert at is not None
    nearest = min(same, key=lambda line: _distance(line, at))
    found = _rule(nearest, venue)
    told = f"{found.source}; taken for {at:%Y-%m-%d} too, of which nothing is known"
    return replace(found, source=told, rule=replace(found.rule, source=told), is_known=False)


def with_levels(
    rule: VenueRule, liquidation: Fraction | None, warned_at: Fraction | None, label: str, source: str
) -> VenueRule:
    """Return the rule with other levels, the venue's figures (those of a loan's own terms); None leaves one as is."""
    level = rule.liquidation if liquidation is None else liquidation
    return replace(
        rule,
        liquidation=level,
        warned_at=rule.warned_at if warned_at is None else warned_at,
        rule=replace(rule.rule, level=level if rule.rule.level else ZERO, label=label, source=source),
        source=source,
        is_known=True,
    )


def ratio(rule: VenueRule, sheet: Sheet, price: Fraction | None = None) -> Fraction | None:
    """Return the venue's own figure of a sheet, at another price of its own instrument where given.

    None where what it needs is unknown, and where it would divide by nothing or by a debt that no equity covers.
    """
    equity = sheet.equity(price)
    if rule.measure == "equity/used":
        return _over(equity, sheet.initial(price))
    if rule.measure in ("assets/owed", "owed/assets"):
        owed = sheet.debt(price)
        above, below = (equity + owed, owed) if rule.measure == "assets/owed" else (owed, equity + owed)
        return _over(above, below)
    required = sheet.required(price)
    if required is None:
        return None
    if rule.measure == "required/equity":
        return _over(required, equity)
    return _over(equity * rule.liquidation, required)


def standing(rule: VenueRule, sheet: Sheet, price: Fraction | None = None) -> MarginStanding:
    """Return everything that the rule says of a sheet, at another price of its own instrument where given."""
    ruled = sheet if sheet.rule == rule.rule else replace(sheet, rule=rule.rule)
    equity, required = ruled.equity(price), ruled.required(price)
    return MarginStanding(
        equity=equity,
        required=required,
        initial=ruled.initial(price),
        health=equity / required if required else None,
        ratio=ratio(rule, ruled, price),
        leverage=ruled.effective_leverage(price),
    )


def deducts(venue: str) -> bool:
    """Return whether each tier of a venue deducts an amount that makes its requirement continuous over the floors."""
    return any(line["venue"] == venue and line["deducts"] == "yes" for line in _lines())


@cache
def _lines() -> tuple[Mapping[str, str], ...]:
    text = resources.files("ledger.margining").joinpath("rules.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _rank(line: Mapping[str, str]) -> tuple[bool, ...]:
    """Return how specific a line is: the venue first, then the margin mode, the kind and the wallet."""
    return tuple(line[name] != "*" for name in ("venue", "margin_mode", "kind", "wallet"))


def _holds(line: Mapping[str, str], at: datetime) -> bool:
    since, until = _instant(line["valid_from"]), _instant(line["valid_to"])
    return (since is None or since <= at) and (until is None or at < until)


def _distance(line: Mapping[str, str], at: datetime) -> float:
    ends = [end for end in (_instant(line["valid_from"]), _instant(line["valid_to"])) if end is not None]
    return min((abs((end - at).total_seconds()) for end in ends), default=0.0)


def _rule(line: Mapping[str, str], venue: str) -> VenueRule:
    liquidation = Fraction(line["liquidation"])
    stated = Fraction(line["level"]) if line["level"] else liquidation
    level = ZERO if line["rule"] in ("tiers", "entry") and stated == ONE else stated
    return VenueRule(
        venue=venue,
        name=line["name"],
        formula=line["formula"],
        measure=line["measure"],
        liquidation=liquidation,
        warned_at=Fraction(line["warning"]) if line["warning"] else None,
        rule=Rule(kind=line["rule"], level=level, fee=Fraction(line["fee"] or 0), source=line["source"]),
        source=line["source"],
        is_known=line["venue"] != "*",
    )


def _instant(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _over(above: Fraction, below: Fraction | None) -> Fraction | None:
    return above / below if below is not None and below > 0 else None


def _plain(figure: Fraction) -> str:
    return f"{float(round(figure, 2)):.2f}".rstrip("0").rstrip(".")
