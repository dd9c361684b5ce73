"""Pictures of every screen, in two sizes, dark and light: what a person sees is what it was when
somebody last looked at it.

``pytest tests/test_tui_app_snapshots.py --snapshot-update`` takes them anew; look at them then. A
setting, a command, a key or a packaged prompt that is new is in one of them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from app_pilot import Stage, perform
from app_scenes import SCENES, Novelist, Scene
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.screen import Screen
from textual.widgets import Input, TextArea

SIZES = ((80, 24), (140, 40))
THEMES = {"dark": "ink", "light": "paper"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ``CHAT_HOME`` below the person's home, so that paths are the same everywhere."""
    person = tmp_path / "anna"
    person.mkdir()
    monkeypatch.chdir(person)
    for name in tuple(os.environ):
        if name in ("NO_COLOR", "CHAT_MODEL") or name.startswith(("HF_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(person))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    return person / "chat"


@pytest.mark.parametrize("scene", SCENES, ids=[scene.name for scene in SCENES])
def test_a_screen_looks_as_it_did(
    snapshot: SnapshotAssertion,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scene: Scene,
) -> None:
    monkeypatch.setattr("engine.models.stores._STARTER_PACKAGE", "not_installed")
    pictures = snapshot.use_extension(SVGImageExtension)
    engine = Novelist(scene.replies)
    engine.model_name = "tiny"
    if scene.has_model:
        (home / "data" / "models").mkdir(parents=True)
        (home / "data" / "models" / "tiny.gguf").touch()
    scene.prepare(home)

    async def play(stage: Stage) -> None:
        stage.engine = engine
        stage.chat.composer.cursor_blink = False
        await scene.play(stage)
        for colours, theme in THEMES.items():
            stage.app.theme = theme
            stage.app.refresh_css(animate=False)
            for width, height in SIZES:
                await stage.pilot.resize_terminal(width, height)
                svg = await picture(stage)
                name = f"{width}x{height}-{colours}"
                if svg != pictures(name=name):
                    seen = tmp_path / f"{scene.name}-{name}.svg"
                    seen.write_text(svg, encoding="utf-8")
                    different.append(str(seen))

    different: list[str] = []
    perform(play, home, starter=lambda _path, _options: engine)
    assert not different, "look at these; --snapshot-update takes them as they are now"


async def picture(stage: Stage) -> str:
    """The screen as SVG, once nothing on it changes any more."""
    for screen in stage.app.screen_stack:
        for line in screen.query(Input):
            line.cursor_blink = False
        for area in screen.query(TextArea):
            area.cursor_blink = False
            # What was drawn while the cursor was not seen would be taken again.
            area._line_cache.clear()
            area.refresh()
    before, now = None, look(stage.app.screen_stack)
    while now != before:
        await stage.pilot.pause(0.03)
        before, now = now, look(stage.app.screen_stack)
    return stage.app.export_screenshot(title="chat", simplify=True)


def look(screens: Sequence[Screen[object]]) -> list[object]:
    """Every cell of the screens, with its colours."""
    return [[list(strip) for strip in screen._compositor.render_strips()] for screen in screens]
