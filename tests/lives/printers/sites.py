"""What the sites export where a module beside this one prints the API: mostly seconds, other zones, and fewer ids."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from tests.lives.everywhere import Life, Row, Sheet, Venue, answer, csv, lived, plain
from tests.lives.model import EPOCH, SECOND, Desk, digits
from tests.lives.okx import SITE as OKX_HEADER
from tests.lives.printers import bitfinex, bybit, deribit, dydx, hyperliquid, krakenfutures, kucoin, okx

# ------------------------------------------------------------------------------------------------- Bybit

DATA_EXPORT = ("Uid,Currency,Contract,Type,Direction,Quantity,Position,Filled Price,Funding,Fee Paid,Cash Flow,Change,"
               "Wallet Balance,Action,Time(UTC)")  # fmt: skip


def _bybit(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """The Data Export: the screen's rows without ids, to the second, an account number before them."""
    (screen,) = bybit.sheets(desk, rows)
    lines = []
    for at, line in screen.lines:
        cells = line.split(",")
        if cells[2] == "SETTLEMENT":
            cells[4], cells[6] = "--", "--"
        lines.append((at, ",".join(("200000002", *cells[:13], cells[15].split(".")[0]))))
    return [csv("AssetChangeDetails_uta_200000002_20260130_20260301_0.csv", DATA_EXPORT, lines,
                mark="UID: 200000002,Company Name: ,Country: \n")]  # fmt: skip


# --------------------------------------------------------------------------------------------------- OKX

WORDS = {"1": "Buy", "2": "Sell", "106": "Liquidation buy", "107": "Liquidation sell", "11": "Transfer in",
         "12": "Transfer out", "173": "Funding fee expense", "174": "Funding fee income"}  # fmt: skip
MARK = "\ufeff"


