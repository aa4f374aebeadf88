"""What venues told tax offices beside the figures of a tax year: what agrees, what does not, what cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ledger.taxing.stating import with_statements
from reports.tax.contract import DRAFT
from reports.tax.form_lines import DEFAULT, Choices, form_lines
from reports.tax.sources import beside
from reports.tax.statement_lines import BadStatement
from reports.tax.statements import FIGURES, compared, reported
from reports.tax.value import STATEMENTS, TaxYear
from schemas.types import INSTANT
from tests.taxes import UK_2025, instant, tax_year

FILE = Path(__file__).parent / "data" / "tax" / "statements" / "venues-2025.csv"
HEADER = "account,form,asset,figure,quantity,amount,currency,transactions,basis_reported"
TEXTS = [(FILE.name, FILE.read_text(encoding="utf-8"))]
D = Decimal


@pytest.fixture(scope="module")
def year() -> TaxYear:
    return tax_year()


def told(year: TaxYear, *lines: str) -> list[tuple[object, ...]]:
    frame = compared(year, [("s.csv", "\n".join([HEADER, *lines]))])
    return list(frame.select("of", "stated", "here", "agrees", "note").iter_rows())


def test_every_line_of_a_statement_is_beside_the_figure_of_the_year(year: TaxYear) -> None:
    found = compared(year, TEXTS)
    assert dict(STATEMENTS) == dict(found.schema)
    assert [
        # 45,000 + 22,500 in two lots of one sale
        (2, "proceeds", "amount", D("67500.00"), D(67500), True, None),
        (2, "proceeds", "quantity", D("0.75"), D("0.75"), True, None),
        (2, "proceeds", "transactions", D(1), D(1), True, None),
        (3, "proceeds", "amount", D(4200), D(4200), True, None),
        (4, "basis", "amount", D("3719.50"), D(3720), False, None),
        # gross: the fee of 67.5 is not off it
        (5, "disposed_for_fiat", "amount", D("67567.5"), D("67567.5"), True, None),
        (5, "disposed_for_fiat", "quantity", D("0.75"), D("0.75"), True, None),
        (5, "disposed_for_fiat", "transactions", D(1), D(1), True, None),
        (6, "transfers_out", "amount", D(101), None, None, "amount unknown of 1 line"),
        (6, "transfers_out", "quantity", D(101), D(101), True, None),
        (6, "transfers_out", "transactions", D(1), D(1), True, None),
        (7, "transfers_in", "quantity", D(100), D(100), True, None),
        (7, "transfers_in", "transactions", D(1), D(1), True, None),
        (8, "loans_in", "amount", D(2300), None, None, "stated in EUR, and the year is counted in USD"),
        (8, "loans_in", "quantity", D(2500), D(2500), True, None),
        (8, "loans_in", "transactions", D(1), D(1), True, None),
        # 1.999 is 2.00 in cents
        (9, "income", "amount", D("2.00"), D("1.999"), True, None),
        (9, "income", "quantity", D(2), D(2), True, None),
        # 9.99 - 30.18
        (10, "derivative_result", "amount", D("-20.19"), D("-20.19"), True, None),
        (11, "derivative_result", "amount", D(5), D(0), False, "the year has no such row of coinbase"),
    ] == list(found.select("line", "figure", "of", "stated", "here", "agrees", "note").iter_rows())  # fmt: skip
    assert found["difference"].to_list() == [
        None if here is None else here - stated for stated, here in found.select("stated", "here").iter_rows()
    ]


def test_what_does_not_agree_blocks_until_it_is_accepted_as_it_was_seen(year: TaxYear) -> None:
    blocking = with_statements(year, TEXTS, []).blocks
    assert [("statement", "nexo"), ("statement", "coinbase")] == blocking.select("kind", "account").rows()
    basis = blocking.row(0, named=True)
    assert (
        "nexo stated 3719.5 USD on 1099-DA as basis of all assets; here it is 3720, a difference of 0.5"
        in basis["sentence"]
    )
    assert "line 4 of venues-2025.csv" in basis["todo"]
    assert ["205"] == basis["rows"]
    log = [
        {"kind": "tax_accept", "block": block, "reason": "the venue rounds", "by": "Anna"}
        for block in blocking["block_id"]
    ]
    assert not with_statements(year, TEXTS, log).is_draft
    other = [(FILE.name, TEXTS[0][1].replace("3719.50", "3719.40"))]
    assert with_statements(year, other, log).blocks["accepted_reason"].to_list() == [None, "the venue rounds"]


def test_a_year_that_is_no_calendar_year_is_not_compared_with_one() -> None:
    (line, *_) = told(tax_year(UK_2025), "kraken,DAC8,BTC,disposed_for_fiat,,67567.5,GBP,,")
    assert (None, None) == (line[2], line[3])
    assert "--jurisdiction none --currency GBP" in str(line[4])


def test_a_sum_without_a_part_that_is_unknown_is_unknown(year: TaxYear) -> None:
    basis = pl.when(pl.col("line") == "D-201-2").then(None).otherwise(pl.col("basis")).alias("basis")
    lacking = replace(year, disposals=year.disposals.with_columns(basis))
    assert [("amount", D(30000), None, None, "amount unknown of 1 line; the others come to 9000.5")] == told(
        lacking, "main,1099-DA,BTC,basis,,30000,USD,,"
    )


def test_rounding_is_that_of_the_last_digit_and_of_each_transaction(year: TaxYear) -> None:
    for amount, agrees in (("67500.01", True), ("67500.02", False), ("67500", True), ("67501", False)):
        assert [agrees] == [line[3] for line in told(year, f"main,1099-DA,BTC,proceeds,,{amount},USD,,")]
    for quantity, agrees in (("0.75000001", True), ("0.75000002", False), ("0.8", True)):
        assert [agrees] == [line[3] for line in told(year, f"main,1099-DA,BTC,proceeds,{quantity},,,,")]
    assert [False] == [line[3] for line in told(year, "main,1099-DA,BTC,proceeds,,,,2,")]


def boxes(year: TaxYear, *lines: str, choices: Choices = DEFAULT) -> dict[str, str]:
    stated = compared(year, [("s.csv", "\n".join([HEADER, *lines]))])
    made = form_lines(replace(year, statements=stated), choices)
    return {f"{line.description} {line.acquired}": line.box for line in made}


SOLD = ("0.5 BTC 01/10/2023", "0.25 BTC 02/10/2025", "31.7 USDT 01/03/2025", "1.2 ETH 11/20/2024")
"""A long and a short part of a sale, a loss in kind, and collateral that was sold."""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["main,DAC8,BTC,disposed_for_fiat,,67567.5,USD,,"], "LIII"),
        (["main,1099-DA,BTC,proceeds,,67500,USD,,no"], "KHII"),
        (["main,1099-DA,BTC,proceeds,,67500,USD,,yes"], "JGII"),
        # all assets of a venue: the loss that USDT paid at another one is no sale of a broker
        (["kraken,1099-DA,,proceeds,,67500,USD,,", "nexo,1099-DA,ETH,proceeds,,4200,USD,,yes", "kucoin,1099-DA,,proceeds,,0,USD,,"], "KHIG"),
        # what does not say whether the basis was reported says nothing against it
        (["main,1099-DA,BTC,proceeds,,67500,USD,,yes", "main,1099-DA,BTC,basis,,33000.50,USD,,"], "JGII"),
        # the asset's own line goes before that of all
        (["main,1099-DA,,proceeds,,67500,USD,,no", "main,1099-DA,BTC,proceeds,,67500,USD,,yes"], "JGII"),
        # with and without basis: what was acquired before 2026 is not covered
        (["main,1099-DA,BTC,proceeds,,67000,USD,,no", "main,1099-DA,BTC,proceeds,,500,USD,,yes"], "KHII"),
    ],
)  # fmt: skip
def test_a_line_of_form_8949_is_in_the_box_of_what_the_broker_told(
    year: TaxYear, lines: Sequence[str], expected: str
) -> None:
    found = boxes(year, *lines)
    assert list(expected) == [found[name] for name in SOLD]


def test_what_is_covered_is_that_which_was_acquired_since_and_a_person_goes_before_a_statement(year: TaxYear) -> None:
    later = pl.when(pl.col("line") == "D-201-2").then(pl.lit(instant("2026-01-10"), INSTANT))
    both = ["main,1099-DA,BTC,proceeds,,45000,USD,,no", "main,1099-DA,BTC,proceeds,,22500,USD,,yes"]
    bought = replace(year, disposals=year.disposals.with_columns(acquired_at=later.otherwise(pl.col("acquired_at"))))
    stated = compared(bought, [("s.csv", "\n".join([HEADER, *both]))])
    assert [(True, "of lines 2 and 3 together")] == stated.select("agrees", "note").rows()
    assert {"D-201-1": "proceeds_reported", "D-201-2": "basis_reported"} == reported(replace(bought, statements=stated))
    chosen = Choices(reported={"D-201-1": "not_reported"})
    assert "L" == boxes(year, both[0], choices=chosen)[SOLD[0]]


def test_the_comparison_is_written_beside_every_target(year: TaxYear) -> None:
    made = with_statements(year, TEXTS, [])
    files = beside(made, f"x-{DRAFT}", [], [])
    assert (
        files[f"x-{DRAFT}-statements.csv"]
        .decode("utf-8-sig")
        .splitlines()[1]
        .startswith("venues-2025.csv,2,main,1099-DA")
    )
    assert "x-statements.csv" not in beside(year, "x", [], [])


def test_everything_that_is_wrong_with_statements_is_said_at_once_with_its_place(year: TaxYear) -> None:
    text = "\n".join([
        HEADER, "main,1099-B,BTC,proceeds,,1,USD,,", "main,1099-DA,BTC,profit,,1,USD,,", "main,1099-DA,BTC,proceeds,,\"1,5\",USD,,",
        "main,1099-DA,,proceeds,1,,,,", "main,1099-DA,BTC,proceeds,,1,,,", "main,CARF,BTC,transfers_in,,1,USD,,yes", "main,1099-DA,BTC,proceeds,,,,,",
        ",1099-DA,BTC,proceeds,,1,USD,,", "main,1099-DA,BTC,gain,,1,USD", "main,1099-DA,BTC,gain,,1,USD,,", "main,1099-da,BTC,gain,,2,USD,,",
        "main,1099-DA,BTC,gain,,,,1.5,", "main,1099-B,BTC,profit,x,,,,maybe",
    ])  # fmt: skip
    with pytest.raises(BadStatement) as raised:
        compared(
            year,
            [("a.csv", text), ("b.csv", "account,figure\nmain,gain\n"), ("c.csv", ""), ("d.csv", f'{HEADER}\n"main')],
        )
    said = str(raised.value).splitlines()
    assert [
        'a.csv:2: form: "1099-B"', 'a.csv:3: figure: "profit"', 'a.csv:4: amount: "1,5"', "a.csv:5: a quantity of all assets",
        "a.csv:6: an amount without currency, or a currency without amount", 'a.csv:7: basis_reported: "yes"',
        "a.csv:8: nothing is stated", "a.csv:9: nothing under account", f"a.csv:10: 7 cells under 9 columns ({HEADER})",
        'a.csv:13: transactions: "1.5"', 'a.csv:14: form: "1099-B"', 'a.csv:14: figure: "profit"',
        'a.csv:14: basis_reported: "maybe"', 'a.csv:14: quantity: "x"', "b.csv:1: the header is account,figure", "c.csv:1: the file is empty",
        "d.csv:2: no CSV: unexpected end of data", "a.csv:12: gain of BTC is stated again",
    ] == said[::2]  # fmt: skip
    assert all(line.startswith("  ") for line in said[1::2])
    assert "  a.csv:11 states it already: keep one of the two" in said
    assert raised.value.exit_code == 3


def test_a_file_of_a_spreadsheet_is_read_as_one_of_commas(year: TaxYear) -> None:
    text = "\ufeff" + "\n".join(
        line.replace(",", ";") for line in [HEADER.upper(), "main,1099-DA,BTC,proceeds,,67500.00,usd,,NO", ";;"]
    )
    assert [(True, "no")] == compared(year, [("s.csv", text)]).select("agrees", "basis_reported").rows()


def test_every_figure_can_be_asked_of_any_year(year: TaxYear) -> None:
    for figure in FIGURES:
        assert 1 == len(told(year, f"main,other,USDT,{figure},,,,3,"))
