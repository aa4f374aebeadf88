"""The ends of transfers: what one movement of a wallet says of funds that come, go, or change pots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from ledger.storage.store import Store, statement
from schemas.types import KEY, MONEY

Site = tuple[str, str]
"""Account and venue."""
Place = tuple[str, str, str, str | None]
"""Account, venue, wallet and isolated pair."""
LEGS = 256


@dataclass(frozen=True)
class End:
    """One movement that may be an end of a transfer.  Amounts count units of 1e-18."""

    key: int
    account: str
    venue: str
    wallet: str
    pair: str | None
    asset: str
    amount: int
    """Signed, + = it arrived."""
    cause: str
    moved_at: datetime
    at: int
    """The same instant in microseconds."""
    other_wallet: str | None = None
    """The wallet at the other end, where the row names it."""
    ref: str | None = None
    """Transaction hash or the venue's id, lower case."""
    stated_fee: int = 0
    """Network fee that the row states and no movement books."""
    booked_fee: int = 0
    """Network fee that a movement beside it books."""
    fee_key: int | None = None
    """That movement."""
    came_back: bool = False
    """A withdrawal that was returned, a deposit that was taken back, or its reversal."""

    @property
    def place(self) -> Place:
        return (self.account, self.venue, self.wallet, self.pair)

    @property
    def site(self) -> Site:
        return (self.account, self.venue)

    @property
    def base(self) -> int:
        """What the legs of one source row share."""
        return self.key - self.key % LEGS

    @property
    def is_outside(self) -> bool:
        """Whether it crosses the border of the venue, as far as the row knows."""
        return self.cause in {"deposit", "withdrawal"}

    @property
    def whole(self) -> int:
        """What left, unsigned, with the network fee that has a row of its own; what arrived."""
        return self.booked_fee - self.amount if self.amount < 0 else self.amount


def ends_of(store: Store) -> list[End]:
    """Return the ends of transfers that the book holds, in order of time."""
    frame = store.query(statement("transfers", "ends"))
    columns = {name: frame[name].to_list() for name in frame.columns}
    columns["at"] = frame["moved_at"].to_physical().to_list()
    for name in ("amount", "stated_fee"):
        columns[name] = frame[name].cast(MONEY).to_physical().to_list()
    columns["key"] = [int(key) for key in frame["key"].cast(KEY).to_list()]
    columns["stated_fee"] = [fee or 0 for fee in columns["stated_fee"]]
    names = list(columns)
    ends = [End(**dict(zip(names, row, strict=True))) for row in zip(*columns.values(), strict=True)]
    return _with_fees(_fees_of(store), _with_returns(ends))


def _with_returns(ends: Sequence[End]) -> list[End]:
    """Mark what came back: deposits and withdrawals against their direction, and those that they take back."""
    groups: dict[tuple[object, ...], list[End]] = defaultdict(list)
    for end in ends:
        if end.is_outside:
            groups[end.place, end.asset, end.cause, end.ref or end.key].append(end)
    returned = {end.key for ends_ in groups.values() if not sum(end.amount for end in ends_) for end in ends_}
    returned |= {end.key for end in ends if end.is_outside and (end.amount > 0) != (end.cause == "deposit")}
    return [replace(end, came_back=True) if end.key in returned else end for end in ends]


@dataclass(frozen=True)
class Fee:
    """A network fee that a ledger books apart."""

    key: int
    account: str
    venue: str
    wallet: str
    asset: str
    amount: int
    at: int
    ref: str | None

    @property
    def base(self) -> int:
        """What the legs of one source row share."""
        return self.key - self.key % LEGS


def _fees_of(store: Store) -> list[Fee]:
    frame = store.query(statement("transfers", "fees"))
    keys, amounts = frame["key"].cast(KEY).to_list(), frame["fee"].cast(MONEY).to_physical().to_list()
    names = (frame[name].to_list() for name in ("account", "venue", "wallet", "asset"))
    rows = zip(map(int, keys), *names, amounts, frame["moved_at"].to_physical().to_list(), frame["ref"].to_list(),
               strict=True)  # fmt: skip
    return [Fee(*row) for row in rows]


def _with_fees(fees: Sequence[Fee], ends: Sequence[End]) -> list[End]:
    """Give each network fee to the end that it was paid for: of its source row, its transaction, or its instant."""
    given: dict[int, Fee] = {}
    for name in ("base", "ref", "at"):
        alike = _only((end for end in ends if end.amount < 0 and end.key not in given), name) if fees else {}
        left = []
        for fee in fees:
            end = alike.get((fee.account, fee.venue, fee.wallet, fee.asset, getattr(fee, name)))
            if end is None or end.key in given:
                left.append(fee)
            else:
                given[end.key] = fee
        fees = left
    return [_with_fee(end, given.get(end.key)) for end in ends]


def _with_fee(end: End, fee: Fee | None) -> End:
    return end if fee is None else replace(end, fee_key=fee.key, booked_fee=fee.amount, stated_fee=0)


def _only(ends: Iterable[End], name: str) -> dict[tuple[object, ...], End]:
    """Return the ends by what they have alone in their wallet; what shares it with another is left out."""
    found: dict[tuple[object, ...], End | None] = {}
    for end in ends:
        if (word := getattr(end, name)) is not None:
            place = (end.account, end.venue, end.wallet, end.asset, word)
            found[place] = None if place in found else end
    return {place: end for place, end in found.items() if end is not None}


def exact(units: int) -> Decimal:
    """Return an amount that counts units of 1e-18."""
    return Decimal(f"{units}E-18")


def plain(units: int) -> str:
    """Return it as text, without zeros at its end."""
    return f"{exact(units):f}".rstrip("0").rstrip(".")


def place_of(end: End) -> str:
    """Return the wallet of an end in words."""
    owner = end.venue if end.account == end.venue else f"{end.account} at {end.venue}"
    return " ".join(word for word in (owner, end.wallet, end.pair) if word)
