"""What tells of a liquidation, row by row: forced fills and the venue's own rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ledger.liquidating.pots import Pot, margin_mode_of, pot_of, product_of

Record = Mapping[str, Any]
WORDS = {"liquidation": "liquidation", "adl": "auto-deleveraging", "collateral_sale": "sale of collateral"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Sign:
    """One row that is part of a liquidation."""

    at: datetime
    pot: Pot
    symbol: str
    product: str | None = None
    side: str | None
    """long or short, borrower; None: unknown."""
    settle_asset: str | None
    margin_mode: str | None = None
    row_key: str | None
    base: str | None
    """Of its source row."""
    is_adl: bool = False
    position_id: str | None = None
    leg_no: int | None = None
    order_ref: str | None = None
    stage: str | None = None
    closes: bool = False
    """Whether the position is flat after it."""
    worth: Fraction | None = None
    """What was lost (of a row without fills: the value), in the quote currency; None: unknown."""
    mark_price: Fraction | None = None
    bankruptcy_price: Fraction | None = None
    told: str = ""
    """In words, what says that it was forced; empty: another row does."""


def fraction(cell: Decimal | int | None) -> Fraction | None:
    """Return a cell of money exactly; None stays None."""
    return None if cell is None else Fraction(cell)


def place_of(row: Record) -> tuple[str, str, str]:
    """Return account, venue and wallet."""
    return row["account"], row["venue"], row["wallet"]


# -------------------------------------------------------------------------------------------------- fills


def leg_sign(row: Record, *, told: str = "", bankruptcy_price: Fraction | None = None) -> Sign:
    """Return a forced fill as a sign; what its fill itself says of force is told."""
    stated = row["stated"] in ("liquidation", "adl")
    realized, price = fraction(row["realized"]), fraction(row["price"])
    if realized is not None and row["style"] == "inverse":
        realized = None if price is None else realized * price
    mode = margin_mode_of(row["wallet"], row["margin_mode"])
    pot = pot_of(
        place_of(row), product=row["product"], margin_mode=mode, pair=row["pair"], symbol=row["symbol"],
        position=row["position_id"], settle_asset=row["settle_asset"],
    )  # fmt: skip
    said = f"fill that {row['format']} states as {WORDS[row['stated']]}" if stated else told
    if row["is_older"]:
        said = f"{said or 'forced fill'}, of a position opened before its first row"
    if row["stated"] is None:
        said = "conversion into an asset that was owed"
    return Sign(
        at=row["moment"], pot=pot, symbol=row["symbol"], product=row["product"], side=row["side"],
        settle_asset=row["settle_asset"], margin_mode=mode, row_key=row["row_key"], base=row["base"],
        is_adl=row["execution"] == "adl",
        position_id=row["position_id"], leg_no=row["leg_no"], order_ref=row["order_ref"], closes=row["closes"],
        worth=None if realized is None else -realized, bankruptcy_price=bankruptcy_price, told=said,
    )  # fmt: skip


def remargined(sign: Sign, mode: str | None) -> Sign:
    """Return a fill that says nothing of its margin, with what a row of the venue says."""
    if mode is None or sign.margin_mode is not None:
        return sign
    pot = pot_of(
        (sign.pot.account, sign.pot.venue, sign.pot.wallet), product=sign.product or "", margin_mode=mode,
        pair=sign.pot.pair, symbol=sign.symbol, position=sign.position_id or "", settle_asset=sign.settle_asset,
    )  # fmt: skip
    return replace(sign, margin_mode=mode, pot=pot)


# -------------------------------------------------------------------------------------- rows of the venue

UNHELD = "of what no position in the book holds"


def fill_words(row: Record) -> str:
    """Return what a forced fill says, of which no part is a position's, in words."""
    return f"fill that {row['format']} states as {WORDS[row['stated']]}, {UNHELD}"


def order_words(row: Record) -> str:
    """Return what a row of the venue says, in words."""
    what = WORDS.get(row["stage"], "liquidation")
    named = f"order {row['order_ref']}" if row["order_ref"] else f"a row of {row['format']}"
    return f"{named} that the venue lists as {what}"


def order_sign(row: Record, found: Record) -> Sign:
    """Return a row of the venue as a sign; `found` is what `places` knows of it."""
    wallet = found["wallet"] or row["wallet"]
    place = (row["account"], row["venue"], wallet)
    mode = margin_mode_of(wallet, row["margin_mode"] or found["margin_mode"])
    side = row["side"] or found["side"]
    settle = row["debt_asset"] or found["settle_asset"] or _settle_named(row["instrument"]) or row["fee_asset"]
    pair, product = row["pair"] or found["pair"], product_of(wallet, row["product"] or found["product"])
    if row["stage"] == "collateral_sale":
        pot, side = Pot("loan", *place, position_id=row["loan_ref"]), "borrower"
    else:
        pot = pot_of(
            place, product=product, margin_mode=mode, pair=pair, symbol=row["symbol"],
            position=found["position_id"] or f"{row['symbol']}:{side}", settle_asset=settle,
        )  # fmt: skip
    quantity, price = fraction(row["quantity"]), fraction(row["price"])
    return Sign(
        at=row["moment"], pot=pot, symbol=row["symbol"], product=row["product"] or found["product"], side=side,
        settle_asset=settle, margin_mode=mode, row_key=row["row_key"], base=row["base"], is_adl=row["stage"] == "adl",
        position_id=found["position_id"], order_ref=row["order_ref"], stage=row["stage"],
        worth=None if quantity is None or price is None else quantity * price, mark_price=fraction(row["mark_price"]),
        bankruptcy_price=fraction(row["bankruptcy_price"]),
        told=fill_words(row) if "stated" in row else order_words(row),
    )  # fmt: skip


def _settle_named(instrument: str | None) -> str | None:
    """Return the settle asset of a unified name (`BTC/USDT:USDT`), of a pair its quote."""
    if instrument is None or "/" not in instrument:
        return None
    quote, _, settle = instrument.partition("/")[2].partition(":")
    return (settle or quote).partition("-")[0]
