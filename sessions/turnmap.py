"""Turns by their ids, decoded when somebody looks at them: a long session opens in no time."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping, ValuesView
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from sessions.errors import DamagedLine
from sessions.turns import Turn


class Stored(NamedTuple):
    """A turn that is still a line of the file."""

    id: str
    parent: str | None
    """None also of one whose line names a parent that would close a circle."""
    role: str
    is_partial: bool
    start: int
    """Of its line, in bytes from the beginning of the file."""
    length: int
    """Of its line, in bytes, without the newline."""


Load: TypeAlias = Callable[[Stored], Turn]
"""Reads and decodes the line of a turn; raises DamagedLine where it is not one any more."""


class Outline(NamedTuple):
    """What is known of a turn whether it is decoded or not."""

    parent: str | None
    role: str
    is_partial: bool


class TurnMap(Mapping[str, Turn]):
    """A mapping that reads a turn's line when it is asked for the turn, and then keeps it.

    A line that turns out to be damaged is counted and leaves the mapping, as it would have if the
    file had been read whole.
    """

    def __init__(self) -> None:
        self.damaged = 0
        """Lines that were found damaged when they were looked at."""
        self._turns: dict[str, Turn | Stored] = {}
        self._load: Load | None = None

    def load_with(self, load: Load) -> None:
        """Say how lines are read."""
        self._load = load

    def put(self, turn: Turn | Stored) -> None:
        """Add a turn as the last one, in place of any of the same id."""
        self._turns.pop(turn.id, None)
        self._turns[turn.id] = turn

    def outline(self, turn_id: str) -> Outline:
        """What is known without reading; raises KeyError where there is no such turn."""
        turn = self._turns[turn_id]
        if isinstance(turn, Stored):
            return Outline(turn.parent, turn.role, turn.is_partial)
        return Outline(turn.parent, turn.role, turn.status == "partial")

    def stored(self) -> list[Stored]:
        """Those that are not decoded."""
        return [turn for turn in self._turns.values() if isinstance(turn, Stored)]

    def __getitem__(self, turn_id: str) -> Turn:
        turn = self._turns[turn_id]
        if isinstance(turn, Turn):
            return turn
        assert self._load is not None, "what is stored can be loaded"
        try:
            loaded = self._load(turn)
            if (loaded.id, loaded.status == "partial") != (turn.id, turn.is_partial):
                raise DamagedLine("it is another turn's")
            if turn.parent not in (None, loaded.parent):
                raise DamagedLine("it follows another turn")
        except DamagedLine as error:
            self.damaged += 1
            del self._turns[turn_id]
            raise KeyError(turn_id) from error
        if loaded.parent != turn.parent:
            loaded = replace(loaded, parent=turn.parent)
        self._turns[turn_id] = loaded
        return loaded

    def __contains__(self, turn_id: object) -> bool:
        return turn_id in self._turns

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._turns))

    def values(self) -> ValuesView[Turn]:
        """All turns, but for those that turn out to be damaged."""
        return _SoundValues(self)

    def items(self) -> ItemsView[str, Turn]:
        """The same with their ids."""
        return _SoundItems(self)

    def __len__(self) -> int:
        return len(self._turns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self.items()) == dict(other.items())

    __hash__ = None  # type: ignore[assignment]  # it changes


class _SoundValues(ValuesView[Turn]):
    def __init__(self, turns: TurnMap) -> None:
        super().__init__(turns)
        self._turns = turns

    def __iter__(self) -> Iterator[Turn]:
        return (turn for _, turn in self._turns.items())


class _SoundItems(ItemsView[str, Turn]):
    def __init__(self, turns: TurnMap) -> None:
        super().__init__(turns)
        self._turns = turns

    def __iter__(self) -> Iterator[tuple[str, Turn]]:
        for turn_id in self._turns:
            turn = self._turns.get(turn_id)
            if turn is not None:
                yield turn_id, turn
