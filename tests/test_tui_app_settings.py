"""F8: settings are seen with their meaning, changed, and written where they belong."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_pilot import Stage, perform
from textual.app import App
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Input

from tui.app.app import ChatApp
from tui.app.screens.settings import SettingsScreen
from tui.app.setting_rows import value_from
from tui.app.widgets.composer import Composer
from tui.config import Config, ConfigError, ConfigSources, load_config
from tui.config_writing import set_in_config
from tui.needed_keys import NEEDED_KEYS

SIZE = (120, 40)


async def opened(stage: Stage, name: str) -> SettingsScreen:
    """Open the settings, and have one's value typed."""
    await stage.idle()
    await stage.press("f8")
    screen = stage.app.screen
    assert isinstance(screen, SettingsScreen)
    await stage.until(lambda: screen._list.option_count)
    rows = [row.name if row else "" for row in screen._rows]
    screen._list.highlighted = rows.index(name)
    await stage.press("enter")
    await stage.until(lambda: screen.query_one(Input).has_focus)
    return screen


async def typed(stage: Stage, screen: SettingsScreen, text: str) -> None:
    screen.query_one(Input).value = text
    await stage.press("enter")


def test_a_setting_is_written_beside_what_is_there_and_counts_at_once(home: Path) -> None:
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('# mine\n[sampling]\ntop_k = 30 # few\n\n[endpoints.x]\nurl = "http://a/v1"\n')

    async def play(stage: Stage) -> None:
        screen = await opened(stage, "temperature")
        await typed(stage, screen, "0.35")
        await stage.sees("it counts from now on")
        await stage.press("escape")
        assert stage.app.screen is stage.chat
        await stage.send("Say hello.")
        sampling = stage.engine.requests[-1].sampling
        assert (sampling.temperature, sampling.top_k) == (0.35, 30)

    perform(play, home, size=SIZE)
    text = file.read_text()
    assert text.startswith("# mine\n[sampling]\ntop_k = 30 # few\ntemperature = 0.35\n")
    assert '[endpoints.x]\nurl = "http://a/v1"\n' in text


def test_a_file_that_became_broken_meanwhile_is_not_written_to(home: Path) -> None:
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True)

    async def play(stage: Stage) -> None:
        screen = await opened(stage, "temperature")
        file.write_text("theme = [")
        await typed(stage, screen, "0.35")
        await stage.is_told(f"{file}: Invalid value (at end of document); fix it first")

    perform(play, home, size=SIZE)
    assert file.read_text() == "theme = ["


def test_a_name_whose_bytes_are_no_text_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    with pytest.raises(ConfigError, match=r"'tale\\udcff' is not UTF-8: give it another name"):
        set_in_config(file, ("model",), "tale\udcff")
    assert not file.exists()


def test_what_cannot_be_is_refused_and_nothing_takes_a_setting_out(home: Path) -> None:
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("max_tokens = 50\n")

    async def play(stage: Stage) -> None:
        screen = await opened(stage, "max_tokens")
        await typed(stage, screen, "many")
        await stage.sees("max_tokens must be a whole number")
        assert file.read_text() == "max_tokens = 50\n"
        await typed(stage, screen, "")
        await stage.until(lambda: not file.read_text().strip())

    perform(play, home, size=SIZE)


def test_a_key_is_given_to_an_action_and_works_at_once(home: Path) -> None:
    async def play(stage: Stage) -> None:
        screen = await opened(stage, "app.sessions")
        await typed(stage, screen, "f10")
        await stage.sees("it counts from now on")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.chat)
        await stage.press("f10")
        await stage.sees("find a session")

    perform(play, home, size=SIZE)
    assert '"app.sessions" = "f10"' in (home / "config" / "config.toml").read_text()


