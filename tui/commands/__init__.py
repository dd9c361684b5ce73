"""The commands that a person gives inside a conversation, in one registry for every front end."""

from tui.commands.lines import complete_line, find_command, run_line
from tui.commands.registry import COMMANDS
from tui.commands.talk import GROUPS, Command, Suggestion, Talk

__all__ = [
    "COMMANDS",
    "GROUPS",
    "Command",
    "Suggestion",
    "Talk",
    "complete_line",
    "find_command",
    "run_line",
]
