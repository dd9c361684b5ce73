"""Which session the options mean: nothing else is loaded to open it."""

from __future__ import annotations

from sessions import MemorySession, SessionLog, memory_session
from tui.errors import UsageProblem
from tui.options import AskOptions
from tui.runtime import Runtime


def open_session(runtime: Runtime, options: AskOptions) -> SessionLog:
    """The session that the options name: a new one, the last conversation, or a certain one.

    Raises:
        SessionError: If there is none of that name.
        UsageProblem: If it cannot be saved to, and should be.
    """
    unsaved = not options.save or options.dry_run
    if options.session is None and not options.go_on:
        return memory_session() if unsaved else runtime.sessions().create()
    store = runtime.sessions()
    log = store.open(
        store.latest_conversation() if options.session is None else store.resolve(options.session)
    )
    if unsaved:
        return MemorySession(log.session)
    if log.session.read_only:
        raise UsageProblem("that session was written by a newer version: update, or use --no-save")
    return log
