"""A liquidation loaded from the book: bucket, prices, terms, bridge and moments, as the `Case` that is judged."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from ledger.auditing.borrowed import load_loan
from ledger.auditing.bridge import Lines, bridge, known_levels, postings_of, unexplained_of
from ledger.auditing.bucket import ZERO, Bucket, Change, Deviation
from ledger.auditing.holes import Holes
from ledger.auditing.loading import load
from ledger.auditing.marks import Marks
from ledger.auditing.moments import moments_of
from ledger.auditing.sheets import Point, Sheets
from ledger.auditing.worth import Worth
from ledger.judging.case import Case, Posting, Quote, last_increase
from ledger.judging.wording import exact
from ledger.liquidating.event import Event
from ledger.margining.requirement import Tier
from ledger.margining.rules import VenueRule, rule_of
from ledger.margining.sheet import Sheet
from ledger.margining.tiers import Tiers, implied_rate
from ledger.storage.store import Store
from reports.audit import TERMS, Term

CURRENCIES = ("USDT", "USDC", "USD", "EUR")
"""Of an account of all assets; of what settles in a coin it is USDT."""
MOST_RATE = Fraction(1, 8)
"""A maintenance rate that a liquidation implies beyond it shows that something else is missing."""
DUST = Fraction(1, 10**12)
"""Rounding of a bridge beyond which something is wrong with it."""


@dataclass(kw_only=True)
class Cased:
    """A case with what only the audit needs beside it."""

    case: Case
    bucket: Bucket
    sheets: Sheets
    lines: Lines
    start: Point
    trigger: Point
    end: Point
    requirement: tuple[str, str]
    """Label and source of the maintenance margin."""
    stated_gap: Fraction
    """By how much the venue's balances left the rows between the ends: what `unexplained` has to be."""


def case_of(
    store: Store, event: Event, tiers: Tiers, since: datetime | None = None, started_by: str = "since", *,
    with_moments: bool = True, instants: Iterable[datetime] = (),
) -> Cased:  # fmt: skip
    """Return everything known of a liquidation, from its position's first row, or from `since`, to its end.

    `instants` are those at which sheets will be asked for, beside those of rows.
    """
    loader = load_loan if event.kind == "loan" else load
    bucket = loader(store, in_currency(event), since, started_by)
    rule = rule_of_bucket(bucket, tiers)
    path, has_path = _path(bucket)
    worth = _worth(store, bucket, tiers, [*instants, *(at for at, _ in path if with_moments)])
    bucket.deviations = {asset: _judged(bucket, asset, deviation) for asset, deviation in bucket.deviations.items()}
    bucket.levels = known_levels(bucket.levels, bucket.deviations)
    sheets = Sheets(bucket, worth, tiers, rule)
    requirement = requirement_of(sheets, sheets.sheet(sheets.trigger()), lambda: _told_of_tiers(sheets))
    start, trigger, end = sheets.start(), sheets.trigger(), sheets.end()
    postings = postings_of(bucket, sheets)
    lines = bridge(sheets, start, end, bucket.changes, postings)
    unexplained, added = unexplained_of(bucket, sheets, end)
    if added:
        lines.add("insurance", added)
        lines.label("insurance", "implied", "the venue set the balance to zero without a row of its own")
    case = _case(sheets, lines, start, trigger, end, postings, unexplained, path, has_path)
    if with_moments:
        case.moments = moments_of(sheets, postings, path, Holes.of([at for at, _ in path] if has_path else ()))
    return Cased(
        case=case, bucket=bucket, sheets=sheets, lines=lines, start=start, trigger=trigger, end=end,
        requirement=requirement, stated_gap=unexplained,
    )  # fmt: skip


def in_currency(event: Event) -> Event:
    """Return the event with its bucket's currency: of an account of all assets dollars, not the coin it settles in."""
    if event.kind != "unified" or event.settle_asset in CURRENCIES:
        return event
    return replace(event, settle_asset="USDT")


def rule_of_bucket(bucket: Bucket, tiers: Tiers) -> VenueRule:
    """Return the rule of the bucket's venue; of a loan with its own thresholds."""
    event = bucket.event
    mode = bucket.margin_mode if bucket.margin_mode in ("isolated", "cross", "portfolio") else None
    rule = rule_of(event.kind, event.venue, event.wallet, mode, bucket.triggered_at)
    if event.kind != "loan":
        return rule
    terms = tiers.loan_terms(event.venue, event.account, bucket.currency, bucket.base, bucket.triggered_at)
    return rule if terms is None else terms.applied(rule)


