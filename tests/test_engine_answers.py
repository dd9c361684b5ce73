"""What a request can ask of the starter model: several answers, scores, a search, a copy."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from leftovers import Cleanup

from engine.client import WorkerEngine
from engine.errors import CannotFit, GrammarFailed, Unsupported
from engine.load_options import LoadOptions
from engine.sampling_params import Sampling
from engine.types import Event, Finished, Message, Piece, Request, Scored, TokenScore

GREEDY = Sampling(temperature=0)
EDITOR = "Fix the spelling. Return the corrected text and nothing else."
DRAFT = (
    "The storm had been building all afternoon, and by the time Maren reached the top of the "
    "stairs, the whole tower was humming with it. She set her lantern down beside the log book and "
    "rubbed the salt from the glass. Out past the reef, a single light was moving where no light "
    "should be."
)


def ask(text: str, **options: object) -> Request:
    values = {"sampling": GREEDY, "max_tokens": 24, **options}
    return Request((Message("user", text),), **values)  # type: ignore[arg-type]


def edit(draft: str, **options: object) -> Request:
    values = {"sampling": GREEDY, "max_tokens": 80, "reference": draft, **options}
    return Request((Message("system", EDITOR), Message("user", draft)), **values)  # type: ignore[arg-type]


def text_of(events: Iterable[Event], index: int = 0) -> str:
    return "".join(e.text for e in events if isinstance(e, Piece) and e.index == index)


def finish_of(events: Sequence[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def scores_of(events: Iterable[Event]) -> list[TokenScore]:
    return [score for event in events if isinstance(event, Scored) for score in event.tokens]


def test_alternatives_share_one_reading_of_the_prompt(starter_engine: WorkerEngine) -> None:
    sampling = Sampling(temperature=1.2, seed=5)
    events = list(starter_engine.stream(ask("Name a colour.", sampling=sampling, alternatives=4)))
    finished = [event for event in events if isinstance(event, Finished)]
    assert sorted(event.index for event in finished) == [0, 1, 2, 3]
    assert isinstance(events[-1], Finished)
    texts = [text_of(events, index) for index in range(4)]
    assert len(set(texts)) > 1
    assert all(texts)
    assert len({event.usage.prompt_tokens for event in finished}) == 1


def test_going_on_from_any_alternative_costs_only_what_is_new(
    starter_engine: WorkerEngine,
) -> None:
    sampling = Sampling(temperature=1.2, seed=5)
    question = "Tell me something about the sea that I have not heard before."
    events = list(starter_engine.stream(ask(question, sampling=sampling, alternatives=3)))
    for index in range(3):
        messages = (
            Message("user", question),
            Message("assistant", text_of(events, index)),
            Message("user", "Why?"),
        )
        request = Request(messages, GREEDY, max_tokens=2)
        usage = finish_of(list(starter_engine.stream(request))).usage
        assert usage.prompt_tokens - usage.cached_tokens < 24


def test_a_cancel_ends_every_alternative(starter_engine: WorkerEngine) -> None:
    request = ask("Count to a thousand.", alternatives=3, max_tokens=None)
    reasons = []
    for event in starter_engine.stream(request):
        if isinstance(event, Piece):
            starter_engine.cancel()
        if isinstance(event, Finished):
            reasons.append(event.reason)
    assert reasons == ["cancelled"] * 3


def test_more_alternatives_than_there_is_room_for_are_refused(
    starter_engine: WorkerEngine,
) -> None:
    with pytest.raises(Unsupported, match="from 1 to 16"):
        list(starter_engine.stream(ask("Hello.", alternatives=17)))


def test_alternatives_end_where_the_context_does(cleanup: Cleanup, starter_path: Path) -> None:
    engine = cleanup(WorkerEngine(starter_path, LoadOptions(n_ctx=96)))
    request = ask("Tell me a long story.", alternatives=4, max_tokens=None)
    finished = [event for event in engine.stream(request) if isinstance(event, Finished)]
    engine.close()
    assert len(finished) == 4
    assert {event.reason for event in finished} <= {"length", "end"}


def test_logprobs_are_of_the_tokens_that_were_shown(starter_engine: WorkerEngine) -> None:
    events = list(starter_engine.stream(ask("What is a lighthouse?", top_logprobs=3)))
    scores = scores_of(events)
    assert "".join(score.text for score in scores) == text_of(events)
    for score in scores:
        assert score.rank == 0, "greedy takes the likeliest"
        assert score.others[0] == (score.text, score.logprob)
        assert [logprob for _, logprob in score.others] == sorted(
            (logprob for _, logprob in score.others), reverse=True
        )
        assert score.logprob <= 0


def test_a_stop_string_takes_its_scores_along(starter_engine: WorkerEngine) -> None:
    plain = text_of(starter_engine.stream(ask("What is a lighthouse?")))
    stop = plain.split()[3]
    events = list(starter_engine.stream(ask("What is a lighthouse?", top_logprobs=0, stop=(stop,))))
    assert "".join(score.text for score in scores_of(events)).strip() == text_of(events).strip()


def test_scoring_an_answer_finds_what_generating_it_did(starter_engine: WorkerEngine) -> None:
    request = ask("What is a lighthouse?", top_logprobs=0)
    events = list(starter_engine.stream(request))
    generated = scores_of(events)
    scored = starter_engine.score(request.messages, text_of(events))
    assert [score.text for score in scored] == [score.text for score in generated]
    for one, other in zip(scored, generated, strict=True):
        assert one.logprob == pytest.approx(other.logprob, abs=0.15)


def test_scores_tell_a_likely_text_from_an_unlikely_one(starter_engine: WorkerEngine) -> None:
    messages = (Message("user", "What is the capital of France?"),)
    good, bad = (
        sum(score.logprob for score in starter_engine.score(messages, text))
        for text in ("The capital of France is Paris.", "Paris capital is France the of.")
    )
    assert good > bad + 10


def test_the_end_of_a_text_is_scored_as_in_the_whole_one(starter_engine: WorkerEngine) -> None:
    for messages in ((), (Message("user", "What is the capital of France?"),)):
        whole = starter_engine.score(
            messages, ", and Rome is in Italy.", after="Paris is in France"
        )
        end = starter_engine.score(messages, " is in Italy.", after="Paris is in France, and Rome")
        assert "".join(score.text for score in whole) == ", and Rome is in Italy."
        assert [score.text for score in end] == [score.text for score in whole[-len(end) :]]
        for one, other in zip(end, whole[-len(end) :], strict=True):
            assert one.logprob == pytest.approx(other.logprob, abs=0.15)


def test_a_text_that_cannot_be_scored_is_refused(cleanup: Cleanup, starter_path: Path) -> None:
    engine = cleanup(WorkerEngine(starter_path, LoadOptions(n_ctx=256)))
    with pytest.raises(CannotFit):
        engine.score((Message("user", "Hello."),), "word " * 400)


def test_one_beam_is_greedy_and_more_are_likelier(starter_engine: WorkerEngine) -> None:
    def answer(beams: int) -> str:
        sampling = Sampling(temperature=0, beams=beams, length_penalty=0)
        return text_of(starter_engine.stream(ask(question, sampling=sampling, max_tokens=12)))

    question = "Write a title for a story about a lighthouse."
    messages = (Message("user", question),)
    greedy, searched = answer(1), answer(6)

    def logprob(text: str) -> float:
        return sum(score.logprob for score in starter_engine.score(messages, text))

    assert searched
    assert logprob(searched) >= logprob(greedy) - 0.2


def test_groups_of_beams_differ(starter_engine: WorkerEngine) -> None:
    def titles(groups: int) -> list[str]:
        sampling = Sampling(beams=4, beam_groups=groups, beam_diversity=3.0)
        request = ask(
            "Write a title for a story about the sea.",
            sampling=sampling,
            max_tokens=10,
            alternatives=4,
        )
        events = list(starter_engine.stream(request))
        return [text_of(events, index) for index in range(4)]

    def first_words(texts: list[str]) -> set[str]:
        return {text.split()[0] for text in texts if text.split()}

    assert len(first_words(titles(4))) > len(first_words(titles(1)))


def test_beams_leave_the_conversation_in_the_cache(starter_engine: WorkerEngine) -> None:
    request = ask("Write a title about rain.", sampling=Sampling(beams=4), max_tokens=8)
    first, second = (finish_of(list(starter_engine.stream(request))) for _ in range(2))
    assert second.usage.cached_tokens == first.usage.prompt_tokens - 1


def test_a_search_takes_no_grammar(starter_engine: WorkerEngine) -> None:
    with pytest.raises(Unsupported, match="beam search"):
        list(starter_engine.stream(ask("Hi", sampling=Sampling(beams=2), banned=("x",))))


def test_what_is_copied_is_guessed(starter_engine: WorkerEngine) -> None:
    request = Request(
        (Message("user", f"Repeat this text word by word:\n\n{DRAFT}\n\n{DRAFT}"),),
        GREEDY,
        max_tokens=100,
        reference=f"{DRAFT}\n\n{DRAFT}",
    )
    usage = finish_of(list(starter_engine.stream(request))).usage
    # How many depends on what guessing costs at the moment.
    assert 0 < usage.accepted_tokens <= usage.proposed_tokens


def test_nothing_is_guessed_where_the_same_seed_must_give_the_same(
    starter_engine: WorkerEngine,
) -> None:
    request = edit(DRAFT, reproducible=True, max_tokens=30)
    usage = finish_of(list(starter_engine.stream(request))).usage
    assert usage.proposed_tokens == 0


def with_typos(seed: int) -> str:
    chance = random.Random(seed)
    words = DRAFT.split()
    chance.shuffle(words)
    for at in chance.sample(range(len(words)), 4):
        words[at] = words[at][1:] + words[at][:1]
    return " ".join(words[:40]) + "."


NEAR_TIE = 1.0
"""Nats. Batches of other sizes moved two tokens of this model, whose weights have four bits, by
up to 0.71 in fifty drafts."""


def assert_same_but_for_near_ties(engine: WorkerEngine, draft: str) -> None:
    """Where copying with guesses and plain decoding part, rounding can make the other token the
    likeliest."""
    request = edit(draft, reproducible=True, top_logprobs=5)
    plain = scores_of(engine.stream(request))
    quick = scores_of(engine.stream(replace(request, reproducible=False)))
    for place, (one, other) in enumerate(zip(plain, quick, strict=False)):
        if one.text != other.text:
            behind = one.logprob - dict(one.others)[other.text]
            assert behind <= NEAR_TIE, f"token {place}"
            return


@pytest.mark.parametrize("seed", range(2))
def test_guesses_do_not_change_the_answer(starter_engine: WorkerEngine, seed: int) -> None:
    assert_same_but_for_near_ties(starter_engine, with_typos(seed))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(50))
def test_guesses_change_no_answer_of_fifty(starter_engine: WorkerEngine, seed: int) -> None:
    assert_same_but_for_near_ties(starter_engine, with_typos(seed))


def test_an_answer_goes_on_in_the_middle_of_a_word(starter_engine: WorkerEngine) -> None:
    request = ask("What is the capital of France?", prefill="The capital of France is Par")
    assert text_of(starter_engine.stream(request)).startswith("is")


def test_an_answer_that_is_cut_off_inside_a_character_ends_before_it(
    starter_engine: WorkerEngine,
) -> None:
    """A cactus is several tokens: some of these limits are in the middle of one."""
    only = 'root ::= "🌵🌵🌵🌵🌵🌵"'
    for limit in range(1, 7):
        text = text_of(starter_engine.stream(ask("Hi", grammar=only, max_tokens=limit)))
        assert set(text) <= {"🌵"}


def test_a_prefill_is_said_exactly_once(starter_engine: WorkerEngine) -> None:
    question = ask("What is the capital of France?")
    whole = text_of(starter_engine.stream(question))
    went_on = []
    for cut in range(1, len(whole) - 3, 7):
        request = ask("What is the capital of France?", prefill=whole[:cut], max_tokens=4)
        answer = whole[:cut] + text_of(starter_engine.stream(request))
        went_on.append(answer.startswith(whole[: cut + 3]))
    assert sum(went_on) > len(went_on) / 2, "now and then another token is as likely"


def test_plain_text_is_completed_without_a_template(starter_engine: WorkerEngine) -> None:
    request = Request((), GREEDY, max_tokens=8, prefill="One, two, three, four, fi")
    events = list(starter_engine.stream(request))
    assert text_of(events).startswith("ve, six")
    assert finish_of(events).usage.prompt_tokens < 12


def test_banned_phrases_do_not_appear(starter_engine: WorkerEngine) -> None:
    question = "What is a lighthouse?"
    free = text_of(starter_engine.stream(ask(question, max_tokens=40)))
    banned = (" ".join(free.split()[2:4]), free.split()[6], "Light")
    events = list(starter_engine.stream(ask(question, max_tokens=40, banned=banned)))
    text = text_of(events)
    assert text.strip()
    assert not any(phrase.lower() in text.lower() for phrase in banned)
    assert finish_of(events).usage.completion_tokens <= 40


def test_bans_hold_in_every_alternative_and_with_guesses(starter_engine: WorkerEngine) -> None:
    request = edit(DRAFT, banned=("lantern", "the whole tower"), max_tokens=100)
    assert "lantern" not in text_of(starter_engine.stream(request)).lower()
    several = ask("What is a lighthouse?", banned=("light",), alternatives=3)
    events = list(starter_engine.stream(several))
    assert not any("light" in text_of(events, index).lower() for index in range(3))


def test_the_scores_of_what_was_taken_back_are_not_told(starter_engine: WorkerEngine) -> None:
    request = ask("What is a lighthouse?", banned=("light",), top_logprobs=0)
    events = list(starter_engine.stream(request))
    assert "".join(score.text for score in scores_of(events)) == text_of(events)


def test_a_schema_is_kept_to(starter_engine: WorkerEngine) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}, "people": {"type": "integer"}},
        "required": ["city", "people"],
        "additionalProperties": False,
    }
    request = ask("Name a city.", schema=json.dumps(schema), max_tokens=80)
    events = list(starter_engine.stream(request))
    assert finish_of(events).reason == "end"
    assert set(json.loads(text_of(events))) == {"city", "people"}


def test_a_grammar_holds_for_an_answer_that_goes_on(starter_engine: WorkerEngine) -> None:
    request = ask("Yes or no?", grammar='root ::= "yes, " ("sir" | "madam") "."', prefill="yes, ma")
    events = list(starter_engine.stream(request))
    assert text_of(events) == "dam."
    assert finish_of(events).reason == "end"


def test_a_grammar_is_kept_to_with_guesses(starter_engine: WorkerEngine) -> None:
    request = edit("one two three", grammar='root ::= "one " "two " "three"')
    assert text_of(starter_engine.stream(request)) == "one two three"


def test_a_broken_grammar_says_where(starter_engine: WorkerEngine) -> None:
    with pytest.raises(GrammarFailed, match="line 2, column"):
        list(starter_engine.stream(ask("Hi", grammar='root ::= a\na ::= "x" )')))


def test_a_ban_that_leaves_nothing_ends_the_answer_with_a_word(
    starter_engine: WorkerEngine,
) -> None:
    request = ask("Hi", grammar='root ::= "yes"', banned=("yes",))
    finished = finish_of(list(starter_engine.stream(request)))
    assert finished.reason == "error"
    assert "grammar" in (finished.error or "")


def test_beams_go_on_exactly_where_a_prefill_ends(starter_engine: WorkerEngine) -> None:
    request = ask(
        "What is the capital of France?",
        sampling=Sampling(beams=2),
        prefill="The capital of France",
        max_tokens=6,
    )
    assert text_of(starter_engine.stream(request)).startswith(" is")


@pytest.mark.parametrize(
    "options",
    [LoadOptions(batch=1), LoadOptions(batch=40), LoadOptions(n_ctx=33), LoadOptions(n_ctx=127)],
)
def test_small_batches_and_contexts_answer_all_the_same(
    cleanup: Cleanup, starter_path: Path, options: LoadOptions
) -> None:
    engine = cleanup(WorkerEngine(starter_path, options))
    try:
        request = Request((), GREEDY, max_tokens=3, prefill="One, two, three,", reproducible=True)
        assert text_of(engine.stream(request)).strip()
        if options.batch:
            assert len(engine.score((Message("user", "Hi"),), "one two three " * 20)) > 50
    finally:
        engine.close()
