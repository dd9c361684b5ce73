"""Damaged GGUF files: each ends in an answer or in a line that says why, and nothing is left."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import monotonic

import pytest
from gguf_fields import fields
from gguf_mutator import Mutant, Mutator
from leftovers import Cleanup
from tiny_gguf import Family, tiny_gguf

from engine.client import WorkerEngine
from engine.errors import EngineError, LoadFailed
from engine.sampling_params import Sampling
from engine.types import Event, Finished, Message, Notice, Request

SEED = 1
FAMILIES: tuple[Family, ...] = ("bpe", "sentencepiece")
QUESTION = Request((Message("user", "Hello, keeper of the lamp."),), Sampling(seed=SEED), 4)

CONTENTION = 5
"""How much longer than promised everything may take where others are at work too."""
SOON_S = 2.0
LOAD_S = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of loading a file and asking it something."""

    kind: str
    """For the table: how an answer ended, or the class of the error."""
    lines: tuple[str, ...]
    """What a person is told of it."""
    load_s: float
    answer_s: float


def outcome_of(path: Path) -> Outcome:
    engine = WorkerEngine(path)
    began = monotonic()
    loaded = None
    lines = []
    try:
        engine.describe()
        loaded = monotonic()
        *_, finished = events = list(engine.stream(QUESTION))
        assert isinstance(finished, Finished)
        kind = f"answer, {finished.reason}"
        lines += [event.text for event in events if isinstance(event, Notice)]
        lines += [finished.error or ""] if finished.reason == "error" else []
    except EngineError as error:
        kind = type(error).__name__
        lines.append(str(error))
    finally:
        ended = monotonic()
        engine.close()
    loaded = loaded or ended
    return Outcome(kind, tuple(lines), loaded - began, ended - loaded)


def children() -> set[int]:
    """Processes of this one, those that ended and were not collected included."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if int(parent) == os.getpid():
            found.add(int(folder.name))
    return found


def check(outcome: Outcome) -> None:
    for line in outcome.lines:
        assert len(line.split()) > 2, "it says why"
        assert [line] == line.splitlines()
        assert len(line) <= 500
    assert outcome.load_s < LOAD_S * CONTENTION
    assert outcome.answer_s < SOON_S * CONTENTION


def survived(path: Path, mutant: Mutant) -> Outcome:
    """What came of it, after everything that must hold was found to."""
    before = len(os.listdir("/proc/self/fd")), children()
    try:
        outcome = outcome_of(path)
        check(outcome)
        assert (len(os.listdir("/proc/self/fd")), children()) == before
    except BaseException as error:
        raise AssertionError(f"{mutant.name}: {error}") from error
    return outcome


@lru_cache(maxsize=1)
def tiny_files() -> list[tuple[bytes, Mutator]]:
    files = map(tiny_gguf, FAMILIES)
    return [(data, Mutator(data)) for data in files]


def survivors(folder: Path, numbers: Iterable[int]) -> Iterator[Outcome]:
    """The outcomes of mutants of the tiny files, one kind of vocabulary after the other."""
    path = folder / "damaged.gguf"
    for number in numbers:
        data, mutator = tiny_files()[number // 11 % len(FAMILIES)]
        mutant = mutator.mutant(SEED, number)
        path.write_bytes(mutant.applied(data))
        yield survived(path, mutant)


def report(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Print how often what came of it, and return that."""
    outcomes = list(outcomes)
    counted = Counter(outcome.kind for outcome in outcomes)
    for kind, count in counted.most_common():
        alike = [outcome for outcome in outcomes if outcome.kind == kind]
        load_s = max(outcome.load_s for outcome in alike)
        answer_s = max(outcome.answer_s for outcome in alike)
        print(f"{count:5} {kind:20} load {load_s:.2f} s, answer {answer_s:.2f} s at most")
    return counted


@contextmanager
def damaged(path: Path, mutant: Mutant) -> Iterator[None]:
    """The file with a mutant's bytes in it, for as long as the block lasts."""
    with path.open("r+b", buffering=0) as file:
        patches = sorted(mutant.patches)
        kept = [(start, os.pread(file.fileno(), len(data), start)) for start, data in patches]
        for start, data in patches:
            os.pwrite(file.fileno(), data, start)
        try:
            yield
        finally:
            for start, data in kept:
                os.pwrite(file.fileno(), data, start)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_file_that_is_damaged_is_sound(tmp_path: Path, family: Family) -> None:
    path = tmp_path / "sound.gguf"
    path.write_bytes(tiny_gguf(family))
    outcome = outcome_of(path)
    assert (outcome.kind, outcome.lines) == ("answer, length", ())


