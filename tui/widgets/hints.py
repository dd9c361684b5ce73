"""The keys that work here, in a line or two at the bottom of a screen; a click presses one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textual.content import Content
from textual.events import Click, Resize
from textual.screen import Screen
from textual.widgets import Static

_BETWEEN = 3
"""Blanks between two hints."""

_LINES = 2
_LOW = 16
"""Below so many lines of the window there is one line of hints."""

_NAMES = {
    "escape": "Esc",
    "question_mark": "?",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def key_name(key: str) -> str:
    """A key as it is written in texts, such as Ctrl+R."""
    *modifiers, last = key.split("+")
    name = _NAMES.get(last, last if len(last) == 1 else last.capitalize())
    if modifiers and len(last) == 1:
        name = last.upper()
    return "+".join([*(each.capitalize() for each in modifiers), name])


def keys_in_force(screen: Screen[Any]) -> dict[str, str]:
    """For the id of each binding that works now the key that is easiest to press."""
    keys: dict[str, str] = {}
    for active in screen.active_bindings.values():
        name, key = active.binding.id, active.binding.key
        if name and active.enabled and (name not in keys or _effort(key) < _effort(keys[name])):
            keys[name] = key
    return keys


def _effort(key: str) -> int:
    return 0 if key == "escape" else 1 + key.count("+")


@dataclass(frozen=True, slots=True)
class _Placed:
    """A hint on the screen."""

    line: int
    column: int
    name: str
    words: str
    key: str

    @property
    def end(self) -> int:
        return self.column + len(self.name) + 1 + len(self.words)


class Hints(Static):
    """Each hint is a key, or the id of a binding, and words; the weightiest come first. Bindings
    that do not work now are left out, and so is what has no room."""

    DEFAULT_CSS = """
    Hints { height: auto; padding: 0 2; color: $text-muted; }
    """

    def __init__(self, *hints: str) -> None:
        """Say what keys do.

        Args:
            hints: Such as ``"Enter use"`` or ``"prompts.edit edits"``.
        """
        super().__init__(id="hints")
        self._hints = hints
        self._placed: list[_Placed] = []

    def say(self, *hints: str) -> None:
        """Say something else from now on."""
        self._hints = hints
        self._draw()

    def on_mount(self) -> None:
        """Follow what works where the person is."""
        self.screen.bindings_updated_signal.subscribe(self, self._redraw)

    def on_resize(self, _event: Resize) -> None:
        """Have as many as there is room for."""
        self._draw()

    def on_click(self, event: Click) -> None:
        """Press the key that was clicked."""
        column = event.x - self.styles.padding.left
        for hint in self._placed:
            if hint.line == event.y and hint.column <= column < hint.end and hint.key:
                self.app.simulate_key(hint.key)

    def _redraw(self, _screen: Screen[Any]) -> None:
        self._draw()

    def _draw(self) -> None:
        width = self.size.width
        if not width:
            return
        most = _LINES if self.app.size.height >= _LOW else 1
        self._placed = [hint for hint in self._place(width) if hint.line < most]
        self.update(Content("\n").join(self._lines()))

    def _place(self, width: int) -> Iterator[_Placed]:
        line = column = 0
        for name, words, key in self._meant():
            long = len(name) + 1 + len(words)
            if column and column + long > width:
                line, column = line + 1, 0
            yield _Placed(line, column, name, words, key)
            column += long + _BETWEEN

    def _meant(self) -> Iterator[tuple[str, str, str]]:
        """The name of each key, what it does, and the key."""
        keys = keys_in_force(self.screen)
        for hint in self._hints:
            first, _, words = hint.partition(" ")
            if "." not in first:
                yield first, words, _pressed(first)
            elif first in keys:
                yield key_name(keys[first]), words, keys[first]

    def _lines(self) -> Iterator[Content]:
        for line in range(1 + max((hint.line for hint in self._placed), default=0)):
            yield Content(" " * _BETWEEN).join(
                Content.assemble((hint.name, "bold $foreground"), f" {hint.words}")
                for hint in self._placed
                if hint.line == line
            )


def _pressed(name: str) -> str:
    """The key of a name that texts use."""
    keys = {"Enter": "enter", "Esc": "escape", "Tab": "tab", "Space": "space"}
    return keys.get(name, "")
