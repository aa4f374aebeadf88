"""Transfers: both ends of one are matched, what is on the way is shown, and a person has the last word."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.book import Book
from ledger.trace import trace
from ledger.tying.ends import End
from ledger.tying.matching import HOUR, LATEST, MINUTE, SKEW, Match, Matched, match
from schemas.errors import UnknownThing
from tests.books import STATEMENT, facts, imported, logged, new_book, write
from tests.conftest import Run
from tests.exports import offenders

START = datetime(2026, 1, 1, tzinfo=UTC)
COIN = 10**18
WALLETS = [("b", "spot"), ("b", "usdm"), ("b", "coinm"), ("k", "spot"), ("o", "funding")]
EVERY = [(venue, venue, wallet) for venue, wallet in WALLETS]


def end(key: int, amount: float, at: int = 0, place: str = "b/spot", cause: str = "", **more: Any) -> End:
    """Return an end of whole minutes and thousandths; without a cause a deposit or withdrawal."""
    venue, wallet = place.split("/")
    told = {"account": venue, "venue": venue, "wallet": wallet, "pair": None, "asset": "USDT", **more}
    return End(
        key=256 * key, amount=round(amount * 1000) * COIN // 1000, at=at * MINUTE, moved_at=START + timedelta(minutes=at),
        cause=cause or ("withdrawal" if amount < 0 else "deposit"), **told,
    )  # fmt: skip


def matched(*ends: End, decided: Sequence[tuple[int | None, int | None]] = ()) -> list[tuple[int, int, str]]:
    """Return what belongs together, by the numbers of the ends."""
    found = match(ends, [(a and a * 256, b and b * 256) for a, b in decided], EVERY)
    return sorted((pair.sent.key // 256, pair.received.key // 256, pair.how) for pair in found.matches)


# ---------------------------------------------------------------------------------------------- what matches


def test_both_wallets_of_a_venue_show_the_same_amount_in_the_same_second() -> None:
    assert matched(end(1, -500, cause="transfer"), end(2, 500, place="b/usdm", cause="transfer")) == [(1, 2, "amount")]


def test_what_arrives_is_what_left_less_the_fee_that_is_stated() -> None:
    assert matched(end(1, -500, stated_fee=2 * COIN), end(2, 498, 30, "k/spot")) == [(1, 2, "amount_less_fee")]


def test_a_fee_with_a_row_of_its_own_is_part_of_what_was_sent() -> None:
    sent, received = end(1, -500, booked_fee=2 * COIN), end(2, 500, 30, "k/spot")
    (pair,) = match([sent, received], [], EVERY).matches
    assert (pair.sent.whole, pair.received.whole, pair.fee, pair.how) == (
        502 * COIN,
        500 * COIN,
        2 * COIN,
        "amount_less_fee",
    )


def test_a_transaction_tells_more_than_amount_and_time() -> None:
    ends = (end(1, -500, 0, ref="ab01"), end(2, 500, 5, "k/spot"), end(3, 475, 3000, "o/funding", ref="ab01"))
    assert matched(*ends) == [(1, 3, "transaction")]


def test_a_transaction_of_which_much_less_arrived_has_other_ends() -> None:
    assert matched(end(1, -500, ref="ab01"), end(2, 300, 5, "k/spot", ref="ab01")) == []


def test_a_short_number_names_a_transaction_inside_its_venue_only() -> None:
    assert matched(end(1, -500, ref="771"), end(2, 480, 5, "k/spot", ref="771")) == []
    assert matched(end(1, -500, ref="771"), end(2, 480, 5, "b/usdm", ref="771")) == [(1, 2, "transaction")]


def test_two_legs_of_one_row_belong_together() -> None:
    one = end(1, -500, cause="transfer")
    other = End(**{**one.__dict__, "key": one.key + 1, "wallet": "usdm", "amount": 499 * COIN})
    assert [pair.how for pair in match([one, other], [], EVERY).matches] == ["group"]


@pytest.mark.parametrize(("minutes", "found"), [(-15, True), (-16, False), (72 * 60, True), (72 * 60 + 1, False)])
def test_a_deposit_counts_from_a_skew_of_the_clocks_to_three_days_after(minutes: int, found: bool) -> None:
    assert bool(matched(end(1, -500), end(2, 500, minutes, "k/spot"))) is found


def test_inside_a_venue_a_transfer_is_booked_at_once() -> None:
    assert matched(end(1, -500, cause="transfer"), end(2, 500, 16, "b/usdm", "transfer")) == []


@pytest.mark.parametrize(("received", "found"), [(490.0, ["nearly"]), (489.9, []), (500.1, [])])
def test_a_little_less_without_a_stated_fee_is_the_least_sure(received: float, found: list[str]) -> None:
    assert [how for *_, how in matched(end(1, -500), end(2, received, 30, "k/spot"))] == found


def test_of_two_deposits_a_little_less_neither_is_chosen() -> None:
    ends = [end(1, -500), end(2, 499, 30, "k/spot"), end(3, 498, 60, "k/spot")]
    found = match(ends, [], EVERY)
    assert (found.matches, found.similar) == ([], {256: [512, 768]})


# ------------------------------------------------------------------------------------------- which of several


def test_what_left_first_arrives_first() -> None:
    ends = (end(1, -500, 0), end(2, -500, 5), end(3, 500, 20, "k/spot"), end(4, 500, 25, "o/funding"))
    assert matched(*ends) == [(1, 3, "amount"), (2, 4, "amount")]


def test_the_nearest_is_taken_and_an_earlier_payment_to_somebody_else_is_left() -> None:
    assert matched(end(1, -500, 0), end(2, -500, 60), end(3, 500, 70, "k/spot")) == [(2, 3, "amount")]


def test_a_deposit_within_hours_comes_before_one_within_days() -> None:
    ends = (end(1, -500, 0), end(2, -500, 2000), end(3, 500, 2010, "k/spot"), end(4, 500, 3000, "k/spot"))
    assert matched(*ends) == [(1, 4, "amount"), (2, 3, "amount")]


def test_two_wallets_that_fit_equally_well_decide_nothing() -> None:
    ends = [end(1, -500, place="b/spot"), end(2, -500, place="b/usdm"), end(3, 500, 10, "k/spot")]
    found = match(ends, [], EVERY)
    assert (found.matches, found.rivals) == ([], {256: [768], 512: [768], 768: [256, 512]})


def test_which_of_equal_rows_of_one_wallet_does_not_matter() -> None:
    ends = (end(1, -500), end(2, -500), end(3, 500, 10, "k/spot"), end(4, 500, 10, "k/spot"))
    assert [(a, b) for a, b, _ in matched(*ends)] == [(1, 3), (2, 4)]


def test_the_wallet_that_a_row_names_decides() -> None:
    ends = (
        end(1, -500, cause="transfer", other_wallet="coinm"), end(2, -500, cause="transfer", other_wallet="usdm"),
        end(3, 500, place="b/usdm", cause="transfer"), end(4, 500, place="b/coinm", cause="transfer"),
    )  # fmt: skip
    assert matched(*ends) == [(1, 4, "amount"), (2, 3, "amount")]


def test_a_row_that_names_a_wallet_of_its_venue_has_no_partner_elsewhere() -> None:
    sent = end(1, -500, cause="transfer", other_wallet="usdm")
    assert matched(sent, end(2, 500, 1, "k/spot", "transfer")) == []
    assert matched(end(1, -500, cause="transfer", other_wallet="earn"), end(2, 500, 1, "k/spot", "transfer")) != []


def test_a_wallet_has_no_transfer_to_itself() -> None:
    assert matched(end(1, -500), end(2, 500, 10), end(3, -7, ref="x"), end(4, 7, ref="x")) == []


def test_another_asset_is_another_transfer() -> None:
    assert matched(end(1, -500), end(2, 500, 10, "k/spot", asset="USDC")) == []


def test_what_came_back_went_nowhere() -> None:
    assert matched(end(1, -500, came_back=True), end(2, 500, 10, "k/spot")) == []


def test_a_person_has_the_last_word() -> None:
    ends = (end(1, -500), end(2, 500, 10, "k/spot"), end(3, 500, 9000, "o/funding"))
    assert matched(*ends, decided=[(1, 3)]) == [(1, 3, "hand")]
    assert matched(*ends, decided=[(1, None)]) == []
    assert matched(*ends, decided=[(1, 99)]) == [(1, 2, "amount")], "of a row that is not there nothing was decided"


AMOUNTS = st.sampled_from([100, 99, 98.5, 50])
ENDS = st.lists(
    st.tuples(
        st.sampled_from(WALLETS), AMOUNTS, st.booleans(), st.integers(0, 400), st.sampled_from(["outside", "transfer"]),
        st.sampled_from([None, None, None, "r1", "r2"]), st.sampled_from([None, None, "spot", "usdm"]),
        st.sampled_from([0, 0, 1, 1.5]), st.sampled_from(["USDT", "USDT", "BTC"]),
    ),
    max_size=14,
)  # fmt: skip


@given(ENDS, st.randoms(use_true_random=False))
def test_each_row_is_in_one_match_at_most_and_nothing_but_a_fee_is_lost(
    rows: list[tuple[Any, ...]], order: random.Random
) -> None:
    ends = [
        end(key, -amount if leaves else amount, at, "/".join(place), "transfer" if kind == "transfer" else "",
            ref=ref, other_wallet=other, stated_fee=int(fee * 10) * COIN // 10 if leaves else 0, asset=asset)
        for key, (place, amount, leaves, at, kind, ref, other, fee, asset) in enumerate(rows, 1)
    ]  # fmt: skip
    found = match(ends, [], EVERY)
    keys = [key for pair in found.matches for key in (pair.sent.key, pair.received.key)]
    assert len(keys) == len(set(keys))
    assert not set(keys) & found.rivals.keys()
    for pair in found.matches:
        assert pair.fee >= 0
        assert pair.sent.asset == pair.received.asset
        assert pair.sent.place != pair.received.place
        assert pair.sent.amount < 0 < pair.received.amount
    order.shuffle(ends)
    assert names(match(ends, [], EVERY)) == names(found)


def names(found: Matched) -> list[tuple[int, int, str]]:
    """Return the matches, in an order that does not depend on how they were found."""
    return sorted((pair.sent.key, pair.received.key, pair.how) for pair in found.matches)


@given(st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 120)), max_size=12))
def test_as_many_arrive_as_left_where_all_are_of_one_amount(pairs: list[tuple[int, int]]) -> None:
    ends = [end(2 * n, -100, at) for n, (at, _) in enumerate(pairs, 1)]
    ends += [end(2 * n + 1, 100, at + late, "k/spot") for n, (at, late) in enumerate(pairs, 1)]
    found = match(ends, [], EVERY).matches
    assert len(found) == len(pairs)
    assert all(-SKEW <= pair.received.at - pair.sent.at <= LATEST for pair in found)
    assert in_order_of_arrival(found)


def in_order_of_arrival(found: list[Match]) -> bool:
    """Return whether nothing that left within hours overtook what left before it."""
    soon = sorted((p for p in found if p.received.at - p.sent.at <= HOUR), key=lambda p: (p.sent.at, p.received.at))
    return all(one.received.at <= other.received.at or other.sent.at == one.sent.at for one, other in pairwise(soon))


def test_a_crowd_of_equal_transfers_takes_no_time_to_speak_of() -> None:
    number = 5_000
    ends = [end(2 * n, -100, n) for n in range(1, number)]
    ends += [end(2 * n + 1, 100, n + 10, "k/spot") for n in range(1, number)]
    assert len(match(ends, [], EVERY).matches) >= number * 9 // 10


# ------------------------------------------------------------------------------------------------- the book

MOVES = "moved_at,venue,wallet,asset,amount,cause,transaction_ref,pool"
MOVED = "moved_at,venue,wallet,asset,amount,kind,fee,transaction_ref,other_wallet"
COLUMNS = ("from_wallet", "sent", "to_wallet", "received", "fee", "status", "how")


def at(text: str) -> str:
    """Return an instant of 2026 by `MM-DD HH:MM`, as a plain file has it."""
    return f"2026-{text.replace(' ', 'T')}:00Z"


def moves(folder: Path, name: str, *rows: str, venue: str = "acme") -> Path:
    """Write movements as `MM-DD HH:MM, wallet, amount, cause[, transaction]`, of USDT."""
    cells = [[*row.split(", "), ""][:5] for row in rows]
    return write(folder, name, MOVES, [f"{at(t)},{venue},{wallet},USDT,{amount},{cause},{ref},asset"
                                       for t, wallet, amount, cause, ref in cells])  # fmt: skip


def withdrawn(folder: Path, name: str, *rows: str, venue: str = "acme") -> Path:
    """Write a history of transfers as `MM-DD HH:MM, wallet, amount, kind, fee, transaction, other wallet`."""
    cells = [row.split(", ") for row in rows]
    return write(folder, name, MOVED, [f"{at(t)},{venue},{wallet},USDT,{amount},{kind},{fee},{ref},{other}"
                                       for t, wallet, amount, kind, fee, ref, other in cells])  # fmt: skip


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with new_book(tmp_path) as opened:
        yield opened


def told(book: Book, **words: Any) -> list[tuple[Any, ...]]:
    return facts(book, "transfers", *COLUMNS, **words)


SENT = "01-31 23:50, spot, -500, withdrawal"
PAID = "01-31 23:50, spot, -1, network_fee"
CAME = "02-01 00:12, spot, 500, deposit"
WHOLE = ("spot", "501", "spot", "500", "1", "matched", "amount_less_fee")


@pytest.fixture
def both(tmp_path: Path) -> list[Path]:
    """Return the files of two venues between which something was on its way at the end of January."""
    return [moves(tmp_path, "acme.csv", SENT, PAID), moves(tmp_path, "other.csv", CAME, venue="other")]


@pytest.fixture(scope="module")
def under_way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Return a book with a transfer that was on its way at the end of January, and an account that it does not concern."""
    folder = tmp_path_factory.mktemp("under_way")
    files = [moves(folder, "acme.csv", SENT, PAID), moves(folder, "other.csv", CAME, venue="other")]
    third = moves(folder, "third.csv", "03-01 00:00, spot, 9, deposit", venue="third")
    with new_book(folder) as book:
        imported(book, *files, third)
        yield book


