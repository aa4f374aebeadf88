"""What makes a tax year doubtful: each thing with a sentence, what to do, and the rows; and what a person accepted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from ledger.storage.log import Entry
from ledger.taxing.accepting import Row, judged
from ledger.taxing.gathering import NEXT_DAYS, Gathered
from ledger.taxing.lines import UNSEEN
from ledger.taxing.odd_rows import amount_text, block, odd_rows
from reports.tax.amounts import counted
from reports.tax.value import Policy


@dataclass(frozen=True, kw_only=True)
class Doubtful:
    """What the computation found: disposals without basis, prices that lack, legs alone, debts nobody paid."""

    disposals: pl.DataFrame
    unpriced: pl.DataFrame
    """asset, at, source (what was looked for), rows."""
    alone: pl.DataFrame
    unmet: pl.DataFrame
    """Of chosen lots, what was not there to take: event, lot, quantity."""
    stated: Sequence[str]
    """Rows of what entered from outside and is all of opening lots that a person stated."""
    orphans: pl.DataFrame
    openings: pl.DataFrame
    """What wallets held before their first row, as `entered_or_left` has it."""
    resting: Collection[str]
    """Doubtful events and trades that something rests on which the year disposed of."""
    results: pl.DataFrame
    controls: pl.DataFrame


def blocks(found: Doubtful, known: Gathered, moves: pl.DataFrame, policy: Policy, log: Iterable[Entry]) -> pl.DataFrame:
    """Return the blocks of a year, those that a person accepted with the reason."""
    inside = (pl.col("happened_at") >= policy.starts_at) & (pl.col("happened_at") < policy.ends_at)
    this_year, resting = moves.filter(inside), list(found.resting)
    crossings = moves.filter((inside | pl.col("row").is_in(resting)) & ~pl.col("row").is_in(found.stated))
    frames = {
        "crossings": crossings.filter(pl.col("asset") != policy.currency),
        "openings": found.openings.filter(pl.col("event").is_in(resting)),
        "moves": this_year,
        "legs": found.alone.filter(inside | pl.col("group").is_in(resting)),
        "debts": found.orphans.filter(inside),
        "remainders": known.remainders,
    }
    late = _late(found.disposals, policy)
    before = (pl.col("happened_at") < policy.ends_at).fill_null(value=True)
    rows = [
        *_missing(found.disposals),
        *_unseen(found.disposals),
        *_unpriced(found.unpriced, policy),
        *odd_rows(frames, policy),
        *_unvalued(found.results),
        *_doubts(known.doubts if late.height else known.doubts.filter(before)),
        *_ends_too_early(late, known, policy),
        *_unmet(found.unmet),
        *_uncontrolled(found.controls),
    ]
    return judged(rows, log, policy)


def _missing(disposals: pl.DataFrame) -> Iterable[Row]:
    lacking = disposals.filter(pl.col("basis").is_null() & (pl.col("note") == "unknown cost"))
    for (account, wallet, asset), lines in lacking.group_by("account", "wallet", "asset", maintain_order=True):
        amount = lines["quantity"].sum()
        yield block(
            "missing_history",
            f"{amount_text(amount)} {asset} were disposed of ({counted(lines['disposal_id'].n_unique(), 'time')}) of "
            f"which nothing tells for what they "
            "were acquired; their gain is unknown, and in no total",
            "import the export that shows how they came (`marginbook report transfers` names the "
            "deposits), or state them: "
            f"`marginbook enter opening-lot --account {account} --wallet {wallet} --asset {asset} ...`",
            account=account,
            wallet=wallet,
            asset=asset,
            happened_at=lines["disposed_at"].min(),
            amount=amount,
            rows=_rows(lines["rows"]),
        )


def _unseen(disposals: pl.DataFrame) -> Iterable[Row]:
    unseen = disposals.filter(pl.col("proceeds").is_null() & (pl.col("note") == UNSEEN))
    for (account, wallet, asset), lines in unseen.group_by("account", "wallet", "asset", maintain_order=True):
        amount = lines["quantity"].sum()
        yield block(
            "unseen_debt",
            f"{amount_text(amount)} {asset} were owed, and paid, of which nothing tells what became of them "
            "when they were borrowed; the gain of what paid them is unknown, and in no total",
            "import the export that shows how they were borrowed, or accept it with what it is",
            account=account,
            wallet=wallet,
            asset=asset,
            happened_at=lines["disposed_at"].min(),
            amount=amount,
            rows=_rows(lines["rows"]),
        )


def _unpriced(unpriced: pl.DataFrame, policy: Policy) -> Iterable[Row]:
    for (asset,), lines in unpriced.sort("at").group_by("asset", maintain_order=True):
        first, last = lines["at"].min(), lines["at"].max()
        days = lines["at"].dt.date().n_unique()
        yield block(
            "unpriced",
            f"{asset} has no price in {policy.currency} at {counted(lines['at'].n_unique(), 'instant')} of "
            f"{counted(days, 'day')}, {_span(first, last)} ({lines['source'][0]})",
            f"fill in and import the file of wanted prices that is written beside "
            f"(time,symbol,price,quote), or any price file of "
            f"{asset} in {policy.currency}; --max-age says how old a price may be",
            asset=asset,
            happened_at=first,
            rows=_rows(lines["rows"]),
        )


def _unvalued(results: pl.DataFrame) -> Iterable[Row]:
    unknown = results.filter(pl.col("amount").is_null())
    for (position,), lines in unknown.group_by("position_id", maintain_order=True):
        first = lines.row(0, named=True)
        yield block(
            "unknown_result",
            f"what {position} realized is unknown: its entry or its contract's size is not in the book",
            "import the fills that opened it, or the instrument's terms; or `marginbook enter opening-position`",
            account=first["account"],
            wallet=first["wallet"],
            asset=first["asset"],
            happened_at=first["booked_at"],
            rows=_rows(lines["rows"]),
        )


REMEDIES = {
    "not_understood": "give the instrument (column `instrument`, or a file of instruments), and import again",
    "rejected_rows": "`marginbook rejects` shows each row and why; `marginbook retry` reads them again",
    "ends_early": "import what came after, or accept that nothing did",
}


def _doubts(doubts: pl.DataFrame) -> Iterable[Row]:
    for doubt in doubts.iter_rows(named=True):
        if doubt["kind"] == "break":
            told = f"the balance of {doubt['asset']} in {doubt['wallet']} breaks by {amount_text(doubt['amount'])}"
            explain = f"`marginbook breaks explain {doubt['block_id']} --reason ...`"
            todo = f"`marginbook report breaks` has the hint; explain it: {explain}"
        else:
            told, todo = (
                doubt["sentence"],
                REMEDIES.get(doubt["kind"], "`marginbook report downloads` names the export"),
            )
        yield block(
            doubt["kind"],
            told,
            todo,
            account=doubt["account"],
            wallet=doubt["wallet"],
            asset=doubt["asset"],
            happened_at=doubt["happened_at"],
            amount=doubt["amount"],
            rows=[] if doubt["row"] is None else [doubt["row"]],
        )


def _late(disposals: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Return what the UK's pools gave in the last 30 days of the year: a later purchase may come before them."""
    late = pl.col("disposed_at") >= policy.ends_at - NEXT_DAYS
    taken = disposals.filter(late & (pl.col("rule") == "section_104") & ~pl.col("state_money"))
    return taken if policy.method == "uk" else taken.clear()


