"""Killed at any instant, a book holds all of a bundle or nothing, what was reported is stored, and a rerun completes it."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from ledger.storage.failpoints import POINTS
from tests.deeds import DEEDS, STILL, Places, refused, state_of
from tests.examples import IS_USUAL, many
from tests.programs import Programs

SEED = 20260201 if IS_USUAL else random.SystemRandom().randrange(10**9)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, programs: Programs) -> Places:
    return Places(tmp_path_factory.mktemp("deeds"), programs)


def test_every_point_is_one_at_which_a_deed_is_killed() -> None:
    assert set(POINTS) == {point.partition(":")[0] for deed in DEEDS.values() for point in deed.points}


def completed(places: Places, name: str, folder: Path, state: int) -> None:
    """Do the rest of a deed and find that it says what one says that was never killed."""
    last = len(places.states(name)) - 1
    if state < last or not last:
        assert places.run(name, folder).code == 0
    assert (state_of(places, name, folder), refused(folder)) == (last, "")


@pytest.mark.parametrize("name", DEEDS)
def test_killed_at_each_of_its_points_a_deed_is_whole_or_absent_and_can_be_completed(name: str, places: Places) -> None:
    folder, last, state = places.of(name), len(places.states(name)) - 1, 0
    for point in DEEDS[name].points:
        ended = places.run(name, folder, at=point)
        assert (-signal.SIGKILL, "", "") == (ended.code, ended.out, ended.err), point
        before, state = state, state_of(places, name, folder)
        assert state >= before, point
        if state == last > 0:
            folder, state = places.of(name), 0
    completed(places, name, folder, state)


RANDOM = ("import into no book", "rename", *(() if IS_USUAL else ("forget", "close", "rebuild")))


@pytest.mark.parametrize("name", RANDOM)
def test_killed_at_any_instant_a_deed_is_whole_or_absent_and_what_it_reported_is_stored(
    name: str, places: Places
) -> None:
    chance = random.Random(f"{SEED} {name}")
    folder, last, state = places.of(name), len(places.states(name)) - 1, 0
    began = time.monotonic()
    assert places.run(name, folder).code == 0
    longest = time.monotonic() - began
    folder = places.of(name)
    for number in range(many(3)):
        program = places.start(name, folder)
        time.sleep(chance.uniform(0, longest))
        program.send(signal.SIGKILL)
        ended = program.ended()
        before, state = state, state_of(places, name, folder)
        seen = f"seed {SEED}, kill {number}: {ended}"
        assert ended.code in (0, -signal.SIGKILL), seen
        assert state >= before, seen
        assert state == last or not (ended.out or ended.err), seen
        if state == last > 0:
            folder, state = places.of(name), 0
    completed(places, name, folder, state)


SIZES = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))
"""
"""A process that makes a file longer than that is killed in the middle of writing it."""
BEYOND = [
    ("import into no book", 300 << 10),
    ("rename", 24 << 10),
    ("rename", 100 << 10),
    ("rename", 0),
    ("close", 2 << 10),
]


@pytest.mark.parametrize(("name", "size"), BEYOND)
def test_killed_in_the_middle_of_a_write_a_deed_is_whole_or_absent(name: str, size: int, places: Places) -> None:
    folder = places.of(name)
    limit = SIZES.format(size or (folder / "book.duckdb").stat().st_size)
    assert places.run(name, folder, before=STILL + limit).code == -signal.SIGXFSZ
    completed(places, name, folder, state_of(places, name, folder))


HEARING = "\nimport signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
"""A process that listens to a hang-up, even where these tests are run by one that does not (nohup)."""
ASKED = [
    ("import into no book", "read.ahead:2", signal.SIGTERM, 143),
    ("import into a book", "archive.written", signal.SIGHUP, 129),
    ("import into no book", "import.chunk:2", signal.SIGHUP, 129),
    ("rename", "rename.again", signal.SIGTERM, 143),
    ("rebuild", "rebuild.stored", signal.SIGTERM, 143),
    ("unmatch", "decide.restored", signal.SIGINT, 130),
]


@pytest.mark.parametrize(("name", "point", "number", "code"), ASKED)
def test_asked_to_end_a_deed_takes_back_what_is_half_done_and_leaves_nothing_beside_the_book(
    name: str, point: str, number: signal.Signals, code: int, places: Places
) -> None:
    folder = places.of(name)
    program = places.start(name, folder, at=f"{point}=pause", before=STILL + HEARING)
    program.stopped()
    program.send(number)
    program.send(signal.SIGCONT)
    ended = program.ended()
    assert (code, "") == (ended.code, ended.out)
    assert "nothing half-done was stored" in ended.err
    left = {path.name for path in folder.iterdir()} - {"exports", "book.archive", "book.duckdb"}
    assert left | {path.name for path in (folder / "book.archive").rglob("*.tmp")} == set()
    completed(places, name, folder, state_of(places, name, folder))
