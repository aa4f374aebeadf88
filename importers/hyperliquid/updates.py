"""Everything but fills and funding that moved money: userNonFundingLedgerUpdates of the API.

Amounts have no sign.  Whether a payment came or went only the account's address says; the answer does not state it, but
it stands in the file's name, or in every payment of the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import polars as pl

from importers import vocabulary
from importers.cells import epoch, family_word, money, text, word
from importers.contract import Cell, Context, Emit, Format, Identity
from importers.declared import claimed, claimed_in_part, header, unread
from importers.emits import AMOUNT, AT, adding, booking, transfer
from importers.hyperliquid.symbols import COLLATERAL, name_instrument

TYPES = vocabulary.table(__file__, "updates.csv")
EVENTS, KINDS = (vocabulary.column(TYPES, "type", name) for name in ("event", "kind"))
ADDRESS = re.compile(r"0x[0-9a-f]{40}", re.IGNORECASE)
POSITION = r"\{[^{}]*\}"
COIN, SIGN_OF_SIZE = r'"coin":"([^"]+)"', r'"szi":"(-?)'
POSITIONS = 20
"""Liquidated at once, at most."""

USDC = pl.col("usdc")
KIND = vocabulary.looked_up("type", KINDS)


def direction(user: str, destination: str) -> Cell:
    """Return `in`, `out` or `self`, null where a row is no payment, by the one address that all payments share."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        ends = pl.DataFrame({"user": columns[0], "destination": columns[1]}).select(pl.all().str.to_lowercase())
        own = pl.lit(_own(ends, context), dtype=pl.String)
        is_payment = pl.col("destination").is_not_null()
        return ends.select(
            pl.when(~is_payment).then(pl.lit("none"))
            .when((pl.col("user") == own) & (pl.col("destination") == own)).then(pl.lit("self"))
            .when(pl.col("user") == own).then(pl.lit("out"))
            .when(pl.col("destination") == own).then(pl.lit("in"))
        ).to_series()  # fmt: skip

    return Cell(columns=(user, destination), read=read, expected=(
        "the account's address: name the file after it (0x....json), or import payments that have just one address in "
        "common"))  # fmt: skip


def _own(ends: pl.DataFrame, context: Context) -> str | None:
    """Return the address of the account: that of the file's name, else the one that stands in every payment."""
    if named := ADDRESS.search(context.name) or ADDRESS.search(context.file_name):
        return named[0].lower()
    payments = ends.filter(pl.col("destination").is_not_null() & pl.col("user").is_not_null()).unique()
    shared = [set(row) for row in payments.iter_rows()]
    common = set.intersection(*shared) if shared else set()
    return common.pop() if len(common) == 1 else None


# ------------------------------------------------------------------------------------------------ emits

TOKEN = pl.coalesce("token", pl.lit(COLLATERAL))
PAID = pl.coalesce("usdc", "amount")
SIGN = pl.when(pl.col("direction") == "in").then(1).otherwise(-1)
IS_OUT = pl.col("direction") == "out"
FEE = pl.col("fee").fill_null(0)
FEE_TOKEN = pl.when(pl.col("fee_token").fill_null("") == "").then(TOKEN).otherwise("fee_token")


_transfer = adding(transfer, asset=TOKEN, fee=pl.lit(0), transaction_ref=pl.col("hash"))
_booked = partial(adding(booking, asset=TOKEN, group_ref=pl.col("hash")), "adjustments")
STRATEGY, EARN = pl.lit("strategy"), pl.lit("earn")


def _extracted(pattern: str) -> pl.Expr:
    found = pl.col("positions").str.extract_all(POSITION)
    return found.list.eval(pl.element().str.extract(pattern, 1))


def _liquidated(place: int) -> Emit:
    coin, sign = (pl.col(name).list.get(place, null_on_oob=True) for name in ("coins", "signs"))
    mode = pl.col("leverage").str.to_lowercase()
    return Emit(table="liquidations", where=pl.col("coins").list.len() > place, columns={
        "liquidated_at": AT, "symbol": coin, "product": pl.lit("perpetual"),
        "margin_mode": pl.when(mode.is_in(["cross", "isolated"])).then(mode),
        "side": pl.when(sign == "-").then(pl.lit("buy")).otherwise(pl.lit("sell")),
    })  # fmt: skip


OUT_KIND = pl.when(IS_OUT).then(pl.lit("withdrawal")).otherwise(pl.lit("deposit"))
OPERATION = pl.col("operation")
IS_OWED = OPERATION.is_in(["borrow", "repay"])
INTEREST = pl.col("interest_amount").fill_null(0)
LENT = pl.when(OPERATION == "supply").then(-AMOUNT).otherwise(AMOUNT)
STAKED = pl.when(pl.col("is_deposit") == "true").then(-AMOUNT).otherwise(AMOUNT)

