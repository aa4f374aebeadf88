"""An audit as object, as lines of a terminal, as page and as figure: exact, whole, and nothing in it is markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from rich.cells import cell_len

from reports import audit_page
from reports.audit import TERMS, Audit, Moment, Term
from reports.audit_history import history
from reports.audit_json import FIRST, as_json, embedded, text
from reports.audit_page import page
from reports.audit_points import MOST_POINTS, gaps, points, steps, thinned
from reports.audit_text import lines
from reports.audit_twins import drawing, svg
from reports.audit_words import buffer, exact, lasting, title
from reports.audit_words import lines as bridge
from reports.svg import can_draw
from tests.audits import TRIGGERED, audit, bare_audit, loan_audit

AUDITS = pytest.mark.parametrize("of", [audit(), bare_audit(), loan_audit()], ids=["whole", "bare", "loan"])
NEEDS_CHARTS = pytest.mark.skipif(not can_draw(), reason="vl-convert is not installed")
HOSTILE = "</script></td><script>alert(1)</script><img src=x onerror=alert(1)>\"'&lt;\u202e\u2028=1+1{{7*7}}\x1b[31m"


# ------------------------------------------------------------------------------------------------ json


@AUDITS
def test_the_object_has_the_promised_keys_first_and_every_term(of: Audit) -> None:
    told = as_json(of)
    assert list(FIRST) == list(told)[: len(FIRST)]
    assert list(TERMS) == list(told["terms"])[: len(TERMS)]
    assert set(told["terms"]) == set(told["labels"]) == set(told["sources"])


@AUDITS
def test_the_strings_of_the_bridge_add_up_exactly(of: Audit) -> None:
    told = json.loads(text(of))
    total = sum(map(Decimal, told["terms"].values()), Decimal(told["start_equity"])) + Decimal(told["unexplained"])
    assert Decimal(told["end_equity"]) == total


def test_figures_are_plain_text_and_unknown_is_null() -> None:
    told = as_json(audit(initial_margin=None, start_equity=Decimal("2E+3"), end_equity=Decimal("-0.000")))
    assert (told["start_equity"], told["end_equity"], told["initial_margin"]) == ("2000", "0", None)
    assert told["terms"]["own_price_pnl"] == "-1610.45"
    assert told["terms"]["interest"] == "0"
    assert told["triggered_at"] == "2025-10-10T21:17:03.412Z"
    assert told["counterfactuals"][0]["until"] == "2025-10-11T06:17:03.412Z"
    assert told["sources"]["own_fees"] == ["101", "105"]
    assert exact(Decimal("1E-18")) == "0.000000000000000001"


def test_a_cause_without_a_line_has_one_under_its_own_name() -> None:
    told = as_json(audit(terms=[*audit().terms, Term(name="airdrop", amount=Decimal(3), label="implied")]))
    assert (told["terms"]["airdrop"], told["labels"]["airdrop"]) == ("3", "implied")


def test_an_object_inside_a_script_cannot_end_it() -> None:
    written = embedded({"symbol": HOSTILE})
    assert not re.search("[<>&\u2028\u2029]", written)
    assert {"symbol": HOSTILE} == json.loads(written)


# ------------------------------------------------------------------------------------------------ points


def many(count: int = 9000) -> Audit:
    """Return an audit with that many prices and an event in every hundredth place."""
    first = audit().moments[0]
    moments = [
        replace(first, at=TRIGGERED - timedelta(minutes=count - number), equity=Decimal(1000 + number * 7919 % 997),
                kind="funding" if number % 100 == 50 else "price", mark=Decimal(40_000 - number * 104_729 % 9973),
                is_gap=number == 4321)
        for number in range(count)
    ]  # fmt: skip
    return audit(moments=moments)


def test_thinned_points_keep_every_event_and_gap_and_the_extremes() -> None:
    whole = many()
    shown = thinned(whole)
    assert MOST_POINTS // 2 < len(shown.moments) <= MOST_POINTS
    kept = {moment.at for moment in shown.moments}
    assert all(moment.at in kept for moment in whole.moments if moment.kind != "price" or moment.is_gap)
    for name in ("equity", "mark"):
        for choose in (min, max):
            assert choose(getattr(moment, name) for moment in shown.moments) == choose(
                getattr(moment, name) for moment in whole.moments
            )
    assert [gap["at"] for gap in gaps(whole)] == [gap["at"] for gap in gaps(shown)]
    assert [moment.at for moment in shown.moments] == sorted(kept)
    assert thinned(audit()) == audit(), "few moments stay as they are"


def test_lines_break_where_nothing_is_known() -> None:
    of = audit()
    made = points(of)
    (dark,) = [place for place, moment in enumerate(of.moments) if moment.is_gap]
    assert len(made) == len(of.moments) + 1
    assert set(made[dark]) == {"at", "no"}, "a point without a figure, where the gap ends"
    assert made[dark + 1]["equity"] == float(of.moments[dark].equity or 0)
    (gap,) = gaps(of)
    assert gap["until"] - gap["at"] > 4 * 3_600_000


def test_a_liquidation_price_holds_until_the_next_row() -> None:
    moments = [replace(moment, liquidation_price=None if moment.kind == "price" else moment.liquidation_price)
               for moment in audit().moments]  # fmt: skip
    stated = [point.get("limit") for point in points(audit()) if "equity" in point]
    told = [point.get("limit") for point in points(audit(moments=moments)) if "equity" in point]
    dark = next(place for place, moment in enumerate(moments) if moment.is_gap)
    after = next(place for place, moment in enumerate(moments) if place > dark and moment.kind != "price")
    assert told[:dark] == stated[:dark] and told[after:] == stated[after:]
    assert set(told[dark:after]) == {None}, "what holds after a gap is not known"
    assert told[-1] is None, "nothing is left to be liquidated"


@AUDITS
def test_each_bar_begins_where_the_one_before_stopped(of: Audit) -> None:
    made = steps(of)
    level = made[0]["after"]
    for bar in made[1:-1]:
        assert level == pytest.approx(bar["low"] if bar["kind"] == "gain" or bar["after"] > level else bar["high"])
        level = bar["after"]
    assert level == pytest.approx(float(of.end_equity))
    assert {bar["line"] for bar in made[1:-1]} == {term.name for term in bridge(of) if term.amount}


# ------------------------------------------------------------------------------------------------ words


def test_events_tell_how_equity_and_buffer_changed() -> None:
    moments = [
        Moment(at=TRIGGERED, kind="start", what="start", equity=Decimal(100), maintenance_margin=Decimal(10)),
        Moment(at=TRIGGERED + timedelta(hours=1), kind="price", what="mark 9", equity=Decimal(70),
               maintenance_margin=Decimal(9)),
        Moment(at=TRIGGERED + timedelta(hours=2), kind="funding", what="funding -5", effect=Decimal(-5),
               equity=Decimal(60), maintenance_margin=Decimal(9)),
        Moment(at=TRIGGERED + timedelta(hours=5), kind="transfer", what="in", effect=Decimal(20), equity=Decimal(81),
               maintenance_margin=Decimal(12)),
    ]  # fmt: skip
    first, second = history(audit(moments=moments))
    assert (first.change, first.buffer, first.cumulative) == (Decimal(-40), Decimal(51), Decimal(-39))
    assert (second.change, second.buffer, second.cumulative) == (Decimal(21), Decimal(69), Decimal(-21))
    assert lasting(second.since) == "3 h"
    (last,) = history(audit(moments=moments), last=1)
    assert last.cumulative == Decimal(-21), "from the start, however few are shown"


def test_no_digit_of_a_large_sum_is_lost() -> None:
    large, small = Decimal("12345678901234567890.123456789012345678"), Decimal("0.000000000000000001")
    moment = Moment(at=TRIGGERED, kind="fee", what="fee", equity=large, maintenance_margin=small)
    assert buffer(moment) == Decimal("12345678901234567890.123456789012345677")
    told = as_json(audit(start_equity=large, terms=[], unexplained=-small))
    assert (told["start_equity"], told["unexplained"]) == (str(large), "-0.000000000000000001")


def test_what_an_audit_is_called_says_what_happened() -> None:
    assert title(audit()).startswith("Why was I liquidated: long BTCUSDT, 2025-10-10 21:17:03.412 UTC")
    assert "loan against BTC" in title(loan_audit())
    assert "liquidated" not in title(audit(stage="adl"))


@AUDITS
@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_lines_fit_the_terminal(of: Audit, width: int) -> None:
    told = lines(of, width)
    assert [line for line in told if cell_len(line) > width] == []
    whole = re.sub(r"\s+", " ", " ".join(told))
    assert of.verdict in whole
    assert all(text in whole for text in of.missing)


def test_the_terminal_shows_the_bridge_with_its_bars() -> None:
    told = lines(audit(), 100)
    figures = [
        line for line in told if re.match(r"  (start|moved|price of|trading|funding|slip|liquidation fee|end)", line)
    ]
    assert ["2,000.00", "-300.00", "-1,610.45", "-19.19", "-6.00", "-14.55", "-49.81", "0.00"] == [
        found[1] for line in figures if (found := re.search(r"\s([-\d,]+\.\d\d)(\s|$)", line))
    ]
    start, moved = (next(line for line in told if line.startswith(name)) for name in ("  start equity", "  moved out"))
    assert start.rindex("█") == moved.rindex("█"), "what moved out begins where the start ends"
    assert any("2 of" not in line and "withdrawal 300 USDT" in line for line in told)


def test_nothing_steers_a_terminal() -> None:
    of = audit(symbol=HOSTILE, asset=HOSTILE, verdict=HOSTILE, missing=[HOSTILE], account=HOSTILE, ratio_name=HOSTILE)
    assert all(line.isprintable() for line in lines(of, 100))
    plain = lines(of, 100, ascii_only=True)
    assert all(line.isascii() for line in plain)
    assert any("\x1b[31m" in line for line in lines(audit(), 100, colour=True))


# ------------------------------------------------------------------------------------------------ page


class Elements(HTMLParser):
    """The elements of a page, and the text of each script and style."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[str, str]] = []
        self.seen = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        tag = self.found[-1][0] if self.found else ""
        if tag in {"script", "style"} and self.cdata_elem:
            self.inside.append((tag, data))
        else:
            self.seen += data