def _okx(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """The account history of 2025: a mark before every header cell and row, the clock of UTC+8, no trade ids."""
    head = ",".join(MARK + cell for cell in ("UID:100000077", "Account Type:Main", "Time Zone:UTC+8"))
    header = ",".join(MARK + cell for cell in OKX_HEADER.split(","))
    (bills,) = okx.sheets(desk, rows)
    lines = [(at, MARK + _okx_line(json.loads(bill), at)) for at, bill in bills.lines]
    return [csv("OKX Trading History_2026-02_0.csv", header, lines, mark=head + "\n")]


def _okx_line(bill: dict[str, str], at: datetime) -> str:
    def printed(name: str) -> str:
        return digits(Fraction(bill[name] or 0), 8)

    kind = {"2": "Swap", "8": "Swap", "1": "Transfer"}[bill["type"]]
    local = at + timedelta(hours=8)
    return ",".join((
        bill["billId"], bill["ordId"] or "0", f"{local:%Y-%m-%d %H:%M:%S}", kind, bill["instId"],
        WORDS[bill["subType"]], plain(Fraction(bill["sz"])) if bill["instId"] else "0.00000000", "cont", printed("px"),
        printed("pnl"), printed("fee"), "USDT", printed("posBalChg"), printed("posBal"), printed("balChg"),
        printed("bal"), "USDT"))  # fmt: skip


# ---------------------------------------------------------------------------------------- Kraken Futures

KRAKEN = ("uid,dateTime,account,type,symbol,contract,change,new balance,new average entry price,trade price,mark price,"
          "funding rate,realized pnl,fee,realized funding,collateral,conversion spread percentage,liquidation fee,"
          "position uid,exchange rate,exchange rate from,conversion fee")  # fmt: skip


def _krakenfutures(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """The account log: the rows of the API to the second, without executions."""
    (log,) = krakenfutures.sheets(desk, rows)
    lines = [(at, "\n".join(_kraken_line(json.loads(row), at) for row in legs.split(",\n"))) for at, legs in log.lines]
    name = "account_log_5f1e7c00-0000-4000-8000-000000000000_2026-05-01T10-00-00Z.csv"
    return [csv(name, KRAKEN, lines)]


def _kraken_line(row: dict[str, float | str | None], at: datetime) -> str:
    def shown(name: str) -> str:
        value = row[name]
        return "" if value is None else plain(Fraction(str(value))) if isinstance(value, float | int) else value

    change = Fraction(str(row["new_balance"])) - Fraction(str(row["old_balance"]))
    return ",".join((
        shown("booking_uid"), f"{at:%Y-%m-%d %H:%M:%S}", shown("margin_account"), shown("info"), shown("asset"),
        shown("contract"), plain(change), shown("new_balance"), shown("new_average_entry_price"), shown("trade_price"),
        shown("mark_price"), shown("funding_rate"), shown("realized_pnl"), shown("fee"), shown("realized_funding"),
        "", "", shown("liquidation_fee"), "", "", "", ""))  # fmt: skip


# ------------------------------------------------------------------------------------------------ KuCoin

FILLS = ("UID,Account Type,Order ID,Filled Time(UTC),Symbol,Side,Filled Amount,Filled Price,Filled Volume,"
         "Filled Volume  (USDT),Fee Rate,Fee,Order Type")  # fmt: skip


def _kucoin(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """The zip's fills: twins are told apart by their order only."""
    lines = [(row.at, _kucoin_line(row)) for row in rows if row.fill]
    return [csv("Futures Orders_Filled Orders (Show Order-Splitting).csv", FILLS, lines, mark=MARK)]


def _kucoin_line(row: Row) -> str:
    assert row.fill
    fill = row.fill
    value = plain(fill.value)
    return ",".join((
        "****7731", "mainAccount", str(fill.order), row.second, row.symbol, "BUY" if fill.buys else "SELL",
        plain(fill.quantity), plain(fill.price), value, value, "0.0005", plain(fill.fee), "MARKET"))  # fmt: skip


EIGHT, FOUR = timedelta(hours=8), timedelta(hours=4)
LEDGER = '{"code":"200000","data":{"hasMore":false,"dataList":[\n'


def _kucoin_sessions(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """The answers of the API, and the ledger of the futures account: transfers, one result a contract and session."""
    lines: list[tuple[datetime, str]] = []
    balance = Fraction(0)
    waiting: dict[str, Fraction] = {}
    for at, row in sorted([*((row.at, row) for row in rows), *((end, None) for end in _sessions(rows, desk))],
                          key=lambda item: (item[0], item[1] is None)):  # fmt: skip
        if row is None:
            for symbol, amount in waiting.items():
                balance += amount
                lines.append((at, _kucoin_entry(len(lines), at, "RealisedPNL", amount, balance, symbol)))
            waiting = {}
        elif row.contract:
            waiting[row.symbol] = waiting.get(row.symbol, Fraction(0)) + row.change
        else:
            balance += row.change
            word = "TransferIn" if row.change > 0 else "TransferOut"
            said = "Transferred from Funding Account" if row.change > 0 else "Transferred to Funding Account"
            lines.append((at, _kucoin_entry(len(lines), at, word, row.change, balance, said)))
    return [*kucoin.sheets(desk, rows), answer("transaction-history.json", lines, head=LEDGER, tail="]}}")]


def _sessions(rows: list[Row], desk: Desk) -> list[datetime]:
    """Return the ends of sessions, at 04:00, 12:00 and 20:00 UTC, up to the look at the account."""
    first = EPOCH + FOUR + ((rows[0].at - EPOCH - FOUR) // EIGHT + 1) * EIGHT
    return [first + number * EIGHT for number in range((desk.clock - first) // EIGHT + 1)]


def _kucoin_entry(number: int, at: datetime, kind: str, amount: Fraction, balance: Fraction, remark: str) -> str:
    return json.dumps({
        "time": (at - EPOCH) // timedelta(milliseconds=1), "type": kind, "amount": float(plain(amount)), "fee": 0,
        "accountEquity": float(plain(balance)), "status": "Completed", "remark": remark, "offset": 10 + number,
        "currency": "USDT"})  # fmt: skip


@dataclass(frozen=True, kw_only=True, repr=False)
class _KuCoin(Venue):
    def live(self, life: Life) -> Desk:
        """Look at the account after the session of the last event."""
        desk = lived(life, self.contracts)
        desk.advance(EPOCH + FOUR + ((desk.clock - EPOCH - FOUR) // EIGHT + 1) * EIGHT + SECOND)
        return desk


# ----------------------------------------------------------------------------------------------- Deribit

DERIBIT = ("ID,UserSeq,Date,Instrument,Type,Side,Amount,Base Amount,Position,Price,Mark Price,Index Price,Cash Flow,"
           "Funding,Fee Rate,Fee Charged,Fee Balance,Change,Balance,Equity,Trade ID,Order ID,Info,Note")  # fmt: skip


def _deribit(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """The log of the site: dates in words, the funding of a session in a column of its own."""
    (log,) = deribit.sheets(desk, rows)
    lines = [(at, _deribit_line(json.loads(row), at)) for at, row in log.lines]
    return [csv("transaction_log-4711-USDC-20260130-20260331.csv", DERIBIT, lines)]


def _deribit_line(row: dict[str, float | str | None], at: datetime) -> str:
    def shown(name: str) -> str:
        value = row.get(name)
        return "" if value is None else plain(Fraction(str(value))) if isinstance(value, float | int) else value

    is_session = row["type"] == "settlement"
    cash = Fraction(str(row["change"])) - Fraction(str(row["total_interest_pl"])) if is_session else row["cashflow"]
    return ",".join((
        shown("id"), shown("user_seq"), f"{at:%d %b %Y %H:%M:%S}", shown("instrument_name"), shown("type"),
        shown("side"), shown("amount"), shown("amount"), shown("position"), shown("price"), "", "",
        plain(Fraction(str(cash))), shown("total_interest_pl"), "", shown("commission"), "0", shown("change"),
        shown("balance"), shown("equity"), shown("trade_id"), shown("order_id"), shown("info"), ""))  # fmt: skip


# ------------------------------------------------------------------------------------------- Hyperliquid


def _hyperliquid(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """The app's histories, in the browser's zone: results after the fill's own fee, no ids, no cash."""
    fills = [(row.at, _hyperliquid_fill(row)) for row in rows if row.fill]
    funding = [(row.at, _hyperliquid_funding(row)) for row in rows if row.is_funding]
    return [
        csv("trade_history (DMY).csv", "time,coin,dir,px,sz,ntl,fee,closedPnl", fills),
        csv("funding_history (DMY).csv", "time,coin,sz,side,payment,rate", funding),
    ]


def _in_new_york(at: datetime, separator: str) -> str:
    """Return a clock of New York, in winter."""
    return f"{at - timedelta(hours=5):%d/%m/%Y{separator}%H:%M:%S}"


def _hyperliquid_fill(row: Row) -> str:
    assert row.fill
    fill = row.fill
    held = row.held_side.capitalize()
    turned = "Long > Short" if row.before > 0 else "Short > Long"
    word = f"Liquidated Cross {held}" if fill.forced else turned if row.is_flip else (
        f"{'Close' if row.closes else 'Open'} {held}")  # fmt: skip
    return ",".join((_in_new_york(row.at, " - "), row.symbol, word, plain(fill.price), plain(fill.quantity),
                     repr(float(fill.value)), plain(fill.fee), plain(fill.stated - fill.fee)))  # fmt: skip


def _hyperliquid_funding(row: Row) -> str:
    assert row.booking
    return ",".join((_in_new_york(row.at, " "), row.symbol, plain(abs(row.after)), row.held_side.capitalize(),
                     plain(row.change), plain(row.booking.rate)))  # fmt: skip


# -------------------------------------------------------------------------------------------------- dYdX

DYDX_TRADES = '"Time","Market","Side","Amount","Price","Total","Fee","Type","Liquidity"'
DYDX_FUNDING = '"Time","Market","Side","Oracle Price","Size","Payment","Rate"'
DYDX_TRANSFERS = '"Time","Action","Sender","Recipient","Amount","Transaction"'


def _dydx(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """The app's histories: cells in quotes, transfers in dollars and cents, no ids of trades."""
    return [
        csv("trades.csv", DYDX_TRADES,
            [(row.at, _dydx_fill(row)) for row in rows if row.fill]),
        csv("funding-payments.csv", DYDX_FUNDING,
            [(row.at, _dydx_funding(row)) for row in rows if row.is_funding]),
        csv("transfers.csv", DYDX_TRANSFERS,
            [(row.at, _dydx_transfer(row)) for row in rows if not row.contract]),
    ]  # fmt: skip


def _quoted(cells: list[str]) -> str:
    return ",".join(f'"{cell}"' for cell in cells)


def _dydx_fill(row: Row) -> str:
    assert row.fill
    fill = row.fill
    return _quoted([
        row.iso, row.symbol, "Buy" if fill.buys else "Sell", plain(fill.quantity), plain(fill.price), plain(fill.value),
        plain(fill.fee), "LIQUIDATED" if fill.forced else "LIMIT", "MAKER" if fill.maker else "TAKER"])  # fmt: skip


def _dydx_funding(row: Row) -> str:
    assert row.booking
    return _quoted([row.iso, row.symbol, row.held_side.upper(), plain(row.booking.price), plain(row.after),
                    plain(row.change), plain(row.booking.rate)])  # fmt: skip


def _dydx_transfer(row: Row) -> str:
    kind = "DEPOSIT" if row.change > 0 else "WITHDRAWAL"
    return _quoted([row.iso, kind, dydx.OWNER, dydx.OWNER, plain(abs(row.change)), f"{row.number:X}"])


# ---------------------------------------------------------------------------------------------- Bitfinex


def _bitfinex(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """The reports: dates with two digits of the year first, in the zone that the user chose."""
    ledger, trades = bitfinex.sheets(desk, rows)
    return [
        csv("ledgers (YMD).csv", "#,DESCRIPTION,CURRENCY,AMOUNT,BALANCE,DATE,WALLET",
            [(at, "\n".join(_bitfinex_entry(json.loads(entry), at) for entry in entries.split(",\n")))
             for at, entries in ledger.lines]),
        csv("trades (YMD).csv", "#,PAIR,AMOUNT,PRICE,FEE,FEE PERC,FEE CURRENCY,DATE,ORDER ID",
            [(at, _bitfinex_trade(json.loads(trade), at)) for at, trade in trades.lines]),
    ]  # fmt: skip


def _in_tokyo(at: datetime) -> str:
    return f"{at + timedelta(hours=9):%y-%m-%d %H:%M:%S}"


def _bitfinex_entry(entry: list[object], at: datetime) -> str:
    number, unit, wallet, _, _, amount, balance, _, said = entry
    return ",".join((str(number), str(said), str(unit), plain(Fraction(str(amount))), plain(Fraction(str(balance))),
                     _in_tokyo(at), str(wallet)))  # fmt: skip


def _bitfinex_trade(trade: list[object], at: datetime) -> str:
    number, pair, _, order, amount, price, *_, fee, unit, _ = trade
    return ",".join((
        str(number), str(pair).removeprefix("t").replace(":", "/"), plain(Fraction(str(amount))),
        plain(Fraction(str(price))), plain(Fraction(str(fee))), "0.05%", str(unit), _in_tokyo(at), str(order)))  # fmt: skip


VENUES: tuple[Venue, ...] = (
    replace(bybit.VENUE, name="bybit, Data Export", print=_bybit, clock=SECOND),
    replace(okx.VENUE, name="okx, site", print=_okx, clock=SECOND),
    replace(krakenfutures.VENUE, name="krakenfutures, site", print=_krakenfutures),
    replace(kucoin.VENUE, name="kucoin, zip", print=_kucoin, clock=SECOND,
            unstated=kucoin.VENUE.unstated | {"forced", "funding"}),
    _KuCoin(name="kucoin with its ledger", print=_kucoin_sessions, contracts=kucoin.VENUE.contracts,
            unstated=frozenset({"order", "results"})),
    replace(deribit.VENUE, name="deribit, site", print=_deribit),
    replace(hyperliquid.VENUE, name="hyperliquid, app", print=_hyperliquid, clock=SECOND, timezone="America/New_York",
            unstated=hyperliquid.VENUE.unstated | {"cash"}),
    replace(dydx.VENUE, name="dydx, app", print=_dydx),
    replace(bitfinex.VENUE, name="bitfinex, reports", print=_bitfinex, clock=SECOND, timezone="Asia/Tokyo"),
)  # fmt: skip
