"""Margin records of the API, as JSON or CSV: what was borrowed, repaid, charged and liquidated.

Of borrowings and repayments the direction is a parameter of the request, not a key of the answer: it stands in a column
`direction` that a script added, or in the file's name.  Rates of interest are per day, though it is charged by the hour
(interest = principal x rate / 24, exact in the documented sample).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from importers.binance.futures_trades import SIDES
from importers.binance.pairs import name_pair
from importers.binance.pots import CROSS, ISOLATED, POTS, with_pot, with_product
from importers.cells import epoch, money, text, whole_id, word
from importers.contract import Cell, Claim, Context, Emit, Format, Header, Identity
from importers.declared import claimed

STATUSES = {"CONFIRMED": "done", "PENDING": "pending", "FAILED": "failed"}
TYPES = {"MANUAL": "manual", "AUTO": "auto", "BNB_AUTO_REPAY": "auto", "POINT_AUTO_REPAY": "auto"}
"""How it was triggered, never which way it went."""
IGNORES = {"pending": "pending: not booked", "failed": "failed: moved nothing"}
LIQUIDATION_LOAN = "liquidation-loan"
"""Names the deficit that a cross account still owes after a liquidation: it has no id, and there is one."""

BORROW_WORD, REPAY_WORD = r"borrow(?![-_ ]?repay)", r"(?<!borrow)(?<!borrow[-_ ])repay"
"""In a file's name: beside `borrow-repay`, which is the name of the endpoint."""

AT, ASSET, STATUS = pl.col("time"), pl.col("asset"), pl.col("status")

BORROW = Emit(table="borrows", columns={
    "borrowed_at": AT, "asset": ASSET, "amount": pl.col("moved"), "pair": pl.col("pair"), "kind": pl.col("kind"),
})  # fmt: skip
REPAYMENT = Emit(table="repayments", columns={
    "repaid_at": AT, "asset": ASSET, "amount": pl.col("moved"), "principal": pl.col("principal"),
    "interest": pl.col("interest"), "pair": pl.col("pair"), "kind": pl.col("kind"),
})  # fmt: skip


