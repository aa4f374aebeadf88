"""OKX: what its exports become beside the golden files, and an invented life through the book."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from importers import okx
from importers.contract import Normalized
from importers.files import open_bundle
from importers.okx import bill_rows, funding_history
from importers.okx.symbols import name_instrument
from importers.read import Options, chunks, recognize
from ledger.book import Book
from schemas.errors import MissingTimeZone
from schemas.tables import CAUSES, FACTS, WALLETS
from tests.books import facts, imported, new_book, plain, write
from tests.lives.okx import ARCHIVE, SITE, Account, life

POSITIONS = (
    "Position Create Time,Position Update Time,Business Line,Index,Instrument Name,Margin Mode,Direction,Leverage,"
    "Max Position Quantity,Total Close Quantity,Average Open Price,Average Close Price,Margin Currency,Pnl,Pnl Ratio,Fee,"
    "Funding Fee,Liquidation Clearance Fee,Type,Contract Face Value,Contract Multiplier"
)
TRADES = (
    "Order ID,Trade ID,Trade Time,Instrument,Symbol,Filled Amount,Filled Amount Unit,Filled Price,Trading Volume,Fee,"
    "Fee Unit,taker/maker"
)
FUNDING = "id,Time,Type,Amount,Before Balance,After Balance,Symbol"
DEPOSITS = "Time,Crypto,Deposit address,Network,Transaction ID,Amount,Status"
UNMAPPED = "unmapped: nobody has described this kind of row"
BILL = {
    "instType": "SWAP", "billId": "800000000000000001", "subType": "3", "ts": "1772442605457", "balChg": "-1.4",
    "posBalChg": "0", "bal": "98.6", "posBal": "0", "sz": "4", "px": "70000", "ccy": "USDT", "pnl": "0", "fee": "-1.4",
    "mgnMode": "cross", "instId": "BTC-USDT-SWAP", "ordId": "77", "tradeId": "9001", "type": "2",
}  # fmt: skip
FILL = {
    "instType": "SWAP", "instId": "BTC-USDT-SWAP", "tradeId": "9001", "ordId": "77", "billId": "1", "fillPx": "70000",
    "fillSz": "4", "side": "buy", "posSide": "net", "execType": "T", "feeCcy": "USDT", "fee": "-1.4",
    "ts": "1772442605457",
}  # fmt: skip


def read(path: Path, zone: str | None = None) -> Normalized:
    recognized = recognize(open_bundle(path).parts()[0], okx.FORMATS, Options(zone=zone))
    ((normalized, _),) = chunks(recognized)
    return normalized


def answered(tmp_path: Path, *rows: dict[str, Any]) -> Normalized:
    """Return what an answer of the API becomes."""
    return read(save_answer(tmp_path, rows))


def save_answer(tmp_path: Path, rows: Sequence[dict[str, Any]], name: str = "answer.json") -> Path:
    path = tmp_path / name
    path.write_text(json.dumps({"code": "0", "msg": "", "data": list(rows)}), encoding="utf-8")
    return path


def save(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def only(result: Normalized, table: str) -> dict[str, Any]:
    (row,) = result.tables[table].iter_rows(named=True)
    return {name: plain(cell) for name, cell in row.items()}


def moved(result: Normalized) -> list[tuple[str, str, str, str]]:
    """Return wallet, asset, cause and amount of every movement."""
    rows = result.tables["movements"].sort("source_row", "part").select("wallet", "asset", "cause", "amount")
    return [(wallet, asset, cause, plain(amount)) for wallet, asset, cause, amount in rows.iter_rows()]


def reasons(result: Normalized) -> list[str]:
    return result.rejected["reason"].to_list()


def site_row(**cells: str) -> str:
    """Return a line of the site's history."""
    row = dict.fromkeys(SITE.split(","), "0") | {
        "id": "3000000000000000001", "Time": "2026-03-05 16:00:00", "Trade Type": "Spot", "Symbol": "ETH-USDT",
        "Trading Unit": "USDT", **cells,
    }  # fmt: skip
    return ",".join(row[name] for name in SITE.split(","))


def site_file(tmp_path: Path, *rows: str) -> Path:
    first = "UID:100000077,Account Type:Main,Time Zone:UTC+8"
    return save(tmp_path, "OKX Trading History.csv", "\n".join((first, SITE, *rows)) + "\n")


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def offenders(book: Book) -> list[str]:
    return [name for name, frame in book.check().items() if frame.height]


# --------------------------------------------------------------------------------------- words and names


