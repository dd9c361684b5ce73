"""The session that an edit is done in: that of the same work, stopped before, or a new one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sessions import SessionLog, Turn, memory_session
from tui.attach import AttachedText
from tui.narrate import Narrator
from tui.options import EditOptions
from tui.review import choose
from tui.runtime import Runtime
from tui.unfinished import Decisions, Unfinished, answers_in, of_pieces

_GO_ON = {"g": "go on", "n": "new"}


@dataclass(frozen=True, slots=True)
class WorkSession:
    """A session, and what was done in it before the work was stopped."""

    log: SessionLog
    decisions: Decisions
    answers: Mapping[str, Sequence[Turn]] = field(default_factory=dict)
    """By the SHA-256 of the piece."""
    note: Unfinished | None = None
    """Where the work is noted; None where the session is not kept."""


def work_session(
    runtime: Runtime,
    options: EditOptions,
    prompt: str,
    texts: Sequence[AttachedText],
    note: Unfinished,
    goes_on: Callable[[str], bool] | None,
) -> WorkSession:
    """Find the session of work that was stopped, or begin one.

    Args:
        runtime: Where sessions are.
        options: Whether it is to be kept.
        prompt: The prompt's name, for the title.
        texts: All pieces.
        note: Of this work.
        goes_on: Asked whether to go on with work that was stopped, told how much of it is done;
            None asks on the terminal.
    """
    if not options.save or options.dry_run:
        return WorkSession(memory_session(), Decisions())
    store = runtime.sessions()
    if options.drafts != ("-",) and (stopped := note.session(store)) is not None:
        answers = of_pieces(answers_in(stopped.session), [text.text for text in texts])
        decisions = note.decided()
        done = _done(len(answers), len(texts), len(decisions))
        if answers and (goes_on(done) if goes_on else _goes_on(runtime, done)):
            return WorkSession(stopped, decisions, answers, note)
    title = f"{', '.join(dict.fromkeys(text.name or '-' for text in texts))} ({prompt})"
    return WorkSession(store.create(title=title, is_revision=True), Decisions(note), note=note)


def _done(done: int, total: int, decided: int) -> str:
    """How much was done before, in words."""
    parts = f"{done} of {total} parts are already revised"
    if decided:
        parts += f", and {decided} change{'s' if decided > 1 else ''} decided"
    return parts


def _goes_on(runtime: Runtime, done: str) -> bool:
    """Whether to go on with what was stopped; where nobody can be asked it is a yes."""
    if runtime.is_interactive:
        return choose(runtime, f"{done}: resume, or start over?", _GO_ON) == "g"
    Narrator(runtime.stderr).say(f"resuming an interrupted revision: {done}")
    return True
