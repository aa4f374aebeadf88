"""International Exchange (INTX): fills, transfers, loans of its own API; portfolios, positions of the Advanced API.

All of a portfolio is one pot, in USDC or any collateral; an asset below zero is an overdraft, backed by the rest.
Answers about a moment name no instant: the file's own name has to say when they were asked for.
"""

from __future__ import annotations

import polars as pl

from importers.cells import file_instant, member, member_money, money, text, word, zoned_time
from importers.coinbase.fills import CLAIMS
from importers.coinbase.symbols import name_instrument, product_id, with_terms
from importers.contract import Context, Emit, Format, Header, Identity
from importers.declared import claimed, claimed_in_part, ignored_states
from importers.shapes import LOG, complete, fill, without_movements
from importers.vocabulary import SIDES

FROM_A_PORTFOLIO = "told apart by the account they are imported to"


def _prepare_fills(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return complete(with_terms(rows).with_columns(pl.coalesce("stated_fee_asset", "settle").alias("fee_asset")))


FILLS = Format(
    name="coinbase.international_fills",
    family="coinbase.international_fills",
    venue="coinbase",
    title="Coinbase International Exchange: fills of a portfolio, of its API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v1/portfolios/{portfolio}/fills",
    headers=(
        Header(name="API", columns=(
            "fill_id", "symbol", "side", "fill_price", "fill_qty", "fee", "fee_asset", "order_id", "event_time"),
            optional=("portfolio_id", "portfolio_uuid", "portfolio_name", "fill_uuid", "exec_id", "order_uuid",
                      "instrument_id", "instrument_uuid", "match_id", "match_uuid", "client_id", "client_order_id",
                      "order_qty", "limit_price", "total_filled", "filled_vwap", "expire_time", "stop_price", "tif",
                      "stp_mode", "flags", "order_status", "source")),
        Header(name="short names", confidence="inferred", columns=(
            "fill_id", "instrument", "side", "price", "qty", "fee", "fee_asset", "order_id", "event_time")),
    ),
    aliases={"instrument": "symbol", "fill_price": "price", "fill_qty": "qty"},
    cells={
        "time": zoned_time("event_time"),
        "trade_ref": text("fill_id", required=True),
        "order_ref": text("order_id"),
        "symbol": product_id("symbol"),
        "side": word("side", SIDES, required=True),
        "price": money("price", required=True),
        "quantity": money("qty", required=True),
        "fee": money("fee"),
        "stated_fee_asset": text("fee_asset"),
    },
    cases={"row": (fill(),)},
    newest_first=True,
    wallet="unified",
    identity=Identity(kind="id", cells=("trade_ref",), content=("time", "symbol", "side", "quantity", "price", "fee")),
    claims=CLAIMS,
    prepare=_prepare_fills,
    name_instrument=name_instrument,
    unread={
        **dict.fromkeys(("portfolio_id", "portfolio_uuid", "portfolio_name", "client_id"), FROM_A_PORTFOLIO),
        **dict.fromkeys(("fill_uuid", "exec_id", "order_uuid", "instrument_id", "instrument_uuid", "match_id",
                         "match_uuid", "client_order_id"), "another name of the fill, its order or its product"),
        **dict.fromkeys(("order_qty", "limit_price", "total_filled", "filled_vwap", "expire_time", "stop_price", "tif",
                         "stp_mode", "flags", "order_status", "source"), "of the order"),
    },
)  # fmt: skip

# ---------------------------------------------------------------------------------------------- transfers

TYPES = {
    "DEPOSIT": "deposit", "WITHDRAW": "withdrawal", "REBATE": "rebate", "STIPEND": "income", "INTERNAL": "transfer",
    "FUNDING": "funding",
}  # fmt: skip
STATES = {"PROCESSED": "done", "NEW": "new", "STARTED": "started", "FAILED": "failed"}
TYPE, PAYER, PAYEE = pl.col("type"), pl.col("payer"), pl.col("payee")
PAYS, IS_PAID = (end.fill_null("") != "" for end in (PAYER, PAYEE))
IS_OUT, IS_IN = PAYS & ~IS_PAID, IS_PAID & ~PAYS
HAS_ENDS = TYPE.is_in(["transfer", "funding"])


def _signed(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with their sign: by type, or by the end that is the portfolio; else as printed."""
    amount = pl.col("stated_amount")
    leaves = (TYPE == "withdrawal") | (HAS_ENDS & IS_OUT)
    return complete(rows.with_columns(
        pl.when(leaves).then(-amount.abs()).when(HAS_ENDS & ~IS_IN).then(amount).otherwise(amount.abs())
        .alias("amount"),
        pl.when(TYPE == "income").then(pl.lit("stipend")).alias("kind"),
    ))  # fmt: skip


TRANSFERS = Format(
    name="coinbase.international_transfers",
    family="coinbase.international_transfers",
    venue="coinbase",
    title="Coinbase International Exchange: transfers of its API (deposits, withdrawals, rebates, funding)",
    confidence="API documentation",
    how="/api/v1/transfers with the portfolio, as JSON",
    headers=(
        Header(name="API", columns=("transfer_uuid", "transfer_type", "amount", "asset", "status", "created_at"),
               optional=("updated_at", "from_portfolio", "to_portfolio", "instrument_symbol", "instrument_id",
                         "txn_hash", "network_name", "from_address", "to_address", "from_cb_account", "to_cb_account",
                         "from_counterparty_id", "to_counterparty_id", "position_id")),
        Header(name="short names", confidence="inferred", columns=(
            "transfer_uuid", "type", "amount", "asset", "status", "created_at")),
    ),
    aliases={"transfer_type": "type"},
    cells={
        "time": zoned_time("created_at"),
        "id": text("transfer_uuid", required=True),
        "type": word("type", TYPES, required=True),
        "stated_amount": money("amount", required=True),
        "asset": text("asset", required=True),
        "status": word("status", STATES, required=True),
        "payer": member("from_portfolio", "uuid", "id", otherwise=""),
        "payee": member("to_portfolio", "uuid", "id", otherwise=""),
        "symbol": product_id("instrument_symbol", required=False),
        "transaction_ref": text("txn_hash"),
    },
    event=pl.when(pl.col("status") != "done").then("status")
    .when((TYPE == "transfer") & ~IS_OUT & ~IS_IN).then(None)
    .otherwise(TYPE),
    event_columns=("type", "status", "from_portfolio", "to_portfolio"),
    cases=without_movements({name: LOG[name] for name in TYPES.values()}),
    ignores=ignored_states(STATES.values()),
    newest_first=True,
    wallet="unified",
    identity=Identity(kind="id", cells=("id",), content=("time", "type", "asset", "stated_amount")),
    claims=(claimed_in_part(2), *claimed(2, funding=1)),
    prepare=_signed,
    name_instrument=name_instrument,
    unread={
        "updated_at": "when its state changed",
        **dict.fromkeys(("instrument_id", "position_id"), "another name of the instrument"),
        **dict.fromkeys(("network_name", "from_address", "to_address", "from_cb_account", "to_cb_account",
                         "from_counterparty_id", "to_counterparty_id"), "the other end"),
    },
)  # fmt: skip
"""Funding is one of the transfers: between the portfolio and a fund of the venue that has a name only, no id.  A
transfer between two portfolios names both, and nothing says which of them is meant: it is rejected."""

# ---------------------------------------------------------------------------------------------- snapshots


def _balance(amount: pl.Expr, kind: str, asset: pl.Expr) -> Emit:
    return Emit(table="stated_balances", where=amount.is_not_null(), columns={
        "stated_at": pl.col("time"), "asset": asset, "balance": amount, "kind": pl.lit(kind)})  # fmt: skip


MOMENT = "at market prices and margin rates of the moment"
USDC = pl.coalesce("asset", pl.lit("USDC"))
PORTFOLIOS = Format(
    name="coinbase.international_portfolios",
    family="coinbase.international_portfolios",
    venue="coinbase",
    title="Coinbase International Exchange: portfolio of the Advanced API (equity and debt)",
    confidence="API documentation",
    how="/api/v3/brokerage/intx/portfolio/{uuid}, saved under a name that says when: intx-2026-02-03T0800Z.json",
    headers=(Header(name="API", columns=(
        "portfolio_uuid", "collateral", "position_notional", "open_position_notional", "pending_fees", "borrow",
        "accrued_interest", "rolling_debt", "liquidation_percentage", "unrealized_pnl", "total_balance"),
        optional=("portfolio_initial_margin", "portfolio_maintenance_margin", "in_liquidation", "margin_type",
                  "liquidation_buffer", "liquidation_status", "portfolio_im_notional", "portfolio_mm_notional",
                  "margin_flags")),),
    cells={
        "time": file_instant("portfolio_uuid"),
        "portfolio": text("portfolio_uuid", required=True),
        "total": member_money("total_balance", required=True),
        "asset": member("total_balance", "currency"),
        "borrow": member_money("borrow"),
    },
    cases={"row": (_balance(pl.col("total"), "equity", USDC), _balance(pl.col("borrow"), "debt", USDC))},
    wallet="unified",
    identity=Identity(kind="content", cells=("time", "portfolio", "total", "borrow")),
    unread={
        **dict.fromkeys(("accrued_interest", "pending_fees", "rolling_debt"),
                        "accrued up to the moment: it is charged later, and stated then"),
        **dict.fromkeys((
            "collateral", "position_notional", "open_position_notional", "liquidation_percentage", "unrealized_pnl",
            "portfolio_initial_margin", "portfolio_maintenance_margin", "in_liquidation", "margin_type",
            "liquidation_buffer", "liquidation_status", "portfolio_im_notional", "portfolio_mm_notional",
            "margin_flags"), MOMENT),
    },
)  # fmt: skip

POSITIONS = Format(
    name="coinbase.international_positions",
    family="coinbase.international_positions",
    venue="coinbase",
    title="Coinbase International Exchange: open positions of the Advanced API",
    confidence="API documentation",
    how="/api/v3/brokerage/intx/positions/{uuid}, saved under a name that says when: intx-2026-02-03T0800Z.json",
    headers=(Header(name="API", columns=(
        "product_id", "symbol", "vwap", "entry_vwap", "position_side", "net_size", "unrealized_pnl", "mark_price",
        "liquidation_price", "leverage"),
        optional=("buy_order_size", "sell_order_size", "im_contribution", "im_notional", "mm_notional",
                  "position_notional", "margin_type", "portfolio_uuid", "product_uuid", "liquidation_buffer",
                  "liquidation_percentage", "aggregated_pnl")),),
    aliases={"symbol": "short_symbol"},
    cells={
        "time": file_instant("product_id"),
        "symbol": product_id("product_id"),
        "size": money("net_size", required=True),
        "entry": member_money("entry_vwap"),
        "mark": member_money("mark_price"),
        "liquidation": member_money("liquidation_price"),
        "unrealized": member_money("unrealized_pnl"),
        "margin": word("margin_type", {"CROSS": "cross", "ISOLATED": "isolated", "MARGIN_TYPE_CROSS": "cross",
                                       "MARGIN_TYPE_ISOLATED": "isolated"}),
    },
    cases={"row": (Emit(table="stated_positions", columns={
        "stated_at": pl.col("time"), "symbol": pl.col("symbol"), "position_side": pl.lit("both"),
        "margin_mode": pl.col("margin"), "quantity": pl.col("size"), "entry_price": pl.col("entry"),
        "mark_price": pl.col("mark"), "liquidation_price": pl.col("liquidation"), "unrealized": pl.col("unrealized"),
    }),)},
    wallet="unified",
    identity=Identity(kind="content", cells=("time", "symbol", "size", "entry")),
    name_instrument=name_instrument,
    unread={
        "short_symbol": "the product at the International Exchange", "vwap": "`entry_vwap` is that of the position",
        "position_side": "`net_size` has the sign",
        **dict.fromkeys(("leverage", "buy_order_size", "sell_order_size", "im_contribution", "im_notional",
                         "mm_notional", "position_notional", "liquidation_buffer", "liquidation_percentage",
                         "aggregated_pnl"), MOMENT),
        **dict.fromkeys(("portfolio_uuid", "product_uuid"), "an id"),
    },
)  # fmt: skip

LOANS = Format(
    name="coinbase.international_loans",
    family="coinbase.international_loans",
    venue="coinbase",
    title="Coinbase International Exchange: loans of a portfolio, of its API (what is owed)",
    confidence="API documentation",
    how="/api/v1/portfolios/{portfolio}/loans, saved under a name that says when: loans-2026-02-03T0800Z.json",
    headers=(Header(name="API", columns=(
        "asset", "total_loan", "collateral_backed_overdraft_loan", "user_requested_loan"),
        optional=("portfolio_id", "asset_id", "asset_uuid", "collateral_requirement", "initial_margin_contribution",
                  "initial_margin_requirement", "current_interest_rate", "pending_interest_charge")),),
    cells={
        "time": file_instant("asset"),
        "asset": text("asset", required=True),
        "total": money("total_loan", required=True),
    },
    cases={"row": (_balance(pl.col("total"), "debt", pl.col("asset")),)},
    wallet="unified",
    identity=Identity(kind="content", cells=("time", "asset", "total")),
    unread={
        **dict.fromkeys(("portfolio_id", "asset_id", "asset_uuid"), "an id"),
        **dict.fromkeys(("collateral_backed_overdraft_loan", "user_requested_loan"), "parts of the total"),
        **dict.fromkeys(("collateral_requirement", "initial_margin_contribution", "initial_margin_requirement",
                         "current_interest_rate"), MOMENT),
        "pending_interest_charge": "accrued up to the moment: it is charged later",
    },
)  # fmt: skip

FORMATS = (FILLS, TRANSFERS, PORTFOLIOS, POSITIONS, LOANS)
