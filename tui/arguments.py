"""What command lines share: types of values, options that several have, and what comes of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from tui.runtime import Runtime

Work: TypeAlias = "Callable[[Runtime], int | None]"
"""What a command line comes to; `tui.cli.main` does it. None is an exit code of 0."""


class NamedPath(click.Path):
    """A path, which an empty text is not: as a `Path` it would be the working directory."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """See click; fails for an empty text."""
        if not os.fspath(value):
            self.fail("an empty name is not a file", param, ctx)
        return super().convert(value, param, ctx)


PATH = NamedPath(path_type=Path)

PAIR = (str, str)

COMPLETION_VARIABLE = "_CHAT_COMPLETE"
"""Set by the scripts of shells that ask what a word may become."""


def completing(
    kind: str,
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]:
    """How a shell completes values of a kind of `tui.completers`, which is loaded only then."""

    def complete(
        context: click.Context, _parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        from tui.completers import values

        return values(kind, context, incomplete)

    return complete


model_option = click.option(
    *("-m", "--model"),
    metavar="NAME",
    shell_complete=completing("models"),
    help="The model, by name, the start of it, or path.",
)

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class LineRange(click.ParamType[tuple[int, int]]):
    """``40:60``, ``40:`` or ``40``: lines counted from 1."""

    name = "lines"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """See `click.ParamType`."""
        if isinstance(value, tuple):
            return value
        first, colon, last = str(value).partition(":")
        if not first.isdecimal() or not (last.isdecimal() or not last):
            self.fail(f"{value!r} is not a range such as 40:60", param, ctx)
        if not colon:
            return int(first), int(first)
        return int(first), int(last) if last else sys.maxsize
