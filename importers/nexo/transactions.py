"""The transactions of an account, in nine headers and two families; `rows.py` says what they become."""

from __future__ import annotations

from dataclasses import replace

from importers.cells import local_time, text
from importers.contract import Cell, Claim, Format, Header, Identity
from importers.nexo.cells import amount, dollars, status, ticker, transaction_type
from importers.nexo.credit import REPEATED
from importers.nexo.rows import CASES, IGNORES, TYPES, event, prepare

CELLS: dict[str, Cell] = {
    "time": local_time("time", "%Y-%m-%d %H:%M:%S"),
    "transaction": text("transaction", required=True),
    "type": transaction_type("type", tuple(TYPES)),
    "in_unit": ticker("in_currency", required=True),
    "in_amount": amount("in_amount", required=True),
    "out_unit": ticker("out_currency", "in_currency"),
    "out_amount": amount("out_amount", "in_amount"),
    "usd": dollars("usd"),
    "fee": amount("fee"),
    "fee_unit": ticker("fee_currency"),
    "status": status("details"),
    "details": text("details"),
    "credit_line": text("credit_line"),
    "outstanding": dollars("outstanding"),
}
ALIASES = {
    "Transaction": "transaction", "Type": "type", "Credit Line": "credit_line", "Currency": "in_currency",
    "Amount": "in_amount", "Input Currency": "in_currency", "Input Amount": "in_amount",
    "Output Currency": "out_currency", "Output Amount": "out_amount", "USD Equivalent": "usd", "Fee": "fee",
    "Fee Currency": "fee_currency", "Details": "details", "Outstanding Loan": "outstanding",
}  # fmt: skip
LEGS = ("Transaction", "Type", "Input Currency", "Input Amount", "Output Currency", "Output Amount", "USD Equivalent")
FEES = ("Fee", "Fee Currency", "Details", "Date / Time (UTC)")

TRANSACTIONS = Format(
    name="nexo.transactions",
    family="nexo.transactions",
    venue="nexo",
    title="Nexo: transactions, in UTC",
    confidence="real file seen",
    how="Transactions, Export (or Profile, Download statement), as CSV",
    headers=(
        Header(name="UTC", columns=(*LEGS, "Details", "Date / Time (UTC)")),
        Header(name="with fees", columns=(*LEGS, *FEES)),
        Header(name="with fees and display details", columns=(*LEGS, *FEES, "normalizedDisplayDetails")),
        Header(
            name="with credit line",
            confidence="parser seen",
            columns=("Transaction", "Type", "Credit Line", *LEGS[2:], *FEES),
        ),
        Header(
            name="one leg, UTC",
            confidence="parser seen",
            columns=("Transaction", "Type", "Currency", "Amount", "USD Equivalent", "Details", "Date / Time (UTC)"),
        ),
    ),
    aliases={**ALIASES, "Date / Time (UTC)": "time"},
    cells=CELLS,
    event=event(),
    event_columns=("type", "in_currency", "in_amount", "details"),
    cases=CASES,
    ignores=IGNORES,
    newest_first=True,
    wallet="unified",
    identity=Identity(kind="id_collapses", cells=REPEATED),
    claims=tuple(Claim(fact=fact, rank=1, skew_s=2) for fact in ("ledger", "borrow_repay", "interest", "liquidations")),
    prepare=prepare,
    unread={"normalizeddisplaydetails": "the details, as the screen shows them"},
)
"""An id is shared by paired rows of other types, and by exact repeats of one row: listed twice, not done twice.
Amounts count unsigned in the identity, since vintages print some with the other sign."""

OLD_TRANSACTIONS = replace(
    TRANSACTIONS,
    name="nexo.transactions_old",
    family="nexo.transactions_old",
    title="Nexo: transactions to 2022, in unmarked time",
    headers=(
        Header(
            name="one leg, without dollars",
            columns=("Transaction", "Type", "Currency", "Amount", "Details", "Outstanding Loan", "Date / Time"),
        ),
        Header(
            name="one leg",
            columns=(
                "Transaction",
                "Type",
                "Currency",
                "Amount",
                "USD Equivalent",
                "Details",
                "Outstanding Loan",
                "Date / Time",
            ),
        ),
        Header(name="two legs, outstanding loan", columns=(*LEGS, "Details", "Outstanding Loan", "Date / Time")),
        Header(name="two legs", confidence="parser seen", columns=(*LEGS, "Details", "Date / Time")),
    ),
    aliases={**ALIASES, "Date / Time": "time"},
    claims=tuple(replace(claim, rank=2) for claim in TRANSACTIONS.claims),
    assumed_zone="Europe/Zurich",
)
"""A family of its own: later exports give the same transactions other ids.  The zone is a public parser's reading, and
fits the hour at which interest is paid; another parser reads UTC, so the import says what it assumed."""

FORMATS = (TRANSACTIONS, OLD_TRANSACTIONS)
