"""The README says what is there: every command, option, report, table and format; its examples run and print just that.

Blocks between `<!-- name:begin -->` and `<!-- name:end -->` are generated; `console` blocks are run on the demo's book
and compared with what they print.  `pytest tests/test_docs.py --accept` rewrites both.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import click
import pytest

from importers.described.cells import KINDS
from importers.described.expressions import FUNCTIONS
from importers.registry import formats
from ledger.book import Book
from ledger.commands.cli import marginbook
from ledger.commands.demo import write_exports
from ledger.commands.listings import states
from ledger.storage.reference import builtin
from ledger.taxing.policies import defaults
from reports.registry import REPORTS
from reports.tax.facts import Fact, facts
from reports.tax.targets import TARGETS
from schemas.ddl import describe
from schemas.tables import CHECKS, STATED

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
HELP = ("help", "version")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its whole name."""

    def under(group: click.Group, words: str) -> Iterator[tuple[str, click.Command]]:
        for name, command in group.commands.items():
            if not isinstance(command, click.Group) or command.invoke_without_command:
                yield f"{words}{name}", command
            if isinstance(command, click.Group):
                yield from under(command, f"{words}{name} ")

    yield from under(marginbook, "")


def options(command: click.Command) -> list[str]:
    return [
        max(item.opts, key=len) for item in command.params if isinstance(item, click.Option) and item.name not in HELP
    ]


def arguments(command: click.Command) -> str:
    words = []
    for item in command.params:
        if isinstance(item, click.Argument):
            word = item.metavar or (item.name or "").rstrip("_").upper()
            words.append(word + ("..." if item.nargs == -1 else "") if item.required else f"[{word}]")
    return " ".join(words)


# ---------------------------------------------------------------------------------------------- generated blocks


def escaped(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(escaped(cell) for cell in line) + " |" for line in lines)


