"""The page of a month: what it says, where its figures lead, and that no name in an export becomes markup."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from types import SimpleNamespace

import polars as pl
import pytest

from reports import pack_page as pack_page_module
from reports import pack_pieces
from reports.charts import Day, Held, Step, carry_bars, daily, waterfall
from reports.coverage_grid import SIGNS
from reports.missing import STATES
from reports.month import Evidence
from reports.pack_charts import by_day, lacks
from reports.pack_page import pack_page
from reports.pack_tables import MOST_ROWS
from reports.proofs import anchor
from reports.svg import can_draw, svg
from reports.verdict import badge, key_figures, verdict
from tests.months import AT, FIGURE, month

HOSTILE = (
    "</script><script>document.title='x'</script>",
    '"><img src=x onerror=document.title=1>',
    "'-alert(1)-'",
    "</text></svg></style><style>@import 'http://127.0.0.1/x'",
    "http://127.0.0.1:9/{{7*7}}&lt;",
    "\u202eTDSU\u200b\x07\x1b]0;x\x07\ufffe",
    "\\x07\\u0007'+\"",
    "x" * 3000,
)
VOID = {"meta", "wbr", "br"}
drawing = pytest.mark.skipif(not can_draw(), reason="NOT RUN: vl-convert-python is not installed (extra `charts`)")


class Seen(HTMLParser):
    """What a browser would see of a page."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def of(self, name: str) -> list[str]:
        return [value or "" for _, attribute, value in self.attributes if attribute == name]


