"""A format without code: what a description may say, what is refused and how, and that it is the same engine."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.contract import Format, Normalized
from importers.described.description import described
from importers.described.expressions import FUNCTIONS, NotUnderstood, parse
from importers.described.guess import description_of
from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from importers.registry import formats
from ledger.book import Book
from ledger.storage.importing import Asked
from schemas.errors import BadDescription, MarginbookError, OtherOptions
from tests.conftest import DATA, Run

DESK = (DATA / "described" / "desk.toml").read_text(encoding="utf-8")
EXPORT = DATA / "described" / "desk_fills.csv"


def read(form: Format, path: Path, options: Options | None = None) -> Normalized:
    (part,) = open_bundle(path).parts()
    ((normalized, _),) = chunks(recognize(part, (form,), options or Options()))
    return normalized


def written(tmp_path: Path, text: str, name: str = "x.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_description_reads_day_first_times_decimal_commas_glued_fees_and_words_of_another_language() -> None:
    fills = read(described(DESK, "desk.toml"), EXPORT).tables["fills"]
    first = fills.row(0, named=True)
    assert str(first["filled_at"]) == "2025-02-01 09:00:00+00:00"  # 10:00 in Berlin
    assert (first["side"], first["quantity"], first["price"]) == ("buy", Decimal("1.5"), Decimal("50000.25"))
    assert (first["fee"], first["fee_asset"]) == (Decimal("0.5"), "USDT")
    assert (first["instrument"], first["product"], first["style"]) == ("BTC/USDT:USDT", "perpetual", "linear")


def test_rows_are_claimed_once_by_a_kind_a_reason_or_a_reject() -> None:
    result = read(described(DESK, "desk.toml"), EXPORT)
    assert result.ignored["reason"].to_list() == ["never executed"]
    assert result.rejected.select("column", "text", "reason").rows() == [
        ("Action", "Tausch", "unmapped: expected one of Kauf, Verkauf, Storno")
    ]


# ---------------------------------------------------------------------------------------- the same engine


BALANCES = """
name = "binance.futures_balances_described"
venue = "binance"
wallet = "usdm"
account_number = "accountAlias"

[[headers]]
columns = ["accountAlias", "asset", "balance", "crossWalletBalance", "crossUnPnl", "availableBalance",
           "maxWithdrawAmount", "updateTime"]
optional = ["marginAvailable"]

[cells.time]
column = "updateTime"
kind = "time"
formats = "epoch"
empty = ["0"]

[cells.asset]
column = "asset"
required = true

[cells.balance]
column = "balance"
kind = "number"
required = true

[unread]
"crossWalletBalance" = "market prices of the moment"
"crossUnPnl" = "market prices of the moment"
"availableBalance" = "market prices of the moment"
"maxWithdrawAmount" = "market prices of the moment"
"marginAvailable" = "market prices of the moment"

[[rows]]
name = "balance"
when = "given(time)"
[rows.stated_balances]
stated_at = "time"

[[rows]]
name = "untouched"
when = "balance == 0"
ignore = "an asset that was never held: neither a balance nor an instant"

