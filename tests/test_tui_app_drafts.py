"""The app's drafts screen: a file is chosen, revised, reviewed, written, and brought back."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from app_pilot import PacedEngine, Play, Stage, perform
from textual.widgets import Input, Select

from engine.scripted import Reply
from engine.types import Event, Request
from tui.app.screens.drafts import DraftsScreen
from tui.reviewing.live import LiveReview
from tui.widgets.dialogs import AskLine, ShowText

OLD = """\
# The light

Their is a light.

# The keeper

It have burned, and nobody knows teh keeper.
"""
NEW = OLD.replace("Their", "There").replace("have", "has").replace("teh", "the")


class Correcting(PacedEngine):
    """Revises by a table of words; everything else is answered as usual."""

    def stream(self, request: Request) -> Generator[Event, None, None]:
        if text := request.reference:
            for old, new in (("Their", "There"), ("have", "has"), ("teh", "the")):
                text = text.replace(old, new)
            self._replies = [Reply(text)]
        else:
            self._replies = [Reply("Hello there.")]
        return super().stream(request)


@pytest.fixture
def draft(tmp_path: Path, home: Path) -> Path:
    """A file with three mistakes, and a model."""
    model = home / "data" / "models" / "tiny.gguf"
    model.parent.mkdir(parents=True)
    model.touch()
    path = tmp_path / "light.md"
    path.write_text(OLD)
    return path


def run(play: Play, home: Path) -> Stage:
    engine = Correcting(["-"])
    engine.model_name = "tiny"
    return perform(play, home, size=(100, 34), starter=lambda _path, _options: engine)


async def opened(stage: Stage, draft: Path) -> DraftsScreen:
    """The drafts screen with a draft named, and its sections known."""
    await stage.idle()
    await stage.press("ctrl+o")
    screen = stage.app.screen
    assert isinstance(screen, DraftsScreen)
    screen.query_one(Input).value = str(draft)
    await stage.press("enter")
    await stage.until(lambda: len(screen.query(Select).first()._options) > 1)
    return screen


async def reviewed(stage: Stage, *keys: str) -> None:
    """The review is there, and these keys are pressed in it."""
    await stage.until(lambda: isinstance(stage.app.screen, LiveReview))
    review = stage.app.screen
    assert isinstance(review, LiveReview)
    await stage.until(lambda: review._review.is_complete)
    await stage.press(*keys)
    await stage.until(lambda: isinstance(stage.app.screen, DraftsScreen))


def test_what_is_taken_is_written_and_undone_and_redone(home: Path, draft: Path) -> None:
    async def play(stage: Stage) -> None:
        screen = await opened(stage, draft)
        await stage.strike("ctrl+r")
        await reviewed(stage, "y", "n", "y", "enter")
        await stage.sees("light.md is written")
        assert draft.read_text() == NEW.replace("has", "have")
        await stage.sees("write")
        screen.query_one("HistoryList").focus()
        await stage.strike("enter")
        await stage.until(lambda: isinstance(stage.app.screen, ShowText))
        await stage.sees("-Their is a light.")
        await stage.press("escape", "u")
        await stage.until(lambda: draft.read_text() == OLD)
        await stage.sees(" undo ")
        await stage.press("U")
        await stage.until(lambda: draft.read_text() != OLD)
        await stage.sees(" redo ")
        await stage.press("escape")
        await stage.send("Say hello.")
        assert stage.contents == ["Say hello.", "Hello there."]

    run(play, home)


def test_a_heading_in_brackets_is_offered_as_it_is(home: Path, draft: Path) -> None:
    async def play(stage: Stage) -> None:
        draft.write_text(OLD.replace("# The light", "# The [/b] light [1890]"))
        screen = await opened(stage, draft)
        scope = screen.query(Select).first()
        scope.value = "The [/b] light [1890]"
        await stage.sees("The [/b] light [1890]")
        scope.focus()
        await stage.strike("enter")
        await stage.until(lambda: stage.screen_text().count("The [/b] light [1890]") == 2)

    run(play, home)


def test_only_the_chosen_section_or_lines_are_revised(home: Path, draft: Path) -> None:
    async def play(stage: Stage) -> None:
        screen = await opened(stage, draft)
        scope = screen.query(Select).first()
        scope.value = "The keeper"
        await stage.strike("ctrl+r")
        await reviewed(stage, "a", "enter")
        await stage.sees("is written")
        assert draft.read_text() == NEW.replace("There", "Their")
        scope.value = ""
        screen.query(Input)[1].value = "3:3"
        await stage.strike("ctrl+r")
        await reviewed(stage, "a", "enter")
        await stage.until(lambda: draft.read_text() == NEW)

    run(play, home)


def test_a_review_that_is_left_is_kept_and_gone_on_with(home: Path, draft: Path) -> None:
    async def play(stage: Stage) -> None:
        await opened(stage, draft)
        await stage.strike("ctrl+r")
        await reviewed(stage, "y", "ctrl+c")
        await stage.sees("decisions are kept")
        assert draft.read_text() == OLD
        await stage.strike("ctrl+r")
        await stage.until(lambda: isinstance(stage.app.screen, AskLine))
        await stage.sees("1 change decided")
        await stage.strike("enter")
        await reviewed(stage, "n", "n", "enter")
        await stage.until(lambda: draft.read_text() == OLD.replace("Their", "There"))

    run(play, home)


def test_leaving_the_program_in_a_review_writes_nothing_and_ends(home: Path, draft: Path) -> None:
    async def play(stage: Stage) -> None:
        await opened(stage, draft)
        await stage.strike("ctrl+r")
        await stage.until(lambda: isinstance(stage.app.screen, LiveReview))
        await stage.press("ctrl+q")

    run(play, home)
    assert draft.read_text() == OLD


def test_what_cannot_be_revised_is_told(home: Path, draft: Path) -> None:
    async def play(stage: Stage) -> None:
        screen = await opened(stage, draft)
        screen.query(Input)[1].value = "nonsense"
        await stage.strike("ctrl+r")
        await stage.sees("is not a range of lines")
        screen.query(Input)[1].value = "400:600"
        await stage.strike("ctrl+r")
        await stage.sees("there is no line 400")
        draft.chmod(0o444)
        screen.query(Input)[1].value = ""
        await stage.strike("ctrl+r")
        await stage.sees("read-only")
        draft.unlink()
        await stage.strike("ctrl+r")
        await stage.sees("light.md")
        assert isinstance(stage.app.screen, DraftsScreen)

    run(play, home)


def test_a_path_is_completed_with_tab(home: Path, draft: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.idle()
        await stage.press("ctrl+o")
        path = stage.app.screen.query_one(Input)
        path.value = f"{draft.parent}/li"
        await stage.sees("light.md")
        await stage.press("tab")
        assert path.value == str(draft)
        await stage.press("tab")
        assert not path.has_focus

    run(play, home)
