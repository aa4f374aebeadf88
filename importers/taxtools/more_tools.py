"""Templates of the other tools: TaxBit, Awaken, ZenLedger, Summ, Recap, BittyTax, TokenTax, Accointing and more.

Words and dates are those that public programs write for them.
"""

from __future__ import annotations

import polars as pl

from importers.cells import text
from importers.contract import Confidence
from importers.declared import header
from importers.taxtools.dialects import AMERICAN, BRITISH, ISO, day_and_clock, utc
from importers.taxtools.engine import WIDE, Sides, Tool, by_word
from importers.taxtools.tools import CURRENCIES, TRACKER_COLUMNS


def template(
    name: str,
    title: str,
    line: str,
    columns: str,
    dates: tuple[str, ...],
    *,
    optional: str = "",
    sides: Sides = WIDE,
    confidence: Confidence = "parser seen",
    unread: str = "",
    **more: object,
) -> Tool:
    """Return the template of a tool; `columns` are `Printed=role` parted by `;`, `unread` printed names."""
    return Tool(
        name=f"{name}.template",
        title=f"{title}: template",
        how=f"written for the import of {title} by hand or by another program",
        confidence=confidence,
        time=utc(*dates),
        headers=(header("template", line, optional),),
        columns=dict(item.split("=") for item in columns.split(";")),
        sides=sides,
        unread=dict.fromkeys(filter(None, unread.lower().split(",")), "nothing that the book needs"),
        **more,  # type: ignore[arg-type]  # Tool names them, and refuses what it does not know
    )  # fmt: skip


TAXBIT = template(
    "taxbit", "TaxBit",
    "Date and Time,Transaction Type,Sent Quantity,Sent Currency,Sending Source,Received Quantity,Received Currency,"
    "Receiving Destination,Fee,Fee Currency,Exchange Transaction ID,Blockchain Transaction Hash",
    "Date and Time=time;Transaction Type=type;Sent Quantity=sent;Sent Currency=sent_asset;Sending Source=out_pot;"
    "Received Quantity=received;Received Currency=received_asset;Receiving Destination=in_pot;Fee=fee;"
    "Fee Currency=fee_asset;Exchange Transaction ID=ref;Blockchain Transaction Hash=hash",
    ISO,
)  # fmt: skip

AWAKEN = template(
    "awaken", "Awaken",
    "Date,Received Quantity,Received Currency,Received Fiat Amount,Sent Quantity,Sent Currency,Sent Fiat Amount,"
    "Fee Amount,Fee Currency,Transaction Hash,Notes,Tag",
    ";".join(f"{printed}={role}" for printed, role in TRACKER_COLUMNS.items())
    + ";Transaction Hash=ref;Notes=note;Tag=label",
    AMERICAN, words="cointracker", unread="Received Fiat Amount,Sent Fiat Amount", confidence="inferred",
)  # fmt: skip

ZENLEDGER = template(
    "zenledger", "ZenLedger",
    "Timestamp,Type,IN Amount,IN Currency,Out Amount,Out Currency,Fee Amount,Fee Currency,Exchange(optional),US Based",
    "Timestamp=time;Type=type;IN Amount=received;IN Currency=received_asset;Out Amount=sent;Out Currency=sent_asset;"
    "Fee Amount=fee;Fee Currency=fee_asset;Exchange(optional)=platform",
    (*AMERICAN, *ISO), unread="US Based",
)  # fmt: skip

SUMM = template(
    "summ", "Summ (Crypto Tax Calculator)",
    "Timestamp (UTC),Type,Base Currency (Optional),Base Amount (Optional),Quote Currency (Optional),"
    "Quote Amount (Optional),Fee Currency (Optional),Fee Amount (Optional),From (Optional),To (Optional),ID (Optional),"
    "Description (Optional)",
    "Timestamp (UTC)=time;Type=type;Base Currency (Optional)=base_asset;Base Amount (Optional)=base;"
    "Quote Currency (Optional)=quote_asset;Quote Amount (Optional)=quote;Fee Currency (Optional)=fee_asset;"
    "Fee Amount (Optional)=fee;From (Optional)=out_pot;To (Optional)=in_pot;ID (Optional)=ref;"
    "Description (Optional)=note",
    BRITISH, sides=by_word("summ"),
)  # fmt: skip

RECAP = template(
    "recap", "Recap",
    "Type,Date,InOrBuyAmount,InOrBuyCurrency,OutOrSellAmount,OutOrSellCurrency,FeeAmount,FeeCurrency",
    "Type=type;Date=time;InOrBuyAmount=received;InOrBuyCurrency=received_asset;OutOrSellAmount=sent;"
    "OutOrSellCurrency=sent_asset;FeeAmount=fee;FeeCurrency=fee_asset;Description=note;ID=ref",
    ISO, optional="Description,ID",
)  # fmt: skip

