"""A session drawn as a small tree: a line for each stretch without a fork, siblings below each
other, in words that need no lines between them."""

from __future__ import annotations

from sessions import Session, Turn, branch_names, opening_of


def numbered_leaves(session: Session) -> list[str]:
    """The ends of the branches, by the numbers that the tree shows, less one."""
    return list(dict.fromkeys(branch_names(session).values()))


def tree_lines(session: Session) -> list[str]:
    """The lines of the tree; each end of a branch has its number, names given and the place."""
    leaves = numbered_leaves(session)
    here = None if session.head is None else session.leaf_of(session.head)
    given = {session.leaf_of(turn): name for name, turn in session.branches.items()}
    lines = []
    waiting = [(turn, 0) for turn in reversed(session.children(None))]
    while waiting:
        first, depth = waiting.pop()
        stretch, following = _stretch(session, first)
        leaf = stretch[-1].id
        number = f"{leaves.index(leaf) + 1}." if leaf in leaves else "·"
        name = f"  {given[leaf]!r}" if leaf in given and not following else ""
        mark = "  (here)" if leaf == here else ""
        lines.append(f"{'  ' * depth}{number} {_words(stretch)}{name}{mark}")
        waiting += [(turn, depth + 1) for turn in reversed(following)]
    return lines


def _stretch(session: Session, turn: Turn) -> tuple[list[Turn], list[Turn]]:
    """The turns up to a fork or the end, and those that follow there."""
    turns = [turn]
    while len(following := session.children(turns[-1].id)) == 1:
        turns += following
    return turns, following


def _words(stretch: list[Turn]) -> str:
    """First words, of a question or an answer where there is one, and how many turns."""
    spoken = [turn for turn in stretch if turn.role != "system"] or stretch
    count = f"{len(stretch)} turns" if len(stretch) > 1 else "1 turn"
    return f"{opening_of(spoken[0])} ({count})"
