"""A repaired copy of a damaged session: all that is sound, under a new id."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sessions.check import empty_session, path_of, problem_with, read_whole
from sessions.codec import encode
from sessions.errors import SaveFailed, reason_of
from sessions.files import TextFiles
from sessions.ids import new_id
from sessions.lines import Line, lines_of
from sessions.records import Header, Partial, Title
from sessions.session_file import files_of
from sessions.syscalls import OperatingSystem, Syscalls, sync_folder, write_all
from sessions.tree import FORMAT_VERSION, Session
from sessions.turns import Turn

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def salvage_session(root: Path, session_id: str, *, syscalls: Syscalls | None = None) -> str:
    """Writes a copy that has every sound record, and says its id; the session stays as it is.

    The records are in their order, with fields and types that this program does not know. What
    is lost stays lost: turns after a gap still begin after one.

    Args:
        root: The folder of the sessions.
        session_id: Which one.
        syscalls: What the copy is written with.

    Raises:
        UnknownSession: If there is none, or that is not an id.
        ReadFailed: If the file cannot be read.
        SaveFailed: If the copy cannot be written, or a newer version of this program wrote it.
    """
    system = syscalls or OperatingSystem()
    path = path_of(root, session_id)
    session = empty_session(session_id)
    texts = TextFiles(files_of(path), system).text
    records = list(_sound_records(session, lines_of(read_whole(path), texts)))
    if session.read_only:
        raise SaveFailed(path, "a newer version of this program wrote it")
    copy_id = new_id()
    target = path.with_name(f"{copy_id}{path.suffix}")
    header = encode(Header(FORMAT_VERSION, copy_id, session.created, session.is_revision))
    title = encode(Title(f"{session.display_title} (repaired)"))
    try:
        TextFiles(files_of(target), system).save(_texts_of(session))
        _write_new(system, target, b"".join([header, *records, title]))
    except OSError as error:
        with suppress(OSError):
            target.unlink(missing_ok=True)
        shutil.rmtree(files_of(target), ignore_errors=True)
        raise SaveFailed(target, reason_of(error)) from error
    return copy_id


def _sound_records(session: Session, lines: Iterator[Line]) -> Iterator[bytes]:
    """The lines that the session is made of, newline included, without headers."""
    for line in lines:
        if line.record is None:
            continue
        problem = problem_with(session, line)
        if isinstance(line.record, Turn | Partial) and problem:
            yield from _cut_loose(session, line.record)
        elif not isinstance(line.record, Header):
            yield line.data + b"\n"


def _cut_loose(session: Session, record: Turn | Partial) -> Iterator[bytes]:
    """A turn that would follow itself, without what it follows; another turn's double is none."""
    turn = record.turn if isinstance(record, Partial) else record
    kept = session.turns[turn.id]
    if kept.parent is None and kept.content == turn.content and turn.parent is not None:
        yield encode(Partial(kept) if isinstance(record, Partial) else kept)


def _texts_of(session: Session) -> dict[str, str]:
    """The attached texts that are there, by their hashes."""
    return {
        part.sha256: turn.content[part.start : part.start + part.length]
        for turn in session.turns.values()
        for part in turn.attachments
        if not part.is_missing
    }


def _write_new(system: Syscalls, target: Path, data: bytes) -> None:
    """Writes a file that is there whole or not at all."""
    temporary = target.with_name(f"{target.name}.part")
    fd = system.open(temporary, _CREATE, 0o600)
    try:
        try:
            write_all(system, fd, data)
            system.fsync(fd)
        finally:
            os.close(fd)
        system.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(system, target.parent, system.fsync)
