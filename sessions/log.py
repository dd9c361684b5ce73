"""Sessions that can be added to: in memory, and in a file that keeps what it has acknowledged."""

from __future__ import annotations

import errno
import fcntl
import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import time
from typing import Literal

from sessions.codec import encode
from sessions.errors import SaveFailed, reason_of
from sessions.files import TextFiles
from sessions.records import (
    Branch,
    Change,
    Delete,
    Head,
    Header,
    KnownRecord,
    Partial,
    Rating,
    Redo,
    Restore,
    Review,
    Title,
    Undo,
)
from sessions.replay import apply, replay
from sessions.syscalls import Syscalls, sync_folder, write_all
from sessions.tree import FORMAT_VERSION, Session
from sessions.turns import Turn
from sessions.writers import is_alive, this_writer

_AT_WORK_S = 10.0
"""A program that answers saves what there is of the answer about once a second."""

_GONE = "its file was deleted or moved away"

_WRITER = "writer"
"""The field of a partial record that says which process wrote it."""

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class SessionLog(ABC):
    """A session and the ways to add to it. For one thread at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def append(self, turn: Turn) -> None:
        """Adds a turn, which becomes the head; it is durable when this returns.

        Raises:
            UnknownTurn: If its parent is not in the session.
            ValueError: If its id is taken, its status is ``partial``, or JSON cannot express it.
            SaveFailed: If it is in memory only; the next append tries again.
        """
        self._check_whole(turn)
        self._check(turn)
        self._keep(turn)

    def checkpoint(self, turn: Turn) -> None:
        """Saves a turn as far as it has come, in case it is never appended.

        It outlives this process, not the machine: nothing waits for the disk.

        Raises:
            UnknownTurn: If its parent is not in the session.
            ValueError: If its id is that of a whole turn, or JSON cannot express it.
            SaveFailed: If it is in memory only.
        """
        self._check(turn)
        writer = this_writer()
        extra = turn.extra if writer is None else {**turn.extra, _WRITER: writer}
        self._keep(Partial(replace(turn, status="partial", extra=extra)))

    def append_branch(self, turns: Sequence[Turn], *, name_of_head: str | None = None) -> None:
        """Adds turns in one write, the last of which becomes the head.

        Args:
            turns: Each follows a turn of the session or one before it among these.
            name_of_head: A name for the turn that was the head until now.

        Raises:
            UnknownTurn, ValueError: As for `append`; then the session is as it was.
            SaveFailed: If they are in memory only; the next append tries again.
        """
        given: set[str] = set()
        for turn in turns:
            self._check_whole(turn)
            self._check(turn, given)
            given.add(turn.id)
        head = self.session.head
        names = [Branch(name_of_head, head)] if name_of_head and head else []
        self._keep(*names, *turns)

    def take_in(self, records: Sequence[KnownRecord]) -> None:
        """Adds records of another copy of the session, in one write.

        Args:
            records: The first is a turn or says something of one that is there. Turns are new here,
                or whole where the session's own is partial; their parents need not be known.

        Raises:
            ValueError: If JSON cannot express one; then the session is as it was.
            SaveFailed: If they are in memory only; the next append tries again.
        """
        if records:
            self._keep(*records)

    def set_head(self, turn_id: str) -> None:
        """Goes to a turn: the next one follows it.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Head(self.session.turn(turn_id).id))

    def undo(self, to: str | None) -> None:
        """Takes back what came after a turn of the path; None takes back everything.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Undo(None if to is None else self.session.turn(to).id))

    def redo(self) -> bool:
        """Goes back to where the last undo came from; False if nothing was undone since the last
        turn.

        Raises:
            SaveFailed: If this is in memory only; the next append tries again.
        """
        if not self.session.undone:
            return False
        self._keep(Redo(self.session.undone[-1]))
        return True

    def delete(self, turn_id: str) -> None:
        """Hides a turn and all that follow it. They stay in the file: see `restore`.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Delete(self.session.turn(turn_id).id))

    def restore(self, turn_id: str) -> None:
        """Shows a deleted turn and all that follow it again.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Restore(self.session.turn(turn_id).id))

    def rate(self, turn_id: str, value: Literal[-1, 0, 1], note: str = "") -> None:
        """Says what a person thinks of a turn.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Rating(self.session.turn(turn_id).id, value, note))

    def review(self, turn_id: str, changes: Sequence[Change]) -> None:
        """Says which changes a person took of an answer that revises a draft.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Review(self.session.turn(turn_id).id, tuple(changes)))

    def name_branch(self, name: str, leaf: str | None) -> None:
        """Gives a turn a name, which another turn may have had; None takes the name away.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Branch(name, None if leaf is None else self.session.turn(leaf).id))

    def rename_branch(self, name: str, new_name: str, leaf: str) -> None:
        """Gives a branch another name in place of the one it has, if it has one.

        Raises:
            UnknownTurn: If its leaf is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        turn_id = self.session.branches.get(name, leaf)
        new = Branch(new_name, self.session.turn(turn_id).id)
        old = [Branch(name, None)] if name in self.session.branches and name != new_name else []
        self._keep(*old, new)

    def set_title(self, title: str, *, by_model: bool = False) -> None:
        """Gives the session a title; an empty one takes it away.

        Args:
            title: One line.
            by_model: Whether it was made up by a model; then a person's own stays.

        Raises:
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Title(title, by_model))

    def take_joined(self) -> int:
        """How many turns others have added to the session since this was last asked for."""
        return 0

    def is_being_written(self, turn: Turn) -> bool:
        """Whether another program is at work on a turn, as far as can be told."""
        return False

    def _check_whole(self, turn: Turn) -> None:
        if turn.status == "partial":
            raise ValueError("a partial turn is checkpointed, not appended")

    def _check(self, turn: Turn, before: Collection[str] = ()) -> None:
        known = self.session.turns.get(turn.id)
        if turn.id in before or (known is not None and known.status != "partial"):
            raise ValueError(f"turn {turn.id} is in the session already")
        if turn.parent is not None and turn.parent not in before:
            self.session.turn(turn.parent)

    @abstractmethod
    def _keep(self, *records: KnownRecord) -> None:
        """Applies records to the session, and saves them together where that is meant."""


