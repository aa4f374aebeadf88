"""Totals of a workbook: formulas, the exact sums beside them, and how far a spreadsheet's doubles can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.cells import held, plain, read_format
from reports.contract import Column, Report
from reports.reading import figure
from reports.render import render
from reports.totals import agreeing_places, total_of
from schemas.types import INSTANT, MONEY
from tests.spreadsheets import Sheets, formula_of, same

REPORT = Report(
    name="positions", title="Positions", one_row="a position", asset_column="settle_asset",
    columns=(Column("symbol"), Column("settle_asset"), Column("net_pnl", "money", total=True),
             Column("price", "price"), Column("fills", "count", total=True), Column("at", "instant")),
)  # fmt: skip
MONEYS = st.decimals(min_value=-(10**17), max_value=10**17, places=18, allow_nan=False) | st.decimals(
    min_value=-(10**6), max_value=10**6, places=8, allow_nan=False
)


def frame(*rows: tuple[str | None, Decimal | None], fills: int = 2) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "symbol": ["X"] * len(rows), "settle_asset": [asset for asset, _ in rows],
            "net_pnl": [value for _, value in rows], "price": [Decimal(1)] * len(rows), "fills": [fills] * len(rows),
            "at": [datetime(2026, 1, 2, tzinfo=UTC)] * len(rows),
        },
        schema={"symbol": pl.String(), "settle_asset": pl.String(), "net_pnl": MONEY, "price": MONEY, "fills": pl.Int64(),
                "at": INSTANT},
    )  # fmt: skip


def totals(data: pl.DataFrame, report: Report = REPORT) -> tuple[Sheets, dict[tuple[str, str | None], dict[str, Any]]]:
    """Return the workbook, and the lines of its totals (as cells) by what they say and their asset."""
    sheets = Sheets(render(data, report, "xlsx"))
    page = sheets.book["totals"]
    heads = [str(cell.value) for cell in page[1]]
    lines = [dict(zip(heads, row, strict=True)) for row in page.iter_rows(min_row=2)]
    return sheets, {(line["line"].value, line["asset"].value): line for line in lines}


def test_a_report_with_totals_has_them_as_formulas_on_a_sheet_of_their_own() -> None:
    data = frame(("USDT", Decimal("0.1")), ("BTC", Decimal("-3")), ("USDT", Decimal("0.2")), (None, Decimal(7)))
    sheets, lines = totals(data)
    assert ["positions", "totals", "about"] == sheets.book.sheetnames
    assert ("A2", "A1:D10") == (sheets.book["totals"].freeze_panes, sheets.book["totals"].auto_filter.ref)
    assert {"USDT": "0.3", "BTC": "-3", None: "7"} == {
        asset: lines["exact", asset]["net_pnl"].value for asset in ("USDT", "BTC", None)
    }
    assert {"USDT": "4", "BTC": "2", None: "2"} == {
        asset: lines["exact", asset]["fills"].value for asset in ("USDT", "BTC", None)
    }
    for sheet, cell, formula in sheets.formulas():
        assert same(sheets.values[sheet][cell].value, sheets.meaning(sheet, formula)), formula
    assert {"yes"} == {
        sheets.values["totals"][lines["agrees", asset]["net_pnl"].coordinate].value for asset in ("USDT", "BTC", None)
    }
    assert data.height + 1 == sheets.book["positions"].max_row, "the rows stay a plain table"
    assert any("The sheet `totals`" in str(row[0].value) for row in sheets.book["about"].iter_rows())


def test_ordinary_assets_are_summed_by_sumifs_and_others_by_their_letters() -> None:
    _, ordinary = totals(frame(("USDT", Decimal(1)), ("BTC", Decimal(2))))
    _, odd = totals(frame(("USDT", Decimal(1)), (">0", Decimal(2))))
    assert ordinary["total", "USDT"]["net_pnl"].value == "=SUMIFS(positions!C$2:C$3,positions!$B$2:$B$3,$B5)"
    assert (
        formula_of(odd["total", ">0"]["net_pnl"]) == "=SUMPRODUCT(--EXACT(positions!$B$2:$B$3,$B2),positions!C$2:C$3)"
    )


def test_a_report_without_assets_or_without_rows_promises_no_total_of_money() -> None:
    plain_report = Report(name="positions", title="P", one_row="p", columns=REPORT.columns)
    sheets, lines = totals(frame(("USDT", Decimal(1)), ("BTC", Decimal(2))), plain_report)
    assert ["line", "asset", "fills"] == [cell.value for cell in sheets.book["totals"][1]]
    assert "=SUM(positions!E$2:E$3)" == lines["total", None]["fills"].value
    assert ["positions", "about"] == Sheets(render(frame(), REPORT, "xlsx")).book.sheetnames


def test_a_column_in_one_currency_has_one_total() -> None:
    columns = (*REPORT.columns, Column("net_pnl_value", "money", total=True, asset="EUR"))
    valued = Report(name="positions", title="P", one_row="p", columns=columns, asset_column="settle_asset")
    data = frame(("USDT", Decimal(1)), ("BTC", Decimal(2))).with_columns(
        net_pnl_value=pl.col("net_pnl") + pl.col("price")
    )
    sheets, lines = totals(data, valued)
    assert ("5", None) == (
        lines["exact, all assets", "EUR"]["net_pnl_value"].value,
        lines["exact", "BTC"]["net_pnl_value"].value,
    )
    assert 5 == sheets.meaning("totals", lines["total, all assets", "EUR"]["net_pnl_value"].value)


def test_a_full_sheet_is_summed_with_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.workbook.MOST_ROWS", 2)
    sheets, lines = totals(frame(*[("USDT", Decimal(number)) for number in range(5)]))
    assert ["positions", "positions 2", "positions 3", "totals", "about"] == sheets.book.sheetnames
    total = lines["total", "USDT"]["net_pnl"]
    assert (10, 10) == (sheets.meaning("totals", total.value), sheets.values["totals"][total.coordinate].value)


@given(st.lists(MONEYS | st.none(), min_size=1, max_size=12))
@settings(max_examples=30, deadline=None)
def test_what_is_written_beside_a_total_is_the_exact_sum(values: list[Decimal | None]) -> None:
    sheets, lines = totals(frame(*[("USDT", value) for value in values]))
    with localcontext(Context(prec=80)):
        expected = sum((value for value in values if value is not None), Decimal(0))
    assert plain(expected) == lines["exact", "USDT"]["net_pnl"].value and Decimal(plain(expected)) == expected
    assert "yes" == sheets.meaning("totals", lines["agrees", "USDT"]["net_pnl"].value)
    unknown = lines.get(("cells unknown", "USDT"))
    assert (values.count(None) or None) == (unknown and unknown["net_pnl"].value)


@given(st.lists(st.decimals(min_value=-(10**15), max_value=10**15, places=6, allow_nan=False), min_size=1, max_size=60))
@settings(max_examples=100, deadline=None)
def test_doubles_agree_to_the_places_that_are_promised_and_no_amount_hides_there(values: Sequence[Decimal]) -> None:
    short = [value for value in values if len(plain(value).strip("-").replace(".", "").strip("0")) <= 15]
    total = total_of(pl.Series(short, dtype=MONEY))
    assert total.agrees and total.exact == sum(short, Decimal(0))
    missing = Decimal(5).scaleb(-total.places)
    assert not replace(total, doubles=total.doubles + float(missing)).agrees


def test_the_places_follow_the_size_of_what_is_added() -> None:
    assert [18, 10, 4, -2] == [agreeing_places(Decimal(gross), 10) for gross in ("0", "1000", "1000000000", "1e15")]


@given(MONEYS, st.sampled_from(["money", "price", "quantity", "ratio", "percent"]), st.sampled_from(["USDT", "BTC"]))
@settings(max_examples=200, deadline=None)
def test_a_cell_shows_what_a_person_reads_elsewhere(value: Decimal, kind: Any, asset: str) -> None:
    form = read_format(value, kind, asset).split(";", maxsplit=1)[0]
    places = form.count("0") - 1
    expected = figure(value, kind, asset).replace(",", "").removesuffix("%")
    with localcontext(Context(prec=80, rounding=ROUND_HALF_UP)):
        shown = value.scaleb(2 if kind == "ratio" else 0).quantize(Decimal(1).scaleb(-places - form.count("?")))
    assert Decimal(expected) == shown and ("%" in form) == (kind in {"ratio", "percent"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("<r>x</r>", "<r>x</r> "), ("<r>x", "<r>x"), ("a\uffffb", "a\\uffffb"), ("\x00", "\\u0000"), ("=1+1", "=1+1")],
)
def test_a_cell_holds_text_that_no_writer_takes_for_markup(text: str, expected: str) -> None:
    assert expected == held(text)
    sheets = Sheets(
        render(pl.DataFrame({"symbol": [text]}), Report(name="x", title="X", one_row="x", columns=()), "xlsx")
    )
    assert (expected, "s") == (sheets.book["x"]["A2"].value, sheets.book["x"]["A2"].data_type)
