"""Which ends of transfers belong together: by hand, by transaction, by amount and time; what is ambiguous stays open.

Rules are tried one after the other, the surest first.  Inside a rule the nearest in time come first, so each is the
other's best.  Among equally near ends of several wallets nothing decides, and none of them is matched.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, groupby, islice

from ledger.tying.ends import End, Site

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SKEW = 15 * MINUTE
"""How far the clocks of two exports may differ."""
AT_ONCE = 15 * MINUTE
"""Within which a transfer inside a venue is booked at both ends."""
SOON = 2 * HOUR
"""Within which most transactions are confirmed: who is that near comes before who is not."""
LATEST = 72 * HOUR
CLOSEST = 4
"""Neighbours in time of one wallet that are looked at, before and after."""
RIVALS_SHOWN = 3
SURELY_UNIQUE = 12
"""Digits of a number that no other venue is likely to give to something else."""
MOST_LOOKED_AT = 64
"""Deposits of a day and about one amount that are compared with a withdrawal."""
NEARLY_PERCENT = 2
"""How much less may arrive where no fee is stated and nothing but amount and time tells."""
KNOWN_PERCENT = 10
"""The same where the transaction is the same."""


@dataclass(frozen=True)
class Match:
    """Two ends of one transfer, and what told that they belong together."""

    sent: End
    received: End
    how: str

    @property
    def fee(self) -> int:
        """What the network took."""
        return self.sent.whole - self.received.whole


@dataclass
class Matched:
    """What belongs together."""

    matches: list[Match] = field(default_factory=list)
    rivals: dict[int, list[int]] = field(default_factory=dict)
    """By end, the first of those that fit it equally well."""
    similar: dict[int, list[int]] = field(default_factory=dict)
    """By withdrawal, the first deposits that are a little less: too many to choose one."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One way of telling that two ends belong together: what they share, besides the amount, and how near they are."""

    how: str
    share: Callable[[End], Hashable | None]
    """What both have in common; None: the rule says nothing of the end."""
    suits: Callable[[End, End], bool]
    """Whether such a sent and such a received end go together; of instant, key and amount it knows nothing."""
    before: int
    after: int
    less_fee: bool = False
    """Whether what arrived is what was sent less the fee that is stated, else the same amount."""

    def expected(self, sent: End) -> int | None:
        """Return what should arrive of what was sent."""
        if not self.less_fee:
            return -sent.amount
        return -sent.amount - sent.stated_fee if sent.stated_fee else None


@dataclass(eq=False)
class Stack:
    """Ends of one wallet and one instant, of which no one could tell which is which."""

    at: int
    first: End
    ends: deque[End]
    """Those that are not matched yet."""


Candidate = tuple[tuple[int, bool, bool], Stack, Stack]
"""How far they are apart (distance, whether it arrived first, whether neither names the other), sent, received."""


def match(
    ends: Sequence[End], decided: Iterable[tuple[int | None, int | None]], wallets: Collection[tuple[str, str, str]]
) -> Matched:
    """Return which of the ends belong together.

    `decided` are pairs of keys that a person named, sent and received; one alone is the end of no transfer.  `wallets`
    are those of which the book has rows (account, venue, wallet).
    """
    found = Matched()
    by_key = {end.key: end for end in ends}
    settled = _by_hand(by_key, decided, found)
    left = [end for end in ends if end.key not in settled and not end.came_back]
    sent = [end for end in left if end.amount < 0]
    received = [end for end in left if end.amount > 0]
    for rule in _rules(frozenset(wallets)):
        sent, received = _applied(rule, sent, received, found)
        if rule.how in {"group", "transaction"} and rule.less_fee:
            sent, received = _last_two(rule, sent, received, found)
    _nearly(sent, received, found)
    return found


def misfit(sent: End, received: End) -> str | None:
    """Return what is wrong with calling two ends one transfer; None: nothing is."""
    if sent.asset != received.asset:
        return f"one is of {sent.asset}, the other of {received.asset}"
    if sent.amount > 0 or received.amount < 0:
        return "both arrive" if sent.amount > 0 and received.amount > 0 else "both leave"
    if sent.place == received.place:
        return "both are of the same wallet"
    if received.whole > sent.whole:
        return "more arrives than left"
    return None


