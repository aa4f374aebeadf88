"""Tables that are computed from what speaks, and can be deleted and made again to the same rows."""

from __future__ import annotations

import polars as pl

from schemas.bookkeeping import Finding
from schemas.tables import Fill, Movement, Table, known, maybe
from schemas.types import Instant, Key, Money, Texts


class Position(Table):
    """The life of a stake from flat to flat: what does not change while it lives, and how it ended."""

    position_id: str = known("account, symbol, side, minute of opening, ordinal")
    account: str = known("the account")
    venue: str = known("the exchange")
    wallet: str = known("the wallet")
    pair: str = maybe("the isolated pair")
    symbol: str = known("the venue's own name")
    instrument: str = maybe("unified name")
    product: str = known("what kind of instrument")
    margin_mode: str = maybe("how it was margined, where stated")
    position_side: str = known("both in one-way mode")
    side: str = known("long or short")
    style: str = maybe("linear, inverse or quanto")
    multiplier: Money = maybe("contract multiplier; null where unknown")
    settle_asset: str = maybe("asset of its results")
    opened_at: Instant = known("first fill, or the first row that shows an inferred opening")
    closed_at: Instant = maybe("when it became flat")
    ended: str = known("open, closed, liquidated, adl or delivered")
    opening_quantity: Money = known("size that was open before the first row known, unsigned")
    position_ref: str = maybe("the venue's id of the position, where it keeps one (Kraken: the opening trade)")
    flags: Texts = maybe("what is inferred or unknown about it")


class Leg(Table):
    """The part of a fill inside one position, with running totals of that position."""

    position_id: str = known("the position")
    leg_no: pl.UInt32 = known("ordinal in the position")
    row_key: Key = maybe("the fill; null: an inferred opening")
    filled_at: Instant = known("when")
    side: str = known("buy or sell")
    execution: str = known("why it was executed, as far as other rows tell")
    delta: Money = known("signed change of size")
    price: Money = maybe("price of the fill")
    notional: Money = maybe("value in the settle asset, unsigned")
    realized: Money = maybe("realized by this leg, gross; null: unknown")
    realized_stated: Money = maybe("the venue's figure for this fill")
    fee: Money = maybe("share of the fill's fee, native, + = cost")
    fee_asset: str = maybe("asset of the fee")
    fee_value: Money = maybe("the fee in the settle asset; null: unvalued")
    quantity_after: Money = known("signed size after this leg")
    max_after: Money = known("largest size so far, unsigned")
    cost_after: Money = maybe("cost of what is open, settle asset, unsigned")
    entry_quantity: Money = known("opened so far, unsigned")
    entry_weight: Money = maybe("sum that the entry price divides: quantity x price, or / price (inverse)")
    exit_quantity: Money = known("closed so far, unsigned")
    exit_weight: Money = maybe("sum that the exit price divides")
    entry_value: Money = maybe("value of what was opened so far, settle asset")
    gross_after: Money = maybe("realized so far")
    fees_after: Money = known("trading fees so far, settle asset, as far as valued")
    fees_unvalued: pl.UInt32 = known("fees so far that could not be valued")
    exposure: Money = maybe("value x days up to this leg")


class Cost(Table):
    """A share of a cash flow that belongs to a position, or to none."""

    position_id: str = maybe("the position; null: unattributed")
    account: str = known("the account")
    venue: str = known("the exchange")
    wallet: str = known("the wallet")
    symbol: str = maybe("the instrument, where stated")
    cause: str = known("trading_fee, funding, interest, liquidation_fee, insurance, ...")
    asset: str = known("asset of the amount")
    amount: Money = known("cash sign: + = the account gains")
    value: Money = maybe("amount in the settle asset of the position; null: unvalued")
    booked_at: Instant = known("when")
    row_key: Key = maybe("the row; null: a difference between totals")
    how: str = known("fill, trade_ref, order_ref, instant, pair, share, inventory, idle or unattributed")


class DerivedMovement(Movement):
    """A change of a balance that a fact implies where no ledger booked it."""

    basis: str = known("derived: no ledger covers it; unbooked: a ledger of sessions will book it with its next one")


class Balance(Table):
    """The chain of one wallet's asset: opening, and where it starts."""

    account: str = known("the account")
    venue: str = known("the exchange")
    wallet: str = known("the wallet")
    asset: str = known("the asset")
    opening: Money = known("before the first movement")
    anchored: pl.Boolean = known("whether a stated balance fixes the opening")
    first_at: Instant = maybe("first movement")
    owes_below_zero: pl.Boolean = known("whether a balance below zero is a debt (unified accounts)")


