"""Killed processes, limits and several writers: a file has whole bytes, and undo has the others."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest
from leftovers import Cleanup

from drafts import (
    Consent,
    Journal,
    JournalFailed,
    NothingToUndo,
    WriteFailed,
    read_draft,
    write_draft,
)

ROOT = Path(__file__).parent.parent

OLD = b"Old words\n" * 40

PRELUDE = """
import os, resource, signal, sys
from pathlib import Path
from drafts import *
from drafts.syscalls import OperatingSystem
folder = Path(sys.argv[1])
path = folder / "draft.md"
"""


def run_python(code: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + code, str(folder)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )


def output_of(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def test_a_real_limit_on_the_disk_leaves_the_old_bytes(cleanup: Cleanup, tmp_path: Path) -> None:
    (tmp_path / "draft.md").write_bytes(OLD)
    finished = cleanup(
        run_python(
            """
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
for write in (
    lambda: write_draft(read_draft(path), b"x" * 5000, Journal(folder / "data"), session=None),
    lambda: write_new(folder / "new.md", b"x" * 5000),
):
    try:
        write()
    except (JournalFailed, WriteFailed) as error:
        print(error)
""",
            tmp_path,
        )
    )
    printed = finished.communicate(timeout=60)[0].splitlines()
    assert printed == [
        f"the journal of drafts in {tmp_path / 'data'} cannot be used: File too large",
        f"{tmp_path / 'new.md'} not written: File too large",
    ]
    assert (tmp_path / "draft.md").read_bytes() == OLD
    assert sorted(os.listdir(tmp_path)) == ["data", "draft.md"]


KILLED_AT_EACH_CALL = """
class Killing(OperatingSystem):
    left = sys.maxsize
    def __getattribute__(self, name):
        if name not in ("left", "__class__"):
            Killing.left -= 1
            if Killing.left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().__getattribute__(name)

# Forked here and not in the tests, whose process has threads.
for number in range(200):
    path = folder / str(number) / "draft.md"
    path.parent.mkdir()
    path.write_bytes(b"0")
    journal = Journal(path.parent / "data", syscalls=Killing())
    write_draft(read_draft(path), b"1", journal, session=None)
    child = os.fork()
    if child == 0:
        Killing.left = number
        write_draft(read_draft(path), b"2", journal, session=None)
        journal.undo(path)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        print(number)
        sys.exit(status)
"""


def test_a_process_killed_at_any_call_leaves_what_can_be_undone(
    cleanup: Cleanup, tmp_path: Path
) -> None:
    process = cleanup(run_python(KILLED_AT_EACH_CALL, tmp_path))
    calls = int(process.communicate(timeout=60)[0])
    assert process.returncode == 0
    assert calls > 30
    seen: list[str] = []
    for number in range(calls):
        path = tmp_path / str(number) / "draft.md"
        journal = Journal(path.parent / "data")
        seen.append(path.read_text())
        in_effect = [entry.action for entry in journal.history(path)]
        assert in_effect in (["write"], ["write", "write"], ["undo", "write", "write"])
        if seen[-1] == "2":
            journal.undo(path)
            assert path.read_text() == "1"
        assert path.read_text() == "1"
        journal.undo(path)
        assert path.read_text() == "0"
        assert journal.read().damaged_lines == 0
        with pytest.raises(NothingToUndo):
            journal.undo(path)
    assert sorted(set(seen)) == ["1", "2"]
    assert [seen[0], seen[-1]] == ["1", "1"]


WRITING_ON_AND_ON = """
journal = Journal(folder / "data")
for number in range(int(path.read_bytes().split()[0]) + 1, 10**9):
    text = f"{number} " * 20_000
    write_draft(read_draft(path), text.encode(), journal, session=None)
    print(number, flush=True)
"""


def test_killed_writers_leave_a_whole_text_and_the_one_before_it(
    cleanup: Cleanup, tmp_path: Path
) -> None:
    moments = random.Random(6)
    path = tmp_path / "draft.md"
    path.write_text("0 " * 20_000)
    journal = Journal(tmp_path / "data")
    for _ in range(8):
        process = cleanup(run_python(WRITING_ON_AND_ON, tmp_path))
        for _ in range(moments.randrange(1, 6)):
            acknowledged = int(output_of(process).readline())
        process.kill()
        process.communicate()
        number, *others = set(path.read_text().split())
        assert others == []
        assert path.read_text() == f"{number} " * 20_000
        assert int(number) >= acknowledged
        journal.undo(path)
        assert path.read_text() == f"{int(number) - 1} " * 20_000
        assert process.returncode == -signal.SIGKILL


KILLED_AT_RANDOM_MOMENTS = """
import json, random, time
moments = random.Random(20261124)
journal = Journal(folder / "data")
seen = dict(runs=0, torn=0, lost=0, untold=0, swept=0, writes=0)

