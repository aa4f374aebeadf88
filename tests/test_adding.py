"""The four steps of the README by which a venue is added, followed as they stand, in a copy of the repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXPORT = """Zeit;Markt;Art;Menge;Kurs;Gebühr;Beleg
01.02.2025 10:00:00;BTC-EUR;Kauf;0,5;52.000,5;13,00 EUR;A-1
01.02.2025 10:00:00;BTC-EUR;Kauf;0,5;52.000,5;13,00 EUR;A-2
02.02.2025 11:30:00;BTC-EUR;Verkauf;0,25;53.100;6,64 EUR;A-3
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return the sources and the golden tests in a folder of their own, without the golden data."""
    for package in ("schemas", "importers", "reports", "ledger"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests" / "data").mkdir(parents=True)
    for name in ("conftest.py", "programs.py", "test_golden.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests" / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def steps() -> list[str]:
    """Return the numbered steps of the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("## How to add a format")[1].split("\n## ")[0]
    return re.findall(r"^\d\. (.*?)(?=^\d\. |\Z)", text, re.MULTILINE | re.DOTALL)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def marginbook(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run(
        folder, "-c", "import sys; from ledger.commands.cli import main; sys.argv[0] = 'marginbook'; main()", *words
    )


def test_a_venue_is_one_description_and_its_golden_data(copy: Path) -> None:
    first, second, third, fourth = steps()
    assert "tests/data/<venue>/" in first
    export = copy / "tests" / "data" / "acme" / "trades.csv"
    export.parent.mkdir()
    export.write_text(EXPORT, encoding="utf-8")

    assert "formats new EXPORT --name venue.export -o importers/venues/venue_export.toml" in second
    target = copy / "importers" / "venues" / "acme_trades.toml"
    done = marginbook(copy, "formats", "new", str(export), "--name", "acme.trades", "-o", str(target))
    assert done.returncode == 0, done.stderr
    described = target.read_text(encoding="utf-8").replace('# zone = "UTC"  ', 'zone = "Europe/Berlin"  # ')
    described = described.replace("[cells.transaction_ref]", "[cells.trade_ref]")
    target.write_text(described, encoding="utf-8")
    done = marginbook(copy, "formats", "test", str(target), str(export))
    assert done.returncode == 0, done.stdout + done.stderr

    assert "`make accept`" in third
    golden = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "acme", "tests/test_golden.py")
    done = run(copy, *golden)
    assert done.returncode == 1, "a golden file that nobody has accepted has to fail"
    done = run(copy, *golden, "--accept")
    assert done.returncode == 0, done.stdout
    assert run(copy, *golden).returncode == 0
    lines = [json.loads(line) for line in export.with_name("trades.csv.expected.json").read_text().splitlines()]
    fills = [line for line in lines if line.get("table") == "fills"]
    assert lines[0]["format"] == "acme.trades"
    assert [(fill["side"], fill["quantity"], fill["price"], fill["fee"], fill["instrument"]) for fill in fills][1:] == [
        ("buy", "0.500000000000000000", "52000.500000000000000000", "13.000000000000000000", "BTC/EUR"),
        ("sell", "0.250000000000000000", "53100.000000000000000000", "6.640000000000000000", "BTC/EUR"),
    ]

    assert "changelog" in fourth
    listed = marginbook(copy, "formats", "list", "--venue", "acme")
    assert "acme.trades" in listed.stdout
    done = marginbook(copy, "--book", str(copy / "book.duckdb"), "import", str(export))
    assert done.returncode == 0, done.stderr
    assert "3 read = 3 stored" in done.stderr
