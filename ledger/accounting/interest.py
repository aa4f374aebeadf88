"""Which position borrowed: every accrual of interest, and fees that name no instrument, to positions or to none.

A stated position or pair wins; else an accrual is shared among the positions open at it that borrow its asset, longs by
their open cost, shorts by their size; where none is open the borrow was idle (margin mathematics, section 6).  Interest
in the base asset of a short costs what the buys that paid it cost; until then it is not valued.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from ledger.accounting.debts import LATE_REPAYMENT
from ledger.accounting.positions import to_money
from ledger.accounting.prices import in_settle
from ledger.accounting.regimes import trades_stakes
from ledger.accounting.sharing import by_weight, half_even
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from schemas.ddl import column_types
from schemas.derived import Cost
from schemas.types import INSTANT, KEY, MONEY

JUST_CLOSED = timedelta(minutes=1)
HOUR_CHARGED = timedelta(hours=1)
"""A margin charge is for the hour that begins (Binance): who borrows by hand trades a little later."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of a cost, unsigned cost at 1e-18; `value` in the settle asset, None where nothing says."""

    position_id: str | None
    symbol: str | None
    cause: str
    asset: str
    amount: int
    booked_at: datetime
    row_key: int
    how: str
    value: int | None = None


Borrowers = Mapping[int, Sequence[tuple[str, str, int]]]
"""By row key: position, symbol, weight."""


def attribute_interest(store: Store, scope: Scope, prices: pl.DataFrame) -> None:
    """Write a cost line for each share of each accrual of a wallet."""
    if not store.scalar(statement("interest", "has_interest"), scope.parameters()):
        return
    accruals = store.query(statement("interest", "accruals"), scope.parameters())
    since = pl.when("implied").then(pl.col("moment") - LATE_REPAYMENT).otherwise(pl.col("moment") - JUST_CLOSED)
    charged = (
        pl.when((pl.col("kind") == "margin") & ~pl.col("implied"))
        .then(pl.lit(HOUR_CHARGED))
        .otherwise(pl.lit(JUST_CLOSED))
    )
    ahead = pl.when("implied").then(pl.lit(timedelta(0))).otherwise(charged)  # what is repaid was owed before
    asked = accruals.filter(pl.col("kind").is_in(["margin", "negative_balance"])).select(
        "row_key", "moment", "debt_asset", "pair", since=since, until=pl.col("moment") + ahead
    )
    borrowers = _weighed(store, scope, "borrowers", asked)
    lots = {ref: (name, symbol) for ref, name, symbol in store.rows(statement("interest", "lots"), scope.parameters())}
    shares = [share for row in _rows(accruals) for share in _shares_of(row, borrowers, lots)]
    _write(store, scope, shares, prices)


def attribute_nameless_fees(store: Store, scope: Scope, prices: pl.DataFrame) -> None:
    """Write a cost line for liquidation fees and insurance that name no instrument: on margin to what was forced."""
    fees = store.query(statement("interest", "nameless_fees"), scope.parameters())
    if not fees.height:
        return
    near = fees.select("row_key", "moment").head(fees.height if trades_stakes(scope) else 0)
    forced = _weighed(store, scope, "forced_near", near)
    shares: list[Share] = []
    for row in _rows(fees):
        whole = Share(
            position_id=None, symbol=None, cause=row["cause"], asset=row["asset"], amount=-row["amount"],
            booked_at=row["moment"], row_key=row["row_key"], how="unattributed",
        )  # fmt: skip
        shares += _shared(whole, forced.get(row["row_key"], ()), "instant")
    _write(store, scope, shares, prices)


