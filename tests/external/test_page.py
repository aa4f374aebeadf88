"""The html page of a report in a real browser: nothing in an export becomes markup, runs, or is fetched."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from ledger.commands.cli import marginbook

pytestmark = pytest.mark.external

HEADER = "filled_at,symbol,product,side,quantity,price,fee,fee_asset,execution"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--virtual-time-budget=3000", "--dump-dom",
)  # fmt: skip


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
    handler = type("Recording", (Listener,), {"visits": visits})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", visits
    server.shutdown()
    thread.join()
    server.server_close()


def browsed(chromium: str, page: Path, profile: Path) -> str:
    """Return the page's document as the browser has it after its scripts, if any, have run."""
    command = [chromium, *FLAGS, f"--user-data-dir={profile}", page.as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True, stdin=subprocess.DEVNULL)
    return done.stdout.decode("utf-8")


def report_page(folder: Path, symbol: str) -> Path:
    """Return the positions page of a book whose only instrument has a hostile name."""
    quoted = '"' + symbol.replace('"', '""') + '"'
    export = folder / "fills.csv"
    export.write_text(
        f"{HEADER}\n2026-01-05T10:00:00Z,{quoted},perpetual,buy,1,100,0.05,USDT,trade\n"
        f"2026-01-06T10:00:00Z,{quoted},perpetual,sell,1,110,0.05,USDT,trade\n", encoding="utf-8"
    )  # fmt: skip
    book, page = folder / "book.duckdb", folder / "positions.html"
    runner = CliRunner()
    imported = runner.invoke(marginbook, ["--book", str(book), "import", str(export), "--account", "main"])
    assert imported.exit_code == 0, imported.output
    arguments = ["--book", str(book), "report", "positions", "--output-format", "html", "-o", str(page)]
    assert runner.invoke(marginbook, arguments).exit_code == 0
    return page


def test_the_browser_does_run_scripts_and_fetch_where_a_page_has_them(
    chromium: str, tmp_path: Path, listener: tuple[str, list[str]]
) -> None:
    """The control: without it, silence below would prove nothing."""
    address, visits = listener
    page = tmp_path / "control.html"
    page.write_text(f'<title>a</title><script>document.title="PWNED"</script><img src="{address}/seen">')
    assert "<title>PWNED</title>" in browsed(chromium, page, tmp_path / "profile")
    assert visits == ["/seen"]


def test_a_hostile_symbol_stays_text(chromium: str, tmp_path: Path, listener: tuple[str, list[str]]) -> None:
    address, visits = listener
    hostile = (
        f"</td></table><script>document.title='PWNED'</script><img src={address}/img onerror=document.title='PWNED'>"
        f"<style>@import '{address}/css';</style><link rel=stylesheet href={address}/link>{{{{7*7}}}}\"'&lt;"
    )
    document = browsed(chromium, report_page(tmp_path, hostile), tmp_path / "profile")
    assert "<title>Positions</title>" in document
    assert "<script" not in document
    assert "<img" not in document
    assert "<link" not in document
    assert document.count("<style>") == 1
    assert "&lt;script&gt;" in document, "the symbol is shown, as text"
    assert visits == []