def test_a_key_that_would_leave_none_to_send_is_refused_with_the_reason(home: Path) -> None:
    async def play(stage: Stage) -> None:
        screen = await opened(stage, "composer.newline")
        await typed(stage, screen, "enter")
        await stage.sees("composer.send would have no key that sends: enter is that of")
        await typed(stage, screen, "f5,ctrl+j")
        await stage.sees("it counts from now on")
        await stage.press("escape")
        await stage.press("o", "k", "f5", "enter")
        await stage.until(lambda: stage.contents == ["ok", "Hello there."])

    perform(play, home, size=SIZE)
    assert "enter" not in (home / "config" / "config.toml").read_text()


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"composer.newline": "enter"}, "sends: enter is that of composer.newline"),
        ({"app.palette": "f5,enter"}, "sends: enter is that of app.palette"),
        ({"composer.send": "ctrl+q"}, "sends: ctrl+q is that of app.leave"),
        ({"composer.send": "s, entr"}, "sends: 's' is none, or a letter; 'entr' is none"),
        ({"app.help": "ctrl+q"}, "leaves: ctrl+q is that of app.help"),
        ({"app.leave": "q"}, "leaves: 'q' is none"),
        ({"app.leave": "ctrl+m"}, "leaves: 'ctrl+m' is none"),
        ({"composer.newline": "enter", "composer.send": "alt+enter"}, ""),
        ({"composer.send": "ctrl+j", "chat.new": "enter", "turns.edit": "enter"}, ""),
        ({"composer.send": "enter,ctrl+q"}, ""),
        ({"app.leave": "ctrl+p", "composer.send": ""}, ""),
    ],
)
def test_some_key_sends_and_some_key_leaves_whatever_the_configuration_says(
    tmp_path: Path, keys: dict[str, str], reason: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[keys]\n" + "".join(f'"{name}" = "{key}"\n' for name, key in keys.items()))
    if not reason:
        assert load_config(ConfigSources(file), {}).keys == keys
        return
    with pytest.raises(ConfigError) as refused:
        load_config(ConfigSources(file), {})
    assert str(refused.value).startswith(f"{file}: keys: ")
    assert reason in str(refused.value)


def test_two_sources_together_cannot_take_the_key_that_sends(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        '[keys]\n"composer.newline" = "f5"\n[profiles.odd.keys]\n"composer.send" = "f5"\n'
    )
    with pytest.raises(ConfigError, match=r"profile odd of .*f5 is that of composer\.newline"):
        load_config(ConfigSources(file, profile="odd"), {})


def test_what_takes_keys_from_others_is_what_the_app_has(home: Path) -> None:
    def ids(kind: type[App[int] | Widget]) -> set[str]:
        bindings = [each for each in kind.BINDINGS if isinstance(each, Binding)]
        return {str(each.id) for each in bindings}

    async def play(stage: Stage) -> None:
        before = {
            str(each.binding.id): each.binding.key
            for each in stage.chat.active_bindings.values()
            if each.binding.priority
        }
        send, leave = NEEDED_KEYS
        assert {send.name, *send.beside} == ids(Composer)
        assert send.before == before
        assert {leave.name, *leave.beside} == ids(ChatApp)

    perform(play, home)


def test_a_theme_is_taken_on_and_what_wins_over_the_file_is_named(home: Path) -> None:
    async def play(stage: Stage) -> None:
        screen = await opened(stage, "theme")
        await typed(stage, screen, "nord")
        await stage.until(lambda: stage.app.theme == "nord")
        await stage.press("escape")
        stage.app.runtime.environment = {"CHAT_OFFLINE": "1"}
        screen = await opened(stage, "offline")
        await typed(stage, screen, "false")
        await stage.sees("saved, but CHAT_OFFLINE overrides it")

    perform(play, home, size=SIZE)


def test_a_table_that_is_not_there_is_made(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    set_in_config(file, ("snapshots", "enabled"), False)
    set_in_config(file, ("model",), "tiny")
    assert file.read_text() == 'model = "tiny"\n\n[snapshots]\nenabled = false\n'
    set_in_config(file, ("snapshots", "enabled"), None)
    assert "enabled" not in file.read_text()


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        (("offline",), "yes", True),
        (("n_ctx",), "4096", 4096),
        (("sampling", "dry_sequence_breakers"), "\\n,:", ["\n", ":"]),
        (("sampling", "logit_bias"), "whale=-2", {"whale": -2}),
        (("keys", "chat.new"), "f7", "f7"),
        (("model",), " ", None),
    ],
)
def test_what_is_typed_becomes_what_toml_has(
    path: tuple[str, ...], text: str, value: object
) -> None:
    assert value_from(path, text, Config()) == value