def _ends_too_early(late: pl.DataFrame, known: Gathered, policy: Policy) -> Iterable[Row]:
    """Yield that the book ends after the year, but before the 30 days after its last disposals are over."""
    until: datetime | None = max(known.known_until["until"].drop_nulls().to_list(), default=None)
    unknown = late.filter(pl.col("disposed_at") + NEXT_DAYS > (until or policy.starts_at))
    if not unknown.height or (until or policy.starts_at) < policy.ends_at - timedelta(days=1):
        return
    last = unknown["disposed_at"].dt.convert_time_zone(policy.zone).max()
    needed = _day(last + NEXT_DAYS) if isinstance(last, datetime) else "?"
    yield block(
        "ends_early",
        f"the last row of the book is of {_day(until)}: what was disposed of in the last 30 days of the year "
        f"({counted(unknown['disposal_id'].n_unique(), 'time')}) is matched first with what is bought in the "
        f"30 days after, until {needed}",
        "import what came after, or accept that nothing was bought",
        happened_at=unknown["disposed_at"].min(),
        rows=_rows(unknown["rows"]),
    )


def _uncontrolled(controls: pl.DataFrame) -> Iterable[Row]:
    for control in controls.filter(pl.col("difference") != 0).iter_rows(named=True):
        here, book = amount_text(control["here"]), amount_text(control["book"])
        told = f"{control['name']} of {control['asset']}: {here} here, {book} in the book"
        yield block(
            "control",
            f"{told}, a difference of {amount_text(control['difference'])}",
            "`marginbook check` and `report balances` show the book's side; opening lots of units that no row "
            "brings into a wallet make such a difference, too",
            asset=control["asset"],
            amount=control["difference"],
        )


def _unmet(unmet: pl.DataFrame) -> Iterable[Row]:
    for choice in unmet.iter_rows(named=True):
        yield block(
            "unmet_choice",
            f"{amount_text(choice['quantity'])} of lot L-{choice['lot']} were chosen for the disposal "
            f"{choice['event']}, and were not there to take: the method chose others in their place",
            "correct the file of --lots",
            amount=choice["quantity"],
        )


def _rows(lists: pl.Series) -> list[str]:
    return lists.explode().unique(maintain_order=True).drop_nulls().to_list()


def _day(moment: Any) -> str:
    return moment.date().isoformat() if isinstance(moment, datetime) else "?"


def _span(first: Any, last: Any) -> str:
    return f"on {_day(first)}" if _day(first) == _day(last) else f"from {_day(first)} to {_day(last)}"
