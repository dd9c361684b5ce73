"""What the prompts screen shows: the library read in a thread, put in lines by tag, and one prompt
with the values that a person gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prompts.errors import PromptError
from prompts.inherit import Prompt
from prompts.library import Entry, Library
from prompts.render import Rendered
from tui.errors import UsageProblem
from tui.prompt_views import filled

_NO_TAG = "other"
_BROKEN = "cannot be used"


@dataclass(frozen=True, slots=True)
class ShelfLine:
    """A line of the list: a tag, or a prompt that has it."""

    words: str
    entry: Entry | None = None
    """None for a tag."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A prompt with values, as far as it goes."""

    name: str
    values: tuple[tuple[str, str], ...]
    """Those that were given."""
    prompt: Prompt | None = None
    """None where its file cannot be used."""
    rendered: Rendered | None = None
    """None where a value cannot be taken."""
    problem: str = ""
    """What is wrong, in a line."""


def shelf_lines(entries: Sequence[Entry], typed: str) -> tuple[ShelfLine, ...]:
    """The prompts that have all words in name, title, summary or tags, each below its first tag;
    those that cannot be used come last."""
    words = typed.casefold().split()
    found = [entry for entry in entries if _has(entry, words)]
    groups: dict[str, list[Entry]] = {}
    for entry in found:
        groups.setdefault(_group(entry), []).append(entry)
    last = (_NO_TAG, _BROKEN)
    names = sorted(groups, key=lambda name: (last.index(name) + 1 if name in last else 0, name))
    return tuple(_lines(groups, names))


def _lines(groups: Mapping[str, Sequence[Entry]], names: Sequence[str]) -> Iterator[ShelfLine]:
    for name in names:
        yield ShelfLine(name)
        for entry in groups[name]:
            yield ShelfLine(entry.name, entry)


def _group(entry: Entry) -> str:
    return _BROKEN if entry.error is not None else next(iter(entry.tags), _NO_TAG)


def _has(entry: Entry, words: Sequence[str]) -> bool:
    text = " ".join((entry.name, entry.title, entry.summary, *entry.tags)).casefold()
    return all(word in text for word in words)


def preview_of(library: Library, name: str, values: Mapping[str, str]) -> Preview:
    """A prompt with values. What was left empty is not given."""
    given = tuple((key, value) for key, value in values.items() if value)
    prompt = None
    try:
        prompt = library.load(name)
        return Preview(name, given, prompt, filled(prompt, dict(given)))
    except PromptError as error:
        return Preview(name, given, prompt, problem=problem_words(error, f"{name}.toml"))
    except UsageProblem as error:
        return Preview(name, given, prompt, problem=str(error))


def problem_words(error: PromptError, file_name: str) -> str:
    """What is wrong, in a line; of the file that is looked at only the place in it is named."""
    path = getattr(error, "path", None)
    words = str(error)
    if not isinstance(path, Path) or path.name != file_name:
        return words
    place, _, rest = words.removeprefix(f"{path}:").partition(": ")
    line, _, column = place.strip().partition(":")
    if not line.isdecimal():
        return words.removeprefix(f"{path}:").strip()
    return f"line {line}{f', column {column}' if column else ''}: {rest}"
