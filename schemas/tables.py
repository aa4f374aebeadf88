"""What a normalized row is, table by table: columns, types, words, units and signs.

Everything else about tables (DDL, column order, the README's list) is generated from here.
Cash amounts, funding and realized results are + when the account gains.  Fees, interest and liquidation
fees are + when they cost; a rebate is a negative fee.
"""

from __future__ import annotations

from typing import Any

import pandera.polars as pa
import polars as pl

from schemas.types import Instant, Key, Money

PRODUCTS = ("spot", "margin", "perpetual", "future", "option")
MARGIN_MODES = ("cross", "isolated", "portfolio")
POSITION_SIDES = ("both", "long", "short")
WALLETS = (
    "spot", "funding", "cross_margin", "isolated_margin", "usdm", "coinm", "unified", "earn", "loan",
    "options", "strategy", "mining", "card", "p2p",
)  # fmt: skip
CAUSES = (
    "trade", "realized_pnl", "session_result", "trading_fee", "funding", "interest", "liquidation_fee",
    "insurance", "deposit", "withdrawal", "network_fee", "transfer", "margin_move", "pledge", "borrow", "repay",
    "repay_principal", "repay_interest", "conversion", "rebate", "income", "correction", "unknown",
)  # fmt: skip
FACTS = ("ledger", "fills", "fees", "funding", "interest", "liquidations", "borrow_repay")


def one_of(words: tuple[str, ...], description: str, nullable: bool = True) -> Any:
    return pa.Field(nullable=nullable, isin=list(words), description=description)


def known(description: str) -> Any:
    return pa.Field(nullable=False, description=description)


def maybe(description: str) -> Any:
    return pa.Field(nullable=True, description=description)


class Table(pa.DataFrameModel):
    """Base of all models: exact types, nothing coerced."""

    class Config:
        strict = True
        coerce = False


class Row(Table):
    """What every normalized row says of its origin."""

    row_key: Key = known("identity of the fact: hash of series and key cells, ordinal among twins, leg number")
    account: str = known("the user's name for one login or sub-account")
    venue: str = known("the exchange or lender")
    wallet: str = one_of(WALLETS, "the pot inside the account", nullable=False)
    format: str = known("the format that read the row")
    file_id: str = known("sha-256 of the file part that first stated it")
    source_row: pl.UInt32 = known("line (CSV), row (sheet) or index + 1 (JSON) where the record starts")


class Fill(Row):
    """One execution."""

    filled_at: Instant = known("when it was executed")
    sequence: pl.Int64 = maybe("order inside one instant: the venue's id, else file order")
    symbol: str = known("the venue's own name of the instrument")
    instrument: str = maybe("unified name, as BTC/USDT:USDT")
    product: str = one_of(PRODUCTS, "what kind of instrument", nullable=False)
    margin_mode: str = one_of(MARGIN_MODES, "how the position is margined, where stated")
    pair: str = maybe("the pair of an isolated margin wallet")
    position_side: str = one_of(POSITION_SIDES, "both in one-way mode; null where the export does not say")
    side: str = one_of(("buy", "sell"), "direction of the fill", nullable=False)
    quantity: Money = pa.Field(gt=0, description="unsigned, in the venue's unit (contracts or base)")
    price: Money = pa.Field(ge=0, description="quote per base")
    fee: Money = maybe("+ = cost, - = rebate")
    fee_asset: str = maybe("asset of the fee")
    liquidity: str = one_of(("maker", "taker"), "who provided the liquidity")
    execution: str = one_of(
        ("trade", "liquidation", "adl", "delivery", "settlement", "opening"),
        "why it was executed; opening: a position that the user says was held, which moves no cash", False)  # fmt: skip
    trade_ref: str = maybe("the venue's id of the execution")
    order_ref: str = maybe("the venue's id of the order")
    realized_stated: Money = maybe("the venue's realized result of this fill, gross of fees, settle asset")
    notional_stated: Money = maybe("the venue's own value of the fill, unsigned, settle asset")
    settle_asset: str = maybe("asset in which results are booked")
    style: str = one_of(("linear", "inverse", "quanto"), "how value follows price, where the row shows it")
    effect: str = one_of(("open", "close"), "whether it opens or closes, where the row says so")
    position_ref: str = maybe("the venue's id of the position it opens or closes (Kraken: the opening trade)")
    initial_margin: Money = maybe("margin that it used (opening) or freed (closing), settle asset, where stated")