FEBRUARY, MARCH = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


def test_a_withdrawal_and_its_deposit_elsewhere_are_one_transfer(under_way: Book) -> None:
    assert told(under_way, to=MARCH) == [WHOLE]
    assert offenders(under_way) == []


def test_at_the_end_of_the_month_it_is_in_transit_and_after_it_matched(under_way: Book) -> None:
    assert told(under_way, to=FEBRUARY) == [("spot", "501", "spot", None, None, "in_transit", "amount_less_fee")]
    hint = "arrives as 500 USDT at 2026-02-01 00:12:00"
    assert facts(under_way, "transfers", "hint", to=FEBRUARY) == [(hint,)]
    assert told(under_way, start=FEBRUARY, to=MARCH) == [WHOLE]
    assert told(under_way, to=datetime(2026, 1, 31, tzinfo=UTC)) == []


def test_each_account_sees_the_transfer_and_a_third_does_not(under_way: Book) -> None:
    seen = {name: told(under_way, account=name) == [WHOLE] for name in ("acme", "other", "third")}
    assert seen == {"acme": True, "other": True, "third": False}
    assert [told(under_way, venue=name) == [WHOLE] for name in ("acme", "third")] == [True, False]
    assert told(under_way, symbol="BTC") == []


def test_a_match_leads_to_both_rows_and_to_the_fee_beside(under_way: Book) -> None:
    (match_id,) = facts(under_way, "transfers", "transfer_id", to=MARCH)[0]
    found = [row.what for row in trace(under_way.store, under_way.archive, match_id)]
    assert sorted(found) == ["-1 USDT network_fee", "-500 USDT withdrawal", "500 USDT deposit"]


