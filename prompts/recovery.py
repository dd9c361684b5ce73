"""Takes a question apart again: what stood where its prompt's template has text and instruction.

A session keeps the question as the model got it. The template is rendered once more with words
that nobody could guess in place of the values, and what surrounds them is looked for.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeAlias

from prompts.errors import MissingVariables
from prompts.inherit import Prompt
from prompts.render import render
from prompts.schema import BUILTINS

ALWAYS = ("text", "date")
"""Built-in values that every question has; the others may have been left out."""

_LONGEST_LITERAL = 500
"""Characters of a text that is looked for as a part of a pattern."""

LONGEST_UNKNOWN = 100_000
"""Characters of a question whose text is not known: more is no example anyway."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a question was made of."""

    text: str
    instruction: str
    """Empty where there was none."""


class Recovery:
    """Takes the questions of one prompt apart."""

    def __init__(self, prompt: Prompt) -> None:
        """Nothing is rendered yet."""
        self._prompt = replace(prompt, systems=(), examples=())
        self._marks = {name: f"{name}{secrets.token_hex(16)}" for name in BUILTINS}
        self._shapes: dict[_Values, dict[frozenset[str], str]] = {}
        """By what was left out: the question with marks in it."""
        self._uses: frozenset[str] = frozenset()
        """The built-in values in the user text."""
        self._names: frozenset[str] = frozenset()

    def uses(self, values: Mapping[str, str]) -> frozenset[str]:
        """The names of the values that stand in the user text.

        Raises:
            PromptError: As for `render`.
        """
        self._shapes_of(values)
        return self._names

    def of(self, content: str, values: Mapping[str, str], text: str | None) -> Recovered | None:
        """What a question was made of; None where the prompt does not make such questions.

        Args:
            content: The whole question.
            values: The prompt's variables, as they were typed.
            text: What stood for ``{{ text }}``, where that is known. Without it an instruction of
                several lines could not be told from the text: only one of a line is looked for,
                where the prompt cannot do without.

        Raises:
            PromptError: As for `render`.
        """
        shapes = list(dict.fromkeys(self._shapes_of(values).values()))
        if text is None:
            shapes.sort(key=lambda shape: self._marks["instruction"] in shape)
        for shape in shapes:
            found = self._match(shape, content, text)
            if found is not None:
                parts = found.groupdict()
                given = parts.get("text") if text is None else text
                if given is not None:
                    return Recovered(given, parts.get("instruction") or "")
        return None

    def had_instruction_in_front(
        self, content: str, values: Mapping[str, str], text: str | None
    ) -> bool:
        """Whether an instruction was put before the question because the prompt has no place for
        one."""
        shapes = self._shapes_of(values).values()
        return any(self._match(shape, content, text, r"(?s:.+?)\n\n") for shape in shapes)

    def example(self, values: Mapping[str, str], text: str, instruction: str) -> str | None:
        """What the model gets of an example's input, without rendering it once more; None where the
        template needs what examples do not have.

        Raises:
            PromptError: As for `render`.
        """
        given = {"text", "date", *(["instruction"] if instruction else [])}
        shape = self._shapes_of(values).get(self._uses - given)
        if shape is None:
            return None
        for name, words in (("text", text), ("instruction", instruction)):
            shape = shape.replace(self._marks[name], words)
        return shape

    def _match(
        self, shape: str, content: str, text: str | None, before: str = ""
    ) -> re.Match[str] | None:
        """How a question has a shape, after what else may stand before it."""
        if text is None and len(content) > LONGEST_UNKNOWN:
            return None
        if text is not None and len(text) > _LONGEST_LITERAL:
            # A whole draft within a pattern would take its square in time.
            content, text = content.replace(text, self._marks["text"]), self._marks["text"]
        return re.fullmatch(before + self._pattern(shape, text), content)

    def _pattern(self, shape: str, text: str | None) -> str:
        """What a question of a shape looks like."""
        names = {mark: name for name, mark in self._marks.items()}
        parts, seen = [], set[str]()
        for part in re.split(f"({'|'.join(names)})", shape):
            name = names.get(part)
            if name is None:
                parts.append(re.escape(part))
            elif name == "text" and text is not None:
                parts.append(re.escape(text))
            elif name in seen:
                parts.append(f"(?P={name})")
            elif name == "context":
                parts.append("")  # the question is given without
            else:
                lines = "" if name == "instruction" and text is None else "s"
                parts.append(f"(?P<{name}>(?{lines}:.+?))")
                seen.add(name)
        return "".join(parts)

    def _shapes_of(self, values: Mapping[str, str]) -> Mapping[frozenset[str], str]:
        """The question with marks in it, for all that may have been left out."""
        key = tuple(sorted(values.items()))
        if key not in self._shapes:
            whole = render(self._prompt, values, self._marks)
            self._uses = whole.uses & set(BUILTINS)
            self._names = whole.uses
            optional = sorted(self._uses - set(ALWAYS))
            nothing = frozenset[str]()
            self._shapes[key] = {nothing: whole.user, **dict(self._with_less(values, optional))}
        return self._shapes[key]

    def _with_less(
        self, values: Mapping[str, str], optional: list[str]
    ) -> Iterator[tuple[frozenset[str], str]]:
        for count in range(1, len(optional) + 1):
            for left_out in combinations(optional, count):
                given = {name: mark for name, mark in self._marks.items() if name not in left_out}
                with suppress(MissingVariables):
                    yield frozenset(left_out), render(self._prompt, values, given).user


_Values: TypeAlias = tuple[tuple[str, str], ...]
