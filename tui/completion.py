"""Completion in bash, zsh and fish: what the shells' scripts call, by click's own protocol."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
)

from tui.arguments import COMPLETION_VARIABLE
from tui.examples import SUBCOMMANDS
from tui.front import ask
from tui.subcommands import subcommands

PROGRAM = "chat"


class _Bash(BashComplete):
    """Bash puts what it gets into the line as it is: what is special there is quoted, and the
    script has to leave the backslashes."""

    source_template = BashComplete.source_template.replace("read type", "read -r type")

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """See `click.shell_completion.ShellComplete`."""
        if self._in_quotation():
            return super().format_completion(item)
        quoted = re.sub(r"([^\w@%+=:,./-])", r"\\\1", item.value)
        return super().format_completion(CompletionItem(quoted, item.type))

    def _in_quotation(self) -> bool:
        """Whether the word is begun with a quotation mark, which bash leaves in its place."""
        words, at = os.environ["COMP_WORDS"].split("\n"), int(os.environ["COMP_CWORD"])
        return at < len(words) and words[at].startswith(("'", '"'))


class _Fish(FishComplete):
    """A title may have commas, which click's script takes for the end of it."""

    source_template = FishComplete.source_template.replace(
        'string split ","', 'string split --max 1 ","'
    )


_SHELLS: dict[str, type[ShellComplete]] = {
    "bash": _Bash,
    "zsh": ZshComplete,
    "fish": _Fish,
}

SHELLS = tuple(_SHELLS)


def script(shell: str) -> str:
    """What a shell has to run to complete command lines of ``chat``."""
    return _SHELLS[shell](ask, {}, PROGRAM, COMPLETION_VARIABLE).source()


def answer_shell(instruction: str) -> None:
    """Print what the word that a shell asks about may become.

    Args:
        instruction: The shell and the word ``complete``, as its script has it.
    """
    shell, _, what = instruction.partition("_")
    if what != "complete" or shell not in _SHELLS:
        return
    asker = _SHELLS[shell](ask, {}, PROGRAM, COMPLETION_VARIABLE)
    words, incomplete = asker.get_completion_args()
    for item in completions(words, incomplete):
        click.echo(asker.format_completion(item))


def completions(words: Sequence[str], incomplete: str) -> list[CompletionItem[Any]]:
    """What the last word may become.

    Args:
        words: Those before it, without the program's name.
        incomplete: What there is of it.
    """
    command = subcommands if words and words[0] in SUBCOMMANDS else ask
    complete = ShellComplete(command, {"obj": tuple(words)}, PROGRAM, COMPLETION_VARIABLE)
    found = complete.get_completions(list(words), incomplete)
    if words or incomplete.startswith("-"):
        return found
    named = (each for each in SUBCOMMANDS.items() if each[0].startswith(incomplete))
    return [CompletionItem(name, help=summary) for name, summary in named]
