"""Lots: which units a disposal takes, by FIFO, LIFO, HIFO, average or the UK's rule, and what they had cost.

FIFO takes the earliest acquired, LIFO the latest, HIFO those of the highest unit cost (of equal ones the earliest; an
unknown cost comes last), average cost a share of the pool; what a person chose goes before all.  `shares` has the
UK's.  A move carries units, with date and cost, to another pool by the same order; it is no disposal.

Borrowed units are no lots.  A disposal of more than is owned takes them, which opens a short sale; the next units that
are acquired, or that arrive, close it, or own ones that repay the debt.  The rest is missing: its basis is unknown,
never zero.  For every pool and asset, to the last digit: what was acquired, arrived and is missing = what was disposed
of, left and is held; and so the costs.  And of an asset: what is held and what is borrowed = what lies there.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial

import polars as pl

from ledger.lots.changes import CHANGES, Matched, Method, Rule, check, lot_names
from ledger.lots.record import Record
from ledger.lots.running import Run
from ledger.lots.shares import by_days
from ledger.lots.stock import Ordered, Pooled, Stock, dearest, earliest, latest
from ledger.lots.tape import Rows, Tape

__all__ = ["CHANGES", "Matched", "Method", "Rule", "lot_names", "match"]

STOCKS: Mapping[Method, Callable[[bool], Stock]] = {
    "fifo": partial(Ordered, "fifo", earliest),
    "lifo": partial(Ordered, "lifo", latest),
    "hifo": partial(Ordered, "hifo", dearest),
    "average": lambda _: Pooled("average"),
    "uk": lambda _: Pooled("section_104"),
}
"""By method, what holds the units of one pool and asset; told whether lots may be chosen by name."""


def match(changes: pl.DataFrame, rule: Rule, instants: Sequence[datetime] = ()) -> Matched:
    """Return what each disposal is matched with, and what is held before each of the instants.

    The changes have the columns CHANGES and are in their order of execution.  With the UK's rule instants are first
    ones of a day of its zone.  Raises ValueError for a frame or an instant that is none of these.
    """
    check(changes)
    with _uncollected():
        return _match(changes, rule, sorted(set(instants)))


def _match(changes: pl.DataFrame, rule: Rule, asked: Sequence[datetime]) -> Matched:
    record = Record()
    run = Run(lambda: STOCKS[rule.method](bool(rule.choices)), record, rule.choices)
    tape: Tape = by_days(changes, rule.zone, record) if rule.method == "uk" else Rows(changes)
    done = 0
    for instant in asked:
        until = tape.before(instant)
        run.pass_over(tape.steps(done, until))
        done = until
        record.hold(instant, [*run.held(), *tape.pending(instant)], [*run.borrowed()])
    run.pass_over(tape.steps(done, tape.length))
    return record.matched(changes, run.unmet())


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let nobody look for cycles meanwhile: lots make none, and every look passes over millions of them."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
