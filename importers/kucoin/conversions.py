"""What was exchanged outside the order book: conversions, and crypto bought or sold for fiat that was paid elsewhere.

Fiat that pays for crypto comes in with the order and leaves with it: a deposit and a conversion of the same amount.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import glued_amount, glued_unit, mapped, money, text, word
from importers.contract import Cell, Emit, Format, Identity
from importers.declared import header, unread
from importers.emits import adding, transfer
from importers.kucoin.cells import MASKED, NOTHING_FOUND, SIDES, SINGAPORE, UNDONE, clock, place_of, status
from importers.kucoin.transfers import CLAIMS

AT, REF = pl.col("time"), pl.col("order_ref")


def _leg(asset: str, amount: pl.Expr, kind: str) -> Emit:
    return Emit(table="conversions", columns={
        "booked_at": AT, "asset": pl.col(asset), "amount": amount, "kind": pl.lit(kind), "group_ref": REF,
    })  # fmt: skip


def _cost(asset: str, amount: str, kind: str) -> Emit:
    cost = pl.col(amount).fill_null(0)
    return Emit(table="adjustments", where=cost != 0, columns={
        "booked_at": AT, "asset": pl.col(asset), "amount": -cost, "kind": pl.lit(kind), "group_ref": REF,
    })  # fmt: skip


_outside = adding(transfer, asset=pl.col("fiat"), transaction_ref=REF)


CONVERTS = Format(
    name="kucoin.converts",
    family="kucoin.converts",
    venue="kucoin",
    title="KuCoin: convert orders",
    confidence="parser seen",
    how="Orders, Financial history, Export: `Convert Orders_Filled Orders` in the zip",
    headers=(header("zip", "UID,Account Type,Payment Account,Sell,Buy,Price,Tax,Time of Update(UTC),Status"),),
    aliases={"Time of Update(UTC)": "time", "Payment Account": "account"},
    cells={
        "time": clock("time"),
        "pot": mapped("account", lambda text: place if (place := place_of(text)) in ("funding", "spot") else None,
                      "an account as Funding Account or Trading Account", required=True, unmapped=True),
        "sold": replace(glued_amount("sell"), required=True),
        "sold_asset": glued_unit("sell"),
        "bought": replace(glued_amount("buy"), required=True),
        "bought_asset": glued_unit("buy"),
        "tax": money("tax"),
        "status": status("status"),
    },
    event=pl.when((pl.col("status") == "done") & (pl.col("tax").fill_null(0) != 0)).then(None).otherwise("status"),
    event_columns=("status", "tax"),
    cases={"done": (
        _leg("sold_asset", -pl.col("sold"), "convert"), _leg("bought_asset", pl.col("bought"), "convert"))},
    ignores=UNDONE,
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("time", "pot", "sold", "sold_asset", "bought", "bought_asset")),
    claims=CLAIMS,
    prepare=lambda rows, context: rows.with_columns(order_ref=pl.concat_str(
        AT.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), "sold_asset", "bought_asset", separator="|")),
    unread=unread({
        "uid": MASKED, "account type": "whose account it is", "price": "follows from the two amounts",
    }),
    sentinels=NOTHING_FOUND,
    assumed_zone=SINGAPORE,
)  # fmt: skip
"""In which asset a tax is charged nobody has said: a row with one is rejected."""

# --------------------------------------------------------------------------------------------------- fiat

FIAT, CRYPTO = pl.col("fiat_amount"), pl.col("crypto_amount")
BOUGHT = (
    _outside("deposit", FIAT + pl.col("fee").fill_null(0)), _leg("fiat", -FIAT, "fiat_purchase"),
    _leg("crypto", CRYPTO, "fiat_purchase"), _cost("fiat", "fee", "trading_fee"),
)  # fmt: skip
SOLD = (_leg("crypto", -CRYPTO, "fiat_sale"), _leg("fiat", FIAT, "fiat_sale"), _outside("withdrawal", -FIAT))

FIAT_CELLS: dict[str, Cell] = {
    "time": clock("time"),
    "order_ref": text("order id", required=True),
    "fiat": text("fiat", required=True),
    "fiat_amount": money("fiat_amount", required=True),
    "crypto": text("crypto", required=True),
    "crypto_amount": money("crypto_amount", required=True),
    "fee": money("fee"),
    "status": status("status"),
}
FIAT_ALIASES = {
    "Time(UTC)": "time", "Currency (Fiat)": "fiat", "Fiat Amount": "fiat_amount", "Currency (Crypto)": "crypto",
    "Crypto Quantity": "crypto_amount",
}  # fmt: skip

FAST_TRADES = replace(
    CONVERTS,
    name="kucoin.fast_trades",
    family="kucoin.fast_trades",
    title="KuCoin: crypto bought with fiat (fast trade)",
    how="Orders, Financial history, Export: `Fiat Orders_Fast Trade Orders` in the zip",
    headers=tuple(header(name, (
        "Order ID,Currency (Crypto),Crypto Quantity,Currency (Fiat),Fiat Amount,Fee Currency (Fiat),Fee (Fiat),"
        f"Fee Currency (Crypto),Fee (Crypto),{channel}Payment Method,Status,Time(UTC)"))
        for name, channel in (("with channel", "Channel,"), ("without channel", ""))),
    aliases={**FIAT_ALIASES, "Fee (Fiat)": "fee", "Fee (Crypto)": "crypto_fee"},
    cells={**FIAT_CELLS, "crypto_fee": money("crypto_fee")},
    event=pl.col("status"),
    event_columns=("status",),
    cases={"done": (*BOUGHT, _cost("crypto", "crypto_fee", "trading_fee"))},
    wallet="funding",
    identity=Identity(kind="id", cells=("order_ref",), content=("fiat", "fiat_amount", "crypto", "crypto_amount")),
    prepare=None,
    unread=unread({
        "fee currency (fiat), fee currency (crypto)": "those of the order",
        "channel, payment method": "how it was paid",
    }),
)  # fmt: skip
"""Both fees are charged beside what is bought and paid."""

DONE = pl.col("status") == "done"

P2P = replace(
    FAST_TRADES,
    name="kucoin.p2p",
    family="kucoin.p2p",
    title="KuCoin: P2P orders",
    how="Orders, Financial history, Export: `Fiat Orders_P2P Orders` in the zip",
    headers=(header("zip", (
        "Order ID,Currency (Fiat),Currency (Crypto),Side,Price,Crypto Quantity,Fiat Amount,Status,Tax,Time(UTC)")),),
    aliases=FIAT_ALIASES,
    cells={**FIAT_CELLS, "side": word("side", SIDES, required=True), "tax": money("tax")},
    event=pl.when(~DONE).then("status").when(pl.col("tax").fill_null(0) == 0).then("side"),
    event_columns=("status", "side", "tax"),
    cases={"buy": BOUGHT, "sell": SOLD},
    unread=unread({"price": "follows from the two amounts"}),
)  # fmt: skip

ORDER_TYPE = pl.col("order_type").str.to_lowercase()

THIRD_PARTY = replace(
    FAST_TRADES,
    name="kucoin.third_party",
    family="kucoin.third_party",
    title="KuCoin: crypto bought through a third party",
    how="Orders, Financial history, Export: `Fiat Orders_Third-Party Payment` in the zip",
    headers=(header("zip", (
        "Order ID,Order Type,Currency (Crypto),Crypto Quantity|,Price,Currency (Fiat),Fiat Amount,Fee Currency,Fee,"
        "Status,Time(UTC)")),),
    aliases={**FIAT_ALIASES, "Crypto Quantity,": "crypto_amount"},
    cells={**FIAT_CELLS, "order_type": text("order type"), "fee_asset": text("fee currency")},
    event=pl.when(~DONE).then("status")
    .when(ORDER_TYPE.str.contains("sell", literal=True).fill_null(False)).then(None)
    .when((pl.col("fee").fill_null(0) == 0) | (pl.col("fee_asset") == pl.col("fiat"))).then(pl.lit("done")),
    event_columns=("order type", "fee currency", "status"),
    cases={"done": BOUGHT},
    unread=unread({"price": "follows from the two amounts"}),
)  # fmt: skip

FORMATS = (CONVERTS, FAST_TRADES, P2P, THIRD_PARTY)
