"""MEXC: spot, funds and futures of the site's exports, positions, orders and funding of the API."""

from __future__ import annotations

from importers.mexc import funds, futures, futures_api, spot

FORMATS = (*spot.FORMATS, *funds.FORMATS, *futures.FORMATS, *futures_api.FORMATS)
