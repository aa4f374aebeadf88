"""Kraken Futures: two legs of a trade, what a change is made of, margin accounts of two eras, events of the API."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from importers import krakenfutures
from importers.contract import Normalized
from importers.files import open_bundle
from importers.krakenfutures.symbols import name_instrument, perpetual_of_account, spelled, wallet_of_account
from importers.read import Options, chunks, recognize
from ledger.book import Book
from tests.books import facts, imported, new_book

D = Decimal
ACCOUNT = "5f1e7c00-0000-4000-8000-000000000000"


class Log:
    """An account log that keeps balances and positions."""

    header = ("uid,dateTime,account,type,symbol,contract,change,new balance,new average entry price,trade price,mark price,"
              "funding rate,realized pnl,fee,realized funding,collateral,conversion spread percentage,liquidation fee,"
              "position uid,exchange rate,exchange rate from,conversion fee")  # fmt: skip

    def __init__(self, account: str = "flex") -> None:
        self.account = account
        self.rows: list[dict[str, str]] = []
        self.held: dict[tuple[str, str], Decimal] = {}

    def add(self, clock: str, kind: str, symbol: str, change: str | Decimal, **cells: object) -> None:
        """Add a row of 2026-04 by `DD HH:MM:SS`; `_` of a cell's name stands for a blank."""
        account = str(cells.pop("account", self.account))
        self.held[account, symbol] = self.held.get((account, symbol), D(0)) + D(change)
        base = {
            "uid": f"5f1e7c00-0000-4000-8000-{len(self.rows) + 1:012d}", "dateTime": f"2026-04-{clock}", "account": account,
            "type": kind, "symbol": symbol, "change": f"{D(change):f}", "new balance": f"{self.held[account, symbol]:f}",
        }  # fmt: skip
        given = {name.replace("_", " "): str(cell) for name, cell in cells.items()}
        assert set(given) <= set(self.header.split(",")), given
        self.rows.append(base | given)

    def trade(self, clock: str, contract: str, change: str, price: str, *, pnl: str = "0", fee: str = "0",
              funding: str = "0", forced: str = "", kind: str = "futures trade", coin: str = "usd", entry: str = "",
              cash: bool = True) -> None:  # fmt: skip
        """Add both legs of a trade, the position's first; `cash` False: its fee was paid with fee credits."""
        self.add(clock, kind, contract, change, contract=contract, trade_price=price, mark_price=price,
                 new_average_entry_price=entry or price)  # fmt: skip
        if cash:
            total = D(pnl) - D(fee) + D(funding) - D(forced or 0)
            self.add(clock, kind, coin, total, contract=contract, trade_price=price, mark_price=price, realized_pnl=pnl,
                     fee=fee, realized_funding=funding, liquidation_fee=forced)  # fmt: skip

    def funding(self, clock: str, contract: str, amount: str, coin: str = "usd", rate: str = "1.5") -> None:
        self.add(
            clock, "funding rate change", coin, amount, contract=contract, funding_rate=rate, realized_funding=amount
        )

    def text(self, newest_first: bool = True, header: str | None = None) -> str:
        names = (header or self.header).split(",")
        rows = self.rows[::-1] if newest_first else self.rows
        return "\n".join([",".join(names), *(",".join(row.get(name, "") for name in names) for row in rows)]) + "\n"

    def save(self, folder: Path, name: str = f"account_log_{ACCOUNT}_2026-05-01T10-00-00Z.csv") -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(self.text(), encoding="utf-8")
        return path


def reports(book: Book) -> list[str]:
    return [name for name, frame in book.check().items() if frame.height]


def read(path: Path) -> Normalized:
    (part,) = open_bundle(path).parts()
    ((normalized, _),) = chunks(recognize(part, krakenfutures.FORMATS, Options()))
    return normalized


def result(tmp_path: Path, log: Log) -> Normalized:
    return read(log.save(tmp_path))


def plain(cell: Any) -> Any:
    return f"{cell.normalize():f}" if isinstance(cell, Decimal) else cell


