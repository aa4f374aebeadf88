"""The account log: every change of a balance, and every change of a position, as CSV of the site or JSON of the API.

A trade is two rows: the position's leg (its symbol is the contract; what changes is the size) and the cash leg (its
symbol is a currency).  On every cash leg `change = realized pnl - fee + realized funding - liquidation fee`, and a row
where that does not hold is rejected.  The position's leg makes the fill, the cash leg its fee and its result.

- The API names the execution of both legs.  The CSV does not: there result and fee of a fill are those of the cash leg
  beside it: rows of trades only, the position's leg right before the cash leg in the order of time.  Where none is
  beside it both legs share time, contract and price, as several fills of a second may: fees are shared out by size.
- A fee that was paid with fee credits (KFEE) has no cash leg: `kfee applied` books it, and names no trade.
- Headers to about 2021 have no `contract`: a cash leg is then of the contract of the leg beside it, and funding of the
  one perpetual of its margin account.
- Currencies are converted to cover what a wallet owes; the conversion's fee is inside what it brings.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import integer, mapped, money, text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed, header
from importers.emits import adding, booking, movement
from importers.kraken.cells import clock
from importers.krakenfutures.cells import change_cell, contract_of_row, leg_cell, product_cell
from importers.krakenfutures.symbols import currency, name_instrument, perpetual_of_account, wallet_of_account
from importers.vocabulary import column, looked_up, table
from schemas.types import MONEY

TYPES = table(__file__, "types.csv")
EVENTS, KINDS = column(TYPES, "type", "event"), column(TYPES, "type", "kind")
SUMMED = [line["type"] for line in TYPES if line["event"] in ("trade", "funding", "interest")]
"""Types whose cash legs say what their change is made of."""
AT, ASSET, CONTRACT, TRADE = pl.col("time"), pl.col("asset"), pl.col("contract"), pl.col("trade_ref")
CHANGE, BALANCE, PRICE = pl.col("change"), pl.col("balance"), pl.col("price")
FEE, FUNDING, FORCED_FEE = (pl.col(name).fill_null(0) for name in ("fee", "funding", "liquidation_fee"))
EXECUTION, STAGE = (looked_up("type", column(TYPES, "type", name)) for name in ("execution", "stage"))
IS_POSITION = pl.col("leg") == "position"
SIDE = pl.when(CHANGE > 0).then(pl.lit("buy")).otherwise(pl.lit("sell"))
RESULT = CHANGE + FEE - FUNDING + FORCED_FEE
IS_FORCED = EXECUTION.is_in(["liquidation", "adl"])


def _event() -> pl.Expr:
    """Return the case of each row; null for a position's leg that is no fill."""
    event = pl.col("type").replace_strict(EVENTS, default=None, return_dtype=pl.String)
    is_fill = (event == "trade") & (CHANGE != 0) & PRICE.is_not_null() & (pl.col("product") != "")
    return pl.when(IS_POSITION).then(pl.when(is_fill).then(pl.lit("fill"))).otherwise(event)


# ------------------------------------------------------------------------------------------------ emits


_moved = adding(movement, "trade_ref", symbol=CONTRACT, balance_after=BALANCE)


FILL = Emit(table="fills", columns={
    "filled_at": AT, "symbol": CONTRACT, "position_side": pl.lit("both"), "side": SIDE, "quantity": CHANGE.abs(),
    "price": PRICE, "fee": pl.col("fee_of_fill"), "fee_asset": pl.col("fee_asset_of_fill"), "execution": EXECUTION,
    "trade_ref": TRADE, "effect": pl.col("effect"),
    "realized_stated": pl.when(CONTRACT.str.contains("^[PF]I_")).then(pl.col("realized_of_fill")),
})  # fmt: skip
"""The result of a linear contract is rounded to 4 decimals of a dollar, on fills of a dollar, too: more than average
prices explain.  It stands in `stated_results`; that of an inverse one has 11 decimals."""
LIQUIDATED = Emit(table="liquidations", where=IS_FORCED, columns={
    "liquidated_at": AT, "symbol": CONTRACT, "side": SIDE, "quantity": CHANGE.abs(), "price": PRICE,
    "mark_price": pl.col("mark"), "bankruptcy_price": pl.when(STAGE == "takeover").then(PRICE), "stage": STAGE,
})  # fmt: skip
HELD = Emit(table="stated_positions", where=pl.col("is_last"), columns={
    "stated_at": AT, "symbol": CONTRACT, "quantity": BALANCE, "mark_price": pl.col("mark"),
    "entry_price": pl.when(BALANCE != 0).then(pl.col("entry")),
})  # fmt: skip
"""After the last leg of a second: before that the same second states several sizes."""
FUNDED = Emit(table="funding", where=FUNDING != 0, columns={
    "paid_at": AT, "symbol": CONTRACT, "asset": ASSET, "amount": FUNDING,
})  # fmt: skip
STATED = Emit(table="stated_results", where=(pl.col("realized") != 0).fill_null(False), columns={
    "booked_at": AT, "symbol": CONTRACT, "asset": ASSET, "amount": pl.col("realized"), "basis": pl.lit("gross"),
    "grain": pl.lit("fill"), "trade_ref": TRADE,
})  # fmt: skip