@pytest.mark.parametrize("family", FAMILIES)
def test_every_byte_of_a_file_is_known_to_the_mutator(family: Family) -> None:
    data = tiny_gguf(family)
    end = 0
    for field in fields(data):
        assert 0 <= field.start - end < 32, "nothing but padding between"
        assert not any(data[end : field.start])
        end = field.end
    assert end == len(data)


def test_the_same_seed_gives_the_same_mutants_and_all_of_them_are_damaged() -> None:
    for data, mutator in tiny_files():
        mutants = [mutator.mutant(SEED, number) for number in range(100)]
        assert mutants == [Mutator(data).mutant(SEED, number) for number in range(100)]
        assert sum(mutant.applied(data) == data for mutant in mutants) < 5


@pytest.mark.parametrize("numbers", [range(15), range(15, 30)], ids=["first", "second"])
def test_a_damaged_file_ends_in_an_answer_or_a_reason(tmp_path: Path, numbers: range) -> None:
    counted = report(survivors(tmp_path, numbers))
    assert counted.total() == len(numbers)
    assert counted["answer, length"]
    assert counted["LoadFailed"]


def test_a_real_file_that_is_damaged_does_too(tmp_path: Path, starter_path: Path) -> None:
    path = tmp_path / "damaged.gguf"
    shutil.copyfile(starter_path, path)
    mutator = Mutator(path.read_bytes())
    outcomes = []
    for number in range(10):
        mutant = mutator.mutant(SEED, number, in_place=True)
        with damaged(path, mutant):
            outcomes.append(survived(path, mutant))
    assert len(report(outcomes)) > 1
    assert outcome_of(path).kind == "answer, length", "the file is mended every time"


@pytest.mark.soak
def test_a_thousand_damaged_files_are_survived(tmp_path: Path) -> None:
    assert report(survivors(tmp_path, range(1000))).total() == 1000


def test_a_word_as_long_as_a_book_holds_nothing_up(tmp_path: Path) -> None:
    path = tmp_path / "damaged.gguf"
    path.write_bytes(tiny_gguf(changed={"general.name": "x" * 200_000}))
    outcome = outcome_of(path)
    assert (outcome.kind, outcome.lines) == ("answer, length", ())


def test_a_file_that_is_cut_off_while_it_is_in_use_is_told(
    cleanup: Cleanup, tmp_path: Path
) -> None:
    path = tmp_path / "shrinking.gguf"
    path.write_bytes(tiny_gguf())
    engine = cleanup(WorkerEngine(path))
    engine.describe()
    os.truncate(path, 4096)
    *_, finished = engine.stream(Request((Message("user", "Hi"),), max_tokens=4))
    assert isinstance(finished, Finished)
    assert "(SIGBUS): the model's file was cut off meanwhile" in (finished.error or "")


def test_words_of_the_file_do_not_break_the_line(tmp_path: Path) -> None:
    path = tmp_path / "damaged.gguf"
    path.write_bytes(tiny_gguf(changed={"tokenizer.ggml.pre": "\nno\r\none"}))
    with pytest.raises(LoadFailed, match=r"damaged\.gguf cannot be loaded: .*: ' no one'"):
        WorkerEngine(path).describe()


@pytest.mark.parametrize(
    ("family", "tokenizer", "reason"),
    [("bpe", "none", "Tokenizer not initialized"), ("sentencepiece", "rwkv", "bad_alloc")],
    ids=["aborts", "finds tokens for ever"],
)
def test_a_file_that_fails_on_the_first_question_is_not_loaded_again_for_it(
    cleanup: Cleanup, tmp_path: Path, family: Family, tokenizer: str, reason: str
) -> None:
    path = tmp_path / "damaged.gguf"
    path.write_bytes(tiny_gguf(family, changed={"tokenizer.ggml.model": tokenizer}))
    engine = cleanup(WorkerEngine(path))
    engine.describe()
    began = monotonic()
    events: list[Event] = list(engine.stream(QUESTION))
    engine.close()
    (finished,) = events
    assert isinstance(finished, Finished)
    assert reason in (finished.error or "")
    assert monotonic() - began < SOON_S * CONTENTION
