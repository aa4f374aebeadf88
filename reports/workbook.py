"""A report as a workbook: numbers that add up, real date-times, text that never becomes a formula or a link."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any

import polars as pl
import xlsxwriter

from reports.contract import Kind, Report
from reports.exact import exact, joined
from reports.reading import CENTS, summary_line

DIGITS = 15
"""What a spreadsheet keeps of a number."""
LONGEST = 32_767
"""Characters in a cell."""
MOST_ROWS = 1_048_575
"""Rows of a sheet, without its header."""
CUT = " (cut here: a cell holds no more)"
EPOCH = datetime(1980, 1, 1)  # noqa: DTZ001  (a workbook's own time stamps are zoneless; no clock is read)
FIRST_SERIAL, LAST_SERIAL, UNIX_SERIAL = 61, 2_958_466, 25_569  # 1900-03-01, 10000-01-01, 1970-01-01
DAY_US = 86_400_000_000
"""Microseconds of a day."""

Write = Callable[[int, int, Any], None]
