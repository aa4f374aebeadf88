"""Loans and debt pools as tables: who they are, every event with what is owed after it, and the loan to value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from ledger.accounting.debts import Episode, Event, episodes_of, rows_of
from ledger.accounting.formulas import Tier, counted_collateral, loan_to_value
from ledger.accounting.prices import in_settle
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from schemas.ddl import column_types
from schemas.derived import Loan, LoanEvent
from schemas.types import INSTANT, KEY, MONEY, UNIT


def forget_loans(store: Store, scope: Scope) -> None:
    """Delete the loans of a wallet."""
    for name in ("delete_events", "delete_loans"):
        store.execute(statement("debts", name), scope.parameters())


def make_loans(store: Store, scope: Scope, prices: pl.DataFrame) -> list[Episode]:
    """Write the loans and debt pools that rows make, and return them."""
    if not store.scalar(statement("debts", "has_debts"), scope.parameters()):
        return []
    episodes = episodes_of(rows_of(store, scope), scope)
    episodes = [episode for episode in episodes if episode.events]
    names = _names(episodes, scope)
    loans = [_loan(episode, name, scope) for episode, name in zip(episodes, names, strict=True)]
    if loans:
        store.insert("loans_stored", pl.DataFrame(loans, schema=column_types(Loan), orient="row"))
        store.insert("loan_events", _with_ltv(store, scope, _events(episodes, names), episodes, prices))
    return episodes


def _names(episodes: Sequence[Episode], scope: Scope) -> list[str]:
    """Return readable ids: a pool by its asset, a loan by its asset and the minute of its first event."""
    place = "/".join([scope.account, *([] if scope.venue == scope.account else [scope.venue]), scope.wallet])
    stems = []
    for episode in episodes:
        where = f"{place}/{episode.pair}" if episode.pair else place
        opened = f"{episode.events[0].at:%Y%m%dT%H%M}"
        stems.append(
            f"{where}:debt:{episode.asset}" if episode.kind != "loan" else f"{where}:loan:{episode.asset}:{opened}"
        )
    seen: Counter[str] = Counter()
    names = []
    for episode, stem in zip(episodes, stems, strict=True):
        seen[stem] += 1
        names.append(f"{stem}:{seen[stem]}" if episode.kind == "loan" else stem)
    return names


def _loan(episode: Episode, name: str, scope: Scope) -> dict[str, Any]:
    pledged = any(event.kind == "pledged" for event in episode.events)
    emptied = pledged and not any(amount > 0 for amount in episode.collateral.values())
    over = not episode.owes or (episode.kind == "loan" and episode.forced and emptied)
    forced = episode.forced and episode.kind == "loan"
    last_debt = [event for event in episode.events if event.kind not in ("pledged", "released", "returned", "surplus")]
    ended_by_force = forced and _ended_by_force(episode, pledged=pledged)
    flags = set(episode.flags)
    flags |= {"partly_liquidated"} if forced and not (over and ended_by_force) else set()
    flags |= {"debt_left"} if over and episode.owes else set()
    flags |= (
        {"interest_implied"}
        if any(event.how == "implied" and event.kind == "accrued" for event in episode.events)
        else set()
    )
    return {
        "loan_id": name,
        **scope.parameters(),
        "pair": episode.pair,
        "loan_ref": episode.loan_ref,
        "kind": episode.kind,
        "asset": episode.asset,
        "collateral_asset": "+".join(sorted(episode.collateral)) or None,
        "opened_at": episode.events[0].at,
        "closed_at": last_debt[-1].at if over and last_debt else None,
        "ended": "open" if not over else ("liquidated" if ended_by_force else "repaid"),
        "flags": sorted(flags),
    }


def _ended_by_force(episode: Episode, *, pledged: bool) -> bool:
    """Return whether the last payment was forced, or a forced sale left no collateral: else the rest was paid."""
    paid = [event for event in episode.events if event.kind.startswith("repaid_")]
    forced = [event for event in episode.events if event.forced]
    emptied = pledged and bool(forced) and not any(amount > 0 for amount in forced[-1].held.values())
    return emptied or not paid or paid[-1].forced


def _events(episodes: Sequence[Episode], names: Sequence[str]) -> pl.DataFrame:
    """Return the events of all loans, without their loan to value."""
    rows = [
        (name, number, event.at, event.kind, event.asset, event.how)
        for episode, name in zip(episodes, names, strict=True)
        for number, event in enumerate(episode.events, start=1)
    ]
    events = [event for episode in episodes for event in episode.events]
    frame = pl.DataFrame(
        rows, orient="row",
        schema={"loan_id": pl.String(), "event_no": pl.UInt32(), "happened_at": INSTANT, "kind": pl.String(),
                "asset": pl.String(), "how": pl.String()},
    )  # fmt: skip
    return frame.with_columns(
        amount=_money([event.amount for event in events]),
        principal_after=_money([event.principal for event in events]),
        interest_after=_money([event.interest for event in events]),
        ltv_stated=_money([event.ltv for event in events]),
        forced=pl.Series([event.forced for event in events], dtype=pl.Boolean),
        row_key=pl.Series([event.row_key for event in events], dtype=pl.Int128).cast(KEY),
    )


def _money(values: Sequence[int | None]) -> pl.Series:
    decimals = [None if value is None else Decimal(value).scaleb(-18) for value in values]
    return pl.Series(decimals, dtype=MONEY)


def _with_ltv(
    store: Store, scope: Scope, frame: pl.DataFrame, episodes: Sequence[Episode], prices: pl.DataFrame
) -> pl.DataFrame:
    """Add the loan to value after each event where every asset pledged has a price; collateral ratios count."""
    events = [(event, episode) for episode in episodes for event in episode.events]
    held = [
        (line, asset, Decimal(amount) / UNIT, episode.asset, event.at)
        for line, (event, episode) in enumerate(events)
        if episode.kind == "loan"
        for asset, amount in event.held.items()
        if amount > 0
    ]
    ltvs: list[Decimal | None] = [None] * len(events)
    if held and prices.height:
        schema = {"line": pl.Int64(), "asset": pl.String(), "amount": MONEY, "debt": pl.String(), "at": INSTANT}
        lines = pl.DataFrame(held, schema=schema, orient="row")
        values = in_settle(lines, prices, "amount", "asset", "debt", "at").to_list()
        tiers = _tiers(store, scope)
        by_event: dict[int, list[Decimal | None]] = {}
        for (line, asset, amount, *_), value in zip(held, values, strict=True):
            counted = None if value is None else _counted(value, amount, asset, tiers.get(asset, ()))
            by_event.setdefault(line, []).append(counted)
        for line, parts in by_event.items():
            known = [part for part in parts if part is not None]
            if len(known) == len(parts):
                ltvs[line] = loan_to_value(_owed(events[line][0]), sum(known, Decimal(0)))
    debts = pl.Series([episode.asset for _, episode in events], dtype=pl.String)
    valued = frame.with_columns(debt=debts)
    value = in_settle(valued, prices, "amount", "asset", "debt", "happened_at")
    with_ltv = frame.with_columns(ltv=pl.Series(ltvs, dtype=MONEY), value=value)
    return with_ltv.select(pl.col(name).cast(kind) for name, kind in column_types(LoanEvent).items())


def _owed(event: Event) -> Decimal:
    return Decimal(event.principal + event.interest).scaleb(-18)


def _counted(value: Decimal, amount: Decimal, asset: str, tiers: Sequence[tuple[str, Tier]]) -> Decimal:
    """Return how much of the value counts; tiers are in a currency, or (Bybit) in units of the asset itself."""
    if tiers and tiers[0][0] == asset:
        units = counted_collateral(amount, [tier for _, tier in tiers])
        return value * units / amount
    return counted_collateral(value, [tier for _, tier in tiers])


def _tiers(store: Store, scope: Scope) -> dict[str, list[tuple[str, Tier]]]:
    """Return the latest collateral ratios of each asset for loans, each with the unit of its limits."""
    rows = store.rows(statement("debts", "ratios"), scope.parameters())
    latest: dict[str, Any] = {}
    for asset, valid_from, *_ in rows:
        latest[asset] = max(latest.get(asset, valid_from), valid_from)
    found: dict[str, list[tuple[str, Tier]]] = {}
    for asset, valid_from, floor, cap, ratio, unit in rows:
        if valid_from == latest[asset]:
            found.setdefault(asset, []).append((unit, (floor, cap, ratio)))
    return found


# --------------------------------------------------------------------------------- balances below zero


def make_negative_balances(store: Store, scope: Scope) -> None:
    """Write the debt pools of a unified account: what a balance is below zero is owed, though no row borrows it.

    Interest lowers the balance itself, so it is owed as principal from then on.
    """
    frame = store.query(statement("debts", "below_zero"), scope.parameters())
    if not frame.height:
        return
    place = "/".join([scope.account, *([] if scope.venue == scope.account else [scope.venue]), scope.wallet])
    name = pl.concat_str(pl.lit(f"{place}:below_zero:"), "asset")
    nothing = pl.lit(0).cast(MONEY)
    grown = pl.col("owed") - pl.col("owed_before")
    accrued = pl.min_horizontal(pl.max_horizontal(-pl.col("interest"), nothing), pl.max_horizontal(grown, nothing))
    kinds = {
        "accrued": accrued,
        "drawn": pl.max_horizontal(grown, nothing) - accrued,
        "repaid_principal": pl.max_horizontal(-grown, nothing),
    }
    first = frame.unique("asset", keep="first", maintain_order=True)
    changes = [_changes(first, name, "drawn", pl.col("owed_before"), pl.col("owed_before"), -1)]
    changes += [
        _changes(frame, name, kind, amount, pl.col("owed"), order) for order, (kind, amount) in enumerate(kinds.items())
    ]
    events = pl.concat(changes).sort("loan_id", "happened_at", "order")
    if not events.height:
        return
    events = events.with_columns(event_no=pl.int_range(1, pl.len() + 1).over("loan_id"))
    loans = events.group_by("loan_id", "asset", maintain_order=True).agg(
        opened_at=pl.col("happened_at").first(),
        owes=pl.col("principal_after").last() > 0,
        last_at=pl.col("happened_at").last(),
    )
    constants = {name: pl.lit(text) for name, text in scope.parameters().items()}
    nothing_said = {name: pl.lit(None, dtype=pl.String) for name in ("pair", "loan_ref", "collateral_asset")}
    loans = loans.with_columns(
        **constants, **nothing_said, kind=pl.lit("negative_balance"),
        closed_at=pl.when(~pl.col("owes")).then(pl.col("last_at")),
        ended=pl.when(pl.col("owes")).then(pl.lit("open")).otherwise(pl.lit("repaid")),
        flags=pl.lit([], dtype=pl.List(pl.String)),
    )  # fmt: skip
    store.insert("loans_stored", loans.select(pl.col(name).cast(kind) for name, kind in column_types(Loan).items()))
    typed = events.select(pl.col(name).cast(kind) for name, kind in column_types(LoanEvent).items())
    store.insert("loan_events", typed)


def _changes(frame: pl.DataFrame, name: pl.Expr, kind: str, amount: pl.Expr, owed: pl.Expr, order: int) -> pl.DataFrame:
    """Return the events of one kind; what each asset owed before the first row known was drawn by then."""
    unknown = pl.lit(None, dtype=MONEY)
    return frame.filter(amount > 0).select(
        "asset", "row_key", name.alias("loan_id"), pl.col("moment").alias("happened_at"), pl.lit(kind).alias("kind"),
        amount.cast(MONEY).alias("amount"), amount.cast(MONEY).alias("value"), owed.alias("principal_after"),
        pl.lit(0).cast(MONEY).alias("interest_after"), unknown.alias("ltv"), unknown.alias("ltv_stated"),
        (pl.col("converted") & pl.lit(kind == "repaid_principal")).alias("forced"),
        pl.lit("balance").alias("how"), pl.lit(order).alias("order"),
    )  # fmt: skip
