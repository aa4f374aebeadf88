"""Deribit: the transaction log as CSV of the site or JSON of the API, user trades and settlements of the API.

A log is of one currency, and only its file's name says which.
"""

from importers.deribit import history, log

FORMATS = (*log.FORMATS, *history.FORMATS)
