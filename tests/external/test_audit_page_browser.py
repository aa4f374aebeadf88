"""The page of an audit in a real browser, from disk: charts move, figures open, nothing of an export runs."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from reports.audit import Audit
from reports.audit_page import page
from reports.svg import can_draw
from tests.audits import audit, bare_audit, loan_audit
from tests.external.test_pack_page_browser import FLAGS, HOSTILE, NARROW, WIDE, browsed, listener

pytestmark = [pytest.mark.external, pytest.mark.skipif(not can_draw(), reason="NOT RUN: vl-convert is not installed")]
__all__ = ["listener"]

FRAMES = """<!doctype html><meta charset="utf-8"><title>frames</title>
<iframe id="page" style="border:0;width:{width}px;height:900px"></iframe>
<script>
const frame = document.getElementById("page"), told = {{}};
const pause = time => new Promise(done => setTimeout(done, time));
const faults = [];
(async () => {{
  frame.src = {page};
  await new Promise(done => {{ frame.onload = done; }});
  const doc = frame.contentDocument, win = frame.contentWindow;
  win.addEventListener("error", event => faults.push(event.message));
  for (let tries = 0; tries < 80 && !doc.documentElement.classList.contains("ready"); tries++) await pause(50);
  await pause(200);
  const find = what => doc.querySelector(what), all = what => [...doc.querySelectorAll(what)];
  const shown = () => all("#evidence tbody tr:not([hidden])").map(row => row.cells[1].textContent);
  told.ready = doc.documentElement.classList.contains("ready");
  told.title = doc.title;
  const wide = () => doc.documentElement.scrollWidth - doc.documentElement.clientWidth;
  told.overflow = wide();
  const edge = doc.documentElement.clientWidth;
  told.wide = all("body *").filter(one => !one.closest(".scroll table, .chart svg, script, .moving") && one.getBoundingClientRect().right > edge + 1)
    .map(one => one.tagName + "." + one.className + "#" + one.id).slice(0, 12);
  const chart = () => all("#time-live > div").find(box => !box.hidden)?.querySelector("svg");
  told.first = find("#readout")?.textContent;
  const ticks = () => [...chart().querySelectorAll(".role-axis-label text")].map(text => text.textContent).sort();
  const fire = (kind, x, y, more) => {{
    const place = doc.elementFromPoint(x, y) || chart();
    place.dispatchEvent(new win.PointerEvent(kind, {{clientX: x, clientY: y, bubbles: true, pointerType: "mouse", ...more}}));
  }};
  if (chart()) {{
    told.paths = chart().querySelectorAll("path[d]").length;
    told.widths = [chart(), find("#bridge-live svg")].map(svg => svg.getBoundingClientRect().width);
    told.still = all(".still").map(place => win.getComputedStyle(place).display);
    chart().scrollIntoView({{block: "center"}});
    const pane = chart().querySelector('[class*="concat_0_concat_2_group"] path.background').getBoundingClientRect();
    const at = part => pane.left + pane.width * part;
    fire("pointermove", at(0.5), pane.top + 40);
    told.hovered = find("#readout").textContent;
    const before = ticks();
    fire("pointerdown", at(0.6), pane.top + 40);
    fire("pointermove", at(0.9), pane.top + 40);
    fire("pointerup", at(0.9), pane.top + 40);
    await pause(100);
    told.zoomed = JSON.stringify(ticks()) !== JSON.stringify(before);
    find('#zooms [data-last=""]').click();
    await pause(50);
    told.whole = JSON.stringify(ticks()) === JSON.stringify(before);
    find('#zooms [data-last="hour"]').click();
    await pause(50);
    told.hour = ticks().filter(text => /^\\d\\d:\\d\\d$/.test(text));
    find('#zooms [data-last=""]').click();
    find("#logarithmic").click();
    await pause(100);
    told.logarithmic = JSON.stringify(ticks()) !== JSON.stringify(before);
    told.broken = all("path").filter(path => /NaN|Infinity/.test(path.getAttribute("d") || "")).length;
    find("#logarithmic").click();
    find("#time-live").dispatchEvent(new win.KeyboardEvent("keydown", {{key: "ArrowLeft", bubbles: true}}));
    told.keyed = find("#readout").textContent;
  }}
  if (find("#evidence table")) {{
    const bar = all("#bridge-live .mark-rect.role-mark path").filter(path => path.__data__.datum.line)[1];
    bar.dispatchEvent(new win.MouseEvent("click", {{bubbles: true}}));
    await pause(20);
    told.opened = [find("#line").value, shown()];
    find("#whole").click();
    win.navigator.clipboard.writeText = async text => {{ told.copied = text; }};
    find("#copy").click();
    find("#search").value = "funding"; find("#search").dispatchEvent(new win.Event("input"));
    told.searched = shown();
    find("#whole").click();
    find("#events tbody a[data-rows]").click();
    told.linked = shown();
    find("#whole").click();
    const head = all("#evidence thead button")[2];
    head.click();
    told.sorted = all("#evidence tbody tr").map(row => row.cells[2].dataset.value ?? null);
    told.order = head.parentNode.getAttribute("aria-sort");
  }}
  const moments = find("#moments");
  moments.open = true;
  await pause(50);
  told.moments = moments.querySelectorAll("tbody tr").length;
  told.overflowing = wide();
  told.faults = faults;
  document.body.append(Object.assign(document.createElement("pre"), {{id: "told", textContent: JSON.stringify(told)}}));
}})().catch(fault => document.body.append(
  Object.assign(document.createElement("pre"), {{id: "told", textContent: JSON.stringify({{...told, fault: fault.stack}})}})));
