"""The format of the generated log, declared through the product's own contract."""

from __future__ import annotations

from functools import cache

import polars as pl

from importers import plain
from importers.cells import money, text, utc_time, word
from importers.contract import Claim, Emit, Format, Header, Identity, Named
from tests.bench.generate import HEADER, QUOTE

AT, ASSET, SYMBOL = pl.col("time"), pl.col("asset"), pl.col("symbol")
CASH_FLOW, FEE = pl.col("cash_flow"), pl.col("fee")
IS_SPOT = SYMBOL.str.contains("/", literal=True)
EVENT = (
    pl.when(pl.col("type") != "trade")
    .then("type")
    .otherwise(pl.when(IS_SPOT).then(pl.lit("spot")).otherwise(pl.lit("perpetual")))
)
TYPES = {"TRADE": "trade", "SETTLEMENT": "funding", "TRANSFER_IN": "transfer", "TRANSFER_OUT": "transfer"}


def _movement(cause: str, amount: pl.Expr) -> Emit:
    return Emit(table="movements", where=amount != 0, columns={
        "moved_at": AT, "pool": pl.lit("asset"), "asset": ASSET, "amount": amount, "cause": pl.lit(cause),
        "symbol": SYMBOL, "trade_ref": pl.col("trade_ref"), "order_ref": pl.col("order_ref"),
        "balance_after": pl.col("balance"),
    })  # fmt: skip


FILL = Emit(table="fills", columns={
    "filled_at": AT, "symbol": SYMBOL, "product": pl.lit("perpetual"), "position_side": pl.lit("both"),
    "side": pl.col("side"), "quantity": pl.col("quantity"), "price": pl.col("price"), "fee": FEE, "fee_asset": ASSET,
    "execution": pl.lit("trade"), "trade_ref": pl.col("trade_ref"), "order_ref": pl.col("order_ref"),
    "realized_stated": CASH_FLOW,
})  # fmt: skip
FUNDING = Emit(table="funding", columns={
    "paid_at": AT, "symbol": SYMBOL, "asset": ASSET, "amount": pl.col("funding"),
    "position_quantity": pl.col("position").abs(), "mark_price": pl.col("price"),
})  # fmt: skip
TRANSFER = Emit(table="transfers", columns={
    "moved_at": AT, "asset": ASSET, "amount": CASH_FLOW, "kind": pl.lit("internal"),
    "transaction_ref": pl.col("trade_ref"),
})  # fmt: skip


@cache
def _name_instrument(symbol: str, settle: str | None) -> Named | None:
    if "/" in symbol:
        base, _, quote = symbol.partition("/")
        return Named(instrument=symbol, product="spot", base=base, quote=quote)
    base = symbol.removesuffix(QUOTE)
    return Named(instrument=f"{base}/{QUOTE}:{QUOTE}", base=base, quote=QUOTE, settle=QUOTE, style="linear")


TRANSACTION_LOG = Format(
    name="bench.transaction_log",
    family="bench.transaction_log",
    venue="bench",
    title="The generated transaction log",
    confidence="our own",
    how="tests/bench/generate.py",
    headers=(Header(name="generated", columns=tuple(HEADER.split(","))),),
    aliases={
        "Time": "time", "Uid": "uid", "Currency": "currency", "Contract": "contract", "Type": "type",
        "Direction": "direction", "Quantity": "quantity", "Position": "position", "Filled Price": "filled_price",
        "Funding": "funding", "Fee Paid": "fee_paid", "Cash Flow": "cash_flow", "Change": "change",
        "Wallet Balance": "wallet_balance", "Order ID": "order_id", "Trade ID": "trade_id",
    },
    cells={
        "time": utc_time("time", "%Y-%m-%d %H:%M:%S"),
        "asset": text("currency", required=True),
        "symbol": text("contract"),
        "type": word("type", TYPES, required=True),
        "side": word("direction", {"BUY": "buy", "SELL": "sell"}),
        "quantity": money("quantity"),
        "position": money("position"),
        "price": money("filled_price"),
        "funding": money("funding", required=True),
        "fee": money("fee_paid", required=True),
        "cash_flow": money("cash_flow", required=True),
        "change": money("change", required=True),
        "balance": money("wallet_balance", required=True),
        "order_ref": text("order_id"),
        "trade_ref": text("trade_id", required=True),
    },
    event=EVENT,
    event_columns=("type",),
    cases={
        "perpetual": (_movement("realized_pnl", CASH_FLOW), _movement("trading_fee", -FEE), FILL),
        "spot": (_movement("trade", CASH_FLOW), _movement("trading_fee", -FEE)),
        "funding": (_movement("funding", pl.col("funding")), FUNDING),
        "transfer": (_movement("transfer", CASH_FLOW), TRANSFER),
    },
    wallet="unified",
    identity=Identity(kind="id", cells=("trade_ref",)),
    claims=tuple(Claim(fact=fact, rank=1, resolution_s=1, skew_s=1) for fact in ("ledger", "fills", "fees", "funding")),
    account_number="uid",
    name_instrument=_name_instrument,
)  # fmt: skip

FORMATS = (TRANSACTION_LOG, *plain.FORMATS)
