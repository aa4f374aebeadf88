"""A book of everything that breaks an export, and what an exported journal has to hold."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from ledger.book import Book
from schemas.tables import CAUSES
from tests.books import imported, write

LEDGER = "moved_at,sequence,pool,asset,amount,cause,symbol,wallet,balance_after"
STATEMENT = "stated_at,asset,balance,kind,wallet"
ASSETS = ("1INCH", "$", "$WIF", "WIF", "TRUE", "T", "币安", "btc", "BTC", "A;B%C", "LP [2026-01-01]", "=1+1")
EVIL_NAME = 'a "quoted" \\ [2026-01-01], row: 7; x=|.csv'
EVIL_SYMBOL = 'PERP|x; [2026-01-01] "y" \\'
ACCOUNT = 'Ünïcode "desk"'
Held = Mapping[tuple[str, str, str, str], Decimal]
"""Balance by account, venue, posting account and asset, without what is zero."""


def hostile(book: Book, folder: Path) -> None:
    """Fill a book: names that end strings and begin dates, 18 decimals, every cause, a break, balances stated anywhere."""
    rows = [
        f"2026-01-01T00:00:{number:02d}.123456Z,{number},asset,{_cell(asset)},{number}.000000000000000001,deposit,,spot,"
        for number, asset in enumerate(ASSETS, 1)
    ]
    rows += [
        # two rows of an instant, in the venue's order; then a balance that does not follow, and one that does
        "2026-02-01T08:00:00Z,1,asset,USDT,100,deposit,,usdm,150",
        f"2026-02-01T08:00:00Z,2,asset,USDT,-30,realized_pnl,{_cell(EVIL_SYMBOL)},usdm,120",
        "2026-02-01T09:00:00Z,3,asset,USDT,-0.000000000000000001,funding,BTC-USDT,usdm,119.999999999999999999",
        "2026-02-03T10:00:00Z,4,asset,USDT,5,realized_pnl,BTC-USDT,usdm,131.5",
        "2026-02-03T10:00:00Z,5,asset,USDT,1,realized_pnl,BTC/USDT,usdm,132.5",
        "2026-02-04T23:59:59.999999Z,6,asset,USDT,2,rebate,,usdm,134.5",
        # the venue lists an instant in another order than it numbers it
        "2026-02-05T00:00:00Z,7,asset,USDT,10,income,,usdm,151.5",
        "2026-02-05T00:00:00Z,8,asset,USDT,7,income,,usdm,141.5",
        "2026-02-06T00:00:00Z,9,asset,USDT,50,borrow,,cross_margin,",
        "2026-02-06T00:00:00Z,10,debt,USDT,50,borrow,,cross_margin,",
    ]
    rows += [
        f"2026-02-08T00:00:{number:02d}Z,{number},asset,USDT,1,{cause},X,options,"
        for number, cause in enumerate(CAUSES, 11)
    ]
    statements = [
        "2026-02-02T00:00:00Z,USDT,119.999999999999999999,wallet,usdm",
        "2026-02-02T12:00:00Z,USDT,119.999999999999999999,wallet,usdm",
        "2026-02-03T09:00:00Z,USDT,119.999999999999999999,wallet,usdm",
        "2026-02-06T00:00:00Z,USDT,50,wallet,cross_margin",
        "2026-02-07T08:00:00Z,BTC,9.000000000000000001,wallet,spot",
    ]
    files = (write(folder, EVIL_NAME, LEDGER, rows), write(folder, "balances.csv", STATEMENT, statements))
    imported(book, *files, account=ACCOUNT)


def drawn(book: Book, folder: Path, seed: int) -> None:
    """Fill a book: rows of one instant, chains that break again and again, statements at and beside the rows."""
    draw = random.Random(seed)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    held: dict[tuple[str, str], Decimal] = {}
    rows, statements = [], []
    for number in range(30):
        at += timedelta(hours=draw.choice([0, 0, 1, 7, 12, 24]))
        wallet, asset = draw.choice(["spot", "usdm"]), draw.choice(["BTC", "USDT"])
        amount = Decimal(draw.randint(1, 10**20)).scaleb(-18) * draw.choice([1, -1])
        wrong = Decimal("0.25") if draw.random() < 0.1 else Decimal(0)
        held[wallet, asset] = held.get((wallet, asset), Decimal("12.5")) + amount + wrong
        balance = f"{held[wallet, asset]:f}"
        after = balance if draw.random() < 0.6 else ""
        rows.append(
            f"{at.isoformat()},{number},asset,{asset},{amount:f},{draw.choice(CAUSES)},X{asset},{wallet},{after}"
        )
        if draw.random() < 0.3:
            stated_at = draw.choice([at, at.replace(hour=0), at + timedelta(minutes=5)])
            statements.append(f"{stated_at.isoformat()},{asset},{balance},wallet,{wallet}")
    imported(book, write(folder, "ledger.csv", LEDGER, rows), write(folder, "balances.csv", STATEMENT, statements))


def _cell(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def trial_balance(book: Book, **words: Any) -> Held:
    """Return what the book says that every posting account holds."""
    frame = book.report("trial_balance", **words).filter(
        pl.col("scope") == "account", pl.col("posting_account") != "total"
    )
    columns = ("account", "venue", "posting_account", "asset", "balance")
    return {tuple(key): balance for *key, balance in frame.select(columns).iter_rows() if balance}


def explained_away(held: Held) -> Held:
    """Return a journal's balances without what it posts for breaks: each to the wallet that it came from."""
    found: dict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
    for (account, venue, posting_account, asset), balance in held.items():
        head, _, place = posting_account.partition(":")
        found[account, venue, f"wallet:{place}" if head == "unexplained" else posting_account, asset] += balance
    return {key: balance for key, balance in found.items() if balance}
