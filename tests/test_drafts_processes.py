"""Killed processes, limits and several writers: a file has whole bytes, and undo has the others."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from drafts import Journal, NothingToUndo

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


def test_a_real_limit_on_the_disk_leaves_the_old_bytes(tmp_path: Path) -> None:
    (tmp_path / "draft.md").write_bytes(OLD)
    finished = run_python(
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


def test_a_process_killed_at_any_call_leaves_what_can_be_undone(tmp_path: Path) -> None:
    process = run_python(KILLED_AT_EACH_CALL, tmp_path)
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


def test_killed_writers_leave_a_whole_text_and_the_one_before_it(tmp_path: Path) -> None:
    moments = random.Random(6)
    path = tmp_path / "draft.md"
    path.write_text("0 " * 20_000)
    journal = Journal(tmp_path / "data")
    for _ in range(20):
        process = run_python(WRITING_ON_AND_ON, tmp_path)
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


def test_two_writers_at_once_overwrite_nothing_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / "draft.md"
    path.write_bytes(b"")
    processes = [run_python(ADDING_LINES, tmp_path) for _ in range(2)]
    for process in processes:
        process.communicate(timeout=60)
    assert sorted(path.read_text().split()) == sorted(
        str(process.pid) for process in processes for _ in range(25)
    )
    journal = Journal(tmp_path / "data")
    for _ in range(50):
        journal.undo(path)
    assert path.read_bytes() == b""