_booked = adding(booking, "group_ref", amount=CHANGE, symbol=CONTRACT, kind=looked_up("type", KINDS))


CONVERSION_FEE = pl.when(CHANGE > 0).then(pl.col("conversion_fee").fill_null(0)).otherwise(pl.lit(0).cast(MONEY))
"""Both rows of a conversion state its fee, in the currency that it brings."""
CASES: dict[str, tuple[Emit, ...]] = {
    "fill": (FILL, LIQUIDATED, HELD),
    "trade": (
        _moved("realized_pnl", RESULT, where=(RESULT != 0) | (CHANGE == 0)),
        _moved("trading_fee", -FEE, where=FEE != 0),
        _moved("funding", FUNDING, where=FUNDING != 0),
        _moved("liquidation_fee", -FORCED_FEE, where=FORCED_FEE != 0),
        FUNDED, STATED,
    ),
    "funding": (
        _moved("funding", CHANGE + FEE), _moved("trading_fee", -FEE, where=FEE != 0),
        replace(FUNDED, columns={**FUNDED.columns, "amount": CHANGE + FEE}),
    ),
    "interest": (
        _moved("interest", CHANGE),
        Emit(table="interest", columns={
            "accrued_at": AT, "asset": ASSET, "amount": -CHANGE, "kind": pl.lit("negative_balance")}),
    ),
    "conversion": (
        _moved("conversion", CHANGE + CONVERSION_FEE),
        _moved("trading_fee", -CONVERSION_FEE, where=CONVERSION_FEE != 0),
        _booked("conversions"),
    ),
    "kfee": (_moved("trading_fee", CHANGE),),
    "transfer": (
        _moved("transfer", CHANGE),
        Emit(table="transfers", columns={
            "moved_at": AT, "asset": ASSET, "amount": CHANGE, "kind": pl.lit("internal"),
            "transaction_ref": pl.col("execution")}),
    ),
    "correction": (_moved("correction", CHANGE), _booked("adjustments")),
    "unknown": (_moved("unknown", CHANGE), _booked("adjustments")),
}  # fmt: skip


# ---------------------------------------------------------------------------------------------- prepare