def _path(bucket: Bucket) -> tuple[list[tuple[datetime, Fraction]], bool]:
    marks = bucket.own_marks()
    path, has_path = ([], False) if marks is None else marks.path()
    return [point for point in path if point[0] >= bucket.started_at], has_path


def _worth(store: Store, bucket: Bucket, tiers: Tiers, moments: Sequence[datetime]) -> Worth:
    """Return the prices of the bucket's assets at every instant that counts."""
    assets = sorted({*bucket.levels, *(change.asset for change in bucket.changes)} - {bucket.currency})
    ends = {bucket.started_at, bucket.triggered_at, bucket.ended_at}
    inside = {at for at in moments if bucket.started_at <= at <= bucket.ended_at}
    legs = {leg.at for found in bucket.found for leg in found.stake.legs}
    every = {change.at for change in bucket.changes} | ends | inside | legs
    asked = [(asset, at) for asset in assets for at in every] if assets else []

    worth = priced_worth(store, bucket, tiers, assets, asked)
    bucket.is_known = bucket.is_known and not worth.unknown
    for asset in sorted(worth.unknown):
        bucket.missing.append(
            f"no price of {asset} in {bucket.currency} is known: its balance is not in the equity; import a price "
            "file: time,symbol,quote,mark and under it "
            f"{bucket.started_at:%Y-%m-%dT%H:%M:%SZ},{asset},{bucket.currency},PRICE"
        )
    return worth


def priced_worth(
    store: Store, bucket: Bucket, tiers: Tiers, assets: Sequence[str], asked: Sequence[tuple[str, datetime]]
) -> Worth:
    """Return the prices of assets of a bucket where they are asked for, and what counts of them as collateral."""
    event = bucket.event
    named = {asset: f"{asset}{bucket.currency}" for asset in assets if asset != bucket.base}
    pairs = {name: f"{asset}/{bucket.currency}" for asset, name in named.items()}
    supplied = Marks.load_all(store, event.venue, pairs, bucket.started_at, bucket.ended_at)

    def mark(asset: str, at: datetime) -> Quote | None:
        return bucket.mark(event.symbol, at) if asset == bucket.base else supplied[named[asset]].stated(at)

    worth = Worth.load(store, bucket.currency, asked, mark)
    if event.kind in ("unified", "loan") or bucket.margin_mode == "portfolio":

        def ratio(asset: str, at: datetime, value: Fraction) -> Fraction:
            return tiers.collateral_ratio(event.venue, event.account, asset, at, value, kind=event.kind)[0]

        worth.ratio = ratio
    return worth


def _judged(bucket: Bucket, asset: str, deviation: Deviation) -> Deviation:
    """Tell a balance below zero that the venue set to zero from one that rows are missing of."""
    if deviation.start is None or deviation.end is None or deviation.end <= deviation.start:
        return deviation
    level = bucket.levels.get(asset)
    moved = sum((change.amount for change in bucket.changes if change.asset == asset and change.pool == "asset"), ZERO)
    at_end = (level.owned if level else ZERO) + moved + deviation.start
    is_reset = at_end < 0 and at_end + deviation.end - deviation.start == 0
    return replace(deviation, reset=is_reset)


