"""What makes a tax year doubtful: each thing with a sentence, what to do, and the rows; and what a person accepted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from ledger.storage.log import Entry
from ledger.taxing.gathering import Gathered
from ledger.taxing.steps import CROSSINGS
from reports.tax.value import BLOCKS, Policy
from schemas.currencies import CURRENCIES

ACCEPTED = "tax_accept"
"""Kind of the log's entries that accept a block."""
BLOCK_ID = re.compile(r"tax-[a-z]+\d{4}-\w+-[0-9a-f]{8}")
"""How a block is called: its country, year and kind, and a digest of what it says."""
MOST_ROWS = 50
Row = Mapping[str, Any]


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
    results: pl.DataFrame
    controls: pl.DataFrame


def blocks(found: Doubtful, known: Gathered, moves: pl.DataFrame, policy: Policy, log: Iterable[Entry]) -> pl.DataFrame:
    """Return the blocks of a year, those that a person accepted with the reason."""
    inside = (pl.col("happened_at") >= policy.starts_at) & (pl.col("happened_at") < policy.ends_at)
    rows = [
        *_missing(found.disposals),
        *_unpriced(found.unpriced, policy),
        *_crossings(moves.filter(inside & (pl.col("asset") != policy.currency) & ~pl.col("row").is_in(found.stated))),
        *_unknown(moves.filter(inside)),
        *_alone(found.alone.filter(inside)),
        *_orphans(found.orphans.filter(inside)),
        *_unvalued(found.results),
        *_lost(moves.filter(inside)),
        *_doubts(known.doubts),
        *_unmet(found.unmet),
        *_uncontrolled(found.controls),
    ]
    return judged(rows, log, policy)


def _id_of(row: Row, policy: Policy) -> str:
    digest = hashlib.sha256(f"{row['block_id']}|{row['sentence']}".encode()).hexdigest()[:8]
    return f"tax-{policy.jurisdiction}{policy.year}-{row['kind']}-{digest}"


def judged(rows: Iterable[Row], log: Iterable[Entry], policy: Policy) -> pl.DataFrame:
    """Return blocks with who accepted them, and why.

    What was accepted is what stood there, of that country and year: a block that says something else blocks again.
    """
    accepted = {entry["block"]: entry for entry in log if entry["kind"] == ACCEPTED}
    named = [{**row, "block_id": _id_of(row, policy)} for row in rows]
    told = [
        {**row, "accepted_by": entry.get("by"), "accepted_reason": entry.get("reason")}
        for row in named
        for entry in [accepted.get(row["block_id"], {})]
    ]
    return pl.DataFrame(told, schema=dict(BLOCKS), orient="row")


def block(kind: str, sentence: str, todo: str, *, names: Sequence[object], **told: Any) -> Row:
    """Return a block; `names` are what its id is made of, so that it is the same in the next run."""
    digest = hashlib.sha256("|".join(str(name) for name in (kind, *names)).encode()).hexdigest()[:8]
    rows = [str(row) for row in told.pop("rows", [])][:MOST_ROWS]
    base = dict.fromkeys(BLOCKS)
    return {
        **base,
        "block_id": f"tax-{kind}-{digest}",
        "kind": kind,
        "sentence": sentence,
        "todo": todo,
        "rows": rows,
        **told,
    }


def _missing(disposals: pl.DataFrame) -> Iterable[Row]:
    lacking = disposals.filter(pl.col("basis").is_null() & (pl.col("note") == "unknown cost"))
    for (account, wallet, asset), lines in lacking.group_by("account", "wallet", "asset", maintain_order=True):
        amount = lines["quantity"].sum()
        yield block(
            "missing_history",
            f"{_plain(amount)} {asset} were disposed of ({lines['disposal_id'].n_unique()} times) of "
            f"which nothing tells for what they "
            "were acquired; their gain is unknown, and in no total",
            "import the export that shows how they came (`marginbook report transfers` names the "
            "deposits), or state them: "
            f"`marginbook enter opening-lot --account {account} --wallet {wallet} --asset {asset} ...`",
            names=(account, wallet, asset, lines["line"][0]),
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
            f"{asset} has no price in {policy.currency} at {lines['at'].n_unique()} instants of "
            f"{days} days from {_day(first)} to "
            f"{_day(last)} ({lines['source'][0]})",
            f"fill in and import the file of wanted prices that is written beside "
            f"(time,symbol,price,quote), or any price file of "
            f"{asset} in {policy.currency}; --max-age says how old a price may be",
            names=(asset, policy.currency),
            asset=asset,
            happened_at=first,
            rows=_rows(lines["rows"]),
        )


