"""One invented life of an OKX trading account, printed as each of the exports that show it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

D = Decimal
SITE = (
    "id,Order id,Time,Trade Type,Symbol,Action,Amount,Trading Unit,Filled Price,PnL,Fee,Fee Unit,Position Change,"
    "Position Balance,Balance Change,Balance,Balance Unit"
)
SITE_2023 = (
    "id,Order id,Time,Trade Type,Symbol,Action,Amount,Trading Unit,Filled Price,Filled Price Unit,PnL,Fee,Fee Unit,"
    "Position Change,Position Balance,Position Unit,Balance Change,Balance,Balance Unit"
)
SITE_2021 = (
    "id,Order id,Time,Trade Type,Instrument,Type,Amount,Unit,PL,Fee,Position Change,Position Balance,Balance Change,"
    "Balance,Unit"
)
ARCHIVE = (
    "instType,billId,subType,ts,balChg,posBalChg,bal,posBal,sz,px,ccy,pnl,fee,mgnMode,instId,ordId,execType,interest,tag,"
    "fillTime,tradeId,clOrdId,fillIdxPx,fillMarkPx,fillPxVol,fillPxUsd,fillMarkVol,fillFwdPx"
)
KINDS = {"Spot": "SPOT", "Margin": "MARGIN", "Swap": "SWAP", "Futures": "FUTURES", "Options": "OPTION"}
WORDS = {
    1: "Buy", 2: "Sell", 3: "Open long", 4: "Open short", 5: "Close long", 6: "Close short", 11: "Transfer in",
    12: "Transfer out", 100: "Partial liquidation close long", 104: "Liquidation long", 125: "ADL close long",
    108: "Clawback", 110: "Liquidation transfer in", 112: "Delivery long", 114: "Forced repayment buy",
    115: "Forced repayment sell", 9: "Interest deduction", 160: "Manual margin increase", 170: "Exercised",
    172: "Expired", 173: "Funding fee expense", 174: "Funding fee income", 210: "Quick margin manual borrow",
    211: "Quick margin manual repay", 250: "Profit sharing expenses", 306: "Manual borrow", 307: "Auto borrow",
    308: "Manual repay", 318: "Convert in", 319: "Convert out", 332: "Margin transfer in isolated margin position",
    333: "Margin transfer out isolated margin position", 334: "Margin loss when closing isolated margin position",
    355: "Settlement PnL", 381: "Auto earn", 200: "",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Bill:
    """A change of one coin; amounts as the venue signs them."""

    number: int
    at: datetime
    section: str
    symbol: str
    code: int
    coin: str
    size: Decimal
    price: Decimal
    pnl: Decimal
    fee: Decimal
    position_change: Decimal
    position: Decimal
    change: Decimal
    balance: Decimal
    mode: str
    order: str
    trade: str
    interest: Decimal


@dataclass
class Account:
    """The trading account, with its running balances."""

    start: int = 3_100_000_000_000_000_000
    bills: list[Bill] = field(default_factory=list)
    balances: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    positions: defaultdict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def add(self, clock: str, section: str, symbol: str, code: int, coin: str, *, size: str = "0", price: str = "0",
            pnl: str = "0", fee: str = "0", position: str = "0", change: str | None = None, mode: str = "",
            order: str = "", trade: str = "", interest: str = "0") -> None:  # fmt: skip
        """Book a bill at `DD HH:MM:SS` of March 2026, UTC; without a `change` it is `pnl` + `fee`."""
        moved = D(pnl) + D(fee) if change is None else D(change)
        self.balances[coin] += moved
        self.positions[symbol, coin] += D(position)
        self.bills.append(Bill(
            number=self.start + len(self.bills) * 1000 + 17,
            at=datetime.fromisoformat(f"2026-03-{clock.replace(' ', 'T')}+00:00"), section=section, symbol=symbol,
            code=code, coin=coin, size=D(size), price=D(price), pnl=D(pnl), fee=D(fee), position_change=D(position),
            position=self.positions[symbol, coin], change=moved, balance=self.balances[coin], mode=mode, order=order,
            trade=trade, interest=D(interest),
        ))  # fmt: skip

    def pair(self, clock: str, symbol: str, side: str, size: str, price: str, fee: str, order: str, *,
             section: str = "Spot", kept: bool = False, trade: str = "", turned: bool = False) -> None:  # fmt: skip
        """Book a fill of a pair: the coin that comes pays the fee; `kept`: by an isolated position; `turned`: in the
        other order."""
        base, quote = symbol.split("-")
        value = D(size) * D(price)
        came, went = (base, quote) if side == "buy" else (quote, base)
        into, out = (D(size), value) if side == "buy" else (value, D(size))
        legs = [(1, came, into, D(fee)), (2, went, -out, D(0))]
        mode = "isolated" if kept else "cross" if section == "Margin" else "cash"
        for code, coin, amount, cost in reversed(legs) if turned else legs:
            moved = amount + cost
            self.add(clock, section, symbol, code, coin, size=str(abs(amount)), price=price, fee=str(cost),
                     position=str(moved) if kept else "0", change="0" if kept else str(moved), mode=mode, order=order,
                     trade=trade)  # fmt: skip

    # ---------------------------------------------------------------------------------------------- prints

    def site(self, zone: int = 8, *, marks: bool = True) -> str:
        """Return the site's file of 2025, newest first, with a mark before every header cell and every row."""
        mark = "\ufeff" if marks else ""
        first = ",".join(mark + cell for cell in ("UID:100000077", "Account Type:Main", f"Time Zone:UTC{zone:+d}"))
        header = ",".join(mark + cell for cell in SITE.split(","))
        rows = (mark + ",".join(self._site(bill, zone).values()) for bill in reversed(self.bills))
        return "\n".join((first, header, *rows)) + "\n"

    def site_2023(self, zone: int = 8) -> str:
        """Return the site's file of 2023: units of prices and positions, and zeros as 0E-8."""
        rows = []
        for bill in reversed(self.bills):
            cells = {name: "0E-8" if value == "0.00000000" else value for name, value in self._site(bill, zone).items()}
            quote = bill.symbol.split("-")[1] if bill.symbol else ""
            cells |= {"Filled Price Unit": quote, "Position Unit": bill.coin}
            rows.append(",".join(cells[name] for name in SITE_2023.split(",")))
        return "\n".join((f"UID:100000077,Account Type:Main,Time Zone:UTC{zone:+d}", SITE_2023, *rows)) + "\n"

    def site_2021(self, zone: int = 0) -> str:
        """Return the site's file of 2021, without prices; the legs of a fill share an id, and `Unit` occurs twice."""
        rows = []
        first = {bill.trade: bill.number for bill in reversed(self.bills) if bill.section == "Spot"}
        for bill in reversed(self.bills):
            cells = list(self._site(bill, zone).values())
            shared = str(first.get(bill.trade, bill.number))
            rows.append(",".join((shared, *cells[1:8], *cells[9:11], *cells[12:17])))
        return "\n".join((SITE_2021, *rows)) + "\n"

    def archive(self) -> str:
        """Return the quarterly archive, newest first."""
        names = ARCHIVE.split(",")
        rows = (",".join(self._api(bill).get(name, "") for name in names) for bill in reversed(self.bills))
        return "\n".join((ARCHIVE, *rows)) + "\n"

    def answers(self) -> list[dict[str, str]]:
        """Return the bills as the API lists them, newest first."""
        more = {"type": "2", "from": "", "to": "", "notes": "", "earnAmt": "", "earnApr": ""}
        rows = []
        for bill in reversed(self.bills):
            ends = (
                {"from": "6", "to": "18"} if bill.code == 11 else {"from": "18", "to": "6"} if bill.code == 12 else {}
            )
            rows.append(self._api(bill) | more | ends)
        return rows

    @staticmethod
    def _site(bill: Bill, zone: int) -> dict[str, str]:
        is_contract = bill.section in ("Swap", "Futures", "Options")
        local = bill.at + timedelta(hours=zone)
        return {
            "id": str(bill.number), "Order id": bill.order or "0", "Time": f"{local:%Y-%m-%d %H:%M:%S}",
            "Trade Type": bill.section, "Symbol": bill.symbol, "Action": WORDS[bill.code],
            "Amount": f"{bill.size:f}" if is_contract else f"{bill.size:.8f}",
            "Trading Unit": "cont" if is_contract or not bill.symbol else bill.symbol.split("-")[1],
            "Filled Price": f"{bill.price:.8f}", "PnL": f"{bill.pnl:.8f}", "Fee": f"{bill.fee:.8f}", "Fee Unit": bill.coin,
            "Position Change": f"{bill.position_change:.8f}", "Position Balance": f"{bill.position:.8f}",
            "Balance Change": f"{bill.change:.8f}", "Balance": f"{bill.balance:.8f}", "Balance Unit": bill.coin,
        }  # fmt: skip

    @staticmethod
    def _api(bill: Bill) -> dict[str, str]:
        millis = int((bill.at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1)) + 457
        return {
            "instType": KINDS.get(bill.section, ""), "billId": str(bill.number), "subType": str(bill.code),
            "ts": str(millis), "balChg": f"{bill.change:f}", "posBalChg": f"{bill.position_change:f}",
            "bal": f"{bill.balance:f}", "posBal": f"{bill.position:f}", "sz": f"{bill.size:f}",
            "px": f"{bill.price:f}" if bill.price else "", "ccy": bill.coin, "pnl": f"{bill.pnl:f}", "fee": f"{bill.fee:f}",
            "mgnMode": bill.mode, "instId": bill.symbol, "ordId": bill.order, "execType": "T" if bill.trade else "",
            "interest": f"{bill.interest:f}", "tag": "", "fillTime": str(millis - 1) if bill.trade else "",
            "tradeId": bill.trade, "clOrdId": "",
        }  # fmt: skip


