"""The pictures of the documentation: the app as a person has it, with answers written here.

``make pictures`` takes them anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import app_scenes
from app_pilot import PacedEngine, Stage, perform

from engine.scripted import Reply
from engine.types import Event, Request
from tui.app.widgets.status import StatusLine

Play: TypeAlias = Callable[[Stage], Awaitable[None]]

TITLES = """\
Three, from plain to strange:

1. **The Last Keeper of Corran Light**
2. **What the Lamp Saw**
3. **Tide Tables for the Dead**

The second one promises a narrator who is *not a person*. It would change how the story begins:

> Nobody climbs to me any more. I turn, and I count the ships."""

BEGINNING = app_scenes.BEGINNING
OTHER = app_scenes.OTHER

REPLIES = (
    "The ship answers in the second person, and she is not grateful.",
    "You counted me last night, and you counted me wrong.",
)
"""Of the ship, for the map."""

DRAFT = """\
# The light at Corran

Their has been a light on the reef since 1832. For ninety years it were kept by a single \
family, and each of them wrote the weather into the same ledger, in the same ink.

The last keeper left on a Tuesday. He took the ledger with him, and left teh lamp burning, \
because nobody had told him not too.

## The ledger

It is now in the museum at Port Ellen, open at the page for 3 March 1911: *Fog. Eleven ships, \
and one that had no lights.*
"""

MISTAKES = (
    ("Their has", "There has"),
    ("it were", "it was"),
    ("teh", "the"),
    ("not too", "not to"),
)


class Proofreader(PacedEngine):
    """Corrects a draft by a table of words."""

    def stream(self, request: Request) -> Generator[Event, None, None]:
        """See `Engine`."""
        if text := request.reference:
            for old, new in MISTAKES:
                text = text.replace(old, new)
            self._replies.insert(self._replied, Reply(text))
        return super().stream(request)


@dataclass(frozen=True, slots=True)
class Picture:
    """What is shown, how a person gets there, and who answers."""

    play: Play
    size: tuple[int, int]
    """Columns and lines."""
    engine: Callable[[], PacedEngine]


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


async def review(stage: Stage) -> None:
    """A draft that is proofread: one change accepted, the next one in question."""
    Path("corran.md").write_text(DRAFT, encoding="utf-8")
    await app_scenes.proofread(stage, "corran.md")
    await stage.sees("change 2 of 4")


async def branches(stage: Stage) -> None:
    """The map of a session."""
    await stage.send("Three titles for a story about a lighthouse")
    await stage.send("The second. Begin it, in the lamp's own voice.")
    await stage.press("tab", "r")
    await stage.idle()
    await stage.press("escape")
    await stage.send("Go on, but let the ship answer.")
    await stage.press("tab", "r")
    await stage.idle()
    await stage.press("m")
    await stage.pilot.pause(0.2)


ANSWERS = (TITLES, OTHER, BEGINNING)

PICTURES = {
    "conversation": Picture(conversation, (120, 32), lambda: PacedEngine(ANSWERS)),
    "review": Picture(review, (100, 24), lambda: Proofreader(())),
    "words": Picture(app_scenes.words, (100, 18), lambda: app_scenes.Novelist((BEGINNING,))),
    "map": Picture(branches, (100, 18), lambda: PacedEngine((*ANSWERS, *REPLIES))),
}


def take(name: str, folder: Path) -> Path:
    """Play a scene and save its picture as SVG."""
    taken = PICTURES[name]
    path = folder / f"{name}.svg"
    engine = taken.engine()
    engine.model_name = "tiny"

    async def play(stage: Stage) -> None:
        stage.engine = engine
        stage.chat.composer.cursor_blink = False
        await taken.play(stage)
        path.write_text(stage.app.export_screenshot(title="chat"), encoding="utf-8")

    with TemporaryDirectory() as folder_of_scene:
        os.chdir(folder_of_scene)
        home = Path(folder_of_scene, "chat")
        (home / "data" / "models").mkdir(parents=True)
        (home / "data" / "models" / "tiny.gguf").touch()
        perform(play, home, size=taken.size, starter=lambda _path, _options: engine)
    return path


if __name__ == "__main__":
    # In the same colours on every terminal.
    os.environ.pop("NO_COLOR", None)
    os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
    target = Path(sys.argv[1]).absolute()
    for each in PICTURES:
        print(take(each, target))
