"""What lies on the desk where a prompt's file is written: its text, what is wrong with it, and how
it is saved. Nothing here touches a widget; files are read and written in threads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prompts.errors import InvalidPrompt, PromptError
from prompts.files import read_text
from prompts.jsonschema import SCHEMA_COMMENT
from prompts.library import Entry, packaged_source
from tui.app.prompt_shelf import problem_words
from tui.errors import UsageProblem
from tui.prompt_files import SKELETON, copy_of, new_file, problems_of, save_prompt
from tui.runtime import Runtime

_ADAPTED = '''{comment}# Anything not set here is inherited from the prompt that this one adapts.
extends = "{name}"

# system = """
# """

# [params]
# temperature = 0.7
'''


@dataclass(frozen=True, slots=True)
class OpenPrompt:
    """A prompt's file that is written."""

    path: Path
    """Where it is saved; never among the program's own files."""
    text: str
    """What the file holds; of a new one, what it begins with."""
    is_new: bool = False
    """Whether there is no such file yet."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that is wrong with a text."""

    words: str
    line: int | None = None
    """Counted from 1; None where the whole text is meant, or another file."""
    column: int | None = None


def open_prompt(runtime: Runtime, entry: Entry) -> OpenPrompt:
    """A prompt's file; of a packaged one a copy for the person's own folder.

    Raises:
        PromptError: If it cannot be read.
        UsageProblem: If a copy cannot be made.
    """
    if entry.path.parent == packaged_source().folder:
        return copied(runtime, entry.name, entry.name)
    return OpenPrompt(entry.path, read_text(entry.path, entry.path.parent) or "")


def begun(runtime: Runtime, name: str) -> OpenPrompt:
    """A new prompt.

    Raises:
        UsageProblem: If it cannot have that name.
    """
    return OpenPrompt(new_file(runtime, name), SKELETON, is_new=True)


def copied(runtime: Runtime, original: str, name: str) -> OpenPrompt:
    """A new prompt that begins as another.

    Raises:
        PromptError: If the other cannot be read.
        UsageProblem: If it cannot have that name.
    """
    return OpenPrompt(new_file(runtime, name), copy_of(runtime, original), is_new=True)


def adapted(runtime: Runtime, entry: Entry) -> OpenPrompt:
    """A new prompt of the person's own that takes everything from the one of its name.

    Raises:
        UsageProblem: If theirs does not come before it.
    """
    if entry.source != "packaged":
        raise UsageProblem(f"{entry.name} is {entry.source}'s own: e edits it")
    text = _ADAPTED.format(comment=SCHEMA_COMMENT, name=entry.name)
    return OpenPrompt(new_file(runtime, entry.name), text, is_new=True)


def wrong_with(runtime: Runtime, path: Path, text: str) -> tuple[Wrong, ...]:
    """All that is wrong with a text that a file is to hold."""
    return tuple(_in_words(problem, path) for problem in problems_of(runtime, path, text))


def _in_words(problem: PromptError, path: Path) -> Wrong:
    words = problem_words(problem, path.name)
    if isinstance(problem, InvalidPrompt) and problem.path == path:
        return Wrong(words, problem.line, problem.column)
    return Wrong(words, getattr(problem, "line", None) if path.name in str(problem) else None)


def save(opened: OpenPrompt, text: str) -> OpenPrompt:
    """Write a text into a prompt's file; the file as it is then.

    Raises:
        UsageProblem: If somebody else has changed or made the file meanwhile.
        PromptError: If the file cannot be read any more.
        OSError: If the system refuses.
    """
    if not opened.is_new and read_text(opened.path, opened.path.parent) != opened.text:
        raise UsageProblem(
            f"{opened.path} was changed by something else; copy your text, and open it again"
        )
    save_prompt(opened.path, text, force=not opened.is_new)
    return OpenPrompt(opened.path, text)
