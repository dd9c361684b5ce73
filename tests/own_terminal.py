"""The program in this process, on a real pseudo-terminal: what it writes is read back."""

from __future__ import annotations

import fcntl
import io
import os
import struct
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tui.cli import main
from tui.runtime import EngineStarter

_ROWS, _COLUMNS = 50, 200


class OwnTerminal:
    """Runs command lines one after another, each on a terminal of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, is_drawn_on: bool = False) -> None:
        """No terminal yet.

        Args:
            monkeypatch: Gives the process other streams.
            is_drawn_on: Whether programs draw the line that is typed themselves.
        """
        self.is_drawn_on = is_drawn_on
        self._monkeypatch = monkeypatch
        self.written = ""
        """By the last one."""

    def run(
        self, *arguments: str, starter: EngineStarter, typed: str = "", piped: str | None = None
    ) -> int:
        """Run one to its end; its exit code.

        Args:
            arguments: Without the program's name.
            starter: Makes engines.
            typed: Lines that wait in the terminal before the program begins; where it draws its own
                line, each is typed when it has one.
            piped: Is standard input in place of the terminal.
        """
        with (
            self._monkeypatch.context() as patch,
            self._terminal(typed) as slave,
            open(slave, encoding="utf-8", closefd=False) as stdin,
            open(slave, "w", encoding="utf-8", closefd=False) as stdout,
            open(slave, "w", encoding="utf-8", closefd=False) as stderr,
        ):
            given = None if piped is None else io.TextIOWrapper(io.BytesIO(piped.encode()), "utf-8")
            patch.setattr("sys.stdin", given or stdin)
            patch.setattr("sys.stdout", stdout)
            patch.setattr("sys.stderr", stderr)
            return main(arguments, starter=starter)

    @contextmanager
    def _terminal(self, typed: str) -> Iterator[int]:
        """A descriptor of the terminal; afterwards everything that was written is there."""
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        parts: list[bytes] = []
        keys = typed.encode().splitlines() if self.is_drawn_on else []
        if not self.is_drawn_on:
            os.write(master, typed.encode())
        reader = threading.Thread(target=_read, args=(master, parts, keys))
        reader.start()
        try:
            yield slave
        finally:
            os.close(slave)
            reader.join()
            os.close(master)
            self.written = b"".join(parts).decode()


def _read(master: int, parts: list[bytes], keys: list[bytes]) -> None:
    """Take what is written until nobody has the terminal any more, and type meanwhile."""
    while True:
        try:
            parts.append(os.read(master, 65_536))
        except OSError:
            return
        if keys and _reads_keys(master):
            os.write(master, keys.pop(0) + b"\r")


def _reads_keys(master: int) -> bool:
    """Whether an editor has taken the terminal: Enter comes as it is."""
    return not termios.tcgetattr(master)[0] & termios.ICRNL
