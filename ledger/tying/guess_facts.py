"""What an export states and no row of the wallet books: a funding payment, a fee, a result, a transfer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from ledger.storage.store import Store, statement
from ledger.tying.guesses import UNBOOKED, WITNESS, Broken, Guess, counted, seen, signed, when
from schemas.types import MONEY, ZERO_MONEY

MOST = 500_000


def facts_without_rows(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    """Yield the guesses that the ledger lacks a row which another export states."""
    store.execute(statement("hints", "keep_facts"), {"most": MOST})
    store.execute(statement("hints", "keep_silent"))
    for row in store.query(statement("hints", "silent")).iter_rows(named=True):
        broken = breaks[row["no"]]
        of = f" of {row['symbol']}" if row["symbol"] else ""
        text = (
            f"a row is missing that {row['format']} states: {row['what']}{of}, {signed(row['amount'])} {broken.asset} "
            f"at {seen(row['moment'], row['row_key'])}; {again(broken)}"
        )
        yield Guess(no=broken.no, kind="witness", score=WITNESS, sentence=text, rows=(int(row["row_key"]),))
    for row in store.query(statement("hints", "silent_together")).iter_rows(named=True):
        broken = breaks[row["no"]]
        keys = tuple(int(key) for key in row["keys"])
        shown = ", ".join(f"{{{key}}}" for key in keys[:3]) + (" ..." if len(keys) > 3 else "")
        text = (
            f"{counted(row['rows'], 'row')} are missing that {row['format']} states: {row['what']}, together "
            f"{signed(broken.difference)} {broken.asset}, from {when(row['first_at'])} to {when(row['last_at'])} "
            f"({shown}); {again(broken)}"
        )
        yield Guess(no=broken.no, kind="witness", score=WITNESS, sentence=text, rows=keys)
    store.execute(statement("hints", "drop_facts"))
    yield from _of_fills(store, breaks)


def again(broken: Broken) -> str:
    """Return what to do about a row that an export lacks."""
    first, last = broken.since_at.date(), broken.broken_at.date()
    span = f"{first}" if first == last else f"{first} to {last}"
    return f"export {broken.formats} again for {span}, unfiltered"


# ------------------------------------------------------------------------------------------------- fills

EFFECTS = {
    "base": "the base leg", "quote": "the quote leg", "base less fee": "the base leg less its fee",
    "quote less fee": "the quote leg less its fee", "fee": "the fee", "realized": "the realized result",
    "realized less fee": "the realized result less its fee",
}  # fmt: skip
KINDS = {"fee": "other_fee", "realized": "witness", "realized less fee": "witness"}


def _of_fills(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    """Yield what a fill says that it moved, where it is what is missing and no row books it."""
    effects = _effects(store.query(statement("hints", "fills"), {"most": MOST}))
    if not effects.height:
        return
    with store.registered(
        incoming=effects.select(pl.col("row_key").cast(pl.String), "no", "effect", "amount", "filled_at")
    ):
        unbooked = store.rows(statement("hints", "unbooked"))
    rows = {(row["no"], int(row["row_key"]), row["effect"]): row for row in effects.iter_rows(named=True)}
    for no, key, effect in unbooked:
        row, broken = rows[no, int(key), effect], breaks[no]
        where = f"the {row['side']} of {row['symbol']} at {seen(row['filled_at'], key)}"
        text = f"{EFFECTS[effect]} of a fill is not booked: {where} makes it {signed(row['amount'])} {broken.asset}; "
        if effect == "fee":
            text += f"look in which asset the venue took it, or {again(broken)}"
        else:
            text += again(broken)
        kind = KINDS.get(effect, "missing_leg")
        yield Guess(no=no, kind=kind, score=UNBOOKED, sentence=text, rows=(int(key),))


def _effects(fills: pl.DataFrame) -> pl.DataFrame:
    """Return the effects of fills that are exactly what a break lacks."""
    if not fills.height:
        return fills
    value = pl.coalesce("notional_stated", (pl.col("quantity") * pl.col("price")).cast(MONEY))
    buys = pl.col("side") == "buy"
    spot = pl.col("product").is_in(["spot", "margin"])
    base = pl.when(spot & (pl.col("asset") == pl.col("base_asset"))).then(
        pl.when(buys).then(pl.col("quantity")).otherwise(-pl.col("quantity")))  # fmt: skip
    quote = pl.when(spot & (pl.col("asset") == pl.col("quote_asset"))).then(pl.when(buys).then(-value).otherwise(value))
    fee = pl.col("fee")
    amounts = {
        "base": base, "quote": quote, "realized": pl.col("realized"), "fee": -fee, "base less fee": base - fee,
        "quote less fee": quote - fee, "realized less fee": pl.col("realized") - fee,
    }  # fmt: skip
    charged = fee != ZERO_MONEY
    found = [
        fills.with_columns(effect=pl.lit(name), amount=amount.cast(MONEY)).filter(
            (pl.col("amount") == pl.col("difference")) & (charged if name.endswith("fee") else pl.lit(True))
        )
        for name, amount in amounts.items()
    ]
    return pl.concat(found)
