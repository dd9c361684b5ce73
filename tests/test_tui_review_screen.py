"""The review's screen, with a scripted engine behind it: what each key does to the review."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Event as Flag

import pytest
from app_pilot import PATIENCE_S
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, Static, TextArea

from drafts.document import decode_text
from engine.load_options import LoadOptions
from engine.scripted import Reply, ScriptedEngine
from engine.types import Event, Request
from tui.edit_work import prepare
from tui.options import EditOptions, EngineOptions, PromptOptions
from tui.reviewing.app import ReviewApp
from tui.reviewing.screen import ReviewScreen
from tui.reviewing.state import Review
from tui.runtime import Runtime
from tui.widgets.dialogs import Dialog

OLD = """\
# The light

Their is a light.

# The keeper

It have burned, and nobody knows teh keeper.
"""
FIXES = {"Their": "There", "have": "has", "teh": "the"}

Play = Callable[["Stage"], Awaitable[None]]


class Fixing(ScriptedEngine):
    """Revises by a table of words; stops before some answers until it is told to go on."""

    def __init__(self, fixes: Mapping[str, str], held: Sequence[int] = ()) -> None:
        super().__init__(["-"])
        self.fixes = dict(fixes)
        self.fails = False
        self.held = {number: Flag() for number in held}

    def stream(self, request: Request) -> Generator[Event, None, None]:
        if flag := self.held.get(len(self.requests)):
            flag.wait()
        text = request.reference
        for old, new in self.fixes.items():
            text = text.replace(old, new)
        self._replies = [Reply("", "error", "the engine broke") if self.fails else Reply(text)]
        return super().stream(request)

    def cancel(self) -> None:
        super().cancel()
        self.let_go()

    def let_go(self) -> None:
        for flag in self.held.values():
            flag.set()


class Stage:
    """A review on a screen, while a test plays the person."""

    def __init__(self, app: ReviewApp, review: Review, engine: Fixing) -> None:
        self.app = app
        self.review = review
        self.engine = engine
        self.pilot: Pilot[bool]

    @property
    def decisions(self) -> str:
        return " ".join(change.decision for change in self.review.changes)

    def is_asking(self) -> bool:
        return isinstance(self.app.screen, Dialog)

    def shown(self, name: str) -> str:
        """The words of a part of the screen."""
        screen: Screen[object] = self.app.screen_stack[1]
        return str(screen.query_one(f"#{name}", Static).visual)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for it."""

        async def waited() -> None:
            while not condition():
                await self.pilot.pause()

        await asyncio.wait_for(waited(), PATIENCE_S)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, words: str) -> None:
        """Into the line of a dialog."""
        self.app.screen.query_one(Input).value = words
        await self.press("enter")


Run = Callable[..., Stage]


@pytest.fixture
def perform(home: Path, tmp_path: Path) -> Run:
    def run(
        play: Play,
        *,
        old: str = OLD,
        engine: Fixing | None = None,
        size: tuple[int, int] = (80, 24),
        name: str = "draft.md",
        is_awaited: bool = True,
    ) -> Stage:
        model = home / "data" / "models" / "tiny.gguf"
        model.parent.mkdir(parents=True)
        model.write_bytes(b"GGUF")
        fixing = engine or Fixing(FIXES)

        def start(path: Path, options: LoadOptions) -> Fixing:
            return fixing

        runtime = Runtime(os.environ, start)
        options = EditOptions(
            drafts=(name,),
            prompt=PromptOptions(templates=("by-paragraph",)),
            engine=EngineOptions(),
        )
        prompt = home / "config" / "prompts" / "by-paragraph.toml"
        prompt.parent.mkdir(parents=True)
        prompt.write_text('extends = "proofread"\nunit = "paragraph"\n')
        work = prepare(runtime, options, fixing, [(name, decode_text(old.encode()))])
        review = Review()
        stage = Stage(ReviewApp(work, review), review, fixing)

        async def main() -> None:
            async with stage.app.run_test(size=size) as stage.pilot:
                if is_awaited:
                    await stage.until(lambda: review.is_complete)
                await play(stage)

        asyncio.run(main())
        return stage

    return run


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("y n y", "taken skipped taken"),
        ("a", "taken taken taken"),
        ("d", "skipped skipped skipped"),
        ("y d u", "taken open open"),
        ("y u u", "open open open"),
        ("j y", "open taken open"),
        ("down right y", "open open taken"),
        ("j j k up y", "taken open open"),
        ("w s space pageup y", "taken open open"),
        ("enter y", "taken open open"),
    ],
)
def test_keys_decide(perform: Run, keys: str, expected: str) -> None:
    async def play(stage: Stage) -> None:
        await stage.press(*keys.split())
        assert stage.decisions == expected

    perform(play)


