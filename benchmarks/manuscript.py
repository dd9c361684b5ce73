"""What a long manuscript costs beside the model: until it is asked about, while it is revised, and
to go on where a revision was stopped.

The engine answers at once, so that all time and memory is the program's own. The goals are a second
until the review opens, also of one that was stopped, and memory that does not grow with the parts
but by their answers:

    python benchmarks/manuscript.py --words 60000 -t proofread
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from hunks import prose

from drafts import read_draft
from engine.scripted import Reply, ScriptedEngine
from engine.types import Event, Request
from tui.edit_work import Work, prepare
from tui.options import EditOptions, PromptOptions
from tui.revising import Revised
from tui.runtime import Runtime

_PARAGRAPHS = 12
"""Of a section."""


class Fixing(ScriptedEngine):
    """Changes a letter here and there."""

    def stream(self, request: Request) -> Generator[Event, None, None]:
        """See `Engine`."""
        self.requests.clear()
        self._replies = [Reply(request.reference.replace(" ta", " to"))]
        return super().stream(request)


@dataclass(frozen=True, slots=True)
class Moment:
    """When something of the work was there."""

    parts: int
    seconds: float
    mib: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what a long manuscript costs.")
    parser.add_argument("--words", type=int, default=60_000)
    parser.add_argument("-t", "--prompt", default="proofread")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        draft = Path(home) / "manuscript.md"
        draft.write_text(manuscript(arguments.words), "utf-8")
        runtime = Runtime({**os.environ, "CHAT_HOME": home}, lambda path, options: Fixing(["-"]))
        parts = len(_opened(runtime, draft, arguments.prompt).revision.tasks[0].pieces)
        print(f"{arguments.words:,} words, {parts:,} parts of {arguments.prompt}")
        _print("revised", list(_moments(runtime, draft, arguments.prompt)), parts)
        _stop_in_the_middle(runtime, draft, arguments.prompt, parts // 2)
        _print("gone on with", list(_moments(runtime, draft, arguments.prompt)), parts)


def manuscript(words: int) -> str:
    """Made-up prose under headings, the same for the same number of words."""
    paragraphs = prose(words, random.Random(words)).split("\n\n")
    sections = [
        "\n\n".join([f"## Section {number}", *paragraphs[number : number + _PARAGRAPHS]])
        for number in range(0, len(paragraphs), _PARAGRAPHS)
    ]
    return "\n\n".join(sections)


def _opened(runtime: Runtime, draft: Path, prompt: str) -> Work:
    options = EditOptions(drafts=(str(draft),), prompt=PromptOptions(templates=(prompt,)))
    work = prepare(runtime, options, Fixing(["-"]), [(str(draft), read_draft(draft))])
    work.begin()
    return work


def _moments(runtime: Runtime, draft: Path, prompt: str) -> Iterator[Moment]:
    """When each part of a revision was there, from the moment on when it was begun."""
    start = time.monotonic()
    work = _opened(runtime, draft, prompt)
    for event in work.revision.run():
        if isinstance(event, Revised):
            yield Moment(len(work.revision.revised), time.monotonic() - start, _resident_mib())
    if work.note is not None:
        work.note.end()


def _stop_in_the_middle(runtime: Runtime, draft: Path, prompt: str, parts: int) -> None:
    work = _opened(runtime, draft, prompt)
    for event in work.revision.run():
        if isinstance(event, Revised) and len(work.revision.revised) >= parts:
            work.revision.stop()


def _print(what: str, moments: list[Moment], parts: int) -> None:
    print(f"{what}: the first part after {moments[0].seconds:.2f} s")
    for share in range(1, 5):
        moment = moments[parts * share // 4 - 1]
        print(f"{moment.parts:10,} parts {moment.seconds:8.1f} s {moment.mib:8.1f} MiB", flush=True)


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
