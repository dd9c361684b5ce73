"""Edits a file in the person's own editor, again until it is sound, and saves nothing unasked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from tui.errors import UsageProblem
from tui.narrate import Narrator
from tui.own_editor import edit_text
from tui.private_file import write_private
from tui.runtime import Runtime


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A TOML file that a person edits, and what is known of it."""

    path: Path
    text: str
    """What the editor begins with."""
    is_new: bool
    """Whether there is no such file yet."""
    is_wanted: bool
    """Whether the text is to be saved even if nobody changes it."""
    problems: Callable[[str], Sequence[str]]
    """What is wrong with a text, a line each."""
    read: Callable[[], str]
    """The file's text as it is now."""
    save: Callable[[str], None]


def edit_and_save(runtime: Runtime, file: EditedFile) -> None:
    """Have the text edited until it is sound, or the person wants it as it is, or gives up.

    Raises:
        UsageProblem: If there is no editor, or the file was changed meanwhile.
    """
    say = Narrator(runtime.stderr).say
    edited, choice = file.text, "e"
    while choice == "e":
        edited, complaints = _edited(edited)
        if edited == file.text and not (complaints or file.is_wanted):
            say("nothing was changed")
            return
        if complaints and edited == file.text:
            raise UsageProblem(complaints)
        problems = file.problems(edited)
        for words in filter(None, (complaints, *problems)):
            say(words)
        choice = _choice() if problems or complaints else "s"
    if choice == "d":
        say("nothing was saved")
        return
    if not file.is_new and file.read() != file.text:
        aside = file.path.with_name(f"{file.path.name}.edited")
        write_private(aside, edited.encode(), force=True)
        raise UsageProblem(f"{file.path} was changed meanwhile; your text is in {aside}")
    file.save(edited)


def _edited(text: str) -> tuple[str, str]:
    """What an editor leaves of a text, and what is to be said of one that failed."""
    try:
        answer = edit_text(text, extension=".toml")
    except UsageProblem as error:
        return text, str(error)
    return text if answer is None else answer, ""


def _choice() -> str:
    """What to do with a file that is broken."""
    question = "[e]dit again, [s]ave it anyway, [d]iscard"
    answer: str = click.prompt(
        question, type=click.Choice(["e", "s", "d"]), default="e", show_choices=False, err=True
    )
    return answer
