"""Everything of the year that changed what was held, one line an event, as other tools read it."""

from __future__ import annotations

import polars as pl

from ledger.taxing.gathering import Gathered
from ledger.taxing.loans import Exchanges
from ledger.taxing.payments import with_interest
from ledger.taxing.steps import CROSSINGS
from ledger.taxing.worth import rank_of
from reports.tax.value import FLOWS
from schemas.types import MONEY

KINDS = {
    "realized_pnl": "result",
    "session_result": "result",
    "trade": "result",
    "trading_fee": "trading_fee",
    "funding": "funding",
    "interest": "interest",
    "repay_interest": "interest",
    "liquidation_fee": "liquidation_fee",
    "insurance": "insurance",
    "network_fee": "network_fee",
    "rebate": "rebate",
    "income": "income",
    "correction": "correction",
    "unknown": "correction",
    "borrow": "loan",
    "repay": "repayment",
    "repay_principal": "repayment",
    "deposit": "deposit",
    "withdrawal": "withdrawal",
}
"""By cause of a movement that stands alone."""
LENT = ("borrow", "repay", "repay_principal")
LOANS = ("nexo", "blockfi", "celsius", "ledn", "youhodler")
ZERO = pl.lit(0).cast(MONEY)


def trade_flows(legs: pl.DataFrame, currency: str) -> pl.DataFrame:
    """Return trades: one line where one asset was given for one other, with its fee; a line a leg where there are more.

    A loan in another asset than is owed is what was drawn, or what was paid; what is owed is no asset.
    """
    lent = legs.filter(pl.col("cause").is_in(LENT))
    drawn = lent.filter((pl.col("cause") == "borrow") == (pl.col("side") == "received"))
    loans = _flows(
        drawn,
        kind=pl.when(pl.col("cause") == "borrow").then(pl.lit("loan")).otherwise(pl.lit("repayment")),
        **_one_side(pl.col("side") == "sent"),
        group=_borrowed(),
        text=pl.lit("loan in another asset than is owed"),
        rows=pl.col("rows"),
        value=pl.when(pl.col("side") == "sent").then(-pl.col("value")).otherwise("value"),
    )
    legs = _summed(legs.filter(~pl.col("cause").is_in(LENT)))
    sides = legs.filter(pl.col("side") != "fee").with_columns(
        many=pl.len().over("group"), sides=pl.col("side").n_unique().over("group")
    )
    simple = sides.filter((pl.col("many") == 2) & (pl.col("sides") == 2))
    sent = simple.filter(pl.col("side") == "sent")
    received = simple.filter(pl.col("side") == "received").select(
        "group", received_asset="asset", received="quantity", received_rows="rows", other_wallet="wallet"
    )
    fees = legs.filter(pl.col("side") == "fee").with_columns(nth=pl.int_range(pl.len()).over("group"))
    one_fee = fees.filter(pl.col("nth") == 0).select("group", fee_asset="asset", fee="quantity", fee_rows="rows")
    none = pl.lit([], dtype=pl.List(pl.String))
    pairs = sent.join(received, on="group", how="left", maintain_order="left").join(
        one_fee, on="group", how="left", maintain_order="left"
    )
    whole = _flows(
        pairs,
        kind=_traded(),
        sent_asset=pl.col("asset"),
        sent=pl.col("quantity"),
        received_asset=pl.col("received_asset"),
        received=pl.col("received"),
        fee_asset=pl.col("fee_asset"),
        fee=pl.col("fee"),
        value=pl.col("value"),
        instrument=pl.when(_rank("asset", currency) >= _rank("received_asset", currency))
        .then(pl.format("{}/{}", "asset", "received_asset"))
        .otherwise(pl.format("{}/{}", "received_asset", "asset")),
        text=pl.format("{} of {} for {}", _traded().str.replace("_", " "), "asset", "received_asset"),
        rows=pl.concat_list("rows", "received_rows", pl.col("fee_rows").fill_null(none)).list.unique(
            maintain_order=True
        ),
    )
    parts = sides.filter(~((pl.col("many") == 2) & (pl.col("sides") == 2)))
    given = pl.col("side") == "sent"
    single = _flows(
        parts,
        kind=_traded(),
        **_one_side(given),
        value=pl.when(given).then(-pl.col("value")).otherwise("value"),
        text=pl.format("part of a trade of several assets: {}", "asset"),
        rows=pl.col("rows"),
    )
    further = fees.join(simple.select("group").unique(), on="group", how="anti")
    further = pl.concat(
        [
            further,
            fees.filter(pl.col("nth") > 0).join(further.select("group", "asset"), on=["group", "asset"], how="anti"),
        ]
    )
    paid = pl.col("quantity") > 0
    more = _flows(
        further,
        kind=pl.lit("trading_fee"),
        **_one_side(paid),
        value=-pl.col("value"),
        text=pl.lit("trading fee"),
        rows=pl.col("rows"),
    )
    return pl.concat([loans, whole, single, more])


def _summed(legs: pl.DataFrame) -> pl.DataFrame:
    """Return the legs, of a trade that brought one asset twice (what paid a debt, and what is left) one of both."""
    known = pl.when(pl.col("value").is_not_null().all()).then(pl.col("value").sum())
    return legs.group_by("group", "side", "asset", maintain_order=True).agg(
        pl.exclude("group", "side", "asset", "quantity", "value", "rows").first(),
        pl.col("quantity").sum(),
        known.alias("value"),
        pl.col("rows").explode(),
    )


