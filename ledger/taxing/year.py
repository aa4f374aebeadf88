"""A tax year from a book: gathered, grouped into trades, valued, followed through lots, compared with the book's own
sums."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import polars as pl

from ledger.lots.choices import chosen
from ledger.lots.match import Rule, match
from ledger.storage import log
from ledger.storage.archive import Archive
from ledger.storage.store import Store
from ledger.taxing.blocks import Doubtful, blocks
from ledger.taxing.controls import controls
from ledger.taxing.flows import crossing_flows, loan_flows, single_flows, trade_flows, transfer_flows
from ledger.taxing.gathering import Gathered, gathered
from ledger.taxing.lines import acquired, disposed, held, state_money, unpriced
from ledger.taxing.loans import Exchanges, exchanges, is_sold_collateral
from ledger.taxing.owed import owed, with_shortable
from ledger.taxing.results import SETTLE_VALUE, asked_by, result_lines
from ledger.taxing.stating import with_statements
from ledger.taxing.steps import (
    OUTSIDE,
    crossing_steps,
    entered_or_left,
    loan_steps,
    repayment_steps,
    single_steps,
    trade_steps,
    transfer_steps,
    without_currency,
)
from ledger.taxing.telling import assumptions, places
from ledger.taxing.trades import legs_of, with_groups
from ledger.taxing.worth import Prices, prices, rank_of, valued_legs
from reports.tax.figures import changes, digest, figures
from reports.tax.value import PLACES, RESULTS, WANTED, Policy, TaxYear
from schemas.currencies import CURRENCIES

RUN = "tax"
"""Kind of the log's entries that keep the figures of a run."""


def tax_year(
    store: Store,
    archive: Archive | None,
    policy: Policy,
    *,
    max_age: timedelta,
    choices: str | None = None,
    statements: Sequence[tuple[str, str]] = (),
    version: str = "",
) -> TaxYear:
    """Return all of a year.  `choices` is the text of a file that identifies lots, `statements` are name and text of
    files that venues sent to tax offices.  Raises MarginbookError where one is wrong."""
    known = gathered(store, policy.starts_at, policy.ends_at)
    grouped = with_groups(known.moves)
    moves = grouped.filter(~is_sold_collateral(known))
    lent = exchanges(grouped, known)
    legs = pl.concat([legs_of(moves), lent.legs], how="diagonal_relaxed")
    known_prices = prices(store, _asked(known, moves, legs), policy.currency, max_age)
    legs = valued_legs(legs, known_prices)
    steps = without_currency(_steps(moves, known, legs, lent.interest, policy, known_prices), policy)
    steps = with_shortable(steps.with_columns(state_money(policy)), owed(known))
    assert not steps["event"].is_duplicated().any(), "an event is one step"
    taken = match(
        _changes(steps, policy),
        Rule(policy.method, policy.zone, chosen(choices, policy, steps)),
        [policy.starts_at, policy.ends_at],
    )
    disposals = disposed(taken, steps, policy, known.opening_lots)
    lines = result_lines(known, moves, policy, known_prices)
    flows = _flows(moves, known, legs, lent, known_prices)
    in_year = (pl.col("happened_at") >= policy.starts_at) & (pl.col("happened_at") < policy.ends_at)
    prices_wanted = _unpriced(steps, legs, lines, disposals, known_prices, policy, known.opening_lots)
    alone = legs.filter(
        (pl.col("side") != "fee")
        & (pl.col("side").n_unique().over("group") == 1)
        & pl.col("cause").is_in(["trade", "conversion"])
    )
    totals = controls(store, known, taken, lines, policy)
    doubtful = Doubtful(
        disposals=disposals,
        unpriced=prices_wanted,
        alone=alone,
        orphans=lent.orphans,
        unmet=taken.unmet,
        results=lines,
        controls=totals,
        stated=entered_or_left(moves, known).filter(pl.col("quantity") == 0)["row"].drop_nulls().to_list(),
    )
    entries = log.entries(store)
    year = TaxYear(
        policy=policy,
        disposals=disposals,
        acquisitions=acquired(taken, steps, policy),
        lots_before=held(taken, steps, policy.starts_at),
        lots=held(taken, steps, policy.ends_at),
        results=lines.select(list(RESULTS)),
        flows=flows.filter(in_year),
        blocks=blocks(doubtful, known, moves, policy, entries),
        controls=totals,
        places=pl.DataFrame(schema=dict(PLACES)),
        wanted=prices_wanted.select("asset", "at")
        .unique()
        .sort("at", "asset")
        .with_columns(currency=pl.lit(policy.currency))
        .select(list(WANTED)),
        assumptions=[],
        version=version,
    )
    year = with_statements(year, statements, entries)
    year = replace(year, places=places(store, archive, year), assumptions=assumptions(year, known_prices, max_age))
    before = last_run(entries, policy)
    told = () if before is None else changes(json.loads(before["figures"]), figures(year))
    return replace(year, book=digest(year), changes=told, previous_run=None if before is None else before["at"])


