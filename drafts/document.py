"""A person's file as bytes and as text, so that what the model rewrites goes back in its own form.

The model sees one form only: no byte order mark, and ``\\n`` for every newline. `restore` gives a
revision of that text the mark, the newlines and the blank edges of the original.
"""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal, TypeAlias

from drafts.errors import DraftMissing, NotText, Unreadable, reason_of

Newline: TypeAlias = Literal["\n", "\r\n", "\r"]

LARGEST = 64 * 2**20
"""Bytes of the largest file that is read as a draft."""

_NEWLINE = re.compile(r"\r\n|\r|\n")

_BOM = "\ufeff"

_SIGNATURES = (
    (codecs.BOM_UTF32_LE, "it is UTF-32: save it as UTF-8 first"),
    (codecs.BOM_UTF32_BE, "it is UTF-32: save it as UTF-8 first"),
    (codecs.BOM_UTF16_LE, "it is UTF-16: save it as UTF-8 first"),
    (codecs.BOM_UTF16_BE, "it is UTF-16: save it as UTF-8 first"),
    (b"%PDF-", "it is a PDF: export its text first"),
    (b"PK\x03\x04", "it is a ZIP archive, as .docx and .odt are: export its text first"),
)
"""How files begin that people take for text, the longer beginnings first."""


@dataclass(frozen=True, slots=True)
class DecodedText:
    """UTF-8 text, and the form in which it came."""

    data: bytes
    text: str
    """Without byte order mark, every newline as ``\\n``: what a model sees."""
    bom: bool
    """Whether the bytes begin with a byte order mark."""
    newline: Newline
    """The most frequent one, which new lines get; ``\\n`` where there is none."""

    @property
    def raw_text(self) -> str:
        """The bytes as characters, mark and newlines included: what a diff that applies is of."""
        return self.data.decode()


@dataclass(frozen=True, slots=True)
class FileBytes:
    """A regular file as it was when it was read."""

    path: Path
    """As the person named it."""
    target: Path
    """Absolute, with symbolic links followed: the file that a write replaces."""
    data: bytes
    sha256: str
    """Of the data, as hexadecimal digits."""
    status: os.stat_result


@dataclass(frozen=True, slots=True)
class Draft(DecodedText):
    """A file that holds text."""

    file: FileBytes

    @property
    def path(self) -> Path:
        """As the person named it."""
        return self.file.path


