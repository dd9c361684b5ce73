"""``chat sessions``: what is saved, shown."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict

from sessions import (
    MATCH_END,
    MATCH_START,
    Hit,
    Search,
    Session,
    SessionFile,
    SessionStore,
    branch_names,
    branch_of_head,
)
from tui import exit_codes
from tui.branches import check_new_name, find_branch
from tui.errors import UsageProblem
from tui.runtime import Runtime
from tui.sanitize import sanitize
from tui.tables import age, print_json, print_line, print_table


def list_sessions(runtime: Runtime, *, limit: int, as_json: bool) -> None:
    """One line for each session, the newest first; a limit of 0 is none."""
    store = runtime.sessions()
    summaries = store.list(limit or None)
    if as_json:
        print_json(runtime, [asdict(summary) for summary in summaries])
        return
    print_table(
        runtime,
        ("ID", "TITLE", "AGE", "TURNS", "BRANCHES", "MODEL"),
        [
            (
                summary.id,
                summary.title if summary.unreadable is None else f"({summary.unreadable})",
                age(summary.updated),
                str(summary.turns),
                str(summary.branches),
                summary.model or "",
            )
            for summary in summaries
        ],
    )
    if len(summaries) == limit and (more := store.count() - limit) > 0:
        runtime.narrator().say(f"{more:,} older ones: --limit 0 lists all")


def search_sessions(runtime: Runtime, search: Search, *, as_json: bool) -> int:
    """The turns that have certain words, the best first; the exit code, as grep's."""
    narrator = runtime.narrator()
    try:
        hits = runtime.sessions().search(search, progress=narrator.indexing)
    except ValueError as error:
        raise UsageProblem(str(error)) from error
    finally:
        narrator.clear()
    if as_json:
        print_json(runtime, [_hit_to_json(hit) for hit in hits])
    else:
        print_table(
            runtime,
            ("ID", "TITLE", "AGE", "WHO", "WORDS"),
            [
                (hit.session, hit.title, age(hit.time), hit.role, _marked(hit.snippet))
                for hit in hits
            ],
        )
    if not hits:
        narrator.say("no turn contains all of these words")
    return exit_codes.DONE if hits else exit_codes.FAILED


def rename_session(runtime: Runtime, query: str, title: str) -> None:
    """Give a session a person's own title. It is no newer for that."""
    log = open_session(runtime, query)
    before = log.path.stat()
    log.set_title(title)
    os.utime(log.path, ns=(before.st_atime_ns, before.st_mtime_ns))


def list_branches(runtime: Runtime, query: str | None, *, as_json: bool) -> None:
    """The branches of a session, the one in use marked."""
    session = open_session(runtime, query).session
    here = branch_of_head(session)
    branches = [
        {
            "name": name,
            "leaf": leaf,
            "turns": len(session.path(leaf)),
            "updated": session.turn(leaf).time,
            "is_head": name == here,
        }
        for name, leaf in branch_names(session).items()
    ]
    if as_json:
        print_json(runtime, branches)
        return
    print_table(
        runtime,
        ("", "NAME", "TURNS", "AGE"),
        [
            (
                "*" if branch["is_head"] else "",
                str(branch["name"]),
                str(branch["turns"]),
                age(session.turn(str(branch["leaf"])).time),
            )
            for branch in branches
        ],
    )


def use_branch(runtime: Runtime, query: str, name: str, *, new_name: str | None) -> None:
    """Make a branch the one that a session goes on from; with a new name, only rename it."""
    log = open_session(runtime, query)
    found, leaf = find_branch(log.session, name)
    if new_name is None:
        log.set_head(leaf)
        return
    check_new_name(log.session, new_name, leaf)
    log.rename_branch(found, new_name, leaf)


def delete_sessions(runtime: Runtime, queries: Sequence[str], *, purge: bool) -> None:
    """Move sessions to the trash, or delete them for good with what models have read."""
    store, narrator = runtime.sessions(), runtime.narrator()
    ids = [_to_delete(store, query, purge=purge) for query in queries]
    titles = {each.id: each.title for each in store.list()}
    try:
        for session_id in ids:
            store.delete(session_id, purge=purge)
            if not purge:
                title = titles.get(session_id, session_id)
                narrator.say(f"{title} is in the trash: `chat sessions restore {session_id}`")
    finally:
        if purge and runtime.paths.snapshots.exists():
            # Whose words they hold cannot be told.
            shutil.rmtree(runtime.paths.snapshots)


def restore_session(runtime: Runtime, session_id: str | None) -> None:
    """Bring a session back from the trash; without one, list what is there."""
    store = runtime.sessions()
    if session_id is not None:
        store.bring_back(session_id.upper())
        return
    rows = [(each.id, each.title, age(each.updated)) for each in store.trash()]
    print_table(runtime, ("ID", "TITLE", "AGE"), rows)


def _to_delete(store: SessionStore, query: str, *, purge: bool) -> str:
    if purge and store.is_in_trash(query.upper()):
        return query.upper()
    return store.resolve(query, by_word=False)


def _hit_to_json(hit: Hit) -> dict[str, object]:
    return {**asdict(hit), "snippet": _marked(hit.snippet)}


def _marked(snippet: str) -> str:
    """The words that were found between brackets."""
    return snippet.replace(MATCH_START, "[").replace(MATCH_END, "]")


def show_session(runtime: Runtime, query: str | None, *, as_json: bool) -> None:
    """The conversation that ends at the session's head."""
    session = open_session(runtime, query).session
    if as_json:
        print_json(runtime, {"id": session.id, "title": session.display_title, **_turns(session)})
        return
    write = runtime.stdout.write
    if session.damaged_lines:
        runtime.stderr.write(f"chat: {session.damaged_lines} damaged lines are left out\n")
    if session.has_gap():
        write("(turns before this one are lost)\n\n")
    for turn in session.path():
        note = "" if turn.status == "complete" else f" ({turn.status})"
        if turn.summarises:
            note = f" (summary of {len(turn.summarises)} turns)"
        content = sanitize(turn.content) if runtime.stdout.isatty() else turn.content
        write(f"[{turn.role}]{note}\n{content}\n\n")


def session_path(runtime: Runtime, query: str | None) -> None:
    """Where sessions are, or the file of one."""
    path = runtime.paths.sessions if query is None else open_session(runtime, query).path
    print_line(runtime, str(path))


def open_session(runtime: Runtime, query: str | None) -> SessionFile:
    """The session that a person means; the last one if they named none.

    Raises:
        SessionError: If there is none, there are several, or it cannot be read.
    """
    store = runtime.sessions()
    return store.open(store.latest() if query is None else store.resolve(query))


def _turns(session: Session) -> dict[str, object]:
    return {
        "head": session.head,
        "branches": branch_names(session),
        "damaged_lines": session.damaged_lines,
        "turns": [asdict(turn) for turn in session.path()],
    }