def _crossings(moves: pl.DataFrame) -> Iterable[Row]:
    digital = ~pl.col("asset").is_in(sorted(CURRENCIES))
    ends = moves.filter(digital & pl.col("cause").is_in(CROSSINGS) & pl.col("match_id").is_null())
    for move in ends.filter(~pl.col("status").is_in(["pledged", "margin"]).fill_null(value=False)).iter_rows(
        named=True
    ):
        amount, came = abs(move["amount"]), move["amount"] > 0
        what = f"{_plain(amount)} {move['asset']}"
        told = f"{what} came from outside the book" if came else f"{what} left the book, and nothing tells for what"
        todo = (
            "import the account they came from, or `marginbook match` the two rows; if they were "
            "always yours, `marginbook enter "
            "opening-lot` states what they cost; if they were paid to you, accept it with that "
            "reason and add the income by hand"
            if came
            else "import the account they went to, or `marginbook match` the two rows; if they went to a wallet "
            "of your own, accept it "
            "with that reason (their cost is kept for their return); if they paid for something, `marginbook enter otc`"
        )
        yield block(
            "unmatched_transfer",
            told,
            todo,
            names=(move["row"],),
            account=move["account"],
            wallet=move["wallet"],
            asset=move["asset"],
            happened_at=move["happened_at"],
            amount=move["amount"],
            rows=[move["row"]],
        )


def _unknown(moves: pl.DataFrame) -> Iterable[Row]:
    odd = moves.filter(pl.col("cause").is_in(["unknown", "correction"]) & ~pl.col("format").str.starts_with("manual"))
    for move in odd.iter_rows(named=True):
        yield block(
            "unknown_movement",
            f"{_plain(move['amount'])} {move['asset']} were booked as {move['cause']}: the export does not say why",
            "look at the row (`marginbook trace ROW`) and accept it with what it is",
            names=(move["row"],),
            account=move["account"],
            wallet=move["wallet"],
            asset=move["asset"],
            happened_at=move["happened_at"],
            amount=move["amount"],
            rows=[move["row"]],
        )


def _alone(alone: pl.DataFrame) -> Iterable[Row]:
    for leg in alone.iter_rows(named=True):
        what = f"{_plain(leg['quantity'])} {leg['asset']}"
        told = (
            f"{what} were given in a trade of which nothing shows what was got"
            if leg["side"] == "sent"
            else (f"{what} were got in a trade of which nothing shows what was given")
        )
        yield block(
            "unpaired_trade",
            f"{told}; it is valued at the market's price",
            "import the export that has the other leg",
            names=(leg["group"],),
            account=leg["account"],
            wallet=leg["wallet"],
            asset=leg["asset"],
            happened_at=leg["happened_at"],
            amount=leg["quantity"],
            rows=leg["rows"],
        )


def _orphans(orphans: pl.DataFrame) -> Iterable[Row]:
    for debt in orphans.iter_rows(named=True):
        yield block(
            "unpaid_repayment",
            f"a debt of {_plain(debt['principal'])} {debt['asset']} was repaid, and no row shows with what",
            "import the export of the wallet that paid, or accept it with what it is (a debt that "
            "was forgiven may be income)",
            names=(debt["debt_row"],),
            account=debt["account"],
            wallet=debt["wallet"],
            asset=debt["asset"],
            happened_at=debt["happened_at"],
            amount=debt["principal"],
            rows=[debt["debt_row"]],
        )