@pytest.mark.parametrize(
    ("keys", "written"),
    [("y q", True), ("q", True), ("a enter", True), ("y ctrl+c", False), ("a ctrl+c", False)],
)
def test_keys_leave(perform: Run, keys: str, written: bool) -> None:
    async def play(stage: Stage) -> None:
        await stage.press(*keys.split())

    assert perform(play).app.return_value is written


def test_enter_does_not_leave_open_changes(perform: Run) -> None:
    async def play(stage: Stage) -> None:
        await stage.press("enter")
        assert stage.app.is_running
        assert "still open" in stage.shown("about")

    perform(play)


def test_go_to_find_and_keys_ask(perform: Run) -> None:
    async def play(stage: Stage) -> None:
        await stage.press("g")
        await stage.type("3")
        assert stage.review.here == 2
        await stage.press("slash")
        await stage.type("HAVE")
        assert stage.review.here == 1
        await stage.press("slash")
        await stage.type("whale\x1b")
        assert "no change has" in stage.shown("about")
        await stage.press("g")
        await stage.type("x")
        assert stage.review.here == 1
        await stage.press("question_mark")
        assert stage.is_asking()
        await stage.press("y", "escape")
        assert not stage.is_asking()
        assert stage.decisions == "open open open"

    perform(play)


def test_ctrl_c_leaves_a_question_and_not_the_review(perform: Run) -> None:
    async def play(stage: Stage) -> None:
        for key in ("e", "g", "r", "slash", "question_mark"):
            await stage.press(key)
            assert stage.is_asking()
            await stage.press("ctrl+c")
            assert not stage.is_asking()
            assert stage.app.is_running
        assert stage.decisions == "open open open"

    perform(play)


def test_edited_words_are_taken_with_the_characters_that_cannot_be_shown(perform: Run) -> None:
    async def play(stage: Stage) -> None:
        await stage.press("e")
        stage.app.screen.query_one(TextArea).insert(" now")
        await stage.press("ctrl+s")
        assert stage.review.changes[0].proposed == "Th\u200fere now"
        assert stage.decisions == "taken open open"
        await stage.press("e", "escape")
        assert stage.decisions == "taken open open"

    perform(play, engine=Fixing({**FIXES, "Their": "Th\u200fere"}))


def test_the_first_piece_is_reviewed_while_the_second_is_written(perform: Run) -> None:
    engine = Fixing(FIXES, held=[2])

    async def play(stage: Stage) -> None:
        await stage.until(lambda: "▸[-Their-]{+There+}◂ is a light." in stage.shown("words"))
        assert "more to come" in stage.shown("head")
        await stage.press("y")
        assert stage.decisions == "taken"
        assert "still being written" in stage.shown("words")
        await stage.press("enter", "a", "j", "k")
        assert stage.app.is_running
        await stage.press("u", "y")
        engine.let_go()
        await stage.until(lambda: "▸[-have-]{+has+}◂" in stage.shown("words"))
        await stage.until(lambda: stage.review.is_complete)
        assert stage.decisions == "taken open open"

    perform(play, engine=engine, is_awaited=False)


def test_a_key_that_meets_a_change_before_it_is_shown_decides_nothing(perform: Run) -> None:
    async def play(stage: Stage) -> None:
        screen = stage.app.screen_stack[1]
        assert isinstance(screen, ReviewScreen)
        last = stage.review.changes.pop()
        await stage.press("y", "y")
        assert "Everything is decided" in stage.shown("words")
        stage.review.add([last])
        screen.refresh_soon()
        screen.action_decide("taken")
        assert stage.decisions == "taken taken open"
        await stage.press("y")
        assert stage.decisions == "taken taken taken"

    perform(play)


