"""What words of commands may become: names that have spaces in them, files, turns, settings."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from sessions import opening_of
from tui.commands.command import Suggestion
from tui.setting_values import MEANINGS, value_of
from tui.tables import file_size
from tui.talk import Talk

_MOST_FILES = 200

_MENTION = re.compile(r"(?<!\S)@(?:'([^'\n]*)|([^'\s]\S*|))$")
"""A file that is being named: between quotes that are not closed yet, or in one word."""


def names(argument: str, found: Mapping[str, str]) -> Iterator[Suggestion]:
    """Names with their meanings, each from where its last typed word begins: a name may have
    several words."""
    typed = argument.rpartition(" ")[0]
    start = len(typed) + 1 if typed else 0
    for name, meaning in found.items():
        if name.casefold().startswith(argument.casefold()):
            yield Suggestion(name[start:], meaning)


def file_names(word: str) -> Iterator[Suggestion]:
    """Files and folders that a path may become; hidden ones only if it says so."""
    for name, meaning in path_names(word):
        is_plain = shlex.quote(name) == name or "~" in name
        yield Suggestion(name if is_plain else shlex.quote(name), meaning)


def mentions(line: str) -> Iterator[Suggestion]:
    """Files that an @ at the end of a line may become; a name with blanks is between quotes."""
    typed = _MENTION.search(line)
    if typed is None:
        return
    is_quoted = typed[1] is not None
    start = typed[0].rfind(" ") + 1
    for name, meaning in path_names(typed[1] if is_quoted else typed[2]):
        quoted = f"@'{name}" if name.endswith("/") else f"@'{name}'"
        yield Suggestion((quoted if is_quoted or " " in name else f"@{name}")[start:], meaning)


def path_names(word: str) -> Iterator[tuple[str, str]]:
    """Paths that begin with a word, and what each is."""
    folder, _, start = word.rpartition("/")
    shown = f"{folder}/" if "/" in word else ""
    try:
        entries = sorted(os.scandir(os.path.expanduser(shown) or "."), key=lambda each: each.name)
    except OSError:
        return
    fitting = (
        entry
        for entry in entries
        if entry.name.startswith(start) and (start.startswith(".") or entry.name[0] != ".")
    )
    for entry in islice(fitting, _MOST_FILES):
        if entry.is_dir():
            yield f"{shown}{entry.name}/", "folder"
        else:
            yield f"{shown}{entry.name}", _size(entry)


def _size(entry: os.DirEntry[str]) -> str:
    try:
        return file_size(entry.stat().st_size)
    except OSError:
        return "cannot be read"


def turns(talk: Talk, role: str) -> Iterator[Suggestion]:
    """The numbers of the questions, or of the answers, on this branch."""
    for number, turn in enumerate(talk.conversation.log.session.path(), 1):
        if turn.role == role:
            yield Suggestion(str(number), opening_of(turn))


def settings(talk: Talk, argument: str, others: Mapping[str, str]) -> Iterator[Suggestion]:
    """Names of settings and, behind one, the value that is in force."""
    before = argument.split(" ")[:-1]
    if before and before[-1] in MEANINGS:
        yield Suggestion(value_of(talk.conversation.settings, before[-1]), "in use")
        yield Suggestion("default", "the value from the prompt or the configuration")
        return
    yield from words({**MEANINGS, **others})


def words(found: Mapping[str, str] | Iterable[str]) -> Iterator[Suggestion]:
    """Words with their meanings."""
    if isinstance(found, Mapping):
        yield from (Suggestion(word, meaning) for word, meaning in found.items())
    else:
        yield from map(Suggestion, found)


def path_of(word: str) -> Path:
    """A path as a person types it."""
    return Path(os.path.expanduser(word))
