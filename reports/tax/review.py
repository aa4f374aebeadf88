"""The review of a tax year: what blocks, what was accepted, assumed and changed, and the figures; on a terminal and as
a page."""

from __future__ import annotations

from reports.tax.review_page import page
from reports.tax.review_text import text

__all__ = ["page", "text"]
