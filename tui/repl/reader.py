"""Reads entries with an editor on a terminal that can be painted on; and their history."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.cursor_shapes import ModalCursorShapeConfig
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import merge_key_bindings
from prompt_toolkit.key_binding.vi_state import InputMode

from tui.repl.completer import CommandCompleter
from tui.repl.entries import is_open
from tui.repl.keys import (
    load_clearing_bindings,
    load_editor_bindings,
    load_pasting_bindings,
    load_sending_bindings,
)
from tui.repl.pastes import Pastes
from tui.repl.presses import Presses

_ESCAPE_S = 0.1
"""Seconds after which Escape is no longer the beginning of a key, in vi mode."""


class TerminalReader:
    """An editor with history, completion, and a line that says where the conversation stands."""

    def __init__(
        self,
        history: FileHistory,
        completer: CommandCompleter,
        presses: Presses,
        toolbar: Callable[[str, int], str],
    ) -> None:
        """Nothing is read yet.

        Args:
            history: Earlier entries.
            completer: Completes what is typed.
            presses: Of Ctrl+C, those while an answer was shown included.
            toolbar: The line below, for a mode and a width; asked for again at each key.
        """
        self._toolbar = toolbar
        self._presses = presses
        self._pastes = Pastes()
        self._session: PromptSession[str] = PromptSession(
            "› ",
            multiline=True,
            prompt_continuation="  ",
            history=history,
            auto_suggest=AutoSuggestFromHistory(),
            completer=completer,
            complete_while_typing=True,
            complete_in_thread=True,
            enable_open_in_editor=True,
            enable_suspend=True,
            tempfile_suffix=".md",
            cursor=ModalCursorShapeConfig(),
            bottom_toolbar=self._below,
            key_bindings=merge_key_bindings(
                [
                    load_sending_bindings(),
                    load_clearing_bindings(presses),
                    load_editor_bindings(),
                    load_pasting_bindings(self._pastes),
                ]
            ),
        )

    def read(self) -> str:
        """The next entry, which may have several lines.

        Raises:
            EOFError: If there is no more.
        """
        return self._pastes.restored(self._session.prompt())

    def edit_as(self, mode: str) -> None:
        """Edit lines as in ``emacs`` or ``vi``."""
        is_vi = mode == "vi"
        self._session.editing_mode = EditingMode.VI if is_vi else EditingMode.EMACS
        app = self._session.app
        # In emacs mode Escape and a letter are typed one after the other, too.
        app.timeoutlen, app.ttimeoutlen = (_ESCAPE_S, _ESCAPE_S) if is_vi else (1.0, 0.5)

    def _below(self) -> str:
        app = get_app()
        if self._presses.is_armed:
            typed = bool(app.current_buffer.text)
            return " press Ctrl+C again to clear the line" if typed else " Ctrl+D quits"
        mode = ""
        if app.editing_mode == EditingMode.VI:
            mode = "vi" if app.vi_state.input_mode == InputMode.NAVIGATION else "vi insert"
        return self._toolbar(mode, app.output.get_size().columns)


def read_lines(line: Callable[[], str]) -> str:
    """An entry: a line, or all lines up to the three quotation marks that close it.

    Raises:
        EOFError: If there is no line.
    """
    lines = [line()]
    while is_open("\n".join(lines)):
        try:
            lines.append(line())
        except EOFError:
            break
    return "\n".join(lines)


class EntryFile(FileHistory):
    """Earlier entries in a file, for this person alone.

    Where it cannot be written, as on a full disk, that costs new entries, never the prompt.
    """

    def load_history_strings(self) -> Iterable[str]:
        """The entries, the last one first."""
        return super().load_history_strings() if os.path.isfile(self.filename) else ()

    def store_string(self, string: str) -> None:
        """Add an entry to the file, which is made if it is not there."""
        file = Path(os.fsdecode(self.filename))
        with suppress(OSError):
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Of a pipe that nobody reads this does not wait for a reader.
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK, 0o600))
            super().store_string(string)


def open_history(file: Path) -> FileHistory:
    """What was typed before; nothing is made before something is typed."""
    return EntryFile(str(file))


def earlier_entries(history: FileHistory, most: int) -> Sequence[str]:
    """The last entries of a history, the oldest first."""
    newest_first = list(history.load_history_strings())
    return newest_first[:most][::-1]
