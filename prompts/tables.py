"""Reads the tables of a TOML file value by value, and points at the place of what is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from prompts.errors import InvalidPrompt
from prompts.places import KeyPath, Places, spelled
from prompts.schema import nearest_name

_T = TypeVar("_T")

_CALLED = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
    type(None): "nothing",
}


_FEW = 8
"""Of known keys: so many can be named in a line."""


@dataclass(slots=True)
class Findings:
    """What is wrong with one file, as far as it is known."""

    path: Path
    places: Places
    problems: list[InvalidPrompt] = field(default_factory=list)

    def error(self, reason: str, at: KeyPath, nearest: str | None = None) -> InvalidPrompt:
        """What there is to say of a key."""
        place = self.places.of(at)
        return InvalidPrompt(
            self.path,
            reason,
            line=place.line if place else None,
            column=place.column if place else None,
            key=spelled(at) or None,
            nearest=nearest,
        )

    def attempt(self, reader: Callable[[], _T], otherwise: _T) -> _T:
        """What a reader finds or, where that is a mistake, something else; the mistake is noted."""
        try:
            return reader()
        except InvalidPrompt as error:
            self.problems.append(error)
            return otherwise

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note a mistake and go on, so that one does not hide the next."""
        try:
            yield
        except InvalidPrompt as error:
            self.problems.append(error)


class Table:
    """A table of the file. Every value that is asked for is checked."""

    def __init__(self, values: Mapping[str, Any], at: KeyPath, findings: Findings) -> None:
        """Take the parser's dictionary.

        Args:
            values: Keys and values.
            at: The table's own key.
            findings: Where mistakes are noted.
        """
        self.values = values
        self.at = at
        self.findings = findings

    def fail(self, reason: str, key: str | None = None, nearest: str | None = None) -> NoReturn:
        """Point at a key, or at the table.

        Raises:
            InvalidPrompt: Always.
        """
        raise self.findings.error(reason, self._path(key), nearest)

    def check_keys(self, known: Iterable[str], others: Mapping[str, str] = {}) -> None:
        """Note keys that mean nothing; of such a table nothing else is said.

        A short list of known keys is told to who used one that is like none of them.

        Args:
            known: Those that mean something.
            others: Keys that people try, and why there are none.

        Raises:
            InvalidPrompt: If there are any.
        """
        names = tuple(known)
        unknown = [key for key in self.values if key not in names]
        for key in unknown:
            reason = others.get(key, "unknown key")
            nearest = None if key in others else nearest_name(key, names)
            if key not in others and nearest is None and len(names) <= _FEW:
                reason += f"; there are {', '.join(names)}"
            error = self.findings.error(reason, (*self.at, key), nearest)
            if key == unknown[-1]:
                raise error
            self.findings.problems.append(error)

    def get(self, key: str, wanted: type[_T]) -> _T | None:
        """A value, None where it is not given."""
        value = self.values.get(key)
        if value is None:
            return None
        if type(value) is not wanted:
            self.fail(f"must be {called(wanted)}, not {seen(value)}", key)
        return value

    def text(self, key: str) -> str | None:
        """A text that is not empty, None where it is not given."""
        text = self.get(key, str)
        if text is not None and not text.strip():
            self.fail("is empty", key)
        return text

    def texts(self, key: str) -> tuple[str, ...] | None:
        """A list of texts."""
        values = self.get(key, list)
        for number, value in enumerate(values or ()):
            if not isinstance(value, str):
                raise self._element(f"must be a text, not {seen(value)}", key, number)
            if not value:
                raise self._element("is empty", key, number)
        return None if values is None else tuple(values)

    def text_or_texts(self, key: str) -> tuple[str, ...] | None:
        """A list of texts, of which one can stand alone."""
        if isinstance(self.values.get(key), str):
            text = self.text(key)
            return None if text is None else (text,)
        if key in self.values and not isinstance(self.values[key], list):
            self.fail(f"must be a text or a list of texts, not {seen(self.values[key])}", key)
        return self.texts(key)

    def word(self, key: str, known: Iterable[str]) -> str | None:
        """One of some words."""
        word = self.get(key, str)
        if word is not None and word not in known:
            reason = f"must be one of {', '.join(known)}, not {word!r}"
            self.fail(reason, key, nearest_name(word, known))
        return word

    def words(self, key: str, known: Iterable[str]) -> tuple[str, ...] | None:
        """A list of some words."""
        words = self.texts(key)
        for number, word in enumerate(words or ()):
            if word not in known:
                reason = f"must be one of {', '.join(known)}, not {word!r}"
                raise self._element(reason, key, number, nearest_name(word, known))
        return words

    def number(self, key: str, low: float = -math.inf, high: float = math.inf) -> float | None:
        """A finite number within bounds, whole or not."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(f"must be a number, not {seen(value)}", key)
        if not math.isfinite(value):
            self.fail(f"must be a finite number, not {value}", key)
        self._check_bounds(value, low, high, key)
        return value

    def whole(self, key: str, low: float = -math.inf, high: float = math.inf) -> int | None:
        """A whole number within bounds."""
        value = self.get(key, int)
        if value is not None:
            self._check_bounds(value, low, high, key)
        return value

    def table(self, key: str) -> Table | None:
        """A table within this one."""
        values = self.get(key, dict)
        return None if values is None else Table(values, self._path(key), self.findings)

    def tables(self, key: str) -> list[Table] | None:
        """The elements of an array of tables."""
        elements = self.values.get(key)
        if elements is None:
            return None
        if not isinstance(elements, list):
            hint = "" if self.at else f", each under [[{key}]]"
            self.fail(f"must be a list of tables{hint}, not {seen(elements)}", key)
        found = []
        for number, element in enumerate(elements):
            at = (*self._path(key), str(number))
            if not isinstance(element, dict):
                raise self.findings.error(f"must be a table, not {seen(element)}", at)
            found.append(Table(element, at, self.findings))
        return found

    def _path(self, key: str | None) -> KeyPath:
        return self.at if key is None else (*self.at, key)

    def _element(
        self, reason: str, key: str, number: int, nearest: str | None = None
    ) -> InvalidPrompt:
        """What there is to say of an element of a list."""
        return self.findings.error(reason, (*self._path(key), str(number)), nearest)

    def _check_bounds(self, value: float, low: float, high: float, key: str) -> None:
        if low <= value <= high:
            return
        if math.isinf(high):
            self.fail(f"must be at least {low:.15g}, not {value:.15g}", key)
        self.fail(f"must be from {low:.15g} to {high:.15g}, not {value:.15g}", key)


def called(kind: type) -> str:
    """What people call a type."""
    return _CALLED.get(kind, f"a {kind.__name__}")


def seen(value: object) -> str:
    """What was found: a number or a truth as it is, of all else its type."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else called(type(value))