def test_the_rest_is_taken_as_it_comes_but_for_what_is_doubtful(perform: Run) -> None:
    engine = Fixing({**FIXES, "# The light": "The light"}, held=[0])

    async def play(stage: Stage) -> None:
        await stage.press("a")
        said = "the rest of draft.md is accepted, except what is doubtful, as it arrives"
        assert said in stage.shown("about")
        await stage.press("u")
        assert "the rest of" not in stage.shown("about")
        await stage.press("a")
        engine.let_go()
        await stage.until(lambda: stage.review.is_complete)
        assert "the rest of" not in stage.shown("about")
        assert "heading" in stage.review.changes[0].warning
        assert stage.decisions == "open taken taken taken"
        await stage.press("u")
        assert stage.decisions == "open open open open"

    perform(play, engine=engine, is_awaited=False)


def test_leaving_while_a_piece_is_written_does_not_wait_for_the_others(perform: Run) -> None:
    engine = Fixing(FIXES, held=[2])

    async def play(stage: Stage) -> None:
        await stage.until(lambda: "▸" in stage.shown("words"))
        await stage.press("y", "q")

    stage = perform(play, engine=engine, is_awaited=False)
    assert stage.app.return_value is True
    assert stage.decisions == "taken"
    assert len(engine.requests) <= 3


def test_other_words_are_asked_for_and_come_to_their_change(perform: Run) -> None:
    async def play(stage: Stage) -> None:
        stage.engine.fixes["Their"] = "Here"
        stage.engine.held[len(stage.engine.requests)] = Flag()
        await stage.press("r")
        await stage.type("another word")
        assert "asking for other words" in stage.shown("about")
        await stage.press("j")
        stage.engine.let_go()
        await stage.until(lambda: stage.review.changes[0].proposed == "Here")
        assert "another word" in stage.engine.requests[-1].messages[-1].content
        assert stage.review.here == 1
        assert stage.review.changes[0].versions == ("There",)
        await stage.until(lambda: "other words for change 1" in stage.shown("about"))

    perform(play)


def test_other_words_while_the_rest_is_written_come_before_it(perform: Run) -> None:
    engine = Fixing(FIXES, held=[2, 3])

    async def play(stage: Stage) -> None:
        await stage.until(lambda: len(stage.review.changes) == 1)
        engine.fixes["Their"] = "Here"
        await stage.press("r")
        await stage.type("another word")
        assert stage.review.changes[0].proposed == "There"
        engine.let_go()
        await stage.until(lambda: stage.review.is_complete)
        assert stage.review.changes[0].proposed == "Here"
        assert stage.decisions == "open open open"

    perform(play, engine=engine, is_awaited=False)


def test_versions_come_and_one_is_chosen(perform: Run) -> None:
    async def play(stage: Stage) -> None:
        stage.engine.fixes["Their"] = "Here"
        await stage.press("A")
        await stage.until(lambda: bool(stage.review.changes[0].versions))
        assert stage.review.changes[0].proposed == "There"
        await stage.press("A")
        assert stage.is_asking()
        await stage.press("down", "enter")
        assert (stage.review.changes[0].proposed, stage.decisions) == ("Here", "taken open open")

    perform(play)


def test_a_wish_that_fails_is_said_and_the_review_goes_on(perform: Run) -> None:
    async def play(stage: Stage) -> None:
        stage.engine.fails = True
        await stage.press("r")
        await stage.type("another word")
        await stage.until(lambda: "the engine broke" in stage.shown("about"))
        assert stage.review.changes[0].proposed == "There"
        stage.engine.fails = False
        await stage.press("r")
        await stage.type("the same")
        await stage.until(lambda: "no other wording" in stage.shown("about"))
        await stage.press("a")
        assert stage.decisions == "taken taken taken"

    perform(play)


def test_after_an_engine_that_failed_other_words_can_still_be_asked_for(perform: Run) -> None:
    engine = Fixing(FIXES, held=[2])

    async def play(stage: Stage) -> None:
        await stage.until(lambda: len(stage.review.changes) == 1)
        engine.fails = True
        engine.let_go()
        await stage.until(lambda: stage.review.is_complete)
        assert stage.review.has_failed
        engine.fails = False
        engine.fixes["Their"] = "Here"
        await stage.press("r")
        await stage.type("another word")
        await stage.until(lambda: stage.review.changes[0].proposed == "Here")
        await stage.press("y", "q")

    assert perform(play, engine=engine, is_awaited=False).app.return_value is True