def life() -> Account:
    """Return an account that does everything once; every balance and every result can be added up by hand."""
    own = Account()
    add, swap, sol = own.add, "BTC-USDT-SWAP", "SOL-USDT-SWAP"
    cross = {"mode": "cross"}
    add("01 01:00:00", "Transfer", "", 11, "USDT", change="20000", order="900001")
    add("01 01:00:05", "Transfer", "", 11, "BTC", change="0.5", order="900002")
    # two sides of a hedge, funding, a liquidation by steps
    add("02 09:10:05", "Swap", swap, 3, "USDT", size="40", price="60000", fee="-12", position="40", order="11", trade="501",
        **cross)  # fmt: skip
    add("02 10:00:00", "Swap", "ETH-USDT-SWAP", 4, "USDT", size="30", price="3000", fee="-4.5", position="30", order="12",
        trade="601", **cross)  # fmt: skip
    add("02 16:00:01", "Swap", swap, 173, "USDT", size="40", price="60100", pnl="-2.404", **cross)
    add("02 16:00:01", "Swap", "ETH-USDT-SWAP", 174, "USDT", size="30", price="3010", pnl="0.903", **cross)
    add("03 08:00:00", "Swap", "ETH-USDT-SWAP", 6, "USDT", size="30", price="2950", pnl="150", fee="-4.425",
        position="-30", order="13", trade="602", **cross)  # fmt: skip
    add("04 12:00:00", "Swap", swap, 100, "USDT", size="10", price="57500", pnl="-250", fee="-2.875", position="-10",
        order="14", trade="502", **cross)  # fmt: skip
    add("04 12:05:00", "Swap", swap, 104, "USDT", size="25", price="57000", pnl="-750", fee="-7.125", position="-25",
        order="15", trade="503", **cross)  # fmt: skip
    add("04 12:06:00", "Swap", swap, 125, "USDT", size="5", price="57200", pnl="-140", position="-5", order="16",
        trade="504", **cross)  # fmt: skip
    add("04 12:06:01", "Swap", swap, 108, "USDT", change="-3")
    # spot: two fills alike in one second, then a sale; a buy on margin
    own.pair("05 08:00:00", "ETH-USDT", "buy", "0.5", "3000", "-0.0005", "21", trade="701")
    own.pair("05 08:00:00", "ETH-USDT", "buy", "0.5", "3000", "-0.0005", "21", trade="702", turned=True)
    own.pair("05 20:00:00", "ETH-USDT", "sell", "0.999", "3100", "-3.0969", "22", trade="703")
    own.pair("06 08:00:00", "BTC-USDT", "buy", "0.5", "58000", "-0.0005", "23", section="Margin", trade="801")
    add("06 08:00:00", "Margin", "", 307, "USDT", size="9931.6229")
    add("06 09:00:30", "Margin", "", 9, "USDT", size="0.09928", change="-0.09928", interest="-0.09928", **cross)
    own.pair("07 08:00:00", "BTC-USDT", "sell", "0.4995", "58500", "-29.22075", "24", section="Margin", trade="802")
    # an isolated position, whose margin leaves the account
    isolated = {"mode": "isolated"}
    add("08 01:00:00", "Swap", sol, 3, "USDT", size="10", price="100", fee="-0.5", position="10", change="-200.5",
        order="31", trade="901", **isolated)  # fmt: skip
    add("08 08:00:01", "Swap", sol, 173, "USDT", size="10", price="100", pnl="-0.1", change="0", **isolated)
    add("08 12:00:00", "Margin transfer", sol, 160, "USDT", change="-50", **isolated)
    add("09 01:00:00", "Swap", sol, 5, "USDT", size="10", price="104", pnl="40", fee="-0.52", position="-10",
        change="289.38", order="32", trade="902", **isolated)  # fmt: skip
    # a future that is settled and delivered; an inverse perpetual in one-way mode
    future = "BTC-USDT-260327"
    add("10 01:00:00", "Futures", future, 3, "USDT", size="20", price="61000", fee="-6.1", position="20", order="41",
        trade="41001", **cross)  # fmt: skip
    add("11 16:00:00", "Futures", future, 355, "USDT", size="20", price="61500", pnl="100", **cross)
    add("12 01:00:00", "Swap", "BTC-USD-SWAP", 2, "BTC", size="100", price="62500", fee="-0.00008", position="-100",
        order="42", trade="42001", **cross)  # fmt: skip
    add("13 01:00:00", "Swap", "BTC-USD-SWAP", 1, "BTC", size="100", price="64000", pnl="-0.00375", fee="-0.000078125",
        position="100", order="43", trade="42002", **cross)  # fmt: skip
    # options: one exercised, one that expires written, one that expires held
    call, put, far = "BTC-USD-260327-60000-C", "BTC-USD-260327-55000-P", "BTC-USD-260327-70000-C"
    add("14 01:00:00", "Options", call, 1, "BTC", size="10", price="0.05", fee="-0.00003", position="10",
        change="-0.00503", order="51", trade="51001", **cross)  # fmt: skip
    add("14 02:00:00", "Options", put, 2, "BTC", size="10", price="0.01", fee="-0.00003", position="-10",
        change="0.00097", order="52", trade="52001", **cross)  # fmt: skip
    add("14 03:00:00", "Options", far, 1, "BTC", size="5", price="0.002", fee="-0.00001", position="5",
        change="-0.00011", order="53", trade="53001", **cross)  # fmt: skip
    add("27 08:00:00", "Futures", future, 112, "USDT", size="20", price="62500", pnl="200", fee="-1.25", position="-20",
        **cross)  # fmt: skip
    add("27 08:00:00", "Options", call, 170, "BTC", size="10", price="62500", pnl="-0.001", fee="-0.00002",
        position="-10", change="0.00398", **cross)  # fmt: skip
    add("27 08:00:00", "Options", put, 172, "BTC", size="10", price="62500", pnl="0.001", position="10", change="0",
        **cross)  # fmt: skip
    add("27 08:00:00", "Options", far, 172, "BTC", size="5", price="62500", position="-5", change="0", **cross)
    # an isolated margin position that keeps its own coins
    kept = "SOL-USDT"
    add("28 01:00:00", "Margin", kept, 332, "USDT", position="1000", change="-1000", **isolated)
    add("28 01:00:01", "Margin", kept, 210, "USDT", size="2000", position="2000", change="0", **isolated)
    own.pair("28 01:00:02", kept, "buy", "30", "100", "-0.03", "61", section="Margin", kept=True, trade="61001")
    add("28 02:00:30", "Margin", kept, 9, "USDT", size="0.05", change="0", interest="-0.05", **isolated)
    own.pair("28 20:00:00", kept, "sell", "29.97", "101", "-3.02697", "62", section="Margin", kept=True, trade="61002")
    add("28 20:00:01", "Margin", kept, 211, "USDT", size="2000.05", position="-2000.05", change="0", **isolated)
    add("28 20:00:02", "Margin", kept, 333, "USDT", position="-1023.89303", change="1023.89303", **isolated)
    # what else changes a balance
    add("29 01:00:00", "Convert", "", 319, "USDT", size="100", change="-100", order="71")
    add("29 01:00:00", "Convert", "", 318, "USDC", size="99.98", change="99.98", order="71")
    add(
        "29 02:00:00",
        "Forced repayment",
        "BTC-USDT",
        115,
        "BTC",
        size="0.01",
        price="62000",
        change="-0.01",
        order="72",
    )
    add("29 02:00:00", "Forced repayment", "BTC-USDT", 114, "USDT", size="620", price="62000", change="620", order="72")
    add("29 03:00:00", "Auto earn", "", 381, "USDC", change="0.05")
    add("29 04:00:00", "Borrowing", "", 306, "ETH", size="0.2", change="0.2")
    add("29 05:00:00", "Repay", "", 308, "ETH", size="0.2", change="-0.2")
    add("29 06:00:00", "Profit sharing", swap, 250, "USDT", change="-5")
    add("29 07:00:00", "Transfer", "", 200, "USDT", change="-10", order="900003")
    add("29 08:00:00", "Transfer", "", 12, "USDT", change="-500", order="900004")
    return own