def _rows(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    money = [name for name, kind in frame.schema.items() if kind == MONEY]
    yield from frame.with_columns(pl.col(money).to_physical(), pl.col("row_key").to_physical()).iter_rows(named=True)


def _weighed(store: Store, scope: Scope, name: str, rows: pl.DataFrame) -> Borrowers:
    """Return the positions near each row with their weights."""
    if not rows.height:
        return {}
    with store.registered(incoming=rows):
        near = store.query(statement("interest", name), scope.parameters())
    found: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
    for row in _rows(near):
        found[row["row_key"]].append((row["position_id"], row["symbol"], row["weight"]))
    return found


def _shares_of(row: Mapping[str, Any], borrowers: Borrowers, lots: Mapping[str, tuple[str, str]]) -> list[Share]:
    whole = Share(
        position_id=None, symbol=None, cause="interest", asset=row["asset"], amount=row["amount"],
        booked_at=row["moment"], row_key=row["row_key"], how="idle",
    )  # fmt: skip
    if row["kind"] == "loan":
        return [replace(whole, how="loan")]
    if row["kind"] == "rollover":
        found = lots.get(row["position_ref"])
        if found is None:
            return [replace(whole, how="unattributed")]
        return [replace(whole, position_id=found[0], symbol=found[1], how="trade_ref")]
    return _shared(whole, borrowers.get(row["row_key"], ()), "pair" if row["pair"] else "instant")


def _shared(whole: Share, borrowers: Sequence[tuple[str, str, int]], how: str) -> list[Share]:
    if not borrowers:
        return [whole]
    amounts = by_weight(whole.amount, [weight for *_, weight in borrowers])
    return [
        replace(whole, position_id=name, symbol=symbol, amount=amount, how=how if len(borrowers) == 1 else "share")
        for (name, symbol, _), amount in zip(borrowers, amounts, strict=True)
    ]


# ------------------------------------------------------------------------------------------------- values


def _write(store: Store, scope: Scope, shares: Sequence[Share], prices: pl.DataFrame) -> None:
    if not shares:
        return
    settled = {
        name: (asset, in_kind)
        for name, asset, in_kind in store.rows(statement("interest", "settled"), scope.parameters())
    }
    bought = _purchases(store, scope)
    valued = [part for share in shares for part in _valued(share, settled, bought)]
    frame = _frame(valued, settled)
    unbought = pl.col("asset") != pl.col("settle_asset")
    waiting = pl.col("waits")
    priced = in_settle(frame, prices, "amount", "asset", "settle_asset", "booked_at")
    frame = frame.with_columns(
        value=pl.when(pl.col("value").is_null() & unbought & ~waiting).then(priced).otherwise(pl.col("value"))
    )
    constants = {name: pl.lit(text) for name, text in scope.parameters().items()}
    typed = frame.with_columns(**constants)
    store.insert("costs_stored", typed.select(pl.col(name).cast(kind) for name, kind in column_types(Cost).items()))


def _purchases(store: Store, scope: Scope) -> dict[str, list[list[int]]]:
    """Return what was bought to pay interest in kind, by position: [quantity left, value left]."""
    bought: dict[str, list[list[int]]] = defaultdict(list)
    frame = store.query(statement("interest", "purchases"), scope.parameters())
    units = frame.with_columns(pl.col("quantity", "value").to_physical())
    for name, quantity, value in units.iter_rows():
        bought[name].append([quantity, value])
    return bought


def _valued(
    share: Share, settled: Mapping[str, tuple[str, str | None]], bought: dict[str, list[list[int]]]
) -> list[Share]:
    """Return the share with its value; interest in kind in parts, each at the price of the buy that paid it."""
    if share.position_id is None:
        return [share]
    if share.asset == settled[share.position_id][0]:
        return [replace(share, value=share.amount)]
    parts: list[Share] = []
    left = share.amount
    lots = bought.get(share.position_id, []) if share.cause == "interest" else []
    while left > 0 and lots:
        quantity, value = lots[0]
        part = min(left, quantity)
        worth = value if part == quantity else half_even(value * part, quantity)
        parts.append(replace(share, amount=part, value=worth))
        left -= part
        if part == quantity:
            lots.pop(0)
        else:
            lots[0] = [quantity - part, value - worth]
    return [*parts, replace(share, amount=left)] if left or not parts else parts


def _frame(shares: Sequence[Share], settled: Mapping[str, tuple[str, str | None]]) -> pl.DataFrame:
    """Return the shares as cost lines: + = the account gains; `waits` marks interest in kind of an open position."""
    texts = ("position_id", "symbol", "cause", "asset", "how")
    words = {name: pl.Series([getattr(share, name) for share in shares], dtype=pl.String) for name in texts}
    of = [settled.get(share.position_id or "", (None, None)) for share in shares]
    return pl.DataFrame(words).with_columns(
        amount=to_money([-share.amount for share in shares]),
        value=to_money([None if share.value is None else -share.value for share in shares]),
        booked_at=pl.Series([share.booked_at for share in shares], dtype=INSTANT),
        row_key=pl.Series([share.row_key for share in shares], dtype=pl.Int128).cast(KEY),
        settle_asset=pl.Series([asset for asset, _ in of], dtype=pl.String),
        waits=pl.Series(
            [in_kind == share.asset for share, (_, in_kind) in zip(shares, of, strict=True)], dtype=pl.Boolean
        ),
    )
