"""What derivatives realized, what holding cost, and what else was earned and paid, line by line."""

from __future__ import annotations

import polars as pl

from ledger.accounting.regimes import books_results
from ledger.accounting.voices import Scope
from ledger.taxing.gathering import Gathered
from ledger.taxing.trades import CONTRACT_WALLETS, DERIVATIVES
from ledger.taxing.worth import Prices
from reports.tax.value import RESULTS, Policy

SETTLED = ("realized_pnl", "session_result")
COSTS = ("trading_fee", "funding", "interest", "liquidation_fee", "insurance", *SETTLED)
OTHERS = {
    "income": "income",
    "rebate": "rebate",
    "network_fee": "network_fee",
    "correction": "other",
    "unknown": "other",
}
PART = {
    **{cause: cause for cause in COSTS},
    **OTHERS,
    "realized_pnl": "result",
    "session_result": "result",
    "trade": "result",
}
REMAINDER = "what the venue booked on the day beside the results of its fills"
SETTLE_VALUE = "settle_value"
"""What a cost was in the settle asset, for the comparison with the book's own report."""


def result_lines(known: Gathered, moves: pl.DataFrame, policy: Policy, prices: Prices) -> pl.DataFrame:
    """Return the lines of the year as RESULTS says, with `settle_value` and `settle_asset`."""
    from_positions = known.results.filter(_is_contract(known)).with_columns(
        part=pl.lit("result"), group=pl.lit("derivative"), settle_value=pl.col("amount"), settle_asset=pl.col("asset")
    )
    year = moves.filter((pl.col("happened_at") >= policy.starts_at) & (pl.col("happened_at") < policy.ends_at))
    settled = _of_moves(
        year.filter(pl.col("cause").is_in(SETTLED) | ((pl.col("cause") == "trade") & pl.col("is_derivative"))),
        "derivative",
    )
    by_close = policy.results == "close"
    costs = _costs(known, by_close=by_close, apart=policy.fees == "apart")
    beside = year.filter(pl.col("group").is_null())
    fees = _of_no_position(beside, known)
    others = beside.filter(pl.col("cause").is_in(list(OTHERS)) & (pl.col("booked_as").fill_null("") != "loss"))
    if policy.network_fees == "basis":
        others = others.filter(~pl.col("is_transfer_fee"))
    parts = [
        from_positions if by_close else settled,
        costs,
        _of_moves(fees.filter("is_contract"), "derivative"),
        _of_moves(fees.filter(~pl.col("is_contract")), "spot"),
        _of_moves(others, "other"),
        known.written_off.with_columns(part=pl.lit("written_off"), group=pl.lit("loan")),
        _spot_fees(year, policy),
        _unbooked_fees(known, policy),
    ]
    lines = pl.concat([_lines(part) for part in parts]).sort("booked_at", "row", maintain_order=True)
    key = pl.coalesce("row", _of_day())
    named = lines.with_columns(
        line=pl.format("R-{}-{}", key, pl.int_range(pl.len()).over(key) + 1),
        rows=pl.concat_list("row").list.drop_nulls(),
        note=pl.when(pl.col("row").is_null()).then(pl.lit(REMAINDER)).otherwise("note"),
    )
    worth = prices.worth(named.drop("value"), "amount", "booked_at", "value")
    return worth.select(*RESULTS, SETTLE_VALUE, "settle_asset")


def _of_day() -> pl.Expr:
    """Return the name of what a venue booked on a day and no row tells alone."""
    words = [pl.col(name).fill_null("") for name in ("account", "venue", "wallet", "part", "asset")]
    return pl.concat_str(*words, pl.col("booked_at").dt.strftime("%Y-%m-%d"), separator=":")


def asked_by(known: Gathered) -> pl.DataFrame:
    """Return of what, and when, these lines need a price."""
    names = [pl.col("asset"), pl.col("booked_at").alias("at")]
    return pl.concat([frame.select(names) for frame in (known.results, known.costs, known.written_off)])


