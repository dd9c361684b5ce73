"""The prompts screen of the app: a prompt is found, looked at with values, and used."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from threading import Event as Flag
from threading import Timer

import pytest
from app_pilot import PATIENCE_S, PacedEngine, Stage, engines_by_name, perform, placed
from textual.widgets import Input, TextArea

from engine.errors import LoadFailed
from engine.load_options import LoadOptions
from engine.scripted import Reply
from engine.types import Event, Loading, Prefill, Request
from prompts import packaged_source
from tui.app.screens.prompt_editor import PromptEditor
from tui.app.screens.prompts import PromptsScreen


async def editor(stage: Stage) -> TextArea:
    """Wait for the editor of a prompt's file."""
    await stage.until(lambda: isinstance(stage.app.screen, PromptEditor))
    return stage.app.screen.query_one(TextArea)


async def open_prompts(stage: Stage, words: str) -> PromptsScreen:
    """Open the screen, and type words there."""
    await stage.press("f3")
    await stage.until(lambda: isinstance(stage.app.screen, PromptsScreen))
    screen = stage.app.screen
    assert isinstance(screen, PromptsScreen)
    await stage.sees("revise")
    screen.query_one("#books Input", Input).value = words
    await stage.pilot.pause()
    return screen


def test_a_prompt_is_found_by_what_one_types_shown_with_values_and_used(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await open_prompts(stage, "fewer words")
        await stage.sees("Take out about 20% of the words:")
        assert "judge" not in stage.screen_text()
        await stage.sees("▸ 5 examples")
        await stage.press("tab", "4", "5")
        await stage.sees("Take out about 45% of the words:")
        await stage.press("9")
        await stage.sees("percent must be from 5 to 80")
        await stage.press("backspace", "enter")
        await stage.idle()
        assert stage.overview.prompts == ("tighten",)
        await stage.send("A long text.")
        question = stage.engine.requests[-1].messages[-1].content
        assert question.startswith("Take out about 45% of the words:")
        await open_prompts(stage, "")
        await stage.sees("▸ tighten")

    perform(play, home)


def test_examples_are_folded_and_a_small_window_shows_one_thing_at_a_time(home: Path) -> None:
    async def play(stage: Stage) -> None:
        screen = await open_prompts(stage, "tighten")
        await stage.press("down")
        assert "Anna" not in stage.screen_text()
        await stage.press("tab")
        await stage.sees("▸ 5 examples")
        assert "find a prompt" not in stage.screen_text()
        await stage.press("escape")
        assert screen.focused is not None
        await stage.press("x", "tab")
        await stage.sees("▾ 5 examples")
        await stage.press("escape", "escape")
        assert stage.app.screen is stage.chat

    perform(play, home, size=(50, 30))


def test_a_broken_prompt_is_listed_with_what_is_wrong_and_acts_on_nothing(home: Path) -> None:
    folder = home / "config" / "prompts"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('title = "Mine \\u001b[31m"\nsystem = "Be {{ calm }}."\n')
    (folder / "wrong.toml").write_text('titel = "x"\n')

    async def play(stage: Stage) -> None:
        screen = await open_prompts(stage, "wrong")
        await stage.sees("✗ line 1, column 1: titel: unknown")
        await stage.press("enter")
        assert stage.app.screen is screen
        screen.query_one("#books Input", Input).value = "mine"
        await stage.sees("did you mean")
        assert "\x1b" not in stage.screen_text()
        assert stage.overview.prompts == ()

    perform(play, home)


def test_a_packaged_prompt_is_written_as_a_copy_and_checked_while_one_types(home: Path) -> None:
    packaged = packaged_source().folder / "tighten.toml"
    before = packaged.read_bytes()
    own = home / "config" / "prompts" / "tighten.toml"

    async def play(stage: Stage) -> None:
        await open_prompts(stage, "tighten")
        await stage.press("down", "e")
        area = await editor(stage)
        assert area.language == "toml"
        assert area.text.endswith(before.decode())
        area.text = area.text.replace("summary = ", "sumary = ")
        await stage.sees("sumary: unknown key; did you mean 'summary'?")
        await stage.press("f8")
        assert area.document.get_line(area.cursor_location[0]).startswith("sumary")
        await stage.press("escape")
        await stage.is_told("not saved")
        assert not own.exists()
        area.text = area.text.replace("sumary = ", "summary = ").replace("Tighten", "Tauten")
        await stage.until(lambda: "unknown key" not in stage.screen_text())
        await stage.press("ctrl+s")
        await stage.until(own.exists)
        await stage.is_told("saved")
        await stage.press("escape")
        await stage.sees("Tauten")
        await stage.sees("from user,")
        assert packaged.read_bytes() == before
        await stage.press("s")
        await stage.is_told("tighten is user's own: e edits it")

    perform(play, home)
    assert 'title = "Tauten"' in own.read_text()


def test_prompts_are_begun_copied_and_adapted_under_names_that_can_be(home: Path) -> None:
    folder = home / "config" / "prompts"

    async def named(stage: Stage, key: str, name: str) -> None:
        await stage.press(key)
        await stage.until(lambda: stage.app.screen.query(Input))
        await stage.press(*name, "enter")

    async def play(stage: Stage) -> None:
        screen = await open_prompts(stage, "tighten")
        await stage.press("down")
        await named(stage, "n", "My Prompt")
        await stage.is_told("cannot be a prompt's name")
        await named(stage, "n", "haiku")
        area = await editor(stage)
        area.text = 'title = "Haiku"\nsystem = "Write a haiku."\n'
        await stage.press("ctrl+s")
        await stage.until((folder / "haiku.toml").exists)
        (folder / "haiku.toml").write_text('title = "Other"\n')
        await stage.is_told("saved")
        area.text += "# more"
        await stage.press("ctrl+s")
        await stage.is_told("was changed by something else")
        await stage.press("escape", "escape")
        await stage.until(lambda: stage.app.screen is screen)
        await stage.sees("haiku  user")
        await named(stage, "c", "haiku-two")
        assert (await editor(stage)).text.endswith('title = "Other"\n')
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is screen)
        screen.query_one("#books Input", Input).value = "tighten"
        await stage.sees("from packaged")
        await stage.press("s")
        assert 'extends = "tighten"' in (await editor(stage)).text
        await stage.press("ctrl+s")
        await stage.until((folder / "tighten.toml").exists)
        await stage.press("escape")
        await stage.sees("from user,")

    perform(play, home)
    assert (folder / "haiku.toml").read_text() == 'title = "Other"\n'
    assert not (folder / "haiku-two.toml").exists()


