"""An invented month as a value: two wallets, three positions, a break, funding with a gap, and names as asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from reports.month import Evidence, Month
from reports.monthly import HEADINGS

MONEY = pl.Decimal(38, 18)
AT = datetime(2025, 10, 3, 8, 0, tzinfo=UTC)
FIGURE = "0123456789abcdef" * 4


def money_frame(rows: list[dict[str, Any]], texts: dict[str, Any], money: tuple[str, ...]) -> pl.DataFrame:
    """Return rows with these columns; an amount is given as text, what is not given is unknown."""
    schema = texts | dict.fromkeys(money, MONEY)
    filled = [{name: row.get(name) for name in schema} for row in rows]
    for row in filled:
        row.update({name: Decimal(str(row[name])) for name in money if row[name] is not None})
    return pl.DataFrame(filled, schema=schema, orient="row")


def month(*, symbol: str = "ETHUSDT", file: str = "income.csv", asset: str = "USDT", **words: Any) -> Month:
    """Return the month; the symbol, the asset and the name of the file are what a venue or a person made of them."""
    moments = dict.fromkeys(("opened_at", "closed_at"), pl.Datetime("us", "UTC"))
    texts = dict.fromkeys(("period", "account", "venue", "wallet", "asset", "status", "line"), pl.String)
    rolled = ("opening", *HEADINGS, "closing", "stated_closing", "difference", "opening_value", "closing_value")
    zero = dict.fromkeys(HEADINGS, "0")
    lines = [
        {"period": "2025-10", "account": "main", "venue": "acme", "wallet": "usdm", "asset": asset, **zero, "opening": "1000",
         "funding": "-3.25", "trading_fees": "-1.123456789012345678", "closing": "995.626543210987654322",
         "stated_closing": "998.826543210987654322", "difference": "3.2", "status": "broken", "line": f"reconcile|usdm|{asset}",
         "opening_value": "900", "closing_value": "896"},
        {"period": "2025-10", "account": "main", "venue": "acme", "wallet": "spot", "asset": "BTC", **zero, "opening": "0",
         "deposits": "0.5", "closing": "0.5", "stated_closing": "0.5", "difference": "0", "status": "tied",
         "line": "reconcile|spot|BTC", "opening_value": "0"},
    ]  # fmt: skip
    costs = ("trading_fees", "funding", "interest", "liquidation_fees")
    held = ("holding_days", "exposure_days", *costs, "carry", "cost_of_carry", "carry_per_day", "breakeven_price",
            "carry_annualized_on_notional", "breakeven_percent", "gross_pnl", "net_pnl")  # fmt: skip
    stakes = [
        {"position_id": f"main/{symbol}/{side}", "line": f"main/{symbol}/{side}", "account": "main", "venue": "acme",
         "symbol": symbol, "side": side, "status": "open", "opened_at": AT, "settle_asset": asset, "trading_fees": "1.12",
         "funding": funding, "interest": "0", "liquidation_fees": "0", "carry": "3.25", "cost_of_carry": "4.37",
         "gross_pnl": "10", "net_pnl": "5.63", "turned_to_loss": False}
        for side, funding in (("long", "-4.25"), ("short", "1"))
    ]  # fmt: skip
    ids = dict.fromkeys(
        ("position_id", "line", "account", "venue", "symbol", "side", "status", "settle_asset"), pl.String
    )
    results = ("gross_pnl", "trading_fees", "funding", "interest", "liquidation_fees", "insurance", "net_pnl")
    funding = money_frame(
        [{"period": "2025-10", "account": "main", "venue": "acme", "symbol": symbol, "asset": asset, "paid": "4.25",
          "received": "1", "net": "-3.25", "rows": 6, "line": f"funding|{symbol}|{asset}"}],
        dict.fromkeys(("period", "account", "venue", "symbol", "asset", "line"), pl.String) | {"rows": pl.Int64},
        ("paid", "received", "net", "implied_annual_rate"),
    )  # fmt: skip
    broken = pl.DataFrame({
        "break_id": ["break-1"], "account": ["main"], "venue": ["acme"], "wallet": ["usdm"], "asset": [asset],
        "broken_at": [AT + timedelta(days=9)], "expected": [Decimal("995.5")], "stated": [Decimal("998.7")],
        "difference": [Decimal("3.2")], "file": [file], "row": [17], "hint": ["funding of 8 hours is missing"],
        "age_days": [20], "status": ["open"],
    }).with_columns(pl.col("expected", "stated", "difference").cast(MONEY))  # fmt: skip
    marks = "█" * 8 + "░░" + "│" + "█" * 10 + "│" + "▄" * 8 + "▁" * 3
    calendar = pl.DataFrame({"account": ["main"], "venue": ["acme"], "wallet": ["usdm"], "fact": ["funding"],
                             "month": ["2025-10"], "days": [marks]})  # fmt: skip
    daily = pl.DataFrame(
        {"day": [date(2025, 10, day) for day in (2, 3, 12)], "asset": [asset] * 3,
         "amount": [Decimal("-4.25"), Decimal("0.5"), Decimal("0.5")]},
        schema={"day": pl.Date, "asset": pl.String, "amount": MONEY},
    )  # fmt: skip
    files = pl.DataFrame({"import_no": [1], "name": [file], "format": ["acme.income"], "rows_read": [6], "stored": [6],
                          "duplicate": [0], "ignored": [0], "rejected": [0], "file_id": [FIGURE]})  # fmt: skip
    findings = pl.DataFrame({"finding_id": ["f1"], "kind": ["new_column"], "severity": ["warning"], "account": ["main"],
                             "wallet": ["usdm"], "symbol": [symbol], "found_at": [AT], "sentence": [f"{symbol} in {file}"],
                             "rows": [["1"]]})  # fmt: skip
    row = Evidence(
        at=AT, table="funding", what=f"{symbol} -3.25 {asset}", place=f"{file}:2", raw=f"{symbol},{file},-3.25"
    )
    keys = [
        *(line["line"] for line in lines),
        f"funding|{symbol}|{asset}",
        "break-1",
        *(stake["line"] for stake in stakes),
    ]
    told: dict[str, Any] = {
        "account": "main", "period": "2025-10", "zone": "UTC", "starts_at": datetime(2025, 10, 1, tzinfo=UTC),
        "ends_at": datetime(2025, 11, 1, tzinfo=UTC), "status": "draft", "version": "0.1.0", "figures": FIGURE,
        "blocks": [f"acme usdm {asset}: the venue states another figure"],
        "evidence": {key: [row] for key in keys}, "evidence_counts": dict.fromkeys(keys, 8412),
        "sections": {
            "reconcile": money_frame(lines, texts, rolled), "breaks": broken, "calendar": calendar, "files": files,
            "carry": money_frame(stakes, ids | moments | {"turned_to_loss": pl.Boolean}, held),
            "realized": money_frame(
                [{**stake, "period": "2025-10", "insurance": "0", "grain": "position"} for stake in stakes],
                {**ids, "period": pl.String, "grain": pl.String}, results),
            "funding": funding, "interest": funding.clear(), "funding_daily": daily, "interest_daily": daily.clear(),
            "findings": findings,
        },
    }  # fmt: skip
    return Month(**(told | words))
