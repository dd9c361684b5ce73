"""Shell commands that a person gives between two questions."""

from __future__ import annotations

import codecs
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from tui.errors import UsageProblem
from tui.texts import LARGEST


def run_shell(command: str, environment: Mapping[str, str]) -> int:
    """Run a command with the terminal to itself; its exit code.

    Raises:
        UsageProblem: If there is no command.
        OSError: If there is no shell.
    """
    with subprocess.Popen(_argv(command, environment)) as process, _ctrl_c_is_for(process):
        process.wait()
    return _exit_code(process)


def shell_output(
    command: str, environment: Mapping[str, str], show: Callable[[str], None]
) -> tuple[str, int]:
    """What a command prints, on both of its streams, and its exit code.

    Args:
        command: For the shell.
        environment: Names the shell.
        show: Gets the output as it comes.

    Raises:
        UsageProblem: If there is no command, or it printed more than can be attached.
        OSError: If there is no shell.
    """
    output, size = [], 0
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with (
        subprocess.Popen(
            _argv(command, environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
        _ctrl_c_is_for(process),
    ):
        assert process.stdout is not None
        while data := process.stdout.read1(65_536):  # type: ignore[attr-defined]
            text = decoder.decode(data)
            show(text)
            size += len(data)
            if size <= LARGEST:
                output.append(text)
    if size > LARGEST:
        raise UsageProblem(f"that is more than {LARGEST // 2**20} MiB, the most that is attached")
    return "".join(output), _exit_code(process)


def _argv(command: str, environment: Mapping[str, str]) -> list[str]:
    if not command:
        raise UsageProblem("! takes a shell command: !ls; !! attaches what it prints as well")
    return [environment.get("SHELL") or "/bin/sh", "-c", command]


def _exit_code(process: subprocess.Popen[bytes]) -> int:
    """As shells report it: 128 and the signal's number for a command that a signal ended."""
    code = process.returncode
    return code if code >= 0 else 128 - code


@contextmanager
def _ctrl_c_is_for(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave Ctrl+C to a command; once it is over, and only its output is awaited, it ends that."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if process.poll() is not None:
            raise KeyboardInterrupt

    previous: Any = signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
