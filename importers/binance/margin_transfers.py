"""Transfers to and from margin accounts, and between all wallets (universal transfers), of the API.

One row states one leg: that of the margin account whose history it is; of a universal transfer that of margin (cross
before isolated), else of spot, else of the wallet it leaves.  Both histories name a transfer by one id.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.binance.margin_records import IGNORES, STATUSES
from importers.binance.pots import CROSS, ISOLATED
from importers.cells import epoch, money, text, whole_id, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed_in_part

ENDS = {
    "SPOT": "spot", "FUTURES": "usdm", "DELIVERY": "coinm", "MINING": "mining", "FUNDING": "funding",
    "OPTION": "options", "ISOLATED_MARGIN": ISOLATED, "CROSS_MARGIN": CROSS,
    "FIAT": "elsewhere", "MOTHER_SPOT": "elsewhere", "SUB_SPOT": "elsewhere", "SUB_MARGIN": "elsewhere",
}  # fmt: skip
"""What a transfer's ends are called; `elsewhere`: another account of the same owner, or a wallet that is gone."""
WALLETS = {
    "MAIN": "spot", "MARGIN": CROSS, "PORTFOLIO_MARGIN": CROSS, "ISOLATEDMARGIN": ISOLATED, "ISOLATED_MARGIN": ISOLATED,
    "UMFUTURE": "usdm", "CMFUTURE": "coinm", "FUNDING": "funding", "OPTION": "options", "MINING": "mining",
}  # fmt: skip
"""What the halves of a universal transfer's type are called: MAIN_MARGIN goes from spot to cross margin."""
UNIVERSAL = {
    f"{start}_{end}": (WALLETS[start], WALLETS[end]) for start in WALLETS for end in WALLETS
    if WALLETS[start] != WALLETS[end] or WALLETS[start] == ISOLATED
}  # fmt: skip
POTS = (CROSS, ISOLATED)
FIRST = (*POTS, "spot")

AMOUNT, STATUS, WAY = pl.col("amount"), pl.col("status"), pl.col("way")
START, END = pl.col("start"), pl.col("end")

LEG = Emit(table="transfers", columns={
    "moved_at": pl.col("time"), "asset": pl.col("asset"), "amount": pl.col("signed"), "kind": pl.lit("internal"),
    "other_wallet": pl.col("other_wallet"), "transaction_ref": pl.col("transaction_ref"),
    "status": pl.lit("confirmed"), "pair": pl.col("pair"),
})  # fmt: skip


def _with_leg(rows: pl.DataFrame, comes: pl.Expr, context: Context) -> pl.DataFrame:
    """Return the rows with the leg they state, where `comes` says whether it is the end that gains."""
    own, other = pl.when(comes).then(END).otherwise(START), pl.when(comes).then(START).otherwise(END)
    return rows.with_columns(
        own.fill_null(context.wallet or CROSS).alias("pot"),
        other.replace("elsewhere", None).alias("other_wallet"),
        pl.when(comes).then(AMOUNT).otherwise(-AMOUNT).alias("signed"),
        pl.when(comes).then("to_symbol").otherwise("from_symbol").alias("pair"),
    )


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the margin account's leg: ROLL_IN comes; without a type, what goes there comes."""
    return _with_leg(rows, WAY.fill_null(pl.when(END.is_in(POTS)).then(pl.lit("in"))) == "in", context)


def _prepare_universal(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the leg of the first of cross, isolated and spot that they touch, else of the start."""
    place = {wallet: index for index, wallet in enumerate(FIRST)}
    order = [end.replace_strict(place, default=len(FIRST), return_dtype=pl.Int64) for end in (START, END)]
    ended = rows.with_columns(
        pl.col("type").replace_strict({name: ends[0] for name, ends in UNIVERSAL.items()}).alias("start"),
        pl.col("type").replace_strict({name: ends[1] for name, ends in UNIVERSAL.items()}).alias("end"),
    )
    return _with_leg(ended.with_columns((order[1] < order[0]).alias("comes")), pl.col("comes"), context)


CELLS: dict[str, Cell] = {
    "time": epoch("timestamp"),
    "asset": text("asset", required=True),
    "amount": money("amount", required=True),
    "status": word("status", STATUSES, required=True),
    "way": word("type", {"ROLL_IN": "in", "ROLL_OUT": "out"}),
    "start": word("transfrom", ENDS),
    "end": word("transto", ENDS),
    "from_symbol": text("fromsymbol"),
    "to_symbol": text("tosymbol"),
    "transaction_ref": whole_id("txid", required=True),
}
IS_TOLD = WAY.is_not_null() | (START.is_in(POTS) != END.is_in(POTS))

MARGIN_TRANSFERS = Format(
    name="binance.margin_transfers",
    family="binance.margin_transfers",
    venue="binance",
    title="Binance margin: transfers to and from margin accounts of the API",
    confidence="API documentation",
    how="/sapi/v1/margin/transfer (per isolatedSymbol for isolated), formerly /sapi/v1/margin/isolated/transfer",
    headers=(
        Header(name="with both ends", columns=(
            "amount", "asset", "status", "timestamp", "txId", "transFrom", "transTo"),
            optional=("type", "fromSymbol", "toSymbol")),
        Header(name="with the type only", columns=("amount", "asset", "status", "timestamp", "txId", "type")),
    ),
    cells=CELLS,
    event=pl.when(STATUS != "done").then(STATUS).when(IS_TOLD).then(pl.lit("leg")),
    event_columns=("type", "transfrom", "transto"),
    cases={"leg": (LEG,)},
    ignores=IGNORES,
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id_collapses", cells=("transaction_ref", "pot", "asset", "signed")),
    claims=(claimed_in_part(2),),
    prepare=_prepare,
)  # fmt: skip
"""Times are in seconds in the documented sample, elsewhere in milliseconds.  A transfer between two margin accounts has
a row in the history of each.  The same leg may stand in both histories, a second apart: it is one."""

UNIVERSAL_TRANSFERS = replace(
    MARGIN_TRANSFERS,
    name="binance.universal_transfers",
    title="Binance: transfers between all wallets of the API",
    how="/sapi/v1/asset/transfer, which has to be asked for each type",
    headers=(Header(name="API", columns=("asset", "amount", "type", "status", "tranId", "timestamp"),
                    optional=("fromSymbol", "toSymbol")),),
    cells={
        **{name: CELLS[name] for name in ("time", "asset", "amount", "status", "from_symbol", "to_symbol")},
        "type": word("type", {name: name for name in UNIVERSAL}, required=True, what="a type as MAIN_MARGIN"),
        "transaction_ref": whole_id("tranid", required=True),
    },
    event=pl.when(STATUS == "done").then(pl.lit("leg")).otherwise(STATUS),
    event_columns=("type",),
    prepare=_prepare_universal,
)  # fmt: skip

FORMATS = (MARGIN_TRANSFERS, UNIVERSAL_TRANSFERS)
