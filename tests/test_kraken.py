"""Kraken: words, codes and pairs, two ways of booking a rollover, positions by opening trade, files and API alike."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from importers import kraken
from importers.contract import Format, Normalized
from importers.detect import fold
from importers.files import open_bundle
from importers.kraken import ledgers
from importers.kraken.symbols import read_code, unified_pair
from importers.read import Options, Recognized, chunks, recognize
from importers.vocabulary import table
from schemas.tables import FACTS, WALLETS
from tests.conftest import DATA

LEDGER = "txid,refid,time,type,subtype,asset,wallet,amount,fee,balance,feecurrency"
TRADES = (
    "txid,ordertxid,pair,time,type,ordertype,price,cost,fee,vol,margin,misc,ledgers,posttxid,posstatuscode,cvol,net"
)
NO_POSITION = "TKH2SE-M7IF5-CFI7LT"


def recognized(path: Path, options: Options | None = None) -> Recognized:
    (part,) = open_bundle(path).parts()
    return recognize(part, kraken.FORMATS, options or Options())


def read(path: Path) -> Normalized:
    ((normalized, _),) = chunks(recognized(path))
    return normalized


def imported(tmp_path: Path, header: str, *rows: str) -> Normalized:
    """Return what a small export becomes."""
    path = tmp_path / "export.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return read(path)


def booked(kind: str, amount: str = "-1", fee: str = "0", *, asset: str = "USD", subtype: str = "", txid: str = "L1",
           wallet: str = "", balance: str = "9", fee_currency: str = "") -> str:  # fmt: skip
    """Return a row of a ledger."""
    return ",".join(
        (txid, "R1", "2025-03-01 10:00:00", kind, subtype, asset, wallet, amount, fee, balance, fee_currency)
    )


def ledger(tmp_path: Path, *rows: str) -> Normalized:
    return imported(tmp_path, LEDGER, *rows)


def traded(tmp_path: Path, **cells: str) -> Normalized:
    """Return what one trade becomes: a spot buy, but for the cells that are given."""
    row = {
        "txid": "T1", "ordertxid": "O1", "pair": "BTC/USD", "time": "2025-03-01 10:00:00.1234", "type": "buy",
        "ordertype": "limit", "price": "30000", "cost": "3000", "fee": "7.8", "vol": "0.1", "margin": "0", "misc": "",
        "ledgers": "L1", "posttxid": "", "posstatuscode": "", "cvol": "", "net": "",
    } | cells  # fmt: skip
    return imported(tmp_path, TRADES, ",".join(f'"{row[name]}"' for name in TRADES.split(",")))


def fill(tmp_path: Path, **cells: str) -> dict[str, object]:
    (row,) = traded(tmp_path, **cells).tables["fills"].to_dicts()
    return row


def legs(normalized: Normalized) -> list[tuple[str, Decimal]]:
    return list(normalized.tables["movements"].sort("source_row", "part").select("cause", "amount").iter_rows())


# ------------------------------------------------------------------------------------------- vocabulary


def test_every_type_and_subtype_is_a_movement_and_loses_no_amount(tmp_path: Path) -> None:
    rows = [
        booked(row["type"], amount, "0.25", subtype=row["subtype"], txid=f"L{number}{sign}")
        for number, row in enumerate(ledgers.TYPES)
        for sign, amount in (("a", "1"), ("b", "-1"))
    ]
    result = ledger(tmp_path, *rows)
    assert (0, 0) == (len(result.rejected), len(result.ignored))
    assert len(rows) == result.tables["movements"]["source_row"].n_unique()
    rollovers = 2 * sum(row["type"] == "rollover" for row in ledgers.TYPES)
    assert Decimal("-0.25") * len(rows) == result.tables["movements"]["amount"].sum()
    assert rollovers == result.tables["interest"].height


def test_the_vocabulary_names_only_what_is_described() -> None:
    assert {row["event"] for row in ledgers.TYPES} <= {*ledgers.CASES, "earn"}
    assert {row["other_wallet"] for row in ledgers.TYPES} <= {"", *WALLETS}
    assert len(ledgers.TYPES) == len(ledgers.EVENTS)
    assets = table(kraken.__file__, "assets.csv")
    assert len(assets) == len({row["code"] for row in assets})


@pytest.mark.parametrize(
    ("kind", "subtype", "cause", "fee_cause"),
    [
        ("trade", "tradespot", "trade", "trading_fee"),
        ("margin", "", "realized_pnl", "trading_fee"),
        ("margin trade", "", "realized_pnl", "trading_fee"),
        ("settled", "", "conversion", "trading_fee"),
        ("collateralconversion", "", "conversion", "trading_fee"),
        ("spend", "", "conversion", "trading_fee"),
        ("receive", "dustsweeping", "conversion", "trading_fee"),
        ("transfer", "delistingconversion", "conversion", "trading_fee"),
        ("deposit", "", "deposit", "network_fee"),
        ("withdrawal", "", "withdrawal", "network_fee"),
        ("transfer", "spottofutures", "transfer", "network_fee"),
        ("custodytransfer", "", "transfer", "network_fee"),
        ("earn", "allocation", "transfer", "network_fee"),
        ("earn", "reward", "income", "income"),
        ("earn", "", "income", "income"),
        ("staking", "", "income", "income"),
        ("invite bonus", "", "income", "income"),
        ("nftrebate", "", "rebate", "rebate"),
        ("adjustment", "", "correction", "correction"),
        ("transfer", "", "unknown", "unknown"),
        ("credit", "", "unknown", "unknown"),
    ],
)
def test_amount_and_fee_of_a_row_are_two_movements(
    tmp_path: Path, kind: str, subtype: str, cause: str, fee_cause: str
) -> None:
    result = ledger(tmp_path, booked(kind, "-1", "0.25", subtype=subtype))
    assert [(cause, Decimal(-1)), (fee_cause, Decimal("-0.25"))] == legs(result)
    assert [Decimal(9)] * 2 == result.tables["movements"]["balance_after"].to_list()


def test_an_earn_row_without_subtype_is_a_move_where_it_has_no_fee(tmp_path: Path) -> None:
    assert [("transfer", Decimal(-1))] == legs(ledger(tmp_path, booked("earn")))


def test_a_reversed_withdrawal_gives_back_its_fee(tmp_path: Path) -> None:
    result = ledger(tmp_path, booked("withdrawal", "-100", "0.09"), booked("withdrawal", "100", "-0.09", txid="L2"))
    assert {"withdrawal": Decimal(0), "network_fee": Decimal(0)} == dict(
        result.tables["movements"].group_by("cause").agg(pl.col("amount").sum()).iter_rows()
    )


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (booked("lottery"), "type", "unmapped: expected a type as trade, margin, rollover, deposit"),
        (booked("transfer", subtype="vault"), "subtype",
         "unmapped: expected a subtype as tradespot, spottofutures, reward"),
        (booked("trade", subtype="reward"), "type, subtype, asset, feecurrency",
         "unmapped: nobody has described this kind of row"),
        (booked("margin", "0", "1", fee_currency="EUR"), "type, subtype, asset, feecurrency",
         "unmapped: nobody has described this kind of row"),
        (booked("deposit", wallet="spot / other"), "wallet",
         "unmapped: expected a wallet as spot / main or earn / bonded"),
        (booked("deposit", "1.0000000000000000001"), "amount",
         "expected a number with a decimal point and at most 18 decimals; it has 19 decimals"),
    ],
)  # fmt: skip
def test_what_nobody_has_described_is_rejected(tmp_path: Path, row: str, column: str, reason: str) -> None:
    rejected = ledger(tmp_path, row).rejected
    assert [(2, column, reason)] == rejected.select("source_row", "column", "reason").rows()


def test_a_row_without_a_ledger_id_moves_nothing(tmp_path: Path) -> None:
    result = ledger(tmp_path, booked("deposit", "500", txid="", balance=""), booked("deposit", "500", balance="500"))
    assert [(2, "pending, failed or the duplicate of a booked row: it has no ledger id and moved nothing")] == (
        result.ignored.rows()
    )
    assert [("deposit", Decimal(500))] == legs(result)


def test_a_fee_currency_in_the_old_spelling_is_the_same_asset(tmp_path: Path) -> None:
    result = ledger(tmp_path, booked("margin", "0", "1", asset="ZUSD", fee_currency="USD"))
    assert [("trading_fee", Decimal(-1))] == legs(result)


# ------------------------------------------------------------------------------------- margin in the ledger


@pytest.mark.parametrize(("amount", "fee"), [("0", "0.6"), ("-0.6", "0.6"), ("-0.6", "0")])
def test_a_rollover_costs_its_fee_or_else_its_amount_and_never_both(tmp_path: Path, amount: str, fee: str) -> None:
    result = ledger(tmp_path, booked("rollover", amount, fee))
    assert [("interest", Decimal("-0.6"))] == legs(result)
    (interest,) = result.tables["interest"].to_dicts()
    assert (Decimal("0.6"), "rollover", "R1") == (interest["amount"], interest["kind"], interest["position_ref"])


def test_a_margin_row_states_a_result_where_it_has_an_amount(tmp_path: Path) -> None:
    result = ledger(tmp_path, booked("margin", "0", "7.8"), booked("margin", "-50", "3.77", txid="L2"))
    expected = [("trading_fee", "-7.8"), ("realized_pnl", "-50"), ("trading_fee", "-3.77")]
    assert [(cause, Decimal(amount)) for cause, amount in expected] == legs(result)
    (stated,) = result.tables["stated_results"].to_dicts()
    assert (Decimal(-50), "gross", "fill", "R1") == (
        stated["amount"], stated["basis"], stated["grain"], stated["trade_ref"])  # fmt: skip


def test_a_row_of_zeros_is_still_a_movement(tmp_path: Path) -> None:
    assert [("realized_pnl", Decimal(0))] == legs(ledger(tmp_path, booked("margin", "0", "0")))


def test_a_settlement_is_an_exchange_and_no_result(tmp_path: Path) -> None:
    result = ledger(tmp_path, booked("settled", "-208", asset="EUR"), booked("settled", "40", asset="ATOM", txid="L2"))
    expected = [("EUR", Decimal(-208), "settlement", "R1"), ("ATOM", Decimal(40), "settlement", "R1")]
    assert expected == result.tables["conversions"].select("asset", "amount", "kind", "group_ref").rows()
    assert {"movements", "conversions", "stated_results"} >= set(result.tables)


SAMPLES = sorted(path for path in (DATA / "kraken").glob("ledgers*") if not path.name.endswith(".expected.json"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_the_balances_of_every_sample_follow_from_its_movements_row_by_row(path: Path) -> None:
    moved = read(path).tables["movements"].filter(pl.col("wallet") == "spot")
    rows = moved.group_by("asset", "source_row").agg(
        pl.col("amount").sum(), pl.col("balance_after").first(), balances=pl.col("balance_after").n_unique()
    )
    assert 1 == rows["balances"].max()
    ordered = rows.sort("source_row", descending=path.suffix == ".json")
    opening = pl.col("balance_after") - pl.col("amount").cum_sum().over("asset")
    assert 1 == ordered.select("asset", opening=opening).group_by("asset").n_unique()["opening"].max()


# ------------------------------------------------------------------------------------ assets and wallets


@pytest.mark.parametrize(
    ("codes", "asset"),
    [
        ("XXBT XBT BTC", "BTC"), ("XXDG XDG DOGE", "DOGE"), ("XETH ETH", "ETH"), ("ZUSD USD", "USD"), ("CHF", "CHF"),
        ("XTZ", "XTZ"), ("ZRX", "ZRX"), ("ZEC XZEC", "ZEC"), ("XRP XXRP", "XRP"), ("KFEE", "KFEE"), ("C98", "C98"),
        ("REPV2", "REPV2"), ("DOT.T", "DOT.T"),
    ],
)  # fmt: skip
def test_a_code_is_its_asset_by_a_table_and_not_by_its_letters(codes: str, asset: str) -> None:
    assert {(asset, None)} == {tuple(read_code(code)) for code in codes.split()}


@pytest.mark.parametrize(
    ("codes", "asset"),
    [
        ("DOT.S DOT28.S DOT.P DOT.F DOT.B", "DOT"), ("XBT.M XXBT.M XBT.F", "BTC"), ("ETH2 ETH2.S ETH.F", "ETH"),
        ("USD.HOLD USD.M ZUSD.HOLD USD.F", "USD"), ("C98.S", "C98"), ("1INCH.S", "1INCH"),
    ],
)  # fmt: skip
def test_a_state_of_an_asset_is_the_asset_in_the_wallet_earn(codes: str, asset: str) -> None:
    assert {(asset, "earn")} == {tuple(read_code(code)) for code in codes.split()}


def test_balances_of_states_are_not_mixed_with_those_of_the_asset(tmp_path: Path) -> None:
    result = ledger(
        tmp_path,
        booked("staking", "0.1", asset="DOT.S", balance="4.1"),
        booked("staking", "0.2", asset="DOT28.S", balance="9", txid="L2"),
        booked("deposit", "5", asset="DOT", balance="7", txid="L3"),
        booked("deposit", "5", asset="DOT", wallet="spot / main", balance="12", txid="L4"),
        booked("earn", "1", "0", asset="DOT", wallet="earn / bonded", subtype="allocation", txid="L5"),
    )
    columns = ("asset", "wallet", "balance_after")
    assert [
        ("DOT", "earn", None), ("DOT", "earn", None), ("DOT", "spot", Decimal(7)), ("DOT", "spot", Decimal(12)),
        ("DOT", "earn", None),
    ] == result.tables["movements"].sort("source_row").select(columns).rows()  # fmt: skip
    assert ["earn", "earn", "spot", "spot", "earn"] == result.rows["wallet"].to_list()


def test_a_move_names_the_wallet_at_its_other_end(tmp_path: Path) -> None:
    rows = [
        booked("transfer", subtype="spottofutures"),
        booked("transfer", subtype="spottostaking", txid="L2"),
        booked("transfer", subtype="stakingfromspot", asset="DOT.S", txid="L3"),
        booked("earn", subtype="migration", wallet="earn / locked", txid="L4"),
        booked("deposit", subtype="spotfromfutures", txid="L5"),
    ]
    transfers = ledger(tmp_path, *rows).tables["transfers"].sort("source_row")
    assert ["usdm", "earn", "spot", None, "usdm"] == transfers["other_wallet"].to_list()
    assert {"internal"} == set(transfers["kind"])


# -------------------------------------------------------------------------------------------- one id


def same_rows(results: Iterable[Normalized]) -> None:
    rows = [(result.rows["key_text"].to_list(), result.rows["content_text"].to_list()) for result in results]
    assert 1 == len({str(row) for row in rows})


def test_a_ledger_row_is_one_in_all_its_exports(tmp_path: Path) -> None:
    entry = {
        "refid": "R1", "time": 1740823200.9996, "type": "margin", "subtype": "", "aclass": "currency", "asset": "ZUSD",
        "amount": "-50.0000", "fee": "3.7700", "balance": "9.0000",
    }  # fmt: skip
    answer = tmp_path / "ledger.json"
    answer.write_text(json.dumps({"error": [], "result": {"ledger": {"L1": entry}, "count": 1}}))
    same_rows((
        ledger(tmp_path, booked("margin", "-50", "3.77")),
        imported(tmp_path, "txid,refid,time,type,aclass,asset,amount,fee,balance",
                 "L1,R1,2025-03-01 10:00:00,margin trade,currency,ZUSD,-50.0000,3.7700,9.0000"),
        read(answer),
    ))  # fmt: skip


def test_a_trade_is_one_in_all_its_exports(tmp_path: Path) -> None:
    entry = {
        "ordertxid": "O1", "postxid": NO_POSITION, "pair": "XXBTZUSD", "time": 1740823200.1234, "type": "buy",
        "ordertype": "limit", "price": "30000.00000", "cost": "3000.00000", "fee": "7.80000", "vol": "0.10000000",
        "margin": "0.00000", "misc": "", "trade_id": 1, "maker": True,
    }  # fmt: skip
    answer = tmp_path / "trades.json"
    answer.write_text(json.dumps({"error": [], "result": {"trades": {"T1": entry}, "count": 1}}))
    api = read(answer)
    old = imported(tmp_path, "txid,ordertxid,pair,time,type,ordertype,price,cost,fee,vol,margin,misc,ledgers",
                   'T1,O1,XBTUSD,2025-03-01 10:00:00.1234,buy,limit,30000,3000,7.8,0.1,0,"","L1,L2"')  # fmt: skip
    same_rows((traded(tmp_path), old, api))
    assert ["maker"] == api.tables["fills"]["liquidity"].to_list()
    assert old.tables["fills"]["filled_at"].to_list() == api.tables["fills"]["filled_at"].to_list()


def test_columns_may_be_chosen_and_an_unknown_one_is_news(tmp_path: Path) -> None:
    path = tmp_path / "ledgers.csv"
    path.write_text("balance,fee,amount,asset,type,time,refid,txid,surcharge\n")
    found = recognized(path)
    assert ("kraken.ledgers", "chosen columns") == (found.match.format.name, found.match.variant)
    assert ("new_column: 'surcharge' is unknown to kraken.ledgers and was not read",) == found.warnings


# ------------------------------------------------------------------------------------------------- pairs


@pytest.mark.parametrize(
    ("pairs", "unified"),
    [
        ("XXBTZUSD XBTUSD BTC/USD XBT/USD XXBTZUSD.d", "BTC/USD"),
        ("XETHXXBT ETHXBT ETH/BTC", "ETH/BTC"),
        ("XXDGXXBT XDGXBT DOGE/BTC XDG/XBT", "DOGE/BTC"),
        ("DASHEUR DASH/EUR", "DASH/EUR"),
        ("XTZUSD", "XTZ/USD"), ("XTZEUR", "XTZ/EUR"), ("ZRXXBT", "ZRX/BTC"), ("SNXETH", "SNX/ETH"),
        ("TRXXBT", "TRX/BTC"), ("XBTPYUSD", "BTC/PYUSD"), ("PYUSDUSD", "PYUSD/USD"), ("USDTZUSD USDTUSD", "USDT/USD"),
        ("USDCUSDT", "USDC/USDT"), ("RLUSDUSD", "RLUSD/USD"), ("ZUSDZCAD USDCAD", "USD/CAD"), ("AUDJPY", "AUD/JPY"),
        ("ETH2.SETH", "ETH2.S/ETH"), ("XBTCHF", "BTC/CHF"), ("XZECZUSD ZECUSD", "ZEC/USD"),
    ],
)  # fmt: skip
def test_a_pair_has_one_symbol_in_all_its_spellings(pairs: str, unified: str) -> None:
    assert {unified} == {unified_pair(pair) for pair in pairs.split()}


@pytest.mark.parametrize("pair", ["XBTDOGECOIN", "USD", "ETH/USD:XYZ", "/USD", ""])
def test_a_pair_with_an_unknown_quote_has_no_symbol(pair: str) -> None:
    assert unified_pair(pair) is None


# ------------------------------------------------------------------------------------------------ trades


def test_a_trade_without_margin_is_spot_though_it_names_the_placeholder(tmp_path: Path) -> None:
    row = fill(tmp_path, posttxid=NO_POSITION, misc="initiated")
    assert ("spot", None, None, None) == tuple(
        row[name] for name in ("product", "effect", "position_ref", "initial_margin"))  # fmt: skip
    assert (Decimal("7.8"), "USD", "USD", "BTC/USD") == (
        row["fee"], row["fee_asset"], row["settle_asset"], row["instrument"])  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "effect", "position"),
    [
        ({"margin": "600", "posttxid": NO_POSITION, "posstatuscode": "open"}, "open", "T1"),
        ({"margin": "600"}, "open", "T1"),
        ({"margin": "600", "posttxid": "T1", "posstatuscode": "closed"}, "open", "T1"),
        ({"margin": "290", "misc": "initiated,closing", "posttxid": "T0"}, "close", "T0"),
        ({"margin": "290", "misc": "closing"}, "close", None),
        ({"margin": "290", "misc": "closing", "posttxid": NO_POSITION}, "close", None),
        ({"posttxid": "T0"}, "close", "T0"),
        ({"misc": "closing"}, "close", None),
    ],
)
def test_a_margin_trade_opens_a_position_or_closes_the_one_it_names(
    tmp_path: Path, cells: dict[str, str], effect: str, position: str | None
) -> None:
    row = fill(tmp_path, **cells)
    assert ("margin", effect, position, "trade", "buy") == tuple(
        row[name] for name in ("product", "effect", "position_ref", "execution", "side"))  # fmt: skip


@pytest.mark.parametrize("cells", [{"ordertype": "liquidation market"}, {"misc": "liquidated"}])
def test_a_forced_trade_is_a_liquidation_that_closes(tmp_path: Path, cells: dict[str, str]) -> None:
    result = traded(tmp_path, type="sell", margin="200", posttxid="T0", **cells)
    (row,) = result.tables["fills"].to_dicts()
    assert ("liquidation", "close", "T0") == (row["execution"], row["effect"], row["position_ref"])
    (forced,) = result.tables["liquidations"].to_dicts()
    assert ("BTC/USD", "sell", Decimal("0.1"), None, "O1") == tuple(
        forced[name] for name in ("symbol", "side", "quantity", "fee", "order_ref"))  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "execution", "side"),
    [
        ({"ordertype": "settle-position", "fee": "0", "ledgers": ""}, "settlement", "sell"),
        ({"fee": "0", "ledgers": "L1,L2"}, "settlement", "sell"),
        ({"fee": "0.0", "ledgers": "L1-A, L2-B", "type": "sell"}, "settlement", "buy"),
        ({"fee": "0", "ledgers": "L1"}, "trade", "buy"),
        ({"fee": "0", "ledgers": "L1,L2,L3"}, "trade", "buy"),
        ({"fee": "0.1", "ledgers": "L1,L2"}, "trade", "buy"),
        ({"fee": "0", "ledgers": "L1,L2", "ordertype": "liquidation market"}, "liquidation", "buy"),
    ],
)
def test_a_settlement_prints_the_side_of_the_opening_and_closes_it(
    tmp_path: Path, cells: dict[str, str], execution: str, side: str
) -> None:
    row = fill(tmp_path, margin="104", misc="initiated,closing", posttxid="T0", **cells)
    assert (execution, side, "close", "T0") == (row["execution"], row["side"], row["effect"], row["position_ref"])


def test_a_spot_trade_without_a_fee_is_no_settlement(tmp_path: Path) -> None:
    row = fill(tmp_path, fee="0", ledgers="L1,L2")
    assert ("spot", "trade", "buy") == (row["product"], row["execution"], row["side"])


def test_the_net_result_of_a_position_stands_on_its_opening_trade(tmp_path: Path) -> None:
    result = traded(tmp_path, margin="600", posstatuscode="closed", cvol="0.1", net="-61.57")
    (stated,) = result.tables["stated_results"].to_dicts()
    assert ("T1", Decimal("-61.57"), "net", "position", "USD") == tuple(
        stated[name] for name in ("trade_ref", "amount", "basis", "grain", "asset"))  # fmt: skip
    still_open = traded(tmp_path, margin="600", posstatuscode="open", cvol="0", net="0")
    assert 0 == still_open.tables["stated_results"].height


# ------------------------------------------------------------------------------------------ open positions


def test_open_positions_stand_at_the_last_rollover_that_any_of_them_proves(tmp_path: Path) -> None:
    def position(opened: float, rollover: int, **more: str) -> dict[str, object]:
        return {
            "ordertxid": "O1", "posstatus": "open", "pair": "XXBTZUSD", "time": opened, "type": "buy",
            "ordertype": "limit", "cost": "1", "fee": "1", "vol": "0.5", "vol_closed": "0.2", "margin": "1",
            "terms": "0.0200% per 4 hours", "rollovertm": str(rollover), "misc": "", "oflags": "", **more,
        }  # fmt: skip

    path = tmp_path / "positions.json"
    noon = int(datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp())
    answer = {"T1-A": position(noon - 90_000.5, noon), "T2-B": position(noon - 80_000.5, noon + 3_600, type="sell")}
    path.write_text(json.dumps({"error": [], "result": answer}))
    stated = read(path).tables["stated_positions"]
    assert [datetime(2026, 1, 5, 9, tzinfo=UTC)] * 2 == stated["stated_at"].to_list()
    assert [Decimal("0.3"), Decimal("-0.3")] == stated["quantity"].to_list()


# -------------------------------------------------------------------------------------------- all formats


@pytest.mark.parametrize("form", kraken.FORMATS, ids=lambda form: form.name)
def test_a_format_claims_known_facts_and_reads_or_names_every_column(form: Format) -> None:
    assert {claim.fact for claim in form.claims} <= set(FACTS)
    known = {column for cell in form.cells.values() for column in cell.columns}
    aliases = {fold(text): canonical for text, canonical in form.aliases.items()}
    for header in form.headers:
        columns = {aliases.get(fold(text), fold(text)) for text in (*header.columns, *header.optional)}
        assert columns <= known | {*form.unread}
