"""The generic files of tax tools: what other programs or people wrote for them, and what the tools export themselves.

One engine reads them all (`engine.py`); a tool is a data entry (`tools.py`, `more_tools.py`) and lines of `labels.csv`.
"""

from importers.taxtools import more_tools, pairs, tools
from importers.taxtools.engine import format_of

FORMATS = (*(format_of(tool) for tool in (*tools.TOOLS, *more_tools.TOOLS)), *pairs.FORMATS)
