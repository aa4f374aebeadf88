"""Breaks of invented accounts that were damaged on purpose: where, how much, and a hint that names what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.book import Book
from ledger.storage.importing import Asked
from ledger.trace import trace
from ledger.tying import hints
from tests import test_voices as voices
from tests.books import INCOME, STATEMENT, imported, new_book, write

START = datetime(2026, 2, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAYS = 11
LOG = "moved_at,sequence,pool,asset,amount,cause,symbol,trade_ref,transaction_ref,wallet,balance_after"
FUNDING = "paid_at,asset,amount,symbol,wallet"
FILLS = "filled_at,symbol,instrument,product,side,quantity,price,fee,fee_asset,execution,wallet,settle_asset,style,trade_ref,realized_stated"
TRANSFERS = "moved_at,asset,amount,kind,wallet"
BALANCES = "stated_at,asset,balance,kind,wallet"


@dataclass(frozen=True)
class Row:
    """One row of a ledger, with the balance that the venue printed behind it."""

    at: datetime
    amount: Decimal
    cause: str
    asset: str = "USDT"
    symbol: str = ""
    ref: str = ""
    wallet: str = "unified"
    number: int = 0
    balance: Decimal = Decimal(0)

    @property
    def chain(self) -> tuple[str, str]:
        return self.wallet, self.asset

    def text(self) -> str:
        trade, transaction = (self.ref, "") if self.ref.startswith("S") else ("", self.ref)
        cells = (instant(self.at), self.number, "asset", self.asset, self.amount, self.cause, self.symbol, trade, transaction,
                 self.wallet, self.balance)  # fmt: skip
        return ",".join(map(str, cells))


def instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def life(days: int = DAYS) -> list[Row]:
    """A deposit, funding, interest, a spot purchase a day with its fee, and a transfer: no two amounts are equal."""
    rows = [Row(START + timedelta(seconds=10), Decimal("10000.5"), "deposit", ref="D1")]
    rows += [
        Row(START + 8 * HOUR * n, -Decimal("1.0137") - Decimal("0.0131") * n, "funding", symbol="BTC-PERP")
        for n in range(1, 3 * days)
    ]
    rows += [
        Row(START + 4 * HOUR * n + timedelta(minutes=5), -Decimal("0.0301") - Decimal("0.00073") * n, "interest")
        for n in range(1, 6 * days)
    ]
    for day in range(days):
        at, ref = START + day * 24 * HOUR + 10.5 * HOUR, f"S{day}"
        size, price = Decimal("0.01") + Decimal("0.0003") * day, Decimal(60000) + 113 * day
        rows += [
            Row(at, -size * price, "trade", symbol="BTCUSDT", ref=ref),
            Row(at, size, "trade", asset="BTC", symbol="BTCUSDT", ref=ref),
            Row(at, -Decimal("0.601") - Decimal("0.017") * day, "trading_fee", symbol="BTCUSDT", ref=ref),
        ]
    for day, amount, cause in ((1, "75.25", "deposit"), (6, "512.5", "transfer"), (8, "-100.75", "transfer"),
                               (9, "-33.125", "withdrawal")):  # fmt: skip
        at = START + (24 * day + 14.2) * HOUR
        rows.append(Row(at, Decimal(amount), cause, wallet="spot", ref=f"M{day}"))
        if cause == "transfer":
            rows.append(Row(at, -Decimal(amount), cause))
    rows.append(Row(START + (24 * 9 + 15.3) * HOUR, Decimal("3.71"), "rebate"))
    return stated(sorted(rows, key=lambda row: row.at))


def stated(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with running numbers and balances, in the order in which they stand."""
    balances: dict[tuple[str, str], Decimal] = {}
    found = []
    for number, row in enumerate(rows, start=5001):
        balances[row.chain] = balances.get(row.chain, Decimal(0)) + row.amount
        found.append(replace(row, number=number, balance=balances[row.chain]))
    return found


@contextmanager
def book_of(**files: tuple[str, Sequence[str]]) -> Iterator[Book]:
    """Give a book of files: by name their header and rows."""
    with TemporaryDirectory() as folder, Book.in_memory() as book:
        for name, (header, rows) in files.items():
            report = book.import_paths([write(Path(folder), f"{name}.csv", header, rows)], Asked(account="desk"))
            assert [str(error) for error in report.errors] == []
        yield book


