"""The program where little can be relied on: no home, a disk that is read-only, other encodings,
poor terminals, pipes that are closed. Processes of their own; several command lines share one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest
from pseudo_terminal import CHAT, Terminal

from tui.errors import UsageProblem
from tui.own_editor import edit_text
from tui.texts import typed_text

_HOST = r"""
import io, json, sys
from engine.scripted import ScriptedEngine
from tui.cli import main
before, commands = json.loads(sys.argv[1])
if before:
    exec(before)
for arguments, stdin in commands:
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode("utf-8")))
    starter = lambda path, options: ScriptedEngine(["Gr\u00fc\u00dfe, \u00abWelt\u00bb."])
    code = main(arguments, starter=starter)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        stream.buffer.write(f"\0{code}\n".encode())
        stream.flush()
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a command line."""

    code: int
    out: str
    err: str


def run_all(
    commands: Sequence[Sequence[str]],
    environment: Mapping[str, str | None],
    *,
    before: str = "",
    stdin: str = "",
) -> list[Ran]:
    """Run command lines one after another in one process; None takes a variable away."""
    wanted = {**os.environ, **environment}
    done = subprocess.run(
        [sys.executable, "-c", _HOST, json.dumps([before, [[c, stdin] for c in commands]])],
        capture_output=True,
        env={name: value for name, value in wanted.items() if value is not None},
        check=False,
    )
    outs = [re.split(rb"\0(\d+)\n", stream)[:-1] for stream in (done.stdout, done.stderr)]
    assert len(outs[0]) == 2 * len(commands), done.stderr.decode()
    return [
        Ran(int(outs[0][at + 1]), outs[0][at].decode(), outs[1][at].decode())
        for at in range(0, len(outs[0]), 2)
    ]


@pytest.fixture
def model(home: Path) -> Path:
    """A home with a model in it, for scripted engines."""
    file = home / "data" / "models" / "tiny.gguf"
    file.parent.mkdir(parents=True)
    file.touch()
    return home


@pytest.fixture
def read_only_home(tmp_path: Path) -> Iterator[Path]:
    """A home on a disk that cannot be written to, with a model and one session."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("file systems cannot be mounted here")
    (folder / "data" / "models").mkdir(parents=True)
    (folder / "data" / "models" / "tiny.gguf").touch()
    try:
        assert run_all([["first"]], {"CHAT_HOME": str(folder)})[0].code == 0
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_read_only_home_can_be_read_and_asked_from_but_not_saved_to(
    read_only_home: Path,
) -> None:
    listed, shown, unsaved, saved, edited, found = run_all(
        [
            ["sessions", "list"],
            ["sessions", "show"],
            ["--no-save", "Hi"],
            ["Hi"],
            ["config", "edit"],
            ["sessions", "search", "first"],
        ],
        {"CHAT_HOME": str(read_only_home)},
    )
    assert (listed.code, shown.code, unsaved.code, found.code) == (0, 0, 0, 0)
    assert "first" in listed.out
    assert "[assistant]\nGrüße" in shown.out
    assert unsaved.out.startswith("Grüße")
    assert saved.code == 1
    assert "Read-only file system" in saved.err
    assert edited.code == 1
    assert "Read-only file system" in edited.err
    assert all("Traceback" not in ran.err for ran in (listed, shown, unsaved, saved, edited))


def test_without_a_home_the_users_own_is_found_or_asked_for(tmp_path: Path) -> None:
    nowhere = {"HOME": None, "CHAT_HOME": None, "CHAT_MODEL": None}
    nowhere |= {name: None for name in os.environ if name.startswith("XDG_")}
    (path,) = run_all([["config", "path"]], nowhere)
    assert (path.code, path.err) == (0, "")
    assert Path(path.out.strip()).is_absolute()
    if os.geteuid():
        pytest.skip("only root can become a user without a home")
    as_nobody = (
        "import os, tui.config_views, tui.subcommands, tui.errors; tui.errors.explain(OSError());"
        "os.setuid(54321)"
    )
    (lost,) = run_all([["config", "path"]], nowhere, before=as_nobody)
    assert lost.code == 1
    assert lost.err == ("chat: there is no home folder: set HOME, or CHAT_HOME=/path/to/folder\n")


