"""The pack of a month: a workbook, a page, the frozen figures, and the digests of all of it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ledger.closing.figures import dumped
from reports.month import Month
from reports.pack_page import pack_page
from reports.pack_workbook import pack_workbook


def write_pack(month: Month, folder: Path) -> list[Path]:
    """Write the pack into the folder, which is made, and return its files; the same month gives the same bytes.

    `digests.sha256` is what `sha256sum --check` reads; `exports.sha256` names the exports behind the figures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{file_stem(month.account)}-{month.period}" + ("-draft" if month.status == "draft" else "")
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


def file_stem(name: str) -> str:
    """Return a name as every file system takes it; what had to be changed is told apart by a digest."""
    plain = re.sub(r"[^\w.-]+", "_", name).strip(".")[:60]
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _exports(month: Month) -> bytes:
    files = month.sections["files"].select("file_id", "name").unique(maintain_order=True)
    return "".join(f"{file_id}  {' '.join(name.split())}\n" for file_id, name in files.iter_rows()).encode()
