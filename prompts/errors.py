"""Everything that can go wrong with prompts.

PromptError
├── UnknownPrompt      no library has a prompt of that name
├── UnreadablePrompt   a file or folder that the operating system, or good sense, will not open
├── InvalidPrompt      the file is not TOML, or says something that a prompt cannot say
├── ExtendsCycle       prompts that extend each other in a circle
├── InvalidVariable    a value was given that the prompt does not know or cannot take
├── MissingVariables   values that the prompt needs were not given
├── Unfinished         a process of its own came to no end, or to a bad one
├── RenderFailed       the template is wrong, or tried what a template must not
├── NotImported        a prompt of another program that cannot become one of ours
└── NotAdded           an example could not be added to a prompt's file
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class PromptError(Exception):
    """The base of this room's errors; its text is one line, ready to be shown."""


def _hint(nearest: str | None) -> str:
    return f"; did you mean {nearest!r}?" if nearest else ""


def _place(path: Path, line: int | None, column: int | None = None) -> str:
    return ":".join(str(part) for part in (path, line, column if line else None) if part)


class UnknownPrompt(PromptError):
    """No library has a prompt of that name.

    Attributes:
        name: The name as it was given.
        nearest: Names that were probably meant, best first.
    """

    def __init__(self, name: str, nearest: Sequence[str] = ()) -> None:
        self.name = name
        self.nearest = tuple(nearest)
        super().__init__(f"no prompt is called {name!r}{_hint(next(iter(nearest), None))}")


class UnreadablePrompt(PromptError):
    """A prompt or a library folder is there and cannot be read, or must not be.

    Attributes:
        path: The file or folder.
        reason: Why, in a few words.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"cannot read {path}: {reason}")


class InvalidPrompt(PromptError):
    """The file is not a prompt.

    Attributes:
        path: The file.
        line: Counted from 1; None where the whole file is meant.
        column: In characters, counted from 1; None where the whole line is meant.
        key: The key at fault, with the tables it is in, as in ``variables.percent.min``.
        reason: What is wrong with it.
        nearest: The known word that was probably meant.
    """

    def __init__(
        self,
        path: Path,
        reason: str,
        *,
        line: int | None = None,
        column: int | None = None,
        key: str | None = None,
        nearest: str | None = None,
    ) -> None:
        self.path = path
        self.line = line
        self.column = column
        self.key = key
        self.reason = reason
        self.nearest = nearest
        subject = f"{key}: " if key else ""
        super().__init__(f"{_place(path, line, column)}: {subject}{reason}{_hint(nearest)}")


class ExtendsCycle(PromptError):
    """Following ``extends`` leads back to where it began.

    Attributes:
        path: The file in which the circle closes.
        line: Of that file, counted from 1; None where it is not known.
        names: The prompts in order; the last is where the circle closes.
    """

    def __init__(self, path: Path, line: int | None, names: Sequence[str]) -> None:
        self.path = path
        self.line = line
        self.names = tuple(names)
        circle = " → ".join(names)
        super().__init__(f"{_place(path, line)}: prompts extend each other in a circle: {circle}")


class InvalidVariable(PromptError):
    """A value does not fit the prompt's variables.

    Attributes:
        name: The variable as it was given.
        reason: What is wrong.
        nearest: The variable or choice that was probably meant.
    """

    def __init__(self, name: str, reason: str, nearest: str | None = None) -> None:
        self.name = name
        self.reason = reason
        self.nearest = nearest
        super().__init__(f"{name} {reason}{_hint(nearest)}")


class MissingVariables(PromptError):
    """Values that the prompt needs were not given.

    Attributes:
        prompt: The prompt's name.
        names: All that are missing, variables first, then built-in values.
    """

    def __init__(self, prompt: str, names: Sequence[str]) -> None:
        self.prompt = prompt
        self.names = tuple(names)
        super().__init__(f"the prompt {prompt!r} also needs: {', '.join(names)}")


class Unfinished(PromptError):
    """What was to be done in a process of its own was not done; callers say what that was.

    Attributes:
        is_slow: Whether it ran out of time.
    """

    def __init__(self, reason: str, *, is_slow: bool = False) -> None:
        self.is_slow = is_slow
        super().__init__(reason)


class RenderFailed(PromptError):
    """A template could not be rendered.

    Attributes:
        path: The file that the template is written in.
        line: Of that file, counted from 1; None where it is not known.
        reason: What went wrong.
        nearest: The name that was probably meant.
    """

    def __init__(
        self, path: Path, line: int | None, reason: str, nearest: str | None = None
    ) -> None:
        self.path = path
        self.line = line
        self.reason = reason
        self.nearest = nearest
        super().__init__(f"{_place(path, line)}: {reason}{_hint(nearest)}")


class NotImported(PromptError):
    """A prompt of another program cannot become one of ours; the text says why."""


class NotAdded(PromptError):
    """An example could not be added to a prompt's file, which is as it was.

    Attributes:
        path: The file.
        reason: Why, in a few words.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: no example was added: {reason}")
