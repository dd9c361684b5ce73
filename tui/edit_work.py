"""From the command line of an edit to the work: which drafts, which parts, which questions."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from drafts.document import DecodedText
from drafts.hunks import Hunk
from drafts.locks import FIXED, LockKind
from drafts.verdict import Allowed
from engine.protocol import Engine
from prompts.fence import fence, steady_fence
from prompts.inherit import Prompt
from prompts.languages import languages_differ
from sessions import MemorySession, SessionLog
from tui.ask import instruct
from tui.attach import AttachedText
from tui.composed import Composed
from tui.conversation import Conversation
from tui.documents import files_in, refuse_glob_without_folder
from tui.edit_parts import Task, task_of
from tui.edit_session import work_session
from tui.errors import UsageProblem
from tui.library_prompts import load_stacked
from tui.options import EditOptions
from tui.part_context import SHARE_OF_CONTEXT, PartContexts
from tui.piece_questions import PieceQuestions
from tui.reviewing.state import Review
from tui.revising import Before, Revised, Revision, reviewed_changes
from tui.runtime import Runtime
from tui.surroundings import surroundings
from tui.texts import check_arguments
from tui.unfinished import Decisions, Unfinished, real_paths

_PROMPT = "proofread"
_PROMPT_WITH_INSTRUCTION = "editor"

_LOCKS: Mapping[str, LockKind] = {
    "quotations": "quotation",
    "numbers": "number",
    "names": "name",
}

_SHORTER = re.compile(r"\b(?:short|cut|tight|trim|condens|summar|brief|remov|delet|half)", re.I)
_LONGER = re.compile(r"\b(?:long|expand|add\b|elaborat|more detail|flesh out)", re.I)
_TRANSLATE = re.compile(r"\btranslat", re.I)


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that an edit needs once its command line is understood."""

    conversation: Conversation
    revision: Revision
    sample: Composed
    """What the questions have in common, with the first of them."""
    decisions: Decisions
    """What was decided when it was stopped before, and what is decided now."""
    note: Unfinished | None = None
    """Where the work is remembered while it is in progress; None where it is not kept."""

    def begin(self) -> None:
        """Remember the work, so that it can be gone on with after a stop."""
        if self.note is not None and self.session is not None:
            with suppress(OSError):  # a full disk takes the convenience away, not the revision
                self.note.begin(self.session)

    def end(self, review: Review) -> None:
        """What was decided is done; there is nothing to go on with if that was all."""
        if self.note is not None and self.revision.is_complete and not review.open:
            with suppress(OSError):
                self.note.end()

    @property
    def log(self) -> SessionLog:
        """The session that holds it all."""
        return self.conversation.log

    @property
    def session(self) -> str | None:
        """The id of that session; None where it is not kept."""
        return None if isinstance(self.log, MemorySession) else self.log.session.id

    @property
    def is_filter(self) -> bool:
        """Whether it revises standard input: then an editor puts stderr into its text as well."""
        return any(task.name == "-" for task in self.revision.tasks)

    def accepted(self, review: Review, number: int) -> list[Hunk]:
        """The hunks of a draft that were taken, in the words that they were taken in."""
        taken = [change for change in review.of_file(number) if change.decision == "taken"]
        return sorted((change.shown_hunk for change in taken), key=lambda hunk: hunk.start)

    def record(self, review: Review) -> None:
        """Keep in the session what was decided about each piece."""
        by_hunk = {id(change.hunk): change for change in review.changes}
        for revised in self.revision.revised:
            decided = (by_hunk.get(id(proposed.hunk)) for proposed in revised.changes)
            changes = reviewed_changes(revised, filter(None, decided))
            if changes:
                self.conversation.marks.review(revised.answer, changes)

    def where(self, revised: Revised) -> str:
        """Where in which file a piece is."""
        task = self.revision.tasks[revised.file]
        line = task.text.count("\n", 0, revised.piece.start) + 1
        return f"{task.name}:{line}"