def test_a_name_gives_away_what_an_instrument_is_and_what_it_settles_in() -> None:
    names = ("ETH-USDT", "BTC-USDT-SWAP", "BTC-USD-SWAP", "BTC-USDT-251226", "BTC-USD-251226-100000-C")
    found = [named for name in names if (named := name_instrument(name, None))]
    assert [(named.instrument, named.product, named.settle, named.style) for named in found] == [
        ("ETH/USDT", "spot", "USDT", "linear"),
        ("BTC/USDT:USDT", "perpetual", "USDT", "linear"),
        ("BTC/USD:BTC", "perpetual", "BTC", "inverse"),
        ("BTC/USDT:USDT-251226", "future", "USDT", "linear"),
        ("BTC/USD:BTC-251226-100000-C", "option", "BTC", "linear"),
    ]
    assert [name_instrument(name, None) for name in ("BTC", "BTC-USDT-251399", "BTC-USDT-PERP", "")] == [None] * 4


def test_every_word_of_a_vocabulary_has_a_case_and_no_word_stands_twice() -> None:
    for lines, cases in ((bill_rows.WORDS, bill_rows.CASES), (funding_history.WORDS, funding_history.CASES)):
        events = {line["event"] for line in lines.lines.values()}
        assert {event for event in events if event not in cases} == set()
    for module, name in (("bill_words", "bill_rows"), ("funding_words", "funding_history")):
        text = (Path(okx.__file__).parent / f"{module}.csv").read_text(encoding="utf-8").splitlines()[1:]
        words = [word.casefold() for line in text for word in line.split(",")[0].split("|")]
        assert (name, sorted({word for word in words if words.count(word) > 1})) == (name, [])


def test_what_a_format_claims_is_a_fact_of_a_known_wallet() -> None:
    for form in okx.FORMATS:
        assert {claim.fact for claim in form.claims} <= set(FACTS), form.name
        assert {wallet for claim in form.claims for wallet in claim.wallets} <= set(WALLETS), form.name
    assert len({form.name for form in okx.FORMATS}) == len(okx.FORMATS)


# ------------------------------------------------------------------------------------------------- files


def test_marks_before_every_cell_and_row_are_no_part_of_them(tmp_path: Path) -> None:
    marked = read(save(tmp_path, "a.csv", life().site()))
    bare = read(save(tmp_path, "b.csv", life().site(marks=False)))
    assert marked.rejected.height == bare.rejected.height == 0
    assert marked.rows.equals(bare.rows)
    assert all(table.equals(bare.tables[name]) for name, table in marked.tables.items())


def test_the_zone_is_the_users_and_stands_in_the_first_line(tmp_path: Path) -> None:
    east, west = (read(save(tmp_path, f"{zone}.csv", life().site(zone))) for zone in (8, -5))
    assert east.rows["at"].equals(west.rows["at"])
    assert str(east.rows["at"].max()) == "2026-03-29 08:00:00+00:00"


def test_a_file_that_says_no_zone_is_asked_for_one(tmp_path: Path) -> None:
    path = save(
        tmp_path,
        "funding.csv",
        f"UID:100000077,Name:,Verification:\n{FUNDING}\n1,2026-01-05 10:00:00,Deposit,5,0,5,USDT\n",
    )
    with pytest.raises(MissingTimeZone):
        read(path)
    assert str(read(path, "+09:00").rows["at"][0]) == "2026-01-05 01:00:00+00:00"


def test_the_zone_that_a_first_line_of_json_names_is_shown_and_never_applied(tmp_path: Path) -> None:
    meta = '"{""userTimeZone"": ""8"", ""language"": ""en""}",UID: 100000077'
    row = "1,2,2025-12-02 21:00:00,SWAP,BTC-USDT-SWAP,20,cont,90000,18000,-9,USDT,taker"
    path = save(tmp_path, "trades.csv", f"{meta}\n{TRADES}\n{row}\n")
    with pytest.raises(MissingTimeZone) as caught:
        read(path)
    assert caught.value.hint == "its first line says userTimeZone 8: --timezone +08:00"


def test_the_zone_of_deposits_stands_in_the_files_name_only(tmp_path: Path) -> None:
    text = f"UID: 100000077,Account type: Main,Time: 01/31/2026 10:00\n\n{DEPOSITS}\n02/01/2026 00:30:00,BTC,x,Bitcoin,t,0.2,Completed\n"
    named = read(save(tmp_path, "OKX_deposit_history(GMT+9).csv", text))
    assert str(only(named, "transfers")["moved_at"]) == "2026-01-31 15:30:00+00:00"
    nameless = read(save(tmp_path, "deposits.csv", text))
    assert reasons(nameless) == [
        "expected a time as 01/31/2026 08:00:00, and its zone in the file's name, as (GMT+9), or by --timezone"
    ]
    told = read(tmp_path / "deposits.csv", "+09:00")
    assert told.rows["at"].equals(named.rows["at"])


def test_an_id_that_a_spreadsheet_rounded_is_refused(tmp_path: Path) -> None:
    damaged = answered(tmp_path, BILL | {"billId": "8.00000000000E+17"})
    assert reasons(damaged) == ["expected an id of digits only, as downloaded: a spreadsheet rounds it"]


