"""The app without a terminal, with an engine that says what the test wrote: for any test of it.

A test is an async function that gets a `Stage` and plays the person; `perform` runs it. What the
app shows is asked of `stage.overview`, `stage.turns` and `stage.screen_text()`, and waited for with
`stage.until` and `stage.sees`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from pathlib import Path
from threading import Event as Flag
from types import MappingProxyType
from typing import Any

from textual import _wait
from textual.pilot import Pilot
from tiny_gguf import tiny_gguf

from engine.load_options import LoadOptions
from engine.reports import ModelCard
from engine.scripted import Reply, ScriptedEngine
from engine.types import Event, Finished, Request, Timings, Usage
from sessions import SessionStore, Turn
from tui.app.app import ChatApp
from tui.app.overview import Overview, ShownTurn
from tui.app.screens.chat import ChatScreen
from tui.options import AskOptions
from tui.runtime import EngineStarter, Runtime

PATIENCE_S = 30.0
"""After so long a test gives up waiting, and an engine waiting for the test."""

# After each key the pilot looks twice whether nothing was done for a fiftieth of a second, which is
# most of what a test takes. What takes longer than a moment is waited for by `Stage.until` anyway.
_wait.SLEEP_GRANULARITY, _wait.SLEEP_IDLE = 0.005, 0.00025

Play = Callable[["Stage"], Awaitable[None]]


_ENOUGH = 30
"""Words of an endless answer: the rest waits until somebody stops it."""


class PacedEngine(ScriptedEngine):
    """Finds no titles, can be held before each event, and is slow where it would never end."""

    def __init__(self, replies: Sequence[Reply | str], *, n_ctx: int = 4096) -> None:
        super().__init__(replies, n_ctx=n_ctx)
        self._is_endless = any(isinstance(each, Reply) and each.endless for each in replies)
        self.is_loaded = True
        self._may_go = Flag()
        self._may_go.set()

    @property
    def card(self) -> ModelCard | None:
        """See `Engine`."""
        return super().card if self.is_loaded else None

    def hold(self) -> None:
        """Let nothing come before `go`."""
        self._may_go.clear()

    def go(self) -> None:
        """Let everything come."""
        self._may_go.set()

    def stream(self, request: Request) -> Generator[Event, None, None]:
        """See `Engine`."""
        if request.aside and request.think is False:
            return self._untitled()
        return self._paced(super().stream(request))

    def cancel(self) -> None:
        """See `Engine`."""
        super().cancel()
        self.go()

    def _paced(self, events: Generator[Event, None, None]) -> Generator[Event, None, None]:
        for number, event in enumerate(events):
            yield event
            if self._is_endless and number == _ENOUGH:
                self.hold()
            self._may_go.wait()

    def _untitled(self) -> Generator[Event, None, None]:
        yield Finished("cancelled", Usage(0, 0), Timings(0.0, 0.0))


class Stage:
    """The app while a test plays the person."""

    def __init__(self, app: ChatApp, engine: PacedEngine, home: Path) -> None:
        self.app = app
        self.engine = engine
        self.home = home
        self.pilot: Pilot[int]

    @property
    def chat(self) -> ChatScreen:
        """The screen that everything else lies over."""
        return self.app.chat

    @property
    def overview(self) -> Overview:
        """What the app knows of the conversation."""
        return self.app.overview

    @property
    def turns(self) -> tuple[ShownTurn, ...]:
        """The branch that is shown."""
        return self.overview.turns

    @property
    def contents(self) -> list[str]:
        """The words of its turns."""
        return [shown.turn.content for shown in self.turns]

    @property
    def saved(self) -> list[Turn]:
        """The branch in use of the latest session, as it is on disk."""
        store = SessionStore(self.home / "data" / "sessions")
        return store.open(store.latest()).session.path()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for it."""

        async def waited() -> None:
            while not condition():
                await self.pilot.pause(0.005)

        try:
            await asyncio.wait_for(waited(), PATIENCE_S)
        except TimeoutError:
            raise AssertionError(f"it never came; the screen:\n{self.screen_text()}") from None

    async def sees(self, words: str) -> None:
        """Wait until words are on the screen."""
        await self.until(lambda: words in self.screen_text())

    async def is_told(self, words: str) -> None:
        """Wait until a line in passing has these words."""
        await self.until(lambda: any(words in each.message for each in self.app._notifications))

    async def idle(self) -> None:
        """Wait until the thread has nothing to do and the screen shows it."""
        done = Flag()
        self.app.do(lambda _talk: done.set())
        await self.until(done.is_set)
        await self.until(lambda: self.app.activity is None)
        await self.until(lambda: self.chat.transcript.is_settled)
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def strike(self, *keys: str) -> None:
        """Press keys that another thread may answer with a screen. The pilot would wait for what
        lies below that, which does nothing until it is in front again."""
        await self.app._press_keys(keys)

    async def type(self, words: str) -> None:
        """Have words in the composer."""
        self.chat.composer.put(words)
        await self.pilot.pause()

    async def send(self, words: str) -> None:
        """Type words and send them; wait until what they lead to is over."""
        await self.type(words)
        await self.press("enter")
        await self.until(lambda: not self.chat.composer.text)
        await self.idle()

    def screen_text(self) -> str:
        """The characters of the screen in front, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)


def staged(
    home: Path,
    *,
    replies: Sequence[Reply | str] = ("Hello there.",),
    options: AskOptions | None = None,
    starter: EngineStarter | None = None,
    n_ctx: int = 4096,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Stage:
    """The app before it runs.

    Args:
        home: ``CHAT_HOME``.
        replies: What the engine says.
        options: What the command line said.
        starter: Starts another engine.
        n_ctx: Tokens that fit the engine.
        environment: Beside ``CHAT_HOME``.
    """
    model = home / "data" / "models" / "tiny.gguf"
    if starter is None:
        model.parent.mkdir(parents=True, exist_ok=True)
        model.touch()
    engine = PacedEngine(replies, n_ctx=n_ctx)
    engine.model_name = "tiny"
    places = {**environment, "CHAT_HOME": str(home)}
    runtime = Runtime(places, starter or (lambda _path, _options: engine))
    return Stage(ChatApp(runtime, options or AskOptions()), engine, home)


def perform(
    play: Play,
    home: Path,
    *,
    size: tuple[int, int] = (80, 24),
    shows_news: bool = False,
    **parts: Any,
) -> Stage:
    """Run the app while a test plays; it has ended, and saved everything, when this returns.

    Args:
        play: The test.
        home: ``CHAT_HOME``.
        size: Columns and lines.
        shows_news: Whether lines in passing are drawn, and not only kept for `Stage.is_told`.
        parts: See `staged`.
    """
    stage = staged(home, **parts)

    async def run() -> None:
        async with stage.app.run_test(size=size, notifications=shows_news) as stage.pilot:
            await stage.until(lambda: stage.overview.session or stage.app.error)
            await play(stage)
            stage.engine.go()

    asyncio.run(run())
    if stage.app.fault_log.faults:
        raise stage.app.fault_log.faults[0]
    return stage


def placed(home: Path, *names: str) -> Path:
    """Models in the models folder; the first one is the default."""
    folder = home / "data" / "models"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.gguf").write_bytes(tiny_gguf())
    return folder


def engines_by_name() -> EngineStarter:
    """An engine for every file, called by its name."""

    def start(path: Path, options: LoadOptions) -> PacedEngine:
        engine = PacedEngine([f"I am {path.stem}."])
        engine.model_name = options.name or path.stem
        return engine

    return start
