"""A life as Binance's exports print it."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from tests.lives.files import Export, Line
from tests.lives.model import EPOCH, SECOND, Booking, Desk, Fill, digits, rounded
from tests.lives.strategies import BNB, Plan

UID = "900001"
TRADES_F4 = "Uid,Time,Symbol,Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade ID,Order ID"
TRADES_F3 = (
    "Uid,Time(UTC),Symbol,Side,Position Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade Id,Order Id"
)
INCOME = "Time,Type,Amount,Asset,Symbol,Transaction ID"
STATEMENT = "User ID,Time,Account,Operation,Coin,Change,Remark"
FORCE_ORDERS = (
    "orderId,symbol,status,clientOrderId,price,avgPrice,origQty,executedQty,cumQuote,timeInForce,type,reduceOnly,"
    "closePosition,side,positionSide,stopPrice,workingType,origType,time,updateTime"
)
POSITIONS = (
    "Symbol,Margin Mode,Position Side,Entry Price,Avg. Close Price,Max Open Interest,Closed Vol.,Closing PNL,Opened,"
    "Closed,Status"
)
TYPES = {
    "realized_pnl": "REALIZED_PNL", "trading_fee": "COMMISSION", "funding": "FUNDING_FEE", "transfer": "TRANSFER",
    "liquidation_fee": "INSURANCE_CLEAR", "rebate": "REFERRAL_KICKBACK",
}  # fmt: skip
OPERATIONS = {
    "realized_pnl": "Realized Profit and Loss", "trading_fee": "Fee", "funding": "Funding Fee", "deposit": "Deposit",
    "liquidation_fee": "Insurance Fund Compensation", "rebate": "Referral Kickback",
}  # fmt: skip
ACCOUNTS = {"spot": "Spot", "usdm": "USD-M Futures", "coinm": "Coin-M Futures"}
TWO_DIGIT_YEAR = "%y-%m-%d %H:%M:%S"


def exports(desk: Desk, plan: Plan, *, position_sides: bool = False) -> dict[str, Export]:
    """Return every export of the life by a short name; those of COIN-M are files of their own, as on the site."""
    found = {"statement": statement(desk, plan), "positions": position_history(desk), "prices": prices(desk, plan)}
    for wallet in ("usdm", "coinm"):
        found[f"trades_{wallet}"] = trades(desk, wallet, position_sides=position_sides)
        found[f"income_{wallet}"] = income(desk, wallet)
        found[f"force_{wallet}"] = force_orders(desk, wallet)
    return {name: export for name, export in found.items() if export.lines}


def trades(desk: Desk, wallet: str, *, position_sides: bool) -> Export:
    """Return the trade history, with or without the column of sides."""
    fills = [fill for fill in desk.fills if fill.contract.wallet == wallet]
    return Export(
        name=f"Binance-Futures-Trade-History-{{tag}}-{wallet}{{zone}}.csv", mark="\ufeff", newest_first=True,
        header=TRADES_F3 if position_sides else TRADES_F4, zoned=not position_sides,
        clock="%Y-%m-%d %H:%M:%S" if position_sides else TWO_DIGIT_YEAR,
        lines=tuple(Line(at=fill.at, symbol=fill.contract.symbol, cells=_trade(fill, position_sides)) for fill in fills),
    )  # fmt: skip


def _trade(fill: Fill, position_sides: bool) -> tuple[str | datetime, ...]:
    inverse = fill.contract.style == "inverse"
    amount = digits(rounded(fill.value, 8), 8) if inverse else digits(fill.value, 8)
    fee = digits(fill.fee, 8) + ("" if fill.number % 2 else " ") + fill.fee_asset
    side = (fill.position_side.capitalize(),) if position_sides else ()
    buyer = "true" if fill.buys else "false"
    return (UID, fill.at, fill.contract.symbol, "BUY" if fill.buys else "SELL", *side, digits(fill.price, 2),
            digits(fill.quantity, 3), amount, fee, digits(fill.stated, 8) if fill.stated else "0", buyer,
            "true" if fill.maker else "false", str(fill.number), f"83897655{fill.order:011d}")  # fmt: skip


def income(desk: Desk, wallet: str) -> Export:
    """Return the transaction history of a futures wallet: its ledger."""
    rows = sorted((row for row in desk.bookings if row.wallet == wallet), key=lambda row: row.at)
    return Export(
        name=f"Binance-Futures-Transaction-History-{{tag}}-{wallet}{{zone}}.csv", header=INCOME, clock=TWO_DIGIT_YEAR,
        zoned=True,
        lines=tuple(Line(at=row.at, symbol=row.contract.symbol if row.contract else None, kind=row.cause, cells=(
            row.at, TYPES[row.cause], digits(row.amount, 8), row.asset, row.contract.symbol if row.contract else "",
            str(row.number))) for row in rows),
    )  # fmt: skip


def statement(desk: Desk, plan: Plan) -> Export:
    """Return the statement of all wallets; it books some rows a second earlier or later than income does."""
    rows = []
    for index, row in enumerate(desk.bookings):
        skew = plan.skews[index % len(plan.skews)] if row.wallet != "spot" else 0
        rows.append(_statement_line(row, skew, plan.remarks))
    return Export(
        name="Binance-Transaction-History-{tag}{zone}.csv", header=STATEMENT, clock=TWO_DIGIT_YEAR, zoned=True,
        lines=tuple(sorted(rows, key=lambda line: line.at)),
    )  # fmt: skip


def _statement_line(row: Booking, skew: int, remarks: bool) -> Line:
    if row.cause == "transfer":
        ends = {row.wallet, row.other}
        operation = f"Transfer Between Spot and {'CM' if 'coinm' in ends else 'UM'} Futures"
    else:
        operation = OPERATIONS[row.cause]
    remark = f"TradeID - {row.number}" if remarks and row.fill is not None else ""
    at = row.at + skew * SECOND
    return Line(at=at, kind=row.cause, cells=(
        UID, at, ACCOUNTS[row.wallet], operation, row.asset, digits(row.amount, 8), remark))  # fmt: skip


def force_orders(desk: Desk, wallet: str) -> Export:
    """Return the forced orders of the API, as CSV."""
    lines = []
    for fills in desk.forced_orders:
        first = fills[0]
        if first.contract.wallet != wallet:
            continue
        size = digits(sum((fill.quantity for fill in fills), Fraction(0)), 3)
        price = digits(first.price, 2)
        milliseconds = str(int((first.at - EPOCH) / timedelta(milliseconds=1)))
        lines.append(Line(at=first.at, symbol=first.contract.symbol, cells=(
            f"83897655{first.order:011d}", first.contract.symbol, "FILLED", f"autoclose-{first.order}", price, price, size,
            size, "0", "IOC", "LIMIT", "false", "false", "BUY" if first.buys else "SELL", first.position_side.upper(), "0",
            "CONTRACT_PRICE", "LIMIT", milliseconds, milliseconds)))  # fmt: skip
    return Export(
        name=f"forceOrders-{{tag}}-{wallet}{{zone}}.csv", header=FORCE_ORDERS, lines=tuple(lines), newest_first=True
    )


def position_history(desk: Desk) -> Export:
    """Return the closed positions as the venue sees them."""
    lines = []
    for stake in desk.stakes:
        if stake.closed_at is None:
            continue
        entry, leave = stake.average(stake.entered, stake.entry_weight), stake.average(stake.exited, stake.exit_weight)
        assert entry is not None and leave is not None
        lines.append(Line(at=stake.closed_at, symbol=stake.contract.symbol, cells=(
            stake.contract.symbol, "Cross", "Long" if stake.long else "Short", digits(rounded(entry, 8), 8),
            digits(rounded(leave, 8), 8), digits(stake.largest, 3), digits(stake.exited, 3),
            digits(rounded(stake.gross, 8), 8), stake.opened_at, stake.closed_at, "Closed")))  # fmt: skip
    return Export(
        name="Binance-Position-History-{tag}{zone}.csv", header=POSITIONS, zoned=True, newest_first=True, mark="\ufeff",
        lines=tuple(sorted(lines, key=lambda line: line.at)),
    )  # fmt: skip


def prices(desk: Desk, plan: Plan) -> Export:
    """Return what the user says BNB was worth, twice a day."""
    lines = []
    if plan.priced and any(fill.fee_asset == "BNB" for fill in desk.fills):
        at = plan.start
        while at <= desk.clock:
            lines += [Line(at=at, cells=(at, symbol, digits(BNB, 0))) for symbol in ("BNBUSDT", "BNBUSDC")]
            at += timedelta(hours=12)
    return Export(
        name="prices-{tag}{zone}.csv", header="time,symbol,price", clock="%Y-%m-%dT%H:%M:%SZ", lines=tuple(lines)
    )
