"""An invented venue that only a description in TOML knows: German, by semicolons, in the clock of Berlin."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from tests.lives.everywhere import Row, Sheet, Venue, csv, perpetual, plain
from tests.lives.model import SECOND, Desk

HEADER = "Lfd;Zeit;Art;Markt;Menge;Kurs;Betrag;Gebuehr;Saldo"
DESCRIPTION = """
name = "kontor.journal"
title = "Kontor: journal"
newest_first = true
wallet = "usdm"
sequence = "number"
[[headers]]
columns = ["Lfd", "Zeit", "Art", "Markt", "Menge", "Kurs", "Betrag", "Gebuehr", "Saldo"]
[cells.at]
column = "Zeit"
kind = "time"
formats = ["%d.%m.%Y %H:%M:%S"]
zone = "Europe/Berlin"
[cells.number]
column = "Lfd"
kind = "whole"
[cells.trade_ref]
column = "Lfd"
[cells.word]
column = "Art"
kind = "word"
words = { Kauf = "buy", Verkauf = "sell", "Zwangskauf" = "forced buy", "Zwangsverkauf" = "forced sell", \
Finanzierung = "funding", Einzahlung = "deposit", Auszahlung = "withdrawal" }
[cells.symbol]
column = "Markt"
[cells.quantity]
column = "Menge"
kind = "number"
decimal_comma = true
[cells.price]
column = "Kurs"
kind = "number"
decimal_comma = true
[cells.amount]
column = "Betrag"
kind = "number"
decimal_comma = true
[cells.cost]
column = "Gebuehr"
kind = "number"
decimal_comma = true
[cells.balance_after]
column = "Saldo"
kind = "number"
decimal_comma = true
[values]
forced = "word in ('forced buy', 'forced sell')"
[[symbols]]
product = "contract"
pattern = '(?P<base>[A-Z]+)-EURO'
quote = "EUR"
settle = "EUR"
[[rows]]
name = "fill"
when = "word in ('buy', 'sell', 'forced buy', 'forced sell')"
[rows.fills]
filled_at = "at"
side = "'buy' if word in ('buy', 'forced buy') else 'sell'"
notional_stated = "quantity * price"
fee = "cost"
fee_asset = "'EUR'"
realized_stated = "amount"
execution = "'liquidation' if forced else 'trade'"
[[rows.movements]]
moved_at = "at"
asset = "'EUR'"
cause = "realized_pnl"
only = "amount != 0"
[[rows.movements]]
moved_at = "at"
asset = "'EUR'"
cause = "trading_fee"
amount = "-cost"
only = "cost != 0"
[[rows]]
name = "funding"
when = "word == 'funding'"
[rows.funding]
paid_at = "at"
asset = "'EUR'"
[rows.movements]
moved_at = "at"
asset = "'EUR'"
cause = "funding"
[[rows]]
name = "cash"
when = "word in ('deposit', 'withdrawal')"
[rows.movements]
moved_at = "at"
asset = "'EUR'"
cause = "'deposit' if word == 'deposit' else 'withdrawal'"
[identity]
kind = "id"
cells = ["number"]
[[claims]]
fact = "ledger"
rank = 1
[[claims]]
fact = "fills"
rank = 1
[[claims]]
fact = "fees"
rank = 1
[[claims]]
fact = "funding"
rank = 1
"""
BERLIN = ZoneInfo("Europe/Berlin")


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the journal."""
    return [csv("kontor.csv", HEADER, [(row.at, _line(row)) for row in rows])]


def _line(row: Row) -> str:
    fill = row.fill
    if fill:
        word = ("Zwangs" if fill.forced else "") + ("Kauf" if fill.buys else "Verkauf")
        word = word[:6] + word[6:].lower() if fill.forced else word
    else:
        word = "Finanzierung" if row.is_funding else "Einzahlung" if row.change > 0 else "Auszahlung"
    numbers = (fill.quantity if fill else None, fill.price if fill else None, fill.stated if fill else row.change,
               fill.fee if fill else None, row.balance)  # fmt: skip
    printed = ("" if number is None else plain(number).replace(".", ",") for number in numbers)
    clock = row.at.astimezone(BERLIN).strftime("%d.%m.%Y %H:%M:%S")
    return ";".join((str(row.number), clock, word, row.symbol, *printed))


VENUE = Venue(
    name="kontor", print=sheets, clock=SECOND, described={"kontor.journal": DESCRIPTION},
    contracts={base: perpetual(f"{base}-EURO", base, settle="EUR") for base in ("BTC", "ETH")},
)  # fmt: skip
