"""Gate.io: bills of the spot wallet, futures, loans."""

from __future__ import annotations

from importers.gate import bills, futures, loans

FORMATS = (*bills.FORMATS, *futures.FORMATS, *loans.FORMATS)
