"""Pictures of the app: what a person sees is what it was when somebody last looked at it.

``pytest tests/test_tui_app_snapshots.py --snapshot-update`` takes them anew; look at them then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from app_pilot import Stage, staged
from textual.pilot import Pilot

SnapCompare: TypeAlias = Callable[..., bool]

ANSWER = """\
# The lamp

A **lighthouse keeper** climbs the stairs each evening, and *each evening* there is one stair more.

- She counts them aloud.
- She writes the number down with `chalk`.

> Nobody has ever asked her why.

```python
stairs += 1
```

The rest is [here](https://example.org/lamp)."""


def pictured(stage: Stage, play: Callable[[], Awaitable[None]]) -> Callable[[Pilot[int]], object]:
    """Plays before the picture is taken, and waits until everything is there."""

    async def run(pilot: Pilot[int]) -> None:
        stage.pilot = pilot
        stage.chat.composer.cursor_blink = False
        await stage.until(lambda: stage.overview.session)
        await play()
        await stage.idle()

    return run


@pytest.mark.parametrize("size", [(80, 24), (140, 40)], ids=["80x24", "140x40"])
@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
def test_a_conversation(
    snap_compare: SnapCompare, home: Path, size: tuple[int, int], theme: str
) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(f'theme = "{theme}"\n')
    stage = staged(home, replies=[ANSWER])

    async def play() -> None:
        await stage.send("A tale in a few lines, with a list and some code.")
        await stage.press("tab")

    assert snap_compare(stage.app, terminal_size=size, run_before=pictured(stage, play))


def test_a_list_of_commands_and_a_failure(snap_compare: SnapCompare, home: Path) -> None:
    stage = staged(home)

    async def play() -> None:
        await stage.type("/nothing")
        await stage.press("enter")
        await stage.until(lambda: stage.chat.composer.text == "/nothing")
        await stage.type("/re")
        await stage.until(lambda: stage.chat.completions.is_shown)

    assert snap_compare(stage.app, terminal_size=(80, 24), run_before=pictured(stage, play))


def test_the_map(snap_compare: SnapCompare, home: Path) -> None:
    stage = staged(home, replies=["Dawn.", "The lamp went out.", "It burned all night.", "Dusk."])

    async def play() -> None:
        await stage.send("A tale of a lighthouse")
        await stage.send("And then?")
        await stage.press("tab", "r")
        await stage.idle()
        stage.chat.action_command("/rename a bright end")
        await stage.idle()
        await stage.press("g", "r")
        await stage.idle()
        stage.app.clear_notifications()
        await stage.press("m")
        await stage.sees("← here")

    assert snap_compare(stage.app, terminal_size=(80, 24), run_before=pictured(stage, play))


def test_answers_side_by_side(snap_compare: SnapCompare, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text('theme = "textual-light"\n')
    stage = staged(home, replies=["x", "Dawn.\n\nA gull cries.", ANSWER, "Dusk."])

    async def play() -> None:
        await stage.send("A tale of a lighthouse")
        stage.chat.action_command("/regen n=3")
        await stage.sees("Esc keeps all")
        await stage.press("space", "right")

    assert snap_compare(stage.app, terminal_size=(140, 40), run_before=pictured(stage, play))


def test_inside_the_words(snap_compare: SnapCompare, home: Path) -> None:
    stage = staged(home, replies=["I am a lighthouse keeper.\n\nNobody has ever asked me why."])

    async def play() -> None:
        await stage.send("Who are you?")
        await stage.press("tab", "i")
        await stage.sees("next unsure")
        await stage.press("n", "enter")
        await stage.sees("Esc goes back")

    assert snap_compare(stage.app, terminal_size=(80, 24), run_before=pictured(stage, play))
