"""Keeps the words of the composer on disk, and those that were sent and are not asked yet."""

from __future__ import annotations

import asyncio

from tui.app.background import Throttle
from tui.app.overview import Overview
from tui.app.unsent import NEW, OnTheirWay, Unsent
from tui.app.widgets.composer import Composer

_PAUSE_S = 0.2
"""Between two times that what was typed is put on disk."""


class ComposerKeeper:
    """Saves what was typed under its session, and brings it back with the session."""

    def __init__(self, composer: Composer, unsent: Unsent | None) -> None:
        """Nothing is kept yet.

        Args:
            composer: Where words are typed.
            unsent: The files; None keeps nothing.
        """
        self.on_their_way = OnTheirWay()
        self._composer = composer
        self._unsent = unsent
        self._session: str | None = None
        """The session whose words are in the composer."""
        self._throttle = Throttle(self._write, _PAUSE_S)

    def keep(self) -> None:
        """Put what was typed on disk soon. In the app's loop."""
        self._throttle.call()

    def keep_now(self) -> None:
        """Put it on disk at once, at the end. From any thread."""
        if self._unsent is not None:
            self._note(self._unsent)
            self._unsent.write()

    def follow(self, overview: Overview) -> None:
        """Bring back what was typed in a session and not sent. What is being typed goes along to
        another session, unless words wait there: then it waits where it was."""
        session = overview.session if overview.turns else NEW
        if session == self._session:
            return
        old, self._session = self._session, session
        if self._unsent is None:
            return
        kept, typed = self._unsent.words(session), self._composer.text
        if old is not None:
            self._unsent.note(old, typed if kept else "")
        if kept:
            is_more = typed and old is None
            self._composer.put(f"{kept}\n{typed}" if is_more else kept)
        self.keep()

    async def _write(self) -> None:
        if self._unsent is not None:
            self._note(self._unsent)
            await asyncio.to_thread(self._unsent.write)

    def _note(self, unsent: Unsent) -> None:
        if self._session is not None:
            unsent.note(self._session, self.on_their_way.before(self._composer.text))
