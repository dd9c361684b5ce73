"""Where settings come from, which of them wins, and how the file is written."""

from __future__ import annotations

import json
from pathlib import Path

import pexpect
import pytest
from pseudo_terminal import Terminal
from scripted_chat import Chat

from tui.config import checked_settings
from tui.config_file import default_config
from tui.config_keys import KEYS


@pytest.fixture
def user_file(chat: Chat) -> Path:
    file = chat.home / "config" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    return file


@pytest.fixture
def project_file(chat: Chat, tmp_path: Path) -> Path:
    """In the folder above the working one."""
    file = tmp_path / ".chat" / "config.toml"
    file.parent.mkdir()
    return file


def shown(chat: Chat, *arguments: str) -> dict[str, dict[str, object]]:
    assert chat("config", "show", "--origin", "--json", *arguments) == 0
    settings: dict[str, dict[str, object]] = json.loads(chat.out)
    return settings


def test_the_nearest_source_wins_and_is_named(
    chat: Chat, user_file: Path, project_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_file.write_text('model = "a"\nsystem = "Mine."\nmax_tokens = 5\nn_ctx = 600\n')
    project_file.write_text('system = "Ours."\nmax_tokens = 6\n')
    monkeypatch.setenv("CHAT_MODEL", "tiny")
    found = shown(chat)
    assert found["model"] == {"value": "tiny", "origin": "CHAT_MODEL"}
    assert found["system"] == {"value": "Ours.", "origin": str(project_file)}
    assert found["n_ctx"] == {"value": 600, "origin": str(user_file)}
    assert found["threads"] == {"value": None, "origin": "default"}
    assert chat("--max-tokens", "7", "Hi") == 0
    assert chat.engine.requests[-1].max_tokens == 7
    assert chat.asked[0] == ("system", "Ours.")


def test_origins_are_said_as_comments_too(chat: Chat, user_file: Path) -> None:
    user_file.write_text("[sampling]\ntop_k = 3\n")
    assert chat("config", "show", "--origin") == 0
    assert f"top_k = 3  # {user_file}\n" in chat.out
    assert "top_p = 0.95  # default\n" in chat.out


def test_a_project_sets_how_answers_read_and_nothing_else(
    chat: Chat, user_file: Path, project_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project_file.write_text(
        'model = "evil.gguf"\nmax_tokens = 3\n[snapshots]\nenabled = false\n'
        '[sampling]\ntemperature = 0\n[profiles.x]\nsystem = "y"\n'
    )
    below = tmp_path / "chapters" / "one"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert chat("Hi") == 0
    assert chat.loaded[0].stem == "tiny"
    assert chat.loaded[1].snapshots is not None
    request = chat.engine.requests[-1]
    assert (request.max_tokens, request.sampling.temperature) == (3, 0)
    for name in ("model", "snapshots.enabled", "profiles.x.system"):
        assert f"{name} is ignored: a project cannot set it, only you can" in chat.err


def test_only_what_is_declared_for_projects_is_theirs() -> None:
    allowed = {key.name for key in KEYS if key.in_project and key.path[0] != "sampling"}
    assert allowed == {"system", "max_tokens"}


def test_a_profile_is_put_over_everything_by_its_name(
    chat: Chat, user_file: Path, project_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_file.write_text(
        'max_tokens = 5\n[profiles.fast]\nmodel = "tiny"\nmax_tokens = 8\n'
        "sampling.temperature = 0\nsnapshots.enabled = false\n[profiles.long]\nmax_tokens = 900\n"
    )
    project_file.write_text("max_tokens = 6\n")
    monkeypatch.setenv("CHAT_MODEL", "none-such")
    assert chat("--profile", "fast", "Hi") == 0
    request = chat.engine.requests[-1]
    assert (request.max_tokens, request.sampling.temperature) == (8, 0)
    assert chat.loaded[1].snapshots is None
    assert chat("--profile", "fast", "--max-tokens", "9", "Hi") == 0
    assert chat.engine.requests[-1].max_tokens == 9
    found = shown(chat, "--profile", "fast")
    assert found["max_tokens"] == {"value": 8, "origin": f"profile fast of {user_file}"}
    monkeypatch.setenv("CHAT_PROFILE", "long")
    assert shown(chat)["max_tokens"]["value"] == 900
    assert shown(chat, "--profile", "fast")["max_tokens"]["value"] == 8


def test_a_profile_that_there_is_not_is_wrong_usage(chat: Chat, user_file: Path) -> None:
    user_file.write_text("[profiles.fast]\nmax_tokens = 8\n")
    assert chat("--profile", "fsat", "Hi") == 2
    assert "has no profile 'fsat'; did you mean fast?" in chat.err
    assert chat.err.count("\n") == 1


def test_a_profile_whose_keys_all_mean_nothing_is_there_and_pointed_out(
    chat: Chat, user_file: Path
) -> None:
    user_file.write_text("[profiles.fast]\nmax_tokns = 8\n")
    assert chat("--profile", "fast", "Hi") == 0
    assert "did you mean profiles.fast.max_tokens?" in chat.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("temperature = 1", "unknown key temperature; did you mean sampling.temperature?"),
        ("[snapshots]\nenable = true", "did you mean snapshots.enabled?"),
        ("[sampeling]\nx = 1", "unknown key sampeling; did you mean sampling?"),
        ("[profiles.fast]\nmodell = 'x'", "did you mean profiles.fast.model?"),
        ("[profiles.fast.profiles.x]\nmodel = 'x'", "unknown key profiles.fast.profiles"),
        ("qqq = 1", "unknown key qqq\n"),
    ],
)
def test_a_key_that_means_nothing_is_pointed_out(
    chat: Chat, user_file: Path, text: str, words: str
) -> None:
    user_file.write_text(text)
    assert chat("config", "show") == 0
    assert words in chat.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sampling = 3", "sampling must be a table"),
        ("profiles = 3", "profiles must be a table"),
        ("profiles.fast = 3", "profiles.fast must be a table"),
        ("[profiles.fast]\nn_ctx = 0", "profiles.fast.n_ctx must be a whole number from 1"),
        ("[snapshots]\nenabled = 1", "snapshots.enabled must be true or false"),
        ("[snapshots]\nbudget_mib = 0", "snapshots.budget_mib must be a whole number from 1"),
        ("max_tokens = true", "max_tokens must be a whole number"),
    ],
)
def test_a_value_that_cannot_be_used_ends_in_a_line(
    chat: Chat, user_file: Path, text: str, words: str
) -> None:
    user_file.write_text(text)
    assert chat("config", "show") == 1
    assert f"config.toml: {words}" in chat.err
    assert chat.err.count("\n") == 1


