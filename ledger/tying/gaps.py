"""Everything that the book lacks, in one table: files, charges of a rhythm, ids that jump, balances that break."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from importers.registry import formats
from ledger.accounting.finding_rows import write_findings
from ledger.storage.store import Store, statement
from ledger.tying.charges import finding_of, missing_charges
from ledger.tying.exports import Exports
from ledger.tying.lacks import PERHAPS, SURE, Lack, between, gap_frame, stamp
from ledger.tying.uncovered import covered_wallets, uncovered

NUMBERED = (("movements", "moved_at", "asset"), ("fills", "filled_at", "symbol"))
"""Tables whose rows may carry the venue's own order: time, and what may number its rows apart."""
FACT = {"movements": "ledger", "fills": "fills"}


def find_gaps(store: Store) -> None:
    """Write `gaps` anew, and a finding for each symbol of which charges are missing."""
    spans = store.query(statement("gaps", "spans"))
    exports = Exports.known(formats(), spans)
    wallets = covered_wallets(spans)
    charges = missing_charges(store, wallets)
    lacks = [*charges, *uncovered(store, wallets, exports), *_jumps(store), *_breaks(store)]
    store.execute(statement("gaps", "forget"))
    store.insert("gaps", gap_frame(lacks, exports).unique("gap_id", keep="first", maintain_order=True))
    of_symbol: dict[tuple[str, ...], list[Lack]] = defaultdict(list)
    for lack in charges:
        if lack.kind == "cadence" and lack.warns:
            of_symbol[lack.account, lack.venue, lack.wallet, lack.fact, lack.symbol or ""].append(lack)
    by_venue: dict[str, list[dict[str, object]]] = defaultdict(list)
    for (_, venue, *_), found in of_symbol.items():
        by_venue[venue].append(finding_of(found))
    for venue, findings in by_venue.items():
        write_findings(store, venue, findings)


def _breaks(store: Store) -> Iterator[Lack]:
    """Yield a gap for each place where the chain of stated balances does not hold."""
    for name, account, venue, wallet, asset, since, broken, difference, key in store.rows(statement("gaps", "breaks")):
        sentence = (
            f"the {asset} that the venue states at {stamp(broken)} is {abs(difference).normalize():f} "
            f"{'more' if difference > 0 else 'less'} than the rows since {stamp(since)} lead to"
        )
        yield Lack(
            account=account,
            venue=venue,
            wallet=wallet,
            fact="ledger",
            kind="balance",
            from_at=since,
            to_at=broken,
            symbol=asset,
            warns=True,
            priority=SURE,
            sentence=sentence,
            because=f"a break of the {asset} balance",
            rows=[key] if key else [],
            name=name.replace("break-", "gap-"),
            remedy="`marginbook report breaks` says what would explain it",
        )


def _jumps(store: Store) -> Iterator[Lack]:
    """Yield the ids that are left out, of series whose ids nearly always follow one another.

    Which those are is learned: by account, else by asset or symbol, at least 95 of 100 steps are +1.
    """
    present = {name for (name,) in store.rows("SELECT DISTINCT format FROM files WHERE format IS NOT NULL")}
    numbered = [form.name for form in formats() if form.sequence is not None and form.name in present]
    if not numbered:
        return
    for table, time, what in NUMBERED:
        told: set[tuple[str, str, str]] = set()
        for kind in ("NULL::VARCHAR", what):
            texts = {"table": table, "time": time, "what": kind}
            dense = store.rows(statement("gaps", "dense").format(**texts), {"formats": numbered})
            for account, venue, form, name, _ in dense:
                if (account, venue, form) in told:
                    continue
                found = list(_left_out(store, texts, Series(account=account, venue=venue, format=form, what=name)))
                if name is None and found:
                    told.add((account, venue, form))
                yield from found


@dataclass(frozen=True, kw_only=True)
class Series:
    """Rows that one export numbers: all of an account, or those of one asset or symbol."""

    account: str
    venue: str
    format: str
    what: str | None


def _left_out(store: Store, texts: Mapping[str, str], series: Series) -> Iterator[Lack]:
    steps = store.rows(statement("gaps", "jumps").format(**texts), asdict(series))
    unread = int(store.scalar(statement("gaps", "unread"), {"account": series.account, "format": series.format}) or 0)
    known = unread >= sum(step[3] for step in steps)
    for wallet, last_id, next_id, count, start, end, last_key, next_key in steps:
        ids = f"{last_id + 1}" if count == 1 else f"{last_id + 1} to {next_id - 1}"
        told = (
            f"the ids of {series.what or 'this export'} leave out {ids} {between(start, end)}, and nearly all others "
            "follow one another"
        )
        if known:
            told += "; as many of its rows were left out or not understood"
        yield Lack(
            account=series.account,
            venue=series.venue,
            wallet=wallet,
            fact=FACT[texts["table"]],
            kind="sequence",
            from_at=start,
            to_at=end,
            symbol=series.what,
            missing=count,
            warns=not known,
            priority=PERHAPS if known else SURE,
            sentence=told,
            because="ids that are left out",
            rows=[last_key, next_key],
        )
