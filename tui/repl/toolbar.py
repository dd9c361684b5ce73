"""The line below what is typed: the model, how full the context is, the branch, what goes along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from engine.protocol import Engine
from sessions import branch_of_head
from tui.sanitize import sanitize_line
from tui.talk import Talk
from tui.which_model import shown_name

_BAR = 8
"""Cells of the meter."""

_LONGEST_NAME = 24


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a conversation stands while a person types."""

    engine: Engine
    used: int
    """Tokens that the last answer ended with; 0 before the first."""
    branch: str
    attached: int
    """Texts that go along with the next question."""
    is_estimate: bool = False
    """Whether nobody counted the tokens."""


def standing_of(talk: Talk) -> Standing:
    """Where a conversation stands now. It costs nothing: the last answer knows its tokens."""
    session = talk.conversation.log.session
    usage = next((turn.usage for turn in session.path(last=1) if turn.usage), None)
    used = usage.prompt_tokens + usage.completion_tokens if usage else 0
    branch = branch_of_head(session) or ""
    attached, is_estimate = len(talk.attachments), bool(usage and usage.estimated_tokens)
    return Standing(talk.conversation.engine, used, branch, attached, is_estimate)


def toolbar(standing: Standing, mode: str, width: int) -> str:
    """The parts that fit into a line, the first ones before the others.

    Args:
        standing: Where the conversation stands.
        mode: Of the editor, where a person must know it.
        width: Cells of the terminal.
    """
    attached = f"{standing.attached} attached" if standing.attached else ""
    parts = (
        (mode,),
        (_short(shown_name(standing.engine)),),
        _meter(standing),
        (attached,),
        (_short(standing.branch),),
    )
    return sanitize_line(_fitting(parts, width))


def _fitting(parts: Sequence[Sequence[str]], width: int) -> str:
    """The first form of each part that there is room for."""
    line = ""
    for forms in parts:
        for form in filter(None, forms):
            longer = f"{line} · {form}" if line else f" {form}"
            if cell_len(longer) < width:
                line = longer
                break
    return line


def _meter(standing: Standing) -> Sequence[str]:
    """How full the context is, in a long form and a short one."""
    card = standing.engine.card
    if card is None:
        # A server is asked with the first question; until then nothing is loaded, nor known.
        return () if standing.engine.host else ("loading",)
    share = min(1.0, standing.used / card.n_ctx)
    full = round(share * _BAR)
    bar = "■" * full + "□" * (_BAR - full)
    about = "~" if standing.is_estimate else ""
    return f"{bar} {about}{standing.used:,} of {card.n_ctx:,}", f"{about}{share:.0%}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
