"""The figures of ``chat bench``: what was planned, and what has been measured of it so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal, TypeAlias

from engine.reports import ModelCard
from engine.types import Usage
from tui.bench_texts import DRAFT, SHORT_DRAFT

Figure: TypeAlias = Literal[
    "prefill",
    "decode",
    "decode_at_depth",
    "cold",
    "resumed",
    "back",
    "unaided",
    "recalled",
    "followed",
    "apart",
    "together",
]
"""What is measured. Of `Sample.value`, those of ``cold``, ``resumed`` and ``back`` are seconds, the
others tokens per second."""

Section: TypeAlias = Literal["speed", "depth", "conversation", "edit", "alternatives"]
"""Figures that are measured together."""

SECONDS: tuple[Figure, ...] = ("cold", "resumed", "back")

BASELINES: dict[Figure, Figure] = {
    "resumed": "cold",
    "back": "cold",
    "recalled": "unaided",
    "followed": "unaided",
    "together": "apart",
}
"""What a figure is compared with."""

_PROMPT_TOKENS, _QUICK_PROMPT_TOKENS = 512, 128
_DEPTH, _QUICK_DEPTH = 2048, 256
_SHALLOWEST = 64

_SPARE_TOKENS = 128
"""For what stands between the turns of a conversation, and for its last questions."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    prompt_tokens: int
    """Of the prompt whose prefill is timed."""
    depth: int
    """Tokens of the long conversation."""
    answer_tokens: int
    """Of each answer whose decoding is timed."""
    repeat: int
    draft: str
    """To be copy-edited."""
    is_quick: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure, measured once."""

    value: float
    usage: Usage
    """Of the request that led to it, or of the last one."""
    copied: float | None = None
    """The share of a draft's words that came back, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Results:
    """All samples of one model."""

    card: ModelCard
    samples: dict[Figure, list[Sample]] = field(default_factory=dict)
    skipped: dict[Section, str] = field(default_factory=dict)
    """Why a section was not measured, or not to its end."""

    def add(self, figure: Figure, sample: Sample) -> None:
        """Keep one more sample."""
        self.samples.setdefault(figure, []).append(sample)

    def values(self, figure: Figure) -> list[float]:
        """What was measured, in order."""
        return [sample.value for sample in self.samples.get(figure, ())]

    def gain(self, figure: Figure) -> float | None:
        """How many times as fast as its baseline a figure is: the median over pairs of samples."""
        pairs = list(zip(self.values(figure), self.values(BASELINES[figure]), strict=False))
        if not pairs or not all(value and baseline for value, baseline in pairs):
            return None
        if figure in SECONDS:
            return median(baseline / value for value, baseline in pairs)
        return median(value / baseline for value, baseline in pairs)


def deepest(cards: Sequence[ModelCard], answer_tokens: int) -> int:
    """The longest conversation that every model has room for, with the answers that follow it."""
    return min(card.n_ctx for card in cards) - _SPARE_TOKENS - 2 * answer_tokens


def make_plan(
    cards: Sequence[ModelCard], *, quick: bool, depth: int | None, repeat: int | None
) -> Plan:
    """The same plan for all models, so that their figures can be compared.

    Args:
        cards: Of all models.
        quick: Whether a rough idea is enough.
        depth: The long conversation's tokens; None is the usual number, or what fits.
        repeat: How often each figure is measured; None is the usual number.
    """
    answer_tokens = 24 if quick else 64
    room = max(_SHALLOWEST, deepest(cards, answer_tokens))
    return Plan(
        prompt_tokens=min(_QUICK_PROMPT_TOKENS if quick else _PROMPT_TOKENS, room),
        depth=depth or min(_QUICK_DEPTH if quick else _DEPTH, room),
        answer_tokens=answer_tokens,
        repeat=repeat or (1 if quick else 3),
        draft=SHORT_DRAFT if quick else DRAFT,
        is_quick=quick,
    )
