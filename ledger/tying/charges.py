"""Funding, interest and rollover fees that were due and that no export states."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib import resources

import polars as pl

from ledger.accounting.finding_rows import SHOWN
from ledger.accounting.regimes import regime_of
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from ledger.tying.cadence import missing
from ledger.tying.lacks import LIKELY, PERHAPS, SURE, Lack, between, stamp
from ledger.tying.uncovered import Covered, Wallet
from schemas.types import INSTANT

WALLET = ("account", "venue", "wallet")
SEPARATOR = "\x1f"
NAMES_SHOWN = 3
A_DAY = 24
"""Hours after which something was charged for certain, however often it is."""
SHORT_PROOF = timedelta(minutes=20)
"""A charge is booked so late at most: balances that agree until then leave no room for it."""


@cache
def _usual() -> Mapping[tuple[str, str, str], tuple[int, int]]:
    text = resources.files("ledger.tying").joinpath("cadences.csv").read_text(encoding="utf-8")
    return {
        (line["venue"], line["wallet"], line["fact"]): (int(line["hours"]), int(line["phase"]))
        for line in csv.DictReader(text.splitlines())
    }


def missing_charges(store: Store, wallets: Mapping[Wallet, Covered]) -> list[Lack]:
    """Return the charges that lack a row though something was open or owed, neighbours together."""
    lacks: list[Lack] = []
    for due in (_funding(store), _interest(store), _rollovers(store)):
        if not due.height:
            continue
        open_slots = _unproven(due, store.query(statement("gaps", "proven")))
        lacks += _told(_placed(open_slots, wallets))
    return lacks


# ------------------------------------------------------------------------------------------- what was due


def _funding(store: Store) -> pl.DataFrame:
    lives = store.query(statement("gaps", "funding_lives"))
    if not lives.height:
        return pl.DataFrame()
    rows = store.query(statement("gaps", "funding_rows"))
    lives = _with_usual(
        lives.with_columns(
            name=pl.col("symbol"), based=pl.lit(False), may_be_free=pl.lit(False), held=pl.lit("a position was open")
        ),
        "funding",
    )
    due = _due(lives, rows.with_columns(name=pl.col("symbol")), "funding")
    more = store.query(statement("gaps", "nameless_funding"))
    if not due.height or not more.height:
        return due
    due = due.join(more, on=[*WALLET, "slot_at"], how="left")
    at_once = pl.len().over(*WALLET, "slot_at")
    return due.filter(pl.col("more").is_null() | (pl.col("more") < at_once)).drop("more")


def _interest(store: Store) -> pl.DataFrame:
    lives = store.query(statement("gaps", "interest_lives"))
    if not lives.height:
        return pl.DataFrame()
    rows = store.query(statement("gaps", "interest_rows"))
    name = pl.concat_str("pair", "asset", separator=SEPARATOR)
    free = pl.col("kind") == "negative_balance"
    lives = _with_usual(
        lives.with_columns(
            name=name,
            sure=pl.col("end"),
            based=pl.lit(False),
            may_be_free=free,
            held=pl.lit("it was owed"),
            symbol=pl.when(pl.col("pair") == "").then("asset").otherwise(pl.concat_str("pair", pl.lit(" "), "asset")),
        ),
        "interest",
    )
    return _due(lives, rows.with_columns(name=name), "interest")


def _rollovers(store: Store) -> pl.DataFrame:
    lives = store.query(statement("gaps", "rollover_lives"))
    scopes = {wallet for wallet in lives.select(WALLET).unique().iter_rows() if regime_of(Scope(*wallet)) == "lots"}
    lives = lives.filter(pl.Series([wallet in scopes for wallet in lives.select(WALLET).iter_rows()], dtype=pl.Boolean))
    if not lives.height:
        return pl.DataFrame()
    rows = store.query(statement("gaps", "rollover_rows"))
    lives = lives.with_columns(
        name=pl.col("position_ref"),
        sure=pl.col("end"),
        based=pl.lit(True),
        may_be_free=pl.lit(False),
        held=pl.lit("the position was open"),
    )
    lives = _with_usual(lives, "rollover")
    return _due(lives, rows.with_columns(name=pl.col("position_ref")), "interest")


def _with_usual(lives: pl.DataFrame, fact: str) -> pl.DataFrame:
    """Return the lives with the venue's usual rhythm; of debts only where rows borrow them."""
    known = [_usual().get((venue, wallet, fact)) for venue, wallet in lives.select("venue", "wallet").iter_rows()]
    usual = pl.Series("usual", [hours[0] if hours else None for hours in known], dtype=pl.Int64)
    phase = pl.Series("phase", [hours[1] if hours else None for hours in known], dtype=pl.Int64)
    lives = lives.with_columns(usual, phase)
    if "kind" in lives.columns:
        lives = lives.with_columns(usual=pl.when(pl.col("kind") == "margin").then("usual"))
    return lives


