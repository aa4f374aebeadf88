"""Swaps and futures: the financial records, a ledger without balances; the market's liquidation orders.

`swap_types.csv` says what each number is.  Amounts are signed; of the types whose direction is in their name (funding
income and expense, transfers to and from spot) the sign has to be the name's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from importers.cells import epoch, exact_decimals, money, text
from importers.contract import Cell, Context, Format, Header, Identity
from importers.declared import claimed
from importers.shapes import Words, log_cases, name_dashed, named_symbol, of_contracts
from importers.vocabulary import table

TYPES = Words.of(table(__file__, "swap_types.csv"))
SIGNS = {name: line["sign"] for name, line in TYPES.lines.items() if line["sign"]}


def _signed(column: str, type_column: str) -> Cell:
    """Return an amount, null where its sign is not that of its type."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        wanted = columns[1].str.strip_chars().replace_strict(SIGNS, default=None, return_dtype=pl.String)
        frame = pl.DataFrame({"amount": exact_decimals(columns[0]), "sign": wanted})
        is_other = ((pl.col("sign") == "+") & (pl.col("amount") < 0)) | (
            (pl.col("sign") == "-") & (pl.col("amount") > 0)
        )
        return frame.select(pl.when(~is_other.fill_null(False)).then("amount").alias("amount"))["amount"]

    return Cell(columns=(column, type_column), read=read, required=True,
                expected="a number whose sign is that of its type: 14 and 30 come, 15 and 31 go")  # fmt: skip


RECORDS = Format(
    name="htx.swap_records",
    family="htx.swap_records",
    venue="htx",
    title="HTX swaps and futures: financial records, as JSON or CSV",
    confidence="API documentation",
    how="/linear-swap-api/v3/swap_financial_record (or _exact), /swap-api/v3/swap_financial_record, 48 hours a request",
    headers=(
        Header(name="USDT-margined", columns=(
            "id", "ts", "asset", "contract_code", "margin_account", "type", "amount"),
            optional=("query_id", "face_margin_account")),
        Header(name="coin-margined", columns=("id", "ts", "asset", "contract_code", "type", "amount"),
               optional=("query_id",)),
    ),
    cells={
        "time": epoch("ts"),
        "transaction_ref": text("id", required=True),
        "asset": text("asset", required=True),
        "symbol": named_symbol("contract_code", required=False),
        "word": TYPES.cell("a type as 3, 5, 12, 30", "type"),
        "amount": _signed("amount", "type"),
    },
    event=TYPES.says("event"),
    event_columns=("type",),
    cases=log_cases(TYPES),
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("asset", "transaction_ref"), content=("word", "amount")),
    claims=claimed(ledger=1, funding=1, fees=2, liquidations=1),
    name_instrument=name_dashed,
    prepare=of_contracts(words=TYPES),
    unread={
        "query_id": "counts the rows of the answer's pages",
        "margin_account": "which part of the wallet: cross, or the isolated margin of one contract",
        "face_margin_account": "the part of the wallet at a transfer's other end",
    },
)  # fmt: skip
"""A liquidated position's row is its result; the fee of its close is a row of type 7 or 8 beside it."""

LIQUIDATION_ORDERS = replace(
    RECORDS,
    name="htx.liquidation_orders",
    family="htx.liquidation_orders",
    title="HTX: liquidation orders of the market (recognized, not stored)",
    how="/linear-swap-api/v3/swap_liquidation_orders, /swap-api/v3/swap_liquidation_orders",
    headers=(Header(name="API", columns=(
        "contract_code", "symbol", "direction", "offset", "volume", "price", "created_at", "amount", "trade_turnover"),
        optional=("query_id", "pair", "business_type")),),
    cells={"time": epoch("created_at"), "symbol": text("contract_code"), "price": money("price")},
    event=pl.lit("of others"),
    cases={},
    ignores={"of others": "a liquidation of the market: everybody's, and nobody says whose"},
    identity=Identity(kind="content", cells=("time", "symbol", "price")),
    claims=(),
    wallet="usdm",
    name_instrument=None,
    prepare=None,
    unread=dict.fromkeys(
        ("query_id", "symbol", "pair", "business_type", "direction", "offset", "volume", "amount", "trade_turnover"),
        "of an order of somebody else"),
)  # fmt: skip

FORMATS = (RECORDS, LIQUIDATION_ORDERS)
