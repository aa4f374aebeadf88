"""The currencies of states: what central banks publish rates of, and what a report may be valued in."""

from __future__ import annotations

EURO_RATES = (
    "USD", "JPY", "BGN", "CYP", "CZK", "DKK", "EEK", "GBP", "HUF", "LTL", "LVL", "MTL", "PLN", "ROL", "RON", "SEK",
    "SIT", "SKK", "CHF", "ISK", "NOK", "HRK", "RUB", "TRL", "TRY", "AUD", "BRL", "CAD", "CNY", "HKD", "IDR", "ILS",
    "INR", "KRW", "MXN", "MYR", "NZD", "PHP", "SGD", "THB", "ZAR",
)  # fmt: skip
"""Currencies of which the European Central Bank publishes or published a rate against the euro, in its order."""

CURRENCIES = frozenset({"EUR", "AED", "ARS", "CLP", "COP", "NGN", "SAR", "TWD", "UAH", "VND", *EURO_RATES})
"""Codes (ISO 4217) of state currencies; stablecoins are none of them."""