def breaks_of_log(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the breaks of one ledger."""
    with book_of(log=(LOG, [row.text() for row in rows])) as book:
        return breaks(book)


def breaks(book: Book) -> list[dict[str, Any]]:
    return book.report("breaks").to_dicts()


def only(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    assert len(found) == 1, [(row["asset"], row["broken_at"], row["difference"], row["hint"]) for row in found]
    return found[0]


def place(rows: Sequence[Row], **words: Any) -> int:
    """Return the first row past the middle that has these words."""
    half = len(rows) // 2
    return next(
        place for place, row in enumerate(rows) if place >= half and all(getattr(row, k) == v for k, v in words.items())
    )


def without(rows: Sequence[Row], index: int) -> list[Row]:
    return [*rows[:index], *rows[index + 1 :]]


# ---------------------------------------------------------------------------------- a balance behind every row


def test_a_whole_ledger_has_no_break_and_no_hint() -> None:
    with book_of(log=(LOG, [row.text() for row in life()])) as book:
        assert breaks(book) == []
        assert book.sql("SELECT count(*) AS n FROM hints").item() == 0


Damage = Callable[[list[Row], int], list[Row]]


@dataclass(frozen=True)
class Damaged:
    """A ledger that was damaged at several places, days apart, and the breaks that the book shows."""

    rows: list[Row]
    """As they were."""
    lines: dict[int, int]
    """By number, the line at which a row stands now."""
    breaks: list[dict[str, Any]]

    def row(self, day: int, **words: Any) -> Row:
        return first(self.rows, day, **words)

    def of(self, row: Row) -> list[dict[str, Any]]:
        """Return the breaks around a row."""
        return [
            found for found in self.breaks if (found["wallet"], found["asset"]) == row.chain
            and found["since_at"] - 6 * HOUR <= row.at <= found["broken_at"] + 6 * HOUR
        ]  # fmt: skip


def first(rows: Sequence[Row], day: int, **words: Any) -> Row:
    """Return the first row of a day that has these words."""
    return next(
        row for row in rows if row.at >= START + 24 * HOUR * day and all(getattr(row, k) == v for k, v in words.items())
    )


def damaged(*damages: tuple[int, dict[str, Any], Damage]) -> Damaged:
    whole = life()
    rows = list(whole)
    for day, words, damage in damages:
        rows = damage(rows, rows.index(first(whole, day, **words)))
    return Damaged(whole, {row.number: place + 2 for place, row in enumerate(rows)}, breaks_of_log(rows))


FEE = {"cause": "trading_fee"}
DELETED = (
    (1, {"cause": "interest"}, "missing_interest", "interest of {at} is missing: it is charged every 4 hours"),
    (2, {"cause": "funding"}, "missing_funding", "funding of BTC-PERP of {at} is missing: it is charged every 8 hours"),
    (3, FEE, "missing_row", "the trading fee of {ref} is missing"),
    (4, {"cause": "trade", "asset": "USDT"}, "missing_leg", "BTC at {at} (log.csv:{next}) has no leg in USDT"),
    (5, {"cause": "trade", "asset": "BTC"}, "missing_leg", "USDT at {at} (log.csv:{before}) has no leg in BTC"),
    (6, {"cause": "transfer", "wallet": "unified"}, "missing_leg", "the spot wallet of desk has +512.5 USDT"),
    (8, {"cause": "transfer", "wallet": "spot"}, "missing_leg", "the unified wallet of desk has +100.75 USDT"),
    (9, {"cause": "rebate"}, "missing_row", "a row of +3.71 USDT is missing between "),
)


@pytest.fixture(scope="module")
def shortened() -> Damaged:
    return damaged(*((day, words, without) for day, words, *_ in DELETED))


@pytest.mark.parametrize(("day", "words", "kind", "named"), DELETED)
def test_a_deleted_row_is_named(shortened: Damaged, day: int, words: dict[str, Any], kind: str, named: str) -> None:
    gone = shortened.row(day, **words)
    (found,) = [row for row in shortened.of(gone) if row["difference"] == gone.amount]
    beside = {"next": shortened.lines.get(gone.number + 1), "before": shortened.lines.get(gone.number - 1)}
    assert kind == found["hint_kind"]
    assert found["since_at"] <= gone.at <= found["broken_at"]
    assert named.format(at=f"{gone.at:%Y-%m-%d %H:%M:%S} UTC", ref=gone.ref, **beside) in found["hint"]
    assert len(DELETED) == len(shortened.breaks)


def test_a_deleted_row_that_nothing_explains_lies_between_two_named_lines_and_its_number_is_lacking(
    shortened: Damaged,
) -> None:
    gone = shortened.row(9, cause="rebate")
    (found,) = shortened.of(gone)
    chain = [row for row in shortened.rows if row.chain == gone.chain]
    before, after = chain[chain.index(gone) - 1], chain[chain.index(gone) + 1]
    assert found["hint"].startswith(
        f"a row of +3.71 USDT is missing between {before.at:%Y-%m-%d %H:%M:%S} UTC (log.csv:{shortened.lines[before.number]}) "
        f"and {after.at:%Y-%m-%d %H:%M:%S} UTC (log.csv:{shortened.lines[after.number]})"
    )
    assert f"its rows are numbered, and 1 lacks between {before.number} and {after.number}" in found["hint"]
    assert "export plain.movements again for 2026-02-10, unfiltered" in found["hint"]


def doubled(rows: list[Row], index: int) -> list[Row]:
    return [*rows[: index + 1], *rows[index:]]


def negated(rows: list[Row], index: int) -> list[Row]:
    return [*rows[:index], replace(rows[index], amount=-rows[index].amount), *rows[index + 1 :]]


def misstated(rows: list[Row], index: int) -> list[Row]:
    return [*rows[:index], replace(rows[index], balance=rows[index].balance + 7), *rows[index + 1 :]]


def shifted(hours: float) -> Damage:
    return lambda rows, index: [
        *rows[:index],
        replace(rows[index], at=rows[index].at + hours * HOUR),
        *rows[index + 1 :],
    ]


SHIFTED = ((5, -3), (6, 2), (7, 5.5))


@pytest.fixture(scope="module")
def corrupted() -> Damaged:
    return damaged(
        (2, {"cause": "funding"}, doubled), (3, FEE, negated), (9, {"cause": "interest"}, misstated),
        *((day, FEE, shifted(hours)) for day, hours in SHIFTED),
    )  # fmt: skip


def test_a_doubled_row_is_named_with_its_twin(corrupted: Damaged) -> None:
    twice = corrupted.row(2, cause="funding")
    (found,) = corrupted.of(twice)
    line = corrupted.lines[twice.number]
    assert ("duplicate", -twice.amount) == (found["hint_kind"], found["difference"])
    assert f"(log.csv:{line - 1}) has an equal twin at log.csv:{line}" in found["hint"]
    assert len(found["hint_rows"]) == 2


def test_a_negated_row_is_named(corrupted: Damaged) -> None:
    wrong = corrupted.row(3, **FEE)
    (found,) = corrupted.of(wrong)
    assert ("sign", 2 * wrong.amount) == (found["hint_kind"], found["difference"])
    assert f"(log.csv:{corrupted.lines[wrong.number]}) would explain it as {wrong.amount}" in found["hint"]


@pytest.mark.parametrize(("day", "hours"), SHIFTED)
def test_a_row_at_the_wrong_hour_is_named_at_each_break_that_it_makes(
    corrupted: Damaged, day: int, hours: float
) -> None:
    moved = corrupted.row(day, **FEE)
    found = corrupted.of(moved)
    assert {"zone_shift"} == {row["hint_kind"] for row in found}
    assert sum(row["difference"] for row in found) == 0
    for row in found:
        assert f"(log.csv:{corrupted.lines[moved.number]})" in row["hint"]
        assert f"{abs(hours):g} hours {'late' if hours > 0 else 'early'}" in row["hint"]


def test_a_stated_balance_that_is_alone_in_not_fitting_is_told_apart_from_a_missing_row(corrupted: Damaged) -> None:
    wrong = corrupted.row(9, cause="interest")
    found = corrupted.of(wrong)
    assert [(7, "unknown"), (-7, "unknown")] == [(row["difference"], row["hint_kind"]) for row in found]
    line = corrupted.lines[wrong.number]
    assert all(f"(log.csv:{line}) is alone in being off by +7 USDT" in row["hint"] for row in found)


def test_rounded_amounts_are_known_by_the_decimals_that_they_lack() -> None:
    rounded = [
        replace(row, amount=row.amount.quantize(Decimal("0.01"))) if row.asset == "USDT" else row for row in life()
    ]
    found = breaks_of_log(rounded)
    assert {"rounding"} == {row["hint_kind"] for row in found}
    assert all("in units of 0.01" in row["hint"] for row in found)


def test_a_file_that_was_not_imported_is_named_by_the_days_to_download() -> None:
    rows = life()
    first = [row.text() for row in rows if row.at < START + 96 * HOUR]
    last = [row.text() for row in rows if row.at >= START + 192 * HOUR]
    with book_of(january=(LOG, first), march=(LOG, last)) as book:
        found = breaks(book)
        lost = sum(
            row.amount for row in rows if row.chain == ("unified", "USDT") and 96 * HOUR <= row.at - START < 192 * HOUR
        )
    of_usdt = only([row for row in found if (row["wallet"], row["asset"]) == ("unified", "USDT")])
    assert (lost, {"missing_file"}) == (of_usdt["difference"], {row["hint_kind"] for row in found})
    assert "where january.csv ends" in of_usdt["hint"]
    assert "where march.csv begins; download plain.movements for 2026-02-04 to 2026-02-09" in of_usdt["hint"]


def test_a_whole_file_in_another_zone_is_named_with_its_hours() -> None:
    rows = [row for row in life() if row.chain == ("unified", "USDT")]
    first = [row.text() for row in rows if row.at < START + 120 * HOUR]
    last = [replace(row, at=row.at - 5 * HOUR).text() for row in rows if row.at >= START + 120 * HOUR]
    with book_of(one=(LOG, first), two=(LOG, last)) as book:
        found = breaks(book)
    assert {"zone_shift"} == {row["hint_kind"] for row in found}
    assert all("the clock of two.csv is 5 hours early" in row["hint"] for row in found)
    assert all("with `--timezone -05:00` or what its zone is" in row["hint"] for row in found)


def test_a_rejected_row_is_named_with_its_line() -> None:
    rows = life()
    index = place(rows, cause="interest")
    lines = [row.text() for row in rows]
    lines[index] = lines[index].replace(str(rows[index].amount), "minus three cents")
    with book_of(log=(LOG, lines)) as book:
        found = only(breaks(book))
    assert ("rejected", rows[index].amount) == (found["hint_kind"], found["difference"])
    assert f"log.csv:{index + 2} (column amount: 'minus three cents')" in found["hint"]


def test_a_row_that_a_witness_states_is_found_in_the_witness() -> None:
    rows = life()
    index = place(rows, cause="funding")
    funding = [f"{instant(row.at)},USDT,{row.amount},BTC-PERP,unified" for row in rows if row.cause == "funding"]
    line = [row for row in rows if row.cause == "funding"].index(rows[index]) + 2
    with book_of(log=(LOG, [row.text() for row in without(rows, index)]), funding=(FUNDING, funding)) as book:
        found = only(breaks(book))
    assert ("witness", rows[index].amount) == (found["hint_kind"], found["difference"])
    assert (
        f"a row is missing that plain.funding states: funding of BTC-PERP, {rows[index].amount} USDT" in found["hint"]
    )
    assert f"(funding.csv:{line})" in found["hint"]


def test_a_fee_that_a_fill_states_in_this_asset_and_no_row_books_is_named() -> None:
    rows = life()
    index = place(rows, cause="trading_fee")
    gone = rows[index]
    size = next(row.amount for row in rows if row.ref == gone.ref and row.asset == "BTC")
    fill = (f"{instant(gone.at)},BTCUSDT,BTC/USDT,spot,buy,{size},60000,{-gone.amount},USDT,trade,unified,USDT,linear,"
            f"{gone.ref},")  # fmt: skip
    with book_of(log=(LOG, [row.text() for row in without(rows, index)]), fills=(FILLS, [fill])) as book:
        found = only(breaks(book))
    assert ("other_fee", gone.amount) == (found["hint_kind"], found["difference"])
    assert "the fee of a fill is not booked: the buy of BTCUSDT" in found["hint"]
    assert "(fills.csv:2)" in found["hint"]


def test_a_break_leads_to_the_rows_that_its_hint_names(tmp_path: Path) -> None:
    rows = life()
    index = place(rows, cause="funding")
    with new_book(tmp_path) as book:
        imported(book, write(tmp_path, "log.csv", LOG, [row.text() for row in without(rows, index)]), account="desk")
        found = only(breaks(book))
        traced = {str(row.row_key) for row in trace(book.store, book.archive, found["break_id"])}
    assert set(found["hint_rows"]) < traced


def test_hints_do_not_depend_on_the_order_of_imports() -> None:
    rows = life()
    index = place(rows, cause="funding")
    texts = [row.text() for row in without(rows, index)]
    files = {"early": (LOG, texts[: index + 20]), "late": (LOG, texts[index - 20 :])}
    with book_of(**files) as book, book_of(**dict(reversed(files.items()))) as other:
        assert [row["hint"] for row in breaks(book)] == [row["hint"] for row in breaks(other)]
        assert book.digest() == other.digest()


WHOLE = life()
KINDS = {"funding": {"missing_funding"}, "interest": {"missing_interest"}, "trade": {"missing_leg"},
         "transfer": {"missing_leg"}, "trading_fee": {"missing_row"}}  # fmt: skip


STEP = 7
"""Rows of a wallet's asset from one that is removed to the next: each has its neighbours, and no two are of one cadence."""


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(start=st.integers(0, STEP - 1))
def test_any_single_row_removed_between_two_stated_balances_is_found_with_its_amount(start: int) -> None:
    chains = {row.chain: [other for other in WHOLE if other.chain == row.chain] for row in WHOLE}
    every = [row for chain in chains.values() for row in chain[1 + start : -1 : STEP]]
    gone = {row.number: row for row in {row.ref or row.number: row for row in every}.values()}  # of a trade one row
    found = breaks_of_log([row for row in WHOLE if row.number not in gone])
    of = {(row["wallet"], row["asset"], row["difference"]): row for row in found}
    assert {(*row.chain, row.amount) for row in gone.values()} == set(of)
    for row in gone.values():
        at = of[*row.chain, row.amount]
        assert at["since_at"] <= row.at <= at["broken_at"]
        assert at["hint_kind"] in KINDS.get(row.cause, {"missing_row"}), (row, at["hint"])


# ------------------------------------------------------------------------- fills, funding and a balance a day


@dataclass(frozen=True)
class Facts:
    """The rows of an account that states what happened, and its balance at the end of each day."""

    fills: tuple[tuple[datetime, str, str, str, str], ...]
    """Instant, side, fee, realized, reference."""
    funding: tuple[tuple[datetime, str], ...]
    transfers: tuple[tuple[datetime, str, str], ...]
    balances: tuple[tuple[datetime, str], ...]

    def files(self) -> dict[str, tuple[str, list[str]]]:
        fills = [
            f"{instant(at)},BTC-PERP,BTC/USDT:USDT,perpetual,{side},0.1,60000,{fee},USDT,trade,usdm,USDT,linear,{ref},{realized}"
            for at, side, fee, realized, ref in self.fills
        ]
        funding = [f"{instant(at)},USDT,{amount},BTC-PERP,usdm" for at, amount in self.funding]
        transfers = [f"{instant(at)},USDT,{amount},{kind},usdm" for at, amount, kind in self.transfers]
        balances = [f"{instant(at)},USDT,{balance},wallet,usdm" for at, balance in self.balances]
        return {"fills": (FILLS, fills), "funding": (FUNDING, funding), "transfers": (TRANSFERS, transfers),
                "balances": (BALANCES, balances)}  # fmt: skip

    def breaks(self) -> list[dict[str, Any]]:
        with book_of(**self.files()) as book:
            return breaks(book)


def facts(days: int = DAYS) -> Facts:
    """Buys 0.1 in the morning and sells it in the evening above what is held; funding every 8 hours; stated at 23:59:59."""
    fills, funding, transfers = (
        [],
        [],
        [(START + HOUR, "5000.75", "deposit"), (START + 100.2 * HOUR, "-250.0625", "withdrawal")],
    )
    fills.append((START + 1.5 * HOUR, "buy", "3.3", "", "F0"))
    for day in range(days):
        at = START + day * 24 * HOUR
        fills.append((at + 9.3 * HOUR, "buy", f"{Decimal('3.0007') + Decimal('0.0019') * day}", "", f"F{day}b"))
        fills.append((at + 18.4 * HOUR, "sell", f"{Decimal('2.9003') + Decimal('0.0023') * day}",
                      f"{Decimal('11.123') * (day - 4) + Decimal('0.37')}", f"F{day}s"))  # fmt: skip
        funding += [
            (at + hour * HOUR, f"{-Decimal('0.5011') - Decimal('0.0117') * (3 * day + hour // 8)}")
            for hour in (0, 8, 16) if (day, hour) != (0, 0)
        ]  # fmt: skip
    moves = [(at, -Decimal(fee) + Decimal(realized or 0)) for at, _, fee, realized, _ in fills]
    moves += [(at, Decimal(amount)) for at, amount in funding] + [(at, Decimal(amount)) for at, amount, _ in transfers]
    ends = [START + timedelta(days=day, seconds=-1) for day in range(1, days + 1)]
    balances = [(end, str(sum(amount for at, amount in moves if at <= end))) for end in ends]
    return Facts(tuple(fills), tuple(funding), tuple(transfers), tuple(balances))


def changed(name: str, change: Callable[[list[Any]], list[Any]]) -> Facts:
    whole = facts()
    return replace(whole, **{name: tuple(change(list(getattr(whole, name))))})


TWICE, LACKING, SOLD, NEGATED, FREE, LAST = 2, 5, 7, 8, 9, DAYS - 1
"""Days on which something is done to the facts."""


@pytest.fixture(scope="module")
def mixed() -> dict[int, dict[str, Any]]:
    """Facts that were damaged on several days, by day the one break that this makes."""
    whole = facts()
    funding = list(whole.funding)
    funding[3 * NEGATED] = (funding[3 * NEGATED][0], funding[3 * NEGATED][1].lstrip("-"))
    funding = [row for place, row in enumerate(funding) if place not in (3 * LACKING, len(funding) - 1)]
    funding.insert(3 * TWICE, funding[3 * TWICE])
    free = whole.fills[2 * FREE + 1]
    balances = tuple(
        (end, str(Decimal(text) + (Decimal(free[2]) if end > free[0] else 0))) for end, text in whole.balances
    )
    fills = tuple(row for row in whole.fills if row[4] != f"F{SOLD}s")
    found = replace(whole, funding=tuple(funding), fills=fills, balances=balances).breaks()
    assert [TWICE, LACKING, SOLD, NEGATED, FREE, LAST] == [(row["broken_at"] - START).days for row in found]
    return {(row["broken_at"] - START).days: row for row in found}


def test_a_funding_payment_that_lacks_in_a_day_is_named_by_its_hour(mixed: dict[int, dict[str, Any]]) -> None:
    at, amount = facts().funding[3 * LACKING]
    found = mixed[LACKING]
    assert (Decimal(amount), "missing_funding") == (found["difference"], found["hint_kind"])
    assert f"funding of BTC-PERP of {at:%Y-%m-%d %H:%M:%S} UTC is missing: it is charged every 8 hours" in found["hint"]


def test_the_last_funding_payment_before_the_end_is_named_because_the_position_is_open(
    mixed: dict[int, dict[str, Any]],
) -> None:
    at, amount = facts().funding[-1]
    found = mixed[LAST]
    assert (Decimal(amount), "missing_funding") == (found["difference"], found["hint_kind"])
    assert f"of {at:%Y-%m-%d %H:%M:%S} UTC is missing" in found["hint"]


def test_a_funding_payment_counted_twice_is_named(mixed: dict[int, dict[str, Any]]) -> None:
    found = mixed[TWICE]
    assert ("duplicate", -Decimal(facts().funding[3 * TWICE][1])) == (found["hint_kind"], found["difference"])
    assert f"(funding.csv:{3 * TWICE + 2}) has an equal twin at funding.csv:{3 * TWICE + 3}" in found["hint"]


def test_a_funding_payment_with_the_other_sign_is_named(mixed: dict[int, dict[str, Any]]) -> None:
    amount = facts().funding[3 * NEGATED][1]
    found = mixed[NEGATED]
    assert ("sign", 2 * Decimal(amount)) == (found["hint_kind"], found["difference"])
    assert f"would explain it as {amount}; compare the row with the venue's own page" in found["hint"]


def test_a_fill_that_lacks_a_day_is_found_with_its_result_and_fee_together(mixed: dict[int, dict[str, Any]]) -> None:
    _, _, fee, realized, _ = next(row for row in facts().fills if row[4] == f"F{SOLD}s")
    found = mixed[SOLD]
    assert (Decimal(realized) - Decimal(fee), "missing_row") == (found["difference"], found["hint_kind"])
    assert "are missing or wrong between the balances stated at" in found["hint"]
    assert "narrow it down with a balance in between (`marginbook assert`)" in found["hint"]


def test_a_fee_that_was_taken_in_another_asset_is_named(mixed: dict[int, dict[str, Any]]) -> None:
    _, _, fee, _, _ = facts().fills[2 * FREE + 1]
    found = mixed[FREE]
    assert ("other_fee", Decimal(fee)) == (found["hint_kind"], found["difference"])
    assert f"a fee was not paid in USDT: without the trading fee of BTC-PERP, -{fee} USDT" in found["hint"]


def test_a_range_of_funding_that_no_file_has_is_named_at_every_day_that_it_breaks() -> None:
    files = facts().files()
    header, rows = files.pop("funding")
    files |= {"funding_1": (header, rows[:8]), "funding_3": (header, rows[20:])}
    with book_of(**files) as book:
        found = breaks(book)
    lost = sum(Decimal(amount) for _, amount in facts().funding[8:20])
    assert (lost, {"missing_file"}) == (sum(row["difference"] for row in found), {row["hint_kind"] for row in found})
    assert all("no file has funding between" in row["hint"] and "funding_1.csv ends" in row["hint"] for row in found)
    assert all("download plain.funding for 2026-02-03 to 2026-02-08" in row["hint"] for row in found)


def test_a_withdrawal_in_another_zone_is_named_at_both_days() -> None:
    late = changed("transfers", lambda rows: [rows[0], (rows[1][0] + 21 * HOUR, *rows[1][1:])])
    amount = Decimal(facts().transfers[1][1])
    found = late.breaks()
    assert [amount, -amount] == [row["difference"] for row in found]
    assert {"zone_shift"} == {row["hint_kind"] for row in found}
    assert all("(transfers.csv:3)" in row["hint"] for row in found)


def test_a_file_of_funding_in_another_zone_is_named_with_its_hours() -> None:
    found = changed("funding", lambda rows: [(at - HOUR, amount) for at, amount in rows]).breaks()
    assert len(found) > 5
    assert {"zone_shift"} == {row["hint_kind"] for row in found}
    assert all("the rows of funding.csv stand 1 hour early" in row["hint"] for row in found)
    assert all("`--timezone -01:00`" in row["hint"] for row in found)


# ------------------------------------------------------------------------------------ other styles of ledgers


def test_a_ledger_without_balances_is_searched_for_a_jump_of_its_numbers_between_two_statements() -> None:
    whole = [replace(row, cause="income", balance=row.balance) for row in life() if row.chain == ("unified", "USDT")][
        :40
    ]
    rows = [replace(row, number=700 + place) for place, row in enumerate(whole)]
    ends = [f"{instant(row.at)},USDT,{row.balance},wallet,unified" for row in (rows[3], rows[-1])]
    bare = [row.text().removesuffix(str(row.balance)) for row in without(rows, 20)]
    with book_of(log=(LOG, bare), balances=(BALANCES, ends)) as book:
        found = only(breaks(book))
    assert ("missing_row", rows[20].amount) == (found["hint_kind"], found["difference"])
    assert f"jump: from 719 at {rows[19].at:%Y-%m-%d %H:%M:%S} UTC (log.csv:21) to 721 at" in found["hint"]


def test_a_leg_and_a_rollover_that_a_kraken_ledger_lacks_are_named() -> None:
    header = '"txid","refid","time","type","subtype","aclass","asset","wallet","amount","fee","balance"'
    rows, dollars, coins = [], Decimal(0), Decimal(0)

    def add(number: int, at: datetime, kind: str, asset: str, amount: str, fee: str, ref: str) -> None:
        nonlocal dollars, coins
        moved = Decimal(amount) - Decimal(fee)
        dollars, coins = (dollars + moved, coins) if asset == "USD" else (dollars, coins + moved)
        balance = dollars if asset == "USD" else coins
        rows.append(f'"L{number:05}-AAAAA-AAAAAA","{ref}","{at:%Y-%m-%d %H:%M:%S}","{kind}","","currency","{asset}","spot / main",'
                    f"{amount},{fee},{balance}")  # fmt: skip

    add(0, START, "deposit", "USD", "9000.0000", "0", "QAAAAA-AAAAAA-AAAAAA")
    for day in range(4):
        at, ref = START + day * 24 * HOUR + HOUR, f"TAAAA{day}-AAAAA-AAAAAA"
        add(10 + day, at, "trade", "USD", f"-{1500 + day}.2500", "2.4000", ref)
        add(20 + day, at, "trade", "XBT", f"0.0250{day}", "0", ref)
    for hour in range(0, 40, 4):
        at = START + 96 * HOUR + hour * HOUR
        add(30 + hour, at, "rollover", "USD", "0", f"0.1{hour:02}3", "TBBBBB-AAAAA-AAAAAA")
    lacking = [row for row in rows if '"L00012' not in row and '"L00046' not in row]
    with book_of(ledgers=(header, lacking)) as book:
        leg, rollover = breaks(book)
    assert (Decimal("-1504.65"), "missing_leg") == (leg["difference"], leg["hint_kind"])
    assert "+0.02502 BTC at 2026-02-03 01:00:00 UTC (ledgers.csv:7) has no leg in USD" in leg["hint"]
    assert (Decimal("-0.1163"), "missing_interest") == (rollover["difference"], rollover["hint_kind"])
    assert "interest of 2026-02-05 16:00:00 UTC is missing: it is charged every 4 hours" in rollover["hint"]


def test_very_many_breaks_say_that_they_were_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "OF_ONE", 1)
    rows = [row for row in life(4) if row.chain == ("unified", "USDT")]
    found = breaks_of_log([row for place, row in enumerate(rows) if place not in (10, 20)])
    assert ["missing_", "one of v"] == [found[0]["hint_kind"][:8], found[1]["hint"][:8]]
    assert "were not looked at one by one: mend the first of this wallet and asset" in found[1]["hint"]