def figures_of(content: str, row: str) -> list[str]:
    """Return the cells of the row of a table that begins with this text."""
    found = re.search(rf'<tr id="[^"]*"><th scope="row">(?:<a[^>]*>)?{re.escape(row)}(?:</a>)?</th>(.*?)</tr>', content)
    assert found is not None, row
    return [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", found[1])]


# ------------------------------------------------------------------------------------------------ what it says


def test_the_verdict_is_one_sentence_with_the_break() -> None:
    expected = ("October 2025 of main: 1 of 2 balances tie to the venue's own figure; 1 break of 3.20 USDT is open: "
                "funding of 8 hours is missing.")  # fmt: skip
    assert expected == verdict(month())
    assert expected in Seen(pack_page(month())).texts


def test_a_month_that_ties_says_so() -> None:
    ties = month()
    sections = dict(ties.sections) | {"breaks": ties.sections["breaks"].clear()}
    sections["reconcile"] = ties.sections["reconcile"].with_columns(status=pl.lit("tied"))
    tied = "October 2025 of main: all 2 balances tie to the venue's own figures; no break is open."
    assert tied == verdict(month(sections=sections))
    sections["reconcile"] = sections["reconcile"].with_columns(status=pl.Series(["no_anchor", "explained"]))
    untied = ("October 2025 of main: 0 of 2 balances tie to the venue's own figure; 1 differs and the difference is "
              "explained; 1 has no stated balance to be tied to; no break is open.")  # fmt: skip
    assert untied == verdict(month(sections=sections))
    sections["reconcile"] = sections["reconcile"].clear()
    assert verdict(month(sections=sections)) == "October 2025 of main: nothing moved, and no balance is known."


def test_the_status_is_told_in_words() -> None:
    at = datetime(2025, 11, 2, 9, 30, tzinfo=UTC)
    closed = month(status="closed", closed_by="Anna", closed_at=at, blocks=())
    reviewed = month(status="reviewed", closed_by="Anna", closed_at=at, reviewed_by="Ben", reviewed_at=at, blocks=())
    assert badge(month()) == "DRAFT: not closed, may still change"
    assert badge(closed) == "closed by Anna on 2025-11-02 09:30:00 UTC; not reviewed"
    assert badge(reviewed) == "closed by Anna on 2025-11-02 09:30:00 UTC; reviewed by Ben on 2025-11-02 09:30:00 UTC"
    assert "<title>DRAFT: October 2025 of main</title>" in pack_page(month())
    assert "<title>October 2025 of main</title>" in pack_page(closed)
    assert "What keeps it from being closed" in pack_page(month())
    assert "What keeps it from being closed" not in pack_page(closed)


def test_the_key_figures_are_the_sums_of_the_frames() -> None:
    frame, behind = key_figures(month())
    assert [("BTC", Decimal("0.5"), Decimal(0)), ("USDT", Decimal("995.626543210987654322"), Decimal("-3.25"))] == [
        (row["asset"], row["closing"], row["funding"]) for row in frame.iter_rows(named=True)
    ]
    assert [("main/ETHUSDT/long", Decimal("-4.25")), ("main/ETHUSDT/short", Decimal(1))] == behind[1, "funding"].lines


def test_a_sum_that_lacks_a_part_is_unknown_and_never_zero() -> None:
    whole = month()
    realized = whole.sections["realized"].with_columns(
        gross_pnl=pl.Series([None, Decimal(10)], dtype=pl.Decimal(38, 18))
    )
    lacking = month(sections=dict(whole.sections) | {"realized": realized})
    assert key_figures(lacking)[0].filter(pl.col("asset") == "USDT")["realized"].to_list() == [None]
    assert figures_of(pack_page(lacking), "USDT")[2] == "?"


def test_figures_on_the_page_agree_with_the_frames() -> None:
    content = pack_page(month())
    assert figures_of(content, "acme usdm USDT")[:5] == ["broken", "3.20", "1,000.00", "0.00", "-1.12"]
    assert figures_of(content, "main/ETHUSDT/long")[-4:] == ["4.37", "?", "10.00", "5.63"]
    assert 'title="995.626543210987654322"' in content, "all digits are in the tooltip"


def test_headings_of_the_roll_forward_that_moved_nothing_are_left_out() -> None:
    content = pack_page(month())
    heads = re.findall(
        r'<th scope="col"[^>]*>(.*?)</th>', content[content.index('id="roll-forward"') :].split("</thead>")[0]
    )
    assert [re.sub("<wbr>", "", head) for head in heads] == [
        "wallet", "status", "difference", "opening", "deposits", "trading_fees", "funding", "closing", "stated_closing",
    ]  # fmt: skip


def test_a_reporting_currency_has_a_table_of_its_own_with_unknown_values() -> None:
    content = pack_page(month(currency="EUR"))
    values = content[content.index("The same in EUR") :]
    assert figures_of(values, "USDT") == ["900.00", "896.00"]
    assert figures_of(values, "BTC") == ["0.00", "?"]
    assert "total EUR" in values and "896.00 + ?" in values


# ------------------------------------------------------------------------------------------------ where figures lead


def test_every_link_leads_to_a_place_on_the_page_and_no_id_is_there_twice() -> None:
    seen = Seen(pack_page(month(currency="EUR")))
    ids, links = seen.of("id"), seen.of("href")
    assert sorted(set(ids)) == sorted(ids)
    assert {link[:1] for link in links} == {"#"}
    assert {link[1:] for link in links} <= set(ids)
    assert seen.open == []


def test_a_figure_opens_its_rows_and_says_how_many_there_are() -> None:
    content = pack_page(month())
    key = "reconcile|usdm|USDT"
    assert f'<a href="#{anchor(key)}" tabindex="-1">-3.25</a>' in content
    proof = content.split(f'<section class="proof" id="{anchor(key)}"')[1].split("</section>")[0]
    assert "The first 1 of 8,412 source rows; <code>marginbook trace &#x27;reconcile|usdm|USDT&#x27;</code>" in proof
    assert "income.csv:2" in proof and "<code>ETHUSDT,income.csv,-3.25</code>" in proof


def test_a_figure_without_rows_on_the_page_says_how_to_list_them() -> None:
    content = pack_page(month(evidence={}, evidence_counts={}))
    proof = content.split(f'id="{anchor("break-1")}"')[1].split("</section>")[0]
    assert "Its rows are not on this page; <code>marginbook trace break-1</code> lists them." in proof


def test_a_key_figure_opens_the_lines_that_it_is_the_sum_of() -> None:
    content = pack_page(month())
    proof = content.split(f'id="{anchor("sum|realized|funding|USDT")}"')[1].split("</section>")[0]
    assert "The sum of 2 lines." in proof
    assert f'<a href="#{anchor("main/ETHUSDT/long")}">main/ETHUSDT/long</a> <span class="n">-4.25 USDT</span>' in proof


def test_the_tab_key_stops_once_a_row() -> None:
    content = pack_page(month())
    row = re.search(r'<tr id="roll-forward-[^"]*">.*?</tr>', content)
    assert row is not None
    links = re.findall(r"<a [^>]*>", row[0])
    assert len(links) > 4
    assert [link for link in links if "tabindex" not in link] == links[:1]


def test_a_long_table_is_cut_and_says_so() -> None:
    whole = month()
    many = pl.concat([whole.sections["findings"]] * (MOST_ROWS + 3))
    content = pack_page(month(sections=dict(whole.sections) | {"findings": many}))
    assert (
        "503 rows; one row is a thing to look at" in content
        and "; the first 500 are shown, totals are of all" in content
    )


def test_a_table_that_the_month_does_not_hold_is_not_on_the_page() -> None:
    whole = month()
    assert 'id="transfers"' not in pack_page(whole)
    assert 'id="calendar"' not in pack_page(
        month(sections={k: v for k, v in whole.sections.items() if k != "calendar"})
    )


# ------------------------------------------------------------------------------------------------ days


def test_days_that_lack_rows_are_unknown_and_not_zero() -> None:
    ((asset, days),) = by_day(month(), "funding")
    told = {day.name: (day.amount, day.lack) for day in days}
    assert asset == "USDT" and len(days) == 31
    assert told["2"] == (Decimal("-4.25"), "") and told["5"] == (Decimal(0), "")
    assert told["9"] == (None, "missing") and told["12"] == (Decimal("0.5"), "")
    assert told["22"] == (Decimal(0), ""), "covered, and nothing happened"
    assert told["31"] == (None, "missing"), "no file covers it"


def test_a_day_that_no_file_of_one_wallet_covers_is_partly_known() -> None:
    whole = month()
    second = whole.sections["calendar"].with_columns(wallet=pl.lit("coinm"), days=pl.lit("▁" * 31))
    lines = whole.sections["reconcile"]
    other = lines.head(1).with_columns(wallet=pl.lit("coinm"), line=pl.lit("reconcile|coinm|USDT"))
    sections = dict(whole.sections) | {"calendar": pl.concat([whole.sections["calendar"], second]),
                                       "reconcile": pl.concat([lines, other])}  # fmt: skip
    lack = lacks(month(sections=sections), "funding", "USDT")
    assert (lack[date(2025, 10, 2)], lack[date(2025, 10, 9)], lack[date(2025, 10, 31)]) == (
        "partly",
        "missing",
        "missing",
    )


def test_the_calendar_says_each_day_in_words() -> None:
    content = pack_page(month())
    grid = content[content.index('<table class="calendar">') :].split("</table>")[0]
    assert grid.count("<td") == 31
    assert 'class="missing" title="2025-10-09: something is missing"' in grid
    assert grid.count('<span class="unseen">covered, with rows</span>') == 18
    assert set(SIGNS) == set(STATES.values())


# ------------------------------------------------------------------------------------------------ charts


@drawing
def test_charts_are_drawn_with_words_for_who_does_not_see_them() -> None:
    seen = Seen(pack_page(month()))
    labels = [value or "" for tag, name, value in seen.attributes if (tag, name) == ("svg", "aria-label")]
    assert [label.split(":")[0] for label in labels] == [
        "Waterfall of BTC", "Waterfall of USDT",
        "Stacked bars of trading fees, funding, interest and liquidation fees in USDT", "Funding in USDT",
    ]  # fmt: skip
    assert "opening 1,000.00; trading fees -1.12, funding -3.25; closing 995.63" in labels[1]
    assert "Rows are missing, or no file covers day 9, 10, 29, 30, 31 (hatched)." in labels[3]
    assert seen.tags.count("figure") == seen.tags.count("details") == 4


def test_where_nothing_draws_the_page_has_the_figures_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack_pieces, "can_draw", lambda: False)
    monkeypatch.setattr(pack_page_module, "can_draw", lambda: False)
    content = pack_page(month())
    assert "Charts are left out: the library that draws them is not installed" in content
    assert "From opening to closing: USDT" in content and "Waterfall of USDT" in content
    assert 'class="chart"' not in content


