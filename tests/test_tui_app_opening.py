"""A long session is shown from its end: that is there first, and stays while the rest comes."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from app_pilot import PacedEngine, Stage, perform, staged

from engine.load_options import LoadOptions
from engine.protocol import Engine
from sessions import SessionStore, Turn, new_turn_id
from tui.app.branch_view import SCREENFUL
from tui.app.overview import Overview, ShownTurn
from tui.app.session_errands import open_at
from tui.app.widgets.stack import Stack, Window
from tui.app.widgets.turn import TurnView
from tui.options import AskOptions

TURNS = 200


def long_session(home: Path, name: str, *, turns: int = TURNS) -> str:
    """A session whose questions are numbered and whose answers differ in height; its id."""
    store = SessionStore(home / "data" / "sessions")
    log = store.create(title=name)
    log.append_branch(list(numbered(name, turns)))
    store.close()
    return log.session.id


def numbered(name: str, count: int) -> Iterator[Turn]:
    parent = None
    for number in range(count):
        is_question = number % 2 == 0
        words = f"{name} {number}?" if is_question else "\n\n".join(["So it is."] * (number % 5))
        turn = Turn(
            new_turn_id(),
            parent,
            "user" if is_question else "assistant",
            words,
            datetime.now(timezone.utc),
        )
        parent = turn.id
        yield turn


def overviews(stage: Stage) -> list[Overview]:
    """All that come from now on."""
    seen: list[Overview] = []

    def note(overview: Overview) -> None:
        seen.append(overview)

    stage.app.watch(stage.app, "overview", note, init=False)
    return seen


def test_turns_that_are_gone_leave_the_memory_in_a_pause(home: Path) -> None:
    long_session(home, "Old")

    async def play(stage: Stage) -> None:
        await stage.idle()
        transcript = stage.chat.transcript
        transcript.focus()
        shown = [weakref.ref(view) for view in transcript.query(TurnView)]
        await stage.press("g")
        await stage.sees("Old 0?")
        await stage.until(lambda: not any(view() for view in shown))

    with_a_collector_that_waits(lambda: perform(play, home, options=AskOptions(go_on=True)))


def with_a_collector_that_waits(do: Callable[[], object]) -> None:
    """Do something while garbage is looked for only where the app asks for it."""
    is_enabled, numbers = gc.isenabled(), gc.get_threshold()
    gc.enable()
    gc.set_threshold(1_000_000, 1000, 1000)
    try:
        do()
    finally:
        gc.set_threshold(*numbers)
        if not is_enabled:
            gc.disable()


def test_turns_leave_the_memory_while_a_key_is_held_too(home: Path) -> None:
    long_session(home, "Old")

    async def play(stage: Stage) -> None:
        await stage.idle()
        transcript = stage.chat.transcript
        transcript.focus()
        seen: weakref.WeakSet[TurnView] = weakref.WeakSet()
        for _ in range(14):
            await stage.press("pageup")
            seen.update(transcript.query(TurnView))
            assert len(seen) < 50

    with_a_collector_that_waits(lambda: perform(play, home, options=AskOptions(go_on=True)))


def test_each_of_many_pages_asked_for_at_once_counts(home: Path) -> None:
    long_session(home, "Old")

    async def play(stage: Stage) -> None:
        await stage.idle()
        transcript = stage.chat.transcript
        transcript.focus()
        above = transcript.scroll_y
        for _ in range(5):  # the pilot would wait until each has been drawn
            transcript.action_page_up()
        assert transcript.scroll_y == above - 5 * transcript.size.height

    perform(play, home, options=AskOptions(go_on=True))


def test_turns_far_from_the_window_go_before_others_come_that_are_not_seen_yet() -> None:
    stack = Stack()
    stack.put([ShownTurn(turn) for turn in numbered("Old", TURNS)], 80)
    window = Window(stack, top=stack.top(100), height=20, first=99, there=60)
    assert window.is_full
    assert window.next_step(is_at_end=False) == 99 + 60 - 1


def rows(stage: Stage) -> list[str]:
    """The lines above the composer."""
    return stage.screen_text().partition("╭")[0].split("\n")


def test_the_end_of_a_session_is_on_the_screen_before_the_engine_is_started(home: Path) -> None:
    long_session(home, "Old")
    at_start: list[str] = []

    def start(_path: Path, _options: LoadOptions) -> Engine:
        at_start.append(stage.screen_text())
        return PacedEngine(["Hello."])

    stage = staged(home, options=AskOptions(go_on=True), starter=start)
    (home / "data" / "models").mkdir(parents=True)
    (home / "data" / "models" / "tiny.gguf").touch()

    async def play() -> None:
        async with stage.app.run_test(size=(80, 24)) as stage.pilot:
            await stage.until(lambda: len(stage.turns) == TURNS)

    asyncio.run(play())
    assert f"Old {TURNS - 2}?" in at_start[0]


def test_the_last_turns_stay_as_they_are_while_those_before_them_come(home: Path) -> None:
    session = long_session(home, "Old")

    async def play(stage: Stage) -> None:
        await stage.idle()
        seen = overviews(stage)
        stage.app.do(open_at(session, None))
        await stage.sees(f"Old {TURNS - 2}?")
        await stage.idle()
        assert [len(one.turns) for one in seen] == [SCREENFUL, TURNS]
        assert seen[0].turns == seen[1].turns[-SCREENFUL:]
        assert seen[0].title == seen[1].title == "Old"

    perform(play, home)


def test_no_turn_in_the_window_is_made_again_when_those_before_it_come(home: Path) -> None:
    long_session(home, "Old")

    async def play(stage: Stage) -> None:
        await stage.idle()
        transcript, turns = stage.chat.transcript, stage.turns
        await transcript.show(turns[-SCREENFUL:])
        await stage.idle()
        transcript.focus()
        await stage.press("k", "k", "k")
        await stage.idle()
        here, shown, views = transcript.current, rows(stage), list(transcript.query(TurnView))
        await transcript.show(turns)
        await stage.idle()
        assert rows(stage) == shown
        assert list(transcript.query(TurnView)) == views
        assert transcript.current == here
        await stage.press("g")
        await stage.sees("Old 0?")

    perform(play, home, options=AskOptions(go_on=True))


def damage(home: Path, session: str) -> None:
    """The line of the first answer is not as it was written."""
    file = home / "data" / "sessions" / f"{session}.jsonl"
    file.write_bytes(file.read_bytes().replace(b"So it is", b"So it iz", 1))


def test_damaged_lines_are_told_of_when_a_session_is_opened(home: Path) -> None:
    whole, broken = long_session(home, "whole", turns=6), long_session(home, "broken", turns=6)
    damage(home, broken)

    async def play(stage: Stage) -> None:
        await stage.idle()
        stage.app.do(open_at(whole, None))
        await stage.until(lambda: stage.overview.session == whole)
        await stage.idle()
        assert not stage.app._notifications
        for _ in range(2):
            stage.app.do(open_at(broken, None))
            await stage.is_told("1 line of this session is damaged")
            await stage.idle()
        assert len(stage.app._notifications) == 1

    perform(play, home)


def test_damaged_lines_are_told_of_when_the_app_opens_with_them(home: Path) -> None:
    damage(home, long_session(home, "broken", turns=6))

    async def play(stage: Stage) -> None:
        await stage.is_told("1 line of this session is damaged, turns before these are lost;")

    perform(play, home, options=AskOptions(go_on=True))
