"""Which of the rows about one event states what: Nexo books a draw and a sale for repayment up to three times.

Every fact has one row that states it, whatever else is in the export:

    coins sold to repay      the sell order (Manual, Automatic, legacy Liquidation); Exchange Liquidation is its twin
    debt repaid              the repayment row
    forced sale              the row that states the coins sold
    debt drawn               Loan Withdrawal or Withdrawal Credit; of a card its purchase
    coins that a draw pays   Exchange Credit; without it the top-up or deposit

Only where a chunk holds no such row beside it, another row of the event speaks for it: the twin for the coins, the
twin or else the sale for the debt, the payout for the draw.  Chunks are large (32 MiB of CSV), so an event is cut only
at the edge of a file: there, two files that each hold a part of it may state it twice.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl

from importers.nexo.cells import asset, is_credit_unit, is_dollar
from schemas.types import MONEY

BEFORE = timedelta(seconds=60)
TOGETHER = timedelta(minutes=10)
REPAID_WITHIN = timedelta(hours=6)
"""Sale and repayment lie seconds apart, up to two hours in public reconciliations of real exports."""
TOLERANCE = Decimal("0.01")
CENTS = Decimal("0.02")
"""Dollar values of one event differ by rounding, spread and the repayment's fee: by 1 %, or 2 cents."""

DECIDED = (
    "sale", "twin_sale", "repayment", "draw", "funding", "payout", "boost", "card_draw", "purchase", "credit_cost",
)  # fmt: skip
"""Events whose facts depend on the rows beside them."""
REPEATED = ("transaction", "type", "time", "in_asset", "in_quantity")
"""Rows that agree in these are one row, listed twice."""
BESIDE = ("deposit", "fiat_deposit", "withdrawal")
IN_UNITS_OF_DEBT = ("draw", "funding", "card_draw", "purchase", "credit_cost", "refund", "repayment")
BY_OUTPUT = ("draw", "funding", "purchase", "credit_cost")

EVENT = pl.col("event")
OWN_DEBT = EVENT.is_in(IN_UNITS_OF_DEBT) & is_dollar("in_unit")
TWIN_DEBT = (EVENT == "twin_sale") & is_dollar("out_unit")
DEBT = (
    pl.when(OWN_DEBT).then(pl.col("in_amount").abs())
    .when(TWIN_DEBT).then(pl.col("out_amount").abs())
    .otherwise(pl.col("usd").abs())
)  # fmt: skip
DEBT_ASSET = (
    pl.when(OWN_DEBT).then(asset("in_unit")).when(TWIN_DEBT).then(asset("out_unit")).otherwise(pl.lit("USD"))
)  # fmt: skip
"""What is drawn or repaid: in the unit of the debt where the row counts in it, else its value in dollars."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the rows beside it need to know of a row; coins and amounts unsigned."""

    index: int
    at: datetime
    event: str
    kind: str | None
    coin: str | None
    quantity: Decimal | None
    gained: str | None
    debt: Decimal | None
    usd: Decimal | None
    fee: Decimal | None
    is_credit: bool
    is_fiat_payout: bool
    is_crypto_repayment: bool


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a row states: the change of the debt (`owes`), that of the wallet (`moves`), a forced sale."""

    event: str
    owes: bool = True
    moves: bool = True
    forced: bool = False
    debt_repaid: Decimal | None = None
    sale_fee: Decimal | None = None
    paid: str = "manual"


def decided(stored: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with `debt`, `debt_asset` and what each of them states of its event."""
    rows = stored.with_columns(DEBT.alias("debt"), DEBT_ASSET.alias("debt_asset"))
    decisions = [Decision(event=event) for event in rows["event"]]
    if rows["event"].is_in(DECIDED).any():
        indexed = rows.with_row_index("index").with_columns(pl.col("index").first().over(REPEATED).alias("first"))
        of_event = _by_event(indexed.filter(pl.col("index") == pl.col("first")))
        for found in (_sales(of_event), _draws(of_event), _cards(of_event)):
            for index, decision in found.items():
                decisions[index] = decision
        decisions = [decisions[index] for index in indexed["first"]]
    return rows.with_columns(
        pl.Series("event", [item.event for item in decisions], dtype=pl.String),
        pl.Series("owes", [item.owes for item in decisions], dtype=pl.Boolean),
        pl.Series("moves", [item.moves for item in decisions], dtype=pl.Boolean),
        pl.Series("forced", [item.forced for item in decisions], dtype=pl.Boolean),
        pl.Series("debt_repaid", [item.debt_repaid for item in decisions], dtype=MONEY),
        pl.Series("sale_fee", [item.sale_fee for item in decisions], dtype=MONEY),
        pl.Series("paid", [item.paid for item in decisions], dtype=pl.String),
    )