def code(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def commands_block() -> str:
    rows = []
    for name, command in commands():
        usage = f"`{' '.join([name, arguments(command)]).strip()}`"
        said = (command.help or "").split("\n\n")[0].replace("\b", "")
        rows.append((usage, said, code(options(command))))
    return table(("command", "what it does", "options"), rows)


def reports_block() -> str:
    rows = [(f"`{report.name}`", report.one_row, code([column.name for column in report.columns]))
            for report in REPORTS.values()]  # fmt: skip
    return table(("report", "one row is", "columns"), rows)


def formats_block() -> str:
    """Return a list of venues, each of which unfolds to its formats."""
    blocks = []
    for venue in dict.fromkeys(form.venue for form in formats()):
        of_venue = [form for form in formats() if form.venue == venue]
        rows = [
            (f"`{form.name}`", form.title, "; ".join(header.name for header in form.headers), states(form), form.confidence)
            for form in of_venue
        ]  # fmt: skip
        variants = sum(max(len(form.headers), 1) for form in of_venue)
        counted = f"{len(of_venue)} format{'s' * (len(of_venue) > 1)}, {variants} header{'s' * (variants > 1)}"
        listed = table(("format", "what it is", "variants", "states", "confidence"), rows)
        blocks.append(f"<details><summary><b>{venue}</b>: {counted}</summary>\n\n{listed}\n\n</details>")
    return "\n".join(blocks)


def language_block() -> str:
    """Return the kinds of cells and the functions of descriptions."""
    kinds = [(f"`{name}`", kind.does, code(sorted(kind.settings))) for name, kind in KINDS.items()]
    functions = [(f"`{name}()`", function.does) for name, function in FUNCTIONS.items()]
    return (
        table(("kind of cell", "holds", "settings"), kinds)
        + "\n\nExpressions name cells and values, texts stand in quotes; there are `+ - * /`, `== != < <= > >= in`, "
        "`and or not`, `A if CONDITION else B`, and these functions. Nothing of it is executed as code.\n\n"
        + table(("function", "is"), functions)
    )


def tables_block() -> str:
    common = [name for name, _, _ in describe(STATED["fills"])][:7]
    rows = [
        (f"`{name}`", (model.__doc__ or "").split("\n")[0],
         code([column for column, _, _ in describe(model) if column not in common]))
        for name, model in (STATED | CHECKS).items()
    ]  # fmt: skip
    return f"Every row has {code(common)}, and:\n\n" + table(("table", "one row is", "columns"), rows)


def tiers_block() -> str:
    """By venue and symbol the dates of its built-in ladders, each with the last cap, above which nothing is known."""
    ladders: dict[tuple[str, str], dict[str, str]] = {}
    for tier in builtin("margin_tiers"):
        counts = f" {tier['unit']}" if tier["unit"] else ""
        cap = f"{Decimal(tier['cap']):,f}{counts}" if tier["cap"] else "no end"
        ladders.setdefault((tier["venue"], tier["symbol"]), {})[tier["valid_from"][:10]] = cap
    rows = [
        (venue, f"`{symbol}`", ", ".join(f"{date} (to {cap})" for date, cap in sorted(dates.items())))
        for (venue, symbol), dates in sorted(ladders.items())
    ]
    return table(("venue", "symbol", "since (known to)"), rows)


def tax_targets_block() -> str:
    """Return what `marginbook tax --target` writes, and what it follows."""
    rows = [(f"`{target.name}`", target.title, target.about) for target in TARGETS.values()]
    return table(("target", "title", "what it is"), rows)


def jurisdictions_block() -> str:
    """Return what a jurisdiction's defaults are, and where they are from."""
    rows = []
    for name, told in defaults().items():
        begins = f"{int(told['day'])} {date(2025, int(told['month']), 1):%B}, {told['zone']}"
        others = code([method for method in told["methods"].split() if method != told["method"]])
        rows.append((f"`{name}`", told["title"], told["currency"] or "as said", begins, f"`{told['method']}`", others,
                     told["scope"], told["source"]))  # fmt: skip
    heads = ("jurisdiction", "of", "currency", "year begins", "method", "others", "scope", "source")
    return table(heads, rows)


def tax_facts_block() -> str:
    """Return by jurisdiction a list, which unfolds, of what is known of its law and forms by year."""
    blocks = []
    for jurisdiction in dict.fromkeys(fact.jurisdiction for fact in facts()):
        own = [fact for fact in facts() if fact.jurisdiction == jurisdiction]
        rows = [(f"`{fact.fact}`", fact.value, years(fact), fact.source, fact.read_on) for fact in own]
        listed = table(("fact", "value", "years", "source", "read on"), rows)
        blocks.append(f"<details><summary><b>{jurisdiction}</b>: {len(own)} facts</summary>\n\n{listed}\n\n</details>")
    return "\n".join(blocks)


def years(fact: Fact) -> str:
    if fact.to_year == fact.from_year:
        return str(fact.from_year)
    return f"from {fact.from_year}" if fact.to_year is None else f"{fact.from_year} to {fact.to_year}"


def example_block() -> str:
    """Return a small format as it stands in the code."""
    path = ROOT / "importers" / "binance" / "futures_events.py"
    source = path.read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "BALANCES":
            return f"```python\n# importers/binance/futures_events.py\n{ast.get_source_segment(source, node)}\n```"
    raise AssertionError("the README's example of a format is gone")


BLOCKS: dict[str, Callable[[], str]] = {
    "commands": commands_block, "reports": reports_block, "formats": formats_block, "tables": tables_block,
    "example": example_block, "language": language_block, "tiers": tiers_block,
    "tax_targets": tax_targets_block, "jurisdictions": jurisdictions_block, "tax_facts": tax_facts_block,
}  # fmt: skip


@pytest.mark.parametrize("name", BLOCKS)
def test_a_generated_block_of_the_readme_is_true(name: str, accept: bool) -> None:
    text = README.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}:begin -->\n", f"\n<!-- {name}:end -->"
    assert text.count(begin) == text.count(end) == 1
    head, rest = text.split(begin)
    block, tail = rest.split(end)
    actual = BLOCKS[name]()
    if accept:
        README.write_text(head + begin + actual + end + tail, encoding="utf-8")
        block = actual
    diff = "\n".join(difflib.unified_diff(block.splitlines(), actual.splitlines(), "README", "now", lineterm=""))
    assert not diff, f"{diff}\n\npytest tests/test_docs.py --accept"


# ------------------------------------------------------------------------------------------------------- examples