@pytest.fixture(scope="module")
def hostile() -> str:
    of = audit(symbol=HOSTILE, file=HOSTILE, asset=HOSTILE, verdict=HOSTILE, missing=[HOSTILE], found_by=[HOSTILE],
               ratio_name=HOSTILE, account=HOSTILE, assumptions=[HOSTILE], quality={HOSTILE: [HOSTILE]},
               files=[{"name": HOSTILE, "sha256": HOSTILE, "format": HOSTILE, "import": HOSTILE}])  # fmt: skip
    of = replace(of, terms=[*of.terms[1:], replace(of.terms[0], name=HOSTILE, why=HOSTILE)])
    return page(of, HOSTILE)


def test_hostile_names_are_text(hostile: str) -> None:
    told = Elements(hostile)
    kinds = {tag for tag, _ in told.found}
    assert not kinds & {"img", "iframe", "link", "form", "object", "base"}
    assert sum(tag == "script" for tag, _ in told.found) == (5 if can_draw() else 3)
    assert not [name for _, attributes in told.found for name in attributes if name.startswith("on") or name == "style"]
    assert "\u202e" not in hostile.split('<script type="application/json"', maxsplit=1)[0], (
        "nothing turns the text around"
    )
    assert {
        attributes["href"] for tag, attributes in told.found if tag == "a" and (attributes["href"] or "")[0] != "#"
    } == set()


