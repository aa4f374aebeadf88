"""Binance's spot and margin exports: the traps of their cells, signs and ids, beside the golden files."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from importers import binance
from importers.binance import capital_flow
from importers.binance.pairs import leg_of, name_pair, split_pair
from importers.contract import Normalized
from importers.files import open_bundle
from importers.read import Options, Recognized, chunks, recognize
from schemas.errors import AmbiguousFormat, MissingTimeZone, UnknownFormat

GLUED = "Date(UTC),Pair,Side,Price,Executed,Amount,Fee"
SCREEN = "Time,Pair,Side,Price,Executed,Amount,Fee"
OLD = "Date(UTC),Market,Type,Price,Amount,Total,Fee,Fee Coin"
CENTRE = "Date(UTC),Pair,Base Asset,Quote Asset,Type,Price,Amount,Total,Fee,Fee Coin"
API = "symbol,id,orderId,price,qty,quoteQty,commission,commissionAsset,time,isBuyer,isMaker,isBestMatch"
MARGIN_API = "symbol,id,orderId,price,qty,commission,commissionAsset,time,isBuyer,isMaker,isBestMatch,isIsolated"
BORROW_REPAY = "type,isolatedSymbol,amount,asset,interest,principal,status,timestamp,txId"
INTEREST = "txId,interestAccuredTime,asset,rawAsset,principal,interest,interestRate,type,isolatedSymbol"
FORCED = "symbol,isIsolated,side,qty,executedQty,price,avgPrice,timeInForce,orderId,updatedTime"
FLOW = "id,tranId,timestamp,asset,symbol,type,amount,note"
TRANSFER = "amount,asset,status,timestamp,txId,type,transFrom,transTo,fromSymbol,toSymbol"
UNIVERSAL = "asset,amount,type,status,tranId,timestamp"
STATEMENT = "UTC_Time,Account,Operation,Coin,Change,Remark"


def recognized(tmp_path: Path, name: str, *lines: str, options: Options | None = None) -> Recognized:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return recognize(open_bundle(path).parts()[0], binance.FORMATS, options or Options())


def imported(tmp_path: Path, name: str, *lines: str, options: Options | None = None) -> Normalized:
    """Return what a small export becomes."""
    ((normalized, _),) = chunks(recognized(tmp_path, name, *lines, options=options))
    return normalized


def reasons(result: Normalized) -> list[str]:
    return [f"{row['column']} {row['text']}: {row['reason']}" for row in result.rejected.iter_rows(named=True)]


def wallet(name: str) -> Options:
    return Options(wallet=name)


# ------------------------------------------------------------------------------------------------- pairs


@pytest.mark.parametrize(
    ("symbol", "pair"),
    [
        ("BTCUSDT", ("BTC", "USDT")),
        ("USDCUSDT", ("USDC", "USDT")),
        ("TUSDBTC", ("TUSD", "BTC")),
        ("BTCFDUSD", ("BTC", "FDUSD")),
        ("BTCTUSD", ("BTC", "TUSD")),
        ("1000SATSUSDT", ("1000SATS", "USDT")),
        ("ADAEUR", ("ADA", "EUR")),
        ("GALAEUR", ("GALA", "EUR")),
        ("BTCAEUR", ("BTC", "AEUR")),
        ("BTCEURI", ("BTC", "EURI")),
        ("BNBBIDR", ("BNB", "BIDR")),
        ("BTCUSD1", ("BTC", "USD1")),
        ("BTCU", ("BTC", "U")),
        ("NEW/COIN", ("NEW", "COIN")),
    ],
)
def test_a_pair_is_split_by_its_quote(symbol: str, pair: tuple[str, str]) -> None:
    assert pair == split_pair(symbol)
    named = name_pair(symbol)
    assert named is not None
    assert ("/".join(pair), "spot", pair[1], "linear") == (named.instrument, named.product, named.settle, named.style)


@pytest.mark.parametrize("symbol", ["XYZQQQ", "USDT", "EUR"])
def test_a_pair_with_an_unknown_quote_is_not_guessed(symbol: str) -> None:
    assert split_pair(symbol) is None
    assert name_pair(symbol) is None


def test_an_asset_is_a_leg_of_a_symbol_or_none() -> None:
    assert ["base", "quote", None, None] == [leg_of("SOLUSDT", asset) for asset in ("SOL", "USDT", "BNB", None)]
    assert ["base", "quote", None] == [leg_of("XYZQQQ", asset) for asset in ("XYZ", "QQQ", "YZQ")]
    assert leg_of("BNBUPUSDT", "BNB") is None


# ----------------------------------------------------------------------------------- trades of the screens


@pytest.mark.parametrize(
    ("pair", "price", "executed", "amount", "fee", "expected"),
    [
        ("1INCHUSDT", "0.4", "101INCH", "4USDT", "0.011INCH", ("10", "4", "0.01", "1INCH")),
        ("1000SATSUSDT", "0.0001", "500001000SATS", "5USDT", "0.0000056BNB", ("50000", "5", "0.0000056", "BNB")),
        ("SATSUSDT", "0.0001", "50000SATS", "5USDT", "50SATS", ("50000", "5", "50", "SATS")),
        ("0GUSDT", "2", "5.00G", "10USDT", "0.0050G", ("5", "10", "0.005", "0G")),
        ("GUSDT", "2", "5.00G", "10USDT", "0.010G", ("5", "10", "0.01", "G")),
        ("USDT0G", "0.5", "8USDT", "4.00G", "0.008USDT", ("8", "4", "0.008", "USDT")),
        ("SOLUSDT", "1,000.5", '"1,500SOL"', '"1,500,750USDT"', '"1,500.75USDT"', ("1500", "1500750", "1500.75", "USDT")),
        ("BTCU", "90000", "0.1 BTC", "9000 U", "9 U", ("0.1", "9000", "9", "U")),
        ("ETHBTC", "0.03", "0.00001ETH", "3E-7BTC", "0E-8BNB", ("0.00001", "0.0000003", "0", "BNB")),
        ("ETHBTC", "0.03456789", "0.0000123ETH", "0.00000042BTC", "0", ("0.0000123", "0.00000042", "0", None)),
        ("币安USDT", "2", "3币安", "6USDT", "0.003币安", ("3", "6", "0.003", "币安")),
        ("BTC/USDT", "90000", "0.1BTC", "9000USDT", "", ("0.1", "9000", None, None)),
    ],
)  # fmt: skip
def test_the_pair_tells_where_a_number_ends_and_its_unit_begins(
    tmp_path: Path, pair: str, price: str, executed: str, amount: str, fee: str, expected: tuple[str | None, ...]
) -> None:
    quoted = f'"{price}"' if "," in price else price
    row = f"2024-01-05 10:00:01,{pair},BUY,{quoted},{executed},{amount},{fee}"
    result = imported(tmp_path, "t.csv", GLUED, row)
    assert reasons(result) == []
    (fill,) = result.tables["fills"].select("quantity", "notional_stated", "fee", "fee_asset").rows()
    numbers = tuple(None if text is None else Decimal(text) for text in expected[:3])
    assert (*numbers, expected[3]) == fill


UNITS = "expected an amount in the base asset of the pair, that times Price is the amount in its quote asset"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("BTCUSDT,BUY,90000,0.1BTC,9USDT,0", f"Executed 0.1BTC: {UNITS}"),
        ("BTCUSDT,BUY,90000,0.1ETH,9000USDT,0", f"Executed 0.1ETH: {UNITS}"),
        ("BTCUSDT,BUY,90000,0.1BTC,9000EUR,0", f"Executed 0.1BTC: {UNITS}"),
        ("BTCUSDT,BUY,90000,0.1,9000,0", f"Executed 0.1: {UNITS}"),
        ("1INCHUSDT,BUY,0.4,101INCH,40USDT,0", f"Executed 101INCH: {UNITS}"),
        ("BTCUSDT,BUY,90000,0.1BTC,9000USDT,9", "Fee 9: expected a fee with its asset, as 0.0012BNB"),
        ("BTCUSDT,BUY,90000,0.1BTC,9000USDT,0.011INCH", "Fee 0.011INCH: expected a fee with its asset, as 0.0012BNB"),
        ("BTCUSDT,HOLD,90000,0.1BTC,9000USDT,0", "Side HOLD: unmapped: expected one of BUY, SELL"),
    ],
)
def test_units_that_do_not_agree_are_rejected(tmp_path: Path, row: str, reason: str) -> None:
    assert [reason] == reasons(imported(tmp_path, "t.csv", GLUED, f"2024-01-05 10:00:01,{row}"))


def test_amount_is_the_base_quantity_or_the_value_and_every_variant_states_the_same_fill(tmp_path: Path) -> None:
    results = [
        imported(tmp_path, "a.csv", GLUED, "2024-01-05 10:00:01,BTCEUR,BUY,40000.00,0.5000BTC,20000EUR,0.00050BTC"),
        imported(tmp_path, "b(UTC+2).csv", SCREEN, "24-01-05 12:00:01,BTCEUR,BUY,40000,0.5BTC,20000EUR,0.0005BTC"),
        imported(tmp_path, "c.csv", OLD, "2024-01-05 10:00:01,BTCEUR,BUY,40000,0.5,20000,0.0005,BTC"),
        imported(tmp_path, "d.csv", CENTRE, "2024-01-05 10:00:01,BTC/EUR,BTC,EUR,BUY,40000,0.5,20000,0.0005,BTC"),
    ]
    assert len({result.rows["key_text"][0] for result in results}) == 1
    for result in results:
        (fill,) = result.tables["fills"].rows(named=True)
        assert (Decimal("0.5"), Decimal(20000)) == (fill["quantity"], fill["notional_stated"])
        assert ("BTCEUR", "BTC/EUR", "EUR", "linear") == (
            fill["symbol"], fill["instrument"], fill["settle_asset"], fill["style"])  # fmt: skip


def test_equal_rows_are_real_twins(tmp_path: Path) -> None:
    row = "2024-01-05 10:00:01,SOLUSDT,SELL,100.00000000,12.5SOL,1250USDT,0.003BNB"
    result = imported(tmp_path, "t.csv", GLUED, row, row)
    assert len(result.tables["fills"]) == 2
    assert result.rows["key_text"].n_unique() == 1


def test_trailing_commas_are_no_columns_and_a_year_of_two_digits_comes_first(tmp_path: Path) -> None:
    result = imported(tmp_path, "t(UTC--6).csv", SCREEN, "25-12-31 23:59:59,BTCUSDT,BUY,9,1BTC,9USDT,0BNB,,,")
    assert ["2026-01-01T05:59:59Z"] == result.tables["fills"]["filled_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_list()


def test_a_renamed_trade_history_needs_a_zone(tmp_path: Path) -> None:
    with pytest.raises(MissingTimeZone):
        imported(tmp_path, "trades.csv", SCREEN, "25-12-31 23:59:59,BTCUSDT,BUY,9,1BTC,9USDT,0BNB")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, ("spot", "spot", None, None)),
        ("cross_margin", ("cross_margin", "margin", "cross", None)),
        ("isolated_margin", ("isolated_margin", "margin", "isolated", "SOLUSDT")),
        ("strategy", ("strategy", "spot", None, None)),
    ],
)
def test_the_user_says_which_account_a_trade_history_is_of(
    tmp_path: Path, said: str | None, expected: tuple[str | None, ...]
) -> None:
    row = "2024-01-05 10:00:01,SOLUSDT,SELL,100,1SOL,100USDT,0.1USDT"
    result = imported(tmp_path, "t.csv", GLUED, row, options=Options(wallet=said))
    assert [expected] == result.tables["fills"].select("wallet", "product", "margin_mode", "pair").rows()
    assert expected[0] == result.rows["wallet"][0]


def test_the_pair_of_a_workbook_has_to_be_its_two_assets(tmp_path: Path) -> None:
    row = "2026-01-05 07:00:00,XYZ/QQQ,XYZ,USDT,BUY,2,3,6,0.003,XYZ"
    reason = "Pair XYZ/QQQ: unmapped: expected a pair of base and known quote asset, as BTCUSDT or BTC/USDT"
    assert [reason] == reasons(imported(tmp_path, "t.csv", CENTRE, row))


def test_an_order_history_is_recognized_and_states_nothing(tmp_path: Path) -> None:
    header = ("Date(UTC),OrderNo,Pair,Type,Side,Order Price,Order Amount,Time,Executed,Average Price,Trading total,"
              "Status")  # fmt: skip
    result = imported(
        tmp_path, "o.csv", header, "2023-07-02 09:15:30,4,AVAXUSDT,LIMIT,BUY,1,1AVAX,x,1AVAX,1,1USDT,FILLED"
    )
    assert result.tables == {}
    assert ["an order, without fees: what it did is in the trade history"] == result.ignored["reason"].to_list()


def test_a_convert_is_two_legs_and_only_a_successful_one_counts(tmp_path: Path) -> None:
    header = "Date,Wallet,Pair,Type,Sell,Buy,Price,Inverse Price,Date Updated,Status"
    rows = [f"2025-01-01 00:00:0{index},{place},1INCHUSDT,Market,40 1INCH,{bought},1,1,x,{status}"
            for index, (place, bought, status) in enumerate((
                ("Spot Wallet", '"1,010.5 USDT"', "Successful"), ("Funding Wallet", "9USDT", "Successful"),
                ("Spot Wallet", "9 USDT", "Expired"), ("Spot Wallet", "9 USDT", "Maybe")))]  # fmt: skip
    result = imported(tmp_path, "c(UTC+0).csv", header, *rows)
    legs = result.tables["conversions"].sort("source_row", "part").select("wallet", "asset", "amount", "kind")
    assert legs.rows() == [
        ("spot", "1INCH", Decimal(-40), "convert"), ("spot", "USDT", Decimal("1010.5"), "convert"),
        ("funding", "1INCH", Decimal(-40), "convert"), ("funding", "USDT", Decimal(9), "convert")]  # fmt: skip
    assert result.tables["conversions"]["group_ref"].n_unique() == 2
    assert ["expired: converted nothing"] == result.ignored["reason"].to_list()
    assert len(result.rejected) == 1


# ---------------------------------------------------------------------------------------- trades with ids


def test_a_trade_id_is_of_its_symbol_account_and_side(tmp_path: Path) -> None:
    rows = [f"SOLUSDT,7,8,100,1,0.1,BNB,1769779800123,{buyer},false,true,{isolated}"
            for buyer in ("true", "false") for isolated in ("true", "false")]  # fmt: skip
    result = imported(tmp_path, "m.csv", MARGIN_API, *rows)
    assert result.rows["key_text"].n_unique() == 4
    fills = result.tables["fills"].sort("source_row").select("wallet", "product", "margin_mode", "pair", "side")
    assert fills.rows()[:2] == [
        ("isolated_margin", "margin", "isolated", "SOLUSDT", "buy"), ("cross_margin", "margin", "cross", None, "buy")]  # fmt: skip
    assert {"7"} == set(result.tables["fills"]["trade_ref"])


def test_trades_of_spot_and_of_portfolio_margin_know_their_wallet(tmp_path: Path) -> None:
    spot = imported(tmp_path, "s.csv", API, "BTCUSDT,7,8,100,1,100,0.1,BNB,1769779800123,true,false,true")
    assert [("spot", "spot", "taker")] == spot.tables["fills"].select("wallet", "product", "liquidity").rows()
    header = API.replace("quoteQty,", "")
    portfolio = imported(tmp_path, "p.csv", header, "BTCUSDT,7,8,100,1,0.1,BNB,1769779800123,true,true,true")
    assert [("cross_margin", "margin", "maker")] == portfolio.tables["fills"].select(
        "wallet", "product", "liquidity"
    ).rows()


def test_a_fee_tells_an_unknown_quote_unless_it_was_paid_in_bnb(tmp_path: Path) -> None:
    rows = [f"XYZQQQ,{number},8,2,3,6,0.003,{asset},1769779800123,{buyer},false,true"
            for number, (asset, buyer) in enumerate((("XYZ", "true"), ("QQQ", "false"), ("BNB", "true"), ("ABC", "true")))]  # fmt: skip
    result = imported(tmp_path, "s.csv", API, *rows)
    assert ["XYZ/QQQ", "XYZ/QQQ"] == result.tables["fills"]["instrument"].to_list()
    assert ["symbol XYZQQQ: unmapped: expected a pair whose quote asset is known"] * 2 == reasons(result)


# ----------------------------------------------------------------------------------- borrowed and repaid

REPAID = "AUTO,SOLUSDT,500.26,USDT,0.26,500,CONFIRMED,1769907602000,612000003"
DRAWN = "MANUAL,,500,USDT,0,500,CONFIRMED,1769907602000,612000003"


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        ("borrow.csv", DRAWN, "binance.margin_borrows"),
        ("Margin-Loan-2026.csv", DRAWN, "binance.margin_borrows"),
        ("margin_repay.csv", DRAWN, "binance.margin_repayments"),
        ("borrow-repay_BORROW.csv", DRAWN, "binance.margin_borrows"),
        ("borrow-repay_type=REPAY.csv", DRAWN, "binance.margin_repayments"),
        ("page1.csv", REPAID, "binance.margin_repayments"),
        ("page1.csv", DRAWN.replace("MANUAL", "BNB_AUTO_REPAY"), "binance.margin_repayments"),
    ],
)
def test_a_file_name_or_its_rows_say_which_way_it_went(tmp_path: Path, name: str, row: str, expected: str) -> None:
    assert expected == recognized(tmp_path, name, BORROW_REPAY, row).match.format.name


@pytest.mark.parametrize("name", ["page1.csv", "borrow-repay.csv", "borrow_and_repay.csv"])
def test_a_file_that_does_not_say_which_way_it_went_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(AmbiguousFormat):
        imported(tmp_path, name, BORROW_REPAY, DRAWN)


def test_only_confirmed_rows_count_and_the_trigger_is_the_kind(tmp_path: Path) -> None:
    rows = [f"{direction},{trigger},,14,BNB,{interest},{principal},{status},1769907602000,61{number}"
            for number, (direction, trigger, interest, principal, status) in enumerate((
                ("BORROW", "MANUAL", "0", "14", "CONFIRMED"), ("BORROW", "AUTO", "0", "14", "FAILED"),
                ("REPAY", "AUTO", "0.01866667", "13.98133333", "CONFIRMED"),
                ("REPAY", "BNB_AUTO_REPAY", "14", "0", "CONFIRMED"), ("REPAY", "POINT_AUTO_REPAY", "14", "0", "CONFIRMED"),
                ("REPAY", "MANUAL", "0", "14", "PENDING"), ("REPAY", "MANUAL", "0", "14", "UNDONE")))]  # fmt: skip
    result = imported(tmp_path, "x.csv", "direction," + BORROW_REPAY, *rows)
    assert [(Decimal(14), "manual", None)] == result.tables["borrows"].select("amount", "kind", "pair").rows()
    repaid = result.tables["repayments"].select("amount", "principal", "interest", "kind").rows()
    assert (Decimal(14), Decimal("13.98133333"), Decimal("0.01866667"), "auto") == repaid[0]
    assert ["auto"] * 3 == [row[3] for row in repaid]
    assert {"failed: moved nothing", "pending: not booked"} == set(result.ignored["reason"])
    assert ["status UNDONE: unmapped: expected one of CONFIRMED, PENDING, FAILED"] == reasons(result)


def test_old_and_new_answers_name_a_borrowing_alike(tmp_path: Path) -> None:
    new = imported(tmp_path, "borrow.csv", BORROW_REPAY, DRAWN)
    old = imported(tmp_path, "loans.csv", "txId,asset,principal,timestamp,status",
                   "612000003,USDT,500.0,1769907602000,CONFIRMED")  # fmt: skip
    said = imported(tmp_path, "x.csv", "direction," + BORROW_REPAY, f"BORROW,{DRAWN}")
    for column in ("key_text", "content_text"):
        assert len({result.rows[column][0] for result in (new, old, said)}) == 1
    back = imported(tmp_path, "repay.csv", BORROW_REPAY, DRAWN)
    assert back.rows["key_text"][0] != new.rows["key_text"][0]


def test_isolated_records_carry_their_pair(tmp_path: Path) -> None:
    result = imported(tmp_path, "repay.csv", BORROW_REPAY, REPAID)
    assert [("isolated_margin", "SOLUSDT")] == result.tables["repayments"].select("wallet", "pair").rows()


def test_what_is_still_owed_after_a_liquidation_is_repaid_under_a_name_of_its_own(tmp_path: Path) -> None:
    result = imported(tmp_path, "r.csv", "repayId,asset,amount,status,createTime", "5,USDC,120,SUCCESS,1779955200000",
                      "6,USDC,80,PENDING,1779955200000")  # fmt: skip
    assert [("cross_margin", "liquidation-loan", Decimal(120))] == result.tables["repayments"].select(
        "wallet", "loan_ref", "amount").rows()  # fmt: skip
    owed = imported(tmp_path, "l.csv", "asset,amount,repaidAmount,remainingAmount", "USDC,500,120,380")
    assert owed.tables == {}
    assert ["a debt without an instant; what was repaid of it is in its repay history"] == owed.ignored[
        "reason"
    ].to_list()


# ------------------------------------------------------------------------------------------------ interest


def test_the_rate_of_interest_is_per_day(tmp_path: Path) -> None:
    row = "1419500800300617727,1769779701000,USDT,,480,0.0042,0.00021,PERIODIC,SOLUSDT"
    (charge,) = imported(tmp_path, "i.csv", INTEREST, row).tables["interest"].rows(named=True)
    assert "day" == charge["rate_period"]
    assert charge["principal"] * charge["rate"] / 24 == charge["amount"]
    assert ("margin", "SOLUSDT", None) == (charge["kind"], charge["pair"], charge["debt_asset"])


@pytest.mark.parametrize(
    ("asset", "raw", "kind", "expected"),
    [
        ("USDT", "USDT", "ON_BORROW", ("USDT", None, "margin")),
        ("BNB", "ETH", "PERIODIC_CONVERTED", ("BNB", "ETH", "margin")),
        ("BNB", "ETH", "ON_BORROW_CONVERTED", ("BNB", "ETH", "margin")),
        ("BNB", "BNB", "PERIODIC_CONVERTED", ("BNB", None, "margin")),
        ("USDC", "USDC", "PORTFOLIO", ("USDC", None, "negative_balance")),
    ],
)
def test_interest_names_the_debt_where_another_asset_pays(
    tmp_path: Path, asset: str, raw: str, kind: str, expected: tuple[str | None, ...]
) -> None:
    result = imported(tmp_path, "i.csv", INTEREST, f"1,1769779701000,{asset},{raw},0.5,0.0000034,0.0001,{kind},")
    assert [expected] == result.tables["interest"].select("asset", "debt_asset", "kind").rows()
    assert ["cross_margin"] == result.tables["interest"]["wallet"].to_list()


def test_a_charge_in_bnb_that_does_not_name_the_debt_is_rejected(tmp_path: Path) -> None:
    result = imported(
        tmp_path, "i.csv", INTEREST, "1,1769779701000,BNB,,0.5,0.0000034,0.0001,PERIODIC_CONVERTED,SOLUSDT"
    )
    assert ["type, raw_asset PERIODIC_CONVERTED | : unmapped: nobody has described this kind of row"] == reasons(result)


def test_ids_of_nineteen_digits_are_exact_and_rounded_ones_are_none(tmp_path: Path) -> None:
    rows = [f"{number},1769779701000,USDT,,1,0.1,0.1,PERIODIC," for number in ("1419500800300617727", "1.4195E+18")]
    result = imported(tmp_path, "i.csv", INTEREST, *rows)
    assert "1419500800300617727" == result.rows["key_text"][0].split("\x1f")[0]
    assert ["txId 1.4195E+18: expected an id of digits only; a spreadsheet has rounded it for good: export again"] == (
        reasons(result))  # fmt: skip


def test_equal_charges_of_one_hour_are_both_real_where_there_are_no_ids(tmp_path: Path) -> None:
    header = "asset,interest,interestAccuredTime,interestRate,principal,type,isolatedSymbol"
    row = "USDT,0.005,1633046400000,0.0003,400,PERIODIC,"
    result = imported(tmp_path, "i.csv", header, row, row)
    assert (2, 1) == (len(result.tables["interest"]), result.rows["key_text"].n_unique())


# -------------------------------------------------------------------------------------------- liquidations


def test_a_forced_order_is_a_liquidation_of_its_pot(tmp_path: Path) -> None:
    rows = ["SOLUSDT,true,SELL,8,8,95.1,96.42,GTC,1,1769907601000", "ETHBTC,false,BUY,5,3,0.036,0.0355,IOC,2,1769907601000",
            "ETHBTC,,BUY,5,5,0.036,0.0355,IOC,3,1769907601000", "ETHBTC,false,BUY,5,0,0.036,0,IOC,4,1769907601000"]  # fmt: skip
    result = imported(tmp_path, "f.csv", FORCED, *rows)
    found = result.tables["liquidations"].select(
        "wallet", "margin_mode", "pair", "stage", "quantity", "bankruptcy_price"
    )
    assert found.rows() == [
        ("isolated_margin", "isolated", "SOLUSDT", "full", Decimal(8), None),
        ("cross_margin", "cross", None, "partial", Decimal(3), None),
        ("cross_margin", "cross", None, "full", Decimal(5), None)]  # fmt: skip
    assert ["SOL/USDT", "ETH/BTC", "ETH/BTC"] == result.tables["liquidations"]["instrument"].to_list()
    assert ["a forced order that executed nothing"] == result.ignored["reason"].to_list()


# --------------------------------------------------------------------------------------------- capital flow

DOCUMENTED_FLOWS = [
    "TRANSFER", "BORROW", "REPAY", "BUY_INCOME", "BUY_EXPENSE", "SELL_INCOME", "SELL_EXPENSE", "TRADING_COMMISSION",
    "BUY_LIQUIDATION", "SELL_LIQUIDATION", "REPAY_LIQUIDATION", "OTHER_LIQUIDATION", "LIQUIDATION_FEE",
    "SMALL_BALANCE_CONVERT", "COMMISSION_RETURN", "SMALL_CONVERT",
]  # fmt: skip
NO_DIRECTION = (
    "unmapped: expected a direction: this file does not print outflows with a sign, so what came and what went cannot "
    "be told; import the statement or the margin transfers (/sapi/v1/margin/transfer) for it"
)


def flow(*rows: str) -> list[str]:
    return [f"{number},9,1769907601000,{row}," for number, row in enumerate(rows, 1)]


def test_every_documented_flow_is_described() -> None:
    assert set(DOCUMENTED_FLOWS) == set(capital_flow.TYPES)
    assert set(capital_flow.EVENTS.values()) == set(capital_flow.CASES)


@pytest.mark.parametrize("outflow", ["", "-"], ids=["unsigned", "signed"])
def test_the_type_of_a_flow_gives_its_direction(tmp_path: Path, outflow: str) -> None:
    rows = flow(
        "USDT,SOLUSDT,BORROW,500", f"USDT,SOLUSDT,BUY_EXPENSE,{outflow}1000", "SOL,SOLUSDT,BUY_INCOME,8",
        f"SOL,SOLUSDT,TRADING_COMMISSION,{outflow}0.008", f"SOL,SOLUSDT,SELL_EXPENSE,{outflow}1",
        "USDT,SOLUSDT,SELL_INCOME,90", f"SOL,SOLUSDT,SELL_LIQUIDATION,{outflow}6.992", "USDT,SOLUSDT,SELL_LIQUIDATION,670",
        "SOL,SOLUSDT,BUY_LIQUIDATION,2", f"USDT,SOLUSDT,BUY_LIQUIDATION,{outflow}180",
        f"USDT,SOLUSDT,REPAY_LIQUIDATION,{outflow}500.2", f"USDT,SOLUSDT,LIQUIDATION_FEE,{outflow}13.4",
        f"USDT,SOLUSDT,REPAY,{outflow}1", "USDT,SOLUSDT,COMMISSION_RETURN,0.5",
    )  # fmt: skip
    result = imported(tmp_path, "c.csv", FLOW, *rows)
    assert reasons(result) == []
    moved = result.tables["movements"].sort("sequence")
    assert moved["amount"].to_list() == [Decimal(text) for text in (
        "500", "-1000", "8", "-0.008", "-1", "90", "-6.992", "670", "2", "-180", "-500.2", "-13.4", "-1", "0.5")]  # fmt: skip
    assert moved["cause"].to_list() == [
        "borrow", "trade", "trade", "trading_fee", "trade", "trade", "trade", "trade", "trade", "trade", "repay",
        "liquidation_fee", "repay", "rebate"]  # fmt: skip
    assert {"isolated_margin"} == set(moved["wallet"])
    assert {"SOLUSDT"} == set(moved["pair"])
    assert [("sell", Decimal("6.992")), ("buy", Decimal(2))] == result.tables["liquidations"].select(
        "side", "quantity"
    ).rows()
    assert [("forced", Decimal("500.2")), (None, Decimal(1))] == result.tables["repayments"].sort(
        "source_row").select("kind", "amount").rows()  # fmt: skip


def test_a_transfer_has_no_direction_where_outflows_are_printed_without_a_sign(tmp_path: Path) -> None:
    result = imported(tmp_path, "c.csv", FLOW, *flow("USDT,SOLUSDT,REPAY,5", "USDT,SOLUSDT,TRANSFER,200"))
    assert [f"amount 200: {NO_DIRECTION}"] == reasons(result)
    assert len(result.tables["movements"]) == 1


@pytest.mark.parametrize(
    "rows",
    [
        ["USDT,,TRANSFER,200"],
        ["USDT,,BORROW,5", "USDT,,TRANSFER,200"],
        ["USDT,,REPAY,5", "USDT,,TRANSFER,-200"],
        ["USDT,,REPAY,5", "DOGE,,SMALL_CONVERT,7"],
        ["USDT,,REPAY,5", "DOGE,,SMALL_BALANCE_CONVERT,7"],
        ["USDT,,REPAY,5", "DOGE,,OTHER_LIQUIDATION,7"],
        ["USDT,,REPAY,5", "USDT,,SELL_LIQUIDATION,7"],
        ["USDT,,REPAY,5", "BNB,SOLUSDT,SELL_LIQUIDATION,7"],
    ],
)
def test_what_no_sign_proves_is_rejected(tmp_path: Path, rows: list[str]) -> None:
    result = imported(tmp_path, "c.csv", FLOW, *flow(*rows))
    assert len(result.rejected) == 1
    assert NO_DIRECTION == result.rejected["reason"][0]
    assert [len(rows) + 1] == result.rejected["source_row"].to_list()


def test_printed_signs_give_transfers_and_conversions_their_direction(tmp_path: Path) -> None:
    rows = flow("USDT,,TRANSFER,300", "USDT,,TRANSFER,-200", "USDT,,REPAY,-5", "DOGE,,SMALL_CONVERT,-12",
                "USDT,,SMALL_CONVERT,1.2", "ETH,,BUY_LIQUIDATION,0.25", "USDT,,BUY_LIQUIDATION,-800")  # fmt: skip
    result = imported(tmp_path, "c.csv", FLOW, *rows)
    assert reasons(result) == []
    moved = result.tables["movements"].sort("sequence")
    assert [Decimal(text) for text in ("300", "-200", "-5", "-12", "1.2", "0.25", "-800")] == moved["amount"].to_list()
    assert {"cross_margin"} == set(moved["wallet"])
    assert [Decimal(300), Decimal(-200)] == result.tables["transfers"]["amount"].to_list()
    assert {"liquidation_takeover"} == set(result.tables["conversions"]["kind"])


def test_the_user_may_say_that_rows_with_a_symbol_are_cross(tmp_path: Path) -> None:
    result = imported(tmp_path, "c.csv", FLOW, *flow("USDT,SOLUSDT,BORROW,5"), options=wallet("cross_margin"))
    assert [("cross_margin", None, "SOLUSDT")] == result.tables["movements"].select("wallet", "pair", "symbol").rows()


# ------------------------------------------------------------------------------------------------- transfers


def test_seconds_and_milliseconds_are_one_instant(tmp_path: Path) -> None:
    rows = [f"1,USDT,CONFIRMED,{at},54{at},ROLL_IN,SPOT,CROSS_MARGIN,," for at in ("1769779000", "1769779000000")]
    result = imported(tmp_path, "t.csv", TRANSFER, *rows)
    assert result.tables["transfers"]["moved_at"].n_unique() == 1


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("ROLL_IN,SPOT,CROSS_MARGIN,,", ("cross_margin", Decimal(5), "spot", None)),
        ("ROLL_OUT,CROSS_MARGIN,FUTURES,,", ("cross_margin", Decimal(-5), "usdm", None)),
        ("ROLL_IN,CROSS_MARGIN,ISOLATED_MARGIN,,SOLUSDT", ("isolated_margin", Decimal(5), "cross_margin", "SOLUSDT")),
        ("ROLL_OUT,ISOLATED_MARGIN,ISOLATED_MARGIN,SOLUSDT,BTCUSDT",
         ("isolated_margin", Decimal(-5), "isolated_margin", "SOLUSDT")),
        ("ROLL_IN,,,,", ("cross_margin", Decimal(5), None, None)),
        (",SPOT,ISOLATED_MARGIN,,", ("isolated_margin", Decimal(5), "spot", None)),
        (",ISOLATED_MARGIN,SPOT,,", ("isolated_margin", Decimal(-5), "spot", None)),
        ("ROLL_OUT,CROSS_MARGIN,SUB_MARGIN,,", ("cross_margin", Decimal(-5), None, None)),
    ],
)  # fmt: skip
def test_a_margin_transfer_is_the_leg_of_its_margin_account(
    tmp_path: Path, row: str, expected: tuple[object, ...]
) -> None:
    result = imported(tmp_path, "t.csv", TRANSFER, f"5,USDT,CONFIRMED,1769779000,540000001,{row}")
    assert [expected] == result.tables["transfers"].select("wallet", "amount", "other_wallet", "pair").rows()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MAIN_MARGIN", ("cross_margin", Decimal(5), "spot")),
        ("MARGIN_MAIN", ("cross_margin", Decimal(-5), "spot")),
        ("MARGIN_UMFUTURE", ("cross_margin", Decimal(-5), "usdm")),
        ("ISOLATEDMARGIN_MARGIN", ("cross_margin", Decimal(5), "isolated_margin")),
        ("MAIN_ISOLATED_MARGIN", ("isolated_margin", Decimal(5), "spot")),
        ("MAIN_PORTFOLIO_MARGIN", ("cross_margin", Decimal(5), "spot")),
        ("PORTFOLIO_MARGIN_MAIN", ("cross_margin", Decimal(-5), "spot")),
        ("MAIN_UMFUTURE", ("spot", Decimal(-5), "usdm")),
        ("CMFUTURE_MAIN", ("spot", Decimal(5), "coinm")),
        ("UMFUTURE_OPTION", ("usdm", Decimal(-5), "options")),
    ],
)
def test_a_universal_transfer_names_both_ends(tmp_path: Path, name: str, expected: tuple[object, ...]) -> None:
    result = imported(tmp_path, "u.csv", UNIVERSAL, f"USDT,5,{name},CONFIRMED,540000001,1769779000456")
    assert [expected] == result.tables["transfers"].select("wallet", "amount", "other_wallet").rows()


def test_a_leg_in_both_histories_is_one(tmp_path: Path) -> None:
    margin = imported(tmp_path, "t.csv", TRANSFER, "5,USDT,CONFIRMED,1769779000,540000001,ROLL_IN,SPOT,CROSS_MARGIN,,")
    universal = imported(tmp_path, "u.csv", UNIVERSAL, "USDT,5.0,MAIN_MARGIN,CONFIRMED,540000001,1769779001456")
    assert margin.rows["key_text"].to_list() == universal.rows["key_text"].to_list()
    families = {form.family for form in binance.FORMATS if "transfers" in form.name and "margin_t" in form.family}
    assert {"binance.margin_transfers"} == families


# ------------------------------------------------------------------------------------ unpublished screens


@pytest.mark.parametrize(
    ("name", "header", "row", "expected"),
    [
        ("Margin-Borrowing(UTC+0).csv", "Time,Coin,Amount,Status", "26-02-20 10:00:00,USDT,5,Completed", "borrowing"),
        ("x(UTC+0).csv", "Date(UTC),Borrowed Coin,Borrowed Amount,Hourly Interest Rate,Status",
         "2026-02-20 10:00:00,USDT,5,0.1%,Confirmed", "borrowing"),
        ("Margin-Repayment(UTC+0).csv", "Time,Coin,Amount,Status", "26-02-20 10:00:00,USDT,5,Completed", "repayment"),
        ("x(UTC+0).csv", "Date,Asset,Pair,Total Amount,Principal,Interest,Status",
         "26-02-20 10:00:00,USDT,SOLUSDT,5,4,1,Success", "repayment"),
        ("x(UTC+0).csv", "Time,Coin,Principal,Interest,Hourly Interest Rate", "26-02-20 10:00:00,USDT,5,1,0.1%", "interest"),
        ("margin(UTC+0).csv", "Time,Asset,Amount,Interest,Interest Rate", "26-02-20 10:00:00,USDT,5,1,0.1", "interest"),
        ("Liquidation_cross(UTC+0).csv", "Time,Symbol,Side,Executed,Avg. Price", "26-02-20 10:00:00,SOLUSDT,SELL,5,1",
         "liquidation"),
    ],
)  # fmt: skip
def test_a_margin_screen_is_read_by_synonyms(tmp_path: Path, name: str, header: str, row: str, expected: str) -> None:
    match = recognized(tmp_path, name, header, row).match
    assert f"binance.margin_{expected}_screen" == match.format.name
    result = imported(tmp_path, name, header, row)
    assert reasons(result) == []
    assert len(result.rows) == 1


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("history(UTC+0).csv", "Time,Coin,Amount,Status"),
        ("borrow_and_repay(UTC+0).csv", "Time,Coin,Amount,Status"),
        ("Margin-Borrowing(UTC+0).csv", "Time,Coin,Amount,Status,Surprise"),
        ("Margin-Borrowing(UTC+0).csv", "Time,Coin,Amount,Total,Status"),
        ("Margin-Borrowing(UTC+0).csv", "Time,Coin,Amount"),
        ("Bybit-Borrowing(UTC+0).csv", "Time,Coin,Amount,Status"),
        ("Crypto-Loan-Borrow-History(UTC+0).csv", "Time,Coin,Amount,Status"),
        ("Earn-History(UTC+0).csv", "Time,Coin,Amount,Interest,Interest Rate"),
        ("history(UTC+0).csv", "Time,Coin,Amount,Interest,Interest Rate"),
        ("history(UTC+0).csv", "Time,Symbol,Side,Executed,Avg. Price"),
    ],
)
def test_a_screen_that_is_not_surely_one_of_margin_stays_unknown(tmp_path: Path, name: str, header: str) -> None:
    with pytest.raises(UnknownFormat):
        recognized(tmp_path, name, header, ",".join("1" for _ in header.split(",")))


def test_a_forced_order_of_a_screen_needs_its_account(tmp_path: Path) -> None:
    lines = ("Time,Symbol,Side,Executed,Avg. Price", "26-02-20 10:00:00,SOLUSDT,SELL,5,1")
    reason = "Symbol SOLUSDT: unmapped: expected Cross or Isolated in a column or in the file's name, or --wallet"
    assert [reason] == reasons(imported(tmp_path, "Liquidation(UTC+0).csv", *lines))
    said = imported(tmp_path, "Liquidation(UTC+0).csv", *lines, options=wallet("isolated_margin"))
    assert [("isolated_margin", "SOLUSDT")] == said.tables["liquidations"].select("wallet", "pair").rows()


def test_a_rate_is_kept_only_where_its_period_is_known(tmp_path: Path) -> None:
    row = "26-02-20 10:00:00,USDT,5,1,0.025%"
    for column, expected in (("Hourly Interest Rate", (Decimal("0.00025"), "hour")),
                             ("Daily Interest Rate", (Decimal("0.00025"), "day")), ("Interest Rate", (None, None))):  # fmt: skip
        result = imported(tmp_path, "margin(UTC+0).csv", f"Time,Asset,Principal,Interest,{column}", row)
        assert [expected] == result.tables["interest"].select("rate", "rate_period").rows()


# ------------------------------------------------------------------------------------------------ statement


def booked(tmp_path: Path, account: str, operation: str, amount: str) -> Normalized:
    return imported(tmp_path, "s.csv", STATEMENT, f"2024-03-01 10:00:00,{account},{operation},USDT,{amount},")


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("Margin Repayment", None),
        ("Isolated Margin Repayment", None),
        ("Cross Margin Liquidation - Repayment", "forced"),
        ("Isolated Margin Liquidation - Forced Repayment", "forced"),
    ],
)
def test_the_statement_says_only_which_repayments_were_forced(tmp_path: Path, operation: str, kind: str | None) -> None:
    result = booked(tmp_path, "Cross Margin", operation, "-5.1")
    assert [(Decimal("5.1"), None, kind)] == result.tables["repayments"].select("amount", "interest", "kind").rows()
    assert [("repay", Decimal("-5.1"))] == result.tables["movements"].select("cause", "amount").rows()


@pytest.mark.parametrize(("operation", "kind"), [("Margin Loan", None), ("Flexible Loan - Borrow", "loan"), ("Crypto Loan - Borrow", "loan")])  # fmt: skip
def test_the_statement_says_which_borrowings_are_crypto_loans(tmp_path: Path, operation: str, kind: str | None) -> None:
    result = booked(tmp_path, "Cross Margin" if kind is None else "Spot", operation, "5")
    assert [(Decimal(5), kind)] == result.tables["borrows"].select("amount", "kind").rows()


def test_a_margin_fee_is_cash_and_adds_nothing_to_a_debt(tmp_path: Path) -> None:
    result = booked(tmp_path, "Cross Margin", "Margin Fee", "-0.04")
    assert [("interest", Decimal("-0.04"))] == result.tables["movements"].select("cause", "amount").rows()
    assert [("negative_balance", Decimal("0.04"))] == result.tables["interest"].select("kind", "amount").rows()


def test_a_takeover_is_a_conversion_and_collateral_a_pledge(tmp_path: Path) -> None:
    takeover = booked(tmp_path, "Cross Margin", "Cross Margin Liquidation - Small Assets Takeover", "-3")
    assert [("liquidation_takeover", Decimal(-3))] == takeover.tables["conversions"].select("kind", "amount").rows()
    for amount, kind in (("-3", "pledged"), ("3", "released")):
        pledge = booked(tmp_path, "Spot", "Flexible Loan - Collateral Transfer", amount)
        assert ["pledge"] == pledge.tables["movements"]["cause"].to_list()
        assert [(kind, Decimal(amount))] == pledge.tables["transfers"].select("kind", "amount").rows()


# -------------------------------------------------------------------------------------------------- claims


@pytest.mark.parametrize(
    ("name", "ranks"),
    [
        ("spot_trades_api", {"fills": 1, "fees": 1}),
        ("portfolio_trades_api", {"fills": 1, "fees": 1}),
        ("spot_trades", {"fills": 2, "fees": 2}),
        ("spot_trades_glued", {"fills": 2, "fees": 2}),
        ("capital_flow", {"ledger": 3, "borrow_repay": 3, "fees": 3, "liquidations": 3}),
        ("margin_borrows", {"borrow_repay": 1}),
        ("margin_repayments", {"borrow_repay": 1}),
        ("liquidation_loan_repayments", {"borrow_repay": 9}),
        ("margin_interest", {"interest": 1}),
        ("margin_liquidations", {"liquidations": 1}),
        ("margin_transfers", {"ledger": 9}),
        ("converts", {"ledger": 9}),
        ("spot_orders", {}),
    ],
)
def test_a_format_speaks_with_its_rank_and_for_events(name: str, ranks: dict[str, int]) -> None:
    (form,) = (form for form in binance.FORMATS if form.name == f"binance.{name}")
    assert ranks == {claim.fact: claim.rank for claim in form.claims}
    assert all(claim.grain == "event" and claim.partial == (claim.rank == 9) for claim in form.claims)
