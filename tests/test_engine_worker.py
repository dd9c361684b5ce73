"""The engine with the real starter model: what it generates, how it ends, fails and recovers."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest
from leftovers import Cleanup
from model_stores import put
from tiny_gguf import split_gguf

from engine.client import WorkerEngine
from engine.errors import CannotFit, LoadFailed, WorkerFailed
from engine.load_options import LoadOptions
from engine.sampling_params import Sampling
from engine.tasks import system_report
from engine.types import Event, Finished, Message, Piece, Prefill, Request

GREEDY = Sampling(temperature=0)
STORY = "The keeper climbed the stairs and lit the lamp, as she had done every night. " * 40


def ask(text: str, **options: object) -> Request:
    values = {"sampling": GREEDY, "max_tokens": 24, **options}
    return Request((Message("user", text),), **values)  # type: ignore[arg-type]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Piece))


def finish_of(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert monotonic() < deadline, "it did not happen in time"
        pause.wait(0.01)


def test_a_reused_prefix_gives_the_tokens_of_a_cold_start(
    cleanup: Cleanup, starter_path: Path
) -> None:
    questions = ["Name three colours.", "Name three birds."]
    warm = cleanup(WorkerEngine(starter_path))
    try:
        for question in questions:
            cold = cleanup(WorkerEngine(starter_path))
            cold_events = list(cold.stream(ask(question)))
            cold.close()
            warm_events = list(warm.stream(ask(question)))
            assert text_of(warm_events) == text_of(cold_events) != ""
            assert finish_of(cold_events).usage.cached_tokens == 0
        assert finish_of(warm_events).usage.cached_tokens > 10
    finally:
        warm.close()


def test_going_on_with_a_conversation_evaluates_only_what_is_new(
    starter_engine: WorkerEngine,
) -> None:
    story = STORY[:800]
    first = list(starter_engine.stream(ask(story, max_tokens=8)))
    messages = (
        Message("user", story),
        Message("assistant", text_of(first)),
        Message("user", "Go on."),
    )
    again = finish_of(list(starter_engine.stream(Request(messages, GREEDY, 8))))
    assert again.usage.cached_tokens >= finish_of(first).usage.prompt_tokens
    assert again.usage.prompt_tokens - again.usage.cached_tokens < 30


def test_an_answer_ends_with_a_real_end_token_or_at_the_limit(starter_engine: WorkerEngine) -> None:
    assert finish_of(list(starter_engine.stream(ask("Say hi.", max_tokens=3)))).reason == "length"
    events = list(starter_engine.stream(ask("What is 2+2?", max_tokens=400)))
    assert finish_of(events).reason == "end"
    assert "<|im_end|>" not in text_of(events)


def test_a_stop_string_ends_the_answer_and_is_not_in_it(starter_engine: WorkerEngine) -> None:
    whole = text_of(list(starter_engine.stream(ask("Tell me about the sea."))))
    word = whole.split()[4]
    events = list(starter_engine.stream(ask("Tell me about the sea.", stop=(word,))))
    assert finish_of(events).reason == "stop"
    assert text_of(events) == whole[: whole.index(word)]


def test_the_same_seed_gives_the_same_text(starter_engine: WorkerEngine) -> None:
    def sample(seed: int) -> str:
        request = ask(
            "Tell me a story.",
            sampling=Sampling(temperature=1.5, seed=seed),
            reproducible=True,
            max_tokens=12,
        )
        return text_of(list(starter_engine.stream(request)))

    first = sample(1)
    assert len({sample(seed) for seed in range(1, 4)}) == 3
    assert sample(1) == first


def test_a_frequency_penalty_reduces_repetition(starter_engine: WorkerEngine) -> None:
    def distinct(sampling: Sampling) -> float:
        words = text_of(
            list(starter_engine.stream(ask(STORY[:400], sampling=sampling, max_tokens=60)))
        ).split()
        return len(set(words)) / len(words)

    penalised = Sampling(temperature=0, frequency_penalty=2.0, repeat_last_n=-1)
    assert distinct(penalised) > distinct(GREEDY)


def test_counting_is_what_the_prompt_then_takes(starter_engine: WorkerEngine) -> None:
    request = ask("How many tokens?", max_tokens=1)
    counted = starter_engine.count(request.messages)
    assert finish_of(list(starter_engine.stream(request))).usage.prompt_tokens == counted


def test_what_does_not_fit_is_an_error_with_both_numbers(starter_engine: WorkerEngine) -> None:
    with pytest.raises(CannotFit) as caught:
        list(starter_engine.stream(ask(STORY * 20)))
    assert caught.value.needed > caught.value.available == 8191


def test_an_answer_that_fills_the_context_says_length(cleanup: Cleanup, starter_path: Path) -> None:
    engine = cleanup(WorkerEngine(starter_path, LoadOptions(n_ctx=64)))
    finished = finish_of(list(engine.stream(ask("Write a long story.", max_tokens=None))))
    engine.close()
    assert finished.reason == "length"
    assert finished.usage.prompt_tokens + finished.usage.completion_tokens == 65


def test_a_cancel_ends_the_batch_that_is_being_evaluated(starter_engine: WorkerEngine) -> None:
    starter_engine.describe()
    events: list[Event] = []
    for event in starter_engine.stream(ask("Different. " + STORY * 7)):
        events.append(event)
        starter_engine.cancel()
    prefills = [event for event in events if isinstance(event, Prefill)]
    assert finish_of(events).reason == "cancelled"
    assert prefills[0].total > 3 * 512
    # A second report would say that the first batch, a second's work, was finished all the same.
    assert len(prefills) == 1


def test_a_cancel_before_the_first_event_counts(starter_engine: WorkerEngine) -> None:
    starter_engine.describe()
    stream = starter_engine.stream(ask("Write a long story.", max_tokens=4000))
    starter_engine.cancel()
    assert finish_of(list(stream)).reason == "cancelled"


def test_a_cancel_while_loading_ends_the_answer_and_the_next_one_loads_again(
    cleanup: Cleanup,
    starter_path: Path,
) -> None:
    engine = cleanup(WorkerEngine(starter_path))
    stream = engine.stream(ask("Say hi."))
    engine.cancel()
    assert finish_of(list(stream)).reason == "cancelled"
    assert text_of(list(engine.stream(ask("Say hi.")))) != ""


def test_losing_patience_with_a_worker_that_hangs_kills_it(
    cleanup: Cleanup, starter_path: Path
) -> None:
    engine = cleanup(WorkerEngine(starter_path))
    engine.describe()
    stream = engine.stream(ask("Write a long story.", max_tokens=4000))
    next(stream)
    pid = engine.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    engine.cancel()
    stream.close()
    wait_until(lambda: not is_running(pid))
    assert text_of(list(engine.stream(ask("Say hi.")))) != ""


def test_a_cancel_while_decoding_keeps_what_was_generated(starter_engine: WorkerEngine) -> None:
    events: list[Event] = []
    for event in starter_engine.stream(ask("Write a long story.", max_tokens=4000)):
        events.append(event)
        if text_of(events).count(" ") == 5:
            starter_engine.cancel()
    assert finish_of(events).reason == "cancelled"
    assert text_of(events).count(" ") >= 5


def test_a_cancel_from_another_thread_ends_the_answer(starter_engine: WorkerEngine) -> None:
    stream = starter_engine.stream(ask("Write a long story.", max_tokens=4000))
    events = [next(stream), next(stream), next(stream)]
    canceller = threading.Thread(target=starter_engine.cancel)
    canceller.start()
    events += list(stream)
    canceller.join()
    assert finish_of(events).reason == "cancelled"


def test_an_abandoned_stream_leaves_the_engine_ready(starter_engine: WorkerEngine) -> None:
    stream = starter_engine.stream(ask("Write a long story.", max_tokens=4000))
    next(stream)
    stream.close()
    assert text_of(list(starter_engine.stream(ask("Say hi.")))) != ""


def test_a_killed_worker_is_reported_and_the_next_question_works(
    cleanup: Cleanup, starter_path: Path
) -> None:
    engine = cleanup(WorkerEngine(starter_path))
    for event in engine.stream(ask("Write a long story.", max_tokens=4000)):
        if isinstance(event, Piece):  # stopping makes llama.cpp say on stderr that it failed
            engine.cancel()
    events: list[Event] = []
    for event in engine.stream(ask("Write a long story.", max_tokens=4000)):
        events.append(event)
        if text_of(events).count(" ") == 3 and engine.worker_pid:
            os.kill(engine.worker_pid, signal.SIGKILL)
    finished = finish_of(events)
    assert finished.reason == "error"
    assert str(finished.error) == "the engine stopped (SIGKILL)"
    assert text_of(events).count(" ") >= 3
    assert finish_of(list(engine.stream(ask("Say hi.")))).reason in ("end", "length")


def test_a_worker_killed_between_questions_is_started_again(
    cleanup: Cleanup, starter_path: Path
) -> None:
    engine = cleanup(WorkerEngine(starter_path))
    engine.describe()
    assert engine.worker_pid is not None
    os.kill(engine.worker_pid, signal.SIGKILL)
    wait_until(lambda: not is_running(engine.worker_pid))
    assert text_of(list(engine.stream(ask("Say hi.")))) != ""


def test_a_worker_killed_between_questions_is_told_of_once_and_can_be_loaded(
    cleanup: Cleanup,
    starter_path: Path,
) -> None:
    engine = cleanup(WorkerEngine(starter_path))
    engine.describe()
    engine.check()
    assert engine.worker_pid is not None
    os.kill(engine.worker_pid, signal.SIGKILL)
    wait_until(lambda: not is_running(engine.worker_pid))
    with pytest.raises(WorkerFailed, match=r"the engine stopped \(SIGKILL\)"):
        engine.check()
    engine.check()
    assert list(engine.load())
    assert engine.worker_pid is not None


def test_a_worker_does_not_outlive_its_parent(starter_path: Path) -> None:
    program = (
        "import sys, pathlib; from engine.client import WorkerEngine\n"
        "engine = WorkerEngine(pathlib.Path(sys.argv[1])); engine.describe()\n"
        "print(engine.worker_pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(starter_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
    wait_until(lambda: not is_running(worker))


def is_running(pid: int | None) -> bool:
    """Whether the process is there, and more than a zombie that nobody collected. One of whose
    threads some are still ending cannot be collected yet."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    flags = state.stdout.strip()
    return bool(flags) and (not flags.startswith("Z") or "l" in flags)


