"""The app's models screen: what is listed, used, downloaded from a hub on loopback, and deleted."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from threading import Event as Flag

import pytest
from app_pilot import PATIENCE_S, PacedEngine, Stage, engines_by_name, perform, placed
from hub_server import HubServer, hub_server
from textual.widgets import Input, OptionList
from tiny_gguf import tiny_gguf

from engine.load_options import LoadOptions
from engine.protocol import Engine
from engine.types import Event, Loading
from tui.app.screens.models import ModelsScreen
from tui.widgets.dialogs import ChooseVersion, Confirm, ShowText

TALE = tiny_gguf() + bytes(200_000)
REPO = "some/Tale-GGUF"


@pytest.fixture(autouse=True)
def no_starter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The starter's wheel is not there, and what is set in the environment does not reach a hub."""
    monkeypatch.setattr("engine.models.stores._STARTER_PACKAGE", "not_installed")
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """A hub with two quantizations of a model."""
    with hub_server() as server:
        server.repos[REPO] = {"Tale-Q4_K_M.gguf": TALE, "Tale-Q8_0.gguf": TALE + bytes(3000)}
        yield server


def line_with(stage: Stage, words: str) -> str:
    """The first line of the screen with these words."""
    return next(row for row in stage.screen_text().split("\n") if words in row)


def test_models_are_listed_with_what_they_need_and_another_goes_on(home: Path) -> None:
    placed(home, "harbour", "lamp")

    async def play(stage: Stage) -> None:
        await stage.send("Who are you?")
        await stage.press("f4")
        await stage.sees("On this machine")
        assert "● harbour" in stage.screen_text()
        row = line_with(stage, "  lamp ").split()
        assert "fits" in row
        assert "kB" in row
        await stage.press("j")
        await stage.until(lambda: "lamp.gguf" in "".join(stage.screen_text().split()))
        await stage.press("enter")
        await stage.until(lambda: stage.overview.model == "lamp")
        assert stage.app.screen is stage.chat
        await stage.send("And now?")
        assert stage.contents == ["Who are you?", "I am harbour.", "And now?", "I am lamp."]

    perform(play, home, starter=engines_by_name(), size=(100, 30))


def test_the_model_in_use_is_told_to_be_in_use_and_not_loaded_again(home: Path) -> None:
    placed(home, "harbour", "lamp")
    started: list[Path] = []

    def start(path: Path, options: LoadOptions) -> Engine:
        started.append(path)
        return engines_by_name()(path, options)

    async def play(stage: Stage) -> None:
        await stage.idle()
        await stage.press("f4")
        await stage.sees("On this machine")
        await stage.press("enter")
        await stage.is_told("harbour is already in use")

    perform(play, home, starter=start, size=(100, 30))
    assert [path.stem for path in started] == ["harbour"]


def test_a_model_that_was_given_by_its_path_is_listed_while_it_answers(home: Path) -> None:
    placed(home, "harbour")
    outside = home / "Downloads" / "tale.gguf"
    outside.parent.mkdir()
    outside.write_bytes(tiny_gguf())

    async def play(stage: Stage) -> None:
        await stage.press("f4")
        await stage.sees("On this machine")
        await stage.press("slash")
        stage.app.screen.query_one(Input).value = str(outside)
        await stage.press("enter")
        await stage.until(lambda: stage.overview.model == "tale")
        await stage.press("f4")
        await stage.sees("● tale")
        assert "● harbour" not in stage.screen_text()
        await stage.press("g", "d")
        await stage.sees("tale is now the default")

    perform(play, home, starter=engines_by_name(), size=(100, 40))
    assert f'model = "{outside}"' in (home / "config" / "config.toml").read_text()


class Heavy(PacedEngine):
    """Takes a while to be loaded."""

    def __init__(self, name: str) -> None:
        super().__init__([f"I am {name}."])
        self.model_name = name
        self.may_load = Flag()

    def load(self) -> Generator[Event, None, None]:
        """See `Engine`."""
        yield Loading(0.4)
        self.may_load.wait(PATIENCE_S)


def test_while_another_model_is_loaded_a_bar_says_how_far_it_is(home: Path) -> None:
    placed(home, "harbour", "lamp")
    engines = {name: Heavy(name) for name in ("harbour", "lamp")}
    engines["harbour"].may_load.set()

    async def play(stage: Stage) -> None:
        await stage.send("Who are you?")
        await stage.press("f4")
        await stage.sees("On this machine")
        await stage.press("j", "enter")
        await stage.until(lambda: stage.app.screen is stage.chat)
        await stage.sees("━━━━────")
        await stage.sees("40%")
        assert stage.overview.model == "harbour"
        engines["lamp"].may_load.set()
        await stage.until(lambda: stage.overview.model == "lamp")
        await stage.idle()
        assert "40%" not in stage.screen_text()

    perform(play, home, starter=lambda path, _options: engines[path.stem])


def test_a_default_is_kept_and_marked_and_all_of_a_model_is_told(home: Path) -> None:
    placed(home, "harbour", "lamp")

    async def play(stage: Stage) -> None:
        await stage.press("f4")
        await stage.sees("On this machine")
        await stage.press("j", "d")
        await stage.sees("lamp is now the default")
        await stage.until(lambda: "★" in line_with(stage, " lamp "))
        await stage.press("k", "d")
        await stage.sees("●★ harbour ")
        await stage.sees("answers now and is the default")
        await stage.press("j", "d")
        await stage.until(lambda: "★" in line_with(stage, " lamp "))
        await stage.strike("i")
        await stage.until(lambda: isinstance(stage.app.screen, ShowText))
        await stage.sees("architecture: llama")

    perform(play, home, starter=engines_by_name(), size=(100, 40))
    assert 'model = "lamp"' in (home / "config" / "config.toml").read_text()


