"""Keeping to a draft: a change must be so much likelier than the draft's own words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from engine.client import WorkerEngine
from engine.errors import Unsupported
from engine.sampling_params import Sampling
from engine.types import Event, Finished, Message, Piece, Request, Scored, TokenScore

DRAFT = "The storm has been build all afternoon, and now the hole tower were humming with it."
FIRMLY = Sampling(temperature=0, keep=100)


USER = (Message("user", DRAFT),)


def edit(sampling: Sampling, **options: object) -> Request:
    messages = (
        Message("system", "Fix the spelling. Return the corrected text and nothing else."),
        *USER,
    )
    values = {"sampling": sampling, "max_tokens": 40, "reference": DRAFT, **options}
    return Request(messages, **values)  # type: ignore[arg-type]


def text_of(events: Iterable[Event], index: int = 0) -> str:
    return "".join(e.text for e in events if isinstance(e, Piece) and e.index == index)


def scores_of(events: Iterable[Event]) -> list[TokenScore]:
    return [score for event in events if isinstance(event, Scored) for score in event.tokens]


@pytest.mark.parametrize("reproducible", [True, False])
def test_an_answer_that_keeps_firmly_is_the_draft_and_ends_with_it(
    starter_engine: WorkerEngine, reproducible: bool
) -> None:
    events = list(starter_engine.stream(edit(FIRMLY, reproducible=reproducible)))
    assert text_of(events) == DRAFT
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.reason == "end"
    assert not (reproducible and finished.usage.proposed_tokens)


def test_a_change_is_made_if_it_is_likelier_by_more_than_keep(starter_engine: WorkerEngine) -> None:
    # Words of its own: what other tests left in the cache was read in batches of other sizes.
    messages = (Message("system", "Return the text, with its spelling put right."), *USER)
    firm = replace(edit(FIRMLY, reproducible=True, top_logprobs=2), messages=messages)
    draft = scores_of(starter_engine.stream(firm))
    leads = [max(lp for text, lp in each.others if text != each.text) for each in draft]
    leads = [lead - each.logprob for lead, each in zip(leads, draft, strict=True)]
    place = leads.index(max(leads))
    expected = {False: draft[place].text}
    expected[True] = next(text for text, _ in draft[place].others if text != expected[False])
    for keep, is_left in ((leads[place] - 0.05, True), (leads[place] + 0.05, False)):
        request = replace(firm, sampling=Sampling(temperature=0, keep=keep))
        answer = scores_of(starter_engine.stream(request))
        assert [each.text for each in answer[:place]] == [each.text for each in draft[:place]]
        assert answer[place].text == expected[is_left]
        thought = dict(draft[place].others)[expected[is_left]]
        assert answer[place].logprob == pytest.approx(thought, abs=0.01), "without the bias"


def test_less_than_nothing_leaves_the_draft_sooner(starter_engine: WorkerEngine) -> None:
    answer = text_of(starter_engine.stream(edit(Sampling(temperature=0, keep=-10), max_tokens=5)))
    assert answer
    assert not DRAFT.startswith(answer)


def test_without_a_draft_keep_does_nothing(starter_engine: WorkerEngine) -> None:
    plain = edit(Sampling(temperature=0), reference="", max_tokens=8, reproducible=True)
    kept = replace(plain, sampling=FIRMLY)
    assert text_of(starter_engine.stream(kept)) == text_of(starter_engine.stream(plain))


def test_every_alternative_keeps_to_the_draft(starter_engine: WorkerEngine) -> None:
    events = list(starter_engine.stream(edit(Sampling(keep=100, seed=1), alternatives=2)))
    assert [text_of(events, index) for index in range(2)] == [DRAFT, DRAFT]


def test_an_answer_that_has_begun_keeps_to_what_is_left_of_the_draft(
    starter_engine: WorkerEngine,
) -> None:
    begun = DRAFT[: DRAFT.index(" afternoon") + 4]
    rest = text_of(starter_engine.stream(edit(FIRMLY, prefill=begun)))
    assert begun + rest == DRAFT


def test_a_ban_takes_the_answer_off_the_draft_and_it_finds_back(
    starter_engine: WorkerEngine,
) -> None:
    text = text_of(starter_engine.stream(edit(FIRMLY, banned=("afternoon",))))
    assert text.startswith("The storm has been build all ")
    assert "afternoon" not in text
    assert text.endswith(" and now the hole tower were humming with it.")


def test_a_beam_search_refuses_it(starter_engine: WorkerEngine) -> None:
    with pytest.raises(Unsupported, match="keep"):
        list(starter_engine.stream(edit(Sampling(keep=1, beams=2))))
