"""Short ways to write a format down: headers as a line of text, columns that are not read, claims by fact and rank."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from importers.contract import Claim, Confidence, Format, Header


def listed(line: str, separator: str | None = ",") -> tuple[str, ...]:
    """Return the names that a line lists, without blanks around them; separator None: blanks stand between them."""
    return tuple(name.strip() for name in line.split(separator) if name.strip())


def header(
    name: str, columns: str, optional: str = "", *, separator: str | None = ",", exact: bool = False,
    confidence: Confidence | None = None,
) -> Header:  # fmt: skip
    """Return a variant whose columns are listed in a line, as the file prints them."""
    return Header(name=name, columns=listed(columns, separator), optional=listed(optional, separator), exact=exact,
                  confidence=confidence)  # fmt: skip


def keys(
    name: str, columns: str, optional: str = "", *, exact: bool = False, confidence: Confidence | None = None
) -> Header:
    """Return a variant whose columns are words, with blanks between them: the keys of an answer of an API."""
    return header(name, columns, optional, separator=None, exact=exact, confidence=confidence)


def unread(columns: Iterable[str], reason: str) -> dict[str, str]:
    """Return the columns (as printed) that are not read, with one reason for all."""
    return dict.fromkeys((column.casefold() for column in columns), reason)


def spellings(*headers: Header) -> dict[str, str]:
    """Return the aliases by which messages about a cell show its column as it is printed."""
    return {name: name.casefold() for header in headers for name in (*header.columns, *header.optional)}


def spelled(form: Format) -> Format:
    """Return the format with the spelling of its columns, which messages about a cell show."""
    return replace(form, aliases=spellings(*form.headers) | dict(form.aliases))


def claimed(
    skew_s: int = 1, *, resolution_s: int = 1, wallets: tuple[str, ...] = (), **ranks: int
) -> tuple[Claim, ...]:
    """Return the claims of an export that may be filtered, by fact with their ranks."""
    return tuple(
        Claim(fact=fact, rank=rank, filterable=True, resolution_s=resolution_s, skew_s=skew_s, wallets=wallets)
        for fact, rank in ranks.items()
    )


def claimed_in_part(skew_s: int = 60, *, wallets: tuple[str, ...] = ()) -> Claim:
    """Return the claim of an export that has some changes of a wallet only."""
    return Claim(fact="ledger", rank=9, filterable=True, partial=True, resolution_s=1, skew_s=skew_s, wallets=wallets)
