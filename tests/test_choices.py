"""The file in which a person chooses lots: what it may say, and what is said of what it may not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from ledger.lots.choice_lines import BadChoices
from ledger.lots.choices import ACQUIRED, DISPOSED, chosen, read_choices
from tests.tapes import at
from tests.taxes import US_2025

UNIT = 10**18


def table(columns: dict[str, pl.DataType], rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    cells = [
        tuple(Decimal(cell) if name == "quantity" else cell for name, cell in zip(columns, row, strict=True))
        for row in rows
    ]
    return pl.DataFrame(cells, schema=dict(columns), orient="row")


DISPOSALS = table(
    DISPOSED,
    [
        ("201", "main", "BTC", at("2025-05-02 17:30:12.345"), "0.75"),
        ("202", "main", "BTC", at("2025-05-02 21:00:00"), "0.25"),
        ("203", "main", "ETH", at("2025-05-03 10:00:00"), "4"),
        ("204", "desk, old", "BTC", at("2025-06-01 22:30:00"), "1"),
    ],
)
LOTS = table(
    ACQUIRED,
    [
        ("101", "main", "BTC", at("2023-01-10 09:00:00"), "0.5"),
        ("102", "main", "BTC", at("2025-02-10 09:00:00"), "1"),
        ("103", "main", "BTC", at("2025-02-10 15:00:00"), "1"),
        ("104", "desk, old", "BTC", at("2023-01-10 09:00:00"), "2"),
        ("105", "main", "BTC", at("2025-05-20 09:00:00"), "1"),
        ("106", "main", "ETH", at("2023-01-10 09:00:00"), "9"),
        ("107:missing", "main", "ETH", None, "1"),
    ],
)


def read(text: str, zone: str = "UTC") -> dict[str, list[tuple[str, int]]]:
    return read_choices(text, "choices.csv", DISPOSALS, LOTS, zone)


@pytest.mark.parametrize(
    "name", ["201", "D-201-1", "D-201-12", '"main,BTC,2025-05-02 17:30"', '"main, BTC, 2025-05-02T17:30:12.345Z"']
)
@pytest.mark.parametrize("lot", ["101", "L-101", "2023-01-10", "2023-01-10 09:00:00", "2023-01-10T10:00+01:00"])
def test_a_line_names_a_disposal_and_a_lot_as_it_is_listed_or_by_its_time(name: str, lot: str) -> None:
    assert {"201": [("101", UNIT // 4)]} == read(f"disposal,lot,quantity\n{name},{lot},0.25\n")


def test_account_asset_and_time_may_have_columns_of_their_own_and_a_note_may_follow() -> None:
    text = "\ufeffaccount;asset;disposed_at;lot;quantity;note\r\nmain;BTC;2025-05-02 17:30;101;0.5;oldest\r\n\r\ndesk, old;BTC;2025-06-01;104;;\r\n"
    assert {"201": [("101", UNIT // 2)], "204": [("104", UNIT)]} == read(text)


def test_an_empty_quantity_is_all_that_the_lot_and_the_lines_above_leave() -> None:
    assert {"201": [("101", UNIT // 2), ("102", UNIT // 4)]} == read("disposal,lot,quantity\n201,101,\n201,102,\n")
    assert {"203": [("107:missing", UNIT)]} == read("disposal,lot,quantity\n203,107:missing,\n")


def test_times_without_an_offset_are_of_the_zone() -> None:
    text = '"disposal","lot","quantity"\n"desk, old,BTC,2025-06-02 00:30",2023-01-10 10:00,1\n'
    assert {"204": [("104", UNIT)]} == read(text, "Europe/Berlin")


def test_a_file_of_a_header_alone_chooses_nothing() -> None:
    assert {} == read("disposal,lot,quantity\n")


HEADER = "disposal,lot,quantity\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "choices.csv:1: the file is empty"),
        ("disposal,lots,quantity\n", "choices.csv:1: the header is disposal,lots,quantity\n  expected disposal,lot,quantity or account,asset,disposed_at,lot,quantity"),
        (HEADER + "201,101\n", "choices.csv:2: 2 cells under 3 columns"),
        (HEADER + "201,101,0,5\n", "choices.csv:2: 4 cells under 3 columns"),
        (HEADER + "201,,0.5\n", "choices.csv:2: nothing under lot"),
        (HEADER + "\n209,101,0.5\n", "choices.csv:3: no disposal '209'"),
        (HEADER + '"main,BTC,2025-05-04",101,0.5\n', "choices.csv:2: no disposal of BTC by main at 2025-05-04\n  the nearest are of: 2025-05-02T21:00:00Z, 2025-05-02T17:30:12.345000Z"),
        (HEADER + '"main,BTC,2025-05-02",101,0.5\n', "choices.csv:2: 'main,BTC,2025-05-02' is several disposals: 201 (2025-05-02T17:30:12.345000Z, 0.75), 202 (2025-05-02T21:00:00Z, 0.25)"),
        (HEADER + '"main,BTC,2 May",101,0.5\n', "choices.csv:2: '2 May' under disposed_at is no time"),
        (HEADER + '"main,BTC,2025-02-30",101,0.5\n', "choices.csv:2: '2025-02-30' under disposed_at is no time: day is out of range for month"),
        (HEADER + "201,199,0.5\n", "choices.csv:2: no lot '199' of BTC of main\n  lots there: 101, 102, 103, 105"),
        (HEADER + "201,106,0.5\n", "choices.csv:2: no lot '106' of BTC of main"),
        (HEADER + "201,2025-02-10,0.5\n", "choices.csv:2: '2025-02-10' is the time of several lots: 102 (2025-02-10T09:00:00Z, 1), 103 (2025-02-10T15:00:00Z, 1)"),
        (HEADER + "201,105,0.5\n", "choices.csv:2: lot 105 was acquired at 2025-05-20T09:00:00Z, after the disposal at 2025-05-02T17:30:12.345000Z"),
        (HEADER + "201,102,0.75\n201,103,0.1\n", "choices.csv:3: 0.1 is more than the disposal 201 has left for this line: 0"),
        (HEADER + "201,101,0.5\n202,101,0.1\n", "choices.csv:3: 0.1 is more than the lot 101 has left for this line: 0"),
        (HEADER + "201,101,0.500000000000000001\n", "choices.csv:2: 0.500000000000000001 is more than the lot 101 has left"),
        (HEADER + "201,101,\n202,101,\n", "choices.csv:3: nothing is left to choose"),
        (HEADER + "201,101,0\n", "choices.csv:2: the quantity is 0"),
        *[(HEADER + f'201,101,"{cell}"\n', f"choices.csv:2: '{cell}' is no quantity") for cell in ("0,5", "-1", "1e-3", "1_0", ".5", "٣", "0.1234567890123456789")],
        (HEADER + '201,"101,0.5\n', "no CSV: unexpected end of data"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_told_with_file_and_line(text: str, said: str) -> None:
    with pytest.raises(BadChoices) as raised:
        read(text)
    assert said in str(raised.value)
    assert raised.value.exit_code == 3


def test_all_lines_that_cannot_be_followed_are_told_at_once() -> None:
    with pytest.raises(BadChoices) as raised:
        read(HEADER + "209,101,1\n201,101,0.1\n201,199,1,5\n201,199,a\n")
    assert ["choices.csv:4", "choices.csv:2", "choices.csv:5", "choices.csv:5"] == [
        fault.split(": ")[0] for fault in raised.value.faults
    ]


def test_steps_of_a_year_are_what_can_be_chosen() -> None:
    rows = [
        ("101", "acquire", at("2023-01-10"), "0.5"), ("102", "move", at("2023-01-11"), "2"), ("201", "dispose", at("2025-05-02"), "2"),
    ]  # fmt: skip
    steps = pl.DataFrame(
        [(event, op, "main", "BTC", when, Decimal(quantity)) for event, op, when, quantity in rows],
        schema={"event": pl.String(), "op": pl.String(), **{name: DISPOSED[name] for name in ("account", "asset")}, "at": ACQUIRED["acquired_at"], "quantity": ACQUIRED["quantity"]},
        orient="row",
    )  # fmt: skip
    assert {} == chosen(None, US_2025, steps)
    text = HEADER + "D-201-1,L-101,\nD-201-1,L-102:missing,1\n"
    assert {"201": [("101", UNIT // 2), ("102:missing", UNIT)]} == chosen(text, US_2025, steps)