def last_run(entries: Sequence[log.Entry], policy: Policy) -> log.Entry | None:
    """Return the last run of the same year and country that was written, if any."""
    runs = [entry for entry in entries if entry["kind"] == RUN and entry["policy"] == name_of(policy)]
    return runs[-1] if runs else None


def name_of(policy: Policy) -> str:
    """Return what runs of are compared: country, year, method, currency."""
    return f"{policy.jurisdiction} {policy.label} {policy.method} {policy.currency}"


# ------------------------------------------------------------------------------------------------- parts


def _asked(known: Gathered, moves: pl.DataFrame, legs: pl.DataFrame) -> pl.DataFrame:
    """Return of what, and when, a price is needed."""
    at = pl.col("happened_at").alias("at")
    fees = known.matches.select("asset", at)
    costs = known.opening_lots.filter(pl.col("cost_asset").is_not_null()).select(
        pl.col("cost_asset").alias("asset"), at
    )
    named = [frame.select("asset", at) for frame in (moves, legs)]
    return pl.concat([*named, fees, costs, asked_by(known)]).unique(maintain_order=True)


def _steps(
    moves: pl.DataFrame,
    known: Gathered,
    legs: pl.DataFrame,
    interest: pl.DataFrame,
    policy: Policy,
    known_prices: Prices,
) -> pl.DataFrame:
    """Return all steps with their worth; what is opened, unknown or lost is worth what a person says, or unknown."""
    bare = pl.concat(
        [
            single_steps(moves, policy),
            repayment_steps(moves, known),
            loan_steps(interest),
            transfer_steps(known, policy),
        ]
    )
    entered = crossing_steps(moves, known, policy.zone)
    from_banks = (pl.col("kind") == "entered") & pl.col("asset").is_in(sorted(CURRENCIES))
    deposits = entered.filter(from_banks).with_columns(
        op=pl.lit("acquire"), kind=pl.lit("deposit"), note=pl.lit("money, at its value then")
    )
    bare = pl.concat([bare, deposits])
    priced = known_prices.worth(bare.drop("value"), "quantity", "at", "value")
    unsaid = (pl.col("op") == "move") | pl.col("kind").is_in(["unknown", "lost"])
    priced = priced.with_columns(value=pl.when(~unsaid).then("value")).select(bare.columns)
    crossing = entered.filter(~from_banks)
    paid = known.opening_lots.select(event="row", asset="cost_asset", at="happened_at", cost="cost")
    costs = known_prices.worth(paid, "cost", "at", "value").select("event", stated="value")
    opened = (
        crossing.join(costs, on="event", how="left", maintain_order="left")
        .with_columns(value=pl.col("stated"))
        .select(crossing.columns)
    )
    return pl.concat([priced, trade_steps(legs, policy), opened])


