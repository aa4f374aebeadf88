"""Things to look at, each in a sentence that says what was seen and what to do, with the rows behind it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl

from ledger.formulas import funding_payment, position_value
from ledger.store import Store
from ledger.voices import WHERE, Scope
from schemas.types import MONEY

SHOWN = 20
ROUNDING = "0.00000001"
TWO_UNITS = Decimal("0.00000002")

UNATTRIBUTED = f"""
SELECT cause, asset, CAST(sum(amount) AS DECIMAL(38,18)) AS amount, min(booked_at) AS first_at, count(*) AS n,
  list(row_key::DECIMAL(38,0)::VARCHAR ORDER BY booked_at, row_key) FILTER (WHERE row_key IS NOT NULL) AS keys
FROM costs_stored WHERE {WHERE} AND how = 'unattributed' GROUP BY ALL
HAVING sum(abs(amount)) > $rows_ * {ROUNDING} ORDER BY ALL
"""
NEW_COLUMNS = """
SELECT name, warnings FROM files WHERE account = $account AND venue = $venue AND warnings LIKE '%new_column%' ORDER BY file_no
"""
HINTS = {
    "trading_fee": "import the trade history that states them with their fills",
    "realized_pnl": "import the trade history of that range",
    "funding": "import the export that names the instrument (transaction history, executions)",
    "session_result": "import the executions of that range to split it into results, fees and funding",
    "liquidation_fee": "import the trade history and the force orders of that range",
    "insurance": "import the trade history and the force orders of that range",
}


def findings_of(store: Store, scope: Scope, differences: pl.DataFrame | None) -> list[dict[str, Any]]:
    """Return what is worth a look in one wallet."""
    return [
        *_flagged(store, scope),
        *_mismatched(scope, differences),
        *_unattributed(store, scope),
        *_new_columns(store, scope),
        *_seam_twins(store, scope),
        *_rejected(store, scope),
        *_stated_positions(store, scope),
        *_funding_formula(store, scope),
    ]


def _finding(
    scope: Scope, kind: str, severity: str, symbol: object, at: object, sentence: str, rows: list[str]
) -> dict[str, Any]:
    return {"kind": kind, "severity": severity, "account": scope.account, "wallet": scope.wallet, "symbol": symbol,
            "found_at": at, "sentence": sentence, "rows": rows[:SHOWN]}  # fmt: skip


FLAG_SENTENCES = {
    "opening_inferred": ("warning", "was open before the first row of the exports; its entry price is unknown and its result is "
                         "the venue's own; import older fills, or enter the opening"),
    "unknown_contract_size": ("warning", "has a contract size that nobody stated, so its value and result are unknown; import the "
                              "venue's instrument file or a plain instruments CSV (`marginbook formats show plain.instruments`)"),
    "hedge_undecidable": ("warning", "does not follow from one-way nor wholly from hedge mode; an export with the position side decides it"),
    "hedge_inferred": ("info", "was read as one side of a hedge, because only so the stated results follow"),
    "unvalued_cost": ("info", "has costs in an asset without a known price; import a price file for that asset"),
    "unknown_result": ("warning", "has closes whose result nothing states; import older fills"),
}  # fmt: skip


def _flagged(store: Store, scope: Scope) -> list[dict[str, Any]]:
    rows = store.rows(f"SELECT position_id, symbol, opened_at, unnest(flags) AS flag FROM positions WHERE {WHERE} ORDER BY ALL",
                      scope.parameters())  # fmt: skip
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
            else f"{len(positions)} positions of {symbol}, first {positions[0][0]}:"
        )
        found.append(
            _finding(
                scope, flag, severity, symbol, positions[0][1], f"{named} {sentence}", [name for name, _ in positions]
            )
        )
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
        found.append(_finding(scope, "realized_mismatch", "warning", symbol, first["filled_at"], sentence,
                              [str(key) for key in rows["row_key"].to_list()]))  # fmt: skip
    return found


def _unattributed(store: Store, scope: Scope) -> list[dict[str, Any]]:
    count = int(store.scalar(f"SELECT count(*) FROM movements WHERE {WHERE}", scope.parameters()) or 0)
    sql = UNATTRIBUTED.replace("$rows_", str(max(count, 1)))
    found = []
    for cause, asset, amount, first_at, lines, keys in store.rows(sql, scope.parameters()):
        if cause == "session_result" and not store.scalar(
            f"SELECT 1 FROM positions WHERE {WHERE} LIMIT 1", scope.parameters()
        ):
            continue  # only wallet rows exist: the net result is known, and nothing is wrong
        sentence = f"{amount.normalize():f} {asset} of {cause} in {lines} lines belong to no position; {HINTS.get(cause, 'import more')}"
        found.append(_finding(scope, "unattributed", "info", asset, first_at, sentence, keys or []))
    return found


OPEN_POSITIONS = """
WITH asked AS (
  SELECT s.row_key, s.symbol, s.stated_at, s.quantity, s.position_side FROM stated_positions s
  WHERE s.account = $account AND s.venue = $venue AND s.wallet = $wallet AND s.quantity IS NOT NULL AND s.closed_at IS NULL
), held AS (
  SELECT a.row_key, CAST(coalesce(sum(l.quantity_after), 0) AS DECIMAL(38,18)) AS quantity
  FROM asked a LEFT JOIN (
    SELECT p.symbol, p.position_side, p.position_id, l.filled_at, l.quantity_after,
      coalesce(lead(l.filled_at) OVER (PARTITION BY p.position_id ORDER BY l.leg_no), 'infinity'::TIMESTAMPTZ) AS next_at
    FROM legs l JOIN positions p USING (position_id)
    WHERE p.account = $account AND p.venue = $venue AND p.wallet = $wallet) l
  ON l.symbol = a.symbol AND l.filled_at <= a.stated_at AND a.stated_at < l.next_at
    AND (a.position_side IS NULL OR a.position_side = 'both' OR a.position_side = l.position_side)
  GROUP BY a.row_key
)
SELECT a.symbol, a.stated_at, a.quantity AS stated, h.quantity AS held, a.row_key::DECIMAL(38,0)::VARCHAR AS key
FROM asked a JOIN held h USING (row_key) WHERE h.quantity <> a.quantity ORDER BY ALL
"""
CLOSED_RESULTS = """
WITH ours AS (
  SELECT p.position_id, p.symbol, p.side, p.closed_at, p.opened_at, l.gross_after AS gross, l.exit_quantity
  FROM positions p JOIN legs l USING (position_id)
  WHERE p.account = $account AND p.venue = $venue AND p.wallet = $wallet AND p.ended <> 'open'
  QUALIFY row_number() OVER (PARTITION BY p.position_id ORDER BY l.leg_no DESC) = 1
)
SELECT o.position_id, o.symbol, o.closed_at, r.amount AS stated, o.gross, r.row_key::DECIMAL(38,0)::VARCHAR AS key
FROM stated_results r JOIN ours o ON o.symbol = r.symbol AND o.closed_at BETWEEN r.booked_at - INTERVAL 2 SECOND AND r.booked_at + INTERVAL 2 SECOND
WHERE r.account = $account AND r.venue = $venue AND r.wallet = $wallet AND r.grain = 'position' AND r.basis = 'gross'
  AND o.gross IS NOT NULL AND NOT EXISTS (
    FROM ours x WHERE x.symbol = r.symbol AND x.closed_at BETWEEN r.booked_at - INTERVAL 2 SECOND AND r.booked_at + INTERVAL 2 SECOND
      AND abs(x.gross - r.amount) <= 0.000001 * o.exit_quantity + 0.005)
