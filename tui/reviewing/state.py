"""What a person has decided about the changes of a revision, for every front end that asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias

from drafts.hunks import Hunk

Decision: TypeAlias = Literal["open", "taken", "skipped"]

SAID: Mapping[Decision, str] = {"open": "open", "taken": "accepted", "skipped": "skipped"}
"""What a person reads of each."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change that a person decides about."""

    file: int
    """Which of the drafts it is in."""
    hunk: Hunk
    warning: str = ""
    """Why it is doubtful; such a change is taken by a decision of its own alone."""
    decision: Decision = "open"
    text: str | None = None
    """The person's own words in place of the proposed ones."""
    versions: tuple[str, ...] = ()
    """Other words that the model proposed."""
    name: str = ""
    """The same whenever its answer is read again, and no other's: what is decided about it is kept
    under it."""

    @property
    def proposed(self) -> str:
        """The words that would be written."""
        return self.hunk.new if self.text is None else self.text

    @property
    def shown_hunk(self) -> Hunk:
        """The change as it would be written."""
        return self.hunk.reworded(self.proposed)

    @property
    def is_small(self) -> bool:
        """Whether it may be decided about together with others of its kind, unseen."""
        return self.hunk.foldable and self.text is None and not self.warning


class Keeper(Protocol):
    """Has what was decided when the review was left before, and keeps what is decided now."""

    def recalled(self, change: Change) -> Change:
        """The change as it was decided before; as it is, if it was not."""
        ...

    def keep(self, changes: Sequence[Change]) -> None:
        """Keep what was decided about them; that nothing is, where they are open again."""
        ...


@dataclass(frozen=True, slots=True)
class _Step:
    """What there was before a decision."""

    changes: Mapping[int, Change]
    """Those that it was about, by number."""
    count: int
    """How many changes there were; the others came later."""
    here: int
    rest: Mapping[int, Decision]


