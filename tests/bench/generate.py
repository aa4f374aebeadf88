"""A transaction log of declared shape, the same bytes for the same seed: 16 columns, amounts with 8 decimals.

Spot and perpetual trades, funding and transfers of one account.  `Change = Cash Flow + Funding - Fee Paid`, `Wallet
Balance` is the running sum of each currency, and the perpetuals' positions open, grow, shrink, close and flip.
Everything is an integer: quantities in 1e-3, prices in 1e-4, values in 1e-7, cash in 1e-8, cost in 1e-18.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random

HEADER = (
    "Time,Uid,Currency,Contract,Type,Direction,Quantity,Position,Filled Price,Funding,Fee Paid,Cash Flow,Change,"
    "Wallet Balance,Order ID,Trade ID"
)
UID = "90210001"
QUOTE = "USDT"
PERPETUALS = tuple(f"P{number:02d}USDT" for number in range(50))
COINS = tuple(f"C{number:02d}" for number in range(10))
SPOT_COINS = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "LTC", "BCH", "ATOM", "LINK")
START = datetime(2024, 1, 1, tzinfo=UTC)
FUNDING_S = 8 * 3600
DAY_S = 24 * 3600
TOP_UP = 100_000_000_000_000  # 1,000,000 USDT in 1e-8
LARGEST = 40_000 * 10**7  # a position worth more is not added to
BATCH = 50_000
CLOCK = tuple(f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(DAY_S))
MIX, MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1


def lines(rows: int, seed: int = 1, *, perpetuals_only: bool = False) -> Iterator[str]:
    """Return the rows of the log, oldest first, without the header."""
    return islice(_rows(_Account(Random(seed)), perpetuals_only), rows)


def write(path: Path, rows: int, seed: int = 1, *, perpetuals_only: bool = False) -> Path:
    """Write a log of so many rows and return its path."""
    write_consecutive([(path, rows)], seed, perpetuals_only=perpetuals_only)
    return path


def write_consecutive(files: Sequence[tuple[Path, int]], seed: int = 1, *, perpetuals_only: bool = False) -> None:
    """Write one log cut into files of so many rows each."""
    source = lines(sum(rows for _, rows in files), seed, perpetuals_only=perpetuals_only)
    for path, rows in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="ascii", newline="") as out:
            out.write(f"{HEADER}\n")
            left = rows
            while left:
                batch = list(islice(source, min(left, BATCH)))
                out.write("\n".join(batch))
                out.write("\n")
                left -= len(batch)


def write_instruments(path: Path) -> Path:
    """Write the terms of the perpetuals as a plain file: one unit of the base a contract."""
    terms = [f"{symbol},perpetual,1,linear,{symbol.removesuffix(QUOTE)},{QUOTE},{QUOTE}" for symbol in PERPETUALS]
    path.write_text("\n".join(["symbol,product,multiplier,style,base,quote,settle", *terms]) + "\n", encoding="ascii")
    return path


def write_trades(path: Path, rows: int, seed: int = 1) -> Path:
    """Write a spot trade history of another venue's shape: ten coins, bought before they are sold, fees in the quote."""
    random, held, second = Random(seed), dict.fromkeys(SPOT_COINS, 0), 0
    with path.open("w", encoding="ascii", newline="") as out:
        out.write("Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n")
        for _ in range(rows):
            second += random.randrange(1, 30)
            coin = SPOT_COINS[random.randrange(len(SPOT_COINS))]
            size, price = random.randrange(1, 1_000), random.randrange(50_000, 90_000)
            is_buy = held[coin] < size or random.random() < 0.5
            held[coin] += size if is_buy else -size
            at = (START + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S")
            value = _decimal(size * price, 5)
            out.write(
                f"{at},{coin}{QUOTE},{'BUY' if is_buy else 'SELL'},{_decimal(price, 2)},{_decimal(size, 3)}{coin},"
                f"{value}{QUOTE},{_decimal(size * price // 1_000, 5)}{QUOTE}\n"
            )
    return path


def write_liquidations(path: Path, log: Path, number: int) -> Path:
    """Write, as a plain file, that so many closing trades of a log, spread over it, were liquidations."""
    places = {name: place for place, name in enumerate(HEADER.split(","))}
    wanted = [places[name] for name in ("Time", "Contract", "Direction", "Quantity", "Filled Price", "Order ID")]
    flat, result = places["Position"], places["Cash Flow"]
    with log.open(encoding="ascii") as rows:
        split = (row.split(",") for row in rows)
        closed = [[row[place] for place in wanted] for row in split
                  if row[flat] == "0.00000000" and row[result].startswith("-")]  # fmt: skip
    lines = ["liquidated_at,symbol,product,side,quantity,price,mark_price,stage,order_ref,wallet,venue"]
    for turn in range(1, number + 1):
        time, symbol, side, quantity, price, order = closed[len(closed) * turn // (number + 1)]
        told = (f"{time.replace(' ', 'T')}Z", symbol, "perpetual", side.lower(), quantity, price, price)
        lines.append(",".join((*told, "full", order, "unified", "bench")))
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def write_tiers(path: Path) -> Path:
    """Write the maintenance margin of the perpetuals as a plain file: two tiers each."""
    tiers = [(symbol, tier) for symbol in PERPETUALS for tier in ("1,0,50000,0.01,50", "2,50000,,0.02,25")]
    lines = [
        "venue,symbol,tier,floor,cap,maintenance_rate,max_leverage",
        *(f"bench,{name},{tier}" for name, tier in tiers),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


@dataclass(kw_only=True)
class _Stream:
    """One perpetual: its price, and what is held of it."""

    symbol: str
    base: int
    offset: int = 0
    held: int = 0
    cost: int = 0

    def moved(self, step: int) -> int:
        """Move the price a little and return it."""
        self.offset = max(-60_000, min(60_000, self.offset + step))
        return self.base * (100_000 + self.offset) // 100_000


@dataclass
class _Account:
    random: Random
    second: int = 0
    number: int = 0
    cash: int = 0
    coins: list[int] = field(default_factory=lambda: [0] * len(COINS))
    streams: list[_Stream] = field(
        default_factory=lambda: [
            _Stream(symbol=name, base=640_000_000 // (k**3 + 1)) for k, name in enumerate(PERPETUALS)
        ]
    )
    days: dict[int, str] = field(default_factory=dict)

    def stamp(self, second: int) -> str:
        """Return an instant as the log prints it."""
        day, clock = divmod(second, DAY_S)
        if day not in self.days:
            self.days[day] = (START + timedelta(days=day)).strftime("%Y-%m-%d")
        return f"{self.days[day]} {CLOCK[clock]}"

    def reference(self) -> str:
        """Return an id that was not given before."""
        self.number += 1
        return f"{self.number * MIX & MASK:016x}"


def _rows(account: _Account, perpetuals_only: bool) -> Iterator[str]:
    yield _transfer(account, TOP_UP)
    bits_of = account.random.getrandbits
    while True:
        bits = bits_of(64)
        before = account.second
        account.second += bits >> 10 & 0x1F
        boundary = account.second // FUNDING_S
        if boundary > before // FUNDING_S:
            if not perpetuals_only:
                yield from _funding(account, boundary * FUNDING_S)
            account.second += account.second == boundary * FUNDING_S
        if account.cash < TOP_UP // 2:
            yield _transfer(account, TOP_UP)
        kind = 1023 if perpetuals_only else bits & 0x3FF
        if kind < 10:
            yield _transfer(
                account, -(bits >> 20 & 0xFFFFF) * 10_000 - 1 if kind < 4 else (bits >> 20 & 0xFFFFF) * 10_000 + 1
            )
        elif kind < 150:
            yield from _spot(account, bits)
        else:
            yield _perpetual(account, bits)


def _transfer(account: _Account, amount: int) -> str:
    account.cash += amount
    word = "TRANSFER_IN" if amount > 0 else "TRANSFER_OUT"
    return _line(account, account.second, QUOTE, f",{word},,,,", 0, 0, amount, account.cash, "")


def _funding(account: _Account, at: int) -> Iterator[str]:
    for stream in account.streams:
        if not stream.held:
            continue
        rate = account.random.getrandbits(10) - 400  # in 1e-6, longs pay where it is above zero
        price = stream.moved(0)
        funding = -stream.held * price * rate // 100_000 or 1
        account.cash += funding
        words = f"{stream.symbol},SETTLEMENT,,,{_decimal(stream.held, 3)},{_decimal(price, 4)}"
        yield _line(account, at, QUOTE, words, funding, 0, 0, account.cash, "")


def _perpetual(account: _Account, bits: int) -> str:
    skewed = bits >> 20 & 0xFFFF
    stream = account.streams[skewed * skewed * len(PERPETUALS) >> 32]
    price = stream.moved((bits >> 36 & 0xFF) - 127)
    quantity, side = _order(stream, bits, price)
    realized = _settled(stream, quantity, side, price)
    value = quantity * price
    fee = value * (20 if bits >> 59 & 3 == 0 else 55) // 10_000
    account.cash += realized - fee
    words = (
        f"{stream.symbol},TRADE,{'BUY' if side > 0 else 'SELL'},{_decimal(quantity, 3)},{_decimal(stream.held, 3)},"
        f"{_decimal(price, 4)}"
    )
    return _line(account, account.second, QUOTE, words, 0, fee, realized, account.cash, account.reference())


def _order(stream: _Stream, bits: int, price: int) -> tuple[int, int]:
    """Return size and direction of the next trade: open, add, close partly or wholly, or flip."""
    steps = bits >> 44 & 0x3F
    size = max(1, (steps + 1) * 10**9 // price)
    choice = bits >> 50 & 0xFF
    if not stream.held:
        return size, 1 if bits >> 58 & 1 else -1
    held, side = abs(stream.held), 1 if stream.held > 0 else -1
    if choice < 115 and held * price < LARGEST:
        return size, side
    if choice < 200:
        return max(1, held * ((steps & 31) + 1) // 33), -side
    if choice < 245:
        return held, -side
    return held + size, -side


def _settled(stream: _Stream, quantity: int, side: int, price: int) -> int:
    """Bring what is held up to date and return the realized result, in 1e-8."""
    scale = 10**11
    held = abs(stream.held)
    if not held or (stream.held > 0) == (side > 0):
        stream.held += side * quantity
        stream.cost += side * quantity * price * scale
        return 0
    closed = min(held, quantity)
    released = stream.cost if closed == held else stream.cost * closed // held
    realized = -side * closed * price * scale - released
    stream.held += side * quantity
    stream.cost = stream.cost - released if quantity <= held else side * (quantity - held) * price * scale
    return (realized + 5 * 10**9) // 10**10


def _spot(account: _Account, bits: int) -> Iterator[str]:
    """Return the two rows of a spot trade: what came with its fee, and what went."""
    index = (bits >> 20 & 0xFFFF) * len(COINS) >> 16
    price = 10_000 * (index + 1) * (80_000 + (bits >> 36 & 0xFFFF)) // 1_000
    size = (bits >> 52 & 0x3F) + 1
    is_buy = account.coins[index] < size * 10**5 or bits & 0x400000000 == 0
    value, coin = size * price * 10, size * 10**5
    order, symbol = account.reference(), f"{COINS[index]}/{QUOTE}"
    words = f"{symbol},TRADE,{'BUY' if is_buy else 'SELL'},{_decimal(size, 3)},,{_decimal(price, 4)}"
    if is_buy:
        account.coins[index] += coin - coin // 1_000
        account.cash -= value
        yield _line(account, account.second, COINS[index], words, 0, coin // 1_000, coin, account.coins[index], order)
        yield _line(account, account.second, QUOTE, words, 0, 0, -value, account.cash, order)
    else:
        account.coins[index] -= coin
        account.cash += value - value // 1_000
        yield _line(account, account.second, COINS[index], words, 0, 0, -coin, account.coins[index], order)
        yield _line(account, account.second, QUOTE, words, 0, value // 1_000, value, account.cash, order)


def _line(
    account: _Account,
    at: int,
    currency: str,
    words: str,
    funding: int,
    fee: int,
    cash_flow: int,
    balance: int,
    order: str,
) -> str:
    amounts = f"{_cash(funding)},{_cash(fee)},{_cash(cash_flow)},{_cash(cash_flow + funding - fee)},{_cash(balance)}"
    return f"{account.stamp(at)},{UID},{currency},{words},{amounts},{order},{account.reference()}"


def _decimal(value: int, digits: int) -> str:
    return _cash(value * 10 ** (8 - digits))


def _cash(value: int) -> str:
    if not value:
        return "0.00000000"
    whole, part = divmod(abs(value), 100_000_000)
    return f"{'-' if value < 0 else ''}{whole}.{part:08d}"
