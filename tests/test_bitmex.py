"""BitMEX: signs, minor units, regimes of booking, names, and the venue's own arithmetic on what was read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from importers import bitmex
from importers.bitmex.terms import name_instrument
from importers.contract import Normalized
from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from schemas.errors import MissingTimeZone
from tests.conftest import DATA

WALLET_HEADER = (
    "timestamp,transactTime,transactType,transactStatus,currency,network,amount,fee,walletBalance,orderID,transactID,"
    "address,marginBalance"
)


def read(path: Path, zone: str | None = None) -> Normalized:
    (part,) = open_bundle(path).parts()
    ((normalized, _),) = chunks(recognize(part, bitmex.FORMATS, Options(zone=zone)))
    return normalized


def wallet(tmp_path: Path, *rows: str) -> Normalized:
    path = tmp_path / "wallet.csv"
    path.write_text("\n".join([WALLET_HEADER, *rows]) + "\n")
    return read(path)


def result(at: str, amount: int, fee: str, order: str = "") -> str:
    return f"{at},{at},RealisedPNL,Completed,XBt,,{amount},{fee},1,{order},id-{at},XBTUSD,"


def legs(normalized: Normalized) -> list[tuple[str, Decimal]]:
    return list(normalized.tables["movements"].sort("source_row", "part").select("cause", "amount").iter_rows())


# ------------------------------------------------------------------------------------------------ wallet


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (result("2024-04-09T23:59:59.999Z", -2500, "0"), [("session_result", "-0.000025")]),
        (result("2024-04-10T00:00:00.000Z", -2500, ""), [("session_result", "-0.000025")]),
        (result("2024-09-02T12:00:00.100Z", -2500, "2500"), [("session_result", "-0.000025")]),
        (result("2024-09-05T12:00:00.100Z", -2500, "2500"), [("funding", "-0.000025")]),
        (result("2024-09-05T12:00:00.100Z", 2500, "-2500"), [("funding", "0.000025")]),
        (result("2024-09-05T12:00:00.100Z", -100, "100", "id"), [("realized_pnl", "0"), ("trading_fee", "-0.000001")]),
        (result("2024-09-05T13:00:00.100Z", -2500, "2500"), [("realized_pnl", "0"), ("trading_fee", "-0.000025")]),
        (result("2024-10-01T12:00:00.100Z", -2500, "2500"), [("realized_pnl", "0"), ("trading_fee", "-0.000025")]),
        (result("2024-11-05T14:00:00.000Z", 988000, "12000"), [("realized_pnl", "0.01"), ("trading_fee", "-0.00012")]),
        (result("2024-11-05T14:00:00.000Z", 1250, "-250"), [("realized_pnl", "0.00001"), ("trading_fee", "0.0000025")]),
        (result("2024-11-05T14:00:00.000Z", 500, "0"), [("realized_pnl", "0.000005")]),
        (result("2024-11-05T14:00:00.000Z", 500, ""), [("session_result", "0.000005")]),
    ],
)  # fmt: skip
def test_a_result_is_split_as_its_day_booked_it(tmp_path: Path, row: str, expected: list[tuple[str, str]]) -> None:
    assert [(cause, Decimal(amount)) for cause, amount in expected] == legs(wallet(tmp_path, row))


def test_a_net_result_is_stated_by_day_and_later_by_order(tmp_path: Path) -> None:
    rows = (result("2024-04-09T12:00:00.003Z", -1, "0"), result("2024-04-10T12:00:00.003Z", -1, ""))
    stated = wallet(tmp_path, *rows).tables["stated_results"].sort("source_row")
    assert list(stated.select("basis", "grain").iter_rows()) == [("net", "day"), ("net", "order")]


def test_a_withdrawal_has_its_fee_as_a_leg_and_both_sum_to_the_amount(tmp_path: Path) -> None:
    row = "2021-03-03T13:05:06.000Z,2021-03-03T02:11:40.000Z,Withdrawal,Completed,XBt,btc,-10010000,10000,0,,id,x,"
    normalized = wallet(tmp_path, row)
    assert [("withdrawal", Decimal("-0.1")), ("network_fee", Decimal("-0.0001"))] == legs(normalized)
    (transfer,) = normalized.tables["transfers"].to_dicts()
    assert (Decimal("-0.1"), Decimal("0.0001")) == (transfer["amount"], transfer["fee"])
    assert datetime(2021, 3, 3, 13, 5, 6, tzinfo=UTC) == transfer["moved_at"]  # booked, not requested


@pytest.mark.parametrize(
    ("code", "asset", "worth"),
    [("XBt", "BTC", "1e-8"), ("XBT", "BTC", "1"), ("USDt", "USDT", "1e-6"), ("BMEx", "BMEX", "1e-6"),
     ("Gwei", "ETH", "1e-9"), ("LAMp", "SOL", "1e-9")],
)  # fmt: skip
def test_money_is_in_minor_units_and_the_case_of_a_code_matters(
    tmp_path: Path, code: str, asset: str, worth: str
) -> None:
    row = f"2021-03-01T09:00:00.000Z,2021-03-01T09:00:00.000Z,Deposit,Completed,{code},,7,,21,,id,,"
    (movement,) = wallet(tmp_path, row).tables["movements"].to_dicts()
    assert (asset, 7 * Decimal(worth), 21 * Decimal(worth)) == tuple(
        movement[name] for name in ("asset", "amount", "balance_after")
    )


def test_an_unknown_code_or_kind_is_unmapped_and_a_broken_amount_is_rejected() -> None:
    rejected = read(DATA / "bitmex" / "api-v1-user-walletHistory-2021.csv").rejected
    assert rejected["column"].to_list() == ["transactType", "currency", "amount", "transactStatus", "currency"]
    assert rejected["reason"].str.starts_with("unmapped").sum() == 4


def test_balances_hold_per_instant_in_every_wallet_history() -> None:
    for name in ("api-v1-user-walletHistory-2021.csv", "api-v1-user-walletHistory-2024.csv"):
        movements = read(DATA / "bitmex" / name).tables["movements"]
        groups = movements.group_by("asset", "moved_at").agg(pl.col("amount").sum(), "balance_after")
        balance: dict[str, Decimal] = {}
        for asset, _, amount, stated in groups.sort("asset", "moved_at").iter_rows():
            balance.setdefault(asset, stated[0] - amount)  # opening
            balance[asset] += amount
            assert balance[asset] in stated, (name, asset)


def test_a_site_export_without_a_zone_is_refused_and_told_what_would_fit(tmp_path: Path) -> None:
    source = DATA / "bitmex" / "Wallet History - 2020-01-02.csv"
    with pytest.raises(MissingTimeZone) as refused:
        read(source)
    assert "read 07:00 and 08:00 here" in str(refused.value)
    assert "-05:00 in winter and -04:00 in summer" in str(refused.value)
    winter = tmp_path / "winter.csv"
    winter.write_bytes(b"".join(line for line in source.read_bytes().splitlines(True) if b"7/1/2019" not in line))
    with pytest.raises(MissingTimeZone, match="so -05:00 may be right"):
        read(winter)


def test_a_batch_of_daily_results_is_at_noon_utc_in_the_right_zone() -> None:
    stated = read(DATA / "bitmex" / "Wallet History - 2020-01-02.csv", "America/New_York").tables["stated_results"]
    assert {12} == set(stated["booked_at"].dt.hour())


# -------------------------------------------------------------------------------------------- executions


def fills(name: str, zone: str | None = None) -> pl.DataFrame:
    return read(DATA / "bitmex" / name, zone).tables["fills"].sort("source_row")


def test_values_are_the_venues_rounding_of_one_contract_and_not_the_formula() -> None:
    first = fills("api-v1-execution-tradeHistory.csv").row(0, named=True)
    assert (Decimal(127), Decimal("8564.5")) == (first["quantity"], first["price"])
    assert Decimal("0.01482852") == first["notional_stated"]  # 11676 * 127; the formula says 0.01482865
    assert round(Decimal(10**8) / first["price"]) * 127 * Decimal("1e-8") == first["notional_stated"]


def test_a_flat_position_has_realized_minus_the_sum_of_its_costs() -> None:
    all_fills = fills("Trade History - 2020-01-28.csv", "-05:00")
    position = all_fills.filter(pl.col("order_ref").is_in(["2da-01", "2da-02", "2da-03"]))
    signed = pl.when(pl.col("side") == "sell").then(pl.col("notional_stated")).otherwise(-pl.col("notional_stated"))
    assert -position.select(signed.sum()).item() == Decimal("-0.000118")  # an inverse buy costs a negative value


def test_a_rebate_is_a_negative_fee() -> None:
    by_order = dict(fills("Trade History - 2020-01-28.csv", "-05:00").select("order_ref", "fee").iter_rows())
    assert (Decimal("0.00009375"), Decimal("-0.00001829")) == (by_order["2da-01"], by_order["2da-02"])


def test_funding_is_positive_when_received_whatever_the_sign_of_the_rate() -> None:
    site = read(DATA / "bitmex" / "Trade History - 2020-01-28.csv", "-05:00").tables["funding"].sort("source_row")
    assert list(site.select("symbol", "amount", "rate").iter_rows()) == [
        ("XBTUSD", Decimal("-0.00001234"), Decimal("0.0001")),
        ("ETHUSD", Decimal("0.00000161"), Decimal("0.0002")),
    ]
    (api,) = read(DATA / "bitmex" / "api-v1-execution-tradeHistory.csv").tables["funding"].to_dicts()
    assert (Decimal("0.00007843"), Decimal("-0.000771"), Decimal(885)) == (
        api["amount"], api["rate"], api["position_quantity"])  # fmt: skip


def test_style_follows_the_sign_of_the_value_and_where_it_settles() -> None:
    rows = fills("api-v1-execution-tradeHistory.csv").select("symbol", "settle_asset", "style").unique().iter_rows()
    assert {
        ("XBTUSD", "BTC", "inverse"), ("XBTM20", "BTC", "inverse"), ("LINKUSDT", "BTC", "quanto"),
        ("ETHUSD", "BTC", "quanto"), ("XBTUSDT", "USDT", "linear"), ("ETHUSD_ETH", "ETH", "inverse"),
        ("XBT_USDT", None, None), ("P_INVENTEDX26", "USDT", None),
    } == set(rows)  # fmt: skip


def test_a_liquidation_is_a_fill_and_an_event_at_the_bankruptcy_price() -> None:
    normalized = read(DATA / "bitmex" / "Trade History - 2020-01-28.csv", "-05:00")
    (event,) = normalized.tables["liquidations"].to_dicts()
    assert ("takeover", Decimal(7700), "sell") == (event["stage"], event["bankruptcy_price"], event["side"])
    assert normalized.tables["fills"].filter(pl.col("execution") == "liquidation").height == 1


def test_equal_partial_fills_of_a_second_are_two_rows_with_one_key() -> None:
    keys = read(DATA / "bitmex" / "Trade History - 2020-01-28.csv", "-05:00").rows["key_text"]
    assert len(keys) - keys.n_unique() == 1


def test_an_archive_and_the_api_state_the_same_execution_alike() -> None:
    def rows(name: str) -> dict[str, str]:
        return dict(read(DATA / "bitmex" / name).rows.select("key_text", "content_text").iter_rows())

    archive, api = rows("account-execution-2018-2021.csv"), rows("api-v1-execution-tradeHistory.csv")
    shared = archive.keys() & api.keys()
    assert len(shared) == 2
    assert {key: archive[key] for key in shared} == {key: api[key] for key in shared}


# ------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("symbol", "settle", "instrument", "product", "style"),
    [
        ("XBTUSD", "BTC", "BTC/USD:BTC", "perpetual", "inverse"),
        ("XBTUSD", None, "BTC/USD:BTC", "perpetual", "inverse"),
        ("ETHUSD", "BTC", "ETH/USD:BTC", "perpetual", "quanto"),
        ("XBTUSDT", "USDT", "BTC/USDT:USDT", "perpetual", "linear"),
        ("LINKUSDT", "USDT", "LINK/USDT:USDT", "perpetual", "linear"),
        ("LINKUSDT", "BTC", "LINK/USDT:BTC", "perpetual", "quanto"),
        ("LINKUSDT", None, None, "perpetual", None),
        ("ETHUSD_ETH", "ETH", "ETH/USD:ETH", "perpetual", "inverse"),
        ("XBTZ23", "BTC", "BTC/USD:BTC-231229", "future", "inverse"),
        ("XBTM20", None, "BTC/USD:BTC-200626", "future", "inverse"),
        ("XBTF21", None, "BTC/USD:BTC-210129", "future", "inverse"),
        ("ADAM20", "BTC", "ADA/BTC:BTC-200626", "future", "linear"),
        ("ETHZ23", "BTC", "ETH/BTC:BTC-231229", "future", "linear"),
        ("ETHUSDZ20", "BTC", "ETH/USD:BTC-201225", "future", "quanto"),
        ("YFIUSDTH21", "BTC", "YFI/USDT:BTC-210326", "future", "quanto"),
        ("YFIUSDTH21", None, None, "future", None),
        ("XBTUSDTZ24", "USDT", "BTC/USDT:USDT-241227", "future", "linear"),
        ("XBT_USDT", None, "BTC/USDT", "spot", None),
        ("XBT7D_U105", "BTC", None, "option", None),
        ("P_INVENTEDX26", "USDT", None, "future", None),
        ("SOMETHING", "BTC", None, "perpetual", None),
    ],
)
def test_a_symbol_says(
    symbol: str, settle: str | None, instrument: str | None, product: str, style: str | None
) -> None:
    named = name_instrument(symbol, settle)
    assert named is not None
    assert (instrument, product, style) == (named.instrument, named.product, named.style)


def test_a_dated_contract_expires_on_the_last_friday_at_noon() -> None:
    named = name_instrument("XBTM20", "BTC")
    assert named is not None and datetime(2020, 6, 26, 12, tzinfo=UTC) == named.expires_at


def test_multipliers_are_in_the_books_units() -> None:
    terms = read(DATA / "bitmex" / "api-v1-instrument.all.csv").tables["instruments"]
    assert {
        "XBTUSD": Decimal(1), "ETHUSD": Decimal("0.000001"), "XBTUSDT": Decimal("0.000001"),
        "LINKUSDT": Decimal("0.001"), "ADAM20": Decimal(1), "P_INVENTEDX26": Decimal("0.01"),
    } == dict(terms.select("symbol", "multiplier").iter_rows())  # fmt: skip