ORDER BY ALL
"""


def _stated_positions(store: Store, scope: Scope) -> list[dict[str, Any]]:
    """Positions that the venue states (snapshots, position history) against the ones made of fills."""
    if not store.scalar(f"SELECT 1 FROM fills WHERE {WHERE} LIMIT 1", scope.parameters()):
        return []
    found = []
    for symbol, stated_at, stated, held, key in store.rows(OPEN_POSITIONS, scope.parameters()):
        sentence = (f"the venue states a position of {stated.normalize():f} {symbol} at {stated_at:%Y-%m-%d %H:%M:%S}Z, the fills make "
                    f"{held.normalize():f}; fills may be missing")  # fmt: skip
        found.append(_finding(scope, "stated_position", "warning", symbol, stated_at, sentence, [key]))
    for position_id, symbol, closed_at, stated, gross, key in store.rows(CLOSED_RESULTS, scope.parameters()):
        sentence = (f"{position_id}: the position history states a result of {stated.normalize():f}, the fills give "
                    f"{gross.normalize():f}; fills may be missing")  # fmt: skip
        found.append(_finding(scope, "stated_result", "warning", symbol, closed_at, sentence, [key]))
    return found


FUNDING_ROWS = """
SELECT f.row_key::DECIMAL(38,0)::VARCHAR AS key, f.symbol, f.paid_at, f.amount, f.rate, f.mark_price, f.position_quantity, p.side,
  p.style, p.multiplier
