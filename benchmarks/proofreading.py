"""What `proofread` is worth: errors found and right words damaged, beside the bare instruction.

Errors are put into prose that has none (benchmarks/proofreading_texts.toml), so that it is known
what should come back. The bare instruction is sent a paragraph at a time; `proofread` goes the way
of `chat --edit`. All answers are greedy. `codespell` must be installed.

    python benchmarks/proofreading.py -m PATH --split dev --seed 1 2 --unit sentence
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, get_args

from seeded_errors import Error, has_codespell, misspellings, with_errors
from word_edits import Score, damage, edits, scored

from drafts.document import decode_text
from drafts.hunks import Hunk
from drafts.splice import spliced
from engine.protocol import Engine
from engine.sampling_params import Sampling
from engine.types import Message, Piece, Request
from prompts import packaged_source
from prompts.schema import Unit
from tui.edit_work import prepare
from tui.loading import chosen_load_options
from tui.options import EditOptions, EngineOptions, PromptOptions
from tui.reviewing.state import Change
from tui.revising import Revised
from tui.runtime import Runtime, spawn_worker

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BARE = "Fix the spelling and grammar. Return only the corrected text."

SPLITS = ("dev", "held-out", "tuning", "final")

_TEXTS = Path(__file__).with_name("proofreading_texts.toml")

_PROMPT = "proofread"


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A text with errors."""

    wrong: str
    right: str
    errors: tuple[Error, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What a way made of the texts."""

    name: str
    revised: tuple[str, ...]
    seconds: float


_Way: TypeAlias = Callable[[Sequence[Spoilt]], Iterator[Result]]


def main() -> None:
    """Measure and print, a line for each way."""
    arguments = _arguments()
    if not has_codespell():
        sys.exit(
            "codespell is not installed, and its dictionary is where the misspellings are from"
        )
    with tempfile.TemporaryDirectory() as home:
        runtime = _runtime(Path(home), arguments.prompt, arguments.unit)
        load = EngineOptions(load=(("n_ctx", str(arguments.n_ctx)),))
        model = str(Path(arguments.model).resolve()) if arguments.model else None
        engine = runtime.start_engine(model, chosen_load_options(load, save=False))
        spoilt = [spoilt_text(arguments.split, seed, arguments.first) for seed in arguments.seed]
        print(_described(spoilt), _HEAD, sep="\n", flush=True)
        for result in _results(runtime, engine, arguments, spoilt):
            print(_line(result, spoilt), flush=True)
            if arguments.show:
                print(_found_by_kind(result, spoilt))
                print(*_differences(result, spoilt), sep="\n", flush=True)
        engine.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure what proofreading is worth.")
    parser.add_argument("-m", "--model", help="a GGUF file; without, the starter model")
    parser.add_argument("--n-ctx", type=int, default=8192)
    parser.add_argument("--split", choices=SPLITS, default="dev")
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="the texts, once for each")
    parser.add_argument("--first", type=int, help="only so many paragraphs, to try a way quickly")
    parser.add_argument("--unit", choices=get_args(Unit), help="other than the prompt's own")
    parser.add_argument("--prompt", type=Path, help="a file in place of the packaged prompt")
    parser.add_argument("--only", choices=("bare", _PROMPT), help="one way alone")
    parser.add_argument("--show", action="store_true", help="what was missed and damaged")
    return parser.parse_args()


def paragraphs(split: str) -> list[str]:
    """The right texts of a split."""
    tables = tomllib.loads(_TEXTS.read_text("utf-8"))
    return [text.strip() for text in tables[split]]


def spoilt_text(split: str, seed: int, first: int | None = None) -> Spoilt:
    """The paragraphs of a split as one text, or the first of them, with the errors of a seed."""
    chance = random.Random(seed)
    right = paragraphs(split)[:first]
    wrong = [with_errors(text, chance, misspellings()) for text in right]
    errors = [error for _, each in wrong for error in each]
    return Spoilt("\n\n".join(text for text, _ in wrong), "\n\n".join(right), tuple(errors))


def _runtime(home: Path, prompt: Path | None, unit: Unit | None) -> Runtime:
    """One with a home of its own, and the prompt in it if it is not just the packaged one."""
    runtime = Runtime({**os.environ, "CHAT_HOME": str(home)}, spawn_worker)
    path = prompt or packaged_source().folder / f"{_PROMPT}.toml"
    text = path.read_text("utf-8")
    if unit:
        lines = [line for line in text.splitlines() if not line.startswith("unit =")]
        text = "\n".join([f'unit = "{unit}"', *lines, ""])
    runtime.paths.prompts.mkdir(parents=True)
    (runtime.paths.prompts / path.with_stem(_PROMPT).name).write_text(text, "utf-8")
    return runtime


def _results(
    runtime: Runtime, engine: Engine, arguments: argparse.Namespace, spoilt: Sequence[Spoilt]
) -> Iterator[Result]:
    if arguments.only != _PROMPT:
        yield _bare(engine, spoilt)
    if arguments.only != "bare":
        yield from _proofread(runtime, engine, spoilt)


def _bare(engine: Engine, spoilt: Sequence[Spoilt]) -> Result:
    """The bare instruction, a paragraph at a time."""
    _answer(engine, "Good morning.")  # the weights are loaded now
    start = time.monotonic()
    revised = tuple(
        "\n\n".join(_answer(engine, paragraph) for paragraph in text.wrong.split("\n\n"))
        for text in spoilt
    )
    return Result("bare instruction", revised, time.monotonic() - start)


def _answer(engine: Engine, text: str) -> str:
    message = Message("user", f"{BARE}\n\n{text}")
    request = Request((message,), Sampling(temperature=0.0), reference=text, max_tokens=400)
    pieces = [event.text for event in engine.stream(request) if isinstance(event, Piece)]
    return "".join(pieces).strip()


def _proofread(runtime: Runtime, engine: Engine, spoilt: Sequence[Spoilt]) -> Iterator[Result]:
    """What `chat --edit` offers: all of it, and what is not flagged."""
    options = EditOptions(
        drafts=("draft.md",), save=False, prompt=PromptOptions(templates=(_PROMPT,))
    )
    drafts = [decode_text(text.wrong.encode()) for text in spoilt]
    work = prepare(runtime, options, engine, [("draft.md", draft) for draft in drafts])
    start = time.monotonic()
    found = [event for event in work.revision.run() if isinstance(event, Revised)]
    seconds = time.monotonic() - start
    for flag, count in Counter(each for one in found for each in _flags(one)).most_common():
        print(f"  {count:3} flagged: {flag}")
    offered = [change for each in found for change in each.changes]
    ways: Mapping[str, Sequence[Change]] = {
        "proofread, all of it": offered,
        "proofread, not flagged": [change for change in offered if not change.warning],
    }
    for name, changes in ways.items():
        taken = [_of_file(changes, number) for number in range(len(drafts))]
        revised = [spliced(draft, each).decode() for draft, each in zip(drafts, taken, strict=True)]
        yield Result(name, tuple(revised), seconds)


def _flags(revised: Revised) -> Iterator[str]:
    for change in revised.changes:
        if change.warning:
            yield f"{change.warning}: {change.hunk.old!r} → {change.hunk.new!r}"


def _of_file(changes: Sequence[Change], number: int) -> list[Hunk]:
    of_file = [change.hunk for change in changes if change.file == number]
    return sorted(of_file, key=lambda hunk: hunk.start)


_HEAD = "".join(
    [
        *(" " * 24, f"{'precision':>16}{'recall':>16}{'F0.5':>7}"),
        f"{'damaged':>9}{'per 100':>9}{'s/100 words':>13}",
    ]
)


def _line(result: Result, spoilt: Sequence[Spoilt]) -> str:
    pairs = zip(spoilt, result.revised, strict=True)
    score = sum((scored(text.wrong, text.right, revised) for text, revised in pairs), Score())
    return (
        f"{result.name:24}"
        f"{f'{score.right}/{score.made}':>10}{score.precision:6.2f}"
        f"{f'{score.right}/{score.wanted}':>10}{score.recall:6.2f}{score.f_half:7.3f}"
        f"{score.damaged:9}{score.damaged_per_hundred:9.2f}"
        f"{result.seconds * 100 / score.words:13.1f}"
    )


def _described(spoilt: Sequence[Spoilt]) -> str:
    words = sum(len(text.wrong.split()) for text in spoilt)
    kinds = Counter(error.kind for text in spoilt for error in text.errors)
    counts = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
    return f"{words:,} words, {kinds.total()} errors: {counts}"


def _found_by_kind(result: Result, spoilt: Sequence[Spoilt]) -> str:
    """How many errors of each kind were corrected."""
    there: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for text, revised in zip(spoilt, result.revised, strict=True):
        parts = [each.split("\n\n") for each in (text.wrong, text.right, revised)]
        outcomes = (
            edit in edits(wrong, answer)
            for wrong, right, answer in zip(*parts, strict=False)
            for edit in edits(wrong, right)
        )
        # An error is one edit, and both are in the order of the text.
        for error, is_found in zip(text.errors, outcomes, strict=False):
            there[error.kind] += 1
            found[error.kind] += is_found
    counts = (f"{kind} {found[kind]}/{count}" for kind, count in there.most_common())
    return f"  found: {', '.join(counts)}"


def _differences(result: Result, spoilt: Sequence[Spoilt]) -> Iterator[str]:
    for text, revised in zip(spoilt, result.revised, strict=True):
        parts = [each.split("\n\n") for each in (text.wrong, text.right, revised)]
        for wrong, right, answer in zip(*parts, strict=False):
            made, damaged = edits(wrong, answer), damage(wrong, right, answer)
            for edit in edits(wrong, right):
                if edit not in made:
                    others = [each.new for each in made if each.place == edit.place]
                    yield f"  missed   {edit.old!r} → {edit.new!r} (it made {others})"
            for edit in damaged:
                yield f"  damaged  {edit.old!r} → {edit.new!r} in {wrong[:30]!r}…"


if __name__ == "__main__":
    main()