def test_a_transaction_is_the_same_in_any_spelling(book: Book, tmp_path: Path) -> None:
    imported(
        book, moves(tmp_path, "a.csv", "01-05 10:00, spot, -500, withdrawal, 0xABCD"),
        moves(tmp_path, "b.csv", "01-09 10:00, spot, 480, deposit,  abcd ", venue="other"),
    )  # fmt: skip
    assert told(book) == [("spot", "500", "spot", "480", "20", "matched", "transaction")]


def test_a_fee_that_the_history_states_is_what_arrived_less(book: Book, tmp_path: Path) -> None:
    imported(
        book, withdrawn(tmp_path, "gone.csv", "01-05 10:00, spot, -100, withdrawal, 2, , "),
        moves(tmp_path, "b.csv", "01-05 10:30, spot, 100, deposit", venue="other"),
    )  # fmt: skip
    assert told(book) == [("spot", "102", "spot", "100", "2", "matched", "amount_less_fee")]
    assert offenders(book) == []


def test_a_fee_is_paid_for_the_withdrawal_of_its_transaction(book: Book, tmp_path: Path) -> None:
    rows = ("01-05 10:00, spot, -100, withdrawal, t1", "01-05 10:00, spot, -50, withdrawal, t2",
            "01-05 11:00, spot, -3, network_fee, t2")  # fmt: skip
    imported(
        book, moves(tmp_path, "a.csv", *rows), moves(tmp_path, "b.csv", "01-05 10:30, spot, 50, deposit", venue="other")
    )
    assert told(book, to=datetime(2026, 2, 1, tzinfo=UTC)) in (
        [
            ("spot", "53", "spot", "50", "3", "matched", "amount_less_fee"),
            ("spot", "100", None, None, None, "outside", None),
        ],
        [
            ("spot", "100", None, None, None, "outside", None),
            ("spot", "53", "spot", "50", "3", "matched", "amount_less_fee"),
        ],
    )