def _by_hand(by_key: Mapping[int, End], decided: Iterable[tuple[int | None, int | None]], found: Matched) -> set[int]:
    """Match what a person did, as far as the rows are there; return the keys of which nothing is left to tell."""
    settled: set[int] = set()
    for sent_key, received_key in decided:
        if sent_key is None or received_key is None:
            settled |= {key for key in (sent_key, received_key) if key is not None}
            continue
        sent, received = by_key.get(sent_key), by_key.get(received_key)
        if sent is None or received is None or {sent_key, received_key} & settled:
            continue
        if misfit(sent, received) is None:
            settled |= {sent_key, received_key}
            found.matches.append(Match(sent, received, "hand"))
    return settled


# --------------------------------------------------------------------------------------------------- rules


def _rules(wallets: frozenset[tuple[str, str, str]]) -> Iterator[Rule]:
    """Yield the rules in the order in which they are tried."""

    def elsewhere(end: End) -> bool:
        """Return whether the row names a wallet of its own venue that the book has: its partner is there."""
        return end.other_wallet is not None and (*end.site, end.other_wallet) in wallets

    def agree(sent: End, received: End) -> bool:
        """Return whether they are of different wallets, and neither names a third one."""
        if sent.site == received.site:
            return (
                sent.place != received.place
                and sent.other_wallet in {None, received.wallet}
                and received.other_wallet in {None, sent.wallet}
            )
        return not elsewhere(sent) and not elsewhere(received)

    def inside(sent: End, received: End) -> bool:
        pledges = {sent.cause, received.cause} & {"pledge"}
        is_inside = not sent.is_outside and not received.is_outside
        return is_inside and (not pledges or sent.cause == received.cause) and agree(sent, received)

    def outside(sent: End, received: End) -> bool:
        return sent.is_outside and received.is_outside and agree(sent, received)

    def mixed(sent: End, received: End) -> bool:
        is_mixed = sent.is_outside != received.is_outside and "pledge" not in {sent.cause, received.cause}
        return is_mixed and agree(sent, received)

    def anywhere(sent: End, received: End) -> bool:
        return sent.place != received.place

    def everyone(end: End) -> Hashable | None:
        return ()

    def site(end: End) -> Site:
        return end.site

    tried: tuple[tuple[str, Callable[[End], Hashable | None], Callable[[End, End], bool], int, int], ...] = (
        ("group", lambda end: end.base, anywhere, DAY, DAY),
        ("transaction", _transaction, anywhere, DAY, 30 * DAY),
        ("amount", site, inside, AT_ONCE, AT_ONCE),
        ("amount", everyone, outside, SKEW, SOON),
        ("amount", everyone, inside, AT_ONCE, AT_ONCE),
        ("amount", everyone, mixed, AT_ONCE, AT_ONCE),
        ("amount", everyone, outside, SKEW, LATEST),
    )
    for how, share, suits, before, after in tried:
        for less_fee in (False, True):
            yield Rule(how=how, share=share, suits=suits, before=before, after=after, less_fee=less_fee)


def _transaction(end: End) -> Hashable | None:
    """Return what names its transaction; a short number names one inside its venue only."""
    is_number = end.ref is not None and end.ref.isdigit() and len(end.ref) < SURELY_UNIQUE
    return (end.site, end.ref) if is_number else end.ref


def _how(rule: Rule, sent: End, received: End) -> str:
    if rule.how != "amount":
        return rule.how
    return "amount_less_fee" if sent.whole > received.whole else "amount"


def _applied(rule: Rule, sent: Sequence[End], received: Sequence[End], found: Matched) -> tuple[list[End], list[End]]:
    """Match what a rule tells; return what is left for the next."""
    arriving: dict[tuple[Hashable, str, int], list[End]] = defaultdict(list)
    leaving: dict[tuple[Hashable, str, int], list[End]] = defaultdict(list)
    for end in sent:
        expected = rule.expected(end)
        if expected is not None and (shared := rule.share(end)) is not None:
            leaving[shared, end.asset, expected].append(end)
    for end in received if leaving else ():
        if (shared := rule.share(end)) is not None and (name := (shared, end.asset, end.amount)) in leaving:
            arriving[name].append(end)
    gone: set[int] = set()
    for name, arrived in arriving.items():
        pairs = _in_order(rule, _nearest(rule, leaving[name], arrived, found))
        found.matches += [Match(one, other, _how(rule, one, other)) for one, other in pairs]
        gone.update(end.key for pair in pairs for end in pair)
    if not gone and not found.rivals:
        return list(sent), list(received)
    gone |= found.rivals.keys()
    return [end for end in sent if end.key not in gone], [end for end in received if end.key not in gone]