def _due(lives: pl.DataFrame, rows: pl.DataFrame, fact: str) -> pl.DataFrame:
    """Return the slots without a row: wallet, symbol, asset, fact, and what `cadence.SLOTS` says."""
    series = pl.concat_str(*WALLET, "name", separator=SEPARATOR)
    shared = pl.concat_str(*WALLET, separator=SEPARATOR)  # lots are short: they tell the rhythm together
    lives = lives.with_columns(
        life=pl.int_range(pl.len(), dtype=pl.UInt32),
        series=series,
        learn=pl.when("based").then(shared).otherwise(series),
    )
    names = ("life", "series", "learn", "start", "end", "sure", "based", "usual", "phase")
    slots = missing(lives.select(names), rows.with_columns(series=series).select("series", "at", "row_key"))
    named = lives.select("life", *WALLET, "symbol", "asset", "may_be_free", "held")
    return slots.join(named, on="life", how="left", maintain_order="left").with_columns(fact=pl.lit(fact))


# --------------------------------------------------------------------------------------- what is no gap


def _unproven(due: pl.DataFrame, proven: pl.DataFrame) -> pl.DataFrame:
    """Return the slots for which the venue's own balances leave room; where every one agrees nothing was charged."""
    spans = proven.select(*WALLET, "asset", "from_at", "to_at").sort("from_at")
    found = (
        due.with_columns(until=pl.col("slot_at") + SHORT_PROOF)
        .sort("slot_at")
        .join_asof(
            spans,
            left_on="slot_at",
            right_on="from_at",
            by=[*WALLET, "asset"],
            strategy="backward",
            check_sortedness=False,
        )
    )
    room = pl.col("to_at").is_null() | (pl.col("until") > pl.col("to_at"))
    return found.filter(room).drop("until", "from_at", "to_at").sort("life", "slot_at")


def _placed(slots: pl.DataFrame, wallets: Mapping[Wallet, Covered]) -> pl.DataFrame:
    """Return the slots with the number of the uncovered range that they fall into; null: an export covers them."""
    islands = [
        (*wallet, fact, number, start, end)
        for wallet, covered in wallets.items()
        for fact in ("funding", "interest")
        for number, (start, end) in enumerate(covered.islands.get(fact, ()))
    ]
    texts: dict[str, pl.DataType | type[pl.DataType]] = dict.fromkeys((*WALLET, "fact"), pl.String)
    schema = texts | {"island": pl.Int64, "opens": INSTANT, "closes": INSTANT}
    frame = pl.DataFrame(islands, schema=schema, orient="row").sort("opens")
    found = slots.sort("slot_at").join_asof(
        frame, left_on="slot_at", right_on="opens", by=[*WALLET, "fact"], strategy="backward", check_sortedness=False
    )
    covered = (pl.col("slot_at") < pl.col("closes")).fill_null(False)
    return found.with_columns(hole=pl.when(~covered).then(pl.col("island").fill_null(-1)))


# ---------------------------------------------------------------------------------------------- sentences