class Funding(Row):
    """A funding settlement of a perpetual position."""

    paid_at: Instant = known("when it was booked")
    symbol: str = maybe("the venue's own name; null where the export does not say")
    instrument: str = maybe("unified name")
    position_side: str = one_of(POSITION_SIDES, "side of the position that paid, where stated")
    asset: str = known("asset paid")
    amount: Money = known("+ = received")
    rate: Money = maybe("rate of the interval, + = longs pay")
    position_quantity: Money = maybe("size of the position at the instant, unsigned")
    mark_price: Money = maybe("price that valued the position")


class Interest(Row):
    """An accrual of borrow interest."""

    accrued_at: Instant = known("when it accrued")
    asset: str = known("asset charged")
    amount: Money = known("+ = cost")
    debt_asset: str = maybe("asset borrowed, where the charge is in another one (BNB); null: the asset charged")
    principal: Money = maybe("amount the interest was charged on, in the asset borrowed")
    rate: Money = maybe("rate per rate_period")
    rate_period: str = one_of(("hour", "4h", "day", "year"), "period of the rate")
    pair: str = maybe("the isolated pair")
    loan_ref: str = maybe("the venue's id of the loan")
    position_ref: str = maybe("the venue's id of the position")
    kind: str = one_of(("margin", "negative_balance", "rollover", "loan"), "what was charged", nullable=False)


class Liquidation(Row):
    """An event of a forced reduction, as the venue lists it."""

    liquidated_at: Instant = known("when it happened")
    symbol: str = known("the venue's own name; of a loan the collateral asset that was sold")
    instrument: str = maybe("unified name")
    product: str = one_of(PRODUCTS, "what kind of instrument")
    margin_mode: str = one_of(MARGIN_MODES, "how the position was margined")
    pair: str = maybe("the isolated pair")
    side: str = one_of(("buy", "sell"), "side of the closing order")
    quantity: Money = maybe("executed quantity, unsigned")
    price: Money = maybe("average price of the execution")
    mark_price: Money = maybe("mark price at the trigger")
    bankruptcy_price: Money = maybe("price at which equity was zero, or the limit of the takeover order")
    fee: Money = maybe("+ = cost")
    fee_asset: str = maybe("asset of the fee")
    stage: str = one_of(("margin_call", "partial", "full", "takeover", "adl", "collateral_sale"), "how far it went")
    order_ref: str = maybe("the venue's id of the order")
    loan_ref: str = maybe("the venue's id of the loan")
    debt_asset: str = maybe("of a loan: asset owed")
    debt_repaid: Money = maybe("of a loan: debt that the sale paid, principal and interest, unsigned")
    returned: Money = maybe("of a loan: collateral given back after the sale, unsigned, in `symbol`")


class Repayment(Row):
    """A repayment of borrowed funds."""

    repaid_at: Instant = known("when it was repaid")
    asset: str = known("asset repaid")
    amount: Money = known("principal and interest together, unsigned")
    principal: Money = maybe("principal part, where stated")
    interest: Money = maybe("interest part, where stated")
    pair: str = maybe("the isolated pair")
    loan_ref: str = maybe("the venue's id of the loan")
    kind: str = one_of(("manual", "auto", "forced", "collateral_sale"), "what caused it")


class Borrow(Row):
    """A borrowing."""

    borrowed_at: Instant = known("when it was drawn")
    asset: str = known("asset drawn")
    amount: Money = known("unsigned")
    rate: Money = maybe("rate per rate_period")
    rate_period: str = one_of(("hour", "4h", "day", "year"), "period of the rate")
    pair: str = maybe("the isolated pair")
    loan_ref: str = maybe("the venue's id of the loan")
    kind: str = one_of(("manual", "auto", "loan"), "what caused it")


class Transfer(Row):
    """Funds entering, leaving or moving between wallets."""

    moved_at: Instant = known("when it was booked")
    asset: str = known("asset moved")
    amount: Money = known("signed, + = this wallet gains; before the fee where the fee is stated apart")
    kind: str = one_of(
        ("deposit", "withdrawal", "internal", "margin_added", "margin_released", "pledged", "released"),
        "what kind of move", False)  # fmt: skip
    other_wallet: str = maybe("the wallet at the other end, where stated")
    fee: Money = maybe("network fee charged on top of the amount, + = cost")
    transaction_ref: str = maybe("transaction hash or the venue's id")
    status: str = maybe("the venue's word for its state, lower case")
    pair: str = maybe("the isolated pair")
    loan_ref: str = maybe("of collateral: the venue's id of the loan it secures")
    ltv_after: Money = maybe("of collateral: the venue's loan to value after the move, 0.65 = 65 %")


