"""What a person does with saved sessions, each as an errand for the conversation's thread."""

from __future__ import annotations

from collections.abc import Callable

from tui.app.messages import Reached
from tui.app.talk import AppTalk
from tui.app.thread import Errand
from tui.branches import check_new_name, find_branch
from tui.session_views import rename_session, use_branch

Then = Callable[[], object]
"""Is called when it is done, and only then."""


def open_at(session: str, turn: str | None) -> Errand:
    """Go on with a session; with a turn of it, on the branch that this is on, where it is seen."""

    def errand(talk: AppTalk) -> None:
        if talk.conversation.log.session.id != session:
            talk.open_session(session)
        tree = talk.conversation.log.session
        if turn is None or turn not in tree.turns:
            return
        if tree.is_deleted(turn):
            talk.warn("that turn is deleted; /restore brings it again")
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


def rename(session: str, title: str, then: Then) -> Errand:
    """Give a session a person's own title."""

    def errand(talk: AppTalk) -> None:
        if talk.conversation.log.session.id == session:
            talk.conversation.marks.set_title(title)
        else:
            rename_session(talk.runtime, session, title)
        then()

    return errand


def rename_branch(session: str, names: tuple[str, str], then: Then) -> Errand:
    """Give a branch another name.

    Args:
        session: Its session.
        names: The old one and the new one.
        then: See `Then`.
    """

    def errand(talk: AppTalk) -> None:
        old, new = names
        here = talk.conversation.log.session
        if here.id == session:
            name, leaf = find_branch(here, old)
            check_new_name(here, new, leaf)
            talk.conversation.marks.rename_branch(name, new, leaf)
        else:
            use_branch(talk.runtime, session, old, new_name=new)
        then()

    return errand


def delete(session: str, then: Then) -> Errand:
    """Put a session in the trash; of the one in use a new one takes the place."""

    def errand(talk: AppTalk) -> None:
        if talk.conversation.log.session.id == session:
            talk.begin_session()
        talk.runtime.sessions().delete(session)
        then()

    return errand


def bring_back(session: str, then: Then) -> Errand:
    """Take a session out of the trash."""

    def errand(talk: AppTalk) -> None:
        talk.runtime.sessions().bring_back(session)
        then()

    return errand