class InventoryPart(Table):
    """The part of a spot-pair fill that belongs to no position: what was owned is no stake."""

    account: str = known("the account")
    venue: str = known("the exchange")
    wallet: str = known("the wallet")
    pair: str = maybe("the isolated pair")
    symbol: str = known("the venue's own name")
    asset: str = known("the base asset")
    kind: str = known("inventory (bought or sold beside any position), interest (bought to pay interest in kind) or "
                      "dust (left when a position ended)")  # fmt: skip
    booked_at: Instant = known("when")
    quantity: Money = known("signed, + = bought or left over")
    price: Money = maybe("price of the fill")
    value: Money = known("what it is worth at that price (dust: what it cost), quote asset, unsigned")
    fee: Money = maybe("share of the fill's fee, native, + = cost")
    fee_asset: str = maybe("asset of the fee")
    fee_value: Money = maybe("the fee in the quote asset; null: unvalued")
    position_id: str = maybe("the position that it ended with, if any")
    row_key: Key = maybe("the fill")


class Loan(Table):
    """A crypto-backed loan from its first draw until nothing is owed, or the debt pool of a margin wallet's asset."""

    loan_id: str = known("account, debt asset, collateral or pool, minute of opening, ordinal")
    account: str = known("the account")
    venue: str = known("the exchange or lender")
    wallet: str = known("the wallet")
    pair: str = maybe("the isolated pair")
    loan_ref: str = maybe("the venue's id of the loan")
    kind: str = known("loan, margin (borrowed by rows) or negative_balance (owed where a balance is below zero)")
    asset: str = known("asset owed")
    collateral_asset: str = maybe("assets pledged, joined by +")
    opened_at: Instant = known("first event")
    closed_at: Instant = maybe("when nothing was owed any more")
    ended: str = known("open, repaid or liquidated")
    flags: Texts = maybe("what is inferred or unknown about it")


class LoanEvent(Table):
    """What happened to a loan or a debt pool, one line a change, with what is owed after it."""

    loan_id: str = known("the loan")
    event_no: pl.UInt32 = known("ordinal in the loan")
    happened_at: Instant = known("when")
    kind: str = known("drawn, accrued, repaid_principal, repaid_interest, written_off, pledged, released, "
                      "collateral_sold, returned, surplus, liquidation_fee or margin_call")  # fmt: skip
    asset: str = known("asset of the amount")
    amount: Money = known("unsigned")
    principal_after: Money = known("principal owed after it, the loan's asset")
    interest_after: Money = known("interest accrued and unpaid after it, the loan's asset")
    ltv: Money = maybe("debt / weighted value of the collateral after it, where prices are known")
    ltv_stated: Money = maybe("the venue's own figure")
    value: Money = maybe("the amount in the loan's asset, where known")
    forced: pl.Boolean = known("whether the venue sold collateral for it")
    how: str = known("stated, split (interest first), implied (what was paid beyond the principal) or balance")
    row_key: Key = maybe("the row behind it")


class AnchorSpan(Table):
    """A stretch of time in which the balances that are stated agree with the rows between them."""

    account: str = known("the account")
    venue: str = known("the exchange")
    wallet: str = known("the wallet")
    asset: str = known("the asset")
    from_at: Instant = known("first stated balance of the stretch")
    to_at: Instant = known("last stated balance of the stretch")
    deviation: Money = known(
        "stated - computed, the same all through it; 0 in the first, by which the opening is known"
    )
    first_key: Key = known("the row that states the first balance")


class Break(Table):
    """A place where the chain of stated balances does not hold."""

    break_id: str = known("stable name")
    account: str = known("the account")
    venue: str = known("the exchange")
    wallet: str = known("the wallet")
    asset: str = known("the asset")
    since_at: Instant = known("the last stated balance before it, which held")
    broken_at: Instant = known("instant of the group")
    expected: Money = known("what the rows before it lead to")
    stated: Money = known("what the venue says")
    difference: Money = known("stated - expected")
    row_key: Key = maybe("the row that states it")


class Hint(Table):
    """What would explain a break."""

    break_id: str = known("the break")
    kind: str = known("missing_file, missing_funding, missing_interest, missing_leg, missing_row, other_fee, "
                      "duplicate, zone_shift, sign, rounding, rejected, witness or unknown")  # fmt: skip
    sentence: str = known("what is most likely missing or wrong, and what to do")
    rows: Texts = known("row keys of the rows it is about")


