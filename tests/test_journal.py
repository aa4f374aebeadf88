"""The journal: every event is posted so that it sums to zero per asset, and the wallets' postings are their balances."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.book import Book
from ledger.commands.demo import write_exports
from schemas.tables import CAUSES
from tests.books import NOW, imported, new_book, plain, write
from tests.conftest import Run

LEDGER = "moved_at,sequence,pool,asset,amount,cause,symbol,wallet,balance_after"
START = datetime(2026, 1, 1, tzinfo=UTC)
SUM = "CAST(sum(amount) AS DECIMAL(38,18))"
NOT_ZERO = f"SELECT entry_id, asset, {SUM} AS total FROM postings GROUP BY ALL HAVING sum(amount) <> 0"
WALLETS = f"""SELECT account, venue, wallet, asset, {SUM} AS total FROM postings
WHERE starts_with(posting_account, 'wallet:') GROUP BY ALL HAVING sum(amount) <> 0 ORDER BY ALL"""
MATCH = """INSERT INTO transfer_matches BY NAME
SELECT 'match-1' AS match_id, s.row_key AS sent_key, r.row_key AS received_key, s.asset, -s.amount AS sent,
  r.amount AS received, CAST(-s.amount - r.amount AS DECIMAL(38,18)) AS fee, 0 AS booked_fee,
  s.moved_at AS sent_at, r.moved_at AS received_at, 'hand' AS how
FROM movements s, movements r WHERE s.amount < 0 AND r.amount > 0
  AND s.cause IN ('withdrawal', 'transfer') AND r.cause IN ('deposit', 'transfer')"""


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def ledger(folder: Path, *rows: str, name: str = "ledger.csv") -> Path:
    """Write a ledger: `day, asset, amount, cause, wallet` and, where given, symbol, balance and pool."""
    lines = []
    for number, row in enumerate(rows):
        day, asset, amount, cause, wallet, *rest = row.split(" ")
        symbol, balance, pool = (*rest, *("", "", "asset")[len(rest) :])
        lines.append(
            f"2026-02-{int(day):02d}T00:00:00Z,{number},{pool},{asset},{amount},{cause},{symbol},{wallet},{balance}"
        )
    return write(folder, name, LEDGER, lines)


def posted(book: Book, **words: Any) -> list[tuple[str, str, str]]:
    """Return posting account, asset and signed amount of every posting, in order."""
    frame = book.report("journal", **words).select("posting_account", "asset", "amount")
    return [tuple(map(plain, row)) for row in frame.iter_rows()]


def balances_of(book: Book, name: str) -> list[tuple[str, str]]:
    """Return asset and balance of a posting account, over all accounts."""
    sql = f"SELECT asset, {SUM} FROM postings WHERE posting_account = ? GROUP BY ALL ORDER BY ALL"
    return [tuple(map(plain, row)) for row in book.store.rows(sql, [name])]


def assert_balanced(book: Book) -> None:
    """Insist that events and trial balance sum to zero, and that the wallets' postings are the balances report."""
    assert book.store.rows(NOT_ZERO) == []
    shown = book.report("trial_balance")
    totals = shown.filter(shown["posting_account"] == "total")
    assert totals.height or not shown.height
    assert {plain(balance) for balance in totals["balance"]} <= {"0"}
    assert totals["debit"].to_list() == totals["credit"].to_list()
    computed = book.report("balances").select("account", "venue", "wallet", "asset", "computed").rows()
    assert book.store.rows(WALLETS) == [row for row in computed if row[-1]]


# --------------------------------------------------------------------------------------------- what is posted


