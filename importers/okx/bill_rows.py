"""What a bill of the trading account becomes, whichever export it stands in: the site's account history or the API.

`bill_words.csv` says what each action or subtype is; a word that is not in it is rejected, never guessed.  A bill is
one change of one coin: `change` is what the account's balance gained, `position_change` what the position did.

- *Contracts.*  One bill is one execution.  Of a cross position `change` = `pnl` - `fee`.  An isolated position keeps
  its margin to itself: what the account did not gain of `pnl` - `fee` went into the position (or, below zero, came out
  of it).  All results, fees and funding are booked in the account, and that difference beside them as `margin_move`,
  so that the account's own balance is true and the position's result complete.
- *The fee of a forced close* is the clearance fee: it is what the position history calls so.
- *Options.*  The premium and the pay-off are cash (`trade`); `pnl` compares the one with the other and moves nothing.
- *Futures* are settled while they are held, which resets their entry: a close states its result since then only, so
  that results stand in `stated_results`, and a fill states none.
- *Pairs.*  A fill is a bill per coin, of the coin that came and of the one that went, whatever the action says.  The
  base coin's bill makes the fill.  Both share a text: the trade's id, else the cells that they share.
- *Isolated margin.*  Where a position keeps coins of its own (`position_change`) its bills are of the wallet
  `isolated_margin` and its pair; what moves between it and the account is `margin_move` on both sides.  Its
  interest is a cost, but no debt: no bill repays it.  The margin that a close has lost was paid by the position, and
  stands in `stated_results`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import polars as pl

from importers.contract import Cell, Context, Emit
from importers.emits import AMOUNT, AT, plain
from importers.okx.symbols import term
from importers.shapes import SYMBOL, Words, booked, complete, fill, forced, stated, transferred
from importers.vocabulary import table
from schemas.types import MONEY

WORDS = Words.of(table(__file__, "bill_words.csv"))
ZERO = pl.lit(0).cast(MONEY)
SLACK = pl.lit("0.00000005").cast(MONEY)
"""What the rounding of three numbers to 8 decimals may add up to."""
CONTRACTS = ("perpetual", "future", "option")
FILLED = ("trade", "partial", "full", "adl", "delivery")
FORCED = ("partial", "full")
OPTION = r"-(?<strike>\d+(?:\.\d+)?)-(?<right>[CP])$"

ASSET, MARKET, MODE = pl.col("asset"), pl.col("market"), pl.col("mode")
CHANGE, POSITION_CHANGE = pl.col("change"), pl.col("position_change").fill_null(ZERO)
PNL, PRICE, SIZE = pl.col("pnl").fill_null(ZERO), pl.col("price"), pl.col("size")
COST = pl.col("cost").fill_null(ZERO)
FEE_COIN = pl.coalesce("fee_coin", "asset")
OWN_FEE = pl.when(FEE_COIN == ASSET).then(COST).otherwise(ZERO)
"""A fee in another coin is none of this balance's."""
SAID = WORDS.says("event")
IS_CONTRACT, IS_PAIR = MARKET.is_in(CONTRACTS).fill_null(False), (MARKET == "spot").fill_null(False)
IS_MARGIN = (pl.col("section") == "margin").fill_null(False)
IS_ISOLATED = (MODE == "isolated").fill_null(False)
IS_OF_POSITION = IS_PAIR & ((IS_ISOLATED | (MODE.is_null() & (CHANGE == 0))) & IS_MARGIN & (POSITION_CHANGE != 0))
"""Isolated margin whose position keeps coins of its own; the site's files do not say the mode."""
FUNDED = pl.when(PNL != 0).then(PNL).otherwise(CHANGE + OWN_FEE)
LACK = CHANGE - (pl.when(SAID == "funding").then(FUNDED).otherwise(PNL) - OWN_FEE)
"""What the account gained beyond what the position made: margin that came out of it, below zero what went into it."""
IS_WHOLE = LACK.abs() <= SLACK

