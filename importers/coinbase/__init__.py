"""Coinbase: retail reports, Advanced, Pro and Exchange, Prime, US futures (CFM), International Exchange (INTX).

Retail, Advanced, Pro, Exchange and Prime are the wallet `spot`, US futures `usdm`, the international portfolio
`unified`.  What Coinbase Pro held was apart from the retail account: of that time, import the retail report with
`--wallet funding`.  A portfolio has balances of its own: import each as an account of its own (`--account`).
"""

from importers.coinbase import account, fills, futures, international, prime, retail

FORMATS = (
    *fills.FORMATS, *account.FORMATS, *retail.FORMATS, *prime.FORMATS, *futures.FORMATS, *international.FORMATS,
)  # fmt: skip