def text_of(number):
    return (f"{number} " * 5_000).encode()

def write_on_and_on(start, told):
    for number in range(start + 1, 10**9):
        write_draft(read_draft(path), text_of(number), journal, session=None)
        os.write(told, b"%d " % number)

while seen["runs"] < 150:
    start = int(path.read_bytes().split()[0])
    told, writing = os.pipe()
    child = os.fork()
    if child == 0:
        write_on_and_on(start, writing)
    os.close(writing)
    # What is waited for is the moment itself: no condition would be as random.
    time.sleep(moments.uniform(0, 0.06))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with open(told, "rb") as file:
        acknowledged = int((file.read().split() or [start])[-1])
    number = int(path.read_bytes().split()[0])
    seen["runs"] += 1
    seen["torn"] += path.read_bytes() != text_of(number)
    seen["lost"] += number < acknowledged
    seen["untold"] += number > acknowledged
    seen["writes"] += number - start
    if number > 0:
        journal.undo(path)
        seen["lost"] += path.read_bytes() != text_of(number - 1)
        journal.redo(path)
        seen["lost"] += path.read_bytes() != text_of(number)
    seen["swept"] += sweep(folder, journal, older_than=0)
    seen["torn"] += sorted(os.listdir(folder)) != ["data", "draft.md"]
print(json.dumps({**seen, "damaged_lines": journal.read().damaged_lines}))
"""


@pytest.mark.soak
def test_a_hundred_and_fifty_writers_killed_at_random_moments_tear_and_lose_nothing(
    cleanup: Cleanup,
    tmp_path: Path,
) -> None:
    (tmp_path / "draft.md").write_text("0 " * 5_000)
    process = cleanup(run_python(KILLED_AT_RANDOM_MOMENTS, tmp_path))
    seen = json.loads(process.communicate(timeout=120)[0])
    print(seen)
    assert (seen["runs"], seen["torn"], seen["lost"]) == (150, 0, 0)
    assert seen["writes"] > 20
    assert seen["swept"] > 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with a few hundred kilobytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(folder)]
    if (
        os.geteuid() != 0
        or subprocess.run(mount, check=False, stderr=subprocess.DEVNULL).returncode
    ):
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("consent", [Consent(), Consent(write_through=True)])
def test_a_disk_that_is_really_full_leaves_old_or_new_bytes(
    small_disk: Path, consent: Consent
) -> None:
    path, other = small_disk / "draft.md", small_disk / "other.md"
    new = b"New words\n" * 3000
    outcomes: list[bool] = []
    reasons: set[str] = set()
    for free in range(60):
        path.write_bytes(OLD)
        if consent.write_through:
            os.link(path, other)
        ballast = small_disk / "ballast"
        with open(ballast, "wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        os.truncate(ballast, max(0, ballast.stat().st_size - free * 4096))
        journal = Journal(small_disk / "data")
        try:
            write_draft(read_draft(path), new, journal, session=None, consent=consent)
            outcomes.append(True)
        except (JournalFailed, WriteFailed) as error:
            reasons.add(error.reason)
            outcomes.append(False)
        assert path.read_bytes() == (new if outcomes[-1] else OLD)
        ballast.unlink()
        if outcomes[-1]:
            journal.undo(path, consent=consent)
            assert path.read_bytes() == OLD
        assert not list(small_disk.rglob("*.tmp"))
        for file_or_folder in small_disk.iterdir():
            if file_or_folder.is_dir():
                shutil.rmtree(file_or_folder)
            else:
                file_or_folder.unlink()
    assert reasons == {"No space left on device"}
    assert outcomes == sorted(outcomes)
    assert len(set(outcomes)) == 2


ADDING_LINES = """
journal = Journal(folder / "data")
for number in range(25):
    while True:
        draft = read_draft(path)
        try:
            write_draft(draft, draft.data + b"%d\\n" % os.getpid(), journal, session=None)
            break
        except DraftChanged:
            pass
"""


def test_two_writers_at_once_overwrite_nothing_of_each_other(
    cleanup: Cleanup, tmp_path: Path
) -> None:
    path = tmp_path / "draft.md"
    path.write_bytes(b"")
    processes = [cleanup(run_python(ADDING_LINES, tmp_path)) for _ in range(2)]
    for process in processes:
        process.communicate(timeout=60)
    assert sorted(path.read_text().split()) == sorted(
        str(process.pid) for process in processes for _ in range(25)
    )
    journal = Journal(tmp_path / "data")
    for _ in range(50):
        journal.undo(path)
    assert path.read_bytes() == b""
