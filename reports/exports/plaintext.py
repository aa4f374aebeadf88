"""The journal for hledger (`hledger check --strict ordereddates`) and for ledger (`ledger --pedantic --strict`).

Both read one language, and hold an assertion where it stands: every balance that a venue states is asserted at the
posting that leads to it (`= 5 BTC`).  Tags are lines of their own; in their values `,` `[` and `%` are written as %2C
%5B %25, because they would end a tag or begin a date.
"""

from __future__ import annotations

from typing import BinaryIO, Literal

import polars as pl
from polars import col

from reports.exports.contract import Journal
from reports.exports.lines import Names, figure, put, where, whole
from reports.exports.names import account_names, quoted_commodity

Program = Literal["hledger", "ledger"]
TAGS = (
    "account", "venue", "posting_account", "time", "id", "file", "row", "row_key", "reason", "hint", "unasserted",
    "held_here",
)  # fmt: skip
SPECIAL = (("%", "%25"), (",", "%2C"), ("[", "%5B"))
LONGEST_VALUE = 300
"""Letters of a text that are told: ledger reads no line of more than 4,096 bytes."""
FEWEST = 2
"""Decimals that a commodity is shown with at least."""
HEADER = """; Journal of a book, {made}{range}.
; Amounts are + = debit.  Every event sums to zero per commodity; file and row are where an export states it;
; times are UTC.
"""
UNEXPLAINED = """; Equity:Unexplained holds {count} differences between what a venue states and what its rows lead to,
; in transactions of their own (!): a wallet and its account there sum to the balance that the book computes.
"""


def write_plaintext(journal: Journal, out: BinaryIO, program: Program) -> None:
    """Write the journal; the parts are taken one by one."""
    commodities = {asset: quoted_commodity(asset) for asset in journal.assets["asset"].to_list()}
    names = Names(account_names(journal.accounts), commodities)
    out.write(HEADER.format(made=journal.made, range=journal.range).encode())
    if journal.unexplained:
        out.write(UNEXPLAINED.format(count=journal.unexplained).encode())
    if program == "ledger":  # hledger declares tags since 1.29 only
        out.write("".join(f"\ntag {tag}" for tag in TAGS).encode() + b"\n")
    _directives(journal, out, names)
    for part in journal.parts:
        put(out, names.events(part, journal), _event(), _posting())


def plain(name: str) -> pl.Expr:
    """Return a text as the value of a tag, or a part of a description: it can end or begin nothing."""
    text = col(name)
    text = pl.when(text.str.len_chars() > LONGEST_VALUE).then(text.str.slice(0, LONGEST_VALUE) + "...").otherwise(text)
    for sign, code in SPECIAL:
        text = text.str.replace_all(sign, code, literal=True)
    return text.str.replace_all(r"[\pC\u2028\u2029]", " ")


def _directives(journal: Journal, out: BinaryIO, names: Names) -> None:
    assets = journal.assets.with_columns(
        commodity=col("asset").replace_strict(names.commodities, return_dtype=pl.String()),
        zeros=pl.lit("0").repeat_by(pl.max_horizontal("decimals", FEWEST)).list.join(""),
    )
    form = whole("    format 1000.", col("zeros"), " ", col("commodity"))
    put(out, assets, "\ncommodity ", col("commodity"), "\n", form, "\n")
    tags = (_tag(name, plain(name)) for name in ("account", "venue", "posting_account"))
    put(out, names.opened(journal), "\naccount ", col("name"), "\n", *tags)
    if journal.forward.height:
        out.write(f"\n{journal.first_day.isoformat()} * brought forward\n".encode())
        lines = names.of(journal.forward)
        put(out, lines, "    ", col("name"), "  ", figure("amount"), " ", col("commodity"), "\n")


def _event() -> pl.Expr:
    """Return the first lines of a transaction at its first posting; a `;` or `|` would end its description."""
    flag = pl.when(col("cause") == "unexplained").then(pl.lit("!")).otherwise(pl.lit("*"))
    words = plain("words").str.replace_all(r"[;|]", " ")
    return where(
        col("is_first"),
        *("\n", col("day"), " ", flag, " ", words, "\n", _tag("time", col("time")), _tag("id", plain("entry_id"))),
        *(_tag("file", plain("file")), _tag("row", col("row").cast(pl.String()))),
        *(_tag("reason", plain("reason")), _tag("hint", plain("hint"))),
    )


def _posting() -> pl.Expr:
    """Return a posting, with the balance that the venue states after it; beside the rows it is a posting of nothing."""
    held = _tag("held_here", figure("running"))
    return whole(
        *("    ", col("name"), "  ", figure("amount"), " ", col("commodity")),
        where(col("stated").is_not_null(), " = ", figure("stated"), " ", col("commodity")),
        *("\n", _tag("row_key", col("row_key"))),
        where(col("unasserted").is_not_null(), _tag("unasserted", figure("unasserted")), held),
    )


def _tag(name: str, value: pl.Expr) -> pl.Expr:
    """Return the line of a tag, nothing where it has no value."""
    return whole(f"    ; {name}: ", value, "\n").fill_null("")