def test_an_engine_that_failed_has_not_found_that_there_is_nothing_to_change(
    perform: Run,
) -> None:
    engine = Fixing(FIXES, held=[0])

    async def play(stage: Stage) -> None:
        engine.fails = True
        engine.let_go()
        await stage.until(lambda: stage.review.is_complete)
        await stage.until(lambda: "Not everything could be revised" in stage.shown("words"))
        assert "the engine broke" in stage.shown("about")
        assert "Nothing to change" not in stage.shown("words")
        await stage.press("enter")

    perform(play, engine=engine, is_awaited=False)


def test_a_part_whose_revision_cannot_be_used_is_not_one_without_changes(perform: Run) -> None:
    async def play(stage: Stage) -> None:
        await stage.until(lambda: stage.review.is_complete)
        await stage.until(lambda: "cannot be used" in stage.shown("words"))
        assert "is unchanged" in stage.shown("about")
        assert "Nothing to change" not in stage.shown("words")
        await stage.press("enter")

    perform(play, old="Their is a light.\n", engine=Fixing({"Their is a light.": " "}))


def test_keys_about_a_change_say_why_there_is_none(perform: Run) -> None:
    async def play(stage: Stage) -> None:
        await stage.press("a")
        for key in ("r", "e", "A", "y", "n"):
            await stage.press("u", "a")
            assert "is decided" not in stage.shown("about")
            await stage.press(key)
            assert not stage.is_asking()
            assert "every change is decided: k goes back" in stage.shown("about")

    perform(play)


def test_blanks_and_quotation_marks_are_shown_as_one_and_unfolded(perform: Run) -> None:
    async def play(stage: Stage) -> None:
        count = len(stage.review.changes)
        assert stage.shown("head").startswith(f"{count} changes to spaces and quotation marks")
        assert stage.shown("words").count("·") == count
        await stage.press("e")
        assert not stage.is_asking()
        await stage.press("w")
        assert "change 1 of" in stage.shown("head")
        await stage.press("w", "n")
        assert stage.decisions == " ".join(["skipped"] * count)

    old = 'He said "no" twice, and  went.\n\nShe said "yes" again.\n'
    perform(play, old=old, engine=Fixing({'"no"': "“no”", '"yes"': "“yes”", "  went": " went"}))


def test_no_text_reaches_the_screen_raw(perform: Run) -> None:
    evil = "\x1b]0;owned\x07\x9b31m\u202e"

    async def play(stage: Stage) -> None:
        await stage.press("slash")
        await stage.type(evil)
        shown = "".join(stage.shown(name) for name in ("head", "words", "old", "new", "about"))
        assert "owned" in shown
        assert not set(shown) & set("\x1b\x07\x9b\u202e")

    perform(play, old=f"Their {evil} is a light.\n", name=f"{evil}.md")


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (60, 16), (20, 8)])
def test_the_shown_change_is_in_view(perform: Run, size: tuple[int, int]) -> None:
    lines = "".join(f"- {number} item\n" for number in range(60))
    old = f"{lines}\n{'word ' * 300}\n\n{lines}\nTeh end.\n\n{lines}"

    async def play(stage: Stage) -> None:
        for number in range(1, len(stage.review.changes) + 1):
            await stage.until(partial(_shows, stage, number))
            await stage.until(lambda: 0 <= _row_of_mark(stage) < size[1] - 2)
            await stage.press("j")

    perform(play, old=old, engine=Fixing({"30 item": "30 items", "Teh": "The"}), size=size)


def _shows(stage: Stage, number: int) -> bool:
    """Whether the screen is about the change with this number."""
    return f"change {number} of" in stage.shown("head")


def _row_of_mark(stage: Stage) -> int:
    """The row of the screen with the triangle before the change; -1 where there is none."""
    rows = stage.app.screen._compositor.render_strips()
    return next((at for at, row in enumerate(rows) if "▸" in row.text), -1)


@pytest.mark.parametrize("size", [(20, 8), (40, 10), (80, 24)])
def test_warnings_leave_room_for_the_change_that_they_are_about(
    perform: Run, size: tuple[int, int]
) -> None:
    spoilt = "There is\u200b a light [rest unchanged] | and ..."

    async def play(stage: Stage) -> None:
        screen = stage.app.screen_stack[1]
        assert "careful" in stage.shown("about")
        await stage.until(lambda: 0 <= _row_of_mark(stage) < size[1] - 2)
        assert screen.query_one("#flow").size.height >= 3

    perform(play, engine=Fixing({"Their is a light.": spoilt}), size=size)
