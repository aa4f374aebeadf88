"""The pack of a month: a workbook, a page, the frozen figures, and the digests of all of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from reports.pack_page import pack_page
from reports.pack_workbook import pack_workbook

from ledger.closing.figures import dumped
from reports.month import Month


def write_pack(month: Month, folder: Path) -> list[Path]:
    """Write the pack into the folder, which is made, and return its files; the same month gives the same bytes.

    `digests.sha256` is what `sha256sum --check` reads; `exports.sha256` names the exports behind the figures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{month.account}-{month.period}" + ("-draft" if month.status == "draft" else "")
    contents = {
        f"{name}.xlsx": pack_workbook(month),
        f"{name}.html": pack_page(month).encode(),
        f"{name}.json": dumped(month),
        "exports.sha256": _exports(month),
    }
    contents["digests.sha256"] = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {file}\n" for file, content in contents.items()
    ).encode()
    written = []
    for file, content in contents.items():
        path = folder / file
        path.write_bytes(content)
        written.append(path)
    return written


def _exports(month: Month) -> bytes:
    files = month.sections["files"].select("file_id", "name").unique(maintain_order=True)
    return "".join(f"{file_id}  {' '.join(name.split())}\n" for file_id, name in files.iter_rows()).encode()