def requirement_of(sheets: Sheets, sheet: Sheet, told: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """See to it that something is required at the trigger; return its label and its source.

    Where no tier is known it is what the liquidation itself implies; `told` says what the tiers are known by.
    """
    bucket, rule = sheets.bucket, sheets.rule
    if rule.rule.kind not in ("tiers", "entry", "used"):
        return ("assumed" if not rule.is_known else rule.rule.label, rule.source)
    without = [one for one in sheet.exposures if not one.tiers and (rule.rule.kind != "used" or one.leverage is None)]
    if rule.rule.kind == "used" and not without:
        return "measured", f"margin that the venue states; {rule.source}"
    if not without:
        label, source = told()
        return (label, source) if label else ("assumed", rule.source)
    own = [one for one in sheet.exposures if one.is_own]
    value = sum((one.value() or ZERO for one in sheet.exposures), ZERO)
    rate = implied_rate(sheet.equity(), value) if own and len(without) == len(sheet.exposures) else None
    if rate is None or rate > MOST_RATE:
        bucket.missing.append(
            f"no margin tiers of {', '.join(sorted({one.symbol for one in without}))} are known: import a tier table "
            "(templates: margin_tiers) to see the maintenance margin"
        )
        return "assumed", "unknown"
    tier = Tier(floor=ZERO, rate=rate)
    sheets.implied = (tier,)
    return "implied", "the rate that was left at the trigger: an upper bound"


def _told_of_tiers(sheets: Sheets) -> tuple[str, str]:
    """Return label and source of the tiers of the first position that has some; empty: none has."""
    event = sheets.bucket.event
    told = (
        sheets.tiers.of(event.venue, event.account, found.stake.symbol, found.instrument, sheets.bucket.triggered_at)
        for found in sheets.bucket.found
    )
    return next(((label, source) for _, label, source in told if label), ("", ""))


def _case(
    sheets: Sheets, lines: Lines, start: Point, trigger: Point, end: Point, postings: Sequence[Posting],
    unexplained: Fraction, path: Sequence[tuple[datetime, Fraction]], has_path: bool,
) -> Case:  # fmt: skip
    bucket = sheets.bucket
    sheet, last = sheets.sheet(start), sheets.sheet(end)
    early, early_postings = _before_trigger(bucket.changes, postings, bucket)
    until = bridge(sheets, start, trigger, early, early_postings)
    terms, unexplained = _terms(lines, sheet.equity(), last.equity(), unexplained)
    return Case(
        event=bucket.event,
        margin_mode=bucket.margin_mode,
        started_at=bucket.started_at,
        started_by=bucket.started_by,
        triggered_at=bucket.triggered_at,
        ended_at=bucket.ended_at,
        start=sheet,
        opened=sheets.sheet(_opened(sheets)),
        sized=sheets.sheet(_sized(sheets)),
        trigger=sheets.sheet(trigger),
        end=last,
        trigger_quote=bucket.trigger,
        terms=terms,
        until_trigger=until.amounts,
        start_equity=sheet.equity(),
        end_equity=last.equity(),
        unexplained=unexplained,
        postings=postings,
        stakes=[replace(found.stake, settled=sheets.settled(found, bucket.triggered_at)) for found in bucket.found],
        path=path,
        has_path=has_path,
        moments=(),
        warning=sheets.rule.warning,
        warning_name=sheets.rule.warning_name,
        missing=bucket.missing,
        base=bucket.base or bucket.beside,
        is_known=bucket.is_known,
        last_quote=_last_quote(bucket),
    )


def _last_quote(bucket: Bucket) -> Quote | None:
    marks = bucket.own_marks()
    return None if marks is None else marks.last(bucket.triggered_at)


def _before_trigger(
    changes: Sequence[Change], postings: Sequence[Posting], bucket: Bucket
) -> tuple[list[Change], list[Posting]]:  # fmt: skip
    pairs = [
        (change, posting)
        for change, posting in zip(changes, postings, strict=True)
        if change.at <= bucket.triggered_at and not change.is_forced
    ]
    return [change for change, _ in pairs], [posting for _, posting in pairs]


def _opened(sheets: Sheets) -> Point:
    """Return the state just after the first fill of the position that was liquidated, or the start."""
    instants = sorted(leg.at for found in sheets.bucket.found if found.stake.is_own for leg in found.stake.legs)
    if sheets.bucket.event.kind == "loan":
        instants = sorted(change.at for change in sheets.bucket.changes if change.cause == "borrow")
    index = bisect_left(instants, sheets.bucket.started_at)
    if index == len(instants) or instants[index] >= sheets.bucket.triggered_at:
        return sheets.start()
    return sheets.after(instants[index])


def _sized(sheets: Sheets) -> Point:
    """Return the state just after the last fill that made the position larger by its owner's hand."""
    bucket = sheets.bucket
    last = last_increase((found.stake for found in bucket.found if found.stake.is_own), bucket.triggered_at)
    return _opened(sheets) if last is None or last < bucket.started_at else sheets.after(last)


def _terms(lines: Lines, start: Fraction, end: Fraction, unexplained: Fraction) -> tuple[list[Term], Fraction]:
    """Return the lines rounded to 18 places, and what they and the rows leave unexplained, so that all sums exactly.

    What rounding leaves goes to the result of the price; more than that is unexplained, never spread.
    """
    amounts = {name: exact(lines.amounts.get(name, ZERO)) for name in TERMS}
    amounts |= {name: exact(amount) for name, amount in sorted(lines.amounts.items()) if name not in TERMS}
    left = exact(end) - exact(start) - exact(unexplained) - sum(amounts.values())
    if abs(Fraction(left)) <= DUST:
        amounts["own_price_pnl"] += left
    else:
        unexplained += Fraction(left)
    terms = [
        Term(
            name=name, amount=amount, label=lines.labels.get(name, ("measured", ""))[0],
            why=lines.labels.get(name, ("measured", ""))[1], rows=list(dict.fromkeys(lines.rows.get(name, ()))),
            prices=list(lines.prices.get(name, ())),
        )
        for name, amount in amounts.items()
    ]  # fmt: skip
    return terms, unexplained
