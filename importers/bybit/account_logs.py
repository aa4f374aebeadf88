"""The logs of the accounts that hold no positions: the funding account, and the spot account before the unified one.

Every row is a change of a balance and the balance after it.  `account_types.csv` says what type and description mean:
the first line whose type is the row's and whose words stand in its description.  A withdrawal's network fee is inside
its amount.  The card's USD rows repeat a sale of coins in the card's currency: no balance of coins moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from importers.bybit.cells import amount, clock
from importers.cells import epoch, exact_decimals, text
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed
from importers.emits import AMOUNT, ASSET, AT, OUTSIDE, PLEDGED, adding, booking, movement, transfer
from importers.vocabulary import table

LINES = table(__file__, "account_types.csv")
WORDS = {f"{line['account']}|{line['type']}|{line['words']}".casefold(): line for line in LINES}
EVENTS = {name: row["event"] for name, row in WORDS.items()}
KINDS = {name: row["kind"] for name, row in WORDS.items()}
OTHER_WALLETS = {name: row["other_wallet"] for name, row in WORDS.items()}
DIRECTIONS = {"i": 1, "o": -1}

ENTRY = pl.col("entry")
IGNORES = {"card_usd": "the card's own account in USD, which repeats a sale of coins"}


def entry(account: str) -> Cell:
    """Return which line of the vocabulary a row's type and description fit; a type may be empty."""
    lines = [(row["type"].casefold(), row["words"].casefold(), name)
             for name, row in WORDS.items() if row["account"] == account]  # fmt: skip

    def line_of(kind: str, description: str) -> str | None:
        return next((name for type_, words, name in lines if type_ == kind and words in description), None)

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        folded = pl.DataFrame([columns[0].alias("type"), columns[1].alias("description")]).select(
            pl.all().fill_null("").str.strip_chars().str.to_lowercase()
        )
        pairs = folded.unique().with_columns(
            pl.struct("type", "description")
            .map_elements(lambda pair: line_of(pair["type"], pair["description"]), return_dtype=pl.String)
            .alias("entry")
        )
        return folded.join(pairs, on=["type", "description"], how="left", maintain_order="left")["entry"]

    return Cell(columns=("type", "description"), read=read, unmapped=True,
                expected="a type that is described, with its description")  # fmt: skip


