"""The terms that the book knows: margin tiers, collateral ratios and thresholds of loans, in force at an instant.

What was imported stands before what is built in; of the same thing the latest that is in force counts.  A tier may be
by notional (settle asset) or by size (`unit` contracts or base: the venue's unit of quantity, as OKX has it).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from ledger.margining.requirement import ONE, ZERO, Tier, deductions
from ledger.margining.rules import VenueRule, deducts, with_levels
from ledger.storage.reference import TABLES, builtin
from ledger.storage.store import Store, statement

PLAIN = "plain"
"""Venue of the product's own plain files, whose terms are of any venue."""
LABELS = {"imported": "supplied", "built-in": "assumed"}
DOLLARS = ("USD", "USDT", "USDC")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table of terms: `words` and `figures` by column; what is unknown is absent."""

    basis: str
    """imported or built-in."""
    venue: str
    account: str | None
    valid_from: datetime | None
    """None: always."""
    valid_to: datetime | None
    words: Mapping[str, str]
    figures: Mapping[str, Fraction]


@dataclass(frozen=True, kw_only=True)
class LoanTerms:
    """Thresholds of one loan: debt / collateral value; None: not stated."""

    initial: Fraction | None
    margin_call: Fraction | None
    liquidation: Fraction | None
    fee: Fraction | None
    """Share of the debt repaid that the liquidation costs."""
    label: str
    source: str

    def applied(self, rule: VenueRule) -> VenueRule:
        """Return the lender's rule with these thresholds."""
        return with_levels(rule, self.liquidation, self.margin_call, self.label, self.source)


@dataclass(frozen=True, kw_only=True)
class Table:
    """The tiers of one instrument that are in force for a while."""

    rows: Sequence[Row]
    """In order of their floors."""
    tiers: Sequence[Tier]
    is_early: bool
    """Whether they are taken for a time before the first of them."""

    def told(self, at: datetime) -> str:
        """Return what is to be said of them at an instant."""
        return _said(self.rows[0], _early(at) if self.is_early else "")


