"""What ``chat bench`` measures of a model, and how. `docs/bench.md` says why it is done so.

Every figure comes from a worker process of its own, or from the first things one was asked:
what another measurement left in the KV cache would slow it down, or speed it up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from tempfile import TemporaryDirectory
from typing import TypeAlias

from engine.errors import CannotFit, Unsupported
from engine.protocol import Engine
from engine.sampling_params import Sampling
from engine.types import Finished, Message, Request
from tui.bench_lab import Answer, Lab, Subject
from tui.bench_results import Figure, Plan, Results, Sample, Section
from tui.bench_texts import GREETING, WARM_UP, counting, editing, question, reading

GREEDY = Sampling(temperature=0.0)

ALTERNATIVES = 4

_ATTEMPTS = 8
"""Answers begun to get the tokens of one, by a model that ends them early."""

TITLES: Mapping[Section, str] = {
    "speed": "prefill and decoding",
    "depth": "decoding after a long conversation",
    "conversation": "going on with a long conversation",
    "edit": "copy-editing a draft",
    "alternatives": "alternatives",
}

Measure: TypeAlias = Callable[[Lab, Subject, Plan, Results], None]


class TooShort(Exception):
    """The model ends its answers before anything can be measured."""

    def __init__(self) -> None:
        super().__init__("the model ends its answers immediately")


def measure(lab: Lab, subject: Subject, plan: Plan, results: Results) -> None:
    """Measure everything of one model; what cannot be measured is said in the results.

    Raises:
        EngineError: If the model fails altogether.
        Stopped: If nobody wants the rest; the results have what there is.
    """
    for section, carry_out in _SECTIONS.items():
        lab.announce(f"{subject.card.name}: {TITLES[section]}")
        try:
            carry_out(lab, subject, plan, results)
        except (CannotFit, Unsupported, TooShort) as error:
            results.skipped[section] = str(error)


def decode(lab: Lab, engine: Engine, messages: tuple[Message, ...], tokens: int) -> Sample:
    """Tokens per second of plain decoding after a conversation, nothing guessed.

    Args:
        lab: Asks.
        engine: Answers.
        messages: The conversation.
        tokens: How many to decode at least. A model that ends early begins again.

    Raises:
        TooShort: If all answers have but one token.
    """
    decoded, seconds = 0, 0.0
    for attempt in range(_ATTEMPTS):
        request = Request(
            messages,
            GREEDY,
            max_tokens=1 + tokens - decoded,
            prefill=counting(attempt),
            reproducible=True,
        )
        end = lab.ask(engine, request).end
        # The first token comes out of the prompt's last batch: its time is part of the prefill.
        decoded += max(0, end.usage.completion_tokens - 1)
        seconds += end.timings.decode_s
        if decoded >= tokens:
            break
    return Sample(_rate(decoded, seconds), end.usage)


def _speed(lab: Lab, subject: Subject, plan: Plan, results: Results) -> None:
    """Prefill of a prompt that nothing is cached of, and decoding after it."""
    for turn in range(plan.repeat):
        with lab.engine(subject) as engine:
            text = lab.text_of(engine, 1000 * (turn + 1), plan.prompt_tokens)
            lab.ask(engine, Request((), GREEDY, max_tokens=4, prefill=WARM_UP))
            end = lab.ask(engine, Request(reading(text), GREEDY, max_tokens=1)).end
            read = end.usage.prompt_tokens - end.usage.cached_tokens
            results.add("prefill", Sample(_rate(read, end.timings.prefill_s), end.usage))
            results.add("decode", decode(lab, engine, reading(text), plan.answer_tokens))


def _depth(lab: Lab, subject: Subject, plan: Plan, results: Results) -> None:
    """Decoding after a long conversation, which is read once."""
    with lab.engine(subject) as engine:
        text = lab.text_of(engine, 1, plan.depth)
        for _ in range(plan.repeat):
            sample = decode(lab, engine, reading(text), plan.answer_tokens)
            results.add("decode_at_depth", sample)


def _conversation(lab: Lab, subject: Subject, plan: Plan, results: Results) -> None:
    """The first token of another answer: by a new process with the state of an old one, by one
    without, and back on a branch that was left."""
    with TemporaryDirectory(prefix="chat-bench-") as folder:
        with lab.engine(subject, snapshots=folder) as engine:
            opening = reading(lab.text_of(engine, 1, plan.depth))
            conversation = _going_on(lab, engine, opening, plan)
        for turn in range(plan.repeat):
            asked = (*conversation, question(2 * turn))
            with lab.engine(subject, snapshots=folder) as engine:
                results.add("resumed", _first_token(_briefly(lab, engine, asked)))
            with lab.engine(subject) as engine:
                cold = _briefly(lab, engine, asked, plan.answer_tokens)
                results.add("cold", _first_token(cold))
                _going_on(lab, engine, (*conversation, question(2 * turn + 1)), plan)
                branch = (*asked, _said(cold), question(2 * turn + 2))
                results.add("back", _first_token(_briefly(lab, engine, branch)))


def _edit(lab: Lab, subject: Subject, plan: Plan, results: Results) -> None:
    """A draft copy-edited: unaided, recalling the conversation, and following the draft."""
    request = Request(editing(plan.draft), GREEDY)
    ways: Mapping[Figure, Request] = {
        "unaided": replace(request, reproducible=True),
        "recalled": request,
        "followed": replace(request, reference=plan.draft),
    }
    for _ in range(plan.repeat):
        for way, asked in ways.items():
            with lab.engine(subject) as engine:
                most = engine.count(asked.messages) * 5 // 4
                answer = lab.ask(engine, replace(asked, max_tokens=most))
            usage, seconds = answer.end.usage, answer.end.timings.decode_s
            value = _rate(usage.completion_tokens - 1, seconds)
            results.add(way, Sample(value, usage, copied(plan.draft, answer.text)))


def _alternatives(lab: Lab, subject: Subject, plan: Plan, results: Results) -> None:
    """Answers written at once, and as many one after another."""
    request = Request(
        GREETING, GREEDY, max_tokens=plan.answer_tokens, prefill=counting(0), reproducible=True
    )
    at_once = replace(request, alternatives=ALTERNATIVES)
    for _ in range(plan.repeat):
        with lab.engine(subject) as engine:
            lab.ask(engine, replace(at_once, max_tokens=4))
            ends = lab.ask(engine, at_once).ends
            results.add("together", _decoded(ends, max(end.timings.decode_s for end in ends)))
            in_turn = [lab.ask(engine, request).end for _ in range(ALTERNATIVES)]
            results.add("apart", _decoded(in_turn, sum(end.timings.decode_s for end in in_turn)))


_SECTIONS: Mapping[Section, Measure] = {
    "speed": _speed,
    "depth": _depth,
    "conversation": _conversation,
    "edit": _edit,
    "alternatives": _alternatives,
}
"""In the order in which they are carried out."""


def copied(draft: str, text: str) -> float:
    """The share of a draft's words that a text has too, in the same order."""
    words = draft.split()
    matcher = SequenceMatcher(None, words, text.split(), autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks()) / len(words)


