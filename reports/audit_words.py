"""What an audit says, in the words that terminal and page share: figures as read, names of lines, last events."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext

from reports.audit import LABELS, TERMS, Audit, Counterfactual, Held, Moment, Term
from reports.contract import Kind
from reports.reading import UNKNOWN, figure

NAMES = {
    "transfers_in": "moved in",
    "transfers_out": "moved out",
    "drawn": "borrowed",
    "repaid": "repaid",
    "own_price_pnl": "price of the position",
    "other_realized_pnl": "other positions, realized",
    "other_unrealized_pnl": "other positions, unrealized",
    "own_fees": "trading fees",
    "other_fees": "trading fees of others",
    "own_funding": "funding",
    "other_funding": "funding of others",
    "interest": "interest",
    "interest_in_kind": "interest in kind",
    "collateral_price": "price of collateral",
    "slippage": "slippage",
    "liquidation_fee": "liquidation fee",
    "insurance": "insurance fund",
}
MEANINGS = {
    "measured": "rows of the venue state it",
    "supplied": "a file of yours states it",
    "implied": "it follows from other rows",
    "assumed": "it was taken for granted",
}
OUTCOMES = {
    "liquidated": "liquidated all the same",
    "not_then": "not liquidated at that moment",
    "survived": "survived",
    "unknown": "unknown",
}
ANSWERS = {
    "added": "collateral came in",
    "reduced": "the position was made smaller",
    "both": "collateral came in and the position was made smaller",
    "nothing": "nothing",
}
NO_EVENTS = frozenset({"price", "start", "end"})
"""Kinds of moments at which nothing happened to the bucket."""
LONGEST_BESIDE = 90
HIGHEST_HEALTH = Decimal(1000)
"""Beyond it a health is only large: `> 1,000`."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A key figure."""

    name: str
    text: str
    """As it is read."""
    exact: str = ""
    """All its digits, where the text has fewer."""
    about: str = ""
    """How it is known."""


