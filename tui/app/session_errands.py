"""What a person does with saved sessions, each as an errand for the conversation's thread."""

from __future__ import annotations

from collections.abc import Callable

from tui.app.messages import Reached, Shelved
from tui.app.talk import AppTalk
from tui.app.thread import Errand
from tui.branches import check_new_name, find_branch
from tui.errors import UsageProblem
from tui.marks import standing_of
from tui.session_views import open_session
from tui.tree_changes import TreeChanges


def open_at(session: str, turn: str | None) -> Errand:
    """Go on with a session; with a turn of it, on the branch that this is on, where it is seen."""

    def errand(talk: AppTalk) -> None:
        if talk.conversation.log.session.id != session:
            talk.open_session(session)
        tree = talk.conversation.log.session
        if turn is None or turn not in tree.turns:
            return
        if tree.is_deleted(turn):
            talk.warn("that turn is deleted; /restore brings it back")
            return
        if turn not in {each.id for each in tree.path()}:
            talk.conversation.marks.go_to(tree.leaf_of(turn))
        talk.publish()
        talk.post(Reached(turn))

    return errand


def go_to_branch(session: str, leaf: str) -> Errand:
    """Go on with a session, on one of its branches."""

    def errand(talk: AppTalk) -> None:
        if talk.conversation.log.session.id != session:
            talk.open_session(session)
        tree = talk.conversation.log.session
        if leaf in tree.turns and tree.head != leaf:
            talk.conversation.marks.go_to(leaf)

    return errand


def rename(session: str, title: str) -> Errand:
    """Give a session a person's own title."""
    return _marking(session, lambda tree: tree.marks.set_title(title))


def rename_branch(session: str, old: str, new: str) -> Errand:
    """Give a branch another name."""

    def change(tree: TreeChanges) -> None:
        name, leaf = find_branch(tree.log.session, old)
        check_new_name(tree.log.session, new, leaf)
        tree.marks.rename_branch(name, new, leaf)

    return _marking(session, change)


def delete(session: str) -> Errand:
    """Put a session in the trash; of the one in use a new one takes the place."""

    def errand(talk: AppTalk) -> None:
        is_in_use = talk.conversation.log.session.id == session
        if is_in_use:
            talk.begin_session()
        talk.runtime.sessions().delete(session)
        talk.post(Shelved(_bring_back(session, is_opened=is_in_use)))

    return errand


def _bring_back(session: str, *, is_opened: bool) -> Errand:
    """Take a session out of the trash, and go on with it where nothing else was begun."""

    def errand(talk: AppTalk) -> None:
        talk.runtime.sessions().bring_back(session)
        if is_opened and not talk.conversation.log.session.turns:
            talk.open_session(session)
        talk.post(Shelved(None))

    return errand


def _marking(
    session: str, change: Callable[[TreeChanges], None], *, is_way_back: bool = False
) -> Errand:
    """Change what is said of a session, of the one in use or of another."""

    def errand(talk: AppTalk) -> None:
        tree = _tree_of(talk, session)
        before = standing_of(tree.log.session)
        change(tree)
        after = standing_of(tree.log.session)
        if tree is not talk.conversation and tree.unsaved is not None:
            raise UsageProblem(tree.unsaved)
        way_back = _marking(session, lambda it: it.marks.reverse(after, before), is_way_back=True)
        talk.post(Shelved(None if is_way_back else way_back))

    return errand


def _tree_of(talk: AppTalk, session: str) -> TreeChanges:
    if talk.conversation.log.session.id == session:
        return talk.conversation
    return TreeChanges(open_session(talk.runtime, session))
