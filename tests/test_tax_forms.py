"""Forms of tax offices from an invented year: totals by hand, unknowns left empty, drafts marked, hostile names inert."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from html import unescape
from typing import Any

import openpyxl
import polars as pl
import pytest

from reports.tax import form_8949, txf
from reports.tax.amounts import cents, down, up, written
from reports.tax.contract import Files, Target
from reports.tax.facts import fact, facts, facts_markdown, value
from reports.tax.form_lines import Adjusted, Choices, form_lines
from reports.tax.forms import FORMS
from reports.tax.paper import ADVICE
from reports.tax.uk_pools import pools
from reports.tax.value import ACQUISITIONS, DISPOSALS, LOTS, RESULTS, Policy, TaxYear
from tests.taxes import DE_2025, HERE, PERPS, UK_2025, US_2025, accepted, draft, rows_of, tax_year

POLICIES: Mapping[str, Policy] = {"us": US_2025, "uk": UK_2025, "de": DE_2025}
BY_NAME = {target.name: target for target in FORMS}
SOLD = {**HERE, "kind": "sale", "fee": "0", "sale_fee": "0", "state_money": False}
HOSTILE = "<img src=x onerror=alert(1)>"


def own_policy(target: Target) -> Policy:
    return POLICIES[target.jurisdictions[0]]


def table(files: Files, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[name].decode())))


def with_disposals(policy: Policy, *rows: Mapping[str, Any], **changed: Any) -> TaxYear:
    """Return the invented year with further disposals."""
    year = tax_year(policy, **changed)
    more = rows_of(DISPOSALS, [{**SOLD, "line": f"D-9{n}-1", "disposal_id": f"9{n}", "rows": ["201"], **row}
                               for n, row in enumerate(rows)])  # fmt: skip
    return replace(year, disposals=pl.concat([year.disposals, more]))


UNKNOWN = {
    "asset": "BTC",
    "quantity": "0.1",
    "disposed_at": "2025-06-02 12:00:00",
    "proceeds": "9000",
    "rule": "missing",
}
POUNDS = {"asset": "GBP", "quantity": "100", "acquired_at": "2025-05-01 00:00:00", "disposed_at": "2025-06-02 12:00:00",
          "proceeds": "130", "basis": "125", "gain": "5", "term": "short", "rule": "fifo", "state_money": True}  # fmt: skip


# ------------------------------------------------------------------------------------------------ all forms


@pytest.mark.parametrize("target", FORMS, ids=lambda target: target.name)
def test_every_file_of_a_draft_says_so_in_its_name_and_inside(target: Target) -> None:
    year = draft(own_policy(target))
    for name, content in target.write(year).items():
        assert "-DRAFT" in name
        if name.endswith((".csv", ".txt", ".html")) and (len(content.splitlines()) > 1):
            assert "DRAFT" in content.decode(), name
    clean = target.write(tax_year(own_policy(target)))
    assert [name for name, content in clean.items() if "DRAFT" in name or b"DRAFT" in content] == []


@pytest.mark.parametrize("target", FORMS, ids=lambda target: target.name)
def test_the_same_year_gives_the_same_bytes(target: Target) -> None:
    assert target.write(draft(own_policy(target))) == target.write(draft(own_policy(target)))


@pytest.mark.parametrize("target", FORMS, ids=lambda target: target.name)
def test_an_accepted_block_is_printed_with_its_reason_and_advice_is_refused_once(target: Target) -> None:
    files = target.write(accepted(own_policy(target)))
    (told,) = [content.decode() for name, content in files.items() if name.endswith((".html", ".txt"))]
    assert "Accepted by Anna" in told
    assert "bought for cash in 2013" in told
    assert 1 == told.count(ADVICE)
    assert "bought for cash in 2013" in files[next(name for name in files if name.endswith("-blocks.csv"))].decode()


@pytest.mark.parametrize("target", FORMS, ids=lambda target: target.name)
def test_every_line_leads_to_rows_and_every_total_agrees(target: Target) -> None:
    files = target.write(tax_year(own_policy(target)))
    name = next(name for name in files if name.endswith("-sources.csv"))
    rows = table(files, name)
    assert {row["row"] for row in rows} >= {"201", "202", "203", "205", "101", "102", "103", "104"}
    assert all(row["source_file"] and row["source_row"] for row in rows)
    assert {row["file_of_line"] for row in rows} <= set(files)
    controls = table(files, name.replace("-sources", "-controls"))
    assert len(controls) >= 6
    assert [row for row in controls if abs(Decimal(row["difference"])) > Decimal("0.01")] == []


@pytest.mark.parametrize("target", FORMS, ids=lambda target: target.name)
def test_names_of_files_and_assets_are_text_and_nothing_else(target: Target) -> None:
    odd = {"quantity": "1", "acquired_at": "2025-05-01 00:00:00", "disposed_at": "2025-06-02 12:00:00", "proceeds": "2",
           "basis": "1", "gain": "1", "term": "short", "rule": "fifo"}  # fmt: skip
    year = with_disposals(own_policy(target), {**odd, "asset": HOSTILE, "note": "</td><script>alert(2)</script>"},
                          {**odd, "asset": "=cmd|calc"}, {**odd, "asset": "A\r\n^\r\nTD\r\nN321\u202e"})  # fmt: skip
    year = replace(year, results=year.results.with_columns(symbol=pl.lit(HOSTILE)))
    files = target.write(year)
    for name, content in files.items():
        if name.endswith(".html"):
            page = content.decode()
            assert "<img" not in page
            assert "<script" not in page
            assert "default-src 'none'" in page
            assert "\u202e" not in page
        elif name.endswith(".csv"):
            cells = [cell for row in csv.reader(io.StringIO(content.decode())) for cell in row]
            assert [cell for cell in cells if cell.startswith(("=", "@", "+"))] == []
        elif name.endswith(".xlsx"):
            book = openpyxl.load_workbook(io.BytesIO(content))
            assert [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == []
        elif name.endswith(".txf"):
            records = content.decode("ascii").split("\r\n^\r\n")
            assert 1 + 7 == len([record for record in records if record])
            assert all(len(record.split("\r\n")) == 9 for record in records[1:] if record)


# ------------------------------------------------------------------------------------------------ Form 8949


def test_form_8949_has_the_columns_of_the_form_and_totals_by_hand() -> None:
    files = form_8949.write(tax_year())
    lines = table(files, "form-8949-2025.csv")
    assert [
        ("Part I", "I", "0.25 BTC", "02/10/2025", "05/02/2025", "22500", "24000", "", "", "-1500"),
        ("Part I", "I", "31.7 USDT", "01/03/2025", "05/03/2025", "31.68", "31.71", "", "", "-0.03"),
        ("Part I", "I", "1.2 ETH", "11/20/2024", "10/10/2025", "4200", "3720", "", "", "480"),
        ("Part II", "L", "0.5 BTC", "01/10/2023", "05/02/2025", "45000", "9000.5", "", "", "35999.5"),
    ] == [tuple(line.values())[1:11] for line in lines]
    # short: 22,500 + 31.68 + 4,200 and 24,000 + 31.71 + 3,720; long: 45,000 and 9,000.50
    assert [("3", "I", "3", "26731.68", "27751.71", "0", "-1020.03"), ("10", "L", "1", "45000", "9000.5", "0", "35999.5")
            ] == [tuple(row.values())[:7] for row in table(files, "form-8949-2025-schedule-d.csv")]  # fmt: skip
    page = files["form-8949-2025.html"].decode()
    assert "-1,020.03" in page
    assert "35,999.50" in page
    assert '<td class="n loss" title="-21.68925">-21.69</td>' in page


def test_derivatives_interest_and_money_stand_beside_the_form() -> None:
    files = form_8949.write(with_disposals(US_2025, POUNDS))
    assert "GBP" not in files["form-8949-2025.csv"].decode()
    (money,) = table(files, "form-8949-2025-state-money.csv")
    assert ("100 GBP", "130", "125", "5") == tuple(money[name] for name in
        ("description", "proceeds", "cost or other basis", "gain or loss"))  # fmt: skip
    (symbol,) = table(files, "form-8949-2025-derivatives.csv")
    # -30.18 + 9.99; -0.9995; -0.49975
    assert ("ETHUSDTM", "-20.19", "-0.9995", "-0.49975", "-21.68925") == tuple(
        symbol[name] for name in ("symbol", "results", "trading fees", "funding", "net"))  # fmt: skip
    rest = {row["what"]: row["value"] for row in table(files, "form-8949-2025-income-and-expenses.csv")}
    assert {"income": "1.999", "interest": "-0.95"} == rest


def test_derivatives_may_be_lines_of_the_form_by_choice() -> None:
    chosen = Choices(derivatives="lines")
    lines = table(form_8949.write(tax_year(), chosen), "form-8949-2025.csv")
    (line,) = [line for line in lines if "ETHUSDTM" in line["description of property"]]
    assert ("C", "perpetual ETHUSDTM, cash settled", "VARIOUS", "05/03/2025", "0", "21.69", "-21.69") == tuple(
        line[name] for name in ("box", "description of property", "date acquired", "date sold", "proceeds",
                                "cost or other basis", "gain or loss"))  # fmt: skip
    kept_apart = tax_year(replace(US_2025, funding="fee"))
    (derived,) = [line for line in form_lines(kept_apart, chosen) if line.is_derivative]
    assert Decimal("21.19") == derived.basis  # 20.19 + 0.9995


def test_an_unknown_basis_is_an_empty_cell_and_in_no_total() -> None:
    files = form_8949.write(with_disposals(US_2025, {**UNKNOWN, "term": "short"}))
    (line,) = [line for line in table(files, "form-8949-2025.csv") if line["description of property"] == "0.1 BTC"]
    assert ("", "9000", "", "") == tuple(line[name] for name in
        ("date acquired", "proceeds", "cost or other basis", "gain or loss"))  # fmt: skip
    assert "unknown: basis, date acquired" in line["note"]
    (short, _) = table(files, "form-8949-2025-schedule-d.csv")
    assert ("26731.68", "-1020.03", "1") == (short["proceeds"], short["gain or loss"], short["left out"])
    controls = {row["name"]: row["difference"] for row in table(files, "form-8949-2025-controls.csv")}
    assert "0" == controls["form 8949: lines left out as unknown"]
    assert "1 of 4 lines unknown and left out" in files["form-8949-2025.html"].decode()


def test_a_sale_of_unknown_holding_period_is_on_no_part_and_not_carried() -> None:
    files = form_8949.write(with_disposals(US_2025, UNKNOWN))
    (line,) = [line for line in table(files, "form-8949-2025.csv") if line["description of property"] == "0.1 BTC"]
    assert ("Part not known", "") == (line["part"], line["box"])
    told = [(row["box"], row["left out"]) for row in table(files, "form-8949-2025-schedule-d.csv")]
    assert [("I", "0"), ("L", "0"), ("", "1")] == told, "what is on no line is told beside the totals"


def test_a_line_a_disposal_says_various_for_several_days() -> None:
    later = {"asset": "ETH", "disposal_id": "77", "quantity": "1", "disposed_at": "2025-07-01 00:00:00", "term": "short",
             "rule": "fifo", "proceeds": "10.005", "basis": "3", "gain": "7.005"}  # fmt: skip
    year = with_disposals(US_2025, {**later, "acquired_at": "2025-02-01 00:00:00"},
                          {**later, "acquired_at": "2025-03-01 00:00:00"})  # fmt: skip
    made = [line for line in form_lines(year, Choices(lines="disposal")) if line.description == "2 ETH"]
    assert [("VARIOUS", Decimal("20.01"), Decimal("6.00"), Decimal("14.01"))] == [
        (line.acquired, line.proceeds, line.basis, line.gain) for line in made]  # fmt: skip
    apart = [line for line in form_lines(year, Choices()) if line.description == "1 ETH"]
    # each half a cent goes up, and the gain is that of the printed cents
    assert [("02/01/2025", Decimal("10.01"), Decimal("7.01")), ("03/01/2025", Decimal("10.01"), Decimal("7.01"))] == [
        (line.acquired, line.proceeds, line.gain) for line in apart]  # fmt: skip


def test_a_pool_has_no_day_and_is_various() -> None:
    pooled = {"asset": "ETH", "quantity": "1", "disposed_at": "2025-07-01 00:00:00", "term": "short", "rule": "average",
              "proceeds": "10", "basis": "3", "gain": "7"}  # fmt: skip
    lines = form_lines(with_disposals(US_2025, pooled, {**pooled, "rule": "fifo", "quantity": "2"}), Choices())
    assert {"1 ETH": "VARIOUS", "2 ETH": ""} == {line.description: line.acquired for line in lines
                                                 if line.description in {"1 ETH", "2 ETH"}}  # fmt: skip


def test_boxes_follow_the_year_and_what_a_broker_reported() -> None:
    chosen = Choices(reported={"D-201-2": "basis_reported", "D-201-1": "proceeds_reported"},
                     adjusted={"D-201-2": Adjusted("B", Decimal("100"))})  # fmt: skip
    now = {line.description: line for line in form_lines(tax_year(), chosen)}
    assert ("G", "K", "I") == (now["0.25 BTC"].box, now["0.5 BTC"].box, now["1.2 ETH"].box)
    assert ("B", Decimal("-1400.00")) == (now["0.25 BTC"].code, now["0.25 BTC"].gain)
    before = {line.description: line.box for line in form_lines(tax_year(replace(US_2025, year=2024)), chosen)}
    assert ("A", "E", "C") == (before["0.25 BTC"], before["0.5 BTC"], before["1.2 ETH"])
    rows = {row["box"]: row["Schedule D line"] for row in table(form_8949.write(tax_year(), chosen),
                                                                "form-8949-2025-schedule-d.csv")}  # fmt: skip
    assert {"G": "1b", "I": "3", "K": "9"} == rows


def test_days_are_those_of_the_zone() -> None:
    late = tax_year(replace(US_2025, zone="Asia/Tokyo"))
    (line,) = [line for line in form_lines(late, Choices()) if line.description == "0.5 BTC"]
    assert ("01/10/2023", "05/03/2025") == (line.acquired, line.sold)


def test_the_workbook_has_a_sheet_a_part_and_exact_text_for_long_figures() -> None:
    long = {"asset": "SHIB", "quantity": "1", "acquired_at": "2025-05-01 00:00:00", "disposed_at": "2025-06-02 12:00:00",
            "proceeds": "123456789012345.67", "basis": "0.01", "gain": "123456789012345.66", "term": "short",
            "rule": "fifo"}  # fmt: skip
    book = openpyxl.load_workbook(io.BytesIO(form_8949.write(with_disposals(US_2025, long))["form-8949-2025.xlsx"]))
    assert [
        "about",
        "part i",
        "part ii",
        "schedule d",
        "state money",
        "derivatives",
        "income and expenses",
    ] == book.sheetnames
    proceeds = {row[3].value: row[6].value for row in book["part i"].iter_rows(min_row=2) if row[3].value}
    assert "123456789012345.67" == proceeds["1 SHIB"]
    assert 4200 == proceeds["1.2 ETH"]


# ------------------------------------------------------------------------------------------------ TXF


def test_txf_has_records_of_format_4_with_the_reference_numbers() -> None:
    year = with_disposals(US_2025, UNKNOWN)
    content = txf.write(year)["txf-2025.txf"].decode("ascii")
    assert content.endswith("^\r\n")
    assert "\n" not in content.replace("\r\n", "")
    header, *records = [record.split("\r\n") for record in content.removesuffix("^\r\n").split("^\r\n")]
    assert ["V042", "Amarginbook 0.0.0", "D12/31/2025", ""] == header
    assert ["TD", "N714", "C1", "L1", "P0.5 BTC", "D01/10/2023", "D05/02/2025", "$9000.50", "$45000.00", ""] in records
    assert ["TD", "N712", "C1", "L1", "P1.2 ETH", "D11/20/2024", "D10/10/2025", "$3720.00", "$4200.00", ""] in records
    assert ["TD", "N716", "C1", "L1", "P0.1 BTC", "D", "D06/02/2025", "$", "$9000.00", ""] in records
    assert 5 == len(records)
    chosen = Choices(reported={"D-201-1": "basis_reported", "D-201-2": "proceeds_reported"})
    told = txf.write(tax_year(), chosen)["txf-2025.txf"].decode("ascii")
    assert re.search(r"N323\r\nC1\r\nL1\r\nP0\.5 BTC", told)
    assert re.search(r"N711\r\nC1\r\nL1\r\nP0\.25 BTC", told)
    assert "PDRAFT 0.5 BTC" in txf.write(draft())["txf-2025-DRAFT.txf"].decode("ascii")


# ------------------------------------------------------------------------------------------------ UK


def gulferaz() -> TaxYear:
    """Return HMRC's example CRYPTO22256 as a tax year (the lines are what the rules make of it)."""
    sold = {**SOLD, "asset": "F"}
    july, august5, august7 = "2025-07-31 12:00:00", "2025-08-05 12:00:00", "2025-08-07 12:00:00"
    costs_of_pool = "313636.363636363636363636"
    disposals = [
        {"line": "D-1-1", "disposal_id": "1", "quantity": "10000", "acquired_at": "2025-07-31 09:00:00", "disposed_at": july,
         "proceeds": "50000", "basis": "45000", "gain": "5000", "rule": "same_day", "rows": ["101"], "lot_rows": ["111"]},
        {"line": "D-1-2", "disposal_id": "1", "quantity": "20000", "acquired_at": "2025-08-06 09:00:00", "disposed_at": july,
         "proceeds": "100000", "basis": "90000", "gain": "10000", "rule": "thirty_days", "rows": ["101"], "lot_rows": ["112"]},
        {"line": "D-2-1", "disposal_id": "2", "quantity": "20000", "acquired_at": "2025-08-06 09:00:00", "disposed_at": august5,
         "proceeds": "100000", "basis": "90000", "gain": "10000", "rule": "thirty_days", "rows": ["102"], "lot_rows": ["112"]},
        {"line": "D-3-1", "disposal_id": "3", "quantity": "100000", "disposed_at": august7, "proceeds": "150000",
         "basis": costs_of_pool, "gain": "-163636.363636363636363636", "rule": "section_104", "rows": ["103"]},
    ]  # fmt: skip
    bought = {**HERE, "asset": "F", "kind": "purchase", "fee": "0"}
    acquisitions = [
        {**bought, "quantity": "10000", "acquired_at": "2025-07-31 09:00:00", "cost": "45000", "rows": ["111"]},
        {**bought, "quantity": "50000", "acquired_at": "2025-08-06 09:00:00", "cost": "225000", "rows": ["112"]},
    ]
    return tax_year(
        UK_2025, disposals=rows_of(DISPOSALS, [{**sold, **row} for row in disposals]),
        acquisitions=rows_of(ACQUISITIONS, acquisitions),
        lots_before=rows_of(LOTS, [{"asset": "F", "quantity": "100000", "cost": "300000"}]),
        lots=rows_of(LOTS, [{"asset": "F", "quantity": "10000", "cost": "31363.636363636363636364"}]),
        results=rows_of(RESULTS, []),
    )  # fmt: skip


