"""Where a position stands before anything happens to it: equity, requirements, health, the prices that end it.

The position is looked at as if it were about to be liquidated: the same bucket, the same sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from ledger.auditing.casing import Cased, case_of
from ledger.auditing.stood import Stood
from ledger.auditing.together import Seen, Wish, together
from ledger.judging.case import Case, Quote
from ledger.judging.worlds import is_known
from ledger.liquidating.event import Event
from ledger.liquidating.portfolios import MODE, Portfolios, wallets_of
from ledger.liquidating.pots import margin_mode_of, pot_of
from ledger.margining.rules import MarginStanding, VenueRule, rule_of, standing
from ledger.margining.sheet import Exposure, Sheet
from ledger.margining.tiers import Tiers
from ledger.storage.store import Store, statement
from reports.contract import Params
from schemas.errors import UnknownThing

STEP = timedelta(microseconds=1)
MODES = ("isolated", "cross", "portfolio")
NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,18})?")


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A position at an instant."""

    position_id: str
    account: str
    symbol: str
    asset: str
    at: datetime
    sheet: Sheet
    standing: MarginStanding
    ratio_name: str
    ratio_rule: str
    liquidation_price: Fraction | None
    bankruptcy_price: Fraction | None
    price_label: str
    price_source: str
    requirement: tuple[str, str]
    """Label and source of the maintenance margin."""
    margin_mode: str
    missing: Sequence[str]
    is_known: bool
    """Whether everything that the equity is made of is."""

    @property
    def own(self) -> Exposure | None:
        """The position itself; None where it is flat."""
        return next((one for one in self.sheet.exposures if one.position_id == self.position_id), None)

    @property
    def distance(self) -> Fraction | None:
        """How far the liquidation price is from the mark, as a share of the mark; negative where it is beyond it."""
        if self.liquidation_price is None or not self.sheet.price:
            return None
        share = abs(self.liquidation_price - self.sheet.price) / self.sheet.price
        return -share if self.outcome == "liquidated" else share

    @property
    def outcome(self) -> str:
        """What the venue does: holds, liquidated, or unknown."""
        if not self.is_known or self.standing.required is None:
            return "unknown"
        return "liquidated" if self.standing.equity <= self.standing.required else "holds"


def event_of(store: Store, position_id: str, at: datetime) -> Event:
    """Return a position as if it were liquidated at an instant.  Raises UnknownThing."""
    rows = store.query(statement("auditing", "position"), {"position_id": position_id}).to_dicts()
    if not rows:
        raise UnknownThing(f"no position called {position_id!r}", "`marginbook report positions` lists them")
    row = rows[0]
    if at < row["opened_at"]:
        raise UnknownThing(f"{position_id} was not open yet at {at:%Y-%m-%d %H:%M:%S}Z",
                           f"it was opened at {row['opened_at']:%Y-%m-%d %H:%M:%S}Z")  # fmt: skip
    words = {"position_id": position_id, "to": _end(row, at)}
    forced = [leg for (leg,) in store.rows(statement("auditing", "forced_legs"), words)]
    return _event(row, at, Portfolios.load(store), forced)


def _end(row: Mapping[str, Any], at: datetime) -> datetime:
    """Return the end of what is looked at: that a position was liquidated as a whole tells its isolated margin."""
    closed = row["closed_at"]
    return max(at, closed) if row["ended"] == "liquidated" and closed is not None else at


def _event(row: Mapping[str, Any], at: datetime, portfolios: Portfolios, forced: Sequence[int]) -> Event:
    mode, end, position_id = margin_mode_of(row["wallet"], row["margin_mode"]), _end(row, at), row["position_id"]
    pot = pot_of(
        (row["account"], row["venue"], row["wallet"]), product=row["product"], margin_mode=mode, pair=row["pair"],
        symbol=row["symbol"], position=position_id, settle_asset=row["settle_asset"],
    )  # fmt: skip
    pot = portfolios.joined(pot, end)
    mode = MODE if len(wallets_of(pot.wallet)) > 1 else mode
    is_whole = row["ended"] == "liquidated" and row["closed_at"] is not None
    return Event(
        liquidation_id=position_id, account=row["account"], venue=row["venue"], wallet=pot.wallet, pair=pot.pair,
        kind=pot.kind, margin_mode=mode, is_adl=False, symbol=row["symbol"], side=row["side"],
        stage="full" if is_whole else "",
        settle_asset=row["settle_asset"] or "USDT", position_ids=[position_id], loan_id=None, started_at=end,
        ended_at=end, leg_keys=[(position_id, leg) for leg in forced], rows=[],
        mark_price=None, bankruptcy_price=None, found_by=[],
    )  # fmt: skip


