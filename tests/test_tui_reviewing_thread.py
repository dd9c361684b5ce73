"""The thread behind a review: it ends when the review is left, at whatever moment that is."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event, Thread

from drafts.document import decode_text
from engine.scripted import ScriptedEngine
from tui.edit_work import prepare
from tui.options import EditOptions, EngineOptions, PromptOptions
from tui.reviewing.thread import RevisionThread, ThreadEvent
from tui.revising import Revised
from tui.runtime import Runtime

_PATIENCE_S = 60.0


def test_leaving_in_the_moment_in_which_a_piece_comes_back_ends_the_work(home: Path) -> None:
    engine = ScriptedEngine(["There is a light."])
    runtime = Runtime(os.environ, lambda _path, _options: engine)
    options = EditOptions(("a.md",), prompt=PromptOptions(), engine=EngineOptions())
    work = prepare(runtime, options, engine, [("a.md", decode_text(b"Their is a light.\n"))])
    is_leaving = Event()

    def post(event: ThreadEvent) -> None:
        if isinstance(event, Revised):
            leaving.start()
            is_leaving.set()
            # It has said all that it has to say, and waits for this thread.
            leaving.join(0.2)

    revising = RevisionThread(work.revision, post)
    leaving = Thread(target=revising.stop, daemon=True)
    revising.start()
    assert is_leaving.wait(_PATIENCE_S)
    leaving.join(_PATIENCE_S)
    assert not leaving.is_alive()
