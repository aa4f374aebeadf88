"""ccxt."""

from __future__ import annotations

from importers.contract import Format

FORMATS: tuple[Format, ...] = ()