def test_a_deposit_or_withdrawal_of_nobody_else_may_be_a_bank(book: Book, tmp_path: Path) -> None:
    imported(book, moves(tmp_path, "a.csv", "01-05 10:00, spot, 900, deposit", "01-06 10:00, spot, -40, withdrawal"))
    assert [row[-2:] for row in told(book)] == [("outside", None), ("outside", None)]
    assert findings(book) == []


def test_a_withdrawal_that_came_back_went_nowhere(book: Book, tmp_path: Path) -> None:
    rows = ("01-05 10:00, spot, -100, withdrawal, t1", "01-05 11:00, spot, 100, withdrawal, t1")
    imported(
        book,
        moves(tmp_path, "a.csv", *rows),
        moves(tmp_path, "b.csv", "01-05 10:30, spot, 100, deposit", venue="other"),
    )
    assert sorted(row[-2] for row in told(book)) == ["outside", "returned", "returned"]


def findings(book: Book) -> list[tuple[str, str]]:
    frame = book.report("findings")
    return frame.filter(frame["kind"] == "unmatched_transfer").select("severity", "sentence").rows()


STATED = "7,2026-02-03 10:00:00,Spot,Deposit,USDT,900,"
TO_USDM = "7,2026-02-03 11:00:00,Spot,Transfer Between Spot Account and UM Futures Account,USDT,-500,"
IN_USDM = "7,2026-02-03 11:00:00,USDT-Futures,Transfer Between Spot Account and UM Futures Account,USDT,500,"
LATER = "7,2026-02-03 12:00:00,USDT-Futures,Fee,USDT,-1,"
EARLIER = "7,2026-02-03 09:00:00,USDT-Futures,Deposit,USDT,2,"