def text_of(page: bytes) -> str:
    """Return the words of a page, cells of a row apart by bars."""
    rows = re.sub(r"</t[dh]>", " | ", page.decode())
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", rows)))


def test_hmrc_22256_is_set_out_as_hmrc_sets_it_out() -> None:
    files = BY_NAME["uk"].write(gulferaz())
    told = text_of(files["uk-2025-26.html"])
    for line in (
        "31/07/2025, disposal 1: 30000 F", "Consideration | 150,000.00",
        "Less allowable costs - same day (10000 F) | (45,000.00)",
        "Less allowable costs - 30 day 06/08/2025 (20000 F) | (90,000.00)", "Gain | 15,000.00",
        "05/08/2025, disposal 2: 20000 F", "Gain | 10,000.00", "07/08/2025, disposal 3: 100000 F",
        "Less allowable costs - section 104 (100000 F) | (313,636.36) | "
        "345,000.00 x (100000 / 110000); pool after: 10000 / 31,363.64",
        "Loss | -163,636.36", "Section 104 pool at the start: 100000 / 300,000.00; at the end: 10000 / 31,363.64.",
    ):  # fmt: skip
        assert line in told, line
    # 150,000 + 100,000 + 150,000; 45,000 + 90,000 + 90,000 + 313,636.36; 15,000 + 10,000; 163,636.36
    assert [("13.1", "3"), ("13.2", "400000"), ("13.3", "538637"), ("13.4", "25000"), ("13.5", "163637")] == [
        (row["box"], row["figure"]) for row in table(files, "uk-2025-26-sa108.csv")]  # fmt: skip
    (pooled,) = [row for row in table(files, "uk-2025-26-computations.csv") if row["rule"] == "section 104"]
    assert ("110000", "345000", "10000") == (pooled["pool before"], pooled["cost before"], pooled["pool after"])
    days = table(files, "uk-2025-26-pools.csv")
    assert [("start", "100000"), ("06/08/2025", "110000"), ("07/08/2025", "10000"), ("end", "10000")] == [
        (row["date"], row["pool"]) for row in days]  # fmt: skip


