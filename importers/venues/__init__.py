"""Exports that are described without code, one TOML file each: BlockFi, Celsius, and a plain list of loan events.

A file that is put here is read; nothing else has to know of it.  Of Ledn, YouHodler, SALT and CoinLoan no export was
ever published: `loan_events.toml` reads what their screens say, written down as a table of one's own.
"""

from pathlib import Path

from importers.described.description import read_description

FORMATS = tuple(read_description(path) for path in sorted(Path(__file__).parent.glob("*.toml")))