def stated(folder: Path, *rows: str, name: str = "statement.csv") -> Path:
    return write(folder, name, STATEMENT, rows)


def test_both_wallets_of_one_statement_are_matched(book: Book, tmp_path: Path) -> None:
    imported(book, stated(tmp_path, STATED, TO_USDM, IN_USDM))
    assert ("spot", "500", "usdm", "500", "0", "matched", "amount") in told(book)


def test_a_transfer_whose_other_wallet_is_in_the_book_then_is_missed(book: Book, tmp_path: Path) -> None:
    imported(book, stated(tmp_path, EARLIER, TO_USDM, LATER))
    (line,) = [row for row in facts(book, "transfers", "sent", "to_wallet", "status", "hint") if row[0] == "500"]
    assert line == ("500", "usdm", "unmatched",
                    "the book has usdm of binance then, and no row there fits: a row may be missing or was rejected")  # fmt: skip
    ((severity, sentence),) = findings(book)
    assert severity == "warning"
    assert sentence.startswith("binance spot: a transfer of USDT to usdm without another end, the first of -500 at ")


def test_a_transfer_whose_other_wallet_is_known_until_before_it_is_in_transit(book: Book, tmp_path: Path) -> None:
    imported(book, stated(tmp_path, EARLIER, TO_USDM))
    (line,) = [row for row in facts(book, "transfers", "sent", "status", "hint") if row[0] == "500"]
    assert line == ("500", "in_transit", "the book knows usdm of binance until 2026-02-03 09:00Z: import what follows")
    assert findings(book) == []