def _by_event(rows: pl.DataFrame) -> dict[str, list[Row]]:
    by_output = EVENT.is_in(BY_OUTPUT)
    frame = rows.filter(EVENT.is_in([*DECIDED, *BESIDE])).select(
        "index", pl.col("time").alias("at"), "event", "kind",
        pl.when(by_output).then(asset("out_unit")).otherwise(asset("in_unit")).alias("coin"),
        pl.when(by_output).then("out_amount").otherwise("in_amount").abs().alias("quantity"),
        asset("out_unit").alias("gained"), "debt", pl.col("usd").abs(),
        pl.when(is_dollar("fee_unit")).then("fee").alias("fee"),
        is_credit_unit("in_unit").alias("is_credit"),
        (pl.col("type") == "withdraw exchanged").alias("is_fiat_payout"),
        pl.col("details").str.contains("(?i)crypto repayment").fill_null(False).alias("is_crypto_repayment"),
    )  # fmt: skip
    found: dict[str, list[Row]] = {event: [] for event in (*DECIDED, *BESIDE)}
    for cells in frame.iter_rows(named=True):
        found[cells["event"]].append(Row(**cells))
    return found


# ------------------------------------------------------------------------------------------------ pairing


def partners(
    left: Iterable[Row],
    right: Iterable[Row],
    agree: Callable[[Row, Row], bool],
    before: timedelta = TOGETHER,
    after: timedelta = TOGETHER,
) -> dict[int, Row]:
    """Return the row of `right` that belongs to each row of `left`: one to one, in time order, the nearest first."""
    waiting = sorted(right, key=lambda row: (row.at, row.index))
    times = [row.at for row in waiting]
    taken: set[int] = set()
    found: dict[int, Row] = {}
    for row in sorted(left, key=lambda row: (row.at, row.index)):
        near = waiting[bisect_left(times, row.at - before) : bisect_right(times, row.at + after)]
        fitting = [other for other in near if other.index not in taken and agree(row, other)]
        if fitting:
            nearest = min(fitting, key=lambda other: (abs(other.at - row.at), other.index))
            taken.add(nearest.index)
            found[row.index] = nearest
    return found


def close(one: Decimal | None, other: Decimal | None) -> bool:
    """Return whether two dollar values may be one."""
    if one is None or other is None:
        return False
    return abs(one - other) <= max(CENTS, TOLERANCE * max(one, other))


def _same_coins(one: Row, other: Row) -> bool:
    return one.coin is not None and (one.coin, one.quantity) == (other.coin, other.quantity)


def _same_debt(one: Row, other: Row) -> bool:
    return one.debt is None or close(one.debt, other.debt)


# -------------------------------------------------------------------------------------------------- sales


