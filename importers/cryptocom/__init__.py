"""Crypto.com: the Exchange (one account of spot, margin and derivatives; before, a wallet each) and the App.

The App is another pot of the same owner: the wallet `funding`.  The Exchange's account since its API v1 is `unified`;
its older exports name the wallet: spot, margin or derivatives.
"""

from importers.cryptocom import app, journal, trades, transfers

FORMATS = (*journal.FORMATS, *trades.FORMATS, *transfers.FORMATS, *app.FORMATS)