def test_every_cause_has_a_posting_account_that_says_what_it_is(book: Book, tmp_path: Path) -> None:
    causes = ("trade -5", "conversion 3", "realized_pnl 7", "trading_fee -1", "network_fee -1", "liquidation_fee -2",
              "funding -1", "interest -1", "insurance 2", "deposit 100", "withdrawal -50", "transfer -10", "margin_move -4",
              "pledge -6", "borrow 30", "repay -20", "rebate 1", "income 2", "correction 3", "unknown 1")  # fmt: skip
    rows = [
        f"{day} USDT {cause.split()[1]} {cause.split()[0]} usdm BTCUSDT" for day, cause in enumerate(causes, start=1)
    ]
    imported(book, ledger(tmp_path, *rows))
    against = {row["cause"]: row["posting_account"] for row in book.report("journal").iter_rows(named=True)
               if not row["posting_account"].startswith("wallet:")}  # fmt: skip
    assert against == {
        "trade": "exchange", "conversion": "exchange", "realized_pnl": "results:BTCUSDT", "trading_fee": "fees:trading",
        "network_fee": "fees:network", "liquidation_fee": "fees:liquidation", "funding": "funding",
        "interest": "interest", "insurance": "insurance", "deposit": "outside", "withdrawal": "outside",
        "transfer": "transit", "margin_move": "margin", "pledge": "collateral", "borrow": "borrowing",
        "repay": "borrowing", "rebate": "income:rebates", "income": "income:other", "correction": "corrections",
        "unknown": "unknown",
    }  # fmt: skip
    assert posted(book)[:2] == [("exchange", "USDT", "5"), ("wallet:plain/usdm", "USDT", "-5")]
    assert_balanced(book)


def test_an_opening_is_posted_when_the_asset_is_first_known(book: Book, tmp_path: Path) -> None:
    imported(book, ledger(tmp_path, "3 USDT 5 deposit spot  105"))
    assert posted(book) == [
        ("wallet:plain/spot", "USDT", "100"),
        ("equity:opening balances", "USDT", "-100"),
        ("wallet:plain/spot", "USDT", "5"),
        ("outside", "USDT", "-5"),
    ]
    assert book.report("journal")["cause"].to_list() == ["opening", "opening", "deposit", "deposit"]
    assert_balanced(book)


def test_what_is_owed_meets_what_was_borrowed(book: Book, tmp_path: Path) -> None:
    imported(book, ledger(tmp_path,
        "1 USDT 1000 borrow cross_margin", "2 USDT 1000 borrow cross_margin   debt", "3 USDT 2 interest cross_margin   debt",
        "4 USDT -1002 repay cross_margin", "5 USDT -1000 repay_principal cross_margin   debt",
        "6 USDT -2 repay_interest cross_margin   debt"))  # fmt: skip
    assert balances_of(book, "borrowing") == [("USDT", "0")]
    assert balances_of(book, "debt:plain/cross_margin") == [("USDT", "0")]
    assert balances_of(book, "interest") == [("USDT", "2")]
    (owed,) = book.store.rows(f"SELECT {SUM} FROM postings WHERE starts_with(posting_account, 'debt:') AND posted_at < ?",
                              [datetime(2026, 2, 4, tzinfo=UTC)])  # fmt: skip
    assert plain(owed[0]) == "-1002"
    assert_balanced(book)


