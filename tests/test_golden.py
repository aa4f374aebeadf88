"""Every export in `tests/data/<venue>/` becomes exactly the rows in the `.expected.json` beside it.

The options of an import stand in a file `<export>.options.json` ({"zone": ..., "wallet": ..., "format": ...}).
"""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import pytest

from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from importers.registry import formats
from tests.conftest import DATA

VENUES = sorted(path.name for path in DATA.iterdir() if path.is_dir() and path.name not in ("errors", "described"))
SIDECARS = (".expected.json", ".options.json", ".md")
EXPORTS = sorted(
    path for venue in VENUES for path in (DATA / venue).glob("*") if not path.name.endswith(SIDECARS) and path.is_file()
)


def rendered(path: Path) -> str:
    """Return what an export becomes, one row a line, as text that diffs well."""
    sidecar = path.with_name(path.name + ".options.json")
    options = Options(**json.loads(sidecar.read_text())) if sidecar.exists() else Options()
    lines: list[str] = []
    for part in open_bundle(path).parts():
        recognized = recognize(part, formats(), options)
        lines.append(json.dumps({
            "part": part.name, "format": recognized.match.format.name, "variant": recognized.match.variant,
            "zone": recognized.context.zone, "warnings": recognized.warnings}, ensure_ascii=False))  # fmt: skip
        for normalized, _ in chunks(recognized):
            for name, table in sorted(normalized.tables.items()):
                for line in table.sort("source_row", "part").write_ndjson().splitlines():
                    row = {key: value for key, value in json.loads(line).items() if value is not None}
                    lines.append(json.dumps({"table": name} | row, ensure_ascii=False))
            for name, frame in (("ignored", normalized.ignored), ("rejected", normalized.rejected)):
                lines += [
                    json.dumps({"table": name} | json.loads(line), ensure_ascii=False)
                    for line in frame.sort("source_row").write_ndjson().splitlines()
                ]
            for row in normalized.rows.sort("source_row").iter_rows(named=True):
                lines.append(json.dumps({"identity": row["source_row"], "key": row["key_text"].split("\x1f"),
                                         "wallet": row["wallet"]}, ensure_ascii=False))  # fmt: skip
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_an_export_becomes_exactly_these_rows(path: Path, accept: bool) -> None:
    expected_path = path.with_name(path.name + ".expected.json")
    actual = rendered(path)
    if accept:
        expected_path.write_text(actual)
    expected = expected_path.read_text() if expected_path.exists() else ""
    diff = "\n".join(
        difflib.unified_diff(expected.splitlines(), actual.splitlines(), "expected", "actual", lineterm="")
    )
    assert not diff, f"{diff}\n\nif every line of the difference is right: pytest tests/test_golden.py --accept"


def test_every_header_variant_has_an_export_and_every_export_a_format() -> None:
    seen: set[tuple[str, str]] = set()
    for path in EXPORTS:
        for line in path.with_name(path.name + ".expected.json").read_text().splitlines():
            row = json.loads(line)
            if "variant" in row:
                seen.add((row["format"], row["variant"]))
    wanted = {(form.name, header.name) for form in formats() for header in form.headers}
    assert wanted - seen == set()
