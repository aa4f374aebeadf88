"""Spot-pair fills in wallets that can borrow, as streams of positions; what is no stake stands beside them.

A fee in the base asset makes the stake smaller: what is held is what arrived, its cost what was paid for it, and the
fee is worth the difference, so that cost and fee are the cash paid, exactly (margin mathematics, section 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from ledger.accounting.fold import Legs
from ledger.accounting.margin_fold import DUST, INTEREST, KINDS, LEG, MarginFills, Parts, fold_margin
from ledger.accounting.positions import Stream, parts_of_fills, to_money, with_delta
from schemas.ddl import column_types
from schemas.derived import InventoryPart
from schemas.types import MONEY

DOLLARS = ("USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD", "DAI", "USD1", "USDP", "PYUSD", "RLUSD", "USDE")
OWED_SKEW_US = 2_000_000
"""A loan row may be booked up to two seconds after the sale that it funds."""
SECOND_US = 1_000_000
"""Loan rows may be printed to the second and fills to the millisecond, or the other way round."""

AS_ENTERED = 10**38
"""An opening position that a person entered is short as far as they say."""

Key = tuple[str | None, str]
"""Isolated pair (None: cross), base asset."""


@dataclass(frozen=True, kw_only=True)
class Owed:
    """What is owed of an asset over time, at 1e-18: each line holds from its instant on.

    `known_from` is None where nothing says what is owed.
    """

    at_us: Sequence[int]
    owed: Sequence[int]
    accrued: Sequence[int]
    implied_at_us: Sequence[int] = ()
    """Where interest stands that only its repayment shows: what paid it was bought before."""
    implied_from_us: Sequence[int] = ()
    """From when on that interest may have been owed."""
    implied: Sequence[int] = ()
    """The sum of it up to each of these."""


NOTHING_OWED = Owed(at_us=(), owed=(), accrued=())


def base_asset() -> pl.Expr:
    """Return the base asset of a spot pair's unified name (BTC/USDT)."""
    return pl.col("instrument").str.split("/").list.first()


def quote_asset() -> pl.Expr:
    """Return the quote asset of a spot pair's unified name."""
    return pl.col("instrument").str.split("/").list.last()


def net_of_base_fees(fills: pl.DataFrame) -> pl.DataFrame:
    """Return spot-pair fills with the size that really entered or left the wallet, and its value.

    A base fee is worth fee x price; notional + fee value (a buy) is the cash paid, to the last digit.
    """
    in_base = (pl.col("fee_asset") == base_asset()) & pl.col("fee").is_not_null()
    if not fills.select(in_base.any()).item():
        return fills
    buys = pl.col("side") == "buy"
    worth = pl.col("fee") * pl.col("price")
    less = pl.when(buys).then(-pl.col("fee")).otherwise(pl.col("fee"))
    less_value = pl.when(buys).then(-worth).otherwise(worth)
    return fills.with_columns(
        fee_value=pl.when(in_base).then(worth).otherwise(pl.col("fee_value")),
        notional=pl.when(in_base).then(pl.col("notional") + less_value).otherwise(pl.col("notional")),
        weight=pl.when(in_base).then(pl.col("weight") + less_value).otherwise(pl.col("weight")),
        quantity=pl.when(in_base).then(pl.col("quantity") + less).otherwise(pl.col("quantity")),
    )


def stake_streams(fills: pl.DataFrame, owed: Mapping[Key, Owed] | None) -> list[Stream]:
    """Return a stream per symbol; `owed` is None where nothing says what is owed."""
    keyed = with_delta(fills).with_columns(base=base_asset(), quote=quote_asset())
    streams: list[Stream] = []
    for (pair, base), group in keyed.partition_by("pair", "base", as_dict=True, maintain_order=True).items():
        key = (str(pair) if pair is not None else None, str(base))
        streams += _of_base(group, None if owed is None else owed.get(key, NOTHING_OWED))
    return streams


