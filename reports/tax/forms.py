"""The targets that are forms of a tax office, or are read as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from reports.tax.contract import Target
from reports.tax.form_8949 import FORM_8949, write
from reports.tax.form_lines import Choices
from reports.tax.germany import GERMANY
from reports.tax.txf import TXF
from reports.tax.uk import UK

BY_DISPOSAL = replace(
    FORM_8949,
    name="form-8949-disposals",
    title="US Form 8949, a line a disposal",
    about="The same, with one line for each disposal and holding period; VARIOUS where it took lots of several days.",
    write=partial(write, choices=Choices(lines="disposal")),
)
WITH_DERIVATIVES = replace(
    FORM_8949,
    name="form-8949-derivatives",
    title="US Form 8949 with results of derivatives",
    about="The same, with each position of a derivative as a line of it, for those who report them there.",
    write=partial(write, choices=Choices(derivatives="lines")),
)

FORMS: Sequence[Target] = (FORM_8949, BY_DISPOSAL, WITH_DERIVATIVES, TXF, UK, GERMANY)
