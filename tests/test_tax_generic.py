"""A tax year as tables and as a workbook: every line with every digit, and a summary that is what the lines come to."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import openpyxl
import polars as pl
import pytest

from reports import cells
from reports.tax import generic_workbook
from reports.tax.contract import Files, Target
from reports.tax.sources import Sourced, blocks_csv, sources
from reports.tax.summary import SUMMARY, summary
from reports.tax.targets import TARGETS
from reports.tax.value import ACQUISITIONS, LOTS, TaxYear
from schemas.types import MONEY
from tests.taxes import DE_2025, HERE, UK_2025, US_2025, accepted, draft, rows_of, tax_year

TABLES = ("disposals", "acquisitions", "lots_before", "lots", "results", "flows", "wanted", "places")
HOSTILE = '=HYPERLINK("http://x","y")'


def records(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def opened(year: TaxYear) -> Any:
    files = TARGETS["xlsx"].write(year)
    (name,) = [name for name in files if name.endswith(".xlsx")]
    return openpyxl.load_workbook(io.BytesIO(files[name]))


def sheet_rows(book: Any, sheet: str) -> list[dict[str, Any]]:
    head, *lines = [[cell.value for cell in row] for row in book[sheet].iter_rows()]
    return [dict(zip(head, line, strict=True)) for line in lines]


def beside(files: Files, kind: str) -> list[dict[str, str]]:
    (name,) = [name for name in files if name.endswith(f"-{kind}.csv")]
    return records(files[name])


# ------------------------------------------------------------------------------------------------ CSV


def test_every_frame_of_the_year_is_a_table_with_every_digit() -> None:
    year = draft()
    files = TARGETS["csv"].write(year)
    frames = {field.name for field in fields(year) if isinstance(getattr(year, field.name), pl.DataFrame)}
    assert frames == {*TABLES, "blocks", "controls", "statements"}
    for table in TABLES:
        frame: pl.DataFrame = getattr(year, table)
        lines = records(files[f"tables-2025-DRAFT-{table.replace('_', '-')}.csv"])
        assert frame.height == len(lines)
        for column, kind in frame.schema.items():
            if kind.is_decimal():
                assert frame[column].to_list() == [Decimal(line[column]) if line[column] else None for line in lines]
        assert {"DRAFT"} >= {line["status"] for line in lines}
    assert {"complete"} == {
        line["status"] for line in records(TARGETS["csv"].write(tax_year())["tables-2025-flows.csv"])
    }


def test_every_line_of_a_table_leads_to_its_rows() -> None:
    led = {
        (line["file_of_line"], line["line"], line["part"]): line
        for line in beside(TARGETS["csv"].write(tax_year()), "sources")
    }
    assert ("kraken-ledgers.csv", "2") == tuple(
        led["tables-2025-disposals.csv", "D-201-1", "acquired"][name] for name in ("source_file", "source_row")
    )
    assert {"disposals", "acquisitions", "lots", "results", "flows"} == {
        name.removeprefix("tables-2025-").removesuffix(".csv") for name, _, _ in led
    }
    assert all(line["row"] for line in led.values())
    of_sheets = {line["part"].split()[0] for line in beside(TARGETS["xlsx"].write(tax_year()), "sources")}
    assert {"disposals", "acquisitions", "lots", "results", "flows"} == of_sheets


def test_controls_compare_the_summary_with_the_lines() -> None:
    lines = beside(TARGETS["csv"].write(tax_year()), "controls")
    assert ("34979.47", "34979.47", "0") == tuple(
        {line["name"]: line for line in lines}["disposals: gain"][name] for name in ("here", "there", "difference")
    )
    assert {"0"} == {line["difference"] for line in lines}


def test_sources_name_each_row_once_and_keep_lines_without_a_known_place() -> None:
    lines = [Sourced("a.csv", "2", "", ["201", "201", "999"]), Sourced("a.csv", "3", "in", [])]
    assert [("2", "", "201", "102", '"raw 201",=1+1'), ("2", "", "999", "", ""), ("3", "in", "", "", "")] == [
        tuple(line[name] for name in ("line", "part", "row", "source_row", "raw")) for line in records(sources(tax_year(), lines))]  # fmt: skip


def test_blocks_that_block_come_before_those_that_somebody_accepted() -> None:
    both = pl.concat([accepted().blocks, draft().blocks.with_columns(block_id=pl.lit("other"))])
    lines = records(blocks_csv(replace(tax_year(), blocks=both)))
    assert [("DRAFT: blocks", "other", ""), ("accepted", "missing_history:main:BTC:20250502T173012", "bought for cash in 2013")] == [
        (line["status"], line["block_id"], line["accepted_reason"]) for line in lines]  # fmt: skip


# ------------------------------------------------------------------------------------------------ summary


def test_the_summary_sums_known_values_and_counts_the_unknown() -> None:
    year = tax_year()
    unknown = year.disposals.with_columns(
        pl.when(pl.col("line") == "D-201-2").then(None).otherwise(pl.col(name)).alias(name)
        for name in ("basis", "gain")
    )
    told = unknown.vstack(
        unknown.filter(pl.col("line") == "D-201-1").with_columns(line=pl.lit("D-9"), basis=None, gain=None)
    )
    page = summary(replace(year, disposals=told)).filter(
        (pl.col("section") == "gains by asset") & (pl.col("asset") == "BTC")
    )
    assert [("long", 2, 1, Decimal(1), Decimal(90000), Decimal("9000.5"), Decimal("35999.5")), ("short", 1, 1, Decimal("0.25"), Decimal(22500), None, None)] == (
        page.select("of", "lines", "unknown", "quantity", "proceeds", "basis", "value").rows())  # fmt: skip


def test_money_of_a_state_is_no_gain_of_a_digital_asset() -> None:
    year = tax_year()
    state = year.disposals.with_columns(state_money=pl.col("asset") == "USDT")
    assert {"BTC", "ETH"} == set(
        summary(replace(year, disposals=state)).filter(pl.col("section") == "gains by asset")["asset"]
    )


def test_the_summary_says_what_was_chosen_what_blocks_and_what_changed() -> None:
    year = replace(accepted(), changes=[{"name": "gain", "before": "1", "after": "2"}], previous_run="2026-01-02")
    page = summary(year)
    assert list(SUMMARY) == page.columns
    said = {(section, name): text for section, name, text in page.select("section", "name", "text").iter_rows()}
    assert {("run", "method"): "fifo", ("run", "status"): "complete", ("run", "starts_at"): "2025-01-01T00:00:00Z", ("run", "previous run"): "2026-01-02",
            ("assumed", "1"): "Lots: first in, first out, within an account.", ("changed", "gain"): "1 -> 2"}.items() <= said.items()  # fmt: skip
    assert [("missing_history", "accepted", 1)] == page.filter(pl.col("section") == "blocks").select(
        "name", "of", "lines"
    ).rows()
    apart = replace(
        year, controls=year.controls.with_columns(difference=pl.lit(Decimal("0.5"), dtype=pl.Decimal(38, 18)))
    )
    assert [Decimal("0.5")] == summary(apart).filter(pl.col("section") == "controls that differ")["value"].to_list()


# ------------------------------------------------------------------------------------------------ workbook


def test_the_workbook_opens_with_the_summary_and_every_table_is_frozen_and_filtered() -> None:
    book = opened(tax_year())
    assert [
        "summary",
        "disposals",
        "acquisitions",
        "lots_before",
        "lots",
        "results",
        "flows",
        "blocks",
        "controls",
        "wanted",
        "places",
    ] == book.sheetnames
    for sheet in book.worksheets[1:]:
        assert "A2" == sheet.freeze_panes and sheet.auto_filter.ref
    assert "Tax year 2025, us, in USD" == book["summary"]["A1"].value
    column = [cell.value for cell in book["summary"]["A"]]
    assert [section for section in column if section in {"run", "assumed", "gains by asset", "results by part", "flows by kind", "lots"}] == (
        ["run", "assumed", "gains by asset", "results by part", "flows by kind", "lots"])  # fmt: skip


def test_figures_are_numbers_that_show_every_digit_and_longer_ones_have_theirs_beside() -> None:
    long = Decimal("123456789.123456789123456789")
    year = tax_year()
    changed = year.disposals.with_columns(
        basis=pl.when(pl.col("line") == "D-201-1").then(pl.lit(long, dtype=pl.Decimal(38, 18))).otherwise("basis")
    )
    book = opened(replace(year, disposals=changed))
    lines = {line["line"]: line for line in sheet_rows(book, "disposals")}
    assert (
        (123456789.123457, str(long)) == (lines["D-201-1"]["basis"], lines["D-201-1"]["basis exact"])
        and "24000" == lines["D-201-2"]["basis exact"]
        and 24000 == lines["D-201-2"]["basis"]
        and 0.25 == lines["D-201-2"]["quantity"]
    )
    assert "disposals.basis" in " ".join(str(cell.value) for cell in book["summary"]["A"])


def test_a_column_sums_up_in_a_spreadsheet_and_beside_it_to_the_last_digit() -> None:
    """A spreadsheet adds doubles and passes text over: what it makes of a column is what the year says."""
    year = tax_year()
    thirds = year.disposals.with_columns(gain=pl.Series([Decimal("33333.333333333333333333")] * 4, dtype=MONEY))
    book = opened(replace(year, disposals=thirds))
    cells_of = sheet_rows(book, "disposals")
    assert all(isinstance(line["gain"], float) for line in cells_of)
    assert abs(sum(line["gain"] for line in cells_of) - 133333.33333333333) < 1e-8
    assert Decimal("133333.333333333333333332") == sum(Decimal(line["gain exact"]) for line in cells_of)
    summed = [row for row in book["summary"].iter_rows(values_only=True) if "33333.333333333333333333" in row]
    assert 4 == len(summed), "of ETH, USDT and BTC, short and long"
    assert all(33333.3333333333 in row for row in summed)
    assert "gain exact" not in sheet_rows(opened(year), "disposals")[0]


PLACELESS = {"cointracker", "cointracker-net", "recap", "recap-net"}
"""Import files without any column of free text: the name of the file alone says what it is."""


def inside(name: str, content: bytes) -> str:
    if not name.endswith(".xlsx"):
        return content.decode()
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "".join(book.read(part).decode() for part in book.namelist() if part.endswith(".xml"))


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_every_file_of_every_target_says_draft(target: Target) -> None:
    policy = {"us": US_2025, "uk": UK_2025, "de": DE_2025}[(target.jurisdictions or ("us",))[0]]
    files = target.write(draft(policy))
    silent = set()
    for name, content in files.items():
        assert "-DRAFT" in name
        is_header_alone = name.endswith(".csv") and len(records(content)) == 0
        if not is_header_alone and "DRAFT" not in inside(name, content):
            silent.add(name)
    assert bool(silent) == (target.name in PLACELESS)
    if silent:  # what it is stands beside
        (notes,) = [content.decode() for name, content in files.items() if name.endswith("-notes.txt")]
        assert "DRAFT: 1 block that nobody accepted" in notes
        assert "a draft says so in the name of its file" in notes
        assert all(name.endswith(".csv") and f"{name}: " in notes for name in silent)
    assert [] == [
        name for name, content in target.write(tax_year(policy)).items() if "DRAFT" in name + inside(name, content)
    ]


def test_a_draft_says_so_on_every_sheet_and_beside() -> None:
    book = opened(draft())
    assert "Tax year 2025, us, in USD: DRAFT, 1 block open" == book["summary"]["A1"].value
    for sheet in book.worksheets:
        assert "DRAFT" in sheet.oddHeader.center.text
        assert sheet.title == "summary" or {"DRAFT"} >= {line["status"] for line in sheet_rows(book, sheet.title)}
    for target in ("csv", "xlsx"):
        assert [] == [name for name in TARGETS[target].write(draft()) if "DRAFT" not in name]
        assert any("blocks" in name for name in TARGETS[target].write(accepted()))
    assert "bought for cash in 2013" in sheet_rows(opened(accepted()), "blocks")[0].values()


def test_text_of_files_never_becomes_a_formula() -> None:
    year = tax_year()
    hostile = replace(
        year, flows=year.flows.with_columns(text=pl.lit(HOSTILE), venue=pl.lit("=1+1")), assumptions=["=2+2"]
    )
    book = opened(hostile)
    assert {"s", "n", "b", "d"} >= {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert HOSTILE == sheet_rows(book, "flows")[0]["text"]
    cells_of = [
        cell
        for content in TARGETS["csv"].write(hostile).values()
        for line in csv.reader(io.StringIO(content.decode()))
        for cell in line
    ]
    assert [] == [cell for cell in cells_of if cell.startswith("=")] and f"'{HOSTILE}" in cells_of


def test_a_sheet_that_is_full_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generic_workbook, "MOST_ROWS", 5)
    book = opened(tax_year())
    assert 11 == sum(len(sheet_rows(book, name)) for name in ("flows", "flows 2", "flows 3"))
    assert cells.MOST_ROWS > 1_000_000


def test_a_year_without_anything_is_a_workbook_too_and_the_same_year_the_same_bytes() -> None:
    year = tax_year()
    bare = replace(year, **{name: getattr(year, name).clear() for name in (*TABLES, "controls")}, assumptions=())
    assert "run" in [cell.value for cell in opened(bare)["summary"]["A"]]
    assert {"0", ""} >= {line["difference"] for line in beside(TARGETS["csv"].write(bare), "controls")}
    (first,), (second,) = [
        [content for name, content in TARGETS["xlsx"].write(year).items() if name.endswith("xlsx")] for _ in range(2)
    ]
    assert first == second and zipfile.ZipFile(io.BytesIO(first)).testzip() is None


def test_lots_without_a_name_are_told_by_their_place() -> None:
    pool = rows_of(LOTS, [{"asset": "ETH", "quantity": "2", "cost": "300", "rows": ["105", "106"]}])
    bought = rows_of(
        ACQUISITIONS, [{"lot": None, **HERE, "asset": "ETH", "quantity": "2", "cost": "300", "rows": ["105"]}]
    )
    files = TARGETS["csv"].write(replace(tax_year(), lots=pool, acquisitions=bought))
    assert {("tables-2025-lots.csv", "row 2", "105"), ("tables-2025-lots.csv", "row 2", "106"), ("tables-2025-acquisitions.csv", "row 2", "105")} <= {
        (line["file_of_line"], line["line"], line["row"]) for line in beside(files, "sources")}  # fmt: skip
