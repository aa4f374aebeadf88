"""The reports of what the book lacks: the gaps, the exports that would fill them, a calendar of what is covered."""

from __future__ import annotations

from datetime import date

import polars as pl

from reports.contract import Column, Report

GAPS = Report(
    name="gaps",
    title="What the book lacks",
    one_row="a gap",
    columns=(
        Column("gap_id", whole=True),
        Column("severity"),
        Column("kind"),
        Column("account", wide=True),
        Column("venue", wide=True),
        Column("wallet"),
        Column("fact"),
        Column("symbol"),
        Column("from_at", "instant"),
        Column("to_at", "instant"),
        Column("missing", "count"),
        Column("sentence", "words", keep=True),
    ),
    empty="nothing is missing as far as the rows tell",
    note="files: no file covers it. cadence: funding or interest was due and no export states it. sequence: ids jump. "
    "balance: the venue's figure is not what the rows lead to. info: perhaps nothing happened.",
)

DOWNLOADS = Report(
    name="downloads",
    title="What to download next",
    one_row="an export and the days to ask for",
    columns=(
        Column("account"),
        Column("venue", wide=True),
        Column("wallet"),
        Column("export", "words", keep=True),
        Column("from_on", "instant", keep=True),
        Column("to_on", "instant", keep=True),
        Column("because", "words"),
        Column("priority", "count"),
        Column("where", "words", wide=True),
    ),
    empty="nothing: no gap that an export would fill",
    note="priority: 1 something is missing for certain, 2 likely, 3 perhaps. Days are inclusive; what the book holds "
    "already is not stored twice, so a longer export does no harm.",
)

STATES = {"█": "rows", "▄": "quiet", "░": "gap", "▚": "broken", "▁": "uncovered"}
"""The marks of the calendar; block elements, which a font draws at one width."""
TENS = "│"

CALENDAR = Report(
    name="calendar",
    title="What is covered, day by day",
    one_row="a month of a fact of a wallet",
    columns=(
        Column("account", wide=True),
        Column("venue", wide=True),
        Column("wallet", keep=True),
        Column("fact", keep=True),
        Column("month", keep=True),
        Column("days", whole=True, keep=True),
    ),
    empty="nothing is covered yet: `marginbook import PATH...`",
    note="One mark a day, │ after the 10th and the 20th: █ covered, with rows; ▄ covered, nothing happened; "
    "░ something is missing (`report gaps`); ▚ the balance breaks (`report breaks`); ▁ no file covers it.",
)

MISSING = (GAPS, DOWNLOADS, CALENDAR)


def by_day(calendar: pl.DataFrame) -> pl.DataFrame:
    """Return the calendar with a row a day: account, venue, wallet, fact, day, state (rows, quiet, gap ...)."""
    lines = [
        (account, venue, wallet, fact, date(int(month[:4]), int(month[5:7]), number), STATES[mark])
        for account, venue, wallet, fact, month, days in calendar.select(
            "account", "venue", "wallet", "fact", "month", "days"
        ).iter_rows()
        for number, mark in enumerate(days.replace(TENS, ""), start=1)
    ]
    names = dict.fromkeys(("account", "venue", "wallet", "fact"), pl.String)
    return pl.DataFrame(lines, schema={**names, "day": pl.Date, "state": pl.String}, orient="row")
