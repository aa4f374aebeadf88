"""The tax year of one owner at four venues: written for every target, whose totals agree with each other, the book and what happened.

`MARGINBOOK_EXAMPLES=10` writes every target for every country; else those of a country, and all of them once.
"""

from __future__ import annotations

import csv
import io
import os
import random
import re
import shutil
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from ledger.book import Book
from ledger.commands.cli import marginbook
from reports.tax.amounts import EXACT
from reports.tax.targets import TARGETS
from reports.tax.tools import TOOLS
from tests.books import NOW
from tests.lives.year import Paper, Year, lived
from tests.lives.year.shapes import END

D = Decimal
FULL = float(os.environ.get("MARGINBOOK_EXAMPLES", "1")) > 1
COUNTRIES: Mapping[str, Sequence[str]] = {"us": (), "uk": (), "de": (), "none": ("--currency", "EUR")}
LABELS = {"us": "2025", "uk": "2025-26", "de": "2025", "none": "2025"}
ALL = "us"
"""The country that every target is written for."""
GENERAL = ("csv", "income", "koinly", "koinly-net")
"""Written for every country."""
WITNESSES = ("data export", "prices", "stated spot", "stated usdm")
"""Exports that say again what others say."""
LEVELS = {"BTC": D(60_000), "ETH": D(3_000), "SOL": D(150), "BNB": D(600), "USDT": D(1)}
QUOTES = {"USD": D(1), "EUR": D("0.92"), "GBP": D("0.79")}
OPENED = datetime(2023, 5, 2, tzinfo=UTC)
HEADER = "acquired_at,asset,quantity,cost,cost_asset,evidence,wallet,venue"
LOTS = {"EUR": "2023-05-02T00:00:00Z,EUR,1500.25,1500.25,EUR,account statement,spot,kraken",
        "BTC": "2023-05-02T00:00:00Z,BTC,0.01,380,EUR,invoice 2023-118,spot,kraken"}  # fmt: skip
"""What was there before the first row: 0.01 BTC and 1,500.25 EUR at Kraken."""
STATEMENT = "account,form,asset,figure,quantity,amount,currency,transactions,basis_reported"
FORMS = ("form 8949", "germany")
"""Control totals of what is printed in cents differ by what was rounded."""

Cells = dict[str, str]


def days() -> Iterator[datetime]:
    """Yield the days that need a price: a week before the lots were acquired, and the year."""
    yield from (OPENED - timedelta(days=day) for day in range(3))
    yield from (datetime(2024, 12, 31, tzinfo=UTC) + timedelta(days=day) for day in range(367))


def write_prices(path: Path) -> Path:
    """Write a price a day of every asset in three currencies, and of these in each other."""
    lines = ["time,symbol,price,quote"]
    for number, day in enumerate(days()):
        wave = 1 + D((number * 7) % 41 - 20) / 1000
        lines += [f"{day:%Y-%m-%dT%H:%M:%SZ},{asset},{level * rate * wave:f},{quote}"
                  for asset, level in LEVELS.items() for quote, rate in QUOTES.items()]  # fmt: skip
        lines += [f"{day:%Y-%m-%dT%H:%M:%SZ},{asset},{round(rate / own, 6):f},{quote}"
                  for asset, own in QUOTES.items() for quote, rate in QUOTES.items() if asset != quote]  # fmt: skip
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def write_lot(path: Path, asset: str) -> Path:
    path.write_text(f"{HEADER}\n{LOTS[asset]}\n", encoding="utf-8")
    return path


def write_later(path: Path) -> Path:
    """Write a row of long after, so that the book goes on when the tax year of every country is over."""
    header = "moved_at,pool,asset,amount,cause,wallet,venue"
    path.write_text(f"{header}\n2027-01-01T00:00:00Z,asset,EUR,1,deposit,spot,later\n", encoding="utf-8")
    return path


