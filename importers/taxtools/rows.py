"""What a row of a tax tool's file becomes: its legs as movements with a cause, and the typed facts beside them.

`gone`, `come` and `paid` are what was sent, received and paid as a fee, unsigned and null where there is none; the
engine makes them, and names the pots and references, whatever the file's own shape.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from importers.contract import Emit

S, R, F = pl.col("gone"), pl.col("come"), pl.col("paid")
AT, CHANGE, CHANGED = pl.col("time"), pl.col("come").fill_null(0) - pl.col("gone").fill_null(0), pl.col("changed_asset")
SHARED_REF = pl.coalesce("ref", "hash")

CAUSES = {
    "trade": "trade", "deposit": "deposit", "withdrawal": "withdrawal", "transfer": "transfer",
    "result": "realized_pnl", "fee": "trading_fee", "network_fee": "network_fee", "interest": "interest",
    "borrow": "borrow", "repay": "repay", "income": "income", "rebate": "rebate", "spend": "withdrawal",
    "lost": "correction", "conversion": "conversion", "unclear": "unknown", "fee_only": "trading_fee",
}  # fmt: skip
ON_CHAIN = ("deposit", "withdrawal", "transfer", "spend", "network_fee")
"""Events whose fee is paid to a network."""


def _moved(amount: pl.Expr, asset: str, wallet: str, cause: str, where: pl.Expr) -> Emit:
    return Emit(table="movements", where=where, columns={
        "wallet": pl.col(wallet), "moved_at": AT, "pool": pl.lit("asset"), "asset": pl.col(asset), "amount": amount,
        "cause": pl.col(cause), "trade_ref": pl.col("trade_ref"), "transaction_ref": pl.col("transaction_ref"),
    })  # fmt: skip


LEGS = (
    _moved(-S, "sent_asset", "sent_wallet", "cause", S.is_not_null()),
    _moved(R, "received_asset", "received_wallet", "cause", R.is_not_null()),
    _moved(-F, "fee_asset", "fee_wallet", "fee_cause", F.is_not_null()),
)


def _transfer(kind: str, amount: pl.Expr, asset: str, wallet: str, other: str | None, where: pl.Expr) -> Emit:
    return Emit(table="transfers", where=where, columns={
        "wallet": pl.col(wallet), "moved_at": AT, "asset": pl.col(asset), "amount": amount, "kind": pl.lit(kind),
        "other_wallet": pl.lit(None) if other is None else pl.when(pl.col(wallet) != pl.col(other)).then(pl.col(other)),
        "fee": pl.when((pl.col("fee_asset") == pl.col(asset)) & (pl.lit(kind != "internal") | (amount < 0))).then(F),
        "transaction_ref": SHARED_REF, "status": pl.col("kind"),
    })  # fmt: skip


IN = _transfer("deposit", R, "received_asset", "received_wallet", None, R.is_not_null())
OUT = _transfer("withdrawal", -S, "sent_asset", "sent_wallet", None, S.is_not_null())
BETWEEN = (
    _transfer("internal", -S, "sent_asset", "sent_wallet", "received_wallet", S.is_not_null()),
    _transfer("internal", R, "received_asset", "received_wallet", "sent_wallet",
              R.is_not_null() & (S.is_null() | (pl.col("sent_wallet") == pl.col("received_wallet")))),
)  # fmt: skip
"""The pot that sends states the transfer; the one that receives has its movement only."""
BOOKED = Emit(table="adjustments", columns={
    "booked_at": AT, "asset": CHANGED, "amount": CHANGE, "kind": pl.col("kind"), "group_ref": SHARED_REF})  # fmt: skip
BASIS = pl.when(F.is_null()).then(pl.lit("net")).otherwise(pl.lit("gross"))
"""A result that states a fee beside it is gross of it."""
RESULT = Emit(table="stated_results", columns={
    "booked_at": AT, "asset": CHANGED, "amount": CHANGE, "basis": BASIS, "grain": pl.lit("position"),
    "trade_ref": SHARED_REF})  # fmt: skip
BORROWED = Emit(table="borrows", columns={
    "borrowed_at": AT, "asset": CHANGED, "amount": R, "kind": pl.col("kind")})  # fmt: skip
REPAID = Emit(table="repayments", columns={
    "repaid_at": AT, "asset": CHANGED, "amount": S, "kind": pl.col("kind")})  # fmt: skip
CHARGED = (
    Emit(table="interest", columns={"accrued_at": AT, "asset": CHANGED, "amount": S, "kind": pl.col("kind")}),
    Emit(table="repayments", columns={
        "repaid_at": AT, "asset": CHANGED, "amount": S, "interest": S, "principal": pl.lit(0), "kind": pl.lit("auto")}),
)  # fmt: skip
CONVERTED = tuple(
    Emit(table="conversions", columns={
        "booked_at": AT, "asset": pl.col(asset), "amount": amount, "kind": pl.lit("conversion"),
        "group_ref": pl.col("trade_key")})
    for asset, amount in (("sent_asset", -S), ("received_asset", R))
)  # fmt: skip

CASES: Mapping[str, tuple[Emit, ...]] = {
    "trade": LEGS,
    "conversion": (*LEGS, *CONVERTED),
    "deposit": (*LEGS, IN),
    "withdrawal": (*LEGS, OUT),
    "spend": (*LEGS, OUT),
    "transfer": (*LEGS, *BETWEEN),
    "result": (*LEGS, RESULT),
    "fee": LEGS,
    "network_fee": LEGS,
    "fee_only": LEGS,
    "interest": (*LEGS, *CHARGED),
    "borrow": (*LEGS, BORROWED),
    "repay": (*LEGS, REPAID),
    "income": (*LEGS, BOOKED),
    "rebate": (*LEGS, BOOKED),
    "lost": (*LEGS, BOOKED),
    "unclear": (*LEGS, BOOKED),
}
DONE_WITH = {
    "deleted": "deleted by the user of the tool",
    "ignored": "ignored by the user of the tool",
    "failed": "failed: moved nothing",
}
