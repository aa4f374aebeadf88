"""Deribit: the transaction log of USDC from the API, whose results become cash once a day, at 08:00 UTC."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from tests.lives.everywhere import Life, Row, Sheet, Venue, answer, lived, perpetual, plain
from tests.lives.model import EPOCH, SECOND, ZERO, Desk, Fill

EIGHT, DAY = timedelta(hours=8), timedelta(days=1)


@dataclass
class _Session:
    """What a contract did since its last settlement: size, its cost at the session's prices, results, funding."""

    size: Fraction = ZERO
    cost: Fraction = ZERO
    price: Fraction = ZERO
    result: Fraction = ZERO
    funding: Fraction = ZERO

    def trade(self, fill: Fill) -> Fraction:
        """Apply a fill and return its result since the last settlement."""
        signed, self.price = fill.quantity if fill.buys else -fill.quantity, fill.price
        new, made = self.size + signed, ZERO
        if self.size * signed < 0:
            part = max(min(signed, -self.size), -abs(self.size)) if signed > 0 else max(signed, -self.size)
            made = -part * (fill.price - self.cost / self.size)
            self.cost = self.cost / self.size * (self.size + part)
            self.cost += (signed - part) * fill.price
        else:
            self.cost += signed * fill.price
        self.size, self.result = new, self.result + made
        return made


@dataclass
class _Log:
    """The log while it is written."""

    lines: list[tuple[datetime, str]] = field(default_factory=list)
    balance: Fraction = ZERO
    sessions: dict[str, _Session] = field(default_factory=dict)

    def book(self, at: datetime, kind: str, change: Fraction, **words: object) -> None:
        """Write a row."""
        self.balance += change
        number = 3000 + len(self.lines)
        empty = dict.fromkeys(("trade_id", "side", "price", "position", "order_id", "interest_pl", "instrument_name"))
        self.lines.append((at, json.dumps({
            "username": "invented", "user_seq": number, "user_id": 4711, "type": kind,
            "timestamp": (at - EPOCH) // timedelta(milliseconds=1), "id": number, "currency": "USDC",
            "change": float(plain(change)), "balance": float(plain(self.balance)), "equity": float(plain(self.balance)),
            "commission": 0, "cashflow": float(plain(change)), **empty, **words})))  # fmt: skip

    def settle(self, at: datetime) -> None:
        """Pay what every contract made since the last settlement."""
        for symbol, session in self.sessions.items():
            unrealized = session.size * session.price - session.cost
            change = session.result + unrealized + session.funding
            if not session.size and not change:
                continue
            self.book(at, "settlement", change, instrument_name=symbol, price=float(session.price),
                      side="long" if session.size > 0 else "short" if session.size < 0 else "-",
                      position=float(session.size), interest_pl=float(plain(session.funding)),
                      total_interest_pl=float(plain(session.funding)), session_rpl=float(plain(session.result)),
                      session_upl=float(plain(unrealized)))  # fmt: skip
            session.cost, session.result, session.funding = session.size * session.price, ZERO, ZERO

    def row(self, row: Row) -> None:
        """Write a change; a trade pays its fee, funding waits for the session."""
        if row.fill:
            fill, session = row.fill, self.sessions.setdefault(row.symbol, _Session())
            made = session.trade(fill)
            word = "" if row.is_flip else "close " if row.closes else "open "
            self.book(row.at, "trade", -fill.fee, instrument_name=row.symbol, trade_id=str(fill.number),
                      order_id=str(fill.order), side=f"{word}{'buy' if fill.buys else 'sell'}", price=float(fill.price),
                      amount=float(fill.quantity), position=float(row.after), commission=float(plain(fill.fee)),
                      cashflow=float(plain(made)), user_role="maker" if fill.maker else "taker",
                      info="Liquidation" if fill.forced else None)  # fmt: skip
        elif row.is_funding:
            self.sessions[row.symbol].funding += row.change
        else:
            self.book(row.at, "deposit" if row.change > 0 else "withdrawal", row.change, side="-")


def _log(rows: list[Row], until: datetime) -> _Log:
    log = _Log()
    day = EPOCH + EIGHT + ((rows[0].at - EPOCH - EIGHT) // DAY + 1) * DAY
    for row in rows:
        while row.at > day:
            log.settle(day)
            day += DAY
        log.row(row)
    while until >= day:
        log.settle(day)
        day += DAY
    return log


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the log."""
    return [answer("get_transaction_log_USDC.json", _log(rows, desk.clock).lines,
                   head='{"jsonrpc":"2.0","id":4,"result":{"continuation":1,"logs":[\n', tail="]}}")]  # fmt: skip


@dataclass(frozen=True, kw_only=True, repr=False)
class _Deribit(Venue):
    def live(self, life: Life) -> Desk:
        """Look at the account after a settlement that follows the last of the life."""
        desk = lived(life, self.contracts)
        days = (desk.clock - EPOCH - EIGHT) // DAY + 1
        desk.advance(EPOCH + EIGHT + days * DAY + SECOND)
        return desk

    def balance(self, desk: Desk, rows: list[Row]) -> Fraction:
        """Return the cash of the log, with what open contracts made up to the last settlement."""
        return _log(rows, desk.clock).balance


VENUE = _Deribit(
    name="deribit", print=sheets, clock=SECOND, unstated=frozenset({"sessions"}),
    contracts={base: perpetual(f"{base}_USDC-PERPETUAL", base, settle="USDC", wallet="unified") for base in ("BTC", "ETH")},
)  # fmt: skip
