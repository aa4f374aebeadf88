"""Hyperliquid: fills and funding as CSV of the app, and what the info API answers, as JSON.

Spot, perpetuals and lending are one pot, `unified`; what is given to a vault, staked or lent out has left it.  What the
venue calls things is data beside the code: `directions.csv`, `updates.csv`, `spot_pairs.csv`.
"""

from importers.contract import Format
from importers.hyperliquid import fills, funding, states, updates
from importers.hyperliquid.symbols import name_instrument as name_instrument

FORMATS: tuple[Format, ...] = (*fills.FORMATS, *funding.FORMATS, *updates.FORMATS, *states.FORMATS)
