"""The invariants of a book at rest: silent where they hold; each names what was damaged, with the line of its file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ledger.auditing.identity import every_check
from ledger.book import Book
from ledger.commands.demo import write_exports
from ledger.storage.archive import archive_of
from ledger.storage.store import Store
from ledger.trace import with_places
from ledger.tying import identities
from schemas.types import MONEY
from tests.books import NOW, facts, imported, new_book, write
from tests.conftest import Run

PLAIN = "filled_at,symbol,product,side,quantity,price,fee,fee_asset,execution,settle_asset,style,wallet"
LEDGER = "moved_at,asset,amount,cause,pool,balance_after,wallet"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a book of the demo, a ledger that states balances with a break, a statement, and an open position."""
    folder = tmp_path_factory.mktemp("checks")
    with new_book(folder) as book:
        imported(book, write_exports(folder / "exports"))
        rows = ["2026-02-01T00:00:00Z,USDT,100,deposit,asset,150,spot", "2026-02-02T00:00:00Z,USDT,5,deposit,asset,155,spot",
                "2026-02-03T00:00:00Z,USDT,5,deposit,asset,163,spot"]  # fmt: skip
        imported(book, write(folder, "ledger.csv", LEDGER, rows), account="own")
        stated = ["2026-02-02T12:00:00Z,USDT,155,wallet,spot"]
        imported(book, write(folder, "statement.csv", "stated_at,asset,balance,kind,wallet", stated), account="own")
        fills = [f"2026-02-{day:02d}T00:00:00Z,XYZ,perpetual,{side},{size},{price},0.1,USDT,trade,USDT,linear,usdm"
                 for day, side, size, price in ((1, "buy", 3, 100), (2, "buy", 4, 130), (3, "sell", 2, 120))]  # fmt: skip
        imported(book, write(folder, "fills.csv", PLAIN, fills), account="own")
        borrowed = ["2026-02-01T00:00:00Z,ETH,2,manual,cross_margin"]
        imported(book, write(folder, "borrows.csv", "borrowed_at,asset,amount,kind,wallet", borrowed), account="own")
        terms = ["XYZ,perpetual,USDT,1,linear"]
        imported(book, write(folder, "terms.csv", "symbol,product,settle,multiplier,style", terms), account="own")
    return folder / "book.duckdb"


def copied(made: Path, folder: Path) -> Path:
    """Return a copy of the book with its archive."""
    shutil.copytree(archive_of(made), archive_of(folder / "book.duckdb"))
    return Path(shutil.copy(made, folder / "book.duckdb"))


