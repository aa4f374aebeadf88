"""The user's names for logins and sub-accounts: what may be called how."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.storage.store import Store, statement
from schemas.errors import UnknownThing

SPLITTING = ("/", "|")
"""They part the words of ids and of the names of series."""


def proper(name: str) -> str:
    """Return the name if an account can be called so.  Raises UnknownThing."""
    if not name or name != name.strip() or not name.isprintable() or any(sign in name for sign in SPLITTING):
        raise UnknownThing(
            f"an account cannot be called {name!r}",
            "give a name that can be seen, without / and |, and without blanks around it",
        )
    return name


def known(store: Store) -> list[tuple[str, str]]:
    """Return (account, venue) of every account."""
    return [(account, venue) for account, venue in store.rows(statement("accounts", "known"))]


def venue_of(store: Store, account: str, venue: str | None) -> str:
    """Return the venue that is meant: the one given, else the account's only one.  Raises UnknownThing."""
    if venue is not None:
        return proper(venue.lower())
    venues = [at for name, at in known(store) if name == account]
    if not venues:
        raise UnknownThing(
            f"there is no account {account!r}", f"{_names(known(store))}; to begin a new one say its --venue, too"
        )
    if len(venues) > 1:
        raise UnknownThing(f"the account {account!r} is at {_words(venues)}", "say which one with --venue")
    return venues[0]


def renamable(store: Store, old: str, new: str, venue: str | None) -> list[str]:
    """Return the venues at which the account `old` may be called `new`.  Raises UnknownThing with what is in the way.

    One name may stand for accounts at several venues.  At one venue it stands for one login: two cannot be made one,
    since nothing could part their rows again.
    """
    proper(new)
    every = known(store)
    venues = [at for name, at in every if name == old]
    if not venues:
        raise UnknownThing(f"there is no account {old!r}", _names(every))
    if venue is not None and venue.lower() not in venues:
        raise UnknownThing(f"the account {old!r} is not at {venue!r}", f"it is at {_words(venues)}")
    if old == new:
        raise UnknownThing(f"the account is called {old!r} already")
    wanted = venues if venue is None else [venue.lower()]
    taken = [at for at in wanted if (new, at) in every]
    if taken:
        raise UnknownThing(
            f"there is an account {new!r} at {_words(taken)} already, and two accounts cannot be made one",
            f"`marginbook forget` the files of {old!r} and import them again with --account {new}",
        )
    return wanted


def _names(every: Sequence[tuple[str, str]]) -> str:
    names = list(dict.fromkeys(name for name, _ in every))
    return f"the book has {_words(names)}" if names else "the book has no account yet"


def _words(names: Sequence[str]) -> str:
    return ", ".join(names)
