"""Nexo: the transactions of savings, credit line, exchange and card; `types.csv` says what their types are."""

from importers.nexo import transactions

FORMATS = transactions.FORMATS