def watch(store: Store, position_id: str, at: datetime | None, changes: Mapping[str, str]) -> list[Watched]:
    """Return where a position stood after the rows of an instant, and with changes where it would have stood.

    Without an instant the last at which it was open.  Raises UnknownThing, also where it was flat; ValueError for a
    change that cannot be read.
    """
    moment = at or _last_open(store, position_id)
    event = event_of(store, position_id, moment)
    cased = case_of(store, event, Tiers.load(store), with_moments=False, instants=[moment])
    found = watched_at(cased, position_id, moment)
    if found.own is None:
        raise UnknownThing(
            f"{position_id} was flat at {moment:%Y-%m-%d %H:%M:%S}Z", "name an instant at which it was open"
        )
    return [found, supposed(found, cased.sheets.rule, changes)] if changes else [found]


def _last_open(store: Store, position_id: str) -> datetime:
    rows = store.query(statement("auditing", "position"), {"position_id": position_id}).to_dicts()
    if not rows:
        raise UnknownThing(f"no position called {position_id!r}", "`marginbook report positions` lists them")
    opened, closed = rows[0]["opened_at"], rows[0]["closed_at"]
    assert isinstance(opened, datetime)
    if isinstance(closed, datetime):
        return max(closed - STEP, opened)
    scope = {name: rows[0][name] for name in ("account", "venue", "wallet")}
    last = store.scalar(statement("auditing", "bucket_moved_last"), scope)
    return max(last, opened) if isinstance(last, datetime) else opened


def watched_at(cased: Cased, position_id: str, at: datetime) -> Watched:
    """Return where the bucket of a position stands at an instant of it."""
    event, sheets = cased.case.event, cased.sheets
    forced = [leg.at for stake in cased.bucket.stakes if stake.is_own for leg in stake.legs if leg.is_forced]
    is_over = bool(forced) and cased.bucket.triggered_at <= at < min(forced)  # the ledger's clock is a bit behind
    sheet = sheets.sheet(sheets.trigger() if is_over else sheets.after(at))
    stood = Stood(bucket=cased.bucket, rule=sheets.rule, implied=sheets.implied, requirement=cased.requirement)
    return _watched(event, position_id, Seen(at=at, sheet=sheet, stood=stood), sheets.quote(at), _missing(cased, at))


def _watched(event: Event, position_id: str, seen: Seen, quote: Quote | None, missing: Sequence[str]) -> Watched:
    sheet, stood = seen.sheet, seen.stood
    return Watched(
        position_id=position_id, account=event.account, symbol=event.symbol, asset=stood.bucket.currency, at=seen.at,
        sheet=sheet, standing=standing(stood.rule, sheet), ratio_name=stood.rule.name, ratio_rule=stood.rule.level,
        liquidation_price=sheet.liquidation_price(), bankruptcy_price=sheet.bankruptcy_price(),
        price_label=quote.label if quote else "assumed", price_source=quote.source if quote else "no price is known",
        requirement=stood.requirement, margin_mode=stood.bucket.margin_mode, missing=missing,
        is_known=stood.bucket.is_known and is_known(sheet),
    )  # fmt: skip


def _missing(cased: Cased, at: datetime) -> list[str]:
    told = list(cased.bucket.missing)
    for symbol, moment in cased.sheets.unmarked.items():
        told.append(f"no mark price of {symbol} is known at {moment:%Y-%m-%d %H:%M}Z: import a price file "
                    f"(time,symbol,mark) of {symbol}")  # fmt: skip
    return told


# ---------------------------------------------------------------------------------------------- what if


def supposed(found: Watched, rule: VenueRule, changes: Mapping[str, str]) -> Watched:
    """Return where a position would stand with changes: price (36000, -10%), deposit, withdraw (the bucket's currency),
    size (50%, of the position).  Raises ValueError with what was seen.
    """
    sheet = found.sheet
    for name, text in changes.items():
        sheet = _changed(sheet, found, name, text)
    return replace(
        found, sheet=sheet, standing=standing(rule, sheet), liquidation_price=sheet.liquidation_price(),
        bankruptcy_price=sheet.bankruptcy_price(), price_label="assumed",
    )  # fmt: skip


def _changed(sheet: Sheet, found: Watched, name: str, text: str) -> Sheet:
    value = text.strip()
    if name == "price":
        price = _moved(value, sheet.price)
        own = [replace(one, mark=price) if one.is_own else one for one in sheet.exposures]
        return replace(sheet, price=price, exposures=own)
    if name in ("deposit", "withdraw"):
        return sheet.with_cash(_number(value) * (1 if name == "deposit" else -1))
    if name == "size":
        if value.startswith("+"):
            raise ValueError("a size is a share of the position: size=50% halves it")
        return _sized(sheet, _number(value.removesuffix("%")) / (100 if value.endswith("%") else 1))
    raise ValueError(f"{name!r} is none of price, deposit, withdraw, size")


def _moved(value: str, price: Fraction | None) -> Fraction:
    if value.endswith("%"):
        if price is None:
            raise ValueError("a change in percent needs a price, and none is known; give the price itself")
        moved = price * (1 + _number(value[:-1]) / 100)
    else:
        moved = _number(value)
    if moved <= 0:
        raise ValueError(f"a price of {value} is not above zero")
    return moved


