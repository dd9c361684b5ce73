"""Ctrl+F: words are found in all sessions, and the conversation is opened where they were said."""

from __future__ import annotations

from pathlib import Path

from app_pilot import Stage, perform
from test_tui_app_sessions import saved_session
from textual.widgets import Input

from tui.app.screens.search import SearchScreen, begun


async def searched(stage: Stage, words: str) -> SearchScreen:
    await stage.idle()
    await stage.press("ctrl+f")
    screen = stage.app.screen
    assert isinstance(screen, SearchScreen)
    await stage.press(*words)
    await stage.until(lambda: screen.hits)
    return screen


def test_a_hit_is_shown_in_context_and_opened_at_its_turn(home: Path) -> None:
    long = [f"{'Question' if n % 2 == 0 else 'Answer'} {n}\n\nand more of it" for n in range(60)]
    long[4] = "Where does the harbour end?"
    saved_session(home, "Tides", *long)
    saved_session(home, "Bread", "How long?", "Until noon.")

    async def play(stage: Stage) -> None:
        await searched(stage, "harb")
        await stage.sees("Where does the harbour end?")
        await stage.sees("Tides  you, Today")
        await stage.press("enter")
        await stage.until(lambda: stage.overview.title == "Tides")
        await stage.idle()
        current = stage.chat.transcript.current
        assert current is not None
        assert current.turn.content == long[4]
        await stage.sees("Where does the harbour end?")
        assert stage.chat.transcript.has_focus

    perform(play, home)


def test_enter_before_anything_was_found_opens_what_is_found_for_these_words(home: Path) -> None:
    saved_session(home, "Tides", "When?", "At noon.")
    saved_session(home, "Bread", "How long?", "Until evening.")

    async def play(stage: Stage) -> None:
        screen = await searched(stage, "evening")
        words = screen.query_one(Input)
        words.value = "noon"
        await words.action_submit()
        await stage.until(lambda: stage.overview.title == "Tides")

    perform(play, home)


def test_a_turn_of_another_branch_is_reached_on_its_branch(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Say hello.")
        await stage.send("/regen")
        assert stage.contents[-1] == "Good day."
        await searched(stage, "morning")
        await stage.press("down", "enter")
        await stage.until(lambda: stage.contents[-1] == "Fine morning.")

    perform(play, home, replies=["Fine morning.", "Good day."])


def test_nothing_found_is_said_and_escape_leaves_everything_as_it_was(home: Path) -> None:
    saved_session(home, "Tides", "When?", "At noon.")

    async def play(stage: Stage) -> None:
        await stage.type("half a thought")
        screen = await searched(stage, "noon")
        await stage.press(*" zzz")
        await stage.until(lambda: not screen.hits)
        await stage.sees("no turn contains all of these words")
        await stage.press("enter", "escape")
        assert stage.app.screen is stage.chat
        assert stage.chat.composer.text == "half a thought"
        assert not stage.turns

    perform(play, home)


def test_what_is_found_does_nothing_to_the_terminal(home: Path) -> None:
    saved_session(home, "\x1b]0;own\x07 [red]tide", "harbour \x1b[2J[b]x[/b] \u202e", "No.")

    async def play(stage: Stage) -> None:
        await searched(stage, "harbour")
        await stage.sees("[b]x[/b]")
        assert not {"\x1b", "\x07", "\u202e"} & set(stage.screen_text())

    perform(play, home)


def test_the_last_word_may_be_begun_and_a_quotation_is_taken_as_it_is() -> None:
    assert begun("the harb") == "the harb*"
    assert begun('"the harb"') == '"the harb"'
    assert begun('"the harb') == '"the harb'
    assert begun("harb*") == "harb*"
