"""The App: crypto, fiat and card wallets, a file each of one layout; `app_kinds.csv` says what each kind is.

All of the App is one pot: what is staked, locked up or held by an order is still there, and what moves between crypto
and fiat wallet stands in both files as one row.  Collateral of a loan is pledged; a repayment states principal and
interest in one amount.  A fiat row may have no kind: its description says what it is.  What a card bought is described
nowhere, and rejected.
"""

from __future__ import annotations

import re

import polars as pl

from importers.cells import mapped, money, text, utc_time
from importers.contract import Context, Format, Header, Identity
from importers.declared import claimed
from importers.emits import AMOUNT
from importers.shapes import KIND, LOG, Words, booked, complete, moved, of_asset
from importers.vocabulary import table

KINDS = Words.of(table(__file__, "app_kinds.csv"))
FAMILIES = {
    name: re.compile(re.escape(name).replace(r"\*", ".+")) for name in KINDS.lines if "*" in name
}  # fmt: skip
NO_KIND = {r"\bdeposit\b": "deposit", r"\bwithdrawal\b": "withdrawal"}


def _kind_of(text_: str) -> str | None:
    folded = text_.casefold()
    if folded in KINDS.lines:
        return folded
    return next((name for name, pattern in FAMILIES.items() if pattern.fullmatch(folded)), None)


def _event() -> pl.Expr:
    """Return the event of a kind, or of the description of a row without one; null where it has too few legs."""
    described: pl.Expr = pl.lit(None, dtype=pl.String)
    for pattern, meant in NO_KIND.items():
        said = pl.col("description").str.contains(f"(?i){pattern}").fill_null(False)
        described = pl.when(said).then(pl.lit(meant)).otherwise(described)
    event = pl.when(pl.col("word").is_null()).then(described).otherwise(KINDS.says("event"))
    lacks_leg = (event == "swap") & (pl.col("to_asset").is_null() | pl.col("to_amount").is_null())
    sent = pl.when(AMOUNT < 0).then(pl.lit("withdrawal")).otherwise(pl.lit("deposit"))
    return pl.when(~lacks_leg.fill_null(False)).then(pl.when(event == "sent").then(sent).otherwise(event))


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the sign of an exchange's first leg: what is given leaves, however it is printed."""
    given = pl.when(pl.col("event") == "swap").then(-AMOUNT.abs()).otherwise(AMOUNT)
    what = pl.coalesce(pl.concat_str("asset", pl.lit(">"), "to_asset"), "kind", pl.lit(""))
    group = pl.concat_str(pl.col("time").dt.strftime("%Y-%m-%d %H:%M:%S "), what)
    return complete(KINDS.looked_up(rows).with_columns(given.alias("amount")).with_columns(group.alias("group_ref")))


GOT, GOT_ASSET = pl.col("to_amount").abs(), pl.col("to_asset")
PAID, PAID_ASSET = -pl.col("native_amount").abs(), pl.col("native_asset")
PART = booked("conversions", KIND)
CASES = {
    **{name: LOG[name] for name in (
        "pledge", "borrow", "repay", "deposit", "withdrawal", "transfer", "conversion", "income", "rebate",
        "correction", "unknown")},
    "swap": (
        moved("conversion"), of_asset(moved("conversion"), GOT_ASSET, GOT), PART, of_asset(PART, GOT_ASSET, GOT),
    ),
    "purchase": (moved("conversion"), PART, of_asset(PART, PAID_ASSET, PAID)),
}  # fmt: skip
"""A purchase is paid by a card outside: what was paid stands in `conversions`, and in no movement."""

COLUMNS = (
    "Timestamp (UTC)", "Transaction Description", "Currency", "Amount", "To Currency", "To Amount", "Native Currency",
    "Native Amount", "Native Amount (in USD)", "Transaction Kind",
)  # fmt: skip
APP = Format(
    name="cryptocom.app",
    family="cryptocom.app",
    venue="cryptocom",
    title="Crypto.com App: transactions of the crypto, fiat or card wallet",
    confidence="parser seen",
    how="App, Accounts, History, Export, as CSV (`crypto_transactions_record_...`), each wallet",
    headers=(
        Header(name="to about 2022", columns=COLUMNS),
        Header(name="with hash", columns=(*COLUMNS, "Transaction Hash")),
    ),
    aliases={
        "Timestamp (UTC)": "time", "Transaction Description": "description", "To Currency": "to_currency",
        "To Amount": "to_amount", "Native Currency": "native_currency", "Native Amount": "native_amount",
        "Native Amount (in USD)": "in_usd", "Transaction Kind": "kind", "Transaction Hash": "hash",
    },
    cells={
        "time": utc_time("time", "%Y-%m-%d %H:%M:%S"),
        "description": text("description"),
        "word": mapped("kind", _kind_of, "a kind as crypto_exchange, viban_purchase, crypto_credit_loan_credited",
                       unmapped=True),
        "asset": text("currency", required=True),
        "amount": money("amount", required=True),
        "to_asset": text("to_currency"),
        "to_amount": money("to_amount"),
        "native_asset": text("native_currency"),
        "native_amount": money("native_amount"),
        "transaction_ref": text("hash"),
    },
    event=_event(),
    event_columns=("kind", "description", "to_currency"),
    cases=CASES,
    ignores={
        "inside": "staked, locked up or lent: stays in the pot",
        "order_lock": "held by an order or given back: stays in the pot",
        "elsewhere": "paid into the Exchange, not into the App",
    },
    newest_first=True,
    wallet="funding",
    identity=Identity(kind="content", cells=("time", "word", "asset", "amount")),
    claims=claimed(2, ledger=1, borrow_repay=1),
    prepare=_prepare,
    unread={"in_usd": "the venue's valuation"},
)  # fmt: skip
"""A kind of the credit programme that nobody has described is booked as unknown: it moved what it says."""

FORMATS = (APP,)
