"""HTX (Huobi): financial records of swaps, the spot account's history, margin loans, all of the API.

Nobody has published a header of the site's exports: what is read here are answers of the API, as JSON or CSV.
"""

from __future__ import annotations

from importers.htx import margin, swaps

FORMATS = (*swaps.FORMATS, *margin.FORMATS)