def with_metadata(gguf: bytes, key: str, value: int) -> bytes:
    """The file with another value for a 32-bit metadata key."""
    name = struct.pack("<Q", len(key)) + key.encode()
    at = gguf.index(name) + len(name) + 4
    return gguf[:at] + struct.pack("<I", value) + gguf[at + 4 :]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda gguf: b"hello", "not a GGUF file"),
        (lambda gguf: b"", "not a GGUF file"),
        (lambda gguf: gguf[:100], "ends within its header: half a download?"),
        (lambda gguf: gguf[: len(gguf) // 2], "bytes: half a download?"),
        (lambda gguf: with_metadata(gguf, "llama.block_count", 0), "says that it has 0 layers"),
    ],
    ids=["text", "empty", "header cut", "half", "aborts llama.cpp"],
)
def test_a_bad_file_is_one_line_with_the_reason(
    cleanup: Cleanup,
    tmp_path: Path,
    starter_path: Path,
    damage: Callable[[bytes], bytes],
    reason: str,
) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(damage(starter_path.read_bytes()))
    engine = cleanup(WorkerEngine(bad))
    with pytest.raises(LoadFailed) as caught:
        engine.describe()
    assert reason in str(caught.value)
    assert "bad.gguf" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert engine.worker_pid is None


