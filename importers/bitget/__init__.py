"""Bitget: futures, spot, margin, loans and the unified account; site exports, answers of the API, tax records."""

from __future__ import annotations

from importers.bitget import fills, futures_records, loans, margin, orders, positions, spot_records, unified
from importers.contract import Format

FORMATS: tuple[Format, ...] = (
    *futures_records.FORMATS, *fills.FORMATS, *orders.FORMATS, *positions.FORMATS, *spot_records.FORMATS,
    *margin.FORMATS, *loans.FORMATS, *unified.FORMATS,
)  # fmt: skip
