"""Candles of public market data: Binance's files, and what ccxt's `fetchOHLCV` returns.

The close of a candle is the price at the last instant of its interval, for which ccxt's candles have no cell: their end
is their beginning and the length that the name or the object says, less a millisecond, as Binance prints it.  The last
candle of a download made before its end holds the price of that moment; which one that is, no file says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl

from importers.cells import epoch, epoch_instants, exact_decimals, kept, money, sane, zoned_instants
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.plain import VENUE
from schemas.types import INSTANT

Head = Sequence[Sequence[str]]
Recognized = tuple[int, Mapping[int, str]] | None

# ------------------------------------------------------------------------------------------------ Binance

KLINE_COLUMNS = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count", "taker_buy_volume",
    "taker_buy_quote_volume", "ignore",
)  # fmt: skip
KLINE_NAME = re.compile(r"^(?P<symbol>[A-Z0-9_]+)-\d+(?:mo|[smhdw])-\d{4}-\d\d(?:-\d\d)?\.", re.IGNORECASE)
KLINE_KINDS = {"markPriceKlines": "mark", "indexPriceKlines": "index", "premiumIndexKlines": None}
EPOCH = re.compile(r"^\d{13}(?:\d{3})?$")


def _symbol_of_name() -> Cell:
    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        found = KLINE_NAME.match(context.file_name)
        return _repeated(found["symbol"].upper() if found else None, columns[0])

    return Cell(columns=("open_time",), read=read, expected="a file name as BTCUSDT-1m-2026-01.csv, for the symbol")


def _kind_of_folder() -> Cell:
    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return _repeated(KLINE_KINDS[folder] if (folder := _folder(context)) else "last", columns[0])

    return Cell(columns=("open_time",), read=read, expected="prices; a premium index is none")


def _is_told() -> Cell:
    """Return `yes` where the folder says which price it is, or there are trades: others are a mark or an index."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        volume, count = exact_decimals(columns[1]), exact_decimals(columns[2])
        computed = ((volume == 0) & (count > 0)).fill_null(False).any()
        return _repeated(None if computed and _folder(context) is None else "yes", columns[0])

    return Cell(
        columns=("open_time", "volume", "count"), read=read,
        expected="prices of trades; these have none, so they are mark prices, index prices or a premium (which is no "
        "price): keep the folders (markPriceKlines) or say --format binance_public.mark_klines or .index_klines",
    )  # fmt: skip


def _folder(context: Context) -> str | None:
    return next((folder for folder in KLINE_KINDS if folder in context.name), None)


def _kind(kind: str) -> Cell:
    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return _repeated(kind, columns[0])

    return Cell(columns=("open_time",), read=read, expected="prices")


def _repeated(value: str | None, like: pl.Series) -> pl.Series:
    return pl.Series([value], dtype=pl.String).new_from_index(0, len(like))


def _headerless(head: Head) -> Recognized:
    """Return the columns of klines without a header: all first records are twelve cells with an epoch at both ends."""
    records = [cells for cells in head if any(cells)]
    fits = all(len(cells) == 12 and EPOCH.match(cells[0]) and EPOCH.match(cells[6]) for cells in records)
    return (-1, dict(enumerate(KLINE_COLUMNS))) if records and fits else None


def _with_or_without_header(head: Head) -> Recognized:
    """Return the columns of klines, the header's where there is one."""
    first = [cell.strip().lower() for cell in head[0]] if head else []
    return (0, dict(enumerate(KLINE_COLUMNS))) if first[:7] == list(KLINE_COLUMNS[:7]) else _headerless(head)


def _end(at: str, price: str) -> Emit:
    return Emit(table="prices", columns={
        "priced_at": pl.col(at), "symbol": pl.col("symbol"), "kind": pl.col("kind"), "price": pl.col(price),
    })  # fmt: skip


KLINES = Format(
    name="binance_public.klines",
    family="binance_public.klines",
    venue=VENUE,
    title="Candles of Binance's public data",
    confidence="API documentation",
    how="data.binance.vision, klines, markPriceKlines or indexPriceKlines; the folders say which, so keep them",
    headers=(Header(name="with header", columns=KLINE_COLUMNS[:7], optional=KLINE_COLUMNS[7:]),),
    cells={
        "open_at": epoch("open_time"),
        "close_at": epoch("close_time"),
        "symbol": _symbol_of_name(),
        "kind": _kind_of_folder(),
        "is_told": _is_told(),
        "open": money("open", required=True),
        "close": money("close", required=True),
    },
    cases={"row": (_end("open_at", "open"), _end("close_at", "close"))},
    time="open_at",
    identity=Identity(kind="content", cells=("symbol", "kind", "open_at", "close_at", "open", "close")),
    unread=dict.fromkeys(
        ("high", "low", "quote_volume", *KLINE_COLUMNS[9:], "quote_asset_volume", "number_of_trades"),
        "a candle counts by its two ends",
    ),
    recognize=_headerless,
)


def _named_by_hand(kind: str) -> Format:
    """Return the format of candles of which only the user knows what they are; it is found by --format alone."""
    return replace(
        KLINES,
        name=f"binance_public.{kind}_klines",
        title=f"Candles of {kind} prices of Binance's public data, without their folders",
        how=f"data.binance.vision, {kind}PriceKlines, where the file lies in no folder of that name: say --format",
        headers=(),
        cells={**{name: cell for name, cell in KLINES.cells.items() if name != "is_told"}, "kind": _kind(kind)},
        unread={**KLINES.unread, **dict.fromkeys(("volume", "count"), "a mark or index price has no trades")},
        recognize=_with_or_without_header,
    )


