"""The keys, the palette and the mouse: each does what the help says, from where a person is."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from app_pilot import PATIENCE_S, Stage, perform
from rich.cells import cell_len
from textual.command import CommandPalette, DiscoveryHit
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, Static

from engine.scripted import Reply
from sessions import SessionStore
from tui.app.messages import Activity
from tui.app.overview import Overview
from tui.app.palette import RegistryCommands
from tui.app.screens.drafts import DraftsScreen
from tui.app.screens.help import HelpScreen
from tui.app.screens.models import ModelsScreen
from tui.app.screens.prompts import PromptsScreen
from tui.app.screens.search import SearchScreen
from tui.app.screens.settings import SettingsScreen
from tui.app.widgets.activity import line_of
from tui.app.widgets.banner import Banner
from tui.app.widgets.chips import Chip
from tui.app.widgets.inspector import Inspector
from tui.app.widgets.sessions import SessionsPanel
from tui.app.widgets.status import status_of
from tui.commands import COMMANDS
from tui.widgets.dialogs import AskLine

OPENED: dict[str, type[Screen[Any]]] = {
    "f1": HelpScreen,
    "f3": PromptsScreen,
    "f4": ModelsScreen,
    "f8": SettingsScreen,
    "f9": CommandPalette,
    "f12": AskLine,
    "ctrl+f": SearchScreen,
    "ctrl+o": DraftsScreen,
    "ctrl+p": CommandPalette,
}


def is_shown(stage: Stage, screen: type[Screen[Any]]) -> bool:
    return isinstance(stage.app.screen, screen)


def test_every_key_opens_what_it_says_and_escape_leaves_it(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Say hello.")
        for key, screen in OPENED.items():
            await stage.strike(key)
            await stage.until(partial(is_shown, stage, screen))
            await stage.strike("escape")
            await stage.until(lambda: stage.app.screen is stage.chat)
        for key, panel in (("ctrl+b", SessionsPanel), ("f2", Inspector)):
            for is_there in (True, False):
                await stage.press(key)
                assert bool(stage.chat.query(panel)) is is_there
        session = stage.overview.session
        await stage.press("ctrl+n")
        await stage.until(lambda: stage.overview.session != session)

    perform(play, home, size=(100, 24))


def state(stage: Stage) -> object:
    """What a person sees or has of a command."""
    told = [each.message for each in stage.app._notifications]
    failure = stage.chat.query_one(Banner)
    failed = str(failure.content) if failure.is_shown else ""
    words = stage.chat.composer.text
    return stage.overview, told, failed, words, stage.app.screen, stage.app.clipboard


def has_changed(stage: Stage, before: object) -> bool:
    return state(stage) != before


def test_every_command_of_the_registry_runs_from_the_palette(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")
        await stage.send("two")
        provider = RegistryCommands(stage.chat)
        hits = {hit.text: hit async for hit in provider.discover() if isinstance(hit, DiscoveryHit)}
        assert set(hits) >= {command.usage for command in COMMANDS}
        for command in COMMANDS:
            stage.app.clear_notifications()
            stage.chat.query_one(Banner).clear()
            before = state(stage)
            hits[command.usage].command()
            if command.argument and not command.argument.startswith("["):
                assert stage.chat.composer.text == f"/{command.name} "
                await stage.type("")
                continue
            if command.name == "exit":
                await stage.until(lambda: stage.app._exit)
                return
            await stage.until(partial(has_changed, stage, before))
            if stage.chat.composer.text:
                assert stage.chat.composer.text == f"/{command.name} "
                await stage.type("")
            while stage.app.screen is not stage.chat:
                await stage.strike("escape")
                await stage.pilot.pause()
            await stage.idle()
        raise AssertionError("/exit did not leave")

    perform(play, home, replies=["First.", "Second."])


def test_keys_are_in_the_palette_too_and_all_of_both_are_in_the_help(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.idle()
        bindings = [each.binding for each in stage.chat.active_bindings.values()]
        named = [each for each in bindings if each.description and each.id]
        assert len(named) > 15
        found = [hit.text async for hit in RegistryCommands(stage.chat).discover()]
        keys = {each.description for each in named}
        assert set(found) == keys | {command.usage for command in COMMANDS}
        await stage.press("f1")
        await stage.until(lambda: isinstance(stage.app.screen, HelpScreen))
        page = str(stage.app.screen.query_one(Static).content)
        for command in COMMANDS:
            assert command.usage in page
        for binding in named:
            assert str(binding.id) in page
        await stage.press("escape")
        await stage.press("ctrl+p", *"what the m")
        await stage.sees("key: F2")
        await stage.press("enter")
        await stage.until(lambda: stage.chat.query(Inspector))

    perform(play, home, size=(100, 24))


def strike_at_once(stage: Stage, *keys: str) -> None:
    """Keys that come faster than anybody types: each is there before the first one is handled."""
    for key in keys:
        stage.app.post_message(Key(key, key if len(key) == 1 else None))


def test_keys_that_come_at_once_are_carried_out_in_their_order(home: Path) -> None:
    async def play(stage: Stage) -> None:
        composer = stage.chat.composer
        backwards = ("backspace", "backspace", *"def", "left", "left", *"xy", "ctrl+a", "Z")
        strike_at_once(stage, *"abc", *backwards)
        await stage.until(lambda: composer.text == "Zadxyef")
        strike_at_once(stage, "enter", *"the next one")
        await stage.until(lambda: stage.contents[:1] == ["Zadxyef"])
        await stage.idle()
        assert composer.text == "the next one"

    perform(play, home)


def test_thousands_of_keys_that_come_at_once_are_taken_like_a_paste(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.type("Before. ")
        words = "Each evening a keeper climbs the stairs, " * 100
        strike_at_once(stage, *words, "Ж")
        await stage.sees("Ж")
        assert stage.chat.composer.text == f"Before. {words}Ж"
        await stage.press("ctrl+z")
        assert stage.chat.composer.text == "Before. "

    perform(play, home)


def test_what_is_typed_behind_a_key_that_opens_something_is_typed_into_it(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")
        strike_at_once(stage, "ctrl+f", *"boats")
        await stage.until(lambda: is_shown(stage, SearchScreen))
        await stage.until(lambda: stage.app.screen.query_one(Input).value == "boats")
        strike_at_once(
            stage, "escape", "f3", *"tigh", "escape", *"half", "f4", "escape", *" a thought"
        )
        await stage.until(lambda: stage.chat.composer.text == "half a thought")
        strike_at_once(stage, "ctrl+a", "ctrl+k", "tab", "e", *"s and two", "ctrl+s")
        await stage.until(lambda: stage.contents == ["one", "Hello there.s and two"])
        await stage.idle()
        strike_at_once(stage, "r", "tab", *"and three")
        await stage.until(lambda: len(stage.engine.requests) == 2)
        await stage.until(lambda: stage.chat.composer.text == "and three")

    perform(play, home)


def test_a_field_takes_letters_and_other_keys_that_come_at_once_in_their_order(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")
        keys = ("tab", "b", *"abc", "backspace", "backspace", "x", "enter", "tab", "y")
        strike_at_once(stage, *keys)
        store = SessionStore(home / "data" / "sessions")
        await stage.until(lambda: "ax" in store.open(store.latest()).session.branches)
        await stage.until(lambda: stage.chat.composer.text == "y")

    perform(play, home)


def test_a_screen_that_is_stuck_holds_no_keys_back_for_long(home: Path) -> None:
    async def play(stage: Stage) -> None:
        async def stuck() -> None:
            while stage.chat.composer.text != "wor-ds":
                await asyncio.sleep(0.005)

        stage.chat.call_later(asyncio.wait_for, stuck(), PATIENCE_S)
        strike_at_once(stage, "f5", *"words", "left", "left", "-")
        await stage.until(lambda: stage.chat.composer.text == "wor-ds")

    perform(play, home)


def test_without_a_cell_to_write_in_nothing_breaks(home: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.chat.composer.styles.width = 2
        await stage.until(lambda: not stage.chat.composer.content_size.width)
        await stage.pilot.pause()
        stage.screen_text()

    perform(play, home)


async def drag(pilot: Pilot[int], stage: Stage, first: str, last: str) -> None:
    """Select with the mouse from the beginning of a word to the end of another."""
    rows = stage.screen_text().split("\n")
    ends = []
    for word in (first, last):
        row = next(number for number, text in enumerate(rows) if word in text)
        ends.append((rows[row].index(word), row))
    await pilot.mouse_down(offset=ends[0])
    end = (ends[1][0] + len(last) - 1, ends[1][1])
    await pilot.hover(offset=end)
    await pilot.mouse_up(offset=end)
    await pilot.pause()


def test_the_mouse_selects_points_and_takes_a_text_off(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Tell me a tale")
        await drag(stage.pilot, stage, "dark", "night")
        await stage.press("ctrl+c")
        assert stage.app.clipboard == "dark and stormy night"
        row = next(n for n, text in enumerate(stage.screen_text().split("\n")) if "a tale" in text)
        await stage.pilot.click(offset=(10, row))
        await stage.press("y")
        assert stage.app.clipboard == "Tell me a tale"
        stage.chat.composer.post_message(Paste("line\n" * 60))
        await stage.sees("@ pasted text 1")
        await stage.idle()
        await stage.pilot.click(Chip)
        await stage.until(lambda: stage.overview.attachments == ())
        await stage.until(lambda: not stage.chat.query(Chip))

    perform(play, home, replies=["It was a *dark* and stormy night."])


def test_thoughts_and_system_texts_are_folded_until_space(home: Path) -> None:
    async def play(stage: Stage) -> None:
        stage.chat.action_command(f"/system Be calm. {'Very calm. ' * 9}Do not rhyme.")
        await stage.idle()
        await stage.send("Well?")
        assert "a lighthouse" not in stage.screen_text()
        await stage.sees("▸ thought for 4 words")
        await stage.press("tab", "space")
        await stage.sees("Is it a lighthouse")
        await stage.press("space")
        await stage.sees("▸ thought")
        assert "Do not rhyme" not in stage.screen_text()
        await stage.press("g", "space")
        await stage.sees("Do not rhyme.")

    perform(play, home, replies=[Reply("Yes.", reasoning="Is it a lighthouse")])


def test_what_is_written_grows_is_completed_and_the_line_below_knows_the_facts(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.md").write_text("A note.")

    async def play(stage: Stage) -> None:
        await stage.idle()
        height = stage.chat.composer.size.height
        await stage.type("a\nb\nc")
        await stage.until(lambda: stage.chat.composer.size.height == height + 2)
        await stage.type("")
        await stage.press(*"see @no")
        await stage.sees("notes.md")
        await stage.press("tab")
        assert stage.chat.composer.text.rstrip() == "see @notes.md"
        await stage.press("enter")
        await stage.idle()
        assert "A note." in stage.engine.requests[-1].messages[-1].content
        await stage.send("/template tighten")
        await stage.send("And now?")
        for fact in ("●", "tiny", " / 4,096", " tok/s", "tighten", "% cached"):
            assert fact in stage.screen_text().split("\n")[-1]

    perform(play, home, size=(100, 24))


def test_a_long_wait_has_a_bar_with_the_time_that_is_left() -> None:
    reading = Activity("reading", 300, 1200, can_stop=True)
    line = line_of(reading, 4.0, begun_with=100).plain
    assert line.split("  ")[2:] == ["300 of 1,200 tokens", "18 s left", "Esc stops"]
    assert line.count("━") * 3 == line.count("─")
    assert "left" not in line_of(reading, 0.1, begun_with=100).plain
    assert "3 min left" in line_of(Activity("loading", 10, 100), 20.0).plain


@pytest.mark.parametrize("width", [30, 45, 60, 80])
def test_wide_characters_leave_the_line_below_as_wide_as_the_window(width: int) -> None:
    overview = Overview(title="海辺の灯台守の物語" * 9, model="模型", n_ctx=4096, turns=())
    line = status_of(overview, 12.0, width).plain
    assert cell_len(line) == width
    assert "模型" in line
    assert width < 60 or line.endswith("tok/s")
