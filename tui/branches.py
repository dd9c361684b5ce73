"""Branches: their names, going from one to another, and turns that are on both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sessions import SessionLog, Turn, new_turn_id
from tui.errors import UsageProblem


def name_to_return_to(taken: Mapping[str, str], head: str, stem: str) -> tuple[str, bool]:
    """The name that the turn `head` has among the branches, or a free one, which is then new."""
    for name, leaf in taken.items():
        if leaf == head:
            return name, False
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem} {number}"
    return name, True


def go_to_branch(log: SessionLog, name: str) -> str:
    """Go on from the turn of that name; the name of the turn that was left.

    Raises:
        UsageProblem: If there is no such branch.
        SaveFailed: If this is in memory only.
    """
    session = log.session
    if name not in session.branches:
        names = ", ".join(map(repr, session.branches)) or "none has a name"
        raise UsageProblem(f"there is no branch {name!r}: {names}")
    assert session.head is not None, "a session with a branch has turns"
    left, is_new = name_to_return_to(session.branches, session.head, "branch")
    if is_new:
        log.name_branch(left, session.head)
    log.set_head(session.branches[name])
    return left


def copied(turn: Turn, parent: str | None) -> Turn:
    """A turn on another branch; how it was made is told by the original."""
    return replace(
        turn,
        id=new_turn_id(),
        parent=parent,
        status="cancelled" if turn.status == "partial" else turn.status,
        copy_of=turn.id,
        continues=None,
        usage=None,
        timings=None,
        logprobs=(),
    )
