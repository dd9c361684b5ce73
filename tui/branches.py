"""Going from one branch to another, and turns that are on both."""

from __future__ import annotations

from dataclasses import replace

from sessions import Session, Turn, branch_names, branch_of_head, new_turn_id
from tui.errors import UsageProblem


def name_to_return_to(session: Session, stem: str) -> tuple[str, bool]:
    """The name that was given to the branch in use, or a free one, which is then new."""
    here = branch_of_head(session)
    if here in session.branches:
        return here, False
    name, number = stem, 1
    while name in session.branches:
        number += 1
        name = f"{stem} {number}"
    return name, True


def find_branch(session: Session, name: str) -> tuple[str, str]:
    """The branch of that name, whose beginning will do where it is enough, and its leaf.

    Raises:
        UsageProblem: If there is none, or more than one.
    """
    names = branch_names(session)
    if name in names:
        return name, names[name]
    wanted = name.casefold()
    fitting = [each for each in names if each.casefold().startswith(wanted)] if wanted else []
    if len(fitting) == 1:
        return fitting[0], names[fitting[0]]
    if fitting:
        raise UsageProblem(f"{name!r} fits several branches: {', '.join(map(repr, fitting))}")
    known = ", ".join(map(repr, names)) or "the session is empty"
    raise UsageProblem(f"there is no branch {name!r}: {known}")


def check_new_name(session: Session, name: str, leaf: str) -> None:
    """Refuse a branch's name that another one has.

    Raises:
        UsageProblem: If it is taken.
    """
    taken = session.branches.get(name)
    if taken is not None and session.leaf_of(taken) != leaf:
        raise UsageProblem(f"another branch is called {name!r}")


def siblings_of(session: Session, turn: Turn) -> list[Turn]:
    """The versions of a turn, itself among them, in the order in which they were made.

    A version may follow a system text of its own. A summary parts: what follows one are copies.
    """
    before = session.turns.get(turn.parent or "")
    while before is not None and _is_instruction(before):
        before = session.turns.get(before.parent or "")
    versions = _first_spoken(session, None if before is None else before.id)
    same = [each for each in versions if each.role == turn.role]
    return same if any(each.id == turn.id for each in same) else [turn]


def _first_spoken(session: Session, turn_id: str | None) -> list[Turn]:
    """The first turns after a turn that are no system texts."""
    found: list[Turn] = []
    for child in session.children(turn_id):
        found += _first_spoken(session, child.id) if _is_instruction(child) else [child]
    return found


def _is_instruction(turn: Turn) -> bool:
    return turn.role == "system" and not turn.summarises


def copied(turn: Turn, parent: str | None) -> Turn:
    """A turn on another branch; how it was made is told by the original."""
    return replace(
        turn,
        id=new_turn_id(),
        parent=parent,
        status="cancelled" if turn.status == "partial" else turn.status,
        copy_of=turn.id,
        continues=None,
        edits=(),
        usage=None,
        timings=None,
        logprobs=(),
    )
