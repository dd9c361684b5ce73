"""The pictures of the documentation: the app as a person has it, with answers written here.

``make pictures`` takes them anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from app_pilot import Stage, perform
from app_scenes import BEGINNING, OTHER, Play

from tui.app.widgets.status import StatusLine

SIZE = (120, 32)
"""Columns and lines."""

TITLES = """\
Three, from plain to strange:

1. **The Last Keeper of Corran Light**
2. **What the Lamp Saw**
3. **Tide Tables for the Dead**

The second one promises a narrator who is *not a person*. It would change how the story begins:

> Nobody climbs to me any more. I turn, and I count the ships."""


async def conversation(stage: Stage) -> None:
    """What the model gets, beside the conversation."""
    await stage.send("Three titles for a story about a lighthouse")
    await stage.send("/title Lighthouse titles")
    await stage.send("The second. Begin it, in the lamp's own voice.")
    await stage.press("tab", "r")
    await stage.idle()
    await stage.press("escape", "f2")
    await stage.idle()
    without_speed(stage)
    await stage.pilot.pause(0.2)


def without_speed(stage: Stage) -> None:
    """A script's answers come at a speed that no model has."""
    stage.chat.query_one(StatusLine).overview = replace(stage.overview, rate=None, cached=None)


async def branches(stage: Stage) -> None:
    """The map of a session."""
    await stage.send("Three titles for a story about a lighthouse")
    await stage.send("The second. Begin it, in the lamp's own voice.")
    await stage.press("tab", "r")
    await stage.idle()
    await stage.press("m")
    await stage.pilot.pause(0.2)


SCENES: dict[str, tuple[Play, Sequence[str]]] = {
    "conversation": (conversation, (TITLES, OTHER, BEGINNING)),
    "map": (branches, (TITLES, OTHER, BEGINNING)),
}


def take(name: str, folder: Path) -> Path:
    """Play a scene and save its picture as SVG."""
    scene, replies = SCENES[name]
    path = folder / f"{name}.svg"

    async def play(stage: Stage) -> None:
        stage.chat.composer.cursor_blink = False
        await scene(stage)
        path.write_text(stage.app.export_screenshot(title="chat"), encoding="utf-8")

    with TemporaryDirectory() as home:
        perform(play, Path(home), size=SIZE, replies=replies)
    return path


if __name__ == "__main__":
    # In the same colours on every terminal.
    os.environ.pop("NO_COLOR", None)
    os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
    for each in SCENES:
        print(take(each, Path(sys.argv[1])))
