"""The prompts screen of the app: a prompt is found, looked at with values, and used."""

from __future__ import annotations

from pathlib import Path

from app_pilot import Stage, perform
from textual.widgets import Input

from tui.app.screens.prompts import PromptsScreen


async def open_prompts(stage: Stage, words: str) -> PromptsScreen:
    """Open the screen, and type words there."""
    await stage.press("f3")
    await stage.until(lambda: isinstance(stage.app.screen, PromptsScreen))
    screen = stage.app.screen
    assert isinstance(screen, PromptsScreen)
    await stage.sees("revise")
    await stage.press(*words)
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
