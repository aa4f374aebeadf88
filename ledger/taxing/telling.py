"""What is told beside the figures of a tax year: where each row stands, and what was assumed."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from ledger.storage.archive import Archive
from ledger.storage.store import Store
from ledger.taxing.gathering import Gathered
from ledger.taxing.worth import Prices
from ledger.trace import located, raw_texts
from reports.tax.value import PLACES, TaxYear

DAY = timedelta(days=1)
SHOWN_SOURCES = 6
RAW_ROWS = 20_000
"""Rows whose raw text is read back from the archive."""


def places(store: Store, archive: Archive | None, year: TaxYear) -> pl.DataFrame:
    """Return where each row stands, and of not too many of them what it says."""
    frames = [
        year.disposals["rows"],
        year.disposals["lot_rows"],
        year.acquisitions["rows"],
        year.results["rows"],
        year.flows["rows"],
        year.blocks["rows"],
        year.lots["rows"],
        year.lots_before["rows"],
    ]
    keys = pl.concat([frame.explode() for frame in frames]).drop_nulls().unique(maintain_order=True)
    found = located(store, [int(key) for key in keys.to_list() if key.isdecimal()])
    raws = raw_texts(store, archive, found[:RAW_ROWS]) if archive is not None else {}
    told = {
        row["row_key"]: (row["file_id"], row["file"], row["source_row"], raws.get((row["file_id"], row["source_row"])))
        for row in reversed(found)
    }
    return pl.DataFrame([(key, *rest) for key, rest in told.items()], schema=dict(PLACES), orient="row")


def assumptions(year: TaxYear, known: Gathered, known_prices: Prices, max_age: timedelta) -> list[str]:
    """Return what was assumed, a sentence each."""
    policy = year.policy
    within = {"universal": "over all accounts", "account": "within each account", "wallet": "within each wallet"}[
        policy.scope
    ]
    used = known_prices.known.filter(pl.col("price").is_not_null() & (pl.col("asset") != policy.currency))
    named = used.group_by(pl.col("price_source")).len().sort("len", "price_source", descending=[True, False])
    sources = named.head(SHOWN_SOURCES).iter_rows()
    most = "; ".join(f"{count} by {source.replace('; ', ' with ')}" for source, count in sources)
    more = f"; {named.height - SHOWN_SOURCES} more" if named.height > SHOWN_SOURCES else ""
    told = [
        f"Units are matched by the method {policy.method}, {within}; days are those of {policy.zone}.",
        f"Results of derivatives count at the {policy.results}; fees of trades are "
        f"{'in basis and proceeds' if policy.fees == 'basis' else 'apart'}; "
        f"network fees of transfers are "
        f"{'disposed of at their value' if policy.network_fees == 'disposal' else 'left in the cost of what arrived'}.",
        f"Prices at {used.height} instants are known, at most {max_age.total_seconds() / 3600:g} hours old "
        f"({most or 'none was needed'}{more}); a trade is worth what its better known side was worth: money first, "
        "then stablecoins, then other assets.",
        "Money of other states that came from outside counts at its value then; it is no digital "
        "asset, and on no form of theirs.",
        "Borrowed units and their repayment are no disposals; what was sold of them is a short sale, "
        "closed by the next purchase.",
    ]
    until = pl.col("until").dt.convert_time_zone(policy.zone)
    early = known.known_until.filter(pl.col("until") < policy.ends_at - DAY).with_columns(until.dt.date())
    if early.height:
        ends = ", ".join(f"{account} {day.isoformat()}" for account, day in early.iter_rows())
        told.append(f"Nothing happened after the last row of an account, until the end of the year: {ends}.")
    if policy.choices:
        told.append(f"Lots are identified by {policy.choices} where it names them.")
    if policy.method == "uk":
        told.append("What was bought in the 30 days after the year is matched as far as the book knows it.")
    return told
