"""Portfolio margin over several wallets: what the venue takes at once is an account, not one of its wallets.

An account is of portfolio margin from the first row on that says so: a fill with that margin mode, or a row that only
such accounts have.  Elsewhere one wallet is the whole portfolio (unified accounts), and nothing is to be joined.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources

from ledger.liquidating.pots import Pot
from ledger.storage.store import Store, statement

TERMS = "portfolios.csv"
"""By venue the wallets that portfolio margin joins, and the formats whose rows tell of it."""
JOINT = "+"
"""Between the wallets of one pot: `coinm+cross_margin+usdm`."""
MODE = "portfolio"


@cache
def _named(kind: str) -> Mapping[str, tuple[str, ...]]:
    text = resources.files("ledger.liquidating").joinpath(TERMS).read_text(encoding="utf-8")
    lines = [line for line in csv.DictReader(text.splitlines()) if line["kind"] == kind]
    venues = dict.fromkeys(line["venue"] for line in lines)
    return {venue: tuple(sorted(line["name"] for line in lines if line["venue"] == venue)) for venue in venues}


def wallets_of(wallet: str) -> tuple[str, ...]:
    """Return the wallets of a pot by its name: of a portfolio several."""
    return tuple(wallet.split(JOINT))


@dataclass(frozen=True)
class Portfolios:
    """Since when which accounts are of portfolio margin, as far as the book tells."""

    since: Mapping[tuple[str, str], datetime]
    """By account and venue."""

    @classmethod
    def load(cls, store: Store) -> Portfolios:
        """Return the accounts of a book whose rows say that they are of portfolio margin."""
        formats = [name for names in _named("format").values() for name in names]
        words = {"venues": list(_named("wallet")), "formats": formats, "mode": MODE}
        rows = store.rows(statement("liquidation_events", "portfolios"), words)
        return cls({(account, venue): since for account, venue, since in rows})

    def joined(self, pot: Pot, at: datetime) -> Pot:
        """Return the pot of all wallets that the venue takes at once at an instant; a pot of its own as it is.

        What is isolated and what is lent stays alone, and so does everything before the first row that tells.
        """
        since = self.since.get((pot.account, pot.venue))
        alone = pot.pair is not None or pot.position_id is not None or pot.kind == "loan"
        wallets = _named("wallet").get(pot.venue, ())
        if since is None or at < since or alone or pot.wallet not in wallets:
            return pot
        return Pot("unified", pot.account, pot.venue, JOINT.join(wallets))
