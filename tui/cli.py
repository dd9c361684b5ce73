"""The program: which command a line is for, and the boundary where errors become words.

The first word is a subcommand where it is exactly one of `SUBCOMMANDS`; anything else is a prompt.
Modules are imported when their command runs: ``chat --version`` must not wait for any of them.
"""

from __future__ import annotations

import difflib
import io
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from tui import exit_codes
from tui.arguments import COMPLETION_VARIABLE, Work
from tui.examples import EXAMPLES, SUBCOMMANDS
from tui.output import OUTPUT, Output, discard_output

if TYPE_CHECKING:
    from tui.runtime import EngineStarter

_VERBS = {words.split()[1] for words in EXAMPLES if " " in words}
"""What may follow a subcommand."""

_PRIVATE = 0o077
"""What a umask may take from folders and files: others' rights."""


def main(arguments: Sequence[str] | None = None, *, starter: EngineStarter | None = None) -> int:
    """The program, from its arguments to its exit code.

    Args:
        arguments: Without the program's name; None takes the process's own.
        starter: Makes the engine; None is llama.cpp in a worker process.
    """
    _mend_streams(is_process=arguments is None)
    # With a umask that takes them from their owner too, what is written could never be read again.
    os.umask(os.umask(_PRIVATE) & _PRIVATE)
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(words, starter)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        discard_output()
        return exit_codes.DONE
    except (KeyboardInterrupt, click.Abort):
        return exit_codes.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        return _fail(f"{error.format_message()} (chat --help)", error.exit_code)
    except Exception as error:  # noqa: BLE001  the front end's boundary: errors become words
        from tui.errors import explain

        if isinstance(error, OSError) and error.filename == OUTPUT:
            discard_output()
        return _fail(*explain(error))


def _run(words: list[str], starter: EngineStarter | None) -> int:
    began = time.monotonic()
    if instruction := os.environ.get(COMPLETION_VARIABLE):
        from tui.completion import answer_shell

        answer_shell(instruction)
        return exit_codes.DONE
    command: click.Command
    if words[:1] == ["help"] and (len(words) == 1 or words[1] in SUBCOMMANDS):
        words = [*words[1:], "--help"]
    _refuse_near_misses(words)
    if words and words[0] in SUBCOMMANDS:
        from tui.subcommands import subcommands

        command = subcommands
    else:
        from tui.ask_arguments import with_diff_form
        from tui.front import ask

        command, words = ask, with_diff_form(words)
    # Parsing gives the work to do; help and version give nothing. The work is done out here, where
    # click does not turn a closed pipe into an exit code of its own.
    try:
        work: Work | int | None = command.main(words, prog_name="chat", standalone_mode=False)
    except SystemExit as error:  # how click leaves when nobody reads its help
        raise BrokenPipeError from error
    if not callable(work):
        return exit_codes.DONE
    parsed = time.monotonic()
    from tui.runtime import Runtime, spawn_worker
    from tui.trace import Trace, process_start

    trace = Trace(process_start() or began)
    trace.mark("Python is there", began)
    trace.mark("the command line is read", parsed)
    trace.mark("the program is loaded")
    return work(Runtime(os.environ, starter or spawn_worker, trace)) or exit_codes.DONE


def _refuse_near_misses(words: list[str]) -> None:
    """A mistyped subcommand should not become a prompt, which takes long and is saved."""
    if not words or words[0] in SUBCOMMANDS or len(words) > 3 or " " in words[0]:
        return
    nearest = difflib.get_close_matches(words[0], SUBCOMMANDS, n=1, cutoff=0.8)
    if nearest and (len(words) == 1 or words[1] in _VERBS):
        raise click.UsageError(
            f"did you mean `chat {nearest[0]}`? To ask that: chat -- {' '.join(words)}"
        )


def _mend_streams(*, is_process: bool) -> None:
    """Give the process the streams that its parent closed, and let no character stop an output.

    Args:
        is_process: Whether the streams are the program's own, to be exchanged.
    """
    # One that Python has keeps its own object as `sys.__stdout__`, and so its descriptor.
    if is_process and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = Output.of(sys.stdout)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fail(text: str, code: int) -> int:
    from tui.sanitize import sanitize_line

    with suppress(OSError):  # nobody may be listening any more
        click.echo(f"chat: {sanitize_line(text)}", err=True)
    return code