def test_a_purchase_for_a_sale_of_the_year_before_never_enters_the_pool() -> None:
    year = gulferaz()
    covered = {"asset": "F", "quantity": "-1000", "cost": "-4500", "acquired_at": "2025-04-10 09:00:00"}
    bought = {**HERE, "asset": "F", "kind": "purchase", "quantity": "1000", "cost": "4500", "fee": "0",
              "acquired_at": "2025-04-10 09:00:00", "rows": ["110"]}  # fmt: skip
    year = replace(year, lots_before=pl.concat([year.lots_before, rows_of(LOTS, [covered])]),
                   acquisitions=pl.concat([rows_of(ACQUISITIONS, [bought]), year.acquisitions]))  # fmt: skip
    pool = pools(year)["F"]
    assert pool.is_proven
    assert 1000 == pool.earlier.quantity
    assert "Of what was acquired, 1000 / 4,500.00 belongs to the year before" in text_of(
        BY_NAME["uk"].write(year)["uk-2025-26.html"])  # fmt: skip


def test_the_sales_of_a_day_are_one_disposal_and_units_that_cover_a_short_sale_are_in_no_pool() -> None:
    day = {**SOLD, "asset": "D", "disposed_at": "2026-01-31 12:00:00"}
    sold = [
        {**day, "line": "D-1-1", "disposal_id": "1", "quantity": "5000", "proceeds": "500", "basis": "400", "gain": "100",
         "rule": "section_104", "rows": ["101"]},
        {**day, "line": "D-2-1", "disposal_id": "2", "quantity": "2000", "proceeds": "142", "basis": "160", "gain": "-18",
         "rule": "section_104", "rows": ["102"]},
        {**day, "line": "D-3-1", "disposal_id": "3", "quantity": "10", "proceeds": "3", "basis": "2", "gain": "1",
         "rule": "short_sale", "disposed_at": "2026-02-20 12:00:00", "rows": ["103"]},
    ]  # fmt: skip
    bought = {**HERE, "asset": "D", "kind": "purchase", "quantity": "30", "cost": "6", "fee": "0",
              "acquired_at": "2026-02-20 12:00:00", "rows": ["111"]}  # fmt: skip
    year = tax_year(
        UK_2025, disposals=rows_of(DISPOSALS, sold), acquisitions=rows_of(ACQUISITIONS, [bought]),
        lots_before=rows_of(LOTS, [{"asset": "D", "quantity": "7500", "cost": "600"}]),
        lots=rows_of(LOTS, [{"asset": "D", "quantity": "520", "cost": "44"}]),
    )  # fmt: skip
    files = BY_NAME["uk"].write(year)
    told = text_of(files["uk-2025-26.html"])
    assert "Consideration | 642.00 | 500.00 + 142.00" in told
    assert (
        "Less allowable costs - section 104 (7000 D) | (560.00) | 600.00 x (7000 / 7500); pool after: 500 / 40.00"
        in told
    )
    assert "Gain | 82.00" in told
    assert ["2", "645", "562", "83", "0"] == [row["figure"] for row in table(files, "uk-2025-26-sa108.csv")]
    assert pools(year)["D"].is_proven  # 20 of the 30 that were bought entered