def single_flows(moves: pl.DataFrame, known: Gathered) -> pl.DataFrame:
    """Return the lines of movements that stand alone with loans and
    crossings.

    A repayment that paid interest, too, is two lines.
    """
    alone = moves.filter(
        pl.col("group").is_null() & pl.col("cause").is_in(list(KINDS)) & pl.col("swapped_asset").is_null()
    )
    alone = alone.filter(~(pl.col("cause").is_in(CROSSINGS) & pl.col("match_id").is_not_null()))
    others = alone.filter(pl.col("cause") != "repay")
    repaid = with_interest(alone.filter(pl.col("cause") == "repay"), known)
    principal = repaid.with_columns(amount=pl.col("amount") + pl.col("interest"), cause=pl.lit("repay_principal"))
    interest = repaid.filter(pl.col("interest") > 0).with_columns(
        amount=-pl.col("interest"), cause=pl.lit("repay_interest"), row=pl.format("{}:interest", "row")
    )
    names = others.columns
    every = pl.concat([others, principal.select(names), interest.select(names)]).filter(pl.col("amount") != 0)
    given = pl.col("amount") < 0
    kind = pl.col("cause").replace_strict(KINDS, return_dtype=pl.String)
    contract = pl.when(pl.col("is_derivative") & (kind != "deposit") & (kind != "withdrawal"))
    return _flows(
        every.with_columns(quantity=pl.col("amount").abs()),
        event="row",
        kind=kind,
        **_one_side(given),
        group=contract.then(pl.lit("derivative")).when(kind.is_in(["loan", "repayment", "interest"])).then(_borrowed()),
        text=pl.concat_str([pl.col("symbol"), kind.str.replace("_", " ")], separator=" ", ignore_nulls=True),
        rows=pl.concat_list(pl.col("row").str.strip_suffix(":interest")),
    )


def crossing_flows(moves: pl.DataFrame) -> pl.DataFrame:
    """Return transfers of which the book knows one end only, as deposits and withdrawals."""
    ends = moves.filter((pl.col("cause") == "transfer") & pl.col("match_id").is_null())
    ends = ends.filter(~pl.col("status").is_in(["pledged", "margin"]).fill_null(value=False))
    given = pl.col("amount") < 0
    kind = pl.when(given).then(pl.lit("withdrawal")).otherwise(pl.lit("deposit"))
    return _flows(
        ends.with_columns(quantity=pl.col("amount").abs()),
        event="row",
        kind=kind,
        **_one_side(given),
        text=pl.lit("transfer; its other end is not in the book"),
        rows=pl.concat_list("row"),
    )


def transfer_flows(known: Gathered) -> pl.DataFrame:
    """Return matched transfers: sent at one wallet, received at the other; the difference is the network's."""
    moved = known.matches.with_columns(
        account="from_account",
        venue="from_venue",
        wallet="from_wallet",
        quantity="sent",
        sent_here=pl.col("sent") - pl.col("booked_fee"),
    )
    return _flows(
        moved,
        event="match_id",
        kind=pl.lit("transfer"),
        other_account=pl.col("to_account"),
        other_venue=pl.col("to_venue"),
        other_wallet=pl.col("to_wallet"),
        sent_asset=pl.col("asset"),
        sent=pl.col("sent_here"),
        received_asset=pl.col("asset"),
        received=pl.col("received"),
        text=pl.lit("transfer between own wallets"),
        rows=pl.concat_list("sent_row", "received_row"),
    )


def loan_flows(lent: Exchanges) -> pl.DataFrame:
    """Return what sold collateral paid: the principal, interest apart (also that of one in another asset), and fees."""
    sold = lent.interest.filter(~pl.col("cause").is_in(LENT))
    told = (
        (sold, "interest", "interest of a loan"),
        (lent.principal, "repayment", "loan repaid out of sold collateral"),
        (lent.fees, "liquidation_fee", "fee of a sale of collateral"),
    )
    return pl.concat(
        [
            _flows(
                rows,
                event=pl.format("{}:{}", "group", pl.lit(kind)),
                kind=pl.lit(kind),
                **_one_side(pl.lit(value=True)),
                group=pl.lit("loan"),
                text=pl.lit(text),
                rows=pl.col("rows"),
            )
            for rows, kind, text in told
        ]
    )


def _rank(asset: str, currency: str) -> pl.Expr:
    return rank_of(pl.col(asset), currency)


def _traded() -> pl.Expr:
    return pl.when(pl.col("cause") == "collateral_sale").then(pl.lit("collateral_sale")).otherwise(pl.lit("trade"))


def _borrowed() -> pl.Expr:
    lent = pl.col("is_loan").fill_null(value=False) | (pl.col("wallet") == "loan") | pl.col("venue").is_in(LOANS)
    return pl.when(lent).then(pl.lit("loan")).otherwise(pl.lit("margin"))


def _one_side(given: pl.Expr) -> dict[str, pl.Expr]:
    return {
        "sent_asset": pl.when(given).then("asset"),
        "sent": pl.when(given).then(pl.col("quantity").abs()),
        "received_asset": pl.when(~given).then("asset"),
        "received": pl.when(~given).then(pl.col("quantity").abs()),
    }


def _flows(source: pl.DataFrame, /, event: str | pl.Expr = "group", **told: pl.Expr) -> pl.DataFrame:
    names = pl.col(event) if isinstance(event, str) else event
    made = {"flow": pl.format("{}:{}:{}", "venue", "account", names), **told}
    made.setdefault("group", pl.lit("spot"))
    made["group"] = made["group"].fill_null("other")
    own = ("happened_at", "account", "venue", "wallet", "symbol", "forced")
    for name in own:
        made.setdefault(name, pl.col(name) if name in source.columns else pl.lit(None))
    made["forced"] = made["forced"].fill_null(value=False)
    return source.select(made.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in FLOWS.items())
