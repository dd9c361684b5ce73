"""The program on a real pseudo-terminal, with the starter model or a scripted engine."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, sleep

import pexpect
from screen import Screen

from sessions import SessionStore, Turn

CHAT = str(Path(sys.executable).parent / "chat")

SCRIPTED = """
import sys
from engine.scripted import ScriptedEngine
from tui.cli import main
def start(path, options):
    return ScriptedEngine([sys.argv[1]], model_name=path.stem)
sys.exit(main(sys.argv[2:], starter=start))
"""

ENDLESS = """
import sys
from engine.scripted import Reply, ScriptedEngine
from tui.cli import main
reply = Reply(sys.argv[1], endless=True)
sys.exit(main(sys.argv[2:], starter=lambda path, options: ScriptedEngine([reply], n_ctx=10**9)))
"""


def endless_options(folder: Path) -> tuple[str, str]:
    """What keeps the real model from ending an answer, so that there is one to be stopped, however
    fast it writes and however late that comes; with a file in the folder."""
    grammar = folder / "endless.gbnf"
    grammar.parent.mkdir(parents=True, exist_ok=True)
    grammar.write_text("root ::= [a-z ]{1900,}\n", encoding="utf-8")
    return "--grammar", str(grammar)


def until(condition: Callable[[], object]) -> None:
    """Wait for something that another process does."""
    end = monotonic() + 60
    while not condition():
        assert monotonic() < end, "it never came"
        sleep(0.02)


class Seen:
    """What a person sees of a program on a terminal."""

    def __init__(self, process: pexpect.spawn) -> None:
        self._process = process
        self._screen = Screen(80, 24)
        # What came with the words that were expected last, and is not read yet.
        self._screen.write(process.buffer)
        process.buffer = ""

    def wait(self, words: str) -> None:
        """Wait until words are to be seen.

        Raises:
            pexpect.TIMEOUT: If nothing more is painted, and they are not.
        """
        while words not in self._screen.text:
            self._screen.write(self._process.read_nonblocking(4096, timeout=60))


class Terminal:
    """A program on a pseudo-terminal, and the sessions that it leaves."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder: Path | None = None
        """Where programs are started, if that matters."""
        self.processes: list[pexpect.spawn] = []

    def start(self, *arguments: str) -> pexpect.spawn:
        """Start ``chat`` with the arguments."""
        return self._spawn(CHAT, *arguments)

    def start_scripted(
        self,
        reply: str,
        *arguments: str,
        endless: bool = False,
        environment: Mapping[str, str] = {},
    ) -> pexpect.spawn:
        """The same with an engine that gives one reply, again and again if it is endless."""
        script = ENDLESS if endless else SCRIPTED
        return self.start_script(script, reply, *arguments, environment=environment)

    def start_script(
        self, script: str, *arguments: str, environment: Mapping[str, str] = {}
    ) -> pexpect.spawn:
        """Start a program in Python, where there is a model that can be named."""
        self._have_a_model()
        return self._spawn(sys.executable, "-c", script, *arguments, environment=environment)

    def endless_options(self) -> tuple[str, str]:
        """See `endless_options`."""
        return endless_options(self.home)

    def start_shell(self) -> pexpect.spawn:
        """A shell with job control and nothing else, whose prompt is a dollar sign."""
        shell = self._spawn("sh", "-i", environment={"PS1": "$ ", "ENV": ""})
        shell.expect_exact("$ ")
        return shell

    def scripted_command(self, reply: str, *arguments: str, endless: bool = False) -> str:
        """The line for a shell that does what `start_scripted` does."""
        self._have_a_model()
        script = self.home / "scripted.py"
        script.write_text(ENDLESS if endless else SCRIPTED, encoding="utf-8")
        return shlex.join([sys.executable, str(script), reply, *arguments])

    def _have_a_model(self) -> None:
        model = self.home / "data" / "models" / "tiny.gguf"
        model.parent.mkdir(parents=True, exist_ok=True)
        model.touch()

    def _spawn(
        self, command: str, *arguments: str, environment: Mapping[str, str] = {}
    ) -> pexpect.spawn:
        process = pexpect.spawn(
            command,
            list(arguments),
            env={
                **os.environ,
                "CHAT_HOME": str(self.home),
                "TERM": "xterm-256color",
                # Nobody here tells where the cursor is; without this each line waits for it.
                "PROMPT_TOOLKIT_NO_CPR": "1",
                **environment,
            },
            cwd=self.folder,
            dimensions=(24, 80),
            encoding="utf-8",
            timeout=60,
        )
        self.processes.append(process)
        return process

    def turns(self) -> list[Turn]:
        """Of the latest session."""
        store = SessionStore(self.home / "data" / "sessions")
        return store.open(store.latest()).session.path()
