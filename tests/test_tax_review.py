"""The review of a tax year: what it says first, what it never hides, and that its sums are those of the lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser

import polars as pl
import pytest
from rich.cells import cell_len

from reports.reading import read
from reports.tax.amounts import total
from reports.tax.derivatives import by_symbol
from reports.tax.review import page, text
from reports.tax.review_charts import by_month
from reports.tax.review_tables import (
    BY_MONTH,
    BY_PART,
    besides,
    derivatives,
    gains,
    held,
    months,
    settled,
    tables,
    told,
)
from reports.tax.value import BLOCKS, CONTROLS, PARTS, STATEMENTS, TaxYear
from tests.taxes import DE_2025, MISSING, UK_2025, accepted, draft, rows_of, tax_year

D = Decimal


def plain(year: TaxYear, width: int = 100) -> str:
    return text(year, width, colour=False)


def unknown() -> TaxYear:
    """Return the year with one gain and one result that are not known."""
    year = tax_year()
    lost = pl.when(pl.col("line") != "D-201-2")
    disposals = year.disposals.with_columns(lost.then("basis").alias("basis"), lost.then("gain").alias("gain"))
    results = year.results.with_columns(pl.when(pl.col("line") != "R-207").then("value").alias("value"))
    return replace(year, disposals=disposals, results=results)


# ------------------------------------------------------------------------------------------------ order and words


def test_what_blocks_comes_first_and_figures_after() -> None:
    both = pl.concat([MISSING, MISSING.with_columns(block_id=pl.lit("other"), accepted_reason=pl.lit("cash in 2013"))])
    controls = rows_of(CONTROLS, [{"name": "funding", "asset": "USDT", "here": "1", "book": "3", "difference": "-2"}])
    year = replace(
        tax_year(), blocks=both, controls=controls, previous_run="2026-02-03T10:00:00Z",
        changes=[{"name": "gains, short term", "before": "500", "after": ""}],
    )  # fmt: skip
    parts = ["DRAFT: 1 thing blocks; 1 thing accepted", "What blocks", "to do: import the export", "marginbook tax accept ID",
             "What was accepted", "accepted by nobody named: cash in 2013", "What was assumed", "Lots: first in",
             "Since the run of 2026-02-03 10:00 UTC, with the same settings:",
             "gains, short term: 500.00 USD, now nothing (-500.00)",
             "0 totals agree with the book, difference 0; 1 total does not:",
             "funding of USDT: 1 here, 3 in the book, difference -2", "Gains by asset", "Derivatives by symbol, in USD",
             "Results by month, in USD", "Held at the end of the year", "Write the files", "for United States: form-8949"]  # fmt: skip
    shown = plain(year, 160)
    places = [shown.index(part) for part in parts]
    assert places == sorted(places)
    markup = re.sub(r"\s+", " ", re.sub("<[^>]+>", "", page(year)))
    assert [part for part in parts if part not in markup and not part.startswith(("to do", "marginbook tax"))] == []
    assert f'marginbook tax accept {MISSING["block_id"][0]} --reason "..." --by NAME' in markup.replace("&quot;", '"')


def test_a_run_of_other_settings_is_not_compared_but_said() -> None:
    others = [
        {"name": "scope", "before": "account", "after": "wallet"},
        {"name": "choices", "before": "", "after": "lots.csv"},
    ]
    year = replace(tax_year(), other_run="2026-02-03T10:00:00Z", other_settings=others)
    told = " ".join(plain(year, 400).split())
    assert "No run with these settings was written before." in told
    assert (
        "of 2026-02-03 10:00 UTC, is not compared, for it had others: scope account, now wallet; choices none, now lots.csv."
        in told
    )
    assert "is not compared" in page(year)


@pytest.mark.parametrize(("before", "after", "shown"), [
    ("10.123456789012345678", "12.5", "gains of BTC: 10.12 USD, now 12.50 USD (+2.38)"),
    ("", "0.000000000000000001", "gains of BTC: nothing, now 0.000000000000000001 USD (+0.000000000000000001)"),
])  # fmt: skip
def test_what_changed_is_said_as_a_person_reads_it(before: str, after: str, shown: str) -> None:
    changes = [
        {"name": "gains of BTC", "before": before, "after": after},
        {"name": "blocks", "before": "3", "after": "1"},
    ]
    told = plain(replace(tax_year(), previous_run="2026-02-03T10:00:00Z", changes=changes))
    assert f"- {shown}" in told.splitlines()
    assert "- blocks: 3, now 1 (-2)" in told.splitlines()


@pytest.mark.parametrize(("year", "badge"), [
    (tax_year(), "complete: nothing blocks"), (accepted(), "complete: nothing blocks; 1 thing accepted"),
    (draft(), "DRAFT: 1 thing blocks"),
])  # fmt: skip
def test_a_draft_says_so_and_nothing_else_does(year: TaxYear, badge: str) -> None:
    assert badge in plain(year).splitlines()
    assert f">{badge}<" in page(year)
    assert ("DRAFT" in plain(year), "DRAFT" in page(year)) == (year.is_draft, year.is_draft)


@pytest.mark.parametrize("write", [plain, page])
def test_it_says_once_that_it_does_not_advise(write: Callable[[TaxYear], str]) -> None:
    assert write(draft()).count("does not advise") == 1


def test_many_blocks_of_a_kind_are_few_lines_on_a_terminal_and_all_on_the_page() -> None:
    row = {"kind": "unmatched_transfer", "todo": "`marginbook match` the two rows"}
    rows = [{**row, "block_id": f"tax-{no}", "sentence": f"{no} BTC came from outside"} for no in range(400)]
    year = replace(tax_year(), blocks=rows_of(BLOCKS, rows))
    shown, markup = plain(year), page(year)
    assert "unmatched transfer (400)" in shown
    assert "  397 more of unmatched transfer: --all shows them here, --html FILE on a page" in shown.splitlines()
    every = text(year, 100, colour=False, every=True)
    assert every.count("came from outside") == 400
    assert "more of unmatched transfer" not in every
    assert shown.count("to do") == markup.count("To do") == 1
    assert markup.count("came from outside") == 400


@pytest.mark.parametrize("width", [40, 80, 110, 160])
@pytest.mark.parametrize("year", [draft(), unknown(), tax_year(UK_2025), tax_year(DE_2025)])
def test_lines_fit_the_terminal(year: TaxYear, width: int) -> None:
    assert max(map(cell_len, plain(year, width).splitlines())) <= width
    coloured = text(year, width, colour=True)
    assert re.sub("\x1b\\[[0-9]+m", "", coloured) == plain(year, width)


# ------------------------------------------------------------------------------------------------------- figures


def test_gains_by_asset_are_the_sums_of_their_lines() -> None:
    frame = gains(tax_year()).frame
    assert frame.select("asset", "disposals", "quantity", "proceeds", "basis", "gain", "short", "long").rows() == [
        ("BTC", 1, D("0.75"), 67500, D("33000.5"), D("34499.5"), -1500, D("35999.5")),
        ("ETH", 1, D("1.2"), 4200, 3720, 480, 480, 0),
        ("USDT", 1, D("31.7"), D("31.68"), D("31.71"), D("-0.03"), D("-0.03"), 0),
    ]


def test_what_is_unknown_is_in_no_sum_and_every_sum_that_lacks_it_says_so() -> None:
    year = unknown()
    btc = gains(year).frame.filter(pl.col("asset") == "BTC")
    assert btc.select("gain", "short", "long", "unknown").row(0) == (D("35999.5"), None, D("35999.5"), 1)
    shown = plain(year, 160)
    assert re.search(r"BTC +1 +0\.75 +67,500\.00 +9,000\.50 \+ \? +35,999\.50 \+ \? +\? +35,999\.50 +1\n", shown)
    assert re.search(r"total in USD .* 36,479\.47 \+ \? ", shown)
    assert re.search(r"2025-03 .* \? .* 1\n", shown), "of March nothing is known"
    assert "gains 36,479.47 USD + 1 line unknown; derivatives -31.68 USD + 1 line unknown" in shown
    assert "35,999.50 + ?" in page(year)


def test_a_sum_of_which_nothing_is_known_is_no_zero() -> None:
    year = tax_year()
    year = replace(year, results=year.results.with_columns(value=pl.lit(None, dtype=pl.Decimal(38, 18))))
    assert derivatives(year).frame.select("result", "net", "unknown").rows() == [(None, None, 4)]
    assert "derivatives unknown (4 lines)" in plain(year, 160)


def test_months_symbols_and_the_rest_add_up_to_the_lines() -> None:
    year = tax_year()
    by_months = months(year).frame
    columns = ["gains", *BY_MONTH]
    assert by_months["net"].to_list() == [total(row).known for row in by_months.select(columns).iter_rows()]
    digital = total(year.disposals["gain"].to_list()).known
    booked = total(year.results["value"].to_list()).known
    assert total(by_months["net"].to_list()).known == digital + booked
    apart = derivatives(year).frame["net"].to_list() + besides(year).frame["value"].to_list()
    assert total(apart).known == booked
    assert derivatives(year).frame.select("symbol", "net").rows() == [(one.symbol, one.net) for one in by_symbol(year)]
    assert settled(year).frame.select("asset", "result", "trading_fees", "funding", "net").rows() == [
        ("USDT", D("-20.2"), -1, D("-0.5"), D("-21.7"))
    ]


@pytest.mark.parametrize("columns", [BY_MONTH, BY_PART])
def test_every_part_has_one_column(columns: dict[str, tuple[str, ...]]) -> None:
    assert sorted(part for parts in columns.values() for part in parts) == sorted(PARTS)


def test_months_are_those_of_the_years_zone() -> None:
    year = tax_year(DE_2025)
    late = year.results.filter(pl.col("line") == "R-209").with_columns(
        booked_at=pl.datetime(2025, 6, 30, 22, 30, time_zone="UTC")
    )
    assert months(replace(year, results=late, disposals=year.disposals.clear())).frame["month"].to_list() == ["2025-07"]


def test_what_is_sold_short_is_not_netted_with_what_is_held() -> None:
    year = tax_year()
    short = year.lots.with_columns(quantity=-pl.col("quantity"), cost=-pl.col("cost"))
    frame = held(replace(year, lots=pl.concat([year.lots, short]))).frame
    assert sorted(frame.select("state", "quantity").rows()) == [("held", D("968.3")), ("sold short", D("-968.3"))]


def test_a_year_without_anything_has_no_empty_tables() -> None:
    year = tax_year()
    nothing = {name: getattr(year, name).clear() for name in ("disposals", "results", "lots", "flows", "controls")}
    bare = replace(year, **nothing)
    assert tables(bare) == []
    assert "There is no total to compare with the book." in plain(bare)
    assert "<table" not in page(bare)


def test_what_venues_told_tax_offices_is_beside_the_figures_and_what_differs_is_first() -> None:
    line = {"file": "1099.csv", "line": 2, "account": "kraken", "form": "1099-DA", "asset": "BTC", "figure": "proceeds", "of": "amount",
            "stated": "67500", "here": "67500", "difference": "0", "currency": "USD", "agrees": True}  # fmt: skip
    other = {
        **line,
        "line": 3,
        "figure": "basis",
        "stated": "33000",
        "here": "33000.5",
        "difference": "0.5",
        "agrees": False,
    }
    year = replace(tax_year(), statements=rows_of(STATEMENTS, [line, other]))
    assert told(year).frame.select("line", "status").rows() == [(3, "differs"), (2, "agrees")]
    assert "What venues told tax offices" in plain(year, 160)
    assert "What venues told tax offices" in page(year)
    assert "What venues told tax offices" not in plain(tax_year(), 160)


# ----------------------------------------------------------------------------------------------------------- page


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_fetches_nothing_and_takes_no_text_as_markup() -> None:
    evil = '<script>alert(1)</script><img src="https://evil.example/x"> `<b>x</b>`'
    blocks = pl.concat(
        [MISSING, MISSING.with_columns(block_id=pl.lit("b2"), accepted_by=pl.lit(evil), accepted_reason=pl.lit(evil))]
    )
    hostile = blocks.with_columns(sentence=pl.lit(evil), todo=pl.lit(evil), kind=pl.lit(evil))
    named = tax_year().results.with_columns(symbol=pl.lit(evil), asset=pl.lit("<i>"))
    markup = page(replace(tax_year(), blocks=hostile, results=named, assumptions=[evil]))
    parser = Tags()
    parser.feed(markup)
    assert {"script", "img", "b", "i", "link", "iframe"} & {tag for tag, _ in parser.tags} == set()
    addresses = [
        value for _, attributes in parser.tags for name, value in attributes.items() if name in {"href", "src"}
    ]
    assert [address for address in addresses if not (address or "").startswith("#")] == []
    assert "default-src 'none'" in markup
    places = {attributes["id"] for _, attributes in parser.tags if "id" in attributes}
    assert {address[1:] for address in addresses if address} - places == set()


def test_the_page_is_the_same_every_time_and_has_its_chart() -> None:
    assert page(draft()) == page(draft())
    assert 'role="img" aria-label="Bars of each month' in page(tax_year())


def test_the_chart_has_every_month_between_the_first_and_the_last() -> None:
    chart = by_month(months(tax_year()).frame, tax_year())
    panels = chart.spec["vconcat"]
    assert panels[0]["layer"][1]["encoding"]["x"]["sort"] == [f"2025-{month:02}" for month in range(3, 11)]
    line = [point["so_far"] for point in panels[2]["layer"][1]["data"]["values"]]
    assert line[0] == pytest.approx(9.99)
    assert line[1] == line[0]
    assert line[-1] == pytest.approx(34958.83, abs=0.01)
    assert "hatched" in by_month(months(unknown()).frame, unknown()).note


def test_a_sum_that_lacks_a_part_says_so_in_its_row_and_in_the_total_of_its_asset_alone() -> None:
    results = tax_year().results
    lost = results.filter(pl.col("line") == "R-206").with_columns(amount=pl.lit(None, dtype=pl.Decimal(38, 18)))
    other = results.filter(pl.col("line") == "R-204").with_columns(asset=pl.lit("BNB"))
    kept = results.filter(pl.col("line") == "R-203")
    table = settled(replace(tax_year(), results=pl.concat([kept, lost, other])))
    reading = read(table.frame, table.report)
    net = next(field for field in reading.fields if field.column.name == "net")
    assert (list(net.cells), list(net.totals)) == (["-1", "-30.20 + ?"], ["-1", "-30.20 + ?"])
    assert (reading.total_labels, reading.has_unknown, reading.is_rounded) == (("total BNB", "total USDT"), True, False)
