"""The command lines of ``chat sessions``."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from tui.arguments import PATH, Work, as_json_option, completing

EXPORT_FORMATS = ("json", "openai", "jsonl", "markdown", "html", "text")
"""Those of `sessions.export`, which is not loaded for a command line's sake."""

IMPORT_FORMS = ("draftsmith", "openai", "chatgpt", "llm", "aichat", "markdown")
"""As in `sessions.importers`, which ``--help`` need not load."""

_session = click.argument("session", shell_complete=completing("sessions"))
_optional_session = click.argument("session", required=False, shell_complete=completing("sessions"))


@click.group()
def sessions() -> None:
    """Saved conversations."""


@sessions.command("list")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=0),
    default=50,
    metavar="N",
    help="At most N; 0 for all.",
)
@as_json_option
def sessions_list(limit: int, as_json: bool) -> Work:
    """List sessions, newest first."""
    from tui.session_views import list_sessions

    return partial(list_sessions, limit=limit, as_json=as_json)


@sessions.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option(
    "-m",
    "--model",
    metavar="NAME",
    shell_complete=completing("models"),
    help="Only answers by this model.",
)
@click.option("--since", metavar="WHEN", help="A date, or an age such as 12h, 7d or 3w.")
@click.option(
    "-t",
    "--prompt",
    metavar="NAME",
    shell_complete=completing("prompts"),
    help="Only turns that used this prompt.",
)
@click.option("-n", "--limit", type=click.IntRange(1, 1_000_000), default=20, metavar="N")
@as_json_option
def sessions_search(
    words: tuple[str, ...], since: str | None, as_json: bool, **chosen: Any
) -> Work:
    """Find the turns that contain all the WORDS.

    Words in quotation marks are a phrase; a star stands for the rest of a word.
    """
    from sessions import Search
    from tui.moments import moment
    from tui.session_views import search_sessions

    search = Search(" ".join(words), since=moment(since) if since else None, **chosen)
    return partial(search_sessions, search=search, as_json=as_json)


@sessions.command("rename")
@_session
@click.argument("title")
def sessions_rename(session: str, title: str) -> Work:
    """Give a session a title; an empty title removes yours."""
    from tui.session_views import rename_session

    return partial(rename_session, query=session, title=title)


@sessions.command("branches")
@_optional_session
@as_json_option
def sessions_branches(session: str | None, as_json: bool) -> Work:
    """List the branches of a session, or of the last one."""
    from tui.session_views import list_branches

    return partial(list_branches, query=session, as_json=as_json)


@sessions.command("branch")
@_session
@click.argument("name", shell_complete=completing("branches"))
@click.option("--rename", "new_name", metavar="NAME", help="Give it another name instead.")
def sessions_branch(session: str, name: str, new_name: str | None) -> Work:
    """Choose the branch from which the session continues."""
    from tui.session_views import use_branch

    return partial(use_branch, query=session, name=name, new_name=new_name)


@sessions.command("delete")
@click.argument(
    "names", nargs=-1, required=True, metavar="SESSION...", shell_complete=completing("sessions")
)
@click.option(
    "--purge", is_flag=True, help="Delete for good, along with everything models have cached."
)
def sessions_delete(names: tuple[str, ...], purge: bool) -> Work:
    """Move sessions to the trash."""
    from tui.session_views import delete_sessions

    return partial(delete_sessions, queries=names, purge=purge)


@sessions.command("restore")
@click.argument("session", metavar="[ID]", required=False, shell_complete=completing("trashed"))
def sessions_restore(session: str | None) -> Work:
    """Restore a session from the trash; without ID, list the trash."""
    from tui.session_views import restore_session

    return partial(restore_session, session_id=session)


@sessions.command("replay")
@_optional_session
@click.option("--turn", metavar="ID", help="The answer; by default the last one on the branch.")
@click.option(
    "-m",
    "--model",
    metavar="NAME",
    shell_complete=completing("models"),
    help="Use this model instead of the original one.",
)
def sessions_replay(session: str | None, turn: str | None, model: str | None) -> Work:
    """Repeat an answer and report whether it came out the same."""
    from tui.session_replay import replay_answer

    return partial(replay_answer, query=session, turn_id=turn, model=model)


@sessions.command("show")
@_optional_session
@as_json_option
def sessions_show(session: str | None, as_json: bool) -> Work:
    """Show the conversation of a session, or of the last one."""
    from tui.session_views import show_session

    return partial(show_session, query=session, as_json=as_json)


@sessions.command("path")
@_optional_session
def sessions_path(session: str | None) -> Work:
    """Print the folder of the sessions, or the file of one session."""
    from tui.session_views import session_path

    return partial(session_path, query=session)


@sessions.command("export")
@_optional_session
@click.option(
    "--format",
    "form",
    type=click.Choice(EXPORT_FORMATS),
    help="json has everything, html the tree, the others one branch; by default from FILE's "
    "ending, or markdown.",
)
@click.option("--branch", metavar="NAME", help="Export this branch instead of the current one.")
@click.option(
    "-o",
    "--output",
    type=PATH,
    metavar="FILE",
    help="A new file that only you can read.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.option("--yes", is_flag=True, help="Do not ask about text that may be private.")
def sessions_export(session: str | None, form: str | None, **values: Any) -> Work:
    """Write a session, or the last one, in another format."""
    from tui.session_export import ExportOptions, export_session

    options = ExportOptions(session=session, format=form, **values)
    return lambda runtime: export_session(runtime, options)


@sessions.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--from",
    "form",
    type=click.Choice(IMPORT_FORMS),
    help="The format of the files; detected by default.",
)
@click.option("--dry-run", is_flag=True, help="Report what would be imported and save nothing.")
@as_json_option
def sessions_import(files: tuple[str, ...], form: str | None, dry_run: bool, as_json: bool) -> Work:
    """Import conversations, each only once; - reads standard input.

    Reads this program's exports and session files, OpenAI messages (JSON or JSON Lines), ChatGPT's
    conversations.json, llm's logs.db, aichat's sessions and Markdown transcripts.
    """
    from tui.session_import import ImportOptions, import_sessions

    options = ImportOptions(files=files, form=form, dry_run=dry_run, json=as_json)
    return partial(import_sessions, options=options)


@sessions.command("check")
@_optional_session
@click.option("--salvage", is_flag=True, help="Write everything undamaged to a new session.")
@as_json_option
def sessions_check(session: str | None, salvage: bool, as_json: bool) -> Work:
    """Look for damage in a session, or in all of them."""
    from tui.session_check import check_all, check_one

    if session is not None:
        return partial(check_one, query=session, salvage=salvage, as_json=as_json)
    if salvage:
        raise click.UsageError("--salvage needs a SESSION")
    return partial(check_all, as_json=as_json)