class TransferMatch(Table):
    """Two ends of one transfer between own wallets."""

    match_id: str = known("stable name")
    sent_key: Key = known("row_key of the movement that leaves")
    received_key: Key = known("row_key of the movement that arrives")
    asset: str = known("the asset")
    sent: Money = known("what left, unsigned, with the network fee that has a row of its own")
    received: Money = known("what arrived, unsigned")
    fee: Money = known("sent - received: what the network took")
    booked_fee: Money = known("the part of it that has a row of its own")
    fee_key: Key = maybe("row_key of that row")
    sent_at: Instant = known("when it left")
    received_at: Instant = known("when it arrived")
    how: str = known("hand, transaction, group, amount, amount_less_fee or nearly (a little less arrived and nothing "
                     "states a fee): what told that they belong together")  # fmt: skip
    from_account: str = known("account that it left")
    from_venue: str = known("its venue")
    from_wallet: str = known("its wallet")
    from_pair: str = maybe("its isolated pair")
    to_account: str = known("account at which it arrived")
    to_venue: str = known("its venue")
    to_wallet: str = known("its wallet")
    to_pair: str = maybe("its isolated pair")


class TransferEnd(Table):
    """An end of a transfer that is in no match."""

    row_key: Key = known("the movement")
    account: str = known("the account")
    venue: str = known("the exchange or lender")
    wallet: str = known("the wallet")
    pair: str = maybe("the isolated pair")
    asset: str = known("the asset")
    amount: Money = known("signed, + = it arrived; what left is with the network fee that has a row of its own")
    fee: Money = maybe("network fee that is stated")
    cause: str = known("deposit, withdrawal, transfer, margin_move or pledge")
    moved_at: Instant = known("when")
    other_wallet: str = maybe("the wallet at the other end, where the row names it")
    status: str = known("unmatched, in_transit, not_imported, outside, returned, pledged or margin")
    how: str = maybe("hand: a person said that it is the end of none")
    hint: str = maybe("what to do about it")


class Gap(Table):
    """A range of time for which the book lacks something."""

    gap_id: str = known("stable name")
    account: str = known("the account")
    venue: str = known("the exchange")
    wallet: str = known("the wallet")
    fact: str = known("what is missing: ledger, fills, funding, interest or borrow_repay")
    facts: Texts = known("all facts that are missing, where one export states several")
    format: str = maybe("the format whose files leave the gap, or would fill it")
    symbol: str = maybe("the instrument or asset, where it is of one")
    kind: str = known(
        "files (no file covers it), cadence (an interval is missing), sequence (ids jump) or balance (a break)"
    )
    from_at: Instant = known("start; of intervals the first that is missing")
    to_at: Instant = known("end; of intervals the last that is missing")
    missing: pl.Int64 = maybe("how many intervals or ids are missing, where that is known")
    severity: str = known("info (nothing may have happened) or warning (something is missing)")
    sentence: str = known("what is missing and what to do")
    rows: Texts = known("row keys of the rows beside it")
    title: str = maybe("the export as the venue calls it")
    how: str = maybe("where the venue offers it")
    because: str = known("what is missing, in a few words")
    priority: pl.Int64 = maybe("how urgent the download is: 1 surely needed, 2 likely, 3 perhaps; null: not worth one")


class WitnessDay(Table):
    """A day on which two exports state the same fact."""

    account: str = known("the account")
    venue: str = known("the exchange")
    wallet: str = known("the wallet")
    fact: str = known("the fact")
    day: pl.Date = known("UTC day")
    asset: str = maybe("the asset, or the instrument of fills")
    voice: str = known("the format that speaks")
    witness: str = known("the format that is silent")
    voice_rows: pl.Int64 = known("rows of the voice")
    witness_rows: pl.Int64 = known("rows of the witness")
    voice_sum: Money = known("sum of the voice")
    witness_sum: Money = known("sum of the witness")
    difference: Money = known("witness - voice")
    only_voice: pl.Int64 = known("rows that only the voice has")
    only_witness: pl.Int64 = known("rows that only the witness has")


DERIVED: dict[str, type[Table]] = {
    "movements_derived": DerivedMovement,
    "fills_assembled": Fill,
    "positions": Position,
    "legs": Leg,
    "costs_stored": Cost,
    "openings": Balance,
    "inventory": InventoryPart,
    "loans_stored": Loan,
    "loan_events": LoanEvent,
    "anchors": AnchorSpan,
    "breaks_stored": Break,
    "hints": Hint,
    "transfer_matches": TransferMatch,
    "transfer_ends": TransferEnd,
    "gaps": Gap,
    "witness_days": WitnessDay,
    "findings_stored": Finding,
}