def take(book: Book, paths: Sequence[Path]) -> None:
    report = book.import_paths(paths)
    assert (report.errors, report.unrecognized, [part.reject_lines for part in report.parts if part.rejected]) == (
        [],
        [],
        [],
    )


def whole_papers(life: Year) -> Iterator[Paper]:
    """Yield the exports of the year, each in one file."""
    papers: dict[tuple[str, str], list[Paper]] = defaultdict(list)
    for paper in life.papers(without=WITNESSES):
        papers[paper.account, paper.kind].append(paper)
    for first, *others in papers.values():
        lines = dict.fromkeys(line for paper in (first, *others) for line in paper.export.lines)
        export = replace(first.export, lines=tuple(sorted(lines, key=lambda line: line.at)))
        yield replace(first, tag="2025", export=export)


@pytest.fixture(scope="module")
def life() -> Year:
    return lived()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tax")


@pytest.fixture(scope="module")
def lacking(life: Year, folder: Path) -> Path:
    """Give the book of the year, with prices, but without the lot of bitcoin from before."""
    with Book.open(folder / "lacking.duckdb", clock=lambda: NOW) as book:
        exports = [paper.write(folder / "exports") for paper in whole_papers(life)]
        later = write_later(folder / "later.csv")
        take(book, [*exports, write_prices(folder / "prices.csv"), write_lot(folder / "euros.csv", "EUR"), later])
    return folder / "lacking.duckdb"


@pytest.fixture(scope="module")
def whole(lacking: Path, folder: Path) -> Path:
    """Give the book of which nothing is unknown."""
    path = folder / "whole.duckdb"
    shutil.copy(lacking, path)
    shutil.copytree(lacking.with_name("lacking.archive"), path.with_name("whole.archive"))
    with Book.open(path, clock=lambda: NOW) as book:
        take(book, [write_lot(folder / "bitcoin.csv", "BTC")])
    return path


def fitting(country: str) -> list[str]:
    """Return the targets that are written for a country."""
    every = [name for name, target in TARGETS.items() if not target.jurisdictions or country in target.jurisdictions]
    if FULL or country == ALL:
        return every
    return [name for name in every if TARGETS[name].jurisdictions or name in GENERAL]


@dataclass(frozen=True)
class Written:
    """What the command wrote and said."""

    code: int
    said: str
    files: Mapping[str, Mapping[str, bytes]]
    """By target and file name."""

    def rows(self, target: str, name: str) -> list[Cells]:
        """Return the lines of a file by its end: `controls`, `disposals`."""
        (content,) = [content for file, content in self.files[target].items() if file.endswith(f"{name}.csv")]
        return read(content)


def read(content: bytes) -> list[Cells]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def run(book: Path, country: str, targets: Sequence[str], output: Path, *more: object) -> Written:
    words = [
        "--book",
        book,
        "tax",
        "--year",
        "2025",
        "--jurisdiction",
        country,
        *COUNTRIES[country],
        "-o",
        output,
        *more,
    ]
    for target in targets:
        words += ["--target", target]
    made = CliRunner().invoke(marginbook, [str(word) for word in words], catch_exceptions=False)
    places = [place for place in output.iterdir() if place.is_dir()] if output.exists() else []
    files = {place.name: {path.name: path.read_bytes() for path in sorted(place.iterdir())} for place in places}
    return Written(made.exit_code, made.output, files)


@pytest.fixture(scope="module")
def written(whole: Path, folder: Path) -> Mapping[str, Written]:
    """Give what was written of the whole book, by country."""
    return {country: run(whole, country, fitting(country), folder / country) for country in COUNTRIES}


def texts(name: str, content: bytes) -> str:
    """Return all text of a file; a workbook's sheets are unpacked."""
    if not name.endswith(".xlsx"):
        return content.decode("utf-8-sig")
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "".join(book.read(part).decode("utf-8") for part in book.namelist() if part.endswith(".xml"))


def total(rows: Sequence[Cells], column: str) -> Decimal:
    with localcontext(EXACT):
        return sum((D(row[column]) for row in rows if row[column]), D(0))