def _sized(sheet: Sheet, share: Fraction) -> Sheet:
    """Return the sheet with part of the own position closed at its mark, without fees."""
    if share < 0:
        raise ValueError("a size is a share of the position, from 0 % on")
    exposures, realized = [], Fraction(0)
    for one in sheet.exposures:
        if one.is_own and not one.is_asset:
            realized += one.unrealized() * (1 - share)
            exposures.append(replace(one, quantity=one.quantity * share))
        else:
            exposures.append(one)
    base = sheet.base - sheet.base_owed
    sold = Fraction(0)
    if any(one.is_own and one.is_asset for one in sheet.exposures) and sheet.price:
        held = sum((one.side * one.quantity for one in sheet.exposures if one.is_own and one.is_asset), Fraction(0))
        sold = held * (1 - share)
        exposures = [
            replace(one, quantity=one.quantity * share) if one.is_own and one.is_asset else one for one in exposures
        ]
    rest = base - sold
    return replace(
        sheet, exposures=exposures, cash=sheet.cash + realized + sold * (sheet.price or 0), base=max(rest, Fraction(0)),
        base_owed=max(-rest, Fraction(0)),
    )  # fmt: skip


def _number(text: str) -> Fraction:
    digits = text.strip()
    if NUMBER.fullmatch(digits) is None:
        raise ValueError(f"{text[:40]!r} is no number; write 500, 0.25 or -10%")
    return Fraction(digits)


# ------------------------------------------------------------------------------------------------ reports


def daily(store: Store, params: Params) -> Iterator[tuple[Watched, str]]:
    """Yield every position at the end of every day of a report, or just before it was flat, with the day's name."""
    tiers, portfolios = Tiers.load(store), Portfolios.load(store)
    asked = [(row, until, _named_days(row, until, params)) for row, until in _asked(store, params)]
    wishes = (
        Wish(event=_event(row, until, portfolios, ()), opened_at=row["opened_at"], instants=list(days))
        for row, until, days in asked if days and not row["is_forced"] and not row["is_stated"]
    )  # fmt: skip
    seen = together(store, tiers, (wish for wish in wishes if _is_of_wallet(wish.event)))
    for row, until, days in asked:
        name = row["position_id"]
        if name in seen:
            for one in seen[name]:
                event = one.stood.bucket.event
                yield _watched(event, name, one, one.stood.bucket.mark(event.symbol, one.at), ()), days[one.at]
            continue
        if not days:
            continue
        cased = case_of(store, event_of(store, name, until), tiers, with_moments=False, instants=days)
        for moment, day in days.items():
            yield watched_at(cased, name, moment), day


def _named_days(row: Mapping[str, Any], until: datetime, params: Params) -> dict[datetime, str]:
    """Return the instants at which a position is looked at, with the names of their days."""
    days = _days(max(row["opened_at"], params.start or row["opened_at"]), until, ZoneInfo(params.zone))
    return {moment: day for moment, day in days if moment >= row["opened_at"]}


def _is_of_wallet(event: Event) -> bool:
    """Return whether the venue could take a whole wallet with a position, and that one alone."""
    is_cross = event.margin_mode in (None, "cross") and event.kind in ("contract", "unified")
    return is_cross and event.pair is None and len(wallets_of(event.wallet)) == 1


def called(store: Store, params: Params) -> Iterator[Case]:
    """Yield the case of every position of a report that may have been warned, for its margin calls."""
    tiers, portfolios = Tiers.load(store), Portfolios.load(store)
    for row, until in _asked(store, params):
        if _may_warn(_event(row, until, portfolios, ())):
            yield case_of(store, event_of(store, row["position_id"], until), tiers).case


def _may_warn(event: Event) -> bool:
    """Return whether the venue warns of a liquidation, however the position was margined."""
    rules = (rule_of(event.kind, event.venue, event.wallet, mode, event.started_at) for mode in (None, *MODES))
    return any(rule.warning is not None for rule in rules)


def _asked(store: Store, params: Params) -> Iterator[tuple[Mapping[str, Any], datetime]]:
    """Yield the positions of a report with the last instant of each that it is about."""
    words = {
        "from": params.start,
        "to": params.to,
        "account": params.account,
        "venue": params.venue,
        "symbol": params.symbol,
    }
    for row in store.query(statement("auditing", "positions_asked"), words).to_dicts():
        last = params.as_of or row["opened_at"]
        if params.to is not None:
            last = min(last, params.to - STEP)
        yield row, max(min(last, (row["closed_at"] or last + STEP) - STEP), row["opened_at"])


def _days(first: datetime, until: datetime, zone: ZoneInfo) -> list[tuple[datetime, str]]:
    """Return the last instant of each day from the first to the last, which ends at `until`."""
    days = []
    day = first.astimezone(zone).date()
    while day <= until.astimezone(zone).date():
        following = day + timedelta(days=1)
        end = datetime(following.year, following.month, following.day, tzinfo=zone).astimezone(UTC) - STEP
        days.append((min(end, until), day.isoformat()))
        day = following
    return days
