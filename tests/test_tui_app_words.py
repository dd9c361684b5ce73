"""Inside the words of a turn: how sure the model was, what it might have said, what is worn out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from app_pilot import PacedEngine, Stage, perform

from engine.errors import Unsupported
from engine.scripted import Reply
from engine.types import Message, TokenScore
from sessions import SessionStore
from tui.app.passages import passage_in
from tui.app.screens.words import WordsScreen
from tui.app.weighing import others_behind
from tui.app.widgets.heatmap import HeatMap
from tui.uncertain import aligned

ANSWER = "It was a dark and stormy night.\n\nThe lamp went out."


class Unsure(PacedEngine):
    """Finds some words unlikely, and others certain; or says that it cannot tell."""

    is_able = True

    def __init__(self, replies: Sequence[Reply | str]) -> None:
        super().__init__(replies)
        self.scored: list[tuple[str, str]] = []
        """Each with what stood before it."""

    def score(
        self, messages: Sequence[Message], text: str, *, after: str = ""
    ) -> tuple[TokenScore, ...]:
        """See `Engine`."""
        self.scored.append((after, text))
        if not self.is_able:
            raise Unsupported("this server tells no probabilities")
        scores = super().score(messages, text, after=after)
        logprobs = {" stormy": -2.0, " zebra": -9.0}
        return tuple(TokenScore(each.text, logprobs.get(each.text, -0.1), 0) for each in scores)


@pytest.fixture
def engine(home: Path) -> Unsure:
    """The engine that `perform` gets."""
    model = home / "data" / "models" / "tiny.gguf"
    model.parent.mkdir(parents=True)
    model.touch()
    return Unsure([ANSWER, " sailor laughed."])


async def inside(stage: Stage, key: str) -> None:
    """Look into the turn that the cursor is on."""
    await stage.press(key)
    await stage.until(lambda: isinstance(stage.app.screen, WordsScreen))
    await stage.idle()


def rows(stage: Stage) -> list[str]:
    """The lines of the screen."""
    return stage.screen_text().split("\n")


def test_unsure_words_are_marked_by_signs_and_another_one_is_gone_on_from(
    home: Path, engine: Unsure
) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Tell")
        await stage.press("tab")
        await inside(stage, "i")
        await stage.sees("“ stormy”  14%")
        place = next(n for n, row in enumerate(rows(stage)) if "stormy" in row)
        at = rows(stage)[place].index(" stormy")
        assert rows(stage)[place + 1][at:].rstrip() == " " + "▒" * len("stormy")
        # The line between the paragraphs has no word to go to.
        await stage.pilot.click(HeatMap, offset=(3, 2))
        await stage.press("down")
        await stage.sees("“ out.”")
        await stage.pilot.click(HeatMap, offset=(3, 3))
        await stage.sees("“ lamp”")
        await stage.press("up", "n")
        await stage.sees("“ stormy”")
        await stage.press("enter")
        await stage.sees("Enter continue from this word")
        await stage.press("escape", "enter")
        await stage.sees("Enter continue from this word")
        await stage.press("j", "enter")
        await stage.until(lambda: stage.app.screen is stage.chat)
        await stage.idle()
        assert engine.requests[-1].prefill.startswith("It was a dark and ")
        assert stage.contents[-1] == engine.requests[-1].prefill + " sailor laughed."
        assert stage.turns[-1].versions == 2

    perform(play, home, starter=lambda _path, _options: engine)
    store = SessionStore(home / "data" / "sessions")
    (first, second) = (
        turn for turn in store.open(store.latest()).session.turns.values() if turn.role != "user"
    )
    assert (first.content, second.edits) == (ANSWER, (first.id,))


def test_ones_own_words_are_scored(home: Path, engine: Unsure) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("at the end of the day zebra")
        await stage.press("tab", "k")
        await inside(stage, "s")
        await stage.sees("perplexity")
        line = next(n for n, row in enumerate(rows(stage)) if "at the end" in row)
        assert rows(stage)[line + 1].strip() == "~~ ~~~ ~~~ ~~ ~~~ ~~~ ▲▲▲▲▲"
        await stage.press("n", "n")
        await stage.press("enter")
        assert not engine.requests[1:]
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.chat)

    perform(play, home, starter=lambda _path, _options: engine)


def test_a_passage_is_marked_and_scored_after_what_is_before_it(home: Path, engine: Unsure) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("at the end of the day zebra")
        await stage.press("tab", "k")
        await inside(stage, "s")
        await stage.sees("over 7 tokens")
        await stage.press("space", "l")
        await stage.sees("Space end and score")
        await stage.press("escape")
        await stage.sees("Space start a passage")
        await stage.press(*["l"] * 4, "space", "l", "space")
        await stage.sees("this passage: perplexity")
        await stage.sees("over 2 tokens")
        line = next(row for row in rows(stage) if "day" in row)
        assert line.split() == ["day", "zebra"]
        assert engine.scored[-1] == ("at the end of the", " day zebra")
        await stage.press("escape")
        await stage.sees("over 7 tokens")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.chat)

    perform(play, home, starter=lambda _path, _options: engine)


def test_what_is_selected_with_the_mouse_is_scored(home: Path) -> None:
    (home / "data" / "models").mkdir(parents=True)
    (home / "data" / "models" / "tiny.gguf").touch()
    engine = Unsure(["It was a *dark* and stormy night.\n\nThe **lamp** went out."])

    async def select(stage: Stage, first: str, last: str) -> None:
        places = []
        for word in (first, last):
            row = next(number for number, row in enumerate(rows(stage)) if word in row)
            places.append((rows(stage)[row].index(word), row))
        (x, y), (end_x, end_y) = places
        await stage.pilot.mouse_down(offset=(x, y))
        await stage.pilot.hover(offset=(end_x + len(last), end_y))
        await stage.pilot.mouse_up(offset=(end_x + len(last), end_y))
        await stage.pilot.pause()

    async def play(stage: Stage) -> None:
        await stage.send("Tell me a tale")
        await select(stage, "dark", "lamp")
        await inside(stage, "s")
        await stage.sees("this passage: perplexity")
        passage = " dark* and stormy night.\n\nThe **lamp"
        assert engine.scored[-1] == ("It was a *", passage[1:])
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.chat)
        await select(stage, "tale", "dark")
        await stage.press("s")
        await stage.until(
            lambda: any("within one turn" in each.message for each in stage.app._notifications)
        )
        assert stage.app.screen is stage.chat

    perform(play, home, starter=lambda _path, _options: engine)


def test_selected_words_are_found_whatever_signs_are_between_them() -> None:
    text = "The *quick* brown\n- fox, and [a dog](x)."
    assert passage_in(text, "uick brow") == (5, 17)
    assert passage_in(text, "brown fox") == (11, 23)
    assert passage_in(text, "• fox") == (19, 23)
    assert passage_in(text, "a dog") == (30, 35)
    assert passage_in(text, "brown dog") is None
    assert passage_in(text, " … ") is None


def test_an_engine_that_cannot_tell_says_so_where_it_is_seen(home: Path, engine: Unsure) -> None:
    engine.is_able = False

    async def play(stage: Stage) -> None:
        await stage.send("Tell")
        await stage.press("tab")
        await inside(stage, "i")
        await stage.sees("this answer has no probabilities, and this server tells no")
        await stage.press("escape")
        await inside(stage, "s")
        await stage.sees("this server tells no probabilities")

    perform(play, home, starter=lambda _path, _options: engine)


def test_the_cursor_stays_in_sight_in_long_answers(home: Path) -> None:
    (home / "data" / "models").mkdir(parents=True)
    (home / "data" / "models" / "tiny.gguf").touch()
    engine = Unsure(["word stormy " * 300])

    async def play(stage: Stage) -> None:
        await stage.send("Tell")
        await stage.press("tab")
        await inside(stage, "i")
        heat = stage.app.screen.query_one(HeatMap)
        for _ in range(12):
            await stage.press("down")
        await stage.until(lambda: heat.region.y < 0)
        await stage.press(*["N"] * 3)
        await stage.sees("“ stormy”")

    perform(play, home, starter=lambda _path, _options: engine, size=(50, 12))


def test_what_might_follow_is_told_from_a_beginning_that_was_written_anew() -> None:
    def score(text: str, *others: str) -> TokenScore:
        return TokenScore(text, -0.1, 0, tuple((each, -1.0) for each in (text, *others)))

    small = score(" small", " old")
    assert others_behind([small], " small") == [(" small", -1.0), (" old", -1.0)]
    assert others_behind([score(" the", " a"), small], " small") == [*small.others]
    assert others_behind([score(" lighthouse", " lights", " dark")], "house") == [
        ("house", -1.0),
        ("s", -1.0),
    ]
    assert others_behind([score(" the", " a")], "") == []


def test_parts_of_characters_are_joined_with_what_they_are_part_of() -> None:
    text = "Ein 🙂 lacht"
    tokens = [("Ein", -0.1), (" \ufffd", -1.0), ("\ufffd", -2.0), (" lacht", -0.5)]
    assert aligned(tokens, text) == [("Ein", -0.1), (" 🙂", -3.0), (" lacht", -0.5)]
    assert "".join(part for part, _ in aligned([("x", -1.0)], text)) == text


def underlined(stage: Stage) -> list[str]:
    """The words of the screen that are underlined, piece by piece."""
    strips = stage.app.screen._compositor.render_strips()
    return [
        segment.text
        for strip in strips
        for segment in strip
        if segment.style and segment.style.underline
    ]


def test_unsure_words_are_underlined_on_request_also_after_they_were_out_of_sight(
    home: Path, engine: Unsure
) -> None:
    engine._replies = [
        Reply("# It was *dark*\n\n- a stormy [night](https://sea.example)\n- a zebra"),
        Reply("So it went on.\n\n" * 60),
    ]

    async def play(stage: Stage) -> None:
        await stage.send("Begin.")
        assert underlined(stage) == []
        await stage.press("tab", "w")
        await stage.until(lambda: underlined(stage) == ["stormy", "zebra"])
        await stage.press("w")
        await stage.until(lambda: underlined(stage) == [])
        await stage.press("w")
        await stage.until(lambda: underlined(stage) == ["stormy", "zebra"])
        await stage.press("escape")
        for _ in range(3):
            await stage.send("And then?")
        assert underlined(stage) == []
        assert stage.chat.transcript.views[0].shown.turn.content != "Begin."
        await stage.press("tab", "g")
        await stage.until(lambda: underlined(stage) == ["stormy", "zebra"])

    perform(play, home, starter=lambda _path, _options: engine)