def _near(rule: Rule, sent: End, received: End) -> bool:
    return -rule.before <= received.at - sent.at <= rule.after


# ---------------------------------------------------------------------------------------- the nearest in time


def _nearest(rule: Rule, sent: Sequence[End], received: Sequence[End], found: Matched) -> list[tuple[End, End]]:
    """Return pairs of ends of one amount, the nearest first; what is ambiguous goes to the rivals."""
    if len(sent) == 1 and len(received) == 1:
        fit = _near(rule, sent[0], received[0]) and rule.suits(sent[0], received[0])
        return [(sent[0], received[0])] if fit else []
    pairs: list[tuple[End, End]] = []
    candidates = sorted(_candidates(rule, sent, received), key=_rank)
    for _, equal in groupby(candidates, key=_rank):
        edges = [(leaving, arriving) for _, leaving, arriving in equal if leaving.ends and arriving.ends]
        for joined in _joined(edges) if len(edges) > 1 else [edges]:
            if _is_decided(joined):
                for leaving, arriving in joined:
                    while leaving.ends and arriving.ends:
                        pairs.append((leaving.ends.popleft(), arriving.ends.popleft()))
            else:
                _keep_rivals(joined, found)
    return pairs


def _rank(candidate: Candidate) -> tuple[int, bool, int, bool]:
    """Return how good a candidate is; equally good ones are of the same instants."""
    (distance, is_before, is_nameless), leaving, _ = candidate
    return distance, is_before, leaving.at, is_nameless


def _lanes(ends: Sequence[End]) -> list[list[Stack]]:
    """Return the ends in stacks, and these by wallet (and what else a rule looks at), in order of time."""
    lanes: dict[Hashable, dict[int, list[End]]] = defaultdict(lambda: defaultdict(list))
    for end in sorted(ends, key=lambda end: (end.at, end.key)):
        lanes[end.place, end.other_wallet, end.cause][end.at].append(end)
    return [[Stack(at, ends[0], deque(ends)) for at, ends in stacks.items()] for stacks in lanes.values()]


def _candidates(rule: Rule, sent: Sequence[End], received: Sequence[End]) -> Iterator[Candidate]:
    arriving = [(lane, [stack.at for stack in lane]) for lane in _lanes(received)]
    for lane in _lanes(sent):
        for other, instants in arriving:
            one, two = lane[0].first, other[0].first
            if not rule.suits(one, two):
                continue
            nameless = one.other_wallet is None and two.other_wallet is None
            for stack in lane:
                middle = bisect_left(instants, stack.at)
                for place in range(max(middle - CLOSEST, 0), min(middle + CLOSEST, len(other))):
                    distance = instants[place] - stack.at
                    if -rule.before <= distance <= rule.after:
                        yield (abs(distance), distance < 0, nameless), stack, other[place]


def _joined(edges: Sequence[tuple[Stack, Stack]]) -> list[list[tuple[Stack, Stack]]]:
    """Return equally good candidates in groups that share no stack with each other."""
    groups: list[tuple[set[int], list[tuple[Stack, Stack]]]] = []
    for edge in edges:
        names, members = {id(edge[0]), id(edge[1])}, [edge]
        apart = []
        for group in groups:
            if group[0] & names:
                names |= group[0]
                members = group[1] + members
            else:
                apart.append(group)
        groups = [*apart, (names, members)]
    return [members for _, members in groups]


def _is_decided(edges: Sequence[tuple[Stack, Stack]]) -> bool:
    """Return whether it does not matter, or is plain, which of the stacks go together."""
    leaving, arriving = ({id(edge[side]): edge[side] for edge in edges}.values() for side in (0, 1))
    from_one = len({stack.first.place for stack in leaving}) == 1
    to_one = len({stack.first.place for stack in arriving}) == 1
    sent, received = (sum(len(stack.ends) for stack in side) for side in (leaving, arriving))
    return (from_one and to_one) or (from_one and sent >= received) or (to_one and received >= sent)


def _keep_rivals(edges: Sequence[tuple[Stack, Stack]], found: Matched) -> None:
    """Remember of each end which others fit it equally well, and take all of them out."""
    for leaving, arriving in edges:
        for one, other in ((leaving, arriving), (arriving, leaving)):
            for end in one.ends:
                rivals = found.rivals.setdefault(end.key, [])
                rivals += [rival.key for rival in islice(other.ends, RIVALS_SHOWN - len(rivals))]
    for edge in edges:
        for stack in edge:
            stack.ends.clear()


