"""BitMEX: wallet history, executions, and the snapshots of an API archive, as CSV of the site or of the API, or JSON.

Money is printed in whole minor units (satoshi); `terms` says which currency code counts in what, and what a symbol's
name gives away.  Cash is `wallet`, fills, fees and funding are `executions`, checks and contract terms `archive`.
"""

from importers.bitmex import archive, executions, wallet
from importers.bitmex.terms import name_instrument as name_instrument

FORMATS = (*wallet.FORMATS, *executions.FORMATS, *archive.FORMATS)