def _with_moved(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with their pot and what moved: of the old borrowings the principal is all there is."""
    return with_pot(rows, context).with_columns(pl.coalesce("amount", "principal").alias("moved"))


def _shows_no_repayment(rows: Sequence[Mapping[str, str]]) -> bool:
    """Return whether the rows can be borrowings: those state no interest, and are not triggered by a repayment."""
    return not any(
        row.get("interest", "").strip("0. ") or "REPAY" in row.get("type", "").upper() for row in rows
    )  # fmt: skip


def _event(direction: pl.Expr) -> pl.Expr:
    stated = pl.coalesce("amount", "principal").is_not_null()
    return pl.when(STATUS != "done").then(STATUS).when(stated).then(direction)


# ------------------------------------------------------------------------------- borrowed and repaid

CELLS: dict[str, Cell] = {
    "time": epoch("timestamp"),
    "asset": text("asset", required=True),
    "amount": money("amount"),
    "principal": money("principal"),
    "interest": money("interest"),
    "kind": word("type", TYPES),
    "status": word("status", STATUSES, required=True),
    "isolated_symbol": text("isolated_symbol"),
    "transaction_ref": whole_id("txid", required=True),
}
ALIASES = {"isolatedSymbol": "isolated_symbol", "txId": "txid"}
SPLIT = ("amount", "asset", "interest", "principal", "status", "timestamp", "txId")

BORROW_REPAY = Format(
    name="binance.margin_borrow_repay",
    family="binance.margin_borrow_repay",
    venue="binance",
    title="Binance margin: borrowings and repayments of the API with a column that says which",
    confidence="API documentation",
    how="/sapi/v1/margin/borrow-repay, the request's type (BORROW or REPAY) kept as a column `direction`",
    headers=(Header(name="with direction", columns=("direction", *SPLIT), optional=("type", "isolatedSymbol")),),
    aliases=ALIASES,
    cells={**CELLS, "direction": word("direction", {"BORROW": "borrow", "REPAY": "repay"}, required=True)},
    event=_event(pl.col("direction")),
    event_columns=("direction", "amount", "principal"),
    cases={"borrow": (BORROW,), "repay": (REPAYMENT,)},
    ignores=IGNORES,
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("event", "transaction_ref"), content=("asset", "moved")),
    claims=claimed(2, wallets=POTS, borrow_repay=1),
    prepare=_with_moved,
)  # fmt: skip

BORROWS = replace(
    BORROW_REPAY,
    name="binance.margin_borrows",
    title="Binance margin: borrowings of the API (the file's name says borrow or loan)",
    how="/sapi/v1/margin/borrow-repay?type=BORROW; formerly /sapi/v1/margin/loan; /papi/v1/margin/marginLoan",
    headers=(
        Header(name="borrow-repay", columns=("type", *SPLIT), optional=("isolatedSymbol",)),
        Header(name="loan", columns=("txId", "asset", "principal", "timestamp", "status"),
               optional=("isolatedSymbol",)),
    ),
    cells=CELLS,
    event=_event(pl.lit("borrow")),
    event_columns=("amount", "principal"),
    cases={"borrow": (BORROW,)},
    file_name=rf"^(?!.*{REPAY_WORD}).*({BORROW_WORD}|loan)",
    fits=_shows_no_repayment,
)  # fmt: skip

REPAYMENTS = replace(
    BORROWS,
    name="binance.margin_repayments",
    title="Binance margin: repayments of the API (the file's name says repay)",
    how="/sapi/v1/margin/borrow-repay?type=REPAY; formerly /sapi/v1/margin/repay; /papi/v1/margin/repayLoan",
    headers=(
        Header(name="borrow-repay", columns=("type", *SPLIT), optional=("isolatedSymbol",)),
        Header(name="repay", columns=SPLIT, optional=("isolatedSymbol",)),
    ),
    event=_event(pl.lit("repay")),
    cases={"repay": (REPAYMENT,)},
    file_name=rf"^(?!.*{BORROW_WORD}).*{REPAY_WORD}",
    fits=None,
)  # fmt: skip

# ------------------------------------------------------------------------------------------ interest

INTEREST_TYPES = {
    "ON_BORROW": "owed", "PERIODIC": "owed", "ON_BORROW_CONVERTED": "converted", "PERIODIC_CONVERTED": "converted",
    "PORTFOLIO": "negative_balance",
}  # fmt: skip
TYPE = pl.col("type")
IS_NAMED = (TYPE != "converted") | pl.col("raw_asset").is_not_null()

CHARGE = Emit(table="interest", columns={
    "accrued_at": AT, "asset": ASSET, "amount": pl.col("interest"),
    "debt_asset": pl.when(pl.col("raw_asset") != ASSET).then("raw_asset"),
    "principal": pl.col("principal"), "rate": pl.col("rate"),
    "rate_period": pl.when(pl.col("rate").is_not_null()).then(pl.lit("day")), "pair": pl.col("pair"),
    "kind": pl.when(TYPE == "negative_balance").then(pl.lit("negative_balance")).otherwise(pl.lit("margin")),
})  # fmt: skip

INTEREST = Format(
    name="binance.margin_interest",
    family="binance.margin_interest",
    venue="binance",
    title="Binance margin: interest history of the API",
    confidence="API documentation",
    how="/sapi/v1/margin/interestHistory (per isolatedSymbol for isolated), /papi/v1/margin/marginInterestHistory",
    headers=(Header(name="API", columns=(
        "txId", "interestAccuredTime", "asset", "principal", "interest", "interestRate", "type"),
        optional=("rawAsset", "isolatedSymbol")),),
    aliases=ALIASES | {"interestAccuredTime": "accrued", "interestRate": "rate", "rawAsset": "raw_asset"},
    cells={
        "time": epoch("accrued"),
        "asset": text("asset", required=True),
        "raw_asset": text("raw_asset"),
        "principal": money("principal"),
        "interest": money("interest", required=True),
        "rate": money("rate"),
        "type": word("type", INTEREST_TYPES, required=True),
        "type_text": text("type"),
        "isolated_symbol": text("isolated_symbol"),
        "transaction_ref": whole_id("txid", required=True),
    },
    event=pl.when(IS_NAMED).then(pl.lit("charge")),
    event_columns=("type", "raw_asset"),
    cases={"charge": (CHARGE,)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("transaction_ref", "type_text"), content=("asset", "interest")),
    claims=claimed(2, wallets=POTS, interest=1),
    prepare=with_pot,
)  # fmt: skip
"""`asset` is charged, `rawAsset` is owed (isolated rows leave it out): they differ where BNB pays, and then the rate
does not give the charge.  Such a row without `rawAsset` does not say what is owed, and is rejected."""

INTEREST_PLAIN = replace(
    INTEREST,
    name="binance.margin_interest_plain",
    family="binance.margin_interest_plain",
    title="Binance margin: interest history of the API before it had transaction ids",
    how="/sapi/v1/margin/interestHistory of earlier years",
    headers=(Header(name="without ids", columns=(
        "asset", "interest", "interestAccuredTime", "interestRate", "principal", "type"),
        optional=("rawAsset", "isolatedSymbol")),),
    cells={name: cell for name, cell in INTEREST.cells.items() if name != "transaction_ref"},
    identity=Identity(
        kind="content", cells=("time", "pot", "pair", "type_text", "asset", "raw_asset", "principal", "interest")
    ),
)  # fmt: skip
"""An hour can hold several equal rows, one per borrowing: they are counted."""

# ---------------------------------------------------------------------------------------- liquidations

IS_WHOLE = (pl.col("executed") >= pl.col("ordered")).fill_null(True)


def _liquidated(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the pot they say, or cross (portfolio margin says none) unless the user says otherwise."""
    pot = pl.coalesce("is_isolated", pl.lit(context.wallet or CROSS))
    return with_product(rows.with_columns(pot.alias("pot")), pl.col("symbol"))


FORCED_ORDERS = Format(
    name="binance.margin_liquidations",
    family="binance.margin_liquidations",
    venue="binance",
    title="Binance margin: forced liquidation records of the API",
    confidence="API documentation",
    how="/sapi/v1/margin/forceLiquidationRec, /papi/v1/margin/forceOrders",
    headers=(Header(name="API", columns=(
        "avgPrice", "executedQty", "orderId", "price", "qty", "side", "symbol", "timeInForce", "updatedTime"),
        optional=("isIsolated",)),),
    aliases={"avgPrice": "average_price", "executedQty": "executed", "orderId": "order_id", "qty": "ordered",
             "isIsolated": "is_isolated"},
    cells={
        "time": epoch("updatedtime"),
        "symbol": text("symbol", required=True),
        "side": word("side", SIDES, required=True),
        "ordered": money("ordered"),
        "executed": money("executed", required=True),
        "average_price": money("average_price"),
        "is_isolated": word("is_isolated", {"true": ISOLATED, "false": CROSS}),
        "order_ref": whole_id("order_id", required=True),
    },
    event=pl.when(pl.col("executed") != 0).then(pl.lit("liquidation")).otherwise(pl.lit("unexecuted")),
    cases={"liquidation": (Emit(table="liquidations", columns={
        "liquidated_at": AT, "symbol": pl.col("symbol"), "product": pl.col("product"),
        "margin_mode": pl.col("margin_mode"), "pair": pl.col("pair"), "side": pl.col("side"),
        "quantity": pl.col("executed"), "price": pl.col("average_price"),
        "stage": pl.when(IS_WHOLE).then(pl.lit("full")).otherwise(pl.lit("partial")),
        "order_ref": pl.col("order_ref"),
    }),)},
    ignores={"unexecuted": "a forced order that executed nothing"},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("symbol", "pot", "order_ref"), content=("side", "executed", "average_price")),
    claims=claimed(2, wallets=POTS, liquidations=1),
    name_instrument=name_pair,
    prepare=_liquidated,
    unread={
        "price": "the limit of the forced order, which is no bankruptcy price",
        "timeinforce": "says nothing of what was executed",
    },
)  # fmt: skip
"""One row is an order, without its fee and without what was owed: those are in the capital flow and the statement."""

