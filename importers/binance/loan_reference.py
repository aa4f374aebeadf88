"""Reference data about crypto loans, as the API answers it: thresholds, and what is recognized and kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from importers.binance.loans import COINS, COLLATERAL
from importers.cells import EARLIEST, money
from importers.contract import Context, Emit, Format, Header, Identity
from importers.declared import spelled
from schemas.types import INSTANT


def _timeless(stored: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows at the earliest instant: what they say has no date."""
    return stored.with_columns(EARLIEST.cast(INSTANT).alias("at"))


COLLATERAL_DATA = Format(
    name="binance.loan_collateral_data",
    family="binance.loan_collateral_data",
    venue="binance",
    title="Binance crypto loans: thresholds by collateral, of the API",
    confidence="API documentation",
    how="/sapi/v2/loan/flexible/collateral/data (or /sapi/v1/loan/collateral/data), as JSON or CSV",
    headers=(Header(name="API", columns=(
        "collateralCoin", "initialLTV", "marginCallLTV", "liquidationLTV", "maxLimit"), optional=("vipLevel",)),),
    cells={
        "collateral_asset": COINS["collateral_asset"],
        "initial_ltv": money("initialltv"),
        "margin_call_ltv": money("margincallltv"),
        "liquidation_ltv": money("liquidationltv", required=True),
    },
    event=pl.lit("terms"),
    cases={"terms": (Emit(table="loan_terms", columns={
        "collateral_asset": COLLATERAL, "initial_ltv": pl.col("initial_ltv"),
        "margin_call_ltv": pl.col("margin_call_ltv"), "liquidation_ltv": pl.col("liquidation_ltv"),
        "source": pl.lit("the venue's collateral data"),
    }),)},
    time="at",
    wallet="spot",
    identity=Identity(kind="content", cells=("collateral_asset", "initial_ltv", "margin_call_ltv", "liquidation_ltv")),
    prepare=_timeless,
    unread={"maxlimit": "how much one may pledge", "viplevel": "whose terms they are"},
)  # fmt: skip


def _mute(
    name: str, title: str, how: str, headers: tuple[Header, ...], reason: str, unread: Mapping[str, str]
) -> Format:
    """Return a format whose rows are known, and state nothing that the book keeps."""
    return replace(
        COLLATERAL_DATA, name=name, family=name, title=title, how=how, headers=headers, cells={},
        event=pl.lit("mute"), cases={}, ignores={"mute": reason}, identity=Identity(kind="content", cells=("at",)),
        unread=unread,
    )  # fmt: skip


def _unread(*columns: str) -> dict[str, str]:
    return dict.fromkeys((column.casefold() for column in columns), "states nothing that the book keeps")


ONGOING_COLUMNS = ("loanCoin", "totalDebt", "collateralCoin", "collateralAmount", "currentLTV")
VIP_COLUMNS = (
    "orderId", "loanCoin", "totalDebt", "loanRate", "residualInterest", "collateralAccountId", "collateralCoin",
    "totalCollateralValueAfterHaircut", "lockedCollateralValue", "currentLTV", "expirationTime", "loanDate", "loanTerm",
)  # fmt: skip
ONGOING = _mute(
    "binance.loans_ongoing",
    "Binance crypto loans: ongoing orders of the API",
    "/sapi/v2/loan/flexible/ongoing/orders, /sapi/v1/loan/vip/ongoing/orders, as JSON or CSV",
    (Header(name="flexible", columns=ONGOING_COLUMNS), Header(name="VIP", columns=VIP_COLUMNS)),
    "what is owed now, without the instant at which it could be compared",
    _unread(*ONGOING_COLUMNS, *VIP_COLUMNS),
)

RATE_COLUMNS = ("coin", "annualizedInterestRate", "time")
LOANABLE_COLUMNS = ("loanCoin", "flexibleInterestRate", "flexibleMinLimit", "flexibleMaxLimit")
RATES = _mute(
    "binance.loan_rates",
    "Binance crypto loans: rates offered, of the API",
    "/sapi/v2/loan/interestRateHistory, /sapi/v2/loan/flexible/loanable/data, as JSON or CSV",
    (Header(name="rate history", columns=RATE_COLUMNS, exact=True), Header(name="loanable", columns=LOANABLE_COLUMNS)),
    "a rate that was offered: what was charged is in the debt",
    _unread(*RATE_COLUMNS, *LOANABLE_COLUMNS),
)

FORMATS = tuple(map(spelled, (COLLATERAL_DATA, ONGOING, RATES)))
