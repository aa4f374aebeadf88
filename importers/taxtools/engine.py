"""What the files of tax tools have in common: a time, what was sent, what was received, a fee, words, an id.

Such a file states what its wallets gained and lost, as their owner or another program has labelled it: it is a ledger
without balances.  Results of derivatives and margin stand there as one amount for a closed position: net, unless the
file has rows of fees beside it, which count by themselves.

A spot trade is two movements of cause `trade` under one reference and its fee, as in other ledgers, and no fill of its
own: the file names neither pair nor side nor price, and nothing of a position hangs on it, since spot pairs are stakes
only in wallets that can borrow or where the row states margin (facts 3.7).  Where one of the two assets can only be
the quote, the book assembles the fill from its legs.  An exchange that the tool calls no trade (a swap without tax) is
a conversion.

Interest here is paid in cash: it is charged and repaid by the same row.  Of a transfer that loses exactly its fee on
the way the fee is in the amount sent; else it is beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from importers import vocabulary
from importers.cells import money, text
from importers.contract import Cell, Confidence, Context, Format, Header, Identity, Zone
from importers.declared import claimed
from importers.taxtools.dialects import folded_word, listed_ticker, pots
from importers.taxtools.rows import AT, CASES, CAUSES, DONE_WITH, ON_CHAIN, SHARED_REF, F, R, S

LABELS = vocabulary.table(__file__, "labels.csv")
EMPTY = ("-",)

# ------------------------------------------------------------------------------------------------- tool


@dataclass(frozen=True, kw_only=True)
class Sides:
    """How a file prints what was sent and what was received, as expressions over its cells."""

    sent: pl.Expr
    sent_asset: pl.Expr
    received: pl.Expr
    received_asset: pl.Expr
    cells: Mapping[str, Cell] = field(default_factory=dict)
    sound: pl.Expr = field(default_factory=lambda: pl.lit(True))


def amount(column: str) -> Cell:
    """Return an amount; `-` is none."""
    return money(column, empty_words=EMPTY)


WIDE = Sides(
    sent=pl.col("sent"), sent_asset=pl.col("sent_asset"), received=pl.col("received"),
    received_asset=pl.col("received_asset"), cells={"sent": amount("sent"), "received": amount("received")},
    sound=pl.all_horizontal(pl.col("sent", "received").fill_null(0) >= 0),
)  # fmt: skip
"""A column for what was sent and one for what was received, both unsigned."""
SIGNED = Sides(
    sent=pl.when(pl.col("amount") < 0).then(-pl.col("amount")), sent_asset=pl.col("asset"),
    received=pl.when(pl.col("amount") > 0).then(pl.col("amount")), received_asset=pl.col("asset"),
    cells={"amount": money("amount", required=True), "asset": text("asset", required=True)},
)  # fmt: skip
"""One amount, below zero where it was sent."""


def by_word(tool: str) -> Sides:
    """Return the sides of a file with base and quote, of which the type says which was sent."""
    ways = {way: [word for word, shape in _lines(tool) if shape in (way, also)]
            for way, also in (("buy", "in"), ("sell", "out"))}  # fmt: skip
    gains, loses = (folded_word("type").is_in(ways[way]) for way in ("buy", "sell"))
    trades = folded_word("type").is_in([word for word, shape in _lines(tool) if shape in ("buy", "sell")])
    base, quote = pl.col("base"), pl.when(trades).then(pl.col("quote"))
    return Sides(
        sent=pl.when(loses).then(base).when(gains).then(quote),
        sent_asset=pl.when(loses).then(pl.col("base_asset")).otherwise(pl.col("quote_asset")),
        received=pl.when(gains).then(base).when(loses).then(quote),
        received_asset=pl.when(gains).then(pl.col("base_asset")).otherwise(pl.col("quote_asset")),
        cells={"base": amount("base"), "quote": amount("quote"), "base_asset": text("base_asset"),
               "quote_asset": text("quote_asset")},
        sound=pl.all_horizontal(pl.col("base", "quote").fill_null(0) >= 0),
    )  # fmt: skip


def _lines(tool: str) -> list[tuple[str, str]]:
    return [(word, line["shape"]) for line in LABELS if line["tool"] == tool for word in line["words"].split(";")]


@dataclass(frozen=True, kw_only=True)
class Tool:
    """What is a tool's own of one of its files; everything else is the same for all."""

    name: str
    """Tool and file: `koinly.template`."""
    title: str
    how: str
    confidence: Confidence
    time: Cell
    headers: tuple[Header, ...]
    columns: Mapping[str, str]
    """Printed header -> role (`ROLES`, `time`, or a column of the sides)."""
    words: str = ""
    """Whose words they are in `labels.csv`; empty: the tool's."""
    sides: Sides = WIDE
    fees_inside: bool = False
    """The amounts reflect the fee already, one in a third asset has a row of its own (CoinTracking)."""
    key: tuple[str, ...] = ()
    """Cells that make a row's identity; empty: all of them."""
    states: Mapping[str, pl.Expr] = field(default_factory=dict)
    """Reason of `DONE_WITH` -> whether a row is ignored so."""
    moves_inside: pl.Expr | None = None
    """Whether a deposit or withdrawal is a transfer between own wallets."""
    fee_on_deposits: bool = True
    more_cells: Mapping[str, Cell] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    rank: int = 6
    resolution_s: int = 1
    assumed_zone: Zone | None = None
    sentinels: tuple[str, ...] = ("no data",)
    recognize: Callable[..., tuple[int, Mapping[int, str]] | None] | None = None


