"""ccxt's unified structures: what scripts and tools dump of any venue, as JSON, JSON lines or CSV.

The venue is what a column `venue` or `exchange` names, else `ccxt`.  Everything lies in one pot (`unified`) unless
`--wallet`, the row or what is known of the venue (`pots.csv`) says another one.
"""

from importers.ccxt import carry, ledger, moves, positions, reference, trades

FORMATS = (
    *trades.FORMATS, *ledger.FORMATS, *carry.FORMATS, *positions.FORMATS, *moves.FORMATS, *reference.FORMATS,
)  # fmt: skip
