"""Every liquidation of a book: the forced rows of one pot that lie together, with what the venue says of them.

Stages that lie within an hour are one event if the owner did nothing between; a cross wallet is liquidated as one, all
its symbols together.  Auto-deleveraging of a position that was not being liquidated is an event of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

import polars as pl

from ledger.liquidating.event import Event
from ledger.liquidating.gathering import LEG, PLACE, TEXT, Signs, asked, gather
from ledger.liquidating.pots import Pot
from ledger.liquidating.signs import Sign
from ledger.storage.store import Store
from schemas.types import INSTANT

APART = timedelta(hours=1)
MOST_NAMED = 3
"""Things of a kind that `found_by` names; the others are counted."""
Chain = list[Sign]


def find_events(store: Store) -> list[Event]:
    """Return every liquidation and every auto-deleveraging of the book, in order of time."""
    signs = gather(store)
    by_pot: dict[Pot, Chain] = defaultdict(list)
    for sign in sorted(signs.forced, key=lambda sign: (sign.at, sign.position_id or "", sign.leg_no or 0)):
        by_pot[sign.pot].append(sign)
    parts = _parts(store, by_pot, signs)
    chains = [chain for pot, found in by_pot.items() for chain in _chains(found, parts[pot])]
    chains += [list(sale) for sale in signs.sales]
    beside: dict[Sign, Chain] = defaultdict(list)
    for row, sign in signs.beside:
        beside[sign].append(row)
    events = [_event(chain, [row for sign in chain for row in beside[sign]]) for chain in chains]
    return _named(events)


# ---------------------------------------------------------------------------------- what belongs together


def _parts(store: Store, by_pot: Mapping[Pot, Chain], signs: Signs) -> dict[Pot, list[int]]:
    """Return, per pot and sign, in which part of its story it lies: a part ends where the owner acted."""
    stretches: list[tuple[Pot, int]] = []
    rows: list[tuple[object, ...]] = []
    for pot, found in by_pot.items():
        for number, (one, other) in enumerate(pairwise(found)):
            if timedelta(0) < other.at - one.at <= APART:
                rows.append((len(rows), *pot[1:7], one.at, other.at))
                stretches.append((pot, number))
    acted: set[tuple[Pot, int]] = set()
    if rows:
        columns = {"stretch": pl.Int64(), **PLACE, "pair": TEXT, "position_id": TEXT, "settle_asset": TEXT,
                   "from_at": INSTANT, "to_at": INSTANT}  # fmt: skip
        forced = pl.DataFrame(list(signs.newly_forced), schema=LEG, orient="row")
        incoming = pl.DataFrame(rows, schema=columns, orient="row")
        found_acts = asked(store, "voluntary", incoming=incoming, forced_now=forced)
        acted = {stretches[row["stretch"]] for row in found_acts}
    parts = {}
    for pot, found in by_pot.items():
        numbers = [0]
        for number in range(len(found) - 1):
            numbers.append(numbers[-1] + ((pot, number) in acted))
        parts[pot] = numbers
    return parts


def _chains(signs: Chain, parts: Sequence[int]) -> list[Chain]:
    """Return the events of a pot; an ADL of a position that is being liquidated is a part of that."""
    part_of = dict(zip(signs, parts, strict=True))
    chains = _linked([sign for sign in signs if not sign.is_adl], part_of)
    winners = []
    for sign in signs:
        if sign.is_adl:
            home = next((chain for chain in chains if _is_of(sign, chain, part_of)), None)
            if home is None:
                winners.append(sign)
            else:
                home.append(sign)
    return [*chains, *_linked(winners, part_of)]


def _linked(signs: Chain, part_of: Mapping[Sign, int]) -> list[Chain]:
    chains: list[Chain] = []
    for sign in signs:
        last = chains[-1][-1] if chains else None
        if last is not None and sign.at - last.at <= APART and part_of[sign] == part_of[last]:
            chains[-1].append(sign)
        else:
            chains.append([sign])
    return chains


def _is_of(sign: Sign, chain: Chain, part_of: Mapping[Sign, int]) -> bool:
    """Return whether an ADL reduced a position that the chain liquidates."""
    return sign.position_id is not None and any(
        other.position_id == sign.position_id and abs(other.at - sign.at) <= APART and part_of[other] == part_of[sign]
        for other in chain
    )


# ----------------------------------------------------------------------------------------------- one event


def _event(chain: Chain, beside: Chain) -> Event:
    """Return a chain of forced rows, with the rows beside them, as an event without its name."""
    every = sorted([*chain, *sorted(beside, key=lambda sign: sign.row_key or "")], key=lambda sign: sign.at)
    main = _largest(chain)
    legs = [sign for sign in chain if sign.leg_no is not None]
    of_main = [sign for sign in every if sign.symbol == main.symbol]
    positions = _by_loss(chain)
    keys = [(sign.position_id or "", sign.leg_no or 0) for sign in legs]
    started = min(sign.at for sign in legs or chain)
    return Event(
        liquidation_id="", account=main.pot.account, venue=main.pot.venue, wallet=main.pot.wallet,
        pair=main.pot.pair, kind=main.pot.kind,
        margin_mode=next((sign.margin_mode for sign in (main, *every) if sign.margin_mode is not None), None),
        is_adl=all(sign.is_adl for sign in chain), symbol=main.symbol, side=main.side or "?",
        stage=_stage(chain, beside), settle_asset=main.settle_asset or "",
        position_ids=positions, loan_id=main.pot.loan_id, started_at=started,
        ended_at=max(started, *(sign.at for sign in every)), leg_keys=keys,
        rows=list(dict.fromkeys(sign.row_key for sign in every if sign.row_key is not None)),
        mark_price=_first(of_main, lambda sign: sign.mark_price),
        bankruptcy_price=_first(of_main, lambda sign: sign.bankruptcy_price), found_by=_found_by(every),
    )  # fmt: skip


def _first(signs: Iterable[Sign], value: Callable[[Sign], Fraction | None]) -> Fraction | None:
    return next((found for sign in signs if (found := value(sign)) is not None), None)


def _losses(signs: Iterable[Sign], name: Callable[[Sign], str | None]) -> list[str]:
    """Return names by what was lost under them, the largest loss first; an unknown loss counts as none."""
    lost: dict[str, Fraction] = {}
    for sign in signs:
        if (key := name(sign)) is not None:
            lost[key] = lost.get(key, Fraction(0)) + (sign.worth or 0)
    return sorted(lost, key=lambda key: (-lost[key], key))


def _by_loss(chain: Chain) -> list[str]:
    """Return the positions, the largest loss first; then those of which there are no fills, by their value."""
    of_fills = _losses((sign for sign in chain if sign.leg_no is not None), lambda sign: sign.position_id)
    of_rows = _losses((sign for sign in chain if sign.leg_no is None), lambda sign: sign.position_id)
    return list(dict.fromkeys([*of_fills, *of_rows]))


def _largest(chain: Chain) -> Sign:
    """Return the first sign of the symbol with the largest loss: of what fills tell, else of the venue's rows."""
    fills = [sign for sign in chain if sign.leg_no is not None]
    named = [sign for sign in chain if sign.product is not None or sign.pot.kind == "loan"]
    sold = [sign for sign in chain if sign.stage is not None]
    candidates = fills or sold or named or chain
    key = _by_loss(fills) if fills else []
    if key:
        return next(sign for sign in candidates if sign.position_id == key[0])
    symbol = _losses(candidates, lambda sign: sign.symbol)[0]
    return next(sign for sign in candidates if sign.symbol == symbol)


