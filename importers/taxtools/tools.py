"""Koinly, CoinTracker, CoinTracking, Cointelli, CoinLedger and Blockpit: their templates and their own exports.

Fees are beside the amounts, but in CoinTracking, whose amounts reflect them.  Values in a currency are the tool's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from importers.cells import local_time, text
from importers.declared import header
from importers.taxtools.dialects import AMERICAN, GERMAN, ISO, first_text, utc
from importers.taxtools.engine import SIGNED, Tool

CURRENCIES = ("USD", "EUR", "GBP", "CAD", "AUD", "CHF", "JPY", "NZD", "SEK", "NOK", "DKK", "INR", "BRL", "ZAR")
VALUED = "the tool's valuation"


def valued(*names: str) -> dict[str, str]:
    """Return columns of values as unread: with the currency of the account in parentheses, or bare."""
    return {f"{name}{money}".lower(): VALUED for name in names
            for money in ("", *(f" ({code})" for code in CURRENCIES))}  # fmt: skip


KOINLY_COLUMNS = {
    "Date": "time", "Sent Amount": "sent", "Sent Currency": "sent_asset", "Received Amount": "received",
    "Received Currency": "received_asset", "Fee Amount": "fee", "Fee Currency": "fee_asset", "Label": "label",
    "Description": "note", "TxHash": "ref",
}  # fmt: skip

KOINLY = Tool(
    name="koinly.template",
    title="Koinly: universal template",
    how="written for Koinly's import by hand or by another program, CSV or workbook",
    confidence="parser seen",
    time=utc(*ISO),
    headers=(
        header("universal", "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,"
               "Net Worth Amount,Net Worth Currency,Label,Description,TxHash"),
    ),
    columns=KOINLY_COLUMNS,
    fee_on_deposits=False,
    unread=dict.fromkeys(("net worth amount", "net worth currency"), VALUED),
)  # fmt: skip

KOINLY_SIMPLE = replace(
    KOINLY,
    name="koinly.simple",
    title="Koinly: simple template",
    headers=(header("simple", "Koinly Date,Amount,Currency,Label,TxHash"),),
    columns={"Koinly Date": "time", "Amount": "amount", "Currency": "asset", "Label": "label", "TxHash": "ref"},
    sides=SIGNED,
    unread={},
)

KOINLY_TRANSACTIONS = replace(
    KOINLY,
    name="koinly.transactions",
    title="Koinly: its own export of transactions",
    how="Koinly, Transactions, Export",
    headers=(
        *(header(f"with {word.lower()}s", f"Date,Type,{word},Sending Wallet,Sent Amount,Sent Currency,Receiving Wallet,"
                 "Received Amount,Received Currency,Fee Amount,Fee Currency,TxSrc,TxDest,TxHash,Description")
          for word in ("Label", "Tag")),
    ),
    columns={
        **KOINLY_COLUMNS, "Type": "type", "Tag": "label", "Sending Wallet": "out_pot", "Receiving Wallet": "in_pot",
    },
    fee_on_deposits=True,
    unread=valued("Sent Cost Basis", "Received Cost Basis", "Gain", "Net Value", "Fee Value")
    | dict.fromkeys(("txsrc", "txdest"), "says from whom and to whom"),
    rank=5,
)  # fmt: skip

BULK = (
    "ID (read-only),Parent ID (read-only),Date (UTC),Type,Tag,From Wallet (read-only),From Wallet ID,From Amount,"
    "From Currency,To Wallet (read-only),To Wallet ID,To Amount,To Currency,Fee Amount,Fee Currency,Net Worth Amount,"
    "Net Worth Currency,Fee Worth Amount,Fee Worth Currency,Net Value (read-only),Fee Value (read-only),"
    "Value Currency (read-only),Deleted,From Source (read-only),To Source (read-only),Negative Balances (read-only),"
    "Missing Rates (read-only),Missing Cost Basis (read-only),Synced To Accounting At (UTC read-only),TxSrc,TxDest,"
    "TxHash,Description"
)
BULK_ROLES = {
    "ID (read-only)": "record", "Date (UTC)": "time", "Type": "type", "Tag": "label",
    "From Wallet (read-only)": "out_pot", "From Amount": "sent", "From Currency": "sent_asset",
    "To Wallet (read-only)": "in_pot", "To Amount": "received",
    "To Currency": "received_asset", "Fee Amount": "fee", "Fee Currency": "fee_asset", "Deleted": "deleted",
    "TxHash": "ref", "Description": "note",
}  # fmt: skip

KOINLY_BULK_EDIT = replace(
    KOINLY,
    name="koinly.bulk_edit",
    title="Koinly: its own export for bulk edits",
    how="Koinly, Transactions, Bulk edit, Download",
    headers=(header("bulk edit", BULK),),
    columns=BULK_ROLES,
    fee_on_deposits=True,
    key=("record",),
    states={"deleted": pl.col("deleted").str.to_lowercase().is_in(["true", "yes", "1"]).fill_null(False)},
    more_cells={"record": text("record", required=True), "deleted": text("deleted")},
    unread={name.lower(): "bookkeeping of the tool" for name in BULK.split(",") if name not in BULK_ROLES}
    | {"synced to accounting at (utc)": "bookkeeping of the tool"},
    rank=5,
)  # fmt: skip

TRACKER_COLUMNS = {
    "Date": "time", "Received Quantity": "received", "Received Currency": "received_asset", "Sent Quantity": "sent",
    "Sent Currency": "sent_asset", "Fee Amount": "fee", "Fee Currency": "fee_asset",
}  # fmt: skip

COINTRACKER = Tool(
    name="cointracker.template",
    title="CoinTracker: template",
    how="written for CoinTracker's import by hand or by another program; some write it for Awaken, too",
    confidence="parser seen",
    time=utc(*AMERICAN),
    headers=(
        header("template", "Date,Received Quantity,Received Currency,Sent Quantity,Sent Currency,Fee Amount,"
               "Fee Currency,Tag", "Transaction ID"),
    ),
    columns={**TRACKER_COLUMNS, "Tag": "label", "Transaction ID": "ref"},
)  # fmt: skip

COINTRACKER_TRANSACTIONS = Tool(
    name="cointracker.transactions",
    title="CoinTracker: its own export of transactions",
    how="CoinTracker, Transactions, Export",
    confidence="parser seen",
    time=utc(*ISO, *AMERICAN),
    headers=(
        header("to 2023", "Date,Type,Transaction ID,Received Quantity,Received Currency,Received Wallet,"
               "Received Address,Received Comment,Sent Quantity,Sent Currency,Sent Wallet,Sent Address,Sent Comment,"
               "Fee Amount,Fee Currency,Transaction Hash"),
        header("with tags", "Date,Type,Transaction ID,Received Quantity,Received Currency,Received Wallet,"
               "Received Address,Received Tag,Received Comment,Sent Quantity,Sent Currency,Sent Wallet,Sent Address,"
               "Sent Tag,Sent Comment,Fee Amount,Fee Currency,Ignored"),
    ),
    columns={
        **TRACKER_COLUMNS, "Type": "type", "Transaction ID": "ref", "Transaction Hash": "hash",
        "Received Wallet": "in_pot", "Sent Wallet": "out_pot", "Received Tag": "in_label", "Sent Tag": "out_label",
        "Received Comment": "in_note", "Sent Comment": "out_note", "Ignored": "ignored",
    },
    key=("ref",),
    states={"ignored": pl.col("ignored").str.to_lowercase().is_in(["true", "yes", "1"]).fill_null(False)},
    more_cells={
        "label": first_text("in_label", "out_label"), "note": first_text("in_note", "out_note"),
        "ignored": text("ignored"), "ref": text("ref", required=True),
    },
    unread=valued("Received Cost Basis", "Sent Cost Basis", "Fee Cost Basis", "Realized Return", "Fee Realized Return")
    | dict.fromkeys(("received address", "sent address"), "names another's account"),
    rank=5,
    sentinels=("no data", "..."),
)  # fmt: skip
"""A row of dots ends it."""

COINTRACKING = Tool(
    name="cointracking.import",
    title="CoinTracking: import file",
    how="written for CoinTracking's CSV or Excel import by hand or by another program",
    confidence="parser seen",
    time=local_time("time", *ISO, *GERMAN),
    headers=(
        header("CSV", "Type,Buy Amount,Buy Currency,Sell Amount,Sell Currency,Fee,Fee Currency,Exchange,Trade-Group,"
               "Comment,Date", "Tx-ID,Buy Value in Account Currency,Sell Value in Account Currency,Liquidity pool"),
        header("Excel template", "Type,Buy Amount,Buy Cur.,Sell Amount,Sell Cur.,Fee Amount,Fee Cur.,"
               "Exchange (optional),Trade Group (optional),Comment (optional),Date,Liquidity pool (optional),"
               "Tx-ID (optional)"),
    ),
    columns={
        "Type": "type", "Buy Amount": "received", "Buy Currency": "received_asset", "Buy Cur.": "received_asset",
        "Sell Amount": "sent", "Sell Currency": "sent_asset", "Sell Cur.": "sent_asset", "Fee": "fee",
        "Fee Amount": "fee", "Fee Currency": "fee_asset", "Fee Cur.": "fee_asset", "Exchange": "platform",
        "Exchange (optional)": "platform", "Comment": "note", "Comment (optional)": "note", "Date": "time",
        "Tx-ID": "ref", "Tx-ID (optional)": "ref",
    },
    fees_inside=True,
    assumed_zone="UTC",
    unread={
        **dict.fromkeys(("buy value in account currency", "sell value in account currency"), VALUED),
        **dict.fromkeys(("trade-group", "trade group (optional)", "liquidity pool", "liquidity pool (optional)"),
                        "the user's own grouping"),
    },
)  # fmt: skip
"""Its clock is that of the account; other programs write UTC."""

TABLE = ("type", "buy", "cur.", "sell", "cur.", "fee", "cur.", "exchange", "group", "comment", "date")
TABLE_ROLES = ("type", "received", "received_asset", "sent", "sent_asset", "fee", "fee_asset", "platform", "group",
               "note", "time")  # fmt: skip
OLD_TABLE = ("type", "buy", "cur.", "value in btc", "value in", "sell", "cur.", "value in btc", "value in", "spread",
             "exchange", "group", "date")  # fmt: skip
OLD_ROLES = (
    "type",
    "received",
    "received_asset",
    "",
    "",
    "sent",
    "sent_asset",
    "",
    "",
    "",
    "platform",
    "group",
    "time",
)


def trade_table(records: Sequence[Sequence[str]]) -> tuple[int, Mapping[int, str]] | None:
    """Return the columns of a trade table by their place: three or two of them are named `Cur.`."""
    for index, record in enumerate(records):
        printed = [cell.strip().strip('\ufeff"').casefold() for cell in record]
        for names, roles in ((TABLE, TABLE_ROLES), (OLD_TABLE, OLD_ROLES)):
            if len(printed) >= len(names) and all(map(str.startswith, printed, names)):
                return index, {place: role for place, role in enumerate(roles) if role}
    return None


COINTRACKING_TABLE = replace(
    COINTRACKING,
    name="cointracking.trade_table",
    title="CoinTracking: its own export of the trade table",
    how="CoinTracking, Enter Coins, Export, CSV (full export)",
    confidence="real file seen",
    headers=(),
    columns={},
    assumed_zone=None,
    resolution_s=60,
    recognize=trade_table,
    unread={"group": "the user's own grouping"},
    rank=5,
)
"""Dates of a custom format (5/9/2017 21:14) say neither day nor month first: they are rejected."""

COINTELLI = Tool(
    name="cointelli.template",
    title="Cointelli: template",
    how="written for Cointelli's import by hand or by another program",
    confidence="parser seen",
    time=utc(*AMERICAN),
    headers=(
        header("template", "Timestamp,Type,Out Currency,Out Quantity,In Currency,In Quantity,Fee Currency,Fee Quantity,"
               "Comments"),
    ),
    columns={
        "Timestamp": "time", "Type": "type", "Out Currency": "sent_asset", "Out Quantity": "sent",
        "In Currency": "received_asset", "In Quantity": "received", "Fee Currency": "fee_asset",
        "Fee Quantity": "fee", "Comments": "note",
    },
)  # fmt: skip

COINLEDGER = Tool(
    name="coinledger.template",
    title="CoinLedger: universal template",
    how="written for CoinLedger's import by hand or by another program",
    confidence="parser seen",
    time=utc(*AMERICAN),
    headers=(
        header("universal", "Date (UTC),Platform (Optional),Asset Sent,Amount Sent,Asset Received,Amount Received,"
               "Fee Currency (Optional),Fee Amount (Optional),Type,Description (Optional),TxHash (Optional)"),
    ),
    columns={
        "Date (UTC)": "time", "Platform (Optional)": "platform", "Asset Sent": "sent_asset", "Amount Sent": "sent",
        "Asset Received": "received_asset", "Amount Received": "received", "Fee Currency (Optional)": "fee_asset",
        "Fee Amount (Optional)": "fee", "Type": "type", "Description (Optional)": "note", "TxHash (Optional)": "ref",
    },
)  # fmt: skip

COINLEDGER_TRANSACTIONS = Tool(
    name="coinledger.transactions",
    title="CoinLedger: its own export of transactions",
    how="CoinLedger, Transactions, Export",
    confidence="real file seen",
    time=utc(*ISO),
    headers=(
        header("rows", "Timestamp (UTC),Type,Internal Id,Platform,Account Name,Platform Id,Blockchain Id,Record Type,"
               "Asset,Amount,Description"),
    ),
    columns={
        "Timestamp (UTC)": "time", "Type": "type", "Internal Id": "ref", "Platform": "platform",
        "Record Type": "label", "Asset": "asset", "Amount": "amount", "Description": "note",
        "Blockchain Id": "hash", "Platform Id": "platform_id",
    },
    words="coinledger_rows",
    sides=SIGNED,
    key=("ref", "label", "asset", "amount"),
    more_cells={"ref": text("ref", required=True)},
    unread={"account name": "the user's own name", "platform_id": "the platform's id: `Internal Id` ties the rows"},
    rank=5,
)  # fmt: skip
"""A row is one leg; the legs of a trade share an `Internal Id`."""

BLOCKPIT_COLUMNS = {
    "Date (UTC)": "time", "Integration Name": "platform", "Label": "type", "Outgoing Asset": "sent_asset",
    "Outgoing Amount": "sent", "Incoming Asset": "received_asset", "Incoming Amount": "received",
    "Fee Asset (optional)": "fee_asset", "Fee Amount (optional)": "fee", "Comment (optional)": "note",
    "Trx. ID (optional)": "ref",
}  # fmt: skip

BLOCKPIT = Tool(
    name="blockpit.template",
    title="Blockpit: template",
    how="written for Blockpit's import by hand or by another program, workbook or CSV",
    confidence="parser seen",
    time=utc(*GERMAN),
    headers=(
        header("template", ",".join(BLOCKPIT_COLUMNS)),
        header("with sources", ",".join((*BLOCKPIT_COLUMNS, "Source Type", "Source Name"))),
    ),
    columns=BLOCKPIT_COLUMNS,
    unread=dict.fromkeys(("source type", "source name"), "how the row came into the tool"),
)  # fmt: skip

BLOCKPIT_TRANSACTIONS = Tool(
    name="blockpit.transactions",
    title="Blockpit: its own export of transactions",
    how="Blockpit, Transactions, Export",
    confidence="real file seen",
    time=local_time("time", *GERMAN),
    headers=(
        header("own", "Blockpit ID,Timestamp,Source Type,Source Name,Integration,Transaction Type,Outgoing Asset,"
               "Outgoing Amount,Incoming Asset,Incoming Amount,Fee Asset,Fee Amount,Transaction ID,Note,Merge ID"),
    ),
    columns={
        "Timestamp": "time", "Source Name": "platform", "Transaction Type": "type", "Outgoing Asset": "sent_asset",
        "Outgoing Amount": "sent", "Incoming Asset": "received_asset", "Incoming Amount": "received",
        "Fee Asset": "fee_asset", "Fee Amount": "fee", "Transaction ID": "ref", "Note": "note",
    },
    unread={
        "blockpit id": "spreadsheets have cut it to five digits",
        "merge id": "the tool's own grouping",
        **dict.fromkeys(("source type", "integration"), "how the row came into the tool"),
    },
    rank=5,
    resolution_s=60,
)  # fmt: skip
"""Whose clock it prints nobody says: `--timezone` does."""

TOOLS = (
    KOINLY, KOINLY_SIMPLE, KOINLY_TRANSACTIONS, KOINLY_BULK_EDIT, COINTRACKER, COINTRACKER_TRANSACTIONS, COINTRACKING,
    COINTRACKING_TABLE, COINTELLI, COINLEDGER, COINLEDGER_TRANSACTIONS, BLOCKPIT, BLOCKPIT_TRANSACTIONS,
)  # fmt: skip