def test_a_chart_says_nothing_of_a_line_over_days_that_lack_rows() -> None:
    chart = daily("Funding", "USDT", [Day(name="1", amount=Decimal(2)), Day(name="2", amount=None, lack="missing"),
                                      Day(name="3", amount=Decimal(1))])  # fmt: skip
    assert [2.0, None, 3.0] == [value["so_far"] for value in chart.spec["data"]["values"]]
    assert chart.note == "hatched: rows are missing, or no file covers the day"


def test_a_waterfall_of_small_changes_says_that_its_axis_does_not_begin_at_zero() -> None:
    small = waterfall(
        "USDT", Decimal(1000), [Step(name="funding", amount=Decimal(-3), opens="e-1")], Decimal(997), "e-2"
    )
    large = waterfall("USDT", Decimal(0), [Step(name="deposits", amount=Decimal(9), opens="e-1")], Decimal(9), "e-2")
    assert small.title.endswith("(the axis does not begin at 0)")
    assert large.title == "From opening to closing: USDT"


@drawing
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_in_a_chart_is_text(name: str) -> None:
    bars = [
        Held(name=f"{name}{no}", costs={"trading fees": Decimal(3), "funding": Decimal(-1)}, opens="e-0a")
        for no in (1, 2)
    ]
    chart = carry_bars(name, bars, 2)
    seen = Seen(svg(chart.spec, chart.text))
    assert {"svg", "g", "path", "line", "text", "a", "title"} >= set(seen.tags)
    assert not {attribute for attribute in seen.of("href") if attribute != "#e-0a"}
    assert not {
        name for _, name, _ in seen.attributes if name.startswith("on") or name in {"style", "src", "class", "id"}
    }


