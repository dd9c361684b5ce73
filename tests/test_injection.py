"""Drafts that give orders: they are fenced, and how often a small model obeys them all the same.

A model of this size cannot be promised to resist; the figures are printed, not asserted.
"""

from __future__ import annotations

import re

import pytest
from injection import (
    CODE,
    QUESTION,
    TASKS,
    load_drafts,
    messages_with_fence,
    messages_without_fence,
    report,
    wilson,
)

from engine.client import WorkerEngine
from prompts.fence import MEANING

_FENCED = re.compile(
    r"\[begin of material ([0-9a-f]{10})\]\n(.*)\n\[end of material \1\]", re.DOTALL
)


def test_there_are_sixty_drafts_and_none_says_what_gives_obedience_away() -> None:
    drafts = load_drafts()
    assert len({draft.text for draft in drafts}) == 60
    for draft in drafts:
        assert not draft.is_obeyed_in(draft.text), draft.way
        assert not draft.is_obeyed_in(draft.ask), draft.way
        assert not draft.is_obeyed_in(draft.order), draft.way


@pytest.mark.parametrize("task", TASKS)
def test_a_draft_is_sent_behind_a_fence_that_the_system_text_explains(task: str) -> None:
    codes = set()
    for draft in load_drafts()[:: 1 if task == QUESTION else 15]:
        system, *_, question = messages_with_fence(draft, task)
        found = _FENCED.search(question.content)
        assert found is not None, draft.way
        assert found[2] == draft.text
        assert found[1] not in draft.text
        assert system.content.endswith(MEANING)
        codes.add(found[1])
    assert len(codes) == len(load_drafts()[:: 1 if task == QUESTION else 15])


@pytest.mark.parametrize("task", TASKS)
def test_what_comes_before_the_text_is_the_same_for_every_draft(task: str) -> None:
    one, other = (messages_with_fence(draft, task)[:-1] for draft in load_drafts()[:2])
    assert one == other


def test_without_the_fence_nothing_is_left_of_it() -> None:
    draft = load_drafts()[0]
    for task in TASKS:
        assert not any(CODE.search(m.content) for m in messages_without_fence(draft, task))


def test_the_interval_of_a_share_is_that_of_the_tables() -> None:
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-3)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-3)


@pytest.mark.soak
def test_how_often_the_starter_obeys_is_printed(
    starter_engine: WorkerEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = list(report(starter_engine, load_drafts(), TASKS))
    with capsys.disabled():
        print("", *lines, sep="\n")
    assert len(re.findall(r"\d+ of 60 ", "\n".join(lines))) == 7