def _with_pairs(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with what ties the legs of a trade, and whether a leg is the last of its second."""
    old = BALANCE - CHANGE
    crosses = ((old > 0) & (BALANCE < 0)) | ((old < 0) & (BALANCE > 0))
    rows = rows.with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("place"),
        pl.when(~IS_POSITION | crosses).then(None)
        .when(BALANCE.abs() > old.abs()).then(pl.lit("open"))
        .when(BALANCE.abs() < old.abs()).then(pl.lit("close"))
        .alias("effect"),
    )  # fmt: skip
    newest_first = not len(rows) or rows["time"][0] >= rows["time"][-1]
    paired = _by_execution(rows) if rows["execution"].is_not_null().any() else _by_place(rows, newest_first)
    order = pl.col("sequence") if rows["sequence"].null_count() == 0 else pl.col("place") * (-1 if newest_first else 1)
    is_last = IS_POSITION & (order == order.max().over("pot", "contract", "time", "leg"))
    shared = pl.concat_str(AT.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), CONTRACT, _plain(PRICE), separator="|")
    is_trade = pl.col("event").is_in(["fill", "trade"])
    return paired.with_columns(
        is_last.alias("is_last"),
        pl.when(is_trade).then(pl.coalesce("execution", shared)).alias("trade_ref"),
        pl.coalesce("execution", AT.dt.strftime("%Y-%m-%dT%H:%M:%SZ")).alias("group_ref"),
    )


def _plain(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")


def _by_execution(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with result and fee of each fill: those of the one cash leg of its execution."""
    cash = rows.filter((pl.col("event") == "trade") & pl.col("execution").is_not_null())
    one = cash.unique("execution", keep="none").select(
        "execution", pl.col("realized").alias("realized_of_fill"), pl.col("fee").alias("fee_of_fill"),
        pl.col("asset").alias("fee_asset_of_fill"))  # fmt: skip
    return rows.join(one, on="execution", how="left", maintain_order="left")


def _by_place(rows: pl.DataFrame, newest_first: bool) -> pl.DataFrame:
    """Return the rows with result and fee of each fill, and the contract of each cash leg, from the leg beside it."""
    legs = rows.filter(pl.col("event").is_in(["fill", "trade"]))
    to_cash = 1 if newest_first else -1
    shared = ("time", "pot", "account", "price")

    def beside(steps: int, name: str, leg: str) -> pl.Expr:
        same = [(pl.col(key) == pl.col(key).shift(steps)).fill_null(False) for key in shared]
        contract = pl.col("contract").shift(steps)
        fits = ((pl.col("contract") == contract) | pl.col("contract").is_null() | contract.is_null()).fill_null(True)
        is_leg = (pl.col("leg").shift(steps) == leg).fill_null(False) & (pl.col("leg") != leg)
        return pl.when(pl.all_horizontal(*same, fits, is_leg)).then(pl.col(name).shift(steps))

    found = legs.select(
        "place",
        beside(to_cash, "realized", "cash").alias("realized_of_fill"),
        beside(to_cash, "fee", "cash").alias("fee_of_fill"),
        beside(to_cash, "asset", "cash").alias("fee_asset_of_fill"),
        beside(-to_cash, "contract", "position").alias("contract_beside"),
    )
    joined = rows.join(found, on="place", how="left", maintain_order="left")
    held = pl.when(pl.col("event") == "funding").then(pl.col("perpetual").replace("", None))
    return joined.with_columns(pl.coalesce("contract", "contract_beside", held).alias("contract"))


# ------------------------------------------------------------------------------------------------ cells

CELLS: dict[str, Cell] = {
    "time": clock("datetime", seconds=True),
    "uid": text("uid", required=True),
    "pot": mapped("account", wallet_of_account, "a margin account as flex, f-xbt:usd or xbt",
                  required=True, unmapped=True),
    "account": text("account"),
    "perpetual": mapped("account", perpetual_of_account, "a margin account"),
    "type": word("type", {line["type"]: line["type"] for line in TYPES}, required=True,
                 what="a type as futures trade, funding rate change, conversion"),
    "leg": leg_cell(),
    "asset": mapped("symbol", currency, "a currency or a contract", required=True),
    "contract": contract_of_row(),
    "product": product_cell(),
    "balance": money("new_balance"),
    "entry": money("new_average_entry_price"),
    "price": money("trade_price"),
    "mark": money("mark_price"),
    "realized": money("realized_pnl"),
    "fee": money("fee"),
    "funding": money("realized_funding"),
    "liquidation_fee": money("liquidation_fee"),
    "conversion_fee": money("conversion_fee"),
    "execution": text("execution"),
    "sequence": integer("id"),
    "change": change_cell(SUMMED, "change"),
}  # fmt: skip

UNREAD = {
    "funding_rate": "an absolute rate, per unit: the amount says what it came to",
    "collateral": "the currency of an account of one collateral: its cash rows are in it",
    "conversion_spread_percentage": "inside what a conversion brings",
    "exchange_rate": "what a conversion brings by what it takes",
    "exchange_rate_from": "the other row of a conversion says it",
    "position_uid": "always empty",
}
A = ("uid,dateTime,account,type,symbol,change,new balance,new average entry price,trade price,mark price,funding rate,"
     "realized pnl,fee,realized funding,collateral")  # fmt: skip
B = A.replace("symbol,", "symbol,contract,") + ",conversion spread percentage,liquidation fee,position uid"
C = f"{B},exchange rate,exchange rate from,conversion fee"


def _without_empty(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return _with_pairs(rows.with_columns(pl.col("contract").replace("", None)), context)


LOG = Format(
    name="krakenfutures.account_log",
    family="krakenfutures.account_log",
    venue="krakenfutures",
    title="Kraken Futures: account log",
    confidence="real file seen",
    how="Kraken Pro, Export, Product Derivatives; or history/v3/accountlogcsv of the API, with conversion_details=true",
    headers=(
        header("to 2021", A, confidence="parser seen"),
        header("multi-collateral", B, confidence="parser seen"),
        header("with conversion details", C),
    ),
    aliases={name: name.replace(" ", "_") for name in C.split(",")} | {"dateTime": "datetime"},
    cells=CELLS,
    event=_event(),
    event_columns=("type", "symbol", "contract", "change", "trade_price"),
    cases=CASES,
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("uid",), content=("type", "asset", "change")),
    claims=claimed(ledger=1, fills=1, fees=1, funding=1, interest=1, liquidations=1),
    name_instrument=name_instrument,
    prepare=_without_empty,
    unread=UNREAD,
)  # fmt: skip

API = ("booking_uid", "date", "margin_account", "info", "asset", "contract", "old_balance", "new_balance",
       "new_average_entry_price", "trade_price", "mark_price", "realized_pnl", "fee", "realized_funding", "execution",
       "id")  # fmt: skip

LOG_API = replace(
    LOG,
    name="krakenfutures.account_log_api",
    title="Kraken Futures: account log of the API",
    confidence="API documentation",
    how="GET /api/history/v3/account-log, as JSON",
    headers=(Header(name="API", columns=API, optional=(
        "liquidation_fee", "conversion_fee", "funding_rate", "collateral", "conversion_spread_percentage",
        "exchange_rate", "exchange_rate_from", "position_uid", "old_average_entry_price")),),
    aliases={"booking_uid": "uid", "date": "datetime", "margin_account": "account", "info": "type", "asset": "symbol"},
    cells=CELLS | {"change": change_cell(SUMMED, "new_balance", "old_balance")},
    event_columns=("type", "symbol", "contract", "trade_price"),
    sequence="sequence",
    unread=UNREAD | {"old_average_entry_price": "the leg before states it"},
)  # fmt: skip

FORMATS = (LOG, LOG_API)