def rows(normalized: Normalized, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Return some columns of a table, oldest row first."""
    if table not in normalized.tables:
        return []
    frame = normalized.tables[table].sort("source_row", "part", descending=[True, False]).select(columns)
    return [tuple(map(plain, row)) for row in frame.iter_rows()]


def rejects(normalized: Normalized) -> list[tuple[str, str, str]]:
    return list(normalized.rejected.sort("source_row").select("column", "text", "reason").iter_rows())


UNMAPPED = "unmapped: nobody has described this kind of row"
CHANGE = "expected a change; of a cash leg: realized pnl - fee + realized funding - liquidation fee"
BTC, ETH = "pf_xbtusd", "pf_ethusd"


# ------------------------------------------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("symbol", "instrument", "product", "style"),
    [
        ("PF_XBTUSD", "BTC/USD:USD", "perpetual", "linear"), ("PI_XBTUSD", "BTC/USD:BTC", "perpetual", "inverse"),
        ("FF_ETHUSD_260327", "ETH/USD:USD-260327", "future", "linear"),
        ("FI_ETHUSD_260327", "ETH/USD:ETH-260327", "future", "inverse"),
        ("PV_XRPXBT", "XRP/BTC:BTC", "perpetual", "linear"), ("FV_XRPXBT_210326", "XRP/BTC:BTC-210326", "future", "linear"),
    ],
)  # fmt: skip
def test_a_name_says_what_a_contract_is(symbol: str, instrument: str, product: str, style: str) -> None:
    named = name_instrument(symbol, None)
    assert named is not None
    assert (instrument, product, style) == (named.instrument, named.product, named.style)


@pytest.mark.parametrize(
    "symbol", ["RR_XBTUSD", "IN_XBTUSD", "FI_XBTUSD", "PI_XBTUSD_260327", "PF_", "usd", "FI_XBTUSD_261399"]
)
def test_what_is_no_contract_has_no_name(symbol: str) -> None:
    assert name_instrument(symbol, None) is None


def test_a_contract_has_one_spelling() -> None:
    assert ["PF_XBTUSD"] * 3 == [spelled(text) for text in ("pf_xbtusd", "PF_XBTUSD", "PF_BTCUSD ")]


@pytest.mark.parametrize(
    ("account", "wallet", "perpetual"),
    [("flex", "unified", ""), ("MC", "unified", ""), ("f-xbt:usd", "coinm", "PI_XBTUSD"), ("F-ETHUSD", "coinm", "PI_ETHUSD"),
     ("f-xrp:xbt", "usdm", "PV_XRPXBT"), ("xbt", "funding", ""), ("cash", "funding", ""), ("margin 2", None, "")],
)  # fmt: skip
def test_a_margin_account_is_a_wallet(account: str, wallet: str | None, perpetual: str) -> None:
    assert (wallet, perpetual) == (wallet_of_account(account), perpetual_of_account(account))


# ------------------------------------------------------------------------------------- the account log


def test_a_trade_is_a_fill_by_one_leg_and_cash_by_the_other(tmp_path: Path) -> None:
    log = Log()
    log.trade("01 08:00:00", BTC, "-0.04", "80000", fee="1.6")
    log.trade("01 09:00:00", BTC, "0.04", "79000", pnl="40", fee="-0.316", funding="0.02")
    read_ = result(tmp_path, log)
    assert [("PF_XBTUSD", "sell", "0.04", "80000", "open", "1.6", "USD"),
            ("PF_XBTUSD", "buy", "0.04", "79000", "close", "-0.316", "USD")] == rows(
        read_, "fills", "symbol", "side", "quantity", "price", "effect", "fee", "fee_asset")  # fmt: skip
    assert [("-1.6", "trading_fee"), ("40", "realized_pnl"), ("0.316", "trading_fee"), ("0.02", "funding")] == rows(
        read_, "movements", "amount", "cause")  # fmt: skip
    refs = ["2026-04-01T08:00:00Z|PF_XBTUSD|80000", "2026-04-01T09:00:00Z|PF_XBTUSD|79000"]
    assert [(ref,) for ref in refs] == rows(read_, "fills", "trade_ref")
    assert set(refs) == {ref for (ref,) in rows(read_, "movements", "trade_ref")}
    assert [("40", "gross", "fill")] == rows(read_, "stated_results", "amount", "basis", "grain")
    assert [("0.02",)] == rows(read_, "funding", "amount")


def test_a_fill_that_crosses_zero_neither_opens_nor_closes(tmp_path: Path) -> None:
    log = Log()
    log.trade("01 08:00:00", BTC, "2", "80000")
    log.trade("01 09:00:00", BTC, "-3", "80000")
    log.trade("01 10:00:00", BTC, "0.5", "80000")
    assert [("open",), (None,), ("close",)] == rows(result(tmp_path, log), "fills", "effect")


def test_only_the_last_leg_of_a_second_states_the_position(tmp_path: Path) -> None:
    log = Log()
    log.trade("01 08:00:00", BTC, "2", "80000")
    log.trade("01 08:00:00", BTC, "3", "80001")
    log.trade("01 08:00:00", ETH, "7", "3000")
    log.trade("01 08:00:01", BTC, "-5", "80001")
    for newest_first in (True, False):
        (tmp_path / "log.csv").write_text(log.text(newest_first))
        stated = rows(read(tmp_path / "log.csv"), "stated_positions", "symbol", "quantity")
        assert [("PF_ETHUSD", "7"), ("PF_XBTUSD", "0"), ("PF_XBTUSD", "5")] == sorted(stated)


@pytest.mark.parametrize("newest_first", [True, False])
def test_the_result_of_an_inverse_fill_is_that_of_the_cash_leg_beside_it(tmp_path: Path, newest_first: bool) -> None:
    log = Log("f-xbt:usd")
    log.trade("01 08:00:00", "pi_xbtusd", "5000", "40000", fee="0.0000625", coin="xbt")
    log.trade("01 09:00:00", "pi_xbtusd", "-2000", "41000", pnl="0.0012195122", coin="xbt")
    log.trade("01 09:00:00", "pi_xbtusd", "-2000", "41000", pnl="0.0012195123", coin="xbt")
    log.trade("01 09:00:00", "pi_xbtusd", "-100", "41000", cash=False)
    (tmp_path / "log.csv").write_text(log.text(newest_first))
    found = rows(read(tmp_path / "log.csv"), "fills", "quantity", "realized_stated")
    expected = [("5000", "0"), ("2000", "0.0012195122"), ("2000", "0.0012195123"), ("100", None)]
    assert (expected if newest_first else expected[::-1]) == found


def test_conversions_between_the_legs_do_not_part_them(tmp_path: Path) -> None:
    log = Log("f-xbt:usd")
    log.trade("01 09:00:00", "pi_xbtusd", "-2000", "41000", pnl="0.0012195122", coin="xbt")
    log.add("01 09:00:00", "conversion", "eth", "-0.1")
    log.rows.insert(1, log.rows.pop())
    assert [("0.0012195122",)] == rows(result(tmp_path, log), "fills", "realized_stated")


def test_a_log_without_contracts_takes_them_from_the_leg_beside_and_from_the_account(tmp_path: Path) -> None:
    log = Log("f-xbt:usd")
    log.trade("01 08:00:00", "fi_xbtusd_210326", "5000", "40000", fee="0.0000625", coin="xbt")
    log.funding("01 12:00:00", "", "-0.0000042", coin="xbt")
    log.add("01 13:00:00", "futures trade", "xbt", "-0.1", fee="0.1", trade_price="1")
    header = ",".join(name for name in Log.header.split(",")[:16] if name != "contract")
    (tmp_path / "log.csv").write_text(log.text(header=header))
    moved = rows(read(tmp_path / "log.csv"), "movements", "amount", "cause", "symbol", "wallet")
    assert [("-0.0000625", "trading_fee", "FI_XBTUSD_210326", "coinm"), ("-0.0000042", "funding", "PI_XBTUSD", "coinm"),
            ("-0.1", "trading_fee", None, "coinm")] == moved  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "execution", "stage", "bankruptcy"),
    [
        ("futures liquidation", "liquidation", "full", None), ("Liquidation", "liquidation", "full", None),
        ("futures partial liquidation", "liquidation", "partial", None), ("covered liquidation", "liquidation", None, None),
        ("portfolio auctioning", "liquidation", None, None), ("futures assignor", "liquidation", "takeover", "1900"),
        ("Unwind Bankrupt", "liquidation", "takeover", "1900"), ("futures unwind counterparty", "adl", "adl", None),
        ("futures_unwind", "adl", None, None),
    ],
)  # fmt: skip
def test_a_forced_close_is_a_fill_and_an_event_and_its_fee_a_liquidation_fee(
    tmp_path: Path, kind: str, execution: str, stage: str | None, bankruptcy: str | None
) -> None:
    log = Log()
    log.trade("01 08:00:00", ETH, "-1", "1900", pnl="-100", fee="0.95", forced="4.75", kind=kind)
    read_ = result(tmp_path, log)
    assert [(execution,)] == rows(read_, "fills", "execution")
    assert [(stage, "sell", "1", "1900", bankruptcy)] == rows(
        read_, "liquidations", "stage", "side", "quantity", "price", "bankruptcy_price")  # fmt: skip
    assert [("-100", "realized_pnl"), ("-0.95", "trading_fee"), ("-4.75", "liquidation_fee")] == rows(
        read_, "movements", "amount", "cause")  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "execution"),
    [("futures trade", "trade"), ("Derivatives Trade", "trade"), ("futures assignee", "trade"), ("rfq", "trade"),
     ("hedging trade", "trade"), ("position transfer", "trade"), ("settlement", "delivery")],
)  # fmt: skip
def test_other_fills_are_no_events(tmp_path: Path, kind: str, execution: str) -> None:
    log = Log()
    log.trade("01 08:00:00", ETH, "-1", "1900", kind=kind)
    read_ = result(tmp_path, log)
    assert [(execution,)] == rows(read_, "fills", "execution") and [] == rows(read_, "liquidations", "stage")


@pytest.mark.parametrize(
    ("kind", "symbol", "change", "cells", "moved", "table"),
    [
        ("funding rate change", "usd", "-0.02", {"contract": BTC, "realized_funding": "-0.02"}, [("-0.02", "funding", "USD")], "funding"),
        ("interest payment", "usd", "-3", {"fee": "3"}, [("-3", "interest", "USD")], "interest"),
        ("conversion", "usdc", "-1.6008", {"conversion_fee": "0.0008"}, [("-1.6008", "conversion", "USDC")], "conversions"),
        ("conversion", "usd", "1.6", {"conversion_fee": "0.0008"},
         [("1.6008", "conversion", "USD"), ("-0.0008", "trading_fee", "USD")], "conversions"),
        ("conversion", "xbt", "0.1", {}, [("0.1", "conversion", "BTC")], "conversions"),
        ("conversion credit", "usd", "0.1", {}, [("0.1", "unknown", "USD")], "adjustments"),
        ("kfee applied", "fee", "-15", {}, [("-15", "trading_fee", "KFEE")], None),
        ("transfer", "eur", "-1", {}, [("-1", "transfer", "EUR")], "transfers"),
        ("cross-exchange transfer", "eth", "1", {}, [("1", "transfer", "ETH")], "transfers"),
        ("admin transfer", "usd", "1", {}, [("1", "transfer", "USD")], "transfers"),
        ("futures tax withheld", "usd", "-1", {}, [("-1", "correction", "USD")], "adjustments"),
        ("futures tax refund", "usd", "1", {}, [("1", "correction", "USD")], "adjustments"),
    ],
)  # fmt: skip
def test_every_other_type_has_its_cause_and_its_fact(
    tmp_path: Path,
    kind: str,
    symbol: str,
    change: str,
    cells: dict[str, str],
    moved: list[tuple[str, str, str]],
    table: str | None,
) -> None:
    log = Log()
    log.add("01 08:00:00", kind, symbol, change, **cells)
    read_ = result(tmp_path, log)
    assert moved == rows(read_, "movements", "amount", "cause", "asset")
    assert {"movements", table} - {None} == {name for name, frame in read_.tables.items() if len(frame)}


@pytest.mark.parametrize(
    "cells",
    [{"fee": "0.5"}, {"fee": "1", "liquidation_fee": "1"}, {"realized_pnl": "-1", "realized_funding": "-0.1"}, {}],
)
def test_a_cash_leg_whose_parts_do_not_make_its_change_is_rejected(tmp_path: Path, cells: dict[str, str]) -> None:
    log = Log()
    log.add("01 08:00:00", "futures trade", "usd", "-1", contract=BTC, **cells)
    assert [("change", "-1", CHANGE)] == rejects(result(tmp_path, log))


def test_rounding_of_a_cash_leg_stays_in_its_result(tmp_path: Path) -> None:
    log = Log()
    log.add("01 08:00:00", "futures trade", "usd", "9.0000004", contract=BTC, realized_pnl="10", fee="1")
    assert [("10.0000004", "realized_pnl"), ("-1", "trading_fee")] == rows(
        result(tmp_path, log), "movements", "amount", "cause"
    )


@pytest.mark.parametrize(
    ("kind", "symbol", "cells", "reason"),
    [
        ("futures trade", BTC, {"contract": BTC}, UNMAPPED),
        ("futures trade", "of_btc_x", {"contract": "of_btc_x", "trade_price": "1"}, UNMAPPED),
        ("transfer", BTC, {"contract": BTC, "trade_price": "1"}, UNMAPPED),
        ("options trade", "usd", {}, "unmapped: expected a type as futures trade, funding rate change, conversion"),
        ("transfer", "usd", {"account": "mystery"}, "unmapped: expected a margin account as flex, f-xbt:usd or xbt"),
    ],
    ids=["no price", "no contract that we know", "a position's leg that is no trade", "options", "another account"],
)
def test_what_nobody_described_is_rejected(
    tmp_path: Path, kind: str, symbol: str, cells: dict[str, str], reason: str
) -> None:
    log = Log()
    log.add("01 08:00:00", kind, symbol, "1", **cells)
    assert [reason] == [found for _, _, found in rejects(result(tmp_path, log))]


def test_a_screens_export_is_known_by_its_name_and_sends_to_the_account_log(tmp_path: Path) -> None:
    path = tmp_path / "historyFuturesClosedPositions_2026-05-06.csv"
    path.write_text("Paar,Zij,Koers\nPF_BTCUSD,verkoop,80000\n")
    read_ = read(path)
    assert ["a screen's export, cut off and in the user's language: the account log has it all"] == list(
        read_.ignored["reason"]
    )


# --------------------------------------------------------------------------------------------------- API


def saved(folder: Path, name: str, document: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return folder / name


def of_api(log: Log) -> dict[str, object]:
    """Return an account log as the API states it, its executions named by what both legs share."""
    logs: list[dict[str, object]] = []
    for number, row in enumerate(log.rows):
        is_trade = bool(row.get("trade price"))
        numbers = {name.replace(" ", "_"): row.get(name) or None for name in (
            "trade price", "mark price", "new average entry price", "realized pnl", "fee", "realized funding", "liquidation fee")}  # fmt: skip
        logs.insert(0, {
            "id": number + 1, "booking_uid": row["uid"], "date": row["dateTime"].replace(" ", "T") + ".500Z",
            "margin_account": row["account"], "info": row["type"], "asset": row["symbol"], "contract": row.get("contract") or None,
            "new_balance": row["new balance"], "old_balance": f"{D(row['new balance']) - D(row['change'])}",
            "execution": f"{row['dateTime']} {row['contract']} {row['trade price']}" if is_trade else None, **numbers,
        })  # fmt: skip
    return {"accountUid": ACCOUNT, "logs": logs}


def test_the_api_states_the_change_by_two_balances_and_ties_the_legs_by_their_execution(tmp_path: Path) -> None:
    log = Log("f-xbt:usd")
    log.trade("01 08:00:00", "pi_xbtusd", "5000", "40000", fee="0.0000625", coin="xbt")
    log.trade("01 09:00:00", "pi_xbtusd", "-2000", "41000", pnl="0.0012195122", fee="0.0000001", coin="xbt")
    read_ = read(saved(tmp_path, "log.json", of_api(log)))
    assert [("2000", "sell", "0.0012195122", "2026-04-01 09:00:00 pi_xbtusd 41000", 3),
            ("5000", "buy", "0", "2026-04-01 08:00:00 pi_xbtusd 40000", 1)] == sorted(
        rows(read_, "fills", "quantity", "side", "realized_stated", "trade_ref", "sequence"))  # fmt: skip
    assert {"-0.0000625", "0.0012195122", "-0.0000001"} == {amount for (amount,) in rows(read_, "movements", "amount")}


def test_the_api_rejects_a_leg_whose_balances_do_not_make_its_parts(tmp_path: Path) -> None:
    log = Log()
    log.trade("01 08:00:00", BTC, "1", "80000", fee="1")
    document = of_api(log)
    document["logs"][0]["old_balance"] = "5"  # type: ignore[index]
    assert [("new_balance", "-1", CHANGE)] == rejects(read(saved(tmp_path, "log.json", document)))


def update(**cells: object) -> dict[str, object]:
    known = {"tradeable": "PF_ETHUSD", "oldPosition": "0", "newPosition": "1", "newAverageEntryPrice": "3000", "fee": "1.5",
             "feeCurrency": "USD", "realizedPnL": None, "executionUid": "e1", "executionPrice": "3000", "executionSize": "1",
             "tradeType": "userExecution", "realizedFunding": None, "settlementPrice": None, "updateReason": "trade"}  # fmt: skip
    return {"uid": "u1", "timestamp": 1775437200123, "event": {"PositionUpdate": known | cells}}


def updated(folder: Path, *updates: dict[str, object]) -> Normalized:
    return read(saved(folder, "positions.json", {"accountUid": ACCOUNT, "elements": list(updates)}))


@pytest.mark.parametrize(
    ("cells", "fill", "event"),
    [
        ({}, ("buy", "1", "3000", "trade", "1.5"), []),
        ({"oldPosition": "2", "tradeType": "liquidation"}, ("sell", "1", "3000", "liquidation", "1.5"), [("full",)]),
        ({"oldPosition": "2", "tradeType": "assignment"}, ("sell", "1", "3000", "liquidation", "1.5"), [("takeover",)]),
        ({"tradeType": "assignment"}, ("buy", "1", "3000", "trade", "1.5"), []),
        ({"oldPosition": "-2", "newPosition": "-1", "tradeType": "unwind", "fee": None}, ("buy", "1", "3000", "adl", "0"), [(None,)]),
        ({"oldPosition": "2", "newPosition": "0", "updateReason": "settlement", "settlementPrice": "3100", "executionSize": None,
          "executionPrice": None, "tradeType": None}, ("sell", "2", "3100", "delivery", "1.5"), []),
    ],
    ids=["trade", "liquidation", "assigned away", "assigned to", "unwound", "settled"],
)  # fmt: skip
def test_a_position_update_is_a_fill_with_its_fee(
    tmp_path: Path, cells: dict[str, object], fill: tuple[str, ...], event: list[tuple[str | None]]
) -> None:
    read_ = updated(tmp_path, update(**cells))
    assert [fill] == rows(read_, "fills", "side", "quantity", "price", "execution", "fee")
    assert event == rows(read_, "liquidations", "stage")


def test_a_position_update_states_funding_beside_a_fill_and_by_itself(tmp_path: Path) -> None:
    by_itself = update(
        updateReason="fundingRealisation", oldPosition="1", realizedFunding="-0.0000000000012345", tradeType="unknown"
    )
    read_ = updated(tmp_path, update(oldPosition="2", realizedFunding=-1e-7, uid="u2"), by_itself)
    assert [("-0.0000000000012345", "1"), ("-0.0000001", None)] == rows(read_, "funding", "amount", "position_quantity")
    assert [("1", "3000")] == rows(read_, "stated_positions", "quantity", "entry_price")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"updateReason": "unknown"}, "unmapped: expected PositionUpdate.updateReason: one of trade, fundingRealisation, settlement"),
        ({"executionPrice": "oops"},
         "expected PositionUpdate.executionPrice: a number with a decimal point and at most 18 decimals"),
        ({"tradeable": "RR_XBTUSD"},
         "unmapped: expected PositionUpdate.tradeable: a contract as PF_XBTUSD, PI_XBTUSD or FI_XBTUSD_260327"),
        ({"newPosition": "0"}, UNMAPPED),
    ],
)  # fmt: skip
def test_a_position_update_of_another_shape_is_rejected(tmp_path: Path, cells: dict[str, object], reason: str) -> None:
    assert [reason] == [found for _, _, found in rejects(updated(tmp_path, update(**cells)))]


@pytest.mark.parametrize("spelling", ["execution", "Execution"])
def test_an_execution_is_a_fill_whatever_the_case_of_its_name(tmp_path: Path, spelling: str) -> None:
    inner = {"uid": "e1", "order": {"uid": "o1", "tradeable": "pi_xbtusd", "direction": "Sell", "orderType": "Liquidation"},
             "quantity": "100", "price": "80000.5", "executionType": "taker"}  # fmt: skip
    document = {"elements": [{"uid": "u1", "timestamp": 1775437200123, "event": {spelling: {"execution": inner}}}]}
    read_ = read(saved(tmp_path, "executions.json", document))
    assert [("PI_XBTUSD", "sell", "100", "80000.5", "liquidation", "taker", "e1", "o1", "coinm")] == rows(
        read_, "fills", "symbol", "side", "quantity", "price", "execution", "liquidity", "trade_ref", "order_ref", "wallet")  # fmt: skip


# ------------------------------------------------------------------------------------------------- lives


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def life() -> Log:
    """A short built in one second, funded, reduced, liquidated in two steps; a long in ether closed with a gain."""
    log = Log()
    log.add("01 07:00:00", "cross-exchange transfer", "usd", "2000")
    log.add("01 07:00:01", "transfer", "fee", "1000")
    log.trade("01 08:00:00", BTC, "-0.04", "80000", fee="1.6")
    log.funding("01 09:00:00", BTC, "0.06")
    log.trade("01 10:00:00", BTC, "-0.01", "80500", fee="0.4025", entry="80100")
    log.trade("01 10:00:00", BTC, "-0.02", "80500", fee="0.805", entry="80214.2857142857142857")
    log.trade("01 10:00:05", BTC, "-0.01", "80500", cash=False, entry="80250")
    log.add("01 10:00:05", "kfee applied", "fee", "-40.25")
    log.trade("01 11:30:00", BTC, "0.02", "80000", pnl="5", fee="-0.32", funding="0.012", entry="80250")
    log.trade(
        "02 03:00:00",
        BTC,
        "0.03",
        "82000",
        pnl="-52.5",
        fee="1.23",
        forced="12.3",
        kind="futures partial liquidation",
        entry="80250",
    )
    log.trade(
        "02 03:00:05",
        BTC,
        "0.03",
        "82500",
        pnl="-67.5",
        fee="1.2375",
        forced="12.375",
        kind="futures liquidation",
        entry="80250",
    )
    log.trade("03 10:00:00", ETH, "2", "3000", fee="3")
    log.funding("03 11:00:00", ETH, "-0.9")
    log.trade("03 12:00:00", ETH, "-2", "3010", pnl="20", fee="3.01", funding="-0.1", entry="3000")
    return log


POSITIONS = (
    "symbol",
    "side",
    "status",
    "entry_price",
    "gross_pnl",
    "trading_fees",
    "funding",
    "liquidation_fees",
    "net_pnl",
)
LIFE = [
    ("PF_XBTUSD", "short", "liquidated", "80250", "-115", "4.955", "0.072", "24.675", "-144.558"),
    ("PF_ETHUSD", "long", "closed", "3000", "20", "6.01", "-1", "0", "12.99"),
]


def test_a_life_in_the_account_log_closes_to_the_cent(book: Book, tmp_path: Path) -> None:
    log = life()
    imported(book, log.save(tmp_path))
    assert LIFE == facts(book, "positions", *POSITIONS)
    assert facts(book, "balances", "asset", "computed", "stated", "difference") == [
        ("KFEE", "959.75", "959.75", "0"), ("USD", "1868.432", "1868.432", "0")]  # fmt: skip
    assert D("1868.432") == log.held["flex", "usd"] == 2000 + D("-144.558") + D("12.99")
    assert facts(book, "liquidations", "symbol", "stage", "quantity", "liquidation_fee") == [
        ("PF_XBTUSD", "full", "0.06", "24.675")]  # fmt: skip
    assert facts(book, "breaks", "break_id") == [] and reports(book) == []
    unclear = [kind for (kind,) in facts(book, "findings", "kind")]
    assert ["unattributed"] == unclear  # 40.25 KFEE, of which the log does not say which trade they paid


def fills_of(log: Log) -> dict[str, object]:
    fills = [
        {"fill_id": f"{row['dateTime']} {row['contract']} {row['trade price']} {number}", "order_id": f"o{number}",
         "symbol": row["contract"].upper(), "side": "buy" if D(row["change"]) > 0 else "sell", "size": str(abs(D(row["change"]))),
         "price": row["trade price"], "fillTime": row["dateTime"].replace(" ", "T") + ".500Z",
         "fillType": {"futures liquidation": "liquidation", "futures partial liquidation": "partialLiquidation"}.get(row["type"], "taker")}
        for number, row in enumerate(log.rows) if row["symbol"] == row.get("contract")
    ]  # fmt: skip
    return {"result": "success", "fills": fills[::-1]}


def test_the_log_again_its_halves_and_the_api_in_any_order_make_the_same_book(tmp_path: Path) -> None:
    log = life()
    whole = log.save(tmp_path / "whole")
    first, second = Log(), Log()
    first.rows, second.rows = log.rows[:14], log.rows[9:]
    halves = [first.save(tmp_path / "a"), second.save(tmp_path / "b")]
    api = saved(tmp_path / "api", "account-log.json", of_api(log))
    fills = saved(tmp_path / "api", "fills.json", fills_of(log))
    for number, paths in enumerate(([whole], [whole, *halves], halves, halves[::-1], [api], [api, whole], [whole, api], [fills, whole],
                                    [whole, fills])):  # fmt: skip
        (tmp_path / f"book{number}").mkdir()
        book = new_book(tmp_path / f"book{number}")
        for path in paths:
            imported(book, path)
        assert LIFE == facts(book, "positions", *POSITIONS), paths
        assert [("959.75", "0"), ("1868.432", "0")] == facts(book, "balances", "computed", "difference")
        assert facts(book, "breaks", "break_id") == [] and reports(book) == []


def test_two_collaterals_of_the_older_era_keep_their_own_balances(book: Book, tmp_path: Path) -> None:
    log = Log("f-xbt:usd")
    log.add("01 00:00:00", "transfer", "xbt", "1")
    log.add("01 00:00:00", "transfer", "eth", "3", account="f-eth:usd")
    log.add("01 00:00:00", "transfer", "xbt", "0.1", account="f-xrp:xbt")
    log.trade("01 08:00:00", "pi_xbtusd", "5000", "40000", fee="0.0000625", coin="xbt")
    log.funding("01 12:00:00", "", "-0.0000042", coin="xbt")
    log.trade("01 13:00:00", "pi_xbtusd", "-2000", "41000", pnl="0.0012195122", fee="0.00002439024", coin="xbt")
    log.trade("01 14:00:00", "pi_xbtusd", "-3000", "39000", pnl="-0.00192307692", fee="0.00003846154", coin="xbt",
              kind="futures liquidation")  # fmt: skip
    header = ",".join(name for name in Log.header.split(",")[:16] if name != "contract")
    (tmp_path / "log.csv").write_text(log.text(header=header))
    imported(book, tmp_path / "log.csv")
    columns = ("status", "entry_price", "gross_pnl", "trading_fees", "funding", "flags")
    ((status, entry, gross, fees, funding, flags),) = facts(book, "positions", *columns)
    assert ("liquidated", "40000", "0.00012535178", "-0.0000042", []) == (status, entry, fees, funding, flags)
    assert D("-0.0007035647") == D(gross).quantize(D("1e-10"))  # the venue's two results are -0.00070356472
    assert facts(book, "balances", "wallet", "asset", "difference") == [
        ("coinm", "BTC", "0"), ("coinm", "ETH", "0"), ("usdm", "BTC", "0")]  # fmt: skip
    assert facts(book, "breaks", "break_id") == [] and reports(book) == []
    assert [] == facts(book, "findings", "kind", "sentence")


def test_a_log_that_misses_a_trade_is_found_by_the_positions_that_it_states(book: Book, tmp_path: Path) -> None:
    log = Log()
    log.trade("01 08:00:00", BTC, "1", "80000")
    log.trade("01 09:00:00", BTC, "1", "80000")
    log.trade("01 10:00:00", BTC, "-0.5", "80000")
    del log.rows[2:4]
    imported(book, log.save(tmp_path))
    ((sentence,),) = [row for row in facts(book, "findings", "sentence") if "states" in row[0]][:1]
    assert "the venue states a position of 1.5 PF_XBTUSD at 2026-04-01 10:00:00Z, the fills make 0.5" in sentence


def test_position_updates_alone_make_positions_with_fees_and_funding(book: Book, tmp_path: Path) -> None:
    updates = [
        update(),
        update(oldPosition="1", newPosition="0", executionPrice="3050", executionSize="1", fee="1.525", realizedPnL="50",
               realizedFunding="-0.25", executionUid="e2") | {"uid": "u2", "timestamp": 1775447200123},
    ]  # fmt: skip
    imported(book, saved(tmp_path, "positions.json", {"elements": updates}))
    assert facts(book, "positions", *POSITIONS) == [
        ("PF_ETHUSD", "long", "closed", "3000", "50", "3.025", "-0.25", "0", "46.725")
    ]
    assert (
        facts(book, "balances", "asset", "computed", "basis") == [("USD", "46.725", "derived")] and reports(book) == []
    )
