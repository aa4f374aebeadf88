"""`audit`, `margin` and their reports as a user meets them, on the demo's exports: each is asked, shown and refused."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ledger.auditing import casing
from ledger.auditing.bridge import Lines, bridge
from ledger.auditing.identity import BRIDGES, every_check
from ledger.book import Book
from ledger.commands.demo import write_exports
from reports.audit import TERMS, Audit
from reports.audit_json import as_json
from tests.conftest import Run

XRP = "liq:binance:XRPUSDT:long:20260203T1431:1"
POSITION = "binance:XRPUSDT:long:20260130T1822:1"
KEYS = [
    "liquidation_id", "account", "venue", "wallet", "asset", "position_ids", "started_at", "triggered_at", "ended_at",
    "start_equity", "terms", "unexplained", "end_equity", "maintenance_margin", "trigger_equity", "labels", "sources",
    "counterfactuals", "findings", "primary_cause", "missing",
]  # fmt: skip
D = Decimal


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audited")
    with Book.open(folder / "book.duckdb") as book:
        book.import_paths([write_exports(folder / "exports")])
    return folder / "book.duckdb"


@pytest.fixture(scope="module")
def isolated(made: Path) -> Audit:
    with Book.open(made, read_only=True) as book:
        return book.audit(XRP)


# -------------------------------------------------------------------------------------------------- the audit


def test_the_bridge_of_an_isolated_long_is_what_its_rows_say(isolated: Audit) -> None:
    terms = {term.name: term.amount for term in isolated.terms if term.amount}
    assert terms == {
        "own_price_pnl": D("-4476"), "own_fees": D("-22.057"), "own_funding": D("-28.35676819"), "slippage": D("-10"),
        "liquidation_fee": D("-79.1"),
    }  # fmt: skip
    assert isolated.start_equity == D("4615.51376819") == -sum(terms.values())
    assert isolated.end_equity == isolated.unexplained == 0
    assert isolated.loss == isolated.start_equity
    assert isolated.margin_mode == "isolated"
    assert isolated.start_label == "implied"
    assert any("isolated margin is implied" in text for text in isolated.assumptions)


def test_the_trigger_is_where_the_equity_was_no_more_than_what_was_required(isolated: Audit) -> None:
    assert isolated.trigger_equity == D("99.007")  # 4,615.51 - 4,476 - 12.15 - 28.36
    assert isolated.maintenance_margin == D("99.12")  # 0.5 % of 19,824
    assert isolated.trigger_label == "supplied"
    assert isolated.liquidation_price is not None
    assert isolated.liquidation_price.quantize(D("1e-7")) == D("1.6520095")
    (held,) = isolated.positions
    assert (held.value, held.unrealized, held.is_own) == (D(19824), D(-4476), True)


def test_every_row_behind_a_line_is_evidence_with_its_place_and_text(isolated: Audit) -> None:
    rows = [key for term in isolated.terms for key in term.rows]
    assert rows
    assert set(rows) <= set(isolated.evidence)
    (fee,) = [isolated.evidence[key] for term in isolated.terms if term.name == "liquidation_fee" for key in term.rows]
    assert fee.place == "Binance-Futures-Transaction-History-202603010918(UTC+1).csv:132"
    assert fee.raw == "26-02-03 15:31:17,INSURANCE_CLEAR,-79.10000000,USDT,XRPUSDT,880412000000000027"


def test_it_starts_where_it_is_asked_to_and_still_sums(made: Path) -> None:
    with Book.open(made, read_only=True) as book:
        whole, later = book.audit(XRP), book.audit(XRP, from_healthy=True)
    assert later.started_by == "health"
    assert later.started_at > whole.started_at
    assert later.start_equity is not None
    assert later.end_equity == later.start_equity + sum((term.amount for term in later.terms), later.unexplained)
    assert later.unexplained == 0
    assert later.trigger_equity == whole.trigger_equity
    before = next(moment for moment in whole.moments if moment.at == later.started_at)
    assert before.health is not None
    assert before.health >= 2


def test_a_withdrawal_that_alone_made_the_difference_is_the_cause(made: Path) -> None:
    with Book.open(made, read_only=True) as book:
        found = book.audit("liq:kraken")
    assert found.primary_cause == "withdrawal"
    assert found.term("transfers_out") == -2146
    assert (found.start_equity, found.end_equity) == (D(4000), D("683.2798"))
    assert (found.start_label, found.end_label) == ("measured", "measured")
    assert found.maintenance_margin == 704  # 40 % of the margin of 1,760 that the venue states
    assert "2,146.00 USD had been withdrawn" in found.verdict


def test_a_position_that_the_whole_wallet_would_have_held_was_isolated(made: Path) -> None:
    with Book.open(made, read_only=True) as book:
        found = book.audit("liq:bitmex")
    assert found.margin_mode == "isolated (assumed)"
    assert found.start_equity == D("0.07830699") == -sum(term.amount for term in found.terms)
    assert found.trigger_equity is not None
    assert found.maintenance_margin is not None
    assert found.trigger_equity <= found.maintenance_margin
    assert any("nothing states the margin mode" in text for text in found.assumptions)


# ------------------------------------------------------------------------------------------- the command line


def test_the_list_has_every_liquidation_with_its_cause(run: Run, made: Path) -> None:
    rows = run("audit", "--list", "--output-format", "json", book=made).rows
    assert [(row["liquidation_id"].split(":")[1], row["primary_cause"]) for row in rows] == [
        ("bybit", None), ("bybit", None), ("nexo", None), ("kraken", "withdrawal"), ("binance", "price_move"),
        ("binance", "averaging_down"), ("bitmex", "price_move"),
    ]  # fmt: skip


def test_the_report_names_the_same_cause_as_the_audit(made: Path) -> None:
    with Book.open(made, read_only=True) as book:
        listed = dict(book.report("liquidations").select("liquidation_id", "primary_cause").iter_rows())
        assert listed == {name: book.audit(name, evidence=False).primary_cause for name in listed}


def test_json_has_the_promised_keys_first_and_sums_exactly(run: Run, made: Path, isolated: Audit) -> None:
    answer = run("audit", XRP, "--output-format", "json", book=made)
    found = json.loads(answer.out)
    assert list(found)[: len(KEYS)] == KEYS
    assert set(TERMS) <= set(found["terms"])
    assert D(found["start_equity"]) + sum(map(D, found["terms"].values())) + D(found["unexplained"]) == D(
        found["end_equity"]
    )
    assert found == json.loads(json.dumps(as_json(isolated)))


@pytest.mark.parametrize("name", [XRP, "liq:binance:XRP", POSITION])
def test_it_is_found_by_its_id_a_part_of_it_or_its_position(run: Run, made: Path, name: str) -> None:
    assert json.loads(run("audit", name, "--output-format", "json", book=made).out)["liquidation_id"] == XRP


def test_the_terminal_says_why_and_shows_the_bridge(run: Run, made: Path) -> None:
    out = run("audit", XRP, book=made).out
    for text in ("You were liquidated because the losing position had been made larger", "start equity", "4,615.51",
                 "unexplained", "What would have changed it"):  # fmt: skip
        assert text in out


def test_pages_and_drawings_are_written_where_they_are_asked_for(run: Run, made: Path, tmp_path: Path) -> None:
    answer = run("audit", "--latest", "--html", "a.html", "--svg", "a.svg", "--png", "a.png", book=made)
    assert (answer.code, answer.out) == (0, "")
    assert "a.html: written" in answer.err
    assert (tmp_path / "a.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["nonsense"], 2, "no liquidation called 'nonsense'"),
        (["liq:b"], 2, "may mean"),
        ([], 2, "name one ID"),
        (["--latest", "--list"], 2, "name one ID"),
        ([XRP, "--since", "2026-03-01"], 2, "is not before the liquidation"),
        ([XRP, "--since", "yesterday"], 2, "yesterday"),
        ([XRP, "--threshold", "carry=1"], 2, "carry"),
        ([XRP, "--threshold", "carry_drain=much"], 2, "much"),
        ([XRP, "--thresholds", "none.toml"], 2, "none.toml"),
    ],
)
def test_what_cannot_be_answered_says_why(run: Run, made: Path, words: list[str], code: int, told: str) -> None:
    answer = run("audit", *words, book=made)
    assert (answer.code, answer.out) == (code, "")
    assert told in answer.err


def test_a_threshold_changes_what_is_found(run: Run, made: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("carry_drain = 0.001\n")
    codes = []
    for words in ([], ["--threshold", "carry_drain=0.001"], ["--thresholds", "mine.toml"]):
        found = json.loads(run("audit", XRP, "--output-format", "json", *words, book=made).out)
        codes.append({finding["code"] for finding in found["findings"]})
    assert "carry_drain" not in codes[0]
    assert codes[1] == codes[2] == codes[0] | {"carry_drain"}


def test_a_book_without_liquidations_says_so(run: Run, tmp_path: Path) -> None:
    run("import", write_exports(tmp_path / "exports") / "prices-BNB-2026-01.csv")
    answer = run("audit", "--latest")
    assert answer.code == 2
    assert "the book shows no liquidation" in answer.err


# --------------------------------------------------------------------------------------------- before it happens


def test_margin_says_where_a_position_stands_and_what_would_change_it(run: Run, made: Path) -> None:
    answer = run("margin", POSITION, "--at", "2026-02-03T14:00:00Z", "--if", "price=1.60,deposit=500",
                 "--output-format", "json", book=made)  # fmt: skip
    was, supposed = answer.rows
    assert (was["mark"], was["entry_price"], was["quantity"]) == ("1.679", "2.025", "12000")
    assert D(was["health"]) == D(was["equity"]) / D(was["maintenance_margin"]) or abs(
        D(was["health"]) - D(was["equity"]) / D(was["maintenance_margin"])
    ) < D("1e-15")  # fmt: skip
    assert D(supposed["equity"]) == D(was["equity"]) + 500 + 12000 * (D("1.6") - D("1.679"))
    assert D(supposed["liquidation_price"]) < D(was["liquidation_price"])
    assert "liquidated at >= 100 %" in answer.err


def test_margin_exits_1_where_it_would_be_liquidated(run: Run, made: Path) -> None:
    words = ("margin", POSITION, "--at", "2026-02-02", "--if")
    assert run(*words, "price=-5%", book=made).code == 0
    assert run(*words, "price=-20%", book=made).code == 1
    assert run(*words, "price=-20%,size=50%,deposit=5000", book=made).code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nobody"], "no position called 'nobody'"),
        ([POSITION, "--at", "2026-01-01"], "was not open yet"),
        ([POSITION, "--at", "2026-02-20"], "was flat"),
        ([POSITION, "--if", "price"], "write price=-10%"),
        ([POSITION, "--if", "mood=5"], "none of price, deposit, withdraw, size"),
        ([POSITION, "--if", "price=-100%"], "not above zero"),
        ([POSITION, "--if", "price=abc"], "no number"),
    ],
)
def test_margin_refuses_what_it_cannot_answer(run: Run, made: Path, words: list[str], told: str) -> None:
    answer = run("margin", *words, book=made)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err


def test_the_report_of_margin_has_a_row_a_day_and_nothing_invented(run: Run, made: Path) -> None:
    rows = run("report", "margin", "--symbol", "XRPUSDT", "--output-format", "json", book=made).rows
    assert [row["day"] for row in rows] == [f"2026-01-{day}" for day in (30, 31)] + [
        f"2026-02-0{day}" for day in (1, 2, 3)
    ]
    assert list(rows[0])[:12] == [
        "position_id", "account", "symbol", "day", "equity", "initial_margin", "maintenance_margin", "health",
        "effective_leverage", "liquidation_price", "distance_percent", "basis",
    ]  # fmt: skip
    assert {row["basis"] for row in rows} == {"mark supplied, requirement assumed"}
    unknown = run("report", "margin", "--symbol", "BTCUSD_PERP", "--output-format", "json", book=made).rows
    assert {row["equity"] for row in unknown if row["basis"].startswith("mark unknown")} <= {None}


def test_the_calls_of_a_book_are_a_log(run: Run, made: Path) -> None:
    rows = run("report", "margin_calls", "--venue", "binance", "--output-format", "json", book=made).rows
    assert [(row["symbol"], row["level"], row["answer"]) for row in rows if row["wallet"] == "isolated_margin"] == [
        ("SOLUSDT", "margin level 1.3", "nothing")
    ]


def test_what_keeps_liquidating_is_counted_once_in_each_dimension(run: Run, made: Path) -> None:
    rows = run("report", "liquidation_summary", "--by", "year", "--venue", "binance", "--output-format", "json",
               book=made).rows  # fmt: skip
    losses = {row["value"]: D(row["loss"]) for row in rows if row["dimension"] == "cause"}
    assert set(losses) == {"averaging_down", "price_move"}
    for dimension in ("all", "symbol", "leverage"):
        assert sum(D(row["loss"]) for row in rows if row["dimension"] == dimension) == sum(losses.values())


# ----------------------------------------------------------------------------------------------------- checks


def test_a_bridge_that_lacks_a_line_is_an_offender(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert BRIDGES in every_check()
    whole = bridge

    def lossy(*words: Any) -> Lines:
        lines = whole(*words)
        lines.amounts.pop("own_funding", None)
        return lines

    with Book.open(made, read_only=True) as book:
        assert BRIDGES.find(book.store, None).height == 0
        monkeypatch.setattr(casing, "bridge", lossy)
        found = BRIDGES.find(book.store, None)
    assert XRP in found["liquidation_id"].to_list()
    assert dict(found.select("liquidation_id", "unexplained").iter_rows())[XRP] == "-28.35676819 USDT"
