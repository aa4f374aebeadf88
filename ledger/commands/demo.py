"""The invented exports of the demo: five venues, two months, consistent to the last digit."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

REPORTS_SHOWN = ("positions", "carry", "funding", "interest", "loans", "liquidations", "balances")

SHOWN_LIQUIDATION = "XRPUSDT"
"""Of the demo's liquidations the one of which everything is known."""


def write_exports(folder: Path) -> Path:
    """Copy the bundled exports into the folder, which is made, and return it; what else lies there is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for export in resources.files("ledger").joinpath("demo_exports").iterdir():
        if export.is_file():
            (folder / export.name).write_bytes(export.read_bytes())
    return folder
