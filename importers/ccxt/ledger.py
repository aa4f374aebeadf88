"""Ledger entries (`fetchLedger`): every change of a balance, with the balance before and after where the venue says it.

`amount` is positive, `direction` has its sign; the fee is on top of it (ccxt manual, Ledger entry structure), unless
the two balances show that it is in the amount.  `words.csv` says what ccxt's types are; where ccxt calls different
things by one word and the raw reply in `info` has the venue's own, `raw_words.csv` says what that is.  A word that is
in neither is rejected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from importers import vocabulary
from importers.ccxt.cells import NAMES, UNDERSTOOD, VENUE, VENUE_ALIASES, fees, instant, venue, with_fees
from importers.ccxt.numbers import number
from importers.ccxt.symbols import WALLET_SETTLES, account_wallets, pot
from importers.cells import text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed, ignored_states
from importers.emits import adding, booking, transfer

WORDS = vocabulary.table(__file__, "words.csv")
RAW = vocabulary.table(__file__, "raw_words.csv")
EVENTS, KINDS = (vocabulary.column(WORDS, "type", name) for name in ("event", "kind"))
RAW_NAMES = [f"{line['key']}:{line['word']}".casefold() for line in RAW]
RAW_EVENTS = dict(zip(RAW_NAMES, (line["event"] for line in RAW), strict=True))
RAW_KINDS = dict(zip(RAW_NAMES, (line["kind"] for line in RAW), strict=True))
STATES = {"ok": "ok", "completed": "ok", "pending": "pending", "canceled": "canceled", "cancelled": "canceled",
          "failed": "failed"}  # fmt: skip

AT, ASSET, SIGNED = pl.col("time"), pl.col("asset"), pl.col("signed")
TYPE, STATUS = pl.col("type").str.to_lowercase(), pl.col("status")
RAW_WORD = pl.col("raw_word").str.to_lowercase()
WORD_EVENT = pl.coalesce(
    RAW_WORD.replace_strict(RAW_EVENTS, default=None, return_dtype=pl.String),
    TYPE.replace_strict(EVENTS, default=None, return_dtype=pl.String),
)
EVENT = (
    pl.when(STATUS.is_not_null() & (STATUS != "ok")).then(STATUS)
    .when(~UNDERSTOOD).then(None)
    .when((WORD_EVENT == "transaction") & pl.col("direction").is_null()).then(None)
    .when(WORD_EVENT == "transaction")
    .then(pl.when(pl.col("direction") == "in").then(pl.lit("deposit")).otherwise(pl.lit("withdrawal")))
    .otherwise(WORD_EVENT)
)  # fmt: skip
TRADE_CAUSE = pl.when(pl.col("wallet_of_row").is_in(list(WALLET_SETTLES))).then(pl.lit("realized_pnl")).otherwise(
    pl.lit("trade"))  # fmt: skip
"""What a wallet of derivatives books of a trade is its result; of one pot for all the word says no more."""
CLEARANCE = pl.when(SIGNED < 0).then(pl.lit("liquidation_fee")).otherwise(pl.lit("insurance"))


def _raw_word() -> Cell:
    """Return the venue's own word, with the key by which its dialect is known: `incomeType:FUNDING_FEE`."""
    own = r'"(incomeType|transactType)"\s*:\s*"(\w+)"'

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        info = columns[0].str.replace_all("'", '"', literal=True)
        frame = pl.DataFrame({"info": info}).select(
            pl.coalesce(
                pl.concat_str(pl.col("info").str.extract(own, 1), pl.col("info").str.extract(own, 2), separator=":"),
                pl.when(pl.col("info").str.contains('"billId"', literal=True)).then(
                    pl.concat_str(pl.lit("billId:"), pl.col("info").str.extract(r'"type"\s*:\s*"(\w+)"'))),
                pl.lit(""),
            ).alias("word"))  # fmt: skip
        return frame["word"]

    return Cell(columns=("info",), read=read, expected="the raw reply of the venue")


def _moved(
    cause: str | pl.Expr, amount: pl.Expr = SIGNED, where: pl.Expr | None = None, asset: pl.Expr = ASSET
) -> Emit:
    return Emit(table="movements", where=where, columns={
        "moved_at": AT, "pool": pl.lit("asset"), "asset": asset, "amount": amount,
        "cause": pl.lit(cause) if isinstance(cause, str) else cause, "trade_ref": pl.col("trade_ref"),
        "transaction_ref": pl.col("transaction_ref"), "balance_after": pl.when(asset == ASSET).then("after"),
    })  # fmt: skip


def _fee(cause: str = "trading_fee") -> Emit:
    """Return the fee beside the amount, negative where it costs."""
    return _moved(cause, -pl.col("fee"), pl.col("fee_moves"), pl.coalesce("fee_asset", "asset"))


_booked = adding(booking, amount=SIGNED, group_ref=pl.col("reference"))
_transfer = adding(
    transfer, "other_wallet", amount=SIGNED,
    fee=pl.when(pl.col("fee_moves") & (pl.coalesce("fee_asset", "asset") == ASSET)).then("fee"),
    transaction_ref=pl.col("reference"),
)  # fmt: skip


