"""A life as BitMEX's exports print it, in whole minor units."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from fractions import Fraction

from tests.lives.files import Export, Line
from tests.lives.model import Booking, Contract, Desk, Fill, digits
from tests.lives.strategies import BITMEX

F = Fraction
FUNDING_LATE = timedelta(milliseconds=150)
"""The wallet books funding a moment after the execution."""
DAY = timedelta(days=1)
NO_ORDER = "00000000-0000-0000-0000-000000000000"
CURRENCY = {"BTC": ("XBt", 8), "USDT": ("USDt", 6)}
CLOCK = "%Y-%m-%dT%H:%M:%S.%LZ"
EXECUTIONS = (
    "timestamp,transactTime,execType,ordStatus,symbol,side,orderQty,lastQty,leavesQty,price,lastPx,avgPx,currency,"
    "settlCurrency,execCost,execComm,realisedPnl,homeNotional,foreignNotional,orderID,execID,trdMatchID,text,"
    "brokerCommission,brokerExecComm,commission,cumQty,displayQty,execCommCcy,execInst,feeType,lastLiquidityInd,ordType,"
    "pool,stopPx,strategy,timeInForce,tradePublishIndicator,triggered,workingIndicator"
)
WALLET = (
    "timestamp,transactTime,transactType,transactStatus,currency,network,amount,fee,walletBalance,orderID,transactID,"
    "address,marginBalance"
)
INSTRUMENTS = (
    "symbol,typ,listing,expiry,underlying,quoteCurrency,settlCurrency,multiplier,lotSize,isInverse,isQuanto,timestamp"
)


def exports(desk: Desk, *, daily: bool = False) -> dict[str, Export]:
    """Return the exports by short name; `daily` is the regime to 2024-04: one result a day and instrument, at noon."""
    found = {
        "executions": executions(desk, daily=daily),
        "wallet": daily_wallet(desk) if daily else wallet(desk),
        "instruments": instruments(desk),
    }
    return {name: export for name, export in found.items() if export.lines}


def minor(amount: Fraction, asset: str) -> str:
    """Return an amount in minor units."""
    return digits(amount * 10 ** CURRENCY[asset][1], 0)


def uuid(number: int, kind: str = "e") -> str:
    """Return an id that looks like one of the venue's."""
    return f"{ord(kind):08x}-0000-4000-8000-{number:012d}"


def _row(header: str, **cells: str | datetime) -> tuple[str | datetime, ...]:
    names = header.split(",")
    assert set(cells) <= set(names)
    return tuple(cells.get(name, "") for name in names)


def executions(desk: Desk, *, daily: bool) -> Export:
    """Return trades and funding."""
    lines = [_fill_line(fill, daily) for fill in desk.fills]
    lines += [_funding_line(row) for row in desk.bookings if row.cause == "funding"]
    return Export(name="api-v1-execution-tradeHistory-{tag}{zone}.csv", header=EXECUTIONS, clock=CLOCK, newest_first=True,
                  lines=tuple(sorted(lines, key=lambda line: line.at)))  # fmt: skip


def _fill_line(fill: Fill, daily: bool) -> Line:
    contract = fill.contract
    inverse = contract.style == "inverse"
    cost = fill.value if fill.buys != inverse else -fill.value
    rate = fill.fee / fill.value
    stated = minor(fill.stated, contract.settle) if fill.closes and not daily else ""
    return Line(at=fill.at, symbol=contract.symbol, kind="Trade", cells=_row(
        EXECUTIONS, timestamp=fill.at, transactTime=fill.at, execType="Trade", ordStatus="Filled", symbol=contract.symbol,
        side="Buy" if fill.buys else "Sell", orderQty=digits(fill.quantity, 0), lastQty=digits(fill.quantity, 0),
        leavesQty="0", price=digits(fill.price, 2), lastPx=digits(fill.price, 2), avgPx=digits(fill.price, 2),
        currency="USDT" if contract.style == "linear" else "USD", settlCurrency=CURRENCY[contract.settle][0],
        execCost=minor(cost, contract.settle), execComm=minor(fill.fee, contract.settle), realisedPnl=stated,
        orderID=uuid(fill.order, "o"), execID=uuid(fill.number), trdMatchID=uuid(fill.number, "m"),
        text="Liquidation" if fill.forced else "Submission from www.bitmex.com", commission=f"{float(rate):.6f}",
        cumQty=digits(fill.quantity, 0), lastLiquidityInd="AddedLiquidity" if fill.maker else "RemovedLiquidity",
        ordType="Limit", timeInForce="GoodTillCancel", tradePublishIndicator="PublishTrade"))  # fmt: skip


def _funding_line(row: Booking) -> Line:
    contract = row.contract
    assert contract is not None
    cost = contract.value(row.size, row.price)
    return Line(at=row.at, symbol=contract.symbol, kind="Funding", cells=_row(
        EXECUTIONS, timestamp=row.at, transactTime=row.at, execType="Funding", ordStatus="Filled", symbol=contract.symbol,
        orderQty=digits(row.size, 0), lastQty=digits(row.size, 0), leavesQty="0", price=digits(row.price, 2),
        lastPx=digits(row.price, 2), currency="USDT" if contract.style == "linear" else "USD",
        settlCurrency=CURRENCY[contract.settle][0], execCost=minor(-cost, contract.settle),
        execComm=minor(-row.amount, contract.settle), orderID=NO_ORDER, execID=uuid(row.number, "f"), text="Funding",
        commission=f"{float(row.rate):.8f}", ordType="Limit"))  # fmt: skip


