"""The ledger of the API: every change of the main, trade and margin accounts, with ids and running balances.

`context` is JSON: symbol, order and trade of a trade.  Of the futures account it has the transfers only; its ledger is
another (`futures_ledger.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from importers.cells import epoch, money, text, translate, word
from importers.contract import Cell, Context, Format, Header, Identity
from importers.declared import claimed, claimed_in_part, unread
from importers.kucoin import ledger_rows
from importers.kucoin.cells import POTS
from importers.kucoin.ledger_rows import CASES, DIRECTIONS, EVENT, WORDS
from importers.kucoin.symbols import FUTURES, asset, futures_wallet, name_any

ACCOUNTS = {
    "MAIN": "funding", "TRADE": "spot", "TRADE_HF": "spot", "MARGIN": "cross_margin", "MARGIN_V2": "cross_margin",
    "ISOLATED": "isolated_margin", "ISOLATED_V2": "isolated_margin", "CONTRACT": "futures",
}  # fmt: skip
"""Account types of ledgers and transfers; `_V2` and `_HF` are the high-frequency accounts that replaced the others."""


IS_FUTURES = pl.col("account") == "futures"


def _account(row: str, column: str) -> Cell:
    """Return the wallet of a row; older answers have no account type, there `--wallet` says it."""
    folded = {name.casefold(): place for name, place in ACCOUNTS.items()}

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        _, printed = columns
        said = pl.Series([context.wallet], dtype=pl.String).new_from_index(0, len(printed))
        return said.zip_with(printed.is_null(), translate(printed, folded))

    return Cell(columns=(row, column), read=read, required=True,
                expected="an accountType as MAIN, TRADE, MARGIN, or --wallet")  # fmt: skip


def _of_context(key: str) -> pl.Expr:
    return pl.col("context").str.json_path_match(f"$.{key}").replace("", None)


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with their pot, and a balance where it is that of the whole pot.

    The account of a pair has a balance of its own, and so have an old account and the one that replaced it.
    """
    is_isolated = (pl.col("type") == "isolated_exchange") | (pl.col("account") == POTS[1])
    pot = pl.when(IS_FUTURES).then(futures_wallet(pl.col("asset"))).when(is_isolated).then(pl.lit(POTS[1]))
    named = rows.with_columns(
        pot=pot.otherwise("account"), symbol=_of_context("symbol"), trade_ref=_of_context("tradeId"),
        order_ref=_of_context("orderId"), remark=_of_context("remark"),
    )  # fmt: skip
    is_whole = (pl.col("account_type").n_unique().over("pot") == 1) & (pl.col("pot") != POTS[1])
    return ledger_rows.prepare(named.with_columns(balance=pl.when(is_whole).then("balance")), context)


ACCOUNT_LEDGER = Format(
    name="kucoin.account_ledger",
    family="kucoin.account_ledger",
    venue="kucoin",
    title="KuCoin: ledger of the main, trade and margin accounts of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v1/accounts/ledgers, /api/v1/hf/accounts/ledgers, /api/v3/hf/margin/account/ledgers",
    headers=(Header(name="API", columns=(
        "id", "currency", "amount", "fee", "balance", "bizType", "direction", "createdAt"),
        optional=("accountType", "context")),),
    aliases={"createdAt": "time", "bizType": "biz_type", "accountType": "account_type"},
    cells={
        "time": epoch("time"),
        "ledger_id": text("id", required=True),
        "account": _account("id", "account_type"),
        "asset": asset("currency"),
        "way": word("direction", DIRECTIONS, required=True),
        "amount": money("amount", required=True),
        "fee": money("fee"),
        "balance": money("balance"),
        "type": word("biz_type", WORDS, required=True, what="a bizType as TRADE_EXCHANGE, TRANSFER, Deposit"),
        "context": text("context"),
        "account_type": text("account_type"),
    },
    event=pl.when(~IS_FUTURES).then(EVENT)
    .when(EVENT == "transfer").then(pl.lit("futures_transfer")),
    event_columns=("account_type", "biz_type", "direction"),
    cases={**CASES, "futures_transfer": (ledger_rows.transfer("internal"),)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("ledger_id",), content=("asset", "signed", "type")),
    claims=(
        *claimed(wallets=('funding', 'spot', *POTS), ledger=1), claimed_in_part(2, wallets=FUTURES), *claimed(2,
        wallets=POTS, borrow_repay=3)
    ),
    name_instrument=name_any,
    prepare=_prepare,
    unread=unread({"tax": "regional, and inside the amount"}),
)  # fmt: skip

FORMATS = (ACCOUNT_LEDGER,)
