"""Measurements in child processes: seconds as the child counts them, memory as the kernel does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter, sleep
from typing import Any

ROOT = Path(__file__).parents[2]
MIB = 1024  # ru_maxrss is in KiB
BUSY = 0.2
"""A machine that does more than this beside the benchmark is not quiet."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The figures of one task, and the peak memory of its process in MiB."""

    figures: dict[str, float]
    peak: float
    wall: float

    def __getitem__(self, name: str) -> float:
        return self.figures[name]


def run(command: Sequence[str], *, capture: bool = True) -> tuple[str, float, float]:
    """Run a command; return its output, seconds and peak MiB.  This process stays small: a child's peak includes it."""
    start = perf_counter()
    child = subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if capture else subprocess.DEVNULL, stderr=subprocess.DEVNULL if not capture else None,
    )  # fmt: skip
    output = child.stdout.read() if child.stdout is not None else ""
    _, status, usage = os.wait4(child.pid, 0)
    seconds = perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {child.returncode}")
    return output, seconds, usage.ru_maxrss / MIB


def task(name: str, **words: Any) -> Measured:
    """Do one task in a process of its own."""
    output, wall, peak = run([sys.executable, "-m", "tests.bench.tasks", name, json.dumps(words, default=str)])
    if not output.strip():
        raise RuntimeError(f"{name} failed")
    return Measured(figures=json.loads(output.splitlines()[-1]), peak=peak, wall=wall)


def middle(runs: Iterable[Measured]) -> Measured:
    """Return the median of every figure."""
    every = list(runs)
    figures = {name: median(one.figures[name] for one in every) for name in every[0].figures}
    return Measured(figures=figures, peak=median(one.peak for one in every), wall=median(one.wall for one in every))


def in_turns(times: int, patience: float, *measurements: Callable[[], Measured]) -> list[Measured]:
    """Return the median of each, measured in turns, so that a change of the machine's mood meets all of them."""
    runs: list[list[Measured]] = [[] for _ in measurements]
    for _ in range(times):
        for found, measurement in zip(runs, measurements, strict=True):
            wait_for_quiet(patience)
            found.append(measurement())
    return [middle(found) for found in runs]


def wait_for_quiet(patience: float) -> None:
    """Wait until the machine is idle, but no longer than `patience` seconds (Linux only)."""
    end = monotonic() + patience
    while monotonic() < end and _busy_share() > BUSY:
        sleep(1)


def _busy_share() -> float:
    try:
        before = _ticks()
        sleep(0.4)
        after = _ticks()
    except OSError:
        return 0.0
    total = sum(after) - sum(before)
    return 1 - (after[3] + after[4] - before[3] - before[4]) / total if total else 0.0


def _ticks() -> list[int]:
    return [int(cell) for cell in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
