"""A model at a server, in the app: marked, chosen for one answer, looked into, asked again."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_pilot import Stage, perform
from loopback import DONE, Loopback, Told, chunk, end, usage
from textual.widgets import Input

from tui.app.screens.otherwise import OtherwiseScreen
from tui.app.screens.words import WordsScreen
from tui.options import AskOptions, EngineOptions


@pytest.fixture
def big(home: Path, loopback: Loopback) -> Loopback:
    """A server that the configuration calls ``big``."""
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'titles = "never"\n[endpoints.big]\nurl = "{loopback.url}"\n')
    return loopback


def answer(server: Loopback, text: str, logprob: float = -0.1) -> None:
    """What the server says to the next question."""
    others = [{"token": text, "logprob": logprob}, {"token": "Red.", "logprob": -1.5}]
    score = {"token": text, "logprob": logprob, "top_logprobs": others}
    server.say(chunk(text, logprobs={"content": [score]}), end(), usage(20, 2), DONE)


def test_a_server_answers_otherwise_and_is_looked_into(home: Path, big: Loopback) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Name a colour.")
        await stage.press("tab", "R")
        await stage.until(lambda: isinstance(stage.app.screen, OtherwiseScreen))
        form = stage.app.screen
        await stage.until(lambda: form.query_one("#model", Input).value == "tiny")
        answer(big, "Blue.")
        field = form.query_one("#model", Input)
        field.focus()
        field.value = "bi"
        await stage.until(lambda: field._suggestion == "big")
        await stage.press("right", "enter")
        await stage.until(lambda: stage.app.screen is stage.chat)
        await stage.idle()
        assert stage.contents == ["Name a colour.", "Blue."]
        await stage.sees(f"big at {big.url[7:-3]}")
        await stage.press("tab")
        await stage.send("/set logprobs 3")
        await stage.press("escape")
        answer(big, "Teal.", logprob=-2.0)
        await stage.send("/regen")
        assert big.asked[-1].body["top_logprobs"] == 3
        await stage.press("tab", "i")
        await stage.until(lambda: isinstance(stage.app.screen, WordsScreen))
        await stage.sees("▒▒▒▒▒")
        await stage.press("enter")
        await stage.sees("“Red.”")
        await stage.press("escape", "escape", "s")
        await stage.sees("big's server cannot score a given text")

    perform(play, home, size=(110, 30))


def test_numbers_that_a_server_does_not_count_are_marked(home: Path, big: Loopback) -> None:
    async def play(stage: Stage) -> None:
        answer(big, "Blue.")
        await stage.send("Name a colour.")
        await stage.sees("22 / ")
        assert "~" not in stage.screen_text()
        big.say(chunk("Teal"), end(), DONE)
        await stage.send("Name another.")
        assert stage.overview.is_estimate
        await stage.sees(f"~{stage.overview.used} / ")

    options = AskOptions(engine=EngineOptions(model="big"))
    perform(play, home, size=(110, 30), options=options)


def test_an_answer_that_broke_off_and_one_that_never_came_are_asked_for_again(
    home: Path, big: Loopback
) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("/model big")
        big.say(chunk("Blue and"))
        await stage.send("Name two colours.")
        assert stage.contents[-1] == "Blue and"
        await stage.sees("F5 tries again")
        big.reply(Told.json({"error": {"message": "no"}}, 403))
        await stage.press("f5")
        await stage.sees("wants a key")
        await stage.idle()
        answer(big, "Blue.")
        await stage.press("f5")
        await stage.until(lambda: stage.contents[-1] == "Blue.")
        await stage.idle()

    perform(play, home, size=(110, 30))


def test_while_a_server_says_nothing_the_question_is_shown_and_can_be_stopped(
    home: Path, big: Loopback
) -> None:
    big.models = Told(hold=True, has_head=False)

    async def play(stage: Stage) -> None:
        await stage.type("Is anybody there?")
        await stage.press("enter")
        await stage.sees("waiting for the answer  Esc stops")
        await stage.sees("› Is anybody there?")
        await stage.press("escape")
        await stage.idle()

    options = AskOptions(engine=EngineOptions(model="big"))
    stage = perform(play, home, size=(110, 30), options=options)
    assert [turn.content for turn in stage.saved] == ["Is anybody there?", ""]
    assert stage.saved[-1].status == "cancelled"