def test_the_list_takes_the_movements_of_vi_and_emacs(home: Path) -> None:
    placed(home, "alpha", "beta")

    async def play(stage: Stage) -> None:
        await stage.press("f4")
        await stage.sees("On this machine")
        models = stage.app.screen.query_one(OptionList)
        first = models.highlighted
        assert first is not None
        for down, up in (("j", "k"), ("ctrl+n", "ctrl+p"), ("G", "g")):
            await stage.press(down)
            assert models.highlighted is not None
            assert models.highlighted > first
            await stage.press(up)
            assert models.highlighted == first

    perform(play, home, starter=engines_by_name())


def test_a_model_is_deleted_only_on_a_yes(home: Path) -> None:
    folder = placed(home, "harbour", "lamp")

    async def play(stage: Stage) -> None:
        await stage.press("f4")
        await stage.sees("On this machine")
        await stage.press("j")
        for answer, outcome in (("n", "nothing was deleted"), ("y", "deleted lamp")):
            assert (folder / "lamp.gguf").exists()
            await stage.strike("x")
            await stage.until(lambda: isinstance(stage.app.screen, Confirm))
            await stage.press(answer)
            await stage.sees(outcome)
        assert not (folder / "lamp.gguf").exists()
        await stage.until(lambda: " lamp  " not in stage.screen_text())

    perform(play, home, starter=engines_by_name(), size=(100, 40))


def test_without_a_model_one_is_downloaded_and_used_at_once(
    home: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)

    async def play(stage: Stage) -> None:
        await stage.sees("There is no model yet")
        assert "starter" in stage.screen_text()
        assert "fits" in line_with(stage, "smollm2-135m")
        stage.app.screen.query_one(Input).value = f"hf:{REPO}"
        await stage.press("tab")
        await stage.strike("enter")
        await stage.until(lambda: isinstance(stage.app.screen, ChooseVersion))
        await stage.sees("Q8_0")
        await stage.press("enter")
        await stage.until(lambda: stage.overview.model == "Tale-Q4_K_M")
        assert stage.app.screen is stage.chat
        await stage.send("Who are you?")
        assert stage.contents[-1] == "I am Tale-Q4_K_M."

    environment = {"HF_ENDPOINT": hub.url}
    perform(play, home, starter=engines_by_name(), size=(100, 30), environment=environment)
    assert (home / "data" / "models" / REPO / "Tale-Q4_K_M.gguf").read_bytes() == TALE


def test_a_download_is_stopped_kept_and_gone_on_with(home: Path, hub: HubServer) -> None:
    placed(home, "harbour")
    hub.stall_after = 100_000
    parts = home / "data" / "models" / ".downloads"

    async def play(stage: Stage) -> None:
        await stage.press("f4")
        await stage.sees("On this machine")
        stage.app.screen.query_one(Input).value = f"hf:{REPO}:Q4_K_M"
        await stage.press("slash", "enter")
        await stage.until(lambda: any(part.stat().st_size for part in parts.glob("*.part")))
        await stage.sees("Tale-Q4_K_M: ")
        await stage.press("s")
        hub.stall_after = None
        hub.closing.set()
        await stage.sees("resumes where this one")
        assert stage.overview.model == "harbour"

    environment = {"HF_ENDPOINT": hub.url}
    perform(play, home, starter=engines_by_name(), size=(100, 30), environment=environment)
    assert [part.stat().st_size for part in parts.glob("*.part")] != []


def test_what_came_of_a_download_is_told_where_the_screen_was_left(
    home: Path, hub: HubServer
) -> None:
    placed(home, "harbour")

    async def play(stage: Stage) -> None:
        await stage.idle()
        for named, told in ((REPO, "there are several"), ("Tale/Missing", "no repository")):
            stage.app.downloader.begin(f"hf:{named}")
            await stage.is_told(told)
            await stage.until(lambda: not stage.app.downloader.is_busy)

    environment = {"HF_ENDPOINT": hub.url}
    perform(play, home, starter=engines_by_name(), size=(100, 30), environment=environment)


def test_what_cannot_be_downloaded_is_told_and_offline_asks_nobody(
    home: Path, hub: HubServer
) -> None:
    placed(home, "harbour")

    async def play(stage: Stage) -> None:
        await stage.press("f4")
        await stage.sees("To download")
        await stage.press("end", "enter")
        await stage.sees("offline is set, so nothing is downloaded")
        assert isinstance(stage.app.screen, ModelsScreen)
        assert hub.asked == []

    environment = {"HF_ENDPOINT": hub.url, "CHAT_OFFLINE": "1"}
    perform(play, home, starter=engines_by_name(), size=(100, 30), environment=environment)


def test_a_model_is_measured_and_the_figures_are_shown(home: Path) -> None:
    placed(home, "harbour")

    async def play(stage: Stage) -> None:
        await stage.idle()
        await stage.press("f4")
        await stage.sees("On this machine")
        await stage.strike("b")
        await stage.until(lambda: isinstance(stage.app.screen, ShowText))
        await stage.sees("model")

    perform(play, home, starter=engines_by_name(), size=(100, 40))


def test_on_a_small_screen_name_size_and_fit_are_left(home: Path) -> None:
    placed(home, "harbour")

    async def play(stage: Stage) -> None:
        await stage.press("f4")
        await stage.sees("On this machine")
        assert line_with(stage, "●★ harbour  ").split()[-1] == "fits"

    perform(play, home, starter=engines_by_name(), size=(46, 14))
