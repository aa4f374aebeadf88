"""What changed: figures as they were frozen, or as an earlier state of the book gives them, beside those of now."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from ledger.closing.figures import FIGURE, FIGURES, figures_of
from ledger.closing.gathering import Ask, frames_of
from ledger.closing.months import Span, span_of
from ledger.storage.store import Store, statement


def stage(store: Store, before: pl.DataFrame, now: pl.DataFrame) -> None:
    """Give the report `changes` its two sides, in tables that last as long as the connection."""
    for table, frame in (("figures_before", before), ("figures_now", now)):
        with store.registered(incoming=frame.select(pl.col(name).cast(pl.String) for name in FIGURE)):
            store.execute(statement("closing", "stage").format(table=table))


def frozen_figures(store: Store) -> pl.DataFrame:
    """Return every figure that is frozen."""
    return store.query(statement("closing", "frozen_figures"))


def closed_spans(store: Store) -> list[tuple[str, Span]]:
    """Return the account and the span of every closed month."""
    return [(account, span_of(period, zone)) for account, period, zone in store.rows(statement("closing", "closed"))]


def months_of_book(store: Store) -> list[tuple[str, Span]]:
    """Return the account and the span (UTC) of every month in which the book knows of anything."""
    return [(account, span_of(period, "UTC")) for account, period in store.rows(statement("closing", "months_known"))]


def live_figures(ask: Ask, spans: Iterable[tuple[str, Span]]) -> pl.DataFrame:
    """Return the figures of months as they would be frozen now, each after the months closed before it."""
    parts = [
        figures_of(frames_of(ask, account, span, tuple(FIGURES), live_from=span.starts_at), account, span.name)
        for account, span in spans
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=dict.fromkeys(FIGURE, pl.String))
