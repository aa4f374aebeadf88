"""What a row of a transaction log becomes, whichever export it stands in: unified or classic, screen, file or API.

Signs are those of the house before anything here sees them: `fee` is + where it costs, `funding` + where it is
received, and `change` = `cash_flow` + `funding` - `fee` has held (`log_cells.py`).  `transaction_types.csv` says what
each type is; one that is not in it is rejected.

- A derivative's row is one fill; its cash flow is the result before fees.  Of contracts that are settled every session
  (USDC) it is the result since the last session, and of options a premium (cause `trade`): there the fill states no
  result, and the former stands in `stated_results`.
- A session's result is cash like any realized result (cause `realized_pnl`); all sessions and the close together are
  what the position made by its fills.  To the venue a session is an execution (`SessionSettlePnL`): grain fill.
- A spot fill is a row per coin.  The base coin's row makes the fill, all rows make movements under one `trade_ref`;
  a fee on another coin's row is a movement only, and the fill says nothing of it.
- An option is delivered for its pay-off: that is the cash flow, since the premium was paid in cash before.
- An unwanted close is an ordinary close with a reason: its fee is a trading fee.  `CURRENCY_BUY` and `CURRENCY_SELL`
  are conversions, whether the user or the venue wanted them.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from importers.bybit.cells import is_settled_daily
from importers.bybit.symbols import split_pair
from importers.contract import Context, Emit
from importers.emits import adding, booking, by_sign, movement, plain
from importers.vocabulary import looked_up, table

TYPES = {row["type"].casefold(): row for row in table(__file__, "transaction_types.csv")}
KINDS = {name: row["kind"] for name, row in TYPES.items()}
OTHER_WALLETS = {name: row["other_wallet"] for name, row in TYPES.items()}
EVENTS = {name: row["event"] for name, row in TYPES.items()}

AT, ASSET, SYMBOL, SIDE = pl.col("time"), pl.col("asset"), pl.col("symbol"), pl.col("side")
CASH_FLOW, FUNDING, FEE, CHANGE = pl.col("cash_flow"), pl.col("funding"), pl.col("fee"), pl.col("change")
QUANTITY, KIND = pl.col("quantity"), pl.col("kind")
BEFORE_FEE = CASH_FLOW + FUNDING

IS_DERIVATIVE_NAME = SYMBOL.str.contains(r"-|PERP$|USD[FGHJKMNQUVXZ]\d\d$").fill_null(False)
IS_OPTION = pl.col("product") == "option"
IS_IN = (CASH_FLOW > 0) == (SIDE == "buy")
IS_BASE = (CASH_FLOW != 0) & IS_IN & SYMBOL.str.starts_with(ASSET) & (SYMBOL != ASSET)
IS_QUOTE = (CASH_FLOW != 0) & ~IS_IN & SYMBOL.str.ends_with(ASSET) & (SYMBOL != ASSET)
IS_OTHER_COIN = ~SYMBOL.str.starts_with(ASSET) & ~SYMBOL.str.ends_with(ASSET)
IS_FEE_ROW = ((CASH_FLOW == 0) & (QUANTITY.fill_null(0) == 0)) | IS_OTHER_COIN


def event_of(is_spot: pl.Expr) -> pl.Expr:
    """Return the case of each row; null where a fill has a shape that nobody has described."""
    spot = (
        pl.when(SIDE.is_null() | SYMBOL.is_null()).then(None)
        .when(IS_BASE).then(pl.lit("spot_base"))
        .when(IS_QUOTE).then(pl.lit("spot_quote"))
        .when(IS_FEE_ROW).then(pl.lit("spot_fee"))
    )  # fmt: skip
    event = pl.col("type").replace_strict(EVENTS, default=None, return_dtype=pl.String)
    is_fill = event.is_in(["trade", "delivered", "forced"])
    is_unclear = (pl.col("product").fill_null("") == "") | SIDE.is_null() | (QUANTITY.fill_null(0) == 0)
    return (
        pl.when((event == "trade") & is_spot.is_null()).then(None)
        .when((event == "trade") & is_spot).then(spot)
        .when(is_fill & is_unclear).then(None)
        .when(event == "trade").then(pl.lit("fill"))
        .otherwise(event)
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ emits


_moved = adding(
    movement, "symbol", "trade_ref", "order_ref", instrument=pl.col("pair_name"),
    position_side=pl.col("held_side"), balance_after=pl.col("balance"),
)  # fmt: skip


FEE_MOVED = _moved("trading_fee", -FEE, where=FEE != 0)
OF_A_POSITION = (
    _moved(pl.when(IS_OPTION).then(pl.lit("trade")).otherwise(pl.lit("realized_pnl")), CASH_FLOW, where=CASH_FLOW != 0),
    _moved("funding", FUNDING, where=FUNDING != 0),
    FEE_MOVED,
    Emit(table="stated_results", where=(CASH_FLOW != 0) & pl.col("is_settled_daily"), columns={
        "booked_at": AT, "symbol": SYMBOL, "asset": ASSET, "amount": CASH_FLOW, "basis": pl.lit("gross"),
        "grain": pl.lit("fill"), "trade_ref": pl.col("trade_ref"), "order_ref": pl.col("order_ref"),
    }),
)  # fmt: skip


def _fill(execution: pl.Expr) -> Emit:
    return Emit(table="fills", columns={
        "filled_at": AT, "symbol": SYMBOL, "side": pl.col("fill_side"), "quantity": QUANTITY.abs(),
        "price": pl.col("fill_price"), "fee": FEE, "fee_asset": ASSET, "execution": execution,
        "trade_ref": pl.col("trade_ref"), "order_ref": pl.col("order_ref"), "realized_stated": pl.col("result"),
        "notional_stated": pl.col("payoff").abs(), "effect": pl.col("effect").replace("", None),
    })  # fmt: skip


SPOT_FILL = Emit(table="fills", columns={
    "filled_at": AT, "symbol": SYMBOL, "instrument": pl.col("pair_name"), "product": pl.lit("spot"), "side": SIDE,
    "quantity": QUANTITY.abs(), "price": pl.col("price"), "fee": pl.when(FEE != 0).then(FEE),
    "fee_asset": pl.when(FEE != 0).then(ASSET), "execution": pl.lit("trade"), "trade_ref": pl.col("trade_ref"),
    "order_ref": pl.col("order_ref"), "settle_asset": pl.col("quote"), "style": pl.lit("linear"),
})  # fmt: skip
FUNDED = Emit(table="funding", where=(FUNDING != 0) | (CASH_FLOW == 0), columns={
    "paid_at": AT, "symbol": SYMBOL, "position_side": pl.col("held_side"), "asset": ASSET, "amount": FUNDING,
    "rate": pl.col("rate"), "position_quantity": pl.col("position").abs(),
    "mark_price": pl.when(pl.col("price") > 0).then(pl.col("price")),
})  # fmt: skip
LIQUIDATED = Emit(table="liquidations", columns={
    "liquidated_at": AT, "symbol": SYMBOL, "side": SIDE, "quantity": QUANTITY.abs(), "price": pl.col("price"),
    "bankruptcy_price": pl.when(KIND == "takeover").then(pl.col("price")), "stage": KIND,
    "order_ref": pl.col("order_ref"),
})  # fmt: skip


_booking = adding(booking, "symbol", "group_ref", amount=BEFORE_FEE)


def _transfer(kind: str | pl.Expr, amount: pl.Expr = BEFORE_FEE, fee: pl.Expr | None = None) -> Emit:
    return Emit(table="transfers", columns={
        "moved_at": AT, "asset": ASSET, "amount": amount, "kind": pl.lit(kind) if isinstance(kind, str) else kind,
        "other_wallet": pl.col("other_wallet"), "fee": pl.lit(None) if fee is None else fee,
        "transaction_ref": pl.col("trade_ref"),
    })  # fmt: skip


def _repaid(part: str | None) -> Emit:
    columns = {"repaid_at": AT, "asset": ASSET, "amount": -CHANGE, "kind": KIND}
    return Emit(table="repayments", where=CHANGE < 0, columns=columns | ({part: -CHANGE} if part else {}))


INTEREST = Emit(table="interest", columns={"accrued_at": AT, "asset": ASSET, "amount": -CHANGE, "kind": KIND})
BORROWED = Emit(table="borrows", where=CHANGE > 0, columns={
    "borrowed_at": AT, "asset": ASSET, "amount": CHANGE, "kind": KIND})  # fmt: skip
NETWORK_FEE = _moved("network_fee", -FEE, where=FEE != 0)
PLEDGED = by_sign(CHANGE, "pledged", "released")

CASES: Mapping[str, tuple[Emit, ...]] = {
    "fill": (_fill(pl.lit("trade")), *OF_A_POSITION),
    "delivered": (_fill(KIND), *OF_A_POSITION),
    "forced": (_fill(pl.col("forced")), LIQUIDATED, *OF_A_POSITION),
    "settlement": (FUNDED, *OF_A_POSITION),
    "spot_base": (SPOT_FILL, _moved("trade", CASH_FLOW), FEE_MOVED),
    "spot_quote": (_moved("trade", CASH_FLOW), FEE_MOVED),
    "spot_fee": (_moved("trading_fee", CHANGE),),
    "transfer": (_moved("transfer", BEFORE_FEE), FEE_MOVED, _transfer("internal")),
    "deposit": (_moved("deposit", BEFORE_FEE), NETWORK_FEE, _transfer("deposit", fee=FEE)),
    "withdrawal": (_moved("withdrawal", BEFORE_FEE), NETWORK_FEE, _transfer("withdrawal", fee=FEE)),
    "interest": (_moved("interest", CHANGE), INTEREST),
    "borrow": (_moved("borrow", CHANGE), BORROWED),
    "repay": (_moved("repay", CHANGE), _repaid(None)),
    "repay_principal": (_moved("repay_principal", CHANGE), _repaid("principal")),
    "repay_interest": (_moved("repay_interest", CHANGE), _repaid("interest")),
    "pledge": (_moved("pledge", CHANGE), _transfer(PLEDGED, CHANGE)),
    "conversion": (_moved("conversion", BEFORE_FEE), FEE_MOVED, _booking("conversions", KIND)),
    "rebate": (_moved("rebate", BEFORE_FEE), FEE_MOVED, _booking("adjustments", pl.lit("rebate"))),
    "income": (_moved("income", BEFORE_FEE), FEE_MOVED, _booking("adjustments", KIND)),
    "insurance": (_moved("insurance", BEFORE_FEE), FEE_MOVED, _booking("adjustments", pl.lit("insurance"))),
    "correction": (_moved("correction", BEFORE_FEE), FEE_MOVED, _booking("adjustments", pl.lit("correction"))),
    "unknown": (_moved("unknown", BEFORE_FEE), FEE_MOVED, _booking("adjustments", KIND)),
    "network_fee": (_moved("network_fee", CHANGE),),
    "trading_fee": (_moved("trading_fee", CHANGE),),
}


# ---------------------------------------------------------------------------------------------- prepare


def prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with what the emits need beside their cells."""
    is_fill = pl.col("event").is_in(["fill", "delivered", "forced"])
    named = rows.with_columns(
        looked_up("type", KINDS).alias("kind"),
        looked_up("type", OTHER_WALLETS).alias("other_wallet"),
        is_settled_daily(rows["symbol"]).alias("is_settled_daily"),
        AT.dt.truncate("1s").alias("second"),
        _rate().alias("rate"),
        *_pair_names(rows),
    )
    is_payoff = (pl.col("event") == "delivered") & IS_OPTION
    payoff = pl.when(is_payoff).then(CASH_FLOW)
    by_payoff = pl.when(CASH_FLOW > 0).then(pl.lit("sell")).when(CASH_FLOW < 0).then(pl.lit("buy"))
    states_result = is_fill & ~IS_OPTION & ~pl.col("is_settled_daily")
    return named.with_columns(
        pl.when(states_result).then(CASH_FLOW).alias("result"),
        payoff.alias("payoff"),
        pl.when(is_payoff)
        .then(payoff.abs() / pl.when(is_payoff & (QUANTITY != 0)).then(QUANTITY.abs()))
        .otherwise(pl.col("price"))
        .alias("fill_price"),
        pl.when(is_payoff).then(pl.coalesce(by_payoff, SIDE)).otherwise(SIDE).alias("fill_side"),
        pl.when(KIND == "adl").then(pl.lit("adl")).otherwise(pl.lit("liquidation")).alias("forced"),
        pl.when(pl.col("event") == "settlement")
        .then(SIDE.replace_strict({"buy": "long", "sell": "short"}, default=None, return_dtype=pl.String))
        .alias("held_side"),
    )