def _is_contract(known: Gathered) -> pl.Expr:
    """Whether a line is of a derivative, or of margin that is settled in cash."""
    scopes = pl.concat(
        [known.moves.select("account", "venue", "wallet"), known.costs.select("account", "venue", "wallet")]
    ).unique()
    booking = [
        f"{account}|{venue}|{wallet}"
        for account, venue, wallet in scopes.iter_rows()
        if books_results(Scope(account, venue, wallet))
    ]
    cash = pl.concat_str("account", "venue", "wallet", separator="|").is_in(booking) & (pl.col("product") != "spot")
    return (pl.col("product").is_in(DERIVATIVES) | cash).fill_null(value=False)


def _costs(known: Gathered, *, by_close: bool, apart: bool) -> pl.DataFrame:
    """Return costs of positions and loans and what none of them took; fees of spot trades are in basis unless apart."""
    contract = _is_contract(known) | (pl.col("product").is_null() & pl.col("wallet").is_in(CONTRACT_WALLETS))
    causes = COSTS if by_close else [cause for cause in COSTS if cause not in SETTLED]
    told = known.costs.filter(pl.col("cause").is_in(causes)).with_columns(is_contract=contract)
    told = told.filter((pl.col("cause") != "trading_fee") | pl.col("is_contract"))
    group = (
        pl.when(pl.col("how") == "loan")
        .then(pl.lit("loan"))
        .when(pl.col("cause") == "interest")
        .then(pl.lit("margin"))
        .when(pl.col("is_contract") | pl.col("cause").is_in(["funding", "insurance", *SETTLED]))
        .then(pl.lit("derivative"))
        .otherwise(pl.lit("margin"))
    )
    return told.with_columns(
        part=pl.col("cause").replace_strict(PART, return_dtype=pl.String),
        group=group,
        settle_value=pl.coalesce("settle_value", "amount"),
        settle_asset=pl.when(pl.col("settle_value").is_null())
        .then("asset")
        .otherwise(pl.coalesce("settle_asset", "asset")),
    )


def _spot_fees(year: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    traded = year.filter(pl.col("group").is_not_null() & (pl.col("cause") == "trading_fee"))
    return _of_moves(traded if policy.fees == "apart" else traded.clear(), "spot")


def _unbooked_fees(known: Gathered, policy: Policy) -> pl.DataFrame:
    """Return what networks took of transfers that no row of its own books."""
    inside = (pl.col("happened_at") >= policy.starts_at) & (pl.col("happened_at") < policy.ends_at)
    taken = known.matches.filter(inside & (pl.col("fee") > pl.col("booked_fee")))
    if policy.network_fees == "basis":
        taken = taken.clear()
    return taken.with_columns(
        row="sent_row",
        booked_at="happened_at",
        account="from_account",
        venue="from_venue",
        wallet="from_wallet",
        amount=pl.col("booked_fee") - pl.col("fee"),
        part=pl.lit("network_fee"),
        group=pl.lit("other"),
    )


def _of_no_position(beside: pl.DataFrame, known: Gathered) -> pl.DataFrame:
    """Return fees of no trade that the book knows, and that neither a position took nor the costs of contracts have."""
    same = ["account", "venue", "wallet", "asset", "amount"]
    nth = pl.int_range(pl.len()).over(same)
    contract = pl.col("product").is_in(DERIVATIVES).fill_null(value=False) | pl.col("wallet").is_in(CONTRACT_WALLETS)
    taken = known.costs.filter((pl.col("cause") == "trading_fee") & pl.col("position_id").is_not_null())
    lone = beside.filter((pl.col("cause") == "trading_fee") & ~contract).join(taken, on="row", how="anti")
    elsewhere = taken.group_by("row", *same[:-1]).agg(pl.col("amount").sum()).with_columns(nth=nth)
    return lone.with_columns(nth=nth).join(elsewhere, on=[*same, "nth"], how="anti").drop("nth")


def _of_moves(moves: pl.DataFrame, group: str) -> pl.DataFrame:
    return moves.with_columns(
        booked_at="happened_at",
        group=pl.lit(group),
        part=pl.col("cause").replace_strict(PART, return_dtype=pl.String, default=None),
    )


def _lines(rows: pl.DataFrame) -> pl.DataFrame:
    wanted = {
        "row": pl.String(),
        **{name: kind for name, kind in RESULTS.items() if name not in {"line", "rows"}},
        SETTLE_VALUE: RESULTS["value"],
        "settle_asset": pl.String(),
    }
    told = rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(kind).alias(name) for name, kind in wanted.items()
    )
    return told.with_columns(pl.col("forced").fill_null(value=False))
