"""The trash folder beside the sessions: where deleted ones go, and from where they come back."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from sessions.errors import NotMoved, UnknownSession, reason_of
from sessions.folder import SUFFIX
from sessions.session_file import files_of

TRASH = "trash"


class Trash:
    """The trash of one folder of sessions, made when the first is put into it.

    A session that was imported again and deleted again lies there twice, the later one under a
    number; it comes back first.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / TRASH

    def has(self, path: Path) -> bool:
        """Whether a session that was at a path is here."""
        return bool(self._places(path))

    def put(self, path: Path) -> None:
        """Moves a session's file and its attachments here.

        Raises:
            UnknownSession: If it is not there.
            NotMoved: If it could not be moved.
        """
        if self.folder.is_symlink():
            raise NotMoved(path, f"{self.folder} is a symbolic link")
        if path.is_file():
            self.folder.mkdir(mode=0o700, exist_ok=True)
        _locked(path, lambda: _move(path, self._free_place(path)))

    def take(self, path: Path) -> None:
        """Moves a session back to where it was.

        Raises:
            UnknownSession: If it is not here.
            NotMoved: If it could not be moved, or there is another one of its name.
        """
        places = self._places(path)
        if not places:
            raise UnknownSession(path.stem)
        if path.exists():
            raise NotMoved(path, "a session of that id is there already")
        _locked(places[-1], lambda: _move(places[-1], path))

    def purge(self, path: Path) -> None:
        """Deletes a session for good, whether it is here or still in use.

        Raises:
            UnknownSession: If it is in neither place.
            NotMoved: If it could not be deleted.
        """
        places = [place for place in (path, *self._places(path)) if _is_there(place)]
        if not places:
            raise UnknownSession(path.stem)
        for place in places:
            if place.is_file():
                _locked(place, lambda place=place: _erase(place))  # type: ignore[misc]
            else:
                # What a purge left that was cut short.
                _erase(place)

    def _free_place(self, path: Path) -> Path:
        return next(place for place in self._names(path) if not _is_there(place))

    def _places(self, path: Path) -> list[Path]:
        """Where sessions lie here that were at a path, the latest last."""
        places: list[Path] = []
        for place in self._names(path):
            if not _is_there(place):
                return places
            places.append(place)
        return places

    def _names(self, path: Path) -> Iterator[Path]:
        yield self.folder / path.name
        for number in count(2):
            yield self.folder / f"{path.stem}.{number}{SUFFIX}"


def _is_there(place: Path) -> bool:
    return place.is_file() or files_of(place).is_dir()


def _move(source: Path, target: Path) -> None:
    """Attachments go first, and come back if the file cannot follow."""
    has_files = files_of(source).is_dir()
    if has_files:
        os.rename(files_of(source), files_of(target))
    try:
        os.rename(source, target)
    except OSError:
        if has_files:
            with suppress(OSError):
                os.rename(files_of(target), files_of(source))
        raise


def _erase(place: Path) -> None:
    """Attachments go first: as long as the file is there, this can be tried again."""
    try:
        if files_of(place).is_symlink():
            files_of(place).unlink()
        elif files_of(place).is_dir():
            shutil.rmtree(files_of(place))
        place.unlink(missing_ok=True)
    except OSError as error:
        raise NotMoved(place, reason_of(error)) from error


def _locked(path: Path, work: Callable[[], object]) -> None:
    """Does something to a file while nobody appends to it."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise UnknownSession(path.stem) from error
    except OSError as error:
        raise NotMoved(path, reason_of(error)) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        work()
    except OSError as error:
        raise NotMoved(path, reason_of(error)) from error
    finally:
        os.close(fd)
