"""What a report becomes: exact in files, readable on a terminal, inert everywhere."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from reports.contract import Column, Report
from reports.reading import figure
from reports.render import KINDS, OutputKind, kind_of, render
from reports.terminal import shortened, wrapped
from schemas.types import INSTANT, MONEY

REPORT = Report(
    name="positions",
    title="Positions",
    one_row="a position",
    columns=(
        Column("position_id"), Column("account", wide=True), Column("venue", wide=True), Column("symbol"),
        Column("status"), Column("opened_at", "instant"), Column("closed_at", "instant"),
        Column("quantity", "quantity", wide=True), Column("entry_price", "price"), Column("settle_asset"),
        Column("gross_pnl", "money", total=True), Column("trading_fees", "money", total=True),
        Column("liquidation_fees", "money", total=True), Column("net_pnl", "money", total=True),
        Column("share", "ratio"), Column("move", "percent"), Column("fills", "count", wide=True),
        Column("flags", "words"),
    ),
    asset_column="settle_asset",
    empty="no position: import fills",
    note="Costs are valued at their moment.",
)  # fmt: skip

HOSTILE = ["[red]x[/red]", "\x1b]0;pwn\x07", "</script><script>alert(1)</script>", "=1+1", "\u202eTDSU", "a\tb\r\nc",
           "@SUM(A1)", "-2", "\x9b31m", "<img src=x onerror=alert(1)>", "\u200bBTC", "\x00", "' \"&", "币安人生USDT",
           "https://example.org/"]  # fmt: skip


def row(**values: Any) -> dict[str, Any]:
    return {
        "position_id": "main:BTCUSDT:long:20260203T0914:1", "account": "main", "venue": "binance", "symbol": "BTCUSDT",
        "status": "closed", "opened_at": datetime(2026, 2, 3, 9, 14, 55, tzinfo=UTC),
        "closed_at": datetime(2026, 2, 4, 9, 14, 55, 120_000, tzinfo=UTC), "quantity": Decimal("1.500"),
        "entry_price": Decimal("64250.123456789"), "settle_asset": "USDT", "gross_pnl": Decimal("1234567.891"),
        "trading_fees": Decimal("0.0006648"), "liquidation_fees": Decimal(0), "net_pnl": Decimal("-1234.5"),
        "share": 0.12345, "move": Decimal("1.23456"), "fills": 1234, "flags": ["opening_inferred", "unvalued_cost"],
        "row_note": None,
    } | values  # fmt: skip


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    schema: dict[str, Any] = dict.fromkeys(row(), pl.String)
    schema |= {"opened_at": INSTANT, "closed_at": INSTANT, "share": pl.Float64, "fills": pl.Int64}
    schema |= {"flags": pl.List(pl.String)}
    schema |= {name: MONEY for name, value in row().items() if isinstance(value, Decimal)}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def text(data: pl.DataFrame, kind: OutputKind = "table", report: Report = REPORT, **options: Any) -> str:
    return render(data, report, kind, **options).decode("utf-8")


def rows_of(data: pl.DataFrame) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text(data, "csv"), newline="")))


def sheet(data: pl.DataFrame, name: str = "positions") -> Any:
    return openpyxl.load_workbook(io.BytesIO(render(data, REPORT, "xlsx")))[name]


# ------------------------------------------------------------------------------------------------ exact files

DECIMALS = st.decimals(min_value=-(10**19), max_value=10**19, places=18, allow_nan=False) | st.sampled_from(
    [Decimal("1e-18"), Decimal("-1e-18"), Decimal(0), Decimal("-0.0"), Decimal(100),
     Decimal("99999999999999999999.999999999999999999"), Decimal("-99999999999999999999.999999999999999999")]
)  # fmt: skip


@given(st.lists(DECIMALS | st.none(), min_size=1, max_size=20))
@settings(max_examples=150, deadline=None)
def test_decimals_come_back_from_json_and_csv_as_they_were(values: list[Decimal | None]) -> None:
    data = frame(*[row(gross_pnl=value) for value in values])
    for lines in (json.loads(text(data, "json")), rows_of(data)):
        texts = [line["gross_pnl"] for line in lines]
        assert values == [Decimal(figure_) if figure_ else None for figure_ in texts]
        for figure_ in filter(None, texts):
            assert re.fullmatch(r"-?(0|[1-9]\d*)(\.\d*[1-9])?", figure_)
            assert figure_ != "-0"
    assert text(data) and text(data, "html")


def test_json_is_an_array_of_objects_with_plain_values() -> None:
    data = frame(row(), row(settle_asset=None, closed_at=None, gross_pnl=None, flags=[], share=float("nan")))
    first, second = json.loads(text(data, "json"))
    assert first["gross_pnl"] == "1234567.891" and first["liquidation_fees"] == "0" and first["quantity"] == "1.5"
    assert first["opened_at"] == "2026-02-03T09:14:55Z" and first["closed_at"] == "2026-02-04T09:14:55.12Z"
    assert (first["fills"], first["share"]) == (1234, 0.12345)
    assert first["flags"] == ["opening_inferred", "unvalued_cost"]
    assert tuple(second[name] for name in ("settle_asset", "closed_at", "gross_pnl", "flags", "share")) == (
        None,
        None,
        None,
        [],
        None,
    )
    assert list(row()) == list(first)
    assert json.loads(text(frame(), "json")) == []


def test_other_types_have_an_exact_text_too() -> None:
    data = pl.DataFrame({
        "day": [date(2026, 2, 3)], "is_open": [True], "key": pl.Series([Decimal(1200)], dtype=pl.Decimal(38, 0)),
        "amounts": pl.Series([[Decimal("1.50")]], dtype=pl.List(MONEY)), "raw": [b"\xff"], "zero": [-0.0],
        "at": pl.Series([datetime(2026, 1, 1, 2, tzinfo=UTC)]).dt.convert_time_zone("Asia/Tokyo"), "nothing": [None],
        "both": [{"a": 1, "b": "x"}],
    })  # fmt: skip
    free = Report(name="sql", title="SQL", one_row="a row", columns=tuple(Column(name) for name in data.columns))
    expected = {"day": "2026-02-03", "is_open": True, "key": "1200", "amounts": ["1.5"], "raw": "ff", "zero": 0.0,
                "at": "2026-01-01T02:00:00Z", "nothing": None, "both": '{"a":1,"b":"x"}'}  # fmt: skip
    actual = json.loads(text(data, "json", free))[0]
    assert expected == actual and '"zero":0.0' in text(data, "json", free)
    assert text(data, "csv", free).splitlines()[1].split(",")[:6] == ["2026-02-03", "true", "1200", "1.5", "ff", "0.0"]
    for kind in KINDS:
        assert render(data, free, kind)


def test_csv_has_the_values_of_json_and_no_formula() -> None:
    data = frame(*[row(symbol=symbol, net_pnl=Decimal(-5)) for symbol in HOSTILE], row(closed_at=None, flags=None))
    content = render(data, REPORT, "csv")
    assert content.endswith(b"\n") and b"\r\n" not in content.replace(b"a\tb\r\nc", b"")
    rows = rows_of(data)
    assert {"-5", "-1234.5"} == {line["net_pnl"] for line in rows}
    assert (rows[0]["flags"], rows[-1]["flags"], rows[-1]["closed_at"]) == ("opening_inferred;unvalued_cost", "", "")
    inert = [("'" if symbol[0] in "=+-@\t\r" else "") + symbol for symbol in HOSTILE]
    assert inert == [line["symbol"] for line in rows[:-1]] and list(row()) == list(rows[0])


def test_parquet_holds_the_frame_itself() -> None:
    content = render(frame(row(), row()), REPORT, "parquet")
    assert frame(row(), row()).equals(pl.read_parquet(io.BytesIO(content)), null_equal=True)


def test_the_workbook_holds_numbers_instants_and_inert_text() -> None:
    long = Decimal("1234567890.123456789")
    cells = sheet(frame(*[row(symbol=symbol, gross_pnl=long) for symbol in HOSTILE if "\x00" not in symbol]))
    names = [cell.value for cell in cells[1]]
    line = dict(zip(names, cells[2], strict=True))
    assert list(row()) == names and cells[1][0].font.bold and cells.freeze_panes == "A2" and cells.auto_filter.ref
    assert (line["gross_pnl"].data_type, line["gross_pnl"].value) == ("s", "1234567890.123456789")
    assert (line["net_pnl"].data_type, line["net_pnl"].value) == ("n", -1234.5)
    assert line["net_pnl"].number_format == "#,##0.00;[Red]-#,##0.00"
    assert line["share"].number_format == "0.00%;[Red]-0.00%"
    assert datetime(2026, 2, 4, 9, 14, 55, 120_000) == line["closed_at"].value  # noqa: DTZ001
    assert line["opened_at"].number_format == "yyyy-mm-dd hh:mm:ss"
    symbols = [cells.cell(number, names.index("symbol") + 1) for number in range(2, cells.max_row + 1)]
    assert {"s"} == {cell.data_type for cell in symbols} and not any(cell.hyperlink for cell in symbols)


@given(st.lists(DECIMALS, min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_the_digits_in_a_workbook_are_the_very_digits(values: list[Decimal]) -> None:
    content = render(frame(*[row(gross_pnl=value) for value in values]), REPORT, "xlsx")
    xml = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    found = re.findall(r'<c r="K(?!1")\d+"[^>]*>(?:<v>|<is><t>)([^<]*)<', xml)
    assert values == [Decimal(digits) for digits in found]


def test_the_workbook_says_which_figures_are_text_and_what_was_cut() -> None:
    data = frame(row(gross_pnl=Decimal("1234567890.123456789"), symbol="x" * 40_000), row())
    about = "\n".join(str(cell[0].value) for cell in sheet(data, "about").iter_rows())
    assert "gross_pnl: 1 cells" in about and "UTC" in about and REPORT.note in about
    assert sheet(data)["D2"].value.endswith("[cut: a cell holds no more]")


def test_files_are_the_same_bytes_every_time() -> None:
    data = frame(row(), row(net_pnl=None))
    for kind in KINDS:
        assert render(data, REPORT, kind) == render(data.clone(), REPORT, kind)
    content = render(data, REPORT, "xlsx")
    assert b"2009-01-03" in zipfile.ZipFile(io.BytesIO(content)).read("docProps/core.xml")


# ------------------------------------------------------------------------------------------------ reading


@pytest.mark.parametrize(
    ("value", "kind", "asset", "expected"),
    [
        ("1234567.891", "money", "USDT", "1,234,567.89"), ("0.0006648", "money", "USDT", "0.00066"),
        ("-0.0006648", "money", "USDT", "-0.00066"), ("0", "money", "USDT", "0.00"), ("0.005", "money", "USD", "0.005"),
        ("2.675", "money", "EUR", "2.68"), ("-2.675", "money", "EUR", "-2.68"), ("0.009999", "money", "USD", "0.01"),
        ("0.123456789", "money", "BTC", "0.12345679"), ("-0.5000", "money", "BTC", "-0.5"), ("0", "money", "BTC", "0"),
        ("1e-18", "money", "ETH", "0.000000000000000001"), ("3", "money", None, "3"),
        ("64250.123456789", "price", None, "64,250.123"), ("0.000012345678901", "price", None, "0.000012345679"),
        ("123456789012.5", "price", None, "123,456,789,013"), ("100.50", "price", None, "100.5"),
        ("1500.000", "quantity", None, "1,500"), ("0.12345", "ratio", None, "12.35%"),
        ("-0.00001", "ratio", None, "-0.001%"),
        ("1.23456", "percent", None, "1.235%"), ("1234", "count", None, "1,234"), ("-0", "count", None, "0"),
    ],
)  # fmt: skip
def test_a_figure_is_read_so(value: str, kind: Any, asset: str | None, expected: str) -> None:
    assert expected == figure(Decimal(value), kind, asset)


@given(DECIMALS, st.sampled_from(["money", "price", "quantity", "ratio", "percent"]), st.sampled_from(["USDT", "BTC"]))
@settings(max_examples=300, deadline=None)
def test_a_figure_never_reads_as_zero_nor_loses_its_sign(value: Decimal, kind: Any, asset: str) -> None:
    shown = figure(value, kind, asset)
    plain = Decimal(shown.replace(",", "").removesuffix("%")) / (100 if kind == "ratio" else 1)
    assert (value > 0, value < 0) == (plain > 0, plain < 0) and "E" not in shown and not shown.startswith("-0.00%")
    assert abs(plain - value) <= max(abs(value) / 2, Decimal("0.5e-18"))


# ------------------------------------------------------------------------------------------------ terminal


def test_a_table_has_title_rows_totals_and_note() -> None:
    unknown = row(net_pnl=None, settle_asset="BTC", gross_pnl=None)
    data = frame(row(), unknown, row(settle_asset="BTC", net_pnl=Decimal("0.5")))
    lines = text(data).splitlines()
    assert lines[:2] == ["Positions", "3 rows; one row is a position; times in UTC"] and REPORT.note == lines[-1]
    assert "2026-02-03 09:14:55" in lines[5] and "12.35%" in lines[5] and "opening_inferred unvalued_cost" in lines[5]
    bitcoin = next(line for line in lines if line.startswith("total BTC"))
    assert "0.5 + ?" in bitcoin and "1,234,567.891 + ?" in bitcoin
    assert "-1,234.50" in next(line for line in lines if line.startswith("total USDT"))
    assert "?" in lines[6].split() and any("csv, json and xlsx hold" in line for line in lines)


def test_an_empty_report_says_what_to_do() -> None:
    assert text(frame(), width=80) == "Positions\n\nno position: import fills\n"
    assert "no position: import fills" in text(frame(), "html")


def test_a_narrow_table_says_what_it_left_out_and_keeps_its_sums() -> None:
    other = row(symbol="ETHUSDT", settle_asset="BTC", entry_price=None, trading_fees=Decimal("1e-7"))
    data = frame(row(), other)
    shown = text(data, width=60)
    assert "left out to fit 60 columns:" in shown and "in every row: account main" in shown
    assert "total of trading_fees: BTC 0.0000001, USDT 0.00066" in " ".join(shown.split())
    assert "main:BTC…" in shown and "net_pnl" in shown.splitlines()[4] and "?" not in shown
    assert text(data, width=60, wide=True) == text(data)


def test_instants_drop_their_seconds_before_a_column_goes() -> None:
    report = Report(name="x", title="X", one_row="x", columns=(Column("symbol"), Column("opened_at", "instant")))
    data = frame(row(), row(opened_at=datetime(2026, 3, 1, tzinfo=UTC)))
    shown = text(data, report=report, width=26)
    assert "2026-02-03 09:14\n" in shown and "left out" not in shown


def test_sentences_wrap_and_lose_no_word() -> None:
    report = Report(name="x", title="X", one_row="x", columns=(Column("symbol"), Column("row_note")))
    sentence = "a funding payment of 8 hours is missing between two rows of the ledger"
    shown = text(frame(row(row_note=sentence)), report=report, width=40)
    assert sentence.split() == " ".join(line[9:] for line in shown.splitlines()[5:]).split()


@given(
    st.lists(st.builds(row, symbol=st.sampled_from(HOSTILE) | st.text(max_size=30), gross_pnl=DECIMALS | st.none(),
                       position_id=st.text(max_size=60), settle_asset=st.sampled_from(["USDT", "BTC", None, "=x"]),
                       row_note=st.text(max_size=200),
                       flags=st.lists(st.text(max_size=40), max_size=4)), max_size=6),
    st.sampled_from([60, 80, 120, 200]), st.booleans(), st.booleans(),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_no_line_is_wider_than_the_terminal(
    rows: list[dict[str, Any]], width: int, colour: bool, ascii_only: bool
) -> None:
    shown = text(frame(*rows), width=width, colour=colour, encoding="latin-1" if ascii_only else "UTF-8")
    plain = re.sub(r"\x1b\[[0-9]+m", "", shown)
    assert all(cell_len(line) <= width for line in plain.split("\n"))
    assert plain.replace("\n", "").isprintable() and (not ascii_only or plain.isascii())
    assert colour or plain == shown


def test_hostile_cells_are_shown_and_never_obeyed() -> None:
    shown = text(frame(*[row(symbol=symbol) for symbol in HOSTILE]), colour=True)
    for expected in ("[red]x[/red]", "\\x1b]0;pwn\\x07", "\\u202eTDSU", "\\x9b31m", "a\\x09b\\x0d\\x0ac", "\\u200bBTC"):
        assert expected in shown
    assert {"\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"} == set(re.findall(r"\x1b[^m]*m", shown))
    assert "\\u5e01" in text(frame(row(symbol="币安")), encoding="ascii")


def test_colour_is_only_where_it_was_asked_for_and_only_on_losses() -> None:
    assert "\x1b" not in text(frame(row()))
    coloured = re.findall(r"\x1b\[31m([^\x1b]*)", text(frame(row()), colour=True))
    assert {"-1,234.50"} == {cell.strip() for cell in coloured}


@pytest.mark.parametrize("width", [5, 16, 17, 40])
def test_wrapped_and_shortened_text_keeps_to_its_width(width: int) -> None:
    words = "币安人生 averyveryverylongwordwithoutblank and some more"
    assert all(cell_len(line) <= width for line in wrapped(words, width, indent=2))
    assert words.replace(" ", "") == "".join(wrapped(words, width)).replace(" ", "")
    assert cell_len(shortened(words, width, "…")) <= width


# ------------------------------------------------------------------------------------------------ page


class Tags(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_is_inert_and_complete() -> None:
    content = text(frame(*[row(symbol=symbol, settle_asset=symbol) for symbol in HOSTILE if symbol != "\x00"]), "html")
    seen = Tags()
    seen.feed(content)
    assert not {"script", "img", "link", "iframe", "a", "form"} & seen.tags
    assert not {name for name in seen.attributes if name.startswith("on") or name in {"href", "src", "style"}}
    assert "default-src 'none'" in content and "unsafe-inline" not in content
    assert "</script><script>alert(1)</script>" in seen.texts and "\\u202eTDSU" in seen.texts
    assert "-1,234.5" in seen.texts and 'class="n loss"' in content


def test_the_page_gives_all_digits_of_a_rounded_figure() -> None:
    assert '<td class="n" title="0.0006648">0.00066</td>' in text(frame(row(), row(symbol="X")), "html")


# ------------------------------------------------------------------------------------------------ kinds


def test_a_suffix_says_the_kind() -> None:
    names = ["a.csv", "b.JSON", "c.xlsx", "d.html", "e.htm", "f.parquet", "g.txt", "h", "i.pdf"]
    kinds = ["csv", "json", "xlsx", "html", "html", "parquet", "table", None, None]
    assert kinds == [kind_of(Path(name)) for name in names]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="known are table, csv"):
        render(frame(), REPORT, "pdf")  # type: ignore[arg-type]


def test_every_kind_renders_an_empty_frame() -> None:
    assert all(render(frame(), REPORT, kind) for kind in KINDS)
    assert ",".join(row()) + "\n" == text(frame(), "csv")
