"""Closing a month of an account, its review by another person, and opening it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

import polars as pl

from ledger.closing.decisions import explained_id, keep, kept, restore
from ledger.closing.figures import dumped, loaded
from ledger.closing.gathering import Ask, frames_of, gather
from ledger.closing.months import Span, blocks, span_of
from ledger.storage import log
from ledger.storage.archive import Archive
from ledger.storage.failpoints import reached
from ledger.storage.store import Store, statement
from reports.month import Month
from schemas.errors import BookError, NotClosable, UnknownThing


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where a person decides: the book's store and archive, its reports, and the time of day."""

    store: Store
    archive: Archive
    ask: Ask
    now: datetime

    def decide(self, entry: dict[str, Any]) -> None:
        """Log a decision and remake the tables that follow from the log."""
        with self.store.transaction():
            log.add(self.store, self.now, entry)
            reached("decide.logged")
            restore(self.store, self.archive)
            reached("decide.restored")
        reached("decide.committed")
        log.synchronize(self.store, self.archive)


def closes_of(store: Store, account: str) -> list[dict[str, Any]]:
    """Return the closed months of an account, the last one last."""
    return store.query(statement("closing", "closes_of"), {"account": account}).to_dicts()


def zone_of(store: Store, account: str, asked: str | None) -> str:
    """Return the zone of an account's months: that of those closed, else the one asked for, else UTC."""
    closed = closes_of(store, account)
    if closed and asked is not None and asked != closed[-1]["zone"]:
        raise UnknownThing(
            f"the months of {account} are closed in {closed[-1]['zone']}, not {asked}",
            "leave --zone out, or reopen them first",
        )
    return str(closed[-1]["zone"]) if closed else asked or "UTC"


def why_not(desk: Desk, account: str, span: Span) -> list[str]:
    """Return what keeps the month from being closed now; empty where nothing does."""
    if reason := _out_of_turn(desk, account, span) or _unknown(desk, account, span):
        return [reason]
    lines = frames_of(desk.ask, account, span, ("reconcile",))["reconcile"]
    if not lines.height:
        return [f"the book knows of nothing that {account} held or moved by the end of {span.name}"]
    return blocks(lines, desk.ask("breaks", account=account))


def _out_of_turn(desk: Desk, account: str, span: Span) -> str | None:
    """Say why it is not the month's turn."""
    closed = closes_of(desk.store, account)
    if any(close["period"] == span.name for close in closed):
        return f"{span.name} of {account} is closed already; `marginbook reopen` opens it again"
    if not closed or closed[-1]["ends_at"] == span.starts_at:
        return None
    last = closed[-1]["period"]
    if span.starts_at < closed[-1]["ends_at"]:
        shown = f"what comes late for {span.name} is shown in the first open month"
        return f"{last} is closed, and with it all before it; {shown}"
    return f"the last closed month of {account} is {last}; close the months between first"


def _unknown(desk: Desk, account: str, span: Span) -> str | None:
    """Say why nobody can know the month yet."""
    if desk.now < span.ends_at:
        return f"{span.name} is not over before {span.ends_at:%Y-%m-%d %H:%M}Z"
    known = desk.store.scalar(statement("closing", "last_known"), {"account": account})
    if known is None or known >= span.starts_at:
        return None
    asserted = f"`marginbook assert {account} WALLET ASSET {span.name} AMOUNT`"
    what = f"the book knows nothing of {account} after {known:%Y-%m-%d %H:%M}Z"
    return f"{what}; import the exports of {span.name}, or say what it held: {asserted}"


def doubts(desk: Desk, account: str, span: Span) -> list[str]:
    """Return what a person should know before a month is closed, though it is not in the way."""
    found = []
    words = {"account": account, "from": span.starts_at, "to": span.ends_at}
    earlier = [period for (period,) in desk.store.rows(statement("closing", "months_before"), words)]
    if earlier and not closes_of(desk.store, account):
        found.append(
            f"months before it that have rows ({earlier[0]} to {earlier[-1]}) become its opening, frozen with "
            "it; to close each of them, reopen it and begin with the first"
        )
    for venue, wallet, until in desk.store.rows(statement("closing", "covered_until"), words):
        found.append(
            f"{venue} {wallet}: the last row or statement is of {until:%Y-%m-%d %H:%M}Z; if anything happened in "
            f"the rest of {span.name}, no file tells it"
        )
    return found


def close(desk: Desk, account: str, span: Span, by: str, currency: str | None = None) -> str:
    """Freeze the month's figures and return their digest.  Raises NotClosable with all that is in the way."""
    preparer = person(by)
    if reasons := why_not(desk, account, span):
        raise NotClosable(account, span.name, reasons)
    month = gather(desk.store, desk.archive, desk.ask, account, span, status="closed", figures="", currency=currency)
    digest = keep(desk.archive, dumped(month))
    reached("close.kept")
    desk.decide({"kind": "close", "account": account, "period": span.name, "zone": span.zone, "by": preparer,
                 "figures": digest, "version": month.version})  # fmt: skip
    return digest


