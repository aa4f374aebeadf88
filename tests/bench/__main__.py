"""`python -m tests.bench`: measure, print a table, write it to `docs/benchmark.md`."""

from __future__ import annotations

import argparse
import math
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.bench import generate
from tests.bench.measure import ROOT, Measured, in_turns, middle, run, task, wait_for_quiet

GIB = 1024
NOTES = Path(__file__).with_name("notes.md")
BITTYTAX_ROWS_S, BITTYTAX_MIB = 8_000, 2_200
"""What `bittytax_conv` 0.6 was seen to do: rows a second, and its memory at a million rows."""
MOST_S = 2
LIQUIDATIONS = 5
OFTEN = ("positions", "carry", "realized", "balances", "journal", "reconcile")
"""The reports that are timed where there is no large log."""
OF_A_DAY = ("margin", "margin_calls")
"""Reports with a line for every position and day: of the generated book, which trades as a machine does, of one day."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the table; a line without a limit explains another."""

    work: str
    limit: str
    measured: str
    holds: bool | None = None

    @property
    def verdict(self) -> str:
        """Return what it says of the limit."""
        return {True: "holds", False: "OVER", None: ""}[self.holds]


@dataclass(kw_only=True)
class Bench:
    """One run: where its files are, how large, how often."""

    folder: Path
    rows: int
    times: int
    patience: float
    large: int
    lines: list[Line] = field(default_factory=list)

    # -------------------------------------------------------------------------------------------- inputs

    def log(self, rows: int, *, perpetuals_only: bool = False) -> Path:
        """Return a log of so many rows, made once."""
        path = self.folder / f"log-{'perpetual-' if perpetuals_only else ''}{rows}.csv"
        if not path.exists():
            say(f"generating {rows:,} rows")
            temporary = path.with_suffix(".part")
            generate.write(temporary, rows, perpetuals_only=perpetuals_only)
            temporary.replace(path)
        return path

    @property
    def terms(self) -> Path:
        """Return the terms of the contracts."""
        return generate.write_instruments(self.folder / "instruments.csv")

    def fresh(self, name: str = "book") -> Path:
        """Return the path of a book that does not exist yet."""
        path = self.folder / f"{name}.duckdb"
        path.unlink(missing_ok=True)
        path.with_suffix(".duckdb.wal").unlink(missing_ok=True)
        shutil.rmtree(path.with_name(f"{path.stem}.archive"), ignore_errors=True)
        return path

    def copy(self, source: Path, name: str) -> Path:
        """Return a copy of a book with its archive."""
        target = self.fresh(name)
        shutil.copy(source, target)
        shutil.copytree(source.with_name(f"{source.stem}.archive"), target.with_name(f"{target.stem}.archive"))
        return target

    def add(self, work: str, limit: str, measured: str, holds: bool | None = None) -> None:
        """Add a line and show it."""
        line = Line(work=work, limit=limit, measured=measured, holds=holds)
        self.lines.append(line)
        print(
            f"  {work}: {measured}  (at most {limit}) {line.verdict}" if limit else f"  {work}: {measured}", flush=True
        )

    def ratio(self, work: str, limit: float | None, value: float, of: str, note: str = "") -> None:
        """Add a line that is a ratio."""
        self.add(
            work,
            "" if limit is None else f"{limit:g} x {of}",
            f"{value:.2f} x{note}",
            None if limit is None else value <= limit,
        )

    # ------------------------------------------------------------------------------------------ measuring

    def ctas(self, csv: Path, kind: str = "ctas") -> Measured:
        """Measure DuckDB alone."""
        db = self.fresh("ctas")
        return task(kind, csv=csv, db=db)

    def bring(self, *paths: Path, name: str = "book", settles: bool = True) -> Measured:
        """Measure an import into a new book."""
        return task(
            "bring", book=self.fresh(name), paths=[str(path) for path in paths], terms=self.terms, settles=settles
        )

    def imports(self, rows: int, times: int) -> tuple[Measured, Measured]:
        """Measure import against CTAS; the book stays as `book-<rows>`."""
        say(f"import of {rows:,} rows")
        log = self.log(rows)
        reference, brought = in_turns(
            times, self.patience, lambda: self.ctas(log), lambda: self.bring(log, name=f"book-{rows}")
        )
        million = f"import {rows:,} rows, all promises kept"
        self.ratio(million, 3.0, brought["seconds"] / reference["seconds"], "CTAS", beside(brought, reference))
        self.ratio(
            "- of which read, archived, numbered, stored", None, brought["stored"] / reference["seconds"], "CTAS"
        )
        self.ratio("- of which derived", None, brought["derived"] / reference["seconds"], "CTAS")
        return reference, brought

    def memory(self, sizes: list[tuple[int, Measured]]) -> None:
        """Compare the peaks of imports of several sizes."""
        for rows, brought in sizes[1:] or sizes:
            self.add(
                f"peak memory of the import of {rows:,} rows",
                "2 GiB",
                f"{brought.peak / GIB:.2f} GiB",
                brought.peak <= 2 * GIB,
            )
        stored = []
        for rows, _ in (sizes[0], sizes[-1]):
            log = self.log(rows)
            stored.append(self.bring(log, settles=False).peak)
            self.add(f"- of which before anything is derived, {rows:,} rows", "", f"{stored[-1] / GIB:.2f} GiB")
        growth = sizes[-1][1].peak / sizes[0][1].peak
        times = sizes[-1][0] / sizes[0][0]
        self.ratio(
            f"growth of the peak when the file is {times:g} x as large",
            1.25,
            growth,
            "the smaller",
            f" (stored alone {stored[1] / stored[0]:.2f} x)",
        )

    def slope(self, small: tuple[int, Measured], large: tuple[int, Measured]) -> None:
        """Compare how time grows with rows."""
        slope = math.log(large[1]["seconds"] / small[1]["seconds"]) / math.log(large[0] / small[0])
        self.add(f"growth from {small[0]:,} to {large[0]:,} rows, log-log slope", "1.1", f"{slope:.2f}", slope <= 1.1)

    def again(self, rows: int) -> None:
        """Measure the identical file again against its checksum."""
        log, book = self.log(rows), self.folder / f"book-{rows}.duckdb"
        sha, second = in_turns(
            self.times + 1,
            self.patience,
            lambda: task("sha256", csv=log),
            lambda: task("bring", book=book, paths=[str(log)]),
        )
        size = log.stat().st_size / 1e9
        self.ratio(f"the identical {size:.2f} GB file again", 1.5, second["seconds"] / sha["seconds"], "its sha-256",
                   f" ({second['seconds']:.2f} s)")  # fmt: skip

    def rebuilt(self, fills: int) -> None:
        """Measure what is derived of so many fills, and the fold alone."""
        say(f"positions of {fills:,} fills")
        log, book, csv = self.log(fills, perpetuals_only=True), self.fresh("fills"), self.folder / "fills.csv"
        task("bring", book=book, paths=[str(log)], terms=self.terms)
        task("export_fills", book=book, csv=csv)
        reference, whole, alone = in_turns(
            self.times, self.patience, lambda: self.ctas(csv, "ctas_of_fills"), lambda: task("derive_all", book=book),
            lambda: task("positions", book=book),
        )  # fmt: skip
        base = reference["seconds"]
        self.ratio(
            f"positions of {fills:,} fills rebuilt",
            1.0,
            alone["seconds"] / base,
            "CTAS of them",
            beside(alone, reference),
        )
        work = "- everything derived of them (with costs, cash, checks of balances)"
        self.ratio(work, None, whole["seconds"] / base, "CTAS", beside(whole, reference))
        (folded,) = in_turns(self.times, self.patience, lambda: task("fold_alone", book=book))
        speed = folded["fills"] / folded["seconds"] / 1e6
        self.add("the fold alone, one core", "1 M fills/s at least", f"{speed:.2f} M/s", speed >= 1)
        self.ratio(
            "- against a loop that only adds the same integers", None, folded["seconds"] / folded["loop"], "the loop"
        )

    def month_more(self, rows: int, month_rows: int) -> None:
        """Measure one more month on a large book against the same month in an empty one."""
        say("one more month")
        whole, month = self.folder / f"whole-{rows}.csv", self.folder / f"month-{rows}.csv"
        if not month.exists():
            generate.write_consecutive([(whole, rows), (month, month_rows)])
        base = self.fresh("base")
        task("bring", book=base, paths=[str(whole)], terms=self.terms)

        def into_large() -> Measured:
            return task("bring", book=self.copy(base, "grown"), paths=[str(month)])

        empty, large = in_turns(self.times, self.patience, lambda: self.bring(month), into_large)
        note = (
            f" (stored {large['stored'] / empty['seconds']:.2f} x, derived {large['derived'] / empty['seconds']:.2f} x;"
            f" processor time {large['worked'] / empty['worked']:.2f} x)"
        )
        self.ratio(f"{month_rows:,} rows more into a book of {rows:,}", 1.5, large["seconds"] / empty["seconds"],
                   "the same into an empty book", note)  # fmt: skip

    def small_files(self, files: int, rows_each: int) -> None:
        """Measure a folder of small files against one file."""
        say(f"{files} small files")
        folder = self.folder / f"small-{files}"
        shutil.rmtree(folder, ignore_errors=True)
        generate.write_consecutive([(folder / f"{number:04d}.csv", rows_each) for number in range(files)])
        one = self.log(files * rows_each)
        single, many = in_turns(self.times, self.patience, lambda: self.bring(one), lambda: self.bring(folder))
        note = f" (stored {many['stored'] / single['stored']:.2f} x, {1000 * many['stored'] / files:.1f} ms a file)"
        self.ratio(
            f"a folder of {files} files of {rows_each} rows", 1.5, many["seconds"] / single["seconds"], "one file", note
        )

    def help(self) -> None:
        """Measure how fast the program says what it does."""
        command = str(Path(sys.executable).with_name("marginbook"))
        times = 4 * self.times + 3
        nothing, helped = in_turns(times, self.patience, timed(sys.executable, "-c", "pass"), timed(command, "--help"))
        self.ratio(
            "`marginbook --help`", 8.0, helped.wall / nothing.wall, "`python -c pass`", f" ({helped.wall:.2f} s)"
        )

    def audits(self, rows: int, reference: Measured) -> None:
        """Measure audits of liquidations, and where positions stood day by day, from the command to the end."""
        say(f"audits on {rows:,} rows")
        command, book = str(Path(sys.executable).with_name("marginbook")), self.copy(
            self.folder / f"book-{rows}.duckdb", "audited")  # fmt: skip
        log = self.log(rows)
        forced = generate.write_liquidations(self.folder / "liquidations.csv", log, LIQUIDATIONS)
        task("bring", book=book, paths=[str(forced), str(generate.write_tiers(self.folder / "tiers.csv"))])
        last = last_day(log)
        asked = {
            f"an audit in a book of {rows:,} rows": ("audit", "--latest"),
            f"`report liquidations` of it, {LIQUIDATIONS} audited": ("report", "liquidations"),
            "`report margin` of its last day": ("report", "margin", "--from", last),
            "`report margin_calls` of its last day": ("report", "margin_calls", "--from", last),
        }
        for work, words in asked.items():
            wait_for_quiet(self.patience)
            measured = timed(command, "--book", str(book), *words)
            took = middle(measured() for _ in range(self.times)).wall
            shown = f"{took:.1f} s = {took / reference['seconds']:.2f} x CTAS"
            self.add(work, "2 s (10M rows)", shown, took <= MOST_S)

    def reports(self, rows: int, reference: Measured) -> None:
        """Measure every report on the terminal, from the command to the end."""
        say(f"reports on {rows:,} rows")
        command, book = str(Path(sys.executable).with_name("marginbook")), str(self.folder / f"book-{rows}.duckdb")
        from reports.registry import REPORTS

        seconds = {}
        for name in REPORTS:
            if name in OF_A_DAY or (not self.large and name not in OFTEN):
                continue
            wait_for_quiet(self.patience)
            measured = timed(command, "--book", book, "report", name)
            seconds[name] = middle(measured() for _ in range(self.times)).wall
        worst = max(seconds, key=lambda name: seconds[name])
        shown = f"{seconds[worst]:.1f} s = {seconds[worst] / reference['seconds']:.2f} x CTAS"
        work = f"the slowest report of a book of {rows:,} rows (`{worst}`)"
        self.add(work, "2 s (10M rows)", shown, seconds[worst] <= 2)
        others = ", ".join(f"{name} {took:.1f}" for name, took in sorted(seconds.items(), key=lambda item: -item[1]))
        self.add("- all of them, seconds", "", others)

    def taxes(self, rows: int) -> None:
        """Measure spot trades to realized results against another program's run of the same trades, a tenth of them.

        The other program is `bittytax_conv` on the search path, or its recorded speed.
        """
        say(f"{rows:,} trades to realized results")
        command, log = str(Path(sys.executable).with_name("marginbook")), self.folder / f"trades-{rows}.csv"
        generate.write_trades(log, rows)
        book, out = self.fresh("taxed"), self.folder / "taxed"
        shutil.rmtree(out, ignore_errors=True)
        last = last_day(log)[:4]
        brought, told = timed(command, "--book", str(book), "import", str(log)), timed(
            command, "--book", str(book), "tax", "--year", last, "--currency", generate.QUOTE,
            "--target", "csv", "-o", str(out))  # fmt: skip
        ours = [brought(), told()]
        wall, peak = sum(one.wall for one in ours), max(one.peak for one in ours)
        theirs, seconds, memory = "recorded", rows / BITTYTAX_ROWS_S, float(BITTYTAX_MIB)
        if found := shutil.which("bittytax_conv"):
            part = generate.write_trades(self.folder / "trades-part.csv", rows // 10)
            converted = timed(found, "-o", str(self.folder / "converted.xlsx"), str(part))()
            theirs, seconds, memory = "measured on a tenth", 10 * converted.wall, 10 * converted.peak
        note = f" ({wall:.1f} s of {seconds:.0f} s, {theirs})"
        work = f"{rows:,} spot trades, import to realized results"
        self.ratio(work, 1 / 20, wall / seconds, "`bittytax_conv` alone", note)
        self.ratio("- its memory", 1 / 3, peak / memory, "`bittytax_conv`", f" ({peak:.0f} MiB)")


def beside(one: Measured, other: Measured) -> str:
    """Return the seconds of both, and the ratio of their processor times, which a busy machine disturbs less."""
    ratio = one["worked"] / other["worked"]
    return f" ({one['seconds']:.1f} s of {other['seconds']:.1f} s; processor time {ratio:.2f} x)"


def timed(*command: str) -> Callable[[], Measured]:
    """Return a measurement of a whole command, its output thrown away."""

    def measurement() -> Measured:
        _, wall, peak = run(command, capture=False)
        return Measured(figures={}, peak=peak, wall=wall)

    return measurement


def last_day(log: Path) -> str:
    """Return the day of the last row of a log."""
    with log.open("rb") as rows:
        rows.seek(-1_000, os.SEEK_END)
        return rows.read().splitlines()[-1][:10].decode("ascii")


def say(sentence: str) -> None:
    """Tell what is being done."""
    print(f"{datetime.now(UTC):%H:%M:%S} {sentence}", file=sys.stderr, flush=True)


def markdown(bench: Bench) -> str:
    """Return the table and what it was measured on."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "polars"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    head = (
        f"# Benchmark\n\nWritten by `make bench`. Python {platform.python_version()}, {libraries}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB; the median of {bench.times} runs in turns ({bench.large:,} rows: one run), each in its own "
        "process. CTAS: DuckDB alone, `CREATE TABLE AS SELECT * FROM read_csv` of the same file, typed, `DECIMAL(38,18)`, "
        "into a file. Seconds are of this machine and this hour; the ratios are the claim.\n\n"
        "| work | at most | measured | verdict |\n|---|---|---|---|\n"
    )
    lines = "".join(f"| {line.work} | {line.limit} | {line.measured} | {line.verdict} |\n" for line in bench.lines)
    return f"{head}{lines}\n{NOTES.read_text(encoding='utf-8')}"


def size(text: str) -> int:
    """Return the number of `200k`, `1M` or `500000`."""
    factor = {"k": 1_000, "M": 1_000_000}.get(text[-1:], 1)
    return int(float(text.rstrip("kM")) * factor)


PARTS = ("import", "again", "rebuild", "month", "small", "help", "report", "audit", "tax")


def main() -> int:
    """Measure what was asked for; 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rows", type=size, default=size("1M"), help="rows of the log (1M)")
    parser.add_argument("--large", type=size, default=size("10M"), help="rows of the large log (10M; 0: none)")
    parser.add_argument("--small", action="store_true", help="100k rows, no large log: under two minutes")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS), help="some of the measurements")
    parser.add_argument("--times", type=int, default=3, help="runs of each measurement, the median counts (3)")
    parser.add_argument(
        "--patience", type=float, default=0, metavar="S", help="wait up to S seconds for a quiet machine"
    )
    parser.add_argument("--work", type=Path, default=ROOT / "bench-out" / "work", help="folder for logs and books")
    parser.add_argument("-o", "--output", type=Path, help="the table (docs/benchmark.md; --small: bench-out/small.md)")
    asked = parser.parse_args()
    rows, times, large = (size("100k"), 1, 0) if asked.small else (asked.rows, asked.times, asked.large)
    output = asked.output or ROOT / ("bench-out/small.md" if asked.small else "docs/benchmark.md")
    asked.work.mkdir(parents=True, exist_ok=True)
    bench = Bench(folder=asked.work.resolve(), rows=rows, times=times, patience=asked.patience, large=large)
    measure_all(bench, set(asked.only))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(markdown(bench), encoding="utf-8")
    print(f"\n{markdown(bench)}")
    say(f"written to {output}")
    return int(any(line.holds is False for line in bench.lines))


def measure_all(bench: Bench, parts: set[str]) -> None:
    """Measure in an order in which each finds the book that it needs."""
    rows = bench.rows
    small = (rows // 10, bench.imports(rows // 10, bench.times)[1])
    reference, brought = bench.imports(rows, bench.times)
    sizes = [small, (rows, brought)]
    if "import" in parts:
        if bench.large:
            reference, brought = bench.imports(bench.large, 1)
            sizes.append((bench.large, brought))
        bench.memory(sizes)
        bench.slope(sizes[0], sizes[-1])
    steps: dict[str, Callable[[], None]] = {
        "again": lambda: bench.again(sizes[-1][0]),
        "rebuild": lambda: bench.rebuilt(rows),
        "month": lambda: bench.month_more(sizes[-1][0], rows // 10),
        "small": lambda: bench.small_files(*((500, 200) if rows >= 500_000 else (50, 200))),
        "help": bench.help,
        "report": lambda: bench.reports(sizes[-1][0], reference),
        "audit": lambda: bench.audits(sizes[-1][0], reference),
        "tax": lambda: bench.taxes(rows),
    }
    for name, step in steps.items():
        if name in parts:
            step()


if __name__ == "__main__":
    sys.exit(main())
