"""Temporary files beside a draft: how they are made whole, and how those of killed processes go.

A process that is killed in the middle of a write leaves one behind. It may hold the last words that
somebody saved, which an exchange of names has put there; so none is deleted whose bytes are not
kept.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from drafts.document import LARGEST
from drafts.errors import DraftError, DraftExists, NotGivenBack
from drafts.syscalls import NO_LOCKS, NOT_HERE, Syscalls

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

STALE_AFTER = 600.0
"""Seconds for which nothing happened to a temporary file before it counts as left behind."""

_NAME = re.compile(r"\..+\.chat-[0-9a-f]{16}\.tmp", re.DOTALL)


class Keeper(Protocol):
    """Keeps bytes, and other processes from writing drafts; a `Journal` is one."""

    @property
    def syscalls(self) -> Syscalls: ...
    def keep(self, *texts: bytes) -> None: ...


@contextmanager
def temporary_file(
    target: Path,
    data: bytes,
    system: Syscalls,
    *,
    mode: int = 0o600,
    finish: Callable[[int], None] | None = None,
) -> Iterator[Path]:
    """A synced file with the data in the target's folder, gone afterwards unless it was renamed.

    It is locked all the time, so that nobody takes it for one that was left behind.

    Args:
        mode: As for `open`: the process's umask takes bits away.
        finish: Called with the descriptor before the file is synced.

    Raises:
        OSError: If the system refuses a step.
    """
    # A name may have 255 bytes.
    name = os.fsdecode(os.fsencode(target.name)[:200])
    path = target.with_name(f".{name}.chat-{secrets.token_hex(8)}.tmp")
    fd = system.open(path, NEW_FILE, mode)
    is_ours = True
    try:
        _lock(fd, system)
        write_all(fd, data, system)
        if finish is not None:
            finish(fd)
        system.fsync(fd)
        yield path
    except NotGivenBack:
        is_ours = False
        raise
    finally:
        os.close(fd)
        # Nothing more can be done about one that stays, and why the write failed matters more.
        if is_ours:
            with suppress(OSError):
                system.unlink(path)


def link_new(source: Path, target: Path, system: Syscalls) -> None:
    """Gives a finished temporary file its name, which must be free.

    Raises:
        DraftExists: If it is not.
        OSError: If the system refuses.
    """
    try:
        try:
            system.link(source, target)
        except OSError as error:
            if error.errno not in NOT_HERE:
                raise
            # No hard links here, as on FAT: the name is taken first, and then replaced.
            os.close(system.open(target, NEW_FILE, 0o600))
            system.replace(source, target)
    except FileExistsError as error:
        raise DraftExists(target) from error


def write_all(fd: int, data: bytes | memoryview, system: Syscalls) -> None:
    """Writes all of the data, in as many pieces as the system takes.

    Raises:
        OSError: If it takes no more.
    """
    rest = memoryview(data)
    while rest:
        written = system.write(fd, rest)
        if written == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rest = rest[written:]


def sync_folder(folder: Path, system: Syscalls) -> None:
    """Makes the names in a folder durable, where the file system has anything to do for that.

    Raises:
        OSError: If they may not be.
    """
    fd = system.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, 0)
    try:
        system.fsync(fd)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(fd)


def sweep(folder: Path, keeper: Keeper, *, older_than: float = STALE_AFTER) -> int:
    """Deletes the temporary files that killed processes of ours left in a folder.

    Only regular files of our own user and of our own names go, which nobody holds and nothing has
    happened to for a while; and only after their bytes are in the journal's store.
    What cannot be looked at, kept or deleted stays, without an error.

    Args:
        older_than: Seconds since anything happened to the file.

    Returns:
        How many were deleted.
    """
    try:
        names = [name for name in os.listdir(folder) if _NAME.fullmatch(name)]
    except OSError:
        return 0
    return sum(_sweep_one(folder / name, keeper, older_than) for name in names)


def _sweep_one(path: Path, keeper: Keeper, older_than: float) -> bool:
    """Whether it was stale and is gone."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            status = os.fstat(fd)
            if not _is_stale(status, older_than):
                return False
            # Who writes one has it locked; here this also keeps two sweepers apart.
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            data = file.read(LARGEST + 1)
            if len(data) > LARGEST or not os.path.samestat(status, os.lstat(path)):
                return False
            keeper.keep(data)
            keeper.syscalls.unlink(path)
    except (OSError, DraftError):
        return False
    return True


def _is_stale(status: os.stat_result, older_than: float) -> bool:
    # A change of name is no change of the content: the file that an exchange has put here a moment
    # ago can be years old, but for its ctime.
    last = max(status.st_mtime, status.st_ctime)
    return (
        stat.S_ISREG(status.st_mode)
        and status.st_uid == os.geteuid()
        and last + older_than <= time.time()
    )


def _lock(fd: int, system: Syscalls) -> None:
    try:
        system.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