# ----------------------------------------------------------------------- the debt after a liquidation

DEFICIT = Format(
    name="binance.liquidation_loan",
    family="binance.liquidation_loan",
    venue="binance",
    title="Binance cross margin: what is still owed after a liquidation (recognized, nothing stored)",
    confidence="API documentation",
    how="/sapi/v1/margin/liquidation-loan",
    headers=(Header(name="API", columns=("asset", "amount", "repaidAmount", "remainingAmount"), exact=True),),
    cells={"time": epoch("timestamp", required=False), "asset": text("asset", required=True)},
    event=pl.lit("deficit"),
    cases={},
    ignores={"deficit": "a debt without an instant; what was repaid of it is in its repay history"},
    wallet=CROSS,
    identity=Identity(kind="content", cells=("asset",)),
    unread=dict.fromkeys(("amount", "repaidamount", "remainingamount"), "stated for no instant"),
)

DEFICIT_REPAYMENTS = replace(
    BORROW_REPAY,
    name="binance.liquidation_loan_repayments",
    title="Binance cross margin: repayments of what was still owed after a liquidation",
    how="/sapi/v1/margin/liquidation-loan/repay-history",
    headers=(Header(name="API", columns=("repayId", "asset", "amount", "status", "createTime")),),
    aliases={"repayId": "repay_id", "createTime": "created"},
    cells={
        "time": epoch("created"),
        "asset": text("asset", required=True),
        "moved": money("amount", required=True),
        "status": word("status", {"SUCCESS": "done", "PENDING": "pending"}, required=True),
        "transaction_ref": whole_id("repay_id", required=True),
    },
    event=pl.when(STATUS == "done").then(pl.lit("repay_deficit")).otherwise(STATUS),
    event_columns=("status",),
    cases={"repay_deficit": (Emit(table="repayments", columns={
        "repaid_at": AT, "asset": ASSET, "amount": pl.col("moved"), "loan_ref": pl.lit(LIQUIDATION_LOAN),
    }),)},
    ignores={"pending": IGNORES["pending"]},
    wallet=CROSS,
    claims=(Claim(fact="borrow_repay", rank=9, filterable=True, partial=True, skew_s=2, wallets=POTS),),
    prepare=None,
)  # fmt: skip
"""It speaks with the records of its family: of ordinary debts it says nothing, and must not silence who does."""

FORMATS = (
    BORROW_REPAY, BORROWS, REPAYMENTS, INTEREST, INTEREST_PLAIN, FORCED_ORDERS, DEFICIT, DEFICIT_REPAYMENTS,
)  # fmt: skip