def _of_base(fills: pl.DataFrame, owed: Owed | None) -> list[Stream]:
    symbols = fills["symbol"].unique(maintain_order=True).to_list()
    number = {symbol: index for index, symbol in enumerate(symbols)}
    at_us = fills["filled_at"].dt.epoch("us").to_list()
    deltas = fills["delta"].cast(MONEY).to_physical().to_list()
    values = [
        notional if delta > 0 else -notional
        for notional, delta in zip(fills["notional"].cast(MONEY).to_physical().to_list(), deltas, strict=True)
    ]
    owed_before, owed_after, accrued = _evidence(at_us, owed)
    by_hand = (fills["execution"] == "opening").to_list()
    owed_after = [AS_ENTERED if entered else most for entered, most in zip(by_hand, owed_after, strict=True)]
    by_force = fills["is_surely_forced"].to_list() if "is_surely_forced" in fills else [False] * fills.height
    owed_after = [0 if forced else most for forced, most in zip(by_force, owed_after, strict=True)]  # opens no short
    parts = fold_margin(
        MarginFills(
            symbol=[number[symbol] for symbol in fills["symbol"]], at_us=at_us, delta=deltas, value=values,
            owed_before=owed_before, owed=owed_after, accrued=accrued,
            in_dollars=fills["quote"].is_in(DOLLARS).to_list(),
        ),
        len(symbols),
    )  # fmt: skip
    rows = _rows_of_parts(fills, parts)
    return [
        _stream(fills.filter(pl.col("symbol") == symbol), rows.filter(pl.col("symbol_no") == index), index, parts)
        for symbol, index in number.items()
    ]


def _evidence(
    at_us: Sequence[int], owed: Owed | None
) -> tuple[Sequence[int | None], Sequence[int | None], Sequence[int]]:
    """Return what is owed before and right after each instant, and the interest accrued up to it.

    It is the most that was owed near it: a loan may be paid back in the second of the fill, and printed to the second.
    """
    if owed is None:
        unknown = [None] * len(at_us)
        return unknown, unknown, [0] * len(at_us)
    seen = [at if at % SECOND_US else at + SECOND_US - 1 for at in at_us]  # fills that are printed to the second
    until = last_of(owed.at_us, seen)
    early = last_of(owed.at_us, [at - OWED_SKEW_US for at in at_us])
    second = last_of(owed.at_us, [at - at % SECOND_US - 1 for at in at_us])
    late = last_of(owed.at_us, [at + OWED_SKEW_US for at in at_us])
    before = [_most(owed.owed, first, last) for first, last in zip(early, until, strict=True)]
    after = [
        _most(owed.owed, earlier + 1 if last > earlier else earlier, end)
        for earlier, last, end in zip(second, until, late, strict=True)
    ]
    unseen = _unseen(owed, seen)
    return (
        [most + interest for most, interest in zip(before, unseen, strict=True)],
        after,
        [(owed.accrued[line] if line >= 0 else 0) + interest for line, interest in zip(until, unseen, strict=True)],
    )


def _unseen(owed: Owed, at_us: Sequence[int]) -> list[int]:
    """Return the interest that may be owed at each instant, though its repayment shows it only later."""
    started, shown = last_of(owed.implied_from_us, at_us), last_of(owed.implied_at_us, at_us)
    sums = (0, *owed.implied)
    return [sums[first + 1] - sums[last + 1] for first, last in zip(started, shown, strict=True)]


def _most(owed: Sequence[int], first: int, last: int) -> int:
    """Return the most of the lines from `first` to `last`; a line -1 is before all of them: nothing is owed."""
    return max(owed[max(first, 0) : last + 1], default=0)


def last_of(starts: Sequence[int], instants: Sequence[int]) -> list[int]:
    """Return, for each of the rising instants, the last line that starts at or before it; -1: none."""
    lines, line = [], -1
    for instant in instants:
        while line + 1 < len(starts) and starts[line + 1] <= instant:
            line += 1
        lines.append(line)
    return lines