def prepare(
    runtime: Runtime,
    options: EditOptions,
    engine: Engine,
    drafts: Sequence[tuple[str, DecodedText]],
    goes_on: Callable[[str], bool] | None = None,
) -> Work:
    """Put the questions together, and begin a session for them.

    Args:
        runtime: Where everything is.
        options: The command line.
        engine: Answers; it may still be loading.
        drafts: Names and texts.
        goes_on: Asked whether to go on with work that was stopped, told how much of it is done;
            None asks on the terminal.

    Raises:
        DraftError: If a part is named that is not there.
        PromptError: If a prompt cannot be used.
        UsageProblem: If there is nothing to revise.
    """
    check_arguments(options.prompt.words, options.prompt.system)
    names = _prompts(options)
    prompt = load_stacked(runtime.library(), names)
    n_ctx = engine.describe().n_ctx
    tasks = [task_of(draft, name, options.scope, prompt.unit, n_ctx) for name, draft in drafts]
    texts = _texts(tasks)
    note = _note(runtime, options, names, engine.model_name)
    held = work_session(runtime, options, prompt.name, texts, note, goes_on)
    questions = PieceQuestions(
        replace(options.prompt, templates=names),
        options.engine,
        texts,
        replace(surroundings(runtime, engine, held.log), title=""),
        _contexts(tasks, engine, options, prompt),
        are_selected=not options.scope.is_whole,
    )
    composed = questions.common()
    conversation = Conversation(engine, held.log, composed.settings)
    instruct(conversation, composed, runtime.config.system)
    revision = Revision(
        conversation,
        tasks,
        questions,
        allowed=allowed_by(prompt, options),
        versions=options.alternatives,
        before=Before(held.answers, held.decisions),
    )
    return Work(conversation, revision, composed, held.decisions, held.note)


def _texts(tasks: Sequence[Task]) -> list[AttachedText]:
    """All pieces, each under its draft's name.

    Raises:
        UsageProblem: If there is none.
    """
    texts = [
        AttachedText(None if task.name == "-" else Path(task.name).name, piece.text)
        for task in tasks
        for piece in task.pieces
    ]
    if not texts:
        is_empty = not any(task.text.strip() for task in tasks)
        reason = "the draft is empty" if is_empty else "nothing in it is prose that may be changed"
        raise UsageProblem(f"{reason}: there is nothing to revise")
    return texts


def _note(
    runtime: Runtime, options: EditOptions, names: Sequence[str], model_name: str
) -> Unfinished:
    """Where the work is noted: how its result is shown or written does not make it another."""
    same = replace(options, yes=False, diff=None, fold=False, output=None, plain=False)
    drafts = real_paths(options.drafts)
    return Unfinished.of(runtime.paths.unfinished, drafts, names, same, model_name)


def _contexts(
    tasks: Sequence[Task], engine: Engine, options: EditOptions, prompt: Prompt
) -> PartContexts:
    """What is around the parts. A sentence is corrected without, unless the prompt has a place for
    it: what small models are told around one makes them change more of it."""
    make = fence if options.engine.seed is None else steady_fence
    return PartContexts(
        tasks,
        int(engine.describe().n_ctx * SHARE_OF_CONTEXT),
        engine.count,
        partial(make, kind="context"),
        by_default=prompt.unit != "sentence",
    )


def allowed_by(prompt: Prompt, options: EditOptions) -> Allowed:
    """What of a text may change, as far as a prompt and an instruction tell.

    What goes a sentence at a time is corrected: for more than that a model has to see more.
    """
    words = options.prompt.words or ""
    may_shrink = "shorten" in prompt.tags or bool(_SHORTER.search(words))
    may_grow = "draft" in prompt.tags or bool(_LONGER.search(words))
    is_free = "transform" in prompt.tags or bool(_TRANSLATE.search(words))
    return Allowed(
        least=None if may_shrink or is_free else 0.7,
        most=None if may_grow or is_free else 1.5,
        is_free=is_free,
        min_gain=prompt.min_gain,
        near=prompt.near,
        locks=FIXED | {_LOCKS[name] for name in options.locks},
        is_correction=prompt.unit == "sentence" and not (may_shrink or may_grow or is_free),
        languages_differ=None if is_free else languages_differ,
    )


def _prompts(options: EditOptions) -> tuple[str, ...]:
    default = _PROMPT_WITH_INSTRUCTION if options.prompt.words else _PROMPT
    return options.prompt.templates or (default,)


def draft_paths(options: EditOptions) -> list[Path]:
    """The files that are to be revised, each once, whatever names lead to it.

    Raises:
        UsageProblem: If a folder has none, is named without a pattern, or there is only a pattern.
    """
    named = [Path(name) for name in options.drafts]
    refuse_glob_without_folder(named, options.glob)
    paths = [path for each in named for path in files_in(each, options.glob)]
    found: dict[str, Path] = {}
    for path in paths:
        found.setdefault(os.path.realpath(path), path)
    return list(found.values())
