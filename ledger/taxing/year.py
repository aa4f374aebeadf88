"""A tax year from a book: gathered, grouped into trades, valued, followed through lots, compared with the book's own
sums."""

from __future__ import annotations

from collections.abc import Sequence
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
from ledger.taxing.descent import came_back, feeding
from ledger.taxing.flows import crossing_flows, loan_flows, single_flows, trade_flows, transfer_flows
from ledger.taxing.gathering import Gathered, gathered
from ledger.taxing.lines import acquired, disposed, held, state_money, unpriced
from ledger.taxing.loans import Exchanges, exchanges, is_sold_collateral
from ledger.taxing.order import changes as changes_of
from ledger.taxing.owed import owing
from ledger.taxing.results import SETTLE_VALUE, asked_by, result_lines
from ledger.taxing.runs import settings_of, with_previous
from ledger.taxing.stating import with_statements
from ledger.taxing.steps import (
    STEPS,
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
from reports.tax.value import PLACES, RESULTS, WANTED, Policy, TaxYear
from schemas.currencies import CURRENCIES


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
    known = gathered(store, policy)
    grouped = with_groups(known.moves)
    moves = grouped.filter(~is_sold_collateral(known))
    lent = exchanges(grouped, known)
    legs = pl.concat([legs_of(moves), lent.legs], how="diagonal_relaxed")
    known_prices = prices(store, _asked(known, moves, legs), policy.currency, max_age)
    legs = valued_legs(legs, known_prices)
    owed = owing(moves, known, lent, policy)
    bare = pl.concat([_steps(moves, known, legs, lent, policy, known_prices), owed.unexplained])
    steps = without_currency(bare, policy).with_columns(state_money(policy))
    assert not steps["event"].is_duplicated().any(), "an event is one step"
    made = changes_of(pl.concat([steps.select(list(STEPS)), owed.steps]), policy)
    taken = match(
        made,
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
    brought = steps.filter(pl.col("trade").is_in(alone["group"].implode())).select("event", "trade")
    doubts = {*brought["event"], *came_back(taken)}
    resting = feeding(made, taken, doubts, policy)
    entered = entered_or_left(moves, known)
    totals = controls(store, known, taken, lines, policy, owed.unsettled)
    doubtful = Doubtful(
        disposals=disposals,
        unpriced=prices_wanted,
        alone=alone,
        orphans=lent.orphans,
        unmet=taken.unmet,
        results=lines,
        controls=totals,
        stated=entered.filter(pl.col("quantity") == 0)["row"].drop_nulls().to_list(),
        openings=entered.filter(pl.col("event") != pl.col("row").fill_null("")),
        resting=resting | {*brought.filter(pl.col("event").is_in(list(resting)))["trade"]},
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
    year = replace(
        year, places=places(store, archive, year), assumptions=assumptions(year, known, known_prices, max_age)
    )
    year = replace(year, settings=settings_of(policy, max_age, choices, statements))
    return with_previous(year, entries)


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
    lent: Exchanges,
    policy: Policy,
    known_prices: Prices,
) -> pl.DataFrame:
    """Return all steps with their worth; what is opened, unknown or lost is worth what a person says, or unknown."""
    bare = pl.concat(
        [
            single_steps(moves, policy),
            repayment_steps(moves, known),
            loan_steps(lent.interest, "interest"),
            loan_steps(lent.fees, "liquidation_fee"),
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


def _flows(
    moves: pl.DataFrame, known: Gathered, legs: pl.DataFrame, lent: Exchanges, known_prices: Prices
) -> pl.DataFrame:
    parts = [
        trade_flows(legs, known_prices.currency),
        single_flows(moves, known),
        crossing_flows(moves),
        transfer_flows(known),
        loan_flows(lent),
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
    sales = disposals.filter(pl.col("proceeds").is_null())["disposal_id"]
    pools = unknown.filter(pl.col("lot").is_null() & (pl.col("rule") != "missing"))["asset"].unique().to_list()
    wanted = pl.col("event").is_in([*lots, *sales]) | (pl.col("asset").is_in(pools) & unpriced(opening_lots))
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


__all__ = ["SETTLE_VALUE", "tax_year"]