def sha256_of(data: bytes) -> str:
    """The SHA-256 of the bytes, as hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def read_draft(path: Path) -> Draft:
    """Reads a file of UTF-8 text.

    Raises:
        DraftMissing, Unreadable: As for `read_file`.
        NotText: If it is binary or in another encoding.
    """
    file = read_file(path)
    decoded = decode_text(file.data, str(path))
    return Draft(decoded.data, decoded.text, decoded.bom, decoded.newline, file)


def read_file(path: Path) -> FileBytes:
    """Reads a regular file, through symbolic links.

    Raises:
        DraftMissing: If there is none.
        Unreadable: If it is something else, is larger than `LARGEST`, or may not be read.
    """
    try:
        target = Path(os.path.realpath(path, strict=True))
        # A pipe without a writer would keep a plain open waiting.
        fd = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise Unreadable(path, "it is not a file but a folder, a pipe or a device")
            data = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise DraftMissing(path) from error
    except OSError as error:
        if error.errno == errno.EISDIR:
            raise Unreadable(path, "it is a folder") from error
        raise Unreadable(path, reason_of(error)) from error
    if len(data) > LARGEST:
        raise Unreadable(path, f"it is larger than {LARGEST // 2**20} MiB: split it")
    return FileBytes(path, target, data, sha256_of(data), status)


def decode_text(data: bytes, name: str = "the input") -> DecodedText:
    """The text that the bytes hold; `name` says in an error whose they are.

    Raises:
        NotText: If they are binary or in another encoding.
    """
    try:
        raw = data.decode()
    except UnicodeDecodeError as error:
        raise NotText(name, _what_else(data, error.start)) from error
    if "\0" in raw:
        raise NotText(name, _what_else(data, data.index(b"\0")))
    bom = raw.startswith(_BOM)
    text = raw[1:] if bom else raw
    return DecodedText(data, _with_line_feeds(text), bom, _dominant_newline(text))


def restore(original: DecodedText, revised: str) -> bytes:
    """Gives a revision of the text the form of the original.

    Byte order mark, blank lines at the beginning and the end, and the final newline or its absence
    are the original's. Lines that were not changed keep their own newline, others get the dominant
    one. The text itself, unrevised, gives exactly the original bytes. Where the original has no
    words there is no form to keep, and the revision ends with one newline.

    Raises:
        NotText: If the revision has characters that a text file cannot hold.
    """
    revised = _with_line_feeds(revised)
    before, words, after = _blank_edges(original.text)
    _, new_words, _ = _blank_edges(revised)
    if not new_words:
        return original.data if not words else _encode("", original.bom)
    if not words:
        before, after = "", "\n"
    if not original.bom and not before:
        # Here it would be the byte order mark that the original does not have.
        new_words = new_words.lstrip(_BOM)
    return _encode(_with_own_newlines(original, before + new_words + after), original.bom)


def _what_else(data: bytes, offset: int) -> str:
    """What bytes are that are not text, and what to do; the offset is that of the first bad one."""
    for signature, reason in _SIGNATURES:
        if data.startswith(signature):
            return reason
    if data[offset] == 0:
        # Every other byte of Latin letters in UTF-16 is zero.
        if data.count(0) * 3 > len(data):
            return "it looks like UTF-16: save it as UTF-8 first"
        return f"it is binary (a zero at byte {offset:,}), which cannot be revised"
    line = data.count(b"\n", 0, offset) + 1
    return (
        f"byte 0x{data[offset]:02X} in line {line:,}; "
        "if it is Latin-1 or Windows-1252, save it as UTF-8 first"
    )


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _dominant_newline(text: str) -> Newline:
    both = text.count("\r\n")
    counts: dict[Newline, int] = {
        "\n": text.count("\n") - both,
        "\r\n": both,
        "\r": text.count("\r") - both,
    }
    return max(counts, key=lambda newline: counts[newline])


def _blank_edges(text: str) -> tuple[str, str, str]:
    """Parts a text into its leading blank lines, its words, and its last newline and blank lines.

    Spaces at the beginning or the end of a line with words belong to the words. A text of blank
    lines is all leading.
    """
    blank = " \t\n"
    if not text.strip(blank):
        return text, "", ""
    start = text.rfind("\n", 0, len(text) - len(text.lstrip(blank))) + 1
    end = text.find("\n", len(text.rstrip(blank)))
    end = len(text) if end < 0 else end
    return text[:start], text[start:end], text[end:]


def _with_own_newlines(original: DecodedText, text: str) -> str:
    """Replaces each ``\\n`` by the newline that its line has in the original, else the dominant."""
    own = _NEWLINE.findall(original.raw_text)
    if own.count(original.newline) == len(own):
        return text.replace("\n", original.newline)
    lines = text.split("\n")
    newlines = [original.newline] * (len(lines) - 1)
    for old, new, size in _same_lines(original.text.split("\n"), lines):
        # The last line has no newline: neither here nor there.
        count = min(size, len(own) - old, len(newlines) - new)
        newlines[new : new + count] = own[old : old + count]
    ends = [*_kept_apart(lines, newlines), ""]
    return "".join(line + end for line, end in zip(lines, ends, strict=True))


def _same_lines(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int]]:
    """Runs of lines that both have: where they begin in each, and how many they are."""
    blocks = SequenceMatcher(None, old, new).get_matching_blocks()
    return [(block.a, block.b, block.size) for block in blocks if block.size]


def _kept_apart(lines: Sequence[str], newlines: Sequence[str]) -> list[str]:
    """The newlines, none whose ``\\n`` would make one newline of itself and a ``\\r`` before."""
    apart: list[str] = []
    for line, newline in zip(lines, newlines, strict=False):
        merges = not line and newline == "\n" and bool(apart) and apart[-1] == "\r"
        apart.append("\r" if merges else newline)
    return apart


def _encode(text: str, bom: bool) -> bytes:
    if "\0" in text:
        raise NotText("the revision", "it has a zero character")
    try:
        return (_BOM if bom else "").encode() + text.encode()
    except UnicodeEncodeError as error:
        raise NotText("the revision", "it has half of a surrogate pair") from error
