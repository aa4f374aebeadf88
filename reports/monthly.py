"""The reports of a month's close."""

from __future__ import annotations

from reports.contract import Column, Report

HEADINGS = (
    "deposits", "withdrawals", "transfers", "trading", "realized_pnl", "trading_fees", "funding", "interest",
    "borrowed", "repaid", "liquidation", "other", "late",
)  # fmt: skip
"""Causes of change of the roll-forward: opening + all of them = closing."""

RECONCILE = Report(
    name="reconcile",
    title="Roll-forward of every wallet",
    one_row="period, account, wallet, asset",
    columns=(
        Column("period"),
        Column("account", wide=True),
        Column("venue", wide=True),
        Column("wallet"),
        Column("asset"),
        Column("opening", "money"),
        *(Column(heading, "money", total=True) for heading in HEADINGS),
        Column("closing", "money"),
        Column("stated_closing", "money"),
        Column("difference", "money"),
        Column("status", keep=True),
    ),
    asset_column="asset",
    empty="nothing moved: import a ledger (wallet history, transaction history, statement)",
    note="opening + every cause = closing. tied: the venue's own figure is the same; broken: it is not, `report "
    "breaks` says where and why; explained: a person said why; no_anchor: no stated balance tells this closing.",
)

MONTHLY = (RECONCILE,)
