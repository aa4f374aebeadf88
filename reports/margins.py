"""The reports of margin before anything happens: where each position stood day by day, margin calls, known tiers."""

from __future__ import annotations

import polars as pl

from reports.contract import Column, Report

MARGIN = Report(
    name="margin",
    title="Margin by position and day",
    one_row="a position at the end of a day, or just before it was flat",
    columns=(
        Column("position_id", keep=True),
        Column("account", wide=True),
        Column("symbol", wide=True),
        Column("day", keep=True),
        Column("equity", "money"),
        Column("initial_margin", "money", wide=True),
        Column("maintenance_margin", "money"),
        Column("health", "quantity"),
        Column("effective_leverage", "quantity"),
        Column("liquidation_price", "price"),
        Column("distance_percent", "percent"),
        Column("basis"),
        Column("settle_asset", wide=True),
        Column("mark", "price", wide=True),
    ),
    ratios={"distance_percent": pl.col("distance_percent") * 100},
    asset_column="settle_asset",
    empty="no position in this range",
    note="equity is of all that the venue could take with it: the isolated margin, the cross wallet, the whole "
    "account. health: equity / maintenance margin, liquidated at 1 and below. basis: how the mark and the requirement "
    "are known; empty where a price or a tier is not: import mark prices (time,symbol,mark) and margin tiers.",
)

MARGIN_CALLS = Report(
    name="margin_calls",
    title="Margin calls",
    one_row="a crossing of the venue's warning level",
    columns=(
        Column("position_id", keep=True),
        Column("account", wide=True),
        Column("venue", wide=True),
        Column("wallet", wide=True),
        Column("symbol", wide=True),
        Column("called_at", "instant"),
        Column("level"),
        Column("health", "quantity"),
        Column("ratio", "ratio", wide=True),
        Column("answer"),
        Column("added", "money"),
        Column("reduced", "money"),
        Column("lost", "money"),
        Column("settle_asset"),
    ),
    asset_column="settle_asset",
    empty="health crossed no warning level, as far as prices are known and the venues have such a level",
    note="answer: what was done until the next crossing, the liquidation or the end; added: collateral that came in; "
    "reduced: notional closed; lost: of what was added, what was lost with the rest.",
)

TIERS = Report(
    name="tiers",
    title="Margin tiers",
    one_row="a margin tier of an instrument from a date on, imported or built in",
    columns=(
        Column("venue", keep=True),
        Column("symbol", keep=True),
        Column("valid_from", "instant", keep=True),
        Column("tier", "count", wide=True),
        Column("floor", "quantity", keep=True),
        Column("cap", "quantity", keep=True),
        Column("initial_rate", "ratio", wide=True),
        Column("maintenance_rate", "ratio", keep=True),
        Column("maintenance_amount", "quantity"),
        Column("max_leverage", "quantity", wide=True),
        Column("unit", keep=True),
        Column("basis", keep=True),
        Column("valid_to", "instant", wide=True),
        Column("account", wide=True),
        Column("source", wide=True),
    ),
    empty="no tiers of this are known: import them (`marginbook formats show plain.margin_tiers`, or a venue's list)",
    note="floor, cap: notional in the settle asset; where unit says contracts, size. Above the last cap nothing is "
    "known, and nothing is guessed. Before the first date of a symbol its first tiers are taken, and an audit says so. "
    "Imported tiers stand before built-in ones.",
)

STANDING = Report(
    name="standing",
    title="Margin of a position",
    one_row="how it stood, or how it would stand",
    columns=(
        Column("case", keep=True),
        Column("outcome", keep=True),
        Column("position_id", wide=True),
        Column("account", wide=True),
        Column("symbol"),
        Column("as_of_at", "instant"),
        Column("side"),
        Column("quantity", "quantity"),
        Column("entry_price", "price"),
        Column("mark", "price", keep=True),
        Column("equity", "money", keep=True),
        Column("initial_margin", "money", keep=True),
        Column("maintenance_margin", "money", keep=True),
        Column("health", "quantity", keep=True),
        Column("ratio", "ratio", wide=True),
        Column("ratio_name", wide=True),
        Column("effective_leverage", "quantity", keep=True),
        Column("liquidation_price", "price", keep=True),
        Column("bankruptcy_price", "price", keep=True),
        Column("distance", "ratio", wide=True),
        Column("basis"),
        Column("settle_asset"),
    ),
    asset_column="settle_asset",
    empty="nothing is known of it",
    note="health: equity / maintenance margin, liquidated at 1 and below; prices are of the instrument, all else "
    "unchanged.",
)

MARGINS = (MARGIN, MARGIN_CALLS, TIERS)
