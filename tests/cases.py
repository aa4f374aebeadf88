"""Invented liquidations as cases: one position of a cross wallet, the worked example of the equity bridge, and changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from ledger.judging.case import Case, Leg, Posting, Quote, Stake
from ledger.liquidating.event import Event
from ledger.margining.requirement import Tier
from ledger.margining.sheet import Exposure, Rule, Sheet
from reports.audit import Moment, Term

START = datetime(2024, 3, 1, 10, 0, tzinfo=UTC)
"""The position opens."""
TRIGGER = START + timedelta(days=2)
RATE = Fraction("0.004")
TIERS = (Tier(floor=Fraction(0), rate=RATE, initial_rate=Fraction("0.05")),)
OWN = "pos:main:BTCUSDT:long"


def event(**changes: object) -> Event:
    """Return the liquidation of a long of BTCUSDT in a cross wallet."""
    made = Event(
        liquidation_id="liq:main:BTCUSDT:long:202403031000:1", account="main", venue="binance", wallet="usdm", pair=None,
        kind="contract", margin_mode="cross", is_adl=False, symbol="BTCUSDT", side="long", stage="full",
        settle_asset="USDT", position_ids=(OWN,), loan_id=None, started_at=TRIGGER,
        ended_at=TRIGGER + timedelta(seconds=2), leg_keys=((OWN, 2),), rows=("exit", "clearance"), mark_price=None,
        bankruptcy_price=None, found_by=("liquidation row",),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def posting(line: str, value: str | Fraction, at: datetime, key: str, **changes: object) -> Posting:
    """Return a row that changes the wallet by a value."""
    made = Posting(at=at, row_key=key, asset="USDT", amount=Fraction(value), value=Fraction(value), cause="transfer", line=line,
                   symbol=None, position_id=None, is_own=line.startswith("own_"))  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def leg(number: int, at: datetime, delta: str, price: str, after: str, entry: str | None, **changes: object) -> Leg:
    """Return a leg of a position."""
    made = Leg(at=at, leg_no=number, row_key=f"fill{number}", delta=Fraction(delta), price=Fraction(price), execution="trade",
               is_forced=False, quantity=Fraction(after), entry=None if entry is None else Fraction(entry), realized=Fraction(0),
               fee=Fraction(0))  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def stake(legs: Sequence[Leg], **changes: object) -> Stake:
    """Return the long that was liquidated."""
    made = Stake(position_id=OWN, symbol="BTCUSDT", side=1, style="linear", multiplier=Fraction(1), product="perpetual",
                 opened_at=legs[0].at, closed_at=None, is_own=True, is_asset=False, legs=tuple(legs))  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def exposure(quantity: str = "0.5", entry: str = "40000", mark: str | None = "36779.10", **changes: object) -> Exposure:
    """Return the long as it stands at an instant; its leverage is set to 20."""
    made = Exposure(position_id=OWN, symbol="BTCUSDT", side=1, quantity=Fraction(quantity), entry=Fraction(entry),
                    mark=None if mark is None else Fraction(mark), is_own=True, tiers=TIERS, leverage=Fraction(20))  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def sheet(cash: str | Fraction, *exposures: Exposure, price: str | None = "36779.10", rule: str = "tiers") -> Sheet:
    """Return a wallet at an instant."""
    return Sheet(
        cash=Fraction(cash), price=None if price is None else Fraction(price), exposures=exposures, rule=Rule(kind=rule)
    )


def moment(hours: float, equity: str, required: str, mark: str = "40000", **changes: object) -> Moment:
    """Return what was known some hours after the opening."""
    made = Moment(
        at=START + timedelta(hours=hours), kind="price", what="price", equity=Decimal(equity), mark=Decimal(mark),
        maintenance_margin=Decimal(required), health=Decimal(equity) / Decimal(required), rows=(f"moment{hours:g}",),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def path(*prices: tuple[float, str]) -> list[tuple[datetime, Fraction]]:
    """Return prices by hours after the opening."""
    return [(START + timedelta(hours=hours), Fraction(price)) for hours, price in prices]


def worked(**changes: object) -> Case:
    """Return the worked example of the bridge: 2,000 USDT, long 0.5 BTC from 40,000, 300 withdrawn, liquidated at 36,750.

    Opening fee 10, funding -6, trigger mark 36,779.10, slippage -14.55, fee 9.1875, liquidation fee capped at 49.8125.
    """
    legs = (leg(1, START, "0.5", "40000", "0.5", "40000", fee=Fraction(10)),
            leg(2, TRIGGER, "-0.5", "36750", "0", None, is_forced=True, execution="liquidation",
                realized=Fraction("-1625"), fee=Fraction("9.1875")))  # fmt: skip
    lines = {"transfers_out": "-300", "own_price_pnl": "-1610.45", "own_fees": "-19.1875", "own_funding": "-6",
             "slippage": "-14.55", "liquidation_fee": "-49.8125"}  # fmt: skip
    held = sheet("1684", exposure())
    made = Case(
        event=event(), margin_mode="cross", started_at=START, started_by="position", triggered_at=TRIGGER,
        ended_at=TRIGGER + timedelta(seconds=2), start=sheet("2000", price="40000"),
        opened=sheet("1990", exposure(mark="40000"), price="40000"), trigger=held, end=sheet("0"),
        trigger_quote=Quote(price=Fraction("36779.10"), at=TRIGGER, label="measured", source="liquidation row"),
        terms=[Term(name=name, amount=Decimal(amount)) for name, amount in lines.items()],
        until_trigger=fractions({**lines, "own_fees": "-10", "slippage": "0", "liquidation_fee": "0"}),
        start_equity=Fraction(2000), end_equity=Fraction(0), unexplained=Fraction(0),
        postings=[posting("own_fees", "-10", START, "fee"),
                  posting("own_funding", "-6", START + timedelta(hours=6), "funding"),
                  posting("transfers_out", "-300", START + timedelta(hours=30), "withdrawal"),
                  posting("own_price_pnl", "-1625", TRIGGER, "exit", is_own=True),
                  posting("liquidation_fee", "-49.8125", TRIGGER, "clearance")],
        stakes=[stake(legs)], path=path((0, "40000"), (48, "36779.10")), has_path=False, moments=[], warning=None,
        warning_name="", missing=(),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def fractions(amounts: Mapping[str, str]) -> dict[str, Fraction]:
    """Return amounts as fractions."""
    return {name: Fraction(value) for name, value in amounts.items()}


def with_line(case: Case, line: str, value: str, at: datetime | None = None, **changes: object) -> Case:
    """Return a case in which a line was so much more until the trigger, as a row of its own made it.

    All else at the trigger is as much less: equity at the trigger stays what it is.
    """
    row = posting(line, value, at or START + timedelta(hours=12), f"{line}:{value}", **changes)
    before = dict(case.until_trigger)
    before[line] = before.get(line, Fraction(0)) + Fraction(value)
    rows = sorted([*case.postings, row], key=lambda one: one.at)
    terms = [term for term in case.terms if term.name != line]
    old = next((term.amount for term in case.terms if term.name == line), Decimal(0))
    terms.append(Term(name=line, amount=old + Decimal(value)))
    return replace(case, until_trigger=before, postings=rows, terms=terms)
