"""What keys do in the REPL's line, where prompt-toolkit's editing modes do something else."""

from __future__ import annotations

from asyncio import sleep

from prompt_toolkit.application import get_app
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, completion_is_selected, has_focus, has_selection
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

from tui.repl.entries import is_open
from tui.repl.pastes import Pastes
from tui.repl.presses import WITHIN_S, Presses

_in_line = has_focus(DEFAULT_BUFFER)
"""Not in the search of the history, whose keys are its own."""


@Condition
def _one_of_several_is_selected() -> bool:
    state = get_app().current_buffer.complete_state
    return state is not None and len(state.completions) > 1


@Condition
def _more_lines_follow() -> bool:
    return is_open(get_app().current_buffer.text)


def load_sending_bindings() -> KeyBindings:
    """Enter sends, or takes the completion that is selected among several; Ctrl+J and
    Alt+Enter break the line, and so does Enter between three quotation marks."""
    bindings = KeyBindings()

    @bindings.add("enter", filter=_in_line)
    def _send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @bindings.add("enter", filter=_in_line & _more_lines_follow)
    @bindings.add("c-j", filter=_in_line)
    @bindings.add("escape", "enter", filter=_in_line)
    def _break_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    @bindings.add("enter", filter=_in_line & completion_is_selected & _one_of_several_is_selected)
    def _take_completion(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    return bindings


def load_editor_bindings() -> KeyBindings:
    """Ctrl+G goes on writing in an editor, as in the app; while text is selected it drops that."""
    bindings = KeyBindings()

    @bindings.add("c-g", filter=_in_line & ~has_selection)
    def _edit(event: KeyPressEvent) -> None:
        event.current_buffer.open_in_editor()

    return bindings


def load_clearing_bindings(presses: Presses) -> KeyBindings:
    """Ctrl+C twice within a second clears the line; Ctrl+_ brings it back."""
    bindings = KeyBindings()

    @bindings.add("c-c", filter=_in_line)
    @bindings.add("<sigint>")
    def _clear(event: KeyPressEvent) -> None:
        buffer = event.app.current_buffer
        if presses.press():
            buffer.save_to_undo_stack()
            buffer.document = Document()
        else:
            buffer.cancel_completion()
            # The toolbar says what a second time does, as long as there may be one.
            event.app.create_background_task(_painted_again(event))

    return bindings


def load_pasting_bindings(pastes: Pastes) -> KeyBindings:
    """What is pasted goes into the line as it is; of a long text only a mark."""
    bindings = KeyBindings()

    @bindings.add(Keys.BracketedPaste, filter=_in_line)
    def _paste(event: KeyPressEvent) -> None:
        text = event.data.replace("\r\n", "\n").replace("\r", "\n")
        event.current_buffer.insert_text(pastes.shown(text))

    return bindings


async def _painted_again(event: KeyPressEvent) -> None:
    await sleep(WITHIN_S)
    event.app.invalidate()