def _sales(rows: dict[str, list[Row]]) -> dict[int, Decision]:
    """Return what sell orders, their twins and repayments state."""
    sales, twins, repayments = rows["sale"], rows["twin_sale"], rows["repayment"]

    def sold_together(twin: Row, sale: Row) -> bool:
        return twin.coin == sale.coin and (twin.quantity == sale.quantity or close(twin.usd, sale.usd))

    twin_sales = partners(twins, sales, sold_together)
    twin_of = {sale.index: twin for twin in twins if (sale := twin_sales.get(twin.index))}

    def repaid(sale: Row, repayment: Row) -> bool:
        twin = twin_of.get(sale.index, sale)
        if twin.debt is None:  # the oldest exports give no dollars
            return abs(repayment.at - sale.at) <= TOGETHER
        paid = (repayment.debt, _with_fee(repayment))
        return any(close(value, amount) for value in (twin.debt, sale.debt) for amount in paid)

    selling = [*sales, *(twin for twin in twins if twin.index not in twin_sales)]
    repaid_by = partners(selling, repayments, repaid, BEFORE, REPAID_WITHIN)
    found = {row.index: Decision(event=row.event, paid=_paid(row)) for row in repayments}
    for sale in selling:
        twin, repayment = twin_of.get(sale.index), repaid_by.get(sale.index)
        forced = sale.kind == "forced" or (sale.event == "twin_sale" and repayment is None)
        debt_repaid = (twin or sale).debt
        if repayment is not None:
            forced |= repayment.kind == "forced"
            debt_repaid = repayment.debt if abs(repayment.at - sale.at) <= TOGETHER else None
            found[repayment.index] = Decision(event="repayment", paid="collateral_sale")
        if twin is not None:
            found[twin.index] = Decision(event="twin_sale", owes=repayment is None, moves=False)
        owes = repayment is None and twin is None
        fee = repayment.fee if repayment is not None else None
        found[sale.index] = Decision(event=sale.event, owes=owes, forced=forced, debt_repaid=debt_repaid, sale_fee=fee)
    return found


def _with_fee(repayment: Row) -> Decimal | None:
    return repayment.debt if repayment.debt is None or repayment.fee is None else repayment.debt + repayment.fee


def _paid(repayment: Row) -> str:
    """Return how a repayment was paid, as far as it says so itself."""
    if repayment.kind == "forced":
        return "forced"
    return "collateral_sale" if repayment.is_crypto_repayment else "manual"


# -------------------------------------------------------------------------------------------------- draws


def _draws(rows: dict[str, list[Row]]) -> dict[int, Decision]:
    """Return what draws, their conversion into a coin, payouts and boosters state."""
    boosts, fundings, payouts = rows["boost"], rows["funding"], rows["payout"]
    funded = partners(boosts, [*fundings, *payouts], _same_coins)
    found = {
        row.index: Decision(event="boost", owes=row.index not in funded, moves=row.index in funded) for row in boosts
    }
    totals = partners(
        (row for row in rows["draw"] if not row.is_credit), boosts, lambda row, boost: row.coin == boost.gained
    )
    draws = [row for row in rows["draw"] if row.index not in totals]
    found |= {index: Decision(event="draw", owes=False, moves=False) for index in totals}

    drawn = partners(fundings, draws, _same_debt)
    found |= {row.index: Decision(event="funding", owes=row.index not in drawn) for row in fundings}
    converted = partners(payouts, fundings, _same_coins)
    alone = [row for row in payouts if row.index not in converted]
    drawn = partners(alone, draws, _same_debt)
    found |= {row.index: Decision(event="payout", owes=row.index not in drawn) for row in alone}
    found |= {index: Decision(event="payout", owes=False, moves=False) for index in converted}

    paid = partners(draws, [*fundings, *alone, *rows["deposit"]], _same_coins)
    found |= {row.index: Decision(event="draw", moves=row.index not in paid) for row in draws}
    found |= {row.index: Decision(event="payout", owes=False) for row in paid.values() if row.event == "deposit"}
    return found


def _cards(rows: dict[str, list[Row]]) -> dict[int, Decision]:
    """Return what purchases by card, the draws for them and reversals of cashback state."""
    purchases = rows["purchase"]
    own = partners(purchases, (row for row in rows["withdrawal"] if row.is_fiat_payout), _same_coins)
    on_credit = [row for row in purchases if row.index not in own]
    bought = partners(rows["card_draw"], on_credit, _same_debt)
    reversals = (row for row in rows["credit_cost"] if row.kind == "cashback_reversal")
    netted = partners(
        reversals, rows["fiat_deposit"], lambda row, deposit: row.coin == deposit.coin, timedelta(0), timedelta(0)
    )
    return (
        {index: Decision(event="purchase", owes=False, moves=False) for index in own}
        | {index: Decision(event="card_draw", owes=False) for index in bought}
        | {index: Decision(event="credit_cost", owes=False) for index in netted}
    )
