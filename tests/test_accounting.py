"""What a position is and what it paid: the cases in which exports say less than one would like."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import Book
from tests.books import INCOME, TRADES, at, facts, imported, new_book, write

PLAIN = "filled_at,symbol,product,side,quantity,price,fee,fee_asset,execution,settle_asset,style,wallet"
CURRENT = "Time,Symbol,Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade ID,Order ID"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def trade(clock: str, side: str, quantity: str, price: str, realized: str, number: int, fee: str = "0 USDT") -> str:
    """A fill of ETHUSDT in the venue's current export, at a time of 2026-02-01."""
    amount = Decimal(quantity) * Decimal(price)
    return (
        f"2026-02-01 {clock},ETHUSDT,{side},{price},{quantity},{amount},{fee},{realized},false,false,{number},{number}"
    )


def trades(folder: Path, *rows: str, name: str = "Binance-Futures-Trade-History-202602051200(UTC+0).csv") -> Path:
    return write(folder, name, CURRENT, rows)


# ------------------------------------------------------------------------------------ what is not stated


def test_an_unknown_contract_size_is_never_one_and_heals_when_it_arrives(book: Book, tmp_path: Path) -> None:
    rows = ["2026-02-01T00:00:00Z,XYZ,perpetual,buy,10,100,,,trade,USDT,linear,unified",
            "2026-02-02T00:00:00Z,XYZ,perpetual,sell,10,110,,,trade,USDT,linear,unified"]  # fmt: skip
    imported(book, write(tmp_path, "fills.csv", PLAIN, rows))
    assert facts(book, "positions", "gross_pnl", "net_pnl", "entry_price", "flags") == [
        (None, None, "100", ["unknown_contract_size", "unknown_result"])
    ]
    sentence = facts(book, "findings", "kind", "sentence")
    assert any(kind == "unknown_contract_size" and "plain.instruments" in text for kind, text in sentence)
    imported(
        book, write(tmp_path, "terms.csv", "symbol,product,settle,multiplier,style", ["XYZ,perpetual,USDT,0.1,linear"])
    )
    assert facts(book, "positions", "gross_pnl", "flags") == [("10", [])]
    book.forget("terms.csv")
    assert facts(book, "positions", "gross_pnl") == [(None,)]


def test_an_export_that_begins_in_mid_life_shows_an_opening_without_a_made_up_price(book: Book, tmp_path: Path) -> None:
    imported(book, trades(tmp_path,
        trade("10:00:00", "SELL", "2", "2100", "200", 1), trade("11:00:00", "SELL", "3", "2110", "330", 2),
        trade("12:00:00", "BUY", "1", "2000", "0", 3), trade("13:00:00", "SELL", "1", "2010", "10", 4)))  # fmt: skip
    columns = ("side", "status", "max_quantity", "entry_price", "exit_price", "gross_pnl", "flags")
    assert facts(book, "positions", *columns) == [
        ("long", "closed", "5", None, "2106", "530", ["opening_inferred", "unknown_entry"]),
        ("long", "closed", "1", "2000", "2010", "10", []),
    ]


def test_a_hedge_without_a_side_column_is_seen_in_the_stated_results(book: Book, tmp_path: Path) -> None:
    imported(book, trades(tmp_path,
        trade("10:00:00", "BUY", "2", "2000", "0", 1), trade("11:00:00", "SELL", "1", "2100", "0", 2),
        trade("12:00:00", "SELL", "2", "2050", "100", 3), trade("13:00:00", "BUY", "1", "2060", "40", 4)))  # fmt: skip
    columns = ("position_side", "side", "gross_pnl", "flags")
    assert facts(book, "positions", *columns) == [
        ("long", "long", "100", ["hedge_inferred"]), ("short", "short", "40", ["hedge_inferred"])]  # fmt: skip