def test_in_a_locale_without_letters_nothing_is_lost(model: Path) -> None:
    bare = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    asked = "caf\u00e9 \u4f60\u597d"
    as_bytes = asked.encode().decode("ascii", "surrogateescape")
    answer, as_json, dry, listed, helped = run_all(
        [
            [as_bytes],
            ["-c", "--json", "more"],
            ["--dry-run", as_bytes],
            ["sessions", "list"],
            ["--help"],
        ],
        {"CHAT_HOME": str(model), **bare},
    )
    assert [ran.code for ran in (answer, as_json, dry, listed, helped)] == [0] * 5
    assert answer.out == "Gr\\xfc\\xdfe, \\xabWelt\\xbb.\n"
    assert json.loads(as_json.out)["choices"][0]["message"]["content"].startswith("Grüße, «Welt»")
    assert "[user]\ncaf\\xe9 \\u4f60\\u597d\n" in dry.out
    assert "caf\\xe9" in listed.out
    session = next((model / "data" / "sessions").glob("*.jsonl")).read_text(encoding="utf-8")
    assert asked in session


def test_letters_that_the_locale_does_not_know_are_typed_all_the_same() -> None:
    assert typed_text("caf\udcc3\udca9 \udce4\udcbd\udca0") == "café 你"
    assert typed_text("café") == "café"
    with pytest.raises(UsageProblem, match=r"the line is not UTF-8 text \(byte 3\)"):
        typed_text("caf\udce9")


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("printf '\\377' > $1", "what the editor left is not UTF-8 text"),
        ("rm $1; mkdir $1", "the editor's file cannot be used: Is a directory"),
        ("exit 1", "the editor could not be run: sh .*: Editing failed"),
    ],
)
def test_whatever_an_editor_does_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, line: str
) -> None:
    (tmp_path / "editor").write_text(script)
    # A folder in the place of its file stays, but not for long.
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("VISUAL", f"sh {tmp_path / 'editor'}")
    with pytest.raises(UsageProblem, match=line):
        edit_text("half a thought")


def test_pipes_that_end_early_or_are_closed_end_the_program_quietly(model: Path) -> None:
    script = """
    "$0" --help-all | head -n 1 >&3
    "$0" prompts list | true; echo "list ${PIPESTATUS[0]}" >&3
    "$0" --man | true; echo "manual ${PIPESTATUS[0]}" >&3
    "$0" prompts list >&-; echo "closed $?" >&3
    "$0" config show <&- | grep -c ^temperature >&3
    "$0" --help 2>&- | grep -c Usage >&3
    "$0" none-such-subcommand-but-a-prompt --schema /dev/null 2>/dev/null; echo "usage $?" >&3
    """
    done = subprocess.run(
        ["bash", "-c", f"exec 3>&1; {script}", CHAT],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "CHAT_HOME": str(model)},
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "Usage: chat [OPTIONS] [PROMPT]...",
        "list 0",
        "manual 0",
        "closed 0",
        "1",
        "1",
        "usage 2",
    ]


def screen_of(process: pexpect.spawn) -> str:
    process.expect(pexpect.EOF)
    process.close()
    assert process.exitstatus == 0
    return str(process.before)


@pytest.mark.parametrize(
    "arguments",
    [["Hi"], ["-n", "2", "--stats", "Hi"], ["sessions", "list"], ["prompts", "list"]],
    ids=" ".join,
)
def test_a_dumb_terminal_gets_no_control_characters(
    terminal: Terminal, arguments: list[str]
) -> None:
    process = terminal.start_scripted("Hello.", *arguments, environment={"TERM": "dumb"})
    shown = screen_of(process)
    assert "\x1b" not in shown
    assert shown.replace("\r\n", "").isprintable()


def test_twenty_columns_are_enough(terminal: Terminal) -> None:
    words = "A story about a lighthouse"
    narrow = {"COLUMNS": "20", "NO_COLOR": "1"}
    assert "lighthouse" in screen_of(
        terminal.start_scripted("The lighthouse.", words, environment=narrow)
    )
    for arguments in (["sessions", "list"], ["--help"], ["config", "show"]):
        process = terminal.start_scripted("x", *arguments, environment=narrow)
        shown = screen_of(process)
        assert "Traceback" not in shown
        if arguments == ["sessions", "list"]:
            assert f"\r\nTITLE: {words}\r\n" in shown
