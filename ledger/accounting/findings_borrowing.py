"""Things to look at about borrowing: idle borrow, rates that do not agree, debts and lots older than the exports."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import polars as pl

from ledger.accounting.debts import DEBTS
from ledger.accounting.formulas import interest_due
from ledger.accounting.regimes import regime_of, trades_stakes
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from schemas.types import MONEY

SHOWN = 20
ACCRUALS: dict[str, tuple[int, ...]] = {"hour": (1,), "4h": (1,), "day": (24, 1)}
"""How many accruals one period of a stated rate may have: Binance states daily rates and charges hourly or daily.

How often a yearly rate is charged no row says, so those are not compared."""
BOOKED_UNIT = Decimal("0.00000001")
RATE_UNIT = Decimal("0.00000001")


def borrowing_findings(store: Store, scope: Scope) -> list[dict[str, Any]]:
    """Return what is worth a look about the debts of one wallet."""
    looks: list[Callable[[Store, Scope], list[dict[str, Any]]]] = [_unassembled]
    if scope.may_have("interest"):
        looks += [_rates, _lots]
    if scope.may_have(*DEBTS):
        looks += [_idle, _cut]
    if scope.may_have(*DEBTS) or regime_of(scope) == "negative_balance":
        looks += [_loans, _called]
    if scope.may_have("fills"):
        looks += [_unordered, _pairs, _dust, _twice, _held_less]
    return [finding for look in looks for finding in look(store, scope)]


def _finding(
    scope: Scope, kind: str, severity: str, symbol: object, at: object, sentence: str, rows: list[str]
) -> dict[str, Any]:
    return {
        "kind": kind, "severity": severity, "account": scope.account, "wallet": scope.wallet, "symbol": symbol,
        "found_at": at, "sentence": sentence, "rows": rows[:SHOWN],
    }  # fmt: skip


def _asked(store: Store, scope: Scope, name: str) -> list[tuple[Any, ...]]:
    return store.rows(statement("borrowing", name), scope.parameters())


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _idle(store: Store, scope: Scope) -> list[dict[str, Any]]:
    return [
        _finding(
            scope, "idle_borrow", "warning", asset, first_at,
            f"{_plain(amount)} {asset} of interest in {_many(lines, 'charge')} from {first_at:%Y-%m-%d %H:%M}Z to "
            f"{last_at:%Y-%m-%d %H:%M}Z fell due while no open position had borrowed {asset} (an idle loan, or a loss "
            "that drove it below zero): repay it, or import the trade history of that time",
            keys,
        )
        for asset, amount, lines, first_at, last_at, keys in _asked(store, scope, "idle")
    ]  # fmt: skip


def _rates(store: Store, scope: Scope) -> list[dict[str, Any]]:
    """Return a finding where charges are not principal x rate, to the last booked unit and the rate's last digit."""
    rows = store.query(statement("borrowing", "rates"), scope.parameters())
    if not rows.height:
        return []
    unit, half_rate = pl.lit(BOOKED_UNIT).cast(MONEY), pl.lit(RATE_UNIT).cast(MONEY)
    wrong = []
    for period, counts in ACCRUALS.items():
        of_period = rows.filter(pl.col("rate_period") == period)
        due = [interest_due(pl.col("principal"), pl.col("rate"), count) for count in counts]
        far = [(item - pl.col("amount")).abs() > unit + pl.col("principal") * half_rate for item in due]
        wrong.append(of_period.with_columns(expected=due[0]).filter(pl.all_horizontal(far)))
    found = pl.concat(wrong).sort("accrued_at", "key")
    lines = []
    for (asset,), group in found.partition_by("asset", as_dict=True, maintain_order=True).items():
        first = group.row(0, named=True)
        charged, expected = _plain(first["amount"]), _plain(first["expected"])
        terms = f"{_plain(first['principal'])} at {_plain(first['rate'])} per {first['rate_period']}"
        sentence = (
            f"{_many(group.height, 'charge')} of {asset} are not principal x rate: {charged}, not {expected} "
            f"({terms}): the rate changed inside the period, or the venue charged otherwise"
        )
        keys = group["key"].to_list()
        lines.append(_finding(scope, "interest_rate", "warning", asset, first["accrued_at"], sentence, keys))
    return lines


def _unordered(store: Store, scope: Scope) -> list[dict[str, Any]]:
    return [
        _finding(
            scope, "unknown_order", "info", symbol, first_at,
            f"{symbol} was bought and sold within {_many(minutes, 'minute')} whose fills have no further order: the "
            "export knows minutes only, so where a position began or ended there may be off; seconds would tell",
            keys,
        )
        for symbol, first_at, minutes, keys in _asked(store, scope, "unordered")
    ]  # fmt: skip


