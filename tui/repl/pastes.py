"""Long texts that are pasted into the line: a mark stands for each, so that no key has to wait for
a megabyte to be painted, and the history keeps none of them."""

from __future__ import annotations

_LONGEST_SHOWN = 8_192
"""Characters of a text that is put into the line itself."""


class Pastes:
    """The texts that marks stand for, until the program ends."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def shown(self, text: str) -> str:
        """What goes into the line: the text, or a mark for it."""
        if len(text) <= _LONGEST_SHOWN:
            return text
        lines = text.count("\n") + 1
        size = f"{lines:,} lines, " if lines > 1 else ""
        mark = f"[pasted {len(self._texts) + 1}: {size}{len(text):,} characters]"
        self._texts[mark] = text
        return mark

    def restored(self, entry: str) -> str:
        """An entry with the texts in place of their marks."""
        for mark, text in self._texts.items():
            if mark in entry:
                entry = entry.replace(mark, text)
        return entry