@drawing
def test_a_chart_fetches_nothing() -> None:
    spec = {"data": {"url": "http://127.0.0.1:9/x.json"}, "mark": "bar", "encoding": {"x": {"field": "a"}}}
    with pytest.raises(ValueError, match="not allowed"):
        svg(spec, "")


@drawing
def test_what_another_version_may_draw_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9" onload="a()">'
        '<style>a{}</style><script>a()</script><image xlink:href="http://127.0.0.1/"/><foreignObject><p>x</p></foreignObject>'
        '<a xlink:href="http://127.0.0.1/x"><path d="M1,1h2" style="fill:red" onclick="a()" fill="#fff"/></a></svg>'
    )
    import vl_convert

    fake = SimpleNamespace(vegalite_to_svg=lambda *_, **__: drawn)
    monkeypatch.setattr(vl_convert, "vegalite_to_svg", fake.vegalite_to_svg)
    assert (
        '<svg viewBox="0 0 9 9" width="9" height="9" role="img" aria-label="t"><a><path d="M1,1h2" fill="#fff"/></a></svg>'
        == svg({}, "t")
    )


# ------------------------------------------------------------------------------------------------ hostile names


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_of_symbols_files_and_assets_are_text(name: str) -> None:
    hostile = month(symbol=name, file=name, asset=name, account=name, closed_by=name, status="closed", figures=name)
    content = pack_page(hostile)
    seen = Seen(content)
    plain = Seen(pack_page(month(closed_by="a", status="closed")))
    assert set(seen.tags) == set(plain.tags)
    assert {attribute for _, attribute, _ in seen.attributes} == {attribute for _, attribute, _ in plain.attributes}
    assert not {"script", "img", "link", "iframe", "form", "object", "base"} & set(seen.tags)
    assert {link[:1] for link in seen.of("href")} == {"#"}
    assert {link[1:] for link in seen.of("href")} <= set(seen.of("id"))
    assert seen.open == [] and content.count("<style>") == 1
    content.encode()
    assert all(letter.isprintable() or letter == "\n" for letter in content)


def test_the_policy_allows_the_style_of_the_page_alone_and_nothing_inline() -> None:
    content = pack_page(month())
    style = content.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'none'; base-uri 'none'; form-action 'none'"
    assert policy == content.split('http-equiv="Content-Security-Policy" content="')[1].split('"')[0]
    seen = Seen(content)
    assert not {name for _, name, _ in seen.attributes if name == "style" or name.startswith("on")}
    assert "http:" not in content and "https:" not in content and "@import" not in style
    assert set(re.findall(r"url\([^)]*\)", content)) == {"url(#hatch)"}


def test_the_same_month_gives_the_same_bytes() -> None:
    assert pack_page(month(currency="EUR")) == pack_page(month(currency="EUR"))


def test_who_reads_with_the_keyboard_or_by_ear_is_served() -> None:
    content = pack_page(month())
    seen = Seen(content)
    assert '<html lang="en">' in content
    assert '<a class="skip" href="#main">' in content
    assert [seen.tags.count(tag) for tag in ("h1", "main", "header", "footer", "nav")] == [1, 1, 1, 1, 1]
    heads = re.findall(r"<th\b[^>]*>", content)
    assert [head for head in heads if 'scope="' not in head] == []
    boxes = re.findall(r'<div class="scroll"[^>]*>', content)
    assert [box for box in boxes if 'tabindex="0" role="region" aria-label="' not in box] == []
    for tag in ("td", "th"):
        assert seen.tags.count(tag) > 50


def test_files_are_named_with_their_digest_and_the_method_is_told() -> None:
    content = pack_page(month(zone="Europe/Zurich"))
    assert FIGURE in content[content.index('id="files"') :].split("</section>")[0]
    method = content[content.index('id="method"') :]
    assert "2025-10 in Europe/Zurich" in method and "marginbook 0.1.0" in method and FIGURE in method


def test_a_row_that_was_not_read_back_says_so() -> None:
    row = Evidence(at=None, table="fills", what="x", place="a.csv:1", raw=None)
    assert '<span class="soft">not read back</span>' in pack_page(month(evidence={"break-1": [row]}))
    assert AT.tzinfo is UTC