CASES: dict[str, tuple[Emit, ...]] = {
    "deposit": (_transfer("deposit", USDC),),
    "withdrawal": (_transfer("withdrawal", -USDC, fee=FEE),),
    "payment": (
        _transfer(OUT_KIND, SIGN * PAID, fee=pl.when(IS_OUT & (FEE_TOKEN == TOKEN)).then(FEE).otherwise(0)),
        _booked("network_fee", -FEE, IS_OUT & (FEE_TOKEN != TOKEN) & (FEE != 0), asset=FEE_TOKEN),
        _booked("network_fee", -pl.col("native_fee"), IS_OUT & (pl.col("native_fee") != 0), asset=pl.lit("HYPE")),
    ),
    "sub_account": (_transfer("internal", SIGN * USDC),),
    "liquidation": tuple(_liquidated(place) for place in range(POSITIONS)),
    "income": (_booked(KIND, PAID),),
    "spent": (_booked(KIND, -PAID),),
    "to_vault": (_transfer("internal", -USDC, fee=FEE, other_wallet=STRATEGY),),
    "from_vault": (
        _transfer("internal", pl.col("net_withdrawn"), other_wallet=STRATEGY),
        Emit(table="stated_results", where=pl.col("basis").is_not_null(), columns={
            "booked_at": AT, "symbol": pl.col("vault"), "asset": pl.lit(COLLATERAL),
            "amount": pl.col("net_withdrawn") - pl.col("basis"), "basis": pl.lit("net"), "grain": pl.lit("position")}),
    ),
    "lending": (
        _transfer("internal", LENT, ~IS_OWED, other_wallet=EARN),
        Emit(table="borrows", where=OPERATION == "borrow", columns={
            "borrowed_at": AT, "asset": TOKEN, "amount": AMOUNT, "kind": pl.lit("manual")}),
        Emit(table="repayments", where=OPERATION == "repay", columns={
            "repaid_at": AT, "asset": TOKEN, "amount": AMOUNT, "kind": pl.lit("manual")}),
        Emit(table="interest", where=IS_OWED & (INTEREST > 0), columns={
            "accrued_at": AT, "asset": TOKEN, "amount": INTEREST, "kind": pl.lit("loan")}),
    ),
    "staking": (_transfer("internal", STAKED, other_wallet=EARN),),
}  # fmt: skip
"""A withdrawal's fee is taken to be on top of its amount; whether it is, nobody has stated."""

EVENT = vocabulary.looked_up("type", EVENTS)
IS_SELF = EVENT.is_in(["payment", "sub_account"]) & (pl.col("direction") == "self")

LEDGER_UPDATES = Format(
    name="hyperliquid.ledger_updates",
    family="hyperliquid.ledger_updates",
    venue="hyperliquid",
    title="Hyperliquid: deposits, withdrawals, payments, vaults, lending, staking of the API",
    confidence="API documentation",
    how="the info API's userNonFundingLedgerUpdates, as JSON; name the file after the account's address",
    headers=(header("API JSON", "time,hash,delta.type", "delta.usdc,delta.amount,delta.user,delta.destination"),),
    cells={
        "time": epoch("time"),
        "hash": text("hash"),
        "type": family_word("delta.type", [name.casefold() for name in EVENTS], "a type as deposit, send, borrowLend"),
        "usdc": money("delta.usdc"),
        "amount": money("delta.amount"),
        "token": text("delta.token"),
        "user": text("delta.user"),
        "destination": text("delta.destination"),
        "direction": direction("delta.user", "delta.destination"),
        "fee": money("delta.fee"),
        "fee_token": text("delta.feetoken"),
        "native_fee": money("delta.nativetokenfee"),
        "is_deposit": word("delta.isdeposit", {"true": "true", "false": "false"}),
        "operation": word("delta.operation", {name: name for name in ("supply", "withdraw", "borrow", "repay")}),
        "interest_amount": money("delta.interestamount"),
        "vault": text("delta.vault"),
        "net_withdrawn": money("delta.netwithdrawnusd"),
        "basis": money("delta.basis"),
        "leverage": text("delta.leveragetype"),
        "positions": text("delta.liquidatedpositions"),
    },
    event=pl.when(IS_SELF).then(pl.lit("inside")).otherwise(EVENT),
    event_columns=("delta.type",),
    cases=CASES,
    ignores={"inside": "between spot, perpetuals and dexs of one pot: nothing came or went"},
    newest_first=True,
    identity=Identity(kind="content", cells=(
        "time", "hash", "type", "token", "usdc", "amount", "user", "destination", "operation", "net_withdrawn")),
    claims=(claimed_in_part(skew_s=1), *claimed(borrow_repay=1, interest=2, liquidations=4)),
    name_instrument=name_instrument,
    prepare=lambda rows, _: rows.with_columns(_extracted(COIN).alias("coins"), _extracted(SIGN_OF_SIZE).alias("signs")),
    unread=unread({
        "delta.usdcValue,delta.sourceDex,delta.destinationDex,delta.nonce,delta.toPerp": "says how, not how much",
        "delta.requestedUsd,delta.commission,delta.closingCost,delta.liquidatedNtlPos,delta.accountValue,delta.dex":
        "parts and circumstances of the amount",
    }),
)  # fmt: skip
"""A row of a liquidation has the state at it; its cash and sizes are in the fills."""

FORMATS = (LEDGER_UPDATES,)
