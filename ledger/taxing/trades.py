"""Legs of trades and conversions, brought together to what was given, what was got, and what it cost.

A book keeps what an export states: some state a trade as one row, some as a row a leg, some without any reference.
Legs with one reference (else: of one instant) in one wallet are one trade; what is left alone there is looked for
moments later, and in the other wallets of the account at that instant.
"""

from __future__ import annotations

import polars as pl

from ledger.accounting.regimes import books_results
from ledger.accounting.voices import Scope

LEGS = ("trade", "conversion")
DERIVATIVES = ("perpetual", "future", "option")
CONTRACT_WALLETS = ("usdm", "coinm")
MARGIN = ("trading_fee", "realized_pnl", "session_result", "liquidation_fee", "insurance")
WIDER = (["account", "venue", "ref"], ["account", "happened_at"])
"""Where the other leg is looked for that is not there with the same reference at the same instant: moments later, or in
another wallet."""
NAMED = ("account", "venue", "wallet", "pair", "happened_at")


def with_groups(moves: pl.DataFrame) -> pl.DataFrame:
    """Return the moves with `is_contract`, `is_derivative`, and `group`: the first row of the trade that a leg or its
    fee belongs to.

    `group` is null of what is no leg; a fee belongs to a group only where the group has a leg.  Of no trade and no
    fill, a row is a contract's where its wallet books results or funding of its symbol; `is_derivative` is that of
    margin trades of which only results are booked, too.
    """
    told = moves.with_row_index("no").with_columns(
        is_derivative=pl.col("product").is_in(DERIVATIVES).fill_null(value=False)
        | (pl.col("wallet").is_in(CONTRACT_WALLETS) & ~pl.col("cause").is_in(LEGS)),
        is_leg=pl.col("cause").is_in(LEGS),
        ref=pl.coalesce("trade_ref", "order_ref", "transaction_ref"),
    )
    could = pl.col("is_leg") | ((pl.col("cause") == "trading_fee") & ~pl.col("is_derivative"))
    legs = told.filter(could & ~(pl.col("is_leg") & pl.col("is_derivative")))
    whole = []
    left = _grouped(legs, [*NAMED, "ref"])
    for keys in WIDER:
        whole.append(left.filter(_has_both()))
        alone = left.filter(~_has_both())
        wider = _grouped(alone, keys)
        named = pl.col("ref").is_not_null() if "ref" in keys else pl.lit(value=True)
        left = wider.with_columns(group=pl.when(_has_both() & named).then("group").otherwise(alone["group"]))
    found = pl.concat([*whole, left]).select("no", "group")
    has_leg = told.join(found, on="no").filter("is_leg")["group"].unique()
    kept = found.filter(pl.col("group").is_in(has_leg.to_list()))
    grouped = told.join(kept, on="no", how="left", maintain_order="left").drop("ref", "is_leg")
    single, booked = pl.col("group").is_null(), _is_booked(moves)
    settles = single & pl.col("product").is_null() & pl.col("settles") & ~booked
    told = grouped.with_columns(is_contract=pl.col("is_derivative") | settles)
    return told.with_columns(is_derivative=pl.col("is_contract") | (single & booked))


def _is_booked(moves: pl.DataFrame) -> pl.Expr:
    """Return whether a movement is of a wallet whose margin trades book results and fees, and no leg of a trade."""
    scopes = moves.select("account", "venue", "wallet").unique()
    booking = ["|".join(scope) for scope in scopes.iter_rows() if books_results(Scope(*scope))]
    place = pl.concat_str("account", "venue", "wallet", separator="|")
    return place.is_in(booking) & pl.col("cause").is_in(MARGIN)


def _grouped(legs: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    return legs.with_columns(group=pl.col("row").first().over(keys, order_by="no"))


def _has_both() -> pl.Expr:
    """Return whether something is given and something is got in the group of a row."""
    leg = pl.col("cause").is_in(LEGS)
    given = (leg & (pl.col("amount") < 0)).any().over("group")
    return given & (leg & (pl.col("amount") > 0)).any().over("group")


def legs_of(grouped: pl.DataFrame) -> pl.DataFrame:
    """Return what was given, got and paid in fees: group, side (sent, received, fee), asset, quantity (of a fee + =
    cost), and of each the wallet and the rows.  Legs of one asset in one trade are netted."""
    side = pl.when(pl.col("cause") == "trading_fee").then(pl.lit("fee")).otherwise(pl.lit("leg"))
    summed = (
        grouped.filter(pl.col("group").is_not_null())
        .with_columns(side=side)
        .group_by("group", "side", "asset", maintain_order=True)
        .agg(
            pl.col("no").min(),
            pl.col("amount").sum(),
            pl.col("row").alias("rows"),
            pl.col("account", "venue", "wallet", "symbol", "happened_at", "cause").first(),
            pl.col("forced").any(),
        )
    )
    sent = pl.col("amount") < 0
    named = pl.when(pl.col("side") == "fee").then("side").when(sent).then(pl.lit("sent")).otherwise(pl.lit("received"))
    quantity = pl.when(pl.col("side") == "fee").then(-pl.col("amount")).otherwise(pl.col("amount").abs())
    return summed.filter(pl.col("amount") != 0).with_columns(quantity=quantity, side=named).drop("amount")