def test_the_header_of_2021_names_two_columns_unit_and_both_are_read(tmp_path: Path) -> None:
    account = Account()
    account.pair("02 01:00:00", "LTC-USDT", "buy", "2", "180", "-0.002", "1", trade="1")
    result = read(save(tmp_path, "old.csv", account.site_2021()), "UTC")
    assert moved(result) == [
        ("unified", "USDT", "trade", "-360"), ("unified", "LTC", "trade", "2"), ("unified", "LTC", "trading_fee", "-0.002"),
    ]  # fmt: skip
    assert "fills" not in result.tables  # no price is printed: the book puts them together


# ------------------------------------------------------------------------------------------ bills of pairs


def test_the_side_of_a_trade_is_that_of_the_base_coin_whatever_the_action_says(tmp_path: Path) -> None:
    rows = (
        site_row(id="12", Action="Buy", Amount="310", Fee="-0.31", **{
            "Order id": "5", "Filled Price": "3100", "Fee Unit": "USDT", "Balance Change": "309.69", "Balance": "309.69",
            "Balance Unit": "USDT"}),
        site_row(id="11", Action="Sell", Amount="0.1", **{
            "Order id": "5", "Filled Price": "3100", "Fee Unit": "ETH", "Balance Change": "-0.1", "Balance": "0",
            "Balance Unit": "ETH"}),
    )  # fmt: skip
    result = read(site_file(tmp_path, *rows))
    fill = only(result, "fills")
    assert (fill["side"], fill["quantity"], fill["price"], fill["fee"]) == ("sell", "0.1", "3100", None)
    assert moved(result) == [
        ("unified", "USDT", "trade", "310"), ("unified", "USDT", "trading_fee", "-0.31"), ("unified", "ETH", "trade", "-0.1"),
    ]  # fmt: skip


def test_a_fee_in_a_third_coin_is_no_part_of_the_balance_that_changed(tmp_path: Path) -> None:
    row = site_row(Action="Buy", Amount="0.1", Fee="-0.02", **{
        "Order id": "5", "Filled Price": "3100", "Fee Unit": "OKB", "Balance Change": "0.1", "Balance": "0.1",
        "Balance Unit": "ETH"})  # fmt: skip
    result = read(site_file(tmp_path, row))
    assert moved(result) == [("unified", "ETH", "trade", "0.1")]
    assert (only(result, "fills")["fee"], only(result, "fills")["fee_asset"]) == ("0.02", "OKB")


def test_a_pair_whose_coin_is_neither_base_nor_quote_is_rejected(tmp_path: Path) -> None:
    row = site_row(Action="Buy", Amount="1", **{"Filled Price": "3100", "Balance Change": "1", "Balance Unit": "OKB"})
    assert reasons(read(site_file(tmp_path, row))) == [UNMAPPED]


def test_a_transfer_without_an_action_is_between_the_account_and_its_strategies(tmp_path: Path) -> None:
    row = site_row(Action="", Symbol="", **{"Trade Type": "Transfer", "Balance Change": "-10", "Balance Unit": "USDT"})
    assert moved(read(site_file(tmp_path, row))) == [("unified", "USDT", "transfer", "-10")]


def test_an_action_that_nobody_described_is_shown_with_its_words(tmp_path: Path) -> None:
    row = site_row(Action="Lucky draw", **{"Balance Change": "1", "Balance Unit": "USDT"})
    result = read(site_file(tmp_path, row))
    assert result.rejected.select("column", "text", "reason").rows() == [
        ("Action", "Lucky draw", "unmapped: expected an action as Buy, Open long, Funding fee income")
    ]


# -------------------------------------------------------------------------------------- bills of contracts


def test_a_cross_position_moves_its_result_less_its_fee_and_nothing_else(tmp_path: Path) -> None:
    close = BILL | {"subType": "5", "pnl": "10", "fee": "-0.7", "balChg": "9.3"}
    assert moved(answered(tmp_path, close)) == [
        ("unified", "USDT", "realized_pnl", "10"), ("unified", "USDT", "trading_fee", "-0.7"),
    ]  # fmt: skip
    assert reasons(answered(tmp_path, close | {"balChg": "4"})) == [UNMAPPED]