def directed(column: str, direction: str) -> Cell:
    """Return an unsigned amount with the sign of its direction, I or O."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        sign = columns[1].str.strip_chars().str.to_lowercase().replace_strict(DIRECTIONS, default=None)
        return pl.DataFrame({"amount": exact_decimals(columns[0]), "sign": sign}).select(
            pl.when(pl.col("amount") >= 0)
            .then(pl.when(pl.col("sign") > 0).then("amount").when(pl.col("sign") < 0).then(-pl.col("amount")))
            .alias("amount")
        )["amount"]

    return Cell(columns=(column, direction), read=read, required=True,
                expected="a number without a sign, and a direction I or O")  # fmt: skip


# ------------------------------------------------------------------------------------------------ emits


_moved = adding(movement, balance_after=pl.col("balance"))
_transfer = adding(transfer, "other_wallet")


def _repaid(part: str | None) -> Emit:
    columns = {"repaid_at": AT, "asset": ASSET, "amount": -AMOUNT}
    return Emit(table="repayments", where=AMOUNT < 0, columns=columns | ({part: -AMOUNT} if part else {}))


CASES: Mapping[str, tuple[Emit, ...]] = {
    "trade": (_moved("trade"),),
    "trading_fee": (_moved("trading_fee"),),
    "deposit": (_moved("deposit"), _transfer("deposit")),
    "withdrawal": (_moved("withdrawal"), _transfer("withdrawal")),
    "external": (_moved(OUTSIDE), _transfer(OUTSIDE)),
    "transfer": (_moved("transfer"), _transfer("internal")),
    "conversion": (_moved("conversion"), booking("conversions", pl.col("kind"))),
    "income": (_moved("income"), booking("adjustments", pl.col("kind"))),
    "rebate": (_moved("rebate"), booking("adjustments", pl.lit("rebate"))),
    "unknown": (_moved("unknown"), booking("adjustments", pl.col("kind"))),
    "pledge": (_moved("pledge"), _transfer(PLEDGED)),
    "borrow": (
        _moved("borrow"),
        Emit(table="borrows", where=AMOUNT > 0, columns={
            "borrowed_at": AT, "asset": ASSET, "amount": AMOUNT, "kind": pl.col("kind")}),
    ),
    "repay": (_moved("repay"), _repaid(None)),
    "repay_principal": (_moved("repay_principal"), _repaid("principal")),
    "repay_interest": (_moved("repay_interest"), _repaid("interest")),
}  # fmt: skip

EVENT_WORD = ENTRY.replace_strict(EVENTS, default=None, return_dtype=pl.String)
EVENT = (
    pl.when((EVENT_WORD == "card") & (ASSET == "USD")).then(pl.lit("card_usd"))
    .when(EVENT_WORD == "card").then(pl.lit("external"))
    .otherwise(EVENT_WORD)
)  # fmt: skip


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return rows.with_columns(
        ENTRY.replace_strict(KINDS, default=None, return_dtype=pl.String).replace("", None).alias("kind"),
        ENTRY.replace_strict(OTHER_WALLETS, default=None, return_dtype=pl.String).replace("", None)
        .alias("other_wallet"),
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------- formats

FUNDING_LOG = Format(
    name="bybit.funding_log",
    family="bybit.funding_log",
    venue="bybit",
    title="Bybit: log of the funding account",
    confidence="real file seen",
    how="Account, Data Export, Transaction Log, Account Change Details (AssetChangeDetails_fund_*.csv)",
    headers=(
        Header(name="Data Export", columns=(
            "Uid", "Date & Time(UTC)", "Coin", "QTY", "Type", "Account Balance", "Description")),
        Header(name="2022 to 2024", confidence="parser seen", columns=(
            "Date & Time(UTC)", "Coin", "QTY", "Type", "Account Balance", "Description")),
    ),
    aliases={
        "Uid": "uid", "Date & Time(UTC)": "time", "Coin": "coin", "QTY": "amount", "Type": "type",
        "Account Balance": "balance", "Description": "description",
    },
    cells={
        "time": clock("time"),
        "asset": text("coin", required=True),
        "amount": amount("amount", required=True),
        "entry": entry("funding"),
        "balance": amount("balance"),
        "description": text("description"),
    },
    event=EVENT,
    event_columns=("type", "description"),
    cases=CASES,
    ignores=IGNORES,
    newest_first=True,
    wallet="funding",
    identity=Identity(kind="content", cells=("time", "asset", "amount", "balance", "description")),
    claims=claimed(2, ledger=1, borrow_repay=2),
    account_number="uid",
    prepare=_prepare,
    assumed_zone="UTC",
)  # fmt: skip

FUNDING_LOG_API = replace(
    FUNDING_LOG,
    name="bybit.funding_log_api",
    family="bybit.funding_log_api",
    title="Bybit: log of the funding account from the API, as JSON or CSV",
    confidence="API documentation",
    how="/v5/asset/fundinghistory",
    headers=(Header(name="API", columns=(
        "currency", "ioDirection", "txnAmt", "afterAmt", "createTime", "showBusiTypeEn", "descriptionEn"),
        optional=("memberId", "showBusiType", "description", "currcCursor")),),
    aliases={
        "memberId": "uid", "currency": "coin", "ioDirection": "direction", "txnAmt": "amount", "afterAmt": "balance",
        "createTime": "time", "showBusiTypeEn": "type", "descriptionEn": "description", "showBusiType": "type_key",
        "description": "description_key", "currcCursor": "cursor",
    },
    cells={
        **FUNDING_LOG.cells, "time": epoch("time"), "amount": directed("amount", "direction"), "cursor": text("cursor"),
    },
    identity=Identity(kind="content", cells=("time", "asset", "amount", "balance", "description", "cursor")),
    claims=tuple(replace(claim, rank=claim.rank + 1) for claim in FUNDING_LOG.claims),
    unread={"type_key": "the type in the venue's own code", "description_key": "the description in its own code"},
    assumed_zone=None,
)  # fmt: skip
"""It may print fewer digits than the Data Export: a family of its own, which meets that by voice."""

SPOT_LOG = replace(
    FUNDING_LOG,
    name="bybit.spot_log",
    family="bybit.spot_log",
    title="Bybit: log of the spot account before the unified one",
    confidence="real file seen",
    how="Account, Data Export, Transaction Log, Account Change Details (AssetChangeDetails_spot_*.csv)",
    headers=(
        Header(name="Data Export", exact=True, columns=(
            "Uid", "Type", "Coin", "Amount", "Wallet Balance", "Time(UTC)")),
        Header(name="without Uid", exact=True, columns=("Type", "Coin", "Amount", "Wallet Balance", "Time(UTC)")),
    ),
    aliases={
        "Uid": "uid", "Type": "type", "Coin": "coin", "Amount": "amount", "Wallet Balance": "balance",
        "Time(UTC)": "time",
    },
    cells={
        "time": clock("time"),
        "asset": text("coin", required=True),
        "amount": amount("amount", required=True),
        "entry": entry("spot"),
        "balance": amount("balance"),
        "type": text("type"),
    },
    event=EVENT,
    event_columns=("type",),
    ignores={},
    wallet="spot",
    identity=Identity(kind="content", cells=("time", "asset", "amount", "balance", "type")),
    claims=claimed(2, ledger=1),
)  # fmt: skip
"""It names no pair and no price: what was traded, the spot trade history tells.  Conversions have no type at all."""

FORMATS = (FUNDING_LOG, FUNDING_LOG_API, SPOT_LOG)