CASES: dict[str, tuple[Emit, ...]] = {
    "trade": (_moved(TRADE_CAUSE), _fee()),
    "result": (_moved("realized_pnl"), _fee()),
    "session": (_moved("session_result"), _fee()),
    "fee": (_moved("trading_fee"),),
    "funding": (_moved("funding"), Emit(table="funding", columns={"paid_at": AT, "asset": ASSET, "amount": SIGNED})),
    "interest": (_moved("interest"), Emit(table="interest", columns={
        "accrued_at": AT, "asset": ASSET, "amount": -SIGNED, "kind": pl.lit("negative_balance")})),
    "deposit": (_moved("deposit"), _fee("network_fee"), _transfer("deposit")),
    "withdrawal": (_moved("withdrawal"), _fee("network_fee"), _transfer("withdrawal")),
    "transfer": (_moved("transfer"), _fee("network_fee"), _transfer("internal")),
    "rebate": (_moved("rebate"), _fee(), _booked("adjustments", pl.col("kind"))),
    "income": (_moved("income"), _fee(), _booked("adjustments", pl.col("kind"))),
    "conversion": (_moved("conversion"), _fee(), _booked("conversions", pl.col("kind"))),
    "clearance": (_moved(CLEARANCE), _booked("adjustments", CLEARANCE)),
    "unclear": (_moved("unknown"), _fee(), _booked("adjustments", pl.col("kind"))),
}  # fmt: skip
"""`liquidation` says neither whether it is a loss or a fee: the cash counts, its cause is unknown."""

CELLS: dict[str, Cell] = {
    "time": instant(),
    "venue": venue(),
    "entry": text("id"),
    "direction": word("direction", {"in": "in", "out": "out"}),
    "account": text("account"),
    "reference": text("referenceid"),
    "other_account": text("referenceaccount"),
    "type": text("type", required=True),
    "asset": text("currency", required=True),
    "amount": number("amount", required=True),
    "before": replace(number("before"), empty_words=("none", "nan")),
    "after": replace(number("after"), empty_words=("none", "nan")),
    "status": word("status", STATES),
    "fees": fees(),
    "raw_word": _raw_word(),
}


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with sign, wallet, kind, and whether the fee moved beside the amount."""
    size, wallets = pl.col("amount").abs(), account_wallets(context)
    own = pl.col("account").str.to_lowercase().replace_strict(wallets, default=None, return_dtype=pl.String)
    other = pl.col("other_account").str.to_lowercase().replace_strict(wallets, default=None, return_dtype=pl.String)
    signed = with_fees(rows).with_columns(
        pl.when(pl.col("direction") == "out").then(-size).when(pl.col("direction") == "in").then(size)
        .otherwise(pl.col("amount")).alias("signed"),
        pl.coalesce(own, pl.lit(context.wallet), pl.lit(pot(context, "spot"))).alias("wallet_of_row"),
        other.alias("other_wallet"),
        pl.coalesce(
            RAW_WORD.replace_strict(RAW_KINDS, default=None, return_dtype=pl.String).replace("", None),
            TYPE.replace_strict(KINDS, default=None, return_dtype=pl.String)).alias("kind"),
    )  # fmt: skip
    inside = ((pl.col("after") - pl.col("before")) == SIGNED).fill_null(False)
    is_trade = pl.col("event").is_in(["trade", "result", "session", "fee", "funding", "clearance"])
    content = pl.concat_str(AT.dt.epoch("us"), pl.col("signed").cast(pl.String), pl.col("after").cast(pl.String),
                            separator="|", ignore_nulls=True)  # fmt: skip
    return signed.with_columns(
        ((pl.col("fee").fill_null(0) != 0) & ~inside).alias("fee_moves"),
        pl.when(is_trade).then("reference").alias("trade_ref"),
        pl.when(~is_trade).then("reference").alias("transaction_ref"),
        pl.coalesce("entry", content).alias("entry_key"),
    )


LEDGER = Format(
    name="ccxt.ledger",
    family="ccxt.ledger",
    venue=VENUE,
    venue_column="venue",
    title="ccxt: ledger entries",
    confidence="API documentation",
    how="what fetchLedger returns, saved as JSON, JSON lines or CSV",
    headers=(
        Header(name="objects", columns=("id", "timestamp", "datetime", "direction", "type", "currency", "amount"),
               optional=("account", "referenceId", "referenceAccount", "before", "after", "status", "fee", "fees",
                         "fee.cost", "fee.currency", "fee.rate", "fee_cost", "fee_currency", "info", *NAMES)),
    ),
    aliases=VENUE_ALIASES,
    cells=CELLS,
    event=EVENT,
    event_columns=("type", "direction", "status", "info", "fee.cost", "fee_cost"),
    cases=CASES,
    ignores=ignored_states(("pending", "canceled", "failed")),
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id", cells=("entry_key", "type", "asset"), content=("signed",)),
    claims=claimed(ledger=3, funding=4, interest=4),
    prepare=_prepare,
    unread={"fee.rate": "the fee itself is stated"},
)  # fmt: skip
"""Its funding names no instrument: the funding history comes before it."""

FORMATS = (LEDGER,)