FROM funding f JOIN costs_stored c ON c.row_key = f.row_key AND c.cause = 'funding' JOIN positions p USING (position_id)
WHERE f.account = $account AND f.venue = $venue AND f.wallet = $wallet AND f.rate IS NOT NULL AND f.mark_price IS NOT NULL
  AND f.position_quantity IS NOT NULL AND p.multiplier IS NOT NULL AND p.style IS NOT NULL ORDER BY f.paid_at, f.row_key
"""


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
    wrong = rows.filter((pl.col("amount") - pl.col("expected")).abs() > allowed)
    if not wrong.height:
        return []
    first = wrong.row(0, named=True)
    sentence = (f"{wrong.height} funding rows differ from size x mark x rate, the first {first['amount'].normalize():f} instead of "
                f"{first['expected'].normalize():f}; the position may be another one than the fills make")  # fmt: skip
    return [
        _finding(
            scope, "funding_formula", "warning", first["symbol"], first["paid_at"], sentence, wrong["key"].to_list()
        )
    ]


def _new_columns(store: Store, scope: Scope) -> list[dict[str, Any]]:
    return [
        _finding(scope, "new_column", "warning", None, None, f"{name}: the header has columns nobody has described ({warnings}); "
                 "one may carry a fee", [])
        for name, warnings in store.rows(NEW_COLUMNS, {"account": scope.account, "venue": scope.venue})
    ]  # fmt: skip


SEAM_TWINS = """
WITH edges AS (
  SELECT f.file_no, f.series, f.bundle_id, f.pool, f.name, f.first_at, f.last_at FROM files f
  JOIN (SELECT DISTINCT file_no FROM coverage WHERE account = $account AND venue = $venue AND wallet = $wallet) USING (file_no)
)
SELECT a.name AS first, b.name AS second, a.last_at, a.file_no AS first_no, b.file_no AS second_no FROM edges a JOIN edges b
  ON a.series = b.series AND a.last_at = b.first_at AND (a.bundle_id, a.pool) <> (b.bundle_id, b.pool)
  AND a.first_at < a.last_at AND b.first_at < b.last_at ORDER BY ALL
"""
SHARED = """
SELECT a.key::DECIMAL(38,0)::VARCHAR AS key, a.day FROM sightings_stored a JOIN sightings_stored b USING (key, nth)
WHERE a.file_no = $first AND b.file_no = $second AND a.content = 0
"""


def _seam_twins(store: Store, scope: Scope) -> list[dict[str, Any]]:
    """Equal rows at the last instant of one file and the first of the next, which share no other row: one or two?"""
    found = []
    for first, second, at, first_no, second_no in store.rows(SEAM_TWINS, scope.parameters()):
        shared = store.rows(SHARED, {"first": first_no, "second": second_no})
        if not shared:
            continue
        sentence = (f"{first} ends and {second} starts at {at:%Y-%m-%d %H:%M:%S}Z with {len(shared)} equal rows, counted once; "
                    "if both are real, import one export that spans the seam")  # fmt: skip
        found.append(_finding(scope, "seam_twin", "warning", None, at, sentence, [key for key, _ in shared]))
    return found


def _rejected(store: Store, scope: Scope) -> list[dict[str, Any]]:
    rows = store.rows(
        "SELECT name, rejected, rows_read FROM files WHERE rejected > 0 AND file_no IN "
        f"(SELECT file_no FROM coverage WHERE {WHERE}) ORDER BY file_no", scope.parameters())  # fmt: skip
    return [
        _finding(scope, "rejected_rows", "error", None, None,
                 f"{name}: {rejected} of {read} rows were not understood and are not in the book; see `marginbook rejects`", [])
        for name, rejected, read in rows
    ]  # fmt: skip
