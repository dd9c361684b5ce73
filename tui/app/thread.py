"""The thread that owns the conversation and does errands one after another."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

from tui.app.faults import FaultLog
from tui.app.messages import Left, Post

if TYPE_CHECKING:
    from tui.app.talk import AppTalk

Errand: TypeAlias = "Callable[[AppTalk], None]"
"""Something to do with the conversation; results are posted as messages."""

_CHECK_S = 1.0
"""How often an idle thread checks that the engine is alive."""


class TalkThread:
    """Does errands with a conversation that no other thread touches."""

    def __init__(
        self,
        begin: Callable[[TalkThread], AppTalk],
        post: Post,
        faults: FaultLog,
    ) -> None:
        """Nothing runs yet.

        Args:
            begin: Makes the conversation, in the thread.
            post: Takes messages, from any thread.
            faults: Notes defects in errands.
        """
        self._begin = begin
        self._post = post
        self._faults = faults
        self._errands: SimpleQueue[Errand | None] = SimpleQueue()
        self._talk: AppTalk | None = None
        self._is_stopping = False
        self._thread = Thread(target=self._run, name="conversation", daemon=True)

    @property
    def has_more(self) -> bool:
        """Whether an errand waits."""
        return not self._errands.empty()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def do(self, errand: Errand) -> None:
        """Queue an errand."""
        self._errands.put(errand)

    def cancel(self) -> None:
        """Stop the answer in progress soon, and keep it. From any thread, or a signal handler."""
        if self._talk is not None:
            self._talk.cancel()

    def stop(self) -> None:
        """End the thread, and wait until everything is saved."""
        self._is_stopping = True
        self._errands.put(None)
        self.cancel()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._talk = self._begin(self)
        except Exception as error:  # noqa: BLE001  the front end's top: it is raised again there
            self._post(Left(error))
            return
        try:
            while (errand := self._next(self._talk)) is not None and not self._is_stopping:
                with self._faults.survive():
                    self._talk.carry_out(errand)
        finally:
            self._talk.close()

    def _next(self, talk: AppTalk) -> Errand | None:
        """The next errand. While there is none, the model may load, or find a title."""
        with self._faults.survive():
            if not self.has_more:
                talk.begin_idling()
        errand = self._wait(talk)
        with self._faults.survive():
            talk.end_idling()
        return errand

    def _wait(self, talk: AppTalk) -> Errand | None:
        while True:
            try:
                return self._errands.get(timeout=_CHECK_S)
            except Empty:
                with self._faults.survive():
                    talk.check()
