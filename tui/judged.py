"""What a person found good among the answers that a prompt was asked for, from all sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from prompts.fence import context_spans, with_its_fence
from prompts.growing import Judged, Origin
from sessions import (
    Attachment,
    Session,
    SessionError,
    SessionStore,
    Turn,
    sift_sessions,
    text_as_taken,
)

_ENDED = ("complete", "stop")
"""How an answer must have ended: what was cut off is no model for others."""


def judged_answers(
    store: SessionStore,
    prompt: str,
    *,
    since: datetime | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Judged]:
    """The answers rated good and the changes accepted, those of the last changed sessions first.

    Args:
        store: The sessions; most are not even parsed.
        prompt: The name of the prompt.
        since: Answers from then on.
        progress: Is told how many of how many sessions have been looked at.

    Raises:
        UnsafeStore, ReadFailed: If there is no folder of sessions to look into.
    """
    name = f'"{prompt}"'.encode()

    def may_have_some(data: bytes) -> bool:
        return name in data and (b'"rating"' in data or b'"review"' in data)

    for session_id in sift_sessions(store.root, may_have_some, progress=progress):
        try:
            session = store.open(session_id).session
        except SessionError:
            # It was deleted a moment ago.
            continue
        for turn in _judged_turns(session, since):
            yield from _judged(session, turn, prompt)


def _judged_turns(session: Session, since: datetime | None) -> list[Turn]:
    """The answers that a person said something of, the latest first."""
    ids = dict.fromkeys([*session.ratings, *session.reviews])
    turns = [session.turns.get(each) for each in ids if not session.is_deleted(each)]
    found = [
        turn
        for turn in turns
        if turn is not None
        and turn.role == "assistant"
        and turn.status in _ENDED
        and (since is None or turn.time >= since)
    ]
    return sorted(found, key=lambda turn: turn.time, reverse=True)


def _judged(session: Session, answer: Turn, prompt: str) -> Iterator[Judged]:
    """An answer that was rated or, where changes of it were taken, the text with these."""
    question = session.turns.get(answer.parent or "")
    rating = session.ratings.get(answer.id)
    value = 0 if rating is None else rating.value
    if question is None or question.prompt != prompt or value < 0:
        return
    judged = Judged(
        question=bare_content(question),
        text=text_given(question),
        variables=question.variables,
        output=answer.content,
        origin=Origin(session.id, session.display_title, answer.id, answer.time),
    )
    if answer.id not in session.reviews:
        if value > 0:
            yield judged
        return
    taken = text_as_taken(session, answer.id)
    if taken is not None:
        yield replace(judged, output=taken)


def text_given(question: Turn) -> str | None:
    """What stood for ``{{ text }}`` in a question: the texts attached to it, as they were joined.

    None where there are none, or where they do not stand together in it.
    """
    parts = question.attachments
    if not parts or any(part.is_missing for part in parts):
        return None
    joined = "\n\n".join(_given(question, part) for part in parts)
    return joined if joined in bare_content(question) else None


def bare_content(question: Turn) -> str:
    """A question with its texts as they were given: without their fences, and without what it told
    of the draft around them."""
    content = question.content
    parts = [(part.start, part.start + part.length, part) for part in question.attachments]
    changes: list[tuple[int, int, str]] = []
    for start, end, part in parts:
        outer = with_its_fence(content, start, end)
        if outer != (start, end):
            changes.append((*outer, _given(question, part)))
    for begin, stop in context_spans(content):
        # A draft may have such lines of its own.
        if all(stop <= start or end <= begin for start, end, _ in parts):
            changes.append((begin, stop, ""))
    for start, end, text in sorted(changes, reverse=True):
        content = f"{content[:start]}{text}{content[end:]}"
    return content


def _given(question: Turn, part: Attachment) -> str:
    """One of a question's texts; of several, under its name."""
    text = question.content[part.start : part.start + part.length]
    only = len(question.attachments) == 1
    return text if only or part.name is None else f"--- {part.name} ---\n{text}"
