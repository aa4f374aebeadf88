"""Kraken."""

from importers.contract import Format

FORMATS: tuple[Format, ...] = ()
