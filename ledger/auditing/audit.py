"""Why one liquidation happened: the case of it, judged, as the value that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from importlib import metadata

from ledger.auditing.casing import Cased, case_of
from ledger.auditing.isolating import ENDED
from ledger.auditing.moments import held_by, liquidation_price
from ledger.judging.calls import margin_calls
from ledger.judging.case import Case
from ledger.judging.judging import findings, of_the_cause, primary_cause
from ledger.judging.shown import beyond, doubt
from ledger.judging.thresholds import Thresholds
from ledger.judging.whatif import counterfactuals
from ledger.judging.wording import exact, maybe
from ledger.judging.worlds import is_known, leverage_used
from ledger.liquidating.event import Event
from ledger.margining.tiers import Tiers
from ledger.storage.store import Store
from reports.audit import Asset, Audit, Held, Term

HEALTHY = Fraction(2)
ISOLATED = "isolated (assumed)"
RESULTS = ("own_price_pnl", "other_realized_pnl", "other_unrealized_pnl")
PLENTY, SOME = Decimal("0.001"), Decimal("0.01")
"""Shares of the equity at the start that may be unexplained where confidence is high, or medium."""


def audit(
    store: Store, event: Event, since: datetime | None = None, *, from_healthy: bool = False,
    thresholds: Thresholds | None = None, tiers: Tiers | None = None, with_moments: bool = True,
) -> Audit:  # fmt: skip
    """Return why a liquidation happened, from the first row of its position; from `since`; or from when it was healthy.

    `from_healthy`: from the last moment at which health was 2 or more; where it never was, from the position's start.
    Without moments neither the course of the equity nor margin calls are known; all else is.
    """
    terms = tiers or Tiers.load(store)
    whole = case_of(store, event, terms, with_moments=with_moments or from_healthy)
    if _may_be_isolated(whole):
        alone = case_of(store, replace(event, margin_mode="isolated"), terms, with_moments=with_moments or from_healthy)
        if doubt(alone.case) is None:
            alone.bucket.margin_mode = alone.case.margin_mode = ISOLATED
            alone.bucket.assumptions.append(
                "isolated margin: nothing states the margin mode, and the whole wallet would have held the position"
            )
            whole, event = alone, replace(event, margin_mode="isolated")
    shown = whole
    if from_healthy:
        before = [moment for moment in whole.case.moments if moment.at < event.started_at and moment.health is not None]
        healthy = [moment.at for moment in before if Fraction(moment.health or 0) >= HEALTHY]
        if healthy:
            shown = case_of(store, event, terms, healthy[-1], "health")
    elif since is not None:
        shown = case_of(store, event, terms, since)
    return _audit(shown, whole, thresholds or Thresholds())


def _may_be_isolated(cased: Cased) -> bool:
    """Return whether a position of which nothing states the mode was taken as a whole while its wallet had plenty."""
    case = cased.case
    is_open = case.margin_mode == "cross (assumed)" and case.event.stage in ENDED
    return is_open and case.event.kind in ("contract", "unified") and beyond(case) is not None


def _audit(cased: Cased, whole: Cased, thresholds: Thresholds) -> Audit:
    """Return the audit of a window; what the liquidation is judged by is the whole life of the position."""
    case, bucket, event, life = cased.case, cased.bucket, cased.case.event, whole.case
    case.missing = [*bucket.missing, *_missing(cased)]
    life.missing = case.missing
    found = findings(life, thresholds)
    cause, verdict = primary_cause(life, found, thresholds)
    known = is_known(case.trigger) and bucket.is_known
    together = sorted({stake.symbol for stake in life.own()} - {event.symbol})
    if together:
        verdict = f"{verdict}  {', '.join(together)} of the same wallet went with it."
    held = held_by(cased.sheets, cased.trigger)
    trigger = case.trigger
    required = trigger.required()
    return Audit(
        liquidation_id=event.liquidation_id,
        account=event.account,
        venue=event.venue,
        wallet=event.wallet,
        asset=bucket.currency,
        kind=event.kind,
        margin_mode=case.margin_mode,
        stage=event.stage,
        symbol=event.symbol,
        side=event.side,
        position_ids=list(event.position_ids),
        started_at=case.started_at,
        started_by=case.started_by,
        triggered_at=case.triggered_at,
        ended_at=case.ended_at,
        start_equity=None if _opened_before(cased) else exact(case.start_equity),
        terms=[_as_known(term, cased) for term in case.terms],
        unexplained=exact(case.unexplained),
        end_equity=exact(case.end_equity),
        start_label=_known(cased, at_end=False),
        end_label=_known(cased, at_end=True),
        trigger_equity=exact(trigger.equity()) if known else None,
        maintenance_margin=maybe(required),
        maintenance_label=cased.requirement[0],
        maintenance_source=cased.requirement[1],
        initial_margin=maybe(trigger.initial()),
        trigger_price=maybe(trigger.price),
        trigger_label=case.trigger_quote.label if case.trigger_quote else "assumed",
        trigger_source=case.trigger_quote.source if case.trigger_quote else "no price is known",
        liquidation_price=maybe(liquidation_price(trigger)) if known else None,
        bankruptcy_price=maybe(
            event.bankruptcy_price or (trigger.bankruptcy_price() if known and trigger.own() else None)
        ),
        quantity=maybe(held.quantity) if held else None,
        entry_price=maybe(held.entry) if held else None,
        average_price=maybe(_average(case)),
        ratio_name=cased.sheets.rule.name,
        ratio_rule=cased.sheets.rule.level,
        warning=maybe(case.warning),
        verdict=verdict,
        primary_cause=cause,
        confidence=_confidence(cased, cause),
        moments=case.moments,
        positions=_positions(cased),
        assets=_assets(cased),
        counterfactuals=[*counterfactuals(life), *of_the_cause(life, found, cause, thresholds)],
        findings=found,
        calls=margin_calls(life),
        event_rows=[*event.rows, *(case.trigger_quote.rows if case.trigger_quote else ())],
        missing=case.missing,
        assumptions=_assumptions(cased),
        found_by=event.found_by,
        version=metadata.version("marginbook"),
        opening_leverage=maybe(leverage_used(life)),
    )


def _average(case: Case) -> Fraction | None:
    """Return the average price of the forced fills of the own instrument, weighted by size (inverse: harmonic)."""
    legs = [
        (stake, leg)
        for stake in case.stakes
        if stake.symbol == case.event.symbol
        for leg in stake.legs
        if leg.is_forced and leg.price
    ]
    size = sum((abs(leg.delta) for _, leg in legs), Fraction(0))
    if not size:
        return None
    if legs[0][0].style == "inverse":
        return size / sum((abs(leg.delta) / leg.price for _, leg in legs if leg.price), Fraction(0))
    return sum((abs(leg.delta) * leg.price for _, leg in legs if leg.price), Fraction(0)) / size


def _known(cased: Cased, *, at_end: bool) -> str:
    """Return how an equity is known: measured where the venue states the balance of each asset that counts."""
    bucket = cased.bucket
    if bucket.is_isolated:
        return "implied" if at_end and bucket.start_label == "measured" else bucket.start_label
    if bucket.event.kind == "loan":
        return "implied"
    point = cased.end if at_end else cased.start
    assets = [asset for asset, level in point.levels.items() if level.owned or level.owed]
    stated = [
        (deviation.end if at_end else deviation.start) is not None
        for asset in assets
        if (deviation := bucket.deviations.get(asset)) is not None
    ]
    if bucket.deviations and len(stated) == len(assets) and all(stated):
        return "measured"
    return "implied" if any(stated) else "assumed"


def _missing(cased: Cased) -> list[str]:
    sheets, bucket = cased.sheets, cased.bucket
    told = [
        f"no mark price of {symbol} is known at {at:%Y-%m-%d %H:%M}Z: its unrealized result is not in the equity; "
        f"import a price file (time,symbol,mark) of {symbol}"
        for symbol, at in sheets.unmarked.items()
    ]
    older = _opened_before(cased)
    told += [
        f"{symbol} was opened before its first row in the book: its entry, its leverage and the equity at the start "
        "are not known; import the fills that opened it, or `marginbook enter opening-position`"
        for symbol in older
    ]
    for one in cased.case.trigger.exposures:
        if one.entry is None and not one.is_asset and one.product != "option" and one.symbol not in older:
            told.append(f"the entry price of {one.symbol} is not known: import the fills that opened it")
    own_start = cased.start.levels.get(bucket.currency)
    if "assumed" in _ends(cased) and (own_start is None or own_start.net <= 0) and bucket.event.kind != "loan":
        told.append(
            f"by the rows the {bucket.event.wallet} wallet held no {bucket.currency} before the position: import its "
            "ledger or deposits from the start, or say what it held with `marginbook assert`"
        )
    if bucket.trigger is None or bucket.trigger.label == "assumed":
        told.append(
            f"no mark price of {bucket.event.symbol} is known at the trigger ({bucket.triggered_at:%Y-%m-%d %H:%M}Z): "
            "import mark price candles of that day, or a price file (time,symbol,mark)"
        )
    return told


def _opened_before(cased: Cased) -> list[str]:
    """Return the symbols of positions that no row opens: they were open before the first one, at an unknown price."""
    first = [(found.stake, found.stake.legs[0]) for found in cased.bucket.found if found.stake.legs]
    return sorted({stake.symbol for stake, leg in first if leg.row_key is None and leg.price is None
                   and not stake.is_asset})  # fmt: skip


def _as_known(term: Term, cased: Cased) -> Term:
    """Return a line of the bridge; of a position with an unknown entry it is only what the rows booked."""
    if term.name not in RESULTS or not (older := _opened_before(cased)):
        return term
    why = f"{', '.join(older)} was opened before its first row, at an unknown entry: only what the rows booked counts"
    return replace(term, label="assumed", why=why)


def _assumptions(cased: Cased) -> list[str]:
    """Return what was taken for granted, a sentence each."""
    bucket, rule = cased.bucket, cased.sheets.rule
    told = list(bucket.assumptions)
    if "assumed" in _ends(cased):
        told.append(
            "no balance of the wallet is stated: what it held is the sum of its rows from the first known one on"
        )
    if bucket.trigger is not None and bucket.trigger.label in ("assumed", "implied"):
        told.append(f"the mark at the trigger: {bucket.trigger.source}")
    if cased.requirement[0] in ("assumed", "implied"):
        told.append(f"maintenance margin: {cased.requirement[1]}")
    if not rule.is_known:
        told.append(f"when the venue liquidates: {rule.source}")
    told.append("counterfactuals keep the path of prices and everything else as it was; they are model output")
    return told


def _positions(cased: Cased) -> list[Held]:
    """Return the positions of the bucket at the trigger, those that were liquidated first."""
    own = {found.stake.position_id: found.stake.is_own for found in cased.bucket.found}
    rows = []
    for one in cased.case.trigger.exposures:
        quote = cased.bucket.mark(one.symbol, cased.trigger.at)
        value = one.value()
        required = one.required(cased.sheets.rule.rule)
        is_told = one.mark is not None and (one.entry is not None or one.product == "option")
        rows.append(
            Held(
                position_id=one.position_id,
                symbol=one.symbol,
                side="long" if one.side > 0 else "short",
                quantity=exact(one.quantity),
                entry=maybe(one.entry),
                mark=maybe(one.mark),
                mark_label=quote.label if quote else "assumed",
                mark_source=quote.source if quote else "no price is known",
                value=maybe(value),
                unrealized=maybe(one.unrealized()) if is_told else None,
                maintenance_margin=maybe(required),
                rate=maybe(required / value) if required is not None and value else None,
                is_own=own.get(one.position_id, False),
            )
        )
    return sorted(rows, key=lambda row: (not row.is_own, row.position_id))


def _assets(cased: Cased) -> Sequence[Asset]:
    """Return the assets of a bucket that has several, or of which a price counts."""
    worth, bucket = cased.sheets.worth, cased.bucket
    if bucket.event.kind == "contract":
        return ()
    rows = []
    for asset in sorted({*cased.start.levels, *cased.end.levels}):
        levels = [point.levels.get(asset) for point in (cased.start, cased.end)]
        net = [level.net if level is not None else Fraction(0) for level in levels]
        quotes = [worth.quote(asset, point.at) for point in (cased.start, cased.end)]
        held = cased.trigger.levels.get(asset)
        at_trigger = held.net if held is not None else Fraction(0)
        price, haircut = cased.lines.by_asset.get(asset, (Fraction(0), Fraction(0)))
        moved = any(change.asset == asset for change in bucket.changes)
        if not any(net) and not moved:
            continue
        rows.append(
            Asset(
                asset=asset,
                start=exact(net[0]),
                end=exact(net[1]),
                start_price=maybe(quotes[0].price if quotes[0] else None),
                end_price=maybe(quotes[1].price if quotes[1] else None),
                ratio=exact(worth.counted(asset, cased.trigger.at, at_trigger)),
                price_change=exact(price) if asset not in worth.unknown else None,
                haircut_change=exact(haircut) if asset not in worth.unknown else None,
                label=quotes[1].label if quotes[1] else "assumed",
            )
        )
    return rows


def _confidence(cased: Cased, cause: str | None) -> str:
    """Return how far the audit can be relied on."""
    case = cased.case
    size = max(abs(Fraction(case.start_equity)), abs(case.trigger.equity()), Fraction(1, 10**8))
    share = abs(case.unexplained) / size
    labels = [term.label for term in case.terms if term.amount]
    if (cause is None and not case.event.is_adl) or share > Fraction(SOME):
        return "low"
    if share > Fraction(PLENTY) or "assumed" in labels or "assumed" in (cased.requirement[0], *_ends(cased)):
        return "medium"
    return "high"


def _ends(cased: Cased) -> list[str]:
    return [_known(cased, at_end=False), _known(cased, at_end=True)]
