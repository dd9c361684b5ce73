"""Completion of command lines: what is offered, and what real shells make of it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pexpect
import pytest
from leftovers import Cleanup
from pseudo_terminal import CHAT
from scripted_chat import Chat

from tui.completion import SHELLS, completions

TITLE = "A tale, of two: harbours"


def offered(*words: str) -> dict[str, str | None]:
    """What the last word may become, with the meanings."""
    return {item.value: item.help for item in completions(words[:-1], words[-1])}


def test_the_first_word_may_be_a_subcommand_and_others_are_its_own(chat: Chat) -> None:
    assert {"sessions", "completion"} <= set(offered(""))
    assert set(offered("mod")) == {"models"}
    assert {"list", "show", "search"} <= set(offered("sessions", ""))
    assert "--limit" in offered("sessions", "list", "--")
    assert {"--json", "--help-all"} <= set(offered("--"))


def test_names_come_with_their_meanings(chat: Chat) -> None:
    assert chat("first question") == 0
    assert chat("sessions", "rename", "first", TITLE) == 0
    assert offered("-t", "tigh") == {"tighten": "Say the same in fewer words"}
    assert set(offered("-m", "tin")) == {"tiny"}
    assert set(offered("sessions", "show", "A ta")) == {TITLE}
    assert set(offered("--session", "")) == {TITLE}
    assert "ago, " in (offered("--session", "")[TITLE] or "")


def test_models_to_download_and_ways_to_quantize_are_offered(chat: Chat) -> None:
    assert "spelling" in (offered("models", "pull", "qwen2.5-1")["qwen2.5-1.5b"] or "")
    assert {"Q4_K_M", "Q4_0"} <= set(offered("models", "quantize", "a", "b", "Q4"))


def test_sessions_of_one_title_go_by_their_ids(chat: Chat) -> None:
    for _ in range(2):
        assert chat("same words") == 0
    assert all(len(name) == 26 for name in offered("sessions", "show", ""))


def test_a_prompts_variables_and_their_values_are_offered(chat: Chat) -> None:
    folder = chat.home / "config" / "prompts"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(
        'user = "{{ tone }} {{ short }} {{ words }} {{ text }}"\n[variables.tone]\n'
        'type = "choice"\nchoices = ["warm", "cool"]\ndefault = "warm"\ndescription = "How"\n'
        '[variables.short]\ntype = "bool"\ndefault = true\n'
        '[variables.words]\ntype = "int"\ndefault = 40\n'
    )
    assert offered("-t", "mine", "-p", "") == {"tone": "How", "short": "bool", "words": "int"}
    assert set(offered("-t", "mine", "-p", "tone", "")) == {"warm", "cool"}
    assert set(offered("-t", "mine", "-p", "tone", "warm", "-p", "short", "")) == {"true", "false"}
    assert set(offered("-t", "mine", "-p", "words", "")) == {"40"}
    assert offered("-t", "none-such", "-p", "") == {}


def test_settings_and_profiles_are_offered(chat: Chat) -> None:
    file = chat.home / "config" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("[profiles.fast]\nmax_tokens = 3\nthreads = 2\n[profiles.long]\nn_ctx = 99\n")
    assert set(offered("--profile", "")) == {"fast", "long"}
    assert {"temperature", "n_ctx"} <= set(offered("-o", ""))
    assert set(offered("-o", "kv_type", "")) == {"f16", "q8_0", "q4_0"}
    assert offered("-o", "top_p", "") == {"0.95": "0 to 1"}


def test_where_nothing_can_be_found_out_nothing_is_offered(chat: Chat) -> None:
    (chat.home / "config").mkdir(exist_ok=True)
    (chat.home / "config" / "config.toml").write_text("= broken")
    (chat.home / "data" / "sessions").write_text("in the way")
    assert offered("--profile", "") == offered("--session", "") == {}


@pytest.fixture
def program(chat: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``chat`` on the path, with one session that has a title."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "chat").write_text(f'#!/bin/sh\nexec {shlex.quote(CHAT)} "$@"\n')
    (folder / "chat").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("TERM", "dumb")
    assert chat("first question") == 0
    assert chat("sessions", "rename", "first", TITLE) == 0


def shell(name: str) -> str:
    return shutil.which(name) or pytest.skip(f"{name} is not installed")


@pytest.mark.usefixtures("program")
def test_bash_completes_and_quotes(cleanup: Cleanup) -> None:
    bash = cleanup(pexpect.spawn(shell("bash"), ["--norc", "--noprofile", "-i"], encoding="utf-8"))
    bash.sendline("PS1='> '; unset PROMPT_COMMAND; bind 'set bell-style none'; set -o emacs")
    bash.sendline('eval "$(chat completion bash)"; echo rea""dy')
    bash.expect("ready\r\n")
    bash.send("chat -t tigh\t")
    bash.expect("tighten ")
    bash.send("\x15chat sessions show A\t")
    bash.expect_exact(r"A\ tale,\ of\ two:\ harbours ")


@pytest.mark.usefixtures("program")
def test_zsh_completes_and_quotes(cleanup: Cleanup) -> None:
    zsh = cleanup(pexpect.spawn(shell("zsh"), ["-f", "-i"], encoding="utf-8"))
    zsh.sendline("PS1='> '; bindkey -e; autoload -U compinit && compinit -D -u")
    zsh.sendline('eval "$(chat completion zsh)"; echo rea""dy')
    zsh.expect("ready\r\n")
    zsh.send("chat -t tigh\t")
    zsh.expect("tighten ")
    zsh.send("\x15chat sessions show A\t")
    zsh.expect_exact(r"A\ tale,\ of\ two:\ harbours")


@pytest.mark.usefixtures("program")
def test_fish_completes_with_descriptions() -> None:
    ask = 'complete -C "chat -t tigh"; complete -C "chat sessions show A"; complete -C "chat mod"'
    done = subprocess.run(
        [shell("fish"), "--no-config", "-c", f"chat completion fish | source; {ask}"],
        capture_output=True,
        text=True,
        check=True,
    )
    tighten, session, models = done.stdout.splitlines()
    assert tighten == "tighten\tSay the same in fewer words"
    assert session.startswith(f"{TITLE}\t")
    assert models.startswith("models\t")


@pytest.mark.parametrize("name", SHELLS)
def test_a_script_is_one_that_its_shell_can_read(chat: Chat, name: str) -> None:
    assert chat("completion", name) == 0
    done = subprocess.run(
        [shell(name), "-n"], input=chat.out, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
