"""What a row of a ledger becomes, whichever wallet and export it stands in: futures, spot, margin, unified.

The vocabularies (`record_types.csv`, `spot_types.csv`, `margin_types.csv`) say what each word is; one that is in none
is rejected, never guessed.  `change` is what a row does to the balance beside its fee, `fee_change` what the fee does:
both + where the wallet gains, and balance = balance before + change + fee_change.

- A derivative's row has neither price nor size: it makes no fill.  Its change is the result before fees, nothing where
  it opens; what an opening moves beside its fee it has put aside as margin.
- What is left of the margin after a liquidation goes to the insurance fund, and a deficit is paid by it: `insurance`,
  below zero or above; neither is a withdrawal or a deposit.
- A liquidation's own row is a close like any other: its fee is a trading fee.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import polars as pl

from importers.cells import mapped
from importers.contract import Cell, Emit, Identity
from importers.emits import adding, booking, by_sign, movement, transfer
from importers.vocabulary import Lines, column, looked_up

AT, ASSET, SYMBOL, PAIR = pl.col("time"), pl.col("asset"), pl.col("symbol"), pl.col("pair")
CHANGE, FEE_CHANGE, KIND = pl.col("change"), pl.col("fee_change"), pl.col("kind")
WHOLE = CHANGE + FEE_CHANGE
MOVED = (CHANGE != 0) | (FEE_CHANGE == 0)
"""A row that moves nothing is told all the same, so that none is silent."""
CHARGED = FEE_CHANGE != 0


_moved = adding(
    movement, "symbol", "instrument", "pair", "trade_ref", "order_ref", "transaction_ref", amount=CHANGE,
    position_side=pl.col("held"), balance_after=pl.col("balance"),
)  # fmt: skip
_booking = adding(booking, "symbol", "kind", "group_ref", amount=CHANGE)
_transfer = adding(transfer, "other_wallet", "transaction_ref", "pair", amount=CHANGE, fee=-FEE_CHANGE)


def _legs(cause: str, fee_cause: str = "trading_fee") -> tuple[Emit, Emit]:
    return _moved(cause, where=MOVED), _moved(fee_cause, amount=FEE_CHANGE, where=CHARGED)


def _repayment(part: str | None, kind: pl.Expr) -> Emit:
    columns = {"repaid_at": AT, "asset": ASSET, "amount": -WHOLE, "pair": PAIR, "kind": kind}
    parts = {} if part is None else {"principal": pl.lit(0), "interest": pl.lit(0)} | {part: -WHOLE}
    return Emit(table="repayments", where=WHOLE < 0, columns=columns | parts)


RESULT = Emit(table="stated_results", where=CHANGE != 0, columns={
    "booked_at": AT, "symbol": SYMBOL, "instrument": pl.col("instrument"), "asset": ASSET, "amount": CHANGE,
    "basis": pl.lit("gross"), "grain": pl.lit("fill"), "order_ref": pl.col("order_ref"),
})  # fmt: skip
FORCED = Emit(table="liquidations", where=SYMBOL.is_not_null(), columns={
    "liquidated_at": AT, "symbol": SYMBOL, "instrument": pl.col("instrument"), "product": pl.col("product"),
    "margin_mode": pl.col("margin_mode"), "side": pl.col("side"), "stage": KIND, "order_ref": pl.col("order_ref"),
})  # fmt: skip
"""Without size and price; its fee is the row's own movement."""
FUNDED = Emit(table="funding", columns={
    "paid_at": AT, "symbol": SYMBOL, "instrument": pl.col("instrument"), "asset": ASSET, "amount": CHANGE,
})  # fmt: skip
CHARGE = Emit(table="interest", columns={
    "accrued_at": AT, "asset": ASSET, "amount": -WHOLE, "kind": pl.lit("negative_balance"),
})  # fmt: skip
BORROWED = Emit(table="borrows", where=CHANGE > 0, columns={
    "borrowed_at": AT, "asset": ASSET, "amount": CHANGE, "pair": PAIR,
})  # fmt: skip
LENT = Emit(table="borrows", where=CHANGE > 0, columns={**BORROWED.columns, "kind": pl.lit("loan")})
PLEDGED = by_sign(CHANGE, "pledged", "released")
REALIZED = (*_legs("realized_pnl"), RESULT)