def test_a_pool_that_does_not_close_is_not_shown() -> None:
    year = replace(gulferaz(), lots=rows_of(LOTS, [{"asset": "F", "quantity": "9000", "cost": "31363"}]))
    files = BY_NAME["uk"].write(year)
    (pooled,) = [row for row in table(files, "uk-2025-26-computations.csv") if row["rule"] == "section 104"]
    assert ("", "", "", "") == tuple(
        pooled[name] for name in ("pool before", "cost before", "pool after", "cost after")
    )
    assert "the purchases and disposals of the year lead to 10000 / 31,363.64" in text_of(files["uk-2025-26.html"])
    assert "313636.363636363636363636" == pooled["cost of units"]


def test_an_unknown_cost_of_a_pool_is_unknown_and_never_zero() -> None:
    year = gulferaz()
    lacking = year.acquisitions.with_columns(cost=pl.when(pl.col("quantity") == 10000).then(pl.col("cost")))
    of_pool = year.disposals.with_columns(basis=pl.when(pl.col("rule") == "same_day").then(pl.col("basis")))
    lots = rows_of(LOTS, [{"asset": "F", "quantity": "10000"}])
    files = BY_NAME["uk"].write(replace(year, acquisitions=lacking, disposals=of_pool, lots=lots))
    days = [(row["date"], row["pool"], row["pooled cost"]) for row in table(files, "uk-2025-26-pools.csv")]
    assert [("start", "100000", "300000"), ("06/08/2025", "110000", ""), ("07/08/2025", "10000", ""),
            ("end", "10000", "")] == days  # fmt: skip
    assert "at the end: 10000 / unknown." in text_of(files["uk-2025-26.html"])


