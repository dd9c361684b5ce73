"""What the app shows of a session alone, before there is anything to answer in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sessions import Session, Turn
from tui.app.overview import Overview, ShownTurn
from tui.branches import siblings_of

SCREENFUL = 40
"""Turns that fill the window of most terminals."""


def branch_view(session: Session, path: Sequence[Turn]) -> Overview:
    """The branch in use, or its end.

    Args:
        session: Where it is.
        path: The turns that are shown.
    """
    branch, branches = _branch(session)
    return replace(
        _last_answer(path),
        session=session.id,
        title=session.display_title if session.turns else "",
        turns=tuple(_shown(session, path)),
        branch=branch,
        branches=branches,
    )


def _shown(session: Session, path: Sequence[Turn]) -> Iterator[ShownTurn]:
    for place, turn in enumerate(path):
        before = path[place - 1] if place else None
        is_alone = before is not None and len(session.children(before.id)) == 1
        if turn.role == "system" or (is_alone and before is not None and before.role != "system"):
            yield ShownTurn(turn)
            continue
        versions = [each.id for each in siblings_of(session, turn)]
        yield ShownTurn(turn, versions.index(turn.id) + 1, len(versions))


def _branch(session: Session) -> tuple[int, int]:
    """The number of the branch in use, and how many there are."""
    leaves = session.leaf_ids()
    if session.head is None or len(leaves) < 2:
        return 1, max(1, len(leaves))
    leaf = session.leaf_of(session.head)
    return (leaves.index(leaf) + 1 if leaf in leaves else 1), len(leaves)


def _last_answer(path: Sequence[Turn]) -> Overview:
    """What the last answer that was measured says of the context and of speed."""
    for turn in reversed(path):
        usage, timings = turn.usage, turn.timings
        if usage is not None and timings is not None:
            seconds, made = timings.decode_s, usage.completion_tokens
            return Overview(
                used=usage.prompt_tokens + made,
                is_estimate=usage.estimated_tokens > 0,
                rate=(made - 1) / seconds if seconds > 0 and made > 1 else None,
                cached=usage.cached_tokens / usage.prompt_tokens if usage.prompt_tokens else None,
            )
    return Overview()
