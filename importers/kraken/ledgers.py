"""The ledger: every change of a balance with the balance after it, as CSV of the site or JSON of the API.

`ledger_types.csv` says what each type and subtype is; a pair of words that is not in it is rejected, never guessed.
`balance = balance before + amount - fee`, row by row in file order, per wallet and asset code.  The borrowed principal
of a margin position is never booked: only its fees, its rollovers and its result are.
"""

from __future__ import annotations

import polars as pl

from importers.cells import money, text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed, header
from importers.emits import AMOUNT, ASSET, AT, adding, booking, movement, transfer
from importers.kraken.cells import asset, clock, state, wallet
from importers.vocabulary import table

TYPES = table(__file__, "ledger_types.csv")
WORDS = {row["type"]: row["type"] for row in TYPES} | {"margin trade": "margin"}
"""Older exports say `margin trade`."""
SUBTYPES = {row["subtype"]: row["subtype"] for row in TYPES if row["subtype"]}
EVENTS = {f"{row['type']}/{row['subtype']}": row["event"] for row in TYPES}
KINDS = {f"{row['type']}/{row['subtype']}": row["kind"] or None for row in TYPES}
OTHER_WALLETS = {f"{row['type']}/{row['subtype']}": row["other_wallet"] or None for row in TYPES}

REF = pl.col("ref")
FEE = pl.col("fee").fill_null(0)
WHAT = pl.concat_str("type", pl.lit("/"), pl.col("subtype").fill_null(""))
IS_EARN = (pl.col("state") == "earn") | (pl.col("pot") == "earn").fill_null(False)
FEE_IS_ELSEWHERE = ((pl.col("fee_currency") != ASSET) & (FEE != 0)).fill_null(False)
COST = pl.when(FEE != 0).then(FEE).otherwise(-AMOUNT)
"""Of a rollover: one description has amount 0 and a fee, another one the same cost in both; it is never their sum."""


def _event() -> pl.Expr:
    """Return the event; where the words say no more, a fee makes a reward of an `earn`, a staked asset a move."""
    event = WHAT.replace_strict(EVENTS, default=None, return_dtype=pl.String)
    return (
        pl.when(pl.col("ledger_id").is_null()).then(pl.lit("unbooked"))
        .when(FEE_IS_ELSEWHERE).then(None)
        .when(event == "earn").then(pl.when(FEE != 0).then(pl.lit("income")).otherwise(pl.lit("move")))
        .when((event == "transfer") & IS_EARN).then(pl.lit("move"))
        .otherwise(event)
    )  # fmt: skip


_moved = adding(movement, "trade_ref", "transaction_ref", balance_after=pl.col("chained"))


def _legs(cause: str, fee_cause: str) -> tuple[Emit, Emit]:
    """Return amount and fee as movements of one row; the amount also where both are zero, so that no row is silent."""
    return _moved(cause, AMOUNT, (AMOUNT != 0) | (FEE == 0)), _moved(fee_cause, -FEE, FEE != 0)


_booked = adding(booking, group_ref=REF)
_transfer = adding(transfer, "other_wallet", fee=FEE, transaction_ref=REF)


def _adjusted(cause: str) -> tuple[Emit, ...]:
    """Return what changes a balance for no exchange; a commission on it is a booking of its own."""
    return (
        *_legs(cause, cause),
        _booked("adjustments", pl.col("kind"), AMOUNT, (AMOUNT != 0) | (FEE == 0)),
        _booked("adjustments", pl.format("{}_fee", "kind"), -FEE, FEE != 0),
    )


