"""Pages of a file that nobody needs in memory any more."""

from __future__ import annotations

import mmap
import os
import sys
from pathlib import Path

import pytest

from engine.pages import forget_pages


def resident_kib(file: Path) -> int:
    """What this process has of a file, as proc(5) describes ``smaps``."""
    rest = Path("/proc/self/smaps").read_text().partition(f"{file}\n")[2]
    fields = dict(line.split(":", 1) for line in rest.splitlines()[:4])
    return int(fields["Rss"].split()[0])


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what is resident")
def test_they_leave_the_memory_and_come_back_when_they_are_read(tmp_path: Path) -> None:
    file, other = tmp_path / "of two words", tmp_path / "other"
    content = os.urandom(2**21)
    for each in (file, other):
        each.write_bytes(content)
    link = tmp_path / "link"
    link.symlink_to(file)
    with (
        file.open("rb") as opened,
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        other.open("rb") as kept,
        mmap.mmap(kept.fileno(), 0, access=mmap.ACCESS_READ) as held,
    ):
        assert mapped[:] == held[:]
        assert resident_kib(file) == resident_kib(other) == 2048
        forget_pages([link])
        assert (resident_kib(file), resident_kib(other)) == (0, 2048)
        assert mapped[:] == content