class Review:
    """The changes in their order, what became of each, and where the person is.

    Changes may still arrive while the first ones are decided. Those of blanks and quotation marks
    are one for the person, after all others, unless `is_folding` is False.
    """

    def __init__(self, keeper: Keeper | None = None) -> None:
        """There are no changes yet.

        Args:
            keeper: Keeps decisions at once, so that none is lost however the review ends.
        """
        self.changes: list[Change] = []
        self.here = 0
        """The number of the change that is shown; one more than the last where all are decided."""
        self.is_complete = False
        """Whether no more changes will come."""
        self.has_failed = False
        """Whether a part could not be revised: nobody knows what would be changed there."""
        self.left: set[int] = set()
        """The drafts with a part that is left as it is: what came back for it cannot be used."""
        self.is_folding = True
        self._keeper = keeper
        self._rest: dict[int, Decision] = {}
        self._undone: list[_Step] = []
        self._partners: dict[int, int] = {}

    @property
    def current(self) -> Change | None:
        """The change that is shown."""
        return self.changes[self.here] if self.here < len(self.changes) else None

    @property
    def open(self) -> int:
        """How many are not decided."""
        return sum(change.decision == "open" for change in self.changes)

    @property
    def rest(self) -> Mapping[int, Decision]:
        """By file what was said of its rest, which is still coming; nothing once all has come."""
        return {} if self.is_complete else self._rest

    @property
    def folded(self) -> Sequence[int]:
        """The numbers of the changes that the shown one is folded together with; none if it is
        shown by itself."""
        current = self.current
        group = self._folds().get(current.file, ()) if current and current.is_small else ()
        return group if self.here in group else ()

    @property
    def together(self) -> Sequence[int]:
        """The numbers of the changes that a decision is about now: those that are folded, and both
        halves of a move."""
        if self.current is None:
            return ()
        partner = self._partners.get(self.here)
        return self.folded or ((self.here,) if partner is None else (self.here, partner))

    def of_file(self, file: int) -> list[Change]:
        """The changes of a draft."""
        return [change for change in self.changes if change.file == file]

    def add(self, changes: Iterable[Change]) -> None:
        """More changes, all those of a piece; if the rest of its file was decided, so are they.

        What was decided about them when the review was left before still is. Where all before them
        are decided, the first open one of them is shown.
        """
        waiting = len(self.changes)
        for change in changes:
            if change.hunk.partner is not None:
                self._partners[len(self.changes)] = waiting + change.hunk.partner
            self.changes.append(self._recalled(change))
        come = range(waiting, len(self.changes))
        self._set({number: self._as_the_rest(self.changes[number]) for number in come})
        if self.here >= waiting:
            self._go_to_open([*come, *range(waiting)])

    def decide(self, decision: Decision, text: str | None = None) -> None:
        """Decide about the change that is shown, and go to the next open one."""
        numbers = self.together
        if not numbers:
            return
        self._remember(numbers)
        decided = {number: replace(self.changes[number], decision=decision) for number in numbers}
        if text is not None:
            decided[self.here] = replace(decided[self.here], text=text)
        self._set(decided)
        self.next_open()

    def decide_rest(self, decision: Decision) -> None:
        """Decide about all open changes of this file, those to come too.

        Doubtful ones are not taken so: they stay open. Where none is shown, this file is the one
        that the last change was in.
        """
        if self.current is None and self.is_complete:
            return
        last = self.changes[-1] if self.changes else None
        shown = self.current or last
        file = shown.file if shown else 0
        meant = [
            number
            for number, change in enumerate(self.changes)
            if change.file == file and change.decision == "open"
        ]
        self._remember(meant)
        self._rest[file] = decision
        self._set({number: self._as_the_rest(self.changes[number]) for number in meant})
        self.next_open()

    def reword(self, hunk: Hunk, words: str, warning: str = "") -> None:
        """The model's new words for a change: in place of the proposed ones, which stay among the
        versions, or among those themselves where it was decided meanwhile."""
        number = self.number_of(hunk)
        change = self.changes[number]
        if change.decision != "open":
            self.offer(hunk, [words])
            return
        self._remember([number])
        reworded = replace(change, text=words, warning=warning)
        self.changes[number] = replace(
            reworded, versions=_others([change.proposed, *change.versions], words)
        )

    def offer(self, hunk: Hunk, versions: Sequence[str]) -> None:
        """More words that the model proposed for a change."""
        number = self.number_of(hunk)
        change = self.changes[number]
        others = _others([*change.versions, *versions], change.proposed)
        self.changes[number] = replace(change, versions=others)

    def number_of(self, hunk: Hunk) -> int:
        """Which of the changes is the one with this very hunk."""
        return next(at for at, change in enumerate(self.changes) if change.hunk is hunk)

    def undo(self) -> bool:
        """Take the last decision back; False if there is none."""
        if not self._undone:
            return False
        step = self._undone.pop()
        before: dict[int, Change] = {}
        for number, change in step.changes.items():
            versions = _others([*change.versions, *self.changes[number].versions], change.proposed)
            before[number] = replace(change, versions=versions)
        self.here, self._rest = step.here, dict(step.rest)
        for number in range(step.count, len(self.changes)):
            # Nobody has decided about them since but through what was said of the rest.
            arrived = self._recalled(replace(self.changes[number], decision="open"))
            before[number] = self._as_the_rest(arrived)
        self._set(before)
        return True

    def next_open(self) -> None:
        """Go to the next change that is not decided; below the last one, from the top again."""
        self._go_to_open(self._onwards())

    def go_to(self, number: int) -> None:
        """Go to a change; to the nearest there is."""
        self.here = max(0, min(number, len(self.changes) - 1))

    def move(self, steps: int) -> bool:
        """Go on by so many changes, or back; False if there is none there."""
        folded = self.folded
        here = folded[0] if folded else self.here
        stops = self._stops()
        # The place after the last change is where everything is decided.
        at = stops.index(here) if here in stops else len(stops)
        if not 0 <= at + steps < len(stops):
            return False
        self.here = stops[at + steps]
        return True

    def find(self, words: str) -> bool:
        """Go to the next change with these words, old or new, in any letter case."""
        wanted = words.casefold()
        for at in self._onwards():
            hunk = self.changes[at].hunk
            if wanted in hunk.old.casefold() or wanted in self.changes[at].proposed.casefold():
                self.here = at
                return True
        return False

    def _set(self, changes: Mapping[int, Change]) -> None:
        """Put changes in the place of those of their numbers, and have what is new be kept."""
        decided = [
            change
            for number, change in changes.items()
            if _kept_of(change) != _kept_of(self.changes[number])
        ]
        for number, change in changes.items():
            self.changes[number] = change
        if decided and self._keeper is not None:
            self._keeper.keep(decided)

    def _recalled(self, change: Change) -> Change:
        return change if self._keeper is None else self._keeper.recalled(change)

    def _as_the_rest(self, change: Change) -> Change:
        """A change as what was said of the rest of its file has it, unless it is decided."""
        rest = self._rest.get(change.file)
        if change.decision != "open" or rest is None or (rest == "taken" and change.warning):
            return change
        return replace(change, decision=rest)

    def _onwards(self) -> list[int]:
        """The numbers of all changes, beginning with the next one."""
        count = len(self.changes)
        return [*range(self.here + 1, count), *range(min(self.here + 1, count))]

    def _go_to_open(self, order: Sequence[int]) -> None:
        """Go to the first that is not decided, to what is folded after all others."""
        folded = {number for group in self._folds().values() for number in group}
        is_open = [at for at in order if self.changes[at].decision == "open"]
        alone = (at for at in is_open if at not in folded)
        self.here = next(alone, is_open[0] if is_open else len(self.changes))

    def _folds(self) -> dict[int, list[int]]:
        """By file the numbers of the changes that are folded together: two at least."""
        groups: dict[int, list[int]] = {}
        for number, change in enumerate(self.changes if self.is_folding else ()):
            if change.is_small:
                groups.setdefault(change.file, []).append(number)
        return {file: group for file, group in groups.items() if len(group) > 1}

    def _stops(self) -> list[int]:
        """The changes as a person goes through them: what is folded is one, its first."""
        hidden = {number for group in self._folds().values() for number in group[1:]}
        return [number for number in range(len(self.changes)) if number not in hidden]

    def _remember(self, numbers: Iterable[int]) -> None:
        before = {number: self.changes[number] for number in numbers}
        self._undone.append(_Step(before, len(self.changes), self.here, dict(self._rest)))


def _kept_of(change: Change) -> tuple[Decision, str | None]:
    """What is kept of a change. The words of an open one are not: what was wrong with them would be
    forgotten."""
    return change.decision, None if change.decision == "open" else change.text


def _others(versions: Iterable[str], shown: str) -> tuple[str, ...]:
    return tuple(words for words in dict.fromkeys(versions) if words != shown)
