"""dYdX: the chain (v4), and the exchange on StarkEx before it (v3, closed in 2024), as CSV of the app or JSON.

Cash is USDC in one pot, `unified`; what is in the MegaVault has left it.  `sides.csv` has Buy and Sell in the app's
languages.
"""

from importers.contract import Format
from importers.dydx import v3, v4_api, v4_exports
from importers.dydx.cells import name_instrument as name_instrument

FORMATS: tuple[Format, ...] = (*v4_exports.FORMATS, *v4_api.FORMATS, *v3.FORMATS)
