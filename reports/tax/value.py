"""A tax year as a value: what was disposed of, what derivatives realized, what was paid and received, and what blocks.

Made by `ledger.taxing` from the book; every file of every target is made from this alone and knows no book.  All
values are in `policy.currency`; what is unknown is null, and then something in `blocks` says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import polars as pl

from schemas.types import INSTANT, MONEY

Method = Literal["fifo", "lifo", "hifo", "average", "uk"]
Scope = Literal["account", "wallet", "universal"]
ROWS = pl.List(pl.String)
"""Keys of source rows, as text, in the order of time; `TaxYear.places` leads each to file and line."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a person decides before anything is computed; printed in every file."""

    jurisdiction: str
    """us, uk, de or none."""
    year: int
    """The year, or that in which the tax year begins (uk: 2025 is 6 April 2025 to 5 April 2026)."""
    starts_at: datetime
    ends_at: datetime
    """Exclusive, UTC."""
    zone: str
    """In which days are days."""
    currency: str
    method: Method
    """Which units go first; `uk` is same day, next 30 days, section 104 pool."""
    scope: Scope
    """Within what lots are matched: an account, a wallet of it, or everything."""
    choices: str | None = None
    """Name of the file that identifies lots, where there is one."""
    results: Literal["close", "settlement"] = "close"
    """When a derivative's result counts: when a fill closes, or when the venue books cash."""
    funding: Literal["gain", "fee"] = "gain"
    fees: Literal["basis", "apart"] = "basis"
    """Trading fees of spot trades: in basis and proceeds, or apart as an expense."""
    network_fees: Literal["disposal", "basis"] = "disposal"
    """Of a transfer: the fee is disposed of at its value, or its cost stays in the units that arrive."""

    @property
    def label(self) -> str:
        """The year as its country writes it: 2025, or 2025/26."""
        return f"{self.year}/{(self.year + 1) % 100:02d}" if self.jurisdiction == "uk" else str(self.year)


DISPOSALS: dict[str, pl.DataType] = {
    "line": pl.String(),  # stable name of this line: `D-<row key>-<n>`
    "disposal_id": pl.String(),  # lines of one disposal share it
    "account": pl.String(), "venue": pl.String(), "wallet": pl.String(),
    "asset": pl.String(),
    "kind": pl.String(),  # KINDS_OF_DISPOSAL
    "quantity": MONEY,  # of this line, unsigned
    "acquired_at": INSTANT,  # null: a pool, or unknown
    "disposed_at": INSTANT,  # of a short sale: when it was closed by a purchase
    "proceeds": MONEY,  # after fees where policy.fees is basis
    "basis": MONEY,  # null: unknown (never zero for want of history)
    "fee": MONEY,  # that part of fees which is in proceeds or basis, + = cost
    "sale_fee": MONEY,  # that part of it which was taken off the proceeds; null: unknown
    "gain": MONEY,  # proceeds - basis; null where either is unknown
    "term": pl.String(),  # short, long; null where the jurisdiction has none or the date is unknown
    "rule": pl.String(),  # fifo, lifo, hifo, average, same_day, thirty_days, section_104, chosen, short_sale, missing
    "lot": pl.String(),  # name of the lot; null: a pool or missing
    "state_money": pl.Boolean(),  # the asset is a state's currency, no digital asset
    "rows": ROWS,  # of the disposal
    "lot_rows": ROWS,  # of the acquisition (a pool: those of the year)
    "note": pl.String(),
}  # fmt: skip
KINDS_OF_DISPOSAL = (
    "sale", "fee", "network_fee", "interest", "loss", "funding", "liquidation_fee", "collateral_sale", "expense",
    "lost",
)  # fmt: skip
"""sale: exchanged for money or another asset; fee .. liquidation_fee: paid in kind; loss: a derivative's loss paid in
its settle asset; collateral_sale: sold by the lender; expense: another payment; lost: gone for good."""

