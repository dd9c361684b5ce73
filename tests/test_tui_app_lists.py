"""Every list moves by the keys of vi and emacs, which the configuration can change, and scrolls by
the wheel."""

from __future__ import annotations

from pathlib import Path

import app_scenes
import pytest
from app_pilot import Stage, perform
from app_scenes import Novelist, Play
from textual.events import MouseScrollDown, MouseScrollUp
from textual.widget import Widget

from tui.widgets.choice_list import ChoiceList


async def hits(stage: Stage) -> None:
    await stage.idle()
    await stage.press("ctrl+f", "t")
    await stage.sees("3 found")
    await stage.press("down")


async def shelf_of_prompts(stage: Stage) -> None:
    await stage.idle()
    await stage.press("f3")
    await stage.sees("draft")
    await stage.press("down")


async def history(stage: Stage) -> None:
    await app_scenes.drafts(stage)
    stage.app.screen.query_one(ChoiceList).focus()
    await stage.pilot.pause()


LISTS: dict[str, Play] = {
    "sessions": app_scenes.sessions_panel,
    "search": hits,
    "prompts": shelf_of_prompts,
    "models": app_scenes.models,
    "settings": app_scenes.settings,
    "history of drafts": history,
    "map": app_scenes.map_of_it,
    "other words": app_scenes.other_words,
}


def played(play: Play, home: Path) -> None:
    """Play in a home with some sessions."""
    app_scenes.some_sessions(home)
    (home / "data" / "models").mkdir(parents=True)
    (home / "data" / "models" / "tiny.gguf").touch()
    engine = Novelist([app_scenes.BEGINNING, app_scenes.OTHER, app_scenes.THIRD])
    engine.model_name = "tiny"
    perform(play, home, starter=lambda _path, _options: engine)


def list_of(stage: Stage) -> ChoiceList:
    """The list that has the keys."""
    focused = stage.app.focused
    assert isinstance(focused, ChoiceList)
    return focused


@pytest.mark.parametrize("name", LISTS)
def test_a_list_moves_by_the_keys_of_vi_and_emacs(home: Path, name: str) -> None:
    async def play(stage: Stage) -> None:
        await LISTS[name](stage)
        choices = list_of(stage)
        places = [n for n, option in enumerate(choices.options) if not option.disabled]
        first, second, last = places[0], places[1], places[-1]
        for keys, place in (
            *((("G", key), first) for key in ("g", "home", "alt+less_than_sign")),
            *((("g", key), last) for key in ("G", "end", "alt+greater_than_sign")),
            *((("g", key), second) for key in ("j", "down", "ctrl+n")),
            *((("g", "j", key), first) for key in ("k", "up", "ctrl+p")),
        ):
            await stage.press(*keys)
            assert choices.highlighted == place, keys
        for down, up in (("ctrl+d", "ctrl+u"), ("ctrl+v", "alt+v"), ("pagedown", "pageup")):
            await stage.press("g", down)
            here = choices.highlighted
            assert here is not None
            assert here > first
            await stage.press(up)
            assert choices.highlighted == first

    played(play, home)


def test_the_keys_of_lists_can_be_others(home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text('[keys]\n"list.next" = "f7"\n')

    async def play(stage: Stage) -> None:
        await app_scenes.settings(stage)
        await stage.press("g", "j", "f7")
        assert list_of(stage).highlighted == 1

    played(play, home)


def wheel(widget: Widget) -> tuple[int, int]:
    """A place of a widget where the mouse may be."""
    return widget.region.x + 4, widget.region.y + 2


def test_the_wheel_scrolls_the_transcript_and_a_list(home: Path) -> None:
    async def play(stage: Stage) -> None:
        for _ in range(6):
            await stage.send(app_scenes.ASKED)
        transcript = stage.chat.transcript
        end = transcript.scroll_y
        assert end > 0
        await stage.pilot._post_mouse_events([MouseScrollUp], offset=wheel(transcript), button=0)
        await stage.until(lambda: transcript.scroll_y < end)
        await stage.pilot._post_mouse_events([MouseScrollDown], offset=wheel(transcript), button=0)
        await stage.until(lambda: transcript.scroll_y == end)
        await app_scenes.settings(stage)
        choices = list_of(stage)
        await stage.pilot._post_mouse_events([MouseScrollDown], offset=wheel(choices), button=0)
        await stage.until(lambda: choices.scroll_y > 0)

    played(play, home)
