"""The sections of an audit's page, each a heading with its lines of markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.audit import Asset, Audit, Counterfactual, Held
from reports.audit_history import Step, dark_before, gap_before, history
from reports.audit_tables import Cell, Places, head, listed, markup, number, shown, table, words
from reports.audit_words import (
    ANSWERS,
    OUTCOMES,
    added,
    events,
    exact,
    health,
    instant,
    lasting,
    lines,
    meant,
    named,
    nothing_happened,
    ratio,
    sourced,
    start_name,
)
from reports.page import plain, said

MODEL = "Model output: the same prices, the same orders, one thing changed. It is not advice."


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page."""

    id: str
    heading: str
    lines: Sequence[str]


def bridge(audit: Audit, places: Places) -> Iterator[str]:
    """Yield the table of the bridge, from the start to the end, exact to the last digit."""
    asset, level = audit.asset, audit.start_level
    rows: list[list[Cell]] = [
        [head(start_name(audit)), markup("", "n"), number(level, "money", asset),
         words(audit.start_label), words(f"just before {instant(audit.started_at)} UTC", wide=True), words("")]
    ]  # fmt: skip
    for term in lines(audit):
        level = added(level, term.amount)
        rows.append([
            head(named(term.name)), number(term.amount, "money", asset, signed=True), number(level, "money", asset),
            words(term.label), words(term.why, wide=True), markup(places.of_line(term.name, term.sources)),
        ])  # fmt: skip
    rows.append([head("end equity"), markup("", "n"), number(audit.end_equity, "money", asset),
                 words(audit.end_label), words(f"{instant(audit.ended_at)} UTC, after the last row", wide=True),
                 words("")])  # fmt: skip
    yield from table(f"Bridge in {asset}", ["line", f"#{asset}", "#equity after it", "known", "how", "evidence"], rows)
    if quiet := nothing_happened(audit):
        yield said(f"Nothing happened in: {', '.join(quiet)}.", "soft")


def timeline(audit: Audit, places: Places) -> Iterator[str]:
    """Yield the last events: what each did to the equity, and how far the buffer had come."""
    steps, asset = history(audit), audit.asset
    if not steps:
        yield said("No event is known.")
        return
    count = events(audit.moments)
    shown_events = sum(not step.moment.is_gap or step.moment.kind != "price" for step in steps)
    if count > shown_events:
        yield said(
            f"The last {shown_events} of {count:,} events; the table of all moments above has every one.", "soft"
        )
    heads = ["time (UTC)", "what", "since the last", "#booked", "#equity changed", "#buffer after",
             "#buffer so far", "#health", "evidence"]  # fmt: skip
    rows: list[list[Cell]] = []
    spans = dark_before(audit, steps)
    for step in steps:
        if text := gap_before(step.moment, spans):
            rows.append([f'<td class="gap" colspan="{len(heads)}">{plain(text)}</td>'])
        if step.moment.kind != "price":
            rows.append(_event(step, asset, places))
    yield from table("Last events", heads, rows)
    yield said("Booked: what the rows put into the wallet or took from it; a result that is realized was in the equity "
               "before. Equity changed: since the line before, by prices and by the rows. Buffer: equity less "
               "maintenance margin. So far: its change since just before the first line.", "soft")  # fmt: skip


def _event(step: Step, asset: str, places: Places) -> list[Cell]:
    moment = step.moment
    return [
        head(instant(moment.at)), words(moment.what, wide=True), words(lasting(step.since)),
        number(moment.effect, "money", asset, signed=True) if moment.effect is not None else markup("", "n"),
        number(step.change, "money", asset, signed=True), number(step.buffer, "money", asset),
        number(step.cumulative, "money", asset, signed=True), shown(health(moment.health), exact(moment.health)),
        markup(places.link(moment.rows)),
    ]  # fmt: skip


