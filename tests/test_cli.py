"""The command line from end to end: what a person types, what is printed where, and the exit status."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import duckdb
import pytest

from ledger.book import Book
from ledger.commands import cli
from ledger.commands.demo import write_exports
from ledger.storage.importing import Asked
from tests.conftest import DATA, Run

ERRORS = DATA / "errors"
POSITION = "binance:XRPUSDT:long:20260130T1822:1"
TRADES = "Binance-Futures-Trade-History-202603010915(UTC+1).csv"
INCOME = "Binance-Futures-Transaction-History-202603010918(UTC+1).csv"


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo's book, to be read only."""
    folder = tmp_path_factory.mktemp("demo")
    exports = write_exports(folder / "exports")
    with Book.open(folder / "book.duckdb") as book:
        assert book.import_paths([exports]).exit_code == 0
    return folder / "book.duckdb"


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    return write_exports(tmp_path / "exports")


@contextmanager
def another_process_holding(book: Path) -> Iterator[None]:
    """Keep the book open for writing in another process."""
    code = ("import sys, duckdb; c = duckdb.connect(sys.argv[1]); c.execute('SELECT 1'); print('open', flush=True); "
            "sys.stdin.read()")  # fmt: skip
    holder = subprocess.Popen([sys.executable, "-c", code, str(book)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"open\n"
        yield
    finally:
        holder.stdin.close()
        holder.stdout.close()
        holder.wait(timeout=30)


# ----------------------------------------------------------------------------------------------------- import


def test_the_demo_prints_its_reports_and_how_to_go_on(run: Run, tmp_path: Path) -> None:
    answer = run("demo")
    assert answer.code == 0
    assert (tmp_path / "demo" / "book.duckdb").is_file()
    for title in ("Positions", "Cost of carry by position", "Liquidations", "Balances"):
        assert f"{title}\n" in answer.out
    shown = re.findall(r"^  marginbook (--book .+)$", answer.out, re.MULTILINE)
    assert shown, "the demo says how to go on"
    for line in shown:
        assert run(*line.split()).code == 0, line


def test_the_demo_can_be_run_again(run: Run) -> None:
    first, second = run("demo"), run("demo")
    assert (first.code, second.code) == (0, 0)
    assert first.out == second.out


def test_the_demo_is_consistent_to_the_last_digit(run: Run, demo: Path) -> None:
    assert run("check", book=demo).code == 0
    assert run("report", "breaks", "--output-format", "json", book=demo).rows == []
    witnesses = run("report", "witnesses", "--output-format", "json", book=demo).rows
    assert witnesses
    assert {row["difference"] for row in witnesses} == {"0"}
    findings = run("report", "findings", "--output-format", "json", book=demo).rows
    assert [row for row in findings if row["severity"] != "info"] == []
    assert (
        run("sql", "SELECT * FROM costs_stored WHERE how = 'unattributed'", "--output-format", "json", book=demo).rows
        == []
    )


def test_an_import_says_its_numbers_on_stderr_and_nothing_on_stdout(run: Run, exports: Path) -> None:
    answer = run("import", exports)
    assert (answer.code, answer.out) == (0, "")
    assert "force-orders.csv" in answer.err
    assert re.search(r"20 files: 1,159 read = 1,158 stored \+ 0 duplicate \+ 1 ignored \+ 0 rejected", answer.err)


def test_the_same_files_again_are_all_duplicates(run: Run, exports: Path) -> None:
    run("import", exports)
    before = run("report", "positions", "--output-format", "csv").out
    again = run("import", exports)
    assert again.code == 0
    assert re.search(r"read = 0 stored \+ 1,158 duplicate \+ 1 ignored", again.err)
    assert run("report", "positions", "--output-format", "csv").out == before


def test_a_dry_run_tells_the_effects_and_stores_nothing(run: Run, exports: Path, tmp_path: Path) -> None:
    answer = run("import", exports / INCOME, "--dry-run")
    assert answer.code == 0
    assert "would be stored" in answer.err
    assert re.search(r"binance usdm USDT: none -> 1022\.26193797", answer.err)
    assert not (tmp_path / "book.duckdb").exists()
    assert not (tmp_path / "book.archive").exists()


def test_a_dry_run_over_a_book_leaves_it_as_it_was(run: Run, exports: Path) -> None:
    run("import", exports / TRADES)
    before = run("files", "--output-format", "json").out
    assert run("import", exports, "--dry-run").code == 0
    assert run("files", "--output-format", "json").out == before


def test_a_forgotten_file_is_gone_and_can_come_back(run: Run, exports: Path) -> None:
    run("import", exports)
    whole = run("report", "positions", "--output-format", "json").out
    forgotten = run("forget", TRADES)
    assert forgotten.code == 0
    assert run("report", "positions", "--symbol", "XRPUSDT", "--output-format", "json").rows == []
    assert run("import", exports / TRADES).code == 0
    assert run("report", "positions", "--output-format", "json").out == whole


def test_the_same_bytes_under_another_account_are_refused(run: Run, exports: Path) -> None:
    assert run("import", exports / TRADES, "--account", "main").code == 0
    refused = run("import", exports / TRADES, "--account", "other")
    assert refused.code == 3
    assert "forget" in refused.err
    assert {row["account"] for row in run("files", "--output-format", "json").rows} == {"main"}


def test_an_unknown_file_is_an_error_where_named_and_a_line_where_found(
    run: Run, exports: Path, tmp_path: Path
) -> None:
    note = exports / "notes.csv"
    note.write_text("first,second\n1,2\n")
    found = run("import", exports)
    assert found.code == 0
    assert "notes.csv" in found.err
    named = run("import", note)
    assert named.code == 3
    assert "no known format has this header" in named.err


def test_one_bad_file_does_not_keep_the_others_out(run: Run, exports: Path) -> None:
    answer = run("import", ERRORS / "login-page.csv", exports / TRADES)
    assert answer.code == 3
    assert "HTML" in answer.err
    assert [row["name"] for row in run("files", "--output-format", "json").rows] == [TRADES]


def test_rejected_rows_are_listed_and_the_rest_is_stored(run: Run) -> None:
    broken = ERRORS / "unknown-word.csv"
    answer = run("import", broken, "--max-rejects", "50%")
    assert answer.code == 1
    assert "unknown-word.csv:3" in answer.err
    rejects = run("rejects", "--output-format", "json")
    assert rejects.code == 1
    assert [(row["source_row"], row["text"]) for row in rejects.rows] == [(3, "HOLD")]
    (file,) = run("files", "--output-format", "json").rows
    assert [file[name] for name in ("rows_read", "stored", "duplicate", "ignored", "rejected")] == [3, 2, 0, 0, 1]
    assert run("retry").code == 1, "this version does not understand them either"


@pytest.mark.parametrize("options", [("--strict",), ("--strict", "--max-rejects", "100%"), ("--max-rejects", "5%")])
def test_too_many_rejects_store_nothing(run: Run, options: tuple[str, ...]) -> None:
    answer = run("import", ERRORS / "unknown-word.csv", *options)
    assert answer.code == 3
    assert run("files").code == 4, "not even a book was made"


def test_a_zone_and_a_format_can_be_said(run: Run) -> None:
    local = ERRORS / "missing-zone.csv"
    assert run("import", local).code == 3
    assert run("import", local, "--timezone", "+09:00").code == 0
    (fill,) = run("sql", "SELECT filled_at FROM fills", "--output-format", "json").rows
    assert fill == {"filled_at": "2026-02-03T00:14:55Z"}
    assert run("import", ERRORS / "ambiguous-header.csv", "--format", "binance.deposits").code == 0


@pytest.mark.parametrize(
    "options",
    [("--timezone", "Mars"), ("--format", "nope"), ("--wallet", "pocket"), ("--max-rejects", "200%"), ("--nope",)],
)
def test_wrong_usage_is_exit_2(run: Run, exports: Path, options: tuple[str, ...]) -> None:
    answer = run("import", exports / TRADES, *options)
    assert answer.code == 2
    assert options[-1] in answer.err


def test_a_zip_that_would_burst_is_refused(run: Run, tmp_path: Path) -> None:
    import zipfile

    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("zeros.csv", b"0" * 300_000_000)
    answer = run("import", bomb)
    assert answer.code == 5
    assert "bomb.zip" in answer.err
    assert run("files").code == 4, "not even a book was made"


# ------------------------------------------------------------------------------------------------------- errors

BROKEN = sorted(path for path in ERRORS.iterdir() if not path.name.endswith((".message.txt", ".options.json", ".md")))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.name)
def test_a_broken_export_is_answered_in_exactly_these_words(path: Path, accept: bool) -> None:
    sidecar = path.with_name(path.name + ".options.json")
    options: Mapping[str, Any] = json.loads(sidecar.read_text()) if sidecar.exists() else {}
    with Book.in_memory() as book:
        report = book.import_paths([path], Asked(account="main", **options))
    words = [f"exit status {report.exit_code}"]
    words += [f"stored {part.stored} of {part.read}" for part in report.parts]
    words += [line for part in report.parts for line in (*part.warnings, *part.reject_lines)]
    words += [str(error) for error in report.errors]
    actual = "\n".join(words) + "\n"
    golden = path.with_name(path.name + ".message.txt")
    if accept:
        golden.write_text(actual, encoding="utf-8")
    assert (golden.read_text(encoding="utf-8") if golden.exists() else "") == actual


# ------------------------------------------------------------------------------------------------------ reports


def test_every_report_prints_in_every_format(run: Run, demo: Path, tmp_path: Path) -> None:
    for name in cli.REPORT_NAMES:
        assert run("report", name, book=demo).code == 0, name
        for kind in ("csv", "json", "xlsx", "html", "parquet"):
            out = tmp_path / f"{name}.{kind}"
            answer = run("report", name, "-o", out, book=demo)
            assert (answer.code, answer.out) == (0, ""), (name, kind)
            assert out.stat().st_size > 0


def test_json_is_exact_text(run: Run, demo: Path) -> None:
    (row,) = run("report", "positions", "--symbol", "XRPUSDT", "--output-format", "json", book=demo).rows
    assert row["position_id"] == POSITION
    assert row["opened_at"] == "2026-01-30T18:22:09Z"
    assert row["net_pnl"] == "-4615.51376819"
    assert row["entry_price"] == "2.025"
    assert row["margin_mode"] is None
    parts = [
        Decimal(row[name])
        for name in ("gross_pnl", "trading_fees", "funding", "interest", "liquidation_fees", "insurance")
    ]
    gross, fees, funding, interest, liquidation, insurance = parts
    assert Decimal(row["net_pnl"]) == gross - fees - (interest - funding + liquidation) + insurance


def test_csv_and_json_say_the_same(run: Run, demo: Path) -> None:
    rows = run("report", "carry", "--output-format", "json", book=demo).rows
    text = run("report", "carry", "--output-format", "csv", book=demo).out
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [row["net_pnl"] or "" for row in rows] == [line["net_pnl"] for line in lines]


def test_a_month_as_an_end_means_its_end(run: Run, demo: Path) -> None:
    def periods(*options: str) -> set[str]:
        return {
            row["period"]
            for row in run("report", "funding", "--by", "day", "--output-format", "json", *options, book=demo).rows
        }

    january = periods("--from", "2026-01", "--to", "2026-01")
    assert (min(january), max(january)) == ("2026-01-05", "2026-01-31")
    assert periods("--from", "2026-01-31", "--to", "2026-01-31") == {"2026-01-31"}
    assert periods("--from", "2026-01-31T00:00:00Z", "--to", "2026-02-01T00:00:00Z") == {"2026-01-31"}
    both = periods("--to", "2026-01") | periods("--from", "2026-02")
    assert both == periods()


def test_positions_are_shown_as_of_the_end(run: Run, demo: Path) -> None:
    (then,) = run(
        "report", "positions", "--symbol", "XRPUSDT", "--to", "2026-01", "--output-format", "json", book=demo
    ).rows
    assert (then["position_id"], then["status"], then["quantity"], then["closed_at"]) == (
        POSITION,
        "open",
        "6000",
        None,
    )


def test_the_months_of_a_year_add_up_to_the_positions(run: Run, demo: Path) -> None:
    months = run("report", "realized", "--output-format", "json", book=demo).rows
    positions = run("report", "positions", "--output-format", "json", book=demo).rows
    for name in ("gross_pnl", "trading_fees", "funding", "liquidation_fees", "net_pnl"):
        for asset in ("USDT", "BTC"):
            of_months = sum(Decimal(row[name]) for row in months if row["settle_asset"] == asset and row["position_id"])
            assert of_months == sum(Decimal(row[name]) for row in positions if row["settle_asset"] == asset), (
                name,
                asset,
            )


def test_symbols_have_two_names(run: Run, demo: Path) -> None:
    ours = run("report", "positions", "--symbol", "XRPUSDT", "--output-format", "json", book=demo).out
    unified = run("report", "positions", "--symbol", "XRP/USDT:USDT", "--output-format", "json", book=demo).out
    assert ours == unified != "[]\n"


def test_a_table_goes_to_stdout_alone(run: Run, demo: Path) -> None:
    answer = run("report", "positions", book=demo)
    assert answer.err == ""
    assert "\x1b" not in answer.out


@pytest.mark.parametrize("arguments", [
    ("report", "nope"), ("report", "positions", "--from", "2026-13"), ("report", "positions", "--to", "soon"),
    ("report", "funding", "--by", "week"), ("nosuch",), ("trace", "nope"), ("forget", "nope"), ("schema", "fils"),
    ("formats", "show", "binance.futures_trade"), ("sql", "SELEC 1"), ("report", "positions", "--output-format", "pdf"),
])  # fmt: skip
def test_what_does_not_exist_is_exit_2_with_a_sentence(
    run: Run, tmp_path: Path, demo: Path, arguments: tuple[str, ...]
) -> None:
    book = demo
    if arguments[0] == "forget":
        book = tmp_path / "book.duckdb"
        run("import", ERRORS / "missing-zone.csv", "--timezone", "UTC", book=book)
    answer = run(*arguments, book=book)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.strip()


def test_a_wrong_name_is_answered_with_the_nearest(run: Run, demo: Path) -> None:
    assert "binance.futures_trades" in run("formats", "show", "binance.futures_trade").err
    assert "fills" in run("schema", "fils").err
    assert "binance.futures_trades" in run("import", ERRORS / "unknown-header.csv").err


# -------------------------------------------------------------------------------------------------- formats, schema


def test_formats_are_listed_shown_and_detected(run: Run, exports: Path) -> None:
    names = [row["name"] for row in run("formats", "list", "--output-format", "json").rows]
    assert {"binance.futures_trades", "bitmex.executions", "plain.prices"} <= set(names)
    for name in names:
        assert run("formats", "show", name).out.startswith(f"{name}: ")
    detected = run("formats", "detect", exports, "--output-format", "json")
    assert detected.code == 0
    by_file = {row["file"].rsplit("/", 1)[-1]: row for row in detected.rows}
    assert by_file[TRADES]["format"] == "binance.futures_trades"
    assert by_file[TRADES]["zone"] == "+01:00"
    assert run("formats", "detect", ERRORS / "login-page.csv").code == 3


def test_the_schema_is_told(run: Run, demo: Path) -> None:
    tables = {row["table"] for row in run("schema", "--output-format", "json").rows}
    assert {"fills", "funding", "movements", "files", "rejects", "positions"} <= tables
    columns = [row["column"] for row in run("schema", "fills", "--output-format", "json").rows]
    assert columns[:7] == ["row_key", "account", "venue", "wallet", "format", "file_id", "source_row"]


# -------------------------------------------------------------------------------------------------------- trace


def test_a_position_leads_back_to_lines_of_files(run: Run, demo: Path) -> None:
    rows = run("trace", POSITION, "--output-format", "json", book=demo).rows
    places = [row["place"] for row in rows]
    assert f"{INCOME}:132" in [place.rsplit("/", 1)[-1] for place in places]
    for row in rows:
        name, line = row["place"].rsplit(":", 1)
        text = (demo.parent / "exports" / name.rsplit("/", 1)[-1]).read_text(encoding="utf-8-sig")
        assert row["raw"] == text.splitlines()[int(line) - 1]


def test_a_row_an_event_and_a_line_lead_back(run: Run, demo: Path) -> None:
    (first, *_) = run("trace", POSITION, "--output-format", "json", book=demo).rows
    (same,) = run("trace", first["row_key"], "--output-format", "json", book=demo).rows
    assert same == first
    event = run("report", "liquidations", "--symbol", "XRPUSDT", "--output-format", "json", book=demo).rows[0]
    assert run("trace", event["liquidation_id"], "--output-format", "json", book=demo).rows
    lines = [row["line"] for row in run("report", "realized", "--output-format", "json", book=demo).rows]
    for line in lines:
        assert run("trace", line, "--output-format", "json", book=demo).rows, line


# ---------------------------------------------------------------------------------------------------------- sql


def test_sql_reads_the_book_and_nothing_else(run: Run, demo: Path, tmp_path: Path) -> None:
    answer = run("sql", "SELECT symbol, sum(amount) AS total FROM funding GROUP BY symbol ORDER BY symbol", "--output-format", "json",
                 book=demo)  # fmt: skip
    assert [row["symbol"] for row in answer.rows] == ["BTCUSD_PERP", "ETHUSDT", "SOLUSDT", "XBTUSD", "XRPUSDT"]
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    out = tmp_path / "out.csv"
    for query in (f"SELECT * FROM read_csv('{secret}')", f"COPY fills TO '{out}'", "DROP TABLE fills_stated",
                  "INSERT INTO log VALUES (1, '{}')", f"ATTACH '{out}' AS other", "INSTALL httpfs", "nonsense"):  # fmt: skip
        refused = run("sql", query, book=demo)
        assert refused.code == 2, query
        assert refused.err.strip()
    assert not out.exists()


# ------------------------------------------------------------------------------------------------------ the book


def test_commands_without_a_book_say_how_to_make_one(run: Run) -> None:
    for arguments in (
        ("files",),
        ("report", "positions"),
        ("check",),
        ("verify",),
        ("rebuild",),
        ("retry",),
        ("forget", "x"),
        ("accounts",),
        ("accounts", "rename", "a", "b"),
    ):
        answer = run(*arguments)
        assert answer.code == 4, arguments
        assert "marginbook import" in answer.err


def test_a_locked_book_is_exit_4(run: Run, exports: Path, tmp_path: Path) -> None:
    run("import", exports / TRADES)
    with another_process_holding(tmp_path / "book.duckdb"):
        for arguments in (("import", exports / INCOME), ("report", "positions")):
            answer = run("--wait", 0, *arguments)
            assert answer.code == 4, arguments
            assert "book.duckdb" in answer.err
    assert run("report", "positions").code == 0


def test_a_file_that_is_no_book_is_exit_4(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.duckdb").write_bytes(b"this is no database" * 1000)
    for arguments in (("files",), ("check",)):
        assert run(*arguments).code == 4


def test_a_newer_book_is_exit_4(run: Run, exports: Path, tmp_path: Path) -> None:
    run("import", exports / TRADES)
    with duckdb.connect(str(tmp_path / "book.duckdb")) as connection:
        tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        versioned = [name for name in tables if name in ("meta", "book", "about", "version", "properties")]
        if not versioned:
            pytest.skip(f"no table says the book's version: {tables}")
        (table,) = versioned
        columns = [row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()]
        column = next(name for name in columns if name in ("value", "version", "layout"))
        connection.execute(f"UPDATE {table} SET {column} = '999999'")
    assert run("files").code == 4


def test_a_damaged_archive_is_exit_4_and_the_report_still_prints(run: Run, exports: Path, tmp_path: Path) -> None:
    run("import", exports / TRADES)
    assert run("verify").code == 0
    (thing,) = (tmp_path / "book.archive").rglob("*.zst")
    content = bytearray(thing.read_bytes())
    content[len(content) // 2] ^= 0xFF
    thing.chmod(0o644)
    thing.write_bytes(content)
    damaged = run("verify")
    assert damaged.code == 4
    assert thing.name[:12] in damaged.out
    assert run("report", "positions").code == 0


def test_a_rebuild_says_the_same(run: Run, exports: Path) -> None:
    run("import", exports)
    run("forget", "force-orders.csv")
    before = run("report", "positions", "--output-format", "json").out
    answer = run("rebuild")
    assert answer.code == 0
    assert "to the last digit" in answer.err
    assert run("report", "positions", "--output-format", "json").out == before


def test_the_book_is_found_by_the_environment(run: Run, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARGINBOOK", str(demo))
    assert run("files").code == 0


def test_an_answer_into_a_closed_pipe_is_no_error(demo: Path) -> None:
    code = f"import sys; from ledger.commands.cli import main; sys.argv = ['marginbook', '--book', {str(demo)!r}, 'report', 'witnesses']; main()"
    command = f'"{sys.executable}" -c "{code}" | head -n 1; exit "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 141)


def test_every_command_has_help_that_ends_with_an_example(run: Run) -> None:
    def commands(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, command in group.commands.items():
            if not isinstance(command, click.Group) or command.invoke_without_command:
                yield (*words, name)
            if isinstance(command, click.Group):
                yield from commands(command, (*words, name))

    for words in commands(cli.marginbook, ()):
        answer = run(*words, "--help")
        assert answer.code == 0
        assert answer.err == ""
        last = [line for line in answer.out.splitlines() if line.strip()]
        assert any(line.strip().startswith("Example") for line in last[-3:]), words
