"""From the fills of a wallet to legs and positions: streams, hedge mode, openings that the export does not show.

Contracts are folded here; spot-pair fills on margin come as streams, too, from `ledger.accounting.stakes` and
`ledger.accounting.lots`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from ledger.accounting.fold import Legs, deficit, fold, hedge_sides, mismatches, opening_of_sizes, possible_openings
from ledger.accounting.forced_openings import parts_of_forced
from ledger.accounting.running import with_running_totals
from ledger.accounting.sharing import shared
from schemas.ddl import column_types
from schemas.derived import InventoryPart, Leg, Position
from schemas.tables import Table
from schemas.types import INSTANT, KEY, MONEY, UNIT

STREAM = ("product", "pair", "symbol", "side_key")
SIGNS = {"long": 1, "short": -1}
TOLERANCE_SHARE = 5_000_000  # stated results follow average prices of limited digits: 2e-7 of the value
TOLERANCE_FLOOR = 2 * 10**10  # and are printed with 8 decimals
TRIED_OPENINGS = 12
BOOKED_LATE = timedelta(seconds=60)
"""Funding is booked seconds after the full hour at which the position was held."""
CLEAR_WALLETS = ("usdm", "coinm", "unified")
"""Wallets of a venue that hold different instruments, so that a symbol tells which one it is."""
ENDINGS = {"liquidation": "liquidated", "adl": "adl", "delivery": "delivered", "settlement": "delivered"}


Size = tuple[datetime, str | None, int]
"""Instant, position side or None, and the size that was stated for it, at 1e-18."""


@dataclass(kw_only=True)
class Stream:
    """The fills of one key in execution order, and what was concluded about them."""

    fills: pl.DataFrame
    position_side: str
    opening: int = 0
    flags: set[str] = field(default_factory=set)
    legs: Legs = field(default_factory=Legs)
    wrong: list[int] = field(default_factory=list)
    """Fills whose stated result differs."""
    gathered: pl.DataFrame | None = None
    """The fill of each leg with its shares, where they are made already."""
    guessed: set[int] = field(default_factory=set)
    """Positions that may be sales of inventory."""
    after: datetime | None = None
    """When the position before was closed, where the fills are the rest of a longer run; its opening is later."""
    beside: pl.DataFrame | None = None
    """Parts of the fills that belong to no position: columns of `InventoryPart` and `position`, their last one."""


Sizes = Mapping[str, Sequence[Size]]
"""Sizes that funding rows state, by symbol."""


@dataclass(frozen=True, kw_only=True)
class Reconstructed:
    """What the fills make: legs, positions, and beside them the parts of spot-pair fills that belong to none.

    `differences` are the fills whose stated result differs: position_id, row_key, realized, realized_stated.
    """

    legs: pl.DataFrame
    positions: pl.DataFrame
    inventory: pl.DataFrame
    differences: pl.DataFrame


def reconstruct(streams: Sequence[Stream], sizes: Sizes, covered_from: datetime | None) -> Reconstructed:
    """Return what the streams make; `sizes` and `covered_from` date openings that no fill shows."""
    made = [stream for stream in streams if stream.legs.fill]
    rows = [_rows_of(stream, sizes.get(stream.fills["symbol"][0], ()), covered_from) for stream in made]
    beside = [stream.beside for stream in (*made, *(stream for stream in streams if not stream.legs.fill))]
    return _named([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows], beside)


def with_delta(fills: pl.DataFrame) -> pl.DataFrame:
    """Return the fills with `delta`, the signed change of size."""
    return fills.with_columns(
        delta=pl.when(pl.col("side") == "buy").then(pl.col("quantity")).otherwise(-pl.col("quantity"))
    )


def contract_streams(fills: pl.DataFrame, sizes: Sizes) -> list[Stream]:
    """Return the streams of derivative fills."""
    keyed = with_delta(fills).with_columns(
        side_key=pl.when(pl.col("position_side").is_in(["long", "short"]))
        .then("position_side")
        .otherwise(pl.lit("both")),
    )
    keyed = _with_closers(keyed)
    streams: list[Stream] = []
    for (_, _, symbol, side_key), group in keyed.partition_by(*STREAM, as_dict=True, maintain_order=True).items():
        for stream in _streams_of(group, str(side_key), sizes.get(str(symbol), ())):
            streams += _reduced_by_force(stream)
    return streams


def _reduced_by_force(stream: Stream) -> list[Stream]:
    """Return a one-way stream with the openings that its surely forced fills demand, in runs of its fills."""
    fills = stream.fills
    if stream.position_side != "both" or "is_surely_forced" not in fills or not fills["is_surely_forced"].any():
        return [stream]
    parts = parts_of_forced(_required(_ints(fills["delta"])), fills["is_surely_forced"].to_list(), stream.opening)
    if [(0, stream.opening)] == parts:
        return [stream]
    ends = [*(part.first for part in parts[1:]), fills.height]
    runs = []
    for part, end in zip(parts, ends, strict=True):
        run = Stream(fills=fills[part.first : end], position_side=stream.position_side,
                     flags=stream.flags - {"opening_inferred"})  # fmt: skip
        runs.append(_replayed(run, part.opening))
        runs[-1].after = fills["filled_at"][part.first - 1] if part.first else None
    return [run for run in runs if run.fills.height]


def _with_closers(keyed: pl.DataFrame) -> pl.DataFrame:
    """Put closes whose row names the side they close to the one-way stream, where it is the only one that opens.

    In one-way mode some venues still call a delivery or a liquidation one of the long or the short.
    """
    if keyed["side_key"].n_unique() < 2:
        return keyed
    stream = [name for name in STREAM if name != "side_key"]
    one_way = ((pl.col("side_key") == "both") & (pl.col("position_side") == "both")).any().over(stream)
    opens = (pl.col("side_key") == "long") & (pl.col("delta") > 0) | (pl.col("side_key") == "short") & (
        pl.col("delta") < 0
    )
    moved = one_way & ~opens.any().over(stream)
    return keyed.with_columns(side_key=pl.when(moved).then(pl.lit("both")).otherwise("side_key"))


def lot_stream(fills: pl.DataFrame, position_side: str) -> Stream:
    """Return the stream of one lot: its opening fill, if the export shows it, and what closed it."""
    return _with_opening(_replayed(Stream(fills=fills, position_side=position_side)), ())


# ------------------------------------------------------------------------------------------------ streams


def _streams_of(group: pl.DataFrame, side_key: str, sizes: Sequence[Size]) -> list[Stream]:
    """Return one stream, or two where only hedge mode explains the stated results.

    What needs the least that is unknown wins: one-way from flat, the two sides of a hedge from flat, one-way from an
    opening that the export does not show, a hedge with such openings.
    """
    if side_key == "both" and _only_a_hedge(group):
        return _hedge(group)
    one = _replayed(Stream(fills=group, position_side=side_key))
    stated = group["realized_stated"].is_not_null().any()
    if not stated or side_key != "both":
        return [_with_opening(one, sizes)]
    if not one.wrong and not _opening_of_delivery(one, _required(_ints(group["delta"]))):
        return [one]
    unsaid = not group["position_side"].is_not_null().any()
    hedge = _hedge(group) if unsaid else []
    if hedge and not any(stream.wrong or stream.opening for stream in hedge):
        return hedge
    best = min(([_with_opening(one, sizes)], hedge, [one]), key=lambda streams: _doubt(streams, group.height))
    for stream in best:
        if stream.wrong:
            stream.flags |= {"realized_mismatch"} | ({"hedge_undecidable"} if len(best) > 1 else set())
    return best


def _only_a_hedge(group: pl.DataFrame) -> bool:
    """Return whether a row opens against what one side holds, while no row names its side: both sides are held."""
    if group["position_side"].is_not_null().any() or group["effect"].null_count():
        return False
    net = 0
    for delta, effect in zip(_required(_ints(group["delta"])), group["effect"], strict=True):
        if effect == "open" and net * delta < 0:
            return True
        net += delta
    return False


def _doubt(streams: Sequence[Stream], fills: int) -> int:
    return sum(len(stream.wrong) for stream in streams) if streams else fills + 1


def _hedge(group: pl.DataFrame) -> list[Stream]:
    """Return the long and the short stream of fills without a side, by what their stated results say."""
    sides = _sides_by_effect(group) or hedge_sides(_required(_ints(group["delta"])), _ints(group["realized_stated"]))
    streams = []
    for sign, name in ((1, "long"), (-1, "short")):
        part = group.filter(pl.Series([side == sign for side in sides]))
        if part.height:
            streams.append(
                _with_opening(_replayed(Stream(fills=part, position_side=name, flags={"hedge_inferred"})), ())
            )
    return streams


def _sides_by_effect(group: pl.DataFrame) -> list[int]:
    """Return +1 (long) or -1 (short) of each fill where every row says whether it opens or closes; else nothing."""
    if group["effect"].null_count():
        return []
    return [
        (1 if (delta > 0) == (effect == "open") else -1)
        for delta, effect in zip(_required(_ints(group["delta"])), group["effect"], strict=True)
    ]


def _replayed(stream: Stream, opening: int = 0) -> Stream:
    """Return the stream folded from flat, or from an opening."""
    deltas, values = _required(_ints(stream.fills["delta"])), _values(stream.fills)
    legs = fold(deltas, values, opening)
    known = stream.fills["notional"].null_count() == 0
    stated, tolerance = _ints(stream.fills["realized_stated"]), _tolerances(stream.fills)
    wrong = mismatches(legs, stated, tolerance, opening) if known else []
    flags = (
        stream.flags | ({"opening_inferred"} if opening else set()) | (set() if known else {"unknown_contract_size"})
    )
    return Stream(
        fills=stream.fills, position_side=stream.position_side, opening=opening, flags=flags, legs=legs, wrong=wrong
    )


def _with_opening(stream: Stream, sizes: Sequence[Size]) -> Stream:
    """Return the stream from the opening that its closes, stated results or stated sizes demand, if any does."""
    deltas = _required(_ints(stream.fills["delta"]))
    stated = _ints(stream.fills["realized_stated"])
    side = SIGNS.get(stream.position_side, 0)
    delivered = _opening_of_delivery(stream, deltas)
    if side:
        openings = [deficit(deltas, side)]
    elif delivered:
        openings = [delivered]
    elif any(result is not None for result in stated):
        openings = possible_openings(deltas, _values(stream.fills), stated)[:TRIED_OPENINGS]
    else:
        openings = [_opening_of_funding(stream, deltas, sizes)]
    replays = [_replayed(stream, opening) for opening in openings if opening]
    return min(replays, key=lambda replay: len(replay.wrong), default=stream)


def _opening_of_delivery(stream: Stream, deltas: Sequence[int]) -> int:
    """Return the size open before the first fill: a delivery, an exercise or an expiry leaves nothing."""
    net = found = 0
    for delta, execution in zip(deltas, stream.fills["execution"], strict=True):
        net += delta
        if execution == "delivery":
            found = -net
    return found


def _opening_of_funding(stream: Stream, deltas: Sequence[int], sizes: Sequence[Size]) -> int:
    if not sizes:
        return 0
    times = stream.fills["filled_at"].to_list()
    nets, stated, openings, net, index = [], [], set(), 0, 0
    for at, side, size in sorted(sizes, key=lambda row: row[0]):
        while index < len(times) and times[index] <= at:
            net += deltas[index]
            index += 1
        if side in SIGNS:
            openings.add(SIGNS[side] * size - net)
        if index:
            nets.append(net)
            stated.append(size)
    if len(openings) == 1:
        return openings.pop()  # every row names its side, and all agree
    return opening_of_sizes(nets, stated) if nets else 0


def _values(fills: pl.DataFrame) -> list[int]:
    """Return the notional with the sign the fold wants; 0 where unknown (its results are then masked)."""
    sign = pl.when(pl.col("side") == "buy").then(1).otherwise(-1) * pl.when(pl.col("style") == "inverse").then(
        -1
    ).otherwise(1)
    signs = fills.select(sign.fill_null(1).alias("sign"))["sign"].to_list()
    return [sign_ * (value or 0) for sign_, value in zip(signs, _ints(fills["notional"]), strict=True)]


def _tolerances(fills: pl.DataFrame) -> list[int]:
    return [(value or 0) // TOLERANCE_SHARE + TOLERANCE_FLOOR for value in _ints(fills["notional"])]


def _ints(series: pl.Series) -> list[int | None]:
    return series.cast(MONEY).to_physical().to_list()


def _required(values: Sequence[int | None]) -> list[int]:
    return [value for value in values if value is not None]


def to_money(values: Sequence[int | None]) -> pl.Series:
    """Return integers at 1e-18 as `DECIMAL(38,18)`."""
    unit = pl.Series([1], dtype=pl.Int128).cast(KEY).cast(MONEY) / pl.Series([UNIT], dtype=pl.Int128).cast(KEY).cast(
        MONEY
    )
    return pl.Series(values, dtype=pl.Int128).cast(KEY) * unit


# --------------------------------------------------------------------------------------------------- rows


def _rows_of(
    stream: Stream, sizes: Sequence[Size], covered_from: datetime | None
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    legs = _leg_frame(stream)
    if stream.opening:
        opened_at = min(_opening_at(stream, sizes, covered_from), stream.fills["filled_at"][0])
        legs = pl.concat([_opening_leg(stream, opened_at, legs.schema), legs])
    legs = with_running_totals(legs, unknown_entry=bool(stream.opening))
    positions = _position_frame(stream, legs)
    wrong = _difference_frame(stream, legs)
    return legs, positions, wrong


def _opening_at(stream: Stream, sizes: Sequence[Size], covered_from: datetime | None) -> datetime:
    """Return when an opening that no fill shows is first known: by the sizes stated before the first fill.

    Rows that name the side and the very size of the opening show it, as far back as they follow each other; others
    only where fills would have been known.
    """
    first: datetime = stream.fills["filled_at"][0]
    since = stream.after
    known_sizes = (row for row in sizes if row[0] < first and (since is None or row[0] > since))
    earlier = sorted(known_sizes, key=lambda row: row[0], reverse=True)
    found = first
    for at, side, size in earlier:
        shown = side in SIGNS and SIGNS[side] * size == stream.opening
        known = covered_from is None or at >= covered_from
        fits = side in (None, "both", stream.position_side) or stream.position_side == "both"
        if not shown and not (known and fits):
            break
        hour = at.replace(minute=0, second=0, microsecond=0)
        found = hour if at - hour <= BOOKED_LATE else at
    return found


def _leg_frame(stream: Stream) -> pl.DataFrame:
    legs = stream.legs
    gathered = parts_of_fills(stream.fills, legs.fill, legs.delta) if stream.gathered is None else stream.gathered
    return gathered.with_columns(
        pl.Series("fill", legs.fill, dtype=pl.Int64),
        pl.Series("position", legs.position, dtype=pl.Int64),
        to_money(legs.delta).alias("delta"),
        to_money(legs.value).alias("value"),
        to_money(legs.realized).alias("realized"),
        to_money(legs.cost_after).abs().alias("cost_after"),
    ).drop("quantity")


LEG_COLUMNS = (
    "row_key", "filled_at", "side", "execution", "price", "notional", "weight", "quantity", "fee", "fee_asset",
    "fee_value", "realized_stated",
)  # fmt: skip
SHARED = ("fee", "fee_value", "weight", "notional")


def parts_of_fills(fills: pl.DataFrame, of: Sequence[int], parts: Sequence[int]) -> pl.DataFrame:
    """Return a row for each part (signed, at 1e-18) of the fills `of`, with its shares of fee, value and weight.

    Every fill is in at least one part, and its parts make up all of it.  A stated result stays with the first part.
    """
    frame = fills.select(LEG_COLUMNS)[of]
    if len(of) == fills.height:
        return frame
    index = pl.Series(of)
    split = index.is_duplicated()
    lines = split.arg_true()
    some, indexes = frame[lines], index.gather(lines).to_list()
    sizes, pieces = _required(_ints(some["quantity"])), [parts[line] for line in lines]
    columns = {
        name: frame[name].scatter(lines, to_money(shared(_ints(some[name]), indexes, pieces, sizes))) for name in SHARED
    }
    again = split & ~index.is_first_distinct()
    return frame.with_columns(**columns).with_columns(realized_stated=pl.when(~again).then(pl.col("realized_stated")))


def _opening_leg(stream: Stream, at: datetime, schema: pl.Schema) -> pl.DataFrame:
    size = to_money([stream.opening])
    known = {
        "filled_at": pl.Series([at], dtype=schema["filled_at"]),
        "side": ["buy" if stream.opening > 0 else "sell"],
        "execution": ["trade"],
        "fill": pl.Series([-1], dtype=pl.Int64),
        "position": pl.Series([0], dtype=pl.Int64),
        "delta": size,
        "value": to_money([0]),
        "realized": to_money([0]),
    }
    nothing = {name: pl.Series([None], dtype=kind) for name, kind in schema.items() if name not in known}
    return pl.DataFrame(known | nothing).select(schema.names())


def _position_frame(stream: Stream, legs: pl.DataFrame) -> pl.DataFrame:
    flat = pl.col("quantity_after") == 0
    summary = legs.group_by("position", maintain_order=True).agg(
        opened_at=pl.col("filled_at").first(),
        side=pl.when(pl.col("delta").first() > 0).then(pl.lit("long")).otherwise(pl.lit("short")),
        closed_at=pl.col("filled_at").filter(flat).last(),
        last_execution=pl.col("execution").last(),
        partly=(pl.col("execution").is_in(["liquidation", "adl"]) & ~pl.col("realized_opens")).any(),
        gross_unknown=pl.col("realized").is_null().any(),
        unvalued=pl.col("unvalued").sum() > 0,
        wrong=pl.col("fill").is_in(stream.wrong).any(),
    )
    ended = (
        pl.when(pl.col("closed_at").is_null())
        .then(pl.lit("open"))
        .otherwise(pl.col("last_execution").replace_strict(ENDINGS, default="closed"))
    )
    inferred = (pl.col("position") == 0) & pl.lit(bool(stream.opening))
    forced = pl.col("last_execution").is_in(["liquidation", "adl"]) & pl.col("closed_at").is_not_null()
    flags = {
        "opening_inferred": inferred,
        "unknown_entry": inferred,
        "unknown_contract_size": pl.lit("unknown_contract_size" in stream.flags),
        "hedge_inferred": pl.lit("hedge_inferred" in stream.flags),
        "hedge_undecidable": pl.lit("hedge_undecidable" in stream.flags),
        "realized_mismatch": pl.col("wrong"),
        "unknown_result": pl.col("gross_unknown"),
        "partly_liquidated": pl.col("partly") & ~forced,
        "unvalued_cost": pl.col("unvalued"),
        "short_or_inventory": pl.col("position").is_in(list(stream.guessed)),
    }
    words = [pl.when(condition).then(pl.lit(word)) for word, condition in flags.items()]
    return summary.join(_terms_of(stream, legs), on="position", maintain_order="left").with_columns(
        ended=ended,
        opening_quantity=pl.when(inferred).then(to_money([abs(stream.opening)])[0]).otherwise(pl.lit(0)).cast(MONEY),
        flags=pl.concat_list(words).list.drop_nulls(),
        position_side=pl.lit(stream.position_side),
    )


OF_FILLS = {
    "account": pl.String(), "venue": pl.String(), "wallet": pl.String(), "pair": pl.String(), "symbol": pl.String(),
    "instrument": pl.String(), "product": pl.String(), "margin_mode": pl.String(), "style": pl.String(),
    "settle_asset": pl.String(), "position_ref": pl.String(), "multiplier": MONEY,
}  # fmt: skip
"""What a position is of: as the first of its fills says that says it."""


def _terms_of(stream: Stream, legs: pl.DataFrame) -> pl.DataFrame:
    """Return a row a position: `position` and what it is of."""
    fills = stream.fills.select(pl.col(name).cast(kind) for name, kind in OF_FILLS.items())
    same = fills.select((pl.all().eq_missing(pl.all().first())).all()).row(0, named=True)
    positions = legs.select(pl.col("position").unique(maintain_order=True))
    constant = positions.with_columns(
        pl.lit(fills[name][0], dtype=OF_FILLS[name]).alias(name) for name, is_same in same.items() if is_same
    )
    differing = [name for name, is_same in same.items() if not is_same]
    if not differing:
        return constant
    if stream.gathered is None:
        of = legs.select("position", fill=pl.when(pl.col("fill") >= 0).then("fill"))
        said = of.with_columns(fills.select(differing)[of["fill"].fill_null(0)]).filter(pl.col("fill").is_not_null())
    else:  # the fills are those of one symbol among several that are one run
        keyed = fills.select(differing).with_columns(stream.fills["row_key"])
        said = legs.select("position", "row_key").join(keyed, on="row_key", maintain_order="left")
    said = said.group_by("position").agg(pl.col(name).drop_nulls().first() for name in differing)
    return constant.join(said, on="position", how="left", maintain_order="left")


def _difference_frame(stream: Stream, legs: pl.DataFrame) -> pl.DataFrame:
    wrong = legs.filter(pl.col("fill").is_in(stream.wrong) & pl.col("realized_stated").is_not_null())
    return wrong.select("position", "row_key", "filled_at", "realized", "realized_stated")


def _named(
    legs: Sequence[pl.DataFrame],
    positions: Sequence[pl.DataFrame],
    differences: Sequence[pl.DataFrame],
    beside: Sequence[pl.DataFrame | None],
) -> Reconstructed:
    """Give every position its readable id, and the id to its legs and to what lies beside them."""

    every = _numbered(positions, column_types(Position))
    if every.height:
        every = every.sort("opened_at", "symbol", "position_side", "stream", "position")
        opened = pl.col("opened_at").dt.strftime("%Y%m%dT%H%M")
        where = pl.concat_str(pl.lit(_place(every.row(0, named=True))), "pair", separator="/", ignore_nulls=True)
        every = every.with_columns(stem=pl.concat_str(where, "symbol", "side", opened, separator=":"))
        ordinal = pl.int_range(1, pl.len() + 1).over("stem").cast(pl.String)
        every = every.with_columns(position_id=pl.concat_str("stem", ordinal, separator=":"))
        ids = every.select("stream", "position", "position_id")
    else:
        ids = pl.DataFrame(schema={"stream": pl.Int64, "position": pl.Int64, "position_id": pl.String})

    def identified(frames: Sequence[pl.DataFrame | None], columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
        frame = _numbered(frames, columns)
        if not frame.height:
            return pl.DataFrame(schema=columns)
        joined = frame.join(ids, on=["stream", "position"], how="left", maintain_order="left")
        return joined.select(pl.col(name).cast(kind) for name, kind in columns.items())

    return Reconstructed(
        legs=identified(legs, column_types(Leg)),
        positions=_typed(every, Position) if every.height else pl.DataFrame(schema=column_types(Position)),
        inventory=identified(beside, column_types(InventoryPart)),
        differences=identified(differences, DIFFERENCE),
    )


DIFFERENCE: dict[str, pl.DataType] = {
    "position_id": pl.String(), "row_key": KEY, "filled_at": INSTANT, "realized": MONEY, "realized_stated": MONEY,
}  # fmt: skip


def _numbered(frames: Sequence[pl.DataFrame | None], columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return those columns of the frames, one below the other, with the number of each one's stream and `position`."""
    with_number = [
        frame.select(
            *(pl.col(name).cast(kind) for name, kind in columns.items() if name in frame.columns),
            "position",
            pl.lit(number, dtype=pl.Int64).alias("stream"),
        )
        for number, frame in enumerate(frames)
        if frame is not None and frame.height
    ]
    return pl.concat(with_number) if with_number else pl.DataFrame()


def _typed(frame: pl.DataFrame, model: type[Table]) -> pl.DataFrame:
    """Return the columns of the model, of its types."""
    return frame.select(pl.col(name).cast(kind) for name, kind in column_types(model).items())


def _place(row: Mapping[str, Any]) -> str:
    """Return what an id starts with: the account, and the venue and wallet where the account does not say them."""
    account, venue, wallet = row["account"], row["venue"], row["wallet"]
    said = wallet in CLEAR_WALLETS and venue != "plain"
    return "/".join([account, *([] if venue == account else [venue]), *([] if said else [wallet])])