def test_sa108_counts_a_disposal_a_day_and_rounds_in_favour() -> None:
    files = BY_NAME["uk"].write(tax_year(UK_2025))
    # BTC: 67,567.50 - 33,000.50 - fees of 67.50; ETH: 4,200 - 3,720; USDT: 31.68 - 31.71
    assert [("13.1", "3", ""), ("13.2", "71799", "71799.18"), ("13.3", "36820", "36819.71"),
            ("13.4", "34979", "34979.5"), ("13.5", "1", "0.03")] == [
        (row["box"], row["figure"], row["exact"]) for row in table(files, "uk-2025-26-sa108.csv")]  # fmt: skip
    older = BY_NAME["uk"].write(tax_year(replace(UK_2025, year=2023)))
    assert ["14", "15", "16", "17", "19"] == [row["box"] for row in table(older, "uk-2023-24-sa108.csv")]
    first = BY_NAME["uk"].write(tax_year(replace(UK_2025, year=2015)))
    assert [""] * 5 == [row["box"] for row in table(first, "uk-2015-16-sa108.csv")]
    assert "was not read" in text_of(first["uk-2015-16.html"])


def test_the_fees_of_a_sale_are_a_cost_and_no_less_proceeds() -> None:
    """TCGA 1992 s. 38(1)(c), CRYPTO22150: the consideration is gross; the gain is the same either way."""
    files = BY_NAME["uk"].write(tax_year(UK_2025))
    told = text_of(files["uk-2025-26.html"])
    assert "Consideration | 67,567.50" in told
    assert "Less allowable costs - fees of the sale | (67.50)" in told
    assert "Gain | 34,499.50" in told  # 67,567.50 - 67.50 - 33,000.50
    assert 1 == told.count("fees of the sale |")  # ETH and USDT were disposed of without any
    parts = table(files, "uk-2025-26-computations.csv")
    assert [("45045", "45", "9000.5", "35999.5"), ("22522.5", "22.5", "24000", "-1500")] == [
        (row["proceeds"], row["fees of sale"], row["cost of units"], row["gain"])
        for row in parts if row["asset"] == "BTC"]  # fmt: skip
    controls = {row["name"]: row for row in table(files, "uk-2025-26-controls.csv")}
    assert ("71799.18", "0") == tuple(
        controls["uk: proceeds of known disposals"][name] for name in ("here", "difference")
    )