def _told(slots: pl.DataFrame) -> Iterator[Lack]:
    """Yield the gaps: neighbouring slots of a life together, and what no export covers together over all symbols."""
    inside = slots.filter(pl.col("hole").is_null()).sort("life", "slot_at")
    same = [pl.col(name).eq_missing(pl.col(name).shift(1)) for name in ("life", "hours", "learned", "sure", "between")]
    follows = pl.all_horizontal(*same, pl.col("slot_at") - pl.col("slot_at").shift(1) == pl.duration(hours="hours"))
    runs = (
        inside.with_columns(run=(~follows.fill_null(False)).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(
            pl.col(
                *WALLET,
                "fact",
                "symbol",
                "asset",
                "hours",
                "learned",
                "sure",
                "between",
                "may_be_free",
                "held",
                "before",
                "after",
            ).first(),
            from_at=pl.col("slot_at").min(),
            to_at=pl.col("slot_at").max(),
            missing=pl.len(),
        )
    )
    for row in runs.iter_rows(named=True):
        yield _of_rhythm(row)
    certain = pl.col("sure") & ~pl.col("may_be_free")
    outside = (
        slots.filter(pl.col("hole").is_not_null())
        .group_by(*WALLET, "fact", "hole", maintain_order=True)
        .agg(
            from_at=pl.col("slot_at").min(),
            to_at=pl.col("slot_at").max(),
            missing=pl.len(),
            names=pl.col("symbol").unique(maintain_order=True),
            sure=(certain & pl.col("learned")).any() | (pl.col("hours").filter(certain).sum() >= A_DAY),
        )
    )
    for row in outside.sort(*WALLET, "fact", "hole").iter_rows(named=True):
        yield _of_no_export(row)


def _of_rhythm(row: Mapping[str, object]) -> Lack:
    start, end, count, hours = row["from_at"], row["to_at"], row["missing"], row["hours"]
    assert isinstance(start, datetime) and isinstance(end, datetime) and isinstance(count, int)
    fact, symbol = str(row["fact"]), str(row["symbol"])
    held = str(row["held"])
    what = (
        f"no {fact} row {between(start, end)}"
        if count == 1
        else f"{count} {fact} rows are missing {between(start, end)}"
    )
    rhythm = {1: "every hour", 24: "every day"}.get(int(str(hours)), f"every {hours} h")
    sure = bool(row["learned"] and row["sure"] and (row["between"] or not row["may_be_free"]))
    if sure:
        told = f"{symbol}: {what}, though {held} and is charged {rhythm}"
    elif not row["learned"]:
        told = (
            f"{symbol}: {what}, though {held} and the venue usually charges {rhythm}; too few rows say how often it did"
        )
    elif not row["sure"]:
        told = f"{symbol}: {what}, if {held.replace('was', 'was still')} after the last fill that is known ({rhythm})"
    else:
        told = f"{symbol}: {what}, though {held}; small debts may be free of interest ({rhythm} otherwise)"
    keys = [str(row[name]) for name in ("before", "after") if row[name] is not None]
    return Lack(
        account=str(row["account"]),
        venue=str(row["venue"]),
        wallet=str(row["wallet"]),
        fact=fact,
        kind="cadence",
        from_at=start,
        to_at=end,
        warns=sure,
        priority=SURE if sure else PERHAPS,
        sentence=told,
        symbol=symbol,
        rows=keys,
        missing=count,
        because=f"{fact} of {symbol}",
    )


def _of_no_export(row: Mapping[str, object]) -> Lack:
    start, end, names, count = row["from_at"], row["to_at"], row["names"], row["missing"]
    assert isinstance(start, datetime) and isinstance(end, datetime)
    assert isinstance(names, Sequence) and isinstance(count, int)
    fact = str(row["fact"])
    held = "open" if fact == "funding" else "open or owed"
    told = (
        f"no export of {fact} covers the {f'{count} times' if count > 1 else 'time'} {between(start, end)} at which it "
        f"was due, while {_named(list(names))} was {held}"
    )
    return Lack(
        account=str(row["account"]),
        venue=str(row["venue"]),
        wallet=str(row["wallet"]),
        fact=fact,
        kind="files",
        from_at=start,
        to_at=end,
        warns=bool(row["sure"]),
        priority=SURE if row["sure"] else LIKELY,
        sentence=told,
        symbol=str(names[0]) if len(names) == 1 else None,
        missing=count,
        because=f"{fact} of {_named(list(names))}",
    )


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown} and {len(names) - NAMES_SHOWN} more"


def finding_of(lacks: Sequence[Lack]) -> dict[str, object]:
    """Return the finding for all places at which charges of one symbol are missing."""
    first = min(lacks, key=lambda lack: lack.from_at)
    count = sum(lack.missing or 0 for lack in lacks)
    rows = f"1 {first.fact} row is" if count == 1 else f"{count} {first.fact} rows are"
    places = "" if len(lacks) == 1 else f" in {len(lacks)} places"
    sentence = (
        f"{first.symbol}: {rows} missing{places}, {'due' if count == 1 else 'the first'} at {stamp(first.from_at)}; "
        "`marginbook report gaps` shows where, `marginbook report downloads` which export to fetch"
    )
    return {
        "kind": f"missing_{first.fact}",
        "severity": "warning",
        "account": first.account,
        "wallet": first.wallet,
        "symbol": first.symbol,
        "found_at": first.from_at,
        "sentence": sentence,
        "rows": list(dict.fromkeys(key for lack in lacks for key in lack.rows))[:SHOWN],
    }
