"""What the starter model would nearly have answered in place of a given text."""

from __future__ import annotations

from engine.client import WorkerEngine
from engine.sampling_params import Sampling
from engine.types import Message, Piece, Request

DRAFT = "The storm has been build all afternoon, and now the hole tower were humming with it."
MESSAGES = (
    Message("system", "Fix the spelling. Return the corrected text and nothing else."),
    Message("user", DRAFT),
)


def shared(one: str, other: str) -> int:
    """How many characters two texts have in common from the start."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def test_each_differs_at_one_place_where_another_token_was_near(
    starter_engine: WorkerEngine,
) -> None:
    found = starter_engine.variants(MESSAGES, DRAFT, within=8, most=6)
    assert 3 <= len(found) <= 6
    assert len(set(found)) == len(found)
    for text in found:
        at = shared(text, DRAFT)
        behind = shared(text[::-1], DRAFT[::-1])
        assert text != DRAFT
        assert len(DRAFT) - at - behind <= 20, f"{text!r} is the draft again after a few words"
        own, other = (
            starter_engine.score(MESSAGES, each, after=DRAFT[: DRAFT.rfind(" ", 0, at + 1)])
            for each in (DRAFT[DRAFT.rfind(" ", 0, at + 1) :], text[text.rfind(" ", 0, at + 1) :])
        )
        differing = next(
            n
            for n, pair in enumerate(zip(own, other, strict=False))
            if len({score.text for score in pair}) > 1
        )
        assert own[differing].logprob - other[differing].logprob <= 8.5


def test_the_nearest_come_first_and_fewer_are_within_less(starter_engine: WorkerEngine) -> None:
    many = starter_engine.variants(MESSAGES, DRAFT, within=4)
    few = starter_engine.variants(MESSAGES, DRAFT, within=1)
    assert len(few) < len(many)
    assert set(few) <= set(many)
    assert starter_engine.variants(MESSAGES, DRAFT, within=4, most=1) == many[:1]
    assert starter_engine.variants(MESSAGES, "", within=8) == ()


def test_an_answer_is_the_same_after_looking(starter_engine: WorkerEngine) -> None:
    def answer() -> str:
        request = Request(MESSAGES, Sampling(temperature=0), max_tokens=12, reproducible=True)
        return "".join(e.text for e in starter_engine.stream(request) if isinstance(e, Piece))

    before = answer()
    starter_engine.variants(MESSAGES, DRAFT, within=6)
    assert answer() == before
