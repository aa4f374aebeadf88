"""What a row of an account's history becomes, in the files (Funding, Trading, Cross and Isolated Margin) and the API.

`account_types.csv` says what each type is: the words of the files, and those of the API's `bizType` (documentation and
answers), of which the margin accounts' files are expected to have some; any other word is rejected.  The amount is what
the balance moved by, unsigned, with the fee already inside: a sale credits what is left after it, a purchase and a
withdrawal debit it, too.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from importers.contract import Context, Emit
from importers.emits import adding, booking, movement
from importers.kucoin.cells import POTS, place_of
from importers.kucoin.symbols import futures_wallet
from importers.vocabulary import MARGIN_MODES, column, looked_up, table

TYPES = table(__file__, "account_types.csv")
WORDS = {row["word"].casefold(): row["word"].casefold() for row in TYPES}
EVENTS = column(TYPES, "word", "event")
KINDS = column(TYPES, "word", "kind")
PLACES = column(TYPES, "word", "place")

DIRECTIONS = {"Deposit": "in", "Withdrawal": "out", "in": "in", "out": "out"}
SYMBOL = r"^[A-Z0-9]+-[A-Z0-9]+$"
PAIR_INSIDE = r"\b([A-Z0-9]+-[A-Z0-9]+)\b"
AIRDROP = "Distribution"
"""In a remark."""

AT, ASSET, FEE, GROSS = pl.col("time"), pl.col("asset"), pl.col("fee"), pl.col("gross")


_moved = adding(movement, "symbol", "pair", "trade_ref", "order_ref", balance_after=pl.col("balance"))


def _legs(cause: str, fee_cause: str = "trading_fee") -> tuple[Emit, Emit]:
    """Return the amount before its fee, and the fee, as movements; the amount also where both are zero."""
    return _moved(cause, GROSS, (GROSS != 0) | (FEE == 0)), _moved(fee_cause, -FEE, FEE != 0)


_booked = adding(booking, "symbol", "kind", "group_ref", amount=GROSS)


def transfer(kind: str) -> Emit:
    """Return a transfer of the amount before its fee."""
    return Emit(table="transfers", columns={
        "moved_at": AT, "asset": ASSET, "amount": GROSS, "kind": pl.lit(kind), "other_wallet": pl.col("other_wallet"),
        "fee": pl.when(FEE != 0).then(FEE), "pair": pl.col("pair"),
    })  # fmt: skip


TAKEN = Emit(table="liquidations", where=pl.col("signed") < 0, columns={
    "liquidated_at": AT, "symbol": pl.coalesce("symbol", ASSET), "product": pl.lit("margin"),
    "margin_mode": pl.col("margin_mode"), "pair": pl.col("pair"), "quantity": -pl.col("signed"),
    "stage": pl.lit("takeover"), "order_ref": pl.col("order_ref"),
})  # fmt: skip
BORROWED = Emit(table="borrows", columns={
    "borrowed_at": AT, "asset": ASSET, "amount": GROSS, "pair": pl.col("pair"),
})  # fmt: skip
REPAID = Emit(table="repayments", columns={
    "repaid_at": AT, "asset": ASSET, "amount": -GROSS, "pair": pl.col("pair"),
})  # fmt: skip

CASES: Mapping[str, tuple[Emit, ...]] = {
    "trade": _legs("trade"),
    "transfer": (*_legs("transfer", "network_fee"), transfer("internal")),
    "deposit": (*_legs("deposit", "network_fee"), transfer("deposit")),
    "withdrawal": (*_legs("withdrawal", "network_fee"), transfer("withdrawal")),
    "conversion": (*_legs("conversion"), _booked("conversions")),
    "forced": (*_legs("conversion", "liquidation_fee"), _booked("conversions"), TAKEN),
    "liquidation_fee": (_moved("liquidation_fee", pl.col("signed"), pl.lit(True)),),
    "borrow": (*_legs("borrow"), BORROWED),
    "repay": (*_legs("repay"), REPAID),
    "trading_fee": (_moved("trading_fee", pl.col("signed"), pl.lit(True)),),
    "rebate": (*_legs("rebate"), _booked("adjustments")),
    "income": (*_legs("income"), _booked("adjustments")),
}
"""At a liquidation the venue takes the whole account over and gives back what is left: conversions without a price."""

EVENT = (
    pl.when((looked_up("type", EVENTS) == "borrow") & (pl.col("way") == "out")).then(None)
    .when((looked_up("type", EVENTS) == "repay") & (pl.col("way") == "in")).then(None)
    .otherwise(looked_up("type", EVENTS))
)  # fmt: skip


def prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with signs, and with what type and remark say of the other side."""
    size = pl.col("amount").abs()
    signed = pl.when(pl.col("way") == "in").then(size).otherwise(-size)
    named = rows["remark"].unique().drop_nulls().to_list()
    places = {remark: place for remark in named if (place := place_of(remark)) is not None}
    said = pl.coalesce(looked_up("type", PLACES), pl.col("remark").replace_strict(places, default=None,
                       return_dtype=pl.String))  # fmt: skip
    is_airdrop = pl.col("remark").str.contains(AIRDROP, literal=True).fill_null(False) & (pl.col("event") == "income")
    with_fee = rows.with_columns(fee=FEE.fill_null(0).abs())
    return with_fee.with_columns(
        signed=signed,
        gross=signed + FEE,
        other_wallet=pl.when(said == "futures").then(futures_wallet(ASSET)).otherwise(said),
        kind=pl.when(is_airdrop).then(pl.lit("airdrop")).otherwise(looked_up("type", KINDS)),
        group_ref=pl.concat_str(AT.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), "type", separator="|"),
        margin_mode=pl.col("pot").replace_strict(MARGIN_MODES, default=None, return_dtype=pl.String),
        pair=pl.when(pl.col("pot") == POTS[1]).then(pl.coalesce("symbol", pl.col("remark").str.extract(PAIR_INSIDE))),
    )
