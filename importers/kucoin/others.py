"""Earnings, what was locked for them, and the balances that the venue states at the end of each day."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import mapped, money, text
from importers.contract import Cell, Emit, Format, Identity
from importers.declared import header, unread
from importers.emits import AMOUNT, ASSET, AT
from importers.kucoin.cells import MASKED, NOTHING_FOUND, SINGAPORE, clock, is_of_sub_account, place_of
from importers.kucoin.transfers import CLAIMS

PROFITS = Format(
    name="kucoin.earn_profits",
    family="kucoin.earn_profits",
    venue="kucoin",
    title="KuCoin: earnings of staking and savings",
    confidence="parser seen",
    how="Orders, Financial history, Export: `Earn Orders_Profit History` in the zip",
    headers=(header("zip", (
        "UID,Account Type,Order ID,Time(UTC),Staked Coin,Product Type,Product Name,Earnings Coin,Earnings Type,"
        "Remarks,Amount,Amount（USDT）,Fee")),),
    aliases={"Time(UTC)": "time", "Earnings Coin": "coin"},
    cells={
        "time": clock("time"),
        "order_ref": text("order id"),
        "asset": text("coin", required=True),
        "amount": money("amount", required=True),
        "fee": money("fee"),
    },
    event=pl.when(pl.col("fee").fill_null(0) == 0).then(pl.lit("earned")),
    event_columns=("amount", "fee"),
    cases={"earned": (Emit(table="adjustments", columns={
        "booked_at": AT, "asset": ASSET, "amount": AMOUNT, "kind": pl.lit("earn_interest"),
        "group_ref": pl.col("order_ref")}),)},
    newest_first=True,
    wallet="funding",
    identity=Identity(kind="content", cells=("order_ref", "time", "asset", "amount")),
    claims=CLAIMS,
    unread=unread({
        "uid": MASKED,
        "account type": "whose account it is",
        "staked coin, product type, product name, earnings type, remarks": "which product earned it",
        "amount(usdt)": "the venue's estimate in USDT",
    }),
    sentinels=NOTHING_FOUND,
    assumed_zone=SINGAPORE,
)  # fmt: skip
"""Whether a fee is inside the amount nobody has said: a row with one is rejected."""

STAKED = replace(
    PROFITS,
    name="kucoin.earn_staked",
    family="kucoin.earn_staked",
    title="KuCoin: what was locked to earn (recognized, nothing stored)",
    how="Orders, Financial history, Export: `Earn Orders_Staking History` in the zip",
    headers=(header("zip", (
        "UID,Account Type,Staked Time(UTC),Staked Coin,Product Type,Product Name,Maturity Date(UTC),Amount,"
        "Redemption Time(UTC),Status")),),
    aliases={"Staked Time(UTC)": "time"},
    cells={"time": clock("time")},
    event=pl.lit("staked"),
    event_columns=(),
    cases={},
    ignores={"staked": "moves between own wallets: the account's history books them when they happen"},
    identity=Identity(kind="content", cells=("time",)),
    claims=(),
    unread=unread({
        "uid, account type, staked coin, product type, product name, maturity date(utc), amount, redemption time(utc), "
        "status": "of a stake whose state changes",
    }),
)  # fmt: skip

# ------------------------------------------------------------------------------------------------ snapshots

POT = pl.col("pot")


def _account(text_: str) -> str | None:
    """Return the wallet of an account's name; `undescribed` where balance or equity may be meant."""
    place = place_of(text_) or ("spot" if text_.casefold().startswith("hf trading") else None)
    return place if place in (None, "funding", "spot") else "undescribed"


SNAPSHOT_CELLS: dict[str, Cell] = {
    "time": clock("time"),
    "sub_account": text("account type"),
    "pot": mapped("account name", _account, "an account as Main Account or HF Trading Account", required=True,
                  unmapped=True),
    "asset": text("coin", required=True),
    "amount": money("amount", required=True),
}  # fmt: skip


IS_SUB = pl.col("sub_account").map_batches(is_of_sub_account, return_dtype=pl.Boolean)

SNAPSHOTS = replace(
    PROFITS,
    name="kucoin.asset_snapshots",
    family="kucoin.asset_snapshots",
    title="KuCoin: balances at the end of each day",
    confidence="real file seen",
    how="Orders, Financial history, Export: `Others_Asset Snapshots` in the zip",
    headers=(header("zip", "UID,Account Type,Account Name,Coin,Amount,Amount(USDT),Time(UTC)"),),
    aliases={"Time(UTC)": "time"},
    cells=SNAPSHOT_CELLS,
    event=pl.when(IS_SUB).then(pl.lit("sub_account")).when(POT == "undescribed").then(pl.lit("undescribed"))
    .otherwise(pl.lit("balance")),
    event_columns=("account name",),
    cases={"balance": (Emit(table="stated_balances", columns={
        "stated_at": AT, "asset": ASSET, "balance": AMOUNT, "kind": pl.lit("wallet")}),)},
    ignores={
        "sub_account": "of a sub-account: several of them are one pot here",
        "undescribed": "of margin or futures: whether debts and open results are in it nobody has said",
    },
    wallet=POT,
    identity=Identity(kind="content", cells=("time", "pot", "asset", "amount")),
    claims=(),
    unread=unread({
        "uid": MASKED, "account type": "whose account it is", "amount(usdt)": "the venue's estimate in USDT",
    }),
)  # fmt: skip
"""What is locked to earn is not in them."""

FORMATS = (PROFITS, STAKED, SNAPSHOTS)
