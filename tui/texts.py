"""Reads the texts that a person gives: files and standard input, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from tui.errors import UsageProblem

LARGEST = 64 * 2**20
"""Bytes of the largest text that is read; no context holds more."""


def decode(data: bytes, name: str) -> str:
    """UTF-8 text, without a byte order mark.

    Raises:
        UsageProblem: If it is something else; it says what `name` is not.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{name} is not UTF-8 text (byte {error.start:,})") from error


def read_text(path: Path, largest: int = LARGEST) -> str:
    """A file's text.

    Raises:
        UsageProblem: If it cannot be read, has more bytes than `largest`, or is not UTF-8.
    """
    return decode(read_bytes(path, largest), str(path))


def read_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """What a file holds.

    Raises:
        UsageProblem: If it cannot be read, or has more bytes than `largest`.
    """
    try:
        with path.open("rb") as file:
            return bounded(file, str(path), largest)
    except OSError as error:
        raise UsageProblem(f"{path} cannot be read: {error.strerror}") from error


def typed_text(text: str) -> str:
    """What was typed, where the locale knows fewer letters than the terminal sends: their bytes
    arrived as half surrogates.

    Raises:
        UsageProblem: If it is not UTF-8.
    """
    return text if text.isascii() else decode(text.encode("utf-8", "surrogateescape"), "the line")


def check_arguments(*texts: str | None) -> None:
    """An argument that is not UTF-8 arrives with half surrogates in place of its bytes.

    Raises:
        UsageProblem: If one is not UTF-8.
    """
    for text in texts:
        if text is not None and not text.isascii():
            decode(text.encode("utf-8", "surrogateescape"), "the prompt")


def bounded(stream: BinaryIO, name: str, largest: int = LARGEST) -> bytes:
    """All bytes of a stream that has an end within reason.

    Raises:
        UsageProblem: If it has more than `largest`; `name` is what it is.
    """
    data = stream.read(largest + 1)
    if len(data) > largest:
        raise UsageProblem(f"{name} is larger than {largest // 2**20} MiB, the limit")
    return data
