"""The page of a month in a real browser, from disk: nothing runs, nothing is fetched, everything is there and fits."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from reports.month import Month
from reports.pack_page import pack_page
from reports.svg import can_draw
from tests.months import month

pytestmark = pytest.mark.external

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--virtual-time-budget=3000",
)  # fmt: skip
NARROW, WIDE = 375, 1440
FRAMES = """<!doctype html><meta charset="utf-8"><title>frames</title>
<iframe id="page" style="border:0;width:{width}px;height:900px"></iframe>
<script>
const frame = document.getElementById("page");
const wait = () => new Promise(done => {{ frame.onload = done; }});
(async () => {{
  frame.src = {page}; await wait();
  const told = {{}}, doc = frame.contentDocument, win = frame.contentWindow;
  told.title = doc.title;
  told.overflow = doc.documentElement.scrollWidth - doc.documentElement.clientWidth;
  told.charts = [...doc.querySelectorAll(".chart svg")].map(svg => svg.getBoundingClientRect().width > 100);
  told.styled = win.getComputedStyle(doc.querySelector(".badge")).borderTopStyle;
  const level = doc.querySelector('.chart svg [fill="#5c6570"]');
  told.shade = level && win.getComputedStyle(level).fill;
  told.closed = win.getComputedStyle(doc.querySelector(".proof")).position;
  told.opened = []; told.moved = [];
  for (const link of [...doc.querySelectorAll('a[href^="#e-"]')].filter((_, no) => no % 7 === 0)) {{
    const place = link.getAttribute("href"), proof = doc.getElementById(place.slice(1)), before = win.scrollY;
    win.location.hash = place;
    await new Promise(done => setTimeout(done, 5));
    const box = proof.getBoundingClientRect();
    told.opened.push(win.getComputedStyle(proof).position === "fixed" && box.bottom <= 901 && box.height > 40);
    told.moved.push(win.scrollY - before);
  }}
  document.title = "done"; document.body.append(Object.assign(document.createElement("pre"), {{
    id: "told", textContent: JSON.stringify(told) }}));
}})();
</script>
"""
HOSTILE = (
    "</td></table></text></svg></title><script>document.title='PWNED'</script>"
    "<img src={address}/img onerror=\"document.title='PWNED'\"><style>@import '{address}/css';</style>"
    "<link rel=stylesheet href={address}/link><a href='javascript:document.title=1' autofocus onfocus=alert(1)>"
    "\"'&lt;{{{{7*7}}}}\\u0027\u202e\x07"
)


class Listener(BaseHTTPRequestHandler):
    """Remembers who came; nobody should."""

    visits: list[str]

    def do_GET(self) -> None:
        self.visits.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # silence is the expected answer
        return


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    visits: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Recording", (Listener,), {"visits": visits}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", visits
    server.shutdown()
    thread.join()
    server.server_close()


def browsed(chromium: str, page: Path, folder: Path, *flags: str) -> tuple[str, str]:
    """Return the document as the browser has it, and what it wrote to its console."""
    command = [chromium, *FLAGS, *flags, "--enable-logging=stderr", f"--user-data-dir={folder}/profile", "--dump-dom",
               page.as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120, check=True, stdin=subprocess.DEVNULL)
    console = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if "CONSOLE" in line]
    return done.stdout.decode("utf-8"), "\n".join(console)


def written(folder: Path, of: Month, name: str = "month.html") -> Path:
    """Return the page of the month as a file."""
    path = folder / name
    path.write_text(pack_page(of), encoding="utf-8")
    return path


def measured(chromium: str, folder: Path, page: Path, width: int, *flags: str) -> dict[str, Any]:
    """Return what a script of another page finds in this one, in a frame of this width."""
    frames = folder / "frames.html"
    frames.write_text(FRAMES.format(width=width, page=json.dumps(page.as_uri())), encoding="utf-8")
    document, _ = browsed(chromium, frames, folder, "--allow-file-access-from-files",
                          f"--window-size={width + 40},1000", *flags)  # fmt: skip
    found = re.search(r'<pre id="told">(.*?)</pre>', document, re.DOTALL)
    assert found is not None, document[-2000:]
    told: dict[str, Any] = json.loads(unescape(found[1]))
    return told


def test_the_browser_does_tell_of_a_style_that_the_policy_forbids(chromium: str, tmp_path: Path) -> None:
    """The control: without it, a silent console would prove nothing."""
    page = written(tmp_path, month())
    page.write_text(page.read_text().replace("<main ", '<main style="color:red" '))
    assert "Content Security Policy" in browsed(chromium, page, tmp_path)[1]


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_the_page_is_whole_and_fits_and_its_figures_open(chromium: str, tmp_path: Path, width: int) -> None:
    told = measured(chromium, tmp_path, written(tmp_path, month(currency="EUR")), width)
    assert told["title"] == "DRAFT: October 2025 of main"
    assert told["overflow"] == 0
    assert told["styled"] == "solid", "the style sheet has the digest that the policy allows"
    assert told["charts"] == ([True] * 4 if can_draw() else [])
    assert told["closed"] == "static"
    assert len(told["opened"]) > 5 and all(told["opened"])
    assert set(told["moved"]) == {0}, "the reader stays where the figure is"


def test_each_scheme_has_shades_of_its_own(chromium: str, tmp_path: Path) -> None:
    page = written(tmp_path, month())
    shades = [measured(chromium, tmp_path, page, WIDE, f"--blink-settings=preferredColorScheme={scheme}")["shade"]
              for scheme in (1, 0)]  # fmt: skip
    assert shades == (["rgb(92, 101, 112)", "rgb(154, 164, 175)"] if can_draw() else [None, None])


def test_hostile_names_run_nothing_and_fetch_nothing(
    chromium: str, tmp_path: Path, listener: tuple[str, list[str]]
) -> None:
    address, visits = listener
    name = HOSTILE.format(address=address)
    page = written(tmp_path, month(symbol=name, file=name, asset=name), "<b>&'%.html".replace("/", ""))
    document, console = browsed(chromium, page, tmp_path)
    assert "<title>DRAFT: October 2025 of main</title>" in document
    assert console == "", "no script, no refused style, image or address"
    assert visits == []
    assert not re.search(r"<(script|img|link|iframe|form|object)\b", document)
    assert document.count("<style>") == 1
    told = measured(chromium, tmp_path, page, NARROW)
    assert (told["overflow"], told["title"]) == (0, "DRAFT: October 2025 of main")
    assert all(told["opened"])


def test_a_page_prints(chromium: str, tmp_path: Path) -> None:
    page, paper = written(tmp_path, month()), tmp_path / "month.pdf"
    command = [chromium, *FLAGS, f"--user-data-dir={tmp_path}/profile", "--no-pdf-header-footer",
               f"--print-to-pdf={paper}", page.as_uri()]  # fmt: skip
    subprocess.run(command, capture_output=True, timeout=120, check=True, stdin=subprocess.DEVNULL)
    pages = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper.read_bytes())
    assert len(pages) > 2
    assert all(float(wide) > float(high) for wide, high in pages), "A4 landscape"
