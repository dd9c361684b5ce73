"""Opens the session that the app begins with, and shows its last turns before all else."""

from __future__ import annotations

from dataclasses import replace

from sessions import SessionLog
from tui.app.branch_view import SCREENFUL, branch_view
from tui.app.messages import Overviewed, Post
from tui.options import AskOptions
from tui.runtime import Runtime
from tui.which_session import open_session


def open_at_end(runtime: Runtime, options: AskOptions, post: Post) -> SessionLog:
    """The session that the options mean.

    Raises:
        SessionError: If it cannot be opened.
        UsageProblem: If it cannot be saved to, and should be.
    """
    log = open_session(runtime, options)
    session = log.session
    view = branch_view(session, session.path(last=SCREENFUL))
    post(Overviewed(replace(view, is_kept=options.save)))
    return log
