"""Which legs of a trade bear its fees, and how much each."""

from __future__ import annotations

import polars as pl

from ledger.accounting.positions import to_money
from ledger.accounting.sharing import shared
from ledger.taxing.policies import fees_belong_to_disposed
from reports.tax.value import Policy
from schemas.types import MONEY

ZERO = pl.lit(0).cast(MONEY)


def borne(sides: pl.DataFrame, policy: Policy) -> pl.Series:
    """Return what each leg of trades bears of the fees, + = cost; null where it is unknown.

    `sides` are all legs but fees, with `group`, `side` (sent, received), `value`, `fees` (what all fees of the trade
    were worth), `fees_unknown`, `for_money` and `for_own` (whether what was given is money, the policy's currency).
    What was got for money bears the fee (where a country takes exchanges so, only what was got for its currency),
    else what was given; where there is no such leg, the others.  Several legs share it by their value, rounded half to
    even at 18 places; the last takes what is left.  Of legs that are worth nothing each bears the same.
    """
    got = pl.col("for_own" if fees_belong_to_disposed(policy) else "for_money")
    wanted = (pl.col("side") == "received") == got
    told = sides.with_columns(bears=wanted | ~wanted.any().over("group")).with_columns(
        many=pl.col("bears").sum().over("group")
    )
    unknown = pl.col("fees_unknown") | (
        (pl.col("many") > 1) & (pl.col("fees") != 0) & pl.col("value").is_null().any().over("group", "bears")
    )
    alone = told.select(
        pl.when(~pl.col("bears"))
        .then(ZERO)
        .when(unknown)
        .then(pl.lit(None, MONEY))
        .when((pl.col("many") == 1) | (pl.col("fees") == 0))
        .then("fees")
        .alias("borne"),
        open=pl.col("bears") & ~unknown & (pl.col("many") > 1) & (pl.col("fees") != 0),
    )
    places = alone["open"].arg_true()
    if not places.len():
        return alone["borne"]
    total = pl.col("value").sum().over("group")
    several = told[places].with_columns(
        of=pl.col("group").rank("dense"),
        part=pl.when(total == 0).then(pl.lit(1, MONEY)).otherwise("value"),
        size=pl.when(total == 0).then(pl.col("many").cast(MONEY)).otherwise(total),
    )
    units = (several[name].to_physical().to_list() for name in ("fees", "part", "size"))
    fees, parts, sizes = units
    return alone["borne"].scatter(places, to_money(shared(fees, several["of"].to_list(), parts, sizes)))
