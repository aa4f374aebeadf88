"""Files as they are handed over: files -> bundles -> parts -> frames of text.  Knows no venue and no database.

| module | what is there |
|---|---|
| `bundle` | what was handed over as one, and what lies in folders |
| `kinds` | what a file is, by its first bytes |
| `containers` | files that hold others: zip, gzip, workbook |
| `sources`, `encoding` | bytes read again and again, within limits; any text as UTF-8 |
| `parts` | what every reader hands on |
| `csvtext`, `csvproof`, `csvcareful` | delimited text: blocks that counting proves, else record by record |
| `jsontext` | JSON of any shape that answers have |
| `workbook`, `sheetxml` | XLSX |
| `oldbook`, `compound` | XLS |
"""

from importers.files.bundle import Broken, Bundle, Chunk, Part, collect, open_bundle

__all__ = ["Broken", "Bundle", "Chunk", "Part", "collect", "open_bundle"]