ACQUISITIONS: dict[str, pl.DataType] = {
    "lot": pl.String(),
    "account": pl.String(), "venue": pl.String(), "wallet": pl.String(),
    "asset": pl.String(),
    "kind": pl.String(),  # purchase, opening, result, funding, income, rebate, insurance, deposit
    "quantity": MONEY, "acquired_at": INSTANT, "cost": MONEY, "fee": MONEY,
    "rows": ROWS, "note": pl.String(),
}  # fmt: skip

LOTS: dict[str, pl.DataType] = {
    "account": pl.String(), "wallet": pl.String(),  # null where the scope is wider
    "asset": pl.String(), "lot": pl.String(),  # null: a pool
    "acquired_at": INSTANT, "quantity": MONEY,  # below zero: sold short
    "cost": MONEY, "rows": ROWS,
}  # fmt: skip
"""What is held at the end of the year; `lots_before` at its start."""

RESULTS: dict[str, pl.DataType] = {
    "line": pl.String(),
    "booked_at": INSTANT,
    "account": pl.String(), "venue": pl.String(), "wallet": pl.String(),
    "symbol": pl.String(), "position_id": pl.String(),  # null: of no position
    "side": pl.String(), "product": pl.String(),
    "loan_id": pl.String(),  # loan or debt pool, of interest and of debt that was written off
    "part": pl.String(),  # PARTS
    "asset": pl.String(), "amount": MONEY,  # cash sign: + = the account gains
    "value": MONEY,  # at booked_at; null: unpriced
    "forced": pl.Boolean(),  # by a liquidation, ADL or a lender
    "group": pl.String(),  # derivative, margin, loan, spot, other: what it belongs to
    "rows": ROWS, "note": pl.String(),
}  # fmt: skip
PARTS = (
    "result", "trading_fee", "funding", "interest", "liquidation_fee", "insurance", "network_fee", "income", "rebate",
    "written_off", "other",
)  # fmt: skip
"""Of derivatives: result, trading_fee, funding, liquidation_fee, insurance; of margin and loans: interest,
liquidation_fee, written_off (debt forgiven); income and expenses besides.  A spot trade's fee is here only where
policy.fees is apart."""

FLOWS: dict[str, pl.DataType] = {
    "flow": pl.String(),  # stable id: venue:account:row key[:part]
    "happened_at": INSTANT,
    "kind": pl.String(),  # KINDS_OF_FLOW
    "account": pl.String(), "venue": pl.String(), "wallet": pl.String(),
    # of a transfer: where it arrived
    "other_account": pl.String(), "other_venue": pl.String(), "other_wallet": pl.String(),
    "sent_asset": pl.String(), "sent": MONEY,  # unsigned
    "received_asset": pl.String(), "received": MONEY,
    "fee_asset": pl.String(), "fee": MONEY,  # beside sent and received; + = cost
    "value": MONEY,  # of the whole in policy.currency; null: unknown
    "symbol": pl.String(), "position_id": pl.String(),
    "instrument": pl.String(),  # of a trade, base and quote: the quote is the asset that is more of a money
    "group": pl.String(),  # derivative, margin, loan, spot, other
    "forced": pl.Boolean(),
    "text": pl.String(),  # in words, for a description
    "rows": ROWS,
}  # fmt: skip
KINDS_OF_FLOW = (
    "trade", "deposit", "withdrawal", "transfer", "result", "trading_fee", "funding", "interest", "liquidation_fee",
    "insurance", "network_fee", "loan", "repayment", "collateral_sale", "income", "rebate", "opening", "correction",
)  # fmt: skip
"""Everything of the year that changes what is held, one line an event, in the order of time.  trade: sent for received
(with its fee); transfer: between own accounts, matched (sent at one, received at the other); deposit, withdrawal: the
other end is not in the book; loan and repayment: principal alone; the rest is sent or received alone."""

