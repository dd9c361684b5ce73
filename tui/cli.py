"""The command line: parsed here into plain options, carried out elsewhere.

The first word is a subcommand where it is exactly one of `SUBCOMMANDS`; anything else is a prompt.
Modules are imported when their command runs: ``chat --version`` must not wait for any of them.
"""

from __future__ import annotations

import difflib
import io
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from tui import exit_codes
from tui.arguments import (
    NotYet,
    Work,
    ask_arguments,
    refuse_what_does_not_go_together,
    with_diff_form,
)
from tui.version import __version__

if TYPE_CHECKING:
    from tui.options import AskOptions, EditOptions, EngineOptions, PromptOptions
    from tui.runtime import EngineStarter, Runtime

SUBCOMMANDS = {
    "sessions": "find, show, branch, export, import and check conversations",
    "prompts": "list and show prompts",
    "models": "list and inspect the models on this machine",
    "drafts": "list, show, undo and redo what was written to your files",
    "config": "the settings in use",
    "doctor": "what this installation has and lacks",
    "bench": "how fast a model is on this machine",
    "completion": "",
}
"""What each is for; one without a word is still to come, and says so."""

_EPILOG = """\b
Examples:
  chat "Three titles for a story about a lighthouse"
  cat notes.md | chat "Summarise this"
  chat -c "Shorter, please"
  chat --edit draft.md "Fix the spelling"
  chat -t tighten -p percent 30 < paragraph.md

\b
Subcommands (chat SUBCOMMAND --help):
""" + "\n".join(f"  {name:<11} {summary}" for name, summary in SUBCOMMANDS.items() if summary)

_VERBS = (
    *("list", "show", "search", "path", "info", "undo", "redo", "history", "prune"),
    *("export", "import", "rename", "delete", "restore", "replay"),
)
"""What may follow a subcommand."""


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@ask_arguments
@click.version_option(__version__, "-V", "--version", message="chat %(version)s")
def ask(**values: Any) -> Work:
    """Write with a language model that runs on this machine.

    Without PROMPT, chat opens for conversation. Standard input, where it is not a terminal, is the
    text to work on, or the prompt.
    """
    refuse_what_does_not_go_together(click.get_current_context())
    if values["edit"]:
        return partial(_edit, _edit_options(values))
    return partial(_ask, _ask_options(values))


def _ask(options: AskOptions, runtime: Runtime) -> int:
    words = options.prompt.words or options.prompt.files or options.prompt.templates
    is_one_shot = words or options.raw or options.compact
    is_talk = not is_one_shot and runtime.is_interactive
    if is_talk and runtime.can_draw and not options.repl:
        from tui.app.run import run_app

        return run_app(runtime, options)
    if is_talk or options.repl:
        from tui.repl.loop import run_repl

        return run_repl(runtime, options)
    from tui.ask import run_ask

    return run_ask(runtime, options)


def _edit(options: EditOptions, runtime: Runtime) -> int:
    from tui.edit import run_edit

    return run_edit(runtime, options)


def _ask_options(values: dict[str, Any]) -> AskOptions:
    from tui.options import AskOptions

    return AskOptions(
        prompt=_prompt_options(values),
        engine=_engine_options(values),
        go_on=values["go_on"],
        session=values["session"],
        repl=values["repl"],
        json=values["as_json"],
        save=not values["no_save"],
        dry_run=values["dry_run"],
        alternatives=values["alternatives"],
        raw=values["raw"],
        compact=values["compact"],
    )


def _edit_options(values: dict[str, Any]) -> EditOptions:
    from tui.options import EditOptions, Scope

    return EditOptions(
        drafts=values["edit"],
        glob=values["glob"],
        scope=Scope(values["section"], values["lines"], values["match"]),
        plain=values["plain"],
        locks=values["locks"],
        watch=values["watch"],
        alternatives=values["alternatives"],
        prompt=_prompt_options(values),
        engine=_engine_options(values),
        yes=values["yes"],
        diff=values["diff"],
        output=values["output"],
        save=not values["no_save"],
        dry_run=values["dry_run"],
    )


def _prompt_options(values: dict[str, Any]) -> PromptOptions:
    from tui.options import PromptOptions

    return PromptOptions(
        words=" ".join(values["words"]) or None,
        system=values["system"],
        templates=values["templates"],
        variables=values["variables"],
        files=values["files"],
    )


def _engine_options(values: dict[str, Any]) -> EngineOptions:
    from tui.loading import is_load_option
    from tui.options import EngineOptions

    pairs = values["options"]
    load = tuple(pair for pair in pairs if is_load_option(pair[0]))
    return EngineOptions(
        model=values["model"],
        sampling=tuple(pair for pair in pairs if pair not in load),
        load=load,
        chat_template=values["chat_template"],
        max_tokens=values["max_tokens"],
        seed=values["seed"],
        grammar=values["grammar"],
        schema=values["schema"],
        banned=values["banned"],
        logprobs=values["logprobs"],
        think=values["think"],
    )


def main(arguments: Sequence[str] | None = None, *, starter: EngineStarter | None = None) -> int:
    """The program, from its arguments to its exit code.

    Args:
        arguments: Without the program's name; None takes the process's own.
        starter: Makes the engine; None is llama.cpp in a worker process.
    """
    _mend_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(words, starter)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.DONE
    except (KeyboardInterrupt, click.Abort):
        return exit_codes.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except NotYet as error:
        return _fail(error.format_message(), error.exit_code)
    except click.ClickException as error:
        return _fail(f"{error.format_message()} (chat --help)", error.exit_code)
    except Exception as error:  # noqa: BLE001  the front end's boundary: errors become words
        from tui.errors import explain

        return _fail(*explain(error))


def _run(words: list[str], starter: EngineStarter | None) -> int:
    command: click.Command = ask
    if words == ["help"]:
        words = ["--help"]
    _refuse_near_misses(words)
    if words and words[0] in SUBCOMMANDS:
        from tui.subcommands import subcommands

        command = subcommands
    else:
        words = with_diff_form(words)
    # Parsing gives the work to do; help and version give nothing. The work is done out here, where
    # click does not turn a closed pipe into an exit code of its own.
    work: Work | int | None = command.main(words, prog_name="chat", standalone_mode=False)
    if not callable(work):
        return exit_codes.DONE
    from tui.runtime import Runtime, spawn_worker

    return work(Runtime(os.environ, starter or spawn_worker)) or exit_codes.DONE


def _refuse_near_misses(words: list[str]) -> None:
    """A mistyped subcommand should not become a prompt, which takes long and is saved."""
    if not words or words[0] in SUBCOMMANDS or len(words) > 3 or " " in words[0]:
        return
    nearest = difflib.get_close_matches(words[0], SUBCOMMANDS, n=1, cutoff=0.8)
    if nearest and (len(words) == 1 or words[1] in _VERBS):
        raise click.UsageError(
            f"did you mean `chat {nearest[0]}`? To ask that: chat -- {' '.join(words)}"
        )


def _mend_streams() -> None:
    """Give the process the streams that its parent closed, and let no character stop an output."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fail(text: str, code: int) -> int:
    from tui.sanitize import sanitize_line

    click.echo(f"chat: {sanitize_line(text)}", err=True)
    return code
