"""Makes the overview of a conversation, in its thread."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.app.branch_view import branch_view
from tui.app.overview import Overview, ShownTurn
from tui.which_model import shown_name

if TYPE_CHECKING:
    from tui.app.talk import AppTalk


def overview_of(talk: AppTalk, *, last: int | None = None) -> Overview:
    """The overview of a conversation as it is now. In its thread.

    Args:
        talk: The conversation.
        last: Only the last so many turns: the others are not even read.
    """
    conversation = talk.conversation
    session, engine = conversation.log.session, conversation.engine
    growing = conversation.growing
    if growing:
        parent = growing[0].parent
        path = session.path(parent, last=last) if parent in session.turns else []
    else:
        path = session.path(last=last)
    view = branch_view(session, path)
    card = engine.card
    return replace(
        view,
        turns=(*view.turns, *(ShownTurn(turn, is_live=True) for turn in growing[:1])),
        answers=tuple(
            ShownTurn(turn, is_live=bool(growing)) for turn in growing or conversation.answers
        ),
        model=shown_name(engine),
        n_ctx=card.n_ctx if card is not None else None,
        prompts=talk.prompt.options.templates,
        variables=talk.prompt.options.variables,
        settings=conversation.settings,
        attachments=tuple(each.name or "piped text" for each in talk.attachments),
        is_kept=talk.is_kept,
        unsaved=conversation.unsaved,
    )