class Booking(Row):
    """A leg of a conversion, or another entry that is none of the other tables'."""

    booked_at: Instant = known("when it was booked")
    asset: str = known("asset booked")
    amount: Money = known("signed, + = the account gains")
    symbol: str = maybe("instrument it concerns, where stated")
    kind: str = known("what it is, in our words")
    group_ref: str = maybe("what ties the legs together")


class Conversion(Booking):
    """One leg of an exchange of one asset for another outside the order book."""


class Adjustment(Booking):
    """Insurance, rebate, airdrop, correction, income and what else changes a balance."""


class StatedResult(Row):
    """A realized result that the venue states."""

    booked_at: Instant = known("when it was booked or closed")
    symbol: str = maybe("the venue's own name of the instrument")
    instrument: str = maybe("unified name")
    asset: str = maybe("asset of the result")
    amount: Money = known("+ = gain")
    basis: str = one_of(("gross", "net"), "before or after fees and funding", nullable=False)
    grain: str = one_of(("fill", "order", "position", "day"), "what one row sums up", nullable=False)
    trade_ref: str = maybe("the venue's id of the execution")
    order_ref: str = maybe("the venue's id of the order")


class StatedBalance(Row):
    """A balance that the venue states outside a running balance."""

    stated_at: Instant = known("instant for which it was stated")
    asset: str = known("asset")
    balance: Money = known("+ = owned (wallet, equity) or owed (debt)")
    kind: str = one_of(("wallet", "equity", "debt"), "what kind of balance", nullable=False)


class StatedPosition(Row):
    """A position as the venue states it: an open one at an instant, or a closed one's summary."""

    stated_at: Instant = known("instant of the snapshot, or the close")
    symbol: str = known("the venue's own name")
    instrument: str = maybe("unified name")
    position_side: str = one_of(POSITION_SIDES, "side, where stated")
    margin_mode: str = one_of(MARGIN_MODES, "how it is margined")
    quantity: Money = maybe("signed size open at stated_at")
    max_quantity: Money = maybe("largest size, unsigned")
    closed_quantity: Money = maybe("size closed, unsigned")
    entry_price: Money = maybe("average entry price")
    exit_price: Money = maybe("average exit price")
    mark_price: Money = maybe("mark price at stated_at")
    liquidation_price: Money = maybe("the venue's liquidation price")
    bankruptcy_price: Money = maybe("the venue's bankruptcy price")
    unrealized: Money = maybe("unrealized result at the mark price")
    opened_at: Instant = maybe("when it was opened, where stated")
    closed_at: Instant = maybe("when it was closed, where stated")


class Movement(Row):
    """One change of one balance, as a ledger states it (or, derived, as the typed facts imply it)."""

    moved_at: Instant = known("when it was booked")
    sequence: pl.Int64 = maybe("order inside one instant")
    pool: str = one_of(("asset", "debt"), "what is owned, or what is owed", nullable=False)
    asset: str = known("asset moved")
    amount: Money = known("signed, + = the pool grows")
    cause: str = one_of(CAUSES, "why", nullable=False)
    symbol: str = maybe("the venue's own name of the instrument")
    instrument: str = maybe("unified name")
    position_side: str = one_of(POSITION_SIDES, "side of the position concerned")
    pair: str = maybe("the isolated pair")
    trade_ref: str = maybe("the venue's id of the execution")
    order_ref: str = maybe("the venue's id of the order")
    transaction_ref: str = maybe("transaction hash or the venue's id")
    balance_after: Money = maybe("the venue's running balance after this row or its instant")


class Price(Row):
    """A market price that the user supplied."""

    priced_at: Instant = known("instant of the price")
    symbol: str = known("instrument or asset")
    kind: str = one_of(("mark", "index", "last"), "which price", nullable=False)
    price: Money = pa.Field(ge=0, description="quote per unit of the symbol")
    quote: str = maybe("currency of the price; null = the instrument's own quote")


class Instrument(Row):
    """Terms of a contract, from a date on."""

    valid_from: Instant = maybe("first instant of these terms; null = always")
    symbol: str = known("the venue's own name")
    instrument: str = maybe("unified name")
    product: str = one_of(PRODUCTS, "what kind of instrument", nullable=False)
    base: str = maybe("base asset")
    quote: str = maybe("quote asset")
    settle: str = maybe("settle asset")
    multiplier: Money = pa.Field(gt=0, description="linear: base per contract; inverse: quote; quanto: settle per 1.0")
    lot_size: Money = maybe("contracts per lot")
    style: str = one_of(("linear", "inverse", "quanto"), "how value follows price", nullable=False)
    expires_at: Instant = maybe("expiry of a dated contract")
    source: str = maybe("where the terms come from")


