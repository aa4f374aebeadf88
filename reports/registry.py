"""The reports: one value each, the SQL in the file of the same name."""

from __future__ import annotations

import polars as pl

from reports.contract import AS_OF, PERIOD_END, Column, Report, Valuation
from reports.margins import MARGINS
from reports.monthly import MONTHLY
from schemas.types import MONEY

DAY_US = 86_400_000_000
YEAR_US = 365 * DAY_US
INVERSE_DIGITS = 8
"""A harmonic price is a quotient of a quotient of 18 places: more digits of it are noise."""
INVERSE = pl.col("style") == "inverse"
OF_PERIODS = (
    "What a period comes to is valued at its end (an unfinished one: at the last instant of the book, or --to), not "
    "payment by payment."
)


def decimal(value: int) -> pl.Expr:
    """Return a whole number as an exact decimal."""
    return pl.lit(value).cast(MONEY)


def quotient(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """Return an exact quotient, rounded half to even at 18 places; null where the denominator is 0."""
    return numerator / pl.when(denominator != 0).then(denominator)


def average_price(quantity: str, weight: str) -> pl.Expr:
    """Return the size-weighted average price; harmonic for inverse contracts."""
    harmonic = quotient(pl.col(quantity), pl.col(weight)).round(INVERSE_DIGITS)
    arithmetic = quotient(pl.col(weight), pl.col(quantity))
    return pl.when(INVERSE).then(harmonic).otherwise(arithmetic)


def days(column: str) -> pl.Expr:
    """Return microseconds as days."""
    return pl.col(column).cast(MONEY) / decimal(DAY_US)


def money(*names: str) -> tuple[Column, ...]:
    """Return columns of amounts that have totals."""
    return tuple(Column(name, "money", total=True) for name in names)


LONG_ENOUGH = pl.col("held_us") >= DAY_US
COST = pl.col("cost_of_carry")
SIGNED_COST = pl.when(pl.col("side") == "long").then(COST).otherwise(-COST)

POSITIONS = Report(
    name="positions",
    title="Positions",
    one_row="a position",
    columns=(
        Column("position_id", whole=True),
        Column("account", wide=True),
        Column("venue", wide=True),
        Column("wallet", wide=True),
        Column("symbol", wide=True),
        Column("product", wide=True),
        Column("margin_mode", wide=True),
        Column("position_side", wide=True),
        Column("side", wide=True),
        Column("status", keep=True),
        Column("opened_at", "instant"),
        Column("closed_at", "instant"),
        Column("max_quantity", "quantity"),
        Column("quantity", "quantity", wide=True),
        Column("entry_price", "price", keep=True),
        Column("exit_price", "price", keep=True),
        Column("settle_asset"),
        *money("gross_pnl", "trading_fees", "funding", "interest", "liquidation_fees", "insurance", "net_pnl"),
        Column("fills", "count", wide=True),
        Column("flags", "words"),
    ),
    ratios={
        "entry_price": average_price("entry_quantity", "entry_weight"),
        "exit_price": average_price("exit_quantity", "exit_weight"),
        "running_entry_price": pl.when(pl.col("quantity") != 0).then(
            pl.when(INVERSE)
            .then(quotient(pl.col("quantity") * pl.col("multiplier"), pl.col("open_cost")))
            .otherwise(quotient(pl.col("open_cost"), pl.col("quantity") * pl.col("multiplier")))
        ),
    },
    scaffold=("entry_weight", "exit_weight"),
    asset_column="settle_asset",
    empty="no position: import fills (a trade history, executions) of perpetuals, futures or a margin account",
    valuation=Valuation(amounts=("net_pnl",), at="closed_at"),
)

CARRY = Report(
    name="carry",
    title="Cost of carry by position",
    one_row="a position; costs that belong to none follow",
    columns=(
        Column("position_id", whole=True),
        Column("account", wide=True),
        Column("venue", wide=True),
        Column("symbol", wide=True),
        Column("side", wide=True),
        Column("status"),
        Column("opened_at", "instant"),
        Column("closed_at", "instant", wide=True),
        Column("settle_asset"),
        Column("holding_days", "quantity"),
        Column("exposure_days", "quantity", wide=True),
        *money("trading_fees", "funding", "interest", "liquidation_fees", "carry"),
        Column("cost_of_carry", "money", total=True, keep=True),
        Column("carry_per_day", "money", wide=True),
        Column("carry_annualized_on_notional", "ratio"),
        Column("breakeven_price", "price"),
        Column("breakeven_percent", "percent"),
        *money("gross_pnl", "net_pnl"),
        Column("turned_to_loss"),
    ),
    ratios={
        "holding_days": days("held_us"),
        "exposure_days": pl.col("exposure")
        + pl.when(pl.col("since_us") > 0).then(pl.col("open_cost") * days("since_us")).otherwise(decimal(0)),
        "carry_per_day": pl.when(LONG_ENOUGH).then(quotient(pl.col("carry"), pl.col("holding_days"))),
        "carry_annualized_on_notional": pl.when(LONG_ENOUGH).then(
            quotient(pl.col("carry") * decimal(365), pl.col("exposure_days"))
        ),
        "entry_price": average_price("entry_quantity", "entry_weight"),
        "breakeven_price": pl.when(INVERSE)
        .then(quotient(pl.col("entry_price") * pl.col("entry_value"), pl.col("entry_value") - SIGNED_COST))
        .otherwise(pl.col("entry_price") + quotient(pl.col("entry_price") * SIGNED_COST, pl.col("entry_value"))),
        "breakeven_percent": quotient(COST * decimal(100), pl.col("entry_value")),
    },
    scaffold=("held_us", "since_us", "exposure", "open_cost", "entry_quantity", "entry_weight", "style", "quantity"),
    asset_column="settle_asset",
    empty="no position and no cost: import fills and the transaction history",
    valuation=Valuation(amounts=("cost_of_carry", "net_pnl"), at="closed_at"),
)

REALIZED = Report(
    name="realized",
    title="Realized results",
    one_row="a position in a period; what no position took has lines of its own",
    columns=(
        Column("period"),
        Column("position_id", whole=True),
        Column("account", wide=True),
        Column("venue", wide=True),
        Column("symbol"),
        Column("settle_asset"),
        *money("gross_pnl", "trading_fees", "funding", "interest", "liquidation_fees", "insurance", "net_pnl"),
    ),
    asset_column="settle_asset",
    empty="nothing was realized in this range",
    note="Lines without a position: rows of the ledger that no fill explains; where the venue booked one result per "
    "session, gross, fees and funding are not known.",
    valuation=Valuation(amounts=("net_pnl",), at=PERIOD_END, note=OF_PERIODS),
)

FUNDING = Report(
    name="funding",
    title="Funding",
    one_row="period, account, instrument",
    columns=(
        Column("period"),
        Column("account", wide=True),
        Column("venue", wide=True),
        Column("symbol"),
        Column("asset"),
        *money("paid", "received", "net"),
        Column("rows", "count"),
        Column("implied_annual_rate", "ratio"),
    ),
    ratios={
        "implied_annual_rate": quotient(pl.col("longs_paid"), pl.col("held_value"))
        * quotient(pl.lit(YEAR_US).cast(MONEY), pl.col("interval_us").cast(MONEY)),
    },
    scaffold=("longs_paid", "held_value", "interval_us"),
    asset_column="asset",
    empty="no funding: import a transaction history or executions",
    note="The implied rate is what longs paid on the cost of the position, simple, at the instrument's own interval.",
    valuation=Valuation(amounts=("net",), at=PERIOD_END, note=OF_PERIODS),
)

INTEREST = Report(
    name="interest",
    title="Borrow interest",
    one_row="period, account, isolated pair, asset",
    columns=(
        Column("period"),
        Column("account", wide=True),
        Column("venue"),
        Column("symbol"),
        Column("asset"),
        *money("paid", "received", "net"),
        Column("rows", "count"),
        Column("implied_annual_rate", "ratio"),
    ),
    ratios={
        "implied_annual_rate": quotient(pl.col("charged_on"), pl.col("principal_sum"))
        * quotient(pl.lit(YEAR_US).cast(MONEY), pl.col("interval_us").cast(MONEY)),
    },
    scaffold=("charged_on", "principal_sum", "interval_us"),
    asset_column="asset",
    empty="no interest: import margin interest records, or a transaction log of a unified account or a lender",
    note="The implied rate is what was charged on the principal, simple, at the export's own interval.",
    valuation=Valuation(amounts=("net",), at=PERIOD_END, note=OF_PERIODS),
)

INCOME = Report(
    name="income",
    title="Income and expenses",
    one_row="a kind of income or expense in a period, an account and an asset; interest by loan",
    columns=(
        Column("period"),
        Column("account", wide=True),
        Column("venue", wide=True),
        Column("group"),
        Column("part", keep=True),
        Column("asset"),
        *money("paid", "received", "net"),
        Column("rows", "count"),
        Column("loan_id", wide=True),
    ),
    asset_column="asset",
    empty="nothing was earned, paid or lost in this range",
    note="result: what closing realized (paid: losses, received: gains), of spot at average cost; written_off: debt "
    "that was forgiven.  Sums are those of `report realized`, `funding` and `interest`; every fee is in the asset that "
    "paid it.",
    valuation=Valuation(amounts=("paid", "received", "net"), at=PERIOD_END, note=OF_PERIODS),
)

LOANS = Report(
    name="loans",
    title="Loans and debt pools",
    one_row="a loan or a debt pool",
    columns=(
        Column("loan_id", whole=True),
        Column("account", wide=True),
        Column("venue", wide=True),
        Column("wallet", wide=True),
        Column("asset"),
        Column("collateral_asset", wide=True),
        Column("opened_at", "instant"),
        Column("closed_at", "instant"),
        *money("drawn", "interest", "repaid_principal", "repaid_interest", "liquidated", "remaining_debt"),
        Column("cost_percent", "percent"),
        Column("status"),
    ),
    ratios={
        "cost_percent": quotient((pl.col("interest") + pl.col("fees_valued")) * decimal(100), pl.col("drawn")),
    },
    scaffold=("fees_valued",),
    asset_column="asset",
    empty="nothing was borrowed: import margin borrow and repay records, a unified account's log, a lender's history",
    note="remaining_debt = drawn + interest - repaid_principal - repaid_interest; liquidated is what of both "
    "repayments the sale of collateral paid.  `report loan_events` shows every step and the loan to value.",
    valuation=Valuation(amounts=("remaining_debt",), at=AS_OF, is_stock=True),
)

LOAN_EVENTS = Report(
    name="loan_events",
    title="Events of loans",
    one_row="an event of a loan or a debt pool",
    columns=(
        Column("happened_at", "instant"),
        Column("loan_id", whole=True),
        Column("kind"),
        Column("amount", "money"),
        Column("asset"),
        Column("principal_after", "money"),
        Column("interest_after", "money"),
        Column("ltv", "ratio"),
        Column("ltv_stated", "ratio"),
        Column("value", "money", wide=True),
        Column("how", wide=True),
    ),
    empty="nothing was borrowed",
    note="ltv: debt / value of the collateral (what counts of it) where every price is known; ltv_stated: the venue's.",
)

LIQUIDATIONS = Report(
    name="liquidations",
    title="Liquidations",
    one_row="a liquidation event",
    columns=(
        Column("liquidation_id", whole=True),
        Column("account", wide=True),
        Column("venue", wide=True),
        Column("wallet", wide=True),
        Column("product", wide=True),
        Column("margin_mode", wide=True),
        Column("symbol"),
        Column("side"),
        Column("started_at", "instant"),
        Column("ended_at", "instant", wide=True),
        Column("stage"),
        Column("quantity", "quantity"),
        Column("trigger_price", "price"),
        Column("average_price", "price"),
        Column("bankruptcy_price", "price"),
        *money("liquidation_fee", "insurance", "loss"),
        Column("settle_asset"),
        Column("position_id", wide=True),
        Column("primary_cause", keep=True),
        Column("fee", "money", total=True, wide=True),
        Column("slippage", "money", total=True, wide=True),
        Column("leverage_at_open", "quantity", wide=True),
        Column("carry", "money", total=True, wide=True),
        Column("positions", "words", wide=True),
        Column("found_by", "words", wide=True),
        Column("legs", "words", wide=True),
    ),
    asset_column="settle_asset",
    empty="no liquidation in this range: import fills, the venue's own list of forced orders, and the ledger, whose "
    "fees and insurance tell of them, too",
    note="loss: what the forced fills realized against their entry, with fee (their trading fees) and "
    "liquidation_fee, less insurance (of a loan: what its collateral less its debt lost); `marginbook audit ID` says "
    "why, and what the whole bucket lost from its start on, as `lost in all`.  `BTCUSDT +2`: two more symbols went "
    "with it, all are in `legs`, and no quantity or price is that of all.  slippage: + = better than the mark; "
    "carry: interest less funding of the positions; leverage_at_open: sum of notionals / equity of the bucket, just "
    "after the position was last made larger.",
    valuation=Valuation(amounts=("loss",), at="ended_at"),
)

LIQUIDATION_SUMMARY = Report(
    name="liquidation_summary",
    title="What keeps liquidating",
    one_row="period, account, settle asset; all, and by cause, symbol and leverage at open",
    columns=(
        Column("period"),
        Column("account", wide=True),
        Column("venue", wide=True),
        Column("settle_asset"),
        Column("dimension", keep=True),
        Column("value", keep=True),
        Column("count", "count"),
        Column("loss", "money"),
        Column("fee", "money", wide=True),
        Column("liquidation_fee", "money", wide=True),
        Column("slippage", "money", wide=True),
        Column("insurance", "money", wide=True),
        Column("carry", "money"),
        Column("carry_share", "percent"),
        Column("unknown", "count", wide=True),
    ),
    ratios={
        "carry_share": pl.when(pl.col("loss") > 0).then(
            quotient(pl.col("carry_of_loss") * decimal(100), pl.col("loss"))
        ),
    },
    scaffold=("carry_of_loss",),
    asset_column="settle_asset",
    empty="no liquidation in this range",
    note="Every liquidation is in each dimension once; an auto-deleveraging is none and stands apart.  carry: interest "
    "less funding of the positions, carry_share: its share of the loss in percent; sums are of what is known, "
    "`unknown` counts the liquidations whose loss is not.  `--by year` asks what keeps happening.",
    valuation=Valuation(amounts=("loss",), at=PERIOD_END, note=OF_PERIODS),
)

BALANCES = Report(
    name="balances",
    title="Balances",
    one_row="account, wallet, asset",
    columns=(
        Column("account"),
        Column("venue", wide=True),
        Column("wallet"),
        Column("asset"),
        Column("computed", "money"),
        Column("owed", "money", wide=True),
        Column("stated", "money"),
        Column("difference", "money"),
        Column("stated_at", "instant"),
        Column("basis"),
    ),
    asset_column="asset",
    empty="no balance: import a ledger (wallet history, transaction history, statement)",
    note="basis: stated = the venue states this very balance; anchored = computed on from one it stated; "
    "derived = from fills and transfers, no ledger; no_anchor = the opening is unknown, so it starts at 0.",
    valuation=Valuation(amounts=("computed", "owed"), at=AS_OF, is_stock=True),
)

BREAKS = Report(
    name="breaks",
    title="Breaks in the chain of stated balances",
    one_row="a place where the chain does not hold",
    columns=(
        Column("break_id", whole=True),
        Column("account", wide=True),
        Column("venue", wide=True),
        Column("wallet"),
        Column("asset"),
        Column("broken_at", "instant"),
        Column("expected", "money"),
        Column("stated", "money"),
        Column("difference", "money"),
        Column("file"),
        Column("row", "count"),
        Column("hint", wide=True),
        Column("age_days", "count", wide=True),
        Column("status", wide=True),
    ),
    asset_column="asset",
    empty="no breaks: every balance that the venue states follows from the rows before it",
)

COVERAGE = Report(
    name="coverage",
    title="What the imported files cover",
    one_row="account, wallet, fact, format",
    columns=(
        Column("account"),
        Column("venue", wide=True),
        Column("wallet"),
        Column("fact"),
        Column("format"),
        Column("first_at", "instant"),
        Column("last_at", "instant"),
        Column("rows", "count"),
        Column("gaps", "count"),
        Column("hint"),
        Column("speaks", wide=True),
    ),
    empty="nothing is covered yet: `marginbook import PATH...`",
    note="speaks: the ranges in which the format counts; elsewhere it is a witness (`report witnesses`). `report gaps` "
    "lists every gap, `report downloads` what to download next, `report calendar` shows days.",
)

WITNESSES = Report(
    name="witnesses",
    title="Where two exports state the same fact",
    one_row="account, wallet, fact, day, asset",
    columns=(
        Column("account", wide=True),
        Column("wallet"),
        Column("fact"),
        Column("day", "instant"),
        Column("asset"),
        Column("voice"),
        Column("witness"),
        Column("voice_rows", "count"),
        Column("witness_rows", "count"),
        Column("voice_sum", "money"),
        Column("witness_sum", "money"),
        Column("difference", "money"),
        Column("only_voice", "count", wide=True),
        Column("only_witness", "count", wide=True),
        Column("line", wide=True, whole=True),
    ),
    asset_column="asset",
    empty="no two exports overlap",
    note="A witness is compared, never added. only_voice, only_witness: rows that only this export has; "
    "`marginbook trace LINE` leads to them.",
)

FINDINGS = Report(
    name="findings",
    title="Findings",
    one_row="a thing to look at",
    columns=(
        Column("finding_id", whole=True),
        Column("kind", wide=True),
        Column("severity"),
        Column("account", wide=True),
        Column("wallet", wide=True),
        Column("symbol"),
        Column("found_at", "instant"),
        Column("sentence"),
        Column("rows", "words", wide=True),
    ),
    empty="nothing to look at",
)

REPORTS: dict[str, Report] = {
    report.name: report
    for report in (
        POSITIONS,
        CARRY,
        REALIZED,
        FUNDING,
        INTEREST,
        INCOME,
        LOANS,
        LOAN_EVENTS,
        LIQUIDATIONS,
        LIQUIDATION_SUMMARY,
        BALANCES,
        BREAKS,
        WITNESSES,
        COVERAGE,
        FINDINGS,
        *MARGINS,
        *MONTHLY,
    )
}