BITTYTAX = template(
    "bittytax", "BittyTax",
    "Type,Buy Quantity,Buy Asset,Sell Quantity,Sell Asset,Fee Quantity,Fee Asset,Wallet,Timestamp,Note",
    "Type=type;Buy Quantity=received;Buy Asset=received_asset;Sell Quantity=sent;Sell Asset=sent_asset;"
    "Fee Quantity=fee;Fee Asset=fee_asset;Wallet=platform;Timestamp=time;Note=note;Tx ID=ref",
    ISO,
    unread="URL,Raw Data," + ",".join(f"{side} Value{money}" for side in ("Buy", "Sell", "Fee")
                                      for money in ("", *(f" in {code}" for code in CURRENCIES))),
    optional="Tx ID",
)  # fmt: skip

TOKENTAX = template(
    "tokentax", "TokenTax",
    "Type,BuyAmount,BuyCurrency,SellAmount,SellCurrency,FeeAmount,FeeCurrency,Exchange,Group,Comment,Date",
    "Type=type;BuyAmount=received;BuyCurrency=received_asset;SellAmount=sent;SellCurrency=sent_asset;FeeAmount=fee;"
    "FeeCurrency=fee_asset;Exchange=platform;Comment=note;Date=time",
    AMERICAN, unread="Group",
)  # fmt: skip

ACCOINTING = template(
    "accointing", "Accointing",
    "transactionType,date,inBuyAmount,inBuyAsset,outSellAmount,outSellAsset,feeAmount (optional),feeAsset (optional),"
    "classification (optional),operationId (optional),comments (optional)",
    "transactionType=type;date=time;inBuyAmount=received;inBuyAsset=received_asset;outSellAmount=sent;"
    "outSellAsset=sent_asset;feeAmount (optional)=fee;feeAsset (optional)=fee_asset;classification (optional)=label;"
    "operationId (optional)=ref;comments (optional)=note",
    AMERICAN,
)  # fmt: skip

COINPANDA = template(
    "coinpanda", "Coinpanda",
    "Timestamp (UTC),Type,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,"
    "Net Worth Amount,Net Worth Currency,Label,Description,TxHash",
    "Timestamp (UTC)=time;Type=type;Sent Amount=sent;Sent Currency=sent_asset;Received Amount=received;"
    "Received Currency=received_asset;Fee Amount=fee;Fee Currency=fee_asset;Label=label;Description=note;TxHash=ref",
    ISO, unread="Net Worth Amount,Net Worth Currency",
)  # fmt: skip

CRYPTO_COM_TAX = template(
    "crypto_com_tax", "tax.crypto.com",
    "Date,Type,Received Currency,Received Amount,Received Net Worth,Sent Currency,Sent Amount,Sent Net Worth,"
    "Fee Currency,Fee Amount,Fee Net Worth",
    "Date=time;Type=type;Received Currency=received_asset;Received Amount=received;Sent Currency=sent_asset;"
    "Sent Amount=sent;Fee Currency=fee_asset;Fee Amount=fee",
    AMERICAN, unread="Received Net Worth,Sent Net Worth,Fee Net Worth",
)  # fmt: skip

DIVLY = template(
    "divly", "Divly",
    "date,time (UTC),transaction_type,label,sent_amount,sent_currency,received_amount,received_currency,fee_amount,"
    "fee_currency,custom_description,tx_hash",
    "date=time;time (UTC)=clock;transaction_type=type;label=label;sent_amount=sent;sent_currency=sent_asset;"
    "received_amount=received;received_currency=received_asset;fee_amount=fee;fee_currency=fee_asset;"
    "custom_description=note;tx_hash=ref",
    ISO, more_cells={"time": day_and_clock(*ISO)},
)  # fmt: skip

CRYPTIO = template(
    "cryptio", "Cryptio",
    "transactionDate,orderType,txhash,incomingAsset,incomingVolume,outgoingAsset,outgoingVolume,feeAsset,feeVolume,"
    "otherParties,note,success,internalTransfer",
    "transactionDate=time;orderType=type;txhash=ref;incomingAsset=received_asset;incomingVolume=received;"
    "outgoingAsset=sent_asset;outgoingVolume=sent;feeAsset=fee_asset;feeVolume=fee;note=note;success=success;"
    "internalTransfer=inside",
    ISO, unread="otherParties",
    more_cells={"success": text("success"), "inside": text("inside")},
    states={"failed": (pl.col("success") == "0").fill_null(False)},
    moves_inside=(pl.col("inside") == "1").fill_null(False),
)  # fmt: skip

BITCOIN_TAX = template(
    "bitcoin_tax", "bitcoin.tax",
    "Date,Action,Symbol,Volume,Currency,Total,Fee,FeeCurrency,Memo",
    "Date=time;Action=type;Symbol=base_asset;Volume=base;Currency=quote_asset;Total=quote;Fee=fee;"
    "FeeCurrency=fee_asset;Memo=note",
    ISO, sides=by_word("bitcoin_tax"),
)  # fmt: skip

TOOLS = (
    TAXBIT, AWAKEN, ZENLEDGER, SUMM, RECAP, BITTYTAX, TOKENTAX, ACCOINTING, COINPANDA, CRYPTO_COM_TAX, DIVLY, CRYPTIO,
    BITCOIN_TAX,
)  # fmt: skip
