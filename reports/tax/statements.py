"""What venues state to tax offices, compared with the figures of the tax year.

Form 1099-DA states sales: proceeds after the costs of the sale (box 1f), and of some the basis (box 1g).  CARF of the
OECD, and DAC8 of the European Union after it, state aggregates of a calendar year by asset: gross amount, units and
number of transactions of what was acquired for money, disposed of for money, exchanged for other assets, transferred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import polars as pl

from reports.cells import plain
from reports.tax.amounts import added, counted, less, total
from reports.tax.facts import value
from reports.tax.statement_lines import Stated, read_statements
from reports.tax.value import STATEMENTS, TaxYear, empty
from schemas.currencies import CURRENCIES

PARTS = ("account", "venue", "asset", "quantity", "amount", "event", "rows")
"""What a figure is made of: quantity in the asset, amount in the currency of the year, event: what counts once."""
SOLD = ("sale", "collateral_sale")
"""Disposals that a broker reports; what was paid in kind (fees, interest, losses) is not a sale that it made."""
WITH_FEES = ("proceeds", "basis", "gain", "acquisitions")
CALENDAR = ("1099-DA", "CARF", "DAC8")
"""Forms of a calendar year."""
HALF = Decimal("0.5")
PER_LINE: Mapping[str, Decimal] = {
    "amount": Decimal("0.005"),
    "quantity": Decimal("0.000000005"),
    "transactions": Decimal(0),
}
"""What a venue may round of each transaction before it adds up: half a cent, half of the eighth decimal."""


@dataclass(frozen=True)
class Figure:
    """A figure that can be stated."""

    about: str
    parts: Callable[[TaxYear], pl.DataFrame]
    """Rows with the columns PARTS."""


def _is_money(column: str) -> pl.Expr:
    return pl.col(column).is_in(sorted(CURRENCIES))


def _sold(column: str) -> Callable[[TaxYear], pl.DataFrame]:
    return lambda year: year.disposals.filter(~pl.col("state_money") & pl.col("kind").is_in(SOLD)).select(
        "account",
        "venue",
        "asset",
        "quantity",
        pl.col(column).alias("amount"),
        pl.col("disposal_id").alias("event"),
        "rows",
    )


def _traded(side: Literal["sent", "received"], *, for_money: bool) -> Callable[[TaxYear], pl.DataFrame]:
    """Return exchanges by the side that is stated; trades of which the other side is not one asset are in none."""
    other = "received" if side == "sent" else "sent"
    other_is_money = _is_money(f"{other}_asset") if for_money else ~_is_money(f"{other}_asset")
    return lambda year: year.flows.filter(
        pl.col("kind").is_in(["trade", "collateral_sale"]) & ~_is_money(f"{side}_asset") & other_is_money
    ).select("account", "venue", pl.col(f"{side}_asset").alias("asset"), pl.col(side).alias("quantity"),
             pl.col("value").abs().alias("amount"), pl.col("flow").alias("event"), "rows")  # fmt: skip


def _moved(side: Literal["sent", "received"]) -> Callable[[TaxYear], pl.DataFrame]:
    """Return what came to an account at a venue, or left it; of a transfer between own accounts no value is known."""
    there = side == "received"
    ends = [pl.col("other_account" if there else "account").alias("account"),
            pl.col("other_venue" if there else "venue").alias("venue")]  # fmt: skip
    crosses = (pl.col("other_account") != pl.col("account")) | (pl.col("other_venue") != pl.col("venue"))
    cells = (pl.col(f"{side}_asset").alias("asset"), pl.col(side).alias("quantity"),
             pl.col("value").abs().alias("amount"), pl.col("flow").alias("event"), "rows")  # fmt: skip
    alone = pl.col("kind") == ("deposit" if there else "withdrawal")

    def parts(year: TaxYear) -> pl.DataFrame:
        flows = year.flows.filter(~_is_money(f"{side}_asset"))
        return pl.concat([flows.filter(alone).select("account", "venue", *cells),
                          flows.filter((pl.col("kind") == "transfer") & crosses).select(*ends, *cells)])  # fmt: skip

    return parts


def _lent(kind: str, side: Literal["sent", "received"]) -> Callable[[TaxYear], pl.DataFrame]:
    return lambda year: year.flows.filter((pl.col("kind") == kind) & ~_is_money(f"{side}_asset")).select(
        "account", "venue", pl.col(f"{side}_asset").alias("asset"), pl.col(side).alias("quantity"),
        pl.col("value").abs().alias("amount"), pl.col("flow").alias("event"), "rows",
    )  # fmt: skip


def _results(where: pl.Expr, sign: int = 1) -> Callable[[TaxYear], pl.DataFrame]:
    return lambda year: year.results.filter(where).select(
        "account",
        "venue",
        "asset",
        quantity=pl.col("amount") * sign,
        amount=pl.col("value") * sign,
        event="line",
        rows="rows",
    )


def _bought(year: TaxYear) -> pl.DataFrame:
    return year.acquisitions.filter((pl.col("kind") == "purchase") & ~_is_money("asset")).select(
        "account", "venue", "asset", "quantity", pl.col("cost").alias("amount"), pl.col("lot").alias("event"), "rows"
    )


DERIVATIVE = pl.col("group") == "derivative"
FIGURES: Mapping[str, Figure] = {
    "proceeds": Figure("sales: proceeds after costs (1099-DA, box 1f)", _sold("proceeds")),
    "basis": Figure("sales: cost or other basis (1099-DA, box 1g)", _sold("basis")),
    "gain": Figure("sales: proceeds less basis", _sold("gain")),
    "acquisitions": Figure("purchases: cost with fees", _bought),
    "acquired_for_fiat": Figure("CARF, DAC8: gross amount paid in money", _traded("received", for_money=True)),
    "disposed_for_fiat": Figure("CARF, DAC8: gross amount received in money", _traded("sent", for_money=True)),
    "acquired_for_crypto": Figure("CARF, DAC8: value got for other assets", _traded("received", for_money=False)),
    "disposed_for_crypto": Figure("CARF, DAC8: value given for other assets", _traded("sent", for_money=False)),
    "transfers_in": Figure("CARF, DAC8: transfers to the user", _moved("received")),
    "transfers_out": Figure("CARF, DAC8: transfers by the user", _moved("sent")),
    "loans_in": Figure("CARF, DAC8: borrowed", _lent("loan", "received")),
    "loans_out": Figure("CARF, DAC8: repaid", _lent("repayment", "sent")),
    "income": Figure("rewards, staking, airdrops: value when received", _results(pl.col("part") == "income")),
    "derivative_result": Figure("results of derivatives, gains +", _results(DERIVATIVE & (pl.col("part") == "result"))),
    "funding": Figure("funding received less paid", _results(pl.col("part") == "funding")),
    "interest_paid": Figure("interest paid +", _results(pl.col("part") == "interest", -1)),
}  # fmt: skip


def compared(year: TaxYear, texts: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """Return what files (name, text) state beside the figures of the year, as STATEMENTS says.  Raises BadStatement.

    A figure of which a part is not known, or that is of another currency or year, has no `here`, and a note says why.
    Lines with the basis reported and not reported state one figure together.
    """
    groups: dict[object, list[Stated]] = {}
    for line in read_statements(texts, list(FIGURES)):
        groups.setdefault((line.account, line.form, line.asset, line.figure), []).append(line)
    rows = [row for lines in groups.values() for row in _compared(year, lines)]
    return pl.DataFrame(rows, schema=dict(STATEMENTS), orient="row") if rows else empty(STATEMENTS)


def rows_of(year: TaxYear, account: str, figure: str, asset: str | None) -> list[str]:
    """Return the rows behind a figure that was compared."""
    rows: list[str] = (
        _parts(year, account, figure, asset)["rows"].explode().drop_nulls().unique(maintain_order=True).to_list()
    )
    return rows


def reported(year: TaxYear) -> Mapping[str, Literal["proceeds_reported", "basis_reported"]]:
    """Return by line of the disposals what a broker told the IRS of it, where a Form 1099-DA was compared.

    A line of an asset goes before one of all assets; what does not say it is without basis.  Where of an asset both are
    stated, with basis and without, units acquired since digital assets are covered are those with (Treas. Reg.
    1.6045-1(a)(15)(i)(J)).
    """
    forms = year.statements.filter(pl.col("form") == "1099-DA").select("account", "asset", "basis_reported")
    told: dict[tuple[str, str | None], set[str]] = {}
    for account, asset, basis in forms.iter_rows():
        told.setdefault((account, asset), set()).update([basis] if basis else [])
    if not told:
        return {}
    since = value("us", "covered_since", year.policy.year)
    made: dict[str, Literal["proceeds_reported", "basis_reported"]] = {}
    for row in year.disposals.filter(~pl.col("state_money") & pl.col("kind").is_in(SOLD)).iter_rows(named=True):
        found = [told[key] for asset in (row["asset"], None) for place in ("account", "venue")
                 if (key := (row[place], asset)) in told]  # fmt: skip
        if found:
            covered = bool(since) and row["acquired_at"] is not None and row["acquired_at"].date().isoformat() >= since
            with_basis = found[0] == {"yes"} or (found[0] - {"no"} != set() and covered)
            made[row["line"]] = "basis_reported" if with_basis else "proceeds_reported"
    return made


def _compared(year: TaxYear, lines: Sequence[Stated]) -> Iterator[Mapping[str, Any]]:
    first = lines[0]
    parts = _parts(year, first.account, first.figure, first.asset)
    many = parts["event"].n_unique()
    for of in ("amount", "quantity", "transactions"):
        told = [line for line in lines if of in line.stated]
        if not told:
            continue
        stated = added(*(line.stated[of] for line in told))
        here, notes = _here(year, parts, of, told[0])
        if len(told) < len(lines):
            here, notes = None, ["not every line of this figure states it"]
        if len(told) > 1:
            notes.append(f"of lines {' and '.join(str(line.line) for line in told)} together")
        difference = None if here is None else less(here, stated)
        yield {
            "file": first.file, "line": first.line, "account": first.account, "form": first.form, "asset": first.asset,
            "figure": first.figure, "of": of, "stated": stated, "here": here, "difference": difference,
            "currency": first.currency if of == "amount" else None, "agrees": _agrees(stated, difference, of, many),
            "basis_reported": _basis_reported(lines),
            "note": "; ".join(notes) or None,
        }  # fmt: skip


def _basis_reported(lines: Sequence[Stated]) -> str | None:
    """Return yes, no, or both, as the lines say; null where none says it."""
    said = {line.basis_reported for line in lines} - {None}
    return None if not said else "both" if len(said) == 2 else "yes" if True in said else "no"


def _here(year: TaxYear, parts: pl.DataFrame, of: str, line: Stated) -> tuple[Decimal | None, list[str]]:
    """Return the figure of the year, and why there is none or what to know of it."""
    policy = year.policy
    if line.form in CALENDAR and policy.label != str(policy.year):
        return None, [f"{line.form} is of a calendar year, and the tax year is not: compare it with "
                      f"--jurisdiction none --currency {policy.currency}"]  # fmt: skip
    if of == "amount" and line.currency != policy.currency:
        return None, [f"stated in {line.currency}, and the year is counted in {policy.currency}"]
    notes = [] if parts.height else [f"the year has no such row of {line.account}"]
    if policy.fees == "apart" and line.figure in WITH_FEES and of == "amount":
        notes.append("before fees here, which are apart")
    if of == "transactions":
        return Decimal(parts["event"].n_unique()), notes
    made = total(parts[of].to_list())
    if made.unknown:
        known = f"; the others come to {plain(made.known)}" if made.many else ""
        return None, [f"{of} unknown of {counted(made.unknown, 'line')}{known}"]
    return made.known, notes


def _parts(year: TaxYear, account: str, figure: str, asset: str | None) -> pl.DataFrame:
    own = (pl.col("account") == account) | (pl.col("venue") == account)
    parts = FIGURES[figure].parts(year).filter(own.fill_null(value=False)).select(PARTS)
    return parts if asset is None else parts.filter(pl.col("asset") == asset)


def _agrees(stated: Decimal, difference: Decimal | None, of: str, many: int) -> bool | None:
    """Return whether what differs is rounding: half of the last digit stated, and of each transaction PER_LINE."""
    if difference is None:
        return None
    exponent = stated.as_tuple().exponent
    last = Decimal(1).scaleb(exponent) if isinstance(exponent, int) else Decimal(1)
    rounding = Decimal(0) if of == "transactions" else last * HALF + PER_LINE[of] * many
    return abs(difference) <= rounding
