"""Opens the files of a library: nothing outside its folder, and nothing that is no text."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from prompts.errors import InvalidPrompt, UnreadablePrompt

MAX_BYTES = 1024 * 1024
"""A larger file is not a prompt that anybody wrote."""


def stems(folder: Path) -> list[str]:
    """The names of a folder's TOML files, whether they can be used or not.

    Raises:
        UnreadablePrompt: If the folder is there and may not be listed.
    """
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise UnreadablePrompt(folder, error.strerror or str(error)) from error
    return [Path(name).stem for name in names if name.endswith(".toml") and name[0] != "."]


def matching(pattern: str, folder: Path) -> list[Path]:
    """The files within a folder that a relative name or pattern stands for, by name.

    A name without a wildcard stands for itself, whether there is such a file or not.

    Raises:
        UnreadablePrompt: If it leads out of the folder.
    """
    parts = Path(pattern).parts
    if Path(pattern).is_absolute() or ".." in parts or not parts:
        raise UnreadablePrompt(folder / pattern, "it is outside the library's folder")
    if not any(character in pattern for character in "*?["):
        return [folder / pattern]
    return sorted(path for path in folder.glob(pattern) if path.is_file())


def read_text(path: Path, folder: Path) -> str | None:
    """The text of a library's file; None where there is none.

    Raises:
        UnreadablePrompt: If it cannot be read, is no regular file or too large, or links to a
            place outside the folder.
        InvalidPrompt: If it is not UTF-8.
    """
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(folder.resolve()):
            raise UnreadablePrompt(path, "it is a link to a place outside its folder")
        content = _read_bounded(real, path)
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.is_symlink():
            raise UnreadablePrompt(path, "it is a link to nothing") from error
        return None
    except (OSError, RuntimeError) as error:  # a circle of links is a RuntimeError before 3.13
        raise UnreadablePrompt(path, getattr(error, "strerror", None) or str(error)) from error
    except ValueError as error:  # a null character in a name
        raise UnreadablePrompt(folder, str(error)) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidPrompt(path, "not UTF-8 text", line=line) from error


def _read_bounded(real: Path, path: Path) -> bytes:
    # A pipe of that name must not make the program wait, nor a link put there meanwhile mislead it.
    handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise UnreadablePrompt(path, "it is a folder")
        if not stat.S_ISREG(mode):
            raise UnreadablePrompt(path, "it is not a regular file")
        with open(handle, "rb", closefd=False) as file:
            content = file.read(MAX_BYTES + 1)
    finally:
        os.close(handle)
    if len(content) > MAX_BYTES:
        raise UnreadablePrompt(path, "it is larger than 1 MiB")
    return content
