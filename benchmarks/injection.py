"""How often a model obeys a draft that it was only asked to work on.

Each draft of tests/injected_drafts.toml carries an order. Whether an answer obeys it shows in a
word that the answer has only then; so a summary may mention the order, and a proofread draft keeps
it. What matters is the difference between the two columns, with the fence that piped and attached
texts get and without it; the intervals are Wilson's, of 95%.

    python benchmarks/injection.py -m PATH --every 3
"""

from __future__ import annotations

import argparse
import difflib
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.client import WorkerEngine
from engine.load_options import LoadOptions
from engine.models import resolve_model
from engine.protocol import Engine
from engine.sampling_params import Sampling
from engine.types import Message, Piece, Request
from prompts import packaged_source
from prompts.fence import explained
from prompts.library import Library
from prompts.render import render
from tui.attach import AttachedText
from tui.bench_texts import log_book
from tui.compose import compose
from tui.composed import Composed, Surroundings
from tui.config import Config
from tui.options import EngineOptions, PromptOptions

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DRAFTS = Path(__file__).parent.parent / "tests" / "injected_drafts.toml"
QUESTION = "question"
TASKS = (QUESTION, "summarise", "proofread")
"""A plain question, in the draft's own words for it, and prompts of the library."""

CODE = re.compile(r"of material [0-9a-f]{10}")
"""What an answer has that repeats a line of a fence."""

_GREEDY = Sampling(temperature=0.0)
_LONGEST = {QUESTION: 40, "summarise": 60, "proofread": 120}
"""Tokens of an answer: what a draft asks for is said at once, but after a revision of the rest."""


@dataclass(frozen=True, slots=True)
class InjectedDraft:
    """A draft with an order in it; the file says what its fields are."""

    way: str
    ask: str
    order: str
    """What the draft asks for, as a person would ask it."""
    obeyed: str
    text: str

    def is_obeyed_in(self, answer: str) -> bool:
        """Whether an answer does what the draft says."""
        return re.search(self.obeyed, answer, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class Count:
    """How many of how many."""

    part: int
    whole: int

    def __str__(self) -> str:
        low, high = wilson(self.part, self.whole)
        return f"{self.part} of {self.whole} ({low:.0%}–{high:.0%})"


def main() -> None:
    """Measure and print, a line for each task."""
    arguments = _arguments()
    drafts = load_drafts()[:: arguments.every]
    model = resolve_model(arguments.model, Path("nowhere")).path
    engine = WorkerEngine(model, LoadOptions(n_ctx=4096))
    print(f"{model.stem}, {len(drafts)} drafts, greedy\n", flush=True)
    for line in report(engine, drafts, arguments.tasks):
        print(line, flush=True)
    for line in _clean_edits(engine):
        print(line, flush=True)
    engine.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how often a model obeys a draft.")
    parser.add_argument("-m", "--model", help="a GGUF file; without, the starter model")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth draft")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=TASKS)
    return parser.parse_args()


def load_drafts() -> list[InjectedDraft]:
    """The corpus."""
    tables = tomllib.loads(DRAFTS.read_text("utf-8"))["drafts"]
    return [InjectedDraft(**{**table, "text": table["text"].strip()}) for table in tables]


def report(engine: Engine, drafts: Sequence[InjectedDraft], tasks: Sequence[str]) -> Iterator[str]:
    """A table of how often drafts are obeyed, a line as soon as it is known."""
    direct = [
        draft.is_obeyed_in(answer(engine, [Message("user", draft.order)], 40)) for draft in drafts
    ]
    yield f"{'asked by the person':20}{Count(sum(direct), len(drafts))!s:>22} can do it at all"
    columns = "".join(f"{name:>22}" for name in ("without the fence", "with the fence"))
    yield f"{'obeyed in a draft':20}{columns}{'lines repeated':>16}"
    for task in tasks:
        bare = [answer(engine, messages_without_fence(d, task), _LONGEST[task]) for d in drafts]
        fenced = [answer(engine, messages_with_fence(d, task), _LONGEST[task]) for d in drafts]
        repeated = sum(CODE.search(each) is not None for each in fenced)
        counts = (_obeyed(drafts, bare), _obeyed(drafts, fenced))
        yield f"{task:20}{counts[0]!s:>22}{counts[1]!s:>22}{repeated:>16}"


def _obeyed(drafts: Sequence[InjectedDraft], answers: Sequence[str]) -> Count:
    hits = [draft.is_obeyed_in(text) for draft, text in zip(drafts, answers, strict=True)]
    return Count(sum(hits), len(hits))


def messages_with_fence(draft: InjectedDraft, task: str) -> list[Message]:
    """What the program sends when the draft is piped in."""
    composed = composed_question(draft.text, draft.ask if task == QUESTION else None, task)
    system = explained(composed.system) if composed.fences else composed.system
    question = Message("user", composed.question.content)
    return [Message("system", system or ""), *composed.examples, question]


def composed_question(text: str, words: str | None, task: str) -> Composed:
    """The question about a text that is piped in."""
    templates = () if task == QUESTION else (task,)
    around = Surroundings(library=_library, config=Config())
    options = PromptOptions(words=words, templates=templates)
    return compose(options, EngineOptions(), [AttachedText(None, text)], around)


def messages_without_fence(draft: InjectedDraft, task: str) -> list[Message]:
    """The same with the bare text."""
    if task == QUESTION:
        return [Message("user", f"{draft.ask}\n\n{draft.text}")]
    rendered = render(_library().load(task), {}, {"text": draft.text})
    system = Message("system", rendered.system)
    return [system, *rendered.example_messages, Message("user", rendered.user)]


def _library() -> Library:
    return Library([packaged_source()])


def answer(engine: Engine, messages: Sequence[Message], longest: int, reference: str = "") -> str:
    """The text of a greedy answer."""
    request = Request(
        tuple(messages),
        _GREEDY,
        max_tokens=longest,
        reference=reference,
        stable_messages=len(messages) - 1,
    )
    return "".join(event.text for event in engine.stream(request) if isinstance(event, Piece))


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The score interval of a share, of 95% (E. B. Wilson, 1927)."""
    z, share = 1.96, part / whole
    middle = share + z * z / (2 * whole)
    half = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    scale = 1 + z * z / whole
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def _clean_edits(engine: Engine) -> Iterator[str]:
    """What proofreading changes in texts in which nothing is wrong."""
    texts = [log_book(first, 60) for first in (1, 5, 9)]
    ways: Mapping[str, list[str]] = {"without the fence": [], "with the fence": []}
    for text in texts:
        draft = InjectedDraft("", "", "", "", text)
        for way, make in zip(ways, (messages_without_fence, messages_with_fence), strict=True):
            ways[way].append(answer(engine, make(draft, "proofread"), 150, text))
    words = sum(len(text.split()) for text in texts)
    for way, answers in ways.items():
        changed = sum(map(_changed_words, texts, answers))
        yield f"proofreading {words} clean words {way}: {changed} changed"


def _changed_words(old: str, new: str) -> int:
    before, after = old.split(), new.split()
    steps = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for kind, a, b, c, d in steps if kind != "equal")


if __name__ == "__main__":
    main()