def test_the_policy_allows_what_is_on_the_page_and_nothing_else(hostile: str) -> None:
    told = Elements(hostile)
    policy = next(attributes["content"] or "" for _, attributes in told.found
                  if attributes.get("http-equiv") == "Content-Security-Policy")  # fmt: skip
    allowed = set(re.findall(r"'(sha256-[^']+)'", policy))
    own = re.findall(r"(?s)<(?:script|style)>(.*?)</(?:script|style)>", hostile)
    digests = {"sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in own}
    assert digests == allowed
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy


def test_the_page_holds_the_object_and_every_row(hostile: str) -> None:
    (held,) = re.findall(r'(?s)<script type="application/json" id="figures">(.*?)</script>', hostile)
    told: dict[str, Any] = json.loads(held)
    assert told["symbol"] == HOSTILE
    assert told["terms"]["own_price_pnl"] == "-1610.45"
    rows = re.findall(r'<tr id="r\d+" data-lines="[^"]*">', hostile)
    assert len(rows) == len(audit().evidence)


@NEEDS_CHARTS
def test_the_same_audit_gives_the_same_bytes() -> None:
    assert page(audit(), "marginbook audit") == page(audit(), "marginbook audit")


def test_without_the_library_that_draws_the_page_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_page, "can_draw", lambda: False)
    made = page(audit(), "marginbook audit --latest --html why.html")
    assert "marginbook[charts]" in made
    seen = Elements(made).seen
    for text_ in ("300 USDT were withdrawn", "Without the withdrawal", "36,176.707", "Export Trade History 2025-10.csv:5",
                  "2025-10-10 08:00:00,BTCUSDT,TRANSFER,-300", "medium confidence", "no price is known for",
                  "marginbook audit --latest --html why.html", "Model output", "primary cause"):  # fmt: skip
        assert text_ in seen
    assert "drawings" not in [attributes.get("id") for _, attributes in Elements(made).found]


@NEEDS_CHARTS
@AUDITS
def test_the_figure_is_a_file_of_its_own(of: Audit) -> None:
    drawn = svg(of)
    root = fromstring(drawn)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert of.verdict[:40] in "".join(root.itertext())
    assert drawn == svg(of)


@NEEDS_CHARTS
def test_the_figure_is_a_picture_too() -> None:
    assert drawing(audit(symbol=HOSTILE), "png").startswith(b"\x89PNG\r\n")
    assert drawing(audit(symbol=HOSTILE), "pdf").startswith(b"%PDF-")