[identity]
kind = "content"
cells = ["time", "asset", "balance"]
"""


def test_a_built_in_format_written_as_a_description_gives_the_same_rows() -> None:
    built_in = next(form for form in formats() if form.name == "binance.futures_balances")
    path = DATA / "binance" / "balance.json"
    options = Options(format="binance.futures_balances")
    (part,) = open_bundle(path).parts()
    ((one, _),) = chunks(recognize(part, (built_in,), options))
    ((other, _),) = chunks(recognize(part, (described(BALANCES, "b.toml"),), Options()))
    for table, frame in one.tables.items():
        assert frame.equals(other.tables[table])
    assert one.rows.equals(other.rows)
    assert one.ignored.equals(other.ignored)
    assert one.account_numbers == other.account_numbers


def test_built_in_descriptions_leave_no_column_unexplained() -> None:
    from importers import venues
    from importers.detect import fold

    for form in venues.FORMATS:
        read_ = {column for cell in form.cells.values() for column in cell.columns} | set(form.unread)
        printed = {fold(form.aliases.get(text, text)) for header in form.headers for text in header.columns}
        assert printed - read_ == set(), form.name


# -------------------------------------------------------------------------------------------- the language


def value(text: str, **cells: object) -> object:
    names = {name: pl.lit(cell) if not isinstance(cell, Decimal) else pl.lit(cell).cast(pl.Decimal(38, 18))
             for name, cell in cells.items()}  # fmt: skip
    result = pl.select(parse(text, names).alias("value"))["value"][0]
    return result.normalize() + 0 if isinstance(result, Decimal) else result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-fee", Decimal("-2")),
        ("abs(-fee)", Decimal(2)),
        ("fee * 3 + 0.5", Decimal("6.5")),
        ("fee / 0", None),
        ("'buy' if fee > 0 else 'sell'", "buy"),
        ("first(nothing, word)", "Trade"),
        ("lower(word) == 'trade' and not empty(fee)", True),
        ("word in ('Trade', 'Order')", True),
        ("nothing in ('Trade', 'Order')", False),
        ("nothing != 'Trade'", True),
        ("1 < fee <= 2", True),
        ("part(word, '(T.a)')", "Tra"),
        ("replace(word, 'a|e', '_')", "Tr_d_"),
        ("join('-', word, nothing, 'x')", "Trade--x"),
        ("starts(word, 'Tr') and ends(word, 'de') and has(word, 'ra') and matches(word, '^T')", True),
        ("number('12.50') + fee", Decimal("14.5")),
        ("upper(word)", "TRADE"),
    ],
)
def test_the_language_counts_compares_and_takes_texts_apart(text: str, expected: object) -> None:
    nothing = pl.lit(None, dtype=pl.String)
    names = {"fee": pl.lit(Decimal(2)).cast(pl.Decimal(38, 18)), "word": pl.lit("Trade"), "nothing": nothing}
    result = pl.select(parse(text, names).alias("value"))["value"][0]
    assert (result.normalize() + 0 if isinstance(result, Decimal) else result) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("fees", "'fees' is no cell and no value of this description; did you mean fee?"),
        ("Trade", "'Trade' is no cell and no value of this description; a text stands in quotes: 'Trade'"),
        ("fee +", "'fee +' is no expression (invalid syntax)"),
        ("round(fee)", f"there is no function 'round'; there are {', '.join(FUNCTIONS)}"),
        ("abs(fee, fee)", "abs() takes 1 arguments, not 2"),
        ("part(word, '(')", "'(' is no pattern"),
        ("part(word, word)", "part() wants a text in quotes there: 'word'"),
        ("fee.real", "'fee.real' is no part of the language of descriptions"),
        ("__import__('os').system('true')", "is no part of the language of descriptions"),
        ("[fee for fee in word]", "is no part of the language of descriptions"),
        ("(lambda: fee)()", "is no part of the language of descriptions"),
        ("fee is None", "compare with ==, !=, <, <=, >, >=, in; `empty(x)` tells what is empty"),
        ("'a' in word", "after `in` stands a list, as ('Buy', 'Sell'): 'word'"),
    ],
)
def test_what_is_no_expression_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    names = {"fee": pl.lit(Decimal(2)), "word": pl.lit("Trade")}
    with pytest.raises(NotUnderstood) as refused:
        parse(text, names)
    assert sentence in str(refused.value)


@given(st.text(max_size=80))
def test_no_text_makes_the_language_do_anything_but_read_or_refuse(text: str) -> None:
    with contextlib.suppress(NotUnderstood):
        parse(text, {"fee": pl.lit(1)})


# --------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('name = "desk.fills"', 'name = "Desk"', "name = 'Desk'\n  venue and export, as \"mydesk.fills\""),
        ('name = "desk.fills"', "", "desk.toml: name is missing"),
        ('kind = "number"\ndecimal_comma', 'kind = "nummer"\ndecimal_comma',
         "desk.toml: cells.quantity: kind = 'nummer'\n  one of time, number"),
        ('column = "Market"', 'column = "Pair"', "desk.toml: cells.symbol: no header has the column 'Pair'"),
        ("decimal_comma = true", 'decimal_comma = "yes"',
         "desk.toml: cells.quantity: decimal_comma = 'yes', expected true or false"),
        ("decimal_comma = true", "decimalcomma = true",
         "desk.toml: cells.quantity: 'decimalcomma' is no setting here\n  did you mean decimal_comma?"),
        ('quantity = "abs(quantity)"', 'quantity = "abs(size)"',
         "desk.toml: rows 1, fills.quantity: 'size' is no cell and no value of this description"),
        ('quantity = "abs(quantity)"', 'quantity = "side"',
         "desk.toml: rows fill, fills.quantity: is a text, expected a number"),
        ('filled_at = "at"', "", "desk.toml: rows 1, fills: filled_at may not be empty"),
        ('filled_at = "at"', 'filled_at = "at"\nexecution = "liquidated"',
         "desk.toml: rows 1, fills.execution: 'liquidated' is no cell and no word of this column\n  words are trade,"),
        ("when = \"side == 'cancelled'\"\nignore = \"never executed\"", "when = \"side == 'cancelled'\"",
         "desk.toml: rows 2: stores nothing and does not say why, or both"),
        ('fact = "fills"', 'fact = "trades"', "desk.toml: claims 1: fact = 'trades'\n  one of ledger, fills"),
        ('cells = ["trade_ref"]', 'cells = ["trade"]',
         "desk.toml: identity: 'trade' is no cell\n  did you mean trade_ref?"),
        ("pattern = '(?P<base>[A-Z]+)", "pattern = '(?P<coin>[A-Z]+)",
         "desk.toml: symbols 1: the pattern's group 'coin' is unknown"),
        ('formats = ["%d.%m.%Y %H:%M:%S", "iso"]', 'formats = "dd.mm.yyyy"',
         "desk.toml: cells.at: 'dd.mm.yyyy' is no time format"),
        ("[[headers]]", "[[headers", "desk.toml: is no TOML"),
        ('name = "desk.fills"', 'name = "desk.fills"\nmarginbook = 2',
         "desk.toml: marginbook = 2: written for another version of the language\n  this program reads version 1"),
        ('name = "desk.fills"', 'name = "desk.fills"\nwallet = "wallets"',
         "desk.toml: wallet = 'wallets'\n  a cell, or one of spot"),
    ],
)  # fmt: skip
def test_a_description_that_cannot_be_meant_is_refused_with_its_place(old: str, new: str, sentence: str) -> None:
    assert old in DESK
    with pytest.raises(BadDescription) as refused:
        described(DESK.replace(old, new, 1), "desk.toml")
    assert sentence in str(refused.value)


# ----------------------------------------------------------------------------------------------- guessing


def everyday_exports() -> list[Path]:
    names = ("binance/statement_2023.csv", "kraken/ledgers_2019.csv", "nexo/nexo_transactions_02-29-2024.csv",
             "bitmex/walletHistory.json", "described/desk_fills.csv")  # fmt: skip
    return [DATA / name for name in names]


@pytest.mark.parametrize("path", everyday_exports(), ids=lambda path: path.name)
def test_a_guessed_description_can_be_used_as_it_is_and_loses_no_row(path: Path) -> None:
    (part,) = open_bundle(path).parts()
    form = described(description_of(part, "guessed.export"), "guessed.toml")
    recognized = recognize(part, (form,), Options(zone="UTC"))
    for normalized, read_ in chunks(recognized):
        assert read_ == len(normalized.rows) + len(normalized.ignored) + len(normalized.rejected)
        assert len(normalized.rows) > 0


def test_a_guess_says_what_it_is_not_sure_of(tmp_path: Path) -> None:
    path = written(
        tmp_path, "Date,Coin,Change,Type\n03/04/2025 10:00:00,BTC,-0.1,Withdraw\n05/06/2025 11:00:00,BTC,1,Mystery\n"
    )
    (part,) = open_bundle(path).parts()
    text = description_of(part, "a.b")
    assert '# "%m/%d/%Y %H:%M:%S" fits as well: is the day first, or the month?' in text
    assert "# What is 'Mystery'?  Its rows are rejected until it is described:" in text
    assert 'cause = "withdrawal"' in text


@pytest.mark.parametrize("header", ["Type", "Side", "Direction", "Operation", "What"])
@pytest.mark.parametrize("words", [("Buy", "Sell"), ("BUY", "SELL"), ("Buy (market)", "Sell (market)")])
@pytest.mark.parametrize(("other", "amount"), [("", "Quantity"), ("Bonus", "Quantity"), ("Bonus", "Amount")])
def test_words_of_buying_and_selling_are_the_side(
    tmp_path: Path, header: str, words: tuple[str, str], other: str, amount: str
) -> None:
    lines = [f"2025-01-0{day} 10:00:00,BTC/USDT,{word},0.5,9000" for day, word in enumerate((*words, words[1], other), 1)
             if word]  # fmt: skip
    path = written(tmp_path, f"Date,Pair,{header},{amount},Price\n" + "\n".join(lines) + "\n")
    (part,) = open_bundle(path).parts()
    text = description_of(part, "guessed.export")
    ((normalized, _),) = chunks(recognize(part, (described(text, "guessed.toml"),), Options(zone="UTC")))
    assert normalized.tables["fills"]["side"].to_list() == ["buy", "sell", "sell"]
    assert len(normalized.rejected) == (1 if other else 0), "a row of which nobody knows what it is, is no fill"
    assert ("# What is 'Bonus'?" in text) == bool(other)


@settings(deadline=None)
@given(st.lists(st.lists(st.text(max_size=12), min_size=2, max_size=5), min_size=2, max_size=6))
def test_whatever_the_file_a_guess_is_a_valid_description_or_a_plain_no(rows: list[list[str]]) -> None:
    import csv
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        with path.open("w", encoding="utf-8", newline="", errors="replace") as out:
            csv.writer(out).writerows(rows)
        try:
            parts = open_bundle(path).parts()
            text = description_of(parts[0], "a.b")
        except MarginbookError:
            return
        try:
            described(text, "guessed.toml")
        except BadDescription as refused:
            missing = ('kind "time"', "cells is missing", "asset may not be empty")
            assert any(words in str(refused) for words in missing), "what a file does not say is asked for"


# ------------------------------------------------------------------------------------------- in the book


def told(run: Run, *words: str) -> tuple[int, str]:
    """Return the exit status and everything that was printed."""
    done = run(*words)
    return done.code, done.out + done.err


def test_the_book_keeps_a_description_recognizes_its_files_and_is_rebuilt_with_it(tmp_path: Path, run: Run) -> None:
    book = str(tmp_path / "book.duckdb")
    description = written(tmp_path, DESK, "desk.toml")
    first = written(tmp_path, "\n".join(EXPORT.read_text().splitlines()[:3]) + "\n", "first.csv")
    code, said = told(run, "--book", book, "import", "--format", str(description), str(first))
    assert code == 0, said
    description.unlink()
    more = written(tmp_path, EXPORT.read_text().replace(";a", ";b").replace("Tausch", "Storno"), "more.csv")
    code, said = told(run, "--book", book, "import", str(more))
    assert code == 0, said
    assert "desk.fills" in said
    assert "desk.fills" in told(run, "--book", book, "formats", "list", "--venue", "desk")[1]
    assert "Desk: fills" in told(run, "--book", book, "formats", "show", "desk.fills")[1]
    with Book.open(book) as opened:
        before = opened.digest()
        assert opened.rebuild() == (before, before)
        assert opened.store.scalar("SELECT count(*) FROM fills") == 4
    assert told(run, "--book", book, "formats", "drop", "desk.fills")[0] == 0
    other = written(tmp_path, EXPORT.read_text().replace(";a", ";c").replace("Tausch", "Storno"), "other.csv")
    assert told(run, "--book", book, "import", str(other))[0] == 3
    with Book.open(book) as opened:
        digest = opened.digest()
        assert opened.rebuild() == (digest, digest)


def test_an_import_is_read_again_as_it_was_described_then(tmp_path: Path) -> None:
    path = written(tmp_path, "\n".join(EXPORT.read_text().splitlines()[:3]) + "\n", "first.csv")
    other = written(tmp_path, EXPORT.read_text().replace(";a", ";b").replace("Tausch", "Storno"), "other.csv")
    changed = DESK.replace('name = "fill"', 'name = "execution"').replace('"abs(quantity)"', '"abs(quantity) * 2"')
    with Book.open(tmp_path / "book.duckdb") as book:
        name = book.describe(DESK, "desk.toml")
        book.import_paths([path], Asked(format=name))
        book.describe(changed, "desk.toml")
        with pytest.raises(OtherOptions) as refused:
            raise book.import_paths([path], Asked(format=name)).errors[0]
        assert "forget" in str(refused.value)
        book.import_paths([other], Asked(format=name))
        sizes = "SELECT quantity FROM fills ORDER BY filled_at, trade_ref"
        before = [size for (size,) in book.store.rows(sizes)]
        assert before == [Decimal("1.5"), Decimal(3), Decimal("0.5"), Decimal(1)]
        book.rebuild()
        assert [size for (size,) in book.store.rows(sizes)] == before


def test_a_dry_run_keeps_no_description(tmp_path: Path, run: Run) -> None:
    book = str(tmp_path / "book.duckdb")
    description = written(tmp_path, DESK, "desk.toml")
    path = written(tmp_path, "\n".join(EXPORT.read_text().splitlines()[:3]) + "\n", "first.csv")
    assert told(run, "--book", book, "import", "--dry-run", "--format", str(description), str(path))[0] == 0
    assert told(run, "--book", book, "formats", "list", "--venue", "desk")[0] == 2


def test_a_description_may_not_take_the_name_of_a_built_in_format(tmp_path: Path, run: Run) -> None:
    description = written(tmp_path, DESK.replace("desk.fills", "kraken.ledgers"), "desk.toml")
    code, said = told(run, "--book", str(tmp_path / "b.duckdb"), "import", "--format", str(description), str(EXPORT))
    assert code == 2
    assert "'kraken.ledgers' is the name of a built-in format" in said


def test_testing_a_description_shows_what_would_be_stored_and_what_is_left_to_describe(
    tmp_path: Path, run: Run
) -> None:
    description = written(tmp_path, DESK.replace('[unread]\n"Note" = "words for people"\n', ""), "desk.toml")
    code, said = told(run, "formats", "test", str(description), str(EXPORT))
    assert code == 1
    assert "4 rows read = 2 stored + 1 ignored + 1 rejected" in said
    assert "columns that nothing reads: Note" in said
    assert "unmapped: expected one of Kauf, Verkauf, Storno" in said
    assert "symbol BTCUSDT-PERP, instrument BTC/USDT:USDT" in " ".join(said.split())


def test_a_new_description_is_written_once_and_never_over_another_file(tmp_path: Path, run: Run) -> None:
    out = tmp_path / "new.toml"
    assert told(run, "formats", "new", str(EXPORT), "--name", "desk.fills", "-o", str(out))[0] == 0
    assert told(run, "formats", "test", str(out), str(EXPORT), "--timezone", "Europe/Berlin")[0] == 1
    assert told(run, "formats", "new", str(EXPORT), "-o", str(out))[0] == 2


def test_a_description_is_read_without_the_database() -> None:
    code = "import sys, importers.described.description; print('duckdb' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
