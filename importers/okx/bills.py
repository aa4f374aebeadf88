"""Bills of the API: the trading account's ledger with the ids of trades, as JSON or CSV, and its quarterly archive."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from importers.cells import epoch, text, word
from importers.contract import Cell, Context, Format, Identity
from importers.declared import claimed, header, spelled, unread
from importers.okx import bill_rows
from importers.okx.account_history import claims
from importers.okx.bill_rows import WORDS
from importers.okx.cells import all_unmarked, cost, money, number_id, reference, said
from importers.okx.symbols import name_instrument

SECTIONS: Mapping[str, str] = {
    "SPOT": "spot", "MARGIN": "margin", **dict.fromkeys(("SWAP", "FUTURES", "OPTION"), "contract"),
}  # fmt: skip
MODES: Mapping[str, str] = {"cross": "cross", "isolated": "isolated", "cash": "cash"}
ROLES: Mapping[str, str] = {"T": "taker", "M": "maker"}
ACCOUNTS: Mapping[str, str] = {"6": "funding"}
"""At the other end of a transfer; 18 is the trading account itself."""
ARCHIVE = (
    "instType,billId,subType,ts,balChg,posBalChg,bal,posBal,sz,px,ccy,pnl,fee,mgnMode,instId,ordId,execType,interest,tag,"
    "fillTime,tradeId,clOrdId,fillIdxPx,fillMarkPx,fillPxVol,fillPxUsd,fillMarkVol,fillFwdPx"
)
NEEDED = "instType,billId,subType,ts,balChg,posBalChg,bal,posBal,sz,ccy,pnl,fee,mgnMode,instId,ordId"
OPTIONAL = "px,execType,interest,tradeId,from,to"

CELLS: dict[str, Cell] = all_unmarked({
    "time": epoch("ts"),
    "bill": number_id("billid"),
    "word": said(WORDS, "subtype", "a subtype as 1 (buy), 104 (liquidation long), 173 (funding fee expense)"),
    "section": word("insttype", SECTIONS),
    "asset": text("ccy", required=True),
    "symbol": reference("instid"),
    **{name: cell_of("instid") for name, cell_of in bill_rows.TERMS.items()},
    "size": money("sz"),
    "price": money("px"),
    "pnl": money("pnl"),
    "cost": cost("fee"),
    "fee_coin": text("no_fee_coin"),
    "change": money("balchg", required=True),
    "balance": money("bal"),
    "position_change": money("posbalchg"),
    "mode": word("mgnmode", MODES),
    "interest": money("interest"),
    "order": reference("ordid"),
    "trade": reference("tradeid"),
    "liquidity": word("exectype", ROLES),
    "from_account": reference("from"),
    "to_account": reference("to"),
})  # fmt: skip


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the bills with the wallet at the other end of a transfer, where they name it."""
    ends = (pl.col(name).replace_strict(ACCOUNTS, default=None, return_dtype=pl.String)
            for name in ("from_account", "to_account"))  # fmt: skip
    return bill_rows.prepare(rows, context).with_columns(pl.coalesce(*ends, "other_wallet").alias("other_wallet"))


BILLS = spelled(Format(
    name="okx.bills",
    family="okx.bills",
    venue="okx",
    title="OKX: bills of the trading account from the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v5/account/bills, bills-archive (3 months) and bills-history-archive (quarters since 2021)",
    headers=(
        header("quarterly archive", ARCHIVE),
        header("API", f"{NEEDED},type", OPTIONAL),
        header("without a type", NEEDED, OPTIONAL),
    ),
    cells=CELLS,
    event=bill_rows.event_of(),
    event_columns=("insttype", "subtype", "mgnmode", "ccy", "sz", "balchg", "posbalchg", "pnl", "fee"),
    cases=bill_rows.CASES,
    ignores=bill_rows.IGNORES,
    sequence="sequence",
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("bill", "asset"), content=("word", "change")),
    claims=(*claims(1), *claimed(fills=1)),
    name_instrument=name_instrument,
    prepare=_prepare,
    unread=unread({
        "type": "the subtype says more, and the archive has no type",
        "posBal": "the fills add up to it",
        "tag,clOrdId,notes": "the user's own words",
        "fillTime": "the bill's own time is that of the balance",
        "fillIdxPx,fillMarkPx,fillPxVol,fillPxUsd,fillMarkVol,fillFwdPx": "of the market at the fill",
        "earnAmt,earnApr": "how the interest came about; the change is what it was",
    }),
))  # fmt: skip

FORMATS = (BILLS,)
