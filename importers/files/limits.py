"""How much of a file is read at most, and how names from inside files are shown.  Imports nothing: children need it."""

from __future__ import annotations

CELL_LIMIT = 64 * 1024
"""Bytes of one cell."""
COLUMN_LIMIT = 1_024
ROW_LIMIT = 1024 * 1024
"""Bytes of one record."""
TEXT_LIMIT = 1_000
"""Characters of a broken row that are kept."""
CHUNK_CELLS = 4_000_000
"""Cells of one chunk of a sheet or of JSON, empty ones too."""
CHUNK_TEXT = 32 << 20
"""Characters of one chunk of a sheet or of JSON."""
TOTAL_LIMIT = 2 << 30
"""Bytes that may come out of one compressed bundle."""
RATIO_LIMIT = 200
RATIO_FREE = 64 << 20
"""Bytes that may come out whatever the ratio."""
MEMBER_LIMIT = 1_000
"""Files in one bundle, those of a zip inside a zip counted in."""
INDEX_LIMIT = 4 << 20
"""Bytes of a zip's own list of its members."""
SHEET_LIMIT = 255
NAME_LIMIT = 1_024
"""Characters of a name that are shown; a zip may have longer ones."""
BOX_LIMIT = 60_000_000
"""Cells of the rectangle around the filled cells of a sheet, where next to none of them is filled."""
BOX_FILLED = 100
"""A rectangle is too empty if fewer than one cell in so many is filled."""


def shown_name(name: str) -> str:
    r"""A name from inside a file, with control, bidi and other invisible characters as `\x1b`, `\u202e`."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name.replace("\\", "\\\\"))
    return shown if len(shown) <= NAME_LIMIT else f"{shown[: NAME_LIMIT - 100]}...{shown[-97:]}"
