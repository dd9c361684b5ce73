"""Everything that can go wrong with a person's own files.

DraftError
├── DraftMissing    there is no such file
├── NotText         bytes that are not UTF-8 text, or a revision that cannot become such
├── MarksInText     the text has the marks that its changes were to be written with
├── Unreadable      a folder, a device, too large, or the system would not let it be read
├── DraftChanged    the file is no longer what it was when it was read or written
├── ReadOnlyDraft   the file may not be written to
├── HardLinked      the file has other names, which a safe write would part from it
├── DraftExists     a new file was to be made and there is one of that name
├── WriteFailed     the system refused a step of the write
├── NoSuchPart      what a person named of a draft is not in it, or more than once
├── BadPattern      a regular expression that is none, or takes too long
│   └── ClosedFolder    the file's folder takes no new files, so the write can only be in place
├── HalfWritten     a write in place broke off, and the old bytes could not be put back
├── NotGivenBack    somebody saved the file in the middle of a write; theirs lies beside it
├── NothingToUndo   the journal knows of no write that has not been undone
├── NothingToRedo   the journal knows of no undo that a later write has not settled
├── BackupDamaged   the bytes that undo would bring back are not those that were kept
└── JournalFailed   the journal cannot be read or written, so nothing is written at all
"""

from __future__ import annotations

from pathlib import Path


class DraftError(Exception):
    """The base of this room's errors; its text is one line, ready to be shown."""


class NotText(DraftError):
    """Not UTF-8 text.

    Attributes:
        name: What it is the text of: a path, or a few words.
        reason: What it is instead, and what to do about it.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name} is not UTF-8 text: {reason}")


class NoSuchPart(DraftError):
    """The section, the lines or the paragraphs that a person named are not there, or not unique."""


class BadPattern(DraftError):
    """A regular expression that cannot be used.

    Attributes:
        pattern: As the person wrote it.
        reason: What is wrong with it.
    """

    def __init__(self, pattern: str, reason: str) -> None:
        self.pattern = pattern
        self.reason = reason
        super().__init__(f"the regular expression {pattern} cannot be used: {reason}")


class MarksInText(DraftError):
    """The text has marks of CriticMarkup itself, so changes that are written so could be misread.

    Attributes:
        line: Where the first of them is; None if they only arise where changes meet the text.
    """

    def __init__(self, line: int | None) -> None:
        self.line = line
        where = f" in line {line:,}" if line else ""
        super().__init__(
            f"the text has marks of CriticMarkup itself{where}: ask for another form of the changes"
        )


class NothingToUndo(DraftError):
    """Nothing was written that has not been undone.

    Attributes:
        path: The file that was asked for; None if it was any.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        super().__init__(f"nothing was written{f' to {path}' if path else ''} that can be undone")


class NothingToRedo(DraftError):
    """Nothing was undone that could be brought again.

    Attributes:
        path: The file that was asked for; None if it was any.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        super().__init__(
            f"nothing was undone{f' in {path}' if path else ''} that can be redone: "
            "a later write ends it"
        )


class _PathError(DraftError):
    """An error about one file or folder.

    Attributes:
        path: The file or folder, as the person named it.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        super().__init__(text)


class DraftMissing(_PathError):
    """There is no such file, or it is a symbolic link to none."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"there is no file {path}")


class DraftChanged(_PathError):
    """The file holds other bytes than it should, so nothing was written to it.

    Attributes:
        expected: The SHA-256 of what was read from it or last written to it; None for no file.
        found: The SHA-256 of what is in it; None if it is gone.
    """

    def __init__(self, path: Path, expected: str | None, found: str | None, advice: str) -> None:
        self.expected = expected
        self.found = found
        then = "missing" if expected is None else f"{expected[:12]}…"
        now = "gone" if found is None else f"{found[:12]}…"
        super().__init__(path, f"{path} has changed meanwhile (was {then}, is {now}): {advice}")


class ReadOnlyDraft(_PathError):
    """The file may not be written to."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"{path} is read-only: make it writable first")


class HardLinked(_PathError):
    """The file has several names, and replacing it would change it under one of them only.

    Attributes:
        links: How many names it has.
    """

    def __init__(self, path: Path, links: int) -> None:
        self.links = links
        super().__init__(
            path,
            f"{path} is one of {links} hard links, which a write would part: work on a copy",
        )


class DraftExists(_PathError):
    """A file of that name is there already, and only new ones are made."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"{path} exists already and is not overwritten: choose another name")


class _ReasonError(_PathError):
    """An error about a file or folder that has a reason.

    Attributes:
        reason: Why, in a few words; the operating system's own where it has any.
    """

    def __init__(self, path: Path, reason: str, text: str) -> None:
        self.reason = reason
        super().__init__(path, text)


class Unreadable(_ReasonError):
    """The file is there and is not one that can be read as a draft."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason, f"cannot read {path}: {reason}")


class WriteFailed(_ReasonError):
    """The system refused a step of the write.

    Attributes:
        is_in_place: Whether the new bytes are in the file all the same, though it is not certain
            that they would outlive a power cut. Else the file is as it was.
    """

    def __init__(self, path: Path, reason: str, *, is_in_place: bool = False) -> None:
        self.is_in_place = is_in_place
        outcome = "was written, but may not outlive a power cut" if is_in_place else "not written"
        super().__init__(path, reason, f"{path} {outcome}: {reason}")


class ClosedFolder(WriteFailed):
    """The folder takes no new files, which a safe write needs.

    Attributes:
        folder: Which.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self.folder = folder
        super().__init__(path, f"Permission denied (its folder, {folder})")


class HalfWritten(_ReasonError):
    """A write in place broke off and could not be taken back; the journal has both texts.

    Attributes:
        old: The file that has the old text.
        new: The file that has the new text.
    """

    def __init__(self, path: Path, reason: str, old: Path, new: Path) -> None:
        self.old = old
        self.new = new
        text = f"{path} is half written: {reason}; its old text is in {old}, the new one in {new}"
        super().__init__(path, reason, text)


class NotGivenBack(_PathError):
    """Somebody saved the file in the middle of a write, and it could not be given back to them.

    Attributes:
        theirs: The file that has what they saved.
    """

    def __init__(self, path: Path, theirs: Path) -> None:
        self.theirs = theirs
        text = f"{path} was saved by somebody else in the middle of a write: theirs is in {theirs}"
        super().__init__(path, text)


class BackupDamaged(_ReasonError):
    """The kept bytes of an earlier state are missing or are others; the file is as it was."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason, f"nothing to bring back: the backup {path} {reason}")


class JournalFailed(_ReasonError):
    """The journal could not be used; no draft is written without it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason, f"the journal of drafts in {path} cannot be used: {reason}")


def reason_of(error: OSError) -> str:
    """The operating system's words for an error, without number and file name."""
    return error.strerror or str(error)
