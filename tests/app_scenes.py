"""Every screen of the app, and how a person gets there: for pictures of all of them.

A scene is played in a home of its own, in any window and any colours. What it shows is the same
each time: its dates, sizes and speeds are written here.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TypeAlias

from app_pilot import PacedEngine, Stage
from textual.widgets import Input, TextArea

from engine.scripted import Reply
from engine.types import Event, Finished, Message, Request, Timings, TokenScore
from sessions import SessionStore, Turn, new_turn_id
from tui.app.messages import Activity, Busy, Download, DownloadMoved, Failed
from tui.app.screens.models import ModelsScreen
from tui.app.shelf import Shelf, ShelfRow
from tui.app.widgets.composer import Composer
from tui.app.widgets.status import StatusLine
from tui.app.written import Write, Written
from tui.reviewing.live import LiveReview

Play: TypeAlias = Callable[[Stage], Awaitable[None]]

TALE = """\
# The lamp

A **lighthouse keeper** climbs the stairs each evening, and *each evening* there is one stair more.

- She counts them aloud.
- She writes the number down with `chalk`.

> Nobody has ever asked her why.

```python
stairs += 1
```

The rest is [here](https://example.org/lamp)."""

BEGINNING = """\
Nobody climbs to me any more. I turn, and I count the ships: eleven tonight, and one that had no \
lights.

She came out of the weather at four minutes past two, where the chart has only the reef."""

OTHER = """\
I was built to be looked at and have spent a hundred and six years looking. Tonight there were \
eleven ships, and a twelfth that nobody lit."""

THIRD = "The keeper died in March.\n\nI have not been told, and I go on turning."

ASKED = "Begin a story about a lighthouse, in the lamp's own voice."

DRAFT = """\
# The light

Their is a light on the reef, and it have burned for a hundred years.

# The keeper

Nobody knows teh keeper, but everybody knows the light.
"""

_MISTAKES = (("Their", "There"), ("have", "has"), ("teh", "the"))

_UNSURE = {" weather": -1.4, " reef.": -2.6, " lights.": -4.5, " chart": -0.9}

GB = 10**9

ROWS = (
    ShelfRow("here", "tiny", "tiny", "1.5B", "Q4_K_M", GB, 32768, True, "models", is_default=True),
    ShelfRow("here", "harbour-7b-instruct", "", "7.6B", "Q8_0", 8 * GB, 131072, False, "ollama"),
    ShelfRow("server", "big", "big", context=32768, note="server gpu01:8000"),
    ShelfRow("download", "small", "", "1.5B", "Q4_K_M", GB, 32768, True, "editing on a laptop"),
    ShelfRow("download", "large", "", "32B", "Q4_K_M", 20 * GB, 40960, False, "long drafts"),
)
ABOUT = ("~/models/tiny.gguf", "takes 1.4 GB with 8,192 tokens of context, and 6.0 GB are free")


class Novelist(PacedEngine):
    """Answers in turn, corrects drafts by a table of words, and is unsure of some of its own."""

    def stream(self, request: Request) -> Generator[Event, None, None]:
        """See `Engine`."""
        if text := request.reference:
            for old, new in _MISTAKES:
                text = text.replace(old, new)
            self._replies.insert(self._replied, Reply(text))
        for event in super().stream(request):
            if isinstance(event, Finished):
                yield replace(event, timings=Timings(0.4, event.usage.completion_tokens / 24))
            else:
                yield event

    def score(
        self, messages: Sequence[Message], text: str, *, after: str = ""
    ) -> tuple[TokenScore, ...]:
        """See `Engine`."""
        scores = super().score(messages, text, after=after)
        return tuple(TokenScore(e.text, _UNSURE.get(e.text, -0.1), 0) for e in scores)


@dataclass(frozen=True, slots=True)
class Scene:
    """A screen, and how to get there."""

    name: str
    play: Play
    """Ends when everything is there."""
    replies: tuple[Reply | str, ...] = (BEGINNING, OTHER, THIRD)
    prepare: Callable[[Path], object] = lambda _home: None
    """Puts into the home what is there before."""
    has_model: bool = True


def saved(home: Path, title: str, day: int, *words: str) -> None:
    """A session of that day in March 2024."""
    moment = datetime(2024, 3, day, 12, tzinfo=timezone.utc)
    store = SessionStore(home / "data" / "sessions")
    log = store.create(title=title)
    parent = None
    for number, content in enumerate(words):
        turn = Turn(new_turn_id(), parent, "assistant" if number % 2 else "user", content, moment)
        log.append(turn)
        parent = turn.id
    os.utime(log.path, (moment.timestamp(),) * 2)
    store.close()


def some_sessions(home: Path) -> None:
    """Three of two days."""
    saved(home, "Lighthouse titles", 5, "Three titles?", "Tide Tables for the Dead")
    saved(home, "A letter to the harbour master", 5, "More polite, please", "Dear Sir")
    saved(home, "Names for a boat", 2, "Five names for a boat", "The lamp sees them all: Petrel")


def some_prompts(home: Path) -> None:
    """One of the person's own, with a mistake, and one with tests."""
    folder = home / "config" / "prompts"
    folder.mkdir(parents=True)
    (folder / "letter.toml").write_text(
        'title = "A letter"\nsummary = "Answers a letter"\ntags = ["mine"]\n'
        'system = "You answer letters."\n'
        'user = """\nAnswer in a {{ tone }} tone:\n\n{{ text }}\n"""\n'
        '\n[variables.tone]\ntype = "string"\nchoices = ["warm", "cool"]\ndefualt = "warm"\n'
    )
    tests = "".join(
        f'[[tests]]\nname = "{name}"\ninput = "A"\nexpect = {{ contains = ["{word}"] }}\n'
        for name, word in (("names the ships", "ships"), ("says goodbye", "Goodbye"))
    )
    (folder / "greet.toml").write_text(f'title = "Greet"\ntags = ["mine"]\nsystem = "Hi."\n{tests}')


def a_draft(home: Path) -> None:
    """A file with three mistakes, in the folder where the app is started."""
    (home.parent / "light.md").write_text(DRAFT)


async def empty(stage: Stage) -> None:
    await stage.idle()


async def talking(stage: Stage) -> None:
    await stage.send("A tale in a few lines, with a list and some code.")
    await stage.press("tab")


async def branched(stage: Stage) -> None:
    """A question with two answers, the second of which is shown."""
    await stage.send(ASKED)
    await stage.press("tab", "r")
    await stage.idle()


async def thoughts(stage: Stage) -> None:
    await stage.send(ASKED)
    await stage.press("tab", "space")
    await stage.sees("▾ thought")


async def streaming(stage: Stage) -> None:
    await stage.type(ASKED)
    await stage.press("enter")
    await stage.sees("writing")
    stage.chat.query_one(StatusLine).rate = 24.0


async def loading(stage: Stage) -> None:
    await stage.idle()
    stage.chat.post_message(Busy(Activity("loading", 40, 100)))
    await stage.sees("40%")


async def reading(stage: Stage) -> None:
    await stage.send(ASKED)
    await stage.type("And then?")
    stage.chat.post_message(Busy(Activity("reading", 1024, 4096, can_stop=True)))
    await stage.sees("1,024 of 4,096")


async def banner(stage: Stage) -> None:
    await stage.send(ASKED)
    stage.chat.post_message(Failed("the model's process died: out of memory", can_retry=True))
    await stage.sees("F5 tries again")


async def completions(stage: Stage) -> None:
    await stage.type("/nothing")
    await stage.press("enter")
    await stage.until(lambda: stage.chat.composer.text == "/nothing")
    await stage.type("/re")
    await stage.until(lambda: stage.chat.completions.is_shown)


async def attached(stage: Stage) -> None:
    await stage.send(ASKED)
    for _ in range(2):
        stage.chat.composer.post_message(Composer.LongPaste("A long text.\n" * 40))
    await stage.sees("pasted text 2")


async def sessions_panel(stage: Stage) -> None:
    await branched(stage)
    stage.chat.action_command("/rename a bright end")
    await stage.idle()
    stage.app.clear_notifications()
    await stage.press("ctrl+b")
    await stage.sees("5 March 2024")
    await stage.press("down")


async def inspector(stage: Stage) -> None:
    await stage.send("/template tighten percent=30")
    stage.app.clear_notifications()
    await stage.press("f2")
    await stage.sees("temperature")
    await stage.idle()


async def search(stage: Stage) -> None:
    await stage.idle()
    await stage.press("ctrl+f", *"lamp")
    await stage.sees("1 found")


async def palette(stage: Stage) -> None:
    await stage.idle()
    await stage.press("ctrl+p")
    await stage.sees("/continue")


async def help_page(stage: Stage) -> None:
    await stage.idle()
    await stage.press("f1")
    await stage.sees("Keys")


async def prompts(stage: Stage) -> None:
    await stage.idle()
    await stage.press("f3")
    await stage.sees("find a prompt")
    await stage.press(*"tighten")
    await stage.sees("Take out about")


async def prompt_editor(stage: Stage) -> None:
    await stage.idle()
    await stage.press("f3")
    await stage.sees("find a prompt")
    await stage.press(*"letter")
    await stage.sees("✗")
    await stage.press("down", "e")
    await stage.sees("Ctrl+S save")
    await stage.sees("✗ ")


async def prompt_try(stage: Stage) -> None:
    await stage.idle()
    await stage.press("f3")
    await stage.sees("find a prompt")
    await stage.press(*"tighten")
    await stage.sees("Take out about")
    await stage.press("down", "t")
    await stage.sees("Ctrl+R try both")
    stage.app.screen.query_one(TextArea).text = "At this point in time, the lamp is lit."
    stage.app.screen.query("Input").last(Input).value = "proofread"
    await stage.press("ctrl+r")
    await stage.until(lambda: stage.screen_text().count("words") >= 2)


async def prompt_tests(stage: Stage) -> None:
    await stage.idle()
    await stage.press("f3")
    await stage.sees("find a prompt")
    await stage.press(*"greet")
    await stage.sees("Hi.")
    await stage.press("down", "T")
    await stage.sees("Esc closes")


async def models(stage: Stage) -> None:
    await stage.idle()
    await stage.press("f4")
    await stage.sees("To download")
    await shelved(stage, ROWS)
    stage.app.post_message(DownloadMoved(Download("small", "412 MB of 1.0 GB, 2 min left")))
    await stage.sees("412 MB")


async def first_start(stage: Stage) -> None:
    await stage.sees("There is no model yet")
    await shelved(stage, ROWS[3:])


async def done(stage: Stage, group: str) -> None:
    """Wait for what is looked up in threads."""
    workers = stage.app.workers
    await stage.until(lambda: all(w.is_finished for w in workers if w.group == group))
    await stage.pilot.pause()


async def shelved(stage: Stage, rows: Sequence[ShelfRow]) -> None:
    """Have models listed that are the same on every machine, once its own are."""
    screen = stage.app.screen
    assert isinstance(screen, ModelsScreen)
    await done(stage, "shelf")
    about = tuple(replace(row, about=ABOUT) for row in rows)
    screen.post_message(ModelsScreen.Taken(Shelf(about, (), 6 * GB)))
    await stage.sees(rows[-1].name)


async def settings(stage: Stage) -> None:
    await stage.idle()
    await stage.press("f8")
    await stage.sees("model")


async def drafts(stage: Stage) -> None:
    await stage.idle()
    await stage.press("ctrl+o")
    await stage.sees("Earlier changes")
    writes = (
        Write("light.md", "  2 min  write  light.md", None, ""),
        Write("letter.md", "   3 h   undo  letter.md", None, ""),
    )
    await done(stage, "lookups")
    stage.app.screen.post_message(Written(writes))
    await stage.sees("letter.md")


async def proofread(stage: Stage, draft: str) -> None:
    """Revise a file, and accept the first change."""
    await stage.idle()
    await stage.press("ctrl+o")
    await stage.sees("Earlier changes")
    stage.app.screen.query_one(Input).value = draft
    await stage.press("enter", "ctrl+r")
    await stage.until(lambda: isinstance(stage.app.screen, LiveReview))
    screen = stage.app.screen
    assert isinstance(screen, LiveReview)
    await stage.until(lambda: screen._review.is_complete)
    await stage.press("y")


async def review(stage: Stage) -> None:
    await proofread(stage, "light.md")
    await stage.sees("change 2 of 3")


async def map_of_it(stage: Stage) -> None:
    await branched(stage)
    stage.chat.action_command("/rename a bright end")
    await stage.idle()
    await stage.press("g", "r")
    await stage.idle()
    stage.app.clear_notifications()
    await stage.press("m")
    await stage.sees("← here")


async def comparison(stage: Stage) -> None:
    await map_of_it(stage)
    await stage.press("g", "j", "d")
    await stage.sees("leaves out")


async def alternatives(stage: Stage) -> None:
    await stage.send(ASKED)
    stage.chat.action_command("/regen n=3")
    await stage.sees("m merge")
    await stage.press("space", "right")


async def words(stage: Stage) -> None:
    await stage.send(ASKED)
    await stage.press("tab", "i")
    await stage.sees("next unsure")


async def other_words(stage: Stage) -> None:
    await words(stage)
    await stage.press("enter")
    await stage.sees("Esc back")


async def own_words(stage: Stage) -> None:
    await stage.send(ASKED)
    await stage.press("tab", "s")
    await stage.sees("worn out")


async def unsure(stage: Stage) -> None:
    await stage.send(ASKED)
    await stage.press("tab", "w")
    await stage.idle()


async def otherwise(stage: Stage) -> None:
    await stage.send(ASKED)
    await stage.press("tab", "R")
    await stage.sees("Escape cancels")
    await stage.idle()


async def editing(stage: Stage) -> None:
    await stage.send(ASKED)
    await stage.press("tab", "e")
    await stage.sees("Ctrl+S saves it")


async def picture(stage: Stage) -> None:
    await stage.send(ASKED)
    await stage.press("f12")
    await stage.sees("A file for the picture")


async def tokens(stage: Stage) -> None:
    await stage.send(ASKED)
    await stage.send("/tokens")
    await stage.until(lambda: len(stage.app.screen_stack) > 1)


SCENES = (
    Scene("empty", empty),
    Scene("talking", talking, (TALE,)),
    Scene("branched", branched),
    Scene("thoughts", thoughts, (Reply(BEGINNING, reasoning="Whose voice? The lamp's. " * 20),)),
    Scene("streaming", streaming, (Reply(f"{BEGINNING}\n\n", endless=True),)),
    Scene("loading", loading),
    Scene("reading", reading),
    Scene("banner", banner),
    Scene("completions", completions),
    Scene("attached", attached),
    Scene("sessions", sessions_panel, prepare=some_sessions),
    Scene("inspector", inspector),
    Scene("search", search, prepare=some_sessions),
    Scene("palette", palette),
    Scene("help", help_page),
    Scene("prompts", prompts),
    Scene("prompt-editor", prompt_editor, prepare=some_prompts),
    Scene("prompt-try", prompt_try),
    Scene("prompt-tests", prompt_tests, prepare=some_prompts),
    Scene("models", models),
    Scene("first-start", first_start, has_model=False),
    Scene("settings", settings),
    Scene("drafts", drafts),
    Scene("review", review, prepare=a_draft),
    Scene("map", map_of_it),
    Scene("comparison", comparison),
    Scene("alternatives", alternatives, ("x", BEGINNING, OTHER, THIRD)),
    Scene("words", words),
    Scene("other-words", other_words),
    Scene("own-words", own_words),
    Scene("unsure", unsure),
    Scene("otherwise", otherwise),
    Scene("editing", editing),
    Scene("picture", picture),
    Scene("tokens", tokens),
)