@pytest.fixture(scope="module")
def opened(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    with Book.open(copied(made, tmp_path_factory.mktemp("damaged")), clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture
def book(opened: Book) -> Iterator[Book]:
    """Give a book that a test may damage: it is whole again after it."""
    opened.store.execute("BEGIN TRANSACTION")
    yield opened
    opened.store.execute("ROLLBACK")


def offenders(book: Book) -> dict[str, list[dict[str, Any]]]:
    """Return the offenders of the invariants that do not hold."""
    return {name: frame.to_dicts() for name, frame in book.check().items() if frame.height}


OF_FILL = "(SELECT row_key FROM legs JOIN positions USING (position_id) WHERE symbol = 'XYZ' AND leg_no = 1)"
OF_MOVE = "(SELECT row_key FROM movements_stated WHERE account = 'own' ORDER BY moved_at LIMIT 1)"
MATCH = """INSERT INTO transfer_matches (match_id, sent_key, received_key, asset, sent, received, fee, booked_fee)
SELECT 'm-%s', s.row_key, r.row_key, 'USDT', 500, %s, %s, 0 FROM
  (SELECT row_key FROM movements WHERE asset = 'USDT' AND cause = 'transfer' AND amount = -500 LIMIT 1) s,
  (SELECT row_key FROM movements WHERE asset = 'USDT' AND cause = 'transfer' AND amount = 500 LIMIT 1) r"""

DAMAGES = [
    ("A1a", "running_balances_hold", f"UPDATE movements_stated SET amount = 101 WHERE row_key = {OF_MOVE}", "ledger.csv:2"),
    ("A1b", "statements_hold", "UPDATE stated_balances SET balance = 156 WHERE account = 'own'", "statement.csv:2"),
    ("A1c", "openings_are_there", "DELETE FROM openings WHERE account = 'own'", "ledger.csv:2"),
    ("A1d", "breaks_part_the_chain", "DELETE FROM breaks_stored WHERE account = 'own'", "ledger.csv:4"),
    ("A2b", "borrowings_are_debts", "UPDATE movements_derived SET amount = 3 WHERE pool = 'debt' AND account = 'own'", "borrows.csv:2"),
    ("A3a", "ledger_equals_lines", "UPDATE costs_stored SET amount = amount + 1 WHERE cause = 'liquidation_fee'", None),
    ("A3b", "results_equal_lines", "UPDATE legs SET realized = realized + 1 WHERE realized <> 0", None),
    ("A3c", "fees_are_shared_out", f"UPDATE legs SET fee = 0.2 WHERE row_key = {OF_FILL}", "fills.csv:2"),
    ("A4a", "closed_positions_are_flat", "UPDATE positions SET ended = 'closed' WHERE symbol = 'XYZ'", "fills.csv:4"),
    ("A4b", "entry_equals_exit", "UPDATE positions SET ended = 'closed' WHERE symbol = 'XYZ'", "fills.csv:4"),
    ("A4c", "realized_is_cash_flow", "UPDATE legs SET realized = realized + 1 WHERE realized <> 0", None),
    ("A4d", "running_totals_are_sums", f"UPDATE legs SET delta = 3.5 WHERE row_key = {OF_FILL}", "fills.csv:4"),
    ("A5a", "debts_roll_forward", "UPDATE loan_events SET amount = amount + 1 WHERE kind = 'drawn' AND asset = 'ETH'", None),
    ("A5b", "debts_are_movements", "DELETE FROM movements_derived WHERE pool = 'debt' AND asset = 'ETH' AND cause = 'borrow'", None),
    ("A5c", "debts_step_by_step",
     "UPDATE loan_events SET principal_after = principal_after + 1 WHERE event_no = 1 AND asset = 'ETH'", None),
    ("A7a", "funding_is_attributed_once", "DELETE FROM costs_stored WHERE cause = 'funding'", None),
    ("A7b", "interest_is_attributed_once", "DELETE FROM costs_stored WHERE cause = 'interest'", None),
    ("A8", "fifo_equals_average", "UPDATE legs SET realized = 11 WHERE delta = -2 AND price = 120", "fills.csv:4"),
    ("D2.1a", "files_add_up", "UPDATE files SET duplicate = 1 WHERE name = 'ledger.csv'", "ledger.csv"),
    ("D2.1b", "rows_are_listed", "DELETE FROM sightings_stored WHERE source_row = 3 AND file_no = "
     "(SELECT file_no FROM files WHERE name = 'ledger.csv')", "ledger.csv"),
    ("D2.3", "row_keys_are_unique", f"INSERT INTO movements_stated FROM movements_stated WHERE row_key = {OF_MOVE}", "ledger.csv:2"),
    ("D2.4", "multiplicity_is_complete", "UPDATE sightings_stored SET nth = 2 WHERE source_row = 3 AND file_no = "
     "(SELECT file_no FROM files WHERE name = 'ledger.csv')", "ledger.csv:3"),
    ("D2.7a", "postings_balance", MATCH % (1, 499, 1) + ";" + MATCH % (2, 498, 2), None),
    ("D2.7b", "trial_balance_is_zero", MATCH % (1, 499, 1) + ";" + MATCH % (2, 498, 2)
     + "; UPDATE transfer_matches SET received_key = 0 WHERE match_id = 'm-2'", None),
    ("A2a", "transfers_match", MATCH % (1, 499, 1), None),
    ("D2.7c", "fills_are_in_legs", f"UPDATE legs SET delta = 3.5 WHERE row_key = {OF_FILL}", "fills.csv:2"),
    ("D2.9a", "rows_are_sighted", "DELETE FROM sightings_stored WHERE source_row = 3 AND file_no = "
     "(SELECT file_no FROM files WHERE name = 'fills.csv')", "fills.csv:3"),
    ("D2.9b", "rows_have_files", "UPDATE stated_balances SET file_id = 'feedfacecafebeef' WHERE account = 'own'", "feedfacecafe:2"),
    ("D2.11", "no_zero_basis", "UPDATE positions SET opening_quantity = 1 WHERE symbol = 'XYZ'", "fills.csv:2"),
    ("D2.14", "instants_are_possible", "UPDATE stated_balances SET stated_at = '2026-11-02 00:00:01Z' WHERE account = 'own'",
     "statement.csv:2"),
    ("F2", "one_voice", "INSERT INTO voices BY NAME SELECT * REPLACE ('another' AS series) FROM voices WHERE account = 'own'", None),
    ("U1", "position_ids_are_unique", "INSERT INTO positions FROM positions WHERE symbol = 'XYZ'", None),
    ("U2", "ids_are_unique", "INSERT INTO breaks_stored FROM breaks_stored", None),
]  # fmt: skip


def test_a_whole_book_offends_nothing(book: Book) -> None:
    assert offenders(book) == {}
    assert facts(book, "breaks", "account", "difference") == [("own", "3")]  # what is data is no offender


@pytest.mark.parametrize(("id_", "name", "damage", "place"), DAMAGES, ids=[damage[1] for damage in DAMAGES])
def test_each_names_what_was_damaged_with_its_place(
    book: Book, id_: str, name: str, damage: str, place: str | None
) -> None:
    book.store.execute(damage)
    check = next(check for check in every_check() if check.id == id_)
    assert check.name == name
    found = with_places(book.store, check.find(book.store, book.archive))
    assert found.height > 0
    if "row_key" in found.columns:
        assert found["place"].null_count() == 0
        assert found["row_key"].str.contains(r"^\d+$").all()
    if place is not None:
        assert place in found["place"].to_list()


def test_all_offenders_are_named_not_the_first(book: Book) -> None:
    book.store.execute("UPDATE movements_stated SET moved_at = moved_at - INTERVAL 20 YEAR WHERE account = 'own'")
    assert [row["place"] for row in offenders(book)["instants_are_possible"]] == [
        f"ledger.csv:{line}" for line in (2, 3, 4)
    ]


def test_a_file_whose_bytes_are_lost_is_named(made: Path, tmp_path: Path) -> None:
    with Book.open(copied(made, tmp_path), clock=lambda: NOW) as book:
        assert book.archive is not None
        (bundle,) = book.store.rows("SELECT bundle_id FROM files WHERE name = 'ledger.csv'")
        book.archive.path_of(bundle[0]).unlink()
        assert {name: [row["place"] for row in rows] for name, rows in offenders(book).items()} == {
            "files_are_archived": ["ledger.csv"]}  # fmt: skip


def test_a_net_that_is_not_its_parts_is_named(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = book.report("positions")
    of_one = pl.col("symbol") == "XYZ"
    one_more = pl.when(of_one).then(pl.col("net_pnl") + 1).otherwise(pl.col("net_pnl")).cast(MONEY)
    monkeypatch.setattr(identities, "run", lambda *_: shown.with_columns(one_more))
    wrong = identities.wrong_nets(book.store, None)
    assert wrong["position_id"].to_list() == shown.filter(of_one)["position_id"].to_list()


def test_every_invariant_has_an_id_and_a_sentence_of_its_own() -> None:
    checks = every_check()
    for names in (
        [check.id for check in checks],
        [check.name for check in checks],
        [check.sentence for check in checks],
    ):
        assert len(names) == len(set(names))
    assert {check.id[:2] for check in checks} == {
        "A1",
        "A2",
        "A3",
        "A4",
        "A5",
        "A6",
        "A7",
        "A8",
        "D2",
        "F2",
        "U1",
        "U2",
    }
    assert all(check.sentence.endswith(".") and check.sentence[0].isupper() for check in checks)
    assert {damage[0] for damage in DAMAGES} | {"A4e", "A6", "D2.9c"} >= {check.id for check in checks} - {"D2.22"}


# ----------------------------------------------------------------------------------------------------- printed


def test_a_clean_book_is_silent_and_json_an_empty_array(run: Run, made: Path) -> None:
    answer = run("check", book=made)
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    answer = run("check", "--output-format", "json", book=made)
    assert (answer.code, answer.rows, answer.err) == (0, [], "")


def test_offenders_are_tables_for_a_person_and_one_array_for_a_script(run: Run, made: Path, tmp_path: Path) -> None:
    path = copied(made, tmp_path)
    with Book.open(path, clock=lambda: NOW) as book:
        book.store.execute("UPDATE stated_balances SET balance = 156 WHERE account = 'own'")
        book.store.execute("UPDATE files SET duplicate = 1 WHERE name = 'ledger.csv'")
    answer = run("check", book=path)
    assert (answer.code, answer.err) == (1, "3 of 36 invariants do not hold\n")
    assert "A1b statements_hold: Statements of a balance that differ from opening" in answer.out
    assert "statement.csv:2" in answer.out
    told = run("check", "--output-format", "json", book=path)
    assert told.code == 1
    statement, *files = told.rows
    key = statement["row_key"]
    assert (statement["id"], statement["name"], statement["place"]) == ("A1b", "statements_hold", "statement.csv:2")
    assert statement["offender"] == (
        "account own, venue plain, wallet spot, asset USDT, stated at 2026-02-02T12:00:00Z, computed 155, stated 156"
    )
    assert (statement["computed"], statement["stated"]) == ("155", "156")
    assert [row["place"] for row in run("trace", key, "--output-format", "json", book=path).rows] == ["statement.csv:2"]
    assert [(row["id"], row["place"], row["stored"]) for row in files] == [
        ("D2.1a", "ledger.csv", 3),
        ("D2.1b", "ledger.csv", None),
    ]
    csv = run("check", "--output-format", "csv", book=path)
    assert csv.out.splitlines()[0].startswith("id,name,sentence,offender,row_key,place,")
    saved = run("check", "-o", tmp_path / "offenders.xlsx", book=path)
    assert (saved.code, saved.out) == (1, "")
    assert (tmp_path / "offenders.xlsx").stat().st_size > 0


def test_an_empty_book_holds_all(tmp_path: Path) -> None:
    Store.open(tmp_path / "book.duckdb").close()
    with Book.open(tmp_path / "book.duckdb") as book:
        assert offenders(book) == {}