def test_a_disposal_of_unknown_cost_is_counted_and_in_no_other_box() -> None:
    files = BY_NAME["uk"].write(with_disposals(UK_2025, {**UNKNOWN, "asset": "DOGE"}))
    boxes = table(files, "uk-2025-26-sa108.csv")
    assert ["4", "71799", "36820", "34979", "1"] == [row["figure"] for row in boxes]
    assert "1 of 4 disposals unknown and left out" == boxes[1]["note"]
    nothing = replace(tax_year(UK_2025), disposals=rows_of(DISPOSALS, [
        {**SOLD, **UNKNOWN, "line": "D-1-1", "disposal_id": "1", "rows": ["201"]}]))  # fmt: skip
    boxes = table(BY_NAME["uk"].write(nothing), "uk-2025-26-sa108.csv")
    assert ["1", "", "", "", ""] == [row["figure"] for row in boxes]


def test_gains_either_side_of_the_change_of_rates_of_2024_are_apart() -> None:
    year = tax_year(replace(UK_2025, year=2024))
    moved = year.disposals.with_columns(disposed_at=pl.col("disposed_at").dt.offset_by("-6mo"))
    told = text_of(BY_NAME["uk"].write(replace(year, disposals=moved))["uk-2024-25.html"])
    # all but the ETH of 10 April 2025 were sold in November 2024
    assert "before 30/10/2024 | 0 | 0.00 | 0.00" in told
    assert "from 30/10/2024 on | 3 | 34,979.50 | 0.03" in told


