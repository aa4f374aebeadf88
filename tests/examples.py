"""How many random lives a law is tried on: few by default, the same on every run; more where they are asked for.

`MARGINBOOK_EXAMPLES=10` tries ten times as many, other ones on each run, and shrinks what fails.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

MULTIPLIER = float(os.environ.get("MARGINBOOK_EXAMPLES", "1"))
IS_USUAL = MULTIPLIER == 1
"""Whether nobody asked for more: the examples are the same on every run, and what fails is not shrunk."""


def many(number: int) -> int:
    """Return how many examples that is now: a third of what the law names, or as many times it as are asked for."""
    return max(1, round(number / 3 if IS_USUAL else number * MULTIPLIER))


def examples(number: int) -> settings:
    """Return the settings of a law over whole books."""
    return settings(
        max_examples=many(number),
        deadline=None,
        derandomize=IS_USUAL,
        phases=(Phase.explicit, Phase.generate) if IS_USUAL else tuple(Phase),
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
            HealthCheck.function_scoped_fixture,
        ],
    )
