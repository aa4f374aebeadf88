"""What an import answers to everything that is broken, foreign, misleading or hostile: word for word.

`pytest tests/test_hostile.py --accept` rewrites the words in `data/hostile.txt`; read the difference as a user would.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.conftest import DATA, Answer, Run
from tests.hostile import TEXTS, Bytes, Case
from tests.hostile_boxes import BOXES

SAID = DATA / "hostile.txt"
CASES = (*TEXTS, *BOXES)
HEADING = "## "
OURS = {"book.duckdb", "book.archive"}


def sections() -> dict[str, str]:
    """Return by case what was answered when somebody last read it."""
    text = SAID.read_text(encoding="utf-8") if SAID.exists() else ""
    parts = (part.partition("\n") for part in f"\n{text}".split(f"\n{HEADING}")[1:])
    return {name: body.strip("\n") for name, _, body in parts}


def test_every_answer_belongs_to_a_case() -> None:
    assert list(sections()) == [case.name for case in CASES]


def put(folder: Path, files: dict[str, Bytes]) -> list[str]:
    """Write files; return their names."""
    for name, made in files.items():
        (folder / name).write_bytes(made if isinstance(made, bytes) else made())
    return list(files)


def said(case: Case, run: Run, folder: Path) -> str:
    """Hand over a case's files; return the command as typed, its exit status and what it printed."""
    if case.before:
        run("import", *put(folder, dict(case.before)))
    place = folder / case.where
    place.mkdir(exist_ok=True)
    names = put(place, dict(case.files))
    if case.make is not None:
        case.make(place)
    given = case.given or ((case.where,) if case.where else tuple(f"./{name}" for name in names))
    there = everything(folder)
    answer = run("import", *case.options, *given)
    assert everything(folder) == there, "nothing is written beside the book"
    lines = [_told(("import", *case.options, *given), answer)]
    if case.shows:
        lines.append(_told(case.shows, run(*case.shows)))
    return "\n".join(lines)


def everything(folder: Path) -> dict[str, int]:
    """Return what lies below a folder, the book and its archive left out, with when it was last changed."""
    found: dict[str, int] = {}
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in OURS]
        files = (os.path.join(path, name) for name in names if name not in OURS)  # noqa: PTH118  # names of bytes
        found |= {file: os.lstat(file).st_mtime_ns for file in files}
    return found


def _told(words: tuple[str, ...], answer: Answer) -> str:
    typed = " ".join(word if word.isprintable() and " " not in word else repr(word) for word in words)
    text = re.sub(r"(?m)^(Usage: |Try ')\S.*?marginbook", r"\1marginbook", answer.out + answer.err)
    text = re.sub(r"\b[0-9a-f]{64}\b", "<sha-256>", text)
    return f"$ marginbook {typed}\n{text}exit status {answer.code}"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_answer_is_known_word_for_word(
    case: Case, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accept: bool
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    monkeypatch.chdir(folder)
    found = said(case, run, folder)
    if accept:
        known = sections() | {case.name: found}
        SAID.write_text(
            "\n".join(f"{HEADING}{one.name}\n{known[one.name]}\n" for one in CASES if one.name in known),
            encoding="utf-8",
        )
    assert found == sections().get(case.name)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
