"""``chat sessions``: what is saved, shown."""

from __future__ import annotations

from dataclasses import asdict

from sessions import Session, SessionFile
from tui.runtime import Runtime
from tui.sanitize import sanitize
from tui.tables import age, print_json, print_line, print_table


def list_sessions(runtime: Runtime, *, as_json: bool) -> None:
    """One line for each session, the newest first."""
    summaries = runtime.sessions().list()
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


def show_session(runtime: Runtime, query: str | None, *, as_json: bool) -> None:
    """The conversation that ends at the session's head."""
    session = _open(runtime, query).session
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
    path = runtime.paths.sessions if query is None else _open(runtime, query).path
    print_line(runtime, str(path))


def _open(runtime: Runtime, query: str | None) -> SessionFile:
    store = runtime.sessions()
    return store.open(store.latest() if query is None else store.resolve(query))


def _turns(session: Session) -> dict[str, object]:
    return {
        "head": session.head,
        "branches": session.branches,
        "damaged_lines": session.damaged_lines,
        "turns": [asdict(turn) for turn in session.path()],
    }