def test_a_later_part_that_is_cut_is_named(tmp_path: Path) -> None:
    for number, data in enumerate(split_gguf(2), 1):
        path = put(tmp_path / f"tale-0000{number}-of-00002.gguf", data)
    with closing(WorkerEngine(tmp_path / "tale-00001-of-00002.gguf")) as engine:
        assert engine.count((Message("user", "Hi"),)) > 0, "it is sound while it is whole"
    os.truncate(path, path.stat().st_size - 1000)
    with (
        closing(WorkerEngine(tmp_path / "tale-00001-of-00002.gguf")) as engine,
        pytest.raises(LoadFailed, match=r"^tale-00002-of-00002.gguf lacks its last 1,000 bytes"),
    ):
        engine.describe()


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(LoadFailed, match="No such file"):
        WorkerEngine(tmp_path / "none.gguf").describe()


def test_the_working_directory_cannot_replace_the_engine(
    cleanup: Cleanup, tmp_path: Path, starter_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text("raise SystemExit('not ours')")
    monkeypatch.chdir(tmp_path)
    engine = cleanup(WorkerEngine(starter_path))
    assert engine.describe().n_ctx_train == 8192


def test_the_system_report_names_the_build() -> None:
    report = system_report()
    assert report.binding.count(".") == 2
    assert "CPU" in report.features


def test_a_closed_engine_starts_no_worker_again(cleanup: Cleanup, starter_path: Path) -> None:
    engine = cleanup(WorkerEngine(starter_path))
    begun = engine.stream(ask("Hello."))
    engine.close()
    with pytest.raises(WorkerFailed, match="closed"):
        list(begun)
    assert engine.worker_pid is None


def test_a_score_can_be_cancelled(starter_engine: WorkerEngine) -> None:
    starter_engine.describe()
    timer = threading.Timer(0.2, starter_engine.cancel)
    timer.start()
    with pytest.raises(WorkerFailed, match="cancelled"):
        starter_engine.score((Message("user", STORY),), STORY * 2)
    timer.join()
    assert text_of(list(starter_engine.stream(ask("Hello.")))) != ""