def format_of(tool: Tool) -> Format:
    """Return the format of a tool's file."""
    venue = tool.name.partition(".")[0]
    words, ticker = tool.words or venue, {role: listed_ticker(role, venue) for role in
                                          ("sent_asset", "received_asset", "fee_asset")}  # fmt: skip
    cells: dict[str, Cell] = {
        "time": tool.time, "type": text("type"), "label": text("label"), **ticker, "fee": amount("fee"),
        "note": text("note"), "ref": text("ref"), "hash": text("hash"), "platform": text("platform"),
        "out_pot": text("out_pot"), "in_pot": text("in_pot"), **tool.sides.cells, **tool.more_cells,
    }  # fmt: skip
    events = {(word, shape): (event, kind) for word, shape, event, kind in _meanings(words)}
    return Format(
        name=tool.name,
        family=tool.name,
        venue=venue,
        title=tool.title,
        confidence=tool.confidence,
        how=tool.how,
        headers=tool.headers,
        aliases=dict(tool.columns),
        cells=cells,
        event=_event(tool, events),
        event_columns=("type", "label", "sent", "sent_asset", "received", "received_asset", "amount", "base", "quote",
                       "fee", "fee_asset"),
        cases=CASES,
        ignores={name: DONE_WITH[name] for name in tool.states},
        wallet=pl.col("wallet_of_row"),
        identity=Identity(kind="id_collapses" if tool.key else "content", cells=tool.key or tuple(cells)),
        claims=claimed(0, resolution_s=tool.resolution_s, ledger=tool.rank, interest=tool.rank, borrow_repay=tool.rank),
        prepare=_prepared(tool, events),
        unread=tool.unread,
        assumed_zone=tool.assumed_zone,
        sentinels=tool.sentinels,
        recognize=tool.recognize,
    )  # fmt: skip


def _meanings(tool: str) -> list[tuple[str, str, str, str]]:
    """Return (word, shape, event, kind) for every word of a tool, `any` shape spread over all."""
    spread = {"any": ("in", "out", "both"), "buy": ("both",), "sell": ("both",)}
    return [
        (word, shape, line["event"], _kind_of(line, word))
        for line in LABELS if line["tool"] == tool
        for word in line["words"].split(";")
        for shape in spread.get(line["shape"], (line["shape"],))
    ]  # fmt: skip


def _kind_of(line: Mapping[str, str], word: str) -> str:
    """Return what a row is in our words: the vocabulary's, else the tool's; nothing for what defers to the type."""
    return (
        ""
        if line["event"] == "by_type"
        else line["kind"] or word.replace(" / ", "_").replace("/", "_").replace(" ", "_")
    )


def _shape(sides: Sides) -> pl.Expr:
    """Return in, out or both by what a row moved; null where nothing did."""
    gone, come = sides.sent.fill_null(0) != 0, sides.received.fill_null(0) != 0
    return (
        pl.when(gone & come).then(pl.lit("both")).when(come).then(pl.lit("in")).when(gone).then(pl.lit("out"))
    )  # fmt: skip


def _meant(column: str, sides: Sides, meanings: Mapping[str, str]) -> pl.Expr:
    """Return what the words of a column mean in the row's shape."""
    asked = pl.concat_str(folded_word(column), pl.lit("|"), _shape(sides))
    return asked.replace_strict(dict(meanings), default=None, return_dtype=pl.String)


def _events_of(events: Mapping[tuple[str, str], tuple[str, str]], place: int) -> dict[str, str]:
    return {f"{word}|{shape}": found[place] for (word, shape), found in events.items()}


