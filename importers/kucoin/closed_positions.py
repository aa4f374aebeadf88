"""Closed positions: what the venue says each realized, paid as fees and funding, and whether it was liquidated.

`Total Realized PNL` of the files and `realisedGrossCost` of the API are a cost: + is a loss.  Every row proves it:
net = funding - fees - that cost; a row in which it holds with the other sign only states the result as a gain.
Funding is a sum of the position, of which no file has the parts.  It is dated at the last of the venue's settlements
that the position was held at, so that the API's funding, where it is imported, covers the instant and speaks instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import polars as pl

from importers.cells import epoch, exact_decimals, money, text, word
from importers.contract import Cell, Claim, Context, Emit, Format, Header, Identity
from importers.declared import header, unread
from importers.kucoin.cells import MASKED, NOTHING_FOUND, SINGAPORE, STRATEGY, clock, is_of_sub_account
from importers.kucoin.futures import MARGIN_MODES
from importers.kucoin.symbols import FUTURES, contract, futures_wallet, name_contract, with_settle

AT, SYMBOL, SETTLE, SIDE = pl.col("time"), pl.col("symbol"), pl.col("settle"), pl.col("side")
NET, COST, FUNDING, FEES = pl.col("net"), pl.col("cost"), pl.col("funding"), pl.col("fees")
STEP = 1e-6
"""Up to which the sums are printed exactly."""

CLOSES = {
    f"{how}_{side}": f"{how}_{side}".casefold() for how in ("CLOSE", "LIQUID", "ADL") for side in ("LONG", "SHORT")
}
"""CLOSE_LONG has closed a long."""


def _is_small(difference: pl.Expr) -> pl.Expr:
    return difference.cast(pl.Float64).abs() <= STEP


def _last_settlement() -> pl.Expr:
    """Return the last settlement while the position was held, by the venue's hours; its close where there was none.

    04:00, 12:00 and 20:00 UTC (help centre, funding fee, read 2026-11); contracts that settle more often do so at full
    four hours, or at full hours.
    """
    hours = (pl.lit(timedelta(hours=4)) + (AT - timedelta(hours=4)).dt.truncate("8h"), AT.dt.truncate("4h"),
             AT.dt.truncate("1h"))  # fmt: skip
    held = (pl.when(hour > pl.col("opened_at")).then(hour) for hour in hours)
    return pl.coalesce(*held, AT)


COST_IS_LOSS = _is_small(NET + COST - FUNDING + FEES)
COST_IS_GAIN = _is_small(NET - COST - FUNDING + FEES)


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the result before fees and funding, + = gain, and what closed which side."""
    how = pl.col("close_type").str.split("_")
    named = with_settle(rows).with_columns(
        gross=pl.when(COST_IS_LOSS).then(-COST).otherwise(COST),
        how=how.list.first(),
        side=how.list.last(),
        pot=futures_wallet(SETTLE),
        funded_at=_last_settlement(),
        opened_second=pl.col("opened_at").dt.truncate("1s"),
        closed_second=AT.dt.truncate("1s"),
    )
    return named.with_columns(closing=pl.when(SIDE == "long").then(pl.lit("sell")).otherwise(pl.lit("buy")))