class MarginTier(Row):
    """One tier of the margin requirement of an instrument, from a date on."""

    valid_from: Instant = maybe("first instant of these terms; null = always")
    symbol: str = known("the venue's own name")
    tier: pl.Int64 = known("ordinal, from 1")
    floor: Money = pa.Field(ge=0, description="notional from which the tier applies, settle asset")
    cap: Money = maybe("notional up to which it applies; null = no end")
    initial_rate: Money = maybe("initial margin rate, 0.01 = 1 %")
    maintenance_rate: Money = pa.Field(ge=0, description="maintenance margin rate, 0.004 = 0.4 %")
    maintenance_amount: Money = maybe("taken off the maintenance margin (cum), settle asset")
    max_leverage: Money = maybe("highest leverage")
    source: str = maybe("where the terms come from")


class CollateralRatio(Row):
    """What share of an asset's value counts as collateral, by amount, from a date on."""

    valid_from: Instant = maybe("first instant of these terms; null = always")
    asset: str = known("the asset pledged or held")
    floor: Money = pa.Field(ge=0, description="value from which the ratio applies, in `quote`")
    cap: Money = maybe("value up to which it applies; null = no end")
    ratio: Money = pa.Field(ge=0, description="0.975 = 97.5 % of the value counts")
    quote: str = maybe("currency of floor and cap; null = USD")
    source: str = maybe("where the terms come from")


class LoanTerm(Row):
    """The thresholds of a crypto-backed loan, from a date on."""

    valid_from: Instant = maybe("first instant of these terms; null = always")
    asset: str = maybe("the asset lent; null = any")
    collateral_asset: str = maybe("the asset pledged; null = any")
    initial_ltv: Money = maybe("loan to value at which it is drawn, 0.65 = 65 %")
    margin_call_ltv: Money = maybe("loan to value of the margin call")
    liquidation_ltv: Money = maybe("loan to value of the liquidation")
    liquidation_fee: Money = maybe("share of the debt repaid that the liquidation costs, 0.02 = 2 %")
    source: str = maybe("where the terms come from")


class OpeningLot(Row):
    """Units that were owned before the first row known, with what they cost and the evidence for it."""

    acquired_at: Instant = known("when they were acquired")
    asset: str = known("the asset")
    quantity: Money = pa.Field(gt=0, description="unsigned")
    cost: Money = maybe("what they cost in all, cost_asset; null: unknown")
    cost_asset: str = maybe("asset of the cost")
    evidence: str = maybe("what proves it")


STATED: dict[str, type[Row]] = {
    "movements": Movement,
    "fills": Fill,
    "funding": Funding,
    "interest": Interest,
    "liquidations": Liquidation,
    "repayments": Repayment,
    "borrows": Borrow,
    "transfers": Transfer,
    "conversions": Conversion,
    "adjustments": Adjustment,
}
"""Tables of elected facts: `<name>_stated` holds all witnesses, `<name>` is the view of what speaks."""

CHECKS: dict[str, type[Row]] = {
    "stated_results": StatedResult,
    "stated_balances": StatedBalance,
    "stated_positions": StatedPosition,
    "prices": Price,
    "instruments": Instrument,
    "margin_tiers": MarginTier,
    "collateral_ratios": CollateralRatio,
    "loan_terms": LoanTerm,
    "opening_lots": OpeningLot,
}
"""Tables that are never elected: all their rows are checks or reference data."""

EMITTED: dict[str, type[Row]] = STATED | CHECKS
"""Every table that an importer may emit."""

FACT_OF_TABLE: dict[str, str] = {
    "movements": "ledger",
    "fills": "fills",
    "funding": "funding",
    "interest": "interest",
    "liquidations": "liquidations",
    "repayments": "borrow_repay",
    "borrows": "borrow_repay",
    "transfers": "ledger",
    "conversions": "ledger",
    "adjustments": "ledger",
}

TIME_OF_TABLE: dict[str, str] = {
    "movements": "moved_at",
    "fills": "filled_at",
    "funding": "paid_at",
    "interest": "accrued_at",
    "liquidations": "liquidated_at",
    "repayments": "repaid_at",
    "borrows": "borrowed_at",
    "transfers": "moved_at",
    "conversions": "booked_at",
    "adjustments": "booked_at",
    "stated_results": "booked_at",
    "stated_balances": "stated_at",
    "stated_positions": "stated_at",
    "prices": "priced_at",
    "instruments": "valid_from",
    "margin_tiers": "valid_from",
    "collateral_ratios": "valid_from",
    "loan_terms": "valid_from",
    "opening_lots": "acquired_at",
}

ORIGIN = ("row_key", "account", "venue", "format", "file_id")
"""Columns of `Row` that the store fills in; an importer gives the others."""