def _going_on(
    lab: Lab, engine: Engine, messages: tuple[Message, ...], plan: Plan
) -> tuple[Message, ...]:
    """The conversation with one more answer."""
    return (*messages, _said(_briefly(lab, engine, messages, plan.answer_tokens)))


def _briefly(
    lab: Lab, engine: Engine, messages: tuple[Message, ...], max_tokens: int = 1
) -> Answer:
    return lab.ask(engine, Request(messages, GREEDY, max_tokens=max_tokens))


def _said(answer: Answer) -> Message:
    # A model that only thought, or ended at once, has said nothing that could be sent back.
    return Message("assistant", answer.text if answer.text.strip() else "I see.")


def _first_token(answer: Answer) -> Sample:
    return Sample(answer.end.timings.prefill_s, answer.end.usage)


def _decoded(ends: Sequence[Finished], seconds: float) -> Sample:
    """Tokens per second of several answers, each one's first token left out."""
    tokens = sum(max(0, end.usage.completion_tokens - 1) for end in ends)
    return Sample(_rate(tokens, seconds), ends[-1].usage)


def _rate(tokens: int, seconds: float) -> float:
    """Tokens per second.

    Raises:
        TooShort: If there is nothing to divide.
    """
    if tokens <= 0 or seconds <= 0:
        raise TooShort
    return tokens / seconds
