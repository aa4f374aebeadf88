"""Spot pairs: base and quote of a symbol, and the amounts that stand glued to their asset (`0.0012BNB`, `101INCH`).

A symbol alone tells them by a list of quote assets; where a row prints units or names its fee's asset, these decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

import polars as pl

from importers.cells import DIGIT_FIRST, exact_decimals
from importers.contract import Cell, Context, Named
from importers.naming import pair as named_pair

QUOTES = (
    "USDT", "USDC", "BUSD", "TUSD", "FDUSD", "USD1", "USDE", "XUSD", "BFUSD", "RLUSD", "USDS", "USDP", "PAX", "DAI",
    "UST", "VAI", "U", "BTC", "ETH", "BNB", "SOL", "XRP", "TRX", "XMR", "DOT", "DOGE", "EUR", "AEUR", "EURI", "GBP",
    "AUD", "BRL", "TRY", "RUB", "UAH", "NGN", "ZAR", "PLN", "RON", "CZK", "ARS", "COP", "MXN", "JPY", "GYEN", "IDRT",
    "BIDR", "BKRW", "BVND",
)  # fmt: skip
"""Assets in which pairs of binance.com are or were quoted; of several that fit the longest is taken."""
BASES_OF_AEUR = ("BTC", "ETH", "BNB", "EUR")
"""ADAEUR is ADA in EUR: AEUR quotes these assets only."""
SEPARATED = re.compile(r"(?P<base>[^/_-]+)[/_-](?P<quote>[^/_-]+)")

NUMBER = r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?"
TAILS = tuple({asset.lstrip("0123456789") for asset in DIGIT_FIRST})
"""What is left of an asset such as 1INCH where its digits were taken for a part of the number."""
LOOSE = 1e-3
"""Prices of rows that sum up several fills are rounded; a digit on the wrong side of a border is off by far more."""

SYMBOL = pl.concat_str("base", "quote")
INSTRUMENT = pl.concat_str("base", "quote", separator="/")


@cache
def split_pair(symbol: str) -> tuple[str, str] | None:
    """Return base and quote of `BTCUSDT` or `BTC/USDT`; None where no known quote ends it."""
    if found := SEPARATED.fullmatch(symbol):
        return found["base"], found["quote"]
    for quote in sorted((quote for quote in QUOTES if symbol.endswith(quote)), key=len, reverse=True):
        base = symbol.removesuffix(quote)
        if base and (quote != "AEUR" or base in BASES_OF_AEUR):
            return base, quote
    return None


@cache
def name_pair(symbol: str, settle: str | None = None) -> Named | None:
    """Return the terms of a spot pair, `settle_asset` being its quote; None where no known quote ends it."""
    found = split_pair(symbol)
    return None if found is None else named_pair(*found)


def leg_of(symbol: str | None, asset: str | None) -> str | None:
    """Return whether the asset is the `base` or the `quote` of the symbol; None where it is neither."""
    if not symbol or not asset:
        return None
    if (found := split_pair(symbol)) is not None:
        return dict(zip(found, ("base", "quote"), strict=True)).get(asset)
    if symbol == asset or symbol.startswith(asset) == symbol.endswith(asset):
        return None
    return "base" if symbol.startswith(asset) else "quote"


# ------------------------------------------------------------------------------------------------- cells


def pair_units(symbol: str, base: str, quote: str) -> Cell:
    """Return (base, quote) of a pair as its own columns say, which have to agree with the pair, or by its symbol."""
    return _units((symbol, base, quote), "a pair of base and known quote asset, as BTCUSDT or BTC/USDT", _by_columns)


def traded_units(symbol: str, fee_asset: str, is_buyer: str) -> Cell:
    """Return (base, quote) of a symbol; where the quote is unknown, a fee tells: in base for buyers, else in quote."""
    return _units((symbol, fee_asset, is_buyer), "a pair whose quote asset is known", _by_fee)


Splitter = Callable[[str, str | None, str | None], tuple[str, str] | None]
UNITS = pl.Struct({"base": pl.String(), "quote": pl.String()})


def _units(columns: tuple[str, ...], expected: str, split: Splitter) -> Cell:
    def read(texts: Sequence[pl.Series], context: Context) -> pl.Series:
        names = ("symbol", "second", "third")
        frame = pl.DataFrame({name: text.str.strip_chars() for name, text in zip(names, texts, strict=True)})
        distinct = frame.unique().drop_nulls("symbol")
        found = [split(*row) for row in distinct.iter_rows()]
        units = pl.Series("units", [{"base": pair[0], "quote": pair[1]} if pair else None for pair in found], UNITS)
        joined = frame.join(distinct.with_columns(units), on=names, how="left", nulls_equal=True, maintain_order="left")
        return joined["units"]

    return Cell(columns=columns, read=read, expected=expected, required=True, unmapped=True)


def _by_columns(symbol: str, base: str | None, quote: str | None) -> tuple[str, str] | None:
    if base and quote:
        return (base, quote) if re.sub("[/_-]", "", symbol) == base + quote else None
    return split_pair(symbol)


def _by_fee(symbol: str, fee_asset: str | None, is_buyer: str | None) -> tuple[str, str] | None:
    if (found := split_pair(symbol)) is not None or not fee_asset or fee_asset in ("BNB", symbol):
        return found
    buys = (is_buyer or "").casefold() == "true"
    if buys and symbol.startswith(fee_asset):
        return fee_asset, symbol.removeprefix(fee_asset)
    if not buys and symbol.endswith(fee_asset):
        return symbol.removesuffix(fee_asset), fee_asset
    return None


def glued_trade(quantity: str, total: str, symbol: str, price: str) -> Cell:
    """Return (base, quote, quantity, total) of `500001000SATS` for `5USDT` by the pair 1000SATSUSDT.

    The pair is base and quote, and price x quantity is the total; what does not agree with both is not understood.
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        frame = pl.DataFrame({
            "executed": columns[0].str.strip_chars(), "amount": columns[1].str.strip_chars(),
            "pair": _bare(columns[2]), "price": exact_decimals(columns[3], thousands=True).cast(pl.Float64),
        })  # fmt: skip
        read_ = _checked(_by_unit(frame))
        wrong = (~read_["fits"] & frame["executed"].is_not_null()).arg_true()
        if len(wrong):
            read_ = _retried(frame, read_, wrong)
        parts = pl.struct("base", "quote", "quantity", "total")
        return read_.select(pl.when("fits").then(parts).alias("trade"))["trade"]

    return Cell(
        columns=(quantity, total, symbol, price), read=read, required=True,
        expected="an amount in the base asset of the pair, that times Price is the amount in its quote asset",
    )  # fmt: skip


