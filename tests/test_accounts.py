"""An account is called as its user likes: everything follows a new name, and a rebuild does the same."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import Book
from ledger.storage.entries import Entered
from ledger.storage.importing import Asked
from ledger.storage.store import Store
from schemas.errors import OtherOptions, UnknownThing
from tests.books import INCOME, STATEMENT, TRADES, imported, logged, new_book, write
from tests.conftest import Run

FILL = "2026-02-03 04:00:05,BTCUSDT,{},17010.0,0.033,561.33,0.168399,USDT,{},USDT"
TRADED = [FILL.format("BUY", "0"), FILL.format("SELL", "-0.495")]
WALLET = "transactTime,transactType,amount,fee,address,transactStatus,walletBalance"
"""Of BitMEX: another venue."""
ROWS = ['"2/3/2026, 10:00:00 AM",Deposit,50000000,0,bc1q,Completed,50000000']


def state(book: Book) -> list[tuple[object, ...]]:
    """Return every table's rows as text, but what numbers files and series."""
    tables = ("fills_stated", "movements_stated", "positions", "legs", "costs_stored", "openings", "coverage", "voices")
    left_out = {"file_no", "series"}
    found: list[tuple[object, ...]] = []
    for table in tables:
        columns = [name for name in book.store.query(f"SELECT * FROM {table} LIMIT 0").columns if name not in left_out]
        found += [(table, *row) for row in book.store.rows(f"SELECT {', '.join(columns)} FROM {table} ORDER BY ALL")]
    return found


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


@pytest.fixture
def trades(tmp_path: Path) -> Path:
    return write(tmp_path, "trades.csv", TRADES, TRADED)


@pytest.fixture
def income(tmp_path: Path) -> Path:
    rows = ["2026-02-03 16:00:01,FUNDING_FEE,-0.41,USDT,BTCUSDT,7", "2026-02-01 00:00:00,TRANSFER,100,USDT,,1"]
    return write(tmp_path, "income.csv", INCOME, rows)


# --------------------------------------------------------------------------------------------------- the list


def test_accounts_are_listed_with_their_venues_files_and_wallets(run: Run, tmp_path: Path, trades: Path) -> None:
    numbered = write(tmp_path, "statement.csv", STATEMENT, ["7,2026-02-04 00:00:00,Spot,Deposit,BTC,1,"])
    run("import", trades, numbered, "--account", "main", "--timezone", "UTC")
    answer = run("accounts", "--output-format", "json")
    assert answer.code == 0
    (row,) = answer.rows
    assert (row["account"], row["venue"], row["files"], row["rows"]) == ("main", "binance", 2, 3)
    assert row["wallets"] == ["spot", "usdm"]
    assert (row["first_at"], row["last_at"]) == ("2026-02-03T04:00:05Z", "2026-02-04T00:00:00Z")
    assert len(row["number_hash"]) == 8
    for kind in ("table", "csv"):
        printed = run("accounts", "--output-format", kind)
        assert printed.code == 0
        assert "main" in printed.out
        assert "7," not in printed.out.replace("2026", "")


def test_an_account_without_a_number_says_so(book: Book, trades: Path) -> None:
    imported(book, trades)
    assert book.store.rows("SELECT account, number_hash FROM accounts") == [("binance", "")]
    from reports.listings import ACCOUNTS

    assert book.listing(ACCOUNTS).row(0, named=True)["number_hash"] is None


# --------------------------------------------------------------------------------------------------- renaming


