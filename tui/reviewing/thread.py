"""Revises in the background while a person reviews what has come already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias

from engine.errors import EngineError
from engine.types import Finished
from prompts.errors import PromptError
from sessions import SessionError
from tui.errors import explain
from tui.reviewing.state import Change, Review
from tui.revising import Revised, Revision, RevisionEvent, Rewording


@dataclass(frozen=True, slots=True)
class Reworded:
    """The model's other words for a change."""

    wish: Wish
    versions: tuple[Rewording, ...]


@dataclass(frozen=True, slots=True)
class Unfulfilled:
    """There are no other words for a change."""

    reason: str


@dataclass(frozen=True, slots=True)
class Complete:
    """Everything has been revised."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The revising ended before everything was revised."""

    reason: str


ThreadEvent: TypeAlias = RevisionEvent | Reworded | Unfulfilled | Complete | Failed


@dataclass(frozen=True, slots=True)
class Wish:
    """Other words for a change, under a further instruction."""

    change: Change
    instruction: str
    count: int = 1

    @property
    def is_for_versions(self) -> bool:
        """Whether several are wanted to choose from, and not one in place of what is there."""
        return self.count > 1


class RevisionThread:
    """The one thread that uses the conversation until `stop` has returned."""

    def __init__(self, revision: Revision, post: Callable[[ThreadEvent], None]) -> None:
        """Nothing runs yet.

        Args:
            revision: The work.
            post: Gets every event, in that thread.
        """
        self._revision = revision
        self._post = post
        self._wishes: SimpleQueue[Wish | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="revision", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wish(self, wish: Wish) -> None:
        """Have other words made, after the piece that is being written: `Reworded` comes of it, or
        `Unfulfilled`."""
        self._wishes.put(wish)

    def stop(self) -> None:
        """End the work and wait for it."""
        self._revision.stop()
        self._wishes.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        end: ThreadEvent = Failed("the revision broke off")
        try:
            self._revise_all()
            broke = self._revision.broke
            end = Complete() if broke is None else Failed(broke)
        except (EngineError, PromptError, SessionError, OSError) as error:
            end = Failed(explain(error)[0])
        finally:
            # Somebody waits for it, whatever happened.
            self._post(end)
        while (wish := self._wishes.get()) is not None:
            self._fulfil(wish)

    def _revise_all(self) -> None:
        for event in self._revision.run():
            self._post(event)
            # Between two pieces alone: the conversation gives one answer at a time.
            if isinstance(event, Revised):
                self._fulfil_waiting()

    def _fulfil_waiting(self) -> None:
        while not self._wishes.empty():
            wish = self._wishes.get()
            if wish is None:
                # Whoever stops the work waits for the last loop, which ends with this.
                self._wishes.put(None)
                return
            self._fulfil(wish)

    def _fulfil(self, wish: Wish) -> None:
        """Ask for other words. One wish that fails is not the end of the work."""
        if self._revision.is_stopped:
            return
        versions: list[Rewording] = []
        problem = "the model has no other wording for this"
        try:
            for _ in range(wish.count):
                for event in self._revision.reword(wish.change, wish.instruction):
                    if isinstance(event, Rewording):
                        versions.append(event)
                    elif isinstance(event, Finished) and event.reason not in ("end", "stop"):
                        problem = event.error or "the answer was cut off before its end"
        except (EngineError, SessionError, OSError) as error:
            problem = explain(error)[0]
        known = (wish.change.hunk.old, wish.change.proposed, *wish.change.versions)
        others = {each.words: each for each in versions if each.words not in known}
        found = tuple(others.values())
        self._post(Reworded(wish, found) if found else Unfulfilled(problem))


def take_reworded(event: Reworded, review: Review) -> None:
    """Put the model's other words for a change where they belong."""
    hunk = event.wish.change.hunk
    if event.wish.is_for_versions:
        review.offer(hunk, [each.words for each in event.versions])
    else:
        first = event.versions[0]
        review.reword(hunk, first.words, first.warning)
