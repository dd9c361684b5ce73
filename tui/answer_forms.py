"""The other forms of an answer: its first fenced block, its events as JSON Lines, and what it took
in tokens and seconds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TextIO

from sessions import Turn
from tui.answers import Begun
from tui.conversation import ConversationEvent
from tui.narrate import Narrator
from tui.runtime import Runtime
from tui.sanitize import sanitize
from tui.tables import json_text

_ESCAPES = {"0": "\0", "n": "\n", "t": "\t", "\\": "\\"}


def event_lines(events: Iterable[ConversationEvent], stdout: TextIO) -> Iterator[ConversationEvent]:
    """The events, each printed as a line of JSON before it is passed on.

    ``type`` is the event's name, as in ``piece`` and ``finished``; the rest are its fields.

    Raises:
        BrokenPipeError: If nobody reads stdout any more.
    """
    for event in events:
        if not isinstance(event, Begun):  # for who waits in front of a screen
            print_line_of_json(stdout, {"type": _snake(type(event).__name__), **asdict(event)})
        yield event


def print_line_of_json(stdout: TextIO, value: object) -> None:
    """Print a value in one line, at once."""
    stdout.write(f"{json_text(stdout, value)}\n")
    stdout.flush()


def separator_line(typed: str | None) -> str:
    """What is printed between two answers: a line, unless it ends with a NUL or a newline."""
    text = "---" if typed is None else re.sub(r"\\([0nt\\])", lambda m: _ESCAPES[m[1]], typed)
    return text if text.endswith(("\0", "\n")) else f"{text}\n"


def first_fenced_block(text: str) -> str | None:
    """What stands in the first code fence of a Markdown text; None where there is none."""
    from markdown_it import MarkdownIt

    blocks = MarkdownIt("commonmark").parse(text)
    return next((block.content for block in blocks if block.type == "fence"), None)


def print_blocks(runtime: Runtime, answers: Sequence[Turn], separator: str | None) -> bool:
    """Print the first fenced block of each answer; whether all have one. One that has none is
    shown on stderr, so that nothing is lost where it was not saved."""
    narrator, is_first, are_all = Narrator(runtime.stderr), True, True
    for turn in answers:
        block = first_fenced_block(turn.content)
        if block is None:
            are_all = False
            narrator.say("the answer has no code block; this is all of it:")
            runtime.stderr.write(f"{sanitize(turn.content)}\n")
            continue
        text = sanitize(block) if runtime.stdout.isatty() else block
        runtime.stdout.write(text if is_first else f"{separator_line(separator)}{text}")
        is_first = False
    return are_all


def stats_lines(answers: Sequence[Turn]) -> Iterator[str]:
    """Tokens and speeds of a request's answers, which were read once and made side by side."""
    counted = [(turn.usage, turn.timings) for turn in answers if turn.usage and turn.timings]
    if not counted:
        return
    usage, timings = counted[0]
    read = usage.prompt_tokens - usage.cached_tokens
    yield (
        f"read {usage.prompt_tokens:,} tokens, {usage.cached_tokens:,} of them cached"
        f"{_pace(read, timings.prefill_s)}"
    )
    written = sum(usage.completion_tokens for usage, _ in counted)
    # The first token of each comes at the end of reading.
    paced = _pace(written - len(counted), max(timings.decode_s for _, timings in counted))
    yield f"wrote {written:,} tokens{paced}"
    proposed = sum(usage.proposed_tokens for usage, _ in counted)
    if proposed:
        accepted = sum(usage.accepted_tokens for usage, _ in counted)
        yield f"guessed {proposed:,} tokens ahead, {accepted:,} of them correctly"
    if any(usage.estimated_tokens for usage, _ in counted):
        yield "these are estimates: the server does not count tokens"


def _pace(tokens: int, seconds: float) -> str:
    if tokens <= 0 or seconds <= 0:
        return ""
    return f"; {tokens:,} in {seconds:.2f} s, {tokens / seconds:,.1f} a second"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
