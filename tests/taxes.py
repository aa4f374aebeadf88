"""An invented tax year as a value, for the tests of targets: small enough to check by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from reports.tax.value import (
    ACQUISITIONS,
    BLOCKS,
    CONTROLS,
    DISPOSALS,
    FLOWS,
    LOTS,
    PLACES,
    RESULTS,
    WANTED,
    Policy,
    TaxYear,
)  # fmt: skip

US_2025 = Policy(
    jurisdiction="us", year=2025, starts_at=datetime(2025, 1, 1, tzinfo=UTC), ends_at=datetime(2026, 1, 1, tzinfo=UTC),
    zone="UTC", currency="USD", method="fifo", scope="account",
)  # fmt: skip
UK_2025 = replace(
    US_2025, jurisdiction="uk", starts_at=datetime(2025, 4, 5, 23, tzinfo=UTC), ends_at=datetime(2026, 4, 5, 23, tzinfo=UTC),
    zone="Europe/London", currency="GBP", method="uk", scope="universal",
)  # fmt: skip
DE_2025 = replace(
    US_2025, jurisdiction="de", starts_at=datetime(2024, 12, 31, 23, tzinfo=UTC), ends_at=datetime(2025, 12, 31, 23, tzinfo=UTC),
    zone="Europe/Berlin", currency="EUR",
)  # fmt: skip
HERE = {"account": "main", "venue": "kraken", "wallet": "spot"}
PERPS = {
    "account": "main",
    "venue": "kucoin",
    "wallet": "usdm",
    "symbol": "ETHUSDTM",
    "position_id": "main:ETHUSDTM:long:20250502T1000:1",
}


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rows_of(columns: Mapping[str, pl.DataType], rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows as a frame of these columns: amounts and instants are given as text; what is left out is null."""
    made: dict[str, list[Any]] = {name: [] for name in columns}
    for row in rows:
        assert set(row) <= set(columns), set(row) - set(columns)
        for name, kind in columns.items():
            value = row.get(name)
            if isinstance(value, str) and isinstance(kind, pl.Decimal):
                value = Decimal(value)
            if isinstance(value, str) and isinstance(kind, pl.Datetime):
                value = instant(value)
            made[name].append([] if value is None and isinstance(kind, pl.List) else value)
    return pl.DataFrame(made, schema=dict(columns))