def test_the_default_file_explains_every_key_and_sets_none(chat: Chat, user_file: Path) -> None:
    assert chat("config", "edit") == 0
    assert chat.out.strip() == str(user_file)
    text = user_file.read_text()
    assert text == default_config()
    assert user_file.stat().st_mode & 0o777 == 0o600
    assert checked_settings(user_file, text) == ({}, [])
    assert all(key.meaning in text for key in KEYS)
    assert chat("config", "edit") == 2
    assert "no terminal for an editor" in chat.err


def test_every_line_of_the_default_file_can_be_put_in_force(tmp_path: Path) -> None:
    lines = default_config().splitlines()
    settings = [line.removeprefix("# ") if " = " in line or "# [" in line else "" for line in lines]
    headings = [line if line.startswith("[") else "" for line in lines]
    text = "\n".join(one or other for one, other in zip(settings, headings, strict=True))
    values, warnings = checked_settings(tmp_path / "config.toml", text)
    assert warnings == []
    assert {path for path in values if path[0] != "profiles"} == {
        tuple("NAME" if part == "*" else part for part in key.path) for key in KEYS
    }


def test_the_file_is_edited_until_it_is_sound(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor"
    editor.write_text(
        '#!/bin/sh\ngrep -q "^n_ctx" "$1" && sed -i "s/^n_ctx.*/n_ctx = 512/" "$1" && exit\n'
        'sed -i "0,/^# n_ctx = .*/s//n_ctx = 0/" "$1"\n'
    )
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", str(editor))
    process = terminal.start("config", "edit")
    process.expect("n_ctx must be a whole number")
    process.expect("\\[e\\]dit again")
    process.send("e\r")
    process.expect("config.toml")
    process.expect(pexpect.EOF)
    file = terminal.home / "config" / "config.toml"
    values, warnings = checked_settings(file, file.read_text())
    assert (values, warnings) == ({("n_ctx",): 512}, [])