def _event(tool: Tool, events: Mapping[tuple[str, str], tuple[str, str]]) -> pl.Expr:
    """Return the case of each row: by its label, else its type, else its shape; null where words are unknown."""
    names, sides, shape = _events_of(events, 0), tool.sides, _shape(tool.sides)
    has_fee, has_fee_asset = pl.col("fee").fill_null(0) != 0, pl.col("fee_asset").is_not_null()
    by_label, by_type = _meant("label", sides, names), _meant("type", sides, names)
    by_shape = shape.replace_strict(
        {"both": "trade", "in": "deposit", "out": "withdrawal"}, default=None, return_dtype=pl.String)  # fmt: skip
    worded = (
        pl.when(pl.col("label").is_not_null() & (by_label != "by_type").fill_null(True)).then(by_label)
        .when(pl.col("type").is_not_null()).then(by_type)
        .otherwise(by_shape)
    )  # fmt: skip
    if tool.moves_inside is not None:
        moved = worded.is_in(["deposit", "withdrawal"]) & tool.moves_inside
        worded = pl.when(moved).then(pl.lit("transfer")).otherwise(worded)
    words = {word for word, _ in events}
    known = pl.all_horizontal((folded_word(name).is_in(words) | pl.col(name).is_null()) for name in ("label", "type"))
    refused = pl.lit(False) if tool.fee_on_deposits else has_fee & (shape == "in").fill_null(False)
    event = (
        pl.when(~tool.sides.sound | (has_fee & ~has_fee_asset) | refused).then(None)
        .when(shape.is_null() & has_fee & known & ~pl.lit(tool.fees_inside)).then(pl.lit("fee_only"))
        .otherwise(worded)
    )  # fmt: skip
    for reason, holds in tool.states.items():
        event = pl.when(holds).then(pl.lit(reason)).otherwise(event)
    return event


def _moved_sides(sides: Sides) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return what was sent, received and paid as a fee; null where it is nothing."""
    sent, received, paid = (pl.when(value != 0).then(value) for value in (sides.sent, sides.received, pl.col("fee")))
    return sent, received, paid


def _before_fees(sides: Sides) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return the same of amounts that reflect the fee: without it, and the fee beside them; together what is printed.

    A fee in a third asset has a row of its own, and is none here.
    """
    sent, received, paid = _moved_sides(sides)
    of_sent = ((pl.col("fee_asset") == sides.sent_asset) & sent.is_not_null()).fill_null(False)
    of_received = ((pl.col("fee_asset") == sides.received_asset) & received.is_not_null()).fill_null(False) & ~of_sent
    fee = pl.when(of_sent | of_received).then(paid)
    return (
        sent - pl.when(of_sent).then(fee.fill_null(0)).otherwise(0),
        received + pl.when(of_received).then(fee.fill_null(0)).otherwise(0),
        fee,
    )


def _prepared(
    tool: Tool, events: Mapping[tuple[str, str], tuple[str, str]]
) -> Callable[[pl.DataFrame, Context], pl.DataFrame]:
    kinds, sides, event = _events_of(events, 1), tool.sides, pl.col("event")
    kind = pl.coalesce(_meant("label", sides, kinds).replace("", None), _meant("type", sides, kinds))
    sent, received, paid = _before_fees(sides) if tool.fees_inside else _moved_sides(sides)

    def prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Return the rows with what moved, its pots, causes and references."""
        own = pl.lit(context.wallet or "unified")
        moved = rows.with_columns(
            sent.alias("gone"), received.alias("come"), paid.alias("paid"), kind.alias("kind"),
            sides.sent_asset.alias("sent_asset"), sides.received_asset.alias("received_asset"),
            pl.coalesce(pots("out_pot"), pots("platform"), own).alias("sent_wallet"),
            pl.coalesce(pots("in_pot"), pots("platform"), own).alias("received_wallet"),
            event.replace_strict(CAUSES, default=None, return_dtype=pl.String).alias("cause"),
            pl.when(event.is_in(ON_CHAIN)).then(pl.lit("network_fee")).otherwise(pl.lit("trading_fee"))
            .alias("fee_cause"),
        )  # fmt: skip
        is_trade = event.is_in(["trade", "result", "fee", "fee_only"])
        content = pl.concat_str(AT.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), "sent_asset", S.cast(pl.String),
                                "received_asset", R.cast(pl.String), separator="|", ignore_nulls=True)  # fmt: skip
        key = pl.coalesce(SHARED_REF, content)
        fee_inside = (
            (event == "transfer") & (S - R == F) & (pl.col("fee_asset") == pl.col("sent_asset"))
            & (pl.col("sent_asset") == pl.col("received_asset"))
        ).fill_null(False)  # fmt: skip
        return moved.with_columns(
            pl.when(fee_inside).then(R).otherwise(S).alias("gone"),
            pl.when(S.is_not_null()).then("sent_asset").otherwise("received_asset").alias("changed_asset"),
            pl.when(S.is_not_null()).then("sent_wallet").otherwise("received_wallet").alias("fee_wallet"),
            pl.when(S.is_not_null()).then("sent_wallet").otherwise("received_wallet").alias("wallet_of_row"),
            key.alias("trade_key"),
            pl.when(event == "trade").then(key).when(is_trade).then(SHARED_REF).alias("trade_ref"),
            pl.when(~is_trade).then(SHARED_REF).alias("transaction_ref"),
        )

    return prepare
