"""What words of commands may become: names that have spaces in them, files, turns, settings."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from sessions import first_words
from tui.commands.talk import Suggestion, Talk
from tui.setting_values import MEANINGS, value_of

_MOST_FILES = 200


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
        end = "/" if entry.is_dir() else ""
        name = f"{shown}{entry.name}{end}"
        yield Suggestion(name if shlex.quote(name) == name or "~" in name else shlex.quote(name))


def turns(talk: Talk, role: str) -> Iterator[Suggestion]:
    """The numbers of the questions, or of the answers, on this branch."""
    for number, turn in enumerate(talk.conversation.log.session.path(), 1):
        if turn.role == role:
            yield Suggestion(str(number), first_words(turn.content.strip() or "…"))


def settings(talk: Talk, argument: str, others: Mapping[str, str]) -> Iterator[Suggestion]:
    """Names of settings and, behind one, the value that is in force."""
    before = argument.split(" ")[:-1]
    if before and before[-1] in MEANINGS:
        yield Suggestion(value_of(talk.conversation.settings, before[-1]), "in force")
        yield Suggestion("default", "what the prompt or the configuration says")
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
