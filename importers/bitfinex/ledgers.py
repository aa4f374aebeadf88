"""The ledger: every change of a wallet with the balance after it, as CSV of the report tool or arrays of the API.

What a row is stands in its description alone; `ledger_words.csv` has the patterns in the order in which they are
asked, and a description that none of them fits is rejected.  Fees and results of one fill are rows of their own, and
may be one row for all fills of a pair and day, so they name no fill.  Interest is charged in what was borrowed; a
`Settlement` pair converts it into the quote.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import polars as pl

from importers import vocabulary
from importers.bitfinex.cells import DERIVATIVES, MARGIN, WALLETS, clock
from importers.bitfinex.symbols import asset_of, is_derivative, name_instrument, symbol_of
from importers.cells import epoch, exact_decimals, integer, mapped, money, text, translated
from importers.contract import Cell, Claim, Context, Emit, Format, Header, Identity, Match
from importers.declared import claimed, header, listed, unread
from importers.emits import AMOUNT, ASSET, AT, adding, booking, movement, transfer

WORDS = [(re.compile(line["pattern"], re.IGNORECASE), str(place), line)
         for place, line in enumerate(vocabulary.table(__file__, "ledger_words.csv"))]  # fmt: skip
EVENTS, KINDS = ({place: line[name] for _, place, line in WORDS} for name in ("event", "kind"))
ON_WALLET = re.compile(r"\s+on wallet (?:wallet_)?(\w+)\s*$", re.IGNORECASE)
NAMED_PAIR = r"(?:\((\w+(?::\w+)?)\) @|^Funding Event (\S+)|claimed (\S+) @)"
FROM_TO = r"(?i) from wallet (\w+) to (?:wallet )?(\w+)"
SUB_ACCOUNTS = r"SA\(\S+->\S+\)"

SYMBOL, KIND = pl.col("symbol"), pl.col("kind")
DESCRIPTION, WORD, POSITION = pl.col("description"), pl.col("word"), pl.col("position_ref")


@cache
def word_of(description: str) -> str | None:
    """Return the place of the first pattern that a description fits."""
    said = ON_WALLET.sub("", description)
    return next((place for pattern, place, _ in WORDS if pattern.search(said)), None)


def wallet_of(description: str) -> str | None:
    """Return the wallet that a description ends with, in the venue's word."""
    found = ON_WALLET.search(description)
    return WALLETS.get(found[1].casefold()) if found else None