def test_a_stated_result_that_no_fill_explains_is_a_finding_on_the_position(book: Book, tmp_path: Path) -> None:
    imported(
        book,
        trades(
            tmp_path, trade("10:00:00", "BUY", "2", "2000", "0", 1), trade("12:00:00", "SELL", "2", "2050", "77", 3)
        ),
    )
    ((flags, gross),) = facts(book, "positions", "flags", "gross_pnl")
    assert (flags, gross) == (["realized_mismatch"], "100")
    assert "77" in dict(facts(book, "findings", "kind", "sentence"))["realized_mismatch"]


# ------------------------------------------------------------------------------------------- flips, costs


def test_a_flip_ends_one_position_and_opens_the_next_and_shares_the_fee(book: Book, tmp_path: Path) -> None:
    imported(book, trades(tmp_path,
        trade("10:00:00", "BUY", "1", "2000", "0", 1, "1 USDT"), trade("11:00:00", "SELL", "3", "2100", "100", 2, "3.00000001 USDT"),
        trade("12:00:00", "BUY", "2", "2050", "100", 3, "2 USDT")))  # fmt: skip
    columns = ("side", "gross_pnl", "trading_fees", "net_pnl", "max_quantity")
    assert facts(book, "positions", *columns) == [
        ("long", "100", "2.000000003333333333", "97.999999996666666667", "1"),
        ("short", "100", "4.000000006666666667", "95.999999993333333333", "2"),
    ]


def test_a_fee_in_bnb_is_valued_at_its_price_and_named_where_none_is_known(book: Book, tmp_path: Path) -> None:
    imported(book, trades(tmp_path,
        trade("10:00:00", "BUY", "1", "2000", "0", 1, "0.002 BNB"), trade("11:00:00", "SELL", "1", "2100", "100", 2, "0.001 BNB")))  # fmt: skip
    assert facts(book, "positions", "trading_fees", "flags", "unvalued_costs") == [
        ("0", ["unvalued_cost"], "0.003 BNB trading_fee")
    ]
    assert facts(book, "realized", "settle_asset", "trading_fees", "net_pnl") == [
        ("BNB", "0.003", "-0.003"),
        ("USDT", "0", "100"),
    ]
    prices = write(
        tmp_path, "bnb.csv", "time,symbol,price", ["2026-02-01T09:00:00Z,BNB,600", "2026-02-01T10:30:00Z,BNBUSDT,610"]
    )
    imported(book, prices)
    assert facts(book, "positions", "trading_fees", "net_pnl", "flags") == [("1.81", "98.19", [])]
    book.forget("bnb.csv")
    assert facts(book, "positions", "trading_fees", "flags") == [("0", ["unvalued_cost"])]


def test_a_clearance_fee_makes_the_fill_before_it_a_liquidation(book: Book, tmp_path: Path) -> None:
    imported(
        book,
        trades(
            tmp_path, trade("10:00:00", "BUY", "1", "2000", "0", 1), trade("11:00:00", "SELL", "1", "1900", "-100", 2)
        ),
    )
    assert facts(book, "positions", "status") == [("closed",)]
    imported(book, write(tmp_path, "income.csv", INCOME, [
        "2026-02-01 11:00:00,REALIZED_PNL,-100,USDT,ETHUSDT,2", "2026-02-01 11:00:01,INSURANCE_CLEAR,-25,USDT,ETHUSDT,99",
        "2026-02-01 11:00:02,INSURANCE_CLEAR,3,USDT,ETHUSDT,100"]))  # fmt: skip
    columns = ("status", "gross_pnl", "liquidation_fees", "insurance", "net_pnl")
    assert facts(book, "positions", *columns) == [("liquidated", "-100", "25", "3", "-122")]
    event = ("side", "stage", "quantity", "average_price", "liquidation_fee", "insurance", "loss", "primary_cause")
    assert facts(book, "liquidations", *event) == [("long", "full", "1", "1900", "25", "3", "122", None)]


