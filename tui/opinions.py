"""What a model makes of its own corrections, asked once and kept with the work until it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from drafts.batches import Piece
from drafts.hunks import Hunk, hunks
from drafts.verdict import Allowed
from engine.errors import EngineError, Unsupported
from engine.protocol import Engine
from engine.types import Message
from tui.doubting import gains, least_gain, warned, with_doubts
from tui.reviewing.state import Change
from tui.second_look import are_close, overlooked

_UNJUDGED = "the model was not asked whether it makes the text likelier"
_UNLIKELY = "the model itself finds the text hardly any likelier with it"


@dataclass(frozen=True, slots=True)
class Opinion:
    """On the changes of one piece."""

    unlikely: tuple[str, ...]
    """Names of changes that leave the text hardly likelier."""
    overlooked: tuple[tuple[int, int, str], ...] = ()
    """Where in the piece further corrections begin and end, and what to put there."""
    bettered: tuple[str, ...] = ()
    """Names of changes in whose place one of these is far likelier."""

    def to_json(self) -> dict[str, object]:
        """As JSON has it."""
        return asdict(self)

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Opinion:
        """The inverse of `to_json`.

        Raises:
            TypeError, ValueError: If it is something else.
        """
        places = tuple((int(start), int(end), str(new)) for start, end, new in value["overlooked"])
        names = (tuple(map(str, value[key])) for key in ("unlikely", "bettered"))
        unlikely, bettered = names
        return Opinion(unlikely, places, bettered)


class OpinionKeeper(Protocol):
    """Has the opinions of work that was stopped, and keeps those that come now."""

    def opinion(self, name: str) -> Opinion | None:
        """What the model made of the piece whose changes' names begin so, if it was asked."""
        ...

    def keep_opinion(self, name: str, opinion: Opinion) -> None:
        """Keep it, as far as that goes."""
        ...


class Forgetful:
    """Keeps nothing."""

    def opinion(self, name: str) -> Opinion | None:
        """See `OpinionKeeper`."""

    def keep_opinion(self, name: str, opinion: Opinion) -> None:
        """See `OpinionKeeper`."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """A piece that was corrected."""

    file: int
    """Which of the drafts it is in."""
    draft: str
    """The whole text that it is from."""
    piece: Piece
    name: str
    """What the names of its changes begin with."""
    messages: Sequence[Message]
    """What the model was asked, in full."""
    is_sound: Callable[[str], bool]
    """Whether a text could be a revision of the piece."""


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """Asks the model that only reads about the one that corrects."""

    engine: Engine
    allowed: Allowed
    keeper: OpinionKeeper = field(default_factory=Forgetful)

    def on(self, corrected: Corrected, changes: Sequence[Change]) -> tuple[Change, ...]:
        """The changes with warnings where they are no corrections, and what was overlooked.

        Of what is not just corrected, all changes as they are.
        """
        if not self.allowed.is_correction:
            return tuple(changes)
        changes = with_doubts(changes)
        if self.allowed.min_gain is None:
            return changes
        opinion = self.keeper.opinion(corrected.name)
        if opinion is None:
            try:
                opinion = self._asked(corrected, changes, self.allowed.min_gain)
            except Unsupported:
                return changes
            except EngineError:
                return tuple(each if each.warning else warned(each, _UNJUDGED) for each in changes)
            self.keeper.keep_opinion(corrected.name, opinion)
        doubted = [
            warned(change, _UNLIKELY) if change.name in opinion.unlikely else change
            for change in changes
        ]
        return _joined(doubted, opinion, corrected)

    def _asked(self, corrected: Corrected, changes: Sequence[Change], least: float) -> Opinion:
        draft, piece = corrected.draft, corrected.piece
        unjudged = [change for change in changes if not change.warning]
        before = draft[piece.blocks[0].start : piece.start]
        measured = gains(self.engine, before, piece, [each.hunk for each in unjudged])
        own = list(zip(unjudged, measured, strict=True))
        unlikely = tuple(
            change.name
            for change, gain in own
            if gain < least_gain(draft, piece, change.hunk, least)
        )
        if self.allowed.near is None:
            return Opinion(unlikely)
        try:
            texts = self.engine.variants(corrected.messages, piece.text, within=self.allowed.near)
        except Unsupported:
            return Opinion(unlikely)
        sound = [text.strip() for text in texts if corrected.is_sound(text)]
        found = overlooked(self.engine, draft, piece, sound, least)
        bettered = tuple(
            change.name
            for change, own_gain in own
            for hunk, gain in found
            if _is_same_place(hunk, change.hunk) and gain >= own_gain + least
        )
        by = piece.start
        places = sorted((hunk.start - by, hunk.end - by, hunk.new) for hunk, _ in found)
        return Opinion(unlikely, tuple(places), bettered)


def _joined(
    changes: Sequence[Change], opinion: Opinion, corrected: Corrected
) -> tuple[Change, ...]:
    """The changes with further ones, where these do not touch one that is sure, or are better."""
    sure = [c.hunk for c in changes if not c.warning and c.name not in opinion.bettered]
    found = _placed(corrected.piece, opinion.overlooked)
    more = [hunk for hunk in found if not any(are_close(hunk, other) for other in sure)]
    gone = [
        change
        for change in changes
        if change.hunk not in sure and any(are_close(change.hunk, hunk) for hunk in more)
    ]
    by = corrected.piece.start
    new = [
        Change(
            corrected.file,
            hunk,
            versions=tuple(change.hunk.new for change in gone if _is_same_place(hunk, change.hunk)),
            name=f"{corrected.name}.{hunk.start - by}-{hunk.end - by}",
        )
        for hunk in more
    ]
    kept = [change for change in changes if change not in gone]
    return tuple(sorted([*kept, *new], key=lambda change: change.hunk.start))


def _is_same_place(one: Hunk, other: Hunk) -> bool:
    return (one.start, one.end) == (other.start, other.end)


def _placed(piece: Piece, places: Iterable[tuple[int, int, str]]) -> list[Hunk]:
    """The changes at places of a piece, as changes of the draft."""
    texts = (f"{piece.text[:start]}{new}{piece.text[end:]}" for start, end, new in places)
    return [
        replace(hunk, start=hunk.start + piece.start, end=hunk.end + piece.start)
        for text in texts
        for hunk in hunks(piece.text, text)
    ]