def pot(column: str, description: str) -> Cell:
    """Return the wallet: that of its column, else the one that the description ends with."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        stated = translated(columns[1].str.to_lowercase(), WALLETS.get)
        return stated.zip_with(stated.is_not_null(), translated(columns[0], wallet_of))

    return Cell(columns=(description, column), read=read, required=True, unmapped=True, expected=(
        "a wallet (exchange, margin, funding) in its column or at the end of the description"))  # fmt: skip


# ------------------------------------------------------------------------------------------------ emits


_moved = adding(movement, "symbol", "trade_ref", "transaction_ref", balance_after=pl.col("balance"))
_transfer = adding(transfer, "other_wallet", "transaction_ref")
_booked = adding(booking, "symbol", "group_ref")
RESULT = Emit(table="stated_results", columns={
    "booked_at": AT, "symbol": SYMBOL, "asset": ASSET, "amount": AMOUNT, "basis": pl.lit("gross"),
    "grain": pl.lit("order"),
})  # fmt: skip
NAME_OR_NUMBER = pl.coalesce(SYMBOL, pl.format("#{}", POSITION))

CASES: dict[str, tuple[Emit, ...]] = {
    "trade": (_moved("trade"),),
    "result": (_moved("realized_pnl"), RESULT),
    "liquidation": (
        _moved("realized_pnl"), RESULT,
        Emit(table="liquidations", columns={
            "liquidated_at": AT, "symbol": NAME_OR_NUMBER, "price": pl.col("price"),
            "margin_mode": pl.when(pl.col("pot") == MARGIN).then(pl.lit("cross"))}),
    ),
    "trading_fee": (_moved("trading_fee"),),
    "interest": (
        _moved("interest"),
        Emit(table="interest", columns={
            "accrued_at": AT, "asset": ASSET, "amount": -AMOUNT, "position_ref": POSITION,
            "kind": pl.lit("negative_balance")}),
    ),
    "funding": (
        _moved("funding"),
        Emit(table="funding", columns={
            "paid_at": AT, "symbol": SYMBOL, "asset": ASSET, "amount": AMOUNT, "rate": pl.col("rate")}),
    ),
    "conversion": (_moved("conversion"), _booked("conversions", KIND)),
    "transfer": (_moved("transfer"), _transfer("internal")),
    "deposit": (_moved("deposit"), _transfer("deposit")),
    "withdrawal": (_moved("withdrawal"), _transfer("withdrawal")),
    "network_fee": (_moved("network_fee"),),
    "income": (_moved("income"), _booked("adjustments", KIND)),
    "correction": (_moved("correction"), _booked("adjustments", KIND)),
}  # fmt: skip
"""The text of a liquidation names a position, not its pair.  Interest leaves the wallet in the asset that was borrowed,
below zero if need be: kind `negative_balance`.  A rebate of trading fees is a fee below zero."""


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with what their descriptions name.

    Units of derivatives in the margin wallet are a balance beside that of the plain asset; elsewhere they keep their
    name.
    """
    units = rows["code"].unique().to_list()
    derived = pl.col("code").is_in([unit for unit in units if is_derivative(unit)]) & (pl.col("pot") == MARGIN)
    named = {unit: asset_of(unit) for unit in units if not is_derivative(unit)}
    wallet = pl.when(derived).then(pl.lit(DERIVATIVES)).otherwise("pot")
    ends = [wallet_word(DESCRIPTION.str.extract(FROM_TO, place)) for place in (1, 2)]
    end = pl.when(AMOUNT < 0).then(ends[1]).otherwise(ends[0])
    into_units = ~derived & (end == MARGIN) & DESCRIPTION.str.contains(r"^Transfer of [\d.]+ [A-Z0-9]+F0 ")
    other = (
        pl.when(DESCRIPTION.str.contains(SUB_ACCOUNTS)).then(None)
        .when(into_units).then(pl.lit(DERIVATIVES)).otherwise(end)
    )  # fmt: skip
    price = DESCRIPTION.str.extract(r"@ ([\d.eE-]+)")
    symbols = DESCRIPTION.str.extract_groups(NAMED_PAIR)
    rate = DESCRIPTION.str.extract(r"^Funding Event \S+ \(([-+\d.eE]+)\)")
    with_symbol = rows.with_columns(
        pl.coalesce(symbols.struct.field(name) for name in "123").alias("printed_pair"),
        price.alias("price"),
        rate.alias("rate"),
    )
    return with_symbol.with_columns(
        exact_decimals(with_symbol["price"]).alias("price"),
        exact_decimals(with_symbol["rate"]).alias("rate"),
        translated(with_symbol["printed_pair"], symbol_of).alias("symbol"),
        wallet.alias("pot"),
        pl.when(derived).then(pl.col("code").replace_strict(
            {unit: asset_of(unit) for unit in units}, return_dtype=pl.String))
        .otherwise(pl.col("code").replace(named)).alias("asset"),
        WORD.replace_strict(KINDS, return_dtype=pl.String).replace("", None).alias("kind"),
        other.alias("other_wallet"),
        DESCRIPTION.str.extract(r"Position #(\d+)").alias("position_ref"),
        DESCRIPTION.str.extract(r"(?:Deposit|Withdrawal|withdrawal).*#(\d+)").alias("transaction_ref"),
        pl.when(WORD.replace_strict(EVENTS, return_dtype=pl.String) == "trade").then(_moment()).alias("trade_ref"),
        pl.concat_str(AT.dt.strftime("%Y-%m-%dT%H:%M"), price, separator="|", ignore_nulls=True).alias("group_ref"),
    )  # fmt: skip


def _moment() -> pl.Expr:
    """Return what the two rows of an exchange share: second and description."""
    said = DESCRIPTION.str.replace(r"(?i)\s+on wallet \w+\s*$", "")
    return pl.concat_str(AT.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), said, separator="|")


