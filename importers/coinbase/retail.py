"""The retail account's transaction report, in all its vintages; `retail_types.csv` says what each type is.

- Quantities are unsigned in older files: where a type has one direction, it says the sign.
- Money is printed for people (`$1,234.50`, `($970.00)`), in the account's currency: in the oldest files the header
  names it.  It is cash only where the trade was in that currency; the notes say what a trade on Advanced was paid in,
  and what was paid beyond size x price is its fee.
- Buy and Sell are conversions with Coinbase at `total`; a buy from a card or a bank takes the currency below zero by
  what the bank paid, since no row says that it did.  Advanced trades are fills.
- A Convert is one row; what was received stands in its notes.
- `Derivatives Settlement` is the net of all that was swept between the futures account and this one: a transfer, never
  a result.  USDC sold for futures margin becomes dollars 1:1.  An encumberment is a hold; the rollup sells it.
- Vault, staking and savings are part of the pot.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import exact_decimals, printed_money, text, zoned_time
from importers.coinbase.symbols import name_instrument
from importers.contract import Context, Emit, Format, Header, Identity
from importers.declared import claimed
from importers.emits import AMOUNT, ASSET, AT
from importers.shapes import KIND, LOG, Words, booked, complete, fill, moved, of_asset
from importers.vocabulary import table

TYPES = Words.of(table(__file__, "retail_types.csv"))
CURRENCIES = (
    "USD", "EUR", "GBP", "CAD", "AUD", "NZD", "CHF", "JPY", "SGD", "HKD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF",
    "RON", "BGN", "TRY", "BRL", "MXN", "ZAR", "INR", "KRW", "PHP", "THB", "AED", "ILS",
)  # fmt: skip
"""Of the oldest headers: `GBP Subtotal`."""

NUMBER, CODE = r"([\d,]*\.?\d+)", r"([A-Za-z0-9]+)"
CONVERTED = rf"^Converted {NUMBER} {CODE} to {NUMBER} {CODE}\s*$"
PAID = rf" for [^\d\s]?{NUMBER} {CODE}"
TRADED = rf" on {CODE}-{CODE} at {NUMBER} "
EARNED = r"Coinbase (?:Earn|Rewards|Referral)"

NOTES, QUANTITY, QUOTE = pl.col("notes").fill_null(""), pl.col("quantity"), pl.col("quote")
TOTAL, FEE = pl.col("total").abs(), pl.col("fees").abs().fill_null(0)
FROM, INTO = NOTES.str.extract(CONVERTED, 2), NOTES.str.extract(CONVERTED, 4)
IS_ADVANCED = pl.col("described").str.starts_with("advanced")
IS_BUY = pl.col("described").is_in(["buy", "advanced_buy"])
CASH, CASH_FEE, GOT = pl.col("cash"), pl.col("cash_fee"), pl.col("got")


def _event() -> pl.Expr:
    """Return the event; null where the notes lack what the type leaves to them."""
    described = TYPES.says("event")
    is_traded = NOTES.str.contains(TRADED) & NOTES.str.contains(PAID)
    return (
        pl.when(described == "convert").then(
            pl.when(FROM == ASSET).then(pl.lit("convert")).when(INTO == ASSET).then(pl.lit("other_leg")))
        .when(described.is_in(["advanced_buy", "advanced_sell"]) & ~is_traded).then(None)
        .when((described == "margin_sale") & (ASSET != "USDC")).then(None)
        .when((described == "receive") & NOTES.str.contains(EARNED)).then(pl.lit("income"))
        .when(described == "receive").then(pl.lit("deposit"))
        .otherwise(described)
    )  # fmt: skip


def _noted(rows: pl.DataFrame, pattern: str, group: int) -> pl.Series:
    return exact_decimals(rows["notes"].str.extract(pattern, group), thousands=True)


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the sign of their quantity, and what a trade was paid in."""
    sign = TYPES.says("sign")
    said = TYPES.looked_up(rows).with_columns(
        TYPES.says("event").alias("described"),
        TYPES.says("name").alias("type_name"),
        pl.col("time").dt.truncate("1s").alias("second"),
        QUANTITY.abs().alias("size"),
        pl.when(sign == "-").then(-QUANTITY.abs()).when(sign == "+").then(QUANTITY.abs()).otherwise(QUANTITY)
        .alias("amount"),
        QUANTITY.abs().alias("quantity"),
        _noted(rows, PAID, 1).alias("paid"),
        _noted(rows, TRADED, 3).alias("noted_price"),
        _noted(rows, CONVERTED, 3).alias("got"),
        INTO.alias("got_asset"),
        pl.coalesce(NOTES.str.extract(TRADED, 2), NOTES.str.extract(PAID, 2), "currency").alias("quote"),
    )  # fmt: skip
    in_currency = (pl.col("currency") == QUOTE).fill_null(False)
    fee = pl.when(pl.col("asset") == pl.col("currency")).then(FEE)
    paid = said.with_columns(
        pl.coalesce("noted_price", "spot_price").alias("price"),
        pl.when(in_currency).then(TOTAL).otherwise("paid").alias("cash"),
        pl.when(IS_ADVANCED).then(pl.concat_str("asset", pl.lit("-"), "quote")).alias("symbol"),
        pl.when(fee != 0).then(fee).alias("fee"),
        pl.col("id").alias("transaction_ref"),
        _group().alias("group_ref"),
    )
    at_price = pl.when(IS_ADVANCED & ~in_currency).then(pl.col("size") * pl.col("noted_price"))
    beyond = pl.when(IS_BUY).then(CASH - at_price).otherwise(at_price - CASH).fill_null(0)
    charged = paid.with_columns(pl.when(in_currency).then(FEE).otherwise(beyond).alias("cash_fee"))
    value = pl.when(IS_BUY).then(CASH - CASH_FEE).otherwise(CASH + CASH_FEE)
    trade_ref = pl.when(IS_ADVANCED).then("group_ref")
    return complete(charged.with_columns(value.alias("value"), trade_ref.alias("trade_ref")))