# ------------------------------------------------------------------------------------------------ Germany


def test_anlage_so_and_kap_by_hand() -> None:
    files = BY_NAME["germany"].write(tax_year(DE_2025))
    figures = {(row["form"], row["Zeile"]): row["figure"] for row in table(files, "germany-2025-formulare.csv")}
    assert {("Anlage SO", "48"): "26731.68", ("Anlage SO", "49"): "27751.71", ("Anlage SO", "50"): "",
            ("Anlage SO", "51"): "-1020.03", ("Anlage SO", "15"): "2", ("Anlage KAP", "19"): "-21.69",
            ("Anlage KAP", "22"): "21.69"} == figures  # fmt: skip
    kinds = {row["Wirtschaftsgut"]: row["Art"] for row in table(files, "germany-2025-verkaeufe.csv")}
    assert "nicht steuerbar: nach mehr als einem Jahr" == kinds["0.5 BTC"]
    told = text_of(files["germany-2025.html"])
    assert "less than 1,000 euros; this book's gain of -1,020.03 is less." in told
    assert "less than 256 euros; this book's 2.00 is less." in told
    assert "03.05.2025" not in told  # 23:59 UTC is the next day in Berlin
    assert "04.05.2025" in told


def test_termingeschaefte_before_2025_are_gains_and_losses_apart() -> None:
    gain = {**PERPS, "line": "R-300", "position_id": "main:BTCUSDTM:1", "symbol": "BTCUSDTM", "side": "long",
            "product": "perpetual", "part": "result", "asset": "USDT", "booked_at": "2024-05-01 00:00:00", "amount": "50",
            "value": "45.5", "forced": False, "group": "derivative", "rows": ["203"]}  # fmt: skip
    year = tax_year(replace(DE_2025, year=2024))
    year = replace(year, results=pl.concat([year.results, rows_of(RESULTS, [gain])]))
    files = BY_NAME["germany"].write(year)
    figures = {(row["form"], row["Zeile"]): row["figure"] for row in table(files, "germany-2024-formulare.csv")}
    assert ("45.5", "45.5", "21.69") == tuple(figures["Anlage KAP", line] for line in ("19", "21", "24"))
    assert "-1020.03" == figures["Anlage SO", "47"]
    assert "Jahressteuergesetz 2024 abolished that" in text_of(files["germany-2024.html"])