def test_the_tests_of_a_prompt_are_tried_and_shown_as_they_come(home: Path) -> None:
    folder = home / "config" / "prompts"
    folder.mkdir(parents=True)
    tests = "".join(
        f'[[tests]]\nname = "{name}"\ninput = "A"\nexpect = {{ contains = ["{word}"] }}\n'
        for name, word in (("greets", "Hello"), ("leaves", "Bye"))
    )
    (folder / "greet.toml").write_text(f'system = "Greet."\n{tests}')

    async def play(stage: Stage) -> None:
        screen = await open_prompts(stage, "greet")
        await stage.press("down", "T")
        await stage.sees("1 of 2 passed")
        await stage.sees("✓ passed  greets")
        await stage.sees("✗ failed  leaves")
        await stage.sees("Esc closes")
        await stage.press("escape")
        assert stage.app.screen is screen
        assert stage.turns == ()

    perform(play, home)


def test_a_text_is_tried_with_two_prompts_side_by_side(home: Path) -> None:
    async def play(stage: Stage) -> None:
        screen = await open_prompts(stage, "tighten")
        await stage.press("down", "t")
        await stage.until(lambda: stage.app.screen is not screen)
        stage.app.screen.query_one(TextArea).text = "A long and wordy text."
        await stage.press("tab", "tab", *"proofread")
        await stage.press("ctrl+r")
        await stage.sees("Short text.")
        await stage.sees("Right text.")
        asked = [request.messages[-1].content for request in stage.engine.requests[-2:]]
        assert all("A long and wordy text." in each for each in asked)
        assert asked[0] != asked[1]
        await stage.until(lambda: stage.screen_text().count("2 words") == 2)
        await stage.press("escape")
        assert stage.app.screen is screen
        assert stage.turns == ()

    perform(play, home, replies=["Short text.", "Right text."])


class Loaded(PacedEngine):
    """Answers with its model's name, once its weights are there."""

    def __init__(self, name: str) -> None:
        super().__init__([f"I am {name}.", Reply("Again. ", endless=True)])
        self.model_name = name
        self.is_closed = False
        self.has_weights, self.has_read = Flag(), Flag()

    def stream(self, request: Request) -> Generator[Event, None, None]:
        """See `Engine`."""
        return self._loaded(super().stream(request))

    def _loaded(self, events: Generator[Event, None, None]) -> Generator[Event, None, None]:
        yield Loading(0.4)
        self.has_weights.wait(PATIENCE_S)
        yield Prefill(30, 1200, 0)
        self.has_read.wait(PATIENCE_S)
        yield from events

    def cancel(self) -> None:
        """See `Engine`."""
        super().cancel()
        self.has_weights.set()
        self.has_read.set()

    def close(self) -> None:
        """See `Engine`."""
        self.is_closed = True


