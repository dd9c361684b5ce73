"""``chat --edit FILE --watch``: instructions written into a draft are carried out on each save."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drafts import Draft, read_draft
from drafts.blocks import Block, split_blocks
from drafts.hunks import Hunk
from engine.protocol import Engine
from tui import exit_codes
from tui.draft_consent import consent_to_write
from tui.edit_parts import is_markdown
from tui.edit_work import prepare
from tui.edit_write import DraftWriter, Target
from tui.errors import UsageProblem
from tui.narrate import Narrator
from tui.options import EditOptions, Scope
from tui.reviewing.batch import revise_all
from tui.reviewing.terminal import review_on_terminal
from tui.runtime import Runtime

SECONDS = 0.5
"""Between two looks at the files."""

_NOTE = re.compile(r"<!--\s*chat:\s*(.+?)\s*-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Note:
    """An instruction in a draft, and the paragraph that it is about."""

    instruction: str
    start: int
    """Of what is taken out of the draft once it is done, in characters."""
    end: int
    target: Block


def watch(
    runtime: Runtime,
    options: EditOptions,
    engine: Engine,
    paths: Sequence[Path],
    *,
    pause: Callable[[], None] = lambda: time.sleep(SECONDS),
) -> int:
    """Carry out notes as they are saved, until Ctrl+C.

    Args:
        runtime: Where everything is.
        options: The command line.
        engine: Answers.
        paths: The drafts.
        pause: Waits before the files are looked at again.

    Raises:
        UsageProblem: If nobody could be asked, and it is not said that nobody has to be.
    """
    if not (options.yes or runtime.is_interactive):
        raise UsageProblem(
            "--watch asks about each change on a terminal; use --yes to accept them without asking"
        )
    Narrator(runtime.stderr).say(
        f"watching {', '.join(map(str, paths))}: save <!-- chat: an instruction --> before or in "
        "a paragraph; Ctrl+C ends"
    )
    seen: dict[Path, tuple[int, int]] = {}
    left: dict[Path, set[tuple[str, str]]] = {path: set() for path in paths}
    try:
        while True:
            for path in paths:
                state = _state(path)
                if state is not None and seen.get(path) != state:
                    # Noted before it is read: what is saved from here on is another look's.
                    seen[path] = state
                    _carry_out_all(runtime, options, engine, path, left[path])
            pause()
    except KeyboardInterrupt:
        return exit_codes.DONE


def notes_in(text: str, name: str) -> list[Note]:
    """The notes of a draft that have a paragraph: the one that they stand in, else the next one,
    else the one before."""
    blocks = split_blocks(text, markdown=is_markdown(name))
    notes = []
    for found in _NOTE.finditer(text):
        holder = next(block for block in blocks if block.start <= found.start() < block.end)
        if holder.kind == "code":
            continue
        target = holder if holder.is_prose else _neighbour(blocks, holder)
        if target is None:
            continue
        is_alone = not holder.is_prose and holder.text.strip() == found[0]
        span = (holder.start, holder.end) if is_alone else _with_blank(text, *found.span())
        notes.append(Note(found[1], *span, target))
    return notes


def _with_blank(text: str, start: int, end: int) -> tuple[int, int]:
    """A note in a line, with the blank before it that nothing follows any more."""
    if text[start - 1 : start] == " " and text[end : end + 1] in ("", "\n", " "):
        start -= 1
    return start, end


def _neighbour(blocks: Sequence[Block], holder: Block) -> Block | None:
    after = (block for block in blocks if block.start >= holder.end and block.is_prose)
    before = (block for block in reversed(blocks) if block.end <= holder.start and block.is_prose)
    return next(after, None) or next(before, None)


def _state(path: Path) -> tuple[int, int] | None:
    """What changes when a file is saved; None while there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _carry_out_all(
    runtime: Runtime,
    options: EditOptions,
    engine: Engine,
    path: Path,
    left: set[tuple[str, str]],
) -> None:
    """Every note, but for one on just the same paragraph as one that is left in the draft."""
    while True:
        draft = read_draft(path)
        notes = (
            note
            for note in notes_in(draft.text, str(path))
            if (note.instruction, note.target.text) not in left
        )
        note = next(notes, None)
        if note is None:
            return
        if not _carry_out(runtime, options, engine, draft, note):
            left.add((note.instruction, note.target.text))


def _end_if_told(code: int, *, is_reviewed: bool) -> None:
    """End at a signal that has ended a revision; Ctrl+C in a review leaves that alone.

    Raises:
        KeyboardInterrupt: At Ctrl+C.
        SystemExit: At another signal.
    """
    if code == exit_codes.INTERRUPTED:
        if not is_reviewed:
            raise KeyboardInterrupt
    elif code > exit_codes.SIGNALLED:
        raise SystemExit(code)


def _carry_out(
    runtime: Runtime, options: EditOptions, engine: Engine, draft: Draft, note: Note
) -> bool:
    """Carry out a note; whether it is gone."""
    scope = Scope(lines=(note.target.first_line, note.target.last_line))
    prompt = replace(options.prompt, words=note.instruction)
    own = replace(options, prompt=prompt, scope=scope)
    Narrator(runtime.stderr).say(f"{draft.path}:{note.target.first_line}: {note.instruction}")
    work = prepare(runtime, own, engine, [(str(draft.path), draft)])
    review, code = (revise_all if options.yes else review_on_terminal)(runtime, work)
    if review is None:
        _end_if_told(code, is_reviewed=not options.yes)
        return False
    work.record(review)
    accepted = work.accepted(review, 0)
    if not accepted:
        Narrator(runtime.stderr).say(f"nothing was accepted: the note stays in {draft.path}")
        return False
    old = draft.text[note.start : note.end]
    gone = Hunk(note.start, note.end, old, "", "words", ())
    kept = [hunk for hunk in accepted if hunk.end <= gone.start or hunk.start >= gone.end]
    in_order = sorted([*kept, gone], key=lambda hunk: hunk.start)
    target = Target(draft, consent_to_write(runtime, draft.file))
    say = Narrator(runtime.stderr).say
    return DraftWriter(runtime, session=work.session, say=say).write(target, in_order)