def test_what_an_isolated_position_keeps_is_margin_that_left_the_account(tmp_path: Path) -> None:
    kept = BILL | {"mgnMode": "isolated"}
    opened = answered(tmp_path, kept | {"fee": "-1.4", "balChg": "-281.4", "posBalChg": "280"})
    assert moved(opened) == [("unified", "USDT", "trading_fee", "-1.4"), ("unified", "USDT", "margin_move", "-280")]
    assert only(opened, "transfers")["kind"] == "margin_added"
    paid = answered(tmp_path, kept | {"subType": "173", "pnl": "-2.8", "fee": "0", "balChg": "0", "posBalChg": "-2.8"})
    assert moved(paid) == [("unified", "USDT", "funding", "-2.8"), ("unified", "USDT", "margin_move", "2.8")]
    assert only(paid, "funding")["amount"] == "-2.8"
    closed = answered(
        tmp_path, kept | {"subType": "5", "pnl": "40", "fee": "-1.5", "balChg": "315.7", "posBalChg": "-277.2"}
    )
    assert moved(closed) == [
        ("unified", "USDT", "realized_pnl", "40"), ("unified", "USDT", "trading_fee", "-1.5"),
        ("unified", "USDT", "margin_move", "277.2"),
    ]  # fmt: skip
    assert sum(Decimal(amount) for *_, cause, amount in (*moved(opened), *moved(paid), *moved(closed))
               if cause == "margin_move") == 0  # fmt: skip


def test_funding_without_a_result_is_what_the_balance_changed_by(tmp_path: Path) -> None:
    result = answered(tmp_path, BILL | {"subType": "174", "pnl": "0", "fee": "0", "balChg": "1.25", "tradeId": ""})
    assert (only(result, "funding")["amount"], moved(result)) == ("1.25", [("unified", "USDT", "funding", "1.25")])


def test_the_fee_of_a_forced_close_is_the_clearance_fee_and_no_trading_fee(tmp_path: Path) -> None:
    result = answered(tmp_path, BILL | {"subType": "104", "pnl": "-60", "fee": "-0.57", "balChg": "-60.57"})
    fill, forced = only(result, "fills"), only(result, "liquidations")
    assert (fill["execution"], fill["fee"], fill["side"], fill["effect"]) == ("liquidation", "0", "sell", "close")
    assert (forced["stage"], forced["fee"], forced["order_ref"]) == ("full", "0.57", "77")
    assert ("unified", "USDT", "liquidation_fee", "-0.57") in moved(result)


