"""Commands that go back in a conversation, and another way."""

from __future__ import annotations

from collections.abc import Iterator

from sessions import branch_names, branch_of_head, opening_of
from tui.branch_tree import numbered_leaves, tree_lines
from tui.branches import check_new_name, find_branch
from tui.commands.command import Command, Suggestion
from tui.commands.completing import names
from tui.commands.reading import is_number, turn_of, whole_number
from tui.errors import UsageProblem
from tui.talk import Talk


def _undo(talk: Talk, argument: str) -> None:
    count = whole_number(argument, "/undo takes the number of questions to undo")
    taken = talk.conversation.undo(1 if count is None else count)
    talk.say(f"undone: {opening_of(taken)}; /redo brings it back")


def _redo(talk: Talk, _argument: str) -> None:
    talk.conversation.redo()
    talk.say("restored")


def _fork(talk: Talk, argument: str) -> None:
    word, _, rest = argument.partition(" ")
    if not argument:
        _list_turns(talk)
        return
    number = int(word) if is_number(word) else None
    name = (argument if number is None else rest.strip()) or None
    turn = None if number is None else turn_of(talk, number)
    if turn is None and talk.conversation.log.session.head is None:
        raise UsageProblem("there are no turns here")
    talk.conversation.fork(turn, name)
    if number is not None:
        talk.say(f"continuing after turn {number}; what followed stays as a branch")
    if name is not None:
        talk.say(f"the next question starts the branch {name!r}")


def _list_turns(talk: Talk) -> None:
    path = talk.conversation.log.session.path()
    if not path:
        raise UsageProblem("there are no turns here")
    for place, turn in enumerate(path, 1):
        talk.say(f"{place:>3}  {turn.role:<9}  {opening_of(turn)}")


def _numbers(talk: Talk, argument: str) -> Iterator[Suggestion]:
    if " " in argument:
        return
    for place, turn in enumerate(talk.conversation.log.session.path(), 1):
        yield Suggestion(str(place), f"{turn.role}: {opening_of(turn)}")


def _branches(talk: Talk, _argument: str) -> None:
    lines = tree_lines(talk.conversation.log.session)
    for line in lines or ["there are no turns yet"]:
        talk.say(line)


def _switch(talk: Talk, argument: str) -> None:
    if not argument:
        raise UsageProblem("/switch takes the name of a branch or its number; /branches lists them")
    session = talk.conversation.log.session
    left = branch_of_head(session)
    leaves = numbered_leaves(session)
    is_place = is_number(argument) and 1 <= int(argument) <= len(leaves)
    if is_place and argument not in branch_names(session):
        leaf = leaves[int(argument) - 1]
        name = next(name for name, other in branch_names(session).items() if other == leaf)
    else:
        name, leaf = find_branch(session, argument)
    talk.conversation.marks.go_to(leaf)
    talk.say(f"now on the branch {name!r}; you were on {left!r}")


def _branch(talk: Talk, argument: str) -> None:
    session = talk.conversation.log.session
    if argument:
        _switch(talk, argument)
        return
    here = branch_of_head(session)
    for name, leaf in branch_names(session).items():
        mark = "  (here)" if name == here else ""
        talk.say(f"{name}  {len(session.path(leaf))} turns{mark}")
    if not session.turns:
        talk.say("there are no turns yet")


def _names(talk: Talk, argument: str) -> Iterator[Suggestion]:
    session = talk.conversation.log.session
    found = {
        name: f"{len(session.path(leaf))} turns" for name, leaf in branch_names(session).items()
    }
    return names(argument, found)


def _rename(talk: Talk, argument: str) -> None:
    log = talk.conversation.log
    here = branch_of_head(log.session)
    if not argument:
        raise UsageProblem("/rename takes the new name of this branch")
    if here is None or log.session.head is None:
        raise UsageProblem("there is no branch here yet")
    leaf = log.session.leaf_of(log.session.head)
    check_new_name(log.session, argument, leaf)
    talk.conversation.marks.rename_branch(here, argument, leaf)
    talk.say(f"this branch is now called {argument!r}")


def _delete(talk: Talk, argument: str) -> None:
    path = talk.conversation.log.session.path()
    number = whole_number(argument, "/delete takes the number of a turn; /fork lists them")
    if number is None or not 1 <= number <= len(path):
        raise UsageProblem(f"/delete takes a number from 1 to {len(path)}; /fork lists the turns")
    talk.conversation.marks.delete(path[number - 1].id)
    talk.say(f"turn {number} and what followed are deleted; /restore brings them back")


def _restore(talk: Talk, _argument: str) -> None:
    deleted = list(talk.conversation.log.session.deleted)
    if not deleted:
        raise UsageProblem("nothing is deleted")
    talk.conversation.marks.restore(deleted[-1])
    talk.say("restored, as a branch")


TREE_COMMANDS = (
    Command(
        "undo",
        "[N]",
        "undo the last question, or the last N",
        _undo,
        None,
        "Going back",
        "/undo 2",
    ),
    Command("redo", "", "redo what /undo took back", _redo, None, "Going back", "/redo"),
    Command(
        "fork",
        "[N] [NAME]",
        "list the turns, or continue after turn N, on a new branch called NAME",
        _fork,
        _numbers,
        "Going back",
        "/fork 2 a sadder end",
    ),
    Command(
        "branches",
        "",
        "draw the session as a tree",
        _branches,
        None,
        "Going back",
        "/branches",
    ),
    Command(
        "switch",
        "NAME|N",
        "go to a branch, by its name or its number in the tree",
        _switch,
        _names,
        "Going back",
        "/switch 2",
    ),
    Command(
        "branch",
        "[NAME]",
        "list the branches, or go to one",
        _branch,
        _names,
        "Going back",
        "/branch a sadder end",
    ),
    Command(
        "rename",
        "NAME",
        "give this branch a name",
        _rename,
        None,
        "Going back",
        "/rename a sadder end",
    ),
    Command(
        "delete",
        "N",
        "delete turn N and everything after it",
        _delete,
        _numbers,
        "Going back",
        "/delete 3",
    ),
    Command(
        "restore",
        "",
        "restore what /delete removed",
        _restore,
        None,
        "Going back",
        "/restore",
    ),
)
