"""Bitfinex: ledgers, trades, movements, positions, margin funding and wallets of the report tool, and the API's arrays.

| wallet of the venue | here |
|---|---|
| exchange | `spot` |
| margin (trading) | `cross_margin`; its derivatives' units (USTF0, BTCF0) are a balance of their own, `usdm` |
| funding (deposit) | `funding` |

A margin position books its result, its fees and its interest, never what was borrowed for it.  What the venue calls
things is data beside the code: `assets.csv`, `ledger_words.csv`.
"""

from importers.bitfinex import ledgers, loans, movements, positions, states, trades
from importers.bitfinex.symbols import name_instrument as name_instrument
from importers.contract import Format

FORMATS: tuple[Format, ...] = (
    *ledgers.FORMATS, *trades.FORMATS, *movements.FORMATS, *positions.FORMATS, *loans.FORMATS, *states.FORMATS,
)  # fmt: skip