# ----------------------------------------------------------------------------------------------- witnesses


def test_rows_that_only_one_of_two_exports_has_are_named_and_lead_back(tmp_path: Path) -> None:
    whole = voices.life()
    places = [place for place, row in enumerate(whole) if row[1] == "funding"]
    ours = [row for place, row in enumerate(whole) if place not in places[20:22]]
    theirs = [row for place, row in enumerate(whole) if place != places[40]]
    with new_book(tmp_path) as book:
        imported(book, write(tmp_path, "income.csv", INCOME, voices.income(ours)), account="desk")
        imported(book, write(tmp_path, "statement.csv", STATEMENT, voices.statement(theirs)), account="desk")
        findings = book.report("findings").filter(kind="unpaired_rows").to_dicts()
        (finding,) = [row for row in findings if "rows of ledger" in row["sentence"]]
        traced = [(row.file, row.row) for row in trace(book.store, book.archive, finding["finding_id"])]
    assert finding["sentence"].startswith(
        "3 rows of ledger stand in one of two overlapping exports only, 2 only in binance.statement, which does not count: "
        "funding of -0.0726 USDT at 2026-02-07 16:00:02 UTC, funding of -0.081 USDT at 2026-02-08 00:00:02 UTC; "
        "1 only in the export that counts: funding of -0.1418 USDT at 2026-02-14 08:00:01 UTC"
    )  # fmt: skip
    assert [("statement.csv", 34), ("statement.csv", 37), ("income.csv", 66)] == traced
