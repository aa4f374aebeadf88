"""Plain files of one's own: fills, funding, transfers, and what a contract is."""

from __future__ import annotations

from tests.lives.everywhere import Row, Sheet, Venue, csv, perpetual, plain
from tests.lives.model import Desk

FILLS = ("filled_at,symbol,product,side,quantity,price,execution,fee,fee_asset,trade_ref,instrument,style,settle_asset,"
         "realized_stated")  # fmt: skip


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the files; the contract's size stands in one of its own."""
    terms = [(rows[0].at, f"{contract.symbol},perpetual,{plain(contract.multiplier)},linear,USDT,USDT")
             for contract in desk.contracts.values()]  # fmt: skip
    return [
        csv("fills.csv", FILLS, [(row.at, _fill(row)) for row in rows if row.fill], newest_first=False),
        csv("funding.csv", "paid_at,asset,amount,symbol,rate,mark_price,position_quantity", [
            (row.at, f"{row.iso},USDT,{plain(row.change)},{row.symbol},{plain(row.booking.rate)},"
             f"{plain(row.booking.price)},{plain(row.booking.size)}")
            for row in rows if row.booking and row.is_funding], newest_first=False),
        csv("transfers.csv", "moved_at,asset,amount,kind,transaction_ref", [
            (row.at, f"{row.iso},USDT,{plain(row.change)},{'deposit' if row.change > 0 else 'withdrawal'},t{row.number}")
            for row in rows if not row.contract], newest_first=False),
        csv("instruments.csv", "symbol,product,multiplier,style,quote,settle", terms, newest_first=False),
    ]  # fmt: skip


def _fill(row: Row) -> str:
    assert row.fill and row.contract
    fill = row.fill
    base = "BTC" if "BTC" in row.symbol else "ETH"
    return ",".join((
        row.iso, row.symbol, "perpetual", "buy" if fill.buys else "sell", plain(fill.quantity), plain(fill.price),
        "liquidation" if fill.forced else "trade", plain(fill.fee), "USDT", f"T{fill.number}", f"{base}/USDT:USDT",
        "linear", "USDT", plain(fill.stated)))  # fmt: skip


VENUE = Venue(
    name="plain", print=sheets, unstated=frozenset({"order"}),
    contracts={
        "BTC": perpetual("BTC-PERP", "BTC", wallet="unified", size="0.01"),
        "ETH": perpetual("ETH-PERP", "ETH", wallet="unified", size="0.1"),
    },
)  # fmt: skip
