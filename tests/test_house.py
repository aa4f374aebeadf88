"""The house: who may import whom, where arithmetic may stand, what the wheel holds, what starts without what."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("schemas", "importers", "reports", "ledger")
MAY_IMPORT = {
    "schemas": {"schemas"},
    "importers": {"importers", "schemas"},
    "reports": {"reports", "schemas"},
    "ledger": {"ledger", "reports", "importers", "schemas"},
}
NETWORK = {
    "socket", "ssl", "http", "urllib", "ftplib", "smtplib", "poplib", "imaplib", "telnetlib", "xmlrpc", "socketserver",
    "asyncio", "requests", "httpx", "aiohttp", "urllib3", "websockets", "ccxt", "grpc",
}  # fmt: skip
HEAVY = ("polars", "duckdb", "pandera", "openpyxl", "xlrd", "xlsxwriter", "rich")
DEV = ("hypothesis", "pytest", "_pytest", "mypy", "ruff", "xdist", "execnet", "xlwt")


def modules() -> dict[str, Path]:
    """Return every module of the product by its dotted name."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def imports(name: str, path: Path, *, at_start: bool = False) -> Iterator[str]:
    """Yield the modules that a module imports; `at_start`: only those its own import needs."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    known = modules()
    nodes: list[ast.AST] = list(_executed(tree)) if at_start else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative import"
            source = node.module or ""
            for alias in node.names:
                submodule = f"{source}.{alias.name}"
                yield submodule if submodule in known else source


def _executed(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements that run when the module is imported: not the bodies of functions, nor type-only imports."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.If):
            if "TYPE_CHECKING" not in ast.unparse(node.test):
                waiting += node.body
            waiting += node.orelse
        elif isinstance(node, ast.Try):
            waiting += [*node.body, *node.orelse, *node.finalbody]
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node


def test_imports_point_one_way() -> None:
    wrong = [
        f"{name} imports {imported}"
        for name, path in modules().items()
        for imported in imports(name, path)
        if imported.split(".")[0] in PACKAGES and imported.split(".")[0] not in MAY_IMPORT[name.split(".")[0]]
    ]
    assert wrong == []


def test_only_the_store_knows_the_database() -> None:
    knowing = {name for name, path in modules().items() if "duckdb" in {i.split(".")[0] for i in imports(name, path)}}
    assert knowing == {"ledger.storage.store"}


def test_no_module_knows_a_network() -> None:
    wrong = [f"{name} imports {imported}" for name, path in modules().items() for imported in imports(name, path)
             if imported.split(".")[0] in NETWORK]  # fmt: skip
    assert wrong == []


def test_modules_import_each_other_in_no_circle() -> None:
    known = modules()
    graph = {name: {i for i in imports(name, path, at_start=True) if i in known} - {name}
             for name, path in known.items()}  # fmt: skip
    assert _circle(graph) == []


def _circle(graph: Mapping[str, set[str]]) -> list[str]:
    done: set[str] = set()

    def walk(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        for imported in sorted(graph.get(name, ())):
            if found := walk(imported, [*trail, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := walk(name, []))), [])


def test_the_formats_of_every_venue_are_listed_once() -> None:
    from importers.registry import formats

    names = [form.name for form in formats()]
    assert sorted(set(names)) == sorted(names)
    for name, path in modules().items():
        if name.startswith("importers."):
            assigned = [node for node in ast.parse(path.read_text(encoding="utf-8")).body
                        if isinstance(node, ast.Assign | ast.AnnAssign) and "FORMATS" in ast.unparse(node).split("=")[0]]  # fmt: skip
            if assigned:
                module = __import__(name, fromlist=["FORMATS"])
                assert {form.name for form in module.FORMATS} <= set(names), f"{name}.FORMATS is not in the registry"


def test_every_report_promises_the_columns_that_scripts_depend_on() -> None:
    from ledger.commands.cli import REPORT_NAMES
    from reports.registry import REPORTS

    assert set(REPORT_NAMES) == set(REPORTS)
    for name, report in REPORTS.items():
        assert (ROOT / "reports" / f"{name}.sql").is_file()
        assert len({column.name for column in report.columns}) == len(report.columns)


# ------------------------------------------------------------------------------------------------- money in SQL

STRINGS = re.compile(r"'(?:[^']|'')*'")
COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
STARS = re.compile(r"count\s*\(\s*\*\s*\)|\bSELECT\s+(?:DISTINCT\s+)?\*|\.\*|,\s*\*(?=\s*(?:,|EXCLUDE|REPLACE|FROM|$))|"
                   r"\*\s+(?:EXCLUDE|REPLACE)|COLUMNS\s*\(\s*\*\s*\)", re.IGNORECASE)  # fmt: skip
IDENTITY = re.compile(r"\bnth\s*\*\s*256|row_key\s*%\s*256|::HUGEINT\s*\*\s*4294967296", re.IGNORECASE)
"""A row's key is a number in which the lowest byte counts its legs: arithmetic of identity, not of money."""
ARITHMETIC = re.compile(
    r"[*/%]|\b(?:avg|mean|median|round|stddev|product|fmod|pow|power|sqrt|ln|exp)\s*\(", re.IGNORECASE
)
FLOATS = re.compile(r"\b(?:DOUBLE|FLOAT|REAL)\b|\d[eE][+-]?\d", re.IGNORECASE)


