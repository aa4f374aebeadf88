"""Names under which other programs know the accounts and the assets of a book: legal, stable, and no two alike.

All programs read the same account names, whose parts are as beancount wants them: a capital or a digit first, then
letters, digits and `-` (beancount/core/account.py).  What a name was in the book stands beside its directive, so that
the way leads back.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

PLACES = ["account", "venue", "posting_account"]
ROOTS: Mapping[str, tuple[str, ...]] = {
    "wallet": ("Assets", "Wallets"),
    "transit": ("Assets", "Transit"),
    "margin": ("Assets", "Margin"),
    "collateral": ("Assets", "Collateral"),
    "debt": ("Liabilities", "Debts"),
    "borrowing": ("Liabilities", "Borrowing"),
    "equity": ("Equity",),
    "exchange": ("Equity", "Exchange"),
    "outside": ("Equity", "Outside"),
    "corrections": ("Equity", "Corrections"),
    "unknown": ("Equity", "Unknown"),
    "unexplained": ("Equity", "Unexplained"),
    "results": ("Income", "Results"),
    "income": ("Income",),
    "insurance": ("Income", "Insurance"),
    "funding": ("Expenses", "Funding"),
    "interest": ("Expenses", "Interest"),
    "fees": ("Expenses", "Fees"),
}
"""Where the posting accounts of the book, by their first word, stand among the five kinds of a ledger."""
OF_WALLETS = ("wallet", "debt", "unexplained")
"""Those that end in a wallet's name, which begins with its account and venue."""
RESERVED = frozenset({"TRUE", "FALSE", "NULL"})
"""Words of beancount's own in capitals."""
LONGEST_COMMODITY = 24
LONGEST_PART = 60
LONGEST_QUOTED = 100
"""Letters of a part of an account's name, and of a quoted commodity: ledger reads no line of more than 4,096 bytes."""
PLAIN = re.compile(r"[A-Z]{2,}")
COMMODITY = re.compile(r"[A-Z][A-Z0-9'._-]{0,22}[A-Z0-9]")


def account_names(accounts: pl.DataFrame) -> pl.DataFrame:
    """Return account, venue, posting_account and `name` of every posting account."""
    keys = [tuple(row) for row in accounts.select([*PLACES, "wallet"]).unique(PLACES).sort(PLACES).iter_rows()]
    taken: set[str] = set()
    inner: set[str] = set()
    names = []
    for account, venue, posting_account, wallet in keys:
        root, tail = _parts(account, venue, posting_account, wallet)
        mark = _mark(repr((account, venue, posting_account)))
        tries = (tail, [*tail[:-1], f"{tail[-1]}-{mark}"], [f"{tail[0]}-{mark}", *tail[1:]])
        name = next(name for name in (":".join([*root, *some]) for some in tries) if not _clashes(name, taken, inner))
        taken.add(name)
        inner.update(_above(name))
        names.append(name)
    frame = pl.DataFrame([key[:3] for key in keys], schema=dict.fromkeys(PLACES, pl.String()), orient="row")
    return frame.with_columns(name=pl.Series(names, dtype=pl.String()))


def _parts(account: str, venue: str, posting_account: str, wallet: str | None) -> tuple[Sequence[str], list[str]]:
    """Return the parts of a name that are the same in every book, and those of this one."""
    head, _, rest = posting_account.partition(":")
    owner = [account] if account == venue else [account, venue]
    if head in OF_WALLETS:
        tail = [*owner, wallet or rest]
    elif head == "results":
        tail = [*owner, rest]
    else:
        tail = [*([rest] if rest else []), *owner]
    return ROOTS.get(head, ("Equity", _part(head))), [_part(text) for text in tail]


def _part(text: str) -> str:
    """Return a part of an account's name: ASCII, its words parted by `-`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")
    if len(words) > LONGEST_PART:
        words = f"{words[: LONGEST_PART - 13]}-{_mark(text, 12)}"
    return words[:1].upper() + words[1:] if words else f"X{_mark(text)}"


def _clashes(name: str, taken: set[str], inner: set[str]) -> bool:
    """Say whether a name is another's, or above or below another: an assertion would count both."""
    return name in taken or name in inner or any(above in taken for above in _above(name))


def _above(name: str) -> Iterable[str]:
    parts = name.split(":")
    return (":".join(parts[:length]) for length in range(1, len(parts)))


def beancount_commodities(assets: Sequence[str]) -> dict[str, str]:
    """Return the commodity of every asset, no two alike; one that is legal as it is keeps its name."""
    named = {asset: asset for asset in assets if legal_commodity(asset) == asset}
    taken = set(named.values())
    for asset in sorted(set(assets) - set(named)):
        name = legal_commodity(asset)
        if name in taken:
            name = legal_commodity(f"{name[: LONGEST_COMMODITY - 5]}-{_mark(asset)}")
        named[asset] = name
        taken.add(name)
    return named


def legal_commodity(asset: str) -> str:
    """Return the asset as beancount takes it: 2 to 24 capitals, digits and `'._-`, a letter first, no sign last."""
    if COMMODITY.fullmatch(asset) and asset not in RESERVED:
        return asset
    plain = unicodedata.normalize("NFKD", asset).encode("ascii", "ignore").decode().upper()
    words = re.sub(r"[^A-Z0-9'._-]+", "-", plain).strip("'._-")
    if not words:
        words = f"X{_mark(asset)}"
    if not words[0].isalpha() or len(words) < 2 or words in RESERVED:
        words = f"C-{words}"
    if len(words) > LONGEST_COMMODITY:
        words = f"{words[: LONGEST_COMMODITY - 5].rstrip(chr(39) + '._-')}-{_mark(asset)}"
    return words


def quoted_commodity(asset: str) -> str:
    """Return the asset as hledger and ledger take it: capitals as they are, all else in quotes, without `"` and `;`.

    No two assets become one, since `%`, too, is written as %25.
    """
    if PLAIN.fullmatch(asset) and len(asset) <= LONGEST_QUOTED:
        return asset
    held = "".join(f"%{ord(letter):02X}" if letter in '";%' or not letter.isprintable() else letter for letter in asset)
    if len(held) > LONGEST_QUOTED:
        held = f"{held[: LONGEST_QUOTED - 17]}-{_mark(asset, 16)}"
    return f'"{held}"'


def _mark(text: str, length: int = 4) -> str:
    """Return a few characters that tell names apart that would be one."""
    return hashlib.sha256(text.encode()).hexdigest()[:length].upper()
