"""``chat prompts learn``: what a person found good becomes examples of the prompt, one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from engine.errors import NoModel
from engine.protocol import Engine
from engine.types import Message
from prompts.additions import Additions
from prompts.growing import Candidate, Growth, LeftOut
from prompts.inherit import Prompt
from tui import exit_codes
from tui.errors import UsageProblem
from tui.judged import judged_answers
from tui.narrate import Narrator
from tui.prompt_files import write_schema
from tui.review import choose
from tui.runtime import Runtime
from tui.sanitize import sanitize, sanitize_line
from tui.tables import print_json, print_table

_CHARACTERS = 4
"""Of a token, where there is no model to count with: about so many in English."""

_ANSWERS = {"y": "yes", "n": "no", "q": "quit"}

_REASONS = {
    "there already": "the prompt already has such an example",
    "much like another": "hardly different from a text that the prompt has, or that is listed here",
}
"""Of causes that say nothing more."""

_MOST_REASONS = 6


@dataclass(frozen=True, slots=True)
class LearnOptions:
    """What ``chat prompts learn`` was asked for."""

    name: str
    model: str | None
    """Counts the tokens."""
    since: datetime | None
    limit: int
    """Candidates; 0 is all."""
    project: bool
    """Whether a project's own file may be added to, which others may read."""
    as_json: bool


def learn(runtime: Runtime, options: LearnOptions) -> int:
    """Show what could become an example of a prompt; with a person there, ask and add it.

    Each is written as soon as it was said yes to, so nothing is lost by leaving at any question.
    """
    library = runtime.library()
    prompt = library.load(options.name)
    asks = runtime.is_interactive and not options.as_json
    narrator = runtime.narrator()
    judged = judged_answers(
        runtime.sessions(), prompt.name, since=options.since, progress=narrator.searching
    )
    with _counter(runtime, options.model) as counter:
        growth = Growth(prompt, counter.count)
        offers = _Offers(growth.offer(each) for each in judged)
        candidates = islice(offers, options.limit or None)
        if asks:
            folder = _folder(runtime, prompt, options)
            _ask(runtime, narrator, candidates, growth, Additions(library, prompt, folder))
        else:
            found = list(candidates)
            narrator.clear()
            _show(runtime, growth, found, offers.left_out, options)
    narrator.clear()
    _tell(narrator, offers, counter, asks=asks)
    return exit_codes.DONE


class _Offers(Iterator[Candidate]):
    """The candidates, with what was left out on the way counted."""

    def __init__(self, offers: Iterator[Candidate | LeftOut]) -> None:
        self._offers = offers
        self.left_out: list[LeftOut] = []
        self.given = 0

    def __next__(self) -> Candidate:
        for offer in self._offers:
            if isinstance(offer, Candidate):
                self.given += 1
                return offer
            self.left_out.append(offer)
        raise StopIteration


