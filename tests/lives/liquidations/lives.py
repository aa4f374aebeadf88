"""A life as files to import, with the truth about its liquidation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from tests.lives.files import Export, Line
from tests.lives.liquidations.figures import Cash, Terms, Truth
from tests.lives.model import digits

REPEATED = timedelta(minutes=55)
CLOCK = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, kw_only=True)
class Life:
    """The exports of an account, and what happened in its bucket."""

    name: str
    truth: Truth
    exports: Mapping[str, Export]
    cash: Sequence[Cash] = ()
    """Rows of the ledger after the start: where both ends are stated, each of them would be missed."""
    statuses: tuple[str, ...] = ("liquidated",)
    """How the positions ended that were taken away; of a loan there is none."""
    events: int = 1
    """Liquidations in all; the truth is about the last."""
    breaks: int = 0
    """Places where the balances that the venue states do not follow from the rows."""

    def write(self, folder: Path, *, but: Collection[str] = (), without: Cash | None = None) -> list[Path]:
        """Write the exports, without some of them or a row, and return where."""
        found = []
        for name, export in self.exports.items():
            if name in but:
                continue
            lines = list(export.lines)
            if without is not None and without.export == name:
                del lines[without.index]
            found.append(replace(export, lines=tuple(lines)).write(folder, name))
        return found


# ---------------------------------------------------------------------------------------- what the user supplies


def marks(rows: Sequence[tuple[datetime, str, Fraction]]) -> Export:
    """Return a price file of marks: each one again before an hour is over, until the next, or the last of all."""
    last = max(at for at, _, _ in rows)
    lines = []
    for symbol in sorted({symbol for _, symbol, _ in rows}):
        own = [(at, price) for at, name, price in rows if name == symbol]
        for (at, price), (until, _) in pairwise([*own, (last + REPEATED, own[-1][1])]):
            moment = at
            while moment < until:
                lines.append(Line(at=moment, symbol=symbol, cells=(moment, symbol, digits(price, 10))))
                moment += REPEATED
    return Export(name="marks-{tag}.csv", header="time,symbol,mark", clock=CLOCK, lines=tuple(lines))


def tiers(contracts: Sequence[Terms], venue: str, wallet: str, at: datetime) -> Export:
    """Return the tiers of contracts as a plain table."""
    lines = []
    for terms in {terms.printed: terms for terms in contracts}.values():
        for number, (floor, rate, deduction) in enumerate(terms.tiers, 1):
            following = terms.tiers[number][0] if number < len(terms.tiers) else None
            lines.append(Line(at=at, cells=(
                terms.printed, str(number), digits(floor, 8), "" if following is None else digits(following, 8),
                digits(rate, 8), digits(deduction, 8), "risk page of the venue", venue, wallet)))  # fmt: skip
    return Export(name="margin_tiers-{tag}.csv", clock=CLOCK, lines=tuple(lines),
                  header="symbol,tier,floor,cap,maintenance_rate,maintenance_amount,source,venue,wallet")  # fmt: skip


def ratios(shares: Mapping[str, Fraction], venue: str, wallet: str, at: datetime) -> Export:
    """Return collateral ratios as a plain table."""
    lines = tuple(Line(at=at, cells=(asset, "0", digits(ratio, 8), "", "USDT", venue, wallet))
                  for asset, ratio in shares.items())  # fmt: skip
    return Export(name="collateral_ratios-{tag}.csv", header="asset,floor,ratio,cap,quote,venue,wallet", lines=lines)


def balances(rows: Sequence[tuple[datetime, str, Fraction, str]], venue: str, wallet: str) -> Export:
    """Return balances as the venue stated them: (at, asset, balance, kind)."""
    lines = tuple(Line(at=at, cells=(at, asset, digits(balance, 18), kind, venue, wallet))
                  for at, asset, balance, kind in rows)  # fmt: skip
    return Export(name="stated_balances-{tag}.csv", header="stated_at,asset,balance,kind,venue,wallet", clock=CLOCK,
                  lines=lines)  # fmt: skip
