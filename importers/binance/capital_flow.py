"""Capital flow of margin accounts: every change of a pot, the best source to audit one, for the last 90 days.

Documentation shows no sign of outflows, live answers print one.  So where a type has a direction, that is taken from
the type, of a forced trade's legs from asset and symbol; transfers and conversions have the sign as it is printed, in
a file that prints outflows with one, and are rejected in another.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from importers.binance.pairs import leg_of, name_pair
from importers.binance.pots import CROSS, POTS, with_product
from importers.cells import epoch, exact_decimals, money, text, whole_id, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed
from importers.emits import AMOUNT, ASSET, AT, adding, booking, movement

IN, OUT, BY_LEG, BY_SIGN = "in", "out", "by leg", "by sign"
TYPES = {
    "TRANSFER": ("transfer", BY_SIGN),
    "BORROW": ("borrow", IN),
    "REPAY": ("repay", OUT),
    "BUY_INCOME": ("trade", IN),
    "BUY_EXPENSE": ("trade", OUT),
    "SELL_INCOME": ("trade", IN),
    "SELL_EXPENSE": ("trade", OUT),
    "TRADING_COMMISSION": ("trading_fee", OUT),
    "COMMISSION_RETURN": ("rebate", IN),
    "BUY_LIQUIDATION": ("forced_buy", BY_LEG),
    "SELL_LIQUIDATION": ("forced_sale", BY_LEG),
    "REPAY_LIQUIDATION": ("forced_repay", OUT),
    "OTHER_LIQUIDATION": ("unclassified", BY_SIGN),
    "LIQUIDATION_FEE": ("liquidation_fee", OUT),
    "SMALL_BALANCE_CONVERT": ("small_assets", BY_SIGN),
    "SMALL_CONVERT": ("takeover", BY_SIGN),
}
"""Per type: the event, and where its direction comes from."""
EVENTS = {name: event for name, (event, _) in TYPES.items()}
DIRECTIONS = {name: direction for name, (_, direction) in TYPES.items()}

SYMBOL = pl.col("symbol")

UNKNOWN_DIRECTION = (
    "a direction: this file does not print outflows with a sign, so what came and what went cannot be told; "
    "import the statement or the margin transfers (/sapi/v1/margin/transfer) for it"
)


def directed_amount(amount: str, type_: str, asset: str, symbol: str) -> Cell:
    """Return the amount, + = the pot gains; null where neither type, leg nor printed sign tells."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        printed, names, assets, symbols = columns
        frame = pl.DataFrame({
            "printed": exact_decimals(printed), "asset": assets.str.strip_chars(), "symbol": symbols.str.strip_chars(),
            "type": names.str.strip_chars().str.to_uppercase(),
        }).with_columns(
            way=pl.col("type").replace_strict(DIRECTIONS, default=None, return_dtype=pl.String)
        )  # fmt: skip
        is_bare = ((frame["way"] == OUT) & (frame["printed"] > 0)).any()
        is_signed = bool((frame["printed"] < 0).any()) and not is_bare
        as_printed = pl.col("printed") if is_signed else pl.lit(None, dtype=frame.schema["printed"])
        size = pl.col("printed").abs()
        buys = pl.col("type") == "BUY_LIQUIDATION"
        gains = _legs(frame) == pl.when(buys).then(pl.lit("base")).otherwise(pl.lit("quote"))
        return frame.select(
            pl.when(pl.col("way") == IN).then(size)
            .when(pl.col("way") == OUT).then(-size)
            .when(pl.col("way") == BY_LEG).then(
                pl.when(gains).then(size).when(~gains).then(-size).otherwise(as_printed))
            .when(pl.col("way") == BY_SIGN).then(as_printed)
            .alias("amount")
        )["amount"]  # fmt: skip

    return Cell(columns=(amount, type_, asset, symbol), read=read, expected=UNKNOWN_DIRECTION, unmapped=True)


