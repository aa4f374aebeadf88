"""What holding costs: funding, borrow interest, borrowings, repayments; and liquidations as evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from importers.ccxt.cells import NAMES, VENUE, VENUE_ALIASES, instant, venue
from importers.ccxt.numbers import computed, number
from importers.ccxt.symbols import name_contract, name_instrument, pot, with_terms
from importers.cells import text, word
from importers.contract import Cell, Claim, Context, Emit, Format, Header, Identity
from importers.declared import claimed
from importers.emits import AMOUNT, ASSET, AT

MODES = {"cross": "cross", "isolated": "isolated"}
BASE: Mapping[str, Cell] = {"time": instant(), "venue": venue()}


def _contract_terms(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the terms of their contract; funding of a bare pair is settled in the asset it pays."""
    return with_terms(rows, context, contracts=True, settle="asset" if "asset" in rows.columns else None)


FUNDING = Format(
    name="ccxt.funding",
    family="ccxt.funding",
    venue=VENUE,
    venue_column="venue",
    title="ccxt: funding history",
    confidence="API documentation",
    how="what fetchFundingHistory returns, saved as JSON, JSON lines or CSV",
    headers=(Header(name="objects", columns=("symbol", "code", "timestamp", "datetime", "id", "amount"),
                    optional=("info", "rate", *NAMES)),),
    aliases=VENUE_ALIASES,
    cells={**BASE, "symbol": text("symbol", required=True), "asset": text("code", required=True),
           "amount": number("amount", required=True)},
    cases={"row": (Emit(table="funding", columns={
        "paid_at": AT, "symbol": pl.col("symbol"), "instrument": pl.col("instrument"), "asset": ASSET,
        "amount": AMOUNT}),)},
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id_collapses", cells=("key_symbol", "asset", "time", "amount")),
    claims=claimed(funding=3),
    name_instrument=name_contract,
    prepare=_contract_terms,
    unread={"id": "often null, and another one in each kind of reply", "rate": "stated by few venues"},
)  # fmt: skip
"""A position is paid once an instant: the same row again is another page of the same reply."""


def _borrowed_in(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with wallet and pair: isolated where a symbol or the mode says so, else cross."""
    mode = pl.coalesce("mode", pl.when(pl.col("symbol").is_not_null()).then(pl.lit("isolated")), pl.lit("cross"))
    wallets = {name: context.wallet or pot(context, name) for name in MODES}
    return rows.with_columns(
        mode.replace_strict(wallets, return_dtype=pl.String).alias("wallet_of_row"),
        pl.when(mode == "isolated").then("symbol").alias("pair"),
    )


INTEREST = Format(
    name="ccxt.interest",
    family="ccxt.interest",
    venue=VENUE,
    venue_column="venue",
    title="ccxt: borrow interest",
    confidence="API documentation",
    how="what fetchBorrowInterest returns, saved as JSON, JSON lines or CSV",
    headers=(Header(name="objects", columns=("symbol", "currency", "interest", "interestRate", "amountBorrowed",
                                             "timestamp", "datetime"),
                    optional=("marginMode", "account", "info", *NAMES)),),
    aliases=VENUE_ALIASES,
    cells={**BASE, "symbol": text("symbol"), "asset": text("currency", required=True),
           "amount": number("interest", required=True), "rate": computed("interestrate"),
           "principal": number("amountborrowed"), "mode": word("marginmode", MODES)},
    cases={"row": (Emit(table="interest", columns={
        "accrued_at": AT, "asset": ASSET, "amount": AMOUNT, "principal": pl.col("principal"), "rate": pl.col("rate"),
        "pair": pl.col("pair"), "kind": pl.lit("margin")}),)},
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id", cells=("asset", "symbol", "time"), content=("amount",)),
    claims=claimed(interest=3),
    prepare=_borrowed_in,
    unread={"account": "`symbol` and `marginMode` name the pot"},
)  # fmt: skip
"""For which period the rate is, ccxt does not say."""

BORROWS = Format(
    name="ccxt.borrows",
    family="ccxt.borrows",
    venue=VENUE,
    venue_column="venue",
    title="ccxt: margin borrowings",
    confidence="API documentation",
    how="what borrowCrossMargin or borrowIsolatedMargin return, collected in a file with `borrow` in its name",
    headers=(Header(name="objects", columns=("id", "currency", "amount", "symbol", "timestamp", "datetime"), exact=True,
                    optional=("info", *NAMES)),),
    aliases=VENUE_ALIASES,
    cells={**BASE, "ref": text("id"), "symbol": text("symbol"), "asset": text("currency", required=True),
           "amount": number("amount", required=True)},
    cases={"row": (Emit(table="borrows", columns={
        "borrowed_at": AT, "asset": ASSET, "amount": AMOUNT, "pair": pl.col("pair"), "kind": pl.lit("manual")}),)},
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id_collapses", cells=("ref", "asset", "symbol", "time", "amount")),
    claims=(Claim(fact="borrow_repay", rank=9, filterable=True, partial=True, skew_s=1),),
    prepare=lambda rows, context: _borrowed_in(rows.with_columns(pl.lit(None, dtype=pl.String).alias("mode")), context),
    file_name="borrow",
)  # fmt: skip
"""A borrowing and a repayment have the same keys: the file's name (or --format) says which it is."""

REPAYMENTS = replace(
    BORROWS,
    name="ccxt.repayments",
    family="ccxt.repayments",
    title="ccxt: margin repayments",
    how="what repayCrossMargin or repayIsolatedMargin return, collected in a file with `repay` in its name",
    cases={"row": (Emit(table="repayments", columns={
        "repaid_at": AT, "asset": ASSET, "amount": AMOUNT, "pair": pl.col("pair"), "kind": pl.lit("manual")}),)},
    file_name="repa[yi]",
)  # fmt: skip

LIQUIDATIONS = Format(
    name="ccxt.liquidations",
    family="ccxt.liquidations",
    venue=VENUE,
    venue_column="venue",
    title="ccxt: own liquidations (evidence; their cash is in trades and ledger)",
    confidence="API documentation",
    how="what fetchMyLiquidations returns, saved as JSON, JSON lines or CSV",
    headers=(
        Header(name="objects", columns=("symbol", "timestamp", "datetime", "price", "baseValue", "quoteValue"),
               optional=("info", "id", *NAMES)),
        Header(name="with contracts", columns=("symbol", "timestamp", "datetime", "price", "baseValue", "quoteValue",
                                               "contracts", "contractSize", "side"), optional=("info", "id", *NAMES)),
    ),
    aliases=VENUE_ALIASES,
    cells={**BASE, "symbol": text("symbol", required=True), "price": number("price"), "base": number("basevalue"),
           "contracts": number("contracts"),
           "side": word("side", {"buy": "buy", "sell": "sell", "long": "sell", "short": "buy"})},
    cases={"row": (Emit(table="liquidations", columns={
        "liquidated_at": AT, "symbol": pl.col("symbol"), "instrument": pl.col("instrument"),
        "product": pl.col("product"), "side": pl.col("side"), "quantity": pl.coalesce("contracts", "base"),
        "price": pl.col("price")}),)},
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id_collapses", cells=("key_symbol", "time", "price", "base", "contracts")),
    claims=claimed(liquidations=3),
    name_instrument=name_instrument,
    prepare=_contract_terms,
    unread={"quotevalue": "size at the price", "contractsize": "the markets state it", "id": "few venues have one"},
)  # fmt: skip
"""`side` is that of the order; a venue that says long or short means the position it closed."""

FORMATS = (FUNDING, INTEREST, BORROWS, REPAYMENTS, LIQUIDATIONS)