</script>
"""


def written(folder: Path, of: Audit, name: str = "why.html") -> Path:
    """Return the page of an audit as a file."""
    path = folder / name
    path.write_text(page(of, "marginbook audit --latest --html why.html"), encoding="utf-8")
    return path


def used(chromium: str, folder: Path, page: Path, width: int, *flags: str) -> tuple[dict[str, Any], str]:
    """Return what a script of another page found when it used this one, and what the console said."""
    frames = folder / "frames.html"
    frames.write_text(FRAMES.format(width=width, page=json.dumps(page.as_uri())), encoding="utf-8")
    document, console = browsed(chromium, frames, folder, "--allow-file-access-from-files",
                                "--virtual-time-budget=9000", f"--window-size={width + 40},1000", *flags)  # fmt: skip
    found = re.search(r'<pre id="told">(.*?)</pre>', document, re.DOTALL)
    assert found is not None, document[-2000:]
    told: dict[str, Any] = json.loads(unescape(found[1]))
    assert "fault" not in told, told["fault"]
    return told, console


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_charts_move_and_figures_open_and_the_page_fits(chromium: str, tmp_path: Path, width: int) -> None:
    told, console = used(chromium, tmp_path, written(tmp_path, audit()), width)
    assert (told["ready"], told["faults"], console) == (True, [], "")
    assert (told["overflow"], told["overflowing"], told["wide"]) == (0, 0, [])
    assert told["paths"] > 20
    assert all(0.75 * min(width, 1440) - 40 < wide <= width for wide in told["widths"])
    assert told["still"] == ["none", "none"], "the still pictures make way"
    assert told["first"].startswith("2025-10-10 21:17:03.412 UTC: trigger"), "it begins at the trigger"
    assert "0.999888523645222423" in told["first"], "exact, as text"
    assert re.match(r"2025-10-10 02:30:00 UTC: mark", told["hovered"]), "half of the time from 8:00 to 21:17"
    assert (told["zoomed"], told["whole"], told["logarithmic"], told["broken"]) == (True, True, True, 0)
    assert told["hour"] and all(text[:2] in {"20", "21"} for text in told["hour"])
    assert "maintenance rate" in told["keyed"] or "UTC" in told["keyed"]


def test_evidence_is_found_by_bar_by_word_and_by_link(chromium: str, tmp_path: Path) -> None:
    known = audit()
    formula = replace(known.evidence["102"], raw='=HYPERLINK("http://invalid")')
    told, _ = used(chromium, tmp_path, written(tmp_path, audit(evidence={**known.evidence, "102": formula})), WIDE)
    withdrawal = "withdrawal 300 USDT (movements)"
    assert told["opened"] == ["transfers_out", [withdrawal]]
    assert told["searched"] == ["BTCUSDT -4 USDT funding (funding)", "BTCUSDT -2 USDT funding (funding)"]
    assert told["linked"] == ["buy 0.5 BTCUSDT at 40,000 (fills)"]
    copied = [line.split("\t") for line in told["copied"].split("\n")]
    assert [len(line) for line in copied] == [9] * 7, "the heading and six rows, as a spreadsheet takes them"
    assert copied[2][5] == '\'=HYPERLINK("http://invalid")', "text that a spreadsheet would run is quoted"
    assert copied[1][2] == "-10", "a figure has all its digits and stays one"
    assert told["order"] == "ascending"
    assert told["sorted"] == ["-300", "-49.8125", "-23.7375", "-10", "-4", "-2"]
    assert told["moments"] == len(audit().moments)


@pytest.mark.parametrize("of", [bare_audit(), loan_audit()], ids=["bare", "loan"])
def test_an_audit_of_which_little_is_known_has_a_page_too(chromium: str, tmp_path: Path, of: Audit) -> None:
    told, console = used(chromium, tmp_path, written(tmp_path, of), NARROW)
    assert (told["ready"], told["faults"], console, told["overflow"]) == (True, [], "", 0)


def test_hostile_names_run_nothing_and_fetch_nothing(
    chromium: str, tmp_path: Path, listener: tuple[str, list[str]]
) -> None:
    address, visits = listener
    name = HOSTILE.format(address=address)
    hostile = audit(symbol=name, file=name, asset=name, verdict=name, missing=[name], ratio_name=name, account=name)
    hostile = replace(hostile, terms=[*hostile.terms[1:], replace(hostile.terms[0], name=name, why=name)])
    path = written(tmp_path, hostile, "<b>&'%.html".replace("/", ""))
    told, console = used(chromium, tmp_path, path, NARROW)
    assert (told["ready"], told["faults"], console, visits) == (True, [], "", [])
    assert told["title"].startswith("Why was I liquidated: long ")
    assert (told["overflow"], told["overflowing"], told["wide"]) == (0, 0, [])
    document, console = browsed(chromium, path, tmp_path)
    assert (console, visits) == ("", [])
    own = re.sub(r"(?s)(<script[^>]*>).*?</script>", r"\1", document)
    assert re.findall(r"<(script|img|link|iframe|object|base|style)\b", own) == ["style", *["script"] * 5]


def test_the_policy_is_in_force(chromium: str, tmp_path: Path) -> None:
    """The control: a script that is not the page's own does not run, and the console says so."""
    path = written(tmp_path, bare_audit())
    path.write_text(path.read_text().replace("</main>", "<script>document.title='PWNED'</script></main>"))
    document, console = browsed(chromium, path, tmp_path)
    assert "Content Security Policy" in console
    assert "<title>PWNED" not in document


def test_without_scripts_and_on_paper_the_charts_are_still_pictures(chromium: str, tmp_path: Path) -> None:
    path, paper = written(tmp_path, audit()), tmp_path / "why.pdf"
    text = path.read_text()
    path.write_text(re.sub(r"script-src [^;]*;", "script-src 'none';", text))
    document, _ = browsed(chromium, path, tmp_path)
    assert document.count('<div class="chart still"') == 2 and 'class="live' not in document
    path.write_text(text)
    command = [chromium, *FLAGS, f"--user-data-dir={tmp_path}/profile", "--no-pdf-header-footer",
               f"--print-to-pdf={paper}", path.as_uri()]  # fmt: skip
    subprocess.run(command, capture_output=True, timeout=120, check=True, stdin=subprocess.DEVNULL)
    assert paper.stat().st_size > 20_000
