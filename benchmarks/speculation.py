"""What guessing is worth: the same answers with and without it, in turn, on texts of every kind.

A draft that is hardly changed should be quicker; nothing should be slower, whether the model copies
badly, there is nothing to copy, or the draft is the wrong one. The ratio is the median of pairs;
beside it are the share of the answer's words that are the draft's, and how many of the guessed
tokens were right. Run it on an idle machine:

    python benchmarks/speculation.py -m PATH --rounds 5
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from engine.client import WorkerEngine
from engine.models import resolve_model
from engine.sampling_params import Sampling
from engine.types import Finished, Message, Piece, Request, Usage
from tui.bench_measures import copied
from tui.bench_texts import DRAFT, SHORT_DRAFT, editing, log_book

GREEDY = Sampling(temperature=0.0)
WARM = Sampling(temperature=0.8, seed=7)


def main() -> None:
    """Measure and print, a line for each kind of text."""
    arguments = _arguments()
    model = resolve_model(arguments.model, Path("nowhere")).path
    print(f"{model.stem}, {arguments.rounds} rounds in turn, {arguments.tokens} tokens at most\n")
    print(f"{'':26}{'plain':>8}{'guessing':>10}{'ratio':>8}{'draft’s':>8}{'right':>12}")
    for name, (asked, draft) in _cases(arguments.draft).items():
        if not name.startswith(arguments.only):
            continue
        request = replace(asked, max_tokens=arguments.tokens)
        print(f"{name:26}{_measured(model, request, draft, arguments.rounds)}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure what guessing is worth.")
    parser.add_argument("-m", "--model", help="a GGUF file; without, the starter model")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=300, help="of an answer, at most")
    parser.add_argument("--only", default="", metavar="NAME", help="kinds that begin with this")
    parser.add_argument("--draft", type=Path, help="a text of your own to copy-edit as well")
    return parser.parse_args()


def _cases(own: Path | None) -> Mapping[str, tuple[Request, str]]:
    """Requests, each with the draft that its answer is compared with."""
    log = log_book(1, 150).replace(" Entry ", "\n\nEntry ")
    story = (Message("user", "Write a long story about a lighthouse keeper and a whale."),)
    repeat = (Message("user", f"Repeat this text word by word:\n\n{log}"),)
    about = (Message("user", f"{DRAFT}\n\nWhat could happen next? Go on with the story."),)
    drafts = {"": DRAFT, ", short": SHORT_DRAFT, ", log": log}
    if own is not None:
        drafts[", own"] = own.read_text(encoding="utf-8")
    edits = {
        f"edit{name}": (Request(editing(draft), GREEDY, reference=draft), draft)
        for name, draft in drafts.items()
    }
    return {
        **edits,
        "edit, sampled": (Request(editing(DRAFT), WARM, reference=DRAFT), DRAFT),
        "edit, draft not given": (Request(editing(DRAFT), GREEDY), DRAFT),
        "repeat": (Request(repeat, GREEDY, prefill=log[:40], reference=log), log),
        "story": (Request(story, GREEDY), ""),
        "story, sampled": (Request(story, WARM), ""),
        "story, wrong draft": (Request(story, GREEDY, reference=DRAFT), DRAFT),
        "story after a text": (Request(about, WARM), DRAFT),
    }


def _measured(model: Path, request: Request, draft: str, rounds: int) -> str:
    plain: list[float] = []
    guessing: list[float] = []
    engine = WorkerEngine(model)
    for number in range(rounds):
        ways = [(replace(request, reproducible=True), plain), (request, guessing)]
        for asked, speeds in reversed(ways) if number % 2 else ways:
            text, speed, usage = _answer(engine, asked)
            speeds.append(speed)
            if speeds is guessing:
                answer, guessed = text, usage
    engine.close()
    ratio = statistics.median(ours / theirs for ours, theirs in zip(guessing, plain, strict=True))
    share = f"{copied(request.prefill + answer, draft):.0%}" if draft else "–"
    return (
        f"{statistics.median(plain):8.1f}{statistics.median(guessing):10.1f}{ratio:8.2f}"
        f"{share:>8}{f'{guessed.accepted_tokens}/{guessed.proposed_tokens}':>12}"
    )


def _answer(engine: WorkerEngine, request: Request) -> tuple[str, float, Usage]:
    """The text, tokens per second after the first one, and the usage."""
    text, end = "", None
    for event in engine.stream(request):
        if isinstance(event, Piece):
            text += event.text
        elif isinstance(event, Finished):
            end = event
    assert end is not None
    tokens = max(1, end.usage.completion_tokens - 1)
    return text, tokens / max(end.timings.decode_s, 1e-9), end.usage


if __name__ == "__main__":
    main()