# --------------------------------------------------------------------------------------------------- ccxt

SPANS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
TIMEFRAME = re.compile(r"(?P<count>\d+)(?P<unit>[smhdwM])")
CANDLE_NAME = re.compile(
    r"^(?P<symbol>[A-Za-z0-9]+[/_-][A-Za-z0-9]+(?:[:_][A-Za-z0-9]+)?)-(?P<timeframe>\d+[smhdwM])"
    r"(?:-(?P<kind>futures|spot|mark|index))?\.[^.]+$"
)
"""`BTC_USDT-1h.json`, `BTC_USDT_USDT-1h-futures.json`, `...-mark.json`: as freqtrade names them."""
CANDLE_KINDS = {None: "last", "spot": "last", "futures": "last", "mark": "mark", "index": "index"}
NAMED = "a file name as BTC_USDT-1h.json or BTC_USDT_USDT-1h-mark.json, or the keys symbol and timeframe beside ohlcv"
PLACES = ("0", "1", "2", "3", "4", "5")
BESIDE = ("symbol", "timeframe", "exchange", "venue")
WORDS = ("timestamp", "open", "high", "low", "close", "volume")


def _said(column: str, group: str) -> Cell:
    """Return what the rows say of all of them, else what the file's name does."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        found = CANDLE_NAME.match(context.file_name)
        named = _repeated(found[group] if found else None, columns[1])
        return columns[0].zip_with(columns[0].is_not_null(), named)

    return Cell(columns=(column, "timestamp"), read=read, expected=NAMED)


def _symbol() -> Cell:
    """Return the unified symbol; a name of a file has `_` for what it cannot hold."""
    said = _said("symbol", "symbol")

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        texts = said.read(columns, context).str.replace("[_-]", "/").str.replace("_", ":", literal=True)
        return texts.str.to_uppercase()

    return replace(said, read=read)


def _candle_kind() -> Cell:
    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        found = CANDLE_NAME.match(context.file_name)
        return _repeated(CANDLE_KINDS[found["kind"].lower() if found and found["kind"] else None], columns[0])

    return Cell(columns=("timestamp",), read=read, expected="prices")


def _opened() -> Cell:
    """Return when a candle began: milliseconds since 1970, or a time that says its zone."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        at = epoch_instants(columns[0])
        return at.zip_with(at.is_not_null(), zoned_instants(columns[0]))

    return Cell(columns=("timestamp",), read=read, required=True, expected="milliseconds since 1970")


def _ended() -> Cell:
    """Return the last millisecond of a candle: its beginning and its length."""
    opened, lasting = _opened(), _said("timeframe", "timeframe")

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        at = opened.read([columns[0]], context)
        lengths = lasting.read([columns[1], columns[0]], context)
        ends = pl.Series([None], dtype=INSTANT).new_from_index(0, len(at))
        for length in lengths.unique().drop_nulls().to_list():
            ends = _after(at, length).zip_with((lengths == length).fill_null(False), ends)
        return sane(ends)

    return Cell(columns=("timestamp", "timeframe"), read=read, expected=NAMED)


def _after(at: pl.Series, timeframe: str) -> pl.Series:
    found = TIMEFRAME.fullmatch(timeframe)
    if found is None:
        return kept(at, at.is_null())
    count, unit = int(found["count"]), found["unit"]
    ends = at.dt.offset_by(f"{count}mo") if unit == "M" else at + timedelta(seconds=count * SPANS[unit])
    return ends - timedelta(milliseconds=1)


def _is_candle(cells: Sequence[str]) -> bool:
    """Say whether the order of the cells can be open, high, low, close (other venues' arrays have another)."""
    try:
        moment, opened, high, low, closed = (float(cell) for cell in cells[:5])
        year = datetime.fromtimestamp(moment / 1000, UTC).year
    except (ValueError, OverflowError, OSError):
        return False
    return low <= min(opened, closed) and high >= max(opened, closed) and 2009 <= year < 2100


def _arrays(head: Head) -> Recognized:
    """Return the columns of an array of arrays [ms, open, high, low, close, volume], or of an object that holds one."""
    if not head:
        return None
    columns, *records = head
    if not set(PLACES) <= set(columns) <= {*PLACES, *BESIDE} or not records:
        return None
    place = {name: columns.index(name) for name in PLACES}
    if not all(_is_candle([cells[place[name]] for name in PLACES]) for cells in records):
        return None
    names = dict(zip(PLACES, WORDS, strict=True))
    return 0, {index: names.get(name, name) for index, name in enumerate(columns)}


OHLCV = Format(
    name="ccxt.ohlcv",
    family="ccxt.ohlcv",
    venue=VENUE,
    title="ccxt: candles",
    confidence="API documentation",
    how="what fetchOHLCV returns, as JSON, {symbol, timeframe, ohlcv} or CSV; else the name says symbol and length",
    headers=(Header(name="CSV", columns=WORDS, optional=("symbol", "timeframe"), exact=True),),
    cells={
        "open_at": _opened(),
        "close_at": _ended(),
        "symbol": _symbol(),
        "kind": _candle_kind(),
        "close": money("close", required=True),
    },
    cases={"row": (_end("close_at", "close"),)},
    time="close_at",
    identity=Identity(kind="content", cells=("symbol", "kind", "close_at", "close")),
    unread=dict.fromkeys(
        ("open", "high", "low", "volume", "exchange", "venue"), "a candle of ccxt counts by its close"
    ),
    recognize=_arrays,
)
"""Not by its open: that is the price of the first trade in it, which came later than its first instant."""

FORMATS = (KLINES, _named_by_hand("mark"), _named_by_hand("index"), OHLCV)
