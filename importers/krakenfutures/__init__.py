"""Kraken Futures (Kraken Derivatives, before that Crypto Facilities): account log, fills, position updates, executions.

What the venue calls things is data beside the code: `types.csv`.
"""

from importers.krakenfutures import account_log, events, screens

FORMATS = (*account_log.FORMATS, *events.FORMATS, *screens.FORMATS)