def _group() -> pl.Expr:
    """Return what ties legs together: the row, of migrations and dust the instant."""
    stamp = AT.dt.strftime("%Y-%m-%d %H:%M:%S ")
    by_row = pl.coalesce("id", pl.concat_str(stamp, NOTES))
    return pl.when(pl.col("described") == "conversion").then(pl.concat_str(stamp, KIND)).otherwise(by_row)


def _leg(cause: str, asset: pl.Expr, amount: pl.Expr, where: pl.Expr | None = None) -> Emit:
    return of_asset(moved(cause), asset, amount, where)


def _part(asset: pl.Expr, amount: pl.Expr) -> Emit:
    return of_asset(booked("conversions", KIND), asset, amount)


CASH_FEE_MOVED = _leg("trading_fee", QUOTE, -CASH_FEE, where=CASH_FEE != 0)
USD = pl.lit("USD")


def _advanced(side: str, sign: int) -> tuple[Emit, ...]:
    return (
        fill(product=pl.lit("spot"), side=pl.lit(side), fee=pl.when(CASH_FEE != 0).then(CASH_FEE),
             fee_asset=pl.when(CASH_FEE != 0).then(QUOTE), trade_ref=pl.col("id"), settle_asset=QUOTE),
        _leg("trade", ASSET, sign * QUANTITY),
        _leg("trade", QUOTE, -sign * pl.col("value")),
        CASH_FEE_MOVED,
    )  # fmt: skip


def _brokered(sign: int) -> tuple[Emit, ...]:
    return (
        _leg("conversion", ASSET, sign * QUANTITY),
        _leg("conversion", QUOTE, -sign * pl.col("value")),
        CASH_FEE_MOVED,
        _part(ASSET, sign * QUANTITY),
        _part(QUOTE, -sign * pl.col("value")),
    )


def _swapped(got: pl.Expr, amount: pl.Expr) -> tuple[Emit, ...]:
    """Return what was given, and what came for it."""
    return (
        _leg("conversion", ASSET, -QUANTITY), _leg("conversion", got, amount),
        _part(ASSET, -QUANTITY), _part(got, amount),
    )  # fmt: skip


def _cash(kind: str, before_fee: pl.Expr) -> tuple[Emit, ...]:
    """Return a deposit or withdrawal of the account's currency; its fee is inside the quantity."""
    (_, transfer) = LOG[kind]
    fee = pl.col("fee").fill_null(0)
    return (
        _leg(kind, ASSET, before_fee),
        _leg("network_fee", ASSET, -fee, where=fee != 0),
        replace(transfer, columns={**transfer.columns, "amount": before_fee}),
    )


INSIDE_FEE = pl.col("fee").fill_null(0)
CASES = {
    "buy": _brokered(1),
    "sell": _brokered(-1),
    "advanced_buy": _advanced("buy", 1),
    "advanced_sell": _advanced("sell", -1),
    "convert": _swapped(pl.col("got_asset"), GOT),
    "margin_sale": _swapped(USD, QUANTITY),
    "cash_in": _cash("deposit", AMOUNT + INSIDE_FEE),
    "cash_out": _cash("withdrawal", AMOUNT + INSIDE_FEE),
    **{event: tuple(
        replace(emit, columns={**emit.columns, "fee": pl.lit(None)}) if emit.table == "transfers" else emit
        for emit in LOG[event])
       for event in ("deposit", "withdrawal", "transfer", "income", "rebate", "correction", "conversion", "unknown")},
}  # fmt: skip

