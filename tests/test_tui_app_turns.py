"""What is done with turns of the transcript: other versions, the map, and taking anything back."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app_pilot import Stage, engines_by_name, perform, placed
from textual.events import Key
from textual.widgets import Input, TextArea

from engine.scripted import Reply
from tui.app.screens.alternatives import AlternativesScreen
from tui.app.screens.map import MapScreen
from tui.app.screens.otherwise import OtherwiseScreen
from tui.app.screens.reading import ReadScreen
from tui.options import AskOptions
from tui.widgets.dialogs import AskLine, EditWords


async def change_words(stage: Stage, key: str, words: str) -> None:
    """Press a key that opens the words of a turn, and leave others there."""
    await stage.press(key)
    await stage.until(lambda: isinstance(stage.app.screen, EditWords))
    stage.app.screen.query_one(TextArea).text = words
    await stage.press("ctrl+s")
    await stage.idle()


def test_a_question_in_other_words_is_a_branch_and_keys_go_between_them(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")
        await stage.send("two")
        await stage.press("tab", "g", "left_square_bracket")
        await stage.is_told("there is no other version of this turn")
        await change_words(stage, "e", "uno")
        assert stage.contents == ["uno", "Third."]
        assert (stage.turns[0].version, stage.turns[0].versions) == (2, 2)
        await stage.sees("‹ 2/2 ›")
        await stage.press("g", "left_square_bracket")
        await stage.idle()
        assert stage.contents == ["one", "First.", "two", "Second."]
        assert stage.chat.transcript.current == stage.turns[0]
        await stage.sees("▌ › one")
        await stage.press("left_square_bracket")
        await stage.is_told("that is the first version")
        await stage.press("right_square_bracket")
        await stage.idle()
        assert stage.contents == ["uno", "Third."]

    perform(play, home, replies=["First.", "Second.", "Third."])


def test_questions_stay_questions_however_fast_branches_change(home: Path) -> None:
    async def play(stage: Stage) -> None:
        for number in range(4):
            await stage.send(f"Question {number}")
        transcript, long = stage.chat.transcript, stage.turns
        for pause in range(3):
            await transcript.show(long[:3])
            await asyncio.sleep(pause / 1000)
            await transcript.show(long[4:])
            await asyncio.sleep(pause / 1000)
            await transcript.show(long)
            await stage.idle()
            shown = [line.strip() for line in stage.screen_text().split("\n")]
            assert sum(line.startswith("› Question") for line in shown) == 4

    perform(play, home, replies=["Answer."], size=(60, 40))


def test_an_answer_without_a_word_beside_the_signs_of_markdown_can_be_seen(home: Path) -> None:
    answers = ["1999.", "2000)", "-", "##", "The years:\n\n1. \n2. \n", "> ", "It was\n\n- 2001."]

    async def play(stage: Stage) -> None:
        for _ in answers:
            await stage.send("When?")
        shown = [line.strip() for line in stage.screen_text().split("\n")]
        seen = ["1999.", "2000)", "-", "##", "The years:", "1.", "2.", ">", "It was"]
        assert [line for line in shown if line in seen] == seen
        assert any(line.endswith("2001.") for line in shown)

    perform(play, home, replies=answers, size=(60, 70))


def test_tab_shows_at_once_which_turn_the_keys_are_about(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Tell")
        assert "▌" not in stage.screen_text()
        await stage.press("tab")
        await stage.sees("▌   Once.")
        await stage.press("tab")
        await stage.until(lambda: "▌" not in stage.screen_text())
        await stage.press("tab", "k")
        await stage.sees("▌ › Tell")
        await stage.press("tab", "tab")
        await stage.sees("▌ › Tell")

    perform(play, home, replies=["Once."])


def test_after_a_new_question_tab_goes_to_its_answer_wherever_one_was_before(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")
        await stage.press("tab", "g")
        await stage.sees("▌ › one")
        await stage.press("tab")
        await stage.send("two")
        await stage.press("tab")
        await stage.sees("▌   Second.")
        await stage.press("r")
        await stage.idle()
        assert stage.contents == ["one", "First.", "two", "Third."]

    perform(play, home, replies=["First.", "Second.", "Third."])


def test_an_answer_is_made_again_and_gone_on_with(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Tell")
        await stage.press("tab", "r")
        await stage.idle()
        assert (stage.contents[-1], stage.turns[-1].versions) == ("Twice.", 2)
        await stage.press("c")
        await stage.idle()
        assert (stage.contents[-1], stage.turns[-1].versions) == ("Twice. And more.", 3)
        await stage.press("k", "c")
        await stage.is_told("that only works on answers")
        await stage.press("r")
        await stage.idle()
        assert stage.turns[-1].versions == 4

    perform(play, home, replies=["Once.", "Twice.", " And more."])


def test_the_model_goes_on_from_an_answer_that_a_person_changed(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Tell")
        await stage.press("tab")
        await change_words(stage, "p", "It was a bright")
        assert stage.contents[-1] == "It was a bright day."
        assert stage.engine.requests[-1].prefill == "It was a bright"
        await change_words(stage, "e", "My own words.")
        assert stage.contents[-1] == "My own words."
        assert len(stage.engine.requests) == 2

    stage = perform(play, home, replies=["It was a dark night.", " day."])
    assert stage.saved[-1].edits


def test_a_model_that_has_nothing_to_add_is_told_of(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Tell")
        await stage.press("tab", "p")
        await stage.sees("continue from the end")
        await stage.press("ctrl+s")
        await stage.is_told("the model had nothing to add")
        await stage.press("e")
        await stage.sees("Ctrl+S saves it")
        await stage.press("escape", "k", "e")
        await stage.sees("Ctrl+S asks it")

    perform(play, home, replies=["It was a dark night.", ""])


def test_the_form_makes_an_answer_with_other_settings_and_another_model(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Tell")
        await stage.press("tab")
        for key in "R1.25":  # all there before the form knows how it begins
            stage.app.post_message(Key(key, key))
        await stage.until(lambda: isinstance(stage.app.screen, OtherwiseScreen))
        form = stage.app.screen
        await stage.until(lambda: form.query_one("#model", Input).value == "tiny")
        form.query_one("#answers", Input).value = "2"
        await stage.press("enter")
        await stage.sees("Esc keep all")
        await stage.press("escape")
        await stage.idle()
        assert stage.engine.requests[-1].sampling.temperature == 1.25
        assert stage.turns[-1].versions == 3
        await stage.press("R")
        await stage.until(lambda: isinstance(stage.app.screen, OtherwiseScreen))
        form = stage.app.screen
        await stage.until(lambda: form.query_one("#model", Input).value == "tiny")
        form.query_one("#model", Input).value = "no-such-model"
        await stage.press("enter")
        await stage.sees("no-such-model")
        await stage.idle()
        assert stage.turns[-1].versions == 3

    perform(play, home, size=(100, 30))


def test_another_model_answers_again_and_stays_in_use(home: Path) -> None:
    placed(home, "harbour", "lamp")

    async def play(stage: Stage) -> None:
        await stage.send("Who are you?")
        await stage.press("tab", "R")
        await stage.until(lambda: isinstance(stage.app.screen, OtherwiseScreen))
        form = stage.app.screen
        await stage.until(lambda: form.query_one("#model", Input).value == "harbour")
        form.query_one("#model", Input).value = "lamp"
        await stage.press("enter")
        await stage.until(lambda: stage.contents == ["Who are you?", "I am lamp."])
        await stage.idle()
        assert (stage.turns[-1].versions, stage.overview.model) == (2, "lamp")
        await stage.sees("lamp  ")
        await stage.press("left_square_bracket")
        await stage.idle()
        assert stage.contents[-1] == "I am harbour."
        await stage.press("r")
        await stage.idle()
        assert (stage.contents[-1], stage.turns[-1].versions) == ("I am lamp.", 3)

    stage = perform(play, home, starter=engines_by_name())
    assert stage.saved[-1].model == "lamp"


def test_a_branch_gets_a_name_and_the_map_goes_there(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")
        await stage.send("two")
        await stage.press("tab", "b")
        await stage.until(lambda: isinstance(stage.app.screen, AskLine))
        stage.app.screen.query_one(Input).value = "the first try"
        await stage.press("enter")
        await stage.idle()
        await stage.press("g")
        await change_words(stage, "e", "uno")
        await stage.press("m")
        await stage.sees("“the first try”")
        rows = [row.rstrip() for row in stage.screen_text().split("\n")]
        assert "├─○ › one" in rows[1]
        assert "│ ○   “the first try”  Second." in rows[4]
        assert "● › uno" in rows[5]
        assert "●   Third.  ← here" in rows[6]
        await stage.press("g", "d")
        await stage.until(lambda: isinstance(stage.app.screen, ReadScreen))
        await stage.sees("[-uno-]{+one+}")
        await stage.press("escape", "enter")
        await stage.idle()
        assert not isinstance(stage.app.screen, MapScreen)
        assert stage.contents == ["one", "First.", "two", "Second."]

    perform(play, home, replies=["First.", "Second.", "Third."], size=(80, 24))


def test_a_branch_has_nothing_apart_from_itself_and_another_can_be_marked(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")
        await stage.press("tab", "r")
        await stage.idle()
        await stage.press("m")
        await stage.sees("← here")
        await stage.press("d")
        await stage.is_told("these are on the same branch")
        await stage.press("up", "space")
        await stage.sees("✓")
        await stage.press("down", "d")
        await stage.sees("[-First.-]{+Second.+}")

    perform(play, home, replies=["First.", "Second."])


def test_a_turn_is_copied(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Say it.")
        await stage.press("tab", "y")
        assert stage.app.clipboard == "Hello there."
        await stage.press("k", "y")
        assert stage.app.clipboard == "Say it."

    perform(play, home)


def test_nothing_is_done_to_turns_while_an_answer_comes(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.type("Go on")
        await stage.press("enter")
        await stage.sees("word word")
        await stage.press("tab", "r")
        await stage.is_told("stop the answer first with Esc")
        await stage.press("escape")
        await stage.idle()
        assert stage.turns[-1].versions == 1

    perform(play, home, replies=[Reply("word ", endless=True)])


async def three_answers(stage: Stage) -> None:
    """Ask, and have three more answers side by side."""
    await stage.send("Tell")
    await stage.press("tab", "a")
    await stage.until(lambda: isinstance(stage.app.screen, AskLine))
    stage.engine.hold()
    await stage.press("enter")
    await stage.until(lambda: isinstance(stage.app.screen, AlternativesScreen))


VERSIONS = ["Nothing.", "Dawn.\n\nA gull.", "Noon.\n\nA boat.", "Dusk.\n\nA lamp."]


def test_alternatives_come_side_by_side_and_one_is_picked(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await three_answers(stage)
        await stage.sees("Esc stops")
        stage.engine.go()
        await stage.sees("Enter continue with this one")
        await stage.sees("lamp.")
        row = next(row for row in stage.screen_text().split("\n") if "Noon." in row)
        assert row.index("Dawn.") < row.index("Noon.") < row.index("Dusk.")
        await stage.press("right")
        await stage.sees("▸ 2")
        await stage.press("enter")
        await stage.idle()
        assert stage.contents[-1] == VERSIONS[2]
        assert (stage.turns[-1].version, stage.turns[-1].versions) == (3, 4)

    perform(play, home, replies=VERSIONS)


def test_paragraphs_of_alternatives_become_one_answer(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await three_answers(stage)
        stage.engine.go()
        await stage.sees("Enter continue with this one")
        await stage.press("m")
        await stage.is_told("Space takes paragraphs")
        await stage.press("right", "right", "space", "left", "left", "down", "space")
        await stage.sees("▌2")
        await stage.press("m")
        await stage.idle()
        assert stage.contents[-1] == "Dusk.\n\nA gull."
        assert stage.turns[-1].versions == 5

    perform(play, home, replies=VERSIONS)


def test_alternatives_that_are_stopped_are_all_kept(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.type("Go on")
        await stage.press("enter")
        await stage.until(lambda: isinstance(stage.app.screen, AlternativesScreen))
        await stage.until(lambda: stage.screen_text().count("word") > 6)
        await stage.press("escape")
        await stage.sees("stopped")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.chat)
        assert stage.turns[-1].versions == 2
        assert stage.turns[-1].turn.status == "cancelled"

    perform(
        play,
        home,
        replies=[Reply("word ", endless=True)],
        options=AskOptions(alternatives=2),
        size=(50, 20),
    )


NASTY = "\x1b]0;owned\x07 \x9b31m evil \x1b[2J\u202e\n\nmore"


def test_nothing_in_words_or_names_reaches_the_terminal_as_a_control(home: Path) -> None:
    def is_harmless(stage: Stage) -> bool:
        screen = stage.screen_text()
        controls = [each for each in screen.replace("\n", "") if ord(each) < 32]
        return "evil" in screen and not controls and not set(screen) & set("\x7f\x9b\u202e")

    async def play(stage: Stage) -> None:
        await stage.send(NASTY)
        stage.chat.action_command(f"/rename evil {NASTY.splitlines()[0]}")
        await stage.idle()
        stage.chat.action_command("/regen n=2")
        await stage.sees("Esc keep all")
        assert is_harmless(stage)
        await stage.press("escape", "tab", "m")
        await stage.sees("← here")
        assert is_harmless(stage)
        await stage.press("up", "d")
        await stage.until(lambda: isinstance(stage.app.screen, ReadScreen))
        await stage.sees("evil")
        assert is_harmless(stage)
        await stage.press("escape", "escape", "i")
        await stage.sees("next unsure")
        assert is_harmless(stage)
        await stage.press("enter")
        await stage.sees("Esc back")
        assert is_harmless(stage)

    replies = [NASTY, f"one {NASTY}", f"two {NASTY}"]
    perform(play, home, replies=replies, size=(100, 30))