def test_a_transfer_whose_other_wallet_is_not_in_the_book_says_what_is_missing(book: Book, tmp_path: Path) -> None:
    imported(book, stated(tmp_path, STATED, TO_USDM))
    (line,) = [row for row in facts(book, "transfers", "sent", "status", "hint") if row[0] == "500"]
    assert line == ("500", "not_imported",
                    "import the history of the usdm wallet of binance; `marginbook formats list` has its exports")  # fmt: skip
    assert findings(book) == []


def test_when_the_missing_export_comes_the_transfer_is_matched(book: Book, tmp_path: Path) -> None:
    imported(book, stated(tmp_path, EARLIER, TO_USDM))
    imported(book, stated(tmp_path, IN_USDM, LATER, name="more.csv"))
    assert ("spot", "500", "usdm", "500", "0", "matched", "amount") in told(book)
    assert "in_transit" not in {row[-2] for row in told(book)}


def test_the_order_of_imports_does_not_matter(tmp_path: Path) -> None:
    draw = random.Random(7)
    names, states = ("acme", "other", "third"), []
    rows: dict[str, list[str]] = {name: [] for name in names}
    for day in range(1, 29):
        one, two = draw.sample(names, 2)
        amount, hour = draw.choice([100, 100, 250]), draw.randrange(20)
        rows[one].append(f"02-{day:02} {hour:02}:00, spot, -{amount}, withdrawal")
        rows[two].append(f"02-{day:02} {hour:02}:{draw.randrange(60):02}, spot, {amount}, deposit")
    for order in (names, names[::-1]):
        (tmp_path / order[0]).mkdir()
        with new_book(tmp_path / order[0]) as book:
            first, *others = [moves(tmp_path, f"{name}.csv", *rows[name], venue=name) for name in order]
            imported(book, first)
            imported(book, *others)
            states.append(book.store.rows("SELECT * FROM transfer_matches ORDER BY ALL"))
            assert offenders(book) == []
    assert states[0] == states[1]
    assert len(states[0]) == 28


# ------------------------------------------------------------------------------------------------- by hand

LATE = "01-20 12:00, spot, 200, deposit"
EARLY = "01-02 12:00, spot, -210, withdrawal"
LATE_MATCH = ("spot", "210", "spot", "200", "10", "matched", "hand")


