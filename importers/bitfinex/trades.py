"""Trades: fills of exchange, margin and derivatives, as CSV of the report tool or arrays of the API.

The CSV does not say whether a trade was on margin.  On the exchange the fee is paid in what is received, on margin in
the quote: a buy that pays in the quote was on margin, one that pays in the base was not.  Where that does not tell, as
of a sale, `--wallet` has to; the API's arrays name the type of the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from importers.bitfinex.cells import DERIVATIVES, MARGIN, asset, clock, pair
from importers.bitfinex.symbols import asset_of, is_derivative, name_instrument, symbol_of
from importers.cells import epoch, exact_decimals, money, negated, text, translated, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed, header, listed, unread
from importers.emits import AMOUNT, AT

POT = pl.col("pot")
WALLETS_OF_TRADES = ("spot", MARGIN)


def _pot_of(columns: Sequence[pl.Series], wallet: str | None) -> pl.Series:
    """Return the wallet by pair, direction, fee and its currency, else the one asked for; null where nothing tells."""
    frame = pl.DataFrame({
        "symbol": translated(columns[0], symbol_of), "amount": exact_decimals(columns[1]),
        "fee": exact_decimals(columns[2]), "fee_asset": translated(columns[3], asset_of),
    })  # fmt: skip
    ends = pl.col("symbol").str.split("/")
    pays = pl.col("fee_asset").is_not_null() & (pl.col("fee") != 0)
    derivatives = [symbol for symbol in frame["symbol"].unique().drop_nulls() if is_derivative(symbol)]
    return frame.select(
        pl.when(pl.col("symbol").is_in(derivatives)).then(pl.lit(DERIVATIVES))
        .when(pays & (pl.col("fee_asset") == ends.list.first())).then(pl.lit("spot"))
        .when(pays & (pl.col("amount") > 0) & (pl.col("fee_asset") == ends.list.last())).then(pl.lit(MARGIN))
        .otherwise(pl.lit(wallet if wallet in WALLETS_OF_TRADES else None, dtype=pl.String))
    ).to_series()  # fmt: skip


def pot() -> Cell:
    """Return the wallet of a trade."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return _pot_of(columns, context.wallet)

    return Cell(columns=("pair", "amount", "fee", "fee currency"), read=read, required=True, expected=(
        "a trade that shows its wallet; this one fits both: import with --wallet spot or --wallet cross_margin, or "
        "take the API's trades, which name the type of the order"))  # fmt: skip


def pot_by_type() -> Cell:
    """Return the wallet of a trade by the type of its order: EXCHANGE LIMIT is none of margin."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        kinds = translated(columns[0], lambda kind: "spot" if kind.upper().startswith("EXCHANGE ") else MARGIN)
        guessed = _pot_of(columns[1:], context.wallet)
        known = kinds.is_not_null() & (guessed != DERIVATIVES).fill_null(True)
        return kinds.zip_with(known, guessed)

    return Cell(columns=("type", "pair", "amount", "fee", "fee currency"), read=read,
                expected="a type of order as EXCHANGE LIMIT or LIMIT")  # fmt: skip


def _fill(product: str, **more: pl.Expr) -> tuple[Emit, ...]:
    return (Emit(table="fills", columns={
        "filled_at": AT, "symbol": pl.col("symbol"), "product": pl.lit(product), "side": pl.col("side"),
        "quantity": AMOUNT.abs(), "price": pl.col("price"), "fee": pl.col("fee"), "fee_asset": pl.col("fee_asset"),
        "liquidity": pl.col("liquidity"), "execution": pl.lit("trade"), "trade_ref": pl.col("id"),
        "order_ref": pl.col("order_ref"), **more,
    }),)  # fmt: skip


SIGNED = {"side": pl.when(AMOUNT > 0).then(pl.lit("buy")).when(AMOUNT < 0).then(pl.lit("sell"))}

CELLS: dict[str, Cell] = {
    "time": clock("date"),
    "id": text("#", required=True),
    "symbol": pair("pair"),
    "amount": money("amount", required=True),
    "price": money("price", required=True),
    "fee": negated(money("fee")),
    "fee_asset": replace(asset("fee currency"), required=False),
    "order_ref": text("order id"),
    "pot": pot(),
    "liquidity": word("maker", {"1": "maker", "-1": "taker"}),
}
COLUMNS = "#,PAIR,AMOUNT,PRICE,FEE,FEE CURRENCY,DATE,ORDER ID"

TRADES = Format(
    name="bitfinex.trades",
    family="bitfinex.trades",
    venue="bitfinex",
    title="Bitfinex: trades",
    confidence="parser seen",
    how="Reports, Trades, Export as CSV; with --wallet spot or --wallet cross_margin for the trades that fit both",
    headers=(header("to July 2020", COLUMNS), header("from July 2020", f"{COLUMNS},FEE PERC")),
    cells=CELLS,
    event=POT,
    event_columns=("pair",),
    cases={
        "spot": _fill("spot"),
        MARGIN: _fill("margin", margin_mode=pl.lit("cross"), position_side=pl.lit("both")),
        DERIVATIVES: _fill("perpetual", position_side=pl.lit("both")),
    },
    newest_first=True,
    wallet=POT,
    identity=Identity(kind="id", cells=("id", "symbol", "side"), content=("amount", "price", "pot")),
    claims=claimed(fills=1, fees=1),
    name_instrument=name_instrument,
    prepare=lambda rows, _: rows.with_columns(**SIGNED),
    unread=unread({"FEE PERC": "rounded to two decimals"}),
)
"""One id stands for both sides where somebody trades with oneself."""

PLACES = listed("#,pair,date,order id,amount,price,type,order price,maker,fee,fee currency,client id")
NAMES = tuple(str(place) for place in range(len(PLACES)))

TRADES_API = replace(
    TRADES,
    name="bitfinex.trades_api",
    title="Bitfinex: trades of the API, as JSON arrays",
    confidence="API documentation",
    how="the API's /v2/auth/r/trades/hist",
    headers=(
        Header(name="API arrays", exact=True, columns=NAMES),
        Header(name="API arrays without client id", exact=True, columns=NAMES[:-1]),
    ),
    aliases=dict(zip(NAMES, PLACES, strict=True)),
    cells=CELLS | {"time": epoch("date"), "pot": pot_by_type()},
    unread=unread({"order price": "what the order asked for", "client id": "the user's own name of the order"}),
)

FORMATS = (TRADES, TRADES_API)
