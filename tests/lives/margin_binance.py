"""A life on margin as Binance's exports and the answers of its API print it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.lives.files import Export, Line
from tests.lives.margin import BNB, DAILY, Accrual, Booking, Fill, MarginDesk, Pot, Record
from tests.lives.margin_lives import SPOT, MarginPlan
from tests.lives.model import EPOCH, digits, rounded

UID = "900001"
STATEMENT = "User ID,Time,Account,Operation,Coin,Change,Remark"
TRADES = "symbol,id,orderId,price,qty,quoteQty,commission,commissionAsset,time,isBuyer,isMaker,isBestMatch,isIsolated"
SCREEN = "Time,Pair,Side,Price,Executed,Amount,Fee"
RECORDS = "direction,type,isolatedSymbol,amount,asset,interest,principal,status,timestamp,txId"
INTEREST = "txId,interestAccuredTime,asset,rawAsset,principal,interest,interestRate,type,isolatedSymbol"
FORCED = "avgPrice,executedQty,orderId,price,qty,side,symbol,timeInForce,isIsolated,updatedTime"
FLOW = "id,tranId,timestamp,asset,symbol,type,amount,note"
TRANSFERS = "amount,asset,status,timestamp,txId,type,transFrom,transTo,fromSymbol,toSymbol"

ACCOUNTS = {"spot": "Spot", "cross_margin": "Cross Margin", "isolated_margin": "Isolated Margin"}
ENDS = {"spot": "SPOT", "cross_margin": "CROSS_MARGIN", "isolated_margin": "ISOLATED_MARGIN"}
FLOW_TYPES = {"transfer": "TRANSFER", "borrow": "BORROW", "repay": "REPAY", "trading_fee": "TRADING_COMMISSION",
              "liquidation_fee": "LIQUIDATION_FEE", "takeover": "SMALL_CONVERT"}  # fmt: skip
TWO_DIGIT_YEAR = "%y-%m-%d %H:%M:%S"


def exports(desk: MarginDesk, plan: MarginPlan) -> dict[str, Export]:
    """Return every export of the life by a short name."""
    found = {
        "trades": trades(desk), "records": records(desk), "interest": interest(desk), "forced": forced(desk),
        "transfers": transfers(desk), "statement": statement(desk, plan), "prices": prices(desk, plan),
        "flow": capital_flow(desk, isolated=False), "flow_isolated": capital_flow(desk, isolated=True),
    }  # fmt: skip
    return {name: export for name, export in found.items() if export.lines}


def _milliseconds(at: datetime) -> str:
    return str((at - EPOCH) // timedelta(milliseconds=1))


def _isolated(pot: Pot) -> str:
    return pot.pair or ""


def trades(desk: MarginDesk) -> Export:
    """Return the trades of the API, with ids."""
    return Export(name="margin-myTrades-{tag}{zone}.csv", header=TRADES, lines=tuple(
        Line(at=fill.at, symbol=fill.pair.symbol, cells=(
            fill.pair.symbol, str(fill.number), str(fill.order), digits(fill.price, 8), digits(fill.quantity, 8),
            digits(fill.value, 8), digits(fill.fee, 8), fill.fee_asset, _milliseconds(fill.at),
            "true" if fill.buys else "false", "true" if fill.number % 2 else "false", "true",
            "true" if fill.pot.pair else "false")) for fill in desk.fills))  # fmt: skip


def screens(desk: MarginDesk) -> dict[str, Export]:
    """Return the trade history of the screens by the wallet that the user has to name, newest first."""
    found = {}
    for wallet in ("cross_margin", "isolated_margin"):
        fills = [fill for fill in desk.fills if fill.pot.wallet == wallet]
        found[wallet] = Export(
            name=f"Binance-Margin-Trade-History-{{tag}}-{wallet}{{zone}}.csv", header=SCREEN, newest_first=True,
            clock=TWO_DIGIT_YEAR, zoned=True, mark="\ufeff",
            lines=tuple(Line(at=fill.at, symbol=fill.pair.symbol, cells=_screen(fill)) for fill in fills),
        )  # fmt: skip
    return {wallet: export for wallet, export in found.items() if export.lines}


def _screen(fill: Fill) -> tuple[str | datetime, ...]:
    pair = fill.pair
    return (fill.at, pair.symbol, "BUY" if fill.buys else "SELL", digits(fill.price, 8),
            digits(fill.quantity, 8) + pair.base, digits(fill.value, 8) + pair.quote,
            digits(fill.fee, 8) + fill.fee_asset)  # fmt: skip


def records(desk: MarginDesk) -> Export:
    """Return what was borrowed and repaid."""
    return Export(name="margin-borrow-repay-{tag}{zone}.csv", header=RECORDS, newest_first=True,
                  lines=tuple(_record(record) for record in desk.records))  # fmt: skip


def _record(record: Record) -> Line:
    how = "AUTO" if record.auto else "MANUAL"
    if record.auto and record.asset == "BNB" and not record.borrows:
        how = "BNB_AUTO_REPAY"
    return Line(at=record.at, cells=(
        "BORROW" if record.borrows else "REPAY", how, _isolated(record.pot),
        digits(record.principal + record.interest, 8), record.asset, digits(record.interest, 8),
        digits(record.principal, 8), "CONFIRMED", _milliseconds(record.at), str(record.number)))  # fmt: skip


def interest(desk: MarginDesk) -> Export:
    """Return the interest history; of isolated pots it does not say what was borrowed but in the asset charged."""
    return Export(name="margin-interestHistory-{tag}{zone}.csv", header=INTEREST, newest_first=True,
                  lines=tuple(_accrual(accrual) for accrual in desk.accruals))  # fmt: skip


def _accrual(accrual: Accrual) -> Line:
    kind = "ON_BORROW" if accrual.on_borrow else "PERIODIC"
    return Line(at=accrual.at, cells=(
        f"13{accrual.number:017d}", _milliseconds(accrual.at), accrual.asset, accrual.debt,
        digits(accrual.principal, 8), digits(accrual.amount, 8), digits(DAILY[accrual.debt], 8),
        kind + ("_CONVERTED" if accrual.asset != accrual.debt else ""), _isolated(accrual.pot)))  # fmt: skip


def forced(desk: MarginDesk) -> Export:
    """Return the forced liquidation records, one an order."""
    orders: dict[int, list[Fill]] = {}
    for fill in desk.fills:
        if fill.forced:
            orders.setdefault(fill.order, []).append(fill)
    return Export(name="forceLiquidationRec-{tag}{zone}.csv", header=FORCED, newest_first=True,
                  lines=tuple(_forced(fills) for fills in orders.values()))  # fmt: skip


def _forced(fills: Sequence[Fill]) -> Line:
    first, size = fills[0], digits(sum((fill.quantity for fill in fills), start=fills[0].quantity * 0), 8)
    price = digits(first.price, 8)
    return Line(at=first.at, symbol=first.pair.symbol, cells=(
        price, size, str(first.order), price, size, "BUY" if first.buys else "SELL", first.pair.symbol, "GTC",
        "true" if first.pot.pair else "false", _milliseconds(first.at)))  # fmt: skip


def transfers(desk: MarginDesk) -> Export:
    """Return the transfers to and from margin accounts: one row states the leg of the margin account."""
    return Export(name="margin-transfer-{tag}{zone}.csv", header=TRANSFERS, newest_first=True, lines=tuple(
        _transfer(row) for row in desk.bookings if row.cause == "transfer" and row.pot != SPOT))  # fmt: skip


def _transfer(row: Booking) -> Line:
    comes = row.amount > 0
    start, end = (row.other, row.pot.wallet) if comes else (row.pot.wallet, row.other)
    return Line(at=row.at, cells=(
        digits(abs(row.amount), 8), row.asset, "CONFIRMED", _milliseconds(row.at), str(row.tran),
        "ROLL_IN" if comes else "ROLL_OUT", ENDS[start], ENDS[end], "" if comes else _isolated(row.pot),
        _isolated(row.pot) if comes else ""))  # fmt: skip


def capital_flow(desk: MarginDesk, *, isolated: bool) -> Export:
    """Return the capital flow of the cross pot, or of all isolated ones; rows of cross print no symbol."""
    rows = [row for row in desk.bookings if row.pot != SPOT and bool(row.pot.pair) == isolated]
    lines = tuple(
        Line(at=row.at, symbol=row.pot.pair, kind=row.cause, cells=(
            str(5000 + index), str(row.tran), _milliseconds(row.at), row.asset, _isolated(row.pot), _flow_type(row),
            digits(row.amount, 8), "")) for index, row in enumerate(rows))  # fmt: skip
    return Export(
        name=f"capital-flow-{{tag}}-{'isolated' if isolated else 'cross'}{{zone}}.csv", header=FLOW, lines=lines
    )


def _flow_type(row: Booking) -> str:
    if row.cause == "trade" and row.forced:
        return "BUY_LIQUIDATION" if row.buys else "SELL_LIQUIDATION"
    if row.cause == "trade":
        return f"{'BUY' if row.buys else 'SELL'}_{'INCOME' if row.amount > 0 else 'EXPENSE'}"
    return "REPAY_LIQUIDATION" if row.cause == "repay" and row.forced else FLOW_TYPES[row.cause]


def statement(desk: MarginDesk, plan: MarginPlan) -> Export:
    """Return the statement of all wallets; it may book a row a second earlier or later than others do."""
    rows = []
    for index, row in enumerate(desk.bookings):
        at = row.at + timedelta(seconds=plan.skews[index % len(plan.skews)] if row.pot != SPOT else 0)
        rows.append(Line(at=at, kind=row.cause, cells=(
            UID, at, ACCOUNTS[row.pot.wallet], _operation(row), row.asset, digits(row.amount, 8), "")))  # fmt: skip
    return Export(name="Binance-Transaction-History-{tag}{zone}.csv", header=STATEMENT, clock=TWO_DIGIT_YEAR, zoned=True,
                  lines=tuple(sorted(rows, key=lambda line: line.at)))  # fmt: skip


def _operation(row: Booking) -> str:
    isolated = row.pot.pair is not None
    if row.cause == "trade":
        return ("Transaction Buy" if row.amount > 0 else "Transaction Spend") if row.buys else (
            "Transaction Revenue" if row.amount > 0 else "Transaction Sold")  # fmt: skip
    if row.cause == "repay" and row.forced:
        return "Isolated Margin Liquidation - Forced Repayment" if isolated else "Cross Margin Liquidation - Repayment"
    return {
        "deposit": "Deposit", "transfer": "Transfer Between Main Account/Futures and Margin Account",
        "trading_fee": "Transaction Fee", "borrow": "Isolated Margin Loan" if isolated else "Margin Loan",
        "repay": "Isolated Margin Repayment" if isolated else "Margin Repayment",
        "liquidation_fee": f"{'Isolated' if isolated else 'Cross'} Margin Liquidation - Fee",
        "takeover": "Cross Margin Liquidation - Small Assets Takeover",
    }[row.cause]  # fmt: skip


def prices(desk: MarginDesk, plan: MarginPlan) -> Export:
    """Return what the user says BNB was worth, twice a day."""
    lines: list[Line] = []
    at = desk.bookings[0].at.replace(minute=0, second=0, microsecond=0)
    while plan.priced and at <= desk.clock:
        lines += [
            Line(at=at, cells=(at, f"BNB{quote}", digits(rounded(BNB[quote], 8), 8)))
            for quote in ("USDT", "USDC", "BTC")
        ]
        at += timedelta(hours=12)
    return Export(
        name="prices-of-margin-{tag}{zone}.csv",
        header="time,symbol,price",
        clock="%Y-%m-%dT%H:%M:%SZ",
        lines=tuple(lines),
    )
