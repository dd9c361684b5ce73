"""Keys that come faster than the program follows: each goes where it would have gone if the person
had waited for what the one before it does.

Textual hands a key to the widget that has the focus, and then takes the next one. What the first
one does (the binding of a widget above, another focus, a screen that opens) happens messages later.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import Any, Generic, TypeVar

from textual.app import App, ScreenStackError
from textual.events import Event, InputEvent, Key, Paste
from textual.message_pump import MessagePump
from textual.widget import Widget

_LONGEST_S = 1.0
"""So long keys are held back, whatever the one before them is still doing."""

Result = TypeVar("Result")


class TypedAhead(App[Result], Generic[Result]):
    """Carries out one key after another."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """See `App`."""
        super().__init__(*arguments, **named)
        self._held: deque[Event] = deque()
        """What came while something was under way."""
        self._under_way: asyncio.Task[None] | None = None
        """Follows a key, or a screen that opens, until all that it leads to is done."""

    def on_mount(self) -> None:
        """Wait for each screen that opens or closes, whatever the reason."""
        self.screen_change_signal.subscribe(
            self, lambda _screen: self._follow(self._settled()), immediate=True
        )
        self._follow(self._settled())

    async def on_event(self, event: Event) -> None:
        """See `App`."""
        if not isinstance(event, (InputEvent, Paste)) or event.is_forwarded:
            await super().on_event(event)
        elif self._under_way is not None:
            self._held.append(event)
        else:
            await self._deliver(event)

    async def take_input(self, event: Event) -> None:
        """Hand a key, a paste or what the mouse does to whoever it is for now."""
        await super().on_event(event)

    def characters_behind(self) -> str:
        """The characters that wait, up to the next other key. Whoever asks has taken them."""
        characters = []
        while self._held and isinstance(key := self._held[0], Key) and key.is_printable:
            characters.append(key.character or "")
            self._held.popleft()
        return "".join(characters)

    async def _deliver(self, event: Event) -> None:
        way = self._way()
        await self.take_input(event)
        if not isinstance(event, (Key, Paste)):
            return
        if not event.is_forwarded:
            self._follow(self._settled())
        elif isinstance(event, Key) and _is_text(way[0], event):
            # It changes nothing but this field, which need not wait for the screen around it.
            self._follow(_passed(way[:1]))
        else:
            self._follow(self._settled(way))

    def _follow(self, arrival: Coroutine[Any, Any, None]) -> None:
        """Hold back what comes until then, unless something is waited for already."""
        if self._under_way is not None:
            arrival.close()
            return
        self._under_way = task = asyncio.create_task(arrival)
        limit = asyncio.get_running_loop().call_later(_LONGEST_S, task.cancel)
        task.add_done_callback(lambda _task: limit.cancel())
        task.add_done_callback(self._go_on)

    def _go_on(self, task: asyncio.Task[None]) -> None:
        if self._held:
            self.call_later(self._release, at_once=task.cancelled())
        else:
            self._under_way = None

    async def _release(self, *, at_once: bool) -> None:
        self._under_way = None
        try:
            while self._held and self._under_way is None:
                event = self._held.popleft()
                await (self.take_input(event) if at_once else self._deliver(event))
        finally:
            if self._held and self._under_way is None:
                self._follow(self._settled())

    async def _settled(self, way: Sequence[MessagePump] = ()) -> None:
        """Wait until a key is through, and then until the screen in front and what has the focus
        stay the same while all messages that came before are handled."""
        await _passed(way)
        before = None
        while before != (way := self._way()):
            before = way
            await _passed(way)

    def _way(self) -> list[MessagePump]:
        """What a key goes through now, from the focus to the app."""
        try:
            return list((self.focused or self.screen).ancestors_with_self)
        except ScreenStackError:
            return [self]


def _is_text(taker: MessagePump, key: Key) -> bool:
    return (
        key.is_printable
        and isinstance(taker, Widget)
        and taker.check_consume_key(key.key, key.character)
    )


async def _passed(way: Sequence[MessagePump]) -> None:
    """Wait until one after another has handled the messages that it has."""
    for each in way:
        passed = asyncio.Event()
        if each.call_later(passed.set):
            await passed.wait()
