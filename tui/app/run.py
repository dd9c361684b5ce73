"""``chat`` on a terminal: runs the app, and leaves the terminal as it was."""

from __future__ import annotations

from tui import exit_codes
from tui.app.app import ChatApp
from tui.interrupts import signals_call
from tui.options import AskOptions
from tui.runtime import Runtime


def run_app(runtime: Runtime, options: AskOptions) -> int:
    """Run the app until the person leaves; the exit code.

    Raises:
        ConfigError: If the configuration cannot be used.
        EngineError, SessionError, UsageProblem: If the conversation could not begin.
    """
    app = ChatApp(runtime, options)
    with signals_call(app.end) as interruption:
        code = app.run()
    if app.error is not None:
        raise app.error
    if interruption.ends_the_program:
        return interruption.exit_code
    return exit_codes.FAILED if code is None else code