def test_a_position_partly_liquidated_and_then_closed_by_hand_is_closed(book: Book, tmp_path: Path) -> None:
    orders = ("orderId,symbol,status,clientOrderId,price,avgPrice,origQty,executedQty,cumQuote,timeInForce,type,reduceOnly,"
              "closePosition,side,positionSide,stopPrice,workingType,origType,time,updateTime")  # fmt: skip
    imported(book, trades(tmp_path, trade("10:00:00", "BUY", "2", "2000", "0", 1), trade("11:00:00", "SELL", "1", "1900", "-100", 2),
                          trade("12:00:00", "SELL", "1", "1950", "-50", 3)))  # fmt: skip
    imported(book, write(tmp_path, "force.csv", orders, [
        "2,ETHUSDT,FILLED,autoclose-1,1890,1900,1,1,1900,IOC,LIMIT,false,false,SELL,BOTH,0,CONTRACT_PRICE,LIMIT,1769943600000,1769943600000"]))  # fmt: skip
    assert facts(book, "positions", "status", "flags") == [("closed", ["partly_liquidated"])]
    assert facts(book, "liquidations", "stage", "quantity", "bankruptcy_price") == [("partial", "1", "1890")]


def test_positions_as_of_an_instant_are_those_of_then(book: Book, tmp_path: Path) -> None:
    imported(book, trades(tmp_path,
        trade("10:00:00", "BUY", "1", "2000", "0", 1, "1 USDT"), trade("11:00:00", "SELL", "0.5", "2100", "50", 2, "1 USDT"),
        trade("12:00:00", "SELL", "0.5", "2200", "100", 3, "1 USDT")))  # fmt: skip
    columns = ("status", "closed_at", "quantity", "gross_pnl", "trading_fees", "exit_price")
    assert facts(book, "positions", *columns, to=at("01 11:30:00")) == [("open", None, "0.5", "50", "2", "2100")]
    assert facts(book, "positions", *columns, to=at("01 09:00:00")) == []
    assert facts(book, "positions", "status", "gross_pnl", start=at("01 12:00:00")) == [("closed", "150")]


# ----------------------------------------------------------------------------------------------- sessions


WALLET = ("timestamp,transactTime,transactType,transactStatus,currency,network,amount,fee,walletBalance,orderID,transactID,"
          "address,marginBalance")  # fmt: skip
EXECUTIONS = ("timestamp,transactTime,execType,ordStatus,symbol,side,orderQty,lastQty,leavesQty,price,lastPx,avgPx,currency,"
              "settlCurrency,execCost,execComm,realisedPnl,homeNotional,foreignNotional,orderID,execID,trdMatchID,text,"
              "brokerCommission,brokerExecComm,commission,cumQty,displayQty,execCommCcy,execInst,feeType,lastLiquidityInd,ordType,"
              "pool,stopPx,strategy,timeInForce,tradePublishIndicator,triggered,workingIndicator")  # fmt: skip


def session(day: int, symbol: str, amount: int, balance: int, number: int) -> str:
    return f"2021-03-{day:02d}T12:00:00.004Z,2021-03-{day:02d}T12:00:00.000Z,RealisedPNL,Completed,XBt,,{amount},0,{balance},,id-{number},{symbol},"


def execution(clock: str, kind: str, side: str, quantity: int, price: str, cost: int, fee: int, number: int) -> str:
    text = "Funding" if kind == "Funding" else ""
    cells = [clock, clock, kind, "Filled", "XBTUSD", side, quantity, quantity, 0, price, price, price, "USD", "XBt", cost, fee, "",
             "", "", f"order-{number}", f"exec-{number}", "", text, "", "", "-0.00025" if fee < 0 else "0.00075", "", "", "", "", "", "RemovedLiquidity",
             "Limit", "", "", "", "", "", "", ""]  # fmt: skip
    return ",".join(map(str, cells))