BLOCKS: dict[str, pl.DataType] = {
    "block_id": pl.String(),  # stable
    # missing_history, unpriced, unmatched_transfer, gap, break, unknown_movement, unpaired_trade ...
    "kind": pl.String(),
    "account": pl.String(), "wallet": pl.String(), "asset": pl.String(),
    "happened_at": INSTANT,
    "amount": MONEY,  # of the asset, where it has one
    "sentence": pl.String(),  # what is wrong
    "todo": pl.String(),  # what to do
    "accepted_by": pl.String(), "accepted_reason": pl.String(),  # null: it blocks
    "rows": ROWS,
}  # fmt: skip

CONTROLS: dict[str, pl.DataType] = {
    "name": pl.String(),  # what is compared: `holdings`, `derivative results`, `funding`, ...
    "asset": pl.String(), "here": MONEY, "book": MONEY, "difference": MONEY,
}  # fmt: skip
"""Totals of these files against those of the book; each difference is 0 or is explained by a block."""

WANTED: dict[str, pl.DataType] = {"asset": pl.String(), "at": INSTANT, "currency": pl.String()}
"""Prices that are not known, and would make something known."""

STATEMENTS: dict[str, pl.DataType] = {
    "file": pl.String(), "line": pl.Int64(),
    "account": pl.String(),  # as it is stated: an account, or a venue
    "form": pl.String(),  # 1099-DA, CARF, DAC8, other
    "asset": pl.String(),  # null: all
    "figure": pl.String(),
    "of": pl.String(),  # amount, quantity, transactions: what of the figure is stated
    "stated": MONEY, "here": MONEY, "difference": MONEY,  # here - stated; null: it cannot be compared
    "currency": pl.String(),  # of an amount
    "agrees": pl.Boolean(),  # but for rounding; null: it cannot be compared
    "basis_reported": pl.String(),  # of 1099-DA: yes, no, both (of some sales); null: not said
    "note": pl.String(),
}  # fmt: skip
"""What venues stated to tax offices, beside the figures of these files; what does not agree is in a block, too."""

PLACES: dict[str, pl.DataType] = {
    "row": pl.String(), "file_id": pl.String(), "file": pl.String(), "source_row": pl.Int64(),
    "raw": pl.String(),  # null where the archive was not read
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TaxYear:
    """All of a year; frames have the columns above, rows in the order of time."""

    policy: Policy
    disposals: pl.DataFrame
    """Of the year."""
    acquisitions: pl.DataFrame
    """Of the year."""
    lots_before: pl.DataFrame
    lots: pl.DataFrame
    results: pl.DataFrame
    """Derivatives, and income and expenses, of the year."""
    flows: pl.DataFrame
    blocks: pl.DataFrame
    """Everything before the end of the year that makes a figure doubtful; accepted ones too."""
    controls: pl.DataFrame
    places: pl.DataFrame
    wanted: pl.DataFrame
    assumptions: Sequence[str] = ()
    """What was assumed, a sentence each: method, scope, prices and their ages, rules."""
    changes: Sequence[Mapping[str, str]] = ()
    """Against the last run of the same year and settings: name, before, after; empty where nothing differs."""
    previous_run: str | None = None
    """When the last run with the same settings was written."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What was asked for, by name: only runs with the same settings are compared."""
    other_run: str | None = None
    """When the last run was written, where none had the same settings; and what of it was set otherwise."""
    other_settings: Sequence[Mapping[str, str]] = ()
    version: str = ""
    book: str = ""
    """Digest of the figures below, so that two files can be told to be of one run."""
    statements: pl.DataFrame = field(default_factory=lambda: empty(STATEMENTS))

    @property
    def is_draft(self) -> bool:
        """Whether something blocks that nobody accepted."""
        return bool(self.blocks["accepted_reason"].is_null().any())


def empty(columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return a frame of these columns without rows."""
    return pl.DataFrame(schema=dict(columns))