@dataclass(frozen=True)
class Tables:
    """What is in force of one instrument, in one account, over time; each is made when it is first asked for."""

    rows: Sequence[Row]
    turns: Sequence[datetime]
    """Instants at which something of it begins or ends, in order: between two of them nothing changes."""
    known: dict[int, Table | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Tiers:
    """All terms of a book."""

    tiers: Sequence[Row]
    ratios: Sequence[Row]
    terms: Sequence[Row]

    @classmethod
    def load(cls, store: Store) -> Tiers:
        """Read what was imported into a book, and what is built in."""
        tiers, ratios, terms = ([*_imported(store, table), *_builtin(table)] for table in TABLES)
        return cls(tiers, ratios, terms)

    def of(
        self, venue: str, account: str, symbol: str, instrument: str | None, at: datetime,
        quantity: Fraction | None = None, value: Fraction | None = None,
    ) -> tuple[Sequence[Tier], str, str]:  # fmt: skip
        """Return the tiers of an instrument in order of their floors (settle asset), their label and their source.

        `symbol` is the venue's own name, `instrument` the unified one.  `quantity` (the venue's unit) is the size of
        the position: of a table by size, the one tier of that size is returned.  `value` is its notional: a table that
        ends below it says nothing of it.  Nothing known, or of a table by size no quantity: (), "", "".
        """
        table = self._table(venue, account, symbol, instrument, at)
        if table is None:
            return (), "", ""
        rows, label, source = table.rows, LABELS[table.rows[0].basis], table.told(at)
        if rows[0].words.get("unit"):
            if quantity is None:
                return (), "", ""
            inside = [row for row in rows if abs(quantity) <= row.figures.get("cap", abs(quantity))]
            return ((_tier(inside[0], ZERO, floor=ZERO, cap=None),), label, source) if inside else ((), "", "")
        if value is not None and value > rows[-1].figures.get("cap", value):
            return (), "", ""
        return table.tiers, label, source

    @cached_property
    def _by_symbol(self) -> Mapping[str, Sequence[tuple[int, Row]]]:
        return _by_word(self.tiers, "symbol")

    @cached_property
    def _by_asset(self) -> Mapping[str, Sequence[tuple[int, Row]]]:
        return _by_word(self.ratios, "asset")

    @cached_property
    def _tables(self) -> dict[tuple[str, str, str, str | None], Tables]:
        return {}

    def stretch(self, venue: str, account: str, symbol: str, instrument: str | None, at: datetime) -> int:
        """Return the number of the stretch of time around an instant in which an instrument's tiers stay the same."""
        return bisect_right(self._of_instrument(venue, account, symbol, instrument).turns, at)

    def _of_instrument(self, venue: str, account: str, symbol: str, instrument: str | None) -> Tables:
        key = (venue, account, symbol, instrument)
        if key not in self._tables:
            names = {symbol, instrument} - {None}
            found = {number: row for name in names for number, row in self._by_symbol.get(name or "", ())}
            rows = [found[number] for number in sorted(found)]
            turns = {turn for row in rows for turn in (row.valid_from, row.valid_to) if turn is not None}
            self._tables[key] = Tables(rows, sorted(turns))
        return self._tables[key]

    def _table(self, venue: str, account: str, symbol: str, instrument: str | None, at: datetime) -> Table | None:
        """Return the tiers of an instrument that are in force at an instant, by either of its names."""
        tables = self._of_instrument(venue, account, symbol, instrument)
        stretch = bisect_right(tables.turns, at)
        if stretch not in tables.known:
            tables.known[stretch] = _table_of(venue, *_chosen(tables.rows, venue, account, at, lambda row: True))
        return tables.known[stretch]

    def collateral_ratio(
        self, venue: str, account: str, asset: str, at: datetime, value: Fraction, *,
        quantity: Fraction | None = None, kind: str = "unified",
    ) -> tuple[Fraction, str, str]:  # fmt: skip
        """Return what share of a holding's value counts as collateral, its label and its source.

        `value` is in USD (or the quote that the terms name), `quantity` in the asset: tiers are of either, and each
        ratio holds for the part of the holding inside its tier.  `kind` as of the event: a loan has its own ratios.  A
        debt counts in full, and so does an asset of which no ratio is known: label assumed, but of spot margin, whose
        level counts assets in full where no haircut is known to be in force, implied.
        """

        def fits(row: Row) -> bool:
            product = row.words.get("product")
            pot = kind if kind in ("loan", "margin") else "unified"
            return product is None or _kind_of(product) == pot

        if value <= 0:
            return ONE, "implied", "a debt counts in full"
        of_asset = [row for _, row in self._by_asset.get(asset, ())]
        rows, told = _chosen(of_asset, venue, account, at, fits, is_early_allowed=kind != "margin")
        if not rows and kind == "margin":
            return ONE, "implied", f"the margin level counts all of {asset}"
        if not rows:
            return ONE, "assumed", f"no collateral ratio of {asset} is known: all of its value counts"
        label, source = LABELS[rows[0].basis], _said(rows[0], told)
        by_size = rows[0].words.get("quote") == asset and asset not in DOLLARS
        amount = quantity if by_size else value
        if amount is None or amount <= 0:
            return min(rows, key=lambda row: row.figures["floor"]).figures["ratio"], label, source
        return _weighted(rows, amount), label, source

    def loan_terms(
        self, venue: str, account: str, asset: str | None, collateral_asset: str | None, at: datetime,
        product: str | None = None,
    ) -> LoanTerms | None:  # fmt: skip
        """Return the thresholds of a loan drawn at an instant; None where no terms fit.

        Built-in terms are of one product each: without `product` only those of a lender's one kind of loan fit.
        """
        products = (product,) if product else ("crypto_loan", "credit_line")

        def fits(row: Row) -> bool:
            of_assets = row.words.get("asset", asset) == asset
            of_assets = of_assets and row.words.get("collateral_asset", collateral_asset) == collateral_asset
            return of_assets and (row.basis == "imported" or row.words.get("product") in products)

        rows, told = _chosen(self.terms, venue, account, at, fits)
        if not rows:
            return None
        row = min(rows, key=_general)
        initial, call, level, fee = (
            row.figures.get(name) for name in ("initial_ltv", "margin_call_ltv", "liquidation_ltv", "liquidation_fee")
        )
        return LoanTerms(
            initial=initial,
            margin_call=call,
            liquidation=level,
            fee=fee,
            label=LABELS[row.basis],
            source=_said(row, told),
        )


def implied_rate(equity: Fraction, value: Fraction, deduction: Fraction = ZERO) -> Fraction | None:
    """Return the maintenance rate that a liquidation implies: (equity at the trigger + deduction) / notional.

    With slippage in the equity it is an upper bound; None where the notional is nothing or nothing was left.
    """
    found = (equity + deduction) / value if value > 0 else ZERO
    return found if found > 0 else None


def _imported(store: Store, table: str) -> list[Row]:
    answer = store.query(statement("requirements", table))
    return [_row("imported", values) for values in answer.iter_rows(named=True)]


def _builtin(table: str) -> list[Row]:
    return [_row("built-in", values) for values in builtin(table)]


PLACES = ("venue", "account", "valid_from", "valid_to")
FIGURES = (
    "tier", "floor", "cap", "initial_rate", "maintenance_rate", "maintenance_amount", "max_leverage", "ratio",
    "initial_ltv", "margin_call_ltv", "liquidation_ltv", "liquidation_fee",
)  # fmt: skip


def _row(basis: str, values: Mapping[str, str | Decimal | datetime | None]) -> Row:
    """Return a line from the book or from a built-in table, where everything is text and an empty one unknown."""
    known = {name: value for name, value in values.items() if value not in (None, "")}
    since, until = known.get("valid_from"), known.get("valid_to")
    account = known.get("account")
    return Row(
        basis=basis,
        venue=str(known["venue"]),
        account=None if account is None else str(account),
        valid_from=datetime.fromisoformat(since) if isinstance(since, str) else _as_instant(since),
        valid_to=datetime.fromisoformat(until) if isinstance(until, str) else _as_instant(until),
        words={name: str(value) for name, value in known.items() if name not in (*PLACES, *FIGURES)},
        figures={name: Fraction(str(value)) for name, value in known.items() if name in FIGURES},
    )


def _as_instant(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _chosen(
    rows: Iterable[Row], venue: str, account: str, at: datetime, fits: Callable[[Row], bool], *,
    is_early_allowed: bool = True,
) -> tuple[list[Row], str]:  # fmt: skip
    """Return the rows of the best table that fits, and what is to be said of its dates.

    Imported before built in, this account's before others', then the latest in force; where every table begins later,
    the first of them, if that is allowed.
    """
    fitting = [row for row in rows if row.venue in (venue, PLAIN) and fits(row)]
    fitting = [row for row in fitting if row.valid_to is None or row.valid_to > at]
    fitting = [row for row in fitting if row.basis == "imported"] or fitting
    fitting = [row for row in fitting if row.account == account] or fitting
    if not fitting:
        return [], ""
    begun = [row for row in fitting if row.valid_from is None or row.valid_from <= at]
    if begun or not is_early_allowed:
        start = max((row.valid_from for row in begun if row.valid_from is not None), default=None)
        return [row for row in begun if row.valid_from == start], ""
    first = min(row.valid_from for row in fitting if row.valid_from is not None)
    return [row for row in fitting if row.valid_from == first], _early(at)


def _early(at: datetime) -> str:
    return f"; taken for {at:%Y-%m-%d} too, as nothing earlier is known"


def _by_word(rows: Sequence[Row], word: str) -> Mapping[str, Sequence[tuple[int, Row]]]:
    """Return the lines of a table with their numbers, by one of their words."""
    found: dict[str, list[tuple[int, Row]]] = defaultdict(list)
    for number, row in enumerate(rows):
        found[row.words[word]].append((number, row))
    return found


def _table_of(venue: str, rows: Sequence[Row], told: str) -> Table | None:
    """Return the lines of a table as tiers; None: there are none."""
    if not rows:
        return None
    rows = sorted(rows, key=lambda row: row.figures["floor"])
    if rows[0].words.get("unit"):
        return Table(rows=rows, tiers=(), is_early=bool(told))
    taken = [row.figures.get("maintenance_amount", ZERO) for row in rows]
    if deducts(venue) and not any("maintenance_amount" in row.figures for row in rows):
        floors, rates = ([row.figures[name] for row in rows] for name in ("floor", "maintenance_rate"))
        taken = deductions(floors, rates)
    tiers = [
        _tier(row, amount, floor=row.figures["floor"], cap=row.figures.get("cap"))
        for row, amount in zip(rows, taken, strict=True)
    ]
    return Table(rows=rows, tiers=tiers, is_early=bool(told))


def _kind_of(product: str) -> str:
    """Return the kind of bucket whose collateral a built-in ratio is of."""
    return (
        "loan" if "loan" in product else "margin" if "margin" in product and "portfolio" not in product else "unified"
    )


def _said(row: Row, told: str) -> str:
    since = f" from {row.valid_from:%Y-%m-%d}" if row.valid_from else ""
    source = f": {row.words['source']}" if "source" in row.words else ""
    return f"{row.basis}{since}{source}{told}"


def _general(row: Row) -> tuple[bool, bool, Fraction]:
    """Return how little the terms of a loan are tied to its assets, and the level of the first liquidation."""
    return "asset" not in row.words, "collateral_asset" not in row.words, row.figures.get("liquidation_ltv", ONE)


def _tier(row: Row, deduction: Fraction, *, floor: Fraction, cap: Fraction | None) -> Tier:
    rate = row.figures.get("initial_rate")
    if rate is None and row.figures.get("max_leverage"):
        rate = ONE / row.figures["max_leverage"]
    return Tier(floor=floor, rate=row.figures["maintenance_rate"], deduction=deduction, cap=cap, initial_rate=rate)


def _weighted(rows: Sequence[Row], amount: Fraction) -> Fraction:
    """Return the share of a holding that counts: each tier's ratio for its part; beyond the last cap nothing does."""
    counted = ZERO
    for row in rows:
        until = min(amount, row.figures.get("cap", amount))
        counted += max(until - row.figures["floor"], ZERO) * row.figures["ratio"]
    return counted / amount