CASES: dict[str, tuple[Emit, ...]] = {
    "trade": _legs("trade", "trading_fee"),
    "margin": (
        *_legs("realized_pnl", "trading_fee"),
        Emit(table="stated_results", where=AMOUNT != 0, columns={
            "booked_at": AT, "asset": ASSET, "amount": AMOUNT, "basis": pl.lit("gross"), "grain": pl.lit("fill"),
            "trade_ref": REF}),
    ),
    "rollover": (
        _moved("interest", -COST),
        Emit(table="interest", columns={
            "accrued_at": AT, "asset": ASSET, "amount": COST, "position_ref": REF, "kind": pl.lit("rollover")}),
    ),
    "conversion": (
        *_legs("conversion", "trading_fee"),
        _booked("conversions", pl.col("kind"), AMOUNT, AMOUNT != 0),
    ),
    "deposit": (*_legs("deposit", "network_fee"), _transfer("deposit")),
    "withdrawal": (*_legs("withdrawal", "network_fee"), _transfer("withdrawal")),
    "move": (*_legs("transfer", "network_fee"), _transfer("internal")),
    "income": _adjusted("income"),
    "rebate": _adjusted("rebate"),
    "correction": _adjusted("correction"),
    "transfer": _adjusted("unknown"),
    "unclassified": _adjusted("unknown"),
}  # fmt: skip
"""A positive withdrawal or a negative deposit is a reversal: it keeps its cause, so that the two sum to nothing.
`transfer` without a subtype is an airdrop, a fork, a delisting or something else: the word says no more."""


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with their wallet, and with what ties them to a trade or to the world outside.

    Several codes are one asset in the wallet `earn` (DOT.S, DOT28.S), each with a balance of its own: those balances
    are none of the wallet's, and are left out.
    """
    own = pl.when(IS_EARN).then(pl.lit("earn")).otherwise(pl.coalesce("pot", pl.lit(context.wallet or "spot")))
    other = WHAT.replace_strict(OTHER_WALLETS, default=None, return_dtype=pl.String)
    is_of_trade = pl.col("type").is_in(["trade", "margin", "settled", "collateralconversion"])
    return rows.with_columns(
        own.alias("wallet_of_row"),
        WHAT.replace_strict(KINDS, default=None, return_dtype=pl.String).alias("kind"),
        pl.when(other == own).then(pl.lit("spot")).otherwise(other).alias("other_wallet"),
        pl.when(is_of_trade).then(REF).alias("trade_ref"),
        pl.when(~is_of_trade).then(REF).alias("transaction_ref"),
        pl.when(own != "earn").then("balance").alias("chained"),
    )


CELLS: dict[str, Cell] = {
    "time": clock("time", seconds=True),
    "ledger_id": text("txid"),
    "ref": text("refid"),
    "type": word("type", WORDS, required=True, what="a type as trade, margin, rollover, deposit"),
    "subtype": word("subtype", SUBTYPES, what="a subtype as tradespot, spottofutures, reward"),
    "asset": asset("asset", required=True),
    "state": state("asset"),
    "pot": wallet("wallet"),
    "amount": money("amount", required=True),
    "fee": money("fee"),
    "balance": money("balance"),
    "fee_currency": asset("feecurrency"),
}

COLUMNS, AMOUNTS = "txid,refid,time,type,subtype,aclass", "amount,fee,balance"
MUST = ("txid", "refid", "time", "type", "asset", "amount", "fee", "balance")


LEDGERS = Format(
    name="kraken.ledgers",
    family="kraken.ledgers",
    venue="kraken",
    title="Kraken: ledger of all wallets",
    confidence="real file seen",
    how="Documents (or History), Export, Ledgers, all columns, as CSV; or the API's /0/private/Ledgers as JSON",
    headers=(
        header("to 2020", "txid,refid,time,type,aclass,asset,amount,fee,balance", confidence="parser seen"),
        header("2020 to 2024", f"{COLUMNS},asset,{AMOUNTS}"),
        header("with wallet", f"{COLUMNS},asset,wallet,{AMOUNTS}", confidence="parser seen"),
        header("with USD value", f"{COLUMNS},asset,{AMOUNTS},amountusd", confidence="parser seen"),
        header("with wallet and USD value", f"{COLUMNS},asset,wallet,{AMOUNTS},amountusd", confidence="parser seen"),
        header("from late 2024", f"{COLUMNS},subclass,asset,wallet,{AMOUNTS}"),
        header(
            "2026",
            f"{COLUMNS},subclass,asset,wallet,{AMOUNTS},amountusd,feeusd,balanceusd,feecurrency",
            confidence="parser seen",
        ),
        Header(name="chosen columns", confidence="parser seen", columns=MUST, optional=("subtype", "wallet")),
        Header(name="API JSON", confidence="API documentation", columns=("key", *MUST[1:]), optional=("subtype",)),
    ),
    aliases={"key": "txid"},
    cells=CELLS,
    event=_event(),
    event_columns=("type", "subtype", "asset", "feecurrency"),
    cases=CASES,
    ignores={"unbooked": "pending, failed or the duplicate of a booked row: it has no ledger id and moved nothing"},
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id", cells=("ledger_id",), content=("ref", "type", "asset", "amount")),
    claims=claimed(ledger=1, fees=1, interest=1),
    prepare=_prepare,
    unread={
        "aclass": "always `currency`",
        "subclass": "fiat, crypto or stable_coin: the asset says it",
        "amountusd": "the venue's valuation",
        "feeusd": "the venue's valuation",
        "balanceusd": "the venue's valuation",
    },
)
"""The fraction of a second that the API prints is cut off: rows of one second stand in file order, as in the files."""

FORMATS = (LEDGERS,)