def _stage(chain: Chain, beside: Chain) -> str:
    """Return how far it went: as the venue says, else by what the fills left open; `unknown` where nothing tells."""
    if chain[0].pot.kind == "loan":
        return "collateral_sale"
    if all(sign.is_adl for sign in chain):
        return "adl"
    stated = [sign.stage for sign in (*chain, *beside) if sign.stage not in (None, "adl")]
    if "takeover" in stated:
        return "takeover"
    touched = {sign.position_id for sign in chain if sign.leg_no is not None}
    if touched:
        closed = {sign.position_id for sign in chain if sign.leg_no is not None and sign.closes}
        return "full" if touched == closed else "partial"
    return stated[-1] or "unknown" if stated else "unknown"


def _found_by(signs: Chain) -> list[str]:
    """Return what tells it, in words; of many alike the first few, and how many there are."""
    told = Counter(sign.told for sign in signs if sign.told)
    if not told:
        return ["fills that the book counts as forced"]
    kinds: dict[str, list[str]] = defaultdict(list)
    for words, count in told.items():
        kind = words.split(" ", 1)[0]
        kinds[kind].append(words if count == 1 or kind in ("order", "sale", "forced") else f"{count} times: {words}")
    found: list[str] = []
    for alike in kinds.values():
        more = len(alike) - MOST_NAMED
        found += alike[:MOST_NAMED] + ([f"{more} more like these"] if more > 0 else [])
    return found


def _named(events: Iterable[Event]) -> list[Event]:
    """Return the events in order of time with their names: liq, owner, symbol, side, minute, ordinal."""
    ordered = sorted(events, key=lambda event: (event.started_at, event.venue, event.wallet, *event.position_ids[:1]))
    seen: Counter[str] = Counter()
    named = []
    for event in ordered:
        owner = event.account if event.account == event.venue else f"{event.account}@{event.venue}"
        stem = f"liq:{owner}:{event.symbol}:{event.side}:{event.started_at:%Y%m%dT%H%M}"
        seen[stem] += 1
        named.append(replace(event, liquidation_id=f"{stem}:{seen[stem]}"))
    return sorted(named, key=lambda event: (event.started_at, event.liquidation_id))
