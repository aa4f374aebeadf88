"""Germany: figures for Anlage SO (§ 23, § 22 Nr. 3 EStG) and Anlage KAP (§ 20 EStG), with the lines behind them.

Line numbers are those of the year's own form; for a year whose form was not read the names stand without numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import polars as pl

from reports.tax import derivatives
from reports.tax.amounts import Sum, cents, counted, less, total, written
from reports.tax.contract import Files, Target, stem
from reports.tax.derivatives import by_position
from reports.tax.facts import Fact, fact, facts, value
from reports.tax.germany_lists import Forwards, Sale, Sums, forwards, forwards_listing, sales, sales_listing, sums
from reports.tax.listing import Cell, Head, Listing, listing_csv
from reports.tax.paper import Paper, page
from reports.tax.sources import Sourced, beside
from reports.tax.value import TaxYear

NAME = "germany"
SERVICES = "income"
"""Part of results that may be Leistungen (§ 22 Nr. 3 EStG): staking, lending, rewards."""
NOTES = (
    "Amounts are in cents, half a cent away from zero; gains are differences of the printed cents. Where a form "
    "takes whole euros, round in your favour.",
    "A sale of which proceeds or costs are unknown has an empty cell, and is in no sum.",
    "Whether a sale is taxable depends on its holding period alone: not more than one year between purchase and sale. "
    "Sales of which the holding period is unknown are listed apart, and are in no figure.",
    "The limits (Freigrenzen) are those of a person: private sales and services outside this book count, too.",
    "Euros and other money of a state are listed apart.",
)


def write(year: TaxYear) -> Files:
    """Return the figures of the forms, and the lines behind them, as CSV and as a page."""
    start, found = stem(year, NAME), sales(year, state_money=False)
    money = sales(year, state_money=True)
    by_term = {term: [one for one in found if one.term == term] for term in ("short", "long", "unknown")}
    made = figures(year, by_term["short"], len(by_term["unknown"]))
    taxable = sales_listing("§ 23", "Private Veräußerungsgeschäfte innerhalb eines Jahres, § 23 EStG", by_term["short"])
    free = sales_listing("steuerfrei", "Veräußerungen nach mehr als einem Jahr", by_term["long"])
    unknown = sales_listing("unbekannt", "Veräußerungen mit unbekannter Haltedauer", by_term["unknown"])
    apart = sales_listing("geld", "Apart: money of a state", money)
    terms = forwards_listing(year)
    rest = derivatives.others_listing(year, "Interest, fees, income", ["Received +, paid -."])
    paper = Paper(
        title="Anlage SO und Anlage KAP", intro=["Kryptowerte und Termingeschäfte, with the lines behind each figure."],
        listings=[made, taxable, terms, free, *([unknown] if unknown.lines else []), apart, rest],
        rules=NOTES, facts=_facts(year),
    )  # fmt: skip
    return {
        f"{start}-formulare.csv": listing_csv(year, [made]),
        f"{start}-verkaeufe.csv": listing_csv(year, [taxable, free, unknown]),
        f"{start}-termingeschaefte.csv": listing_csv(year, [terms]),
        f"{start}-state-money.csv": listing_csv(year, [apart]),
        f"{start}-income-and-expenses.csv": listing_csv(year, [rest]),
        f"{start}.html": page(year, paper),
        **beside(year, start, list(_sourced(year, found, money, start)), _compared(year, found)),
    }


# ------------------------------------------------------------------------------------------------ figures of the forms

FIGURE_HEADS = (Head("form"), Head("Zeile"), Head("Feld", "words"), Head("figure", "money"), Head("note", "words"))


def figures(year: TaxYear, short: Sequence[Sale], undated: int) -> Listing:
    """Return what goes into the forms, line by line, and the limits beside it; `undated` sales are of unknown term."""
    made, nets = sums(short), forwards(by_position(year))
    values = _services(year)["value"].to_list()
    services = total(cents(amount) for amount in values if amount is None or amount > 0)
    lines = [*_private_sales(year, made, len(short)), *_services_lines(year, services), *_capital(year, nets)]
    about = [
        text for text in (_sale_limit(year, made, undated), _service_limit(year, services), _loss_limit(year)) if text
    ]
    if fact("de", "so_line_gain", year.policy.year) is None:
        about.append("The forms of this year were not read: find the lines by their names.")
    return Listing(name="formulare", heading="Anlage SO und Anlage KAP", heads=FIGURE_HEADS, lines=lines, about=about)


def _services(year: TaxYear) -> pl.DataFrame:
    return year.results.filter((pl.col("part") == SERVICES) & pl.col("group").ne_missing(derivatives.DERIVATIVE))


def _private_sales(year: TaxYear, made: Sums, many: int) -> Iterator[Sequence[Cell]]:
    left = f"{made.left} of {counted(many, 'sale')} unknown and left out" if made.left else ""
    is_told = made.left < many or not many
    proceeds, costs, gain = (made.proceeds, made.costs, made.gain) if is_told else (None,) * 3
    yield ("Anlage SO", _line(year, "so_line_proceeds"), "Kryptowerte: Veräußerungspreis", proceeds, left)
    yield ("Anlage SO", _line(year, "so_line_costs"), "Kryptowerte: Anschaffungskosten", costs, left)
    yield ("Anlage SO", _line(year, "so_line_expenses"), "Kryptowerte: Werbungskosten", "", _fees(year))
    yield ("Anlage SO", _line(year, "so_line_gain"), "Kryptowerte: Gewinn / Verlust", gain, left)


def _fees(year: TaxYear) -> str:
    if year.policy.fees == "basis":
        return "fees of trades are in proceeds and costs already"
    of_spot = (pl.col("part") == "trading_fee") & (pl.col("group") == "spot")
    apart = total(year.results.filter(of_spot)["value"].to_list())
    return (f"fees of all spot trades come to {written(cents(-apart.known) or Decimal(0))}; the part that belongs to "
            "these sales is for a person to tell")  # fmt: skip


def _services_lines(year: TaxYear, services: Sum) -> Iterator[Sequence[Cell]]:
    left = f"{counted(services.unknown, 'line')} without a known value left out; " if services.unknown else ""
    yield ("Anlage SO", _line(year, "so_line_services"), "Leistungen, § 22 Nr. 3 EStG: Einnahmen", services.told,
           f"{left}staking, lending, rewards and other income of the book; a person decides what of it is")  # fmt: skip


def _capital(year: TaxYear, nets: Forwards) -> Iterator[Sequence[Cell]]:
    """Yield the lines of Anlage KAP: until 2024 gains and losses apart, from 2025 on net, and what of it are losses."""
    left = f"{counted(nets.left, 'position')} with unknown values left out" if nets.left else ""
    abroad = "of venues abroad; income of which tax was not withheld"
    line = _line(year, "kap_line_income")
    if fact("de", "kap_line_derivative_losses", year.policy.year):
        yield ("Anlage KAP", line, "Ausländische Kapitalerträge: Gewinne", nets.gains, _joined(abroad, left))
        gains, losses = (_line(year, f"kap_line_derivative_{what}") for what in ("gains", "losses"))
        yield ("Anlage KAP", gains, "darin Gewinne aus Termingeschäften", nets.gains, left)
        yield ("Anlage KAP", losses, "Verluste aus Termingeschäften", nets.losses, left)
        return
    yield (
        "Anlage KAP",
        line,
        "Ausländische Kapitalerträge: Saldo der Termingeschäfte",
        nets.net,
        _joined(abroad, left),
    )
    yield ("Anlage KAP", _line(year, "kap_line_losses"), "darin Verluste ohne Aktien", nets.losses, left)


def _joined(*texts: str) -> str:
    return "; ".join(text for text in texts if text)


def _line(year: TaxYear, name: str) -> str:
    return value("de", name, year.policy.year)


def _sale_limit(year: TaxYear, made: Sums, undated: int) -> str:
    limit = fact("de", "private_sale_limit", year.policy.year)
    if limit is None:
        return ""
    told = f"Freigrenze § 23 Abs. 3 Satz 5 EStG: tax-free where all private sales gain less than {_euros(limit)}"
    if made.left or undated:
        return f"{told}; whether it is cannot be told while sales are unknown."
    is_below = made.gain < Decimal(limit.value)
    return f"{told}; this book's gain of {written(made.gain)} is {'less' if is_below else 'not less'}."


def _service_limit(year: TaxYear, services: Sum) -> str:
    limit = fact("de", "services_limit", year.policy.year)
    if limit is None:
        return ""
    told = f"Freigrenze § 22 Nr. 3 Satz 2 EStG: tax-free where such income is less than {_euros(limit)}"
    if services.unknown:
        return f"{told}; whether it is cannot be told while values are unknown."
    is_below = services.known < Decimal(limit.value)
    return f"{told}; this book's {written(services.known)} is {'less' if is_below else 'not less'}."


def _loss_limit(year: TaxYear) -> str:
    limit = fact("de", "derivative_loss_limit", year.policy.year)
    return "" if limit is None else (
        f"Losses of Termingeschäfte were set off up to {_euros(limit)} a year (§ 20 Abs. 6 Satz 5 EStG); the "
        "Jahressteuergesetz 2024 abolished that for all cases that are still open.")  # fmt: skip


def _euros(limit: Fact) -> str:
    return f"{int(limit.value):,} euros"


# ------------------------------------------------------------------------------------------------ beside


def _sourced(year: TaxYear, found: Sequence[Sale], money: Sequence[Sale], start: str) -> Iterator[Sourced]:
    for file, those in ((f"{start}-verkaeufe.csv", found), (f"{start}-state-money.csv", money)):
        for one in those:
            yield Sourced(file, one.number, "disposal", one.row["rows"])
            if one.row["lot_rows"]:
                yield Sourced(file, one.number, "acquisition", one.row["lot_rows"])
    for number, position in enumerate(by_position(year), 1):
        yield Sourced(f"{start}-termingeschaefte.csv", str(number), "result", position.rows)
    for other in derivatives.others(year):
        name = f"{other.part.replace('_', ' ')} {other.group} {other.asset}"
        yield Sourced(f"{start}-income-and-expenses.csv", name, "result", other.rows)


def _compared(year: TaxYear, found: Sequence[Sale]) -> list[tuple[str, str | None, Decimal | None, Decimal | None]]:
    """Return printed sums beside the exact ones of the tax year: what differs is the rounding to cents."""
    currency, own = year.policy.currency, year.disposals.filter(~pl.col("state_money"))
    known = own.filter(pl.col("proceeds").is_not_null() & pl.col("basis").is_not_null())
    made = []
    for term in ("short", "long", "unknown"):
        here = sums([one for one in found if one.term == term])
        there = known.filter(pl.col("term").fill_null("unknown") == term)
        proceeds, basis = (total(there[name].to_list()).known for name in ("proceeds", "basis"))
        made += [(f"germany: {term}: proceeds", currency, here.proceeds, proceeds),
                 (f"germany: {term}: costs", currency, here.costs, basis),
                 (f"germany: {term}: gains", currency, here.gain, less(proceeds, basis))]  # fmt: skip
    left = Decimal(sum(one.gain is None for one in found))
    nets = by_position(year)
    exact = total(one.net for one in nets).told
    return [*made, ("germany: sales left out as unknown", None, left, Decimal(own.height - known.height)),
            ("germany: Termingeschäfte, known positions", currency, forwards(nets).net, exact),
            *derivatives.compared(year)]  # fmt: skip


def _facts(year: TaxYear) -> list[Fact]:
    return [one for one in facts() if one.jurisdiction == "de" and one.holds_in(year.policy.year)]


GERMANY = Target(
    name=NAME, title="Germany: Anlage SO and Anlage KAP", jurisdictions=("de",), write=write,
    about="Figures for Anlage SO (private sales within one year, § 23 EStG; services, § 22 Nr. 3 EStG) and Anlage KAP "
          "(Termingeschäfte, § 20 EStG), with line numbers of the forms of 2024 and 2025, the limits of the year, and "
          "every sale behind them. Follows the BMF letter of 6 March 2025 and the Jahressteuergesetz 2024.",
)  # fmt: skip