CONSOLE = re.compile(r"```console\n(?P<block>.*?)```", re.DOTALL)
SHELL = re.compile(r"```sh\n(?P<block>.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as it is after `make demo`."""
    folder = tmp_path_factory.mktemp("readme")
    exports = write_exports(folder / "demo" / "exports")
    with Book.open(folder / "demo" / "book.duckdb") as book:
        assert book.import_paths([exports]).exit_code == 0
    return folder


def typed(command: str, place: Path) -> tuple[int, str]:
    """Return the exit status of a command line and all that it prints."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "110", "LC_ALL": "C.UTF-8",
        "MARGINBOOK": "demo/book.duckdb", "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    done = subprocess.run(["bash", "-o", "pipefail", "-c", f"{command} 2>&1"], cwd=place, env=environment,
                          capture_output=True, check=False)  # fmt: skip
    return done.returncode, done.stdout.decode("utf-8")


def replayed(block: str, place: Path) -> str:
    """Return a console block with what its commands print now."""
    shown = []
    for command in re.findall(r"^\$ (.+)$", block, re.MULTILINE):
        status, output = typed(command, place)
        assert status in (0, 1, 141), f"{command}: exit status {status}\n{output}"
        lines = [line.rstrip() for line in output.rstrip("\n").split("\n")]
        shown.append("\n".join([f"$ {command}", *lines]))
    return "\n".join(shown) + "\n"


def test_the_console_examples_print_just_that(place: Path, accept: bool) -> None:
    text = README.read_text(encoding="utf-8")
    actual = CONSOLE.sub(lambda found: f"```console\n{replayed(found['block'], place)}```", text)
    if accept and actual != text:
        README.write_text(actual, encoding="utf-8")
        text = actual
    diff = "\n".join(difflib.unified_diff(text.splitlines(), actual.splitlines(), "README", "now", lineterm=""))
    assert not diff, f"{diff}\n\npytest tests/test_docs.py --accept"


def test_the_shell_examples_name_real_commands_and_targets() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    known = dict(commands())
    for block in SHELL.findall(README.read_text(encoding="utf-8")):
        for line in block.splitlines():
            words = line.split("#")[0].replace(".venv/bin/", "").split()
            if words[:1] == ["make"]:
                assert {word for word in words[1:] if "=" not in word} <= targets, line
            if words[:1] == ["marginbook"]:
                name = next((name for name in (" ".join(words[1:3]), words[1]) if name in known), None)
                assert name is not None, line
                used = {word for word in words if word.startswith("--")}
                assert used <= set(options(known[name])), line


def test_everything_has_its_place_in_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    wanted = [f"`{name}" for name, _ in commands()]
    wanted += [option for _, command in commands() for option in options(command)]
    wanted += [f"`{name}`" for name in (*REPORTS, *STATED, *CHECKS)]
    wanted += [f"`{form.name}`" for form in formats()]
    wanted += [f"`{target.name}`" for target in TARGETS.values()]
    assert [word for word in wanted if word not in text] == []
    for report in REPORTS.values():
        assert [column.name for column in report.columns if f"`{column.name}`" not in text] == []


def test_every_function_that_the_readme_names_is_there() -> None:
    named = re.findall(
        r"`((?:schemas|importers|ledger|reports)/[\w/]+\.py):(\w+(?:\.\w+)?)`", README.read_text(encoding="utf-8")
    )
    assert len(named) >= 6
    for path, function in named:
        thing: object = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        for word in function.split("."):
            thing = getattr(thing, word)
        assert callable(thing)


def test_every_path_that_the_readme_names_is_there() -> None:
    named = re.findall(
        r"`((?:schemas|importers|ledger|reports|tests|\.ci)/[\w./<>*-]*)[:`]", README.read_text(encoding="utf-8")
    )
    assert [path for path in named if not any(sign in path for sign in "<*") and not (ROOT / path).exists()] == []


def test_every_dependency_has_a_line_in_the_readme() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = README.read_text(encoding="utf-8")
    every = [*project["dependencies"], *(item for group in project["optional-dependencies"].values() for item in group)]
    names = [re.split(r"[\[<>=~! ]", item)[0] for item in every]
    assert [name for name in names if f"| `{name}` |" not in text] == []


def test_every_exit_status_is_in_the_readme() -> None:
    from ledger.commands import common as cli

    text = README.read_text(encoding="utf-8")
    every = (cli.CLEAN, cli.LOOK, cli.USAGE, cli.UNREADABLE, cli.BOOK, cli.REFUSED, cli.EXHAUSTED, cli.INTERRUPTED)
    assert [status for status in every if f"| {status} |" not in text] == []


def test_the_changelog_is_newest_first_and_names_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = [tuple(map(int, found)) for found in re.findall(r"^## (\d+)\.(\d+)\.(\d+)", text, re.MULTILINE)]
    assert versions == sorted(versions, reverse=True)
    assert tuple(map(int, project["version"].split("."))) == versions[0]
