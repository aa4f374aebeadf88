"""KuCoin: the zip of the site (spot, margin, futures, account histories), the single files before it, and the API.

What KuCoin calls things is data beside the code: `account_types.csv`.
"""

from importers.contract import Format
from importers.kucoin import (
    account_history,
    account_ledger,
    closed_positions,
    conversions,
    futures,
    futures_ledger,
    margin,
    others,
    reference,
    spot_fills,
    transfers,
)
from importers.kucoin.symbols import name_any as name_any

FORMATS: tuple[Format, ...] = (
    *account_history.FORMATS,
    *account_ledger.FORMATS,
    *spot_fills.FORMATS,
    *margin.FORMATS,
    *futures.FORMATS,
    *futures_ledger.FORMATS,
    *closed_positions.FORMATS,
    *transfers.FORMATS,
    *conversions.FORMATS,
    *others.FORMATS,
    *reference.FORMATS,
)
