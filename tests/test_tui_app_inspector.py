"""What the model gets, at the right: shown as it is, and changed for the next question."""

from __future__ import annotations

from pathlib import Path

from app_pilot import Stage, perform
from textual.widgets import Input, Select

from tui.app.widgets.fields import TextField
from tui.app.widgets.inspector import Inspector
from tui.app.widgets.slider import Slider

SIZE = (140, 40)


async def inspected(stage: Stage) -> Inspector:
    await stage.idle()
    await stage.press("f2")
    inspector = stage.chat.query_one(Inspector)
    await stage.until(lambda: inspector.inspection.settings)
    return inspector


def field(inspector: Inspector, name: str) -> TextField:
    return next(each for each in inspector.query(TextField) if each.field_name == name)


def test_the_context_is_told_by_its_parts(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("/system You are a lighthouse keeper.")
        await stage.send("Say hello.")
        await stage.send("And now?")
        inspector = await inspected(stage)
        await stage.sees("system text")
        use = inspector.inspection.context
        assert use is not None
        names = [part.name for part in use.parts]
        assert names == ["system text", "earlier turns", "last question", "its answer"]
        assert use.used + use.free == use.n_ctx == 4096
        rows = stage.screen_text().split("\n")
        free = next(row for row in rows if " free " in row)
        assert f"{use.free:,}" in free
        assert "━" * 10 in free
        stage.chat.composer.focus()
        await stage.send("A third thing, longer than those before it.")
        await stage.until(lambda: inspector.inspection.context != use)

    perform(play, home, size=SIZE)


def test_a_slider_and_a_field_change_how_the_next_answer_is_made(home: Path) -> None:
    async def play(stage: Stage) -> None:
        inspector = await inspected(stage)
        slider = field(inspector, "temperature").query_one(Slider)
        slider.focus()
        await stage.press("home", "right", "l", "left")
        await stage.idle()
        await stage.until(lambda: dict(inspector.inspection.settings)["temperature"] == "0.05")
        typed = field(inspector, "max_tokens").query_one(Input)
        typed.focus()
        await stage.press(*"77", "enter")
        await stage.until(lambda: dict(inspector.inspection.settings)["max_tokens"] == "77")
        stage.chat.composer.focus()
        await stage.send("Say hello.")
        request = stage.engine.requests[-1]
        assert (request.sampling.temperature, request.max_tokens) == (0.05, 77)

    perform(play, home, size=SIZE)


def test_a_slider_goes_where_the_mouse_is(home: Path) -> None:
    async def play(stage: Stage) -> None:
        inspector = await inspected(stage)
        slider = field(inspector, "top_p").query_one(Slider)
        await stage.pilot.click(slider, offset=(0, 0))
        await stage.until(lambda: dict(inspector.inspection.settings)["top_p"] == "0")
        assert field(inspector, "top_p").query_one(Input).value == "0"

    perform(play, home, size=SIZE)


def test_a_value_that_cannot_be_is_refused_and_the_old_one_counts(home: Path) -> None:
    async def play(stage: Stage) -> None:
        inspector = await inspected(stage)
        typed = field(inspector, "temperature").query_one(Input)
        before = typed.value
        typed.focus()
        await stage.press("end", *"x", "enter")
        await stage.sees("must be a number")
        stage.chat.composer.focus()
        await stage.idle()
        await stage.until(lambda: typed.value == before)

    perform(play, home, size=SIZE)


def test_what_a_command_changes_is_seen_in_the_inspector(home: Path) -> None:
    async def play(stage: Stage) -> None:
        inspector = await inspected(stage)
        stage.chat.composer.focus()
        await stage.send("/set temperature 0.25")
        await stage.until(lambda: field(inspector, "temperature").query_one(Input).value == "0.25")

    perform(play, home, size=SIZE)


def test_the_variables_of_the_prompt_in_use_are_a_form(home: Path) -> None:
    prompts = home / "config" / "prompts"
    prompts.mkdir(parents=True)
    (prompts / "tone.toml").write_text(
        'title = "Change the tone"\nsummary = "Another tone"\n'
        'user = "Make it {{ tone }}, {{ words }} words: {{ text }}"\n'
        '[variables.tone]\ntype = "choice"\nchoices = ["warm", "dry"]\ndefault = "warm"\n'
        '[variables.words]\ntype = "int"\ndefault = 20\nmin = 1\nmax = 90\n'
    )

    async def play(stage: Stage) -> None:
        await stage.send("/template tone")
        inspector = await inspected(stage)
        await stage.sees("Change the tone")
        await stage.sees("(1 to 90)")
        words = field(inspector, "words").query_one(Input)
        words.focus()
        await stage.press(*"33", "enter")
        await stage.until(lambda: stage.overview.variables == (("words", "33"),))
        inspector.query_one(Select).value = "dry"
        await stage.until(lambda: ("tone", "dry") in stage.overview.variables)
        stage.chat.composer.focus()
        await stage.send("Hello.")
        assert "Make it dry, 33 words: " in stage.engine.requests[-1].messages[-1].content
        words.focus()
        await stage.press("end", *"3", "enter")
        await stage.sees("from 1 to 90")
        assert ("words", "33") in stage.overview.variables

    perform(play, home, size=SIZE)


def test_a_default_in_brackets_is_shown_as_it_is(home: Path) -> None:
    folder = home / "config" / "prompts"
    folder.mkdir(parents=True)
    (folder / "sign.toml").write_text(
        'user = "{{ input }} {{ mark }}"\n'
        '[variables.mark]\ntype = "choice"\nchoices = ["[/b] bold"]\ndefault = "[/b] bold"\n'
    )

    async def play(stage: Stage) -> None:
        await stage.send("/template sign")
        await stage.press("f2")
        await stage.sees("[/b] bold")

    perform(play, home, size=(140, 40))


def test_the_inspector_works_in_a_small_window(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await inspected(stage)
        await stage.sees("Context")
        assert not stage.chat.composer.is_on_screen
        await stage.press("escape")
        await stage.until(lambda: stage.chat.composer.is_on_screen)

    perform(play, home, size=(50, 14))
