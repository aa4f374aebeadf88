"""Files as they are handed over: files -> bundles -> parts -> frames of text.  Knows no venue and no database.

| module | what is there |
|---|---|
| `bundle` | what was handed over as one, and what lies in folders |
| `kinds` | what a file is, by its first bytes |
| `containers` | files that hold others: zip, gzip, workbook |
| `sources`, `encoding` | bytes read again and again, within limits; any text as UTF-8 |
| `limits`, `preflight` | how much is read at most; what a zip is asked before it is opened |
| `parts` | what every reader hands on |
| `csvtext`, `csvproof`, `csvcareful` | delimited text: blocks that counting proves, else record by record |
| `jsontext` | JSON of any shape that answers have |
| `workbook` | sheets as parts |
| `apart`, `child` | workbooks are parsed in a process of their own, with limits; what goes between the two |
| `xlsx`, `sheetxml` | XLSX |
| `oldbook`, `compound` | XLS |

What the child imports imports no library of tables: it has to start in no time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importers.files.bundle import Broken, Bundle, Chunk, Part, Unread, collect, open_bundle

__all__ = ["Broken", "Bundle", "Chunk", "Part", "Unread", "collect", "open_bundle"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importers.files import bundle

    return getattr(bundle, name)