TERMS: Mapping[str, Callable[[str], Cell]] = {
    "market": partial(term, name="product"), "base": partial(term, name="base"), "quote": partial(term, name="quote"),
}  # fmt: skip
"""Cells of the column with the instrument, beside those that a format gives: time, bill, word, asset, symbol, size,
price, pnl, cost, fee_coin, change, balance, position_change, mode, section, interest, order, trade, liquidity."""

EXPIRED_SIDE = (
    pl.when(PNL < 0).then(pl.lit("sell")).when(PNL > 0).then(pl.lit("buy"))
    .when((POSITION_CHANGE < 0) & (-POSITION_CHANGE == SIZE)).then(pl.lit("sell"))
    .when((POSITION_CHANGE > 0) & (POSITION_CHANGE == SIZE)).then(pl.lit("buy"))
)  # fmt: skip
"""What expires worthless is a loss of who held it, a gain of who wrote it; the bill says no side."""


def event_of(*, prices: bool = True) -> pl.Expr:
    """Return the case of each bill; null where it has a shape that nobody has described."""
    has_price = PRICE.is_not_null() if prices else pl.lit(True)
    coin = pl.when(pl.col("base") == ASSET).then(pl.lit("base")).when(pl.col("quote") == ASSET).then(pl.lit("quote"))
    contract = (
        pl.when(SAID.is_in(("exercise", "expiry")) & (MARKET != "option")).then(None)
        .when((SAID == "expiry") & EXPIRED_SIDE.is_null()).then(None)
        .when((SIZE.fill_null(ZERO) == 0) | (SAID != "expiry") & ~has_price).then(None)
        .when((MARKET != "option") & ~IS_WHOLE & (MODE == "cross").fill_null(False)).then(None)
        .otherwise(SAID)
    )  # fmt: skip
    of_pair = (
        pl.when((SAID == "trade") & has_price)
        .then(coin)
        .when(SAID.is_in(FORCED))
        .then(pl.concat_str(SAID, pl.lit("_"), coin))
    )
    is_free = (SAID == "interest") & (_interest() == 0)
    return (
        pl.when(SAID.is_in((*FILLED, "exercise", "expiry")) & IS_CONTRACT).then(contract)
        .when(SAID.is_in(FILLED)).then(pl.when(IS_PAIR).then(of_pair))
        .when(SAID.is_in(("exercise", "expiry"))).then(None)
        .when(SAID.is_in(("funding", "settlement")) & ~IS_CONTRACT).then(None)
        .when((SAID == "funding") & ~IS_WHOLE & (MODE == "cross").fill_null(False)).then(None)
        .when(is_free).then(pl.lit("free"))
        .when((SAID == "interest") & (_moved_amount() == 0) & ~IS_PAIR).then(None)
        .otherwise(SAID)
    )  # fmt: skip


def _moved_amount() -> pl.Expr:
    return pl.when(IS_OF_POSITION).then(POSITION_CHANGE).otherwise(CHANGE)


def _interest() -> pl.Expr:
    stated_ = pl.col("interest").abs()
    unpaid = pl.when(stated_ != 0).then(stated_).otherwise(SIZE.fill_null(ZERO))
    return pl.when(_moved_amount() != 0).then(-_moved_amount()).otherwise(unpaid)


# ---------------------------------------------------------------------------------------------- prepare

SECOND_CLOCK = "%Y-%m-%dT%H:%M:%SZ"
KEPT_IN_POSITION = ("base", "quote", "partial_base", "partial_quote", "full_base", "full_quote", "interest", "borrow",
                    "repay", "repay_interest")  # fmt: skip


def prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the bills with what the emits need beside their cells."""
    event = pl.col("event")
    is_kept = IS_OF_POSITION & event.is_in(KEPT_IN_POSITION)
    is_unpaid = (event == "interest") & (_moved_amount() == 0)
    shared = pl.concat_str(
        AT.dt.strftime(SECOND_CLOCK),
        pl.col("order").fill_null(""),
        SYMBOL,
        plain(PRICE.fill_null(ZERO)),
        separator="|",
    )
    is_option = (MARKET == "option").fill_null(False)
    whole = is_option | IS_WHOLE
    known = rows.with_columns(
        *(WORDS.says(name).alias(name) for name in ("kind", "other_wallet", "position_side", "effect", "side")),
        pl.when(is_kept | is_unpaid).then(pl.lit("isolated_margin")).otherwise(pl.lit("unified")).alias("pot"),
        pl.when(is_kept | is_unpaid).then(SYMBOL).alias("pair"),
        pl.when(is_kept).then(POSITION_CHANGE).otherwise(CHANGE).alias("moved"),
        pl.when(is_kept).then(CHANGE).otherwise(ZERO).alias("beside"),
        pl.when(whole).then(CHANGE + OWN_FEE).when(event == "funding").then(FUNDED).otherwise(PNL).alias("result"),
        OWN_FEE.alias("own_fee"),
        pl.coalesce("trade", pl.when(SAID.is_in((*FILLED, "exercise", "expiry"))).then(shared)).alias("trade_ref"),
        pl.col("order").alias("order_ref"),
        pl.col("bill").cast(pl.Int64, strict=False).alias("sequence"),
        pl.coalesce("order", AT.dt.strftime(SECOND_CLOCK)).alias("group_ref"),
        pl.when(pl.col("mode").is_in(["cross", "isolated"])).then("mode").alias("margin_mode"),
        _interest().alias("charged"),
    )
    is_pair_fill = event.str.ends_with("base")
    traded = pl.col("moved") + pl.col("own_fee")
    is_clearance = IS_CONTRACT & SAID.is_in(FORCED)
    states_result = event.is_in(FILLED) & (MARKET == "perpetual")
    payoff = pl.when(event == "exercise").then(pl.col("result").abs())
    filled = known.with_columns(
        traded.alias("traded"),
        (CHANGE - pl.col("result") + pl.col("own_fee")).alias("from_position"),
        pl.when(is_pair_fill & (traded > 0)).then(pl.lit("buy")).when(is_pair_fill & (traded < 0)).then(pl.lit("sell"))
        .when(event == "expiry").then(EXPIRED_SIDE).otherwise("side").alias("side"),
        pl.when(is_pair_fill & (traded != 0)).then(traded.abs()).otherwise("size").alias("quantity"),
        pl.when(IS_CONTRACT).then("position_side").alias("position_side"),
        pl.when(IS_CONTRACT).then("effect").alias("effect"),
        pl.when(is_clearance).then(ZERO).when(IS_CONTRACT | (COST != 0)).then(COST).alias("fee"),
        FEE_COIN.alias("fee_asset"),
        pl.when(states_result).then(PNL).alias("realized"),
        payoff.alias("value"),
        pl.when(event == "exercise").then(_intrinsic(payoff)).when(event == "expiry").then(ZERO)
        .otherwise("price").alias("price"),
        pl.when(IS_CONTRACT).then(MARKET).when(IS_MARGIN).then(pl.lit("margin"))
        .otherwise(pl.lit("spot")).alias("product"),
        pl.col("moved").alias("amount"),
    )  # fmt: skip
    return complete(filled, context)


def _intrinsic(payoff: pl.Expr) -> pl.Expr:
    """Return what a unit of an option paid at the price it was exercised at, in its base; else the pay-off a contract.

    The price of the bill is the underlying's where that makes a pay-off.
    """
    parts = SYMBOL.str.extract_groups(OPTION)
    strike = parts.struct.field("strike").cast(MONEY)
    gap = pl.when(parts.struct.field("right") == "C").then(PRICE - strike).otherwise(strike - PRICE)
    usable = (gap > 0) & (PRICE > 0)
    unit = pl.when(usable).then(gap) / pl.when(usable).then(PRICE)
    return pl.coalesce(unit, payoff / pl.when(SIZE != 0).then(SIZE))


# ------------------------------------------------------------------------------------------------ emits


def _moved(cause: str | pl.Expr, amount: pl.Expr, where: pl.Expr | None = None, **more: pl.Expr) -> Emit:
    """Return a movement; one of the account states its balance, one of a position none."""
    return Emit(table="movements", where=amount != 0 if where is None else where, columns={
        "moved_at": AT, "pool": pl.lit("asset"), "asset": ASSET, "amount": amount,
        "cause": pl.lit(cause) if isinstance(cause, str) else cause, "symbol": SYMBOL, "pair": pl.col("pair"),
        "position_side": pl.col("position_side"), "trade_ref": pl.col("trade_ref"), "order_ref": pl.col("order_ref"),
        "balance_after": pl.when(pl.col("pot") == "unified").then("balance"), **more,
    })  # fmt: skip


TO_ACCOUNT = {"wallet": pl.lit("unified"), "pair": pl.lit(None), "balance_after": pl.col("balance")}
TO_POSITION = {"wallet": pl.lit("isolated_margin"), "pair": SYMBOL, "balance_after": pl.lit(None)}
BESIDE = _moved("margin_move", pl.col("beside"), **TO_ACCOUNT)
"""What a bill of an isolated position moved of the account's balance."""

