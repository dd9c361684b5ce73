"""The app under somebody who presses anything anywhere: nothing goes wrong, nothing is lost."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from app_pilot import Stage, perform
from textual.events import MouseDown, MouseEvent, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp

from sessions import SessionStore

KEYS = (
    *("enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "home", "end"),
    *("pageup", "pagedown", "backspace", "delete", "space", "ctrl+j", "ctrl+c", "ctrl+n"),
    *("ctrl+p", "ctrl+b", "ctrl+f", "ctrl+a", "ctrl+k", "ctrl+u", "ctrl+w", "ctrl+z", "ctrl+y"),
    *("f1", "f2", "f3", "f4", "f5", "f6", "slash", "at", "left_square_bracket"),
    *("right_square_bracket", "question_mark", "shift+up", "shift+down"),
    *"abcdefghijklmnopqrstuvwxyzRUGN0123",
)
"""Whatever has a meaning somewhere, but for leaving, which would end the test, and the editor,
which would wait for a person."""

LINES = ("Hi there", "/set temperature 0.3", "/undo", "/branches", "/alt 2", "/tokens", "/title x")

SIZES = ((80, 24), (140, 40), (20, 6), (59, 15), (100, 30))


_DRAGS = 0.2
"""Of what is done with the mouse, so much selects something."""


class Monkey:
    """Keys, clicks, turns of the wheel, sizes and lines in an order that a seed makes."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._stage = stage
        self._chance = random.Random(seed)
        self.done: list[str] = []

    async def act(self) -> None:
        """Do one thing."""
        kind = self._chance.choices(
            (self._key, self._mouse, self._line, self._resize), (70, 22, 6, 2)
        )[0]
        await kind()

    async def _key(self) -> None:
        key = self._chance.choice(KEYS)
        self.done.append(key)
        await self._stage.pilot.press(key)

    async def _line(self) -> None:
        line = self._chance.choice(LINES)
        self.done.append(line)
        await self._stage.type(line)
        await self._stage.pilot.press("enter")

    async def _resize(self) -> None:
        size = self._chance.choice(SIZES)
        self.done.append(f"{size}")
        await self._stage.pilot.resize_terminal(*size)

    async def _mouse(self) -> None:
        events: Sequence[type[MouseEvent]] = self._chance.choice(
            ((MouseMove, MouseDown, MouseUp), (MouseScrollUp,), (MouseScrollDown,), (MouseMove,))
        )
        here = there = self._place()
        if self._chance.random() < _DRAGS:
            events, there = (MouseDown, MouseMove, MouseUp), self._place()
        self.done.append(f"{[each.__name__ for each in events]} from {here} to {there}")
        for number, event in enumerate(events):
            x, y = there if number else here
            self._stage.app.screen._forward_event(
                event(None, x, y, 0, 0, 1, False, False, False, x, y)
            )
        await self._stage.pilot.pause(0)

    def _place(self) -> tuple[int, int]:
        width, height = self._stage.app.size
        return self._chance.randrange(width), self._chance.randrange(height)


def play_with(home: Path, *, seed: int, events: int) -> None:
    """Let a monkey play; no exception, and every turn that it saw is on disk."""
    seen: dict[str, str] = {}

    async def play(stage: Stage) -> None:
        monkey = Monkey(stage, seed)
        for _ in range(events):
            await monkey.act()
            assert not stage.app.fault_log.faults, monkey.done[-12:]
            for shown in stage.turns:
                if not shown.is_live and stage.overview.unsaved is None:
                    seen[shown.turn.id] = shown.turn.content
        stage.engine.go()
        stage.app.cancel()
        await stage.idle()

    perform(play, home, size=(100, 30), replies=[f"Answer {n}." for n in range(9)] * events)
    assert seen.items() <= saved_turns(home).items()


def saved_turns(home: Path) -> dict[str, str]:
    """The contents of all turns on disk."""
    store = SessionStore(home / "data" / "sessions")
    sessions = (store.open(each).session for each in store.ids())
    return {turn.id: turn.content for session in sessions for turn in session.turns.values()}


def test_three_hundred_keys_and_clicks_break_nothing(home: Path) -> None:
    play_with(home, seed=1, events=300)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 6))
def test_a_thousand_keys_and_clicks_break_nothing(home: Path, seed: int) -> None:
    play_with(home, seed=seed, events=1000)
