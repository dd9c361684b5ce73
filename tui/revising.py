"""Revises drafts piece by piece: asks the model, judges what came back, finds the changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from drafts.batches import Piece
from drafts.echo import without_echo
from drafts.hunks import Hunk, hunks
from drafts.structure import piece_changes
from drafts.verdict import Allowed, Verdict, judge
from engine.types import Piece as Written
from prompts.fence import unwrapped
from sessions import Change as ReviewedChange
from sessions import Turn, messages_to_answer, sha256_of
from tui.conversation import Conversation, ConversationEvent, Question
from tui.edit_parts import Task
from tui.opinions import Corrected, Forgetful, OpinionKeeper, SecondOpinion
from tui.piece_names import PieceNames
from tui.piece_questions import PieceQuestions
from tui.progress import Pace, Progress
from tui.reviewing.state import Change


@dataclass(frozen=True, slots=True)
class Rewording:
    """Other words for a change."""

    words: str
    warning: str
    """What is wrong with the revision that they are from; nothing, if nothing is."""


@dataclass(frozen=True, slots=True)
class Revised:
    """A piece came back."""

    file: int
    piece: Piece
    verdict: Verdict
    answer: str
    """The id of the turn."""
    changes: tuple[Change, ...]


RevisionEvent: TypeAlias = Progress | Revised | ConversationEvent


@dataclass(frozen=True, slots=True)
class Before:
    """What was found out before work was stopped."""

    answers: Mapping[str, Sequence[Turn]] = field(default_factory=dict)
    """What was answered, by the SHA-256 of the piece."""
    opinions: OpinionKeeper = field(default_factory=Forgetful)
    """What the model made of it."""


class Revision:
    """The work on some drafts, in a conversation of its own."""

    def __init__(
        self,
        conversation: Conversation,
        tasks: Sequence[Task],
        questions: PieceQuestions,
        *,
        allowed: Allowed,
        versions: int = 1,
        before: Before = Before(),
    ) -> None:
        """Nothing is asked yet.

        Args:
            conversation: Its system text and examples are in force.
            tasks: What is revised.
            questions: About each piece, by its number among all pieces.
            allowed: What the instruction allows to change.
            versions: How many the model writes of each piece.
            before: What there is from work that was stopped.
        """
        self.conversation = conversation
        self.tasks = tuple(tasks)
        self.revised: list[Revised] = []
        """What has come back so far."""
        self.is_stopped = False
        self.broke: str | None = None
        """Why the engine gave up, if it did."""
        self._questions = questions
        self._allowed = allowed
        self._versions = versions
        self._answers = before.answers
        self._opinion = SecondOpinion(conversation.engine, allowed, before.opinions)
        self._names = PieceNames()
        self._pace = Pace(len(piece.text.split()) for task in self.tasks for piece in task.pieces)

    @property
    def is_complete(self) -> bool:
        """Whether every piece has come back."""
        return len(self.revised) == sum(len(task.pieces) for task in self.tasks)

    def stop(self) -> None:
        """End soon. From any thread, or a signal handler."""
        self.is_stopped = True
        self.conversation.cancel()

    def run(self) -> Iterator[RevisionEvent]:
        """Revise all pieces in turn.

        Raises:
            EngineError: If an answer could not be begun.
        """
        work = [(file, piece) for file, task in enumerate(self.tasks) for piece in task.pieces]
        for number, (file, piece) in enumerate(work):
            if self.is_stopped or self.broke is not None:
                return
            yield self._pace.begin(number)
            yield from self._revise(number, file, piece)

    def reword(self, change: Change, instruction: str) -> Iterator[ConversationEvent | Rewording]:
        """Ask for a piece once more with a further instruction: events, and then the new words,
        unless the answer did not come to its end.

        Raises:
            EngineError: If an answer could not be begun.
        """
        revised = next(
            each
            for each in self.revised
            if any(proposed.hunk is change.hunk for proposed in each.changes)
        )
        asked = self._question_about(revised.answer)
        question = Question(
            f"{asked.content}\n\n{instruction}",
            asked.prompt,
            asked.variables,
            attachments=asked.attachments,
            reference=revised.piece.text,
            alone=True,
        )
        yield from self._events(self.conversation.ask(question))
        answer = self.conversation.answers[0]
        if answer.status == "complete" and not self.is_stopped:
            verdict = self._judged(revised.file, revised.piece, answer)
            words = words_in_place_of(change.hunk, revised.piece, verdict.text)
            yield Rewording(words, "; ".join(verdict.flags))

    def _revise(self, number: int, file: int, piece: Piece) -> Iterator[RevisionEvent]:
        """Ask for a piece; once more, where what came back is doubtful."""
        answers = self._answers.get(sha256_of(piece.text), ())
        was_there = bool(answers)
        if not answers:
            question = self._questions.of(number)
            asking = self.conversation.ask(question, alternatives=self._versions)
            yield from self._writing(asking, piece)
            answers = self.conversation.answers
            self.broke = answers[0].error
            if self.broke is not None:
                return
            if self._judged(file, piece, answers[0]).flags and not self.is_stopped:
                yield from self._writing(self._once_more(number, question), piece)
                answers = (*answers, *self.conversation.answers)
        if self.is_stopped:
            return
        judged = [(self._judged(file, piece, answer), answer.id) for answer in answers]
        # Of several the first one, unless something is wrong with it that is not with another.
        judged.sort(key=lambda each: len(each[0].flags))
        (verdict, answer_id), *others = judged
        texts = [other.text for other, _ in others if other.is_sound][: self._versions]
        name = self._names.name_of(self.tasks[file], piece, verdict.text)
        changes = _changes(file, piece, verdict, texts, name=name)
        if verdict.is_sound:
            proposed = {change.name for change in changes}
            changes = self._corrected(file, piece, answer_id, name, changes)
            if not {change.name for change in changes} <= proposed:
                verdict = replace(verdict, begin=None)  # not all of it is in the answer
        self._pace.end(is_new=not was_there)
        revised = Revised(file, piece, verdict, answer_id, changes)
        self.revised.append(revised)
        yield revised

    def _once_more(self, number: int, asked: Question) -> Iterator[ConversationEvent]:
        """Ask about a piece again: without what is around it, which a small model repeats."""
        question = self._questions.of(number, bare=True)
        if question == asked:
            return self.conversation.regenerate()
        return self.conversation.ask(question)

    def _writing(
        self, asking: Iterator[ConversationEvent], piece: Piece
    ) -> Iterator[RevisionEvent]:
        """The events of a piece's answer, and now and then how far it is."""
        written = 0
        for event in self._events(asking):
            yield event
            if isinstance(event, Written):
                written += len(event.text)
                if progress := self._pace.write(written / len(piece.text) / self._versions):
                    yield progress

    def _corrected(
        self, file: int, piece: Piece, answer: str, name: str, changes: tuple[Change, ...]
    ) -> tuple[Change, ...]:
        """The changes with a second opinion on them, and further ones that it has."""
        path = self.conversation.log.session.path(answer)[:-1]
        corrected = Corrected(
            file,
            self.tasks[file].text,
            piece,
            name,
            messages_to_answer(path),
            lambda text: self._verdict(file, piece, text).is_sound,
        )
        return self._opinion.on(corrected, changes)

    def _events(self, asking: Iterator[ConversationEvent]) -> Iterator[ConversationEvent]:
        """The events of an answer, also where `stop` came just before it was asked for."""
        if self.is_stopped:
            self.conversation.cancel()
        yield from asking

    def _judged(self, file: int, piece: Piece, answer: Turn) -> Verdict:
        start, end = self._place_of_text(piece, answer)
        is_complete = answer.status == "complete"
        verdict = self._verdict(file, piece, answer.content[start:end], is_complete=is_complete)
        if verdict.begin is not None:
            verdict = replace(verdict, begin=start + verdict.begin)
        return verdict

    def _verdict(self, file: int, piece: Piece, text: str, *, is_complete: bool = True) -> Verdict:
        is_markdown = self.tasks[file].is_markdown
        verdict = judge(
            piece.text,
            text,
            is_complete=is_complete,
            markdown=is_markdown,
            allowed=self._allowed,
        )
        if not is_markdown or not verdict.is_sound:
            return verdict
        return replace(verdict, flags=tuple(piece_changes(piece, verdict.text)))

    def _place_of_text(self, piece: Piece, answer: Turn) -> tuple[int, int]:
        """Where an answer begins and ends without what it repeats of its question."""
        around = _around_the_text(self._question_about(answer.id))
        start, end = unwrapped(around, answer.content)
        begin, stop = without_echo(piece.text, answer.content[start:end], around)
        return start + begin, start + stop

    def _question_about(self, answer: str) -> Turn:
        """The question that a turn answers."""
        turns = self.conversation.log.session.turns
        return turns[turns[answer].parent or ""]