def wallet_word(word: pl.Expr) -> pl.Expr:
    """Return the wallet of a word in a transfer's text, null where it is none of them."""
    return word.str.to_lowercase().replace_strict(WALLETS, default=None, return_dtype=pl.String)


INTEREST_OF_THE_DAY = re.compile(r"funding cost|margin funding payment", re.IGNORECASE)


def zone_hint(match: Match, rows: Sequence[Sequence[str]]) -> str | None:
    """Return which zone would put the interest of the day at 01 o'clock UTC, where the venue books it."""
    places = {name: place for place, name in enumerate(match.columns)}
    texts = [(row[places["description"]], row[places["date"]]) for row in rows if len(row) >= len(match.columns)]
    hours = Counter(found[1] for said, date in texts
                    if INTEREST_OF_THE_DAY.search(said) and (found := re.search(r"\s(\d\d):\d\d", date)))  # fmt: skip
    if not hours:
        return None
    offset = (int(hours.most_common(1)[0][0]) - 1 + 11) % 24 - 11
    return f"the interest of the day is booked about 01:15 UTC: by it the zone is {offset:+03d}:00"


# ---------------------------------------------------------------------------------------------- formats

CELLS: dict[str, Cell] = {
    "time": clock("date"),
    "code": text("currency", required=True),
    "amount": money("amount", required=True),
    "balance": money("balance"),
    "pot": pot("wallet", "description"),
    "word": mapped("description", word_of, "a description that is known", required=True, unmapped=True),
    "description": text("description", required=True),
}


def _claims(rank: int) -> tuple[Claim, ...]:
    return claimed(ledger=rank, funding=rank, interest=rank, liquidations=rank + 2)


COLUMNS = "DESCRIPTION,CURRENCY,AMOUNT,BALANCE,DATE,WALLET"

LEDGERS = Format(
    name="bitfinex.ledgers",
    family="bitfinex.ledgers",
    venue="bitfinex",
    title="Bitfinex: ledgers, with ids",
    confidence="parser seen",
    how="Reports (report.bitfinex.com), Ledgers, Export as CSV; keep the file's name, which has the dates",
    headers=(
        header("from 2020", f"#,{COLUMNS}"),
        header("with USD values", f"#,{COLUMNS},AMOUNT USD,BALANCE USD"),
    ),
    cells=CELLS | {"id": integer("#", required=True)},
    event=WORD.replace_strict(EVENTS, return_dtype=pl.String),
    event_columns=("description",),
    cases=CASES,
    sequence="id",
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("id",), content=("amount",)),
    claims=_claims(1),
    name_instrument=name_instrument,
    prepare=_prepare,
    unread=unread({"AMOUNT USD,BALANCE USD": "the venue's valuation"}),
    zone_hint=zone_hint,
)

LEDGERS_WITHOUT_IDS = replace(
    LEDGERS,
    name="bitfinex.ledgers_without_ids",
    family="bitfinex.ledgers_without_ids",
    title="Bitfinex: ledgers to 2020, without ids",
    how="Reports, Ledgers, Export as CSV, of its time",
    headers=(
        header("to 2018", "Currency,Description,Amount,Balance,Date", exact=True),
        header("2018 to 2020", COLUMNS, exact=True, confidence="real file seen"),
    ),
    cells=CELLS,
    sequence=None,
    identity=Identity(kind="content", cells=("time", "pot", "code", "amount", "balance", "description")),
    claims=_claims(2),
    unread={},
)

PLACES = listed("#,currency,wallet,date,none,amount,balance,none2,description")

LEDGERS_API = replace(
    LEDGERS,
    name="bitfinex.ledgers_api",
    title="Bitfinex: ledgers of the API, as JSON arrays",
    confidence="API documentation",
    how="the API's /v2/auth/r/ledgers/hist",
    headers=(Header(name="API arrays", exact=True, columns=tuple(str(place) for place in range(9))),),
    aliases={str(place): name for place, name in enumerate(PLACES)},
    cells={**LEDGERS.cells, "time": epoch("date")},
    unread=unread({"none,none2": "empty"}),
    zone_hint=None,
)

FORMATS = (LEDGERS, LEDGERS_WITHOUT_IDS, LEDGERS_API)
