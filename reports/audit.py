"""A liquidation as a value: the bridge of its bucket's equity, what was known when, and what would have changed it.

The terminal, the page and the json are made from this alone; they know no book.  Money is exact, in `asset`, signed
from the account's side: + = the bucket gains.  None is unknown, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, localcontext

from reports.audit_data import Covered, Snapshot
from reports.month import Evidence

LABELS = ("measured", "supplied", "implied", "assumed")
"""Of a figure, from best to worst: rows of the venue state it; a file of the user does; it follows from others; it was
taken for granted, and `why` says what."""

TERMS = (
    "transfers_in", "transfers_out", "drawn", "repaid", "own_price_pnl", "other_realized_pnl", "other_unrealized_pnl",
    "own_fees", "other_fees", "own_funding", "other_funding", "interest", "interest_in_kind", "collateral_price",
    "slippage", "liquidation_fee", "insurance",
)  # fmt: skip
"""Lines that every bridge has, in this order; a cause without one here follows under its own name."""


MOVED = ("transfers_in", "transfers_out", "drawn", "repaid")
"""Lines that are no loss: what was moved in and out."""
PRECISION = 60
"""Digits of sums: 20 before the point, 18 behind it, and room."""


@dataclass(frozen=True, kw_only=True)
class Term:
    """One line of the bridge."""

    name: str
    amount: Decimal
    label: str = "measured"
    why: str = ""
    """What the label rests on, in words: `mark price 36779.1 of the liquidation row`."""
    rows: Sequence[str] = ()
    """Row keys of the rows that it sums."""
    prices: Sequence[str] = ()
    """Row keys of the rows whose prices value it: a mark at an end, a price of collateral."""

    @property
    def sources(self) -> list[str]:
        """Row keys of all rows behind it, those that it sums first."""
        return list(dict.fromkeys((*self.rows, *self.prices)))


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What the bucket was worth, and what it had to be worth, just after one instant."""

    at: datetime
    kind: str
    """price (nothing but a price changed), start, end, fill, liquidation, funding, fee, interest, transfer, tier or
    other."""
    what: str
    """In words: `funding -6 USDT`, `sell 0.5 BTCUSDT at 36750 (liquidation)`."""
    effect: Decimal | None = None
    """What the rows booked, valued at their instant (a realized result was unrealized before); None of a price."""
    equity: Decimal | None = None
    initial_margin: Decimal | None = None
    maintenance_margin: Decimal | None = None
    health: Decimal | None = None
    """equity / maintenance margin: the venue liquidates at 1 and below."""
    ratio: Decimal | None = None
    """The venue's own figure, by `Audit.ratio_name`."""
    mark: Decimal | None = None
    """Mark price of the position that was liquidated (of a loan: of the collateral)."""
    quantity: Decimal | None = None
    """Its signed size."""
    entry: Decimal | None = None
    """Its average entry price."""
    liquidation_price: Decimal | None = None
    label: str = "measured"
    """Of the mark."""
    rows: Sequence[str] = ()
    is_gap: bool = False
    """No price is known between the moment before and this one, or at this one, and one should be."""


@dataclass(frozen=True, kw_only=True)
class Counterfactual:
    """What one change would have meant; model output, on the same path of prices."""

    name: str
    """no_funding, no_interest, no_fees, no_withdrawal, no_added_margin, isolated, leverage, no_other_positions,
    half_at_call ..."""
    title: str
    """`Without the withdrawal`."""
    change: Decimal | None
    """What it adds to the equity at the trigger; None where it is no sum."""
    equity: Decimal | None
    """Equity at the trigger with it."""
    maintenance_margin: Decimal | None
    liquidation_price: Decimal | None
    liquidated_at: datetime | None
    """When a known price crossed that price; None: never, or unknown."""
    outcome: str
    """liquidated (the same, earlier or later), not_then (would not have been liquidated at that moment; what came after
    is not known), survived (until `until`, by the prices known, of candles their closes) or unknown."""
    until: datetime | None = None
    loss: Decimal | None = None
    """What would have been lost in all, + = lost; None: unknown."""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule that fired."""

    code: str
    severity: str
    """info, warning or critical."""
    sentence: str
    amount: Decimal | None = None
    """What it cost, or the measure that crossed the threshold."""
    threshold: str = ""
    """The rule with its threshold: `carry > 20 % of the starting buffer`."""
    rows: Sequence[str] = ()
    assumed: str = ""
    """What is assumed; empty: nothing."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A margin call: when health crossed the venue's warning level, and what was done after."""

    at: datetime
    health: Decimal
    ratio: Decimal | None
    level: str
    """The level that was crossed, by the venue's name: `margin level 1.3`."""
    answer: str
    """added (collateral came in), reduced (the position was made smaller), both or nothing."""
    added: Decimal
    reduced: Decimal
    """Notional closed voluntarily, in `asset`."""
    lost: Decimal | None
    """Of what was added, what was lost with the rest."""
    rows: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Held:
    """A position of the bucket at the trigger."""

    position_id: str
    symbol: str
    side: str
    quantity: Decimal
    entry: Decimal | None
    mark: Decimal | None
    mark_label: str
    mark_source: str
    value: Decimal | None
    unrealized: Decimal | None
    maintenance_margin: Decimal | None
    rate: Decimal | None
    """Maintenance margin rate of its tier."""
    is_own: bool
    """Whether it is one of those that were liquidated."""


