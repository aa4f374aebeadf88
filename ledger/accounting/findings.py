"""Things to look at, each in a sentence that says what was seen and what to do, with the rows behind it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import polars as pl

from ledger.accounting.formulas import funding_payment, position_value
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from schemas.types import MONEY

SHOWN = 20
TWO_UNITS = Decimal("0.00000002")
UNIT_BOOKED = Decimal("0.00000001")
RESULT_STEP, HALF_CENT = pl.lit(Decimal("0.000001")).cast(MONEY), pl.lit(Decimal("0.005")).cast(MONEY)
"""A position history prints results of average prices with few decimals."""

UNATTRIBUTED = statement("findings", "unattributed")
NEW_COLUMNS = statement("findings", "new_columns")
HINTS = {
    "trading_fee": "import the trade history that states them with their fills",
    "realized_pnl": "import the trade history of that range",
    "funding": "import the export that names the instrument (transaction history, executions)",
    "session_result": "import the executions of that range to split it into results, fees and funding",
    "interest": "import the trade history of that range, and of Kraken also the trades that opened the positions",
    "liquidation_fee": "import the trade history and the force orders of that range",
    "insurance": "import the trade history and the force orders of that range",
}


SHOWN_REFS = 3


def findings_of(store: Store, scope: Scope, differences: pl.DataFrame | None) -> list[dict[str, Any]]:
    """Return what is worth a look in one wallet."""
    return [
        *_mismatched(scope, differences),
        *_unattributed(store, scope),
        *_new_columns(store, scope),
        *_seam_twins(store, scope),
        *_rejected(store, scope),
        *(_of_trades(store, scope) if scope.may_have("fills") else ()),
    ]


def _of_trades(store: Store, scope: Scope) -> list[dict[str, Any]]:
    return [
        *_flagged(store, scope),
        *_stated_positions(store, scope),
        *(_funding_formula(store, scope) if scope.may_have("funding") else ()),
        *_expired(store, scope),
        *(_missing_fills(store, scope) if scope.may_have("movements") else ()),
    ]


def _finding(
    scope: Scope, kind: str, severity: str, symbol: object, at: object, sentence: str, rows: list[str]
) -> dict[str, Any]:
    return {
        "kind": kind,
        "severity": severity,
        "account": scope.account,
        "wallet": scope.wallet,
        "symbol": symbol,
        "found_at": at,
        "sentence": sentence,
        "rows": rows[:SHOWN],
    }


FLAG_SENTENCES = {
    "opening_inferred": (
        "warning",
        "was open before the first row of the exports; its entry price is unknown and its result is "
        "the venue's own; import older fills",
    ),
    "unknown_contract_size": (
        "warning",
        "has a contract size that nobody stated, so its value and result are unknown; import the "
        "venue's instrument file or a plain instruments CSV (`marginbook formats show plain.instruments`)",
    ),
    "hedge_undecidable": (
        "warning",
        "does not follow from one-way nor wholly from hedge mode; an export with the position side decides it",
    ),
    "hedge_inferred": ("info", "was read as one side of a hedge, because only so the stated results follow"),
    "unvalued_cost": ("info", "with costs in an asset of which no price is known; import a price file of"),
    "short_or_inventory": (
        "warning",
        "may be a sale of what was owned instead: nothing says what was owed; import the borrow and repay records of",
    ),
    "unknown_result": ("warning", "has closes whose result nothing states; import older fills"),
}


def _flagged(store: Store, scope: Scope) -> list[dict[str, Any]]:
    rows = store.rows(statement("findings", "flags"), scope.parameters())
    by_flag: dict[tuple[str, str], list[tuple[str, Any]]] = {}
    for position_id, symbol, opened_at, flag in rows:
        if flag in FLAG_SENTENCES:
            by_flag.setdefault((flag, symbol), []).append((position_id, opened_at))
    found = []
    for (flag, symbol), positions in sorted(by_flag.items()):
        severity, sentence = FLAG_SENTENCES[flag]
        named = (
            positions[0][0]
            if len(positions) == 1
            else f"{len(positions)} positions of {symbol}, first {positions[0][0]}; each"
        )
        if flag == "short_or_inventory":
            sentence = f"{sentence} {scope.wallet}"
        if flag == "unvalued_cost":
            of_symbol = scope.parameters() | {"symbol": symbol}
            assets = [asset for (asset,) in store.rows(statement("findings", "unvalued_assets"), of_symbol)]
            sentence = f"{sentence} {', '.join(assets)}"
        names = [name for name, _ in positions]
        found.append(_finding(scope, flag, severity, symbol, positions[0][1], f"{named} {sentence}", names))
    return found


def _mismatched(scope: Scope, differences: pl.DataFrame | None) -> list[dict[str, Any]]:
    if differences is None or not differences.height:
        return []
    found = []
    for (position_id,), rows in differences.partition_by("position_id", as_dict=True, maintain_order=True).items():
        first = rows.row(0, named=True)
        sentence = (
            f"{position_id}: {rows.height} fills state another realized result than average cost gives, the first "
            f"{first['realized_stated']:f} instead of {first['realized']:f}; fills may be missing before it"
        )
        symbol = str(position_id).split(":")[1]
        found.append(
            _finding(
                scope,
                "realized_mismatch",
                "warning",
                symbol,
                first["filled_at"],
                sentence,
                [str(key) for key in rows["row_key"].to_list()],
            )
        )
    return found


def _unattributed(store: Store, scope: Scope) -> list[dict[str, Any]]:
    lines_left = store.rows(UNATTRIBUTED, scope.parameters())
    if not lines_left:
        return []
    count = int(store.scalar(statement("findings", "movement_count"), scope.parameters()) or 0)
    tolerance = max(count, 1) * UNIT_BOOKED
    found = []
    for cause, asset, amount, first_at, lines, largest, weight, keys in lines_left:
        if weight <= tolerance:
            continue
        if cause == "session_result" and not store.scalar(statement("findings", "has_positions"), scope.parameters()):
            continue  # only wallet rows exist: the net result is known, and nothing is wrong
        hint = HINTS.get(cause, "import more")
        sentence = f"{amount.normalize():f} {asset} of {cause} in {lines} lines belong to no position; {hint}"
        kind = "unattributed"
        if cause == "realized_pnl" and abs(amount) <= tolerance:
            kind = "booked_by_session"
            sentence = (
                f"{asset}: the venue books results on other days than positions realize them, by up to "
                f"{largest.normalize():f} a day, since it settles what is open; over all days nothing is missing"
            )
        found.append(_finding(scope, kind, "info", asset, first_at, sentence, keys or []))
    return found


OPEN_POSITIONS = statement("findings", "open_positions")
CLOSED_RESULTS = statement("findings", "closed_results")


def _stated_positions(store: Store, scope: Scope) -> list[dict[str, Any]]:
    """Positions that the venue states (snapshots, position history) against the ones made of fills."""
    found = []
    of_open = store.rows(OPEN_POSITIONS, scope.parameters()) if scope.may_have("stated_positions") else []
    for symbol, stated_at, stated, held, key in of_open:
        sentence = (
            f"the venue states a position of {stated.normalize():f} {symbol} at {stated_at:%Y-%m-%d %H:%M:%S}Z, "
            f"the fills make {held.normalize():f}; fills may be missing"
        )
        found.append(_finding(scope, "stated_position", "warning", symbol, stated_at, sentence, [key]))
    if not scope.may_have("stated_results"):
        return found
    results = store.query(CLOSED_RESULTS, scope.parameters())
    agrees = (pl.col("stated") - pl.col("gross")).abs() <= pl.col("exit_quantity") * RESULT_STEP + HALF_CENT
    disagreeing = results.filter(~agrees.any().over("key")).unique("key", keep="first", maintain_order=True)
    for position_id, symbol, closed_at, stated, gross, key in disagreeing.drop("exit_quantity").iter_rows():
        sentence = (
            f"{position_id}: the position history states a result of {stated.normalize():f}, the fills give "
            f"{gross.normalize():f}; fills may be missing"
        )
        found.append(_finding(scope, "stated_result", "warning", symbol, closed_at, sentence, [key]))
    return found


FUNDING_ROWS = statement("findings", "funding_rows")


def _funding_formula(store: Store, scope: Scope) -> list[dict[str, Any]]:
    """Funding that differs from size x mark x rate by more than the venue's rounding of a lot explains."""
    rows = store.query(FUNDING_ROWS, scope.parameters())
    if not rows.height:
        return []
    value = position_value(
        pl.col("position_quantity"), pl.col("mark_price"), pl.col("multiplier"), pl.col("style") == "inverse"
    )
    rows = rows.with_columns(expected=funding_payment(pl.col("side"), value, pl.col("rate")))
    allowed = pl.col("expected").abs() / pl.lit(1000).cast(MONEY) + pl.lit(TWO_UNITS).cast(MONEY)
    wrong = rows.filter((pl.col("amount").abs() - pl.col("expected").abs()).abs() > allowed)
    if not wrong.height:
        return []
    first = wrong.row(0, named=True)
    sentence = (
        f"{wrong.height} funding rows differ from size x mark x rate, the first "
        f"{first['amount'].normalize():f} instead of {first['expected'].normalize():f}; "
        "the position may be another one than the fills make"
    )
    return [
        _finding(
            scope, "funding_formula", "warning", first["symbol"], first["paid_at"], sentence, wrong["key"].to_list()
        )
    ]


