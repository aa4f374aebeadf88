"""Programs of the system: found, or the test is skipped with the reason printed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture
def chromium() -> str:
    for name in CHROMIUM:
        if (path := shutil.which(name)) is not None:
            return path
    pytest.skip("NOT RUN: no chromium is installed (apt-get install chromium)")


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    for report in skipped:
        terminalreporter.write_line(f"!! NOT RUN: {report.nodeid}: {report.longrepr[2]}", yellow=True)
