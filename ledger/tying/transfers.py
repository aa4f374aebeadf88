"""Transfers between own wallets: both ends are matched; of the others it is said what their other end may be."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from ledger.storage.store import Store, statement
from ledger.tying.ends import End, ends_of, exact, place_of, plain
from ledger.tying.matching import Match, match
from ledger.tying.unmatched import BY_HAND, Verdict, known_of, verdict_of
from schemas.bookkeeping import Finding
from schemas.ddl import column_types
from schemas.derived import TransferEnd, TransferMatch

KIND = "unmatched_transfer"
SHOWN = 20


def match_transfers(store: Store) -> None:
    """Write which ends of transfers belong together, what the others may be, and findings where another should be."""
    ends = ends_of(store)
    decided = [
        (None if sent is None else int(sent), None if received is None else int(received))
        for sent, received in store.rows(statement("transfers", "decided"))
    ]
    wallets = {(account, venue, wallet) for account, venue, wallet in store.rows(statement("transfers", "wallets"))}
    found = match(ends, decided, wallets)
    in_match = {end.key for pair in found.matches for end in (pair.sent, pair.received)}
    alone = {key for pair in decided if None in pair for key in pair if key is not None}
    known = known_of(store)
    by_key = {end.key: end for end in ends}
    others = [
        {key: [by_key[other] for other in keys if other not in in_match] for key, keys in named.items()}
        for named in (found.rivals, found.similar)
    ]
    lonely = [
        (end, BY_HAND if end.key in alone else verdict_of(end, known, *(named.get(end.key, ()) for named in others)))
        for end in ends
        if end.key not in in_match
    ]
    for table in ("transfer_matches", "transfer_ends"):
        store.execute(f"DELETE FROM {table}")
    _insert(store, "transfer_matches", TransferMatch, [_match_row(pair) for pair in found.matches])
    _insert(store, "transfer_ends", TransferEnd, [_end_row(end, verdict) for end, verdict in lonely])
    store.execute(statement("transfers", "delete_findings"))
    _insert(store, "findings_stored", Finding, _findings(lonely))


def match_id_of(sent_key: int, received_key: int) -> str:
    """Return the stable name of a match."""
    return f"match-{hashlib.sha256(f'{sent_key}|{received_key}'.encode()).hexdigest()[:10]}"


# --------------------------------------------------------------------------------------------------- rows


def _match_row(pair: Match) -> dict[str, Any]:
    sent, received = pair.sent, pair.received
    return {
        "match_id": match_id_of(sent.key, received.key),
        "sent_key": Decimal(sent.key),
        "received_key": Decimal(received.key),
        "asset": sent.asset,
        "sent": exact(sent.whole),
        "received": exact(received.whole),
        "fee": exact(pair.fee),
        "booked_fee": exact(sent.booked_fee),
        "fee_key": None if sent.fee_key is None else Decimal(sent.fee_key),
        "sent_at": sent.moved_at,
        "received_at": received.moved_at,
        "how": pair.how,
        **{f"from_{name}": getattr(sent, name) for name in ("account", "venue", "wallet", "pair")},
        **{f"to_{name}": getattr(received, name) for name in ("account", "venue", "wallet", "pair")},
    }


def _end_row(end: End, verdict: Verdict) -> dict[str, Any]:
    fee = end.booked_fee + end.stated_fee
    return {
        **{name: getattr(end, name) for name in ("account", "venue", "wallet", "pair", "asset", "cause", "moved_at",
                                                 "other_wallet")},
        "row_key": Decimal(end.key),
        "amount": exact(-end.whole if end.amount < 0 else end.whole),
        "fee": exact(fee) if fee else None,
        "status": verdict.status,
        "how": verdict.how,
        "hint": verdict.hint,
    }  # fmt: skip


def _findings(lonely: Sequence[tuple[End, Verdict]]) -> list[dict[str, Any]]:
    """Return a finding for what should have another end, one for all of two wallets and an asset."""
    grouped: dict[tuple[Any, ...], list[End]] = defaultdict(list)
    for end, verdict in lonely:
        if verdict.severity is not None:
            grouped[verdict.severity, *end.place, end.other_wallet, end.asset, verdict.is_ambiguous].append(end)
    return [_finding(ends, severity=name[0], ambiguous=name[-1]) for name, ends in grouped.items()]


def _finding(ends: Sequence[End], severity: str, ambiguous: bool) -> dict[str, Any]:
    first = ends[0]
    other = f" {'to' if first.amount < 0 else 'from'} {first.other_wallet}" if first.other_wallet else ""
    if ambiguous:
        why = "several rows fit equally well"
    else:
        why = f"though the book has {'that wallet' if other else 'other wallets of the venue'} then"
    count = "a transfer" if len(ends) == 1 else f"{len(ends)} transfers"
    sentence = (
        f"{place_of(first)}: {count} of {first.asset}{other} without another end, the first of "
        f"{plain(first.amount)} at {first.moved_at:%Y-%m-%d %H:%M:%S}Z; {why}; "
        "`marginbook report transfers` says what to do"
    )
    text = "|".join(str(word) for word in (KIND, *first.place, first.other_wallet, first.asset, first.key, ambiguous))
    return {
        "finding_id": f"{KIND}-{hashlib.sha256(text.encode()).hexdigest()[:8]}",
        "kind": KIND, "severity": severity, "account": first.account, "venue": first.venue, "wallet": first.wallet,
        "symbol": first.asset, "found_at": first.moved_at, "sentence": sentence,
        "rows": [str(end.key) for end in ends[:SHOWN]],
    }  # fmt: skip


def _insert(store: Store, table: str, model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        kinds = column_types(model)
        listed = [{name: row[name] for name in kinds} for row in rows]
        store.insert(table, pl.DataFrame(listed, schema=kinds))
