"""Every change of what is owned, as steps that lots follow: acquired, disposed of, or moved between own pools.

Borrowed units and the principal that is paid back change nothing that is owned, which is what the wallets hold less
what is owed (`owed` has their steps).  Money of the policy's currency has no lots.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

import polars as pl

from ledger.taxing.fees import ZERO, borne
from ledger.taxing.gathering import Gathered
from ledger.taxing.payments import with_interest
from ledger.taxing.worth import STABLE
from reports.tax.value import ROWS, Policy
from schemas.currencies import CURRENCIES
from schemas.types import INSTANT, MONEY

OUTSIDE = "|outside"
"""The pool of what left the book and may come back."""
STEPS: dict[str, pl.DataType] = {
    "event": pl.String(),
    "no": pl.Int64(),
    "account": pl.String(),
    "venue": pl.String(),
    "wallet": pl.String(),
    "asset": pl.String(),
    "at": INSTANT,
    "op": pl.String(),
    "kind": pl.String(),
    "quantity": MONEY,
    "value": MONEY,
    "fee": MONEY,
    "to_account": pl.String(),
    "to_venue": pl.String(),
    "to_wallet": pl.String(),
    "arrives": MONEY,
    "arrives_at": INSTANT,
    "is_outside": pl.Boolean(),
    "is_debt": pl.Boolean(),
    "trade": pl.String(),
    "rows": ROWS,
    "note": pl.String(),
}
"""event: key of the first row behind it; no: order inside an instant; op: acquire, dispose, move (and of `owed`:
borrow, repay); is_debt: in the pool of a debt alone; value: cost or proceeds, null where it is to be asked for;
arrives_at: of a transfer, when the other wallet got it; is_outside: of a move, whether its other end (in or out) is not
in the book."""

KINDS: dict[str, tuple[str, str]] = {
    "realized_pnl": ("result", "loss"),
    "session_result": ("result", "loss"),
    "trade": ("result", "loss"),
    "trading_fee": ("rebate", "fee"),
    "funding": ("funding", "funding"),
    "interest": ("income", "interest"),
    "repay_interest": ("income", "interest"),
    "liquidation_fee": ("insurance", "liquidation_fee"),
    "insurance": ("insurance", "expense"),
    "network_fee": ("rebate", "network_fee"),
    "rebate": ("rebate", "expense"),
    "income": ("income", "expense"),
    "correction": ("unknown", "expense"),
    "unknown": ("unknown", "expense"),
}
"""By cause of a movement that stands alone: what is got, and what is given."""
EXCHANGED = ("sale", "collateral_sale", "purchase")
"""Kinds of the steps of trades: those alone bear fees."""
CROSSINGS = ("deposit", "withdrawal", "transfer")
SHARED = ("no", "account", "venue", "wallet", "asset", "is_debt")


def single_steps(moves: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Return the steps of movements that belong to no trade and no transfer; their worth is to be asked for."""
    alone = moves.filter(pl.col("group").is_null() & pl.col("cause").is_in(list(KINDS)))
    if policy.network_fees == "basis":
        alone = alone.filter(~pl.col("is_transfer_fee"))
    gained = pl.col("amount") > 0
    got = pl.col("cause").replace_strict({cause: kinds[0] for cause, kinds in KINDS.items()}, return_dtype=pl.String)
    given = pl.col("cause").replace_strict({cause: kinds[1] for cause, kinds in KINDS.items()}, return_dtype=pl.String)
    lost = pl.col("booked_as") == "loss"
    kind = pl.when(gained).then(got).when(lost).then(pl.lit("lost")).otherwise(given)
    return _steps(
        alone,
        event="row",
        at="happened_at",
        kind=kind,
        quantity=pl.col("amount").abs(),
        op=pl.when(gained).then(pl.lit("acquire")).otherwise(pl.lit("dispose")),
        rows=pl.concat_list("row"),
    )


def repayment_steps(moves: pl.DataFrame, known: Gathered) -> pl.DataFrame:
    """Return the steps of interest that was paid together with principal, out of the asset that is owed."""
    repaid = with_interest(moves.filter((pl.col("cause") == "repay") & pl.col("swapped_asset").is_null()), known)
    paid = repaid.filter(pl.col("interest") > 0)
    return _steps(
        paid,
        event="row",
        at="happened_at",
        kind=pl.lit("interest"),
        quantity=pl.col("interest"),
        op=pl.lit("dispose"),
        rows=pl.concat_list(pl.concat_list("row"), "debt_rows"),
    )