class MemorySession(SessionLog):
    """A session that touches no disk."""

    def _keep(self, *records: KnownRecord) -> None:
        for record in records:
            apply(self.session, record)


class SessionFile(SessionLog):
    """A session and its file, which comes into being with the first turn.

    Other processes may append to the same file. What they wrote is taken into the tree before
    each append, and each process keeps its own head, so that turns at the same time are branches.
    """

    def __init__(
        self,
        path: Path,
        session: Session,
        *,
        read_to: int | None,
        syscalls: Syscalls,
    ) -> None:
        """A file that was read up to the offset `read_to`; None if it is yet to be created."""
        super().__init__(session)
        self.path = path
        self.files = TextFiles(files_of(path), syscalls)
        """The attached texts."""
        self._exists = read_to is not None
        self._read_to = read_to or 0
        self._syscalls = syscalls
        self._unsaved: list[bytes] = []
        self._unsaved_texts: dict[str, str] = {}
        self._entry_is_durable = False
        self._never_again: str | None = None
        self._joined = 0
        self._must_return = False
        self._own: set[str] = set()
        """Turns that this process is writing, or was."""

    def take_joined(self) -> int:
        """See `SessionLog`."""
        joined, self._joined = self._joined, 0
        return joined

    def is_being_written(self, turn: Turn) -> bool:
        """See `SessionLog`."""
        if turn.status != "partial" or turn.id in self._own:
            return False
        if is_alive(turn.extra.get(_WRITER)) is False:
            return False
        try:
            return time() - self.path.stat().st_mtime < _AT_WORK_S
        except OSError:
            return False

    def _keep(self, *records: KnownRecord) -> None:
        lines = b"".join(map(encode, records))
        is_partial = all(isinstance(record, Partial) for record in records)
        if not is_partial:
            self._unsaved.append(lines)
        for record in records:
            self._note_texts(record)
            if isinstance(record, Partial):
                self._own.add(record.turn.id)
        has_turn = any(isinstance(record, Turn | Partial) for record in records)
        try:
            if self._exists or self.session.turns or has_turn:
                self._save(lines if is_partial else None)
        finally:
            # After what others wrote, as in the file; and kept in memory whatever happened.
            for record in records:
                apply(self.session, record)

    def _note_texts(self, record: KnownRecord) -> None:
        turn = record.turn if isinstance(record, Partial) else record
        if isinstance(turn, Turn):
            for part in turn.attachments:
                if not part.is_missing:
                    text = turn.content[part.start : part.start + part.length]
                    self._unsaved_texts[part.sha256] = text

    def _save(self, partial: bytes | None) -> None:
        """Writes what is unsaved, and then a partial record, which is not worth a second try."""
        if self._never_again is not None:
            raise SaveFailed(self.path, self._never_again)
        try:
            if not self._exists:
                self._make_folder(self.path.parent)
            fd = self._open()
            try:
                self._syscalls.flock(fd, fcntl.LOCK_EX)
                self._check_place(fd)
                self._catch_up(fd)
                # Not before: beside a session that was deleted nothing must appear.
                self.files.save(self._unsaved_texts, self._fsync)
                self._write(fd, self._return() + b"".join(self._unsaved) + (partial or b""))
                if self._unsaved:
                    self._sync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            is_gone = self._exists and isinstance(error, FileNotFoundError)
            raise SaveFailed(self.path, _GONE if is_gone else reason_of(error)) from error
        self._unsaved.clear()
        self._unsaved_texts.clear()
        self._must_return = False

    def _open(self) -> int:
        # Opened anew each time: a file that was deleted meanwhile must not swallow what is written.
        if self._exists:
            return self._syscalls.open(self.path, _FLAGS, 0)
        fd = self._syscalls.open(self.path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        self._exists = True
        return fd

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        self._sync_folder(folder.parent)

    def _check_place(self, fd: int) -> None:
        """Whoever deletes a session holds its lock: after that, this is not the session's file."""
        here, there = os.fstat(fd), os.stat(self.path, follow_symlinks=False)
        if (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def _catch_up(self, fd: int) -> None:
        """Takes in what others appended since the file was last read, under the lock."""
        session = self.session
        unread = os.fstat(fd).st_size - self._read_to
        if unread < 0:
            # What was read is not there any more, and what is there need not be of this session.
            raise SaveFailed(self.path, "another program has shortened its file")
        if unread > 0:
            known, head, undone = len(session.turns), session.head, list(session.undone)
            unfinished = session.unfinished()
            data = os.pread(fd, unread, self._read_to)
            replay(session, data, texts=self.files.text)
            self._read_to += unread
            finished = unfinished - session.unfinished()
            self._joined += len(session.turns) - known + len(finished)
            if known:
                session.head, session.undone = head, undone
                if len(session.turns) > known:
                    # Whoever reads the file is at another head now, and can redo nothing.
                    self._must_return = True
                    session.undone = []
                session.leave_hidden()
        if session.read_only:
            raise SaveFailed(self.path, "a newer version of this program wrote it")

    def _return(self) -> bytes:
        """Says where this process is, after others have said where they are."""
        head = self.session.head
        return encode(Head(head)) if self._must_return and head is not None else b""

    def _write(self, fd: int, lines: bytes) -> None:
        """Appends all of the lines or, as far as the file can be cut back, nothing."""
        size = os.fstat(fd).st_size
        session = self.session
        header = Header(FORMAT_VERSION, session.id, session.created, session.is_revision)
        if self.session.version is None:
            lines = encode(header) + lines
        if size > 0 and os.pread(fd, 1, size - 1) != b"\n":
            lines = b"\n" + lines
        is_whole = False
        try:
            write_all(self._syscalls, fd, lines)
            is_whole = True
        finally:
            if not is_whole:
                # Should this fail too, the newline above parts the torn line from the next one.
                with suppress(OSError):
                    self._syscalls.ftruncate(fd, size)
        self._read_to = size + len(lines)
        apply(self.session, header)

    def _sync(self, fd: int) -> None:
        self._fsync(fd)
        if not self._entry_is_durable:
            self._sync_folder(self.path.parent)
            self._entry_is_durable = True

    def _sync_folder(self, folder: Path) -> None:
        sync_folder(self._syscalls, folder, self._fsync)

    def _fsync(self, fd: int) -> None:
        try:
            self._syscalls.fsync(fd)
        except OSError as error:
            # The kernel has dropped the pages it could not write and calls them clean: a second
            # fsync would succeed and mean nothing.
            if error.errno != errno.EINVAL:
                self._never_again = reason_of(error)
            raise


def files_of(path: Path) -> Path:
    """The folder of the texts that are attached to the session in a file."""
    return path.with_suffix(".files")