def _new_columns(store: Store, scope: Scope) -> list[dict[str, Any]]:
    return [
        _finding(
            scope,
            "new_column",
            "warning",
            None,
            None,
            f"{name}: {'; '.join(json.loads(warnings))}; it may carry a fee",
            [],
        )
        for name, warnings in store.rows(NEW_COLUMNS, {"account": scope.account, "venue": scope.venue})
    ]


def _expired(store: Store, scope: Scope) -> list[dict[str, Any]]:
    """Dated positions that are still open after their day: some venues print no row for an option that ends at zero."""
    found = []
    for position_id, symbol, product, expires_on in store.rows(
        statement("findings", "expired_open"), scope.parameters()
    ):
        told = "its delivery or exercise" if product == "option" else "its delivery"
        sentence = (
            f"{position_id} expired on {expires_on:%Y-%m-%d} and no row closes it; import the export that lists "
            f"{told}, or enter the close as a plain fill (execution delivery; price 0 where an option ended worthless)"
        )
        found.append(_finding(scope, "expired_open", "warning", symbol, None, sentence, [position_id]))
    return found


def _missing_fills(store: Store, scope: Scope) -> list[dict[str, Any]]:
    """Trades that the ledger books, in time that an export of fills covers, and of which that export has no fill."""
    found = []
    for symbol, assets, trades, first_at, last_at, refs, keys in store.rows(
        statement("findings", "missing_fills"), scope.parameters()
    ):
        when = f"at {first_at:%Y-%m-%d %H:%M:%S}Z"
        when = when if trades == 1 else f"from {first_at:%Y-%m-%d} to {last_at:%Y-%m-%d}"
        named = ", ".join(refs[:SHOWN_REFS]) + (" ..." if len(refs) > SHOWN_REFS else "")
        sentence = (
            f"the ledger books {trades} trade{'s' * (trades != 1)} of {symbol or assets} {when} ({named}) without a "
            "fill, though an export of fills covers that time: rows of it are missing, or it was filtered; positions "
            "there are not to be trusted; download it again"
        )
        found.append(_finding(scope, "missing_fill", "warning", symbol, first_at, sentence, keys))
    return found


SEAM_TWINS = statement("findings", "seam_twins")
SHARED = statement("findings", "shared")


def _seam_twins(store: Store, scope: Scope) -> list[dict[str, Any]]:
    """Equal rows at the last instant of one file and the first of the next, which share no other row: one or two?"""
    found = []
    for first, second, at, first_no, second_no in store.rows(SEAM_TWINS, scope.parameters()):
        shared = store.rows(SHARED, {"first": first_no, "second": second_no})
        if not shared:
            continue
        sentence = (
            f"{first} ends and {second} starts at {at:%Y-%m-%d %H:%M:%S}Z with {len(shared)} equal rows, counted once; "
            "if both are real, import one export that spans the seam"
        )
        found.append(_finding(scope, "seam_twin", "warning", None, at, sentence, [key for key, _ in shared]))
    return found


def _rejected(store: Store, scope: Scope) -> list[dict[str, Any]]:
    rows = store.rows(statement("findings", "rejected"), scope.parameters())
    return [
        _finding(
            scope,
            "rejected_rows",
            "error",
            None,
            None,
            f"{name}: {rejected} of {read} rows were not understood and are not in the book; see `marginbook rejects`",
            [],
        )
        for name, rejected, read in rows
    ]
