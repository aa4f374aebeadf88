"""Formats without code: a TOML description becomes the same `Format` that a module would hold.

| module | what it knows |
|---|---|
| `expressions` | the little language of a description: cells, signs, conditions, a dozen functions |
| `cells` | the kinds of cells: time, number, word, asset ... |
| `description` | the whole file: header, cells, rows, symbols, identity, claims |
| `guess` | a first description of an export that nobody has seen, to be edited |
"""
