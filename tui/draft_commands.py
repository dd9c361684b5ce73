"""The command lines of ``chat drafts``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from tui.arguments import PATH, Work, as_json_option

_FILE = click.argument("file", required=False, type=PATH)


@click.group()
def drafts() -> None:
    """The history of your files, with undo."""


@drafts.command("history")
@_FILE
@as_json_option
def drafts_history(file: Path | None, as_json: bool) -> Work:
    """List what was written to FILE, or to all files, newest first."""
    from tui.draft_views import list_history

    return partial(list_history, file=file, as_json=as_json)


@drafts.command("show")
@_FILE
@click.argument("number", required=False, type=click.IntRange(min=1), default=1, metavar="[N]")
@click.option("--diff", is_flag=True, help="Show what that write changed, as a unified diff.")
def drafts_show(file: Path | None, number: int, diff: bool) -> Work:
    """Print what FILE contained before write N of its history, or before the last write."""
    from tui.draft_views import show_version

    return partial(show_version, file=file, number=number, diff=diff)


@drafts.command("undo")
@_FILE
def drafts_undo(file: Path | None) -> Work:
    """Undo the last write to FILE, or to the file written last."""
    from tui.draft_views import undo_last_write

    return partial(undo_last_write, file=file)


@drafts.command("redo")
@_FILE
def drafts_redo(file: Path | None) -> Work:
    """Redo the last undo in FILE, or in the file undone last."""
    from tui.draft_views import redo_last_undo

    return partial(redo_last_undo, file=file)


@drafts.command("prune")
@click.option(
    "--older-than", metavar="WHEN", help="Delete what is older than a date, or than 90d, 26w, …"
)
@click.option(
    "--larger-than",
    metavar="SIZE",
    help="Delete the oldest texts, until SIZE (1GB, 500MB, …) is kept.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def drafts_prune(older_than: str | None, larger_than: str | None, yes: bool) -> Work:
    """Forget old writes and delete the texts kept for them, after asking."""
    from tui.draft_views import prune_history
    from tui.moments import moment

    if older_than is None and larger_than is None:
        raise click.UsageError("say what to delete: --older-than WHEN, --larger-than SIZE, or both")
    before = moment(older_than) if older_than else None
    return partial(prune_history, older_than=before, larger_than=larger_than, yes=yes)