def _with_sub_accounts(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    of_sub = is_of_sub_account(rows["sub_account"])
    return _prepare(rows, context).with_columns(pot=pl.when(of_sub).then(pl.lit(STRATEGY)).otherwise("pot"))


def _result(basis: str, amount: pl.Expr) -> Emit:
    return Emit(table="stated_results", columns={
        "booked_at": AT, "symbol": SYMBOL, "asset": SETTLE, "amount": amount, "basis": pl.lit(basis),
        "grain": pl.lit("position"),
    })  # fmt: skip


POSITION: Mapping[str, pl.Expr] = {
    "stated_at": AT, "symbol": SYMBOL, "position_side": SIDE, "quantity": pl.lit(0), "opened_at": pl.col("opened_at"),
    "closed_at": AT,
}  # fmt: skip


def _funded(at: pl.Expr) -> Emit:
    return Emit(table="funding", where=FUNDING != 0, columns={
        "paid_at": at, "symbol": SYMBOL, "position_side": SIDE, "asset": SETTLE, "amount": FUNDING,
    })  # fmt: skip


FUNDED = _funded(pl.col("funded_at"))


def _forced(columns: Mapping[str, pl.Expr]) -> Emit:
    return Emit(table="liquidations", where=pl.col("how") != "close", columns={
        "liquidated_at": AT, "symbol": SYMBOL, "side": pl.col("closing"),
        "stage": pl.when(pl.col("how") == "adl").then(pl.lit("adl")).otherwise(pl.lit("full")), **columns,
    })  # fmt: skip


CLAIMS = tuple(
    Claim(fact=fact, rank=9, partial=True, filterable=True, resolution_s=1, skew_s=2)
    for fact in ("funding", "liquidations")
)  # fmt: skip
"""Of what no better export covers: open positions have paid, too."""


CELLS: dict[str, Cell] = {
    "time": clock("closed"),
    "opened_at": clock("opened"),
    "sub_account": text("account type"),
    "symbol": contract("symbol"),
    "close_type": word("close_type", CLOSES, required=True),
    "net": money("net", required=True),
    "cost": money("cost", required=True),
    "funding": money("funding", required=True),
    "fees": money("fees", required=True),
}
COLUMNS = (
    "UID,Account Type,Symbol,Close Type,Realized PNL,Total Realized PNL,Total Funding Fees,Total Trading Fees,"
    "Position Opening Time(UTC),{}Position Closing Time(UTC)"
)

REALIZED_PNL = Format(
    name="kucoin.realized_pnl",
    family="kucoin.closed_positions",
    venue="kucoin",
    title="KuCoin futures: realized PNL of closed positions, with their funding",
    confidence="real file seen",
    how="Orders, Financial history, Export: `Futures Orders_Realized PNL` in the zip",
    headers=(
        header("plain", COLUMNS.format("")),
        header("comma in a heading", COLUMNS.format("|"), confidence="parser seen"),
    ),
    aliases={
        "Close Type": "close_type", "Realized PNL": "net", "Total Realized PNL": "cost",
        "Total Funding Fees": "funding", "Total Trading Fees": "fees", "Position Opening Time(UTC)": "opened",
        "Position Closing Time(UTC)": "closed", ",Position Closing Time(UTC)": "closed",
    },
    cells=CELLS,
    event=pl.when(COST_IS_LOSS | COST_IS_GAIN).then(pl.lit("closed")),
    event_columns=("net", "cost", "funding", "fees"),
    cases={"closed": (
        _result("net", NET), _result("gross", pl.col("gross")), Emit(table="stated_positions", columns=POSITION),
        FUNDED, _forced({}),
    )},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("symbol", "close_type", "opened_second", "closed_second")),
    claims=CLAIMS,
    name_instrument=name_contract,
    prepare=_with_sub_accounts,
    unread=unread({"uid": MASKED, "account type": "the main account, or the sub-account whose pot the row is in"}),
    sentinels=NOTHING_FOUND,
    assumed_zone=SINGAPORE,
    file_name=".*",
)  # fmt: skip
"""Only closed positions have a row: what an open one has paid so far stands in no file."""

# ------------------------------------------------------------------------------------- where there are no fills


def _moved(cause: str, amount: pl.Expr) -> Emit:
    return Emit(table="movements", where=amount != 0, columns={
        "moved_at": AT, "pool": pl.lit("asset"), "asset": SETTLE, "amount": amount, "cause": pl.lit(cause),
        "symbol": SYMBOL, "position_side": SIDE,
    })  # fmt: skip


BOOKED = (Claim(fact="ledger", rank=6, grain="position", filterable=True, resolution_s=1, skew_s=2,
                wallets=(*FUTURES, STRATEGY)),)  # fmt: skip

REALIZED_PNL_ALONE = replace(
    REALIZED_PNL,
    name="kucoin.realized_pnl_alone",
    family="kucoin.realized_pnl_alone",
    title="KuCoin futures: realized PNL as bookings, where there are no fills (--format kucoin.realized_pnl_alone)",
    how="the same file as kucoin.realized_pnl, where the fills cannot be had: its results, fees and funding are booked "
    "at the close of each position",
    cases={
        "closed": (
            _moved("realized_pnl", pl.col("gross")),
            _moved("funding", FUNDING),
            _moved("trading_fee", -FEES),
            _result("net", NET),
            _result("gross", pl.col("gross")),
            Emit(table="stated_positions", columns=POSITION),
            _funded(AT),
            _forced({}),
        )
    },
    claims=(*BOOKED, *CLAIMS),
    file_name="(?!)",
)
"""Chosen with `--format` only: beside fills it would book fees twice, at the fill and at the close."""

