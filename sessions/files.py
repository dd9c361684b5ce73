"""Attached texts, each kept once beside its session under the name of its hash."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from sessions.syscalls import Syscalls, sync_folder, write_all

_SHA256 = re.compile(r"[0-9a-f]{64}")

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def sha256_of(text: str) -> str:
    """The name of a text: the SHA-256 of its UTF-8 form."""
    return hashlib.sha256(_encoded(text)).hexdigest()


class TextFiles:
    """The folder of a session's attached texts, made when the first one is saved."""

    def __init__(self, folder: Path, syscalls: Syscalls) -> None:
        self.folder = folder
        self._syscalls = syscalls

    def text(self, sha256: str) -> str | None:
        """The text of that hash; None where it is not there, or is not what its name says."""
        if _SHA256.fullmatch(sha256) is None:
            return None
        try:
            with closing_fd(os.open(self.folder, _FOLDER)) as folder:
                # What is no file must not hold anybody up.
                fd = os.open(sha256, _READ, dir_fd=folder)
            with open(fd, "rb") as file:
                if not stat.S_ISREG(os.fstat(fd).st_mode):
                    return None
                data = file.read()
        except OSError:
            return None
        if hashlib.sha256(data).hexdigest() != sha256:
            return None
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return None

    def save(self, texts: Mapping[str, str], fsync: Callable[[int], None] | None = None) -> None:
        """Makes texts durable, given by their hashes.

        Args:
            texts: Those that are there already are not written again.
            fsync: For folders, which unlike files cannot be written anew if it fails.

        Raises:
            OSError: If one could not be; then some of the others may have been.
        """
        if not texts:
            return
        with suppress(FileExistsError):
            self.folder.mkdir(mode=0o700)
        with closing_fd(os.open(self.folder, _FOLDER)):
            pass  # a link could lead anywhere
        for sha256, text in texts.items():
            if self.text(sha256) != text:
                self._save(sha256, _encoded(text))
        # Also for a text that was there: who wrote it may not have come as far as this.
        for folder in (self.folder, self.folder.parent):
            sync_folder(self._syscalls, folder, fsync or self._syscalls.fsync)

    def _save(self, sha256: str, data: bytes) -> None:
        temporary = self.folder / f"{sha256}.{os.getpid()}.part"
        with suppress(FileNotFoundError):
            temporary.unlink()
        fd = self._syscalls.open(temporary, _CREATE, 0o600)
        try:
            try:
                write_all(self._syscalls, fd, data)
                self._syscalls.fsync(fd)
            finally:
                os.close(fd)
            self._syscalls.replace(temporary, self.folder / sha256)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise


def _encoded(text: str) -> bytes:
    # Lone surrogates cannot come from a file, but nothing that was typed may break a session.
    return text.encode("utf-8", "surrogatepass")


@contextmanager
def closing_fd(fd: int) -> Iterator[int]:
    """Closes a descriptor at the end of the block."""
    try:
        yield fd
    finally:
        os.close(fd)
