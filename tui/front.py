"""The command ``chat`` itself: its options, its help, and what a command line of it comes to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from tui.arguments import Work
from tui.ask_arguments import GROUPS, WORDS
from tui.combinations import refuse_what_does_not_go_together
from tui.help_pages import AskCommand, print_full_help
from tui.version import __version__

if TYPE_CHECKING:
    from engine.protocol import Engine
    from tui.options import AskOptions, EditOptions
    from tui.runtime import Runtime


def _callback(**values: Any) -> Work:
    from tui.parsed import ask_options, edit_options

    refuse_what_does_not_go_together(click.get_current_context())
    if values["edit"]:
        return partial(_edit, edit_options(values))
    return partial(_ask, ask_options(values))


def _print_manual(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from tui.manual import manual

        click.echo(manual(context.command), nl=False)
        context.exit()


ask = AskCommand(
    "chat",
    callback=_callback,
    params=[WORDS, *(option for group in GROUPS for option in group.options)],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="""Write with a language model that runs on this machine.

    Without PROMPT, chat opens the app. Standard input, if it is not a terminal, is the text to work
    on; without PROMPT it is the prompt.
    """,
)
click.option(
    "--help-all",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_full_help,
    help="Show all options and exit.",
)(ask)
click.option(
    "--man",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_manual,
    help="Print the manual page, as in chat --man | man -l -",
)(ask)
click.version_option(__version__, "-V", "--version", message="chat %(version)s")(ask)


def _ask(options: AskOptions, runtime: Runtime) -> int:
    runtime.choose(options.engine, is_dry=options.dry_run)
    runtime.asked_for_plain = options.plain
    try:
        return _answer_or_talk(options, runtime)
    finally:
        if options.output.timings:
            runtime.trace.report(runtime.stderr)


def _answer_or_talk(options: AskOptions, runtime: Runtime) -> int:
    words = options.prompt.words or options.prompt.files or options.prompt.templates
    is_one_shot = words or options.raw or options.compact
    is_talk = not is_one_shot and runtime.is_interactive
    if is_talk and runtime.can_draw and not options.repl:
        from tui.app.garbage import put_off

        put_off()
        from tui.app.run import run_app

        runtime.trace.mark("the app is loaded")
        return run_app(runtime, options)
    if is_talk or options.repl:
        from tui.repl.loop import run_repl

        runtime.trace.mark("the REPL is loaded")
        return run_repl(runtime, options)
    engine = _start_loading(runtime, options)
    from tui.ask import run_ask

    return run_ask(runtime, options, engine)


def _start_loading(runtime: Runtime, options: AskOptions) -> Engine | None:
    """The engine of a new session, whose weights load while the rest of the program is imported;
    None where a session has to say first which model it was."""
    if options.go_on or options.session is not None:
        return None
    from tui.loading import chosen_load_options

    chosen = chosen_load_options(options.engine, save=options.save)
    engine = runtime.start_engine(options.engine.model, chosen)
    runtime.trace.mark("the worker is started")
    return engine


def _edit(options: EditOptions, runtime: Runtime) -> int:
    runtime.choose(options.engine, is_dry=options.dry_run)
    runtime.asked_for_plain = options.plain
    from tui.edit import run_edit

    return run_edit(runtime, options)