def _legs(frame: pl.DataFrame) -> pl.Series:
    """Return of each row whether its asset is the base or the quote of its symbol."""
    distinct = frame.select("symbol", "asset").unique()
    legs = pl.Series("leg", [leg_of(*row) for row in distinct.iter_rows()], dtype=pl.String)
    joined = frame.select("symbol", "asset").join(
        distinct.with_columns(legs), on=["symbol", "asset"], how="left", nulls_equal=True, maintain_order="left"
    )
    return joined["leg"]


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with their pot (isolated where a symbol stands: cross rows print none) and leg."""
    by_symbol = pl.when(SYMBOL.is_not_null()).then(pl.lit("isolated_margin")).otherwise(pl.lit(CROSS))
    pot = pl.lit(context.wallet) if context.wallet in POTS else by_symbol
    named = with_product(rows.with_columns(pot.alias("pot")), SYMBOL)
    return named.with_columns(_legs(rows).alias("leg"), pl.col("flow_ref").cast(pl.Int64, strict=False).alias("flow"))


# ------------------------------------------------------------------------------------------------- rows


_movement = adding(movement, "symbol", "pair", "transaction_ref")
_booking = adding(booking, "symbol", group_ref=pl.col("transaction_ref"))


def _repayment(kind: str | None) -> Emit:
    return Emit(table="repayments", columns={
        "repaid_at": AT, "asset": ASSET, "amount": -AMOUNT, "pair": pl.col("pair"), "kind": pl.lit(kind),
    })  # fmt: skip


def _forced(side: str) -> tuple[Emit, ...]:
    """Return both legs of a forced trade as cash, and the liquidation from its base leg."""
    return _movement("trade"), Emit(table="liquidations", where=pl.col("leg") == "base", columns={
        "liquidated_at": AT, "symbol": SYMBOL, "product": pl.col("product"), "margin_mode": pl.col("margin_mode"),
        "pair": pl.col("pair"), "side": pl.lit(side), "quantity": AMOUNT.abs(),
    })  # fmt: skip


CASES: dict[str, tuple[Emit, ...]] = {
    "transfer": (_movement("transfer"), Emit(table="transfers", columns={
        "moved_at": AT, "asset": ASSET, "amount": AMOUNT, "kind": pl.lit("internal"),
        "transaction_ref": pl.col("transaction_ref"), "pair": pl.col("pair")})),
    "borrow": (_movement("borrow"), Emit(table="borrows", columns={
        "borrowed_at": AT, "asset": ASSET, "amount": AMOUNT, "pair": pl.col("pair")})),
    "repay": (_movement("repay"), _repayment(None)),
    "forced_repay": (_movement("repay"), _repayment("forced")),
    "trade": (_movement("trade"),),
    "trading_fee": (_movement("trading_fee"),),
    "rebate": (_movement("rebate"), _booking("adjustments", "rebate")),
    "forced_buy": _forced("buy"),
    "forced_sale": _forced("sell"),
    "liquidation_fee": (_movement("liquidation_fee"), _booking("adjustments", "liquidation_fee")),
    "unclassified": (_movement("unknown"), _booking("adjustments", "liquidation")),
    "small_assets": (_movement("conversion"), _booking("conversions", "small_assets")),
    "takeover": (_movement("conversion"), _booking("conversions", "liquidation_takeover")),
}  # fmt: skip

CAPITAL_FLOW = Format(
    name="binance.capital_flow",
    family="binance.capital_flow",
    venue="binance",
    title="Binance margin: capital flow of the API",
    confidence="API documentation",
    how="/sapi/v1/margin/capital-flow, of isolated margin per symbol (7 days a call, the last 90 days)",
    headers=(Header(name="API", columns=("id", "tranId", "timestamp", "asset", "type", "amount"),
                    optional=("symbol", "note")),),
    cells={
        "time": epoch("timestamp"),
        "asset": text("asset", required=True),
        "symbol": text("symbol"),
        "type": word("type", {name: name for name in TYPES}, required=True),
        "printed": money("amount", required=True),
        "amount": directed_amount("amount", "type", "asset", "symbol"),
        "transaction_ref": whole_id("tranid"),
        "flow_ref": whole_id("id", required=True),
    },
    event=pl.col("type").replace_strict(EVENTS, default=None, return_dtype=pl.String),
    event_columns=("type",),
    cases=CASES,
    sequence="flow",
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("pot", "pair", "flow_ref"), content=("type", "asset", "amount")),
    claims=claimed(2, wallets=POTS, ledger=3, borrow_repay=3, fees=3, liquidations=3),
    name_instrument=name_pair,
    prepare=_prepare,
    unread={"note": "free text"},
)  # fmt: skip
"""Ids rise per account and pair.  A row's `tranId` is that of its transfer or trade: legs share it."""

FORMATS = (CAPITAL_FLOW,)
