"""The app under somebody who presses anything anywhere: nothing goes wrong, nothing is lost."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from app_pilot import Stage, perform
from textual.events import MouseDown, MouseEvent, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp

from sessions import SessionStore
from tui.app.errands import send
from tui.app.screens.map import MapScreen
from tui.app.unsent import Outgoing

KEYS = (
    *("enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "home", "end"),
    *("pageup", "pagedown", "backspace", "delete", "space", "ctrl+j", "ctrl+c", "ctrl+n"),
    *("ctrl+p", "ctrl+b", "ctrl+f", "ctrl+a", "ctrl+k", "ctrl+u", "ctrl+w", "ctrl+z", "ctrl+y"),
    *("ctrl+o", "ctrl+r", "ctrl+s", "f1", "f2", "f3", "f4", "f5", "f6", "f8", "f9", "f12"),
    *("slash", "at", "left_square_bracket", "right_square_bracket", "question_mark"),
    *("shift+up", "shift+down", *"abcdefghijklmnopqrstuvwxyzARTUGN0123"),
)
"""Whatever has a meaning somewhere, but for leaving, which would end the test, and the editor,
which would wait for a person."""

LINES = ("Hi there", "/set temperature 0.3", "/undo", "/branches", "/alt 2", "/tokens", "/title x")

WORDS = ("draft.md", "1:2", "2", "0.5", "shorter", "mine", "picture.svg", "nowhere.gguf")
"""What fields ask for."""

DOORS = (
    *(("f1",), ("ctrl+p",), ("ctrl+f",), ("f4",), ("f8",), ("f2",), ("ctrl+b",), ("f12",)),
    *(("f3",), ("f3", "down", "e"), ("f3", "down", "t"), ("f3", "down", "T")),
    *(("ctrl+o",), ("ctrl+o", *"draft.md", "enter", "enter")),
    *(("tab", *keys) for keys in ("e", "p", "R", "b", "m", "i", "s")),
    *(("tab", "m", "up", "d"), (*"/help", "enter")),
    ("tab", "a", "2", "enter"),
)
"""Keys that lead from the conversation to each place where a person can be."""

WAYS_BACK = ("escape", "escape", "ctrl+c", "y", "escape", "q")
"""One of them leaves whatever is in front."""

PLACES = {
    *("ChatScreen", "AlternativesScreen", "HelpScreen", "MapScreen", "ReadScreen", "WordsScreen"),
    *("OtherwiseScreen", "SearchScreen", "SettingsScreen", "ModelsScreen", "DraftsScreen"),
    *("LiveReview", "PromptsScreen", "PromptEditor", "PromptTry", "PromptTests"),
    *("CommandPalette", "Palette", "AskLine", "EditWords", "ShowText"),
}

SIZES = ((80, 24), (140, 40), (20, 6), (59, 15), (100, 30), (5, 3), (1, 1))

STAY = 30
"""Things that are done before another door is gone through."""


_DRAGS = 0.2
"""Of what is done with the mouse, so much selects something."""


class Monkey:
    """Keys, clicks, turns of the wheel, sizes and lines in an order that a seed makes."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._stage = stage
        self._chance = random.Random(seed)
        self._doors: list[tuple[str, ...]] = []
        self.done: list[str] = []
        self.places: set[str] = set()
        """The screens that were in front."""

    async def act(self) -> None:
        """Do one thing."""
        if len(self.done) % STAY == 0:
            await self._go_elsewhere()
        kind = self._chance.choices(
            (self._key, self._mouse, self._line, self._words, self._resize), (66, 20, 5, 7, 2)
        )[0]
        await kind()
        self._look()

    def _look(self) -> None:
        self.places.add(type(self._stage.app.screen).__name__)

    async def _go_elsewhere(self) -> None:
        """Go back to the conversation, and through the next door."""
        if not self._doors:
            self._doors = self._chance.sample(DOORS, len(DOORS))
        way = self._doors.pop()
        self.done.append(f"through {way}")
        await self._go_back()
        # Where Tab leads depends on what has the focus.
        self._stage.chat.composer.focus()
        await self._stage.type("")
        if way[0] == "tab":
            await self._have_two_answers()
        for key in way:
            await self._stage.strike(key)
            await self._stage.pilot.pause(0.01)
            self._look()
            await self._stage.until(self._is_drawn)

    def _is_drawn(self) -> bool:
        """Whether the next key meets what a person would see: a map is drawn by another thread."""
        front = self._stage.app.screen
        return not isinstance(front, MapScreen) or bool(front._rows)

    async def _have_two_answers(self) -> None:
        """Have the last turn be an answer with another one beside it: without a turn no key leads
        on, and without a branch there is nothing to compare. Enter may be another key by now."""
        for line in ("/regen",) if self._stage.turns else ("Hi there", "/regen"):
            self._stage.app.do(send(Outgoing(line)))
            await self._stage.idle()

    async def _go_back(self) -> None:
        stage = self._stage
        for _ in range(30):
            for key in WAYS_BACK:
                if stage.app.screen is stage.chat and stage.app.activity is None:
                    await stage.strike("escape", "escape")
                    return
                await stage.strike(key)
                await stage.pilot.pause(0.01)
                self._look()
        raise AssertionError(f"no way back from {stage.app.screen}: {self.done[-12:]}")

    async def _words(self) -> None:
        words = self._chance.choice(WORDS)
        self.done.append(words)
        await self._stage.strike(*words, self._chance.choice(("enter", "tab", "ctrl+r")))

    async def _key(self) -> None:
        key = self._chance.choice(KEYS)
        self.done.append(key)
        await self._stage.strike(key)

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