@pytest.fixture
def apart(book: Book, tmp_path: Path) -> Book:
    """Return a book with two ends that nothing but a person can tie."""
    imported(book, moves(tmp_path, "acme.csv", EARLY), moves(tmp_path, "other.csv", LATE, venue="other"))
    assert [row[-2] for row in told(book)] == ["outside", "outside"]
    return book


def test_a_person_ties_two_rows_and_unties_them(apart: Book) -> None:
    match_id = apart.match("acme.csv:2", "other.csv:2")
    assert told(apart) == [LATE_MATCH]
    assert apart.unmatch(match_id) == match_id
    assert [row[-2:] for row in told(apart)] == [("outside", "hand"), ("outside", "hand")]
    assert [entry["kind"] for entry in logged(apart)][-3:] == ["match", "unmatch", "unmatch"]


def test_rows_are_named_by_key_transfer_or_line_in_either_order(apart: Book) -> None:
    one, other = (row for (row,) in facts(apart, "transfers", "transfer_id"))
    expected = apart.match("acme.csv:2", "other.csv:2")
    assert apart.match(other, one) == expected
    assert apart.match(other.removeprefix("transfer|"), f"{one[:14]}…{one[-9:]}") == expected
    assert apart.match(f"{int(one.removeprefix('transfer|')):,}", "other.csv:2") == expected


def test_of_an_undone_match_the_other_row_finds_another_partner(book: Book, both: list[Path], tmp_path: Path) -> None:
    imported(book, *both, moves(tmp_path, "third.csv", "02-01 05:00, spot, 500, deposit", venue="third"))
    assert told(book, account="other") == [WHOLE]
    book.unmatch("other.csv:2")
    assert told(book, account="third") == [WHOLE]
    assert [row[-2:] for row in told(book, account="other")] == [("outside", "hand")]


def test_a_later_decision_of_a_row_undoes_an_earlier(book: Book, both: list[Path], tmp_path: Path) -> None:
    imported(book, *both, moves(tmp_path, "third.csv", "02-01 05:00, spot, 400, deposit", venue="third"))
    book.match("acme.csv:2", "third.csv:2")
    assert told(book, account="third") == [("spot", "501", "spot", "400", "101", "matched", "hand")]
    book.match("acme.csv:2", "other.csv:2")
    assert [row[-2] for row in told(book, account="third")] == ["outside"]


def test_a_decision_is_remembered_by_a_rebuild(apart: Book) -> None:
    apart.match("acme.csv:2", "other.csv:2")
    before, after = apart.rebuild()
    assert before == after
    assert told(apart) == [LATE_MATCH]


def test_an_undone_match_stays_undone(book: Book, both: list[Path], tmp_path: Path) -> None:
    imported(book, *both)
    book.unmatch("acme.csv:2")
    imported(book, moves(tmp_path, "more.csv", "03-01 00:00, spot, 9, deposit"))
    book.rebuild()
    assert [row[-2:] for row in told(book, to=datetime(2026, 2, 2, tzinfo=UTC))] == [
        ("outside", "hand"),
        ("outside", None),
    ]


def test_a_decision_waits_for_a_file_that_was_forgotten(apart: Book, tmp_path: Path) -> None:
    apart.match("acme.csv:2", "other.csv:2")
    apart.forget("other.csv")
    assert [row[-2] for row in told(apart)] == ["outside"]
    imported(apart, tmp_path / "other.csv")
    assert told(apart) == [LATE_MATCH]


def test_a_decision_follows_an_account_that_is_called_otherwise(apart: Book) -> None:
    apart.match("acme.csv:2", "other.csv:2")
    apart.rename_account("acme", "main")
    assert told(apart, account="main") == [LATE_MATCH]
    apart.rebuild()
    assert told(apart, account="main") == [LATE_MATCH]