def month_as_it_stands(desk: Desk, account: str, span: Span, currency: str | None = None) -> Month:
    """Return a month to hand over: of a closed one what was frozen, else a draft that says what is in the way."""
    found = [close for close in closes_of(desk.store, account) if close["period"] == span.name]
    if not found:
        return gather(desk.store, desk.archive, desk.ask, account, span, status="draft", figures="", currency=currency,
                      blocks=why_not(desk, account, span))  # fmt: skip
    signed = {name: found[0][name] for name in ("closed_by", "closed_at", "reviewed_by", "reviewed_at")}
    status = "reviewed" if found[0]["reviewed_by"] else "closed"
    return loaded(kept(desk.archive, found[0]["figures"]), status=status, **signed)


def review(desk: Desk, account: str, period: str, by: str) -> dict[str, Any]:
    """Sign a closed month as its second pair of eyes, and return the close.  Raises UnknownThing."""
    found = _closed(desk, account, period)
    if found["reviewed_by"]:
        raise UnknownThing(f"{period} of {account} was reviewed by {found['reviewed_by']} already")
    if person(by).casefold() == found["closed_by"].casefold():
        raise UnknownThing(f"{period} of {account} was prepared by {found['closed_by']}", "another person reviews it")
    kept(desk.archive, found["figures"])  # what is signed must be there
    if not desk.archive.verify(found["figures"]):
        raise BookError(
            desk.archive.folder, f"the frozen figures of {period} are damaged", "restore the archive from a copy"
        )
    desk.decide({"kind": "review", "account": account, "period": period, "by": person(by)})
    return _closed(desk, account, period)


def reopen(desk: Desk, account: str, period: str, reason: str, by: str | None) -> None:
    """Open a closed month again; later ones must be opened before it.  Raises UnknownThing."""
    _closed(desk, account, period)
    later = [close["period"] for close in closes_of(desk.store, account) if close["period"] > period]
    if later:
        raise UnknownThing(f"{', '.join(later)} of {account} stands on {period}", f"reopen {later[-1]} first")
    desk.decide({"kind": "reopen", "account": account, "period": period, "reason": said(reason), "by": by})


def explain(desk: Desk, name: str, reason: str, by: str | None) -> str:
    """Say why balances differ at a break, or why a closing that nothing states is right; return the id."""
    entry: dict[str, Any] = {"kind": "explain", "reason": said(reason), "by": by}
    broken = desk.ask("breaks").filter(pl.col("break_id") == name)
    if broken.height:
        row = broken.row(0, named=True)
        entry |= {word: row[word] for word in ("account", "venue", "wallet", "asset")}
        entry |= {"broken_at": row["broken_at"].isoformat(), "amount": str(row["difference"])}
        entry["ordinal"] = next(ordinal for ordinal in count(1) if explained_id(entry | {"ordinal": ordinal}) == name)
    elif name.startswith("reconcile|"):
        line = _line(desk, name)
        entry |= {word: line[word] for word in ("account", "venue", "wallet", "asset", "period")}
        entry["amount"] = str(line["closing"])
    else:
        raise UnknownThing(f"there is no break called {name!r}", "`marginbook report breaks` lists them")
    desk.decide(entry)
    return explained_id(entry)


def _line(desk: Desk, name: str) -> dict[str, Any]:
    if name.count("|") != 4:
        raise UnknownThing(f"{name!r} is no line", "`marginbook report reconcile --output-format csv` shows the lines")
    period, owner = name.split("|")[1:3]
    span = span_of(period, zone_of(desk.store, owner.split("@")[0], None))
    lines = desk.ask("reconcile", start=span.starts_at, to=span.ends_at, zone=span.zone)
    found = lines.filter(pl.col("line") == name)
    if not found.height:
        raise UnknownThing(
            f"there is no line {name!r}", "`marginbook report reconcile --output-format csv` shows the lines"
        )
    row = found.row(0, named=True)
    if row["status"] != "no_anchor":
        raise UnknownThing(f"{name} is {row['status']}", "explain its breaks: `marginbook report breaks` lists them")
    return row


def _closed(desk: Desk, account: str, period: str) -> dict[str, Any]:
    found = [close for close in closes_of(desk.store, account) if close["period"] == period]
    if not found:
        raise UnknownThing(f"{period} of {account} is not closed", "`marginbook report closes` lists what is")
    return found[0]


def person(name: str) -> str:
    """Return a person's name if it is one."""
    return said(name, "a name", "say who: --by NAME")


def said(
    text: str, what: str = "a reason", remedy: str = "say why: whoever reads the book later has nothing else"
) -> str:
    """Return a text that says something, in one line."""
    if not text.split():
        raise UnknownThing(f"{text!r} is not {what}", remedy)
    return " ".join(text.split())