# ------------------------------------------------------------------------------------------- of which nothing is unknown


def test_nothing_blocks_and_no_file_is_a_draft(written: Mapping[str, Written]) -> None:
    for country, made in written.items():
        assert made.code == 0, made.said
        assert "complete: nothing blocks" in made.said
        assert set(fitting(country)) == set(made.files)
        for target, files in made.files.items():
            for name, content in files.items():
                assert "DRAFT" not in name
                assert f"-{LABELS[country]}" in name
                assert "DRAFT" not in texts(name, content), (country, target, name)
                assert "blocks.csv" not in name


def test_every_control_total_agrees_but_for_cents_that_forms_round(written: Mapping[str, Written]) -> None:
    for country, made in written.items():
        for target in made.files:
            controls = made.rows(target, "-controls")
            assert len([row for row in controls if row["name"].startswith("book: ")]) > 10
            assert len([row for row in controls if not row["name"].startswith("book: ")]) > 3
            for row in controls:
                difference = D(row["difference"])
                if not row["name"].startswith(FORMS):
                    assert difference == 0, (country, target, row)
                else:
                    assert abs(difference) <= D("0.005") * 2 * 4000, (country, target, row)


def test_what_is_held_costs_and_results_are_what_happened(life: Year, written: Mapping[str, Written]) -> None:
    """In whole years of UTC, against the desks that made the exports and not against the book."""
    made = written["none"]
    held: dict[str, Fraction] = defaultdict(Fraction)
    booked: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for house in life.houses.values():
        for wallet, asset in house.pots():
            held[asset] += house.balance(wallet, asset, END)
        for entry in house.entries:
            booked[entry.heading, entry.asset] += entry.amount
    lots: dict[str, Fraction] = defaultdict(Fraction)
    for row in made.rows("csv", "-lots"):
        lots[row["asset"]] += Fraction(row["quantity"])
    assert {asset: amount for asset, amount in held.items() if amount and asset != "EUR"} == lots
    said: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for row in made.rows("csv", "-results"):
        said[row["part"], row["asset"]] += Fraction(row["amount"])
    for heading, part in (
        ("funding", "funding"),
        ("interest", "interest"),
        ("liquidation", "liquidation_fee"),
        ("realized_pnl", "result"),
    ):
        true = {asset: amount for (name, asset), amount in booked.items() if name == heading and amount}
        assert true == {asset: amount for (name, asset), amount in said.items() if name == part and amount}, heading


def test_every_gain_is_in_every_target_of_it(written: Mapping[str, Written]) -> None:
    us, uk, de = (written[country] for country in ("us", "uk", "de"))
    for made in (us, uk, de):
        lines = [row for row in made.rows("csv", "-disposals") if row["state_money"] == "false"]
        assert len(lines) > 1500
        assert total(lines, "gain") == total(lines, "proceeds") - total(lines, "basis")
    digital = [row for row in us.rows("csv", "-disposals") if row["state_money"] == "false"]
    form = [row for row in us.rows("form-8949", "-2025") if row["line"].isdecimal()]
    assert len(digital) == len(form)
    for column, printed in (("proceeds", "proceeds"), ("basis", "cost or other basis"), ("gain", "gain or loss")):
        assert abs(total(digital, column) - total(form, printed)) <= D("0.01") * len(form)
    by_disposal = [row for row in us.rows("form-8949-disposals", "-2025") if row["line"].isdecimal()]
    assert len({row["disposal_id"] for row in digital}) <= len(by_disposal) <= len(form)
    assert abs(total(by_disposal, "gain or loss") - total(digital, "gain")) <= D("0.01") * len(by_disposal)
    schedule = us.rows("form-8949", "-schedule-d")
    assert total(form, "gain or loss") == total(schedule, "gain or loss")
    assert len(form) == total(schedule, "lines")
    amounts = [D(line[1:]) for line in us.files["txf"]["txf-2025.txf"].decode().split("\r\n") if line.startswith("$")]
    assert (total(form, "cost or other basis"), total(form, "proceeds")) == (sum(amounts[::2]), sum(amounts[1::2]))
    gains = {row["name"]: D(row["here"]) for row in uk.rows("uk", "-controls")}
    shares = [row for row in uk.rows("csv", "-disposals") if row["state_money"] == "false"]
    assert total(shares, "gain") == gains["uk: gains less losses of known disposals"]
    sales = {row["name"]: D(row["there"]) for row in de.rows("germany", "-controls")}
    assert total([row for row in de.rows("csv", "-disposals") if row["state_money"] == "false"], "gain") == (
        sales["germany: short: gains"] + sales["germany: long: gains"]
    )