def instruments(desk: Desk) -> Export:
    """Return the terms of the contracts."""
    taken = datetime.fromisoformat("2024-11-01T00:00:00+00:00")
    return Export(name="api-v1-instrument-{tag}{zone}.csv", header=INSTRUMENTS, clock=CLOCK, lines=tuple(
        Line(at=taken, symbol=contract.symbol, cells=_row(
            INSTRUMENTS, symbol=contract.symbol, typ="FFWCSX", listing="2016-05-04T12:00:00.000Z",
            underlying=contract.symbol[:3], quoteCurrency="USDT" if contract.style == "linear" else "USD",
            settlCurrency=CURRENCY[contract.settle][0], multiplier=_multiplier(contract), lotSize=digits(contract.step, 0),
            isInverse=str(contract.style == "inverse").lower(), isQuanto=str(contract.style == "quanto").lower(),
            timestamp=taken)) for contract in BITMEX if contract.symbol in desk.contracts))  # fmt: skip


def _multiplier(contract: Contract) -> str:
    units = contract.multiplier * 10 ** CURRENCY[contract.settle][1]
    return digits(-units if contract.style == "inverse" else units, 0)


class _Chain:
    """Running balances."""

    def __init__(self) -> None:
        self.balances: dict[str, Fraction] = defaultdict(Fraction)
        self.lines: list[Line] = []

    def add(
        self, at: datetime, kind: str, asset: str, amount: Fraction, fee: Fraction | None, number: int, **more: str
    ) -> None:
        self.balances[asset] += amount
        self.put(at, kind, asset, amount, fee, number, **more)

    def put(
        self, at: datetime, kind: str, asset: str, amount: Fraction, fee: Fraction | None, number: int, **more: str
    ) -> None:
        self.lines.append(Line(at=at, symbol=more.get("address"), kind=kind, cells=_row(
            WALLET, timestamp=at, transactTime=at, transactType=kind, transactStatus="Completed",
            currency=CURRENCY[asset][0], amount=minor(amount, asset), fee="" if fee is None else minor(fee, asset),
            walletBalance=minor(self.balances[asset], asset), transactID=uuid(number, kind[0]), **more)))  # fmt: skip

    def external(self, row: Booking) -> None:
        kind = "Deposit" if row.amount > 0 else "Withdrawal"
        self.add(row.at, kind, row.asset, row.amount, row.fee if row.fee else None, row.number)


def _export(chain: _Chain) -> Export:
    return Export(name="api-v1-user-walletHistory-{tag}{zone}.csv", header=WALLET, clock=CLOCK, newest_first=True,
                  lines=tuple(chain.lines))  # fmt: skip


def wallet(desk: Desk) -> Export:
    """Return the wallet history since October 2024: each fill's result net of its fee, and funding rows."""
    chain = _Chain()
    seen: set[int] = set()
    for row in sorted(desk.bookings, key=_booked_at):
        if row.cause in ("deposit", "withdrawal"):
            chain.external(row)
        elif row.cause == "funding":
            assert row.contract is not None
            chain.add(
                _booked_at(row), "Funding", row.asset, row.amount, -row.amount, row.number, address=row.contract.symbol
            )
        elif row.fill is not None and row.number not in seen:
            seen.add(row.number)
            fill = row.fill
            chain.add(fill.at, "RealisedPNL", fill.contract.settle, fill.stated - fill.fee, fill.fee, fill.number,
                      address=fill.contract.symbol, orderID=uuid(fill.order, "o"))  # fmt: skip
    return _export(chain)


def _booked_at(row: Booking) -> datetime:
    return row.at + FUNDING_LATE if row.cause == "funding" else row.at


def noon_after(at: datetime) -> datetime:
    """Return the noon at or after an instant."""
    noon = at.replace(hour=12, minute=0, second=0, microsecond=0)
    return noon if at <= noon else noon + DAY


def last_noon(desk: Desk) -> datetime:
    """Return the last daily batch that was booked when the exports were made."""
    return noon_after(desk.clock) - DAY


def daily_wallet(desk: Desk) -> Export:
    """Return the wallet history to April 2024: at noon one row per instrument with results, fees and funding of a day.

    All rows of a batch show the balance after the whole batch.
    """
    chain = _Chain()
    batches: dict[datetime, dict[Contract, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    others = []
    for row in desk.bookings:
        if row.contract is None:
            others.append(row)
        else:
            batches[noon_after(row.at)][row.contract] += row.amount
    number = 10**9
    due = sorted(noon for noon in batches if noon <= last_noon(desk))
    for row in sorted(others, key=lambda row: row.at):
        while due and due[0] < row.at:
            number = _batch(chain, due[0], batches[due.pop(0)], number)
        chain.external(row)
    for noon in due:
        number = _batch(chain, noon, batches[noon], number)
    return _export(chain)


def _batch(chain: _Chain, noon: datetime, results: dict[Contract, Fraction], number: int) -> int:
    for contract, amount in results.items():
        chain.balances[contract.settle] += amount
    for contract, amount in results.items():
        number += 1
        chain.put(noon + timedelta(milliseconds=4), "RealisedPNL", contract.settle, amount, F(0), number,
                  address=contract.symbol)  # fmt: skip
    return number