def _unvalued(results: pl.DataFrame) -> Iterable[Row]:
    unknown = results.filter(pl.col("amount").is_null())
    for (position,), lines in unknown.group_by("position_id", maintain_order=True):
        first = lines.row(0, named=True)
        yield block(
            "unknown_result",
            f"what {position} realized is unknown: its entry or its contract's size is not in the book",
            "import the fills that opened it, or the instrument's terms; or `marginbook enter opening-position`",
            names=(position,),
            account=first["account"],
            wallet=first["wallet"],
            asset=first["asset"],
            happened_at=first["booked_at"],
            rows=_rows(lines["rows"]),
        )


def _lost(moves: pl.DataFrame) -> Iterable[Row]:
    for move in moves.filter((pl.col("booked_as") == "loss") & (pl.col("amount") < 0)).iter_rows(named=True):
        yield block(
            "lost",
            f"{_plain(-move['amount'])} {move['asset']} were entered as lost; whether that is a loss "
            f"for tax depends on the country, "
            "so it has no proceeds and no gain here",
            "decide with your accountant, and accept it with what was decided",
            names=(move["row"],),
            account=move["account"],
            wallet=move["wallet"],
            asset=move["asset"],
            happened_at=move["happened_at"],
            amount=move["amount"],
            rows=[move["row"]],
        )


TODO = {
    "not_understood": "give the instrument (column `instrument`, or a file of instruments), and import again",
    "rejected_rows": "`marginbook rejects` shows each row and why; `marginbook retry` reads them again",
    "ends_early": "import what came after, or accept that nothing did",
}


def _doubts(doubts: pl.DataFrame) -> Iterable[Row]:
    for doubt in doubts.iter_rows(named=True):
        if doubt["kind"] == "break":
            told = f"the balance of {doubt['asset']} in {doubt['wallet']} breaks by {_plain(doubt['amount'])}"
            explain = f"`marginbook breaks explain {doubt['block_id']} --reason ...`"
            todo = f"`marginbook report breaks` has the hint; explain it: {explain}"
        else:
            told, todo = doubt["sentence"], TODO.get(doubt["kind"], "`marginbook report downloads` names the export")
        yield block(
            doubt["kind"],
            told,
            todo,
            names=(doubt["block_id"],),
            account=doubt["account"],
            wallet=doubt["wallet"],
            asset=doubt["asset"],
            happened_at=doubt["happened_at"],
            amount=doubt["amount"],
            rows=[] if doubt["row"] is None else [doubt["row"]],
        )


def _uncontrolled(controls: pl.DataFrame) -> Iterable[Row]:
    for control in controls.filter(pl.col("difference") != 0).iter_rows(named=True):
        here, book = _plain(control["here"]), _plain(control["book"])
        told = f"{control['name']} of {control['asset']}: {here} here, {book} in the book"
        yield block(
            "control",
            f"{told}, a difference of {_plain(control['difference'])}",
            "`marginbook check` and `report balances` show the book's side; opening lots of units that no row "
            "brings into a wallet make such a difference, too",
            names=(control["name"], control["asset"]),
            asset=control["asset"],
            amount=control["difference"],
        )


def _unmet(unmet: pl.DataFrame) -> Iterable[Row]:
    for choice in unmet.iter_rows(named=True):
        yield block(
            "unmet_choice",
            f"{_plain(choice['quantity'])} of lot L-{choice['lot']} were chosen for the disposal {choice['event']}, "
            "and were not there to take: the method chose others in their place",
            "correct the file of --lots",
            names=(choice["event"], choice["lot"]),
            amount=choice["quantity"],
        )


def _rows(lists: pl.Series) -> list[str]:
    return lists.explode().unique(maintain_order=True).drop_nulls().to_list()


def _plain(amount: object) -> str:
    if amount is None:
        return "?"
    text = f"{Decimal(str(amount)):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _day(moment: Any) -> str:
    return moment.date().isoformat() if isinstance(moment, datetime) else "?"