def test_words_of_a_hedge_say_side_and_effect_and_plain_ones_that_there_is_none(tmp_path: Path) -> None:
    fills = [only(answered(tmp_path, BILL | {"subType": code}), "fills") for code in ("4", "6", "1")]
    assert [(fill["side"], fill["position_side"], fill["effect"]) for fill in fills] == [
        ("sell", "short", "open"), ("buy", "short", "close"), ("buy", "both", None),
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------ options

OPTION = BILL | {"instType": "OPTION", "ccy": "BTC", "instId": "BTC-USD-260327-60000-C", "sz": "10"}


def test_a_premium_is_cash_and_the_result_beside_it_is_not(tmp_path: Path) -> None:
    sold = OPTION | {"subType": "2", "px": "0.06", "pnl": "0.001", "fee": "-0.00003", "balChg": "0.00597"}
    result = answered(tmp_path, sold)
    assert moved(result) == [("unified", "BTC", "trade", "0.006"), ("unified", "BTC", "trading_fee", "-0.00003")]
    assert only(result, "fills")["realized_stated"] is None


def test_an_exercise_closes_at_the_pay_off_of_a_unit_and_states_what_was_paid(tmp_path: Path) -> None:
    exercised = OPTION | {"subType": "170", "px": "62500", "fee": "-0.00002", "balChg": "0.00398", "tradeId": ""}
    fill = only(answered(tmp_path, exercised), "fills")
    assert (fill["side"], fill["execution"], fill["price"], fill["notional_stated"]) == (
        "sell", "delivery", "0.04", "0.004")  # fmt: skip
    written = answered(tmp_path, exercised | {"subType": "171", "balChg": "-0.00402"})
    assert (only(written, "fills")["side"], only(written, "fills")["notional_stated"]) == ("buy", "0.004")
    at_strike = only(answered(tmp_path, exercised | {"px": "60000"}), "fills")
    assert at_strike["price"] == "0.0004"  # the strike is no price of the underlying: the pay-off of a contract


def test_an_expiry_is_a_loss_of_who_held_and_a_gain_of_who_wrote(tmp_path: Path) -> None:
    expired = OPTION | {"subType": "172", "fee": "0", "balChg": "0", "tradeId": "", "ordId": ""}
    told = [{"pnl": "-0.001"}, {"pnl": "0.001"}, {"posBalChg": "-10"}, {"posBalChg": "10"}]
    fills = [only(answered(tmp_path, expired | cells), "fills") for cells in told]
    assert [(fill["side"], fill["price"]) for fill in fills] == [
        ("sell", "0"),
        ("buy", "0"),
        ("sell", "0"),
        ("buy", "0"),
    ]
    assert reasons(answered(tmp_path, expired)) == [UNMAPPED]  # nothing says who held it


# -------------------------------------------------------------------------------------- isolated margin, debts

KEPT = BILL | {"instType": "MARGIN", "mgnMode": "isolated", "instId": "SOL-USDT", "balChg": "0", "pnl": "0", "fee": "0"}


def test_a_pair_that_keeps_its_own_coins_is_a_wallet_of_its_own(tmp_path: Path) -> None:
    bought = KEPT | {"subType": "1", "ccy": "SOL", "sz": "30", "px": "100", "fee": "-0.03", "posBalChg": "29.97"}
    result = answered(tmp_path, bought)
    fill = only(result, "fills")
    assert (fill["wallet"], fill["pair"], fill["product"], fill["margin_mode"], fill["quantity"]) == (
        "isolated_margin", "SOL-USDT", "margin", "isolated", "30")  # fmt: skip
    assert moved(result) == [
        ("isolated_margin", "SOL", "trade", "30"),
        ("isolated_margin", "SOL", "trading_fee", "-0.03"),
    ]


def test_margin_that_moves_is_told_in_both_wallets(tmp_path: Path) -> None:
    result = answered(tmp_path, KEPT | {"subType": "332", "balChg": "-1000", "posBalChg": "1000"})
    assert moved(result) == [
        ("unified", "USDT", "margin_move", "-1000"), ("isolated_margin", "USDT", "margin_move", "1000"),
    ]  # fmt: skip


def test_interest_that_lowers_no_balance_is_a_cost_of_the_position(tmp_path: Path) -> None:
    owed = answered(tmp_path, KEPT | {"subType": "9", "sz": "0.05", "interest": "-0.05"})
    cost = only(owed, "interest")
    assert (cost["wallet"], cost["pair"], cost["amount"], cost["kind"]) == (
        "isolated_margin", "SOL-USDT", "0.05", "negative_balance")  # fmt: skip
    assert owed.tables["movements"].height == 0
    paid = answered(
        tmp_path, BILL | {"subType": "9", "instType": "MARGIN", "instId": "", "balChg": "-0.05", "fee": "0"}
    )
    assert (only(paid, "interest")["kind"], only(paid, "interest")["amount"]) == ("negative_balance", "0.05")


def test_what_is_borrowed_automatically_is_a_balance_below_zero_and_not_owed_twice(tmp_path: Path) -> None:
    row = {"ccy": "USDT", "type": "auto_borrow", "amt": "40", "accBorrowed": "40", "ts": "1772780000000"}
    by_itself = answered(tmp_path, row)
    assert set(by_itself.tables) == {"stated_balances"}
    by_hand = answered(tmp_path, row | {"type": "manual_borrow"})
    assert only(by_hand, "borrows")["amount"] == "40"


# ----------------------------------------------------------------------------------------------- other files


def test_trade_details_have_a_side_only_where_amounts_have_a_sign(tmp_path: Path) -> None:
    rows = (
        "1,2,2025-12-02 21:00:00,SPOT,ETH-USDT,0.4,ETH,2900,1160,-1.16,USDT,taker",
        "1,3,2025-12-02 21:00:00,SWAP,SOL-USDT-SWAP,25,SOL,130,3250,-1.6,USDT,maker",
        "1,4,2025-12-02 21:00:00,SWAP,BTC-USDT-SWAP,-20,cont,90000,18000,-9,USDT,taker",
    )
    result = read(write(tmp_path, "trades.csv", TRADES, rows), "UTC")
    assert reasons(result) == [UNMAPPED, UNMAPPED]  # bought, but charged in the quote; counted in coins
    assert (only(result, "fills")["side"], only(result, "fills")["quantity"]) == ("sell", "20")


def test_the_fee_of_a_withdrawal_is_on_the_side_that_its_balances_prove(tmp_path: Path) -> None:
    header = "id,Time,Type,Amount,Before Balance,After Balance,Fee,Symbol"
    rows = (
        "1,2022-03-05 10:00:00,Withdrawal,-100,500,400,0.8,USDT",
        "2,2022-03-04 10:00:00,Withdrawal,-99,600,500,1,USDT",
        "3,2022-03-03 10:00:00,Withdrawal,-10,620,600,1,USDT",
    )
    result = read(write(tmp_path, "funding.csv", header, rows), "UTC")
    assert [amount for *_, amount in moved(result)] == ["-99.2", "-0.8", "-99", "-1"]
    assert reasons(result) == ["expected After Balance = Before Balance + Amount, the Fee inside of it or on top"]


def test_an_orders_category_says_which_fills_were_forced(book: Book, tmp_path: Path) -> None:
    fills = save_answer(tmp_path, [
        FILL, FILL | {"tradeId": "9002", "ordId": "78", "side": "sell", "fillPx": "68000", "ts": "1772542605457"},
    ], "fills.json")  # fmt: skip
    order = {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "ordId": "78", "side": "sell", "posSide": "net",
             "category": "full_liquidation", "avgPx": "68000", "accFillSz": "4", "state": "filled",
             "uTime": "1772542605999"}  # fmt: skip
    imported(book, fills)
    assert facts(book, "positions", "status", "gross_pnl") == [("closed", "-80")]
    imported(book, save_answer(tmp_path, [order], "orders.json"))
    assert facts(book, "positions", "status", "gross_pnl") == [("liquidated", "-80")]


def test_a_contract_size_that_nobody_stated_is_healed_by_the_position_history(book: Book, tmp_path: Path) -> None:
    one = FILL | {"instId": "PEPE-USDT-SWAP", "fillSz": "7", "fillPx": "0.00002", "posSide": "long", "fee": "-0.7"}
    other = one | {"tradeId": "9002", "side": "sell", "fillPx": "0.000018", "ts": "1772542605457"}
    imported(book, save_answer(tmp_path, [one, other], "fills.json"))
    assert facts(book, "positions", "gross_pnl", "flags") == [(None, ["unknown_contract_size", "unknown_result"])]
    row = ("2026-03-02 09:10:05,2026-03-03 12:56:45,Swap,PEPE-USDT,PEPE-USDT-SWAP,Isolated,Long,3,7,7,0.00002,0.000018,USDT,"
           "-140,-0.4,-1.4,0,0,Close all,10000000,1")  # fmt: skip
    imported(book, write(tmp_path, "positions.csv", POSITIONS, [row]), timezone="UTC")
    assert facts(book, "positions", "gross_pnl", "trading_fees", "flags") == [("-140", "1.4", [])]


# ------------------------------------------------------------------------------------------------- the book

COLUMNS = (
    "symbol",
    "side",
    "status",
    "gross_pnl",
    "trading_fees",
    "funding",
    "interest",
    "liquidation_fees",
    "net_pnl",
)
TRUTH = [
    ("BTC-USDT-SWAP", "long", "adl", "-1140", "12", "-2.404", "0", "10", "-1167.404"),
    ("ETH-USDT-SWAP", "short", "closed", "150", "8.925", "0.903", "0", "0", "141.978"),
    ("ETH-USDT", "long", "closed", "99.9", "6.0969", "0", "0", "0", "93.8031"),
    ("BTC-USDT", "long", "closed", "249.75", "58.22075", "0", "0.09928", "0", "191.42997"),
    ("SOL-USDT-SWAP", "long", "closed", "40", "1.02", "-0.1", "0", "0", "38.88"),
    ("BTC-USDT-260327", "long", "delivered", "300", "7.35", "0", "0", "0", "292.65"),
    ("BTC-USD-SWAP", "short", "closed", "-0.00375", "0.000158125", "0", "0", "0", "-0.003908125"),
    ("BTC-USD-260327-60000-C", "long", "delivered", "-0.001", "0.00005", "0", "0", "0", "-0.00105"),
    ("BTC-USD-260327-55000-P", "short", "delivered", "0.001", "0.00003", "0", "0", "0", "0.00097"),
    ("BTC-USD-260327-70000-C", "long", "delivered", "-0.0001", "0.00001", "0", "0", "0", "-0.00011"),
    ("SOL-USDT", "long", "closed", "29.97", "6.02697", "0", "0.05", "0", "23.89303"),
]  # fmt: skip


def archived(tmp_path: Path) -> Path:
    return save(tmp_path, "bills-2026-Q1.csv", life().archive())


def balances(book: Book) -> dict[str, tuple[str, str]]:
    rows = facts(book, "balances", "wallet", "asset", "computed", "difference")
    return {asset: (computed, difference) for wallet, asset, computed, difference in rows if wallet == "unified"}


def test_a_life_of_the_trading_account_is_told_by_its_bills_to_the_last_digit(book: Book, tmp_path: Path) -> None:
    imported(book, archived(tmp_path))
    assert facts(book, "positions", *COLUMNS) == TRUTH
    assert balances(book) == {coin: (plain(amount), "0") for coin, amount in life().balances.items() if coin != "SOL"}
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_what_was_paid_back_of_a_balance_below_zero_is_a_loan_of_the_account(book: Book, tmp_path: Path) -> None:
    imported(book, archived(tmp_path))
    assert facts(book, "loans", "wallet", "asset", "drawn", "interest", "repaid_principal", "remaining_debt") == [
        ("unified", "USDT", "9931.6229", "0.09928", "9931.72218", "0"),
        ("unified", "ETH", "0.2", "0", "0.2", "0"),
    ]


def test_what_an_isolated_position_borrowed_its_own_history_says_once(book: Book, tmp_path: Path) -> None:
    row = {"instId": "SOL-USDT", "ccy": "USDT", "accBorrowed": "0"}
    rows = [
        row | {"side": "repay", "amt": "2000", "refId": "4012", "ts": "1774728001457"},
        row | {"side": "borrow", "amt": "2000", "refId": "4011", "ts": "1774659601457"},
    ]
    imported(book, archived(tmp_path), save_answer(tmp_path, rows, "quick-margin.json"))
    columns = ("asset", "drawn", "repaid_principal", "remaining_debt")
    found = {wallet: tuple(cells) for wallet, *cells in facts(book, "loans", "wallet", *columns)}
    assert found["isolated_margin"] == ("USDT", "2000", "2000", "0")
    assert facts(book, "positions", *COLUMNS) == TRUTH and offenders(book) == []


@pytest.mark.parametrize("export", ["site", "archive"])
def test_a_short_of_isolated_margin_that_nothing_says_was_borrowed_is_one_and_marked(
    book: Book, tmp_path: Path, export: str
) -> None:
    own = Account()
    own.add("01 01:00:00", "Transfer", "", 11, "USDT", change="1000")
    own.add("02 01:00:00", "Margin", "ETH-USDT", 332, "USDT", position="500", change="-500", mode="isolated")
    own.pair("02 01:00:01", "ETH-USDT", "sell", "0.5", "3000", "-1.5", "1", section="Margin", kept=True, trade="5")
    own.pair("03 01:00:01", "ETH-USDT", "buy", "0.5005", "2900", "-0.0005", "2", section="Margin", kept=True, trade="6")
    imported(book, save(tmp_path, "short.csv", getattr(own, export)()))
    columns = ("wallet", "side", "status", "max_quantity", "gross_pnl", "flags")
    assert facts(book, "positions", *columns) == [
        ("isolated_margin", "short", "closed", "0.5", "50", ["short_or_inventory"])
    ]
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_a_liquidation_by_steps_is_one_event_with_its_clearance_fee(book: Book, tmp_path: Path) -> None:
    imported(book, archived(tmp_path))
    columns = ("symbol", "stage", "quantity", "average_price", "liquidation_fee", "insurance", "loss")
    assert facts(book, "liquidations", *columns) == [("BTC-USDT-SWAP", "full", "40", "57150", "10", "-3", "1153")]


def test_the_sites_history_tells_the_same_life_to_eight_decimals(book: Book, tmp_path: Path) -> None:
    imported(book, save(tmp_path, "OKX Trading History.csv", life().site()))
    rounded = {"0.000158125": "0.00015812", "-0.003908125": "-0.00390812"}
    assert facts(book, "positions", *COLUMNS) == [tuple(rounded.get(cell, cell) for cell in row) for row in TRUTH]
    assert {asset: difference for asset, (_, difference) in balances(book).items()} == dict.fromkeys(
        ("BTC", "ETH", "USDC", "USDT"), "0")  # fmt: skip
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_answers_and_archive_are_one_series_and_the_same_rows_twice_change_nothing(book: Book, tmp_path: Path) -> None:
    imported(book, archived(tmp_path))
    (again,) = imported(book, save_answer(tmp_path, life().answers(), "bills.json")).parts
    assert (again.stored, again.duplicate) == (0, 57)
    digest = book.digest()
    (copy,) = imported(book, save(tmp_path, "copy.csv", life().archive() + "\n")).parts
    assert (copy.stored, copy.duplicate, book.digest()) == (0, 57, digest)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_all_exports_are_the_best_one_for_every_fact_in_any_order(
    book: Book, tmp_path: Path, order: tuple[int, ...]
) -> None:
    position = ("2026-03-02 09:10:05,2026-03-04 12:06:00,Swap,BTC-USDT,BTC-USDT-SWAP,Cross,Long,10,40,40,60000,57150,USDT,-1140,"
                "-0.47,-12,-2.404,-10,Liquidation,0.01,1")  # fmt: skip
    paths = (
        archived(tmp_path),
        save(tmp_path, "OKX Trading History.csv", life().site()),
        write(tmp_path, "positions.csv", POSITIONS, [position]),
    )
    for index in order:
        imported(book, paths[index], timezone="UTC")
    assert facts(book, "positions", *COLUMNS) == TRUTH
    assert {asset: difference for asset, (_, difference) in balances(book).items()} == dict.fromkeys(
        ("BTC", "ETH", "USDC", "USDT"), "0")  # fmt: skip
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_what_is_forgotten_was_never_there(book: Book, tmp_path: Path) -> None:
    imported(book, archived(tmp_path))
    digest = book.digest()
    imported(book, save(tmp_path, "OKX Trading History.csv", life().site()))
    book.forget("OKX Trading History.csv")
    assert book.digest() == digest


def test_without_prices_pairs_are_put_together_and_contracts_state_their_results(book: Book, tmp_path: Path) -> None:
    imported(book, save(tmp_path, "old.csv", life().site_2021()), timezone="UTC")
    expected = [row for row in TRUTH if row[0] in ("ETH-USDT", "BTC-USDT", "SOL-USDT")]
    assert facts(book, "positions", *COLUMNS) == expected
    stated = book.store.query("SELECT sum(amount) AS amount FROM stated_results WHERE asset = 'USDT'")["amount"][0]
    assert plain(stated) == "-650"  # -1140 + 150 + 40 + 100 + 200
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_two_fills_alike_in_one_second_are_both_kept(book: Book, tmp_path: Path) -> None:
    imported(book, save(tmp_path, "OKX Trading History.csv", life().site()))
    twins = book.store.query("SELECT quantity FROM fills WHERE symbol = 'ETH-USDT' AND side = 'buy'")
    assert [plain(quantity) for quantity in twins["quantity"]] == ["0.5", "0.5"]


# -------------------------------------------------------------------------------- funding account, loans, 2020


def test_the_funding_account_speaks_and_the_deposit_history_names_its_transactions(book: Book, tmp_path: Path) -> None:
    rows = (
        "5,2026-01-08 10:20:02,Deposit,1500,200,1700,USDT",
        "4,2026-01-07 10:00:00,To unified trading account,-2300,2500,200,USDT",
        "3,2026-01-06 10:00:00,Deposit,2500,0,2500,USDT",
    )
    funding = save(
        tmp_path, "funding.csv", "\n".join(("UID:1,Account Type:Main,Time Zone:UTC+9", FUNDING, *rows)) + "\n"
    )
    deposit = "01/08/2026 10:20:00,USDT,Tinvented,TRC20,aa17,1500,Completed"
    deposits = write(tmp_path, "OKX_deposit_history(GMT+9).csv", DEPOSITS, [deposit])
    imported(book, deposits)
    assert facts(book, "balances", "asset", "computed", "basis") == [("USDT", "1500", "derived")]
    imported(book, funding)
    assert facts(book, "balances", "asset", "computed", "difference", "basis") == [("USDT", "1700", "0", "stated")]
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_a_flexible_loan_is_one_debt_a_coin_and_its_collateral_leaves_the_account(book: Book, tmp_path: Path) -> None:
    def event(number: int, kind: str, coin: str, amount: str) -> dict[str, str]:
        return {
            "refId": str(number),
            "type": kind,
            "ccy": coin,
            "amt": amount,
            "ts": str(1767700000000 + number * 3600000),
        }

    rows = [
        event(1, "collateral_locked", "BTC", "-0.2"), event(2, "borrowed", "USDT", "5000"), event(4, "repaid", "USDT", "1000"),
        event(5, "forced_repayment_sell", "BTC", "0.03"), event(6, "forced_repayment_buy", "USDT", "1800"),
    ]  # fmt: skip
    interest = {"refId": "9", "ccy": "USDT", "loan": "5000", "interest": "0.5", "interestRate": "0.05",
                "ts": str(1767700000000 + 3 * 3600000)}  # fmt: skip
    imported(book, save_answer(tmp_path, rows, "loans.json"), save_answer(tmp_path, [interest], "interest.json"))
    columns = (
        "wallet",
        "asset",
        "drawn",
        "interest",
        "repaid_principal",
        "repaid_interest",
        "remaining_debt",
        "status",
    )
    assert facts(book, "loans", *columns) == [("funding", "USDT", "5000", "0.5", "2799.5", "0.5", "2200.5", "open")]
    assert facts(book, "balances", "asset", "computed") == [("BTC", "-0.2"), ("USDT", "4000")]
    assert offenders(book) == []


def test_two_rows_of_the_old_spot_account_are_one_fill(book: Book, tmp_path: Path) -> None:
    rows = (
        "Wed Mar 11 09:30:05 CST 2020,buy,3.0,11.9955,-0.0045,LTC", "Wed Mar 11 09:30:05 CST 2020,sell,-150,350,0,USDT",
        "Thu Mar 12 10:00:00 CST 2020,buy,78,427.922,-0.078,USDT", "Thu Mar 12 10:00:00 CST 2020,sell,-1.5,10.4955,0,LTC",
    )  # fmt: skip
    imported(book, write(tmp_path, "bills.csv", "time,type,size,balance,fee,currency", rows))
    found = book.store.query("SELECT instrument, side, quantity, price FROM fills ORDER BY filled_at")
    assert [(name, side, plain(size), plain(price)) for name, side, size, price in found.iter_rows()] == [
        ("LTC/USDT", "buy", "3", "50"), ("LTC/USDT", "sell", "1.5", "52"),
    ]  # fmt: skip
    assert facts(book, "balances", "wallet", "asset", "computed", "difference") == [
        ("spot", "LTC", "10.4955", "0"), ("spot", "USDT", "427.922", "0"),
    ]  # fmt: skip
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_causes_are_those_of_the_house(tmp_path: Path) -> None:
    result = read(save(tmp_path, "bills.csv", life().archive()))
    assert set(result.tables["movements"]["cause"]) <= set(CAUSES)
    assert len(ARCHIVE.split(",")) == 28