def _changes(steps: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Return the steps as the matching of lots takes them; a transfer within one pool is none."""
    outside = pl.col("is_outside").fill_null(value=False)
    here = _pool(policy, "account", "venue", "wallet")
    there = _pool(policy, "to_account", "to_venue", "to_wallet")
    entered = pl.col("kind") == "entered"
    made = steps.select(
        "event",
        pl.when(outside & entered).then(pl.lit(OUTSIDE)).otherwise(here).alias("pool"),
        "asset",
        "at",
        kind="op",
        quantity="quantity",
        value="value",
        fee=pl.col("fee"),
        shortable="shortable",
        to_pool=pl.when(outside & entered)
        .then(here)
        .when(outside)
        .then(pl.lit(OUTSIDE))
        .when(pl.col("op") == "move")
        .then(there),
        arrives="arrives",
    )
    idle = (
        (pl.col("kind") == "move") & (pl.col("pool") == pl.col("to_pool")) & (pl.col("quantity") == pl.col("arrives"))
    )
    return made.filter(~idle)


def _pool(policy: Policy, account: str, venue: str, wallet: str) -> pl.Expr:
    if policy.scope == "universal":
        return pl.lit("")
    return pl.col(account) if policy.scope == "account" else pl.concat_str(account, venue, wallet, separator="|")


def _flows(
    moves: pl.DataFrame, known: Gathered, legs: pl.DataFrame, lent: Exchanges, known_prices: Prices
) -> pl.DataFrame:
    parts = [
        trade_flows(legs),
        single_flows(moves, known),
        crossing_flows(moves),
        transfer_flows(known),
        loan_flows(lent.interest, lent.principal),
    ]
    flows = pl.concat(parts).sort("happened_at", maintain_order=True)
    one_sided = flows.with_columns(
        asset=pl.coalesce("sent_asset", "received_asset"),
        size=pl.coalesce(pl.col("received"), -pl.col("sent")),
    )
    worth = known_prices.worth(one_sided, "size", "happened_at", "worth")
    whole = pl.col("value").is_not_null() | pl.col("kind").is_in(["trade", "collateral_sale", "transfer"])
    valued = worth.with_columns(
        value=pl.when(whole).then("value").otherwise("worth"), first=pl.col("rows").list.first()
    )
    taken = pl.concat([frame.select("row", "position_id") for frame in (known.results, known.costs)]).drop_nulls()
    owners = taken.unique().filter(pl.len().over("row") == 1).select(first="row", owner="position_id")
    named = valued.join(owners, on="first", how="left", maintain_order="left")
    return named.with_columns(position_id=pl.coalesce("position_id", "owner")).select(flows.columns)


def _unpriced(
    steps: pl.DataFrame,
    legs: pl.DataFrame,
    lines: pl.DataFrame,
    disposals: pl.DataFrame,
    known_prices: Prices,
    policy: Policy,
    opening_lots: pl.DataFrame,
) -> pl.DataFrame:
    """Return the prices that lack: asset, at, source, rows; of a trade that of its better known asset."""
    unknown = disposals.filter(pl.col("basis").is_null())
    lots = unknown["lot"].drop_nulls().str.strip_prefix("L-")
    pools = unknown.filter(pl.col("lot").is_null() & (pl.col("rule") != "missing"))["asset"].unique().to_list()
    wanted = pl.col("event").is_in(lots.to_list()) | (pl.col("asset").is_in(pools) & unpriced(opening_lots))
    inside = (pl.col("at") >= policy.starts_at) & (pl.col("at") < policy.ends_at)
    needed = steps.filter(
        pl.col("value").is_null()
        & (pl.col("op") != "move")
        & ~pl.col("kind").is_in(["unknown", "lost", "opening"])
        & (inside | wanted)
    )
    nameless = known_prices.known.filter(pl.col("price").is_null()).select("asset", happened_at="at")
    best = (
        legs.filter(pl.col("value").is_null())
        .join(nameless, on=["asset", "happened_at"], how="semi")
        .sort(rank_of(pl.col("asset"), policy.currency), maintain_order=True)
        .unique(["group"], keep="first", maintain_order=True)
    )
    of_trades = best.join(needed.select(group="trade"), on="group", how="semi").select(
        "asset", at="happened_at", rows="rows"
    )
    single = needed.filter(pl.col("trade").is_null()).select("asset", "at", "rows")
    lacking = lines.filter(pl.col("value").is_null() & pl.col("amount").is_not_null()).select(
        "asset", "booked_at", "rows"
    )
    opened = (
        steps.filter(wanted & unpriced(opening_lots) & (pl.col("kind") == "opening"))
        .select("event", "rows")
        .join(opening_lots, left_on="event", right_on="row", how="inner", maintain_order="left")
        .select("rows", asset="cost_asset", at="happened_at")
    )
    every = pl.concat([of_trades, single, lacking.rename({"booked_at": "at"}), opened.select("asset", "at", "rows")])
    sources = known_prices.known.filter(pl.col("price").is_null()).select("asset", "at", source="price_source")
    return every.join(sources, on=["asset", "at"], how="inner", maintain_order="left").select(
        "asset", "at", "source", "rows"
    )


def figures_of(year: TaxYear) -> Mapping[str, str]:
    """Return what the log keeps of a run."""
    return {"policy": name_of(year.policy), "figures": json.dumps(figures(year), sort_keys=True), "digest": year.book}


__all__ = ["RUN", "SETTLE_VALUE", "figures_of", "last_run", "name_of", "tax_year"]
