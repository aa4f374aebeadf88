"""The reports of a month's close."""

from __future__ import annotations

from reports.contract import PERIOD_END, Column, Report, Valuation
from reports.missing import MISSING

HEADINGS = (
    "deposits", "withdrawals", "transfers", "trading", "realized_pnl", "trading_fees", "funding", "interest",
    "borrowed", "repaid", "liquidation", "other", "late",
)  # fmt: skip
"""Causes of change of the roll-forward: opening + all of them = closing."""
SELDOM = frozenset({"withdrawals", "trading_fees", "interest", "borrowed", "repaid", "liquidation", "other"})
"""Causes that a narrow terminal may leave out."""

RECONCILE = Report(
    name="reconcile",
    title="Roll-forward of every wallet",
    one_row="period, account, wallet, asset",
    columns=(
        Column("period"),
        Column("account"),
        Column("venue", wide=True),
        Column("wallet"),
        Column("asset", keep=True),
        Column("opening", "money", keep=True),
        *(Column(heading, "money", total=True, wide=heading in SELDOM) for heading in HEADINGS),
        Column("closing", "money", keep=True),
        Column("stated_closing", "money", wide=True),
        Column("difference", "money", keep=True),
        Column("status", keep=True),
    ),
    asset_column="asset",
    empty="nothing moved: import a ledger (wallet history, transaction history, statement)",
    note="opening + every cause = closing. tied: the venue's own figure is the same; broken: it is not, `report "
    "breaks` says where and why; explained: a person said why; no_anchor: no stated balance tells this closing. Closed "
    "months stand as they were frozen, in their own zone; by day, and in other zones, all is as the rows have it now.",
    valuation=Valuation(
        amounts=("closing",),
        at=PERIOD_END,
        is_stock=True,
        note="A closing is valued at its period's end (an unfinished one's at the last instant of the book, or --to).",
    ),
)

CLOSES = Report(
    name="closes",
    title="Closed months",
    one_row="a closed month of an account",
    columns=(
        Column("period"),
        Column("account"),
        Column("zone"),
        Column("status"),
        Column("closed_by"),
        Column("closed_at", "instant"),
        Column("reviewed_by"),
        Column("reviewed_at", "instant"),
        Column("reopened_at", "instant", wide=True),
        Column("reason", wide=True),
        Column("version", wide=True),
        Column("figures", wide=True),
    ),
    empty="no month is closed: `marginbook close 2025-10 --account NAME --by YOU`",
    note="figures: sha-256 of what was frozen. `report changes` shows what came for a closed month since.",
)

CHANGES = Report(
    name="changes",
    title="Figures that are not what they were",
    one_row="a figure",
    columns=(
        Column("period"),
        Column("account", wide=True),
        Column("report"),
        Column("line", wide=True),
        Column("name", keep=True),
        Column("asset", keep=True),
        Column("before", "money", keep=True),
        Column("now", "money", keep=True),
        Column("difference", "money", wide=True),
        Column("change"),
    ),
    asset_column="asset",
    empty="nothing changed",
    note="before: as frozen when the month was closed; with --since N: as the book was after import N.",
)

JOURNAL = Report(
    name="journal",
    title="Journal",
    one_row="a posting",
    columns=(
        Column("posted_at", "instant"),
        Column("account", wide=True),
        Column("venue", wide=True),
        Column("posting_account", keep=True),
        Column("asset"),
        Column("debit", "money"),
        Column("credit", "money"),
        Column("cause"),
        Column("symbol", wide=True),
        Column("entry_id", wide=True, whole=True),
        Column("row_key", wide=True, whole=True),
        Column("file", wide=True),
        Column("row", "count", wide=True),
    ),
    asset_column="asset",
    empty="nothing is posted: import a ledger (wallet history, transaction history, statement)",
    note="debit: the posting account grows. The postings of an event sum to zero per asset; `marginbook trace ROW_KEY` "
    "leads to its line. transit holds what is on the way between own wallets, outside what came from elsewhere or went "
    "there, borrowing what a wallet borrowed or repaid and its debt does not show.",
)

TRIAL_BALANCE = Report(
    name="trial_balance",
    title="Trial balance",
    one_row="a posting account and asset",
    columns=(
        Column("account", keep=True),
        Column("venue", wide=True),
        Column("posting_account", keep=True),
        Column("asset", keep=True),
        Column("opening", "money"),
        Column("debit", "money"),
        Column("credit", "money"),
        Column("balance", "money", keep=True),
    ),
    asset_column="asset",
    empty="nothing is posted: import a ledger (wallet history, transaction history, statement)",
    note="opening (before --from) + debit - credit = balance; + = debit. Every total's balance is zero. The whole book "
    "is shown by the first word of its posting accounts.",
)

TRANSFERS = Report(
    name="transfers",
    title="Transfers",
    one_row="a transfer",
    columns=(
        Column("transfer_id"),
        Column("asset"),
        Column("from_account", wide=True),
        Column("from_venue", wide=True),
        Column("from_wallet"),
        Column("sent_at", "instant"),
        Column("sent", "money", keep=True),
        Column("to_account", wide=True),
        Column("to_venue", wide=True),
        Column("to_wallet"),
        Column("received_at", "instant"),
        Column("received", "money", keep=True),
        Column("fee", "money"),
        Column("status", keep=True),
        Column("how", wide=True),
        Column("hint"),
    ),
    asset_column="asset",
    empty="nothing moved between wallets, came or went: import a ledger, or the deposits and withdrawals",
    note="matched: both ends are in the book; in_transit: the other wallet has it later, or not yet; unmatched: the "
    "other end should be in the book and is not; not_imported: the other wallet is not in the book; outside: a bank, "
    "an address of someone else, or of an own wallet that is not in the book. `marginbook match ROW ROW` ties two rows "
    "by hand, `marginbook unmatch ROW` says that one has no other end. how = nearly: a little less arrived (at most "
    "2 %, within a day) and nothing states a fee.",
)

PRICES = Report(
    name="prices",
    title="Prices that the book knows",
    one_row="a series of prices: of what, which price, from where",
    columns=(
        Column("symbol"),
        Column("quote"),
        Column("kind"),
        Column("source"),
        Column("first_at", "instant"),
        Column("last_at", "instant"),
        Column("rows", "count"),
        Column("last_price", "price"),
    ),
    empty="no prices: import candles, rates (eurofxref-hist.csv) or a CSV with time, symbol, price; funding rows with "
    "a mark price and fills count, too",
    note="`--currency` values amounts by these. quote is empty where the symbol says it itself (BTC/USDT, BTCUSDT), or "
    "is an asset in USDT. kind: index, mark and last were imported; funding is the mark price of a funding row; fill "
    "is an own execution.",
)

MONTHLY = (RECONCILE, TRANSFERS, CLOSES, CHANGES, JOURNAL, TRIAL_BALANCE, PRICES, *MISSING)
