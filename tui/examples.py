"""What people type: every subcommand, and an example of each, for help and manual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

SUBCOMMANDS: Mapping[str, str] = {
    "sessions": "find, show, branch, export, import and check conversations",
    "prompts": "list, show, write, test and import prompts",
    "models": "list, get, inspect, choose, shrink and remove models",
    "drafts": "list, show, undo and redo the changes to your files",
    "config": "show and edit the settings",
    "doctor": "report what this installation has, and what is wrong with it",
    "bench": "measure how fast a model is on this machine",
    "completion": "set up Tab completion in bash, zsh and fish",
}
"""What each is for."""

COMMONEST: Mapping[str, str] = {
    "chat": "opens the app",
    'chat "Three titles for a story"': "answers and saves the session",
    'cat notes.md | chat "Summarise this"': "works on a text",
    'chat -c "Shorter, please"': "continues the last conversation",
    'chat --edit draft.md "Fix the spelling"': "revises a file",
}

EXAMPLES: Mapping[str, str] = {
    "sessions list": "chat sessions list --limit 5",
    "sessions search": "chat sessions search whale 'light*' --since 7d",
    "sessions rename": "chat sessions rename 'first question' 'The lighthouse'",
    "sessions branches": "chat sessions branches lighthouse",
    "sessions branch": "chat sessions branch lighthouse 'a sadder end'",
    "sessions delete": "chat sessions delete lighthouse",
    "sessions restore": "chat sessions restore",
    "sessions replay": "chat sessions replay lighthouse",
    "sessions show": "chat sessions show lighthouse",
    "sessions path": "chat sessions path lighthouse",
    "sessions export": "chat sessions export lighthouse -o tale.html",
    "sessions import": "chat sessions import conversations.json --dry-run",
    "sessions check": "chat sessions check",
    "prompts list": "chat prompts list --tag revise",
    "prompts show": "chat prompts show tighten --tokens",
    "prompts path": "chat prompts path tighten",
    "prompts new": "chat prompts new postcard --from tighten",
    "prompts edit": "chat prompts edit proofread",
    "prompts check": "chat prompts check",
    "prompts import": "chat prompts import fabric/patterns --dry-run",
    "prompts schema": "chat prompts schema > prompt.schema.json",
    "prompts test": "chat prompts test proofread --against my-proofread",
    "prompts learn": "chat prompts learn proofread --since 7d",
    "models list": "chat models list",
    "models add": "chat models add ~/Downloads/tale.gguf",
    "models pull": "chat models pull hf:Qwen/Qwen2.5-1.5B-Instruct-GGUF:Q4_K_M",
    "models info": "chat models info smollm2",
    "models trust": "chat models trust smollm2",
    "models use": "chat models use smollm2",
    "models remove": "chat models remove tale",
    "models quantize": 'chat models quantize tale-F16 "$(chat models path)" Q4_K_M',
    "models ps": "chat models ps",
    "models stop": "chat models stop smollm2",
    "models path": "chat models path",
    "drafts history": "chat drafts history draft.md",
    "drafts show": "chat drafts show draft.md 2 --diff",
    "drafts undo": "chat drafts undo draft.md",
    "drafts redo": "chat drafts redo draft.md",
    "drafts prune": "chat drafts prune --older-than 26w",
    "config show": "chat config show --origin",
    "config edit": "chat config edit",
    "config path": "chat config path",
    "doctor": "chat doctor",
    "bench": "chat bench --quick",
    "completion": "chat completion bash",
}
"""One for each subcommand; the tests hold it complete, and each of them against its command."""


def commands_below(group: click.Group, above: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its words, in the order of the help."""
    for name, command in group.commands.items():
        words = f"{above}{name}"
        if isinstance(command, click.Group):
            yield from commands_below(command, f"{words} ")
        elif not command.hidden:
            yield words, command


def give_examples(group: click.Group) -> None:
    """Put each example below the help of its command."""
    for words, command in commands_below(group):
        if words in EXAMPLES:
            command.epilog = f"\b\nExample:\n  {EXAMPLES[words]}"