def moved(rows: Sequence[Cells]) -> dict[str, Decimal]:
    """Return per asset what was received less what was sent and what fees took."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        for amount, asset, sign in (("Received Amount", "Received Currency", 1), ("Sent Amount", "Sent Currency", -1),
                                    ("Fee Amount", "Fee Currency", -1)):  # fmt: skip
            if row[amount]:
                sums[row[asset]] += sign * D(row[amount])
    return dict(sums)


def test_tools_sum_to_the_flows_and_net_to_gross(written: Mapping[str, Written]) -> None:
    for country, made in written.items():
        flows: dict[str, Decimal] = defaultdict(Decimal)
        for row in made.rows("csv", "-flows"):
            for side, sign in (("received", 1), ("sent", -1), ("fee", -1)):
                if row[side]:
                    flows[row[f"{side}_asset"]] += sign * D(row[side])
        for target in ("koinly", "koinly-net"):
            own = [
                row
                for name, content in made.files[target].items()
                for row in read(content)
                if not re.search("-(controls|sources|notes)[.]", name)
            ]
            assert len(own) > 100
            assert flows == moved(own), (country, target)
        tools = [name for name in made.files if name.removesuffix("-net") in TOOLS]
        assert country != ALL or len(tools) == 2 * len(TOOLS)
        for tool in tools:
            said = {
                row["asset"]: D(row["here"])
                for row in made.rows(tool, "-controls")
                if row["name"] == "received - sent - fees"
            }
            assert flows == said, (country, tool)


def test_a_part_of_the_results_is_the_same_wherever_it_is_printed(written: Mapping[str, Written]) -> None:
    for made in written.values():
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for row in made.rows("csv", "-results"):
            sums[row["part"]] += D(row["value"])
        stated = {row["name"].removeprefix("income: "): D(row["here"]) for row in made.rows("income", "-controls")
                  if row["name"].removeprefix("income: ") in sums}  # fmt: skip
        assert {"result", "funding", "interest", "trading_fee", "liquidation_fee", "income"} <= set(stated)
        assert stated == {part: sums[part] for part in stated}


SAMPLE = 40


def test_every_line_leads_to_lines_of_exports_that_say_it(written: Mapping[str, Written], folder: Path) -> None:
    places = {path.name: path for path in [*(folder / "exports").rglob("*"), *folder.glob("*.csv")] if path.is_file()}
    draw = random.Random("sources")
    for country, made in written.items():
        for target in made.files:
            sources = made.rows(target, "-sources")
            assert len(sources) > 500
            for row in draw.sample(sources, SAMPLE):
                if not row["row"]:
                    continue  # of a day's remainder, which has no row
                lines = places[row["source_file"]].read_text(encoding="utf-8-sig").splitlines()
                raw = next(csv.reader([row["raw"]])) if row["raw"].startswith('"') else row["raw"].split(",")
                assert [cell.strip('"') for cell in raw] == [
                    cell.strip('"') for cell in lines[int(row["source_row"]) - 1].split(",")
                ], (country, target, row)


def test_the_amount_of_a_disposal_is_in_the_rows_that_it_leads_to(written: Mapping[str, Written]) -> None:
    made = written["us"]
    raws: dict[str, list[str]] = defaultdict(list)
    for row in made.rows("csv", "-sources"):
        if row["part"] == "disposed":
            raws[row["line"]].append(row["raw"])
    by_disposal: dict[str, list[Cells]] = defaultdict(list)
    for line in made.rows("csv", "-disposals"):
        by_disposal[line["disposal_id"]].append(line)
    seen = 0
    for lines in by_disposal.values():
        if lines[0]["kind"] not in {"funding", "loss", "interest"} or lines[0]["venue"] == "bitmex":
            continue  # BitMEX counts in satoshis, and a trade's fee may be merged into what was given
        whole = total(lines, "quantity")
        numbers = {
            abs(D(number)) for raw in raws[lines[0]["line"]] for number in re.findall(r"(?<![\d.:-])-?\d+\.\d+", raw)
        }
        assert whole in numbers, (whole, raws[lines[0]["line"]])
        seen += 1
    assert seen > 300


# -------------------------------------------------------------------------------------------------- with a lot removed

DRAFTED = ("csv", "income", "form-8949", "txf", "koinly-net")


PLACELESS = {"cointracker", "cointracker-net", "recap", "recap-net"}
"""Tools that have no column for words."""


@pytest.fixture(scope="module")
def drafted(lacking: Path, folder: Path) -> Written:
    return run(lacking, "us", fitting("us") if FULL else DRAFTED, folder / "draft")


def test_without_a_lot_every_file_is_a_draft_and_what_is_unknown_is_in_no_total(
    drafted: Written, written: Mapping[str, Written]
) -> None:
    assert drafted.code == 1
    for target, files in drafted.files.items():
        for name, content in files.items():
            assert "-DRAFT" in name, (target, name)
            said = "DRAFT" in texts(name, content)
            assert said or content.count(b"\n") == 1 or target in PLACELESS, (target, name)
        assert any("missing_history" == row["kind"] for row in drafted.rows(target, "-blocks"))
        controls = {row["name"]: row for row in drafted.rows(target, "-controls")}
        assert all(D(row["difference"]) == 0 for name, row in controls.items() if name.startswith("book: "))
        assert D(controls["DRAFT: blocks that nobody accepted"]["here"]) == len(drafted.rows(target, "-blocks"))
    every = [row for row in drafted.rows("csv", "-disposals") if row["state_money"] == "false"]
    unknown = [row for row in every if not row["gain"]]
    assert unknown
    assert {"BTC"} == {row["asset"] for row in unknown}
    assert D("0.01") == total(unknown, "quantity")
    assert {""} == {row["basis"] for row in unknown}
    form = [row for row in drafted.rows("form-8949", "form-8949-2025-DRAFT") if row["line"].isdecimal()]
    empty = [row for row in form if not row["gain or loss"]]
    assert (len(unknown), len(every)) == (len(empty), len(form))
    assert total(form, "gain or loss") == total(drafted.rows("form-8949", "-schedule-d"), "gain or loss")
    assert {""} == {row["box"] for row in empty}, "of an unknown holding period, so in no total of Schedule D"
    assert f"{len(unknown)} of {len(unknown)} lines unknown and left out" in texts(
        "f.html", drafted.files["form-8949"]["form-8949-2025-DRAFT.html"]
    )
    summed = [row for row in drafted.rows("csv", "-summary") if row["section"] == "gains by asset"]
    assert len(unknown) == total(summed, "unknown")
    assert total(every, "gain") == total(summed, "value")
    known = {row["line"]: row for row in written["us"].rows("csv", "-disposals")}
    assert len(known) == len(drafted.rows("csv", "-disposals"))


def test_what_is_accepted_is_no_draft_and_prints_its_reason(drafted: Written, lacking: Path, folder: Path) -> None:
    own = folder / "accepted.duckdb"
    shutil.copy(lacking, own)
    shutil.copytree(lacking.with_name("lacking.archive"), own.with_name("accepted.archive"))
    for row in drafted.rows("txf", "-blocks"):
        words = [
            "--book",
            str(own),
            "tax",
            "accept",
            row["block_id"],
            "--reason",
            "bought for cash, no invoice",
            "--by",
            "Anna",
        ]
        assert CliRunner().invoke(marginbook, words, catch_exceptions=False).exit_code == 0
    after = run(own, "us", ["txf"], folder / "accepted")
    assert (0, False) == (after.code, any("DRAFT" in name for name in after.files["txf"]))
    assert {"bought for cash, no invoice"} == {row["accepted_reason"] for row in after.rows("txf", "-blocks")}
    assert "bought for cash, no invoice" in after.files["txf"]["txf-2025-notes.txt"].decode()
    assert b"\r\n$\r\n" in after.files["txf"]["txf-2025.txf"], "what is unknown stays unknown"


# ------------------------------------------------------------------------------------------- what venues told tax offices


def test_what_venues_stated_is_compared_with_the_year(
    whole: Path, written: Mapping[str, Written], folder: Path
) -> None:
    sold = [row for row in written["us"].rows("csv", "-disposals")
            if (row["account"], row["asset"], row["kind"]) == ("binance", "BTC", "sale")]  # fmt: skip
    assert sold
    proceeds, units = total(sold, "proceeds"), total(sold, "quantity")
    told = folder / "1099-DA binance.csv"
    lines = [
        STATEMENT,
        f"binance,1099-DA,BTC,proceeds,{units:f},{round(proceeds, 2)},USD,{len({row['disposal_id'] for row in sold})},no",
    ]
    told.write_text("\n".join(lines), encoding="utf-8")
    other = folder / "kraken.csv"
    bought = [row for row in written["us"].rows("csv", "-flows")
              if (row["venue"], row["kind"], row["received_asset"], row["sent_asset"]) == ("kraken", "trade", "BTC", "EUR")]  # fmt: skip
    more = f"{total(bought, 'received') + 1:f},{round(total(bought, 'value'), 2)}"
    other.write_text(f"{STATEMENT}\nkraken,CARF,BTC,acquired_for_fiat,{more},USD,,\n", encoding="utf-8")
    made = run(whole, "us", ["form-8949"], folder / "stated", "--statement", told, "--statement", other)
    assert made.code == 1
    said = [(row["file"], row["of"], row["agrees"]) for row in made.rows("form-8949", "-statements")]
    assert [(told.name, of, "true") for of in ("amount", "quantity", "transactions")] == said[:3]
    assert [(other.name, "amount", "true"), (other.name, "quantity", "false")] == said[3:]
    (block,) = made.rows("form-8949", "-blocks")
    assert ("statement", "kraken", "BTC") == (block["kind"], block["account"], block["asset"])
    assert "a difference of -1" in block["sentence"]
    assert all("DRAFT" in name for name in made.files["form-8949"])
    form = [row for row in made.rows("form-8949", "-2025-DRAFT") if row["line"].isdecimal()]
    assert len(sold) == len([row for row in form if row["box"] in {"H", "K"}])


def test_a_statement_that_cannot_be_read_is_told_with_its_place(whole: Path, folder: Path) -> None:
    told = folder / "wrong.csv"
    told.write_text(f"{STATEMENT}\nkraken,1099,BTC,proceeds,,1,USD,,\n", encoding="utf-8")
    import sys
    from contextlib import redirect_stderr

    from ledger.commands import cli

    said = io.StringIO()
    words = [
        "marginbook",
        "--book",
        str(whole),
        "tax",
        "--year",
        "2025",
        "--jurisdiction",
        "us",
        "--statement",
        str(told),
    ]
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(said), pytest.raises(SystemExit) as done:
        patch.setattr(sys, "argv", words)
        cli.main()
    assert done.value.code == 3
    assert 'wrong.csv:2: form: "1099"' in said.getvalue()
