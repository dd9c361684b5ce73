"""The commands that a person gives inside a conversation, in one registry for every front end."""

from tui.commands.command import GROUPS, Command, Suggestion
from tui.commands.lines import complete_line, find_command, run_line
from tui.commands.registry import COMMANDS

__all__ = [
    "COMMANDS",
    "GROUPS",
    "Command",
    "Suggestion",
    "complete_line",
    "find_command",
    "run_line",
]