def sql_files() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.sql"))


def offending(sql: str) -> list[str]:
    """Return the words of a statement that multiply, divide, average, round or go through a float."""
    bare = IDENTITY.sub(" ", STARS.sub(" ", STRINGS.sub("''", COMMENTS.sub(" ", sql))))
    return [found.group() for pattern in (ARITHMETIC, FLOATS) for found in pattern.finditer(bare)]


@pytest.mark.parametrize("path", sql_files(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_sql_adds_and_compares_money_and_does_nothing_else_with_it(path: Path) -> None:
    assert offending(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT count(*), t.*, * EXCLUDE (a) FROM t -- a * b\n WHERE word = 'a/b'", []),
        ("SELECT *, a + b FROM t", []),
        ("SELECT quantity * price FROM fills", ["*"]),
        ("SELECT a / b FROM t", ["/"]),
        ("SELECT avg(amount) FROM t", ["avg("]),
        ("SELECT round(amount, 2) FROM t", ["round("]),
        ("SELECT amount::DOUBLE FROM t", ["DOUBLE"]),
    ],
)
def test_the_lint_sees_what_it_should(sql: str, found: list[str]) -> None:
    assert offending(sql) == found


# ------------------------------------------------------------------------------------------ start and packaging


def started(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a fresh interpreter, in the repository."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )


RUN = """
import sys
sys.argv = ["marginbook", *sys.argv[1:]]
from ledger.commands.cli import main
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
"""


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("import", "--help"), ("report", "--help")])
def test_help_comes_without_the_heavy_libraries(arguments: tuple[str, ...]) -> None:
    code = RUN + f"\nprint('loaded:', [name for name in {HEAVY!r} if name in sys.modules])"
    done = started(code, *arguments)
    assert done.returncode == 0, done.stderr
    assert "loaded: []" in done.stdout


def test_the_program_runs_with_its_runtime_dependencies_only(tmp_path: Path) -> None:
    block = f"""
import importlib.machinery, sys
class Poorer(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.split(".")[0] in {(*DEV, "pyarrow", "pytz", "pandas", "numpy")!r}:
            return None
        return super().find_spec(name, path, target)
sys.meta_path[:] = [Poorer if finder is importlib.machinery.PathFinder else finder for finder in sys.meta_path]
"""
    done = started(block + RUN, "demo", str(tmp_path / "demo"))
    assert done.returncode == 0, done.stderr
    for kind in ("csv", "json", "xlsx", "html", "parquet"):
        out = tmp_path / f"positions.{kind}"
        arguments = ("--book", str(tmp_path / "demo" / "book.duckdb"), "report", "positions", "-o", str(out))
        done = started(block + RUN, *arguments)
        assert done.returncode == 0, done.stderr
        assert out.stat().st_size > 0


def test_the_wheel_holds_everything_that_is_read_at_run_time(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                target = source / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
               "--no-index", "--wheel-dir", str(tmp_path), str(source)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {str(path.relative_to(ROOT)) for package in PACKAGES for path in (ROOT / package).rglob("*")
              if path.is_file() and "__pycache__" not in path.parts}  # fmt: skip
    assert wanted - held == set()
    assert not [name for name in held if name.startswith("tests/")]


# ---------------------------------------------------------------------------------------------------- locks


def pinned(lock: str) -> dict[str, str]:
    """Return the versions that a lock pins, by package."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    found = [re.match(r"([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", line) for line in lines]
    return {match[1]: match[2] for match in found if match}


def test_the_locks_have_hashes_no_addresses_and_agree() -> None:
    runtime, dev = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert {name: dev.get(name) for name in runtime} == runtime
    assert "setuptools" in runtime, "the build backend is locked, too"
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        assert "://" not in text
        assert text.count("==") <= text.count("--hash=sha256:")


def test_every_declared_dependency_is_locked() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    runtime, dev = pinned("requirements.lock"), pinned("requirements-dev.lock")

    def name(requirement: str) -> str:
        return re.split(r"[\[<>=~! ]", requirement)[0].lower()

    assert [item for item in project["dependencies"] if name(item) not in runtime] == []
    assert [item for item in project["optional-dependencies"]["dev"] if name(item) not in dev] == []


PRINTED = (
    "Binance-",
    "Bybit-",
    "binance-margin-",
    "api-v1-",
    "force-orders",
    "kraken-",
    "nexo_transactions_",
    "prices-",
)


def test_the_demo_exports_are_invented_and_named_as_venues_name_them() -> None:
    names = sorted(path.name for path in (ROOT / "ledger" / "demo_exports").iterdir())
    assert [name for name in names if not name.startswith(PRINTED)] == []
    assert json.dumps(names).count("Binance-") >= 4
