"""What changes the tree of a conversation without a model: other words, other ways, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from engine.types import Message
from sessions import SessionLog, Turn, instruction_in_force, new_turn_id, spoken_turns
from tui.attach import AttachedText, attachments_in, begin_of_fence, text_of
from tui.branches import check_new_name, siblings_of
from tui.errors import UsageProblem
from tui.marks import Marks
from tui.paragraphs import paragraphs_of
from tui.saver import Joined, NotSaved, Saver


class TreeChanges:
    """A session, and what a person does to its turns. For one thread at a time."""

    def __init__(self, log: SessionLog) -> None:
        """Begin with a session as it is."""
        self._saver = Saver(log)
        self.marks = Marks(self._saver)
        """What a person says of turns that are there."""
        self.name_of_next: str | None = None
        """Of the branch that the next question begins."""

    @property
    def log(self) -> SessionLog:
        """Where every turn goes."""
        return self._saver.log

    @property
    def system(self) -> str:
        """The system text in force, or nothing."""
        in_force = instruction_in_force(self.log.session.path())
        return in_force.content if in_force else ""

    @property
    def examples(self) -> tuple[Message, ...]:
        """The few-shot examples in force."""
        in_force = instruction_in_force(self.log.session.path())
        return in_force.examples if in_force else ()

    def failures(self) -> Iterator[NotSaved | Joined]:
        """What could not be saved since this was last asked for, and whether others came."""
        return self._saver.failures()

    @property
    def unsaved(self) -> str | None:
        """Why the last that was said is in memory only; None where it is saved."""
        return self._saver.unsaved

    def save_rest(self) -> None:
        """Try once more to save what is in memory only."""
        head = self.log.session.head
        if self.unsaved is not None and head is not None:
            self.marks.go_to(head)

    def messages_before(self) -> list[Message]:
        """What a model would get before the next question."""
        parent = self._parent()
        return [] if parent is None else self.log.session.messages(parent)

    def last_question(self) -> Turn:
        """The last question that a model gets.

        Raises:
            UsageProblem: If there is none.
        """
        asked = [turn for turn in spoken_turns(self.log.session.path()) if turn.role == "user"]
        if not asked:
            raise UsageProblem("there is no question yet")
        return asked[-1]

    def last_answer(self) -> Turn:
        """The answer to the last question, a system text behind it notwithstanding.

        Raises:
            UsageProblem: If there is none.
        """
        spoken = spoken_turns(self.log.session.path())
        if not spoken or spoken[-1].role != "assistant":
            way = "; /regen answers the last question" if spoken else ""
            raise UsageProblem(f"there is no answer here yet{way}")
        return spoken[-1]

    def instruct(
        self,
        system: str,
        examples: tuple[Message, ...] = (),
        *,
        prompt: str | None = None,
    ) -> None:
        """Put a system text and its few-shot examples in force from here on."""
        in_force = instruction_in_force(self.log.session.path())
        if in_force and (in_force.content, in_force.examples) == (system, examples):
            return
        turn = Turn(new_turn_id(), self._parent(), "system", system, now())
        self._saver.append(replace(turn, examples=examples, prompt=prompt))

    def reword(self, content: str, *, turn: Turn | None = None) -> Turn:
        """Say a question in other words. It becomes a sibling of the old one, which stays, and the
        head; `regenerate` answers it.

        Args:
            content: The new words.
            turn: The question; None is the last one.

        Raises:
            UsageProblem: If there is no question, or the turn is none.
        """
        old = turn or self.last_question()
        if old.role != "user":
            raise UsageProblem("that turn is not a question; /answer changes an answer")
        attached = [
            AttachedText(part.name, text_of(old, part), begin_of_fence(old, part))
            for part in old.attachments
        ]
        new = replace(
            Turn(new_turn_id(), self._before(old), old.role, content, now()),
            raw=old.raw,
            alone=old.alone,
            prompt=old.prompt,
            attachments=attachments_in(content, attached),
        )
        self._saver.append(new)
        return new

    def reword_answer(self, content: str, *, turn: Turn | None = None) -> Turn:
        """Say an answer in a person's own words. It becomes a sibling of the old one, which stays,
        and the head; `continue_answer` has a model go on from it.

        Args:
            content: The new words.
            turn: The answer; None is the last one.

        Raises:
            UsageProblem: If there is no answer, the turn is none, or there are no words.
        """
        old = self._answer_meant(turn)
        if not content.strip():
            raise UsageProblem(
                "an answer cannot be empty; /undo removes a question with its answer"
            )
        return self._append_own_answer(content, [old])

    def merge(self, parts: Sequence[tuple[Turn, int]]) -> Turn:
        """Make an answer of paragraphs of several. It becomes their sibling, and the head.

        Args:
            parts: Answers to one question, each with the number of a paragraph, from 1.

        Raises:
            UsageProblem: If they answer different questions, or have not so many paragraphs.
        """
        if not parts:
            raise UsageProblem("name at least one paragraph")
        if len({turn.parent for turn, _ in parts}) > 1:
            raise UsageProblem("only answers to the same question can be combined")
        texts = [_paragraph(self._answer_meant(turn), number) for turn, number in parts]
        turns = {turn.id: turn for turn, _ in parts}
        return self._append_own_answer("\n\n".join(texts), list(turns.values()))

    def siblings(self, turn: Turn) -> list[Turn]:
        """The versions of a turn, itself among them, in the order in which they were made."""
        return siblings_of(self.log.session, turn)

    def go_to_version(self, turn: Turn) -> Turn:
        """Go to one of the versions of a turn, and on to where its branch was left; else to its
        latest turn."""
        session = self.log.session
        if session.head is None or not session.leads_to(turn.id, session.head):
            self.marks.go_to(session.leaf_of(self._saver.left_at(turn.id) or turn.id))
        return turn

    def step(self, turn: Turn, by: int) -> Turn:
        """Go to the version before a turn (-1), or after it (1).

        Raises:
            UsageProblem: If there is none.
        """
        versions = self.siblings(turn)
        place = [each.id for each in versions].index(turn.id) + by
        if not 0 <= place < len(versions):
            raise UsageProblem(f"there is no version {place + 1} of {len(versions)}")
        return self.go_to_version(versions[place])

    def fork(self, turn: Turn | None = None, name: str | None = None) -> None:
        """Go on after a turn; what follows it stays a branch.

        Args:
            turn: None is the one in use.
            name: Of the branch that the next question begins.

        Raises:
            UsageProblem: If another branch has the name.
        """
        session = self.log.session
        if name is not None and name in session.branches:
            check_new_name(session, name, "")
        if turn is not None:
            self.marks.go_to(turn.id)
        self.name_of_next = name

    def undo(self, questions: int = 1) -> Turn:
        """Take back the last questions and all that followed; `redo` brings them again.

        Returns:
            The first question that was taken back.

        Raises:
            UsageProblem: If there are not so many.
        """
        asked = [turn for turn in self.log.session.path() if turn.role == "user"]
        if not 1 <= questions <= len(asked):
            most = {0: "no question", 1: "only one question"}.get(
                len(asked), f"only {len(asked)} questions"
            )
            raise UsageProblem(f"{most} can be undone")
        first = asked[-questions]
        to = self._before(first)
        self._saver.mark(lambda log: log.undo(to))
        return first

    def redo(self) -> None:
        """Bring back what the last `undo` took.

        Raises:
            UsageProblem: If nothing was undone since the last turn.
        """
        if not self.log.session.undone:
            raise UsageProblem("there is nothing to redo")
        self._saver.mark(lambda log: log.redo())

    def _append_own_answer(self, content: str, of: Sequence[Turn]) -> Turn:
        new = Turn(new_turn_id(), self._before(of[0]), "assistant", content, now())
        new = replace(new, edits=tuple(turn.id for turn in of))
        self._saver.append(new)
        return new

    def _append_question(self, question: Turn) -> None:
        """Add a question; it begins the branch that a person has named."""
        self._saver.append(question)
        if (name := self.name_of_next) is not None:
            self.name_of_next = None
            self._saver.mark(lambda log: log.name_branch(name, question.id))

    def _answer_meant(self, turn: Turn | None) -> Turn:
        """The answer itself, or the last one; its question is there."""
        answer = turn or self.last_answer()
        if answer.role != "assistant":
            raise UsageProblem("that turn is not an answer; /fork lists the turns")
        if self._before(answer) is None:
            raise UsageProblem("the question of this answer is lost, so it cannot be continued")
        return answer

    def _is_open(self, answer: Turn) -> bool:
        return not answer.content or self.log.is_being_written(answer)

    def _before(self, turn: Turn) -> str | None:
        """The turn that a turn follows; None where that is lost."""
        return turn.parent if turn.parent in self.log.session.turns else None

    def _parent(self) -> str | None:
        """The turn that the next one follows.

        A question that never got an answer, or only an empty one, is not followed by a second one:
        most templates want the roles to alternate. The new one becomes its sibling. So it does
        where another program is answering just now: what it says is not known yet.
        """
        path = self.log.session.path()
        if path and path[-1].role == "assistant" and self._is_open(path[-1]):
            path.pop()
        if path and path[-1].role == "user":
            path.pop()
        return path[-1].id if path else None


def now() -> datetime:
    """When a turn is said."""
    return datetime.now(timezone.utc)


def _paragraph(answer: Turn, number: int) -> str:
    paragraphs = paragraphs_of(answer.content)
    if not 1 <= number <= len(paragraphs):
        raise UsageProblem(f"that answer has paragraphs 1 to {len(paragraphs)}, not {number}")
    return paragraphs[number - 1]
