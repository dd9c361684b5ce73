"""What every engine promises, held against each of them: scripted, in a worker, at a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

import pytest
from model_server import CONTEXT, ModelServer

from engine.client import WorkerEngine
from engine.errors import CannotFit
from engine.protocol import Engine
from engine.remote.client import RemoteEngine
from engine.remote.endpoint import Endpoint
from engine.sampling_params import Sampling
from engine.scripted import Reply, ScriptedEngine
from engine.types import Event, Finished, Message, Piece, Prefill, Request, Scored

GREEDY = Sampling(temperature=0, seed=1)
QUESTION = (Message("user", "Tell me a long story about a lighthouse."),)


@pytest.fixture(params=["scripted", "worker", "remote"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Each of the engines, with a model that has much to say."""
    if request.param == "worker":
        worker: WorkerEngine = request.getfixturevalue("starter_engine")
        yield worker
        return
    if request.param == "scripted":
        yield ScriptedEngine([Reply("Once upon a time there was. ", endless=True)], n_ctx=CONTEXT)
        return
    server: ModelServer = request.getfixturevalue("model_server")
    remote = RemoteEngine(Endpoint("big", server.url, n_ctx=CONTEXT), {})
    yield remote
    remote.close()


def ask(**options: object) -> Request:
    """The question, with these options."""
    values: dict[str, object] = {"sampling": GREEDY, "max_tokens": 12, **options}
    return Request(QUESTION, **values)  # type: ignore[arg-type]


def text_of(events: Iterable[Event], index: int = 0) -> str:
    """The words of one answer."""
    pieces = [event for event in events if isinstance(event, Piece)]
    return "".join(piece.text for piece in pieces if piece.index == index)


def ends_of(events: Iterable[Event]) -> list[Finished]:
    """How the answers ended."""
    return [event for event in events if isinstance(event, Finished)]


def test_it_is_named_before_it_is_asked_and_described_after(engine: Engine) -> None:
    assert engine.model_name
    card = engine.describe()
    assert card == engine.card
    assert card.n_ctx >= CONTEXT
    assert (card.path is None) == (engine.host is not None)


def test_an_answer_is_words_and_then_its_end(engine: Engine) -> None:
    events = list(engine.stream(ask()))
    assert len(text_of(events)) > 10
    assert isinstance(events[-1], Finished)
    assert len(ends_of(events)) == 1
    assert any(isinstance(event, Prefill) for event in events)


def test_the_token_limit_ends_an_answer_and_is_told(engine: Engine) -> None:
    (end,) = ends_of(engine.stream(ask(max_tokens=5)))
    assert end.reason == "length"
    assert end.usage.completion_tokens == 5
    assert end.usage.prompt_tokens > 5
    assert end.timings.prefill_s >= 0


def test_a_stop_string_ends_an_answer_and_is_no_part_of_it(engine: Engine) -> None:
    whole = text_of(engine.stream(ask()))
    stop = whole[6:10]
    events = list(engine.stream(ask(stop=(stop,))))
    assert text_of(events) == whole.partition(stop)[0]
    assert [end.reason for end in ends_of(events)] == ["stop"]


def test_a_cancel_keeps_what_there_is_and_the_engine(engine: Engine) -> None:
    events: list[Event] = []
    for event in engine.stream(ask(max_tokens=None)):
        events.append(event)
        if len(text_of(events)) > 10:
            engine.cancel()
    assert [end.reason for end in ends_of(events)] == ["cancelled"]
    assert text_of(engine.stream(ask()))


def test_a_cancel_before_the_first_event_counts(engine: Engine) -> None:
    events = engine.stream(ask(max_tokens=None))
    engine.cancel()
    assert [end.reason for end in ends_of(events)] == ["cancelled"]


def test_an_answer_that_nobody_reads_to_its_end_does_not_keep_the_engine(engine: Engine) -> None:
    with closing(engine.stream(ask(max_tokens=None))) as events:
        assert any(isinstance(event, Piece) for event in events)
    assert text_of(engine.stream(ask()))


def test_alternatives_have_words_and_an_end_each(engine: Engine) -> None:
    sampling = Sampling(temperature=1.0, seed=5)
    events = list(engine.stream(ask(sampling=sampling, alternatives=3, max_tokens=8)))
    assert sorted(end.index for end in ends_of(events)) == [0, 1, 2]
    assert all(text_of(events, index) for index in range(3))


def test_scores_are_of_the_tokens_that_were_shown(engine: Engine) -> None:
    events = list(engine.stream(ask(top_logprobs=2)))
    scores = [one for event in events if isinstance(event, Scored) for one in event.tokens]
    assert "".join(score.text for score in scores) == text_of(events)
    assert all(score.logprob <= 0 and score.rank == 0 for score in scores)
    assert all(len(score.others) == 2 for score in scores)


def test_a_prompt_longer_than_the_context_is_refused_and_the_next_one_answered(
    engine: Engine,
) -> None:
    text = "word " * 12_000
    with pytest.raises(CannotFit) as caught:
        list(engine.stream(Request((Message("user", text),), GREEDY)))
    assert caught.value.needed > caught.value.available >= CONTEXT - 1
    assert text_of(engine.stream(ask()))


def test_a_longer_text_has_more_tokens(engine: Engine) -> None:
    one, two = engine.count(QUESTION), engine.count(QUESTION * 3)
    assert 5 <= one < two


def test_the_same_seed_gives_the_same_words(engine: Engine) -> None:
    sampling = Sampling(temperature=1.0, seed=11)
    request = ask(sampling=sampling, max_tokens=4, reproducible=True)
    assert text_of(engine.stream(request)) == text_of(engine.stream(request))
