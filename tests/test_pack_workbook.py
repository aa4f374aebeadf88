"""The workbook of a closed month: what an accountant opens, exact to the last digit and inert to the last cell."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Context, Decimal, localcontext
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from ledger.book import Book
from ledger.commands.demo import write_exports
from ledger.trace import trace
from reports.cells import plain
from reports.listings import FILES
from reports.month import Evidence, Month
from reports.monthly import HEADINGS
from reports.pack_workbook import pack_workbook
from schemas.types import INSTANT, MONEY
from tests.spreadsheets import AGREES, ROUND, Sheets, formula_of, same

ZONE = "Europe/Berlin"
START, END = (datetime(2026, month, 1, tzinfo=ZoneInfo(ZONE)) for month in (1, 2))
OF_MONTH = ("reconcile", "breaks", "positions", "realized", "funding", "interest", "liquidations", "loans", "witnesses",
            "findings", "coverage")  # fmt: skip
KEYS = {"reconcile": "line", "positions": "position_id", "realized": "line", "funding": "line", "interest": "line"}
HOSTILE = ["=cmd|'/c calc'!A1", "<script>alert(1)</script>", "1234567890" * 4, "+1+1", "-2", "@SUM(A1)", "\t=1", "\r=1",
           "\x00\x01\x1b[31m", "x" * 40_000, "<r><t>x</t></r></is></c><c r=\"A9\"><f>1+1</f></c><c><is><r></r>", "\uffff",
           "https://example.org/", "internal:'about'!A1", "mailto:x@example.org", "_x0041_", "{=1+1}", "&", "#REF!"]  # fmt: skip
OURS = re.compile(
    r"""=(IF\(ROUND\(.*=0,"yes","NO"\)|ROUND\(.*\)|(\+?(SUMIFS|SUMPRODUCT|SUM|COUNTIF)\([^"]*("\w+")?\))+(\+[A-Z]+\d+)?"""
    r"""|('[\w -]+'|\w+)![A-Z]+\d+)"""
)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    """The month of an account of the demo, as its reports tell it, with the rows behind its figures."""
    folder = tmp_path_factory.mktemp("month")
    exports = write_exports(folder / "exports")
    book = Book.open(folder / "book.duckdb")
    book.import_paths([exports / "Bybit-UM-TransactionLog-1767830400-1769904000.csv"])
    words: dict[str, Any] = {
        "account": "bybit",
        "start": START.astimezone(UTC),
        "to": END.astimezone(UTC),
        "zone": ZONE,
    }
    sections = {name: book.report(name, **words) for name in OF_MONTH}
    sections["files"] = book.listing(FILES)
    evidence = {}
    for name, key in KEYS.items():
        for line in sections[name][key].drop_nulls().to_list():
            evidence[line] = [
                Evidence(at=row.at, table=row.table, what=row.what, place=f"{row.file}:{row.row}", raw=row.raw)
                for row in trace(book.store, book.archive, line)
            ]
    book.close()
    return Month(
        account="bybit", period="2026-01", zone=ZONE, starts_at=START, ends_at=END, status="draft", version="1.2.3",
        figures=hashlib.sha256(b"figures").hexdigest(), blocks=["bybit unified USDT: a break of 3 USDT"],
        sections=sections, evidence={line: rows[:3] for line, rows in evidence.items()},
        evidence_counts={line: len(rows) for line, rows in evidence.items()},
    )  # fmt: skip


@pytest.fixture(scope="module")
def sheets(month: Month) -> Sheets:
    return Sheets(pack_workbook(month))


def roll(**values: Any) -> pl.DataFrame:
    """A line of a roll-forward that rolls, unless told otherwise."""
    line: dict[str, Any] = {"period": "2026-01", "account": "bybit", "venue": "bybit", "wallet": "unified",
                            "asset": "USDT", "opening": Decimal(10), **dict.fromkeys(HEADINGS, Decimal(0))}  # fmt: skip
    line |= values
    with localcontext(Context(prec=60)):
        closing = sum((line[name] or Decimal(0) for name in ("opening", *HEADINGS)), Decimal(0))
    line |= {"closing": values.get("closing", closing), "stated_closing": None, "difference": None}
    line |= {"status": values.get("status", "no_anchor"), "line": values.get("line")}
    money = ("opening", *HEADINGS, "closing", "stated_closing", "difference")
    schema: dict[str, Any] = {name: MONEY if name in money else pl.String() for name in line}
    return pl.DataFrame([line], schema=schema)


def with_rolls(month: Month, *lines: pl.DataFrame, **words: Any) -> Month:
    return replace(
        month, **{"sections": {"reconcile": pl.concat(lines)}, "evidence": {}, "evidence_counts": {}, **words}
    )


def total_lines(sheets: Sheets, sheet: str, line: str = "total") -> list[dict[str, Any]]:
    """Return the lines of totals of that kind, as cells by the first line of their heading."""
    page = sheets.book[sheet]
    heads = [str(cell.value).split("\n")[0] for cell in page[1]]
    return [
        dict(zip(heads, row, strict=True))
        for row in page.iter_rows(min_row=2)
        if any(cell.value == line for cell in row)
    ]


# ------------------------------------------------------------------------------------------------ the whole


def test_every_section_with_rows_has_a_sheet_and_the_summary_names_the_others(month: Month, sheets: Sheets) -> None:
    expected = ["summary", "roll-forward", "positions", "realized", "fees", "funding", "interest", "liquidations", "loans",
                "coverage", "files", "evidence", "about"]  # fmt: skip
    named = {"roll-forward": "reconcile"}
    empty = [name for name in expected if name in OF_MONTH and not month.sections[named.get(name, name)].height]
    assert [name for name in expected if name not in empty] == sheets.book.sheetnames
    told = {row[0].value: row[2].value for row in sheets.book["summary"].iter_rows(max_row=50)}
    assert told["breaks"] == "no sheet: no breaks: every balance that the venue states follows from the rows before it"
    assert {"transfers", "gaps", "witnesses"} <= set(told) and "no sheet" in told["transfers"]


def test_every_sheet_is_frozen_filtered_wide_enough_and_ready_for_paper(sheets: Sheets) -> None:
    for sheet in sheets.book:
        assert sheet.freeze_panes in {"A2", "D2"} and sheet.auto_filter.ref, sheet.title
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight, sheet.print_title_rows) == (
            "landscape",
            0,
            "$1:$1",
        )
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and all(9 <= column.width <= 125 or sheet.title == "evidence"
                                                                    for column in sheet.column_dimensions.values())  # fmt: skip
        if sheet.title != "summary":
            assert all(cell.font.bold and cell.value for cell in sheet[1])
            last = int(re.findall(r"\d+", sheet.auto_filter.ref)[-1])
            assert all(cell.value is None for cell in sheet[last + 1]), (
                "the filter ends with the rows, before the totals"
            )
            assert sheet.oddHeader.left.text == f"bybit, 2026-01 ({ZONE})" and "DRAFT" in sheet.oddHeader.center.text


def test_the_rows_of_a_sheet_are_those_of_its_report(month: Month, sheets: Sheets) -> None:
    for sheet, name in (
        ("roll-forward", "reconcile"),
        ("realized", "realized"),
        ("funding", "funding"),
        ("loans", "loans"),
    ):
        frame = month.sections[name]
        for expected, line in zip(frame.iter_rows(named=True), sheets.rows(sheet), strict=False):
            for column, value in expected.items():
                if column in line and isinstance(value, Decimal) and column != "implied_annual_rate":
                    assert same(value, Decimal(str(line[column]))), (sheet, column)
                elif column in line and isinstance(value, str):
                    assert value == line[column]


def test_the_same_month_gives_the_same_bytes(month: Month) -> None:
    again = replace(month, sections={name: frame.clone() for name, frame in month.sections.items()})
    assert pack_workbook(month) == pack_workbook(again)


def test_a_month_without_anything_is_a_workbook_too(month: Month) -> None:
    empty = replace(month, sections={name: frame.clear() for name, frame in month.sections.items()}, evidence={},
                    evidence_counts={}, blocks=())  # fmt: skip
    for bare in (empty, replace(empty, sections={})):
        assert ["summary", "about"] == Sheets(pack_workbook(bare)).book.sheetnames


# ------------------------------------------------------------------------------------------------ totals


def test_every_formula_means_what_is_written_beside_it(sheets: Sheets) -> None:
    formulas = sheets.formulas()
    assert len(formulas) > 100
    for sheet, cell, formula in formulas:
        assert same(sheets.values[sheet][cell].value, sheets.meaning(sheet, formula)), (sheet, cell, formula)


def test_totals_are_the_exact_sums_per_asset(month: Month, sheets: Sheets) -> None:
    for sheet, name, of in (("roll-forward", "reconcile", "asset"), ("realized", "realized", "settle_asset"),
                            ("fees", "realized", "settle_asset"), ("funding", "funding", "asset")):  # fmt: skip
        frame = month.sections[name]
        totals, exacts, agreeing = (total_lines(sheets, sheet, line) for line in ("total", "exact", "agrees"))
        assert frame[of].unique().sort().to_list() == [line[of].value for line in totals]
        for total, exact, agrees in zip(totals, exacts, agreeing, strict=True):
            summed = [column for column, cell in total.items() if cell.data_type == "f" and column != "check"]
            assert len(summed) >= 2
            for column in summed:
                rows = frame.filter(pl.col(of) == total[of].value)
                expected = sum(rows[column].to_list(), Decimal(0))
                assert plain(expected) == exact[column].value, (sheet, column)
                cached = sheets.values[sheet][total[column].coordinate].value
                assert same(expected, Decimal(str(cached))) and "SUMIFS" in total[column].value
                assert sheets.values[sheet][agrees[column].coordinate].value == "yes" and AGREES.fullmatch(
                    agrees[column].value
                )


def test_the_roll_forward_rolls_by_formulas(month: Month, sheets: Sheets) -> None:
    frame = month.sections["reconcile"]
    lines = sheets.book["roll-forward"]
    place = [cell.value for cell in lines[1]].index("check") + 1
    checks = [cell for (cell,) in lines.iter_rows(min_col=place, max_col=place) if cell.data_type == "f"]
    assert frame.height + len(frame["asset"].unique()) == len(checks), "a check for each line and each line of totals"
    for cell in checks:
        assert ROUND.fullmatch(cell.value) and sheets.meaning("roll-forward", cell.value) == 0
        assert sheets.values["roll-forward"][cell.coordinate].value == 0


def test_a_line_that_does_not_roll_is_seen(month: Month) -> None:
    broken = Sheets(pack_workbook(with_rolls(month, roll(), roll(closing=Decimal("10.25")))))
    found = [line["check"] for line in broken.rows("roll-forward")]
    assert [0, -0.25, None, -0.25] == found[:4]
    told = {row[0].value: row[1].value for row in broken.book["summary"].iter_rows(max_row=30)}
    assert told["opening + causes"] == "are not closing on 1 of 2 lines"


def test_amounts_that_are_text_are_in_the_total_all_the_same(month: Month) -> None:
    long, short = Decimal("12345678901234.123456789012345678"), Decimal("0.000000000000000001")
    lines = [roll(deposits=long), roll(deposits=Decimal("0.1")), roll(deposits=Decimal("0.2"), funding=short)]
    made = Sheets(pack_workbook(with_rolls(month, *lines)))
    (total,), (exact,), (agrees,) = (total_lines(made, "roll-forward", line) for line in ("total", "exact", "agrees"))
    (hidden,) = total_lines(made, "roll-forward", "of cells that are text")
    assert exact["deposits"].value == "12345678901234.423456789012345678"
    assert hidden["deposits"].value == 12345678901234.1 and total["deposits"].value.endswith(
        hidden["deposits"].coordinate
    )
    assert made.values["roll-forward"][agrees["deposits"].coordinate].value == "yes"
    assert [str(long), 0.1, 0.2] == [line["deposits"] for line in made.rows("roll-forward")[:3]]
    assert [0, 0, 0] == [line["check"] for line in made.rows("roll-forward")[:3]]
    for sheet, cell, formula in made.formulas():
        assert same(made.values[sheet][cell].value, made.meaning(sheet, formula)), (sheet, cell, formula)
    about = [row[1].value for row in made.book["about"].iter_rows() if row[0].value == "as text"]
    assert "roll-forward, deposits: 1 amounts of more than 15 digits" in about


def test_a_formula_that_misses_something_says_no(month: Month) -> None:
    made = Sheets(pack_workbook(with_rolls(month, roll(deposits=Decimal("0.1")), roll(deposits=Decimal("0.2")))))
    page = made.book["roll-forward"]
    (agrees,) = total_lines(made, "roll-forward", "agrees")
    page["E2"].value = 0.1000001
    assert page["E1"].value == "opening" or made.meaning("roll-forward", agrees["deposits"].value) == "NO"
    page["D2"].value = page["F2"].value = 77
    assert "NO" in {made.meaning("roll-forward", agrees[name].value) for name in ("opening", "deposits", "withdrawals")}


def test_unknown_is_empty_and_counted_never_zero(month: Month) -> None:
    made = Sheets(pack_workbook(with_rolls(month, roll(), roll(funding=None))))
    lines = made.rows("roll-forward")
    assert (lines[1]["funding"], lines[1]["check"]) == (None, None)
    (unknown,) = total_lines(made, "roll-forward", "cells unknown")
    (total,) = total_lines(made, "roll-forward")
    assert (unknown["funding"].value, unknown["deposits"].value, total["check"].value) == (1, None, None)


def test_assets_that_look_like_criteria_are_summed_by_their_letters(month: Month) -> None:
    names = [">0", "*", "=A1", "usdt", "USDT", "MAR1", None]
    lines = [roll(asset=name, opening=Decimal(2) ** power) for power, name in enumerate(names)]
    made = Sheets(pack_workbook(with_rolls(month, *lines)))
    totals = total_lines(made, "roll-forward")
    expected = {name: Decimal(2) ** power for power, name in enumerate(names)}
    assert expected == {
        line["asset"].value: made.values["roll-forward"][line["opening"].coordinate].value for line in totals
    }
    assert all(formula_of(line["opening"]).startswith("=SUMPRODUCT(--EXACT(") for line in totals)
    assert all(
        made.meaning("roll-forward", formula_of(line["opening"])) == expected[line["asset"].value] for line in totals
    )


def test_values_in_a_reporting_currency_have_a_total_over_all_assets(month: Month) -> None:
    lines = [roll(), roll(asset="BTC", opening=Decimal("0.5"))]
    valued = [line.with_columns(closing_value=pl.lit(value).cast(MONEY), currency=pl.lit("EUR"))
              for line, value in zip(lines, (Decimal("9.31"), Decimal("40000.123")), strict=True)]  # fmt: skip
    made = Sheets(pack_workbook(with_rolls(month, *valued, currency="EUR")))
    (total,) = total_lines(made, "roll-forward", "total, all assets")
    (exact,) = total_lines(made, "roll-forward", "exact, all assets")
    assert (total["asset"].value, exact["closing_value"].value) == ("EUR", "40009.433")
    assert same(Decimal("40009.433"), made.meaning("roll-forward", total["closing_value"].value))
    assert [None, None] == [line["closing_value"].value for line in total_lines(made, "roll-forward")]
    heads = [cell.value for cell in made.book["roll-forward"][1]]
    assert "closing_value\nEUR" in heads
    figures = {(row[1].value, row[2].value): row[4].value for row in made.book["summary"].iter_rows()}
    assert figures["all, in EUR", "closing_value"] == "40009.433" and figures["USDT", "closing"] == "10"


# ------------------------------------------------------------------------------------------------ the summary


def test_the_summary_says_what_the_month_is_and_what_blocks_it(month: Month, sheets: Sheets) -> None:
    page = sheets.values["summary"]
    told = {row[0].value: row[1].value for row in page.iter_rows(max_row=30)}
    assert (
        page["A1"].value == "DRAFT - Month 2026-01 of account bybit: not closed"
        and page["A1"].font.color.rgb == "FFFF0000"
    )
    assert (told["account"], told["month"], told["zone of all times"], told["status"]) == (
        "bybit",
        "2026-01",
        ZONE,
        "DRAFT",
    )
    assert (told["from"], told["to (exclusive)"]) == (datetime(2026, 1, 1), datetime(2026, 2, 1))  # noqa: DTZ001
    assert month.figures == told["digest of the figures"] and told["closed by"] == "nobody yet"
    lines = month.sections["reconcile"]
    assert lines.filter(pl.col("status") == "tied").height == told["balances tied"] > 0 == told["balances broken"]
    assert told["opening + causes"] == f"= closing on all {lines.height} lines, exactly"
    assert {"What blocks it:", *month.blocks} <= set(told)


def test_a_reviewed_month_names_who_did_it_and_is_no_draft(month: Month) -> None:
    done = replace(month, status="reviewed", closed_by="ann", closed_at=datetime(2026, 2, 2, 23, 30, tzinfo=UTC), blocks=(),
                   reviewed_by="=bob", reviewed_at=datetime(2026, 2, 3, tzinfo=UTC))  # fmt: skip
    made = Sheets(pack_workbook(done))
    told = {row[0].value: row[1].value for row in made.values["summary"].iter_rows(max_row=30)}
    assert (told["status"], told["closed by"], told["reviewed by"]) == ("reviewed", "ann", "=bob")
    assert told["closed at"] == datetime(2026, 2, 3, 0, 30) and "Nothing blocked it." in told  # noqa: DTZ001
    assert not any("DRAFT" in str(cell.value) for sheet in made.book for row in sheet.iter_rows() for cell in row)
    assert all(sheet.oddHeader.center.text is None for sheet in made.book)


def test_key_figures_point_at_the_totals_of_their_sheets(month: Month, sheets: Sheets) -> None:
    page = sheets.book["summary"]
    figures = [row for row in page.iter_rows() if row[3].data_type == "f"]
    found = {(row[0].value, row[1].value, row[2].value): row for row in figures}
    cash = month.sections["reconcile"].filter(pl.col("asset") == "USDT")
    for name in ("opening", "closing", "realized_pnl", "trading_fees", "funding", "interest"):
        row = found["roll-forward", "USDT", name]
        assert plain(sum(cash[name].to_list(), Decimal(0))) == row[4].value
        assert same(Decimal(row[4].value), sheets.meaning("summary", row[3].value))
        assert sheets.values["summary"][row[5].coordinate].value == "yes"
    assert ("realized", "USDT", "net_pnl") in found and page.auto_filter.ref.endswith(str(page.max_row))


# ------------------------------------------------------------------------------------------------ reading


@pytest.mark.parametrize(
    ("asset", "value", "expected"),
    [
        ("USDT", "1234.5", "#,##0.00;[Red]-#,##0.00"), ("EUR", "-0.126", "#,##0.00;[Red]-#,##0.00"),
        ("USDT", "0.000664", "#,##0.00000;[Red]-#,##0.00000"), ("BTC", "0.5", "#,##0.00??????;[Red]-#,##0.00??????"),
        ("BTC", "0.12345678", "#,##0.00??????;[Red]-#,##0.00??????"), ("BTC", "0", "#,##0.00??????;[Red]-#,##0.00??????"),
        ("ETH", "0.0000000012", "#,##0.0000000000;[Red]-#,##0.0000000000"),
    ],
)  # fmt: skip
def test_money_has_the_decimals_of_its_asset(month: Month, asset: str, value: str, expected: str) -> None:
    made = Sheets(pack_workbook(with_rolls(month, roll(asset=asset, opening=Decimal(value)))))
    (opening,) = [
        cell
        for cell in made.book["roll-forward"][2]
        if made.book["roll-forward"].cell(1, cell.column).value == "opening"
    ]
    assert (expected, Decimal(value)) == (opening.number_format, Decimal(str(opening.value)))


def test_times_are_those_of_the_zone_and_the_heading_says_so(month: Month, sheets: Sheets) -> None:
    page = sheets.values["positions"]
    place = next(cell.column for cell in page[1] if str(cell.value).startswith("opened_at"))
    expected = [
        moment.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None) for moment in month.sections["positions"]["opened_at"]
    ]
    assert page.cell(1, place).value == f"opened_at\n{ZONE}"
    assert expected == [page.cell(row, place).value for row in range(2, 2 + len(expected))]
    assert page.cell(2, place).number_format.startswith("yyyy-mm-dd hh:mm:ss")


def test_a_quotient_of_many_digits_is_a_number_and_said_to_be_rounded(month: Month) -> None:
    positions = month.sections["positions"].with_columns(entry_price=pl.lit("64250.123456789012345678").cast(MONEY))
    made = Sheets(pack_workbook(replace(month, sections={"positions": positions})))
    assert 64250.123456789 == pytest.approx(made.rows("positions")[0]["entry_price"], abs=1e-9)
    about = [row[1].value for row in made.book["about"].iter_rows() if row[0].value == "rounded"]
    assert f"positions, entry_price: {positions.height} prices, ratios or percents of more than 15 digits" in about


def test_what_is_on_the_way_or_broken_is_coloured(month: Month) -> None:
    transfers = pl.DataFrame(
        {"transfer_id": ["a", "b"], "asset": ["USDT", "USDT"], "status": ["in_transit", "arrived"]}
    )
    sections = {"reconcile": pl.concat([roll(status="broken"), roll(status="tied")]), "transfers": transfers}
    made = Sheets(pack_workbook(replace(month, sections=sections)))
    for sheet in ("transfers", "roll-forward"):
        page = made.book[sheet]
        place = next(cell.column for cell in page[1] if cell.value == "status")
        first, second = (page.cell(row, place).fill.fgColor.rgb for row in (2, 3))
        assert first not in {second, "00000000"} and second == "00000000"


# ------------------------------------------------------------------------------------------------ evidence


def test_a_figure_leads_to_its_rows_and_they_lead_back(month: Month, sheets: Sheets) -> None:
    evidence = sheets.book["evidence"]
    lead = 0
    for sheet, key in (
        ("roll-forward", "line"),
        ("positions", "position_id"),
        ("realized", "line"),
        ("funding", "line"),
    ):
        page = sheets.book[sheet]
        heads = [str(cell.value).split("\n")[0] for cell in page[1]]
        way, named = heads.index("evidence"), heads.index(key)
        for row in page.iter_rows(min_row=2):
            if (link := row[way].hyperlink) is None:
                continue
            lead += 1
            target = re.fullmatch(r"'evidence'!A(\d+)", link.location)
            assert target is not None and link.target is None
            line = [cell.value for cell in evidence[int(target[1])]]
            expected = month.evidence[row[named].value][0]
            assert [row[named].value, sheet, 1, month.evidence_counts[row[named].value]] == line[:4]
            assert [expected.table, expected.what, expected.place, expected.raw] == line[5:]
            back = re.fullmatch(r"'([\w -]+)'!A(\d+)", evidence.cell(int(target[1]), 2).hyperlink.location)
            assert back is not None and row[named].value in [cell.value for cell in sheets.book[back[1]][int(back[2])]]
    assert lead > 5
    words = {cell.value for row in sheets.book["roll-forward"].iter_rows() for cell in row if cell.hyperlink}
    assert all(re.fullmatch(r"(\d+ of )?[\d,]+ rows?", word) for word in words)


def test_a_sheet_that_is_full_goes_on_in_another(month: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pack_sections", "pack_workbook"):
        monkeypatch.setattr(f"reports.{module}.MOST_ROWS", 12)
        monkeypatch.setattr(f"reports.{module}.ROOM", 10)
    lines = [roll(opening=Decimal(number), line=f"line {number}") for number in range(5)]
    rows = [Evidence(at=START, table="movements", what="w", place="f:1", raw=None)] * 2
    made = Sheets(pack_workbook(with_rolls(month, *lines, evidence={"line 4": rows, "line 1": rows})))
    assert ["roll-forward", "roll-forward 2", "roll-forward 3"] == [
        name for name in made.book.sheetnames if "roll" in name
    ]
    (total,) = total_lines(made, "roll-forward 3")
    assert 10 == made.meaning("roll-forward 3", total["opening"].value)
    assert same(Decimal(10), made.values["roll-forward 3"][total["opening"].coordinate].value)
    links = [cell.hyperlink.location for name in made.book.sheetnames if "roll" in name
             for row in made.book[name].iter_rows() for cell in row if cell.hyperlink]  # fmt: skip
    assert ["'evidence'!A2", "'evidence 2'!A2"] == links
    assert "'roll-forward 3'!A2" == made.book["evidence 2"]["B2"].hyperlink.location
    assert 5 == made.meaning("summary", made.book["summary"]["B16"].value) == made.values["summary"]["B16"].value


# ------------------------------------------------------------------------------------------------ hostile text


@pytest.fixture(scope="module")
def hostile(month: Month) -> bytes:
    lines = [roll(wallet=text, asset=text, line=text, status=text, venue=text) for text in HOSTILE]
    findings = pl.DataFrame(
        {
            "finding_id": HOSTILE,
            "kind": HOSTILE,
            "severity": HOSTILE,
            "sentence": HOSTILE,
            "rows": [[text] for text in HOSTILE],
        }
    )
    odd = pl.DataFrame({text: [text] for text in HOSTILE[:6]} | {"at": pl.Series([START], dtype=INSTANT)})
    rows = [Evidence(at=None, table=text, what=text, place=text, raw=text) for text in HOSTILE]
    return pack_workbook(
        replace(
            month, account=HOSTILE[0], period=HOSTILE[3], blocks=HOSTILE, closed_by=HOSTILE[0], figures=HOSTILE[8],
            sections={"reconcile": pl.concat(lines), "findings": findings, "transfers": odd, "gaps": odd},
            evidence=dict.fromkeys(HOSTILE, rows), evidence_counts=dict.fromkeys(HOSTILE, 40),
        )
    )  # fmt: skip


def test_no_text_becomes_a_formula_a_link_or_markup(hostile: bytes) -> None:
    made = Sheets(hostile)
    formulas = made.formulas()
    assert formulas and all(OURS.fullmatch(formula) for _, _, formula in formulas)
    for sheet in made.book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "e"
                if cell.hyperlink is not None:
                    target = re.fullmatch(r"'([\w -]+)'!A\d+", cell.hyperlink.location)
                    assert cell.hyperlink.target is None and target is not None and target[1] in made.book.sheetnames
                if str(cell.value)[:1] in {"=", "+", "-", "@"} and cell.data_type != "f":
                    assert cell.data_type == "s"


def test_hostile_text_stands_in_its_cell_letter_by_letter(hostile: bytes) -> None:
    made = Sheets(hostile)
    found = {cell.value for row in made.book["findings"].iter_rows() for cell in row}
    for text in HOSTILE:
        if text.isprintable() and len(text) < 30_000 and not text.startswith(("<r>", "_x")):
            assert text in found
    assert any(str(text).endswith("[cut: a cell holds no more]") and len(str(text)) <= 32_767 for text in found)
    assert '<r><t>x</t></r></is></c><c r="A9"><f>1+1</f></c><c><is><r></r> ' in found and "\\uffff" in found


def test_the_parts_of_a_hostile_workbook_are_sound(hostile: bytes) -> None:
    archive = zipfile.ZipFile(io.BytesIO(hostile))
    for name in archive.namelist():
        text = archive.read(name)
        ElementTree.fromstring(text)
        assert b"http" not in re.sub(rb"http://(schemas|purl|www\.w3)\.[\w./-]+", b"", text).replace(
            b"https://example.org/", b""
        )
    assert not any("externalLink" in name for name in archive.namelist())
    assert all(b"example.org" not in archive.read(name) for name in archive.namelist() if name.endswith(".rels"))