FROM_POSITION = pl.col("from_position")


def _margin_moved(amount: pl.Expr) -> Emit:
    return Emit(table="transfers", where=amount != 0, columns={
        "moved_at": AT, "asset": ASSET, "amount": amount, "pair": SYMBOL,
        "kind": pl.when(amount < 0).then(pl.lit("margin_added")).otherwise(pl.lit("margin_released")),
    })  # fmt: skip


MARGIN_KEPT = (_moved("margin_move", FROM_POSITION), _margin_moved(FROM_POSITION))
CASH_CAUSE = pl.when(MARKET == "option").then(pl.lit("trade")).otherwise(pl.lit("realized_pnl"))
CASH = _moved(CASH_CAUSE, pl.col("result"))
SESSION = replace(stated("fill", PNL), where=(MARKET == "future") & (PNL != 0))
FEE = _moved("trading_fee", -pl.col("own_fee"))
CLEARANCE = _moved("liquidation_fee", -pl.col("own_fee"))
PRODUCT = {"product": pl.col("product")}


def _forced(stage: str, **more: pl.Expr) -> Emit:
    event = forced(stage)
    return replace(event, columns={**event.columns, **PRODUCT, "pair": pl.col("pair"), **more})


CLEARED = {"fee": pl.col("own_fee"), "fee_asset": ASSET}
TRADED = _moved("trade", pl.col("traded"))
LEG = (TRADED, FEE, BESIDE)
PAIR_FILL = {**PRODUCT, "pair": pl.col("pair")}


OF_ACCOUNT = pl.col("pot") == "unified"
"""What an isolated position owes only quick margin's own history says in full: its automatic loans have no bill."""
CONVERTED = Emit(table="conversions", where=pl.col("traded") != 0, columns={
    **booked("conversions", pl.col("kind")).columns, "amount": pl.col("traded")})  # fmt: skip


def _adjusted(cause: str | pl.Expr) -> tuple[Emit, ...]:
    return _moved(cause, AMOUNT), booked("adjustments", pl.col("kind"))


def _repaid(part: str | None) -> tuple[Emit, ...]:
    parts = {} if part is None else {part: -AMOUNT}
    return (
        _moved("repay" if part is None else f"repay_{part}", AMOUNT),
        Emit(table="repayments", where=OF_ACCOUNT & (AMOUNT < 0), columns={
            "repaid_at": AT, "asset": ASSET, "amount": -AMOUNT, "kind": pl.col("kind"), "pair": pl.col("pair"),
            **parts}),
        BESIDE,
    )  # fmt: skip