def glued_fee(fee: str, total: str, symbol: str) -> Cell:
    """Return (fee, fee_asset) of `0.0012BNB`; a bare zero has no asset, another bare number is not understood.

    Of `0.011INCH` the pair tells where the number ends; where it does not, the text is not understood.
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        frame = pl.DataFrame({
            "text": columns[0].str.strip_chars(), "amount": columns[1].str.strip_chars(), "pair": _bare(columns[2]),
        }).with_columns(quote=_unit("amount")).with_columns(
            base=pl.col("pair").str.strip_suffix(pl.col("quote")),
            unit=_unit("text"), is_spaced=pl.col("text").str.contains(r"\d\s+\S"),
        )  # fmt: skip
        number = {name: pl.col("text").str.strip_suffix(pl.col(name)).str.strip_chars() for name in ("base", "quote")}
        is_own = {
            name: (pl.col("text").str.ends_with(pl.col(name)) & text.str.contains(rf"^{NUMBER}$")).fill_null(False)
            for name, text in number.items()
        }
        unclear = (pl.col("unit").is_in(TAILS) & ~pl.col("is_spaced")).fill_null(False)
        split = frame.select(
            pl.when(is_own["base"]).then(number["base"]).when(is_own["quote"]).then(number["quote"])
            .when(~unclear).then(pl.col("text").str.extract(rf"^({NUMBER})")).alias("number"),
            pl.when(is_own["base"]).then("base").when(is_own["quote"]).then("quote").otherwise("unit")
            .replace("", None).alias("fee_asset"),
        )  # fmt: skip
        amount = exact_decimals(split["number"], thousands=True).alias("fee")
        parts = pl.DataFrame([amount, split["fee_asset"]])
        is_known = pl.col("fee").is_not_null() & (pl.col("fee_asset").is_not_null() | (pl.col("fee") == 0))
        return parts.select(pl.when(is_known).then(pl.struct("fee", "fee_asset")).alias("charge"))["charge"]

    return Cell(columns=(fee, total, symbol), read=read, expected="a fee with its asset, as 0.0012BNB")


# ----------------------------------------------------------------------------------------------- glue


def _bare(pairs: pl.Series) -> pl.Series:
    return pairs.str.strip_chars().str.replace_all("[/_-]", "")


def _unit(column: str) -> pl.Expr:
    return pl.col(column).str.extract(rf"^{NUMBER}\s*(.*)$", 1)


def _by_unit(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of each row by the unit of its amount: what is left of the pair before it is the base."""
    return frame.with_columns(quote=_unit("amount")).with_columns(
        base=pl.when(pl.col("pair").str.ends_with(pl.col("quote"))).then(
            pl.col("pair").str.strip_suffix(pl.col("quote"))),
    ).with_columns(
        quantity_text=pl.when(pl.col("executed").str.ends_with(pl.col("base"))).then(
            pl.col("executed").str.strip_suffix(pl.col("base")).str.strip_chars()),
        total_text=pl.col("amount").str.strip_suffix(pl.col("quote")).str.strip_chars(),
    )  # fmt: skip