# ------------------------------------------------------------------------------------------------------ API

API_POSITION: Mapping[str, pl.Expr] = {
    **POSITION, "margin_mode": pl.col("margin_mode"), "entry_price": pl.col("entry"), "exit_price": pl.col("exit"),
}  # fmt: skip

API = replace(
    REALIZED_PNL,
    name="kucoin.closed_positions",
    title="KuCoin futures: closed positions of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v1/history-positions",
    headers=(Header(name="API", columns=(
        "closeId", "symbol", "settleCurrency", "type", "pnl", "realisedGrossCost", "tradeFee", "fundingFee",
        "openTime", "closeTime", "openPrice", "closePrice"), optional=("marginMode", "liquidPrice")),),
    aliases={
        "type": "close_type", "pnl": "net", "realisedGrossCost": "cost", "tradeFee": "fees",
        "fundingFee": "funding", "openTime": "opened", "closeTime": "closed", "openPrice": "open_price",
        "closePrice": "close_price", "marginMode": "margin_mode", "liquidPrice": "liquid_price",
    },
    cells={
        **{name: cell for name, cell in CELLS.items() if name != "sub_account"},
        "time": epoch("closed"),
        "opened_at": epoch("opened"),
        "entry": money("open_price"),
        "exit": money("close_price"),
        "margin_mode": word("margin_mode", MARGIN_MODES),
    },
    cases={"closed": (
        _result("net", NET), _result("gross", pl.col("gross")), Emit(table="stated_positions", columns=API_POSITION),
        FUNDED, _forced({"price": pl.col("exit"), "margin_mode": pl.col("margin_mode")}),
    )},
    prepare=_prepare,
    unread=unread({
        "settlecurrency": "the contract's name says it",
        "closeid": "the files have none: contract and times say which position it is",
        "liquid_price": "the mark price at which it was, or would have been, liquidated",
        "userid, leverage, withdrawpnl, tax, roe, liquidamount, side, closesize, maxsize": "not needed for its result",
    }),
    assumed_zone=None,
    file_name=None,
)  # fmt: skip

# ------------------------------------------------------------------------------------------- before the zip

GLUED = r"^\s*(?<number>[+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*(?<unit>[A-Za-z0-9]+)\s*(?:≈.*)?$"
"""`5.51USDT≈ 5.52USD`: the result, and what it was worth."""


def _result_part(part: str) -> Cell:
    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        found = columns[0].str.extract_groups(GLUED).struct.field(part)
        return exact_decimals(found) if part == "number" else found.str.to_uppercase()

    return Cell(columns=("pnl",), read=read, required=True, expected="a result with its asset, as 5.51USDT≈ 5.52USD")


OLD_REALIZED = Format(
    name="kucoin.old_realized_pnl",
    family="kucoin.old_realized_pnl",
    venue="kucoin",
    title="KuCoin futures: realized PNL of the single file before the zip",
    confidence="real file seen",
    how="Futures, Orders, PNL, Export of 2020 to 2023 (Singapore time, which the file does not say)",
    headers=(Header(name="before the zip", columns=("Contract", "Realized PNL", "Close Time", "PNL Details")),),
    aliases={"Realized PNL": "pnl", "Close Time": "closed"},
    cells={
        "time": clock("closed"),
        "symbol": text("contract", required=True),
        "net": _result_part("number"),
        "unit": _result_part("unit"),
    },
    cases={"row": (
        Emit(table="movements", columns={
            "moved_at": AT, "pool": pl.lit("asset"), "asset": SETTLE, "amount": NET,
            "cause": pl.lit("session_result"), "symbol": SYMBOL,
        }),
        _result("net", NET),
    )},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("symbol", "time", "net", "settle")),
    claims=BOOKED,
    name_instrument=name_contract,
    prepare=lambda rows, context: rows.with_columns(settle=pl.col("unit").replace("XBT", "BTC")).with_columns(
        pot=futures_wallet(SETTLE)),
    unread=unread({"pnl details": "text for people"}),
    sentinels=NOTHING_FOUND,
    assumed_zone=SINGAPORE,
)  # fmt: skip
"""One amount a position: result, fees and funding together."""

FORMATS = (REALIZED_PNL, REALIZED_PNL_ALONE, API, OLD_REALIZED)