@dataclass(frozen=True, kw_only=True)
class Asset:
    """An asset of the bucket at both ends (unified accounts, margin accounts, loans)."""

    asset: str
    start: Decimal
    end: Decimal
    start_price: Decimal | None
    end_price: Decimal | None
    ratio: Decimal
    """Share of its value that counts as collateral, at the trigger."""
    price_change: Decimal | None
    """Part of collateral_price that its price made."""
    haircut_change: Decimal | None
    """Part of it that collateral ratios made."""
    label: str


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Why one liquidation happened."""

    liquidation_id: str
    account: str
    venue: str
    wallet: str
    asset: str
    """Currency of the bucket: of every amount here."""
    kind: str
    """contract, margin, unified or loan."""
    margin_mode: str
    """isolated, cross, portfolio; `cross (assumed)` where nothing says."""
    stage: str
    symbol: str
    side: str
    """long or short; of a loan: borrower."""
    position_ids: Sequence[str]
    started_at: datetime
    """t0: the bridge starts just before it."""
    started_by: str
    """position (its first row), since (asked for) or health (the last moment at which it was 2)."""
    triggered_at: datetime
    ended_at: datetime
    start_equity: Decimal | None
    """None: a position of the bucket was opened before its first row in the book, its result by then is unknown."""
    terms: Sequence[Term]
    unexplained: Decimal
    end_equity: Decimal
    start_label: str
    end_label: str
    """How the two equities are known: measured (the venue states the balances), implied (from rows) or assumed."""
    trigger_equity: Decimal | None
    maintenance_margin: Decimal | None
    maintenance_label: str
    maintenance_source: str
    """Which tier table, rule or inference."""
    initial_margin: Decimal | None
    trigger_price: Decimal | None
    trigger_label: str
    trigger_source: str
    liquidation_price: Decimal | None
    """Where equity meets maintenance by the rows until just before the trigger."""
    bankruptcy_price: Decimal | None
    quantity: Decimal | None
    entry_price: Decimal | None
    average_price: Decimal | None
    """Average price of the forced fills."""
    ratio_name: str
    """The venue's own measure, by its own name: `margin ratio`."""
    ratio_rule: str
    """`>= 100 %`: when it liquidates."""
    warning: Decimal | None
    """Health at which the venue warns."""
    verdict: str
    """One sentence: why it happened."""
    primary_cause: str | None
    """Code of a finding or `price_move`; None: withheld, `missing` says why."""
    confidence: str
    """high, medium or low."""
    moments: Sequence[Moment]
    positions: Sequence[Held]
    assets: Sequence[Asset] = ()
    counterfactuals: Sequence[Counterfactual] = ()
    findings: Sequence[Finding] = ()
    calls: Sequence[Call] = ()
    missing: Sequence[str] = ()
    """What could not be known, and what to import for it, a sentence each."""
    assumptions: Sequence[str] = ()
    found_by: Sequence[str] = ()
    """What tells that it was a liquidation: `force order 8389…`, `insurance row within 2 s` ..."""
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    """By row key: every row behind a term, a moment, a finding (filled for page and json where asked)."""
    files: Sequence[Mapping[str, str]] = ()
    """name, sha256, format, import of the files behind it."""
    quality: Mapping[str, object] = field(default_factory=dict)
    """coverage gaps, duplicates removed, rejected rows, breaks and findings that touch the account: name -> lines."""
    coverage: Sequence[Covered] = ()
    """What the files tell of the account's wallets between start and end."""
    book: Snapshot | None = None
    """The state of the book that it is made from."""
    version: str = ""
    event_rows: Sequence[str] = ()
    """Row keys of the rows that are the liquidation itself: fills, the venue's own rows, fees, insurance."""
    opening_leverage: Decimal | None = None
    """Leverage at open: sum of notionals / equity, at the marks just after the position was last made larger."""

    def term(self, name: str) -> Decimal:
        """Return a line of the bridge; zero where nothing happened."""
        return next((term.amount for term in self.terms if term.name == name), Decimal(0))

    @property
    def start_level(self) -> Decimal:
        """What the lines lead from: the equity at the start, as far as the rows tell it where it is unknown."""
        with localcontext() as context:
            context.prec = PRECISION
            return self.end_equity - self.unexplained - sum((term.amount for term in self.terms), Decimal(0))

    @property
    def loss(self) -> Decimal | None:
        """What the bucket lost from start to end beyond what was moved out, + = lost."""
        if self.start_equity is None:
            return None
        with localcontext() as context:
            context.prec = PRECISION
            moved = sum((self.term(name) for name in MOVED), Decimal(0))
            return self.start_equity + moved - self.end_equity
