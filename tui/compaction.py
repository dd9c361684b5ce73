"""Compaction: a summary in place of the older turns of a conversation, on a branch of its own."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from engine.protocol import Engine
from engine.types import Event, Role
from sessions import (
    Turn,
    instruction_in_force,
    messages_of,
    new_turn_id,
    spoken_turns,
    summary_in_force,
)
from tui.branches import copied
from tui.errors import CompactionFailed, StillTooLong, UsageProblem
from tui.summary import SAMPLING, Summariser, Summarising

_SPEAKERS: Mapping[Role, str] = {"user": "Person", "assistant": "Assistant", "system": "Earlier"}


@dataclass(frozen=True, slots=True)
class Compacted:
    """A summary has taken the place of older turns; it is the last event of a compaction."""

    summary: str
    turns: int
    """How many it stands for."""
    tokens_before: int
    tokens_after: int
    """Of everything that the model gets."""
    original: str = ""
    """The name of the branch as it was."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of the turns of a branch."""

    path: tuple[Turn, ...]
    """All of them."""
    shared: tuple[Turn, ...]
    """From the first turn to the instruction in force, which stays where it is."""
    earlier: Turn | None
    """The summary that the new one takes the place of."""
    older: tuple[Turn, ...]
    """What is summarised."""
    kept: tuple[Turn, ...]
    """What follows the summary word for word."""

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Speaker and words of everything that goes into the summary."""
        earlier = [self.earlier] if self.earlier else []
        return [(_SPEAKERS[turn.role], turn.content) for turn in (*earlier, *self.older)]

    def branch(self, summary: str, model: str) -> list[Turn]:
        """The turns to append: the summary, and copies of what is kept."""
        earlier = (self.earlier.id, *self.earlier.summarises) if self.earlier else ()
        parent = self.shared[-1].id if self.shared else None
        head = replace(
            Turn(new_turn_id(), parent, "system", summary, datetime.now(timezone.utc)),
            model=model,
            sampling=SAMPLING,
            summarises=(*earlier, *(turn.id for turn in self.older)),
        )
        turns = [head]
        in_place = {turn.id for turn in self.shared}
        for turn in self.kept:
            if turn.id not in in_place:
                turns.append(copied(turn, turns[-1].id))
        return turns


def plan_compaction(path: Sequence[Turn], keep: int) -> Plan:
    """Choose what is summarised and what is kept.

    What is kept begins with a question, because most templates want roles to alternate, and a
    question without an answer is always kept.

    Raises:
        UsageProblem: If there is nothing older than what is kept.
    """
    spoken = spoken_turns(path)
    if any(turn.raw for turn in spoken):
        raise UsageProblem("this session is plain text, which cannot be compacted")
    is_waiting = bool(spoken) and spoken[-1].role == "user"
    first = max(0, len(spoken) - max(keep, int(is_waiting)))
    while 0 < first < len(spoken) and spoken[first].role != "user":
        first -= 1
    if first == 0:
        raise UsageProblem(
            f"there is nothing to compact: the conversation has {len(spoken)} turns, and the "
            f"last {keep} stay as they are"
        )
    instruction = instruction_in_force(path)
    return Plan(
        path=tuple(path),
        shared=tuple(path[: path.index(instruction) + 1] if instruction else ()),
        earlier=summary_in_force(path),
        older=tuple(spoken[:first]),
        kept=tuple(spoken[first:]),
    )


def carry_out(
    plan: Plan, engine: Engine, is_cancelled: Callable[[], bool]
) -> Generator[Event | Summarising, None, tuple[list[Turn], Compacted]]:
    """The turns to append, and what they change, come as the generator's value.

    Raises:
        CompactionFailed: If it was cancelled, or there is no good summary.
        CannotFit: If what remains is still longer than the context.
        EngineError: If a summary could not be begun.
    """
    summary = yield from Summariser(engine, is_cancelled).summarise(plan.texts)
    branch = plan.branch(summary, engine.model_name)
    before = engine.count(messages_of(plan.path))
    after = engine.count(messages_of([*plan.shared, *branch]))
    available = engine.describe().n_ctx - 1
    if is_cancelled():
        raise CompactionFailed("stopped; the session is unchanged")
    if after >= before:
        raise CompactionFailed(
            f"the summary saves nothing ({before:,} tokens without it, {after:,} with it); the "
            "session is unchanged"
        )
    if after > available:
        raise StillTooLong(after, available)
    return branch, Compacted(summary, len(plan.older), before, after)
