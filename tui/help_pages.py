"""What ``chat --help`` and ``--help-all`` print: the essentials on one screen, and everything."""

from __future__ import annotations

import click

from tui.ask_arguments import GROUPS
from tui.examples import COMMONEST, SUBCOMMANDS

_COMMON = (
    *("model", "system", "templates", "variables", "files", "options", "alternatives"),
    *("as_json", "repl"),
)


class AskCommand(click.Command):
    """A command whose help fits a screen."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See `click.Command`."""
        self.format_usage(ctx, formatter)
        _write_uses(formatter)
        with formatter.section("Options"):
            formatter.write_dl(self._common(ctx))
        formatter.write_paragraph()
        names = ", ".join(SUBCOMMANDS)
        formatter.write_text(f"Subcommands: {names} (chat SUBCOMMAND --help)")
        formatter.write_text("chat --help-all lists all options; chat --man prints the manual")

    def _common(self, ctx: click.Context) -> list[tuple[str, str]]:
        """The options of `_COMMON`, each with the first words of its help."""
        shown = {p.name: p for p in self.params if isinstance(p, click.Option)}
        records = ((shown[name].get_help_record(ctx), shown[name].help) for name in _COMMON)
        first = ((record, (words or "").partition(";")[0]) for record, words in records if record)
        return [(record[0], words.removesuffix(".")) for record, words in first]

    def full_help(self, ctx: click.Context) -> str:
        """Everything, group by group."""
        formatter = ctx.make_formatter()
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        _write_uses(formatter)
        grouped = [option for group in GROUPS for option in group.options]
        every = (p for p in self.get_params(ctx) if isinstance(p, click.Option))
        others = [option for option in every if option not in grouped]
        sections = [*((group.heading, group.options) for group in GROUPS), ("Others", others)]
        for heading, options in sections:
            records = [record for p in options if (record := p.get_help_record(ctx))]
            with formatter.section(heading):
                formatter.write_dl(records)
        with formatter.section("Subcommands (chat SUBCOMMAND --help)"):
            formatter.write_dl(list(SUBCOMMANDS.items()))
        return formatter.getvalue().rstrip("\n")


def print_full_help(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    """The callback of ``--help-all``."""
    if wanted and isinstance(context.command, AskCommand):
        click.echo(context.command.full_help(context))
        context.exit()


def _write_uses(formatter: click.HelpFormatter) -> None:
    with formatter.section("Common uses"):
        formatter.write_dl(list(COMMONEST.items()), col_max=44)
