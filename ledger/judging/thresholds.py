"""From which size on a finding is one: the defaults, and those that a user sets."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path

from schemas.errors import UnknownThing

LONGEST = 100_000
"""Characters of a file of thresholds."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Thresholds of the findings, named after their codes; shares are fractions of 1, not percent."""

    over_leverage: Fraction = Fraction(10)
    """Leverage at open (sum of notionals / equity, when last made larger) from which on it is too high."""
    opening_distance: Fraction = Fraction(5, 100)
    """Distance to the liquidation price at the opening, as a share of the price, below which it is too near."""
    opening_volatilities: Fraction = Fraction(3)
    """The same in daily volatilities, which count instead where prices of enough days are known."""
    no_reduction_after_call: Fraction = Fraction(3, 2)
    """Health below which something should have been done."""
    carry_drain: Fraction = Fraction(20, 100)
    """Funding and interest paid, as a share of the buffer at the opening."""
    fee_drain: Fraction = Fraction(20, 100)
    """Trading fees paid, as a share of the buffer at the opening."""
    funding_flip: Fraction = Fraction(5, 100)
    """Funding paid after it had been received, as a share of the buffer at the opening."""
    collateral_drop: Fraction = Fraction(30, 100)
    """Fall of the collateral's value, as a share of all that took equity until the trigger."""
    averaging_down: Fraction = Fraction(50, 100)
    """What was added to the size while it was losing, as a share of the size before."""
    margin_added_to_loser: Fraction = Fraction(90, 100)
    """Share of the margin added while it was losing that is lost."""
    thin_liquidity: Fraction = Fraction(1)
    """Slippage, in maintenance margins at the trigger."""
    basis: Fraction = Fraction(1, 100)
    """Gap of the last price from the mark at the trigger, as a share of the mark."""
    data_gap: Fraction = Fraction(1, 100)
    """What the rows do not explain, as a share of the equity at the start."""
    least_driver: Fraction = Fraction(1, 100)
    """Share of the buffer at the opening below which a withdrawal or another position is no cause."""

    @classmethod
    def read(cls, path: Path) -> Thresholds:
        """Return the thresholds of a TOML file of `name = value` lines; those it does not name keep their default.

        Raises UnknownThing where the file cannot be read, or names what is no threshold.
        """
        try:
            text = path.read_text(encoding="utf-8")
            if len(text) > LONGEST:
                raise UnknownThing(f"{path.name} is too long for a file of thresholds")
            told = tomllib.loads(text, parse_float=Decimal)
        except OSError as error:
            raise UnknownThing(f"{path.name} cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise UnknownThing(f"{path.name} is no UTF-8 text") from None
        except (tomllib.TOMLDecodeError, InvalidOperation) as error:
            raise UnknownThing(f"{path.name} is no TOML: {error}", "write lines such as carry_drain = 0.3") from None
        return cls().changed(told)

    def told(self, words: Iterable[str]) -> Thresholds:
        """Return them with what words such as `carry_drain=30%` say.  Raises UnknownThing."""
        found: dict[str, object] = {}
        for word in words:
            name, equals, value = word.partition("=")
            if not equals:
                raise UnknownThing(f"{word!r} is no threshold", "write name=value, as carry_drain=0.3")
            found[name.strip()] = value.strip()
        return self.changed(found)

    def changed(self, told: Mapping[str, object]) -> Thresholds:
        """Return them with other values by name.  Raises UnknownThing."""
        known = [field.name for field in fields(self)]
        for name in told:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                meant = f"did you mean {near[0]}?" if near else f"they are {', '.join(known)}"
                raise UnknownThing(f"there is no threshold {name!r}", meant)
        return replace(self, **{name: _number(name, value) for name, value in told.items()})


def _number(name: str, value: object) -> Fraction:
    """Return a value as text or TOML gives it: 0.3, 30% or an integer; never negative."""
    text = "" if isinstance(value, bool) else str(value)
    percent = text.endswith("%")
    digits = text.removesuffix("%").strip()
    if not digits.isascii() or "_" in digits:
        raise _no_number(name, value)
    try:
        number = Decimal(digits)
    except InvalidOperation:
        raise _no_number(name, value) from None
    if not number.is_finite() or number < 0 or abs(number.adjusted()) > 18:
        raise _no_number(name, value)
    return Fraction(number) / (100 if percent else 1)


def _no_number(name: str, value: object) -> UnknownThing:
    return UnknownThing(f"{name}: {str(value)!r} is no threshold", "write a number as 0.3 or 30%, not negative")
