"""Keys that the app is nothing without: no choice of others may leave it without one that sends or
leaves. Which bindings take keys from these is said here in words, because a configuration is read
also where no app is loaded; a test compares it with the app."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAMED = (
    "enter|tab|escape|space|backspace|insert|delete|home|end|pageup|pagedown|up|down|left|right"
)
_PRESSED = re.compile(
    rf"(shift\+)?(f[1-9]|f1[0-9]|f2[0-4]|(?!space){_NAMED})|((ctrl|alt|shift)\+)*(ctrl|alt)\+\S+"
)
"""Keys that no field takes for a letter, and no key at all is called otherwise."""

_NEVER_SENT = ("ctrl+m", "ctrl+i")
"""A terminal sends Enter and Tab for them."""


@dataclass(frozen=True, slots=True)
class NeededKey:
    """A binding that must have a key."""

    name: str
    """Its id."""
    does: str
    keys: str
    """Those it has by itself."""
    beside: frozenset[str]
    """Bindings of the same place: a key that one of them is given is theirs alone."""
    before: Mapping[str, str]
    """Bindings that see a key first, with what they have by themselves."""

    def losses(self, chosen: Mapping[str, str]) -> list[str] | None:
        """Why none of its keys works; None where one does.

        Args:
            chosen: Keys by the ids of bindings, as in the configuration.
        """
        taken = {
            key: name
            for name in sorted(self.beside | self.before.keys())
            for key in _keys(chosen.get(name) or self.before.get(name, ""))
        }
        reasons = []
        for key in _keys(chosen.get(self.name) or self.keys):
            if key in taken:
                reasons.append(f"{key} is that of {taken[key]}")
            elif not _PRESSED.fullmatch(key) or key in _NEVER_SENT:
                reasons.append(f"{key!r} is none, or a letter")
            else:
                return None
        return reasons or ["there is none"]


NEEDED_KEYS = (
    NeededKey(
        "composer.send",
        "sends",
        "enter",
        frozenset(f"composer.{name}" for name in ("newline", "earlier", "later", "leave")),
        {
            "app.palette": "ctrl+p",
            "app.leave": "ctrl+q",
            "app.search": "ctrl+f",
            "chat.interrupt": "ctrl+c",
        },
    ),
    NeededKey(
        "app.leave",
        "leaves",
        "ctrl+q",
        frozenset(
            f"app.{name}"
            for name in (
                *("help", "palette", "sessions", "prompts", "inspector", "picture", "settings"),
                *("theme", "suspend"),
            )
        ),
        {},
    ),
)


def check_keys(chosen: Mapping[str, str]) -> None:
    """Check what is chosen for the app's keyboard.

    Args:
        chosen: Keys by the ids of bindings, as in the configuration.

    Raises:
        ValueError: If no key would be left that sends, or none that leaves.
    """
    for needed in NEEDED_KEYS:
        if losses := needed.losses(chosen):
            raise ValueError(
                f"keys: {needed.name} would have no key that {needed.does}: {'; '.join(losses)}; "
                "give it another key"
            )


def _keys(words: str) -> list[str]:
    return [key.strip() for key in words.split(",") if key.strip()]