def findings(audit: Audit, places: Places) -> Iterator[str]:
    """Yield the rules that fired, the primary cause first."""
    if not audit.findings:
        yield said("No rule fired.")
        return
    yield '<ul class="findings">'
    for found in sorted(audit.findings, key=lambda one: one.code != audit.primary_cause):
        primary = ' <strong class="badge">primary cause</strong>' if found.code == audit.primary_cause else ""
        parts = [f"rule: {plain(found.threshold)}"] if found.threshold else []
        parts += [f"assumed: {plain(found.assumed)}"] if found.assumed else []
        parts += [f"evidence: {link}"] if (link := places.link(found.rows)) else []
        yield (
            f'<li><p><span class="severity {plain(found.severity)}">{plain(found.severity)}</span> '
            f"<strong>{plain(named(found.code))}</strong>{primary}: {plain(found.sentence)}</p>"
            f'<p class="soft">{"; ".join(parts)}</p></li>'
        )
    yield "</ul>"


def counterfactuals(audit: Audit) -> Iterator[str]:
    """Yield what one change would have meant."""
    yield said(MODEL, "model")
    heads = ["change", "outcome", "in words", "#liquidation price", "when (UTC)", "#equity at the trigger",
             "#requirement", "#lost in all"]  # fmt: skip
    yield from table("What would have changed it", heads, (_changed(one, audit.asset) for one in audit.counterfactuals))


def _changed(one: Counterfactual, asset: str) -> list[Cell]:
    until = f" until {instant(one.until)}" if one.until is not None else ""
    return [
        head(one.title), words(OUTCOMES.get(one.outcome, one.outcome) + until),
        words(meant(one), wide=True), number(one.liquidation_price, "price"),
        words(instant(one.liquidated_at) if one.liquidated_at is not None else ""), number(one.equity, "money", asset),
        number(one.maintenance_margin, "money", asset), number(one.loss, "money", asset),
    ]  # fmt: skip


def calls(audit: Audit, places: Places) -> Iterator[str]:
    """Yield the margin calls and what was done after each."""
    heads = ["time (UTC)", "level", "#health", f"#{audit.ratio_name or 'ratio'}", "what was done", "#came in",
             "#closed", "#of it lost", "evidence"]  # fmt: skip
    asset = audit.asset
    rows = (
        [head(instant(call.at)), words(call.level), shown(health(call.health), exact(call.health)),
         shown(ratio(audit, call.ratio), exact(call.ratio)), words(ANSWERS.get(call.answer, call.answer), wide=True),
         number(call.added, "money", asset), number(call.reduced, "money", asset), number(call.lost, "money", asset),
         markup(places.link(call.rows))]
        for call in audit.calls
    )  # fmt: skip
    yield from table("Margin calls", heads, rows)


def holdings(audit: Audit) -> Iterator[str]:
    """Yield the positions and assets of the bucket."""
    if audit.positions:
        heads = ["position", "side", "#size", "#entry", "#mark", "mark known", "#value", "#unrealized", "#maintenance",
                 "#rate", "taken"]  # fmt: skip
        yield "<h3>Positions at the trigger</h3>"
        yield from table("Positions at the trigger", heads, (_held(held, audit.asset) for held in audit.positions))
    if audit.assets:
        heads = ["asset", "#start", "#end", "#price at start", "#price at end", "#counts as collateral",
                 "#change by price", "#by haircut", "known"]  # fmt: skip
        yield "<h3>Assets</h3>"
        yield from table("Assets", heads, (_asset(one, audit.asset) for one in audit.assets))
    if not audit.positions and not audit.assets:
        yield said("What else the bucket held is not known.")


def _held(held: Held, asset: str) -> list[Cell]:
    return [
        head(held.symbol), words(held.side), number(held.quantity.copy_abs(), "quantity"), number(held.entry, "price"),
        number(held.mark, "price"), words(sourced(held.mark_label, held.mark_source), wide=True),
        number(held.value, "money", asset), number(held.unrealized, "money", asset),
        number(held.maintenance_margin, "money", asset), number(held.rate, "ratio"),
        words("yes" if held.is_own else "no"),
    ]  # fmt: skip


def _asset(one: Asset, asset: str) -> list[Cell]:
    return [
        head(one.asset), number(one.start, "quantity"), number(one.end, "quantity"), number(one.start_price, "price"),
        number(one.end_price, "price"), number(one.ratio, "ratio"), number(one.price_change, "money", asset),
        number(one.haircut_change, "money", asset), words(one.label),
    ]  # fmt: skip


def missing(audit: Audit) -> Iterator[str]:
    """Yield what could not be known."""
    yield listed(audit.missing) if audit.missing else said("Nothing is missing that the figures rest on.")