def test_a_daily_result_is_net_and_says_nothing_of_fees_and_funding(book: Book, tmp_path: Path) -> None:
    rows = ["2021-03-01T09:00:00.000Z,2021-03-01T09:00:00.000Z,Deposit,Completed,XBt,,100000000,,100000000,,id-1,,",
            session(2, "XBTUSD", -2_500_000, 98_000_000, 2), session(2, "ETHUSD", 500_000, 98_000_000, 3)]  # fmt: skip
    imported(book, write(tmp_path, "wallet.csv", WALLET, rows))
    columns = ("period", "symbol", "gross_pnl", "trading_fees", "funding", "net_pnl")
    assert facts(book, "realized", *columns) == [
        ("2021-03", "ETHUSD", None, None, None, "0.005"), ("2021-03", "XBTUSD", None, None, None, "-0.025")]  # fmt: skip
    assert facts(book, "balances", "computed", "stated", "difference", "basis") == [("0.98", "0.98", "0", "stated")]
    assert facts(book, "breaks", "break_id") == []


def test_executions_split_the_daily_result_of_their_instrument_to_the_last_satoshi(book: Book, tmp_path: Path) -> None:
    fills = [execution("2021-03-01T13:00:00.000Z", "Trade", "Buy", 1000, "8000", -12_500_000, 9_375, 1),
             execution("2021-03-01T20:00:00.000Z", "Funding", "", 1000, "8100", -12_346_000, 1_234, 2),
             execution("2021-03-02T11:00:00.000Z", "Trade", "Sell", 1000, "8200", 12_195_000, -3_048, 3)]  # fmt: skip
    net = -(-12_500_000 + 12_195_000) - 9_375 + 3_048 - 1_234
    imported(book, write(tmp_path, "executions.csv", EXECUTIONS, fills))
    imported(book, write(tmp_path, "wallet.csv", WALLET, [
        "2021-03-01T09:00:00.000Z,2021-03-01T09:00:00.000Z,Deposit,Completed,XBt,,100000000,,100000000,,id-1,,",
        session(2, "XBTUSD", net, 100_000_000 + net - 700, 2), session(2, "ETHUSD", -700, 100_000_000 + net - 700, 3)]))  # fmt: skip
    columns = ("symbol", "gross_pnl", "trading_fees", "funding", "net_pnl")
    assert facts(book, "realized", *columns) == [
        ("ETHUSD", None, None, None, "-0.000007"),
        ("XBTUSD", "0.00305", "0.00006327", "-0.00001234", "0.00297439"),
    ]
    assert facts(book, "breaks", "break_id") == []


def test_a_chain_that_breaks_says_where_and_by_how_much(book: Book, tmp_path: Path) -> None:
    rows = ["2021-03-01T09:00:00.000Z,2021-03-01T09:00:00.000Z,Deposit,Completed,XBt,,100000000,,100000000,,id-1,,",
            session(2, "XBTUSD", -2_500_000, 97_500_000, 2), session(4, "XBTUSD", 100_000, 98_000_000, 3),
            session(5, "XBTUSD", 100_000, 98_100_000, 4)]  # fmt: skip
    imported(book, write(tmp_path, "wallet.csv", WALLET, rows))
    assert facts(book, "breaks", "expected", "stated", "difference", "file", "row", "hint") == [
        (
            "0.976",
            "0.98",
            "0.004",
            "wallet.csv",
            4,
            "a row of +0.004 BTC is missing between 2021-03-02 12:00:00.004 UTC (wallet.csv:3) and 2021-03-04 12:00:00.004 UTC "
            "(wallet.csv:4); the two lines follow each other, so the export itself lacks it; export bitmex.wallet again for "
            "2021-03-02 to 2021-03-04, unfiltered",
        )
    ]


