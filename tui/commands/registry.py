"""All commands, in the order of the help."""

from __future__ import annotations

from tui.commands.answers import ANSWER_COMMANDS
from tui.commands.asking import ASKING_COMMANDS
from tui.commands.command import Command
from tui.commands.judging import JUDGING_COMMANDS
from tui.commands.program import program_commands
from tui.commands.saved import SESSION_COMMANDS
from tui.commands.tree import TREE_COMMANDS
from tui.commands.tuning import TUNING_COMMANDS

COMMANDS: tuple[Command, ...] = (
    *ANSWER_COMMANDS,
    *JUDGING_COMMANDS,
    *TREE_COMMANDS,
    *ASKING_COMMANDS,
    *TUNING_COMMANDS,
    *SESSION_COMMANDS,
    *program_commands(lambda: COMMANDS),
)
