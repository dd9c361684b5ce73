"""Help fits a screen, is complete, and every example in it is one."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from scripted_chat import Chat

from tui import exit_codes
from tui.ask_arguments import GROUPS
from tui.examples import COMMONEST, EXAMPLES, commands_below
from tui.front import ask
from tui.subcommands import subcommands

DOCS = Path(__file__).parent.parent / "docs"
COMMANDS = dict(commands_below(subcommands))


def screen(*arguments: str) -> str:
    return CliRunner().invoke(ask, arguments, prog_name="chat", terminal_width=80).output


def test_help_fits_a_screen_with_the_commonest_uses_first() -> None:
    lines = screen("--help").splitlines()
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80
    assert len(COMMONEST) == 5
    for line, use in zip(lines[3:], COMMONEST, strict=False):
        assert line.strip().startswith(use)


def test_all_options_are_in_the_whole_help() -> None:
    whole = screen("--help-all")
    for parameter in ask.get_params(click.Context(ask)):
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert all(name in whole for name in parameter.opts)
    assert all(group.heading in whole for group in GROUPS)


def test_every_subcommand_has_an_example() -> None:
    assert set(EXAMPLES) == set(COMMANDS)


@pytest.mark.parametrize("words", EXAMPLES)
def test_an_example_is_a_command_line(chat: Chat, words: str) -> None:
    example = EXAMPLES[words].partition(" > ")[0]
    program, *typed = shlex.split(example)
    assert program == "chat"
    assert typed[: len(words.split())] == words.split()
    command = COMMANDS[words]
    # Parsing raises where an option or an argument does not exist.
    assert callable(command.main(typed[len(words.split()) :], standalone_mode=False))
    assert chat(*words.split(), "--help") == 0
    assert EXAMPLES[words] in " ".join(chat.out.split())


def test_the_page_of_the_command_line_has_the_help() -> None:
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert f"```\n{screen('--help')}```" in page


def test_the_manual_is_the_programs_own() -> None:
    """`make docs` writes it."""
    assert (DOCS / "chat.1").read_text(encoding="utf-8") == screen("--man")


def test_the_readme_has_the_exit_codes() -> None:
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8").replace("`", "")
    for code, meaning in exit_codes.MEANINGS.items():
        assert f"| {code} | {meaning}" in readme


def test_every_option_of_every_subcommand_is_in_the_manual() -> None:
    page = screen("--man").replace("\\-", "-")
    for words, command in COMMANDS.items():
        assert f".SS chat {words}" in page
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert all(name in page for name in parameter.opts)


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_the_manual_is_sound_roff() -> None:
    done = subprocess.run(
        ["groff", "-man", "-ww", "-z", "-K", "utf8", DOCS / "chat.1"],
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