WRONG = [
    ("acme.csv:2", "acme.csv:2", "are the same row"),
    ("acme.csv:2", "acme.csv:3", "both leave"),
    ("other.csv:2", "other.csv:3", "both arrive"),
    ("acme.csv:2", "acme.csv:4", "both are of the same wallet"),
    ("acme.csv:2", "other.csv:4", "one is of USDT, the other of BTC"),
    ("acme.csv:3", "other.csv:2", "more arrives than left"),
    ("acme.csv:5", "other.csv:2", "is no end of a transfer: its cause is trading fee"),
    ("acme.csv:9", "other.csv:2", "there is no row 'acme.csv:9'"),
    ("12345678", "other.csv:2", "there is no row '12345678'"),
    ("nothing", "other.csv:2", "there is no row 'nothing'"),
]


@pytest.fixture(scope="module")
def muddled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Return a book with rows of which no two are a transfer."""
    folder = tmp_path_factory.mktemp("muddled")
    rows = (
        EARLY,
        "01-03 12:00, spot, -90, withdrawal",
        "01-04 12:00, spot, 5, deposit",
        "01-05 12:00, spot, -1, trading_fee",
    )
    arrived = (("USDT", 200), ("USDT", 7), ("BTC", 1))
    lines = [f"{at('01-20 12:00')},other,spot,{asset},{amount},deposit,,asset" for asset, amount in arrived]
    with new_book(folder) as book:
        imported(book, moves(folder, "acme.csv", *rows), write(folder, "other.csv", MOVES, lines))
        yield book


@pytest.mark.parametrize(("one", "other", "said"), WRONG, ids=[said for *_, said in WRONG])
def test_what_is_no_transfer_is_refused_with_the_reason(muddled: Book, one: str, other: str, said: str) -> None:
    with pytest.raises(UnknownThing, match=said):
        muddled.match(one, other)
    assert "match" not in {entry["kind"] for entry in logged(muddled)}


def test_a_row_in_no_match_cannot_be_taken_out_of_one(apart: Book) -> None:
    with pytest.raises(UnknownThing, match=r"acme.csv:2 is in no match"):
        apart.unmatch("acme.csv:2")
    with pytest.raises(UnknownThing, match="match-0 is in no match"):
        apart.unmatch("match-0")


def test_a_row_that_another_export_states_too_is_named_by_that_one(
    book: Book, both: list[Path], tmp_path: Path
) -> None:
    imported(book, *both)
    imported(book, withdrawn(tmp_path, "history.csv", "01-31 23:50, spot, -500, withdrawal, 1, , "))
    with pytest.raises(UnknownThing, match="does not count: another export states the same movement"):
        book.match("history.csv:2", "other.csv:2")


def test_on_the_command_line(run: Run, tmp_path: Path) -> None:
    run("import", moves(tmp_path, "acme.csv", EARLY), moves(tmp_path, "other.csv", LATE, venue="other"))
    tied = run("match", "acme.csv:2", "other.csv:2")
    assert (tied.code, tied.out) == (0, "")
    assert "210 USDT left acme spot, 200 arrived at other spot, the network took 10" in tied.err
    (line,) = run("report", "transfers", "--output-format", "json").rows
    assert (line["status"], line["how"], line["fee"]) == ("matched", "hand", "10")
    traced = run("trace", line["transfer_id"], "--output-format", "json").rows
    assert [(row["place"], row["what"]) for row in traced] == [
        ("acme.csv:2", "-210 USDT withdrawal"), ("other.csv:2", "200 USDT deposit")
    ]  # fmt: skip
    assert run("unmatch", "acme.csv:2").code == 0
    left = [row["transfer_id"] for row in run("report", "transfers", "--output-format", "json").rows]
    assert len(left) == 2
    assert [row["place"] for row in run("trace", left[0], "--output-format", "json").rows] == ["acme.csv:2"]
    wrong = run("match", "acme.csv:2", "acme.csv:2")
    assert (wrong.code, wrong.err.splitlines()[0]) == (2, "acme.csv:2 and acme.csv:2 are the same row")
