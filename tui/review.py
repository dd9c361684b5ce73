"""Shows what a revision changes, and asks whether to write it."""

from __future__ import annotations

import re
import termios
from collections.abc import Iterator, Mapping

from tui.output import write_bytes
from tui.runtime import Runtime
from tui.sanitize import sanitize

_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}
_SIGNS = {"-": "removed: ", "+": "added: "}
_PLACE = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_RESET = "\x1b[0m"


def show_diff(runtime: Runtime, diff: str) -> None:
    """Print a unified diff: coloured and harmless on a terminal, in words on a plain one, byte for
    byte elsewhere."""
    if not runtime.stdout.isatty():
        write_bytes(runtime.stdout, diff.encode("utf-8", "surrogateescape"))
        return
    if runtime.is_plain:
        runtime.stdout.write("".join(f"{line}\n" for line in diff_in_words(sanitize(diff))))
        return
    for line in sanitize(diff).splitlines(keepends=True):
        colour = _COLOURS.get(line[0], "") if runtime.has_colour else ""
        if line.startswith(("+++", "---")):
            colour = "\x1b[1m" if colour else ""
        reset = _RESET if colour else ""
        runtime.stdout.write(f"{colour}{line.rstrip()}{reset}\n")


def diff_in_words(diff: str) -> Iterator[str]:
    """The lines of a unified diff as one reads them out: what is removed, what is added, where."""
    old = new = 0
    for line in diff.splitlines():
        sign, words = line[:1], line[1:]
        if old or new:
            old -= sign in "- "
            new -= sign in "+ "
            yield _SIGNS.get(sign, "") + words
        elif place := _PLACE.match(line):
            old, new = (int(count or 1) for count in place.group(2, 3))
            yield f"from line {place[1]} on:"
        elif line.startswith("--- "):
            yield f"changes in {line[4:].strip()}"


def confirm(runtime: Runtime, question: str) -> bool:
    """Ask; anything but a clear yes, the end of input included, is a no.

    What was typed before the question is no answer to it, and forgotten.
    """
    return _answer(runtime, f"{question} [y/N]") in ("y", "yes")


def choose(runtime: Runtime, question: str, answers: Mapping[str, str]) -> str:
    """Ask until one of some answers is given.

    Args:
        runtime: With a person.
        question: One line.
        answers: The letter that each begins with; the last one is also what the end of input is.
    """
    letters = "/".join(answers)
    while (answer := _answer(runtime, f"{question} [{letters}]")) is not None:
        if answer in answers or answer in answers.values():
            return answer[0]
    return list(answers)[-1]


def _answer(runtime: Runtime, question: str) -> str | None:
    """What is typed after a question, in small letters; None at the end of input."""
    termios.tcflush(runtime.stdin, termios.TCIFLUSH)
    runtime.stdout.write(f"{sanitize(question)} ")
    runtime.stdout.flush()
    answer = runtime.stdin.buffer.readline()
    return answer.decode(errors="replace").strip().lower() if answer else None
