"""The ledgers of the futures accounts: transaction records of the site, bills and tax records of the API.

The three spell one event differently (funding in three ways, a liquidation in four); `record_types.csv` has them all.
An isolated position has a pot of its own beside the crossed one: the balance that its rows state is that pot's, and is
not compared with the wallet's.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.bitget.dialect import clock, zone_by_funding
from importers.bitget.rows import DEMO, WITHOUT_FILLS, Words, by_id, with_meaning
from importers.bitget.symbols import contract_symbol, futures_wallet, name_contract
from importers.cells import epoch, money, text, word
from importers.contract import Context, Format, Header, Identity
from importers.declared import claimed, header, spelled, unread
from importers.vocabulary import table

RECORDS = Words(table(__file__, "record_types.csv"))
WHAT = "a type as open_long, close_short, contract_settle_fee"
MODES = {"crossed": "cross", "cross": "cross", "isolated": "isolated"}
OF_TRADE = pl.col("event").is_in(["open", "close", "deal", "forced", "adl", "delivery"])


def wallet_of(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with their wallet: by the contract, else as the user says, else by the coin."""
    by_coin = futures_wallet()
    asked = pl.when(pl.col("symbol").is_null()).then(pl.lit(context.wallet, dtype=pl.String))
    return rows.with_columns(pl.coalesce(asked, by_coin).alias("futures_wallet"))


def _prepare_file(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows; an order's id ties its rows to its fill, any other row's id is its own."""
    order = pl.when(OF_TRADE).then("order")
    named = rows.with_columns(order.alias("order_ref"), order.alias("trade_ref"),
                              pl.when(~OF_TRADE).then("order").alias("transaction_ref"))  # fmt: skip
    known = with_meaning(named, RECORDS, by_word=False, costs=False)
    own_pot = (pl.col("margin_mode") == "isolated").fill_null(False)
    return wallet_of(known, context).with_columns(pl.when(~own_pot).then("balance").alias("balance"))


def _prepare_bills(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return wallet_of(with_meaning(rows, RECORDS, by_word=False, costs=False), context)


def _prepare_tax(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return wallet_of(with_meaning(rows, RECORDS, by_word=True, costs=False), context)


TRANSACTIONS = Format(
    name="bitget.futures_transactions",
    family="bitget.futures_transactions",
    venue="bitget",
    title="Bitget futures: transaction records",
    confidence="parser seen",
    how="Orders, Futures, Transactions, Export (`Export futures transactions-...csv`), imported with --timezone",
    headers=(Header(name="2024 to 2026", columns=(
        "Order", "Date", "Coin", "Futures", "Margin Mode", "Type", "Amount", "Fee", "Wallet balance")),),
    aliases={
        "Order": "order", "Date": "date", "Coin": "coin", "Futures": "futures", "Margin Mode": "margin_mode",
        "Type": "type", "Amount": "amount", "Fee": "fee", "Wallet balance": "balance",
    },
    cells={
        "time": clock("date"),
        "type": RECORDS.cell("type", WHAT),
        "order": text("order"),
        "asset": text("coin", required=True),
        "symbol": contract_symbol("futures"),
        "margin_mode": word("margin_mode", MODES),
        "amount": money("amount", required=True),
        "fee": money("fee"),
        "balance": money("balance"),
        "pot_balance": money("balance"),
    },
    event=RECORDS.said("event"),
    event_columns=("type",),
    cases=WITHOUT_FILLS,
    ignores=DEMO,
    newest_first=True,
    wallet=pl.col("futures_wallet"),
    identity=Identity(kind="content", cells=(
        "time", "order", "type", "asset", "symbol", "margin_mode", "amount", "fee", "pot_balance")),
    claims=claimed(2, ledger=2, funding=2, interest=2, fees=2, liquidations=3),
    name_instrument=name_contract,
    prepare=_prepare_file,
    zone_hint=zone_by_funding,
)  # fmt: skip
"""One order id repeats where an order was filled in parts, so rows are compared as content, with the balance after
each.  The id joins an order's fee to its row in the order history, which has none."""

BILLS = spelled(replace(
    TRANSACTIONS,
    name="bitget.futures_bills",
    family="bitget.futures_bills",
    title="Bitget futures: account bills of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v2/mix/account/bill (90 days), per productType",
    headers=(header("API v2", "billId,symbol,amount,fee,businessType,coin,balance,cTime", "feeByCoupon"),),
    aliases={},
    cells={
        "time": epoch("ctime"),
        "type": RECORDS.cell("businesstype", WHAT),
        "transaction_ref": text("billid", required=True),
        "asset": text("coin", required=True),
        "symbol": contract_symbol("symbol"),
        "amount": money("amount", required=True),
        "fee": money("fee"),
        "balance": money("balance"),
    },
    event_columns=("businesstype",),
    identity=by_id("type", "asset", "amount", "fee"),
    claims=claimed(2, ledger=1, funding=1, interest=1, liquidations=6),
    prepare=_prepare_bills,
    unread=unread({"feeByCoupon": "what a coupon paid; `fee` is what was charged"}),
    zone_hint=None,
))  # fmt: skip
"""Its forced closes are without size: where fills are, those speak."""

TAX = spelled(replace(
    BILLS,
    name="bitget.futures_tax",
    family="bitget.futures_tax",
    title="Bitget futures: tax records of the API, as JSON or CSV",
    how="/api/v2/tax/future-record (about two years, 30 days a request)",
    headers=(header("API v2", "id,symbol,marginCoin,futureTaxType,amount,fee,ts"),),
    cells={
        "time": epoch("ts"),
        "type": RECORDS.cell("futuretaxtype", WHAT.replace("contract_settle_fee", "BURST_CLOSE_LONG")),
        "transaction_ref": text("id", required=True),
        "asset": text("margincoin", required=True),
        "symbol": contract_symbol("symbol"),
        "amount": money("amount", required=True),
        "fee": money("fee"),
    },
    event_columns=("futuretaxtype",),
    claims=claimed(2, ledger=3, funding=3, interest=3, liquidations=5),
    prepare=_prepare_tax,
    unread={},
))  # fmt: skip
"""No balance proves the sign of a record whose word ends in _IN or _OUT, and it is not documented: the word says it."""

FORMATS = (TRANSACTIONS, BILLS, TAX)
