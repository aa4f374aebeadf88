"""What a break is and what a guess at its cause is, in words: amounts exact, instants in UTC, rows by file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

DUPLICATE, WITNESS, UNBOOKED, SHIFT, ARRIVAL, SIGN, ROUNDING, REJECTED = range(1, 9)
LEG, PARTNER, FILE, INTERVAL, TOO_MUCH, LIKELY, JUMP, SEAM, ALONE, NOTHING = range(9, 19)
"""How well a guess explains a break, best first: what equals the difference exactly comes before what has its size."""

PLACE = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A break with its ends: the rows that state the balance that still held, and the one that does not fit."""

    no: int
    break_id: str
    account: str
    venue: str
    wallet: str
    asset: str
    since_at: datetime
    broken_at: datetime
    stated: Decimal
    difference: Decimal
    key: int
    """The row that states the balance that does not fit; of several at its instant the very one, where known."""
    key_at: datetime
    since_key: int
    """The row before it that states one."""
    since_key_at: datetime
    by_statement: bool
    """Whether a statement beside the rows states the balance that does not fit."""
    since_statement: bool
    """Whether a statement beside the rows states the balance before it: rows of its very instant may come after it."""
    rows: int
    """How many movements lie between, those of the instant that breaks included."""
    earlier: int
    """How many of them are from before that instant."""
    looked_at: bool
    """Whether they were compared one by one (not, where there are too many)."""
    formats: str
    """The formats of the rows of this wallet and asset."""

    @property
    def chain(self) -> tuple[str, str, str, str]:
        """Return whose balance it is."""
        return self.account, self.venue, self.wallet, self.asset

    def holds(self, moment: datetime) -> bool:
        """Return whether a row of that instant lies between the two stated balances."""
        starts = self.since_at <= moment if self.since_statement else self.since_at < moment
        return starts and moment <= self.broken_at


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What would explain a break; in its sentence `{row_key}` stands for the file and line of a row."""

    no: int
    kind: str
    score: int
    sentence: str
    rows: tuple[int, ...] = ()


def best(guesses: Iterable[Guess]) -> dict[int, list[Guess]]:
    """Return the guesses at each break that are equally good and better than the others, one of each sentence."""
    found: dict[int, list[Guess]] = {}
    for guess in sorted(guesses, key=lambda guess: (guess.no, guess.score, guess.sentence)):
        held = found.setdefault(guess.no, [])
        if not held or (guess.score == held[0].score and guess.sentence != held[-1].sentence):
            held.append(guess)
    return found


def told(guesses: list[Guess], places: Mapping[int, str]) -> str:
    """Return the sentence of the best guess, with the second where it is as good, and how many more there are."""
    text = guesses[0].sentence
    if len(guesses) > 1:
        text += f". Or as likely: {guesses[1].sentence}"
    if len(guesses) > 2:
        text += f" ({len(guesses) - 2} more fit as well)"
    return PLACE.sub(lambda found: places.get(int(found[1]), "a row"), text)


def plain(amount: Decimal) -> str:
    """Return an amount exact and without trailing zeros."""
    return f"{amount.normalize():f}" if amount else "0"


def signed(amount: Decimal) -> str:
    """Return an amount with its sign."""
    return f"+{plain(amount)}" if amount > 0 else plain(amount)


def when(moment: datetime) -> str:
    """Return an instant in UTC, with fractions of a second where it has any."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{moment.microsecond:06d}".rstrip("0") + " UTC" if moment.microsecond else f"{text} UTC"


def seen(moment: datetime, key: object) -> str:
    """Return an instant and the place of a row, to be filled in."""
    return f"{when(moment)} ({{{int(str(key))}}})"


def days(first: datetime, last: datetime) -> str:
    """Return the days to ask an export for."""
    one, other = first.astimezone(UTC).date(), last.astimezone(UTC).date()
    return f"{one}" if one == other else f"{one} to {other}"


def hours(span_seconds: int) -> str:
    """Return whole or half hours in words."""
    halves = abs(span_seconds) // 1800
    text = f"{halves // 2}" if halves % 2 == 0 else f"{halves // 2}.5"
    return f"{text} hour" if text == "1" else f"{text} hours"


def zone(span_seconds: int) -> str:
    """Return the offset of a clock that runs so much ahead of UTC."""
    minutes = abs(span_seconds) // 60
    return f"{'-' if span_seconds < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def counted(number: int, noun: str) -> str:
    """Return a number of things."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
