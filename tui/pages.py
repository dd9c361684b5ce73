"""Where the words of answers go: a stream as they are, or one that a screen reader reads out.

The REPL on a terminal that can be painted on has a third one, `tui.repl.answers.MarkdownPage`.
"""

from __future__ import annotations

from typing import Protocol, TextIO

from tui.answer_forms import separator_line
from tui.runtime import Runtime
from tui.sanitize import sanitize


class Page(Protocol):
    """Takes the words of answers, one answer after another."""

    def part(self, number: int, count: int) -> None:
        """Begin one of several answers, the first being number 1."""
        ...

    def write(self, text: str) -> None:
        """Show more of the answer."""
        ...

    def pause(self) -> None:
        """Be ready for a line of somebody else's in the middle of the answer."""
        ...

    def end(self) -> None:
        """The answer is over, or never began."""
        ...


class TextPage:
    """A stream: a terminal, where the text is made harmless, or anything else, where it is not."""

    def __init__(self, stdout: TextIO, separator: str | None = None) -> None:
        """Nothing is written yet.

        Args:
            stdout: Gets the answers.
            separator: What stands between them, as it was typed; None is a number for a person,
                and a line for a program. Beside NUL bytes an answer is as it came, without a
                newline after it.
        """
        self._stdout = stdout
        self._separator = separator
        self._in_line = False
        self._ends_lines = stdout.isatty() or not separator_line(separator).endswith("\0")

    def part(self, number: int, count: int) -> None:
        """See `Page`."""
        if self._stdout.isatty() and self._separator is None:
            space = "\n" if number > 1 else ""
            self.write(f"{space}[{number} of {count}]\n")
        elif number > 1:
            self.write(separator_line(self._separator))
            self._in_line = False

    def write(self, text: str) -> None:
        """See `Page`."""
        if not text:
            return
        self._stdout.write(sanitize(text) if self._stdout.isatty() else text)
        self._stdout.flush()
        self._in_line = not text.endswith("\n")

    def pause(self) -> None:
        """See `Page`."""
        if self._in_line and self._ends_lines:
            self.write("\n")

    def end(self) -> None:
        """See `Page`."""
        self.pause()


class SpokenPage(TextPage):
    """A terminal whose words are read out: it says where an answer begins and where it ends."""

    def __init__(self, stdout: TextIO) -> None:
        super().__init__(stdout)
        self._name = "answer"
        self._is_open = False

    def part(self, number: int, count: int) -> None:
        """See `Page`."""
        self._name = f"answer {number} of {count}"

    def write(self, text: str) -> None:
        """See `Page`."""
        if text and not self._is_open:
            self._is_open = True
            super().write(f"{self._name}:\n")
        super().write(text)

    def end(self) -> None:
        """See `Page`."""
        super().end()
        if self._is_open:
            super().write(f"end of {self._name}\n")
        self._is_open = False


def text_page(runtime: Runtime, separator: str | None = None) -> Page:
    """Where answers go that are not set: to be read out, where nothing may be drawn."""
    if runtime.is_plain and runtime.stdout.isatty() and separator is None:
        return SpokenPage(runtime.stdout)
    return TextPage(runtime.stdout, separator)
