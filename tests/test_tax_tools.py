"""Import files of tax tools: columns, dates and words to the letter, and sums that are those of the year's flows."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from importers.registry import formats
from importers.taxtools.dialects import TICKERS
from reports.tax import generic, tools
from reports.tax.contract import Files, Target
from reports.tax.lines import EVENTS
from reports.tax.targets import TARGETS
from reports.tax.tools import TOOLS
from reports.tax.value import FLOWS, KINDS_OF_FLOW, TaxYear
from tests.books import imported, new_book
from tests.conftest import DATA
from tests.exports import rejects
from tests.taxes import HERE, PERPS, PERPS_PLACE, UK_2025, US_2025, accepted, draft, instant, rows_of, tax_year

HEADERS = {
    "koinly": "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,Net Worth Amount,Net Worth Currency,Label,Description,TxHash",
    "cointracker": "Date,Received Quantity,Received Currency,Sent Quantity,Sent Currency,Fee Amount,Fee Currency,Tag",
    "cointracking": "Type,Buy Amount,Buy Currency,Sell Amount,Sell Currency,Fee,Fee Currency,Exchange,Trade-Group,Comment,Date,Tx-ID,Buy Value in Account Currency,Sell Value in Account Currency,Liquidity pool",
    "coinledger": "Date (UTC),Platform (Optional),Asset Sent,Amount Sent,Asset Received,Amount Received,Fee Currency (Optional),Fee Amount (Optional),Type,Description (Optional),TxHash (Optional)",
    "blockpit": "Date (UTC),Integration Name,Label,Outgoing Asset,Outgoing Amount,Incoming Asset,Incoming Amount,Fee Asset (optional),Fee Amount (optional),Comment (optional),Trx. ID (optional)",
    "zenledger": "Timestamp,Type,IN Amount,IN Currency,Out Amount,Out Currency,Fee Amount,Fee Currency,Exchange(optional),US Based",
    "summ": "Timestamp (UTC),Type,Base Currency (Optional),Base Amount (Optional),Quote Currency (Optional),Quote Amount (Optional),Fee Currency (Optional),Fee Amount (Optional),From (Optional),To (Optional),ID (Optional),Description (Optional)",
    "recap": "Type,Date,InOrBuyAmount,InOrBuyCurrency,OutOrSellAmount,OutOrSellCurrency,FeeAmount,FeeCurrency",
    "bittytax": "Type,Buy Quantity,Buy Asset,Buy Value,Sell Quantity,Sell Asset,Sell Value,Fee Quantity,Fee Asset,Fee Value,Wallet,Timestamp,Note",
}
SIDES = {
    "koinly": ("Received Amount", "Received Currency", "Sent Amount", "Sent Currency", "Fee Amount", "Fee Currency"),
    "cointracker": ("Received Quantity", "Received Currency", "Sent Quantity", "Sent Currency", "Fee Amount", "Fee Currency"),
    "cointracking": ("Buy Amount", "Buy Currency", "Sell Amount", "Sell Currency", "", ""),
    "coinledger": ("Amount Received", "Asset Received", "Amount Sent", "Asset Sent", "Fee Amount (Optional)", "Fee Currency (Optional)"),
    "blockpit": ("Incoming Amount", "Incoming Asset", "Outgoing Amount", "Outgoing Asset", "Fee Amount (optional)", "Fee Asset (optional)"),
    "zenledger": ("IN Amount", "IN Currency", "Out Amount", "Out Currency", "Fee Amount", "Fee Currency"),
    "recap": ("InOrBuyAmount", "InOrBuyCurrency", "OutOrSellAmount", "OutOrSellCurrency", "FeeAmount", "FeeCurrency"),
    "bittytax": ("Buy Quantity", "Buy Asset", "Sell Quantity", "Sell Asset", "Fee Quantity", "Fee Asset"),
}  # fmt: skip
"""How a reader of each file finds what came in, what went out, and what a fee took beside; read apart from the product."""
Funding = Literal["gain", "fee"]
FUNDING: tuple[Funding, ...] = ("gain", "fee")
SUMM_IN = {"buy", "transfer-in", "realized-profit", "borrow", "income"}
SPOT = {**HERE, "group": "spot", "forced": False}
MARGIN = {"account": "main", "venue": "kraken", "wallet": "margin", "group": "margin", "forced": False}
MORE = rows_of(FLOWS, [
    {"flow": "kraken:main:301", "happened_at": "2025-02-01 08:00:00.123456", "kind": "opening", **SPOT, "received_asset": "ATOM", "received": "12.5", "text": "opening", "rows": ["301"]},
    {"flow": "kraken:main:302", "happened_at": "2025-02-02 08:00:00", "kind": "trade", **SPOT, "sent_asset": "ATOM", "sent": "2", "received_asset": "USDT",
     "received": "20", "fee_asset": "BNB", "fee": "0.00001", "value": "19.99", "symbol": "ATOMUSDT", "text": "sell 2 ATOMUSDT", "rows": ["302"]},
    {"flow": "kraken:main:303", "happened_at": "2025-02-02 09:00:00", "kind": "trade", **SPOT, "sent_asset": "USDT", "sent": "10", "received_asset": "SOL",
     "received": "0.1", "fee_asset": "USDT", "fee": "-0.002", "symbol": "SOLUSDT", "instrument": "SOL/USDT", "text": "buy 0.1 SOLUSDT", "rows": ["303"]},
    {"flow": "kraken:main:304", "happened_at": "2025-02-03 09:00:00", "kind": "trade", **SPOT, "sent_asset": "USDT", "sent": "5", "received_asset": "SOL",
     "received": "0.05", "fee_asset": "USDT", "fee": "0.005", "symbol": "SOLUSDT", "text": "buy 0.05 SOLUSDT", "rows": ["304"]},
    {"flow": "kraken:main:305", "happened_at": "2025-02-04 09:00:00", "kind": "deposit", **SPOT, "received_asset": "ETH", "received": "1", "fee_asset": "ETH",
     "fee": "0.001", "text": "deposit", "rows": ["305"]},
    {"flow": "kraken:main:306", "happened_at": "2025-02-05 09:00:00", "kind": "withdrawal", **SPOT, "sent_asset": "ETH", "sent": "0.5", "fee_asset": "ETH",
     "fee": "0.002", "text": "withdrawal", "rows": ["306"]},
    {"flow": "kraken:main:307", "happened_at": "2025-02-06 09:00:00", "kind": "transfer", **SPOT, "other_account": "main", "other_venue": "kraken",
     "other_wallet": "earn", "sent_asset": "SOL", "sent": "0.1", "received_asset": "SOL", "received": "0.1", "text": "transfer", "rows": ["307"]},
    {"flow": "kraken:main:308", "happened_at": "2025-02-07 09:00:00", "kind": "loan", **MARGIN, "received_asset": "USDT", "received": "50", "text": "borrowed", "rows": ["308"]},
    {"flow": "kraken:main:309", "happened_at": "2025-02-08 09:00:00", "kind": "repayment", **MARGIN, "sent_asset": "USDT", "sent": "50", "text": "repaid", "rows": ["309"]},
    {"flow": "kraken:main:310", "happened_at": "2025-02-08 10:00:00", "kind": "interest", **MARGIN, "sent_asset": "USDT", "sent": "0.000000000000000001", "text": "interest", "rows": ["310"]},
    {"flow": "kucoin:main:311", "happened_at": "2025-02-09 08:00:00", "kind": "funding", **PERPS, "received_asset": "USDT", "received": "0.25", "value": "0.2499",
     "group": "derivative", "forced": False, "text": "ETHUSDTM long: funding", "rows": ["311"]},
    {"flow": "kucoin:main:312", "happened_at": "2025-03-01 16:00:00", "kind": "trading_fee", **PERPS, "sent_asset": "KCS", "sent": "0.03", "value": "-0.3",
     "group": "derivative", "forced": False, "text": "ETHUSDTM long: trading fee", "rows": ["312"]},
    {"flow": "kucoin:main:313", "happened_at": "2025-05-03 23:59:58.900", "kind": "liquidation_fee", **PERPS, "sent_asset": "USDT", "sent": "0.3",
     "group": "derivative", "forced": True, "text": "ETHUSDTM long: liquidation fee", "rows": ["313"]},
    {"flow": "kucoin:main:314", "happened_at": "2025-05-09 00:00:00", "kind": "insurance", **PERPS, "received_asset": "USDT", "received": "0.1",
     "group": "derivative", "forced": True, "text": "ETHUSDTM long: insurance", "rows": ["314"]},
    {"flow": "kucoin:main:315", "happened_at": "2025-05-10 00:00:00", "kind": "rebate", **PERPS_PLACE, "received_asset": "USDT", "received": "0.02",
     "group": "derivative", "forced": False, "text": "rebate", "rows": ["315"]},
    {"flow": "kraken:main:316", "happened_at": "2025-05-11 00:00:00", "kind": "network_fee", **SPOT, "sent_asset": "ETH", "sent": "0.0001", "text": "network fee", "rows": ["316"]},
    {"flow": "kraken:main:317", "happened_at": "2025-05-12 00:00:00", "kind": "correction", **SPOT, "sent_asset": "USDT", "sent": "1", "text": "=HYPERLINK(1)", "rows": ["317"]},
    {"flow": "kraken:main:318", "happened_at": "2025-05-13 00:00:00", "kind": "trading_fee", **SPOT, "sent_asset": "USDT", "sent": "0.4", "text": "trading fee", "rows": ["318"]},
    {"flow": "kraken:main:319", "happened_at": "2025-05-14 00:00:00", "kind": "liquidation_fee", **MARGIN, "sent_asset": "USDT", "sent": "0.6", "text": "liquidation fee", "rows": ["319"]},
    {"flow": "kraken:main:320", "happened_at": "2025-05-15 00:00:00", "kind": "transfer", **SPOT, "other_account": "main", "other_venue": "kucoin", "other_wallet": "spot",
     "sent_asset": "SOL", "sent": "0.02", "received_asset": "SOL", "received": "0.015", "fee_asset": "SOL", "fee": "0.001", "text": "transfer", "rows": ["320"]},
    {"flow": "kraken:main:321", "happened_at": "2025-05-16 00:00:00", "kind": "transfer", **SPOT, "other_account": "main", "other_venue": "kucoin", "other_wallet": "spot",
     "sent_asset": "SOL", "sent": "0.02", "received_asset": "SOL", "received": "0.02", "fee_asset": "BNB", "fee": "0.0003", "text": "transfer", "rows": ["321"]},
    {"flow": "kraken:main:322", "happened_at": "2025-05-17 00:00:00", "kind": "transfer", **SPOT, "other_account": "main", "other_venue": "kraken", "other_wallet": "earn",
     "sent_asset": "SOL", "sent": "0.02", "received_asset": "SOL", "received": "0.019", "text": "transfer", "rows": ["322"]},
])  # fmt: skip


def with_flows(flows: pl.DataFrame, year: TaxYear) -> TaxYear:
    return replace(year, flows=flows.sort("happened_at", maintain_order=True))


def full_year(year: TaxYear) -> TaxYear:
    """Return the invented year with every kind of flow in it."""
    return with_flows(pl.concat([year.flows, MORE]), year)


def import_files(files: Files) -> dict[str, str]:
    return {name: content.decode() for name, content in files.items()
            if not re.search(r"-(sources|controls|blocks)\.csv$|-notes\.txt$", name)}  # fmt: skip


def beside(files: Files, kind: str) -> list[dict[str, str]]:
    (name,) = [name for name in files if name.endswith(f"-{kind}.csv")]
    return records(files[name].decode())


def records(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def all_rows(target: str, year: TaxYear) -> list[dict[str, str]]:
    return [row for text in import_files(TARGETS[target].write(year)).values() for row in records(text)]


def moved(tool: str, rows: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, Decimal]]:
    """Yield asset and signed amount of everything that a file says was moved."""
    for row in rows:
        if tool == "summ":
            base, quote = (row[f"{side} Amount (Optional)"] for side in ("Base", "Quote"))
            sign = 1 if row["Type"] in SUMM_IN else -1
            assert not quote or row["Type"] in {"buy", "sell"}
            parts = [(row["Base Currency (Optional)"], base, sign), (row["Quote Currency (Optional)"], quote, -sign),
                     (row["Fee Currency (Optional)"], row["Fee Amount (Optional)"], -1)]  # fmt: skip
        else:
            come, come_asset, gone, gone_asset, fee, fee_asset = SIDES[tool]
            parts = [(row[come_asset], row[come], 1), (row[gone_asset], row[gone], -1)]
            parts += [(row[fee_asset], row[fee], -1)] if fee else []
        for asset, amount, sign in parts:
            assert bool(asset) == bool(amount), row
            if amount:
                assert re.fullmatch(r"\d+(\.\d*[1-9])?", amount) and Decimal(amount) > 0, row
                yield asset, sign * Decimal(amount)


def sums(parts: Iterator[tuple[str, Decimal]]) -> dict[str, Decimal]:
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for asset, amount in parts:
        totals[asset] += amount
    return {asset: total for asset, total in totals.items() if total}


def of_flows(year: TaxYear) -> Iterator[tuple[str, Decimal]]:
    for flow in year.flows.iter_rows(named=True):
        for side, sign in (("received", 1), ("sent", -1), ("fee", -1)):
            if flow[side] is not None:
                yield flow[f"{side}_asset"], sign * flow[side]


def variants(tool: str) -> list[Target]:
    return [TARGETS[tool], TARGETS[f"{tool}-net"]]


# ------------------------------------------------------------------------------------------------ to the letter


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_the_files_are_to_the_letter_what_was_read_against_the_description(tool: str, accept: bool) -> None:
    year = full_year(tax_year(replace(US_2025, funding="fee")))
    text = ""
    for target in variants(tool):
        for name, content in sorted(TARGETS[target.name].write(year).items()):
            if not name.endswith("-sources.csv"):
                text += f"== {name}\n{content.decode()}\n"
    path = DATA / "tax" / "tools" / f"{tool}.txt"
    if accept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    expected = path.read_text() if path.exists() else ""
    diff = "\n".join(difflib.unified_diff(expected.splitlines(), text.splitlines(), "expected", "actual", lineterm=""))
    assert not diff, f"{diff}\n\nif every line of the difference is right: pytest {__file__} --accept"


def test_every_tool_that_was_asked_for_is_there_and_its_header_is_verbatim() -> None:
    assert set(HEADERS) == set(TOOLS)
    for tool, header in HEADERS.items():
        for target in variants(tool):
            files = import_files(target.write(full_year(tax_year())))
            assert files and {header} == {text.split("\n")[0] for text in files.values()}


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_every_kind_of_flow_has_a_word_in_every_direction_and_group(tool: str) -> None:
    assert set(EVENTS) == set(KINDS_OF_FLOW)
    for group in ("derivative", "margin", "loan", "spot", "other"):
        flows = [{"flow": f"v:a:{kind}-{side}", "happened_at": "2025-06-01", "kind": kind, "account": "a", "venue": "v", "wallet": "spot", "group": group,
                  f"{side}_asset": "ETH", side: "1", "other_venue": "w"} for kind in KINDS_OF_FLOW for side in ("sent", "received")]  # fmt: skip
        for funding in FUNDING:
            year = with_flows(rows_of(FLOWS, flows), tax_year(replace(US_2025, funding=funding)))
            assert len(all_rows(tool, year)) >= len(flows) - 2


def test_the_words_of_results_fees_funding_and_loans_are_those_of_the_description() -> None:
    """Rows: gain, loss, fee, funding in, funding out (as a fee), interest, loan, repayment, liquidation fee."""
    expected = {
        "koinly": ("realized gain", "realized gain", "margin fee", "realized gain", "margin fee", "loan fee", "loan", "loan repayment", "margin fee"),
        "cointracker": ("margin gain", "margin loss", "margin fee", "margin rebate", "margin fee", "margin fee", "", "", "margin fee"),
        "cointracking": ("Derivatives / Futures Profit", "Derivatives / Futures Loss", "Margin Fee", "Derivatives / Futures Profit", "Margin Fee", "Borrowing Fee", "Deposit", "Withdrawal", "Settlement Fee"),
        "blockpit": ("Derivative Profit", "Derivative Loss", "Derivative Fee", "Derivative Profit", "Derivative Fee", "Margin Fee", "Receive Loan", "Repay Loan", "Derivative Fee"),
        "zenledger": ("misc reward", "payment", "payment", "misc reward", "payment", "payment", "Receive", "Send", "payment"),
        "coinledger": ("Income", "Investment Loss", "Investment Loss", "Income", "Investment Loss", "Interest Payment", "Deposit", "Withdrawal", "Investment Loss"),
        "summ": ("realized-profit", "realized-loss", "margin-fee", "realized-profit", "margin-fee", "margin-fee", "borrow", "loan-repayment", "margin-fee"),
        "recap": ("MarginGain", "MarginLoss", "LendingFee", "MarginGain", "MarginLoss", "LoanInterest", "LoanPrincipal", "LoanPrincipalPayment", "LendingFee"),
        "bittytax": ("Margin-Gain", "Margin-Loss", "Margin-Fee", "Margin-Fee-Rebate", "Margin-Fee", "Loan-Interest", "Loan", "Loan-Repayment", "Margin-Fee"),
    }  # fmt: skip
    events = (
        "gain",
        "loss",
        "fee",
        "funding_received",
        "funding_paid",
        "interest",
        "loan",
        "repayment",
        "liquidation_fee",
    )
    assert expected == {name: tuple(tool.labels[event] for event in events) for name, tool in TOOLS.items()}


def test_a_purchase_is_a_purchase_of_the_base_for_the_quote() -> None:
    rows = all_rows("summ", with_flows(MORE.filter(pl.col("instrument") == "SOL/USDT"), tax_year()))
    pairs = [(row["Type"], row["Base Currency (Optional)"], row["Quote Currency (Optional)"]) for row in rows]
    assert pairs == [("income", "USDT", ""), ("buy", "SOL", "USDT")]


def test_the_policy_says_whether_funding_is_a_gain_or_a_fee() -> None:
    expected: dict[Funding, list[str]] = {
        "gain": ["realized gain", "realized gain"],
        "fee": ["realized gain", "margin fee"],
    }
    for funding, words in expected.items():
        year = full_year(tax_year(replace(US_2025, funding=funding)))
        assert words == [row["Label"] for row in all_rows("koinly", year) if row["Description"].endswith("funding")]


# ------------------------------------------------------------------------------------------------ net or gross


def test_a_net_line_sums_result_fees_and_funding_in_the_asset_of_the_result() -> None:
    rows = [row for row in all_rows("cointracking-net", full_year(tax_year())) if row["Trade-Group"] == "ETHUSDTM"]
    assert [
        ("Margin Fee", "", "0.03", "KCS", "2025-03-01 16:00:00", "kucoin:main:312"),
        ("Derivatives / Futures Loss", "", "21.75", "USDT", "2025-05-03 23:59:58", "kucoin:main:ETHUSDTM:long:20250502T1000:1:net"),
        ("Derivatives / Futures Profit", "0.1", "", "", "2025-05-09 00:00:00", "kucoin:main:314"),
    ] == [tuple(row[name] for name in ("Type", "Buy Amount", "Sell Amount", "Sell Currency", "Date", "Tx-ID")) for row in rows]  # fmt: skip
    assert (
        "ETHUSDTM: net of funding -0.25, result -20.2, trading fee -1, liquidation fee -0.3; forced; evidence 203 313"
        == rows[1]["Comment"]
    )


def test_a_position_without_a_result_in_the_year_keeps_its_lines() -> None:
    year = tax_year()
    year = replace(year, flows=year.flows.filter(pl.col("kind") != "result"))
    assert (
        import_files(TARGETS["blockpit"].write(year)).popitem()[1]
        == import_files(TARGETS["blockpit-net"].write(year)).popitem()[1]
    )


def test_a_flow_that_does_not_name_its_position_is_of_that_whose_results_say_so() -> None:
    year = tax_year()
    bare = replace(year, flows=year.flows.with_columns(position_id=pl.lit(None, dtype=pl.String)))
    assert import_files(TARGETS["blockpit-net"].write(year)) == import_files(TARGETS["blockpit-net"].write(bare))
    other = year.results.filter(pl.col("symbol") == "ETHUSDTM").with_columns(
        position_id=pl.lit("main:ETHUSDTM:short:1")
    )
    hedged = replace(bare, results=pl.concat([year.results, other]))
    assert (
        import_files(TARGETS["blockpit"].write(year)).popitem()[1]
        == import_files(TARGETS["blockpit-net"].write(hedged)).popitem()[1]
    )
    without_fills = replace(bare, results=year.results.filter(pl.col("part") == "result"))
    assert {"kucoin:main:206", "kucoin:main:204"}.isdisjoint(
        row["Trx. ID (optional)"] for row in all_rows("blockpit-net", without_fills)
    )


def test_a_position_that_comes_to_zero_has_no_line_and_the_notes_say_so() -> None:
    year = tax_year()
    zero = year.flows.with_columns(
        received=pl.when(pl.col("flow") == "kucoin:main:207")
        .then(pl.lit("31.7").cast(pl.Decimal(38, 18)))
        .otherwise("received")
    )
    files = TARGETS["koinly-net"].write(with_flows(zero, year))
    assert (
        "Without a row: 4 (the position's result, fees and funding come to zero)."
        in files["koinly-net-2025-notes.txt"].decode()
    )
    assert {"0"} == {line["difference"] for line in beside(files, "controls")}


AMOUNTS = st.decimals(min_value=Decimal("0.000000000000000001"), max_value=Decimal("99999999"), places=18)
KINDS = [kind for kind in KINDS_OF_FLOW if kind not in ("transfer", "trade", "collateral_sale")]


@st.composite
def flow(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """Draw a flow: exact amounts, fees of every kind, a few positions, transfers within and between places."""
    assets = st.sampled_from(["BTC", "USDT", "BNB"])
    kind = draw(st.sampled_from([*KINDS, "trade", "transfer", "result", "trading_fee", "funding"]))
    row: dict[str, Any] = {"flow": f"v:a:{number}", "happened_at": instant("2025-01-01") + timedelta(hours=draw(st.integers(0, 40))), "kind": kind,
                           "account": "a", "venue": "v", "wallet": "spot", "group": draw(st.sampled_from(["derivative", "margin", "loan", "spot"])),
                           "position_id": draw(st.sampled_from([None, "a:P:1", "a:P:2"])), "symbol": "P", "forced": draw(st.booleans()), "rows": [str(number)]}  # fmt: skip
    sent = kind in ("trade", "transfer") or draw(st.booleans())
    if sent:
        row |= {"sent_asset": draw(assets), "sent": draw(AMOUNTS)}
    if kind in ("trade", "transfer") or not sent:
        asset = (
            row["sent_asset"]
            if kind == "transfer"
            else draw(assets.filter(lambda other: other != row.get("sent_asset")))
        )
        row |= {"received_asset": asset, "received": draw(AMOUNTS)}
    if kind == "transfer":
        row["received"] = min(row["sent"], row["received"])
        row["other_venue"] = draw(st.sampled_from(["v", "w"]))
    if draw(st.booleans()):
        row |= {"fee_asset": draw(assets), "fee": draw(AMOUNTS) * draw(st.sampled_from([1, 1, -1]))}
    return row


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_the_sums_of_what_the_files_say_are_those_of_the_flows(data: st.DataObject) -> None:
    flows = [data.draw(flow(number)) for number in range(data.draw(st.integers(0, 12)))]
    year = with_flows(rows_of(FLOWS, flows), tax_year())
    expected = sums(of_flows(year))
    for tool in TOOLS:
        for target in variants(tool):
            files = target.write(year)
            rows = [row for text in import_files(files).values() for row in records(text)]
            assert expected == sums(moved(tool, rows)), target.name
            assert {"0"} >= {line["difference"] for line in beside(files, "controls")}, target.name


# ------------------------------------------------------------------------------------------------ what stands beside


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_every_line_leads_to_rows_and_every_flow_has_a_line_or_needs_none(tool: str) -> None:
    year = full_year(tax_year())
    for target in variants(tool):
        files = target.write(year)
        led = {(line["file_of_line"], int(line["line"])) for line in beside(files, "sources") if line["row"]}
        wanted = {
            (name, number) for name, text in import_files(files).items() for number in range(2, len(records(text)) + 2)
        }
        assert wanted == led
        behind = {line["row"] for line in beside(files, "sources")}
        assert {row for rows in year.flows["rows"] for row in rows} - behind == {
            "307"
        }  # within an account, nothing lost
        assert {"0"} == {line["difference"] for line in beside(files, "controls")}


def test_totals_see_what_a_file_would_lack() -> None:
    year = tax_year()
    unknown = with_flows(
        year.flows.with_columns(sent=pl.when(pl.col("flow") == "nexo:nexo:208").then(None).otherwise("sent")), year
    )
    files = TARGETS["koinly"].write(unknown)
    assert [("flows: interest", "-1")] == [
        (line["name"], line["difference"]) for line in beside(files, "controls") if line["difference"] != "0"
    ]
    assert "- Without a row, for an amount is not known: nexo:nexo:208." in files["koinly-2025-notes.txt"].decode()


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_a_draft_says_so_in_every_file_and_an_accepted_block_gives_its_reason(tool: str) -> None:
    for target in variants(tool):
        files = target.write(draft())
        assert [] == [name for name in files if "-DRAFT" not in name]
        assert b"DRAFT: blocks" in files[f"{target.name}-2025-DRAFT-blocks.csv"]
        assert b"DRAFT: 1 block that nobody accepted" in files[f"{target.name}-2025-DRAFT-notes.txt"]
        if {"text", "text_and_id"} & set(TOOLS[tool].columns.values()):
            for text in import_files(files).values():
                assert [] == [row for row in records(text) if "DRAFT" not in "".join(row.values())]
        told = target.write(accepted())
        assert [] == [name for name in told if "DRAFT" in name]
        assert "bought for cash in 2013" in told[f"{target.name}-2025-blocks.csv"].decode()


def test_a_year_without_blocks_has_no_file_of_blocks_and_the_same_year_gives_the_same_bytes() -> None:
    for target in (*generic.TARGETS, *tools.TARGETS):
        files = target.write(tax_year())
        assert [] == [name for name in files if "blocks" in name]
        assert files == target.write(tax_year())


# ------------------------------------------------------------------------------------------------ rules of all tools


def test_halves_of_a_transfer_have_one_id_where_the_tool_joins_by_it_and_cost_a_fee_once() -> None:
    halves = [row for row in all_rows("koinly", tax_year()) if row["TxHash"] == "kraken:main:210"]
    assert [("2025-06-02 00:00:01", "", "100", ""), ("2025-06-02 00:00:00", "100", "", "1")] == [
        (row["Date"], row["Sent Amount"], row["Received Amount"], row["Fee Amount"]) for row in halves]  # fmt: skip
    tracked = [row for row in all_rows("cointracking", tax_year()) if row["Tx-ID"].startswith("kraken:main:210")]
    assert [("Withdrawal", "101", "1", ":out"), ("Deposit", "", "", ":in")] == [
        (row["Type"], row["Sell Amount"], row["Fee"], row["Tx-ID"][15:]) for row in tracked]  # fmt: skip


def test_a_place_is_an_account_and_a_wallet_where_lots_are_matched_by_wallet() -> None:
    by_account = import_files(TARGETS["koinly"].write(full_year(tax_year())))
    assert {"koinly-2025-kraken-main.csv", "koinly-2025-kucoin-main.csv", "koinly-2025-nexo.csv"} == set(by_account)
    assert "kraken:main:307" not in "".join(by_account.values())
    by_wallet = import_files(TARGETS["koinly"].write(full_year(tax_year(replace(US_2025, scope="wallet")))))
    inner = {
        name: row for name, text in by_wallet.items() for row in records(text) if row["TxHash"] == "kraken:main:307"
    }
    assert {"koinly-2025-kraken-main-spot.csv", "koinly-2025-kraken-main-earn.csv"} == set(inner)


def test_two_accounts_whose_names_read_alike_have_files_of_their_own() -> None:
    flows = [{"flow": f"v:{account}:1", "happened_at": "2025-06-01", "kind": "deposit", "account": account, "venue": "v", "received_asset": "ETH",
              "received": "1"} for account in ("A b", "a-b", "a/../b", "a b 2")]  # fmt: skip
    files = import_files(TARGETS["recap"].write(with_flows(rows_of(FLOWS, flows), tax_year())))
    assert {
        "recap-2025-v-a-b.csv",
        "recap-2025-v-a-b-2.csv",
        "recap-2025-v-a-b-3.csv",
        "recap-2025-v-a-b-2-2.csv",
    } == set(files)


def test_ids_are_stable_and_no_two_rows_of_a_file_share_one() -> None:
    for tool, column in (("koinly", "TxHash"), ("cointracking", "Tx-ID"), ("summ", "ID (Optional)")):
        for target in variants(tool):
            for text in import_files(target.write(full_year(tax_year()))).values():
                ids = [row[column] for row in records(text)]
                assert all(ids) and len(ids) == len(set(ids))


def test_text_that_a_spreadsheet_would_run_is_inert() -> None:
    for tool in TOOLS:
        for name, content in TARGETS[tool].write(full_year(tax_year())).items():
            cells = (
                [cell for line in csv.reader(io.StringIO(content.decode())) for cell in line]
                if name.endswith(".csv")
                else []
            )
            assert [] == [cell for cell in cells if cell.startswith(("=", "+", "@")) or re.match(r"-[^\d]", cell)]


def test_amounts_of_cointracking_reflect_the_fee_and_a_third_coin_has_a_row() -> None:
    rows = {row["Tx-ID"]: row for row in all_rows("cointracking", full_year(tax_year()))}
    assert ("67500", "67.5", "USD") == tuple(
        rows["kraken:main:201"][name] for name in ("Buy Amount", "Fee", "Fee Currency")
    )
    assert ("5.005", "0.005") == (rows["kraken:main:304"]["Sell Amount"], rows["kraken:main:304"]["Fee"])
    assert ("20", "") == (rows["kraken:main:302"]["Buy Amount"], rows["kraken:main:302"]["Fee"])
    assert ("Other Fee", "0.00001", "BNB") == tuple(
        rows["kraken:main:302:fee"][name] for name in ("Type", "Sell Amount", "Sell Currency")
    )


def test_coins_that_a_tool_calls_otherwise_are_named_in_the_notes() -> None:
    listed = {line["asset"]: line["ticker"] for line in TICKERS if line["tool"] == "cointracking"}
    assert listed == TOOLS["cointracking"].tickers
    notes = TARGETS["cointracking"].write(full_year(tax_year()))["cointracking-2025-notes.txt"].decode()
    assert "look at these and their names there: ATOM (ATOM2), SOL (SOL2)." in notes
    assert "Amounts have up to 18 decimals; an account that keeps 8 rounds them." in notes


def test_a_trade_of_several_assets_is_named_in_the_notes() -> None:
    year = tax_year()
    alone = with_flows(year.flows.with_columns(received_asset=pl.when(pl.col("kind") == "trade").then(None).otherwise("received_asset"),
                                               received=pl.when(pl.col("kind") == "trade").then(None).otherwise("received")), year)  # fmt: skip
    notes = TARGETS["blockpit"].write(alone)["blockpit-2025-notes.txt"].decode()
    assert "- Of trades of several assets: 1 row, which the tool takes for deposits and withdrawals." in notes


def test_values_are_written_in_the_currency_that_the_tool_counts_in() -> None:
    assert {""} == {row["Buy Value"] + row["Sell Value"] for row in all_rows("bittytax", tax_year())}
    pounds = [row for row in all_rows("bittytax", tax_year(UK_2025)) if row["Type"] == "Trade"]
    assert [("67567.5", "67567.5"), ("4200", "4200")] == [(row["Buy Value"], row["Sell Value"]) for row in pounds]


# ------------------------------------------------------------------------------------------------ there and back


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_our_own_importer_knows_every_row_and_reads_what_the_flows_come_to(tool: str, tmp_path: Path) -> None:
    year = full_year(tax_year())
    read_back: defaultdict[str, Decimal] = defaultdict(Decimal)
    for target in variants(tool):
        read_back.clear()
        for name, text in import_files(target.write(year)).items():
            (tmp_path / name).write_text(text)
            (part,) = open_bundle(tmp_path / name).parts()
            recognized = recognize(part, formats(), Options())
            assert tool == recognized.match.format.venue
            ((normalized, _),) = chunks(recognized)
            assert [] == rejects(normalized)
            for asset, amount in normalized.tables["movements"].select("asset", "amount").iter_rows():
                read_back[asset] += amount
        assert sums(of_flows(year)) == {asset: amount for asset, amount in read_back.items() if amount}


def test_a_book_that_imports_the_files_of_koinly_holds_what_the_flows_come_to(tmp_path: Path) -> None:
    year = full_year(tax_year())
    book = new_book(tmp_path)
    (tmp_path / "in").mkdir()
    for name, text in import_files(TARGETS["koinly"].write(year)).items():
        (tmp_path / "in" / name).write_text(text)
    imported(book, *(tmp_path / "in").iterdir(), max_rejects=0.0)
    held = book.store.rows(
        "SELECT asset, sum(amount)::DECIMAL(38,18) FROM movements WHERE pool = 'asset' GROUP BY asset"
    )
    assert sums(of_flows(year)) == {asset: amount for asset, amount in held if amount}