def _around_the_text(question: Turn) -> str:
    """What a question says beside the text that it gives."""
    content = question.content
    for part in question.attachments:
        content = f"{content[: part.start]}\n{content[part.start + part.length :]}"
    return content


def _changes(
    file: int, piece: Piece, verdict: Verdict, others: Sequence[str], *, name: str
) -> tuple[Change, ...]:
    """The changes of a piece, each with what other revisions say in its place.

    Their names begin with the one that is given, and are the same wherever in a draft the piece is.
    """
    warning, by = "; ".join(verdict.flags), piece.start
    found = []
    for hunk in hunks(piece.text, verdict.text):
        moved = replace(hunk, start=hunk.start + by, end=hunk.end + by)
        words = dict.fromkeys(words_in_place_of(moved, piece, other) for other in others)
        versions = tuple(each for each in words if each not in (hunk.old, hunk.new))
        own = f"{name}.{hunk.start}-{hunk.end}"
        found.append(Change(file, moved, warning, versions=versions, name=own))
    return tuple(found)


def words_in_place_of(hunk: Hunk, piece: Piece, revised: str) -> str:
    """What another revision of a piece says where a hunk of the draft is.

    Changes that only touch the hunk's stretch count as far as they lie in it.
    """
    start, end = hunk.start - piece.start, hunk.end - piece.start
    parts: list[str] = []
    at = start
    for other in hunks(piece.text, revised):
        if other.end < start or other.start > end or (other.start == end > start):
            continue
        if other.start < start or other.end > end:
            return hunk.old  # it is part of a larger change, which cannot be taken by itself
        parts += [piece.text[at : other.start], other.new]
        at = other.end
    return "".join([*parts, piece.text[at:end]])


def reviewed_changes(revised: Revised, decided: Iterable[Change]) -> list[ReviewedChange]:
    """What a person made of a piece's changes, as the session keeps it.

    Args:
        revised: The piece.
        decided: Its changes as the review has them by now.
    """
    begin = revised.verdict.begin
    spans: dict[int, tuple[int, int]] = {}
    longer = (begin or 0) - revised.piece.start
    for proposed in revised.changes:
        hunk = proposed.hunk
        start = hunk.start + longer
        spans[id(hunk)] = (0, 0) if begin is None else (start, start + len(hunk.new))
        longer += len(hunk.new) - len(hunk.old)
    return [
        ReviewedChange(
            taken=change.decision == "taken",
            old=(change.hunk.start - revised.piece.start, change.hunk.end - revised.piece.start),
            new=spans[id(change.hunk)],
            final=change.proposed if begin is None else change.text,
        )
        for change in decided
        if change.decision != "open"
    ]