def test_a_limit_is_reached_at_the_limit_and_never_told_while_sales_are_unknown() -> None:
    gain = {"asset": "ETH", "quantity": "1", "acquired_at": "2025-05-01 00:00:00", "disposed_at": "2025-06-02 12:00:00",
            "proceeds": "2020.03", "basis": "0", "gain": "2020.03", "term": "short", "rule": "fifo"}  # fmt: skip
    reached = text_of(BY_NAME["germany"].write(with_disposals(DE_2025, gain))["germany-2025.html"])
    assert "this book's gain of 1,000.00 is not less." in reached
    below = text_of(
        BY_NAME["germany"].write(with_disposals(DE_2025, {**gain, "proceeds": "2020.02"}))["germany-2025.html"]
    )
    assert "this book's gain of 999.99 is less." in below
    for unknown in (UNKNOWN, {**UNKNOWN, "term": "short"}):
        told = text_of(BY_NAME["germany"].write(with_disposals(DE_2025, gain, unknown))["germany-2025.html"])
        assert "cannot be told while sales are unknown" in told


def test_an_unvalued_result_leaves_its_position_out() -> None:
    year = tax_year(DE_2025)
    lacking = year.results.with_columns(value=pl.when(pl.col("line") != "R-204").then(pl.col("value")))
    files = BY_NAME["germany"].write(replace(year, results=lacking))
    (position,) = table(files, "germany-2025-termingeschaefte.csv")
    assert ("-20.19", "", "") == (position["Ergebnis"], position["Gebühren"], position["Gewinn / Verlust"])
    assert "trading fees: no value is known of 1 line, the others come to 0" in position["note"]
    assert "1 position with unknown values left out" in text_of(files["germany-2025.html"])
    lines = {row["Zeile"]: row["figure"] for row in table(files, "germany-2025-formulare.csv")}
    assert ("", "") == (lines["19"], lines["22"])


# ------------------------------------------------------------------------------------------------ facts and amounts


def test_facts_have_sources_and_never_contradict_each_other() -> None:
    for one in facts():
        assert one.source
        assert one.read_on
        assert one.to_year is None or one.from_year <= one.to_year
        held = [other for other in facts() if (other.jurisdiction, other.fact) == (one.jurisdiction, one.fact)
                and other.holds_in(one.from_year)]  # fmt: skip
        assert [one] == held, one.fact
    assert ("600", "1000") == (value("de", "private_sale_limit", 2023), value("de", "private_sale_limit", 2024))
    assert fact("de", "so_line_gain", 2026) is None
    assert "| sa108 box proceeds | 13.2 | 2024- | HMRC SA108" in facts_markdown("uk")
    assert "| private sale limit | 600 | 2009-2023 | § 23" in facts_markdown("de")


def test_amounts_are_rounded_as_the_forms_ask() -> None:
    assert Decimal("0.01") == cents(Decimal("0.005"))
    assert Decimal("-0.01") == cents(Decimal("-0.005"))
    assert "0.00" == str(cents(Decimal("-0.001")))
    assert (Decimal(1), Decimal(2)) == (down(Decimal("1.99")), up(Decimal("1.01")))
    assert "-1,234.50" == written(Decimal("-1234.5"))
    assert "12,345,678,901,234,567,890.123456789012345678" == written(
        Decimal("12345678901234567890.123456789012345678")
    )
