"""Defects of the program: shown in a line, logged with their traceback, survived."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual.message import Message
from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from tui.app.app import ChatApp

_LARGEST = 2**20
"""Bytes; a larger file is started anew."""


class FaultLog:
    """Logs exceptions to a file, and shows a line about each."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        """Nothing is written yet.

        Args:
            path: Where to.
            say: Shows a line. From any thread.
        """
        self._path = path
        self._say = say
        self.faults: list[Exception] = []

    @contextmanager
    def survive(self) -> Iterator[None]:
        """Note an exception in the block, and go on after it."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  the app's boundary: a defect is no end
            self.note(error)

    def note(self, error: Exception) -> None:
        """Log an exception and show a line about it."""
        self.faults.append(error)
        text = "".join(traceback.format_exception(error))
        with suppress(OSError):
            self._append(f"{datetime.now().astimezone().isoformat()}\n{text}\n")
        kind = type(error).__name__
        self._say(f"a bug in this program ({kind}: {error}); the details are in {self._path}")

    def _append(self, text: str) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._path.exists() and self._path.stat().st_size > _LARGEST:
            self._path.unlink()
        with self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            self._path.chmod(0o600)
            file.write(text)


class Steadfast(MessagePump):
    """Mixed into widgets and screens: an exception in a message handler is noted, and the next
    message is handled. Textual by itself would stop the widget and end the app."""

    @property
    def chat_app(self) -> ChatApp:
        """The app, as its own type."""
        return cast("ChatApp", self.app)

    async def _dispatch_message(self, message: Message) -> None:
        log = getattr(self.app, "fault_log", None)
        if not isinstance(log, FaultLog):
            await super()._dispatch_message(message)
            return
        with log.survive():
            await super()._dispatch_message(message)