def test_the_books_of_several_venues_balance_and_collateral_that_is_sold_pays_its_debt(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    imported(book, write_exports(tmp_path / "exports"))
    assert_balanced(book)
    nexo = book.report("trial_balance", account="nexo")
    lines = {(row["posting_account"], row["asset"]): plain(row["balance"]) for row in nexo.iter_rows(named=True)}
    assert lines["exchange", "BTC"] == "0.08"
    assert lines["exchange", "USD"] == "13760"  # 20,000 came as USDC, 6,240 were paid by the sale
    assert lines["debt:nexo/unified", "USD"] == "-13806.41"
    assert ("borrowing", "USD") not in lines


def test_pledged_collateral_stays_an_asset_until_it_is_sold(book: Book, tmp_path: Path) -> None:
    imported(book, ledger(tmp_path, "1 BTC 1 deposit earn", "2 BTC -0.4 pledge earn", "3 BTC 0.1 pledge earn"))
    assert balances_of(book, "collateral") == [("BTC", "0.3")]
    book.store.execute("""INSERT INTO loans_stored BY NAME SELECT 'l' AS loan_id, 'plain' AS account, 'plain' AS venue,
        'earn' AS wallet, 'loan' AS kind, 'USDT' AS asset, now() AS opened_at, 'open' AS ended""")
    book.store.execute("""INSERT INTO loan_events BY NAME SELECT 'l' AS loan_id, 1 AS event_no,
        TIMESTAMPTZ '2026-02-05' AS happened_at, 'collateral_sold' AS kind, 'BTC' AS asset, 0.3 AS amount,
        0 AS principal_after, 0 AS interest_after, TRUE AS forced, 'stated' AS how""")
    assert balances_of(book, "collateral") == [("BTC", "0")]
    assert balances_of(book, "exchange") == [("BTC", "0.3")]
    assert_balanced(book)


# ------------------------------------------------------------------------------------------------- transfers


def test_both_ends_of_a_matched_transfer_meet_in_transit_and_the_network_takes_its_fee(
    book: Book, tmp_path: Path
) -> None:
    rows = ["1 BTC 2 deposit spot", "3 BTC -1 withdrawal spot", "5 BTC 0.9995 deposit funding"]
    imported(book, ledger(tmp_path, *rows))
    assert balances_of(book, "transit") == []
    book.store.execute(MATCH + " AND r.wallet = 'funding'")
    assert balances_of(book, "transit") == [("BTC", "0")]
    assert balances_of(book, "fees:network") == [("BTC", "0.0005")]
    assert balances_of(book, "outside") == [("BTC", "-2")]
    between = book.report("trial_balance", to=datetime(2026, 2, 4, tzinfo=UTC))
    on_the_way = between.filter((between["posting_account"] == "transit") & (between["scope"] == "book"))
    assert [plain(balance) for balance in on_the_way["balance"]] == ["0.9995"]
    assert_balanced(book)


def test_a_transfer_without_its_other_end_stays_in_transit(book: Book, tmp_path: Path) -> None:
    imported(book, ledger(tmp_path, "1 USDT 100 deposit spot", "2 USDT -60 transfer spot", "3 USDT 40 transfer usdm"))
    assert balances_of(book, "transit") == [("USDT", "20")]
    assert_balanced(book)


# --------------------------------------------------------------------------------------------------- reports


def test_the_trial_balance_rolls_from_a_first_instant_to_a_last(run: Run, tmp_path: Path) -> None:
    run("import", ledger(tmp_path, "1 USDT 100 deposit spot", "2 USDT -30 trading_fee spot", "3 USDT 5 rebate spot"))
    words = ("report", "trial_balance", "--account", "plain", "--output-format", "json")
    told = [
        [row[name] for name in ("posting_account", "opening", "debit", "credit", "balance")]
        for row in run(*words, "--from", "2026-02-02", "--to", "2026-02-02").rows
    ]
    assert told == [
        ["fees:trading", "0", "30", "0", "30"],
        ["outside", "-100", "0", "0", "-100"],
        ["wallet:plain/spot", "100", "0", "30", "70"],
        ["total", "0", "30", "30", "0"],
    ]
    assert [row["scope"] for row in run(*words).rows] == ["account"] * 5
    whole = run("report", "trial_balance", "--output-format", "json").rows
    assert [row["posting_account"] for row in whole if row["scope"] == "book"] == [
        "fees", "income", "outside", "wallet", "total"]  # fmt: skip


def test_postings_lead_back_to_lines_of_files(run: Run, tmp_path: Path) -> None:
    run("import", ledger(tmp_path, "1 USDT 100 deposit spot", "2 USDT -30 trading_fee spot"))
    rows = run("report", "journal", "--output-format", "json").rows
    assert [(row["file"], row["row"]) for row in rows] == [("ledger.csv", 2)] * 2 + [("ledger.csv", 3)] * 2
    for key in (rows[2]["row_key"], rows[2]["entry_id"], "postings|plain|fees:trading|USDT"):
        assert [row["place"] for row in run("trace", key, "--output-format", "json").rows] == ["ledger.csv:3"]
    lines = {row["posting_account"]: row["line"] for row in run("report", "trial_balance", "--output-format", "json").rows
             if row["scope"] == "account"}  # fmt: skip
    traced = run("trace", lines["wallet:plain/spot"], "--output-format", "json").rows
    assert [row["place"] for row in traced] == ["ledger.csv:2", "ledger.csv:3"]


def test_the_journal_is_narrowed_as_any_report(book: Book, tmp_path: Path) -> None:
    imported(
        book, ledger(tmp_path, "1 USDT 100 deposit spot", "2 USDT -30 funding usdm BTCUSDT", "3 BTC 5 rebate spot")
    )
    assert len(posted(book)) == 6
    assert posted(book, symbol="BTCUSDT") == [("funding", "USDT", "30"), ("wallet:plain/usdm", "USDT", "-30")]
    assert {row[1] for row in posted(book, symbol="BTC")} == {"BTC"}
    assert len(posted(book, start=datetime(2026, 2, 2, tzinfo=UTC), to=datetime(2026, 2, 3, tzinfo=UTC))) == 2


# ------------------------------------------------------------------------------------------------------ laws

AMOUNTS = st.integers(-(10**24), 10**24).filter(bool).map(lambda units: Decimal(units).scaleb(-18))
Row = tuple[int, str, Decimal, str, str, str, bool]
ROWS = st.lists(
    st.tuples(
        st.integers(0, 40), st.sampled_from(["asset", "asset", "asset", "debt"]), AMOUNTS, st.sampled_from(CAUSES),
        st.sampled_from(["BTC", "USDT"]), st.sampled_from(["spot", "usdm", "cross_margin", "unified"]), st.booleans(),
    ),
    min_size=1, max_size=25,
)  # fmt: skip


def printed(rows: Sequence[Row]) -> list[str]:
    """Return the lines of a ledger; some state a running balance, of a chain that began before them."""
    held: dict[tuple[str, str], Decimal] = defaultdict(lambda: Decimal("12.5"))
    lines = []
    for number, (hours, pool, amount, cause, asset, wallet, states) in enumerate(sorted(rows, key=lambda row: row[0])):
        if pool == "asset":
            held[wallet, asset] += amount
        at = (START + timedelta(hours=hours, seconds=number)).isoformat()
        balance = f"{held[wallet, asset]:f}" if states and pool == "asset" else ""
        lines.append(f"{at},{number},{pool},{asset},{amount:f},{cause},X{asset},{wallet},{balance}")
    return lines


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(ROWS, st.integers(0, 5))
def test_whatever_moved_every_event_and_the_trial_balance_sum_to_zero(rows: Sequence[Row], matches: int) -> None:
    with tempfile.TemporaryDirectory() as name, Book.in_memory(clock=lambda: NOW) as book:
        imported(book, write(Path(name), "ledger.csv", LEDGER, printed(rows)))
        book.store.execute("DELETE FROM transfer_matches")
        ends = book.store.rows("SELECT row_key::DECIMAL(38,0), amount, asset FROM movements WHERE pool = 'asset'")
        sent = [end for end in ends if end[1] < 0]
        received = [end for end in ends if end[1] > 0]
        for number, (out, into) in enumerate(zip(sent[:matches], received, strict=False)):
            if out[2] == into[2]:
                book.store.execute(
                    "INSERT INTO transfer_matches (match_id, sent_key, received_key, asset, received) VALUES (?, ?, ?, ?, ?)",
                    [str(number), int(out[0]), int(into[0]), out[2], into[1]],
                )
        assert_balanced(book)