def _rows_of_parts(fills: pl.DataFrame, parts: Parts) -> pl.DataFrame:
    """Return a row for each part with its shares of the fill; dust has no fill of its own."""
    frame = pl.DataFrame(
        {"fill": parts.fill, "kind": parts.kind, "symbol_no": parts.symbol, "position": parts.position},
        schema_overrides=dict.fromkeys(("fill", "kind", "symbol_no", "position"), pl.Int64),
    ).with_columns(
        delta=to_money(parts.delta), value=to_money(parts.value), realized=to_money(parts.realized),
        cost_after=to_money(parts.cost_after), line=pl.int_range(pl.len(), dtype=pl.Int64),
    )  # fmt: skip
    of_fills = [index for index, kind in enumerate(parts.kind) if kind != DUST]
    shares = parts_of_fills(
        fills, [parts.fill[index] for index in of_fills], [parts.delta[index] for index in of_fills]
    )
    shares = shares.drop("quantity").with_columns(line=pl.Series(of_fills, dtype=pl.Int64))
    joined = frame.join(shares, on="line", how="left", maintain_order="left")
    if len(of_fills) == frame.height:
        return joined
    dust = pl.col("kind") == DUST
    ended = pl.Series(fills["filled_at"])[parts.fill]
    cost = pl.col("value").abs()
    return joined.with_columns(
        filled_at=pl.when(dust).then(ended).otherwise(pl.col("filled_at")),
        side=pl.when(dust).then(pl.when(pl.col("delta") > 0).then(pl.lit("buy")).otherwise(pl.lit("sell")))
        .otherwise(pl.col("side")),
        execution=pl.when(dust).then(pl.col("execution").shift(1)).otherwise(pl.col("execution")),
        notional=pl.when(dust).then(cost).otherwise(pl.col("notional")),
        weight=pl.when(dust).then(cost).otherwise(pl.col("weight")),
    )  # fmt: skip


def _stream(fills: pl.DataFrame, rows: pl.DataFrame, index: int, parts: Parts) -> Stream:
    legs = rows.filter(pl.col("kind").is_in([LEG, DUST]))
    beside = rows.filter(pl.col("kind") != LEG)
    return Stream(
        fills=fills,
        position_side="both",
        legs=Legs(
            fill=legs["fill"].to_list(),
            position=legs["position"].to_list(),
            delta=_ints(legs["delta"]), value=_ints(legs["value"]), realized=_ints(legs["realized"]),
            cost_after=_ints(legs["cost_after"]),
        ),
        gathered=legs.select(
            "row_key", "filled_at", "side", "execution", "price", "notional", "weight",
            pl.lit(None, dtype=MONEY).alias("quantity"), "fee", "fee_asset", "fee_value", "realized_stated",
        ),
        guessed={position for symbol, position in parts.guessed if symbol == index},
        beside=_beside(fills, beside) if beside.height else None,
    )  # fmt: skip


def _ints(series: pl.Series) -> list[int]:
    return series.to_physical().to_list()


def _beside(fills: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the parts that are no stake.  Dust is what is left of a long (+), or still owed of a short (-)."""
    first = fills.row(0, named=True)
    dust = pl.col("kind") == DUST
    words = {name: pl.lit(first[name], dtype=pl.String) for name in ("account", "venue", "wallet", "pair", "symbol")}
    names = dict(enumerate(KINDS))
    made = rows.with_columns(
        **words,
        asset=pl.lit(first["base"], dtype=pl.String),
        booked_at=pl.col("filled_at"),
        quantity=pl.when(dust).then(-pl.col("delta")).otherwise(pl.col("delta")),
        value=pl.col("value").abs(),
        kind=pl.col("kind").replace_strict(names, return_dtype=pl.String),
        position=pl.when(pl.col("kind").is_in([DUST, INTEREST])).then(pl.col("position")),
    )
    columns = [name for name in column_types(InventoryPart) if name != "position_id"]
    return made.select(*columns, "position")