def test_a_renamed_account_is_as_if_it_had_always_been_called_so(tmp_path: Path, trades: Path, income: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    with new_book(tmp_path / "a") as renamed, new_book(tmp_path / "b") as truth:
        imported(renamed, trades, income)
        assert renamed.rename_account("binance", "main") == ["binance"]
        imported(truth, trades, income, account="main")
        assert truth.digest() == renamed.digest()
        assert state(truth) == state(renamed)
        assert {name: frame.height for name, frame in renamed.check().items() if frame.height} == {}
        assert renamed.store.rows("SELECT DISTINCT account FROM files") == [("main",)]


def test_a_rebuild_keeps_the_new_name(book: Book, trades: Path, income: Path) -> None:
    imported(book, trades, income)
    book.rename_account("binance", "main")
    digest = book.digest()
    assert book.rebuild() == (digest, digest)
    assert book.store.rows("SELECT account, venue FROM accounts") == [("main", "binance")]
    assert [entry["kind"] for entry in logged(book)] == ["import", "import", "rename"]


def test_later_imports_and_the_same_file_again_go_to_the_new_name(book: Book, trades: Path, income: Path) -> None:
    imported(book, trades, account="old")
    book.rename_account("old", "new")
    assert imported(book, trades).parts[0].note == "already stored by import 1"
    assert imported(book, trades, account="new").parts[0].note == "already stored by import 1"
    assert imported(book, income).parts[0].account == "new"
    (error,) = book.import_paths([trades], Asked(account="old")).errors
    assert isinstance(error, OtherOptions)
    assert "--account new" in str(error)


def test_renaming_twice_and_back_is_followed_by_a_rebuild(book: Book, trades: Path, income: Path) -> None:
    imported(book, trades)
    first = book.digest()
    book.rename_account("binance", "a")
    imported(book, income)
    book.rename_account("a", "b")
    book.forget("income.csv")
    book.rename_account("b", "binance")
    assert book.digest() == first
    assert book.rebuild() == (first, first)


def test_the_name_that_became_free_can_be_given_to_another_account(book: Book, trades: Path, income: Path) -> None:
    imported(book, trades, account="main")
    book.rename_account("main", "first")
    imported(book, income, account="main")
    digest = book.digest()
    assert book.rebuild() == (digest, digest)
    assert sorted(book.store.rows("SELECT DISTINCT account, name FROM files")) == [
        ("first", "trades.csv"),
        ("main", "income.csv"),
    ]


def test_an_account_number_stays_bound_though_its_file_was_forgotten(book: Book, tmp_path: Path, trades: Path) -> None:
    statement = write(tmp_path, "statement.csv", STATEMENT, ["7,2026-02-04 00:00:00,Spot,Deposit,BTC,1,"])
    imported(book, trades, statement, timezone="UTC")
    book.forget("statement.csv")
    book.rename_account("binance", "main")
    ((account, number_hash),) = book.store.rows("SELECT account, number_hash FROM accounts")
    assert account == "main"
    assert number_hash
    later = write(tmp_path, "later.csv", STATEMENT, ["7,2026-03-04 00:00:00,Spot,Deposit,BTC,2,"])
    assert imported(book, later, timezone="UTC").parts[0].account == "main"


def test_a_file_with_rejects_keeps_its_account_when_it_is_read_again(book: Book, tmp_path: Path) -> None:
    broken = write(tmp_path, "trades.csv", TRADES, [*TRADED, FILL.format("HOLD", "0")])
    imported(book, broken, account="old", max_rejects=1.0)
    book.rename_account("old", "new")
    assert book.retry().parts[0].account == "new"
    assert book.import_paths([broken], Asked(max_rejects=1.0, encoding="utf-8")).parts[0].account == "new"
    digest = book.digest()
    assert book.rebuild() == (digest, digest)


def test_entries_by_hand_move_too(book: Book, trades: Path) -> None:
    imported(book, trades)
    at = datetime(2026, 2, 4, tzinfo=UTC)
    values: dict[str, str | Decimal | None] = {"asset": "USDT", "amount": Decimal(5)}
    book.enter(Entered(kind="correction", account="binance", wallet="usdm", at=at, reason="found", values=values))
    book.rename_account("binance", "main")
    corrections = "SELECT account, amount::VARCHAR FROM movements WHERE cause = 'correction'"
    assert book.store.rows(corrections) == [("main", "5.000000000000000000")]
    digest = book.digest()
    assert book.rebuild() == (digest, digest)
    assert book.store.rows(corrections) == [("main", "5.000000000000000000")]


def test_a_zip_of_two_venues_is_renamed_at_one_of_them(book: Book, tmp_path: Path, trades: Path) -> None:
    bundle = tmp_path / "all.zip"
    with zipfile.ZipFile(bundle, "w") as packed:
        packed.writestr("trades.csv", trades.read_bytes())
        packed.writestr("wallet.csv", "\n".join([WALLET, *ROWS]) + "\n")
    imported(book, bundle, account="main", timezone="UTC")
    assert book.rename_account("main", "desk", "bitmex") == ["bitmex"]
    accounts = "SELECT DISTINCT account, venue FROM files ORDER BY venue"
    assert book.store.rows(accounts) == [("main", "binance"), ("desk", "bitmex")]
    digest = book.digest()
    assert book.rebuild() == (digest, digest)
    assert book.store.rows(accounts) == [("main", "binance"), ("desk", "bitmex")]


def test_one_name_may_stand_at_two_venues_but_not_twice_at_one(book: Book, tmp_path: Path, trades: Path) -> None:
    imported(book, trades, account="first")
    imported(book, write(tmp_path, "wallet.csv", WALLET, ROWS), timezone="UTC")
    assert book.rename_account("bitmex", "first") == ["bitmex"]
    more = write(tmp_path, "more.csv", TRADES, [FILL.format("BUY", "0").replace("02-03", "02-05")])
    imported(book, more, account="second")
    before = book.digest()
    with pytest.raises(UnknownThing, match="there is an account 'first' at binance already") as refused:
        book.rename_account("second", "first")
    assert "--account first" in str(refused.value)
    with pytest.raises(UnknownThing, match="there is an account 'second' at binance already"):
        book.rename_account("first", "second")
    assert book.rename_account("first", "second", "bitmex") == ["bitmex"]
    assert book.rename_account("second", "first", "bitmex") == ["bitmex"]
    assert book.digest() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nobody", "main"), "there is no account 'nobody'"),
        (("binance", "binance"), "called 'binance' already"),
        (("binance", "a/b"), "cannot be called 'a/b'"),
        (("binance", " "), "cannot be called ' '"),
        (("binance", "main", "--venue", "kraken"), "is not at 'kraken'"),
    ],
)
def test_what_cannot_be_renamed_is_exit_2_with_a_sentence(
    run: Run, trades: Path, arguments: tuple[str, ...], message: str
) -> None:
    run("import", trades)
    answer = run("accounts", "rename", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err


def test_renaming_is_told(run: Run, trades: Path) -> None:
    run("import", trades)
    answer = run("accounts", "rename", "binance", "main")
    assert (answer.code, answer.out) == (0, "")
    assert "the account binance is called main now, at binance" in answer.err
    assert {row["account"] for row in run("report", "positions", "--output-format", "json").rows} == {"main"}


def test_a_renaming_that_fails_changes_nothing(
    book: Book, trades: Path, income: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(book, trades, income)
    before, entries = state(book), logged(book)
    insert = Store.insert

    def failing(store: Store, table: str, *arguments: object) -> None:
        if table == "coverage":
            raise OSError("no space left")
        insert(store, table, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "insert", failing)
    with pytest.raises(OSError, match="no space"):
        book.rename_account("binance", "main")
    monkeypatch.undo()
    assert before == state(book)
    assert entries == logged(book)