def _checked(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with both amounts as numbers, and whether they agree with the price (in floats, loosely)."""
    numbers = frame.with_columns(
        exact_decimals(frame["quantity_text"], thousands=True).alias("quantity"),
        exact_decimals(frame["total_text"], thousands=True).alias("total"),
    )
    total = pl.col("total").cast(pl.Float64)
    decimals = pl.col("total_text").str.extract(r"\.(\d+)$").str.len_bytes().fill_null(0)
    last_digit = pl.min_horizontal(pl.lit(10.0) ** -decimals.cast(pl.Float64), total.abs() / 10)
    tolerance = pl.max_horizontal(total.abs() * LOOSE, last_digit, pl.lit(1e-8))
    near = (pl.col("price") * pl.col("quantity").cast(pl.Float64) - total).abs() <= tolerance
    is_whole = (pl.col("base") != "") & (pl.col("quote") != "")
    return numbers.with_columns(fits=(near & is_whole).fill_null(False))


def _retried(frame: pl.DataFrame, read_: pl.DataFrame, wrong: pl.Series) -> pl.DataFrame:
    """Return the rows with those that did not fit read again, the border between the two assets put anywhere."""
    rows = frame[wrong].with_row_index("row").drop_nulls(["pair", "executed", "amount"])
    borders = rows.with_columns(cut=pl.int_ranges(1, pl.col("pair").str.len_chars())).explode("cut").drop_nulls("cut")
    tried = borders.with_columns(
        base=pl.col("pair").str.slice(0, pl.col("cut")), quote=pl.col("pair").str.slice(pl.col("cut"))
    ).filter(pl.col("executed").str.ends_with(pl.col("base")), pl.col("amount").str.ends_with(pl.col("quote")))
    texts = tried.with_columns(
        quantity_text=pl.col("executed").str.strip_suffix(pl.col("base")).str.strip_chars(),
        total_text=pl.col("amount").str.strip_suffix(pl.col("quote")).str.strip_chars(),
    )
    only = _checked(texts).filter("fits").unique("row", keep="none")
    if not only.height:
        return read_
    found = only.with_columns(place=wrong.gather(only["row"]).cast(pl.UInt32)).select([*read_.columns, "place"])
    return read_.with_row_index("place").update(found, on="place").drop("place")
