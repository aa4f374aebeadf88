"""One fact, one voice: who speaks for what in which range of time; the others are witnesses.

Cut time where any coverage ends; in each segment the lowest rank that covers it speaks.  Where the speaker changes,
two exports whose clocks differ by a second must neither lose nor double a row: equal rows near the seam pair off and
count once (the better rank keeps its own, which names more); where the two do not agree row by row, the seam moves to
an instant without rows near it, inside the range that both cover.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

import polars as pl

from ledger.accounting.pairing import pair
from ledger.storage.store import Store, statement
from schemas.bookkeeping import Voice
from schemas.ddl import column_types
from schemas.tables import FACTS

PARTIAL_RANK = 9
SEAM_SEARCH = timedelta(hours=24)

TRADED = (
    "CASE WHEN product IN ('spot', 'margin') AND wallet = 'unified' THEN coalesce(instrument, symbol) ELSE symbol END"
)
"""What a fill is of: where one pot holds both, BTCUSDT names a perpetual and a pair of assets."""
FACT_ROWS = {
    "ledger": ("movements", "moved_at", "asset", "cause", "amount"),
    "fills": ("fills", "filled_at", TRADED, "side", "quantity"),
    "funding": ("funding", "paid_at", "asset", "'funding'", "amount"),
    "interest": ("interest", "accrued_at", "asset", "'interest'", "amount"),
    "liquidations": ("liquidations", "liquidated_at", "symbol", "side", "quantity"),
    "borrow_repay": ("borrow_repay", "happened_at", "asset", "cause", "amount"),
}
"""Per fact the table that is compared: time, what, cause, amount."""
SPEAKING = {
    "borrow_repay": (("borrows", "borrowed_at", "'borrow'"), ("repayments", "repaid_at", "'repay'")),
}
"""Facts whose rows stand in several tables: table, time, cause."""
SPOKEN = {
    **{table: time for fact, (table, time, *_) in FACT_ROWS.items() if fact not in SPEAKING},
    **{table: time for tables in SPEAKING.values() for table, time, _ in tables},
    "transfers": "moved_at", "conversions": "booked_at", "adjustments": "booked_at",
}  # fmt: skip
"""Tables of which rows are witnesses only, with their time."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of time that one file of a series covers."""

    series: str
    rank: int
    start: datetime
    end: datetime
    filterable: bool
    resolution_s: int
    skew_s: int


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of time in which one series speaks."""

    start: datetime
    end: datetime
    span: Span


@dataclass(frozen=True)
class Scope:
    """One wallet of one account: the unit of election."""

    account: str
    venue: str
    wallet: str
    holds: Set[str] | None = field(default=None, compare=False)
    """Tables of which the wallet may have rows; None: of any."""

    def may_have(self, *tables: str) -> bool:
        """Return whether it may have rows of any of the tables; a look at what it surely has none of is spared."""
        return self.holds is None or not self.holds.isdisjoint(tables)

    def parameters(self) -> dict[str, str]:
        """Return it as SQL parameters."""
        return {"account": self.account, "venue": self.venue, "wallet": self.wallet}


def elect(store: Store, scope: Scope) -> list[dict[str, object]]:
    """Elect the voices of a wallet, set what speaks, and return findings (filtered exports, doubtful seams)."""
    store.execute(statement("voices", "withdraw"), scope.parameters())
    findings: list[dict[str, object]] = []
    covered = _spans(store, scope)
    for fact in FACTS:
        spans = covered.get(fact, [])
        if not spans and not scope.may_have(*(words["table"] for words in _tables_of(fact))):
            continue
        whole = [span for span in spans if span.rank < PARTIAL_RANK]
        segments = speakers(whole)
        segments, seams = _settle_seams(store, scope, fact, segments, whole)
        voices = [_voice(scope, fact, segment) for segment in segments]
        overrides = _filtered(store, scope, fact, segments, whole)
        findings += [_filtered_finding(scope, fact, override) for override in overrides]
        voices += overrides
        if voices:
            store.insert("voices", pl.DataFrame(voices, schema=column_types(Voice)))
        _set_speaks(store, scope, fact, several=len({span.series for span in spans}) > 1)
        for seam in seams:
            findings += _count_once(store, scope, fact, seam)
        if fact == "funding":
            _unite_funding(store, scope, segments, whole)
    _speak_with_ledger(store, scope)
    return findings


def speakers(spans: Sequence[Span]) -> list[Segment]:
    """Return who speaks when: in each segment the lowest (rank, series) that covers it; equal neighbours joined."""
    cuts = sorted({span.start for span in spans} | {span.end for span in spans})
    segments: list[Segment] = []
    for start, end in pairwise(cuts):
        covering = [span for span in spans if span.start <= start and span.end >= end]
        if not covering:
            continue
        best = min(covering, key=lambda span: (span.rank, span.series))
        last = segments[-1] if segments else None
        if last is not None and last.end == start and last.span.series == best.series:
            segments[-1] = Segment(start=last.start, end=end, span=last.span)
        else:
            segments.append(Segment(start=start, end=end, span=best))
    return segments


def quiet_instant(rows: Sequence[datetime], start: datetime, limit: datetime, distance: timedelta) -> datetime | None:
    """Return the instant nearest to `start`, towards `limit`, with no row less than `distance` away."""
    back = limit < start
    at = start
    for row in sorted(rows, reverse=back):
        if abs(row - at) < distance:
            at = row - distance if back else row + distance
        elif (row < at) if back else (row > at):
            break
    return at if (at >= limit if back else at <= limit) else None


def _spans(store: Store, scope: Scope) -> dict[str, list[Span]]:
    """Return the stretches that files cover, by fact."""
    spans: dict[str, list[Span]] = {}
    for row in store.query(statement("voices", "spans"), scope.parameters()).iter_rows(named=True):
        spans.setdefault(row.pop("fact"), []).append(Span(**row))
    return spans


@dataclass(frozen=True, kw_only=True)
class Seam:
    """Where the speaker changes, and which of the two equal rows near it count."""

    at: datetime
    counts: pl.DataFrame
    """row_key, counts: overrides near the seam."""
    doubled: int
    rank: int
    """Of the better of the two exports."""


def _settle_seams(
    store: Store, scope: Scope, fact: str, segments: list[Segment], spans: Sequence[Span]
) -> tuple[list[Segment], list[Seam]]:
    """Return the segments, and for each seam the rows that both exports state near it, to be counted once.

    Equal rows pair off, and the better rank keeps its own.  Where rows of both are left without a partner the two
    exports do not agree row by row; then the seam moves to an instant without rows near it, if there is one.
    """
    if fact not in FACT_ROWS or len(segments) < 2:
        return segments, []
    settled = list(segments)
    seams: list[Seam] = []
    for index in range(len(settled) - 1):
        earlier, later = settled[index], settled[index + 1]
        distance = _distance(earlier, later)
        if later.start - earlier.end >= distance or earlier.span.series == later.span.series:
            continue
        seam, agree = _paired_seam(store, scope, fact, earlier, later, distance)
        moved = None if agree else _moved(store, scope, fact, earlier, later, spans, distance)
        if moved is None:
            beyond = later.end - later.start > distance
            seams.append(seam if beyond else replace(seam, doubled=0))
        else:
            settled[index] = Segment(start=earlier.start, end=moved, span=earlier.span)
            settled[index + 1] = Segment(start=moved, end=later.end, span=later.span)
    settled = [segment for segment in settled if segment.start < segment.end]
    seams += _leapt_seams(store, scope, fact, settled)
    return settled, sorted(seams, key=lambda seam: -seam.rank)  # where two disagree the best rank has the last word


def _leapt_seams(store: Store, scope: Scope, fact: str, segments: Sequence[Segment]) -> list[Seam]:
    """Return the seams between exports that do not meet: a third one speaks between them, for moments only."""
    seams: list[Seam] = []
    for index, earlier in enumerate(segments):
        for later in segments[index + 2 :]:
            distance = _distance(earlier, later)
            if later.start - earlier.end < distance and earlier.span.series != later.span.series:
                seam, _ = _paired_seam(store, scope, fact, earlier, later, distance, alone=False)
                seams.append(seam)
    return seams


def _distance(earlier: Segment, later: Segment) -> timedelta:
    """Return how far apart two exports may state one event."""
    one, other = earlier.span, later.span
    return timedelta(seconds=max(one.skew_s, other.skew_s) + one.resolution_s + other.resolution_s)


def _paired_seam(
    store: Store, scope: Scope, fact: str, earlier: Segment, later: Segment, distance: timedelta, *, alone: bool = True
) -> tuple[Seam, bool]:
    """Return the seam with what counts near it, and whether the two exports agree there row by row.

    `alone`: rows without a partner count, too.
    """
    seam = later.start
    better, worse = sorted((earlier.span, later.span), key=lambda span: (span.rank, span.series))
    sql = _compared(
        "near_seam", fact, ours=_of_series(store, [better.series]), theirs=_of_series(store, [worse.series])
    )
    rows = store.query(sql, scope.parameters() | {"start": seam - 2 * distance, "end": seam + 2 * distance})
    pairs, single = pair(rows, distance, "better")
    near = [row for row in single if abs(row["moment"] - seam) <= distance]
    agree = not (any(row["better"] for row in near) and any(not row["better"] for row in near))
    doubled = [other for _, other in pairs if abs(other["moment"] - seam) <= distance]
    kept = [mine for mine, other in pairs if abs(other["moment"] - seam) <= distance]
    counts = pl.DataFrame(
        [(row["row_key"], True) for row in (*(near if alone else ()), *kept)]
        + [(row["row_key"], False) for row in doubled],
        schema={"row_key": rows.schema["row_key"], "counts": pl.Boolean},
        orient="row",
    )
    told = len(doubled) if near else 0  # where all rows near it have their twin, nothing is doubtful
    return Seam(at=seam, counts=counts, doubled=told, rank=better.rank), agree


def _moved(
    store: Store, scope: Scope, fact: str, earlier: Segment, later: Segment, spans: Sequence[Span], distance: timedelta
) -> datetime | None:
    """Return the nearest instant without rows to which the seam may move, inside what both exports cover."""
    seam, pair_ = later.start, (earlier.span.series, later.span.series)
    if earlier.end != seam:
        return None
    if (back := _reach(spans, later.span.series, seam)) is not None:
        limit = max(back[0], seam - SEAM_SEARCH, earlier.start)
        found = quiet_instant(
            _times(store, scope, fact, pair_, limit - distance, seam + distance), seam, limit, distance
        )
        if found is not None:
            return found
    if (forward := _reach(spans, earlier.span.series, seam)) is not None:
        limit = min(forward[1], seam + SEAM_SEARCH, later.end)
        return quiet_instant(
            _times(store, scope, fact, pair_, seam - distance, limit + distance), seam, limit, distance
        )
    return None


def _reach(spans: Sequence[Span], series: str, at: datetime) -> tuple[datetime, datetime] | None:
    """Return the stretch around `at` that the series covers on both sides of it, or None."""
    covering = [span for span in spans if span.series == series and span.start < at < span.end]
    if not covering:
        return None
    return min(span.start for span in covering), max(span.end for span in covering)


def _of_series(store: Store, series: Sequence[str]) -> str:
    """Return a SQL list of the formats that feed the series (names are ours, never a file's)."""
    with_formats = store.rows(statement("voices", "formats_of_series"))
    names = sorted({form for name, form in with_formats if name in series})
    return ", ".join(f"'{name}'" for name in names) or "''"


def _times(
    store: Store, scope: Scope, fact: str, series: tuple[str, str], start: datetime, end: datetime
) -> list[datetime]:
    sql = _compared("times", fact, formats=_of_series(store, series))
    return [at for (at,) in store.rows(sql, scope.parameters() | {"start": start, "end": end})]


def _voice(scope: Scope, fact: str, segment: Segment) -> dict[str, object]:
    return {
        **scope.parameters(),
        "fact": fact,
        "asset": None,
        "cause": None,
        "from_at": segment.start,
        "to_at": segment.end,
        "series": segment.span.series,
    }


# ------------------------------------------------------------------------------------- filtered exports


def _filtered(
    store: Store, scope: Scope, fact: str, segments: Sequence[Segment], spans: Sequence[Span]
) -> list[dict[str, object]]:
    """Return voices of witnesses for what a filtered export left out.

    Out is what the speaker has no row of though the witness has; of the ledger also that of which the witness has
    every row of the speaker and more (an export filtered by symbol), since a balance needs all of them.
    """
    overrides: list[dict[str, object]] = []
    if fact not in FACT_ROWS:
        return overrides
    for segment in segments:
        if not segment.span.filterable:
            continue
        rivals = [
            span
            for span in spans
            if span.series != segment.span.series and span.start < segment.end and span.end > segment.start
        ]
        offers: dict[tuple[str, str], list[Span]] = {}
        for span in rivals:
            offer = replace(span, start=max(segment.start, span.start), end=min(segment.end, span.end))
            for left_out in _left_out(store, scope, fact, segment, offer, spans):
                offers.setdefault(left_out, []).append(offer)
        for (what, cause), offered in sorted(offers.items()):
            overrides += [
                {**_voice(scope, fact, elected), "asset": what, "cause": cause} for elected in speakers(offered)
            ]
    return overrides


def _left_out(
    store: Store, scope: Scope, fact: str, segment: Segment, rival: Span, spans: Sequence[Span]
) -> list[tuple[str, str]]:
    """Return the (asset, cause) of which the speaker has no row, or too few, in the rival's stretch."""
    start, end = rival.start, rival.end
    files = [span for span in spans if span.series == segment.span.series and span.start < end and span.end > start]
    distance = max(span.skew_s + span.resolution_s for span in spans) * 2
    sql = _compared(
        "left_out", fact, speaker=_of_series(store, [segment.span.series]), rival=_of_series(store, [rival.series])
    )
    parameters = scope.parameters() | {
        "file_start": min(span.start for span in files),
        "file_end": max(span.end for span in files),
        "start": start,
        "end": end,
        "distance": timedelta(seconds=distance),
        "whole": fact == "ledger",
    }
    return [(str(what), str(cause)) for what, cause in store.rows(sql, parameters) if what is not None]


def _filtered_finding(scope: Scope, fact: str, override: dict[str, object]) -> dict[str, object]:
    sentence = (
        f"the export that speaks for {fact} leaves out {override['cause']} of {override['asset']} which another export "
        f"states; {str(override['series']).split('/', 1)[1]} speaks for it; download the export without a filter"
    )
    return {
        "kind": "filtered_export",
        "severity": "warning",
        "account": scope.account,
        "wallet": scope.wallet,
        "symbol": override["asset"],
        "found_at": override["from_at"],
        "sentence": sentence,
        "rows": [],
    }


# ------------------------------------------------------------------------------------------- set speaks


def _set_speaks(store: Store, scope: Scope, fact: str, *, several: bool) -> None:
    """Say of every row whether it counts; where one export alone states the fact, all of its rows do.

    Rows of exports that claim no events of it (order histories) count only where nobody is elected.
    """
    for words in _tables_of(fact):
        if not scope.may_have(words["table"]):
            continue
        formats = statement("voices", "formats").format(table=words["table"])
        if not several and int(store.scalar(formats, scope.parameters()) or 0) < 2:
            store.execute(statement("voices", "speak_alone").format(table=words["table"]), scope.parameters())
        else:
            store.execute(_compared("speak_by_voice", fact, **words), scope.parameters() | {"fact": fact})


def _tables_of(fact: str) -> list[dict[str, str]]:
    """Return the words that differ for each table in which rows of the fact stand."""
    if fact in SPEAKING:
        return [{"table": table, "time": time, "cause": cause} for table, time, cause in SPEAKING[fact]]
    return [{"table": FACT_ROWS[fact][0]}] if fact in FACT_ROWS else []


def _count_once(store: Store, scope: Scope, fact: str, seam: Seam) -> list[dict[str, object]]:
    """Let the rows near a seam count as they were paired, and say so where any was doubled."""
    if not seam.counts.height:
        return []
    with store.registered(incoming=seam.counts):
        for words in _tables_of(fact):
            store.execute(_compared("count_once", fact, **words))
    if not seam.doubled:
        return []
    sentence = (
        f"two exports of {fact} meet at {seam.at:%Y-%m-%d %H:%M:%S}Z; what both state near it "
        f"({seam.doubled} in all) is counted once"
    )
    keys = [str(key) for key in seam.counts.filter(~pl.col("counts"))["row_key"]]
    return [
        {
            "kind": "seam",
            "severity": "info",
            "account": scope.account,
            "wallet": scope.wallet,
            "symbol": None,
            "found_at": seam.at,
            "sentence": sentence,
            "rows": keys,
        }
    ]


def _unite_funding(store: Store, scope: Scope, segments: Sequence[Segment], spans: Sequence[Span]) -> None:
    """Let rows of a witness speak, too, that a filtered export lacks: the ledger has them, and no report may lose them.

    The balances' voices say so: where the ledger of an asset's funding was handed to a witness, its funding rows
    without a partner among the speaker's speak beside them.
    """
    for _, asset, start, end, series in store.rows(statement("voices", "handed_funding"), scope.parameters()):
        for segment in segments:
            rivals = [span for span in spans if span.series == series and segment.span.series != series]
            if not rivals or segment.start >= end or segment.end <= start:
                continue
            distance = timedelta(seconds=2 * max(span.skew_s + span.resolution_s for span in (segment.span, *rivals)))
            sql = _compared(
                "near_seam",
                "funding",
                ours=_of_series(store, [segment.span.series]),
                theirs=_of_series(store, [series]),
            )
            stretch = {"start": max(start, segment.start), "end": min(end, segment.end)}
            rows = store.query(sql, scope.parameters() | stretch).filter(pl.col("what") == asset)
            _, alone = pair(rows, distance, "better")
            keys = [row["row_key"] for row in alone if not row["better"]]
            counts = pl.DataFrame({"row_key": keys}, schema={"row_key": rows.schema["row_key"]})
            if counts.height:
                with store.registered(incoming=counts.with_columns(counts=pl.lit(True))):
                    store.execute(_compared("count_once", "funding"))


def _speak_with_ledger(store: Store, scope: Scope) -> None:
    """Transfers, conversions and adjustments speak with the movement of their row, else where no ledger covers."""
    for table, time in (("transfers", "moved_at"), ("conversions", "booked_at"), ("adjustments", "booked_at")):
        silent = statement("voices", "has_silent").format(table=table)
        if scope.may_have(table) and store.scalar(silent, scope.parameters()):
            store.execute(statement("voices", "speak_with_ledger").format(table=table, time=time), scope.parameters())


def _compared(name: str, fact: str, **words: str) -> str:
    """Return a statement about the rows by which a fact is compared."""
    table, time, what, cause, amount = FACT_ROWS[fact]
    places = {"table": table, "time": time, "what": what, "cause": cause, "amount": amount}
    return statement("voices", name).format(**(places | words))