def test_old_exports_without_ids_keep_their_twins_in_order(book: Book, tmp_path: Path) -> None:
    twin = "2026-02-03 04:00:05,BTCUSDT,SELL,17010.0,0.033,561.33,0.168399,USDT,0,USDT"
    imported(
        book,
        write(
            tmp_path,
            "a.csv",
            TRADES,
            [twin, twin, "2026-02-03 04:00:04,BTCUSDT,BUY,17010.0,0.066,1122.66,0.3,USDT,0,USDT"],
        ),
    )
    assert facts(book, "positions", "fills", "max_quantity", "status") == [(3, "0.066", "closed")]


# ------------------------------------------------------------------------------------------ hard instants


SIDED = (
    "Uid,Time(UTC),Symbol,Side,Position Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade Id,Order Id"
)


def sided(clock: str, side: str, position: str, price: int, realized: int, number: int) -> str:
    return f"7,2026-02-01 {clock},ETHUSDT,{side},{position},{price},1,{price},0 USDT,{realized},true,false,{number},{number}"


def test_a_hedge_closed_on_both_sides_just_before_funding_leaves_it_unattributed(book: Book, tmp_path: Path) -> None:
    rows = [
        sided("10:00:00", "BUY", "Long", 2000, 0, 1),
        sided("10:00:00", "SELL", "Short", 2000, 0, 2),
        sided("15:59:40", "SELL", "Long", 2010, 10, 3),
        sided("15:59:41", "BUY", "Short", 2010, -10, 4),
    ]
    imported(book, write(tmp_path, "trades.csv", SIDED, rows))
    imported(
        book,
        write(
            tmp_path,
            "income.csv",
            INCOME,
            ["2026-02-01 16:00:00,FUNDING_FEE,-1,USDT,ETHUSDT,1", "2026-02-01 16:00:00,FUNDING_FEE,1,USDT,ETHUSDT,2"],
        ),
    )
    assert facts(book, "positions", "funding") == [("0",), ("0",)]
    assert facts(book, "funding", "net", "rows") == [("0", 2)]


def test_a_fill_that_opens_is_no_liquidation_whatever_is_charged_in_that_second(book: Book, tmp_path: Path) -> None:
    rows = [
        sided("10:00:00", "BUY", "Long", 2000, 0, 1),
        sided("11:00:00", "SELL", "Long", 1900, -100, 2),
        sided("11:00:00", "SELL", "Short", 1900, 0, 3),
    ]
    imported(book, write(tmp_path, "trades.csv", SIDED, rows))
    imported(book, write(tmp_path, "income.csv", INCOME, ["2026-02-01 11:00:01,INSURANCE_CLEAR,-25,USDT,ETHUSDT,99"]))
    assert facts(book, "positions", "side", "status", "flags") == [("long", "liquidated", []), ("short", "open", [])]
    assert facts(book, "liquidations", "side", "quantity") == [("long", "1")]


def test_positions_of_two_venues_under_one_account_name_stay_apart(book: Book, tmp_path: Path) -> None:
    imported(
        book,
        trades(
            tmp_path, trade("10:00:00", "BUY", "1", "2000", "0", 1), trade("11:00:00", "SELL", "1", "2010", "10", 2)
        ),
        account="main",
    )
    other = ["2026-02-01T10:00:00Z,ETHUSDT,perpetual,buy,1,2000,,,trade,USDT,linear,usdm"]
    imported(book, write(tmp_path, "other.csv", PLAIN, other), account="main")
    ids = [name for (name,) in facts(book, "positions", "position_id")]
    assert ids == ["main/binance:ETHUSDT:long:20260201T1000:1", "main/plain/usdm:ETHUSDT:long:20260201T1000:1"]
    assert {name: frame.height for name, frame in book.check().items() if frame.height} == {}


def test_a_decimal_comma_is_no_thousands_separator(book: Book, tmp_path: Path) -> None:
    rows = [trade("10:00:00", "BUY", "1", "2000", "0", 1, "0.5 USDT").replace("0.5 USDT", '"0,123 USDT"')]
    report = book.import_paths([trades(tmp_path, *rows)])
    assert "nothing of it was stored" in str(report.errors[0])