def tax_year(policy: Policy = US_2025, **changed: Any) -> TaxYear:
    """Return a year: a long and a short sale, a fee in kind, a perpetual's loss with its costs, a loan sold, interest."""
    disposals = [
        {"line": "D-201-1", "disposal_id": "201", **HERE, "asset": "BTC", "kind": "sale", "quantity": "0.5", "acquired_at": "2023-01-10 09:00:00",
         "disposed_at": "2025-05-02 17:30:12", "proceeds": "45000", "basis": "9000.5", "fee": "45", "sale_fee": "45", "gain": "35999.5", "term": "long",
         "rule": "fifo", "lot": "L-101", "state_money": False, "rows": ["201", "202"], "lot_rows": ["101"]},
        {"line": "D-201-2", "disposal_id": "201", **HERE, "asset": "BTC", "kind": "sale", "quantity": "0.25", "acquired_at": "2025-02-10 09:00:00",
         "disposed_at": "2025-05-02 17:30:12", "proceeds": "22500", "basis": "24000", "fee": "22.5", "sale_fee": "22.5", "gain": "-1500", "term": "short",
         "rule": "fifo", "lot": "L-102", "state_money": False, "rows": ["201", "202"], "lot_rows": ["102"]},
        {"line": "D-203-1", "disposal_id": "203", **PERPS_PLACE, "asset": "USDT", "kind": "loss", "quantity": "31.7", "acquired_at": "2025-01-03 00:00:00",
         "disposed_at": "2025-05-03 23:59:58", "proceeds": "31.68", "basis": "31.71", "fee": "0", "sale_fee": "0", "gain": "-0.03", "term": "short",
         "rule": "fifo", "lot": "L-103", "state_money": False, "rows": ["203"], "lot_rows": ["103"]},
        {"line": "D-205-1", "disposal_id": "205", "account": "nexo", "venue": "nexo", "wallet": "unified", "asset": "ETH", "kind": "collateral_sale",
         "quantity": "1.2", "acquired_at": "2024-11-20 08:00:00", "disposed_at": "2025-10-10 21:17:00", "proceeds": "4200", "basis": "3720", "fee": "0", "sale_fee": "0",
         "gain": "480", "term": "short", "rule": "fifo", "lot": "L-104", "state_money": False, "rows": ["205"], "lot_rows": ["104"]},
    ]  # fmt: skip
    results = [
        {"line": "R-203", "booked_at": "2025-05-03 23:59:58", **PERPS, "side": "long", "product": "perpetual", "part": "result", "asset": "USDT",
         "amount": "-30.2", "value": "-30.18", "forced": True, "group": "derivative", "rows": ["203"]},
        {"line": "R-204", "booked_at": "2025-05-03 23:59:58", **PERPS, "side": "long", "product": "perpetual", "part": "trading_fee", "asset": "USDT",
         "amount": "-1", "value": "-0.9995", "forced": True, "group": "derivative", "rows": ["204"]},
        {"line": "R-206", "booked_at": "2025-05-03 16:00:00", **PERPS, "side": "long", "product": "perpetual", "part": "funding", "asset": "USDT",
         "amount": "-0.5", "value": "-0.49975", "forced": False, "group": "derivative", "rows": ["206"]},
        {"line": "R-207", "booked_at": "2025-03-01 16:00:00", **PERPS, "side": "long", "product": "perpetual", "part": "result", "asset": "USDT",
         "amount": "10", "value": "9.99", "forced": False, "group": "derivative", "rows": ["207"]},
        {"line": "R-208", "booked_at": "2025-10-10 21:17:00", "account": "nexo", "venue": "nexo", "wallet": "unified", "part": "interest", "asset": "USD",
         "amount": "-0.95", "value": "-0.95", "forced": False, "group": "loan", "rows": ["208"]},
        {"line": "R-209", "booked_at": "2025-06-01 00:00:00", **HERE, "part": "income", "asset": "USDT", "amount": "2", "value": "1.999",
         "forced": False, "group": "other", "rows": ["209"]},
    ]  # fmt: skip
    flows = [
        {"flow": "kucoin:main:207", "happened_at": "2025-03-01 16:00:00", "kind": "result", **PERPS, "received_asset": "USDT", "received": "10",
         "value": "9.99", "group": "derivative", "forced": False, "text": "ETHUSDTM long: result", "rows": ["207"]},
        {"flow": "kraken:main:201", "happened_at": "2025-05-02 17:30:12", "kind": "trade", **HERE, "sent_asset": "BTC", "sent": "0.75",
         "received_asset": "USD", "received": "67567.5", "fee_asset": "USD", "fee": "67.5", "value": "67567.5", "symbol": "BTCUSD", "group": "spot", "forced": False,
         "text": "sell 0.75 BTCUSD", "rows": ["201", "202"]},
        {"flow": "kucoin:main:206", "happened_at": "2025-05-03 16:00:00", "kind": "funding", **PERPS, "sent_asset": "USDT", "sent": "0.5",
         "value": "-0.49975", "group": "derivative", "forced": False, "text": "ETHUSDTM long: funding", "rows": ["206"]},
        {"flow": "kucoin:main:203", "happened_at": "2025-05-03 23:59:58", "kind": "result", **PERPS, "sent_asset": "USDT", "sent": "30.2",
         "value": "-30.18", "group": "derivative", "forced": True, "text": "ETHUSDTM long: result, forced", "rows": ["203"]},
        {"flow": "kucoin:main:204", "happened_at": "2025-05-03 23:59:58", "kind": "trading_fee", **PERPS, "sent_asset": "USDT", "sent": "1",
         "value": "-0.9995", "group": "derivative", "forced": True, "text": "ETHUSDTM long: trading fee", "rows": ["204"]},
        {"flow": "kraken:main:209", "happened_at": "2025-06-01 00:00:00", "kind": "income", **HERE, "received_asset": "USDT", "received": "2",
         "value": "1.999", "group": "other", "forced": False, "text": "income", "rows": ["209"]},
        {"flow": "kraken:main:210", "happened_at": "2025-06-02 00:00:00", "kind": "transfer", **HERE, "other_account": "main", "other_venue": "kucoin",
         "other_wallet": "spot", "sent_asset": "USDT", "sent": "101", "received_asset": "USDT", "received": "100", "group": "other", "forced": False,
         "text": "transfer", "rows": ["210", "211"]},
        {"flow": "nexo:nexo:212", "happened_at": "2025-07-01 09:30:00", "kind": "loan", "account": "nexo", "venue": "nexo", "wallet": "unified",
         "received_asset": "USDC", "received": "2500", "value": "2500", "group": "loan", "forced": False, "text": "loan drawn", "rows": ["212"]},
        {"flow": "nexo:nexo:205", "happened_at": "2025-10-10 21:17:00", "kind": "collateral_sale", "account": "nexo", "venue": "nexo", "wallet": "unified",
         "sent_asset": "ETH", "sent": "1.2", "received_asset": "USD", "received": "4200", "value": "4200", "group": "loan", "forced": True,
         "text": "collateral sold, forced", "rows": ["205"]},
        {"flow": "nexo:nexo:213", "happened_at": "2025-10-10 21:17:00", "kind": "repayment", "account": "nexo", "venue": "nexo", "wallet": "unified",
         "sent_asset": "USD", "sent": "2500", "value": "2500", "group": "loan", "forced": True, "text": "loan repaid, forced", "rows": ["213"]},
        {"flow": "nexo:nexo:208", "happened_at": "2025-10-10 21:17:00", "kind": "interest", "account": "nexo", "venue": "nexo", "wallet": "unified",
         "sent_asset": "USD", "sent": "0.95", "value": "-0.95", "group": "loan", "forced": False, "text": "interest", "rows": ["208"]},
    ]  # fmt: skip
    acquisitions = [
        {"lot": "L-102", **HERE, "asset": "BTC", "kind": "purchase", "quantity": "0.25", "acquired_at": "2025-02-10 09:00:00", "cost": "24000", "fee": "24",
         "rows": ["102"]},
    ]  # fmt: skip
    lots = [
        {
            "account": "main",
            "asset": "USDT",
            "lot": "L-103",
            "acquired_at": "2025-01-03 00:00:00",
            "quantity": "968.3",
            "cost": "968.6",
            "rows": ["103"],
        }
    ]
    controls = [{"name": "derivative results", "asset": "USDT", "here": "-20.2", "book": "-20.2", "difference": "0"}]
    places = [{"row": str(row), "file_id": "f" * 64, "file": "kraken-ledgers.csv" if row % 2 else "=evil|file.csv", "source_row": row - 99,
               "raw": f'"raw {row}",=1+1'} for row in range(101, 220)]  # fmt: skip
    made = TaxYear(
        policy=policy, disposals=rows_of(DISPOSALS, disposals), acquisitions=rows_of(ACQUISITIONS, acquisitions),
        lots_before=rows_of(LOTS, []), lots=rows_of(LOTS, lots), results=rows_of(RESULTS, results), flows=rows_of(FLOWS, flows),
        blocks=rows_of(BLOCKS, []), controls=rows_of(CONTROLS, controls), places=rows_of(PLACES, places),
        wanted=rows_of(WANTED, []),
        assumptions=["Lots: first in, first out, within an account."], version="0.0.0", book="d" * 64,
    )  # fmt: skip
    return replace(made, **changed)


PERPS_PLACE = {"account": "main", "venue": "kucoin", "wallet": "usdm"}
MISSING = rows_of(BLOCKS, [
    {"block_id": "missing_history:main:BTC:20250502T173012", "kind": "missing_history", "account": "main", "wallet": "spot", "asset": "BTC",
     "happened_at": "2025-05-02 17:30:12", "amount": "0.1", "sentence": "0.1 BTC were sold of which nothing tells when and for what they were bought",
     "todo": "import the export that shows the purchase, or `marginbook enter opening-lot`", "rows": ["201"]},
])  # fmt: skip
"""A block that nobody accepted."""


def draft(policy: Policy = US_2025) -> TaxYear:
    return tax_year(policy, blocks=MISSING)


def accepted(policy: Policy = US_2025) -> TaxYear:
    told = MISSING.with_columns(accepted_by=pl.lit("Anna"), accepted_reason=pl.lit("bought for cash in 2013"))
    return tax_year(policy, blocks=told)
