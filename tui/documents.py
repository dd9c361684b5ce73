"""Attached texts, read from files, folders and standard input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from tui.attach import AttachedText
from tui.document_text import document_text, is_document
from tui.errors import UsageProblem
from tui.options import PromptOptions
from tui.texts import bounded, decode, read_text

_STDIN = Path("-")


def attached_texts(options: PromptOptions, stdin: TextIO) -> list[AttachedText]:
    """Everything that a command line gives to work on: files in their order, and what is piped in,
    where ``-`` stands or at the end.

    Raises:
        UsageProblem: If one cannot be read, is no text, or a folder is named without a pattern.
    """
    piped = read_stdin(stdin)
    if options.files.count(_STDIN) > 1:
        raise UsageProblem("-f - is standard input, which can only be read once")
    if _STDIN not in options.files:
        return [*read_files(options.files, options.glob), *([piped] if piped else [])]
    if piped is None:
        raise UsageProblem("-f - reads standard input, which is empty: pipe a text in")
    at = options.files.index(_STDIN)
    before, after = options.files[:at], options.files[at + 1 :]
    others = read_files((*before, *after), options.glob)
    split = len(_all_files(before, options.glob))
    return [*others[:split], piped, *others[split:]]


def read_stdin(stream: TextIO | None) -> AttachedText | None:
    """Piped text, or None on a terminal and where nothing came.

    Raises:
        UsageProblem: If it is not UTF-8.
    """
    if stream is None or stream.closed or stream.isatty():
        return None
    text = decode(bounded(stream.buffer, "standard input"), "standard input")
    return AttachedText(None, text) if text else None


def read_files(paths: Sequence[Path], pattern: str | None = None) -> list[AttachedText]:
    """The texts of files, each under its name; under its path where names are not enough.

    Args:
        paths: Files and folders.
        pattern: Which files of a folder.

    Raises:
        UsageProblem: If one cannot be read, is no text, or a folder is named without a pattern.
    """
    refuse_glob_without_folder(paths, pattern)
    files = _all_files(paths, pattern)
    names = Counter(file.name for file in files)
    return [
        AttachedText(
            str(file) if names[file.name] > 1 else file.name,
            document_text(file) if is_document(file) else read_text(file),
        )
        for file in files
    ]


def refuse_glob_without_folder(paths: Sequence[Path], pattern: str | None) -> None:
    """Refuse a pattern that would choose from nothing.

    Raises:
        UsageProblem: If there is one, and none of the paths is a folder.
    """
    if pattern is not None and all(path.is_file() for path in paths):
        raise UsageProblem("--glob chooses files in a folder, but no folder is named")


def files_in(path: Path, pattern: str | None) -> Iterator[Path]:
    """A file itself, or those of a folder that are like the pattern.

    Raises:
        UsageProblem: If a folder has none, there is no pattern, or it leads out of the folder.
    """
    if not path.is_dir():
        yield path
        return
    if pattern is None:
        raise UsageProblem(f'{path} is a folder: choose its files, as in --glob "*.md"')
    try:
        if ".." in Path(pattern).parts:
            raise ValueError("it leads out of the folder")
        found = sorted(each for each in path.glob(pattern) if each.is_file())
    except (ValueError, NotImplementedError) as error:  # empty, or one from the root
        raise UsageProblem(f"--glob {pattern!r} is no pattern within a folder") from error
    if not found:
        raise UsageProblem(f"{path} has no file that matches {pattern}")
    yield from found


def _all_files(paths: Sequence[Path], pattern: str | None) -> list[Path]:
    return list(dict.fromkeys(file for path in paths for file in files_in(path, pattern)))
