"""Where a question is asked, for front ends: the session, the engine, and a person to ask back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TextIO

from engine.protocol import Engine
from prompts.errors import InvalidVariable, MissingVariables
from prompts.inherit import Prompt
from prompts.render import typed_values
from prompts.schema import Variable
from sessions import SessionLog
from tui.composed import Surroundings
from tui.narrate import Narrator
from tui.runtime import Runtime
from tui.sanitize import sanitize


def surroundings(runtime: Runtime, engine: Engine, log: SessionLog) -> Surroundings:
    """What a question meets in a session."""
    answers = [turn.content for turn in log.session.path() if turn.role == "assistant"]
    return Surroundings(
        library=runtime.library,
        config=runtime.config,
        title=log.session.title or "",
        previous=answers[-1] if answers else "",
        model_name=lambda: engine.model_name,
        count=engine.count,
        ask=partial(_ask, runtime) if runtime.stdin.isatty() and runtime.stderr.isatty() else None,
        say=Narrator(runtime.stderr).say,
    )


def _ask(runtime: Runtime, prompt: Prompt, names: Sequence[str]) -> dict[str, str]:
    """Have a person give what a prompt misses, on the terminal; stdout stays free of it.

    Raises:
        MissingVariables: If the person gives none.
    """
    answers = {}
    for name in names:
        variable = prompt.variables.get(name)
        answer = _answer(runtime, name, variable, prompt)
        if not answer:
            raise MissingVariables(prompt.name, [name])
        answers[name] = answer
    return answers


def _answer(runtime: Runtime, name: str, variable: Variable | None, prompt: Prompt) -> str:
    """One value; until it can be taken, it is asked for again."""
    while True:
        _say(runtime.stderr, f"{_question(name, variable)}: ")
        typed = runtime.stdin.read() if name == "text" else runtime.stdin.readline()
        answer = typed.rstrip("\n")
        if not answer.strip():
            return ""
        try:
            if variable is not None:
                typed_values(prompt, {name: answer})
            return answer
        except InvalidVariable as error:
            _say(runtime.stderr, f"{error}\n")


def _say(stream: TextIO, text: str) -> None:
    stream.write(sanitize(text))
    stream.flush()


def _question(name: str, variable: Variable | None) -> str:
    if variable is None:
        return "text (Ctrl+D ends it)" if name == "text" else name
    words = variable.description or name
    if variable.choices:
        return f"{words} ({', '.join(variable.choices)})"
    if variable.type == "bool":
        return f"{words} (yes, no)"
    bounds = f" {_bound(variable.min)} to {_bound(variable.max)}".rstrip()
    if variable.min is not None and variable.max is not None:
        return f"{words} (from{bounds})"
    return words


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