SHARED: Mapping[str, tuple[Emit, ...]] = {
    "transfer": (*_legs("transfer", "network_fee"), _transfer("internal")),
    "conversion": (*_legs("conversion"), _booking("conversions")),
    "insurance": (*_legs("insurance"), _booking("adjustments")),
    "liquidation_fee": (
        _moved("liquidation_fee", amount=WHOLE),
        _booking("adjustments", kind="liquidation_fee", amount=WHOLE),
    ),
    "trade": _legs("trade"),
    "unknown": (*_legs("unknown"), _booking("adjustments")),
    "fee": (_moved("trading_fee", amount=WHOLE),),
    "income": (*_legs("income"), _booking("adjustments")),
}
OF_FUTURES: Mapping[str, tuple[Emit, ...]] = {
    **SHARED,
    "open": _legs("margin_move"),
    "close": REALIZED,
    "deal": REALIZED,
    "delivery": REALIZED,
    "forced": REALIZED,
    "adl": REALIZED,
    "funding": (*_legs("funding"), FUNDED),
    "interest": (_moved("interest", amount=WHOLE), CHARGE),
    "margin_move": _legs("margin_move"),
    "borrow": (_moved("borrow", amount=WHOLE), LENT),
    "repay": (_moved("repay", amount=WHOLE), _repayment(None, KIND)),
    "repay_principal": (_moved("repay_principal", amount=WHOLE), _repayment("principal", KIND)),
    "repay_interest": (_moved("repay_interest", amount=WHOLE), _repayment("interest", KIND)),
    "pledge": (_moved("pledge", amount=WHOLE), _transfer(PLEDGED)),
}
WITHOUT_FILLS: Mapping[str, tuple[Emit, ...]] = {
    **OF_FUTURES, "forced": (*REALIZED, FORCED), "adl": (*REALIZED, FORCED),
}  # fmt: skip
"""Of ledgers that are there without fills, or name the order: they also list their forced closes, without size."""
OF_SPOT: Mapping[str, tuple[Emit, ...]] = {
    **SHARED,
    "deposit": (*_legs("deposit", "network_fee"), _transfer("deposit")),
    "withdrawal": (*_legs("withdrawal", "network_fee"), _transfer("withdrawal")),
    "rebate": (*_legs("rebate"), _booking("adjustments")),
}
REPAID = Emit(table="repayments", where=pl.col("repaid") > 0, columns={
    "repaid_at": AT, "asset": ASSET, "amount": pl.col("repaid"), "principal": pl.col("principal"),
    "interest": pl.col("interest"), "pair": PAIR,
})  # fmt: skip
OF_MARGIN: Mapping[str, tuple[Emit, ...]] = {
    **SHARED,
    "borrow": (_moved("borrow", amount=WHOLE), BORROWED),
    "repay": (_moved("repay", amount=WHOLE), REPAID),
    "repay_interest": (_moved("repay_interest", amount=WHOLE), REPAID),
}
DEMO = {"demo": "funds of demo trading: no money"}

# ------------------------------------------------------------------------------------------- vocabularies


@dataclass(frozen=True)
class Words:
    """What the words of a ledger mean."""

    lines: Lines

    @property
    def names(self) -> list[str]:
        """Return the words and patterns, in the order in which they are tried."""
        return [line["type"].casefold() for line in self.lines]

    def cell(self, printed: str, what: str) -> Cell:
        """Return the entry of the vocabulary for each word; one without an entry is unmapped, as is an empty one."""
        names = self.names
        exact = frozenset(names)

        def entry(text: str) -> str | None:
            folded = text.casefold()
            return folded if folded in exact else next((name for name in names if fnmatchcase(folded, name)), None)

        return mapped(printed, entry, what, required=True, unmapped=True)

    def said(self, meaning: str) -> pl.Expr:
        """Return one meaning of the word in the cell `type`, null where the vocabulary says nothing of it."""
        return looked_up("type", column(self.lines, "type", meaning))


MISSING = (
    "symbol", "instrument", "product", "pair", "held", "side", "margin_mode", "other_wallet", "trade_ref", "order_ref",
    "transaction_ref", "group_ref",
)  # fmt: skip


def with_meaning(rows: pl.DataFrame, words: Words, *, by_word: bool, costs: bool) -> pl.DataFrame:
    """Return the rows with what their word says, `change` and `fee_change`, and a null for what the export lacks.

    `by_word`: where the word says which way the amount goes, it goes that way, whatever sign is printed.  `costs`: a
    fee is a cost, whatever its sign; else one below zero is.
    """
    meanings = [name for name in words.lines[0] if name not in ("type", "event")]
    known = rows.with_columns(words.said(name).alias(name) for name in meanings)
    missing = [name for name in MISSING if name not in known.columns]
    known = known.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in missing)
    printed = pl.col("amount")
    signed = (
        pl.when(pl.col("flow") == "out").then(-printed.abs()).when(pl.col("flow") == "in").then(printed.abs())
        .otherwise(printed)
    )  # fmt: skip
    fee = pl.col("fee").fill_null(0)
    return known.with_columns(
        change=signed if by_word else printed,
        fee_change=-fee.abs() if costs else fee,
        balance=pl.col("balance") if "balance" in known.columns else pl.lit(None),
    )


def by_id(*content: str) -> Identity:
    """Return the identity of a record with an id of its own."""
    return Identity(kind="id", cells=("transaction_ref",), content=content)
