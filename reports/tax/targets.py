"""Every target by its name."""

from __future__ import annotations

from collections.abc import Mapping

from reports.tax import forms, generic, income, tools
from reports.tax.contract import Target

TARGETS: Mapping[str, Target] = {
    target.name: target for target in (*generic.TARGETS, *income.STATEMENTS, *forms.FORMS, *tools.TARGETS)
}
