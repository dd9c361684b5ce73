"""Makes the overview of a conversation, in its thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sessions import Session, Turn
from tui.app.overview import Overview, ShownTurn
from tui.branches import siblings_of
from tui.which_model import shown_name

if TYPE_CHECKING:
    from tui.app.talk import AppTalk


def overview_of(talk: AppTalk) -> Overview:
    """A conversation as it is now. In its thread."""
    conversation = talk.conversation
    session, engine = conversation.log.session, conversation.engine
    growing = conversation.growing
    if growing:
        parent = growing[0].parent
        path = session.path(parent) if parent in session.turns else []
    else:
        path = session.path()
    shown = [*_shown(session, path), *(ShownTurn(turn, is_live=True) for turn in growing[:1])]
    card = engine.card
    branch, branches = _branch(session)
    return replace(
        _last_answer(path),
        session=session.id,
        title=session.display_title if session.turns else "",
        turns=tuple(shown),
        answers=tuple(
            ShownTurn(turn, is_live=bool(growing)) for turn in growing or conversation.answers
        ),
        model=shown_name(engine),
        n_ctx=card.n_ctx if card is not None else None,
        branch=branch,
        branches=branches,
        prompts=talk.prompt.options.templates,
        variables=talk.prompt.options.variables,
        settings=conversation.settings,
        attachments=tuple(each.name or "piped text" for each in talk.attachments),
        is_kept=talk.is_kept,
        unsaved=conversation.unsaved,
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
                rate=(made - 1) / seconds if seconds > 0 and made > 1 else None,
                cached=usage.cached_tokens / usage.prompt_tokens if usage.prompt_tokens else None,
            )
    return Overview()
