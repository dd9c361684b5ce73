"""Runs the command line again and again, and has each run meet a signal at another moment.

    python signalled_chat.py FOLDER < CASES

A case is a JSON line: the name of a folder in FOLDER that has ``draft.md``, a reply, a signal, a
moment, and arguments. With SIGPIPE nobody reads the output from then on. The moment is what the
engine is doing (``starting``, ``loading``, ``prefill``, ``writing``), or the number of a call that
changes the disk after the answer. A line says how each run ended: its exit code, or less than 0 for
a signal that killed it. The runs are forked from one process, because most of the time would go by
until everything is imported.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from drafts import syscalls
from engine.load_options import LoadOptions
from engine.scripted import ScriptedEngine
from engine.types import Event, Loading, Piece, Prefill, Request
from tui import cli, edit
from tui.reviewing import batch

IMPORTED = (edit, batch)
"""What runs would import, each for itself."""

STEPS: Mapping[str, Event] = {
    "loading": Loading(0.5),
    "prefill": Prefill(600, 4000, 0),
    "writing": Piece("There"),
}

CALLS = ("open", "flock", "write", "fchmod", "fsync", "exchange", "replace", "unlink")


class Signalled(ScriptedEngine):
    """Meets a signal in the middle of its answer, or has one met after it."""

    def __init__(self, reply: str, moment: str | int, meet: Callable[[], None]) -> None:
        super().__init__([reply])
        self._moment = moment
        self._meet = meet

    def stream(self, request: Request) -> Generator[Event, None, None]:
        events = super().stream(request)
        if isinstance(self._moment, str):
            yield STEPS[self._moment]
            self._meet()
        yield from events
        if isinstance(self._moment, int):
            meet_at_call(self._moment, self._meet)


def meet_at_call(number: int, meet: Callable[[], None]) -> None:
    """Meet it just before one of the calls that change the disk."""
    made = 0

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            nonlocal made
            made += 1
            if made == number:
                meet()
            return real(*arguments)

        return call

    for name in CALLS:
        setattr(syscalls.OperatingSystem, name, counted(getattr(syscalls.OperatingSystem, name)))


def leave_pipes() -> None:
    """Have stdout and stderr be pipes that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    for number in (1, 2):
        os.dup2(writer, number)


def run(folder: Path, case: dict[str, Any]) -> int:
    """One run, with the streams in files of the folder; the exit code."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT
        os.dup2(os.open(folder / name, flags | os.O_CREAT, 0o600), number)
    os.chdir(folder)
    os.environ["CHAT_HOME"] = str(folder / "home")

    def meet() -> None:
        (folder / "met").touch()
        if case["signal"] == signal.SIGPIPE:
            leave_pipes()
        os.kill(os.getpid(), case["signal"])

    def start(path: Path, options: LoadOptions) -> Signalled:
        if case["moment"] == "starting":
            meet()
        return Signalled(case["reply"], case["moment"], meet)

    return cli.main(case["arguments"], starter=start)


def main() -> None:
    """Carry out the cases."""
    root = Path(sys.argv[1])
    for line in sys.stdin.readlines():
        case = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 99
            with suppress(SystemExit):
                code = run(root / case["folder"], case)
            os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
