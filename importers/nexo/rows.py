"""What a transaction becomes: savings, credit line, exchange, term deposits and card are one pot.

`types.csv` says what each type is; signs follow from the type, since vintages flip them.  What is owed is counted in
dollars, as USD (`xUSD`, and in rows about loans USD and USDX); what is owned counts apart.  Coins sold to repay leave
as a conversion whose other leg, the dollars, pays the debt and never enters the wallet: it stands in `conversions`, as
what the coins were sold for, and in no movement.  Coins that move between savings, credit line and term deposits stay
in the pot; what moves to the credit line is pledged.  The dollars of a draw are a price of the coin that it paid out.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from importers.contract import Context, Emit
from importers.nexo.cells import UNBOOKED, asset, is_credit_unit, is_dollar
from importers.nexo.credit import decided
from importers.vocabulary import table

TYPES = {row["type"]: row for row in table(__file__, "types.csv")}
AT, IN, OUT, DETAILS = pl.col("time"), pl.col("in_amount"), pl.col("out_amount"), pl.col("details")
IN_ASSET, OUT_ASSET, KIND = pl.col("in_asset"), pl.col("out_asset"), pl.col("kind")
TAKEN, GIVEN = IN.abs(), OUT.abs()
OWES, MOVES, FORCED = pl.col("owes"), pl.col("moves"), pl.col("forced")
DEBT, DEBT_ASSET = pl.col("debt"), pl.col("debt_asset")

# ------------------------------------------------------------------------------------------------- events


def _said(pattern: str) -> pl.Expr:
    return DETAILS.str.contains(f"(?i){pattern}").fill_null(False)


TO_CREDIT_LINE = _said(r"to (the )?credit line wallet")
FROM_CREDIT_LINE = _said(r"from (the )?credit line wallet")
TYPE_EVENT = pl.col("type").replace_strict({name: row["event"] for name, row in TYPES.items()}, return_dtype=pl.String)
OWES_IN, OWNS_IN = is_dollar("in_unit"), ~is_credit_unit("in_unit")
IS_CARD = _said("nexo card") | (pl.col("credit_line").str.to_lowercase() == "card").fill_null(False)
EXACT_FROM = 100
"""Dollars of a draw from which on their cents are exact enough for a price."""
HAS_OUT = pl.col("out_unit").is_not_null() & (OUT.fill_null(0) != 0)
NOTHING = (IN == 0) & (OUT.fill_null(0) == 0)


def _first(*cases: tuple[pl.Expr, str]) -> pl.Expr:
    """Return the word of the first condition that holds; null: nobody has described such a row."""
    expression: pl.Expr = pl.lit(None, dtype=pl.String)
    for condition, word in reversed(cases):
        expression = pl.when(condition).then(pl.lit(word)).otherwise(expression)
    return expression


REFINED: dict[str, pl.Expr] = {
    "earning": _first(
        (~OWNS_IN | (OWES_IN & (IN < 0)), "accrual"),
        (IN < 0, "undone_income"),
        (IN > 0, "income"),
        (HAS_OUT & (OUT > 0), "other_income"),
    ),
    "income": _first((~OWNS_IN, "accrual"), (IN < 0, "undone_income"), (IN > 0, "income")),
    "rebate": _first((OWES_IN, "accrual"), (OWNS_IN, "rebate")),
    "deposit": _first((_said("credit"), "payout"), (OWNS_IN & _said("airdrop"), "airdrop"), (OWNS_IN, "deposit")),
    "fiat_deposit": _first((OWNS_IN, "fiat_deposit")),
    "fiat_credit": _first((_said(r"credit|null"), "payout"), (OWNS_IN, "fiat_leg")),
    "withdrawal": _first((OWNS_IN, "withdrawal")),
    "exchange": _first((OWNS_IN & HAS_OUT & ~is_credit_unit("out_unit"), "exchange")),
    "boost": _first((OWNS_IN & HAS_OUT & ~is_credit_unit("out_unit"), "boost")),
    "funding": _first((IS_CARD, "card_leg"), (OWES_IN & HAS_OUT & ~is_credit_unit("out_unit"), "funding")),
    "card_draw": _first((OWES_IN, "card_draw")),
    "purchase": _first((IN < 0, "purchase")),
    "card_fee": _first((OWES_IN, "credit_cost"), (OWNS_IN, "trading_fee")),
    "reversal": _first((OWES_IN, "credit_cost"), (OWNS_IN, "netted")),
    "overpaid": _first((OWES_IN, "credit_cost")),
    "refund": _first((OWES_IN, "refund"), (OWNS_IN, "netted")),
    "repayment": _first((OWES_IN, "repayment")),
    "sale": _first((OWNS_IN, "sale")),
    "twin_sale": _first((OWNS_IN & is_dollar("out_unit"), "twin_sale")),
    "pocket": _first((TO_CREDIT_LINE, "pledged"), (FROM_CREDIT_LINE, "released"), (OWNS_IN, "term")),
    "administrator": _first((~OWES_IN, "correction")),
}
"""Types that several events share: by the unit of the input (owned or owed), its sign and the details."""


def event() -> pl.Expr:
    """Return the event of each row: the status of what is not booked, else what its type means."""
    expression = TYPE_EVENT
    for name, refined in REFINED.items():
        expression = pl.when(name == TYPE_EVENT).then(refined).otherwise(expression)
    booked = pl.col("status").fill_null("booked")
    return pl.when(booked != "booked").then(booked).when(NOTHING).then(pl.lit("nothing")).otherwise(expression)


IGNORES = {
    "nothing": "amounts of zero: moved nothing",
    "term": "between savings, credit line and term deposits: stays in the pot",
    "fiat_leg": "1:1 between a currency and its wrapper: the deposit or withdrawal beside it moves it",
    "card_leg": "credit on its way to the shop: the purchase by card says what is owed",
    "netted": "card refunds and reversals in the card's currency come back as a deposit of their own",
    "bonus_wallet": "between the futures wallet and its bonus: not in this pot",
    **{word: f"{word}: moved nothing" for word in UNBOOKED},
}  # fmt: skip

# -------------------------------------------------------------------------------------------------- cases


def _movement(cause: str | pl.Expr, of: pl.Expr, amount_: pl.Expr, where: pl.Expr | None = None) -> Emit:
    return Emit(table="movements", where=where, columns={
        "moved_at": AT, "pool": pl.lit("asset"), "asset": of, "amount": amount_,
        "cause": pl.lit(cause) if isinstance(cause, str) else cause, "transaction_ref": pl.col("transaction_ref"),
    })  # fmt: skip


def _booking(table: str, of: pl.Expr, amount_: pl.Expr, kind: pl.Expr = KIND, where: pl.Expr | None = None) -> Emit:
    return Emit(table=table, where=where, columns={
        "booked_at": AT, "asset": of, "amount": amount_, "kind": kind, "group_ref": pl.col("transaction"),
    })  # fmt: skip


def _transfer(kind: str, amount_: pl.Expr, where: pl.Expr | None = None, **more: pl.Expr) -> Emit:
    return Emit(table="transfers", where=where, columns={
        "moved_at": AT, "asset": IN_ASSET, "amount": amount_, "kind": pl.lit(kind), **more,
        "transaction_ref": pl.col("transaction_ref"), "status": pl.lit("completed"),
    })  # fmt: skip


def _borrow(where: pl.Expr = OWES) -> Emit:
    return Emit(table="borrows", where=where, columns={
        "borrowed_at": AT, "asset": DEBT_ASSET, "amount": DEBT, "kind": pl.lit("loan")})  # fmt: skip


def _priced(of: pl.Expr, amount_: pl.Expr) -> Emit:
    """Return what the dollars of a draw say of the coin that it paid out: rounded to cents, so of large ones only."""
    is_stated = MOVES & (pl.col("usd").abs() >= EXACT_FROM) & (amount_ != 0)
    return Emit(table="prices", where=(is_stated & ~of.is_in(["USD"])).fill_null(False), columns={
        "priced_at": AT, "symbol": of, "quote": pl.lit("USD"), "kind": pl.lit("last"),
        "price": pl.col("usd").abs() / pl.when(amount_ != 0).then(amount_)})  # fmt: skip


def _repayment(kind: pl.Expr, where: pl.Expr | None = None) -> Emit:
    return Emit(table="repayments", where=where, columns={
        "repaid_at": AT, "asset": DEBT_ASSET, "amount": DEBT, "kind": kind})  # fmt: skip


def _income(of: pl.Expr, amount_: pl.Expr, cause: str = "income", kind: pl.Expr = KIND) -> tuple[Emit, ...]:
    return _movement(cause, of, amount_), _booking("adjustments", of, amount_, kind)


FEE_INSIDE = pl.when(pl.col("fee_asset") == IN_ASSET).then(pl.col("fee")).fill_null(0)
"""A fee in the coin given is inside its amount; one in the coin received was taken before that arrived."""
IS_FEE_APART = (
    (pl.col("fee").fill_null(0) != 0) & (pl.col("fee_asset") != IN_ASSET)
    & (pl.col("fee_asset") != OUT_ASSET).fill_null(True)
).fill_null(False)  # fmt: skip


def _with_fee(cause: str, fee_cause: str) -> tuple[Emit, ...]:
    """Return the coin given, and the fee inside or beside it."""
    return (
        _movement(cause, IN_ASSET, -(TAKEN - FEE_INSIDE)),
        _movement(fee_cause, IN_ASSET, -FEE_INSIDE, where=FEE_INSIDE != 0),
        _movement(fee_cause, pl.col("fee_asset"), -pl.col("fee"), where=pl.col("fee_apart")),
    )


SOLD_TO_REPAY = (
    _movement("conversion", IN_ASSET, -TAKEN, where=MOVES),
    _booking("conversions", IN_ASSET, -TAKEN, pl.lit("collateral_sale"), where=MOVES),
    _booking("conversions", pl.lit("USD"), pl.col("usd").abs(), pl.lit("collateral_sale"),
             where=MOVES & pl.col("usd").is_not_null()),
    _repayment(pl.lit("collateral_sale"), where=OWES),
    Emit(table="liquidations", where=MOVES & FORCED, columns={
        "liquidated_at": AT, "symbol": IN_ASSET, "side": pl.lit("sell"), "quantity": TAKEN, "fee": pl.col("sale_fee"),
        "fee_asset": pl.when(pl.col("sale_fee").is_not_null()).then(DEBT_ASSET),
        "stage": pl.lit("collateral_sale"), "debt_asset": DEBT_ASSET, "debt_repaid": pl.col("debt_repaid"),
    }),
)  # fmt: skip
SPENT = MOVES & ~is_dollar("in_unit")

FACTS: dict[str, tuple[Emit, ...]] = {
    "income": _income(IN_ASSET, TAKEN),
    "other_income": _income(OUT_ASSET, GIVEN),
    "undone_income": _income(IN_ASSET, -TAKEN, "correction"),
    "airdrop": _income(IN_ASSET, TAKEN, kind=pl.lit("airdrop")),
    "rebate": _income(IN_ASSET, IN, "rebate"),
    "correction": _income(IN_ASSET, IN, "correction"),
    "accrual": (Emit(table="interest", columns={
        "accrued_at": AT, "asset": IN_ASSET, "amount": -IN, "kind": pl.lit("loan")}),),
    "deposit": (_movement("deposit", IN_ASSET, TAKEN), _transfer("deposit", TAKEN)),
    "fiat_deposit": (_movement("deposit", IN_ASSET, TAKEN), _transfer("deposit", TAKEN)),
    "withdrawal": (
        *_with_fee("withdrawal", "network_fee"),
        _transfer("withdrawal", -(TAKEN - FEE_INSIDE), fee=pl.when(FEE_INSIDE != 0).then(FEE_INSIDE)),
    ),
    "network_fee": _income(IN_ASSET, -TAKEN, "network_fee"),
    "trading_fee": _income(IN_ASSET, -TAKEN, "trading_fee"),
    "exchange": (
        *_with_fee("conversion", "trading_fee"),
        _movement("conversion", OUT_ASSET, GIVEN),
        _booking("conversions", IN_ASSET, -(TAKEN - FEE_INSIDE)),
        _booking("conversions", OUT_ASSET, GIVEN),
    ),
    "boost": (  # credit that no other row pays out is spent at once: the coins bought move, those given never came
        _movement("conversion", IN_ASSET, -TAKEN, where=MOVES),
        _movement("conversion", OUT_ASSET, GIVEN),
        _booking("conversions", IN_ASSET, -TAKEN),
        _booking("conversions", OUT_ASSET, GIVEN),
        _borrow(),
    ),
    "draw": (
        _borrow(),
        _movement("borrow", OUT_ASSET, GIVEN, where=MOVES & HAS_OUT & ~is_dollar("out_unit")),
    ),
    "funding": (_borrow(), _movement("borrow", OUT_ASSET, GIVEN)),
    "payout": (
        _borrow(),
        _movement("borrow", pl.col("paid_asset"), pl.col("paid_amount"), where=MOVES),
    ),
    "card_draw": (_borrow(),),
    "purchase": (
        _borrow(OWES & is_dollar("in_unit")),
        _movement("withdrawal", IN_ASSET, -TAKEN, where=SPENT),
        _transfer("withdrawal", -TAKEN, where=SPENT),
    ),
    "credit_cost": (_borrow(),),
    "refund": (_repayment(pl.lit("auto")),),
    "repayment": (_repayment(pl.col("paid")),),
    "sale": SOLD_TO_REPAY,
    "twin_sale": SOLD_TO_REPAY,
    "pledged": (_transfer("pledged", -TAKEN),),
    "released": (_transfer("released", TAKEN),),
    "leaving": (_movement("transfer", IN_ASSET, -TAKEN), _transfer("internal", -TAKEN, other_wallet=KIND)),
    "entering": (_movement("transfer", IN_ASSET, TAKEN), _transfer("internal", TAKEN, other_wallet=KIND)),
}  # fmt: skip
OUTSTANDING = Emit(table="stated_balances", where=pl.col("outstanding").is_not_null(), columns={
    "stated_at": AT, "asset": pl.lit("USD"), "balance": pl.col("outstanding"), "kind": pl.lit("debt"),
})  # fmt: skip
PAID_OUT = _priced(OUT_ASSET, GIVEN)
PRICES: dict[str, tuple[Emit, ...]] = {
    "draw": (PAID_OUT,), "funding": (PAID_OUT,), "payout": (_priced(pl.col("paid_asset"), pl.col("paid_amount")),),
}  # fmt: skip
CASES: Mapping[str, tuple[Emit, ...]] = {
    event: (*emits, OUTSTANDING, *PRICES.get(event, ())) for event, emits in FACTS.items()
}

IS_CONVERTED = (pl.col("type") == "exchange deposited on") & HAS_OUT
HASH = r"/\s*((?:0x)?[0-9A-Za-z]{26,})\s*$"


def prepare(stored: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with assets and kinds, and what each states of an event that several rows tell."""
    kinds = {name: row["kind"] for name, row in TYPES.items()}
    rows = stored.with_columns(
        asset("in_unit").alias("in_asset"),
        asset("out_unit").alias("out_asset"),
        asset("fee_unit").alias("fee_asset"),
        pl.col("type").replace_strict(kinds, return_dtype=pl.String).replace("", None).alias("kind"),
        pl.coalesce(DETAILS.str.extract(HASH), "transaction").alias("transaction_ref"),
        pl.col("in_amount").abs().alias("in_quantity"),
    )
    rows = rows.with_columns(
        IS_FEE_APART.alias("fee_apart"),
        pl.when(IS_CONVERTED).then(OUT_ASSET).otherwise(IN_ASSET).alias("paid_asset"),
        pl.when(IS_CONVERTED).then(GIVEN).otherwise(TAKEN).alias("paid_amount"),
    )  # fmt: skip
    return decided(rows)
