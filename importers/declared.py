"""Short ways to write a format down: headers as a line of text, columns that are not read, claims by fact and rank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from importers.contract import Claim, Confidence, Format, Header


def listed(line: str) -> tuple[str, ...]:
    """Return the names that a line lists with commas, without blanks around them; `|` stands for a name's own comma."""
    return tuple(name.strip().replace("|", ",") for name in line.split(",") if name.strip())


def header(
    name: str, columns: str, optional: str = "", *, exact: bool = False, confidence: Confidence | None = None
) -> Header:
    """Return a variant whose columns, or keys of an answer, are listed in a line."""
    return Header(name=name, columns=listed(columns), optional=listed(optional), exact=exact, confidence=confidence)


def unread(reasons: Mapping[str, str]) -> dict[str, str]:
    """Return why columns are not read, each reason beside the line of its columns as they are printed."""
    return {column.casefold(): reason for line, reason in reasons.items() for column in listed(line)}


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


def ignored_states(states: Iterable[str]) -> dict[str, str]:
    """Return the reasons of rows whose state says that nothing was moved, or not yet."""
    return {state: f"{state}: moved nothing" for state in sorted(set(states) - {"done"})}