IGNORES = {
    "hold": "a hold of USDC for futures margin: what it sells stands in its rollup",
    "inside": "between the wallet and vault, staking or savings: stays in the pot",
    "other_leg": "what a conversion received: the row of what was given says both",
}

V1 = ("Spot Price at Transaction", "Subtotal", "Total (inclusive of fees)", "Fees")
"""Of the oldest files behind the currency: `USD Subtotal`, `GBP Subtotal` (`CURRENCIES`)."""
START = ("Timestamp", "Transaction Type", "Asset", "Quantity Transacted")
SPREAD = ("Subtotal", "Total (inclusive of fees and/or spread)", "Fees and/or Spread", "Notes")
NAMED_PRICES = tuple(f"{code} {V1[0]}".casefold() for code in CURRENCIES)


def _currency() -> pl.Expr:
    """Return the account's currency: of its column, or the one in whose column the oldest files have a price."""
    by_header = [pl.when(pl.col(name).is_not_null().any()).then(pl.lit(code))
                 for name, code in zip(NAMED_PRICES, CURRENCIES, strict=True)]  # fmt: skip
    return pl.coalesce("stated_currency", *by_header)


def _with_currency(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    named = rows.with_columns(_currency().alias("currency"))
    price = pl.coalesce("stated_price", *NAMED_PRICES)
    return _prepare(named.with_columns(price.alias("spot_price")), context)


RETAIL = Format(
    name="coinbase.retail",
    family="coinbase.retail",
    venue="coinbase",
    title="Coinbase: transaction report of the retail account",
    confidence="parser seen",
    how="Profile, Taxes (or Statements), Documents, Transaction history, all assets, as CSV",
    headers=(
        Header(name="to 2021, currency in the header", columns=(*START, "Notes"), optional=tuple(
            f"USD {name}" for name in V1)),
        Header(name="2021 to 2022", columns=(*START, "Spot Price Currency", *V1, "Notes")),
        Header(name="2022 to 2023", columns=(*START, "Spot Price Currency", V1[0], *SPREAD)),
        Header(name="2023 to 2024", columns=(*START, "Price Currency", "Price at Transaction", *SPREAD)),
        Header(name="with ID", columns=("ID", *START, "Price Currency", "Price at Transaction", *SPREAD)),
        Header(name="with ID and addresses", columns=(
            "ID", *START, "Price Currency", "Price at Transaction", *SPREAD, "Sender Address", "Recipient Address")),
    ),
    aliases={
        "Timestamp": "time", "Transaction Type": "type", "Quantity Transacted": "quantity",
        "Spot Price Currency": "currency", "Price Currency": "currency", "Spot Price at Transaction": "price",
        "Price at Transaction": "price", "Total (inclusive of fees)": "total", "Fees": "fees",
        "Total (inclusive of fees and/or spread)": "total", "Fees and/or Spread": "fees",
        "Sender Address": "sender", "Recipient Address": "recipient",
        **{f"{code} Subtotal": "subtotal" for code in CURRENCIES},
        **{f"{code} Total (inclusive of fees)": "total" for code in CURRENCIES},
        **{f"{code} Fees": "fees" for code in CURRENCIES},
    },
    cells={
        "time": zoned_time("time"),
        "word": TYPES.cell("a transaction type as Buy, Advanced Trade Sell, Convert, Derivatives Settlement", "type"),
        "asset": text("asset", required=True),
        "quantity": printed_money("quantity", required=True),
        "stated_currency": text("currency"),
        "stated_price": printed_money("price"),
        **{name: printed_money(name) for name in NAMED_PRICES},
        "total": printed_money("total"),
        "fees": printed_money("fees"),
        "notes": text("notes"),
        "id": text("id"),
    },
    event=_event(),
    event_columns=("type", "asset", "notes"),
    cases=CASES,
    ignores=IGNORES,
    wallet="spot",
    identity=Identity(kind="content", cells=("second", "type_name", "asset", "size")),
    claims=claimed(2, ledger=2, fills=3, fees=3),
    prepare=_with_currency,
    name_instrument=name_instrument,
    unread={
        "subtotal": "the total without the fee",
        "sender": "an address of the chain",
        "recipient": "an address of the chain",
    },
)  # fmt: skip
"""A report of today and one of years ago print the same row otherwise (types were renamed, quantities got a sign, the
second lost its fraction, ids were added): what makes a row is the second, the type, the asset and the size."""

FORMATS = (RETAIL,)
