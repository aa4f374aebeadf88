"""Tables of what people decided and what was frozen then: made from the log and the archive, never from exports."""

from __future__ import annotations

import polars as pl

from schemas.tables import Table, known, maybe
from schemas.types import Instant, Key, Money


class Close(Table):
    """A month of an account that was closed."""

    account: str = known("the account")
    period: str = known("the month, as 2025-10")
    zone: str = known("zone of its first and last instant")
    starts_at: Instant = known("its first instant")
    ends_at: Instant = known("its end, exclusive")
    seq: pl.Int64 = known("number of the decision in the log")
    closed_by: str = known("who prepared it")
    closed_at: Instant = known("when")
    reviewed_by: str = maybe("who reviewed it; null: nobody yet")
    reviewed_at: Instant = maybe("when")
    figures: str = known("sha-256 of the frozen figures")
    version: str = known("version that computed them")
    reopened_by: str = maybe("who opened it again")
    reopened_at: Instant = maybe("when; null: it stands")
    reason: str = maybe("why it was opened again")


class FrozenBalance(Table):
    """A line of the roll-forward as it was frozen when its month was closed."""

    account: str = known("the account")
    venue: str = known("the exchange or lender")
    wallet: str = known("the wallet")
    asset: str = known("the asset")
    zone: str = known("zone of the month")
    starts_at: Instant = known("first instant of the month")
    ends_at: Instant = known("its end, exclusive")
    opening: Money = known("balance at the start")
    deposits: Money = known("cash sign, as all that follow")
    withdrawals: Money = known("with network fees")
    transfers: Money = known("between own wallets, and margin and collateral moves")
    trading: Money = known("legs of trades and conversions")
    realized_pnl: Money = known("booked results of contracts")
    trading_fees: Money = known("trading fees")
    funding: Money = known("funding")
    interest: Money = known("interest that moved cash")
    borrowed: Money = known("drawn")
    repaid: Money = known("repaid")
    liquidation: Money = known("liquidation fees and insurance")
    other: Money = known("everything else")
    late: Money = known("what had come for months closed before")
    closing: Money = known("balance at the end")
    stated_closing: Money = maybe("the venue's figure")
    difference: Money = maybe("stated - closing")
    stated_at: Instant = maybe("when the venue stated it")
    basis: str = known("stated, rolled_back, derived or no_anchor")
    status: str = known("tied or explained, as it was when the month was closed")
    closed: str = known("closed or reviewed")


class FrozenFigure(Table):
    """One figure of a report as it was frozen when a month was closed."""

    account: str = known("the account")
    period: str = known("the month")
    report: str = known("the report")
    line: str = known("key of its line there")
    asset: str = maybe("asset of the figure")
    name: str = known("the column")
    value: str = maybe("the figure, as plain text; null: unknown")


class Explained(Table):
    """A break that a person explained."""

    break_id: str = known("the break")
    reason: str = known("why the balances differ")
    amount: Money = known(
        "the difference (of a closing that nothing states: the closing) that it explains, and no other"
    )
    explained_by: str = maybe("who says so")
    explained_at: Instant = known("when")


class DecidedMatch(Table):
    """Two rows that a person called the two ends of one transfer, or one that is the end of none.

    A row is named by its key, and by its place (file, row, leg), which leads to it where an account has another name.
    """

    sent_key: Key = maybe("row_key of the row that leaves; null: the other row is no end of a transfer")
    sent_file: str = maybe("sha-256 of a file that has it")
    sent_row: pl.Int64 = maybe("its row there")
    sent_leg: pl.Int64 = maybe("its leg: row_key % 256")
    received_key: Key = maybe("row_key of the row that arrives; null: the other row is no end of a transfer")
    received_file: str = maybe("sha-256 of a file that has it")
    received_row: pl.Int64 = maybe("its row there")
    received_leg: pl.Int64 = maybe("its leg")
    decided_at: Instant = known("when it was decided")


DECIDED: dict[str, type[Table]] = {
    "closes": Close,
    "frozen_balances": FrozenBalance,
    "frozen_figures": FrozenFigure,
    "explained": Explained,
    "decided_matches": DecidedMatch,
}
