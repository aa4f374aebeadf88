"""What the wallets show: movements derived where no ledger speaks, openings, and the chain of stated balances."""

from __future__ import annotations

import hashlib
from decimal import Decimal

import polars as pl

from ledger.store import Store
from ledger.voices import WHERE, Scope
from schemas.ddl import column_types
from schemas.derived import Balance, Break
from schemas.tables import Movement

UNCOVERED = """NOT EXISTS (FROM voices v WHERE v.account = t.account AND v.venue = t.venue AND v.wallet = t.wallet
  AND v.fact = 'ledger' AND v.cause IS NULL AND t.{time} >= v.from_at AND t.{time} < v.to_at)"""
ORIGIN_COLUMNS = "t.account, t.venue, t.wallet, t.format, t.file_id, t.source_row"


def derive_movements(store: Store, scope: Scope) -> None:
    """Write the movements that spoken facts imply where no ledger covers the wallet (facts, rule 3 of cash)."""
    parameters = scope.parameters()
    store.execute(f"DELETE FROM movements_derived WHERE {WHERE}", parameters)
    scoped = WHERE.replace("account =", "t.account =").replace("venue =", "t.venue =").replace("wallet =", "t.wallet =")
    selects = [
        _derived("fills", "filled_at", "l.settle_asset", "coalesce(l.realized_stated, l.realized)", "realized_pnl",
                 "JOIN (SELECT row_key, settle_asset, sum(realized_stated) AS realized_stated, sum(realized) AS realized "
                 "FROM legs JOIN positions USING (position_id) GROUP BY ALL) l USING (row_key)", 0),
        _derived("fills", "filled_at", "t.fee_asset", "-t.fee", "trading_fee", "", 1),
        _derived("fills", "filled_at", "split_part(t.instrument, '/', 1)",
                 "CASE t.side WHEN 'buy' THEN t.quantity ELSE -t.quantity END", "trade", "", 2, "t.product IN ('spot', 'margin')"),
        _derived("fills", "filled_at", "split_part(split_part(t.instrument, '/', 2), ':', 1)",
                 "CASE t.side WHEN 'buy' THEN -n.notional ELSE n.notional END", "trade",
                 "JOIN spot_notional n USING (row_key)", 3, "t.product IN ('spot', 'margin')"),
        _derived("funding", "paid_at", "t.asset", "t.amount", "funding", "", 4),
        _derived("transfers", "moved_at", "t.asset", "t.amount",
                 "CASE t.kind WHEN 'deposit' THEN 'deposit' WHEN 'withdrawal' THEN 'withdrawal' WHEN 'internal' THEN 'transfer' "
                 "ELSE 'margin_move' END", "", 5, "t.kind IN ('deposit', 'withdrawal', 'internal')", quoted=False),
        _derived("transfers", "moved_at", "t.asset", "-t.fee", "network_fee", "", 6),
    ]  # fmt: skip
    spot = store.query("SELECT row_key, quantity, price FROM fills t WHERE product IN ('spot', 'margin') "
                       f"AND {scoped}", parameters).select("row_key", (pl.col("quantity") * pl.col("price")).alias("notional"))  # fmt: skip
    names = ", ".join(column_types(Movement))
    with store.registered(incoming=spot):
        store.execute(
            "CREATE OR REPLACE TEMP TABLE spot_notional AS SELECT row_key::HUGEINT AS row_key, notional FROM incoming"
        )
    for select in selects:
        store.execute(
            f"INSERT INTO movements_derived ({names}) SELECT {names} FROM ({select.format(scoped=scoped)})", parameters
        )
    store.execute("DROP TABLE spot_notional")


def _derived(
    table: str,
    time: str,
    asset: str,
    amount: str,
    cause: str,
    join: str,
    leg: int,
    where: str = "TRUE",
    *,
    quoted: bool = True,
) -> str:
    word = f"'{cause}'" if quoted else cause
    symbol = "t.symbol" if table != "transfers" else "NULL"
    refs = "t.trade_ref, t.order_ref" if table == "fills" else "NULL, NULL"
    unified, side = ("t.instrument", "t.position_side") if table != "transfers" else ("NULL", "NULL")
    transaction = "t.transaction_ref" if table == "transfers" else "NULL"
    sequence = "t.sequence" if table == "fills" else "NULL"
    pair = "t.pair" if table == "fills" else "NULL"
    return (
        f"SELECT t.row_key - t.row_key % 256 + {128 + leg} AS row_key, {ORIGIN_COLUMNS}, t.{time} AS moved_at, {sequence} AS sequence, "
        f"'asset' AS pool, {asset} AS asset, CAST({amount} AS DECIMAL(38,18)) AS amount, {word} AS cause, {symbol} AS symbol, "
        f"{unified} AS instrument, {side} AS position_side, {pair} AS pair, "
        f"{refs.split(', ', maxsplit=1)[0]} AS trade_ref, {refs.split(', ')[1]} AS order_ref, {transaction} AS transaction_ref, "
        f"NULL::DECIMAL(38,18) AS balance_after FROM {table} t {join} "
        f"WHERE {{scoped}} AND {where} AND {asset} IS NOT NULL AND {amount} IS NOT NULL AND {amount} <> 0 "
        f"AND {UNCOVERED.format(time=time)}"
    )


