"""Finds the sessions worth opening among thousands: by the bytes of their files, which is quick."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from sessions.check import read_whole
from sessions.errors import ReadFailed, UnknownSession
from sessions.folder import SessionFolder


def sift_sessions(
    root: Path,
    is_wanted: Callable[[bytes], bool],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[str]:
    """The ids of the sessions whose file is wanted, the last changed first.

    Args:
        root: The folder of the sessions.
        is_wanted: Told all bytes of a file. In it, strings of letters stand as JSON has them.
        progress: Is told how many of how many files have been looked at.

    Raises:
        UnsafeStore, ReadFailed: If it is not a folder to look into. A file that cannot be read is
            passed over.
    """
    folder = SessionFolder(root)
    files = sorted(folder.files(), reverse=True)
    for number, file in enumerate(files):
        if progress is not None and number % 100 == 0:
            progress(number, len(files))
        try:
            data = read_whole(folder.file_of(file.id))
        except (UnknownSession, ReadFailed):
            continue
        if is_wanted(data):
            yield file.id
