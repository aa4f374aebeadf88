"""The same input gives the same bytes anywhere: two machines' languages, clocks and orders of hashing; no sockets."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.journey import NUMBERS

ROOT = Path(__file__).parent.parent
HERE = {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
THERE = {
    "TZ": "Pacific/Apia",
    "LC_ALL": "tr_TR.UTF-8",
    "LANG": "tr_TR.UTF-8",
    "PYTHONHASHSEED": "77",
    "PYTHONUTF8": "0",
}


def journey(folder: Path, environment: dict[str, str]) -> Path:
    folder.mkdir()
    subprocess.run(
        [sys.executable, ROOT / "tests" / "journey.py", folder], check=True,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "HOME": str(folder), **environment},
    )  # fmt: skip
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file by its place; of a book, what it says of itself is compared, not its pages."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".duckdb"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_every_command_says_and_writes_the_same_everywhere_without_a_socket(tmp_path: Path) -> None:
    places = {"here": HERE, "there": THERE}
    with ThreadPoolExecutor() as both:
        here, there = both.map(lambda name: contents(journey(tmp_path / name, places[name])), places)
    assert here["said.txt"].decode().split("\n")[0] == f"unplugged: {platform.machine() in NUMBERS}"
    wrong = [part for part in here["said.txt"].decode().split("$ ") if part[-4:].strip() not in ("= 0", "= 1")]
    assert [part for part in wrong if not part.startswith("unplugged")] == []
    assert len(here) > 60
    assert {name for name in here.keys() | there.keys() if here.get(name) != there.get(name)} == set()


def test_a_socket_would_be_noticed() -> None:
    program = (
        "import sys; from tests.journey import unplug; print(unplug(), flush=True); import socket; socket.socket()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)}
    )
    assert (ended.stdout.strip() == "True") == (ended.returncode < 0), ended
