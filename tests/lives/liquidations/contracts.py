"""Lives at Binance Futures: cross with others, several at once, isolated, inverse, and a winner who is deleveraged."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from tests.lives.binance import POSITIONS
from tests.lives.files import Export, Line
from tests.lives.liquidations.figures import ZERO, Terms
from tests.lives.liquidations.futures import FuturesDesk
from tests.lives.liquidations.lives import Life
from tests.lives.model import digits

F = Fraction
BTC = Terms(symbol="BTCUSDT", tiers=((ZERO, F(4, 1000), ZERO), (F(50_000), F(5, 1000), F(50))))
ETH = Terms(symbol="ETHUSDT", tiers=((ZERO, F(5, 1000), ZERO),))
SOL = Terms(symbol="SOLUSDT", tiers=((ZERO, F(1, 100), ZERO), (F(5_000), F(2, 100), F(50))))
BTCUSD = Terms(symbol="BTCUSD_PERP", settle="BTC", style="inverse", multiplier=F(100),
               tiers=((ZERO, F(4, 1000), ZERO),))  # fmt: skip
LIQUIDATION, ADL = "autoclose-", "adl_autoclose"


def life(
    name: str, desk: FuturesDesk, symbol: str, side: str, *, is_adl: bool = False, count: int = 1, events: int = 1
) -> Life:  # fmt: skip
    """Return the life up to here, where `count` positions were taken; a minute later the venue states the balance."""
    truth = desk.bucket.finish(desk.rows[-1].at, symbol, side, "contract", is_adl=is_adl)
    truth = replace(truth, symbol=desk.bucket.contracts[symbol].printed)
    desk.wait(minutes=1)
    desk.state()
    desk.quote(**{truth.symbol: desk.of(symbol).marks[symbol]})
    status = ("adl" if is_adl else "liquidated",) * count
    return Life(name=name, truth=truth, exports=desk.exports(), cash=desk.cash(), statuses=status, events=events)


def cross() -> Life:
    """A long beside a short that wins and a long that loses; money withdrawn; taken in part, then wholly."""
    desk = FuturesDesk("usdm", "USDT", [BTC, ETH, SOL])
    desk.quote(BTCUSDT="40100", ETHUSDT="2500", SOLUSDT="100")
    desk.move(5_000)
    desk.trade("ETHUSDT", "-2", "2500")
    desk.trade("SOLUSDT", "30", "100.5")
    desk.fund("ETHUSDT", "0.0001")
    desk.quote(BTCUSDT="40000", ETHUSDT="2490", SOLUSDT="99")
    desk.state()
    desk.begin("BTCUSDT")
    desk.trade("BTCUSDT", "1", "40010")
    desk.fund("BTCUSDT", "0.0001")
    desk.fund("SOLUSDT", "-0.0002")
    desk.quote(BTCUSDT="40400", SOLUSDT="97.5")
    desk.trade("BTCUSDT", "0.5", "40390")
    desk.move(-1_000)
    desk.fund("BTCUSDT", "0.00025")
    desk.bucket.note(desk.clock, "BTCUSDT", F(40_400), F(30_000))
    desk.wait(minutes=5)
    desk.quote(BTCUSDT="39500", ETHUSDT="2440", SOLUSDT="95")
    desk.trade("ETHUSDT", "0.5", "2441.5")
    desk.trade("BTCUSDT", "-0.3", "39490", rate=F(-1, 10_000))
    desk.move(200)
    desk.fund("ETHUSDT", "0.0001")
    desk.fund("BTCUSDT", "0.0003")
    desk.quote(ETHUSDT="2425", SOLUSDT="92")
    desk.fall("BTCUSDT", "-0.1")
    desk.trade("BTCUSDT", "-0.45", desk.bucket.marks["BTCUSDT"] - 15, forced=(LIQUIDATION, F(30_000)), ordered=F(1, 2))
    desk.clear("BTCUSDT", F("-20.25"))
    desk.trade("BTCUSDT", "-0.75", desk.bucket.marks["BTCUSDT"] - 40, forced=(LIQUIDATION, F(30_000)))
    desk.clear("BTCUSDT", F("-38.5"))
    desk.clear("BTCUSDT", F("7.125"), covers=True)
    return life("usdm cross", desk, "BTCUSDT", "long")


def bankrupt() -> Life:
    """Two positions of a cross wallet are liquidated at once, beyond what is left: the insurance fund covers the rest."""
    desk = FuturesDesk("usdm", "USDT", [BTC, SOL])
    desk.quote(BTCUSDT="40000", SOLUSDT="100")
    desk.move(1_500)
    desk.state()
    desk.begin("BTCUSDT", "SOLUSDT")
    desk.trade("BTCUSDT", "-0.25", "39990")
    desk.fund("BTCUSDT", "-0.0003")
    desk.trade("SOLUSDT", "80", "100.25")
    desk.quote(BTCUSDT="41000", SOLUSDT="97")
    desk.fund("SOLUSDT", "0.0005")
    desk.quote(SOLUSDT="94")
    desk.fall("BTCUSDT", "0.5")
    desk.trade("BTCUSDT", "0.25", desk.bucket.marks["BTCUSDT"] + 150, forced=(LIQUIDATION, F(44_000)))
    desk.trade("SOLUSDT", "-80", "92.5", forced=(LIQUIDATION, F(90)))
    left = desk.bucket.equity()
    desk.clear("BTCUSDT", -F(60))
    desk.clear("SOLUSDT", F(60) - left, covers=True)
    return life("usdm bankrupt", desk, "BTCUSDT", "short", count=2)


def reset() -> Life:
    """A short is liquidated beyond what was left; no row covers it, but the venue states a balance of nothing."""
    desk = FuturesDesk("usdm", "USDT", [ETH])
    desk.quote(ETHUSDT="2500")
    desk.move(800)
    desk.state()
    desk.begin("ETHUSDT")
    desk.trade("ETHUSDT", "-2", "2500")
    desk.fund("ETHUSDT", "-0.0002")
    desk.quote(ETHUSDT="2700")
    desk.fall("ETHUSDT", "0.5")
    desk.trade("ETHUSDT", "2", "2930", forced=(LIQUIDATION, F(2_900)))
    desk.cover()
    return replace(life("usdm reset", desk, "ETHUSDT", "short"), breaks=1)


def twice() -> Life:
    """The same symbol is liquidated on two days; the second has nothing to do with the first."""
    desk = FuturesDesk("usdm", "USDT", [ETH])
    desk.quote(ETHUSDT="2500")
    desk.move(900)
    for first, deposit, change in (("2490", 0, "-0.5"), ("2300", 250, "0.5")):
        way = 1 if change == "-0.5" else -1
        if deposit:
            desk.wait(hours=13)
            desk.quote(ETHUSDT=first)
            desk.move(deposit)
        desk.wait(minutes=9)
        desk.state()
        desk.begin("ETHUSDT")
        desk.trade("ETHUSDT", F(way * 3), F(first))
        desk.fund("ETHUSDT", "0.0001")
        desk.fall("ETHUSDT", change)
        desk.trade("ETHUSDT", F(-way * 3), desk.bucket.marks["ETHUSDT"] - 2 * way, forced=(LIQUIDATION, F(2_000)))
        desk.clear("ETHUSDT", F("-11.5"))
    return life("usdm twice", desk, "ETHUSDT", "short", count=2, events=2)


def isolated() -> Life:
    """An isolated long, whose margin was added to and released while it lost; another position is not touched."""
    desk = FuturesDesk("usdm", "USDT", [BTC, ETH], isolated="BTCUSDT")
    desk.quote(BTCUSDT="40000", ETHUSDT="2500")
    desk.move(6_000)
    desk.trade("ETHUSDT", "-1", "2500")
    desk.state()
    desk.add_margin("BTCUSDT", F(2_000), first=True)
    desk.begin("BTCUSDT")
    opened = desk.clock
    desk.trade("BTCUSDT", "0.5", "40000")
    desk.fund("BTCUSDT", "0.0001")
    desk.quote(BTCUSDT="39000", ETHUSDT="2480")
    desk.add_margin("BTCUSDT", 500)
    desk.fund("BTCUSDT", "0.0002")
    desk.add_margin("BTCUSDT", -150)
    desk.quote(BTCUSDT="37600")
    desk.add_margin("BTCUSDT", 300)
    desk.fall("BTCUSDT", "-0.1")
    closed = desk.clock
    price = desk.bucket.marks["BTCUSDT"] - F("12.5")
    desk.trade("BTCUSDT", "-0.125", price, forced=(LIQUIDATION, F(34_000)), ordered=F(1, 2))
    desk.trade("BTCUSDT", "-0.375", price, forced=(LIQUIDATION, F(34_000)))
    desk.clear("BTCUSDT", -desk.bucket.equity())
    found = life("usdm isolated", desk, "BTCUSDT", "long")
    cells = ("BTCUSDT", "Isolated", "Long", "40000", digits(price, 8), "0.5", "0.5",
             digits((price - 40_000) / 2, 8), opened, closed, "Closed")  # fmt: skip
    history = Export(name="Binance-Position-History-{tag}{zone}.csv", header=POSITIONS, zoned=True,
                     lines=(Line(at=closed, symbol="BTCUSDT", cells=cells),))  # fmt: skip
    return replace(found, exports={**found.exports, "positions": history})


def inverse() -> Life:
    """A long of coin-margined contracts; the venue rounds what it books to eight digits."""
    desk = FuturesDesk("coinm", "BTC", [BTCUSD])
    desk.quote(BTCUSD_PERP="50000")
    desk.move(F("0.165"))
    desk.state()
    desk.begin("BTCUSD_PERP")
    desk.trade("BTCUSD_PERP", "200", "50000")
    desk.fund("BTCUSD_PERP", "0.0001")
    desk.quote(BTCUSD_PERP="51200")
    desk.trade("BTCUSD_PERP", "80", "51200")
    desk.move(F("-0.01"))
    desk.quote(BTCUSD_PERP="48828.1")
    desk.fund("BTCUSD_PERP", "0.00015")
    desk.quote(BTCUSD_PERP="40960")
    desk.trade("BTCUSD_PERP", "-70", "40960", rate=F(-1, 10_000))
    desk.quote(BTCUSD_PERP="40000")
    desk.fall("BTCUSD_PERP", "-0.5")
    desk.trade("BTCUSD_PERP", "-210", "39000", forced=(LIQUIDATION, F(38_000)))
    desk.clear("BTCUSD_PERP", F("-0.0001"))
    return life("coinm inverse", desk, "BTCUSD_PERP", "long")


def hedged() -> Life:
    """Both sides of a hedge in one cross wallet; the long is too large, the short wins less and is left."""
    sides = [replace(BTC, symbol=f"BTCUSDT {side}") for side in ("Long", "Short")]
    desk = FuturesDesk("usdm", "USDT", sides)
    long, short = (terms.symbol for terms in sides)
    desk.quote(BTCUSDT="40000")
    desk.move(1_500)
    desk.trade(short, "-0.1", "40010")
    desk.fund(short, "0.0001")
    desk.state()
    desk.begin(long)
    desk.trade(long, "0.4", "40005")
    desk.quote(BTCUSDT="39000")
    desk.trade(short, "-0.05", "38990")
    desk.trade(long, "0.1", "39002")
    desk.quote(BTCUSDT="38000")
    desk.bucket.note(desk.clock, "BTCUSDT", F(38_000), F(30_000))
    desk.wait(minutes=3)
    desk.trade(short, "0.03", "38004")
    desk.fall(long, "-0.1")
    desk.trade(long, "-0.5", desk.bucket.marks[long] - 21, forced=(LIQUIDATION, F(30_000)))
    desk.clear(long, F("-9.25"))
    return life("usdm hedged", desk, long, "long")


def deleveraged() -> Life:
    """A short that wins is closed against somebody's bankruptcy, above the mark; the rest of it goes on."""
    desk = FuturesDesk("usdm", "USDT", [BTC, ETH])
    desk.quote(BTCUSDT="40000", ETHUSDT="2500")
    desk.move(3_000)
    desk.trade("ETHUSDT", "0.4", "2500")
    desk.state()
    desk.begin("BTCUSDT")
    desk.trade("BTCUSDT", "-0.2", "40000")
    desk.fund("BTCUSDT", "0.0001")
    desk.quote(BTCUSDT="34000", ETHUSDT="2200")
    desk.fund("BTCUSDT", "-0.001")
    desk.quote(BTCUSDT="33000", ETHUSDT="2150")
    desk.pull("BTCUSDT")
    desk.trade("BTCUSDT", "0.2", "33200", forced=(ADL, ZERO), rate=F(2, 10_000))
    return life("usdm deleveraged", desk, "BTCUSDT", "short", is_adl=True)
