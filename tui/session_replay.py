"""``chat sessions replay``: an answer made again, with everything that made it the first time."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from engine.errors import NotHere, NotUsable, UnknownModel, WorkerFailed
from engine.protocol import Engine
from engine.sampling_params import Sampling
from engine.types import Finished, Piece, Request
from sessions import Limits, Session, Turn, messages_to_answer, plain_text
from tui import exit_codes
from tui.errors import UsageProblem
from tui.interrupts import signals_call
from tui.narrate import Narrator
from tui.runtime import Runtime
from tui.sanitize import sanitize_line
from tui.session_views import open_session

_CONTEXT = 30
"""Characters that are shown on both sides of the first difference."""


def replay_answer(
    runtime: Runtime, query: str | None, turn_id: str | None, model: str | None
) -> int:
    """Make an answer again and say whether it came out the same; the exit code."""
    session = open_session(runtime, query).session
    turn = _answer(session, turn_id)
    narrator = runtime.narrator()
    engine = _engine_of(runtime, turn, model)
    try:
        text, reason = _made_again(engine, session, turn, narrator)
        for difference in _other_parts(engine, turn):
            narrator.say(difference)
    finally:
        engine.close()
    if reason == "cancelled":
        return exit_codes.INTERRUPTED
    same = text == turn.content
    runtime.stdout.write("the same\n" if same else f"{_first_difference(turn.content, text)}\n")
    return exit_codes.DONE if same else exit_codes.FAILED


def _answer(session: Session, turn_id: str | None) -> Turn:
    if turn_id is None:
        answers = [turn for turn in session.path() if turn.role == "assistant" and turn.model]
        if not answers:
            raise UsageProblem("no model has answered on this branch")
        return _original(session, answers[-1])
    fitting = [each for each in session.turns if each.startswith(turn_id.upper())]
    if len(fitting) != 1:
        raise UsageProblem(f"{turn_id!r} is the beginning of {len(fitting)} turns' ids")
    turn = session.turn(fitting[0])
    if turn.role != "assistant" or turn.model is None:
        raise UsageProblem(f"the turn {turn.id} is not a model's answer")
    return _original(session, turn)


def _original(session: Session, turn: Turn) -> Turn:
    """The answer itself, where compaction has copied it to another branch."""
    while turn.copy_of is not None and turn.copy_of in session.turns:
        turn = session.turn(turn.copy_of)
    return turn


def _engine_of(runtime: Runtime, turn: Turn, model: str | None) -> Engine:
    if model is not None:
        return runtime.start_engine(model)
    try:
        return runtime.start_engine(turn.model, by_name=True)
    except (UnknownModel, NotHere, NotUsable) as error:
        raise UsageProblem(
            f"{turn.model}, which answered, was not found by that name: give it with -m PATH"
        ) from error


def _made_again(
    engine: Engine, session: Session, turn: Turn, narrator: Narrator
) -> tuple[str, str]:
    """The new text, from where the old one began, and why it ended."""
    text, reason = "", "error"
    request = request_of(session, turn)
    events = engine.stream(request)
    with signals_call(engine.cancel):
        for event in events:
            if isinstance(event, Piece):
                text += event.text
            elif isinstance(event, Finished):
                reason = event.reason
                if reason == "error":
                    raise WorkerFailed(event.error or "the engine failed")
            narrator.progress(event)
    narrator.clear()
    continued = session.turns.get(turn.continues or "")
    return (continued.content if continued else "") + text, reason


def request_of(session: Session, turn: Turn) -> Request:
    """What an engine was asked for when it gave an answer, as far as the session knows.

    Raises:
        UsageProblem: If turns before it are lost.
    """
    before = session.path(turn.id)[:-1]
    if turn.status in ("partial", "error"):
        raise UsageProblem("this answer was never finished, so there is nothing to compare")
    if not before or session.has_gap(turn.id):
        raise UsageProblem("turns before this answer are lost, so it cannot be repeated")
    if turn.edits:
        raise UsageProblem("a person wrote part of this answer, so no model can repeat it")
    missing = [part for each in before for part in each.attachments if part.is_missing]
    if missing:
        name = missing[0].name or "piped text"
        raise UsageProblem(f"{name} is missing or has changed, so the answer cannot be repeated")
    is_raw = before[-1].raw
    continued = session.turns.get(turn.continues or "")
    limits = turn.limits or Limits()
    return Request(
        messages=() if is_raw else tuple(messages_to_answer(before)),
        sampling=turn.sampling or Sampling(),
        max_tokens=_most_tokens(turn, limits),
        stop=limits.stop,
        prefill=(plain_text(before) if is_raw else "") + (continued.content if continued else ""),
        grammar=limits.grammar,
        schema=limits.schema,
        banned=limits.banned,
        think=limits.think,
        reproducible=True,
        aside=True,
    )


def _most_tokens(turn: Turn, limits: Limits) -> int | None:
    """The limit that was set; an answer that somebody stopped is compared as far as it came."""
    if turn.status == "cancelled" and turn.usage is not None:
        return turn.usage.completion_tokens or 1
    return limits.max_tokens


def _other_parts(engine: Engine, turn: Turn) -> Sequence[str]:
    """What is not as it was when the answer was made."""
    card, build = engine.card, turn.build
    if card is None or build is None:
        return ()
    now = {
        "the weights": (build.weights, card.fingerprint),
        "the chat template": (build.chat_template, card.template_sha256),
        "llama.cpp's binding": (build.llama_cpp, card.llama_cpp),
    }
    return [
        f"since then something changed: {name}"
        for name, (then, today) in now.items()
        if then and then != today
    ]


def _first_difference(old: str, new: str) -> str:
    """Where two texts part, and how much of them is the same."""
    at = next(
        (place for place, (one, other) in enumerate(zip(old, new, strict=False)) if one != other),
        min(len(old), len(new)),
    )
    alike = difflib.SequenceMatcher(None, old.split(), new.split(), autojunk=False).ratio()
    around = slice(max(0, at - _CONTEXT), at + _CONTEXT)
    was, now = sanitize_line(old[around]), sanitize_line(new[around])
    return f"different from character {at:,} on ({alike:.0%} of the words alike)\n- {was}\n+ {now}"