def _pairs(store: Store, scope: Scope) -> list[dict[str, Any]]:
    return [
        _finding(
            scope, "unknown_pair", "warning", symbol, first_at,
            f"{_many(fills, 'fill')} of {symbol} stand in the book, but which assets the pair is made of is not known, "
            "so positions and balances leave them out: import an instrument file that names base and quote "
            "(`marginbook formats show plain.instruments`)",
            keys,
        )
        for symbol, fills, first_at, keys in _asked(store, scope, "nameless_pairs")
    ]  # fmt: skip


def _dust(store: Store, scope: Scope) -> list[dict[str, Any]]:
    return [
        _finding(
            scope, "dust", "info", asset, first_at,
            f"{_many(count, 'position')} ended with dust, {_plain(quantity)} {asset} in all; it stays in the wallet at "
            "its cost, without a result",
            names,
        )
        for asset, quantity, count, first_at, names in _asked(store, scope, "dust")
    ]  # fmt: skip


LOAN_FLAGS = {
    "opening_inferred": (
        "warning", "repays more than its rows borrow: a debt from before the first row known is inferred; import older "
        "borrow records"),
    "interest_implied": (
        "info", "has interest that only its repayments show; import the interest history to see when it accrued"),
    "debt_left": (
        "warning", "was liquidated, and its rows leave a debt that nothing repays: the lender wrote it off or still "
        "claims it (`marginbook enter correction` records what is known)"),
    "partly_liquidated": ("info", "lost part of its collateral to a liquidation and is still open"),
}  # fmt: skip


def _loans(store: Store, scope: Scope) -> list[dict[str, Any]]:
    found = []
    for name, asset, opened_at, flags, _, owed, _, _ in _asked(store, scope, "loans"):
        for flag in flags:
            severity, sentence = LOAN_FLAGS[flag]
            left = f" ({_plain(owed)} {asset} owed)" if flag in ("debt_left", "partly_liquidated") else ""
            found.append(
                _finding(scope, f"loan_{flag}", severity, asset, opened_at, f"{name}{left} {sentence}", [name])
            )
    return found


def _lots(store: Store, scope: Scope) -> list[dict[str, Any]]:
    return [
        _finding(
            scope, "unknown_lot", "warning", asset, first_at,
            f"{_plain(amount)} {asset} of rollover fees belong to the position opened by trade {ref}, which no "
            "imported trade history shows; import the trades from before that time",
            keys,
        )
        for ref, amount, asset, first_at, keys in _asked(store, scope, "unresolved_lots")
    ]  # fmt: skip


def _unassembled(store: Store, scope: Scope) -> list[dict[str, Any]]:
    if not trades_stakes(scope) or not scope.may_have("movements"):
        return []
    seconds = store.rows(statement("assembly", "unassembled"), scope.parameters())
    if not seconds:
        return []
    first, _, keys = seconds[0]
    sentence = (
        f"in {_many(len(seconds), 'second')}, the first {first:%Y-%m-%d %H:%M:%S}Z, the legs of trades do not tell "
        "what was traded for what; import the trade history of that wallet (`--wallet` names it)"
    )
    return [_finding(scope, "unknown_order", "warning", None, first, sentence, keys)]


def _called(store: Store, scope: Scope) -> list[dict[str, Any]]:
    found = []
    for name, asset, call, end, highest, at, key in _asked(store, scope, "called"):
        limit = f", the liquidation at {_plain(end)}" if end is not None else ""
        sentence = (
            f"{name} reached a loan to value of {_plain(highest)} at {at:%Y-%m-%d %H:%M}Z; its margin call is at "
            f"{_plain(call)}{limit}"
        )
        found.append(_finding(scope, "loan_margin_call", "warning", asset, at, sentence, [key]))
    return found


def _twice(store: Store, scope: Scope) -> list[dict[str, Any]]:
    return [
        _finding(
            scope, "trades_twice", "warning", None, first_at,
            f"{_many(count, 'trade')} of {scope.wallet} stand in {other}, too: the export names no wallet, so one "
            "import may have lacked `--wallet`; `marginbook forget FILE` takes it back",
            keys,
        )
        for other, count, first_at, keys in _asked(store, scope, "twice")
    ]  # fmt: skip


def _held_less(store: Store, scope: Scope) -> list[dict[str, Any]]:
    if not trades_stakes(scope):
        return []
    return [
        _finding(
            scope, "held_less", "warning", asset, first_at,
            f"open positions hold {_plain(held)} {asset}, the wallet {_plain(balance)}: a short was open before the "
            "first row (`marginbook enter opening-position`), or it was moved, converted or sold for another asset",
            names,
        )
        for asset, held, balance, first_at, names in _asked(store, scope, "held_less")
    ]  # fmt: skip


def _cut(store: Store, scope: Scope) -> list[dict[str, Any]]:
    return [
        _finding(
            scope, "cut_event", "warning", None, edge,
            f"{name} ends or starts at {edge:%Y-%m-%d %H:%M}Z, within six hours of an event of a loan that the "
            "lender lists in several rows; cut in two it may count twice: forget both, import one export of the time",
            keys,
        )
        for name, edge, keys in _asked(store, scope, "cut_events")
    ]  # fmt: skip