def trade_steps(legs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Return the steps of trades: what was given is disposed of, what was got is acquired, fees as the policy says.

    `legs` have `value`.  With fees in basis a fee lowers the proceeds of what was given, or adds to the cost of what
    was got where money was given for it; a fee in the asset that was given or got changes its quantity, one in
    another asset, or of more than was got, is disposed of, besides.
    """
    sent_is_money = _money(pl.col("asset"), policy)
    of_sent = pl.col("side") == "sent"
    one = legs.with_columns(
        fees=pl.col("value").filter(pl.col("side") == "fee").sum().over("group"),
        fees_unknown=(pl.col("value").is_null() & (pl.col("side") == "fee")).any().over("group"),
        for_money=(sent_is_money & of_sent).any().over("group"),
        for_own=((pl.col("asset") == policy.currency) & of_sent).any().over("group"),
    )
    fees = one.filter(pl.col("side") == "fee").select("group", "asset", own_fee="quantity", own_fee_value="value")
    sides = one.filter(pl.col("side") != "fee").join(fees, on=["group", "asset"], how="left", maintain_order="left")
    if policy.fees == "apart":
        sides = sides.with_columns(
            own_fee=pl.lit(None, MONEY), own_fee_value=pl.lit(None, MONEY), fees=ZERO, fees_unknown=pl.lit(value=False)
        )
    given = pl.col("side") == "sent"
    rest = pl.col("quantity") + pl.when(given).then("own_fee").otherwise(-pl.col("own_fee"))
    sides = sides.with_columns(pl.when(rest > 0).then(pl.col("own_fee", "own_fee_value")))
    sides = sides.with_columns(borne(sides, policy))
    merged = pl.col("own_fee").fill_null(ZERO)
    merged_value = pl.when(pl.col("own_fee").is_not_null()).then("own_fee_value").otherwise(ZERO)
    quantity = pl.when(given).then(pl.col("quantity") + merged).otherwise(pl.col("quantity") - merged)
    value = (
        pl.when(given)
        .then(pl.col("value") + merged_value - pl.col("borne"))
        .otherwise(pl.col("value") - merged_value + pl.col("borne"))
    )
    first, by_lender = pl.col("rows").list.first(), pl.col("cause") == "collateral_sale"
    event = pl.when(first.is_duplicated() & ~given).then(pl.format("{}:got", first)).otherwise(first)
    made = sides.with_columns(quantity=quantity, value=value, fee="borne")
    main = _steps(
        made,
        event=event,
        at="happened_at",
        op=pl.when(given).then(pl.lit("dispose")).otherwise(pl.lit("acquire")),
        kind=pl.when(~given)
        .then(pl.lit("purchase"))
        .when(by_lender)
        .then(pl.lit("collateral_sale"))
        .otherwise(pl.lit("sale")),
        quantity=pl.col("quantity"),
        value=pl.col("value"),
        fee=pl.col("fee"),
        trade=pl.col("group"),
        rows=pl.col("rows"),
    )
    beside = one.filter((pl.col("side") == "fee") & (pl.col("quantity") != 0))
    if policy.fees != "apart":
        taken = sides.filter(pl.col("own_fee").is_not_null()).select("group", "asset")
        beside = beside.join(taken, on=["group", "asset"], how="anti")
    paid = pl.col("quantity") > 0
    apart = _steps(
        beside,
        event=pl.col("rows").list.first(),
        at="happened_at",
        op=pl.when(paid).then(pl.lit("dispose")).otherwise(pl.lit("acquire")),
        kind=pl.when(paid).then(pl.lit("fee")).otherwise(pl.lit("rebate")),
        quantity=pl.col("quantity").abs(),
        value=pl.col("value").abs(),
        trade=pl.col("group"),
        rows=pl.col("rows"),
    )
    return pl.concat([main.filter(pl.col("quantity") > 0), apart])


def transfer_steps(known: Gathered, policy: Policy) -> pl.DataFrame:
    """Return the steps of matched transfers between own wallets, and of what the network took that no row of its own
    books."""
    rows = pl.concat_list("sent_row", "received_row")
    unbooked = pl.col("fee") - pl.col("booked_fee")
    in_basis = policy.network_fees == "basis"
    moved = known.matches.with_columns(
        account="from_account", venue="from_venue", wallet="from_wallet", sent_units="sent"
    )
    move = _steps(
        moved,
        event=pl.col("match_id"),
        at="happened_at",
        op=pl.lit("move"),
        kind=pl.lit("transfer"),
        quantity=pl.col("sent") if in_basis else pl.col("received"),
        to_account=pl.col("to_account"),
        to_venue=pl.col("to_venue"),
        to_wallet=pl.col("to_wallet"),
        arrives=pl.col("received"),
        arrives_at=pl.col("received_at"),
        is_outside=pl.lit(value=False),
        rows=rows,
    )
    if in_basis:
        return move
    fee = _steps(
        moved.filter(unbooked > 0),
        event=pl.format("{}:network", "match_id"),
        at="happened_at",
        op=pl.lit("dispose"),
        kind=pl.lit("network_fee"),
        quantity=unbooked,
        rows=rows,
    )
    return pl.concat([fee, move])


def loan_steps(paid: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Return the steps of interest or fees that were paid out of an exchange of a loan, or out of its collateral."""
    return _steps(
        paid,
        event=pl.format("{}:{}:{}", "group", "asset", pl.lit(kind)),
        at="happened_at",
        op=pl.lit("dispose"),
        kind=pl.lit(kind),
        quantity=pl.col("quantity"),
        rows=pl.col("rows"),
    )


def entered_or_left(moves: pl.DataFrame, known: Gathered) -> pl.DataFrame:
    """Return what was there before the first row, and what crossed the border of the book since.

    Columns: event, row, no, account, venue, wallet, asset, happened_at, amount (+ = it came), came, stated, and
    quantity: that part of it which is no unit of an opening lot.
    """
    ends = moves.filter(
        pl.col("cause").is_in(CROSSINGS)
        & pl.col("match_id").is_null()
        & ~pl.col("status").is_in(["pledged", "margin"]).fill_null(value=False)
    )
    begun = known.openings.filter(pl.col("amount") > 0).with_columns(
        no=pl.lit(0, pl.UInt32), event=pl.format("opening:{}:{}:{}:{}", "account", "venue", "wallet", "asset")
    )
    ends = ends.with_columns(event="row")
    names = ["event", "row", "no", "account", "venue", "wallet", "asset", "happened_at", "amount"]
    both = pl.concat([begun.select(names), ends.select(names)]).sort("happened_at", "no", maintain_order=True)
    stated = known.opening_lots.group_by("account", "asset").agg(pl.col("quantity").sum().alias("stated"))
    came = pl.when(pl.col("amount") > 0).then("amount").otherwise(ZERO)
    counted = both.join(stated, on=["account", "asset"], how="left", maintain_order="left").with_columns(
        until=came.cum_sum().over("account", "asset"), stated=pl.col("stated").fill_null(ZERO), came=came
    )
    here = pl.max_horizontal(
        ZERO, pl.min_horizontal(pl.col("came"), pl.col("stated") - (pl.col("until") - pl.col("came")))
    )
    return counted.with_columns(
        quantity=pl.when(pl.col("amount") > 0).then(pl.col("came") - here).otherwise(-pl.col("amount"))
    )


def crossing_steps(moves: pl.DataFrame, known: Gathered, zone: str) -> pl.DataFrame:
    """Return the steps of what entered or left the book, and of what was there before its first row.

    Opening lots that a person states are acquired at their own dates in the wallet where they are said to lie; what
    enters from outside is taken for those units first, so that they are not counted twice.  A lot that is stated by
    its day alone (midnight) is of that day in the zone.
    """
    entered = entered_or_left(moves, known)
    moved = _steps(
        entered.filter(pl.col("quantity") > 0),
        event="event",
        at="happened_at",
        op=pl.lit("move"),
        kind=pl.when(pl.col("amount") > 0).then(pl.lit("entered")).otherwise(pl.lit("left")),
        quantity=pl.col("quantity"),
        arrives=pl.col("quantity"),
        is_outside=pl.lit(value=True),
        rows=pl.concat_list("row").list.drop_nulls(),
    )
    midnight = pl.col("happened_at").dt.time() == time()
    local = pl.col("happened_at").dt.replace_time_zone(zone).dt.convert_time_zone("UTC").cast(INSTANT)
    lots = known.opening_lots.with_columns(
        no=pl.lit(0, pl.UInt32), happened_at=pl.when(midnight).then(local).otherwise("happened_at")
    )
    opened = _steps(
        lots,
        event="row",
        at="happened_at",
        op=pl.lit("acquire"),
        kind=pl.lit("opening"),
        quantity=pl.col("quantity"),
        rows=pl.concat_list("row"),
        note=pl.col("evidence"),
    )
    debts = known.openings.filter(pl.col("amount") < 0).with_columns(no=pl.lit(0, pl.UInt32))
    owed = _steps(
        debts,
        event=pl.format("opening:{}:{}:{}:{}", "account", "venue", "wallet", "asset"),
        at="happened_at",
        op=pl.lit("dispose"),
        kind=pl.lit("opening"),
        quantity=-pl.col("amount"),
        rows=pl.concat_list("row").list.drop_nulls(),
        note=pl.lit("owed before the first row"),
    )
    return pl.concat([opened, owed, moved])


def without_currency(steps: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Return the steps in order: money of the policy's currency has no lots; within an instant what is acquired comes
    first."""
    order = pl.col("op").replace_strict({"move": 1, "acquire": 0, "dispose": 2}, return_dtype=pl.Int8)
    return steps.filter(pl.col("asset") != policy.currency).sort("at", order, "no", "event", maintain_order=True)


def _money(asset: pl.Expr, policy: Policy) -> pl.Expr:
    return asset.is_in([policy.currency, *sorted(CURRENCIES), *STABLE])


def _steps(source: pl.DataFrame, /, **told: pl.Expr | str) -> pl.DataFrame:
    """Return rows as steps: what is told, the names that they share, null for the rest."""
    made: Sequence[pl.Expr] = [
        (pl.col(value) if isinstance(value, str) else value).cast(STEPS[name]).alias(name)
        for name, value in told.items()
    ]
    shared = [
        pl.col(name).cast(kind)
        for name, kind in STEPS.items()
        if name in source.columns and name not in told and name in SHARED
    ]
    rest = [
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in STEPS.items()
        if name not in told and name not in {column.meta.output_name() for column in shared}
    ]
    return source.select(*made, *shared, *rest).select(list(STEPS))