def test_a_text_is_tried_with_another_model_which_is_gone_afterwards(home: Path) -> None:
    placed(home, "harbour", "lamp")
    engines: list[Loaded] = []

    def start(path: Path, _options: LoadOptions) -> Loaded:
        engines.append(Loaded(path.stem))
        engines[0].has_weights.set()
        engines[0].has_read.set()
        return engines[-1]

    async def play(stage: Stage) -> None:
        screen = await open_prompts(stage, "tighten")
        await stage.press("down", "t")
        await stage.until(lambda: stage.app.screen is not screen)
        stage.app.screen.query_one(TextArea).text = "A long and wordy text."
        await stage.press("tab", "tab", *"LAMP")
        await stage.press("ctrl+r")
        await stage.sees("I am harbour.")
        await stage.sees("loading lamp: 40%")
        engines[1].has_weights.set()
        await stage.sees("reading 30 of 1,200 tokens")
        engines[1].has_read.set()
        await stage.sees("I am lamp.")
        await stage.until(lambda: engines[1].is_closed)
        asked = [engine.requests[-1].messages[-1].content for engine in engines]
        assert all("A long and wordy text." in each for each in asked)
        assert all(each.startswith("Take out about 20% of the words:") for each in asked)
        await stage.idle()
        await stage.press("ctrl+r")
        await stage.sees("Again.")
        await stage.press("escape")
        await stage.sees("stopped")
        await stage.idle()
        assert stage.app.screen is not screen
        assert len(engines) == 2, "the other model's turn never came"
        assert not engines[0].is_closed
        await stage.press("escape")
        assert stage.app.screen is screen
        assert (stage.turns, stage.overview.model) == ((), "harbour")

    perform(play, home, starter=start)


def test_a_disk_that_is_slow_to_tell_the_models_takes_no_key(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(home, "harbour", "lamp")
    refs = tmp_path / "hub" / "models--a--b" / "refs"
    refs.mkdir(parents=True)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    had_to_wait: list[bool] = []

    def answer(*, late: bool = False) -> None:
        """The disk tells what it was asked for."""
        had_to_wait.append(late)
        with suppress(OSError):
            os.close(os.open(refs / "main", os.O_WRONLY | os.O_NONBLOCK))

    async def play(stage: Stage) -> None:
        screen = await open_prompts(stage, "tighten")
        os.mkfifo(refs / "main")
        timer = Timer(PATIENCE_S / 5, answer, kwargs={"late": True})
        timer.start()
        await stage.strike("down", "t", *"Wordy.")
        await stage.until(lambda: stage.app.screen is not screen)
        area = stage.app.screen.query_one(TextArea)
        await stage.until(lambda: area.text == "Wordy.")
        timer.cancel()
        answer()
        (refs / "main").unlink()
        await stage.press("tab", "tab", *"la")
        field = stage.app.screen.query_one("#second", Input)
        await stage.until(lambda: field._suggestion)
        await stage.press("right")
        assert field.value == "lamp"

    perform(play, home, starter=engines_by_name())
    assert had_to_wait == [False]


def test_a_model_that_cannot_be_loaded_is_told_in_its_column(home: Path) -> None:
    placed(home, "harbour", "lamp")

    def start(path: Path, _options: LoadOptions) -> PacedEngine:
        if path.stem == "lamp":
            raise LoadFailed("lamp.gguf cannot be loaded: it is damaged")
        return PacedEngine(["I am here."])

    async def play(stage: Stage) -> None:
        screen = await open_prompts(stage, "tighten")
        await stage.press("down", "t")
        await stage.until(lambda: stage.app.screen is not screen)
        stage.app.screen.query_one(TextArea).text = "A text."
        await stage.press("tab", "tab", *"lamp")
        await stage.press("enter")
        await stage.sees("I am here.")
        await stage.sees("✗ lamp.gguf cannot be")

    perform(play, home, starter=start)


def test_escape_stops_what_is_tried_and_the_conversation_goes_on(home: Path) -> None:
    async def play(stage: Stage) -> None:
        screen = await open_prompts(stage, "tighten")
        await stage.press("down", "t")
        await stage.until(lambda: stage.app.screen is not screen)
        stage.app.screen.query_one(TextArea).text = "A text."
        await stage.press("ctrl+r")
        await stage.sees("Again.")
        await stage.press("escape")
        await stage.sees("stopped")
        await stage.press("escape", "escape", "escape")
        await stage.until(lambda: stage.app.screen is stage.chat)
        await stage.send("Hello")
        assert stage.contents == ["Hello", "Good day."]

    perform(play, home, replies=[Reply("Again. ", endless=True), "Good day."])
