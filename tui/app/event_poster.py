"""Posts what the events of a conversation say to the screen, each thing once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.types import Finished, Loading, Notice, Piece, Prefill, Reasoning
from tui.answers import Begun
from tui.app.messages import Activity, Busy, Failed, Grew, Post, Said, Sent
from tui.app.pieces import Pieces
from tui.app.unsent import Outgoing
from tui.compaction import Compacted
from tui.conversation import Conversation, ConversationEvent
from tui.saver import ELSEWHERE, Joined, NotSaved
from tui.summary import Summarising


class EventPoster:
    """Knows what of an errand is shown already. For the conversation's thread."""

    def __init__(
        self, post: Post, publish: Callable[[], None], say: Callable[[str], object]
    ) -> None:
        """Nothing is shown yet.

        Args:
            post: Takes messages.
            publish: Shows the conversation as it is now.
            say: Tells a line once the errand is over.
        """
        self._post = post
        self._publish = publish
        self._say = say
        self._announced: tuple[str, ...] = ()
        """The turns of the answers whose beginnings are shown."""
        self.asking: Outgoing | None = None
        """What a person has sent, while that is being asked."""
        self._shown_card = ""
        self._activity: Activity | None = None
        self._pieces = Pieces(lambda pieces: post(Grew(pieces)))

    def announce(self, conversation: Conversation) -> None:
        """Show the question and the beginnings of its answers once they are there."""
        growing = tuple(turn.id for turn in conversation.growing)
        if growing and growing != self._announced:
            self._announced = growing
            if self.asking is not None:
                self.asking.is_saved = True
                self._post(Sent(self.asking))
            self._publish()

    def forget_answers(self) -> None:
        """The next answers are others, also where their turns have the same ids."""
        self._announced = ()

    def take(self, event: ConversationEvent, conversation: Conversation) -> None:
        """Show what an event says."""
        if isinstance(event, Piece | Reasoning):
            turn, is_thought = self._announced[event.index], isinstance(event, Reasoning)
            self._pieces.add(turn, event.text, is_thought=is_thought)
            return
        self._show_card(conversation)
        if activity := _activity_of(event):
            # An answer that is being waited for can be stopped while the weights load, too.
            can_stop = activity.can_stop or bool(conversation.growing)
            self.be_busy(replace(activity, can_stop=can_stop))
        elif isinstance(event, Finished):
            if event.reason == "error":
                self._post(Failed(event.error or "the answer broke off", can_retry=True))
        else:
            self._tell(event)

    def be_busy(self, activity: Activity | None) -> None:
        """Show what is going on, where that has changed."""
        if activity != self._activity or activity is None:
            self._activity = activity
            self._post(Busy(activity))

    def _tell(self, event: ConversationEvent) -> None:
        if isinstance(event, Notice):
            self._warn(event.text)
        elif isinstance(event, NotSaved):
            self._post(Failed(f"{event.reason}; {ELSEWHERE}"))
        elif isinstance(event, Joined):
            self._warn("another chat has added to this session, on a separate branch")
        elif isinstance(event, Compacted):
            self._say(
                f"a summary now stands for {event.turns} turns, {event.tokens_after:,} tokens "
                f"instead of {event.tokens_before:,}; the branch {event.original!r} is unchanged"
            )

    def _warn(self, text: str) -> None:
        self._post(Said((text,), is_warning=True))

    def _show_card(self, conversation: Conversation) -> None:
        """Show how much the context holds, as soon as that is known."""
        card = conversation.engine.card
        if card is not None and card.name != self._shown_card:
            self._shown_card = card.name
            self._publish()


def _activity_of(event: ConversationEvent) -> Activity | None:
    """What an event says of a wait."""
    if isinstance(event, Begun):
        return Activity("waiting", can_stop=True)
    if isinstance(event, Loading):
        return Activity("loading", round(event.fraction * 100), 100)
    if isinstance(event, Prefill):
        done, total = event.done - event.cached, event.total - event.cached
        return Activity("reading", max(0, done), total, can_stop=True)
    if isinstance(event, Summarising):
        return Activity("summarising", event.pieces, can_stop=True)
    return None