# ---------------------------------------------------------------------------------------------- the chain

GROUPS = f"""
SELECT asset, moved_at AS moment, CAST(sum(amount) AS DECIMAL(38,18)) AS amount,
  list(DISTINCT balance_after) FILTER (WHERE balance_after IS NOT NULL) AS stated,
  max_by(balance_after, (sequence, row_key)) FILTER (WHERE balance_after IS NOT NULL) AS last_stated,
  max_by(row_key, (sequence, row_key)) FILTER (WHERE balance_after IS NOT NULL)::DECIMAL(38,0) AS row_key
FROM movements WHERE {WHERE} AND pool = 'asset' GROUP BY ALL ORDER BY asset, moment
"""


def chain(store: Store, scope: Scope) -> None:
    """Write the opening of every asset of the wallet, and each place where its stated balances do not follow."""
    for table in ("openings", "breaks_stored"):
        store.execute(f"DELETE FROM {table} WHERE {WHERE}", scope.parameters())
    groups = store.query(GROUPS, scope.parameters())
    openings: list[dict[str, object]] = []
    breaks: list[dict[str, object]] = []
    for (asset,), frame in groups.partition_by("asset", as_dict=True, maintain_order=True).items():
        opening, found = follow(frame)
        openings.append({**scope.parameters(), "asset": asset, "opening": opening or Decimal(0), "anchored": opening is not None,
                         "first_at": frame["moment"][0]})  # fmt: skip
        for broken in found:
            name = f"{scope.account}/{scope.wallet}/{asset}/{broken['broken_at']:%Y-%m-%dT%H:%M:%S.%f}"
            short = hashlib.sha256(name.encode()).hexdigest()[:10]
            breaks.append({"break_id": f"break-{short}", **scope.parameters(), "asset": asset, **broken})
    if openings:
        store.insert("openings", pl.DataFrame(openings, schema=column_types(Balance)))
    if breaks:
        store.insert("breaks_stored", pl.DataFrame(breaks, schema=column_types(Break)))


def follow(groups: pl.DataFrame) -> tuple[Decimal | None, list[dict[str, object]]]:
    """Return the opening that the first stated balance fixes (None: none is stated) and the breaks of the chain.

    A group is an instant; within it the venue may list balances in any order, so the chain holds where one of them
    is the balance before plus the whole group.  After a break it goes on from the stated balance.
    """
    summed = groups.with_columns(running=pl.col("amount").cum_sum())
    with_balance = summed.filter(pl.col("last_stated").is_not_null())
    if not with_balance.height:
        return None, []
    opening = _opening(with_balance)
    gaps = (
        with_balance.select("moment", "running", "stated")
        .explode("stated")
        .with_columns(gap=pl.col("stated") - pl.col("running"))
    )
    holding = gaps.filter(pl.col("gap") == opening)["moment"].n_unique()
    if holding == with_balance.height:
        return opening, []
    breaks: list[dict[str, object]] = []
    gap = opening
    for row in with_balance.iter_rows(named=True):
        expected = row["running"] + gap
        if expected in row["stated"]:
            continue
        stated = row["last_stated"]
        breaks.append({"broken_at": row["moment"], "expected": expected, "stated": stated, "difference": stated - expected,
                       "row_key": row["row_key"]})  # fmt: skip
        gap = stated - row["running"]
    return opening, breaks


def _opening(with_balance: pl.DataFrame) -> Decimal:
    """Return the opening by the first group: of several balances the one that the second group continues."""
    first = with_balance.row(0, named=True)
    candidates = [balance - first["running"] for balance in first["stated"]]
    if len(candidates) > 1 and with_balance.height > 1:
        second = with_balance.row(1, named=True)
        following = {balance - second["running"] for balance in second["stated"]}
        agreeing = [candidate for candidate in candidates if candidate in following]
        if agreeing:
            return Decimal(agreeing[0])
    return Decimal(first["last_stated"] - first["running"])