def play_with(home: Path, *, seed: int, events: int) -> set[str]:
    """Let a monkey play; no exception, and every turn that it saw is on disk. Where it was."""
    seen: dict[str, str] = {}
    places: set[str] = set()

    async def play(stage: Stage) -> None:
        await stage.send("Hi there")
        await stage.send("/regen")
        monkey = Monkey(stage, seed)
        for _ in range(events):
            await monkey.act()
            assert not stage.app.fault_log.faults, (seed, monkey.done[-12:])
            for shown in stage.turns:
                if not shown.is_live and stage.overview.unsaved is None:
                    seen[shown.turn.id] = shown.turn.content
        # The app is left from wherever it is.
        places.update(monkey.places)

    Path("draft.md").write_text("# A draft\n\nIt were a dark night.\n\nThe end is near.\n")
    replies = [f"Answer {n}." for n in range(9)] * events
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9"}
    perform(play, home, size=(100, 30), replies=replies, environment=nowhere)
    saved = saved_turns(home)
    lost = {turn: words for turn, words in seen.items() if saved.get(turn) != words}
    assert not lost, f"seed {seed}"
    return places


def saved_turns(home: Path) -> dict[str, str]:
    """The contents of all turns on disk, those in the trash too: a monkey deletes sessions."""
    folder = home / "data" / "sessions"
    stores = [SessionStore(each) for each in (folder, folder / "trash") if each.exists()]
    sessions = [store.open(each).session for store in stores for each in store.ids()]
    return {turn.id: turn.content for session in sessions for turn in session.turns.values()}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somewhere else, for what a monkey writes."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("folder")
def test_a_hundred_keys_and_clicks_break_nothing(home: Path) -> None:
    play_with(home, seed=1, events=100)


@pytest.mark.soak
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("seeds", [range(2, 6), range(6, 10)], ids=str)
def test_a_thousand_keys_and_clicks_of_each_of_four_break_nothing_anywhere(
    home: Path, seeds: range
) -> None:
    # What a monkey has changed may keep it out of a place: it is together that they go everywhere.
    places = (play_with(home / f"{seed}", seed=seed, events=1000) for seed in seeds)
    assert set().union(*places) >= PLACES
