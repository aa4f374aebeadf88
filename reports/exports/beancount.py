"""The journal for beancount (version 3; `bean-check` finds nothing to say).

A transaction is an event, in the order of the book; beancount has days only, so the instant is its `time`.  Every
figure is exact, and nothing is tolerated.  A `balance` is asserted at the start of a day: by what a venue states after
the last event of the day before, or for that midnight; what it states inside a day is metadata of the posting, or a
`note` where it is stated beside the rows.
"""

from __future__ import annotations

from typing import BinaryIO

import polars as pl
from polars import col

from reports.exports.contract import BEANCOUNT_DIGITS, Journal
from reports.exports.lines import DAY, Names, figure, put, where, whole
from reports.exports.names import account_names, beancount_commodities

HEADER = """;; Journal of a book, {made}{range}.
;; Amounts are + = debit.  Every event sums to zero per commodity; `file` and `row` are where an export states it;
;; times are UTC.  What a commodity or an account is called in the book stands beside its directive.
"""
UNEXPLAINED = """;; Equity:Unexplained holds {count} differences between what a venue states and what its rows lead to,
;; in transactions of their own (flag !): a wallet and its account there sum to the balance that the book computes.
"""
TOO_LONG = ";; beancount sums {digits} digits; figures of {assets} have more, and it may round their balances.\n"
OPTIONS = '\noption "title" "marginbook"\noption "tolerance_multiplier" "0"\n'


def write_beancount(journal: Journal, out: BinaryIO) -> None:
    """Write the journal; the parts are taken one by one."""
    commodities = beancount_commodities(journal.assets["asset"].to_list())
    names = Names(account_names(journal.accounts), commodities)
    out.write(HEADER.format(made=journal.made, range=journal.range).encode())
    if journal.unexplained:
        out.write(UNEXPLAINED.format(count=journal.unexplained).encode())
    if journal.too_long:
        assets = ", ".join(commodities[asset] for asset in journal.too_long)
        out.write(TOO_LONG.format(digits=BEANCOUNT_DIGITS, assets=assets).encode())
    out.write(OPTIONS.encode())
    _directives(journal, out, names)
    for part in journal.parts:
        put(out, names.events(part, journal), _event(), _posting(), _note())
    lines = names.of(journal.dawns).with_columns(col("day").dt.strftime(DAY))
    put(out, lines, "\n", col("day"), " balance ", col("name"), "  ", figure("stated"), " ~ 0 ", col("commodity"), "\n",
        _place())  # fmt: skip


def quoted(name: str) -> pl.Expr:
    """Return a text as a string of beancount: quotes and backslashes escaped, in one line."""
    text = col(name).str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    return whole('"', text.str.replace_all(r"[\pC\u2028\u2029]", " "), '"')


def _directives(journal: Journal, out: BinaryIO, names: Names) -> None:
    day = journal.first_day.isoformat()
    commodity = col("asset").replace_strict(names.commodities, return_dtype=pl.String())
    put(out, journal.assets, f"\n{day} commodity ", commodity, "\n  asset: ", quoted("asset"), "\n")
    origin = whole(
        *("\n  account: ", quoted("account"), "\n  venue: ", quoted("venue")),
        *("\n  posting-account: ", quoted("posting_account"), "\n"),
    )
    put(out, names.opened(journal), "\n", col("day"), " open ", col("name"), " ", col("commodities"), origin)
    if journal.forward.height:
        out.write(f'\n{day} * "brought forward"\n'.encode())
        lines = names.of(journal.forward)
        put(out, lines, "  ", col("name"), "  ", figure("amount"), " ", col("commodity"), "\n")


def _event() -> pl.Expr:
    """Return the first lines of a transaction at its first posting."""
    flag = pl.when(col("cause") == "unexplained").then(pl.lit("!")).otherwise(pl.lit("*"))
    return where(
        col("is_first") & (col("cause") != "stated"),
        *("\n", col("day"), " ", flag, " ", quoted("words"), "\n"),
        *('  time: "', col("time"), '"\n  id: ', quoted("entry_id"), "\n"),
        *(_place(), _said("reason", "  reason: ", quoted("reason")), _said("hint", "  hint: ", quoted("hint"))),
    )


def _posting() -> pl.Expr:
    return where(
        col("cause") != "stated",
        *("  ", col("name"), "  ", figure("amount"), " ", col("commodity"), "\n"),
        _said("row_key", '    row-key: "', col("row_key"), '"'),
        _said("stated", "    stated: ", figure("stated"), " ", col("commodity")),
        _held("    "),
    )


def _note() -> pl.Expr:
    """Return a balance that is stated beside the rows, which may be inside a day."""
    stated = whole(pl.coalesce(figure("stated"), figure("unasserted")), " ", col("commodity"))
    return where(
        col("cause") == "stated",
        *("\n", col("day"), " note ", col("name"), ' "the balance is stated: ', stated, '"\n'),
        *('  time: "', col("time"), '"\n', _place(), _said("row_key", '  row-key: "', col("row_key"), '"')),
        *(_said("stated", "  stated: ", stated), _held("  ")),
    )


def _place() -> pl.Expr:
    """Return where an export states it."""
    return whole(_said("file", "  file: ", quoted("file")), _said("row", "  row: ", col("row").cast(pl.String())))


def _said(name: str, *pieces: pl.Expr | str) -> pl.Expr:
    """Return a line of metadata where a column holds something."""
    return where(col(name).is_not_null(), *pieces, "\n")


def _held(indent: str) -> pl.Expr:
    """Return a balance that the venue states, and this journal does not hold at this place."""
    return whole(
        _said("unasserted", f"{indent}unasserted: ", figure("unasserted"), " ", col("commodity")),
        _said("unasserted", f"{indent}held-here: ", figure("running"), " ", col("commodity")),
    )
