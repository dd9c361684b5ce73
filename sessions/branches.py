"""The branches of a session, each by a name: the one a person gave it, or its first words."""

from __future__ import annotations

from collections.abc import Iterable

from sessions.tree import Session, opening_of


def branch_names(session: Session) -> dict[str, str]:
    """The leaf of each branch, by its name, in the order of the leaves' lines.

    A name that was given stands for the leaf that its turn leads to. Leaves without one go by the
    first words that no other branch has; those of the same words are numbered.
    """
    given: dict[str, list[str]] = {}
    for name, turn in session.branches.items():
        if not session.is_deleted(turn):
            given.setdefault(session.leaf_of(turn), []).append(name)
    names: dict[str, str] = {}
    for leaf in session.leaf_ids():
        own = given.get(leaf) or [_free(_own_words(session, leaf), [*names, *session.branches])]
        names.update(dict.fromkeys(own, leaf))
    return names


def branch_of_head(session: Session) -> str | None:
    """The name of the branch that the head is on; None where it is on none."""
    if session.head is None:
        return None
    leaf = session.leaf_of(session.head)
    return next((name for name, other in branch_names(session).items() if other == leaf), None)


def _own_words(session: Session, leaf: str) -> str:
    """The first words of the part of a path that is this branch's alone."""
    for turn_id in session.own_part(leaf):
        turn = session.turns.get(turn_id)
        if turn is not None and turn.role != "system" and turn.content.strip():
            return opening_of(turn)
    return "empty"


def _free(name: str, taken: Iterable[str]) -> str:
    """The name itself or, where it is taken, with the next number."""
    others = set(taken)
    number, free = 1, name
    while free in others:
        number += 1
        free = f"{name} ({number})"
    return free