def _in_order(rule: Rule, pairs: Sequence[tuple[End, End]]) -> list[tuple[End, End]]:
    """Return the pairs so that what left first arrives first, wherever pairs cross in time."""
    if len(pairs) < 2:
        return list(pairs)
    listed = sorted(pairs, key=lambda pair: (pair[0].at, pair[1].at, pair[0].key))
    still_to_come = list(accumulate((received.at for _, received in reversed(listed)), min))[::-1]
    ordered: list[tuple[End, End]] = []
    crossing: list[tuple[End, End]] = []
    latest = listed[0][1].at
    for pair, next_at in zip(listed, still_to_come, strict=True):
        if crossing and next_at >= latest:
            ordered += _uncrossed(rule, crossing)
            crossing = []
        crossing.append(pair)
        latest = max(latest, pair[1].at)
    return [*ordered, *_uncrossed(rule, crossing)]


def _uncrossed(rule: Rule, pairs: Sequence[tuple[End, End]]) -> Sequence[tuple[End, End]]:
    arrived = sorted((received for _, received in pairs), key=lambda end: end.at)
    swapped = [(sent, received) for (sent, _), received in zip(pairs, arrived, strict=True)]
    fit = all(_near(rule, *pair) and rule.suits(*pair) for pair in swapped)
    return swapped if fit else pairs


# ------------------------------------------------------------------------------------- less than what was sent


def _last_two(rule: Rule, sent: Sequence[End], received: Sequence[End], found: Matched) -> tuple[list[End], list[End]]:
    """Match what is left of a transaction where that is one end each, though less arrived than was to be expected."""
    sides: list[dict[Hashable, list[End]]] = []
    for ends in (sent, received):
        named: dict[Hashable, list[End]] = defaultdict(list)
        for end in ends:
            if (shared := rule.share(end)) is not None:
                named[shared, end.asset].append(end)
        sides.append(named)
    gone = set()
    for name in [name for name in sides[0] if name in sides[1]]:
        if len(sides[0][name]) == 1 and len(sides[1][name]) == 1:
            one, other = sides[0][name][0], sides[1][name][0]
            if rule.suits(one, other) and _near(rule, one, other) and _is_little_less(one, other, KNOWN_PERCENT):
                found.matches.append(Match(one, other, rule.how))
                gone |= {one.key, other.key}
    return [end for end in sent if end.key not in gone], [end for end in received if end.key not in gone]


def _is_little_less(sent: End, received: End, percent: int) -> bool:
    return 0 <= (sent.whole - received.whole) * 100 <= sent.whole * percent


def _nearly(sent: Sequence[End], received: Sequence[End], found: Matched) -> None:
    """Match withdrawals with the only deposits that are a little less, and the only ones of which that is true."""
    arriving: dict[tuple[str, int], list[tuple[int, int, End]]] = defaultdict(list)
    for end in received:
        if end.is_outside:
            arriving[end.asset, end.at // DAY].append((end.amount, end.key, end))
    for listed in arriving.values():
        listed.sort(key=lambda item: item[:2])
    fits_of: dict[int, list[End]] = {}
    fitting: dict[int, int] = defaultdict(int)
    for end in sent:
        if end.is_outside and not end.booked_fee and not end.stated_fee:
            fits_of[end.key] = list(_little_less(end, arriving))
            for other in fits_of[end.key]:
                fitting[other.key] += 1
    for end in sent:
        fit = fits_of.get(end.key, [])
        if len(fit) == 1 and fitting[fit[0].key] == 1:
            found.matches.append(Match(end, fit[0], "nearly"))
        elif fit:
            found.similar[end.key] = [other.key for other in sorted(fit, key=lambda other: (other.at, other.key))]


def _little_less(sent: End, arriving: Mapping[tuple[str, int], Sequence[tuple[int, int, End]]]) -> Iterator[End]:
    """Yield deposits of another place within a day that are a little less; of many only some."""
    seen = 0
    low = sent.whole - sent.whole * NEARLY_PERCENT // 100
    for day in range((sent.at - SKEW) // DAY, (sent.at + DAY) // DAY + 1):
        listed = arriving.get((sent.asset, day), ())
        first = bisect_left(listed, (low,))
        for amount, _, end in islice(listed, first, first + MOST_LOOKED_AT):
            if amount >= sent.whole or seen == RIVALS_SHOWN:
                break
            if end.place != sent.place and -SKEW <= end.at - sent.at <= DAY:
                seen += 1
                yield end