def exact(value: Decimal | None) -> str | None:
    """Return a figure with all its digits, in plain notation without trailing zeros; None stays None."""
    if value is None:
        return None
    with localcontext(Context(prec=80)):
        text = format(value, "f")
    text = text.rstrip("0").removesuffix(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def added(*values: Decimal) -> Decimal:
    """Return the exact sum, however many digits it has."""
    with localcontext(Context(prec=80)):
        return sum(values, Decimal(0))


def read(value: Decimal | None, kind: Kind, asset: str | None = None, *, signed: bool = False) -> str:
    """Return a figure as a person reads it; `?` where it is unknown."""
    if value is None:
        return UNKNOWN
    return ("+" if signed and value > 0 else "") + figure(value, kind, asset)


def health(value: Decimal | None) -> str:
    """Return equity / maintenance margin as it is read."""
    if value is not None and value > HIGHEST_HEALTH:
        return f"> {HIGHEST_HEALTH:,}"
    return UNKNOWN if value is None else f"{figure(value, 'price') if value < 1 else format(value, '.3f')}"


def ratio(audit: Audit, value: Decimal | None) -> str:
    """Return the venue's own measure, in percent where its rule is."""
    return read(value, "ratio") if "%" in audit.ratio_rule else UNKNOWN if value is None else format(value, ".3f")


def instant(at: datetime) -> str:
    """Return an instant in UTC, with its milliseconds where it has some."""
    return f"{at:%Y-%m-%d %H:%M:%S}" + (f".{at.microsecond // 1000:03d}" if at.microsecond else "")


def lasting(time: timedelta | None) -> str:
    """Return a time as its two largest units: `3 h 12 min`."""
    if time is None:
        return ""
    seconds = max(round(time.total_seconds()), 0)
    units = (("d", seconds // 86_400), ("h", seconds // 3600 % 24), ("min", seconds // 60 % 60), ("s", seconds % 60))
    large = next((place for place, (_, count) in enumerate(units) if count), 3)
    return " ".join(f"{count} {unit}" for unit, count in units[large : large + 2] if count) or "0 s"


def named(name: str) -> str:
    """Return a line of the bridge in words."""
    return NAMES.get(name, name.replace("_", " "))


def lines(audit: Audit) -> list[Term]:
    """Return the lines of the bridge in which something happened, and always what is unexplained."""
    order = {name: place for place, name in enumerate(TERMS)}
    happened = sorted((term for term in audit.terms if term.amount), key=lambda term: order.get(term.name, len(order)))
    return [*happened, Term(name="unexplained", amount=audit.unexplained, label="", why=unexplained(audit))]


def nothing_happened(audit: Audit) -> list[str]:
    """Return the lines of the bridge that are zero, in words."""
    return [named(name) for name in TERMS if not audit.term(name)]


def start_name(audit: Audit) -> str:
    """Return what the first line of the bridge is called: an equity, or what rows tell of one that is unknown."""
    return "start equity" if audit.start_equity is not None else "start, without unknown results"


def unexplained(audit: Audit) -> str:
    """Return how large what the rows cannot explain is."""
    if not audit.unexplained:
        return "the rows explain the whole change"
    if not audit.start_equity:
        return "the rows do not explain it"
    with localcontext(Context(prec=80)):
        share = abs(audit.unexplained / audit.start_equity)
    return f"the rows do not explain it: {figure(share, 'ratio')} of the start"


def title(audit: Audit) -> str:
    """Return what the audit is about."""
    asked = "Why was my position closed for another's bankruptcy" if audit.stage == "adl" else "Why was I liquidated"
    more = len(liquidated(audit)) - 1
    what = f"{audit.symbol} +{more}" if more > 0 else audit.symbol
    held = f"loan against {what}" if audit.kind == "loan" else f"{_side(audit)}{what}"
    return f"{asked}: {held}, {instant(audit.triggered_at)} UTC"


def liquidated(audit: Audit) -> list[Held]:
    """Return the positions that were liquidated, those of the symbol that lost most first."""
    own = [held for held in audit.positions if held.is_own]
    return sorted(own, key=lambda held: held.symbol != audit.symbol)


def _side(audit: Audit) -> str:
    """Return `long `; nothing where several positions were not of one side."""
    return "" if len({held.side for held in liquidated(audit)}) > 1 else f"{audit.side} "


def badge(audit: Audit) -> str:
    """Return how much of it rests on what: `medium confidence: 5 lines measured, 1 supplied`."""
    return f"{audit.confidence} confidence"


def known(audit: Audit) -> str:
    """Return how the lines of the bridge are known, counted by label."""
    counts = Counter(term.label for term in audit.terms if term.amount)
    told = [f"{counts[label]} {label}" for label in LABELS if counts[label]]
    return "lines of the bridge: " + (", ".join(told) or "none has an amount")


def shortfall(audit: Audit) -> Decimal | None:
    """Return how much was missing at the trigger: maintenance margin less equity."""
    if audit.maintenance_margin is None or audit.trigger_equity is None:
        return None
    return added(audit.maintenance_margin, audit.trigger_equity.copy_negate())


def at_trigger(audit: Audit) -> Moment | None:
    """Return how the bucket stood just before the position was taken; None where nothing tells."""
    return next((moment for moment in audit.moments if moment.kind == "price" and moment.what == "trigger"), None)


def figures(audit: Audit) -> list[Figure]:
    """Return the key figures, from what was held to what was lost."""
    asset = audit.asset

    def amount(name: str, value: Decimal | None, about: str = "") -> Figure:
        text = UNKNOWN if value is None else f"{read(value, 'money', asset)} {asset}"
        return Figure(name=name, text=text, exact=exact(value) or "", about=about)

    def price(name: str, value: Decimal | None, about: str = "") -> Figure:
        return Figure(name=name, text=read(value, "price"), exact=exact(value) or "", about=about)

    found = at_trigger(audit)
    missing = shortfall(audit)
    lacking = "above the requirement" if missing is not None and missing < 0 else "missing at the trigger"
    size = audit.quantity if audit.quantity is not None or found is None else found.quantity
    held = f"{read(None if size is None else size.copy_abs(), 'quantity')} {audit.symbol}"
    is_loan = audit.kind == "loan"
    several = liquidated(audit) if len(liquidated(audit)) > 1 else []
    of = f" of {audit.symbol}" if several else ""
    figures = [
        Figure(name="positions", text=f"{len(several)} that went together", about=audit.margin_mode + "; " + ", ".join(
            f"{read(one.quantity.copy_abs(), 'quantity')} {one.symbol} {one.side}" for one in several)) if several else
        Figure(name="collateral" if is_loan else "position", text=held if is_loan else f"{held} {audit.side}",
               exact=exact(size) or "", about=audit.margin_mode),
        amount("lost in all", audit.loss, f"from {instant(audit.started_at)} to {instant(audit.ended_at)}"),
        amount("equity at the trigger", audit.trigger_equity),
        amount("maintenance margin", audit.maintenance_margin,
               sourced(audit.maintenance_label, audit.maintenance_source)),
        amount(lacking, None if missing is None else missing.copy_abs()),
        Figure(name=f"{audit.ratio_name or 'health'} before it",
               text=(ratio(audit, found.ratio) if audit.ratio_name else health(found.health)) if found else UNKNOWN,
               about=f"liquidates at {audit.ratio_rule}" if audit.ratio_rule else ""),
        Figure(name="leverage at open",
               text=UNKNOWN if not audit.opening_leverage else f"{audit.opening_leverage:,.2f} times the equity",
               exact=exact(audit.opening_leverage) or "", about=AT_OPEN),
        price(f"entry price{of}", audit.entry_price),
        price(f"trigger price{of}", audit.trigger_price, sourced(audit.trigger_label, audit.trigger_source)),
        price(f"average price it was closed at{of}", audit.average_price),
        price(f"liquidation price by the rows{of}", audit.liquidation_price),
        price(f"bankruptcy price{of}", audit.bankruptcy_price),
    ]  # fmt: skip
    left_out = _OPTIONAL | ({"entry price"} if is_loan else set())
    return [figure for figure in figures if not (figure.text == UNKNOWN and figure.name.removesuffix(of) in left_out)]


AT_OPEN = "sum of notionals / equity, just after it was last made larger"
_OPTIONAL = frozenset({"bankruptcy price", "average price it was closed at", "leverage at open"})


def brief(text: str) -> str:
    """Return a text that may stand beside a figure: cut at a blank where it is long."""
    return textwrap.shorten(text, LONGEST_BESIDE, placeholder=" ...") if len(text) > LONGEST_BESIDE else text


def meant(one: Counterfactual) -> str:
    """Return what a change would have meant, without its title again."""
    told = one.sentence.removeprefix(one.title).lstrip(",: ") if one.sentence else ""
    return told[:1].upper() + told[1:]


def sourced(label: str, source: str) -> str:
    """Return how a figure is known: `measured: mark price of the liquidation row`."""
    return ": ".join(part for part in (label, source) if part)


def events(moments: Sequence[Moment]) -> int:
    """Count the moments at which something happened."""
    return sum(moment.kind not in NO_EVENTS for moment in moments)


def buffer(moment: Moment) -> Decimal | None:
    """Return what was left above the maintenance margin."""
    if moment.equity is None or moment.maintenance_margin is None:
        return None
    return added(moment.equity, moment.maintenance_margin.copy_negate())