CASES: dict[str, tuple[Emit, ...]] = {
    "trade": (fill("trade", **PRODUCT), CASH, FEE, *MARGIN_KEPT, SESSION),
    **{stage: (fill("liquidation", **PRODUCT), _forced(stage, **CLEARED), CASH, CLEARANCE, *MARGIN_KEPT, SESSION)
       for stage in FORCED},
    "adl": (fill("adl", **PRODUCT), _forced("adl"), CASH, FEE, *MARGIN_KEPT, SESSION),
    "delivery": (fill("delivery", **PRODUCT), CASH, FEE, *MARGIN_KEPT, SESSION),
    "exercise": (fill("delivery", **PRODUCT), CASH, FEE, *MARGIN_KEPT),
    "expiry": (fill("delivery", **PRODUCT), CASH, FEE, *MARGIN_KEPT),
    "funding": (
        _moved("funding", pl.col("result")),
        Emit(table="funding", columns={
            "paid_at": AT, "symbol": SYMBOL, "asset": ASSET, "amount": pl.col("result"),
            "position_quantity": pl.when(SIZE != 0).then(SIZE), "mark_price": pl.when(PRICE > 0).then(PRICE)}),
        FEE, *MARGIN_KEPT,
    ),
    "settlement": (CASH, FEE, *MARGIN_KEPT, stated("fill", pl.col("result"))),
    "base": (fill("trade", **PAIR_FILL), *LEG),
    "quote": LEG,
    **{f"{stage}_base": (fill("liquidation", **PAIR_FILL), _forced(stage), *LEG) for stage in FORCED},
    **{f"{stage}_quote": LEG for stage in FORCED},
    "transfer": (_moved("transfer", AMOUNT), transferred("internal")),
    "margin": (
        _moved("margin_move", AMOUNT),
        _margin_moved(AMOUNT),
        _moved("margin_move", POSITION_CHANGE, where=IS_PAIR & (POSITION_CHANGE != 0), **TO_POSITION),
        replace(stated("position", AMOUNT), where=pl.col("kind") == "loss"),
    ),
    "interest": (
        _moved("interest", AMOUNT),
        Emit(table="interest", columns={
            "accrued_at": AT, "asset": ASSET, "amount": pl.col("charged"), "kind": pl.lit("negative_balance"),
            "pair": pl.col("pair")}),
        BESIDE,
    ),
    "borrow": (
        _moved("borrow", AMOUNT),
        Emit(table="borrows", where=OF_ACCOUNT & (AMOUNT > 0), columns={
            "borrowed_at": AT, "asset": ASSET, "amount": AMOUNT, "kind": pl.col("kind"), "pair": pl.col("pair")}),
        BESIDE,
    ),
    "repay": _repaid(None),
    "repay_interest": _repaid("interest"),
    "conversion": (
        _moved("conversion", pl.col("traded")), FEE,
        CONVERTED,
    ),
    "insurance": _adjusted("insurance"),
    "income": _adjusted("income"),
    "shared": _adjusted(pl.when(AMOUNT < 0).then(pl.lit("correction")).otherwise(pl.lit("income"))),
    "unknown": _adjusted("unknown"),
}  # fmt: skip
IGNORES = {"free": "an hour that cost no interest"}


RESULT = replace(stated("fill", PNL), where=(MARKET != "option") & (PNL != 0))


def without_fills(cases: Mapping[str, tuple[Emit, ...]]) -> dict[str, tuple[Emit, ...]]:
    """Return the cases of an export that prints no prices: the results of contracts are stated, their fills are not."""
    return {
        event: tuple(RESULT if emit is SESSION else emit for emit in emits if emit.table != "fills")
        for event, emits in cases.items()
    }