def _rate() -> pl.Expr:
    """Return the market's funding rate: the log prints it as the position's side pays it, so a short's is turned."""
    paid_rate = pl.when(pl.col("event") == "settlement").then(pl.col("fee_rate"))
    return pl.when(SIDE == "buy").then(paid_rate).when(SIDE == "sell").then(-paid_rate)


SECOND_CLOCK = "%Y-%m-%dT%H:%M:%SZ"


def with_refs(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows of a log with ids; conversions without one belong together by instant and price."""
    return prepare(
        rows.with_columns(pl.coalesce("trade_ref", "order_ref", _instant_and_price()).alias("group_ref")), context
    )


def without_refs(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows of a log without ids: what belongs together is named by the cells that it shares."""
    moment, price = AT.dt.strftime(SECOND_CLOCK), plain(pl.col("price"))
    is_spot = pl.col("event").str.starts_with("spot_")
    shared = rows.with_columns(
        pl.when(is_spot).then(pl.concat_str(moment, SYMBOL, SIDE, price, separator="|")).alias("trade_ref"),
        pl.lit(None, dtype=pl.String).alias("order_ref"),
        _instant_and_price().alias("group_ref"),
    )  # fmt: skip
    return prepare(shared, context)


def _instant_and_price() -> pl.Expr:
    price = pl.when(pl.col("price") != 0).then(plain(pl.col("price")))
    return pl.concat_str(AT.dt.strftime(SECOND_CLOCK), price, separator="|", ignore_nulls=True)


def _pair_names(rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return unified name and quote coin of spot rows: by the row's own coin, else (a fee's row) by known quotes."""
    is_spot = pl.col("event").str.starts_with("spot_")
    split = {symbol: split_pair(symbol) for symbol in rows.filter(is_spot)["symbol"].unique().drop_nulls().to_list()}
    known = {name: {symbol: pair[place] for symbol, pair in split.items() if pair}
             for place, name in enumerate(("base", "quote"))}  # fmt: skip
    base = (
        pl.when(pl.col("event") == "spot_base").then(ASSET)
        .when(pl.col("event") == "spot_quote").then(SYMBOL.str.strip_suffix(ASSET))
        .when(is_spot).then(looked_up("symbol", known["base"]))
    )  # fmt: skip
    quote = (
        pl.when(pl.col("event") == "spot_base").then(SYMBOL.str.strip_prefix(ASSET))
        .when(pl.col("event") == "spot_quote").then(ASSET)
        .when(is_spot).then(looked_up("symbol", known["quote"]))
    )  # fmt: skip
    names = rows.select(base.alias("base"), quote.alias("quote"))
    names = names.with_columns(pl.concat_str("base", "quote", separator="/").alias("pair_name"))
    return names["pair_name"], names["quote"]