class _Counter:
    """Counts tokens with a model, which is not loaded before there is something to count."""

    def __init__(self, runtime: Runtime, model: str | None) -> None:
        self._runtime = runtime
        self._model = model
        self.engine: Engine | None = None
        self.is_rough = False
        """Whether there is no model, so that it only estimates."""

    def count(self, messages: Sequence[Message]) -> int:
        if self.engine is None and not self.is_rough:
            try:
                self.engine = self._runtime.start_engine(self._model)
            except NoModel:
                self.is_rough = True
        if self.engine is None:
            return sum(-(-len(message.content) // _CHARACTERS) for message in messages)
        return self.engine.count(messages)


@contextmanager
def _counter(runtime: Runtime, model: str | None) -> Iterator[_Counter]:
    counter = _Counter(runtime, model)
    try:
        yield counter
    finally:
        if counter.engine is not None:
            counter.engine.close()


def _folder(runtime: Runtime, prompt: Prompt, options: LearnOptions) -> Path:
    """Where the prompt's examples are to be kept."""
    if prompt.source != "project":
        return runtime.paths.prompts
    if not options.project:
        raise UsageProblem(
            f"{prompt.name} is a prompt of this project, and others may read it: "
            "use --project to add to it anyway"
        )
    return prompt.folder


def _ask(
    runtime: Runtime,
    narrator: Narrator,
    candidates: Iterator[Candidate],
    growth: Growth,
    additions: Additions,
) -> None:
    """Show one after another, and write those that get a yes."""
    path = sanitize_line(str(additions.path))
    for number, candidate in enumerate(candidates, start=1):
        narrator.clear()
        runtime.stdout.write(_in_full(runtime, number, candidate, growth))
        answer = choose(runtime, f"Add it to {path}?", _ANSWERS)
        if answer == "q":
            return
        if answer == "y":
            copied, is_new = additions.copied, additions.is_new
            additions.add(candidate.example)
            growth.add(candidate)
            if is_new:
                write_schema(additions.path.parent)
            if copied:
                narrator.say(f"the {copied} examples that it inherits are in the file now too")


def _in_full(runtime: Runtime, number: int, candidate: Candidate, growth: Growth) -> str:
    """A candidate as a person judges it, harmless to the terminal."""
    example, origin = candidate.example, candidate.origin
    costs = f"{candidate.tokens:,} tokens, {growth.with_it(candidate):,} of {growth.budget:,}"
    heading = f"{number}. {origin.title}, {origin.time.astimezone():%Y-%m-%d}: {costs} with it"
    given = {**example.variables}
    if example.instruction:
        given["instruction"] = example.instruction
    lines = [sanitize_line(heading), *(sanitize(f"   {k}: {v}") for k, v in given.items())]
    colours = {"-": "\x1b[31m", "+": "\x1b[32m"} if runtime.has_colour else {}
    for sign, text in (("-", example.input), ("+", example.output)):
        colour, reset = colours.get(sign, ""), "\x1b[0m" if colours else ""
        words = (sanitize(line) for line in text.split("\n"))
        lines += [f"{colour}{sign} {line}{reset}" for line in words]
    return "\n".join(["", *lines, ""])


def _show(
    runtime: Runtime,
    growth: Growth,
    candidates: Sequence[Candidate],
    left_out: Sequence[LeftOut],
    options: LearnOptions,
) -> None:
    """List what there is, and write nothing."""
    if not options.as_json:
        rows = [
            (
                each.origin.session,
                each.origin.title,
                f"{each.tokens:,}",
                each.example.input,
                each.example.output,
            )
            for each in candidates
        ]
        print_table(runtime, ("ID", "TITLE", "TOKENS", "TEXT", "BECOMES"), rows)
        return
    value = {
        "prompt": options.name,
        "budget": growth.budget,
        "used": growth.used,
        "candidates": [_as_json(each) for each in candidates],
        "left_out": [asdict(each) for each in left_out],
    }
    print_json(runtime, value)


def _as_json(candidate: Candidate) -> dict[str, object]:
    example = {**asdict(candidate.example), "variables": dict(candidate.example.variables)}
    return {"example": example, "tokens": candidate.tokens, "origin": asdict(candidate.origin)}


def _tell(narrator: Narrator, offers: _Offers, counter: _Counter, *, asks: bool) -> None:
    """What a person should know at the end."""
    reasons = Counter(each.detail or _REASONS[each.cause] for each in offers.left_out)
    for reason, count in reasons.most_common(_MOST_REASONS):
        narrator.say(f"{count} left out: {reason}")
    if len(reasons) > _MOST_REASONS:
        narrator.say(f"and {sum(reasons.values()):,} left out in all: --json shows why")
    if not offers.given and not reasons:
        narrator.say("nothing to learn from: rate an answer with /rate +, or accept an edit")
    if counter.is_rough:
        narrator.say("there is no model, so the tokens are an estimate")
    if offers.given and not asks:
        narrator.say("nothing was written: on a terminal each is asked about")
